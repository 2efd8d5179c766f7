"""What the robustness variants gave: `robustness.json`, rows of `robustness.tsv`, and columns of an answer card."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

from sidemine.tables import MAY_BE_EMPTY, spec_of

RunStatus = Literal["passed", "failed", "not evaluated", "not applicable"]


@dataclass(frozen=True)
class VariantRow:
    """One variant: a row of `robustness.tsv`. Every signed number is target minus reference; positive means higher in the target."""

    hypothesis: Annotated[str, "Id of the hypothesis."]
    variant: Annotated[str, "Name of the variant; reference is the analysis as declared."]
    dimension: Annotated[
        str,
        "What is varied: covariates, composition, filter, probe_rule, statistic, test, set_version, dataset_left_out, reused_controls, age_overlap, sex_mismatch, seed, or several (crossed).",
    ]
    description: Annotated[str, "The variant in words, and where it is not the same in every contrast."]
    full_data: Annotated[bool, "All datasets and samples of the reference run: only these count for the caps."]
    k: Annotated[int | None, "Independent datasets pooled."]
    n_genes: Annotated[int | None, "Genes of the set used; experiments: the fewest of a contrast."]
    effect: Annotated[float | None, "Pooled effect, target minus reference, in effect_scale."]
    se: Annotated[float | None, "Standard error of effect."]
    df: Annotated[float | None, "Degrees of freedom of se; empty where they are infinite, or there is no effect."]
    ci_low: Annotated[float | None, "Lower limit of the 95 % confidence interval of effect."]
    ci_high: Annotated[float | None, "Upper limit of the 95 % confidence interval of effect."]
    effect_scale: Annotated[str, "Hedges g (cohorts), or log2 fold change over complement.", MAY_BE_EMPTY]
    direction: Annotated[str, "up, down or none: the sign of target minus reference.", MAY_BE_EMPTY]
    p_value: Annotated[
        float | None,
        "Two-sided. Cohorts: of the pooled effect; under another test: the cohorts' p by Stouffer's weighted z. Experiments: the smallest self-contained p times the number of contrasts.",
    ]
    verdict: Annotated[
        str,
        "By the rules without robustness; what a variant does not measure is held as in the reference run.",
        MAY_BE_EMPTY,
    ]
    agrees: Annotated[
        bool | None,
        "Sign of the reference run, and p at most .05 where the reference has that (else: its verdict). Empty: not evaluated.",
    ]
    reason: Annotated[str, "Why the variant was not evaluated.", MAY_BE_EMPTY]


ROBUSTNESS = spec_of("robustness.tsv", VariantRow)


@dataclass(frozen=True)
class Share:
    """How many of the evaluated variants agree; `share` is None where none was evaluated."""

    agreeing: int
    of: int
    share: float | None


@dataclass(frozen=True)
class Robustness(Share):
    """`robustness.json`: one hypothesis.

    Attributes
    ----------
    hypothesis, variants
        Its id, and all variants, the reference run first.
    agreeing, of, share
        Of all variants.
    full_data, reversed
        Of those that use all datasets and samples: how many agree, and which reverse the sign with an interval that
        excludes 0.
    required_runs, required_details
        Status and sentence of the runs that a cohort verdict has to survive.
    reason
        Why there are no variants.
    """

    hypothesis: str
    variants: list[VariantRow]
    full_data: Share
    reversed: list[str]
    required_runs: dict[str, RunStatus]
    required_details: dict[str, str]
    reason: str | None


@dataclass(frozen=True)
class RobustnessOfStudy:
    """`robustness.json`."""

    hypotheses: list[Robustness]


@dataclass(frozen=True)
class RobustnessColumns:
    """Columns of `verdicts.json`."""

    robustness: Robustness | None
    robustness_share: float | None

    def checked(self, traps: Collection[str]) -> str:
        """Return what the run without the samples of one of `traps` gave, in a sentence; empty where it was not made."""
        for trap, run in _TAKES_AWAY.items():
            if trap in traps and self.robustness and self.robustness.required_runs[run] in {"passed", "failed"}:
                return self.robustness.required_details[run]
        return ""


_TAKES_AWAY = {"reused_samples": "no_reused_controls"}
"""Required run that takes away the samples of a trap."""

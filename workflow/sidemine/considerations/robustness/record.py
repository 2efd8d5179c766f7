"""What the robustness variants gave: `robustness.json`, rows of `robustness.tsv`, and columns of an answer card."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

RunStatus = Literal["passed", "failed", "not evaluated", "not applicable"]


@dataclass(frozen=True)
class VariantRow:
    """One variant, as `robustness.table.ROBUSTNESS` describes it."""

    hypothesis: str
    variant: str
    dimension: str
    description: str
    full_data: bool
    k: int | None
    n_genes: int | None
    effect: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    effect_scale: str
    direction: str
    p_value: float | None
    verdict: str
    agrees: bool | None
    reason: str


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

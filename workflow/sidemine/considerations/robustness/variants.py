"""The declared grid: which variants of the analysis a hypothesis is asked in. Nothing here depends on a result.

One decision at a time, then a crossed block of the decisions that shape the effect. The idea of showing the whole set
of defensible analyses is that of the specification curve (Simonsohn, Simmons and Nelson 2020, doi
10.1038/s41562-020-0912-z).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Literal

from sidemine.study.choices import ProbeRule, Score

Filter = Literal["declared", "stricter", "looser"]
Samples = Literal["all", "age_overlap", "no_reused_controls", "no_sex_mismatch"]
Statistic = Literal["declared", "log2_mean", "median", "mean", "huber", "no_complement"]
Test = Literal["declared", "fry", "rotation", "camera", "label_permutation", "mean_absolute_t"]

FULL_DATA = ("covariates", "composition", "filter", "probe_rule", "statistic", "test", "set_version", "seed", "crossed")
"""Dimensions whose variants use all datasets and samples of the reference run: only these count for the caps."""
PROBE_RULES: tuple[ProbeRule, ...] = ("highest_mean", "highest_variance", "mean_of_probes")


@dataclass(frozen=True)
class Change:
    """What a variant does otherwise than the reference run; the defaults are the reference run itself."""

    without: tuple[str, ...] = ()
    added: Literal["", "sex", "age"] = ""
    composition: bool = False
    filter: Filter = "declared"
    probe_rule: str = ""
    statistic: Statistic = "declared"
    test: Test = "declared"
    robust: bool = False
    array_weights: bool = False
    set_version: str = ""
    left_out: str = ""
    samples: Samples = "all"
    seed_step: int = 0

    def refits(self) -> bool:
        """Tell whether the contrasts have to be fitted again."""
        return replace(self, composition=False, statistic="declared", test="declared", set_version="", seed_step=0) != (
            Change(left_out=self.left_out)
        )

    def parts(self) -> list[Change]:
        """Return one change per decision that is changed."""
        return [replace(Change(), **{name: value}) for name, value in self._changed().items()]  # type: ignore[arg-type]

    def joined(self, other: Change) -> Change:
        """Return both changes together."""
        return replace(self, **other._changed())  # type: ignore[arg-type]

    def _changed(self) -> dict[str, object]:
        blank = Change()
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(blank, name)}


@dataclass(frozen=True)
class Variant:
    """One analysis: its name, its dimension, what it does in words, and the change."""

    name: str
    dimension: str
    description: str
    change: Change

    @property
    def full_data(self) -> bool:
        """Whether it uses all datasets and samples of the reference run."""
        return self.dimension in FULL_DATA


REFERENCE = Variant("reference", "reference", "the analysis as declared", Change())


def _of(dimension: str, name: str, description: str, **change: object) -> Variant:
    return Variant(f"{dimension}_{name}", dimension, description, Change(**change))  # type: ignore[arg-type]


_MODELS = (
    _of("covariates", "with_sex", "with the recorded sex as a covariate", added="sex"),
    _of("covariates", "with_age", "with age as a covariate", added="age"),
    _of("composition", "adjusted", "adjusted for the mix of cells", composition=True),
    _of(
        "filter",
        "stricter",
        "stricter expression filter (arrays: without the quarter of genes with the lowest mean; counts: 20 reads "
        "for 10; normalised counts: mean log2 above 2 for 1)",
        filter="stricter",
    ),
    _of(
        "filter",
        "looser",
        "looser expression filter (counts: 5 reads for 10; normalised counts: mean log2 above 0.5 for 1)",
        filter="looser",
    ),
)
_WEIGHTS = _of("statistic", "array_weights", "poor samples weigh less (array weights)", array_weights=True)
_OF_COHORTS = (
    _of("statistic", "log2_mean", "score: mean log2 expression, not mean z", statistic="log2_mean"),
    _of("statistic", "median", "score: median of z over the genes of the set, not their mean", statistic="median"),
    _WEIGHTS,
    _of("test", "fry", "self-contained test FRY in each cohort, combined by Stouffer's z", test="fry"),
)
_OTHER_SCORE: Mapping[Score, Variant] = {
    "mean": _of(
        "statistic", "huber", "score: Huber regression, single people far from the others weigh less", statistic="huber"
    ),
    "huber": _of(
        "statistic", "mean", "score: least squares, not Huber regression: all people weigh alike", statistic="mean"
    ),
}
"""By declared score: the other one."""
_OF_EXPERIMENTS = (
    _of("statistic", "no_complement", "effect of the set itself, not over its complement", statistic="no_complement"),
    _of("statistic", "median", "score: median of the set minus median of its complement", statistic="median"),
    _WEIGHTS,
)
_TESTS = (
    _of("test", "robust_fry", "FRY on robust empirical Bayes variances", test="fry", robust=True),
    _of("test", "rotation", "rotation test with sampled rotations", test="rotation"),
    _of("test", "camera", "competitive test CAMERA with estimated correlation", test="camera"),
    _of("test", "label_permutation", "labels permuted instead of residuals rotated", test="label_permutation"),
    _of("test", "mean_absolute_t", "mean |t| by rotation: genes may move either way", test="mean_absolute_t"),
)
_SAMPLES = (
    _of("reused_controls", "dropped", "without samples re-used from another series", samples="no_reused_controls"),
    _of("age_overlap", "shared_range", "only samples of the ages that both groups share", samples="age_overlap"),
    _of(
        "sex_mismatch",
        "dropped",
        "without samples whose recorded sex contradicts their genes",
        samples="no_sex_mismatch",
    ),
    _of("seed", "next", "rotation test with another seed", test="rotation", seed_step=1),
)


def declare_variants(
    kind: str,
    covariates: Sequence[str],
    datasets: Sequence[str],
    set_versions: Mapping[str, str],
    probe_rule: str,
    dimensions: Collection[str],
    score: Score = "mean",
) -> list[Variant]:
    """Return the one-at-a-time variants of a hypothesis, in a fixed order.

    Parameters
    ----------
    kind
        cohort or experiment.
    covariates
        Declared in any of its contrasts.
    datasets
        Its datasets, in declared order.
    set_versions
        Other versions of the primary set: name and description.
    probe_rule
        The study's.
    dimensions
        Those that the study asks for.
    score
        As a cohort hypothesis declares it.
    """
    variants = [
        *(
            _of("covariates", f"without_{name}", f"without the covariate {name}", without=(name,))
            for name in covariates
            if len(covariates) > 1
        ),
        _of(
            "covariates",
            "none",
            f"without any covariate ({', '.join(covariates) or 'none is declared'})",
            without=tuple(covariates) or ("*",),
        ),
        *_MODELS,
        *(
            _of("probe_rule", rule, f"another probe speaks for a gene: {rule.replace('_', ' ')}", probe_rule=rule)
            for rule in PROBE_RULES
            if rule != probe_rule
        ),
        *((_OTHER_SCORE[score], *_OF_COHORTS) if kind == "cohort" else _OF_EXPERIMENTS),
        *_TESTS,
        *(_of("set_version", name, words, set_version=name) for name, words in set_versions.items()),
        *(_of("dataset_left_out", name, f"without the dataset {name}", left_out=name) for name in datasets),
        *_SAMPLES,
    ]
    return [variant for variant in variants if variant.dimension in dimensions]


def cross_variants(evaluated: Sequence[Variant], most: int) -> list[Variant]:
    """Return combinations of two or more changes, each of another dimension, at most `most` of them.

    Parameters
    ----------
    evaluated
        One-at-a-time variants that could be evaluated; those without all covariates, of composition, probe rule and
        filter are crossed, pairs before triples.
    most
        Combinations that are declared at most.
    """
    levels: dict[str, list[Variant | None]] = {
        name: [None] for name in ("covariates", "composition", "probe_rule", "filter")
    }
    for variant in evaluated:
        if variant.dimension in levels and (variant.dimension != "covariates" or variant.name == "covariates_none"):
            levels[variant.dimension].append(variant)
    combinations = [[change for change in chosen if change] for chosen in product(*levels.values())]
    chosen = sorted((parts for parts in combinations if len(parts) > 1), key=len)[:most]
    return [_joined(parts) for parts in chosen]


def _joined(parts: Sequence[Variant]) -> Variant:
    change = parts[0].change
    for part in parts[1:]:
        change = change.joined(part.change)
    words = "; ".join(part.description for part in parts)
    return Variant("crossed_" + "_and_".join(part.name for part in parts), "crossed", words, change)

"""What is known of one primary contrast, and of one hypothesis, before a verdict is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Literal

from sidemine.effect.compound_record import CompoundEvidence
from sidemine.errors import Problem
from sidemine.study.choices import Replicates
from sidemine.study.independence import source_of

COHORT_UNIT = "Hedges g"
EXPERIMENT_UNIT = "log2 fold change over complement"

Side = Literal["up", "down", "none"]
"""Sign of target minus reference."""


Way = Literal["higher", "lower", "unclear"]
"""Where an effect lies by its 95 % interval; unclear: the interval includes no difference."""


def way(low: float, high: float) -> Way:
    """Tell by its 95 % interval on which side of no difference an effect lies."""
    return "higher" if low > 0 else "lower" if high < 0 else "unclear"


@dataclass(frozen=True)
class Interval:
    """An effect, target minus reference, with its 95 % confidence interval."""

    effect: float
    ci_low: float
    ci_high: float

    @property
    def way(self) -> Way:
        """Where the effect lies by its interval."""
        return way(self.ci_low, self.ci_high)


def _interval(effect: float | None, low: float | None, high: float | None) -> Interval | None:
    if effect is None or low is None or high is None or not isfinite(effect + low + high):
        return None
    return Interval(effect, low, high)


@dataclass(frozen=True)
class Estimate:
    """An effect, target minus reference, with its standard error, 95 % interval, degrees of freedom of t and two-sided p."""

    effect: float
    effect_se: float
    ci_low: float
    ci_high: float
    df: float
    p_value: float


@dataclass(frozen=True)
class PooledEstimate:
    """An estimand pooled over the cohorts that carry the answer, as the total effect is; `df` is None where infinite."""

    effect: float
    ci_low: float
    ci_high: float
    p_value: float
    effect_se: float
    k: int
    df: float | None

    def as_estimate(self) -> Estimate:
        """Return the estimate without its number of cohorts."""
        df = inf if self.df is None else self.df
        return Estimate(self.effect, self.effect_se, self.ci_low, self.ci_high, df, self.p_value)

    def words(self) -> str:
        """Return the effect with its interval, in standard deviations."""
        return f"{self.effect:.2f} SD (95 % CI {self.ci_low:.2f} to {self.ci_high:.2f})"


@dataclass(frozen=True)
class ContrastEvidence:
    """The measured primary effect of one contrast; positive means higher in the target.

    Attributes
    ----------
    contrast, dataset, accession
        Which data.
    n_target, n_reference
        Number of independent biological units on each side.
    testable, problem
        Whether the contrast could be tested; if not, the four-part problem.
    effect, effect_se, effect_df, effect_unit
        The effect on the scale of its kind: Hedges g (cohorts) or log2 fold change over the set's measured
        complement (experiments).
    effect_weight
        Its weight in the pooled effect of cohorts: 1 / SE², the SE of equal variances. None for experiments.
    ci_low, ci_high
        95 % confidence interval of `effect`.
    set_log2_fold_change, complement_log2_fold_change
        Mean (signed, weighted) log2 fold change of the set, and mean of all other measured genes.
    p_self_contained, direction
        Two-sided FRY p-value of the primary set, no smaller than with errors by unit (`unit_errors`: groups that vary unequally,
        blocks that are the units), and the direction that it found.
    p_competitive, competitive_direction, inter_gene_correlation
        CAMERA p-value (two-sided) with estimated correlation, its direction, and that correlation.
    blocking
        none, fixed or correlation: how blocks enter the model. The unit of g is between people with and without them.
    n_in_set, n_measured, residual_df
        Genes in the set, those measured here, and the residual degrees of freedom of the fit.
    comparator_percentile
        Where the set's effect stands among the comparator sets, in the declared direction; None where that was not
        measured or there is no valid comparator.
    declared_source
        Data sets of one declared source count as one; where none is declared, those of one accession.
    replicates
        What the units are: people, cultures, wells (of one culture) or unknown.
    independent_because
        Why the dataset is declared a source of its own although another one has its accession or file; empty where it
        is not.
    platform, tissue, role, status, target_label, reference_label
        Words for the reader, filled in by the verdict stage (`with_words`), so that rewording a study measures nothing
        again; `status` says whether the selectors were checked against the record.
    """

    contrast: str
    dataset: str
    accession: str
    n_target: int
    n_reference: int
    testable: bool
    problem: Problem | None = None
    effect: float | None = None
    effect_se: float | None = None
    effect_df: float | None = None
    effect_weight: float | None = None
    effect_unit: str = ""
    ci_low: float | None = None
    ci_high: float | None = None
    set_log2_fold_change: float | None = None
    complement_log2_fold_change: float | None = None
    p_self_contained: float | None = None
    direction: Side = "none"
    p_competitive: float | None = None
    competitive_direction: Side = "none"
    inter_gene_correlation: float | None = None
    n_in_set: int = 0
    n_measured: int = 0
    residual_df: float | None = None
    blocking: str = "none"
    comparator_percentile: float | None = None
    declared_source: str = ""
    replicates: Replicates = "unknown"
    independent_because: str = ""
    platform: str = ""
    tissue: str = ""
    role: str = ""
    status: str = ""
    target_label: str = ""
    reference_label: str = ""

    @property
    def interval(self) -> Interval | None:
        """The effect with its interval; None where one of them is missing."""
        return _interval(self.effect, self.ci_low, self.ci_high)

    @property
    def has_units(self) -> bool:
        """Whether its error knows how another culture would answer; that of wells of one culture does not."""
        return self.replicates != "wells"

    @property
    def source(self) -> str:
        """What counts as one independent source: contrasts of one accession may share samples, people or cells."""
        return source_of(self.declared_source, self.accession or self.dataset)


@dataclass(frozen=True)
class Refused:
    """A contrast that does not enter the pooled effect, and why.

    Attributes
    ----------
    contrast, reason
        Its id; why, to be read after "it".
    too_small
        It is independent of those that enter, and only its size keeps it out: it may still contradict them.
    """

    contrast: str
    reason: str
    too_small: bool = False


@dataclass(frozen=True)
class LeftOut:
    """The pooled effect without one contrast."""

    left_out: str
    effect: float


@dataclass(frozen=True)
class WithoutOne:
    """What the other contrasts give without one, pooled by the rule for their own number."""

    left_out: str
    estimate: Estimate


@dataclass(frozen=True)
class Discovery:
    """The effect over the discovery datasets, with its 95 % interval and two-sided p."""

    datasets: list[str]
    effect: float
    ci_low: float
    ci_high: float
    p: float


@dataclass(frozen=True)
class Replication(Discovery):
    """The same over the replication datasets; `p_one_sided` in the direction of the discovery."""

    p_one_sided: float


@dataclass(frozen=True)
class Order:
    """A discovery and replication split: declared or reversed."""

    order: str
    discovery: Discovery
    replication: Replication
    replicated: bool


@dataclass(frozen=True)
class SpreadPrior:
    """The pooled effect of cohorts under a half-normal prior on the spread τ between them (`effect.spread_prior`).

    Attributes
    ----------
    scale
        Of the prior.
    effect, ci_low, ci_high
        Posterior mean, target minus reference, with its central 95 % interval.
    effect_se
        Half the interval over 1.96.
    p_one_sided
        Posterior probability that the effect lies on the other side of 0.
    """

    scale: float
    effect: float
    ci_low: float
    ci_high: float
    effect_se: float
    p_one_sided: float


@dataclass(frozen=True)
class SizesDiffer:
    """Why no single figure stands for the pooled effect: the datasets' own effects do.

    Attributes
    ----------
    words
        What they show, for example "both up, the larger 8 times the smaller (in log2)".
    reason
        By which rule.
    """

    words: str
    reason: str


@dataclass(frozen=True)
class PooledEffect:
    """The primary effect of a hypothesis over its independent datasets; signs are target minus reference.

    Attributes
    ----------
    k, contrasts, refused
        Number of independent datasets, the contrasts that entered, and those that did not, each with the reason.
    method, unit
        What carries the answer (single dataset, common effect, random effects), and the unit of all effects.
    effect, se, df, ci_low, ci_high, p
        The effect that carries the answer, with its 95 % interval (t on `df`; None: normal) and two-sided p. From five
        datasets on the p holds both demands, see `pooling.Pooled.demanded_p`.
    limit_factor
        What a one-sided limit of it is multiplied by, see `intervals.limit_factor`.
    common_p
        Two-sided p of the common effect.
    q_statistic, q_p, tau2, i2, prediction_low, prediction_high
        Cochran's Q and its p, variance between datasets (REML), I² (percent), 95 % prediction interval.
    random_effect, hartung_knapp_ci_low, hartung_knapp_ci_high, hartung_knapp_p
        Random-effects mean (REML) with Hartung–Knapp inference, its standard error never below the plain one.
    dersimonian_laird_effect, dersimonian_laird_p, stouffer_z, stouffer_p
        Beside it: DerSimonian–Laird mean with its normal p; Stouffer's weighted z with its two-sided p.
    leave_one_out_low, leave_one_out_high, leave_one_out
        Range of `effect` when one dataset is left out, and each of these effects, by `method`.
    without_one
        The same by the rule for the number that is left, with interval and p; empty below two datasets.
    orders
        Declared discovery and replication, in the declared and in the reversed order; empty where none is declared.
    too_small
        The independent cohorts that only their size keeps out, together; None without any.
    spread_prior
        The effect if cohorts may differ; None for experiments and for a single cohort.
    sizes_differ
        Set where the datasets differ so much that the pooled point is no answer; its direction may be one.
    not_estimable
        For each figure that is None: why.
    """

    k: int
    contrasts: list[str]
    refused: list[Refused]
    method: str
    unit: str = ""
    effect: float | None = None
    se: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p: float | None = None
    limit_factor: float = 1.0
    common_p: float | None = None
    q_statistic: float | None = None
    q_p: float | None = None
    tau2: float | None = None
    i2: float | None = None
    prediction_low: float | None = None
    prediction_high: float | None = None
    random_effect: float | None = None
    hartung_knapp_ci_low: float | None = None
    hartung_knapp_ci_high: float | None = None
    hartung_knapp_p: float | None = None
    dersimonian_laird_effect: float | None = None
    dersimonian_laird_p: float | None = None
    stouffer_z: float | None = None
    stouffer_p: float | None = None
    leave_one_out_low: float | None = None
    leave_one_out_high: float | None = None
    leave_one_out: list[LeftOut] = field(default_factory=list)
    without_one: list[WithoutOne] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    too_small: Estimate | None = None
    spread_prior: SpreadPrior | None = None
    sizes_differ: SizesDiffer | None = None
    not_estimable: dict[str, str] = field(default_factory=dict)

    @property
    def interval(self) -> Interval | None:
        """The effect that carries the answer with its interval; None where one of them is missing."""
        return _interval(self.effect, self.ci_low, self.ci_high)


@dataclass(frozen=True)
class MarginError:
    """How far a margin may be off that is a fraction of a measured effect.

    Attributes
    ----------
    se, df
        Standard error, in the unit of the margin, with its degrees of freedom.
    ci_low, ci_high
        95 % interval of the margin.
    correlations
        By contrast that shares samples with the control: the correlation of its effect with that of the control, the latter counted
        positive in its declared direction, for samples that vary alike, and where errors are those of samples as their residuals show it.
        The one that adds more counts: a vehicle that varies less than what it is compared with hardly moves both. Contrasts that share
        none are not named.
    """

    se: float
    df: float
    ci_low: float
    ci_high: float
    correlations: dict[str, list[float]] = field(default_factory=dict)

    def words(self) -> str:
        """Name the error with its figures, to be followed by what was done with it."""
        return f"the margin's own error (95 % CI {self.ci_low:.2f} to {self.ci_high:.2f} log2 units)"

    def beside(self, effect_se: float, contrast: str, side: str) -> float:
        """Return the variance that the margin adds to that of an effect, where the two are compared.

        Never below 0: a control that shares the arm it is compared in moves with the effect, and the little that this would gain is not
        taken, because it holds only where all arms vary alike.

        Parameters
        ----------
        effect_se
            Standard error of the effect.
        contrast, side
            Its contrast; the side on which it is counted positive, up or down.
        """
        sign = 1 if side == "up" else -1
        correlation = min((sign * one for one in self.correlations.get(contrast, ())), default=0.0)
        return max(0.0, self.se**2 - 2 * correlation * self.se * effect_se)


@dataclass(frozen=True)
class Margin:
    """The smallest effect worth calling one, as it came about: one record in the evidence, the rules, the card and the page.

    Attributes
    ----------
    value, unit
        The effect, without sign, in the unit of the effects; None where it could not be had.
    rule
        How it came about, or why it could not be had, in words.
    error
        Of a fraction of a positive control; None where the study declares a number.
    """

    value: float | None
    unit: str
    rule: str
    error: MarginError | None = None


@dataclass(frozen=True)
class HypothesisEvidence:
    """All primary contrasts of one hypothesis, its positive control and its margin.

    Attributes
    ----------
    hypothesis
        Id of the hypothesis.
    contrasts
        Evidence of each primary contrast, in the declared order.
    control
        Evidence of the positive control that the margin is a fraction of, if one is declared.
    margin
        Smallest effect worth calling one.
    pooled
        The effect over the independent datasets.
    n_common_genes
        Genes of the set that all pooled cohorts measured, on which Hedges g rests; None for experiments.
    notes
        What a reader should know about the contrasts, in sentences.
    compounds
        Of a panel: all its arms in one model, on which its answer rests. None for other kinds.
    """

    hypothesis: str
    contrasts: list[ContrastEvidence]
    control: ContrastEvidence | None
    margin: Margin
    pooled: PooledEffect
    n_common_genes: int | None = None
    notes: list[str] = field(default_factory=list)
    compounds: CompoundEvidence | None = None

    @property
    def can_exclude(self) -> bool:
        """Whether experiments can exclude an effect: every one that was tested has to, and wells of one culture never do."""
        return all(row.has_units for row in self.contrasts if row.testable)

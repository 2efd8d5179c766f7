"""What is known of one primary contrast, and of one hypothesis, before a verdict is given."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sidemine.study.independence import source_of

COHORT_UNIT = "Hedges g"
EXPERIMENT_UNIT = "log2 fold change over complement"


@dataclass(frozen=True)
class ContrastEvidence:
    """The measured primary effect of one contrast; positive means higher in the target.

    Attributes
    ----------
    contrast, dataset, accession, platform, role, tissue, status
        Which data; `status` says whether the selectors were checked against the record.
    declared_source
        Word that data sets of the same cells and laboratory share; empty: accession and tissue tell them apart.
    target_label, reference_label, n_target, n_reference
        What was compared, and the number of independent biological units on each side.
    testable, problem
        Whether the contrast could be tested; if not, the four-part problem.
    effect, effect_se, effect_df, effect_unit
        The effect on the scale of its kind: Hedges g (cohorts) or log2 fold change over the set's measured
        complement (experiments).
    ci_low, ci_high
        95 % confidence interval of `effect`.
    set_log2_fold_change, complement_log2_fold_change
        Mean (signed, weighted) log2 fold change of the set, and mean of all other measured genes.
    p_self_contained, direction
        Two-sided FRY p-value of the primary set, and the direction that it found.
    p_competitive, competitive_direction, inter_gene_correlation
        CAMERA p-value (two-sided) with estimated correlation, its direction, and that correlation.
    blocking
        none, fixed or correlation: with fixed blocks (pairs) an SD is the one within blocks.
    n_in_set, n_measured, residual_df
        Genes in the set, those measured here, and the residual degrees of freedom of the fit.
    comparator_percentile
        Where the set's effect stands among the comparator sets, in the declared direction; None where that was not
        measured or there is no valid comparator.
    """

    contrast: str
    dataset: str
    accession: str
    platform: str
    role: str
    tissue: str
    status: str
    target_label: str
    reference_label: str
    n_target: int
    n_reference: int
    testable: bool
    problem: dict[str, str] | None = None
    effect: float | None = None
    effect_se: float | None = None
    effect_df: float | None = None
    effect_unit: str = ""
    ci_low: float | None = None
    ci_high: float | None = None
    set_log2_fold_change: float | None = None
    complement_log2_fold_change: float | None = None
    p_self_contained: float | None = None
    direction: Literal["up", "down", "none"] = "none"
    p_competitive: float | None = None
    competitive_direction: Literal["up", "down", "none"] = "none"
    inter_gene_correlation: float | None = None
    n_in_set: int = 0
    n_measured: int = 0
    residual_df: float | None = None
    blocking: str = "none"
    comparator_percentile: float | None = None
    declared_source: str = ""

    @property
    def source(self) -> tuple[str, str]:
        """What counts as one independent source: contrasts of one accession and tissue may share samples or cells."""
        return source_of(self.declared_source, self.accession or self.dataset, self.tissue)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ContrastEvidence:
        """Rebuild what `to_dict` wrote."""
        return cls(**values)


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
        The effect that carries the answer, with its 95 % interval and two-sided p from t on `df` (None: normal).
    q_statistic, q_p, tau2, i2, prediction_low, prediction_high
        Cochran's Q and its p, variance between datasets (REML), I² (percent), 95 % prediction interval.
    random_effect, hartung_knapp_ci_low, hartung_knapp_ci_high, hartung_knapp_p
        Random-effects mean (REML) with Hartung–Knapp inference.
    dersimonian_laird_effect, dersimonian_laird_p, stouffer_z, stouffer_p
        Beside it: DerSimonian–Laird mean with its normal p; Stouffer's weighted z with its two-sided p.
    leave_one_out_low, leave_one_out_high, leave_one_out
        Range of `effect` when one dataset is left out, and each of these effects.
    orders
        Declared discovery and replication, in the declared and in the reversed order; empty where none is declared.
    not_estimable
        For each figure that is None: why.
    """

    k: int
    contrasts: list[str]
    refused: list[dict[str, str]]
    method: str
    unit: str = ""
    effect: float | None = None
    se: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p: float | None = None
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
    leave_one_out: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    not_estimable: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return asdict(self)


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
        Smallest effect worth calling one, in the unit of the effects; None when it could not be had.
    margin_rule
        How the margin came about, in words.
    n_common_genes
        Genes of the set measured in all cohorts, on which Hedges g rests; None for experiments.
    notes
        What a reader should know about the contrasts, in sentences.
    pooled
        The effect over the independent datasets.
    """

    hypothesis: str
    contrasts: list[ContrastEvidence]
    control: ContrastEvidence | None
    margin: float | None
    margin_rule: str
    n_common_genes: int | None = None
    notes: list[str] = field(default_factory=list)
    pooled: PooledEffect | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> HypothesisEvidence:
        """Rebuild what `to_dict` wrote."""
        contrasts = [ContrastEvidence.from_dict(row) for row in values["contrasts"]]
        control = ContrastEvidence.from_dict(values["control"]) if values["control"] else None
        pooled = PooledEffect(**values["pooled"]) if values.get("pooled") else None
        return cls(**{**values, "contrasts": contrasts, "control": control, "pooled": pooled})

"""`concordance.json` and the rows of `concordance.tsv`: what was measured between drugs and diseases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from sidemine.lines.interaction.record import SubgroupDifference
from sidemine.tables import MAY_BE_EMPTY, spec_of

Call = Literal["mimics", "opposes", "no resemblance beyond the margin", "undetermined", "refused"]
NO_RESEMBLANCE: Call = "no resemblance beyond the margin"


@dataclass(frozen=True, kw_only=True)
class ConcordanceRow:
    """One pair of profiles on some genes: a row of `concordance.tsv`."""

    bridge: Annotated[str, "Id of the bridge."]
    disease_contrast: Annotated[str, "Disease contrast, or pooled: the common effect over all of them."]
    drug_contrast: Annotated[
        str, "Contrast of the perturbation, pooled, or (derived sets) the contrasts it was derived from."
    ]
    scope: Annotated[str, "all, target, responsive or derived: which shared genes count."]
    gene_set: Annotated[str, "Set of scopes target and derived.", MAY_BE_EMPTY]
    estimand: Annotated[str, "total, or adjusted: the disease profile adjusted for the mix of cells."]
    n_genes: Annotated[int, "Shared genes that count."]
    concordance: Annotated[
        float | None,
        "Σ x·y / √(Σ x² Σ y²) of the centred normal deviates of perturbation and disease; positive: the same sign.",
    ] = None
    se: Annotated[float | None, "Its standard error, with the genes' own correlation on both sides."] = None
    ci_low: Annotated[float | None, "Lower limit of its 95 % confidence interval."] = None
    ci_high: Annotated[float | None, "Upper limit of its 95 % confidence interval."] = None
    p_disease_rotated: Annotated[float | None, "Two-sided p, disease rotated, the perturbation fixed."] = None
    p_drug_rotated: Annotated[
        float | None, "Two-sided p, perturbation rotated, disease profile fixed; derived sets: of their confirmation."
    ] = None
    p_value: Annotated[float | None, "The larger of the two."] = None
    percentile_comparators: Annotated[
        float | None,
        "Percentage of the comparators that count with a smaller concordance of either sign, for their strength; empty below 10 of them.",
    ] = None
    n_comparators: Annotated[
        int,
        "Comparators that count: enough shared genes, effects that stand out from noise, at least a third as strong as the perturbation; those of one declared target pathway are one.",
    ]
    n_comparator_genes: Annotated[
        int, "Shared genes that such a comparator has, too: their median. Its place rests on them."
    ]
    margin: Annotated[
        float | None,
        "Size that 90 % of the comparators stay below, as strong as this perturbation is; empty below 10 of them.",
    ] = None
    call: Annotated[
        Call,
        "mimics, opposes, no resemblance beyond the margin (which says nothing about safety), undetermined or refused; adjusted rows: as the total row.",
    ]
    reason: Annotated[str, "Why this call."]
    n_rotations: Annotated[int, "Rotations of each side."]
    seed: Annotated[int, "The study's seed, from which every contrast's rotations follow."]
    leading_genes: Annotated[str, "Genes that carry the concordance, comma list.", MAY_BE_EMPTY] = ""
    reliability_disease: Annotated[
        float | None, "Lower 95 % limit of the share of Σ y² that is no noise; 0: the profile does not stand out."
    ] = None
    reliability_drug: Annotated[float | None, "The same of Σ x²."] = None
    corrected_ci_low: Annotated[
        float | None, "Lower 95 % limit of the concordance without noise; empty where a reliability is 0."
    ] = None
    corrected_ci_high: Annotated[float | None, "Upper 95 % limit of the concordance without noise."] = None

    @property
    def leading(self) -> list[str]:
        """The genes that carry the concordance, in order."""
        return [name.strip() for name in self.leading_genes.split(",") if name.strip()]


CONCORDANCE = spec_of("concordance.tsv", ConcordanceRow)


@dataclass(frozen=True)
class PrimaryPair:
    """The pair of profiles that a bridge's call rests on, with its genes."""

    disease_contrast: str
    drug_contrast: str
    scope: str
    gene_set: str


@dataclass(frozen=True)
class ComparatorConcordance:
    """Concordance of another perturbation (kind: contrast or signature) with the disease; whether it is strong enough to count."""

    name: str
    kind: str
    concordance: float
    counts: bool


@dataclass(frozen=True)
class JudgedLibrary:
    """Whether a library of signatures may be used: the perturbation's own positive control in it.

    Attributes
    ----------
    n_signatures
        Signatures, without those of the perturbation's own class.
    n_genes
        Genes of the control's set that the library measured.
    percentile
        Percentage of the signatures that are at least as extreme as the control in the expected direction, adjusted for
        their strength; None where it could not be computed.
    admissible
        Whether its signatures count as comparators.
    words
        Why, or why not.
    """

    n_signatures: int
    n_genes: int
    percentile: float | None
    admissible: bool
    words: str


@dataclass(frozen=True)
class PredictionFigure:
    """One figure on whether likeness of profiles predicts side effects: a row of `resources/prediction/`, as text."""

    what: Annotated[str, "What was measured."]
    figure: Annotated[str, "The figure, as it was reported."]
    ci_low: Annotated[str, "Lower limit of its 95 % interval.", MAY_BE_EMPTY]
    ci_high: Annotated[str, "Upper limit of its 95 % interval.", MAY_BE_EMPTY]
    conditions: Annotated[str, "On which pairs, genes or calls."]
    source: Annotated[str, "Who measured it, on which data."]


@dataclass(frozen=True)
class LeftOut:
    """A contrast that a bridge names and that did not enter, or not everywhere, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Overlap:
    """Genes that a derived set shares with a target set; above a Jaccard index of .2 both are one line of evidence."""

    gene_set: str
    shared: int
    jaccard: float
    same_evidence: bool


@dataclass(frozen=True)
class DerivedSet:
    """A signed set that was derived from a drug's experiments and frozen before the disease was looked at.

    Attributes
    ----------
    gene_set
        Id of the set.
    derived_from, confirm, rule
        Contrasts A and B, and the rule of choice in words.
    n_found, n_confirmed
        Genes chosen in A, and those of them that B confirmed.
    p_confirmed
        Two-sided rotation p in B of all genes found in A, with their weights; None where too few were found.
    genes, weights
        The set: per gene its normal deviate in A, rounded; positive: higher under the drug. Empty: there is no set.
    digest
        SHA-256 of genes and weights.
    reason
        Why there is no set; empty where there is one.
    overlaps
        With the target sets of the bridge.
    """

    gene_set: str
    derived_from: list[str] = field(default_factory=list)
    confirm: list[str] = field(default_factory=list)
    rule: str = ""
    n_found: int = 0
    n_confirmed: int = 0
    p_confirmed: float | None = None
    genes: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    digest: str = ""
    reason: str = ""
    overlaps: list[Overlap] = field(default_factory=list)


@dataclass(frozen=True)
class PlottedProfile:
    """Points of the scatter plot: normal deviates of drug and disease by gene, a part of all `n_total` shared genes."""

    genes: list[str]
    drug: list[float]
    disease: list[float]
    in_set: list[bool]
    n_total: int


@dataclass(frozen=True)
class MeasuredBridge:
    """One bridge between a perturbation (a drug or another one) and a disease.

    Attributes
    ----------
    bridge, drug, disease, expected
        As declared; `drug` are the contrasts of the perturbation, whatever it is.
    call, sentence
        What the bridge says, and the same in words.
    primary
        The pair that the call rests on; None where nothing could be compared.
    rows
        All pairs, on all scopes, with both estimands.
    comparators
        Other perturbations on the genes of the primary pair.
    left_out, derived_sets
        Contrasts left out with the reason, and the sets derived from the drug.
    profile
        Points of the plot; None like `primary`.
    library
        What became of the declared comparator signatures; None where none are declared.
    """

    bridge: str
    drug: list[str]
    disease: list[str]
    expected: str
    call: Call
    sentence: str
    primary: PrimaryPair | None
    rows: list[ConcordanceRow]
    comparators: list[ComparatorConcordance]
    left_out: list[LeftOut]
    derived_sets: list[DerivedSet]
    profile: PlottedProfile | None
    library: JudgedLibrary | None = None

    @property
    def primary_row(self) -> ConcordanceRow | None:
        """The row of the primary pair, not adjusted for composition."""
        return next((row for row in self.rows if row.estimand == "total" and pair_of(row) == self.primary), None)


@dataclass(frozen=True)
class ConcordanceOfStudy:
    """`concordance.json`: all bridges, the differences between subgroups that are measured with them, and what is known of prediction."""

    bridges: list[MeasuredBridge]
    interactions: list[SubgroupDifference]
    prediction: list[PredictionFigure] = field(default_factory=list)


def pair_of(row: ConcordanceRow) -> PrimaryPair:
    """Return which pair of profiles a row is about, on which genes."""
    return PrimaryPair(row.disease_contrast, row.drug_contrast, row.scope, row.gene_set)

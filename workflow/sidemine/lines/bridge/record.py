"""`concordance.json` and the rows of `concordance.tsv`: what was measured between drugs and diseases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sidemine.lines.interaction.record import SubgroupDifference

Call = Literal["mimics", "opposes", "no resemblance beyond the margin", "undetermined", "refused"]
NO_RESEMBLANCE: Call = "no resemblance beyond the margin"


@dataclass(frozen=True)
class ConcordanceRow:
    """One pair of profiles on some genes: a row of `concordance.tsv`, whose columns (`table.CONCORDANCE`) are its fields."""

    bridge: str
    disease_contrast: str
    drug_contrast: str
    scope: str
    gene_set: str
    estimand: str
    n_genes: int
    n_comparators: int
    call: Call
    reason: str
    n_rotations: int
    seed: int
    leading_genes: str = ""
    concordance: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_disease_rotated: float | None = None
    p_drug_rotated: float | None = None
    p_value: float | None = None
    percentile_comparators: float | None = None
    margin: float | None = None
    reliability_disease: float | None = None
    reliability_drug: float | None = None
    corrected_ci_low: float | None = None
    corrected_ci_high: float | None = None

    @property
    def leading(self) -> list[str]:
        """The genes that carry the concordance, in order."""
        return [name.strip() for name in self.leading_genes.split(",") if name.strip()]


@dataclass(frozen=True)
class PrimaryPair:
    """The pair of profiles that a bridge's call rests on, with its genes."""

    disease_contrast: str
    drug_contrast: str
    scope: str
    gene_set: str


@dataclass(frozen=True)
class ComparatorConcordance:
    """Concordance of another perturbation (kind: contrast or signature) with the disease."""

    name: str
    kind: str
    concordance: float


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
    """One figure on whether likeness of profiles predicts side effects: a row of `resources/prediction/`.

    Attributes
    ----------
    what
        What was measured.
    figure, ci_low, ci_high
        The figure with its 95 % interval, as text; empty where there is none.
    conditions
        On which genes, pairs or calls.
    source
        Who measured it, on which data.
    """

    what: str
    figure: str
    ci_low: str
    ci_high: str
    conditions: str
    source: str


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

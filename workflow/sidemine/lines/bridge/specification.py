"""What bridges and interactions are measured by: the study's declarations without their words."""

from __future__ import annotations

from typing import Literal

from sidemine.lines.interaction.specification import InteractionToMeasure
from sidemine.study.choices import Replicates
from sidemine.study.projections import ContrastOfRole, DatasetToCount, Files, GeneTableToRead, Projection


class ControlOfLibrary(Projection):
    """What a library of signatures must show before it counts."""

    perturbation: str
    set: str
    expected: Literal["up", "down"]


class SignaturesToRead(Projection):
    """What comparator signatures are read by."""

    identifiers: Literal["symbol", "entrez"]
    exclude: list[str]
    positive_control: ControlOfLibrary | None


class DerivationOfSet(Projection):
    """How a signed set is derived."""

    derived_from: list[str]
    confirm: list[str]
    fdr: float
    most_genes: int
    confirm_p: float


class BridgeToMeasure(Projection):
    """What a bridge is measured by."""

    id: str
    drug: list[str]
    disease: list[str]
    sets: list[str]
    scope: Literal["target", "all"]
    comparators: list[str]
    comparator_signatures: SignaturesToRead | None
    expected: Literal["mimics", "opposes", "either"]
    target_pathways: dict[str, list[str]]
    same_pathway: list[str]
    derive: DerivationOfSet | None


class ConcordanceToMeasure(Projection):
    """All bridges and interactions."""

    bridges: list[BridgeToMeasure]
    interactions: list[InteractionToMeasure]


class DatasetToBridge(DatasetToCount):
    """With its panel of cell markers, or why none is needed, and what its units are."""

    panel: str
    not_needed: str
    replicates: Replicates


class MeasureConcordance(Projection):
    """Which profiles are compared."""

    declared: ConcordanceToMeasure
    contrasts: list[ContrastOfRole]
    datasets: dict[str, DatasetToBridge]
    signatures: Files
    gene_table: GeneTableToRead
    own_markers: dict[str, dict[str, list[str]]]
    rotations: int
    seed: int

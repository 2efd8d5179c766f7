"""Projections of a study's rows: what one stage needs of a dataset, a contrast, a hypothesis or a bridge, and no more.

A stage is run again when its projection changes. Notes, labels, licences and other words are in none of them, so that
rewording a study builds its page again and nothing else. The fields mean what the models of the study say of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict

from sidemine.sources.declarations import IdentifierKind, Strand
from sidemine.sources.scales import Scale
from sidemine.study.choices import (
    CellChecks,
    Confirmation,
    Direction,
    Family,
    Kind,
    LineStatus,
    Replicates,
    Role,
    Score,
    SetFormat,
)
from sidemine.study.covariates import parse_covariate
from sidemine.study.hypotheses import CompoundPanel, HypothesisRole, PrimaryTest
from sidemine.study.independence import source_of

if TYPE_CHECKING:
    from sidemine.study.rows import Contrast, Dataset

Files = dict[str, str]
"""Files by role, each by the key under which its copy lies."""


class Projection(BaseModel):
    """Some fields of a row. Immutable; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of(cls, row: BaseModel) -> Self:
        """Take the fields of this projection from a row that has them."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields}, from_attributes=True)


class DatasetToRead(Projection):
    """What says who the samples of a dataset are."""

    dataset: str
    platform: str
    layout: str
    identifiers: IdentifierKind
    scale: Scale
    gene_column: str
    annotation_columns: list[str]
    sheet: str
    layer: str
    confirmed: list[Confirmation]
    subset: str
    sample_name: str
    biological_unit: str
    cell_type: str
    excluded_markers: list[str]
    cell_quality: CellChecks
    most_mitochondrial: float
    fewest_genes: int | None
    doublets: CellChecks
    sample_columns: list[str]
    sex_column: str
    age_column: str
    batch_columns: list[str]


class DatasetToPrepare(DatasetToRead):
    """What the values of a dataset are read by."""

    accession: str
    strand: Strand


class DatasetToAssess(Projection):
    """What the quality of a dataset is judged by."""

    dataset: str
    platform: str
    sex_column: str
    batch_columns: list[str]


class DatasetOfContrasts(Projection):
    """What the contrasts of a dataset are judged by."""

    dataset: str
    scale: Scale
    age_column: str
    batch_columns: list[str]


class DatasetToCount(Projection):
    """What decides whether a dataset counts as a source of its own."""

    dataset: str
    accession: str
    source: str
    declared_apart: bool

    def within(self, families: Mapping[str, str]) -> Self:
        """Return the dataset as part of the source that its series is nested in, by dataset: `SharedSamples.families`."""
        family = families.get(self.dataset)
        return self.model_copy(update={"source": family}) if family else self

    @property
    def independent_source(self) -> str:
        """What counts as one independent source: the declared word, or else the accession."""
        return source_of(self.source, self.accession)


class DatasetToMeasure(DatasetToCount):
    """With the scale of its values, and what its units are."""

    scale: Scale
    replicates: Replicates


class DeclaredTraps(Projection):
    """What is done about findings: `settings.traps`."""

    def action(self, trap: str) -> str:
        """Return the declared action; '' for a plain fact, or a trap that is looked at elsewhere."""
        return str(getattr(self, trap, ""))


class TrapsOfDataset(DeclaredTraps):
    """What is done about findings in a dataset."""

    sex_mismatch: str
    reused_samples: str
    duplicated_samples: str
    outlier_samples: str
    identifiers: str
    batch_aliased: str
    batch_associated: str


class TrapsOfContrast(DeclaredTraps):
    """What is done about findings in a contrast."""

    reused_samples: str
    duplicated_samples: str
    batch_aliased: str
    batch_associated: str
    group_associated: str
    scale_shift: str
    library_size: str
    hidden_structure: str


class ContrastToFit(Projection):
    """What a contrast is fitted by."""

    contrast: str
    dataset: str
    target: str
    reference: str
    covariates: list[str]
    block: str
    blocking: Literal["auto", "fixed", "correlation"]
    array_weights: bool
    robust: bool
    missing_covariates: Literal["refuse", "drop"]
    samples_in_block: Literal["units", "repeats", "unsaid"]
    """What several samples of a group in one fixed block are: units, repeats of the block, or nobody said (`in_dataset`)."""

    @classmethod
    def in_dataset(cls, row: Contrast, dataset: Dataset) -> Self:
        """Take the fields from a contrast, and what its dataset says of the samples within a block.

        A declared `biological_unit` names the units. Without it, samples of an experiment are repeats of their block (cultures of one
        donor share how the donor answers), and of people nobody knows: a donor with repeats looks like a batch of people.

        Parameters
        ----------
        row
            A row of `contrasts.tsv`.
        dataset
            Its row of `datasets.tsv`.
        """
        people = dataset.replicates == "people" or (dataset.replicates == "unknown" and row.role == "disease")
        known = not row.block or bool(dataset.biological_unit)
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "samples_in_block"}
        return cls(**fields, samples_in_block="units" if known else "unsaid" if people else "repeats")

    @property
    def covariate_names(self) -> list[str]:
        """The metadata columns of `covariates`, without how they are declared to enter."""
        return [parse_covariate(text).name for text in self.covariates]


class ContrastOfRole(Projection):
    """What a contrast is for."""

    contrast: str
    dataset: str
    role: Role


class ContrastWords(Projection):
    """How a contrast is told of."""

    platform: str
    role: Role
    tissue: str
    independent_because: str
    status: str
    target_label: str
    reference_label: str


class PrimarySet(Projection):
    """The primary set of a hypothesis, where it is looked at, and by which score."""

    set: str
    contrasts: list[str]
    score: Score


class DirectedSet(PrimarySet):
    """With the declared direction."""

    direction: Direction


class HypothesisOnSet(Projection):
    """What is asked of which set."""

    id: str
    kind: Kind
    primary: PrimarySet


class HypothesisToPool(HypothesisOnSet):
    """With the sets beside the primary one."""

    secondary_sets: list[str]


class HypothesisToPlace(HypothesisToPool):
    """With the declared direction."""

    primary: DirectedSet


class HypothesisToJudge(HypothesisToPlace):
    """With what it is for in the study."""

    role: HypothesisRole


class HypothesisToMeasure(Projection):
    """What the primary effect is measured and pooled by: all that is declared of the primary test."""

    id: str
    kind: Kind
    primary: PrimaryTest


class HypothesisOfCompounds(Projection):
    """A panel, as its arms are fitted together."""

    id: str
    primary: DirectedSet
    compounds: CompoundPanel


class LineToTell(Projection):
    """What of a row of `lines.tsv` the synthesis of all lines rests on, and what it is told with."""

    line: str
    layer: str
    hypothesis: str
    source: str
    set: str
    direction: str
    independent_of: list[str]
    licence: str
    status: LineStatus


class GeneSetToRead(Projection):
    """What says which genes a set has."""

    gene_set: str
    family: Family
    source: str
    format: SetFormat
    member: str
    weighted: bool
    version: str
    opt_in: bool


class GeneTableToRead(Projection):
    """What the table of approved symbols is read by, and the key of the file."""

    key: str
    format: Literal["hgnc", "ensembl"]
    version: str

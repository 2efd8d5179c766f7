"""What the prepare stage writes down about the values of a dataset: JSON in `expression.h5ad`, `uns['sidemine']`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sidemine.errors import Problem
from sidemine.prepare.cell_record import CellsOnRecord
from sidemine.prepare.scale import Answer
from sidemine.prepare.scale_evidence import ScaleEvidence
from sidemine.records import ABSENT
from sidemine.sources.scales import Scale


@dataclass(frozen=True)
class DatasetProvenance:
    """Where values come from and what was done to them; by itself that of a dataset whose values were not looked at.

    Attributes
    ----------
    dataset, accession, platform, layout, files
        Its row of `datasets.tsv`, and the names of its files by role.
    scale_declared, scale_found, scale_answer, scale_reason
        The declared scale, the one that the values speak for, whether they bear the declared one out (fits, contradicts,
        cannot tell), and why.
    transformation, offset, n_values, n_values_moved
        What was done to the values, what was added before the logarithm (None: nothing), and how many were floored.
    n_genes, n_samples, n_samples_left_out
        What takes part.
    simulated
        Whether a file, or the gene table, carries the simulator's mark.
    gene_table_version
        Version of the table of approved symbols.
    notes
        What a reader should know, in sentences.
    problem, further_problems
        Why no contrast of the dataset can be tested; None and empty where it can.
    """

    dataset: str
    accession: str
    platform: str
    layout: str
    scale_declared: Scale
    scale_found: str
    scale_answer: Answer
    scale_reason: str
    transformation: str
    offset: float | None
    n_values: int
    n_values_moved: int
    n_genes: int
    n_samples: int
    n_samples_left_out: int
    simulated: bool
    gene_table_version: str
    files: dict[str, str]
    notes: list[str]
    problem: Problem | None
    further_problems: list[Problem]

    @property
    def problems(self) -> list[Problem]:
        """All reasons why no contrast of the dataset can be tested."""
        return [self.problem, *self.further_problems] if self.problem else []


@dataclass(frozen=True)
class PreparedProvenance(DatasetProvenance):
    """The same of a dataset whose values were read.

    Attributes
    ----------
    scale_evidence
        What the values look like.
    probe_rule, multi_gene_probes
        Which probe speaks for a gene, and what becomes of a probe of several genes.
    n_identifiers, n_identifiers_kept, n_identifiers_merged, n_identifiers_dropped
        Rows of the matrix, and what became of them.
    share_identifiers_found, share_platform_covered
        Share of the identifiers that the gene table or platform knows, and share of the platform's annotated probes that
        the matrix holds (None where there is no platform).
    cells
        What became of single cells; absent where the file holds none.
    """

    scale_evidence: ScaleEvidence
    probe_rule: str
    multi_gene_probes: str
    n_identifiers: int
    n_identifiers_kept: int
    n_identifiers_merged: int
    n_identifiers_dropped: int
    share_identifiers_found: float
    share_platform_covered: float | None
    cells: CellsOnRecord | None = field(default=None, metadata=ABSENT)


PROVENANCE = cast("type[PreparedProvenance | DatasetProvenance]", PreparedProvenance | DatasetProvenance)
"""Either, for reading."""


def made_in_process(dataset: str, scale: Scale = "log2", problem: Problem | None = None) -> DatasetProvenance:
    """Return the record of values that no file holds, such as simulated ones.

    Parameters
    ----------
    dataset
        Its id.
    scale
        What the values are; nothing contradicts it.
    problem
        Why no contrast can be tested; None where it can.
    """
    return DatasetProvenance(
        dataset=dataset,
        accession="",
        platform="",
        layout="",
        scale_declared=scale,
        scale_found=scale,
        scale_answer="fits",
        scale_reason="",
        transformation="none",
        offset=None,
        n_values=0,
        n_values_moved=0,
        n_genes=0,
        n_samples=0,
        n_samples_left_out=0,
        simulated=True,
        gene_table_version="",
        files={},
        notes=[],
        problem=problem,
        further_problems=[],
    )

"""How the job of a row of `lines.tsv` ends: in its row of evidence, or, where its file is refused or missing, in a row that says why.

What cannot be had, or a reader refuses, stops the run where the row is `verified`. Where it is `unverified`, the first run on the real record is to
end in a report, as it does for data sets: the row is *not available*, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sidemine.lines.specification import TestLine

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.errors import Problem
    from sidemine.lines.evidence import LayerEvidence, Measured
    from sidemine.lines.layer import Layer
    from sidemine.lines.specification import DeclaredLine
    from sidemine.prepare.gene_table import GeneTable
    from sidemine.study_jobs import JobFiles

Specified = TypeVar("Specified", bound=TestLine)


@dataclass(frozen=True)
class RowInputs:
    """What the job of a row has read, and what its layer reads itself.

    Attributes
    ----------
    files
        Of the row, by role: `file` is the main one.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    gene_table
        The study's symbols.
    job
        All files of the job.
    """

    files: dict[str, Path]
    gene_sets: pd.DataFrame
    gene_table: GeneTable
    job: JobFiles


Measure = Callable[[RowInputs, Specified], "tuple[Measured, object, str]"]
"""Tests the set: what was measured, the record of details, and the word of the test in the table of sizes; '': none."""


def run_row(
    inputs: JobFiles, outputs: JobFiles, specification: Specified, layer: Layer, measure: Measure[Specified]
) -> None:
    """Measure one row and write its evidence and details.

    Parameters
    ----------
    inputs, outputs
        Files of the job; what is written is called `evidence` and `details`.
    specification
        The row.
    layer
        Its layer.
    measure
        What the layer does with the inputs.

    Raises
    ------
    InputError
        When a file of a row that is `verified` is refused.
    """
    from sidemine.errors import InputError
    from sidemine.lines.evidence import judged, read_size
    from sidemine.records import write_record
    from sidemine.retrieve.refusal import note_refusals, why_missing

    row = specification.row
    missing = [why for why in (why_missing(Path(path)) for path in inputs.every_path) if why is not None]
    if missing:
        evidence: LayerEvidence = _missing(row, layer, missing)
        write_record(evidence, outputs.path("evidence"))
        write_record(evidence, outputs.path("details"))
        return
    with note_refusals(inputs.every_path):
        try:
            measured, details, test = measure(_read_inputs(inputs, specification), specification)
            size = read_size(inputs.by_name.get("sizes", ()), test)
        except InputError as error:
            if row.status == "verified":
                raise
            evidence = _refused(row, layer, error.problems)
            # Nothing stands beside a row that is not available (`registry.read_lines`).
            details = evidence
        else:
            evidence = judged(row, layer, measured, size)
    write_record(evidence, outputs.path("evidence"))
    write_record(details, outputs.path("details"))


def _read_inputs(inputs: JobFiles, specification: TestLine) -> RowInputs:
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.tables import read_table

    return RowInputs(
        files=dict(zip(specification.files, inputs.paths("files"), strict=True)),
        gene_sets=read_table(inputs.path("sets"), GENE_SETS),
        gene_table=read_gene_table(inputs.path("gene_table"), specification.gene_table),
        job=inputs,
    )


def _missing(row: DeclaredLine, layer: Layer, missing: Sequence[str]) -> LayerEvidence:
    from sidemine.lines.evidence import unavailable

    reason = (
        f"Its file is not there: {'; '.join(missing)}. The row is unverified, so the study goes on without it; the next run looks "
        "for it again."
    )
    return unavailable(row.line, layer, row.set, row.direction, reason)


def _refused(row: DeclaredLine, layer: Layer, problems: Sequence[Problem]) -> LayerEvidence:
    from sidemine.lines.evidence import unavailable

    first, more = problems[0], len(problems) - 1
    reason = (
        f"Its files were refused: {first.what} ({first.where}). Allowed: {first.allowed}. {first.next_step} "
        + (f"Further problems: {more}. " if more else "")
        + "The row is unverified, so the study goes on without it."
    )
    return unavailable(row.line, layer, row.set, row.direction, reason)

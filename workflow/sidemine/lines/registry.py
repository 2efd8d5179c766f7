"""The lines of evidence of a study, in their order. A new one is a room beside the others and an entry here."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path

from sidemine.drawing.panel import Panel
from sidemine.lines.bridge.entry import BRIDGE
from sidemine.lines.cell_types.entry import CELL_TYPES
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.genetics.entry import GENETICS
from sidemine.lines.illustration.entry import ILLUSTRATION
from sidemine.lines.line import LineOfEvidence, LinesOnRecord
from sidemine.lines.mirna.entry import MIRNA
from sidemine.lines.mrna_table.entry import MRNA_TABLE_LINE
from sidemine.lines.perturbation.entry import PERTURBATION
from sidemine.lines.promoter.entry import PROMOTER
from sidemine.lines.protein.entry import PROTEIN_LINE
from sidemine.lines.published.entry import PUBLISHED
from sidemine.lines.screen.entry import SCREEN
from sidemine.records import read_record

LINES: tuple[LineOfEvidence, ...] = (
    BRIDGE,
    PUBLISHED,
    CELL_TYPES,
    SCREEN,
    ILLUSTRATION,
    GENETICS,
    PROTEIN_LINE,
    MRNA_TABLE_LINE,
    MIRNA,
    PROMOTER,
    PERTURBATION,
)


def read_lines(
    results: Path,
    jobs: Container[str],
    groups: Mapping[str, tuple[str, str]],
    questions: Mapping[str, str],
    names: Mapping[str, str],
    lines: Mapping[str, str],
) -> LinesOnRecord:
    """Read what the lines of a study have on record.

    Parameters
    ----------
    results
        Folder of the results of one study.
    jobs
        Rules of the study (`study.json`): a line that it no longer asks for may have left its file in the folder.
    groups, questions, names
        Words of the study; see `LinesOnRecord`.
    lines
        Layer of each row of `lines.tsv` that was run, by its id.

    Returns
    -------
    LinesOnRecord
        Without the lines that the study does not ask for.

    Raises
    ------
    InputError
        When a file is not what its job writes, or is missing.
    """
    records = [
        read_record(line.record, results / line.record_file) for line in LINES if line.record and line.job.name in jobs
    ]
    details = {line.layer: line.details for line in LINES if line.details}
    rows = {
        name: read_record(LayerEvidence, results / "lines" / layer / f"{name}.json") for name, layer in lines.items()
    }
    layers = {
        name: (row, read_record(details[row.layer], results / "lines" / row.layer / f"{name}.details.json"))
        for name, row in rows.items()
        # A row whose files were refused stands in the table of lines; there is nothing beside it.
        if row.call != "not available"
    }
    return LinesOnRecord(records, groups, questions, names, layers)


def panel_of_row(row: LayerEvidence, lines: LinesOnRecord) -> Panel | None:
    """Return what is shown of one row of evidence; None of one that was not run.

    Parameters
    ----------
    row
        The row.
    lines
        What is on record.
    """
    panels = {line.layer: line.line_panel for line in LINES if line.line_panel}
    make = panels.get(row.layer)
    return make(*lines.layers[row.line]) if make and row.line in lines.layers else None

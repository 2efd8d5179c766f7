"""Layout `maxquant`: MaxQuant's proteinGroups.txt, LFQ intensities of mass spectrometry, groups of proteins × samples."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.declarations import BulkLayout, DeclaredValues, Requirement
from sidemine.sources.inspection import FileToInspect, Inspection
from sidemine.sources.table import parts_of_names

if TYPE_CHECKING:
    from sidemine.sources.value_matrix import ValueMatrix
    from sidemine.text.text_table import TextTable

LFQ = "LFQ intensity "
_REMOVED = {
    "Reverse": "a decoy (reversed sequence)",
    "Potential contaminant": "a potential contaminant",
    "Contaminant": "a potential contaminant",
    "Only identified by site": "identified by a modified site only",
}
_PREFIXES = {"REV__": _REMOVED["Reverse"], "CON__": _REMOVED["Potential contaminant"]}
_FASTA_NAME = re.compile(r"(?:sp|tr)\|([^|]+)\|.*", re.IGNORECASE)


def _open(path: Path, max_rows: int | None = None) -> TextTable:
    from sidemine.text.delimited import read_delimited

    table = read_delimited(path, separator="\t", quoting=False, max_rows=max_rows)
    problems = []
    if not _names_column(table, None):
        problems.append(("column Protein IDs or Majority protein IDs", "Name MaxQuant's proteinGroups.txt."))
    if not any(name.startswith(LFQ) for name in table.header):
        problems.append(
            (
                f"a column {LFQ.strip()!r} for each sample",
                "Run MaxQuant with label-free quantification: plain intensities and iBAQ are not normalised between samples.",
            )
        )
    if problems:
        where = f"{path}: header {', '.join(table.header[:20])}"
        raise InputError([Problem(f"the table lacks {what}", where, what, step) for what, step in problems])
    return table


def _names_column(table: TextTable, identifiers: str | None) -> str:
    wanted = ("Gene names",) if identifiers == "symbol" else ("Majority protein IDs", "Protein IDs")
    return next((name for name in wanted if table.has(name)), "")


def _samples(table: TextTable) -> list[str]:
    return [name.removeprefix(LFQ) for name in table.header if name.startswith(LFQ)]


def read_maxquant(path: Path, identifiers: str | None = None) -> ValueMatrix:
    """Read the LFQ intensities of proteinGroups.txt.

    Parameters
    ----------
    path
        The table, gzipped or plain.
    identifiers
        symbol: groups are named by Gene names; otherwise by their majority proteins, all of them, joined by ';'.

    Returns
    -------
    ValueMatrix
        Intensities, groups × samples. 0 means that nothing was measured, and is missing here; nothing is imputed. Decoys,
        contaminants and groups identified by a modified site only are left out, each with its reason.

    Raises
    ------
    InputError
        When the table lacks its columns, or a cell is no number.
    """
    import numpy as np

    from sidemine.simulation_marker import SIMULATION_MARKER
    from sidemine.sources.value_matrix import ValueMatrix

    table = _open(path)
    column = _names_column(table, identifiers)
    if not column:
        raise InputError(
            Problem(
                "the table lacks column Gene names",
                str(path),
                "column Gene names, where identifiers are symbols",
                "Set identifiers to uniprot in datasets.tsv.",
            )
        )
    groups = table.cells(_names_column(table, None))
    reasons = [
        next((reason for prefix, reason in _PREFIXES.items() if group.strip().startswith(prefix)), "")
        for group in groups
    ]
    for flag, reason in _REMOVED.items():
        if table.has(flag):
            marks = table.cells(flag)
            reasons = [old or (reason if mark.strip() == "+" else "") for old, mark in zip(reasons, marks, strict=True)]
    kept = [place for place, reason in enumerate(reasons) if not reason]
    values = table.matrix([place for place, name in enumerate(table.header) if name.startswith(LFQ)])[kept]
    zeros = values == 0
    values = np.where(zeros, np.nan, values)
    names = table.cells(column)
    return ValueMatrix(
        [";".join(_FASTA_NAME.sub(r"\1", part.strip()) for part in names[place].split(";")) for place in kept],
        _samples(table),
        np.ascontiguousarray(values),
        left_out=[(groups[place].strip(), reason) for place, reason in enumerate(reasons) if reason],
        notes=[
            *table.notes,
            f"{int(zeros.sum()):,} of {zeros.size:,} LFQ intensities are 0, which means not measured: they are missing. "
            "Nothing is imputed; a protein that lacks a value in a comparison takes no part in it",
        ],
        simulated=any(SIMULATION_MARKER in comment for comment in table.comments),
    )


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    del columns, named
    return read_maxquant(path, declared.identifiers)


def _inspect(file: FileToInspect) -> Inspection | None:
    if file.members is not None or file.is_spreadsheet or b"Protein IDs\t" not in file.start:
        return None
    inspection = Inspection(
        file.path, "MaxQuant proteinGroups", parts_of_names(_samples(_open(file.path, 1))), samples_by_name_only=True
    )
    inspection.show_values(read_maxquant(file.path), MAXQUANT.word)
    inspection.sheet_row = "layout: maxquant, identifiers: uniprot or symbol, scale: linear"
    return inspection


MAXQUANT = BulkLayout(
    word="maxquant",
    meaning="maxquant (proteinGroups.txt with LFQ intensities)",
    form="table",
    requirement=Requirement({"scale": "linear"}, "LFQ intensities are linear", "Correct scale, or the layout."),
    inspect=_inspect,
    list_columns=lambda path, _declared, _named: _samples(_open(path, 1)),
    read=_read,
)

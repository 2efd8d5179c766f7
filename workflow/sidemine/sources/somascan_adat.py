"""Layout `somascan_adat`: SomaLogic's ADAT, relative fluorescence units, samples × aptamers with descriptions of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.declarations import BulkLayout, DeclaredValues, Requirement
from sidemine.sources.inspection import FileToInspect, Inspection

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.sources.value_matrix import ValueMatrix

_MARKS = (b"^HEADER", b"!Checksum", b"!AdatVersion")
_MAX_COLUMNS = 50_000
_MAX_SAMPLES = 200_000
_MOST_TOLD = 5


@dataclass(frozen=True)
class _Adat:
    """The table of an ADAT, as text.

    Attributes
    ----------
    aptamers
        What describes the columns of values, by name: one text per column.
    samples
        What describes the rows, by name: one text per row.
    cells
        Values, one list per row.
    lines
        Line of each row in the file.
    """

    where: str
    aptamers: dict[str, list[str]]
    samples: dict[str, list[str]]
    cells: list[list[str]]
    lines: list[int]
    simulated: bool
    notes: list[str]


def _damaged(where: str, what: str) -> InputError:
    return InputError(
        Problem(
            f"the ADAT {what}",
            where,
            "^HEADER, then ^TABLE_BEGIN, rows that describe the aptamers (SeqId, UniProt, …), names of what describes the "
            "samples, and one line per sample",
            "Retrieve the file again; a table that was reshaped is layout table.",
        )
    )


def _open(path: Path, max_samples: int = _MAX_SAMPLES) -> _Adat:
    from sidemine.simulation_marker import SIMULATION_MARKER
    from sidemine.text.decoding import open_decoded

    aptamers: dict[str, list[str]] = {}
    names: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    simulated = begun = False
    with open_decoded(path) as decoded:
        while line := decoded.line():
            text = line.decode("utf-8").rstrip("\n")
            simulated |= SIMULATION_MARKER in text if not begun else False
            if not begun:
                begun = text.startswith("^TABLE_BEGIN")
                continue
            cells = text.split("\t")
            if len(cells) > _MAX_COLUMNS:
                raise _damaged(f"{path}: line {decoded.number}", f"has more than {_MAX_COLUMNS:,} columns")
            if not names and not cells[0].strip():
                place = next((i for i, cell in enumerate(cells) if cell.strip()), None)
                if place is None:
                    continue
                aptamers[cells[place].strip()] = [str(place), *(cell.strip() for cell in cells[place + 1 :])]
            elif not names:
                names = [cell.strip() for cell in cells]
            elif any(cell.strip() for cell in cells) and len(rows) < max_samples:
                rows.append(cells)
                lines.append(decoded.number)
        notes = list(decoded.notes)
    if not begun or "SeqId" not in aptamers or not names or not rows:
        missing = "no ^TABLE_BEGIN" if not begun else "no row SeqId" if "SeqId" not in aptamers else "no samples"
        raise _damaged(str(path), f"has {missing}")
    margin, width = int(aptamers["SeqId"][0]), len(aptamers["SeqId"]) - 1
    while width and not aptamers["SeqId"][width]:
        width -= 1
    for number, cells in zip(lines, rows, strict=True):
        if len(cells) < margin + 1 + width:
            raise _damaged(
                f"{path}: line {number}", f"has a row of {len(cells)} cells where {margin + 1 + width} belong"
            )
    described = {name: [*texts[1 : width + 1], *[""] * (width + 1 - len(texts))] for name, texts in aptamers.items()}
    samples = {name: [cells[i].strip() for cells in rows] for i, name in enumerate(names[:margin]) if name}
    values = [cells[margin + 1 : margin + 1 + width] for cells in rows]
    return _Adat(str(path), described, samples, values, lines, simulated, notes)


def _kept_samples(adat: _Adat) -> tuple[list[int], list[str], list[str]]:
    """Return the rows of people's samples, their names, and what is told of the others."""
    kinds = adat.samples.get("SampleType", [])
    kept = [row for row in range(len(adat.cells)) if not kinds or kinds[row].lower() in {"sample", ""}]
    column = next((name for name in ("SampleId", "ExtIdentifier", "SampleUniqueID") if name in adat.samples), "")
    if not column or not kept:
        raise _damaged(adat.where, "has no column SampleId" if not column else "has no row of SampleType Sample")
    names = [adat.samples[column][row] for row in kept]
    repeated = [name for name, count in Counter(names).items() if count > 1 or not name]
    if repeated:
        raise InputError(
            Problem(
                f"{len(repeated)} samples have no name of their own",
                f"{adat.where}: column {column}, {', '.join(map(repr, repeated[:_MOST_TOLD]))}",
                "one row per sample, each with its own name",
                "Rename or leave out the repeats in a copy of the file.",
            )
        )
    notes = []
    if len(kept) < len(adat.cells):
        others = Counter(kinds[row] for row in range(len(adat.cells)) if row not in set(kept))
        notes.append("left out: " + ", ".join(f"{count} × {kind}" for kind, count in sorted(others.items())))
    flagged = sum(adat.samples.get("RowCheck", [""] * len(adat.cells))[row].upper() == "FLAG" for row in kept)
    if flagged:
        notes.append(f"RowCheck: samples that are flagged, and stay: {flagged}")
    return kept, names, notes


def _why_left_out(kind: str, organism: str) -> str:
    """Return why an aptamer measures no human protein; '' where it does."""
    if kind and kind.lower() != "protein":
        return f"no protein of the sample: {kind}"
    return f"not human: {organism}" if organism and organism.lower() != "human" else ""


def read_adat(path: Path, identifiers: str | None = None) -> ValueMatrix:
    """Read an ADAT.

    Parameters
    ----------
    path
        The file, gzipped or plain.
    identifiers
        symbol, entrez: aptamers are named by EntrezGeneSymbol, EntrezGeneID; otherwise by UniProt.

    Returns
    -------
    ValueMatrix
        RFU as deposited (normalised or not: the file's header says), aptamers × samples of SampleType Sample. Controls and
        aptamers of other species are left out, each with its reason. Flagged samples and aptamers stay, and are counted.

    Raises
    ------
    InputError
        When the file is no ADAT, is cut short, a sample has no name of its own, or a cell is no number.
    """
    import numpy as np

    from sidemine.sources.value_matrix import ValueMatrix
    from sidemine.text.numbers import as_numbers

    adat = _open(path)
    kept, names, notes = _kept_samples(adat)
    column = {"symbol": "EntrezGeneSymbol", "entrez": "EntrezGeneID"}.get(identifiers or "", "UniProt")
    if column not in adat.aptamers:
        raise _damaged(adat.where, f"has no row {column}")
    ids, n = adat.aptamers["SeqId"], len(adat.aptamers["SeqId"])
    kinds, organisms, checks = (adat.aptamers.get(name, [""] * n) for name in ("Type", "Organism", "ColCheck"))
    reasons = [_why_left_out(kind, organism) for kind, organism in zip(kinds, organisms, strict=True)]
    chosen = [place for place, reason in enumerate(reasons) if not reason]
    if flagged := sum(checks[place].upper() == "FLAG" for place in chosen):
        notes.append(f"ColCheck: aptamers that are flagged, and stay: {flagged}")
    values = np.vstack(
        [
            as_numbers(
                [adat.cells[row][place] for place in chosen],
                lambda i, row=row: f"{adat.where}: line {adat.lines[row]}, SeqId {ids[chosen[i]]}",  # type: ignore[misc]
            )
            for row in kept
        ]
    ).T
    return ValueMatrix(
        # Several accessions or symbols of one aptamer stand apart by blanks.
        [";".join(adat.aptamers[column][place].replace("|", " ").split()) for place in chosen],
        names,
        np.ascontiguousarray(values),
        left_out=[(ids[place], reason) for place, reason in enumerate(reasons) if reason],
        notes=[*adat.notes, *notes],
        simulated=adat.simulated,
    )


def _describe(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return what the file says of its samples: all columns that stand before the values."""
    import pandas as pd

    from sidemine.sources.geo_metadata import clean_camel_name

    adat = _open(path)
    kept, names, _ = _kept_samples(adat)
    columns = {clean_camel_name(name): [texts[row] for row in kept] for name, texts in adat.samples.items()}
    index = pd.Index(names, name="sample", dtype=object)
    return pd.DataFrame({"title": names} | columns, index=index, dtype=object), names


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    del columns, named
    return read_adat(path, declared.identifiers)


def _inspect(file: FileToInspect) -> Inspection | None:
    if file.members is not None or file.is_spreadsheet or not file.start.startswith(_MARKS):
        return None
    samples, _ = _describe(file.path)
    inspection = Inspection(file.path, "SomaScan ADAT", samples)
    inspection.show_values(read_adat(file.path), SOMASCAN_ADAT.word)
    inspection.sheet_row = "layout: somascan_adat, identifiers: uniprot, symbol or entrez, scale: linear"
    return inspection


SOMASCAN_ADAT = BulkLayout(
    word="somascan_adat",
    meaning="somascan_adat (SomaLogic's ADAT)",
    form="any",
    requirement=Requirement({"scale": "linear"}, "RFU are linear", "Correct scale, or the layout."),
    inspect=_inspect,
    list_columns=lambda path, _declared, _named: _describe(path)[1],
    read=_read,
    describe_samples=_describe,
    comparable_rows=False,
)

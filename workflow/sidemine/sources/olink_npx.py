"""Layout `olink_npx`: Olink's long table, one row per sample and assay, with NPX (log2, relative to the assay's own level).

Text, or Parquet as Olink's software writes it for Explore HT; Parquet becomes the same text table, in a bounded process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.isolation.parquet import PARQUET_MAGIC, PRELOAD, read_parquet_columns
from sidemine.sources.declarations import BulkLayout, DeclaredValues, Requirement
from sidemine.sources.inspection import FileToInspect, Inspection

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.sources.value_matrix import ValueMatrix
    from sidemine.text.text_table import TextTable

NEEDED_COLUMNS = ("SampleID", "OlinkID", "UniProt", "Assay", "NPX")
_QUALITY_COLUMNS = ("QC_Warning", "SampleQC", "AssayQC", "Assay_Warning")
"""Names of the verdicts of quality in Explore 384/1536/3072, Target and HT."""
_OTHER_COLUMNS = ("SampleType", "AssayType", "PlateID", "LOD", *_QUALITY_COLUMNS)
_PASSED = frozenset({"pass", "na", ""})
_FAILED = frozenset({"fail", "excluded"})
_MOST_TOLD = 5


@dataclass(frozen=True)
class _Rows:
    """The rows of samples and assays of proteins: table, positions of these rows, control assays, what is told of others."""

    table: TextTable
    kept: list[int]
    samples: list[str]
    controls: list[str]
    notes: list[str]


def _open(path: Path) -> _Rows:
    table = _read_table(path)
    absent = [name for name in NEEDED_COLUMNS if not table.has(name)]
    if absent:
        raise InputError(
            Problem(
                f"the table lacks columns {', '.join(absent)}",
                f"{path}: header {', '.join(table.header[:20])}",
                f"Olink's long table, with {', '.join(NEEDED_COLUMNS)}; QC_Warning and LOD where there are such",
                "Export the long NPX table again (a wide one is layout table).",
            )
        )
    samples = [cell.strip() for cell in table.cells("SampleID")]
    # A name does not tell a control of the assay from a person of the control group: only SampleType does.
    people = [
        bool(name) and kind in {"sample", ""} for name, kind in zip(samples, _kinds(table, "SampleType"), strict=True)
    ]
    proteins = [kind in {"assay", ""} for kind in _kinds(table, "AssayType")]
    kept = [place for place, both in enumerate(zip(people, proteins, strict=True)) if all(both)]
    notes = list(table.notes)
    if not all(people):
        controls = {name for name, person in zip(samples, people, strict=True) if name and not person}
        notes.append(
            f"rows of control samples, which are left out: {people.count(False)} "
            f"(samples: {len(controls)}; {', '.join(sorted(controls)[:_MOST_TOLD])})"
        )
    if not kept:
        raise InputError(
            Problem(
                "the table has no row of a sample",
                str(path),
                "rows with a SampleID, of SampleType SAMPLE where the table tells it",
                "Check that this is the file with the samples of the study.",
            )
        )
    ids = table.cells("OlinkID")
    control_assays = dict.fromkeys(ids[place].strip() for place, protein in enumerate(proteins) if not protein)
    return _Rows(table, kept, samples, list(control_assays), notes)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def _read_table(path: Path) -> TextTable:
    from sidemine.text.delimited import read_delimited

    if not _is_parquet(path):
        return read_delimited(path)
    columns = (*NEEDED_COLUMNS, *_OTHER_COLUMNS)
    text = run_isolated(read_parquet_columns, path, columns, where=path, preload=PRELOAD)
    return read_delimited(text.tobytes(), str(path), separator="\t")


def _kinds(table: TextTable, column: str) -> list[str]:
    """Return the cells of a column in lower case, '' of each row where there is no such column."""
    return [cell.strip().lower() for cell in table.cells(column)] if table.has(column) else [""] * table.n_rows


def read_olink(path: Path, identifiers: str | None = None) -> ValueMatrix:
    """Read Olink's long table of NPX.

    Parameters
    ----------
    path
        Text, gzipped or plain, separated by semicolons, commas or tabs; or Parquet.
    identifiers
        symbol: assays are named by column Assay; otherwise by UniProt.

    Returns
    -------
    ValueMatrix
        NPX, assays × samples; one row per OlinkID, so that a protein of several panels has several. A value whose quality
        failed is missing; one with a warning, or below the limit of detection, stays. Both are counted in the notes.

    Raises
    ------
    InputError
        When columns are missing, a sample has two values of an assay, or a cell is no number.
    """
    import numpy as np

    from sidemine.simulation_marker import SIMULATION_MARKER
    from sidemine.sources.value_matrix import ValueMatrix

    rows = _open(path)
    table, kept, notes = rows.table, np.array(rows.kept), list(rows.notes)
    table.name_column = table.position("SampleID")
    ids = [cell.strip() for cell in table.cells("OlinkID")]
    assays, assay_of = _numbered([ids[place] for place in rows.kept])
    samples, sample_of = _numbered([rows.samples[place] for place in rows.kept])
    cell_of = assay_of * len(samples) + sample_of
    _refuse_repeats(table, rows, ids, cell_of)
    npx = table.numbers("NPX")[kept]
    notes += _judge_quality(table, rows, npx)
    if table.has("LOD"):
        notes += _tell_detection(npx, table.numbers("LOD")[kept], assay_of)
    values = np.full(len(assays) * len(samples), np.nan)
    values[cell_of] = npx
    matrix = values.reshape(len(assays), len(samples))
    empty = int(np.isnan(matrix).sum())
    if empty:
        notes.append(f"{empty:,} of {matrix.size:,} values are missing; nothing is imputed")
    names = table.cells("Assay" if identifiers == "symbol" else "UniProt")
    name_of = {ids[place]: names[place].strip() for place in reversed(rows.kept)}
    return ValueMatrix(
        [name_of[assay] for assay in assays],
        samples,
        matrix,
        left_out=[(assay, "a control assay") for assay in rows.controls],
        notes=notes,
        simulated=any(SIMULATION_MARKER in comment for comment in table.comments),
    )


def _numbered(names: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the different names in their order, and the number of each."""
    import numpy as np

    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return list(number), np.array([number[name] for name in names], dtype=np.intp)


def _refuse_repeats(table: TextTable, rows: _Rows, ids: Sequence[str], cell_of: NDArray[np.intp]) -> None:
    import numpy as np

    _, first, counts = np.unique(cell_of, return_index=True, return_counts=True)
    repeated = first[counts > 1]
    if len(repeated):
        place = rows.kept[int(repeated.min())]
        raise InputError(
            Problem(
                f"{len(repeated)} assays of a sample have more than one value",
                f"{table.place(place)}, assay {ids[place]}",
                "one value per sample and assay; bridging samples and repeats under names of their own",
                "Keep one of them, or rename the repeats (SampleID), in a copy of the file.",
            )
        )


def _judge_quality(table: TextTable, rows: _Rows, npx: NDArray[np.float64]) -> list[str]:
    """Make values missing whose quality failed, and tell how many failed or carry a warning."""
    import numpy as np

    notes = []
    for column in _QUALITY_COLUMNS:
        if not table.has(column):
            continue
        cells = table.cells(column)
        words = [cells[place].strip().lower() for place in rows.kept]
        failed = np.array([word in _FAILED for word in words])
        warned = np.array([word not in _PASSED | _FAILED for word in words])
        npx[failed] = np.nan
        if failed.any():
            notes.append(f"{column}: values that failed, and are missing: {int(failed.sum()):,}")
        if warned.any():
            by_sample = Counter(rows.samples[place] for place, flag in zip(rows.kept, warned, strict=True) if flag)
            names = ", ".join(name for name, _ in by_sample.most_common(_MOST_TOLD))
            notes.append(
                f"{column}: values with a warning, which stay: {int(warned.sum()):,} (samples: {len(by_sample)}; {names})"
            )
    if not notes and not any(map(table.has, _QUALITY_COLUMNS)):
        notes.append("no column tells the quality of samples (QC_Warning)")
    return notes


def _tell_detection(npx: NDArray[np.float64], limit: NDArray[np.float64], assay_of: NDArray[np.intp]) -> list[str]:
    import numpy as np

    known = np.isfinite(npx) & np.isfinite(limit)
    if not known.any():
        return []
    below = known & (npx < limit)
    share = np.bincount(assay_of, weights=below) / np.maximum(np.bincount(assay_of, weights=known), 1)
    return [
        f"{below.sum() / known.sum():.1%} of the values lie below the limit of detection, in {int((share > 0.5).sum())} of "
        f"{len(share)} assays more than half; they stay"
    ]


def _describe(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return what the table says of its samples: plates, and warnings of quality."""
    import pandas as pd

    from sidemine.sources.geo_metadata import clean_camel_name

    rows = _open(path)
    names = list(dict.fromkeys(rows.samples[place] for place in rows.kept))
    described: dict[str, list[str]] = {"title": names}
    for column in ("PlateID", "QC_Warning", "SampleQC"):
        if rows.table.has(column):
            cells = rows.table.cells(column)
            texts: dict[str, dict[str, None]] = {}
            for place in rows.kept:
                texts.setdefault(rows.samples[place], {})[cells[place].strip()] = None
            described[clean_camel_name(column)] = [" and ".join(sorted(filter(None, texts[name]))) for name in names]
    return pd.DataFrame(described, index=pd.Index(names, name="sample", dtype=object), dtype=object), names


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    del columns, named
    return read_olink(path, declared.identifiers)


def _inspect(file: FileToInspect) -> Inspection | None:
    header = file.start.split(b"\n", 1)[0] if not file.start.startswith(b"#") else file.start
    if file.members is not None or file.is_spreadsheet:
        return None
    if not file.start.startswith(PARQUET_MAGIC) and not all(name.encode() in header for name in NEEDED_COLUMNS):
        return None
    samples, _ = _describe(file.path)
    inspection = Inspection(file.path, "Olink NPX", samples)
    inspection.show_values(read_olink(file.path), OLINK_NPX.word)
    inspection.sheet_row = "layout: olink_npx, identifiers: uniprot or symbol, scale: log2"
    return inspection


OLINK_NPX = BulkLayout(
    word="olink_npx",
    meaning="olink_npx (Olink's long table of NPX)",
    form="npx",
    requirement=Requirement({"scale": "log2"}, "NPX is log2", "Correct scale, or the layout."),
    inspect=_inspect,
    list_columns=lambda path, _declared, _named: _describe(path)[1],
    read=_read,
    describe_samples=_describe,
    comparable_rows=False,
)

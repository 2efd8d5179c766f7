"""Layout `table`: genes × samples in one text table or spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import SidemineError
from sidemine.sources.declarations import BulkLayout, DeclaredValues
from sidemine.sources.inspection import FileToInspect, Inspection

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.sources.value_matrix import ValueMatrix

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def list_table_columns(path: Path, declared: DeclaredValues, named: Collection[str] | None) -> list[str]:
    """Return the names of the columns that may be samples.

    Parameters
    ----------
    path, declared, named
        As in `expression_table.read_table_columns`.
    """
    from sidemine.sources.expression_table import read_table_columns

    return read_table_columns(path, declared, named)


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    from sidemine.sources.expression_table import read_expression_table

    return read_expression_table(path, columns, declared, named)


def _inspect(file: FileToInspect) -> Inspection | None:
    from sidemine.sources.expression_table import read_expression_table, read_table_columns

    if not file.is_spreadsheet and (file.members is not None or not _may_be_text(file.start)):
        return None
    samples = parts_of_names(read_table_columns(file.path, named=()))
    kind = "spreadsheet" if file.is_spreadsheet else "table"
    inspection = Inspection(file.path, kind, samples, samples_by_name_only=True)
    if len(samples.columns):
        inspection.notes.append(
            "part_1, part_2 … are the column names cut at _ . - and spaces; they are no metadata. Make columns of them "
            "with `derive` (config.yaml) or with a sample sheet."
        )
    try:
        inspection.show_values(read_expression_table(file.path), TABLE.word)
    except SidemineError as error:
        inspection.show_unreadable_values(error)
    return inspection


def _may_be_text(start: bytes) -> bool:
    return (
        bool(start)
        and not start.startswith((b"<", b"PK\x03\x04"))
        and (b"\x00" not in start or start.startswith(_UTF16_MARKS))
    )


def parts_of_names(names: Sequence[str]) -> pd.DataFrame:
    """Return the parts of names: index `sample`, columns part_1, part_2 … ('' = none); no column where none has two."""
    import pandas as pd

    parts = [re.split(r"[_.\- ]", name) for name in names]
    widest = max(map(len, parts), default=0)
    columns = {
        f"part_{number + 1}": [cells[number] if number < len(cells) else "" for cells in parts]
        for number in range(widest if widest > 1 else 0)
    }
    return pd.DataFrame(columns, index=pd.Index(list(names), name="sample", dtype=object), dtype=object)


TABLE = BulkLayout(
    word="table",
    meaning="table (genes × samples; text or spreadsheet)",
    form="numbers",
    own_columns=("sheet", "gene_column", "annotation_columns"),
    inspect=_inspect,
    inspects_rest=True,
    list_columns=list_table_columns,
    read=_read,
    reads_columns=True,
)

"""Read columns of a Parquet file as a text table. To be called inside `run_isolated`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARQUET_MAGIC = b"PAR1"
PRELOAD = ("numpy", "pyarrow.csv", "pyarrow.parquet", "pyarrow.compute")
_ROWS = 2**16


def read_parquet_columns(path: Path, columns: Sequence[str]) -> NDArray[Any]:
    """Return those of some columns that a file has as bytes of text: tabs between cells, the header first.

    Where it has none of them, all are named in the header and no row follows.

    Parameters
    ----------
    path
        The file.
    columns
        Names of columns of texts or numbers; a missing value becomes an empty cell.

    Raises
    ------
    InputError
        When the file is no Parquet or is damaged, or one of these columns holds something else.

    Returns
    -------
    numpy.ndarray
        uint8, one value per byte of the text.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        with parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            schema = file.schema_arrow
            chosen = [schema.field(name) for name in columns if schema.names.count(name) == 1]
            if not chosen:
                return np.frombuffer("\t".join(schema.names).encode() + b"\n", np.uint8)
            if strange := [field for field in chosen if not _is_plain(field.type)]:
                raise InputError(
                    Problem(
                        f"column {strange[0].name} holds no texts or numbers",
                        f"{path}: it is of type {str(strange[0].type)[:60]}",
                        "texts or numbers in every column that is read",
                        "Export the table again.",
                    )
                )
            plain = pa.schema([(field.name, _plain(field.type)) for field in chosen])
            text = io.BytesIO()
            with csv.CSVWriter(text, plain, write_options=csv.WriteOptions(delimiter="\t")) as writer:
                for batch in file.iter_batches(_ROWS, columns=plain.names, use_threads=False):
                    writer.write_table(pa.Table.from_batches([batch]).select(plain.names).cast(plain))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError) as error:
        raise InputError(
            Problem(
                "the file cannot be read as Parquet",
                f"{path}: {str(error)[:200]}",
                "a complete Parquet file",
                "Retrieve the file again, or save the table as CSV.",
            )
        ) from error
    return np.frombuffer(text.getbuffer(), np.uint8)


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    value = _plain(kind)
    return bool(types.is_string(value) or types.is_floating(value) or types.is_integer(value) or types.is_null(value))


def _plain(kind: Any) -> Any:
    """Return the type of the values, which may stand in a dictionary; long texts as texts."""
    import pyarrow as pa
    from pyarrow import types

    value = kind.value_type if types.is_dictionary(kind) else kind
    return pa.string() if types.is_large_string(value) else value

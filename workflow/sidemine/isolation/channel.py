"""What crosses the pipe between a reader's process and ours: JSON and the bytes of numeric arrays, never pickle.

A message is the length of a JSON text (8 bytes), the text, and the bytes of the arrays that it names, in order. What a
file holds can therefore become text, numbers and missing values here, and nothing that runs.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMERIC_KINDS = "biuf"
_LENGTH_BYTES = 8


def send(stream: IO[bytes], value: object) -> None:
    """Write one value.

    Parameters
    ----------
    stream
        Binary stream.
    value
        None, truth values, numbers, texts, paths; lists, tuples and mappings (keys are text) of these; numeric NumPy
        arrays; SciPy sparse matrices (they arrive as CSR); tables of text (pandas, object columns); dataclasses (they
        arrive as a mapping of their fields).

    Raises
    ------
    TypeError
        When the value holds anything else.
    """
    arrays: list[NDArray[Any]] = []
    text = json.dumps(_encode(value, arrays), separators=(",", ":")).encode("ascii")
    stream.write(len(text).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(text)
    for array in arrays:
        stream.write(array.data.cast("B") if array.size else b"")
    stream.flush()


def receive(stream: IO[bytes], most_bytes: int) -> Any:
    """Read one value that `send` wrote.

    Parameters
    ----------
    stream
        Binary stream.
    most_bytes
        A longer message is refused before it is read.

    Raises
    ------
    EOFError
        When the stream ends before the message does.
    ValueError
        When the message is none, or is longer than allowed.
    """
    size = int.from_bytes(_exactly(stream, _LENGTH_BYTES), "little")
    if size > most_bytes:
        raise ValueError("the message is longer than allowed")
    return _Decoder(stream, most_bytes - size).decode(json.loads(_exactly(stream, size)))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the message ends too early")
    return data


def _encode(value: object, arrays: list[NDArray[Any]]) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_encode(part, arrays) for part in value]
    if isinstance(value, tuple):
        return {"$tuple": [_encode(part, arrays) for part in value]}
    if isinstance(value, Path):
        return {"$path": str(value)}
    if isinstance(value, dict):
        return {"$mapping": [[str(key), _encode(part, arrays)] for key, part in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _encode(fields, arrays)
    return _encode_of_library(value, arrays)


def _encode_of_library(value: Any, arrays: list[NDArray[Any]]) -> object:
    import numpy as np
    import pandas as pd
    import scipy.sparse as sp

    if isinstance(value, np.generic):
        return _encode(value.item(), arrays)
    if isinstance(value, np.ndarray) and value.dtype.kind in _NUMERIC_KINDS and value.dtype.isnative:
        arrays.append(np.ascontiguousarray(value))
        return {"$array": [value.dtype.str, list(value.shape)]}
    if sp.issparse(value):
        rows = value.tocsr()
        return {"$csr": [_encode(part, arrays) for part in (rows.data, rows.indices, rows.indptr, list(rows.shape))]}
    if isinstance(value, pd.DataFrame):
        # Metadata of cells repeat few texts many times: each is sent once.
        columns = [[str(name), *_factorised(value[name], arrays)] for name in value.columns]
        return {"$frame": [[str(name) for name in value.index], value.index.name, columns]}
    raise TypeError(f"{type(value).__name__} does not cross the channel")


def _factorised(column: Any, arrays: list[NDArray[Any]]) -> tuple[object, list[str]]:
    import pandas as pd

    codes, texts = pd.factorize(column)
    if not all(isinstance(text, str) for text in texts) or (codes < 0).any():
        raise TypeError("a column that is not text does not cross the channel")
    return _encode(codes.astype("int32"), arrays), [str(text) for text in texts]


class _Decoder:
    """Rebuilds the value of one message; the arrays follow the text in the order in which the text names them."""

    def __init__(self, stream: IO[bytes], most_bytes: int) -> None:
        self._stream = stream
        self._left = most_bytes

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(part) for part in value] if any(map(_is_nested, value)) else value
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "$tuple":
            return tuple(self.decode(content))
        if kind == "$path":
            return Path(content)
        if kind == "$mapping":
            return {key: self.decode(part) for key, part in content}
        if kind == "$array":
            return self._array(*content)
        return self._csr(content) if kind == "$csr" else self._frame(*content)

    def _array(self, dtype: str, shape: list[int]) -> NDArray[Any]:
        import numpy as np

        kind = np.dtype(dtype)
        size = kind.itemsize
        for length in shape:
            size *= length
        if kind.kind not in _NUMERIC_KINDS or min(shape, default=0) < 0 or size > self._left:
            raise ValueError("the message holds an array that is not numeric, or larger than allowed")
        self._left -= size
        array = np.empty(shape, kind)
        # One call fills a buffered stream's target or meets its end.
        if size and self._stream.readinto(array.data.cast("B")) < size:  # type: ignore[attr-defined]
            raise EOFError("the message ends too early")
        return array

    def _csr(self, parts: list[Any]) -> Any:
        import scipy.sparse as sp

        data, indices, indptr, shape = self.decode(parts)
        # The constructor checks that lengths and shape fit; check_format also that each index lies within the shape.
        matrix = sp.csr_matrix((data, indices, indptr), shape=tuple(shape))
        matrix.check_format(full_check=True)
        return matrix

    def _frame(self, index: list[str], name: str | None, columns: list[Any]) -> Any:
        import numpy as np
        import pandas as pd

        taken = {
            column: np.array(texts, dtype=object)[self.decode(codes)] if texts else []
            for column, codes, texts in columns
        }
        return pd.DataFrame(taken, index=pd.Index(index, name=name, dtype=object), dtype=object)


def _is_nested(value: object) -> bool:
    return isinstance(value, list | dict)

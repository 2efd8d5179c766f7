"""The record that lies beside each retrieved file: what it is, where it came from, when."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from sidemine.errors import InputError, Problem, RetrievalError
from sidemine.records import ABSENT, as_json, read_record

_SUFFIX = ".record.json"


@dataclass(frozen=True)
class InputRecord:
    """One retrieved input.

    Attributes
    ----------
    key
        Path below `downloads/<study>/`.
    url
        The address that served it, or the local path as written.
    urls_tried
        All addresses asked, in order, `url` last.
    sha256, size
        Digest and size in bytes of the file.
    etag
        The server's entity tag; '' where it gave none.
    retrieved
        Date (YYYY-MM-DD) on which this content was first retrieved; '' for simulated files.
    mutable
        The address serves a changing file.
    simulated
        The file carries the mark of the simulator.
    mirror
        It was served by a mirror folder.
    by_hand
        A person put it into the downloads folder.
    missing
        Why there is nothing, in words: then the file is empty, stands for what an unverified row of `lines.tsv` names, and is
        looked for again in the next run. None: the file is there.
    """

    key: str
    url: str
    urls_tried: tuple[str, ...]
    sha256: str
    size: int
    etag: str
    retrieved: str
    mutable: bool
    simulated: bool
    mirror: bool
    by_hand: bool = False
    missing: str | None = field(default=None, metadata=ABSENT)

    def write_beside(self, file: Path) -> None:
        """Write the record of `file` beside it, in one step, the same bytes every time."""
        text = json.dumps(as_json(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        replace_file(record_path(file), text.encode("utf-8"))

    @classmethod
    def read(cls, path: Path) -> InputRecord:
        """Read the record of a retrieved file.

        Parameters
        ----------
        path
            The retrieved file, or its record.

        Raises
        ------
        RetrievalError
            When there is no record, or it cannot be read.
        """
        path = path if path.name.endswith(_SUFFIX) else record_path(path)
        try:
            return read_record(cls, path)
        except (OSError, ValueError, InputError) as error:
            raise RetrievalError(
                Problem(
                    "the record of an input is missing or cannot be read",
                    f"{path}: {error}",
                    "a JSON file that the retrieve stage wrote beside the input",
                    "Delete the input, so that it is retrieved again.",
                )
            ) from error


def record_path(file: Path) -> Path:
    """Return where the record of a retrieved file lies.

    >>> record_path(Path("downloads/demo/host/a.gz")).name
    'a.gz.record.json'
    """
    return file.with_name(file.name + _SUFFIX)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: to a temporary name on the same disk, flushed, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)

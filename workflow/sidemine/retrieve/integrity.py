"""Is a file whole, and is it what its address promised? Every byte is looked at before a file is let in."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from sidemine.errors import InputError
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.forms import HEAD, Form, Head, end_mark_of, error_in_place_of_data, find_wrong_form
from sidemine.study.paths import is_url
from sidemine.text import archive

_BLOCK = 2**20
_TAIL = 4096
_ENOUGH = 16  # bytes: no earlier judgement of a body of which only a few bytes have come
_MAX_PACKINGS = 3
MAX_UNPACKED = 64 * 2**30
"""Most bytes that a compressed file may unpack to (64 GiB)."""
_MAX_RATIO = 400
_RATIO_MATTERS_FROM = 256 * 2**20
_SCANNED_BYTES = 2**30
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_NAMES_OF_KINDS: dict[str, tuple[str, ...]] = {
    "gzip": (".gz", ".tgz"),
    "zip": (".zip", ".xlsx"),
    "tar": (".tar",),
    "HDF5": (".h5ad", ".h5", ".hdf5"),
}
_KIND_TESTS: dict[str, Callable[[Path], bool]] = {
    "gzip": archive.is_gzip,
    "zip": archive.is_zip,
    "tar": archive.is_tar,
    "HDF5": lambda path: _starts_with(path, _HDF5_MAGIC),
}


class _MemberReader(Protocol):
    """`iter_tar_members` or `iter_zip_members`."""

    def __call__(self, path: Path, *, max_member_bytes: int, max_members: int) -> Iterator[tuple[str, BinaryIO]]: ...


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def file_name_of(location: str) -> str:
    """Return the file name that an address or path promises: `file=` of the query before the end of the path.

    >>> file_name_of("https://h/download/?file=a.tsv.gz"), file_name_of("https://h/x/b.zip?download=1")
    ('a.tsv.gz', 'b.zip')
    """
    if not is_url(location):
        return Path(location).name
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query)).get("file") or parts.path.rsplit("/", 1)[-1]


def find_defect(
    path: Path,
    name: str,
    *,
    form: Form = "any",
    max_unpacked: int = MAX_UNPACKED,
    max_members: int = archive.MAX_MEMBERS,
) -> str | None:
    """Look at every byte of a file and tell what is wrong with it.

    Parameters
    ----------
    path
        The file.
    name
        The name that its address promised; its suffix says what the content has to be.
    form
        What the study declares it to be.
    max_unpacked
        Most bytes that it may unpack to, all members together.
    max_members
        Most members of an archive.

    Returns
    -------
    str or None
        What is wrong (empty, a web page or error text, not of the promised kind or declared form, damaged, cut short, a
        bomb, unsafe members), in one clause; None when all is well.
    """
    size = path.stat().st_size
    if size == 0:
        return "the file is empty"
    promised = next((kind for kind, ends in _NAMES_OF_KINDS.items() if name.lower().endswith(ends)), None)
    limit = min(max_unpacked, max(_RATIO_MATTERS_FROM, _MAX_RATIO * size))
    try:
        with _open_innermost(path, limit) as stream:
            head = _read_head(stream)
            if not head:
                return "the file is empty"
            if (wrong := find_wrong_form(head, form)) is not None:
                return wrong
            if (cut := _cut_hdf5(path)) is not None:
                return cut
            if promised is not None and not _KIND_TESTS[promised](path):
                return f"its name promises {promised}, its content is something else"
            # Archives are read member by member below; nothing in an HDF5 file shows damage to a plain reader.
            must_read = Head.of(head).kind in {"text", "binary"} or archive.is_gzip(path)
            if must_read and (wrong := _read_to_the_end(head, stream, form)) is not None:
                return wrong
        if archive.is_tar(path):
            _drain_members(archive.iter_tar_members, path, limit, max_members)
        elif archive.is_zip(path):
            _drain_members(archive.iter_zip_members, path, limit, max_members)
    except InputError as error:
        problem = error.problems[0]
        member = problem.where.removeprefix(str(path)).lstrip(", ")
        return f"{problem.what} ({member})" if member else problem.what
    return None


def find_early(head: bytes, form: Form = "any") -> str | None:
    """Tell from the first bytes of a body, as they come, that the rest need not be waited for; None otherwise."""
    if len(head) < _ENOUGH:
        return None
    if (error := error_in_place_of_data(head, admits_xml=form in {"metadata", "any"})) is not None:
        return f"the server sent {error} with status 200 in place of the file"
    is_binary_form = form in {"archive", "hdf5"} and not head.startswith(archive.GZIP_MAGIC)
    return find_wrong_form(head, form) if is_binary_form and len(head) >= _TAIL else None


@contextmanager
def _open_innermost(path: Path, limit: int) -> Iterator[BinaryIO]:
    """Open a file, unpacked as long as it is gzip: some files are packed twice."""
    with path.open("rb") as raw:
        stream = archive.open_gunzipped(raw, limit, str(path))
        for _ in range(_MAX_PACKINGS - 1):
            if cast("io.BufferedReader", stream).peek(2)[:2] == archive.GZIP_MAGIC:
                stream = archive.open_gunzipped(stream, limit, str(path))
        yield stream


def _read_head(stream: BinaryIO) -> bytes:
    head = b""
    while len(head) < HEAD and (block := stream.read(HEAD - len(head))):
        head += block
    return head


def _read_to_the_end(head: bytes, stream: BinaryIO, form: Form) -> str | None:
    """Read a stream to its end, so that checksums are checked; of a text, look for zero bytes and its end mark."""
    kind = Head.of(head)
    mark = end_mark_of(head) if form == "series_matrix" else None
    tail = head
    while block := stream.read(_BLOCK):
        if kind.kind == "text" and not kind.is_wide and b"\0" in block:
            return "it has zero bytes, so it is no text"
        tail = tail[-_TAIL:] + block
    if mark is not None and mark not in tail[-_TAIL:].lower():
        return f"it has no {mark.decode()}, so it is cut short"
    return None


def find_open_end(path: Path) -> str | None:
    """Tell, of a file without other defect, what shows that its end is missing; None when nothing does."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        kind = Head.of(head)
        stream.seek(max(0, path.stat().st_size - _TAIL))
        tail = stream.read()
    if kind.kind != "text":
        return None
    if kind.is_wide:
        ends = (b"\n\0", b"\r\0") if head.startswith(codecs.BOM_UTF16_LE) else (b"\0\n", b"\0\r")
        return None if tail.endswith(ends) and path.stat().st_size % 2 == 0 else "the last line is not complete"
    if not tail.endswith((b"\n", b"\r")):
        return "the last line is not complete"
    mark = end_mark_of(head)
    return f"it has no {mark.decode()}" if mark is not None and mark not in tail.lower() else None


def ends_itself(path: Path) -> bool:
    """Tell whether a file without defect shows by itself that nothing is missing.

    GEO's texts do, by an end mark; zip and HDF5 files do, by what they say of their size. Other texts, tar files and gzip
    files, which may have several members, may end too early and look whole.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    return Head.of(head).kind in {"zip", "HDF5"} or end_mark_of(head) is not None


def _cut_hdf5(path: Path) -> str | None:
    """Tell whether an HDF5 file is shorter than its superblock says (HDF5 file format specification, section II.A)."""
    with path.open("rb") as stream:
        block = stream.read(64)
    if not block.startswith(_HDF5_MAGIC):
        return None
    # Versions 0 and 1, and 2 and 3, keep the end-of-file address at different places; addresses of 8 bytes only,
    # which is what every 64-bit writer makes.
    places = {0: (13, 40), 1: (13, 44), 2: (9, 28), 3: (9, 28)}
    version = block[8] if len(block) > 8 else -1
    if version not in places or len(block) < 64:
        return "its HDF5 superblock cannot be read"
    size_at, end_at = places[version]
    if block[size_at] != 8:
        return None
    promised, size = int.from_bytes(block[end_at : end_at + 8], "little"), path.stat().st_size
    return f"the HDF5 file is cut short: {size:,} of {promised:,} bytes" if size < promised else None


def _drain(stream: BinaryIO) -> int:
    """Read a stream to its end, so that its checksum is checked, and return how many bytes came."""
    total = 0
    while block := stream.read(_BLOCK):
        total += len(block)
    return total


def _drain_members(members: _MemberReader, path: Path, limit: int, max_members: int) -> None:
    left = limit
    for _, stream in members(path, max_member_bytes=limit, max_members=max_members):
        left -= _drain(stream)
        if left < 0:
            raise InputError(archive.too_much(str(path), limit))


def carries_simulation_marker(path: Path) -> bool:
    """Tell whether a file carries the mark that the simulator puts into everything it writes.

    Looked at: the first GiB of the file, unpacked where it is gzip, and of each member of a zip or tar (so wherever
    the mark stands in files of the sizes that the simulator writes, HTSeq counters at the end included).

    Raises
    ------
    InputError
        When the file is damaged.
    """
    if archive.is_tar(path):
        members = archive.iter_tar_members(path)
    elif archive.is_zip(path):
        members = archive.iter_zip_members(path)
    else:
        with archive.open_data(path) as stream:
            return _holds_marker(stream)
    return any(_holds_marker(stream) for _, stream in members)


def _holds_marker(stream: BinaryIO) -> bool:
    mark = SIMULATION_MARKER.encode("ascii")
    seen, tail = 0, b""
    while seen < _SCANNED_BYTES and (block := stream.read(_BLOCK)):
        if mark in tail + block:
            return True
        seen += len(block)
        tail = block[-len(mark) :]
    return False

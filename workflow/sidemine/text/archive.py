"""Read the members of tar and zip archives safely: one after the other, never unpacked to disk, bounded.

What is refused: links and devices, absolute paths and `..`, encrypted members, more members or bytes than allowed.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from isal import igzip, isal_zlib

from sidemine.errors import InputError, Problem

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 16 * 2**30
GZIP_MAGIC = b"\x1f\x8b"
_TAR_BLOCK = 512
DAMAGED: tuple[type[Exception], ...] = (
    EOFError,
    OSError,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),  # its stubs call the class an instance
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)
"""What the decompressors raise on damaged data (gzip.BadGzipFile is an OSError)."""
_UNREADABLE: tuple[type[Exception], ...] = DAMAGED + (RuntimeError, NotImplementedError, ValueError)  # noqa: RUF005
"""The same, with what zipfile raises on encryption and compression that it does not know."""


class BoundedReader(io.RawIOBase):
    """A readable stream that refuses to give more than a number of bytes, and names its file when data are damaged.

    Parameters
    ----------
    stream
        The stream below.
    limit
        Most bytes that it may give.
    where
        File and member, for messages.
    """

    def __init__(self, stream: IO[bytes], limit: int, where: str) -> None:
        self._stream = stream
        self._left = limit
        self._limit = limit
        self._where = where

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with the next bytes.

        Raises
        ------
        InputError
            When the data are damaged or cut short, or go beyond the limit.
        """
        try:
            data = self._stream.read(len(buffer))
        except _UNREADABLE as error:
            raise InputError(_damaged(self._where, error)) from error
        self._left -= len(data)
        if self._left < 0:
            raise InputError(too_much(self._where, self._limit))
        buffer[: len(data)] = data
        return len(data)


def too_much(where: str, limit: int) -> Problem:
    """Return the problem of a file that unpacks to more than `limit` bytes."""
    return Problem(
        f"it unpacks to more than {limit:,} bytes",
        where,
        f"at most {limit:,} bytes unpacked",
        "Look at the file by hand; a small file that unpacks without end is not data.",
    )


def _damaged(where: str, error: Exception) -> Problem:
    return Problem(
        f"the file is damaged or cut short ({type(error).__name__}: {error})",
        where,
        "a complete file",
        "Delete it, so that it is retrieved again; if it was put there by hand, fetch it again.",
    )


def open_gunzipped(stream: IO[bytes], limit: int, where: str) -> BinaryIO:
    """Return `stream` unpacked when it starts with gzip's magic bytes, as it is otherwise; bounded by `limit`.

    Parameters
    ----------
    stream
        Binary stream at its start; it must be seekable or have `peek`.
    limit
        Most bytes that may come out.
    where
        File and member, for messages.

    Raises
    ------
    InputError
        When the stream cannot be read; later, while reading, when data are damaged, cut short or too many.
    """
    buffered = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", stream)))
    try:
        head = cast("io.BufferedReader", buffered).peek(2)[:2]
    except _UNREADABLE as error:
        raise InputError(_damaged(where, error)) from error
    inner = cast("IO[bytes]", igzip.IGzipFile(fileobj=buffered, mode="rb")) if head == GZIP_MAGIC else buffered
    return io.BufferedReader(BoundedReader(inner, limit, where), buffer_size=2**18)


@contextmanager
def open_data(path: Path, limit: int = 2**40) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked when its content (not its name) is gzip.

    Parameters
    ----------
    path
        The file.
    limit
        Most bytes that may come out.

    Raises
    ------
    InputError
        While reading, when the data are damaged, cut short or too many.
    """
    with path.open("rb") as raw:
        yield open_gunzipped(raw, limit, str(path))


def check_member_name(name: str, where: str) -> None:
    """Refuse the name of a member that leads out of its archive.

    Raises
    ------
    InputError
        When the name is absolute, or holds `..`, a drive letter or a NUL character.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":":
        raise InputError(
            Problem(
                "a member of the archive has a name that leads out of it",
                f"{where}, member {name!r}",
                "relative names without ..",
                "Do not use this file: archives made in good faith have no such names.",
            )
        )


def iter_tar_members(
    path: Path | IO[bytes],
    *,
    max_member_bytes: int = MAX_MEMBER_BYTES,
    max_members: int = MAX_MEMBERS,
    where: str = "",
) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the files of a tar (plain or compressed), in its order, each with a stream of its content.

    Parameters
    ----------
    path
        The archive: a path, or a seekable stream.
    max_member_bytes
        Most bytes that one member may have after unpacking.
    max_members
        Most members.
    where
        Its name in messages; default: the path.

    Yields
    ------
    tuple of str and binary stream
        The member's name as it stands in the archive, and its content, unpacked where it is gzip (whatever its name
        says). The stream is good until the next member is asked for.

    Raises
    ------
    InputError
        When a member is a link or device, has an unsafe name, is too large or damaged; when there are too many; when
        the archive is cut short.
    """
    where = where or str(path)
    with _open_tar(path, where) as archive:
        for count, member in enumerate(_members_of(archive, where), start=1):
            _check_count(count, max_members, where)
            check_member_name(member.name, where)
            if member.isdir():
                continue
            if not member.isfile() or member.issparse():
                raise InputError(
                    Problem(
                        "a member of the archive is no ordinary file",
                        f"{where}, member {member.name!r}",
                        "files and folders; no links, no devices",
                        "Unpack the archive by hand, look at it, and pack its files again.",
                    )
                )
            stream = archive.extractfile(member)
            if stream is not None:
                yield member.name, open_gunzipped(stream, max_member_bytes, f"{where}, member {member.name!r}")
        _check_end_of_tar(archive, where)


@contextmanager
def _open_tar(path: Path | IO[bytes], where: str) -> Iterator[tarfile.TarFile]:
    try:
        archive = (
            tarfile.open(path, mode="r:*")  # noqa: SIM115
            if isinstance(path, Path)
            else tarfile.open(fileobj=path, mode="r:*")  # noqa: SIM115
        )
    except DAMAGED as error:
        raise InputError(_damaged(where, error)) from error
    with archive:
        yield archive


def _members_of(archive: tarfile.TarFile, where: str) -> Iterator[tarfile.TarInfo]:
    while True:
        try:
            member = archive.next()
        except DAMAGED as error:
            raise InputError(_damaged(where, error)) from error
        if member is None:
            return
        yield member


def _check_end_of_tar(archive: tarfile.TarFile, where: str) -> None:
    """Raise unless the archive ends in a block of zeros: one cut between two members looks complete otherwise."""
    stream = archive.fileobj
    try:
        stream.seek(archive.offset)
        mark = stream.read(_TAR_BLOCK)
    except DAMAGED as error:
        raise InputError(_damaged(where, error)) from error
    if mark != b"\0" * _TAR_BLOCK:
        raise InputError(_damaged(where, EOFError("the end-of-archive mark is missing")))


def iter_zip_members(
    path: Path | IO[bytes],
    *,
    max_member_bytes: int = MAX_MEMBER_BYTES,
    max_members: int = MAX_MEMBERS,
    where: str = "",
) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the files of a zip, in its order, each with a stream of its content.

    The checksum of a member is checked when its stream has been read to the end.

    Parameters
    ----------
    path, max_member_bytes, max_members, where
        As in `iter_tar_members`.

    Raises
    ------
    InputError
        When a member has an unsafe name, is encrypted, too large or damaged; when there are too many members.
    """
    where = where or str(path)
    try:
        archive = zipfile.ZipFile(path)
    except _UNREADABLE as error:
        raise InputError(_damaged(where, error)) from error
    with archive:
        _check_count(len(archive.infolist()), max_members, where)
        for member in archive.infolist():
            check_member_name(member.filename, where)
            if member.is_dir():
                continue
            place = f"{where}, member {member.filename!r}"
            try:
                stream = archive.open(member)
            except _UNREADABLE as error:  # encrypted; unknown compression
                raise InputError(_damaged(place, error)) from error
            with stream:
                # The size in the archive's directory may lie, so the stream itself is bounded.
                yield member.filename, open_gunzipped(stream, max_member_bytes, place)


def _check_count(count: int, limit: int, where: str) -> None:
    if count > limit:
        raise InputError(
            Problem(
                f"the archive has more than {limit:,} members",
                where,
                f"at most {limit:,} members",
                "Look at the file by hand; pack the members that are needed into an archive of their own.",
            )
        )


def is_gzip(path: Path) -> bool:
    """Tell whether the content of a file is gzip, whatever its name says."""
    with path.open("rb") as stream:
        return stream.read(2) == GZIP_MAGIC


def is_tar(path: Path) -> bool:
    """Tell whether a file, unpacked when it is gzip, is a tar (its magic `ustar` stands at byte 257)."""
    try:
        with open_data(path) as stream:
            return stream.read(_TAR_BLOCK)[257:262] == b"ustar"
    except InputError:
        return False


def is_zip(path: Path) -> bool:
    """Tell whether a file starts as a zip does (xlsx files are zips)."""
    with path.open("rb") as stream:
        return stream.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}

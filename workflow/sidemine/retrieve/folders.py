"""A local folder of files as one input: packed into a tar, the same bytes for the same files."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from sidemine.errors import Problem, RetrievalError
from sidemine.text.archive import MAX_MEMBERS


def files_of_folder(folder: Path) -> list[Path]:
    """Return the files of a folder and of its sub-folders, sorted by path; hidden ones (`.name`) are left out.

    Raises
    ------
    OSError
        When a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    files = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(place) / name for name in names if not name.startswith(".")]
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix())


def pack_folder(folder: Path, target: Path, max_bytes: int, purpose: str) -> None:
    """Write the files of a folder into a tar: sorted by path, without dates, owners and rights.

    Parameters
    ----------
    folder
        The folder; hidden files and folders are left out.
    target
        The tar to write.
    max_bytes
        Most bytes of all files together.
    purpose
        What the folder is for, for messages.

    Raises
    ------
    RetrievalError
        When it holds no file, a link or something else that is no plain file, too many files, or too many bytes.
    """
    files = files_of_folder(folder)
    odd = [file for file in files if file.is_symlink() or not file.is_file()]
    size = sum(file.stat().st_size for file in files if file not in odd)
    complaint = (
        f"holds a link, or something else that is no plain file ({odd[0].name})"
        if odd
        else "holds no file"
        if not files
        else f"holds {len(files):,} files, more than {MAX_MEMBERS:,}"
        if len(files) > MAX_MEMBERS
        else f"holds {size:,} bytes, more than settings.max_download_gb allows ({max_bytes:,})"
        if size > max_bytes
        else ""
    )
    if complaint:
        raise RetrievalError(
            Problem(
                f"a folder given as input {complaint}",
                f"{purpose}: {folder}",
                f"a folder of plain files, at most {MAX_MEMBERS:,} files and {max_bytes:,} bytes",
                "Put only the files that are meant into a folder of their own, and name that one.",
            )
        )
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            member = tarfile.TarInfo(file.relative_to(folder).as_posix())
            member.size = file.stat().st_size
            with file.open("rb") as stream:
                archive.addfile(member, stream)
    with target.open("rb+") as stream:
        os.fsync(stream.fileno())

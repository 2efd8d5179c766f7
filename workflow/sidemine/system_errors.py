"""Failures of disk, rights and memory in four parts: they are facts of the machine, never bugs of sidemine."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from sidemine.errors import Problem, StudyError

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota of this user is used up",
    errno.EFBIG: "a file would become larger than the system or a limit (ulimit -f) allows",
}
_OTHERS = {
    errno.EACCES: (
        "the right to use a file or folder is missing",
        "a file that this user may read, or a folder that this user may write",
        "Change its owner or rights (ls -l shows them), or name another place.",
    ),
    errno.EROFS: (
        "the file system can only be read",
        "a folder on a disk that can be written",
        "Name another place (of a run `--config results=FOLDER downloads=FOLDER`), or another working folder.",
    ),
    errno.ENOENT: (
        "a file or folder is not there",
        "a path that exists",
        "Check the path; when it was there a moment ago, somebody removed it: give the same command again.",
    ),
    errno.ENOTDIR: (
        "a file stands where a folder is needed",
        "a folder, or a name that is free",
        "Move the file away, or name another place.",
    ),
    errno.EISDIR: ("a folder stands where a file is needed", "a file", "Name a file, or move the folder away."),
    errno.ENAMETOOLONG: (
        "a path is longer than the system allows",
        "at most 255 bytes per name, and 4,096 in all",
        "Use shorter names, or a working folder that lies less deep.",
    ),
    errno.ELOOP: ("symbolic links lead in a circle", "links that end at a file or folder", "Remove or mend the link."),
    errno.EMFILE: (
        "too many files are open at the same time",
        "fewer open files than the limit (ulimit -n)",
        "Raise the limit (ulimit -n 4096), or run fewer jobs at a time.",
    ),
    errno.EIO: (
        "the disk does not read or write what it should",
        "a disk without faults",
        "Look into the system's log (dmesg), and copy the files to another disk.",
    ),
}
_SAME = {
    errno.EPERM: errno.EACCES,
    errno.EEXIST: errno.ENOTDIR,
    errno.ENFILE: errno.EMFILE,
    errno.ESTALE: errno.EIO,
}
_LEAST_FREE = 50 * 10**6
"""A run does not start with less room than this: Snakemake's own records need some, and fail without a message."""
_CODE_IN_TEXT = re.compile(r"errno = (\d+)")


def explain_system_error(error: BaseException) -> Problem | None:
    """Return the problem that the operating system reported; None when the error is of another kind.

    Parameters
    ----------
    error
        An `OSError` or `MemoryError`, or an error of a library (HDF5) that wraps one.
    """
    if isinstance(error, MemoryError):
        return _no_memory()
    code = _code_of(error)
    if code is None:
        return None
    path = _path_of(error)
    where = str(path) if path else "a file whose name the system did not tell"
    code = _SAME.get(code, code)
    if code in _FULL:
        return _full(code, path, where)
    if code == errno.ENOMEM:
        return _no_memory()
    if code in _OTHERS:
        what, allowed, next_step = _OTHERS[code]
        return Problem(what, where, allowed, next_step)
    return Problem(
        f"the operating system refused something: {os.strerror(code) if code else str(error)[:200]}",
        where,
        "files, folders and connections that work as usual",
        "Mend this, and give the same command again.",
    )


def _code_of(error: BaseException) -> int | None:
    """Return the system's code; 0 for an OSError without one, None for what is none."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    text = str(error)
    if match := _CODE_IN_TEXT.search(text):
        return int(match[1])
    # HDF5 wraps what the system said at the end of a text of its own.
    code = next((code for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) if os.strerror(code) in text), None)
    return 0 if code is None and isinstance(error, OSError) else code


def _path_of(error: BaseException) -> Path | None:
    if isinstance(error, OSError):
        # Of a copy, the second name is the one that is written.
        for name in (error.filename2, error.filename):
            if isinstance(name, str | bytes | os.PathLike):
                return Path(os.fsdecode(name))
    # Errors of reading and writing do not name their file: the function that was at it knows.
    return next(iter(_paths_in(error.__traceback__)), None)


def _paths_in(traceback: TracebackType | None) -> list[Path]:
    paths: list[Path] = []
    while traceback is not None:
        scope = traceback.tb_frame.f_locals
        named = [scope[name] for name in ("path", "output", "target", "part") if isinstance(scope.get(name), Path)]
        paths = named[:1] + paths
        traceback = traceback.tb_next
    return paths


def _full(code: int, path: Path | None, where: str) -> Problem:
    if path and (folder := next((parent for parent in path.parents if parent.is_dir()), None)):
        where += f" ({shutil.disk_usage(folder).free / 1e6:,.0f} MB free on its disk)"
    return Problem(
        _FULL[code],
        where,
        "room for the inputs, their unpacked content and the results: a few GB for most studies",
        "Make room, or name another disk (of a run --config results=FOLDER downloads=FOLDER; TMPDIR for temporary files); then "
        "give the same command again: what was finished is kept.",
    )


def _no_memory() -> Problem:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return Problem(
        "the memory does not suffice",
        f"this machine has {memory:.0f} GB; a limit of the shell (ulimit -v) or of a batch job may be lower",
        "as much memory as the largest data set needs, for each job that runs at a time",
        "Run fewer jobs at a time (--cores), end other programs, or use a machine with more memory.",
    )


def check_writable(folders: Iterable[Path]) -> None:
    """Check that files can be written in these folders, before any work; they are made when they are missing.

    Raises
    ------
    StudyError
        With all folders that cannot be made or written.
    """
    problems = list(_unwritable(folders))
    if problems:
        raise StudyError(problems)


def _unwritable(folders: Iterable[Path]) -> Iterator[Problem]:
    for folder in folders:
        probe = folder / f".sidemine_{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # One byte that reaches the disk: a full one accepts an empty file.
            with probe.open("wb", buffering=0) as stream:
                stream.write(b"\n")
            if shutil.disk_usage(folder).free < _LEAST_FREE:
                raise OSError(errno.ENOSPC, "", str(folder / "…"))
        except OSError as error:
            problem = explain_system_error(error)
            assert problem is not None  # noqa: S101 - every OSError has one
            yield problem
        finally:
            _remove(probe)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return

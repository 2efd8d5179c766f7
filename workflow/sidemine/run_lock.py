"""One run per study at a time, by a lock that ends with the process that holds it."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from pathlib import Path

from sidemine.errors import Problem, StudyError

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL}


def hold_run_lock(results: Path, what: str = "study") -> None:
    """Hold the lock of a results folder until this process ends, however it ends.

    Snakemake's own lock is a record on disk: after a power cut or `kill -9` it has to be removed by hand. A lock of
    the operating system goes with its holder, so that the same command can simply be given again.

    Parameters
    ----------
    results
        Folder of its results; made when it is missing.
    what
        A study, or an atlas.

    Raises
    ------
    StudyError
        When another process holds the lock.
    """
    results.mkdir(parents=True, exist_ok=True)
    # A bare descriptor: it stays open, and the lock held, until the process ends. A file object would be closed before.
    lock = os.open(results / ".run_lock", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StudyError(
            Problem(
                f"another run of this {what} is under way",
                f"{results}",
                "one run per results folder at a time",
                "Wait for it to end"
                + (", or give this run another folder: --config results=FOLDER" if what == "study" else "."),
            )
        ) from None
    except OSError as error:  # some network file systems have no locks
        if error.errno not in _NO_LOCKS:
            raise
        os.close(lock)
        sys.stderr.write(
            f"Warning: the file system of {results} has no locks (flock): nothing refuses a second run of this {what} while this "
            "one works. Give it only one command at a time.\n"
        )

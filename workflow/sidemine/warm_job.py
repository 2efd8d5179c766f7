"""A job, or the reader of a file, starts warm: a process that has the libraries loaded already forks, and the fork does the work.

Loading pandas, SciPy and AnnData takes longer than the work of most jobs, and starting Python longer than that of many.
`engine/warm_process.py` stands by while a run lasts; who has work asks it here. Where none stands by (a container, another
system) the work starts a process as ever.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

READERS = "SIDEMINE_READERS"
"""Environment variable of a run's jobs: where the process stands by that forks for the readers of hostile files. Its value
is a place as in `ask_for_fork`."""
STREAMS = 3
"""Descriptors that a fork takes over from who asks: standard input, output and errors."""


@dataclass(frozen=True)
class Request:
    """What a fork needs of who asks for it.

    Attributes
    ----------
    script
        File that it runs.
    directory, environment
        Where, and with which variables.
    executable
        The interpreter: another one has other libraries.
    preload
        What is loaded before the fork.
    """

    script: str
    directory: str
    environment: dict[str, str]
    executable: str
    preload: Sequence[str] = ()


@dataclass(frozen=True)
class Fork:
    """A fork at work, until who asked for it ends or lets go of the connection.

    Attributes
    ----------
    number
        Of its process.
    connection
        To the process that stands by.
    """

    number: int
    connection: socket.socket

    def wait(self) -> int:
        """Return how it ended: its exit status, or the negative number of the signal that ended it."""
        told = b""
        with suppress(ConnectionError):
            told = self.connection.recv(32)
        self.connection.close()
        # Without an answer the process that stands by was ended, and its forks with it.
        return os.waitstatus_to_exitcode(int(told)) if told else -signal.SIGKILL

    def kill(self) -> None:
        """End it; `wait` still tells how it ended."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)


def ask_for_fork(place: str, request: Request, descriptors: Sequence[int]) -> Fork | None:
    """Have a script run by a fork.

    Parameters
    ----------
    place
        The process of the run, a colon, and the socket of the process that stands by.
    request
        What to run, and how.
    descriptors
        Its standard input, output and errors.

    Returns
    -------
    Fork
        None where no process stands by for us.
    """
    run, _, path = place.partition(":")
    with suppress(OSError, ValueError):
        if not path or not _is_of_run(int(run)):
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(path)
            socket.send_fds(connection, [json.dumps(asdict(request)).encode()], descriptors)
            if told := connection.recv(32):
                return Fork(int(told), connection)
        except BaseException:
            connection.close()
            raise
        connection.close()
    return None


def _is_of_run(run: int) -> bool:
    """Tell whether this process or an ancestor is the run, and sees the same files: not on a node, not in a container."""
    of_run = run == os.getpid() or run in _ancestors()
    return of_run and Path("/proc/self/ns/mnt").readlink() == Path(f"/proc/{run}/ns/mnt").readlink()


def _ancestors() -> Iterator[int]:
    process = os.getppid()
    while process > 1:
        yield process
        process = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])

"""A job of a run on this machine starts warm: a process that has the libraries loaded already forks, and the fork runs it.

Loading pandas, SciPy and AnnData takes longer than the work of most jobs. `engine/warm_process.py` stands by while a run
lasts; here a job asks it to take over. Where none stands by (a cluster, a container, another system) the job runs itself.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

PLACE = "SIDEMINE_WARM"
"""Environment variable of a run: the process of the run, a colon, and the socket of the process that stands by."""
STREAMS = (0, 1, 2)
"""Descriptors that a fork takes over from the job it runs."""


@dataclass(frozen=True)
class Request:
    """What a fork needs of the job that asks for it.

    Attributes
    ----------
    script
        File that it runs.
    directory, environment, path
        Where, with which variables, and where modules are searched.
    executable
        The interpreter: another one has other libraries.
    """

    script: str
    directory: str
    environment: dict[str, str]
    path: list[str]
    executable: str


def run_warm() -> None:
    """Have this script run by the process that stands by, and end with its status; return where there is none."""
    # A request to end, or Ctrl-C, is for the fork from here on: none may arrive before that is seen to.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    asked = None
    with suppress(OSError, ValueError):
        asked = _ask()
    if asked is not None:
        job = asked[1]
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the fork, too, and it tells of it
        signal.signal(signal.SIGTERM, lambda number, _: os.kill(job, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if asked is None:
        return
    connection, job = asked
    told = b""
    with suppress(ConnectionError):
        told = connection.recv(32)
    if not told:
        os.kill(job, signal.SIGKILL)  # nobody could tell how it ends
        sys.exit("the process that ran this job for others was ended")
    status = os.waitstatus_to_exitcode(int(told))
    if status < 0:  # whoever asks shall see the same signal
        with suppress(OSError):  # SIGKILL cannot be set
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def _ask() -> tuple[socket.socket, int] | None:
    """Return the connection to the process that stands by and the number of its fork; None where it does not stand for us."""
    run, _, place = os.environ.get(PLACE, "").partition(":")
    if not place or not Path(sys.argv[0]).is_file() or not _is_of_run(int(run)):
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(place)
    environment = {name: value for name, value in os.environ.items() if name != PLACE}
    request = Request(sys.argv[0], str(Path.cwd()), environment, sys.path, sys.executable)
    socket.send_fds(connection, [json.dumps(asdict(request)).encode()], STREAMS)
    job = connection.recv(32)
    return (connection, int(job)) if job else None


def _is_of_run(run: int) -> bool:
    """Tell whether a process is an ancestor of this one and sees the same files: not on a node, not in a container."""
    return run in _ancestors() and Path("/proc/self/ns/mnt").readlink() == Path(f"/proc/{run}/ns/mnt").readlink()


def _ancestors() -> Iterator[int]:
    process = os.getppid()
    while process > 1:
        yield process
        process = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])

"""The process in which one reader reads one file, started by `run_isolated`: `python -m sidemine.isolation.child`.

In a run it is a fork of a process that has loaded the libraries and never read a file (`engine/warm_process.py`).
"""

from __future__ import annotations

import importlib
import os
import resource
import sys
import traceback
from typing import Any

from sidemine.errors import SidemineError
from sidemine.isolation.channel import receive, send

_REQUEST_BYTES = 2**26
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_ON_LINUX = sys.platform == "linux"
"""Elsewhere a reader's memory is not bounded, and it may outlive a job that is killed."""


def main() -> None:
    """Read a request from standard input, run it within its limits, and answer on standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not stand in the middle of an answer.
    os.dup2(2, 1)
    die_with_parent()
    request = receive(sys.stdin.buffer, _REQUEST_BYTES)
    function: Any = importlib.import_module(request["module"])
    for name in request["function"].split("."):
        function = getattr(function, name)
    for name in request["preload"]:
        importlib.import_module(name)
    set_limits(request["memory"], request["cpu_seconds"], request["output"])
    try:
        send(answers, {"value": function(*request["arguments"])})
    except SidemineError as error:
        send(answers, {"problems": [problem.to_dict() for problem in error.problems]})
    except MemoryError:
        send(answers, {"memory": True})
    except BaseException as error:  # noqa: BLE001 - told by the parent, with the file; a panic of Rust is no Exception
        message = f"{type(error).__name__}: {str(error)[:300]}"
        send(answers, {"failure": message, "traceback": traceback.format_exc(limit=-20)[-8000:]})


def set_limits(memory: int, cpu_seconds: int, output: int) -> None:
    """Bound this process from here on.

    Parameters
    ----------
    memory
        Bytes of address space, on top of what is in use.
    cpu_seconds
        Seconds of processor time, on top of what was used.
    output
        Bytes of any file that is written.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    if _ON_LINUX:
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123 - pathlib is not needed otherwise
            held = int(stream.read().split()[0]) * resource.getpagesize()
        _lower(resource.RLIMIT_AS, held + memory)
    _lower(resource.RLIMIT_FSIZE, output)
    _lower(resource.RLIMIT_CORE, 0)
    # A process that catches the signal of the soft limit would go on: the hard limit ends it.
    _lower(resource.RLIMIT_CPU, spent + cpu_seconds, beyond=5)


def _lower(kind: int, limit: int, beyond: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    soft, hard = (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard) for wanted in (limit, limit + beyond))
    resource.setrlimit(kind, (soft, hard))


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent, so that `kill -9` of a job leaves no reader behind."""
    if not _ON_LINUX:
        return
    import ctypes

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main()

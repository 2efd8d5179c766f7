"""Run a native reader in a bounded process of its own; whatever happens to that process is told about the file."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from sidemine.errors import InputError, Problem
from sidemine.isolation import child
from sidemine.isolation.channel import receive, send
from sidemine.warm_job import READERS, Request, ask_for_fork

logger = logging.getLogger(__name__)

T = TypeVar("T")

MEMORY_VARIABLE = "SIDEMINE_READER_MEMORY_GB"
"""Environment variable that raises the memory of readers, for a file that is known and needs it."""

_MEMORY_PER_BYTE = 10
_MEMORY_BESIDE = 300 * 10**6
_SECONDS_AT_LEAST = 8
_BYTES_PER_SECOND = 10**6
_WALL_AT_LEAST, _WALL_PER_CPU = 60, 30
"""A busy machine gives a process a fraction of a core: only a reader that sleeps or hangs comes near this."""

_SIGNALS = {
    signal.SIGSEGV: "a segmentation fault",
    signal.SIGBUS: "a bus error",
    signal.SIGABRT: "an abort: its memory was damaged or used up",
    signal.SIGILL: "an illegal instruction",
    signal.SIGFPE: "an arithmetic fault",
}

_NO_ANSWER = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, MemoryError)
"""What the bytes of a reader that a file has taken over can raise here, where they are read."""

_MEND = "Retrieve the file again, and compare its size or checksum with the depositor's."


@dataclass(frozen=True)
class Limits:
    """What a reader may use.

    Attributes
    ----------
    memory
        Bytes, on top of the interpreter and its libraries.
    cpu_seconds
        Seconds of processor time.
    """

    memory: int
    cpu_seconds: int

    @classmethod
    def of_file(cls, path: Path) -> Limits:
        """Return the limits of a file's reader: 10 times its size + 300 MB, and 8 s + 1 s for each MB.

        The environment variable SIDEMINE_READER_MEMORY_GB raises the memory, never lowers it. A folder counts as all
        the files in it.
        """
        return cls.of_size(size_of(path))

    @classmethod
    def of_size(cls, size: int) -> Limits:
        """Return the limits of a reader of `size` bytes; see `of_file`."""
        memory = max(_MEMORY_PER_BYTE * size + _MEMORY_BESIDE, _memory_of_user())
        return cls(memory, _SECONDS_AT_LEAST + size // _BYTES_PER_SECOND)


def _memory_of_user() -> int:
    text = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not text:
        return 0
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = -1.0
    if not 0 < gigabytes < 1e6:
        raise InputError(
            Problem(
                "the memory of readers is no number of gigabytes",
                f"environment variable {MEMORY_VARIABLE}, value {text!r}",
                "a positive number, for example 16",
                "Correct the variable, or unset it.",
            )
        )
    return int(gigabytes * 10**9)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder; 0 when there is no such path."""
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return path.stat().st_size
    except OSError:
        return 0


def run_isolated(
    function: Callable[..., T],
    *arguments: Any,
    where: Path,
    returns: type[T] | None = None,
    preload: Sequence[str] = (),
    limits: Limits | None = None,
    what: str = "",
) -> T:
    """Call a reader in a process of its own, within limits of memory and processor time.

    Parameters
    ----------
    function
        A function at the top of a module of sidemine. What it returns must be what `channel.send` can write.
    arguments
        Its arguments, of the same kinds.
    where
        The file: it sizes the limits and stands in every message.
    returns
        The dataclass that the function returns, to be built again here; without it, what `channel.receive` gives.
    preload
        Modules that are imported before the limits are set: the reader's libraries, whose size is not the file's.
    limits
        Limits other than those of `where`.
    what
        The file as it is called in messages about a member: "cells.tar, member a.h5". Default: the path.

    Returns
    -------
    object
        What the function returned.

    Raises
    ------
    InputError
        What the function raised as such; and when it failed otherwise, was ended by a signal, or needed more memory or
        time than its limits. The message is about the file.
    """
    limits = limits or Limits.of_file(where)
    where_told = what or str(where)
    request = {
        "module": function.__module__,
        "function": function.__qualname__,
        "arguments": arguments,
        "preload": list(preload),
        "memory": limits.memory,
        "cpu_seconds": limits.cpu_seconds,
        "output": 2 * limits.memory,
    }
    answer, code, late = _ask(request, limits)
    if answer is None:
        raise InputError(_of_exit(code, late, where_told, limits))
    try:
        return _value_of(answer, returns, where_told, limits)
    except _NO_ANSWER as error:
        logger.info("what the reader of %s answered cannot be read", where_told, exc_info=True)
        raise InputError(_reader_failed(where_told, "what its reader answered cannot be read")) from error


def _value_of(answer: dict[str, Any], returns: type[T] | None, where_told: str, limits: Limits) -> T:
    """Return what the function returned, or raise what is told of it."""
    if "problems" in answer:
        raise InputError(Problem.from_dict(parts) for parts in answer["problems"])
    if "memory" in answer:
        raise InputError(_needs_memory(where_told, limits))
    if "failure" in answer:
        logger.info("the reader of %s failed:\n%s", where_told, answer["traceback"])
        raise InputError(_reader_failed(where_told, answer["failure"]))
    value: Any = answer["value"]
    return cast("T", value) if returns is None else returns(**value)


def _ask(request: dict[str, Any], limits: Limits) -> tuple[dict[str, Any] | None, int, bool]:
    """Return the child's answer (None when it gave none), its exit code, and whether it was ended for being late.

    What is no answer is an empty one.
    """
    late = threading.Event()
    with _start(["sidemine.isolation.child", request["module"], *request["preload"]]) as process:
        seconds = _WALL_AT_LEAST + _WALL_PER_CPU * limits.cpu_seconds
        timer = threading.Timer(seconds, _end_late, (process, late))
        timer.daemon = True
        timer.start()
        answer = None
        try:
            _send_request(process, request)
            answer = _receive(process.answers, 2 * limits.memory)
            process.kill()  # it has nothing left to do
        except EOFError:  # it has ended, or is about to; one that has only closed its streams is ended by the timer
            pass
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
            timer.cancel()
    return answer, code, late.is_set()


@dataclass(frozen=True)
class _Process:
    """The process of a reader, and our ends of its streams.

    Attributes
    ----------
    stdin
        Where it reads its request.
    answers
        Where it writes its answer. No pipe: who waits at a socket can be told that nothing comes.
    kill, wait
        End it; wait until it has ended, and return how.
    """

    stdin: IO[bytes]
    answers: socket.socket
    kill: Callable[[], None]
    wait: Callable[[], int]


@contextlib.contextmanager
def _start(preload: Sequence[str]) -> Iterator[_Process]:
    """Start a process that awaits its request: a fork of one that has these modules loaded, or one of its own."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = _fork(preload, ours, theirs) or _start_python(ours, theirs)
        theirs.close()
        with process.stdin:
            try:
                yield process
            finally:
                process.kill()


def _fork(preload: Sequence[str], ours: socket.socket, theirs: socket.socket) -> _Process | None:
    """Have a process forked that has the modules loaded; None where none stands by for that."""
    if not (place := os.environ.get(READERS, "")):
        return None
    # As a process of its own gets it: nothing of a job's search path.
    request = Request(str(child.__file__), str(Path.cwd()), environment_of_readers(), sys.executable, preload)
    with contextlib.ExitStack() as stack:
        theirs_in, ours_in = os.pipe()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (theirs_in, nowhere):
            stack.callback(os.close, descriptor)
        stdin = os.fdopen(ours_in, "wb")
        fork = ask_for_fork(place, request, (theirs_in, theirs.fileno(), nowhere))
        if fork is None:
            stdin.close()
            return None
        return _Process(stdin, ours, fork.kill, fork.wait)


def _start_python(ours: socket.socket, theirs: socket.socket) -> _Process:
    # -P: a module in the working folder must not stand in for one of ours.
    command = [sys.executable, "-P", "-m", child.__name__]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=theirs.fileno(), stderr=subprocess.DEVNULL, env=environment_of_readers()
    )
    assert process.stdin is not None  # noqa: S101 - for the type checker
    return _Process(process.stdin, ours, process.kill, process.wait)


def _end_late(process: _Process, late: threading.Event) -> None:
    late.set()
    process.kill()
    # A process that it started may hold its stream open.
    with contextlib.suppress(OSError):
        process.answers.shutdown(socket.SHUT_RDWR)


def _receive(answers: socket.socket, most_bytes: int) -> dict[str, Any]:
    try:
        with answers.makefile("rb") as stream:
            answer = receive(stream, most_bytes)
    except _NO_ANSWER:
        logger.info("the reader's answer is no message", exc_info=True)
        return {}
    return answer if isinstance(answer, dict) else {}


def _send_request(process: _Process, request: dict[str, Any]) -> None:
    # A child that ended before it read the request is told of by its exit code.
    with contextlib.suppress(BrokenPipeError):
        send(process.stdin, request)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def environment_of_readers() -> dict[str, str]:
    """Return the environment of the process of a reader, and of one that forks for readers."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    return {name: value for name, value in os.environ.items() if name != READERS} | {
        "PYTHONPATH": path,
        # One thread, one arena: address space is bounded, and each thread would reserve a part of it.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        # HDF5 loads no compression plugin that a file asks for, and takes no lock (network disks have none).
        "HDF5_PLUGIN_PRELOAD": "::",
        "HDF5_USE_FILE_LOCKING": "FALSE",
    }


def _of_exit(code: int, late: bool, where: str, limits: Limits) -> Problem:
    """Return the problem of a reader that ended without an answer."""
    if late or -code in {signal.SIGXCPU, signal.SIGALRM}:
        return Problem(
            "the file keeps its reader busy for longer than a file of its size can",
            f"{where}: stopped after {limits.cpu_seconds} seconds of processor time",
            "a file that can be read in 8 seconds, and 1 second more for each megabyte",
            _MEND,
        )
    if code == -signal.SIGKILL:
        return Problem(
            "the reader of the file was stopped from outside",
            f"{where}: most often the operating system does this when the machine's memory is used up",
            f"up to {limits.memory / 1e9:.1f} GB of free memory for the reader of this file",
            "Run fewer jobs at a time (--cores), or on a machine with more memory.",
        )
    name = _SIGNALS.get(signal.Signals(-code), f"signal {-code}") if code < 0 else f"exit code {code}"
    return _reader_failed(where, name)


def _needs_memory(where: str, limits: Limits) -> Problem:
    return Problem(
        "the file needs more memory than a file of its size can",
        f"{where}: stopped at {limits.memory / 1e9:.2f} GB",
        "10 times the size of the file and 300 MB: what the file claims to hold cannot stand in it",
        f"{_MEND} If you know that it is as it should be, allow more: {MEMORY_VARIABLE}=16 (gigabytes).",
    )


def _reader_failed(where: str, how: str) -> Problem:
    return Problem(
        "the file is damaged: its reader failed on it",
        f"{where}: {how}",
        "a complete file of the declared layout",
        _MEND,
    )

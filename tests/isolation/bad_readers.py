"""Readers that do to their process what damaged files do to native code."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sidemine.errors import InputError, Problem


@dataclass
class Answer:
    table: pd.DataFrame
    matrix: Any
    names: list[tuple[str, int]]
    path: Path


def read_well(path: Path) -> Answer:
    table = pd.DataFrame(
        {"a": ["x", "", "x"], "b": ["µ", "2", "3"]}, index=pd.Index(["r", "s", "t"], name="cell"), dtype=object
    )
    return Answer(table, sp.csr_matrix(np.eye(3, dtype=np.float32)), [("one", 1)], path)


def tell_parent(path: Path) -> int:
    return os.getppid()


def refuse(path: Path) -> None:
    raise InputError(Problem("it is cut short", str(path), "a whole file", "Fetch it."))


def fail(path: Path) -> None:
    raise KeyError("obs")


def segfault(path: Path) -> None:
    ctypes.string_at(0)


def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


def abort() -> None:
    os.abort()


def use_memory(path: Path) -> None:
    kept = [bytearray(50_000_000) for _ in range(200)]
    raise AssertionError(len(kept))


def use_time(path: Path) -> None:
    while True:
        pass


def answer_an_object(path: Path) -> object:
    return object()


def print_and_answer(path: Path) -> str:
    sys.stdout.write("noise of a library\n")
    sys.stdout.flush()
    os.write(1, b"noise of native code\n")
    return "answer"


def close_streams_and_stay(path: Path) -> None:
    os.closerange(0, 100)
    time.sleep(100)


def leave_a_child_with_the_streams(path: Path) -> None:
    if os.fork() == 0:
        os.setsid()
        time.sleep(15)
    os._exit(3)


def stay_after_the_answer(path: Path) -> str:
    threading.Thread(target=time.sleep, args=[100]).start()
    return "answer"


def answer_in_bytes(message: str) -> None:
    """Write to the stream of the answer, as native code that a file has taken over could."""
    stream = max(number for number in range(3, 20) if Path(f"/proc/self/fd/{number}").is_socket())
    os.write(stream, bytes.fromhex(message))
    os._exit(0)


def exit_at_once(path: Path) -> None:
    os._exit(3)


SIGNALS = [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL, signal.SIGXCPU, signal.SIGTERM]

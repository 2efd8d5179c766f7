"""How patient a transfer is, and the ways in which it fails: apart, so that files of a mirror load no network library."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class TransferFailed(Exception):
    """The file could not be had from this address; the message says why, in one clause."""


class FileAbsent(TransferFailed):
    """The server says that there is no such file: the next address may have it."""


class Transient(TransferFailed):
    """A failure that may pass: try again after `wait` seconds, if the server said so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class SurplusBytes(Transient):
    """More bytes come than were announced: one of the two is wrong."""


class TooSlow(TimeoutError):
    """The server sends, but so slowly that the file would never come."""


@dataclass(frozen=True)
class Pace:
    """How slow a server may be.

    Attributes
    ----------
    connect
        Seconds to wait for a connection.
    stall
        Seconds to wait for the next bytes.
    answer
        Seconds within which the head of an answer (status and headers) has to be complete.
    slowest
        Fewest bytes per second of a body, on average over `window` seconds.
    window
        Seconds over which the speed is judged.
    clock
        What tells the seconds.
    """

    connect: float = 30.0
    stall: float = 120.0
    answer: float = 180.0
    slowest: float = 2_000.0
    window: float = 120.0
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Retries:
    """How patient a transfer is.

    Attributes
    ----------
    attempts
        Most attempts in a row that bring no new byte.
    attempts_in_all
        Most attempts altogether, those that brought something included.
    refusals
        Most bodies that came whole and were no data (an error text with status 200, a damaged file).
    longest_wait
        Longest pause between attempts, in seconds; a server's Retry-After is cut to it.
    grace
        Seconds that one file may take in all, pauses included, besides what its bytes take at the slowest pace.
    pace
        How slow the server may be.
    """

    attempts: int = 6
    attempts_in_all: int = 50
    refusals: int = 3
    longest_wait: float = 120.0
    grace: float = 3600.0
    pace: Pace = field(default_factory=Pace)


WHILE_SOMEBODY_WAITS = Retries(attempts=2, longest_wait=1.0, pace=Pace(connect=10.0))
"""Of a command that somebody waits for: it tries once more, and without network says so within seconds. A job of a run is more patient."""

"""How long a look ahead may take, and how it asks: a few connections side by side, until the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from sidemine.errors import Problem, RetrievalError
from sidemine.retrieve.patience import Pace
from sidemine.retrieve.probe import Client, Probe

_In = TypeVar("_In")
_Out = TypeVar("_Out")

SECONDS = 45.0
"""Nothing new is asked after this time; what is under way then ends by its own pace."""
CONNECTIONS = 6


def _same(url: str) -> str:
    return url


@dataclass(frozen=True)
class TimeBudget:
    """The time that is left, and the way to the servers.

    Attributes
    ----------
    seconds
        Time for everything together.
    address_of
        Where an address is really asked: for tests, which serve files of the real addresses from this machine.
    allow_loopback_http
        Let plain http pass to 127.0.0.1: for tests.
    clock
        What tells the seconds.
    """

    seconds: float = SECONDS
    address_of: Callable[[str], str] = _same
    allow_loopback_http: bool = False
    clock: Callable[[], float] = time.monotonic
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begun", self.clock())

    def probe(self, url: str) -> Probe:
        """Ask for existence, size and type of an address; see `retrieve.probe.Client`."""
        address = self._asked(url)
        return self._client().probe(address)

    def fetch(self, url: str, start: int, end: int) -> bytes:
        """Return bytes of a file; see `retrieve.probe.Client`.

        Parameters
        ----------
        url
            Address of the file.
        start, end
            First and last byte, from 0, both included.

        Raises
        ------
        RetrievalError
            When the time is up, or the bytes cannot be had.
        """
        address = self._asked(url)
        return self._client().fetch_range(address, start, end)

    def map(self, work: Callable[[_In], _Out], items: Iterable[_In]) -> list[_Out]:
        """Do `work` for all items, a few at a time, and return the results in order."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(work, items))

    def _left(self) -> float:
        return self.seconds - (self.clock() - self.begun)

    def _asked(self, url: str) -> str:
        if self._left() <= 0:
            raise RetrievalError(_time_is_up(url, self.seconds))
        return self.address_of(url)

    def _client(self) -> Client:
        seconds = max(1.0, min(12.0, self._left()))
        pace = Pace(connect=seconds, stall=seconds, answer=seconds, window=seconds)
        return Client(pace=pace, sleep=self._wait, allow_loopback_http=self.allow_loopback_http)

    def _wait(self, seconds: float) -> None:
        if seconds >= self._left():
            raise RetrievalError(_time_is_up("", self.seconds))
        time.sleep(seconds)


def _time_is_up(url: str, seconds: float) -> Problem:
    return Problem(
        f"there was no time left to ask ({seconds:g} seconds for everything)",
        url or "the server did not answer in time",
        "servers that answer within seconds",
        "Give the command again later; a run itself is more patient.",
    )

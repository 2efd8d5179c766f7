"""One line of progress on a terminal; silence in logs."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_PAUSE = 0.2  # seconds between two updates of the line


class Progress:
    """Shows how much of a transfer has come, on standard error, when that is a terminal.

    Parameters
    ----------
    name
        What is transferred.
    total
        Bytes in all, where known.
    show
        False keeps it silent; True shows it when standard error is a terminal.
    done
        Bytes that were there before.
    """

    def __init__(self, name: str, total: int | None, *, show: bool, done: int = 0) -> None:
        self._name = name
        self._total = total
        self._done = done
        self._show = show and sys.stderr.isatty()
        self._last = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._show:
            self._draw()
            sys.stderr.write("\n")

    def add(self, n_bytes: int) -> None:
        """Count some more bytes."""
        self._done += n_bytes
        if self._show and time.monotonic() - self._last > _PAUSE:
            self._last = time.monotonic()
            self._draw()

    def _draw(self) -> None:
        of = f" of {self._total / 1e6:.1f} MB ({100 * self._done / self._total:.0f} %)" if self._total else " MB"
        sys.stderr.write(f"\r{self._name}: {self._done / 1e6:.1f}{of}  ")
        sys.stderr.flush()

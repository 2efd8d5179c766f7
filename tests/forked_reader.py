"""Readers in a process of their own that is forked, so that it need not load the libraries again."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence

from sidemine.isolation import child


class ForkedReader:
    """Stands for the `subprocess.Popen` of `sidemine.isolation.run`: the same request, limits, answer and exit status."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], stdout: int, **_: int) -> None:
        assert command[-1] == child.__name__
        request, self._stdin = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: the other ones are pytest's
            self._number = os.fork()
        if self._number == 0:
            os.environ.update(env)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for own, stream in ((request, 0), (stdout, 1), (nowhere, 2)):
                os.dup2(own, stream)
            for own in (request, self._stdin, stdout, nowhere):
                os.close(own)
            sys.stdin = os.fdopen(0, encoding="utf-8")
            try:
                child.main()
                sys.stdout.flush()
            except BaseException:  # noqa: BLE001 - whatever it is, this process ends
                os._exit(1)
            os._exit(0)
        os.close(request)
        self.stdin = os.fdopen(self._stdin, "wb")
        self._status: int | None = None

    def kill(self) -> None:
        if self._status is None:
            os.kill(self._number, signal.SIGKILL)

    def wait(self) -> int:
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])
        return self._status

"""The processes that stand by while a run lasts, so that its jobs need not load the same libraries again (`warm_job.py`).

One forks for the jobs. Once the first has begun, it loads between two requests what most of them need (`NEEDED_BY_MOST`).
It also loads what two of them have loaded, before it forks for the next one: not for one job alone, nor for the few of
their kind that need it (all others would carry its memory).
Another one forks for the readers of hostile files (`isolation/run.py`). It loads only what they name, never reads a file,
learns nothing from a fork, whose word is not to be trusted, and starts anew when nobody has asked for a while, since what it
loaded takes 170 MB.
A fork is a process of its own, with the streams, folder and environment that it was asked for with. It ends when who
asked ends, and when the process that stands by does.
"""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import FrameType, ModuleType

from sidemine.isolation.child import die_with_parent
from sidemine.isolation.run import environment_of_readers
from sidemine.warm_job import READERS, STREAMS, Request

LONGEST_REQUEST = 1 << 20
OFTEN = 2
"""Jobs that have loaded a module before this process does."""
ONE_OF = 3
"""Of the jobs of the same scripts, more than one of so many has to have loaded it."""
IDLE = 20.0
"""Seconds after which the process for readers starts anew: most files are read in the first part of a run."""
_OF_ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that a terminal or a scheduler sends to all processes of a run."""
NEEDED_BY_MOST = (
    "snakemake.script",
    "sidemine.registered_jobs",
    "pandas",
    "scipy.sparse",
    "scipy.stats",
    "anndata",
)
"""What takes long to load, in the order in which the jobs of any study ask for it; two or three of them would load it at
the same time, and this process once more. What is none of it is learnt."""


def stand_by(idle: float = IDLE) -> str:
    """Start the processes for the jobs of this run and their readers, until this one ends.

    Parameters
    ----------
    idle
        Seconds without a reader after which the process for readers gives back its memory.

    Returns
    -------
    str
        Where the one for jobs stands by, as `warm_job.ask_for_fork` wants it; empty where the system has no such means.
    """
    if not hasattr(os, "pidfd_open") or not Path("/proc/self/ns/mnt").exists():
        return ""
    os.environ[READERS] = _start_to_stand_by(environment_of_readers(), idle)
    return _start_to_stand_by(dict(os.environ))


def _start_to_stand_by(environment: Mapping[str, str], *idle: float) -> str:
    folder = tempfile.mkdtemp(prefix="sidemine-")  # readable by its owner alone
    place = f"{folder}/jobs"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        try:
            listener.bind(place)
        except OSError:  # the path of the temporary folder is too long for a socket
            shutil.rmtree(folder)
            return ""
        listener.listen(socket.SOMAXCONN)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", __name__, str(listener.fileno()), folder, *map(str, idle)],
            stdin=subprocess.PIPE,  # its end tells that this process has ended, however it did
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            env=environment,
        )
    atexit.register(process.communicate)
    return f"{os.getpid()}:{place}"


@dataclass
class _Job:
    """A fork at work: its script, who asked for it, and the file (-1: none) for the names of the modules that it loads."""

    script: str
    number: int
    connection: socket.socket
    loaded: int


@dataclass
class WarmProcess:
    """Forks for jobs, and loads what several have loaded.

    Attributes
    ----------
    listener
        Socket at which jobs ask.
    idle
        None: it learns, and loads what several jobs have loaded. Otherwise it loads only what a request names, and starts
        anew after so many seconds without one.
    seen
        How many jobs of each script have loaded a module, in the order in which the first did.
    ended
        How many jobs of each script have ended.
    ahead
        What is to be loaded before anybody asks for it.
    heeded
        What jobs do at the signals of `_OF_ALL`: what this process did before it stood by.
    """

    listener: socket.socket
    idle: float | None = None
    seen: dict[str, Counter[str]] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    ahead: list[str] = field(default_factory=list)
    heeded: dict[int, Callable[[int, FrameType | None], object] | int | None] = field(default_factory=dict)

    def serve(self, run: int) -> None:
        """Fork for whoever asks, until the descriptor `run` ends."""
        # The run and its jobs heed them; who stands by tells how jobs end, and leaves nothing behind when the run has ended.
        self.heeded = {number: signal.signal(number, signal.SIG_IGN) for number in _OF_ALL}
        with selectors.DefaultSelector() as selector:
            selector.register(self.listener, selectors.EVENT_READ)
            selector.register(run, selectors.EVENT_READ)
            begun, alone = False, len(selector.get_map())
            while True:
                rests = begun and len(selector.get_map()) == alone
                events = selector.select(0 if begun and self.ahead else self.idle if rests else None)
                if not events and self.ahead:
                    self._load([self.ahead.pop(0)])
                elif not events:
                    self._start_anew()
                for key, _ in events:
                    if key.fd == run:
                        return
                    if selector.get_map().get(key.fd) is not key:
                        continue  # its job was finished with just now
                    if key.fd == self.listener.fileno():
                        if (job := self._start()) is not None:
                            begun = True  # a run that has nothing to do loads nothing
                            selector.register(os.pidfd_open(job.number), selectors.EVENT_READ, job)
                            selector.register(job.connection, selectors.EVENT_READ, job)
                    elif key.fileobj is key.data.connection:
                        # Who asked was killed. Its job may be tried again at once: two may not write the same files.
                        selector.unregister(key.fd)
                        os.kill(key.data.number, signal.SIGKILL)
                    else:
                        selector.unregister(key.fd)
                        os.close(key.fd)
                        if key.data.connection.fileno() in selector.get_map():
                            selector.unregister(key.data.connection)
                        self._finish(key.data)

    def _heed(self) -> None:
        for number, handler in self.heeded.items():
            signal.signal(number, handler)

    def _start_anew(self) -> None:
        self._heed()
        os.set_inheritable(self.listener.fileno(), True)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - as it was started

    def _start(self) -> _Job | None:
        connection, _ = self.listener.accept()
        text, descriptors, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, STREAMS)
        request = Request(**json.loads(text)) if len(descriptors) == STREAMS else None
        if request is None or request.executable != sys.executable:
            connection.close()
            return None
        self._load(request.preload)
        loaded = os.memfd_create("loaded") if self.idle is None else -1
        gc.freeze()  # what is loaded stays shared with the forks
        try:
            number = os.fork()
        except OSError:  # no memory for one more: who asks finds out alone
            number = None
        if number == 0:
            die_with_parent()
            # Who asks has to see this process end, whatever its forks do; and it is nobody else's business.
            _take_over(descriptors, keep=loaded)
            self._heed()
            n_known = len(sys.modules)
            status = _run_script(request)
            if self.idle is None:
                # The last ones: to look at all would have the fork copy the memory that holds their names.
                new = [*islice(reversed(sys.modules), max(len(sys.modules) - n_known, 0))]
                os.write(loaded, "\n".join(reversed(new)).encode())
            os._exit(status)
        for descriptor in descriptors:
            os.close(descriptor)
        if number is None:
            connection.close()
            if self.idle is None:
                os.close(loaded)
            return None
        with suppress(OSError):  # who asked was killed: that is seen to at once
            connection.send(str(number).encode())
        # Snakemake runs a copy, with a word of its own before the name.
        return _Job(Path(request.script).name.partition(".")[2], number, connection, loaded)

    def _finish(self, job: _Job) -> None:
        _, status = os.waitpid(job.number, 0)
        with job.connection:
            if self.idle is None:
                self._learn(job)
            with suppress(OSError):  # who asked was killed
                job.connection.send(str(status).encode())

    def _learn(self, job: _Job) -> None:
        with os.fdopen(job.loaded, "rb") as loaded:
            loaded.seek(0)
            self.ended[job.script] += 1
            for name in loaded.read().decode().split():
                self.seen.setdefault(name, Counter())[job.script] += 1

    def _load(self, asked: Sequence[str]) -> None:
        """Load what a request names and what several jobs have loaded; what cannot be loaded here stays with the forks."""
        often = [
            name
            for name, jobs in self.seen.items()
            if jobs.total() >= OFTEN and ONE_OF * jobs.total() > sum(self.ended[script] for script in jobs)
        ]
        for name in (*asked, *often):
            self.seen.pop(name, None)
            if name not in sys.modules:
                try:
                    import_module(name)
                except Exception:  # whatever it is, a job that needs the module will tell
                    logging.getLogger(__name__).debug("not loaded: %s", name, exc_info=True)


def _take_over(descriptors: Sequence[int], keep: int) -> None:
    """Make these the streams of this process, and close all others but one."""
    for stream, descriptor in enumerate(descriptors):
        os.dup2(descriptor, stream)
    # By their numbers, not up to the largest that may be: where that is without limit (in containers) it takes a minute.
    for descriptor in [int(one.name) for one in Path("/proc/self/fd").iterdir()]:
        if descriptor >= STREAMS and descriptor != keep:
            with suppress(OSError):  # the listing's own
                os.close(descriptor)


def _run_script(request: Request) -> int:
    """Run a script as if this process had been started for it; return its exit status."""
    try:
        os.chdir(request.directory)
        os.environ.clear()
        os.environ.update(request.environment)
        sys.argv = [request.script]
        main = ModuleType("__main__")
        main.__file__ = request.script
        sys.modules["__main__"] = main
        exec(compile(Path(request.script).read_bytes(), request.script, "exec"), main.__dict__)  # noqa: S102 - it is the job
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return int(end.code or 0) & 0xFF
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    os.set_inheritable(int(sys.argv[1]), False)
    with socket.socket(fileno=int(sys.argv[1])) as given:
        idle = next(map(float, sys.argv[3:]), None)
        WarmProcess(given, idle, ahead=list(NEEDED_BY_MOST) if idle is None else []).serve(sys.stdin.fileno())
    shutil.rmtree(sys.argv[2], ignore_errors=True)

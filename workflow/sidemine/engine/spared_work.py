"""What Snakemake does over and over in a run on this machine, done once: the numbers are the same, the time is not.

These are inner parts of Snakemake, which another release may change: where they are not as they are known here, nothing is
replaced, and the run is only slower.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

from sidemine.engine.warm_process import NEEDED_BY_MOST, stand_by
from sidemine.warm_job import STREAMS, Request, ask_for_fork

Digest = Callable[["HashedFile", int | None, bool, str | None], Awaitable[str | None]]


class HashedFile(Protocol):
    """A file of a job, as Snakemake has it."""

    file: str
    is_storage: bool


class FileClass(Protocol):
    """The class of these files: `snakemake.io._IOFile`."""

    checksum: Digest


class Script(Protocol):
    """The script of a job, as Snakemake has it."""

    container_img: object
    conda_env: object
    env_modules: object
    bench_record: object
    threads: int
    resources: Mapping[str, object]


class ScriptClass(Protocol):
    """The class of these scripts: `snakemake.script.PythonScript`."""

    execute_script: Callable[..., None]


class Scheduler(Protocol):
    """What starts jobs."""

    job_rate_limiter: object


class Graph(Protocol):
    """The plan of a run."""

    update_groups: Callable[[], None]


def spare_work() -> None:
    """Have Snakemake hash each file once, and its jobs start warm, from processes that stand by from now on."""
    try:
        from snakemake.io import _IOFile
        from snakemake.script import PythonScript
    except ImportError:
        return
    hash_files_once(_IOFile)
    start_scripts_warm(PythonScript, stand_by())


_COARSEST = 2_000_000_000
"""Nanoseconds within which two writes may have one time: file systems keep whole seconds, or two."""


def _takes(function: object, *parameters: str) -> bool:
    return callable(function) and tuple(inspect.signature(function).parameters) == parameters


def hash_files_once(files: FileClass) -> None:
    """Keep the digest of a file until something writes to it.

    Snakemake notes the digest of each input beside each output: the values of a dataset with six contrasts would be read
    36 times, which is half of its own time.

    Parameters
    ----------
    files
        The class of Snakemake's files, whose way to hash is replaced.
    """
    anew: Digest | None = getattr(files, "checksum", None)
    if anew is None or not _takes(anew, "self", "threshold", "force", "algorithm"):
        return
    known: dict[tuple[object, ...], str | None] = {}

    async def checksum(
        self: HashedFile, threshold: int | None = None, force: bool = False, algorithm: str | None = None
    ) -> str | None:
        if self.is_storage or algorithm not in {None, "sha256"} or not os.path.isfile(self.file):  # noqa: PTH113
            return await anew(self, threshold, force, algorithm)
        state = os.stat(self.file)  # noqa: PTH116 - of a path that is text
        # No writer can set the time of the last change.
        key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns, threshold, force)
        if key in known:
            return known[key]
        digest = await anew(self, threshold, force, algorithm)
        if time.time_ns() - state.st_ctime_ns > _COARSEST:  # before that, another write could leave the same times
            known[key] = digest
        return digest

    files.checksum = checksum


def start_jobs_at_once(scheduler: Scheduler) -> None:
    """Let jobs start without a limit per second, which is for the sake of a cluster.

    While jobs wait for a core, whatever happens makes Snakemake look at all of them once more every second from then on,
    so that the looks per second grow with the number of jobs that ended.
    """
    scheduler.job_rate_limiter = None


def group_anew(dag: Graph) -> None:
    """Have the groups of jobs that are submitted together made anew whenever Snakemake has looked at its plan again.

    It keeps each group with the order of the jobs that it had. Behind a checkpoint some of them are other ones, which that
    order lacks: the run would end in a KeyError, or count jobs that are gone, as it comes.

    Parameters
    ----------
    dag
        The plan of this run: `snakemake.dag.DAG`.
    """
    plain: Callable[[], None] | None = getattr(dag, "update_groups", None)
    cache = getattr(getattr(dag, "group_job_factory", None), "cache", None)
    if plain is None or not _takes(plain) or not isinstance(cache, dict):
        return

    def update_groups() -> None:
        cache.clear()
        plain()

    dag.update_groups = update_groups


RETRIEVES = "retrieve_input.py"
"""Script of the jobs that wait for a network: they need next to nothing loaded."""


def start_scripts_warm(scripts: ScriptClass, place: str) -> None:
    """Have the script of a job run by a fork of the process that stands by, instead of a shell that starts Python.

    Parameters
    ----------
    scripts
        The class of Snakemake's scripts, whose way to run one is replaced.
    place
        Where that process stands by (`warm_process.stand_by`).
    """
    plain: Callable[..., None] | None = getattr(scripts, "execute_script", None)
    if not place or plain is None or not _takes(plain, "self", "fname", "edit"):
        return

    def execute_script(self: Script, fname: str, edit: bool = False) -> None:
        elsewhere = (self.container_img, self.conda_env, self.env_modules, self.bench_record)
        fork = None
        if not any((*elsewhere, self.resources.get("shell_exec"))):
            # Else several jobs would load the same at the start of a run, beside the process that forks for them.
            preload = () if fname.endswith(RETRIEVES) else NEEDED_BY_MOST
            request = Request(fname, str(Path.cwd()), environment_of(self), sys.executable, preload)
            fork = ask_for_fork(place, request, range(STREAMS))
        if fork is None:
            plain(self, fname, edit)
        elif status := fork.wait():
            raise subprocess.CalledProcessError(status, f"{sys.executable} {fname}")

    scripts.execute_script = execute_script


def environment_of(script: Script) -> dict[str, str]:
    """Return the environment that Snakemake's shell would give a script."""
    libraries = ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")
    names = [*(f"{library}_NUM_THREADS" for library in libraries), "VECLIB_MAXIMUM_THREADS"]
    given = dict.fromkeys(names, str(script.threads))
    if temporary := script.resources.get("tmpdir"):
        given |= dict.fromkeys(("TMPDIR", "TMP", "TEMPDIR", "TEMP"), str(temporary))
    return os.environ | given

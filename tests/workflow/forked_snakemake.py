"""Snakemake in a process of its own that is forked, so that it need not load its libraries again.

The process that forks has loaded Snakemake and what it stands on, and nothing of sidemine: a run takes that from the tree
that it is given. `Workflow.start`, the tutorial and the runs on Slurm give the command itself.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["snakemake.cli", "snakemake.report.html_reporter", "smart_open", "nbformat", "pydantic", "yaml", "jinja2"]
)


def call_snakemake(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> int:
    """Call it as `python -m snakemake` would be called in `folder`; return its exit status."""
    process = _FORKS.Process(target=_call, args=(list(arguments), dict(environment), folder, log))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _call(arguments: list[str], environment: dict[str, str], folder: Path, log: Path) -> None:
    with log.open("wb") as stream:
        for own in (sys.stdout.fileno(), sys.stderr.fileno()):
            os.dup2(stream.fileno(), own)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # As a start of its own has it: the folder, and nothing of these tests.
    sys.path[:] = [str(folder), *(place for place in sys.path if not Path(place).is_relative_to(_TESTS))]
    assert "sidemine" not in sys.modules
    sys.argv = ["snakemake", *arguments]
    for place in environment["PYTHONPATH"].split(os.pathsep):
        if (customised := Path(place, "sitecustomize.py")).is_file():
            exec(compile(customised.read_bytes(), customised, "exec"), {})  # noqa: S102 - as Python does at its start
    from snakemake.cli import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a process that multiprocessing has started leaves without them

"""Runs of the real workflow, each in a process of its own and cut off from the network."""

from __future__ import annotations

import fcntl
import html
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from forked_snakemake import call_snakemake

from sidemine.simulate.studies import write_planted
from sidemine.tables import read_json

REPOSITORY = Path(__file__).parents[2]
SEED = 11
UNFINISHED = ("*.pyc.*", "code_digest*.[0-9]*")
"""What another process is about to write into `__pycache__`; the rest of it is copied, and need not be made anew."""
# A run that needs the network fails here, whatever the machine could reach.
NO_NETWORK = '''"""Refuse every connection to the network."""
import socket


def _refuse(connection, address):
    raise OSError(f"this run may not use the network: {address}")


socket.getaddrinfo = lambda *given, **more: _refuse(None, given)
_connect = socket.socket.connect
socket.socket.connect = lambda self, address: (_connect if self.family == socket.AF_UNIX else _refuse)(self, address)
'''


@dataclass(frozen=True)
class Run:
    """One finished call of the workflow: where it ran, how it ended, and all that it said.

    `study` is its name where the folder holds results of others, too.
    """

    folder: Path
    status: int
    output: str
    study: str = "*"

    @property
    def snakefile(self) -> Path:
        """The workflow that made this run, where it ran from a copy."""
        return self.folder / "tree" / "workflow" / "Snakefile"

    def results(self) -> Path:
        """The study's results folder."""
        (folder,) = (self.folder / "results").glob(self.study)
        return folder

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """Return the verdicts by hypothesis."""
        return {row["hypothesis"]: row for row in read_json(self.results() / "verdicts.json")["verdicts"]}

    def page(self) -> str:
        """Return the report, its character references resolved."""
        return html.unescape((self.results() / "report.html").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Workflow:
    """Calls the workflow as a user would, without a network."""

    environment: dict[str, str]

    def plant(self, kind: str, folder: Path) -> Path:
        """Write a planted study and return its config."""
        return write_planted(kind, folder, SEED)

    def command(
        self, folder: Path, *arguments: str | Path, config: Path | None, cores: int, snakefile: Path | None
    ) -> list[str]:
        """Return the command line; the working directory is `folder`."""
        line = [sys.executable, "-m", "snakemake", *map(str, arguments)]
        line += ["--snakefile", str(snakefile or REPOSITORY / "Snakefile"), "--directory", str(folder)]
        line += ["--configfile", str(config)] if config else []
        return [*line, "--cores", str(cores)]

    def run(
        self,
        folder: Path,
        *arguments: str | Path,
        config: Path | None = None,
        cores: int = 2,
        snakefile: Path | None = None,
        fails: bool = False,
    ) -> Run:
        """Run to the end; by default the run must succeed."""
        line = self.command(folder, *arguments, config=config, cores=cores, snakefile=snakefile)
        with tempfile.NamedTemporaryFile() as log:
            status = call_snakemake(line[3:], self.environment, REPOSITORY, Path(log.name))
            output = log.read().decode()
        assert (status != 0) == fails, output[-8000:]
        return Run(folder, status, output)

    def start(
        self, folder: Path, *, config: Path, cores: int = 2, snakefile: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a run in a process group of its own and return at once."""
        line = self.command(folder, config=config, cores=cores, snakefile=snakefile)
        with (folder / "started.log").open("wb") as log:
            return subprocess.Popen(
                line, env=self.environment, cwd=REPOSITORY, stdout=log, stderr=log, start_new_session=True
            )


@pytest.fixture(scope="session")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The workflow, cut off from the network."""
    folder = tmp_path_factory.mktemp("no_network")
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SNAKEMAKE"))}
    return Workflow({**kept, "PYTHONPATH": path})


def run_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Run]) -> Run:
    """Return a run that all workers of a test session share: the first makes it, the others wait at the lock."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / name
    with (base / f"{name}.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if not (folder / "done").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "done").write_text(make(folder).output)
    return Run(folder, 0, (folder / "done").read_text())


@pytest.fixture(scope="session")
def finished(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A planted study, run once to its end on two cores. Tests read it and must not change it."""

    def make(folder: Path) -> Run:
        # A copy of the workflow, so that tests may compare with edited copies while somebody edits the original.
        ignored = shutil.ignore_patterns(*UNFINISHED)
        shutil.copytree(REPOSITORY / "workflow", folder / "tree" / "workflow", ignore=ignored, symlinks=True)
        shutil.copytree(REPOSITORY / "resources", folder / "tree" / "resources")
        snakefile = folder / "tree" / "workflow" / "Snakefile"
        return workflow.run(folder, config=workflow.plant("positive", folder), snakefile=snakefile)

    return run_once(tmp_path_factory, "finished", make)


@pytest.fixture
def copy(finished: Run, tmp_path: Path) -> Path:
    """A copy of the finished study: files, results, and what Snakemake keeps of them."""
    for name in sorted(path.name for path in finished.folder.iterdir()):
        source, target = finished.folder / name, tmp_path / name
        if name in {"tree", "done"}:
            continue
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)
    return tmp_path

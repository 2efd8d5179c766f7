"""What Snakemake would do over and over is done once, and what changed is seen all the same."""

from __future__ import annotations

import asyncio
import atexit
import inspect
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import snakemake.cli  # noqa: F401 - the plan cannot be loaded before it
from snakemake.io import _IOFile
from snakemake.jobs import GroupJobFactory
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.script import PythonScript, ScriptBase
from snakemake.shell import shell

from sidemine.engine import spared_work
from sidemine.engine.spared_work import environment_of, group_anew, hash_files_once, start_scripts_warm
from sidemine.engine.warm_process import stand_by
from sidemine.warm_job import READERS


class JobOf:
    """A job of a plan."""

    def __init__(self, dag: object) -> None:
        self.dag = dag


class File:
    """A file of a job, as Snakemake has it, that counts how often it is read."""

    is_storage = False
    read = 0

    def __init__(self, path: Path) -> None:
        self.file = str(path)

    async def checksum(
        self,
        threshold: int | None = None,
        force: bool = False,
        algorithm: str | None = None,
    ) -> str:
        type(self).read += 1
        return Path(self.file).read_text()


def digest_of(asked):
    """Return what Snakemake would get, in a thread of its own: an open browser keeps the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asked).result()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[type[File], Path]:
    kind = type("Hashed", (File,), {"checksum": File.checksum})
    hash_files_once(kind)
    path = tmp_path / "values"
    path.write_text("old")
    monkeypatch.setattr(spared_work, "_COARSEST", -1)  # as if it had been written long ago
    return kind, path


def test_a_file_is_read_once_by_whatever_jobs_ask(files) -> None:
    kind, path = files
    found = [digest_of(kind(path).checksum(100, False, algorithm)) for algorithm in (None, "sha256", None)]
    assert (found, kind.read) == (["old"] * 3, 1)


def test_a_file_of_other_content_is_read_again_whatever_its_date_says(files) -> None:
    kind, path = files
    before = path.stat()
    assert digest_of(kind(path).checksum(100)) == "old"
    time.sleep(0.02)  # a tick of the file system
    path.write_text("new")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digest_of(kind(path).checksum(100)) == "new"


def test_a_digest_is_not_kept_while_another_write_could_leave_the_same_times(files, monkeypatch) -> None:
    monkeypatch.setattr(spared_work, "_COARSEST", 2_000_000_000)
    kind, path = files
    of_old = path.stat()
    whole_seconds = SimpleNamespace(stat=lambda _: of_old, path=os.path)
    monkeypatch.setattr(spared_work, "os", whole_seconds)
    found = []
    for content in ("old", "new"):
        path.write_text(content)
        found.append(digest_of(kind(path).checksum(100)))
    assert found == ["old", "new"]


def test_groups_are_made_of_the_jobs_that_there_are() -> None:
    """A group that Snakemake has kept has the order of its jobs, without those that were merged into it later."""

    class Graph:
        group_job_factory = GroupJobFactory()
        groups: tuple[object, ...] = ()

        def update_groups(self) -> None:
            self.groups = tuple(self.group_job_factory.new("group", [job], None) for job in jobs)
            first, *others = self.groups
            for other in others:
                first.merge(other)
            first.finalize()

        def toposorted(self, members, inherit_pipe_dependencies):
            return [list(members)]

    dag = Graph()
    dag.workflow = SimpleNamespace(execution_settings=SimpleNamespace(attempt=1))
    jobs = [JobOf(dag) for _ in range(3)]
    group_anew(dag)
    dag.update_groups()
    jobs[1:] = [JobOf(dag), JobOf(dag)]
    dag.update_groups()
    assert set(dag.groups[0]) == set(jobs)


class Script:
    """As Snakemake has one."""

    container_img = conda_env = env_modules = bench_record = None
    threads = 3
    resources: ClassVar[dict[str, str]] = {"tmpdir": "/elsewhere"}

    def execute_script(self, fname, edit=False) -> None:
        raise AssertionError("a shell")


@pytest.fixture
def place(monkeypatch) -> Iterator[str]:
    """Where processes stand by for this one, which would end with the tests."""
    monkeypatch.setenv(READERS, "")
    ends: list[Callable[[], object]] = []
    monkeypatch.setattr(atexit, "register", ends.append)
    yield stand_by()
    for end in ends:
        end()


def test_a_script_is_run_by_a_fork_with_the_environment_that_a_shell_would_give_it(place, tmp_path) -> None:
    kind = type("Kind", (Script,), {})
    start_scripts_warm(kind, place)
    script = tmp_path / "job.py"
    said = f"open({str(tmp_path / 'said')!r}, 'w')"
    script.write_text(f"import os\nprint(*map(os.environ.get, ['OMP_NUM_THREADS', 'TMPDIR']), file={said})")
    kind().execute_script(str(script))
    assert (tmp_path / "said").read_text() == "3 /elsewhere\n"
    script.write_text("import sys; sys.exit(4)")
    with pytest.raises(subprocess.CalledProcessError, match="status 4"):
        kind().execute_script(str(script))


@pytest.mark.parametrize("elsewhere", ["container_img", "conda_env", "env_modules", "bench_record"])
def test_what_has_to_run_elsewhere_does(elsewhere, place) -> None:
    kind = type("Kind", (Script,), {elsewhere: "named"})
    start_scripts_warm(kind, place)
    with pytest.raises(AssertionError, match="a shell"):
        kind().execute_script("job.py")


@pytest.mark.parametrize("method", [None, lambda self, preamble: None])
def test_another_release_of_snakemake_is_left_as_it_is(method) -> None:
    """A part that is gone, or that takes something else, is not replaced: the run is slower, and right."""
    kind = type("Changed", (), {"checksum": method, "execute_script": method})
    hash_files_once(kind)
    start_scripts_warm(kind, "1:/nowhere")
    assert (kind.checksum, kind.execute_script) == (method, method)


def test_snakemake_still_has_what_is_spared(monkeypatch) -> None:
    """Another release may hash, or limit, in another way: then this room has to follow."""
    assert list(inspect.signature(_IOFile.checksum).parameters) == ["self", "threshold", "force", "algorithm"]
    assert list(inspect.signature(PythonScript.execute_script).parameters) == ["self", "fname", "edit"]
    shell_of_scripts = inspect.getsource(ScriptBase._execute_cmd)
    assert all(
        f"self.{name}" in shell_of_scripts for name in vars(Script) if name[0] != "_" and name != "execute_script"
    )
    monkeypatch.setattr(os, "environ", {})
    assert set(re.findall(r'envvars\["(\w+)"\]', inspect.getsource(shell.__new__))) == environment_of(Script()).keys()
    from snakemake.dag import DAG  # cannot be loaded before the command

    assert list(inspect.signature(DAG.update_groups).parameters) == ["self"]
    assert "self.cache" in inspect.getsource(GroupJobFactory)
    assert "self.job_rate_limiter is None" in inspect.getsource(JobScheduler.job_selector)

"""What Snakemake would do over and over is done once, and what changed is seen all the same."""

from __future__ import annotations

import asyncio
import inspect
import io
import os
import time
from pathlib import Path

import pytest
from snakemake.io import _IOFile
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.script import PythonScript

from sidemine.engine.spared_work import ask_before_loading, hash_files_once


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


@pytest.fixture
def files(tmp_path: Path) -> tuple[type[File], Path]:
    kind = type("Hashed", (File,), {"checksum": File.checksum})
    hash_files_once(kind)
    path = tmp_path / "values"
    path.write_text("old")
    return kind, path


def test_a_file_is_read_once_by_whatever_jobs_ask(files) -> None:
    kind, path = files
    found = [asyncio.run(kind(path).checksum(100, False, algorithm)) for algorithm in (None, "sha256", None)]
    assert (found, kind.read) == (["old"] * 3, 1)


def test_a_file_of_other_content_is_read_again_whatever_its_date_says(files) -> None:
    kind, path = files
    before = path.stat()
    assert asyncio.run(kind(path).checksum(100)) == "old"
    time.sleep(0.02)  # a tick of the file system
    path.write_text("new")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert asyncio.run(kind(path).checksum(100)) == "new"


def test_a_script_asks_first_and_is_the_same_otherwise() -> None:
    kind = type("Script", (), {"write_script": lambda self, preamble, fd: fd.write(preamble.encode() + b"job\n")})
    ask_before_loading(kind)
    kind().write_script("loads Snakemake\n", stream := io.BytesIO())
    first, *others = stream.getvalue().decode().splitlines()
    assert first == "from sidemine.warm_job import run_warm; run_warm()"
    assert others == ["loads Snakemake", "job"]


@pytest.mark.parametrize("method", [None, lambda self, preamble: None])
def test_another_release_of_snakemake_is_left_as_it_is(method) -> None:
    """A part that is gone, or that takes something else, is not replaced: the run is slower, and right."""
    kind = type("Changed", (), {"checksum": method, "write_script": method})
    hash_files_once(kind)
    ask_before_loading(kind)
    assert (kind.checksum, kind.write_script) == (method, method)


def test_snakemake_still_has_what_is_spared() -> None:
    """Another release may hash, or limit, in another way: then this room has to follow."""
    assert list(inspect.signature(_IOFile.checksum).parameters) == ["self", "threshold", "force", "algorithm"]
    assert list(inspect.signature(PythonScript.write_script).parameters) == ["self", "preamble", "fd"]
    assert "self.job_rate_limiter is None" in inspect.getsource(JobScheduler.job_selector)

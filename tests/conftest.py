"""Fixtures that all tests share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from forked_reader import ForkedReader
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from sidemine.isolation import run

# Linear algebra on one thread, as jobs have it: workers side by side, each with a thread per core, wait for one another,
# eight times as long. numpy is loaded already (by a plugin of zarr), what is loaded later reads the environment.
os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")})
threadpool_limits(1)

# A busy machine must not fail a test: examples have no deadline, and slow or large generation is no fault. With CI set,
# the examples are the same in every run, so that a red run can be repeated; elsewhere they are new in each, and a
# failure prints the line that brings it back.
settings.register_profile(
    "sidemine",
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("sidemine")


@pytest.fixture(scope="session")
def real_files() -> Path:
    """Folder of real public files (`mirror/`, `data/`), named by SIDEMINE_REAL_FILES; skips when there is none."""
    folder = os.environ.get("SIDEMINE_REAL_FILES", "")
    if not folder or not (Path(folder) / "mirror").is_dir():
        pytest.skip("SIDEMINE_REAL_FILES names no folder with mirror/ and data/: real public files are not here")
    return Path(folder)


@pytest.fixture
def forked_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of hostile files have a process of their own, as ever, but it starts with the libraries of this one.

    Loading them anew takes a second for each file. `isolation/test_run_isolated.py` starts the true process.
    """
    parts = SimpleNamespace(Popen=ForkedReader, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(run, "subprocess", parts)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the runs of the workflow: they take longest, and what is short fills both cores at the end."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)

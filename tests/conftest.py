"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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

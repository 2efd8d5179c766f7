"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: examples have no deadline, and slow generation is no fault.
settings.register_profile("sidemine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sidemine")


@pytest.fixture(scope="session")
def real_files() -> Path:
    """Folder of real public files (`mirror/`, `data/`), named by SIDEMINE_REAL_FILES; skips when there is none."""
    folder = os.environ.get("SIDEMINE_REAL_FILES", "")
    if not folder or not (Path(folder) / "mirror").is_dir():
        pytest.skip("SIDEMINE_REAL_FILES names no folder with mirror/ and data/: real public files are not here")
    return Path(folder)

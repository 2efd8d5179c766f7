"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_files() -> Path:
    """Folder of real public files (`mirror/`, `data/`), named by SIDEMINE_REAL_FILES; skips when there is none."""
    folder = os.environ.get("SIDEMINE_REAL_FILES", "")
    if not folder or not (Path(folder) / "mirror").is_dir():
        pytest.skip("SIDEMINE_REAL_FILES names no folder with mirror/ and data/: real public files are not here")
    return Path(folder)

"""Where the files lie that belong to sidemine and are no Python: the workflow, its tables, the demo's study.

In a checkout they stand around the package; an installed wheel brings them in a folder of their own beside it
(pyproject.toml).
"""

from __future__ import annotations

from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[1]
_INSTALLED = _BESIDE / "sidemine_files"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _BESIDE.parent

WORKFLOW = _ROOT / "workflow"
"""Folder of the Snakefile, of rules, scripts and profiles."""
RESOURCES = _ROOT / "resources"
"""Folder of the small tables that jobs read; they change with the code."""
DEMO = _ROOT / "config" / "demo"
"""Study folder of the embedded demo."""

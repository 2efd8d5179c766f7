"""`make lint` refuses what would give other last digits on another Python."""

from __future__ import annotations

import tomllib
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[1]
LINES = ("sum([0.1, 0.2])", "sum([1, 2])", "sum(x / 2 for x in (1, 2))", "sum(x > 1 for x in (1, 2))", "sum((0.5, 1))")


def test_sums_of_floats_are_refused_and_counts_are_not(tmp_path: Path) -> None:
    """From Python 3.12 on `sum` adds floats otherwise than 3.11 does."""
    (plugin,) = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["plugins"]
    settings = tmp_path / "mypy.ini"
    settings.write_text(f"[mypy]\nplugins = {ROOT / plugin}\n", encoding="utf-8")
    told, trouble, _ = api.run(["--config-file", str(settings), "--no-incremental", "-c", "\n".join(LINES)])
    assert not trouble
    refused = {int(line.split(":")[1]) - 1 for line in told.splitlines() if ": error: " in line}
    assert refused == {0, 2, 4}, told

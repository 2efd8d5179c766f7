"""The rooms of the house stand in the order that docs/architecture.md draws, and the files that it names are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import sidemine

PACKAGE = Path(sidemine.__file__).parent
DOCS = PACKAGE.parents[1] / "docs" / "architecture.md"
FLOORS = (
    {"errors", "simulation_marker", "stats", "code_digest"},
    {"text", "study", "tables", "isolation", "records"},
    {"retrieve", "sources"},
    {"prepare"},
    {"quality"},
    {"differential"},
    {"enrichment"},
    {"effect"},
    {"drawing", "study_jobs"},
    {"considerations"},
    {"lines"},
    {"verdict"},
    {"report"},
)
"""Rooms and single modules, from the ground up: each may use its own floor and those below."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def imported(file: Path) -> set[str]:
    """Return the rooms of the package that a module uses, imports inside functions included."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sidemine"):
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("room", [room for rooms in FLOORS[7:] for room in rooms])
def test_a_room_uses_no_room_above_it(room):
    """The verdict does not know the page, a consideration does not know the verdict."""
    for file in (PACKAGE / room).rglob("*.py"):
        if file.name == "job.py":
            continue  # the workflow calls it, as it calls a script
        above = {name for name in imported(file) if FLOOR.get(name, 0) > FLOOR[room]}
        assert not above, f"{file.relative_to(PACKAGE)} uses {', '.join(sorted(above))}"


def test_the_rule_table_knows_no_consideration_by_name():
    """Of the considerations the verdict uses their judgements only."""
    for file in (PACKAGE / "verdict").rglob("*.py"):
        used = set(re.findall(r"sidemine\.considerations\.(\w+)", file.read_text(encoding="utf-8")))
        assert used <= {"judgement"}, file.name


def test_files_that_the_architecture_names_are_there():
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)", DOCS.read_text(encoding="utf-8")))
    assert len(named) > 15
    missing = [name for name in named if not ((PACKAGE / name).is_file() or (PACKAGE.parents[1] / name).is_file())]
    assert missing == []

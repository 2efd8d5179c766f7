"""The rooms of the house stand in the order that docs/architecture.md draws, and the files that it names are there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import sidemine

PACKAGE = Path(sidemine.__file__).parent
DOCS = PACKAGE.parents[1] / "docs" / "architecture.md"
FLOORS = (
    ("", "errors", "paper", "places", "simulation_marker", "code_digest", "run_lock", "warm_job", "stats"),
    ("tables", "text", "system_errors"),
    ("records", "isolation", "provenance", "script_log"),
    ("sources",),
    # What a study may ask of a line stands in the room of that line, and is read with the study.
    ("study", "lines.*.config", "lines.*.check", "lines.layer", "lines.layers"),
    ("retrieve",),
    # What each job needs of the study, and by which keys its files lie.
    ("study.specifications", "study.plan", "study_jobs"),
    ("prepare",),
    ("quality",),
    ("differential",),
    ("enrichment",),
    ("effect",),
    ("drawing",),
    ("considerations",),
    ("lines",),
    ("verdict",),
    ("report",),
    # The grid of variants asks the whole rule table.
    ("considerations.robustness.job",),
    (
        "registered_jobs",
        "record_schemas",
        "data_dictionary",
        "set_up",
        "engine",
        "preflight",
        "scaffold",
        "simulate",
        "run_study",
        "fetch_study",
        "atlas",
    ),
    ("cli",),
)
"""Rooms and modules, from the ground up: each may use its own floor and those below. A module stands on the floor that
names it most exactly."""
FLOOR = {pattern: number for number, patterns in enumerate(FLOORS) for pattern in patterns}


def module_of(file: Path) -> str:
    """Return the name of a module within the package: `text.numbers`; '' for the package itself."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {module_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def floor_of(module: str) -> int | None:
    """Return the floor of a module, None where no line of the drawing names it."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        place = ".".join(parts[:length])
        exact = [FLOOR[pattern] for pattern in FLOOR if fnmatch(place, pattern) and pattern.count(".") == length - 1]
        if exact:
            return max(exact)
    return None


@cache
def imported(module: str) -> frozenset[str]:
    """Return the modules of the package that a module uses: imports inside functions and for types included."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sidemine":
            places = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            places = [alias.name for alias in node.names if alias.name.split(".")[0] == "sidemine"]
        else:
            continue
        for place in places:
            name = place.removeprefix("sidemine").lstrip(".")
            names.add(name if name in MODULES else name.rpartition(".")[0])
    return frozenset(names - {module})


def test_every_module_has_a_floor():
    """A new room, or a new module beside the rooms, is drawn before it is used."""
    assert [module for module in MODULES if floor_of(module) is None] == []


@pytest.mark.parametrize("room", sorted({module.split(".")[0] for module in MODULES}))
def test_a_room_uses_no_room_above_it(room):
    """The verdict does not know the page, a reader does not know the study."""
    upward = [
        f"{module} uses {other}"
        for module in MODULES
        if module.split(".")[0] == room
        for other in sorted(imported(module))
        if (floor_of(other) or 0) > (floor_of(module) or 0)
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle():
    """Each module can be read, and loaded, after those that it uses."""
    waiting = {module: set(imported(module)) for module in MODULES}
    while free := [module for module, needs in waiting.items() if not needs & waiting.keys()]:
        for module in free:
            del waiting[module]
    assert {module: sorted(needs & waiting.keys()) for module, needs in waiting.items()} == {}


READERS = {"build_gene_sets": "libraries", "describe_published_table": "deposited tables"}
"""Functions that read files under another name than `read_…`, and what they read."""


@pytest.mark.parametrize("room", ["considerations", "lines", "effect", "enrichment", "differential", "verdict"])
def test_what_computes_takes_no_path(room):
    """Files are read and written by a job, and by functions that are named for it: the rest runs on any data at hand."""
    found = []
    for file in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if file.name == "job.py" or not isinstance(node, ast.FunctionDef) or node.name in READERS:
                continue
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            takes = any("Path" in ast.unparse(one.annotation) for one in arguments if one.annotation is not None)
            if takes and not re.match(r"_|read_|load_|write_|save_", node.name):
                found.append(f"{file.relative_to(PACKAGE)}: {node.name}")
    assert found == []


def test_the_rule_table_knows_no_consideration_by_name():
    """Of the considerations the verdict uses their judgements only."""
    for file in (PACKAGE / "verdict").rglob("*.py"):
        used = set(re.findall(r"sidemine\.considerations\.(\w+)", file.read_text(encoding="utf-8")))
        assert used <= {"judgement", "sensitivity"}, file.name


def test_files_that_the_architecture_names_are_there():
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)", DOCS.read_text(encoding="utf-8")))
    assert len(named) > 15
    missing = [name for name in named if not ((PACKAGE / name).is_file() or (PACKAGE.parents[1] / name).is_file())]
    assert missing == []


def test_no_two_files_of_tests_share_a_name():
    """Pytest knows a file of tests by its name alone: of two it collects one, and stops."""
    names = Counter(file.name for file in Path(__file__).parent.rglob("*.py") if file.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []

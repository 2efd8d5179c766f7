"""docs/compared-with-r.md names every comparison with R, tests that exist, and the versions that were stored."""

from __future__ import annotations

import re
from pathlib import Path

from documents import REPOSITORY

HERE = Path(__file__).parent
PAGE = (REPOSITORY / "docs" / "compared-with-r.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)


def names_in(path: Path) -> list[str]:
    return re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_named_test_exists() -> None:
    assert len(NAMED) > 80
    for file, name in NAMED:
        path = HERE.parent / file if "/" in file else HERE / file
        assert name in names_in(path), f"{file}::{name}"


def test_every_comparison_is_named() -> None:
    named = {(Path(file).name, name) for file, name in NAMED}
    for path in sorted(HERE.glob("test_golden_*.py")):
        if path.name != Path(__file__).name:
            assert {(path.name, name) for name in names_in(path)} <= named, path.name


def test_versions_are_those_that_were_stored() -> None:
    stored = {line for path in HERE.glob("*versions.txt") for line in path.read_text(encoding="utf-8").splitlines()}
    assert len(stored) > 10
    for line in stored:
        assert line.removeprefix("R version ").split(" Patched")[0] in PAGE, line


def test_every_table_has_its_script() -> None:
    scripts = {path.stem for path in HERE.glob("*.R")} - {"save_table"}
    # rotation.R and fractional_counts.R name their tables otherwise.
    known = scripts | {"simulated", "fractional", "real"}
    for path in HERE.glob("*.tsv.gz"):
        assert any(path.name.startswith(f"{name}_") or path.name == f"{name}.tsv.gz" for name in known), path.name

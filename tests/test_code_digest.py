"""Re-runs must see edits to imported modules, and only to those."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine import code_digest

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in the place of sidemine."""
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "__init__.py").write_text("")
    (tmp_path / "stage" / "used.py").write_text("from sidemine.deeper import x\n")
    (tmp_path / "stage" / "page.css").write_text("a {}")
    (tmp_path / "deeper.py").write_text("x = 1\n")
    (tmp_path / "other.py").write_text("y = 1\n")
    script = tmp_path / "script.py"
    script.write_text("def f():\n    from sidemine.stage.used import g\n")
    monkeypatch.setattr(code_digest, "_PACKAGE", tmp_path)
    return script


def digest(script):
    code_digest._content.cache_clear()
    code_digest._imported_modules.cache_clear()
    code_digest._files_of.cache_clear()
    code_digest._data_files.cache_clear()
    code_digest._package_files.cache_clear()
    return code_digest.digest_of_script(script)


@pytest.mark.parametrize("edited", ["deeper.py", "stage/used.py", "stage/page.css", "script.py"])
def test_an_edit_anywhere_below_the_script_changes_the_digest(package, edited):
    """Imports inside functions, imports of imports and data files of a package all count."""
    before = digest(package)
    file = package.parent / edited
    file.write_text(file.read_text() + "\n")
    assert digest(package) != before


@pytest.mark.parametrize(
    "place",
    [
        "if True:\n    pass\nelse:\n    {}",
        "try:\n    pass\nexcept ValueError:\n    {}\nfinally:\n    pass",
        "try:\n    pass\nfinally:\n    {}",
        "class A:\n    async def f(self):\n        for _ in ():\n            with open('x'):\n                {}",
        "match 1:\n    case 1:\n        {}",
        "while False:\n    pass\nelse:\n    {}",
    ],
)
def test_an_import_is_seen_wherever_it_stands(package, place):
    """Imports hide in branches, handlers and methods, to save time; an edit to what they import counts all the same."""
    package.write_text(place.format("import sidemine.other") + "\n")
    before = digest(package)
    (package.parent / "other.py").write_text("y = 2\n")
    assert digest(package) != before


def test_an_edit_elsewhere_leaves_the_digest(package):
    """A module that the script does not use must not make it run again."""
    before = digest(package)
    (package.parent / "other.py").write_text("y = 2\n")
    assert digest(package) == before


def test_every_script_has_a_digest_that_covers_the_package():
    """No script stands alone: each imports sidemine, so each depends on more than its own text."""
    for script in SCRIPTS.glob("*.py"):
        assert len(code_digest.digest_of_script(script)) == 16
        assert any("sidemine" in line for line in script.read_text().splitlines())

"""Re-runs must see every edit to code that a script uses, and only those."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidemine import code_digest
from sidemine.registered_jobs import STUDY_JOBS

WORKFLOW = Path(__file__).parents[1] / "workflow"
SCRIPTS = sorted((WORKFLOW / "scripts").glob("*.py"))


def forget():
    """Forget what was read from files that a test has changed."""
    for cached in (
        "_parse",
        "_kept",
        "_file_of",
        "_data_files",
        "_package_files",
        "_entered_with",
        "_place",
        "_content",
        "_read",
        "_sha256",
    ):
        getattr(code_digest, cached).cache_clear()
    code_digest._parsed.clear()


def digest(script, *modules):
    forget()
    return code_digest.digest_of_script(script, *modules)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in the place of sidemine; its script."""
    files = {
        "__init__.py": "",
        "stage/__init__.py": "",
        "stage/used.py": (
            '"""Used."""\nfrom __future__ import annotations\nfrom typing import TYPE_CHECKING\n'
            "from math import sqrt as root\nfrom sidemine import words\nfrom sidemine.deeper import SIZE, helper\n"
            "if TYPE_CHECKING:\n    from sidemine.other import Other\n"
            "LIMIT = 3\nSPARE = 4\nMANY = [other for other in range(9)]\n"
            "class Shape:\n    '''A shape.'''\n    corners = SIZE\n    def area(self):\n        return root(2)\n"
            "def g(other: Other):\n    '''Do it.'''\n    return helper(LIMIT), Shape(), words.TITLE, other\n"
            "def spare(): return SPARE\n"
        ),
        "stage/page.css": "a {}",
        "deeper.py": "SIZE = 1\ndef helper(x):\n    # why\n    return x + _inner()\ndef _inner(): return 1\nspare = 1\n",
        "words.py": "TITLE = 'a'\nFOOTER = 'b'\n",
        "other.py": "class Other: pass\n",
        "registry.py": "KNOWN = {}\ndef register(f):\n    KNOWN[f.__name__] = f\n    return f\n",
        "plugins.py": "from sidemine.registry import register\n@register\ndef plugin(): return 1\ndef quiet(): return 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    script = tmp_path / "script.py"
    script.write_text("def f():\n    from sidemine.stage.used import g\n    g(1)\n")
    monkeypatch.setattr(code_digest, "_PACKAGE", tmp_path)
    yield script
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stage/used.py", "LIMIT = 3", "LIMIT = 4"),
        ("stage/used.py", "corners = SIZE", "corners = SIZE + 1"),
        ("stage/used.py", "return root(2)", "return root(3)"),
        ("stage/used.py", "sqrt as root", "exp as root"),
        ("stage/used.py", "return helper(LIMIT)", "return helper(-LIMIT)"),
        ("stage/used.py", "LIMIT = 3\n", "LIMIT = 3\nLIMIT += 1\n"),
        ("stage/used.py", "SPARE = 4\n", "SPARE = 4\nprint(1)\n"),
        ("stage/used.py", "SPARE = 4\n", "SPARE = 4\nfor _ in range(3): pass\n"),
        ("stage/used.py", "def g(", "@staticmethod\ndef g("),
        ("stage/used.py", "import SIZE, helper", "import SIZE, SIZE as helper"),
        ("stage/page.css", "a", "b"),
        ("deeper.py", "SIZE = 1", "SIZE = 2"),
        ("deeper.py", "return 1\nspare", "return 2\nspare"),
        ("deeper.py", "x + _inner()", "x - _inner()"),
        ("words.py", "'a'", "'c'"),
        ("words.py", "'b'", "'c'"),  # a module that is used by its own name counts whole
        ("script.py", "g(1)", "g(2)"),
    ],
)
def test_an_edit_to_what_a_script_uses_changes_its_digest(package, file, old, new):
    """Functions, constants, class bodies, decorators, acts of a module, imports and data files all count."""
    before = digest(package)
    path = package.parent / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert digest(package) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stage/used.py", '"""Used."""', '"""Used, and well."""'),
        ("stage/used.py", "'''A shape.'''", "'''Another shape.'''"),
        ("stage/used.py", "'''Do it.'''", "'''Do it, please.'''"),
        ("stage/used.py", "LIMIT = 3", "# why three\nLIMIT = 3  # because\n'''Most.'''"),
        ("stage/used.py", "helper(LIMIT), Shape()", "helper(\n    LIMIT,\n), Shape()"),
        ("stage/used.py", "SPARE = 4", "SPARE = 5"),
        ("stage/used.py", "return SPARE", "return -SPARE"),
        ("stage/used.py", "range(9)", "range(8)"),  # its variable is called like the parameter of a function in use
        ("stage/used.py", "LIMIT = 3\nSPARE = 4\n", "SPARE = 4\nLIMIT = 3\n"),
        ("deeper.py", "spare = 1", "spare = 2"),
        ("deeper.py", "# why", "# because"),
        ("other.py", "pass", "x = 1"),
        ("plugins.py", "return 1", "return 2"),
        ("script.py", "g(1)", "g( 1 )  # once"),
    ],
)
def test_other_edits_leave_the_digest(package, file, old, new):
    """Comments, docstrings, layout, order, and code that the script does not use must not make it run again."""
    before = digest(package)
    path = package.parent / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert digest(package) == before


@pytest.mark.parametrize(
    "place",
    [
        "{}",
        "if True:\n    pass\nelse:\n    {}",
        "try:\n    pass\nexcept ValueError:\n    {}\nfinally:\n    pass",
        "try:\n    pass\nfinally:\n    {}",
        "class A:\n    async def f(self):\n        for _ in ():\n            with open('x'):\n                {}",
        "match 1:\n    case 1:\n        {}",
        "while False:\n    pass\nelse:\n    {}",
        "f = lambda: [x for x in ()]\ndef g():\n    def h():\n        {}",
    ],
)
@pytest.mark.parametrize(
    "words", ["import sidemine.deeper", "from sidemine import deeper", "from sidemine.deeper import *"]
)
def test_an_import_is_seen_wherever_it_stands(package, place, words):
    """Imports hide in branches, handlers and methods, to save time; an edit to what they import counts all the same."""
    package.write_text(place.format(words) + "\n")
    before = digest(package)
    (package.parent / "deeper.py").write_text("SIZE = 2\n")
    assert digest(package) != before


def test_a_module_imported_for_its_acts_counts_by_them(package):
    """A function under an unknown decorator may register itself: importing its module is using it."""
    package.write_text("import sidemine.registry\nfrom sidemine.plugins import quiet\nquiet()\n")
    before = digest(package)
    plugins = package.parent / "plugins.py"
    plugins.write_text(plugins.read_text().replace("plugin(): return 1", "plugin(): return 2"))
    assert digest(package) != before


def test_relative_imports_are_followed(package):
    """`from .deeper import x` means the same as the absolute import."""
    (package.parent / "stage" / "used.py").write_text("from ..deeper import SIZE\ndef g(x): return SIZE\n")
    before = digest(package)
    (package.parent / "deeper.py").write_text("SIZE = 2\n")
    assert digest(package) != before


@pytest.mark.parametrize(
    "line", ["X = globals()", "from importlib import import_module\nX = import_module", "X = object.__subclasses__"]
)
def test_code_that_cannot_be_followed_makes_the_script_depend_on_everything(package, line):
    """Where names are looked up while running, any edit may matter."""
    used = package.parent / "stage" / "used.py"
    used.write_text(used.read_text() + line + "\n")
    before = digest(package)
    (package.parent / "registry.py").write_text("KNOWN = {1: 2}\n")
    assert digest(package) != before


def digests_of_code(tree):
    """Return the digest of every script and declared job of a copy of the workflow, by name; files are read once."""
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_digest, "_PACKAGE", tree / "sidemine")
        found = {path.stem: code_digest.digest_of_script(path) for path in sorted((tree / "scripts").glob("*.py"))}
        runner = tree / "scripts" / "run_study_job.py"
        found |= {job.name: code_digest.digest_of_script(runner, *job.code) for job in STUDY_JOBS}
    forget()
    return found


def edited(tree, before, *edits):
    """Return the scripts and declared jobs whose digest changes with edits to a copy of sidemine, one per file."""
    texts = {file: (tree / file).read_text(encoding="utf-8") for file, _, _ in edits}
    for file, old, new in edits:
        assert old in texts[file]
        (tree / file).write_text(texts[file].replace(old, new, 1), encoding="utf-8")
    after = digests_of_code(tree)
    for file, text in texts.items():
        (tree / file).write_text(text, encoding="utf-8")
    return {name for name in before if before[name] != after[name]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the workflow's code."""
    tree = tmp_path_factory.mktemp("code") / "workflow"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(WORKFLOW / "sidemine", tree / "sidemine", ignore=ignored)
    shutil.copytree(WORKFLOW / "scripts", tree / "scripts", ignore=ignored)
    return tree


@pytest.fixture(scope="module")
def before(tree):
    """Digests of all scripts of the copy, before any edit."""
    return digests_of_code(tree)


EVERYWHERE = {path.stem for path in SCRIPTS} | {job.name for job in STUDY_JOBS}


@pytest.mark.parametrize(
    ("file", "old", "new", "scripts"),
    [
        ("sidemine/differential/differential_table.py", "its sign is target minus reference.", "Its sign: target minus reference.",
         {"analyse_dataset", "build_report", "draw_annex"}),
        # The page asks a line for the name of its job.
        ("sidemine/lines/bridge/record.py", "Id of the bridge.", "The bridge.", {"measure_concordance", "build_report", "draw_annex"}),
        ("sidemine/script_log.py", "finally:\n        root.", "finally:\n        print()\n        root.", EVERYWHERE),
        ("sidemine/report/templates/page.css", "{", "{ color: red;", {"build_report", "draw_annex", "write_manifest",
                                                                      "record_run"}),
        ("sidemine/study_jobs.py", "self.run(inputs, outputs,", "self.run(outputs, inputs,",
         {"run_study_job", "build_report", "draw_annex", *(job.name for job in STUDY_JOBS)}),
    ],
)  # fmt: skip
def test_an_edit_to_the_package_reruns_its_users(tree, before, file, old, new, scripts):
    """Real edits: columns of tables, the log that all share, a style, the call of every job."""
    assert edited(tree, before, (file, old, new)) == scripts


def test_edits_that_no_script_uses_rerun_nothing(tree, before):
    """Real edits: docstrings of what many scripts use and of a script, and the simulator."""
    edits = (
        ("sidemine/tables.py", '"""Return a table with', '"""Give a table with'),
        ("sidemine/drawing/words.py", '"""', '"""Words. '),
        ("sidemine/simulate/demo.py", "\n\n\n", "\n\n\nX = 1\n\n\n"),
        ("scripts/analyse_dataset.py", '"""', '"""Here: '),
    )
    assert edited(tree, before, *edits) == set()


def test_a_module_that_a_script_finds_by_name_counts_whole(package):
    """What one script runs in turn: the job that runs a module sees its edits, the job that runs another one does not."""

    def digests():
        forget()
        return [code_digest.digest_of_script(package, module) for module in ("sidemine.plugins", "sidemine.other")]

    before = digests()
    (package.parent / "plugins.py").write_text("def plugin(): return 2\n")
    after = digests()
    assert before[0] != after[0]
    assert before[1] == after[1]
    with pytest.raises(ModuleNotFoundError, match=r"sidemine\.missing"):
        code_digest.digest_of_script(package, "sidemine.missing")


def test_an_entry_in_a_registry_counts_by_the_fields_that_are_asked_for(package):
    """A changed panel makes nobody judge again; a field that other followed code asks for counts, wherever that stands."""
    (package.parent / "entry.py").write_text(
        "from sidemine.kinds import Consideration\nfrom sidemine.words import TITLE, FOOTER\n"
        "ENTRY = Consideration(name='a', read_judge=TITLE, panels=FOOTER)\nALL = (ENTRY,)\n"
    )
    (package.parent / "kinds.py").write_text(
        "class Consideration:\n    pass\ndef panel_of(entry): return entry.panels\n"
    )
    words = package.parent / "words.py"

    def changed(old, new):
        before = digest(package)
        text = words.read_text()
        words.write_text(text.replace(old, new))
        after = digest(package)
        words.write_text(text)
        return before != after

    package.write_text("from sidemine.entry import ALL\nprint([entry.read_judge for entry in ALL])\n")
    assert changed("'a'", "'c'")
    assert not changed("'b'", "'c'")
    package.write_text(
        "from sidemine.entry import ALL\nfrom sidemine.kinds import panel_of\nprint(*map(panel_of, ALL))\n"
    )
    assert not changed("'a'", "'c'")
    assert changed("'b'", "'c'")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_is_followed_by_name(script):
    """No script stands alone, and none falls back to the whole package."""
    use = code_digest._Use()
    use.add_whole(script)
    use.follow_all()
    assert use.followable
    assert len(use.statements) > 3
    assert len(code_digest.digest_of_script(script)) == 16


@pytest.mark.parametrize("content", [b"", b"null", b"no JSON", b"[]", b'{"reader":"another"}', b"\xff"])
def test_what_was_kept_of_the_package_is_used_and_no_more_trusted_than_its_digests(package, content):
    forget()
    first = code_digest.digest_of_package()
    kept = package.parent / "__pycache__" / "code_digest.json"
    assert len(kept.read_bytes()) > 1000
    forget()
    assert len(code_digest._kept()) == len(list(package.parent.rglob("*.py")))
    assert code_digest.digest_of_package() == first
    kept.write_bytes(content)
    forget()
    assert code_digest.digest_of_package() == first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'{"content":{"deeper.py":"other"},"digests":{"package":"x"}}',
        b"\xff",
        b"[" * 100_000,
        b"5",
    ],
)
def test_digests_are_kept_for_the_same_bytes_of_all_files_and_no_others(package, tmp_path_factory, content):
    script = tmp_path_factory.mktemp("scripts") / "script.py"
    script.write_bytes(package.read_bytes())
    first = digest(script)
    kept = package.parent / "__pycache__" / "code_digests.json"
    kept.write_text(kept.read_text().replace(first, "kept"))
    assert digest(script) == "kept"
    used = package.parent / "deeper.py"
    times, old = used.stat(), used.read_text()
    used.write_text(old.replace("x + _inner", "x - _inner"))
    os.utime(used, ns=(times.st_atime_ns, times.st_mtime_ns))  # of the same size and date
    changed = digest(script)
    assert changed not in {"kept", first}
    assert digest(script, "sidemine.other") != changed
    script.write_text(script.read_text() + "h = 1\n")
    assert digest(script) not in {"kept", first, changed}
    used.write_text(old)
    script.write_bytes(package.read_bytes())
    kept.write_bytes(content)
    assert digest(script) == first


def test_kept_digests_of_another_shape_are_made_anew(package, tmp_path_factory):
    script = tmp_path_factory.mktemp("scripts") / "script.py"
    script.write_bytes(package.read_bytes())
    first = digest(script)
    kept = package.parent / "__pycache__" / "code_digests.json"
    good = json.loads(kept.read_text())
    for digests in ([], None, 5, "x", [["a", 1]]):
        kept.write_text(json.dumps(good | {"digests": digests}))
        assert digest(script) == first
    for content in ([], None, 5, "x", {"deeper.py": None}, [[1, 2]]):
        kept.write_text(json.dumps({"content": content, "digests": dict.fromkeys(good["digests"], "wrong")}))
        assert digest(script) == first


def test_an_edit_while_a_digest_is_made_is_not_kept_for_what_stood_there_before(package, tmp_path_factory, monkeypatch):
    """Undone, it would make a digest of the edit stand for the code before it, and results of one for those of the other."""
    script = tmp_path_factory.mktemp("scripts") / "script.py"
    script.write_bytes(package.read_bytes())
    used = package.parent / "deeper.py"
    old = used.read_text()
    follow = code_digest._follow

    def edit_and_follow(*arguments):
        used.write_text(old.replace("x + _inner", "x - _inner"))
        return follow(*arguments)

    monkeypatch.setattr(code_digest, "_follow", edit_and_follow)
    during = digest(script)
    monkeypatch.undo()
    monkeypatch.setattr(code_digest, "_PACKAGE", package.parent)
    edited = digest(script)
    used.write_text(old)
    assert digest(script) == during != edited
    shutil.rmtree(package.parent / "__pycache__")
    assert digest(script) == during


def test_python_does_not_run_what_it_compiled_before_an_edit_of_the_same_size_and_second(package, tmp_path_factory):
    """A copy with fixed dates, or a quick edit: the digest would be that of new code, and the numbers those of the old."""
    script = tmp_path_factory.mktemp("scripts") / "script.py"
    script.write_bytes(package.read_bytes())
    used = package.parent / "deeper.py"

    def run():
        digest(script)
        command = [sys.executable, "-c", "import deeper, words; print(deeper.SIZE)"]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        return subprocess.run(command, cwd=package.parent, env=environment, capture_output=True, check=True).stdout

    assert run() == b"1\n"
    (compiled,) = (package.parent / "__pycache__").glob("words.*.pyc")
    before, times = compiled.stat(), used.stat()
    used.write_text(used.read_text().replace("SIZE = 1", "SIZE = 2"))
    os.utime(used, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert run() == b"2\n"
    assert compiled.stat().st_ino == before.st_ino  # of what was not edited it stays


def test_what_an_editor_leaves_beside_a_file_is_no_code(package):
    first = digest(package), code_digest.digest_of_package()
    (package.parent / "stage" / ".used.py.swp").write_bytes(b"\0")
    (package.parent / "stage" / "used.py~").write_text("X = 1\n")
    assert (digest(package), code_digest.digest_of_package()) == first


def test_one_digest_on_every_python():
    """Python 3.12 ends the format of an f-string with an empty text where others have none: nothing to run again for."""
    tree = ast.parse("def f(x, w): return f'{x:<{w}} a'")
    formats = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    texts = []
    for end in ("", "", "b"):
        statement = code_digest._Statement()
        texts.append(code_digest._Reader(statement, [], postponed=True).read(tree.body[0]))
        formats[-1].values.append(ast.Constant(end))
    assert texts[0] == texts[1] == texts[2]
    assert code_digest._Reader(code_digest._Statement(), [], postponed=True).read(tree.body[0]) != texts[0]

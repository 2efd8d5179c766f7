"""Docstrings of the whole package: what a caller needs to know stands with the function, for every public one.

Read from the source, so that nothing has to be imported. Ruff checks their form; this file checks what they tell.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "workflow" / "sidemine"
MANY = 3
"""From this number of parameters on, each is documented by name."""
SAYS_COLUMNS = re.compile(r"[Cc]olumn|\b[Oo]ne row per\b|`(\w+\.)*[A-Z][A-Z_]{3,}`")
SAYS_SHAPE = re.compile(r"×|\bper\b|\beach\b|\bevery\b|\bshape|\border\b|\bboth\b|\bas long as\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(path: Path) -> ast.Module:
    """Return what stands in a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def public_functions(tree: ast.Module) -> Iterator[tuple[str, Function, bool]]:
    """Yield name, definition and whether it is a method, for functions and methods that others may call."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node, False
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner, True


def parameters(function: Function, is_method: bool) -> list[str]:
    """Return the names of the parameters, `self` and `cls` apart."""
    arguments = function.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
    if is_method and not static:
        names = names[1:]
    names += [one.arg for one in arguments.kwonlyargs]
    return names + [one.arg for one in (arguments.vararg, arguments.kwarg) if one is not None]


def section(docstring: str, title: str) -> str:
    """Return the body of one numpydoc section, '' where there is none."""
    match = re.search(rf"^{title}\n-+\n(.*?)(?=^[^\n]+\n-{{3,}}\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


def documented(docstring: str) -> set[str]:
    """Return the names that stand under Parameters."""
    heads = re.findall(r"^(\*{0,2}\w[\w, *]*)(?: :.*)?$", section(docstring, "Parameters"), re.MULTILINE)
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


def raised(nodes: list[ast.stmt], errors: set[str]) -> set[str]:
    """Return which of our errors statements raise and do not catch; functions inside are judged where they are called."""
    named: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            named |= {called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")} & errors
        elif isinstance(node, ast.Try):
            caught = {
                part.id
                for one in node.handlers
                if one.type
                for part in ast.walk(one.type)
                if isinstance(part, ast.Name)
            }
            named |= raised(node.body, errors) - caught
            named |= raised([*node.orelse, *node.finalbody], errors)
            named |= raised([inner for one in node.handlers for inner in one.body], errors)
        elif not isinstance(node, Function | ast.ClassDef):
            named |= raised([inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt)], errors)
            for case in getattr(node, "cases", []):
                named |= raised(case.body, errors)
    return named


@cache
def our_errors() -> set[str]:
    """Return the names of the exceptions that this package defines."""
    parents = {
        node.name: {base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in node.bases}
        for path in PACKAGE.rglob("*.py")
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef)
    }
    errors, before = {"Exception"}, 0
    while len(errors) > before:
        before = len(errors)
        errors |= {name for name, bases in parents.items() if bases & errors}
    return errors - {"Exception"}


def lacks(name: str, function: Function, is_method: bool, errors: set[str]) -> Iterator[str]:
    """Yield what a docstring does not tell."""
    docstring = ast.get_docstring(function)
    if docstring is None:
        yield f"{name}: no docstring"
        return
    names = parameters(function, is_method)
    unnamed = [one for one in names if one not in documented(docstring)]
    if len(names) >= MANY and unnamed:
        yield f"{name}: Parameters without {', '.join(unnamed)}"
    if unknown := sorted(documented(docstring) - set(names)):
        yield f"{name}: Parameters with {', '.join(unknown)}, which it does not have"
    silent = sorted(error for error in raised(function.body, errors) if error not in section(docstring, "Raises"))
    if silent:
        yield f"{name}: Raises without {', '.join(silent)}"
    returned = ast.unparse(function.returns) if function.returns else ""
    if "DataFrame" in returned and not SAYS_COLUMNS.search(docstring):
        yield f"{name}: does not say which columns it returns"
    if "NDArray" in returned and not SAYS_SHAPE.search(docstring):
        yield f"{name}: does not say the shape of what it returns"


def rooms() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())


def gaps(room: str) -> list[str]:
    """Return what the docstrings of a room (a folder, or a module of the package's top level) do not tell."""
    errors, place = our_errors(), PACKAGE / room
    return [
        f"{path.relative_to(PACKAGE)}:{function.lineno} {gap}"
        for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])
        for name, function, is_method in public_functions(tree_of(path))
        for gap in lacks(name, function, is_method, errors)
    ]


@pytest.mark.parametrize("room", rooms())
def test_docstrings_tell_parameters_errors_and_shapes(room: str) -> None:
    assert not (found := gaps(room)), "\n".join(["", *found])


EXAMPLE = '''
class _Hidden:
    def told_to_nobody(self, a, b, c): ...

class Table:
    @classmethod
    def read(cls, path, kind):
        """Read."""
        raise InputError(path)

    @staticmethod
    def plain(a, b, c):
        """Do.

        Parameters
        ----------
        a, b, z
            Two, and one that is gone.
        """

def bare(): ...

def fit(a, b, *, c) -> pd.DataFrame:
    """Fit.

    Parameters
    ----------
    a, b
        Two.
    c : int
        One.

    Returns
    -------
    pandas.DataFrame
        Rows of `GENE_SETS`.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(a)

def deviates(t) -> NDArray[np.float64]:
    """Return numbers."""
    def inner():
        raise InputError(t)
    try:
        with t:
            raise InputError(t)
    except InputError:
        pass
'''


def test_the_check_finds_what_is_missing() -> None:
    found = [
        gap
        for name, function, is_method in public_functions(ast.parse(EXAMPLE))
        for gap in lacks(name, function, is_method, {"InputError"})
    ]
    assert found == [
        "Table.read: Raises without InputError",
        "Table.plain: Parameters without c",
        "Table.plain: Parameters with z, which it does not have",
        "bare: no docstring",
        "deviates: does not say the shape of what it returns",
    ]

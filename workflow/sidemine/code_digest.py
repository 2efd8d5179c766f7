"""Digest of the package modules that a script uses, so that the workflow sees edits to imported code."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_DATA_SUFFIXES = {".j2", ".css", ".js", ".json"}


def digest_of_script(script: Path) -> str:
    """Return a digest of a script and of every `sidemine` module that it imports, directly or not.

    Snakemake compares a script's own text, but not that of the modules it imports. Given as a parameter, this digest
    makes a re-run see an edit to any of them, and stay quiet about edits elsewhere.

    Parameters
    ----------
    script
        Path of a Python file.

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256.
    """
    files = {script}
    waiting = [script]
    while waiting:
        for module in _imported_modules(waiting.pop()):
            if module not in files:
                files.add(module)
                waiting.append(module)
    digest = hashlib.sha256()
    for file in sorted(files):
        name = file.relative_to(_PACKAGE) if file.is_relative_to(_PACKAGE) else Path(file.name)
        digest.update(f"{name.as_posix()}\0".encode())
        digest.update(_content(file))
    return digest.hexdigest()[:16]


def digest_of_package() -> str:
    """Return a digest of all of sidemine: Python modules, templates, styles and scripts of the page."""
    digest = hashlib.sha256()
    for file in sorted(_package_files()):
        digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(_content(file))
    return digest.hexdigest()[:16]


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _imported_modules(file: Path) -> frozenset[Path]:
    if file.suffix in _DATA_SUFFIXES:
        return frozenset()
    found: set[Path] = set()
    for node in _statements(ast.parse(_content(file))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            found |= _files_of(name)
    return frozenset(found)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Give every statement, at any depth. `ast.walk` looks through all expressions too, which takes a second."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, part, [])


@cache
def _files_of(name: str) -> frozenset[Path]:
    """Return the files that importing `name` reads: the module, and every package above it with its data files."""
    parts = name.split(".")
    if parts[0] != "sidemine":
        return frozenset()
    files: set[Path] = set()
    place = _PACKAGE
    for part in parts[1:]:
        place = place / part
        if place.with_suffix(".py") in _package_files():
            files.add(place.with_suffix(".py"))
        elif place / "__init__.py" in _package_files():
            files |= {place / "__init__.py", *_data_files(place)}
    return frozenset(files)


@cache
def _data_files(folder: Path) -> frozenset[Path]:
    return frozenset(file for file in _package_files() if file.suffix in _DATA_SUFFIXES and folder in file.parents)


@cache
def _package_files() -> frozenset[Path]:
    """Return every file of the package. Listed once: asking the disk for each imported name takes half a second."""
    return frozenset(path for path in _PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)

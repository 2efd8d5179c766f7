"""Digest of the code that a script uses, so that the workflow sees edits to imported code, and only those that matter.

A script is followed name by name: from its own statements to the functions, classes and constants that they name, in
whichever module these stand, and so on. Comments, docstrings and the layout of the text do not count.

What runs when a module is imported counts for everybody who imports it: bare calls, loops, and definitions under a
decorator that is not known to leave no trace elsewhere. An assignment (`X = f()`) is taken as a definition of X. Of an
entry in a registry (`X = Consideration(read_judge=…, panels=…)`) what it runs counts only where the followed code asks for
it by name (`entry.panels`): a changed panel makes nobody judge again. Names reached through a module (`words.title`) count with that whole module. Where code looks names up in ways that cannot be
followed (`globals()`, `__subclasses__`, …) the script depends on the whole package. In doubt a script runs again.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent
_DATA_SUFFIXES = {".j2", ".css", ".js", ".json"}
_QUIET_DECORATORS = {
    *("cache", "lru_cache", "cached_property", "dataclass", "contextmanager", "wraps", "overload", "property"),
    *("classmethod", "staticmethod", "abstractmethod", "model_validator", "field_validator", "field_serializer"),
}
"""Decorators that change what they decorate and nothing else."""
_UNFOLLOWABLE = {
    *("globals", "eval", "exec", "__import__", "import_module", "modules", "__doc__"),
    *("__subclasses__", "__init_subclass__", "__getattr__"),
}
"""Names by which code reaches other code, or its docstrings, without naming it."""
_FOLLOWED_ELSEWHERE = {"isolation/child.py", "study_jobs.py"}
"""They run code by its name: who asks the first for a function names it itself, and the rules of the second name the
module of each job when they ask for its digest."""
_REGISTRATIONS = {"Consideration", "LineOfEvidence"}
"""Classes whose instances at the top of a module are entries of a registry."""
_FIELDS_TO_ASK_FOR = {"job", "read_judge", "panels", "tiles", "methods"}
"""Fields of these that hold functions, and are asked for as attributes."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOT_AS_KEPT = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What a kept file can raise that is not as this module left it: it is made anew."""
_UNSEEN_FIELDS = {"ctx", "type_comment", "kind"}


@dataclass
class _Statement:
    """One top-level statement of a module.

    Attributes
    ----------
    text
        Digest of its normal form: the syntax tree without docstrings and positions.
    names
        Names that stand anywhere in it.
    imports
        What it imports, at any depth: a module and a name in it, or '' for the module itself.
    binds
        Names that it defines in its module.
    acts
        Whether it does something as soon as its module is imported.
    asks
        Fields of entries in a registry that it asks for.
    fields
        Of such an entry: what each of these fields names.
    """

    text: str = ""
    names: set[str] = field(default_factory=set)
    imports: set[tuple[str, str]] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    acts: bool = False
    asks: set[str] = field(default_factory=set)
    fields: dict[str, _Statement] = field(default_factory=dict)


@dataclass
class _Module:
    """One parsed file: its statements, those that bind a name or act, and what a name imported at the top means."""

    statements: list[_Statement] = field(default_factory=list)
    bound: dict[str, list[int]] = field(default_factory=dict)
    imported: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    acting: list[int] = field(default_factory=list)
    followable: bool = True


def digest_of_script(script: Path, *modules: str) -> str:
    """Return a digest of a script and of all `sidemine` code that it uses, directly or not.

    Snakemake compares at most a script's own text, but not that of the modules it imports. Given as a parameter, this
    digest makes a re-run see an edit to any of them, and stay quiet about edits elsewhere.

    Parameters
    ----------
    script
        Path of a Python file.
    modules
        Modules of sidemine (`sidemine.room.module`) that it finds by their names while it runs: each counts whole. With a
        name (`sidemine.room.module:name`) this counts, and what it uses.

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256.

    Raises
    ------
    ModuleNotFoundError
        A module of that name does not exist.
    """
    asked = json.dumps([script.name, _sha256(script), *modules])
    if script.is_relative_to(_PACKAGE):  # its place counts
        return _follow(script, *modules)
    return _known_or(asked, lambda: _follow(script, *modules))


def _follow(script: Path, *modules: str) -> str:
    use = _Use()
    use.add_whole(script)
    for place in modules:
        module, _, name = place.partition(":")
        if _file_of(module) is None:
            raise ModuleNotFoundError(module)
        use.add_name(module, name)
    use.follow_all()
    return _digest(use.parts() if use.followable else _all_parts([script]))


def digest_of_package() -> str:
    """Return a digest of all of sidemine that makes results: Python modules, templates, styles, scripts of the page.

    The simulator does not count: what it wrote is an input like any other.
    """
    return _known_or("package", _digest_package)


def _digest_package() -> str:
    digest = _digest(_all_parts([]))
    _keep_parsed()
    return digest


def _known_or(asked: str, find: Callable[[], str]) -> str:
    """Return a digest as it was found for this same content of all files, whatever their dates; else find and keep it."""
    content, kept, known = _content(), {}, {}
    with contextlib.suppress(*_NOT_AS_KEPT):
        found = json.loads(_kept_digests().read_bytes())
        kept = dict(found["content"])
        if kept == content:
            known = {str(key): str(digest) for key, digest in found["digests"].items()}
    if kept != content:
        _forget_compiled(place for place in content if kept.get(place, content[place]) != content[place])
    if asked not in known:
        known[asked] = find()
        _keep(_kept_digests(), json.dumps({"content": content, "digests": known}))
    return known[asked]


@cache
def _content() -> dict[str, str]:
    """Return the digest of the bytes of every file of the package, and of this file."""
    return {place: _sha256(file) for place, file in sorted(_package_files().items())} | {"": _own_digest()}


def _forget_compiled(places: Iterable[str]) -> None:
    """Delete what Python compiled of files: it would take it for theirs after an edit that keeps their size and second."""
    for place in places:
        if (file := _package_files().get(place)) is not None:
            for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
                with contextlib.suppress(OSError):
                    compiled.unlink()


class _Use:
    """What a script uses, as far as it has been followed."""

    def __init__(self) -> None:
        self.statements: dict[Path, set[int]] = {}
        self.imported: dict[Path, set[str]] = {}
        self.data: set[Path] = set()
        self.followable = True
        self._whole: set[Path] = set()
        self._waiting: list[tuple[Path, _Statement]] = []
        self._asked: set[str] = set()
        self._entries: list[tuple[Path, str, _Statement]] = []
        self._fields: dict[Path, list[str]] = {}

    def add_whole(self, file: Path) -> None:
        """Take all of a file."""
        if file in self._whole:
            return
        self._whole.add(file)
        self._enter(file)
        module = _parse(file)
        self._add(file, range(len(module.statements)))
        for name in module.imported:
            self._add_imported(file, name)

    def follow_all(self) -> None:
        """Take what the statements taken so far name, and so on."""
        while self._waiting:
            file, statement = self._waiting.pop()
            module = _parse(file)
            self._asked |= statement.asks
            self._entries += [(file, name, part) for name, part in statement.fields.items()]
            for name in statement.names & module.bound.keys():
                self._add(file, module.bound[name])
            for name in statement.names & module.imported.keys():
                self._add_imported(file, name)
            if "*" in module.imported:
                self._add_imported(file, "*")
            for place, name in statement.imports:
                self.add_name(place, name)
            if not self._waiting:
                self._take_fields()

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """Give the content that counts, by place."""
        for file in sorted(self.statements):
            module = _parse(file)
            chosen = [module.statements[number] for number in sorted(self.statements[file])]
            # The order of definitions does not count, except where one name is bound twice.
            texts = [one.text for one in sorted(chosen, key=lambda one: min(one.binds, default=""))]
            for name in sorted(self.imported.get(file, ())):
                texts.append(f"{name} {sorted(module.imported[name])}")
            texts += sorted(self._fields.get(file, ()))
            yield _place(file), "\0".join(texts).encode()
        for file in sorted(self.data):
            yield _place(file), _read(file)

    def _take_fields(self) -> None:
        """Take those fields of registered entries that are asked for by now."""
        asked = [entry for entry in self._entries if entry[1] in self._asked]
        self._entries = [entry for entry in self._entries if entry[1] not in self._asked]
        for file, name, part in asked:
            self._fields.setdefault(file, []).append(f"{name} {part.text}")
            self._waiting.append((file, part))

    def _add(self, file: Path, numbers: Iterable[int]) -> None:
        new = set(numbers) - self.statements[file]
        self.statements[file] |= new
        self._waiting += [(file, _parse(file).statements[number]) for number in new]

    def _add_imported(self, file: Path, name: str) -> None:
        """Take what a name means that was imported at the top of a file."""
        taken = self.imported.setdefault(file, set())
        if name not in taken:
            taken.add(name)
            for place, what in _parse(file).imported[name]:
                self.add_name(place, what)

    def add_name(self, place: str, name: str) -> None:
        """Take a name of a module, a module of a package, or (where the name is empty) a module."""
        file = _file_of(place)
        if name and (below := _file_of(f"{place}.{name}")):
            self.add_whole(below)
        elif file is not None:
            self._enter(file)
            module = _parse(file)
            if name in module.bound:
                self._add(file, module.bound[name])
            elif name in module.imported:
                self._add_imported(file, name)
            else:
                self.add_whole(file)

    def _enter(self, file: Path) -> None:
        """Take what importing a file does: its acts, and those of all that it imports at the top."""
        waiting = [file]
        while waiting:
            current = waiting.pop()
            if current in self.statements:
                continue
            self.statements[current] = set()
            module = _parse(current)
            self.followable &= module.followable
            self._add(current, module.acting)
            further, data = _entered_with(current)
            self.data |= data
            waiting += further


@cache
def _entered_with(file: Path) -> tuple[list[Path], frozenset[Path]]:
    """Return the files that importing a file imports as well, and the templates and styles that count with it."""
    inside = file.is_relative_to(_PACKAGE)
    rooms = [room.as_posix() for room in Path(_place(file)).parents] if inside else []
    inits = [_package_files().get("__init__.py" if room == "." else f"{room}/__init__.py") for room in rooms]
    places = set().union(*_parse(file).imported.values())
    imported = [_file_of(f"{place}.{name}") or _file_of(place) for place, name in places]
    data = frozenset().union(*(_data_files(room) for room in rooms if room != "."))
    return [one for one in (*inits, *imported) if one is not None], data


def _all_parts(further: list[Path]) -> Iterator[tuple[str, bytes]]:
    for file in sorted([*_package_files().values(), *further]):
        if _PACKAGE / "simulate" in file.parents:
            continue
        if file.suffix == ".py":
            texts = [part.text for one in _parse(file).statements for part in (one, *one.fields.values())]
            yield _place(file), "\0".join(texts).encode()
        else:
            yield _place(file), _read(file)


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for place, content in parts:
        digest.update(f"{place}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


@cache
def _place(file: Path) -> str:
    return (file.relative_to(_PACKAGE) if file.is_relative_to(_PACKAGE) else Path(file.name)).as_posix()


@cache
def _parse(file: Path) -> _Module:
    """Read a file, or take what an earlier run kept of these same bytes: reading all of sidemine takes a second."""
    content = _read(file)
    if not file.is_relative_to(_PACKAGE):
        return _read_module(content, file)
    key = f"{_place(file)} {_sha256(file)}"
    _parsed[key] = module = _kept().get(key) or _read_module(content, file)
    return module


_parsed: dict[str, _Module] = {}


@cache
def _kept() -> dict[str, _Module]:
    # What is not as this module left it is read again.
    with contextlib.suppress(*_NOT_AS_KEPT):
        kept = json.loads(_kept_file().read_bytes())
        if kept["reader"] == _own_digest():
            return {key: _module_of(module) for key, module in kept["modules"].items()}
    return {}


def _module_of(kept: dict[str, Any]) -> _Module:
    imported = {name: {(place, what) for place, what in meanings} for name, meanings in kept["imported"].items()}
    return _Module(**{**kept, "statements": [_statement_of(part) for part in kept["statements"]], "imported": imported})


def _statement_of(kept: dict[str, Any]) -> _Statement:
    sets = {name: set(kept[name]) for name in ("names", "binds", "asks")}
    imports = {(place, name) for place, name in kept["imports"]}
    fields = {name: _statement_of(part) for name, part in kept["fields"].items()}
    return _Statement(**{**kept, **sets, "imports": imports, "fields": fields})


def _as_kept(value: object) -> Any:
    return sorted(value) if isinstance(value, set) else vars(value)


def _kept_file() -> Path:
    # Beside what Python itself keeps of these files, and as trustworthy.
    return _PACKAGE / "__pycache__" / "code_digest.json"


def _kept_digests() -> Path:
    return _kept_file().with_name("code_digests.json")


def _own_digest() -> str:
    return _sha256(Path(__file__))


@cache
def _read(file: Path) -> bytes:
    """Return a file as it was when it was first looked at: one digest is never of two states of an edit."""
    return file.read_bytes()


@cache
def _sha256(file: Path) -> str:
    return hashlib.sha256(_read(file)).hexdigest()


def _keep_parsed() -> None:
    """Keep what was read for the next run; a folder that cannot be written costs that run a second."""
    if _parsed.keys() <= _kept().keys():
        return
    content = json.dumps({"reader": _own_digest(), "modules": _parsed}, default=_as_kept, separators=(",", ":"))
    _keep(_kept_file(), content)


def _keep(file: Path, content: str) -> None:
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        temporary = file.with_name(f"{file.stem}.{os.getpid()}.json")
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(file)


def _read_module(content: bytes, file: Path) -> _Module:
    tree = ast.parse(content)
    module = _Module()
    # Then annotations of functions are never evaluated (those of classes are, by dataclasses and pydantic).
    postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    inside = file.is_relative_to(_PACKAGE)
    package = ["sidemine", *file.relative_to(_PACKAGE).parts[:-1]] if inside else []
    for node in _without_type_checking(tree.body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, meaning in _meanings(node, package):
                module.imported.setdefault(name, set()).add(meaning)
        if _is_bare_text(node):
            continue
        statement = _Statement()
        reader = _Reader(statement, package, postponed=postponed)
        statement.text = _short_digest(reader.read(_without_fields(node)))
        for keyword in _registered_fields(node):
            part = statement.fields[str(keyword.arg)] = _Statement()
            reader_of_part = _Reader(part, package, postponed=postponed)
            part.text = _short_digest(reader_of_part.read(keyword.value))
            reader.followable &= reader_of_part.followable
        module.followable &= reader.followable or _place(file) in _FOLLOWED_ELSEWHERE
        if isinstance(node, ast.Import | ast.ImportFrom):
            # It only binds names: what is not named elsewhere is not used.
            statement.imports.clear()
        else:
            statement.binds = set(_bound_names(node))
            statement.acts = _acts(node)
        module.statements.append(statement)
    for number, statement in enumerate(module.statements):
        for name in statement.binds:
            module.bound.setdefault(name, []).append(number)
    module.acting = [number for number, statement in enumerate(module.statements) if statement.acts]
    for statement in module.statements:
        for part in (statement, *statement.fields.values()):
            part.names &= module.bound.keys() | module.imported.keys()
    return module


def _registered_fields(node: ast.AST) -> list[ast.keyword]:
    """Return the fields of an entry in a registry that count where they are asked for; of any other statement none."""
    call = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _REGISTRATIONS:
        return [keyword for keyword in call.keywords if keyword.arg in _FIELDS_TO_ASK_FOR]
    return []


def _without_fields(node: ast.stmt) -> ast.stmt:
    """Return a statement without these fields of the entry that it makes."""
    if not _registered_fields(node):
        return node
    slim = copy.deepcopy(node)
    fields = _registered_fields(slim)
    call = slim.value  # type: ignore[attr-defined]
    call.keywords = [keyword for keyword in call.keywords if keyword not in fields]
    return slim


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Reader:
    """Reads one top-level statement: its normal form, the names in it and what it imports."""

    def __init__(self, statement: _Statement, package: list[str], *, postponed: bool) -> None:
        self.followable = True
        self._statement = statement
        self._package = package
        self._unseen = ("annotation", "returns") if postponed else ()

    def read(self, node: ast.AST, *, named: bool = True) -> str:
        """Return the normal form of a node; note the names in it unless they only annotate a function."""
        if isinstance(node, ast.Name):
            if named:
                self._note(node.id)
            return node.id
        if isinstance(node, ast.Constant):
            return f"{type(node.value).__name__} {node.value!r}"
        if isinstance(node, ast.Attribute):
            self.followable &= node.attr not in _UNFOLLOWABLE
            if node.attr in _FIELDS_TO_ASK_FOR:
                self._statement.asks.add(node.attr)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._statement.imports.update(meaning for _, meaning in _meanings(node, self._package))
        elif isinstance(node, ast.Global):
            self._statement.names.update(node.names)
        elif isinstance(node, _FUNCTIONS):
            self.followable &= node.name not in _UNFOLLOWABLE
        parts = []
        for key in node._fields:
            value = getattr(node, key, None)
            if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some formats with an empty text
                value = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
            if key in _UNSEEN_FIELDS or value is None or value == []:
                continue
            names = named and not (key in self._unseen and isinstance(node, (ast.arg, *_FUNCTIONS)))
            parts.append(f"{key}={self._read_value(value, names)}")
        return f"{type(node).__name__}({','.join(parts)})"

    def _read_value(self, value: object, named: bool) -> str:
        if isinstance(value, list):
            told = [one for one in _without_type_checking(value) if not _is_bare_text(one)]
            return f"[{','.join(self._read_value(one, named) for one in told)}]"
        return self.read(value, named=named) if isinstance(value, ast.AST) else repr(value)

    def _note(self, name: str) -> None:
        self._statement.names.add(name)
        self.followable &= name not in _UNFOLLOWABLE


def _is_bare_text(node: object) -> bool:
    """Tell docstrings, and texts that stand below a constant to explain it."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_type_checking(nodes: list[Any]) -> Iterator[Any]:
    """Give nodes without what stands under `if TYPE_CHECKING:`, which never runs."""
    for node in nodes:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from node.orelse
        else:
            yield node


def _meanings(node: ast.Import | ast.ImportFrom, package: list[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give the names that an import binds, each with its module and the name there ('' for the module itself)."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], (alias.name, "")
        return
    base = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    for alias in node.names:
        yield alias.asname or alias.name, (module, alias.name)


def _bound_names(node: ast.AST) -> Iterator[str]:
    """Give the names that a top-level statement binds in its module; those of comprehensions stay inside these."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name for name, _ in _meanings(node, []))
    elif isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.comprehension):
        for part in (node.iter, *node.ifs):
            yield from _bound_names(part)
    elif not isinstance(node, ast.Lambda):
        for below in ast.iter_child_nodes(node):
            yield from _bound_names(below)


def _acts(node: ast.AST) -> bool:
    """Tell whether a top-level statement may do more than bind names, as soon as its module is imported."""
    if isinstance(node, _FUNCTIONS):
        return not all(_is_quiet(decorator) for decorator in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        decorated = [node, *(below for below in node.body if isinstance(below, (*_FUNCTIONS, ast.ClassDef)))]
        quiet = all(_is_quiet(decorator) for one in decorated for decorator in one.decorator_list)
        return bool(node.keywords) or not quiet
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return not all(isinstance(below, ast.Name | ast.Tuple | ast.List) for below in targets)
    return type(node).__name__ != "TypeAlias"  # a statement of Python 3.12


def _is_quiet(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _QUIET_DECORATORS or name in {"setter", "deleter"}


@cache
def _file_of(name: str) -> Path | None:
    """Return the file of a module of sidemine, None for any other name."""
    room, *below = name.split(".")
    if room != "sidemine":
        return None
    files, place = _package_files(), "/".join(below)
    return files.get(f"{place}.py") or files.get(f"{place}/__init__.py" if place else "__init__.py")


@cache
def _data_files(room: str) -> frozenset[Path]:
    files = _package_files().items()
    return frozenset(file for place, file in files if file.suffix in _DATA_SUFFIXES and place.startswith(f"{room}/"))


@cache
def _package_files() -> dict[str, Path]:
    """Return every file of the package by its place. Listed once: asking the disk for each imported name takes half a second."""
    # Not what editors leave there: a file of theirs comes and goes.
    suffixes = {".py", *_DATA_SUFFIXES}
    files = (file for file in _PACKAGE.rglob("*") if file.suffix in suffixes and file.is_file())
    files = (file for file in files if "__pycache__" not in file.parts)
    return {path.relative_to(_PACKAGE).as_posix(): path for path in files}

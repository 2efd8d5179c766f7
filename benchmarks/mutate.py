"""A mutation run: how many small faults, put into the code one at a time, make a test fail.

Works on a private copy of the repository. One process imports what all tests need and forks one child per mutant; the child
runs the tests that pass through the mutated lines, quickest first, and stops at the first failure. A mutant survives when
all of them pass, or when no test passes through it. A child that uses far more processor time than the same tests
without a fault counts as killed.

    python benchmarks/mutate.py --sample 700 --seed 1 --write survivors.json
    python benchmarks/mutate.py --again survivors.json
    python benchmarks/mutate.py --by-hand
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.abc
import importlib.util
import json
import os
import pickle
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest
from mutators import Mutant, mutants_of, mutated

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = Path("workflow/sidemine")
TARGETS = (
    "verdict/*.py",
    "considerations/*.py",
    "considerations/*/*.py",
    "report/cards.py",
    "report/answer.py",
    "report/forest.py",
)
TESTS = ("tests/verdict", "tests/considerations", "tests/report", "tests/differential/test_design.py")
LEFT_OUT = "not browser and not workflow and not real_files"
OPTIONS = (
    "-o",
    "addopts=",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--strict-markers",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)

BY_HAND: tuple[tuple[str, str, str], ...] = (
    ("report/templates/card.html.j2", '"▲", "lower": "▼"}.get(view.way', '"▼", "lower": "▲"}.get(view.way'),
    ("report/templates/card.html.j2", '"▲", "lower": "▼"}.get(effect.way', '"▼", "lower": "▲"}.get(effect.way'),
    ("report/templates/answers.html.j2", '"▲", "lower": "▼"}.get(view.way', '"▼", "lower": "▲"}.get(view.way'),
    ("report/templates/guide.html.j2", "▲</span> higher", "▼</span> higher"),
    ("drawing/charts.py", '"triangle-up", "triangle-down", "circle"', '"triangle-down", "triangle-up", "circle"'),
    ("verdict/readings.py", "agrees=signed > effect.se", "agrees=signed > 0"),
    ("verdict/answer.py", "opposite=False,", ""),
    ("verdict/answer.py", "replace(cap, bites=False)", "cap"),
    ("considerations/composition/measure.py", "DIFFERS_P = 0.05", "DIFFERS_P = 0.5"),
    ("differential/design.py", "MIN_COMPLETE_SHARE = 0.9", "MIN_COMPLETE_SHARE = 0.6"),
)
"""Faults that a reader would try first: file, what stands there, what is put there."""


@dataclass
class Baseline:
    """What the tests do without a fault.

    Attributes
    ----------
    lines
        By test: the lines of the targets that it passes through, those of its fixtures included.
    seconds
        By test: its processor time.
    modules
        All modules that were imported.
    """

    lines: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)


class Watch:
    """A plugin of pytest that writes down through which lines every test passes."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = set(files)
        self.current: set[tuple[str, int]] = set()
        self.of_fixtures: dict[tuple[str, str], set[tuple[str, int]]] = {}
        self.baseline = Baseline()
        self.failed: list[str] = []

    def _enter(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        return self._line if frame.f_code.co_filename in self.files else None

    def _line(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            self.current.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Keep the lines of a fixture apart: every test that uses it passes through them."""
        outer, self.current = self.current, set()
        try:
            return (yield)
        finally:
            self.of_fixtures.setdefault((fixturedef.baseid, fixturedef.argname), set()).update(self.current)
            self.current = outer

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Watch one test."""
        self.current = set()
        sys.settrace(self._enter)
        start = time.process_time()
        try:
            return (yield)
        finally:
            sys.settrace(None)
            lines = set(self.current)
            for (_base, name), of_fixture in self.of_fixtures.items():
                if name in item.fixturenames:
                    lines |= of_fixture
            self.baseline.lines[item.nodeid] = lines
            self.baseline.seconds[item.nodeid] = time.process_time() - start

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the tests that fail."""
        if report.failed:
            self.failed.append(report.nodeid)


class Chosen:
    """A plugin of pytest that runs the chosen tests, in their order."""

    def __init__(self, order: Sequence[str]) -> None:
        self.order = {name: at for at, name in enumerate(order)}
        self.killer = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave the chosen tests only."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the test that fails."""
        if report.failed:
            self.killer = report.nodeid


class FaultyFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module with a fault to whoever imports it."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> Any:
        """Return where the module comes from; None for all others."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def create_module(self, _spec: object) -> None:
        """Leave the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the code with the fault."""
        exec(self.code, module.__dict__)  # noqa: S102


def copy_repository(target: Path) -> None:
    """Copy what git knows, as it stands in the work tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, target / name)


def module_name(path: Path) -> str:
    """Return the name under which a file of the package is imported."""
    parts = path.with_suffix("").parts
    return ".".join(("sidemine", *(parts[:-1] if parts[-1] == "__init__" else parts)))


def dependents(root: Path) -> dict[str, set[str]]:
    """Return for every module of the package all that import it, over others too."""
    files = {module_name(path.relative_to(root)): path for path in root.rglob("*.py")}
    users: dict[str, set[str]] = {name: set() for name in files}
    for name, path in files.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for used in names:
                # Importing sidemine.a.b imports sidemine.a too.
                for end in range(1, used.count(".") + 2):
                    part = ".".join(used.split(".")[:end])
                    if part in users and part != name:
                        users[part].add(name)
    closed = {}
    for name in files:
        reached, waiting = {name}, [name]
        while waiting:
            new = users[waiting.pop()] - reached
            reached |= new
            waiting += new
        closed[name] = reached
    return closed


def in_child(folder: Path, work: Any, seconds: float) -> tuple[Any, int]:
    """Return what `work` returns in a child, None when it dies; and the signal that killed it."""
    answer = folder / "answer.pickle"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            answer.write_bytes(pickle.dumps(work()))
            code = 0
        except BaseException:  # noqa: BLE001
            (folder / "failure.txt").write_text(traceback.format_exc(), "utf-8")
        os._exit(code)
    _, status = os.waitpid(child, 0)
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if not died and not answer.exists():
        raise SystemExit(f"A child failed by itself:\n{(folder / 'failure.txt').read_text('utf-8')}")
    return (pickle.loads(answer.read_bytes()) if answer.exists() else None), died  # noqa: S301


def read_baseline(root: Path, files: Sequence[str], tests: Sequence[str]) -> Baseline:
    """Run all tests once without a fault.

    Raises
    ------
    SystemExit
        When one of them fails: nothing can be learned from it.
    """

    def run() -> tuple[Baseline, list[str]]:
        watch = Watch(str(root / PACKAGE / name) for name in files)
        code = pytest.main([*OPTIONS, "-m", LEFT_OUT, *tests], plugins=[watch])
        watch.baseline.modules = [name for name in sys.modules if not name.startswith("__")]
        return watch.baseline, watch.failed or ([] if code == 0 else [f"pytest ended with {code}"])

    answer, died = in_child(root, run, 3600)
    if answer is None or answer[1]:
        raise SystemExit(f"The tests must pass without a fault first: {answer[1] if answer else f'signal {died}'}")
    baseline: Baseline = answer[0]
    return baseline


def warm_up(baseline: Baseline) -> None:
    """Import in this process what the tests import, but the tests themselves and their helpers."""
    for name in baseline.modules:
        if name not in sys.modules and not name.startswith(("test", "conftest", "sidemine")):
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
    for name in baseline.modules:
        if name.startswith("sidemine"):
            importlib.import_module(name)


def tests_for(mutant: Mutant, root: Path, baseline: Baseline, budget: float) -> list[str]:
    """Return the tests that pass through the lines of a mutant, quickest first; for what runs on import, through its file.

    Tests that would go beyond the budget of seconds are left out, but at least one remains.
    """
    path = str(root / PACKAGE / mutant.file)
    if not mutant.file.endswith(".py"):
        # Nobody sees which test draws a template.
        return sorted((name for name in baseline.lines if name.startswith("tests/report/")), key=baseline.seconds.get)
    wanted = {(path, line) for line in range(mutant.line, mutant.end_line + 1)}
    if mutant.in_function:
        chosen = [name for name, lines in baseline.lines.items() if lines & wanted]
    else:
        chosen = [name for name, lines in baseline.lines.items() if any(file == path for file, _line in lines)]
    ordered = sorted(chosen, key=lambda name: baseline.seconds[name])
    spent = list(accumulate(baseline.seconds[name] for name in ordered))
    return [name for at, (name, used) in enumerate(zip(ordered, spent, strict=True)) if not at or used <= budget]


def run_mutant(path: Path, fault: ast.Module | str, order: list[str], purged: set[str]) -> tuple[int, str]:
    """Run tests against a file with a fault, in this process; return pytest's exit code and the test that failed."""
    if isinstance(fault, ast.Module):
        name = module_name(path.relative_to(Path(PACKAGE).resolve()))
        sys.meta_path.insert(0, FaultyFinder(name, path, compile(fault, str(path), "exec")))
    for name in purged:
        sys.modules.pop(name, None)
        # `from package import module` takes the attribute of the package before it imports anything.
        package, _, module = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(module, None)
    chosen = Chosen(order)
    code = pytest.main([*OPTIONS, "-x", *dict.fromkeys(name.split("::")[0] for name in order)], plugins=[chosen])
    return int(code), chosen.killer


def run_all(
    mutants: Sequence[tuple[Mutant, ast.Module | str]], root: Path, baseline: Baseline, budget: float
) -> dict[str, str]:
    """Return what became of every mutant, by its key: the test that killed it, or why it survived in brackets.

    Ctrl-C ends the run early, with what is known so far.
    """
    fates: dict[str, str] = {}
    with contextlib.suppress(KeyboardInterrupt):
        _run_all(mutants, root, baseline, budget, fates)
    return fates


def _run_all(
    mutants: Sequence[tuple[Mutant, ast.Module | str]],
    root: Path,
    baseline: Baseline,
    budget: float,
    fates: dict[str, str],
) -> None:
    users = dependents(root / PACKAGE)
    for number, (mutant, fault) in enumerate(mutants, 1):
        order = tests_for(mutant, root, baseline, budget)
        if not order:
            fates[mutant.key] = "(no test passes through it)"
            print(f"{number}/{len(mutants)} SURVIVED, untested  {mutant.key}", flush=True)
            continue
        path = root / PACKAGE / mutant.file
        limit = 8 + 3 * sum(baseline.seconds[test] for test in order)
        arguments = (path, fault, order, users.get(module_name(Path(mutant.file)), set()))
        sound = path.read_text("utf-8")
        if isinstance(fault, str):
            path.write_text(fault, "utf-8")
        answer, died = in_child(root, lambda arguments=arguments: run_mutant(*arguments), limit)
        path.write_text(sound, "utf-8")
        if answer is None:
            fates[mutant.key] = f"signal {died}"
        elif answer[0] == 0:
            fates[mutant.key] = "(all tests passed)"
            print(f"{number}/{len(mutants)} SURVIVED {len(order)} tests  {mutant.key}", flush=True)
        else:
            fates[mutant.key] = answer[1] or f"pytest ended with {answer[0]}"


def without_line(key: str) -> str:
    """Return the name of a mutant without its line."""
    file, _line, told = key.split(":", 2)
    return f"{file}:{told}"


def print_table(mutants: Sequence[Mutant], fates: dict[str, str]) -> None:
    """Print mutants, killed and survivors by file."""
    total = Counter(mutant.file for mutant in mutants)
    killed = Counter(mutant.file for mutant in mutants if not fates[mutant.key].startswith("("))
    print("\n| file | mutants | killed | % |\n|---|---|---|---|")
    for file in sorted(total):
        print(f"| {file} | {total[file]} | {killed[file]} | {100 * killed[file] / total[file]:.0f} |")
    print(f"| **all** | {total.total()} | {killed.total()} | {100 * killed.total() / max(1, total.total()):.1f} |")


def written_by_hand(root: Path) -> list[tuple[Mutant, ast.Module | str]]:
    """Return the mutants of `BY_HAND`.

    Raises
    ------
    SystemExit
        When a text does not stand in its file.
    """
    made = []
    for file, before, after in BY_HAND:
        source = (root / PACKAGE / file).read_text("utf-8")
        if before not in source:
            raise SystemExit(f"{file} does not hold {before!r}")
        line = source[: source.index(before)].count("\n") + 1
        end = line + before.count("\n")
        changed = source.replace(before, after)
        first = source.splitlines()[line - 1]
        told = f"{before}  →  {after}"
        made.append(
            (
                Mutant(file, 0, 0, line, end, told, first.startswith(" ")),
                ast.parse(changed) if file.endswith(".py") else changed,
            )
        )
    return made


def main() -> None:
    """Run, print the table and write the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="how many mutants, at random; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", nargs="*", default=TARGETS, help="patterns under workflow/sidemine/")
    parser.add_argument("--tests", nargs="*", default=TESTS)
    parser.add_argument("--budget", type=float, default=20, help="seconds of tests per mutant")
    parser.add_argument("--write", type=Path, help="JSON file for what became of every mutant")
    parser.add_argument("--again", type=Path, help="run only the survivors of such a file")
    parser.add_argument(
        "--part", type=int, nargs=2, default=(1, 1), metavar=("K", "N"), help="every N-th, from the K-th"
    )
    parser.add_argument("--by-hand", action="store_true", help="run the faults of BY_HAND instead")
    arguments = parser.parse_args()
    os.nice(10)
    # The same examples of hypothesis in every child.
    os.environ.update(CI="1", OPENBLAS_NUM_THREADS="1")
    write = arguments.write.resolve() if arguments.write else None
    again = json.loads(arguments.again.read_text("utf-8")) if arguments.again else {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_repository(root)
        os.chdir(root)
        sys.path.insert(0, str(root / "workflow"))
        files = sorted(
            {
                str(path.relative_to(root / PACKAGE))
                for pattern in arguments.files
                for path in (root / PACKAGE).glob(pattern)
            }
        )
        if arguments.by_hand:
            chosen = written_by_hand(root)
            files = sorted({mutant.file for mutant, _fault in chosen if mutant.file.endswith(".py")})
        else:
            sources = {file: (root / PACKAGE / file).read_text("utf-8") for file in files}
            mutants = [mutant for file, source in sources.items() for mutant in mutants_of(file, source)]
            if again:
                # Lines above may have moved it; what stands there names it.
                survivors = {without_line(key) for key, fate in again.items() if fate.startswith("(")}
                mutants = [mutant for mutant in mutants if without_line(mutant.key) in survivors]
            elif arguments.sample and arguments.sample < len(mutants):
                print(f"{arguments.sample} of {len(mutants)} mutants, seed {arguments.seed}", flush=True)
                drawn = random.Random(arguments.seed).sample(range(len(mutants)), arguments.sample)  # noqa: S311
                # In the order of the draw: a run that is ended early is a sample too.
                mutants = [mutants[at] for at in drawn]
            mutants = mutants[arguments.part[0] - 1 :: arguments.part[1]]
            chosen = [(mutant, mutated(sources[mutant.file], mutant)) for mutant in mutants]
        start = time.time()
        baseline = read_baseline(root, files, arguments.tests)
        print(f"{len(baseline.lines)} tests pass without a fault, {sum(baseline.seconds.values()):.0f} s", flush=True)
        warm_up(baseline)
        fates = run_all(chosen, root, baseline, arguments.budget)
        os.chdir(REPOSITORY)
    print_table([mutant for mutant, _fault in chosen if mutant.key in fates], fates)
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    print(f"{time.time() - start:.0f} s, {used:.0f} s of processor time")
    if write:
        write.write_text(json.dumps(fates, indent=1, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()

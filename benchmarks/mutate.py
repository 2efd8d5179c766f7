"""A mutation run: how many small faults, put into the code one at a time, make a test fail.

Works on a private copy of the repository. One process imports what all tests need and forks one child per mutant; the child
runs the tests that pass through the mutated lines, quickest first, and stops at the first failure. A mutant survives when
all of them pass, or when no test passes through it. A child that uses far more processor time than the same tests
without a fault counts as killed. Every result is written as it comes.

    python benchmarks/mutate.py --sample 700 --seed 1 --jobs 2 --write fates.jsonl
    python benchmarks/mutate.py --table fates.jsonl
    python benchmarks/mutate.py --again fates.jsonl
    python benchmarks/mutate.py --by-hand
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
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
from dataclasses import asdict, dataclass, field
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
    "report/first_screen.py",
    "report/forest.py",
)
TESTS = (
    "tests/verdict",
    "tests/considerations",
    "tests/report",
    "tests/effect/test_compounds.py",
    "tests/differential/test_design.py",
    "tests/test_records.py",
    "tests/workflow/test_study_jobs.py",
)
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

EQUIVALENT = REPOSITORY / "benchmarks/equivalent_mutants.tsv"

BY_HAND: tuple[tuple[str, str, str], ...] = (
    ("report/templates/card.html.j2", '"▲", "lower": "▼"}.get(view.way', '"▼", "lower": "▲"}.get(view.way'),
    ("report/templates/card.html.j2", '"▲", "lower": "▼"}.get(effect.way', '"▼", "lower": "▲"}.get(effect.way'),
    ("report/templates/answers.html.j2", '"▲", "lower": "▼"}.get(row.way', '"▼", "lower": "▲"}.get(row.way'),
    ("report/templates/guide.html.j2", "▲</span> higher", "▼</span> higher"),
    ("drawing/charts.py", '"triangle-up", "triangle-down", "circle"', '"triangle-down", "triangle-up", "circle"'),
    ("verdict/readings.py", "agrees=signed > effect.se", "agrees=signed > 0"),
    ("verdict/decide.py", "bites=False, ", ""),
    (
        "verdict/decide.py",
        "decision=Decision(Verdict.NOT_TESTABLE, rule)",
        "decision=replace(alone[name].decision, verdict=Verdict.NOT_TESTABLE, rule=rule)",
    ),
    ("considerations/composition/measure.py", "DIFFERS_P = 0.05", "DIFFERS_P = 0.5"),
    ("differential/design_units.py", "MIN_COMPLETE_SHARE = 0.9", "MIN_COMPLETE_SHARE = 0.6"),
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
    """Return the tests that pass through the lines of a mutant, quickest first; for what runs on import, through its file, or import it.

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
        # A test that takes a table from the file passes through no line of it.
        taken = f"from {module_name(Path(mutant.file))} import"
        takers = {
            file
            for file in {name.split("::")[0] for name in baseline.lines}
            if taken in (root / file).read_text("utf-8")
        }
        chosen = [
            name
            for name, lines in baseline.lines.items()
            if name.split("::")[0] in takers or any(file == path for file, _line in lines)
        ]
        # A table of columns or a list of outputs runs on import alone: the tests of its room stand for its users.
        room = f"tests/{Path(mutant.file).parent}/"
        chosen = chosen or [name for name in baseline.lines if name.startswith(room)]
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


@dataclass(frozen=True)
class Fate:
    """What became of a mutant.

    Attributes
    ----------
    file, text, told
        Its file, what stands in its first line, and the fault: its name, which lines added above it do not change.
    line
        Where it stood.
    killer
        The test that failed, or how the child died; empty when it survived.
    n_tests
        How many tests pass through it, within the budget.
    """

    file: str
    text: str
    told: str
    line: int
    killer: str
    n_tests: int

    @property
    def name(self) -> tuple[str, str, str]:
        """Name of the mutant."""
        return self.file, self.text, self.told


def name_of(mutant: Mutant, source: str) -> tuple[str, str, str]:
    """Return the name of a mutant as its fate has it."""
    return mutant.file, source.splitlines()[mutant.line - 1].strip(), mutant.told


def read_fates(path: Path) -> list[Fate]:
    """Return the fates of a file, one JSON object a line; a line that a stopped run left unfinished is left out."""
    return [Fate(**json.loads(line)) for line in path.read_text("utf-8").split("\n")[:-1]]


def run_all(
    mutants: Sequence[tuple[Mutant, ast.Module | str]],
    root: Path,
    baseline: Baseline,
    budget: float,
    written: Path,
) -> None:
    """Run all mutants and append what became of each to a file as soon as it is known."""
    users = dependents(root / PACKAGE)
    with tempfile.TemporaryDirectory() as folder:
        for number, (mutant, fault) in enumerate(mutants, 1):
            order = tests_for(mutant, root, baseline, budget)
            path = root / PACKAGE / mutant.file
            sound = path.read_text("utf-8")
            killer = ""
            if order:
                limit = 8 + 3 * sum(baseline.seconds[test] for test in order)
                arguments = (path, fault, order, users.get(module_name(Path(mutant.file)), set()))
                if isinstance(fault, str):
                    path.write_text(fault, "utf-8")
                answer, died = in_child(Path(folder), lambda arguments=arguments: run_mutant(*arguments), limit)
                if isinstance(fault, str):
                    path.write_text(sound, "utf-8")
                if answer is None:
                    killer = f"signal {died}"
                elif answer[0]:
                    killer = answer[1] or f"pytest ended with {answer[0]}"
            if not killer:
                print(f"{number}/{len(mutants)} SURVIVED {len(order)} tests  {mutant.key}", flush=True)
            fate = Fate(*name_of(mutant, sound), mutant.line, killer, len(order))
            with written.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(fate), ensure_ascii=False) + "\n")


def run_in_parallel(jobs: int, work: Any) -> None:
    """Fork `jobs` processes, each of which calls `work` with its number; wait for all of them, or for Ctrl-C."""
    # What is there now need not be looked through again by the garbage collector of every child.
    gc.freeze()
    children = []
    for number in range(jobs):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(number)
                code = 0
            except KeyboardInterrupt:
                pass
            except BaseException:  # noqa: BLE001
                traceback.print_exc()
            os._exit(code)
        children.append(child)
    with contextlib.suppress(KeyboardInterrupt):
        ended = [os.waitpid(child, 0)[1] for child in children]
        if any(ended):
            print("A process ended early: the table is of what it had written.", flush=True)


def set_aside() -> dict[tuple[str, str, str], str]:
    """Return the mutants that change nothing a test could see, as somebody judged by hand, each with its reason."""
    rows = (line.split("\t") for line in EQUIVALENT.read_text("utf-8").splitlines()[1:])
    return {(file, text, told): reason for file, text, told, reason in rows}


def print_table(fates: Iterable[Fate]) -> None:
    """Print mutants, killed and survivors by file, without those set aside."""
    equivalent = set_aside()
    fates = list(fates)
    counted = [fate for fate in fates if fate.killer or fate.name not in equivalent]
    total = Counter(fate.file for fate in counted)
    killed = Counter(fate.file for fate in counted if fate.killer)
    print("\n| file | mutants | killed | % |\n|---|---|---|---|")
    for file in sorted(total):
        print(f"| {file} | {total[file]} | {killed[file]} | {100 * killed[file] / total[file]:.0f} |")
    print(f"| **all** | {total.total()} | {killed.total()} | {100 * killed.total() / max(1, total.total()):.1f} |")
    print(f"{len(fates) - len(counted)} survivors are set aside as equivalent ({EQUIVALENT.name})")


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
    """Run, write what became of every mutant, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="how many mutants, at random; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", nargs="*", default=TARGETS, help="patterns under workflow/sidemine/")
    parser.add_argument("--tests", nargs="*", default=TESTS)
    parser.add_argument("--budget", type=float, default=20, help="seconds of tests per mutant")
    parser.add_argument(
        "--write",
        type=Path,
        help="file for what became of every mutant, a line of JSON each; those that it holds are not run again",
    )
    parser.add_argument("--again", type=Path, help="run only the survivors of such a file")
    parser.add_argument("--table", type=Path, help="run nothing, print the table of such a file")
    parser.add_argument("--jobs", type=int, default=1, help="processes that run mutants beside each other")
    parser.add_argument("--by-hand", action="store_true", help="run the faults of BY_HAND instead")
    arguments = parser.parse_args()
    if arguments.table:
        print_table(read_fates(arguments.table))
        return
    os.nice(10)
    # The same examples of hypothesis in every child.
    os.environ.update(CI="1", OPENBLAS_NUM_THREADS="1")
    again = {fate.name for fate in read_fates(arguments.again) if not fate.killer} if arguments.again else set()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        written = (arguments.write or Path(folder) / "fates.jsonl").resolve()
        written.touch()
        known = {(*fate.name, fate.line) for fate in read_fates(written)}
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
            if arguments.again:
                mutants = [mutant for mutant in mutants if name_of(mutant, sources[mutant.file]) in again]
            elif arguments.sample and arguments.sample < len(mutants):
                print(f"{arguments.sample} of {len(mutants)} mutants, seed {arguments.seed}", flush=True)
                drawn = random.Random(arguments.seed).sample(range(len(mutants)), arguments.sample)  # noqa: S311
                # In the order of the draw: a run that is ended early is a sample too.
                mutants = [mutants[at] for at in drawn]
            chosen = [
                (mutant, mutated(sources[mutant.file], mutant))
                for mutant in mutants
                if (*name_of(mutant, sources[mutant.file]), mutant.line) not in known
            ]
        start = time.time()
        baseline = read_baseline(root, files, arguments.tests)
        print(f"{len(baseline.lines)} tests pass without a fault, {sum(baseline.seconds.values()):.0f} s", flush=True)
        warm_up(baseline)
        # A template is faulty on disk, where others would meet it.
        jobs = arguments.jobs if all(mutant.file.endswith(".py") for mutant, _fault in chosen) else 1
        run_in_parallel(jobs, lambda number: run_all(chosen[number::jobs], root, baseline, arguments.budget, written))
        os.chdir(REPOSITORY)
        print_table(read_fates(written))
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    print(f"{time.time() - start:.0f} s, {used:.0f} s of processor time")


if __name__ == "__main__":
    main()

"""How often does the whole verdict rule say what was planted? Size and power of every verdict, with limits.

    python benchmarks/whole_rule.py --seed 1                      # all classes; prints what the contract asks for: kept or missed
    python benchmarks/whole_rule.py --class null --n 200 --cores 2
    python benchmarks/whole_rule.py --write resources/calibration/whole_rule.tsv

Without `--seed` one is drawn, printed and written: figures that are published rest on seeds that chose nothing.

Every study runs through the shipped code in process: fit, FRY, CAMERA, effect, pooling, every registered consideration
(`planted_verdicts.MEASURES`), gates, caps and rules. What can only take `supported` away is measured only where the
rest would give it: the verdict is the same, and a null costs a tenth of a second. The truths, and what must hold,
are in `planted_classes.py`. Not in process: calibration by permuted labels (minutes per study); its reading of the design
class and of unequal variances is. Figures hold for any number of cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import contextlib
import logging
import multiprocessing
import secrets
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from planted_classes import ACCEPTANCE, CLASSES, Acceptance, PlantedClass
from planted_verdicts import Outcome

from sidemine.considerations.calibration.rates import (
    REFERENCE,
    SHOWN,
    Rate,
    calibration_row,
    clustered_rate,
)
from sidemine.considerations.calibration.table import CALIBRATION, CalibrationRow
from sidemine.tables import read_table, table_of, write_table
from sidemine.verdict.rules import RULES_VERSION
from sidemine.verdict.vocabulary import Verdict

VERDICTS = tuple(verdict.value for verdict in Verdict)
CHUNK = 10


def main() -> int:
    """Run the classes, print one line each and what the contract asks for, and write the table where asked."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--class", dest="only", action="append", default=[], help="classes whose name and parameter start so"
    )
    options.add_argument("--acceptance", action="store_true", help="only classes with a figure that must hold")
    options.add_argument("--n", type=int, help="studies per class; by default what each class declares")
    options.add_argument("--seed", type=int, help="by default one is drawn")
    options.add_argument("--cores", type=int, default=os.cpu_count())
    options.add_argument("--skip", action="append", default=[], help="considerations that are not asked")
    options.add_argument(
        "--all-caps", action="store_true", help="measure every consideration, also behind the first cap"
    )
    options.add_argument("--write", type=Path, help="table; rows of other classes in it stay")
    chosen = options.parse_args()
    seed = secrets.randbelow(2**31) if chosen.seed is None else chosen.seed
    asked = {(row.name, row.parameter) for row in ACCEPTANCE}
    classes = [
        one
        for one in CLASSES
        if (not chosen.only or any(one.label.startswith(prefix) for prefix in chosen.only))
        and (not chosen.acceptance or (one.name, one.parameter) in asked)
    ]
    _say(f"rules {RULES_VERSION}; seed {seed}; {len(classes)} classes")
    bar = Bar(sum(chosen.n or one.n_studies for one in classes))
    rows: list[CalibrationRow] = []
    sizes = [(one, chosen.n or one.n_studies) for one in classes]
    for one, found in run_classes(sizes, seed, chosen.cores, tuple(chosen.skip), chosen.all_caps, bar):
        rows += rows_of(one, found, seed)
        bar.clear()
        _say(line(one, found))
        if chosen.write:
            # After every class, so that a run that is cut short leaves what it has.
            write_rows(rows, chosen.write)
    told = list(compare(rows))
    _say("\n".join(text for text, _ in told))
    return 0 if all(kept for _, kept in told) else 1


def seeds_of(planted: PlantedClass, n_studies: int, seed: int) -> list[int]:
    """Return the seed of every study of a class: they depend on its name, not on what else is run."""
    key = zlib.crc32(planted.label.encode())
    drawn = np.random.SeedSequence([seed, key]).generate_state(n_studies)
    # A study takes the hundred from its seed on.
    return [100 * (1 + int(value) // 100) for value in drawn]


_RUNNING: dict[str, PlantedClass] = {one.label: one for one in CLASSES}


def _run(task: tuple[str, Sequence[int], tuple[str, ...], bool]) -> list[Outcome]:
    label, seeds, skip, all_caps = task
    logging.disable(logging.WARNING)
    return [_RUNNING[label].run(seed, skip, all_caps=all_caps) for seed in seeds]


def run_classes(
    classes: Sequence[tuple[PlantedClass, int]],
    seed: int,
    cores: int = 1,
    skip: tuple[str, ...] = (),
    all_caps: bool = False,
    bar: Bar | None = None,
) -> Iterator[tuple[PlantedClass, list[Outcome]]]:
    """Yield the outcomes of each class, in the order of its seeds, for so many studies."""
    tasks = [
        (planted.label, seeds[at : at + CHUNK], skip, all_caps)
        for planted, n_studies in classes
        for seeds in [seeds_of(planted, n_studies, seed)]
        for at in range(0, n_studies, CHUNK)
    ]
    with contextlib.ExitStack() as stack:
        parts: Iterator[list[Outcome]] = map(_run, tasks)
        if cores > 1:
            parts = stack.enter_context(multiprocessing.get_context("fork").Pool(cores)).imap(_run, tasks)
        for planted, n_studies in classes:
            found: list[Outcome] = []
            while len(found) < n_studies:
                found += next(parts)
                if bar:
                    bar.advance(len(found[-CHUNK:]), planted.label)
            yield planted, found


class Bar:
    """A progress bar on the terminal; silent where there is none."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.started = total, 0, time.monotonic()

    def advance(self, n: int, label: str) -> None:
        """Show that n more studies are done."""
        self.done += n
        if not sys.stderr.isatty():
            return
        filled = round(30 * self.done / self.total)
        left = (time.monotonic() - self.started) / self.done * (self.total - self.done)
        text = f"[{'#' * filled}{'.' * (30 - filled)}] {self.done}/{self.total}, {left / 60:.0f} min left, {label}"
        sys.stderr.write(f"\r{text[:110]:110s}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if sys.stderr.isatty():
            sys.stderr.write("\r" + " " * 110 + "\r")


def counted(found: Sequence[Outcome], planted: PlantedClass) -> dict[str, np.ndarray]:
    """Return, per thing that is counted, which studies count."""
    verdicts = np.array([str(outcome.verdict) for outcome in found])
    hits = {verdict: verdicts == verdict for verdict in VERDICTS}
    return hits | {
        "supported or suggestive": np.isin(verdicts, ["supported", "suggestive"]),
        "as planted": np.isin(verdicts, planted.right),
        "core": np.array([outcome.core for outcome in found]),
        "margin excluded": np.array([outcome.excluded for outcome in found]),
    }


def rows_of(planted: PlantedClass, found: Sequence[Outcome], seed: int) -> list[CalibrationRow]:
    """Return the rows of the table, one per thing that is counted."""
    about = f"{planted.truth} Right: {', '.join(planted.right)}. {caps_words(found)}Rules {RULES_VERSION}."
    return [
        calibration_row(
            "whole_rule",
            planted.name,
            planted.null,
            name,
            clustered_rate(hits[:, None]),
            quantity="power" if planted.null == "none" and name.startswith("supported") else "verdict_rate",
            family="whole rule",
            parameter=planted.parameter,
            reading=SHOWN,
            source=REFERENCE,
            reason=f"{int(hits.sum())} of {len(hits)} studies. {about}",
            seed=seed,
        )
        for name, hits in counted(found, planted).items()
    ]


def write_rows(rows: Sequence[CalibrationRow], path: Path) -> None:
    """Put the rows in place of those of the same class in the table."""
    new = table_of(rows, CALIBRATION)
    key = ["subject", "parameter"]
    if path.exists():
        old = read_table(path, CALIBRATION)
        known = {(row["subject"], row["parameter"]) for row in new[key].to_dict("records")}
        current = {(one.name, one.parameter) for one in CLASSES}
        kept = [pair in current and pair not in known for pair in zip(old["subject"], old["parameter"], strict=True)]
        new = pd.concat([old[kept], new], ignore_index=True) if any(kept) else new
    write_table(new, path, CALIBRATION)


def caps_words(found: Sequence[Outcome]) -> str:
    """Tell what kept studies from `supported` whose effect alone would have earned it, in the order of looking."""
    caps = Counter(outcome.cap for outcome in found if outcome.cap)
    return f"Capped: {', '.join(f'{name} {count}' for name, count in sorted(caps.items()))}. " if caps else ""


def compare(rows: Sequence[CalibrationRow]) -> Iterator[tuple[str, bool]]:
    """Yield each figure that must hold beside what was measured, in words, and whether it is kept."""
    found = {(row.subject, row.parameter, row.test): row for row in rows}
    for asked in ACCEPTANCE:
        row = found.get((asked.name, asked.parameter, asked.counted))
        if row is not None:
            kept = row.rate <= asked.share if asked.bound == "at most" else row.rate >= asked.share
            yield f"{'kept  ' if kept else 'MISSED'}  {figure_words(asked, row)}", kept


def figure_words(asked: Acceptance, row: CalibrationRow | Rate) -> str:
    """Return one figure in words: what is asked for, what was measured, and its limits."""
    label = f"{asked.name} {asked.parameter}".strip()
    return (
        f"{label}: `{asked.counted}` {asked.bound} {100 * asked.share:g} %: {100 * row.rate:.1f} % of {row.n} "
        f"(95 % {100 * row.ci_low:.1f} to {100 * row.ci_high:.1f}; one-sided upper limit {100 * row.upper_95:.1f})"
    )


def line(planted: PlantedClass, found: Sequence[Outcome]) -> str:
    """Return one line of figures."""
    shares = {name: 100 * hits.mean() for name, hits in counted(found, planted).items()}
    told = "  ".join(f"{name} {shares[name]:.1f}" for name in (*VERDICTS, "core"))
    gates = Counter(gate for outcome in found for gate in outcome.failed)
    caps = Counter(cap for outcome in found for cap in outcome.caps)
    return f"{planted.label:46s} n={len(found):4d}  {told}  caps {dict(caps)}  gates failed {dict(gates)}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""How often does the whole verdict rule say what was planted? Confusion matrix, size and power of `supported`.

`python benchmarks/whole_rule.py --write` (one core, about an hour) writes `resources/calibration/whole_rule.tsv`;
`--only NAME` (a prefix, may be repeated), `--share 0.05` (of the studies) and `--block trial` (seeds that are used for
finding bugs and for revising thresholds, never for acceptance) are for looking around.

Every study runs through the shipped code in process: fit, FRY, CAMERA, Hedges g or log2 over complement, pooling,
composition, 1,000 matched random sets, comparator sets, the grid of robustness variants, gates, caps and rules. What can
only take `supported` away (composition, specificity, robustness) is computed only where the rest would give it: the verdict is the
same, and a null costs 0.1 s. One hypothesis per study, so that Holm takes nothing. The truths are in `planted_classes.py`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from planted_classes import CLASSES, PlantedClass
from planted_verdicts import Outcome

from sidemine.considerations.calibration.rates import REFERENCE, SHOWN, CalibrationRow, calibration_row, clustered_rate
from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.tables import write_table
from sidemine.verdict.rules import RULES_VERSION
from sidemine.verdict.vocabulary import Verdict

TABLE = Path(__file__).resolve().parents[1] / "resources" / "calibration" / "whole_rule.tsv"
VERDICTS = tuple(verdict.value for verdict in Verdict)
BLOCKS = {"acceptance": 700_000_000, "trial": 100_000_000}
"""First seed of each block. Acceptance seeds are never used to choose anything."""
SEEDS_PER_CLASS, SEEDS_PER_STUDY = 1_000_000, 100


def main() -> None:
    """Run the classes, print one line each, and write the table where asked."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--only", action="append", default=[], help="planted classes whose name and parameter start so"
    )
    options.add_argument("--share", type=float, default=1.0, help="share of the studies of each class")
    options.add_argument("--block", choices=sorted(BLOCKS), default="acceptance")
    options.add_argument("--robustness", choices=["all", "off"], default="all")
    options.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    chosen = options.parse_args()
    rows = []
    for number, planted in enumerate(CLASSES):
        if chosen.only and not any(f"{planted.name} {planted.parameter}".startswith(prefix) for prefix in chosen.only):
            continue
        first = BLOCKS[chosen.block] + SEEDS_PER_CLASS * number
        n_studies = max(2, round(chosen.share * planted.n_studies))
        started = time.process_time()
        found = [planted.run(first + SEEDS_PER_STUDY * study, chosen.robustness == "all") for study in range(n_studies)]
        rows += rows_of(planted, found, first)
        sys.stdout.write(line(planted, found, time.process_time() - started) + "\n")
        sys.stdout.flush()
        if chosen.write:
            # After every class, so that a run that is cut short leaves what it has.
            write_table(pd.DataFrame([vars(row) for row in rows]), TABLE, CALIBRATION)


def rows_of(planted: PlantedClass, found: list[Outcome], seed: int) -> list[CalibrationRow]:
    """Return the rows of `calibration.tsv`: one per verdict, and for the class as a whole how often it is right."""
    verdicts = np.array([outcome.verdict for outcome in found])
    called: list[tuple[str, np.ndarray]] = [(verdict, verdicts == verdict) for verdict in VERDICTS]
    called.append(("supported or suggestive", np.isin(verdicts, ["supported", "suggestive"])))
    called.append(("as planted", np.isin(verdicts, planted.right)))
    reason = f"{planted.truth} Right: {', '.join(planted.right)}. {caps_words(found)}Rules {RULES_VERSION}."
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
            reason=reason,
            seed=seed,
        )
        for name, hits in called
    ]


def caps_words(found: list[Outcome]) -> str:
    """Tell what kept studies from `supported` whose effect alone would have earned it, in the order of looking."""
    caps = Counter(outcome.cap for outcome in found if outcome.cap)
    return f"Capped: {', '.join(f'{name} {count}' for name, count in sorted(caps.items()))}. " if caps else ""


def line(planted: PlantedClass, found: list[Outcome], seconds: float) -> str:
    """Return one line of figures."""
    verdicts = Counter(outcome.verdict for outcome in found)
    shares = "  ".join(f"{name} {verdicts[name] / len(found):.3f}" for name in VERDICTS)
    gates = Counter(gate for outcome in found for gate in outcome.failed)
    return (
        f"{planted.name:34s} {planted.parameter:18s} n={len(found):4d}  {shares}  {caps_words(found)}"
        f"gates failed: {dict(gates)}  {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()

"""How the cost of the analysis grows with samples, genes, sets and datasets, in processor time of one core.

    python benchmarks/scaling.py [--most-samples 10000]

Each axis is walked alone, from a base of 100 samples, 10,000 genes and 50 sets of 100 genes; data are normal noise. Told
per stage are seconds and the exponent of growth since the step before (1: as fast as the data). Cells have a benchmark of
their own (`single_cell_speed.py`).
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.quality.near_copies import differences_within
from sidemine.quality.principal_components import find_principal_components
from sidemine.quality.reuse import Comparable, find_copies_between

BASE = {"samples": 100, "genes": 10_000, "sets": 50}
STEPS = {
    "samples": (100, 300, 1_000, 3_000, 10_000),
    "genes": (2_000, 10_000, 20_000, 60_000),
    "sets": (50, 500, 3_000, 10_000),
}
SET_SIZE, ROTATIONS, SEED = 100, 1_000, 20261127


def main() -> None:
    """Walk the axes and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-samples", type=int, default=STEPS["samples"][-1])
    options = parser.parse_args()
    analyse(BASE)  # imports and first touches are nobody's work
    for axis, steps in STEPS.items():
        before: tuple[int, dict[str, float]] | None = None
        for step in steps:
            if axis == "samples" and step > options.most_samples:
                continue
            seconds = analyse(BASE | {axis: step})
            tell(f"{step:,} {axis}", step, seconds, before)
            before = step, seconds
    before = None
    for step in (2, 10, 50):
        seconds = compare_datasets(step)
        tell(f"{step} datasets", step, seconds, before)
        before = step, seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    sys.stdout.write(f"largest memory: {peak:.2f} GB\n")


def tell(name: str, step: int, seconds: dict[str, float], before: tuple[int, dict[str, float]] | None) -> None:
    """Print one line: seconds of each stage, and by which power of the size they grew."""
    parts = []
    for stage, spent in seconds.items():
        power = ""
        if before is not None and min(spent, before[1][stage]) > 0:
            power = f" (^{math.log(spent / before[1][stage]) / math.log(step / before[0]):.1f})"
        parts.append(f"{stage} {spent:.2f}{power}")
    sys.stdout.write(f"{name:<16} {'; '.join(parts)}\n")
    sys.stdout.flush()


def analyse(size: dict[str, int]) -> dict[str, float]:
    """Return the seconds of each stage of one contrast of half the samples with the other half."""
    rng = np.random.default_rng(SEED)
    n = size["samples"]
    values = rng.normal(8, 1, (size["genes"], n))
    genes = [f"G{number}" for number in range(size["genes"])]
    names = [f"S{number}" for number in range(n)]
    target = np.arange(n) < n // 2
    rows = [
        (f"set{number}", gene) for number in range(size["sets"]) for gene in rng.choice(genes, SET_SIZE, replace=False)
    ]
    table = pd.DataFrame(rows, columns=["gene_set", "gene"]).assign(family="target", weight=1.0, version="1")
    fits: list[ContrastFit] = []
    members: list[SetMembership] = []
    design = build_design(pd.DataFrame({"unit": names}, index=names), target, ~target)
    return {
        "near copies": timed(lambda: differences_within(values)),
        "components": timed(lambda: find_principal_components(values, names)),
        "fit": timed(lambda: fits.append(fit_contrast(values, genes, design))),
        "membership": timed(lambda: members.append(build_membership(table, genes))),
        "all set tests": timed(lambda: run_set_tests(fits[0], members[0], rotations=ROTATIONS, seed=1)),
        "of these rotation": timed(lambda: rotation_test(fits[0], members[0], n_rotations=ROTATIONS, seed=1)),
    }


def compare_datasets(n: int) -> dict[str, float]:
    """Return the seconds of looking for samples that stand in two of `n` datasets of 50 samples each."""
    rng = np.random.default_rng(SEED)

    def dataset(number: int) -> Comparable:
        values = rng.normal(8, 1, (BASE["genes"], 50))
        within = differences_within(values)
        names = [f"D{number}S{sample}" for sample in range(50)]
        return Comparable(names=names, values=values, counts=None, sizes=None, within=lambda _: within)

    datasets: list[Comparable] = []

    def make() -> None:
        datasets.extend(dataset(number) for number in range(n))

    def compare() -> None:
        for second, later in enumerate(datasets):
            for earlier in datasets[:second]:
                find_copies_between(earlier, later)

    return {"each dataset by itself": timed(make), "pairs of datasets": timed(compare)}


def timed(work: Callable[[], object]) -> float:
    """Return the processor seconds of some work."""
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()

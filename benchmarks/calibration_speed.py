"""Processor time of the set tests on permuted labels at the size of a large cohort.

python benchmarks/calibration_speed.py [--genes 20000] [--samples 132] [--sets 350] [--labelings 200]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import pandas as pd

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.permuted_labels import permute_and_test
from sidemine.enrichment.set_membership import build_membership


def main() -> None:
    """Print the time with and without the rotation tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("genes", 20_000), ("samples", 132), ("sets", 350), ("labelings", 200)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    genes = [f"G{i}" for i in range(options.genes)]
    names = [f"S{i}" for i in range(options.samples)]
    target = np.arange(options.samples) < options.samples // 2
    design = build_design(pd.DataFrame({"unit": names}, index=names), target, ~target)
    fit = fit_contrast(rng.normal(8, 1, (options.genes, options.samples)), genes, design)
    rows = [(f"M{number}", gene) for number in range(options.sets) for gene in rng.choice(genes, 100, replace=False)]
    sets = pd.DataFrame(rows, columns=["gene_set", "gene"]).assign(family="comparator", weight=1.0, version="1")
    membership = build_membership(sets, genes)
    for rotations in (0, 10_000):
        started = time.process_time()
        permute_and_test(fit, design, membership, n_labelings=options.labelings, n_rotations=rotations, seed=[1])
        what = f"with {rotations} rotations" if rotations else "FRY and CAMERA"
        sys.stdout.write(f"{options.labelings} labelings, {what}: {time.process_time() - started:.1f} s\n")


if __name__ == "__main__":
    main()

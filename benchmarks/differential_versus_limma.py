"""Time of the differential core, CAMERA and FRY beside R limma on the same simulated matrix (informative).

python benchmarks/differential_versus_limma.py [--genes 20000] [--samples 132] [--sets 50]

Run with one BLAS thread (OPENBLAS_NUM_THREADS=1) for both. Prints a table; the check sum (sum of log p) has to agree.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership


def main() -> None:
    """Simulate, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=132)
    parser.add_argument("--sets", type=int, default=50)
    options = parser.parse_args()
    rng = np.random.default_rng(20260103)
    values = rng.normal(8, rng.uniform(0.2, 1, (options.genes, 1)), (options.genes, options.samples))
    genes = [f"G{i:05d}" for i in range(options.genes)]
    members = [(f"set{s:04d}", genes[g]) for s in range(options.sets) for g in rng.choice(options.genes, 150, False)]
    ours = run_ours(values, genes, members)
    theirs = run_limma(values, members)
    sys.stdout.write(f"{options.genes} genes x {options.samples} samples x {options.sets} sets\n")
    sys.stdout.write("step    sidemine_s  limma_s  ratio  check_sums_agree\n")
    for step, (seconds, check) in ours.items():
        r_seconds, r_check = theirs[step]
        agree = abs(check - r_check) < 1e-6 * abs(r_check)
        sys.stdout.write(f"{step:<7} {seconds:>9.2f} {r_seconds:>8.2f} {seconds / r_seconds:>6.2f}  {agree}\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    sys.stdout.write(f"peak memory of sidemine, simulation included: {peak:.2f} GB\n")


def run_ours(values: np.ndarray, genes: list[str], members: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Return seconds and check sum per step."""
    n = values.shape[1]
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)]}, index=[f"S{i}" for i in range(n)])
    target = np.arange(n) % 2 == 1
    table = pd.DataFrame(members, columns=["gene_set", "gene"])
    table = table.assign(weight=1.0, family="target", version="1", licence="none", source="simulated")
    design = build_design(samples, target, ~target)
    # Imports of scipy belong to the start of a process, not to the step.
    fit_contrast(values[:50], genes[:50], design)
    start = time.perf_counter()
    fit = fit_contrast(values, genes, design)
    times = {"fit": (time.perf_counter() - start, float(np.log(fit.p_value).sum()))}
    membership = build_membership(table, genes)
    for name, test in (("camera", camera), ("fry", fry)):
        start = time.perf_counter()
        p_values = test(fit, membership)["p_value"]
        times[name] = (time.perf_counter() - start, float(np.log(p_values).sum()))
    return times


def run_limma(values: np.ndarray, members: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Return R's seconds and check sum per step."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        values.tofile(path / "values.bin")
        (path / "shape.txt").write_text(f"{values.shape[0]} {values.shape[1]}\n")
        (path / "sets.txt").write_text("\n".join(name for name, _ in members))
        (path / "genes.txt").write_text("\n".join(gene for _, gene in members))
        script = Path(__file__).with_suffix(".R")
        lines = subprocess.run(
            ["Rscript", str(script), folder], check=True, capture_output=True, text=True
        ).stdout.splitlines()
    return {name: (float(seconds), float(check)) for name, seconds, check in (line.split() for line in lines)}


if __name__ == "__main__":
    main()

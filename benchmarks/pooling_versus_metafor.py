"""Time of pooling 20,000 genes × 5 studies beside R's metafor on the same numbers.

python benchmarks/pooling_versus_metafor.py [--genes 20000] [--studies 5] [--metafor-genes 1000]

metafor pools gene by gene, so it is timed on the first `--metafor-genes` genes and its time is scaled up. Ours does
more per gene (leave-one-out by REML, DerSimonian–Laird, Paule–Mandel, Stouffer); metafor fits REML with
Hartung–Knapp and the common effect. The largest difference of effect, standard error and τ² has to be tiny.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.effect.pooling import pool


def main() -> None:
    """Simulate, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--studies", type=int, default=5)
    parser.add_argument("--metafor-genes", type=int, default=1_000)
    options = parser.parse_args()
    rng = np.random.default_rng(20260106)
    ses = rng.uniform(0.1, 0.4, (options.genes, options.studies))
    effects = rng.normal(0.2, np.sqrt(ses**2 + 0.02))
    missing = rng.random(effects.shape) < 0.1
    # Two studies at least: metafor has no random effects for one.
    missing[:, :2] = False
    effects[missing] = ses[missing] = np.nan
    # Imports of scipy belong to the start of a process, not to the step.
    pool(effects[:20], ses[:20])
    start = time.perf_counter()
    found = pool(effects, ses)
    ours = time.perf_counter() - start
    few = slice(0, options.metafor_genes)
    theirs, expected = run_metafor(effects[few], ses[few])
    scaled = theirs * options.genes / len(expected)
    got = np.column_stack([found.common.effect[few], found.hartung_knapp.effect[few], found.hartung_knapp.se[few]])
    difference = np.abs(got - expected[["common", "effect", "se"]].to_numpy()).max()
    sys.stdout.write(f"{options.genes} genes x {options.studies} studies, 10 % missing\n")
    sys.stdout.write(
        f"sidemine {ours:.2f} s; metafor {theirs:.1f} s for {len(expected)} genes, {scaled:.0f} s scaled up\n"
    )
    sys.stdout.write(f"ratio {scaled / ours:.0f}; largest difference {difference:.1e}\n")


def run_metafor(effects: np.ndarray, ses: np.ndarray) -> tuple[float, pd.DataFrame]:
    """Return metafor's seconds (without its start) and its results."""
    script = Path(__file__).with_suffix(".R")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        pd.DataFrame(effects).to_csv(place / "effects.csv", index=False)
        pd.DataFrame(ses).to_csv(place / "ses.csv", index=False)
        seconds = subprocess.run(
            ["Rscript", str(script), folder], check=True, capture_output=True, text=True
        ).stdout.strip()
        return float(seconds), pd.read_csv(place / "results.csv")


if __name__ == "__main__":
    main()

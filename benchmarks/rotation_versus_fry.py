"""Rotation beside its closed form on the contrasts of a finished study (informative).

python benchmarks/rotation_versus_fry.py results/demo [more results folders]

Per contrast: processor time of all rotation tests (self-contained and competitive, 10,000 rotations, all sets); among sets
where either two-sided p is below .2: the largest difference of FRY's p and the rotation p, and the largest ratio between
them where both are above .001 (below, 10,000 rotations are too few to tell); sets that only one of them calls at 5 %; the
same for CAMERA and competitive rotation; and the number of sets in which directions differ.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.differential.contrast_fit import load_fit
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import build_membership
from sidemine.tables import read_table


def main() -> None:
    """Compare contrast by contrast and print a table."""
    for folder in map(Path, sys.argv[1:]):
        sets = read_table(folder / "gene_sets.tsv.gz", GENE_SETS)
        rows = [compare(path, sets) for path in sorted((folder / "contrasts").glob("*/fit.npz"))]
        table = pd.DataFrame([row for row in rows if row])
        sys.stdout.write(f"{folder.name}\n{table.to_string(index=False)}\n")


def compare(path: Path, sets: pd.DataFrame) -> dict[str, object]:
    """Return one row; nothing for a contrast that could not be tested."""
    fit = load_fit(path)
    if fit is None:
        return {}
    membership = build_membership(sets, fit.genes, 5, 1000)
    start = time.process_time()
    rotated = rotation_test(fit, membership, n_rotations=10_000, seed=20260112, mixed=False)
    seconds = time.process_time() - start
    row: dict[str, object] = {
        "contrast": path.parent.name,
        "genes": len(fit.genes),
        "residual df": fit.residual_df,
        "sets": len(membership.gene_sets),
        "cpu s": round(seconds, 2),
    }
    pairs = {"FRY": (fry(fit, membership), "p_value", "direction")}
    pairs["CAMERA"] = (camera(fit, membership), "p_competitive", "competitive_direction")
    for name, (closed, column, direction) in pairs.items():
        theirs, ours = closed["p_value"].to_numpy(), rotated[column].to_numpy()
        known = np.isfinite(theirs) & np.isfinite(ours)
        near = known & (np.minimum(theirs, ours) < 0.2)
        told = near & (np.minimum(theirs, ours) > 0.001)
        ratio = np.abs(np.log(theirs / ours))[told]
        row |= {
            f"{name}: largest difference": round(float(np.abs(theirs - ours)[near].max(initial=0)), 3),
            "ratio" if name == "FRY" else "ratio ": round(float(np.exp(ratio.max(initial=0))), 2),
            f"only {name}": int((known & (theirs <= 0.05) & (ours > 0.05)).sum()),
            "only rotation" if name == "FRY" else "only rotation ": int(((theirs > 0.05) & (ours <= 0.05)).sum()),
            f"{name}: other way": int((closed["direction"] != rotated[direction]).to_numpy()[near].sum()),
        }
    return row


if __name__ == "__main__":
    main()

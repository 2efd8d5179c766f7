"""Reads the stored numbers of R, and repeats their fits with sidemine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design
from sidemine.differential.fit import fit_contrast

GOLDEN = Path(__file__).parent
SMALLEST_P = np.finfo(float).tiny
CASES = {
    "plain": ("simulated_log2_30", {"trend": False}),
    "trend": ("simulated_log2_30", {"trend": True}),
    "robust": ("simulated_log2_30", {"trend": False, "robust": True}),
    "robust_trend": ("simulated_log2_30", {"trend": True, "robust": True}),
    "array_weights": ("simulated_log2_30", {"trend": False, "array_weights": True}),
    "paired": ("simulated_log2_30", {}),
    "block_correlation": ("simulated_log2_blocks", {}),
    "block_correlation_array_weights": ("simulated_log2_blocks", {"trend": False, "array_weights": True}),
    "three_v_three": ("simulated_log2_6", {}),
    "infinite_prior": ("simulated_log2_equal", {"trend": False}),
    "infinite_prior_trend": ("simulated_log2_equal", {"trend": True}),
    "voom": ("simulated_counts", {"layer": "counts"}),
    "voom_quality_weights": ("simulated_counts", {"layer": "counts", "array_weights": True}),
    "voom_block_correlation": ("simulated_counts", {"layer": "counts"}),
}


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"{name}.tsv.gz", sep="\t", keep_default_na=True, skipinitialspace=True)


def stored_design(case: str) -> Design:
    rows = read("simulated_designs").query("case == @case")
    matrix = np.array([[float(value) for value in row.split(",")] for row in rows["row"]])
    block = rows["block"]
    correlated = bool(block.notna().all())
    return Design(
        matrix=matrix,
        columns=[f"c{i}" for i in range(matrix.shape[1])],
        samples=list(rows["sample"]),
        is_target=matrix[:, -1] > 0,
        block_labels=block.to_numpy(dtype=str) if correlated else None,
        blocking="correlation" if correlated else "none",
        dropped=[],
        n_target=int((matrix[:, -1] > 0).sum()),
        n_reference=int((matrix[:, -1] <= 0).sum()),
    )


def golden_fit(case: str) -> ContrastFit:
    matrix, options = CASES[case]
    values = read(matrix).set_index("gene")
    design = stored_design(case)
    return fit_contrast(values[design.samples].to_numpy(dtype=float), list(values.index), design, **options)


def sets_table(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(family="target", version="golden", licence="none", source="golden")

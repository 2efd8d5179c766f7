"""Counts with fractions go through filter, TMM and voom as in R, and twice the depth is no fold change."""

from __future__ import annotations

import numpy as np
import pandas as pd
from limma_golden import read

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.prepare.scale import judge_scale
from sidemine.prepare.scale_evidence import assess_scale


def test_voom_of_fractional_counts_equals_r() -> None:
    """Same genes, fold changes, t and p as limma 3.54 and edgeR 3.40 (fractional_counts.R)."""
    counts = read("fractional_counts").set_index("gene")
    expected = read("fractional_genes").set_index("gene")
    values = counts.to_numpy(dtype=float)
    assert judge_scale(assess_scale(values), "counts").answer != "contradicts"
    assert judge_scale(assess_scale(values), "normalised_counts").answer == "contradicts"
    target = np.arange(10) >= 5
    samples = pd.DataFrame({"unit": list(counts.columns)}, index=list(counts.columns))
    fit = fit_contrast(values, list(counts.index), build_design(samples, target, ~target), layer="counts")
    assert fit.genes == list(expected.index)
    # Three genes of 339 lie at knots of voom's lowess, which interpolates between points: 3e-7 there, 1e-9 elsewhere.
    np.testing.assert_allclose(fit.log2_fold_change, expected["log2_fold_change"], atol=1e-6)
    np.testing.assert_allclose(fit.t, expected["t"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.log10(fit.p_value), np.log10(expected["p_value"]), atol=1e-5)
    assert np.median(np.abs(fit.log2_fold_change - expected["log2_fold_change"])) < 1e-9
    np.testing.assert_allclose(fit.mean_expression, expected["mean_expression"], atol=1e-8)
    assert abs(np.median(fit.log2_fold_change)) < 0.05

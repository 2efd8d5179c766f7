"""Results equal R limma's and edgeR's on simulated matrices; `simulated.R` wrote the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from limma_golden import CASES, SMALLEST_P, golden_fit, read, sets_table, stored_design

from sidemine.differential.block_correlation import consensus_correlation
from sidemine.differential.counts import expressed_by_counts, tmm_factors
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership
from sidemine.errors import Untestable


@pytest.mark.parametrize("case", CASES)
def test_genes_equal_limma(case: str) -> None:
    """Fold changes agree to 1e-8 and p to one part in a million, whatever the weights, blocks and priors."""
    expected = read("simulated_genes").query("case == @case").set_index("gene")
    fit = golden_fit(case)
    assert fit.genes == list(expected.index)
    assert np.abs(fit.log2_fold_change - expected["log2_fold_change"]).max() < 1e-8
    np.testing.assert_allclose(fit.p_value, np.maximum(expected["p_value"], SMALLEST_P), rtol=1e-6)
    np.testing.assert_allclose(fit.q_value, expected["q_value"], rtol=1e-6, atol=1e-300)
    np.testing.assert_allclose(fit.t, expected["t"], rtol=1e-6)
    np.testing.assert_allclose(fit.df, expected["df"], rtol=1e-6)
    np.testing.assert_allclose(fit.ci_low, expected["ci_low"], rtol=1e-6, atol=1e-8)
    # R stops its search for the robust prior df at 1e-8 of df / (1 + df), which the strongest outlier feels.
    tolerance = 1e-5 if "robust" in case else 1e-6
    np.testing.assert_allclose(fit.posterior_variance, expected["posterior_variance"], rtol=tolerance)
    np.testing.assert_allclose(fit.mean_expression, expected["mean_expression"], rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_set_tests_equal_limma(case: str) -> None:
    """CAMERA with estimated correlation and FRY, directional, weighted and mixed, give R's p and direction."""
    expected = read("simulated_set_tests").query("case == @case").set_index("gene_set")
    fit = golden_fit(case)
    membership = build_membership(sets_table(read("simulated_sets")), fit.genes, min_size=1)
    expected = expected.loc[membership.gene_sets]
    self_contained, competitive = fry(fit, membership), camera(fit, membership)
    np.testing.assert_allclose(self_contained["p_value"], expected["fry_p"], rtol=1e-6)
    assert list(self_contained["direction"]) == list(expected["fry_direction"].str.lower())
    # A set of two genes has so few roots that its beta is degenerate; R and we agree to what doubles allow.
    np.testing.assert_allclose(self_contained["p_mixed"], expected["fry_mixed_p"], rtol=1e-6)
    tested = expected["camera_p"].notna().to_numpy()
    # limma's CAMERA takes the trend over weighted values when samples have weights, its lmFit over plain ones; no
    # case has both.
    np.testing.assert_allclose(competitive["p_value"][tested], expected["camera_p"][tested], rtol=1e-6)
    assert list(competitive["direction"][tested]) == list(expected["camera_direction"][tested].str.lower())
    np.testing.assert_allclose(
        competitive["inter_gene_correlation"][tested], expected["camera_correlation"][tested], rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("case", ["block_correlation", "block_correlation_array_weights", "voom_block_correlation"])
def test_consensus_correlation_equals_limma(case: str) -> None:
    """The consensus correlation within blocks is R's."""
    expected = read("simulated_facts").set_index("case")["correlation"][case]
    assert golden_fit(case).facts.block_correlation == pytest.approx(float(expected), rel=1e-7)


def test_tmm_equals_edger() -> None:
    """Filter and scaling factors are edgeR's, for four-fold library sizes."""
    counts = read("simulated_counts").set_index("gene").to_numpy(dtype=float)
    kept = counts[expressed_by_counts(counts, stored_design("voom").matrix)]
    expected = read("simulated_tmm")
    np.testing.assert_allclose(kept.sum(axis=0), expected["library_size"])
    np.testing.assert_allclose(tmm_factors(kept), expected["factor"], rtol=1e-12)


def test_correlation_is_refused_when_the_design_tells_the_blocks() -> None:
    """Blocks that are covariates already leave nothing to correlate."""
    values = np.random.default_rng(1).normal(size=(20, 12))
    labels = np.repeat([f"d{i}" for i in range(6)], 2)
    matrix = np.column_stack([labels == label for label in sorted(set(labels))]).astype(float)
    with pytest.raises(Untestable, match="no correlation within blocks"):
        consensus_correlation(values, matrix, labels)

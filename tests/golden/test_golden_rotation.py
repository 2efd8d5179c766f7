"""Rotation p-values agree with limma's roast and romer within Monte-Carlo error; `rotation.R` wrote the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from limma_golden import golden_fit, read, sets_table, stored_design
from scipy.stats import rankdata

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.fry import fry
from sidemine.enrichment.rotated_deviates import (
    RotatableGenes,
    StandardisedSpace,
    curved_first,
    directions_of,
    streams_of,
)
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import build_membership

ROTATIONS = 20_000
CASES = ["plain", "trend", "robust", "array_weights", "paired", "block_correlation", "three_v_three", "infinite_prior"]
# Cases whose fit equals romer's own, which knows no trend.
ROMER = {"plain": {}, "array_weights": {"array_weights": True}, "infinite_prior": {}, "three_v_three": {}, "paired": {}}
MATRICES = {"infinite_prior": "simulated_log2_equal", "three_v_three": "simulated_log2_6"}


def within_chance(ours: np.ndarray, theirs: np.ndarray, theirs_draws: int) -> np.ndarray:
    """Whether two Monte-Carlo estimates differ by less than 4.5 standard errors (and the +1 of either)."""
    p = np.clip((ours + theirs) / 2, 1e-4, 1 - 1e-4)
    error = np.sqrt(p * (1 - p) * (1 / ROTATIONS + 1 / theirs_draws))
    return np.abs(ours - theirs) < 4.5 * error + 2 / ROTATIONS


@pytest.mark.parametrize("case", CASES)
def test_self_contained_equals_roast(case: str) -> None:
    """Directional, two-sided and mixed p, signed set included, whatever the weights, blocks and priors."""
    expected = read("simulated_rotation").query("case == @case").set_index("gene_set")
    fit = golden_fit(case)
    membership = build_membership(sets_table(read("simulated_sets")), fit.genes, min_size=1)
    ours = rotation_test(fit, membership, n_rotations=ROTATIONS, seed=20260107, competitive=False)
    expected = expected.loc[ours["gene_set"]]
    pairs = {"p_up": "roast_up", "p_down": "roast_down", "p_value": "roast_two_sided", "p_mixed": "roast_mixed"}
    for column, theirs in pairs.items():
        agrees = within_chance(ours[column].to_numpy(), expected[theirs].to_numpy(), 99_999)
        assert agrees.all(), f"{column}: {pd.DataFrame({'ours': ours[column].to_numpy(), 'R': expected[theirs]})}"


@pytest.mark.parametrize("case", ROMER)
def test_mean_ranks_equal_romer(case: str) -> None:
    """Mean ranks of the genes' rotated deviates give romer(shrink.resid = FALSE)."""
    expected = read("simulated_rotation").query("case == @case").set_index("gene_set")
    fit = fit_without_trend(case)
    unsigned = sets_table(read("simulated_sets").query("gene_set != 'signed'"))
    membership = build_membership(unsigned, fit.genes, min_size=1)
    space = StandardisedSpace.of(fit)
    genes = curved_first(space, np.arange(len(fit.genes)))
    rotatable = RotatableGenes.of(space, genes)
    centre = (len(genes) + 1) / 2
    means = membership.shares()[:, genes]
    observed = np.abs(means @ rankdata(space.observed[genes]) - centre)
    reached = np.zeros(len(observed))
    for stream, size in streams_of(ROTATIONS, 20260108):
        directions = np.ascontiguousarray(directions_of(stream, size, fit.residual_df + 1).T)
        deviates, _ = rotatable.deviates(directions, squares=False)
        ranks = rankdata(deviates * rotatable.factor[:, None], axis=0)
        reached += np.count_nonzero(np.abs(means @ ranks - centre) >= observed[:, None], axis=1)
    # romer draws either sign; ours use each draw with both, so two-sided p is twice the smaller one-sided p.
    ours = (reached + 1) / (ROTATIONS + 1) / 2
    theirs = expected.loc[membership.gene_sets, ["romer_up", "romer_down"]].min(axis=1).to_numpy()
    assert within_chance(ours, theirs, 9_999).all(), pd.DataFrame({"ours": ours, "R": theirs})


def fit_without_trend(case: str) -> ContrastFit:
    values = read(MATRICES.get(case, "simulated_log2_30")).set_index("gene")
    design = stored_design(case)
    matrix = values[design.samples].to_numpy(dtype=float)
    return fit_contrast(matrix, list(values.index), design, trend=False, **ROMER[case])


def test_close_to_fry() -> None:
    """FRY is the closed form of nearly the same test: where either speaks, p is within a factor of two."""
    for case in CASES:
        fit = golden_fit(case)
        sets = sets_table(read("simulated_sets").query("gene_set not in ['single', 'pair']"))
        membership = build_membership(sets, fit.genes, min_size=1)
        rotated = rotation_test(fit, membership, n_rotations=4999, seed=5, competitive=False)["p_value"]
        closed = np.maximum(fry(fit, membership)["p_value"], 1e-3)
        ratio = np.maximum(rotated, 1e-3) / closed
        speaks = np.minimum(rotated, closed) < 0.2
        assert ratio[speaks].between(0.5, 2).all(), case

"""The largest of several contrasts by rotation: alone it is the rotation test, together it pays for having looked at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.arms import model_arms
from sidemine.differential.contrast import design_again
from sidemine.differential.fit import fit_contrasts
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.shapes import best_weights, largest_of_contrasts, shape_means, trend_weights
from sidemine.quality.record import NO_TREATMENT
from sidemine.study.projections import ContrastToFit

N_GENES, N_SET = 150, 25
ARMS = ("vehicle", "low", "mid", "high")


@pytest.fixture(scope="module")
def fits():
    """Fit four shapes of three doses; the set falls a little with the dose."""
    rng = np.random.default_rng(8)
    arm = np.repeat(ARMS, 4)
    values = rng.normal(8, 0.5, (N_GENES, len(arm)))
    values[:N_SET] += np.array([0, -0.05, -0.1, -0.15]).repeat(4)
    names = [f"s{row}" for row in range(len(arm))]
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used", "arm": arm})
    rows = [
        ContrastToFit(
            contrast=name, dataset="d", target=f"arm = {name}", reference="arm = vehicle", covariates=[], block="",
            blocking="auto", array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="units",
        )
        for name in ARMS[1:]
    ]  # fmt: skip
    designs = {row.contrast: design_again(row, samples, NO_TREATMENT, 3) for row in rows}
    model = model_arms(rows, designs, samples.set_index("sample"))
    changes, covariance = np.stack(list(model.contrasts.values())), model.covariance(ARMS[1:])
    weights = [best_weights(means, covariance) for means in shape_means([1, 10, 100]).values()]
    genes = [f"g{row}" for row in range(N_GENES)]
    return fit_contrasts(values, genes, [model.design_of(each @ changes) for each in weights])


@pytest.fixture(scope="module")
def membership(fits):
    """One set of the first genes."""
    genes = fits[0].genes[:N_SET]
    sets = pd.DataFrame(
        {"gene_set": "SET", "gene": genes, "weight": 1.0, "family": "target", "version": "", "source": ""}
    )
    return build_membership(sets, fits[0].genes, min_size=1)


def test_one_contrast_alone_is_the_rotation_test(fits, membership):
    shares = membership.shares().toarray()[0]
    alone = largest_of_contrasts(fits[:1], shares, n_rotations=4000, seed=3)
    row = rotation_test(fits[0], membership, n_rotations=4000, seed=4, competitive=False, mixed=False).iloc[0]
    assert alone.statistics == [pytest.approx(row["statistic"], rel=1e-4)]
    assert alone.p_down == pytest.approx(row["p_down"], abs=0.02)
    assert alone.p_up == pytest.approx(row["p_up"], abs=0.02)


def test_the_largest_of_four_costs_less_than_four_times_its_p(fits, membership):
    shares = membership.shares().toarray()[0]
    four = largest_of_contrasts(fits, shares, n_rotations=4000, seed=3)
    best = int(np.argmin(four.statistics))
    alone = largest_of_contrasts([fits[best]], shares, n_rotations=4000, seed=3)
    assert alone.p_down < four.p_down < 4 * alone.p_down
    assert four == largest_of_contrasts(fits, shares, n_rotations=4000, seed=3)


def test_a_trend_does_not_depend_on_the_vehicle():
    covariance = np.eye(3) / 3 + np.full((3, 3), 1 / 4)
    weights = trend_weights(covariance)
    assert weights.sum() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(weights, np.array([-1, 0, 1]) / np.sqrt(2), atol=1e-12)


def test_shapes_rise_from_none_to_one():
    shapes = shape_means([1, 3, 10, 30])
    assert all(means.max() == pytest.approx(1) for means in shapes.values())
    assert all((np.diff(means) >= 0).all() for means in shapes.values())
    assert shapes["Emax"][1] == pytest.approx(3 / (3 + 30**0.5) * (30 + 30**0.5) / 30)

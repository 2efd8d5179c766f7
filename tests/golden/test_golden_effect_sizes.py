"""Robust standard errors equal R's clubSandwich; limits of g are the noncentral t's; the prior on τ equals R's quadrature."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.linear_model import common_space
from sidemine.effect.spread_prior import with_spread_prior
from sidemine.enrichment.set_effect import infer_standardised, sample_score_effect, small_sample_factor
from sidemine.stats.sandwich import sandwich

HERE = Path(__file__).parent
BLOCK_CORRELATION = 0.35


def read(name: str) -> pd.DataFrame:
    """Return a stored table."""
    with gzip.open(HERE / f"effect_sizes_{name}.tsv.gz", "rt") as stream:
        return pd.read_csv(stream, sep="\t", keep_default_na=False)


def space_of(design: str):
    """Fit a stored design as the package does; with it the blocks, where these are a correlation."""
    rows = read("samples").query("design == @design")
    columns = [np.ones(len(rows))]
    if design == "pairs":
        columns = [(rows["block"] == block).to_numpy(dtype=float) for block in rows["block"].unique()]
    elif design != "two groups":
        columns.append(rows["age"].to_numpy(dtype=float))
    matrix = np.column_stack([*columns, rows["group"].to_numpy(dtype=float)])
    weights = rows["weight"].to_numpy(dtype=float) if design == "weights" else None
    blocks = rows["block"].to_numpy(dtype=str) if design == "blocks of three" else None
    values = rows["score"].to_numpy(dtype=float)[None]
    return common_space(values, matrix, weights, blocks, BLOCK_CORRELATION), [] if blocks is None else list(blocks)


@pytest.mark.parametrize("design", ["two groups", "age", "weights", "pairs", "blocks of three"])
def test_robust_errors_equal_clubsandwich(design: str) -> None:
    """Standard error, Satterthwaite's degrees of freedom and p: HC2 by sample, CR2 by correlated block."""
    theirs = read("sandwich").set_index("design").loc[design]
    space, blocks = space_of(design)
    found = sandwich(space.basis, blocks)
    stdev = space.stdev_unscaled[0]
    assert space.coefficients[0] == pytest.approx(theirs["effect"], rel=1e-8)
    assert stdev * np.sqrt(found.variances(space.effects[:, 1:])[0]) == pytest.approx(theirs["se"], rel=1e-7)
    assert found.df == pytest.approx(theirs["df"], rel=1e-6)
    g = sample_score_effect(space, blocks, fixed_blocks=design == "pairs")
    assert g.p_value[0] == pytest.approx(theirs["p"], rel=1e-6)


def test_limits_of_g_are_those_of_the_noncentral_t() -> None:
    """Up to g = 3 the t interval with g²/2ν is within 5 % of its width of the exact one, which has no robust form."""
    limits = read("noncentral")
    for row in limits.itertuples():
        df = row.n_target + row.n_reference - 2.0
        j, unit = small_sample_factor(df), 1 / row.n_target + 1 / row.n_reference
        found = infer_standardised(np.array([j * row.d]), np.array([j**2 * unit]), df, df, np.ones(1))
        width = row.ci_high - row.ci_low
        shift = [(found.ci_low[0] - row.ci_low) / width, (found.ci_high[0] - row.ci_high) / width]
        assert np.abs(shift).max() < 0.05, (row, shift)


def test_effect_under_a_prior_on_the_spread_equals_quadrature_in_r() -> None:
    """Mean, interval and tail of the random-effects mean with a half-normal prior on τ."""
    studies = read("tau_studies")
    for row in read("tau").itertuples():
        own = studies[studies["study"] == row.study]
        found = with_spread_prior(own["effect"].tolist(), own["se"].tolist())
        assert (found.effect, found.ci_low, found.ci_high) == pytest.approx(
            (row.effect, row.ci_low, row.ci_high), abs=1e-7
        )
        assert found.p_one_sided == pytest.approx(row.below_zero, abs=1e-8)

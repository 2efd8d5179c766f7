"""Adaptive shrinkage equals ashr's model as R fits it; `shrinkage.R` wrote the numbers."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.stats.adaptive_shrinkage import effective_errors, shrink

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def stored() -> pd.DataFrame:
    """Return what R gave."""
    with gzip.open(HERE / "shrinkage_ash.tsv.gz", "rt") as stream:
        return pd.read_csv(stream, sep="\t")


def test_errors_on_few_degrees_of_freedom_are_those_of_the_t_test(stored) -> None:
    """The normal p-value under the new error is that of the t test."""
    ours = effective_errors(*(stored[name].to_numpy(dtype=float) for name in ("effect", "error", "df")))
    np.testing.assert_allclose(ours, stored["effective"], rtol=1e-9)


@pytest.mark.parametrize("case", ["sparse", "dense", "none", "few"])
def test_shrunken_effects_and_false_sign_rates_equal_ashr(stored, case) -> None:
    """Posterior mean, its standard deviation and the local false sign rate, within 1e-3 of the unit of a standard error."""
    rows = stored[stored["case"] == case]
    ours = shrink(rows["effect"].to_numpy(dtype=float), rows["effective"].to_numpy(dtype=float))
    np.testing.assert_allclose(ours.effect, rows["mean"], atol=1e-3)
    np.testing.assert_allclose(ours.sd, rows["sd"], atol=1e-3)
    np.testing.assert_allclose(ours.lfsr, rows["lfsr"], atol=1e-3)
    assert ours.null_share == pytest.approx(float(rows["null_share"].iloc[0]), abs=1e-3)

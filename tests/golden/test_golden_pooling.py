"""Pooled effects equal R's metafor; `pooling.R` wrote the numbers, with its searches tightened."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.effect.pooling import RANDOM, pool

HERE = Path(__file__).parent
SAMPLE_SIZE = np.array([125, 133, 40, 60, 18, 250, 33], dtype=float)
TOLERANCE = 1e-6


def read(name: str) -> pd.DataFrame:
    """Return a stored table."""
    with gzip.open(HERE / f"{name}.tsv.gz", "rt") as stream:
        return pd.read_csv(stream, sep="\t")


@pytest.fixture(scope="module")
def metafor() -> pd.DataFrame:
    """Return what metafor gave."""
    return read("pooling_metafor")


@pytest.fixture(scope="module")
def pooled():
    """Pool the same studies here."""
    studies = read("pooling_studies").to_numpy(dtype=float)
    return pool(studies[:, :7], studies[:, 7:], stouffer_weights=np.sqrt(SAMPLE_SIZE))


def agree(ours: np.ndarray, theirs: pd.Series) -> None:
    """Compare numbers and where there are none."""
    np.testing.assert_allclose(ours, theirs.to_numpy(dtype=float), rtol=TOLERANCE, atol=TOLERANCE * 1e-2)


def test_common_effect_equals_metafor(pooled, metafor) -> None:
    """Estimate, standard error, interval and p of the common effect, for one study to seven."""
    assert (pooled.k == metafor["k"]).all()
    agree(pooled.common.effect, metafor["common_effect"])
    agree(pooled.common.se, metafor["common_se"])
    agree(pooled.common.ci_low, metafor["common_ci_low"])
    agree(pooled.common.ci_high, metafor["common_ci_high"])
    np.testing.assert_allclose(pooled.common.p_value, metafor["common_p"], rtol=TOLERANCE)


def test_given_weights_equal_metafor(metafor) -> None:
    """Weights of the design in place of 1 / SE²: mean and standard error, as for Hedges g."""
    studies = read("pooling_studies").to_numpy(dtype=float)
    found = pool(studies[:, :7], studies[:, 7:], weights=np.broadcast_to(SAMPLE_SIZE, (len(studies), 7)))
    agree(found.common.effect, metafor["weighted_effect"])
    agree(found.common.se, metafor["weighted_se"])


def test_random_effects_equal_metafor(pooled, metafor) -> None:
    """REML and DerSimonian–Laird means, and Hartung–Knapp inference, from two studies on."""
    agree(pooled.random_effects.effect, metafor["reml_effect"])
    agree(pooled.random_effects.se, metafor["reml_se"])
    agree(pooled.random_effects.p_value, metafor["reml_p"])
    agree(pooled.hartung_knapp.se, metafor["hk_se"])
    agree(pooled.hartung_knapp.ci_low, metafor["hk_ci_low"])
    agree(pooled.hartung_knapp.ci_high, metafor["hk_ci_high"])
    agree(pooled.hartung_knapp.p_value, metafor["hk_p"])
    carries = pooled.method == RANDOM
    agree(pooled.carried.se[carries], metafor["hk_se"][carries])
    agree(pooled.dersimonian_laird.effect, metafor["dl_effect"])
    agree(pooled.dersimonian_laird.se, metafor["dl_se"])
    agree(pooled.dersimonian_laird.p_value, metafor["dl_p"])


def test_heterogeneity_equals_metafor(pooled, metafor) -> None:
    """τ² by three estimators, I², Q and the prediction interval; below three studies there is none of the first."""
    estimable = metafor["k"] >= 3
    for ours, theirs in (
        (pooled.tau2, "reml_tau2"),
        (pooled.tau2_dl, "dl_tau2"),
        (pooled.tau2_pm, "pm_tau2"),
        (pooled.i2, "i2"),
        (pooled.prediction_low, "prediction_low"),
        (pooled.prediction_high, "prediction_high"),
    ):
        agree(ours, metafor[theirs].where(estimable))
    agree(pooled.q_statistic, metafor["q"])
    agree(pooled.q_p, metafor["q_p"])


def test_stouffer_and_leave_one_out_equal_metafor(pooled, metafor) -> None:
    """Weighted z, and the range of what carries: the common effect below five studies, REML from five on."""
    agree(pooled.stouffer_z, metafor["stouffer_z"])
    agree(pooled.stouffer_p, metafor["stouffer_p"])
    low, high = (pooled.figures()[f"leave_one_out_{end}"] for end in ("low", "high"))
    random = pooled.method == RANDOM
    agree(low, metafor["reml_low"].where(random, metafor["common_low"]))
    agree(high, metafor["reml_high"].where(random, metafor["common_high"]))

"""The test of tables without samples equals limma's cameraPR; Simes equals base R. `preranked.R` wrote the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.enrichment.preranked_camera import preranked_camera
from sidemine.enrichment.set_membership import build_membership
from sidemine.stats.multiplicity import simes
from sidemine.stats.tails import two_sided_p

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def statistics() -> pd.DataFrame:
    """Return the deviates that R drew."""
    return pd.read_csv(HERE / "preranked_statistics.tsv.gz", sep="\t")


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """Return what R gave, by set."""
    return pd.read_csv(HERE / "preranked_sets.tsv.gz", sep="\t", index_col="gene_set").sort_index()


def test_a_correlation_for_each_set_gives_what_camera_pr_gives(statistics, expected) -> None:
    """Sets of 2 to 40 genes, correlations of 0 to 0.3."""
    sets = expected["genes"].str.split(",").explode().reset_index().rename(columns={"genes": "gene"})
    sets = sets.assign(family="panel", version="", weight=1.0)
    membership = build_membership(sets, list(statistics["gene"]), min_size=2)
    ours = preranked_camera(statistics["z"].to_numpy(), membership, expected["correlation"].to_numpy())
    ours = ours.set_index("gene_set")
    assert list(ours.index) == list(expected.index)
    np.testing.assert_allclose(ours["p_value"], expected["p_value"], rtol=1e-10)
    assert (ours["direction"].str.capitalize() == expected["direction"]).all()
    assert (ours["n_measured"] == expected["n"]).all()
    assert ((ours["ci_low"] > 0) | (ours["ci_high"] < 0)).tolist() == (expected["p_value"] < 0.05).tolist()


def test_simes_equals_base_r(statistics, expected) -> None:
    """The smallest Benjamini–Hochberg adjusted p of a set."""
    p_values = pd.Series(two_sided_p(statistics["z"].to_numpy(), np.inf), index=statistics["gene"])
    ours = [simes(p_values[genes.split(",")].to_numpy()) for genes in expected["genes"]]
    np.testing.assert_allclose(ours, expected["simes"], rtol=1e-12)

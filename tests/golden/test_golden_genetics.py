"""The model of genetics equals R's nlme::gls and base R, and ACAT equals its formula in R; `genetics.R` wrote the numbers."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.lines.genetics.competitive import Correlations, Rotation
from sidemine.lines.genetics.snps import acat

HERE = Path(__file__).parent
TOLERANCE = 1e-8


def read(name: str) -> pd.DataFrame:
    """Return a stored table."""
    with gzip.open(HERE / f"genetics_{name}.tsv.gz", "rt") as stream:
        return pd.read_csv(stream, sep="\t", float_precision="round_trip")


@pytest.mark.parametrize("gene_set", ["scattered", "clustered"])
def test_least_squares(gene_set: str) -> None:
    genes, pairs, theirs = read("genes"), read("correlations"), read("gls").set_index("set").loc[gene_set]
    whole = np.eye(len(genes))
    whole[pairs["row"], pairs["column"]] = whole[pairs["column"], pairs["row"]] = pairs["correlation"]
    size, density = genes["size"].to_numpy(), genes["density"].to_numpy()
    blocks = [whole[np.ix_(here, here)] for c in (1, 2, 3) for here in [np.flatnonzero(genes["chromosome"] == c)]]
    assert sum((block**2).sum() for block in blocks) == pytest.approx((whole**2).sum())
    correlations = Correlations(blocks)
    assert correlations.shrinkage == 0
    covariates = np.column_stack([size, np.log(size), density, np.log(density)])
    test = Rotation(genes["z"].to_numpy(), covariates, correlations)
    ours = test.by_student(genes[gene_set].to_numpy() == 1)
    np.testing.assert_allclose(
        [ours.effect, ours.statistic, ours.p_value, ours.ci_low, ours.ci_high, ours.effect / ours.statistic],
        [theirs["effect"], theirs["t"], theirs["p"], theirs["low"], theirs["high"], theirs["nlme_se"]],
        rtol=TOLERANCE,
    )
    assert ours.effect == pytest.approx(theirs["nlme_effect"], rel=TOLERANCE)
    rotated, _ = test.test(genes[gene_set].to_numpy() == 1)
    assert rotated.effect == pytest.approx(theirs["nlme_effect"], rel=1e-6)


def test_acat() -> None:
    theirs = read("acat")["p"].to_numpy()
    ours = [acat(rows.to_numpy()) for _, rows in read("snps").groupby("case")["p"]]
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE)
    assert min(theirs) < 1e-100

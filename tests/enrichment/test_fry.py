"""FRY beyond limma: signs and weights as declared, calibration, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.fry import fry, standardised_effects
from sidemine.enrichment.set_membership import build_membership


def fitted(values: np.ndarray) -> ContrastFit:
    n = values.shape[1]
    target = np.arange(n) % 2 == 1
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)]}, index=[f"S{i}" for i in range(n)])
    return fit_contrast(values, [f"G{i:03d}" for i in range(len(values))], build_design(samples, target, ~target))


def run(fit: ContrastFit, **members: dict[int, float]) -> pd.DataFrame:
    rows = [(name, f"G{gene:03d}", weight) for name, genes in members.items() for gene, weight in genes.items()]
    table = pd.DataFrame(rows, columns=["gene_set", "gene", "weight"])
    table = table.assign(family="target", version="1", licence="none", source="here")
    return fry(fit, build_membership(table, fit.genes, min_size=1)).set_index("gene_set")


@pytest.fixture(scope="module")
def fit() -> ContrastFit:
    rng = np.random.default_rng(11)
    values = 8 + rng.normal(0, 0.5, (100, 8))
    values[:15, 1::2] += 0.5
    return fitted(values)


def test_all_weights_minus_one_reverse_the_direction(fit: ContrastFit) -> None:
    """The same p, directional and mixed, and the other direction."""
    table = run(fit, up=dict.fromkeys(range(15), 1.0), down=dict.fromkeys(range(15), -1.0))
    assert list(table["direction"].loc[["up", "down"]]) == ["up", "down"]
    for column in ("p_value", "p_mixed"):
        assert table[column]["up"] == pytest.approx(table[column]["down"], rel=1e-9)


def test_size_of_weights_does_not_matter(fit: ContrastFit) -> None:
    """Doubling all weights changes nothing."""
    weights = {gene: 0.5 - gene / 10 for gene in range(12)}
    table = run(fit, once=weights, twice={gene: 2 * weight for gene, weight in weights.items()})
    assert table["p_value"]["once"] == pytest.approx(table["p_value"]["twice"], rel=1e-12)


def test_statistic_is_its_definition(fit: ContrastFit) -> None:
    """t of the mean standardised effect against the same mean of the residuals."""
    effects = standardised_effects(fit)[:15].mean(axis=0)
    row = run(fit, up=dict.fromkeys(range(15), 1.0)).loc["up"]
    assert row["statistic"] == pytest.approx(effects[0] / np.sqrt(np.mean(effects[1:] ** 2)), rel=1e-12)
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["statistic"]), 6), rel=1e-12)


def test_size_holds_for_co_expressed_sets_at_three_versus_three() -> None:
    """Under the null a co-expressed set of 20 genes is called at 5 % about 5 % of the time."""
    rng = np.random.default_rng(20260102)
    called = []
    for _ in range(300):
        values = 8 + rng.normal(0, 0.5, (60, 6))
        values[:20] += rng.normal(0, 0.35, 6)
        called.append(run(fitted(values), module=dict.fromkeys(range(20), 1.0))["p_value"].iloc[0] < 0.05)
    # 300 draws: three standard errors around 5 % reach from 1.2 % to 8.8 %.
    assert 0.012 < np.mean(called) < 0.088


def test_single_gene_and_no_set(fit: ContrastFit) -> None:
    """One gene: mixed equals directional. No set: an empty table."""
    row = run(fit, one={2: 1.0}).loc["one"]
    assert row["p_mixed"] == row["p_value"]
    assert len(run(fit, absent={900: 1.0})) == 0

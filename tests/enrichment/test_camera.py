"""CAMERA beyond limma: signs and weights as declared, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.set_membership import build_membership
from sidemine.errors import InputError
from sidemine.stats.tails import z_of_t

N_GENES = 150


@pytest.fixture(scope="module")
def fit() -> ContrastFit:
    rng = np.random.default_rng(7)
    n = 10
    common = rng.normal(size=n)
    values = 8 + rng.normal(0, 0.5, (N_GENES, n))
    values[:20] += 0.5 * common
    values[20:40] -= 0.5 * common
    target = np.arange(n) % 2 == 1
    values[:20, target] += 0.6
    values[20:40, target] -= 0.6
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)]}, index=[f"S{i}" for i in range(n)])
    return fit_contrast(values, [f"G{i:03d}" for i in range(N_GENES)], build_design(samples, target, ~target))


def sets(**members: dict[int, float]) -> pd.DataFrame:
    rows = [(name, f"G{gene:03d}", weight) for name, genes in members.items() for gene, weight in genes.items()]
    table = pd.DataFrame(rows, columns=["gene_set", "gene", "weight"])
    return table.assign(family="comparator", version="1", licence="none", source="here")


def run(fit: ContrastFit, **members: dict[int, float]) -> pd.DataFrame:
    return camera(fit, build_membership(sets(**members), fit.genes, min_size=1)).set_index("gene_set")


def test_all_weights_minus_one_reverse_the_direction(fit: ContrastFit) -> None:
    """The same p, the same correlation, the other direction."""
    table = run(fit, up=dict.fromkeys(range(20), 1.0), down=dict.fromkeys(range(20), -1.0))
    assert list(table["direction"].loc[["up", "down"]]) == ["up", "down"]
    assert table["p_value"]["up"] == pytest.approx(table["p_value"]["down"], rel=1e-12)
    assert table["statistic"]["up"] == pytest.approx(-table["statistic"]["down"], rel=1e-12)
    assert table["inter_gene_correlation"]["up"] == pytest.approx(table["inter_gene_correlation"]["down"], rel=1e-9)


def test_size_of_weights_does_not_matter(fit: ContrastFit) -> None:
    """Doubling all weights changes nothing."""
    weights = {gene: 0.5 + gene / 10 for gene in range(15)}
    table = run(fit, once=weights, twice={gene: 2 * weight for gene, weight in weights.items()})
    assert table["statistic"]["once"] == pytest.approx(table["statistic"]["twice"], rel=1e-12)


def test_signs_join_what_an_unsigned_set_cancels(fit: ContrastFit) -> None:
    """Activated up and repressed down: a signed set sees it, and its sign-flipped residuals are correlated."""
    genes = range(40)
    table = run(fit, signed={gene: 1.0 if gene < 20 else -1.0 for gene in genes}, unsigned=dict.fromkeys(genes, 1.0))
    assert table["direction"]["signed"] == "up"
    assert table["p_value"]["signed"] < 0.05 < table["p_value"]["unsigned"]
    assert table["inter_gene_correlation"]["signed"] > 0.2 > table["inter_gene_correlation"]["unsigned"]


def test_signed_statistic_is_its_definition(fit: ContrastFit) -> None:
    """Σw·z/Σ|w| against (Σw/Σ|w|) × mean z outside, with the variance written out."""
    weights = {gene: [1.0, -2.0, 0.5][gene % 3] for gene in range(30, 60)}
    row = run(fit, signed=weights).loc["signed"]
    z = z_of_t(fit.t, fit.df)
    w = np.array([weights.get(gene, 0.0) for gene in range(N_GENES)])
    a, inside = w / np.abs(w).sum(), w != 0
    delta = a @ z - a.sum() * z[~inside].mean()
    residuals = fit.effects[:, 1:] / np.sqrt(np.mean(fit.effects[:, 1:] ** 2, axis=1))[:, None]
    variance = max(np.mean((a @ residuals) ** 2), np.sum(a**2)) + a.sum() ** 2 / (~inside).sum()
    flipped = np.sign(w[inside]) * z[inside]
    pooled = (np.sum((flipped - flipped.mean()) ** 2) + np.sum((z[~inside] - z[~inside].mean()) ** 2)) / (N_GENES - 2)
    assert row["statistic"] == pytest.approx(delta / np.sqrt(pooled * variance), rel=1e-10)
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["statistic"]), fit.residual_df), rel=1e-10)


def test_single_gene_and_everything(fit: ContrastFit) -> None:
    """One gene has no correlation; a set of all genes has nothing to compete with."""
    table = run(fit, one={3: 1.0}, all=dict.fromkeys(range(N_GENES), 1.0))
    assert np.isnan(table["inter_gene_correlation"]["one"])
    assert 0 < table["p_value"]["one"] <= 1
    assert np.isnan(table["p_value"]["all"])
    assert table["direction"]["all"] == "none"


def test_hill_z_is_close_to_the_exact_deviate() -> None:
    """The approximation is good to four digits where sets are decided."""
    t = np.array([-6.0, -2.0, 0.0, 0.5, 3.0])
    exact = np.sign(t) * stats.norm.isf(stats.t.sf(np.abs(t), 12.0))
    np.testing.assert_allclose(z_of_t(t, np.full(5, 12.0)), exact, rtol=1e-4)


def test_membership_counts_and_leaves_out() -> None:
    """Measured genes are counted; small sets and large comparators are left out, with the reason."""
    table = sets(
        small={0: 1.0, 900: 1.0}, large=dict.fromkeys(range(30), 1.0), right={1: 1.0, 2: -1.0, 901: 1.0, 3: 0.0}
    )
    membership = build_membership(table, [f"G{i:03d}" for i in range(40)], min_size=2, max_size=20)
    assert membership.gene_sets == ["right"]
    assert (membership.n_in_set[0], membership.n_measured[0]) == (3, 2)
    assert dict(membership.left_out) == {
        "large": "30 genes measured, more than 20 in a comparator set",
        "small": "1 of 2 genes measured, fewer than 2",
    }
    declared = build_membership(table.assign(family="target"), [f"G{i:03d}" for i in range(40)], 2, 20)
    assert "large" in declared.gene_sets


def test_no_sets_is_a_result(fit: ContrastFit) -> None:
    """Nothing to test gives an empty table."""
    assert len(run(fit, absent={900: 1.0})) == 0


def test_doubled_genes_and_infinite_weights_are_refused() -> None:
    """A gene twice in a set would count twice."""
    table = sets(a={1: 1.0, 2: np.inf})
    with pytest.raises(InputError, match=r"2 problems[\s\S]*stand twice[\s\S]*not finite"):
        build_membership(pd.concat([table, table]), ["G001"])

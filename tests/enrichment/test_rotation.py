"""The rotation engine beyond limma: reproducible for any blocks and threads, weights as declared, size, and the edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment import rotated_deviates, rotation
from sidemine.enrichment.camera import camera
from sidemine.enrichment.rotated_deviates import StandardisedSpace, random_directions
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.errors import InputError
from sidemine.stats.tails import z_of_t


def fitted(values: np.ndarray) -> ContrastFit:
    n = values.shape[1]
    target = np.arange(n) % 2 == 1
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)]}, index=[f"S{i}" for i in range(n)])
    return fit_contrast(values, [f"G{i:04d}" for i in range(len(values))], build_design(samples, target, ~target))


def sets_of(fit: ContrastFit, **members: dict[int, float]) -> SetMembership:
    rows = [(name, f"G{gene:04d}", weight) for name, genes in members.items() for gene, weight in genes.items()]
    table = pd.DataFrame(rows, columns=["gene_set", "gene", "weight"])
    table = table.assign(family="target", version="1", licence="none", source="here")
    return build_membership(table, fit.genes, min_size=1)


def run(fit: ContrastFit, n_rotations: int = 2000, **members: dict[int, float]) -> pd.DataFrame:
    return rotation_test(fit, sets_of(fit, **members), n_rotations=n_rotations, seed=1).set_index("gene_set")


@pytest.fixture(scope="module")
def fit() -> ContrastFit:
    rng = np.random.default_rng(11)
    values = 8 + rng.normal(0, 0.5, (700, 8))
    values[:15, 1::2] += 0.4
    return fitted(values)


def by_hand(fit: ContrastFit, genes: list[int], weights: list[float], n_rotations: int) -> dict[str, float]:
    """Return the p-values by loops in double precision, from the formulas of the paper."""
    directions = random_directions(fit.residual_df, n_rotations, 1).astype(float)
    directions = np.vstack([np.eye(fit.residual_df + 1)[0], directions])
    outside = np.setdiff1d(np.arange(len(fit.genes)), genes)
    w = np.array(weights) / np.abs(weights).sum()
    total_df = fit.prior_df + fit.residual_df
    rows = []
    for direction in directions:
        effect = fit.effects @ direction
        residual = (np.sum(fit.effects**2, axis=1) - effect**2) / fit.residual_df
        variance = (fit.prior_df * fit.prior_variance + fit.residual_df * residual) / total_df
        t = effect / np.sqrt(variance)
        bailey = (total_df + 0.125) / (total_df + 1.125) * np.sqrt(total_df + 19 / 12)
        z = np.sign(t) * bailey * np.sqrt(np.log1p(t**2 / total_df))
        rows.append(
            (w @ z[genes], (w @ z[genes] - w.sum() * z[outside].mean()) / z.std(), np.abs(w) @ np.abs(z[genes]))
        )
    statistics = np.abs(np.array(rows))
    p_values = (1 + (statistics[1:] >= statistics[0]).sum(axis=0)) / (n_rotations + 1)
    return dict(zip(("p_value", "p_competitive", "p_mixed"), p_values, strict=True))


@pytest.mark.parametrize("weights", [[1.0] * 20, [-2.0] * 20, [1.0, -1.0] * 10, [0.5, 3.0, -1.0, 1.0] * 5])
def test_matrix_products_give_what_loops_give(fit: ContrastFit, weights: list[float]) -> None:
    """All three statistics, for plain, reversed, signed and weighted sets, are those of the formulas."""
    genes = list(range(5, 25))
    row = run(fit, 1500, one=dict(zip(genes, weights, strict=True))).loc["one"]
    for column, p_value in by_hand(fit, genes, weights, 1500).items():
        # Single precision may move one rotation across the observed value.
        assert row[column] == pytest.approx(p_value, abs=1.1 / 1501), column


def test_blocks_do_not_change_the_result(fit: ContrastFit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives the same table for any number of streams at once and genes per block."""
    membership = sets_of(fit, one=dict.fromkeys(range(20), 1.0), two={3: 1.0, 9: -2.0, 400: 0.5})
    first = rotation_test(fit, membership, n_rotations=1000, seed=7)
    monkeypatch.setattr(rotation, "MANY_SETS", 1)
    monkeypatch.setattr(rotated_deviates, "GENES_PER_BLOCK", 64)
    pd.testing.assert_frame_equal(first, rotation_test(fit, membership, n_rotations=1000, seed=7))
    other = rotation_test(fit, membership, n_rotations=1000, seed=8)
    assert not first["p_value"].equals(other["p_value"])


def test_more_rotations_begin_with_fewer() -> None:
    """Directions are unit vectors, and the first of many are the few."""
    many, few = random_directions(5, 700, 3), random_directions(5, 300, 3)
    np.testing.assert_array_equal(many[:300], few)
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, rtol=1e-6)


def test_competitive_needs_no_other_run(fit: ContrastFit) -> None:
    """Self-contained p-values are the same whether the genes outside the sets are computed or not."""
    membership = sets_of(fit, one=dict.fromkeys(range(20), 1.0))
    full = rotation_test(fit, membership, n_rotations=999, seed=2)
    short = rotation_test(fit, membership, n_rotations=999, seed=2, competitive=False, mixed=False)
    assert list(full["p_value"]) == list(short["p_value"])
    assert short[["p_competitive", "p_mixed", "competitive_statistic"]].isna().all(axis=None)


def test_all_weights_minus_one_reverse_the_direction(fit: ContrastFit) -> None:
    """The same p and the other direction, self-contained and competitive; one-sided p change places."""
    table = run(fit, up=dict.fromkeys(range(15), 1.0), down=dict.fromkeys(range(15), -1.0))
    for column in ("direction", "competitive_direction"):
        assert list(table[column].loc[["up", "down"]]) == ["up", "down"]
    for column in ("p_value", "p_mixed", "p_competitive"):
        assert table[column]["up"] == table[column]["down"]
    assert table["p_up"]["up"] == table["p_down"]["down"] < 0.5 < table["p_down"]["up"]


def test_p_is_never_zero(fit: ContrastFit) -> None:
    """An overwhelming set gets 1 / (m + 1), or half of it on one side."""
    strong = replace(fit, effects=fit.effects + np.array([20.0] + [0.0] * fit.residual_df))
    row = run(strong, 999, one=dict.fromkeys(range(30), 1.0)).loc["one"]
    assert row["p_value"] == pytest.approx(1 / 1000)
    assert row["p_up"] == pytest.approx(1 / 1999)


def test_observed_deviates_are_those_of_the_moderated_t(fit: ContrastFit) -> None:
    """Bailey's normal deviates differ from Hill's by less than a fiftieth, infinite prior df included."""
    hill = z_of_t(fit.t, fit.df)
    for one in (fit, replace(fit, prior_df=np.where(np.arange(len(fit.t)) < 300, np.inf, fit.prior_df))):
        observed = StandardisedSpace.of(one).observed
        np.testing.assert_allclose(observed[300:], hill[300:], rtol=0.02, atol=0.001)
    infinite = fit.effects[:300, 0] / np.sqrt(fit.posterior_variance[:300])
    np.testing.assert_allclose(observed[:300], infinite, rtol=1e-4)


def test_mixed_prior_degrees_of_freedom(fit: ContrastFit) -> None:
    """Genes with infinite and with finite prior df stand in one run; their order does not matter."""
    prior_df = np.where(np.arange(len(fit.genes)) % 3 == 0, np.inf, 4.0)
    posterior = np.where(np.isinf(prior_df), fit.prior_variance, fit.posterior_variance)
    mixed = replace(fit, prior_df=prior_df, posterior_variance=posterior)
    table = run(mixed, one=dict.fromkeys(range(20), 1.0), far=dict.fromkeys(range(300, 330), 1.0))
    assert table["p_value"]["one"] < 0.05 < table["p_value"]["far"]


def test_direction_and_strength_as_camera(fit: ContrastFit) -> None:
    """The competitive statistic has CAMERA's sign."""
    membership = sets_of(fit, **{f"s{i}": dict.fromkeys(range(30 * i, 30 * i + 30), 1.0) for i in range(12)})
    ours = rotation_test(fit, membership, n_rotations=999, seed=2)
    assert list(ours["competitive_direction"]) == list(camera(fit, membership)["direction"])


def test_edges(fit: ContrastFit) -> None:
    """No set: an empty table. A set of all genes: no competitive test. One gene: mixed equals two-sided."""
    assert len(rotation_test(fit, sets_of(fit, absent={9000: 1.0}), n_rotations=10, seed=1)) == 0
    table = run(fit, all=dict.fromkeys(range(700), 1.0), one={2: 1.0})
    assert np.isnan(table["p_competitive"]["all"])
    assert table["competitive_direction"]["all"] == "none"
    assert table["p_mixed"]["one"] == table["p_value"]["one"]


def test_one_residual_degree_of_freedom_without_prior() -> None:
    """A gene may lie along a rotation: nothing becomes infinite."""
    small = fitted(8 + np.random.default_rng(3).normal(0, 1, (40, 6)))
    bare = replace(small, prior_df=np.zeros(40), effects=small.effects[:, :2], residual_df=1)
    table = run(bare, one=dict.fromkeys(range(10), 1.0))
    assert 0 < table["p_value"]["one"] <= 1
    assert np.isfinite(table["competitive_statistic"]["one"])


def test_bad_settings_are_told(fit: ContrastFit) -> None:
    """Seed 0 and no rotations are refused."""
    membership = sets_of(fit, one={1: 1.0, 2: -1.0})
    with pytest.raises(InputError, match="rotations is 0"):
        rotation_test(fit, membership, n_rotations=0, seed=1)
    with pytest.raises(InputError, match="seed is 0"):
        rotation_test(fit, membership, n_rotations=9, seed=0)


def test_size_holds_for_co_expressed_sets_at_three_versus_three() -> None:
    """Under the null a co-expressed set of 20 genes is called at 5 % about 5 % of the time."""
    rng = np.random.default_rng(20260102)
    called = []
    sets = {f"m{module}": dict.fromkeys(range(20 * module, 20 * module + 20), 1.0) for module in range(6)}
    for _ in range(60):
        values = 8 + rng.normal(0, 0.5, (150, 6))
        values[:120] += np.repeat(rng.normal(0, 0.35, (6, 6)), 20, axis=0)
        called.append((run(fitted(values), 499, **sets)["p_value"] <= 0.05).mean())
    # 360 nulls: three standard errors around 5 % reach from 1.6 % to 8.4 %.
    assert 0.016 < np.mean(called) < 0.084

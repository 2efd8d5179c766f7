"""Activities: high where the set's genes are high, signs respected, nothing random."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sidemine.enrichment.activity import ACTIVITIES, activities
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.tables import check_table


def _expression() -> pd.DataFrame:
    values = np.random.default_rng(4).normal(8, 1, size=(6, 300)) + np.linspace(-3, 3, 300)
    values[3:, :20] += 3
    return pd.DataFrame(values, index=[f"S{i}" for i in range(6)], columns=[f"G{i:03d}" for i in range(300)])


def _sets(**sets: dict[int, float]) -> pd.DataFrame:
    rows = [
        (name, "target", f"G{number:03d}", weight, "1", "x")
        for name, genes in sets.items()
        for number, weight in genes.items()
    ]
    return pd.DataFrame(rows, columns=GENE_SETS.names)


SETS = _sets(
    UP=dict.fromkeys(range(20), 1.0),
    REVERSED=dict.fromkeys(range(20), -2.0),
    OTHER=dict.fromkeys(range(100, 150), 1.0),
    MIXED={i: (1.0 if i < 10 else -1.5) for i in range(5, 15)},
)


def test_score_is_high_in_samples_whose_genes_are_high_and_negative_weights_reverse_it() -> None:
    found = activities(_expression(), SETS)
    check_table(found, ACTIVITIES, "activities")
    wide = found.pivot_table(index="sample", columns="gene_set", values="score")
    assert (wide.loc[["S3", "S4", "S5"], "UP"] > 3).all()
    assert (wide.loc[["S0", "S1", "S2"], "UP"] < -3).all()
    np.testing.assert_allclose(wide["REVERSED"], -wide["UP"], rtol=1e-9)
    assert set(found["method"]) == {"ulm"}


def test_scores_equal_a_regression_per_sample() -> None:
    found = activities(_expression(), SETS).pivot_table(index="sample", columns="gene_set", values="score")
    centred = _expression() - _expression().mean()
    weight = np.zeros(300)
    weight[5:15] = [1.0 if i < 10 else -1.5 for i in range(5, 15)]
    design = np.column_stack([np.ones(300), weight])
    for sample in centred.index:
        y = centred.loc[sample].to_numpy()
        beta, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
        error = np.sqrt(residual[0] / 298 * np.linalg.inv(design.T @ design)[1, 1])
        assert found.loc[sample, "MIXED"] == pytest.approx(beta[1] / error, rel=1e-9)


def test_scores_equal_decouplers_own_interface() -> None:
    import decoupler

    expected, _ = decoupler.mt.ulm(
        _expression() - _expression().mean(),
        SETS[["gene_set", "gene", "weight"]].set_axis(["source", "target", "weight"], axis=1),
        tmin=5,
    )
    found = activities(_expression(), SETS).pivot_table(index="sample", columns="gene_set", values="score")
    np.testing.assert_allclose(found, expected.loc[found.index, found.columns], rtol=1e-9)


def test_order_of_samples_genes_and_sets_changes_nothing() -> None:
    mixed = activities(
        _expression().sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2),
        SETS.sample(frac=1, random_state=3),
    )
    pd.testing.assert_frame_equal(activities(_expression(), SETS), mixed, check_exact=True)


def test_missing_and_constant_genes_are_left_out_without_a_warning() -> None:
    values = _expression()
    values.iloc[0, 0] = np.nan
    values.iloc[:, 1] = 5.0
    found = activities(values, SETS)
    assert np.isfinite(found["score"]).all()
    assert set(found["gene_set"]) == set(SETS["gene_set"])


@pytest.mark.parametrize("values", [_expression().iloc[:1], _expression().iloc[:0], _expression().iloc[:, :4]])
def test_too_little_data_gives_a_typed_empty_table(values: pd.DataFrame) -> None:
    found = activities(values, SETS)
    check_table(found, ACTIVITIES, "activities")
    assert len(found) == 0

"""FRY and CAMERA on permuted labels equal the public fit and the public tests on those labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design, build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.permuted_labels import permute_and_test, permuted_targets, refuse_reason
from sidemine.enrichment.set_membership import SetMembership, build_membership

N_GENES = 300
GENES = [f"G{i:03d}" for i in range(N_GENES)]
SEED = [20261125, 7]


def _design(covariates: tuple[str, ...] = (), block: str = "") -> Design:
    n = 16
    names = [f"S{i:02d}" for i in range(n)]
    rng = np.random.default_rng(3)
    samples = pd.DataFrame(
        {
            "unit": [f"D{i % 8}" for i in range(n)] if block else names,
            "age": [f"{age:.1f}" for age in rng.normal(50, 10, n)],
            "batch": np.resize(["a", "b", "b", "a", "c"], n),
            "donor": [f"D{i % 8}" for i in range(n)],
        },
        index=names,
    )
    target = np.arange(n) < 8
    return build_design(samples, target, ~target, covariates, block)


def _values() -> np.ndarray:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(N_GENES, 16)) * np.sqrt(8 / rng.chisquare(8, (N_GENES, 1)))
    values[:30] += rng.normal(size=16)
    values[30:60, :8] += 1.5  # a true difference: it is spread among the residuals of permuted labels
    return values + rng.uniform(4, 12, (N_GENES, 1))


def _membership() -> SetMembership:
    rows = [(f"M{m}", GENES[m * 30 + i], 1.0) for m in range(5) for i in range(30)]
    rows += [("SIGNED", GENES[i], weight) for i, weight in ((3, 1.0), (40, -2.0), (70, 0.5), (200, -1.0), (222, 1.5))]
    table = pd.DataFrame(rows, columns=["gene_set", "gene", "weight"])
    return build_membership(table.assign(family="target", version="1", licence="", source=""), GENES)


@pytest.mark.parametrize(
    ("covariates", "block", "robust"),
    [((), "", False), (("age", "batch"), "", False), ((), "donor", False), (("age",), "", True)],
    ids=["plain", "covariates", "pairs", "robust"],
)
def test_tests_equal_those_of_a_new_fit(covariates: tuple[str, ...], block: str, robust: bool) -> None:
    design, membership = _design(covariates, block), _membership()
    fit = fit_contrast(_values(), GENES, design, robust=robust)
    found = permute_and_test(fit, design, membership, n_labelings=6, n_rotations=0, seed=SEED).p_values
    for row, targets in enumerate(permuted_targets(design, 6, SEED)):
        matrix = design.matrix.copy()
        matrix[:, -1] = targets
        again = fit_contrast(_values(), GENES, replace(design, matrix=matrix, is_target=targets), robust=robust)
        np.testing.assert_allclose(found["fry"][row], fry(again, membership)["p_value"], rtol=1e-10)
        np.testing.assert_allclose(found["camera"][row], camera(again, membership)["p_value"], rtol=1e-10)


def test_labels_stay_in_their_blocks_and_group_sizes_stay() -> None:
    design = _design(block="donor")
    targets = permuted_targets(design, 50, SEED)
    assert (targets.sum(axis=1) == 8).all()
    for donor in set(design.block_labels.tolist() if design.block_labels is not None else []):
        assert (targets[:, design.block_labels == donor].sum(axis=1) == 1).all()


def test_same_seed_same_p_and_another_seed_another() -> None:
    design, membership = _design(("age",)), _membership()
    fit = fit_contrast(_values(), GENES, design)

    def run(seed: list[int]) -> dict[str, np.ndarray]:
        return permute_and_test(fit, design, membership, n_labelings=4, n_rotations=199, seed=seed).p_values

    one, same, other = run(SEED), run(SEED), run([1, 2])
    assert set(one) == {"fry", "camera", "rotation", "rotation_competitive"}
    for test, values in one.items():
        np.testing.assert_array_equal(values, same[test])
        assert not np.array_equal(values, other[test])
        assert ((values > 0) & (values <= 1)).all()


def test_rotation_agrees_with_its_closed_form() -> None:
    design, membership = _design(), _membership()
    fit = fit_contrast(_values(), GENES, design)
    found = permute_and_test(fit, design, membership, n_labelings=30, n_rotations=4999, seed=SEED).p_values
    # Same null, other statistics (bounded deviates): close, not equal.
    assert np.abs(found["rotation"] - found["fry"]).mean() < 0.03


def test_a_labeling_that_covariates_tell_already_is_left_out() -> None:
    names = [f"S{i}" for i in range(8)]
    samples = pd.DataFrame({"unit": names, "batch": list("aaaabbbb")}, index=names)
    target = np.array([True, True, True, False, True, False, False, False])
    design = build_design(samples, target, ~target, ["batch"])
    values = np.random.default_rng(1).normal(size=(N_GENES, 8)) + 8
    fit = fit_contrast(values, GENES, design)
    drawn = permuted_targets(design, 400, SEED)
    told = (drawn[:, :4].all(axis=1)) | (drawn[:, 4:].all(axis=1))
    assert told.any()
    found = permute_and_test(fit, design, _membership(), n_labelings=400, n_rotations=0, seed=SEED)
    assert found.n_labelings == 400 - told.sum()
    assert np.isfinite(found.p_values["fry"]).all()


def _weighted(fit: ContrastFit) -> ContrastFit:
    return replace(fit, facts=replace(fit.facts, sample_weights=[1.0] * 16))


def test_weights_and_block_correlation_have_a_reason() -> None:
    design = _design()
    fit = fit_contrast(_values(), GENES, design)
    assert refuse_reason(fit, design) == ""
    assert "weights" in refuse_reason(_weighted(fit), design)
    assert "correlation" in refuse_reason(fit, replace(design, blocking="correlation"))

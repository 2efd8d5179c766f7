"""Label permutation: exact when labelings are few, within blocks, Freedman–Lane with covariates."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design, build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.label_permutation import label_permutation_test, permute_labels
from sidemine.enrichment.rotated_deviates import StandardisedSpace
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.errors import InputError


def study(values: np.ndarray, **metadata: list[str]) -> tuple[ContrastFit, Design]:
    n = values.shape[1]
    target = np.arange(n) % 2 == 1
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)], **metadata}, index=[f"S{i}" for i in range(n)])
    block = "donor" if "donor" in metadata else ""
    covariates = [name for name in metadata if name != "donor"]
    design = build_design(samples, target, ~target, covariates=covariates, block=block)
    return fit_contrast(values, [f"G{i:03d}" for i in range(len(values))], design), design


def one_set(fit: ContrastFit, n: int = 15) -> SetMembership:
    table = pd.DataFrame({"gene_set": "one", "gene": fit.genes[:n], "weight": 1.0})
    return build_membership(table.assign(family="target", version="1", licence="-", source="-"), fit.genes)


def noise(n: int, seed: int = 3) -> np.ndarray:
    values = 8 + np.random.default_rng(seed).normal(0, 0.5, (80, n))
    values[:15, 1::2] += 0.3
    return values


def test_exact_p_is_the_share_of_labelings_of_fresh_fits() -> None:
    """Four against four: the p-value counts 70 fits with relabelled samples, prior held fixed."""
    values = noise(8)
    fit, design = study(values)
    row = label_permutation_test(fit, design, one_set(fit), n_permutations=100, seed=1).iloc[0]
    statistics = []
    for targets in combinations(range(8), 4):
        is_target = np.isin(np.arange(8), targets)
        samples = pd.DataFrame({"unit": design.samples}, index=design.samples)
        again = fit_contrast(values, fit.genes, build_design(samples, is_target, ~is_target))
        held = replace(again, prior_df=fit.prior_df, prior_variance=fit.prior_variance)
        statistics.append(abs(StandardisedSpace.of(held).observed[:15].mean()))
    expected = np.mean(np.array(statistics) >= abs(row["statistic"]) * (1 - 1e-9))
    assert (row["method"], row["n_permutations"]) == ("exact", 69)
    assert row["p_value"] == pytest.approx(expected)


def test_pairs_are_permuted_within_pairs() -> None:
    """Six pairs have 64 labelings; each is a rotation of length 1 of the space within pairs."""
    fit, design = study(noise(12), donor=[f"d{i // 2}" for i in range(12)])
    plan = permute_labels(design, 1000, 1)
    assert (plan.method, len(plan.directions)) == ("exact", 63)
    np.testing.assert_allclose(np.linalg.norm(plan.directions, axis=1), 1)
    assert label_permutation_test(fit, design, one_set(fit), n_permutations=1000, seed=1)["p_value"].iloc[0] >= 2 / 64


def test_many_labelings_are_sampled() -> None:
    """The sampled p-value agrees with the rotation test on normal data."""
    fit, design = study(noise(20))
    row = label_permutation_test(fit, design, one_set(fit), n_permutations=2000, seed=1).iloc[0]
    rotated = rotation_test(fit, one_set(fit), n_rotations=2000, seed=1).iloc[0]
    assert row["method"] == "sampled"
    assert row["p_value"] == pytest.approx(rotated["p_value"], abs=0.04)
    assert row["p_mixed"] == pytest.approx(rotated["p_mixed"], abs=0.04)


def test_freedman_lane_equals_fits_to_permuted_residuals() -> None:
    """With a covariate, contrast and residual sum of squares are those of a new fit to permuted residuals."""
    ages = [str(age) for age in np.random.default_rng(5).integers(20, 80, 12)]
    values = noise(12)
    fit, design = study(values, age=ages)
    plan = permute_labels(design, 50, 9)
    assert plan.method == "Freedman–Lane (approximate)"
    reduced = design.matrix[:, :-1]
    residuals = values - values @ reduced @ np.linalg.pinv(reduced)
    orders = np.random.default_rng(9).permuted(np.tile(np.arange(12), (50, 1)), axis=1)
    for direction, leak, order in zip(plan.directions, plan.leaks.transpose(1, 0, 2), orders, strict=True):
        # Permuting the contrast vector by `order` is permuting the residuals by its inverse.
        again = fit_contrast(residuals[:, np.argsort(order)] + 8, fit.genes, design, trend=False)
        np.testing.assert_allclose(fit.effects @ direction, again.effects[:, 0], atol=1e-9)
        lost = ((fit.effects @ leak.T) ** 2).sum(axis=1)
        np.testing.assert_allclose((fit.effects**2).sum(axis=1) - lost, (again.effects**2).sum(axis=1), rtol=1e-9)


def test_freedman_lane_runs_and_holds_no_signal_for_null_genes() -> None:
    """A p-value between its bounds, and one near the rotation test's."""
    ages = [str(age) for age in np.random.default_rng(5).integers(20, 80, 24)]
    fit, design = study(noise(24), age=ages)
    row = label_permutation_test(fit, design, one_set(fit), n_permutations=1000, seed=2).iloc[0]
    rotated = rotation_test(fit, one_set(fit), n_rotations=1000, seed=2).iloc[0]
    assert row["p_value"] == pytest.approx(rotated["p_value"], abs=0.05)


def test_weighted_samples_are_refused() -> None:
    """Samples with weights are not exchangeable."""
    fit, design = study(noise(8))
    weighted = replace(fit, facts=replace(fit.facts, sample_weights=[1.0] * 8))
    with pytest.raises(InputError, match="not exchangeable"):
        label_permutation_test(weighted, design, one_set(fit), n_permutations=10, seed=1)
    other = study(noise(10))[1]
    with pytest.raises(InputError, match="different samples"):
        label_permutation_test(fit, other, one_set(fit), n_permutations=10, seed=1)

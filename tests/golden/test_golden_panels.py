"""A panel in one model equals R: contrasts as lm and multcomp, shapes as DoseFinding, the largest as mvtnorm; `panels.R` wrote the numbers."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.arms import model_arms
from sidemine.differential.contrast import design_again
from sidemine.differential.fit import fit_contrasts
from sidemine.enrichment.shapes import best_weights, largest_of_contrasts, shape_means
from sidemine.quality.record import NO_TREATMENT
from sidemine.stats.partial_conjunction import partial_conjunction_p
from sidemine.study.projections import ContrastToFit

HERE = Path(__file__).parent
DOSES = {"d1": 1.0, "d2": 5.0, "d3": 25.0}


def read(name: str) -> pd.DataFrame:
    """Return a stored table."""
    with gzip.open(HERE / f"panels_{name}.tsv.gz", "rt") as stream:
        return pd.read_csv(stream, sep="\t")


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    """Return the samples with their values; columns as text, as `samples.tsv` has them."""
    table = read("samples")
    return table.assign(unit=table["sample"], fate="used", age=table["age"].astype(str))


@pytest.fixture(scope="module")
def model(samples):
    """Return the model of all arms, with age."""
    rows = [
        ContrastToFit(
            contrast=arm, dataset="d", target=f"arm = {arm}", reference="arm = vehicle", covariates=["age"], block="",
            blocking="auto", array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="units",
        )
        for arm in ("d1", "d2", "d3", "x", "y")
    ]  # fmt: skip
    designs = {row.contrast: design_again(row, samples, NO_TREATMENT, 3) for row in rows}
    return model_arms(rows, designs, samples.set_index("sample"))


def weights_of(model):
    """Return the shapes' weights of the arms' changes."""
    covariance = model.covariance(list(DOSES))
    return {shape: best_weights(means, covariance) for shape, means in shape_means(list(DOSES.values())).items()}


def test_weights_of_shapes_are_the_optimal_contrasts(model):
    theirs = read("weights").set_index("shape")
    for shape, weights in weights_of(model).items():
        whole = np.array([-weights.sum(), *weights])
        np.testing.assert_allclose(whole / np.linalg.norm(whole), theirs.loc[shape], rtol=1e-6, atol=1e-8)


def test_contrasts_of_one_model_equal_lm(model, samples):
    changes = np.stack([model.contrasts[name] for name in DOSES])
    wanted = {name: model.contrasts[name] for name in DOSES}
    wanted["d3_over_others"] = model.contrasts["d3"] - (model.contrasts["x"] + model.contrasts["y"]) / 2
    for shape, weights in weights_of(model).items():
        whole = np.array([-weights.sum(), *weights])
        wanted[shape] = weights @ changes / np.linalg.norm(whole)
    values = (
        samples.set_index("sample").loc[model.design.samples, [f"g{gene:02d}" for gene in range(1, 13)]].to_numpy().T
    )
    fits = fit_contrasts(values, list("abcdefghijkl"), [model.design_of(each) for each in wanted.values()])
    theirs = read("contrasts").set_index(["contrast", "gene"])
    for name, fit in zip(wanted, fits, strict=True):
        ordinary = fit.effects[:, 0] / np.sqrt(np.mean(fit.effects[:, 1:] ** 2, axis=1))
        np.testing.assert_allclose(fit.log2_fold_change, theirs.loc[name, "estimate"], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(ordinary, theirs.loc[name, "t"], rtol=1e-6, atol=1e-9)


def test_the_largest_shape_has_the_p_of_the_multivariate_t(model, samples):
    """A set of one gene, variances not moderated: rotation gives what R integrates, within the error of 20,000 rotations."""
    shapes = [weights @ np.stack([model.contrasts[name] for name in DOSES]) for weights in weights_of(model).values()]
    values = (
        samples.set_index("sample").loc[model.design.samples, [f"g{gene:02d}" for gene in range(1, 13)]].to_numpy().T
    )
    fits = fit_contrasts(values, list("abcdefghijkl"), [model.design_of(each) for each in shapes])
    plain = [replace(fit, prior_df=np.zeros(12)) for fit in fits]
    theirs = read("largest").set_index("gene")
    for gene in range(12):
        found = largest_of_contrasts(plain, np.eye(12)[gene], n_rotations=20_000, seed=gene + 1)
        for ours, p in ((found.p_up, theirs.loc[gene + 1, "p_up"]), (found.p_down, theirs.loc[gene + 1, "p_down"])):
            assert ours == pytest.approx(p, abs=4.5 * np.sqrt(p * (1 - p) / 40_000) + 1e-4)


def test_partial_conjunction_equals_its_definition():
    table = read("conjunction").to_numpy(dtype=float)
    ours = [[partial_conjunction_p(list(row[:5]), at_least) for at_least in range(1, 6)] for row in table]
    np.testing.assert_allclose(ours, table[:, 5:], rtol=1e-12)

"""A difference whose error cannot be robust against unequal variances is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.differential.design import build_design
from sidemine.differential.groups import Groups
from sidemine.errors import Untestable
from sidemine.study.projections import ContrastToFit

N = 16
CASES = np.arange(N) < 4


def fit_with(batches: list[str]):
    row = ContrastToFit(
        contrast="a", dataset="d", target="made in process", reference="made in process", covariates=["batch"], block="",
        blocking="auto", array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="units",
    )  # fmt: skip
    table = pd.DataFrame({"batch": batches}, index=pd.Index([f"s{n}" for n in range(N)], dtype=object))
    values = np.random.default_rng(1).normal(7, 1, (N, 60))
    return ContrastData(row, Groups(table, CASES, ~CASES), values, [f"G{n}" for n in range(60)]).reference().fit


def test_a_difference_that_hangs_on_one_patient_is_refused():
    """Three patients make a batch of their own, so the fourth alone is compared; with two of them all is well."""
    with pytest.raises(Untestable, match="the difference hangs on sample s3: without it the groups cannot be compared"):
        fit_with(["x"] * 3 + ["y"] * (N - 3))
    assert fit_with(["x"] * 2 + ["y"] * (N - 2)).score_sandwich.usable


def test_the_last_of_three_targets_with_controls_of_its_batch_is_named():
    """Two of the three have a batch without controls, in which nothing is compared."""
    table = pd.DataFrame({"batch": ["a", "a", *"bbbbbb", *"cccc"]}, index=[f"s{at}" for at in range(12)])
    target = np.arange(12) < 3
    with pytest.raises(Untestable, match="hangs on sample s2"):
        build_design(table, target, ~target, covariates=["batch"])
    table["batch"] = ["a", *"bbbbbbb", *"cccc"]
    assert build_design(table, target, ~target, covariates=["batch"]).n_target == 3


def test_lone_samples_of_a_batch_that_decide_nothing_are_no_reason_to_refuse():
    """A patient alone in a batch is told from all others by it: the other three are compared."""
    assert fit_with(["x"] + ["y"] * (N - 1)).score_sandwich.usable

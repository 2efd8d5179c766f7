"""What is said where the standard error of a cohort cannot be robust against unequal variances."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.differential.groups import Groups
from sidemine.effect.measure import _ordinary_errors
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


@pytest.mark.parametrize(("mixed", "told"), [(1, True), (2, False)])
def test_a_difference_that_hangs_on_one_patient_is_told(mixed, told):
    """Three patients make a batch of their own, so the fourth alone is compared; with two of them all is well."""
    fit = fit_with(["x"] * (4 - mixed) + ["y"] * (N - 4 + mixed))
    rows = [SimpleNamespace(contrast="a", testable=True)]
    notes = _ordinary_errors(rows, {"a": SimpleNamespace(fit=fit)})
    assert bool(notes) is told
    if told:
        assert "a sample that leaves no residual" in notes[0]
        assert notes[0].startswith("a: ")

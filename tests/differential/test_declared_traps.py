"""Declared consequences of quality findings: carried out on the groups and the design, and told."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from contrast_to_fit import to_fit

from sidemine.differential.contrast import fit_declared_contrast
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.record import made_in_process
from sidemine.quality.record import NO_TREATMENT, BatchTreatment, SexTreatment, Treatment
from sidemine.quality.treatment import SEX_COLUMN
from sidemine.study.rows import Contrast

N_SAMPLES, N_GENES = 24, 120


def expression(**columns):
    """Twelve cases, then twelve controls, with any metadata columns beside the group."""
    names = [f"s{number}" for number in range(N_SAMPLES)]
    obs = pd.DataFrame({"unit": names, "group": ["case"] * 12 + ["control"] * 12, **columns}, index=names)
    var = pd.DataFrame({"entrez": "", "ensembl": ""}, index=[f"G{gene}" for gene in range(N_GENES)])
    values = np.random.default_rng(11).normal(8, 1, (N_SAMPLES, N_GENES))
    found = ad.AnnData(obs=obs, var=var, layers={"log2": values})
    store_provenance(found, made_in_process("d", "log2"))
    return found


def treatment(drop=(), sex=None, aliased="drop", associated="warn", columns=()):
    return Treatment(
        dict.fromkeys(drop, "re-used (settings.traps.reused_samples: drop)"),
        SexTreatment("gender" if sex else "", sex or {}),
        BatchTreatment(aliased, associated, list(columns)),
    )


def fit(data, treated, **changes):
    row = {"contrast": "c", "dataset": "d", "role": "disease", "target": "group = case", "reference": "group = control",
           "target_label": "cases", "reference_label": "controls", **changes}  # fmt: skip
    return fit_declared_contrast(
        data,
        to_fit(Contrast.model_validate(row)),
        min_group_size=3,
        on_untestable="continue",
        treatment=treated,
    )


def test_dropped_samples_leave_the_fit_and_stand_in_the_design_with_the_reason():
    """Dropping equals never having had the samples, and design.json says why they left."""
    data = expression()
    found = fit(data, treatment(drop=["s3", "s20"]))
    assert [row.sample for row in found.design.dropped] == ["s3", "s20"]
    assert "settings.traps" in found.design.dropped[0].reason
    assert (found.design.n_target, found.design.n_reference) == (11, 11)
    without = fit(data[[name for name in data.obs_names if name not in {"s3", "s20"}]].copy(), NO_TREATMENT)
    pd.testing.assert_frame_equal(found.table, without.table)


def test_dropping_a_whole_group_makes_the_contrast_untestable_not_the_study_fail():
    """Where nobody is left, the contrast is not testable and the run goes on."""
    found = fit(expression(), treatment(drop=[f"s{n}" for n in range(12)]))
    assert not found.design.testable
    assert "0 independent units" in found.design.problem.what
    assert len(found.design.dropped) == 12


def test_sex_by_genes_takes_the_place_of_the_recorded_sex():
    """The recorded sex leaves the covariates, the sex of the genes joins; no treatment leaves all as declared."""
    recorded = ["F", "M"] * 12
    true = {f"s{n}": ("female", "male")[n % 2 if n != 4 else 1] for n in range(N_SAMPLES)}
    data = expression(gender=recorded)
    assert fit(data, treatment(sex=true), covariates="gender").design.covariates == [SEX_COLUMN]
    assert fit(data, treatment(), covariates="gender").design.covariates == ["gender"]


def test_sex_that_one_group_lacks_is_no_covariate():
    """Cases all female: sex cannot be adjusted for, so the contrast stays as declared."""
    one_sided = {f"s{n}": "female" if n < 12 else ("female", "male")[n % 2] for n in range(N_SAMPLES)}
    assert fit(expression(), treatment(sex=one_sided)).design.covariates == []


@pytest.mark.parametrize(("action", "testable"), [("drop", False), ("warn", True)])
def test_unmodelled_aliased_batch(action, testable):
    """A plate per group makes the contrast not testable, or is only told, as declared."""
    data = expression(plate=["1"] * 12 + ["2"] * 12)
    found = fit(data, treatment(aliased=action))
    assert found.design.testable is testable
    if not testable:
        assert "completely separated by plate" in found.design.problem.what
        assert "1: 12 v 0" in found.design.problem.where


def test_associated_batch_joins_the_design_when_declared():
    """A batch that goes with the group becomes a covariate with `adjust`, and only then."""
    data = expression(plate=["1"] * 10 + ["2"] * 2 + ["1"] * 2 + ["2"] * 10)
    assert fit(data, treatment(associated="adjust")).design.covariates == ["plate"]
    assert fit(data, treatment()).design.covariates == []
    balanced = expression(plate=["1", "2"] * 12)
    assert fit(balanced, treatment(associated="adjust")).design.covariates == []

"""From a declared contrast to its results: selectors that stop everything, facts that make one contrast not testable."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from contrast_to_fit import to_fit

from sidemine.differential.contrast import fit_declared_contrast
from sidemine.differential.contrast_fit import load_fit, save_fit
from sidemine.differential.design_check import check_designs
from sidemine.errors import Problem, StudyError
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.record import made_in_process
from sidemine.study.rows import Contrast

N_GENES = 200


def contrast(**changes):
    values = {
        "contrast": "c",
        "dataset": "d",
        "role": "disease",
        "target": "group = case",
        "reference": "group = control",
        "target_label": "cases",
        "reference_label": "controls",
    }
    return to_fit(Contrast.model_validate({**values, **changes}))


@pytest.fixture
def samples():
    names = [f"s{number}" for number in range(10)]
    return pd.DataFrame(
        {
            "sample": names,
            "unit": names,
            "fate": ["used"] * 9 + ["excluded: by hand"],
            "group": ["case"] * 4 + ["control"] * 4 + ["other", "case"],
            "batch": ["a"] * 4 + ["b"] * 4 + ["a", "a"],
        }
    )


@pytest.fixture
def expression(samples):
    used = samples[samples["fate"] == "used"].set_index("sample")
    values = np.random.default_rng(7).normal(8, 1, (len(used), N_GENES))
    values[:4, 0] += 6
    found = ad.AnnData(
        obs=used[["unit", "group", "batch"]], var=pd.DataFrame({"entrez": "", "ensembl": ""}, index=genes())
    )
    found.layers["log2"] = values
    store_provenance(found, made_in_process("d", "log2"))
    return found


def genes():
    return [f"G{gene}" for gene in range(N_GENES)]


def test_positive_means_higher_in_the_target(expression):
    """The planted gene is higher in cases, so its log2 fold change is positive; turned round it is negative."""
    there = fit_declared_contrast(expression, contrast(), min_group_size=3, on_untestable="continue")
    back = fit_declared_contrast(
        expression,
        contrast(target="group = control", reference="group = case"),
        min_group_size=3,
        on_untestable="continue",
    )
    assert there.table.iloc[0]["gene"] == "G0"
    assert there.table.iloc[0]["log2_fold_change"] > 4
    merged = there.table.merge(back.table, on="gene")
    assert merged["log2_fold_change_x"].to_numpy() == pytest.approx(-merged["log2_fold_change_y"].to_numpy())
    assert merged["p_value_x"].to_numpy() == pytest.approx(merged["p_value_y"].to_numpy())
    assert there.design.n_target == 4
    assert there.design.n_genes_tested == N_GENES


def test_all_selector_problems_are_told_at_once(samples):
    """Three verified contrasts with three mistakes give one error with all of them, and the values that exist."""
    wrong = [
        contrast(contrast="a", target="group = patient"),
        contrast(contrast="b", reference="arm = control"),
        contrast(contrast="c", target='group ~ "^nobody"'),
    ]
    with pytest.raises(StudyError, match="3 problems") as error:
        check_designs(
            wrong, {"d": samples}, min_group_size=3, on_untestable="continue", verified_contrasts=["a", "b", "c"]
        )
    message = str(error.value)
    assert "case" in message
    assert "arm" in message
    assert "contrasts.tsv, contrast c" in message


def test_an_excluded_sample_never_enters(samples):
    """s9 is a case by its label, but it was excluded by hand."""
    row = contrast(target="sample = s9")
    with pytest.raises(StudyError, match="matches no sample"):
        check_designs(
            [row], {"d": samples}, min_group_size=3, on_untestable="continue", verified_contrasts=[row.contrast]
        )


def test_an_unverified_selector_that_matches_nothing_gives_a_typed_empty_result(expression):
    """The first run on a real record ends in a report: what did match is counted, and the values that exist are told."""
    outcome = fit_declared_contrast(
        expression, contrast(reference="group = healthy"), min_group_size=3, on_untestable="continue"
    )
    assert outcome.fit is None
    assert len(outcome.table) == 0
    assert (outcome.design.n_target, outcome.design.n_reference) == (4, 0)
    assert '"control" × 4' in outcome.design.problem.allowed


def test_an_aliased_batch_makes_one_contrast_not_testable_and_is_named(samples, expression):
    """Batch and group are the same thing: that contrast stops, the other goes on."""
    findings = check_designs(
        [contrast(contrast="a", covariates=["batch"]), contrast(contrast="b")],
        {"d": samples},
        min_group_size=3,
        on_untestable="continue",
    )
    assert [findings[name].testable for name in ("a", "b")] == [False, True]
    outcome = fit_declared_contrast(
        expression, contrast(covariates=["batch"]), min_group_size=3, on_untestable="continue"
    )
    assert outcome.fit is None
    assert len(outcome.table) == 0
    assert "batch" in outcome.design.problem.what
    assert outcome.design.n_target == 4


def test_on_untestable_stop_is_an_error(samples, expression):
    """Who asked for it gets an error instead of a verdict."""
    with pytest.raises(StudyError, match="fewer than the minimum of 5"):
        check_designs([contrast()], {"d": samples}, min_group_size=5, on_untestable="stop")
    with pytest.raises(StudyError, match="fewer than the minimum of 5"):
        fit_declared_contrast(expression, contrast(), min_group_size=5, on_untestable="stop")


def test_a_problem_of_the_dataset_reaches_its_contrasts(expression):
    """A scale contradiction found in the dataset makes its contrasts not testable for that reason."""
    problem = Problem("scale contradicts", "x", "y", "z")
    store_provenance(expression, made_in_process("d", "log2", problem))
    outcome = fit_declared_contrast(expression, contrast(), min_group_size=3, on_untestable="continue")
    assert outcome.design.testable is False
    assert outcome.design.problem == problem


def test_a_fit_that_does_not_exist_is_stored_as_such(tmp_path, expression):
    """An untestable contrast has a fit file too, and it reads as None."""
    save_fit(None, tmp_path / "none.npz")
    assert load_fit(tmp_path / "none.npz") is None
    outcome = fit_declared_contrast(expression, contrast(), min_group_size=3, on_untestable="continue")
    save_fit(outcome.fit, tmp_path / "fit.npz")
    back = load_fit(tmp_path / "fit.npz")
    assert back.genes == outcome.fit.genes
    assert (back.effects == outcome.fit.effects).all()


@pytest.mark.parametrize("layer", ["log2", "counts"])
def test_repeats_of_a_donor_enter_as_their_mean_or_sum(samples, layer):
    """Two runs of one donor give the same fit as one sample that holds their mean (log2) or their sum (counts)."""
    rows = samples.iloc[:8].assign(fate="used", donor=list("abcd") * 2)
    rows["unit"] = rows["donor"]
    rng = np.random.default_rng(3)
    values = rng.normal(8, 1, (10, N_GENES)) if layer == "log2" else rng.poisson(200, (10, N_GENES)).astype(float)

    def fitted(table, matrix):
        found = ad.AnnData(
            obs=table.set_index("sample"), var=pd.DataFrame({"entrez": "", "ensembl": ""}, index=genes())
        )
        found.layers[layer] = matrix
        store_provenance(found, made_in_process("d", layer))
        outcome = fit_declared_contrast(found, contrast(block="donor"), min_group_size=3, on_untestable="stop")
        assert outcome.fit is not None
        return outcome

    again = rows.iloc[[0, 4]].assign(sample=["again_case", "again_control"])
    doubled = fitted(pd.concat([rows, again]), values)
    merge = np.mean if layer == "log2" else np.sum
    one = values[:8].copy()
    one[0], one[4] = merge(values[[0, 8]], axis=0), merge(values[[4, 9]], axis=0)
    single = fitted(rows, one)
    assert doubled.fit.residual_df == single.fit.residual_df == 3
    assert doubled.fit.p_value == pytest.approx(single.fit.p_value, rel=1e-9)
    assert "again_case" in doubled.design.target_samples

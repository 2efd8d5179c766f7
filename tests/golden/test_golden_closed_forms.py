"""Statistics that R has by themselves equal R's: adjustment, shares, lists, Huber, ROC, variances, a screen; `closed_forms.R` wrote the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from limma_golden import read

from sidemine.considerations.calibration.group_variances import unequal_variances
from sidemine.considerations.calibration.rates import clustered_rate
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.differential.linear_model import common_space
from sidemine.enrichment.over_representation import list_enrichment
from sidemine.enrichment.set_effect import sample_score_effect
from sidemine.enrichment.set_membership import build_membership
from sidemine.lines.screen.statistics import moderate
from sidemine.stats.clustered_auroc import clustered_auroc
from sidemine.stats.multiplicity import benjamini_hochberg, holm, smallest_p


def test_adjusted_p_equal_p_adjust() -> None:
    table = read("closed_forms_adjusted")
    p = table["p"].to_numpy()
    np.testing.assert_allclose(benjamini_hochberg(p), table["bh"], rtol=1e-12)
    np.testing.assert_allclose(holm(p.tolist()), table["holm"], rtol=1e-12)
    assert smallest_p(p.tolist()) == pytest.approx(table["bonferroni"].iloc[0], rel=1e-12)


def test_limits_of_a_share_equal_binom_test() -> None:
    """Independent tests: Clopper and Pearson, two-sided and from above, none and all called included."""
    for row in read("closed_forms_binomial").itertuples():
        found = clustered_rate((np.arange(row.n) < row.hits)[:, None])
        assert (found.ci_low, found.ci_high, found.upper_95) == pytest.approx(
            (row.ci_low, row.ci_high, row.upper_95), rel=1e-8, abs=1e-12
        )


def test_lists_equal_phyper() -> None:
    for (listed, universe), rows in read("closed_forms_lists").groupby(["listed", "universe"]):
        found = list_enrichment(rows["hits"].to_numpy(), rows["in_set"].to_numpy(), listed, universe)
        np.testing.assert_allclose(found, rows["p_value"], rtol=1e-9)


@pytest.mark.parametrize("case", ["few", "many"])
def test_huber_scores_equal_rlm(case: str) -> None:
    """Effect as rlm's, against that of lm; degrees of freedom and p of the pseudo-values as clubSandwich's."""
    rows, theirs = (
        read("closed_forms_huber_samples").query("case == @case"),
        read("closed_forms_huber").set_index("case").loc[case],
    )
    space = common_space(
        rows["score"].to_numpy()[None], np.column_stack([np.ones(len(rows)), rows["x"], rows["group"]])
    )
    mean, robust = (sample_score_effect(space, [], fixed_blocks=False, score=name) for name in ("mean", "huber"))
    # 30 steps of the product against R's run to 1e-13.
    assert robust.effect[0] / mean.effect[0] == pytest.approx(theirs["ratio"], rel=1e-5)
    assert robust.df[0] == pytest.approx(theirs["df"], rel=1e-6)
    assert robust.p_value[0] == pytest.approx(theirs["p_value"], rel=1e-4)


@pytest.mark.parametrize("case", ["alone", "clustered"])
def test_areas_under_a_roc_curve_equal_proc(case: str) -> None:
    """Units that are clusters of their own: DeLong's variance; clusters of several: Obuchowski's. Ties are among the scores."""
    units, theirs = read("closed_forms_roc_units"), read("closed_forms_roc").set_index("case").loc[case]
    cluster = units["cluster"] if case == "clustered" else units.index.astype(str)
    found = clustered_auroc(units["score"].to_numpy(), units["known"].to_numpy() == 1, np.array(cluster, dtype=object))
    assert found == pytest.approx(tuple(theirs[["area", "ci_low", "ci_high"]]), rel=1e-9)


def test_the_ratio_of_two_variances_equals_var_test() -> None:
    rows, theirs = read("closed_forms_variances_samples"), read("closed_forms_variances").iloc[0]
    target = rows["group"].to_numpy() == 1
    noise = np.random.default_rng(1).normal(size=(3, len(rows)))
    genes = ["score", "a", "b", "c"]
    design = build_design(pd.DataFrame(index=[f"s{at}" for at in rows.index]), target, ~target)
    fit = fit_contrast(np.vstack([rows["score"], noise]), genes, design)
    sets = pd.DataFrame({"gene_set": ["S"], "gene": ["score"], "weight": [1.0], "family": ["x"], "version": [""]})
    found = unequal_variances(fit, design, build_membership(sets, genes, min_size=1), "S")
    assert found is not None
    assert (found.ratio, found.ratio_low, found.ratio_high) == pytest.approx(tuple(theirs), rel=1e-8)


@pytest.mark.parametrize("case", ["plain", "depth"])
def test_a_screen_is_moderated_as_by_fit_f_dist(case: str) -> None:
    """Prior of limma, with donors missing and a trend; p and interval averaged over priors, each likelihood maximised by R's optimize."""
    table, theirs = read("closed_forms_screen_differences"), read("closed_forms_screen").query("case == @case")
    differences = table.drop(columns="depth").to_numpy(dtype=float)
    found = moderate(differences, table["depth"].to_numpy() if case == "depth" else None)
    assert (found.prior_sd, found.prior_df) == pytest.approx(tuple(theirs[["prior_sd", "prior_df"]].iloc[0]), rel=1e-6)
    for name in ("effect", "ci_low", "ci_high", "p_value", "error"):
        np.testing.assert_allclose(getattr(found, name), theirs[name], rtol=1e-6, err_msg=name)

"""What the simulator plants can be found again, and nothing else is there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sidemine.simulate.cohorts import CohortPlan, cohort_log2, draw_people
from sidemine.simulate.experiments import Arm, ExperimentPlan, experiment_log2
from sidemine.simulate.expression import SampleModel, normalised, score_sd, simulate_counts, simulate_log2
from sidemine.simulate.genes import CORE, make_universe


@pytest.fixture(scope="module")
def universe():
    return make_universe(1600, 5)


def set_score(universe, log2, module, is_target):
    """Mean z per sample, z by the SD within groups."""
    values = log2[universe.rows(universe.modules[module])]
    centred = values - np.where(
        is_target, values[:, is_target].mean(1)[:, None], values[:, ~is_target].mean(1)[:, None]
    )
    return (values / centred.std(axis=1, ddof=2)[:, None]).mean(axis=0)


def hedges_g(scores, is_target):
    a, b = scores[is_target], scores[~is_target]
    pooled = np.sqrt(((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / (a.size + b.size - 2))
    return (a.mean() - b.mean()) / pooled


def test_a_gene_belongs_to_at_most_one_planted_group(universe):
    names = [name for name in universe.modules if name not in {"interferon_response", "proliferation"}]
    seen = [gene for name in names for gene in universe.modules[name]]
    assert len(seen) == len(set(seen))
    assert all(len(genes) <= 40 for genes in CORE.values())


def test_planted_cohort_effect_is_recovered_on_the_scale_it_was_planted_on(universe):
    """Over seeds, the interferon score differs by the planted Hedges g, by nothing when nothing is planted."""
    for effect in (0.0, 0.6):
        found = []
        for seed in range(1, 13):
            plan = CohortPlan("GSE1", 1, 70, 63, effect=effect)
            people = draw_people(plan, seed)
            log2 = cohort_log2(plan, people, universe, seed)
            found.append(hedges_g(set_score(universe, log2, "interferon_response", people.is_case), people.is_case))
        standard_error = np.sqrt(1 / 70 + 1 / 63) / np.sqrt(len(found))
        assert abs(np.mean(found) - effect) < 3.5 * standard_error


def test_composition_moves_hidden_genes_fully_and_known_markers_with_the_stated_reliability(universe):
    plan = CohortPlan("GSE1", 1, 150, 150, composition_shift=(("erythroid", 1.0),), reliability=0.7)
    people = draw_people(plan, 3)
    log2 = cohort_log2(plan, people, universe, 3)
    score = {
        name: log2[universe.rows(universe.modules[name])].mean(axis=0) for name in ("erythroid", "erythroid_markers")
    }
    within = {
        name: values - np.where(people.is_case, values[people.is_case].mean(), values[~people.is_case].mean())
        for name, values in score.items()
    }
    reliability = np.corrcoef(within["erythroid"], within["erythroid_markers"])[0, 1] ** 2
    assert 0.55 < reliability < 0.8
    for values in score.values():
        assert stats.ttest_ind(values[people.is_case], values[~people.is_case]).pvalue < 1e-4
    assert not set(universe.modules["erythroid"]) & set(universe.modules["erythroid_markers"])


def test_interferon_genes_co_vary_as_strongly_as_in_blood(universe):
    log2 = simulate_log2(universe, SampleModel(200), 9)
    matrix = np.corrcoef(log2[universe.rows(universe.modules["interferon_response"])])
    assert 0.3 < matrix[np.triu_indices_from(matrix, 1)].mean() < 0.5


def test_interferon_and_its_inhibition_are_recovered_by_a_plain_t_test(universe):
    arms = (Arm("control", {}), Arm("interferon", {}, 2.5), Arm("inhibited", {}, 0.8))
    log2 = experiment_log2(ExperimentPlan("GSE1", 1, "cells", arms), universe, 4)
    rows = universe.rows(universe.modules["interferon_response"])
    control, interferon, inhibited = (log2[rows][:, 3 * arm : 3 * arm + 3].mean(axis=0) for arm in range(3))
    assert (interferon - control).mean() == pytest.approx(2.5, abs=0.35)
    assert (inhibited - interferon).mean() == pytest.approx(-1.7, abs=0.35)
    assert stats.ttest_ind(inhibited, interferon).pvalue < 0.01
    rest = universe.rows(universe.modules["negative_control"])
    quiet = log2[rest][:, 6:9].mean() - log2[rest][:, 3:6].mean()
    assert abs(quiet) < 0.2


def test_sex_genes_follow_true_sex_and_two_recorded_labels_are_swapped(universe):
    plan = CohortPlan("GSE1", 1, 20, 20, n_reused=10, swapped_sex=True)
    people = draw_people(plan, 2)
    log2 = cohort_log2(plan, people, universe, 2)
    xist = log2[universe.rows(("XIST",))][0]
    male = log2[universe.rows(("RPS4Y1",))][0]
    assert np.array_equal(xist > male, people.is_female)
    wrong = np.flatnonzero(people.is_female != people.recorded_female)
    assert wrong.size == 2
    assert people.is_female[wrong].sum() == 1
    assert people.is_reused[wrong].all()


def test_counts_are_overdispersed_and_normalising_removes_library_size(universe):
    log2 = np.repeat(simulate_log2(universe, SampleModel(1), 6), 40, axis=1)
    counts = simulate_counts(log2, 6, dispersion=0.05)
    assert counts.dtype == np.int64
    assert counts.min() >= 0
    scaled = normalised(counts)
    high = scaled.mean(axis=1) > 2000
    dispersion = np.median(scaled[high].var(axis=1, ddof=1) / scaled[high].mean(axis=1) ** 2)
    assert dispersion == pytest.approx(0.05, rel=0.25)
    totals = counts.sum(axis=0)
    assert totals.max() / totals.min() > 1.5


def test_seed_zero_is_refused(universe):
    """A seed of 0 is refused everywhere: in some libraries it means 'no seed'."""
    with pytest.raises(ValueError, match="seed must not be 0"):
        make_universe(1600, 0)
    with pytest.raises(ValueError, match="seed must not be 0"):
        simulate_log2(universe, SampleModel(3), 0)
    with pytest.raises(ValueError, match="seed must not be 0"):
        simulate_counts(np.ones((2, 2)), 0)


def test_too_few_genes_are_refused():
    with pytest.raises(ValueError, match="too few invented genes"):
        make_universe(500, 1)


def test_score_sd_of_uncorrelated_genes_is_one_over_root_n():
    assert score_sd(64, 0.0) == pytest.approx(1 / 8)
    assert score_sd(64, 1.0) == pytest.approx(1.0)

"""Wells of one culture exclude nothing; the level at which contrasts conflict knows how many are compared."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from test_rules import answers, contrast, decide, evidence, hypothesis

from sidemine.considerations.judgement import Case
from sidemine.considerations.sensitivity import sensitivity_of
from sidemine.effect.intervals import Effect
from sidemine.effect.pooling import conflict_level
from sidemine.effect.record import EXPERIMENT_UNIT, Estimate
from sidemine.verdict.readings import opposite_sides
from sidemine.verdict.vocabulary import Verdict


@pytest.mark.parametrize("effect", [0.0, -1.0])
def test_wells_of_one_culture_exclude_nothing(effect: float) -> None:
    """Neither an effect of the margin nor one on the declared side: the next culture may answer otherwise."""
    cultures, wells = (contrast("a", effect, 0.05, replicates=kind) for kind in ("cultures", "wells"))
    assert decide(evidence(cultures), "up", "experiment")[0].verdict is Verdict.NOT_SUPPORTED
    found = decide(evidence(wells), "up", "experiment")[0]
    assert found.verdict is Verdict.NOT_TESTABLE
    assert "wells of one culture" in found.rule
    # Beside cultures that exclude it, they keep the answer open.
    both = decide(evidence(contrast("b", effect, 0.05), wells), "up", "experiment")[0]
    assert both.verdict is Verdict.NOT_TESTABLE


def test_no_page_says_what_wells_could_have_excluded() -> None:
    """Neither the answer, where every experiment has to exclude, nor the wells' own row; their sensitivity reads open, not excluded."""
    kind = hypothesis(kind="experiment")
    rows = [replace(contrast(name, 0.0, 0.05), effect_unit=EXPERIMENT_UNIT) for name in "ab"]
    wells = replace(rows[1], replicates="wells")
    card = answers([kind], {"h": evidence(rows[0], wells)})[0]
    assert (card["smallest_excludable"], card["one_sided_limit"]) == (None, None)
    assert [row["smallest_excludable"] is None for row in card["evidence"]] == [False, True]
    assert answers([kind], {"h": evidence(*rows)})[0]["smallest_excludable"] is not None
    # Where they could not be tested they keep nobody from excluding.
    gone = replace(wells, testable=False)
    assert answers([kind], {"h": evidence(rows[0], gone)})[0]["one_sided_limit"] is not None
    none, wide = (Estimate(0.0, se, -2 * se, 2 * se, 4.0, 1.0) for se in (0.05, 3.0))
    for each, changes in ((rows[1], True), (wells, False)):
        case = Case(kind, evidence(rows[0], each), ("a", "b"))
        assert sensitivity_of(case, "row", "without a gene", none, wide).changes is changes


def test_wells_of_one_culture_contradict_nobody() -> None:
    """Their opposite sign keeps the others from an answer, and is no conflict."""
    up, down = contrast("a", 1.0, 0.1), contrast("b", -1.0, 0.1)
    assert decide(evidence(up, down), "up", "experiment")[0].verdict is Verdict.CONFLICTING
    wells = contrast("b", -1.0, 0.1, replicates="wells")
    assert decide(evidence(up, wells), "up", "experiment")[0].verdict is Verdict.NOT_TESTABLE


@pytest.mark.parametrize("k", [2, 4, 10])
def test_contrasts_without_an_effect_seldom_conflict(k: int) -> None:
    """As seldom among many as between two: .5 %."""
    assert conflict_level(2) == pytest.approx(0.9)
    assert conflict_level(1) == pytest.approx(0.9)
    rng, conflicts = np.random.default_rng(3), 0
    for effects in rng.standard_normal((600, k)) * 0.1:
        conflicts += all(opposite_sides([SimpleNamespace(effect=Effect(float(one), 0.1, 60.0)) for one in effects]))
    assert conflicts <= 9


@pytest.mark.parametrize("doses", [2, 4])
def test_doses_with_one_vehicle_are_compared_each(doses: int) -> None:
    """Two experiments without an effect: counted as two contrasts, their doses would conflict in 2 to 5 %."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=(1500, 2, doses)) + rng.normal(size=(1500, 2, 1))
    effects = 0.1 * drawn.reshape(1500, -1) / np.sqrt(2)
    read = [[SimpleNamespace(effect=Effect(float(one), 0.1, 60.0)) for one in study] for study in effects]
    assert sum(all(opposite_sides(study)) for study in read) <= 12
    by_experiments = [Effect(0.0, 0.1, 60.0).interval(conflict_level(2))[1] < abs(study).max() for study in effects]
    assert np.mean(by_experiments) > 0.1


def test_the_level_of_a_conflict_is_told() -> None:
    """Of three cohorts it is wider than 90 %."""
    rows = [contrast("a", 0.9, 0.1), contrast("b", -0.9, 0.1), contrast("c", 0.0, 0.1)]
    assert "each with a 94.2 % interval" in decide(evidence(*rows), "up", "cohort")[0].rule
    assert "each with a 90 % interval" in decide(evidence(*rows[:2]), "up", "cohort")[0].rule

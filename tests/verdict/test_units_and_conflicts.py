"""Wells of one culture exclude nothing; the level at which contrasts conflict knows how many are compared."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from test_rules import contrast, decide, evidence

from sidemine.effect.intervals import Effect
from sidemine.verdict.readings import conflict_level, opposite_sides
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


def test_the_level_of_a_conflict_is_told() -> None:
    """Of three cohorts it is wider than 90 %."""
    rows = [contrast("a", 0.9, 0.1), contrast("b", -0.9, 0.1), contrast("c", 0.0, 0.1)]
    assert "each with a 94.2 % interval" in decide(evidence(*rows), "up", "cohort")[0].rule
    assert "each with a 90 % interval" in decide(evidence(*rows[:2]), "up", "cohort")[0].rule

"""The rule table of panels: what its five words need."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from scipy import stats

from sidemine.considerations.compounds.judge import judge_compounds
from sidemine.considerations.judgement import Case, Judgement
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, SidedP
from sidemine.effect.pooled_effect import NO_POOL_OF_ARMS, not_pooled
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin
from sidemine.errors import Problem
from sidemine.study.projections import HypothesisToJudge
from sidemine.verdict.decide import RULES, decide, levels_of
from sidemine.verdict.experiments import FAMILY_P
from sidemine.verdict.rules import Level
from sidemine.verdict.vocabulary import Verdict

STRONG, WEAK, NONE = (-1.0, 0.1, 1 - 1e-6), (-0.4, 0.4, 0.8), (0.0, 0.05, 0.5)
"""Effect, its standard error, and the one-sided p of "higher": all arms are declared to go down by .4 or more."""


def arm(name: str, effect: float, se: float, p_up: float, over: float | None = None) -> ArmEffect:
    """Return an arm of the class with its figures."""
    tested, against = (
        SidedP(2 * min(p, 1 - p), "up" if p < 0.5 else "down") for p in (p_up, p_up if over is None else over)
    )
    limits = effect - 2 * se, effect + 2 * se
    return ArmEffect(
        name, name.upper(), True, "", None, None, True, 3, 3, None, effect, se, 20.0, *limits, tested, against
    )


OTHERS = [replace(arm(name, *NONE), of_class=False) for name in "xyz"]
"""Compounds of another class."""


def decided(
    *figures: tuple[float, ...],
    others: tuple[str, ...] = ("x",),
    place: float | None = 99.0,
    problem=None,
    beside=(),
    can_exclude=True,
):
    """Decide a panel of these arms, with the judge of panels and the places of its arms among comparator sets."""
    arms = [arm(name, *each) for name, each in zip("abcde", figures, strict=False)]
    panel = CompoundEvidence("class_wide", "down", "", "", [*arms, *beside], 20, 8, list(others), problem=problem)
    panel = replace(panel, can_exclude=can_exclude)
    rows = [
        ContrastEvidence(
            each.contrast, "d", "GSE1", 3, 3, True, effect=each.effect, effect_se=each.effect_se, effect_df=each.df,
            p_self_contained=each.tested.p_value, direction="down", n_in_set=10, n_measured=10, residual_df=4.0,
        )
        for each in arms
    ]  # fmt: skip
    evidence = HypothesisEvidence(
        "h", rows, None, Margin(0.4, "log2", "declared"), not_pooled(NO_POOL_OF_ARMS), compounds=panel
    )
    names = [each.contrast for each in arms]
    primary = {"set": "SET", "contrasts": names, "score": "mean", "direction": "down"}
    hypothesis = HypothesisToJudge.model_validate(
        {"id": "h", "kind": "panel", "primary": primary, "secondary_sets": [], "role": "question"}
    )
    level = levels_of([hypothesis], {"h": evidence})["h"]
    return decide(
        hypothesis, evidence, [judge_compounds, lambda _: Judgement(None, places=dict.fromkeys(names, place))], level
    )


CASES = {
    Verdict.SUGGESTIVE: ("Class-wide (3 of 3 compounds: A, B, C)", [STRONG, STRONG, STRONG]),
    Verdict.NOT_SUPPORTED: ("Not class-wide, this compound only (A)", [STRONG, NONE, NONE]),
    Verdict.NOT_TESTABLE: ("Open", [WEAK, WEAK, WEAK]),
}


@pytest.mark.parametrize("verdict", CASES)
def test_the_verdict_and_its_first_words(verdict):
    words, figures = CASES[verdict]
    row = decided(*figures)
    assert row.decision.verdict is verdict
    assert row.decision.rule.startswith(words)


def test_a_class_names_its_member_that_does_nothing():
    rule = decided(STRONG, STRONG, NONE).decision.rule
    assert rule.startswith("Class-wide (2 of 3 compounds: A, B): 2 of 3 estimates lie beyond the margin")
    assert f"such an effect is excluded in c (one-sided 95 % limit {0.05 * -stats.t.ppf(0.95, 20):.2f})." in rule
    assert "excluded" not in decided(STRONG, STRONG, STRONG).decision.rule


def test_what_holds_against_the_vehicle_alone_is_no_hint():
    row = decided(*[(*STRONG, 0.5)] * 3)
    assert row.decision.verdict is Verdict.NOT_TESTABLE
    assert row.decision.rule.startswith(
        "Not told apart from the other compounds: 3 of 3 estimates lie beyond the margin"
    )
    # Both p by name: the one that counts is the larger one of both comparisons, arm by arm.
    both = r"act has one-sided p = 2e-06 against the vehicle, against the other compounds p = 1, against both p = 1\."
    assert re.search(both, row.decision.rule), row.decision.rule
    assert {gate.name: gate.status for gate in row.gates}["vehicle"] == "failed"


def test_an_open_panel_says_which_of_both_comparisons_holds():
    """One that holds against the other compounds alone is not told as data that show nothing."""
    assert "Against the vehicle alone it would hold" in decided(*[(*STRONG, 0.5)] * 3).decision.rule
    others_alone = "Against the other compounds it holds, against the vehicle it does not"
    assert others_alone in decided(*[(*WEAK, 1 - 1e-6)] * 3).decision.rule
    for others in (("x",), ()):
        rule = decided(WEAK, WEAK, WEAK, others=others).decision.rule
        assert "neither show nor exclude that it is class-wide" in rule


def test_without_other_compounds_the_vehicle_gate_is_open_and_a_cap_says_so():
    row = decided(STRONG, STRONG, STRONG, others=())
    assert {gate.name: gate.status for gate in row.gates}["vehicle"] == "not evaluated"
    assert [cap.cap for cap in row.caps] == ["replication", "vehicle"]
    assert row.decision.verdict is Verdict.SUGGESTIVE


def test_the_vehicle_gate_tells_of_the_compounds_of_another_class():
    """How many stand beside; none that serves is not the same as none declared."""

    def detail(others, beside):
        row = decided(STRONG, STRONG, STRONG, others=others, beside=beside)
        return next(gate.detail for gate in row.gates if gate.name == "vehicle")

    assert detail(("x", "y"), OTHERS).endswith("; 2 other compounds")
    assert detail(("x",), OTHERS).endswith("; 1 other compound")
    assert detail((), OTHERS) == "no compound of another class can serve"
    assert detail((), []) == "no compound of another class was declared"


def test_a_panel_of_wells_excludes_nothing():
    """What is shown is shown; "no compound" and "this one only" would speak of other cultures."""
    assert decided(NONE, NONE, NONE).decision.verdict is Verdict.NOT_SUPPORTED
    wells = decided(NONE, NONE, NONE, can_exclude=False).decision
    assert wells.verdict is Verdict.NOT_TESTABLE
    assert "wells of one culture" in wells.rule
    assert "this compound only" not in decided(STRONG, NONE, NONE, can_exclude=False).decision.rule
    assert decided(STRONG, STRONG, STRONG, can_exclude=False).decision.verdict is Verdict.SUGGESTIVE


def test_a_panel_is_judged_by_twice_its_one_sided_p():
    """It is one question: alone in the family, Holm's p is that."""
    for figures in ([STRONG] * 3, [WEAK] * 3):
        row = decided(*figures)
        assert row.level.p == min(1.0, 2 * RULES["panel"].declared_p(row.evidence, "down"))
    assert 0 < decided(STRONG, STRONG, STRONG).level.p < 0.05


@pytest.mark.parametrize(("p", "status"), [(FAMILY_P, "passed"), (1.01 * FAMILY_P, "failed")])
def test_a_family_wise_p_at_its_limit_passes(p, status):
    row = decided(STRONG, STRONG, STRONG)
    gates = RULES["panel"].gates(row.readings, row.evidence, "down", Level(p, 2))
    assert {gate.name: gate.status for gate in gates}["Holm"] == status


@pytest.mark.parametrize(("asks", "references", "capped"), [("time", 1, True), ("time", 3, False), ("dose", 1, False)])
def test_times_that_share_one_vehicle_are_capped(asks, references, capped):
    """What time in culture does by itself then looks like the compound."""
    row = decided(STRONG, STRONG, STRONG)
    panel = replace(row.evidence.compounds, asks=asks, n_references=references)
    caps = judge_compounds(Case(row.hypothesis, replace(row.evidence, compounds=panel), ())).caps
    assert any("All times share one reference" in cap.reason for cap in caps) is capped


def test_the_gate_of_holm_says_what_is_short():
    """The p where the panel shows it; otherwise that it does not, and where there is no p as well."""

    def shortfall(figures, p):
        row = decided(*figures)
        gates = RULES["panel"].gates(row.readings, row.evidence, "down", Level(p, 2))
        return next(gate.shortfall for gate in gates if gate.name == "Holm")

    nothing = "The panel does not show it."
    assert shortfall([STRONG] * 3, 2 * FAMILY_P) == (
        f"The p of the panel, corrected for 2 questions (Holm), is 0.1: above the {FAMILY_P:g} that experiments need; the interval is for "
        "this question alone."
    )
    assert (
        shortfall([STRONG] * 3, None) == shortfall([WEAK] * 3, 2 * FAMILY_P) == shortfall([WEAK] * 3, None) == nothing
    )


@pytest.mark.parametrize(
    ("direction", "words"), [("down", " has one-sided p = "), ("either", " has p, doubled for both directions, = ")]
)
def test_the_p_of_a_panel_says_of_how_many_sides_it_is(direction, words):
    row = decided(STRONG, STRONG, STRONG)
    rule = RULES["panel"].weigh(row.evidence, row.readings, direction, None).rule
    assert words in rule
    assert ", against the other compounds p = " in rule


def test_a_change_that_many_sets_share_is_none_of_the_pathway():
    row = decided(STRONG, STRONG, STRONG, place=50.0)
    assert row.decision.verdict is Verdict.NOT_TESTABLE
    assert "90th percentile" in row.decision.rule
    assert row.decision.unspecial


def test_one_consideration_that_refuses_is_enough_to_be_no_line_of_evidence():
    """So is a required control that failed; otherwise it counts by its p in the declared direction."""
    row = decided(STRONG, STRONG, STRONG)
    assert row.p_of_line == RULES["panel"].declared_p(row.evidence, "down")
    refused = replace(row.judgements[0], refusal="The tests call too often.")
    assert replace(row, judgements=[*row.judgements, refused]).p_of_line is None
    assert replace(row, failed_controls="k did not behave as expected").p_of_line is None
    assert replace(row, readings=[]).p_of_line is None


def test_a_panel_without_a_model_tells_why():
    row = decided(STRONG, STRONG, problem=Problem("a sample belongs to two groups", "s1", "one", "Mend it."))
    assert row.decision.verdict is Verdict.NOT_TESTABLE
    assert "a sample belongs to two groups" in row.decision.rule
    assert row.level.p is None


def test_all_compounds_must_act_where_there_are_two():
    assert decided(STRONG, STRONG).decision.verdict is Verdict.SUGGESTIVE
    assert decided(STRONG, NONE).decision.verdict is Verdict.NOT_SUPPORTED

"""Certainty as `verdicts.json` holds it: what a footnote says is so, for answers of the rule table."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from on_record import answer_hypotheses, judges_on, steady, unmoved
from test_roles import FLAT, MOVED, study
from test_rules import adjusted_entry, answers, contrast, evidence, hypothesis, untestable
from test_supported import HOLDS, cohort_card, cohorts, experiment_card, experiments

from sidemine.considerations.judgement import Sensitivity
from sidemine.considerations.traps.judge import CAPPING
from sidemine.considerations.traps.record import Checks
from sidemine.effect.record import SizesDiffer
from sidemine.quality.flags import Flag
from sidemine.verdict.card import Agreeing, CardCap
from sidemine.verdict.certainty import CONCERNS, certainty_of, what_would_change
from sidemine.verdict.vocabulary import Verdict

FOUND = "The groups were not randomised: another difference between them may explain the result."
REUSED = Flag("reused_samples", "re-used samples", "problem", "20 of 63", "told", serious=True)


def domains(card):
    return [row["domain"] for row in card["certainty"]["downgrades"]]


def reasons(card):
    return [row["reason"] for row in card["certainty"]["downgrades"]]


def test_an_answer_that_meets_every_condition_is_moderate():
    """One standing concern of each kind."""
    for card in (cohort_card(), experiment_card()):
        assert (card["verdict"], card["certainty"]["level"], len(reasons(card))) == ("supported", "moderate", 1)
        assert card["would_change"].startswith("Further ")


def test_an_effect_on_the_other_side_is_not_doubted_for_missing_the_declared_one():
    """Two cohorts that agree, precisely, against the declared direction: neither imprecise nor inconsistent."""
    rows = cohorts(-0.6, -0.5, competitive_direction="down")
    mixed = [adjusted_entry(name, total=-0.6, adjusted=-0.5, corrected=-0.45) for name in "ab"]
    card = cohort_card(rows, composition=mixed)
    assert (card["verdict"], card["opposite"]) == ("not supported", True)
    assert not {"imprecision", "inconsistency"} & set(domains(card))
    assert not any("declared direction" in reason for reason in reasons(card))


def test_an_exclusion_is_not_doubted_for_the_effect_that_it_excludes():
    """Adjusted for cells or hidden factors there is no effect either: no fault of an answer that says so."""
    rows = cohorts(0.02, 0.03, se=0.08)
    mixed = [adjusted_entry(name, total=0.02, adjusted=0.01, corrected=0.01, se=0.08) for name in "ab"]
    card = cohort_card(rows, composition=mixed, hidden_factors=unmoved(rows, part=0.5), influence=steady(rows))
    assert card["verdict"] == "not supported"
    assert reasons(card) == [FOUND]


@pytest.mark.parametrize("trap", [*CAPPING, "finding", "composition", "hidden factors", "robustness"])
def test_what_is_wrong_with_the_data_weighs_against_an_exclusion_too(trap):
    """Copies, batches, guessed cell types and a mix of cells hide an effect as well as they feign one."""
    excluded = answer_hypotheses([hypothesis()], {"h": evidence(*cohorts(0.02, 0.03, se=0.08))}, judges_on())[0]
    assert excluded.verdict is Verdict.NOT_SUPPORTED
    doubted = replace(excluded, caps=[CardCap(trap, "It is seen.", True)])
    assert "It is seen." in [row.reason for row in certainty_of(doubted, [], []).downgrades]
    assert trap in CONCERNS  # with words of its own for what would lift it


def test_cohorts_that_contradict_each_other_are_inconsistent_and_nothing_else_follows_from_it():
    """The pooled p of opposite effects says nothing of its own."""
    card = answers([hypothesis()], {"h": evidence(*cohorts(0.7, -0.7))})[0]
    assert (card["verdict"], card["certainty"]["level"]) == ("conflicting", "very low")
    assert card["rule"] in reasons(card)
    assert not any("pooled p" in reason for reason in reasons(card))


def test_a_finding_in_data_that_answer_nothing_is_no_concern():
    """Flags of a contrast that could not be tested, and units of its data."""
    flagged = Checks(contrast={"b": [REUSED]})
    assert "Re-used" in " ".join(reasons(cohort_card(checks=flagged)))
    rows = [contrast("a", 0.6, 0.15), untestable("b")]
    card = answers([hypothesis()], {"h": evidence(*rows)}, checks=flagged)[0]
    assert not any("Re-used" in reason for reason in reasons(card))
    unknown = [contrast("a", 2.0, 0.2, 4), untestable("b")]
    unknown[1] = replace(unknown[1], replicates="unknown")
    card = answers([hypothesis(kind="experiment")], {"h": evidence(*unknown)})[0]
    assert not any("are not declared" in reason for reason in reasons(card))


def test_what_caps_an_answer_already_is_no_second_concern():
    """A batch that is the group caps, so it stands once; a check that could not be made lifts nothing."""
    aliased = replace(REUSED, trap="batch_aliased")
    card = cohort_card(checks=Checks(contrast={"b": [aliased]}))
    assert [reason[:10] for reason in reasons(card)] == ["The groups", "The groups"]
    assert card["caps"][0]["reason"] == reasons(card)[0]


def test_a_single_experiment_is_imprecise_and_asks_for_a_second():
    """One source: `replication` is not told as disagreement."""
    card = experiment_card(experiments(2.0))
    assert reasons(card)[:-1] == ["Only one experiment; two are needed."]
    assert domains(card)[:-1] == ["imprecision"]
    assert card["would_change"] == "A second experiment, for or against."


@pytest.mark.parametrize(
    ("agreeing", "domain"),
    [(Agreeing(1, 1), "imprecision"), (Agreeing(1, 2), "inconsistency"), (Agreeing(0, 2), "inconsistency")],
)
def test_sources_that_do_not_agree_are_not_one_alone(agreeing, domain):
    """How many there are decides, not how many agree."""
    (answer,) = answer_hypotheses([hypothesis()], {"h": evidence(*cohorts(0.6, 0.5))}, judges_on())
    caps = [CardCap("replication", "Not seen again.", True)]
    rated = certainty_of(replace(answer, agreeing=agreeing, caps=caps, gates=[]), [], [])
    assert [row.domain for row in rated.downgrades if row.reason == "Not seen again."] == [domain]


@pytest.mark.parametrize(
    ("row", "told"),
    [(FLAT, "Required controls that behave as expected (k did not behave as expected)."), (MOVED, None)],
)
def test_without_an_answer_it_says_what_would_give_one(row, told):
    """A control that failed is not mended by more samples of the question's own."""
    card = study("positive_control", row, requires=["k"])[0]
    assert (card["certainty"] is None) is (told is not None)
    assert told in (None, card["would_change"])


def test_an_unexpected_control_is_named_by_its_question():
    """Of questions of its kind that do not require it."""
    question, control = study("negative_control", MOVED)
    assert "A control did not behave as expected: Is it what was planted?" in reasons(question)
    assert not any("A control" in reason for reason in reasons(control))


def test_where_no_test_may_speak_tests_that_hold_their_size_would_answer():
    """One refusal is enough, whatever the other considerations say."""
    liberal = replace(HOLDS, fry="liberal")
    card = cohort_card(calibration={"a": liberal, "b": liberal})
    assert card["would_change"] == "Tests that reject at most 5 % of planted nulls."


def test_what_would_answer_is_told_of_the_first_comparison_that_has_a_problem():
    """One whose effect is no number has none."""
    silent = replace(contrast("a"), effect=math.nan)
    card = answers([hypothesis()], {"h": evidence(silent, untestable("b"))})[0]
    assert card["would_change"] == "Data that can be tested: 3."


def test_sizes_that_differ_are_a_concern_in_a_whole_sentence():
    """Two precise cohorts of one sign, the larger five times the smaller."""
    card = answers([hypothesis()], {"h": evidence(contrast("a", 2.5, 0.1), contrast("b", 0.5, 0.1))})[0]
    words = card["pooled"]["sizes_differ"]["words"]
    assert words[:2].islower()
    assert f"{words.capitalize()[:1]}{words[1:]}, so no single figure stands for them." in reasons(card)


def test_a_check_that_changes_the_reading_is_a_concern_in_a_whole_sentence():
    """As the table of the card has it, with a capital and a full stop."""
    card = answers([hypothesis()], {"h": evidence(contrast("a", 0.9, 0.1), contrast("b", 0.0, 0.1))})[0]
    changing = [row["words"] for row in card["sensitivity"] if row["changes"]]
    assert changing
    for words in changing:
        assert f"{words[0].upper()}{words[1:]}." in reasons(card)


def test_too_few_data_and_no_margin_are_told_apart():
    """Undecided asks for samples, a missing margin for a margin."""
    few = evidence(contrast("a", 0.1, 0.4))
    assert answers([hypothesis()], {"h": few})[0]["would_change"] == "More samples, or further datasets."
    bare = evidence(contrast("a", 0.1, 0.4), margin=None)
    assert answers([hypothesis()], {"h": bare})[0]["would_change"].startswith("A margin: none could be set")


LOOKED_AT = {
    "effects that differ between cohorts": ("assumed spread of cohorts", "more cohorts, to tell how far they differ"),
    "without its leading genes": ("leading genes", "an effect that no single gene carries"),
    "without one cohort": ("one cohort alone", "more cohorts"),
    "adjusted for hidden factors": ("hidden factors", "samples of recorded batch and quality"),
    "adjusted for the mix of cells": ("mix of cells", "sorted cells, or groups with the same mix of cells"),
    "without flagged samples": ("flagged samples", "an effect that holds without what is doubted"),
    "without re-used controls": ("re-used controls", "an effect that holds without what is doubted"),
}
"""What each row of the table took away: what that looked at, and what would settle it."""


def checked(*changing):
    """A card of two cohorts without caps, of whose checks these change the reading."""
    (answer,) = answer_hypotheses([hypothesis()], {"h": evidence(*cohorts(0.6, 0.5))}, judges_on())
    rows = [Sensitivity(name, "It may.", changes=name in changing) for name in LOOKED_AT]
    return replace(answer, sensitivity=rows, caps=[], gates=[])


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_check_that_changes_the_answer_is_named_by_what_it_looked_at(name):
    """And by what would settle it."""
    looked_at, settles = LOOKED_AT[name]
    assert what_would_change(checked(name)) == f"Checks already change it: {looked_at}. To settle it: {settles}."


@pytest.mark.parametrize(
    ("name", "domain", "lifted"),
    [
        ("none opposite", "inconsistency", "No dataset on the other side."),
        ("spread", "inconsistency", "More cohorts, to tell how far they differ."),
        ("near limit", "imprecision", "More samples."),
        ("Holm", "imprecision", "More samples."),
        ("pooled p", "imprecision", "More people."),
        ("one experiment", "imprecision", "An experiment that shows it."),
        ("panel", "imprecision", "Arms that show it."),
        ("competitive test", "indirectness", "A change beyond that of other genes."),
        ("specificity", "indirectness", "A change beyond that of sets like it."),
        ("comparator sets", "indirectness", "A change beyond that of sets like it."),
        ("influence", "indirectness", "An effect that no single gene carries."),
        ("calibration", "risk of bias", "Tests that reject at most 5 % of planted nulls."),
        ("direction", "risk of bias", "A direction that is declared beforehand."),
        ("vehicle", "risk of bias", "Compounds of another class, or a second vehicle."),
        ("no such name", "risk of bias", "An answer that meets every condition."),
    ],
)  # fmt: skip
def test_each_concern_counts_in_its_domain_and_says_what_would_lift_it(name, domain, lifted):
    """Beside the standing concern of a cohort."""
    card = replace(checked(), caps=[CardCap(name, "It is seen.", True)])
    first, standing = certainty_of(card).downgrades
    assert (first.domain, first.reason, standing.reason) == (domain, "It is seen.", FOUND)
    assert what_would_change(card) == lifted


def test_sizes_and_lines_that_disagree_are_inconsistent():
    """Each with its own words for what would lift it."""
    card = checked()
    sizes = replace(card, pooled=replace(card.pooled, sizes_differ=SizesDiffer("one is larger", "of age")))
    lines = replace(card, synthesis=SimpleNamespace(conflicting=True, sentence="Another line says no."))
    for doubted, reason, lifted in (
        (sizes, "One is larger, so no single figure stands for them.", "A reason why the sizes differ."),
        (lines, "Another line says no.", "Lines of evidence that agree."),
    ):
        first, _ = certainty_of(doubted).downgrades
        assert (first.domain, first.reason) == ("inconsistency", reason)
        assert what_would_change(doubted) == lifted


def test_a_control_that_misbehaves_asks_for_controls():
    """It weighs as bias, by its question."""
    first, _ = certainty_of(checked(), [], ["Is it there?"]).downgrades
    assert (first.domain, first.reason) == ("risk of bias", "A control did not behave as expected: Is it there?")
    assert what_would_change(checked(), [], ["Is it there?"]) == "Controls that behave as expected."


def test_of_several_checks_that_change_it_all_are_named_and_two_ways_to_settle_it():
    """What settles two of them stands once; another check goes by its own name."""
    *_, flagged, reused = LOOKED_AT
    first, second = list(LOOKED_AT)[:2]
    assert what_would_change(checked(flagged, reused)).endswith(
        "flagged samples, re-used controls. To settle it: an effect that holds without what is doubted."
    )
    assert what_would_change(checked(first, second, flagged)).endswith(
        "spread of cohorts, leading genes, flagged samples. To settle it: "
        "more cohorts, to tell how far they differ; an effect that no single gene carries."
    )
    card = checked()
    other = replace(card, sensitivity=[Sensitivity("with another scale", "It may.", changes=True)])
    assert what_would_change(other).startswith("Checks already change it: with another scale.")

"""What stands on a card beside its verdict: every figure in its own column, and every null with its reason."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pandas as pd
import pytest
from test_rules import answers, contrast, evidence, hypothesis, place, places, untestable
from test_supported import BATCH, HOLDS, capped_by, cohort_card, cohorts, experiment_card, experiments

from sidemine.considerations.traps.record import Checks
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin, Refused
from sidemine.verdict.answer import _secondary_rows
from sidemine.verdict.card import SecondarySet


def with_control(control_effect, *, of=(-2.0, -1.8), **records):
    """Cards of an experiment that requires a positive control, and of that control."""
    rows = [
        hypothesis("h", "experiment", requires=["positive"]),
        hypothesis("positive", "experiment", role="positive_control"),
    ]
    control = replace(evidence(contrast("c", control_effect, 0.05, 4)), hypothesis="positive")
    return answers(rows, {"h": evidence(*experiments(*of)), "positive": control}, **records)


def test_a_failed_control_takes_back_all_that_the_answer_claimed():
    """Not the verdict alone: that the change points the other way, that caps bit, the doubt and the sentence too."""
    taken, control = with_control(0.0)
    kept, _ = with_control(2.0)
    assert (control["verdict"], kept["verdict"], kept["opposite"]) == ("not supported", "not supported", True)
    assert (taken["verdict"], taken["opposite"]) == ("not testable", False)
    assert taken["doubt"] == "A required control failed: positive did not behave as expected."
    assert taken["rule"] == (
        "What it requires does not hold: positive did not behave as expected. So its data could not have shown an answer."
    )
    assert taken["sentence"] == "A required control failed, so nothing can be concluded. " + kept["sentence"]


def test_after_a_failed_control_no_cap_bites():
    """Without it this answer would be capped; now it is not a cap that keeps it down."""
    taken, _ = with_control(0.0, of=(2.0, 1.8))
    kept, _ = with_control(2.0, of=(2.0, 1.8))
    assert capped_by(kept)
    assert capped_by(taken) == set()
    assert [cap["reason"] for cap in taken["caps"]] == [cap["reason"] for cap in kept["caps"]]


def test_a_control_that_is_suggestive_is_enough():
    """It must rank above nothing."""
    kept, control = with_control(2.0, of=(2.0, 1.8))
    assert (control["verdict"], kept["verdict"]) == ("suggestive", "suggestive")


def test_a_failed_control_is_handed_on():
    """What requires a hypothesis whose own control failed cannot be answered either, in whatever order they stand."""
    rows = [
        hypothesis("h", "experiment", requires=["middle"]),
        hypothesis("middle", "experiment", requires=["positive"], role="positive_control"),
        hypothesis("positive", "experiment", role="positive_control"),
    ]
    found = {
        "h": evidence(*experiments(2.0, 1.8)),
        "middle": replace(evidence(*experiments(2.0, 1.8)), hypothesis="middle"),
        "positive": replace(evidence(contrast("c", 0.0, 0.05, 4)), hypothesis="positive"),
    }
    cards = answers(rows, found)
    assert [card["verdict"] for card in cards] == ["not testable", "not testable", "not supported"]
    assert cards[0]["doubt"] == "A required control failed: middle could not be judged."


def test_smallest_p_values_are_those_of_their_own_test():
    """The smallest of two, times two (Bonferroni); self-contained and competitive apart."""
    rows = cohorts(0.6, 0.5)
    rows = [replace(rows[0], p_self_contained=0.004, p_competitive=0.03), replace(rows[1], p_self_contained=0.02)]
    card = cohort_card(rows)
    assert card["p_self_contained"] == pytest.approx(0.008)
    assert card["p_competitive"] == pytest.approx(0.02)


@pytest.mark.parametrize(("direction", "expected"), [("up", 0.01), ("down", 0.99), ("either", None)])
def test_one_sided_p_in_the_declared_direction(direction, expected):
    """Half of the two-sided p where the set went that way; none where no way was declared."""
    rows = [replace(row, p_self_contained=0.02) for row in cohorts(0.6, 0.5)]
    shown = cohort_card(rows, direction=direction)["evidence"][0]
    assert shown["p_declared_direction"] == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("self_contained", "competitive", "expected"), [(0.02, None, 0.01), (None, 0.02, None)])
def test_the_one_sided_p_is_that_of_the_self_contained_test(self_contained, competitive, expected):
    """With or without a competitive one, and never of the competitive one alone."""
    rows = cohorts(0.6, 0.5)
    rows[0] = replace(rows[0], p_self_contained=self_contained, p_competitive=competitive)
    assert cohort_card(rows)["evidence"][0]["p_declared_direction"] == expected


def test_an_untestable_contrast_stands_on_the_card_without_figures():
    """It neither agrees nor disagrees, and excludes nothing."""
    card = cohort_card([*cohorts(0.6, 0.5), untestable("c")])
    shown = card["evidence"][2]
    assert (shown["agrees"], shown["smallest_excludable"], shown["p_declared_direction"]) == (None, None, None)
    assert card["evidence"][0]["smallest_excludable"] == pytest.approx(0.15 * 1.67, abs=0.01)


def test_each_contrast_carries_its_own_agreement():
    """The third has z below 1: it does not agree, the first two do."""
    card = cohort_card(cohorts(0.6, 0.5, 0.1))
    assert [row["agrees"] for row in card["evidence"]] == [True, True, False]
    assert card["agreeing"] == {"k": 2, "n": 3}


def test_the_positive_control_of_the_margin_is_read_without_a_declared_direction():
    """It stands on the card with its figures; it is no evidence of the hypothesis."""
    control = contrast("c", 1.2, 0.1)
    found = replace(evidence(contrast("a", 0.6, 0.1)), control=control)
    card = answers([hypothesis()], {"h": found})[0]
    assert (card["control"]["contrast"], card["control"]["effect"]) == ("c", 1.2)
    assert (card["control"]["p_declared_direction"], card["control"]["agrees"]) == (None, None)
    assert card["agreeing"] == {"k": 1, "n": 1}
    assert answers([hypothesis()], {"h": evidence(contrast("a"))})[0]["control"] is None


def test_what_was_declared_stands_on_the_card():
    """Word by word, and the margin as the evidence holds it."""
    margin = Margin(0.35, "log2 units", "20% of a control")
    found = replace(evidence(contrast("a")), margin=margin)
    card = answers([hypothesis()], {"h": found})[0]
    assert card["declared"] == {
        "set": "S", "contrasts": ["a"], "test": "fry", "direction": "up", "margin": asdict(margin),
        "expects_sign": hypothesis().expects_sign,
        "score": "mean",
    }  # fmt: skip


def test_why_nothing_was_pooled():
    """No contrast at all, one alone, one beside a refused one: each in its words."""

    def reason(*rows, refused=()):
        found = HypothesisEvidence(
            "h", list(rows), None, Margin(0.4, "Hedges g", "declared"), pool_contrasts(rows, list(refused))
        )
        return answers([hypothesis()], {"h": found})[0]["not_computed"]["pooled"]

    assert reason(contrast("a")) == "a single independent dataset: there is nothing to pool"
    assert reason(contrast("a"), contrast("b"), refused=[Refused("b", "shares samples with a")]) == (
        "a single independent dataset: there is nothing to pool (b: shares samples with a)"
    )
    assert reason(untestable("a")).startswith("no contrast could be tested (a: ")


def test_without_a_testable_contrast_only_what_was_declared_is_left():
    """No count of agreeing sources, nothing that could have been excluded; a cap on the direction stays."""
    rows = [untestable("a")]
    card = answers([hypothesis(direction="either")], {"h": evidence(*rows)})[0]
    assert (card["agreeing"], card["smallest_excludable"], card["p_holm"]) == (None, None, None)
    assert [cap["cap"] for cap in card["caps"]] == ["direction"]


def test_a_source_agrees_only_when_all_of_its_contrasts_do():
    """Two doses in one line of cells, one of them flat: the line does not agree; the other line does."""
    rows = [
        contrast("a", 2.0, 0.2, 4, accession="GSE7", tissue="line"),
        contrast("b", 0.1, 0.2, 4, accession="GSE7", tissue="line"),
        contrast("c", 1.8, 0.2, 4),
    ]
    assert experiment_card(rows)["agreeing"] == {"k": 1, "n": 2}


def test_notes_of_the_measure_stand_before_those_of_the_considerations():
    """Nothing that a reader should know is lost."""
    found = replace(evidence(contrast("a", 0.6, 0.1)), notes=["Genes were renamed."])
    assert answers([hypothesis()], {"h": found})[0]["notes"][0] == "Genes were renamed."


def test_findings_are_capped_only_where_a_tested_contrast_rests_on_them():
    """A batch in a contrast that could not be tested is shown, and takes nothing from the others."""
    rows = [*cohorts(0.6, 0.5), untestable("c")]
    card = cohort_card(rows, checks=Checks(contrast={"c": [BATCH]}))
    assert [flag["trap"] for flag in card["trap_flags"]] == ["batch_associated"]
    assert "batch_associated" not in {cap["cap"] for cap in card["caps"]}


def test_places_join_the_evidence_that_the_rules_read():
    """The percentile among comparator sets of each contrast, None for one that was not placed."""
    card = answers(
        [hypothesis(kind="experiment")],
        {"h": evidence(*experiments(2.0, 1.8))},
        specificity=places(place("a", 99.0, 93.0)),
        calibration=dict.fromkeys("ab", HOLDS),
    )[0]
    assert [row["comparator_percentile"] for row in card["evidence"]] == [93.0, None]


def test_secondary_sets_are_told_by_the_self_contained_test_and_in_log2_units_only():
    """Other tests and other sets stand in the comparison's table; so does an effect that is no fold change."""
    columns = ["gene_set", "test", "effect", "effect_scale", "direction", "p_value", "q_value"]
    known = pd.DataFrame(
        [
            ["OTHER", "fry", 0.5, "log2", "up", 0.01, 0.02],
            ["OTHER", "camera", 0.9, "log2", "up", 0.5, 0.5],
            ["NOT_ASKED", "fry", 0.9, "log2", "up", 0.5, 0.5],
        ],
        columns=columns,
    )
    scored = known.assign(effect_scale="difference in z-scores", q_value=math.nan)
    declared = hypothesis().model_copy(update={"secondary_sets": ["OTHER"]})
    primary = declared.primary.model_copy(update={"contrasts": ["a", "b"]})
    rows = _secondary_rows(declared.model_copy(update={"primary": primary}), {"a": known, "b": scored})
    assert rows == [
        SecondarySet("a", "OTHER", 0.5, "up", 0.01, 0.02),
        SecondarySet("b", "OTHER", None, "up", 0.01, None),
    ]

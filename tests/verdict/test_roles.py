"""Questions and controls: Holm counts the questions alone, and a control is told by what it did."""

from __future__ import annotations

from dataclasses import replace

import pytest
from on_record import judges_on, steady
from test_rules import answers, contrast, evidence, hypothesis, place, places, untestable
from test_supported import HOLDS, cohorts, experiments

from sidemine.considerations.judgement import Judgement, Sensitivity
from sidemine.verdict.card import read_card
from sidemine.verdict.certainty import strongest_doubt
from sidemine.verdict.decide import decide_study, variant_verdicts
from sidemine.verdict.vocabulary import Behaviour

FLAT = contrast("c", 0.0, 0.05, 4)
MOVED = contrast("c", 2.0, 0.2, 4)
WIDE = contrast("c", 0.1, 0.5, 4)
APART = (contrast("c", 2.0, 0.2, 4), contrast("d", -2.0, 0.2, 4))
COMMON = [place("c", 99.0, 50.0)]


def study(role, *rows, direction="up", requires=(), kind="experiment", **records):
    """Cards of a question with strong evidence, and of a control of this role with these contrasts."""
    asked = [hypothesis("h", "experiment", requires=requires), hypothesis("k", kind, direction, role=role)]
    found = {"h": evidence(*experiments(2.0, 1.8)), "k": replace(evidence(*rows), hypothesis="k")}
    return answers(asked, found, calibration=dict.fromkeys("abcd", HOLDS), **records)


BEHAVIOURS = {
    "positive, shown": ("positive_control", (MOVED,), "up", Behaviour.EXPECTED),
    "positive, excluded": ("positive_control", (FLAT,), "up", Behaviour.UNEXPECTED),
    "positive, the other way": ("positive_control", (MOVED,), "down", Behaviour.UNEXPECTED),
    "positive, conflicting": ("positive_control", APART, "up", Behaviour.UNEXPECTED),
    "positive, undecided": ("positive_control", (WIDE,), "up", Behaviour.UNKNOWN),
    "positive, untestable": ("positive_control", (untestable("c"),), "up", Behaviour.UNKNOWN),
    "negative, excluded": ("negative_control", (FLAT,), "up", Behaviour.EXPECTED),
    "negative, the other way": ("negative_control", (MOVED,), "down", Behaviour.TURNED),
    "negative, shown": ("negative_control", (MOVED,), "up", Behaviour.UNEXPECTED),
    "negative, either": ("negative_control", (MOVED,), "either", Behaviour.UNEXPECTED),
    "negative, conflicting": ("negative_control", APART, "up", Behaviour.UNEXPECTED),
    "negative, undecided": ("negative_control", (WIDE,), "up", Behaviour.UNKNOWN),
    "question": ("question", (FLAT,), "up", None),
}


@pytest.mark.parametrize(("role", "rows", "direction", "behaviour"), BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_what_a_control_did(role, rows, direction, behaviour):
    """A positive one must move as declared, of a negative one it must be excluded; undecided is neither."""
    card = study(role, *rows, direction=direction)[1]
    assert (card["role"], card["behaviour"]) == (role, behaviour)


@pytest.mark.parametrize(
    ("role", "behaviour"), [("positive_control", Behaviour.UNKNOWN), ("negative_control", Behaviour.UNEXPECTED)]
)
def test_a_change_that_many_sets_share_is_a_change_of_a_negative_control(role, behaviour):
    """It proves no positive control, and a negative one must not move at all."""
    card = study(role, MOVED, specificity={"k": places(*COMMON)["h"]})[1]
    assert (card["verdict"], card["behaviour"]) == ("not testable", behaviour)


def test_holm_counts_questions_alone_and_controls_keep_their_own_p():
    """Two questions, answered or not, and any number of controls: the factor is two."""
    asked = [
        hypothesis(),
        hypothesis("unanswered"),
        hypothesis("positive", role="positive_control"),
        hypothesis("negative", role="negative_control"),
    ]
    cohort = evidence(*cohorts(0.5, 0.5, se=0.26))
    found = {"h": cohort, "positive": cohort, "negative": cohort, "unanswered": evidence(untestable("x"))}
    cards = {card["hypothesis"]: card for card in answers(asked, found)}
    p = cohort.pooled.p
    assert 0.005 < p < 0.01
    assert cards["h"]["p_holm"] == pytest.approx(2 * p)
    gates = {name: next(gate for gate in card["gates"] if gate["name"] == "pooled p") for name, card in cards.items()}
    assert (gates["h"]["status"], gates["positive"]["status"]) == ("failed", "passed")
    assert "after Holm over the study's questions" in gates["h"]["gate"]
    assert f"Holm over 2 questions: {2 * p:.2g}" in gates["h"]["detail"]
    assert "a control's own, outside Holm's family" in gates["positive"]["gate"]
    assert f"own level: {p:.2g}" in gates["positive"]["detail"]
    for name in ("positive", "negative"):
        assert cards[name]["p_holm"] is None
        assert "own level" in cards[name]["not_computed"]["p_holm"]
    assert "p_holm" not in cards["h"]["not_computed"]


def test_the_variants_of_robustness_count_questions_alone_too():
    """Twenty controls take nothing from a question; twenty questions do."""
    weak = evidence(*experiments(2.0, 1.8, p_self_contained=0.01))
    held = {"specificity": places(place("a"), place("b")), "calibration": dict.fromkeys("ab", HOLDS)}
    held["influence"] = steady(weak.contrasts, kind="experiment")

    def verdict(role):
        asked = [hypothesis(kind="experiment"), *(hypothesis(f"o{n}", role=role) for n in range(20))]
        found = {row.id: weak if row.id == "h" else evidence(untestable("x")) for row in asked}
        return variant_verdicts(asked, found, judges_on(**held, of_variants=True))["h"](weak)

    assert verdict("positive_control") == "supported"
    assert verdict("question") == "suggestive"


@pytest.mark.parametrize("role", ["positive_control", "negative_control"])
def test_a_required_control_of_either_role_must_behave_as_expected(role):
    """Whatever is expected of it."""
    right, wrong = (MOVED, FLAT) if role == "positive_control" else (FLAT, MOVED)
    kept = study(role, right, requires=["k"])[0]
    assert kept["verdict"] == "suggestive"
    for row, told in ((wrong, Behaviour.UNEXPECTED), (WIDE, Behaviour.UNKNOWN)):
        taken = study(role, row, requires=["k"])[0]
        assert (taken["verdict"], taken["doubt"]) == ("not testable", f"A required control failed: k {told}.")


def test_a_control_that_is_not_required_is_a_doubt_of_the_questions_of_its_kind():
    """It takes no verdict away; the control itself, and questions of the other kind, are not doubted for it."""
    told = "A control of this study did not behave as expected: k."
    question, control = study("negative_control", MOVED)
    assert (question["verdict"], question["doubt"]) == ("suggestive", told)
    assert control["doubt"] != told
    assert study("negative_control", FLAT)[0]["doubt"] != told
    assert study("negative_control", WIDE)[0]["doubt"] != told
    assert study("positive_control", contrast("c", -0.9, 0.1), kind="cohort")[0]["doubt"] != told


def test_a_negative_control_that_moved_the_other_way_fails_no_question():
    """The change that was feared is excluded; it is told apart, since its genes did not stand still."""
    fallen = contrast("c", -0.9, 0.1)
    kept, control = study("negative_control", fallen, requires=["k"])
    assert (kept["verdict"], control["behaviour"]) == ("suggestive", Behaviour.TURNED)
    assert "did not behave as expected" not in kept["doubt"]


def test_a_card_says_what_its_answer_is_about():
    """Fewer than five cohorts: these. Experiments: their cells, and that lower transcripts are no lost function."""

    def scope(*rows, **declared):
        return answers([hypothesis(**declared)], {"h": evidence(*rows)})[0]["scope"]

    few = "With fewer than five cohorts the answer is about these 4 cohorts, not about others."
    assert scope(*cohorts(*[0.5] * 4)) == few
    assert scope(*cohorts(*[0.5] * 5)) == ""
    assert "this one cohort" in scope(contrast("a"))
    assert scope(untestable("a")) == ""
    cells = "The answer is about the cells, doses and times of these experiments."
    assert scope(*experiments(2.0), kind="experiment") == cells
    assert scope(*experiments(2.0), kind="experiment", direction="down") == (
        f"{cells} Fewer transcripts are not a lost function."
    )


def test_a_card_is_read_back_with_what_its_control_did():
    """The page gets the word, not its text."""
    for role, row, word in (("positive_control", MOVED, Behaviour.EXPECTED), ("question", FLAT, "not supported")):
        asked, found = [hypothesis(role=role, kind="experiment")], {"h": evidence(row)}
        content = answers(asked, found)[0]
        card = read_card(content, [type(columns) for columns in _considered(asked, found)])
        assert card.word == word
        assert card.word.mark
        assert card.is_control is (role != "question")


def _considered(asked, found):
    return [judgement.columns for judgement in decide_study(asked, found, judges_on())[0].judgements]


def test_a_check_that_changes_the_answer_is_the_doubt_and_stands_beside_a_serious_finding():
    """In its own words; one that changes nothing, or could not be had, is no doubt."""
    asked, found = [hypothesis(kind="experiment")], {"h": evidence(*experiments(2.0, 1.8))}
    rows = (
        Sensitivity("a", "without one cohort it would be the same", changes=False),
        Sensitivity("b", "cannot be told", missing="no"),
        Sensitivity("c", "without re-used controls the effect would be .41, p .028: this would change the reading", changes=True),
        Sensitivity("d", "so would this", changes=True),
    )  # fmt: skip
    (decided,) = decide_study(asked, found, judges_on())
    changed = replace(decided, judgements=[Judgement(None), Judgement(None, sensitivity=rows)])
    told = "Without re-used controls the effect would be .41, p .028: this would change the reading."
    assert strongest_doubt(changed) == told
    assert strongest_doubt(replace(changed, judgements=[Judgement(None, sensitivity=rows[:2])])) != told
    serious = replace(changed, judgements=[*_with_batch(asked, found).judgements, *changed.judgements])
    assert strongest_doubt(serious).startswith("A batch that the model does not hold")
    assert strongest_doubt(serious).endswith(f" {told}")


def _with_batch(asked, found):
    from test_doubts import BATCH_IN_A

    return decide_study(asked, found, judges_on(checks=BATCH_IN_A))[0]

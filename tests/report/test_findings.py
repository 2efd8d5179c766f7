"""The summary of findings: certainty by GRADE's domains, what would change an answer, and the words of each row."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from example_results import example_card

import sidemine
from sidemine.considerations.judgement import Sensitivity
from sidemine.considerations.sensitivity import COMPOSITION, ONE_COHORT, REUSED_CONTROLS
from sidemine.considerations.traps.concerns import trap_concerns
from sidemine.considerations.traps.judge import CAPPING
from sidemine.considerations.traps.record import TrapColumns, TrapFlag
from sidemine.effect.record import SizesDiffer
from sidemine.report.findings import answer_words, effect_words, findings_of, studies_words
from sidemine.verdict import certainty
from sidemine.verdict.card import Agreeing, CardCap
from sidemine.verdict.certainty import CONCERNS, Domain, what_would_change
from sidemine.verdict.vocabulary import Behaviour, Verdict

REUSED = TrapFlag("contrast", "vte_a", "reused_samples", "re-used samples", "problem", "20 of 63", "told", serious=True)
WELLS = TrapFlag("dataset", "plates", "replicates", "units", "warn", "declared: unknown", "told", serious=False)


def certainty_of(card, controls=()):
    """As the page asks: with what the checks of the data found."""
    found = list(trap_concerns(card.columns_of(TrapColumns), card.sensitivity))
    return certainty.certainty_of(card, controls, found)


def clean(place: int = 0, **changes):
    """A card whose every gate is passed, without caps or rows that change it."""
    card = example_card(place, verdict="supported")
    gates = [replace(gate, status="passed") for gate in card.gates]
    rows = [replace(row, changes=False) for row in card.sensitivity if not row.missing]
    return replace(card, gates=gates, caps=[], sensitivity=rows, agreeing=Agreeing(2, 2), **changes)


def with_flags(card, *flags):
    columns = tuple(TrapColumns(flags) if isinstance(entry, TrapColumns) else entry for entry in card.considered)
    return replace(card, considered=columns)


def capped(card, *names):
    return replace(card, caps=[CardCap(name, f"{name}.", bites=True) for name in names])


def changing(card, name):
    return replace(card, sensitivity=[Sensitivity(name, f"{name}, nothing is left", 0.1, -0.1, 0.3, 0.3, changes=True)])


@pytest.mark.parametrize(
    ("card", "mark"),
    [
        (clean(), "⊕⊕⊕◯"),  # groups that were found
        (clean(1), "⊕⊕⊕◯"),  # transcripts of treated samples
        (capped(clean(), "composition"), "⊕⊕◯◯"),
        (capped(clean(), "composition", "hidden factors", "robustness"), "⊕⊕◯◯"),  # one domain, two steps at most
        (capped(clean(1), "composition"), "⊕⊕◯◯"),
        (capped(clean(), "influence", "composition"), "⊕◯◯◯"),
        (capped(clean(), "influence", "specificity", "composition", "Holm"), "⊕◯◯◯"),  # never below very low
        (replace(capped(clean(), "replication"), agreeing=Agreeing(1, 1)), "⊕⊕◯◯"),
        (replace(clean(), verdict=Verdict.CONFLICTING), "⊕◯◯◯"),
        (changing(clean(), ONE_COHORT), "⊕⊕◯◯"),
        (changing(clean(), COMPOSITION), "⊕⊕◯◯"),
        (replace(clean(), synthesis=replace(clean().synthesis, conflicting=True)), "⊕⊕◯◯"),
        (replace(clean(), pooled=replace(clean().pooled, sizes_differ=SizesDiffer("both up, sizes differ 8-fold", "I² is 95 %"))), "⊕⊕◯◯"),
        (with_flags(clean(), REUSED), "⊕⊕◯◯"),
        (with_flags(clean(1), WELLS), "⊕⊕◯◯"),
        (capped(clean(), "a consideration of somebody else"), "⊕⊕◯◯"),
    ],
)  # fmt: skip
def test_each_domain_takes_a_step_for_one_concern_and_two_for_several(card, mark):
    """From high; the standing concern of each kind of evidence always counts."""
    assert certainty_of(card).level.mark == mark


def test_a_finding_whose_check_changes_nothing_is_no_concern():
    """Told in a footnote as not rated down; without the check, or where that changes the answer, it counts."""
    row = Sensitivity(REUSED_CONTROLS, "the same", 0.4, 0.2, 0.6, 0.001, changes=False)
    doubted = with_flags(clean(doubt="Re-used samples. vte_a: 20 of 63."), REUSED)
    checked = replace(doubted, sensitivity=[row])
    assert certainty_of(checked).level.mark == "⊕⊕⊕◯"
    summary = findings_of([checked], designs_of(checked))
    assert [note.about for note in summary.footnotes] == ["risk of bias", "not rated down"]
    assert certainty_of(replace(doubted, sensitivity=[replace(row, changes=True)])).level.mark == "⊕⊕◯◯"


def test_what_an_exclusion_lacks_is_not_counted_against_it():
    """A gate that asks for an effect is no concern where the effect is excluded; a hidden bias is."""
    excluded = replace(clean(), verdict=Verdict.NOT_SUPPORTED)
    lacking = capped(excluded, "pooled p", "influence", "specificity", "competitive test", "calibration", "direction")
    assert certainty_of(lacking).level.mark == "⊕⊕⊕◯"
    assert certainty_of(replace(lacking, opposite=True)).level.mark == "⊕◯◯◯"
    assert certainty_of(capped(excluded, "composition")).level.mark == "⊕⊕◯◯"


def test_no_answer_has_no_certainty_and_says_what_data_would_give_one():
    """Not testable: neither level nor footnote."""
    card = example_card(4)
    assert certainty_of(card) is None
    assert what_would_change(card) == "Data that can be tested: at least 3 independent units per group."
    (row,) = findings_of([card], {}).questions
    assert (row.notes, row.studies) == ([], "none")
    assert row.answer == "No answer: a group has fewer independent units than the minimum."


def test_a_control_that_misbehaves_is_a_concern_of_questions_of_its_kind():
    """Not of itself, and not of the other kind."""
    control = replace(clean(), role="negative_control", behaviour=Behaviour.UNEXPECTED)
    assert certainty_of(clean(), [control]).level.mark == "⊕⊕◯◯"
    assert certainty_of(clean(1), [control]).level.mark == "⊕⊕⊕◯"
    assert certainty_of(control, [control]).level.mark == "⊕⊕⊕◯"


@pytest.mark.parametrize(
    ("card", "told"),
    [
        (clean(), "Further cohorts that disagree. Its 2 checks all held."),
        (replace(clean(1), sensitivity=clean(1).sensitivity[:1]), "Further experiments that disagree. Its one check held."),
        (replace(clean(), sensitivity=[]), "Further cohorts that disagree."),
        (replace(capped(clean(1), "replication"), agreeing=Agreeing(1, 1)), "A second experiment."),
        (capped(clean(), "replication"), "Datasets that agree."),
        (changing(clean(), COMPOSITION), "Adjusted for composition it would read otherwise."),
        (replace(clean(), verdict=Verdict.CONFLICTING), "Further datasets, which tell which of these measures something else."),
        (replace(clean(), verdict=Verdict.NOT_TESTABLE), "More samples, or further datasets."),
    ],
)  # fmt: skip
def test_what_would_change_an_answer(card, told):
    """Checks that do, else what would lift the concerns, else what nobody can rule out."""
    assert what_would_change(card) == told


def test_every_gate_cap_and_trap_of_the_shipped_rules_has_its_domain():
    """Read from the code: a name without a domain would be rated as bias in silence."""
    rooms = [Path(sidemine.__file__).parent / room for room in ("verdict", "considerations")]
    text = "\n".join(path.read_text() for room in rooms for path in sorted(room.rglob("*.py")))
    named = set(re.findall(r'(?:make_gate|Cap)\(\s*"([^"]+)"', text)) | {"hidden factors", *CAPPING}
    shown_only = {"self-contained test", "same sign"}  # the rules never require them
    assert len(named) > 15
    assert named - shown_only <= set(CONCERNS)
    assert set(Domain) == {concern.domain for concern in CONCERNS.values()}


def designs_of(card, shared=False):
    """Who takes part: samples of their own, or one reference for all."""
    return {
        row.contrast: SimpleNamespace(
            dataset="one",
            target_samples=[f"{row.contrast}_t{number}" for number in range(row.n_target)],
            reference_samples=[f"{'all' if shared else row.contrast}_r{number}" for number in range(row.n_reference)],
        )
        for row in card.evidence
    }


def test_people_are_counted_once():
    """Two cohorts add up; comparisons with one reference group do not count it twice."""
    card = clean()
    target, reference = sum(row.n_target for row in card.evidence), sum(row.n_reference for row in card.evidence)
    assert studies_words(card, designs_of(card)) == f"2 studies, {target + reference} people: {target} v {reference}"
    n_shared = target + max(row.n_reference for row in card.evidence)
    assert studies_words(card, designs_of(card, shared=True)) == f"2 studies, {n_shared} samples"


def test_the_effect_is_told_as_a_clinician_would():
    """Pairs of people, per cent or fold, each with its figures; several where no single figure stands for them."""
    assert effect_words(clean()) == (
        "A randomly chosen patient lies above a randomly chosen control in 62 of 100 pairs (0.45 SD; 95 % CI 0.20 to 0.70; 0.31 "
        "adjusted for the mix of cells)"
    )
    one = replace(clean(1), evidence=clean(1).evidence[:1])
    assert effect_words(one) == "67 % lower (−1.62 log2; 95 % CI −2.02 to −1.22)"
    apart = replace(
        clean(), pooled=replace(clean().pooled, sizes_differ=SizesDiffer("both up, sizes differ 8-fold", "why"))
    )
    assert effect_words(apart).startswith(
        "Both up, sizes differ 8-fold. GSE900001: above in 64 of 100 pairs (0.52 SD); "
    )
    assert "0.45" not in effect_words(apart)


def test_the_answer_is_told_in_words_and_never_as_yes_or_no():
    """Side and groups; an exclusion; a conflict; no answer."""
    assert answer_words(clean()) == "Higher in “VTE” than in “healthy controls”."
    assert answer_words(replace(clean(), opposite=True)).endswith(" That is opposite to what was declared.")
    assert (
        answer_words(replace(clean(), verdict=Verdict.NOT_SUPPORTED))
        == "A rise of the declared margin or more is excluded."
    )
    assert answer_words(replace(clean(), verdict=Verdict.CONFLICTING)) == "The datasets point in opposite directions."
    assert (
        answer_words(replace(clean(), verdict=Verdict.NOT_TESTABLE, rule="Too few data.")) == "No answer. Too few data."
    )
    two = replace(clean(), evidence=[clean().evidence[0], replace(clean().evidence[1], target_label="others")])
    assert answer_words(two).endswith("than in “healthy controls”, and in 1 more comparison.")


def test_reasons_stand_once_and_controls_in_their_own_block():
    """Two questions with one reason share its letter; a control has no letter and is no row of the table."""
    card = clean()
    control = replace(clean(), hypothesis="k", role="negative_control", behaviour=Behaviour.EXPECTED)
    summary = findings_of([card, control, replace(capped(card, "influence"), hypothesis="other")], designs_of(card))
    assert [row.notes for row in summary.questions] == [["a"], ["a", "b"]]
    assert [row.card.hypothesis for row in summary.controls] == ["k"]
    assert [note.letter for note in summary.footnotes] == ["a", "b"]

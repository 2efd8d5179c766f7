"""The summary of findings: certainty by GRADE's domains, what would change an answer, and the words of each row."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from example_results import example_card

import sidemine
from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.considerations.hidden_factors.record import HiddenFactorsColumns
from sidemine.considerations.judgement import Found, Sensitivity
from sidemine.considerations.sensitivity import ASKED, COMPOSITION, ONE_COHORT, REUSED_CONTROLS
from sidemine.considerations.traps.judge import CAPPING
from sidemine.differential.record import FittedDesign
from sidemine.drawing.words import margin_rule, number, typeset
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence
from sidemine.effect.plain_words import GROUPS, people_of, signed_percent
from sidemine.effect.record import PooledEstimate, SizesDiffer
from sidemine.report.badge import badge_words
from sidemine.report.findings import (
    answer_words,
    control_words,
    effect_words,
    findings_of,
    lowered_words,
    studies_words,
    way_of,
    why_words,
)
from sidemine.report.first_screen import overview_line, plain_sentence
from sidemine.verdict.card import Agreeing, CardCap, Domain
from sidemine.verdict.certainty import CHECKED, CONCERNS, certainty_of, what_would_change
from sidemine.verdict.vocabulary import Behaviour, Verdict

REUSED = Found("finding", "Re-used samples stand on one side (vte_a).", REUSED_CONTROLS)
UNKNOWN = Found("replicates", "Nobody has declared what its samples are.")


def clean(place: int = 0, **changes):
    """A card whose every gate is passed, without caps or rows that change it."""
    card = example_card(place, verdict="supported")
    gates = [replace(gate, status="passed") for gate in card.gates]
    rows = [replace(row, changes=False) for row in card.sensitivity if not row.missing]
    return replace(card, gates=gates, caps=[], sensitivity=rows, agreeing=Agreeing(2, 2), **changes)


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
        (replace(clean(), pooled=replace(clean().pooled, sizes_differ=SizesDiffer("both up, the larger 8 times the smaller (in SD)", "I² is 95 %"))), "⊕⊕◯◯"),
        (capped(clean(), "a consideration of somebody else"), "⊕⊕◯◯"),
    ],
)  # fmt: skip
def test_each_domain_takes_a_step_for_one_concern_and_two_for_several(card, mark):
    """From high; the standing concern of each kind of evidence always counts."""
    assert certainty_of(card).level.mark == mark


def test_a_finding_whose_check_changes_nothing_is_no_concern():
    """Told in a footnote as not rated down; without the check, or where that changes the answer, it counts."""
    row = Sensitivity(REUSED_CONTROLS, "the same", 0.4, 0.2, 0.6, 0.001, changes=False)
    checked = replace(clean(), sensitivity=[row])
    rated = certainty_of(checked, [REUSED])
    assert rated.level.mark == "⊕⊕⊕◯"
    assert [row.reason for row in rated.not_rated_down] == [
        "Re-used samples stand on one side (vte_a); without re-used controls the effect reads the same."
    ]
    summary = findings_of([replace(checked, certainty=rated)], designs_of(checked))
    assert [note.about for note in summary.footnotes] == ["risk of bias", "checked, not rated down"]
    (finding,) = summary.questions  # the card tells it as its strongest doubt: here it stands beside the certainty
    assert (finding.why, finding.notes) == (
        "not randomised (apart from that: holds without re-used controls)",
        ["a", "b"],
    )
    for counts in (clean(), replace(checked, sensitivity=[replace(row, changes=True)])):
        assert certainty_of(counts, [REUSED]).level.mark == "⊕⊕◯◯"
    assert certainty_of(clean(1), [UNKNOWN]).level.mark == "⊕⊕◯◯"


def test_a_condition_that_nobody_could_check_is_a_concern():
    """Not evaluated is not passed; a gate that is only shown weighs nothing."""
    first, *others = clean().gates
    unknown = replace(first, status="not evaluated", name="specificity")
    assert certainty_of(replace(clean(), gates=[unknown, *others])).level.mark == "⊕⊕◯◯"
    assert certainty_of(replace(clean(), gates=[replace(unknown, required=False), *others])).level.mark == "⊕⊕⊕◯"


def test_compounds_are_told_from_the_strongest():
    """Per cent up or down as they are, three of them, and how many more there are."""
    arms = [
        ArmEffect(name, name, True, "", None, None, True, 3, 3, None, effect, 0.1, 8.0, effect - 0.2, effect + 0.2)
        for name, effect in {"A": -0.5, "B": -2.0, "C": 1.0, "D": -0.1}.items()
    ]
    panel = CompoundEvidence("class_wide", "down", "", "", arms, 15, 5, [])
    columns = [CompoundColumns("x", panel) if isinstance(row, CompoundColumns) else row for row in clean(1).considered]
    told = effect_words(replace(clean(1), considered=tuple(columns)))
    assert told == (
        "B: 75 % lower (95 % CI −78 to −71 %); C: 100 % higher (+74 to +130 %); A: 29 % lower (−38 to −19 %); and 1 more"
    )
    shown = replace(clean(1), considered=tuple(columns))
    assert overview_line(shown).startswith(f"x · {told} · ")  # the page of several studies names compounds too


def test_what_an_exclusion_lacks_is_not_counted_against_it():
    """A gate that asks for an effect is no concern where the effect is excluded; a hidden bias is."""
    excluded = replace(clean(), verdict=Verdict.NOT_SUPPORTED)
    lacking = capped(excluded, "pooled p", "influence", "specificity", "competitive test", "calibration", "direction")
    assert certainty_of(lacking).level.mark == "⊕⊕⊕◯"
    against = certainty_of(replace(lacking, opposite=True))
    assert [row.reason for row in against.downgrades[:-1]] == [
        f"{name}." for name in ("direction", "pooled p", "influence", "competitive test", "calibration")
    ]
    assert certainty_of(capped(excluded, "composition")).level.mark == "⊕⊕◯◯"


def test_no_answer_has_no_certainty_and_says_what_data_would_give_one():
    """Not testable: neither level nor footnote."""
    card = example_card(4)
    assert certainty_of(card) is None
    (row,) = findings_of([card], {}).questions
    assert (row.notes, row.studies, row.change) == (
        [],
        "none",
        "Data that can be tested: at least 3 independent units per group.",
    )
    assert row.answer == "Could not be tested: a group has fewer independent units than the minimum."
    assert badge_words(card) == "not testable"


def test_a_control_that_misbehaves_is_told():
    """By its question."""
    rated = certainty_of(clean(), unexpected=["Is nothing there?"])
    assert rated.level.mark == "⊕⊕◯◯"
    assert rated.downgrades[0].reason == "A control did not behave as expected: Is nothing there?"


@pytest.mark.parametrize(
    ("card", "told"),
    [
        (clean(), "Further cohorts that disagree. None of {n} checks changes it."),
        (replace(clean(1), sensitivity=clean(1).sensitivity[:1]), "Further experiments that disagree. The one check (leading genes) changes nothing."),
        (replace(clean(), sensitivity=[]), "Further cohorts that disagree."),
        (
            replace(clean(), sensitivity=[replace(row, weakens=place < 2) for place, row in enumerate(clean().sensitivity)]),
            "Further cohorts that disagree. No check takes the effect away; 2 leave p above 0.01: {weaker}.",
        ),
        (replace(capped(clean(1), "replication"), agreeing=Agreeing(1, 1)), "A second experiment, for or against."),
        (capped(clean(), "replication"), "Datasets that agree."),
        (changing(clean(), COMPOSITION), "Checks already change it: mix of cells. To settle it: sorted cells, or groups with the same mix of cells."),
        (replace(clean(), verdict=Verdict.CONFLICTING), "Further datasets, which tell which of these measures something else."),
    ],
)  # fmt: skip
def test_what_would_change_an_answer(card, told):
    """Checks that do, by name, else what would lift the concerns, else what nobody can rule out, and how many checks say nothing."""
    asked = [row for row in card.sensitivity if not row.missing]
    weaker = ", ".join(CHECKED[row.name] for row in asked if row.weakens)
    assert what_would_change(card) == told.format(n=len(asked), weaker=weaker)


def test_every_check_has_its_word():
    """A row of the table without one would stand in the summary as a clause of a sentence."""
    assert set(CHECKED) == {*ASKED, REUSED_CONTROLS}


def test_every_gate_cap_and_trap_of_the_shipped_rules_has_its_domain():
    """Read from the code: a name without a domain would be rated as bias in silence."""
    rooms = [Path(sidemine.__file__).parent / room for room in ("verdict", "considerations")]
    text = "\n".join(path.read_text() for room in rooms for path in sorted(room.rglob("*.py")))
    named = set(re.findall(r'(?:make_gate|Cap)\(\s*"([^"]+)"', text)) | {"hidden factors", *CAPPING}
    shown_only = {"self-contained test", "same sign"}  # the rules never require them
    assert len(named) > 15
    assert named - shown_only <= set(CONCERNS)
    assert set(Domain) == {concern.domain for concern in CONCERNS.values()}


def with_adjusted(card, kind, name, **changes):
    """The card with an adjusted effect of one consideration changed."""
    considered = []
    for row in card.considered:
        if not isinstance(row, kind):
            considered.append(row)
        elif name == "hidden_factors":
            estimate = PooledEstimate(0.4, 0.1, 0.7, 0.01, 0.15, 2, None)
            shown = replace(row.hidden_factors, adjusted=replace(estimate, **changes))
            considered.append(replace(row, hidden_factors=shown))
        else:
            considered.append(replace(row, **{name: replace(getattr(row, name), **changes)}))
    return replace(card, considered=tuple(considered))


def designs_of(card, shared=False, paired=False, each=1):
    """Who takes part: samples of their own (so many of each unit), or one reference for all; or both samples of each pair."""
    return {
        row.contrast: Mock(
            spec=FittedDesign,
            dataset="one",
            paired=paired,
            n_blocks=row.n_target if paired else 0,
            target_samples=[f"{row.contrast}_t{number}" for number in range(row.n_target * each)],
            reference_samples=[
                f"{'all' if shared else row.contrast}_r{number}" for number in range(row.n_reference * each)
            ],
        )
        for row in card.evidence
    }


def test_people_are_counted_once():
    """Two cohorts add up; comparisons with one reference group do not count it twice."""
    card = clean()
    target, reference = sum(row.n_target for row in card.evidence), sum(row.n_reference for row in card.evidence)
    assert studies_words(card, designs_of(card)) == f"2 studies: {target} patients v {reference} controls"
    others = replace(card, evidence=[replace(row, role="stratum") for row in card.evidence])
    assert studies_words(others, designs_of(card)) == f"2 studies, {target + reference} people: {target} v {reference}"
    first = " v ".join(
        f"{min(sizes)} to {max(sizes)}"
        for sizes in ([row.n_target for row in card.evidence], [row.n_reference for row in card.evidence])
    )
    n_shared = target + max(row.n_reference for row in card.evidence)
    assert studies_words(card, designs_of(card, shared=True)) == (
        f"2 studies, {n_shared} samples: {first} per comparison"
    )
    alike = replace(card, evidence=[replace(row, n_target=3, n_reference=4) for row in card.evidence])
    assert studies_words(alike, designs_of(alike, shared=True)) == "2 studies, 10 samples: each 3 v the same 4"


def test_two_samples_of_one_person_are_not_two_people():
    """Pairs are counted as pairs; blocks of another kind may be pairs or batches, so that they hold samples."""
    rows = [replace(row, blocking="fixed", n_reference=row.n_target) for row in clean().evidence]
    card = replace(clean(), evidence=rows)
    n = sum(row.n_target for row in rows)
    assert studies_words(card, designs_of(card, paired=True)) == f"2 studies, {n} matched pairs"
    assert studies_words(card, designs_of(card)) == f"2 studies, {2 * n} samples: {n} v {n}"
    # What counts once is told, and the cultures or repeats beside it.
    of_cultures = designs_of(card, each=3)
    assert studies_words(card, of_cultures) == f"2 studies, {2 * n} independent units: {n} v {n} ({6 * n} samples)"
    merged = designs_of(card, paired=True, each=3)
    assert studies_words(card, merged) == f"2 studies, {n} matched pairs ({6 * n} samples)"
    first = replace(card, evidence=rows[:1], pooled=None)
    assert effect_words(first).startswith("The “VTE” sample lies above the “healthy controls” sample in ")
    unlike = [rows[0], replace(rows[1], target_label="others")]
    assert people_of(unlike) == people_of([replace(rows[0], target_label="x" * 41)]) == GROUPS


def test_an_adjusted_effect_on_the_other_side_is_told_as_such():
    """Beside a total effect without a sign, it would read as a like one; without its interval, as a sure one."""
    turned = with_adjusted(clean(), CompositionColumns, "composition_adjusted", effect=-1.39, ci_low=-2.9, ci_high=0.12)
    assert answer_words(turned) == (
        "A hint of a difference (one cohort carries it), not of its direction: higher in “VTE” than in “healthy controls” as "
        "measured, but no longer at an equal mix of cells."
    )
    assert "direction" not in answer_words(clean())
    # Only an interval without 0 says that it lies on the other side.
    sure = with_adjusted(turned, CompositionColumns, "composition_adjusted", ci_low=-2.0, ci_high=-0.4)
    assert ", but lower at an equal mix of cells." in answer_words(sure)
    assert (way_of(turned), way_of(clean())) == ("unclear", "higher")  # no mark of a side beside it
    assert effect_words(turned).endswith("but −1.39 SD (95 % CI −2.90 to 0.12) adjusted for the mix of cells")


def test_a_hint_of_an_open_direction_says_beside_it_what_keeps_it_one():
    """Certainty names first what turns the answer, and may stop there: one cohort, or a p above its level, stand in the answer itself."""
    card = capped(clean(), "composition", "hidden factors", "robustness", "pooled p", "replication")
    hint = replace(card, verdict=Verdict.SUGGESTIVE, agreeing=Agreeing(1, 1), p_holm=0.082)
    turned = with_adjusted(hint, CompositionColumns, "composition_adjusted", effect=-0.4, ci_low=-0.9, ci_high=0.1)
    rated = replace(turned, certainty=certainty_of(turned, n_questions=15))
    assert answer_words(rated).startswith(
        "A hint of a difference (one cohort, p 0.082 corrected for 15 questions), not of its direction: "
    )
    assert "one cohort" not in why_words(rated)
    assert answer_words(replace(turned, certainty=None)).startswith("A hint of a difference, not of its direction: ")


def test_the_head_of_the_sizes_says_which_are_beyond_other_genes():
    """Where a row is of an experiment; beside people, of which rows it is said."""
    people, cells = clean(), clean(1)
    designs = designs_of(people) | designs_of(cells)
    heads = [findings_of(cards, designs).of_experiments for cards in ([people], [cells], [people, cells])]
    assert heads == ["", "beyond other genes", "%: beyond other genes"]


def test_an_open_direction_stands_beside_the_word_of_the_answer():
    """By either adjustment; not where the answer has no side, excludes one, or is a control's; the word itself stays."""
    assert badge_words(clean()) == "supported"
    card = replace(clean(), verdict=Verdict.SUGGESTIVE)
    turned = with_adjusted(card, CompositionColumns, "composition_adjusted", effect=-0.4, ci_low=-0.9, ci_high=0.1)
    factors = with_adjusted(card, HiddenFactorsColumns, "hidden_factors", effect=-0.4, ci_low=-0.9, ci_high=0.1)
    for row in (turned, factors):
        assert badge_words(row) == "suggestive · direction open"
        assert way_of(row) == "unclear"
    assert answer_words(factors).endswith(", but no longer with hidden factors taken out.")
    both = with_adjusted(turned, HiddenFactorsColumns, "hidden_factors", effect=-0.4, ci_low=-0.9, ci_high=0.1)
    assert "no longer at an equal mix of cells, and no longer with hidden factors taken out." in answer_words(both)
    assert badge_words(replace(turned, verdict=Verdict.NOT_SUPPORTED)) == "not supported · excluded"
    assert badge_words(replace(turned, verdict=Verdict.CONFLICTING)) == "conflicting"
    assert (
        badge_words(replace(turned, verdict=Verdict.NOT_SUPPORTED, opposite=True))
        == "not supported · opposite direction"
    )
    control = replace(turned, role="negative_control", behaviour=Behaviour.EXPECTED)
    assert badge_words(control) == "behaved as expected"


def test_an_excluded_effect_is_said_first_where_only_a_line_stands():
    """“Not supported” is read as “no proof”: the page of several studies and the card say what is excluded."""
    excluded = replace(clean(), verdict=Verdict.NOT_SUPPORTED)
    size = f"a rise of {number(excluded.declared.margin.value)} SD or more"
    assert overview_line(excluded).startswith(f"excluded: {size} · ")
    assert plain_sentence(excluded).startswith(f"Evidence against: {size} is excluded. ")
    assert "xclude" not in overview_line(clean()) + plain_sentence(clean())
    assert "xcluded:" not in overview_line(replace(excluded, opposite=True))


def test_the_letters_of_footnotes_stand_in_order():
    """A reason that another question gave first has the earlier letter, also where it weighs later here."""
    first, second = capped(clean(), "influence"), capped(clean(), "composition", "influence")
    cards = [replace(row, certainty=certainty_of(row)) for row in (first, second)]
    assert [row.notes for row in findings_of(cards, designs_of(first)).questions] == [["a", "b"], ["a", "b", "c"]]


def test_reasons_of_one_domain_share_a_letter_where_they_concern_the_same_questions():
    """A row with nine letters is read by nobody; every reason is still told once, and a shared one keeps a letter of its own."""
    first, second = clean(), capped(clean(), "composition", "hidden factors", "robustness")
    cards = [replace(row, certainty=certainty_of(row)) for row in (first, second)]
    summary = findings_of(cards, designs_of(first))
    assert [row.notes for row in summary.questions] == [["a"], ["a", "b"]]
    assert [note.about for note in summary.footnotes] == ["risk of bias", "risk of bias"]
    told = [reason for note in summary.footnotes for reason in note.reasons]
    assert sorted(told) == sorted({row.reason for card in cards for row in card.certainty.downgrades})


def test_arms_are_named_by_what_tells_them_apart():
    """Of one dose the compounds, of one compound the doses, and nothing is left out where that would leave nothing."""

    def told(*arms):
        rows = [ArmEffect(n, n, True, "", dose, None, True, 3, 3, None, -1.0, 0.1, 8.0, -1.2, -0.8) for n, dose in arms]
        panel = CompoundEvidence("class_wide", "down", "nM", "", rows, 15, 5, [])
        kept = (CompoundColumns("x", panel) if isinstance(c, CompoundColumns) else c for c in clean(1).considered)
        return re.findall(
            r"(?:^|; )([^;]+): 50 % lower \((?:95 % CI )?−56 to −43 %\)",
            effect_words(replace(clean(1), considered=tuple(kept))),
        )

    assert told(("A", 250.0), ("B", 250.0)) == ["A", "B"]
    assert told(("A", 10.0), ("A", 50.0)) == ["10 nM", "50 nM"]
    assert told(("A", 10.0), ("B", 50.0)) == ["A, 10 nM", "B, 50 nM"]
    assert told(("A", 10.0)) == ["A, 10 nM"]


def test_the_effect_is_told_as_a_clinician_would():
    """Pairs of people, with their interval in pairs, then SD; per cent of experiments; several where no single figure stands for them."""
    assert effect_words(clean()) == (
        "The patient lies above the control in 62 of 100 random pairs (95 % CI 56 to 69): 0.45 SD (0.20 to 0.70); "
        "0.31 SD adjusted for the mix of cells"
    )
    one = replace(clean(1), evidence=clean(1).evidence[:1])
    assert effect_words(one) == "67 % lower (95 % CI −75 to −57 %)"
    # One unit of any size: 16-fold beside 50 % could not be compared. Of what is doubled, or more, the fold stands beside it.
    large = replace(one, evidence=[replace(one.evidence[0], effect=3.99, ci_low=0.9, ci_high=4.21)])
    assert effect_words(large) == "1,489 % higher, 15.9-fold (95 % CI +87 to +1,751 %)"
    apart = replace(
        clean(),
        pooled=replace(
            clean().pooled, sizes_differ=SizesDiffer("both up, the larger 8 times the smaller (in SD)", "why")
        ),
    )
    assert effect_words(apart).startswith(
        "Both up, the larger 8 times the smaller (in SD). GSE900001: above in 64 of 100 random pairs (0.52 SD; 95 % CI 0.21 to 0.83); "
    )
    assert "0.45" not in effect_words(apart)


def test_a_control_takes_one_line_and_says_what_would_have_counted():
    """Without accessions; a change that nobody asked about is no riddle beside "as expected"."""
    several = clean(1, role="negative_control")
    fall = replace(several, evidence=several.evidence[:1])
    assert control_words(fall) == effect_words(fall)
    rise = replace(fall, declared=replace(fall.declared, direction="up"))
    turned = replace(rise, behaviour=Behaviour.TURNED)
    assert control_words(turned) == (
        f"Passed: no rise. But the set did not stand still: {effect_words(fall)}. So in {fall.evidence[0].accession} a change of "
        "67 % can come from something else than the pathway: no question rests on these data."
    )
    assert control_words(turned, [2]).endswith(": read question 2, on the same data, with that in mind.")
    asked = replace(fall, role="question")
    summary = findings_of([clean(), asked, asked, asked, turned], designs_of(clean()) | designs_of(rise))
    assert summary.controls[0].effect.endswith(": read questions 2 to 4, on the same data, with that in mind.")
    assert findings_of([clean(), turned], designs_of(clean()) | designs_of(rise)).control_line == (
        "1 of 1 passed (1 with care)"
    )
    assert badge_words(turned) == "moved the other way · passed"
    flat = replace(fall, verdict=Verdict.NOT_SUPPORTED)
    percent = signed_percent(-fall.declared.margin.value)[1:]
    excluded = f"Too small to matter: a fall of {percent} % or more is excluded."
    assert control_words(replace(flat, one_sided_limit=-0.1234)) == (
        f"67 % lower (one-sided 95 % limit −8 %). {excluded}"
    )
    # Of what lies on the other side, an excluded fall does not say that it is small.
    rises = replace(flat, evidence=[replace(flat.evidence[0], effect=1.0, ci_low=0.9, ci_high=1.1)])
    assert control_words(rises).endswith(f"). A fall of {percent} % or more is excluded.")
    within = replace(flat, evidence=[replace(flat.evidence[0], effect=-0.01, ci_low=-0.02, ci_high=0.02)])
    assert control_words(within) == f"1 % lower (95 % CI −1 to +1 %). {excluded}"
    assert control_words(several) == "67 % lower; 428 % higher"
    differ = SizesDiffer("both up, the larger 8 times the smaller (in SD)", "why")
    cohorts = clean(role="positive_control", pooled=replace(clean().pooled, sizes_differ=differ))
    assert control_words(cohorts).startswith(
        "Both up, the larger 8 times the smaller (in SD): above in 64 of 100 random pairs (0.52 SD); "
    )
    assert control_words(replace(example_card(4), role="positive_control")) == "it could not be tested"


@pytest.mark.parametrize(("n", "long"), [(6, False), (7, True)])
def test_many_questions_are_set_closely(n, long):
    """From seven on."""
    assert findings_of([clean()] * n, designs_of(clean())).is_long is long


def test_the_answer_is_told_in_words_and_never_as_yes_or_no():
    """Side and groups; an exclusion; a conflict; no answer."""
    assert answer_words(clean()) == "Higher in “VTE” than in “healthy controls”, in these 2 cohorts."
    assert answer_words(replace(clean(), opposite=True)).endswith(" That is opposite to what was declared.")
    assert (
        answer_words(replace(clean(), verdict=Verdict.NOT_SUPPORTED))
        == f"Evidence against: a rise of {number(clean().declared.margin.value)} SD or more is excluded."
    )
    assert answer_words(replace(clean(), verdict=Verdict.CONFLICTING)) == "The datasets point in opposite directions."
    undecided = replace(clean(), verdict=Verdict.NOT_TESTABLE, rule="Too few data.")  # tested, unlike what could not be
    assert answer_words(undecided) == "Tested, undecided. Too few data."
    assert badge_words(undecided) == "not testable · undecided"
    two = replace(clean(), evidence=[clean().evidence[0], replace(clean().evidence[1], target_label="others")])
    assert answer_words(two) == "Higher in “VTE” and “others” together than in “healthy controls”."
    unlike = replace(two, evidence=[two.evidence[0], replace(two.evidence[1], reference_label="yet others")])
    assert answer_words(unlike) == "Higher in “VTE” than in “healthy controls”, over 2 comparisons together."
    apart = replace(two, pooled=replace(two.pooled, sizes_differ=SizesDiffer("both up", "I² is 95 %")))
    assert answer_words(apart) == "Higher in “VTE” than in “healthy controls”; likewise in 1 other comparison."
    first, second = apart.evidence
    lower = replace(second, effect=-0.3, ci_low=-0.7, ci_high=0.1)
    assert answer_words(replace(apart, evidence=[first, lower])) == "Higher in some comparisons and not in others."


def test_an_exclusion_shows_the_limit_that_it_rests_on_where_the_interval_reaches_the_margin():
    """Two-sided, that interval would contradict the answer; where it does not, it is the one that every row has."""
    excluded = replace(clean(), verdict=Verdict.NOT_SUPPORTED, one_sided_limit=0.217)
    margin = excluded.declared.margin.value
    for high, shown, hidden in (
        (margin, "one-sided 95 % limit 0.22 SD", "95 % CI"),
        (margin - 0.01, "95 % CI", "limit"),
    ):
        told = effect_words(replace(excluded, pooled=replace(excluded.pooled, ci_high=high)))
        assert shown in told
        assert hidden not in told


def test_an_exclusion_of_several_experiments_names_the_limit_that_excludes_least():
    """Each must exclude: the limit nearest to the margin is the one that matters."""
    card = replace(clean(1), verdict=Verdict.NOT_SUPPORTED, one_sided_limit=0.217)
    assert len(card.estimated) > 1
    assert re.fullmatch(
        r"Evidence against: a fall of \d+ % or more is excluded \(largest one-sided 95 % limit \+16 %\)\.",
        answer_words(card),
    )


def test_what_the_rows_ask_for_is_said_below_them():
    """Excluded beside a low certainty, and which group is named first; nothing where no row asks for it."""
    excluded = replace(clean(1), verdict=Verdict.NOT_SUPPORTED)
    designs = designs_of(clean()) | designs_of(excluded)
    shown, first, margin, sizes, beyond = findings_of([clean(), excluded], designs).keys
    assert shown == "“Supported”: there is a change (p at most 0.01); whether it is as large as a margin is not asked."
    assert first.startswith("“Not supported” is evidence against: chance alone would hardly hide")
    assert beyond == (
        "Per cents are changes beyond those of all other genes; SDs are whole changes: the two do not compare."
    )
    declared = excluded.declared.margin
    what = "Margin, the smallest change declared to matter: "
    # Beside a row of another margin, it has its row; else it is that of all.
    fall = f"{what}a fall of {signed_percent(-declared.value)[1:]} %"
    assert margin == f"{fall} (row 2), {typeset(margin_rule(declared))}."
    assert f"{fall}, {typeset(margin_rule(declared))}." in findings_of([excluded, excluded], designs).keys
    assert re.fullmatch(r"\d+ v \d+: the group that the answer names first stands first\.", sizes)
    assert findings_of([clean()], designs_of(clean())).keys == [shown]
    # Where a margin differs, so does its reason: each stands there once.
    share = replace(declared, value=0.2, rule="20% of the effect of x, which is 1.00 log2 units", error=None)
    shared = replace(excluded, declared=replace(excluded.declared, margin=share))
    control = replace(excluded, role="negative_control", behaviour=Behaviour.EXPECTED)
    rise = replace(control, declared=replace(control.declared, direction="up"))
    told = findings_of([excluded, excluded, shared, control, rise], designs).keys
    down, up = (signed_percent(sign * declared.value)[1:] for sign in (-1, 1))
    assert [key for key in told if key.startswith("Margin")] == [
        f"{what}a fall of {down} % (rows 1 and 2 and C1) or a rise of {up} % (C2), {typeset(margin_rule(declared))}; "
        "a fall of 13 % (row 3), 20 % of the effect of x, which is 1.00 log2 units."
    ]
    assert "Questions 1 to 3 rest on one source: they do not confirm each other." in told
    matched = replace(clean(), evidence=[replace(row, blocking="fixed") for row in clean().evidence])
    unrelated = "Random pairs are of unrelated people, also where samples are matched."
    assert unrelated in findings_of([matched], designs_of(matched)).keys
    assert unrelated not in told
    # Each group of rows by itself; repeats with the rows that have them, where not all do.
    found = findings_of([excluded, excluded, shared], designs)
    assert replace(found, of_one_source=[[1, 2], [4, 5, 6], [8, 9]]).keys[-1] == (
        "Questions 1 and 2 rest on one source, so do 4 to 6; 8 and 9: within a source they do not confirm each other."
    )
    repeated = [replace(row, has_repeats=row.number > 1) for row in found.questions]
    assert "Repeats of one person or culture count once (rows 2 and 3)." in replace(found, questions=repeated).keys
    repeated = [replace(row, has_repeats=True) for row in found.questions]
    assert "Repeats of one person or culture count once." in replace(found, questions=repeated).keys
    # Another dataset of the same source: no sample by the same name, and no confirmation either.
    first_row = clean().evidence[0]
    source = {"declared_source": first_row.declared_source, "accession": first_row.accession}
    again = replace(excluded, evidence=[replace(row, **source) for row in excluded.evidence])
    assert findings_of([clean(), again, excluded], designs).keys[-1] == (
        "Questions 1 to 3 rest on one source: they do not confirm each other."
    )
    assert findings_of([clean(), excluded, excluded], designs).keys[-1].startswith("Questions 2 and 3 rest")


def test_rows_that_are_named_below_the_table_have_their_number():
    """In order; those of controls begin anew, with a letter."""
    control = replace(clean(), role="negative_control", behaviour=Behaviour.EXPECTED)
    summary = findings_of([clean(), control, clean()], designs_of(clean()))
    assert [row.label for row in (*summary.questions, *summary.controls)] == ["1", "2", "C1"]


def test_a_low_certainty_beside_supported_says_that_every_condition_is_met():
    """Two words that contradict each other to who does not know them; beside another word, or a moderate level, nothing is added."""
    card = capped(clean(), "influence", "composition")
    low = replace(card, certainty=certainty_of(card))
    (row,) = findings_of([low], designs_of(low)).questions
    assert row.level == "very low, though every declared condition is met"
    hint = replace(low, verdict=Verdict.SUGGESTIVE)
    sure = replace(clean(), certainty=certainty_of(clean()))
    assert [row.level for row in findings_of([hint, sure], designs_of(low)).questions] == ["very low", "moderate"]


def test_what_lowers_the_certainty_stands_beside_the_strongest_doubt():
    """As in the row of the summary; nothing without a level."""
    card = capped(clean(), "composition", "hidden factors", "influence")
    rated = replace(card, certainty=certainty_of(card))
    assert lowered_words(rated) == ("Lowers the certainty (now very low): mix of cells, hidden factors and 2 more.")
    assert lowered_words(replace(card, certainty=None)) == ""


def test_a_change_to_either_side_has_both_margins_in_per_cent():
    """As the effect beside it: a margin in log2 units could not be held against it."""
    card = replace(clean(1), verdict=Verdict.NOT_SUPPORTED)
    margin = replace(card.declared.margin, value=0.4)
    either = replace(card, declared=replace(card.declared, margin=margin, direction="either"))
    assert answer_words(either).startswith("Evidence against: a change of 24 % down or 32 % up or more is excluded")


def test_a_level_of_certainty_has_its_reasons_beside_it():
    """In a word or three each; of more than three the first two, and how many more; what every answer of its kind has comes last."""
    card = capped(clean(), "composition", "hidden factors", "influence")
    rated = replace(card, certainty=certainty_of(card))
    assert why_words(rated) == "mix of cells, hidden factors and 2 more"
    alone = replace(capped(clean(1), "replication"), agreeing=Agreeing(1, 1))
    assert why_words(replace(alone, certainty=certainty_of(alone))) == "one experiment, function not measured"
    assert why_words(replace(card, certainty=None)) == ""
    assert all(concern.brief and len(concern.brief) <= 24 for concern in CONCERNS.values())


def test_what_would_turn_an_answer_is_named_first():
    """Before reasons that came earlier; and a p beside an interval that leaves 0 out is said to be one of several."""
    card = changing(replace(capped(clean(), "influence", "pooled p"), p_holm=0.0823), COMPOSITION)
    assert why_words(replace(card, certainty=certainty_of(card))) == "mix of cells, few genes carry it and 2 more"
    assert "p 0.082 corrected for 15 questions; interval uncorrected" in [
        row.brief for row in certainty_of(card, n_questions=15).downgrades
    ]
    of_control = replace(card, p_holm=None)
    assert "p too large" in [row.brief for row in certainty_of(of_control).downgrades]


def test_how_the_controls_behaved_is_said_above_the_table():
    """Below it they may lie under the first screen; without controls nothing is said."""
    expected = replace(clean(), role="negative_control", behaviour=Behaviour.EXPECTED)
    failed = replace(expected, behaviour=Behaviour.UNEXPECTED)
    unknown = replace(expected, behaviour=Behaviour.UNKNOWN)
    told = [
        findings_of([clean(), *controls], designs_of(clean())).control_line
        for controls in ([expected] * 2, [expected, failed, unknown], [])
    ]
    assert told == ["all 2 passed", "1 of 3 passed, 1 failed, 1 not judged", ""]


def test_reasons_stand_once_and_controls_in_their_own_block():
    """Two questions with one reason share its letter; a control has no letter and is no row of the table."""
    card = clean()
    control = replace(clean(), hypothesis="k", role="negative_control", behaviour=Behaviour.EXPECTED)
    other = replace(capped(card, "influence"), hypothesis="other")
    cards = [replace(row, certainty=certainty_of(row)) for row in (card, control, other)]
    summary = findings_of(cards, designs_of(card))
    assert [row.notes for row in summary.questions] == [["a"], ["a", "b"]]
    assert [row.card.hypothesis for row in summary.controls] == ["k"]
    assert [note.letter for note in summary.footnotes] == ["a", "b"]

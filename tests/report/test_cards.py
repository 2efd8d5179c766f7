"""The words of a card: each figure, side and unit in its place, and what is said where there is none."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args

import pytest
from example_results import example_card

from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.judgement import Sensitivity, make_gate
from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.considerations.robustness.record import RobustnessColumns
from sidemine.considerations.sensitivity import no_sensitivity
from sidemine.considerations.specificity.record import SpecificityColumns
from sidemine.drawing.panel import Detail, Figure, Panel, Remarks, Table, Told
from sidemine.drawing.words import EQUAL, margin_rule, side
from sidemine.effect.record import Margin, MarginError, SizesDiffer
from sidemine.report import first_screen, subject
from sidemine.report.assets import own_file
from sidemine.report.cards import (
    _KINDS,
    band_words,
    card_view,
    declared_sentence,
    effect_list,
    figures,
    gate_counts,
    headline,
    not_asked,
    pooled_words,
)
from sidemine.report.findings import findings_of
from sidemine.report.forest import forest, forest_rows, pooled_caption
from sidemine.report.page import page_template
from sidemine.report.sections.answers import AnswerCards
from sidemine.report.sections.methods import _family
from sidemine.study.choices import Kind
from sidemine.verdict.card import Agreeing
from sidemine.verdict.vocabulary import Behaviour, Verdict

COHORTS, EXPERIMENTS = SimpleNamespace(is_cohort=True), SimpleNamespace(is_cohort=False)


@pytest.fixture
def card():
    """Two cohorts, pooled: 0.45 SD higher (0.20 to 0.70), 0.31 of it left after adjustment."""
    return example_card(0)


@pytest.fixture
def apart():
    """An inhibitor and its stimulus: two experiments that were not pooled."""
    return example_card(1)


def without(card, kind, **changes):
    """The card with other columns of one consideration."""
    columns = tuple(replace(entry, **changes) if isinstance(entry, kind) else entry for entry in card.considered)
    return replace(card, considered=columns)


def lower(card):
    pooled = replace(card.pooled, effect=-0.45, ci_low=-0.7, ci_high=-0.2)
    return replace(card, pooled=pooled)


def test_the_plain_sentence_tells_side_amount_and_interval(card):
    """As it is, adjusted, and what could have been excluded; the other side in the other word."""
    plain = first_screen.plain_sentence(card)
    assert "0.45 SD of between-person variation higher in “" in plain
    assert "(95 % CI 0.20 to 0.70): the patient lies above the control in 62 of 100 random pairs; " in plain
    assert "0.31 SD higher (" in plain
    assert "after adjusting for the mix of cells" in plain
    other = first_screen.plain_sentence(lower(card))
    assert "0.45 SD of between-person variation lower in “" in other
    assert "(95 % CI −0.70 to −0.20)" in other
    bare = without(card, CompositionColumns, composition_adjusted=None)
    assert "of 100 random pairs; not adjusted for the mix of cells." in first_screen.plain_sentence(bare)
    paired = replace(card, evidence=[replace(card.evidence[0], blocking="fixed"), *card.evidence[1:]])
    assert "0.45 SD of between-person variation higher" in first_screen.plain_sentence(paired)


def test_experiments_are_told_as_a_fold_change_beyond_other_genes(apart):
    """One contrast alone: log2 units and a percentage."""
    single = replace(apart, evidence=apart.evidence[:1])
    plain = first_screen.plain_sentence(single)
    assert "1.62 log2 units (" in plain
    assert "lower in “" in plain
    assert "counted beyond the other measured genes" in plain
    assert plain.count("lower") == 1


def test_without_one_effect_every_comparison_is_told(apart):
    """Each with side and interval, four at most; or why none could be tested."""
    plain = first_screen.plain_sentence(apart)
    assert (
        "genes, the target groups against their references: GSE900004: 1.62 log2 units lower (95 % CI −2.02 to −1.22); GSE900003: "
        "2.40 log2 units higher (95 % CI 2.10 to 2.70)." in plain
    )
    rows = apart.evidence[:1] * 4
    assert not first_screen.plain_sentence(replace(apart, evidence=rows)).endswith(" more.")
    assert first_screen.plain_sentence(replace(apart, evidence=[*rows, rows[0]])).endswith("; and 1 more.")
    untestable = example_card(4)
    assert first_screen.plain_sentence(untestable).endswith(
        "could not be tested: a group has fewer independent units than the minimum."
    )
    assert first_screen.plain_sentence(replace(untestable, evidence=[])).endswith(
        "no comparison belongs to the question."
    )


def test_groups_are_named_only_where_all_comparisons_name_the_same(card):
    """One other label is enough to speak of target groups."""
    changed = replace(card, evidence=[card.evidence[0], replace(card.evidence[1], target_label="others")])
    assert "in “" in first_screen.plain_sentence(card)
    assert "in the target groups than in their references" in first_screen.plain_sentence(changed)


@pytest.mark.parametrize(
    ("direction", "words"),
    [("up", "Had nothing risen, these data would rule out a rise of 0.30 SD or more."), ("down", "Had nothing fallen, these data would rule out a fall of 0.30 SD or more."),
     ("either", "Had nothing changed, these data would rule out a change of 0.30 SD or more.")],
)  # fmt: skip
def test_what_could_have_been_excluded_is_told_on_the_declared_side(card, direction, words):
    """An amount without a sign of its own; in the answer only where nothing is shown or excluded, for which it is a way out."""
    declared = replace(card.declared, direction=direction)
    fine = replace(card, declared=declared, smallest_excludable=0.3)
    assert first_screen.excluded_words(fine, "SD of x") == words
    open_still = replace(fine, verdict=Verdict.NOT_TESTABLE)
    assert first_screen.plain_sentence(open_still).endswith(words)
    assert "rule out" not in first_screen.plain_sentence(fine)
    assert (
        first_screen.excluded_words(replace(card, smallest_excludable=None), "SD")
        == "These data could rule out no effect, however large."
    )


def test_key_amounts_stand_in_the_plain_sentence(card, apart):
    """They are made bold there."""
    for amount in first_screen.key_amounts(card):
        assert amount in first_screen.plain_sentence(card)
    assert first_screen.key_amounts(card)[0] == "0.45 SD"
    assert len(first_screen.key_amounts(card)) == 2
    assert len(first_screen.key_amounts(without(card, CompositionColumns, composition_adjusted=None))) == 1
    assert first_screen.key_amounts(apart) == []


def test_the_line_of_an_answer_on_the_page_of_several_studies(card, apart):
    """Effect, adjusted effect and agreement; or the comparisons against each other."""
    assert (
        first_screen.overview_line(card)
        == "0.45 SD higher (95 % CI 0.20 to 0.70) · 0.31 SD higher adjusted for the mix of cells · 2 of 2 sources agree"
    )
    bare = replace(without(card, CompositionColumns, composition_adjusted=None), agreeing=None)
    assert first_screen.overview_line(bare) == "0.45 SD higher (95 % CI 0.20 to 0.70)"
    assert first_screen.overview_line(apart).startswith("67 % lower v 428 % higher · ")
    one = replace(apart, evidence=apart.evidence[:1], pooled=None)
    assert first_screen.overview_line(one).startswith("67 % lower (95 % CI −75 to −57 %) · ")  # as the summary says it
    many = replace(apart, evidence=apart.evidence * 2, agreeing=None)
    assert first_screen.overview_line(many).count(" v ") == 2
    assert first_screen.overview_line(replace(example_card(4), agreeing=None)) == "no comparison could be tested"


@pytest.mark.parametrize(
    ("agreeing", "role", "words"),
    [
        (Agreeing(1, 3), "question", "1 of 3 sources agree"),
        (Agreeing(3, 3), "question", "3 of 3 sources agree"),
        (Agreeing(0, 2), "question", "0 of 2 sources agree"),
        (Agreeing(1, 1), "question", "one source"),
        (Agreeing(0, 1), "question", "one source"),
        (Agreeing(1, 3), "negative_control", "1 of 3 sources show the change"),
    ],
)
def test_the_line_counts_sources_that_agree_among_all(card, agreeing, role, words):
    """One that agrees is not the only one; of a negative control, those that show what must not be seen."""
    line = first_screen.overview_line(replace(card, agreeing=agreeing, role=role))
    assert line.split(" · ")[-1] == words


def test_tiles_of_the_effect(card, apart):
    """Named by kind; why there is no single figure; whether it rests on one dataset."""
    tile = first_screen.effect_tile(card, COHORTS)
    assert (tile.name, tile.value, tile.hint) == ("Effect, total", "0.45 SD higher", "95 % CI 0.20 to 0.70")
    single = first_screen.effect_tile(replace(apart, evidence=apart.evidence[:1], pooled=None), EXPERIMENTS)
    assert (single.name, single.value) == ("Effect beyond other genes", "1.62 log2 lower")
    assert single.hint.endswith("; one dataset")
    none = first_screen.effect_tile(replace(apart, not_computed={"pooled": "two experiments"}), EXPERIMENTS)
    assert (none.value, none.hint) == ("no single figure", "two experiments")


def test_the_error_of_a_measured_margin_stands_beside_it(card):
    """In the tile and in what was declared, with the contrasts that share samples with the control; of a declared number nothing."""
    error = MarginError(0.05, 4.0, 0.34, 0.62, {"a": [-0.5]})
    margin = Margin(0.48, "log2", "20% of x", error)
    of_control = replace(card, smallest_excludable=0.3, declared=replace(card.declared, margin=margin))
    assert "margin 0.48 SD (95 % CI 0.34 to 0.62)" in first_screen.excludable_tile(of_control, COHORTS).hint
    told = margin_rule(margin)
    assert "20% of x: 0.48 (95 % CI 0.34 to 0.62); exclusions allow for this error" in told
    assert " (a shares samples with that contrast: errors in common are heeded)" in told
    assert "(a and b share samples" in margin_rule(
        replace(margin, error=replace(error, correlations={"a": 0.5, "b": 0.5}))
    )
    assert "share" not in margin_rule(replace(margin, error=replace(error, correlations={})))
    assert margin_rule(replace(margin, error=None)) == "20% of x"


def test_tiles_of_exclusion_and_agreement(card):
    """With the margin beside; nothing and none where nothing could be tested."""
    tile = first_screen.excludable_tile(replace(card, smallest_excludable=0.3), COHORTS)
    margin = f"; margin {card.declared.margin.value:.2f} SD"
    assert (tile.value, tile.hint) == ("0.30 SD or more", f"one-sided 95 % limit{margin}")
    unset = replace(card, smallest_excludable=0.3, declared=replace(card.declared, margin=Margin(None, "SD", "none")))
    assert first_screen.excludable_tile(unset, COHORTS).hint == "one-sided 95 % limit"
    assert first_screen.excludable_tile(replace(card, smallest_excludable=None), COHORTS).value == "nothing"
    agreeing = first_screen.agreeing_tile(replace(card, agreeing=Agreeing(1, 3)), EXPERIMENTS)
    assert (agreeing.name, agreeing.value) == ("Experiments that agree", "1 of 3")
    assert agreeing.hint == "independent sources in the declared direction, effect beyond 1 SE (z > 1)"
    assert first_screen.agreeing_tile(replace(card, agreeing=None), COHORTS).value == "none tested"
    assert first_screen.agreeing_tile(card, COHORTS).name == "Cohorts that agree"


@pytest.mark.parametrize(("direction", "where"), [("up", "the declared"), ("down", "the declared"), ("either", "one")])
def test_what_agreement_asks_of_a_source_is_told(card, direction, where):
    """By the declared direction; a panel, whose arms are one source, has no such tile."""
    card = replace(card, declared=replace(card.declared, direction=direction))
    hint = f"independent sources in {where} direction, effect beyond 1 SE (z > 1)"
    assert first_screen.agreeing_tile(card, COHORTS).hint == hint
    assert first_screen.agreeing_tile(replace(card, kind="panel"), EXPERIMENTS) is None


def test_tiles_of_p_values_say_how_several_became_one(card):
    """Each test its own p and its own count."""
    rows = [
        replace(card.evidence[0], p_self_contained=0.01, p_competitive=None),
        replace(card.evidence[1], p_competitive=0.3),
    ]
    shown = replace(card, evidence=rows, p_self_contained=0.02, p_competitive=0.3)
    tile = first_screen.self_contained_tile(shown, COHORTS)
    assert (tile.value, tile.hint) == ("p = 0.020", "self-contained (FRY); smallest of 2 single comparisons, times 2")
    tile = first_screen.competitive_tile(shown, COHORTS)
    assert tile.value == "p = 0.30"
    assert "smallest of" not in tile.hint


def test_the_headline_is_the_meaning_unless_the_change_is_opposite(card):
    """Never yes or no."""
    assert headline(card) == card.verdict.meaning
    assert "opposite to the declared one" in headline(replace(card, opposite=True))


def test_what_was_tested_and_tells_nothing_is_not_what_could_not_be_tested(card):
    """One word of the rules, two states of the data."""
    undecided = replace(card, verdict=Verdict.NOT_TESTABLE)
    assert headline(undecided).startswith("Tested, undecided: ")
    untested = replace(undecided, evidence=[replace(row, effect=None) for row in card.evidence])
    assert headline(untested).startswith("Could not be tested: ")


def test_the_band_of_a_forest_plot_has_its_size_and_unit(card):
    """People in SD, experiments in log2; nothing is shaded without a margin."""
    margin = replace(card.declared.margin, value=0.4)
    cohort = replace(card, declared=replace(card.declared, margin=margin))
    assert band_words(cohort) == "declared margin, ±0.40 SD"
    assert band_words(replace(cohort, kind="experiment")) == "declared margin, ±0.40 log2"
    none = replace(cohort.declared, margin=replace(margin, value=None))
    assert band_words(replace(cohort, declared=none)) == "nothing, no margin could be set"


@pytest.mark.parametrize(
    ("direction", "towards"),
    [("up", "are higher in “VTE”,"), ("down", "are lower in “VTE”,"),
     ("either", "are different, in either direction,")],
)  # fmt: skip
def test_what_was_declared_beforehand(card, direction, towards):
    """Direction, test, contrasts, margin and its rule; what the mirrored study reported, where it did."""
    declared = replace(card.declared, direction=direction, margin=Margin(0.4, "Hedges g", "fixed"), expects_sign="")
    sentence = declared_sentence(replace(card, declared=declared))
    assert towards in sentence
    assert "by the fry test, over 2 contrasts (" in sentence
    assert "); margin 0.40 SD (Hedges g) (fixed)." in sentence
    assert "margin not available (fixed)." in declared_sentence(
        replace(card, declared=replace(declared, margin=Margin(None, "SD", "fixed")))
    )
    for sign, word in (("up", "higher"), ("down", "lower")):
        mirrored = replace(card, declared=replace(declared, expects_sign=sign))
        assert declared_sentence(mirrored).endswith(f" Reported elsewhere, as the study declares: {word}.")
    assert "Huber" not in sentence
    robust = declared_sentence(replace(card, declared=replace(declared, score="huber")))
    assert robust.endswith(
        "(fixed). The regression of the people's scores is Huber's: people far from the others weigh less."
    )


def test_gates_are_counted_by_status(card):
    """In the order passed, failed, not evaluated; a status without a gate is not told."""
    gates = [make_gate("a", "d", True, ""), make_gate("b", "d", None, ""), make_gate("c", "d", True, "")]
    assert gate_counts(replace(card, gates=gates)) == "2 passed, 1 not evaluated"
    assert gate_counts(replace(card, gates=[make_gate("a", "d", False, "")])) == "1 failed"
    assert gate_counts(replace(card, gates=[])) == "none"


def test_every_kind_of_question_is_told_on_its_card():
    assert set(_KINDS) == set(get_args(Kind))


def test_rows_without_figures_stand_in_one_sentence_with_each_reason_once(card):
    """Rows that have figures stand in the table."""
    table = [no_sensitivity("a", "one by one"), Sensitivity("b", "would be 1", 1.0), no_sensitivity("c", "one by one")]
    assert not_asked([*table, no_sensitivity("d", "no age.")]) == "No figures: a and c (one by one); d (no age)."
    assert not_asked(table[1:2]) == ""
    assert card_view(replace(card, sensitivity=table), [Panel("forest", "", "", "", "")], []).sensitivity == table[1:2]


def test_figures_or_their_reasons(card):
    """Each of four under its own name."""
    told = without(
        without(card, SpecificityColumns, specificity_percentile=0.0), RobustnessColumns, robustness_share=0.0
    )
    values = {row.name: row.value for row in figures(told)}
    assert values["Percentile among matched random gene sets"] == (
        card.columns_of(SpecificityColumns).specificity.place or "0"
    )
    assert values["Share of analysis variants that agree"] == "0 %"
    assert values["Pooled effect over datasets"] == pooled_words(card.pooled)
    assert values["Effect adjusted for the mix of cells"].startswith("0.31 SD (95 % CI ")
    nothing = without(
        without(told, SpecificityColumns, specificity_percentile=None), RobustnessColumns, robustness_share=None
    )
    nothing = without(replace(nothing, pooled=None), CompositionColumns, composition_adjusted=None)
    keys = ("pooled", "composition_adjusted", "specificity_percentile", "robustness_share")
    nothing = replace(nothing, not_computed={key: f"why {key}" for key in keys})
    assert [row.value for row in figures(nothing)] == [f"not computed (why {key})" for key in keys]


def test_a_consideration_adds_its_words_by_its_registration(card, monkeypatch):
    """The page knows none of them by name: what a new one tells stands behind what the others tell."""
    told = Told(
        clause="0.2 SD higher without twins",
        amount="0.2 SD higher without twins",
        brief="0.2 SD without twins",
        checked="Without them: 0.2.",
        figure=Figure("Twins", "3"),
        remarks=Remarks("Who is a twin", ["Nobody."]),
        detail=Detail("Twins", "They were found by name.", Table("Twins", (), [])),
    )
    twins = replace(CONSIDERATIONS[0], name="twins", tell=lambda _: told)
    monkeypatch.setattr(subject, "CONSIDERATIONS", (*CONSIDERATIONS, twins))
    assert f"mix of cells; {told.clause}." in first_screen.plain_sentence(card)
    assert first_screen.key_amounts(card)[-1] == told.amount
    assert f" · {told.brief} · " in first_screen.overview_line(card)
    view = card_view(card, [Panel("forest", "", "", "", "")], [])
    assert view.checked == told.checked
    assert view.figures[-1] is told.figure
    assert view.remarks[-1] is told.remarks
    assert view.details[-1] is told.detail


def test_the_pooled_effect_is_told_with_all_that_stands_beside_it(card):
    """Heterogeneity with its reason, or its figures; what was left out, and why."""
    pooled = replace(card.pooled, leave_one_out_low=0.33, leave_one_out_high=0.52)
    told = pooled_words(pooled)
    for part in (
        "0.45 SD (Hedges g) (95 % CI 0.20 to 0.70, p = 6.0 × 10⁻⁴; common effect, 2 datasets)",
        "each dataset alone: 0.33 to 0.52",  # of two
        "random effects with Hartung–Knapp limits: 0.45 (−0.70 to 1.60)",
        "Stouffer's z 3.40, p = 7.0 × 10⁻⁴",
        "heterogeneity: Q = 0.50, p = 0.47",
        "I² and τ²: ",
        "too_small left out: ",
    ):
        assert part in told
    three = replace(
        pooled, not_estimable={}, tau2=0.0123, i2=41.7, prediction_low=-0.1, prediction_high=1.0, refused=[]
    )
    assert "I² = 42 %, τ² = 0.012; prediction interval −0.10 to 1.00" in pooled_words(three)
    of_three = replace(three, k=3)
    assert "one dataset left out: 0.33 to 0.52" in pooled_words(of_three)
    captions = [pooled_caption(replace(card, pooled=row)) for row in (three, of_three)]
    assert ["pale bar: each dataset alone;" in told for told in captions] == [True, False]
    (row,) = (row for row in forest_rows([], of_three))
    assert row.facts.startswith("one left out: 0.33 to 0.52 · ")


def test_where_sizes_differ_no_single_figure_is_shown(card):
    """The card tells both effects and that they differ; forest, tile and amounts have no pooled point."""
    apart = SizesDiffer("both up, the larger 8 times the smaller (in SD)", "the two 95 % intervals do not overlap")
    told = replace(card, pooled=replace(card.pooled, sizes_differ=apart))
    assert card.main_effect is not None
    assert told.main_effect is None
    assert first_screen.key_amounts(told) == []
    sentence = first_screen.plain_sentence(told)
    assert "both up, the larger 8 times the smaller (in SD); no single figure stands for them" in sentence
    assert pooled_words(told.pooled).startswith("no single figure: both up, the larger 8 times the smaller (in SD)")
    for words in (sentence, pooled_words(told.pooled), pooled_caption(told)):
        assert f"{card.pooled.effect:.2f} SD" not in words
    assert [row.contrast for row in forest_rows(told.evidence, told.pooled)] == [row.contrast for row in told.evidence]
    assert "Heterogeneity: Q = " in pooled_caption(told)
    assert "Heterogeneity: Q = " in pooled_caption(card)


def test_effects_are_listed_unless_the_sentence_tells_them(card):
    """Four at most, and how many more; the positive control last."""
    quiet = replace(card, sentence="Nothing.", control=None)
    effects, more = effect_list(quiet)
    assert ([effect.way for effect in effects], more) == (["higher", "higher"], 0)
    assert effects[0].where == f"{card.evidence[0].accession}, {card.evidence[0].tissue}"
    effects, more = effect_list(replace(quiet, evidence=card.evidence * 3))
    assert (len(effects), more) == (4, 2)
    accessions = " ".join(row.accession for row in card.evidence)
    assert effect_list(replace(quiet, sentence=f"{accessions} 95 % CI"))[0] == []
    assert effect_list(replace(quiet, sentence=f"{card.evidence[0].accession} 95 % CI"))[0]
    assert effect_list(replace(quiet, sentence=accessions))[0]
    control = replace(card.evidence[0], accession="GSE7", effect=-0.5, ci_low=-0.8, ci_high=-0.2)
    effects, _ = effect_list(replace(quiet, control=control))
    assert (effects[-1].where, effects[-1].way) == ("Positive control, GSE7", "lower")


def test_an_untestable_contrast_is_listed_with_its_reason():
    """No side, no reading."""
    untestable = example_card(4)
    (effect,), _ = effect_list(replace(untestable, control=None))
    assert (effect.where, effect.way, effect.reading) == (untestable.evidence[0].accession, "none", "")
    *_, control = effect_list(replace(untestable, control=untestable.evidence[0]))[0]
    assert control.where == f"Positive control, {effect.where}"
    assert effect.words == "not testable: a group has fewer independent units than the minimum"
    zero = replace(example_card(0).evidence[0], effect=0.0)
    (flat, *_), _ = effect_list(replace(example_card(0), sentence="", evidence=[zero], control=None))
    assert flat.way == "none"


def test_every_verdict_has_its_colours():
    """By the class of its style: on light ground, on dark ground, and on paper."""
    styles = own_file("page.css")
    for verdict in Verdict:
        colour = "--" + verdict.css_class.removeprefix("verdict-")
        assert f".{verdict.css_class} {{ --tone: var({colour}); }}" in styles
        assert styles.count(f"{colour}: #") == 3


def test_a_card_shows_its_forest_plot_first_and_every_other_panel_after_it(card):
    """In their order, with its tiles: what leads beside the answer, checks after it, then what has only a reason."""
    forest, check, told, lead, empty, bare = (
        Panel(
            kind,
            kind,
            kind,
            "",
            "no data",
            chart={} if kind in {"forest", "check", "lead"} else None,
            leads="l" in kind,
        )
        for kind in ("forest", "check", "t", "lead", "empty", "l")
    )
    told = replace(told, facts=["A sentence."])
    others = [check, told, lead, empty, bare]
    for first in others:
        given = [first, *(panel for panel in others if panel is not first)]
        view = card_view(card, [forest, *given], ["tile"])
        shown = [[panel for panel in given if panel in group] for group in ([lead], [check, told], [empty, bare])]
        assert [view.leading, view.panels, view.undrawn] == shown
        assert (view.forest, view.tiles) == (forest, ["tile"])


def test_what_is_shown_as_nought_lies_on_no_side(card):
    """An effect of 0.004 is shown as 0.00, so no word may give it a side."""
    assert [side(value) for value in (0.004, -0.004, 0.006, -0.006)] == [
        EQUAL,
        EQUAL,
        "higher",
        "lower",
    ]
    rows = [replace(row, effect=-0.004) for row in card.evidence]
    plain = first_screen.plain_sentence(replace(card, pooled=None, evidence=rows))
    assert "0.00 SD of between-person variation different (95 % CI" in plain


def test_the_forest_plot_of_a_panel_says_that_its_answer_rests_on_another_model(card):
    """Its rows are fitted one by one, so their intervals differ from those that the answer tells."""
    assert "one model of all arms" in pooled_caption(replace(card, kind="panel"))
    assert "one model" not in pooled_caption(card)


def test_rows_of_one_forest_plot_never_share_a_label(card):
    """Arms of one dataset are told apart by their target group; what they share stands below."""
    first = card.evidence[0]
    arms = [replace(first, contrast=dose, target_label=f"drug, {dose}") for dose in ("low", "high")]
    rows = forest_rows([*arms, replace(first, accession="GSE9")])
    labels = [row.label for row in rows]
    assert len(set(labels)) == 3
    assert labels[0] == "drug, low"
    assert f" · {first.accession} · " in rows[0].facts
    assert labels[2].startswith("GSE9 · ")


def test_long_names_of_a_forest_plot_stand_in_full_beside_it(card):
    """A narrow figure cuts them: they are in what a pointer shows; a name that is read from the right keeps the dose behind it."""
    tissue = "bronchial epithelial cells, passage 4"
    name = "\u05d1\u05e8\u05d9\u05e6\u05d9 100 nM"
    spec = forest(forest_rows([replace(row, tissue=tissue) for row in card.evidence]), "log2", None)
    shown = [layer["encoding"]["tooltip"] for layer in spec["layer"] if "tooltip" in layer.get("encoding", {})]
    assert shown
    assert all({"field": "label", "title": "data"} in fields for fields in shown)
    assert all(tissue in row["label"] + row["facts"] for row in spec["data"]["values"])
    (first, *_) = forest_rows([replace(row, tissue=name) for row in card.evidence])
    assert f"\u2068{name}\u2069" in first.label + first.facts


@pytest.mark.parametrize(
    ("role", "direction", "must"),
    [("positive_control", "up", "be higher"), ("negative_control", "down", "be not lower"),
     ("negative_control", "either", "be not different")],
)  # fmt: skip
def test_a_control_is_told_by_what_it_must_do(card, role, direction, must):
    """At its own level; the verdict of the rules stands behind it, never as its word."""
    declared = replace(card.declared, direction=direction)
    control = replace(card, role=role, declared=declared, behaviour=Behaviour.UNEXPECTED, opposite=True)
    told = headline(control)
    assert told.startswith(f"A {role.replace('_', ' ')}: its genes must {must} in “VTE”.")
    assert "outside Holm's adjustment" in told
    assert told.endswith(f"by the rules alone it is {card.verdict}.")
    assert (card.word, control.word) == (card.verdict, Behaviour.UNEXPECTED)


def test_the_words_of_a_control_stand_on_the_overview_and_the_card(card):
    """Its role and what it did, in place of a verdict; a question keeps its verdict."""
    control = replace(card, hypothesis="k", role="negative_control", behaviour=Behaviour.EXPECTED, opposite=True)
    empty = Panel(kind="forest", element="forest", title="t", caption="c", why_empty="nothing")
    views = [card_view(one, [empty], []) for one in (card, control)]
    environment = page_template("page.html.j2").environment
    macros = environment.get_template("macros.html.j2").module
    designs = {
        row.contrast: SimpleNamespace(dataset="", target_samples=[], reference_samples=[]) for row in card.evidence
    }
    content = AnswerCards(findings_of([card, control], designs), views)
    html = environment.get_template("answers.html.j2").render(here=content, show=macros)
    chips = {
        'class="chip small verdict-supported"': "</span> passed",
        'class="chip verdict-supported"': "negative control: behaved as expected",
    }
    for element, words in chips.items():
        (chip,) = re.findall(rf"<[a-z]+ {element}>.*?</(?:p|span></span)>", html, flags=re.DOTALL)
        assert words in chip
        assert "opposite" not in chip
    assert html.index('id="card-vte_targets"') < html.index('id="controls"') < html.index('id="card-k"')
    assert "Behaved as expected</span>, because:" in html
    assert "Suggestive</span>, because:" in html
    assert html.count("The answer is about these invented data.") == 2


def test_holms_family_is_told_with_its_controls(card):
    """Questions are counted, answered or not; controls stand beside them by what they did."""
    assert _family([card]) == (
        "Primary p-values are Holm-adjusted over the 1 question of this study, answered or not; the adjustment knows of no "
        "other study of the same data."
    )
    controls = [
        replace(card, role="positive_control", behaviour=behaviour)
        for behaviour in (Behaviour.EXPECTED, Behaviour.EXPECTED, Behaviour.UNKNOWN)
    ]
    told = _family([card, card, *controls])
    assert "over the 2 questions of this study" in told
    assert told.endswith(
        " 3 controls stood outside of it, at the level of their own (2 behaved as expected, 1 could not be judged)."
    )

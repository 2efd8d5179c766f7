"""The specificity plot and the cell table show what the verdict stage says, and nothing where it says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from example_evidence import placed, robustness, specificity_record
from example_results import example_card

from sidemine.considerations.composition.panel import tell_adjusted
from sidemine.considerations.specificity.panel import overlap_sentences, specificity_chart
from sidemine.considerations.specificity.record import SetBeside, SpecificityColumns
from sidemine.report.first_screen import doubt_checked
from sidemine.report.forest import forest, forest_rows
from sidemine.report.subject import subject_of

OVERLAPS = [
    SetBeside("SIM_INTERFERON_TARGETS", "target", "OTHER", 20, 0.5, 0.2, 0.8, "up", 0.01, None),
    SetBeside("OTHER", "target", "SIM_INTERFERON_TARGETS", 30, 0.1, -0.2, 0.4, "up", 0.6, None),
]


def contrast(percentile=99.0):
    place = placed("vte_a", 0.6, percentile, OVERLAPS)
    heme, control = place.beside
    return replace(
        place,
        matched=replace(place.matched, quantiles=[k / 40 for k in range(41)]),
        beside=[heme, replace(control, effect=None)],
    )


def test_plot_shows_random_sets_only_where_they_match():
    """The bar spans the inner 90 % of matched random sets; without a valid comparator there is none, and words say so."""
    spec = specificity_chart([contrast()], "Hedges g")
    assert spec["layer"][0]["data"]["values"] == [{"contrast": "vte_a", "low": 0.05, "high": 0.95}]
    assert len(spec["layer"][1]["data"]["values"]) == 41
    assert [row["kind"] for row in spec["layer"][2]["data"]["values"]] == ["confounder", "primary set"]
    spec = specificity_chart([contrast(None)], "Hedges g")
    assert spec["layer"][0]["data"]["values"] == []
    assert "no valid random sets" in spec["description"]


@pytest.mark.parametrize("value", [0.54, -1.96])
def test_forest_leaves_room_for_its_numbers(value):
    """Effect and interval are never cut, however many minus signs they hold."""
    entry = replace(example_card().evidence[0], effect=value, ci_low=value - 0.25, ci_high=value + 0.25)
    rows = forest_rows([entry])
    marks = [layer["mark"] for layer in forest(rows, "Hedges g", 0.4)["layer"] if layer["mark"]["type"] == "text"]
    (room,) = [mark["limit"] for mark in marks if mark.get("align") == "right"]
    assert room >= 7.4 * len(rows[0].value)


@pytest.mark.parametrize(
    ("status", "told"),
    [(done, "Without them: 0.58.") for done in ("passed", "failed")]
    + [(no, "") for no in ("not applicable", "not evaluated")],
)
def test_doubt_about_reused_samples_says_what_the_run_without_them_gave(status, told):
    """Where re-used samples are the strongest doubt and the run without them was made, its result stands beside it."""
    grid = robustness()["hypotheses"][0]
    grid |= {
        "required_runs": {"age_overlap": "passed", "no_reused_controls": status},
        "required_details": {"age_overlap": "", "no_reused_controls": "Without them: 0.58."},
    }
    flag = {"where": "contrast", "name": "vte_a", "trap": "reused_samples", "check": "re-use", "status": "warn",
            "evidence": "0 of 70", "consequence": "told here", "serious": True}  # fmt: skip
    card = example_card(doubt="Re-used samples (a: 0 of 70).", trap_flags=[flag], robustness=grid)
    assert doubt_checked(card) == told
    assert doubt_checked(replace(card, doubt="Something else.")) == ""


def test_overlaps_are_told_in_both_directions():
    """What is left of each set without the other stands in one sentence."""
    shown = replace(specificity_record(), contrasts=[contrast()])
    (sentence,) = overlap_sentences(SpecificityColumns(shown, None), "SIM_INTERFERON_TARGETS")
    assert "SIM_INTERFERON_TARGETS without the genes of OTHER (20 genes): 0.50" in sentence
    assert "OTHER without the genes of SIM_INTERFERON_TARGETS (30 genes): 0.10" in sentence


def test_unused_proxies_stand_in_the_cell_table_with_their_reason():
    """A dropped proxy is shown, not hidden."""
    rows = tell_adjusted(subject_of(example_card())).detail.table.rows
    assert [row["shift"] for row in rows if row["cell_type"] == "b cell"] == [
        "not used: 2 usable markers, fewer than 4"
    ] * 2

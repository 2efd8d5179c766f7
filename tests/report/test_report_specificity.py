"""The specificity plot and the cell table show what the verdict stage says, and nothing where it says nothing."""

from __future__ import annotations

import pytest

from sidemine.report import cards, charts, evidence_charts
from sidemine.report.answer import doubt_checked


def contrast(percentile=99.0):
    return {
        "contrast": "vte_a",
        "gene_set": "TARGET",
        "effect": 0.6,
        "matched": {
            "percentile": percentile,
            "reason": "no valid comparator: x",
            "quantiles": [k / 40 for k in range(41)],
        },
        "beside": [
            {"gene_set": "HEME", "family": "confounder", "effect": 0.4},
            {"gene_set": "TESTIS", "family": "negative_control", "effect": None},
        ],
        "overlaps": [
            {"gene_set": "TARGET", "without": "OTHER", "n_measured": 20, "effect": 0.5, "p_value": 0.01},
            {"gene_set": "OTHER", "without": "TARGET", "n_measured": 30, "effect": 0.1, "p_value": 0.6},
        ],
    }


def test_plot_shows_random_sets_only_where_they_match():
    """The bar spans the inner 90 % of matched random sets; without a valid comparator there is none, and words say so."""
    spec = evidence_charts.specificity([contrast()], "Hedges g")
    assert spec["layer"][0]["data"]["values"] == [{"contrast": "vte_a", "low": 0.05, "high": 0.95}]
    assert len(spec["layer"][1]["data"]["values"]) == 41
    assert [row["kind"] for row in spec["layer"][2]["data"]["values"]] == ["confounder", "primary set"]
    spec = evidence_charts.specificity([contrast(None)], "Hedges g")
    assert spec["layer"][0]["data"]["values"] == []
    assert "no valid comparator" in spec["description"]


@pytest.mark.parametrize("value", [0.54, -1.96])
def test_forest_leaves_room_for_its_numbers(value):
    """Effect and interval are never cut, however many minus signs they hold."""
    entry = {"contrast": "a", "accession": "GSE1", "tissue": "blood", "platform": "GPL1", "n_target": 3, "n_reference": 3,
             "n_measured": 9, "n_in_set": 9, "effect": value, "ci_low": value - 0.25, "ci_high": value + 0.25, "problem": None}  # fmt: skip
    rows = charts.forest_rows([entry])
    marks = [
        layer["mark"] for layer in charts.forest(rows, "Hedges g", 0.4)["layer"] if layer["mark"]["type"] == "text"
    ]
    (room,) = [mark["limit"] for mark in marks if mark.get("align") == "right"]
    assert room >= 7.4 * len(rows[0]["value"])


@pytest.mark.parametrize(("status", "told"), [("passed", "Without them: 0.58."), ("not applicable", "")])
def test_doubt_about_reused_samples_says_what_the_run_without_them_gave(status, told):
    """Where re-used samples are the strongest doubt and the run without them was made, its result stands beside it."""
    record = {"required_runs": {"no_reused_controls": status}, "required_details": {"no_reused_controls": "Without them: 0.58."}}  # fmt: skip
    flag = {"trap": "reused_samples", "serious": True, "evidence": "0 of 70"}
    entry = {"doubt": "Re-used samples (a: 0 of 70).", "trap_flags": [flag]}
    assert doubt_checked(entry, record) == told
    assert doubt_checked({**entry, "doubt": "Something else."}, record) == ""


def test_overlaps_are_told_in_both_directions():
    """What is left of each set without the other stands in one sentence."""
    (sentence,) = cards.overlap_sentences({"declared": {"set": "TARGET"}, "specificity": {"contrasts": [contrast()]}})
    assert "TARGET without the genes of OTHER (20 genes): 0.50" in sentence
    assert "OTHER without the genes of TARGET (30 genes): 0.10" in sentence


def test_unused_proxies_stand_in_the_cell_table_with_their_reason():
    """A dropped proxy is shown, not hidden."""
    proxies = [{"cell_type": "b_cell", "used": False, "reason": "contaminated"}]
    (row,) = cards.cell_rows({"composition": {"contrasts": [{"contrast": "a", "single": [], "proxies": proxies}]}})
    assert (row["cell_type"], row["shift"]) == ("b cell", "not used: contaminated")

"""What the page shows of each consideration: every figure in its place, and what stands there without one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases import case
from test_judges import entry, judged_composition, placed, record

from sidemine.considerations.composition.panel import adjusted_tile, adjustment_chart, cell_rows
from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.robustness.panel import (
    robustness_methods,
    robustness_panel,
    robustness_tile,
    specification_chart,
)
from sidemine.considerations.robustness.record import RobustnessColumns, Share, VariantRow
from sidemine.considerations.specificity.judge import judge_specificity
from sidemine.considerations.specificity.panel import (
    confounders_chart,
    confounders_panel,
    overlap_sentences,
    specificity_chart,
    specificity_panel,
    specificity_tile,
)
from sidemine.considerations.specificity.record import SetBeside, Specificity
from sidemine.drawing.panel import ComparatorEffect, Subject
from sidemine.effect.record import ContrastEvidence


def subject(*, is_cohort=True, **missing):
    return Subject("h", "S", is_cohort, "Hedges g", [], missing)


# Robustness


def variant(name="v", effect=0.5, **changes):
    known = effect is not None
    values = VariantRow(
        "h", name, "probe_rule", f"Way {name}.", full_data=True, k=2, n_genes=30, effect=effect, se=0.1 if known else None, df=None,
        ci_low=effect - 0.2 if known else None, ci_high=effect + 0.2 if known else None, effect_scale="Hedges g",
        direction="up", p_value=0.01, verdict="suggestive", agrees=True if known else None, reason="" if known else "no counts",
    )  # fmt: skip
    return replace(values, **changes)


def robustness(*variants, **changes):
    return RobustnessColumns(record(variants=list(variants), **changes), 0.7)


def test_the_tile_of_robustness_counts_what_agrees():
    """All variants, and those on full data; or why there are none."""
    tile = robustness_tile(robustness(), subject())
    assert (tile.value, tile.hint) == ("10 of 14", "71 % of variants; on full data 9 of 12")
    part = robustness_tile(robustness(full_data=Share(0, 0, None)), subject())
    assert part.hint == "71 % of variants"
    nothing = RobustnessColumns(replace(record(), of=0), None)
    for columns in (RobustnessColumns(None, None), nothing):
        empty = robustness_tile(columns, subject(robustness_share="no grid"))
        assert (empty.value, empty.hint) == ("not computed", "no grid")


def test_the_panel_of_robustness_tells_runs_reversals_and_what_was_left_out():
    """One fact each, in order; the table has every variant."""
    rows = [variant("a"), variant("b", None), variant("c", None), variant("d", None, reason="")]
    columns = robustness(
        *rows, reversed=["x"], required_runs={"no_reused_controls": "passed", "age_overlap": "failed"},
        required_details={"no_reused_controls": "", "age_overlap": "n = 9"},
    )  # fmt: skip
    panel = robustness_panel(columns, subject())
    assert panel.facts == [
        "age overlap: failed (n = 9)",
        "no reused controls: passed",
        "reversed with an interval that excludes 0: x",
    ]
    assert [row["variant"] for row in panel.table.rows] == ["a", "b", "c", "d"]
    assert [row["agrees"] for row in panel.table.rows][1::2] == ["not evaluated: no counts", "not evaluated: —"]
    assert panel.chart is not None
    none = robustness_panel(RobustnessColumns(None, None), subject(robustness_share="no grid"))
    assert (none.facts, none.chart, none.why_empty) == ([], None, "no grid")


def test_variants_in_the_cells_of_the_table():
    """Interval in order; dashes where nothing was measured; whether it agrees, in a word or with its reason."""
    rows = robustness_panel(
        robustness(
            variant("a"),
            variant("b", agrees=False),
            variant("c", None, k=None, p_value=None, verdict=""),
            variant("d", None, reason=""),
        ),
        subject(),
    ).table.rows
    assert rows[0] == {
        "variant": "a", "dimension": "probe rule", "description": "Way a.", "k": "2", "effect": "0.50 [0.30, 0.70]",
        "p_value": "0.010", "verdict": "suggestive", "agrees": "yes",
    }  # fmt: skip
    assert rows[1]["agrees"] == "no"
    assert {key: rows[2][key] for key in ("k", "effect", "p_value", "verdict", "agrees")} == {
        "k": "—", "effect": "—", "p_value": "not computed", "verdict": "—", "agrees": "not evaluated: no counts",
    }  # fmt: skip
    assert rows[3]["agrees"] == "not evaluated: —"


def test_the_specification_curve_orders_variants_by_effect():
    """Ranks from 1, equal effects by name, each with its interval, side and choice; the reference is marked and first."""
    rows = [variant("b", 0.5), variant("a", 0.5, agrees=False), variant("low", -0.9, agrees=None), variant("none", None),
            variant("no interval", 0.1, ci_low=None), variant("no end", 0.1, ci_high=None),
            variant("reference", 0.1, dimension="reference")]  # fmt: skip
    chart = specification_chart(rows, "Hedges g")
    points = chart["data"]["values"]
    assert [(point["rank"], point["words"]) for point in points] == [
        (1, "Way low."), (2, "Way reference."), (3, "Way a."), (4, "Way b."),
    ]  # fmt: skip
    assert [(point["ci_low"], point["ci_high"]) for point in points[:1]] == [(pytest.approx(-1.1), pytest.approx(-0.7))]
    assert [point["way"] for point in points] == ["lower", "unclear", "higher", "higher"]
    assert [point["agrees"] for point in points] == ["not evaluated", "agrees", "does not agree", "agrees"]
    assert [point["reference"] for point in points] == [False, True, False, False]
    assert "4 variants evaluated, 2 agree with the reference." in chart["description"]
    curve, below = chart["layer"]
    whisker = curve["layer"][1]["encoding"]
    assert (whisker["y"]["field"], whisker["y2"]["field"]) == ("ci_low", "ci_high")
    assert whisker["x"]["scale"]["domain"] == [0.3, 4.7]
    assert below["encoding"]["y"]["sort"] == ["reference", "probe rule"]
    # The choices stand below the curve, one step each.
    ends = below["encoding"]["y"]["scale"]["range"]
    assert chart["height"] > ends[1] > ends[0] > whisker["y"]["scale"]["range"][0]
    assert whisker["y"]["scale"]["range"][1] == 0
    assert specification_chart([variant("none", None)], "Hedges g") is None


def test_the_methods_count_variants_and_hypotheses():
    """The reference is no dimension; what was not evaluated counts as declared only."""
    rows = [variant("reference", dimension="reference"), variant("a"), variant("b", None, dimension="age_added")]
    text = robustness_methods([robustness(*rows), robustness(variant("c")), RobustnessColumns(None, None)])
    assert "4 variants of the analysis over 2 hypotheses" in text
    assert "(age added and probe rule), 3 of them evaluated" in text
    assert robustness_methods([robustness()]) == "Robustness. No variant of the analysis was evaluated in this run."


# Specificity


def beside(name="HEME", family="confounder", effect=0.2, without="", n=30, p=0.03):
    return SetBeside(name, family, without, n, effect, None if effect is None else effect - 0.1,
                     None if effect is None else effect + 0.1, "up", p, None)  # fmt: skip


def specificity(*entries):
    return judge_specificity(replace(case("cohort", "a"), carrying=("a", "b")), Specificity("h", list(entries))).columns


def test_the_tile_of_specificity_prefers_random_sets():
    """Comparators beside, or alone with the reason; neither: why."""
    tile = specificity_tile(specificity(placed("a", 93.0, 81.0)), subject())
    assert (tile.value, tile.hint) == (
        "93rd percentile upwards",
        "among matched random sets; comparator sets: 81st percentile upwards",
    )
    assert specificity_tile(specificity(placed("a", 93.0, None)), subject()).hint == "among matched random sets"
    alone = specificity(placed("a", None, 81.0))
    assert specificity_tile(alone, subject(specificity_percentile="a: no valid comparator: few")).hint == (
        "among comparator sets; no random set matches"
    )
    assert specificity_tile(alone, subject(specificity_percentile="too small")).hint == (
        "among comparator sets; random sets: too small"
    )
    tile = specificity_tile(specificity(placed("a", None, None)), subject(specificity_percentile="why"))
    assert (tile.value, tile.hint) == ("not computed", "why")


def test_the_chart_of_specificity_draws_sets_bars_and_ticks_of_their_contrast():
    """The bar holds 90 % of the random sets; no bar where none match; the primary set is drawn last, on top."""
    quantiles = [float(value) for value in range(1, 101)]
    first = placed("a")
    first = replace(first, matched=replace(first.matched, quantiles=quantiles),
                    beside=[beside(family="negative_control"), beside("NONE", effect=None)])  # fmt: skip
    second = placed("b", None, 90.0)
    others = [ComparatorEffect("a", "C1", 0.4), ComparatorEffect("b", "C2", 0.3)]
    bars, ticks, points, zeros, labels, places = (
        layer["data"]["values"] for layer in specificity_chart([first, second], "Hedges g", others)["layer"]
    )
    assert bars == [{"contrast": "a", "low": 6.0, "high": 95.0}]
    assert [tick["effect"] for tick in ticks] == quantiles
    assert [(point["contrast"], point["set"], point["kind"], point["effect"]) for point in points] == [
        ("a", "C1", "comparator", 0.4), ("a", "HEME", "negative control", 0.2), ("a", "S", "primary set", 1.0),
        ("b", "C2", "comparator", 0.3), ("b", "S", "primary set", 1.0),
    ]  # fmt: skip
    assert [row["contrast"] for row in zeros] == [row["contrast"] for row in labels] == ["a", "b"]
    assert [row["words"] for row in places] == [
        "99th percentile upwards among random sets; rank 1 of 41 comparators",
        "rank 1 of 41 comparators; no valid random sets",
    ]
    columns = specificity(first)
    assert specificity_panel(columns, subject()).facts == [columns.specificity.sentence]
    assert specificity_panel(specificity(), subject()).chart is None


@pytest.mark.parametrize(("n", "words"), [(4, ""), (5, " 1 further comparison in specificity.tsv.")])
def test_confounders_of_four_comparisons_are_drawn(n, words):
    """More are told."""
    names = [f"c{at}" for at in range(n)]
    caption = confounders_panel(
        specificity(*(placed(name) for name in names)), replace(subject(), evidence=[evidence(name) for name in names])
    ).caption
    assert caption.endswith(f"a rival explanation.{words}")


def evidence(name):
    return ContrastEvidence(name, name, name, 9, 9, testable=True, effect=0.5, ci_low=0.3, ci_high=0.7)


def test_confounders_stand_before_controls_under_the_primary_set():
    """By name; unmeasured ones are left out; nothing beside, no chart."""
    rows = [beside("Z"), beside("CALM", "negative_control"), beside("A"), beside("NONE", effect=None)]
    chart = confounders_chart([replace(placed("a"), beside=rows)], [evidence("a")], "Hedges g")
    order = [name for name in ("◆ S", "✚ A", "✚ Z", "● CALM") if name in str(chart)]
    assert order == ["◆ S", "✚ A", "✚ Z", "● CALM"]
    assert sorted(order, key=str(chart).index) == order
    assert "NONE" not in str(chart)
    assert confounders_chart([replace(placed("a"), beside=rows[3:])], [evidence("a")], "Hedges g") is None


def test_overlaps_tell_the_nearest_rivals_both_ways():
    """Two rivals with the smallest remainder; each with its own remainder without the primary set."""
    rows = [
        beside("S", "target", 0.9, "FAR", 28), beside("S", "target", 0.4, "NEAR", 12), beside("S", "target", 0.5, "MID", 20),
        beside("NEAR", "target", 0.1, "S", 9, 0.5), beside("NEAR", "target", None, "S", 9), beside("MID", "target", 0.2, "S", 1, 0.5),
    ]  # fmt: skip
    told = overlap_sentences(specificity(replace(placed("a"), overlaps=rows)), "S")
    assert told == [
        "a: S without the genes of NEAR (12 genes): 0.40 (p = 0.030); NEAR without the genes of S (9 genes): 0.10 (p = 0.50)",
        "a: S without the genes of MID (20 genes): 0.50 (p = 0.030); MID without the genes of S (1 gene): 0.20 (p = 0.50)",
    ]


# Composition


def test_the_tile_of_composition_tells_amount_and_side():
    """None of experiments, which are not asked; not computed in cohorts."""
    columns = judged_composition(entry("a"), carrying=("a",)).columns
    tile = adjusted_tile(columns, subject())
    assert (tile.value, tile.hint) == ("0.50 SD higher", "95 % CI 0.26 to 0.74")
    flipped = replace(columns.composition_adjusted, effect=-0.5, ci_low=-0.7, ci_high=-0.3)
    assert adjusted_tile(CompositionColumns(columns.composition, flipped), subject()).value == "0.50 SD lower"
    empty = CompositionColumns(columns.composition, None)
    assert adjusted_tile(empty, subject(is_cohort=True, composition_adjusted="why")).value == "not computed"
    assert adjusted_tile(empty, subject(is_cohort=False, composition_adjusted="why")) is None


def test_the_chart_of_composition_tells_total_each_cell_and_all():
    """Pooled first, then each cohort: total, every proxy alone, all, and all with noise."""
    chart = str(adjustment_chart(judged_composition(entry("a"), entry("b")).columns.composition, "Hedges g"))
    assert (
        chart.index("pooled")
        < chart.index("erythroid alone")
        < chart.index("adjusted for all", chart.index("erythroid alone"))
    )
    assert "b cell alone" in chart
    assert "… and for noise of proxies" in chart
    unknown = str(adjustment_chart(judged_composition(entry("a")).columns.composition, "Hedges g"))
    assert "erythroid alone" in unknown
    assert "pooled" not in unknown
    assert adjustment_chart(judged_composition(kind="experiment").columns.composition, "Hedges g") is None
    assert adjustment_chart(judged_composition().columns.composition, "Hedges g") is None


def test_cells_are_told_one_by_one():
    """Shift with its interval, the effect with this proxy alone, and what it takes."""
    rows = cell_rows(judged_composition(entry("a"), carrying=("a",)).columns)
    assert [(row["contrast"], row["cell_type"], row["difference"]) for row in rows] == [
        ("a", "erythroid", "0.10"),
        ("a", "b cell", "−0.30"),
    ]
    assert rows[0]["shift"] == "0.10 (−0.14 to 0.34)"
    assert rows[0]["adjusted"] == "0.50 (p = 0.001)"
    assert cell_rows(judged_composition(kind="experiment").columns) == []

"""What the page shows of each consideration: every figure in its place, and what stands there without one."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from cases import case
from test_judges import entry, judged_composition, placed, record

from sidemine.considerations.composition.panel import adjusted_tile, adjustment_chart, cell_rows, cells_light
from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.compounds.panel import compound_methods, compound_panel, compound_tile
from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.considerations.compounds.telling import tell_arms
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
from sidemine.drawing.panel import CLEAR, TOLD, UNKNOWN, ComparatorEffect, Subject, Told
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, Response, ShapeStatistic, SidedP
from sidemine.effect.record import ContrastEvidence, Margin
from sidemine.errors import Problem


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
    order = [name for name in ("▮ S", "✚ A", "✚ Z", "□ CALM") if name in str(chart)]
    assert order == ["▮ S", "✚ A", "✚ Z", "□ CALM"]
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


def test_the_light_of_a_comparison_is_that_of_its_own_cells():
    """Of two cohorts the groups of one differ in a cell type; of a third nothing is known."""
    columns = judged_composition(entry("a"), entry("b"), carrying=("a", "b")).columns
    calm, other = columns.composition.contrasts
    first = other.single[0]
    moved = replace(first, shift=replace(first.shift, ci_low=0.1, ci_high=0.3))
    calm = replace(
        calm, single=[replace(one, shift=replace(one.shift, ci_low=-0.1, ci_high=0.3)) for one in calm.single]
    )
    told = replace(columns.composition, contrasts=[calm, replace(other, single=[moved])])
    about = replace(subject(), considered=(replace(columns, composition=told),))
    lights = {name: cells_light(about, name) for name in "abc"}
    assert [lights[name].status for name in "abc"] == [CLEAR, TOLD, UNKNOWN]
    assert lights["b"].words == f"the groups differ in {first.cell_type}"


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


# Compounds

NOT_FITTED = Problem("too few samples", "2 v 3", "3 v 3", "Add samples.")


def arm(name, effect=-0.8, *, se=0.1, p=1e-9, over=None, **changes):
    """An arm that is declared to go down; one without an effect is not in the model."""
    values = ArmEffect(name, name.upper(), True, "", None, None, True, 3, 4, problem=NOT_FITTED)
    if effect is not None:
        found = "down" if effect < 0 else "up"
        limits = effect - 2 * se, effect + 2 * se
        others = SidedP(p if over is None else over, found)
        values = replace(values, problem=None, effect=effect, effect_se=se, df=20.0, ci_low=limits[0], ci_high=limits[1],
                         tested=SidedP(p, found), over_others=others)  # fmt: skip
    return replace(values, **changes)


def compounds(*arms, asks="class_wide", **changes):
    """A panel of these arms in one model of 20 samples, with a compound of another class beside them."""
    values = CompoundEvidence(asks, "down", "nM", "h", list(arms), 20, 8, ["X"])
    return replace(values, **changes)


def subject_of(panel, pattern="some words", **changes):
    """What the words and the panel of a card are about."""
    found = subject(is_cohort=False)
    columns = (CompoundColumns(pattern, panel),)
    return replace(
        found,
        unit="log2 fold change over complement",
        considered=columns,
        margin=Margin(0.4, "log2", "declared"),
        **changes,
    )


def panel_of(*arms, pattern="some words", **changes):
    """The panel of an answer card over these arms."""
    return compound_panel(subject_of(compounds(*arms, **changes), pattern))


def test_every_arm_of_a_panel_has_its_figures_in_their_columns():
    """What was declared, what was measured, and whether the answer rests on it; dashes where there is nothing."""
    full = arm("a", -0.5, cell="HaCaT", dose=10.0, time=6.0, p=0.04, over=0.2)
    beside = arm("b", 0.3, carries=False, of_class=False, tested=None, over_others=None)
    rows = panel_of(full, beside, arm("c", None)).table.rows
    assert rows[0] == {
        "arm": "a", "effect": "−0.50 [−0.70, −0.30]", "limit": "−0.67", "compound": "A", "of_class": "yes", "cell": "HaCaT", "dose": "10 nM",
        "time": "6 h", "n": "3 v 4", "p": "0.040", "p_over": "0.20", "note": "carries the answer",
    }  # fmt: skip
    assert rows[1] == {
        "arm": "b", "effect": "0.30 [0.10, 0.50]", "limit": "0.13", "compound": "B", "of_class": "no", "cell": "—", "dose": "—",
        "time": "—", "n": "3 v 4", "p": "not computed", "p_over": "not computed", "note": "shown beside",
    }  # fmt: skip
    assert {key: rows[2][key] for key in ("effect", "limit", "p", "note")} == {
        "effect": "—", "limit": "—", "p": "not computed", "note": "too few samples",
    }  # fmt: skip


def test_each_column_of_the_table_of_arms_is_filled():
    """Every cell has a heading, and every heading a cell."""
    table = panel_of(arm("a")).table
    assert {column.key for column in table.columns} == set(table.rows[0])
    assert (table.label, table.columns[0].key, table.columns[1].key) == ("Arms", "arm", "effect")
    headings = {column.key: column.heading for column in table.columns}
    assert headings["p_over"] == "p against the other compounds, two-sided"
    assert headings["limit"] == "One-sided 95 % limit"


@pytest.mark.parametrize(("others", "heading"), [(["X"], "others ⟶"), ([], "beside ⟶")])
def test_arms_are_drawn_under_their_class(others, heading):
    """The class first, then the other compounds, or what only stands beside; arms without an effect in neither."""
    arms = arm("x", 0.1, of_class=False, carries=False), arm("a"), arm("c", None)
    chart = panel_of(*arms, others=others).chart
    drawn = [row["key"].split("|")[1] for row in chart["data"]["values"]]
    assert drawn == ["class ⟶", "A", heading, "X"]


@pytest.mark.parametrize(("problem", "words"), [(NOT_FITTED, "too few samples"), (None, "no arm could be fitted")])
def test_a_panel_without_a_fitted_arm_says_why(problem, words):
    """Its own problem, or that of its arms; the table still holds them."""
    panel = panel_of(arm("a", None), problem=problem, pattern=None)
    assert (panel.chart, panel.why_empty, len(panel.table.rows)) == (None, words, 1)


@pytest.mark.parametrize(
    ("asks", "title"),
    [("class_wide", "Is it the class, or one compound?"), ("dose", "Does it depend on the dose?"), ("time", "Does it depend on the time?")],
)  # fmt: skip
def test_a_panel_leads_its_card_by_what_it_asks(asks, title):
    """It stands beside the answer, by the name of its hypothesis; other hypotheses have none, and no tile."""
    panel = panel_of(arm("a"), asks=asks)
    assert (panel.title, panel.leads, panel.kind) == (title, True, "compounds")
    assert (panel.element, panel.source) == ("compounds-h", "compounds.json")
    assert compound_panel(subject_of(None)) is None
    assert compound_tile(subject_of(None)) is None


def test_the_facts_of_a_panel():
    """Its pattern, the shapes, the other compounds, what the model notes, and the unit; only what there is."""
    unit = "Effects are in log2 units beyond the other measured genes."
    assert panel_of(arm("a"), pattern=None, others=[]).facts == [unit]
    shapes = [ShapeStatistic("linear", [1.0], -2.345), ShapeStatistic("Emax", [1.0], 0.5)]
    response = Response(shapes, 0.5, 0.01, SidedP(0.1, "down"), None)
    facts = panel_of(arm("a"), pattern="open", others=["X", "Y"], response=response, notes=["A note."]).facts
    assert facts[0] == "Pattern: open."
    assert facts[1].startswith(
        "Mean deviate of the set along each shape: linear −2.35; Emax 0.50. The p of the largest"
    )
    assert facts[2:] == [
        "Compounds of another class, on the other side of the vehicle guard: X, Y.",
        "A note.",
        unit,
    ]


def test_the_tile_of_a_panel_is_its_pattern_over_the_arms_in_the_model():
    """Arms that stand beside or could not be fitted do not count."""
    panel = compounds(arm("a"), arm("b", carries=False), arm("c", None))
    tile = compound_tile(subject_of(panel, "open"))
    assert (tile.key, tile.value, tile.hint) == ("pattern", "open", "1 arm in one model")
    assert compound_tile(subject_of(panel, None)).value == "none"


def test_the_methods_of_panels_tell_the_tests_that_were_used():
    """How many panels of how many samples; the words of a class where one is asked about, those of doses likewise."""
    assert compound_methods([]) == ""
    of_class, of_dose = compounds(arm("a")), compounds(arm("a"), asks="dose", n_samples=9)
    both = compound_methods([of_class, of_dose])
    assert "(2 panels, 20 samples, 9 samples)" in both
    assert ("Class-wide: " in both, "Dose and time: " in both) == (True, True)
    one = compound_methods([of_class])
    assert "(1 panel, 20 samples)." in one
    assert ("Class-wide: " in one, "Dose and time: " in one) == (True, False)
    times = compound_methods([replace(of_dose, asks="time")])
    assert ("Class-wide: " in times, "Dose and time: " in times) == (False, True)


def told(*arms, pattern="some words", margin=0.4, **changes):
    """What a panel adds to the words of its card."""
    return tell_arms(
        replace(subject_of(compounds(*arms, **changes), pattern), margin=Margin(margin, "log2", "declared"))
    )


def test_the_sentence_of_a_panel_tells_each_arm_with_its_side():
    """The largest first, four at most, with both limits; those beside not at all."""
    arms = [arm("a", -0.5), arm("b", 0.7), arm("c", 0.0), arm("z", -9.0, carries=False)]
    assert told(*arms).of_arms == (
        "S genes, counted beyond the other measured genes: some words. B: 0.70 log2 units higher (95 % CI 0.50 to 0.90); "
        "A: 0.50 log2 units lower (95 % CI −0.70 to −0.30); C: 0.00 log2 units neither higher nor lower (95 % CI −0.20 to 0.20)."
    )
    five = [arm(name, -0.1 * place) for place, name in enumerate("abcde", 1)]
    assert told(*five).of_arms.endswith("B: 0.20 log2 units lower (95 % CI −0.40 to 0.00); and 1 more.")
    assert "more" not in told(*five[:4]).of_arms
    assert "genes: open. " in told(arm("a"), pattern=None).of_arms
    assert (
        told(arm("a", None), arm("b", carries=False)).of_arms == "S genes could not be tested in one model of the arms."
    )


def test_a_hypothesis_without_a_panel_adds_no_other_word():
    """Nothing is answered of what was not modelled."""
    nothing = Told(of_arms="S genes could not be tested in one model of the arms.")
    assert tell_arms(subject_of(None, None)) == nothing
    assert told(arm("a", None), pattern=None, problem=NOT_FITTED) == nothing


def test_effects_stand_in_a_line_three_at_most():
    """In per cent, the first with what its limits are; in their order, or where some are left out the largest first."""
    three = [arm("a", -0.5), arm("b", 0.5), arm("c", 0.0)]
    assert told(*three).effects == (
        "A: 29 % lower (95 % CI −38 to −19 %); B: 41 % higher (+23 to +62 %); C: 0 % different (−13 to +15 %)"
    )
    assert told(*three, arm("d", -1.0)).effects == (
        "D: 50 % lower (95 % CI −56 to −43 %); A: 29 % lower (−38 to −19 %); B: 41 % higher (+23 to +62 %); and 1 more"
    )
    assert told(arm("a", None)).effects == ""


def test_arms_are_named_by_what_tells_them_apart():
    """Cells, doses and times that all share go without saying; where the names would not differ they stand in full."""

    def names(*arms):
        return [part.split(":")[0] for part in told(*arms).effects.split("; ")]

    shared = {"cell": "HaCaT", "time": 6.0}
    assert names(arm("a", dose=1.0, **shared), arm("a", dose=10.0, **shared)) == ["1 nM", "10 nM"]
    assert names(arm("a", **shared), arm("b", **shared)) == ["A", "B"]
    assert names(arm("a", cell="T", time=1.0), arm("a", cell="B", time=2.0)) == ["T, 1 h", "B, 2 h"]
    assert names(arm("a", **shared), arm("a", **shared)) == ["A, HaCaT, 6 h"] * 2
    assert names(arm("a", dose=None), arm("a", dose=10.0)) == ["A", "A, 10 nM"]
    assert names(arm("a", **shared)) == ["A, HaCaT, 6 h"]


def test_a_class_that_is_shown_says_of_how_many():
    """Those that act by name, or how many together; the arm that does not with what is excluded of it."""
    strong, flat = [arm(name) for name in "abc"], arm("d", 0.0, se=0.05, p=0.9)
    assert told(*strong).answer == "At least 2 of 3: lower with A, B and C."
    assert told(*strong[:2], flat).answer == "At least 2 of 3: lower with A and B. D: no fall as large as 24 %."
    # Together they show it, and none by itself.
    weak = [arm(name, p=0.02) for name in "abc"]
    assert told(*weak).answer == "Lower with at least 3 of 3 (asked: 2)."
    assert told(*weak, flat).answer == "Lower with at least 3 of 4. D: no fall as large as 24 %."
    assert told(*(arm(name, p=0.045) for name in "ab")).answer == "Lower with at least 2 of 2."
    assert told(*strong, pattern=None).answer == ""
    rise = [arm(name, 0.8) for name in "ab"]
    assert told(*rise, direction="up").answer == "At least 2 of 2: higher with A and B."
    assert told(*rise, direction="either").answer == "At least 2 of 2: changed with A and B."


def test_a_class_that_is_excluded_says_what_was_found_instead():
    """None, one only, or one beside others that stay open; and what goes the other way."""
    flat = [arm(name, 0.0, se=0.05, p=0.9) for name in "bcd"]
    other = arm("e", 0.8)
    none = "Evidence against at least 2 of 3 acting. "
    assert told(*flat).answer == f"{none}Shown for none. B, C and D: no fall as large as 24 %."
    assert told(arm("a"), *flat[:2]).answer == f"{none}Lower with A only. B and C: no fall as large as 24 %."
    assert told(arm("a"), flat[0], other).answer == (
        f"{none}Lower with A only. B and E: no fall as large as 24 %. The other way: E."
    )
    assert [told(*arms).part for arms in (flat, [arm("a"), *flat[:2]])] == ["", "1 of 3 only"]
    open_still = arm("f", -0.4, p=0.3)
    assert told(arm("a"), *flat, open_still).part == "1 of 5 shown"
    assert told(arm("a"), *flat, open_still).answer == (
        "Evidence against at least 4 of 5 acting. Lower with A. B, C and D: no fall as large as 24 %. F: neither shown nor excluded."
    )
    assert told(arm("a", p=0.3), arm("b", p=0.3), flat[0]).answer == ""
    rise = [arm(name, 0.0, se=0.05, p=0.9) for name in "ab"]
    assert told(*rise, direction="up").answer.endswith("A and B: no rise as large as 32 %.")
    assert told(*rise, direction="either").answer.endswith("A and B: no change as large as 24 % down or 32 % up.")


@pytest.mark.parametrize(
    ("direction", "low", "high", "words"),
    [
        ("down", -0.4, 0.1, " (one-sided 95 % limit −19 %)."),
        ("down", -0.39, 9.0, "."),
        ("up", -9.0, 0.4, " (one-sided 95 % limit +3 %)."),
        ("up", -9.0, 0.39, "."),
        ("either", -0.4, 0.1, " (one-sided 95 % limit −19 %)."),
        ("either", -0.1, 0.4, " (one-sided 95 % limit −19 %)."),
        ("either", -0.39, 0.39, "."),
        ("down", 0.0, 0.4, "."),
        ("up", -0.4, 0.0, "."),
    ],
)
def test_a_limit_stands_where_the_declared_end_of_an_interval_reaches_the_margin(direction, low, high, words):
    """The other end says nothing of what is excluded; an end at 0 reaches no margin."""
    flat = arm("a", -0.13, p=0.9, ci_low=low, ci_high=high)
    assert (
        re.sub(r".* as large as [\d.]+ %( down or [\d.]+ % up)?", "", told(flat, direction=direction).answer) == words
    )


def doses(*limits, asks="dose", direction="down", trend=0.5, values=(1.0, 10.0, 100.0), **changes):
    """What is told of doses or times with these limits, which do something; the p of their trend is two-sided."""
    found = [
        arm(name, (low + high) / 2, ci_low=low, ci_high=high, dose=value, time=value)
        for name, value, (low, high) in zip("abc", values, limits, strict=False)
    ]
    side = "up" if direction == "up" else "down"
    p_up, p_down = (1e-9, 1.0) if side == "up" else (1.0, 1e-9)
    response = Response([], p_up, p_down, SidedP(trend, side), SidedP(1e-9, side))
    return told(*found, asks=asks, direction=direction, response=response, **changes)


FALLING = (-1.9, -1.5), (-1.6, -1.2), (-1.4, -1.0)


@pytest.mark.parametrize(
    ("limits", "changes", "words"),
    [
        (FALLING, {}, "not shown, the estimates shrink."),
        # The limits of the first and the last meet.
        ((*FALLING[:2], (-1.5, -1.0)), {}, "not shown."),
        # The middle one is as large as the first, or as the last.
        ((FALLING[0], FALLING[0], FALLING[2]), {}, "not shown."),
        ((FALLING[0], FALLING[2], FALLING[2]), {}, "not shown."),
        # In the order of the doses, whatever the order of the arms.
        (FALLING, {"values": (100.0, 10.0, 1.0)}, "not shown."),
        (FALLING[::-1], {"values": (100.0, 10.0, 1.0)}, "not shown, the estimates shrink."),
        (FALLING[::-1], {}, "not shown."),
        (FALLING[:1], {}, "not shown."),
    ],
)
def test_estimates_shrink_where_each_is_smaller_and_the_last_lies_apart(limits, changes, words):
    """On the declared side; the same mirrored. Where any change is asked about nothing is said of it."""
    answer = doses(*limits, **changes).answer
    assert answer.endswith(f"the verdict is on this. More at higher doses: {words}")
    mirrored = [(-high, -low) for low, high in limits]
    assert doses(*mirrored, direction="up", **changes).answer == answer.replace("lower", "higher")
    assert doses(*limits, direction="either", **changes).answer.endswith("More at higher doses: not shown.")


def test_a_response_is_told_as_effect_and_trend():
    """At how many, in doses or times; with a trend in one sentence, and then the verdict is on both parts."""
    flat = (-0.1, 0.1)
    both = doses(*FALLING[:2], flat, trend=0.05)
    assert (both.answer, both.part) == ("Lower, beyond the margin, at 2 of 3 doses, and more at higher doses.", "")
    effect = doses(*FALLING, trend=0.051)
    assert (effect.answer, effect.part) == (
        "Effect: lower, beyond the margin, at all 3 doses; the verdict is on this. More at higher doses: not shown, the estimates shrink.",
        "effect only",
    )
    assert (
        doses(*FALLING, asks="time", trend=0.05).answer
        == "Lower, beyond the margin, at all 3 times, and more at later times."
    )
    assert (
        "at all 3 times; the verdict is on this. More at later times: not shown" in doses(*FALLING, asks="time").answer
    )
    assert doses(flat, flat, flat).part == told(arm("a"), arm("b")).part == ""


def test_doses_at_which_an_effect_is_excluded_are_named():
    """All of them, with a limit where an interval reaches the margin."""
    calm = [arm(name, 0.0, se=0.05, p=0.9, compound="A", dose=dose) for name, dose in (("a", 1.0), ("b", 10.0))]
    response = Response([], 0.5, 0.5, SidedP(0.5, "down"), SidedP(0.5, "down"))
    asked = {"asks": "dose", "response": response}
    assert told(*calm, **asked).answer == "Evidence against: a fall of 24 % or more is excluded at 1 nM and 10 nM."
    assert (
        told(*calm, direction="up", **asked).answer
        == "Evidence against: a rise of 32 % or more is excluded at 1 nM and 10 nM."
    )
    wide = replace(calm[0], ci_low=-0.5)
    assert told(wide, calm[1], **asked).answer == (
        "Evidence against: a fall of 24 % or more is excluded at 1 nM and 10 nM (one-sided 95 % limits −6 % and −6 %)."
    )
    assert told(*calm, arm("c", None, dose=100.0), **asked).answer == ""

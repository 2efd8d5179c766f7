"""Up is higher in the target, orange and ▲; down is lower, blue and ▼: on every card, in the overview, and in charts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from example_results import example_card

import sidemine
from sidemine.drawing.charts import (
    FIRST,
    GROUP_SHAPES,
    GROUPS,
    SECOND,
    WAY_SHAPES,
    WAYS,
    group_names,
    interval_words,
    name_groups,
    quoted_name,
    signed_axis,
    way,
)
from sidemine.report.collect import collect
from sidemine.report.contrast_charts import contrast_specs
from sidemine.report.forest import _GLYPHS, forest, forest_rows
from sidemine.report.score_strip import _SHAPES
from sidemine.report.sections.answers import answers_section
from sidemine.verdict.vocabulary import Behaviour, Verdict

MARK = re.compile(r'<span class="way (\w+)"[^>]*>(?:<span aria-hidden="true">)?(.)(?:</span>)?(.{0,250})')


@pytest.fixture(scope="module")
def marks(example_page):
    """Class, mark and the words behind it, wherever the page marks a direction."""
    return MARK.findall(example_page.read_text(encoding="utf-8"))


def test_every_mark_of_the_page_points_where_its_words_do(marks):
    """The first side that the words name is the one of the mark."""
    pointed = [
        (name, mark, re.search(r"\b(higher|lower|above|below)\b", words)) for name, mark, words in marks if mark in "▲▼"
    ]
    assert len(pointed) >= 10
    assert {(name, mark, side[1]) for name, mark, side in pointed if side} == {
        ("higher", "▲", "higher"),
        ("lower", "▼", "lower"),
        ("higher", "▲", "above"),
    }
    assert all(side for _name, _mark, side in pointed)


def test_no_other_mark_claims_a_direction(marks):
    """Where the interval includes no difference, or nothing was tested, neither class nor mark points anywhere."""
    rest = [name for name, mark, _words in marks if mark not in "▲▼"]
    assert rest
    assert set(rest) <= {"none", "unclear"}


def test_colours_and_shapes_of_charts_keep_their_meaning():
    """One scale for all charts: the same word, the same colour, the same triangle."""
    assert dict(zip(WAYS["domain"], WAYS["range"], strict=True)) == {
        "higher": "@higher", "lower": "@lower", "unclear": "@muted",
    }  # fmt: skip
    assert dict(zip(WAY_SHAPES["domain"], WAY_SHAPES["range"], strict=True)) == {
        "higher": "triangle-up", "lower": "triangle-down", "unclear": "circle",
    }  # fmt: skip
    assert dict(zip(GROUPS["domain"], GROUPS["range"], strict=True)) == {
        "target": "@target", "reference": "@reference", "other": "@muted",
    }  # fmt: skip
    assert GROUP_SHAPES["domain"] == GROUPS["domain"]


def _shapes(part):
    """Every shape that a chart's scale or mark names, with the fields of the scale."""
    if isinstance(part, dict):
        shape = part.get("shape")
        if isinstance(shape, str):
            yield "", shape
        elif isinstance(shape, dict) and isinstance(shape.get("scale"), dict):
            yield from zip(shape["scale"]["domain"], shape["scale"]["range"], strict=True)
        part = part.values()
    if not isinstance(part, str) and hasattr(part, "__iter__"):
        for inner in part:
            yield from _shapes(inner)


def test_a_triangle_tells_a_direction_and_a_diamond_a_pooled_effect_in_every_chart(example_results):
    """No group, flag, kind of set or test has one of them: the reader has learnt them on the first card."""
    results = collect(example_results)
    charts = [
        json.loads((Path(__file__).parents[1] / "considerations" / "charts.json").read_text(encoding="utf-8")),
        contrast_specs(),
        [panel.chart for view in answers_section(results).content.views for panel in (view.forest, *view.panels, *view.leading)],
    ]  # fmt: skip
    used = {(str(name), shape) for name, shape in _shapes(charts)}
    assert {shape for _, shape in used} >= {"triangle-up", "triangle-down", "diamond", "square", "circle"}
    assert {(name, shape) for name, shape in used if shape.startswith("triangle") or shape == "diamond"} == {
        ("higher", "triangle-up"), ("lower", "triangle-down"), ("pooled", "diamond"),
    }  # fmt: skip
    assert "stroke" not in {shape for _, shape in used}  # these marks are filled: an open line is not seen
    flags = dict(zip(_SHAPES, _SHAPES.values(), strict=True))
    assert len(set(flags.values())) == len(flags)
    assert not any(shape.startswith("triangle") or shape == "diamond" for shape in flags.values())


def test_the_marks_of_verdicts_stand_for_nothing_else():
    """A sign beside a row of a figure, or before a name in one, is no verdict's; of controls, only those that say the same."""
    verdicts = {verdict.mark for verdict in Verdict}
    assert not verdicts & {behaviour.mark for behaviour in Behaviour}
    assert not (verdicts | set("▲▼◆")) & set(_GLYPHS.values())
    package = Path(sidemine.__file__).parent
    files = [path for ext in ("*.py", "*.j2", "*.js") for path in package.rglob(ext) if "vendor" not in path.parts]
    own = {
        mark: {path.name for path in files if mark in path.read_text(encoding="utf-8", errors="ignore")}
        for mark in "●◐◆▲"
    }
    assert own["●"] == own["◐"] == {"vocabulary.py"}
    assert own["◆"] == set()
    assert own["▲"] <= {"answers.html.j2", "card.html.j2", "guide.html.j2", "contrasts.html.j2", "panel.py"}
    assert signed_axis("SD")[0] == "◀ lower  │  higher ▶ in the first named group"


@pytest.mark.parametrize(
    ("pairs", "names"),
    [
        ([("VTE", "healthy"), ("VTE", "healthy")], ("VTE", "healthy")),
        ([("VTE", "healthy"), ("VTE", "others")], ("VTE", SECOND)),
        ([("VTE", "healthy"), ("stroke", "healthy")], (FIRST, "healthy")),
        ([("same", "same")], (FIRST, SECOND)),
        ([], (FIRST, SECOND)),
    ],
)
def test_a_figure_names_the_groups_that_all_of_its_comparisons_share(pairs, names):
    """Else words that are so of all of them."""
    assert group_names(pairs) == names
    chart = {"encoding": {"x": {"axis": {"title": signed_axis("SD")}}}, "width": 3}
    title = name_groups(chart, pairs)["encoding"]["x"]["axis"]["title"]
    assert title == [f"◀ lower  │  higher ▶ in {quoted_name(names[0])}", "SD"]


def test_the_charts_of_a_card_name_its_groups(example_results):
    """Two cohorts of VTE: every signed axis says so; a question of two kinds of comparison does not name one."""
    panels = {
        panel.element: json.dumps(panel.chart, ensure_ascii=False)
        for panel in answers_section(collect(example_results)).panels
    }
    assert "higher ▶ in “VTE”" in panels["forest-vte_targets"]
    assert f"higher ▶ in {FIRST}" in panels["forest-inhibitor_isg"]


@pytest.mark.parametrize(
    ("low", "high", "side"), [(0.1, 0.5, "higher"), (-0.5, -0.1, "lower"), (-0.1, 0.5, "unclear"), (0.0, 0.5, "unclear"),
                              (-0.5, 0.0, "unclear")],
)  # fmt: skip
def test_an_interval_that_touches_no_difference_points_nowhere(low, high, side):
    """Both limits on one side of 0."""
    assert way(low, high) == side
    assert interval_words(0.25, low, high).startswith("0.25 [")


def test_the_forest_plot_draws_what_the_card_holds():
    """One row per contrast with its ends where they belong, and a symmetric axis that reaches beyond all of them."""
    card = example_card()
    rows = forest_rows(card.evidence)
    for row, entry in zip(rows, card.evidence, strict=True):
        assert (row.effect, row.ci_low, row.ci_high) == (entry.effect, entry.ci_low, entry.ci_high)
        assert row.way == way(entry.ci_low, entry.ci_high)
        assert f"{entry.n_target} v {entry.n_reference}" in row.facts
    spec = forest(rows, card.declared.margin.unit, 0.3)
    band = spec["layer"][0]["data"]["values"]
    assert {(row["low"], row["high"]) for row in band} == {(-0.3, 0.3)}
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low == -high
    assert high == pytest.approx(1.08 * max(abs(end) for row in rows for end in (row.ci_low, row.ci_high)))
    assert forest(rows, card.declared.margin.unit, None)["layer"][0]["data"]["values"] == []


@pytest.mark.parametrize(("margin", "reach"), [(None, 0.1), (0.05, 0.1), (0.4, 0.4), (-0.4, 0.4)])
def test_the_axis_of_a_forest_plot_reaches_beyond_the_margin_and_a_tenth(margin, reach):
    """So that a tiny effect does not look large."""
    tiny = replace(example_card().evidence[0], effect=0.01, ci_low=-0.02, ci_high=0.04)
    spec = forest(forest_rows([tiny]), "Hedges g", margin)
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == pytest.approx([-1.08 * reach, 1.08 * reach])


def test_labels_of_a_forest_plot_are_cut_aloud():
    """Contrast, accession, tissue and platform at 64, 40, 60 and 20 characters, the reason of an untestable one at 160."""
    limits = {"contrast": 64, "accession": 40, "tissue": 60, "platform": 20}
    entry = example_card().evidence[0]

    def row(longer):
        texts = {name: "x" * (limit + longer) for name, limit in limits.items()}
        return forest_rows([replace(entry, **texts)])[0]

    assert "more characters" not in f"{row(0).contrast}{row(0).label}{row(0).facts}"
    assert row(1).contrast.endswith("… [1 more characters]")
    assert row(1).facts.endswith("… [1 more characters]")
    assert row(1).label.count("… [1 more characters]") == 3
    nothing = replace(entry, effect=None, testable=False, problem=None)
    assert forest_rows([nothing])[0].problem == "not testable: no effect estimated"

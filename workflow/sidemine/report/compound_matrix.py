"""Drug × cell × dose: what every compound of the study does to a set, in one matrix, and lines over doses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.drawing.charts import LEGEND_ROOM, SERIES, Spec, base, interval_words, label_room, signed_axis
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.drawing.words import bounded, count, is_number, number, p_value, unit_words
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, amount_words
from sidemine.effect.record import EXPERIMENT_UNIT, ContrastEvidence
from sidemine.enrichment.fry import FRY
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.report.packing import SMALLEST_P
from sidemine.verdict.card import Card

ONE_DOSE = "as declared"
"""Column of compounds without a declared dose."""
_DRUGS = frozenset({"inhibitor", "negative_control"})
_STEP, _HEAD = 38, 60
_COLUMNS = (
    Column("Comparison", "contrast"),
    Column("Set, log2 [95 % CI]", "effect"),
    Column("p, FRY", "p"),
    Column("Compound", "compound"),
    Column("Cells", "cell"),
    Column("Dose", "dose"),
    Column("Time", "time"),
    Column("n v n", "n"),
)


@dataclass(frozen=True)
class CompoundCell:
    """What one comparison says of a set: a cell of the matrix.

    Attributes
    ----------
    contrast, compound, cell, dose, time
        Which comparison; compound, cells, dose and time as an arm declares them, else the words of its target group and tissue.
    n_target, n_reference
        Independent units.
    effect, ci_low, ci_high, p_value
        Mean log2 fold change of the set with its interval and FRY's two-sided p; None where it could not be tested.
    """

    contrast: str
    compound: str
    cell: str
    dose: str
    time: str
    n_target: int
    n_reference: int
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None


def compound_cells(results: StudyResults, gene_set: str) -> list[CompoundCell]:
    """Return a cell for every comparison of a drug with its reference, and for every arm of a panel.

    Parameters
    ----------
    results
        The study.
    gene_set
        The set that is measured.
    """
    arms = _arms(results.verdicts.verdicts)
    chosen = [item for key, item in results.contrasts.items() if item.row.role in _DRUGS or key in arms]
    return [_cell(results, item, gene_set, arms.get(item.row.contrast)) for item in chosen]


def _arms(cards: Sequence[Card]) -> dict[str, tuple[ArmEffect, CompoundEvidence]]:
    panels = [found for card in cards if (found := card.columns_of(CompoundColumns).compounds)]
    return {arm.contrast: (arm, panel) for panel in panels for arm in panel.arms}


def _cell(
    results: StudyResults, item: ContrastResults, gene_set: str, arm: tuple[ArmEffect, CompoundEvidence] | None
) -> CompoundCell:
    table = item.enrichment
    rows = table[(table["gene_set"] == gene_set) & (table["test"] == FRY.statistics[0].name)]
    found = dict(rows.iloc[0]) if len(rows) else {}
    effect, low, high, p = (
        float(value) if is_number(value := found.get(name)) else None
        for name in ("effect", "ci_low", "ci_high", "p_value")
    )
    tissue = results.datasets[item.row.dataset].row.tissue
    declared, panel = arm or (None, None)
    return CompoundCell(
        contrast=item.row.contrast,
        compound=declared.compound if declared else item.row.target_label,
        cell=(declared.cell if declared else "") or tissue,
        dose=amount_words(declared.dose, panel.dose_unit) if declared and panel else "",
        time=amount_words(declared.time, panel.time_unit) if declared and panel else "",
        n_target=item.design.n_target,
        n_reference=item.design.n_reference,
        effect=effect,
        ci_low=low,
        ci_high=high,
        p_value=p,
    )


def matrix_panel(cells: Sequence[CompoundCell], gene_set: str, element: str) -> Panel | None:
    """Return the matrix of one set; None where fewer than two comparisons could be tested.

    Parameters
    ----------
    cells
        All compounds.
    gene_set, element
        The set, and the id of the figure.
    """
    tested = [cell for cell in cells if cell.effect is not None and cell.p_value is not None]
    if len(tested) < 2:
        return None
    away = [cell.contrast for cell in cells if cell not in tested]
    missing = f" Not testable, so not drawn: {', '.join(away)}." if away else ""
    return Panel(
        kind="compound-matrix",
        element=element,
        title=f"{bounded(gene_set, 80)}: every drug, in which cells, at which dose ({count(len(tested), 'comparison')})",
        caption="A row is a drug, a column cells, dose and time. Colour and number: mean log2 fold change of the set against its "
        f"own reference. Size: −log10 p (FRY). {_sizes(tested)} Rows are comparable within their cells only.{missing} Nothing is ranked.",
        why_empty="",
        chart=_matrix(tested, gene_set),
        table=Table("Every drug of the study", _COLUMNS, [_row(cell) for cell in cells]),
        source="contrasts",
    )


def _sizes(tested: Sequence[CompoundCell]) -> str:
    """Tell how many independent units stand behind the marks; which has how many, the table says."""
    pairs = sorted({(cell.n_target, cell.n_reference) for cell in tested})
    fewest, most = (f"{target} v {reference}" for target, reference in (pairs[0], pairs[-1]))
    return f"Each compares {fewest}." if len(pairs) == 1 else f"They compare {fewest} to {most}; the table says which."


def _places(cells: Sequence[CompoundCell]) -> list[str]:
    """Return the column of each cell; two comparisons of one drug that would hide one another are told apart by their names."""
    places = [", ".join(filter(None, [bounded(cell.cell, 40), cell.dose, cell.time])) or ONE_DOSE for cell in cells]
    taken = Counter((bounded(cell.compound, 60), place) for cell, place in zip(cells, places, strict=True))
    return [
        f"{place}, {bounded(cell.contrast, 40)}" if taken[bounded(cell.compound, 60), place] > 1 else place
        for cell, place in zip(cells, places, strict=True)
    ]


def _matrix(tested: Sequence[CompoundCell], gene_set: str) -> Spec:
    limit = max(0.5, ceil(2 * max(abs(cell.effect or 0.0) for cell in tested)) / 2)
    places = _places(tested)
    values = [
        {
            "drug": bounded(cell.compound, 60),
            "place": place,
            "contrast": cell.contrast,
            "effect": cell.effect,
            "words": number(cell.effect),
            "told": interval_words(cell.effect, cell.ci_low, cell.ci_high),
            "p": p_value(cell.p_value),
            "strength": -log10(max(1.0 if cell.p_value is None else cell.p_value, SMALLEST_P)),
            "n": f"{cell.n_target} v {cell.n_reference}",
        }
        for cell, place in zip(tested, places, strict=True)
    ]
    rows = list(dict.fromkeys(str(value["drug"]) for value in values))
    columns = list(dict.fromkeys(places))
    y = {
        "field": "drug",
        "type": "nominal",
        "sort": rows,
        "axis": {"title": None, "labelLimit": label_room(0.3, 210), "ticks": False, "domain": False},
    }
    x = {"field": "place", "type": "nominal", "sort": columns,
         "axis": {"title": "cells, dose and time", "orient": "top", "labelAngle": 0, "labelExpr": "split(datum.label, ', ')",
                  "labelLimit": {"expr": f"max(60, (containerSize()[0] || 0) * 0.66 / {len(columns)} - 6)"}, "ticks": False, "domain": False, "labelOverlap": False}}  # fmt: skip
    tooltip = [{"field": "contrast", "title": "comparison"}, {"field": "drug"}, {"field": "place", "title": "cells, dose and time"},
               {"field": "told", "title": "set, log2 [95 % CI]"}, {"field": "p", "title": "p, FRY"}, {"field": "n", "title": "n v n"}]  # fmt: skip
    return {
        **base(f"Matrix: mean log2 fold change of {gene_set} under {count(len(rows), 'drug')}, by cells, dose and time.", _STEP * len(rows) + _HEAD + 60),
        "autosize": {"type": "fit", "contains": "padding"},
        "data": {"values": values},
        "encoding": {"x": x, "y": y, "tooltip": tooltip},
        "layer": [
            {"mark": {"type": "point", "filled": True, "opacity": 1, "stroke": "@muted", "strokeWidth": 0.8, "yOffset": -6, "cursor": "pointer"},
             "encoding": {"color": {"field": "effect", "type": "quantitative",
                                    "scale": {"domain": [-limit, 0, limit], "range": ["@lower", "@surface", "@higher"], "interpolate": "rgb"},
                                    "legend": {"title": "mean log2 fold change of the set", "orient": "bottom", "direction": "horizontal",
                                               "gradientLength": 150, "gradientThickness": 10, "titleLimit": 260, "tickCount": 5}},
                          "size": {"field": "strength", "type": "quantitative", "scale": {"range": [18, 330]},
                                   "legend": {"title": "−log10 p", "orient": "bottom", "direction": "horizontal", "tickCount": 3,
                                              "symbolFillColor": "@muted"}}}},
            {"mark": {"type": "text", "yOffset": 12, "fontSize": 10, "color": "@ink"}, "encoding": {"text": {"field": "words"}}},
        ],
    }  # fmt: skip


def _row(cell: CompoundCell) -> dict[str, str]:
    return {
        "contrast": cell.contrast,
        "effect": interval_words(cell.effect, cell.ci_low, cell.ci_high) if cell.effect is not None else "not testable",
        "p": p_value(cell.p_value) if cell.p_value is not None else "—",
        "compound": bounded(cell.compound, 80),
        "cell": bounded(cell.cell, 60),
        "dose": cell.dose or "—",
        "time": cell.time or "—",
        "n": f"{cell.n_target} v {cell.n_reference}",
    }


def dose_panels(results: StudyResults, gene_set: str, element: str) -> list[Panel]:
    """Return effects over doses, a line per compound, cells and dataset: a panel for each unit of doses with two in a line.

    Parameters
    ----------
    results
        The study; the panels of its answers hold the arms, each arm once.
    gene_set, element
        The set, and the id of the first figure.
    """
    cards = [card for card in results.verdicts.verdicts if card.declared.set == gene_set]
    dosed = [(arm, panel) for arm, panel in _arms(cards).values() if arm.dose and arm.effect is not None]
    origins = {arm.contrast: results.contrasts[arm.contrast].row.dataset for arm, _ in dosed}
    drawn: dict[str, dict[tuple[str, ...], list[ArmEffect]]] = {}
    for arm, panel in sorted(dosed, key=lambda pair: pair[0].dose or 0.0):
        # One compound in two datasets is two lines: their levels are not comparable.
        origin = origins[arm.contrast] if len(set(origins.values())) > 1 else ""
        line = (arm.compound, arm.cell, amount_words(arm.time, panel.time_unit), origin)
        drawn.setdefault(panel.dose_unit, {}).setdefault(line, []).append(arm)
    found = [
        (unit, lines)
        for unit, lines in drawn.items()
        if any(len({a.dose for a in line}) > 1 for line in lines.values())
    ]
    return [
        _dose_panel(lines, unit, _unit(cards, set(origins)), gene_set, f"{element}-{place}" if place else element)
        for place, (unit, lines) in enumerate(found)
    ]


def _dose_panel(
    lines: dict[tuple[str, ...], list[ArmEffect]], dose_unit: str, unit: str, gene_set: str, element: str
) -> Panel:
    return Panel(
        kind="doses",
        element=element,
        title=f"{bounded(gene_set, 80)}: effect over doses ({count(len(lines), 'line')})",
        caption="Each arm against its vehicle, in one linear model of all arms of its panel, with 95 % CI. A line joins the doses of one "
        "compound in the same cells.",
        why_empty="",
        chart=_dose_lines(lines, dose_unit, unit),
        source="compounds.json",
    )


def _unit(cards: Sequence[Card], contrasts: set[str]) -> str:
    rows: list[ContrastEvidence] = [row for card in cards for row in card.evidence if row.contrast in contrasts]
    return next((row.effect_unit for row in rows if row.effect_unit), EXPERIMENT_UNIT)


def _dose_lines(lines: dict[tuple[str, ...], list[ArmEffect]], dose_unit: str, unit: str) -> Spec:
    values = [
        {
            "line": ", ".join(filter(None, [bounded(part, 40) for part in key])),
            "dose": arm.dose,
            "effect": arm.effect,
            "low": arm.ci_low,
            "high": arm.ci_high,
            "told": interval_words(arm.effect, arm.ci_low, arm.ci_high),
            "n": f"{arm.n_target} v {arm.n_reference}",
            "contrast": arm.contrast,
        }
        for key, line in lines.items()
        for arm in line
    ]
    doses = sorted({float(arm.dose or 0.0) for line in lines.values() for arm in line})
    names = list(dict.fromkeys(str(value["line"]) for value in values))
    x = {"field": "dose", "type": "quantitative", "scale": {"type": "log", "nice": False, "padding": 26},
         "axis": {"title": f"dose, {dose_unit or 'unit not declared'} (log scale)", "values": doses, "grid": False, "format": "~g"}}  # fmt: skip
    y = {"field": "effect", "type": "quantitative", "scale": {"zero": True},
         "axis": {"title": signed_axis(unit_words(unit))[::-1], "tickCount": 6, "titleFontSize": 11}}  # fmt: skip
    color = {"field": "line", "type": "nominal", "sort": names, "scale": {"domain": names, "range": list(SERIES)},
             "legend": {"title": None, "orient": "top", **LEGEND_ROOM}}  # fmt: skip
    detail = {"field": "line", "type": "nominal"}
    shape = {
        "field": "line",
        "type": "nominal",
        "sort": names,
        "scale": {"domain": names},
        "legend": {"title": None, "orient": "top", **LEGEND_ROOM},
    }
    tooltip = [{"field": "contrast", "title": "comparison"}, {"field": "line", "title": "compound"}, {"field": "dose"},
               {"field": "told", "title": "effect [95 % CI]"}, {"field": "n", "title": "n v n"}]  # fmt: skip
    return {
        **base(f"Effect over doses of {', '.join(names)}.", 260),
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft", "strokeDash": [3, 3]}, "encoding": {"y": {"datum": 0, "type": "quantitative"}}},
            {"mark": {"type": "line", "strokeWidth": 1.6}, "encoding": {"x": x, "y": y, "color": color, "detail": detail}},
            {"mark": {"type": "rule", "strokeWidth": 1.2, "opacity": 0.7},
             "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": color}},
            {"mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
             "encoding": {"x": x, "y": y, "color": color, "shape": shape, "tooltip": tooltip}},
        ],
    }  # fmt: skip

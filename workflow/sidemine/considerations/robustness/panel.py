"""What the page shows of the robustness variants."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from sidemine.considerations.robustness.record import RobustnessColumns, VariantRow
from sidemine.considerations.traps.record import TrapColumns
from sidemine.drawing.charts import FIRST, WAY_SHAPES, WAYS, Spec, base, interval_words
from sidemine.drawing.panel import Column, Figure, Panel, Subject, Table, Tile, Told, make_tile
from sidemine.drawing.words import bounded, count, is_number, p_value, percent, unit_words
from sidemine.effect.record import way
from sidemine.text.phrases import listed

_CURVE_HEIGHT = 190
_MATRIX_STEP = 15
_COLUMNS = (
    Column("Variant", "variant"),
    Column("Effect [95 % CI]", "effect"),
    Column("p", "p_value"),
    Column("k", "k"),
    Column("Verdict", "verdict"),
    Column("Agrees", "agrees", "short"),
    Column("What varies", "dimension"),
    Column("Description", "description", "text"),
)


def robustness_tile(columns: RobustnessColumns, subject: Subject) -> Tile:
    """Return how many variants agree as a key figure, or why none was evaluated."""
    name, record = "Other analyses agree?", columns.robustness
    if record is None or not record.of:
        return make_tile("robustness", name, "not computed", subject.missing["robustness_share"])
    hint, full = f"{percent(record.agreeing, record.of)} of variants", record.full_data
    if full.of:
        hint += f"; on full data {full.agreeing} of {full.of}"
    return make_tile("robustness", name, f"{record.agreeing} of {record.of}", hint)


def tell_variants(subject: Subject) -> Told:
    """Return the share of variants that agree, and what the run without the samples of a doubted trap gave."""
    columns, share = subject.columns_of(RobustnessColumns), subject.columns_of(RobustnessColumns).robustness_share
    value = f"not computed ({subject.missing['robustness_share']})" if share is None else percent(share, 1)
    return Told(
        checked=columns.checked(subject.columns_of(TrapColumns).serious_in(subject.doubt)),
        figure=Figure("Share of analysis variants that agree", value),
    )


def robustness_panel(columns: RobustnessColumns, subject: Subject) -> Panel:
    """Return the specification curve with all variants."""
    record = columns.robustness
    facts: list[str] = []
    if record is not None:
        for name, status in sorted(record.required_runs.items()):
            detail = record.required_details[name]
            facts.append(f"{name.replace('_', ' ')}: {status}{f' ({detail})' if detail else ''}")
        facts += [f"reversed with an interval that excludes 0: {variant}" for variant in record.reversed]
    variants = record.variants if record else []
    return Panel(
        kind="specification",
        element=f"specification-{subject.hypothesis}",
        source="robustness.tsv",
        title="Does it survive other analyses?",
        caption="Every evaluated way of doing the analysis, in order of effect; below, the choice that each one varies. Filled: "
        "agrees with the reference (ring). If the answer hung on one choice, the curve would cross zero there.",
        why_empty=subject.missing.get("robustness_share", "no variant was evaluated"),
        chart=specification_chart(variants, subject.unit),
        facts=facts,
        table=Table("Variants", _COLUMNS, [_variant(row) for row in variants]) if variants else None,
    )


def _variant(row: VariantRow) -> dict[str, str]:
    return {
        "variant": bounded(row.variant, 64),
        "dimension": row.dimension.replace("_", " "),
        "description": bounded(row.description, 300),
        "k": "—" if row.k is None else f"{row.k:g}",
        "effect": interval_words(row.effect, row.ci_low, row.ci_high) if is_number(row.effect) else "—",
        "p_value": p_value(row.p_value),
        "verdict": row.verdict or "—",
        "agrees": f"not evaluated: {row.reason or '—'}" if row.agrees is None else "yes" if row.agrees else "no",
    }


def specification_chart(variants: Sequence[VariantRow], effect_unit: str) -> Spec | None:
    """Return the specification curve: every evaluated variant's effect, ordered, above the choice that it varies.

    Parameters
    ----------
    variants
        Rows of `robustness.tsv` of one hypothesis.
    effect_unit
        Unit of the reference run's effect.
    """
    points = _points(variants)
    if not points:
        return None
    ordered = sorted({point["dimension"] for point in points}, key=lambda name: (name != "reference", name))
    matrix = _MATRIX_STEP * len(ordered)
    x = {"field": "rank", "type": "quantitative", "axis": None,
         "scale": {"domain": [0.3, len(points) + 0.7], "nice": False, "zero": False}}  # fmt: skip
    y = {"field": "effect", "type": "quantitative", "scale": {"range": [_CURVE_HEIGHT, 0], "zero": True, "nice": True},
         "axis": {"title": [*wrap(unit_words(effect_unit), 26), "◀ lower │ higher ▶", f"in {FIRST}"], "titleAnchor": "start", "titleLimit": _CURVE_HEIGHT + 60,
                  "tickCount": 5, "grid": True, "orient": "left"}}  # fmt: skip
    below = {"field": "dimension", "type": "nominal", "sort": ordered,
             "scale": {"type": "point", "range": [_CURVE_HEIGHT + 18, _CURVE_HEIGHT + 8 + matrix]},
             "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 120, "orient": "left"}}  # fmt: skip
    color = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    filled = {"condition": {"test": "datum.agrees === 'agrees'", "value": 1}, "value": 0}
    tooltip = [{"field": "words", "title": "variant"}, {"field": "value", "title": "effect [95 % CI]"},
               {"field": "agrees", "title": "with the reference"}]  # fmt: skip
    agreeing = sum(point["agrees"] == "agrees" for point in points)
    told = f"{count(len(points), 'variant')} evaluated, {agreeing} agree with the reference."
    return {
        **base(f"Specification curve: effect under every variant of the analysis. {told}", _CURVE_HEIGHT + 12 + matrix),
        "data": {"values": points},
        "resolve": {"scale": {"y": "independent"}},
        "layer": [
            {"layer": [
                {"mark": {"type": "rule", "strokeDash": [3, 3], "color": "@soft"}, "encoding": {"y": {**{key: part for key, part in y.items() if key != "field"}, "datum": 0}}},
                {"mark": {"type": "rule", "strokeWidth": 1.5},
                 "encoding": {"x": x, "y": {**y, "field": "ci_low"}, "y2": {"field": "ci_high"}, "color": color}},
                {"mark": {"type": "point", "filled": False, "size": 60, "strokeWidth": 2, "fill": "@surface"},
                 "encoding": {"x": x, "y": y, "color": color, "tooltip": tooltip,
                              "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
                {"mark": {"type": "point", "filled": True, "size": 50},
                 "encoding": {"x": x, "y": y, "color": color, "opacity": filled, "tooltip": tooltip,
                              "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
                {"transform": [{"filter": "datum.reference"}],
                 "mark": {"type": "point", "shape": "circle", "size": 240, "strokeWidth": 2, "color": "@ink", "filled": False},
                 "encoding": {"x": x, "y": y, "tooltip": tooltip}},
            ]},
            {"mark": {"type": "tick", "orient": "vertical", "size": 11, "thickness": 4, "opacity": 1},
             "encoding": {"x": x, "y": below, "color": color, "tooltip": tooltip}},
        ],
    }  # fmt: skip


def _points(variants: Sequence[VariantRow]) -> list[Spec]:
    """Return the evaluated variants in order of effect."""
    evaluated = sorted(
        (
            (row.effect, row.variant, row.ci_low, row.ci_high, row)
            for row in variants
            if is_number(row.effect) and is_number(row.ci_low) and is_number(row.ci_high)
        ),
        key=lambda found: found[:2],
    )
    return [
        {
            "rank": rank,
            "effect": effect,
            "ci_low": low,
            "ci_high": high,
            "dimension": row.dimension.replace("_", " "),
            "words": bounded(row.description, 160),
            "value": interval_words(effect, low, high),
            "way": way(low, high),
            "agrees": _agreement(row),
            "reference": row.dimension == "reference",
        }
        for rank, (effect, _, low, high, row) in enumerate(evaluated, start=1)
    ]


def _agreement(row: VariantRow) -> str:
    return "not evaluated" if row.agrees is None else "agrees" if row.agrees else "does not agree"


def robustness_methods(answers: Sequence[RobustnessColumns]) -> str:
    """Return the paragraph of the methods text on robustness, with the figures of this run's `answers`."""
    records = [columns.robustness for columns in answers if columns.robustness and columns.robustness.variants]
    if not records:
        return "Robustness. No variant of the analysis was evaluated in this run."
    variants = [row for record in records for row in record.variants]
    dimensions = sorted({row.dimension.replace("_", " ") for row in variants} - {"reference"})
    evaluated = sum(row.agrees is not None for row in variants)
    return (
        f"Robustness. {count(len(variants), 'variant')} of the analysis over {count(len(records), 'hypothesis', 'hypotheses')}, "
        f"declared before any result ({listed(dimensions)}), {evaluated:,} of them evaluated. A variant agrees when it keeps the "
        "reference's sign, and p ≤ .05 where the reference has it (otherwise its class of verdict); only variants of all "
        "datasets and samples count for the caps."
    )

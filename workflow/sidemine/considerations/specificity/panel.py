"""What the page shows of specificity."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidemine.considerations.specificity.record import Placed, SetBeside, SpecificityColumns
from sidemine.drawing.charts import MOST_CONTRASTS, Spec, WithInterval, base, interval_rows, intervals, signed_axis
from sidemine.drawing.panel import ComparatorEffect, Figure, Panel, Remarks, Subject, Tile, Told, make_tile
from sidemine.drawing.words import bounded, count, is_number, number, p_statement, unit_words
from sidemine.effect.record import ContrastEvidence

MOST_SETS = 12
"""Most sets per comparison in the plot of confounders."""
_MOST_OVERLAPS = 2
_SET_KINDS = {
    "domain": ["primary set", "confounder", "negative control", "comparator"],
    "range": ["@ink", "@accent", "@soft", "@muted"],
}
_UPRIGHT, _FRAME = "M-.35,-1.3H.35V1.3H-.35Z", "M-1,-1H1V1H-1ZM-.55,-.55V.55H.55V-.55Z"
_SET_SHAPES = {"domain": _SET_KINDS["domain"], "range": [_UPRIGHT, "cross", _FRAME, "square"]}


def specificity_tile(columns: SpecificityColumns, subject: Subject) -> Tile:
    """Return the percentile of the primary set as a key figure, or why there is none."""
    name, record = "Special among sets?", columns.specificity
    rank = record.place_comparators
    beside = f"; comparator sets: {rank}" if rank else ""
    if record.place:
        head, rest = _parted(record.place)
        return make_tile("specificity", name, head, f"among matched random sets{rest}{beside}")
    reason = subject.missing["specificity_percentile"]
    if rank:
        short = "no random set matches" if "no valid comparator" in reason else "random sets: " + reason
        head, rest = _parted(rank)
        return make_tile("specificity", name, head, f"among comparator sets{rest}; {short}")
    return make_tile("specificity", name, "not computed", reason)


def tell_place(subject: Subject) -> Told:
    """Return the percentile among the figures of the card, and what is left of sets without the genes that they share."""
    columns = subject.columns_of(SpecificityColumns)
    percentile = columns.specificity_percentile
    value = (
        f"not computed ({subject.missing['specificity_percentile']})"
        if percentile is None
        else columns.specificity.place or number(percentile, 0)
    )
    overlaps = overlap_sentences(columns, subject.primary_set)
    return Told(
        figure=Figure("Percentile among matched random gene sets", value),
        remarks=Remarks("What is left without shared genes", overlaps) if overlaps else None,
    )


def _parted(place: str) -> tuple[str, str]:
    """Return the first words of a place, its percentile or that it lies on the other side, and the rest."""
    head = re.split(r"[;(]", place)[0]
    return head.strip(), place[len(head.rstrip()) :]


def specificity_panel(columns: SpecificityColumns, subject: Subject) -> Panel:
    """Return the primary set among matched random sets and comparator sets."""
    shown = columns.specificity
    return Panel(
        kind="specificity",
        element=f"specificity-{subject.hypothesis}",
        source="specificity.tsv",
        title="Is the set special?",
        caption="Upright: the primary set. Grey ticks: random sets of the same size, expression and correlation (each tick an equal "
        "share of them; the bar holds 90 %; no bar: none match). Small squares: comparator sets. A percentile is no p-value.",
        why_empty=subject.missing.get("specificity_percentile", "no comparison could be placed among other sets"),
        chart=specificity_chart(shown.contrasts, subject.unit, subject.comparators) if shown.contrasts else None,
        facts=[shown.sentence] if shown.sentence else [],
    )


def confounders_panel(columns: SpecificityColumns, subject: Subject) -> Panel:
    """Return what else moves: confounders and controls beside the primary set."""
    contrasts = columns.specificity.contrasts
    more = len(contrasts) - MOST_CONTRASTS
    left_out = f" {count(more, 'further comparison')} in specificity.tsv." if more > 0 else ""
    return Panel(
        kind="confounders",
        element=f"confounders-{subject.hypothesis}",
        source="specificity.tsv",
        title="What else moves?",
        caption="The primary set (▮) beside what could explain it away (✚ confounders) and what must stand still (□ controls), "
        f"95 % CI. A set that moves as much as the primary one is a rival explanation.{left_out}",
        why_empty="no confounder or negative-control set was declared and tested beside this one",
        chart=confounders_chart(contrasts, subject.evidence, subject.unit),
    )


def specificity_chart(
    contrasts: Sequence[Placed], effect_unit: str, comparators: Sequence[ComparatorEffect] = ()
) -> Spec:
    """Return the primary set's effect among matched random sets and the sets beside it.

    Parameters
    ----------
    contrasts
        Places of the primary set, one per contrast.
    effect_unit
        Unit of the effects.
    comparators
        Comparator sets of `specificity.tsv`.
    """
    points, ticks, bars = [], [], []
    for entry in contrasts:
        name, matched = bounded(entry.contrast, 64), entry.matched
        if matched.percentile is not None:
            cut = len(matched.quantiles) // 20
            bars.append({"contrast": name, "low": matched.quantiles[cut], "high": matched.quantiles[-1 - cut]})
            ticks += [{"contrast": name, "effect": value} for value in matched.quantiles]
        shown: list[tuple[str, str, float | None]] = [(entry.gene_set, "primary set", entry.effect)]
        shown += [(row.gene_set, row.family.replace("_", " "), row.effect) for row in entry.beside]
        shown += [(row.gene_set, "comparator", row.effect) for row in comparators if row.contrast == entry.contrast]
        points += [
            {"contrast": name, "set": bounded(label, 100), "kind": kind, "effect": effect}
            for label, kind, effect in reversed(shown)
            if is_number(effect)
        ]
    order = [bounded(entry.contrast, 64) for entry in contrasts]
    y = {"field": "contrast", "type": "nominal", "sort": order, "axis": None}
    x = {"type": "quantitative", "axis": {"title": signed_axis(unit_words(effect_unit)), "grid": False, "tickCount": 5}}
    legend = {"title": None, "orient": "top", "columns": {"expr": "width < 380 ? 2 : 4"}, "labelFontSize": 11}
    effects_told = "; ".join(f"{entry.contrast}: {number(entry.effect)}, {_place(entry)}" for entry in contrasts)
    labels = [{"contrast": name, "words": _place(entry)} for name, entry in zip(order, contrasts, strict=True)]
    size = {"condition": [{"test": "datum.kind === 'primary set'", "value": 130},
                          {"test": "datum.kind === 'comparator'", "value": 14}], "value": 60}  # fmt: skip
    return {
        **base(f"Effect of the primary set beside matched random sets and other sets. {effects_told}", 54 * len(contrasts) + 8),
        "layer": [
            {"data": {"values": bars}, "mark": {"type": "bar", "height": 16, "color": "@band", "yOffset": 9},
             "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"data": {"values": ticks},
             "mark": {"type": "tick", "size": 16, "thickness": 1, "color": "@muted", "opacity": 0.8, "yOffset": 9},
             "encoding": {"y": y, "x": {**x, "field": "effect"}}},
            {"data": {"values": points}, "mark": {"type": "point", "filled": True, "opacity": 0.95, "yOffset": 9},
             "encoding": {"y": y, "x": {**x, "field": "effect"}, "size": size,
                          "color": {"field": "kind", "type": "nominal", "scale": _SET_KINDS, "legend": legend},
                          "shape": {"field": "kind", "type": "nominal", "scale": _SET_SHAPES, "legend": legend},
                          "tooltip": [{"field": "set"}, {"field": "kind"}, {"field": "effect", "format": ".2f"}]}},
            {"data": {"values": [{"contrast": name} for name in order]},
             "mark": {"type": "tick", "size": 22, "thickness": 1, "color": "@soft", "yOffset": 9},
             "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative"}}},
            {"data": {"values": labels},
             "mark": {"type": "text", "align": "left", "x": 0, "yOffset": -20, "fontSize": 11, "fontWeight": "bold",
                      "color": "@ink"},
             "encoding": {"y": y, "text": {"field": "contrast"}}},
            {"data": {"values": labels},
             "mark": {"type": "text", "align": "left", "x": 0, "yOffset": -8, "fontSize": 11, "color": "@soft",
                      "limit": {"expr": "width"}},
             "encoding": {"y": y, "text": {"field": "words"}}},
        ],
    }  # fmt: skip


def _place(entry: Placed) -> str:
    """Return in one line of a chart where the set stands; the panel's sentences tell the whole."""
    matched, among = entry.matched, entry.comparators
    rank = f"rank {among.rank} of {among.n + 1} comparators"
    if matched.percentile is None:
        return f"{rank}; no valid random sets"
    if entry.is_against:
        return entry.place_words(matched.percentile, "random sets")
    return f"{entry.place_words(matched.percentile)} among random sets; {rank}"


def confounders_chart(
    contrasts: Sequence[Placed], evidence: Sequence[ContrastEvidence], effect_unit: str
) -> Spec | None:
    """Return the primary set beside confounder and negative-control sets, on one scale; None where nothing is beside it.

    Parameters
    ----------
    contrasts
        What was placed, one entry per contrast.
    evidence
        Evidence of the same contrasts, with the effect of the primary set.
    effect_unit
        Unit of the effects.
    """
    own = {entry.contrast: entry for entry in evidence}
    groups = []
    for entry in contrasts[:MOST_CONTRASTS]:
        rows: list[tuple[str, WithInterval]] = [(f"▮ {entry.gene_set}", own[entry.contrast])]
        ordered = sorted(entry.beside, key=lambda row: (row.family == "negative_control", row.gene_set))
        rows += [
            (f"{'□' if row.family == 'negative_control' else '✚'} {row.gene_set}", row) for row in ordered[:MOST_SETS]
        ]
        groups.append((entry.contrast, [row for row in rows if is_number(row[1].effect)]))
    if not any(len(rows) > 1 for _, rows in groups):
        return None
    return intervals(interval_rows(groups), effect_unit, "Do confounders and negative controls move as well?")


def overlap_sentences(columns: SpecificityColumns, primary: str) -> list[str]:
    """Tell what is left of the primary set, and of overlapping secondary sets, without the genes that they share."""
    sentences = []
    for entry in columns.specificity.contrasts:
        rows = [row for row in entry.overlaps if is_number(row.effect)]
        # The other targets that share genes with the primary set, largest remainder of it last: nearest rivals first.
        rivals = sorted((row for row in rows if row.gene_set == primary), key=lambda row: row.n_measured)
        for row in rivals[:_MOST_OVERLAPS]:
            others = [other for other in rows if (other.gene_set, other.without) == (row.without, primary)]
            sentences.append(f"{entry.contrast}: {'; '.join(map(_part, [row, *others]))}")
    return sentences


def _part(row: SetBeside) -> str:
    genes = count(row.n_measured, "gene")
    return (
        f"{row.gene_set} without the genes of {row.without} ({genes}): {number(row.effect)} "
        f"({p_statement(row.p_value)})"
    )


SPECIFICITY_METHODS = (
    "Specificity. Percentiles of the primary set's effect, in the declared direction, among random sets of the same "
    "size, mean expression and residual inter-gene correlation (target genes and their neighbours excluded) and among "
    "the comparator sets; percentiles are no p-values."
)

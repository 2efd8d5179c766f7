"""What the page shows of influence: the effect, and what it is without its most influential genes."""

from __future__ import annotations

from sidemine.considerations.influence.record import InfluenceColumns, InfluenceOnEffect
from sidemine.drawing.charts import MOST_CONTRASTS, WithInterval, interval_rows, intervals
from sidemine.drawing.panel import Panel, Subject
from sidemine.drawing.words import count, number, p_statement, unit_words

MOST_GENES = 6
"""Most genes per effect in the plot; the record holds more."""


def influence_panel(columns: InfluenceColumns, subject: Subject) -> Panel:
    """Return the effect beside itself without each of its most influential genes."""
    effects = columns.influence.effects if columns.influence else []
    reason = columns.influence.reason if columns.influence else ""
    groups: list[tuple[str, list[tuple[str, WithInterval]]]] = [
        (
            entry.contrast or "pooled",
            [
                (f"all {count(entry.n_genes, 'gene')}", entry.reference),
                *((f"without {row.gene}", row.estimate) for row in entry.genes[:MOST_GENES]),
                *((f"{len(few.genes)} held back", few.estimate) for few in [entry.few] if few),
            ],
        )
        for entry in effects[:MOST_CONTRASTS]
    ]
    return Panel(
        kind="influence",
        element=f"influence-{subject.hypothesis}",
        source="influence.json",
        title="Is it one gene, or a few?",
        caption="The effect of the whole set, and of the set without one gene: those without which least is left. If the answer "
        "were that of one gene, its row would cross zero. Held back: the few genes that move most count for no more than the next "
        "one surely does. 95 % CI.",
        why_empty=subject.missing.get("influence", reason or "no effect was measured"),
        chart=intervals(interval_rows(groups), subject.unit, "Is the effect that of one gene, or of a few?")
        if groups
        else None,
        facts=[_words(entry, subject.unit) for entry in effects],
    )


def _words(entry: InfluenceOnEffect, unit: str) -> str:
    """Tell what the plot shows of one effect; the record holds more genes."""
    where = f"{entry.contrast}, " if entry.contrast else ""
    told = f"{where}all {count(entry.n_genes, 'gene')}: {number(entry.reference.effect)} {unit_words(unit)}"
    rows = [
        f"{row.gene} {number(row.estimate.effect)} ({p_statement(row.estimate.p_value)})"
        for row in entry.genes[:MOST_GENES]
    ]
    held = "".join(
        f" Held back together: {', '.join(few.genes)}: {number(few.estimate.effect)} ({p_statement(few.estimate.p_value)})."
        for few in [entry.few]
        if few
    )
    return f"{told}. Without one gene: {'; '.join(rows)}.{held}"


INFLUENCE_METHODS = (
    "Influence. The effect without each gene of the set in turn, measured, pooled and tested as the whole one is; the sign "
    "and p ≤ .05 must hold without the most influential gene. In sets of ten genes or more they must also hold with the few genes "
    "that move most (a tenth, at least two) weighed less, until none adds more than the next gene's one-sided 90 % limit."
)

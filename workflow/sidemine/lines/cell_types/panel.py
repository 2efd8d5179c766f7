"""What the page shows of cell types side by side."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.drawing.charts import Dot, Spec, dots, signed_axis
from sidemine.drawing.panel import Column, Panel, Subject, Table
from sidemine.drawing.words import bounded, count, number
from sidemine.lines.cell_types.record import CellTypeEffect, CellTypesOfHypothesis, CellTypesOfStudy
from sidemine.lines.line import LinesOnRecord

NO_TEST = "This is a description, no test: cells and cell types of one donor share the donor, so that only donors are replicates."
MOST_DRAWN = 40
"""Most pairs of cell type and donor in the figure; the table holds all."""
_COLUMNS = (
    Column("Cell type, donor", "pair"),
    Column("Effect (log2, set minus other genes)", "effect"),
    Column("Cells, first and second group", "cells"),
    Column("Contrast", "contrast"),
)


def cell_type_panels(subject: Subject, on_record: LinesOnRecord) -> list[Panel]:
    """Return the panel of one answer card; none where its contrasts compare no cell types."""
    record = on_record.record_of(CellTypesOfStudy)
    mine = record.hypotheses.get(subject.hypothesis) if record else None
    if mine is None or not (mine.effects or mine.n_shallow):
        return []
    rows = [
        {
            "pair": bounded(f"{row.cell_type}, {row.unit}", 80),
            "effect": number(row.effect),
            "cells": f"{row.n_cells[0]:,} and {row.n_cells[1]:,}",
            "contrast": row.contrast,
        }
        for row in mine.effects
    ]
    return [
        Panel(
            kind="cell-types",
            element=f"cell-types-{subject.hypothesis}",
            title="Do all cell types and donors show the same sign?",
            caption=NO_TEST,
            why_empty=_why_empty(mine.effects),
            chart=None if _why_empty(mine.effects) else _chart(mine.effects),
            facts=cell_type_sentences(mine),
            table=Table("Cell types and donors", _COLUMNS, rows),
        )
    ]


def _why_empty(effects: Sequence[CellTypeEffect]) -> str:
    if not effects:
        return "no pair has enough reads of these genes"
    return "there are too many pairs to draw" if len(effects) > MOST_DRAWN else ""


def _chart(effects: Sequence[CellTypeEffect]) -> Spec:
    points = [
        Dot(f"{row.cell_type}, {row.unit}", row.effect, number(row.effect), "higher" if row.effect > 0 else "lower")
        for row in effects
    ]
    return dots(points, signed_axis("log2 units, set minus other genes"), "Effect by cell type and donor.")


def cell_type_sentences(mine: CellTypesOfHypothesis) -> list[str]:
    """Say how many cell types and donors have each sign, and what may be said of that."""
    effects = mine.effects
    if not effects:
        return [_shallow(mine.n_shallow)]
    kinds, units = _names(effects, "cell_type"), _names(effects, "unit")
    up = sum(row.effect > 0 for row in effects)
    every = f"{count(len(kinds), 'cell type')} and {count(len(units), 'donor')}"
    if up in (0, len(effects)):
        first = f"All {len(effects)} pairs of cell type and donor ({every}) are {'higher' if up else 'lower'} in the first group."
    else:
        first = f"Of {len(effects)} pairs of cell type and donor ({every}), {up} {'is' if up == 1 else 'are'} higher in the first group and {len(effects) - up} lower."
    sentences = [first, NO_TEST]
    untested = sorted(set(_names(effects, "contrast")) - set(mine.tested))
    if untested:
        sentences.append(f"Too few donors for a test of its own: {', '.join(untested)}.")
    if mine.n_unpaired:
        sentences.append(f"{count(mine.n_unpaired, 'pair')} of cell type and donor lack one of the two samples.")
    if mine.n_shallow:
        sentences.append(_shallow(mine.n_shallow))
    return sentences


def _shallow(n: int) -> str:
    return (
        f"{count(n, 'pair')} of cell type and donor {'is' if n == 1 else 'are'} not shown: the sample of fewer cells has too few reads of these genes, "
        "and seems to hold too much of rare ones."
    )


def _names(effects: Sequence[CellTypeEffect], field: str) -> list[str]:
    return sorted({getattr(row, field) for row in effects})

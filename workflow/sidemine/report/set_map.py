"""The genes of a set in every comparison of the study: one heat map, comparisons by genes, both clustered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.drawing.charts import ROW_LABELS, Spec, base, heading_key, label_room, row_key
from sidemine.drawing.panel import Panel
from sidemine.drawing.words import bounded, count, isolated, number, p_value
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.report.packing import significant
from sidemine.sources.scales import LOG2_FOLD_CHANGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS, MOST_GENES = 6_000, 100
"""Most cells and most genes of one map: more can neither be told apart nor drawn within a second."""
FEWEST_GENES, FEWEST_COMPARISONS = 3, 3
"""Below these there is no pattern to see."""
_GROUPS = {
    "disease": "patients",
    "stimulus": "stimuli",
    "inhibitor": "drugs",
    "negative_control": "negative controls",
}
_ROW, _MARGIN = 17, 130
KINDS = ("patients", "cells")
"""Kinds of comparisons; each has colours that end at a limit of its own."""


@dataclass(frozen=True)
class SetMap:
    """Log2 fold changes of a set's genes in all comparisons.

    Attributes
    ----------
    gene_set, genes
        The set, and those of its genes that are drawn, in the order of the columns.
    n_measured
        Genes of the set that any comparison tested.
    comparisons
        Drawn comparisons, in the order of the rows: diseases, stimuli, drugs, negative controls.
    other_units
        Comparisons whose values have no log2 fold change.
    change, p
        Comparisons × genes; NaN where a gene was not tested.
    accessions
        Where the samples of each drawn comparison were deposited.
    """

    gene_set: str
    genes: list[str]
    n_measured: int
    comparisons: list[ContrastResults]
    other_units: list[str]
    change: NDArray[np.float64]
    p: NDArray[np.float64]
    accessions: list[str]


def set_map(results: StudyResults, gene_set: str) -> SetMap | None:
    """Return the map of one set; None where fewer genes or comparisons were tested than make a pattern.

    Parameters
    ----------
    results
        The study.
    gene_set
        Its genes are the columns. Where they are too many, those with the largest mean |t| over the comparisons stay.
    """
    tested = [item for item in results.contrasts.values() if item.testable]
    items = [item for item in tested if item.unit == LOG2_FOLD_CHANGE]
    members = list(dict.fromkeys(results.members.get(gene_set, [])))
    tables = [
        item.differential.set_index("gene")[["log2_fold_change", "p_value", "t"]].reindex(members) for item in items
    ]
    if len(items) < FEWEST_COMPARISONS or not members:
        return None
    change, p, t = (np.array([table[name] for table in tables], dtype=np.float64) for name in tables[0].columns)
    known = np.flatnonzero(np.isfinite(change).any(axis=0))
    if len(known) < FEWEST_GENES:
        return None
    room = max(FEWEST_GENES, min(MOST_GENES, MOST_CELLS // len(items)))
    strength = np.nanmean(np.abs(t[:, known]), axis=0)
    drawn = np.sort(known[np.argsort(-strength, kind="stable")[:room]])
    shade = _shades(change[:, drawn], items)[0]
    columns = [int(drawn[place]) for place in clustered(shade.T)]
    groups = [[row for row, item in enumerate(items) if item.row.role == role] for role in _GROUPS]
    rows = [group[place] for group in groups if group for place in clustered(shade[group])]
    return SetMap(
        gene_set=gene_set,
        genes=[members[column] for column in columns],
        n_measured=len(known),
        comparisons=[items[row] for row in rows],
        other_units=[item.row.contrast for item in tested if item.unit != LOG2_FOLD_CHANGE],
        change=change[rows][:, columns],
        p=p[rows][:, columns],
        accessions=[results.datasets[items[row].row.dataset].row.accession for row in rows],
    )


def clustered(profiles: NDArray[np.float64]) -> list[int]:
    """Return an order of profiles in which like ones stand together.

    Average linkage of Euclidean distances, leaves in the order of Bar-Joseph et al. 2001 (doi 10.1093/bioinformatics/17.suppl_1.S22).

    Parameters
    ----------
    profiles
        One row each; NaN counts as no change.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import pdist

    if len(profiles) < 3:
        return list(range(len(profiles)))
    apart = pdist(np.nan_to_num(profiles))
    return [int(place) for place in leaves_list(optimal_leaf_ordering(linkage(apart, "average"), apart))]


def _kind(item: ContrastResults) -> str:
    """Return whose colours a comparison has: those of people or those of cells in a dish."""
    return KINDS[item.row.role != "disease"]


def _shades(
    change: NDArray[np.float64], items: Sequence[ContrastResults]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return changes as shares of the limit of their kind of comparison, and both limits.

    People differ by tenths of a unit where a stimulus moves a gene by several: on one scale the diseases would be blank.
    """
    limits, shade = {}, np.full_like(change, np.nan)
    for kind in KINDS:
        rows = [_kind(item) == kind for item in items]
        sizes = np.abs(change[rows])
        sizes = sizes[np.isfinite(sizes)]
        if len(sizes):
            step = 0.1 if np.quantile(sizes, 0.98) < 1 else 0.5
            limits[kind] = float(max(step, np.ceil(np.quantile(sizes, 0.98) / step) * step))
            shade[rows] = change[rows] / limits[kind]
    return shade, limits


def set_map_panel(drawn: SetMap, element: str, carrying: frozenset[str]) -> Panel:
    """Return the panel of one set.

    Parameters
    ----------
    drawn
        Its map.
    element
        Id of the figure.
    carrying
        Comparisons that answer a question on this set.
    """
    limits = _shades(drawn.change, drawn.comparisons)[1]
    ends = " and ".join(f"±{number(limit, 1)} in {kind}" for kind, limit in limits.items())
    own = " Each has a legend of its own: one colour is not one size." if len(set(limits.values())) > 1 else ""
    thinned = (
        f" Drawn: the {len(drawn.genes)} of {drawn.n_measured} genes with the largest mean |t|; differential.tsv.gz of each comparison has all."
        if len(drawn.genes) < drawn.n_measured
        else f" All {drawn.n_measured} tested genes are drawn."
    )
    other = f" Without log2 fold changes, so not drawn: {', '.join(drawn.other_units)}." if drawn.other_units else ""
    return Panel(
        kind="set-map",
        element=element,
        title=f"{bounded(drawn.gene_set, 80)}: every gene in all {count(len(drawn.comparisons), 'comparison')}",
        caption=f"A row is a comparison (n v n), a column a gene. Colour: log2 fold change; it ends at {ends}.{own} Grey: not tested. "
        f"★: answers a question.{thinned}{other} Like rows and columns stand together (average linkage). Click a cell to open its gene.",
        why_empty="",
        chart=_chart(drawn, limits, carrying),
        source="contrasts",
    )


def _chart(drawn: SetMap, limits: dict[str, float], carrying: frozenset[str]) -> Spec:
    keys: list[str] = []
    sizes: list[str] = []
    cells: list[dict[str, object]] = []
    role = ""
    for place, item in enumerate(drawn.comparisons):
        if item.row.role != role:
            role = item.row.role
            limit = limits.get(_kind(item))
            keys.append(heading_key(len(keys), _GROUPS[role] + (f", to ±{number(limit, 1)}" if limit else "")))
            sizes.append("")
        mark = "★ " if item.row.contrast in carrying else ""
        groups = f"{isolated(bounded(item.row.target_label, 60))} − {isolated(bounded(item.row.reference_label, 40))}"
        keys.append(row_key(len(keys), f"{mark}{groups}"))
        # At the right end, where a long name cannot push it out: two comparisons may have the same groups.
        sizes.append(f"{item.design.n_target} v {item.design.n_reference}, {bounded(drawn.accessions[place], 16)}")
        for column, gene in enumerate(drawn.genes):
            value = drawn.change[place, column]
            known = bool(np.isfinite(value))
            cells.append(
                {
                    "key": keys[-1],
                    "gene": bounded(gene, 40),
                    "contrast": item.row.contrast,
                    _kind(item): significant(float(value), 4) if known else None,
                    "change": number(float(value), 3) if known else "not tested",
                    "p": p_value(float(drawn.p[place, column])) if known else "—",
                }
            )
    row_at = "toNumber(slice(datum.value, 0, indexof(datum.value, '|')))"
    domain = {"domain": keys, "paddingInner": 0.06}
    left = {**ROW_LABELS, "labelLimit": label_room(0.3, 210), "labelFontSize": 10}
    right = {
        **ROW_LABELS,
        "orient": "right",
        "labelExpr": f"{json.dumps(sizes)}[{row_at}]",
        "labelFontWeight": "normal",
        "labelFontSize": 10,
    }
    y = {"field": "key", "type": "nominal", "scale": domain, "axis": left}
    x = {"field": "gene", "type": "nominal", "sort": [bounded(gene, 40) for gene in drawn.genes],
         "scale": {"domain": [bounded(gene, 40) for gene in drawn.genes]},
         "axis": {"title": None, "labelAngle": -90, "labelFontSize": 9, "ticks": False, "domain": False, "labelOverlap": True}}  # fmt: skip
    tooltip = [{"field": "gene"}, {"field": "contrast", "title": "comparison"}, {"field": "change", "title": "log2 fold change"},
               {"field": "p"}]  # fmt: skip

    def colours(kind: str) -> Spec:
        ends = [-limits[kind], 0, limits[kind]]
        legend = {"title": f"{kind}: log2 fold change", "orient": "top", "direction": "horizontal", "gradientLength": 170,
                  "gradientThickness": 10, "values": ends, "labelExpr": "datum.value ? format(datum.value, '+.1f') : '0'", "titleLimit": 300}  # fmt: skip
        scale = {"domain": ends, "range": ["@lower", "@surface", "@higher"], "interpolate": "rgb", "clamp": True}
        return {"transform": [{"filter": f"isValid(datum.{kind})"}], "mark": {"type": "rect", "cursor": "pointer"},
                "encoding": {"x": x, "y": y if kind == next(iter(limits)) else {**y, "axis": None}, "tooltip": tooltip,
                             "color": {"field": kind, "type": "quantitative", "legend": legend, "scale": scale}}}  # fmt: skip

    told = f"Heat map: log2 fold change of {len(drawn.genes)} genes of {drawn.gene_set} in {len(drawn.comparisons)} comparisons."
    return {
        **base(told, _ROW * len(keys) + _MARGIN),
        "autosize": {"type": "fit", "contains": "padding"},
        "data": {"values": cells},
        "resolve": {"scale": {"color": "independent"}, "axis": {"y": "independent"}},
        "layer": [
            {"transform": [{"filter": "!isValid(datum.patients) && !isValid(datum.cells)"}], "mark": {"type": "rect", "color": "@band"},
             "encoding": {"x": x, "y": {**y, "axis": right}, "tooltip": tooltip}},
            *map(colours, limits),
        ],
    }  # fmt: skip

"""The genes of a set in every comparison of the study: one heat map, comparisons by genes, both clustered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.drawing.charts import ROW_LABELS, Spec, base, heading_key, row_key
from sidemine.drawing.panel import Panel
from sidemine.drawing.words import bounded, count, number, p_value
from sidemine.report.collect import ContrastResults, StudyResults
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
_ROW, _MARGIN = 17, 110


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
    """

    gene_set: str
    genes: list[str]
    n_measured: int
    comparisons: list[ContrastResults]
    other_units: list[str]
    change: NDArray[np.float64]
    p: NDArray[np.float64]


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


def _shades(
    change: NDArray[np.float64], items: Sequence[ContrastResults]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return changes as shares of the limit of their kind of comparison, and both limits.

    People differ by tenths of a unit where a stimulus moves a gene by several: on one scale the diseases would be blank.
    """
    limits, shade = {}, np.full_like(change, np.nan)
    for kind, rows in (
        ("patients", [item.row.role == "disease" for item in items]),
        ("cells", [item.row.role != "disease" for item in items]),
    ):
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
    shade, limits = _shades(drawn.change, drawn.comparisons)
    ends = " and ".join(f"±{number(limit, 1)} in {kind}" for kind, limit in limits.items())
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
        caption=f"A row is a comparison (n v n), a column a gene. Colour: log2 fold change; it ends at {ends}. Grey: not tested. "
        f"●: answers a question.{thinned}{other} Like rows and columns stand together (average linkage). Click a cell to open its gene.",
        why_empty="",
        chart=_chart(drawn, shade, limits, carrying),
        source="contrasts",
    )


def _chart(drawn: SetMap, shade: NDArray[np.float64], limits: dict[str, float], carrying: frozenset[str]) -> Spec:
    keys: list[str] = []
    cells: list[dict[str, object]] = []
    role = ""
    for place, item in enumerate(drawn.comparisons):
        if item.row.role != role:
            role = item.row.role
            keys.append(heading_key(len(keys), _GROUPS[role]))
        mark = "● " if item.row.contrast in carrying else ""
        size = f"({item.design.n_target} v {item.design.n_reference})"
        keys.append(
            row_key(
                len(keys),
                f"{mark}{bounded(item.row.target_label, 60)} − {bounded(item.row.reference_label, 40)} {size}",
            )
        )
        for column, gene in enumerate(drawn.genes):
            value = drawn.change[place, column]
            known = bool(np.isfinite(value))
            cells.append(
                {
                    "key": keys[-1],
                    "gene": bounded(gene, 40),
                    "contrast": item.row.contrast,
                    "shade": float(np.clip(shade[place, column], -1, 1).round(3)) if known else None,
                    "change": number(float(value), 3) if known else "not tested",
                    "p": p_value(float(drawn.p[place, column])) if known else "—",
                }
            )
    # At either end of the legend stand the limits of both kinds of comparisons.
    low, high = (" | ".join(f"{sign}{number(limit, 1)}" for limit in limits.values()) for sign in ("−", "+"))
    label = f"datum.value === 0 ? '0' : datum.value < 0 ? '{low}' : '{high}'"
    y = {
        "field": "key",
        "type": "nominal",
        "scale": {"domain": keys, "paddingInner": 0.06},
        "axis": {**ROW_LABELS, "labelLimit": 290},
    }
    x = {"field": "gene", "type": "nominal", "sort": [bounded(gene, 40) for gene in drawn.genes],
         "axis": {"title": None, "labelAngle": -90, "labelFontSize": 9, "ticks": False, "domain": False, "labelOverlap": True}}  # fmt: skip
    tooltip = [{"field": "gene"}, {"field": "contrast", "title": "comparison"}, {"field": "change", "title": "log2 fold change"},
               {"field": "p"}]  # fmt: skip
    legend = {"title": f"log2 fold change: {' | '.join(limits)}", "orient": "top", "direction": "horizontal", "gradientLength": 230,
              "gradientThickness": 10, "values": [-1, 0, 1], "labelExpr": label, "titleLimit": 300}  # fmt: skip
    told = f"Heat map: log2 fold change of {len(drawn.genes)} genes of {drawn.gene_set} in {len(drawn.comparisons)} comparisons."
    return {
        **base(told, _ROW * len(keys) + _MARGIN),
        "autosize": {"type": "fit", "contains": "padding"},
        "data": {"values": cells},
        "layer": [
            {"transform": [{"filter": "datum.shade === null"}], "mark": {"type": "rect", "color": "@band"},
             "encoding": {"x": x, "y": y, "tooltip": tooltip}},
            {"transform": [{"filter": "datum.shade !== null"}], "mark": {"type": "rect", "cursor": "pointer"},
             "encoding": {"x": x, "y": y, "tooltip": tooltip,
                          "color": {"field": "shade", "type": "quantitative", "legend": legend,
                                    "scale": {"domain": [-1, 0, 1], "range": ["@lower", "@surface", "@higher"], "interpolate": "rgb"}}}},
        ],
    }  # fmt: skip

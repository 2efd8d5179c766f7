"""What the page shows of single cells: maps, coloured, and that no test rests on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sidemine.drawing.charts import Spec, base
from sidemine.drawing.panel import Panel
from sidemine.drawing.words import bounded, count
from sidemine.lines.illustration.record import CellMap, MapsOfStudy
from sidemine.lines.line import LinesOnRecord

ILLUSTRATION = "Illustration: no test rests on it."
_LAYOUTS = {"umap": "UMAP", "pca": "First two principal components"}
MOST_COLOURS = 10
"""Most values that have a colour of their own; all others are one."""


def map_panels(drawn: CellMap) -> list[Panel]:
    """Return the maps of one dataset: by condition, by type of cells where one is declared, and by set score.

    Parameters
    ----------
    drawn
        The cells.
    """
    title = f"Cells of {drawn.dataset}"
    if drawn.problem:
        return [Panel("cell-map", f"cells-{drawn.dataset}", title, "", drawn.problem)]
    n, cells = len(drawn.x), count(drawn.n_cells, "cell")
    shown = f"{n:,} of {cells} (drawn at random)" if n < drawn.n_cells else f"all {cells}"
    caption = (
        f"{ILLUSTRATION} {_LAYOUTS[drawn.layout]} of {shown}, doublets among them, on {count(drawn.n_genes, 'variable gene')}. "
        "Distances and sizes of clouds mean little; tests are made on sums per donor."
    )
    panels = []
    for word, values in (("condition", drawn.condition), ("type of cells", drawn.cell_type)):
        if values:
            element = f"cells-{drawn.dataset}-{'condition' if word == 'condition' else 'type'}"
            chart = _map(drawn, word, _grouped(values), nominal=True)
            panels.append(Panel("cell-map", element, f"{title}, by {word}", caption, "", chart))
    scored = f"score of {drawn.gene_set} ({drawn.n_measured} of {drawn.n_in_set} genes)"
    chart = _map(drawn, "score", drawn.score, nominal=False)
    return [*panels, Panel("cell-map", f"cells-{drawn.dataset}-score", f"{title}, by {scored}", caption, "", chart)]


def _grouped(values: Sequence[str]) -> list[str]:
    """Return the values, the rarer ones as `other` where there are more than can be told apart by colour."""
    common = {
        value for value, _ in sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))[:MOST_COLOURS]
    }
    return [bounded(value, 40) if value in common else "other" for value in values]


def _map(drawn: CellMap, word: str, values: Sequence[object], *, nominal: bool) -> Spec:
    points = [{"x": x, "y": y, "c": value} for x, y, value in zip(drawn.x, drawn.y, values, strict=True)]
    hidden = {"title": None, "labels": False, "ticks": False, "grid": False, "domain": False}
    colour = (
        {"field": "c", "type": "nominal", "title": word}
        if nominal
        else {"field": "c", "type": "quantitative", "title": word, "scale": {"scheme": "viridis"}}
    )
    return {
        **base(f"Map of cells of {drawn.dataset}, coloured by {word}. {ILLUSTRATION}", 320),
        "data": {"values": points},
        "mark": {"type": "circle", "size": 7, "opacity": 0.7},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "axis": hidden, "scale": {"zero": False}},
            "y": {"field": "y", "type": "quantitative", "axis": hidden, "scale": {"zero": False}},
            "color": colour,
        },
    }


def methods_of_maps(lines: LinesOnRecord) -> list[str]:
    """Return the paragraph of the methods text; none where no map was drawn."""
    drawn = lines.record_of(MapsOfStudy)
    if drawn is None:
        return []
    ways = {"umap": "30 principal components, 15 exact neighbours, UMAP", "pca": "the first two principal components"}
    how = "; or ".join(ways[layout] for layout in ways if layout in {one.layout for one in drawn.maps})
    return [
        f"Maps of single cells (scanpy: at most 3,000 cells drawn at random, 2,000 variable genes, {how}, scores of Tirosh et al.) are "
        "illustrations: no test rests on them."
    ]

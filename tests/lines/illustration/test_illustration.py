"""Maps of single cells: few cells, the same ones each time, marked as an illustration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from sidemine.errors import Problem
from sidemine.lines.illustration.check import check_illustrations
from sidemine.lines.illustration.config import Illustration
from sidemine.lines.illustration.measure import MOST_CELLS, choose_cells, draw_map
from sidemine.lines.illustration.panel import ILLUSTRATION, MOST_COLOURS, map_panels
from sidemine.lines.illustration.record import CellMap


def test_cells_are_drawn_from_the_seed_and_the_dataset() -> None:
    """A bounded number, always the same; another dataset or seed draws others; few cells are all drawn."""
    usable = np.arange(5, 20_005)
    drawn = choose_cells(usable, 1, "a")
    assert len(drawn) == len(set(drawn)) == MOST_CELLS
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn, choose_cells(usable, 1, "a"))
    assert set(drawn) != set(choose_cells(usable, 1, "b"))
    assert set(drawn) != set(choose_cells(usable, 2, "a"))
    np.testing.assert_array_equal(choose_cells(usable[:7], 1, "a"), usable[:7])


def test_a_map_says_that_no_test_rests_on_it() -> None:
    """Three maps of one dataset; rare conditions share a colour."""
    n = 40
    drawn = CellMap(
        "blood", "ISG", 1000, 200, 10, 8, tuple(range(n)), tuple(range(n)), tuple(f"c{row % 20:02d}" for row in range(n)),
        ("T",) * n, (0.5,) * n,
    )  # fmt: skip
    panels = map_panels(drawn)
    assert [panel.title for panel in panels] == [
        "Cells of blood, by condition",
        "Cells of blood, by type of cells",
        "Cells of blood, by score of ISG (8 of 10 genes)",
    ]
    assert all(panel.caption.startswith(ILLUSTRATION) for panel in panels)
    assert "40 of 1,000 cells" in panels[0].caption
    colours = {point["c"] for point in panels[0].chart["data"]["values"]}
    assert len(colours) == MOST_COLOURS + 1
    assert "other" in colours


def test_too_few_cells_are_no_map() -> None:
    """The page says why instead."""
    counts = csr_matrix(np.ones((5, 3)))
    drawn = draw_map(counts, ["A", None, "B"], ("S", {"A", "B"}), (["x"] * 5, []), "d", 5, 1)
    assert drawn.problem.startswith("5 cells, 2 detected genes")
    (panel,) = map_panels(drawn)
    assert panel.chart is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("nowhere", "S")], "nowhere"),
        ([("bulk", "S")], "dataset 'bulk' has no single cells"),
        ([("cells", "X")], "X"),
        ([("cells", "S"), ("cells", "S")], "dataset 'cells' is illustrated twice"),
    ],
)
def test_what_cannot_be_drawn_is_told_before_the_run(rows, said) -> None:
    """Dataset, layout, set and number are checked."""
    declared = [Illustration(dataset=name, condition="stim", set=gene_set) for name, gene_set in rows]
    problems: list[Problem] = check_illustrations(declared, {"cells": "h5ad", "bulk": "table"}, {"S"}, "config.yaml")
    assert len(problems) == 1
    assert said in problems[0].what

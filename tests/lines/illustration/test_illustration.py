"""Maps of single cells: few cells, the same ones each time, marked as an illustration."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from sidemine.errors import Problem
from sidemine.lines.illustration import reader
from sidemine.lines.illustration.check import check_illustrations
from sidemine.lines.illustration.config import Illustration
from sidemine.lines.illustration.measure import MOST_CELLS, choose_cells, draw_map
from sidemine.lines.illustration.panel import ILLUSTRATION, MOST_COLOURS, map_panels
from sidemine.lines.illustration.record import CellMap
from sidemine.lines.illustration.specification import CellsToIllustrate
from sidemine.study.projections import DatasetToRead
from sidemine.study.rows import Dataset


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


def test_principal_components_tell_two_kinds_of_cells_apart() -> None:
    """Two kinds of cells lie apart, and the caption says what the places are."""
    rng = np.random.default_rng(3)
    level = np.ones((120, 60)) * 3
    level[:60, :20] = 9
    counts, genes = csr_matrix(rng.poisson(level)), [f"G{n}" for n in range(60)]
    colours = (["a"] * 60 + ["b"] * 60, [])
    drawn = [draw_map(counts, genes, ("S", set(genes[:20])), colours, "d", 120, 1, "pca") for _ in range(2)]
    assert drawn[0] == drawn[1]
    x, score = np.array(drawn[0].x), np.array(drawn[0].score)
    assert abs(x[:60].mean() - x[60:].mean()) > 2 * max(x[:60].std(), x[60:].std())
    assert score[:60].mean() > score[60:].mean() + 0.3
    caption = map_panels(drawn[0])[0].caption
    assert f"{ILLUSTRATION} First two principal components of all 120 cells, doublets among them" in caption


@pytest.mark.parametrize(
    ("change", "n_set", "told"),
    [
        (lambda counts: counts, 300, "300 detected genes of the set and 0 others"),
        (lambda counts: np.where(np.arange(300) < 20, 0, counts), 20, "0 detected genes of the set and 280 others"),
        (np.ones_like, 20, "the cells are alike"),
    ],
)
def test_what_has_no_score_is_told_and_not_drawn(change, n_set: int, told: str) -> None:
    """A set of all genes, a set that no cell shows, and cells without any difference: no traceback, and no score of 0."""
    counts = csr_matrix(change(np.random.default_rng(1).poisson(1.0, (100, 300))).astype(float))
    genes = [f"G{number}" for number in range(300)]
    drawn = draw_map(counts, genes, ("S", set(genes[:n_set])), (["x"] * 100, []), "d", 100, 1, "pca")
    assert told in drawn.problem
    assert drawn.score == ()


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
    problems: list[Problem] = check_illustrations(
        declared, {"cells": "h5ad", "bulk": "table"}, ["cells", "bulk"], {"S"}, "config.yaml"
    )
    assert len(problems) == 1
    assert said in problems[0].what


def test_cells_that_markers_label_are_drawn_by_their_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The markers of the study label them here as they do before the sums; cells without a label are not drawn."""
    genes = ["A1", "A2", "A3", "B1", "B2", "B3", *(f"G{n}" for n in range(20))]
    counts = np.full((41, len(genes)), 2.0)
    counts[:20, :3] = counts[20:40, 3:6] = 9
    counts[20:40, :3] = counts[:20, 3:6] = 0
    counts[40, :6] = 0
    obs = pd.DataFrame({"donor": ["d1"] * 41, "stim": ["x", "y"] * 20 + ["x"]}, index=[f"c{n}" for n in range(41)])
    ad.AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame(index=genes)).write_h5ad(tmp_path / "c.h5ad")
    row = Dataset.model_validate(
        {"dataset": "d", "accession": "GSE1", "layout": "h5ad", "file": "x", "identifiers": "symbol", "scale": "counts",
         "tissue": "blood", "licence": "x", "biological_unit": "donor", "cell_type": "markers:blood",
         "sample_columns": "stim", "doublets": "off"}
    )  # fmt: skip
    asked = CellsToIllustrate(
        dataset=DatasetToRead.of(row), files={"values": "c"}, derive={}, markers={"a": ["A1", "A2", "A3"], "b": ["B1", "B2", "B3"]},
        condition="stim", cell_type="marker_label", set="S",
    )  # fmt: skip
    seen = []
    monkeypatch.setattr(reader, "draw_map", lambda *given: seen.append(given) or CellMap("d", "S"))
    monkeypatch.setattr(reader, "map_symbols", lambda names, *_, human: SimpleNamespace(genes=names))
    sets = pd.DataFrame({"gene_set": ["S"], "gene": ["G1"]})
    assert reader.read_map(asked, {"values": tmp_path / "c.h5ad"}, None, sets, 1).problem == ""
    (_, _, _, (condition, kind), _, n_cells, _, _) = seen[0]
    assert kind == ["a"] * 20 + ["b"] * 20
    assert condition == ["x", "y"] * 20
    assert n_cells == 40


def test_labels_by_markers_are_asked_of_cells_that_markers_label() -> None:
    """Refused before the run, not on the page."""
    row = Illustration(dataset="cells", condition="stim", cell_type="markers:blood", set="S")
    (problem,) = check_illustrations([row], {"cells": "h5ad"}, ["cells"], {"S"}, "config.yaml")
    assert problem.what == "no markers label the cells of dataset 'cells'"
    assert check_illustrations([row], {"cells": "h5ad"}, ["cells"], {"S"}, "config.yaml", ["cells"]) == []

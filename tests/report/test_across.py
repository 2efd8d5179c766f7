"""Figures over all comparisons: every number that is drawn is that of a table, and what is left out is told."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.drawing.charts import ROW_LABELS, row_key
from sidemine.drawing.words import number, p_value
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence
from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.report import set_map as maps
from sidemine.report.blocks import contrast_block
from sidemine.report.collect import collect
from sidemine.report.compound_matrix import compound_cells, dose_panels, matrix_panel
from sidemine.report.sections.across import across_section, primary_sets
from sidemine.report.sections.contrasts import found_words
from sidemine.report.set_map import clustered, set_map, set_map_panel
from sidemine.tables import read_table

SET = "SIM_INTERFERON_TARGETS"


@pytest.fixture(scope="module")
def study(example_results):
    """The example study."""
    return collect(example_results)


def test_cells_of_the_map_are_those_of_the_gene_tables(study, example_results):
    """What hovering over a cell tells stands in differential.tsv.gz, to the digits that are printed."""
    chart = set_map_panel(set_map(study, SET), "map", frozenset()).chart
    told = {(cell["contrast"], cell["gene"]): (cell["change"], cell["p"]) for cell in chart["data"]["values"]}
    assert {contrast for contrast, _ in told} == {"vte_a", "vte_b", "interferon", "inhibitor"}
    for contrast in ("vte_a", "inhibitor"):
        table = read_table(example_results / "contrasts" / contrast / "differential.tsv.gz", DIFFERENTIAL).set_index(
            "gene"
        )
        for gene in study.members[SET]:
            assert told[contrast, gene] == (number(table["log2_fold_change"][gene], 3), p_value(table["p_value"][gene]))


def test_people_and_cells_have_limits_of_their_own_that_are_told(study):
    """On the scale of a stimulus the diseases would be blank: each kind fills its own colours, and the caption says both ends."""
    panel = set_map_panel(set_map(study, SET), "map", frozenset({"vte_a"}))
    _, patients, cells = panel.chart["layer"]
    for layer, kind, contrasts in (
        (patients, "patients", {"vte_a", "vte_b"}),
        (cells, "cells", {"interferon", "inhibitor"}),
    ):
        drawn = [cell for cell in panel.chart["data"]["values"] if cell.get(kind) is not None]
        assert {cell["contrast"] for cell in drawn} == contrasts
        low, _, high = layer["encoding"]["color"]["scale"]["domain"]
        assert -low == high
        assert all((cell[kind] < 0) == cell["change"].startswith("−") for cell in drawn)
        assert max(abs(cell[kind]) for cell in drawn) > 0.7 * high
        assert layer["encoding"]["color"]["legend"]["values"] == [low, 0, high]
        assert layer["encoding"]["color"]["legend"]["title"].startswith(kind)
    assert panel.chart["resolve"]["scale"]["color"] == "independent"
    assert "in patients and ±" in panel.caption


def test_rows_of_the_map_tell_their_limit_their_groups_and_their_size(study):
    """Headings carry the limit of their colours; n and accession stand at the right, where a long name cannot push them out."""
    drawn = set_map(study, SET)
    chart = set_map_panel(drawn, "map", frozenset({"vte_a"})).chart
    keys = chart["layer"][1]["encoding"]["y"]["scale"]["domain"]
    headings = [key for key in keys if key.endswith("⟶")]
    assert headings
    assert all(", to ±" in heading for heading in headings)
    assert any("★ VTE" in key for key in keys)
    ends = json.loads(chart["layer"][0]["encoding"]["y"]["axis"]["labelExpr"].rsplit("[", 1)[0])
    assert len(ends) == len(keys)
    designs = [f"{item.design.n_target} v {item.design.n_reference}" for item in drawn.comparisons]
    accessions = [study.datasets[item.row.dataset].row.accession for item in drawn.comparisons]
    assert [end for end in ends if end] == [
        f"{n}, {accession}" for n, accession in zip(designs, accessions, strict=True)
    ]


def test_a_row_keeps_a_bar_in_its_name():
    """Keys of rows part place and label at the first bar only: a group may be named `CD4|CD8`."""
    assert row_key(3, "CD4|CD8").partition("|")[2] == "CD4|CD8"
    assert ROW_LABELS["labelExpr"] == "slice(datum.value, indexof(datum.value, '|') + 1)"


def test_the_matrix_tells_how_many_units_stand_behind_its_marks(study):
    """The caption says n v n, or between which the comparisons lie."""
    cell = next(cell for cell in compound_cells(study, SET) if cell.effect is not None)
    other = dataclasses.replace(cell, n_target=cell.n_target + 3)
    size = f"{cell.n_target} v {cell.n_reference}"
    assert f"Each compares {size}." in matrix_panel([cell, cell], SET, "matrix").caption
    assert f"They compare {size} to {other.n_target} v " in matrix_panel([other, cell], SET, "matrix").caption


def test_what_was_not_tested_is_grey_and_what_has_no_fold_change_is_named(study):
    """Comparisons are drawn by their role, however the study lists them; each keeps its own numbers."""
    vte = study.contrasts["vte_a"]
    without = vte.differential[vte.differential["gene"] != "STAT1"]
    design = study.contrasts["vte_b"].design
    other = dataclasses.replace(design, fit=dataclasses.replace(design.fit, unit="per cent"))
    changed = {
        **dict(reversed(study.contrasts.items())),
        "vte_a": dataclasses.replace(vte, differential=without),
        "vte_b": dataclasses.replace(study.contrasts["vte_b"], design=other),
    }
    drawn = set_map(dataclasses.replace(study, contrasts=changed), SET)
    panel = set_map_panel(drawn, "map", frozenset())
    assert [item.row.contrast for item in drawn.comparisons] == ["vte_a", "interferon", "inhibitor"]
    assert "so not drawn: vte_b." in panel.caption
    cells = {(cell["contrast"], cell["gene"]): cell for cell in panel.chart["data"]["values"]}
    grey = [key for key, cell in cells.items() if cell.get("patients") is None and cell.get("cells") is None]
    assert grey == [("vte_a", "STAT1")]
    assert cells["vte_a", "STAT1"]["change"] == "not tested"
    for contrast in ("vte_a", "inhibitor"):
        change = study.contrasts[contrast].differential.set_index("gene")["log2_fold_change"]
        assert cells[contrast, "MX1"]["change"] == number(change["MX1"], 3)


def test_a_map_that_is_too_large_says_which_genes_it_keeps(study, monkeypatch):
    """All comparisons stay; of the genes those with the largest mean |t|, and the caption counts them."""
    monkeypatch.setattr(maps, "MOST_CELLS", 20)
    drawn = set_map(study, SET)
    assert len(drawn.comparisons) == 4
    assert len(drawn.genes) == 5
    strength = {
        gene: np.mean([abs(item.differential.set_index("gene")["t"][gene]) for item in drawn.comparisons])
        for gene in study.members[SET]
    }
    assert set(drawn.genes) == set(sorted(strength, key=strength.__getitem__)[-5:])
    assert "the 5 of 8 genes with the largest mean |t|" in set_map_panel(drawn, "map", frozenset()).caption


def test_like_profiles_stand_together():
    """Two pairs of like profiles, given mixed, come out as pairs."""
    order = clustered(np.array([[1.0, 1, 1], [-1, -1, -1], [1.1, 1, 1], [-1, -1.1, np.nan]]))
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_cells_of_the_matrix_are_those_of_the_set_tests(study, example_results):
    """Effect and p of each drug are FRY's row of enrichment.tsv; what could not be tested is named, not drawn."""
    cells = compound_cells(study, SET)
    panel = matrix_panel([*cells, dataclasses.replace(cells[0], contrast="again")], SET, "matrix")
    table = read_table(example_results / "contrasts" / "inhibitor" / "enrichment.tsv", ENRICHMENT)
    row = table[(table["gene_set"] == SET) & (table["test"] == "fry")].iloc[0]
    shown = panel.chart["data"]["values"][0]
    assert (shown["contrast"], shown["words"], shown["p"]) == (
        "inhibitor",
        number(row["effect"]),
        p_value(row["p_value"]),
    )
    assert shown["strength"] == pytest.approx(-np.log10(row["p_value"]))
    assert "Not testable, so not drawn: too_small" in panel.caption
    # Two comparisons of one drug in the same cells would hide one another.
    assert [value["place"].split(", ")[-1] for value in panel.chart["data"]["values"]] == ["inhibitor", "again"]
    assert [cell.contrast for cell in cells] == ["inhibitor", "too_small"]


def test_figures_without_anything_to_say_are_absent(study):
    """One drug, no doses, too few comparisons: no panel, and no section."""
    assert matrix_panel(compound_cells(study, SET), SET, "matrix") is None
    assert dose_panels(study, SET, "doses") == []
    two = {key: item for key, item in study.contrasts.items() if key in {"vte_a", "inhibitor"}}
    undrawn = dataclasses.replace(study.study, drawings=[])
    assert across_section(dataclasses.replace(study, study=undrawn, contrasts=two)) is None


def arm(contrast, compound, dose, effect):
    return ArmEffect(
        contrast, compound, True, "", dose, None, True, 3, 3, None, effect, 0.1, 8.0, effect - 0.25, effect + 0.2
    )


def of_panel(card, unit, *arms):
    panel = CompoundEvidence("dose", "down", unit, "", list(arms), 9, 4, [])
    columns = tuple(
        CompoundColumns("dose-dependent", panel) if isinstance(entry, CompoundColumns) else entry
        for entry in card.considered
    )
    return dataclasses.replace(card, considered=columns)


def test_doses_of_two_units_or_two_datasets_never_share_an_axis_or_a_line(study):
    """Every arm stands at its own dose with its own interval; one dose alone makes no figure."""
    card = study.verdicts.verdicts[0]
    cards = [
        of_panel(card, "nM", arm("vte_a", "A", 100.0, -1.0), arm("inhibitor", "A", 10.0, -0.5), arm("vte_b", "A", 30.0, -0.7), arm("interferon", "A", 90.0, -0.9)),
        of_panel(card, "µM", arm("too_small", "B", 1.0, -0.2)),
    ]  # fmt: skip
    rows = {**study.contrasts}
    for contrast in ("vte_b", "interferon", "too_small"):
        item = rows[contrast]
        rows[contrast] = dataclasses.replace(item, row=item.row.model_copy(update={"dataset": "cohort_a"}))
    changed = dataclasses.replace(study, contrasts=rows, verdicts=dataclasses.replace(study.verdicts, verdicts=cards))
    (panel,) = dose_panels(changed, SET, "doses")
    values = panel.chart["data"]["values"]
    assert {(value["contrast"], value["line"]) for value in values} == {
        ("vte_a", "A, cohort_a"), ("vte_b", "A, cohort_a"), ("interferon", "A, cohort_a"), ("inhibitor", "A, cells_inhibitor")
    }  # fmt: skip
    at = {value["contrast"]: (value["dose"], value["effect"], value["low"], value["high"]) for value in values}
    assert at["vte_a"] == (100.0, -1.0, -1.25, -0.8)
    assert panel.chart["layer"][1]["encoding"]["x"]["axis"]["title"] == "dose, nM (log scale)"
    cards[1] = of_panel(card, "µM", arm("too_small", "B", 1.0, -0.2), arm("interferon", "B", 2.0, -0.4))
    changed = dataclasses.replace(changed, verdicts=dataclasses.replace(study.verdicts, verdicts=cards))
    panels = dose_panels(changed, SET, "doses")
    assert [panel.element for panel in panels] == ["doses", "doses-1"]
    titles = {panel.chart["layer"][1]["encoding"]["x"]["axis"]["title"] for panel in panels}
    assert titles == {"dose, nM (log scale)", "dose, µM (log scale)"}


def test_sets_of_questions_come_before_those_of_controls(study):
    """Each primary set once, questions first."""
    assert primary_sets(study) == [SET]


def test_genes_that_stand_out_are_counted_where_the_line_stands(study, example_results):
    """The words over the volcano count the whole table, and its line parts just these genes from the others."""
    table = read_table(example_results / "contrasts" / "interferon" / "differential.tsv.gz", DIFFERENTIAL)
    out = table[table["q_value"] <= 0.05]
    up = int((out["log2_fold_change"] > 0).sum())
    assert found_words(table) == f"{up} up / {len(out) - up} down at q ≤ .05, of {len(table)} genes."
    every = np.ones(len(table), dtype=bool)
    line = contrast_block(study, "interferon", every).q_line
    assert int((table["p_value"] <= line * (1 + 1e-5)).sum()) == len(out) > 0
    nothing = table.assign(q_value=1.0)
    assert found_words(nothing).startswith("0 up / 0 down")
    without = dataclasses.replace(study.contrasts["interferon"], differential=nothing)
    changed = dataclasses.replace(study, contrasts={"interferon": without})
    assert contrast_block(changed, "interferon", every).q_line is None

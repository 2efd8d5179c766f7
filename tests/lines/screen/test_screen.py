"""Screens: planted compounds stand out, planted nulls do not, and every loss is told."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from sidemine.lines.screen.measure import measure_screen
from sidemine.lines.screen.panel import EXPLORATORY, screen_panels
from sidemine.lines.screen.specification import ScreenToMeasure
from sidemine.lines.screen.statistics import log2_per_million, moderate, paired_differences
from sidemine.stats.multiplicity import benjamini_hochberg

GENES = [f"G{number:03d}" for number in range(300)]
SET, NULL = GENES[:20], GENES[100:120]
SETS = pd.DataFrame(
    [
        {"gene_set": name, "gene": gene, "weight": 1.0, "family": "target", "version": "1"}
        for name, genes in (("ACTIVE", SET), ("NULL", NULL))
        for gene in genes
    ]
)
DECLARED = ScreenToMeasure(
    id="s", dataset="d", compound="compound", vehicle="DMSO", donor="donor", plate="plate", cell_type="", sets=["ACTIVE", "NULL"],
    classes={"JAK inhibitors": ["C00", "C01"]},
)  # fmt: skip


def screen_of(rng: np.random.Generator, depth: dict[str, float], shift: dict[str, float], n: int = 16) -> ad.AnnData:
    """Draw counts of n compounds and three vehicle wells for three donors on two plates each."""
    rows = [(f"C{number:02d}", donor, f"P{number % 2}") for donor in ("D1", "D2", "D3") for number in range(n)] + [
        ("DMSO", donor, plate) for donor in ("D1", "D2", "D3") for plate in ("P0", "P1") for _ in range(3)
    ]
    obs = pd.DataFrame(rows, columns=["compound", "donor", "plate"], dtype=object)
    obs.index = [f"S{number}" for number in range(len(obs))]
    level = rng.normal(5, 1, len(GENES)) + rng.normal(0, 0.3, (3, len(GENES)))[[int(d[1]) - 1 for d in obs["donor"]]]
    level = level + rng.normal(0, 0.1, level.shape) + np.where(obs["plate"] == "P1", 0.5, 0.0)[:, None]
    for compound, change in shift.items():
        level[np.ix_((obs["compound"] == compound).to_numpy(), np.arange(20))] += change
    scale = obs["compound"].map(depth).fillna(1.0).to_numpy(dtype=float)
    counts = rng.poisson(2**level * 3 * scale[:, None]).astype(float)
    return ad.AnnData(obs=obs, var=pd.DataFrame(index=GENES), layers={"counts": counts})


@pytest.fixture(scope="module")
def measured():
    """Three compounds move the set, two of them kill most cells."""
    cells = screen_of(np.random.default_rng(3), {"C01": 0.1, "C05": 0.05}, {"C00": -1.0, "C01": -1.2, "C02": 0.8})
    return measure_screen(DECLARED, cells, SETS, "")


def test_what_was_planted_stands_out_and_nothing_else(measured) -> None:
    """Direction and size are right; compounds that only kill cells, and the other set, stay null."""
    out = {(row.gene_set, row.compound): row.effect for row in measured.compounds if row.stands_out}
    assert set(out) == {("ACTIVE", "C00"), ("ACTIVE", "C01"), ("ACTIVE", "C02")}
    assert out["ACTIVE", "C00"] == pytest.approx(-1.0, abs=0.15)
    assert out["ACTIVE", "C02"] == pytest.approx(0.8, abs=0.15)
    first = measured.compounds[0]
    assert first.lfsr < 0.05
    assert abs(first.shrunken) < abs(first.effect)
    assert {row.compound_class for row in measured.compounds if row.compound in {"C00", "C01"}} == {"JAK inhibitors"}


def test_the_family_is_all_tests_of_the_screen(measured) -> None:
    """16 compounds × 2 sets; q is that of the larger of two p-values."""
    assert measured.family_size == 32
    assert measured.fewest_vehicles == 3
    larger = [
        max(row.p_value, row.from_others_p) if row.effect * row.from_others > 0 else 1.0 for row in measured.compounds
    ]
    np.testing.assert_allclose(
        benjamini_hochberg(np.array(larger)), [row.q_value for row in measured.compounds], rtol=1e-4
    )


def test_a_vehicle_that_is_off_moves_no_compound() -> None:
    """Every compound differs from the vehicle, none from the others: nothing stands out, and the median tells why."""
    cells = screen_of(np.random.default_rng(5), {}, {"DMSO": -0.8})
    measured = measure_screen(DECLARED, cells, SETS, "")
    rows = [row for row in measured.compounds if row.gene_set == "ACTIVE"]
    assert max(row.p_value for row in rows) < 0.05
    assert not any(row.stands_out for row in rows)
    assert next(row for row in measured.families if row.gene_set == "ACTIVE").median_effect == pytest.approx(
        0.8, abs=0.1
    )


def test_samples_without_vehicle_and_compounds_of_two_donors_are_told() -> None:
    """What cannot be used is counted; what is not tested says why."""
    cells = screen_of(np.random.default_rng(7), {}, {})
    cells.obs.loc[
        (cells.obs["compound"] == "DMSO") & (cells.obs["plate"] == "P1") & (cells.obs["donor"] == "D2"), "plate"
    ] = "P0"
    cells.obs.loc[cells.obs_names[:2], "donor"] = ""
    measured = measure_screen(DECLARED, cells, SETS, "")
    assert "2 samples have no value in donor" in measured.losses
    assert "8 samples have no vehicle sample of their donor and plate" in "; ".join(measured.losses)
    assert measured.problem.startswith("no type of cells has 10 compounds")
    assert {row.why_not for row in measured.compounds if row.n_donors == 2} == {"2 donors, fewer than 3"}
    assert all(row.effect is None and not row.stands_out for row in measured.compounds)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"vehicle": "PBS"}, "no sample has compound 'PBS'"), ({"plate": "slide"}, "the samples have no column 'slide'")],
)
def test_what_does_not_fit_the_samples_is_said(change, said) -> None:
    """A wrong name makes the screen not testable, with the reason."""
    cells = screen_of(np.random.default_rng(7), {}, {})
    measured = measure_screen(DECLARED.model_copy(update=change), cells, SETS, "")
    assert measured.problem.startswith(said)
    (panel,) = screen_panels(measured, "Which compounds act?")
    assert panel.chart is None
    assert said in panel.why_empty


def test_a_small_plate_does_not_take_the_guard_from_the_others() -> None:
    """Four compounds are alone on their plate: they are held against the vehicle, all others against each other as well."""
    cells = screen_of(np.random.default_rng(5), {}, {"DMSO": -0.8, "C00": 1.0}, n=24)
    small = cells.obs["compound"].isin(["C20", "C21", "C22", "C23"])
    cells.obs.loc[small, "plate"] = "P2"
    vehicle = np.flatnonzero(cells.obs["compound"] == "DMSO")
    cells.obs.iloc[vehicle[::3], cells.obs.columns.get_loc("plate")] = "P2"
    measured = measure_screen(DECLARED, cells, SETS, "")
    rows = {row.compound: row for row in measured.compounds if row.gene_set == "ACTIVE"}
    assert {name for name, row in rows.items() if row.from_others is None} == {"C20", "C21", "C22", "C23"}
    assert {name for name, row in rows.items() if row.stands_out} == {"C00", "C20", "C21", "C22", "C23"}
    family = next(row for row in measured.families if row.gene_set == "ACTIVE")
    assert (family.n_compounds, family.n_beside) == (24, 20)
    facts = screen_panels(measured, "Which compounds act?")[0].facts
    assert any(fact.startswith("4 compounds are compared with the vehicle alone") for fact in facts)


def test_one_spelling_of_the_vehicle_and_of_a_compound() -> None:
    cells = screen_of(np.random.default_rng(5), {}, {})
    cells.obs.loc[cells.obs_names[0], "compound"] = "c00"
    losses = "; ".join(measure_screen(DECLARED, cells, SETS, "").losses)
    assert "their donors are not put together: C00, c00" in losses
    cells.obs.loc[cells.obs_names[-1], "compound"] = "dmso"
    assert "write the vehicle in one way" in measure_screen(DECLARED, cells, SETS, "").problem


@pytest.mark.parametrize("layer", ["counts", "log2"])
def test_a_sample_without_values_leaves_alone(layer) -> None:
    """It takes no gene with it, and no other sample."""
    cells = screen_of(np.random.default_rng(3), {}, {"C00": -1.0})
    values = cells.layers.pop("counts")
    cells.layers[layer] = values if layer == "counts" else np.log2(values + 1)
    cells.layers[layer][5] = 0 if layer == "counts" else np.nan
    measured = measure_screen(DECLARED, cells, SETS, "")
    assert measured.losses == ["1 samples have no reads (or no values) in any gene"]
    assert [row.compound for row in measured.compounds if row.stands_out] == ["C00"]


def test_values_that_never_differ_are_not_tested() -> None:
    cells = screen_of(np.random.default_rng(3), {}, {})
    cells.layers["log2"] = np.full(cells.layers.pop("counts").shape, 5.0)
    measured = measure_screen(DECLARED, cells, SETS, "")
    assert measured.problem.startswith("most compounds do not differ between donors")


def test_the_panel_says_that_it_is_no_verdict(measured) -> None:
    """One panel per set, with a list, intervals and the false sign rate."""
    panels = screen_panels(measured, "Which compounds act?")
    assert len(panels) == 2
    assert all(panel.caption.startswith(EXPLORATORY) and panel.chart for panel in panels)
    assert "3 compounds of 16 stand out" in panels[0].facts[0]
    assert panels[0].table.rows[0]["lfsr"].startswith("0.00")
    assert "No compound stands out" in panels[1].facts[0]
    # What is shrunken to nothing is drawn as it was measured, not as dots at 0.
    assert "as measured (shrunken, all are 0)" in panels[1].caption
    drawn = [row["effect"] for row in panels[1].chart["data"]["values"] if "effect" in row]
    assert max(map(abs, drawn)) > 0.001


def test_wells_of_one_donor_are_averaged_and_plates_kept_apart() -> None:
    """Differences are taken within donor and plate; two wells of a donor count once."""
    samples = pd.DataFrame(
        [("A", "D1", "P1"), ("A", "D1", "P2"), ("DMSO", "D1", "P1"), ("DMSO", "D1", "P2"), ("B", "D1", "P3")],
        columns=["compound", "donor", "plate"],
    )
    found = paired_differences(np.array([[5.0], [9.0], [1.0], [3.0], [7.0]]), samples, "DMSO")
    assert found.compounds == ["A"]
    assert found.from_vehicle[0, 0, 0] == pytest.approx(5.0)
    assert np.isnan(found.from_others).all()
    assert (found.n_samples.tolist(), found.n_without_vehicle, found.fewest_vehicles) == ([[2]], 1, 1)


def test_a_gene_that_is_not_seen_has_one_value_at_any_depth() -> None:
    """Shallow samples do not seem to raise rare genes."""
    counts = np.array([[0.0, 100.0, 900.0], [0.0, 10.0, 90.0]])
    assert np.ptp(log2_per_million(counts)[:, 0]) == pytest.approx(0)
    # edgeR 3.40.2: cpm(m, log = TRUE, prior.count = 2)
    counts = np.array([[0.0, 100.0, 900.0], [0.0, 10.0, 95.0], [7.0, 3.0, 1.0]])
    theirs = [
        [12.3769797176, 16.6697614669, 19.7727280458],
        [12.3769797176, 16.6030477971, 19.7802961394],
        [19.2761992999, 18.0698329413, 16.5395999185],
    ]
    np.testing.assert_allclose(log2_per_million(counts), theirs, rtol=1e-10)


def test_types_of_cells_are_looked_at_alone_in_one_family() -> None:
    """A compound acts in one type of cells only; q-values are over both types."""
    rng = np.random.default_rng(13)
    parts = [screen_of(rng, {}, shift) for shift in ({"C03": 1.0}, {})]
    for part, name in zip(parts, ("T", "B"), strict=True):
        part.obs["kind"] = np.array([name] * part.n_obs, dtype=object)
        part.obs_names = [f"{name}{row}" for row in part.obs_names]
    measured = measure_screen(
        DECLARED.model_copy(update={"cell_type": "kind", "sets": ["ACTIVE"]}), ad.concat(parts), SETS, ""
    )
    assert measured.family_size == 32
    assert {(row.cell_type, row.gene_set, row.compound) for row in measured.compounds if row.stands_out} == {
        ("T", "ACTIVE", "C03")
    }
    assert [panel.title[-4:] for panel in screen_panels(measured, "Which compounds act?")] == ["in B", "in T"]


def test_null_screens_hold_their_size() -> None:
    """Unequal variances of unknown spread: 5 % of single tests, 95 % coverage."""
    rng = np.random.default_rng(11)
    p_values, inside = [], []
    for _ in range(60):
        sd = 0.75 * np.sqrt(4 / rng.chisquare(4, 80))
        found = moderate(sd[:, None] * rng.normal(size=(80, 3)))
        p_values.append(found.p_value)
        inside.append((found.ci_low <= 0) & (found.ci_high >= 0))
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.012)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)
    np.testing.assert_array_equal(np.array(inside), np.array(p_values) > 0.05)

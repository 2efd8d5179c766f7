"""The screen of the demo: what is planted is found, on far fewer genes."""

from __future__ import annotations

import anndata as ad
import pandas as pd

from sidemine.lines.screen.measure import measure_screen
from sidemine.lines.screen.specification import ScreenToMeasure
from sidemine.simulate.demo import DEMO_SEED, SCREEN, SCREENED, demo_sets
from sidemine.simulate.experiments import experiment_log2, experiment_series
from sidemine.simulate.expression import simulate_counts
from sidemine.simulate.genes import make_universe


def test_the_planted_compounds_stand_out_and_no_other() -> None:
    """Three compounds act on the interferon response, each in its direction; nothing acts on the control set."""
    universe = make_universe(1600, DEMO_SEED)
    counts = simulate_counts(experiment_log2(SCREEN, universe, DEMO_SEED), DEMO_SEED)
    samples = experiment_series(SCREEN, "GPL1", sequencing=True).samples
    obs = pd.DataFrame(
        [dict(pair.split(": ", 1) for pair in sample.characteristics) for sample in samples], dtype=object
    )
    obs.index = [sample.title for sample in samples]
    cells = ad.AnnData(
        obs=obs, var=pd.DataFrame(index=list(universe.symbols)), layers={"counts": counts.T.astype(float)}
    )
    sets = ["SIM_JAK_STAT_TARGETS", "SIM_NEGATIVE_CONTROL"]
    declared = ScreenToMeasure(
        id="s", dataset="d", compound="compound", vehicle="DMSO", donor="donor", plate="plate", cell_type="", sets=sets, classes={}
    )  # fmt: skip
    rows = [
        {"gene_set": name, "gene": gene, "weight": 1.0, "family": "target", "version": "1"}
        for name in sets
        for gene in demo_sets(universe)[name]
    ]
    measured = measure_screen(declared, cells, pd.DataFrame(rows), "")
    out = {row.compound: row for row in measured.compounds if row.stands_out}
    assert set(out) == set(SCREENED)
    assert {row.gene_set for row in out.values()} == {"SIM_JAK_STAT_TARGETS"}
    assert all(row.effect * SCREENED[name] > 0 and row.lfsr < 0.05 for name, row in out.items())
    assert (measured.n_compounds, measured.n_donors, measured.n_plates, measured.fewest_vehicles) == (24, 3, 2, 4)

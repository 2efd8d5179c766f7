"""Time of a screen from its cells to its list: 100,000 cells, 146 compounds, 3 donors, as the workflow's jobs do it.

    python benchmarks/screen_speed.py FOLDER [--cells 100000] [--genes 15000]

Writes a simulated h5ad and a gene table, then reads samples, sums cells, maps genes and measures the screen with the functions
of the jobs `read_samples`, `prepare_dataset` and `measure_screens`. Prints one line of JSON. The files are deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.lines.screen.measure import measure_screen
from sidemine.lines.screen.specification import ScreenToMeasure
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.gene_table import read_gene_table
from sidemine.prepare.metadata import read_samples
from sidemine.simulate.genes import make_universe
from sidemine.simulate.geo_files import write_gene_table
from sidemine.study.projections import DatasetToPrepare, GeneTableToRead

COMPOUNDS, DONORS, PLATES, VEHICLES, ACTIVE, SEED = 146, 3, 2, 8, 20, 20270302
CHUNK = 10_000


def write_cells(path: Path, symbols: list[str], target: list[str], n_cells: int, per_cell: int) -> None:
    """Write cells of compounds and vehicle; the first compounds lower the target genes by half."""
    import h5py
    from anndata.io import write_elem

    rng = np.random.default_rng(SEED)
    wells = [(f"compound_{n:03d}", f"P{n % PLATES}") for n in range(COMPOUNDS)]
    wells += [("DMSO", f"P{n % PLATES}") for n in range(VEHICLES)]
    of_cell = rng.integers(0, len(wells) * DONORS, n_cells)
    well, donor = np.divmod(of_cell, DONORS)
    obs = pd.DataFrame(
        {
            "compound": pd.Categorical([wells[n][0] for n in well]),
            "plate": pd.Categorical([wells[n][1] for n in well]),
            "well": pd.Categorical([f"W{n:03d}" for n in well]),
            "donor": pd.Categorical([f"D{n}" for n in donor]),
        },
        index=[f"c{n}" for n in range(n_cells)],
    )
    weights = rng.lognormal(0, 1.5, len(symbols))
    lowered = weights.copy()
    lowered[np.isin(symbols, target)] /= 2
    edges = [np.cumsum(each / each.sum()) for each in (weights, lowered)]
    acts = well < ACTIVE
    with h5py.File(path, "w") as file:
        file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
        write_elem(file, "obs", obs)
        write_elem(file, "var", pd.DataFrame(index=symbols))
        matrix = file.create_group("X")
        matrix.attrs["encoding-type"], matrix.attrs["encoding-version"] = "csr_matrix", "0.1.0"
        matrix.attrs["shape"] = [n_cells, len(symbols)]
        extra = {"maxshape": (None,), "chunks": (2**17,)}
        data, indices = (
            matrix.create_dataset(name, (0,), kind, **extra) for name, kind in (("data", "f4"), ("indices", "i4"))
        )
        pointers = [0]
        for start in range(0, n_cells, CHUNK):
            chosen = acts[start : start + CHUNK]
            draws = rng.random((len(chosen), per_cell))
            drawn = np.where(chosen[:, None], *(np.searchsorted(edge, draws) for edge in reversed(edges))).astype(
                np.int32
            )
            drawn.sort(axis=1)
            first = np.ones(drawn.shape, dtype=bool)
            first[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
            genes = drawn[first]
            values = np.diff(np.append(np.flatnonzero(first), first.size)).astype(np.float32)
            pointers += (pointers[-1] + np.cumsum(first.sum(axis=1))).tolist()
            for dataset, part in ((data, values), (indices, genes)):
                dataset.resize((pointers[-1],))
                dataset[-len(part) :] = part
        matrix["indptr"] = np.array(pointers, dtype=np.int64)


def main() -> None:
    """Make the file, measure the screen, and print what it took and what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=15_000)
    parser.add_argument("--per-cell", type=int, default=1_700, help="counts per cell")
    options = parser.parse_args()
    universe = make_universe(options.genes, SEED)
    target, null = (list(universe.modules[name]) for name in ("interferon_response", "negative_control"))
    cells, genes = options.folder / "screen.h5ad", options.folder / "gene_table.tsv.gz"
    write_gene_table(genes, universe)
    write_cells(cells, list(universe.symbols), target, options.cells, options.per_cell)
    row = DatasetToPrepare(
        dataset="screen", accession="SIM", platform="", layout="h5ad", identifiers="symbol", scale="counts", gene_column="",
        annotation_columns=[], sheet="", layer="", subset="", sample_name="", biological_unit="donor", cell_type="",
        sample_columns=["compound", "plate", "well"], excluded_markers=[], cell_quality="told", most_mitochondrial=0.5, fewest_genes=None, doublets="off", sex_column="", age_column="", batch_columns=[], strand="no",
    )  # fmt: skip
    sets = pd.DataFrame(
        [
            {"gene_set": name, "gene": gene, "weight": 1.0, "family": "target", "version": "1"}
            for name, members in (("TARGETS", target), ("NULL", null))
            for gene in members
        ]
    )
    try:
        started = time.perf_counter()
        table = read_gene_table(genes, GeneTableToRead(key="genes", format="ensembl", version="1"))
        files = {"values": cells}
        samples = read_samples(row, files, {}, [])
        expression, _ = prepare_dataset(row, files, samples, table)
        prepared = time.perf_counter()
        declared = ScreenToMeasure(
            id="s", dataset="screen", compound="compound", vehicle="DMSO", donor="donor", plate="plate", cell_type="",
            sets=["NULL", "TARGETS"], classes={},
        )  # fmt: skip
        measured = measure_screen(declared, expression, sets, "")
        finished = time.perf_counter()
    finally:
        for path in (cells, genes):
            path.unlink()
    out = [row for row in measured.compounds if row.stands_out]
    right = sum(row.gene_set == "TARGETS" and row.compound < f"compound_{ACTIVE:03d}" for row in out)
    report = {
        "cells": options.cells,
        "genes": options.genes,
        "samples": measured.n_samples,
        "seconds_prepare": round(prepared - started, 1),
        "seconds_screen": round(finished - prepared, 1),
        "cpu_seconds": round(
            sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)), 1
        ),
        "planted": ACTIVE,
        "found": right,
        "false": len(out) - right,
        "problem": measured.problem,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()

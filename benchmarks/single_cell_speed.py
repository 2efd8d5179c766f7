"""Time and memory of pseudobulk: a file of many cells, made chunk by chunk, read as the workflow reads it.

python benchmarks/single_cell_speed.py FOLDER --cells 1000000 --compression gzip

Prints one line of JSON: seconds, largest memory of the reader's process and of this one, and whether every sum is right
(the columns' totals are counted while the file is made). The file is deleted at the end unless --keep is given.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from sidemine.sources.cells import CellsWanted
from sidemine.sources.h5ad_cells import read_h5ad_cells

CHUNK_CELLS = 10_000


def make_file(path: Path, n_cells: int, n_genes: int, per_cell: int, compression: str | None, seed: int) -> np.ndarray:
    """Write an h5ad of counts in compressed rows, and return the total of each gene."""
    import h5py
    import pandas as pd
    from anndata.io import write_elem

    rng = np.random.default_rng(seed)
    totals = np.zeros(n_genes)
    # Genes differ in how often they are seen, as in data; drawn without repeats within a cell by sorting and stepping.
    weights = np.cumsum(rng.lognormal(0, 1.5, n_genes))
    weights /= weights[-1]
    with h5py.File(path, "w") as file:
        file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
        groups = pd.Categorical.from_codes(rng.integers(0, 96, n_cells), [f"sample{n}" for n in range(96)])
        kinds = pd.Categorical.from_codes(rng.integers(0, 6, n_cells), [f"type{n}" for n in range(6)])
        obs = pd.DataFrame({"sample": groups, "cell_type": kinds}, index=[f"c{n}" for n in range(n_cells)])
        write_elem(file, "obs", obs)
        write_elem(file, "var", pd.DataFrame(index=[f"G{n}" for n in range(n_genes)]))
        matrix = file.create_group("X")
        matrix.attrs["encoding-type"], matrix.attrs["encoding-version"] = "csr_matrix", "0.1.0"
        matrix.attrs["shape"] = [n_cells, n_genes]
        extra = {"maxshape": (None,), "chunks": (2**17,), "compression": compression}
        data = matrix.create_dataset("data", (0,), "f4", **extra)
        indices = matrix.create_dataset("indices", (0,), "i4", **extra)
        pointers = [0]
        for start in range(0, n_cells, CHUNK_CELLS):
            n = min(CHUNK_CELLS, n_cells - start)
            drawn = np.searchsorted(weights, rng.random((n, int(per_cell * 1.25)))).astype(np.int32)
            drawn.sort(axis=1)
            first = np.ones(drawn.shape, dtype=bool)
            first[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
            genes = drawn[first]
            values = rng.geometric(0.6, genes.size).astype(np.float32)
            np.add.at(totals, genes, values.astype(np.float64))
            pointers += (pointers[-1] + np.cumsum(first.sum(axis=1))).tolist()
            for dataset, part in ((data, values), (indices, genes)):
                dataset.resize((pointers[-1],))
                dataset[-len(part) :] = part
        matrix["indptr"] = np.array(pointers, dtype=np.int64)
    return totals


def measure(path: Path) -> dict[str, object]:
    """Read a file as the workflow does, in a process that did not make it: a child begins with the peak of its parent."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    cells = read_h5ad_cells(path, "symbol")
    names = cells.obs["sample"] + " " + cells.obs["cell_type"]
    codes, labels = names.factorize()
    wanted = CellsWanted(groups=codes, n_groups=len(labels), measured=True, mitochondrial=[f"G{n}" for n in range(13)])
    summed = read_h5ad_cells(path, "symbol", wanted)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "nonzeros": int(summed.n_genes.sum()),
        "groups": len(labels),
        "file_gb": round(path.stat().st_size / 1e9, 3),
        "seconds": round(seconds, 1),
        "cpu_seconds_reader": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "reader_gb": round(after.ru_maxrss * 1024 / 1e9, 2),
        "this_process_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "totals": summed.sums.sum(axis=0),
    }


def main() -> None:
    """Make the file, read it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--per-cell", type=int, default=1_700, help="draws per cell; repeats leave fewer genes")
    parser.add_argument("--compression", choices=["gzip", "lzf", "none"], default="none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    path = options.folder / f"cells_{options.cells}_{options.compression}.h5ad"
    compression = None if options.compression == "none" else options.compression
    made_of = (path, options.cells, options.genes, options.per_cell, compression, options.seed)
    # One fresh process makes the file, another one reads it: this one stays small.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        totals = pool.submit(make_file, *made_of).result()
    try:
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
            found = pool.submit(measure, path).result()
        equal = bool(np.array_equal(found.pop("totals"), totals))
        asked = {"cells": options.cells, "genes": options.genes, "compression": options.compression}
        sys.stdout.write(json.dumps({**asked, **found, "equal": equal}) + "\n")
    finally:
        if not options.keep:
            path.unlink()


if __name__ == "__main__":
    main()

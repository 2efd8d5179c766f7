"""Time and memory of pseudobulk: a file of many cells, made of one block, read as the workflow reads it.

python benchmarks/single_cell_speed.py FOLDER --cells 1000000 --compression gzip

Cells are drawn and compressed once, for a block of 20,000; the file holds that block again and again, chunk by chunk as it was
compressed, so that a million cells are written in a minute or so. Samples and types of cells are drawn for every cell anew. The
reader knows nothing of that: it reads, unpacks and adds every chunk.

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

import h5py
import numpy as np

from sidemine.sources.cells import CellsWanted
from sidemine.sources.h5ad_cells import read_h5ad_cells

BLOCK_CELLS = 20_000
CHUNK = 2**17


def make_file(path: Path, n_cells: int, n_genes: int, per_cell: int, compression: str | None, seed: int) -> np.ndarray:
    """Write an h5ad of counts in compressed rows, and return the total of each gene."""
    import pandas as pd
    from anndata.io import write_elem

    rng = np.random.default_rng(seed)
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
        values, genes, lengths = draw_block(rng, weights, min(BLOCK_CELLS, n_cells), per_cell)
        blocks = n_cells // len(lengths)
        for name, part in (("data", values), ("indices", genes)):
            write_repeated(matrix, name, part, blocks, compression)
        matrix["indptr"] = np.concatenate([[0], np.cumsum(np.tile(lengths, blocks))])
    return blocks * np.bincount(genes, weights=values, minlength=n_genes)


def draw_block(
    rng: np.random.Generator, weights: np.ndarray, n_cells: int, per_cell: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts, genes and the number of genes per cell; in all a whole number of chunks, for which some are left out."""
    drawn = np.searchsorted(weights, rng.random((n_cells, int(per_cell * 1.25)))).astype(np.int32)
    drawn.sort(axis=1)
    kept = np.ones(drawn.shape, dtype=bool)
    kept[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    places = np.flatnonzero(kept)
    kept.flat[rng.choice(places, len(places) % CHUNK, replace=False)] = False
    genes = drawn[kept]
    return rng.geometric(0.6, genes.size).astype(np.float32), genes, kept.sum(axis=1)


def write_repeated(matrix: h5py.Group, name: str, part: np.ndarray, times: int, compression: str | None) -> None:
    """Write values again and again, as they were compressed the first time."""
    dataset = matrix.create_dataset(name, (len(part) * times,), part.dtype, chunks=(CHUNK,), compression=compression)
    dataset[: len(part)] = part
    for start in range(0, len(part), CHUNK):
        mask, packed = dataset.id.read_direct_chunk((start,))
        for block in range(1, times):
            dataset.id.write_direct_chunk((block * len(part) + start,), packed, mask)


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
    if options.cells > BLOCK_CELLS and options.cells % BLOCK_CELLS:
        parser.error(f"--cells above {BLOCK_CELLS} are whole blocks of {BLOCK_CELLS}")
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

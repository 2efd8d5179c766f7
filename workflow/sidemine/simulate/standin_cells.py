"""Stand-ins of single-cell files: an h5ad of a compound screen, and a 10x archive of a stimulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.simulate.expression import IntArray, SampleModel, simulate_counts, simulate_log2
from sidemine.simulate.genes import GeneUniverse
from sidemine.simulate.geo_files import SENTENCE, gzip_bytes, write_h5ad, write_tar
from sidemine.simulate.standin_records import StandinRecord
from sidemine.tables import write_text

if TYPE_CHECKING:
    import pandas as pd

CELLS_PER_SAMPLE = 12
N_DONORS_TENX = 8
CELLS_PER_DONOR_TENX = 8


def _draw_cells(
    universe: GeneUniverse, cells: pd.DataFrame, donor: str, cell_types: tuple[str, ...], seed: int
) -> IntArray:
    """Draw sparse counts, genes × cells; `cells` has columns interferon, cell_type and the donor column."""
    codes = {name: number for number, name in enumerate(sorted(set(cells[donor])))}
    batch = np.array([codes[name] for name in cells[donor]], dtype=np.int64)
    kind = np.array([cell_types.index(name) for name in cells["cell_type"]])
    shifts = {f"module_{number + 1:02d}": 1.5 * (kind == number) for number in range(len(cell_types))}
    shifts["interferon_response"] = cells["interferon"].to_numpy(dtype=float)
    model = SampleModel(len(cells), log2_shift=shifts, donor=batch, donor_sd=0.5)
    return simulate_counts(simulate_log2(universe, model, seed), seed, mean_library_size=4000, dispersion=0.3)


def write_cells(path: Path, record: StandinRecord, universe: GeneUniverse, seed: int) -> None:
    """Write an h5ad: compounds × donors × cell types, raw counts in X, obs sm_name, cell_type, donor_id.

    Parameters
    ----------
    path
        The file.
    record
        The stand-in's record: its groups, cell types and accession.
    universe
        Genes, with their modules.
    seed
        Seed of the draw; never 0.
    """
    import pandas as pd

    rows = [
        {"sm_name": group.title, "cell_type": cell_type, "donor_id": f"Donor {donor}", "interferon": group.interferon}
        for group in record.groups
        for donor in range(1, group.n + 1)
        for cell_type in record.cell_types
        for _ in range(CELLS_PER_SAMPLE)
    ]
    cells = pd.DataFrame(rows)
    counts = _draw_cells(universe, cells, "donor_id", record.cell_types, seed)
    obs = cells[["sm_name", "cell_type", "donor_id"]].astype(object)
    obs.index = pd.Index([f"cell{number:05d}" for number in range(len(cells))], dtype=object)
    write_h5ad(path, counts, obs, universe.symbols)


def write_tenx(path: Path, record: StandinRecord, universe: GeneUniverse, seed: int) -> None:
    """Write a RAW.tar with one matrix and barcode file per lane, and beside it genes and cell annotation.

    Parameters
    ----------
    path, record, universe, seed
        As in `write_cells`.
    """
    import pandas as pd

    contents: dict[str, bytes] = {}
    annotation: list[dict[str, object]] = []
    for number, group in enumerate(record.groups):
        rows = [
            {"ind": 1001 + donor, "cell_type": record.cell_types[(donor + cell) % len(record.cell_types)]}
            for donor in range(N_DONORS_TENX)
            for cell in range(CELLS_PER_DONOR_TENX * len(record.cell_types))
        ]
        cells = pd.DataFrame(rows)
        cells["interferon"] = group.interferon
        counts = _draw_cells(universe, cells, "ind", record.cell_types, seed + number)
        barcodes = [f"{_barcode(cell)}-1" for cell in range(len(cells))]
        sample = f"GSM{record.first_sample + number}"
        contents[f"{sample}_{group.lane}.mtx.gz"] = gzip_bytes(_matrix_market(counts).encode())
        contents[f"{sample}_barcodes.tsv.gz"] = gzip_bytes(("\n".join(barcodes) + "\n").encode())
        stim = group.characteristics[0].split(": ", 1)[1]
        # Barcodes of the second lane carry another suffix in the merged annotation, as lanes share barcodes.
        suffix = "" if number == 0 else "1"
        annotation += [
            {"barcode": f"{barcode}{suffix}", "ind": row["ind"], "stim": stim, "cell": row["cell_type"]}
            for barcode, row in zip(barcodes, rows, strict=True)
        ]
    write_tar(path, contents)
    genes = [f"{a}\t{b}" for a, b in zip(universe.ensembl(), universe.symbols, strict=True)]
    write_text("\n".join([f"# {SENTENCE}", *genes]) + "\n", path.with_name(f"{record.accession}_batch2.genes.tsv.gz"))
    header = "\ttsne1\ttsne2\tind\tstim\tcluster\tcell\tmultiplets"
    lines = [f"{r['barcode']}\t0.0\t0.0\t{r['ind']}\t{r['stim']}\t1\t{r['cell']}\tsinglet" for r in annotation]
    text = "\n".join([f"# {SENTENCE}", header, *lines]) + "\n"
    write_text(text, path.with_name(f"{record.accession}_batch2.total.tsne.df.tsv.gz"))


def _barcode(number: int) -> str:
    letters = ""
    for _ in range(14):
        number, digit = divmod(number, 4)
        letters += "ACGT"[digit]
    return letters


def _matrix_market(counts: IntArray) -> str:
    rows, columns = np.nonzero(counts)
    lines = [f"{r + 1} {c + 1} {counts[r, c]}" for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
    head = f"%%MatrixMarket matrix coordinate integer general\n% {SENTENCE}\n"
    return head + f"{counts.shape[0]} {counts.shape[1]} {len(lines)}\n" + "\n".join(lines) + "\n"

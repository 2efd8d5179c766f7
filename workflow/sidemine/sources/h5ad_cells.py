"""Read single cells of an h5ad (AnnData): raw counts, identifiers, and the metadata of the cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.sources.cell_tally import CellTally, NoCounts
from sidemine.sources.cells import Cells, CellsWanted, text_frame
from sidemine.sources.count_marks import CELLS_LOOKED_AT, MOST_LOG, find_disguise
from sidemine.sources.h5ad_file import PRELOAD, H5adFile, open_h5ad

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.sources.declarations import IdentifierKind

COUNT_LAYERS = ("counts", "raw_counts", "count", "raw", "spliced_unspliced")
_EQUAL = 0.002
_FEWEST_CELLS = 5
_MOST = 0.5
_SOME_GENES = 3
_ENSEMBL_GENE = re.compile(r"ENS[A-Z]*G\d{11}")
_BARCODE = re.compile(r"(?<![A-Za-z])[ACGT]{12,}(?![A-Za-z])")
_EVERYWHERE = frozenset({"ACTB", "GAPDH", "B2M", "MALAT1", "RPLP0", "EEF1A1", "TMSB4X", "RPS18", "FTL", "UBC"})
_SYMBOL_COLUMNS = ("gene_symbols", "gene_symbol", "symbol", "feature_name", "gene_name", "gene_short_name")
_ENSEMBL_COLUMNS = ("gene_ids", "gene_id", "ensembl", "ensembl_id", "ensembl_gene_id", "feature_id")


def read_h5ad_cells(
    path: Path, kind: IdentifierKind | None, wanted: CellsWanted | None = None, layer: str = ""
) -> Cells:
    """Read cells of an h5ad.

    Raw counts are the whole numbers in X, raw, or a layer named `counts` or the like; of several such matrices the one
    with the most genes is taken, which is told.

    Parameters
    ----------
    path
        The file.
    kind
        What the identifiers are to be; a column of var is used where the index holds the other kind.
    wanted
        What is wanted of the counts; None: metadata of the cells only.
    layer
        The matrix that is declared to hold the counts: X, raw, or the name of a layer. Counts of a declared matrix may
        have fractions (corrected for ambient RNA), unless these show that they are normalised.

    Raises
    ------
    InputError
        When the file is no h5ad, holds genes × cells, or no raw counts (all matrices are told, and what each holds).
    """
    return run_isolated(_read_cells, path, kind, wanted, layer, where=path, returns=Cells, preload=PRELOAD)


def _read_cells(path: Path, kind: IdentifierKind | None, asked: dict[str, Any] | None, layer: str) -> Cells:
    import numpy as np

    with open_h5ad(path) as file:
        obs, var = text_frame(file.table("obs")), file.table("var")
        _check_orientation(list(obs.index), [str(name) for name in var.index], path)
        rows = np.arange(len(obs))
        if asked is None:
            return Cells([], obs, rows, [len(obs)], simulated=file.simulated)
        names = {"raw": _identifiers(file.table("raw/var"), kind)} if "raw" in file.matrices else {}
        counter = _Counter(file, CellsWanted(**asked), len(obs), _identifiers(var, kind), names)
        counts = _declared_counts(counter, layer) if layer else _find_counts(counter)
        tally, identifiers = counts.tally, counter.identifiers(counts.name)
        notes = [f"raw counts of {len(obs)} cells × {len(identifiers)} genes from {counts.name}{counts.beside}"]
        if repeated := int(obs.index.duplicated().sum()):
            notes.append(f"{repeated} cells bear a name that a cell before them bears; all are counted")
        return tally.hand_on(identifiers, obs, rows, [len(obs)], notes=notes, simulated=file.simulated)


@dataclass(frozen=True)
class _Counter:
    """Counts what is wanted, in any matrix of a file."""

    file: H5adFile
    wanted: CellsWanted
    n_cells: int
    of_var: list[str]
    of_others: dict[str, list[str]]

    def identifiers(self, name: str) -> list[str]:
        return self.of_others.get(name, self.of_var)

    def count(self, name: str, wanted: CellsWanted | None = None, *, fractions: bool = False) -> CellTally:
        """Return the sums of a matrix; with `wanted`, other ones than those that are asked for."""
        identifiers = self.identifiers(name)
        _check_shape(self.file, name, self.file.shape(name), (self.n_cells, len(identifiers)))
        tally = CellTally(wanted or self.wanted, self.n_cells, identifiers, fractions=fractions)
        tally.add_all(self.file.entries(name))
        if not tally.total:
            raise NoCounts("nothing but zeros")
        return tally


@dataclass
class _Counts:
    """A matrix of counts by name, its sums, and what is to be told of it and the others."""

    name: str
    tally: CellTally
    beside: str = ""


def _find_counts(counter: _Counter) -> _Counts:
    """Return the whole numbers among the matrices that usually hold counts; the one with the most genes."""
    file = counter.file
    known = [name for name in ("X", *(f"layer {layer}" for layer in COUNT_LAYERS), "raw") if name in file.matrices]
    sizes = {name: file.shape(name)[1] for name in known}
    counts: _Counts | None = None
    for name in sorted(known, key=lambda name: -sizes[name]):
        if counts is not None and sizes[name] < sizes[counts.name]:
            continue
        try:
            tally = counter.count(name, None if counts is None else CellsWanted())
        except NoCounts:
            continue
        if counts is None:
            counts = _Counts(name, tally)
        elif tally.total != counts.tally.total:
            raise InputError(
                Problem(
                    "two matrices hold whole numbers that differ, so it is not clear which are the raw counts",
                    f"{file.path}: {counts.name} (total {counts.tally.total:,.0f}) and {name} (total {tally.total:,.0f})",
                    "layer in datasets.tsv, where there is more than one matrix of whole numbers",
                    f"Set layer to {counts.name.removeprefix('layer ')} or {name.removeprefix('layer ')}.",
                )
            )
    if counts is None:
        raise InputError(_no_counts(counter))
    others = [f"{name} ({file.shape(name)[1]} genes)" for name in file.matrices if name != counts.name]
    counts.beside = f"; other matrices: {', '.join(others)}" if others else ""
    return counts


def _declared_counts(counter: _Counter, layer: str) -> _Counts:
    file = counter.file
    name = layer if layer in {"X", "raw"} and layer in file.matrices else f"layer {layer}"
    if name not in file.matrices:
        raise InputError(
            Problem(
                f"the file has no matrix {layer!r}",
                f"{file.path}: it has {', '.join(file.matrices) or 'none'}",
                "X, raw, or the name of a layer",
                "Correct layer in datasets.tsv.",
            )
        )
    try:
        tally = counter.count(name, fractions=True)
        if not tally.fraction:
            return _Counts(name, tally, ", as declared")
        normalised = _normalisation(counter, name)
        if normalised is None:
            words = f", as declared; they have {tally.fraction}, as counts corrected for ambient RNA have"
            if tally.largest <= MOST_LOG:
                words += f"; no value is above {tally.largest:.4g}, as in logarithms: make sure that they are none"
            return _Counts(name, tally, words)
        complaint = normalised
    except NoCounts as error:
        complaint = str(error)
    raise InputError(
        Problem(
            f"{name} is declared as raw counts and holds none",
            f"{file.path}, {name}: {complaint}",
            "counts: none negative, not normalised",
            "Correct layer in datasets.tsv, or use a file with raw counts: sums of normalised cells have no known variance.",
        )
    )


def _no_counts(counter: _Counter) -> Problem:
    """Tell every matrix and what it holds; name a layer of another name that may be the counts."""
    file = counter.file
    sentences, whole = [], []
    for name in file.matrices:
        try:
            tally = counter.count(name, CellsWanted(measured=True), fractions=True)
            if tally.fraction:
                sentences.append(f"{name}: {_normalisation(counter, name) or tally.fraction}")
            else:
                whole.append(name.removeprefix("layer "))
                sentences.append(f"{name}: whole numbers up to {tally.largest:g}")
        except NoCounts as error:
            sentences.append(f"{name}: {error}")
    return Problem(
        "the file holds no raw counts where they usually are",
        f"{file.path}: {'; '.join(sentences) or 'no matrix'}",
        f"whole numbers, none negative, in X, raw or a layer named {', '.join(COUNT_LAYERS)}; or in the matrix that "
        "layer in datasets.tsv names",
        f"If {' or '.join(whole)} holds the raw counts, set layer: {whole[0]} in datasets.tsv."
        if whole
        else "Use the file with raw counts: sums of normalised cells have no known variance.",
    )


def _normalisation(counter: _Counter, name: str) -> str | None:
    """Tell how a matrix with fractions was made from counts: cells of equal sums, whole numbers under a logarithm or a factor."""
    import numpy as np

    bases = ((np.e, "exp(x)"), (2.0, "2^x"), (10.0, "10^x"))
    sums = np.zeros((1 + len(bases), counter.n_cells))
    largest = 0.0
    with np.errstate(over="ignore"):
        for block in counter.file.entries(name):
            values = block.values.astype(np.float64)
            largest = max(largest, float(values.max(initial=0)))
            np.add.at(sums[0], block.cells, values)
            if largest <= MOST_LOG:
                for row, (base, _) in enumerate(bases, start=1):
                    np.add.at(sums[row], block.cells, np.power(base, values) - 1)
    if _are_equal(sums[0]):
        return f"every cell adds up to {np.median(sums[0]):.4g}: normalised"
    if largest <= MOST_LOG:
        for own, (_, words) in zip(sums[1:], bases, strict=True):
            if _are_equal(own):
                return f"logarithms of normalised values ({words} - 1 of every cell adds up to {np.median(own):.4g})"
    some = np.linspace(0, counter.n_cells - 1, min(counter.n_cells, CELLS_LOOKED_AT)).astype(np.int64)
    return find_disguise(counter.count(name, CellsWanted(whole=some), fractions=True).whole) or None


def _are_equal(sums: NDArray[Any]) -> bool:
    import numpy as np

    sums = sums[sums > 0]
    return len(sums) >= _FEWEST_CELLS and bool(np.ptp(sums) <= _EQUAL * np.median(sums))


def _check_orientation(obs: Sequence[str], var: Sequence[str], path: Path) -> None:
    """Refuse genes × cells: nothing is turned silently, because obs would then be metadata of genes."""
    genes = sum(bool(_ENSEMBL_GENE.match(name)) for name in obs) > _MOST * len(obs)
    barcodes = sum(bool(_BARCODE.search(name)) for name in var) > _MOST * len(var)
    housekeeping = {name.upper() for name in obs} & _EVERYWHERE
    if genes or barcodes or (len(housekeeping) >= _SOME_GENES and not {name.upper() for name in var} & _EVERYWHERE):
        raise InputError(
            Problem(
                "the file holds genes × cells, not cells × genes",
                f"{path}: obs are {', '.join(map(repr, obs[:3]))}; var are {', '.join(map(repr, var[:3]))}",
                "cells (or samples) in obs, genes in var",
                "Write a copy that is turned: anndata.read_h5ad(FILE).T.write_h5ad(COPY); check that obs of the copy holds "
                "the metadata of the cells.",
            )
        )


def _check_shape(file: H5adFile, name: str, shape: tuple[int, int], expected: tuple[int, int]) -> None:
    if shape != expected:
        raise InputError(
            Problem(
                "a matrix does not fit the tables of cells and genes",
                f"{file.path}, {name}: {shape[0]} × {shape[1]} for {expected[0]} cells and {expected[1]} genes",
                "one row per cell of obs, one column per gene of var",
                "Retrieve the file again, and compare its size or checksum with the depositor's.",
            )
        )


def _identifiers(var: pd.DataFrame, kind: IdentifierKind | None) -> list[str]:
    """Return identifiers of the kind that is declared, from the index or from a column that holds it."""
    names = [str(name) for name in var.index]
    looks_ensembl = sum(name.upper().startswith("ENS") for name in names) > len(names) / 2
    columns = {"ensembl": _ENSEMBL_COLUMNS, "symbol": _SYMBOL_COLUMNS}.get(kind or "", ())
    if (kind == "ensembl") == looks_ensembl:
        return names
    column = next((name for name in columns if name in var.columns), None)
    return names if column is None else [str(cell) for cell in var[column]]

"""Genes with their association: MAGMA's `.genes.out` and `.genes.raw`, and tables of p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem
from sidemine.lines.genetics.locations import (
    MAX_GENES,
    chromosome_number,
    numbers_of,
    read_gene_rows,
    read_mark,
)
from sidemine.text.decoding import open_decoded
from sidemine.text.numbers import as_numbers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.text.text_table import TextTable

    Array = NDArray[np.float64]

MAX_BYTES = 2_000_000_000
MAX_PER_CHROMOSOME = 6_000
"""Genes of one chromosome whose correlations are held at once (0.3 GB)."""
SMALLEST_P = 1e-300
NUMBERS = ("n_snps", "n_param", "n", "mac", "z", "p")
"""Columns of gene results that may be missing, after gene, symbol, chromosome, start and stop."""

_FEWEST_TO_JUDGE, _SHORTEST_GENOME = 1000, 1_000_000
"""So many genes do not lie in the first million bases of chromosomes."""
_MOST_ZEROS, _MOST_ONES = 0.01, 0.5
"""Shares of p-values of 0, and of 1, above which they were not computed but written in place of others."""
_MOST_DIGITS, _FEWEST_ROUNDED = 7, 20
"""Digits behind the point to which p-values are rounded; more are those of a computer; and so many that tell it."""

_OUT_COLUMNS = {
    "gene": "GENE", "chromosome": "CHR", "start": "START", "stop": "STOP", "n_snps": "NSNPS", "n_param": "NPARAM", "n": "N",
    "z": "ZSTAT", "p": "P",
}  # fmt: skip


@dataclass(frozen=True)
class Neighbours:
    """Correlations of the genes of one chromosome, from `.genes.raw`: their names in its order, and the matrix."""

    genes: list[str]
    correlation: Array


def read_genes_out(path: Path) -> pd.DataFrame:
    """Read MAGMA's `.genes.out`.

    Returns
    -------
    pandas.DataFrame
        Columns gene (as in the file), symbol (''), chromosome (number), start, stop (bases), and `NUMBERS`, NaN where the
        file has none; z is MAGMA's ZSTAT, the probit of 1 − p.

    Raises
    ------
    InputError
        When the file is damaged, or lacks a column.
    """
    table = read_gene_rows(path, str(path), header=True)
    # Either of z and p is enough.
    optional = ("n_snps", "n_param", "n", "p", *(["z"] if table.has("P") else []))
    return _frame(table, {role: name for role, name in _OUT_COLUMNS.items() if role not in optional or table.has(name)})


def read_gene_p_values(path: Path, columns: Mapping[str, str], locations: pd.DataFrame | None) -> pd.DataFrame:
    """Read a table of p-values of genes.

    Parameters
    ----------
    path
        The table.
    columns
        Header by role: gene, p_value, and perhaps chromosome, start, stop, n_snps, n.
    locations
        Of genes, for a table that tells none (`locations.read_gene_locations`).

    Returns
    -------
    pandas.DataFrame
        As `read_genes_out`; chromosome 0 where nothing tells it.

    Raises
    ------
    InputError
        As `read_genes_out`; and when neither the table nor another file tells where genes lie.
    """
    table = read_gene_rows(path, str(path), header=True, marked=read_mark(path, columns.values()))
    placed = all(role in columns for role in ("chromosome", "start", "stop"))
    if not placed and locations is None:
        raise InputError(
            Problem(
                "nothing tells where genes lie",
                f"{path}: columns {', '.join(columns)} are declared",
                "chromosome, start and stop in column columns, or gene_locations in column files",
                "Declare either in lines.tsv: labels are rotated along the genome, so the order of genes must be known.",
            )
        )
    roles = {"p" if role == "p_value" else role: name for role, name in columns.items() if role != "window_kb"}
    if placed:
        return _frame(table, roles)
    frame = _frame(table, {role: name for role, name in roles.items() if role not in ("chromosome", "start", "stop")})
    if locations is None:
        return frame
    frame = frame.drop(columns=["symbol", "chromosome", "start", "stop"])
    first = locations.drop_duplicates("gene")
    by = "gene" if frame["gene"].isin(first["gene"]).mean() >= frame["gene"].isin(first["symbol"]).mean() else "symbol"
    right = first.drop_duplicates(by)[["gene", "symbol", "chromosome", "start", "stop"]]
    if by == "symbol":
        right = right.drop(columns="gene").assign(gene=right["symbol"])
    joined = frame.merge(right, on="gene", how="left")
    joined["symbol"] = joined["symbol"].fillna("").astype(object)
    for name in ("chromosome", "start", "stop"):
        joined[name] = joined[name].fillna(0).astype("int64")
    return joined[["gene", "symbol", "chromosome", "start", "stop", *NUMBERS]]


def _frame(table: TextTable, columns: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    table.name_column = table.position(columns["gene"])
    frame = pd.DataFrame({"gene": pd.Series([cell.strip() for cell in table.cells(columns["gene"])], dtype=object)})
    frame["symbol"] = pd.Series([""] * len(frame), dtype=object)
    placed = "chromosome" in columns
    frame["chromosome"] = numbers_of(*table.coded(columns["chromosome"])) if placed else 0
    for role in ("start", "stop"):
        values = table.numbers(columns[role]) if placed else np.zeros(len(frame))
        _refuse(table, columns.get(role, ""), values < 0, "a position lies below 0", "bases from the start")
        # A gene without a position is counted and dropped (`measure.prepare_genes`), as one without a chromosome is.
        frame.loc[np.isnan(values), "chromosome"] = 0
        frame[role] = np.nan_to_num(values).astype(np.int64)
    if placed and len(frame) >= _FEWEST_TO_JUDGE and frame["stop"].max() < _SHORTEST_GENOME:
        raise InputError(
            Problem(
                "the positions of genes are no bases",
                f"{table.place(int(frame['stop'].argmax()), columns['stop'])}: the largest in column {columns['stop']!r} is {frame['stop'].max():,}",
                "bases from the start of the chromosome",
                "Multiply those in kilobases or megabases in a copy of the file, or declare gene_locations in column files instead.",
            )
        )
    for role in NUMBERS:
        frame[role] = table.numbers(columns[role]) if role in columns else np.nan
    if "p" in columns:
        wrong = (frame["p"] < 0) | (frame["p"] > 1)
        _refuse(table, columns["p"], wrong.to_numpy(), "a p-value does not lie between 0 and 1", "p-values as they are")
    return frame


def least_printed(p_values: Array, otherwise: float) -> float:
    """Return what a p-value printed as 0 counts as: half of the last digit to which all others are rounded.

    Parameters
    ----------
    p_values
        As they stand in the file, NaN where there is none.
    otherwise
        What is returned where the others are not rounded.

    Examples
    --------
    >>> rounded = np.arange(100) / 100
    >>> least_printed(rounded, 1e-300), least_printed(np.append(rounded, 0.2512345678), 1e-300)
    (0.005, 1e-300)
    """
    inner = p_values[(p_values > 0) & (p_values < 1)]
    for digits in range(1, _MOST_DIGITS + 1) if len(inner) >= _FEWEST_ROUNDED else ():
        last = inner * 10.0**digits
        if np.abs(last - np.rint(last)).max() < 1e-6:
            return 0.5 * 10.0**-digits
    return otherwise


def refuse_written_p_values(p_values: Array, where: str) -> None:
    """Refuse p-values many of which are 0, or most of which are 1.

    Raises
    ------
    InputError
        What was not computed, but written in place of others, tells nothing of how genes differ.
    """
    known = p_values[~np.isnan(p_values)]
    if len(known) < _FEWEST_TO_JUDGE:
        return
    for value, most, example in (
        (0.0, _MOST_ZEROS, "missing ones"),
        (1.0, _MOST_ONES, "those that are not significant"),
    ):
        n = int((known == value).sum())
        if n > most * len(known):
            raise InputError(
                Problem(
                    f"{n:,} of {len(known):,} p-values of genes are {value:g}: they seem to stand for others, such as {example}",
                    where,
                    f"p-values as they were computed: at most {most:.0%} of them {value:g}",
                    "Take the whole table of the gene analysis; leave cells empty where nothing was computed.",
                )
            )


def _refuse(table: TextTable, column: str, wrong: NDArray[np.bool_], what: str, allowed: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            Problem(
                what,
                f"{table.place(row, column)}, value {table.cells(column)[row]!r}",
                allowed,
                "Correct column columns in lines.tsv, or mend the row in a copy of the file and name that copy.",
            )
        )


def read_genes_raw(path: Path) -> tuple[pd.DataFrame, list[Neighbours]]:
    """Read MAGMA's `.genes.raw`: genes as in `.genes.out`, and how neighbours correlate.

    Every line tells a gene and its correlations with the genes before it on its chromosome, the nearest last; a correlation that
    is not written is 0.

    Returns
    -------
    tuple
        The columns of `read_genes_out`, with `mac` (mean minor allele count) where the file has it; and the correlations, one
        matrix per chromosome in the order of the file.

    Raises
    ------
    InputError
        When the file is damaged, tells no version and covariates, or is not in order of chromosomes.
    """
    import pandas as pd

    rows: list[list[float]] = []
    genes: list[str] = []
    chromosomes: list[str] = []
    links: list[Array] = []
    header: dict[str, str] = {}
    with open_decoded(path, max_bytes=MAX_BYTES) as decoded:
        where = decoded.where
        while line := decoded.line().decode():
            if line.startswith("#"):
                word, _, value = line[1:].partition("=")
                header[word.strip().upper()] = value.strip()
                continue
            cells = line.split()
            if not cells:
                continue
            covariates = _covariates(header, where)
            place = f"{where}: line {decoded.number} ({cells[0][:60]})"
            before = 6 + len(covariates)
            if len(cells) < before + 1 or len(genes) >= MAX_GENES:
                raise InputError(_no_raw(place, f"it has {len(cells)} values, or too many genes"))
            numbers = as_numbers(cells[2:], lambda _, place=place: place)  # type: ignore[misc]
            if cells[1] != (chromosomes[-1] if chromosomes else ""):
                if cells[1] in chromosomes:
                    raise InputError(_no_raw(place, f"chromosome {cells[1]} began before"))
                on_chromosome = 0
            link = numbers[before - 1 :]
            if len(link) > on_chromosome or on_chromosome >= MAX_PER_CHROMOSOME or not (np.abs(link) <= 1).all():
                raise InputError(
                    _no_raw(place, "its correlations are not those with genes before it on its chromosome")
                )
            told = dict(zip(covariates, numbers[4 : 4 + len(covariates)], strict=True))
            rows.append([*numbers[:4], told.get("NSAMP", np.nan), told.get("MAC", np.nan), numbers[before - 2]])
            genes.append(cells[0])
            chromosomes.append(cells[1])
            links.append(link)
            on_chromosome += 1
    if not rows:
        raise InputError(_no_raw(where, "it holds no gene"))
    frame = pd.DataFrame(rows, columns=["start", "stop", "n_snps", "n_param", "n", "mac", "z"])
    frame.insert(0, "gene", pd.Series(genes, dtype=object))
    frame.insert(1, "symbol", pd.Series([""] * len(genes), dtype=object))
    frame.insert(2, "chromosome", [chromosome_number(name) for name in chromosomes])
    frame["p"] = np.nan
    frame = frame.astype({"start": "int64", "stop": "int64"})
    return frame, _blocks(genes, chromosomes, links)


def _blocks(genes: list[str], chromosomes: list[str], links: list[Array]) -> list[Neighbours]:
    blocks = []
    start = 0
    for name in dict.fromkeys(chromosomes):
        n = chromosomes.count(name)
        matrix = np.eye(n)
        for row, link in enumerate(links[start : start + n]):
            matrix[row, row - len(link) : row] = link
            matrix[row - len(link) : row, row] = link
        blocks.append(Neighbours(genes[start : start + n], matrix))
        start += n
    return blocks


def _covariates(header: Mapping[str, str], where: str) -> list[str]:
    if "COVAR" not in header:
        raise InputError(_no_raw(where, "it does not begin with # VERSION and # COVAR"))
    return header["COVAR"].upper().split()


def _no_raw(where: str, why: str) -> Problem:
    return Problem(
        "the file is not what MAGMA writes as .genes.raw",
        f"{where}: {why}",
        "a line # VERSION, a line # COVAR, then one line per gene, in order of chromosomes",
        "Name the .genes.raw of MAGMA's gene analysis as genes_raw in column files of lines.tsv.",
    )

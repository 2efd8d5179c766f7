"""Read a table of gene statistics by the headers that its row of `lines.tsv` names, and a reference; test its set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sidemine.differential.contrast_fit import load_fit
from sidemine.differential.gene_statistics import TableColumns
from sidemine.enrichment.preranked_camera import Reference
from sidemine.errors import InputError, Problem
from sidemine.lines.complete_table.measure import TEST, TableToTest, measure_table
from sidemine.lines.complete_table.record import TableDetails
from sidemine.lines.complete_table.rows import TableRows
from sidemine.lines.complete_table.specification import TestTable
from sidemine.lines.evidence import Measured
from sidemine.lines.gene_list import read_gene_list
from sidemine.lines.published.reader import read_cells
from sidemine.lines.row_job import RowInputs
from sidemine.prepare.gene_table import GeneTable

_LARGEST_LOGARITHM = 60.0
"""No logarithm of an intensity or a count is larger."""


def measure_row(inputs: RowInputs, specification: TestTable) -> tuple[Measured, TableDetails, str]:
    """Read the files of a row of either layer of tables and test its set: what `row_job.run_row` asks for.

    Parameters
    ----------
    inputs
        What the job has read, and its files.
    specification
        The row.

    Raises
    ------
    InputError
        When a file cannot be read.
    """
    files, gene_table = inputs.files, inputs.gene_table
    universe, lost = read_gene_list(files["universe"], gene_table) if "universe" in files else (None, 0)
    table = TableToTest(
        rows=read_rows(files["file"], specification.row.columns),
        universe=universe,
        names_lost=lost,
        gene_sets=inputs.gene_sets,
        gene_table=gene_table,
        references=[read_reference(files["reference"], gene_table)]
        if "reference" in files
        else read_fitted_references(inputs.job.by_folder("fits")),
    )
    measured, details = measure_table(specification.row, table)
    return measured, details, TEST


def read_rows(path: Path, headers: Mapping[str, str]) -> TableRows:
    """Read a table.

    Parameters
    ----------
    path
        Text (also gzipped) or a spreadsheet.
    headers
        Header by role, as `config.ROLES` has them; without gene and uniprot, the first column names the genes.

    Raises
    ------
    InputError
        When the file is damaged, lacks a header, or holds text where a number belongs.
    """
    cells = read_cells(path, list(headers.values()), "column columns of lines.tsv")
    if not headers.keys() & {"gene", "uniprot"}:
        # R writes the names of rows under no name.
        headers = {**headers, "gene": cells.header[0]}
    names = {role: cells.cells(headers[role]) for role in ("gene", "uniprot") if role in headers}
    if names:
        cells.name_column = cells.position(headers[next(iter(names))])
    roles = {"p": "p_value"}
    numbers = {
        roles.get(role, role): cells.numbers(header)
        for role, header in headers.items()
        if role not in {"gene", "uniprot"}
    }
    return TableRows(str(path), names.get("gene"), names.get("uniprot"), TableColumns(**numbers), tuple(cells.notes))


def read_reference(path: Path, gene_table: GeneTable) -> Reference:
    """Read expression values of other samples, and take out the mean of each gene.

    Parameters
    ----------
    path
        Genes × samples by symbol, on a log scale: text or a spreadsheet.
    gene_table
        Approved symbols; several rows of a gene are averaged, genes with a missing value left out.

    Raises
    ------
    InputError
        When the table cannot be read, has fewer than 4 samples, or values that are no logarithms.
    """
    import numpy as np
    import pandas as pd

    from sidemine.sources.expression_table import read_expression_table

    matrix = read_expression_table(path)
    if len(matrix.columns) < 4:
        raise InputError(
            Problem(
                f"a reference of {len(matrix.columns)} samples tells nothing about correlation",
                str(path),
                "at least 4 samples, better 30",
                "Name a larger table as reference, or leave it out.",
            )
        )
    largest = float(np.nanmax(matrix.values, initial=-np.inf))
    if largest > _LARGEST_LOGARITHM:
        raise InputError(
            Problem(
                "the values of a reference are no logarithms, so that few highly expressed genes would make its correlations",
                f"{path}: values up to {largest:.6g}",
                "log2 values, or logarithms of another base",
                "Write logarithms, such as log2(counts per million + 1), in a copy of the table, and name that copy.",
            )
        )
    symbols = [resolution.symbol for resolution in gene_table.resolve_symbols(matrix.identifiers)]
    values = pd.DataFrame(matrix.values).groupby(pd.Series(symbols, dtype=object)).mean().dropna()
    residuals = values.to_numpy() - values.mean(axis=1).to_numpy()[:, None]
    varies = np.ptp(residuals, axis=1) > 0
    genes = [str(name) for name, kept in zip(values.index, varies, strict=True) if kept]
    return Reference(f"{path.name} ({len(matrix.columns)} samples)", genes, residuals[varies])


def read_fitted_references(fits: Mapping[str, Path]) -> list[Reference]:
    """Return the residuals of fitted contrasts, by name; those that were not testable have none.

    Raises
    ------
    InputError
        When a fit cannot be read.
    """
    loaded = ((name, load_fit(path)) for name, path in sorted(fits.items()))
    return [
        Reference(f"contrast {name} ({len(fit.samples)} samples)", fit.genes, fit.effects[:, 1:])
        for name, fit in loaded
        if fit is not None
    ]

"""Rows of `datasets.tsv` and derived columns as a study declares them, with a series matrix and a table to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidemine.study.models import DerivedColumn
from sidemine.study.rows import Dataset


def dataset_row(**changes: Any) -> Dataset:
    """A table of counts by symbol."""
    cells = {"dataset": "d1", "accession": "GSE1", "layout": "table", "file": "x", "identifiers": "symbol",
             "scale": "counts", "tissue": "blood", "licence": "open"}  # fmt: skip
    return Dataset.model_validate(cells | changes)


def titled_row(**changes: Any) -> Dataset:
    """The same on platform GPL1, its columns named by the titles of the samples."""
    return dataset_row(**{"platform": "GPL1", "sample_name": "title"} | changes)


def derived_columns(**columns: tuple[str, str]) -> dict[str, DerivedColumn]:
    """Columns by name: where from, and the expression."""
    return {name: DerivedColumn.model_validate({"from": a, "regex": b}) for name, (a, b) in columns.items()}


def write_described_table(folder: Path, series: str, table: str) -> dict[str, Path]:
    """Write a table of values and the series matrix that describes its samples."""
    (folder / "series.txt").write_text(series)
    (folder / "table.txt").write_text(table)
    return {"values": folder / "table.txt", "metadata": folder / "series.txt"}

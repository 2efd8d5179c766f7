"""The columns of `samples.tsv`: every sample of a dataset and its fate."""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

EXCLUDED_BY_HAND = "excluded by hand"
"""Fate of a sample that `exclude` in config.yaml leaves out; the page tells the reason that stands there."""

TOO_FEW_CELLS = "too few cells"
"""Beginning of the fate of a pseudobulk sample that its cells are too few for."""

SAMPLES = TableSpec(
    "samples.tsv",
    (
        Column("sample", "text", "Sample accession, or the name that the file gives it."),
        Column(
            "unit", "text", "Independent biological unit (donor, patient); the sample itself where none is declared."
        ),
        Column("fate", "text", "used, or why the sample does not take part."),
        Column(
            "value_column",
            "text",
            "Column of the value file that holds the sample; empty where none is read, and in pseudobulk.",
            may_be_empty=True,
        ),
    ),
    open_ended=True,
)

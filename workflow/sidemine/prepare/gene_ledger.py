"""The columns of `genes_ledger.tsv`: every identifier of a dataset and its fate."""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

GENES_LEDGER = TableSpec(
    "genes_ledger.tsv",
    (
        Column("identifier", "text", "Identifier as it stands in the file."),
        Column("gene", "text", "Approved symbol that it was mapped to.", may_be_empty=True),
        Column("fate", "text", "kept, merged or dropped."),
        Column("reason", "text", "Why, for example: other probe has the higher mean; several genes; unknown symbol."),
    ),
)

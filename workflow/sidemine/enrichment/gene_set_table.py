"""The columns of `gene_sets.tsv.gz`: the gene sets of a study."""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

GENE_SETS = TableSpec(
    "gene_sets.tsv.gz",
    (
        Column("gene_set", "text", "Id of the gene set."),
        Column("family", "text", "target, member, confounder, comparator or negative_control."),
        Column("gene", "text", "Approved symbol."),
        Column("weight", "number", "Sign and weight of the gene in the set; 1 in unweighted sets."),
        Column("version", "text", "Release of the library."),
        Column("source", "text", "URL or path of the library; `study.json` gives its licence."),
    ),
)

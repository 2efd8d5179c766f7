"""The columns of `gene_sets.tsv.gz`: the gene sets of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.tables import Column, TableSpec

if TYPE_CHECKING:
    import pandas as pd

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


def genes_of_set(gene_sets: pd.DataFrame, name: str) -> set[str]:
    """Return the genes of one set of a table of sets (`GENE_SETS`)."""
    return set(gene_sets.loc[gene_sets["gene_set"] == name, "gene"])


def weights_of_set(gene_sets: pd.DataFrame, name: str) -> dict[str, float]:
    """Return the weight of each gene of one set of a table of sets (`GENE_SETS`)."""
    rows = gene_sets[gene_sets["gene_set"] == name]
    return dict(zip(rows["gene"].astype(str), rows["weight"].astype(float), strict=True))

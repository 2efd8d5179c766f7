"""Gene sets that were read, and declared ones that were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.drawing.words import bounded
from sidemine.report.blocks import FAMILY_ORDER
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


@dataclass(frozen=True)
class GeneSetRow:
    """One gene set that was read."""

    gene_set: str
    family: str
    n_genes: int
    weighted: bool
    version: str
    licence: str
    source: str


@dataclass(frozen=True)
class MissingSet:
    """A declared set that is not among the results, and why."""

    gene_set: str
    reason: str


@dataclass(frozen=True)
class GeneSets:
    """All sets, declared ones first, and what is missing."""

    rows: Sequence[GeneSetRow]
    missing: Sequence[MissingSet]


def gene_sets_section(results: StudyResults) -> Section:
    """Return the ledger of gene sets."""
    content = GeneSets(gene_set_rows(results), missing_sets(results))
    return Section("sets", "Gene sets", content=content, template="gene_sets.html.j2")


def gene_set_rows(results: StudyResults) -> list[GeneSetRow]:
    """Return one row per gene set that was read, declared families first."""
    declared = {row.gene_set: row.licence for row in results.study.gene_sets}
    of_source = {row.source: row.licence for row in results.study.gene_sets}
    rows = []
    for name, members in results.gene_sets.groupby("gene_set", sort=True):
        first = {column: str(members[column].iloc[0]) for column in ("family", "version", "source")}
        # The row `*` of a library has the licence of all sets that have no row of their own.
        licence = declared.get(str(name)) or of_source.get(first["source"], "")
        rows.append(
            GeneSetRow(
                gene_set=bounded(str(name), 200),
                family=first["family"],
                n_genes=len(members),
                weighted=bool((members["weight"] != 1).any()),
                version=bounded(first["version"], 120),
                licence=bounded(licence, 200),
                source=bounded(first["source"], 200),
            )
        )
    families = {family: rank for rank, family in enumerate(FAMILY_ORDER)}
    return sorted(rows, key=lambda row: (families.get(row.family, 9), row.gene_set))


def missing_sets(results: StudyResults) -> list[MissingSet]:
    """Return declared sets that no row of the gene-set table belongs to (opt-in sets, for example)."""
    on_request = "used only on request (opt_in), because of its licence"
    return [
        MissingSet(bounded(row.gene_set, 200), on_request if row.opt_in else "no gene of it was found")
        for row in results.study.gene_sets
        if row.gene_set != "*" and row.gene_set not in results.members
    ]

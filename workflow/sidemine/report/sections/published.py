"""Published tables: somebody else's fold changes, described and checked against their label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.drawing.words import count
from sidemine.lines.published.record import DescribedTable
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section
from sidemine.study.rows import PublishedTable
from sidemine.verdict.vocabulary import Verdict


@dataclass(frozen=True)
class PublishedView:
    """One table: what was found of it, its verdict, its number of genes in words, and its row of the sheet."""

    table: DescribedTable
    verdict: Verdict
    n_genes: str
    row: PublishedTable | None


def published_section(results: StudyResults) -> Section | None:
    """Return the published tables of the study; None where it has none."""
    if not results.verdicts.published_tables:
        return None
    rows = {row.table: row for row in results.study.published_tables}
    views: Sequence[PublishedView] = [
        PublishedView(
            table=entry,
            verdict=Verdict.of(entry.verdict),
            n_genes=count(entry.n_genes, "gene"),
            row=rows.get(entry.table),
        )
        for entry in results.verdicts.published_tables
    ]
    return Section("published", "Published tables", content=views, template="published.html.j2")

"""What the page shows of a published table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.drawing.words import count

if TYPE_CHECKING:
    from sidemine.lines.published.record import DescribedTable


def table_words(table: DescribedTable) -> dict[str, object]:
    """Return the fields of a description, with its size in words and the style class of each check."""
    return {
        **vars(table),
        "n_genes_words": count(table.n_genes, "gene"),
        "checks": [{**vars(check), "class": f"check-{check.status.replace(' ', '-')}"} for check in table.checks],
    }

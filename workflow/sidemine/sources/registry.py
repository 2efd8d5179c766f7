"""The kinds of source by the word that datasets.tsv declares. A new one: a module of this room, and its name here."""

from __future__ import annotations

from sidemine.sources.archive import ARCHIVE
from sidemine.sources.declarations import BulkLayout, CellLayout, Layout
from sidemine.sources.h5ad import H5AD
from sidemine.sources.maxquant import MAXQUANT
from sidemine.sources.ncbi_counts import NCBI_COUNTS
from sidemine.sources.olink_npx import OLINK_NPX
from sidemine.sources.series_matrix import SERIES_MATRIX
from sidemine.sources.somascan_adat import SOMASCAN_ADAT
from sidemine.sources.table import TABLE
from sidemine.sources.tenx import TENX

LAYOUTS: dict[str, Layout] = {
    layout.word: layout
    for layout in (
        SERIES_MATRIX,
        TABLE,
        ARCHIVE,
        NCBI_COUNTS,
        H5AD,
        TENX,
        OLINK_NPX,
        SOMASCAN_ADAT,
        MAXQUANT,
    )
}
BULK_LAYOUTS: dict[str, BulkLayout] = {
    word: layout for word, layout in LAYOUTS.items() if isinstance(layout, BulkLayout)
}
CELL_LAYOUTS: dict[str, CellLayout] = {
    word: layout for word, layout in LAYOUTS.items() if isinstance(layout, CellLayout)
}


def layouts_with(column: str) -> list[str]:
    """Return the layouts that a column of datasets.tsv is meant for; none: it is meant for all."""
    return [word for word, layout in LAYOUTS.items() if column in layout.own_columns]

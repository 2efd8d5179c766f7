"""What illustrations are drawn from."""

from __future__ import annotations

from sidemine.lines.illustration.config import MapLayout
from sidemine.study.models import DerivedColumn
from sidemine.study.projections import DatasetToRead, Files, GeneTableToRead, Projection


class CellsToIllustrate(Projection):
    """The cells of one dataset, and what colours them."""

    dataset: DatasetToRead
    files: Files
    derive: dict[str, DerivedColumn]
    markers: dict[str, list[str]]
    condition: str
    cell_type: str
    set: str
    layout: MapLayout = "umap"

    def name_of(self, role: str) -> str:
        """Return the name of a file among the inputs of the job."""
        return f"{self.dataset.dataset}_{role}"


class IllustrateCells(Projection):
    """All illustrations of a study."""

    illustrations: list[CellsToIllustrate]
    gene_table: GeneTableToRead
    seed: int

"""Closed schema of an illustration of single cells."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName

MapLayout = Literal["umap", "pca"]


class Illustration(ClosedModel):
    """A map of the single cells of one dataset. An illustration: no test rests on it."""

    dataset: Identifier = Field(description="A dataset of single cells.")
    condition: str = Field(min_length=1, description="Column of the cells that colours the first map.")
    cell_type: str = Field(default="", description="Column of the cells that colours the second map. Empty: none.")
    set: SetName = Field(description="Gene set whose score colours the last map.")
    layout: MapLayout = Field(
        default="umap",
        description="umap; or pca: the first two principal components, drawn in a tenth of the time.",
    )

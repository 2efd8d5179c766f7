"""Closed schema of an illustration of single cells."""

from __future__ import annotations

from pydantic import Field

from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName


class Illustration(ClosedModel):
    """A map (UMAP) of the single cells of one dataset. An illustration: no test rests on it."""

    dataset: Identifier = Field(description="A dataset of single cells.")
    condition: str = Field(min_length=1, description="Column of the cells that colours the first map.")
    cell_type: str = Field(default="", description="Column of the cells that colours the second map. Empty: none.")
    set: SetName = Field(description="Gene set whose score colours the last map.")

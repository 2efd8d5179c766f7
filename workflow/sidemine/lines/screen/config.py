"""Closed schema of a screen: many compounds, few donors."""

from __future__ import annotations

from pydantic import Field, model_validator

from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName


class Screen(ClosedModel):
    """Many compounds in the cells of few donors, each against the vehicle of its donor and plate. Exploratory: no verdict."""

    id: Identifier = Field(description="Id of the screen.")
    question: str = Field(min_length=10, description="What is looked for, as a reader would ask it.")
    dataset: Identifier = Field(
        description="Dataset of the screen: samples (bulk), or cells that are summed to samples of donor × compound × plate "
        "(name these as biological_unit, cell_type and sample_columns)."
    )
    compound: str = Field(min_length=1, description="Metadata column that names the compound of a sample.")
    vehicle: str = Field(min_length=1, description="Its value in the samples of the vehicle.")
    donor: str = Field(min_length=1, description="Metadata column of the donors: the independent units.")
    plate: str = Field(
        default="",
        description="Metadata column of the plates: a compound is compared with the vehicle of its donor on its plate. Empty: "
        "the vehicle of its donor.",
    )
    cell_type: str = Field(
        default="", description="Metadata column of the cell types, each looked at alone. Empty: none."
    )
    sets: list[SetName] = Field(min_length=1, description="Gene sets whose scores are compared.")
    classes: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Names of compounds by their class, for example JAK inhibitors: shown beside them, and nothing more.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Screen:
        if len(set(self.sets)) < len(self.sets):
            raise ValueError("sets names one set twice")
        named = [name for names in self.classes.values() for name in names]
        if len(set(named)) < len(named):
            raise ValueError("classes names one compound twice")
        if self.vehicle in named:
            raise ValueError("the vehicle is of no class")
        columns = [name for name in (self.compound, self.donor, self.plate, self.cell_type) if name]
        if len(set(columns)) < len(columns):
            raise ValueError("compound, donor, plate and cell_type must be different columns")
        return self

"""Closed schema of direct contrasts between subgroups of patients."""

from __future__ import annotations

from pydantic import Field

from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName


class Interaction(ClosedModel):
    """A direct contrast between two subgroups of patients, for example pulmonary embolism minus vein thrombosis."""

    id: Identifier = Field(description="Id of the interaction.")
    question: str = Field(min_length=10, description="The question, as a reader would ask it.")
    set: SetName = Field(description="Set whose score is compared.")
    contrasts: list[Identifier] = Field(
        min_length=1, description="Contrasts of role disease whose reference is the other subgroup; one per dataset."
    )

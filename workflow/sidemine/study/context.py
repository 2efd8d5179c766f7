"""Schemas of what a report shows beside the evidence: clinical context, and data sets that were not taken.

Nothing here enters a computation or a verdict, and neither is part of the study's digest.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from sidemine.study.closed_model import ClosedModel, split_list

Doi = Annotated[str, Field(pattern=r"^(10\.[0-9]{4,9}/\S+)?$")]
Mark = Literal["publication", "abstract", "code", "computed", "remembered", "unknown"]
"""How a statement is known: read in a publication or record; in an abstract or press text only; seen in public analysis
code (not reviewed); computed from the file; remembered or inferred; not known."""


class ContextStatement(ClosedModel):
    """One statement of the clinical literature, with its source."""

    text: str = Field(min_length=10, description="The statement, in a sentence.")
    figure: str = Field(default="", description="Its figure in a few characters, shown large: `HR 1.73`.")
    citation: str = Field(min_length=5, description="Author, journal, year: where it was read.")
    doi: Doi = Field(default="", description="DOI of the source, without https://doi.org/.")
    url: str = Field(default="", pattern=r"^(https://\S+)?$", description="Address of the source, if it has no DOI.")


class ClinicalContext(ClosedModel):
    """What the clinical literature says; a panel of its own, never part of a verdict."""

    title: str = Field(min_length=3, description="Title of the panel.")
    statements: list[ContextStatement] = Field(min_length=1, description="What is known, each with its source.")


class ConsideredDataset(ClosedModel):
    """One row of `considered.tsv`: a data set that was looked at and not taken."""

    name: str = Field(min_length=2, description="Accession, or a short name where there is none.")
    what: str = Field(min_length=3, description="What it holds, in words.")
    would_serve: Literal["disease", "inhibitor", "stimulus", "other"] = Field(
        description="Role that it could have had: disease, inhibitor, stimulus (positive control) or other."
    )
    decision: Literal["out", "later"] = Field(
        description="out: not taken. later: could be added when what the reason names is settled."
    )
    reason: str = Field(min_length=5, description="Why it was not taken, in words; it is printed in the report.")
    marks: Annotated[
        list[Mark],
        BeforeValidator(split_list),
        WithJsonSchema({"anyOf": [{"type": "array", "items": {"enum": list(get_args(Mark))}}, {"type": "string"}]}),
    ] = Field(
        min_length=1,
        description="How that is known (comma list): publication, abstract, code, computed, remembered, unknown.",
    )
    doi: Doi = Field(default="", description="DOI of its publication.")

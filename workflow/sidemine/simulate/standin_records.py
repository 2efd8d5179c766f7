"""What is recorded of the public data sets that get a stand-in, as a typed table.

The table itself is `standin_records.json`. It is typed independently of any study's config, so that a study that runs
on stand-ins shows its plumbing to be right. It can never show that a selector is right on the real record.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Literal

from pydantic import Field

from sidemine.study.closed_model import ClosedModel

Writer = Literal["array", "count_table", "archive", "ncbi_counts", "normalised_table", "cells", "tenx"]


class Group(ClosedModel):
    """Samples that share their labels.

    `{i}` is the number within the group, `{j}` that number plus `title_offset`; `{age}`, `{sex}`, `{batch}`, `{pasi}`
    and `{donor}` are filled per sample.
    """

    n: int = Field(ge=1, description="Number of samples.")
    title: str = Field(description="Template of the title.")
    source_name: str = Field(description="Source name.")
    characteristics: tuple[str, ...] = Field(description="Templates of the characteristics, 'key: value'.")
    interferon: float = Field(default=0.0, description="log2 shift of the interferon-response genes (simulated).")
    score: float = Field(default=0.0, description="Shift of their score in Hedges g (simulated).")
    first_sample: int = Field(default=0, description="Number of the first GSM; 0: follows the group before.")
    title_offset: int = Field(default=0, description="Added to the number that {j} shows.")
    age: tuple[int, int] | None = Field(default=None, description="Youngest and oldest.")
    n_female: int = Field(default=0, description="Women; they come first.")
    reanalysis: bool = Field(default=False, description="The samples are re-analysed samples of another series.")
    n_first_batch: int = Field(default=0, description="Samples of the first sequencing batch; the rest is the second.")
    donors: tuple[str, ...] = Field(default=(), description="Values of {donor}.")
    lane: str = Field(default="", description="Lane in the member names of a 10x archive.")


class StandinRecord(ClosedModel):
    """One accession: what is recorded, what is assumed, and how its files are written."""

    accession: str
    writer: Writer
    platform: str = Field(description="GPL number; empty where no series matrix is written.")
    style: str = Field(default="affymetrix", description="Style of the probe ids.")
    first_sample: int = Field(description="Number of the first GSM.")
    groups: tuple[Group, ...]
    matrix_of_platform: bool = Field(default=False, description="The series matrix has the -GPLnnn form.")
    identifiers: Literal["probe", "symbol", "ensembl", "entrez"] = "probe"
    file: str = Field(default="", description="Name of the supplementary file.")
    separator: str = "\t"
    corner: str = Field(default="", description="Header of the first column.")
    mangled_symbols: tuple[str, ...] = Field(default=(), description="Row names damaged by a spreadsheet.")
    extra_table: str = Field(default="", description="Supplement with the probe values on the linear scale.")
    extra_long: str = Field(default="", description="Address of a long table of counts.")
    cell_types: tuple[str, ...] = ()
    n_swapped_sex: int = Field(default=0, description="Samples of the first group whose sex label is wrong.")
    recorded: tuple[str, ...] = Field(description="Facts that were read somewhere.")
    assumed: tuple[str, ...] = Field(description="Guesses that the stand-in needs; none is evidence for a selector.")


class LeftOut(ClosedModel):
    """An accession of which too little is recorded for a stand-in."""

    accession: str
    reason: str


class StandinTable(ClosedModel):
    """The whole table."""

    about: str
    symbols: tuple[str, ...] = Field(
        description="Approved symbols that the real gene table holds and that a stand-in must know beside the core."
    )
    records: tuple[StandinRecord, ...]
    left_out: tuple[LeftOut, ...]


def read_records() -> StandinTable:
    """Return the table of recorded and assumed facts."""
    text = resources.files("sidemine.simulate").joinpath("standin_records.json").read_text(encoding="utf-8")
    return StandinTable.model_validate(json.loads(text))

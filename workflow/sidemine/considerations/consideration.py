"""What a consideration registers, once: by this the rules, the verdict, the page and the schemas know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sidemine.considerations.judgement import Judge
from sidemine.drawing.panel import FurtherEffect, Light, Panel, Subject, Tile, Told
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import Job
from sidemine.tables import TableSpec

if TYPE_CHECKING:
    import pandas as pd

Columns = TypeVar("Columns")


@dataclass(frozen=True)
class ConsideredStudy:
    """What the considerations of a study have on record, for the methods text.

    Attributes
    ----------
    answers
        What they filled in, per answer card: records of columns.
    tables
        Tables that they wrote, by name; those that are there.
    """

    answers: Sequence[Sequence[object]]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def columns_of(self, kind: type[Columns]) -> list[Columns]:
        """Return the columns that one consideration filled in, one record per card."""
        return [columns for answer in self.answers for columns in answer if isinstance(columns, kind)]


@dataclass(frozen=True, kw_only=True)
class Consideration:
    """One consideration.

    Attributes
    ----------
    name
        Its word.
    columns
        Kind of record whose fields are the columns of `verdicts.json` that it fills.
    record_files
        Gives the files that hold its record of a study (`<results>/…`).
    read_judge
        Reads these files and returns the judge that holds them; without files, one that has nothing on record.
    of_variants
        Whether it judges the variants of the robustness grid as well.
    job
        What measures for it; None where it judges what other rooms have measured, or where that stands above the verdict.
    schemas
        Kinds of record that it writes, by the name of the file: `docs/records/` has their schemas.
    panels, tiles
        What it shows on an answer card, by place: the page orders the figures, and the key figures, of all by them. None: it
        does not concern this kind of hypothesis.
    tell
        What it adds to the words of an answer card.
    light
        Its mark beside a comparison (by id) in the forest plot of people compared; None: it has none.
    further_effect
        Its row below the pooled effect in the forest plot; None: it has none.
    methods
        Its paragraph of the methods text; empty where there is nothing to tell.
    tables
        Tables that it writes, by which the data dictionary knows their columns.
    """

    name: str
    columns: type[object]
    record_files: Callable[[StudyPlan], Sequence[str]]
    read_judge: Callable[[Sequence[Path]], Judge]
    of_variants: bool = True
    job: Job | None = None
    schemas: Mapping[str, type[object]] = field(default_factory=dict)
    panels: Mapping[int, Callable[[Subject], Panel | None]] = field(default_factory=dict)
    tiles: Mapping[int, Callable[[Subject], Tile | None]] = field(default_factory=dict)
    tell: Callable[[Subject], Told] = lambda _: Told()
    light: Callable[[Subject, str], Light | None] = lambda _, __: None
    further_effect: Callable[[Subject], FurtherEffect | None] = lambda _: None
    methods: Callable[[ConsideredStudy], str] = lambda _: ""
    tables: Sequence[TableSpec] = ()

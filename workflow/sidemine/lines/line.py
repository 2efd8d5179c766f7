"""What a line of evidence registers, once: by this the rules, the page and the schemas know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sidemine.drawing.panel import Panel, Subject
from sidemine.lines.evidence import LayerEvidence
from sidemine.paper import Paper
from sidemine.study_jobs import Job
from sidemine.tables import TableSpec

Record = TypeVar("Record")


@dataclass(frozen=True)
class LinesOnRecord:
    """What the lines of a study have on record, and the study's words that their panels use.

    Attributes
    ----------
    records
        One record per line that was part of the run.
    groups
        Target and reference of every contrast, in words.
    questions
        By the id of what was declared (a bridge, an interaction): its question.
    layers
        By id of a row of `lines.tsv` that was run: its evidence, and the record of its layer beside it.
    names
        By the id of a bridge: what the perturbation is called; empty where the study gives it no name.
    """

    records: Sequence[object] = ()
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, tuple[LayerEvidence, object]] = field(default_factory=dict)

    def record_of(self, kind: type[Record]) -> Record | None:
        """Return the record of one kind; None where that line was not part of the run."""
        return next((record for record in self.records if isinstance(record, kind)), None)


def _nothing_on_cards(_: Subject, __: LinesOnRecord) -> Sequence[Panel]:
    return ()


def _nothing_in_methods(_: LinesOnRecord) -> Sequence[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class LineOfEvidence:
    """One line of evidence: data that share no samples and no gene list with another line.

    Attributes
    ----------
    name
        Its word.
    job
        What measures it.
    record, record_file
        Kind of its record, and the file below the results that holds it; the page reads it where the study asks for the
        job. None: its records stand in `verdicts.json`.
    schemas
        Kinds of record that it writes, by the name of the file: `docs/records/` has their schemas.
    tables
        Tables that it writes, by which the data dictionary knows their columns.
    panels
        Gives what it shows under an answer card.
    layer, details, line_panel, line_methods
        Of a layer of `lines.tsv`: its word; the record that its job writes beside the row of evidence; what is shown of one
        row, from both; and its paragraph of the methods text. Empty and None for a line that is declared otherwise.
    papers
        Where its methods come from.
    methods
        Gives its paragraphs of the methods text; none where it was not measured.
    """

    name: str
    job: Job
    record: type[object] | None = None
    record_file: str = ""
    schemas: Mapping[str, type[object]] = field(default_factory=dict)
    tables: Sequence[TableSpec] = ()
    panels: Callable[[Subject, LinesOnRecord], Sequence[Panel]] = _nothing_on_cards
    methods: Callable[[LinesOnRecord], Sequence[str]] = _nothing_in_methods
    layer: str = ""
    details: type[object] | None = None
    line_panel: Callable[[LayerEvidence, object], Panel] | None = None
    line_methods: str = ""
    papers: Sequence[Paper] = ()

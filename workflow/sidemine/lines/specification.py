"""What the job of a line uses of its row of `lines.tsv`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sidemine.study.choices import LineStatus
from sidemine.study.projections import Files, GeneTableToRead, Projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidemine.study.plan import StudyPlan
    from sidemine.study_jobs import Patterns


class DeclaredLine(Projection):
    """What of a row of `lines.tsv` a result depends on; see `study.rows.LineRow`. Further files stand among `TestLine.files`."""

    line: str
    layer: str
    format: str
    columns: dict[str, str]
    set: str
    direction: str
    status: LineStatus


class TestLine(Projection):
    """One row, the files by role (`file` is the main one, `universe` a declared list), and the table of symbols.

    A layer that needs more of the study derives its own kind from this one.
    """

    row: DeclaredLine
    files: Files
    gene_table: GeneTableToRead


Specified = TypeVar("Specified", bound=TestLine)


def specify_lines(plan: StudyPlan, layer: str, kind: type[Specified], **more: object) -> Mapping[str, Specified]:
    """Return the specification of every job of a layer, by the id of its row; rows that are not run have none.

    Parameters
    ----------
    plan
        The study.
    layer
        Word of the layer.
    kind
        Its specification: `TestLine`, or derived from it. Fields that are settings of the study are filled in.
    more
        Its other fields, the same for all rows.
    """
    return {
        name: plan.specify(
            kind,
            row=DeclaredLine.of(row),
            files=plan.line_files[name],
            gene_table=plan.gene_table,
            **more,
        )
        for name, row in plan.study.lines.items()
        if row.layer == layer and row.runs
    }


def files_of_row(_: StudyPlan, specification: TestLine) -> Patterns:
    """Return what the job of a row reads, by name: its files (in the order of their roles), the sets, the symbols.

    Parameters
    ----------
    specification
        Of the job.
    """
    return {
        "files": [f"<downloads>/{key}" for key in specification.files.values()],
        "sets": "<results>/gene_sets.tsv.gz",
        "gene_table": f"<downloads>/{specification.gene_table.key}",
    }


def results_of_row(layer: str) -> Patterns:
    """Return what the jobs of a layer write: the row of evidence, and the record of its details.

    Parameters
    ----------
    layer
        Word of the layer.
    """
    place = f"<results>/lines/{layer}/{{line}}"
    return {"evidence": f"{place}.json", "details": f"{place}.details.json"}

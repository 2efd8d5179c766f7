"""What the job of a line uses of its row of `lines.tsv`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sidemine.study.choices import LineStatus
from sidemine.study.projections import Files, GeneTableToRead, Projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidemine.study.plan import StudyPlan


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

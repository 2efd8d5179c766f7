"""What the checks of data and design weigh in the certainty of an answer, where no cap says it already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sidemine.considerations.judgement import Sensitivity
from sidemine.considerations.sensitivity import FLAGGED_SAMPLES, REUSED_CONTROLS
from sidemine.considerations.traps.judge import CAPPING, DOUBTS, unknown_units
from sidemine.considerations.traps.record import TrapColumns

_TAKEN_AWAY = {"reused_samples": REUSED_CONTROLS, "sex_mismatch": FLAGGED_SAMPLES}
"""The row that answers for the effect without what a check found; such a finding is no concern where the row changes nothing."""


def trap_concerns(columns: TrapColumns, sensitivity: Sequence[Sensitivity]) -> Iterator[tuple[str, str]]:
    """Return the concerns of `verdict.certainty`: name and reason.

    Parameters
    ----------
    columns
        What the checks found.
    sensitivity
        The card's table of what would change the answer.
    """
    answered = {row.name for row in sensitivity if row.changes is False}
    for flag in columns.trap_flags:
        if flag.serious and flag.trap not in CAPPING and _TAKEN_AWAY.get(flag.trap) not in answered:
            yield "finding", f"{DOUBTS[flag.trap]} ({flag.name})."
    unknown = [flag.name for flag in columns.trap_flags if flag.trap == "replicates" and not flag.serious]
    if unknown:
        yield "replicates", unknown_units(unknown)

"""The lines of evidence of a study, in their order. A new one is a room beside the others and an entry here."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path

from sidemine.lines.bridge.entry import BRIDGE
from sidemine.lines.line import LineOfEvidence, LinesOnRecord
from sidemine.lines.published.entry import PUBLISHED
from sidemine.records import read_record

LINES: tuple[LineOfEvidence, ...] = (BRIDGE, PUBLISHED)


def read_lines(
    results: Path,
    jobs: Container[str],
    groups: Mapping[str, tuple[str, str]],
    questions: Mapping[str, str],
    names: Mapping[str, str],
) -> LinesOnRecord:
    """Read what the lines of a study have on record.

    Parameters
    ----------
    results
        Folder of the results of one study.
    jobs
        Rules of the study (`study.json`): a line that it no longer asks for may have left its file in the folder.
    groups, questions, names
        Words of the study; see `LinesOnRecord`.

    Returns
    -------
    LinesOnRecord
        Without the lines that the study does not ask for.

    Raises
    ------
    InputError
        When a file is not what its job writes, or is missing.
    """
    records = [
        read_record(line.record, results / line.record_file) for line in LINES if line.record and line.job.name in jobs
    ]
    return LinesOnRecord(records, groups, questions, names)

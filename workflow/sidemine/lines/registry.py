"""The lines of evidence of a study, in their order. A new one is a room beside the others and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sidemine.lines.bridge.entry import BRIDGE
from sidemine.lines.line import LineOfEvidence, LinesOnRecord
from sidemine.lines.published.entry import PUBLISHED
from sidemine.records import read_record

LINES: tuple[LineOfEvidence, ...] = (BRIDGE, PUBLISHED)


def read_lines(results: Path, groups: Mapping[str, tuple[str, str]], questions: Mapping[str, str]) -> LinesOnRecord:
    """Read what the lines of a study have on record.

    Parameters
    ----------
    results
        Folder of the results of one study.
    groups, questions
        Words of the study; see `LinesOnRecord`.

    Returns
    -------
    LinesOnRecord
        A line without a file in this folder was not part of the run.

    Raises
    ------
    InputError
        When a file is not what its job writes.
    """
    records = [
        read_record(line.record, path)
        for line in LINES
        if line.record and (path := results / line.record_file).is_file()
    ]
    return LinesOnRecord(records, groups, questions)

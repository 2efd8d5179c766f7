"""Are data sets that are declared to be two sources of evidence really two? Told before any work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from sidemine.errors import Problem, StudyError
from sidemine.study.draft import Draft
from sidemine.study.independence import source_of
from sidemine.study.paths import expand_path
from sidemine.study.rows import Dataset
from sidemine.study.sheets import SheetRow
from sidemine.text.file_digest import sha256_of

Key = TypeVar("Key")
Value = TypeVar("Value")
_Row = SheetRow[Dataset]


def check_sources(draft: Draft, *, check_files: bool = True) -> list[Problem]:
    """Refuse two sources of one accession or file without the reason for it, and cohorts whose units are no people.

    Parameters
    ----------
    draft
        The parts of the study that are right in themselves.
    check_files
        Whether local files are compared by their bytes too.
    """
    rows = draft.datasets.rows
    problems = _undeclared(
        _grouped((source_of("", row.model.accession), row) for row in rows), "accession {}", "accession"
    )
    written = _grouped((row.model.file.partition("://")[2] or row.model.file, row) for row in rows if row.model.file)
    problems += _undeclared(written, "file {}", "file")
    if check_files:
        problems += _undeclared(_same_bytes(rows, draft.config_path.parent), "the same bytes (SHA-256 {:.12}…)", "file")
    problems += [
        Problem(
            f"data set {row.model.dataset} gives a reason to be a source of its own, and no word for it",
            f"{row.where}, columns source and independent_because",
            "a word of its own in column source",
            "Fill in column source, or empty independent_because.",
        )
        for row in rows
        if row.model.independent_because and not row.model.source
    ]
    return problems + _no_people(draft)


def _same_bytes(rows: Iterable[_Row], folder: Path) -> dict[str, list[_Row]]:
    """Return rows whose local files have other names and the same content, by its SHA-256."""
    files = [(row, path) for row in rows if (path := _local(row.model.file, folder))]
    same_size = _grouped((path.stat().st_size, (row, path)) for row, path in files)
    return _grouped(
        (sha256_of(path), row)
        for size, found in same_size.items()
        if size and len({row.model.file for row, _ in found}) > 1
        for row, path in found
    )


def _undeclared(groups: Mapping[str, list[_Row]], what: str, column: str) -> list[Problem]:
    """Return a problem for every source of a group, the first one apart, that nobody has given a reason for."""
    problems = []
    for name, rows in groups.items():
        first = rows[0]
        reasoned = {row.model.independent_source for row in rows if row.model.source and row.model.independent_because}
        sources = {first.model.independent_source}
        for row in rows[1:]:
            source = row.model.independent_source
            if source in sources or source in reasoned:
                continue
            sources.add(source)
            problems.append(
                Problem(
                    f"data sets {first.model.dataset} and {row.model.dataset} are one source, and declared as two: both "
                    f"have {what.format(name)}",
                    f"{row.where}, column source, value {row.model.source!r}, and column {column}; first: {first.where}, "
                    f"value {first.model.source!r}",
                    "rows of one accession or file carry the same word in column source, or none; a source of its own "
                    "needs a word of its own and column independent_because",
                    "Write the same word in both rows. Only where people and cells are others: say why in independent_because.",
                )
            )
    return problems


def _no_people(draft: Draft) -> list[Problem]:
    """Refuse units of a dish where a hypothesis compares people."""
    datasets = {row.model.dataset: row for row in draft.datasets.rows}
    contrasts = {row.model.contrast: row.model.dataset for row in draft.contrasts.rows}
    names = dict.fromkeys(
        (hypothesis.id, contrasts[name])
        for hypothesis in draft.config.hypotheses
        if hypothesis.kind == "cohort"
        for name in hypothesis.primary.contrasts
        if name in contrasts
    )
    return [
        Problem(
            f"cohort hypothesis {hypothesis} rests on data set {name}, whose units are {datasets[name].model.replicates}",
            f"{datasets[name].where}, column replicates",
            "people, or unknown, for a hypothesis of kind cohort",
            "Correct the column, or make the hypothesis kind: experiment.",
        )
        for hypothesis, name in names
        if name in datasets and datasets[name].model.replicates in {"cultures", "wells"}
    ]


def _local(text: str, folder: Path) -> Path | None:
    """Return the local file of a cell; None for an address, a folder, or what is not there."""
    if not text or "://" in text:
        return None
    try:
        path = expand_path(text, folder)
    except StudyError:
        return None
    return path if path.is_file() else None


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    groups: dict[Key, list[Value]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups

"""Whether the local files of a study are there, and its addresses can be fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sidemine.errors import Problem, StudyError
from sidemine.lines.bridge.config import ComparatorSignatures
from sidemine.sources.forms import FOLDER_FORMS
from sidemine.sources.registry import LAYOUTS
from sidemine.study.draft import Draft
from sidemine.study.paths import expand_path
from sidemine.study.sheets import SheetRow


def check_local_files(draft: Draft) -> list[Problem]:
    """Return the problems of local files and folders that do not exist, and of addresses that cannot be fetched.

    What only an unverified row of `lines.tsv` names may be missing: the row is then *not available*, and the study goes on.
    """
    folder = draft.config_path.parent
    problems: list[Problem] = []
    may_be_folders = {
        f"{row.where}, column file" for row in draft.datasets.rows if LAYOUTS[row.model.layout].form in FOLDER_FORMS
    }
    for text, where in _file_keys(draft):
        is_there, kind = (Path.exists, "file or folder") if where in may_be_folders else (Path.is_file, "file")
        problems += _check_file(text, where, folder, is_there, kind)
    for text, where in _files_of_lines(draft, "unverified"):
        problems += _check_file(text, where, folder, _may_be_there, "file")
    if draft.config.mirror:
        problems += _check_file(draft.config.mirror, f"{draft.config_path}, key mirror", folder, Path.is_dir, "folder")
    return problems


_WINDOWS = "This is a path of Windows: put the file beside config.yaml, and write / for \\ (data/counts.tsv)."


def _may_be_there(path: Path) -> bool:
    return path.is_file() or not path.exists()


def _check_file(text: str, where: str, folder: Path, exists: Callable[[Path], bool], kind: str) -> list[Problem]:
    if text.lower().startswith("https://") and kind != "folder":
        return []
    if "://" in text:
        return [
            Problem(
                "this address cannot be fetched",
                f"{where}, value {text!r}",
                "an https:// address, or a path",
                "Write https:// instead of ftp://: GEO serves the same files at both."
                if text.startswith("ftp://")
                else "Write the https form of the address, or give the path of a file that you fetched yourself."
                if text.lower().startswith("http://")
                else f"Give a {'folder' if kind == 'folder' else 'path or an https:// address'}.",
            )
        ]
    try:
        path = expand_path(text, folder)
    except StudyError as error:
        return [
            Problem(problem.what, f"{where}, value {text!r}", problem.allowed, problem.next_step)
            for problem in error.problems
        ]
    if exists(path):
        return []
    what = f"a {kind} of the study does not exist"
    if path.exists():
        what = f"a {kind} of the study is a {'folder' if path.is_dir() else 'file'}"
    return [
        Problem(
            what,
            f"{where}, value {text!r}: {path}",
            f"a {kind}; relative paths count from {folder}",
            _WINDOWS if "\\" in text else "Correct the path, or put it there.",
        )
    ]


def _file_keys(draft: Draft) -> list[tuple[str, str]]:
    """Return every file key of the study with its place."""
    columns: list[tuple[Sequence[SheetRow[Any]], tuple[str, ...]]] = [
        (draft.datasets.rows, ("file", "metadata", "sample_sheet", "platform_map")),
        (draft.gene_sets.rows, ("source",)),
        (draft.published_tables.rows, ("file", "platform_map")),
    ]
    keys = [
        (value, f"{row.where}, column {column}")
        for rows, names in columns
        for row in rows
        for column in names
        if (value := getattr(row.model, column))
    ]
    for row in draft.published_tables.rows:
        keys += [
            (entry.partition("=")[2], f"{row.where}, column rival_platform_maps")
            for entry in row.model.rival_platform_maps
            if entry.partition("=")[2]
        ]
    keys += _files_of_lines(draft, "verified")
    if "gene_table" in draft.config.model_fields_set:
        keys.append((draft.config.gene_table.file, f"{draft.config_path}, key gene_table.file"))
    keys += [(one.file, f"{where}.file") for one, where in declared_signatures(draft)]
    if draft.config.planted:
        keys.append((draft.config.planted, f"{draft.config_path}, key planted"))
    return keys


def _files_of_lines(draft: Draft, status: str) -> list[tuple[str, str]]:
    """Return every file that rows of `lines.tsv` with this status name, with its place."""
    return [
        (text, f"{line.where}, column {column}")
        for line in draft.lines.rows
        if line.model.status == status
        for column, texts in (
            ("file", [line.model.file]),
            ("files", line.model.files.values()),
            ("universe", filter(None, [line.model.own_universe])),
        )
        for text in texts
    ]


def declared_signatures(draft: Draft) -> list[tuple[ComparatorSignatures, str]]:
    """Return the declared files of comparator signatures with their place."""
    return [
        (bridge.comparator_signatures, f"{draft.config_path}, bridge {bridge.id}, key comparator_signatures")
        for bridge in draft.config.concordance.bridges
        if bridge.comparator_signatures
    ]

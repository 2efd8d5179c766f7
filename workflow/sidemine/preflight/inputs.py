"""The inputs of a study before a run: what is here already, what would be fetched, what is not to be had."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sidemine.errors import Problem, SidemineError
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.folders import files_of_folder
from sidemine.retrieve.integrity import file_name_of
from sidemine.retrieve.lock import LockEntry, expected_entry, read_lock
from sidemine.sources.forms import FOLDER_FORMS

if TYPE_CHECKING:
    from sidemine.preflight.time_budget import TimeBudget
    from sidemine.retrieve.needed_files import Source
    from sidemine.study.load import Study

State = Literal["local file", "in the mirror", "downloaded", "to be fetched", "missing", "no answer"]


@dataclass(frozen=True)
class Input:
    """One input as it stands before a run.

    Attributes
    ----------
    source
        The input.
    state
        Where it is.
    url
        The address that would be used; '' for local files.
    path
        The file, where it is on this machine.
    size
        Bytes; None where the server does not tell.
    content_type
        Media type as the server names it.
    locked
        The lock knows it.
    problem
        What would stop a run.
    """

    source: Source
    state: State
    url: str = ""
    path: Path | None = None
    size: int | None = None
    content_type: str = ""
    locked: bool = False
    problem: Problem | None = None

    @property
    def may_be_missing(self) -> bool:
        """Whether it is not to be had and a run goes on without it: only unverified rows of `lines.tsv` name it."""
        is_there = self.path.exists() if self.path else self.state == "to be fetched"
        return self.source.may_be_missing and not self.locked and not is_there


def survey_inputs(study: Study, sources: Iterable[Source], budget: TimeBudget) -> list[Input]:
    """Return the state of every input, asking the servers side by side.

    Parameters
    ----------
    study
        The study.
    sources
        Its inputs.
    budget
        The time there is.
    """
    lock = read_lock(study.lock)
    limit = int(study.config.settings.max_download_gb * 1e9)
    return budget.map(lambda source: _look(study, source, lock, limit, budget), list(sources))


def _look(study: Study, source: Source, lock: Mapping[str, LockEntry], limit: int, budget: TimeBudget) -> Input:
    entry = expected_entry(lock, source)
    locked = entry is not None
    if source.local_path is not None:
        return _here(source, "local file", source.local_path, "", locked, limit)
    downloaded = study.downloads_dir / source.key
    if downloaded.is_file():
        return _here(source, "downloaded", downloaded, entry.url if entry else source.locations[0], locked, limit)
    if study.mirror is not None:
        for url in source.locations:
            if (path := study.mirror / mirror_key(url)).is_file():
                return _here(source, "in the mirror", path, url, locked, limit)
        places = ", ".join(str(study.mirror / mirror_key(url)) for url in source.locations)
        return Input(source, "missing", locked=locked, problem=_missing(source, f"the mirror has none of {places}"))
    return _ask(source, entry, limit, budget)


def _here(source: Source, state: State, path: Path, url: str, locked: bool, limit: int) -> Input:
    try:
        if path.is_dir() and source.form in FOLDER_FORMS:
            size, problem = sum(file.stat().st_size for file in files_of_folder(path)), None
        else:
            size = path.stat().st_size if path.is_file() else 0
            problem = None if path.is_file() else _missing(source, f"{path} is no file")
    except OSError as error:
        size, problem = 0, _missing(source, f"{path}: {error.strerror}")
    return Input(source, state, url, path, size, "", locked, problem or _too_large(source, str(path), size, limit))


def _ask(source: Source, entry: LockEntry | None, limit: int, budget: TimeBudget) -> Input:
    """Ask for each address of a source in the order of a run: the next one only when one does not exist."""
    first = entry.url if entry else source.locations[0]
    locked = entry is not None
    for url in sorted(source.locations, key=lambda address: address != first):
        try:
            answer = budget.probe(url)
        except SidemineError as error:
            return Input(source, "no answer", url, locked=locked, problem=error.problems[0].within(source.purpose))
        if answer.exists:
            problem = _web_page(source, url, answer.content_type) or _too_large(source, url, answer.size or 0, limit)
            if entry and not source.mutable and entry.url == url and answer.size not in {None, entry.size}:
                problem = problem or _changed(source, url, entry, answer.size or 0)
            return Input(source, "to be fetched", url, None, answer.size, answer.content_type, locked, problem)
    asked = "; ".join(f"{url}: not there" for url in source.locations)
    return Input(source, "missing", locked=locked, problem=_missing(source, asked))


def check_room(inputs: Iterable[Input], folder: Path) -> tuple[int, int, Problem | None]:
    """Return the bytes to be fetched, the bytes free on the disk of `folder`, and the problem when these are too few."""
    size = sum(item.size or 0 for item in inputs if item.state in {"to be fetched", "in the mirror", "local file"})
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(place).free
    if size <= free:
        return size, free, None
    problem = Problem(
        f"the inputs need {size:,} bytes and the disk has {free:,} free",
        f"folder {folder}",
        "room for all inputs, and for what is computed from them",
        "Make room, or name another folder: --config downloads=DIR.",
    )
    return size, free, problem


def _missing(source: Source, reason: str) -> Problem:
    return Problem(
        "an input is not to be had",
        f"{source.purpose}: {reason}",
        "a file at one of its addresses",
        "Look at the record for its present name and name that; or fetch it by hand and give its path (gene_table.file in config.yaml; "
        "file, metadata or platform_map in datasets.tsv; source in gene_sets.tsv), or save it in the mirror.",
    )


def _too_large(source: Source, where: str, size: int, limit: int) -> Problem | None:
    if size <= limit:
        return None
    return Problem(
        f"an input has {size:,} bytes",
        f"{source.purpose}: {where}",
        f"at most {limit:,} bytes (settings.max_download_gb)",
        "Raise settings.max_download_gb if the file is right.",
    )


def _web_page(source: Source, url: str, content_type: str) -> Problem | None:
    if "html" not in content_type.lower() or file_name_of(url).lower().endswith((".html", ".htm")):
        return None
    return Problem(
        "an address gives a web page in place of a file",
        f"{source.purpose}: {url} is {content_type}",
        "the file itself",
        "Open the address in a browser and name the address of the file that its page links to.",
    )


def _changed(source: Source, url: str, entry: LockEntry, size: int) -> Problem:
    return Problem(
        "an input is not the file that the lock records",
        f"{source.purpose}: {url} has {size:,} bytes now, the lock says {entry.size:,}",
        "the locked content, or a new record made on purpose",
        "Find out what changed; then give the run with --config relock=yes.",
    )

"""The local files that a run reads: told apart by their content, wherever they lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import RetrievalError
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.folders import files_of_folder
from sidemine.retrieve.record import InputRecord, record_path
from sidemine.sources.forms import FOLDER_FORMS
from sidemine.text.file_digest import sha256_of

if TYPE_CHECKING:
    from sidemine.retrieve.needed_files import Source

LARGE = 50_000_000
"""Size in bytes from which reading a file to tell it apart takes noticeable time."""
_N_BLOCKS, _BLOCK = 64, 65_536
"""Blocks that are read of larger files, from the first to the last, and their size in bytes. Behind a change, a compressed file
differs everywhere."""


def place_of(path: Path) -> str:
    """Return a path as seen from the working directory: moving a study with its results makes nothing run again."""
    return os.path.relpath(path)


def origin_of(source: Source, mirror: Path | None) -> list[str]:
    """Return the local files that an input may be copied from.

    Parameters
    ----------
    source
        The input.
    mirror
        Folder of copies by address; None for none.

    Returns
    -------
    list of str
        Its own path (of a folder also the files in it), or the mirror's copies of its addresses; nothing for an input
        that comes from the network, or that may be missing and is.
    """
    if source.local_path is not None:
        if source.may_be_missing and not source.local_path.exists():
            return []
        places = [source.local_path]
        if source.local_path.is_dir() and source.form in FOLDER_FORMS:
            # The folder itself too: a file that is taken away changes its date.
            places += files_of_folder(source.local_path)
        return [place_of(path) for path in places]
    if mirror is None:
        return []
    mirrored = [mirror / mirror_key(url) for url in source.locations]
    return [place_of(path) for path in mirrored if path.is_file()]


def describe_retrieval(specification: Mapping[str, object], source: Source, mirror: Path | None) -> dict[str, object]:
    """Return the specification of a retrieval, with what tells the local files apart that it copies.

    Snakemake runs a job again when a file is newer than its output. A file that takes another one's place by `mv`,
    `cp -p`, `rsync -t` or from an archive is often older. Of inputs from the network there is nothing to add.

    Parameters
    ----------
    specification
        What the input is.
    source, mirror
        As for `origin_of`.
    """
    files = [path for path in map(Path, origin_of(source, mirror)) if path.is_file()]
    return {**specification, "origin": [_identity_of(path) for path in files]} if files else dict(specification)


def forget_replaced(sources: Mapping[str, Source], mirror: Path | None, downloads: Path) -> None:
    """Delete the records of inputs that were copied from a local file with another content than it has now: they are copied again.

    Snakemake sees it by what it remembers in `.snakemake`, which may be lost, or by a newer date.

    Parameters
    ----------
    sources
        Inputs by key.
    mirror
        As for `origin_of`.
    downloads
        Where the copies and their records lie.
    """
    for key, source in sources.items():
        copy = downloads / key
        files = [Path(place) for place in origin_of(source, mirror)]
        if len(files) == 1 and files[0].is_file() and files[0].stat().st_size <= LARGE and record_path(copy).is_file():
            try:
                record = InputRecord.read(copy)
                replaced = not record.by_hand and record.sha256 != _identity_of(files[0])
            except RetrievalError:
                replaced = True
            if replaced:
                record_path(copy).unlink()


@cache
def _identity_of(path: Path) -> str:
    """Return the digest of a file; where reading it takes long, its size and date with the digest of blocks spread over it."""
    stat = path.stat()
    if stat.st_size <= LARGE:
        return sha256_of(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in range(_N_BLOCKS):
            file.seek(block * (stat.st_size - _BLOCK) // (_N_BLOCKS - 1))
            digest.update(file.read(_BLOCK))
    return f"{stat.st_size} {stat.st_mtime_ns} {digest.hexdigest()}"


def megabytes_of(files: Iterable[str]) -> float:
    """Return the size of files; of a group on a cluster some are not there yet when its memory is asked for."""
    return sum(path.stat().st_size for path in map(Path, files) if path.is_file()) / 1e6


def digests_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of files that lie beside the workflow, like its code, and are seen like code."""
    return {name: sha256_of(path) for name, path in files.items()}

"""Which files outside its own folder a study would read or write: a shared study folder is not trusted with those.

What a study names may end up on the page that its reader passes on, and where it writes it may overwrite.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sidemine.errors import Problem, SidemineError
from sidemine.study.paths import expand_path

SHEETS = ("datasets", "contrasts", "gene_sets", "published_tables", "lines", "considered")
_WRITTEN = ("results", "downloads")


def find_outside_keys(
    raw: Mapping[str, Any], config_path: Path, allowed: Sequence[Path], given: Collection[str] = ()
) -> list[Problem]:
    """Return the problems of the paths that config.yaml itself names, before any of them is opened.

    Parameters
    ----------
    raw
        Content of the file.
    config_path
        The file.
    allowed
        Folders that the user allows; the study's folder and the working directory are allowed anyway.
    given
        Keys that the command line replaces: what the user typed needs no leave.
    """
    folder = config_path.parent
    named = [(key, raw.get(key), Path(), "write") for key in _WRITTEN]
    named += [("lock", raw.get("lock"), folder, "write")]
    named += [(key, raw.get(key), folder, "read") for key in (*SHEETS, "mirror", "planted")]
    paths = [
        (_expand(text, base), f"{config_path}, key {key}, value {text!r}", verb)
        for key, text, base, verb in named
        if isinstance(text, str) and text.strip() and key not in given
    ]
    return outside_problems(paths, reach_of(folder, allowed))


def reach_of(folder: Path, allowed: Sequence[Path]) -> list[Path]:
    """Return the folders that a study may name files in.

    Parameters
    ----------
    folder
        The study's folder.
    allowed
        Folders that the user allows.
    """
    return [folder, Path(), *allowed]


def find_outside_inputs(folder: Path, sources: Iterable[Any], allowed: Sequence[Path]) -> list[Problem]:
    """Return the problems of the local inputs that the rows of a study name.

    Parameters
    ----------
    folder
        Of the study.
    sources
        Its inputs (`retrieve.sources.Source`).
    allowed
        As in `find_outside_keys`.
    """
    paths = [
        (source.local_path, f"{source.purpose}, value {source.locations[0]!r}", "read")
        for source in sources
        if source.local_path is not None
    ]
    return outside_problems(paths, reach_of(folder, allowed))


def _expand(text: str, folder: Path) -> Path:
    try:
        return expand_path(text.strip(), folder)
    except SidemineError:
        return folder  # a variable that is not set: told when the study is loaded


def outside_problems(paths: Iterable[tuple[Path, str, str]], roots: Sequence[Path]) -> list[Problem]:
    """Return the problems of paths that lie in none of these folders.

    Parameters
    ----------
    paths
        Each path, with its place in the study, and `read` or `write`.
    roots
        The folders.
    """
    real_roots = [root.expanduser().resolve() for root in roots]
    problems = []
    for path, where, verb in paths:
        real = path.resolve()  # links are followed: one may lead out of the folder
        if not any(real.is_relative_to(root) for root in real_roots):
            problems.append(
                Problem(
                    f"the study would {verb} outside its own folder",
                    f"{where}: {real}",
                    "paths in the study's folder or below the working directory",
                    f"If you know who made this study and why it names that place, add: --allow {real.parent}",
                )
            )
    return problems

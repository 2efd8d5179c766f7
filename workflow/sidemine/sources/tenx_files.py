"""Which files of 10x output belong to which sample: triplets and .h5 files, shared features, filtered before raw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.containers import iter_files, name_samples
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd


MAX_MEMBER_BYTES = 8 * 1024**3
MAX_MEMBERS = 50_000
PART = re.compile(r"(.*?)[_.-]?(barcodes\.tsv|features\.tsv|genes\.tsv|matrix\.mtx)(?:\.gz)?", re.DOTALL)
ROLE = {"barcodes.tsv": "barcodes", "features.tsv": "features", "genes.tsv": "features", "matrix.mtx": "matrix"}
_FORM = re.compile(
    r"(?<![A-Za-z0-9])(?:sample_)?(filtered|raw|unfiltered)(?:_(?:feature|gene)_bc_matri(?:x|ces)(?:_mex|_h5)?)?"
    r"(?![A-Za-z0-9])"
)
_SOLO_FEATURES = frozenset({"gene", "genefull", "genefull_ex50pas", "genefull_exonoverintron"})
_MAX_TOLD = 6


@dataclass
class Unit:
    """What may be one sample: a triplet or an .h5 file.

    `base` is its path without the folders and words that tools always write, so that the filtered and the raw matrix
    of one sample have one base.
    """

    base: tuple[str, ...]
    stem: str
    raw: bool
    members: dict[str, str] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[bool, bool]:
        """Which of several matrices of one sample is taken: the lowest."""
        return self.raw, "h5" in self.members

    @property
    def shown(self) -> str:
        """The file that is named in messages."""
        return self.members.get("h5") or self.members.get("matrix") or next(iter(self.members.values()))


def is_tenx_part(member: str) -> bool:
    """Tell whether a file within a container is a matrix of 10x output, by its name."""
    name = PurePosixPath(member).name
    match = PART.fullmatch(name)
    return name.endswith("_bc_matrix.h5") or (match is not None and match[2] == "matrix.mtx")


def describe_tenx(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the samples of a container of 10x output by its files' names (index `sample`, column `title`), and notes."""
    import pandas as pd

    planned, notes = plan_samples(path)
    index = pd.Index([sample for sample, _, _ in planned], name="sample", dtype=object)
    return pd.DataFrame({"title": [title for _, title, _ in planned]}, index=index, dtype=object), notes


def plan_samples(path: Path) -> tuple[list[tuple[str, str, Unit]], list[str]]:
    """Find the samples of a container by the names of its files."""
    units: dict[tuple[object, ...], Unit] = {}
    loose: dict[PurePosixPath, list[str]] = {}
    others = []
    for name, _ in iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS):
        member = PurePosixPath(name)
        if match := PART.fullmatch(member.name):
            unit = units.setdefault((member.parent, match[1]), _unit(member.parent.parts, match[1]))
            unit.members[ROLE[match[2]]] = name
        elif member.suffix.lower() == ".h5" and not member.stem.lower().endswith("molecule_info"):
            units[(name,)] = _unit(member.parent.parts, member.stem)
            units[(name,)].members["h5"] = name
        else:
            others.append(name)
    for key, unit in list(units.items()):
        if set(unit.members) == {"features"}:
            loose.setdefault(PurePosixPath(unit.members["features"]).parent, []).append(unit.members["features"])
            del units[key]
    notes = _share_features(list(units.values()), loose)
    if others:
        notes.append(f"files that are no part of 10x output: {first_of(others, _MAX_TOLD)}")
    chosen = _choose(list(units.values()), path, notes)
    _check_complete(chosen, path)
    if not chosen:
        return [], notes
    files = name_samples(
        ["/".join([*unit.base, unit.stem or "-"]) for unit in chosen], [unit.stem for unit in chosen], "cells"
    )
    return [(file.sample, file.title, unit) for file, unit in zip(files, chosen, strict=True)], notes


def _unit(folders: Sequence[str], stem: str) -> Unit:
    forms = [match[1] for folder in folders if (match := _FORM.fullmatch(folder))] + _FORM.findall(stem)
    base = tuple(part for part in folders if not _FORM.fullmatch(part) and part.lower() not in _SOLO_FEATURES)
    bare = re.sub(r"[_.-]{2,}", "_", _FORM.sub("", stem)) if _FORM.search(stem) else stem
    return Unit(base, bare.strip("_.-"), bool(forms) and forms[-1] != "filtered")


def _share_features(units: list[Unit], loose: dict[PurePosixPath, list[str]]) -> list[str]:
    """Give a features file that belongs to no matrix to the matrices in its folder, and below, that have none."""
    notes = []
    for unit in units:
        if "matrix" in unit.members and "features" not in unit.members:
            folders = PurePosixPath(unit.members["matrix"]).parents
            shared = next((loose[folder] for folder in folders if folder in loose), [])
            if len(shared) == 1:
                unit.members["features"] = shared[0]
    for name in (name for names in loose.values() for name in names):
        users = sum(unit.members.get("features") == name for unit in units)
        notes.append(f"{name} is the features file of {users} samples" if users else f"{name} belongs to no matrix")
    return notes


def _choose(units: list[Unit], path: Path, notes: list[str]) -> list[Unit]:
    """Take one form of each sample: filtered before raw, triplet before .h5; what is passed over is told."""
    samples: dict[tuple[object, ...], list[Unit]] = {}
    for unit in units:
        samples.setdefault((unit.base, unit.stem), []).append(unit)
    chosen = []
    for forms in samples.values():
        best = min(forms, key=lambda unit: unit.rank)
        equal = [unit for unit in forms if unit.rank == best.rank]
        if len(equal) > 1:
            raise InputError(
                Problem(
                    "two matrices belong to one sample",
                    f"{path}: {' and '.join(unit.shown for unit in equal[:4])}",
                    "one matrix per sample",
                    "Make a folder or archive with the one that is wanted, and name that one in datasets.tsv.",
                )
            )
        notes += [f"{unit.shown} was passed over: {best.shown} was taken" for unit in forms if unit is not best]
        chosen.append(best)
    raw = [unit.shown for unit in chosen if unit.raw]
    if raw and len(raw) < len(chosen):
        notes.append(f"only these samples come as raw matrices, empty drops included: {', '.join(raw[:6])}")
    return chosen


def _check_complete(units: list[Unit], path: Path) -> None:
    for unit in units:
        if "h5" not in unit.members and len(unit.members) < 3:
            name = "/".join([*unit.base, unit.stem] if unit.stem else unit.base) or "the triplet"
            raise InputError(no_triplet(path, f"{name} has only {', '.join(sorted(unit.members))}"))


def no_triplet(path: Path, content: str) -> Problem:
    """Return the problem of a place without complete 10x output."""
    return Problem(
        "no 10x data can be read here",
        f"{path}: {content}",
        "barcodes.tsv, features.tsv (or genes.tsv) and matrix.mtx per sample, with or without .gz, or a 10x .h5 file "
        "per sample, in a folder, tar or zip; or one 10x .h5 file",
        "Check file and layout in datasets.tsv; retrieve the file again if it is incomplete.",
    )

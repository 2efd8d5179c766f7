"""Which members of a folder or archive are the files of samples, one each, and what their names say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.containers import SampleFile, is_container, iter_files, name_samples
from sidemine.sources.quantifiers import (
    QUANTIFIERS,
    quantifier_of,
)

if TYPE_CHECKING:
    import pandas as pd
_MAX_TOLD = 6


MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 100_000
_TEXT_ENDINGS = (".txt", ".tsv", ".tab", ".csv", ".count", ".counts", ".htseq", ".out")
_NO_COUNTS = (".summary", "sj.out.tab", "log.out", "log.final.out", "log.progress.out", "flendist.txt", "filelist.txt",
              "readme.txt", "manifest.txt")  # fmt: skip
_GSM = re.compile(r"GSM\d+")


def is_count_file(member: str) -> bool:
    """Tell whether a member's name is that of a text table."""
    name = PurePosixPath(member).name.lower().removesuffix(".gz")
    return not name.startswith(".") and name.endswith(_TEXT_ENDINGS) and not name.endswith(_NO_COUNTS)


def list_archive_samples(path: Path) -> list[SampleFile]:
    """Return the samples of a folder or archive by its members' names, in its order.

    Where a tool's own files are there (quant.sf, ReadsPerGene.out.tab …), they are taken; otherwise all text tables.

    Raises
    ------
    InputError
        When it holds no text table, files of two tools, or two files of one sample.
    """
    return choose_members(member_names(path), path)[0]


def member_names(path: Path) -> list[str]:
    """Return the names of all files in a folder or archive; of a single file its own."""
    if not is_container(path) and path.is_file():
        return [path.name]
    return [name for name, _ in iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS)]


def choose_members(names: Sequence[str], path: Path) -> tuple[list[SampleFile], list[str]]:
    """Return the samples, and the names of the other members.

    Raises
    ------
    InputError
        When the files of several tools are there, none holds counts, or two stand for one sample.
    """
    by_tool: dict[str, list[str]] = {}
    stems: dict[str, str] = {}
    for name in names:
        plain = PurePosixPath(name).name.removesuffix(".gz")
        if quantifier := quantifier_of(plain):
            by_tool.setdefault(quantifier[0].name, []).append(name)
            stems[name] = quantifier[1]
    for tool in QUANTIFIERS:
        if tool.name in by_tool and tool.instead_of:
            by_tool.pop(tool.instead_of, None)
    if len(by_tool) > 1:
        raise InputError(
            Problem(
                "the files of several tools are there",
                f"{path}: " + "; ".join(f"{tool}: {members[0]}" for tool, members in by_tool.items()),
                "the files of one tool, one per sample",
                "Make a folder or archive of the files that are wanted, and name that one in datasets.tsv.",
            )
        )
    chosen = next(iter(by_tool.values()), [name for name in names if is_count_file(name)])
    if not chosen:
        raise InputError(
            Problem(
                "the archive holds no count files",
                f"{path}: {', '.join(names[:_MAX_TOLD]) or 'it is empty'}",
                f"one text file per sample, ending in {', '.join(_TEXT_ENDINGS)} (or these with .gz), or files of "
                f"{', '.join(tool.name for tool in QUANTIFIERS)} under the names that these give them",
                "Use the series matrix, or another supplementary file of the series.",
            )
        )
    try:
        samples = name_samples(chosen, [stems.get(name, _stem(name)) for name in chosen], _stem(path.name))
    except InputError as error:
        raise InputError(problem.within(str(path)) for problem in error.problems) from error
    others = [name for name in names if name not in set(chosen)]
    _refuse_left_samples([name for name in others if is_count_file(name)], samples, path)
    return samples, others


def _refuse_left_samples(others: Sequence[str], samples: Sequence[SampleFile], path: Path) -> None:
    """Raise when a text table beside the chosen files bears the accession of a sample that has none of them."""
    taken = {sample.sample for sample in samples}
    named = {match[0]: name for name in others if (match := _GSM.search(name))}
    left = {accession: name for accession, name in named.items() if accession not in taken}
    if left and any(map(_GSM.fullmatch, taken)):
        raise InputError(
            Problem(
                f"{len(left)} samples have a file of another kind than the others",
                f"{path}: {', '.join(list(left.values())[:_MAX_TOLD])}; the others are like {samples[0].member}",
                "the files of one tool, one per sample",
                "Make a folder or archive of the files that are wanted, and name that one in datasets.tsv.",
            )
        )


def _stem(member: str) -> str:
    name = PurePosixPath(member).name.removesuffix(".gz")
    for ending in _TEXT_ENDINGS:
        name = name.removesuffix(ending)
    return name


def archive_metadata(members: list[SampleFile]) -> pd.DataFrame:
    """Return what the names of the members say of the samples: index `sample`, columns `title` and `file_name`."""
    import pandas as pd

    return pd.DataFrame(
        {
            "title": [member.title for member in members],
            "file_name": [PurePosixPath(member.member).name for member in members],
        },
        index=pd.Index([member.sample for member in members], name="sample", dtype=object),
        dtype=object,
    )

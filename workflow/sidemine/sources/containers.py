"""The files within a folder, tar or zip, also archives within archives, and how their paths name samples."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from sidemine.errors import InputError, Problem
from sidemine.text.archive import (
    GZIP_MAGIC,
    is_tar,
    is_zip,
    iter_tar_members,
    iter_zip_members,
    open_data,
    open_gunzipped,
)

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 16 * 2**30
MAX_DEPTH = 3
"""Archives within archives within an archive: deeper ones are no deposit."""

SPREADSHEET_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".ods", ".xls")
_ARCHIVE_ENDINGS = (".tar", ".tgz", ".zip")
_ZIP_MAGIC = b"PK\x03\x04"
_MAX_GZIP_LAYERS = 3
_TAR_BLOCK = 512
_ACCESSION = re.compile(r"(GSM\d+)(?:[_.-]+(.*)|)", re.DOTALL)

# Folders that tools always write under these names: they tell nothing about a sample.
# fmt: off
TOOL_FOLDERS = frozenset({
    "outs", "filtered_feature_bc_matrix", "raw_feature_bc_matrix", "sample_filtered_feature_bc_matrix",
    "sample_raw_feature_bc_matrix", "filtered_gene_bc_matrices", "raw_gene_bc_matrices",
    "filtered_gene_bc_matrices_mex", "count", "counts", "gex", "gene", "genefull", "solo.out", "filtered", "raw",
    "grch37", "grch38", "hg19", "hg38", "mm10",
})
# fmt: on


@dataclass(frozen=True)
class SampleFile:
    """The file, or folder of files, of one sample.

    Attributes
    ----------
    sample
        Accession, or the part of the path that tells it from the others.
    title
        The rest of the name behind the accession; the sample's name where there is none.
    member
        Path within the container.
    """

    sample: str
    title: str
    member: str


def is_container(path: Path) -> bool:
    """Tell whether a path is a folder, tar (plain or compressed) or zip that is no spreadsheet."""
    if path.is_dir():
        return True
    return path.is_file() and (is_tar(path) or (is_zip(path) and not path.name.lower().endswith(SPREADSHEET_ENDINGS)))


def iter_files(
    path: Path,
    *,
    max_member_bytes: int = MAX_MEMBER_BYTES,
    max_members: int = MAX_MEMBERS,
    notes: list[str] | None = None,
) -> Iterator[tuple[str, BinaryIO]]:
    """Yield all files of a container, those of archives within it too, each with a stream of its content.

    Parameters
    ----------
    path
        A folder (with its sub-folders), a tar or a zip; hidden files in it are left out.
    max_member_bytes
        Most bytes that one file may have after unpacking.
    max_members
        Most files.
    notes
        Is told which files are gzip within gzip.

    Yields
    ------
    tuple of str and binary stream
        Path within the container (of a file in an inner archive: the archive's path and the file's), and the content,
        unpacked where it is gzip, also twice. The stream is good until the next file is asked for.

    Raises
    ------
    InputError
        See `text.archive.iter_tar_members`; also when the path is no container, or archives are nested too deep.
    """
    limits = _Limits(str(path), max_member_bytes, max_members, [] if notes is None else notes)
    for count, (name, stream) in enumerate(_outer_files(path, limits), start=1):
        if count > max_members:
            raise InputError(
                Problem(
                    f"there are more than {max_members:,} files",
                    str(path),
                    f"at most {max_members:,} files",
                    "Make a folder or archive of the files that are needed.",
                )
            )
        yield name, stream


@dataclass(frozen=True)
class _Limits:
    """The container by name, what it may hold, and what was odd about it."""

    where: str
    max_bytes: int
    max_members: int
    notes: list[str]


def _outer_files(path: Path, limits: _Limits) -> Iterator[tuple[str, BinaryIO]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                with open_data(file, limits.max_bytes) as stream:
                    yield from _unnested(file.relative_to(path).as_posix(), stream, limits, 1)
    elif path.is_file() and (is_tar(path) or is_zip(path)):
        members = iter_tar_members if is_tar(path) else iter_zip_members
        for member, stream in members(path, max_member_bytes=limits.max_bytes, max_members=limits.max_members):
            yield from _unnested(member, stream, limits, 1)
    else:
        raise InputError(
            Problem(
                "the path is no folder, tar or zip",
                f"{path}{'' if path.exists() else ', which does not exist'}",
                "a folder, a tar (also compressed) or a zip",
                "Check file and layout in datasets.tsv; sidemine inspect tells what a file is.",
            )
        )


def _unnested(name: str, stream: BinaryIO, limits: _Limits, depth: int) -> Iterator[tuple[str, BinaryIO]]:
    """Yield a file, or, where it is an archive itself, the files within; hidden files are no part of a deposit."""
    if any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts):
        return
    where = f"{limits.where}, member {name!r}"
    for layer in range(_MAX_GZIP_LAYERS - 1):
        if _peek(stream)[:2] != GZIP_MAGIC:
            break
        stream = open_gunzipped(stream, limits.max_bytes, where)
        if layer == 0:
            limits.notes.append(f"{name}: gzip within gzip was unpacked")
    head = _peek(stream)
    nested_tar = head[257:262] == b"ustar"
    if not nested_tar and (not head.startswith(_ZIP_MAGIC) or name.lower().endswith(SPREADSHEET_ENDINGS)):
        yield name, stream
        return
    if depth >= MAX_DEPTH:
        raise InputError(
            Problem(
                "archives are nested too deep",
                where,
                f"at most {MAX_DEPTH} archives within each other",
                "Unpack the archive by hand, look at it, and pack its files again.",
            )
        )
    with tempfile.TemporaryFile() as spooled:
        shutil.copyfileobj(stream, spooled, 2**20)
        spooled.seek(0)
        members = iter_tar_members if nested_tar else iter_zip_members
        inner = members(
            cast("IO[bytes]", spooled),
            max_member_bytes=limits.max_bytes,
            max_members=limits.max_members,
            where=where,
        )
        for member, content in inner:
            yield from _unnested(f"{name}/{member}", content, limits, depth + 1)


def _peek(stream: BinaryIO) -> bytes:
    peek = cast("Callable[[int], bytes]", stream.peek)  # type: ignore[attr-defined]
    return peek(_TAR_BLOCK)[:_TAR_BLOCK]


@contextmanager
def spooled_to_file(stream: IO[bytes], suffix: str) -> Iterator[Path]:
    """Keep a stream in a temporary file, for readers that need a path."""
    with tempfile.TemporaryDirectory(prefix="sidemine_") as folder:
        path = Path(folder) / f"member{suffix}"
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, 2**20)
        yield path


# ------------------------------------------------------------------------------------------------- names of samples


def name_samples(members: Sequence[str], stems: Sequence[str], fallback: str) -> list[SampleFile]:
    """Name the samples of a container by the paths of their files.

    A GEO accession in a path names its sample. Otherwise the names of the files do, where they differ; otherwise the
    part of the path that differs.

    Parameters
    ----------
    members
        Path of each sample's file (or folder) within the container.
    stems
        What each file's own name says, without the endings that tools give; '' where it says nothing.
    fallback
        Name of a single sample whose path says nothing.

    Raises
    ------
    InputError
        When two of them would have one name.

    Examples
    --------
    >>> [file.sample for file in name_samples(["S1/outs/m.h5", "S2/outs/m.h5"], ["m", "m"], "x")]
    ['S1', 'S2']
    >>> name_samples(["RAW/GSM1_ctrl.tar.gz/matrix"], [""], "x")[0]
    SampleFile(sample='GSM1', title='ctrl', member='RAW/GSM1_ctrl.tar.gz/matrix')
    """
    by_accession = [_accession_of(member, stem) for member, stem in zip(members, stems, strict=True)]
    by_path = _different_parts(members, stems, fallback)
    named = [accession or (name, name) for accession, name in zip(by_accession, by_path, strict=True)]
    files = [SampleFile(sample, title, member) for (sample, title), member in zip(named, members, strict=True)]
    seen: dict[str, str] = {}
    for file in files:
        if file.sample in seen:
            raise InputError(
                Problem(
                    f"two files belong to sample {file.sample}",
                    f"{seen[file.sample]} and {file.member}",
                    "one file, or set of files, per sample",
                    "Make an archive or folder with the file that is wanted, and name that one in datasets.tsv.",
                )
            )
        seen[file.sample] = file.member
    return files


def _accession_of(member: str, stem: str) -> tuple[str, str] | None:
    *folders, _ = PurePosixPath(member).parts or ("",)
    for part in [*(without_archive_ending(folder) for folder in folders), stem]:
        if match := _ACCESSION.fullmatch(part):
            return match[1], match[2] or ""
    return None


def without_archive_ending(name: str) -> str:
    """Return the name of an archive without `.tar.gz` and the like.

    >>> without_archive_ending("GSM1_A.tar.gz"), without_archive_ending("S1.5")
    ('GSM1_A', 'S1.5')
    """
    bare = name.removesuffix(".gz")
    return next((bare.removesuffix(ending) for ending in _ARCHIVE_ENDINGS if bare.endswith(ending)), name)


def _different_parts(members: Sequence[str], stems: Sequence[str], fallback: str) -> list[str]:
    if all(stems) and len(set(stems)) == len(stems):
        return list(stems)
    paths = [
        tuple(filter(None, [*map(without_archive_ending, PurePosixPath(member).parts[:-1]), stem]))
        for member, stem in zip(members, stems, strict=True)
    ]
    if len(paths) == 1:
        telling = [part for part in paths[0] if part.lower() not in TOOL_FOLDERS]
        return [telling[-1] if telling else fallback]
    shortest = min(map(len, paths))
    first = len(list(takewhile(lambda place: len({path[place] for path in paths}) == 1, range(shortest))))
    last = len(list(takewhile(lambda place: len({path[-1 - place] for path in paths}) == 1, range(shortest - first))))
    parts = [path[first : len(path) - last] for path in paths]
    return ["_".join(part) or "_".join(path) for part, path in zip(parts, paths, strict=True)]

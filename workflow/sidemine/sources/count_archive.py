"""Read archives that hold one count file per sample, as GEO's `_RAW.tar` does."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import decode
from sidemine.retrieve.archive import iter_tar_members
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.value_matrix import ValueMatrix

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 20_000

_TEXT_ENDINGS = (".txt", ".tsv", ".tab", ".csv", ".count", ".counts", ".htseq", ".out")
_ACCESSION = re.compile(r"(GSM\d+)[_.-]*(.*)")
_COUNTERS = ("__", "N_")
_FEATURE_COUNTS_COLUMNS = 7
_MIN_SHARED = 0.5


@dataclass(frozen=True)
class ArchiveMember:
    """One sample of an archive: its accession (or name), the rest of the file name, and the member's name."""

    sample: str
    title: str
    member: str


@dataclass
class _CountFile:
    """One file: genes in its order (the same list object as the file before it, where they are equal), and counts."""

    genes: list[str]
    values: NDArray[np.float64]
    counters: list[tuple[str, str]]


def parse_member_name(member: str) -> ArchiveMember:
    """Split a member's name into sample accession and title.

    >>> parse_member_name("GSM4912446_SAEC_Control_rep1.txt.gz")
    ArchiveMember(sample='GSM4912446', title='SAEC_Control_rep1', member='GSM4912446_SAEC_Control_rep1.txt.gz')
    >>> parse_member_name("counts/donor1.tsv").sample
    'donor1'
    """
    stem = _stem(member)
    match = _ACCESSION.fullmatch(stem)
    if match:
        return ArchiveMember(match[1], match[2], member)
    return ArchiveMember(stem, stem, member)


def _stem(member: str) -> str:
    name = PurePosixPath(member).name.removesuffix(".gz")
    for ending in _TEXT_ENDINGS:
        name = name.removesuffix(ending)
    return name


def is_count_file(member: str) -> bool:
    """Tell whether a member's name is that of a text table."""
    path = PurePosixPath(member)
    return not path.name.startswith(".") and path.name.lower().removesuffix(".gz").endswith(_TEXT_ENDINGS)


def list_archive_samples(path: Path) -> list[ArchiveMember]:
    """Return the samples of an archive by its members' names, in archive order.

    Raises
    ------
    InputError
        When it holds no text table, or two members belong to one sample.
    """
    names = [name for name, _ in iter_tar_members(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS)]
    members = [parse_member_name(name) for name in names if is_count_file(name)]
    if not members:
        raise InputError(
            Problem(
                "the archive holds no count files",
                f"{path}: {', '.join(names[:6]) or 'it is empty'}",
                f"one text file per sample, ending in {', '.join(_TEXT_ENDINGS)} (or these with .gz)",
                "Use the series matrix, or another supplementary file of the series.",
            )
        )
    seen: dict[str, str] = {}
    for member in members:
        if member.sample in seen:
            raise InputError(
                Problem(
                    f"two files of the archive belong to sample {member.sample}",
                    f"{path}: {seen[member.sample]} and {member.member}",
                    "one file per sample",
                    "Pack an archive with the file that is wanted, and name that one in datasets.tsv.",
                )
            )
        seen[member.sample] = member.member
    return members


def read_count_archive(path: Path) -> ValueMatrix:
    """Read one count file per sample: HTSeq (two columns) or featureCounts, plain or gzip.

    HTSeq's `__` rows (and STAR's `N_` rows) are no genes: they are left out and told. Genes that are absent from some
    of the files are left out with that reason, because an absent gene is not a gene without reads.

    Returns
    -------
    ValueMatrix
        float64, genes × samples; genes in the order of the first file. Columns are accessions where the file names
        begin with one.

    Raises
    ------
    InputError
        When a cell is no number, a gene repeats in a file, or the files share too few genes.
    """
    import numpy as np

    members = list_archive_samples(path)
    by_member = {member.member: member for member in members}
    files: dict[str, _CountFile] = {}
    ignored = []
    known: list[str] = []
    for name, stream in iter_tar_members(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS):
        if name in by_member:
            file = _read_counts(stream.read(), f"{path.name}/{name}", known)
            files[by_member[name].sample] = file
            known = file.genes
        else:
            ignored.append(name)
    samples = [member.sample for member in members]
    shared, partial = _shared_genes(files, path)
    values = np.empty((len(shared), len(samples)))
    for column, sample in enumerate(samples):
        file = files[sample]
        if file.genes == shared:
            values[:, column] = file.values
        else:
            place = {gene: row for row, gene in enumerate(file.genes)}
            values[:, column] = file.values[[place[gene] for gene in shared]]
    counters = {name: reason for sample in samples for name, reason in files[sample].counters}
    notes = [f"{len(counters)} counter rows are no genes: {', '.join(sorted(counters))}"] if counters else []
    if ignored:
        notes.append(f"members that are no count files: {', '.join(ignored[:6])}")
    logger.info("%s: %d genes × %d samples", path.name, len(shared), len(samples))
    return ValueMatrix(
        shared,
        samples,
        values,
        left_out=[*sorted(counters.items()), *partial],
        notes=notes,
        simulated=any(SIMULATION_MARKER in name for name in counters),
    )


def _read_counts(data: bytes, where: str, known: list[str]) -> _CountFile:
    import numpy as np

    rows = [line for line in decode(data)[0].splitlines() if line.strip() and not line.startswith("#")]
    value_column = _value_column(rows, where)
    counts: dict[str, float] = {}
    counters: list[tuple[str, str]] = []
    problems = []
    for number, line in enumerate(rows, start=1):
        cells = line.split("\t") if "\t" in line else re.split(r",| +", line.strip())
        name, cell = cells[0].strip('"'), cells[value_column].strip('"') if len(cells) > value_column else ""
        if name.startswith(_COUNTERS):
            counters.append((name, f"counter row, for example {cell} reads; no gene"))
            continue
        try:
            value = float(cell)
        except ValueError:
            if number > 1:  # the first may be a header
                problems.append(_bad_count(where, number, name, cell))
            continue
        if name in counts:
            problems.append(_repeated_gene(where, number, name))
        counts[name] = value
    if problems:
        raise InputError(problems[:5])
    if not counts:
        raise InputError(Problem("a count file holds no genes", where, "two columns: gene, count", "Mend the archive."))
    genes = list(counts)
    return _CountFile(known if genes == known else genes, np.array(list(counts.values())), counters)


def _value_column(rows: list[str], where: str) -> int:
    """Return the column of the counts: the second, or featureCounts' seventh."""
    width = len(re.split(r"\t|,", rows[0])) if rows else 0
    if rows and rows[0].startswith("Geneid") and width == _FEATURE_COUNTS_COLUMNS:
        return _FEATURE_COUNTS_COLUMNS - 1
    if width > 2:
        raise InputError(
            Problem(
                f"a count file has {width} columns, so it is not clear which one holds the counts",
                f"{where}: {rows[0][:120]!r}",
                "two columns (gene, count) as HTSeq writes them, or featureCounts' seven with their header",
                "Cut the column that is wanted into files of two columns, or use another file of the series.",
            )
        )
    return 1


def _bad_count(where: str, number: int, name: str, cell: str) -> Problem:
    return Problem(
        "a count is not a number",
        f"{where}: row {number} ({name}), column 2, value {cell!r}",
        "a number",
        "Mend the file, or use another file of the series.",
    )


def _repeated_gene(where: str, number: int, name: str) -> Problem:
    return Problem(
        "a gene stands twice in a count file",
        f"{where}: row {number}, value {name!r}",
        "each gene once per sample",
        "Find out which row is meant; the file does not say.",
    )


def _shared_genes(files: dict[str, _CountFile], path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the genes of all files, and (gene, reason) of the others."""
    lists = [file.genes for file in files.values()]
    if all(genes is lists[0] for genes in lists):
        return lists[0], []
    n_files = Counter(gene for genes in lists for gene in genes)
    shared = [gene for gene, n in n_files.items() if n == len(lists)]
    partial = [(g, f"absent from {len(lists) - n} of {len(lists)} files") for g, n in n_files.items() if n < len(lists)]
    if len(shared) < _MIN_SHARED * len(n_files):
        common = set(shared)
        odd = min(files, key=lambda sample: len(common.intersection(files[sample].genes)) / len(files[sample].genes))
        raise InputError(
            Problem(
                f"the files of the archive share only {len(shared)} of {len(n_files)} genes",
                f"{path}: for example sample {odd} holds {', '.join(files[odd].genes[:4])}",
                f"at least {_MIN_SHARED:.0%} of the genes in every file",
                "The files come from different references: split the archive into datasets of one reference each.",
            )
        )
    return shared, partial


def archive_metadata(members: list[ArchiveMember]) -> pd.DataFrame:
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

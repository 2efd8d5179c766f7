"""Read one file per sample: HTSeq, featureCounts, STAR, RSEM, salmon, kallisto, in a folder, tar or zip."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.containers import SampleFile, is_container, iter_files, name_samples
from sidemine.sources.declarations import NOTHING_DECLARED, DeclaredValues
from sidemine.sources.gene_column import (
    counts_rows,
    find_gene_column,
    refuse_hidden_counter,
)
from sidemine.sources.quantifiers import (
    QUANTIFIERS,
    STRANDS,
    SampleColumn,
    are_transcripts,
    find_column,
    is_counter,
    quantifier_of,
)
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.text.delimited import read_delimited
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_MEMBERS = 100_000

_TEXT_ENDINGS = (".txt", ".tsv", ".tab", ".csv", ".count", ".counts", ".htseq", ".out")
_NO_COUNTS = (".summary", "sj.out.tab", "log.out", "log.final.out", "log.progress.out", "flendist.txt", "filelist.txt",
              "readme.txt", "manifest.txt")  # fmt: skip
_GSM = re.compile(r"GSM\d+")
_MIN_SHARED = 0.5
_MAX_TOLD = 6
_ONE_SIDED = 0.9
"""From this share of stranded reads on, a library is called stranded."""
_WRONG_SIDED = 0.25
"""A declared strand with less than this share of the reads is contradicted."""


@dataclass
class _CountFile:
    """One file: row names in its order (the same list object as the file before it, where they are equal), and values."""

    genes: list[str]
    values: NDArray[np.float64]
    counters: list[tuple[str, str]]
    column: SampleColumn
    strand_totals: tuple[float, ...]
    column_name: str


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
    return _choose_members(_member_names(path), path)[0]


def _member_names(path: Path) -> list[str]:
    if not is_container(path) and path.is_file():
        return [path.name]
    return [name for name, _ in iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS)]


def _choose_members(names: Sequence[str], path: Path) -> tuple[list[SampleFile], list[str]]:
    """Return the samples, and the names of the other members."""
    by_tool: dict[str, list[str]] = {}
    stems: dict[str, str] = {}
    for name in names:
        plain = PurePosixPath(name).name.removesuffix(".gz")
        if found := quantifier_of(plain):
            by_tool.setdefault(found[0].name, []).append(name)
            stems[name] = found[1]
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


def read_count_archive(
    path: Path, *, scale: str = "counts", strand: str = "no", declared: DeclaredValues = NOTHING_DECLARED
) -> ValueMatrix:
    """Read one file of values per sample.

    Rows of counters (HTSeq's `__`, STAR's `N_`) are no genes: they are left out and told. Genes that are absent from
    some of the files are left out with that reason, because an absent gene is not a gene without reads.

    Parameters
    ----------
    path
        Folder, tar or zip, or a single file.
    scale
        Scale that is declared: it chooses between counts, TPM and FPKM where a tool writes all of them.
    strand
        Which reads of STAR count: `no` (both strands), `forward`, `reverse`.
    declared
        What datasets.tsv says of the columns. Where the identifiers are probes, rows may be transcripts, which a probe
        map turns into genes.

    Returns
    -------
    ValueMatrix
        float64, genes × samples; genes in the order of the first file. Columns are accessions where the paths have
        one.

    Raises
    ------
    InputError
        When a cell is no number, no column clearly names the genes, the files share too few genes, a strand is declared
        that the files do not have or that they contradict, or rows are transcripts and may not be.
    """
    import numpy as np

    members, ignored = _choose_members(_member_names(path), path)
    by_member = {member.member: member for member in members}
    files: dict[str, _CountFile] = {}
    notes: list[str] = []
    layers: list[str] = []
    known: list[str] = []
    if is_container(path):
        streams = iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS, notes=layers)
        for name, stream in streams:
            if name in by_member:
                table = _read_table(stream, f"{path.name}/{name}")
                file = _read_counts(table, scale, strand, declared, known)
                files[by_member[name].sample] = file
                known = file.genes
                notes += table.notes
    else:
        table = _read_table(path, str(path))
        files[members[0].sample] = _read_counts(table, scale, strand, declared, known)
        notes += table.notes
    notes += [note for note in layers if note.partition(":")[0] in by_member]
    samples = [member.sample for member in members]
    if declared.identifiers != "probe":
        _refuse_transcripts(files, members, path)
    shared, partial = _shared_genes(files, path)
    _check_order(files, shared, path)
    values = np.empty((len(shared), len(samples)))
    for column, sample in enumerate(samples):
        file = files[sample]
        if file.genes == shared:
            values[:, column] = file.values
        else:
            place = {gene: row for row, gene in enumerate(file.genes)}
            values[:, column] = file.values[[place[gene] for gene in shared]]
    counters = {name: reason for sample in samples for name, reason in files[sample].counters}
    notes += [f"{len(counters)} counter rows are no genes: {', '.join(sorted(counters))}"] if counters else []
    notes += _notes_on_columns(files)
    if ignored:
        more = f" and {len(ignored) - _MAX_TOLD} more" if len(ignored) > _MAX_TOLD else ""
        notes.append(f"members that are no count files: {', '.join(ignored[:_MAX_TOLD])}{more}")
    logger.info("%s: %d genes × %d samples", path.name, len(shared), len(samples))
    return ValueMatrix(
        [_without_occurrence(gene) for gene in shared],
        samples,
        values,
        left_out=[*sorted(counters.items()), *((_without_occurrence(gene), reason) for gene, reason in partial)],
        notes=notes,
        simulated=any(SIMULATION_MARKER in name for name in counters),
    )


# ------------------------------------------------------------------------------------------------- one file


def _read_table(source: Path | IO[bytes], where: str) -> TextTable:
    return read_delimited(source, where, r_layout=True)


def _read_counts(table: TextTable, scale: str, strand: str, declared: DeclaredValues, known: list[str]) -> _CountFile:
    import numpy as np

    column = find_column(table, scale, strand)
    first = _first_row(table) if column.headless else None
    parts = [table] if first is None else [first, table]
    place, told = (column.names, []) if column.headless else find_gene_column(table, declared)
    table.notes += told
    names = [name.strip() for part in parts for name in part.cells(place)]
    refuse_hidden_counter(table, place, names, declared)
    if column.headless and counts_rows(names):
        raise InputError(
            Problem(
                "the first column only counts rows, and no other one is named",
                f"{table.where}: {', '.join(map(repr, names[:4]))}",
                "names of genes in the first column, or in a column with a name",
                "Use files that name the genes, or another file of the series.",
            )
        )
    values = np.concatenate([part.numbers(column.values) for part in parts])
    by_strand = [np.concatenate([part.numbers(place) for part in parts]) for place in column.strands]
    gene = np.array([not is_counter(name) for name in names], dtype=bool)
    if not gene.any():
        raise InputError(
            Problem("a count file holds no genes", table.where, "two columns: gene, count", "Mend the archive.")
        )
    _check_complete(names, values, gene, table, column, scale)
    counters = [
        (name, f"counter row, for example {value:g} reads; no gene")
        for name, value, is_gene in zip(names, values, gene, strict=True)
        if not is_gene
    ]
    genes = _numbered_occurrences([name for name, is_gene in zip(names, gene, strict=True) if is_gene])
    return _CountFile(
        known if genes == known else genes,
        values[gene],
        counters,
        column,
        tuple(float(counts[gene].sum()) for counts in by_strand),
        "" if column.headless else table.header[column.values],
    )


def _first_row(table: TextTable) -> TextTable:
    """Return the row that was taken for a header as a table of its own; the table loses it."""
    names = [f"column {number}" for number in range(1, len(table.header) + 1)]
    first = TextTable.from_rows([names, table.header], table.where, lines=[0, len(table.comments) + 1])
    first.separator = table.separator
    table.header = names
    return first


def _check_complete(
    names: Sequence[str],
    values: NDArray[np.float64],
    gene: NDArray[np.bool_],
    table: TextTable,
    column: SampleColumn,
    scale: str,
) -> None:
    """Raise when a count is missing or a row has no name."""
    import numpy as np

    nameless = [row for row, name in enumerate(names) if not name]
    missing = [int(row) for row in np.flatnonzero(np.isnan(values) & gene)] if scale == "counts" else []
    for rows, what in ((nameless, "a row has no name"), (missing, "a count is missing")):
        if len(rows):
            raise InputError(
                Problem(
                    what,
                    f"{table.where}: row {rows[0] + 1} ({names[rows[0]]}), column {column.values + 1}",
                    "a name and a number in every row",
                    "Mend the file, or use another file of the series.",
                )
            )


_OCCURRENCE = "\x1f"


def _numbered_occurrences(names: list[str]) -> list[str]:
    """Make repeated names unique by the number of their occurrence, so that rows of several files can be matched."""
    if len(set(names)) == len(names):
        return names
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        unique.append(f"{name}{_OCCURRENCE}{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return unique


def _without_occurrence(name: str) -> str:
    return name.partition(_OCCURRENCE)[0]


def _refuse_transcripts(files: dict[str, _CountFile], members: Sequence[SampleFile], path: Path) -> None:
    for member in members:
        file = files[member.sample]
        named = quantifier_of(PurePosixPath(member.member).name.removesuffix(".gz"))
        tool = named[0] if named else next((tool for tool in QUANTIFIERS if tool.name == file.column.tool), None)
        # Salmon's two files have one header: without their names, only the rows tell genes from transcripts.
        by_default = bool(tool and tool.transcripts)
        if are_transcripts(file.genes, by_default=by_default):
            raise InputError(
                Problem(
                    "the rows are transcripts, not genes",
                    f"{path}, {member.member}: {', '.join(file.genes[:3])}"
                    + (f", as {tool.name} writes them" if tool else ""),
                    "genes; or transcripts with a table that says of which gene each is",
                    "Use the tool's gene table (RSEM .genes.results, salmon quant.genes.sf), or declare identifiers: "
                    "probe and platform_map: a TSV with columns probe_id (transcript) and symbol (gene); the counts of "
                    "the transcripts of a gene are then added.",
                )
            )


# ------------------------------------------------------------------------------------------------- all files


def _shared_genes(files: dict[str, _CountFile], path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the genes of all files, and (gene, reason) of the others."""
    lists = [file.genes for file in files.values()]
    if all(genes is lists[0] for genes in lists):
        return lists[0], []
    n_files = Counter(gene for genes in lists for gene in genes)
    shared = [gene for gene, n in n_files.items() if n == len(lists)]
    partial = [(g, f"absent from {len(lists) - n} of {len(lists)} files") for g, n in n_files.items() if n < len(lists)]
    uneven = [gene for gene, _ in partial if _OCCURRENCE in gene]
    if uneven:
        name = _without_occurrence(uneven[0])
        raise InputError(
            Problem(
                "a gene stands more often in some files than in others",
                f"{path}: {name!r}",
                "the same rows in every file, or each gene once",
                "The files come from different references: split the archive into datasets of one reference each.",
            )
        )
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


def _check_order(files: dict[str, _CountFile], shared: list[str], path: Path) -> None:
    """Raise when rows of one gene cannot be told apart: it stands several times, and the files are ordered differently."""
    repeated = next((gene for gene in shared if _OCCURRENCE in gene), None)
    if repeated is None:
        return
    known = set(shared)
    for sample, file in files.items():
        if file.genes != shared and [gene for gene in file.genes if gene in known] != shared:
            raise InputError(
                Problem(
                    "a gene stands several times, and the files are in different orders, so that its rows cannot be matched",
                    f"{path}: {_without_occurrence(repeated)!r}; sample {sample} has another order than {next(iter(files))}",
                    "the same order in every file, or each gene once",
                    "Sort the files alike, or name the rows of the gene apart, in a copy of the archive.",
                )
            )


def _notes_on_columns(files: dict[str, _CountFile]) -> list[str]:
    """Tell which column was taken, of which tool, and how the reads of STAR lie on the strands."""
    notes = []
    columns = {(file.column.tool, file.column_name, file.column.passed_over) for file in files.values()}
    for tool, name, passed_over in sorted(columns):
        if name and (tool or passed_over):
            beside = f"; beside it: {', '.join(passed_over)}" if passed_over else ""
            notes.append(f"values are column {name!r}{f' of {tool}' if tool else ''}{beside}")
    stranded = {sample: file for sample, file in files.items() if file.strand_totals}
    if not stranded:
        return notes
    shares = {}
    for sample, file in stranded.items():
        _, forward, reverse = file.strand_totals
        shares[sample] = forward / (forward + reverse) if forward + reverse else float("nan")
    first = next(iter(stranded.values())).column
    which = STRANDS[first.strands.index(first.values)] if first.values in first.strands else "no"
    told = {
        "no": "reads of both strands (unstranded)",
        "forward": "reads of the gene's strand (forward)",
        "reverse": "reads of the opposite strand (reverse)",
    }[which]
    low, high = min(shares.values()), max(shares.values())
    notes.append(
        f"{first.tool}: {told} are counted, column {first.values + 1}; {low:.0%} to {high:.0%} of the reads that a "
        "strand can be told of lie on the gene's strand"
    )
    _check_strand(which, shares)
    for strand, count in (
        ("forward", sum(share >= _ONE_SIDED for share in shares.values())),
        ("reverse", sum(share <= 1 - _ONE_SIDED for share in shares.values())),
    ):
        if which == "no" and count:
            notes.append(
                f"{count} of {len(shares)} libraries look stranded: strand: {strand} in datasets.tsv would count only "
                "reads of the gene itself"
            )
    return notes


def _check_strand(strand: str, shares: dict[str, float]) -> None:
    if strand == "no":
        return
    declared = {sample: share if strand == "forward" else 1 - share for sample, share in shares.items()}
    wrong = {sample: share for sample, share in declared.items() if share < _WRONG_SIDED}
    if wrong:
        sample, share = min(wrong.items(), key=lambda item: item[1])
        raise InputError(
            Problem(
                f"strand {strand} is declared, but most reads lie on the other one",
                f"{len(wrong)} of {len(shares)} samples, for example {sample}: {share:.1%} of the reads",
                f"a strand with at least {_WRONG_SIDED:.0%} of the reads",
                "Correct strand in datasets.tsv: no, forward or reverse.",
            )
        )


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

"""Read one file per sample: HTSeq, featureCounts, STAR, RSEM, salmon, kallisto, in a folder, tar or zip."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.archive_members import MAX_MEMBER_BYTES, MAX_MEMBERS, choose_members, member_names
from sidemine.sources.containers import SampleFile, is_container, iter_files
from sidemine.sources.count_file import OCCURRENCE, CountFile, read_counts, without_occurrence
from sidemine.sources.declarations import NOTHING_DECLARED, DeclaredValues
from sidemine.sources.quantifiers import (
    QUANTIFIERS,
    STRANDS,
    are_transcripts,
    quantifier_of,
)
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.text.delimited import read_delimited
from sidemine.text.phrases import first_of
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    pass

logger = logging.getLogger(__name__)


_MIN_SHARED = 0.5
_MAX_TOLD = 6
_ONE_SIDED = 0.9
"""From this share of stranded reads on, a library is called stranded."""
_WRONG_SIDED = 0.25
"""A declared strand with less than this share of the reads is contradicted."""


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

    members, ignored = choose_members(member_names(path), path)
    by_member = {member.member: member for member in members}
    files: dict[str, CountFile] = {}
    notes: list[str] = []
    layers: list[str] = []
    known: list[str] = []
    if is_container(path):
        streams = iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS, notes=layers)
        for name, stream in streams:
            if name in by_member:
                table = _read_table(stream, f"{path.name}/{name}")
                file = read_counts(table, scale, strand, declared, known)
                files[by_member[name].sample] = file
                known = file.genes
                notes += table.notes
    else:
        table = _read_table(path, str(path))
        files[members[0].sample] = read_counts(table, scale, strand, declared, known)
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
        notes.append(f"members that are no count files: {first_of(ignored, _MAX_TOLD)}")
    logger.info("%s: %d genes × %d samples", path.name, len(shared), len(samples))
    return ValueMatrix(
        [without_occurrence(gene) for gene in shared],
        samples,
        values,
        left_out=[*sorted(counters.items()), *((without_occurrence(gene), reason) for gene, reason in partial)],
        notes=notes,
        simulated=any(SIMULATION_MARKER in name for name in counters),
    )


def _read_table(source: Path | IO[bytes], where: str) -> TextTable:
    return read_delimited(source, where, r_layout=True)


def _refuse_transcripts(files: dict[str, CountFile], members: Sequence[SampleFile], path: Path) -> None:
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


def _shared_genes(files: dict[str, CountFile], path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the genes of all files, and (gene, reason) of the others."""
    lists = [file.genes for file in files.values()]
    if all(genes is lists[0] for genes in lists):
        return lists[0], []
    n_files = Counter(gene for genes in lists for gene in genes)
    shared = [gene for gene, n in n_files.items() if n == len(lists)]
    partial = [(g, f"absent from {len(lists) - n} of {len(lists)} files") for g, n in n_files.items() if n < len(lists)]
    uneven = [gene for gene, _ in partial if OCCURRENCE in gene]
    if uneven:
        name = without_occurrence(uneven[0])
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


def _check_order(files: dict[str, CountFile], shared: list[str], path: Path) -> None:
    """Raise when rows of one gene cannot be told apart: it stands several times, and the files are ordered differently."""
    repeated = next((gene for gene in shared if OCCURRENCE in gene), None)
    if repeated is None:
        return
    known = set(shared)
    for sample, file in files.items():
        if file.genes != shared and [gene for gene in file.genes if gene in known] != shared:
            raise InputError(
                Problem(
                    "a gene stands several times, and the files are in different orders, so that its rows cannot be matched",
                    f"{path}: {without_occurrence(repeated)!r}; sample {sample} has another order than {next(iter(files))}",
                    "the same order in every file, or each gene once",
                    "Sort the files alike, or name the rows of the gene apart, in a copy of the archive.",
                )
            )


def _notes_on_columns(files: dict[str, CountFile]) -> list[str]:
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

"""Files that tools write for one sample: which column holds what. To add a tool, add it to `QUANTIFIERS`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidemine.errors import InputError, Problem
from sidemine.text.header_words import ANNOTATION_WORDS, IDENTIFIER_WORDS, SHORT_STATISTICS, STATISTIC_WORDS, plain_word
from sidemine.text.numbers import is_missing, is_number
from sidemine.text.text_table import TextTable

STAR_COUNTERS = frozenset({"N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"})
HTSEQ_COUNTERS = frozenset({"no_feature", "ambiguous", "too_low_aQual", "not_aligned", "alignment_not_unique"})
"""Rows of old HTSeq; of newer ones each begins with `__`."""

STRANDS = ("no", "forward", "reverse")
"""Which reads count, in the order of STAR's columns: of both strands, of the gene's, of the opposite one."""

VALUE_WORDS: Mapping[str, frozenset[str]] = {
    "counts": frozenset(
        {"count", "counts", "rawcount", "rawcounts", "readcount", "readcounts", "reads", "numreads", "expectedcount",
         "estcounts", "htseqcount"}
    ),
    "tpm": frozenset({"tpm"}),
    "fpkm": frozenset({"fpkm", "rpkm"}),
    "cpm": frozenset({"cpm"}),
}  # fmt: skip
"""Header words (see `plain_word`) that stand over the values of a scale in a file of one sample."""
_WORD_SCALES = {word: scale for scale, words in VALUE_WORDS.items() for word in words}

_TRANSCRIPT = re.compile(r"(ENS[A-Z]*T\d{6,}|[NX][MR]_\d+)")
_NUMBER_LIKE = re.compile(r"[<>≤≥~+\-\u2010-\u2015\u2212\s]*[\d.,_'\s]*\d[\d.,_'\s]*([eE][+-]?\d+)?\s*%?")
_GENE = re.compile(r"ENS[A-Z]*G\d{6,}")
_FEATURE_COUNTS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
_MANY = 0.5
_NO_VALUES = ANNOTATION_WORDS | (STATISTIC_WORDS - SHORT_STATISTICS)
"""Header words that never stand over values; single letters may be samples."""


@dataclass(frozen=True)
class Quantifier:
    """A tool that writes one file per sample.

    Attributes
    ----------
    name
        For messages.
    file_name
        Names of its files, without .gz; the group is what the name says of the sample. None: no name of its own.
    header
        Columns that tell its files, whatever their name.
    values
        Column of the values, by declared scale.
    strands
        Columns of the counts by strand (`STRANDS`), where the tool gives them.
    instead_of
        A tool's name whose files are passed over where these are there, too.
    transcripts
        Its rows are transcripts.
    """

    name: str
    file_name: re.Pattern[str] | None = None
    header: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    strands: tuple[str, ...] = ()
    instead_of: str = ""
    transcripts: bool = False


def _named(ending: str) -> re.Pattern[str]:
    return re.compile(rf"(.*?)[_.-]?{ending}", re.DOTALL | re.IGNORECASE)


QUANTIFIERS = (
    Quantifier("STAR", _named(r"ReadsPerGene\.out\.tab")),
    Quantifier(
        "STAR (GDC)",
        _named(r"augmented_star_gene_counts\.tsv"),
        ("gene_id", "unstranded", "stranded_first", "stranded_second"),
        {"counts": "unstranded", "tpm": "tpm_unstranded", "fpkm": "fpkm_unstranded"},
        ("unstranded", "stranded_first", "stranded_second"),
    ),
    Quantifier(
        "RSEM",
        _named(r"genes\.results"),
        ("gene_id", "transcript_id(s)", "expected_count", "TPM"),
        {"counts": "expected_count", "tpm": "TPM", "fpkm": "FPKM"},
        instead_of="RSEM, transcripts",
    ),
    Quantifier(
        "RSEM, transcripts",
        _named(r"isoforms\.results"),
        ("transcript_id", "gene_id", "expected_count", "TPM"),
        {"counts": "expected_count", "tpm": "TPM", "fpkm": "FPKM"},
        transcripts=True,
    ),
    Quantifier(
        "salmon, genes",
        _named(r"quant\.genes\.sf"),
        ("Name", "Length", "EffectiveLength", "TPM", "NumReads"),
        {"counts": "NumReads", "tpm": "TPM"},
        instead_of="salmon",
    ),
    Quantifier(
        "salmon",
        _named(r"quant\.sf"),
        ("Name", "Length", "EffectiveLength", "TPM", "NumReads"),
        {"counts": "NumReads", "tpm": "TPM"},
        transcripts=True,
    ),
    Quantifier(
        "kallisto",
        _named(r"abundance\.tsv"),
        ("target_id", "length", "eff_length", "est_counts", "tpm"),
        {"counts": "est_counts", "tpm": "tpm"},
        transcripts=True,
    ),
)
"""In the order in which a file is compared with them."""


def quantifier_of(member: str) -> tuple[Quantifier, str] | None:
    """Return the tool that always gives its files such names, and what the name says of the sample; None otherwise.

    >>> quantifier_of("GSM1_s1ReadsPerGene.out.tab")[1], quantifier_of("quant.sf")[1], quantifier_of("a.txt")
    ('GSM1_s1', '', None)
    """
    for tool in QUANTIFIERS:
        if tool.file_name and (match := tool.file_name.fullmatch(member)):
            return tool, match[1]
    return None


@dataclass(frozen=True)
class SampleColumn:
    """Which column of a file of one sample holds its values.

    Attributes
    ----------
    tool
        Who wrote the file; '' where that cannot be told.
    names
        Position of the names of the genes.
    values
        Position of the values.
    strands
        Positions of the counts by strand, where there are such.
    headless
        The first row is no header.
    passed_over
        Names of columns that are neither.
    """

    tool: str
    names: int
    values: int
    strands: tuple[int, ...] = ()
    headless: bool = False
    passed_over: tuple[str, ...] = ()


def find_column(table: TextTable, scale: str, strand: str = "no") -> SampleColumn:
    """Find the values in a file of one sample.

    Parameters
    ----------
    table
        The file, its first line taken for a header.
    scale
        Scale that is declared.
    strand
        One of `STRANDS`; anything but `no` needs a file with counts by strand.

    Raises
    ------
    InputError
        When no column, or more than one, may hold them.
    """
    if _is_star(table):
        positions = (1, 2, 3)
        _check_scale("STAR", {"counts": ""}, scale, table)
        return SampleColumn("STAR", 0, positions[STRANDS.index(strand)], positions, headless=True)
    for tool in QUANTIFIERS:
        if tool.header and table.has(*tool.header):
            column = _check_scale(tool.name, tool.values, scale, table)
            if tool.strands and scale == "counts":
                column = tool.strands[STRANDS.index(strand)]
            elif strand != "no":
                break
            strands = tuple(table.position(name) for name in tool.strands) if scale == "counts" else ()
            return SampleColumn(tool.name, 0, table.position(column), strands)
    if strand != "no":
        raise InputError(
            Problem(
                f"strand {strand} is declared, but a file has no counts by strand",
                f"{table.where}: columns {', '.join(map(repr, table.header[:8]))}",
                "files of STAR (ReadsPerGene.out.tab) for strand forward or reverse",
                "Leave strand empty in datasets.tsv.",
            )
        )
    return _only_column(table, scale)


def _is_star(table: TextTable) -> bool:
    if len(table.header) != len(STRANDS) + 1:
        return False
    first = [table.header[0], *(row[0] for row, _ in zip(table.rows([0]), range(len(STAR_COUNTERS)), strict=False))]
    return len(STAR_COUNTERS.intersection(first)) >= len(STAR_COUNTERS) - 1 and not table.r_layout


def _check_scale(tool: str, values: Mapping[str, str], scale: str, table: TextTable) -> str:
    if scale not in values:
        raise InputError(
            Problem(
                f"the scale does not fit a file of {tool}",
                f"{table.where}: scale {scale!r} in datasets.tsv",
                f"scale {' or '.join(values)}",
                "Correct scale; counts are the best to start from.",
            )
        )
    return values[scale]


def _only_column(table: TextTable, scale: str) -> SampleColumn:
    """Find the one column of values: in two columns the second, otherwise by names and content."""
    width = len(table.header)
    headless = width > 1 and not table.r_layout and _is_row(table.header)
    tool = "featureCounts" if tuple(table.header[:6]) == _FEATURE_COUNTS else ""
    candidates = [
        position
        for position in range(1, width)
        if table.r_layout or headless or plain_word(table.header[position]) not in _NO_VALUES
    ]
    if width > 2:
        candidates = [position for position in candidates if _holds_numbers(table, position)]
    if len(candidates) > 1 and not headless:
        words = VALUE_WORDS.get(scale, frozenset())
        candidates = [place for place in candidates if plain_word(table.header[place]) in words] or candidates
    if len(candidates) != 1:
        raise InputError(
            Problem(
                f"a count file has {width} columns, so it is not clear which one holds the values",
                f"{table.where}: {', '.join(map(repr, table.header[:8]))}",
                "one column of values beside the genes' names; or columns named as HTSeq, featureCounts, STAR, RSEM, "
                f"salmon or kallisto name them, for scale {scale}: {', '.join(sorted(VALUE_WORDS.get(scale, ()))) or 'none'}",
                "Cut the column that is wanted into files of two columns, or use another file of the series.",
            )
        )
    named = "" if headless else plain_word(table.header[candidates[0]])
    if scale in VALUE_WORDS and named in _WORD_SCALES and named not in VALUE_WORDS[scale]:
        raise InputError(
            Problem(
                f"the column of values is called {table.header[candidates[0]]!r}, and the sheet says {scale}",
                table.where,
                f"a column of {scale}, or scale {_WORD_SCALES[named]}",
                "Correct scale in datasets.tsv, or use another file of the series.",
            )
        )
    others = [name for place, name in enumerate(table.header) if place not in (0, candidates[0])]
    return SampleColumn(tool, 0, candidates[0], headless=headless, passed_over=() if headless else tuple(others))


def _is_row(cells: Sequence[str]) -> bool:
    """Tell whether the first line is a row, not a header: its last cell is, or means to be, a number or none.

    >>> _is_row(["A", "12"]), _is_row(["A", "#VALUE!"]), _is_row(["A", "1,867"]), _is_row(["gene", "count"])
    (True, True, True, False)
    """
    last = cells[-1].strip()
    number_like = is_missing(last) or last.startswith("#") or _NUMBER_LIKE.fullmatch(last) is not None
    return number_like and plain_word(cells[0]) not in IDENTIFIER_WORDS


def _holds_numbers(table: TextTable, position: int) -> bool:
    """Tell whether a column may hold values: a single cell that is a number will do, so that bad cells are told."""
    return any(map(is_number, table.cells(position)))


def is_counter(name: str) -> bool:
    """Tell whether the name of a row is that of a counter of HTSeq or STAR, and of no gene."""
    return name.startswith("__") or name in STAR_COUNTERS or name in HTSEQ_COUNTERS


def are_transcripts(names: Sequence[str], *, by_default: bool = False) -> bool:
    """Tell whether rows are transcripts: by their names, or, where these do not say, as the tool writes them.

    >>> are_transcripts(["ENST00000361390.2", "NM_000014"]), are_transcripts(["ENSG00000198888"], by_default=True)
    (True, False)
    """
    if sum(bool(_TRANSCRIPT.match(name)) for name in names) > _MANY * len(names):
        return True
    return by_default and sum(bool(_GENE.match(name)) for name in names) <= _MANY * len(names)

"""Columns of other quantities that stand beside the values of each sample: p-values, deviations, TPM beside counts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.text.header_words import plain_word
from sidemine.text.phrases import first_of
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    from sidemine.sources.scales import Scale

_STATISTIC = "statistic"
_SUMMARY = "summary"
_BARE = ""
_QUANTITIES: Mapping[str, str] = {
    "counts": "count counts rawcount rawcounts readcount readcounts reads numreads expectedcount estcounts htseqcount",
    "normalised_counts": "normcount normcounts normalized normalised normalizedcount normalizedcounts normalisedcounts",
    "tpm": "tpm",
    "fpkm": "fpkm rpkm",
    "cpm": "cpm",
    "linear": "signal avgsignal intensity",
    _SUMMARY: "mean average avg median ratio foldchange log2fc logfc log2foldchange log2ratio pvalue pval padj adjpval fdr "
    "qvalue ttest",
    _STATISTIC: "detectionpval detectionpvalue detection abscall call flags sd stdev "
    "stddev stderr se sem cv beadstderr beadstdev avgnbeads nbeads narrays arraystdev arraystderr minsignal maxsignal",
}
"""Words, as `plain_word` makes them, by the quantity that they stand for: a scale, a statistic of
one sample, or a summary of several; the latter two are never values."""
_QUANTITY_OF = {word: quantity for quantity, words in _QUANTITIES.items() for word in words.split()}
_SEQUENCED = frozenset({"counts", "normalised_counts", "tpm", "fpkm", "cpm"})
_NO_VALUES = frozenset({_STATISTIC, _SUMMARY})
_RATIOS = frozenset({"log_ratio", "linear"})
# VS in capitals may be a part of a name, such as that of a tissue.
_COMPARISON = re.compile(r"[^\W_].*?[\W_](vs|versus)\.?[\W_].*[^\W_]")
_MOST_WORDS = 3
_MAX_TOLD = 6


def split_quantity(name: str) -> tuple[str, str]:
    """Return what a column's name says of the sample, and of the quantity ('' where it says nothing of it).

    >>> split_quantity("S1.Detection Pval"), split_quantity("FPKM_S1"), split_quantity("TPM"), split_quantity("ctrl 1")
    (('s1', 'statistic'), ('s1', 'fpkm'), ('tpm', ''), ('ctrl.1', ''))
    >>> split_quantity("mean_ctrl"), split_quantity("ifn vs ctrl"), split_quantity("p-value (t-test)")
    (('ctrl', 'summary'), ('ifn.vs.ctrl', 'summary'), ('p.value', 'summary'))
    """
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    for n in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        for part, rest in ((words[-n:], words[:-n]), (words[:n], words[n:])):
            if quantity := _QUANTITY_OF.get("".join(part)):
                return ".".join(rest), quantity
    if _COMPARISON.search(name):
        return ".".join(words), _SUMMARY
    return ".".join(words), _BARE


def find_side_columns(
    table: TextTable, candidates: Sequence[int], samples: Collection[str], scale: Scale | None
) -> list[int]:
    """Find the columns that hold another quantity of samples whose values stand in a column of their own.

    Parameters
    ----------
    table
        The table.
    candidates
        Positions of the columns that may be samples.
    samples
        Names that metadata give to samples; such a column is a sample, whatever its name.
    scale
        Scale that is declared: it chooses among several quantities. None: not known, so that nothing is refused.

    Returns
    -------
    list of int
        Positions of those columns.

    Raises
    ------
    SheetMismatch
        When the values of each sample stand there in several quantities and the scale names none of them, or when the
        names of the columns contradict the scale.
    """
    read = {position: split_quantity(table.header[position]) for position in candidates}
    by_sample: dict[str, set[str]] = {}
    for stem, quantity in read.values():
        by_sample.setdefault(plain_word(stem), set()).add(quantity)
    quantities = {quantity for _, quantity in read.values()}
    paired = {
        quantity
        for quantity in quantities
        if _mostly(len(by_sample[plain_word(stem)]) > 1 for stem, one in read.values() if one == quantity)
    }
    values = quantities - _NO_VALUES
    aside = set(_NO_VALUES & paired) if values else set()
    # Ratios and means may be the samples of a table; beside more columns of samples they are summaries of these.
    if values and _mostly(quantity not in _NO_VALUES for _, quantity in read.values()):
        aside.add(_SUMMARY)
    if scale in values and paired & values:
        aside |= (values & paired) - {scale}
    elif scale in _SEQUENCED:
        aside |= {quantity for quantity in paired & _SEQUENCED if values - {quantity}} - {scale}
    left = quantities - aside
    if scale and len((left - _NO_VALUES) & paired) > 1:
        raise SheetMismatch(_several_quantities(table, read, left, scale))
    unnamed = {quantity for position, (_, quantity) in read.items() if table.header[position] not in samples} - aside
    if (
        scale
        and unnamed
        and (unnamed <= _NO_VALUES - ({_SUMMARY} if scale in _RATIOS else set()) or _contradict(unnamed, scale))
    ):
        raise SheetMismatch(_other_quantity(table, read, unnamed, scale))
    return [p for p, (_, quantity) in read.items() if quantity in aside and table.header[p] not in samples]


def _mostly(answers: Iterable[bool]) -> bool:
    told = list(answers)
    return sum(told) > len(told) / 2


def _contradict(quantities: Collection[str], scale: str) -> bool:
    """Tell whether words of sequencing stand over the columns, and none that fits; normalised counts are counts, too."""
    fitting = {scale, _BARE} | ({"counts"} if scale == "normalised_counts" else set())
    return scale in _SEQUENCED and bool(_SEQUENCED.intersection(quantities)) and not fitting.intersection(quantities)


def _examples(table: TextTable, read: Mapping[int, tuple[str, str]], quantities: Collection[str]) -> str:
    names = [repr(table.header[position]) for position, (_, quantity) in read.items() if quantity in quantities]
    return first_of(names, _MAX_TOLD)


def _several_quantities(
    table: TextTable, read: Mapping[int, tuple[str, str]], quantities: Collection[str], scale: str
) -> Problem:
    return Problem(
        "each sample has several columns of values, of different quantities",
        f"{table.where}: {_examples(table, read, quantities)}; scale {scale} names none of them",
        "one column of values per sample; or columns of which the declared scale chooses one",
        "Correct scale in datasets.tsv, or name the columns that are not wanted in annotation_columns.",
    )


def _other_quantity(
    table: TextTable, read: Mapping[int, tuple[str, str]], quantities: Collection[str], scale: str
) -> Problem:
    return Problem(
        f"the names of the columns say {' and '.join(sorted(set(quantities) - {_BARE}))}, and the sheet says {scale}",
        f"{table.where}: {_examples(table, read, quantities)}",
        f"columns of {scale}, or another scale",
        "Correct scale in datasets.tsv, use another file of the series, or, where the names are wrong, a copy of the file "
        "with other names.",
    )

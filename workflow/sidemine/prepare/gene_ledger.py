"""`genes_ledger.tsv`: every identifier of a dataset and its fate; its columns, and a count of it by kind of fate."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sidemine.tables import Column, TableSpec, read_table

GENES_LEDGER = TableSpec(
    "genes_ledger.tsv",
    (
        Column("identifier", "text", "Identifier as it stands in the file."),
        Column("gene", "text", "Approved symbol that it was mapped to.", may_be_empty=True),
        Column("fate", "text", "kept, merged or dropped."),
        Column("reason", "text", "Why, for example: other probe has the higher mean; several genes; unknown symbol."),
    ),
)
_REASONS_NAMED = 8
_NAMED = re.compile(r"^(previous symbol|alias|withdrawn symbol|spreadsheet date) [^ ;]+")
_CASE = re.compile(r"^.* (but for upper and lower case)")


@dataclass(frozen=True)
class KindOfFate:
    """Number of identifiers of one fate and kind of reason."""

    fate: str
    reason: str
    number: int

    @property
    def stands_for_gene(self) -> bool:
        """Whether these identifiers became a gene, alone or with others."""
        return self.fate in {"kept", "merged"}


def read_fates(path: Path) -> list[KindOfFate]:
    """Count the identifiers of one `genes_ledger.tsv` per fate and kind of reason, most first; the rarest together."""
    table = read_table(path, GENES_LEDGER)
    counts: Counter[tuple[str, str]] = Counter()
    # Many rows share one reason, so it is looked at once.
    for (fate, reason), number in Counter(zip(table["fate"], table["reason"], strict=True)).items():
        counts[str(fate), reason_kind(str(reason))] += number
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(number for _, number in ordered[_REASONS_NAMED:])
    rows = [KindOfFate(fate, reason, number) for (fate, reason), number in ordered[:_REASONS_NAMED]]
    return [*rows, KindOfFate("various", "other reasons, each in genes_ledger.tsv", rest)] if rest else rows


def reason_kind(reason: str) -> str:
    """Return a reason of the ledger without the names that differ from row to row.

    >>> reason_kind("several genes: IFIT1, IFIT2"), reason_kind("previous symbol SEPT9")
    ('several genes', 'previous symbol')
    >>> reason_kind("approved symbol; other probe has the higher mean: 201352_at")
    'other probe has the higher mean'
    """
    if reason.startswith("counter row"):
        return "counter row, no gene"
    kind = reason.rsplit("; ", 1)[-1] if " has the higher " in reason else reason
    kind = _CASE.sub(r"a known symbol \1", _NAMED.sub(r"\1", kind))
    return kind if "kept as it stands" in kind else kind.split(":", 1)[0]

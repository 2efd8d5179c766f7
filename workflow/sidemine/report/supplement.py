"""What the report shows beside the answers, as read: fates of identifiers, pooled gene tables, calibration."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.drawing.words import bounded
from sidemine.effect.pooled_columns import POOLED_GENES
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_REASONS_SHOWN = 8
_NAMED = re.compile(r"^(previous symbol|alias|withdrawn symbol|spreadsheet date) [^ ;]+")
_CASE = re.compile(r"^.* (but for upper and lower case)")


@dataclass(frozen=True)
class Supplement:
    """Results that not every run has; what is missing is None or absent, and its panel says so.

    Attributes
    ----------
    identifiers
        Per dataset: fate, reason (without the names of single identifiers) and number of identifiers, most first.
    pooled_genes
        Per hypothesis: `pooled/<hypothesis>/genes.tsv.gz`.
    calibration
        `calibration.tsv`.
    """

    identifiers: dict[str, list[tuple[str, str, int]]]
    pooled_genes: dict[str, pd.DataFrame]
    calibration: pd.DataFrame | None


def read_supplement(results: Path, datasets: Sequence[str], hypotheses: Sequence[str]) -> Supplement:
    """Read what there is of the supplement under `results`.

    Parameters
    ----------
    results
        Folder of the study's results.
    datasets, hypotheses
        Their ids.
    """
    ledgers = {key: results / "datasets" / key / "genes_ledger.tsv" for key in datasets}
    pooled = {key: results / "pooled" / key / "genes.tsv.gz" for key in hypotheses}
    calibration = results / "calibration.tsv"
    return Supplement(
        identifiers={key: identifier_fates(path) for key, path in ledgers.items() if path.is_file()},
        pooled_genes={key: read_table(path, POOLED_GENES) for key, path in pooled.items() if path.is_file()},
        calibration=read_table(calibration, CALIBRATION) if calibration.is_file() else None,
    )


def identifier_fates(path: Path) -> list[tuple[str, str, int]]:
    """Count the identifiers of one `genes_ledger.tsv` per fate and kind of reason, most first."""
    table = read_table(path, GENES_LEDGER)
    counts: Counter[tuple[str, str]] = Counter()
    # Many rows share one reason, so it is looked at once.
    for (fate, reason), number in Counter(zip(table["fate"], table["reason"], strict=True)).items():
        counts[str(fate), reason_kind(str(reason))] += number
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(number for _, number in ordered[_REASONS_SHOWN:])
    rows = [(fate, bounded(reason, 200), number) for (fate, reason), number in ordered[:_REASONS_SHOWN]]
    return [*rows, ("various", "other reasons, each in genes_ledger.tsv", rest)] if rest else rows


def reason_kind(reason: str) -> str:
    """Return a reason of the identifier ledger without the names that differ from row to row.

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

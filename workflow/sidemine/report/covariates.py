"""Metadata beside the groups: columns that colour the samples, and the table of groups by covariates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.drawing.words import bounded, bounded_apart, is_number, number, p_value
from sidemine.quality.associations import associated
from sidemine.quality.group_values import MOST_LEVELS, NOT_RECORDED, values_in_words
from sidemine.quality.record import Association, ContrastQuality
from sidemine.text.columns import read_numbers

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.report.collect import ContrastResults, DatasetResults

MOST_COLUMNS = 12
"""Most metadata columns of one dataset that may colour its samples."""
Kind = Literal["numbers", "levels"]
_PATTERNS = {
    "names the group": "another name of the groups",
    "subdivides the group": "divides one group further; no value occurs in both",
    "missing in one group": "recorded in one group only: cannot be compared",
    "aliased": "aliased: no value occurs in both groups, so it cannot be told from them",
}


@dataclass(frozen=True)
class ColourColumn:
    """A column that may colour samples (`pictures.js`): its name, why it is offered, and one value per sample.

    A value is a number, a position in `levels`, or None.
    """

    name: str
    why: str
    kind: Kind
    values: Sequence[float | None]
    levels: Sequence[str] = ()


@dataclass(frozen=True)
class CovariateRow:
    """One recorded column in both groups: its values, the test, how strong it goes with the group, and what was done about it."""

    column: str
    target: str
    reference: str
    p: str
    strength: str
    reading: str
    in_model: bool


def colour_columns(dataset: DatasetResults, checks: Sequence[ContrastQuality]) -> list[ColourColumn]:
    """Return the columns that may colour a dataset's samples: covariates and batches first, then whatever varies.

    Parameters
    ----------
    dataset
        The dataset.
    checks
        Checks of its contrasts: they know which columns vary.
    """
    wanted: dict[str, tuple[int, str, Kind]] = {}
    for entry in (entry for quality in checks for entry in quality.associations):
        if entry.pattern == "names the group":
            continue
        rank, why = (0, "in the model") if entry.in_design else (1, "batch") if entry.batch_like else (2, "recorded")
        known = wanted.get(entry.column)
        if known is None or rank < known[0]:
            wanted[entry.column] = (rank, why, entry.kind)
    chosen = sorted(wanted.items(), key=lambda item: (item[1][0], item[0]))
    names = dataset.sample_names
    columns = [
        _column(name, why, kind, names, _texts(dataset.samples, name))
        for name, (_, why, kind) in chosen
        if name in dataset.samples.columns
    ]
    by_genes = dataset.quality.sex.by_genes
    if len(set(by_genes.values())) > 1:
        columns.append(_column("sex as the genes show it", "computed", "levels", names, by_genes))
    reused = {sample.sample for sample in dataset.quality.reused_samples if not sample.same_series}
    if reused:
        sides = {name: "re-used" if name in reused else "own" for name in names}
        columns.append(_column("re-used from another series", "GEO's relation", "levels", names, sides))
    return columns[:MOST_COLUMNS]


def _texts(table: pd.DataFrame, name: str) -> dict[str, str]:
    return dict(zip(map(str, table["sample"]), map(str, table[name].fillna("")), strict=True))


def _column(name: str, why: str, kind: Kind, samples: Sequence[str], texts: Mapping[str, str]) -> ColourColumn:
    if kind == "numbers":
        cells = {sample: read_numbers([text]) for sample, text in texts.items()}
        numbers = {sample: float(cell[0]) for sample, cell in cells.items() if cell is not None}
        return ColourColumn(bounded(name, 60), why, kind, [numbers.get(sample) for sample in samples])
    shown = bounded_apart({text.strip() for text in texts.values()}, 40)
    labels = {sample: shown[text.strip()] or NOT_RECORDED for sample, text in texts.items()}
    ordered = [level for level, _ in Counter(sorted(labels.values())).most_common()]
    levels = sorted(ordered) if len(ordered) <= MOST_LEVELS else [*sorted(ordered[: MOST_LEVELS - 1]), "any other"]
    place = {level: index for index, level in enumerate(levels)}
    values = [place.get(labels[sample], len(levels) - 1) if sample in labels else None for sample in samples]
    return ColourColumn(bounded(name, 60), why, kind, values, levels)


def covariate_rows(dataset: DatasetResults, item: ContrastResults) -> list[CovariateRow]:
    """Return group by covariate, one row per recorded column."""
    differing = associated(item.quality.associations)
    rows = []
    for entry in item.quality.associations:
        texts = _texts(dataset.samples, entry.column) if entry.column in dataset.samples.columns else {}
        shown = bounded_apart({"", *texts.values()}, 40)
        target, reference = (
            values_in_words(entry.kind, [shown[texts.get(name, "")] for name in names])
            for names in (item.design.target_samples, item.design.reference_samples)
        )
        rows.append(
            CovariateRow(
                column=bounded(entry.column, 60),
                target=target,
                reference=reference,
                p=p_value(entry.p_value) if is_number(entry.p_value) else "—",
                strength=_strength(entry),
                reading=_reading(entry, differs=entry in differing),
                in_model=entry.in_design,
            )
        )
    return rows


def _strength(entry: Association) -> str:
    if not is_number(entry.effect):
        return "—"
    return f"{'rank-biserial r' if entry.kind == 'numbers' else 'Cramér’s V'} {number(entry.effect)}"


def _reading(entry: Association, *, differs: bool) -> str:
    if entry.in_design:
        return "in the model"
    if entry.pattern in _PATTERNS:
        return _PATTERNS[entry.pattern]
    return "goes with the group, not in the model" if differs else "about the same in both groups"

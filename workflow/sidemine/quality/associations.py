"""Metadata columns against the two groups of a contrast: what else differs between target and reference."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from sidemine.quality.record import AgeOverlap, Association, Pattern
from sidemine.text.columns import AGE_NAME, BATCH_NAME, read_column

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

P_LIMIT = 0.01
"""Family-wise level of a contrast: Bonferroni over its columns, so that one contrast in a hundred is flagged by chance."""
FEWEST_PAIRS = 3
"""Pairs from which on numbers are compared within them."""
PERSON_NAME = re.compile(r"(^|_)(age|sex|gender|race|ethnicity|ancestry|bmi|weight|smoking|smoker)(_|$)")
"""Traits of people that are never just another name of the group."""
# Protocol and contact fields of GEO describe the record, not the samples.
_RECORD_FIELDS = re.compile(
    r"^(title|description|status|type|submission_date|last_update_date|channel_count|data_row_count|relation|organism|"
    r"taxid|molecule|label|unit|fate|file_name|platform_id|supplementary_file.*|contact_.*|.*_protocol|data_processing|"
    r"instrument_model|library_(selection|source|strategy))$"
)


def find_associations(
    table: pd.DataFrame,
    is_target: NDArray[np.bool_],
    *,
    group_columns: Collection[str],
    in_design: Collection[str] = (),
    batch_columns: Collection[str] = (),
    block: str = "",
) -> list[Association]:
    """Test every metadata column with at least two and fewer than n levels against the groups.

    Parameters
    ----------
    table
        The samples of the contrast, text columns.
    is_target
        Which rows belong to the target.
    group_columns
        Columns that the selectors read: they differ by definition.
    in_design
        Covariates and block of the contrast.
    batch_columns
        Columns declared as batches; others are known by their names.
    block
        Column of the pairs, within which numbers are compared; '' for none.
    """
    pairs = [str(label) for label in table[block]] if block in table.columns else []
    associations = []
    for name in map(str, table.columns):
        batch_like = is_batch_like(name, batch_columns)
        if name in group_columns or (_RECORD_FIELDS.match(name) and not batch_like):
            continue
        texts = [str(value) for value in table[name]]
        association = _associate(name, texts, is_target, batch_like, name in in_design, pairs)
        if association is not None:
            associations.append(association)
    return associations


def is_batch_like(name: str, batch_columns: Collection[str]) -> bool:
    """Tell whether a column is declared as a batch, or has the name of one."""
    return name in batch_columns or bool(BATCH_NAME.search(name))


def _associate(
    name: str, texts: list[str], is_target: NDArray[np.bool_], batch_like: bool, in_design: bool, pairs: Sequence[str]
) -> Association | None:
    reading = read_column(texts, name)
    present = np.array([bool(label) for label in reading.labels])
    values, target = np.array(reading.labels, dtype=object)[present], is_target[present]
    levels = sorted(set(values.tolist()))
    if len(levels) < 2:
        return None
    person = bool(PERSON_NAME.search(name))
    numbers = reading.values[present] if reading.values is not None and not batch_like else None
    if len(levels) == len(values) and numbers is None:
        return None  # another name of the sample
    kind: Literal["numbers", "levels"] = "levels" if numbers is None or len(levels) < 5 else "numbers"
    missing = not target.any() or target.all()
    if missing:
        side = "first group" if target.all() else "second group"
        return Association(
            name, kind, len(values), "missing in one group", None, None, batch_like, person, in_design,
            f"recorded only in the {side}",
        )  # fmt: skip
    if kind == "numbers" and numbers is not None:
        words = "; ".join(
            f"{side}: median {np.median(numbers[rows]):g} ({numbers[rows].min():g} to {numbers[rows].max():g})"
            for side, rows in (("first group", target), ("second group", ~target))
        )
        differences = _within_pairs(numbers, target, np.array(pairs, dtype=object)[present]) if pairs else np.zeros(0)
        if len(differences) >= FEWEST_PAIRS:
            p_value, effect = _paired_test(differences)
            words += f"; compared within {len(differences)} pairs"
        else:
            p_value, effect = _rank_test(numbers, target)
        return Association(name, kind, len(values), "varies", p_value, effect, batch_like, person, in_design, words)
    counts = np.array([[np.sum((values == level) & rows) for level in levels] for rows in (target, ~target)])
    words = ", ".join(f"{level}: {a} v {b}" for level, a, b in zip(levels[:6], *counts.tolist(), strict=False))
    words += f" and {len(levels) - 6} more values" if len(levels) > 6 else ""
    separated = not bool(((counts > 0).all(axis=0)).any())
    pattern: Pattern = "varies"
    if separated and len(levels) >= len(values) - 1:
        return None  # nearly one level per sample: no column of groups
    if separated:
        pattern = (
            "aliased" if batch_like or person else "names the group" if len(levels) == 2 else "subdivides the group"
        )
    return Association(
        name, kind, len(values), pattern, _table_test(counts), _cramers_v(counts), batch_like, person, in_design, words
    )


def _rank_test(numbers: NDArray[np.float64], target: NDArray[np.bool_]) -> tuple[float, float]:
    from scipy import stats

    n_target, n_reference = int(target.sum()), int((~target).sum())
    test = stats.mannwhitneyu(numbers[target], numbers[~target], alternative="two-sided")
    return float(test.pvalue), float(2 * test.statistic / (n_target * n_reference) - 1)


def _within_pairs(
    numbers: NDArray[np.float64], target: NDArray[np.bool_], pairs: NDArray[np.object_]
) -> NDArray[np.float64]:
    """Return target minus reference of each pair that has both; several samples of one side are averaged."""
    sides = [
        (numbers[mine & target], numbers[mine & ~target]) for mine in (pairs == label for label in set(pairs) - {""})
    ]
    return np.sort([a.mean() - b.mean() for a, b in sides if len(a) and len(b)])


def _paired_test(differences: NDArray[np.float64]) -> tuple[float, float]:
    """Return p of the paired t-test (ranks of few pairs cannot reach the level), and the matched-pairs rank correlation."""
    from scipy import stats

    ranks = stats.rankdata(np.abs(differences))
    effect = float(np.sum(np.sign(differences) * ranks) / ranks.sum())
    if np.ptp(differences) <= 1e-9 * np.abs(differences).max():  # no spread: what is left is the sign
        return (1.0 if not differences.any() else 2.0 ** (1 - len(differences))), effect
    return float(stats.ttest_1samp(differences, 0.0).pvalue), effect


def _table_test(counts: NDArray[np.int64]) -> float:
    from scipy import stats

    total = counts.sum(axis=1)
    if counts.shape[1] == 2:
        return float(stats.fisher_exact(counts).pvalue)
    smallest = min(
        float(stats.fisher_exact([[a, total[0] - a], [b, total[1] - b]]).pvalue) for a, b in counts.T.tolist()
    )
    return float(min(1.0, smallest * counts.shape[1]))


def _cramers_v(counts: NDArray[np.int64]) -> float:
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum()))


def associated(associations: Sequence[Association]) -> list[Association]:
    """Return the columns that go with the group beyond chance; renamings of the group are not among them."""
    limit = P_LIMIT / max(1, sum(association.p_value is not None for association in associations))
    return [
        association
        for association in associations
        if association.pattern == "varies" and association.p_value is not None and association.p_value <= limit
    ]


def find_age_overlap(table: pd.DataFrame, is_target: NDArray[np.bool_], declared: str = "") -> AgeOverlap | None:
    """Return the samples whose age both groups share, or None where no age is recorded.

    The shared range is that of both groups' middle 80 % (10th to 90th percentile): a few old controls beside many young
    ones are no support.

    Parameters
    ----------
    table
        The samples of the contrast, text columns.
    is_target
        Which rows belong to the target.
    declared
        Column of ages; '' for the first whose name and values are those of ages.
    """
    names = [declared] if declared else [str(name) for name in table.columns if AGE_NAME.search(str(name))]
    for name in names:
        reading = read_column([str(value) for value in table[name]], name)
        if reading.values is None:
            continue
        ages = reading.values
        sides = [ages[rows & np.isfinite(ages)] for rows in (is_target, ~is_target)]
        if min(len(side) for side in sides) < 3:
            continue
        low = max(float(np.quantile(side, 0.1)) for side in sides)
        high = min(float(np.quantile(side, 0.9)) for side in sides)
        inside = (ages >= low) & (ages <= high)
        return AgeOverlap(
            column=name,
            unit=reading.unit,
            low=round(low, 3),
            high=round(high, 3),
            samples=[str(sample) for sample in table.index[inside]],
            n_target=int((inside & is_target).sum()),
            n_reference=int((inside & ~is_target).sum()),
            outside_target=int((~inside & is_target).sum()),
            outside_reference=int((~inside & ~is_target).sum()),
        )
    return None

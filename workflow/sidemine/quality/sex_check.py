"""Recorded sex against the genes of the sex chromosomes.

XIST is expressed from an inactivated X chromosome, the Y genes from a Y chromosome; in blood and most tissues both are
all-or-none, which makes a swapped label plain to see (Toker, Feng & Pavlidis 2016, doi 10.12688/f1000research.9471.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.flags import MOST_NAMED, Flag, consequence_words
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

X_GENE = "XIST"
Y_GENES = ("RPS4Y1", "KDM5D", "DDX3Y", "EIF1AY")
"""Y genes expressed in most tissues and measured on most platforms; the four agree in every real file looked at."""
SEPARATION = 2.0
"""log2 units (four-fold) that two sexes must lie apart in XIST, and in the mean of the Y genes. Real files: 5 and 3 or
more between women and men (GPL571, RNA-seq); within one sex, noise of single genes stays below 2 except at zero counts."""
SHARPNESS = 4.0
"""Ashman's D of the two components (Ashman, Bird & Zepf 1994, doi 10.1086/117248). Halving one normal distribution at
its best cut gives 2.7, so their usual limit of 2 would find two sexes in any data."""
MIN_SAMPLES = 6
"""Fewer samples do not show two components."""
_NAME = re.compile(r"(^|_)(sex|gender)(_|$)")
_WORDS = {
    "female": "female",
    "f": "female",
    "woman": "female",
    "women": "female",
    "w": "female",
    "male": "male",
    "m": "male",
    "man": "male",
    "men": "male",
}
CHECK = "recorded sex beside the sex that the genes show"


@dataclass(frozen=True)
class SexReading:
    """What the genes show.

    Attributes
    ----------
    genes
        Sex genes that were measured.
    by_genes
        Per sample: female, male or ambiguous. Empty when two components could not be told apart.
    words
        Why, or how clear it is.
    """

    genes: list[str]
    by_genes: dict[str, str] = field(default_factory=dict)
    words: str = ""


def read_sex(values: NDArray[np.float64], genes: Sequence[str], samples: Sequence[str]) -> SexReading:
    """Read the sex of every sample from XIST and the Y genes.

    Parameters
    ----------
    values
        log2 expression, genes × samples.
    genes, samples
        Names of rows and columns.

    Returns
    -------
    SexReading
        Samples between the components, or whose X and Y genes disagree (pools, lost Y chromosomes in tumours,
        XXY, contamination), are ambiguous.
    """
    row_of = {gene: row for row, gene in enumerate(genes)}
    measured = [gene for gene in (X_GENE, *Y_GENES) if gene in row_of and np.isfinite(values[row_of[gene]]).all()]
    y_genes = [gene for gene in measured if gene != X_GENE]
    if not measured:
        return SexReading([], words="neither XIST nor a Y gene was measured")
    if len(samples) < MIN_SAMPLES:
        return SexReading(measured, words=f"fewer than {MIN_SAMPLES} samples do not show two groups")
    x = values[row_of[X_GENE]] if X_GENE in measured else None
    y = values[[row_of[gene] for gene in y_genes]].mean(axis=0) if y_genes else None
    parts = [part for part in (None if x is None else -x, y) if part is not None]
    male = _split(np.sum(parts, axis=0), SEPARATION * len(parts))
    if male is None:
        return SexReading(measured, words=f"{', '.join(measured)} do not fall into two groups: one sex, or not told")
    calls = [_side(part, male) for part in parts]
    by_genes = {}
    for column, sample in enumerate(samples):
        found = {call[column] for call in calls}
        by_genes[sample] = found.pop() if len(found) == 1 else "ambiguous"
    told = [sum(value == sex for value in by_genes.values()) for sex in ("female", "male", "ambiguous")]
    return SexReading(
        measured, by_genes, f"{', '.join(measured)} tell {told[0]} female, {told[1]} male, {told[2]} ambiguous samples"
    )


def _split(score: NDArray[np.float64], least: float) -> NDArray[np.bool_] | None:
    """Return which samples lie in the upper of two components, or None when there is only one."""
    order = np.sort(score)
    if order[0] == order[-1]:
        return None
    # The best of all cuts by the sum of squares within: exact 2-means in one dimension.
    within = [
        float(((order[:cut] - order[:cut].mean()) ** 2).sum() + ((order[cut:] - order[cut:].mean()) ** 2).sum())
        for cut in range(1, len(order))
    ]
    cut = int(np.argmin(within)) + 1
    low, high = order[:cut], order[cut:]
    gap = float(np.median(high) - np.median(low))
    # Robust, so that tumours that lost their Y chromosome do not blur the two sexes.
    spread = 1.4826 * float(np.hypot(*(np.median(np.abs(side - np.median(side))) for side in (low, high))))
    if gap < least or np.sqrt(2.0) * gap < SHARPNESS * spread:
        return None
    return np.asarray(score >= order[cut])


def _side(score: NDArray[np.float64], male: NDArray[np.bool_]) -> list[str]:
    low, high = float(np.median(score[~male])), float(np.median(score[male]))
    # The middle half of the way between the two components tells neither.
    down, up = low + (high - low) / 4, high - (high - low) / 4
    return ["male" if value >= up else "female" if value <= down else "between" for value in score.tolist()]


def find_sex_column(samples: pd.DataFrame, declared: str = "") -> str:
    """Return the metadata column of the recorded sex: the declared one, else one named sex or gender; '' for none."""
    if declared:
        return declared
    names = [str(name) for name in samples.columns if _NAME.search(str(name))]
    return next((name for name in names if any(recorded_sex(value) for value in samples[name])), "")


def recorded_sex(value: object) -> str:
    """Return female, male, or '' for what cannot be read.

    >>> recorded_sex("F"), recorded_sex("Male"), recorded_sex("2")
    ('female', 'male', '')
    """
    return _WORDS.get(str(value).strip().lower(), "")


def flag_sex(reading: SexReading, recorded: Mapping[str, str], column: str, action: str) -> Flag:
    """Compare recorded sex with the genes.

    Parameters
    ----------
    reading
        What the genes show.
    recorded
        Per sample: the text of the sex column; empty when there is none.
    column
        Name of that column, '' for none.
    action
        The declared consequence.
    """
    if not column:
        return Flag("", CHECK, "ok", f"no column of the recorded sex; {reading.words}")
    if not reading.by_genes:
        return Flag("", CHECK, "ok", f"{column} cannot be checked: {reading.words}")
    wrong = sorted(
        sample
        for sample, sex in reading.by_genes.items()
        if sex != "ambiguous" and recorded_sex(recorded[sample]) not in {"", sex}
    )
    unread = sum(not recorded_sex(recorded[sample]) for sample in reading.by_genes)
    evidence = reading.words + (f"; {unread} samples without a readable {column}" if unread else "")
    ambiguous = sorted(sample for sample, sex in reading.by_genes.items() if sex == "ambiguous")
    if ambiguous:
        evidence += f"; ambiguous: {first_of(ambiguous, MOST_NAMED)}"
    if not wrong:
        return Flag("sex_mismatch", CHECK, "ok", f"no label of {column} contradicts the genes; {evidence}")
    named = first_of([f"{name} ({recorded[name]}, genes: {reading.by_genes[name]})" for name in wrong], MOST_NAMED)
    done = "sex as the genes show it is a covariate wherever it varies within both groups" if action == "adjust" else ""
    advice = "A wrong sex label may be a swapped sample: its group label may be wrong as well."
    return Flag(
        "sex_mismatch",
        CHECK,
        "warn",
        f"{len(wrong)} of {len(reading.by_genes)} labels of {column} contradict the genes: {named}; {evidence}",
        consequence_words(action, advice, done),
        tuple(wrong),
    )

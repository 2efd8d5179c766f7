"""The area under the ROC curve where units of one cluster are not independent.

Obuchowski 1997, Biometrics 53:567 (doi 10.2307/2533958).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from sidemine.stats.tails import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray


def clustered_auroc(
    score: NDArray[np.float64],
    known: NDArray[np.bool_],
    cluster: NDArray[np.object_],
    groups: NDArray[np.object_] | None = None,
) -> tuple[float | None, float | None, float | None]:
    """Return the area under the ROC curve and its 95 % interval where units of one cluster are not independent.

    Parameters
    ----------
    score
        Of each unit; ties count by half.
    known
        Which units are known.
    cluster
        Cluster of each unit.
    groups
        Groups of units between whose members the score cannot tell: such pairs count as a coin. The mean of the others of a group
        is smaller for a known unit than for the rest: uncorrected, a score that knows nothing would lie below .5.

    Returns
    -------
    tuple
        Area and limits (t with one degree of freedom less than there are clusters). None where fewer than two clusters have
        known, or other, units; no limits where nothing varies.
    """
    m, n = int(known.sum()), int((~known).sum())
    names = np.unique(cluster.astype(str))
    with_known, with_other = (len(set(cluster[rows])) for rows in (known, ~known))
    if min(with_known, with_other) < 2:
        return None, None, None
    ranks = rankdata(score)
    above, below = np.zeros(len(score)), np.zeros(len(score))
    # Share of the other kind that each unit stands above (known) or below (other).
    above[known] = (ranks[known] - rankdata(score[known])) / n
    below[~known] = 1 - (ranks[~known] - rankdata(score[~known])) / m
    for rows in () if groups is None else [np.flatnonzero(groups == group) for group in set(groups)]:
        ours, others = rows[known[rows]], rows[~known[rows]]
        difference = score[ours][:, None] - score[others]
        wins = np.where(difference == 0, 0.5, difference > 0)
        above[ours] += (0.5 * len(others) - wins.sum(axis=1)) / n
        below[others] += (0.5 * len(ours) - wins.sum(axis=0)) / m
    area = float(above[known].mean())
    place = np.searchsorted(names, cluster.astype(str))
    of_known = np.bincount(place, weights=np.where(known, above - area, 0.0))
    of_other = np.bincount(place, weights=np.where(known, 0.0, below - area))
    s10 = with_known / ((with_known - 1) * m) * np.sum(of_known**2)
    s01 = with_other / ((with_other - 1) * n) * np.sum(of_other**2)
    s11 = len(names) / (len(names) - 1) * np.sum(of_known * of_other)
    variance = float(s10 / m + s01 / n + 2 * s11 / (m * n))
    if variance <= 1e-12:
        return area, None, None
    half = float(t_quantile(0.975, len(names) - 1)) * float(np.sqrt(variance))
    return area, max(area - half, 0.0), min(area + half, 1.0)

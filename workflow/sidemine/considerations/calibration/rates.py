"""How often a test calls null sets, with an interval, and what may be said of it.

Sets tested on one labeling, or in one simulated data set, are dependent. The interval therefore rests on the spread
between labelings: exact binomial limits (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404) on the effective number
of tests (Korn and Graubard 1998, Survey Methodology 24:193).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.calibration.table import CalibrationRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = (0.05, 0.01)
LIMITS = {0.05: 0.065, 0.01: 0.017}
"""Largest size that the one-sided upper 95 % bound may reach, per nominal level."""
CONSERVATIVE_SHARE = 0.6
"""Below this share of its level (3 % at 5 %) a test is called conservative."""
HOLDS, CONSERVATIVE, LIBERAL = "holds", "conservative", "liberal"
UNDECIDED, NOT_MEASURED, SHOWN = "undecided", "not measured", "shown"
THIS_STUDY, REFERENCE = "this study", "reference tables"


@dataclass(frozen=True)
class Rate:
    """Share of tests that call, its 95 % interval and one-sided upper 95 % bound; `n` tests in all."""

    n: int
    rate: float
    ci_low: float
    ci_high: float
    upper_95: float


def clustered_rate(called: NDArray[np.bool_]) -> Rate:
    """Return the share of calls with limits that know of dependence within clusters.

    Parameters
    ----------
    called
        Clusters (labelings, data sets) × tests.
    """
    from scipy.special import betaincinv

    n_clusters, per_cluster = called.shape
    of_cluster = called.mean(axis=1)
    n, rate = called.size, float(of_cluster.mean())
    effective = float(n_clusters if per_cluster > 1 and rate in (0.0, 1.0) else n)
    spread = float(np.var(of_cluster, ddof=1)) / n_clusters if n_clusters > 1 else 0.0
    if per_cluster > 1 and spread > 0:
        effective = min(float(n), rate * (1 - rate) / spread)
    hits, misses = rate * effective, (1 - rate) * effective

    def upper(confidence: float) -> float:
        return 1.0 if misses <= 0 else float(betaincinv(hits + 1, misses, confidence))

    low = 0.0 if hits <= 0 else float(betaincinv(hits, misses + 1, 0.025))
    return Rate(n, rate, low, upper(0.975), upper(0.95))


def read_simulated(rate: Rate, level: float) -> str:
    """Read a size from many simulated nulls: the contract's limits bind its upper bound."""
    if rate.upper_95 > LIMITS[level]:
        return LIBERAL
    return CONSERVATIVE if rate.rate < CONSERVATIVE_SHARE * level else HOLDS


def read_measured(rate: Rate, level: float) -> str:
    """Read a size from a few hundred labelings of a study's own data: only what the interval shows counts.

    Liberal: the whole interval lies above the limit. Holds, or conservative (the whole interval below its share of the
    level): the upper bound meets the limit, as in simulated nulls. Undecided: neither, and with so few labelings that is
    what a test that keeps its level exactly mostly gives. A size without a one-sided bound is held to its interval.
    """
    if rate.ci_low > LIMITS[level]:
        return LIBERAL
    upper = rate.upper_95 if np.isfinite(rate.upper_95) else rate.ci_high
    if upper > LIMITS[level]:
        return UNDECIDED
    return CONSERVATIVE if rate.ci_high < CONSERVATIVE_SHARE * level else HOLDS


def calibration_row(
    scope: str,
    subject: str,
    null: str,
    test: str,
    rate: Rate | None,
    *,
    quantity: str = "size",
    family: str = "simulated",
    level: float = float("nan"),
    parameter: str = "",
    reading: str,
    source: str,
    reason: str = "",
    seed: int = 0,
) -> CalibrationRow:
    """Return one row of `calibration.tsv`; without a rate, one that says why nothing was measured.

    Parameters
    ----------
    scope, subject, null, test
        What was measured: dataset or design class, its name, under which null, and the test.
    rate
        Share of p-values at or below `level`, with its interval; None where nothing was measured.
    quantity
        size, power, or another quantity of `CALIBRATION`.
    family
        Family of the sets that were tested.
    level
        Nominal level.
    parameter
        Setting of a simulation, for example r=0.1; '' where there is none.
    reading
        holds, conservative, liberal, undecided, shown or not measured.
    source
        Where the figures come from.
    reason
        Why there are none, or what they rest on.
    seed
        Seed behind them; 0 where nothing is random.
    """
    nan = float("nan")
    return CalibrationRow(
        scope=scope,
        subject=subject,
        null=null,
        quantity=quantity,
        test=test,
        family=family,
        level=level,
        parameter=parameter,
        n=rate.n if rate else 0,
        rate=rate.rate if rate else nan,
        ci_low=rate.ci_low if rate else nan,
        ci_high=rate.ci_high if rate else nan,
        upper_95=rate.upper_95 if rate else nan,
        reading=reading,
        source=source,
        reason=reason,
        seed=seed,
    )

"""How much power any rule on two cohorts can have that calls heterogeneity alone in 5 % of studies: a bound, not a method.

    python benchmarks/best_possible.py

Two cohorts of 70 v 63 and 107 v 25 give estimates of g with the standard errors of plain two-group comparisons, known exactly.
By the lemma of Neyman and Pearson (1933, doi 10.1098/rsta.1933.0009) no rule on these two numbers that calls at most 5 % of
studies with a mean effect of 0 and a between-cohort SD τ of 0.3 finds g = .5 more often than the likelihood ratio does.
Beside it: the gates of this workflow (pooled p ≤ .01 and z > .5 in each cohort), and the margin at its best.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats

SIZES = ((70, 63), (107, 25))
EFFECT, TAU, MARGIN, SIZE = 0.5, 0.3, 0.4, 0.05
POOLED_Z, REPLICATION_Z = stats.norm.isf(0.005), 0.5
DRAWS, SEED = 4_000_000, 20261127


def main() -> None:
    """Draw, and print the bound beside the gates."""
    rng = np.random.default_rng(SEED)
    variances = np.array([1 / a + 1 / b for a, b in SIZES])
    effect = EFFECT + rng.normal(size=(DRAWS, 2)) * np.sqrt(variances)
    nothing = rng.normal(size=(DRAWS, 2)) * np.sqrt(variances + TAU**2)

    def ratio(estimates: np.ndarray) -> np.ndarray:
        return (estimates**2 / (variances + TAU**2) - (estimates - EFFECT) ** 2 / variances).sum(axis=1)

    def called(estimates: np.ndarray) -> np.ndarray:
        pooled = (estimates / variances).sum(axis=1) / np.sqrt((1 / variances).sum())
        return (pooled > POOLED_Z) & (estimates / np.sqrt(variances) > REPLICATION_Z).all(axis=1)

    bound = (ratio(effect) > np.quantile(ratio(nothing), 1 - SIZE)).mean()
    sys.stdout.write(f"any rule that calls {SIZE:.0%} of tau = {TAU:g}: g = {EFFECT:g} in at most {bound:.1%}\n")
    sys.stdout.write(
        f"the gates: tau = {TAU:g} in {called(nothing).mean():.1%}, g = {EFFECT:g} in {called(effect).mean():.1%}\n"
    )
    error = 1 / np.sqrt((1 / variances).sum())
    for name, scatter in (("as of plain comparisons", error), ("as measured from expression", 0.138)):
        power = stats.norm.cdf(MARGIN / scatter - stats.norm.isf(SIZE))
        sys.stdout.write(
            f"margin {MARGIN:g} excluded falsely in 5 %, scatter {scatter:.3f} ({name}): excluded of nulls {power:.1%}\n"
        )


if __name__ == "__main__":
    main()

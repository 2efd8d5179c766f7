"""What unequal variances of the two groups would do to a test that pools them.

FRY, like every test on one residual variance, is liberal when the smaller group varies more, and conservative when it
varies less. Permuted labels cannot show it, because they mix the groups. From the residuals of the set's score the
variance of each group is estimated; the true variance of the contrast over the one that the test assumes tells its size.
The interval is that of the ratio of two variances, with degrees of freedom corrected for the tails of the residuals
(Shoemaker 2003, doi 10.1198/0003130031441). No verdict rests on it: errors by unit allow for it (`unit_errors`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.calibration.rates import Rate
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.differential.design import Design
    from sidemine.enrichment.set_membership import SetMembership

FEWEST_PER_GROUP = 20
"""Independent samples per group below which a variance of its own says nothing."""


@dataclass(frozen=True)
class UnequalVariances:
    """Variances of a set's score in the two groups.

    Attributes
    ----------
    ratio, ratio_low, ratio_high
        Variance in the target over that in the reference, with its 95 % interval.
    leverage_target, leverage_reference
        Share of the contrast's variance that comes from each group when both vary alike.
    weight_target, weight_reference
        Share of each group in the pooled variance.
    df, n_samples
        Residual degrees of freedom, and samples.
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    leverage_target: float
    leverage_reference: float
    weight_target: float
    weight_reference: float
    df: int
    n_samples: int

    def inflation(self, ratio: float) -> float:
        """Return the true variance of the contrast over the assumed one, for a ratio of the groups' variances."""
        true = self.leverage_target * ratio + self.leverage_reference
        assumed = self.weight_target * ratio + self.weight_reference
        return true / assumed

    def size_of_test(self, level: float) -> Rate:
        """Return the size that these variances imply at a nominal level, with its interval."""
        quantile = float(t_quantile(level / 2, self.df))

        def size(ratio: float) -> float:
            return float(two_sided_p(quantile / np.sqrt(self.inflation(ratio)), self.df))

        low, high = sorted((size(self.ratio_low), size(self.ratio_high)))
        return Rate(self.n_samples, size(self.ratio), low, high, float("nan"))

    def sentence(self) -> str:
        """Say in words what was estimated."""
        size = self.size_of_test(0.05)
        sd = np.sqrt([self.ratio, self.ratio_low, self.ratio_high])
        return (
            f"The set's score varies {sd[0]:.2f} times as much (SD) in the target as in the reference "
            f"(95 % CI {sd[1]:.2f} to {sd[2]:.2f}); with these group sizes this would give FRY by itself a size of {size.rate:.1%} "
            f"({size.ci_low:.1%} to {size.ci_high:.1%}) at a nominal 5 %; the p that is used allows for it."
        )


def unequal_variances(
    fit: ContrastFit, design: Design, membership: SetMembership, gene_set: str
) -> UnequalVariances | None:
    """Estimate the variances of a set's score in the two groups; None where the design or its size does not allow it.

    Parameters
    ----------
    fit, design
        A fitted contrast without weights, and its design.
    membership
        Sets × genes of that fit.
    gene_set
        One of its sets.
    """
    target = design.is_target
    if design.blocking != "none" or fit.facts.sample_weights is not None:
        return None
    if min(int(target.sum()), int((~target).sum())) < FEWEST_PER_GROUP:
        return None
    last = design.matrix.shape[1] - 1
    basis = np.linalg.qr(design.matrix, mode="complete")[0]
    sd = np.sqrt(fit.posterior_variance)
    share = membership.shares()[[membership.gene_sets.index(gene_set)], :]
    residuals = np.asarray(share @ (fit.effects[:, 1:] / sd[:, None]))[0] @ basis[:, last + 1 :].T
    # Each residual's expected share of its own variance: 1 minus its leverage.
    free = np.sum(basis[:, last + 1 :] ** 2, axis=1)
    contrast = basis[:, last] ** 2
    of_target, of_reference = (_variance(residuals[side], free[side]) for side in (target, ~target))
    from scipy.special import fdtri

    tails = _kurtosis([residuals[target], residuals[~target]])
    df_target, df_reference = (_df(float(free[side].sum()), tails) for side in (target, ~target))
    ratio = of_target / of_reference
    return UnequalVariances(
        ratio=ratio,
        ratio_low=ratio / float(fdtri(df_target, df_reference, 0.975)),
        ratio_high=ratio / float(fdtri(df_target, df_reference, 0.025)),
        leverage_target=float(contrast[target].sum()),
        leverage_reference=float(contrast[~target].sum()),
        weight_target=float(free[target].sum() / free.sum()),
        weight_reference=float(free[~target].sum() / free.sum()),
        df=fit.residual_df,
        n_samples=len(design.samples),
    )


def _variance(residuals: NDArray[np.float64], free: NDArray[np.float64]) -> float:
    return float(np.sum(residuals**2) / np.sum(free))


def _kurtosis(groups: list[NDArray[np.float64]]) -> float:
    """Return the fourth moment over the squared variance, of residuals that were scaled to one variance; 3: normal."""
    scaled = np.concatenate([group / np.sqrt(np.mean(group**2)) for group in groups])
    return float(np.mean(scaled**4))


def _df(free: float, kurtosis: float) -> float:
    """Return the degrees of freedom of a variance, 2 / (variance of its estimate), given the tails."""
    n = free + 1
    return 2 * n / max(kurtosis - (n - 3) / (n - 1), 2 / n)

"""The numbers of a screen: each compound against the vehicle of its donor and plate, moderated across the compounds.

A donor is the unit; cells of one donor, and wells of one donor, are not replicates (Squair et al. 2021, doi
10.1038/s41467-021-25960-2). With three donors a compound has two degrees of freedom of its own, so its variance is squeezed
towards that of all compounds (Smyth 2004, doi 10.2202/1544-6115.1027), and its effect is shrunken by what the effects of all
compounds look like (Stephens 2017, doi 10.1093/biostatistics/kxw041).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.variance_prior import SMALLEST_SHARE_OF_MEDIAN, fit_f_distribution
from sidemine.stats.adaptive_shrinkage import effective_errors
from sidemine.stats.tails import SMALLEST_P, t_quantile, two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST_DONORS = 3
"""Fewest donors of a compound that is tested: with two, a variance rests on one number."""
FEWEST_COMPOUNDS = 10
"""Fewest compounds from whose variances a prior is learnt."""
FEWEST_NEIGHBOURS = 8
"""Fewest compounds beside the vehicle in a block, for a comparison with the other compounds."""
FEWEST_FOR_TREND = 30
"""Fewest compounds among which the prior variance may follow the depth of their samples."""
PRIOR_COUNT = 2.0
"""Added to counts of a library of average size before the logarithm (edgeR's default)."""


def log2_per_million(counts: Array) -> Array:
    """Return log2 counts per million, the prior count in proportion to the library (edgeR's `cpm(log = TRUE)`).

    A gene that is not seen has one value whatever the depth; with a fixed prior, shallow samples (compounds that kill cells)
    would seem to raise every rare gene. Robinson, McCarthy and Smyth 2010 (doi 10.1093/bioinformatics/btp616).

    Parameters
    ----------
    counts
        Samples × genes.
    """
    sizes = counts.sum(axis=1, keepdims=True)
    prior = PRIOR_COUNT * sizes / sizes.mean()
    return np.asarray(np.log2((counts + prior) / (sizes + 2 * prior) * 1e6))


@dataclass(frozen=True)
class Differences:
    """Differences of set scores from the vehicle, by compound and donor.

    Attributes
    ----------
    compounds, donors
        Names, sorted.
    from_vehicle
        Compounds × donors × sets: score minus the mean of the vehicle samples of the same block; NaN where that donor has
        no such sample.
    from_others
        The same minus the median of all compounds of that block, in which the vehicle cancels; NaN where the block has too
        few.
    n_samples
        Compounds × donors: samples behind each difference.
    n_without_vehicle
        Samples of compounds in blocks that have no vehicle: they cannot be used.
    fewest_vehicles
        Vehicle samples of the block that has fewest, of those used.
    """

    compounds: list[str]
    donors: list[str]
    from_vehicle: Array
    from_others: Array
    n_samples: NDArray[np.int64]
    n_without_vehicle: int
    fewest_vehicles: int


def paired_differences(scores: Array, samples: pd.DataFrame, vehicle: str) -> Differences:
    """Compare every sample of a compound with the vehicle of its donor and plate; samples of one donor are averaged.

    Parameters
    ----------
    scores
        Samples × sets.
    samples
        Columns compound, donor, plate (text; plate is one word where there are no plates), one row per sample.
    vehicle
        Name of the vehicle among the compounds.
    """
    import pandas as pd

    frame = pd.DataFrame(scores)
    block = (samples["donor"] + "\t" + samples["plate"]).to_numpy(dtype=object)
    compound, donor = (samples[name].to_numpy(dtype=object) for name in ("compound", "donor"))
    is_vehicle = compound == vehicle
    vehicles = frame[is_vehicle].groupby(block[is_vehicle])
    means, n_vehicles = vehicles.mean(), vehicles.size()
    paired = ~is_vehicle & np.isin(block.astype(str), means.index.to_numpy(dtype=str))
    own, block = frame[paired].to_numpy(), block[paired]
    difference = pd.DataFrame(own - means.reindex(block).to_numpy())
    grouped = difference.groupby(block)
    n_beside = pd.Series(compound[paired]).groupby(block).transform("nunique").to_numpy()
    others = difference - grouped.transform("median")
    others[n_beside < FEWEST_NEIGHBOURS] = np.nan
    compounds, at_compound = np.unique(compound[paired].astype(str), return_inverse=True)
    donors, at_donor = np.unique(donor[paired].astype(str), return_inverse=True)

    def averaged(values: pd.DataFrame) -> Array:
        mean = values.groupby([at_compound, at_donor]).mean()
        cube = np.full((len(compounds), len(donors), scores.shape[1]), np.nan)
        cube[mean.index.get_level_values(0), mean.index.get_level_values(1)] = mean.to_numpy()
        return cube

    n_samples = np.zeros((len(compounds), len(donors)), dtype=np.int64)
    np.add.at(n_samples, (at_compound, at_donor), 1)
    used = n_vehicles[np.isin(n_vehicles.index.to_numpy(dtype=str), block.astype(str))]
    return Differences(
        compounds.tolist(),
        donors.tolist(),
        averaged(difference),
        averaged(others),
        n_samples,
        int((~is_vehicle & ~paired).sum()),
        int(used.min()) if len(used) else 0,
    )


@dataclass(frozen=True)
class Moderated:
    """Effects of many compounds on one set, one entry each.

    Attributes
    ----------
    n_donors
        Donors behind each effect.
    effect
        Mean over donors.
    ci_low, ci_high, p_value
        95 % interval and two-sided p of its moderated t, averaged over the priors that the variances leave open.
    error
        Standard error under which a normal test has that p-value.
    prior_sd, prior_df
        Standard deviation between donors that the compounds share (that of the median compound where it follows depth), and
        how many degrees of freedom it is worth, as limma estimates it; may be infinite.
    """

    n_donors: NDArray[np.int64]
    effect: Array
    ci_low: Array
    ci_high: Array
    p_value: Array
    error: Array
    prior_sd: float
    prior_df: float


def moderate(differences: Array, depth: Array | None = None) -> Moderated:
    """Test the mean difference of every compound, its variance squeezed towards that of the others.

    One estimate of the prior degrees of freedom, from variances on two degrees each, is often far too high; the smallest
    p-values of a null screen are then twice too frequent. So the p-value is the mean over all prior degrees of freedom,
    weighted by the likelihood that the variances give them (their prior scale at its maximum).

    Parameters
    ----------
    differences
        Compounds × donors, NaN where a donor lacks the compound; at least `FEWEST_DONORS` values per compound, and at least
        `FEWEST_COMPOUNDS` compounds.
    depth
        log2 of the mean library size of each compound's samples: the prior variance follows it, where there are at least
        `FEWEST_FOR_TREND` compounds. None: it does not.
    """
    known = np.isfinite(differences)
    n = known.sum(axis=1)
    effect = np.nanmean(differences, axis=1)
    own_df = n - 1.0
    variances = np.nansum((differences - effect[:, None]) ** 2, axis=1) / own_df
    trend = depth if depth is not None and len(depth) >= FEWEST_FOR_TREND and np.ptp(depth) > 0 else None
    prior, prior_df = fit_f_distribution(variances, own_df, trend)
    shape = prior / np.exp(np.mean(np.log(prior)))
    weights, scales, prior_dfs = _priors(variances / shape, own_df)
    total = own_df + prior_dfs[:, None]
    posterior = (own_df * variances + prior_dfs[:, None] * scales[:, None] * shape) / total
    errors = np.sqrt(posterior / n)
    # No better known than all variances together (as limma has it).
    df = np.minimum(total, own_df.sum())
    reach = _reach(errors, df, weights)
    return Moderated(
        n_donors=n,
        effect=effect,
        ci_low=effect - reach,
        ci_high=effect + reach,
        p_value=np.maximum(weights @ two_sided_p(effect / errors, df), SMALLEST_P),
        error=effective_errors(effect, errors, df, weights),
        prior_sd=float(np.sqrt(np.median(prior))),
        prior_df=float(prior_df),
    )


_PRIOR_SHARES = np.linspace(0.02, 0.98, 25)
"""Shares of a variance's information that come from the prior; each is as likely as another before the variances are seen."""
_NEARLY_INFINITE = 1e6


def _priors(variances: Array, df: Array) -> tuple[Array, Array, Array]:
    """Return weights, prior variances and prior degrees of freedom: variances over their prior are F distributed."""
    from scipy.special import digamma, gammaln

    x = np.maximum(variances, SMALLEST_SHARE_OF_MEDIAN * np.median(variances))
    prior_df = np.append(np.median(df) * _PRIOR_SHARES / (1 - _PRIOR_SHARES), _NEARLY_INFINITE)[:, None]
    start = np.mean(np.log(x) + np.log(df / 2) - digamma(df / 2))
    log_scale = start + digamma(prior_df / 2) - np.log(prior_df / 2)
    half = (df + prior_df) / 2
    for _ in range(50):  # Newton's method; the log likelihood is concave in the log of the scale
        ratio = df * x / (prior_df * np.exp(log_scale))
        slope = (half * ratio / (1 + ratio) - df / 2).sum(axis=1, keepdims=True)
        bend = (half * ratio / (1 + ratio) ** 2).sum(axis=1, keepdims=True)
        step = np.clip(slope / bend, -1, 1)
        log_scale = log_scale + step
        if np.abs(step).max() < 1e-10:
            break
    ratio = df * x / (prior_df * np.exp(log_scale))
    log_likelihood = gammaln(half) - gammaln(prior_df / 2) + df / 2 * np.log(ratio) - half * np.log1p(ratio)
    of_prior = log_likelihood.sum(axis=1)
    weights = np.exp(of_prior - of_prior.max())
    return weights / weights.sum(), np.exp(log_scale[:, 0]), prior_df[:, 0]


def _reach(errors: Array, df: Array, weights: Array) -> Array:
    """Return the half width of the 95 % interval: where the mean of the p-values is .05.

    The mean falls and is convex, so Newton's method from the narrowest of the intervals comes to it from below.
    """
    from scipy.special import gammaln

    height = np.exp(gammaln((df + 1) / 2) - gammaln(df / 2)) / np.sqrt(df * np.pi)
    reach = (t_quantile(0.975, df) * errors).min(axis=0)
    for _ in range(50):
        t = reach / errors
        missing = weights @ two_sided_p(t, df) - 0.05
        step = missing / (weights @ (2 * height * (1 + t**2 / df) ** (-(df + 1) / 2) / errors))
        reach = reach + step
        if (np.abs(step) <= 1e-10 * reach).all():
            break
    return np.asarray(reach)

"""Signed concordance of two profiles on some genes, with its confidence interval.

With x and y the centred normal deviates of drug and disease, the concordance is Σ x·y / √(Σ x² Σ y²): over all shared
genes their Pearson correlation. Positive: the drug's change and the disease's difference have the same sign.

Noise of the two sides is independent (contrasts that share samples are refused), so T = Σ x·y is an unbiased estimate
of the same sum over the noise-free profiles. Its variance is y'Σₓy + x'Σᵧx − tr(ΣₓΣᵧ), Σ being the covariance that chance
gives the deviates, with inter-gene correlation as the residuals show it: each term is unbiased when Σ is replaced by its
estimate, whatever the number of genes. The interval is t with Satterthwaite's degrees of freedom, the norms taken as
fixed: in a set of co-expressed genes, where one random direction makes all genes agree, it is as wide as it has to be.

Noise also shrinks every correlation towards 0: two studies that show nothing look as if nothing joined them, with great confidence. For
that claim the interval is therefore widened to the noise-free norms, of which only lower 95 % limits are believed; where
a profile does not stand out from noise at all, no resemblance to it is ever excluded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.stats.tails import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.lines.bridge.profiles import FrozenProfile, Profile

    Array = NDArray[np.float64]

LEVEL = 0.95
FEWEST_GENES = 10
"""Genes below which no concordance is computed."""


@dataclass(frozen=True)
class ConcordanceEstimate:
    """Concordance of two profiles on some genes.

    Attributes
    ----------
    n_genes
        Genes it rests on.
    product
        Σ x·y.
    value, se, ci_low, ci_high
        The concordance, −1 to 1, with its standard error and 95 % interval (cut to −1 and 1).
    reliability_drug, reliability_disease
        Lower 95 % limit of the share of Σ x² (Σ y²) that is no noise; 0 where the profile does not stand out.
    corrected_ci_low, corrected_ci_high
        95 % interval of the noise-free concordance (cut to −1 and 1); infinite where a reliability is 0.
    """

    n_genes: int
    product: float
    value: float
    se: float
    ci_low: float
    ci_high: float
    reliability_drug: float
    reliability_disease: float
    corrected_ci_low: float
    corrected_ci_high: float


NOT_MEASURED = ConcordanceEstimate(0, *[float("nan")] * 9)
"""What stands for a concordance on too few genes in a table."""


def measure_concordance_of(
    drug: Profile | FrozenProfile, disease: Profile, chosen: NDArray[np.bool_]
) -> ConcordanceEstimate | None:
    """Measure the concordance of two profiles on the chosen genes; None with fewer than `FEWEST_GENES`.

    Parameters
    ----------
    drug, disease
        Profiles on the same genes, of contrasts without a sample in common; frozen weights may stand for the drug.
    chosen
        Which genes count.
    """
    if int(chosen.sum()) < FEWEST_GENES:
        return None
    x, y = drug.deviates[chosen], disease.deviates[chosen]
    noise_x = [(factor[chosen], df) for factor, df in drug.noises]
    noise_y = [(factor[chosen], df) for factor, df in disease.noises]
    norm = float(np.sqrt((x @ x) * (y @ y)))
    terms = [(float(np.sum((y @ factor) ** 2)), df) for factor, df in noise_x]
    terms += [(float(np.sum((x @ factor) ** 2)), df) for factor, df in noise_y]
    both = math.fsum(float(np.sum((one.T @ other) ** 2)) for one, _ in noise_x for other, _ in noise_y)
    of_drug = math.fsum(v for v, _ in terms[: len(noise_x)])
    of_disease = math.fsum(v for v, _ in terms[len(noise_x) :])
    # tr(ΣₓΣᵧ) is no more than either of the other terms; with few degrees of freedom its estimate may be.
    variance = max(of_drug + of_disease - both, (of_drug + of_disease) / 2)
    df = math.fsum(v for v, _ in terms) ** 2 / math.fsum(v**2 / df for v, df in terms)
    product = float(x @ y)
    value, se = product / norm, float(np.sqrt(variance)) / norm
    half = float(t_quantile((1 + LEVEL) / 2, df)) * se
    reliable = (_reliability(x, noise_x), _reliability(y, noise_y))
    shrunk = float(np.sqrt(reliable[0] * reliable[1]))
    return ConcordanceEstimate(
        n_genes=int(chosen.sum()),
        product=product,
        value=value,
        se=se,
        ci_low=max(value - half, -1.0),
        ci_high=min(value + half, 1.0),
        reliability_drug=reliable[0],
        reliability_disease=reliable[1],
        corrected_ci_low=_widened(value - half, shrunk, -1.0),
        corrected_ci_high=_widened(value + half, shrunk, 1.0),
    )


def _widened(limit: float, shrunk: float, side: float) -> float:
    """Return a limit of the noise-free concordance: away from 0 where that widens the interval, else as it is."""
    if shrunk == 0:
        return side * float("inf")
    return float(np.clip(limit / shrunk if limit * side > 0 else limit, -1, 1))


def _reliability(values: Array, noise: list[tuple[Array, float]]) -> float:
    """Return the lower 95 % limit (one-sided, normal) of 1 − noise / Σ z²."""
    total = float(values @ values)
    expected = math.fsum(float(np.sum(factor**2)) for factor, _ in noise)
    squares = _squared_covariance(noise)
    along = math.fsum(float(np.sum((values @ factor) ** 2)) for factor, _ in noise)
    # Variance of Σ (μ + e)²: 4 μ'Σμ + 2 tr Σ², where μ'Σμ is z'Σz less its noise.
    variance = 4 * max(along - squares, 0.0) + 2 * squares
    low = total - expected - float(t_quantile(LEVEL, np.inf)) * float(np.sqrt(variance))
    return max(low / total, 0.0) if total > 0 else 0.0


def noise_spread(profile: Profile) -> float:
    """Return how far the mean square of noise alone scatters, as its standard error times the root of the number of genes.

    √(2 tr Σ² · n) / tr Σ with the covariance Σ of the profile's noise: √2 for independent genes, more where genes go together.

    Parameters
    ----------
    profile
        Of fitted contrasts.
    """
    trace = math.fsum(float(np.sum(factor**2)) for factor, _ in profile.noises)
    return math.sqrt(2 * _squared_covariance(profile.noises) * len(profile.deviates)) / trace


def _squared_covariance(noise: list[tuple[Array, float]]) -> float:
    """Return tr Σ² of the summed noise, without the bias of few degrees of freedom (Srivastava 2005).

    doi 10.14490/jjss.35.251.
    """
    total = 0.0
    for place, (factor, df) in enumerate(noise):
        own, trace = float(np.sum((factor.T @ factor) ** 2)), float(np.sum(factor**2))
        if df > 1:
            own = df**2 / ((df - 1) * (df + 2)) * (own - trace**2 / df)
        # At least that of independent genes of equal variance.
        total += max(own, trace**2 / len(factor))
        total += 2 * math.fsum(float(np.sum((factor.T @ other) ** 2)) for other, _ in noise[place + 1 :])
    return total

"""Directions in which many genes vary together beyond the declared model, and how far the groups differ in them.

The residuals of the declared model, group included, hold no difference between the groups: a factor that is found in them is
not the disease. Its loadings are, and the contrast coordinates of the same genes regressed on the loadings give the factor's
own group difference (the step of RUV-4, Gagnon-Bartsch, Jacob & Speed 2013, and of CATE, Wang et al. 2017, doi
10.1214/16-AOS1511). Measured loadings have errors, so this difference comes out too small, most of all for a factor that few
genes carry. By how much follows from the singular values alone (OptShrink: Nadakuditi 2014, doi 10.1109/TIT.2014.2311661), and
is taken back. The number of factors is that of deterministic, deflated parallel analysis (Horn 1965; Dobriban & Owen 2019, doi
10.1111/rssb.12301): one after the other, as long as a singular value lies above the upper 5 % point of the largest one of
noise (Tracy–Widom; Johnstone 2001, doi 10.1214/aos/1009210544) that has, gene by gene, the variance that the factors before it
have left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TRACY_WIDOM_95 = 0.9793
"""Upper 5 % point of the Tracy–Widom law of real matrices."""
LEAST_RELIABILITY = 0.5
"""Below this the group difference of a factor would be stretched more than twofold, and with it what
the disease itself moves along its loadings."""
BISECTIONS = 25
DF_PER_FACTOR = 4
"""Residual degrees of freedom per factor, at least."""


@dataclass(frozen=True)
class Factors:
    """Factors of one contrast, in its effect space.

    Attributes
    ----------
    scores
        Factors × (1 + residual df): column 0 is the contrast, corrected for the errors of the loadings.
    variances
        Of these contrast coordinates.
    reliability
        By which they were corrected (1: not at all).
    shares
        Of the residual variance of the genes, per factor.
    loadings
        Genes × factors, columns of length 1.
    n_beyond
        Factors that were found and are not among these: too few degrees of freedom.
    """

    scores: Array
    variances: Array
    reliability: Array
    shares: Array
    loadings: Array
    n_beyond: int


def find_factors(values: Array) -> Factors:
    """Return the factors that many genes share beyond the declared model.

    Parameters
    ----------
    values
        Genes × (1 + residual df), each gene in its own residual standard deviations; column 0 is the contrast. What the sets
        of the pathway hold does not belong in it.
    """
    residuals = values[:, 1:]
    n_genes, df = residuals.shape
    squares, vectors = np.linalg.eigh(residuals.T @ residuals)
    squares = np.maximum(squares[::-1], 0)
    along = residuals @ vectors[:, ::-1]
    found = count_factors(along)
    kept = min(found, df // DF_PER_FACTOR)
    # The sign of an eigenvector is arbitrary; here most loadings are positive.
    loadings = along[:, :kept] / np.sqrt(squares[:kept])
    loadings *= np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    scores = loadings.T @ values
    reliability = np.clip(kept_by_loadings(squares, kept, n_genes), LEAST_RELIABILITY, 1)
    unexplained = values[:, 0] - loadings @ scores[:, 0]
    variance = float(unexplained @ unexplained) / max(1, n_genes - kept)
    scores[:, 0] /= reliability
    return Factors(
        scores=scores,
        variances=max(variance, 1.0) / reliability**2,
        reliability=reliability,
        shares=squares[:kept] / max(float(squares.sum()), np.finfo(float).tiny),
        loadings=loadings,
        n_beyond=found - kept,
    )


def count_factors(along: Array) -> int:
    """Return the number of factors.

    Parameters
    ----------
    along
        Genes × directions: the residuals along each of their principal directions, the strongest first. What is left of a
        gene's variance differs between genes once a factor is out, so that each step knows it gene by gene.
    """
    n_genes, df = along.shape
    squares = along**2
    left = squares.sum(axis=1)
    for found in range(min(n_genes, df) - 1):
        freed = df - found
        edge = largest_of_noise(np.maximum(left, 0) / freed, freed)
        if squares[:, found].sum() <= edge:
            return found
        left = left - squares[:, found]
    return int(min(n_genes, df)) - 1


def largest_of_noise(variances: Array, n_columns: int) -> float:
    """Return about the upper 5 % point of the largest squared singular value of noise.

    Parameters
    ----------
    variances
        Of each row.
    n_columns
        Columns of the matrix.

    Notes
    -----
    The edge of the spectrum is n · min over w of 1/w + Σ σ²/(1 − σ² w)/n (Silverstein & Choi 1995, doi
    10.1006/jmva.1995.1058); the chance beyond it is that of equal variances.
    """
    largest = float(variances.max())
    if largest <= 0:
        return 0.0
    low, high = 0.0, 1 / largest
    for _ in range(BISECTIONS):
        w = (low + high) / 2
        falls = n_columns / w**2 > np.sum((variances / (1 - variances * w)) ** 2)
        low, high = (w, high) if falls else (low, w)
    w = (low + high) / 2
    one, two = np.sqrt(len(variances)), np.sqrt(max(n_columns - 1, 1))
    chance = 1 + TRACY_WIDOM_95 * (1 / one + 1 / two) ** (1 / 3) / (one + two)
    return float((n_columns / w + np.sum(variances / (1 - variances * w))) * chance)


def kept_by_loadings(squares: Array, n_factors: int, n_rows: int) -> Array:
    """Return the part of each factor that its measured direction keeps: the shrunken over the measured singular value.

    Parameters
    ----------
    squares
        Squared singular values, falling; as many as the matrix has columns.
    n_factors
        How many of them are factors; the others are noise, of any shape.
    n_rows
        Rows of the matrix.

    Notes
    -----
    OptShrink: with the D-transform of the other singular values, D(z) = φ(z)·φ̃(z), the best singular value of a signal
    whose measured one is z is −2 D(z) / D′(z).
    """
    n_columns = len(squares)
    few, many = min(n_rows, n_columns) - n_factors, max(n_rows, n_columns) - n_factors
    z2 = squares[:n_factors, None]
    noise = squares[None, n_factors : n_factors + few]
    z = np.sqrt(z2[:, 0])
    over = np.sum(np.sqrt(z2) / (z2 - noise), axis=1)
    slope = -np.sum((z2 + noise) / (z2 - noise) ** 2, axis=1)
    # The longer side has as many further singular values of 0.
    phi, phi_slope = over / few, slope / few
    other, other_slope = (over + (many - few) / z) / many, (slope - (many - few) / z**2) / many
    return np.asarray(-2 * phi * other / (phi_slope * other + phi * other_slope) / z)

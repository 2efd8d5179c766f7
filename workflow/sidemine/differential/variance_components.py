"""Variance between and within blocks, for all genes at once.

The mixed model of statmod's `mixedModel2Fit`: residual contrasts are rotated so that their squares are independent
gamma variables whose means are linear in the two variances; these are fitted by damped Fisher scoring. pylimma does the
same gene by gene, in 80 s for 20,000 genes; here the genes are the rows of an array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-6
MOST_STEPS = 20
LARGEST_DAMPING = 1e15


def block_variance_shares(
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    block_labels: NDArray[np.str_],
    sample_weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return, per gene, the share of the variance that lies between blocks; NaN where the total is not positive.

    Parameters
    ----------
    values
        Genes × samples, no missing values.
    matrix
        Design, samples × coefficients, full rank.
    block_labels
        One label per sample.
    sample_weights
        One positive weight per sample.
    """
    labels = np.unique(block_labels)
    membership = (block_labels[:, None] == labels[None, :]).astype(np.float64)
    design, response = matrix, values
    if sample_weights is not None:
        # statmod weights response and design but not the blocks; kept, so that the estimate is limma's.
        root = np.sqrt(sample_weights)
        design, response = matrix * root[:, None], values * root
    q, _ = np.linalg.qr(design, mode="complete")
    residual_basis = q[:, design.shape[1] :]
    u, singular, _ = np.linalg.svd(residual_basis.T @ membership, full_matrices=True)
    squares = (response @ residual_basis @ u) ** 2
    loadings = np.zeros(squares.shape[1])
    loadings[: len(singular)] = singular**2
    components = _variance_components(squares, loadings)
    total = components.sum(axis=1)
    return np.where(total > 0, components[:, 1] / np.where(total > 0, total, 1.0), np.nan)


def _variance_components(squares: NDArray[np.float64], loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit squares ~ gamma with mean (within + loading × between); genes × 2."""
    x = np.column_stack([np.ones_like(loadings), loadings])
    plain: NDArray[np.float64] = np.asarray(np.linalg.lstsq(x, squares.T, rcond=None)[0].T, dtype=np.float64)
    if len(loadings) <= 2 or (np.abs(loadings) > 1e-15).sum() <= 1 or np.var(loadings) <= 1e-15:
        return plain
    start = plain.copy()
    negative = (plain @ x.T < 0).any(axis=1)
    start[negative] = np.column_stack([squares.mean(axis=1), np.zeros(len(squares))])[negative]
    start[squares.max(axis=1) == 0] = 0.0
    return _gamma_fits(x, squares, start)


def _gamma_fits(x: NDArray[np.float64], y: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gamma regressions with identity link by Levenberg–Marquardt damped scoring, as statmod's `glmgam.fit`."""
    beta = start.copy()
    damping = np.zeros(len(y))
    active = np.flatnonzero(y.max(axis=1) > 0)
    for step in range(MOST_STEPS):
        if len(active) == 0:
            break
        here, mu = y[active], beta[active] @ x.T
        variance = np.maximum(mu**2, (mu**2).max(axis=1, keepdims=True) / 1e3)
        information = np.stack([(x[:, i] * x[:, j] / variance).sum(axis=1) for i, j in ((0, 0), (0, 1), (1, 1))])
        score = ((here - mu) / variance) @ x
        if step == 0:
            damping[active] = (information[0] + information[2]) / 4
        new, change, tries, stuck = _damped_step(x, here, beta[active], information, score, damping, active)
        beta[active] = new
        damping[active[tries == 1]] /= 10
        fitted = new @ x.T
        exact = _deviance(here, fitted) < 1e-15 * fitted.max(axis=1)
        active = active[~(stuck | exact | ((score * change).sum(axis=1) < TOLERANCE))]
    return beta


def _damped_step(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    beta: NDArray[np.float64],
    information: NDArray[np.float64],
    score: NDArray[np.float64],
    damping: NDArray[np.float64],
    active: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Take one step per gene, doubling its damping (in place) until the deviance does not rise."""
    largest = np.maximum(information[0], information[2])
    before = _deviance(y, beta @ x.T)
    new, change = beta.copy(), np.zeros_like(beta)
    tries, stuck = np.zeros(len(y), dtype=np.int64), np.zeros(len(y), dtype=bool)
    open_ = np.arange(len(y))
    while len(open_):
        tries[open_] += 1
        extra = damping[active[open_]]
        a, b, c = information[0][open_] + extra, information[1][open_], information[2][open_] + extra
        s0, s1 = score[open_, 0], score[open_, 1]
        determinant = a * c - b * b
        change[open_] = np.column_stack([c * s0 - b * s1, a * s1 - b * s0]) / determinant[:, None]
        new[open_] = beta[open_] + change[open_]
        fitted = new[open_] @ x.T
        deviance = _deviance(y[open_], fitted)
        top = fitted.max(axis=1)
        good = (deviance <= before[open_]) | ((top > 0) & (deviance < 1e-15 * top))
        lost = ~good & (extra / largest[open_] > LARGEST_DAMPING)
        stuck[open_[lost]] = True
        new[open_[lost]] = beta[open_[lost]]
        open_ = open_[~good & ~lost]
        damping[active[open_]] *= 2
    return new, change, tries, stuck


def _deviance(y: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gamma deviance per gene; infinite where a mean is not positive but its square is."""
    both_zero = (y < 1e-15) & (mu < 1e-15)
    impossible = ((mu <= 0) & ~both_zero).any(axis=1)
    safe_mu = np.where(mu > 0, mu, 1.0)
    safe_y = np.where(y > 0, y, 1e-300)
    each = np.where(both_zero, 0.0, (y - safe_mu) / safe_mu - np.log(safe_y / safe_mu))
    return np.where(impossible, np.inf, 2 * each.sum(axis=1))

"""Variance between and within blocks, for all genes at once.

The mixed model of statmod's `mixedModel2Fit`: residual contrasts are rotated so that their squares are independent
gamma variables whose means are linear in the two variances; these are fitted by damped Fisher scoring. Genes are the rows of
an array, also where each has weights, and so a rotation, of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-6
MOST_STEPS = 21
"""limma sets statmod's `maxit` to 20, and statmod stops after the step beyond it. Few genes are not done by then, and theirs counts as it is."""
GENES_PER_BLOCK = 512
"""Genes whose rotations are in memory at once; never changes the result."""
LARGEST_DAMPING = 1e15


def block_variance_shares(
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    block_labels: NDArray[np.str_],
    weights: NDArray[np.float64] | None = None,
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
    weights
        Positive weights, one per sample or genes × samples; None for none.
    """
    labels = np.unique(block_labels)
    membership = (block_labels[:, None] == labels[None, :]).astype(np.float64)
    # statmod weights response and design but not the blocks; kept, so that the estimate is limma's.
    if weights is None or weights.ndim == 1:
        root = np.ones(len(matrix)) if weights is None else np.sqrt(weights)
        components = _variance_components(*_rotated(values * root, matrix * root[:, None], membership))
    else:
        starts = range(0, len(values), GENES_PER_BLOCK)
        blocks = [slice(start, start + GENES_PER_BLOCK) for start in starts]
        components = np.concatenate([_of_own_weights(values[at], weights[at], matrix, membership) for at in blocks])
    total = components.sum(axis=1)
    return np.where(total > 0, components[:, 1] / np.where(total > 0, total, 1.0), np.nan)


def _of_own_weights(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    matrix: NDArray[np.float64],
    membership: NDArray[np.float64],
) -> NDArray[np.float64]:
    root = np.sqrt(weights)
    squares, loadings = _rotated((values * root)[:, None, :], matrix * root[:, :, None], membership)
    return _variance_components(squares[:, 0], loadings)


def _rotated(
    response: NDArray[np.float64], design: NDArray[np.float64], membership: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squares of the rotated residual contrasts, and what each tells of the variance between blocks; leading axes: genes."""
    q, _ = np.linalg.qr(design, mode="complete")
    residual_basis = q[..., design.shape[-1] :]
    u, singular, _ = np.linalg.svd(np.swapaxes(residual_basis, -1, -2) @ membership, full_matrices=True)
    squares = (response @ residual_basis @ u) ** 2
    loadings = np.zeros((*u.shape[:-2], u.shape[-1]))
    loadings[..., : singular.shape[-1]] = singular**2
    return squares, loadings


def _variance_components(squares: NDArray[np.float64], loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit squares ~ gamma with mean (within + loading × between); genes × 2. Loadings: of all genes, or genes × contrasts."""
    x = np.stack([np.ones_like(loadings), loadings], axis=-1)
    plain = (np.linalg.pinv(x) @ squares[..., None])[..., 0]
    told = ((np.abs(loadings) > 1e-15).sum(axis=-1) > 1) & (np.var(loadings, axis=-1) > 1e-15)
    told = np.broadcast_to(told & (loadings.shape[-1] > 2), len(squares))
    start = plain.copy()
    negative = (_means(x, plain) < 0).any(axis=1)
    start[negative] = np.column_stack([squares.mean(axis=1), np.zeros(len(squares))])[negative]
    start[squares.max(axis=1) == 0] = 0.0
    fitted = plain.copy()
    fitted[told] = _gamma_fits(x if x.ndim == 2 else x[told], squares[told], start[told])
    return fitted


def _means(x: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of every square, genes × contrasts."""
    return np.asarray(beta @ x.T if x.ndim == 2 else (x @ beta[..., None])[..., 0])


def _gamma_fits(x: NDArray[np.float64], y: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gamma regressions with identity link by Levenberg–Marquardt damped scoring, as statmod's `glmgam.fit`."""
    beta = start.copy()
    damping = np.zeros(len(y))
    active = np.flatnonzero(y.max(axis=1) > 0)
    for step in range(MOST_STEPS):
        if len(active) == 0:
            break
        own, here = _rows(x, active), y[active]
        mu = _means(own, beta[active])
        variance = np.maximum(mu**2, (mu**2).max(axis=1, keepdims=True) / 1e3)
        information = np.stack(
            [(own[..., i] * own[..., j] / variance).sum(axis=1) for i, j in ((0, 0), (0, 1), (1, 1))]
        )
        score = np.stack([(own[..., i] * (here - mu) / variance).sum(axis=1) for i in (0, 1)], axis=1)
        if step == 0:
            damping[active] = (information[0] + information[2]) / 4
        new, change, tries, stuck = _damped_step(own, here, beta[active], information, score, damping, active)
        beta[active] = new
        damping[active[tries == 1]] /= 10
        fitted = _means(own, new)
        exact = _deviance(here, fitted) < 1e-15 * fitted.max(axis=1)
        active = active[~(stuck | exact | ((score * change).sum(axis=1) < TOLERANCE))]
    return beta


def _rows(x: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the columns of some genes: their own, or those of all."""
    return x if x.ndim == 2 else x[rows]


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
    before = _deviance(y, _means(x, beta))
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
        fitted = _means(_rows(x, open_), new[open_])
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

"""When is a set's change that of a few of its genes? Ways to ask, each with what it calls falsely and what it costs.

    python benchmarks/few_genes.py --studies 2000

Two cohorts of 70 v 63 and 107 v 25, genes of one correlation, from their sufficient statistics (differences, residual covariance).
A study counts where the effect's own gates pass (pooled p ≤ .01, z > .5 in each cohort, CAMERA in one) and the answer survives:

- `one gene`: p ≤ .05 without the gene that moves most;
- `left out`: and without the few that move most, a tenth of the set and at least two;
- `left out, crossed`: the few are found in one cohort and left out of the other;
- `trimmed`: and by the mean without a fifth of the genes at either end;
- `held back`: and with the few counted for no more than the next gene's estimate, or its one-sided limit (as shipped: 90 %).
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sidemine.considerations.influence.measure import count_few

Values = NDArray[np.float64]
Calls = NDArray[np.bool_]

SIZES = ((70, 63), (107, 25))
N_GENES, BATCH = 1600, 250
TRIMMED = 0.2
LEVELS = (0.5, 0.84, 0.9, 0.95)


@dataclass(frozen=True)
class Drawn:
    """One cohort of many studies: differences of z (studies × genes), residual covariances, and variance per unit of it."""

    moved: Values
    covariance: Values
    unscaled: float


def draw(rng: np.random.Generator, correlation: float, shift: Values) -> list[Drawn]:
    """Return both cohorts of as many studies as `shift` has rows (studies × genes, in SD of a gene)."""
    n_studies, n_genes = shift.shape
    found = []

    def deviates(*shape: int) -> Values:
        shared = np.sqrt(correlation) * rng.standard_normal((n_studies, *shape, 1))
        return shared + np.sqrt(1 - correlation) * rng.standard_normal((n_studies, *shape, n_genes))

    for cases, controls in SIZES:
        unscaled, df = 1 / cases + 1 / controls, cases + controls - 2
        residuals = deviates(df)
        covariance = np.einsum("ski,skj->sij", residuals, residuals) / df
        spread = np.sqrt(np.einsum("sii->si", covariance))
        moved = (shift + np.sqrt(unscaled) * deviates()) / spread
        found.append(Drawn(moved, covariance / spread[:, :, None] / spread[:, None, :], unscaled))
    return found


def _p(z: Values) -> Values:
    return np.asarray(2 * stats.t.sf(np.abs(z), sum(map(sum, SIZES)) - 4))


def _holds(cohorts: Sequence[Drawn], weights: Sequence[Values], p: float = 0.05) -> Calls:
    """Tell where the pooled effect of the weighted genes is above 0 with such a p."""
    effects, precisions = [], []
    for cohort, own in zip(cohorts, weights, strict=True):
        spread = np.sqrt(np.einsum("si,sij,sj->s", own, cohort.covariance, own))
        effects.append((own * cohort.moved).sum(axis=1) / np.maximum(spread, 1e-12))
        precisions.append(1 / cohort.unscaled)
    z = np.average(effects, axis=0, weights=precisions) * np.sqrt(sum(precisions))
    return np.asarray((z > 0) & (_p(z) <= p))


def _gates(cohorts: Sequence[Drawn]) -> Calls:
    """Tell where the effect's own gates pass."""
    n = cohorts[0].moved.shape[1]
    every = [np.ones_like(cohort.moved) for cohort in cohorts]
    replicated, competitive = np.ones(len(every[0]), bool), np.zeros(len(every[0]), bool)
    for cohort in cohorts:
        z = cohort.moved.sum(axis=1) / np.sqrt(cohort.covariance.sum(axis=(1, 2)) * cohort.unscaled)
        replicated &= z > 0.5
        t = cohort.moved / np.sqrt(cohort.unscaled)
        inflation = 1 + (cohort.covariance.sum(axis=(1, 2)) - n) / n
        spread = np.sqrt((N_GENES - n + (t**2).sum(axis=1)) / N_GENES - (t.sum(axis=1) / N_GENES) ** 2)
        competitive |= t.mean(axis=1) / (spread * np.sqrt(inflation / n + 1 / (N_GENES - n))) > stats.norm.isf(0.025)
    return _holds(cohorts, every, 0.01) & replicated & competitive


def _weighed(moved: Values, n_few: int, level: Values | float) -> Values:
    """Return weights with which the few genes that move most add no more than the level (studies × 1)."""
    weights = np.ones_like(moved)
    few = np.argsort(-moved, axis=1)[:, :n_few]
    own = np.take_along_axis(moved, few, axis=1)
    factors = np.where(own > 0, np.minimum(1, np.maximum(level, 0) / np.maximum(own, 1e-12)), 1)
    np.put_along_axis(weights, few, factors, axis=1)
    return weights


def ask(cohorts: Sequence[Drawn]) -> Iterator[tuple[str, Calls]]:
    """Yield every way of asking, and which studies survive it."""
    core = _gates(cohorts)
    n = cohorts[0].moved.shape[1]
    n_few = count_few(n)
    precisions = [1 / cohort.unscaled for cohort in cohorts]
    moved = np.average([cohort.moved for cohort in cohorts], axis=0, weights=precisions)
    error = np.sqrt(1 / sum(precisions))

    def both(weights: Values) -> Calls:
        return _holds(cohorts, [weights] * len(cohorts))

    yield "gates alone", core
    one = core & both(_weighed(moved, 1, 0))
    yield "one gene", one
    yield "left out", one & both(_weighed(moved, n_few, 0))
    crossed = [_weighed(cohort.moved, n_few, 0) for cohort in reversed(cohorts)]
    yield "left out, crossed", one & _holds(cohorts, crossed)
    ranks = moved.argsort(axis=1).argsort(axis=1)
    cut = int(TRIMMED * n)
    yield "trimmed", one & both(np.where((ranks >= cut) & (ranks < n - cut), 1.0, 0.0))
    following = -np.sort(-moved, axis=1)[:, n_few, None]
    for level in LEVELS:
        name = "held back, estimate" if level == 0.5 else f"held back, {level:.0%} limit"
        yield name, one & both(_weighed(moved, n_few, following - stats.norm.ppf(level) * error))


def truths(rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Values]]:
    """Yield what is planted: in words, the correlation, and the shift of each gene in n studies."""
    for few, size in ((1, 10), (2, 10), (2, 15), (2, 40), (3, 40), (4, 40), (7, 75)):
        for rise in (3.0, 5.0, 7.0):
            yield f"{few} of {size} genes at {rise:g} SD", 0.3, np.tile(rise * (np.arange(size) < few), (n, 1))
    for few, size in ((2, 10), (2, 15), (4, 40), (7, 75)):
        yield f"{few} of {size} genes at 5 SD", 0.1, np.tile(5.0 * (np.arange(size) < few), (n, 1))
    for size in (10, 15, 40, 75):
        for share, words in ((1.0, "all"), (0.5, "half"), (1 / 3, "a third")):
            for correlation in (0.3, 0.05) if share == 1 else (0.3,):
                unit = np.sqrt(correlation + (1 - correlation) / size)
                even = np.tile(1.0 * (np.arange(size) < round(share * size)), (n, 1))
                for how, shape in (("alike", even), ("by exponential amounts", even * rng.exponential(1, (n, size)))):
                    shift = 0.5 * unit * shape / shape.mean(axis=1, keepdims=True)
                    yield f"{words} of {size} genes, {how}, g = .5", correlation, shift


def main() -> None:
    """Print one line per truth: per cent of studies."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--studies", type=int, default=2000)
    options.add_argument("--seed", type=int, default=20261127)
    chosen = options.parse_args()
    rng = np.random.default_rng(chosen.seed)
    for words, correlation, shift in truths(rng, chosen.studies):
        counts: dict[str, int] = {}
        for start in range(0, len(shift), BATCH):
            for name, calls in ask(draw(rng, correlation, shift[start : start + BATCH])):
                counts[name] = counts.get(name, 0) + int(calls.sum())
        told = "  ".join(f"{name} {100 * count / len(shift):.1f}" for name, count in counts.items())
        sys.stdout.write(f"{words}, correlation {correlation:g}: {told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

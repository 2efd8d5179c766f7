"""How often do cohorts whose true effects vary around 0 pass the effect's own gates, by their size? τ does not shrink with n.

    python benchmarks/tau_by_size.py --studies 20000
    python benchmarks/tau_by_size.py --expression --studies 400

Scores of people, normal, equal variances, no covariates; the own effect of each cohort is drawn with SD τ. Hedges g, weights and
pooling are the shipped functions. Counted: pooled p ≤ .01 in the declared direction and the replication gate. Caps are left out,
so that the whole rule calls no more than this. `--expression`: planted cohorts through the shipped fit (200 v 200, two cohorts).
"""

from __future__ import annotations

import argparse
import logging
import sys

import numpy as np
from margin import BATCH, _measure
from scipy.stats import binomtest

from sidemine.differential.linear_model import common_space
from sidemine.effect.pooling import pool
from sidemine.enrichment.set_effect import sample_score_effect
from sidemine.verdict.readings import FEW_COHORTS, REPLICATION_Z

TAU, SEED, EXPRESSION_SEED = 0.3, 31, 1405
SIZES = ((25, 25), (50, 50), (100, 100), (200, 200), (500, 500))
Array = np.ndarray


def main() -> None:
    """Print a line per number of cohorts and size."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--studies", type=int, default=20000)
    options.add_argument("--expression", action="store_true")
    chosen = options.parse_args()
    logging.disable(logging.WARNING)
    if chosen.expression:
        return _say("expression, two cohorts of 200 v 200", _of_expression(chosen.studies))
    for k in (2, 3, 5):
        for size in (*SIZES, "70 v 63 and 107 v 25") if k == FEW_COHORTS else SIZES:
            sizes = [(70, 63), (107, 25)] if isinstance(size, str) else [size] * k
            rng = np.random.default_rng([SEED, k, *sizes[0]])
            called = np.concatenate([_of_scores(sizes, rng) for _ in range(max(1, chosen.studies // BATCH))])
            _say(f"k = {k}, {size if isinstance(size, str) else '{} v {} each'.format(*size)}", called)
    return None


def _of_scores(sizes: list[tuple[int, int]], rng: np.random.Generator) -> Array:
    measured = []
    for cases, controls in sizes:
        is_case = (np.arange(cases + controls) < cases).astype(float)
        own = rng.normal(0, TAU, (BATCH, 1))
        scores = rng.standard_normal((BATCH, len(is_case))) + own * is_case
        space = common_space(scores, np.column_stack([np.ones(len(is_case)), is_case]))
        measured.append(sample_score_effect(space, [], fixed_blocks=False))
    return _called(
        *(np.stack([getattr(one, name) for one in measured], axis=1) for name in ("effect", "se", "df", "weight"))
    )


def _of_expression(studies: int) -> Array:
    rng, rows = np.random.default_rng(EXPRESSION_SEED), []
    for _ in range(studies):
        seed = 100 * int(rng.integers(1, 10**7))
        rows.append([_measure([(200, 200)], float(rng.normal(0, TAU)), seed + 10 * place)[0] for place in range(2)])
    columns = ("effect", "effect_se", "effect_df", "effect_weight")
    return _called(*(np.array([[getattr(one, name) for one in study] for study in rows]) for name in columns))


def _called(effects: Array, ses: Array, df: Array, weights: Array) -> Array:
    """Return which studies pass, in the direction `up`."""
    pooled = pool(effects, ses, df, weights=weights)
    z, k = effects / ses, effects.shape[1]
    opposite = (z < -2).any(axis=1) & (k > FEW_COHORTS)
    replicated = ((z > REPLICATION_Z).sum(axis=1) >= -(-2 * k // 3)) & ~opposite
    return replicated & (pooled.carried.effect > 0) & (pooled.carried.p_value <= 0.01)


def _say(text: str, hits: Array) -> None:
    low, high = binomtest(int(hits.sum()), len(hits)).proportion_ci()
    sys.stdout.write(f"{text}: {100 * hits.mean():.1f} % of {len(hits)} ({100 * low:.1f} to {100 * high:.1f})\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

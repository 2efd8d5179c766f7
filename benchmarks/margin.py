"""How often is the margin excluded where it is the truth, and where nothing differs? Many studies, without what may only cap.

    python benchmarks/margin.py --studies 6000
    python benchmarks/margin.py --scores --studies 100000

From expression: planted cohorts through the shipped fit, score, pooled effect and limit; set tests and considerations are left
out, so that a study costs 0.1 s. `--scores` plants the score itself, of known truth, with and without three covariates, and with
patients' SD 1.5 times that of controls and the reverse: HC2 and its degrees of freedom as shipped, vectorised over studies.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from planted_truths import N_UNIVERSES, PRIMARY, SIZES, Cohort, Genome, declare_contrast, draw_cohort, prepare
from scipy.stats import binomtest

from sidemine.differential.contrast import fit_declared_contrast
from sidemine.differential.linear_model import common_space
from sidemine.effect.intervals import Effect, limit_factor
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.pooling import pool
from sidemine.effect.record import COHORT_UNIT, ContrastEvidence
from sidemine.effect.scale import HedgesG
from sidemine.enrichment.set_effect import sample_score_effect
from sidemine.enrichment.set_membership import build_membership
from sidemine.verdict.readings import as_effect

MARGIN, BATCH, SCORES_SEED = 0.4, 500, 11
SEEDS = {(2, MARGIN): 998622027, (2, 0.0): 27656626, (4, MARGIN): 1892737884, (4, 0.0): 978481856}
"""Of planted studies, by the number of cohorts and what is true."""
DESIGNS = {
    "70 v 63 and 107 v 25": SIZES[:2],
    "four small": ((12, 40), (12, 40), (15, 15), (40, 12)),
    "four 15 v 15": ((15, 15),) * 4,
    "four 8 v 8": ((8, 8),) * 4,
}
Sizes = Sequence[tuple[int, int]]


def main() -> None:
    """Print a line per design and truth: the limit as it is, and as it would be with Hedges' J in it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--studies", type=int, default=2000)
    options.add_argument("--scores", action="store_true", help="scores of known truth in place of expression")
    options.add_argument(
        "--design", choices=DESIGNS, action="append", help="by default all (expression: the first two)"
    )
    chosen = options.parse_args()
    logging.disable(logging.WARNING)
    for name in chosen.design or list(DESIGNS)[: None if chosen.scores else 2]:
        for truth in (MARGIN, 0.0):
            studies = of_scores if chosen.scores else of_expression
            for about, limits, factor in studies(DESIGNS[name], truth, chosen.studies):
                shares = [_share(found < MARGIN) for found in (limits, limits / factor)]
                _say(f"{name}, g = {truth:g}{about}: margin excluded in {shares[0]}; with J in the limit {shares[1]}")


def of_expression(sizes: Sizes, truth: float, studies: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the limits of planted studies, and the factors in them."""
    drawn = np.random.SeedSequence(SEEDS[len(sizes), truth]).generate_state(studies)
    # A study takes the hundred from its seed on.
    pooled = [pool_contrasts(_measure(sizes, truth, 100 * (1 + int(one) // 100))) for one in drawn]
    effects = np.array([row.effect for row in pooled])
    _say(
        f"  mean {effects.mean():.4f}, scatter {effects.std():.4f}, mean standard error {np.mean([row.se for row in pooled]):.4f}"
    )
    yield "", np.array([as_effect(row).limit("up") for row in pooled]), np.array([row.limit_factor for row in pooled])


def _measure(sizes: Sizes, truth: float, seed: int) -> list[ContrastEvidence]:
    genome, rows = Genome(seed // 100 % N_UNIVERSES), []
    primary = genome.sets[genome.sets["gene_set"] == PRIMARY]
    for place, (cases, controls) in enumerate(sizes):
        cohort = Cohort(effect=truth, n_cases=cases, n_controls=controls, ages="balanced")
        values, samples, is_case = draw_cohort(cohort, genome, seed + 1 + place)
        name = f"cohort_{place}"
        people = samples.set_axis([f"{name}_{row}" for row in samples.index])
        data = prepare(
            values, genome.universe.symbols, people.assign(group=np.where(is_case, "target", "reference")), name
        )
        row = declare_contrast(name, name, ("age", "sex", "batch"))
        fit = fit_declared_contrast(data, row, min_group_size=3, on_untestable="continue").fit
        found = HedgesG().of_sets(fit, build_membership(primary, fit.genes), fit.genes)
        rows.append(
            _row(name, cases, controls, *(float(one[0]) for one in (found.effect, found.se, found.df, found.weight)))
        )
    return rows


def _row(name: str, cases: int, controls: int, effect: float, se: float, df: float, weight: float) -> ContrastEvidence:
    return ContrastEvidence(
        contrast=name, dataset=name, accession=name, n_target=cases, n_reference=controls, testable=True,
        effect=effect, effect_se=se, effect_df=df, effect_weight=weight, effect_unit=COHORT_UNIT,
    )  # fmt: skip


def of_scores(sizes: Sizes, truth: float, studies: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the same of scores of known truth: covariates, and groups that vary unlike."""
    for covariates in (0, 3):
        for ratio in (1.0, 1.5, 1 / 1.5):
            rng = np.random.default_rng([SCORES_SEED, covariates, round(100 * ratio)])
            parts = [_limits(sizes, truth, covariates, ratio, rng) for _ in range(max(1, studies // BATCH))]
            limits, factors = (np.concatenate(column) for column in zip(*parts, strict=True))
            yield f", {covariates} covariates, SD of patients × {ratio:.2g}", limits, factors


def _limits(
    sizes: Sizes, truth: float, covariates: int, ratio: float, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    measured, factors = [], []
    for cases, controls in sizes:
        n = cases + controls
        is_case = (np.arange(n) < cases).astype(float)
        unit = np.sqrt(((cases - 1) * ratio**2 + controls - 1) / (n - 2))
        scores = rng.standard_normal((BATCH, n)) * np.where(is_case > 0, ratio, 1.0) + truth * unit * is_case
        design = np.column_stack([np.ones(n), rng.standard_normal((n, covariates)), is_case])
        measured.append(sample_score_effect(common_space(scores, design), [], fixed_blocks=False))
        factors.append(limit_factor(_row("", cases, controls, 0.0, 1.0, 1.0, 1.0)))
    effects, ses, df, weights = (
        np.stack([getattr(found, name) for found in measured], axis=1) for name in ("effect", "se", "df", "weight")
    )
    carried = pool(effects, ses, df, weights=weights).carried
    factor = np.average(np.broadcast_to(factors, weights.shape), weights=weights, axis=1)
    figures = zip(carried.effect, carried.se, carried.df, factor, strict=True)
    return np.array([Effect(*map(float, one)).limit("up") for one in figures]), factor


def _share(hits: np.ndarray) -> str:
    low, high = binomtest(int(hits.sum()), len(hits)).proportion_ci()
    return f"{100 * hits.mean():.2f} % of {len(hits)} ({100 * low:.1f} to {100 * high:.1f})"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

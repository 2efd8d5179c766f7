"""Do heavy tails cost power, and what would a Huber score give? Size and power of the pooled p, by score and class.

    python benchmarks/robust_scores.py --studies 1000

Cohorts of 70 v 63 and 107 v 25, a set of 30 genes (one in `one gene`); noise normal or t₃, in genes and in people. Scores:
the mean over genes; Huber's M-estimate of that mean per person; Huber regression of the mean on the design. Everything behind
the score is `hedges_g` and `pool`, as in a study. Writes a table to standard output.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sidemine.differential.linear_model import common_space
from sidemine.effect.pooling import pool
from sidemine.enrichment.set_effect import Standardised, sample_score_effect
from sidemine.study.choices import Score

Array = NDArray[np.float64]
COHORTS = ((70, 63), (107, 25))
SHARED = 0.45
"""Correlation of a gene with its set's activity in a person."""
SEED = 20261127


@dataclass(frozen=True)
class Class:
    """Tails of genes and of people, standard deviation of the controls, whether a covariate is in the model, genes."""

    genes_t3: bool = False
    people_t3: bool = False
    controls_sd: float = 1.0
    covariate: bool = False
    n_genes: int = 30


CLASSES = {
    "normal": Class(),
    "t₃ in genes": Class(genes_t3=True),
    "t₃ in people": Class(people_t3=True),
    "t₃ in both": Class(genes_t3=True, people_t3=True),
    "controls' SD × 1.5": Class(controls_sd=1.5),
    "a covariate": Class(covariate=True),
    "one gene, t₃": Class(genes_t3=True, people_t3=True, n_genes=1),
}


def mean_of_genes(z: Array) -> Array:
    """Return the mean over genes; samples × genes in."""
    return np.asarray(z.mean(axis=1))


def huber_over_genes(z: Array) -> Array:
    """Return Huber's M-estimate of the mean over genes, scale by the median absolute deviation."""
    if z.shape[1] < 3:
        return mean_of_genes(z)
    centre = np.median(z, axis=1, keepdims=True)
    limit = 1.345 * np.median(np.abs(z - centre), axis=1, keepdims=True) / 0.6745
    for _ in range(20):
        centre = centre + np.clip(z - centre, -limit, limit).mean(axis=1, keepdims=True)
    return np.asarray(centre[:, 0])


def measure(scores: Array, matrix: Array, score: Score = "mean") -> Standardised:
    """Return g of scores (studies × samples) on one design."""
    return sample_score_effect(common_space(scores, matrix), [], fixed_blocks=False, score=score)


def studies(of: Class, g: float, n: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of studies whose pooled effect is shown (p ≤ .01), by score."""
    found: dict[str, list[Standardised]] = {"mean": [], "Huber over genes": [], "Huber regression": []}

    def noise(shape: tuple[int, ...], heavy: bool) -> Array:
        return rng.standard_t(3, shape) / np.sqrt(3) if heavy else rng.normal(size=shape)

    for n_target, n_reference in COHORTS:
        target = np.repeat([1.0, 0.0], [n_target, n_reference])
        columns = [np.ones(len(target))]
        if of.covariate:
            columns.append(rng.normal(size=len(target)) + 0.5 * target)
        matrix = np.column_stack([*columns, target])
        sd = np.where(target > 0, 1.0, of.controls_sd)
        unit = np.sqrt(SHARED**2 + (1 - SHARED**2) / of.n_genes) * np.sqrt(np.mean(sd**2))
        mean, robust = np.empty((n, len(target))), np.empty((n, len(target)))
        for study in range(n):
            shared = SHARED * noise((len(target), 1), of.people_t3)
            z = shared + np.sqrt(1 - SHARED**2) * noise((len(target), of.n_genes), of.genes_t3)
            z = z * sd[:, None] + g * unit * target[:, None]
            mean[study], robust[study] = mean_of_genes(z), huber_over_genes(z)
        found["mean"].append(measure(mean, matrix))
        found["Huber over genes"].append(measure(robust, matrix))
        found["Huber regression"].append(measure(mean, matrix, "huber"))
    return {name: _share_shown(cohorts) for name, cohorts in found.items()}


def _share_shown(cohorts: list[Standardised]) -> float:
    def column(pick: Callable[[Standardised], Array]) -> Array:
        return np.column_stack([pick(cohort) for cohort in cohorts])

    pooled = pool(
        column(lambda one: one.effect), column(lambda one: one.se), column(lambda one: one.df),
        weights=column(lambda one: one.weight),
    )  # fmt: skip
    return 100 * float(np.mean(pooled.demanded_p <= 0.01))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    n = parser.parse_args().studies
    rows = []
    for name, of in CLASSES.items():
        for g in (0.0, 0.5):
            shown = studies(of, g, n, np.random.default_rng([SEED, len(rows)]))
            rows.append({"class": name, "g": g, **shown})
            print(
                pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1, float_format="%.1f"), flush=True
            )

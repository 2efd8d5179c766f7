"""Which way of adjusting for hidden factors keeps size and power? Planted cohorts, in process, over many seeds.

Run `python benchmarks/hidden_factors.py [--studies 100] [--only PREFIX] [--ways shipped none]`. Prints, per planted truth and way,
per cent of studies whose effect passes (pooled p ≤ .01, sign up, z > .5 in both cohorts) and keeps its sign with p ≤ .05 after
adjusting; and the mean adjusted effect. Two cohorts of 70 v 63 and 107 v 25 with age, sex and batch in the model; 600 genes, of
which 40 are the set (correlation .3), twelve other sets vary together (.05 to .4), and three kinds of cells move an eighth of the
genes each, a little of the set among them. A hidden factor differs between the groups by .75 SD.

The shipped way is `considerations.hidden_factors.factors`; the others are written here: principal components of the residuals
as they are; RUV-2 (Gagnon-Bartsch & Speed 2012) with all other genes as negative controls; RUV-4 (Gagnon-Bartsch et al. 2013)
with the half of them that differs least; RUVr (Risso et al. 2014); CATE with a robust regression (Wang et al. 2017); SVA in two
steps and iteratively re-weighted (Leek & Storey 2007, 2008).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sidemine.considerations.hidden_factors.factors import count_factors, find_factors
from sidemine.considerations.hidden_factors.measure import CLOSE
from sidemine.effect.adjustment import adjusted_estimate, pool_estimates
from sidemine.effect.record import Estimate

Array = NDArray[np.float64]
N_GENES, N_SET, CORRELATION = 600, 40, 0.3
SIZES = ((70, 63), (107, 25))
DIFFERENCE = 0.75


@dataclass(frozen=True)
class Truth:
    """What is true of both cohorts.

    Attributes
    ----------
    g
        Effect of the set, in standard deviations of its score without a hidden factor.
    share, strength, in_set
        Of a hidden factor: part of the other genes that it moves (either way), by how many of their standard deviations on
        average, and the same of the set (always up).
    difference
        Of the factor between the groups, in its standard deviations.
    two_values
        A batch rather than a gradient.
    severity
        SD of the patients' own effects around g, in units of g: a tenth of the other genes follows them.
    disease
        SD of the differences that a fifth of the other genes have.
    """

    g: float = 0.0
    share: float = 0.0
    strength: float = 0.5
    in_set: float = 0.4
    difference: float = DIFFERENCE
    two_values: bool = False
    severity: float = 0.0
    disease: float = 0.0


@dataclass(frozen=True)
class Genes:
    """Genes of one study, the same in both cohorts."""

    loadings: Array
    severity: Array
    disease: Array
    cells: list[Array] = field(default_factory=list)
    modules: list[tuple[NDArray[np.int_], float]] = field(default_factory=list)


TRUTHS = {
    "nothing": Truth(),
    "nothing, the disease moves other genes": Truth(disease=0.5),
    "g = .5": Truth(g=0.5),
    "g = .5, the disease moves other genes": Truth(g=0.5, disease=0.5),
    "g = .5, a gradient the same in both groups": Truth(g=0.5, share=0.5, difference=0.0),
    "gradient in half of all genes": Truth(share=0.5),
    "gradient in half, weak": Truth(share=0.5, strength=0.25),
    "gradient in half, the disease moves other genes": Truth(share=0.5, disease=0.5),
    "gradient in a tenth": Truth(share=0.1),
    "gradient in a tenth, strong": Truth(share=0.1, strength=1.0, in_set=0.6),
    "gradient in a twentieth": Truth(share=0.05),
    "batch that was not recorded": Truth(share=1.0, strength=0.4, difference=0.8, two_values=True),
    "truth of varying degree": Truth(g=0.9, severity=1.0),
}


def draw_genes(truth: Truth, rng: np.random.Generator) -> Genes:
    """Return the genes of one study; the set comes first."""
    follows = rng.random(N_GENES) < truth.share
    loadings = follows * rng.choice([-1, 1], N_GENES) * rng.uniform(0.4, 1.6, N_GENES) * truth.strength
    loadings[:N_SET] = truth.in_set * rng.uniform(0.5, 1.5, N_SET) if truth.share else 0
    severity = np.where(rng.random(N_GENES) < 0.1, rng.normal(0, 0.6, N_GENES), 0)
    disease = truth.disease * rng.standard_normal(N_GENES) * (rng.random(N_GENES) < 0.2)
    severity[:N_SET], disease[:N_SET] = 1, 0
    cells = []
    for _ in range(3):
        cell = np.where(rng.random(N_GENES) < 1 / 8, rng.normal(0, 0.6, N_GENES), 0)
        cell[:N_SET] = rng.normal(0, 0.15) + rng.normal(0, 0.05, N_SET)
        cells.append(cell)
    starts = N_SET + 45 * np.arange(12)
    modules = [(start + np.arange(rng.integers(15, 45)), rng.uniform(0.05, 0.4)) for start in starts]
    return Genes(loadings, severity, disease, cells, modules)


def draw_cohort(truth: Truth, genes: Genes, sizes: tuple[int, int], rng: np.random.Generator) -> tuple[Array, float]:
    """Return the effect space of one cohort, genes × (1 + residual df), and the unscaled error of the contrast."""
    group = np.repeat([1.0, 0.0], sizes)
    n = len(group)
    age, batch = rng.normal(0.6 * group, 1), rng.integers(0, 3, n)
    covariates = np.column_stack([np.ones(n), age, rng.random(n) < 0.5, batch == 1, batch == 2])
    values = rng.standard_normal((N_GENES, n))
    for rows, correlation in [(np.arange(N_SET), CORRELATION), *genes.modules]:
        values[rows] = np.sqrt(1 - correlation) * values[rows] + np.sqrt(correlation) * rng.standard_normal(n)
    values += sum(np.outer(cell, rng.standard_normal(n)) for cell in genes.cells)
    values += rng.normal(0, 0.2, (N_GENES, 4)) @ covariates[:, 1:].T
    if truth.two_values:
        amount = np.where(rng.random(n) < 0.5 + truth.difference / 4 * (2 * group - 1), 1.0, -1.0)
    else:
        amount = rng.standard_normal(n) + truth.difference * group
    degree = group * truth.g * np.sqrt(CORRELATION + (1 - CORRELATION) / N_SET)
    if truth.severity:
        values += np.outer(genes.severity, degree * (1 + truth.severity * rng.standard_normal(n)))
    else:
        values[:N_SET] += degree
    values += np.outer(genes.loadings, amount) + np.outer(genes.disease, group)
    basis, triangle = np.linalg.qr(np.column_stack([covariates, group]), mode="complete")
    last = covariates.shape[1]
    space = values @ basis[:, last:]
    space[:, 0] *= np.sign(triangle[last, last])
    return space / np.sqrt(np.mean(space[:, 1:] ** 2, axis=1, keepdims=True)), 1 / abs(triangle[last, last])


Covariates = tuple[Array, Array | None]
"""Factors × (1 + residual df), and the variances of their contrast coordinates."""


def shipped(genes: Array) -> Covariates:
    """Residual components, corrected for the errors of their loadings."""
    found = find_factors(genes)
    return found.scores, found.variances


def _residual_directions(genes: Array) -> Array:
    vectors = np.linalg.eigh(genes[:, 1:].T @ genes[:, 1:])[1][:, ::-1]
    return vectors[:, : count_factors(genes[:, 1:] @ vectors)].T


def _directions(values: Array, number: int) -> Array:
    return np.linalg.eigh(values.T @ values)[1][:, ::-1][:, :number].T


def _least_changed(genes: Array) -> Array:
    return genes[np.argsort(abs(genes[:, 0]))[: len(genes) // 2]]


def components(genes: Array) -> Covariates:
    """Residual components as they are."""
    directions = _residual_directions(genes)
    slopes = genes[:, 1:] @ directions.T
    return np.linalg.lstsq(slopes, genes, rcond=None)[0], None


def ruv2(genes: Array) -> Covariates:
    """Components of the values, the difference between the groups included."""
    return _directions(genes, len(_residual_directions(genes))), None


def ruv4(genes: Array) -> Covariates:
    """Residual components; their group difference from the genes that differ least."""
    directions, controls = _residual_directions(genes), _least_changed(genes)
    contrast = np.linalg.lstsq(controls[:, 1:] @ directions.T, controls[:, 0], rcond=None)[0]
    return np.column_stack([contrast, directions]), None


def ruvr(genes: Array) -> Covariates:
    """Residual components, which do not differ between the groups."""
    directions = _residual_directions(genes)
    return np.column_stack([np.zeros(len(directions)), directions]), None


def cate(genes: Array) -> Covariates:
    """Residual components; their group difference by Huber's regression on the loadings."""
    directions = _residual_directions(genes)
    loadings = genes[:, 1:] @ directions.T
    contrast = np.linalg.lstsq(loadings, genes[:, 0], rcond=None)[0]
    for _ in range(20):
        left = genes[:, 0] - loadings @ contrast
        scale = max(1.0, float(np.median(abs(left))) / 0.6745)
        weighted = loadings * np.minimum(1, 1.345 * scale / np.maximum(abs(left), 1e-9))[:, None]
        contrast = np.linalg.solve(weighted.T @ loadings, weighted.T @ genes[:, 0])
    return np.column_stack([contrast, directions]), None


def sva_two_step(genes: Array) -> Covariates:
    """For each residual component the component of the genes that follow it which is most like it."""
    found = []
    for direction in _residual_directions(genes):
        residuals = genes[:, 1:]
        correlation = residuals @ direction / np.linalg.norm(residuals, axis=1)
        p_values = 2 * stats.norm.sf(np.arctanh(np.minimum(abs(correlation), 0.999)) * np.sqrt(len(direction) - 3))
        number = max(10, int(np.sum(stats.false_discovery_control(p_values) <= 0.05)))
        candidates = _directions(genes[np.argsort(p_values)[:number]], 5)
        found.append(candidates[np.argmax(abs(candidates[:, 1:] @ direction))])
    return np.linalg.qr(np.array(found).reshape(len(found), genes.shape[1]).T)[0].T, None


def sva_reweighted(genes: Array) -> Covariates:
    """Components of the values, genes weighted by how likely they follow a factor and not the group."""
    number = len(_residual_directions(genes))
    group = np.eye(1, genes.shape[1])
    factors = _directions(np.column_stack([np.zeros(len(genes)), genes[:, 1:]]), number)
    for _ in range(5):
        both = np.vstack([group, factors])
        weights = (1 - _local_fdr(_f_test(genes, factors, factors[:0]))) * _local_fdr(_f_test(genes, both, factors))
        factors = _directions(genes * weights[:, None], number)
    return factors, None


def _f_test(genes: Array, full: Array, null: Array) -> Array:
    def left(model: Array) -> Array:
        basis = np.linalg.qr(model.T)[0]
        return np.asarray(np.sum((genes - genes @ basis @ basis.T) ** 2, axis=1))

    degrees = len(full) - len(null), genes.shape[1] - len(full)
    return np.asarray(stats.f.sf((left(null) - left(full)) / degrees[0] / (left(full) / degrees[1]), *degrees))


def _local_fdr(p_values: Array) -> Array:
    """As `edge.lfdr` of Bioconductor's sva: the density of probits, smoothed, made monotone in p."""
    probits = stats.norm.ppf(np.clip(p_values, 1e-8, 1 - 1e-8))
    counts, edges = np.histogram(probits, bins=256, range=(probits.min() - 1, probits.max() + 1), density=True)
    centres = (edges[1:] + edges[:-1]) / 2
    kernel = np.exp(-0.5 * ((centres[:, None] - centres) / (1.6 * probits.std() * len(probits) ** -0.2)) ** 2)
    density = np.interp(probits, centres, (kernel / kernel.sum(axis=1, keepdims=True)) @ counts)
    found = np.minimum(min(1.0, float(np.mean(p_values > 0.8)) / 0.2) * stats.norm.pdf(probits) / density, 1)
    order = np.argsort(p_values)
    found[order] = np.maximum.accumulate(found[order])
    return np.asarray(found)


WAYS: dict[str, Callable[[Array], Covariates]] = {
    "shipped": shipped,
    "components": components,
    "CATE": cate,
    "RUV-2": ruv2,
    "RUV-4": ruv4,
    "RUVr": ruvr,
    "SVA, two steps": sva_two_step,
    "SVA, re-weighted": sva_reweighted,
}


def estimates(cohorts: list[tuple[Array, float]], way: Callable[[Array], Covariates] | None) -> list[Estimate]:
    """Return the effect of the set in each cohort."""
    found = []
    for space, stdev in cohorts:
        target = space[:N_SET].mean(axis=0)
        target = target / np.sqrt(np.mean(target[1:] ** 2))
        others = space[N_SET:]
        correlation = others[:, 1:] @ target[1:] / np.linalg.norm(others[:, 1:], axis=1) / np.linalg.norm(target[1:])
        none: Covariates = np.zeros((0, len(target))), None
        scores, variances = none if way is None else way(others[abs(correlation) <= CLOSE])
        found.append(adjusted_estimate(target, scores, stdev, None, variances))
    return found


def main() -> None:
    """Print one line per truth."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--studies", type=int, default=100)
    options.add_argument("--only", default="", help="truths whose name starts so")
    options.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    sys.stdout.write(f"| truth | effect alone | {' | '.join(chosen.ways)} |\n|{'---|' * (2 + len(chosen.ways))}\n")
    for place, (name, truth) in enumerate(TRUTHS.items()):
        if not name.startswith(chosen.only):
            continue
        passed = dict.fromkeys(["alone", *chosen.ways], 0)
        sums = dict.fromkeys(["alone", *chosen.ways], 0.0)
        for study in range(chosen.studies):
            rng = np.random.default_rng([chosen.seed, place, study])
            genes = draw_genes(truth, rng)
            cohorts = [draw_cohort(truth, genes, sizes, rng) for sizes in SIZES]
            alone = estimates(cohorts, None)
            pooled = pool_estimates(alone)
            replicates = all(row.effect / row.effect_se > 0.5 for row in alone)
            core = pooled.effect > 0 and pooled.p_value <= 0.01 and replicates
            passed["alone"] += core
            sums["alone"] += pooled.effect
            for way in chosen.ways:
                adjusted = pool_estimates(estimates(cohorts, WAYS[way]))
                passed[way] += core and adjusted.effect > 0 and adjusted.p_value <= 0.05
                sums[way] += adjusted.effect
        cells = [f"{100 * passed[way] / chosen.studies:.1f} ({sums[way] / chosen.studies:.2f})" for way in passed]
        sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

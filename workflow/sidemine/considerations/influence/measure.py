"""Does an effect hang on one gene of its set? The effect without each gene in turn, all at once.

Leaving one observation out is the jackknife of influence (Cook 1977, doi 10.1080/00401706.1977.10489493), here over genes: a
set's score without gene j is (W · score − w_j z_j) / (W − |w_j|), W being the sum of the absolute weights, so every one is
fitted on the same design without fitting a gene again. The effect without a gene is measured, pooled and tested as the primary
effect is. Where one gene alone moved, the set without it is null, so at most 2.5 % of such studies keep p ≤ .05 in the
declared direction, whatever the size of the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.influence.record import Influence, InfluenceOnEffect, WithoutGene
from sidemine.considerations.sensitivity import estimate_of
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.effect.intervals import measured_effect
from sidemine.effect.measure import common_genes
from sidemine.effect.pooled_effect import pool_as
from sidemine.effect.pooling import Estimates
from sidemine.effect.record import ContrastEvidence, Estimate, HypothesisEvidence
from sidemine.effect.scale import EffectScale, scale_of
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership, without_each_gene

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.choices import Score

    Array = NDArray[np.float64]

MOST_KEPT = 12
"""Genes whose influence is kept on record, per effect."""
FEWEST_LEFT = 2
"""Genes that a set needs so that one can be left out."""


def measure_influence(
    hypothesis: str,
    kind: str,
    evidence: HypothesisEvidence,
    fits: Mapping[str, ContrastFit | None],
    primary: pd.DataFrame,
    score: Score = "mean",
) -> Influence:
    """Measure the primary effect of a hypothesis without each gene of its set.

    Parameters
    ----------
    hypothesis, kind
        Its id; cohort or experiment.
    evidence
        The measured primary effects.
    fits
        Fit of each primary contrast; None where it could not be tested.
    primary
        Rows of the primary set, as `gene_set_table.GENE_SETS` describes.
    score
        As a cohort hypothesis declares it.

    Returns
    -------
    Influence
        Cohorts: the pooled effect. Experiments: the effect of each contrast that could be tested.
    """
    scale = scale_of(kind, score)
    if scale.over_common_genes:
        effects = _of_cohorts(scale, evidence, fits, primary)
    else:
        effects = [
            found
            for row in evidence.contrasts
            if (fit := fits.get(row.contrast)) is not None and (found := _of_experiment(scale, row, fit, primary))
        ]
    return Influence(hypothesis, effects, "" if effects else "no effect of two genes or more was measured")


def _of_cohorts(
    scale: EffectScale, evidence: HypothesisEvidence, fits: Mapping[str, ContrastFit | None], primary: pd.DataFrame
) -> list[InfluenceOnEffect]:
    rows = [row for row in evidence.contrasts if row.contrast in evidence.pooled.contrasts]
    common = sorted(set(primary["gene"]) & common_genes([fits[row.contrast] for row in evidence.contrasts]))
    shown = primary[primary["gene"].isin(common)]
    reference = estimate_of(evidence.pooled)
    if reference is None or int((shown["weight"] != 0).sum()) < FEWEST_LEFT:
        return []
    genes, found = [], []
    for row in rows:
        fit = fits[row.contrast]
        if fit is None:
            raise ValueError(f"{row.contrast} is pooled without a fit")
        left = without_each_gene(build_membership(shown, fit.genes, min_size=0), fit.genes)
        # The order of genes differs between datasets; that of their names does not.
        order = np.argsort(np.array(left.gene_sets))
        genes = [left.gene_sets[place] for place in order]
        sizes = scale.of_sets(fit, left, common)
        found.append((sizes.effect[order], sizes.se[order], sizes.df[order]))
    effects, ses, df = (np.stack(columns, axis=1) for columns in zip(*found, strict=True))
    return [_ordered("", reference, genes, pool_as(rows, effects, ses, df).carried)]


def _of_experiment(
    scale: EffectScale, row: ContrastEvidence, fit: ContrastFit, primary: pd.DataFrame
) -> InfluenceOnEffect | None:
    effect = measured_effect(row)
    membership = build_membership(primary, fit.genes, min_size=0)
    if effect is None or row.p_self_contained is None or int(membership.n_measured[0]) < FEWEST_LEFT:
        return None
    left = without_each_gene(membership, fit.genes)
    sizes = scale.of_sets(fit, left, ())
    tests = fry(fit, left, mixed=False)
    p_values = _towards(tests["p_value"].to_numpy(dtype=float), tests["direction"].to_numpy(dtype=str), sizes.effect)
    own = _towards(np.array([row.p_self_contained]), np.array([row.direction]), np.array([effect.value]))
    low, high = effect.interval(0.95)
    df = np.full(len(p_values), effect.df)
    return _ordered(
        row.contrast,
        Estimate(effect.value, effect.se, low, high, effect.df, float(own[0])),
        left.gene_sets,
        Estimates(sizes.effect, sizes.se, df, sizes.ci_low, sizes.ci_high, p_values),
    )


def _towards(p_values: Array, directions: NDArray[np.str_], effects: Array) -> Array:
    """Return the p-values of tests that point where the effect points; 1 where they do not."""
    sides = np.where(effects > 0, "up", np.where(effects < 0, "down", "none"))
    return np.where(directions == sides, p_values, 1.0)


def _ordered(contrast: str, reference: Estimate, genes: Sequence[str], found: Estimates) -> InfluenceOnEffect:
    """Return the most influential genes, first the one without which least is left in the direction of the effect."""
    side = 1.0 if reference.effect > 0 else -1.0
    # By z where the effect changes sides, by p (which knows the degrees of freedom) where it does not.
    left = side * np.sign(found.effect) * -np.log(np.maximum(found.p_value, np.finfo(float).tiny))
    order = np.lexsort((np.array(genes), left))[:MOST_KEPT]
    kept = [
        WithoutGene(
            str(genes[place]),
            Estimate(*(float(values[place]) for values in (
                found.effect, found.se, found.ci_low, found.ci_high, found.df, found.p_value
            ))),
            float(1 - found.effect[place] / reference.effect) if reference.effect else 0.0,
        )
        for place in order
    ]  # fmt: skip
    return InfluenceOnEffect(contrast, len(genes), reference, kept)

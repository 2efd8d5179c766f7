"""Does an effect hang on one gene of its set? The effect without each gene in turn, all at once.

Leaving one observation out is the jackknife of influence (Cook 1977, doi 10.1080/00401706.1977.10489493), here over genes: a
set's score without gene j is (W · score − w_j z_j) / (W − |w_j|), W being the sum of the absolute weights, so every one is
fitted on the same design without fitting a gene again. The effect without a gene is measured, pooled and tested as the primary
effect is. Where one gene alone moved, the set without it is null, so at most 2.5 % of such studies keep p ≤ .05 in the
declared direction, whatever the size of the set.

Two genes that moved alone hide each other when each is left out in turn. So in a set of ten genes or more the few that move
most, a tenth and at least two, are held back together: their weights fall until none of them adds more than the next gene
surely does (its one-sided 90 % limit). A winsorised mean (Dixon 1960, doi 10.1214/aoms/1177705900), with a limit that the
noise of a null gene does not lift. Leaving them out altogether would cost true effects that a third of the genes carry,
since the genes that chance favours would go first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.influence.record import FewHeldBack, Influence, InfluenceOnEffect, WithoutGene
from sidemine.considerations.sensitivity import estimate_of
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.effect.intervals import measured_effect
from sidemine.effect.measure import genes_of_answer
from sidemine.effect.pooled_effect import pool_as
from sidemine.effect.pooling import Estimates
from sidemine.effect.record import ContrastEvidence, Estimate, HypothesisEvidence
from sidemine.effect.scale import EffectScale, scale_of
from sidemine.enrichment.fry import fry, standardised_effects
from sidemine.enrichment.set_membership import (
    SetMembership,
    build_membership,
    each_gene,
    weighed_less,
    without_each_gene,
)
from sidemine.enrichment.unit_errors import p_of_units
from sidemine.stats.tails import t_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.choices import Score

    Array = NDArray[np.float64]

Take = Callable[[SetMembership, Sequence[str]], SetMembership]
"""From a set and the tested genes to other sets of its genes."""
Measure = Callable[[Take], tuple[Sequence[str], Estimates]]
"""From other sets of the genes to their names and effects."""
MOST_KEPT = 12
"""Genes whose influence is kept on record, per effect."""
FEWEST_LEFT = 2
"""Genes that a set needs so that one can be left out."""
FEWEST_FOR_FEW = 10
"""Genes that a set needs so that a few can be held back: of fewer, two are no small part."""
FEW_SHARE, FEWEST_HELD_BACK = 10, 2
"""A few genes are one of so many of the set, and at least so many."""
LIMIT_LEVEL = 0.90
"""One-sided level at which the next gene surely moves. At .95 experiments of 3 v 3 and sets of hardly correlated genes lose power, at .50
the noise of null genes lifts the limit: 2 genes of 10 then carry 12 % of studies, at .90 6 %, at .95 5 %."""


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
    common = sorted(set(primary["gene"]) & genes_of_answer(evidence, fits))
    shown = primary[primary["gene"].isin(common)]
    reference = estimate_of(evidence.pooled)
    if reference is None or int((shown["weight"] != 0).sum()) < FEWEST_LEFT:
        return []
    whole = [(fit, build_membership(shown, fit.genes, min_size=0)) for fit in (_fit_of(row, fits) for row in rows)]

    def measure(take: Take) -> tuple[Sequence[str], Estimates]:
        names, found = [], []
        for fit, membership in whole:
            taken = take(membership, fit.genes)
            # The order of genes differs between datasets; that of their names does not.
            order = np.argsort(np.array(taken.gene_sets))
            names = [taken.gene_sets[place] for place in order]
            sizes = scale.of_sets(fit, taken, common)
            found.append((sizes.effect[order], sizes.se[order], sizes.df[order]))
        effects, ses, df = (np.stack(columns, axis=1) for columns in zip(*found, strict=True))
        return names, pool_as(rows, effects, ses, df).carried

    genes, alone = measure(each_gene)
    return [_influence("", reference, measure, genes, alone.effect, alone.se, alone.df)]


def _fit_of(row: ContrastEvidence, fits: Mapping[str, ContrastFit | None]) -> ContrastFit:
    fit = fits[row.contrast]
    if fit is None:
        raise ValueError(f"{row.contrast} is pooled without a fit")
    return fit


def _of_experiment(
    scale: EffectScale, row: ContrastEvidence, fit: ContrastFit, primary: pd.DataFrame
) -> InfluenceOnEffect | None:
    effect = measured_effect(row)
    membership = build_membership(primary, fit.genes, min_size=0)
    if effect is None or row.p_self_contained is None or int(membership.n_measured[0]) < FEWEST_LEFT:
        return None
    own = _towards(np.array([row.p_self_contained]), np.array([row.direction]), np.array([effect.value]))
    low, high = effect.interval(0.95)
    reference = Estimate(effect.value, effect.se, low, high, effect.df, float(own[0]))

    def measure(take: Take) -> tuple[Sequence[str], Estimates]:
        taken = take(membership, fit.genes)
        sizes, tests = scale.of_sets(fit, taken, ()), fry(fit, taken, mixed=False)
        directions = tests["direction"].to_numpy(dtype=str)
        found = np.maximum(tests["p_value"].to_numpy(dtype=float), p_of_units(fit, taken))
        p_values = _towards(found, directions, sizes.effect)
        df = np.full(len(p_values), effect.df)
        return taken.gene_sets, Estimates(sizes.effect, sizes.se, df, sizes.ci_low, sizes.ci_high, p_values)

    # Genes count in FRY by their standardised effects, so these tell which move most.
    columns, signs = membership.weights.indices, np.sign(membership.weights.data)
    moved = signs * standardised_effects(fit)[columns, 0]
    genes = [fit.genes[column] for column in columns]
    return _influence(row.contrast, reference, measure, genes, moved, np.ones(len(genes)), fit.df[columns])


def _towards(p_values: Array, directions: NDArray[np.str_], effects: Array) -> Array:
    """Return the p-values of tests that point where the effect points; 1 where they do not."""
    sides = np.where(effects > 0, "up", np.where(effects < 0, "down", "none"))
    return np.where(directions == sides, p_values, 1.0)


def _influence(
    contrast: str, reference: Estimate, measure: Measure, alone: Sequence[str], moved: Array, se: Array, df: Array
) -> InfluenceOnEffect:
    """Return the most influential genes, first the one without which least is left in the direction of the effect.

    Parameters
    ----------
    contrast, reference
        As in the record.
    measure
        Measures other sets of these genes as the effect itself is.
    alone, moved, se, df
        The genes; how far each moves by itself (positive: where its sign in the set points), with its standard error and degrees
        of freedom.
    """
    side = 1.0 if reference.effect > 0 else -1.0
    genes, found = measure(without_each_gene)
    # By z where the effect changes sides, by p (which knows the degrees of freedom) where it does not.
    left = side * np.sign(found.effect) * -np.log(np.maximum(found.p_value, np.finfo(float).tiny))
    order = np.lexsort((np.array(genes), left))[:MOST_KEPT]
    kept = [WithoutGene(genes[place], *_left(found, place, reference)) for place in order]
    few = None
    if held := _held_back(alone, side * moved, se, df):
        rest = measure(lambda membership, measured: weighed_less(membership, measured, held))[1]
        few = FewHeldBack(list(held), *_left(rest, 0, reference))
    return InfluenceOnEffect(contrast, len(genes), reference, kept, few)


def count_few(n_genes: int) -> int:
    """Return how many genes of a set are held back together."""
    return max(FEWEST_HELD_BACK, n_genes // FEW_SHARE) if n_genes >= FEWEST_FOR_FEW else 0


def _held_back(genes: Sequence[str], moved: Array, se: Array, df: Array) -> dict[str, float]:
    """Return by which factor the weights of the few genes that surely move most fall; nothing for a small set."""
    few = count_few(len(genes))
    if not few:
        return {}
    # A gene without residual variance moves nowhere.
    limits = np.nan_to_num(moved - t_quantile(LIMIT_LEVEL, df) * se, nan=-np.inf)
    order = np.lexsort((np.array(genes), -limits))
    level = max(float(limits[order[few]]), 0.0)
    return {genes[place]: min(1.0, level / moved[place]) if moved[place] > 0 else 1.0 for place in order[:few]}


def _left(found: Estimates, place: int, reference: Estimate) -> tuple[Estimate, float]:
    """Return what an effect is, and by which part of itself the whole one falls."""
    columns = (found.effect, found.se, found.ci_low, found.ci_high, found.df, found.p_value)
    estimate = Estimate(*(float(values[place]) for values in columns))
    return estimate, 1 - estimate.effect / reference.effect if reference.effect else 0.0

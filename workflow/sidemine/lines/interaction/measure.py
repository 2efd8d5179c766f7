"""Direct contrasts between subgroups of patients: an effect that differs is tested, not inferred.

"Significant in one subgroup and not in the other" is no difference. A contrast of the two subgroups themselves (for
example pulmonary embolism minus deep vein thrombosis; the healthy drop out) is the interaction, with its own interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.drawing.words import p_statement
from sidemine.effect.pooled_effect import sizes_apart
from sidemine.effect.pooling import COMMON, conflict_level, pool
from sidemine.effect.record import Interval
from sidemine.enrichment.set_effect import hedges_g
from sidemine.enrichment.set_membership import build_membership
from sidemine.lines.interaction.record import POOLED, SubgroupDifference
from sidemine.records import fields_of
from sidemine.stats.tails import t_quantile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.interaction.specification import InteractionToMeasure

    Array = NDArray[np.float64]

MOST_HETEROGENEOUS = 0.01
"""p of Cochran's Q from which on data sets are told to differ; from five on random effects carry that."""


def measure_interaction(
    declared: InteractionToMeasure,
    fits: Mapping[str, ContrastFit],
    dependent: Collection[str],
    gene_sets: pd.DataFrame,
) -> list[SubgroupDifference]:
    """Measure the difference in each contrast, and the common effect where there are several.

    Parameters
    ----------
    declared
        The interaction.
    fits
        Fits of its testable contrasts, in declared order.
    dependent
        Contrasts that are not independent of an earlier one: they do not enter the common effect.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.

    Returns
    -------
    list of SubgroupDifference
        One per contrast, then the common effect over independent ones; positive: higher in the first subgroup. It has no
        figures where one data set is surely higher and another surely lower, nor where an answer of cohorts would have none
        (`pooled_effect.sizes_apart`). Empty where no contrast is testable or they
        share no gene of the set.
    """
    rows = gene_sets[gene_sets["gene_set"] == declared.set]
    common = sorted(set(rows["gene"]).intersection(*(fit.genes for fit in fits.values()))) if fits else []
    if not common:
        return []
    sizes = {
        name: _size(hedges_g(fit, build_membership(rows, fit.genes, min_size=1), common)) for name, fit in fits.items()
    }

    def difference(
        contrast: str, compared: str, place: str, numbers: Mapping[str, float | None], reason: str = ""
    ) -> SubgroupDifference:
        return SubgroupDifference(
            name=declared.id,
            contrast=contrast,
            compared=compared,
            place=place,
            gene_set=declared.set,
            n_genes=len(common),
            effect=numbers["effect"],
            ci_low=numbers["ci_low"],
            ci_high=numbers["ci_high"],
            p_value=numbers["p_value"],
            reason=reason,
        )

    entries = [difference(name, name, name, size) for name, size in sizes.items()]
    independent = [size for name, size in sizes.items() if name not in dependent]
    if len(independent) > 1:
        keys = ("effect", "g_se", "df", "weight")
        effects, ses, dfs, weights = (np.array([[size[key] for size in independent]]) for key in keys)
        pooled = pool(effects, ses, dfs, weights=weights)
        estimate: dict[str, float | None] = {
            name: float(values[0]) for name, values in fields_of(pooled.carried).items()
        }
        q_p = float(pooled.q_p[0])
        reason = ""
        intervals = [Interval(size["effect"], size["ci_low"], size["ci_high"]) for size in independent]
        apart = sizes_apart(intervals, "SD", q_p, float(pooled.i2[0]))
        if _contradict(effects[0], ses[0], dfs[0]):
            estimate, reason = dict.fromkeys(estimate), "the data sets contradict one another"
        elif apart is not None:
            estimate = dict.fromkeys(estimate)
            reason = f"the data sets differ too much for one figure ({apart.words}; {apart.reason})"
        elif pooled.method[0] == COMMON and q_p <= MOST_HETEROGENEOUS:
            reason = f"the data sets differ by more than chance (Cochran's Q, {p_statement(q_p)})"
        place = f"pooled over {len(independent)} data sets"
        entries.append(difference(POOLED, next(iter(fits)), place, estimate, reason))
    return entries


def _contradict(effects: Array, ses: Array, dfs: Array) -> bool:
    """Tell whether one data set is surely higher and another surely lower, as of the contrasts of an answer."""
    half = ses * t_quantile((1 + conflict_level(len(effects))) / 2, dfs)
    return bool((effects - half > 0).any() and (effects + half < 0).any())


def _size(effects: pd.DataFrame) -> dict[str, float]:
    numbers = effects.rename(columns={"g": "effect"})
    columns = ("effect", "g_se", "df", "weight", "ci_low", "ci_high", "p_value")
    return {name: float(numbers[name].iloc[0]) for name in columns}

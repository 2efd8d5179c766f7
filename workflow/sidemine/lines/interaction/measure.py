"""Direct contrasts between subgroups of patients: an effect that differs is tested, not inferred.

"Significant in one subgroup and not in the other" is no difference. A contrast of the two subgroups themselves (for
example pulmonary embolism minus deep vein thrombosis; the healthy drop out) is the interaction, with its own interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.effect.pooling import pool
from sidemine.enrichment.set_effect import hedges_g
from sidemine.enrichment.set_membership import build_membership
from sidemine.lines.bridge.profiles import POOLED

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.projections import InteractionToMeasure


def measure_interaction(
    declared: InteractionToMeasure,
    fits: Mapping[str, ContrastFit],
    not_pooled: Sequence[tuple[str, str]],
    gene_sets: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Return one entry per contrast, and one for the common effect where there are several.

    Parameters
    ----------
    declared
        The interaction.
    fits
        Fits of its testable contrasts, in declared order.
    not_pooled
        Contrasts that are not independent of an earlier one, with the reason.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.

    Returns
    -------
    list of dict
        name, contrast (or `pooled`), compared (the contrast whose groups these are), place (where, in words), gene_set,
        n_genes, effect (Hedges g of the set's score, first minus second subgroup), ci_low, ci_high, p_value,
        effect_scale.
    """
    rows = gene_sets[gene_sets["gene_set"] == declared.set]
    measured = [set(fit.genes) for fit in fits.values()]
    common = sorted(set(rows["gene"]).intersection(*measured)) if measured else []
    entries, effects, ses, dfs = [], [], [], []
    barred = {name for name, _ in not_pooled}
    for name, fit in fits.items() if common else ():
        found = hedges_g(fit, build_membership(rows, fit.genes, min_size=1), common).iloc[0]
        numbers = {key: float(found[column]) for key, column in _COLUMNS.items()}
        entries.append(_entry(declared, name, name, len(common), numbers, name))
        if name not in barred:
            effects.append(float(found["g"]))
            ses.append(float(found["g_se"]))
            dfs.append(float(found["df"]))
    if len(effects) > 1:
        carried = pool(np.array([effects]), np.array([ses]), np.array([dfs]), estimated_ses=False).carried
        numbers = {key: float(getattr(carried, key)[0]) for key in _COLUMNS}
        first = next(iter(fits))
        place = f"pooled over {len(effects)} data sets"
        entries.append(_entry(declared, POOLED, first, len(common), numbers, place))
    return entries


_COLUMNS = {"effect": "g", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p_value"}


def _entry(
    declared: InteractionToMeasure, contrast: str, compared: str, n_genes: int, numbers: dict[str, float], place: str
) -> dict[str, Any]:
    return {
        "name": declared.id,
        "contrast": contrast,
        "compared": compared,
        "place": place,
        "gene_set": declared.set,
        "n_genes": n_genes,
        "effect_scale": "Hedges g",
        **numbers,
    }

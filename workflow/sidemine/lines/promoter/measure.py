"""Whether genes with a binding site move more than others of the same expression and the same promoter composition.

The competitive test of one contrast as a regression: the genes' normal deviates on what is known of the site (a member of
a ChIP target set, or the share of a motif family's matrices that hit), beside a spline of mean expression and, for motifs,
the promoter's GC and CpG. Motifs follow GC, and so does expression: without these columns chance sets are called (Roider et
al. 2009, doi 10.1093/bioinformatics/btp105). The standard error heeds the correlation between genes as CAMERA
does (Wu and Smyth 2012, doi 10.1093/nar/gks461): from the residuals of the same samples, never below independence.

Contrasts and sets are those of the hypothesis: the same samples. This is no independent line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.camera import SMALLEST_VARIANCE, z_of_t
from sidemine.lines.promoter.record import SiteEffect
from sidemine.stats.adjusted_slope import residual_of, spline_columns
from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit

    Array = NDArray[np.float64]

FEWEST_GENES = 10
"""Fewest genes with a site, and without one."""


def site_effect(
    contrast: str, fit: ContrastFit, site: Mapping[str, float], composition: Mapping[str, Sequence[float]] | None = None
) -> SiteEffect | str:
    """Return how much further genes with a site move in one contrast, or why that cannot be told.

    Parameters
    ----------
    contrast, fit
        A fitted contrast.
    site
        Symbol → 0 to 1: member of a target set, or share of a family's matrices that hit. A gene that is not in it has no
        site, unless `composition` is given: then it does not count, since its promoter is not known.
    composition
        Symbol → what describes its promoter besides (GC, CpG).

    Returns
    -------
    SiteEffect or str
        Effect in normal deviates of moderated t (positive: higher in the target), for a site of 1 against none.
    """
    genes = np.array(fit.genes, dtype=object)
    known = (
        np.ones(len(genes), dtype=bool) if composition is None else np.array([gene in composition for gene in genes])
    )
    used = np.flatnonzero(known & np.isfinite(fit.t))
    hit = np.array([site.get(gene, 0.0) for gene in genes[used]])
    with_site = int(np.count_nonzero(hit))
    if with_site < FEWEST_GENES or (composition is None and len(used) - with_site < FEWEST_GENES):
        return f"{contrast}: {with_site} of {len(used):,} usable genes have a site; {FEWEST_GENES} with and without are needed"
    columns = [spline_columns(fit.mean_expression[used])]
    if composition is not None:
        columns.append(np.array([composition[gene] for gene in genes[used]], dtype=np.float64))
    covariates = np.column_stack(columns)
    rest = residual_of(hit, covariates)
    squares = float(rest @ rest)
    if squares <= 1e-6 * float(hit @ hit):
        return f"{contrast}: nothing of the site is left beside expression and composition of the promoters"
    z = z_of_t(fit.t, fit.df)[used]
    effect = float(rest @ z) / squares
    left = residual_of(z, np.column_stack([covariates, hit]))
    variance = float(left @ left) / (len(used) - covariates.shape[1] - 1)
    residuals = fit.effects[used, 1:]
    scaled = residuals / np.sqrt(np.maximum(np.mean(residuals**2, axis=1), SMALLEST_VARIANCE))[:, None]
    inflation = max(1.0, float(np.mean((rest @ scaled) ** 2)) / squares)
    se = float(np.sqrt(variance * inflation / squares))
    p_value = float(two_sided_p(np.array([effect / se]), float(fit.residual_df))[0])
    return SiteEffect(contrast, len(used), with_site, effect, se, float(fit.residual_df), inflation, p_value)


def pool_sites(effects: Sequence[SiteEffect]) -> tuple[float, float, float]:
    """Return effect, standard error and p (two-sided) over independent contrasts.

    Parameters
    ----------
    effects
        One per independent contrast, at least one.

    Notes
    -----
    The inverse-variance mean; its p joins the contrasts' own deviates (each by its t) with the same weights, since standard
    errors of few samples are no constants. One contrast keeps its own p.
    """
    from scipy.special import ndtri

    weights = np.array([1 / row.se for row in effects])
    deviates = np.array([-ndtri(row.p_value / 2) * np.sign(row.effect) for row in effects])
    z = float(weights @ deviates / np.linalg.norm(weights))
    effect = float(np.array([row.effect for row in effects]) @ weights**2 / np.sum(weights**2))
    return effect, float(1 / np.linalg.norm(weights)), float(two_sided_p(np.array([z]), np.inf)[0])

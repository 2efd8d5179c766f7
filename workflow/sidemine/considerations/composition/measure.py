"""Two estimands per cohort: the total effect, and the effect adjusted for the mix of cells.

Adjustment is ordinary regression: the same design with the cell proxies as further covariates. Both are fitted in the
contrast's effect space, where this is exact (Frisch–Waugh–Lovell): residual coordinates give the slopes on the proxies,
the contrast coordinate gives the effect. Composition may be cause, consequence or mediator of the pathway's activity
(a pathway may also carry the signals that make blood cells), so neither estimand is *the* effect, and adjustment proves no absence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.cell_proxies import Proxies, build_proxies
from sidemine.considerations.composition.record import (
    Adjusted,
    Corrected,
    Difference,
    NotAdjusted,
    NotWithDropped,
    SingleProxy,
    WithDropped,
)
from sidemine.effect.adjustment import FEWEST_RESIDUAL_DF, adjusted_estimate, set_score
from sidemine.effect.record import Estimate
from sidemine.enrichment.set_effect import score_factor
from sidemine.records import fields_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.choices import Score

N_BOOTSTRAP = 2000
DRAWS_PER_BLOCK = 250
RELIABILITY = 0.7
"""Assumed share of a proxy's variance that is cells: the attenuation bound of the contract."""
DIFFERS_P = 0.05
"""Two-sided p at which a dropped proxy counts as different between the groups."""
SMALLEST_EIGENVALUE = 0.1
"""Of the proxies' correlation matrix without their measurement error: keeps the bound finite."""


def measure_composition(
    fit: ContrastFit,
    primary: pd.DataFrame,
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    seed: list[int],
    differing: Collection[str] | None = None,
    hypothesis: str = "",
    score: Score = "mean",
) -> Adjusted | NotAdjusted:
    """Measure total and composition-adjusted effect of one primary set in one contrast.

    Parameters
    ----------
    fit
        The fitted contrast.
    primary
        Rows of the primary set (`gene_set_table.GENE_SETS`), genes common to all pooled cohorts.
    markers
        Marker genes per cell type, without target genes.
    contaminated
        Cell types whose markers move in stimulated samples, with the evidence.
    seed
        Entropy of the bootstrap.
    differing
        Contaminated cell types that differ between the groups in any cohort of the question; None: in this contrast.
    hypothesis
        Id of the hypothesis that the set is primary in.
    score
        As that hypothesis declares it.

    Returns
    -------
    Adjusted or NotAdjusted
        Effects are Hedges g on the scale of the total. Markers of dropped cell types answer to the pathway: adjusting for
        them adjusts for too much; without them a shift of these cells is not adjusted for at all.

    Notes
    -----
    The bootstrap is parametric: contrast and residual coordinates of score and proxies are drawn from the normal
    distribution with their residual covariance, which holds for every design that the effect space holds for.
    """
    target = set_score(fit, primary, score)
    proxies = build_proxies(fit, markers, contaminated, target)
    factor = score_factor(fit)
    total = adjusted_estimate(target, None, factor, fit)
    known = NotAdjusted(
        hypothesis=hypothesis,
        gene_set=str(primary["gene_set"].iloc[0]),
        proxies=proxies.facts,
        adjusted_for=proxies.names,
        reason=_why_not(fit, proxies),
        total=total,
    )
    if known.reason:
        return known
    adjusted = adjusted_estimate(target, proxies.scores, factor, fit)
    draws = _bootstrap(target, proxies.scores, factor, seed)
    corrected = _bound(target, proxies.scores, factor, draws["corrected"])
    difference_low, difference_high = np.quantile(draws["total"] - draws["adjusted"], [0.025, 0.975])
    excludes_zero = total.ci_low > 0 or total.ci_high < 0
    cells = find_differing(fit, primary, markers, contaminated, score) if differing is None else sorted(differing)
    return Adjusted(
        **fields_of(known),
        adjusted=adjusted,
        difference=Difference(total.effect - adjusted.effect, float(difference_low), float(difference_high)),
        retained_percent=100 * adjusted.effect / total.effect if excludes_zero else None,
        corrected=corrected,
        could_explain=bool(
            corrected.ci_low <= 0 <= corrected.ci_high or np.sign(corrected.effect) != np.sign(total.effect)
        ),
        single=[_alone(target, proxies, number, fit, total) for number in range(len(proxies.names))],
        with_dropped=_with_dropped(fit, target, markers, contaminated, cells, seed, total) if cells else None,
        n_bootstrap=N_BOOTSTRAP,
    )


def total_effect(fit: ContrastFit, primary: pd.DataFrame, score: Score) -> Estimate:
    """Return the effect of a set without any proxy in the model, as Hedges g.

    Parameters
    ----------
    fit, primary, score
        As in `measure_composition`.
    """
    target = set_score(fit, primary, score)
    return adjusted_estimate(target, None, score_factor(fit), fit)


def find_differing(
    fit: ContrastFit,
    primary: pd.DataFrame,
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    score: Score = "mean",
) -> list[str]:
    """Return the contaminated cell types whose proxy differs between the groups of this contrast, p ≤ .05 each.

    Parameters
    ----------
    fit, primary, markers, contaminated, score
        As in `measure_composition`.
    """
    target = set_score(fit, primary, score)
    differing = []
    for name in sorted(set(contaminated) & set(markers)):
        # Each alone: no proxy here depends on another one.
        proxy = build_proxies(fit, {name: markers[name]}, {}, target).scores
        if len(proxy) and _standardised_shift(proxy[0], 1.0).p_value <= DIFFERS_P:
            differing.append(name)
    return differing


def _with_dropped(
    fit: ContrastFit,
    target: NDArray[np.float64],
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    cells: Sequence[str],
    seed: list[int],
    total: Estimate,
) -> WithDropped | NotWithDropped:
    kept = {name: reason for name, reason in contaminated.items() if name not in cells}
    proxies = build_proxies(fit, markers, kept, target)
    if reason := _why_not(fit, proxies):
        return NotWithDropped(list(cells), proxies.names, reason)
    factor = score_factor(fit)
    numbers = [number for number, name in enumerate(proxies.names) if set(name.split("+")) & set(cells)]
    draws = _bootstrap(target, proxies.scores, factor, seed)
    return WithDropped(
        **fields_of(adjusted_estimate(target, proxies.scores, factor, fit)),
        cells=list(cells),
        adjusted_for=proxies.names,
        reason="",
        corrected=_bound(target, proxies.scores, factor, draws["corrected"]),
        single=[_alone(target, proxies, number, fit, total) for number in numbers],
    )


def _bound(
    target: NDArray[np.float64], proxies: NDArray[np.float64], factor: float, draws: NDArray[np.float64]
) -> Corrected:
    low, high = np.quantile(draws, [0.025, 0.975])
    effect = float(_corrected(*_moments(target, proxies))) * factor
    return Corrected(RELIABILITY, effect, float(draws.std(ddof=1)), float(low), float(high))


def adjust_effect(
    fit: ContrastFit,
    primary: pd.DataFrame,
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    score: Score = "mean",
) -> tuple[Estimate | None, str]:
    """Return the composition-adjusted effect alone, or None and the reason.

    Parameters
    ----------
    fit, primary, markers, contaminated, score
        As in `measure_composition`.
    """
    target = set_score(fit, primary, score)
    proxies = build_proxies(fit, markers, contaminated, target)
    if reason := _why_not(fit, proxies):
        return None, reason
    factor = score_factor(fit)
    return adjusted_estimate(target, proxies.scores, factor, fit), ""


def _why_not(fit: ContrastFit, proxies: Proxies) -> str:
    if not proxies.names:
        return "no usable cell proxy: " + _reasons(proxies)
    if fit.residual_df - len(proxies.names) < FEWEST_RESIDUAL_DF:
        return f"{fit.residual_df} residual degrees of freedom are too few to adjust"
    return ""


def _reasons(proxies: Proxies) -> str:
    return "; ".join(f"{fact.cell_type}: {fact.reason}" for fact in proxies.facts) or "no marker lists"


def _moments(
    target: NDArray[np.float64], proxies: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return contrast, shifts of the proxies, their cross products, and those with the target; leading axes: draws."""
    residuals = proxies[..., 1:]
    with_target = (residuals @ target[..., 1:, None])[..., 0]
    return target[..., 0], proxies[..., 0], residuals @ np.swapaxes(residuals, -1, -2), with_target


def _corrected(
    target: NDArray[np.float64],
    shifts: NDArray[np.float64],
    cross: NDArray[np.float64],
    with_target: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the adjusted contrast if only `RELIABILITY` of each proxy's variance were cells (errors independent).

    The group difference of a proxy is not attenuated, its slope is: slopes are taken from the proxies' covariance
    without the error variance (Fuller 1987, Measurement Error Models, doi 10.1002/9780470316665).
    """
    scale = np.sqrt(np.diagonal(cross, axis1=-2, axis2=-1))
    correlation = cross / (scale[..., :, None] * scale[..., None, :]) - (1 - RELIABILITY) * np.eye(cross.shape[-1])
    values, vectors = np.linalg.eigh(correlation)
    values = np.maximum(values, SMALLEST_EIGENVALUE)
    turned = (np.swapaxes(vectors, -1, -2) @ (with_target / scale)[..., None])[..., 0] / values
    slopes = (vectors @ turned[..., None])[..., 0] / scale
    return np.asarray(target - np.sum(slopes * shifts, axis=-1))


def _bootstrap(
    target: NDArray[np.float64], proxies: NDArray[np.float64], factor: float, seed: list[int]
) -> dict[str, NDArray[np.float64]]:
    together = np.vstack([target, proxies])
    df = together.shape[1] - 1
    root = np.linalg.cholesky(together[:, 1:] @ together[:, 1:].T / df)
    rng, spread = np.random.default_rng(np.random.SeedSequence(seed)), np.sqrt(np.mean(target[1:] ** 2))
    parts: dict[str, list[NDArray[np.float64]]] = {"total": [], "adjusted": [], "corrected": []}
    # In blocks of fixed size, which bounds the memory and leaves the numbers as they would be one by one.
    for start in range(0, N_BOOTSTRAP, DRAWS_PER_BLOCK):
        n_draws = min(DRAWS_PER_BLOCK, N_BOOTSTRAP - start)
        drawn = root @ rng.standard_normal((n_draws, len(together), df + 1))
        drawn[:, :, 0] += together[:, 0]
        # Each draw is counted in its own estimate of the unit, which varies as the residual spread does.
        drawn[:, 0] *= spread / np.sqrt(np.mean(drawn[:, 0, 1:] ** 2, axis=1, keepdims=True))
        contrast, shifts, cross, with_target = _moments(drawn[:, 0], drawn[:, 1:])
        slopes = np.linalg.solve(cross, with_target[..., None])[..., 0]
        parts["total"].append(contrast * factor)
        parts["adjusted"].append((contrast - np.sum(slopes * shifts, axis=1)) * factor)
        parts["corrected"].append(_corrected(contrast, shifts, cross, with_target) * factor)
    return {name: np.concatenate(found) for name, found in parts.items()}


def _alone(
    target: NDArray[np.float64], proxies: Proxies, number: int, fit: ContrastFit, total: Estimate
) -> SingleProxy:
    scores, factor = proxies.scores[number], score_factor(fit)
    alone = adjusted_estimate(target, scores[None], factor, fit)
    shift = _standardised_shift(scores, factor)
    return SingleProxy(proxies.names[number], shift, alone, total.effect - alone.effect)


def _standardised_shift(scores: NDArray[np.float64], factor: float) -> Estimate:
    """Return how far a proxy differs between the groups, as Hedges g."""
    spread = float(np.sqrt(np.mean(scores[1:] ** 2)))
    return adjusted_estimate(scores / spread, None, factor)

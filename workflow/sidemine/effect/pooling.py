"""Pooling one effect over independent studies, for thousands of genes or sets at once.

Common effect, random effects with Hartung–Knapp, Stouffer's z, heterogeneity, prediction interval and leave-one-out.
What carries an answer depends on the number of studies k alone, never on the data: the common effect below five studies;
from five on the random-effects mean (REML, Hartung–Knapp), which must be shown by the common effect too. With k = 2
Hartung–Knapp rests on one degree of freedom and has hardly any power; it is shown and does not carry. τ², I² and the
prediction interval are not estimable below three studies and are NaN there; with one study there is nothing to pool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.effect.between_study_variance import (
    estimate_tau_squared,
    heterogeneity,
    study_weights,
    weighted_mean,
)
from sidemine.errors import InputError, Problem
from sidemine.stats.tails import chi_squared_p, t_quantile, two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST_FOR_HETEROGENEITY = 3
"""Below this number of studies τ², I² and the prediction interval are not estimable."""
FEWEST_FOR_RANDOM_EFFECTS = 5
"""From this number of studies on, random effects carry the answer."""
COMMON_DEMAND, RANDOM_DEMAND = 0.01, 0.05
"""Two-sided p that an answer over five or more studies demands of the common effect and of Hartung and Knapp."""
CONFLICT_P = 0.05
"""One-sided p at which each of two contrasts of opposite sign is called surely so; of more, `conflict_level` shares it."""
METHODS = ("none", "single dataset", "common effect", "random effects (REML, Hartung–Knapp)")
"""What can carry an answer; `Pooled.method` points into it."""
SINGLE, COMMON, RANDOM = 1, 2, 3
"""Places in `METHODS`."""


@dataclass(frozen=True)
class Estimates:
    """An estimate per row with its standard error, degrees of freedom, confidence interval and two-sided p."""

    effect: Array
    se: Array
    df: Array
    ci_low: Array
    ci_high: Array
    p_value: Array


@dataclass(frozen=True)
class Pooled:
    """What pooling gives, one entry per row; signs are target minus reference.

    Attributes
    ----------
    k
        Studies that have this row.
    method
        Index into `METHODS`: what carries the answer.
    carried
        The estimate that carries the answer. From five studies on its p is the larger one of the common effect's and
        Hartung and Knapp's: an effect is shown where both show it.
    common
        Common effect, inverse-variance weights or those given.
    random_effects, hartung_knapp, dersimonian_laird
        Random-effects means: REML with normal limits, REML with Hartung–Knapp limits (t on k − 1, standard error never
        below the plain one), DerSimonian–Laird with normal limits. NaN for one study.
    tau2, tau2_dl, tau2_pm, i2
        Variance between studies by REML, DerSimonian–Laird and Paule–Mandel; I² in percent, from the REML τ². NaN
        below three studies.
    q_statistic, q_p
        Cochran's Q and its χ² p-value on k − 1 degrees of freedom. NaN for one study.
    prediction_low, prediction_high
        95 % prediction interval of a new study (REML, Hartung–Knapp, t on k − 1). NaN below three studies.
    stouffer_z, stouffer_p
        Weighted sum of the studies' z-values, and its two-sided p. NaN for one study.
    left_out
        Rows × studies: the carried estimate without that study. NaN where a study has no row or none would be left.
    """

    k: NDArray[np.int64]
    method: NDArray[np.int64]
    carried: Estimates
    common: Estimates
    random_effects: Estimates
    hartung_knapp: Estimates
    dersimonian_laird: Estimates
    tau2: Array
    tau2_dl: Array
    tau2_pm: Array
    i2: Array
    q_statistic: Array
    q_p: Array
    prediction_low: Array
    prediction_high: Array
    stouffer_z: Array
    stouffer_p: Array
    left_out: Array

    @property
    def demanded_p(self) -> Array:
        """The p of an answer, one per row, on the scale of the common effect's demand.

        Below five studies it is the carried p. From five on an answer makes two demands, p ≤ .01 of the common effect and
        p ≤ .05 of Hartung and Knapp. An intersection–union test (Berger 1982, doi 10.1080/00401706.1982.10487790) takes the
        larger p, so both must be on one scale: Hartung and Knapp's counts a fifth where it meets its demand, and whole where
        it does not. So demanded_p ≤ .01 says that both demands are met, and demanded_p ≤ .05 that both p are at most .05,
        as their intervals say. Where effects are alike it is never below the common effect's p, a p-value, and Holm's
        adjustment holds; where they differ between studies it is one on Hartung and Knapp's level of .05.
        """
        knapp = self.hartung_knapp.p_value
        scaled = np.where(knapp <= RANDOM_DEMAND, knapp * (COMMON_DEMAND / RANDOM_DEMAND), knapp)
        return np.where(self.method == RANDOM, np.fmax(self.common.p_value, scaled), self.carried.p_value)

    def figures(self) -> dict[str, Array]:
        """Return what stands beside the carried estimate, by column; one entry per row.

        `leave_one_out_low` and `leave_one_out_high` are the range of the carried estimate when one study is left out; NaN
        for one study.
        """
        known = ~np.isnan(self.left_out)
        low = np.where(known, self.left_out, np.inf).min(axis=1, initial=np.inf)
        high = np.where(known, self.left_out, -np.inf).max(axis=1, initial=-np.inf)
        return {
            "tau2": self.tau2,
            "i2": self.i2,
            "q_statistic": self.q_statistic,
            "q_p": self.q_p,
            "prediction_low": self.prediction_low,
            "prediction_high": self.prediction_high,
            "random_effect": self.hartung_knapp.effect,
            "hartung_knapp_ci_low": self.hartung_knapp.ci_low,
            "hartung_knapp_ci_high": self.hartung_knapp.ci_high,
            "hartung_knapp_p": self.hartung_knapp.p_value,
            "dersimonian_laird_effect": self.dersimonian_laird.effect,
            "dersimonian_laird_p": self.dersimonian_laird.p_value,
            "stouffer_z": self.stouffer_z,
            "stouffer_p": self.stouffer_p,
            "leave_one_out_low": np.where(np.isfinite(low), low, np.nan),
            "leave_one_out_high": np.where(np.isfinite(high), high, np.nan),
        }


def pool(
    effects: Array,
    ses: Array,
    df: Array | None = None,
    stouffer_weights: Array | None = None,
    level: float = 0.95,
    *,
    weights: Array | None = None,
) -> Pooled:
    """Pool each row's effect over the studies that have it.

    Parameters
    ----------
    effects, ses
        Rows × studies: effects on one scale and their standard errors; NaN where a study has none. Studies must be
        independent of each other.
    df
        Degrees of freedom of each effect / se, rows × studies or one per study; the common effect and Stouffer's z
        then rest on t. None: normal, as R's metafor.
    stouffer_weights
        One per study, for example the square root of the effective sample size (Stouffer et al. 1949; Liptak 1958).
        None: equal.
    level
        Level of all intervals.
    weights
        Weights of the common effect, rows × studies, which owe nothing to the noise of `ses`: those of the design, for
        Hedges g. The mean is then a fixed sum, with t on Satterthwaite's degrees of freedom (1946, doi 10.2307/3002019). None:
        1 / se². These are noisy where standard errors were estimated on few `df`: its standard error is then enlarged as
        Meier (1953, doi 10.2307/3001633) has it, and referred to t on the fewest degrees of freedom among the studies.

    Returns
    -------
    Pooled
        Equal to metafor's `rma` (methods EE, REML, DL, PM; test "adhoc") for `df` None.

    Raises
    ------
    InputError
        When shapes differ, or a standard error beside an effect is not a positive finite number.

    Notes
    -----
    Hartung and Knapp 2001 (doi 10.1002/sim.791), with the floor of Röver, Knapp and Friede 2015
    (doi 10.1186/s12874-015-0091-1): studies that agree by chance would make its interval absurdly short. Higgins and
    Thompson 2002 (doi 10.1002/sim.1186) for I². Random effects and Q take standard errors as known, as is usual: with few
    degrees of freedom they are too sure.
    """
    effects, ses = np.asarray(effects, dtype=np.float64), np.asarray(ses, dtype=np.float64)
    _refuse_bad(effects, ses)
    missing = np.isnan(effects) | np.isnan(ses)
    y, v = np.where(missing, np.nan, effects), np.where(missing, np.nan, ses**2)
    freedom = np.full(y.shape, np.inf) if df is None else np.broadcast_to(np.asarray(df, dtype=np.float64), y.shape)
    k = (~missing).sum(axis=1)
    tau_reml = estimate_tau_squared(y, v, "REML")
    tau_dl = estimate_tau_squared(y, v, "DL")
    precision = study_weights(v) if weights is None else np.where(missing, 0.0, weights)
    common = _common_effect(y, v, freedom, level, precision, noisy=weights is None)
    random, knapp = _random_effects(y, v, tau_reml, level)
    several, estimable = k > 1, k >= FEWEST_FOR_HETEROGENEITY
    q = np.where(several, heterogeneity(y, v), np.nan)
    method = np.select([k >= FEWEST_FOR_RANDOM_EFFECTS, k > 1, k == 1], [RANDOM, COMMON, SINGLE], 0)
    spread = t_quantile((1 + level) / 2, k - 1.0) * np.sqrt(knapp.se**2 + tau_reml)
    z, z_p = _stouffer(y, v, freedom, stouffer_weights)
    return Pooled(
        k=k,
        method=method,
        carried=_choose(method == RANDOM, _shown_by_both(knapp, common), common),
        common=common,
        random_effects=random,
        hartung_knapp=knapp,
        dersimonian_laird=_random_effects(y, v, tau_dl, level)[0],
        tau2=np.where(estimable, tau_reml, np.nan),
        tau2_dl=np.where(estimable, tau_dl, np.nan),
        tau2_pm=np.where(estimable, estimate_tau_squared(y, v, "PM"), np.nan),
        i2=np.where(estimable, _i_squared(v, tau_reml), np.nan),
        q_statistic=q,
        q_p=np.where(several, chi_squared_p(q, k - 1.0), np.nan),
        prediction_low=np.where(estimable, knapp.effect - spread, np.nan),
        prediction_high=np.where(estimable, knapp.effect + spread, np.nan),
        stouffer_z=np.where(several, z, np.nan),
        stouffer_p=np.where(several, z_p, np.nan),
        left_out=_leave_one_out(y, v, precision, method),
    )


def _refuse_bad(effects: Array, ses: Array) -> None:
    if effects.ndim != 2 or effects.shape != ses.shape:
        raise InputError(
            Problem(
                "effects and standard errors do not match",
                f"shapes {effects.shape} and {ses.shape}",
                "two tables of the same rows and studies",
                "Report this as a bug.",
            )
        )
    bad = ~np.isnan(effects) & ~np.isnan(ses) & ~(np.isfinite(effects) & np.isfinite(ses) & (ses > 0))
    if bad.any():
        row, study = (int(place) for place in np.argwhere(bad)[0])
        raise InputError(
            Problem(
                f"{int(bad.sum())} effects cannot be pooled: they or their standard errors are not usable numbers",
                f"first in row {row}, study {study}: effect {effects[row, study]}, se {ses[row, study]}",
                "finite effects, standard errors above 0; NaN where a study has none",
                "Leave out what has no standard error.",
            )
        )


def _estimate(effect: Array, se: Array, df: Array, level: float) -> Estimates:
    half_width = t_quantile((1 + level) / 2, df) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = two_sided_p(effect / se, df)
    return Estimates(effect, se, df, effect - half_width, effect + half_width, np.where(np.isnan(se), np.nan, p_value))


def _common_effect(y: Array, v: Array, df: Array, level: float, weights: Array, *, noisy: bool) -> Estimates:
    mean, total = weighted_mean(np.where(weights > 0, y, 0.0), weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weights / total[:, None]
        # What every study brings to the variance of the mean.
        parts = np.where(share > 0, share**2 * np.where(share > 0, v, 0.0), 0.0)
        variance = np.where(total > 0, parts.sum(axis=1), np.nan)
        if noisy:
            variance = variance * (1 + 4 * np.where(share > 0, share * (1 - share) / df, 0.0).sum(axis=1))
            freedom = np.where(share > 0, df, np.inf).min(axis=1)
        else:
            freedom = variance**2 / np.where(share > 0, parts**2 / df, 0.0).sum(axis=1)
    return _estimate(mean, np.sqrt(variance), freedom, level)


def _random_effects(y: Array, v: Array, tau_squared: Array, level: float) -> tuple[Estimates, Estimates]:
    """Return the random-effects mean with normal and with Hartung–Knapp inference; NaN for a single study."""
    weights = study_weights(v, np.where(np.isnan(tau_squared), 0.0, tau_squared))
    present = np.where(weights > 0, y, 0.0)
    mean, total = weighted_mean(present, weights)
    df = (weights > 0).sum(axis=1) - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter = (weights * (present - mean[:, None]) ** 2).sum(axis=1) / df
        plain = np.where(df > 0, 1 / np.sqrt(total), np.nan)
        knapp = np.maximum(plain, np.sqrt(scatter / total))
    mean = np.where(df > 0, mean, np.nan)
    return (
        _estimate(mean, plain, np.full(len(df), np.inf), level),
        _estimate(mean, knapp, np.where(df > 0, df, np.nan), level),
    )


def _shown_by_both(knapp: Estimates, common: Estimates) -> Estimates:
    """Return Hartung–Knapp with the larger p of the two: that of the intersection–union test."""
    return replace(knapp, p_value=np.fmax(knapp.p_value, common.p_value))


def _i_squared(v: Array, tau_squared: Array) -> Array:
    weights = study_weights(v)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        typical = ((weights > 0).sum(axis=1) - 1) / (total - (weights**2).sum(axis=1) / total)
        return np.asarray(100 * tau_squared / (tau_squared + typical))


def _stouffer(y: Array, v: Array, df: Array, weights: Array | None) -> tuple[Array, Array]:
    from scipy.special import ndtri, stdtr

    t = y / np.sqrt(v)
    present = ~np.isnan(t)
    # From the lower tail of |t|, so that strong evidence keeps its digits.
    finite = np.isfinite(df)
    tail = stdtr(np.where(finite, df, 1.0), -np.abs(np.where(present, t, 0.0)))
    exact = -ndtri(np.maximum(tail, np.exp(-700.0)))
    z = np.where(finite, np.sign(t) * exact, t)
    share = np.where(present, np.ones(y.shape[1]) if weights is None else np.asarray(weights, dtype=np.float64), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        combined = np.where(present, share * np.where(present, z, 0.0), 0.0).sum(axis=1) / np.sqrt(
            (share**2).sum(axis=1)
        )
    return combined, two_sided_p(combined, np.inf)


def _leave_one_out(y: Array, v: Array, precision: Array, method: NDArray[np.int64]) -> Array:
    """Return the carried estimate without each study, by the method that the full row uses."""
    result = np.full(y.shape, np.nan)
    random = method == RANDOM
    for study in range(y.shape[1]):
        rest = np.delete(np.arange(y.shape[1]), study)
        rows = ~np.isnan(v[:, study]) & (method >= COMMON)
        weights = precision[:, rest].copy()
        heavy = rows & random
        if heavy.any():
            tau = estimate_tau_squared(y[heavy][:, rest], v[heavy][:, rest], "REML")
            weights[heavy] = study_weights(v[heavy][:, rest], tau)
        mean, _ = weighted_mean(np.where(weights > 0, y[:, rest], 0.0), weights)
        result[rows, study] = mean[rows]
    return result


def _choose(condition: NDArray[np.bool_], first: Estimates, other: Estimates) -> Estimates:
    def pick(name: str) -> Array:
        return np.asarray(np.where(condition, getattr(first, name), getattr(other, name)), dtype=np.float64)

    return Estimates(*(pick(name) for name in ("effect", "se", "df", "ci_low", "ci_high", "p_value")))


def conflict_level(k: int) -> float:
    """Return the level of the intervals by which k contrasts are compared.

    Without any effect each of the k(k − 1) ordered pairs is called conflicting by p². So many pairs share what two contrasts
    have: .5 % in all. With 90 % intervals throughout, 5.8 % of null studies of six contrasts are conflicting, and 14 % of ten.
    Contrasts that share a vehicle (doses) are counted each, since each may conflict with those of another experiment: two experiments
    of two to four doses then conflict in .3 % of 200,000 draws without any effect, counted as two in 1.8 to 5.4 %, and effects of
    ± 3 standard errors conflict in 60 %, as in two contrasts (63 %).

    Parameters
    ----------
    k
        Number of contrasts.
    """
    return 1 - 2 * CONFLICT_P * math.sqrt(2 / max(k * (k - 1), 2))

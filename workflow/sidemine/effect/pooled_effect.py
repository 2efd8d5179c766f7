"""The pooled primary effect of a hypothesis: which contrasts may enter, and what they give together.

k counts independent datasets. Contrasts that share a source, samples or units are correlated; they are not modelled
jointly here, so the first declared one that could be tested enters and the others are refused, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.effect.intervals import limit_factor, measured_effect
from sidemine.effect.plain_words import as_percent_change
from sidemine.effect.pooling import (
    FEWEST_FOR_HETEROGENEITY,
    FEWEST_FOR_RANDOM_EFFECTS,
    METHODS,
    Estimates,
    Pooled,
    pool,
)
from sidemine.effect.record import (
    COHORT_UNIT,
    ContrastEvidence,
    Discovery,
    Estimate,
    HypothesisEvidence,
    Interval,
    LeftOut,
    Order,
    PooledEffect,
    Refused,
    Replication,
    SizesDiffer,
    SpreadPrior,
    WithoutOne,
)
from sidemine.effect.spread_prior import with_spread_prior

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPLICATION_P = 0.05
"""One-sided p, in the direction of the discovery, that the replication datasets must reach."""
CONSIDERABLE_P, CONSIDERABLE_I2 = 0.001, 75.0
"""Q's p below which, and I² (percent) above which, three or more datasets have no common size."""
MOST_FOLD = 100
UNIT = "/unit/"
"""What the name of a biological unit holds, and that of a sample does not."""
BELOW_THREE = "not estimable with fewer than three independent datasets"
SINGLE = "a single dataset: there is nothing to pool"
NOTHING = "no contrast could be tested"
NO_POOL_OF_ARMS = "the arms of a panel share samples: one model gives each its own effect"
_HETEROGENEITY = ("tau2", "i2", "prediction_low", "prediction_high")
_OF_SEVERAL = (
    "q_statistic",
    "q_p",
    "random_effect",
    "hartung_knapp_ci_low",
    "hartung_knapp_ci_high",
    "hartung_knapp_p",
    "dersimonian_laird_effect",
    "dersimonian_laird_p",
    "stouffer_z",
    "stouffer_p",
    "leave_one_out_low",
    "leave_one_out_high",
)


def choose_independent(
    contrasts: Sequence[str],
    source_of: Mapping[str, str],
    units_of: Mapping[str, frozenset[str]],
    paired: Mapping[str, bool] | None = None,
) -> tuple[list[str], list[Refused]]:
    """Return the contrasts that may be pooled, and the refused ones with the reason.

    Parameters
    ----------
    contrasts
        Testable contrasts of one hypothesis, in the declared order.
    source_of
        Source of each contrast (the declared one, or the accession): contrasts of one source are never independent.
    units_of
        Samples and biological units (`UNIT` in their name) behind each contrast, named so that only the same ones share a
        name.
    paired
        For effects in units of their residual spread: whether that is the one within pairs. None: in a unit that all share.
    """
    chosen: list[str] = []
    refused: list[Refused] = []
    for name in contrasts:
        reason = ""
        for earlier in chosen:
            shared = units_of[name] & units_of[earlier]
            if source_of[name] == source_of[earlier]:
                reason = f"comes from the same source as {earlier}, which was declared first"
            elif shared:
                reason = f"shares {_count_shared(shared)} with {earlier}, which was declared first"
            elif paired is not None and paired[name] != paired[earlier]:
                reason = f"its effects are {'' if paired[name] else 'not '}on the scale within pairs, unlike {earlier}"
            if reason:
                break
        if reason:
            refused.append(Refused(name, reason))
        else:
            chosen.append(name)
    return chosen, refused


def _count_shared(shared: frozenset[str]) -> str:
    samples = sum(UNIT not in name for name in shared)
    n, noun = (samples, "sample") if samples else (len(shared), "biological unit")
    return f"{n} {noun}{'' if n == 1 else 's'}"


def pool_contrasts(
    rows: Sequence[ContrastEvidence],
    refused: Sequence[Refused] = (),
    discovery: Sequence[str] = (),
    direction: str = "either",
) -> PooledEffect:
    """Pool the primary effect over the testable, independent contrasts of a hypothesis.

    Parameters
    ----------
    rows
        Evidence of the declared contrasts.
    refused
        Contrasts that must not enter, each with the reason.
    discovery
        Datasets declared as discovery; the others are the replication. Both orders are computed.
    direction
        Declared direction: a discovery counts only in it (`either`: in any).

    Returns
    -------
    PooledEffect
        With NaN-free numbers: what is not estimable is None and has a reason.
    """
    barred = {entry.contrast for entry in refused}
    used = [row for row in rows if measured_effect(row) is not None and row.contrast not in barred]
    refusals = [
        *refused,
        *(
            Refused(row.contrast, "could not be tested")
            for row in rows
            if measured_effect(row) is None and row.contrast not in barred
        ),
    ]
    if not used:
        return replace(not_pooled(NOTHING), refused=refusals)
    pooled = _pool_rows(used)

    def first(values: NDArray[np.float64]) -> float | None:
        return _plain(values[0])

    return PooledEffect(
        k=int(pooled.k[0]),
        contrasts=[row.contrast for row in used],
        refused=refusals,
        method=METHODS[int(pooled.method[0])],
        unit=used[0].effect_unit,
        effect=first(pooled.carried.effect),
        se=first(pooled.carried.se),
        # Infinite degrees of freedom (a normal) have no place in JSON: None means infinite.
        df=first(pooled.carried.df),
        ci_low=first(pooled.carried.ci_low),
        ci_high=first(pooled.carried.ci_high),
        p=first(pooled.demanded_p),
        limit_factor=pooled_limit_factor(used),
        common_p=first(pooled.common.p_value),
        **{name: first(values) for name, values in pooled.figures().items()},
        leave_one_out=[
            LeftOut(row.contrast, value)
            for row, value in zip(used, (_plain(value) for value in pooled.left_out[0]), strict=True)
            if value is not None
        ],
        without_one=_without_each(used),
        orders=_orders(used, discovery, direction),
        too_small=pool_too_small(rows, refused),
        spread_prior=_under_prior(used),
        sizes_differ=differing_sizes(used, first(pooled.q_p), first(pooled.i2)),
        not_estimable=not_estimable(int(pooled.k[0])),
    )


def pool_too_small(rows: Sequence[ContrastEvidence], refused: Sequence[Refused]) -> Estimate | None:
    """Return what the independent cohorts give together that only their size keeps out of the pooled effect; None without any.

    Parameters
    ----------
    rows, refused
        As in `pool_contrasts`.
    """
    names = {entry.contrast for entry in refused if entry.too_small}
    small = [row for row in rows if row.contrast in names and measured_effect(row) is not None]
    return _carried(small) if small else None


def _without_each(used: Sequence[ContrastEvidence]) -> list[WithoutOne]:
    """Return what is left without each contrast; nothing of a single one."""
    if len(used) < 2:
        return []
    return [WithoutOne(row.contrast, _carried([*used[:place], *used[place + 1 :]])) for place, row in enumerate(used)]


def _carried(rows: Sequence[ContrastEvidence]) -> Estimate:
    """Return the estimate that carries the answer of these contrasts alone, with its own p."""
    found = _pool_rows(rows).carried
    columns = (found.effect, found.se, found.ci_low, found.ci_high, found.df, found.p_value)
    return Estimate(*(float(values[0]) for values in columns))


def pooled_limit_factor(used: Sequence[ContrastEvidence]) -> float:
    """Return the mean of the contrasts' `limit_factor`, by their weights.

    Parameters
    ----------
    used
        The contrasts that are pooled.
    """
    factors, weights = np.array([limit_factor(row) for row in used]), weights_of(used)
    return float(np.average(factors, weights=np.ones(len(used)) if weights is None else weights))


def _under_prior(used: Sequence[ContrastEvidence]) -> SpreadPrior | None:
    """Return the effect under a prior on τ, whose scale is in the unit of cohorts."""
    effects = [effect for row in used if (effect := measured_effect(row)) is not None]
    if len(effects) < 2 or used[0].effect_unit != COHORT_UNIT:
        return None
    return with_spread_prior([effect.value for effect in effects], [effect.se for effect in effects])


def own_p(pooled: PooledEffect) -> float | None:
    """Return the two-sided p of the pooled effect itself, which its interval goes with.

    Below five datasets it is `pooled.p`. From five on that one holds two demands on one scale (`Pooled.demanded_p`); what an
    effect shows by itself is the larger one of Hartung and Knapp's and the common effect's.
    """
    knapp, common = pooled.hartung_knapp_p, pooled.common_p
    if pooled.k < FEWEST_FOR_RANDOM_EFFECTS or knapp is None or common is None:
        return pooled.p
    return max(knapp, common)


def differing_sizes(rows: Sequence[ContrastEvidence], q_p: float | None, i2: float | None) -> SizesDiffer | None:
    """Tell whether the contrasts that are pooled differ so much that their mean answers nothing, as `sizes_apart` does.

    Parameters
    ----------
    rows
        The contrasts that are pooled.
    q_p, i2
        As in `sizes_apart`.
    """
    known = [interval for row in rows if (interval := row.interval) is not None]
    return sizes_apart(known, "SD" if rows[0].effect_unit == COHORT_UNIT else "log2", q_p, i2)


def sizes_apart(intervals: Sequence[Interval], unit: str, q_p: float | None, i2: float | None) -> SizesDiffer | None:
    """Tell whether independent datasets differ so much that their mean answers nothing; None where it may stand.

    Parameters
    ----------
    intervals
        Their effects.
    unit
        SD or log2.
    q_p, i2
        p of Cochran's Q, and I² in percent; None where they are not estimable.

    Returns
    -------
    SizesDiffer or None
        Two datasets: their 95 % intervals do not overlap. More: Q's p < .001 and I² > 75 % (Higgins et al. 2003,
        doi 10.1136/bmj.327.7414.557, call that considerable).
    """
    if len(intervals) == 2:
        one, other = intervals
        if one.ci_low > other.ci_high or other.ci_low > one.ci_high:
            return SizesDiffer(_differ_words(intervals, unit), "the two 95 % intervals do not overlap")
    elif len(intervals) > 2 and q_p is not None and i2 is not None and q_p < CONSIDERABLE_P and i2 > CONSIDERABLE_I2:
        return SizesDiffer(_differ_words(intervals, unit), f"Q has p = {q_p:.2g} and I² is {i2:.0f} %")
    return None


def _differ_words(intervals: Sequence[Interval], unit: str) -> str:
    """Say how effects differ: "both up: the smaller 130 %, the larger 1,740 % higher" (a range would read as an interval), or of SD, which are no per cent, how often one goes into the other."""
    effects = [interval.effect for interval in intervals]
    up, sizes = sum(effect > 0 for effect in effects), sorted(abs(effect) for effect in effects)
    if 0 < up < len(effects):
        return f"{up} up, {len(effects) - up} down"
    two = len(effects) == 2
    who = "both" if two else f"all {len(effects)} effects"
    large, small = ("larger", "smaller") if two else ("largest", "smallest")
    if unit != "SD":
        least, most = (as_percent_change(size if up else -size) for size in (sizes[0], sizes[-1]))
        return f"{who} {'up' if up else 'down'}: the {small} {least.rsplit(' ', 1)[0]}, the {large} {most}"
    fold = sizes[-1] / sizes[0] if sizes[0] > 0 else math.inf
    times = f"{fold:.2g}" if fold < 10 else f"{fold:.0f}" if fold < MOST_FOLD else f"more than {MOST_FOLD}"
    return f"{who} {'up' if up else 'down'}, the {large} {times} times the {small} (in {unit})"


def not_pooled(reason: str) -> PooledEffect:
    """Return the pooled effect of no contrast, with the reason."""
    return PooledEffect(k=0, contrasts=[], refused=[], method="none", not_estimable={"effect": reason})


def not_estimable(k: int) -> dict[str, str]:
    """Return, for k datasets, the figures that cannot be had and why."""
    reasons: dict[str, str] = {}
    if k < FEWEST_FOR_HETEROGENEITY:
        reasons |= dict.fromkeys(_HETEROGENEITY, BELOW_THREE)
    if k == 1:
        reasons |= dict.fromkeys((*_HETEROGENEITY, *_OF_SEVERAL), SINGLE)
    return reasons


def effective_size(row: ContrastEvidence) -> float:
    """Return the effective sample size n₁n₂ / (n₁ + n₂) of a contrast: Stouffer's weights are its square roots."""
    return row.n_target * row.n_reference / max(row.n_target + row.n_reference, 1)


def _pool_rows(rows: Sequence[ContrastEvidence]) -> Pooled:
    measured = np.array([[(row.effect, row.effect_se, row.effect_df) for row in rows]], dtype=np.float64)
    return pool_as(rows, measured[..., 0], measured[..., 1], measured[..., 2])


def weights_of(rows: Sequence[ContrastEvidence]) -> NDArray[np.float64] | None:
    """Return the contrasts' weights in a pooled effect; None where their standard errors are all that is known.

    Returns
    -------
    NDArray[np.float64] | None
        One weight per contrast.
    """
    if any(row.effect_weight is None for row in rows):
        return None
    return np.array([row.effect_weight for row in rows], dtype=np.float64)


def weights_in(evidence: HypothesisEvidence, contrasts: Sequence[str]) -> NDArray[np.float64] | None:
    """Return `weights_of` these contrasts of a hypothesis, shape (n_contrasts,); None, too, where one is not in its evidence."""
    rows = {row.contrast: row for row in evidence.contrasts}
    return weights_of([rows[name] for name in contrasts]) if all(name in rows for name in contrasts) else None


def pool_as(
    rows: Sequence[ContrastEvidence], effects: NDArray[np.float64], ses: NDArray[np.float64], df: NDArray[np.float64]
) -> Pooled:
    """Pool other effects of the same contrasts as their primary effects are pooled.

    Parameters
    ----------
    rows
        The contrasts that are pooled.
    effects, ses, df
        Effects (target minus reference), standard errors and degrees of freedom: any number of rows × contrasts.
    """
    return pool(
        effects,
        ses,
        df,
        np.sqrt([effective_size(row) for row in rows]),
        weights=weights_of(rows),
    )


def _orders(used: Sequence[ContrastEvidence], discovery: Sequence[str], direction: str) -> list[Order]:
    """Return both orders of a declared discovery/replication split; none where one side is empty."""
    first = [row for row in used if row.dataset in discovery]
    second = [row for row in used if row.dataset not in discovery]
    if not first or not second:
        return []
    return [
        _order("declared", first, second, direction),
        _order("reversed", second, first, direction),
    ]


def _order(
    name: str, discovery_rows: Sequence[ContrastEvidence], held_out: Sequence[ContrastEvidence], direction: str
) -> Order:
    first, second = (_pool_rows(rows).carried for rows in (discovery_rows, held_out))
    discovery = Discovery([row.dataset for row in discovery_rows], *_figures(first))
    effect, low, high, p_value = _figures(second)
    upwards = discovery.effect > 0
    # Held-out data are tested in one direction only: that of the discovery.
    p_one_sided = p_value / 2 if (effect > 0) == upwards else 1 - p_value / 2
    discovered = discovery.p <= REPLICATION_P and direction in {"either", "up" if upwards else "down"}
    return Order(
        order=name,
        discovery=discovery,
        replication=Replication([row.dataset for row in held_out], effect, low, high, p_value, p_one_sided),
        replicated=discovered and p_one_sided <= REPLICATION_P,
    )


def _figures(carried: Estimates) -> tuple[float, float, float, float]:
    effect, low, high, p_value = (
        float(values[0]) for values in (carried.effect, carried.ci_low, carried.ci_high, carried.p_value)
    )
    return effect, low, high, p_value


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

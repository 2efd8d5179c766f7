"""The global test of an atlas: whether the pairs that are asked about stand out at all, before any of them is looked at.

S is the mean of the squared scores of the declared pairs, of which a pair that is expected to mimic counts its positive part only
and one that is expected to oppose its negative part. It is compared with chance, and with four controls in which nothing may be
specific. All must be passed (an intersection–union test, Berger 1982, doi 10.1080/00401706.1982.10487790): the largest p counts.
Single pairs are then corrected by the largest score of each draw (Westfall and Young 1993).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from sidemine.stats.seeds import named_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Places = NDArray[np.int64]

LEVEL = 0.05
FEWEST_ARRANGEMENTS = 20
"""With fewer arrangements no p could be .05."""
FEWEST_IN_STRATUM = 30
CHANCE_EFFECTS = "chance: the patients' profiles rotated"
CHANCE_DRUGS = "chance: the drugs' profiles rotated"
MISMATCHED = "mismatched diseases"
OTHER_PATHWAYS = "others' pathways"
RANDOM_SETS = "random sets of equal size"
PERMUTED_LABELS = "labels permuted within signature strength"
WORDS = {
    CHANCE_EFFECTS: "Patients and controls are alike; the drugs are as they are.",
    CHANCE_DRUGS: "The drugs do nothing; the patients are as they are.",
    MISMATCHED: "The same drugs beside other diseases, of similar strength where there are 60 or more.",
    OTHER_PATHWAYS: "The same drugs and diseases on the genes of other target pathways.",
    RANDOM_SETS: "The same drugs and diseases on as many random genes.",
    PERMUTED_LABELS: "Other drugs beside the same diseases, of similar strength where there are 60 or more.",
}


@dataclass(frozen=True)
class Scores:
    """What the global test is made from; not a number where a unit could not be measured.

    Attributes
    ----------
    z
        Pathways × effects, each on the genes of its own pathway.
    on_sets
        Pathways × sets of all pathways × effects.
    strengths_pathways, strengths_effects
        Root mean square of the profiles.
    pathway, effect, sign
        Of each declared pair: its places, and 1 (mimics), −1 (opposes) or 0 (either).
    drawn_effects, drawn_drugs
        Pairs × draws: scores under chance on each side; None where a side has no samples.
    z_drugs
        Pairs: scores in units of the drugs' chance; None like `drawn_drugs`.
    random
        Pairs × random sets.
    """

    z: Array
    on_sets: Array
    strengths_pathways: Array
    strengths_effects: Array
    pathway: Places
    effect: Places
    sign: Places
    drawn_effects: Array | None
    drawn_drugs: Array | None
    z_drugs: Array | None
    random: Array


@dataclass(frozen=True)
class Control:
    """One comparison of the global test.

    Attributes
    ----------
    name, words
        What it compares with.
    p_value
        (b + 1) / (m + 1); None where it could not be computed.
    statistic, null_median, null_95
        S as it is, and the median and 95th percentile of S in the control.
    n_null
        Draws m.
    why_not
        Why there is none; empty where there is one.
    required
        Whether the global test needs it.
    """

    name: str
    words: str
    p_value: float | None
    statistic: float | None
    null_median: float | None
    null_95: float | None
    n_null: int
    why_not: str = ""
    required: bool = True


@dataclass(frozen=True)
class GlobalTest:
    """Whether anything in the atlas stands out.

    Attributes
    ----------
    passed
        Whether all that is required was computed, with p ≤ .05 each.
    p_value
        The largest p; None where a required one is missing.
    family
        Declared pairs that were measured.
    draws, seed
        Of the nulls.
    controls
        Chance on both sides, and the four controls.
    sentence
        The same in words.
    """

    passed: bool
    p_value: float | None
    family: int
    draws: int
    seed: int
    controls: list[Control]
    sentence: str


def mean_square(z: Array, sign: Places) -> Array:
    """Return S over the first axis (pairs): squares of the part of each score in its declared direction.

    A score that could not be measured leaves the mean, so that a control is not smaller for want of data; where none could, S
    is not a number.
    """
    turned = z * np.where(sign == 0, 1, sign).reshape(-1, *[1] * (z.ndim - 1))
    either = (sign == 0).reshape(-1, *[1] * (z.ndim - 1))
    squares = np.where(either, turned, np.where(np.isnan(turned), np.nan, np.maximum(turned, 0.0))) ** 2
    known = np.isfinite(squares)
    count = known.sum(axis=0)
    return np.asarray(np.where(count > 0, np.where(known, squares, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan))


def strata_of(strengths: Array) -> Places:
    """Return the stratum of each thing, by rank of strength: up to five, of at least 30 each; fewer than 60 things are one.

    An exchange leaves a thing where it is in one of as many draws as its stratum has things. A single pair that stands out
    has a p of about that: in strata of fewer than 20 it could never be .05.
    """
    n = len(strengths)
    count = int(np.clip(n // FEWEST_IN_STRATUM, 1, 5))
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(strengths, kind="stable")] = np.arange(n)
    return np.asarray(rank * count // n, dtype=np.int64)


def permuted(strata: Places, rng: np.random.Generator) -> Places:
    """Return a random permutation of places that keeps each in its stratum."""
    order = np.arange(len(strata))
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        order[places] = rng.permutation(places)
    return order


def globally_tested(scores: Scores, draws: int, seed: int) -> GlobalTest:
    """Compare the declared pairs with chance and with four controls.

    Parameters
    ----------
    scores
        Of all units.
    draws
        Draws of each permuted control.
    seed
        Of the permutations.
    """
    controls = _chance(scores)
    pathway, effect, sign, z = scores.pathway, scores.effect, scores.sign, scores.z
    measured = z[pathway, effect]
    observed = float(mean_square(measured, sign)) if np.isfinite(measured).any() else None
    by_pathway, by_effect = strata_of(scores.strengths_pathways), strata_of(scores.strengths_effects)
    together = np.zeros(len(scores.strengths_pathways), dtype=np.int64)
    plans: tuple[tuple[str, str, Places, Callable[[Places], Array]], ...] = (
        (MISMATCHED, "effect", by_effect, lambda order: z[pathway, order[effect]]),
        (OTHER_PATHWAYS, "target pathway", together, lambda order: scores.on_sets[pathway, order[pathway], effect]),
        (PERMUTED_LABELS, "target pathway", by_pathway, lambda order: z[order[pathway], effect]),
    )
    for name, what, strata, take in plans:
        n = len(strata)
        if observed is None or prod(factorial(int(count)) for count in np.bincount(strata)) < FEWEST_ARRANGEMENTS:
            why = f"{n} {what}{'' if n == 1 else 's'}, too few to exchange"
            controls.append(_not_computed(name, why if observed is not None else "no declared pair could be measured"))
            continue
        rng = np.random.default_rng(named_seed(seed, "atlas", name))
        null = mean_square(np.column_stack([take(permuted(strata, rng)) for _ in range(draws)]), sign)
        controls.append(_computed(name, observed, null))
    if observed is None or not np.isfinite(scores.random).any():
        controls.append(_not_computed(RANDOM_SETS, "no declared pair could be measured"))
    else:
        controls.append(_computed(RANDOM_SETS, observed, mean_square(scores.random, sign)))
    return _conclude(controls, int(np.isfinite(measured).sum()), draws, seed)


def _chance(scores: Scores) -> list[Control]:
    found = []
    sides = (
        (
            CHANCE_EFFECTS,
            scores.z[scores.pathway, scores.effect],
            scores.drawn_effects,
            "a profile of patients has no samples, or too few genes are shared",
        ),
        (CHANCE_DRUGS, scores.z_drugs, scores.drawn_drugs, "a drug's profile comes from a library, without samples"),
    )
    for name, z, drawn, why in sides:
        if z is None or drawn is None or not np.isfinite(z).any():
            unmeasured = z is not None and name == CHANCE_DRUGS
            reason = "no declared pair could be measured" if unmeasured else why
            found.append(_not_computed(name, reason, required=name == CHANCE_EFFECTS))
        else:
            found.append(_computed(name, float(mean_square(z, scores.sign)), mean_square(drawn, scores.sign)))
    return found


def _computed(name: str, observed: float, null: Array) -> Control:
    null = null[np.isfinite(null)]  # a draw without a single score says nothing
    if len(null) < FEWEST_ARRANGEMENTS:
        return _not_computed(name, "too few of the pairs that take their place could be measured")
    p_value = float((np.sum(null >= observed * (1 - 1e-6)) + 1) / (len(null) + 1))
    return Control(
        name, WORDS[name], p_value, observed, float(np.median(null)), float(np.quantile(null, 0.95)), len(null)
    )


def _not_computed(name: str, why: str, *, required: bool = True) -> Control:
    return Control(name, WORDS[name], None, None, None, None, 0, why, required)


def _conclude(controls: Sequence[Control], family: int, draws: int, seed: int) -> GlobalTest:
    missing = [one for one in controls if one.required and one.p_value is None]
    known = [one for one in controls if one.p_value is not None]
    p_value = max((one.p_value for one in known if one.p_value is not None), default=None)
    passed = not missing and p_value is not None and p_value <= LEVEL
    one = family == 1
    pairs = "The one declared pair" if one else f"The {family} declared pairs together"
    if passed:
        said = f"{pairs} {'exceeds' if one else 'exceed'} chance and all four controls (largest p {p_value:.2g})."
    elif missing:
        whys = "; ".join(f"{one.name}: {one.why_not}" for one in missing)
        said = f"The test cannot be made, so no disease-specific signal can be shown: {whys}."
    else:
        worst = max(known, key=lambda one: one.p_value or 0.0)
        does = "does" if one else "do"
        said = f"No disease-specific signal: {pairs[0].lower()}{pairs[1:]} {does} not exceed {worst.name} (p {p_value:.2g})."
    return GlobalTest(passed, None if missing else p_value, family, draws, seed, list(controls), said)


def adjusted_p(z: Array, drawn: Array) -> Array:
    """Return p-values of pairs, two-sided, corrected for all of them by the largest score of each draw.

    Parameters
    ----------
    z
        Scores of the pairs; not a number where one was not measured.
    drawn
        Pairs × draws.
    """
    most = np.max(np.abs(np.nan_to_num(drawn)), axis=0)
    exceeding = np.sum(most[None, :] >= np.abs(z)[:, None] * (1 - 1e-6), axis=1)
    return np.where(np.isnan(z), np.nan, (exceeding + 1) / (drawn.shape[1] + 1))

"""From the blocks of an atlas to its calls: the global test first, then each declared pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.atlas.global_test import LEVEL, GlobalTest, Scores, adjusted_p, globally_tested
from sidemine.atlas.record import Call, ComparedEffect, MeasuredUnit, Unit
from sidemine.considerations.specificity.measure import FEWEST_COMPARATORS, percentile
from sidemine.lines.bridge.comparators import EXTREME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_SIGN = {"mimics": 1, "opposes": -1, "either": 0}


@dataclass(frozen=True)
class Asked:
    """A declared pair; `repeats` says which earlier one it asks again, by most of its samples."""

    target_pathway: str
    effect: str
    relation: str
    why: str
    repeats: str = ""


@dataclass(frozen=True)
class Blocks:
    """What was computed of an atlas, pathways and effects in alphabetical order.

    Attributes
    ----------
    compared
        Records of the effects.
    drawn_effects
        By effect: pathways × (1 + draws).
    on_sets, random
        By effect: pathways × sets, pathways × random sets.
    drawn_drugs
        By pathway: effects × (1 + draws); a pathway is missing where a drug has no samples.
    strengths
        Of each pathway: mean strength of its drugs.
    """

    compared: Sequence[ComparedEffect]
    drawn_effects: Mapping[str, Array]
    on_sets: Mapping[str, Array]
    random: Mapping[str, Array]
    drawn_drugs: Mapping[str, Array]
    strengths: Array


def judge(
    blocks: Blocks, pathways: Sequence[str], asked: Sequence[Asked], draws: int, seed: int
) -> tuple[GlobalTest, list[Unit]]:
    """Return the global test and all units.

    Parameters
    ----------
    blocks
        What was computed.
    pathways
        In alphabetical order.
    asked
        Declared pairs.
    draws, seed
        Of the permuted controls.
    """
    effects = [compared.effect for compared in blocks.compared]
    at = [(pathways.index(pair.target_pathway), effects.index(pair.effect)) for pair in asked]
    z = np.array([[_number(unit.z) for unit in compared.units] for compared in blocks.compared]).T
    drawn = np.array([blocks.drawn_effects[effects[e]][p] for p, e in at])
    nothing = np.full(drawn.shape, np.nan)
    drawn_drugs = np.array(
        [
            blocks.drawn_drugs[pathways[p]][e] if pathways[p] in blocks.drawn_drugs else nothing[row]
            for row, (p, e) in enumerate(at)
        ]
    )
    # A pair that could not be measured, whose chance cannot be drawn, or that was asked before, is no pair of the family.
    once = [row for row, pair in enumerate(asked) if not pair.repeats]
    kept = [row for row in once if np.isfinite(z[at[row]])] or once
    all_rotate = all(pathways[at[row][0]] in blocks.drawn_drugs for row in kept)
    scores = Scores(
        z=z,
        on_sets=np.stack([blocks.on_sets[effect] for effect in effects], axis=2),
        strengths_pathways=blocks.strengths,
        strengths_effects=np.array([compared.strength for compared in blocks.compared]),
        pathway=np.array([at[row][0] for row in kept], dtype=np.int64),
        effect=np.array([at[row][1] for row in kept], dtype=np.int64),
        sign=np.array([_SIGN[asked[row].relation] for row in kept], dtype=np.int64),
        drawn_effects=drawn[kept, 1:] if np.isfinite(drawn[kept]).all() else None,
        drawn_drugs=drawn_drugs[kept, 1:] if all_rotate else None,
        z_drugs=drawn_drugs[kept, 0] if all_rotate else None,
        random=np.array([blocks.random[effects[at[row][1]]][at[row][0]] for row in kept]),
    )
    test = globally_tested(scores, draws, seed)
    p_values = {
        place: (_p(drawn[row]), _p(drawn_drugs[row]), corrected)
        for row, (place, corrected) in enumerate(zip(at, _corrected(drawn, drawn_drugs), strict=True))
    }
    pairs = dict(zip(at, asked, strict=True))
    units = [
        _unit(pathway, compared, p, z[:, e], pairs.get((p, e)), test, p_values.get((p, e), (None, None, None)))
        for p, pathway in enumerate(pathways)
        for e, compared in enumerate(blocks.compared)
    ]
    return test, units


def _unit(
    pathway: str,
    compared: ComparedEffect,
    place: int,
    z: Array,
    pair: Asked | None,
    test: GlobalTest,
    known: tuple[float | None, float | None, float | None],
) -> Unit:
    """Return one target pathway on one effect; `place`: of the pathway in `z`, which holds all of them."""
    others = np.delete(z, place)
    others = others[np.isfinite(others)]
    unit, score = compared.units[place], float(z[place])
    is_placed = len(others) >= FEWEST_COMPARATORS and np.isfinite(score)
    among = percentile(score, others, 0.0) if is_placed else None
    call, reason = _call(unit, pair, test, known, among, len(others))
    return Unit(
        target_pathway=pathway,
        effect=compared.effect,
        asked=pair.relation if pair else "",
        why=pair.why if pair else "",
        call=call,
        reason=reason,
        n_drugs=unit.n_drugs,
        n_profiles=len(unit.profiles),
        n_genes=unit.n_genes,
        n_others=len(others),
        left_out="; ".join(unit.left_out),
        concordance=unit.concordance,
        z=unit.z,
        p_effect_rotated=known[0],
        p_drugs_rotated=known[1],
        p_adjusted=known[2],
        percentile=among,
    )


def find_repeats(
    pairs: Sequence[tuple[str, str]],
    genes: Mapping[str, AbstractSet[str]],
    drugs: Mapping[str, AbstractSet[str]],
    patients: Mapping[str, AbstractSet[str]],
) -> list[str]:
    """Return per pair the first one that it asks again, which shares more than half of the genes, and of the samples on both sides; else ''.

    The same drugs and patients under other names would count twice in the global test, and chance would be drawn
    as if they were two.

    Parameters
    ----------
    pairs
        Target pathway and effect.
    genes
        Of each target pathway.
    drugs, patients
        Samples by target pathway, and by effect.
    """

    def alike(one: AbstractSet[str], other: AbstractSet[str]) -> bool:
        return 2 * len(one & other) > min(len(one), len(other))

    found: list[str] = []
    for place, (pathway, effect) in enumerate(pairs):
        earlier = (
            f"{p} × {e}"
            for (p, e), repeats in zip(pairs[:place], found, strict=True)
            if not repeats
            and alike(genes[p], genes[pathway])
            and alike(drugs[p], drugs[pathway])
            and alike(patients[e], patients[effect])
        )
        found.append(next(earlier, ""))
    return found


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _p(drawn: Array) -> float | None:
    """Return the two-sided p of one unit, as a bridge computes it; None without draws."""
    if np.isnan(drawn).any():
        return None
    return float((np.count_nonzero(np.abs(drawn[1:]) >= np.abs(drawn[0])) + 1) / len(drawn))


def _corrected(drawn: Array, drawn_drugs: Array) -> list[float | None]:
    """Return per pair the larger corrected p of the two sides; None where either cannot be drawn.

    A disease that changes many genes exceeds the patients' chance beside any drug: that side alone says nothing of the pair.
    """
    of_effects, of_drugs = (adjusted_p(one[:, 0], one[:, 1:]) for one in (drawn, drawn_drugs))
    return [None if np.isnan(p) else float(p) for p in np.maximum(of_effects, of_drugs)]


def _call(
    unit: MeasuredUnit,
    pair: Asked | None,
    test: GlobalTest,
    p_values: tuple[float | None, float | None, float | None],
    place: float | None,
    n_others: int,
) -> tuple[Call, str]:
    if pair is None:
        return "not asked", ""
    if unit.concordance is None:
        return "refused", "; ".join(unit.left_out) or "no profile could be compared"
    if not test.passed:
        whole = "does not pass its global test" if test.p_value is not None else "cannot be tested"
        return "no disease-specific signal", f"the atlas as a whole {whole}"
    corrected = p_values[2]
    if corrected is None or unit.z is None:
        return "undetermined", "chance cannot be drawn: profiles without samples"
    if corrected > LEVEL:
        return "undetermined", f"p {corrected:.2g} after correction for all declared pairs is above {LEVEL:g}"
    if place is None:
        return "undetermined", f"{n_others} other target pathways where {FEWEST_COMPARATORS} are needed"
    if place < EXTREME:
        return "undetermined", f"percentile {place:.0f} among {n_others} other target pathways, {EXTREME:g} is needed"
    call: Call = "same direction" if unit.z > 0 else "opposite direction"
    return (
        call,
        f"p {corrected:.2g} after correction for all declared pairs, percentile {place:.0f} among {n_others} other target pathways",
    )

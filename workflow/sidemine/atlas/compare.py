"""All target pathways against one effect, and the drugs of one pathway rotated against all effects: the blocks of an atlas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from sidemine.atlas.blocks import Origin, Profiles
from sidemine.atlas.concordance import (
    Row,
    SharedProfiles,
    UnitConcordance,
    Weights,
    chance_by_unit,
    drug_weights,
    equal_shares,
    measure_unit,
    noise_of,
    random_sets,
    rotated_sums,
    scores_on_sets,
    widened,
)
from sidemine.atlas.record import ComparedEffect, MeasuredUnit
from sidemine.lines.bridge.profiles import Side, build_side
from sidemine.lines.bridge.statistic import FEWEST_GENES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.atlas.finished import EffectProfile
    from sidemine.differential.contrast_fit import ContrastFit

    Array = NDArray[np.float64]
    Single = NDArray[np.float32]


@dataclass(frozen=True)
class Pathway:
    """A target pathway: the genes of its set, and the drug of each profile."""

    name: str
    members: frozenset[str]
    drugs: Mapping[str, str]


@dataclass(frozen=True)
class NullDraws:
    """How much is drawn: rotations, random sets, and the seed."""

    rotations: int
    random_sets: int
    seed: int


@dataclass(frozen=True)
class EffectBlock:
    """What one effect adds to the atlas.

    Attributes
    ----------
    record
        Its units.
    drawn
        Pathways × (1 + draws): z as it is, and under rotation of the patients; not a number without samples.
    on_sets
        Pathways × sets of all pathways: z.
    random
        Pathways × random sets: z; not a number for pairs that nobody asks about.
    """

    record: ComparedEffect
    drawn: Single
    on_sets: Array
    random: Array


def compare_effect(
    name: str,
    effect: EffectProfile,
    pathways: Sequence[Pathway],
    drugs: Profiles,
    asked: Iterable[str],
    null: NullDraws,
) -> EffectBlock:
    """Compare all target pathways with one effect.

    Parameters
    ----------
    name, effect
        The effect and its profile.
    pathways
        All pathways.
    drugs
        Profiles of all drugs.
    asked
        Pathways that are asked about with this effect.
    null
        What is drawn.
    """
    y, side = effect.deviates, effect.side
    noise = noise_of(side) if side is not None else np.zeros((len(y), 0))
    places = {gene: number for number, gene in enumerate(effect.genes)}
    sets = [np.array(sorted(places[g] for g in p.members if g in places), dtype=np.int64) for p in pathways]
    shape = (len(pathways), 1 + null.rotations)
    drawn, random = np.full(shape, np.nan, dtype=np.float32), np.full((len(pathways), null.random_sets), np.nan)
    on_sets = np.full((len(pathways), len(pathways)), np.nan)
    rows: dict[int, Row] = {}
    units: list[MeasuredUnit] = []
    wanted, here = set(asked), drugs.on(effect.genes)
    for row, pathway in enumerate(pathways):
        chosen, left_out = _independent(pathway, drugs, effect)
        shared = SharedProfiles.of(here.rows(chosen), [pathway.drugs[one] for one in chosen])
        measured = measure_unit(shared, y, sets[row]) if chosen else None
        units.append(_unit(pathway, chosen, left_out, measured, None))
        if measured is None or side is None:
            continue
        rows[row] = measured.row
        on_sets[row] = scores_on_sets(shared, y, noise, sets, measured.usable)
        on_sets[row, [len(one) < FEWEST_GENES for one in sets]] = np.nan
        units[-1] = _unit(pathway, chosen, left_out, measured, float(on_sets[row, row]))
        if pathway.name in wanted:
            everywhere = np.asarray(shared.measured[measured.usable].all(axis=0))
            size = int(np.median(shared.measured[measured.usable][:, sets[row]].sum(axis=1)))
            many = random_sets(everywhere, size, null.random_sets, null.seed, f"{name}/{pathway.name}")
            random[row] = scores_on_sets(shared, y, noise, many, measured.usable)
    if side is not None and rows:
        weights, at = Weights.of(list(rows.values()), len(y)), list(rows)
        spread = np.sqrt(np.sum(weights.times(noise) ** 2, axis=1))
        drawn[at, 0] = weights.times(y) / spread
        scaled = weights.scaled(1 / spread)
        drawn[at, 1:] = widened(rotated_sums(side, scaled, null.rotations), chance_by_unit(side, scaled))
    record = ComparedEffect(
        name, float(np.sqrt(np.mean(y**2))) if len(y) else 0.0, units, effect.left_out, effect.origin
    )
    return EffectBlock(record, drawn, on_sets, random)


def _independent(pathway: Pathway, drugs: Profiles, effect: EffectProfile) -> tuple[list[str], list[str]]:
    """Return the profiles of a pathway that share nothing with the effect, and the others with the reason."""
    origins = dict(zip(drugs.names, drugs.origins, strict=True))
    refused = {reason.partition(":")[0]: reason for reason in drugs.left_out}
    chosen, left_out = [], []
    for profile in pathway.drugs:
        if profile not in origins:
            left_out.append(refused.get(profile, f"{profile}: it could not be tested"))
        elif not effect.genes:
            left_out.append(f"{profile}: no profile of the effect could be tested")
        elif shared := origins[profile].meets(effect.origin):
            left_out.append(f"{profile}: {shared}")
        else:
            chosen.append(profile)
    return chosen, left_out


def _unit(
    pathway: Pathway, chosen: Sequence[str], left_out: Sequence[str], measured: UnitConcordance | None, z: float | None
) -> MeasuredUnit:
    usable = measured.usable if measured is not None else np.zeros(len(chosen), dtype=bool)
    counted = [profile for profile, use in zip(chosen, usable, strict=True) if use]
    few = [f"{profile}: fewer than {FEWEST_GENES} shared genes" for profile in chosen if profile not in counted]
    return MeasuredUnit(
        pathway.name,
        counted,
        len({pathway.drugs[one] for one in counted}),
        measured.n_genes if measured is not None else 0,
        measured.value if measured is not None else None,
        z,
        [*left_out, *few],
    )


def rotate_drugs(
    pathway: Pathway,
    fits: Iterable[tuple[str, str, ContrastFit]],
    effects: Profiles,
    counted: Mapping[str, Sequence[str]],
    origins: Mapping[str, Origin],
    null: NullDraws,
) -> Array:
    """Return effects × (1 + draws): the sum of each unit as it is, and with its drugs rotated, in SD of the latter.

    Each profile is rotated on its own. Profiles that share an accession, a sample or a unit (one set of controls, one experiment
    in two studies) move together by an unknown share: k of them are drawn √k times as wide, which bounds it
    (the variance of a sum of k terms is at most k times the sum of their variances).

    Parameters
    ----------
    pathway
        The target pathway.
    fits
        Profile, name for its random numbers, and fit, of each drug; one is in memory at a time.
    effects
        Profiles of all effects.
    counted
        By effect: profiles that count in its unit.
    origins
        Where each profile comes from.
    null
        What is drawn.
    """
    sums = np.zeros((len(effects.names), 1 + null.rotations))
    if not effects.names:
        return sums
    shares = np.array([_shares(pathway, counted[effect]) for effect in effects.names])
    kin = (shares > 0) @ _alike(pathway, origins)
    for profile, name, fit in fits:
        place = list(pathway.drugs).index(profile)
        own = shares[:, place]
        if not own.any():
            continue
        genes = fit.genes
        side: Side = build_side({name: fit}, genes, [name], seed=null.seed, what="drug")
        members = np.flatnonzero(np.isin(genes, list(pathway.members)))
        shared = SharedProfiles.of(effects.on(genes).rows(effects.names), effects.names)
        x = side.whole.deviates
        weights = drug_weights(x, shared, members, own)
        sums[:, 0] += weights.times(x)
        wide = weights.scaled(np.sqrt(kin[:, place]))
        sums[:, 1:] += widened(rotated_sums(side, wide, null.rotations), chance_by_unit(side, wide))
    spread = np.sqrt(np.mean(sums[:, 1:] ** 2, axis=1, keepdims=True))
    return np.divide(sums, spread, out=np.full_like(sums, np.nan), where=spread > 0)


def _alike(pathway: Pathway, origins: Mapping[str, Origin]) -> Array:
    """Return profiles × profiles: 1 where two are not independent, by themselves or through others."""
    known = [origins.get(profile) for profile in pathway.drugs]
    meet = [[a is b or bool(a and b and a.meets(b)) for b in known] for a in known]
    group = connected_components(csr_array(np.array(meet)), directed=False)[1]
    return np.asarray(group[:, None] == group, dtype=np.float64)


def _shares(pathway: Pathway, counted: Sequence[str]) -> Array:
    usable = np.array([profile in counted for profile in pathway.drugs])
    drugs = list(pathway.drugs.values())
    return equal_shares(drugs, usable) if usable.any() else np.zeros(len(drugs))

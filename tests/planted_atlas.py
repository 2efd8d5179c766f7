"""A small planted atlas in memory: drugs of some target pathways, diseases, co-expressed genes, and a truth."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from lines.bridge.planted_profiles import BLOCK, GENES, N_GENES, fit_study, source_of

from sidemine.atlas.blocks import Profiles
from sidemine.atlas.compare import NullDraws, Pathway, compare_effect, rotate_drugs
from sidemine.atlas.config import load_atlas
from sidemine.atlas.finished import EffectProfile, origin_of, pooled_effect
from sidemine.atlas.jobs import run_job
from sidemine.atlas.judge import Asked, Blocks, judge
from sidemine.atlas.plan import AtlasPlan
from sidemine.enrichment.rotated_deviates import StandardisedSpace

NULL = NullDraws(rotations=199, random_sets=99, seed=5)
THREE = [(2, 1), (5, 4), (9, 6)]
"""Planted pairs."""
N_PATHWAYS, N_EFFECTS = N_GENES // BLOCK, 8


def pathways_of(n_drugs=2):
    """One target pathway per block of genes, each with its drugs."""
    return [
        Pathway(
            f"p{number:02d}",
            frozenset(GENES[number * BLOCK : (number + 1) * BLOCK]),
            {f"p{number:02d}_d{drug}": f"d{number}_{drug}" for drug in range(n_drugs)},
        )
        for number in range(N_PATHWAYS)
    ]


def profiles_of(sources):
    """Profiles of drugs from their contrasts."""
    fits = {name: source.fit for name, source in sources.items()}
    values = np.full((len(fits), N_GENES), np.nan, dtype=np.float32)
    for row, fit in enumerate(fits.values()):
        values[row, [GENES.index(gene) for gene in fit.genes]] = StandardisedSpace.of(fit).observed
    return Profiles(list(fits), GENES, values, [origin_of(source) for source in sources.values()])


def effect_of(fits, **more) -> EffectProfile:
    """The profile of an effect from the fits of its contrasts, by name."""
    return pooled_effect({name: source_of(name, fit, **more) for name, fit in fits.items()}, NULL.seed)


def planted_blocks(truth, rng, strength=1.0):
    """Blocks of an atlas whose drugs each change their own pathway, gene by gene; diseases change some blocks of their own.

    `truth` are (pathway, effect) pairs in which the disease changes the pathway's genes as the drugs do.
    """
    pathways, drugs = pathways_of(), {}
    shapes = 3 * rng.standard_normal((N_PATHWAYS, BLOCK))
    for number, pathway in enumerate(pathways):
        for profile in pathway.drugs:
            shift = 0.7 * rng.standard_normal(N_GENES)
            shift[number * BLOCK : (number + 1) * BLOCK] += shapes[number]
            drugs[profile] = source_of(profile, fit_study(int(rng.integers(1 << 30)), 3, 3, shift))
    profiles, names = profiles_of(drugs), [f"e{number}" for number in range(N_EFFECTS)]
    compared, effects = [], {}
    for number, name in enumerate(names):
        shift = np.repeat(rng.standard_normal(N_PATHWAYS) * (rng.random(N_PATHWAYS) < 0.3), BLOCK) * 0.5
        for pathway, effect in truth:
            if effect == number:
                shift[pathway * BLOCK : (pathway + 1) * BLOCK] += strength * 0.3 * shapes[pathway]
        effects[name] = effect_of({f"s.{name}": fit_study(int(rng.integers(1 << 30)), 30, 30, shift)})
        asked = [one.name for one in pathways]
        compared.append(compare_effect(name, effects[name], pathways, profiles, asked, NULL))
    drawn = {}
    of_effects = Profiles(
        names,
        GENES,
        np.array([one.deviates for one in effects.values()], dtype=np.float32),
        [one.origin for one in effects.values()],
    )
    for place, pathway in enumerate(pathways):
        counted = {one.record.effect: one.record.units[place].profiles for one in compared}
        fits = [(profile, f"s.{profile}", drugs[profile].fit) for profile in pathway.drugs]
        drawn[pathway.name] = rotate_drugs(
            pathway, fits, of_effects, counted, dict(zip(profiles.names, profiles.origins, strict=True)), NULL
        )
    return Blocks(
        [one.record for one in compared],
        {one.record.effect: one.drawn for one in compared},
        {one.record.effect: one.on_sets for one in compared},
        {one.record.effect: one.random for one in compared},
        drawn,
        np.ones(N_PATHWAYS),
    )


def judged(blocks, pairs, relation="either"):
    """The global test and the units of planted blocks, for these pairs of places."""
    asked = [Asked(f"p{pathway:02d}", f"e{effect}", relation, "planted") for pathway, effect in pairs]
    names = [pathway.name for pathway in pathways_of()]
    return judge(blocks, names, asked, NULL.rotations, NULL.seed)


@cache
def planted_three():
    """Blocks of an atlas with three planted pairs."""
    return planted_blocks(THREE, np.random.default_rng(3))


def run_all(folder: Path) -> None:
    """Run all jobs in the order of the Snakefile."""
    atlas = load_atlas(folder)
    plan = AtlasPlan(atlas)
    jobs = [("read_drugs", plan.sources), ("read_effect", plan.effects), ("compare_effect", plan.effects)]
    for job, abouts in [*jobs, ("rotate_pathway", plan.rotating), ("judge_atlas", [""]), ("draw_atlas", [""])]:
        for about in abouts:
            run_job(atlas, job, about)

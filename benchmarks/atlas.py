"""The atlas: size and power of its global test, and time, memory and disk of 1,000 drugs × 100 effects.

`python benchmarks/atlas.py FOLDER --only size [--atlases 400]` plants atlases of 20 target pathways (3 drugs each, 3 v 3) and 24
effects (40 v 40), 1,000 genes in co-expressed blocks of 50, 199 draws, 99 random sets, 15 declared pairs. Every drug changes its own pathway, gene by
gene, and a share of other genes that all drugs share (a common response); every disease changes blocks of its own and a share of
a common response too, which is that of the drugs in half strength. Truths: `nothing` (no pair is special), `generic` (stronger
common response; half as many atlases), `one pair` and `five pairs` (a quarter as many; the disease changes the pathway's genes as the drugs do). Declared pairs are drawn at random, and hold the planted ones.

`--only scale` plants 1,000 drugs of 60 target pathways (3 v 3) and 100 effects (40 v 40) on 12,000 genes as finished contrasts
on disk, and runs the jobs of the atlas on them, 1,999 draws, in as many processes as --cores.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in the jobs of a run; before numpy is loaded

import numpy as np
import pandas as pd

from sidemine.atlas.blocks import Origin, Profiles, read_block, read_profiles, write_block
from sidemine.atlas.compare import NullDraws, Pathway, compare_effect, rotate_drugs
from sidemine.atlas.finished import pooled_effect
from sidemine.atlas.global_test import GlobalTest
from sidemine.atlas.judge import Asked, Blocks, judge
from sidemine.atlas.record import ComparedEffect
from sidemine.differential.contrast_fit import ContrastFit, load_fit, save_fit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.rotated_deviates import StandardisedSpace
from sidemine.lines.bridge.contrasts import ContrastSource
from sidemine.records import read_record, write_record

BLOCK = 50
TRUTHS = ("nothing", "generic", "one pair", "five pairs")


def draw_fit(rng: np.random.Generator, per_group: int, shift: np.ndarray) -> ContrastFit:
    """Fit one simulated contrast with co-expressed blocks of genes."""
    n, n_genes = 2 * per_group, len(shift)
    values = np.sqrt(0.7) * rng.standard_normal((n_genes, n))
    values += np.sqrt(0.3) * np.repeat(rng.standard_normal((n_genes // BLOCK, n)), BLOCK, axis=0)
    is_target = np.arange(n) < per_group
    values += shift[:, None] * is_target
    samples = pd.DataFrame(index=[f"s{number}" for number in range(n)])
    return fit_contrast(7 + 0.3 * values, gene_names(n_genes), build_design(samples, is_target, ~is_target, []))


def gene_names(n_genes: int) -> list[str]:
    """Return names of genes."""
    return [f"G{number:05d}" for number in range(n_genes)]


def source_of(name: str, fit: ContrastFit) -> ContrastSource:
    """Return a contrast that shares nothing with any other."""
    return ContrastSource(name, f"GSE_{name}", frozenset({name}), False, "", False, fit)


class World:
    """What is planted: shapes of pathways, the common response, and which pathways each disease changes."""

    def __init__(self, rng: np.random.Generator, n_genes: int, n_pathways: int, common: float) -> None:
        """Draw the truth."""
        self.rng, self.n_genes, self.common = rng, n_genes, common
        self.members = [np.arange(BLOCK) + BLOCK * number for number in range(n_pathways)]
        self.shapes = 3 * rng.standard_normal((n_pathways, BLOCK))
        self.response = np.where(rng.random(n_genes) < 0.2, rng.standard_normal(n_genes), 0.0)

    def drug(self, pathway: int) -> np.ndarray:
        """Return the shift of a drug of a pathway."""
        rng = self.rng
        shift = 2 * self.common * self.response + np.where(
            rng.random(self.n_genes) < 0.05, 2 * rng.standard_normal(self.n_genes), 0.0
        )
        shift[self.members[pathway]] += self.shapes[pathway]
        return shift

    def disease(self, planted: list[int], strength: float) -> np.ndarray:
        """Return the shift of a disease that changes planted pathways as their drugs do."""
        rng, blocks = self.rng, self.n_genes // BLOCK
        own = np.repeat(0.5 * rng.standard_normal(blocks) * (rng.random(blocks) < 0.2), BLOCK)
        shift = own + 0.3 * rng.standard_normal(self.n_genes) + self.common * rng.random() * self.response
        for pathway in planted:
            shift[self.members[pathway]] += strength / 3 * self.shapes[pathway]
        return shift


def one_atlas(truth: str, strength: float, seed: int) -> GlobalTest:
    """Return the global test of one small planted atlas."""
    n_pathways, n_effects, n_drugs = 20, 24, 3
    rng = np.random.default_rng([20261127, TRUTHS.index(truth), round(100 * strength), seed])
    world = World(rng, 1000, n_pathways, 0.6 if truth == "generic" else 0.2)
    cells = rng.choice(n_pathways * n_effects, size=15, replace=False)
    pairs = [(int(cell // n_effects), int(cell % n_effects)) for cell in cells]
    planted = pairs[: {"one pair": 1, "five pairs": 5}.get(truth, 0)]
    genes, null = gene_names(1000), NullDraws(199, 99, seed)
    pathways, fits = [], {}
    for number in range(n_pathways):
        names = [f"p{number}_{drug}" for drug in range(n_drugs)]
        members = frozenset(genes[place] for place in world.members[number])
        pathways.append(Pathway(f"p{number}", members, {name: name for name in names}))
        fits |= {name: draw_fit(rng, 3, world.drug(number)) for name in names}
    values = np.array([StandardisedSpace.of(fit).observed for fit in fits.values()], dtype=np.float32)
    drugs = Profiles(list(fits), genes, values, [Origin([name], []) for name in fits])
    asked = [Asked(f"p{pathway}", f"e{effect}", "mimics", "planted") for pathway, effect in pairs]
    compared, effects = [], []
    for number in range(n_effects):
        shift = world.disease([pathway for pathway, effect in planted if effect == number], strength)
        name = f"e{number}"
        effects.append(pooled_effect({f"s.{name}": source_of(name, draw_fit(rng, 40, shift))}, seed))
        wanted = [pair.target_pathway for pair in asked if pair.effect == name]
        compared.append(compare_effect(name, effects[-1], pathways, drugs, wanted, null))
    deviates = np.array([one.deviates for one in effects], dtype=np.float32)
    of_effects = Profiles([one.record.effect for one in compared], genes, deviates, [one.origin for one in effects])
    drawn = {
        pathway.name: rotate_drugs(
            pathway,
            [(profile, f"s.{profile}", fits[profile]) for profile in pathway.drugs],
            of_effects,
            {one.record.effect: one.record.units[place].profiles for one in compared},
            dict(zip(drugs.names, drugs.origins, strict=True)),
            null,
        )
        for place, pathway in enumerate(pathways)
    }
    strengths = np.sqrt(np.mean(values**2, axis=1)).reshape(n_pathways, n_drugs).mean(axis=1)
    blocks = Blocks(
        [one.record for one in compared],
        {one.record.effect: one.drawn for one in compared},
        {one.record.effect: one.on_sets for one in compared},
        {one.record.effect: one.random for one in compared},
        drawn,
        strengths,
    )
    return judge(blocks, [pathway.name for pathway in pathways], asked, null.rotations, seed)[0]


def measure_size(atlases: int, cores: int) -> None:
    """Print how often the global test passes, and each of its comparisons alone."""
    with multiprocessing.Pool(cores) as pool:
        for truth, strength in (
            ("nothing", 0),
            ("generic", 0),
            ("one pair", 0.8),
            ("five pairs", 0.2),
            ("five pairs", 0.3),
            ("five pairs", 0.5),
        ):
            number = atlases // (1 if truth == "nothing" else 2 if truth == "generic" else 4)
            tests = pool.starmap(one_atlas, [(truth, strength, seed) for seed in range(number)], chunksize=5)
            alone = {
                control.name: np.mean([one.controls[place].p_value <= 0.05 for one in tests])
                for place, control in enumerate(tests[0].controls)
            }
            figures = ", ".join(f"{name} {100 * share:.1f}" for name, share in alone.items())
            passed = 100 * np.mean([one.passed for one in tests])
            print(
                f"{truth}, strength {strength:g}: passed {passed:.1f} % of {len(tests)}; alone: {figures}", flush=True
            )


N_GENES, N_PATHWAYS, N_DRUGS, N_EFFECTS = 12_000, 60, 1000, 100
PLANTED = tuple((place, place) for place in range(0, 60, 6))
NULL = NullDraws(1999, 499, 1)


def _plant_drug(given: tuple[Path, int]) -> None:
    folder, number = given
    world = World(np.random.default_rng([7, 0]), N_GENES, N_PATHWAYS, 0.2)
    world.rng = np.random.default_rng([7, 1, number])
    save_fit(draw_fit(world.rng, 3, world.drug(number % N_PATHWAYS)), folder / f"fits/d{number}.npz")


def _plant_effect(given: tuple[Path, int]) -> None:
    folder, number = given
    world = World(np.random.default_rng([7, 0]), N_GENES, N_PATHWAYS, 0.2)
    world.rng = np.random.default_rng([7, 2, number])
    shift = world.disease([pathway for pathway, effect in PLANTED if effect == number], 0.8)
    save_fit(draw_fit(world.rng, 40, shift), folder / f"fits/e{number}.npz")


def _pathways() -> list[Pathway]:
    genes = gene_names(N_GENES)
    return [
        Pathway(
            f"p{number:02d}",
            frozenset(genes[number * BLOCK : (number + 1) * BLOCK]),
            {f"d{drug}": f"d{drug}" for drug in range(number, N_DRUGS, N_PATHWAYS)},
        )
        for number in range(N_PATHWAYS)
    ]


def _asked() -> list[Asked]:
    rng = np.random.default_rng(3)
    cells = [divmod(int(cell), N_EFFECTS) for cell in rng.choice(N_PATHWAYS * N_EFFECTS, 290, replace=False)]
    pairs = dict.fromkeys([*PLANTED, *cells])
    return [Asked(f"p{pathway:02d}", f"e{effect}", "mimics", "planted") for pathway, effect in pairs]


def _effect(folder: Path, number: int):
    fit = load_fit(folder / f"fits/e{number}.npz")
    return pooled_effect({f"s.e{number}": source_of(f"e{number}", fit)}, NULL.seed)


def _read_drugs(given: tuple[Path, int]) -> float:
    folder, part = given
    names = [f"d{number}" for number in range(part, N_DRUGS, 10)]
    values = np.array([StandardisedSpace.of(load_fit(folder / f"fits/{name}.npz")).observed for name in names])
    origins = [Origin([name], []) for name in names]
    write_block(folder / f"drugs/{part}.npy", values, names, gene_names(N_GENES), origins=origins)
    return _peak()


def _compare(given: tuple[Path, int]) -> float:
    folder, number = given
    drugs, name = read_profiles([folder / f"drugs/{part}.npy" for part in range(10)]), f"e{number}"
    effect = _effect(folder, number)
    wanted = [pair.target_pathway for pair in _asked() if pair.effect == name]
    block = compare_effect(name, effect, _pathways(), drugs, wanted, NULL)
    names = [pathway.name for pathway in _pathways()]
    for what, values in (("drawn", block.drawn), ("on_sets", block.on_sets), ("random", block.random)):
        write_block(folder / f"effects/{name}/{what}.npy", values, names)
    write_block(
        folder / f"effects/{name}/profile.npy", effect.deviates[None], [name], effect.genes, origins=[effect.origin]
    )
    write_record(block.record, folder / f"effects/{name}/units.json")
    return _peak()


def _rotate(given: tuple[Path, int]) -> float:
    folder, number = given
    pathway = _pathways()[number]
    names = [f"e{effect}" for effect in range(N_EFFECTS)]
    effects = read_profiles([folder / f"effects/{name}/profile.npy" for name in names])
    records = [read_record(ComparedEffect, folder / f"effects/{name}/units.json") for name in names]
    counted = {record.effect: record.units[number].profiles for record in records}
    fits = ((name, f"s.{name}", load_fit(folder / f"fits/{name}.npz")) for name in pathway.drugs)
    origins = {name: Origin([name], []) for name in pathway.drugs}
    drawn = rotate_drugs(pathway, fits, effects, counted, origins, NULL)
    write_block(folder / f"pathways/{pathway.name}.npy", drawn, names)
    return _peak()


def _processor_time() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure_scale(folder: Path, cores: int) -> None:
    """Print time, memory and disk of each step, and what the global test says."""
    for part in ("fits", "drugs", "effects", "pathways"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    start, total = time.perf_counter(), 0.0
    with multiprocessing.Pool(cores) as pool:
        pool.map(_plant_drug, [(folder, n) for n in range(N_DRUGS) if not (folder / f"fits/d{n}.npz").exists()])
        pool.map(_plant_effect, [(folder, n) for n in range(N_EFFECTS) if not (folder / f"fits/e{n}.npz").exists()])
    print(f"planting (no part of the atlas): {time.perf_counter() - start:.0f} s", flush=True)
    for name, step, count in (
        ("profiles of drugs", _read_drugs, 10),
        ("blocks of effects", _compare, N_EFFECTS),
        ("blocks of target pathways", _rotate, N_PATHWAYS),
    ):
        start, before = time.perf_counter(), _processor_time()
        with multiprocessing.Pool(cores) as pool:
            peak = max(pool.map(step, [(folder, number) for number in range(count)], chunksize=1))
        used = _processor_time() - before
        total += used
        spent = time.perf_counter() - start
        print(
            f"{name}: {count} jobs, {used:.0f} s of processor time ({spent:.0f} s here), {peak:.2f} GB in the largest process",
            flush=True,
        )
    before = _processor_time()
    names, pathways = [f"e{number}" for number in range(N_EFFECTS)], [pathway.name for pathway in _pathways()]

    def blocks(what: str) -> dict[str, np.ndarray]:
        return {name: read_block(folder / f"effects/{name}/{what}.npy")[0] for name in names}

    drugs = read_profiles([folder / f"drugs/{part}.npy" for part in range(10)])
    strength = dict(zip(drugs.names, np.sqrt(np.mean(drugs.values**2, axis=1)), strict=True))
    test, units = judge(
        Blocks(
            [read_record(ComparedEffect, folder / f"effects/{name}/units.json") for name in names],
            blocks("drawn"),
            blocks("on_sets"),
            blocks("random"),
            {name: read_block(folder / f"pathways/{name}.npy")[0] for name in pathways},
            np.array([np.mean([strength[drug] for drug in pathway.drugs]) for pathway in _pathways()]),
        ),
        pathways,
        _asked(),
        NULL.rotations,
        NULL.seed,
    )
    used = _processor_time() - before
    size = sum(
        file.stat().st_size for part in ("drugs", "effects", "pathways") for file in (folder / part).rglob("*.*")
    )
    print(
        f"test: {used:.0f} s, {_peak():.2f} GB; all: {total + used:.0f} s of processor time; on disk {size / 1e6:.0f} MB",
        flush=True,
    )
    print(test.sentence)
    for control in test.controls:
        print(f"  {control.name}: S {control.statistic:.2f}, null {control.null_median:.2f}, p {control.p_value:.4f}")
    planted = {(f"p{pathway:02d}", f"e{effect}") for pathway, effect in PLANTED}
    called = [unit for unit in units if unit.call.endswith("direction")]
    found = sum((unit.target_pathway, unit.effect) in planted for unit in called)
    print(f"called {len(called)} of {test.family} declared pairs; {found} of {len(planted)} planted ones")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description="The atlas: size, power, time, memory.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=("size", "scale"), required=True)
    parser.add_argument("--atlases", type=int, default=400)
    parser.add_argument("--cores", type=int, default=2)
    asked = parser.parse_args()
    if asked.only == "size":
        measure_size(asked.atlases, asked.cores)
    else:
        measure_scale(asked.folder, asked.cores)


if __name__ == "__main__":
    main()

"""The jobs of an atlas: each reads, calls one function, and writes. `workflow/atlas/Snakefile` plans them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.atlas.blocks import Origin, read_block, read_profiles, write_block
from sidemine.atlas.compare import NullDraws, Pathway, compare_effect, rotate_drugs
from sidemine.atlas.finished import (
    drug_deviates,
    origin_of,
    part_name,
    read_contrasts,
    read_effect,
    read_library_rows,
    read_members,
    refusal_of,
)
from sidemine.atlas.judge import Asked, Blocks, find_repeats, judge
from sidemine.atlas.page import draw_page
from sidemine.atlas.plan import AtlasPlan
from sidemine.atlas.record import UNITS, AtlasRecord, BridgeOfStudy, ComparedEffect
from sidemine.errors import InputError, Problem
from sidemine.lines.bridge.prediction import PREDICTION, prediction_figures
from sidemine.lines.bridge.record import ConcordanceOfStudy
from sidemine.places import RESOURCES
from sidemine.records import read_record, write_record
from sidemine.report.collect import read_answers
from sidemine.tables import read_table, table_of, write_table
from sidemine.text.file_digest import sha256_of

if TYPE_CHECKING:
    from sidemine.atlas.config import Atlas
    from sidemine.differential.contrast_fit import ContrastFit


@dataclass(frozen=True)
class Places:
    """Where the files of an atlas lie."""

    results: Path

    def drugs(self, source: str) -> Path:
        """Return the file of the drugs' profiles of one study or library."""
        return self.results / "drugs" / f"{source}.npy"

    def effect(self, name: str, what: str) -> Path:
        """Return a file of one effect: profile.npy, units.json, drawn.npy, on_sets.npy or random.npy."""
        return self.results / "effects" / name / what

    def pathway(self, name: str) -> Path:
        """Return the file of what rotation of the drugs of one target pathway gives."""
        return self.results / "pathways" / name / "drawn.npy"

    @property
    def record(self) -> Path:
        """The record that the page is made of."""
        return self.results / "atlas.json"

    @property
    def units(self) -> Path:
        """The table of all units."""
        return self.results / UNITS.name

    @property
    def page(self) -> Path:
        """The index page."""
        return self.results / "index.html"


def read_drugs(atlas: Atlas, source: str) -> None:
    """Write the profiles of all drugs of one study or library: a row each."""
    rows = [row for row in atlas.drugs if row.source == source]
    path = Places(atlas.results).drugs(source)
    if source in atlas.config.libraries:
        table = read_library_rows(atlas, source, [row.contrast for row in rows], f"library {source}")
        origins = [Origin([source], [])] * len(rows)
        write_block(
            path, table.to_numpy(dtype=np.float64), [row.profile for row in rows], list(table.columns), origins=origins
        )
        return
    contrasts = read_contrasts(atlas.study(source), sorted({row.contrast for row in rows}))
    found = {name: drug_deviates(contrast) for name, contrast in contrasts.items()}
    genes = sorted(set().union(*(one[0] for one in found.values() if one is not None)))
    place = {gene: number for number, gene in enumerate(genes)}
    kept = [(row, one) for row in rows if (one := found[row.contrast]) is not None]
    values = np.full((len(kept), len(genes)), np.nan)
    for number, (_, (own, deviates)) in enumerate(kept):
        values[number, [place[gene] for gene in own]] = deviates
    write_block(
        path,
        values,
        [row.profile for row, _ in kept],
        genes,
        origins=[origin_of(contrasts[row.contrast]) for row, _ in kept],
        left_out=[f"{row.profile}: {reason}" for row in rows if (reason := refusal_of(contrasts[row.contrast]))],
    )


def read_effect_profile(atlas: Atlas, name: str) -> None:
    """Write the profile of one effect."""
    effect = read_effect(atlas, name)
    has_genes = len(effect.genes) > 0
    write_block(
        Places(atlas.results).effect(name, "profile.npy"),
        effect.deviates[None] if has_genes else np.zeros((0, 0)),
        [name] if has_genes else [],
        effect.genes,
        origins=[effect.origin] if has_genes else [],
        left_out=effect.left_out,
    )


def pathways_of(atlas: Atlas) -> list[Pathway]:
    """Return all target pathways with their genes and drugs, in alphabetical order."""
    rows = {row.target_pathway: row for row in atlas.pathways}
    return [
        Pathway(
            name, frozenset(read_members(atlas, rows[name])), {row.profile: row.drug for row in atlas.drugs_of(name)}
        )
        for name in atlas.pathway_names
    ]


def null_of(atlas: Atlas) -> NullDraws:
    """Return what an atlas draws."""
    return NullDraws(atlas.config.draws, atlas.config.random_sets, atlas.config.seed)


def sources_of_drugs(atlas: Atlas) -> list[str]:
    """Return the studies and libraries that drugs come from, in their order."""
    return list(dict.fromkeys(row.source for row in atlas.drugs))


def compare_one_effect(atlas: Atlas, name: str) -> None:
    """Write the block of one effect: all target pathways against it, with their null draws."""
    places, pathways = Places(atlas.results), pathways_of(atlas)
    drugs = read_profiles([places.drugs(source) for source in sources_of_drugs(atlas)])
    asked = [pair.target_pathway for pair in atlas.pairs if pair.effect == name]
    block = compare_effect(name, read_effect(atlas, name), pathways, drugs, asked, null_of(atlas))
    for what, values in (("drawn", block.drawn), ("on_sets", block.on_sets), ("random", block.random)):
        write_block(places.effect(name, f"{what}.npy"), values, atlas.pathway_names)
    write_record(block.record, places.effect(name, "units.json"))


def rotate_one_pathway(atlas: Atlas, name: str) -> None:
    """Write the block of one target pathway: its drugs rotated against all effects."""
    places = Places(atlas.results)
    effects = read_profiles([places.effect(effect, "profile.npy") for effect in atlas.effect_names])
    pathway = next(one for one in pathways_of(atlas) if one.name == name)
    counted: dict[str, list[str]] = {}
    for effect in effects.names:
        record = read_record(ComparedEffect, places.effect(effect, "units.json"))
        counted[effect] = next(unit.profiles for unit in record.units if unit.target_pathway == name)

    blocks = [read_block(places.drugs(source))[1] for source in sources_of_drugs(atlas)]
    origins = {name: origin for block in blocks for name, origin in zip(block.rows, block.origins, strict=True)}

    def fits() -> Iterator[tuple[str, str, ContrastFit]]:
        for row in atlas.drugs_of(name):
            fit = read_contrasts(atlas.study(row.source), [row.contrast])[row.contrast].fit
            if fit is not None:
                yield row.profile, part_name(row), fit

    drawn = rotate_drugs(pathway, fits(), effects, counted, origins, null_of(atlas))
    at = [atlas.effect_names.index(effect) for effect in effects.names]
    whole = np.full((len(atlas.effect_names), drawn.shape[1]), np.nan)
    whole[at] = drawn
    write_block(places.pathway(name), whole, atlas.effect_names)


def judge_atlas(atlas: Atlas) -> None:
    """Write `atlas.json` and `units.tsv`: the global test, and all units."""
    places, config = Places(atlas.results), atlas.config
    effects, pathways = atlas.effect_names, atlas.pathway_names
    drugs = read_profiles([places.drugs(source) for source in sources_of_drugs(atlas)])
    strength = dict(
        zip(drugs.names, np.sqrt(np.nanmean(np.asarray(drugs.values, np.float64) ** 2, axis=1)), strict=True)
    )
    per_pathway = [
        [strength[row.profile] for row in atlas.drugs_of(name) if row.profile in strength] for name in pathways
    ]

    def blocks(what: str) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        read = {effect: read_block(places.effect(effect, f"{what}.npy"))[0] for effect in effects}
        return {effect: np.asarray(values, dtype=np.float64) for effect, values in read.items()}

    compared = [read_record(ComparedEffect, places.effect(effect, "units.json")) for effect in effects]
    pairs = [(pair.target_pathway, pair.effect) for pair in atlas.pairs]
    repeats = find_repeats(pairs, {one.name: one.members for one in pathways_of(atlas)}, *_samples(atlas, compared))
    test, units = judge(
        Blocks(
            compared,
            blocks("drawn"),
            blocks("on_sets"),
            blocks("random"),
            {n: np.asarray(read_block(places.pathway(n))[0], np.float64) for n in pathways if atlas.rotates(n)},
            np.array([np.mean(one) if one else 0.0 for one in per_pathway]),
        ),
        pathways,
        [
            Asked(pair.target_pathway, pair.effect, pair.relation, pair.why, again)
            for pair, again in zip(atlas.pairs, repeats, strict=True)
        ],
        config.draws,
        config.seed,
    )
    left_out = [f"{one.effect}: {reason}" for one in compared for reason in one.left_out]
    left_out += [
        f"{' × '.join(pair)} counts once in the test: it shares more than half of its genes, and of its samples on both sides, with {again}"
        for pair, again in zip(pairs, repeats, strict=True)
        if again
    ]
    bridges, simulated = _studies(atlas)
    write_table(table_of(units, UNITS), places.units, UNITS)
    record = AtlasRecord(
        title=config.title,
        pathways=pathways,
        effects=effects,
        n_profiles_drugs=len(atlas.drugs),
        n_profiles_effects=len(atlas.effects),
        test=test,
        units=units,
        bridges=bridges,
        prediction=prediction_figures(read_table(RESOURCES / "prediction" / PREDICTION.name, PREDICTION)),
        simulated=simulated,
        left_out=left_out,
        unverified=[name for name, library in config.libraries.items() if library.status == "unverified"],
        specification=AtlasPlan(atlas).digest,
        units_digest=sha256_of(places.units),
    )
    write_record(record, places.record)


def _samples(atlas: Atlas, compared: Sequence[ComparedEffect]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return the samples of each target pathway's drugs, and of each effect's patients; a profile without any is one itself."""
    places = Places(atlas.results)
    of_drugs: dict[str, set[str]] = {row.profile: {part_name(row)} for row in atlas.drugs}
    for source in sources_of_drugs(atlas):
        block = read_block(places.drugs(source))[1]
        of_drugs |= {name: set(one.units) for name, one in zip(block.rows, block.origins, strict=True) if one.units}
    of_patients = {
        one.effect: set(one.origin.units) or {part_name(row) for row in atlas.profiles_of(one.effect)}
        for one in compared
    }
    drugs = {
        name: set().union(*(of_drugs[row.profile] for row in atlas.drugs_of(name))) for name in atlas.pathway_names
    }
    return drugs, of_patients


def _studies(atlas: Atlas) -> tuple[list[BridgeOfStudy], list[str]]:
    bridges, simulated = [], []
    for name in atlas.config.studies:
        study = atlas.study(name)
        if read_answers(study).simulated:
            simulated.append(name)
        if (study / "concordance.json").is_file():
            concordance = read_record(ConcordanceOfStudy, study / "concordance.json")
            bridges += [
                BridgeOfStudy(name, bridge.bridge, bridge.call, bridge.sentence) for bridge in concordance.bridges
            ]
    return bridges, simulated


def draw_atlas(atlas: Atlas) -> None:
    """Write the index page."""
    places = Places(atlas.results)
    studies = {name: atlas.study(name) for name in atlas.config.studies}
    draw_page(read_record(AtlasRecord, places.record), studies, places.page)


JOBS: dict[str, Callable[[Atlas, str], None]] = {
    "read_drugs": read_drugs,
    "read_effect": read_effect_profile,
    "compare_effect": compare_one_effect,
    "rotate_pathway": rotate_one_pathway,
    "judge_atlas": lambda atlas, _: judge_atlas(atlas),
    "draw_atlas": lambda atlas, _: draw_atlas(atlas),
}
"""Jobs by the name of their rule; each takes the atlas and what it is about."""


def run_job(atlas: Atlas, job: str, about: str) -> None:
    """Run one job of an atlas.

    Parameters
    ----------
    atlas
        The atlas.
    job
        Name of the job.
    about
        The source, effect or target pathway that it is about; empty where there is one such job.

    Raises
    ------
    InputError
        When there is no such job.
    """
    if job not in JOBS:
        raise InputError(Problem(f"there is no job {job!r}", "the atlas' rules", ", ".join(JOBS), "Report this."))
    JOBS[job](atlas, about)

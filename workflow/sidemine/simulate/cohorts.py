"""Simulated patient cohorts: cases and controls on an array, written as GEO would serve them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sidemine.simulate.addresses import annotation_url, matrix_url, mirror_path
from sidemine.simulate.expression import Composition, IntArray, SampleModel, simulate_log2
from sidemine.simulate.genes import CELL_TYPES, FloatArray, GeneUniverse
from sidemine.simulate.geo_files import (
    Platform,
    Sample,
    Series,
    probe_values,
    write_platform_annotation,
    write_series_matrix,
)
from sidemine.simulate.scene import SCENE

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CohortPlan:
    """What a simulated cohort is.

    Attributes
    ----------
    accession, first_sample
        Series accession; number of its first GSM.
    n_cases, n_controls
        Group sizes.
    effect
        Hedges g of the interferon-response score, cases minus controls.
    composition_shift
        Per cell type, shift of its fraction in SD units, cases minus controls.
    target_slope
        log2 change of the interferon-response genes per SD of a cell type: composition that mimics the effect.
    reliability
        Of the known cell-type markers.
    batch
        balanced: two batches across both groups; aliased: one batch per group; none.
    batch_size_effect
        With an aliased batch, what the batch itself adds to the interferon-response score (Hedges g).
    module_shift
        Hedges g of other modules, cases minus controls: a background that changes while the interferon response does not.
    n_reused
        Controls that are re-used samples of another series: young, and with a processing shift of their own.
    cell_types
        Cell types whose fractions vary between people.
    tissue
        What the samples are, in a word.
    gradient
        How far the groups differ (SD) in a gradient of sample quality, which no column records: it moves half of all genes, up
        or down, and lifts the interferon-response genes. 0: there is none.
    swapped_sex
        Swap the recorded sex of one man and one woman among the controls.
    """

    accession: str
    first_sample: int
    n_cases: int
    n_controls: int
    effect: float = 0.0
    composition_shift: tuple[tuple[str, float], ...] = ()
    target_slope: tuple[tuple[str, float], ...] = ()
    reliability: float = 0.8
    batch: Literal["balanced", "aliased", "none"] = "balanced"
    batch_size_effect: float = 0.0
    module_shift: tuple[tuple[str, float], ...] = ()
    n_reused: int = 0
    gradient: float = 0.0
    swapped_sex: bool = False
    cell_types: tuple[str, ...] = CELL_TYPES
    tissue: str = "blood"


@dataclass(frozen=True)
class CohortPeople:
    """The people of a cohort, cases first; arrays have shape (n_samples,)."""

    is_case: BoolArray
    is_female: BoolArray
    recorded_female: BoolArray
    age: FloatArray
    batch: IntArray
    is_reused: BoolArray


def draw_people(plan: CohortPlan, seed: int) -> CohortPeople:
    """Draw age, sex and batch; cases are older than controls, re-used controls are 18 to 38."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 6]))
    n = plan.n_cases + plan.n_controls
    is_case = np.arange(n) < plan.n_cases
    is_reused = np.arange(n) >= n - plan.n_reused
    is_female = rng.permuted(np.arange(n) % 2 == 0)
    age = np.where(is_case, rng.normal(50, 15, n), rng.normal(45, 14, n))
    age = np.where(is_reused, rng.uniform(18, 38, n), age)
    batch = np.zeros(n, dtype=np.int64)
    if plan.batch == "balanced":
        batch = (np.arange(n) % 2).astype(np.int64)
    elif plan.batch == "aliased":
        batch = is_case.astype(np.int64)
    recorded = is_female.copy()
    if plan.swapped_sex:
        young = np.flatnonzero(is_reused if plan.n_reused else ~is_case)
        pair = [int(young[is_female[young]][0]), int(young[~is_female[young]][0])]
        recorded[pair] = ~recorded[pair]
    return CohortPeople(is_case, is_female, recorded, np.round(np.clip(age, 18, 88)), batch, is_reused)


def cohort_log2(plan: CohortPlan, people: CohortPeople, universe: GeneUniverse, seed: int) -> FloatArray:
    """Draw the cohort's log2 expression, genes × people.

    Parameters
    ----------
    plan
        What the cohort is.
    people
        Who takes part, cases first.
    universe
        Genes, with their modules.
    seed
        Seed of the draw; never 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 7]))
    n = people.is_case.size
    shifts = dict(plan.composition_shift)
    fractions = {name: rng.standard_normal(n) + shifts.get(name, 0.0) * people.is_case for name in plan.cell_types}
    effect = plan.effect * people.is_case + plan.batch_size_effect * people.batch
    model = SampleModel(
        n,
        score_shift={
            "interferon_response": effect,
            SCENE.members: 0.3 * effect,
            SCENE.repressed: -effect,
            "module_20": 0.8 * people.is_reused.astype(np.float64),  # the other study's processing
            **{name: shift * people.is_case.astype(np.float64) for name, shift in plan.module_shift},
        },
        composition=Composition(fractions, plan.reliability, dict(plan.target_slope)),
        is_female=people.is_female,
        age=people.age,
        batch=people.batch if plan.batch != "none" else None,
    )
    values = simulate_log2(universe, model, seed)
    if plan.gradient:
        quality = np.random.default_rng(np.random.SeedSequence([seed, 8]))
        n_genes = len(universe.symbols)
        loadings = quality.uniform(0.2, 0.8, n_genes) * quality.choice([-1.0, 0.0, 0.0, 1.0], n_genes)
        loadings[universe.rows(universe.modules["interferon_response"])] = 0.5
        values += np.outer(loadings * universe.sd, quality.standard_normal(n) + plan.gradient * people.is_case)
    return values


def cohort_series(plan: CohortPlan, people: CohortPeople, platform: str) -> Series:
    """Return the cohort's GEO record.

    Characteristics are uneven on purpose: cases have `event` and `site` cells where controls already have the batch, as in
    real records, and the weight of some people is blank.

    Parameters
    ----------
    plan
        What the cohort is.
    people
        Who takes part, cases first.
    platform
        GPL number that the record shows.
    """
    samples, disease = [], SCENE.disease
    for row in range(people.is_case.size):
        case = bool(people.is_case[row])
        cells = [
            f"disease state: {disease.state if case else 'healthy'}",
            f"gender: {'female' if people.recorded_female[row] else 'male'}",
            f"age: {people.age[row]:.0f}",
        ]
        if case:
            cells.append(f"event: {disease.events[row % 2]}")
            cells.append(f"site: {disease.sites[row % 3 == 1]}")
        if plan.batch != "none":
            cells.append(f"hybridisation batch: {'AB'[int(people.batch[row])]}")
        cells.append(f"weight: {60 + row % 37} kg" if row % 5 else "")
        relations = [f"BioSample: https://www.ncbi.nlm.nih.gov/biosample/SAMN9{plan.first_sample + row:07d}"]
        if people.is_reused[row]:
            relations.append(f"Reanalysis of: GSM{plan.first_sample + 500_000 + row}")
        name = disease.patients if case else "healthy control"
        samples.append(
            Sample(
                f"GSM{plan.first_sample + row}",
                f"{plan.tissue}, {name}, person {row + 1}",
                f"{plan.tissue}_{name}",
                tuple(cells),
                tuple(relations),
            )
        )
    return Series(
        plan.accession,
        f"Simulated {'whole blood' if plan.tissue == 'blood' else plan.tissue}, {disease.series} and healthy",
        platform,
        tuple(samples),
    )


def write_cohort(mirror: Path, plan: CohortPlan, universe: GeneUniverse, platform: Platform, seed: int) -> None:
    """Draw a cohort and write its series matrix and its platform's annotation.

    Parameters
    ----------
    mirror
        Folder that stands for the servers.
    plan
        What the cohort is.
    universe
        Genes, with their modules.
    platform
        The array that it was measured on.
    seed
        Seed of everything drawn; never 0.
    """
    people = draw_people(plan, seed)
    values = probe_values(universe, cohort_log2(plan, people, universe, seed), platform, seed)
    series = cohort_series(plan, people, platform.accession)
    write_series_matrix(mirror_path(mirror, matrix_url(plan.accession)), series, platform.probes, values)
    write_platform_annotation(mirror_path(mirror, annotation_url(platform.accession)), platform, universe)

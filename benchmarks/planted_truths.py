"""Planted studies in process: expression with a known truth, fitted and measured as the workflow does, without files.

The generator is a few matrix operations per dataset, in standard deviations of each gene between people of a group:
independent noise, one factor per co-expressed module, three factors that reach all genes a little, cells, age, sex, batch,
and whatever a class plants. Normal deviates, or t with few degrees of freedom scaled to variance 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from sidemine.considerations.composition.cell_proxies import read_markers
from sidemine.differential.contrast import fit_declared_contrast
from sidemine.effect.measure import ContrastResults
from sidemine.enrichment.camera import CAMERA
from sidemine.enrichment.fry import FRY
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.record import made_in_process
from sidemine.simulate.genes import CELL_TYPES, GeneUniverse, make_universe
from sidemine.study.choices import Replicates
from sidemine.study.projections import ContrastToFit, DatasetToMeasure

Values = NDArray[np.float64]

N_GENES = 1600
PRIMARY = "interferon_response"
CORRELATION = 0.3
"""Correlation within the primary set; other modules have 0.05 to 0.4."""
CORRELATIONS = {"ribosome": 0.4, "jak_stat_members": 0.1, "negative_control": 0.05}
OTHER_MODULES, IN_CULTURE = 0.2, 0.05
"""Correlation within the other modules, of people and of cultures."""
BACKGROUND, N_BACKGROUND = 0.15, 3
"""SD of the loadings of all genes on each factor that reaches all of them, and how many there are."""
SIZES = ((70, 63), (107, 25), (60, 60), (50, 50), (80, 40), (45, 45))
"""Patients and controls of the two VTE cohorts that the study is built for, and of further ones."""
MARKER_FILES = Path(__file__).resolve().parents[1] / "resources" / "gene_sets"
CELLS = ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")
N_UNIVERSES = 8
REPLICATES = 3
DISH_VARIANCE = 4.0
"""Variance between dishes over that between wells of one dish."""
BATCH, FLOOR = 0.5, 3.0


@dataclass(frozen=True)
class Hidden:
    """Something unrecorded that differs between the groups and moves many genes.

    Attributes
    ----------
    share
        Share of all genes outside the primary set that follow it, half of them up and half down.
    difference
        Patients minus controls, in SD of it within a group; of a batch: difference of the shares in batch one.
    in_set
        Share of the primary set's genes that follow it, all up.
    strength, set_strength
        Range of the absolute loadings of other genes, and of the set's, in SD of a gene per SD of it.
    is_batch
        Two values rather than a gradient.
    """

    share: float = 0.5
    difference: float = 0.85
    in_set: float = 1.0
    strength: tuple[float, float] = (0.1, 0.4)
    set_strength: tuple[float, float] = (0.4, 0.8)
    is_batch: bool = False


@dataclass(frozen=True)
class Cohort:
    """What is true of one cohort.

    Attributes
    ----------
    effect
        Hedges g of the primary set, patients minus controls: unit is the SD of its score between people of a group.
    n_cases, n_controls
        Group sizes.
    shifts
        The same of other modules.
    covarying
        Modules that share half of their factor's variance with the primary set's, in every person.
    composition_shift, target_slope, reliability
        Per cell type: how many SD its share differs; log2 by which the primary set rises per SD; squared correlation of its
        markers' common signal with its share.
    known
        Squared correlation of the cells that move the primary set with the cells that markers know.
    tails
        Degrees of freedom of t; infinite: normal.
    spread
        SD of patients over that of controls.
    hidden
        Unrecorded differences.
    carriers
        So many genes of the set carry the whole `effect`; 0: all of them do.
    carriers_rise
        By how many SD of a gene each of them rises; 0: so much that the whole set has `effect`.
    severity
        SD of the patients' own effects, as a share of `effect`; a second module follows them.
    ages
        `balanced`, `recorded` (patients 5 years older), `unbalanced` (12 years older, as controls from staff are younger), or
        `missing` (5 years older, not recorded).
    aliased, model_batch
        One batch per group; whether the design holds the batch.
    """

    effect: float = 0.0
    n_cases: int = 70
    n_controls: int = 63
    shifts: Mapping[str, float] = field(default_factory=dict)
    covarying: tuple[str, ...] = ()
    composition_shift: Mapping[str, float] = field(default_factory=dict)
    target_slope: Mapping[str, float] = field(default_factory=dict)
    reliability: float = 0.8
    known: float = 1.0
    tails: float = np.inf
    spread: float = 1.0
    hidden: tuple[Hidden, ...] = ()
    carriers: int = 0
    carriers_rise: float = 0.0
    severity: float = 0.0
    ages: Literal["balanced", "recorded", "missing", "unbalanced"] = "recorded"
    aliased: bool = False
    model_batch: bool = True


@dataclass(frozen=True)
class Genome:
    """Which genes, and how many of the module of the primary set belong to the primary set (0: all)."""

    number: int
    set_size: int = 0

    @property
    def universe(self) -> GeneUniverse:
        """Genes with means and variances."""
        return _universe(self.number)

    @property
    def sets(self) -> pd.DataFrame:
        """The study's sets: the primary one, pathway members, and the comparators."""
        return _gene_sets(self)

    @property
    def primary(self) -> NDArray[np.intp]:
        """Rows of the primary set."""
        rows = _modules(self.number)[PRIMARY]
        return rows[: self.set_size] if self.set_size else rows


@dataclass(frozen=True)
class Planted:
    """One contrast of a planted study.

    Attributes
    ----------
    contrast, expression
        Its row and its prepared dataset.
    results
        What the stages found, from the fit on; its `fit` is None where it cannot be tested.
    samples, is_target
        Metadata (index: sample), and which of them belong to the target.
    """

    contrast: ContrastToFit
    expression: AnnData
    results: ContrastResults
    samples: pd.DataFrame
    is_target: NDArray[np.bool_]

    @property
    def name(self) -> str:
        """Id of the contrast."""
        return self.contrast.contrast


@lru_cache(maxsize=N_UNIVERSES)
def _universe(number: int) -> GeneUniverse:
    # A few gene universes: means and variances of genes are no matter of chance here.
    return make_universe(N_GENES, number + 1)


@lru_cache(maxsize=N_UNIVERSES)
def _modules(number: int) -> dict[str, NDArray[np.intp]]:
    universe = _universe(number)
    return {name: universe.rows(genes) for name, genes in universe.modules.items()}


@lru_cache(maxsize=2 * N_UNIVERSES)
def _module_of_gene(number: int, other: float) -> tuple[NDArray[np.intp], Values]:
    """Return per gene the number of its module (the last one: none), and the correlation within it."""
    modules = {name: rows for name, rows in _modules(number).items() if name not in {"female", "male", "housekeeping"}}
    place, correlation = np.full(N_GENES, len(modules)), np.zeros(N_GENES)
    for row, (name, genes) in enumerate(modules.items()):
        place[genes] = row
        correlation[genes] = CORRELATION if name == PRIMARY else min(other, CORRELATIONS.get(name, other))
        if other == OTHER_MODULES and name in CORRELATIONS:
            correlation[genes] = CORRELATIONS[name]
    return place, correlation


@lru_cache(maxsize=64)
def _gene_sets(genome: Genome) -> pd.DataFrame:
    modules = genome.universe.modules
    families = {PRIMARY: "target", "jak_stat_members": "member", "ribosome": "confounder"}
    families |= {"oxidative_phosphorylation": "confounder", "negative_control": "negative_control"}
    families |= {name: "comparator" for name in modules if name.startswith("module_")}
    symbols = genome.universe.symbols
    genes = {name: modules[name] for name in families} | {PRIMARY: tuple(symbols[row] for row in genome.primary)}
    table = pd.DataFrame(
        [(name, families[name], gene) for name in families for gene in genes[name]],
        columns=["gene_set", "family", "gene"],
    )
    return table.assign(weight=1.0, version="simulated", source="simulated", licence="none")


@lru_cache(maxsize=64)
def markers_of(genome: Genome) -> dict[str, list[str]]:
    """Return the markers that the adjustment uses: sidemine's own lists, without target and member genes."""
    return read_markers([MARKER_FILES / f"{name}.tsv" for name in CELLS], genome.sets)


def _deviates(rng: np.random.Generator, shape: tuple[int, ...], tails: float) -> Values:
    if np.isinf(tails):
        return rng.standard_normal(shape)
    return np.asarray(rng.standard_t(tails, shape) * np.sqrt((tails - 2) / tails))


def _noise(
    genome: Genome, n: int, rng: np.random.Generator, *, tails: float = np.inf, other: float = OTHER_MODULES
) -> tuple[Values, Values]:
    """Return noise (genes × n) with module structure, and the factors of the modules."""
    place, correlation = _module_of_gene(genome.number, other)
    factors = np.vstack([_deviates(rng, (int(place.max()), n), tails), np.zeros((1, n))])
    noise = _deviates(rng, (N_GENES, n), tails)
    noise *= np.sqrt(1 - correlation)[:, None]
    noise += np.sqrt(correlation)[:, None] * factors[place]
    return noise, factors


def score_sd(genome: Genome, loadings: Values | None = None) -> float:
    """Return the SD between people of a group of the primary set's score, in SD of a gene."""
    m = len(genome.primary)
    background = 0.0 if loadings is None else float(np.sum(loadings[genome.primary].mean(axis=0) ** 2))
    return float(np.sqrt(CORRELATION + (1 - CORRELATION) / m + background))


def draw_cohort(truth: Cohort, genome: Genome, seed: int) -> tuple[Values, pd.DataFrame, NDArray[np.bool_]]:
    """Draw one cohort: log2 expression (genes × people, patients first), metadata, and who is a patient."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 71]))
    universe, modules, rows = genome.universe, _modules(genome.number), genome.primary
    n = truth.n_cases + truth.n_controls
    is_case = np.arange(n) < truth.n_cases
    is_female = rng.permuted(np.arange(n) % 2 == 0)
    older = {"balanced": 0, "unbalanced": 12}.get(truth.ages, 5)
    age = np.round(np.clip(rng.normal(45, 14, n) + older * is_case, 18, 88))
    batch = is_case.astype(int) if truth.aliased else np.arange(n) % 2

    values, factors = _noise(genome, n, rng, tails=truth.tails)
    place, correlation = _module_of_gene(genome.number, OTHER_MODULES)
    for name in truth.covarying:
        # Half of the factor's variance is the primary set's.
        own, shared = factors[place[modules[name][0]]], factors[place[rows[0]]]
        change = np.sqrt(0.5) * (own + shared) - own
        values[modules[name]] += np.sqrt(correlation[modules[name]])[:, None] * change
    loadings = BACKGROUND * rng.standard_normal((N_GENES, N_BACKGROUND))
    values += loadings @ _deviates(rng, (N_BACKGROUND, n), truth.tails)
    if truth.spread != 1:
        values[:, is_case] *= truth.spread
    share = truth.n_cases / n
    followed = sum((hidden.in_set * np.mean(hidden.set_strength)) ** 2 for hidden in truth.hidden)
    unit = np.hypot(score_sd(genome, loadings) * np.sqrt(share * truth.spread**2 + 1 - share), np.sqrt(followed))

    effect = truth.effect * (is_case + truth.severity * is_case * rng.standard_normal(n))
    if truth.carriers:
        each = truth.carriers_rise * is_case if truth.carriers_rise else len(rows) / truth.carriers * unit * effect
        values[rows[: truth.carriers]] += each
    else:
        values[rows] += unit * effect
        values[modules["jak_stat_members"]] += 0.1 * effect
    if truth.severity:
        values[modules["module_01"]] += unit * effect
    for name, g in truth.shifts.items():
        m, rho = len(modules[name]), correlation[modules[name][0]]
        values[modules[name]] += np.sqrt(rho + (1 - rho) / m) * g * is_case
    for number, hidden in enumerate(truth.hidden):
        values += _hidden(hidden, genome, is_case, np.random.default_rng(np.random.SeedSequence([seed, 72, number])))
    values += rng.normal(0, BATCH, (N_GENES, 2))[:, batch]
    values = universe.mean[:, None] + universe.sd[:, None] * values
    _add_cells(values, truth, genome, is_case, rng)
    values[modules["age"]] += rng.normal(0, 0.012, len(modules["age"]))[:, None] * (age - 50)
    for name, on in (("female", is_female), ("male", ~is_female)):
        genes = modules[name]
        values[genes] = np.where(on, 9.0, 3.3) + rng.normal(0, 0.25, (len(genes), n))
    samples = pd.DataFrame({"sex": np.where(is_female, "female", "male"), "batch": batch.astype(str)})
    if truth.ages != "missing":
        samples["age"] = age.astype(str)
    # Background of the array: expression below it cannot be seen.
    return np.logaddexp2(values, FLOOR), samples, is_case


def _hidden(hidden: Hidden, genome: Genome, is_case: NDArray[np.bool_], rng: np.random.Generator) -> Values:
    n = len(is_case)
    if hidden.is_batch:
        amount = np.where(rng.random(n) < 0.5 + hidden.difference / 2 * np.where(is_case, 1, -1), 1.0, -1.0)
    else:
        amount = rng.standard_normal(n) + hidden.difference * is_case
    follows = rng.random(N_GENES) < hidden.share
    sign = rng.choice([-1.0, 1.0], N_GENES)
    follows[genome.primary], sign[genome.primary] = rng.random(len(genome.primary)) < hidden.in_set, 1.0
    loadings = rng.uniform(*hidden.strength, N_GENES)
    loadings[genome.primary] = rng.uniform(*hidden.set_strength, len(genome.primary))
    return np.outer(follows * sign * loadings, amount)


def _add_cells(
    values: Values, truth: Cohort, genome: Genome, is_case: NDArray[np.bool_], rng: np.random.Generator
) -> None:
    """Add what the mix of cells does, in place. Known markers follow a noisy copy of a cell type's share."""
    modules, n = _modules(genome.number), len(is_case)
    noise = np.sqrt((1 - truth.reliability) / truth.reliability)
    for cell in CELL_TYPES:
        shift = truth.composition_shift.get(cell, 0.0) * is_case
        own = rng.standard_normal(n)
        for genes, slope, share in (
            (modules[cell], (0.15, 0.5), own + shift),
            (
                modules.get(f"{cell}_markers", np.zeros(0, dtype=int)),
                (0.3, 0.7),
                own + shift + noise * rng.standard_normal(n),
            ),
        ):
            values[genes] += np.outer(rng.uniform(*slope, len(genes)), share)
        if cell in truth.target_slope:
            # Of the cells that move the set, markers know a part.
            moving = np.sqrt(truth.known) * own + np.sqrt(1 - truth.known) * rng.standard_normal(n) + shift
            values[genome.primary] += truth.target_slope[cell] * moving


def measure_cohort(
    truth: Cohort, name: str, genome: Genome, seed: int, *, accession: str = "", sets: Sequence[str] = (PRIMARY,)
) -> Planted:
    """Draw, fit and measure one cohort: sex, batch and, where recorded, age in the model."""
    values, samples, is_case = draw_cohort(truth, genome, seed)
    covariates = [column for column in ("age", "sex", "batch") if column in samples]
    if not truth.model_batch:
        covariates.remove("batch")
    return fit_planted(values, samples, is_case, covariates, name, genome, accession=accession, sets=sets)


def measure_experiment(
    effects: Mapping[str, float], name: str, genome: Genome, seed: int, *, noise: float = 0.6, wells: bool = False
) -> dict[str, Planted]:
    """Draw, fit and measure one cell experiment of three arms: control, interferon, interferon + drug; 3 cultures each.

    Parameters
    ----------
    effects
        `stimulus`: interferon minus control; `drug`: interferon + drug minus interferon; both in residual standard
        deviations of the set's score (Cohen's d).
    noise
        SD of a gene over that between people.
    wells
        The three cultures of an arm are wells of one dish, and dishes differ.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 73]))
    arm = np.repeat([0, 1, 2], REPLICATES)
    level = np.array([0.0, effects["stimulus"], effects["stimulus"] + effects["drug"]])[arm]
    values = _noise(genome, arm.size, rng, other=IN_CULTURE)[0]
    if wells:
        values += np.sqrt(DISH_VARIANCE) * _noise(genome, 3, rng, other=IN_CULTURE)[0][:, arm]
    values[genome.primary] += score_sd(genome) * level
    universe = genome.universe
    values = np.logaddexp2(universe.mean[:, None] + noise * universe.sd[:, None] * values, FLOOR)
    found = {}
    for contrast, target, reference in (("stimulus", 1, 0), ("drug", 2, 1)):
        used = (arm == target) | (arm == reference)
        samples = pd.DataFrame({"arm": arm[used].astype(str)}, index=np.flatnonzero(used))
        found[contrast] = fit_planted(
            values[:, used],
            samples,
            arm[used] == target,
            [],
            f"{name}_{contrast}",
            genome,
            dataset=name,
            replicates="wells" if wells else "cultures",
        )
    return found


def prepare(values: Values, genes: Sequence[str], samples: pd.DataFrame, dataset: str) -> AnnData:
    """Return a dataset as the prepare stage would: log2 values (genes × samples), every sample a unit of its own."""
    obs = samples.assign(unit=samples.index)
    var = pd.DataFrame({"entrez": "", "ensembl": ""}, index=pd.Index(genes, dtype=object))
    data = AnnData(obs=obs, var=var, layers={"log2": np.ascontiguousarray(values.T)})
    store_provenance(data, made_in_process(dataset))
    return data


def run_contrast(
    expression: AnnData,
    contrast: ContrastToFit,
    gene_sets: pd.DataFrame,
    accession: str = "",
    replicates: Replicates = "people",
) -> ContrastResults:
    """Take a contrast through fit and the set tests that carry verdicts, as the rules do.

    Parameters
    ----------
    expression, contrast
        A prepared dataset, and the row of the contrast.
    gene_sets
        Sets to test.
    accession, replicates
        Of the dataset; accession '' for its id.
    """
    outcome = fit_declared_contrast(expression, contrast, min_group_size=3, on_untestable="continue")
    tests = run_set_tests(
        outcome.fit,
        None if outcome.fit is None else build_membership(gene_sets, outcome.fit.genes, max_size=500),
        rotations=1,
        seed=1,
        tests=(FRY, CAMERA),
    )
    dataset = DatasetToMeasure(
        dataset=contrast.dataset,
        accession=accession or contrast.dataset,
        source="",
        declared_apart=False,
        scale="log2",
        replicates=replicates,
    )
    samples = pd.DataFrame({"sample": expression.obs_names, "unit": expression.obs["unit"].to_numpy(), "fate": "used"})
    return ContrastResults(contrast.contrast, dataset, outcome.fit, outcome.design, tests, samples)


def declare_contrast(contrast: str, dataset: str, covariates: Sequence[str] = ()) -> ContrastToFit:
    """Return the row of a contrast between the samples of `group` target and reference."""
    return ContrastToFit(
        contrast=contrast, dataset=dataset, target="group = target", reference="group = reference",
        covariates=list(covariates), block="", blocking="auto", array_weights=False, robust=False,
        missing_covariates="refuse", samples_in_block="units",
    )  # fmt: skip


def fit_planted(
    values: Values,
    samples: pd.DataFrame,
    is_target: NDArray[np.bool_],
    covariates: Sequence[str],
    contrast: str,
    genome: Genome,
    *,
    dataset: str = "",
    accession: str = "",
    replicates: Replicates = "people",
    sets: Sequence[str] = (PRIMARY,),
) -> Planted:
    """Take drawn values through prepare, fit and set tests.

    Parameters
    ----------
    values, samples, is_target
        Genes × samples, their metadata, and which belong to the target.
    covariates
        Columns of the metadata that the design holds.
    contrast, dataset, accession, replicates
        Ids; dataset '' for the contrast's, accession '' for the dataset's; what a sample is a replicate of.
    genome, sets
        Genes, and the sets that are tested.
    """
    row = declare_contrast(contrast, dataset or contrast, covariates)
    named = samples.set_axis([f"{row.dataset}_{name}" for name in samples.index])
    grouped = named.assign(group=np.where(is_target, "target", "reference"))
    expression = prepare(values, genome.universe.symbols, grouped, row.dataset)
    tested = genome.sets[genome.sets["gene_set"].isin(list(sets))]
    results = run_contrast(expression, row, tested, accession, replicates)
    return Planted(row, expression, results, named, is_target)

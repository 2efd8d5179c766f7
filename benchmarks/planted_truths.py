"""Planted studies in process: expression with a known truth, fitted and measured as the workflow does, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from sidemine.considerations.composition.cell_proxies import read_markers
from sidemine.differential.contrast import fit_declared_contrast
from sidemine.effect.measure import ContrastResults
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.record import made_in_process
from sidemine.simulate.cohorts import CohortPlan, draw_people
from sidemine.simulate.expression import Composition, SampleModel, simulate_log2
from sidemine.simulate.genes import CELL_TYPES, GeneUniverse, make_universe
from sidemine.study.projections import ContrastToFit, DatasetToMeasure

Values = NDArray[np.float64]

N_GENES = 1600
PRIMARY = "interferon_response"
CORRELATION = 0.3
"""Correlation within the primary set; other modules keep the simulator's own (0.05 to 0.4)."""
SIZES = ((70, 63), (107, 25))
"""Patients and controls of the two VTE cohorts that the study is built for."""
MARKER_FILES = Path(__file__).resolve().parents[1] / "resources" / "gene_sets"
CELLS = ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")
N_UNIVERSES = 8
REPLICATES = 3


@dataclass(frozen=True)
class Cohort:
    """What is true of one cohort.

    Attributes
    ----------
    effect
        Hedges g of the primary set, cases minus controls.
    n_cases, n_controls
        Group sizes.
    shifts
        Hedges g of other modules.
    covarying
        Modules that share half of their factor's variance with the primary set's score, in every person.
    composition_shift, target_slope, reliability
        As in `CohortPlan`: cell fractions, what they do to the primary set, and how well markers show them.
    aliased
        One batch per group.
    model_batch
        Whether the design holds the batch.
    """

    effect: float = 0.0
    n_cases: int = 70
    n_controls: int = 63
    shifts: Mapping[str, float] = field(default_factory=dict)
    covarying: tuple[str, ...] = ()
    composition_shift: Mapping[str, float] = field(default_factory=dict)
    target_slope: Mapping[str, float] = field(default_factory=dict)
    reliability: float = 0.8
    aliased: bool = False
    model_batch: bool = True


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
def universe_of(number: int) -> GeneUniverse:
    """Return one of a few gene universes: means and variances of genes are no matter of chance here."""
    return make_universe(N_GENES, number + 1)


@lru_cache(maxsize=N_UNIVERSES)
def gene_sets_of(number: int) -> pd.DataFrame:
    """Return the study's sets: the primary one, pathway members, and the comparators."""
    modules = universe_of(number).modules
    families = {PRIMARY: "target", "jak_stat_members": "member", "ribosome": "confounder"}
    families |= {"oxidative_phosphorylation": "confounder", "negative_control": "negative_control"}
    families |= {name: "comparator" for name in modules if name.startswith("module_")}
    rows = [(name, families[name], gene) for name in families for gene in modules[name]]
    table = pd.DataFrame(rows, columns=["gene_set", "family", "gene"])
    return table.assign(weight=1.0, version="simulated", source="simulated", licence="none")


@lru_cache(maxsize=N_UNIVERSES)
def markers_of(number: int) -> dict[str, list[str]]:
    """Return the markers that the adjustment uses: sidemine's own lists, without target and member genes."""
    return read_markers([MARKER_FILES / f"{name}.tsv" for name in CELLS], gene_sets_of(number))


def measure_cohort(truth: Cohort, name: str, universe_number: int, seed: int) -> Planted:
    """Draw, fit and measure one cohort, age, sex and batch in the model."""
    universe = universe_of(universe_number)
    plan = CohortPlan(name, 1, truth.n_cases, truth.n_controls, batch="aliased" if truth.aliased else "balanced")
    people = draw_people(plan, seed)
    n = people.is_case.size
    rng = np.random.default_rng(np.random.SeedSequence([seed, 71]))
    fractions = {
        cell: rng.standard_normal(n) + truth.composition_shift.get(cell, 0) * people.is_case for cell in CELL_TYPES
    }
    effect = truth.effect * people.is_case
    shifts = {PRIMARY: effect, "jak_stat_members": 0.3 * effect}
    shifts |= {module: g * people.is_case for module, g in truth.shifts.items()}
    model = SampleModel(
        n,
        score_shift=shifts,
        composition=Composition(fractions, truth.reliability, dict(truth.target_slope)),
        is_female=people.is_female,
        age=people.age,
        batch=people.batch,
        correlation={PRIMARY: CORRELATION},
    )
    values = simulate_log2(universe, model, seed)
    _covary(values, truth, universe)
    samples = pd.DataFrame(
        {
            "age": people.age.astype(str),
            "sex": np.where(people.is_female, "female", "male"),
            "batch": people.batch.astype(str),
        },
        index=[f"{name}_{number}" for number in range(n)],
    )
    covariates = ("age", "sex", "batch") if truth.model_batch else ("age", "sex")
    return _run(values, samples, people.is_case, covariates, name, universe_number)


def _covary(values: Values, truth: Cohort, universe: GeneUniverse) -> None:
    """Let modules follow the primary set's score, in place."""
    if not truth.covarying:
        return
    rows = universe.rows(universe.modules[PRIMARY])
    score = ((values[rows] - values[rows].mean(axis=1, keepdims=True)) / universe.sd[rows, None]).mean(axis=0)
    score = (score - score.mean()) / score.std()
    for module in truth.covarying:
        own = universe.rows(universe.modules[module])
        # Their own factor has a variance of 0.2: as much again comes from the primary set's.
        values[own] += np.sqrt(0.2) * universe.sd[own, None] * score


def measure_experiment(
    effects: Mapping[str, float], name: str, universe_number: int, seed: int, *, noise: float = 0.6
) -> dict[str, Planted]:
    """Draw, fit and measure one cell experiment of three arms: control, interferon, interferon + drug; 3 cultures each.

    Parameters
    ----------
    effects
        `stimulus`: interferon minus control; `drug`: interferon + drug minus interferon; both in residual standard
        deviations of the set's score (Cohen's d).
    """
    universe = universe_of(universe_number)
    arm = np.repeat([0, 1, 2], REPLICATES)
    level = np.array([0.0, effects["stimulus"], effects["stimulus"] + effects["drug"]])[arm]
    model = SampleModel(
        arm.size,
        score_shift={PRIMARY: level},
        noise=noise,
        correlation={**dict.fromkeys(universe.modules, 0.05), PRIMARY: CORRELATION},
    )
    values = simulate_log2(universe, model, seed)
    found = {}
    for contrast, target, reference in (("stimulus", 1, 0), ("drug", 2, 1)):
        used = (arm == target) | (arm == reference)
        samples = pd.DataFrame({"arm": arm[used].astype(str)}, index=[f"{name}_{row}" for row in np.flatnonzero(used)])
        found[contrast] = _run(
            values[:, used], samples, arm[used] == target, (), f"{name}_{contrast}", universe_number, name
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
    expression: AnnData, contrast: ContrastToFit, gene_sets: pd.DataFrame, accession: str = ""
) -> ContrastResults:
    """Take a contrast through fit and set tests, as the rules do.

    Parameters
    ----------
    expression, contrast
        A prepared dataset, and the row of the contrast.
    gene_sets
        Sets to test. One rotation: the rotation tests are not read here.
    accession
        Of the dataset; '' for its id.
    """
    outcome = fit_declared_contrast(expression, contrast, min_group_size=3, on_untestable="continue")
    tests = run_set_tests(outcome.fit, gene_sets, min_set_size=5, max_set_size=500, rotations=1, seed=1)
    dataset = DatasetToMeasure(
        dataset=contrast.dataset, accession=accession or contrast.dataset, source="", scale="log2", replicates="people"
    )
    samples = pd.DataFrame({"sample": expression.obs_names, "unit": expression.obs["unit"].to_numpy(), "fate": "used"})
    return ContrastResults(contrast.contrast, dataset, outcome.fit, outcome.design, tests, samples)


def declare_contrast(contrast: str, dataset: str, covariates: Sequence[str] = ()) -> ContrastToFit:
    """Return the row of a contrast between the samples of `group` target and reference."""
    return ContrastToFit(
        contrast=contrast, dataset=dataset, target="group = target", reference="group = reference",
        covariates=list(covariates), block="", blocking="auto", array_weights=False, robust=False,
        missing_covariates="refuse",
    )  # fmt: skip


def _run(
    values: Values,
    samples: pd.DataFrame,
    is_target: NDArray[np.bool_],
    covariates: tuple[str, ...],
    contrast: str,
    universe_number: int,
    dataset: str = "",
) -> Planted:
    row = declare_contrast(contrast, dataset or contrast, covariates)
    grouped = samples.assign(group=np.where(is_target, "target", "reference"))
    expression = prepare(values, universe_of(universe_number).symbols, grouped, row.dataset)
    sets = gene_sets_of(universe_number)
    results = run_contrast(expression, row, sets[sets["gene_set"] == PRIMARY])
    return Planted(row, expression, results, samples, is_target)

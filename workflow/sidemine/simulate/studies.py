"""Small complete studies with a known truth, and the embedded demo: config, sheets and data in one folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sidemine.errors import Problem, StudyError
from sidemine.simulate.addresses import matrix_url, series_url
from sidemine.simulate.cohorts import CohortPlan, write_cohort
from sidemine.simulate.demo import DEMO_SEED, sheet_text, write_demo, write_shared_files
from sidemine.simulate.experiments import (
    Arm,
    Deposit,
    ExperimentPlan,
)
from sidemine.simulate.genes import TISSUE_CELL_TYPES, GeneUniverse, make_universe
from sidemine.simulate.geo_files import SENTENCE, make_platform, write_gmt
from sidemine.simulate.scene import SCENE
from sidemine.simulate.signatures import OWN_DRUG, write_signatures
from sidemine.tables import write_text

__all__ = ["DEMO_SEED", "PLANTED_KINDS", "PlantedKind", "write_demo", "write_planted", "write_planted_together"]

PLANTED_GENES, PLANTED_GENES_OF_TISSUE = 1600, 1900
TEN, ONE_GENE = "SIM_TEN_TARGETS", "z_one_gene"
"""A set of ten interferon-response genes, and the module that holds the first of them alone."""


@dataclass(frozen=True)
class PlantedKind:
    """A study with a known truth.

    Attributes
    ----------
    truth
        What is planted, in one sentence.
    verdicts
        The verdicts that an honest rule may reach for hypothesis `main`; anything else is a bug or bad luck.
    opposite
        Whether a verdict `not supported` must say that the effect is opposite to the declared direction.
    design
        Cohorts (patients), experiments (cells), or bridge: both, and a comparison of the two.
    effects
        Per dataset: Hedges g (cohorts, bridge), or log2 units left of an interferon response of 2.5 under the drug.
    drug_effects
        bridge only: the latter, for its experiments.
    call
        bridge only: what the comparison of drug and disease must say.
    primary_set
        Primary set of hypothesis `main`.
    options
        Changes of the cohort plan.
    tissue, composition
        Of the cohorts, as `datasets.tsv` has them.
    """

    truth: str
    verdicts: tuple[str, ...]
    design: Literal["cohort", "experiment", "bridge"]
    effects: tuple[float, ...]
    opposite: bool = False
    drug_effects: tuple[float, float] = (2.5, 2.5)
    call: str = ""
    primary_set: str = SCENE.sets.targets
    options: tuple[tuple[str, Any], ...] = ()
    tissue: str = "whole blood"
    composition: str = "blood"

    @property
    def is_blood(self) -> bool:
        """Whether its cohorts are of blood."""
        return self.tissue == "whole blood"


@dataclass(frozen=True)
class _Place:
    """What tells one planted truth from the others of its study: names, accessions and seeds."""

    hypothesis: str
    prefix: str
    number: int

    def accession(self, start: int) -> str:
        return f"GSE{start + 100 * self.number}"

    def first_sample(self, start: int) -> int:
        return start + 10_000 * self.number

    def seed(self, seed: int) -> int:
        return seed + 100 * self.number


STYLES: tuple[Literal["affymetrix", "illumina"], ...] = ("affymetrix", "illumina")
LETTERS = "abcde"
_OF_TISSUE = (("cell_types", TISSUE_CELL_TYPES), ("tissue", "synovium"))

PLANTED_KINDS: dict[str, PlantedKind] = {
    "positive": PlantedKind(
        "In both cohorts the interferon-response genes are higher in patients (g = 0.9).",
        ("supported",),
        "cohort",
        (0.9, 0.9),
    ),
    "five_cohorts": PlantedKind(
        "In five cohorts the interferon-response genes are higher in patients (g from 0.7 to 1.1).",
        ("supported",),
        "cohort",
        (0.9, 0.8, 1.0, 1.1, 0.7),
    ),
    "null": PlantedKind(
        "Nothing differs between patients and controls.", ("not supported", "not testable"), "cohort", (0.0, 0.0)
    ),
    "conflicting": PlantedKind(
        "The interferon-response genes are higher in patients of one cohort (g = 1) and lower in the other (g = −1).",
        ("conflicting",),
        "cohort",
        (1.0, -1.0),
    ),
    "sign_flipped": PlantedKind(
        "In both cohorts the interferon-response genes are lower in patients (g = −0.9), not higher as declared.",
        ("not supported",),
        "cohort",
        (-0.9, -0.9),
        opposite=True,
    ),
    "confounded": PlantedKind(
        "All patients were measured in one batch and all controls in another; the batch itself moves the "
        "interferon-response genes (g = 0.9), the disease does not.",
        ("not testable",),
        "cohort",
        (0.0, 0.0),
        options=(("batch", "aliased"), ("batch_size_effect", 0.9)),
    ),
    "composition_only": PlantedKind(
        "Patients have more erythroid cells (1 SD), which raise the interferon-response genes by 0.15 log2 per SD; the "
        "genes themselves do not change in any cell.",
        ("suggestive", "not supported", "not testable"),
        "cohort",
        (0.0, 0.0),
        options=(("composition_shift", (("erythroid", 1.0),)), ("target_slope", (("erythroid", 0.15),))),
    ),
    "tissue_positive": PlantedKind(
        "In both cohorts, of a tissue, the interferon-response genes are higher in patients (g = 0.9).",
        ("supported",),
        "cohort",
        (0.9, 0.9),
        options=_OF_TISSUE,
        tissue="synovium",
        composition="tissue",
    ),
    "tissue_composition_only": PlantedKind(
        "Patients have more macrophages in a tissue (1 SD), which raise the interferon-response genes by 0.15 log2 per SD; "
        "the genes themselves do not change in any cell.",
        ("suggestive", "not supported", "not testable"),
        "cohort",
        (0.0, 0.0),
        options=(
            *_OF_TISSUE,
            ("composition_shift", (("macrophage", 1.0),)),
            ("target_slope", (("macrophage", 0.15),)),
        ),
        tissue="synovium",
        composition="tissue",
    ),
    "tissue_undeclared": PlantedKind(
        "As tissue_positive (g = 0.9), and the data sets declare no cell markers.",
        ("suggestive",),
        "cohort",
        (0.9, 0.9),
        options=_OF_TISSUE,
        tissue="synovium",
        composition="",
    ),
    "competitive_null": PlantedKind(
        "Ten other modules differ between patients and controls (g = 0.8, half up and half down), the interferon-response "
        "genes do not.",
        ("not supported", "not testable"),
        "cohort",
        (0.0, 0.0),
        options=(("module_shift", tuple((f"module_{row:02d}", 0.8 if row % 2 else -0.8) for row in range(1, 11))),),
    ),
    "one_gene": PlantedKind(
        "One gene of the ten of the primary set is higher in patients of both cohorts (by 8 SD), the other nine are not.",
        ("suggestive", "not supported", "not testable"),
        "cohort",
        (0.0, 0.0),
        primary_set=TEN,
        options=(("module_shift", ((ONE_GENE, 8.0),)),),
    ),
    "hidden_gradient": PlantedKind(
        "Nothing differs but the quality of the samples (by 1.2 SD), which no column records: it moves half of all genes, and "
        "raises the primary set in patients of both cohorts.",
        ("suggestive", "not supported", "not testable"),
        "cohort",
        (0.0, 0.0),
        options=(("gradient", 1.2),),
    ),
    "too_small": PlantedKind(
        "Two patients and two controls per cohort: too few for any test.",
        ("not testable",),
        "cohort",
        (0.9, 0.9),
        options=(("n_cases", 2), ("n_controls", 2)),
    ),
    "inhibitor_suppresses": PlantedKind(
        "In both experiments the drug takes the interferon response down from log2 2.5 to 0.8.",
        ("supported",),
        "experiment",
        (0.8, 0.8),
    ),
    "inhibitor_null": PlantedKind(
        "The drug changes nothing in either experiment.", ("not supported", "not testable"), "experiment", (2.5, 2.5)
    ),
    "inhibitor_opposes": PlantedKind(
        "In both experiments the drug raises the interferon response further, from log2 2.5 to 4.",
        ("not supported",),
        "experiment",
        (4.0, 4.0),
        opposite=True,
    ),
    "inhibitor_conflicting": PlantedKind(
        "The drug takes the interferon response down in one experiment (2.5 to 0.8) and up in the other (2.5 to 4.2).",
        ("conflicting",),
        "experiment",
        (0.8, 4.2),
    ),
    "inhibitor_mimics": PlantedKind(
        "The interferon-response genes are higher in patients (g = 0.9), and the drug raises them in cells, from log2 2.5 "
        "to 4.",
        ("supported",),
        "bridge",
        (0.9, 0.9),
        drug_effects=(4.0, 4.0),
        call="mimics",
    ),
    "inhibitor_opposes_disease": PlantedKind(
        "The interferon-response genes are higher in patients (g = 0.9), and the drug takes them down in cells, from log2 "
        "2.5 to 0.8.",
        ("supported",),
        "bridge",
        (0.9, 0.9),
        drug_effects=(0.8, 0.8),
        call="opposes",
    ),
}
"""Every planted study, by its name on the command line."""

_SIMULATED = {"licence": "none (simulated)", "status": "verified", "note": "Simulated."}


def write_planted(kind: str, folder: Path, seed: int) -> Path:
    """Write a small study with a known truth: config, sheets and mirror, ready to run.

    Parameters
    ----------
    kind
        One of `PLANTED_KINDS`.
    folder
        Where it is written; results go where the config's `results` says, below the working directory.
    seed
        Seed of everything; the same seed gives the same bytes; never 0.

    Returns
    -------
    Path
        The `config.yaml`.

    Raises
    ------
    StudyError
        When there is no such kind.
    """
    if kind not in PLANTED_KINDS:
        raise StudyError(
            Problem(
                f"there is no planted study {kind!r}",
                "the kind given to `python -m sidemine.simulate planted`",
                ", ".join(PLANTED_KINDS),
                "Take one of these kinds.",
            )
        )
    plan = PLANTED_KINDS[kind]
    return _write_study(f"planted_{kind}", {_Place("main", "", 0): plan}, folder, seed)


def write_planted_together(name: str, kinds: Mapping[str, str], folder: Path, seed: int) -> Path:
    """Write one study with a hypothesis for each of several planted truths, each with data of its own.

    Parameters
    ----------
    name
        Id of the study.
    kinds
        Per hypothesis one of `PLANTED_KINDS`: all of blood or cells, or all of a tissue.
    folder, seed
        As `write_planted` has them.

    Returns
    -------
    Path
        The `config.yaml`.
    """
    places = {
        _Place(hypothesis, f"{hypothesis}_", number): PLANTED_KINDS[kind]
        for number, (hypothesis, kind) in enumerate(kinds.items())
    }
    return _write_study(name, places, folder, seed)


def _write_study(name: str, planted: Mapping[_Place, PlantedKind], folder: Path, seed: int) -> Path:
    plans = list(planted.values())
    universe = _universe(plans, seed)
    write_shared_files(folder, universe, (SENTENCE, *(plan.truth for plan in plans)))
    if any(plan.primary_set == TEN for plan in plans):
        write_gmt(folder / "ten.gmt", {TEN: universe.modules["interferon_response"][:10]})
    datasets: list[dict[str, str]] = []
    contrasts: list[dict[str, str]] = []
    for place, plan in planted.items():
        if plan.design != "experiment":
            _write_cohorts(plan, place, universe, folder / "mirror", seed, datasets, contrasts)
        if plan.design != "cohort":
            left = plan.effects if plan.design == "experiment" else plan.drug_effects
            _write_experiments(left, place, universe, folder / "mirror", seed, datasets, contrasts)
    if any(plan.design == "bridge" for plan in plans):
        write_signatures(folder / "signatures.tsv", universe, seed)
    write_text(sheet_text(datasets), folder / "datasets.tsv")
    write_text(sheet_text(contrasts), folder / "contrasts.tsv")
    write_text(sheet_text(_set_rows(plans)), folder / "gene_sets.tsv")
    config = folder / "config.yaml"
    write_text(_config_text(name, planted, seed), config)
    return config


def _universe(plans: Sequence[PlantedKind], seed: int) -> GeneUniverse:
    tissue = any(not plan.is_blood for plan in plans)
    universe = make_universe(PLANTED_GENES_OF_TISSUE if tissue else PLANTED_GENES, seed, tissue=tissue)
    if all(plan.primary_set != TEN for plan in plans):
        return universe
    return replace(universe, modules={**universe.modules, ONE_GENE: universe.modules["interferon_response"][:1]})


def _write_cohorts(
    plan: PlantedKind,
    place: _Place,
    universe: GeneUniverse,
    mirror: Path,
    seed: int,
    datasets: list[dict[str, str]],
    contrasts: list[dict[str, str]],
) -> None:
    for number, effect in enumerate(plan.effects):
        style = STYLES[number % len(STYLES)]
        cohort = CohortPlan(
            place.accession(900010 + number), place.first_sample(9_100_001 + 1000 * number), 45, 40, effect=effect
        )
        cohort = replace(cohort, **dict(plan.options))
        platform = make_platform(f"GPL90001{number}", universe, seed + number, style)
        write_cohort(mirror, cohort, universe, platform, place.seed(seed + 10 + number))
        name = f"{place.prefix}cohort_{LETTERS[number]}"
        datasets.append(
            {
                "dataset": name,
                "accession": cohort.accession,
                "platform": platform.accession,
                "layout": "series_matrix",
                "identifiers": "probe",
                "scale": "log2",
                "replicates": "people",
                "tissue": plan.tissue,
                "composition": plan.composition,
                **_SIMULATED,
            }
        )
        contrasts.append(
            {
                "contrast": f"{name}_{SCENE.disease.contrast}",
                "dataset": name,
                "role": "disease",
                "target": f'disease_state = "{SCENE.disease.state}"',
                "reference": "disease_state = healthy",
                "target_label": SCENE.disease.label,
                "reference_label": "healthy",
                "covariates": "age,gender,hybridisation_batch",
                "status": "verified",
            }
        )


def _write_experiments(
    effects: tuple[float, ...],
    place: _Place,
    universe: GeneUniverse,
    mirror: Path,
    seed: int,
    datasets: list[dict[str, str]],
    contrasts: list[dict[str, str]],
) -> None:
    for number, left in enumerate(effects):
        experiment = ExperimentPlan(
            place.accession(900020 + number),
            place.first_sample(9_200_001 + 1000 * number),
            ("airway epithelial cells", "lung cell line")[number],
            (
                Arm("Control", {"stimulus": "none", "inhibitor": "none"}),
                Arm("IFN", {"stimulus": "interferon", "inhibitor": "none"}, 2.5),
                Arm("IFN_drug", {"stimulus": "interferon", "inhibitor": "compound A"}, left),
            ),
        )
        name = f"{place.prefix}experiment_{LETTERS[number]}"
        row = {
            "dataset": name,
            "accession": experiment.accession,
            "metadata": matrix_url(experiment.accession),
            "scale": "counts",
            "replicates": "cultures",
            "tissue": experiment.cells,
            **_SIMULATED,
        }
        if number == 0:
            Deposit(mirror, experiment, universe, place.seed(seed + 20)).write_archive()
            file = series_url(experiment.accession, "suppl", f"{experiment.accession}_RAW.tar")
            row |= {"layout": "archive", "file": file, "identifiers": "symbol"}
        else:
            Deposit(mirror, experiment, universe, place.seed(seed + 21)).write_count_table()
            file = series_url(experiment.accession, "suppl", f"{experiment.accession}_counts.tsv.gz")
            row |= {"layout": "table", "file": file, "identifiers": "ensembl", "sample_name": "title"}
        datasets.append(row)
        stimulus, drug = _experiment_contrasts(name)
        # The margin needs one positive control; a second one would only lengthen the run.
        contrasts += [stimulus, drug] if number == 0 else [drug]


def _experiment_contrasts(name: str) -> list[dict[str, str]]:
    interferon = "stimulus = interferon and inhibitor = none"
    return [
        {
            "contrast": f"{name}_interferon",
            "dataset": name,
            "role": "stimulus",
            "target": interferon,
            "reference": "stimulus = none",
            "target_label": "interferon",
            "reference_label": "untreated",
            "status": "verified",
        },
        {
            "contrast": f"{name}_drug",
            "dataset": name,
            "role": "inhibitor",
            "target": 'inhibitor = "compound A"',
            "reference": interferon,
            "target_label": "interferon + compound A",
            "reference_label": "interferon",
            "status": "verified",
        },
    ]


def _set_rows(plans: Sequence[PlantedKind]) -> list[Mapping[str, str]]:
    def row(name: str, family: str, **more: str) -> dict[str, str]:
        common = {"source": "sets.gmt", "format": "gmt", "member": name, "weighted": "no"}
        return {
            "gene_set": name,
            "family": family,
            **common,
            "licence": "none (simulated)",
            "version": "simulated",
            **more,
        }

    return [
        *([row(TEN, "target", source="ten.gmt")] if any(plan.primary_set == TEN for plan in plans) else []),
        row(SCENE.sets.targets, "target", note="Primary."),
        row(SCENE.sets.footprint, "target", source="signed_sets.tsv", format="sets_tsv", weighted="yes"),
        row(SCENE.sets.members, "member"),
        row("SIM_HEME", "confounder"),
        row("SIM_RIBOSOME", "confounder"),
        row("SIM_NEGATIVE_CONTROL", "negative_control"),
        row("*", "comparator"),
    ]


def _config_text(name: str, planted: Mapping[_Place, PlantedKind], seed: int) -> str:
    import yaml

    config = {
        "study": {
            "id": name,
            "title": f"Planted study: {name.removeprefix('planted_')}",
            "question": "Does the analysis find what was planted, and nothing else?",
            "drug_class": SCENE.drug_class,
            "outcome": SCENE.outcome,
            "notice": "Every number in this report was simulated.",
        },
        "gene_table": {
            "file": "gene_table.tsv.gz",
            "format": "ensembl",
            "licence": "none (simulated)",
            "version": "simulated",
        },
        "mirror": "mirror",
        "planted": "planted.json",
        "settings": {"seed": seed, "rotations": 2000, "calibration_labelings": 100},  # fewer than the default: quick
        "hypotheses": [_hypothesis(place, plan) for place, plan in planted.items()],
    }
    if bridges := [_bridge(place) for place, plan in planted.items() if plan.design == "bridge"]:
        config["concordance"] = {"bridges": bridges}
    return f"# {SENTENCE}\n" + yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120)


def _hypothesis(place: _Place, plan: PlantedKind) -> dict[str, Any]:
    primary: dict[str, Any] = {
        "set": plan.primary_set,
        "contrasts": [
            f"{place.prefix}cohort_{letter}_{SCENE.disease.contrast}" for letter in LETTERS[: len(plan.effects)]
        ],
        "direction": "up",
        "margin": 0.4,
    }
    if plan.design == "experiment":
        primary |= {
            "contrasts": [f"{place.prefix}experiment_{letter}_drug" for letter in "ab"],
            "direction": "down",
            "margin": {"fraction": 0.2, "of_contrast": f"{place.prefix}experiment_a_interferon"},
        }
    return {
        "id": place.hypothesis,
        "question": "Is what was planted found?",
        "kind": "experiment" if plan.design == "experiment" else "cohort",
        "primary": primary,
        "secondary_sets": [SCENE.sets.members],
    }


def _bridge(place: _Place) -> dict[str, Any]:
    return {
        "id": f"{place.prefix}drug_and_disease",
        "question": "Does the drug change cells as the disease changes blood, or the opposite way?",
        "drug": [f"{place.prefix}experiment_{letter}_drug" for letter in "ab"],
        "disease": [f"{place.prefix}cohort_{letter}_{SCENE.disease.contrast}" for letter in "ab"],
        "sets": [SCENE.sets.targets],
        "comparators": [f"{place.prefix}experiment_a_interferon"],
        "comparator_signatures": {
            "file": "signatures.tsv",
            "identifiers": "symbol",
            "positive_control": {"perturbation": OWN_DRUG, "set": SCENE.sets.targets, "expected": "down"},
            "licence": "none (simulated)",
            "version": "simulated",
        },
    }

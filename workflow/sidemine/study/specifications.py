"""The specification of every job of a study: what its script uses of the study, and no more.

A job is run again when its specification, its inputs or its code change. The workflow gives each job its specification
as a parameter, scripts read it as the model it is, and the record of a job (`sidemine.provenance`) keeps its digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sidemine.study.choices import MultiGeneRule, ProbeRule
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.models import DerivedColumn, IndependentPair, StudyInfo
from sidemine.study.plan import StudyPlan, keys_of
from sidemine.study.projections import (
    ContrastOfRole,
    ContrastToFit,
    ContrastWords,
    DatasetOfContrasts,
    DatasetToAssess,
    DatasetToCount,
    DatasetToMeasure,
    DatasetToPrepare,
    DatasetToRead,
    Files,
    GeneSetToRead,
    GeneTableToRead,
    HypothesisToMeasure,
    HypothesisToPool,
    LineToTell,
    Projection,
    TrapsOfContrast,
    TrapsOfDataset,
)

if TYPE_CHECKING:
    from sidemine.study.load import Study


class RetrieveInput(Projection):
    """Where an input comes from, and what it must be."""

    key: str
    locations: list[str]
    mutable: bool
    form: str


class LockInputs(Projection):
    """Which inputs the study has."""

    keys: list[str]


class ReadSamples(Projection):
    """Who the samples of a dataset are."""

    dataset: DatasetToRead
    files: Files
    derive: dict[str, DerivedColumn]
    exclude: list[str]
    markers: dict[str, list[str]]


class CheckDesigns(Projection):
    """Which groups are compared, and which rows were checked against the record."""

    contrasts: list[ContrastToFit]
    verified_contrasts: list[str]
    verified_datasets: list[str]
    min_group_size: int
    on_untestable: Literal["continue", "stop"]


class PrepareDataset(Projection):
    """How the values of a dataset become genes × samples."""

    dataset: DatasetToPrepare
    files: Files
    derive: dict[str, DerivedColumn]
    markers: dict[str, list[str]]
    gene_table: GeneTableToRead
    probe_rule: ProbeRule
    multi_gene_probes: MultiGeneRule


class PrepareGeneSets(Projection):
    """Which sets are read from which libraries."""

    rows: list[GeneSetToRead]
    libraries: Files
    gene_table: GeneTableToRead
    opt_in: list[str]


class CompareDatasets(Projection):
    """Which datasets are compared with each other."""

    datasets: list[DatasetToCount]


class SetTestSettings(Projection):
    """How sets are tested."""

    min_set_size: int
    max_set_size: int
    rotations: int
    seed: int


class GeneSettings(Projection):
    """Settings of the tests that take genes as independent, which describe sets.

    Attributes
    ----------
    min_set_size
        Fewest measured genes of a set, and of each part of a signed set that is ranked.
    over_representation_fdr
        Largest q-value of the genes that are listed as changed.
    prerank_permutations, seed
        Permutations of the genes, and their seed.
    """

    min_set_size: int
    over_representation_fdr: float
    prerank_permutations: int
    seed: int


class AnalyseDataset(Projection):
    """What a dataset and its contrasts are checked for, how the contrasts are fitted and sets are tested in them."""

    dataset: DatasetToAssess
    independent_pairs: list[IndependentPair]
    dataset_of_contrasts: DatasetOfContrasts
    contrasts: list[ContrastToFit]
    traps: TrapsOfDataset
    traps_of_contrasts: TrapsOfContrast
    min_group_size: int
    on_untestable: Literal["continue", "stop"]
    tests: SetTestSettings
    descriptions: GeneSettings


class ScoreActivities(Projection):
    """How activities are scored."""

    datasets: list[str]
    min_set_size: int


class AdjustSetTests(Projection):
    """Over which contrasts q-values go."""

    contrasts: list[ContrastOfRole]


class MeasureEffects(Projection):
    """How primary effects are measured and pooled."""

    hypotheses: list[HypothesisToMeasure]
    dataset_of: dict[str, str]
    datasets: dict[str, DatasetToMeasure]


class PoolDatasets(Projection):
    """What is pooled gene by gene and set by set."""

    hypotheses: list[HypothesisToPool]
    min_set_size: int
    max_set_size: int


class DecideVerdicts(Projection):
    """What the answers rest on and are told with."""

    study: StudyInfo
    hypotheses: list[Hypothesis]
    words: dict[str, ContrastWords]
    lines: list[LineToTell]


class WriteManifest(Projection):
    """What else the run needs to be repeated."""

    seed: int
    config_digest: str
    package: str


Specifications = dict[str, dict[str, Projection]]
"""By rule, and there by what the job is about: a dataset, a contrast, a table, the key of an input, or '' where one job
does it all."""


def specify_jobs(plan: StudyPlan, package: str) -> Specifications:
    """Return the specification of every job of the stages; considerations and lines of evidence declare theirs.

    Parameters
    ----------
    plan
        The study.
    package
        Digest of the code, for the manifest.
    """
    return {**_of_inputs(plan), **_of_datasets(plan), **_of_study(plan, package)}


def _of_inputs(plan: StudyPlan) -> Specifications:
    by_key = plan.sources.by_key
    return {
        "retrieve_input": {
            key: plan.specify(
                RetrieveInput, key=key, locations=list(source.locations), mutable=source.mutable, form=source.form
            )
            for key, source in by_key.items()
        },
        "lock_inputs": {"": plan.specify(LockInputs, keys=list(by_key))},
    }


def _of_datasets(plan: StudyPlan) -> Specifications:
    study, config, make = plan.study, plan.study.config, plan.specify
    return {
        "read_samples": {
            name: make(
                ReadSamples,
                dataset=DatasetToRead.of(row),
                files=plan.files[name],
                derive=_derived(study, name),
                exclude=[excluded.sample for excluded in config.exclude.get(name, [])],
                markers=study.labels_by(row.cell_type),
            )
            for name, row in study.datasets.items()
        },
        "prepare_dataset": {
            name: make(
                PrepareDataset,
                dataset=plan.datasets[name],
                files=plan.files[name],
                derive=_derived(study, name),
                markers=study.labels_by(row.cell_type),
                gene_table=plan.gene_table,
            )
            for name, row in study.datasets.items()
        },
        "analyse_dataset": {
            name: make(
                AnalyseDataset,
                dataset=DatasetToAssess.of(row),
                independent_pairs=config.independent_pairs.get(name, []),
                dataset_of_contrasts=DatasetOfContrasts.of(row),
                contrasts=[plan.contrasts[contrast] for contrast in plan.scope.contrasts_of(name)],
                traps=TrapsOfDataset.of(config.settings.traps),
                traps_of_contrasts=TrapsOfContrast.of(config.settings.traps),
                tests=make(SetTestSettings),
                descriptions=make(GeneSettings),
            )
            for name, row in study.datasets.items()
        },
    }


def _of_study(plan: StudyPlan, package: str) -> Specifications:
    study, config, make = plan.study, plan.study.config, plan.specify
    measured = plan.scope.measured_contrasts
    dataset_of = {name: study.contrasts[name].dataset for name in measured}
    specifications: dict[str, Projection] = {
        "check_designs": make(
            CheckDesigns,
            contrasts=list(plan.contrasts.values()),
            verified_contrasts=[name for name, row in study.contrasts.items() if row.status == "verified"],
            verified_datasets=[name for name, row in study.datasets.items() if row.status == "verified"],
        ),
        "prepare_gene_sets": make(
            PrepareGeneSets,
            rows=[GeneSetToRead.of(row) for row in study.gene_set_rows],
            libraries=keys_of(plan.sources.gene_sets),
            gene_table=plan.gene_table,
        ),
        "compare_datasets": make(CompareDatasets, datasets=[DatasetToCount.of(row) for row in study.datasets.values()]),
        "score_activities": make(ScoreActivities, datasets=list(study.datasets)),
        "adjust_set_tests": make(
            AdjustSetTests, contrasts=[ContrastOfRole.of(row) for row in study.contrasts.values()]
        ),
        "measure_effects": make(
            MeasureEffects,
            hypotheses=[HypothesisToMeasure.of(row) for row in config.hypotheses],
            dataset_of=dataset_of,
            datasets={name: DatasetToMeasure.of(study.datasets[name]) for name in dataset_of.values()},
        ),
        "pool_datasets": make(
            PoolDatasets, hypotheses=[HypothesisToPool.of(row) for row in config.hypotheses if row.kind != "panel"]
        ),
        "decide_verdicts": make(
            DecideVerdicts,
            study=config.study,
            hypotheses=list(config.hypotheses),
            words={name: _words(study, name) for name in measured},
            lines=[LineToTell.of(row) for row in study.lines.values()],
        ),
        "write_manifest": make(WriteManifest, config_digest=study.digest, package=package),
    }
    return {rule: {"": specification} for rule, specification in specifications.items()}


def _derived(study: Study, dataset: str) -> dict[str, DerivedColumn]:
    return dict(study.config.derive.get(dataset, {}))


def _words(study: Study, contrast: str) -> ContrastWords:
    row = study.contrasts[contrast]
    dataset = study.datasets[row.dataset]
    return ContrastWords(
        platform=dataset.platform,
        role=row.role,
        tissue=dataset.tissue,
        independent_because=dataset.independent_because,
        status="verified" if {dataset.status, row.status} == {"verified"} else "unverified",
        target_label=row.target_label,
        reference_label=row.reference_label,
    )


def to_plain_specifications(specifications: Specifications) -> dict[str, dict[str, dict[str, Any]]]:
    """Return specifications as JSON-ready values, by rule and by what the job is about."""
    return {
        rule: {about: specification.model_dump(mode="json", by_alias=True) for about, specification in jobs.items()}
        for rule, jobs in specifications.items()
    }

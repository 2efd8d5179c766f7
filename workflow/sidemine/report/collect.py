"""Read a results folder, whole and once, for the page: every file through the record or table of the room that writes it.

`run.json` is left out on purpose: it differs from run to run, and the page must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.considerations.consideration import ConsideredStudy
from sidemine.considerations.registry import columns_of_considerations
from sidemine.differential.differential_table import DIFFERENTIAL, read_differential
from sidemine.differential.record import FittedDesign, UntestableDesign, read_design
from sidemine.effect.pooled_columns import POOLED_GENES
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.errors import InputError, Problem
from sidemine.prepare.expression_store import read_values
from sidemine.prepare.gene_ledger import KindOfFate, read_fates
from sidemine.prepare.log_expression import log2_values
from sidemine.prepare.sample_table import SAMPLES
from sidemine.quality.record import ContrastQuality, DatasetQuality
from sidemine.records import read_record
from sidemine.report.beside import Beside, read_beside
from sidemine.report.manifest import Manifest
from sidemine.report.thinning import COMPLETE, OrderedGenes, Thinning, order_genes
from sidemine.sources.scales import DIFFERENCE_UNITS, LOG2_FOLD_CHANGE
from sidemine.study.description import StudyDescription
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.rows import Contrast, Dataset
from sidemine.study.settings import Settings
from sidemine.tables import empty_table, read_json, read_table
from sidemine.verdict.card import Verdicts, verdicts_of
from sidemine.verdict.rules import RULES_VERSION

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class DatasetResults:
    """What is known of one dataset.

    Attributes
    ----------
    row
        Its row of `datasets.tsv`.
    quality
        `quality.json`.
    samples
        `samples.tsv`: one row per sample.
    identifiers
        What became of the identifiers of its file (`genes_ledger.tsv`); None where the ledger is not there.
    genes, sample_names, values
        Genes, samples, and expression (samples × genes, log2, z-scores or fractions; counts as log2 counts per million); empty where
        `expression.h5ad` is not there.
    """

    row: Dataset
    quality: DatasetQuality
    samples: pd.DataFrame
    identifiers: Sequence[KindOfFate] | None
    genes: list[str]
    sample_names: list[str]
    values: NDArray[np.float64]

    @cached_property
    def column_of(self) -> dict[str, int]:
        """Column of each gene in `values`."""
        return {gene: column for column, gene in enumerate(self.genes)}


@dataclass(frozen=True)
class ContrastResults:
    """What is known of one contrast: its row, design, checks, gene table and set tests (empty where it was not tested)."""

    row: Contrast
    design: FittedDesign | UntestableDesign
    quality: ContrastQuality
    differential: pd.DataFrame
    enrichment: pd.DataFrame

    @property
    def testable(self) -> bool:
        """Whether there are results of its genes."""
        return self.design.testable and len(self.differential) > 0

    @property
    def unit(self) -> str:
        """What a gene's difference is measured in."""
        return self.design.fit.unit if isinstance(self.design, FittedDesign) else LOG2_FOLD_CHANGE

    @property
    def counted(self) -> bool:
        """Whether its values are counts: the page draws their log2 per million, and the fit weighs them."""
        return isinstance(self.design, FittedDesign) and self.design.fit.engine == "voom"


@dataclass(frozen=True)
class Answers:
    """What a finished study says, and what it was made of: `study.json`, `verdicts.json` and `manifest.json`."""

    study: StudyDescription
    verdicts: Verdicts
    manifest: Manifest

    @property
    def simulated(self) -> bool:
        """Whether anything in this study was simulated: verdicts or any input say so."""
        return self.verdicts.simulated or any(item.simulated for item in self.manifest.inputs)


@dataclass(frozen=True)
class StudyResults:
    """One study's results, as read.

    Attributes
    ----------
    study, verdicts, manifest, gene_sets
        `study.json`, `verdicts.json`, `manifest.json` and `gene_sets.tsv.gz`.
    datasets, contrasts
        By id, in the order of the sheets.
    pooled_genes
        Per hypothesis: `pooled/<hypothesis>/genes.tsv.gz`, where it is there.
    calibration
        `calibration.tsv`; None where the run wrote none.
    beside
        Comparator sets, and lines of evidence.
    thinning
        How much of the gene tables fits onto the page.
    """

    study: StudyDescription
    verdicts: Verdicts
    manifest: Manifest
    gene_sets: pd.DataFrame
    datasets: dict[str, DatasetResults]
    contrasts: dict[str, ContrastResults]
    pooled_genes: dict[str, pd.DataFrame]
    calibration: pd.DataFrame | None
    beside: Beside
    thinning: Thinning = COMPLETE

    @cached_property
    def genes(self) -> list[str]:
        """Every tested gene of the study, sorted: the list that the page's data points into."""
        tested: set[str] = set()
        for contrast in self.contrasts.values():
            tested.update(contrast.differential["gene"].tolist())
        return sorted(tested)

    @cached_property
    def gene_index(self) -> dict[str, int]:
        """Position of each gene in `genes`."""
        return {gene: position for position, gene in enumerate(self.genes)}

    @cached_property
    def declared(self) -> pd.DataFrame:
        """Genes of the declared sets, comparators apart, with the columns of `gene_sets`."""
        return self.gene_sets[self.gene_sets["family"] != "comparator"]

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Genes of each gene set, in the order of the table."""
        grouped = self.gene_sets.groupby("gene_set", sort=True)["gene"]
        return {str(name): [str(gene) for gene in genes] for name, genes in grouped}

    @property
    def considered(self) -> ConsideredStudy:
        """What the considerations have on record, for the methods text."""
        tables = {} if self.calibration is None else {CALIBRATION.name: self.calibration}
        return ConsideredStudy([card.considered for card in self.verdicts.verdicts], tables)

    @cached_property
    def tested_genes(self) -> dict[str, OrderedGenes]:
        """Genes of the table of each contrast."""
        return {key: order_genes(item.differential, self.gene_index) for key, item in self.contrasts.items()}

    @cached_property
    def ordered_pooled_genes(self) -> dict[str, OrderedGenes]:
        """Pooled genes of each hypothesis."""
        return {key: order_genes(table, self.gene_index) for key, table in self.pooled_genes.items()}

    def thinned(self, thinning: Thinning) -> StudyResults:
        """Return the same study with so much of its gene tables on the page; what was found of it is not looked for again."""
        other = replace(self, thinning=thinning)
        found = {name: value for name, value in vars(self).items() if name not in vars(other)}
        vars(other).update(found)
        return other

    @property
    def settings(self) -> Settings:
        """The study's settings, with their defaults filled in."""
        return self.study.config.settings

    @property
    def hypotheses(self) -> list[Hypothesis]:
        """The declared questions."""
        return self.study.config.hypotheses

    @property
    def simulated(self) -> bool:
        """Whether anything in this study was simulated."""
        return Answers(self.study, self.verdicts, self.manifest).simulated

    def contrasts_of(self, dataset: str) -> dict[str, ContrastResults]:
        """Return the contrasts of a dataset by id."""
        return {key: item for key, item in self.contrasts.items() if item.row.dataset == dataset}


def read_answers(results: Path) -> Answers:
    """Read what a finished study says, without its tables.

    Raises
    ------
    InputError
        When a file is missing, holds answers by other rules or to other questions, or is not what its stage writes.
    """
    refuse_other_rules(results)
    _require([results / name for name in ("study.json", "verdicts.json", "manifest.json")])
    return _read_answers(results, read_record(StudyDescription, results / "study.json"))


def _read_answers(results: Path, study: StudyDescription) -> Answers:
    path = results / "verdicts.json"
    verdicts = verdicts_of(read_json(path), columns_of_considerations(), str(path))
    _check_answers(verdicts, study.config.hypotheses, path)
    return Answers(study, verdicts, read_record(Manifest, results / "manifest.json"))


def collect(results: Path) -> StudyResults:
    """Read every file of the result contract under `results`.

    Raises
    ------
    InputError
        When a file is missing, or is not what its stage writes; all missing files are named at once.
    """
    refuse_other_rules(results)
    _require([results / "study.json"])
    study = read_record(StudyDescription, results / "study.json")
    datasets = {row.dataset: results / "datasets" / row.dataset for row in study.datasets}
    contrasts = {row.contrast: results / "contrasts" / row.contrast for row in study.contrasts}
    wanted = [results / name for name in ("verdicts.json", "manifest.json", "gene_sets.tsv.gz")]
    wanted += [folder / name for folder in datasets.values() for name in ("samples.tsv", "quality.json")]
    wanted += [folder / name for folder in contrasts.values() for name in ("design.json", "quality.json")]
    _require(wanted)
    answers = _read_answers(results, study)
    # A folder of an earlier version may hold tables of a panel's first arm.
    pooled = {
        entry.id: results / "pooled" / entry.id / "genes.tsv.gz"
        for entry in study.config.hypotheses
        if entry.kind != "panel"
    }
    calibration = results / "calibration.tsv"
    return StudyResults(
        study=study,
        verdicts=answers.verdicts,
        manifest=answers.manifest,
        gene_sets=read_table(results / "gene_sets.tsv.gz", GENE_SETS),
        datasets={row.dataset: _read_dataset(datasets[row.dataset], row) for row in study.datasets},
        contrasts={row.contrast: _read_contrast(contrasts[row.contrast], row) for row in study.contrasts},
        pooled_genes={key: read_table(path, POOLED_GENES) for key, path in pooled.items() if path.is_file()},
        calibration=read_table(calibration, CALIBRATION) if calibration.is_file() else None,
        beside=read_beside(results, study),
    )


def refuse_other_rules(results: Path) -> None:
    """Refuse answers by other rules than these, before anything else of them is read.

    Raises
    ------
    InputError
        Naming both versions; a folder without answers is told elsewhere.
    """
    path = results / "verdicts.json"
    content = read_json(path) if path.is_file() else None
    rules = content.get("rules_version") if isinstance(content, dict) else None
    if rules in (None, RULES_VERSION):
        return
    raise InputError(
        Problem(
            "these results hold answers by other rules",
            f"{path}: rules {rules}",
            f"rules {RULES_VERSION}: what a record holds and what supports an answer differ between versions",
            "Run the study again: `sidemine run STUDY`, with the same results folder; it makes every answer anew. The page "
            "of the old rules is built by the version of sidemine that made the results (manifest.json names it).",
        )
    )


def _check_answers(verdicts: Verdicts, asked: Sequence[Hypothesis], path: Path) -> None:
    """Refuse answers to other questions, or from other contrasts, than the study's."""
    named = {entry.id: set(entry.primary.contrasts) for entry in asked}
    given = {card.hypothesis: {row.contrast for row in card.evidence} for card in verdicts.verdicts}
    both = named.keys() & given.keys()
    wrong = [name for name in {**named, **given} if name not in both or not given[name] <= named[name]]
    if wrong:
        raise InputError(
            Problem(
                "the answers are not those to the questions of the study",
                f"{path}: {', '.join(wrong)}",
                "one answer to each hypothesis of study.json, from the contrasts that it names",
                "Run the workflow again; it makes both files from one study.",
            )
        )


def _require(wanted: Sequence[Path]) -> None:
    problems = [
        Problem(
            "a result that the report needs is not there",
            str(path),
            "a finished run of the workflow",
            "Run the workflow again; it rebuilds what is missing.",
        )
        for path in wanted
        if not path.is_file()
    ]
    if problems:
        raise InputError(problems)


def _read_dataset(folder: Path, row: Dataset) -> DatasetResults:
    import numpy as np

    ledger, stored = folder / "genes_ledger.tsv", folder / "expression.h5ad"
    expression = read_values(stored) if stored.is_file() else None
    return DatasetResults(
        row=row,
        quality=read_record(DatasetQuality, folder / "quality.json"),
        samples=read_table(folder / "samples.tsv", SAMPLES),
        identifiers=read_fates(ledger) if ledger.is_file() else None,
        genes=[] if expression is None else expression.genes,
        sample_names=[] if expression is None else expression.samples,
        values=np.zeros((0, 0)) if expression is None else log2_values(expression.values, expression.layer),
    )


def _read_contrast(folder: Path, row: Contrast) -> ContrastResults:
    differential, enrichment = folder / "differential.tsv.gz", folder / "enrichment.tsv"
    design = read_design(folder / "design.json")
    if isinstance(design, FittedDesign) and design.fit.unit not in DIFFERENCE_UNITS.values():
        raise InputError(
            Problem(
                "a design names an unknown unit of differences",
                f"{folder / 'design.json'}: {design.fit.unit[:100]!r}",
                ", ".join(DIFFERENCE_UNITS.values()),
                "Delete the file and run the workflow again.",
            )
        )
    return ContrastResults(
        row=row,
        design=design,
        quality=read_record(ContrastQuality, folder / "quality.json"),
        differential=read_differential(differential) if differential.is_file() else empty_table(DIFFERENTIAL),
        enrichment=read_table(enrichment, ENRICHMENT) if enrichment.is_file() else empty_table(ENRICHMENT),
    )

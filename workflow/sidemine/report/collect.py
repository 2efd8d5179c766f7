"""Read a results folder, whole and once, for the report.

Reads the files of the result contract and nothing else (`run.json` is left out on purpose: it differs from run to
run, and the page must not).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.considerations.registry import columns_of_considerations
from sidemine.differential.differential_table import DIFFERENTIAL, read_differential
from sidemine.drawing.words import cleaned
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.errors import InputError, Problem
from sidemine.prepare.expression_store import LAYERS
from sidemine.prepare.sample_table import SAMPLES
from sidemine.report.beside import Beside, read_beside
from sidemine.report.supplement import Supplement, read_supplement
from sidemine.tables import empty_table, read_table
from sidemine.verdict.card import Verdicts, verdicts_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_LONGEST_SENTENCE = 2000
_STUDY_KEYS = ("config", "datasets", "contrasts", "gene_sets", "published_tables", "config_digest")
_VERDICT_KEYS = ("study", "rules_version", "simulated", "planted", "verdicts", "published_tables")
_MANIFEST_KEYS = ("inputs", "versions", "seed", "config_digest", "code_digest", "lock_digest")
_DESIGN_KEYS = ("contrast", "dataset", "testable", "problem", "target_samples", "reference_samples", "dropped")
_CONTRAST_QUALITY_KEYS = ("contrast", "dataset", "flags", "p_value_histogram")
_QUALITY_KEYS = ("dataset", "n_samples", "n_genes", "samples_per_fate", "flags", "principal_components")


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
    provenance
        What the prepare stage wrote down about the values.
    genes, sample_names, values
        Genes, samples, and expression (samples × genes, log2, z-scores or fractions; counts as log2 counts per million); empty when the
        dataset could not be prepared.
    """

    row: dict[str, Any]
    quality: dict[str, Any]
    samples: pd.DataFrame
    provenance: dict[str, Any]
    genes: list[str]
    sample_names: list[str]
    values: np.ndarray[Any, Any]


@dataclass(frozen=True)
class ContrastResults:
    """What is known of one contrast: its row, design, quality record, gene table and set tests."""

    row: dict[str, Any]
    design: dict[str, Any]
    quality: dict[str, Any]
    differential: pd.DataFrame
    enrichment: pd.DataFrame


@dataclass(frozen=True)
class StudyResults:
    """One study's results, as read."""

    study: dict[str, Any]
    verdicts: Verdicts
    manifest: dict[str, Any]
    gene_sets: pd.DataFrame
    datasets: dict[str, DatasetResults]
    contrasts: dict[str, ContrastResults]
    supplement: Supplement
    beside: Beside

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

    @property
    def settings(self) -> dict[str, Any]:
        """The study's settings, with their defaults filled in."""
        settings: dict[str, Any] = self.study["config"]["settings"]
        return settings

    @property
    def simulated(self) -> bool:
        """Whether anything in this study was simulated: verdicts or any input say so."""
        return bool(self.verdicts.simulated) or any(item.get("simulated") for item in self.manifest["inputs"])


def collect(results: Path) -> StudyResults:
    """Read every file of the result contract under `results`.

    Raises
    ------
    InputError
        When a file is missing or lacks a part of the contract; all missing files are named at once.
    """
    study = _read_json(results / "study.json", _STUDY_KEYS)
    datasets = [row["dataset"] for row in study["datasets"]]
    contrasts = [row["contrast"] for row in study["contrasts"]]
    _require_files(results, datasets, contrasts)
    gene_sets = read_table(results / "gene_sets.tsv.gz", GENE_SETS)
    return StudyResults(
        study=study,
        verdicts=verdicts_of(
            _read_json(results / "verdicts.json", _VERDICT_KEYS), columns_of_considerations(), "verdicts.json"
        ),
        manifest=_read_json(results / "manifest.json", _MANIFEST_KEYS),
        gene_sets=gene_sets,
        datasets={row["dataset"]: _read_dataset(results, row) for row in study["datasets"]},
        contrasts={row["contrast"]: _read_contrast(results, row) for row in study["contrasts"]},
        supplement=read_supplement(results, datasets, [one["id"] for one in study["config"]["hypotheses"]]),
        beside=read_beside(results, study),
    )


def _require_files(results: Path, datasets: list[str], contrasts: list[str]) -> None:
    wanted = [results / name for name in ("verdicts.json", "manifest.json", "gene_sets.tsv.gz")]
    wanted += [results / "datasets" / key / name for key in datasets for name in ("samples.tsv", "quality.json")]
    wanted += [results / "contrasts" / key / name for key in contrasts for name in ("design.json", "quality.json")]
    problems = [_missing(path) for path in wanted if not path.is_file()]
    if problems:
        raise InputError(problems)


def _missing(path: Path) -> Problem:
    return Problem(
        "a result that the report needs is not there",
        str(path),
        "a finished run of the workflow",
        "Run the workflow again; it rebuilds what is missing.",
    )


def _read_json(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(_missing(path))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            Problem("a result is not JSON", f"{path}: {error}", "JSON", "Delete the file and run the workflow again.")
        ) from error
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise InputError(
            Problem(
                f"{path.name} lacks {', '.join(missing)}",
                str(path),
                ", ".join(keys),
                "Delete the file and run the workflow again; if that does not help, this is a bug in sidemine.",
            )
        )
    result: dict[str, Any] = cleaned(content, _LONGEST_SENTENCE)
    return result


def _read_dataset(results: Path, row: dict[str, Any]) -> DatasetResults:
    folder = results / "datasets" / str(row["dataset"])
    samples = read_table(folder / "samples.tsv", SAMPLES)
    quality = _read_json(folder / "quality.json", _QUALITY_KEYS)
    genes, names, values, provenance = read_expression(folder / "expression.h5ad")
    return DatasetResults(cleaned(row), quality, samples, cleaned(provenance), genes, names, values)


def read_expression(path: Path) -> tuple[list[str], list[str], np.ndarray[Any, Any], dict[str, Any]]:
    """Return genes, samples, log2 expression (samples × genes) and provenance of one dataset.

    Counts become log2 counts per million, log2((count + 0.5) / (library size + 1) · 10⁶), as in voom
    (Law et al. 2014, doi 10.1186/gb-2014-15-2-r29). Nothing there, or no genes: empty lists.
    """
    import numpy as np

    if not path.is_file():
        return [], [], np.zeros((0, 0)), {}
    import anndata

    data = anndata.read_h5ad(path)
    provenance = json.loads(str(data.uns.get("sidemine", "{}")))
    names = [str(name) for name in data.obs_names]
    genes = [str(name) for name in data.var_names]
    layer = next((name for name in LAYERS if name in data.layers), "")
    if not layer:
        return [], names, np.zeros((len(names), 0)), provenance
    stored = data.layers[layer]
    values = np.asarray(stored.toarray() if hasattr(stored, "toarray") else stored, dtype=float)
    if layer == "counts":
        library = values.sum(axis=1, keepdims=True)
        values = np.log2((values + 0.5) / (library + 1.0) * 1e6)
    return genes, names, values, provenance


def _read_contrast(results: Path, row: dict[str, Any]) -> ContrastResults:
    folder = results / "contrasts" / str(row["contrast"])
    design = _read_json(folder / "design.json", _DESIGN_KEYS)
    differential, enrichment = folder / "differential.tsv.gz", folder / "enrichment.tsv"
    return ContrastResults(
        row=cleaned(row),
        design=design,
        quality=_read_json(folder / "quality.json", _CONTRAST_QUALITY_KEYS),
        differential=read_differential(differential) if differential.is_file() else empty_table(DIFFERENTIAL),
        enrichment=read_table(enrichment, ENRICHMENT) if enrichment.is_file() else empty_table(ENRICHMENT),
    )

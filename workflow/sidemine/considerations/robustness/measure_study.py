"""`robustness.tsv` and `robustness.json`: the grid of every hypothesis of a study, from the files of earlier stages."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.cell_proxies import read_markers
from sidemine.considerations.composition.record import CompositionOfContrast
from sidemine.considerations.robustness.config import RobustnessSettings
from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.grid import vary_hypothesis
from sidemine.considerations.robustness.record import Robustness
from sidemine.considerations.robustness.variant_rows import summarise_rows
from sidemine.considerations.robustness.variants import PROBE_RULES
from sidemine.differential.contrast import declared_groups, treated
from sidemine.effect.record import HypothesisEvidence
from sidemine.prepare.dataset import collapse_otherwise
from sidemine.prepare.expression_store import PROVENANCE_KEY, read_expression
from sidemine.prepare.gene_table import read_gene_table
from sidemine.prepare.log_expression import layer_of
from sidemine.prepare.sample_table import SAMPLES
from sidemine.quality.sex_check import find_sex_column
from sidemine.records import read_record
from sidemine.sources.scales import is_filtered
from sidemine.study.projections import ContrastToFit, DatasetToPrepare, GeneTableToRead, HypothesisToPlace
from sidemine.tables import read_json, read_table

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from sidemine.study.choices import ProbeRule

    Probes = dict[str, tuple[list[str], NDArray[np.float64]]]

OFF = "the study switches the grid off (settings.robustness)"


@dataclass(frozen=True)
class StudyFiles:
    """What earlier stages wrote.

    Attributes
    ----------
    expression, treatment, quality
        Per dataset: expression.h5ad, treatment.json, quality.json.
    checks, composition
        Per contrast: quality.json; composition.json of blood cohorts.
    raw
        Per dataset of probes: its retrieved files by role, and `samples`. Empty: other probe rules are not evaluated.
    markers
        Files of the cell markers.
    gene_table, gene_table_source
        The table of approved symbols, and its row.
    """

    expression: Mapping[str, Path]
    treatment: Mapping[str, Path]
    quality: Mapping[str, Path]
    checks: Mapping[str, Path]
    composition: Mapping[str, Path]
    raw: Mapping[str, Mapping[str, Path]]
    markers: Sequence[Path]
    gene_table: Path
    gene_table_source: GeneTableToRead


def vary_study(
    hypotheses: Sequence[HypothesisToPlace],
    contrasts: Mapping[str, ContrastToFit],
    datasets: Mapping[str, DatasetToPrepare],
    evidence: Mapping[str, HypothesisEvidence],
    gene_sets: pd.DataFrame,
    files: StudyFiles,
    verdicts: Mapping[str, Callable[[HypothesisEvidence], str]],
    settings: RobustnessSettings,
) -> list[Robustness]:
    """Return the record of every hypothesis.

    Parameters
    ----------
    hypotheses, contrasts, datasets
        As declared; the latter by their ids.
    evidence
        Of the reference run, by hypothesis.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    files
        What earlier stages wrote.
    verdicts
        Per hypothesis: the rule table without robustness.
    settings
        The settings of the study that the grid uses.
    """
    if not settings.robustness:
        return [summarise_rows(hypothesis, [], OFF) for hypothesis in hypotheses]
    used = dict.fromkeys(
        row.contrast for hypothesis in hypotheses for row in evidence[hypothesis.id].contrasts if row.testable
    )
    data = _load(used, contrasts, datasets, gene_sets, files, settings)
    return [
        vary_hypothesis(
            hypothesis,
            evidence[hypothesis.id],
            data,
            gene_sets,
            verdict=verdicts[hypothesis.id],
            settings=settings,
        )
        for hypothesis in hypotheses
    ]


def _load(
    used: Collection[str],
    contrasts: Mapping[str, ContrastToFit],
    datasets: Mapping[str, DatasetToPrepare],
    gene_sets: pd.DataFrame,
    files: StudyFiles,
    settings: RobustnessSettings,
) -> dict[str, ContrastData]:
    """Read the data of all testable contrasts, every dataset once."""
    forbidden = set(gene_sets.loc[gene_sets["family"].isin(["target", "member"]), "gene"])
    markers = read_markers(list(files.markers), forbidden)
    names = dict.fromkeys(contrasts[contrast].dataset for contrast in used)
    expression = {name: read_expression(files.expression[name]) for name in names}
    values = {name: np.asarray(adata.layers[layer_of(adata)], dtype=np.float64) for name, adata in expression.items()}
    probes = _other_probes([datasets[name] for name in names], files, settings)
    loaded = {}
    for contrast in used:
        row = datasets[contrasts[contrast].dataset]
        loaded[contrast] = _contrast_data(
            contrasts[contrast],
            row,
            expression[row.dataset],
            values[row.dataset],
            probes.get(row.dataset, {}),
            files,
            markers,
            settings.min_group_size,
        )
    return loaded


def _contrast_data(
    contrast: ContrastToFit,
    row: DatasetToPrepare,
    expression: AnnData,
    values: NDArray[np.float64],
    probes: Probes,
    files: StudyFiles,
    markers: Mapping[str, list[str]],
    min_group_size: int,
) -> ContrastData:
    quality = read_json(files.quality[row.dataset])
    checks = read_json(files.checks[contrast.contrast])
    blood = files.composition.get(contrast.contrast)
    as_fitted, groups, _ = treated(
        contrast, declared_groups(expression, contrast), read_json(files.treatment[row.dataset])
    )
    ages = checks["age_overlap"]
    return ContrastData(
        as_fitted,
        groups,
        values,
        [str(gene) for gene in expression.var_names],
        layer=layer_of(expression),
        filter_low=is_filtered(json.loads(expression.uns[PROVENANCE_KEY])["scale_declared"]),
        min_group_size=min_group_size,
        other_probes=probes,
        sex_column=find_sex_column(groups.samples, row.sex_column),
        age_column=ages["column"] if ages else "",
        reused=frozenset(name for side in checks["reused_samples"].values() for name in side),
        sex_mismatched=frozenset(
            name for flag in quality["flags"] if flag["trap"] == "sex_mismatch" for name in flag["samples"]
        ),
        shared_ages=frozenset(ages["samples"]) if ages else None,
        markers=markers if blood else None,
        contaminated=read_record(CompositionOfContrast, blood).contaminated if blood else {},
    )


def _other_probes(
    rows: Sequence[DatasetToPrepare], files: StudyFiles, settings: RobustnessSettings
) -> dict[str, Probes]:
    """Return every dataset of probes under the probe rules that the study does not use."""
    asked = {"probe_rule", "crossed"} & set(settings.robustness)
    rules: list[ProbeRule] = [rule for rule in PROBE_RULES if rule != settings.probe_rule]
    chosen = [row for row in rows if row.dataset in files.raw]
    if not asked or not chosen:
        return {}
    gene_table = read_gene_table(files.gene_table, files.gene_table_source)
    found: dict[str, Probes] = {}
    for row in chosen:
        own = dict(files.raw[row.dataset])
        samples = read_table(own.pop("samples"), SAMPLES)
        matrices = collapse_otherwise(
            row, own, samples, gene_table, rules, multi_gene_probes=settings.multi_gene_probes
        )
        found[row.dataset] = {
            rule: (matrix.genes, np.ascontiguousarray(matrix.values.T)) for rule, matrix in matrices.items()
        }
    return found

"""Read the data of all contrasts that the grid varies, every dataset once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.cell_proxies import read_panels
from sidemine.considerations.composition.record import CompositionOfContrast, NotNeeded
from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.measure_study import DatasetToVary, data_of_contrast
from sidemine.considerations.robustness.specification import RobustnessSettings, VaryAnalysis
from sidemine.considerations.robustness.variants import PROBE_RULES
from sidemine.prepare.dataset import collapse_otherwise
from sidemine.prepare.expression_store import read_expression
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.prepare.sample_table import SAMPLES
from sidemine.quality.record import ContrastQuality, DatasetQuality, Treatment
from sidemine.records import read_record
from sidemine.study.projections import ContrastToFit, DatasetToPrepare
from sidemine.tables import read_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.choices import ProbeRule

    Probes = dict[str, tuple[list[str], NDArray[np.float64]]]


@dataclass(frozen=True)
class StudyFiles:
    """What earlier stages wrote.

    Attributes
    ----------
    expression, treatment, quality
        Per dataset: expression.h5ad, treatment.json, quality.json.
    checks, composition
        Per contrast: quality.json; composition.json of cohorts.
    raw
        Per dataset of probes: its retrieved files by role, `samples` and `ledger`. Empty: other probe rules are not evaluated.
    markers
        Files of the shipped cell markers.
    """

    expression: Mapping[str, Path]
    treatment: Mapping[str, Path]
    quality: Mapping[str, Path]
    checks: Mapping[str, Path]
    composition: Mapping[str, Path]
    raw: Mapping[str, Mapping[str, Path]]
    markers: Sequence[Path]


def read_contrast_data(
    contrasts: Sequence[ContrastToFit],
    datasets: Mapping[str, DatasetToPrepare],
    gene_sets: pd.DataFrame,
    files: StudyFiles,
    settings: VaryAnalysis,
) -> dict[str, ContrastData]:
    """Return the data of contrasts by their ids.

    Parameters
    ----------
    contrasts
        Those that `contrasts_to_vary` names.
    datasets
        Rows of `datasets.tsv` by id.
    gene_sets
        The study's sets: cell markers leave out the genes of target and member sets.
    files
        What earlier stages wrote.
    settings
        Settings of the grid, and the study's own marker files.
    """
    panels = read_panels(files.markers, settings.own_markers, gene_sets)
    names = list(dict.fromkeys(contrast.dataset for contrast in contrasts))
    probes = _other_probes([datasets[name] for name in names], files, settings)
    loaded = {
        name: DatasetToVary(
            read_expression(files.expression[name]),
            datasets[name].sex_column,
            read_record(Treatment, files.treatment[name]),
            _sex_mismatched(read_record(DatasetQuality, files.quality[name])),
            probes.get(name, {}),
        )
        for name in names
    }
    mixes = {name: read_record(CompositionOfContrast, path) for name, path in files.composition.items()}
    data_of_contrasts = {}
    for contrast in contrasts:
        name = contrast.contrast
        checks = read_record(ContrastQuality, files.checks[name])
        data_of_contrasts[name] = data_of_contrast(
            contrast,
            loaded[contrast.dataset],
            checks.age_overlap,
            checks.reused_samples,
            markers=panels[mix.panel] if (mix := mixes.get(name)) and mix.panel else None,
            contaminated=mix.contaminated if mix else {},
            min_group_size=settings.min_group_size,
            without_markers=_why_no_markers(mix),
        )
    return data_of_contrasts


def _why_no_markers(mix: CompositionOfContrast | None) -> str:
    """Return why the mix of cells needs no adjustment, where that is declared."""
    spared = [entry.not_needed for entry in mix.hypotheses if isinstance(entry, NotNeeded)] if mix else []
    return f"not needed: {spared[0]}" if spared else ""


def _sex_mismatched(quality: DatasetQuality) -> frozenset[str]:
    return frozenset(name for flag in quality.flags if flag.trap == "sex_mismatch" for name in flag.samples)


def _other_probes(
    rows: Sequence[DatasetToPrepare], files: StudyFiles, settings: RobustnessSettings
) -> dict[str, Probes]:
    """Return every dataset of probes under the probe rules that the study does not use."""
    asked = {"probe_rule", "crossed"} & set(settings.robustness)
    rules: list[ProbeRule] = [rule for rule in PROBE_RULES if rule != settings.probe_rule]
    chosen = [row for row in rows if row.dataset in files.raw]
    if not asked or not chosen:
        return {}
    probes: dict[str, Probes] = {}
    for row in chosen:
        own = dict(files.raw[row.dataset])
        samples, ledger = read_table(own.pop("samples"), SAMPLES), read_table(own.pop("ledger"), GENES_LEDGER)
        matrices = collapse_otherwise(row, own, samples, ledger, rules)
        probes[row.dataset] = {
            rule: (matrix.genes, np.ascontiguousarray(matrix.values.T)) for rule, matrix in matrices.items()
        }
    return probes

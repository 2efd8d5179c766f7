"""The grid of every hypothesis of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.record import CompositionOfContrast
from sidemine.considerations.robustness.config import RobustnessSettings
from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.grid import vary_hypothesis
from sidemine.considerations.robustness.record import Robustness
from sidemine.considerations.robustness.variant_rows import summarise_rows
from sidemine.differential.contrast import declared_groups, treated
from sidemine.effect.record import HypothesisEvidence
from sidemine.prepare.expression_store import read_provenance
from sidemine.prepare.log_expression import layer_of
from sidemine.quality.record import ContrastQuality, DatasetQuality, Treatment
from sidemine.quality.sex_check import find_sex_column
from sidemine.sources.scales import is_filtered
from sidemine.study.projections import ContrastToFit, HypothesisToPlace

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

OFF = "the study switches the grid off (settings.robustness)"


@dataclass(frozen=True)
class DatasetToVary:
    """A dataset as the variants of its contrasts need it.

    Attributes
    ----------
    expression
        The prepared dataset (samples × genes).
    sex_column
        Declared metadata column of recorded sex; '' for none.
    treatment, quality
        What its contrasts have to heed, and what its checks found.
    other_probes
        By probe rule that the study does not use: genes, and samples × genes. Empty where values are not by probe.
    """

    expression: AnnData
    sex_column: str
    treatment: Treatment
    quality: DatasetQuality
    other_probes: Mapping[str, tuple[list[str], NDArray[np.float64]]]


def contrasts_to_vary(
    hypotheses: Sequence[HypothesisToPlace], evidence: Mapping[str, HypothesisEvidence], settings: RobustnessSettings
) -> list[str]:
    """Return the contrasts whose data `vary_study` asks for: all that could be tested, none where the grid is off.

    Parameters
    ----------
    hypotheses, evidence, settings
        As in `vary_study`.
    """
    rows = [row for hypothesis in hypotheses for row in evidence[hypothesis.id].contrasts if settings.robustness]
    return list(dict.fromkeys(row.contrast for row in rows if row.testable))


def vary_study(
    hypotheses: Sequence[HypothesisToPlace],
    evidence: Mapping[str, HypothesisEvidence],
    data: Mapping[str, ContrastData],
    gene_sets: pd.DataFrame,
    verdicts: Mapping[str, Callable[[HypothesisEvidence], str]],
    settings: RobustnessSettings,
) -> list[Robustness]:
    """Return the record of every hypothesis.

    Parameters
    ----------
    hypotheses
        As declared.
    evidence
        Of the reference run, by hypothesis.
    data
        Of every contrast that `contrasts_to_vary` names.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    verdicts
        Per hypothesis: the rule table without robustness.
    settings
        The settings of the study that the grid uses.
    """
    if not settings.robustness:
        return [summarise_rows(hypothesis, [], OFF) for hypothesis in hypotheses]
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


def data_of_contrast(
    contrast: ContrastToFit,
    dataset: DatasetToVary,
    checks: ContrastQuality,
    composition: CompositionOfContrast | None,
    markers: Mapping[str, list[str]],
    min_group_size: int,
) -> ContrastData:
    """Return the data of a contrast as the reference run fitted them.

    Parameters
    ----------
    contrast, dataset
        Its row, and its dataset.
    checks
        What its checks found.
    composition
        Of a blood cohort; None for all others.
    markers
        Marker genes of blood cells by cell type.
    min_group_size
        Fewest independent units per group.
    """
    expression, ages = dataset.expression, checks.age_overlap
    as_fitted, groups, _ = treated(contrast, declared_groups(expression, contrast), dataset.treatment)
    layer = layer_of(expression)
    return ContrastData(
        as_fitted,
        groups,
        np.asarray(expression.layers[layer], dtype=np.float64),
        [str(gene) for gene in expression.var_names],
        layer=layer,
        filter_low=is_filtered(read_provenance(expression).scale_declared),
        min_group_size=min_group_size,
        other_probes=dataset.other_probes,
        sex_column=find_sex_column(groups.samples, dataset.sex_column),
        age_column=ages.column if ages else "",
        reused=frozenset([*checks.reused_samples.target, *checks.reused_samples.reference]),
        sex_mismatched=frozenset(
            name for flag in dataset.quality.flags if flag.trap == "sex_mismatch" for name in flag.samples
        ),
        shared_ages=frozenset(ages.samples) if ages else None,
        markers=markers if composition else None,
        contaminated=composition.contaminated if composition else {},
    )

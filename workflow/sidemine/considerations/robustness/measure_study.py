"""The grid of every hypothesis of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.grid import vary_hypothesis
from sidemine.considerations.robustness.record import Robustness
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.considerations.robustness.variant_rows import summarise_rows
from sidemine.differential.contrast import declared_groups, treated
from sidemine.effect.record import HypothesisEvidence
from sidemine.prepare.expression_store import read_provenance
from sidemine.prepare.log_expression import layer_of
from sidemine.quality.record import AgeOverlap, ReusedSides, Treatment
from sidemine.quality.sex_check import find_sex_column
from sidemine.sources.scales import is_filtered
from sidemine.study.projections import ContrastToFit, HypothesisToPlace

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

ONE_MODEL = "a panel rests on one model of all its arms, which the grid does not vary"
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
    treatment
        What its contrasts have to heed.
    sex_mismatched
        Samples whose recorded sex contradicts their genes.
    other_probes
        By probe rule that the study does not use: genes, and samples × genes. Empty where values are not by probe.
    """

    expression: AnnData
    sex_column: str
    treatment: Treatment
    sex_mismatched: frozenset[str]
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
    varied = [hypothesis for hypothesis in hypotheses if settings.robustness and hypothesis.kind != "panel"]
    rows = [row for hypothesis in varied for row in evidence[hypothesis.id].contrasts]
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
        summarise_rows(hypothesis, [], ONE_MODEL)
        if hypothesis.kind == "panel"
        else vary_hypothesis(
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
    ages: AgeOverlap | None,
    reused: ReusedSides,
    *,
    markers: Mapping[str, list[str]] | None,
    contaminated: Mapping[str, str],
    min_group_size: int,
    without_markers: str = "",
) -> ContrastData:
    """Return the data of a contrast as the reference run fitted them.

    Parameters
    ----------
    contrast, dataset
        Its row, and its dataset.
    ages, reused
        Ages that its groups share, and its samples that stand in a second place.
    markers, contaminated
        Marker genes by cell type, and the types that stimulation moves; None and empty where no panel is declared.
    min_group_size
        Fewest independent units per group.
    without_markers
        Why there are no marker genes.
    """
    expression = dataset.expression
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
        reused=frozenset([*reused.target, *reused.reference]),
        sex_mismatched=dataset.sex_mismatched,
        shared_ages=frozenset(ages.samples) if ages else None,
        markers=markers,
        contaminated=contaminated,
        without_markers=without_markers,
    )

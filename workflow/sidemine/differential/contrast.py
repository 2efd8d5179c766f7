"""One declared contrast from a prepared dataset to its fitted results, or to the reason why it cannot be tested."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit, differential_table
from sidemine.differential.declared_traps import adjust_contrast, drop_samples
from sidemine.differential.design import Design
from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.differential.fit import fit_contrast
from sidemine.differential.groups import Groups, design_contrast, match_groups, raise_mismatch, select_groups
from sidemine.differential.record import DroppedSample, FittedDesign, UntestableDesign
from sidemine.errors import Problem, StudyError, Untestable
from sidemine.prepare.expression_store import read_provenance
from sidemine.prepare.log_expression import layer_of
from sidemine.quality.record import NO_TREATMENT, Treatment
from sidemine.sources.scales import LOG2_FOLD_CHANGE, is_filtered
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from sidemine.sources.scales import Scale
    from sidemine.study.projections import ContrastToFit

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ContrastOutcome:
    """What came of one contrast.

    Attributes
    ----------
    design
        What `design.json` says.
    table
        `differential.tsv.gz`; typed and empty when the contrast cannot be tested.
    fit
        The fit that set tests start from; None when the contrast cannot be tested.
    """

    design: FittedDesign | UntestableDesign
    table: pd.DataFrame
    fit: ContrastFit | None

    @property
    def unit(self) -> str:
        """Unit of the differences in `table`."""
        return self.fit.unit if self.fit else LOG2_FOLD_CHANGE


def fit_declared_contrast(
    expression: AnnData,
    contrast: ContrastToFit,
    *,
    min_group_size: int,
    on_untestable: str,
    treatment: Treatment = NO_TREATMENT,
    not_used: pd.DataFrame | None = None,
) -> ContrastOutcome:
    """Fit one declared contrast; every signed number is target minus reference.

    Parameters
    ----------
    expression
        The prepared dataset (samples × genes, layer log2 or counts, provenance in uns).
    contrast
        A row of `contrasts.tsv`.
    min_group_size
        Fewest independent units per group.
    on_untestable
        continue: a contrast that cannot be tested gives an outcome without a fit. stop: it raises.
    treatment
        What the quality stage decided for this dataset (`treatment.json`): samples to drop, covariates to add.
    not_used
        Rows of `samples.tsv` of samples that take no part; they tell why a group is too small.

    Raises
    ------
    StudyError
        When the contrast cannot be tested and `on_untestable` is stop.
    """
    provenance = read_provenance(expression)
    samples = _samples_of(expression)
    if not_used is not None and len(not_used):
        import pandas as pd

        samples = pd.concat([samples, not_used])
    groups, mismatches = match_groups(contrast, samples)
    left_out: list[DroppedSample] = []
    try:
        if provenance.problem:
            raise Untestable(provenance.problems)
        raise_mismatch(mismatches, verified=False)  # of a verified row it has stopped the run: `design_check`
        contrast, groups, left_out = treated(contrast, groups, treatment)
        design = design_contrast(contrast, groups, min_group_size)
        fit = _fit(expression, provenance.scale_declared, contrast, design)
    except Untestable as finding:
        if on_untestable == "stop":
            place = f"contrasts.tsv, contrast {contrast.contrast}"
            raise StudyError(problem.within(place) for problem in finding.problems) from None
        log.warning("contrast %s is not testable: %s", contrast.contrast, finding)
        untestable = _untestable_design(contrast, groups, left_out, finding.problems)
        return ContrastOutcome(untestable, empty_table(DIFFERENTIAL), None)
    fitted = _fitted_design(contrast, design, left_out, fit)
    return ContrastOutcome(fitted, differential_table(fit, expression.var), fit)


def design_again(
    contrast: ContrastToFit, samples: pd.DataFrame, treatment: Treatment, min_group_size: int, *, alone: bool = True
) -> Design:
    """Build the design of a fitted contrast once more, from the dataset's `samples.tsv` and `treatment.json`.

    Parameters
    ----------
    contrast
        The row of `contrasts.tsv`.
    samples
        `samples.tsv` of its dataset.
    treatment
        `treatment.json` of its dataset.
    min_group_size
        Fewest independent units per group.
    alone
        As in `design.build_design`.

    Raises
    ------
    Untestable
        Never for a contrast that was fitted: the same design was built then.
    """
    row, groups, _ = treated(contrast, select_groups(contrast, samples), treatment)
    return design_contrast(row, groups, min_group_size, alone=alone)


def declared_groups(expression: AnnData, contrast: ContrastToFit) -> Groups:
    """Return the two groups that the selectors of a contrast choose in a prepared dataset."""
    return select_groups(contrast, _samples_of(expression))


def _samples_of(expression: AnnData) -> pd.DataFrame:
    samples: pd.DataFrame = expression.obs.assign(sample=[str(name) for name in expression.obs_names], fate="used")
    return samples


def treated(
    contrast: ContrastToFit, groups: Groups, treatment: Treatment
) -> tuple[ContrastToFit, Groups, list[DroppedSample]]:
    """Carry out what the quality stage decided: samples leave, covariates join.

    Parameters
    ----------
    contrast
        The row of `contrasts.tsv`.
    groups
        The samples that its selectors choose.
    treatment
        What the quality stage decided (`treatment.json`).

    Returns
    -------
    tuple
        The contrast and its groups as they are fitted, and the samples that left, each with the reason.
    """
    groups, left_out = drop_samples(groups, treatment)
    return (*adjust_contrast(contrast, groups, treatment), left_out)


def _fit(expression: AnnData, scale: Scale, contrast: ContrastToFit, design: Design) -> ContrastFit:
    layer = layer_of(expression)
    return fit_contrast(
        values_of_rows(np.asarray(expression.layers[layer], dtype=np.float64), expression.obs_names, design, layer),
        [str(gene) for gene in expression.var_names],
        design,
        layer=layer,
        robust=contrast.robust,
        array_weights=contrast.array_weights,
        filter_low_expression=is_filtered(scale),
    )


def values_of_rows(
    values: NDArray[np.float64], names: pd.Index[str], design: Design, layer: str
) -> NDArray[np.float64]:
    """Return genes × rows of the design: repeats of one unit are averaged, counts are added.

    Parameters
    ----------
    values
        Samples × genes of the dataset.
    names
        Its samples.
    design
        The design of the contrast.
    layer
        What they are.
    """
    import pandas as pd

    if not design.members:
        return np.ascontiguousarray(values[names.get_indexer(pd.Index(design.samples))].T)
    blocks = [values[names.get_indexer(pd.Index(members))] for members in design.members]
    return np.column_stack([block.sum(axis=0) if layer == "counts" else block.mean(axis=0) for block in blocks])


def _fitted_design(
    contrast: ContrastToFit, design: Design, left_out: list[DroppedSample], fit: ContrastFit
) -> FittedDesign:
    return FittedDesign(
        contrast=contrast.contrast,
        dataset=contrast.dataset,
        testable=True,
        problem=None,
        n_genes_tested=len(fit.genes),
        target_samples=design.target_samples,
        reference_samples=design.reference_samples,
        n_target=design.n_target,
        n_reference=design.n_reference,
        design_columns=design.columns,
        covariates=design.covariates,
        covariate_kinds=design.covariate_kinds,
        block=design.block,
        blocking=design.blocking,
        dropped=[*left_out, *design.dropped],
        residual_df=design.residual_df,
        notes=design.notes,
        n_genes_not_tested=len(fit.dropped_genes),
        genes_not_tested=_count(fit.dropped_reasons),
        fit=fit.facts,
        n_blocks=design.n_blocks,
        paired=design.paired,
    )


def _untestable_design(
    contrast: ContrastToFit, groups: Groups, left_out: list[DroppedSample], problems: Sequence[Problem]
) -> UntestableDesign:
    units = groups.samples["unit"]
    names = groups.samples.index.astype(str)
    return UntestableDesign(
        contrast=contrast.contrast,
        dataset=contrast.dataset,
        testable=False,
        problem=problems[0],
        n_genes_tested=0,
        target_samples=list(names[groups.target]),
        reference_samples=list(names[groups.reference]),
        n_target=int(units[groups.target].nunique()),
        n_reference=int(units[groups.reference].nunique()),
        design_columns=[],
        covariates=contrast.covariate_names,
        covariate_kinds=[],
        block=contrast.block,
        blocking="none",
        dropped=left_out,
        residual_df=0,
        notes=[],
        further_problems=list(problems[1:]),
    )


def _count(reasons: list[str]) -> dict[str, int]:
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}

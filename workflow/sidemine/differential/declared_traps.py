"""The declared consequences of quality findings, carried out on the groups and the design of a contrast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.groups import Groups
from sidemine.differential.record import DroppedSample
from sidemine.errors import Problem, Untestable
from sidemine.quality.associations import associated, find_associations, is_batch_like
from sidemine.quality.treatment import SEX_COLUMN
from sidemine.study.covariates import parse_covariate
from sidemine.study.selectors import parse_selector

if TYPE_CHECKING:
    from sidemine.quality.record import SexTreatment, Treatment
    from sidemine.study.projections import ContrastToFit


def drop_samples(groups: Groups, treatment: Treatment) -> tuple[Groups, list[DroppedSample]]:
    """Take the samples out of both groups that the study declares to drop.

    Returns
    -------
    tuple
        The groups that are left, and the samples of the two groups that left, each with the reason.
    """
    reasons = treatment.drop
    names = [str(name) for name in groups.samples.index]
    gone = np.array([name in reasons for name in names], dtype=bool)
    left = [
        DroppedSample(name, reasons[name])
        for name, out in zip(names, gone & (groups.target | groups.reference), strict=True)
        if out
    ]
    return replace(groups, target=groups.target & ~gone, reference=groups.reference & ~gone), left


def adjust_contrast(contrast: ContrastToFit, groups: Groups, treatment: Treatment) -> tuple[ContrastToFit, Groups]:
    """Add the covariates that the study declares to adjust for: sex by the genes, batches that go with the group.

    Sex as the genes show it replaces the recorded sex among the covariates; it enters where it varies within both groups.

    Parameters
    ----------
    contrast
        The row of `contrasts.tsv`.
    groups
        The samples that are fitted.
    treatment
        What the quality stage decided (`treatment.json`).

    Raises
    ------
    Untestable
        When a batch is aliased with the group and the study declares `batch_aliased: drop`.
    """
    contrast, groups = _adjust_sex(contrast, groups, treatment.sex)
    batch = treatment.batch
    members = groups.target | groups.reference
    in_design = {*contrast.covariate_names, contrast.block}
    if not any(is_batch_like(str(name), batch.columns) for name in groups.samples.columns if name not in in_design):
        return contrast, groups
    found = find_associations(
        groups.samples[members],
        groups.target[members],
        group_columns=group_columns(contrast),
        in_design=in_design,
        batch_columns=batch.columns,
    )
    # A batch that is itself in the design is told, with its cross-table, where the design is built.
    aliased = [
        association
        for association in found
        if association.batch_like and association.pattern == "aliased" and not association.in_design
    ]
    if aliased and batch.aliased == "drop":
        raise Untestable(
            [
                Problem(
                    f"target and reference are completely separated by {association.column}",
                    f"target v reference: {association.words}",
                    "batches that hold samples of both groups; settings.traps.batch_aliased: warn tests it nevertheless",
                    "Use another contrast: no statistics can tell the groups from the batches. If the column is no "
                    "batch, declare batch_aliased: warn and say so in the note.",
                )
                for association in aliased
            ]
        )
    if batch.associated == "adjust":
        more = [
            f"factor({association.column})"
            for association in associated(found)
            if association.batch_like and not association.in_design
        ]
        contrast = contrast.model_copy(update={"covariates": [*contrast.covariates, *more]})
    return contrast, groups


def group_columns(contrast: ContrastToFit) -> set[str]:
    """Return the metadata columns that the selectors of a contrast read."""
    return {*parse_selector(contrast.target, "").columns, *parse_selector(contrast.reference, "").columns}


def _adjust_sex(contrast: ContrastToFit, groups: Groups, sex: SexTreatment) -> tuple[ContrastToFit, Groups]:
    if not sex.values:
        return contrast, groups
    values = np.array([sex.values.get(str(name), "") for name in groups.samples.index], dtype=object)
    if any(set(values[rows].tolist()) != {"female", "male"} for rows in (groups.target, groups.reference)):
        return contrast, groups
    covariates = [text for text in contrast.covariates if parse_covariate(text).name != sex.column]
    samples = groups.samples.assign(**{SEX_COLUMN: values})
    return contrast.model_copy(update={"covariates": [*covariates, SEX_COLUMN]}), replace(groups, samples=samples)

"""One linear model over all arms of a panel: several contrasts with a shared reference, fitted together.

A contrast that is fitted alone estimates its variance from its own two groups, and knows nothing of the reference that it
shares. Here every group has its own mean, covariates and blocks are common to all, and each contrast is a combination of
the coefficients: limma's `contrasts.fit`, done by turning the design so that the combination is its last column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.design import CONTRAST_COLUMN, Design, refuse_what_one_unit_decides
from sidemine.differential.design_columns import aliased_columns, covariate_columns, factor_columns
from sidemine.differential.linear_model import common_space
from sidemine.errors import Problem, Untestable
from sidemine.study.covariates import parse_covariate
from sidemine.study.selectors import parse_selector

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.projections import ContrastToFit

MOST_UNDERSTATED = 1.1
"""How many times the variance that a model takes a combination may have, before its errors are its own (5 % in the error)."""
NO_WEIGHT = 1e-9
"""Share of the largest weight up to which that of a row or a coefficient is rounding."""


@dataclass(frozen=True)
class ArmsModel:
    """The design of all arms together.

    Attributes
    ----------
    design
        All samples; one column per group, then covariates and fixed blocks. Its last column is no contrast yet: see
        `design_of`.
    contrasts
        Per contrast: its coefficients, 1 for its target and −1 for its reference, (n_coefficients,).
    in_group
        Samples × groups.
    """

    design: Design
    contrasts: dict[str, NDArray[np.float64]]
    in_group: NDArray[np.bool_]

    def design_of(self, weights: NDArray[np.float64]) -> Design:
        """Return the same model with one combination of its coefficients as the last coefficient.

        Parameters
        ----------
        weights
            Per coefficient; a positive weight on a group makes its samples the target. Not all 0.
        """
        # The null space turns with the sign of the first weight, and FRY's scale with the order of its columns: rounding has no sign.
        weights = np.where(np.abs(weights) > NO_WEIGHT * np.abs(weights).max(), weights, 0.0)
        null_space = np.linalg.svd(weights[None, :])[2][1:].T
        turned = self.design.matrix @ np.column_stack([null_space, weights / (weights @ weights)])
        columns = [*(f"other_{place}" for place in range(1, turned.shape[1])), CONTRAST_COLUMN]
        is_target = self.in_group @ (weights[: self.in_group.shape[1]] > 0)
        return replace(self.design, matrix=turned, columns=columns, is_target=is_target)

    def refuse_what_one_unit_decides(self, contrast: str) -> None:
        """Refuse a contrast whose difference hangs on one sample or block of the model, as one that is fitted alone is.

        Parameters
        ----------
        contrast
            Its name.

        Raises
        ------
        Untestable
            As `design.refuse_what_one_unit_decides`.
        """
        design = self.design_of(self.contrasts[contrast])
        refuse_what_one_unit_decides(common_space(np.zeros((1, len(design.samples))), design.matrix).basis, design)

    def covariance(self, contrasts: Sequence[str]) -> NDArray[np.float64]:
        """Return the covariance of some contrasts.

        Parameters
        ----------
        contrasts
            Their names.

        Returns
        -------
        numpy.ndarray
            Contrasts × contrasts, for a residual variance of 1 and independent samples.
        """
        weights = np.stack([self.contrasts[name] for name in contrasts])
        return np.asarray(weights @ np.linalg.inv(self.design.matrix.T @ self.design.matrix) @ weights.T)

    def understates_variance(self, weights: NDArray[np.float64]) -> bool:
        """Return whether one variance for all rows may be too small for a combination, since its rows stand for fewer repeats.

        A row that is the mean of n repeats has between 1/n and all of the variance of a single one; nobody knows what share repeats
        have. Arms of one culture per donor among arms of four had p ≤ .05 in 12 % without any effect.

        Parameters
        ----------
        weights
            As in `design_of`.
        """
        share = np.array([1 / len(members) for members in self.design.row_members])
        if share.min() == share.max():
            return False
        fitted = self.design.matrix @ np.linalg.pinv(self.design.matrix)
        taken = float((1 - np.diag(fitted)) @ share) / self.design.residual_df
        return float(self._row_weights(weights) ** 2 @ share) > MOST_UNDERSTATED * taken * float(
            self._row_weights(weights) @ self._row_weights(weights)
        )

    def count_units(self, contrast: str) -> tuple[int, int]:
        """Return the independent units of target and reference that a contrast of the model rests on.

        A fixed block that holds one arm alone is taken out by its own column: it stands in the model and tells nothing.

        Parameters
        ----------
        contrast
            Its name.
        """
        groups = self.contrasts[contrast][: self.in_group.shape[1]]
        labels, counts = self.design.block_labels, np.ones(len(self.in_group), dtype=bool)
        if labels is not None and self.design.blocking == "fixed":
            within = np.column_stack([self.in_group, labels[:, None] == np.unique(labels)[None, :]]).astype(np.float64)
            weights = np.abs(groups @ np.linalg.pinv(within)[: len(groups)])
            counts = weights > NO_WEIGHT * weights.max()
        units = np.array(self.design.samples) if labels is None or not self.design.blocks_are_units else labels
        target, reference = (
            len(set(units[counts & (self.in_group @ (sign * groups > 0))].tolist())) for sign in (1, -1)
        )
        return target, reference

    def _row_weights(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each row adds to a combination of the coefficients."""
        return np.asarray(weights @ np.linalg.pinv(self.design.matrix))


def model_arms(rows: Sequence[ContrastToFit], designs: Mapping[str, Design], samples: pd.DataFrame) -> ArmsModel:
    """Return the model of all arms of one dataset.

    Parameters
    ----------
    rows
        The contrasts as they are fitted one by one; covariates and block are the same in all (checked with the study).
    designs
        The design of each, by contrast.
    samples
        Of the dataset, as `sample_table.SAMPLES` describes, index: sample.

    Raises
    ------
    Untestable
        A sample that two different groups claim; repeats that are merged in some arms only; a design without full rank or without residual degrees of freedom.
    """
    member_of: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for row in rows:
        design = designs[row.contrast]
        sides = {True: str(parse_selector(row.target)), False: str(parse_selector(row.reference))}
        for name, of_row, is_target in zip(design.samples, design.row_members, design.is_target, strict=True):
            group = sides[bool(is_target)]
            if member_of.setdefault(name, group) != group:
                raise Untestable(_two_groups(name, member_of[name], group))
            if members.setdefault(name, of_row) != of_row:
                raise Untestable(_merged_in_some(members[name], of_row, row))
    groups = list(dict.fromkeys(member_of.values()))
    names = list(member_of)
    in_group = np.array([[member_of[name] == group for group in groups] for name in names])
    table, first = samples.loc[names], designs[rows[0].contrast]
    fixed = any(designs[row.contrast].blocking == "fixed" for row in rows)
    columns = [(f"group {place}", in_group[:, place].astype(np.float64)) for place in range(len(groups))]
    for text in rows[0].covariates:
        covariate = parse_covariate(text)
        columns += covariate_columns(table[covariate.name], covariate).columns
    labels = _blocks_of(table, designs, first.block, samples) if fixed else table[first.block] if first.block else None
    columns += factor_columns(labels, first.block) if fixed and labels is not None else []
    matrix = np.column_stack([values for _, values in columns])
    _refuse_unfit(matrix, [name for name, _ in columns])
    design = Design(
        matrix=matrix,
        columns=[name for name, _ in columns],
        samples=names,
        is_target=np.zeros(len(names), dtype=bool),
        block_labels=None if labels is None else labels.to_numpy(dtype=str),
        blocking="fixed" if fixed else first.blocking,
        dropped=[],
        n_target=0,
        n_reference=0,
        covariates=list(first.covariates),
        block=first.block,
        blocks_are_units=_hold_repeats(table, member_of, rows) if fixed else first.blocks_are_units,
        members=[members[name] for name in names] if any(len(each) > 1 for each in members.values()) else [],
    )
    weights = {}
    for row in rows:
        of_contrast = np.zeros(matrix.shape[1])
        of_contrast[groups.index(str(parse_selector(row.target)))] = 1
        of_contrast[groups.index(str(parse_selector(row.reference)))] = -1
        weights[row.contrast] = of_contrast
    return ArmsModel(design, weights, in_group)


def _blocks_of(table: pd.DataFrame, designs: Mapping[str, Design], block: str, samples: pd.DataFrame) -> pd.Series[str]:
    """Return the fixed block of each row: that of its samples, or the unit in whose place an arm put all blocks of it.

    Repeats of one unit that lie in several blocks of its own are merged into one row, which is of no single one of them.
    """
    units = {
        str(label)
        for design in designs.values()
        if design.block_labels is not None
        for name, label in zip(design.samples, design.block_labels, strict=True)
        if label != samples.loc[name, block]
    }
    return table[block].where(~table["unit"].isin(units), table["unit"])


def _hold_repeats(table: pd.DataFrame, member_of: Mapping[str, str], rows: Sequence[ContrastToFit]) -> bool:
    """Tell whether fixed blocks of the model hold repeats of a group, which errors must count once.

    An arm that lacks blocks takes a correlation where it is fitted alone, and blocks as its units with it. Here the blocks are columns of
    all arms, and a block that an arm lacks is none the worse for that.
    """
    units, blocks = table["unit"].to_numpy(dtype=str), table[rows[0].block].to_numpy(dtype=str)
    declared = all(row.samples_in_block == "units" for row in rows)
    of_unit = np.where(units == "", table.index.to_numpy(dtype=str), units) if declared else blocks
    return len(set(zip(member_of.values(), of_unit.tolist(), strict=True))) < len(table)


def _two_groups(sample: str, first: str, second: str) -> Problem:
    return Problem(
        "a sample belongs to two groups of a panel, so its arms cannot stand in one model",
        f"sample {sample}: {first}; {second}",
        "groups that are the same in two contrasts, or share no sample",
        "Write the selectors of contrasts.tsv so that each sample has one group: the shared vehicle in the same words "
        "everywhere.",
    )


def _merged_in_some(first: Sequence[str], other: Sequence[str], row: ContrastToFit) -> Problem:
    def told(members: Sequence[str]) -> str:
        return f"as one row ({', '.join(members)})" if len(members) > 1 else "as a row of its own"

    return Problem(
        "repeats are merged into one row in some arms of a panel and not in others, so its arms cannot stand in one model",
        f"contrast {row.contrast} takes sample {other[0]} {told(other)}, an arm before it {told(first)} (block {row.block or 'none'})",
        "repeats of one unit that are treated alike in all arms",
        "Set `blocking` to fixed in all arms (auto takes an arm that lacks blocks by a correlation), and leave out of `covariates` what "
        "differs among repeats (contrasts.tsv); or exclude all but one of the repeats with a reason (config.yaml, exclude).",
    )


def _refuse_unfit(matrix: NDArray[np.float64], names: Sequence[str]) -> None:
    aliased = [names[column] for column in aliased_columns(matrix)]
    if aliased:
        raise Untestable(
            Problem(
                "the model of all arms is not of full rank",
                f"{', '.join(aliased)} follow from the other columns ({len(matrix)} samples)",
                "covariates and blocks that vary within the arms",
                "Remove these from covariates or block of the panel's contrasts.",
            )
        )
    if matrix.shape[0] <= matrix.shape[1]:
        raise Untestable(
            Problem(
                "the model of all arms leaves no residual degrees of freedom, so no variance can be estimated",
                f"{matrix.shape[0]} samples, {matrix.shape[1]} coefficients",
                "more samples than coefficients",
                "Leave out covariates, or use arms with more samples.",
            )
        )

"""From sample labels to a design matrix whose last coefficient is target minus reference.

Only samples of the two groups enter, so that no third group lends its variance or its degrees of freedom.
What makes a contrast `not testable` is raised as `Untestable`, all reasons at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.design_columns import (
    CovariateColumns,
    absent_columns,
    aliased_columns,
    covariate_columns,
    covariate_problems,
    cross_table,
    factor_columns,
)
from sidemine.differential.design_units import (
    REPEATS_ARE_UNITS,
    BlockingRule,
    Members,
    SamplesInBlock,
    choose_members,
    count_repeats_once,
    drop_incomplete,
    enter_blocks,
    notes_of_blocks,
    refuse_small_groups,
)
from sidemine.differential.linear_model import common_space
from sidemine.differential.record import Blocking, CovariateInDesign, DroppedSample
from sidemine.errors import Problem, Untestable
from sidemine.stats.sandwich import blocks_without_residual, sandwich
from sidemine.study.covariates import Covariate, parse_covariate
from sidemine.text.phrases import listed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CONTRAST_COLUMN = "target_minus_reference"


@dataclass(frozen=True)
class Design:
    """A full-rank design; the contrast is its last column.

    Attributes
    ----------
    matrix
        Samples × coefficients, float64, full column rank. Last column: 1 in the target, 0 in the reference.
    columns
        Names of the coefficients, in order; the last is `target_minus_reference`.
    samples
        Sample ids, in the order of the rows.
    is_target
        True for target samples, in the order of the rows.
    block_labels
        Block of each sample, or None where no block is modelled.
    blocking
        none, fixed (the blocks are columns of `matrix`) or correlation (one consensus correlation within blocks).
    dropped
        Samples of the two groups that do not take part, each with the reason.
    n_target, n_reference
        Independent units per group, after dropping: what errors count, so blocks where `blocks_are_units`.
    covariates, covariate_kinds
        Columns in the design; and of each its kind, unit, levels and why, see `design_columns.CovariateColumns`.
    members
        Samples behind each row; several where repeats of one unit in one group are merged into one row (`samples` then
        names the first). Empty: one sample per row.
    notes
        Facts about the units that a reader must know; none of them stops the contrast.
    blocks_are_units
        Whether errors count a block once: blocks as a correlation, and fixed ones that hold repeats of a group.
    """

    matrix: NDArray[np.float64]
    columns: list[str]
    samples: list[str]
    is_target: NDArray[np.bool_]
    block_labels: NDArray[np.str_] | None
    blocking: Blocking
    dropped: list[DroppedSample]
    n_target: int
    n_reference: int
    covariates: list[str] = field(default_factory=list)
    covariate_kinds: list[CovariateInDesign] = field(default_factory=list)
    block: str = ""
    notes: list[str] = field(default_factory=list)
    members: list[list[str]] = field(default_factory=list)
    blocks_are_units: bool = False

    @property
    def residual_df(self) -> int:
        """Samples minus coefficients."""
        return len(self.samples) - len(self.columns)

    @property
    def row_members(self) -> list[list[str]]:
        """Samples behind each row, always filled."""
        return self.members or [[name] for name in self.samples]

    @property
    def n_blocks(self) -> int:
        """Number of blocks; 0 where none is modelled."""
        return 0 if self.block_labels is None else len(set(self.block_labels.tolist()))

    @property
    def paired(self) -> bool:
        """Whether the blocks are fixed and each is one target and one reference sample."""
        labels = self.block_labels
        return (
            labels is not None
            and self.blocking == "fixed"
            and all(
                int(self.is_target[labels == label].sum()) == 1 and int((labels == label).sum()) == 2
                for label in set(labels.tolist())
            )
        )

    @property
    def target_samples(self) -> list[str]:
        """All samples of the target, merged repeats included."""
        return self._group(True)

    @property
    def reference_samples(self) -> list[str]:
        """All samples of the reference, merged repeats included."""
        return self._group(False)

    def _group(self, target: bool) -> list[str]:
        rows = zip(self.row_members, self.is_target, strict=True)
        return [name for members, is_target in rows for name in members if bool(is_target) is target]


def build_design(
    samples: pd.DataFrame,
    target: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    covariates: Sequence[str] = (),
    block: str = "",
    blocking: BlockingRule = "auto",
    min_group_size: int = 3,
    *,
    drop_missing: bool = False,
    samples_in_block: SamplesInBlock = "units",
    alone: bool = True,
) -> Design:
    """Build the design of one contrast from sample labels.

    Parameters
    ----------
    samples
        One row per sample (index: sample id), text columns ('' is missing), among them `unit`, the independent
        biological unit. Without a column `unit` every sample is its own unit.
    target, reference
        Which rows belong to the two groups. Every signed number that follows is target minus reference.
    covariates
        Columns for the design: a name, whose kind `text.columns.read_column` tells, or `factor(name)`, `number(name)`.
        The reference level of a factor is its most frequent one (alphabetical among equals).
    drop_missing
        Samples without a value of a covariate leave, each with the reason; otherwise they make the contrast untestable.
    block
        Column of pairs, donors or batches; '' for none.
    blocking
        fixed: block effects, incomplete blocks dropped. correlation: duplicate correlation, at least 6 blocks.
        auto: fixed when at least 90 % of the samples are in complete blocks, else correlation, else refusal.
    min_group_size
        Fewest independent units per group.
    samples_in_block
        What several samples of a group in one fixed block are. repeats: errors count a block once. unsaid: they are refused.
    alone
        Whether the contrast is fitted by itself. An arm of a panel is not: what its difference hangs on is asked of the model of all
        arms, in which others tell a covariate (`arms.ArmsModel.refuse_what_one_unit_decides`).

    Raises
    ------
    Untestable
        Sample in both groups; group too small; covariate or block missing or constant; incomplete blocks;
        repeats of a unit that nothing models, or of whom nobody said whether they are; aliased columns; no residual degrees
        of freedom; a difference that hangs on one block, where blocks are the units, or else on one sample.
    """
    members = choose_members(samples, target, reference, block)
    refuse_small_groups(members, min_group_size)
    entries = [parse_covariate(text) for text in covariates]
    named = [covariate.name for covariate in entries]
    if absent := absent_columns(members.table, named, block):
        there = [covariate for covariate in entries if covariate.name in members.table.columns]
        raise Untestable([*absent, *covariate_problems(members.table, there)])
    without: list[DroppedSample] = []
    if drop_missing:
        members, without = drop_incomplete(members, entries)
        after = f" after {len(without)} samples without a value of {listed(named)} were dropped"
        refuse_small_groups(members, min_group_size, after)
    how, members, dropped = enter_blocks(members, blocking, min_group_size)
    if problems := covariate_problems(members.table, entries):
        raise Untestable(problems)
    rows = count_repeats_once(members, how, named, samples_in_block, min_group_size)
    members = rows.members
    matrix, names, kinds = _build_matrix(members, entries, block if how == "fixed" else "")
    notes = [*rows.notes, *(note for kind in kinds if (note := kind.note(matrix.shape[0] - matrix.shape[1])))]
    units = members.units
    if rows.blocks_are_units:
        units = members.blocks
        refuse_small_groups(members.with_blocks_as_units(), min_group_size, f": each {block} counts once")
        notes += notes_of_blocks(members, how)
    design = Design(
        matrix=matrix,
        columns=names,
        samples=[str(name) for name in members.table.index],
        is_target=members.is_target,
        block_labels=members.blocks if block else None,
        blocking=how,
        dropped=without + dropped,
        n_target=len(set(units[members.is_target])),
        n_reference=len(set(units[~members.is_target])),
        covariates=named,
        covariate_kinds=[kind.record for kind in kinds],
        block=block,
        notes=notes,
        members=rows.merged,
        blocks_are_units=rows.blocks_are_units,
    )
    if alone and (rows.blocks_are_units or how != "correlation"):
        # Weights and the correlation of a fit leave what the design spans within units as it is, so this is told before one.
        refuse_what_one_unit_decides(common_space(np.zeros((1, len(matrix))), matrix).basis, design)
    return design


def refuse_what_one_unit_decides(basis: NDArray[np.float64], design: Design) -> None:
    """Refuse a difference whose error between units cannot be had: others cannot stand in for the one that decides.

    Without it, three dishes of three wells each, one of them alone in its batch, had p ≤ .05 in 40 % of draws without any effect;
    3 v 5 samples, of which covariates left one of the three to compare, in 31 %, where these vary 2.5 times as much.

    Parameters
    ----------
    basis
        Contrast and residuals of the design, as `linear_model.CommonSpace` has them.
    design
        Its units are blocks or samples.

    Raises
    ------
    Untestable
        When the difference hangs on one block or sample.
    """
    if not design.blocks_are_units:
        _refuse_what_one_sample_decides(basis, design)
        return
    labels = [] if design.block_labels is None else [str(label) for label in design.block_labels]
    if sandwich(basis, labels).usable:
        return
    alone = ", ".join(f"{design.block} {name}" for name in blocks_without_residual(basis, labels))
    correlated = design.blocking == "correlation"
    raise Untestable(
        Problem(
            f"with these covariates the difference hangs on {alone}: without it the groups cannot be compared",
            f"{len(set(labels))} blocks, {len(labels)} samples; covariates {', '.join(design.covariates) or 'none'}; "
            f"blocks {'enter as a correlation' if correlated else 'hold repeats of a group'}",
            "a difference to which several blocks of each group contribute, so that blocks can be seen to vary",
            f"Leave out the covariate that tells {alone} from the other blocks; to exclude its samples would leave nothing to compare."
            f"{'' if correlated else ' ' + REPEATS_ARE_UNITS.format(block=design.block)}",
        )
    )


def _refuse_what_one_sample_decides(basis: NDArray[np.float64], design: Design) -> None:
    if sandwich(basis).usable:
        return
    names = blocks_without_residual(basis, design.samples)
    alone = f"sample {names[0]}" if len(names) == 1 else f"each of the samples {', '.join(names)}"
    raise Untestable(
        Problem(
            f"with these covariates the difference hangs on {alone}: without it the groups cannot be compared",
            f"{len(design.samples)} samples; covariates {', '.join(design.covariates) or 'none'}",
            "a difference to which several samples of each group contribute, so that samples can be seen to vary",
            f"Leave out the covariate that tells {alone} from the others of its group; to exclude it would leave nothing to compare.",
        )
    )


def _build_matrix(
    members: Members, covariates: Sequence[Covariate], fixed_block: str
) -> tuple[NDArray[np.float64], list[str], list[CovariateColumns]]:
    """Return the matrix with the names of its columns, and what became of each covariate."""
    table, is_target = members.table, members.is_target
    kinds = [covariate_columns(table[covariate.name], covariate) for covariate in covariates]
    # Name, where it comes from, values.
    columns = [("intercept", "", np.ones(len(table)))]
    columns += [(name, kind.record.name, values) for kind in kinds for name, values in kind.columns]
    if fixed_block:
        columns += [(name, fixed_block, values) for name, values in factor_columns(table[fixed_block], fixed_block)]
    columns.append((CONTRAST_COLUMN, CONTRAST_COLUMN, is_target.astype(np.float64)))
    names = [name for name, _, _ in columns]
    matrix = np.column_stack([values for _, _, values in columns])
    _refuse_aliasing(matrix, names, [origin for _, origin, _ in columns], members)
    if matrix.shape[0] - matrix.shape[1] < 1:
        raise Untestable(
            Problem(
                "the design leaves no residual degrees of freedom, so no variance can be estimated",
                f"{matrix.shape[0]} samples, {matrix.shape[1]} coefficients: {', '.join(names)}",
                "more samples than coefficients",
                "Leave out covariates, or use a contrast with more samples.",
            )
        )
    return matrix, names, kinds


def _refuse_aliasing(
    matrix: NDArray[np.float64],
    names: list[str],
    origins: list[str],
    members: Members,
) -> None:
    aliased = aliased_columns(matrix)
    if not aliased:
        return
    involved = {origins[column] for column in aliased}
    others = sorted({origins[partner] for partners in aliased.values() for partner in partners} - {"", CONTRAST_COLUMN})
    beside = listed(others) or "the intercept"
    if CONTRAST_COLUMN in involved:
        what = f"the design is not of full rank: target and reference are completely separated by {beside}"
        step = f"Remove {beside} from covariates or block: the difference between the groups cannot be told "
        step += "from it. No statistics can mend this; use another contrast."
    else:
        told = [names[column] for column in aliased]
        what = f"the design is not of full rank: {listed(told)} follow from the other columns ({beside})"
        step = "Remove one of these columns from covariates or block: they say the same thing twice."
    shown = sorted((set(others) | involved) - {"", CONTRAST_COLUMN})
    tables = "\n".join(f"group × {name}:\n{cross_table(members.table[name], members.is_target)}" for name in shown)
    raise Untestable(
        Problem(
            what,
            f"aliased columns: {', '.join(names[column] for column in aliased)}\n{tables}",
            "covariates and blocks that vary within both groups and do not repeat each other",
            step,
        )
    )

"""From sample labels to a design matrix whose last coefficient is target minus reference.

Only samples of the two groups enter, so that no third group lends its variance or its degrees of freedom.
What makes a contrast `not testable` is raised as `Untestable`, all reasons at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from sidemine.differential.design_columns import (
    CovariateColumns,
    absent_columns,
    aliased_columns,
    covariate_columns,
    covariate_problems,
    cross_table,
    factor_columns,
    missing_covariates,
)
from sidemine.differential.linear_model import common_space
from sidemine.differential.record import Blocking, CovariateInDesign, DroppedSample
from sidemine.errors import Problem, Untestable
from sidemine.stats.sandwich import blocks_without_residual, sandwich
from sidemine.study.covariates import Covariate, parse_covariate
from sidemine.text.numbers import is_missing_label
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BlockingRule = Literal["auto", "fixed", "correlation"]
SamplesInBlock = Literal["units", "repeats", "unsaid"]
"""What several samples of a group in one fixed block are: units of their own, repeats of the block, or nobody said."""

CONTRAST_COLUMN = "target_minus_reference"
_MOST_LISTED = 20
MIN_COMPLETE_SHARE = 0.9
MIN_BLOCKS_FOR_CORRELATION = 6
REPEATS_ARE_UNITS = (
    "Where the samples that a {block} gives to a group are independent (cultures grown and treated apart), name their column in "
    "`biological_unit` (datasets.tsv)."
)
"""What to do where blocks count as units and should not."""
GENES_OF_BLOCKS = (
    "p of single genes take one correlation within {block} for all genes: a gene that varies more between {block} than the average one "
    "has a p that is too small (without any effect a gene at q ≤ .05 in 16 % of 150 simulated experiments)"
)
"""What a reader of the gene table must know where blocks enter as a correlation."""


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
    target, reference = np.asarray(target, dtype=bool), np.asarray(reference, dtype=bool)
    _refuse_overlap(samples, target, reference)
    rows = np.flatnonzero(target | reference)
    table = _as_text(samples.iloc[rows])
    is_target = target[rows]
    _refuse_small_groups(table, is_target, min_group_size, "")
    entries = [parse_covariate(text) for text in covariates]
    if absent := absent_columns(table, [covariate.name for covariate in entries], block):
        there = [covariate for covariate in entries if covariate.name in table.columns]
        raise Untestable([*absent, *covariate_problems(table, there)])
    without: list[DroppedSample] = []
    if drop_missing:
        table, is_target, without = _drop_missing(table, is_target, entries)
        after = f" after {len(without)} samples without a value of {_and([covariate.name for covariate in entries])} were dropped"
        _refuse_small_groups(table, is_target, min_group_size, after)
    if block:
        _refuse_missing_block(table, block)
    else:
        _refuse_loose_repeats(table, is_target, "")
    how, keep, dropped = _choose_blocking(table, is_target, block, blocking)
    if how == "correlation":
        _refuse_loose_repeats(table, is_target, block)
    table, is_target = table[keep], is_target[keep]
    if dropped:
        after = f" after {len(dropped)} samples of incomplete blocks were dropped"
        _refuse_small_groups(table, is_target, min_group_size, after)
    problems = covariate_problems(table, entries)
    if problems:
        raise Untestable(problems)
    notes = _unit_notes(table, is_target, block, how)
    members: list[list[str]] = []
    held = how == "fixed" and _blocks_hold_repeats(table, is_target, block)
    named = [covariate.name for covariate in entries]
    if held and samples_in_block == "unsaid":
        _refuse_unsaid(table, is_target, block)
    if held and samples_in_block == "repeats":
        _refuse_one_block(table, is_target, block)
        if _share(table, is_target, block, named):
            notes.append(
                _repeats_note(table, is_target, block, f"they count once for each {block}, merged into one row")
            )
            table, held = table.assign(unit=table[block]), False
            _refuse_small_groups(
                table, is_target, min_group_size, f": each {block} counts once ({block} as block, no biological_unit)"
            )
    if how == "fixed" and _repeated_units(table, is_target):
        table, is_target, members = _merge_repeats(table, is_target, named, block)
    matrix, names, kinds = _build_matrix(table, is_target, entries, block if how == "fixed" else "")
    notes += [note for kind in kinds if (note := kind.note(matrix.shape[0] - matrix.shape[1]))]
    units = _units(table)
    blocks_are_units = how == "correlation" or (held and samples_in_block == "repeats")
    if blocks_are_units:
        units = table[block].to_numpy(dtype=str)
        of_blocks = table.assign(unit=units)
        _refuse_small_groups(of_blocks, is_target, min_group_size, f": each {block} counts once")
        done = f"errors of gene sets count each {block} once"
        notes.append(
            _repeats_note(table, is_target, block, done)
            if how == "fixed"
            else f"{done}: {_sizes(table, is_target, block)}"
        )
        notes += [GENES_OF_BLOCKS.format(block=block)] if how == "correlation" else []
    design = Design(
        matrix=matrix,
        columns=names,
        samples=[str(name) for name in table.index],
        is_target=is_target,
        block_labels=table[block].to_numpy(dtype=str) if block else None,
        blocking=how,
        dropped=without + dropped,
        n_target=_n(units[is_target]),
        n_reference=_n(units[~is_target]),
        covariates=[covariate.name for covariate in entries],
        covariate_kinds=[kind.record for kind in kinds],
        block=block,
        notes=notes,
        members=members,
        blocks_are_units=blocks_are_units,
    )
    if alone and (blocks_are_units or how != "correlation"):
        # Weights and the correlation of a fit leave what the design spans within units as it is, so this is told before one.
        refuse_what_one_unit_decides(common_space(np.zeros((1, len(table))), matrix).basis, design)
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


def _n(units: NDArray[np.str_]) -> int:
    return len(set(units.tolist()))


def _blocks_hold_repeats(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str) -> bool:
    """Tell whether a block holds several units of one group."""
    groups = set(zip(table[block].tolist(), is_target.tolist(), strict=True))
    return len(groups) < len(set(zip(table[block].tolist(), is_target.tolist(), _units(table).tolist(), strict=True)))


def _refuse_unsaid(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str) -> None:
    """Refuse samples of people that share a fixed block with others of their group, where nobody said whose they are.

    Repeats of 3 donors that count as people of their own had FRY p ≤ .05 in 29 % of 150 without an effect.
    """
    n_blocks = table[block].nunique()
    raise Untestable(
        Problem(
            f"a {block} gives several samples to one group, and nothing says whether they are repeats of one person",
            f"{int(is_target.sum())} v {int((~is_target).sum())} samples, {n_blocks} {'value' if n_blocks == 1 else 'values'} of {block}, "
            "no biological_unit",
            "people named in biological_unit (datasets.tsv), or one sample per block and group",
            "Name the column of people in `biological_unit`. "
            + (
                f"If a {block} holds different people (a batch, a centre, a matched set), write factor({block}) in `covariates` and leave "
                "`block` empty: the model is the same."
                if n_blocks > 1
                else f"If {block} says nothing of people, leave `block` empty."
            ),
        )
    )


def _share(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str, columns: Sequence[str]) -> bool:
    """Tell whether the samples that a block gives to one group agree in these columns, so that one row can stand for them."""
    groups = table.groupby([table[block], is_target])
    return all(int(groups[name].nunique().max()) == 1 for name in columns)


def _repeats_note(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str, done: str) -> str:
    return (
        f"a {block} gives several samples to one group, and no biological_unit says that they are independent: {done} "
        f"({_sizes(table, is_target, block)})"
    )


def _sizes(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str) -> str:
    labels = table[block].to_numpy(dtype=str)
    units = f"{_n(labels[is_target])} v {_n(labels[~is_target])}"
    return f"{int(is_target.sum())} v {int((~is_target).sum())} samples, {units} by {block}"


def _refuse_one_block(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str) -> None:
    """Refuse blocks as units where there is one: from it nobody knows how another one answers."""
    labels = sorted(set(table[block]))
    if len(labels) > 1:
        return
    raise Untestable(
        Problem(
            f"all samples are of {block} {labels[0]}, and several of one group count as its repeats: no other {block} can be compared with it",
            f"{int(is_target.sum())} v {int((~is_target).sum())} samples; no biological_unit says that they are independent",
            f"at least two values of {block} that give samples to both groups",
            REPEATS_ARE_UNITS.format(block=block) + f" Where {block} says nothing more, leave `block` empty.",
        )
    )


def _build_matrix(
    table: pd.DataFrame, is_target: NDArray[np.bool_], covariates: Sequence[Covariate], block: str
) -> tuple[NDArray[np.float64], list[str], list[CovariateColumns]]:
    """Return the matrix with the names of its columns, and what became of each covariate; `block`: as fixed effects."""
    kinds = [covariate_columns(table[covariate.name], covariate) for covariate in covariates]
    # Name, where it comes from, values.
    columns = [("intercept", "", np.ones(len(table)))]
    columns += [(name, kind.record.name, values) for kind in kinds for name, values in kind.columns]
    columns += [(name, block, values) for name, values in factor_columns(table[block], block)] if block else []
    columns.append((CONTRAST_COLUMN, CONTRAST_COLUMN, is_target.astype(np.float64)))
    names = [name for name, _, _ in columns]
    matrix = np.column_stack([values for _, _, values in columns])
    _refuse_aliasing(matrix, names, [origin for _, origin, _ in columns], table, is_target)
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


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Return every column as text, missing as '': a stored AnnData gives categories back for text."""
    plain = table.astype(object)
    return plain.where(plain.notna(), "").astype(str)


def _units(table: pd.DataFrame) -> NDArray[np.str_]:
    own = table.index.to_numpy(dtype=str)
    if "unit" not in table.columns:
        return own
    declared = table["unit"].to_numpy(dtype=str)
    return np.where(declared == "", own, declared)


def _listing(names: Sequence[str]) -> str:
    return first_of([*map(str, names)], _MOST_LISTED)


def _drop_missing(
    table: pd.DataFrame, is_target: NDArray[np.bool_], covariates: Sequence[Covariate]
) -> tuple[pd.DataFrame, NDArray[np.bool_], list[DroppedSample]]:
    reasons: dict[str, str] = {}
    for name, samples in missing_covariates(table, covariates).items():
        for sample in samples:
            reasons.setdefault(sample, f"covariate {name} has no value (missing_covariates: drop)")
    keep = np.array([str(name) not in reasons for name in table.index], dtype=bool)
    return table[keep], is_target[keep], [DroppedSample(str(name), reasons[str(name)]) for name in table.index[~keep]]


def _refuse_overlap(samples: pd.DataFrame, target: NDArray[np.bool_], reference: NDArray[np.bool_]) -> None:
    both = [str(name) for name in samples.index[target & reference]]
    if both:
        raise Untestable(
            Problem(
                f"{len(both)} samples belong to both the target and the reference",
                _listing(both),
                "each sample in one group at most",
                "Narrow the target or the reference selector in contrasts.tsv.",
            )
        )


def _refuse_small_groups(table: pd.DataFrame, is_target: NDArray[np.bool_], min_group_size: int, after: str) -> None:
    units = _units(table)
    problems = []
    for group, member in (("target", is_target), ("reference", ~is_target)):
        n_units, n_samples = len(set(units[member])), int(member.sum())
        if n_units < min_group_size:
            problems.append(
                Problem(
                    f"the {group} group has {n_units} independent units, fewer than the minimum of {min_group_size}{after}",
                    f"{n_samples} samples: {_listing(list(table.index[member])) or 'none'}",
                    f"at least {min_group_size} independent units per group",
                    "Widen the selector if it misses samples. settings.min_group_size is the minimum (never below 2). "
                    "Otherwise this contrast cannot be tested.",
                )
            )
    if problems:
        raise Untestable(problems)


def _refuse_missing_block(table: pd.DataFrame, block: str) -> None:
    missing = [str(name) for name in table.index[table[block].astype(str).map(is_missing_label).to_numpy(dtype=bool)]]
    if missing:
        raise Untestable(
            Problem(
                f"the block {block} is missing in {len(missing)} samples",
                _listing(missing),
                "a block for every sample of the two groups",
                "Exclude these samples with a reason (config.yaml, exclude), or fill the column by a sample sheet.",
            )
        )


def _refuse_loose_repeats(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str) -> None:
    """Refuse repeats of a unit that nothing holds together: all without a block; with blocks as a correlation, those in several."""
    loose = [
        (unit, group, names)
        for unit, group, names in _repeated_units(table, is_target)
        if not block or len(set(table.loc[names, block])) > 1
    ]
    if loose:
        n_loose = len(loose)
        raise Untestable(
            Problem(
                f"{n_loose} biological units give several samples to the same group in different blocks of {block}"
                if block
                else f"{n_loose} biological units give several samples to the same group, and no block is declared",
                _listing([f"{unit} ({group}: {', '.join(names)})" for unit, group, names in loose]),
                "all samples of a unit in one block, where blocks enter as a correlation"
                if block
                else "one sample per unit and group, or a block that models the repeats",
                "Set `block` in contrasts.tsv to the column of the unit, or exclude the repeats with a reason "
                "(config.yaml, exclude): as independent samples they would make p-values too small.",
            )
        )


def _repeated_units(table: pd.DataFrame, is_target: NDArray[np.bool_]) -> list[tuple[str, str, list[str]]]:
    units, found = _units(table), []
    for group, member in (("target", is_target), ("reference", ~is_target)):
        if len(set(units[member])) == int(member.sum()):
            continue
        for unit in sorted(set(units[member])):
            names = [str(name) for name in table.index[member & (units == unit)]]
            if len(names) > 1:
                found.append((str(unit), group, names))
    return found


def _unit_notes(table: pd.DataFrame, is_target: NDArray[np.bool_], block: str, how: Blocking) -> list[str]:
    units = _units(table)
    done = "merged into one row" if how == "fixed" else "counted as one unit; the block correlation models the repeats"
    notes = [
        f"unit {unit} gives {len(names)} samples to the {group} ({', '.join(names)}): {done}"
        for unit, group, names in _repeated_units(table, is_target)
    ]
    shared = sorted(set(units[is_target]) & set(units[~is_target]))
    if shared and not block:
        notes.append(
            f"{len(shared)} units give samples to both groups and no block is declared: the pairing is not used"
        )
    return notes


def _merge_repeats(
    table: pd.DataFrame, is_target: NDArray[np.bool_], covariates: Sequence[str], block: str
) -> tuple[pd.DataFrame, NDArray[np.bool_], list[list[str]]]:
    """Keep one row per unit and group, and tell which samples stand behind it.

    Fixed block effects take out a donor's level but not how a donor answers: repeats of one donor as rows of their own
    would count that answer twice, add degrees of freedom that nobody has, and make p too small.
    """
    units = _units(table)
    _refuse_unmergeable(table, units, is_target, covariates, block)
    rows: dict[tuple[str, bool], list[int]] = {}
    for position, key in enumerate(zip(units.tolist(), is_target.tolist(), strict=True)):
        rows.setdefault(key, []).append(position)
    names = [str(name) for name in table.index]
    first = [positions[0] for positions in rows.values()]
    labels = table[block].to_numpy(dtype=str)
    spread = {unit for unit in units if len(set(labels[units == unit])) > 1 and not _shared_blocks(labels, units, unit)}
    merged = table.iloc[first].copy()
    # Blocks that all lie within one unit become that unit.
    merged[block] = [units[row] if units[row] in spread else labels[row] for row in first]
    return merged, is_target[first], [[names[position] for position in positions] for positions in rows.values()]


def _shared_blocks(labels: NDArray[np.str_], units: NDArray[np.str_], unit: str) -> set[str]:
    """Return the blocks of a unit that hold samples of other units as well."""
    return set(labels[units == unit].tolist()) & set(labels[units != unit].tolist())


def _refuse_unmergeable(
    table: pd.DataFrame, units: NDArray[np.str_], is_target: NDArray[np.bool_], covariates: Sequence[str], block: str
) -> None:
    labels = table[block].to_numpy(dtype=str)
    problems = []
    for unit, group, names in _repeated_units(table, is_target):
        own = [name for name in covariates if len(set(table.loc[names, name])) > 1]
        own += [block] if _shared_blocks(labels, units, unit) and len(set(table.loc[names, block])) > 1 else []
        if own:
            problems.append(
                Problem(
                    f"the repeats of unit {unit} in the {group} differ in {_and(own)}, so they cannot be merged",
                    _listing(names),
                    "repeats of one biological unit in one group that share covariates, and blocks of their own unit",
                    "Exclude all but one of these samples with a reason (config.yaml, exclude), or leave the column out.",
                )
            )
    if problems:
        raise Untestable(problems)


def _choose_blocking(
    table: pd.DataFrame, is_target: NDArray[np.bool_], block: str, rule: BlockingRule
) -> tuple[Blocking, NDArray[np.bool_], list[DroppedSample]]:
    everyone = np.ones(len(table), dtype=bool)
    if not block:
        return "none", everyone, []
    labels = table[block].to_numpy(dtype=str)
    complete_labels = set(labels[is_target]) & set(labels[~is_target])
    complete = np.isin(labels, sorted(complete_labels))
    n_blocks = len(set(labels))
    if (rule == "fixed" and complete.any()) or (rule == "auto" and complete.mean() >= MIN_COMPLETE_SHARE):
        dropped = [
            DroppedSample(str(name), f"block {label} of {block} has no sample in the other group")
            for name, label in zip(table.index[~complete], labels[~complete], strict=True)
        ]
        return "fixed", complete, dropped
    has_repeats = n_blocks < len(labels)
    if rule != "fixed" and n_blocks >= MIN_BLOCKS_FOR_CORRELATION and has_repeats:
        return "correlation", everyone, []
    raise Untestable(
        Problem(
            f"the blocks of {block} can be used neither as fixed effects nor by duplicate correlation",
            f"{int(complete.sum())} of {len(labels)} samples are in blocks that hold both groups; {n_blocks} blocks"
            + ("" if has_repeats else ", each with one sample")
            + f"; blocking = {rule}\n{cross_table(table[block], is_target)}",
            f"at least {MIN_COMPLETE_SHARE:.0%} of the samples in complete blocks, or at least "
            f"{MIN_BLOCKS_FOR_CORRELATION} blocks of which some hold several samples",
            "Exclude the samples of incomplete blocks, choose another block column, or leave `block` empty if the "
            "samples are independent.",
        )
    )


def _refuse_aliasing(
    matrix: NDArray[np.float64],
    names: list[str],
    origins: list[str],
    table: pd.DataFrame,
    is_target: NDArray[np.bool_],
) -> None:
    aliased = aliased_columns(matrix)
    if not aliased:
        return
    involved = {origins[column] for column in aliased}
    others = sorted({origins[partner] for partners in aliased.values() for partner in partners} - {"", CONTRAST_COLUMN})
    if CONTRAST_COLUMN in involved:
        what = f"the design is not of full rank: target and reference are completely separated by {_and(others)}"
        step = f"Remove {_and(others)} from covariates or block: the difference between the groups cannot be told "
        step += "from it. No statistics can mend this; use another contrast."
    else:
        told = [names[column] for column in aliased]
        what = f"the design is not of full rank: {_and(told)} follow from the other columns ({_and(others)})"
        step = "Remove one of these columns from covariates or block: they say the same thing twice."
    shown = sorted((set(others) | involved) - {"", CONTRAST_COLUMN})
    tables = "\n".join(f"group × {name}:\n{cross_table(table[name], is_target)}" for name in shown)
    raise Untestable(
        Problem(
            what,
            f"aliased columns: {', '.join(names[column] for column in aliased)}\n{tables}",
            "covariates and blocks that vary within both groups and do not repeat each other",
            step,
        )
    )


def _and(words: Sequence[str]) -> str:
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "the intercept"

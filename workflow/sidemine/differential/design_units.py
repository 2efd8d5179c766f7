"""Who counts as one in a design: the samples of two groups, their biological units, and blocks that hold several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from sidemine.differential.design_columns import cross_table, missing_covariates
from sidemine.differential.record import Blocking, DroppedSample
from sidemine.errors import Problem, Untestable
from sidemine.study.covariates import Covariate
from sidemine.text.numbers import is_missing_label
from sidemine.text.phrases import first_of, listed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BlockingRule = Literal["auto", "fixed", "correlation"]
SamplesInBlock = Literal["units", "repeats", "unsaid"]
"""What several samples of a group in one fixed block are: units of their own, repeats of the block, or nobody said."""

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
class Members:
    """The samples of the two groups.

    Attributes
    ----------
    table
        One row per sample (index: sample id), every column text, '' is missing.
    is_target
        True for target samples, in the order of the rows.
    block
        Column of pairs, donors or batches; '' for none.
    """

    table: pd.DataFrame
    is_target: NDArray[np.bool_]
    block: str

    @property
    def units(self) -> NDArray[np.str_]:
        """Biological unit of each sample: the declared one, else the sample itself."""
        own = self.table.index.to_numpy(dtype=str)
        if "unit" not in self.table.columns:
            return own
        declared = self.table["unit"].to_numpy(dtype=str)
        return np.where(declared == "", own, declared)

    @property
    def blocks(self) -> NDArray[np.str_]:
        """Block of each sample."""
        return self.table[self.block].to_numpy(dtype=str)

    @property
    def by_group(self) -> tuple[tuple[str, NDArray[np.bool_]], tuple[str, NDArray[np.bool_]]]:
        """Names of the two groups, each with True for its rows (one value per sample)."""
        return ("target", self.is_target), ("reference", ~self.is_target)

    @property
    def sizes(self) -> str:
        """Samples per group, in words."""
        return f"{int(self.is_target.sum())} v {int((~self.is_target).sum())} samples"

    @property
    def sizes_by_block(self) -> str:
        """Samples and blocks per group, in words."""
        n_target, n_reference = (len(set(self.blocks[rows].tolist())) for _, rows in self.by_group)
        return f"{self.sizes}, {n_target} v {n_reference} by {self.block}"

    @property
    def repeats(self) -> list[tuple[str, str, list[str]]]:
        """Units that give several samples to one group: unit, group, samples."""
        units, found = self.units, []
        for group, rows in self.by_group:
            if len(set(units[rows])) == int(rows.sum()):
                continue
            for unit in sorted(set(units[rows])):
                names = [str(name) for name in self.table.index[rows & (units == unit)]]
                if len(names) > 1:
                    found.append((str(unit), group, names))
        return found

    @property
    def blocks_hold_repeats(self) -> bool:
        """Whether a block holds several units of one group."""
        groups = list(zip(self.blocks.tolist(), self.is_target.tolist(), strict=True))
        return len(set(groups)) < len(set(zip(groups, self.units.tolist(), strict=True)))

    def agree_within_blocks(self, columns: Sequence[str]) -> bool:
        """Return whether the samples that a block gives to one group agree in these columns, so that one row can stand for them."""
        groups = self.table.groupby([self.table[self.block], self.is_target])
        return all(int(groups[name].nunique().max()) == 1 for name in columns)

    def take(self, rows: NDArray[np.bool_]) -> Members:
        """Return some of the samples."""
        return replace(self, table=self.table[rows], is_target=self.is_target[rows])

    def with_blocks_as_units(self) -> Members:
        """Return the same samples, each block as one unit."""
        return replace(self, table=self.table.assign(unit=self.blocks))


def refuse_small_groups(members: Members, min_group_size: int, after: str = "") -> None:
    """Refuse groups of too few units.

    Parameters
    ----------
    members
        The samples.
    min_group_size
        Fewest independent units per group.
    after
        What made them fewer, for the message.

    Raises
    ------
    Untestable
        When a group has fewer.
    """
    problems = []
    for group, rows in members.by_group:
        n_units, n_samples = len(set(members.units[rows])), int(rows.sum())
        if n_units < min_group_size:
            problems.append(
                Problem(
                    f"the {group} group has {n_units} independent units, fewer than the minimum of {min_group_size}{after}",
                    f"{n_samples} samples: {_listing(list(members.table.index[rows])) or 'none'}",
                    f"at least {min_group_size} independent units per group",
                    "Widen the selector if it misses samples. settings.min_group_size is the minimum (never below 2). "
                    "Otherwise this contrast cannot be tested.",
                )
            )
    if problems:
        raise Untestable(problems)


def choose_members(
    samples: pd.DataFrame, target: NDArray[np.bool_], reference: NDArray[np.bool_], block: str
) -> Members:
    """Return the samples of two groups.

    Parameters
    ----------
    samples, target, reference, block
        As in `design.build_design`.

    Raises
    ------
    Untestable
        When a sample is in both groups.
    """
    target, reference = np.asarray(target, dtype=bool), np.asarray(reference, dtype=bool)
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
    rows = np.flatnonzero(target | reference)
    # A stored AnnData gives categories back for text.
    plain = samples.iloc[rows].astype(object)
    return Members(plain.where(plain.notna(), "").astype(str), target[rows], block)


def drop_incomplete(members: Members, covariates: Sequence[Covariate]) -> tuple[Members, list[DroppedSample]]:
    """Return the samples that have a value of every covariate, and those that have not, each with the reason."""
    reasons: dict[str, str] = {}
    for name, samples in missing_covariates(members.table, covariates).items():
        for sample in samples:
            reasons.setdefault(sample, f"covariate {name} has no value (missing_covariates: drop)")
    names = [str(name) for name in members.table.index]
    keep = np.array([name not in reasons for name in names], dtype=bool)
    return members.take(keep), [DroppedSample(name, reasons[name]) for name in names if name in reasons]


def enter_blocks(
    members: Members, rule: BlockingRule, min_group_size: int
) -> tuple[Blocking, Members, list[DroppedSample]]:
    """Return how the blocks enter the model, the samples that then take part, and the others.

    Parameters
    ----------
    members
        The samples, and the column of their blocks.
    rule, min_group_size
        As in `design.build_design`.

    Raises
    ------
    Untestable
        When the block of a sample is missing, blocks can enter in no way, nothing models the repeats of a unit, or without
        incomplete blocks a group is too small.
    """
    if members.block:
        _refuse_missing_block(members)
    else:
        _refuse_loose_repeats(members)
    how, keep, dropped = _choose_blocking(members, rule)
    if how == "correlation":
        _refuse_loose_repeats(members)
    members = members.take(keep)
    if dropped:
        after = f" after {len(dropped)} samples of incomplete blocks were dropped"
        refuse_small_groups(members, min_group_size, after)
    return how, members, dropped


@dataclass(frozen=True)
class Rows:
    """The rows of a design.

    Attributes
    ----------
    members
        One row of its table per row of the design: a sample, or the first of those that are merged.
    merged
        Samples behind each row; empty: one each.
    blocks_are_units
        Whether errors count a block once.
    notes
        Facts about the units that a reader must know.
    """

    members: Members
    merged: list[list[str]] = field(default_factory=list)
    blocks_are_units: bool = False
    notes: list[str] = field(default_factory=list)


def count_repeats_once(
    members: Members, how: Blocking, covariates: Sequence[str], samples_in_block: SamplesInBlock, min_group_size: int
) -> Rows:
    """Return the rows of a design, in which repeats of a unit, or of a block that stands for one, count once.

    Parameters
    ----------
    members, how
        From `enter_blocks`.
    covariates
        Columns in the design.
    samples_in_block, min_group_size
        As in `design.build_design`.

    Raises
    ------
    Untestable
        When nobody said whether samples are repeats, when they are and too few units are left, or when they cannot be merged.
    """
    notes = _unit_notes(members, how)
    held = how == "fixed" and members.blocks_hold_repeats
    if held and samples_in_block == "unsaid":
        _refuse_unsaid(members)
    if held and samples_in_block == "repeats":
        _refuse_one_block(members)
        if members.agree_within_blocks(covariates):
            block = members.block
            notes.append(_repeats_note(members, f"they count once for each {block}, merged into one row"))
            members, held = members.with_blocks_as_units(), False
            after = f": each {block} counts once ({block} as block, no biological_unit)"
            refuse_small_groups(members, min_group_size, after)
    merged: list[list[str]] = []
    if how == "fixed" and members.repeats:
        members, merged = _merge_repeats(members, covariates)
    blocks_are_units = how == "correlation" or (held and samples_in_block == "repeats")
    return Rows(members, merged, blocks_are_units, notes)


def notes_of_blocks(members: Members, how: Blocking) -> list[str]:
    """Return what a reader must know where errors count a block once."""
    done = f"errors of gene sets count each {members.block} once"
    if how == "fixed":
        return [_repeats_note(members, done)]
    return [f"{done}: {members.sizes_by_block}", GENES_OF_BLOCKS.format(block=members.block)]


def _refuse_missing_block(members: Members) -> None:
    labels = members.table[members.block]
    missing = [str(name) for name, label in labels.items() if is_missing_label(label)]
    if missing:
        raise Untestable(
            Problem(
                f"the block {members.block} is missing in {len(missing)} samples",
                _listing(missing),
                "a block for every sample of the two groups",
                "Exclude these samples with a reason (config.yaml, exclude), or fill the column by a sample sheet.",
            )
        )


def _refuse_loose_repeats(members: Members) -> None:
    """Refuse repeats of a unit that nothing holds together: all without a block; with blocks as a correlation, those in several."""
    block = members.block
    loose = [
        (unit, group, names)
        for unit, group, names in members.repeats
        if not block or len(set(members.table.loc[names, block])) > 1
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


def _unit_notes(members: Members, how: Blocking) -> list[str]:
    done = "merged into one row" if how == "fixed" else "counted as one unit; the block correlation models the repeats"
    notes = [
        f"unit {unit} gives {len(names)} samples to the {group} ({', '.join(names)}): {done}"
        for unit, group, names in members.repeats
    ]
    of_target, of_reference = (set(members.units[rows]) for _, rows in members.by_group)
    shared = of_target & of_reference
    if shared and not members.block:
        notes.append(
            f"{len(shared)} units give samples to both groups and no block is declared: the pairing is not used"
        )
    return notes


def _refuse_unsaid(members: Members) -> None:
    """Refuse samples of people that share a fixed block with others of their group, where nobody said whose they are.

    Repeats of 3 donors that count as people of their own had FRY p ≤ .05 in 29 % of 150 without an effect.
    """
    block, n_blocks = members.block, len(set(members.blocks))
    raise Untestable(
        Problem(
            f"a {block} gives several samples to one group, and nothing says whether they are repeats of one person",
            f"{members.sizes}, {n_blocks} {'value' if n_blocks == 1 else 'values'} of {block}, no biological_unit",
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


def _refuse_one_block(members: Members) -> None:
    """Refuse blocks as units where there is one: from it nobody knows how another one answers."""
    block, labels = members.block, sorted(set(members.blocks))
    if len(labels) > 1:
        return
    raise Untestable(
        Problem(
            f"all samples are of {block} {labels[0]}, and several of one group count as its repeats: no other {block} can be compared with it",
            f"{members.sizes}; no biological_unit says that they are independent",
            f"at least two values of {block} that give samples to both groups",
            REPEATS_ARE_UNITS.format(block=block) + f" Where {block} says nothing more, leave `block` empty.",
        )
    )


def _repeats_note(members: Members, done: str) -> str:
    return (
        f"a {members.block} gives several samples to one group, and no biological_unit says that they are independent: {done} "
        f"({members.sizes_by_block})"
    )


def _choose_blocking(members: Members, rule: BlockingRule) -> tuple[Blocking, NDArray[np.bool_], list[DroppedSample]]:
    block, table = members.block, members.table
    everyone = np.ones(len(table), dtype=bool)
    if not block:
        return "none", everyone, []
    labels = members.blocks
    of_target, of_reference = (set(labels[rows]) for _, rows in members.by_group)
    complete = np.isin(labels, sorted(of_target & of_reference))
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
            + f"; blocking = {rule}\n{cross_table(table[block], members.is_target)}",
            f"at least {MIN_COMPLETE_SHARE:.0%} of the samples in complete blocks, or at least "
            f"{MIN_BLOCKS_FOR_CORRELATION} blocks of which some hold several samples",
            "Exclude the samples of incomplete blocks, choose another block column, or leave `block` empty if the "
            "samples are independent.",
        )
    )


def _merge_repeats(members: Members, covariates: Sequence[str]) -> tuple[Members, list[list[str]]]:
    """Keep one row per unit and group, and tell which samples stand behind it.

    Fixed block effects take out a donor's level but not how a donor answers: repeats of one donor as rows of their own
    would count that answer twice, add degrees of freedom that nobody has, and make p too small.
    """
    _refuse_unmergeable(members, covariates)
    units, table, is_target, labels = members.units, members.table, members.is_target, members.blocks
    rows: dict[tuple[str, bool], list[int]] = {}
    for position, key in enumerate(zip(units.tolist(), is_target.tolist(), strict=True)):
        rows.setdefault(key, []).append(position)
    names = [str(name) for name in table.index]
    first = [positions[0] for positions in rows.values()]
    spread = {unit for unit in units if len(set(labels[units == unit])) > 1 and not _shared_blocks(labels, units, unit)}
    merged = table.iloc[first].copy()
    # Blocks that all lie within one unit become that unit.
    merged[members.block] = [units[row] if units[row] in spread else labels[row] for row in first]
    return replace(members, table=merged, is_target=is_target[first]), [
        [names[position] for position in positions] for positions in rows.values()
    ]


def _shared_blocks(labels: NDArray[np.str_], units: NDArray[np.str_], unit: str) -> set[str]:
    """Return the blocks of a unit that hold samples of other units as well."""
    return set(labels[units == unit].tolist()) & set(labels[units != unit].tolist())


def _refuse_unmergeable(members: Members, covariates: Sequence[str]) -> None:
    table, block = members.table, members.block
    problems = []
    for unit, group, names in members.repeats:
        own = [name for name in covariates if len(set(table.loc[names, name])) > 1]
        own += (
            [block]
            if _shared_blocks(members.blocks, members.units, unit) and len(set(table.loc[names, block])) > 1
            else []
        )
        if own:
            problems.append(
                Problem(
                    f"the repeats of unit {unit} in the {group} differ in {listed(own)}, so they cannot be merged",
                    _listing(names),
                    "repeats of one biological unit in one group that share covariates, and blocks of their own unit",
                    "Exclude all but one of these samples with a reason (config.yaml, exclude), or leave the column out.",
                )
            )
    if problems:
        raise Untestable(problems)


def _listing(names: Sequence[str]) -> str:
    return first_of([*map(str, names)], _MOST_LISTED)

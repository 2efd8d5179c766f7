"""Which samples of a dataset are the target and the reference of a contrast."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.design import Design, build_design
from sidemine.differential.design_columns import absent_columns
from sidemine.errors import Problem, SidemineError, StudyError, Untestable
from sidemine.prepare.sample_table import TOO_FEW_CELLS
from sidemine.study.covariates import parse_covariate
from sidemine.study.selectors import matches_nothing, parse_selector
from sidemine.text.phrases import first_of

_TOLD = 6

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.projections import ContrastToFit


@dataclass(frozen=True)
class Groups:
    """The two groups of a contrast.

    Attributes
    ----------
    samples
        The dataset's samples that take part at all, one row each (index: sample), text columns.
    target, reference
        Which rows belong to the groups.
    too_few_cells
        Samples that a selector matches as well and whose cells are too few, in words, by side; they take no part.
    """

    samples: pd.DataFrame
    target: NDArray[np.bool_]
    reference: NDArray[np.bool_]
    too_few_cells: dict[str, str] = field(default_factory=dict)


def select_groups(contrast: ContrastToFit, samples: pd.DataFrame) -> Groups:
    """Return the two groups of a contrast.

    Parameters
    ----------
    contrast, samples
        As in `match_groups`.

    Raises
    ------
    Untestable
        When a selector reads a column that does not exist, or matches no sample. For a `verified` row the check of all
        designs has stopped the run before (`design_check`).
    """
    groups, problems = match_groups(contrast, samples)
    if problems:
        raise Untestable(problems)
    return groups


def raise_mismatch(problems: list[Problem], *, verified: bool) -> None:
    """Raise what selectors without samples mean: an error in a `verified` row, an untestable contrast otherwise.

    Parameters
    ----------
    problems
        What does not fit; none: nothing is raised.
    verified
        Whether the row is `verified`.

    Raises
    ------
    StudyError
        In a `verified` row: the run stops.
    Untestable
        In an unverified row: this contrast is lost.
    """
    if not problems:
        return
    if not verified:
        raise Untestable(problems)
    hint = " The row is `verified`, so the run stops; as `unverified` only this contrast would be lost."
    raise StudyError(replace(problem, next_step=problem.next_step + hint) for problem in problems)


def match_groups(contrast: ContrastToFit, samples: pd.DataFrame) -> tuple[Groups, list[Problem]]:
    """Apply the selectors of a contrast to the samples of its dataset.

    Parameters
    ----------
    contrast
        A row of `contrasts.tsv`.
    samples
        As `sample_table.SAMPLES` describes; samples whose fate is not `used` never enter.

    Returns
    -------
    groups : Groups
        What matched; a side with a problem is empty.
    problems : list of Problem
        Selectors that read a column that does not exist, or match no sample: all at once, with the values that do
        exist. One that matches samples of too few cells alone is right, and its side is empty.
    """
    lacking = samples[samples["fate"].str.startswith(TOO_FEW_CELLS)].set_index("sample")
    too_few: dict[str, str] = {}
    used = samples[samples["fate"] == "used"].set_index("sample").drop(columns="value_column", errors="ignore")
    problems: list[Problem] = []
    matched = []
    for side, text in (("target", contrast.target), ("reference", contrast.reference)):
        where = f"contrasts.tsv, contrast {contrast.contrast}, column {side}, dataset {contrast.dataset}"
        try:
            selector = parse_selector(text, where)
            mask = selector.matches(used, where)
        except SidemineError as error:
            problems += error.problems
            matched.append(np.zeros(len(used), dtype=bool))
            continue
        if len(lacking) and (lost := lacking[selector.matches(lacking, where)]).size:
            named = [f"{sample} ({fate})" for sample, fate in lost["fate"].items()]
            too_few[side] = first_of(named, _TOLD)
        if not mask.any() and side not in too_few:
            problems.append(matches_nothing(selector, used, where))
        matched.append(mask)
    if problems:  # what else the row gets wrong is told in the same run
        problems += absent_columns(used, [parse_covariate(text).name for text in contrast.covariates], contrast.block)
    return Groups(used, matched[0], matched[1], too_few), problems


def design_contrast(contrast: ContrastToFit, groups: Groups, min_group_size: int, *, alone: bool = True) -> Design:
    """Build the design that a contrast declares: its groups, covariates and block.

    Parameters
    ----------
    contrast
        The row of `contrasts.tsv`.
    groups
        The samples that are fitted.
    min_group_size
        Fewest independent units per group.
    alone
        As in `design.build_design`.

    Raises
    ------
    Untestable
        See `design.build_design`.
    """
    try:
        return build_design(
            groups.samples,
            groups.target,
            groups.reference,
            contrast.covariates,
            contrast.block,
            contrast.blocking,
            min_group_size,
            drop_missing=contrast.missing_covariates == "drop",
            samples_in_block=contrast.samples_in_block,
            alone=alone,
        )
    except Untestable as error:
        beside = "".join(f"; of the {side} take no part {words}" for side, words in groups.too_few_cells.items())
        raise Untestable(replace(problem, where=problem.where + beside) for problem in error.problems) from None

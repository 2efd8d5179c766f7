"""Checks of single rows of datasets.tsv and contrasts.tsv."""

from __future__ import annotations

from collections import Counter

from sidemine.errors import Problem
from sidemine.sources.registry import LAYOUTS
from sidemine.study.covariates import parse_covariate
from sidemine.study.hints import dangling
from sidemine.study.rows import Contrast, Dataset
from sidemine.study.selectors import Selector, SelectorError, parse_selector
from sidemine.study.sheets import Sheet, SheetRow


def check_dataset(row: SheetRow[Dataset]) -> list[Problem]:
    """Return what is wrong with a data set: its subset, or what its layout requires of other columns."""
    dataset = row.model
    problems = _selector_problems(dataset.subset, f"{row.where}, column subset")[1] if dataset.subset else []
    required = LAYOUTS[dataset.layout].requirement
    if required and any(getattr(dataset, column) != value for column, value in required.values.items()):
        columns = list(required.values)
        problems.append(
            Problem(
                required.reason,
                f"{row.where}, column{'s' * (len(columns) > 1)} {' and '.join(columns)}: "
                + ", ".join(str(getattr(dataset, column)) for column in columns),
                ", ".join(f"{column} {value}" for column, value in required.values.items()),
                required.next_step,
            )
        )
    return problems


def check_contrast(row: SheetRow[Contrast], datasets: Sheet[Dataset]) -> list[Problem]:
    """Return what is wrong with a contrast: its dataset, selectors, labels, covariates and block."""
    contrast = row.model
    problems: list[Problem] = []
    if contrast.dataset not in datasets.ids:
        problems.append(dangling("dataset", contrast.dataset, datasets.ids, f"{row.where}, column dataset"))
    target, found = _selector_problems(contrast.target, f"{row.where}, column target")
    problems += found
    reference, found = _selector_problems(contrast.reference, f"{row.where}, column reference")
    problems += found
    if target is not None and target == reference:
        problems.append(
            Problem(
                "target and reference are the same selector",
                f"{row.where}, columns target and reference: {target}",
                "two selectors that choose different samples",
                "Correct one of them. Every number is target minus reference.",
            )
        )
    if contrast.target_label == contrast.reference_label:
        problems.append(
            Problem(
                "target and reference have the same label",
                f"{row.where}, columns target_label and reference_label: {contrast.target_label!r}",
                "two labels that tell the groups apart",
                "Name each group in words.",
            )
        )
    return problems + _check_design_columns(row)


def _check_design_columns(row: SheetRow[Contrast]) -> list[Problem]:
    contrast = row.model
    problems: list[Problem] = []
    cell = row.cells.get("covariates", "")
    parts = [part.strip() for part in cell.split(",")] if cell else []
    where = f"{row.where}, column covariates: {cell!r}"
    if "" in parts:
        problems.append(
            Problem(
                "a covariate has an empty name", where, "column names divided by single commas", "Delete the comma."
            )
        )
    names: list[str] = []
    for text in contrast.covariates:
        try:
            names.append(parse_covariate(text).name)
        except ValueError as error:
            problems.append(
                Problem(str(error), where, "column, factor(column) or number(column)", "Correct the entry.")
            )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        problems.append(
            Problem(f"covariate {', '.join(twice)} stands twice", where, "each column once", "Delete one of them.")
        )
    if contrast.block and contrast.block in names:
        problems.append(
            Problem(
                f"column {contrast.block!r} is both covariate and block",
                f"{where}, column block: {contrast.block!r}",
                "a column enters the design once",
                "Leave it in block only.",
            )
        )
    if contrast.blocking != "auto" and not contrast.block:
        problems.append(
            Problem(
                "blocking is asked for, but no block is named",
                f"{row.where}, column blocking: {contrast.blocking}",
                "block names the column of pairs, donors or batches",
                "Fill in column block, or leave blocking empty.",
            )
        )
    return problems


def _selector_problems(text: str, where: str) -> tuple[Selector | None, list[Problem]]:
    try:
        return parse_selector(text, where), []
    except SelectorError as error:
        return None, list(error.problems)

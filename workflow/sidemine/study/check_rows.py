"""Checks of single rows of datasets.tsv and contrasts.tsv."""

from __future__ import annotations

from collections.abc import Mapping

from sidemine.errors import Problem
from sidemine.sources.registry import LAYOUTS, layouts_with
from sidemine.study.covariates import parse_covariate
from sidemine.study.hints import dangling
from sidemine.study.markers import composition_problem, label_problem
from sidemine.study.rows import Contrast, Dataset
from sidemine.study.selectors import Selector, SelectorError, parse_selector
from sidemine.study.sheets import Sheet, SheetRow
from sidemine.text.repeats import repeated


def check_dataset(row: SheetRow[Dataset]) -> list[Problem]:
    """Return what is wrong with the subset of a data set and with what it says of its mix of cells."""
    subset = _selector_problems(row.model.subset, f"{row.where}, column subset")[1] if row.model.subset else []
    return [
        *subset,
        *composition_problem(row.model.composition, row.where),
        *label_problem(row.model.cell_type, row.where),
    ]


def check_layout(cells: Mapping[str, str], where: str) -> list[Problem]:
    """Return what the layout of a row of datasets.tsv and its other cells do to one another, all of it.

    Parameters
    ----------
    cells
        The row by column, as text: it may be wrong in other ways too.
    where
        File and line, for messages.
    """
    given = {name: cell for name, cell in cells.items() if cell}
    problems = []
    if given.get("identifiers") == "probe" and not {"platform", "platform_map"} & given.keys():
        problems.append(
            Problem(
                "identifiers are probes, so platform (GPLnnn) or platform_map is needed",
                f"{where}, column platform",
                "a GEO platform such as GPL570, or the file of an annotation in platform_map",
                "Fill in one of the two columns.",
            )
        )
    layout = LAYOUTS.get(given.get("layout", ""))
    if layout is None:
        return problems
    if "file" not in given and "values" not in layout.by_accession:
        problems.append(
            Problem(
                f"file is needed for layout {layout.word}",
                f"{where}, column file",
                "address or path of the values",
                "Fill in file, or correct the layout.",
            )
        )
    for column, field in Dataset.model_fields.items():
        words = layouts_with(column)
        if words and layout.word not in words and given.get(column, "") not in {"", field.default}:
            problems.append(
                Problem(
                    f"{column} belongs to layout{'s' * (len(words) > 1)} {' and '.join(words)} only",
                    f"{where}, column {column}, value {given[column]!r}",
                    f"an empty cell, with layout {layout.word}",
                    "Empty the cell, or correct the layout.",
                )
            )
    required = layout.requirement
    if required and any(given.get(column, value) != value for column, value in required.values.items()):
        columns = list(required.values)
        problems.append(
            Problem(
                required.reason,
                f"{where}, column{'s' * (len(columns) > 1)} {' and '.join(columns)}: "
                + ", ".join(given.get(column, "") for column in columns),
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
    target, selector_problems = _selector_problems(contrast.target, f"{row.where}, column target")
    problems += selector_problems
    reference, selector_problems = _selector_problems(contrast.reference, f"{row.where}, column reference")
    problems += selector_problems
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
    elif (
        target
        and reference
        and _values(target) == {contrast.reference_label}
        and _values(reference) == {contrast.target_label}
    ):
        problems.append(
            Problem(
                "target and reference are swapped: each selector takes the label of the other group",
                f"{row.where}: target {target} is called {contrast.target_label!r}, reference {reference} {contrast.reference_label!r}",
                "selectors and labels of the same groups; every number is target minus reference",
                "Swap the selectors, or the labels.",
            )
        )
    return problems + _check_design_columns(row)


def _values(selector: Selector) -> set[str]:
    return {value for part in selector.comparisons if part.operator in {"=", "in"} for value in part.values}


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
    twice = sorted(repeated(names))
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

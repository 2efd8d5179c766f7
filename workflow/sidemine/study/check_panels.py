"""The arms of a panel: whether they can stand in one linear model, and answer what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sidemine.errors import Problem
from sidemine.study.hints import dangling
from sidemine.study.hypotheses import CompoundArm, CompoundPanel, Hypothesis
from sidemine.study.rows import Contrast
from sidemine.study.selectors import SelectorError, parse_selector
from sidemine.text.repeats import repeated

_ALIKE = ("covariates", "block", "blocking", "missing_covariates", "array_weights", "robust")
"""Columns of contrasts.tsv that shape a model: one model has one of each."""


def check_panel(hypothesis: Hypothesis, rows: Mapping[str, Contrast], ids: frozenset[str], place: str) -> list[Problem]:
    """Return what is wrong with the arms of a hypothesis, all of it.

    Parameters
    ----------
    hypothesis
        Right in itself.
    rows, ids
        Contrasts by id; all ids of the sheet.
    place
        The hypothesis, for messages.
    """
    panel, where = hypothesis.compounds, f"{place}, key compounds"
    if (hypothesis.kind == "panel") != (panel is not None):
        return [
            Problem(
                f"kind {hypothesis.kind} and the key compounds do not go together",
                where,
                "`compounds` for kind panel, and for it alone",
                "Add the arms under `compounds`, or correct `kind`.",
            )
        ]
    if panel is None:
        return []
    problems = [dangling("contrast", name, ids, f"{where}.arms") for name in panel.contrasts if name not in ids]
    problems += _check_arms(hypothesis, panel, where)
    problems += _check_compounds(panel, where)
    known = [rows[name] for name in dict.fromkeys(panel.contrasts) if name in rows]
    problems += _check_model(known, where)
    problems += _check_samples(panel, known, where)
    if problems or len(known) < len(set(panel.contrasts)):  # a row that is wrong in itself is told of elsewhere
        return problems
    return _check_question(hypothesis, panel, rows, where)


def _check_arms(hypothesis: Hypothesis, panel: CompoundPanel, where: str) -> list[Problem]:
    problems = []
    twice = sorted(repeated(panel.contrasts))
    if twice:
        problems.append(
            Problem(f"arm {', '.join(twice)} is listed twice", where, "each contrast once", "Delete one of them.")
        )
    primary = hypothesis.primary.contrasts
    absent = [name for name in primary if name not in panel.contrasts]
    foreign = [name for name in primary if name in panel.contrasts and not panel.arm(name).of_class]
    if absent or foreign:
        problems.append(
            Problem(
                f"primary contrast {', '.join([*absent, *foreign])} is no arm of the panel's class",
                f"{where}.arms",
                "primary contrasts that are arms with of_class: yes; arms of another class guard, they carry no answer",
                "List it under arms, or take it from primary.contrasts.",
            )
        )
    return problems


def _check_compounds(panel: CompoundPanel, where: str) -> list[Problem]:
    """Return compounds that would count twice, or stand on both sides of the vehicle guard."""
    problems = []
    spellings: dict[str, dict[str, bool]] = {}
    for arm in panel.arms:
        spellings.setdefault(" ".join(arm.compound.casefold().split()), {})[arm.compound] = True
    for names in spellings.values():
        if len(names) > 1:
            problems.append(
                Problem(
                    f"compounds {', '.join(names)} differ only in upper and lower case or blanks",
                    f"{where}.arms",
                    "one spelling for each compound, which counts once",
                    "Write it alike in all its arms, or tell the compounds apart.",
                )
            )
    of_class = {arm.compound for arm in panel.arms if arm.of_class}
    both = sorted(of_class & {arm.compound for arm in panel.arms if not arm.of_class})
    if both:
        problems.append(
            Problem(
                f"compound {', '.join(both)} is of the class in one arm and of another class in another",
                f"{where}.arms, key of_class",
                "the same of_class in all arms of a compound",
                "Correct of_class.",
            )
        )
    return problems


def _as_understood(selector: str) -> str:
    try:
        return str(parse_selector(selector))
    except SelectorError:  # told with its own row
        return selector


def _check_samples(panel: CompoundPanel, rows: Sequence[Contrast], where: str) -> list[Problem]:
    """Return arms of the same samples, and a reference whose arms are of different cells."""
    problems = []
    arms_of: dict[str, list[str]] = {}
    cells_of: dict[str, set[str]] = {}
    for row in rows:
        arms_of.setdefault(_as_understood(row.target), []).append(row.contrast)
        cells = cells_of.setdefault(_as_understood(row.reference), set())
        cells |= {panel.arm(row.contrast).cell} - {""}
    for target, names in arms_of.items():
        if len(names) > 1:
            problems.append(
                Problem(
                    f"arms {', '.join(names)} have the same samples, and would count as different arms",
                    f"{where}.arms: target {target}",
                    "a target of its own for each arm",
                    "Delete one of them, or correct its target in contrasts.tsv.",
                )
            )
    for reference, cells in cells_of.items():
        if len(cells) > 1:
            problems.append(
                Problem(
                    f"arms of {', '.join(sorted(cells))} have one reference, so that cells and compounds differ together",
                    f"{where}.arms: reference {reference}",
                    "a vehicle in the same cells for each arm",
                    "Give the arms of each kind of cells their own reference.",
                )
            )
    return problems


def _check_model(rows: Sequence[Contrast], where: str) -> list[Problem]:
    problems = []
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    if len(datasets) > 1:
        problems.append(
            Problem(
                f"the arms of a panel come from {len(datasets)} datasets, and one linear model holds one",
                f"{where}: {', '.join(datasets)}",
                "arms of one dataset",
                "Declare a panel for each dataset.",
            )
        )
    for column in _ALIKE:
        values = {str(getattr(row, column)) for row in rows}
        if len(values) > 1:
            problems.append(
                Problem(
                    f"the arms of a panel differ in column {column}, and one linear model has one",
                    f"{where}: {'; '.join(f'{row.contrast}: {getattr(row, column)}' for row in rows)}",
                    f"the same {column} in all arms",
                    "Make them alike in contrasts.tsv.",
                )
            )
    return problems


def _check_question(
    hypothesis: Hypothesis, panel: CompoundPanel, rows: Mapping[str, Contrast], where: str
) -> list[Problem]:
    primary = hypothesis.primary.contrasts
    arms = [panel.arm(name) for name in primary]
    references = {_as_understood(rows[name].reference) for name in primary}

    def told(what: str, allowed: str, step: str) -> Problem:
        return Problem(what, f"{where}.asks, value {panel.asks}; {', '.join(primary)}", allowed, step)

    problems = []
    if len(primary) < 2:
        problems.append(
            told("a panel rests on one contrast", "two or more arms", "Add contrasts, or ask it as kind: experiment.")
        )
    if panel.asks != "time" and len(references) > 1:
        problems.append(
            told(
                "the arms that carry the answer have different references",
                "one shared vehicle",
                "Give them one `reference`.",
            )
        )
    return problems + (_check_class(arms, told) if panel.asks == "class_wide" else _check_response(panel, arms, told))


def _check_class(arms: Sequence[CompoundArm], told: Callable[[str, str, str], Problem]) -> list[Problem]:
    """Return why compounds cannot be counted: each once, all at one time."""
    problems = []
    several = sorted(repeated([arm.compound for arm in arms]))
    if several:
        problems.append(
            told(
                f"{', '.join(several)} has several primary contrasts, and each compound counts once",
                "one primary contrast per compound; its other doses are arms beside",
                "Choose the dose by which each compound is judged.",
            )
        )
    times = sorted({arm.time for arm in arms if arm.time is not None})
    if len(times) > 1:
        problems.append(
            told(
                f"compounds at times {', '.join(f'{time:g}' for time in times)} are compared with one vehicle",
                "primary contrasts of one time",
                "Choose the time at which the compounds are judged.",
            )
        )
    return problems


def _check_response(
    panel: CompoundPanel, arms: Sequence[CompoundArm], told: Callable[[str, str, str], Problem]
) -> list[Problem]:
    """Return why arms are no series of doses or times of one compound."""
    problems = []
    compounds = {arm.compound for arm in arms}
    if len(compounds) > 1:
        problems.append(
            told(
                f"a {panel.asks} response is asked of {len(compounds)} compounds together",
                "primary contrasts of one compound",
                "Declare one hypothesis for each compound.",
            )
        )
    positions = [arm.time if panel.asks == "time" else arm.dose for arm in arms]
    if None in positions or len(set(positions)) < len(positions):
        problems.append(
            told(
                f"a {panel.asks} is missing or stands twice",
                f"a different `{panel.asks}` above 0 for each primary contrast",
                f"Give each arm its {panel.asks}.",
            )
        )
    others = {(arm.cell, arm.dose if panel.asks == "time" else arm.time) for arm in arms}
    if len(others) > 1:
        problems.append(
            told(
                f"the arms of a {panel.asks} response differ in something else too",
                "the same cells, and the same time (asks: dose) or dose (asks: time)",
                "Declare one hypothesis for each.",
            )
        )
    return problems

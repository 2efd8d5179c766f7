"""Whether each screen names what the study has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sidemine.errors import Problem
from sidemine.lines.screen.config import Screen
from sidemine.study.hints import dangling


def check_screens(
    screens: Sequence[Screen], datasets: Collection[str], sets: Collection[str], where: str
) -> list[Problem]:
    """Return screens that cannot be measured: an id given twice, a dataset or a set that the study does not have.

    Parameters
    ----------
    screens
        As declared.
    datasets, sets
        Ids of the sheets; `*` among the sets brings every set of a library, so that names cannot be checked.
    where
        The config file.
    """
    problems = [
        Problem(
            f"screen id {name!r} is used twice",
            f"{where}, key screens",
            "each screen has an id of its own",
            "Rename one.",
        )
        for name, number in Counter(screen.id for screen in screens).items()
        if number > 1
    ]
    for screen in screens:
        place = f"{where}, screen {screen.id}"
        if screen.dataset not in datasets:
            problems.append(dangling("dataset", screen.dataset, datasets, f"{place}, key dataset"))
        problems += [
            dangling("gene set", name, sets, f"{place}, key sets")
            for name in screen.sets
            if "*" not in sets and name not in sets
        ]
    return problems

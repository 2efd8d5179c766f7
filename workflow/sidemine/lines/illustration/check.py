"""Whether each illustration names what the study has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sidemine.errors import Problem
from sidemine.lines.illustration.config import Illustration
from sidemine.sources.registry import CELL_LAYOUTS
from sidemine.study.hints import dangling


def check_illustrations(
    illustrations: Sequence[Illustration], layouts: Mapping[str, str], sets: Collection[str], where: str
) -> list[Problem]:
    """Return illustrations that cannot be drawn.

    Parameters
    ----------
    illustrations
        As declared.
    layouts
        Layout of every dataset, by its id.
    sets
        Ids of the sheet of gene sets; `*` brings every set of a library, so that names cannot be checked.
    where
        The config file.
    """
    place = f"{where}, key illustrations"
    problems = [
        Problem(f"dataset {name!r} is illustrated twice", place, "one illustration per dataset", "Delete one.")
        for name, number in Counter(row.dataset for row in illustrations).items()
        if number > 1
    ]
    for row in illustrations:
        if row.dataset not in layouts:
            problems.append(dangling("dataset", row.dataset, layouts, place))
        elif layouts[row.dataset] not in CELL_LAYOUTS:
            problems.append(
                Problem(
                    f"dataset {row.dataset!r} has no single cells",
                    f"{place}: its layout is {layouts[row.dataset]}",
                    f"a dataset of layout {', '.join(CELL_LAYOUTS)}",
                    "Name a dataset of single cells.",
                )
            )
        if "*" not in sets and row.set not in sets:
            problems.append(dangling("gene set", row.set, sets, place))
    return problems

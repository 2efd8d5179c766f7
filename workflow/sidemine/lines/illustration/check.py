"""Whether each illustration names what the study has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sidemine.errors import Problem
from sidemine.lines.illustration.config import Illustration
from sidemine.sources.registry import CELL_LAYOUTS
from sidemine.study.hints import dangling
from sidemine.study.markers import LABEL_COLUMN, label_column


def check_illustrations(
    illustrations: Sequence[Illustration],
    layouts: Mapping[str, str],
    datasets: Collection[str],
    sets: Collection[str],
    where: str,
    labelled: Collection[str] = (),
) -> list[Problem]:
    """Return illustrations that cannot be drawn.

    Parameters
    ----------
    illustrations
        As declared.
    layouts
        Layout of every dataset that is right in itself, by its id.
    datasets
        Ids of all datasets.
    sets
        Ids of the sheet of gene sets; `*` brings every set of a library, so that names cannot be checked.
    where
        The config file.
    labelled
        Datasets whose cells markers label.
    """
    place = f"{where}, key illustrations"
    problems = [
        Problem(f"dataset {name!r} is illustrated twice", place, "one illustration per dataset", "Delete one.")
        for name, number in Counter(row.dataset for row in illustrations).items()
        if number > 1
    ]
    for row in illustrations:
        if row.dataset not in datasets:
            problems.append(dangling("dataset", row.dataset, datasets, place))
        elif row.dataset in layouts and layouts[row.dataset] not in CELL_LAYOUTS:
            problems.append(
                Problem(
                    f"dataset {row.dataset!r} has no single cells",
                    f"{place}: its layout is {layouts[row.dataset]}",
                    f"a dataset of layout {', '.join(CELL_LAYOUTS)}",
                    "Name a dataset of single cells.",
                )
            )
        elif LABEL_COLUMN in (label_column(row.cell_type), row.condition) and row.dataset not in labelled:
            problems.append(
                Problem(
                    f"no markers label the cells of dataset {row.dataset!r}",
                    f"{place}: cell_type is {row.cell_type!r}",
                    "markers where cell_type of datasets.tsv names them, too; or a column of the cells",
                    "Set cell_type: markers:blood in datasets.tsv, or name a column here.",
                )
            )
        if "*" not in sets and row.set not in sets:
            problems.append(dangling("gene set", row.set, sets, place))
    return problems

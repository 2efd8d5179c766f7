"""The samples of a dataset: what is known of them, their biological unit, and whether they take part."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch, SidemineError
from sidemine.prepare.cell_checks import to_filtered
from sidemine.prepare.cell_record import NO_CELLS, FilteredCells
from sidemine.prepare.derived_columns import check_derived, derive_columns
from sidemine.prepare.label_notes import find_label_notes
from sidemine.prepare.planned_cells import read_planned_cells, select_subset
from sidemine.prepare.sample_sheet import apply_sample_sheet, check_known, read_sample_sheet
from sidemine.prepare.sample_table import EXCLUDED_BY_HAND, SAMPLES, TOO_FEW_CELLS
from sidemine.prepare.single_cell import MIN_CELLS
from sidemine.prepare.value_columns import list_value_columns, match_columns, names_in_values
from sidemine.sources.cells import text_frame
from sidemine.sources.geo_record import read_record_metadata
from sidemine.sources.registry import BULK_LAYOUTS, CELL_LAYOUTS
from sidemine.study.hints import did_you_mean
from sidemine.text.numbers import is_missing_label

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.models import DerivedColumn
    from sidemine.study.projections import DatasetToRead

logger = logging.getLogger(__name__)

Markers = Mapping[str, Sequence[str]]
"""Marker genes by cell type."""
_DEPOSITOR = re.compile(r"contact_(name|email|phone|fax|address|web_link|zip)")
"""Columns of GEO about the person who deposited the record: no fact of a sample, and nothing to pass on with results."""
USED = "used"
"""Fate of a sample that takes part."""


def read_or_explain_samples(
    row: DatasetToRead,
    files: Mapping[str, Path],
    derive: Mapping[str, DerivedColumn],
    exclude: Sequence[str],
    markers: Markers | None = None,
) -> tuple[pd.DataFrame, list[Problem], FilteredCells]:
    """Collect the samples of a dataset, or say why none of them can take part.

    What the sheets ask of a file that does not hold it stops the run where the dataset is `verified`: the check of all
    designs does that. Where it is `unverified`, the first run on the real record is to end in a report: the problems are
    returned, and every sample keeps its row, with the reason as its fate.

    Parameters
    ----------
    row, files, derive, exclude, markers
        As in `read_samples`.

    Returns
    -------
    samples : pandas.DataFrame
        One row per sample, columns as `read_samples` returns them.
    problems : list of Problem
        Why no contrast of this dataset can be tested; empty when all is well.
    filtered : FilteredCells
        Which single cells take no part.

    Raises
    ------
    InputError
        When a file cannot be read.
    """
    try:
        samples, filtered = _read_samples(row, files, derive, exclude, markers)
    except SheetMismatch as error:
        logger.warning("dataset %s cannot be tested as its row describes it: %s", row.dataset, error)
        samples = _describe_samples(row, files)
        fates = dict.fromkeys(samples.index, f"the dataset cannot be tested: {error.problems[0].what}")
        return _samples_table(row, samples, fates, {}), list(error.problems), NO_CELLS
    return samples, [], filtered


def _describe_samples(row: DatasetToRead, files: Mapping[str, Path]) -> pd.DataFrame:
    """Return what the record itself says of its samples; of single cells, whose samples are the sheet's, nothing."""
    import pandas as pd

    if row.layout not in CELL_LAYOUTS:
        try:
            return _own_metadata(row, files)[0]
        except SidemineError:
            pass  # the names of the samples are what does not fit
    return pd.DataFrame(index=pd.Index([], name="sample", dtype=object))


@contextmanager
def _collecting(problems: list[Problem]) -> Iterator[None]:
    """Go on after a mismatch: all of a dataset are told at once."""
    try:
        yield
    except SheetMismatch as error:
        problems += error.problems


def read_samples(
    row: DatasetToRead,
    files: Mapping[str, Path],
    derive: Mapping[str, DerivedColumn],
    exclude: Sequence[str],
    markers: Markers | None = None,
) -> pd.DataFrame:
    """Collect the samples of a dataset.

    Parameters
    ----------
    row
        The dataset.
    files
        Its files by role: `values`, and where there are such `metadata`, `sample_sheet`.
    derive
        New columns by name.
    exclude
        Samples left out by hand; the page tells the reasons.
    markers
        Markers by cell type that label single cells; None: none do.

    Returns
    -------
    pandas.DataFrame
        As `sample_table.SAMPLES`: sample, unit, fate, value column, then metadata; all text, '' = missing. Samples that do not take part
        keep their row, with the reason as their fate.

    Raises
    ------
    InputError
        When a file cannot be read.
    SheetMismatch
        When metadata, sheet, selectors and value columns do not fit together: all such problems at once.
    """
    return _read_samples(row, files, derive, exclude, markers)[0]


def _read_samples(
    row: DatasetToRead,
    files: Mapping[str, Path],
    derive: Mapping[str, DerivedColumn],
    exclude: Sequence[str],
    markers: Markers | None,
) -> tuple[pd.DataFrame, FilteredCells]:
    problems: list[Problem] = []
    columns: dict[str, str] = {}
    filtered = NO_CELLS
    if row.layout in CELL_LAYOUTS:
        samples, fates, filtered = _pseudobulk_samples(row, files, derive, markers)
    else:
        samples, fates, listed = _bulk_samples(row, files, derive, problems)
    with _collecting(problems):
        check_known(list(exclude), samples.index, f"config.yaml, exclude.{row.dataset}")
    fates.update({sample: EXCLUDED_BY_HAND for sample in exclude if sample in fates})
    used = [sample for sample in samples.index if fates[sample] == USED]
    problems += _columns_problems(row, samples, used, derive)
    if row.layout not in CELL_LAYOUTS and not problems:
        with _collecting(problems):
            check_derived(samples, derive, samples.index.isin(used), f"config.yaml, derive.{row.dataset}")
        with _collecting(problems):
            listed = listed or list_value_columns(row, files, names_in_values(row, samples))
            columns = match_columns(row, samples, used, listed)
    if not problems:
        with _collecting(problems):
            _check_any_used(row, fates)
    if problems:
        raise SheetMismatch(problems)
    for note in find_label_notes(samples):
        logger.warning("%s: %s", row.dataset, note)
    return _samples_table(row, samples, fates, columns), filtered


def _bulk_samples(
    row: DatasetToRead, files: Mapping[str, Path], derive: Mapping[str, DerivedColumn], problems: list[Problem]
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Return the samples, their fates, and the columns of values where these are known already."""
    samples, listed = _own_metadata(row, files)
    with _collecting(problems):
        if "sample_sheet" in files:
            samples = apply_sample_sheet(samples, read_sample_sheet(files["sample_sheet"]), files["sample_sheet"])
    with _collecting(problems):
        samples = derive_columns(samples, derive, f"config.yaml, derive.{row.dataset}")
    fates = dict.fromkeys(samples.index, USED)
    with _collecting(problems):
        _leave_out_platforms(row, samples, fates)
    # A subset may read a column that could not be made: what is told of that would only repeat it.
    if not problems:
        with _collecting(problems):
            _leave_out_outside(row, samples, fates)
    return samples, fates, listed


def _own_metadata(row: DatasetToRead, files: Mapping[str, Path]) -> tuple[pd.DataFrame, list[str]]:
    """Return the metadata that come with the data: from a series matrix, or from names of members or columns.

    With them come the columns of values, where the same reading tells them.
    """
    import pandas as pd

    if "metadata" in files:
        return read_record_metadata(files["metadata"]).samples, []
    if describe := BULK_LAYOUTS[row.layout].describe_samples:
        return describe(files["values"])
    if "sample_sheet" in files and row.sample_name:
        return read_sample_sheet(files["sample_sheet"])[[]], []
    names = pd.Index(list_value_columns(row, files), name="sample", dtype=object)
    # The name of a column is all that is known of its sample; `title` is where names stand elsewhere, too.
    return pd.DataFrame({"title": list(names)}, index=names, dtype=object), []


def _leave_out_platforms(row: DatasetToRead, samples: pd.DataFrame, fates: dict[str, str]) -> None:
    if not row.platform or "platform_id" not in samples.columns:
        return
    platforms = sorted(set(samples["platform_id"]) - {""})
    if platforms and row.platform not in platforms:
        raise SheetMismatch(
            Problem(
                f"no sample of the series is of platform {row.platform}",
                f"datasets.tsv, dataset {row.dataset}, column platform",
                f"one of: {', '.join(platforms)}",
                "Correct the platform; a series of several platforms has one series matrix for each.",
            )
        )
    for sample, platform in zip(samples.index, samples["platform_id"], strict=True):
        if platform not in {"", row.platform}:
            fates[sample] = f"another platform: {platform}"


def _leave_out_outside(row: DatasetToRead, samples: pd.DataFrame, fates: dict[str, str]) -> None:
    if row.subset:
        inside = select_subset(row, samples)
        for sample, taken in zip(samples.index, inside, strict=True):
            if not taken:
                fates[sample] = f"outside the subset: {row.subset}"


def _columns_problems(
    row: DatasetToRead, samples: pd.DataFrame, used: list[str], derive: Mapping[str, DerivedColumn]
) -> list[Problem]:
    """Return the problems of the metadata columns that the dataset's row names: each exists, units are complete."""
    named = {"biological_unit": row.biological_unit, "sex_column": row.sex_column, "age_column": row.age_column}
    places = [(key, name) for key, name in named.items() if name]
    # Pseudobulk samples without a unit have a problem of their own, with words of its own.
    if row.layout in CELL_LAYOUTS:
        places = places[bool(row.biological_unit) :]
    places += [("batch_columns", name) for name in row.batch_columns]
    columns = [str(name) for name in samples.columns]
    problems = [
        Problem(
            f"there is no metadata column {name!r}",
            f"datasets.tsv, dataset {row.dataset}, column {key}",
            f"one of: {', '.join(columns)}",
            did_you_mean(name, columns) + f"Correct {key}, or derive the column from another one.",
        )
        for key, name in places
        if name not in columns and name not in derive
    ]
    if row.biological_unit in columns:
        labels = {sample: str(samples.loc[sample, row.biological_unit]) for sample in used}
        without = [sample for sample, label in labels.items() if is_missing_label(label)]
        if without and row.biological_unit not in derive:
            problems.append(
                Problem(
                    f"{len(without)} samples have no biological unit",
                    f"dataset {row.dataset}, column {row.biological_unit!r}: {', '.join(without[:8])}",
                    "a value for every sample that takes part",
                    "Give it in a sample sheet, or leave these samples out by subset or exclude.",
                )
            )
        alike: dict[str, set[str]] = {}
        for label in labels.values():
            alike.setdefault(_plain_unit(label), set()).add(label)
        doubtful = ["/".join(sorted(spellings)) for spellings in alike.values() if len(spellings) > 1]
        if doubtful:
            problems.append(
                Problem(
                    "biological units differ in case, blanks or leading zeros alone: one unit, or two?",
                    f"dataset {row.dataset}, column {row.biological_unit!r}: {', '.join(doubtful[:8])}",
                    "one spelling for each unit: samples of one unit are merged, those of two count as independent",
                    "Give the units in a sample sheet, or derive them from another column.",
                )
            )
    return problems


def _plain_unit(label: str) -> str:
    """Return a label without what spreadsheets and typists change.

    >>> _plain_unit("Donor 01"), _plain_unit("donor1"), _plain_unit("7.0"), _plain_unit("P10")
    ('donor1', 'donor1', '7', 'p10')
    """
    text = re.sub(r"[\s_-]+", "", label.casefold())
    return re.sub(r"(?<![\d.])0+(?=\d)", "", re.sub(r"^(\d+)\.0$", r"\1", text))


def _pseudobulk_samples(
    row: DatasetToRead, files: Mapping[str, Path], derive: Mapping[str, DerivedColumn], markers: Markers | None
) -> tuple[pd.DataFrame, dict[str, str], FilteredCells]:
    planned = read_planned_cells(row, files, derive, markers)
    plan = planned.plan
    if not len(plan.samples) and plan.lacking:
        raise SheetMismatch(
            Problem(
                f"no cell has a value in {' and '.join(plan.lacking)}",
                f"dataset {row.dataset}: biological_unit, cell_type or sample_columns in datasets.tsv",
                "columns of the cells with donors, types and conditions",
                "Name columns that are filled, or give them by a sample sheet.",
            )
        )
    fates = {}
    for sample, n, lost in zip(plan.samples.index, plan.samples["n_cells"], plan.lost, strict=True):
        beside = f"; {lost} were left out as poor or doublets" if lost else ""
        fates[sample] = USED if int(n) >= MIN_CELLS else f"{TOO_FEW_CELLS}: {n} of at least {MIN_CELLS}{beside}"
    return plan.samples, fates, to_filtered(planned.checks)


def _check_any_used(row: DatasetToRead, fates: Mapping[str, str]) -> None:
    if USED not in fates.values():
        reasons = sorted(set(fates.values()))
        cells = row.layout in CELL_LAYOUTS and any(reason.startswith(TOO_FEW_CELLS) for reason in reasons)
        raise SheetMismatch(
            Problem(
                "no sample takes part",
                f"dataset {row.dataset}: {'; '.join(reasons[:5]) or 'there are no samples'}",
                f"at least one sample, of {MIN_CELLS} cells" if cells else "at least one sample",
                "Name fewer sample_columns or no cell_type, so that more cells are added up; look at cell_quality, doublets and "
                "subset too."
                if cells
                else "Look at subset, platform and exclude of this dataset.",
            )
        )


def _samples_table(
    row: DatasetToRead, samples: pd.DataFrame, fates: Mapping[str, str], columns: Mapping[str, str]
) -> pd.DataFrame:
    import pandas as pd

    units = samples[row.biological_unit] if row.biological_unit in samples.columns else [""] * len(samples)
    unit = [str(cell) or sample for sample, cell in zip(samples.index, units, strict=True)]
    fixed = {"sample": list(samples.index), "unit": unit, "fate": [fates[sample] for sample in samples.index]}
    fixed["value_column"] = [columns.get(sample, "") for sample in samples.index]
    metadata = text_frame(samples.loc[:, [name for name in samples.columns if not _DEPOSITOR.match(str(name))]])
    metadata.columns = pd.Index([f"{name}_characteristic" if name in SAMPLES.names else name for name in metadata])
    logger.info("%s: %d of %d samples take part", row.dataset, fixed["fate"].count(USED), len(samples))
    return pd.concat([pd.DataFrame(fixed, dtype=object), metadata.reset_index(drop=True)], axis=1)

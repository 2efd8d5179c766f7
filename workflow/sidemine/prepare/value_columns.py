"""Which column of the value file belongs to which sample."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.registry import BULK_LAYOUTS
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.projections import DatasetToRead

_MAX_NAMES_TOLD = 6


def list_value_columns(
    row: DatasetToRead, files: Mapping[str, Path], named: Collection[str] | None = None
) -> list[str]:
    """Return the names of the value columns (or archive members' samples) without reading the values.

    `named` are the names that metadata give to samples; None: there are no metadata.

    Parameters
    ----------
    row
        The dataset.
    files
        Its files by role.
    named
        Names that metadata give to samples; None: there are no metadata.
    """
    return BULK_LAYOUTS[row.layout].list_columns(files["values"], DeclaredValues.of(row), named)


def names_in_values(row: DatasetToRead, samples: pd.DataFrame) -> list[str]:
    """Return the names that the samples should have in the value file, by accession or `sample_name`."""
    return _names(row, samples) if row.sample_name else [str(name) for name in samples.index]


def match_columns(
    row: DatasetToRead, samples: pd.DataFrame, used: Sequence[str], columns: Sequence[str]
) -> dict[str, str]:
    """Return sample id → value column, for the samples that take part.

    Parameters
    ----------
    row
        The dataset; `sample_name` names the metadata column that holds the value columns' names.
    samples
        Metadata, index = sample id.
    used
        Samples that take part.
    columns
        Columns of the value file. Names that R mangled (`X3_9_mock`, `a.b` for `a-b`) are recognised, and names within a
        path or before a suffix (`bam/S1.sorted.bam`, `GSM1_Ctrl.CEL.gz`), where only one sample and one column fit.

    Raises
    ------
    SheetMismatch
        When a sample has no column (both sides are listed), or two samples share a name.
    """
    names = dict(zip(samples.index, names_in_values(row, samples), strict=True))
    by_name = find_names(list(names.values()), columns)
    matched = {sample: by_name[names[sample]] for sample in used if names[sample] in by_name}
    missing = [sample for sample in used if sample not in matched]
    if missing:
        unmatched = {sample: names[sample] for sample in missing}
        raise SheetMismatch(_no_column(row, samples, unmatched, columns, matched))
    taken: dict[str, str] = {}
    for sample, column in matched.items():
        if column in taken:
            raise SheetMismatch(
                Problem(
                    f"two samples have the same name {column!r}",
                    f"dataset {row.dataset}, column {row.sample_name!r}: {taken[column]} and {sample}",
                    "a metadata column whose values name each value column once",
                    "Choose another column as sample_name, or a subset without the repeated sample.",
                )
            )
        taken[column] = sample
    return matched


def find_names(names: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return name → column, for the names that one column carries and no other name claims.

    A column carries a name when it is the name, or what R makes of it, or holds its words in a row. Where a column holds
    several names, it carries the longest, unless these stand apart.

    Examples
    --------
    >>> find_names(["S1", "S10", "S1_b"], ["x/S1.bam", "x/S10.bam", "x/S1_b.bam"])
    {'S1': 'x/S1.bam', 'S10': 'x/S10.bam', 'S1_b': 'x/S1_b.bam'}
    >>> find_names(["S1", "S2"], ["S1_a.bam", "S1_b.bam", "S1_vs_S2"])
    {}
    """
    known = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    exact = set(columns)
    matched = {name: name for name in known if name in exact}
    for rule in (_by_r_names, _by_words):
        rest = [column for column in columns if column not in set(matched.values())]
        matched |= {name: column for name, column in rule(known, rest).items() if name not in matched}
    original = {name.strip(): name for name in names}
    return {original[name]: column for name, column in matched.items()}


def _by_r_names(names: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Match by what R's make.names turns both into, where that is one name and one column."""
    carried: dict[str, list[str]] = {}
    for column in columns:
        carried.setdefault(_as_r_name(column), []).append(column)
    alike = Counter(map(_as_r_name, names))
    return {
        name: carried[mangled][0]
        for name in names
        if alike[mangled := _as_r_name(name)] == 1 and len(carried.get(mangled, ())) == 1
    }


def _by_words(names: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Match by the words of a name within a column's, where one column carries the name and no other."""
    by_words: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        by_words.setdefault(_words(name), []).append(name)
    by_words.pop((), None)
    lengths = sorted(set(map(len, by_words)))
    carrying: dict[str, list[str]] = {}
    for column in columns:
        words = _words(column)
        spans = [
            (start, start + length, part)
            for length in lengths
            for start in range(len(words) - length + 1)
            if (part := words[start : start + length]) in by_words
        ]
        whole = {
            part
            for start, end, part in spans
            if not any(first <= start and end <= last and last - first > end - start for first, last, _ in spans)
        }
        for part in whole:
            # Several names at once claim the column: none of them has it, and each of them has one too many.
            for name in by_words[part]:
                carrying.setdefault(name, []).append(column if len(whole) == len(by_words[part]) == 1 else "")
    return {name: held[0] for name, held in carrying.items() if len(held) == 1 and held[0]}


def _words(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", name))


def note_on_matching(names: Mapping[str, str], matched: Mapping[str, str]) -> list[str]:
    """Return a sentence on the columns whose names are not just those of their samples."""
    other = [f"{names[sample]} = {column}" for sample, column in matched.items() if names[sample].strip() != column]
    told = first_of(other, _MAX_NAMES_TOLD, "; ")
    return [f"columns matched to samples by a name within theirs: {told}"] if other else []


def _names(row: DatasetToRead, samples: pd.DataFrame) -> list[str]:
    if row.sample_name not in samples.columns:
        raise SheetMismatch(
            Problem(
                f"there is no metadata column {row.sample_name!r}",
                f"datasets.tsv, dataset {row.dataset}, column sample_name",
                f"one of: {', '.join(map(str, samples.columns)) or '(there are no metadata)'}",
                "Correct sample_name; sidemine inspect prints the columns and their values.",
            )
        )
    return [str(cell) for cell in samples[row.sample_name]]


def _as_r_name(name: str) -> str:
    text = re.sub(r"[^A-Za-z0-9.]", ".", name.strip())
    return text if re.match(r"[A-Za-z.]", text) else f"X{text}"


def _no_column(
    row: DatasetToRead,
    samples: pd.DataFrame,
    missing: Mapping[str, str],
    columns: Sequence[str],
    matched: Mapping[str, str],
) -> Problem:
    spare = [column for column in columns if column not in set(matched.values())]
    return Problem(
        f"{len(missing)} samples have no column in the value file",
        f"dataset {row.dataset}: samples named {_some(list(missing.values()))}; columns without a sample: {_some(spare)}",
        f"one value column per sample, named by {row.sample_name or 'the sample accession'}",
        _hint(row, samples, missing, spare),
    )


def _hint(row: DatasetToRead, samples: pd.DataFrame, missing: Mapping[str, str], spare: Sequence[str]) -> str:
    """Say which metadata column would match, if one does; otherwise how to leave samples out."""
    scores = {
        str(name): len(find_names([str(cell) for cell in samples.loc[list(missing), name]], spare))
        for name in samples.columns
    }
    best = max(scores, key=lambda name: scores[name], default="")
    if best and scores[best]:
        return f"sample_name: {best} would match {scores[best]} of {len(missing)}; set it in datasets.tsv."
    listed = ", ".join(list(missing)[:_MAX_NAMES_TOLD])
    return (
        f"If the file lacks these samples ({listed}), leave them out: each under `exclude` in config.yaml, with the reason, "
        f"or by `subset` in datasets.tsv. Otherwise set sample_name (now: {row.sample_name or 'empty'}), or give a sample "
        "sheet with a column of the names that the file has."
    )


def _some(names: Sequence[str]) -> str:
    return first_of([*map(repr, names)], _MAX_NAMES_TOLD) or "none"

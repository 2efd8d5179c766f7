"""Tell what `sidemine inspect` found, in plain text: every metadata key, its values, and selectors to paste."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from sidemine.prepare.group_labels import (
    LIKELY_GROUPS,
    LIKELY_REFERENCE,
    MAX_GROUPS,
    NEVER_GROUPS,
    group_columns,
    look_alikes,
    one_to_one,
)
from sidemine.study.markers import ALLOWED
from sidemine.study.selector_nodes import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from sidemine.sources.inspection import Inspection

_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_WIDTH = 100
_MAX_CELLS = 12


def escape(text: str, width: int = _WIDTH) -> str:
    r"""Return text from a file so that it can do no harm in a terminal: control characters escaped, cut to `width`.

    >>> escape("red \x1b[31m alert\n")
    'red \\x1b[31m alert\\n'
    """
    safe = "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char
        for char in text
    )
    return safe if len(safe) <= width else safe[: width - 1] + "…"


def inspection_lines(inspection: Inspection, top: int = 12) -> list[str]:
    """Return the lines that tell what a file holds.

    Parameters
    ----------
    inspection
        What was found.
    top
        Most values that are listed per key.
    """
    samples = inspection.samples
    head = [f"{inspection.accession or inspection.kind}: {inspection.title}".rstrip(": ")]
    head.append(f"  file:      {inspection.path} ({inspection.kind})")
    if inspection.simulated:
        head.append("  SIMULATED: this file was written by sidemine's simulator; it holds no real data.")
    if inspection.platforms:
        head.append(f"  platforms: {', '.join(inspection.platforms)}")
    if len(samples):
        head.append(f"  samples:   {len(samples)} ({_first_names(samples)})")
    head.append(f"  values:    {inspection.value_summary}")
    if inspection.sheet_row:
        head.append(f"  datasets.tsv: {inspection.sheet_row}")
        head.append(f"  composition: no file says it; {ALLOWED}")
    head += [f"  file of the record: {name}" for name in inspection.files[:top]]
    if len(inspection.files) > top:
        head.append(f"  … and {len(inspection.files) - top} more files")
    if inspection.sample_files:
        head.append(f"  files of samples: {len(inspection.sample_files)}, such as {inspection.sample_files[0]}")
    lines = [escape(line, 4 * _WIDTH) for line in head]
    for note in inspection.notes:
        lines += ["  note: " + escape(note.replace("\n", " "), 5 * _WIDTH)]
    if len(samples) and len(samples.columns):
        by_name = inspection.samples_by_name_only
        heading = "Parts of the column names" if by_name else "Metadata (use these names in selectors)"
        lines += ["", heading, *describe_columns(samples, top)]
        lines += _describe_groups(samples, selectable=not by_name)
    return lines


def _first_names(samples: pd.DataFrame) -> str:
    names = [str(name) for name in samples.index]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"


def describe_columns(samples: pd.DataFrame, top: int = 12) -> list[str]:
    """Return lines that tell every column's values with their counts; constant columns come last, one line each."""
    lines: list[str] = []
    constant: list[str] = []
    for name in map(str, samples.columns):
        counts = _counts(samples, name)
        if len(counts) == 1:
            constant.append(f"  {escape(name)} = {_shown(next(iter(counts)))}")
        elif len(counts) == len(samples):
            examples = ", ".join(_shown(value, 50) for value in list(counts)[:3])
            lines.append(f"  {escape(name)}: another value in every sample, such as {examples}")
            lines += _telling_words(list(counts))
        else:
            different = len([value for value in counts if value])
            lines.append(f"  {escape(name)}: {different} value{'s' if different > 1 else ''}{_range(counts)}")
            # Where hardly any value is shared, a few examples say as much as many.
            rare = len(counts) > top and max(count for value, count in counts.items() if value) <= 3
            shown = min(top, 3) if rare else top
            lines += [f"    {count:>5} × {_shown(value)}" for value, count in _commonest(counts)[:shown]]
            if len(counts) > shown:
                lines.append(f"    … and {len(counts) - shown} more")
            if len(counts) <= MAX_GROUPS and not NEVER_GROUPS.match(name):
                lines += [f"    careful: {warning}" for warning in [*_several_spellings(counts), *_beginnings(counts)]]
    if constant:
        lines += [f"  the same in all {len(samples)} samples:", *(f"  {line}" for line in constant)]
    return lines


def _counts(samples: pd.DataFrame, name: str) -> Counter[str]:
    return Counter(str(value) for value in samples[name])


def _commonest(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _range(counts: Counter[str]) -> str:
    """Tell the range of a column of numbers that has too many values to be groups."""
    try:
        numbers = sorted(float(value) for value in counts if value)
    except ValueError:
        return ""
    return f", numbers from {numbers[0]:g} to {numbers[-1]:g}" if len(numbers) > 2 else ""


def _shown(value: str, width: int = _WIDTH) -> str:
    return f'"{escape(value, width)}"' if value else "(empty)"


def _several_spellings(counts: Iterable[str]) -> list[str]:
    return [
        "one label in several spellings? " + " | ".join(_shown(value) for value in spellings)
        for spellings in look_alikes(counts)
    ]


def _beginnings(counts: Iterable[str]) -> list[str]:
    """Name values that begin with another value: `=` tells them apart, which may not be what is meant."""
    values = sorted(value for value in counts if value)
    return [
        f"{_shown(second)} begins like {_shown(first)}: = takes one of them, `in` or ~ both"
        for first, second in combinations(values, 2)
        if second.startswith(first + " ")
    ]


def _telling_words(values: list[str]) -> list[str]:
    """Name words that some of the values share and others lack: titles often hold the only word on the group."""
    counts: Counter[str] = Counter(word for value in values for word in set(_LONG_WORD.findall(value)))
    telling = [(word, count) for word, count in _commonest(counts) if 2 <= count <= len(values) - 2]
    if not telling:
        return []
    return ["    words in some of them: " + ", ".join(f"{escape(word, 40)} × {count}" for word, count in telling[:12])]


# ------------------------------------------------------------------------------------------------------------ groups


def _describe_groups(samples: pd.DataFrame, selectable: bool) -> list[str]:
    columns = group_columns(samples)
    lines = ["", "Keys that could separate groups: " + (", ".join(map(escape, columns)) or "none")]
    distinct: list[str] = []
    for name in columns:
        same = next((other for other in distinct if one_to_one(samples, name, other)), None)
        if same is None:
            distinct.append(name)
        else:
            lines.append(f"  {escape(name)} splits the samples in the same way as {escape(same)}")
    # The likeliest keys first; three tables are as many as a reader looks at.
    small = [name for name in distinct if samples[name].nunique() <= _MAX_CELLS]
    ordered = sorted(small, key=lambda name: LIKELY_GROUPS.search(name) is None)
    for first, second in list(combinations(ordered, 2))[:3]:
        lines += ["", *_cross_table(samples, first, second)]
    lines += ["", *_example_selectors(samples, columns if selectable else [])]
    return lines


def _cross_table(samples: pd.DataFrame, rows: str, columns: str) -> list[str]:
    counts = Counter(zip(samples[rows], samples[columns], strict=True))
    row_values = sorted({str(row) for row, _ in counts})
    column_values = sorted({str(column) for _, column in counts})
    labels = [_shortened(value, 28) for value in column_values]
    left = max(len(_shortened(value, 40)) for value in row_values)
    lines = [f"  {escape(rows)} (rows) × {escape(columns)} (columns), number of samples"]
    lines.append("  " + " " * left + "  " + "  ".join(labels))
    for value in row_values:
        cells = (f"{counts[value, column]:>{len(label)}}" for column, label in zip(column_values, labels, strict=True))
        lines.append(f"  {_shortened(value, 40):<{left}}  " + "  ".join(cells))
    return lines


def _shortened(value: str, width: int) -> str:
    """Return a label with its middle left out: long labels differ at their ends."""
    text = _shown(value, 10 * _WIDTH)
    return text if len(text) <= width else f"{text[: width // 3]}…{text[len(text) - (width - width // 3) + 1 :]}"


def _example_selectors(samples: pd.DataFrame, columns: list[str]) -> list[str]:
    """Return a target and a reference to paste: an example of the grammar, not advice on the science."""
    pair = _values_that_split(samples, columns) if columns else _words_that_split(samples)
    if pair is None:
        return ["No key separates groups: a sample sheet can (sample_sheet in datasets.tsv; first column: sample)."]
    target, reference = pair
    return [
        "Example for contrasts.tsv (choose the groups yourself; which is target and which reference is up to you)",
        f"  target:    {escape(str(target), 3 * _WIDTH)}",
        f"  reference: {escape(str(reference), 3 * _WIDTH)}",
    ]


def _values_that_split(samples: pd.DataFrame, columns: list[str]) -> tuple[Comparison, Comparison]:
    # A key named like a treatment or disease, else the one whose two commonest values cover most samples.
    covered = {name: sum(n for v, n in _commonest(_counts(samples, name))[:2] if v) for name in columns}
    name = max(columns, key=lambda column: (LIKELY_GROUPS.search(column) is not None, covered[column]))
    values = [value for value, count in _commonest(_counts(samples, name)) if value and count > 1]
    reference = next((value for value in values if LIKELY_REFERENCE.search(value)), values[1])
    target = next(value for value in values if value != reference)
    return tuple(Comparison(name, "=", (" ".join(value.split()),)) for value in (target, reference))  # type: ignore[return-value]


def _words_that_split(samples: pd.DataFrame) -> tuple[Comparison, Comparison] | None:
    """Find two words, in one column, that no sample shares and most samples have one of."""
    best: tuple[int, Comparison, Comparison] | None = None
    for name in ("title", "source_name", "description", "sample"):
        if name != "sample" and name not in samples:
            continue
        texts = [str(value) for value in (samples.index if name == "sample" else samples[name])]
        counts = Counter(word for text in texts for word in set(_LONG_WORD.findall(text)))
        telling = [word for word, count in _commonest(counts) if 2 <= count <= len(texts) - 2][:30]
        for first, second in combinations(telling, 2):
            in_first, in_second = [first in text for text in texts], [second in text for text in texts]
            covered = sum(in_first) + sum(in_second)
            apart = not any(a and b for a, b in zip(in_first, in_second, strict=True))
            if apart and (best is None or covered > best[0]):
                if LIKELY_REFERENCE.search(first):
                    first, second = second, first
                best = (covered, Comparison(name, "~", (first,)), Comparison(name, "~", (second,)))
    return best[1:] if best else None

"""What `sidemine preflight` prints: problems in their four parts, then one table of inputs and one of contrasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sidemine.retrieve.integrity import file_name_of

if TYPE_CHECKING:
    from sidemine.errors import Problem
    from sidemine.preflight.inputs import Input
    from sidemine.preflight.look_ahead import Ahead


def ahead_lines(ahead: Ahead) -> list[str]:
    """Return the lines of the report."""
    lines: list[str] = []
    lines += _problems("What will stop the run", ahead.stops)
    lines += _problems("What will make contrasts not testable", ahead.untestable)
    rows = [_input_row(item) for item in ahead.inputs]
    lines += ["Inputs", *_table(["size", "state", "lock", "type", "file"], rows), ""]
    unknown = sum(item.size is None and item.state == "to be fetched" for item in ahead.inputs)
    more = f", and {unknown} of unknown size" if unknown else ""
    lines += [f"To be brought: {_size(ahead.to_fetch)}{more}; free on the disk: {_size(ahead.free)}.", ""]
    contrasts = [
        [
            item.contrast.contrast,
            item.contrast.dataset,
            item.contrast.status,
            *("?" if n is None else str(n) for n in (item.n_target, item.n_reference, item.n_both)),
            item.outcome,
        ]
        for item in ahead.contrasts
    ]
    heads = ["contrast", "dataset", "row", "target", "reference", "in both", "by its metadata"]
    lines += ["Contrasts", *_table(heads, contrasts), ""]
    if columns := [text for item in ahead.contrasts for text in item.columns]:
        lines += ["Covariates and blocks", *(f"  {text}" for text in columns), ""]
    if ahead.notes:
        lines += ["Notes", *(f"  {note}" for note in ahead.notes), ""]
    return [*lines, _last_words(ahead)]


def is_fine(ahead: Ahead) -> bool:
    """Tell whether a run would reach its end with every contrast that could be looked at."""
    return not ahead.stops and not ahead.untestable


def _last_words(ahead: Ahead) -> str:
    if is_fine(ahead):
        unknown = sum(item.outcome == "not known yet" for item in ahead.contrasts)
        more = f" {unknown} contrasts are known only when their values are here." if unknown else ""
        return f"Nothing found that would stop a run or make a contrast untestable.{more}"
    clauses = []
    if ahead.stops:
        clauses.append(f"a run would stop: {len(ahead.stops)} problem{'s' * (len(ahead.stops) > 1)}")
    if ahead.untestable:
        clauses.append(
            f"{sum(item.outcome == 'not testable' for item in ahead.contrasts)} contrasts would not be testable"
        )
    return f"As it stands, {' and '.join(clauses)}. What can be mended, mend in the sheets, and look again."


def _problems(title: str, problems: Sequence[Problem]) -> list[str]:
    if not problems:
        return []
    lines = [f"{title} ({len(problems)})", ""]
    for number, problem in enumerate(problems, start=1):
        lines += [f"[{number}] {problem}", ""]
    return lines


def _input_row(item: Input) -> list[str]:
    name = file_name_of(item.url) if item.url else item.source.locations[0].rsplit("/", 1)[-1]
    kind = item.content_type.split(";")[0]
    return [
        "?" if item.size is None else _size(item.size),
        item.state,
        "locked" if item.locked else "new",
        kind or "-",
        name,
    ]


def _size(size: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [heads, *rows]
    ]

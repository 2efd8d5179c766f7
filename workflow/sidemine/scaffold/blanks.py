"""What a proposed study leaves to its author, and what of it still waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sidemine.study.models import to_plain

if TYPE_CHECKING:
    from sidemine.study.load import Study

TO_FILL_IN = "TO FILL IN"
"""Stands where no file says what only the author knows."""


def notes_of_blanks(study: Study) -> list[str]:
    """Return one sentence that names the keys and rows which still wait for their author; none where nothing waits.

    Parameters
    ----------
    study
        The study, loaded.
    """
    places = list(_blanks(to_plain(study.config), ""))
    places += [f"gene set {row.gene_set}" for row in study.gene_set_rows if any(_blanks(to_plain(row), ""))]
    if not places:
        return []
    return [f"{TO_FILL_IN} still stands under {', '.join(dict.fromkeys(places))}: the page would print it"]


def _blanks(value: object, place: str) -> Iterator[str]:
    if isinstance(value, str):
        if TO_FILL_IN in value:
            yield place
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _blanks(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for inner in value:
            name = inner.get("id", "") if isinstance(inner, Mapping) else ""
            yield from _blanks(inner, f"{place}.{name}" if name else place)

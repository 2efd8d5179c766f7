"""A paper that a method comes from, held where the method is."""

from __future__ import annotations

from typing import NamedTuple


class Paper(NamedTuple):
    """What it is cited for, the text of the citation, and the DOI (empty where we have not seen one)."""

    what: str
    text: str
    doi: str

"""What a layer of evidence registers for a study's sheet `lines.tsv`: its words, files and columns.

The `config.py` of a layer's room holds its `Layer`; `lines/layers.py` lists them. They are read with the study, before any
work, so they import nothing of the rooms that measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sidemine.sources.forms import Form

Kind = Literal["cohort", "experiment"]


@dataclass(frozen=True)
class Format:
    """One form of a layer's data.

    Attributes
    ----------
    meaning
        What the file is, in words.
    form
        What the main file must be to be let in.
    needed_files, further_files
        Roles of column `files`: those without which a row is refused, and those that it may name; meaning by role.
    needed_columns, further_columns
        Roles of column `columns`, likewise.
    """

    meaning: str
    form: Form = "table"
    needed_files: Mapping[str, str] = field(default_factory=dict)
    further_files: Mapping[str, str] = field(default_factory=dict)
    needed_columns: Mapping[str, str] = field(default_factory=dict)
    further_columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """All roles of further files, with their meaning."""
        return {**self.needed_files, **self.further_files}

    @property
    def columns(self) -> dict[str, str]:
        """All roles of columns, with their meaning."""
        return {**self.needed_columns, **self.further_columns}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of evidence: one kind of data beside the expression of a hypothesis' own contrasts.

    Attributes
    ----------
    word
        Its word in column `layer`.
    title, meaning
        Its heading on the page, and what it asks, in one sentence.
    formats
        By the word of column `format`.
    directions
        What column `direction` may hold: how the declared direction is called.
    opposite
        Whether the data can point the other way: a set can be lower as well as higher; it cannot be “less associated” in a
        way that speaks against the hypothesis.
    kinds
        Kinds of hypotheses that it can speak to.
    unit
        Unit of its effect, in words.
    own_data
        Whether it brings samples of its own. Otherwise it re-uses the expression of the hypothesis and is never a line of
        its own.
    cap
        Why it can be no more than suggestive; empty: nothing of the method caps it.
    needs_universe
        Whether `universe` must be a list of its own: the file does not say what was measured.
    """

    word: str
    title: str
    meaning: str
    formats: Mapping[str, Format]
    directions: tuple[str, ...]
    opposite: bool
    kinds: tuple[Kind, ...]
    unit: str
    own_data: bool = True
    cap: str = ""
    needs_universe: bool = False

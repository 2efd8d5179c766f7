"""What panels found: `compounds.json`, and columns of an answer card."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.effect.compound_record import CompoundEvidence


@dataclass(frozen=True)
class CompoundsOfStudy:
    """Evidence of every panel, by hypothesis."""

    hypotheses: dict[str, CompoundEvidence]


@dataclass(frozen=True)
class CompoundColumns:
    """Columns of `verdicts.json`.

    Attributes
    ----------
    pattern
        What a panel found, in a few words beside the verdict: "class-wide (2 of 3 compounds: A, B)", "not class-wide, this compound only (A)",
        "dose-dependent" …; None of other kinds, and without a model.
    compounds
        The panel in one model; None of other kinds.
    """

    pattern: str | None
    compounds: CompoundEvidence | None

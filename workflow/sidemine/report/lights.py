"""What could make the groups of a comparison differ beside the question, as marks beside its row of the forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sidemine.considerations.composition.record import AdjustedIn, CompositionColumns, NotAsked, NotNeededIn
from sidemine.considerations.hidden_factors.record import AdjustedForFactors, HiddenFactorsColumns
from sidemine.drawing.words import count
from sidemine.quality.associations import associated
from sidemine.quality.flags import Flag
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.verdict.card import Card

Status = Literal["nothing found", "see the checks", "not known"]
CLEAR: Status = "nothing found"
TOLD: Status = "see the checks"
UNKNOWN: Status = "not known"
GLYPHS: dict[Status, str] = {CLEAR: "●", TOLD: "▲", UNKNOWN: "–"}


@dataclass(frozen=True)
class Light:
    """One mark: what was looked at, what came of it, and that in words."""

    name: str
    status: Status
    words: str


def lights_of(results: StudyResults, card: Card, contrast: str) -> list[Light]:
    """Return the marks of one comparison of people: re-use, age, sex, batch, mix of cells, hidden factors; none of experiments.

    Parameters
    ----------
    results
        The study.
    card
        The answer.
    contrast
        One of its comparisons.
    """
    if card.kind != "cohort":
        return []
    item = results.contrasts[contrast]
    flags = [*item.quality.flags, *results.datasets[item.row.dataset].quality.flags]
    reuse, batch = _by_flags("re-use", "reused_samples", flags), _by_flags("batch", "batch_associated", flags)
    return [reuse, _age(item), _sex(results, item, flags), batch, _cells(card, contrast), _factors(card, contrast)]


def _by_flags(name: str, trap: str, flags: Sequence[Flag]) -> Light:
    found = [flag for flag in flags if flag.trap == trap]
    if not found:
        return Light(name, UNKNOWN, "was not looked at")
    worst = next((flag for flag in found if flag.status != "ok"), found[0])
    return Light(name, CLEAR if worst.status == "ok" else TOLD, worst.evidence)


def _age(item: ContrastResults) -> Light:
    ages = [row for row in item.quality.associations if row.person_trait and "age" in row.column.lower().split("_")]
    if not ages:
        return Light("age", UNKNOWN, "no age is recorded")
    if any(row.in_design for row in ages):
        return Light("age", CLEAR, f"in the model: {ages[0].words}")
    differs = any(row in associated(item.quality.associations) for row in ages)
    return Light("age", TOLD if differs else CLEAR, f"{'not in the model' if differs else 'alike'}: {ages[0].words}")


def _sex(results: StudyResults, item: ContrastResults, flags: Sequence[Flag]) -> Light:
    light = _by_flags("sex", "sex_mismatch", flags)
    sex = results.datasets[item.row.dataset].quality.sex
    return light if sex.by_genes and sex.column else Light("sex", UNKNOWN, sex.reading or "no sex is recorded")


def _cells(card: Card, contrast: str) -> Light:
    composition = card.columns_of(CompositionColumns).composition
    entries = () if isinstance(composition, NotAsked) else composition.contrasts
    entry = next((one for one in entries if one.contrast == contrast), None)
    if isinstance(entry, NotNeededIn):
        return Light("cells", CLEAR, "cells were sorted, or are of one kind")
    if not isinstance(entry, AdjustedIn):
        return Light("cells", UNKNOWN, "no markers of cells are declared, or none can be used")
    differ = [one.cell_type for one in entry.single if one.shift.ci_low > 0 or one.shift.ci_high < 0]
    words = f"the groups differ in {', '.join(differ)}" if differ else "the groups differ in no measured cell"
    return Light("cells", TOLD if differ else CLEAR, words.replace("_", " "))


def _factors(card: Card, contrast: str) -> Light:
    shown = card.columns_of(HiddenFactorsColumns).hidden_factors
    entry = next((one for one in shown.contrasts if one.contrast == contrast), None)
    if not isinstance(entry, AdjustedForFactors):
        return Light("hidden factors", UNKNOWN, entry.reason if entry else shown.reason or "was not looked at")
    differ = sum(row.difference.ci_low > 0 or row.difference.ci_high < 0 for row in entry.factors)
    words = f"the groups differ in {differ} of {count(len(entry.factors), 'hidden factor')}"
    return Light("hidden factors", TOLD if differ else CLEAR, words)

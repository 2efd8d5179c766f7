"""What could make the groups of a comparison differ beside the question, as marks beside its row of the forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sidemine.considerations.composition.record import AdjustedIn, CompositionColumns, NotAsked, NotNeededIn
from sidemine.considerations.hidden_factors.record import AdjustedForFactors, HiddenFactorsColumns
from sidemine.drawing.words import count
from sidemine.effect.record import way
from sidemine.quality.associations import associated
from sidemine.quality.flags import Flag
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.text.columns import AGE_NAME
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
    here = {*item.design.target_samples, *item.design.reference_samples}
    of_dataset = results.datasets[item.row.dataset].quality.flags
    # What a check says of samples that stand in other comparisons is none of this one's.
    flags = [*item.quality.flags, *(flag for flag in of_dataset if not flag.samples or here & {*flag.samples})]
    return [
        _by_flags("re-use", {"reused_samples"}, flags, "was not looked at"),
        _age(item),
        _sex(results, item, flags),
        _by_flags("batch", {"batch_associated", "batch_aliased"}, flags, "no batch is recorded"),
        _cells(card, contrast),
        _factors(card, contrast),
    ]


def _by_flags(name: str, traps: set[str], flags: Sequence[Flag], why_unknown: str) -> Light:
    found = [flag for flag in flags if flag.trap in traps]
    if not found:
        return Light(name, UNKNOWN, why_unknown)
    told = next((flag for flag in found if flag.status != "ok"), found[0])
    return Light(name, CLEAR if told.status == "ok" else TOLD, told.evidence)


def _age(item: ContrastResults) -> Light:
    """Return the mark of age: that of the first column which is in the model, else differs, else can be compared."""
    found = item.quality.associations
    ages = [row for row in found if row.person_trait and AGE_NAME.search(row.column)]
    if (inside := next((row for row in ages if row.in_design), None)) is not None:
        return Light("age", CLEAR, f"in the model: {inside.words}")
    differs = associated(found)
    if (apart := next((row for row in ages if row in differs or row.pattern == "aliased"), None)) is not None:
        return Light("age", TOLD, f"not in the model: {apart.words}")
    if (alike := next((row for row in ages if row.p_value is not None), None)) is not None:
        return Light("age", CLEAR, f"no difference found: {alike.words}")
    return Light("age", UNKNOWN, ages[0].words if ages else "no age is recorded")


def _sex(results: StudyResults, item: ContrastResults, flags: Sequence[Flag]) -> Light:
    light = _by_flags("sex", {"sex_mismatch"}, flags, "was not looked at")
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
    differ = [one.cell_type for one in entry.single if way(one.shift.ci_low, one.shift.ci_high) != "unclear"]
    words = f"the groups differ in {', '.join(differ)}" if differ else "the groups differ in no measured cell"
    return Light("cells", TOLD if differ else CLEAR, words.replace("_", " "))


def _factors(card: Card, contrast: str) -> Light:
    shown = card.columns_of(HiddenFactorsColumns).hidden_factors
    entry = next((one for one in shown.contrasts if one.contrast == contrast), None)
    if not isinstance(entry, AdjustedForFactors):
        return Light("hidden factors", UNKNOWN, entry.reason if entry else shown.reason or "was not looked at")
    differ = sum(way(row.difference.ci_low, row.difference.ci_high) != "unclear" for row in entry.factors)
    words = f"the groups differ in {differ} of {count(len(entry.factors), 'hidden factor')}"
    return Light("hidden factors", TOLD if differ else CLEAR, words)

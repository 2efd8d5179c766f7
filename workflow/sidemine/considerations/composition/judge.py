"""What the adjustment for the mix of cells means for a cohort verdict: two estimands, a gate and caps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sidemine.considerations.composition.record import (
    AdjustedIn,
    CompositionAdjusted,
    CompositionColumns,
    CompositionUnknown,
    Entries,
    NotAsked,
    NotNeededIn,
    NotWithDropped,
    PooledWithDropped,
    WithDropped,
)
from sidemine.considerations.judgement import (
    Cap,
    Case,
    Doubt,
    DoubtWeight,
    Judge,
    Judgement,
    as_sentence,
    judge_by_hypothesis,
    make_gate,
)
from sidemine.considerations.sensitivity import COMPOSITION, no_sensitivity, sensitivity_of, without_effect
from sidemine.effect.adjustment import pool_estimates
from sidemine.effect.pooled_effect import weights_in
from sidemine.effect.record import Estimate, PooledEstimate
from sidemine.records import fields_of
from sidemine.text.phrases import capitalised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ADJUSTED_P = 0.05
"""Pooled two-sided p that the composition-adjusted effect must reach, with the sign of the total effect."""
_DEMAND = "composition-adjusted effect: same sign, pooled p ≤ .05, and not explained by noisy proxies"
LARGE_SHIFT = 1.0
"""Difference of a proxy between the groups, in SD, from which a reader is told that it may be the disease itself."""
_EXPERIMENTS = "an experiment compares treated and untreated samples of the same cells"
_CONDITION = "adjusted for the mix of cells"


def composition_judge(entries: Mapping[str, Entries]) -> Judge:
    """Return the judge that holds the entries of every hypothesis."""
    return judge_by_hypothesis(judge_composition, entries, [])


def judge_composition(case: Case, entries: Entries) -> Judgement:
    """Judge by the effect adjusted for the mix of cells, pooled over the contrasts that carry the answer.

    Parameters
    ----------
    case
        The hypothesis; nothing is asked of experiments.
    entries
        Its entries of the `composition.json` of its contrasts.
    """
    if not case.is_cohort:
        return Judgement(
            CompositionColumns(NotAsked(_EXPERIMENTS), None),
            missing={"composition_adjusted": _EXPERIMENTS},
            sensitivity=(no_sensitivity(COMPOSITION, _EXPERIMENTS),),
        )
    carrying = [row for row in entries if row.contrast in case.carrying]
    known = {row.contrast for row in carrying}
    reasons = {
        # One sentence for a data set, however many contrasts are in it.
        **{
            f"{row.contrast}: {row.reason}" if row.panel else row.reason: None
            for row in carrying
            if not isinstance(row, NotNeededIn) and row.reason
        },
        **{f"{name}: nothing is on record of its mix of cells": None for name in case.carrying if name not in known},
    }
    usable = [row for row in carrying if isinstance(row, AdjustedIn)]
    spared = [row for row in carrying if isinstance(row, NotNeededIn)]
    if reasons or not (usable or spared):
        return _unknown(entries, list(reasons) or ["no contrast could be tested"])
    if not usable:
        return _not_needed(spared)
    totals = [row.total for row in spared]
    weights = weights_in(case.evidence, [*(row.contrast for row in usable), *(row.contrast for row in spared)])
    total, adjusted, corrected = (
        pool_estimates([*estimates, *totals], weights)
        for estimates in (
            [row.total for row in usable],
            [row.adjusted for row in usable],
            [row.corrected for row in usable],
        )
    )
    with_dropped = _pool_with_dropped(usable, totals, weights)
    fault = _fault(total, adjusted, corrected) or _fault_of_dropped(usable, total, with_dropped)
    serious = "" if without_effect(case) else fault
    held = fault or "noisy proxies (reliability 0.7) could not explain the effect"
    gate = make_gate("composition", _DEMAND, not fault, f"{adjusted.words()}, p = {adjusted.p_value:.2g}; {held}")
    caps = (Cap("composition", as_sentence(serious), takes_back=True),) if serious else ()
    unchecked = _unchecked(usable)
    unadjusted = " ".join(_not_needed_words(row) for row in spared)
    large = _large_shifts(usable)
    sentence = _joined(
        _sentence(usable, total, adjusted, one_figure=case.evidence.pooled.sizes_differ is None),
        _told_of_dropped(usable, with_dropped),
        unadjusted,
        large,
        unchecked,
    )
    doubt = _joined(_doubt(usable, serious), large, unchecked)
    notes = tuple(filter(None, (large, unchecked)))
    shown = CompositionAdjusted(
        adjusted, total, corrected, with_dropped, sentence, doubt, notes, gate, caps, list(entries)
    )
    return Judgement(
        CompositionColumns(shown, adjusted),
        gates=(gate,),
        caps=caps,
        doubts=(Doubt(DoubtWeight.FAULT if serious else DoubtWeight.REMAINS, doubt),),
        sentence=sentence,
        notes=notes,
        sensitivity=(sensitivity_of(case, COMPOSITION, _CONDITION, adjusted.as_estimate()),),
    )


def _not_needed(rows: Sequence[NotNeededIn]) -> Judgement:
    reason = "; ".join(f"{row.contrast}: not needed, {row.not_needed}" for row in rows)
    gate = make_gate("composition", _DEMAND, passed=True, detail=reason)
    sentence = " ".join(_not_needed_words(row) for row in rows)
    return Judgement(
        CompositionColumns(NotAsked(reason, sentence=sentence, gate=gate), None),
        missing={"composition_adjusted": reason},
        gates=(gate,),
        sentence=sentence,
        sensitivity=(no_sensitivity(COMPOSITION, reason),),
    )


def _not_needed_words(row: NotNeededIn) -> str:
    return f"{row.contrast} is not adjusted for the mix of cells, as declared: {row.not_needed}."


def _unknown(entries: Entries, reasons: Sequence[str]) -> Judgement:
    reason = "; ".join(reasons)
    gate = make_gate("composition", _DEMAND, None, reason)
    caps = tuple(Cap("composition", as_sentence(f"the mix of cells is not adjusted for: {one}")) for one in reasons)
    doubt = (
        "The mix of cells is not adjusted for: a shift of cell types between the groups can feign or hide a change of these "
        "genes without any change in the pathway itself."
    )
    return Judgement(
        CompositionColumns(CompositionUnknown(reason, gate, caps, list(entries)), None),
        missing={"composition_adjusted": reason},
        gates=(gate,),
        caps=caps,
        doubts=(Doubt(DoubtWeight.OPEN, doubt),),
        sensitivity=(no_sensitivity(COMPOSITION, reason),),
    )


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _fault(total: PooledEstimate, adjusted: PooledEstimate, corrected: PooledEstimate) -> str:
    """Return why the adjusted effect does not back the total one, or nothing."""
    numbers = [
        number
        for estimate in (adjusted, corrected)
        for number in (estimate.effect, estimate.ci_low, estimate.ci_high, estimate.p_value)
    ]
    if not all(math.isfinite(number) for number in (total.effect, *numbers)):
        return "the adjusted effect is no number"
    if adjusted.effect * total.effect <= 0:
        return "the sign changes when the mix of cells is adjusted for"
    if adjusted.p_value > ADJUSTED_P:
        return f"after adjusting for the mix of cells p is {adjusted.p_value:.2g}"
    if corrected.ci_low <= 0 <= corrected.ci_high or corrected.effect * total.effect <= 0:
        return (
            f"cell proxies measure cells with error: at a reliability of 0.7 the adjusted effect would be "
            f"{corrected.effect:.2f} ({corrected.ci_low:.2f} to {corrected.ci_high:.2f}), so composition could "
            "explain the whole effect"
        )
    return ""


def _pool_with_dropped(
    rows: Sequence[AdjustedIn], totals: Sequence[Estimate], weights: NDArray[np.float64] | None
) -> PooledWithDropped | None:
    """Return the adjusted effect with dropped proxies among the covariates.

    None where no dropped proxy differs between the groups, or where one that does cannot be adjusted for.
    """
    found = [row.with_dropped for row in rows]
    if not any(found) or any(isinstance(entry, NotWithDropped) for entry in found):
        return None
    chosen = [
        (entry, entry.corrected) if isinstance(entry, WithDropped) else (row.adjusted, row.corrected)
        for entry, row in zip(found, rows, strict=True)
    ]
    pooled = pool_estimates([*(adjusted for adjusted, _ in chosen), *totals], weights)
    corrected = pool_estimates([*(corrected for _, corrected in chosen), *totals], weights)
    return PooledWithDropped(**fields_of(pooled), corrected=corrected)


def _dropped_cells(rows: Sequence[AdjustedIn]) -> str:
    cells = sorted({cell for row in rows if row.with_dropped for cell in row.with_dropped.cells})
    return ", ".join(cells).replace("_", " ")


def _fault_of_dropped(rows: Sequence[AdjustedIn], total: PooledEstimate, with_dropped: PooledWithDropped | None) -> str:
    """Return why a dropped proxy that differs between the groups could explain the effect, or nothing.

    The rule is that of the other proxies, noise included: by p alone 9 of 20 planted studies passed in which such a
    cell was the whole effect.
    """
    cells = _dropped_cells(rows)
    if not cells:
        return ""
    fault = "it cannot be done" if with_dropped is None else _fault(total, with_dropped, with_dropped.corrected)
    differs = f"markers of {cells} differ between the groups and were dropped, because stimulation moves them"
    return f"{differs}; adjusted for them too: {fault}" if fault else ""


def _told_of_dropped(rows: Sequence[AdjustedIn], with_dropped: PooledWithDropped | None) -> str:
    if with_dropped is None:
        return ""
    return (
        f"With the dropped markers of {_dropped_cells(rows)}, which differ between the groups: {with_dropped.words()}, "
        f"p = {with_dropped.p_value:.2g}; they answer to the pathway as well, so this adjusts for too much."
    )


def _unchecked(rows: Sequence[AdjustedIn]) -> str:
    """Return that nobody looked whether stimulation moves the markers; nothing where that was looked at."""
    if any(row.contamination_checked_in for row in rows):
        return ""
    return "Whether the pathway itself moves the cell markers was not checked: no stimulus contrast of this panel could be tested."


def _large_shifts(rows: Sequence[AdjustedIn]) -> str:
    """Return which proxies differ so much that they may be the disease itself; nothing where none does."""
    found = [
        f"{one.cell_type.replace('_', ' ')} ({one.shift.effect:.1f} SD, {row.contrast})"
        for row in rows
        for one in row.single
        if abs(one.shift.effect) >= LARGE_SHIFT
    ]
    if not found:
        return ""
    return (
        f"Between the groups the markers of {', '.join(found)} differ widely: where that change of cells is the disease "
        "itself, adjusting takes part of the disease away, and the adjusted effect asks what differs beyond it."
    )


def _sentence(rows: Sequence[AdjustedIn], total: PooledEstimate, adjusted: PooledEstimate, *, one_figure: bool) -> str:
    cells = sorted({name for row in rows for name in row.adjusted_for})
    differences = "; ".join(
        f"{row.contrast}: total minus adjusted {row.difference.effect:.2f} "
        f"({row.difference.ci_low:.2f} to {row.difference.ci_high:.2f})"
        + ("" if row.retained_percent is None else f", {row.retained_percent:.0f} % retained")
        for row in rows
    )
    # The p of the total effect stands with the pooled effect; one p for one number.
    figures = (
        f"Total {total.words()}; {adjusted.words()}, p = {adjusted.p_value:.2g}, after adjusting for the mix of cells"
        if one_figure
        else f"Over the cohorts together p = {adjusted.p_value:.2g}, after adjusting for the mix of cells"
    )
    return f"{figures} ({', '.join(cells).replace('_', ' ')}; {_panels(rows)}). {differences}."


def _panels(rows: Sequence[AdjustedIn]) -> str:
    panels = sorted({row.panel for row in rows})
    return f"panel{'s' * (len(panels) > 1)} {' and '.join(panels)}, as declared"


def _doubt(rows: Sequence[AdjustedIn], fault: str) -> str:
    if fault:
        return f"{capitalised(fault)}: cell types may differ, and not the pathway."
    largest = max((entry for row in rows for entry in row.single), key=lambda entry: abs(entry.difference))
    return (
        f"The mix of cells is measured by proxies only; the one that takes most of the effect is "
        f"{largest.cell_type.replace('_', ' ')} ({largest.difference:.2f} SD). Cell types without markers are not "
        "adjusted for, and the mix of cells may itself be an effect of the pathway."
    )

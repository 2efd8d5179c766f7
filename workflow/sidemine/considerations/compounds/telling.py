"""What a panel adds to the words of an answer card: what was found of its arms, and what was not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.drawing.panel import Subject, Told
from sidemine.drawing.words import listed, margin_words, number, side
from sidemine.effect.compound_reading import ONE_SIDED_P, PanelReading, arm_limit, read_panel
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, amount_words
from sidemine.effect.plain_words import as_percent_change, as_percent_limits, signed_percent

MOST_NAMED = 4
"""Most arms that a sentence names; the table holds all."""
_IN_A_LINE = 3
"""Most arms that a line names."""
_CHANGES = {"up": "a rise", "down": "a fall", "either": "a change"}
_SIDES = {"up": "higher", "down": "lower", "either": "changed"}
_MORE = {"dose": "at higher doses", "time": "at later times"}


def tell_arms(subject: Subject) -> Told:
    """Return the answer of a panel in a sentence, in a few words, and as what was found and what was not."""
    columns = subject.columns_of(CompoundColumns)
    panel = columns.compounds
    return Told(
        of_arms=arm_words(columns, subject.primary_set),
        pattern=columns.pattern or "",
        answer=answer_of(panel, subject.margin) if panel and columns.pattern else "",
        effects=effects_of(panel) if panel else "",
    )


def answer_of(panel: CompoundEvidence, margin: float | None) -> str:
    """Return what was found of a panel, and what was not, in plain words; empty where neither is the case.

    Parameters
    ----------
    panel
        The panel in one model.
    margin
        The declared one, log2 units.
    """
    reading = read_panel(panel, margin)
    if reading.p is None or not (reading.shown or reading.refuted):
        return ""
    told = _of_class if panel.asks == "class_wide" else _of_response
    opposed = _named(panel, reading.opposed)
    other_way = f" The other way: {listed(opposed)}." if opposed else ""
    return told(panel, reading, margin or 0.0) + other_way


def _of_class(panel: CompoundEvidence, reading: PanelReading, margin: float) -> str:
    side_word, k = _SIDES[panel.direction], reading.k
    excluded = _excluded(panel, reading.excluded, margin)
    acting, asked = _named(panel, reading.acting), f"needed: {reading.needed} of {k}"
    rest = [arm.contrast for arm in panel.arms if arm.carries and arm.contrast not in reading.acting]
    if reading.shown and len(acting) != reading.at_least:  # together they show more, or fewer, than each by itself
        return f"{side_word.capitalize()} with at least {reading.at_least} of {k} compounds ({asked}){f'; for {excluded}' if excluded else ''}."
    open_still = _named(panel, [name for name in rest if name not in (*reading.excluded, *reading.opposed)])
    found = f"{side_word.capitalize()} with {listed(acting)}" if acting else "Shown for no compound"
    only = " only" if acting and rest and not (reading.shown or open_still) else ""
    parts = [f"{found}{only} ({asked})", *([f"for {excluded}"] if excluded else [])]
    parts += [f"with {listed(open_still)} neither shown nor excluded"] if open_still and acting else []
    return f"{'; '.join(parts)}."


def _of_response(panel: CompoundEvidence, reading: PanelReading, margin: float) -> str:
    noun, k = f"{panel.asks}s", reading.k
    if reading.refuted and not reading.shown:
        return f"For {_excluded(panel, reading.excluded, margin)}."
    at = f"all {k}" if len(reading.beyond) == k else f"{len(reading.beyond)} of {k}"
    found = f"{_SIDES[panel.direction].capitalize()}, beyond the margin, at {at} {noun}"
    if reading.p_trend is not None and reading.p_trend <= ONE_SIDED_P:
        return f"{found}, and more {_MORE[panel.asks]}."
    shrinking = ", the estimates shrink" if _shrinks(panel) else ""
    return f"{found} (the verdict is on this). More {_MORE[panel.asks]}: not shown{shrinking}."


def _shrinks(panel: CompoundEvidence) -> bool:
    """Whether from each dose or time to the next the effect in the declared direction gets smaller; no test."""
    if panel.direction == "either":
        return False
    sign = -1 if panel.direction == "down" else 1
    amounts = {
        arm.dose if panel.asks == "dose" else arm.time: sign * arm.effect
        for arm in panel.carrying
        if arm.effect is not None
    }
    effects = [effect for _, effect in sorted(amounts.items(), key=lambda row: row[0] or 0.0)]
    return len(effects) == len(panel.carrying) > 1 and all(
        later < earlier for earlier, later in itertools.pairwise(effects)
    )


def _excluded(panel: CompoundEvidence, contrasts: Sequence[str], margin: float) -> str:
    """Say with which arms an effect of the margin is excluded; empty without any.

    With their limits where an interval beside it reaches the margin, and so would contradict it; in per cent, as the intervals:
    a limit in log2 units next to "5 % higher" reads as another quantity.
    """
    arms = [arm for arm in panel.arms if arm.contrast in contrasts]
    if not arms:
        return ""
    limits = listed([_limit_words(arm, panel.direction) for arm in arms])
    several = "s" if len(arms) > 1 else ""
    told = (
        f" (one-sided 95 % limit{several} {limits})"
        if any(_reaches(arm, panel.direction, margin) for arm in arms)
        else ""
    )
    named, change = listed(_arm_names(panel, arms)), _CHANGES[panel.direction]
    return f"{named} {change} of the margin ({margin_words(margin, panel.direction)}) or more is excluded in these data{told}"


def _reaches(arm: ArmEffect, direction: str, margin: float) -> bool:
    """Whether the two-sided interval of an arm holds an effect of the margin."""
    up, down = (arm.ci_high or 0.0) >= margin, -(arm.ci_low or 0.0) >= margin
    return {"up": up, "down": down}.get(direction, up or down)


def _limit_words(arm: ArmEffect, direction: str) -> str:
    """Return the limit of an arm; of a change to either side in log2 units, since per cents of a rise and a fall differ."""
    limit = arm_limit(arm, direction)
    return number(limit) if limit is None or direction == "either" else f"{signed_percent(limit)} %"


def _named(panel: CompoundEvidence, contrasts: Sequence[str]) -> list[str]:
    return _arm_names(panel, [arm for arm in panel.arms if arm.contrast in contrasts])


def effects_of(panel: CompoundEvidence) -> str:
    """Return the effects of the arms that carry an answer, in a line; where not all are named, the largest."""
    carrying = list(panel.carrying)
    if not carrying:
        return ""
    if len(carrying) > _IN_A_LINE:
        carrying.sort(key=lambda arm: -abs(arm.effect or 0.0))
    told = [
        f"{name}: {as_percent_change(arm.effect or 0.0)} ({as_percent_limits(arm.ci_low or 0.0, arm.ci_high or 0.0)})"
        for name, arm in zip(_arm_names(panel, carrying), carrying, strict=True)
    ]
    more = f"; and {len(told) - _IN_A_LINE} more" if len(told) > _IN_A_LINE else ""
    return f"{'; '.join(told[:_IN_A_LINE])}{more}; 95 % CI"


def _arm_names(panel: CompoundEvidence, arms: Sequence[ArmEffect]) -> list[str]:
    """Return what tells the arms apart; the question beside them names what they share."""
    carrying = panel.carrying
    differ = [len(set(column)) > 1 for column in zip(*(_parts(panel, arm) for arm in carrying), strict=True)]

    def name(arm: ArmEffect) -> str:
        return ", ".join(part for part, told in zip(_parts(panel, arm), differ, strict=False) if told and part)

    every = {name(arm) for arm in carrying}
    return [name(arm) if all(every) and len(every) == len(carrying) else arm_label(panel, arm) for arm in arms]


def _parts(panel: CompoundEvidence, arm: ArmEffect) -> tuple[str, str, str, str]:
    return (arm.compound, arm.cell, amount_words(arm.dose, panel.dose_unit), amount_words(arm.time, panel.time_unit))


def arm_words(columns: CompoundColumns, gene_set: str) -> str:
    """Return the answer of a panel as one would tell a colleague: its word, then each arm that carries it, largest first.

    Parameters
    ----------
    columns
        Of the card; those of a panel.
    gene_set
        The primary set.
    """
    evidence = columns.compounds
    if evidence is None or not evidence.carrying:
        return f"{gene_set} genes could not be tested in one model of the arms."
    arms = sorted(evidence.carrying, key=lambda arm: -abs(arm.effect or 0.0))
    named = "; ".join(
        f"{arm_label(evidence, arm)}: {number(abs(arm.effect or 0.0))} log2 units {side(arm.effect or 0.0)} (95 % CI "
        f"{number(arm.ci_low)} to {number(arm.ci_high)})"
        for arm in arms[:MOST_NAMED]
    )
    more = f"; and {len(arms) - MOST_NAMED} more" if len(arms) > MOST_NAMED else ""
    word = columns.pattern or "open"
    return f"{gene_set} genes, counted beyond the other measured genes: {word}. {named}{more}."


def arm_label(evidence: CompoundEvidence, arm: ArmEffect) -> str:
    """Return compound, cell, dose and time of an arm, as far as they are declared."""
    return ", ".join(part for part in _parts(evidence, arm) if part)

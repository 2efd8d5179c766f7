"""What a panel adds to the words of an answer card: what was found of its arms, and what was not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.drawing.panel import Subject, Told
from sidemine.drawing.words import margin_words, number, side
from sidemine.effect.compound_reading import ONE_SIDED_P, PanelReading, arm_limit, read_panel
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, amount_words
from sidemine.effect.plain_words import as_percent_change, as_percent_limits, signed_percent
from sidemine.effect.record import Interval, Margin
from sidemine.text.phrases import capitalised, first_of, listed

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
        part=part_of(panel, subject.margin) if panel else "",
        effects=effects_of(panel) if panel else "",
    )


def part_of(panel: CompoundEvidence, margin: Margin) -> str:
    """Return what the verdict of a panel is on where its word hides it; empty otherwise.

    Of doses or times: an effect may be shown, and no trend. Of a class: some compounds may act, and too few of them.

    Parameters
    ----------
    panel, margin
        As in `answer_of`.
    """
    reading = read_panel(panel, margin)
    if panel.asks == "class_wide":
        if not reading.refuted or not reading.acting or reading.shown:
            return ""
        settled = {*reading.acting, *reading.excluded, *reading.opposed}
        n = f"{len(reading.acting)} of {reading.k}"
        return f"{n} only" if all(arm.contrast in settled for arm in panel.arms if arm.carries) else f"{n} shown"
    return "effect only" if reading.shown and not _has_trend(reading) else ""


def answer_of(panel: CompoundEvidence, margin: Margin) -> str:
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
    return told(panel, reading, margin.value or 0.0) + other_way


def _of_class(panel: CompoundEvidence, reading: PanelReading, margin: float) -> str:
    side_word, k = _SIDES[panel.direction], reading.k
    arms = [arm for arm in panel.arms if arm.contrast in reading.excluded]
    excluded = [f"{listed(_arm_names(panel, arms))}: {_none_as_large(panel, arms, margin)}"] if arms else []
    acting = _named(panel, reading.acting)
    rest = [arm.contrast for arm in panel.arms if arm.carries and arm.contrast not in reading.acting]
    if reading.shown and len(acting) != reading.at_least:  # together they show more, or fewer, than each by itself
        asked = f" (asked: {reading.needed})" if reading.at_least != reading.needed else ""
        return ". ".join([f"{side_word.capitalize()} with at least {reading.at_least} of {k}{asked}", *excluded]) + "."
    open_still = _named(panel, [name for name in rest if name not in (*reading.excluded, *reading.opposed)])
    found = f"{side_word} with {listed(acting)}" if acting else "shown for none"
    only = " only" if acting and rest and not (reading.shown or open_still) else ""
    parts = (
        [f"At least {reading.needed} of {k}: {found}"]
        if reading.shown
        else [f"Evidence against at least {reading.needed} of {k} acting", f"{capitalised(found)}{only}"]
    )
    parts += excluded
    parts += [f"{listed(open_still)}: neither shown nor excluded"] if open_still and acting else []
    return f"{'. '.join(parts)}."


def _of_response(panel: CompoundEvidence, reading: PanelReading, margin: float) -> str:
    noun, k = f"{panel.asks}s", reading.k
    if reading.refuted and not reading.shown:
        arms = [arm for arm in panel.arms if arm.contrast in reading.excluded]
        at_each = listed(_arm_names(panel, arms))
        size = f"{_CHANGES[panel.direction]} of {margin_words(margin, panel.direction)} or more"
        return f"Evidence against: {size} is excluded at {at_each}{_limits_words(panel, arms, margin)}."
    at = f"all {k}" if len(reading.beyond) == k else f"{len(reading.beyond)} of {k}"
    found = f"{_SIDES[panel.direction].capitalize()}, beyond the margin, at {at} {noun}"
    if _has_trend(reading):
        return f"{found}, and more {_MORE[panel.asks]}."
    seen = "not shown, the estimates shrink" if _shrinks(panel) else "not shown"
    return f"Effect: {found[:1].lower()}{found[1:]}; the verdict is on this. More {_MORE[panel.asks]}: {seen}."


def _has_trend(reading: PanelReading) -> bool:
    """Whether a trend among the treated arms is shown."""
    return reading.p_trend is not None and reading.p_trend <= ONE_SIDED_P


def _shrinks(panel: CompoundEvidence) -> bool:
    """Whether from each dose or time to the next the effect in the declared direction gets smaller, and in all by more than the intervals' width; no test."""
    if panel.direction == "either":
        return False
    sign = -1 if panel.direction == "down" else 1
    arms = sorted(panel.carrying, key=lambda arm: (arm.dose if panel.asks == "dose" else arm.time) or 0.0)
    found = [
        Interval(arm.effect, arm.ci_low, arm.ci_high)
        for arm in arms
        if arm.effect is not None and arm.ci_low is not None and arm.ci_high is not None
    ]
    if not len(found) == len(arms) > 1:
        return False
    falls = all(sign * later.effect < sign * earlier.effect for earlier, later in itertools.pairwise(found))
    first, last = found[0], found[-1]
    # Where these meet, the estimates are those of a plateau.
    return falls and (last.ci_high < first.ci_low if sign > 0 else last.ci_low > first.ci_high)


def _none_as_large(panel: CompoundEvidence, arms: Sequence[ArmEffect], margin: float) -> str:
    """Say that with these arms an effect of the margin is excluded."""
    change = _CHANGES[panel.direction].split()[1]
    return f"no {change} as large as {margin_words(margin, panel.direction)}{_limits_words(panel, arms, margin)}"


def _limits_words(panel: CompoundEvidence, arms: Sequence[ArmEffect], margin: float) -> str:
    """Return the limits of arms where an interval beside them reaches the margin, and so would contradict what is excluded.

    In per cent, as the intervals: a limit in log2 units next to "5 % higher" reads as another quantity.
    """
    if not any(_reaches(arm, panel.direction, margin) for arm in arms):
        return ""
    limits = listed([_limit_words(arm, panel.direction) for arm in arms])
    return f" (one-sided 95 % limit{'s' if len(arms) > 1 else ''} {limits})"


def _reaches(arm: ArmEffect, direction: str, margin: float) -> bool:
    """Whether the two-sided interval of an arm holds an effect of the margin."""
    up = arm.ci_high is not None and arm.ci_high >= margin
    down = arm.ci_low is not None and -arm.ci_low >= margin
    return {"up": up, "down": down}.get(direction, up or down)


def _limit_words(arm: ArmEffect, direction: str) -> str:
    """Return the limit of an arm, with its sign."""
    limit = arm_limit(arm, direction)
    return number(limit) if limit is None else f"{signed_percent(limit)} %"


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
        f"{name}: {as_percent_change(arm.effect or 0.0)} ({'95 % CI ' * first}{as_percent_limits(arm.ci_low or 0.0, arm.ci_high or 0.0)})"
        for name, arm, first in zip(
            _arm_names(panel, carrying), carrying, [True, *[False] * (len(carrying) - 1)], strict=True
        )
    ]
    return first_of(told, _IN_A_LINE, "; ", "; and ")


def _arm_names(panel: CompoundEvidence, arms: Sequence[ArmEffect]) -> list[str]:
    """Return what tells the arms apart; the question beside them names what they share."""
    carrying = panel.carrying
    differ = [len(set(column)) > 1 for column in zip(*(_parts(panel, arm) for arm in carrying), strict=True)]

    def name(arm: ArmEffect) -> str:
        return ", ".join(part for part, told in zip(_parts(panel, arm), differ, strict=True) if told and part)

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
    effects = [
        f"{arm_label(evidence, arm)}: {number(abs(arm.effect or 0.0))} log2 units {side(arm.effect or 0.0)} (95 % CI "
        f"{number(arm.ci_low)} to {number(arm.ci_high)})"
        for arm in arms
    ]
    word = columns.pattern or "open"
    return f"{gene_set} genes, counted beyond the other measured genes: {word}. {first_of(effects, MOST_NAMED, '; ', '; and ')}."


def arm_label(evidence: CompoundEvidence, arm: ArmEffect) -> str:
    """Return compound, cell, dose and time of an arm, as far as they are declared."""
    return ", ".join(part for part in _parts(evidence, arm) if part)

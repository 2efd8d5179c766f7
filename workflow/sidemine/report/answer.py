"""The first screen: what a reader with one minute sees of a hypothesis, in plain words first and figures second.

Nothing is decided here: every number comes from `verdicts.json` and the stages that it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sidemine.considerations.composition.panel import adjusted_amount, adjusted_interval
from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.considerations.robustness.record import RobustnessColumns
from sidemine.considerations.traps.record import TrapColumns
from sidemine.drawing import words
from sidemine.drawing.panel import make_tile
from sidemine.effect.record import PooledEffect
from sidemine.report.evidence_panels import subject_of
from sidemine.verdict.card import Card, CardContrast

_LONGEST_DOUBT = 260


@dataclass(frozen=True)
class Shown:
    """An effect with its 95 % confidence interval."""

    effect: float
    ci_low: float
    ci_high: float


def shown(found: PooledEffect | CardContrast) -> Shown | None:
    """Return an effect that can be shown; None where there is none."""
    numbers = (found.effect, found.ci_low, found.ci_high)
    known = [number for number in numbers if words.is_number(number)]
    return Shown(*known) if len(known) == len(numbers) else None


def answer(card: Card) -> dict[str, Any]:
    """Return the words of one answer: the plain sentence, one line for the overview, and the key figures.

    Parameters
    ----------
    card
        The answer card.
    """
    return {
        "plain": plain_sentence(card),
        "key_amounts": key_amounts(card),
        "line": overview_line(card),
        "way": _way(main_effect(card)),
        "doubt_short": words.shortened(str(card.doubt), _LONGEST_DOUBT),
        "doubt_checked": doubt_checked(card),
        "tiles": tiles(card),
    }


def doubt_checked(card: Card) -> str:
    """Return what came of the run that takes away what is doubted, where the doubt is re-used samples and it was run."""
    record = card.columns_of(RobustnessColumns).robustness
    doubted = any(
        flag.trap == "reused_samples" and flag.serious and flag.evidence in card.doubt
        for flag in card.columns_of(TrapColumns).trap_flags
    )
    if not doubted or record is None or record.required_runs["no_reused_controls"] not in {"passed", "failed"}:
        return ""
    return words.shortened(record.required_details["no_reused_controls"], _LONGEST_DOUBT)


def main_effect(card: Card) -> Shown | None:
    """Return the effect that the answer rests on: the pooled one, or that of the only testable contrast."""
    if card.pooled:
        return shown(card.pooled)
    tested = [effect for item in card.evidence if (effect := shown(item)) is not None]
    return tested[0] if len(tested) == 1 else None


def _way(effect: Shown | None) -> str:
    if effect is None:
        return "none"
    return "higher" if effect.ci_low > 0 else "lower" if effect.ci_high < 0 else "unclear"


def plain_sentence(card: Card) -> str:
    """Tell the answer as one would tell a colleague: how much, in whom, total and adjusted, and what could be excluded."""
    effect = main_effect(card)
    if effect is None:
        return _without_one_effect(card)
    unit, compared = _unit(card), _compared(card.evidence)
    amount, interval = f"{words.number(abs(effect.effect))} {unit}", f"95 % CI {_interval(effect)}"
    side = words.side(effect.effect)
    if card.kind == "cohort":
        told = f"{amount} {side} {compared} ({interval}), in total; {_adjusted_words(card)}"
    else:
        fold = words.as_percent_change(effect.effect).removesuffix(f" {side}")
        told = f"{amount} ({fold}) {side} {compared} ({interval}), counted beyond the other measured genes"
    return f"{card.declared.set} genes are {told}. {excluded_words(card, unit)}"


def key_amounts(card: Card) -> list[str]:
    """Return the parts of the plain sentence that a reader should see first: the effect, in total and adjusted."""
    effect, adjusted = main_effect(card), card.columns_of(CompositionColumns).composition_adjusted
    if effect is None:
        return []
    parts = [f"{words.number(abs(effect.effect))} {_unit(card).split(' of ')[0]}"]
    return [*parts, adjusted_amount(adjusted)] if adjusted else parts


def _without_one_effect(card: Card) -> str:
    unit = _unit(card)
    tested = [(item, effect) for item in card.evidence if (effect := shown(item)) is not None]
    genes = f"{card.declared.set} genes"
    if not tested:
        reasons = dict.fromkeys(item.problem.what for item in card.evidence if item.problem)
        return f"{genes} could not be tested: {'; '.join(reasons) or 'no comparison belongs to the question'}."
    each = "; ".join(
        f"{item.accession}: {_amount(effect.effect, unit)} ({_interval(effect)})" for item, effect in tested[:4]
    )
    more = f"; and {len(tested) - 4} more" if len(tested) > 4 else ""
    return f"{genes} {_compared(card.evidence)}: {each}{more}. {excluded_words(card, unit)}"


def _compared(evidence: Sequence[CardContrast]) -> str:
    """Name the groups, where all comparisons name the same ones; labels are free text, so they stand in quotes."""
    pairs = {(str(item.target_label), str(item.reference_label)) for item in evidence}
    if len(pairs) == 1:
        target, reference = next(iter(pairs))
        return f"in “{words.shortened(target, 60)}” than in “{words.shortened(reference, 60)}”"
    return "in the target groups than in their references"


def _unit(card: Card) -> str:
    if card.kind == "cohort":
        paired = any(item.blocking == "fixed" for item in card.evidence)
        return "SD of within-pair variation" if paired else "SD of between-person variation"
    return "log2 units"


def _amount(effect: float, unit: str) -> str:
    return f"{words.number(abs(effect))} {unit} {words.side(effect)}"


def _interval(effect: Shown) -> str:
    return f"{words.number(effect.ci_low)} to {words.number(effect.ci_high)}"


def _adjusted_words(card: Card) -> str:
    adjusted = card.columns_of(CompositionColumns).composition_adjusted
    if adjusted is None:
        return "not adjusted for the mix of cells"
    return f"{adjusted_amount(adjusted)} ({adjusted_interval(adjusted)}) after adjusting for blood composition"


def excluded_words(card: Card, unit: str) -> str:
    """Say what the data could have excluded."""
    value = card.smallest_excludable
    if value is None:
        return "No effect size could have been excluded."
    side = {"up": "anything above", "down": "anything lower than −"}.get(card.declared.direction, "anything beyond ±")
    space = " " if side.endswith("above") else ""
    return f"Had there been no effect, these data would have excluded {side}{space}{words.number(abs(value))} {unit.split(' of ')[0]}."


def overview_line(card: Card) -> str:
    """Return one short line: effect with interval, adjusted effect, and how many sources agree."""
    effect = main_effect(card)
    unit = "SD" if card.kind == "cohort" else "log2"
    parts = []
    if effect is not None:
        parts.append(f"{_amount(effect.effect, unit)} ({_interval(effect)})")
        adjusted = card.columns_of(CompositionColumns).composition_adjusted
        if adjusted is not None:
            parts.append(f"{words.number(adjusted.effect)} adjusted for blood cells")
    else:
        tested = [effect for item in card.evidence if (effect := shown(item)) is not None]
        parts.append(
            " v ".join(_amount(effect.effect, unit) for effect in tested[:3])
            if tested
            else "no comparison could be tested"
        )
    if card.agreeing:
        parts.append(f"{card.agreeing.k} of {card.agreeing.n} sources agree")
    return " · ".join(parts)


def tiles(card: Card) -> list[Mapping[str, str]]:
    """Return the key figures of a card: what is asked, the figure, and what it means or why there is none."""
    unit, subject = "SD" if card.kind == "cohort" else "log2", subject_of(card)
    made = {
        10: _effect_tile(card, unit),
        30: _excludable_tile(card, unit),
        40: _agreeing_tile(card),
        50: make_tile(
            "p_self_contained",
            "Did the set change?",
            words.p_statement(card.p_self_contained),
            f"self-contained (FRY){_smallest(card, 'p_self_contained')}",
        ),
        60: make_tile(
            "p_competitive",
            "More than other genes?",
            words.p_statement(card.p_competitive),
            f"competitive (CAMERA){_smallest(card, 'p_competitive') or _reading(card)}",
        ),
        **{place: make(subject) for entry in CONSIDERATIONS for place, make in entry.tiles.items()},
    }
    return [made[place] for place in sorted(made)]


def _effect_tile(card: Card, unit: str) -> dict[str, str]:
    effect, name = main_effect(card), "Effect, total" if card.kind == "cohort" else "Effect beyond other genes"
    if effect is None:
        return make_tile("effect", name, "no single figure", card.not_computed.get("pooled", "not pooled"))
    alone = "" if card.pooled else "; one dataset"
    return make_tile("effect", name, _amount(effect.effect, unit), f"95 % CI {_interval(effect)}{alone}")


def _excludable_tile(card: Card, unit: str) -> dict[str, str]:
    value, name = card.smallest_excludable, "Could have excluded"
    if value is None:
        return make_tile("excludable", name, "nothing", "no effect size could have been excluded")
    margin = card.declared.margin
    beside = f"; margin {words.number(margin)}" if margin is not None else ""
    return make_tile("excludable", name, f"beyond {words.number(abs(value))} {unit}", f"one-sided 95 %{beside}")


def _agreeing_tile(card: Card) -> dict[str, str]:
    agreeing = card.agreeing
    noun = "Cohorts that agree" if card.kind == "cohort" else "Experiments that agree"
    if not agreeing:
        return make_tile("agreeing", noun, "none tested", "no comparison could be tested")
    return make_tile("agreeing", noun, f"{agreeing.k} of {agreeing.n}", "independent sources")


def _smallest(card: Card, key: str) -> str:
    """Say how several comparisons became one p, where there are several."""
    known = sum(getattr(item, key) is not None for item in card.evidence)
    return f"{_reading(card) if key == 'p_competitive' else ''}; smallest of {known}, × {known}" if known > 1 else ""


def _reading(card: Card) -> str:
    told = [str(item.competitive_reading) for item in card.evidence if item.competitive_reading]
    few = told and all(text.startswith("uninformative") for text in told)
    return "; uninformative: too few samples" if few else ""

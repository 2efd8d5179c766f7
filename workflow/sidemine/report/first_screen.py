"""The first screen: what a reader with one minute sees of a hypothesis, in plain words first and figures second.

Nothing is decided here: every number comes from `verdicts.json` and the stages that it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.drawing import words
from sidemine.drawing.panel import Subject, Tile, make_tile
from sidemine.effect.plain_words import people_of, plain_words
from sidemine.effect.record import COHORT_UNIT, EXPERIMENT_UNIT, Interval
from sidemine.report.badge import excludes
from sidemine.report.findings import effect_words, excluded_size, exclusion_words
from sidemine.report.subject import told_of
from sidemine.text.phrases import first_of
from sidemine.verdict.card import Card, CardContrast
from sidemine.verdict.vocabulary import Verdict

_EFFECTS_NAMED = 4
LONGEST_DOUBT = 260
"""Characters of a doubt on the first screen; the whole stands below."""


def doubt_checked(card: Card) -> str:
    """Return what came of the run that takes away what is doubted; empty where the doubt has no such run."""
    return words.shortened(" ".join(row.checked for row in told_of(card) if row.checked), LONGEST_DOUBT)


def plain_sentence(card: Card) -> str:
    """Tell the answer as one would tell a colleague: how much, in whom, total and adjusted, and what could be excluded."""
    if card.kind == "panel":
        return " ".join([*(row.of_arms for row in told_of(card) if row.of_arms), *_fineness(card)])
    effect = card.main_effect
    if effect is None:
        return _without_one_effect(card)
    unit, compared = _unit(card), f"in {_groups(card.evidence, ' than in ')}"
    interval = f"95 % CI {_interval(effect)}"
    if card.kind == "cohort":
        plain = plain_words(effect.effect, COHORT_UNIT, people_of(card.evidence))
        clauses = [row.clause for row in told_of(card) if row.clause]
        told = "; ".join([f"{words.amount(effect.effect, unit)} {compared} ({interval}): {plain}", *clauses])
    else:
        fold = plain_words(effect.effect, EXPERIMENT_UNIT).rsplit(" ", 1)[0]
        amount = words.amount(effect.effect, f"{unit} ({fold})")
        told = f"{amount} {compared} ({interval} log2), counted beyond the other measured genes"
    excluded = f"{exclusion_words(card)}. " if excludes(card) else ""
    return " ".join([f"{excluded}{card.declared.set} genes are {told}.", *_fineness(card)])


def key_amounts(card: Card) -> list[str]:
    """Return the parts of the plain sentence that a reader should see first: the effect, in total and adjusted."""
    effect = card.main_effect
    if effect is None:
        return []
    amount = f"{words.number(abs(effect.effect))} {_unit(card).split(' of ')[0]}"
    return [amount, *(row.amount for row in told_of(card) if row.amount)]


def _without_one_effect(card: Card) -> str:
    unit = _unit(card)
    tested = card.estimated
    genes = f"{card.declared.set} genes"
    if not tested:
        reasons = dict.fromkeys(item.problem.what for item in card.evidence if item.problem)
        return f"{genes} could not be tested: {'; '.join(reasons) or 'no comparison belongs to the question'}."
    effects = [
        f"{item.accession}: {words.amount(effect.effect, unit)} (95 % CI {_interval(effect)})"
        for item, effect in tested
    ]
    each = first_of(effects, _EFFECTS_NAMED, "; ", "; and ")
    apart = card.pooled.sizes_differ if card.pooled else None
    differ = f" Together: {apart.words}; no single figure stands for them, since {apart.reason}." if apart else ""
    told = f"{genes}, {_groups(card.evidence, ' against ')}: {each}.{differ}"
    return words.typeset(" ".join([told, *_fineness(card)]))


def _groups(evidence: Sequence[CardContrast], between: str) -> str:
    """Name the groups, where all comparisons name the same ones; labels are free text, so they stand in quotes."""
    pairs = {(str(item.target_label), str(item.reference_label)) for item in evidence}
    if len(pairs) == 1:
        target, reference = next(iter(pairs))
        return f"“{words.shortened(target, 60)}”{between}“{words.shortened(reference, 60)}”"
    return f"the target groups{between}their references"


def _unit(card: Card) -> str:
    if card.kind == "cohort":
        return "SD of between-person variation"
    return "log2 units"


def _interval(effect: Interval) -> str:
    return f"{words.number(effect.ci_low)} to {words.number(effect.ci_high)}"


def _fineness(card: Card) -> list[str]:
    """Say how fine the data are where they neither show an effect nor exclude one; of other answers a key figure says so."""
    return [excluded_words(card, _unit(card))] if card.verdict in {Verdict.NOT_TESTABLE, Verdict.CONFLICTING} else []


def excluded_words(card: Card, unit: str) -> str:
    """Say how fine the data are: which effect they would exclude, had nothing changed."""
    value = card.smallest_excludable
    if value is None:
        return "These data could rule out no effect, however large."
    changed, change = {"up": ("risen", "rise"), "down": ("fallen", "fall")}.get(
        card.declared.direction, ("changed", "change")
    )
    amount = f"{words.number(abs(value))} {unit.split(' of ')[0]}"
    return f"Had nothing {changed}, these data would rule out a {change} of {amount} or more."


def overview_line(card: Card) -> str:
    """Return one short line: effect with interval, adjusted effect, and how many sources agree."""
    effect = card.main_effect
    unit, told = words.short_unit(card.kind), told_of(card)
    parts = [row.pattern for row in told if row.pattern]
    of_arms = bool(parts)
    if excludes(card) and not of_arms:
        parts.append(f"excluded: {excluded_size(card)}")
    if of_arms or (effect is not None and card.kind != "cohort"):  # in per cent, as on the page of the study
        parts.append(effect_words(card))
    elif effect is not None:
        parts.append(f"{words.amount(effect.effect, unit)} (95 % CI {_interval(effect)})")
        parts += [row.brief for row in told if row.brief]
    else:
        tested = card.estimated
        parts.append(
            " v ".join(_in_short(card, effect) for _, effect in tested[:3])
            if tested
            else "no comparison could be tested"
        )
    if card.agreeing:
        k, n = card.agreeing.k, card.agreeing.n
        parts.append("one source" if n == 1 else f"{k} of {n} sources {_agree(card)}")
    return " · ".join(parts)


def _in_short(card: Card, effect: Interval) -> str:
    """Return one effect of several without its interval: SD of people, per cent of experiments."""
    if card.kind == "cohort":
        return words.amount(effect.effect, words.short_unit(card.kind))
    return plain_words(effect.effect, EXPERIMENT_UNIT)


def _agree(card: Card) -> str:
    """Say what agreeing sources do: of a negative control, what must not be seen."""
    return "show the change" if card.role == "negative_control" else "agree"


def effect_tile(card: Card, subject: Subject) -> Tile | None:
    """Return the effect that the answer rests on, or why there is no single one; None of a panel, which answers by its arms."""
    if card.kind == "panel":
        return None
    effect, name = card.main_effect, "Effect, total" if subject.is_cohort else "Effect beyond other genes"
    if effect is None:
        apart = card.pooled.sizes_differ if card.pooled else None
        why = apart.words if apart else card.not_computed.get("pooled", "not pooled")
        return make_tile("effect", name, "no single figure", why)
    alone = "" if card.pooled else "; one dataset"
    return make_tile(
        "effect", name, words.amount(effect.effect, words.short_unit(card.kind)), f"95 % CI {_interval(effect)}{alone}"
    )


def excludable_tile(card: Card, _subject: Subject) -> Tile:
    """Return what the data could have excluded."""
    value, name = card.smallest_excludable, "Excluded, if there were no effect"
    if value is None:
        return make_tile("excludable", name, "nothing", "however large")
    margin, error = card.declared.margin.value, card.declared.margin.error
    within = f" (95 % CI {words.number(error.ci_low)} to {words.number(error.ci_high)})" if error else ""
    beside = f"; margin {words.number(margin)} {words.short_unit(card.kind)}{within}" if margin is not None else ""
    amount = f"{words.number(abs(value))} {words.short_unit(card.kind)} or more"
    return make_tile("excludable", name, amount, f"one-sided 95 % limit{beside}")


AGREES = {
    "up": "in the declared direction, effect beyond 1 SE (z > 1)",
    "down": "in the declared direction, effect beyond 1 SE (z > 1)",
    "either": "in one direction, effect beyond 1 SE (z > 1)",
}
"""What `agrees` asks of a source, by declared direction."""


def agreeing_tile(card: Card, subject: Subject) -> Tile | None:
    """Return how many independent sources agree; None of a panel, whose arms are one source and answer in their own tile."""
    if card.kind == "panel":
        return None
    noun = f"{'Cohorts' if subject.is_cohort else 'Experiments'} that {_agree(card)}"
    if not card.agreeing:
        return make_tile("agreeing", noun, "none tested", "no comparison could be tested")
    return make_tile(
        "agreeing",
        noun,
        f"{card.agreeing.k} of {card.agreeing.n}",
        f"independent sources {AGREES[card.declared.direction]}",
    )


def self_contained_tile(card: Card, _subject: Subject) -> Tile:
    """Return the p-value of the self-contained test."""
    hint = f"self-contained (FRY){_smallest([item.p_self_contained for item in card.evidence])}"
    return make_tile("p_self_contained", "Did the set change?", words.p_statement(card.p_self_contained), hint)


def competitive_tile(card: Card, _subject: Subject) -> Tile:
    """Return the p-value of the competitive test."""
    few = "; uninformative: too few samples" if card.competitive_is_uninformative else ""
    hint = f"competitive (CAMERA){few}{_smallest([item.p_competitive for item in card.evidence])}"
    return make_tile("p_competitive", "More than other genes?", words.p_statement(card.p_competitive), hint)


def _smallest(p_values: Sequence[float | None]) -> str:
    """Say how several comparisons became one p, where there are several."""
    known = sum(value is not None for value in p_values)
    return f"; smallest of {known} single comparisons, times {known}" if known > 1 else ""

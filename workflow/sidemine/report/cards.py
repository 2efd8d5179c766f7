"""Answer cards: what `verdicts.json` says of one hypothesis, in the words of a card.

Nothing is decided here: every verdict, number and reason comes from the verdict stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.judgement import GateStatus, Sensitivity
from sidemine.drawing import words
from sidemine.drawing.charts import group_names, quoted_name
from sidemine.drawing.panel import Detail, Figure, Panel, Remarks, Tile
from sidemine.effect.pooled_effect import own_p
from sidemine.effect.record import PooledEffect
from sidemine.report import first_screen
from sidemine.report.findings import lowered_words, way_of
from sidemine.report.forest import heterogeneity_words, without_one
from sidemine.report.lines_view import LinesView, lines_view
from sidemine.report.subject import told_of
from sidemine.text.phrases import listed
from sidemine.verdict.card import Card, CardContrast
from sidemine.verdict.vocabulary import Verdict

_KINDS = {
    "cohort": "people compared (patients and controls)",
    "experiment": "treated and untreated samples compared",
    "panel": "compounds, doses or times of one dataset compared in one model",
}
_EXPECTED_SIDE = {"up": words.HIGHER, "down": words.LOWER, "either": "different"}
_LONGEST_EFFECT_LIST = 4


@dataclass(frozen=True)
class Effect:
    """The effect of one comparison in a sentence, with where it was measured and on which side it lies."""

    where: str
    way: str
    words: str
    reading: str


@dataclass(frozen=True)
class CardView:
    """One answer card: the card, and the words that the page puts round it.

    Attributes
    ----------
    card
        As the verdict stage wrote it.
    plain, key_amounts, way
        The plain sentence and its parts in bold, and where the main effect lies.
    doubt, checked, lowered
        The strongest doubt, shortened; what came of the run that takes it away; and what lowers the certainty, which may be another thing.
    band
        What is shaded in the forest plot: the declared margin with its size.
    tiles, forest, leading, panels, undrawn
        Key figures, the forest plot, the panels beside the answer, its checks behind a heading, and panels that have nothing
        but a reason why they are empty.
    sensitivity, not_asked
        What would change the answer: the rows that have figures, and a sentence on those that have none.
    lines
        The lines of evidence; None of a control.
    kind, headline, declared, effects, more_effects, gate_counts, figures, remarks, details
        Words and tables behind the headings.
    """

    card: Card
    plain: str
    key_amounts: Sequence[str]
    way: str
    doubt: str
    checked: str
    lowered: str
    band: str
    tiles: Sequence[Tile]
    forest: Panel
    leading: Sequence[Panel]
    panels: Sequence[Panel]
    undrawn: Sequence[Panel]
    lines: LinesView | None
    kind: str
    headline: str
    declared: str
    effects: Sequence[Effect]
    more_effects: int
    sensitivity: Sequence[Sensitivity]
    not_asked: str
    gate_counts: str
    figures: Sequence[Figure]
    remarks: Sequence[Remarks]
    details: Sequence[Detail]


def card_view(card: Card, panels: Sequence[Panel], tiles: Sequence[Tile], layers: Sequence[Panel] = ()) -> CardView:
    """Return everything that one answer card shows.

    Parameters
    ----------
    card
        The answer card.
    panels
        Its panels, the forest plot first.
    tiles
        Its key figures.
    layers
        Panels of its layers of evidence.
    """
    effects, more = effect_list(card)
    told = told_of(card)
    return CardView(
        card=card,
        plain=first_screen.plain_sentence(card),
        key_amounts=first_screen.key_amounts(card),
        way=way_of(card),
        doubt=words.shortened(card.doubt, first_screen.LONGEST_DOUBT),
        checked=first_screen.doubt_checked(card),
        lowered="" if card.is_control else lowered_words(card),
        band=band_words(card),
        tiles=tiles,
        forest=panels[0],
        leading=[panel for panel in panels[1:] if panel.leads and not panel.is_empty],
        panels=[panel for panel in panels[1:] if not panel.leads and not panel.is_empty],
        undrawn=[panel for panel in panels[1:] if panel.is_empty],
        lines=lines_view(card.synthesis, layers),
        kind=_KINDS[card.kind],
        headline=headline(card),
        declared=declared_sentence(card),
        effects=effects,
        more_effects=more,
        sensitivity=[row for row in card.sensitivity if not row.missing],
        not_asked=not_asked(card.sensitivity),
        gate_counts=gate_counts(card),
        figures=figures(card),
        remarks=[row.remarks for row in told if row.remarks],
        details=[row.detail for row in told if row.detail],
    )


def headline(card: Card) -> str:
    """Return what the verdict means, in a sentence (never yes or no: questions may be asked either way).

    Of a control: what it must do, and what the rule table alone says of it.
    """
    if card.is_control:
        side = _EXPECTED_SIDE[card.declared.direction]
        must = side if card.role == "positive_control" else f"not {side}"
        return (
            f"A {card.role.replace('_', ' ')}: its genes must be {must} in {_target(card)}. It is judged at its own level, outside "
            f"Holm's adjustment; by the rules alone it is {card.verdict}."
        )
    if card.opposite:
        return "The change is significant, but in the direction opposite to the declared one."
    if card.verdict is Verdict.NOT_TESTABLE:
        return f"{'Tested, undecided' if card.estimated else 'Could not be tested'}: these data give no answer, in either direction."
    return card.verdict.meaning


def _target(card: Card) -> str:
    """Name the group that a direction is about."""
    name, _ = group_names((row.target_label, row.reference_label) for row in card.evidence)
    return quoted_name(name)


def band_words(card: Card) -> str:
    """Return the declared margin with its size and unit; of experiments on the axis of the plot, log2."""
    value = card.declared.margin.value
    if value is None:
        return "nothing, no margin could be set"
    return f"declared margin, ±{words.number(value)} {'SD' if card.kind == 'cohort' else 'log2'}"


def declared_sentence(card: Card) -> str:
    """Tell what was declared before any result was seen."""
    declared = card.declared
    towards = {
        "up": f"higher in {_target(card)}",
        "down": f"lower in {_target(card)}",
        "either": "different, in either direction",
    }[declared.direction]
    margin = (
        f"margin {words.number(declared.margin.value)} {words.unit_words(declared.margin.unit)}"
        if words.is_number(declared.margin.value)
        else "margin not available"
    )
    over = words.count(len(declared.contrasts), "contrast")
    robust = (
        " The regression of the people's scores is Huber's: people far from the others weigh less."
        if declared.score == "huber"
        else ""
    )
    reported = {
        "up": " Reported elsewhere, as the study declares: higher.",
        "down": " Reported elsewhere, as the study declares: lower.",
    }
    return (
        f"Declared beforehand: genes of {declared.set} are {towards}, by the {declared.test} test, over {over} "
        f"({listed(declared.contrasts)}); {margin} ({words.margin_rule(declared.margin)}).{robust}"
        f"{reported.get(declared.expects_sign, '')}"
    )


def not_asked(table: Sequence[Sensitivity]) -> str:
    """Return in one sentence which rows of "what would change the answer" have no figures, each reason once."""
    names: dict[str, list[str]] = {}
    for row in table:
        if row.missing:
            names.setdefault(row.missing.rstrip("."), []).append(row.name)
    told = "; ".join(f"{listed(of_reason)} ({reason})" for reason, of_reason in names.items())
    return f"No figures: {told}." if told else ""


def gate_counts(card: Card) -> str:
    """Return, for example, `3 passed, 1 failed, 2 not evaluated`."""
    statuses = [gate.status for gate in card.gates]
    known: tuple[GateStatus, ...] = ("passed", "failed", "not evaluated")
    return ", ".join(f"{statuses.count(key)} {key}" for key in known if key in statuses) or "none"


def figures(card: Card) -> list[Figure]:
    """Return the figures that later stages compute: their value, or the reason why there is none."""
    pooled = pooled_words(card.pooled) if card.pooled else f"not computed ({card.not_computed['pooled']})"
    return [
        Figure("Pooled effect over datasets", pooled),
        *(row.figure for row in told_of(card) if row.figure),
    ]


def pooled_words(pooled: PooledEffect) -> str:
    """Tell the pooled effect: what carries it, what stands beside it, and what cannot be estimated."""
    apart = pooled.sizes_differ
    parts = [
        f"no single figure: {apart.words} ({apart.reason})"
        if apart
        else f"{words.number(pooled.effect)} {words.unit_words(pooled.unit)} (95 % CI {words.number(pooled.ci_low)} "
        f"to {words.number(pooled.ci_high)}, {words.p_statement(own_p(pooled))}; {pooled.method}, "
        f"{words.count(pooled.k, 'dataset')})",
        f"{without_one(pooled)}: {words.number(pooled.leave_one_out_low)} to {words.number(pooled.leave_one_out_high)}",
        f"random effects with Hartung–Knapp limits: {words.number(pooled.random_effect)} "
        f"({words.number(pooled.hartung_knapp_ci_low)} to {words.number(pooled.hartung_knapp_ci_high)})",
        f"Stouffer's z {words.number(pooled.stouffer_z)}, {words.p_statement(pooled.stouffer_p)}",
        heterogeneity_words(pooled),
    ]
    if "prediction_low" not in pooled.not_estimable:
        parts.append(
            f"prediction interval {words.number(pooled.prediction_low)} to {words.number(pooled.prediction_high)}"
        )
    parts += [f"{entry.contrast} left out: {entry.reason}" for entry in pooled.refused]
    return "; ".join(parts)


def effect_list(card: Card) -> tuple[list[Effect], int]:
    """Return the effects that the card lists, and how many more there are.

    None that its sentence tells already; the positive control last.
    """
    in_sentence = "95 % CI" in card.sentence and all(item.accession in card.sentence for item in card.evidence)
    rows = [] if in_sentence else card.evidence
    effects = [_effect(item) for item in rows[:_LONGEST_EFFECT_LIST]]
    if card.control:
        effects.append(_effect(card.control, f"Positive control, {card.control.accession}"))
    return effects, max(0, len(rows) - _LONGEST_EFFECT_LIST)


def _effect(item: CardContrast, where: str = "") -> Effect:
    if not item.testable:
        what = item.problem.what if item.problem else "no reason was given"
        return Effect(where or item.accession, "none", f"not testable: {what}", "")
    side = words.side(item.effect or 0.0)
    return Effect(
        where=where or f"{item.accession}, {item.tissue}",
        way=side if side in {words.HIGHER, words.LOWER} else "none",
        words=words.effect_sentence(item),
        reading=words.interval_reading(item),
    )

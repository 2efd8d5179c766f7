"""The badge of an answer: its word, and beside it what this word alone would hide.

A verdict is one of five words, whatever the question. Where its direction is open, where it points against what was declared, or
where it is on one part of a question of two, the word alone is read as saying more than it does; where a change is excluded, as
saying less; `not testable` says the same of data that are not there and of data that were tested and cannot tell; and a control may
move the other way and pass. Every place
that shows the word shows this beside it.
"""

from __future__ import annotations

from sidemine.report.subject import told_of
from sidemine.verdict.card import Card
from sidemine.verdict.vocabulary import Behaviour, Verdict

DIRECTION_OPEN = "direction open"
OPPOSITE = "opposite direction"
UNDECIDED = "undecided"
EXCLUDED = "excluded"
PASSED = "passed"
_WITHOUT_SIDE = {Verdict.CONFLICTING, Verdict.NOT_TESTABLE}


def is_open(card: Card) -> bool:
    """Whether an answer tells of a change whose direction is not settled: an adjusted effect lies on the other side."""
    points = card.verdict not in _WITHOUT_SIDE and not excludes(card)
    return points and any(row.unsettled for row in told_of(card))


def excludes(card: Card) -> bool:
    """Whether the answer is that an effect of the margin is excluded."""
    return card.verdict is Verdict.NOT_SUPPORTED and not card.opposite


def beside_word(card: Card) -> str:
    """Return what stands beside the word of an answer or a control; empty where the word says enough."""
    if card.is_control:
        return PASSED if card.behaviour is Behaviour.TURNED else ""
    if card.opposite:
        return OPPOSITE
    if card.verdict is Verdict.NOT_TESTABLE:
        return UNDECIDED if card.estimated else ""
    parts = [row.part for row in told_of(card) if row.part]
    if is_open(card):
        return DIRECTION_OPEN
    # `not supported` alone is read as a lack of evidence.
    return "".join(parts) or (EXCLUDED if excludes(card) else "")


def badge_words(card: Card) -> str:
    """Return the word of an answer with what stands beside it."""
    beside = beside_word(card)
    return f"{card.word} · {beside}" if beside else str(card.word)

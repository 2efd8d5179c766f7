"""Numbers and sentences in plain words: what a clinician reads instead of a table.

Pure functions of plain values. Every signed number is target minus reference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import TypeGuard

from sidemine.effect.plain_words import as_percent_change, signed_percent
from sidemine.effect.record import ContrastEvidence, Interval, Margin, PooledEstimate, way
from sidemine.text.phrases import listed

HIGHER, LOWER, EQUAL = "higher", "lower", "neither higher nor lower"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TO_WRITE_OUT = re.compile(
    "[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"  # turn the direction of reading
    "\\x00-\x1f\x7f-\x9f"  # control characters
    "\ud800-\udfff"  # halves of characters
    "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]"  # of private use
)
_MINUS = "\N{MINUS SIGN}"
LONGEST_TEXT = 600
"""Longest text, in characters, that is shown of one metadata value or sentence."""


def bounded(text: str, limit: int = LONGEST_TEXT) -> str:
    """Return `text` with invisible controls made visible and at most `limit` characters of it, saying what was cut.

    Deposited metadata may hold anything. Direction overrides can make a name read as another, so they are written
    out as their code point; control characters likewise.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    cut = text[:limit]
    shown = _TO_WRITE_OUT.sub(lambda found: _visible(found[0]), cut)
    missing = len(text) - len(cut)
    return f"{shown} … [{missing:,} more characters]" if missing else shown


def bounded_apart(texts: Collection[str], limit: int) -> dict[str, str]:
    """Return each text `bounded`; where two begin alike, with more of their characters, up to `LONGEST_TEXT`.

    >>> bounded_apart(["hospital, laboratory 1", "hospital, laboratory 2"], 12)
    {'hospital, laboratory 1': 'hospital, laboratory 1', 'hospital, laboratory 2': 'hospital, laboratory 2'}
    """
    while True:
        if limit >= LONGEST_TEXT or len({text[:limit] for text in texts}) == len(set(texts)):
            return {text: bounded(text, limit) for text in texts}
        limit *= 2


RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
"""Letters that are read from right to left, as a class of a regular expression (Unicode 16, blocks of Hebrew to Arabic)."""
_FROM_RIGHT = re.compile(f"[{RIGHT_TO_LEFT}]")


def isolated(name: str) -> str:
    """Return a name of letters that are read from right to left apart from its neighbours in a figure: a number beside it keeps its place.

    By first-strong isolates (Unicode Standard Annex 9), after `bounded`, which writes out those of the name itself. HTML has `bdi`.
    """
    return f"\u2068{name}\u2069" if _FROM_RIGHT.search(name) else name


def shortened(text: str, limit: int) -> str:
    """Return `text`, or as many of its words as fit into `limit` characters and an ellipsis.

    >>> shortened("one two three", 9), shortened("short", 9)
    ('one two …', 'short')
    """
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut} …"


def first_sentence(text: str) -> str:
    """Return the first sentence of `text`, with its full stop.

    >>> first_sentence("Nobody ran it. Selectors rest on hearsay."), first_sentence("One only")
    ('Nobody ran it.', 'One only')
    """
    end = re.search(r"[.!?](?=\s+[A-Z\d“])", text)
    return text[: end.end()] if end else text


def _visible(character: str) -> str:
    return " " if character in "\n\t\r" else f"[U+{ord(character):04X}]"


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether `value` is a finite number (a bool is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with `digits` decimals and a true minus sign; an em dash when there is none. What rounds to 0 has no sign.

    >>> number(-0.305), number(-0.001), number(None)
    ('−0.30', '0.00', '—')
    """
    if value is None or not math.isfinite(value):
        return "—"
    return f"{value:z.{digits}f}".replace("-", _MINUS)


def p_value(value: float | None) -> str:
    """Return a p-value in words, never as 0.

    >>> p_value(0.04312), p_value(2e-7), p_value(0.0), p_value(None)
    ('0.043', '2.0 × 10⁻⁷', '< 10⁻³⁰⁰', 'not computed')
    """
    if value is None or not math.isfinite(value):
        return "not computed"
    if value < 1e-300:
        return "< 10⁻³⁰⁰"
    if value >= 0.0995:
        return f"{value:.2f}"
    if value >= 0.001:
        return f"{value:.2g}" if value < 0.01 else f"{value:.3f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def typeset(text: str) -> str:
    """Return a sentence of another stage with its numbers as this page writes them: true minus, never of 0, powers of ten, 5 %.

    >>> typeset("lower by -0.90 (p = 4.9e-08; -0.00 to 0.03), age 18-88, 20% of the set")
    'lower by −0.90 (p = 4.9 × 10⁻⁸; 0.00 to 0.03), age 18-88, 20 % of the set'
    """
    powers = re.sub(
        r"(?<![\w.])(\d(?:\.\d+)?)e([+-]\d+)\b",
        lambda found: f"{found[1]} × 10{str(int(found[2])).translate(_SUPERSCRIPTS)}",
        str(text),
    )
    unsigned = re.sub(r"(?<![^\s(\[±])[-−](?=0\.0+(?![\d.]| × ))", "", powers)
    signed = re.sub(r"(?<![^\s(\[±])-(?=\d)", _MINUS, unsigned)
    return re.sub(r"(?<=\d)%(?!\w)", " %", signed)


_WHOLE = re.compile(
    r"(?<=\d) (?=(?:<button[^>]*>)?(?:%|(?:between-person )?SD|log2|[nµm]M)(?!\w))|(?<=\d %) (?=CI\b|limits?\b)"
    r"|(?:(?<=\b[pqkn])|(?<=\b[pqkn]</button>)) (?=(?:[=≤≥]|&lt;) [\d−])|(?:(?<=[=≤≥])|(?<=&lt;)) (?=[\d−])"
    r"|(?<=\d) (?=× 10)|(?<=\d ×) (?=10)"
    r"|(?<=[\d%]) (?=(?:to|v) [−+]?\d)|(?:(?<=[\d%] to)|(?<=\d v)) (?=[−+]?\d)"
    r"|(?<=%) (?=(?:higher|lower|different)\b)|(?<=-fold) (?=higher\b)|(?<=\w:) (?=[\d.]+(?: %|-fold) (?:higher|lower|different)\b)"
)


def unbroken(text: str) -> str:
    r"""Return a text or HTML in which no line ends within a figure: before its unit, sign or power of ten, or inside of an interval.

    >>> unbroken("0.57 SD (95 % CI 0.20 to 0.70; p = 2 × 10⁻⁵), 177 v 88").replace("\u00a0", "~")
    '0.57~SD (95~%~CI 0.20~to~0.70; p~=~2~×~10⁻⁵), 177~v~88'
    """
    return _WHOLE.sub("\N{NO-BREAK SPACE}", text)


def p_statement(value: float | None) -> str:
    """Return `p = …`, `p < …` or `not computed`."""
    words = p_value(value)
    return words if words == "not computed" else f"p {words}" if words.startswith("<") else f"p = {words}"


def count(value: int, singular: str, plural: str = "") -> str:
    """Return how many there are, in words.

    Parameters
    ----------
    value
        The number.
    singular, plural
        The word; without a plural, an s is added.

    >>> count(1, "sample"), count(12345, "gene"), count(2, "study", "studies")
    ('1 sample', '12,345 genes', '2 studies')
    """
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def percent(part: float, whole: float) -> str:
    """Return a share as a whole percentage; an em dash of nothing."""
    return f"{100 * part / whole:.0f} %" if whole else "—"


def side(value: float) -> str:
    """Say on which side of the reference the target lies; on neither what two digits show as 0.00."""
    shown = round(value, 2)
    return HIGHER if shown > 0 else LOWER if shown < 0 else EQUAL


def is_turned(adjusted: PooledEstimate, total: Interval | None) -> bool:
    """Whether an adjusted effect lies on the other side of the total one."""
    return total is not None and {side(adjusted.effect), side(total.effect)} == {HIGHER, LOWER}


def turned_words(adjusted: PooledEstimate) -> str:
    """Say of an effect on the other side what its interval lets one say: `higher`, `lower`, or `no longer`."""
    found = way(adjusted.ci_low, adjusted.ci_high)
    return "no longer" if found == "unclear" else found


def amount(value: float, unit: str) -> str:
    """Return how far the target lies from the reference, and on which side of it.

    >>> amount(-0.5, "SD"), amount(-0.001, "log2 units")
    ('0.50 SD lower', '0.00 log2 units different')
    """
    return f"{number(abs(value))} {unit} {amount_side(value)}"


def amount_side(value: float) -> str:
    """Return the word after an amount: its side, and of 0.00 that it is no difference on either side."""
    found = side(value)
    return "different" if found == EQUAL else found


def short_unit(kind: str) -> str:
    """Return the unit of effects of a kind of hypothesis, as it stands beside a figure."""
    return "SD" if kind == "cohort" else "log2"


def unit_words(effect_unit: str) -> str:
    """Return the unit of an effect as a reader would say it."""
    return {
        "Hedges g": "SD (Hedges g)",
        "log2 fold change over complement": "log2 units beyond the other measured genes",
    }.get(effect_unit, effect_unit)


def effect_sentence(evidence: ContrastEvidence) -> str:
    """Tell one contrast's effect with its 95 % confidence interval, unit and direction.

    Parameters
    ----------
    evidence
        Of one contrast; `effect` is target minus reference.
    """
    effect = evidence.effect
    if not is_number(effect):
        return "no effect could be estimated"
    interval = f"95 % CI {number(evidence.ci_low)} to {number(evidence.ci_high)}"
    # Labels are free text, so they stand beside the sentence and not in its grammar.
    compared = f"{side(effect)} ({evidence.target_label} versus {evidence.reference_label})"
    if not evidence.effect_unit.startswith("log2"):
        return f"{number(abs(effect))} {unit_words(evidence.effect_unit)} {compared} ({number(effect)}, {interval})"
    words = (
        f"{number(abs(effect))} log2 units {compared}, beyond the other measured genes ({number(effect)}, {interval})"
    )
    if is_number(evidence.set_log2_fold_change):
        words += f"; the set's own genes: {as_percent_change(evidence.set_log2_fold_change)} on average"
    return words


def interval_reading(evidence: ContrastEvidence) -> str:
    """Say what the confidence interval allows."""
    low, high = evidence.ci_low, evidence.ci_high
    if not (is_number(low) and is_number(high)):
        return ""
    if low > 0 or high < 0:
        return "the interval excludes “no difference”"
    return "the interval includes “no difference”"


def margin_rule(margin: Margin) -> str:
    """Return how a margin came about; of one that was measured, with its error and where that is counted.

    Parameters
    ----------
    margin
        The margin of a card.
    """
    error = margin.error
    if error is None:
        return margin.rule
    interval = f"{number(error.ci_low)} to {number(error.ci_high)} log2 units"
    verb = "shares" if len(error.correlations) == 1 else "share"
    shared = (
        f"; {listed(list(error.correlations))} {verb} samples with that control: of the error only what that adds counts"
        if error.correlations
        else ""
    )
    return f"{margin.rule}; its 95 % CI {interval}, counted in exclusions{shared}"


def margin_words(margin: float, direction: str) -> str:
    """Return the margin of an experiment in per cent; where a rise and a fall are asked about, both.

    Parameters
    ----------
    margin
        In log2 units, without sign.
    direction
        What is asked about: a fall and a rise of as many log2 units differ in per cent.

    Examples
    --------
    >>> margin_words(0.4, "down"), margin_words(0.4, "up"), margin_words(0.4, "either")
    ('24 %', '32 %', '24 % down or 32 % up')
    """
    if direction not in {"up", "down"}:
        return f"{margin_words(margin, 'down')} down or {margin_words(margin, 'up')} up"
    return f"{signed_percent(margin if direction == 'up' else -margin)[1:]} %"

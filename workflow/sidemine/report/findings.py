"""Summary of findings: per question the answer in words, the plain effect, studies and people, certainty, and what would change it.

A habit of Cochrane reviews (Guyatt et al. 2011, doi 10.1016/j.jclinepi.2010.04.026). Nothing is decided here: answers and
certainty come from the verdict stage, effects from the card.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from sidemine.differential.record import DesignRecord, FittedDesign
from sidemine.drawing import words
from sidemine.effect.plain_words import (
    PATIENTS,
    as_percent_limits,
    draws_of_100,
    fold_beside,
    limits_of_100,
    people_of,
    plain_words,
    signed_percent,
)
from sidemine.effect.record import COHORT_UNIT, EXPERIMENT_UNIT, Interval
from sidemine.report.badge import excludes, is_open
from sidemine.report.subject import told_of
from sidemine.text.phrases import capitalised, first_of, listed
from sidemine.verdict.card import Card, Certainty, Domain
from sidemine.verdict.cohorts import FEWEST_FOR_OTHERS, SUPPORTED_P
from sidemine.verdict.vocabulary import Behaviour, Verdict

_NAMED = 3
"""Effects of one question that the summary names; the card has all."""
_FEW = 6
"""Questions that the summary shows in the large."""
_LONGEST_ANSWER = 170
_EXCLUSION = (
    "“Not supported” is evidence against: chance alone would hardly hide an effect of the margin's size "
    "(one-sided 95 % limit); bias could."
)
_MARGIN = "Margin, the smallest change declared to matter"
_SHOWN = f"“Supported”: there is a change (p at most {SUPPORTED_P:g}); whether it is as large as a margin is not asked."
_UNRELATED = "Random pairs are of unrelated people, also where samples are matched."
_BEYOND = "beyond other genes"
_BEYOND_IN_FULL = "Per cents are changes beyond those of all other genes"
_WHOLE = "SDs are whole changes: the two do not compare"
_TURNED = "So in {where} a change of {amount} can come from something else than the pathway: {then}."
"""What follows from a negative control that moved the other way."""
_MET = "though every declared condition is met"
"""Beside a low certainty of an answer that is supported: conditions were declared beforehand, certainty weighs all else too."""
_LOW = 2
"""Place of the highest level of certainty that stands beside `supported` with a clause of its own."""
_REASONS = 3
"""Most reasons that stand beside a level of certainty; the footnotes have all."""
_UNRATED = "checked, not rated down"
"""Before a serious finding without which the effect reads the same."""
_CHANGE = {"up": "rise", "down": "fall", "either": "change"}


@dataclass(frozen=True)
class Finding:
    """One row of the summary.

    Attributes
    ----------
    card
        The answer card.
    answer, effect, way, studies
        The answer in words; the effect as one would tell it, with its figures, and on which side it lies; studies and people.
    level, why
        Its certainty, and why that is not higher, each reason in a word or three.
    notes
        The letters of the footnotes that say so in full, and of doubts that were checked.
    change
        What would change the answer.
    has_repeats
        Whether samples of one person or culture were counted once.
    """

    card: Card
    answer: str
    effect: str
    way: str
    studies: str
    level: str
    why: str
    notes: Sequence[str]
    change: str
    has_repeats: bool
    number: int = 0
    """Its place among the questions or the controls, from 1 on: what stands below the table names rows by it."""

    @property
    def label(self) -> str:
        """Its number; of a control with a C before it."""
        return f"C{self.number}" if self.card.is_control else str(self.number)


@dataclass(frozen=True)
class Footnote:
    """Why answers are rated down, or doubted: its letter, a word before it, and the reasons."""

    letter: str
    about: str
    reasons: Sequence[str]

    @property
    def words(self) -> str:
        """The reasons as the page writes them."""
        return words.typeset(" ".join(self.reasons))


@dataclass(frozen=True)
class Findings:
    """The summary: questions, controls, the footnotes of both, each reason once, and the numbers of questions that rest on one source of data."""

    questions: Sequence[Finding]
    controls: Sequence[Finding]
    footnotes: Sequence[Footnote]
    of_one_source: Sequence[Sequence[int]] = ()

    @property
    def keys(self) -> list[str]:
        """What a reader must know to read the rows, where these rows ask for it."""
        told = []
        cards = [row.card for row in self.questions]
        if any(card.verdict is Verdict.SUPPORTED and card.kind == "cohort" for card in cards):
            told.append(_SHOWN)
        if any(excludes(card) for card in cards):
            told.append(_EXCLUSION)
        told += self._margins
        counts = next((found for row in self.questions if (found := re.search(r"\d+ v \d+", row.studies))), None)
        if counts:
            told.append(f"{counts[0]}: the group that the answer names first stands first.{self._arms}")
        if any(card.kind == "cohort" and any(row.blocking != "none" for row, _ in card.estimated) for card in cards):
            told.append(_UNRELATED)
        if self.of_experiments:
            told.append(f"{_BEYOND_IN_FULL}{'' if self.of_experiments == _BEYOND else f'; {_WHOLE}'}.")
        repeated = [row for row in self.questions if row.has_repeats]
        if repeated:
            where = "" if len(repeated) == len(self.questions) else f" ({_labels(repeated)})"
            told.append(f"Repeats of one person or culture count once{where}.")
        if self.of_one_source:
            first, *others = (_ranges(group) for group in self.of_one_source)
            also = f", so do {'; '.join(others)}: within a source" if others else ":"
            told.append(f"Questions {first} rest on one source{also} they do not confirm each other.")
        return told

    @property
    def of_experiments(self) -> str:
        """What the sizes of experiments are, for the head of their column; empty where no row has one."""
        kinds = {row.card.kind == "cohort" for row in self.questions if row.card.estimated}
        return "" if False not in kinds else f"%: {_BEYOND}" if True in kinds else _BEYOND

    @property
    def _margins(self) -> list[str]:
        """Return what the margins that rows name are, and where each comes from; where there are several, which rows have it."""
        rows = [*self.questions, *self.controls]
        named = [row for row in rows if row.card.estimated and (excludes(row.card) or row.card.kind == "panel")]
        having: dict[str, dict[str, list[Finding]]] = {}
        for row in named:
            sizes = having.setdefault(words.margin_rule(row.card.declared.margin), {})
            sizes.setdefault(_margin_change(row.card), []).append(row)
        # Under a table with other margins, a margin without its row would be read as that of all.
        one = len({_margin_change(row.card) for row in rows}) == 1 and len(having) == 1
        told = []
        for rule, sizes in having.items():
            changes = " or ".join(size if one else f"{size} ({_labels(group)})" for size, group in sizes.items())
            told.append(f"{changes}, {words.typeset(rule)}")
        return [f"{_MARGIN}: {'; '.join(told)}."] if told else []

    @property
    def _arms(self) -> str:
        """Name what the arms of panels are compared with, where it is one thing."""
        references = {
            row.reference_label for found in self.questions if found.card.kind == "panel" for row in found.card.evidence
        }
        return f" Arms are compared with “{references.pop()}”." if len(references) == 1 else ""

    @property
    def control_line(self) -> str:
        """How many controls behaved as expected: they stand below the table, and it is read with them."""
        if not self.controls:
            return ""
        behaviours = [row.card.behaviour for row in self.controls]
        turned = behaviours.count(Behaviour.TURNED)
        passed, n = behaviours.count(Behaviour.EXPECTED) + turned, len(behaviours)
        parts = [f"all {n} passed" if passed == n > 1 else f"{passed} of {n} passed"]
        if turned:
            parts[0] += f" ({turned} with care)"
        for behaviour in (Behaviour.UNEXPECTED, Behaviour.UNKNOWN):
            if behaviour in behaviours:
                parts.append(f"{behaviours.count(behaviour)} {behaviour.brief}")
        return ", ".join(parts)

    @property
    def is_long(self) -> bool:
        """Whether the questions are so many that their rows are set closely."""
        return len(self.questions) > _FEW


def findings_of(cards: Sequence[Card], designs: Mapping[str, DesignRecord]) -> Findings:
    """Return the summary of a study.

    Parameters
    ----------
    cards
        Its answers, in declared order.
    designs
        By contrast: who takes part.
    """
    controls = [card for card in cards if card.is_control]
    questions = [card for card in cards if not card.is_control]
    notes = _footnotes(questions)
    letters = {(note.about, reason): note.letter for note in notes for reason in note.reasons}

    def lettered(reasons: Iterable[tuple[str, str]]) -> list[str]:
        return sorted({letters[reason] for reason in reasons}, key=lambda letter: (len(letter), letter))

    def resting(control: Card) -> list[int]:
        """Return the numbers of the questions that rest on data of a control."""
        sources = {row.source for row, _ in control.estimated}
        rest = ({row.source for row, _ in card.estimated} for card in questions)
        return [number for number, of_question in enumerate(rest, start=1) if of_question & sources]

    def finding(number: int, card: Card) -> Finding:
        reasons = [] if card.is_control else _reasons(card)
        return Finding(
            card=card,
            answer=answer_words(card),
            effect=control_words(card, resting(card)) if card.is_control else effect_words(card),
            way=way_of(card),
            studies=studies_words(card, designs),
            level=level_words(card),
            why=why_words(card),
            notes=lettered(reasons),
            change=words.typeset(card.would_change),
            has_repeats=_has_repeats(card, designs),
            number=number,
        )

    return Findings(
        questions=[finding(number, card) for number, card in enumerate(questions, start=1)],
        controls=[finding(number, card) for number, card in enumerate(controls, start=1)],
        footnotes=notes,
        of_one_source=_of_one_source(questions, designs),
    )


def _of_one_source(questions: Sequence[Card], designs: Mapping[str, DesignRecord]) -> list[list[int]]:
    """Return the numbers of the answered questions that have a source or a sample in common, group by group."""
    groups: list[tuple[list[int], set[object]]] = []
    for number, card in enumerate(questions, start=1):
        rests_on: set[object] = set()
        for row in card.evidence:
            if row.testable:
                rests_on |= {row.source, *_samples(designs[row.contrast])}
        joined = [group for group in groups if group[1] & rests_on]
        groups = [group for group in groups if group not in joined]
        numbers = [each for group in joined for each in group[0]]
        groups.append(([*numbers, number], rests_on.union(*(group[1] for group in joined))))
    return sorted(sorted(numbers) for numbers, _ in groups if len(numbers) > 1)


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as a reader would say them: three or more in a row as a range.

    >>> _ranges([1, 2, 3, 5, 8, 9])
    '1 to 3, 5, 8 and 9'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    told = [[f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run] for run in runs]
    return listed([part for run in told for part in run])


def _labels(rows: Sequence[Finding]) -> str:
    """Name rows by what stands before them: of questions their numbers, of controls each by itself."""
    numbers = [row.number for row in rows if not row.card.is_control]
    of_questions = [f"row{'s' if len(numbers) > 1 else ''} {_ranges(numbers)}"] if numbers else []
    return listed([*of_questions, *(row.label for row in rows if row.card.is_control)])


def _footnotes(questions: Sequence[Card]) -> list[Footnote]:
    """Return the footnotes: of one domain, reasons that concern the same questions share a letter."""
    concerned: dict[tuple[str, str], list[int]] = {}
    for place, card in enumerate(questions):
        for told in dict.fromkeys(_reasons(card)):
            concerned.setdefault(told, []).append(place)
    together: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (about, reason), where in concerned.items():
        together.setdefault((about, tuple(where)), []).append(reason)
    return [Footnote(_letter(place), about, reasons) for place, ((about, _), reasons) in enumerate(together.items())]


def _reasons(card: Card) -> list[tuple[str, str]]:
    """Return why an answer is not more certain, and which serious findings took nothing from it."""
    if card.certainty is None:
        return []
    rated = [(str(row.domain), row.reason) for row in card.certainty.downgrades]
    return rated + [(_UNRATED, row.reason) for row in card.certainty.not_rated_down]


def _letter(place: int) -> str:
    """Return the letter of a footnote: a to z, then aa, ab and so on."""
    return ("" if place < len(ascii_lowercase) else _letter(place // len(ascii_lowercase) - 1)) + ascii_lowercase[
        place % len(ascii_lowercase)
    ]


def answer_words(card: Card) -> str:
    """Return the answer in words; never yes or no, since questions may be asked either way."""
    if not card.estimated:
        reasons = dict.fromkeys(row.problem.what for row in card.evidence if row.problem)
        return f"Could not be tested: {'; '.join(reasons) or card.rule.rstrip('.')}."
    if card.verdict is Verdict.NOT_TESTABLE:
        return f"Tested, undecided. {words.shortened(words.typeset(card.rule), _LONGEST_ANSWER)}"
    if card.verdict is Verdict.CONFLICTING:
        return "The datasets point in opposite directions."
    told = told_of(card)
    of_arms = " ".join(row.answer for row in told if row.answer)
    if of_arms:
        return of_arms
    if excludes(card):
        limit = f" ({_limit(card)})" if card.main_effect is None and _limit_decides(card) else ""
        return f"{exclusion_words(card)}{limit}."
    effects = [card.main_effect] if card.main_effect else [found for _, found in card.estimated]
    sides = {words.side(effect.effect) for effect in effects}
    if len(sides) > 1:
        return "Higher in some comparisons and not in others."
    opposite = " That is opposite to what was declared." if card.opposite else ""
    side = sides.pop()
    if is_open(card):
        but = ", and ".join(row.unsettled for row in told if row.unsettled)
        return f"A hint of a difference{_seen(card)}, not of its direction: {_compared(card, side)} as measured, but {but}.{opposite}"
    return f"{_compared(card, side.capitalize())}{_in_these(card)}.{opposite}"


def way_of(card: Card) -> str:
    """Return on which side the effect lies; `unclear` where an adjusted effect lies on the other one."""
    if card.main_effect is None:
        return "none"
    return "unclear" if is_open(card) else card.main_effect.way


def why_words(card: Card) -> str:
    """Return why the certainty of an answer is not higher, and what it holds without, in a few words; empty where it has none."""
    if card.certainty is None:
        return ""
    told = _lowering(card.certainty)
    holds = list(dict.fromkeys(row.brief for row in card.certainty.not_rated_down))
    return f"{told} (apart from that: {', '.join(holds)})" if holds else told


def level_words(card: Card) -> str:
    """Return the level of certainty; where it is low although every condition is met, that too: a reader would take the two for a contradiction."""
    if card.certainty is None:
        return ""
    level = card.certainty.level
    return f"{level}, {_MET}" if card.verdict is Verdict.SUPPORTED and level.place <= _LOW else str(level)


def lowered_words(card: Card) -> str:
    """Say what lowers the certainty of an answer, in a few words; empty where it has none.

    The strongest doubt is about what these data may hide, and may be checked; it need not be what the certainty was rated down for.
    """
    if card.certainty is None:
        return ""
    return f"Lowers the certainty (now {card.certainty.level}): {_lowering(card.certainty)}."


def _lowering(certainty: Certainty) -> str:
    briefs = list(dict.fromkeys(row.brief for row in certainty.downgrades if row.brief))
    if len(briefs) <= _REASONS:
        return ", ".join(briefs)
    return f"{', '.join(briefs[: _REASONS - 1])} and {len(briefs) - _REASONS + 1} more"


def excluded_size(card: Card) -> str:
    """Return the effect that an answer excludes."""
    return f"a {_CHANGE[card.declared.direction]} of {_margin(card)} or more"


def exclusion_words(card: Card) -> str:
    """Return what an answer excludes, so that `not supported` is not read as a lack of evidence."""
    return f"Evidence against: {excluded_size(card)} is excluded"


def _limit_decides(card: Card) -> bool:
    """Whether an exclusion rests on the one-sided limit alone: an interval reaches the margin, so it would contradict the answer."""
    margin = card.declared.margin.value
    if margin is None or not excludes(card):
        return False
    effects = [card.main_effect] if card.main_effect else [found for _, found in card.estimated]
    lows, highs = [row.ci_low for row in effects], [row.ci_high for row in effects]
    reached = {"up": highs, "down": [-low for low in lows]}.get(
        card.declared.direction, [*highs, *(-low for low in lows)]
    )
    return max(reached) >= margin


def _limit(card: Card) -> str:
    """Return the limit that excludes."""
    largest = "largest " if card.kind != "cohort" and len(card.estimated) > 1 else ""
    limit = card.one_sided_limit
    amount = (
        f"{words.number(limit)} {words.short_unit(card.kind)}"
        if limit is None or card.kind == "cohort"
        else f"{signed_percent(limit)} %"  # as the margin
    )
    return f"{largest}one-sided 95 % limit {amount}"


def _margin(card: Card) -> str:
    value = card.declared.margin.value
    if value is None:
        return "the margin"
    if card.kind == "cohort":
        return f"{words.number(value)} {words.short_unit(card.kind)}"
    return words.margin_words(value, card.declared.direction)


def _margin_change(card: Card) -> str:
    """Return the margin with the side on which it lies: a fall and a rise of as many log2 units differ in per cent."""
    return f"a {_CHANGE[card.declared.direction]} of {_margin(card)}"


def _seen(card: Card) -> str:
    """Return what keeps a difference whose direction is open a hint: certainty names what turns it first, and may stop there."""
    rated = card.certainty.downgrades if card.certainty else ()
    # What a brief says of the interval stands behind its semicolon: it belongs to the certainty.
    briefs = dict.fromkeys(row.brief.split(";")[0] for row in reversed(rated) if row.domain is Domain.IMPRECISION)
    return f" ({', '.join(briefs)})" if briefs else ""


def _in_these(card: Card) -> str:
    """Say of a few cohorts that the answer is about them; where their groups have names of their own, they are counted already."""
    k, n_names = len(card.estimated), len({(row.target_label, row.reference_label) for row, _ in card.estimated})
    return f", in these {k} cohorts" if card.kind == "cohort" and 1 < k < FEWEST_FOR_OTHERS and n_names == 1 else ""


def _compared(card: Card, side: str) -> str:
    """Tell on which side the first group lies; where comparisons have groups of their own, of which that is said."""
    pairs = list(dict.fromkeys((str(row.target_label), str(row.reference_label)) for row, _ in card.estimated))
    target, reference = (f"“{words.shortened(label, 60)}”" for label in pairs[0])
    if len(pairs) == 1:
        return f"{side} in {target} than in {reference}"
    targets = list(dict.fromkeys(f"“{words.shortened(label, 60)}”" for label, _ in pairs))
    if card.main_effect and len(targets) == len(pairs) <= _NAMED and len({label for _, label in pairs}) == 1:
        # Doses stand in the labels: one label alone would pass one of them off as that of all.
        return f"{side} in {listed(targets)} together than in {reference}"
    if card.main_effect:  # a pooled effect does not say that each comparison lies on its side
        return f"{side} in {target} than in {reference}, over {len(card.estimated)} comparisons together"
    others = words.count(len(card.estimated) - 1, "other comparison")
    return f"{side} in {target} than in {reference}; likewise in {others}"


def effect_words(card: Card) -> str:
    """Return the effect as one would tell it to a colleague, with its figures in brackets."""
    of_arms = " ".join(row.effects for row in told_of(card) if row.effects)
    if of_arms:
        return of_arms
    effect = card.main_effect
    if effect is not None:
        return _plain(card, effect)
    apart = card.pooled.sizes_differ if card.pooled else None
    together = f"{capitalised(apart.words)}. " if apart else ""
    each = (f"{row.accession}: {_brief(card, found, limits=True)}" for row, found in card.estimated)
    return together + _listed(each) or "—"


def control_words(card: Card, resting: Sequence[int] = ()) -> str:
    """Return the effect of a control in one line, and what would have counted where the effect itself does not tell.

    Parameters
    ----------
    card
        The control.
    resting
        The numbers of the questions that rest on its data.
    """
    if not card.estimated:
        return "it could not be tested"
    effect = card.main_effect
    if effect is None:
        apart = card.pooled.sizes_differ if card.pooled else None
        together = f"{capitalised(apart.words)}" if apart else ""
        if apart and card.kind != "cohort":  # as fold changes, from the smallest to the largest
            return together
        return (f"{together}: " if together else "") + _listed(_brief(card, found) for _, found in card.estimated)
    if card.behaviour is Behaviour.TURNED:
        where = listed(list(dict.fromkeys(row.accession for row, _ in card.estimated)))
        then = (
            f"read question{'s' if len(resting) > 1 else ''} {_ranges(resting)}, on the same data, with that in mind"
            if resting
            else "no question rests on these data"
        )
        told = _TURNED.format(where=where, amount=_amount(card, effect), then=then)
        return f"Passed: no {_CHANGE[card.declared.direction]}. But the set did not stand still: {_plain(card, effect)}. {told}"
    if not excludes(card):
        return _plain(card, effect)
    # What lies on the other side is not excluded by its size.
    small = card.declared.direction in {"either", "up" if effect.effect > 0 else "down"}
    size = excluded_size(card)
    found = f"too small to matter: {size}" if small else size
    return f"{_plain(card, effect)}. {capitalised(found)} is excluded."


def _listed(told: Iterable[str]) -> str:
    return first_of(list(told), _NAMED, "; ", "; and ")


def _brief(card: Card, effect: Interval, *, limits: bool = False) -> str:
    """Return one effect of several, in as few words as it takes."""
    if card.kind != "cohort":
        change = plain_words(effect.effect, EXPERIMENT_UNIT)
        return f"{change} (95 % CI {_limits(card, effect)})" if limits else change
    interval = f"; 95 % CI {_limits(card, effect)}" if limits else ""
    amount = f"{words.number(effect.effect)} {words.short_unit(card.kind)}{interval}"
    side = "above" if effect.effect >= 0 else "below"
    return f"{side} in {draws_of_100(effect.effect)} of 100 random pairs ({amount})"


def _plain(card: Card, effect: Interval) -> str:
    """Return an effect with its interval, both in one unit: per cent of experiments; of people pairs of 100, then SD."""
    by_limit = _limit(card) if _limit_decides(card) else ""
    if card.kind != "cohort":
        bounds = by_limit or f"95 % CI {_limits(card, effect)}"
        return f"{plain_words(effect.effect, EXPERIMENT_UNIT)}{fold_beside(effect.effect)} ({bounds})"
    plain = plain_words(effect.effect, COHORT_UNIT, people_of(card.evidence))
    low, high = limits_of_100(effect.ci_low, effect.ci_high, effect.effect)
    pairs = "" if by_limit else f" (95 % CI {low} to {high})"
    beside = "".join(f"; {row.beside}" for row in told_of(card) if row.beside)
    in_sd = f"{words.number(effect.effect)} SD ({by_limit or _limits(card, effect)})"
    return f"{capitalised(plain)}{pairs}: {in_sd}{beside}"


def _amount(card: Card, effect: Interval) -> str:
    """Return the size of an effect without its side."""
    if card.kind == "cohort":
        return f"{words.number(abs(effect.effect))} {words.short_unit(card.kind)}"
    return plain_words(effect.effect, EXPERIMENT_UNIT).rsplit(" ", 1)[0]


def _limits(card: Card, effect: Interval) -> str:
    if card.kind != "cohort":
        return as_percent_limits(effect.ci_low, effect.ci_high)
    # Of people, the one unit of the row stands right before.
    return f"{words.number(effect.ci_low)} to {words.number(effect.ci_high)}"


def studies_words(card: Card, designs: Mapping[str, DesignRecord]) -> str:
    """Return how many studies answer, and how many people, pairs or samples: one that stands in two comparisons counts once.

    Parameters
    ----------
    card
        The answer card.
    designs
        By contrast: who takes part.
    """
    tested = [row for row in card.evidence if row.testable]
    if not tested:
        return "none"
    studies = words.count(len({row.accession for row in tested}), "study", "studies")
    samples = [name for row in tested for name in _samples(designs[row.contrast])]
    target, reference = sum(row.n_target for row in tested), sum(row.n_reference for row in tested)
    if len(set(samples)) < len(samples):
        sizes = " v ".join(_span([getattr(row, side) for row in tested]) for side in ("n_target", "n_reference"))
        shared = len({tuple(designs[row.contrast].reference_samples) for row in tested}) == 1
        each = f"each {sizes.replace(' v ', ' v the same ')}" if shared else f"{sizes} per comparison"
        return f"{studies}, {words.count(len(set(samples)), 'sample')}: {each}"
    blocked = [row for row in tested if row.blocking != "none"]
    pairs = [
        design.n_blocks
        for row in blocked
        if isinstance(design := designs[row.contrast], FittedDesign) and design.paired
    ]
    if len(pairs) == len(tested):  # one person, donor or culture may stand in both groups
        beside = f" ({len(samples):,} samples)" if len(samples) > 2 * sum(pairs) else ""
        return f"{studies}, {words.count(sum(pairs), 'matched pair')}{beside}"
    if len(samples) > target + reference:
        return f"{studies}, {target + reference:,} independent units: {target:,} v {reference:,} ({len(samples):,} samples)"
    kinds = {"samples"} if blocked else {"people"} if card.kind == "cohort" else {row.replicates for row in tested}
    noun = next(iter(kinds)) if kinds in ({"people"}, {"cultures"}, {"wells"}) else "samples"
    if noun == "people" and people_of(tested) == PATIENTS:
        return f"{studies}: {words.count(target, 'patient')} v {words.count(reference, 'control')}"
    return f"{studies}, {target + reference:,} {noun}: {target:,} v {reference:,}"


def _has_repeats(card: Card, designs: Mapping[str, DesignRecord]) -> bool:
    """Whether more samples than independent units stand in a comparison."""
    tested = [row for row in card.evidence if row.testable]
    return any(len(_samples(designs[row.contrast])) > row.n_target + row.n_reference for row in tested)


def _span(sizes: Sequence[int]) -> str:
    return f"{min(sizes):,}" if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,}"


def _samples(design: DesignRecord) -> list[tuple[str, str]]:
    return [(design.dataset, name) for name in (*design.target_samples, *design.reference_samples)]

"""Several layers of evidence on one question: which of them are lines of their own, and how many lines agree.

A line is evidence that shares no samples and no gene list with another line. Layers that are not declared independent of each
other are one line, for which one pre-declared layer speaks: the hypothesis' own contrasts, or else the row that stands first in
`lines.tsv`. Over lines, a partial conjunction tells of how many it is shown that they hold (`stats.partial_conjunction`).
There is no score and no pooled p: one strong layer, or one artefact in layers that share samples, is one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidemine.effect import pooled_effect
from sidemine.lines.evidence import IN_FAVOUR_P, Call, LayerEvidence, call_of, holds_size, unavailable
from sidemine.lines.layers import EXPRESSION, LAYERS
from sidemine.records import fields_of
from sidemine.stats.partial_conjunction import number_that_hold
from sidemine.study.projections import LineToTell
from sidemine.text.phrases import listed
from sidemine.verdict.card import Card, EvidenceRow, IndependentLine, Synthesis
from sidemine.verdict.vocabulary import Verdict

_OPT_IN = "It is opt-in: written down in lines.tsv with its address, and not fetched in this run."
_NOT_DECLARED = "The study declares no row of this layer (lines.tsv)."
_ANSWERED = {Verdict.SUPPORTED, Verdict.SUGGESTIVE}


def synthesise(
    card: Card, declared: Sequence[LineToTell], measured: Mapping[str, LayerEvidence], own_p: float | None
) -> Synthesis:
    """Return the synthesis of one question.

    Parameters
    ----------
    card
        Its answer from the contrasts of its own.
    declared
        Its rows of `lines.tsv`, in order.
    measured
        By id of the row: what its layer measured; rows that were not run are missing.
    own_p
        One-sided p of the hypothesis' own contrasts; None where they say nothing (`Decided.p_of_line`).
    """
    groups = independent_groups([row.line for row in declared], independence(declared))
    line_of = {member: group[0] for group in groups for member in group}
    rows = [_expression_row(card, own_p)]
    for row in declared:
        evidence = measured.get(row.line) or unavailable(row.line, LAYERS[row.layer], row.set, row.direction, _OPT_IN)
        rows.append(
            EvidenceRow(
                **fields_of(evidence),
                hypothesis=card.hypothesis,
                source=row.source,
                licence=row.licence,
                status=row.status,
                in_line=line_of[row.line],
            )
        )
    by_id = {row.line: row for row in rows}
    lines = [
        IndependentLine(
            group[0],
            list(dict.fromkeys(by_id[member].layer for member in group)),
            by_id[group[0]].call,
            by_id[group[0]].p_declared,
        )
        for group in groups
    ]
    tested = [line for line in lines if line.p_declared is not None]
    speaking = [by_id[line.line] for line in tested]
    n_shown, n_against = (
        number_that_hold([_counted_p(row, call) for row in speaking], IN_FAVOUR_P) for call in ("in favour", "against")
    )
    # Both sides are corrected for the number of lines: of many in which nothing is, some point the other way by chance.
    conflicting = min(n_shown, n_against) > 0 or any(row.call == "conflicting" for row in speaking)
    return Synthesis(
        rows=[*rows, *_undeclared(card, {row.layer for row in declared})],
        lines=lines,
        n_tested=len(tested),
        n_shown=0 if conflicting else n_shown,
        conflicting=conflicting,
        sentence=_sentence(lines, speaking, n_shown, conflicting=conflicting),
        downgrades=[clause for row in rows for clause in _downgrades(row, tested)],
    )


def _counted_p(row: EvidenceRow, call: Call) -> float:
    """Return the p with which a tested row enters the partial conjunction of one side: 1 where it cannot show that its line holds.

    That is where it does not read so (contrasts that give no answer), where the test was not shown to hold its size, and where
    there is a reservation about the result itself.
    """
    counts = row.call == call and not row.reservation and (row.line == EXPRESSION or holds_size(row.size_measured))
    if not counts or row.p_declared is None:
        return 1.0
    return row.p_declared if call == "in favour" else 1 - row.p_declared


def independence(declared: Sequence[LineToTell]) -> dict[str, list[str]]:
    """Return what each row is independent of, by its id, with what follows from the words of the others.

    Parameters
    ----------
    declared
        Rows of `lines.tsv`.

    Notes
    -----
    Samples and lists belong to sources: what one row of a source is declared independent of, its other rows are too. A layer
    without data of its own reads the hypothesis' contrasts: it is independent of what these are independent of, and never of
    them.
    """
    own = [row for row in declared if LAYERS[row.layer].own_data]
    # '' is the source of the hypothesis' contrasts.
    source_of = {EXPRESSION: ""} | {row.line: "" for row in declared} | {row.line: row.source.casefold() for row in own}
    apart = {
        frozenset((source_of[row.line], source_of[name]))
        for row in own
        for name in row.independent_of
        if name in source_of
    }
    return {
        row.line: [name for name in source_of if frozenset((source_of[row.line], source_of[name])) in apart]
        for row in declared
    }


def independent_groups(names: Sequence[str], independent_of: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the lines of evidence: layers joined wherever nobody declared them independent of each other.

    Parameters
    ----------
    names
        Ids of the rows, in order; the hypothesis' own contrasts stand before them.
    independent_of
        What each row is declared independent of: it holds in both directions.

    Returns
    -------
    list of list of str
        Ids of each line, in order, the one that speaks for it first. Joining goes on: what shares samples with one of two
        layers makes one line of both.
    """
    everything = [EXPRESSION, *names]
    place = {name: number for number, name in enumerate(everything)}
    group = dict(place)
    for first in everything:
        for second in everything[place[first] + 1 :]:
            apart = second in independent_of.get(first, ()) or first in independent_of.get(second, ())
            if not apart and group[first] != group[second]:
                kept, gone = sorted((group[first], group[second]))
                group = {name: kept if number == gone else number for name, number in group.items()}
    joined: dict[int, list[str]] = {}
    for name in everything:
        joined.setdefault(group[name], []).append(name)
    return [joined[number] for number in sorted(joined)]


def _expression_row(card: Card, own_p: float | None) -> EvidenceRow:
    """Return the row of the hypothesis' own contrasts; its p is one-sided in the declared direction, before Holm."""
    declared, tested = card.declared, [row for row in card.evidence if row.testable]
    main = card.main_effect
    return EvidenceRow(
        line=EXPRESSION,
        layer=EXPRESSION,
        gene_set=declared.set,
        direction=declared.direction,
        unit=declared.margin.unit,
        universe_n=None,
        n_in_set=max((row.n_in_set for row in tested), default=None),
        n_measured=min((row.n_measured for row in tested), default=None),
        effect=main.effect if main else None,
        ci_low=main.ci_low if main else None,
        ci_high=main.ci_high if main else None,
        p_value=pooled_effect.own_p(card.pooled) if card.pooled else card.p_self_contained,
        p_declared=own_p,
        null_used="effect pooled over independent data sets"
        if card.pooled
        else "rotation of the samples' residuals (FRY)",
        size_measured=None,
        worst_set_size=None,
        percentile=None,
        call=_own_call(card, own_p),
        cap="; ".join(cap.reason.rstrip(".") for cap in card.caps if cap.bites),
        downgrades=[],
        reason=f"{card.verdict.value.capitalize()}: {card.rule}",
        reservation="; ".join(cap.reason.rstrip(".") for cap in card.caps if cap.takes_back),
        hypothesis=card.hypothesis,
        source=", ".join(dict.fromkeys(row.accession for row in card.evidence)),
        licence="",
        status="verified" if all(row.status == "verified" for row in card.evidence) else "unverified",
        in_line=EXPRESSION,
    )


def _own_call(card: Card, p_declared: float | None) -> Call:
    if card.verdict is Verdict.CONFLICTING:
        return "conflicting"
    if p_declared is None:
        return "not testable"
    if card.opposite:
        return "against"
    # Its p may be a bound that ends at 1: only the rule table says that the data point the other way.
    call = call_of(p_declared, opposite=False)
    return "undecided" if call == "in favour" and card.verdict not in _ANSWERED else call


def _undeclared(card: Card, declared: set[str]) -> list[EvidenceRow]:
    """Return a row for each layer that could speak to such a question and that the study does not declare."""
    return [
        EvidenceRow(
            **fields_of(unavailable(f"no_{layer.word}", layer, card.declared.set, "", _NOT_DECLARED)),
            hypothesis=card.hypothesis,
            source="",
            licence="",
            status="",
            in_line="",
        )
        for layer in LAYERS.values()
        if layer.word not in declared and card.kind in layer.kinds
    ]


def _sentence(
    lines: Sequence[IndependentLine], speaking: Sequence[EvidenceRow], n_shown: int, *, conflicting: bool
) -> str:
    if not speaking:
        return "No line of evidence could be tested."
    if conflicting:
        sides = [
            f"{listed(named)} {call}"
            for call in ("in favour", "against", "conflicting")
            if (
                named := [
                    row.layer
                    for row in speaking
                    if row.call == call and not (row.reservation and call != "conflicting")
                ]
            )
        ]
        return f"The lines of evidence contradict one another: {'; '.join(sides)}."
    untested = f" {len(lines) - len(speaking)} more could not be tested." if len(speaking) < len(lines) else ""
    if len(speaking) == 1:
        only = speaking[0]
        sided = only.call in ("in favour", "against")
        but = f", but with a reservation: {only.reservation}" if only.reservation and sided else ""
        return f"One line of evidence alone, {only.layer}: {only.call}{but}.{untested}"
    doubted = [f"{row.layer} ({row.reservation})" for row in speaking if row.reservation and row.call == "in favour"]
    uncounted = f" In favour, but not counted: {listed(doubted)}." if doubted else ""
    against = [
        f"{row.layer} ({row.reservation}; not counted)" if row.reservation else row.layer
        for row in speaking
        if row.call == "against"
    ]
    opposed = f" Against it: {listed(against)}." if against else ""
    return (
        f"{n_shown} of {len(speaking)} independent lines are shown to point in the declared direction."
        f"{uncounted}{opposed}{untested}"
    )


def _downgrades(row: EvidenceRow, tested: Sequence[IndependentLine]) -> list[str]:
    """Return why a row that speaks for a tested line weighs less, each as one clause."""
    if row.line not in {line.line for line in tested}:
        return []
    name = row.layer if row.line == EXPRESSION else f"{row.layer} ({row.line})"
    reasons = [f"suggestive at most, since {row.cap}"] if row.cap else []
    reasons += row.downgrades
    if row.status == "unverified" and row.line != EXPRESSION:
        reasons.append("nobody has checked its row against the record")
    return [f"{name}: {reason}" for reason in reasons]

"""`verdicts.json`: one answer card per hypothesis, with the verdict and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sidemine.considerations.judgement import Judge
from sidemine.effect.intervals import measured_effect, one_sided
from sidemine.effect.plain_words import people_of
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence
from sidemine.enrichment.set_test import SELF_CONTAINED
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.published.record import DescribedTable
from sidemine.records import fields_of
from sidemine.stats.multiplicity import smallest_p
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import ContrastWords, LineToTell
from sidemine.verdict.card import Agreeing, Card, CardCap, CardContrast, Declared, SecondarySet, Synthesis, Verdicts
from sidemine.verdict.certainty import (
    certainty_of,
    sensitivity_table,
    strongest_doubt,
    what_would_answer,
    what_would_change,
)
from sidemine.verdict.decide import decide_study
from sidemine.verdict.readings import FEWEST_TO_POOL, Reading
from sidemine.verdict.rules import RULES_VERSION, Decided
from sidemine.verdict.sentences import competitive_reading, effect_sentence, pooled_sentence
from sidemine.verdict.synthesis import synthesise

if TYPE_CHECKING:
    import pandas as pd


OUTSIDE_FAMILY = "a control is judged at its own level; Holm's adjustment runs over the questions"


def answer_study(
    *,
    study: dict[str, JsonValue],
    hypotheses: Sequence[Hypothesis],
    evidence: Mapping[str, HypothesisEvidence],
    words: Mapping[str, ContrastWords],
    judges: Sequence[Judge],
    enrichment: Mapping[str, pd.DataFrame],
    published: list[DescribedTable],
    lines: Sequence[LineToTell],
    measured: Mapping[str, LayerEvidence],
    simulated: bool,
    planted: list[str],
) -> Verdicts:
    """Return the content of `verdicts.json`.

    Parameters
    ----------
    study, hypotheses
        As declared in the configuration.
    evidence
        By hypothesis.
    words
        How each measured contrast is told of.
    judges
        The considerations, each with its record of the study.
    enrichment
        Per contrast: the adjusted set tests.
    published
        Descriptions of the published tables.
    lines, measured
        The study's rows of `lines.tsv`, and what their layers measured by id of the row.
    simulated, planted
        Whether any input is simulated, and what the simulator planted, in sentences; empty for real data.
    """
    worded = {name: _with_words(row, words) for name, row in evidence.items()}
    decided = decide_study(hypotheses, worded, judges)
    cards = [
        replace(
            card, secondary=_secondary_rows(hypothesis, enrichment), synthesis=_synthesis(card, row, lines, measured)
        )
        for hypothesis, row in zip(hypotheses, decided, strict=True)
        for card in [_card(hypothesis, row)]
    ]
    return Verdicts(study, RULES_VERSION, simulated, planted, _rated(cards, decided), published)


def _synthesis(
    card: Card, decided: Decided, lines: Sequence[LineToTell], measured: Mapping[str, LayerEvidence]
) -> Synthesis | None:
    if card.is_control:
        return None
    declared = [row for row in lines if row.hypothesis == card.hypothesis]
    return synthesise(card, declared, measured, decided.p_of_line)


def answer_hypotheses(
    hypotheses: Sequence[Hypothesis], evidence: Mapping[str, HypothesisEvidence], judges: Sequence[Judge]
) -> list[Card]:
    """Return the answer cards of all hypotheses, in their declared order.

    Parameters
    ----------
    hypotheses
        The study's hypotheses.
    evidence
        Evidence of each, by id.
    judges
        The considerations, each with its record of the study.
    """
    decided = decide_study(hypotheses, evidence, judges)
    return _rated([_card(row, of_row) for row, of_row in zip(hypotheses, decided, strict=True)], decided)


def _rated(cards: Sequence[Card], decided: Sequence[Decided]) -> list[Card]:
    """Return the cards with their certainty, and what would change each."""
    questions = {card.hypothesis: card.question for card in cards}
    rated = []
    for card, row in zip(cards, decided, strict=True):
        found = [entry for judgement in row.judgements for entry in judgement.found]
        unexpected = [questions[name] for name in row.unexpected]
        certainty = certainty_of(card, found, unexpected, row.level.n_questions)
        change = what_would_change(card, found, unexpected) if certainty else what_would_answer(row)
        rated.append(replace(card, certainty=certainty, would_change=change))
    return rated


def _card(hypothesis: Hypothesis, decided: Decided) -> Card:
    evidence, judgements, level = decided.evidence, decided.judgements, decided.level
    primary, kind, pooled = hypothesis.primary, hypothesis.kind, evidence.pooled
    adjusted = " ".join(judgement.sentence for judgement in judgements if judgement.sentence)
    missing = {name: reason for judgement in judgements for name, reason in judgement.missing.items()}
    table = sensitivity_table(decided)
    taken_back = "A required control failed, so nothing can be concluded. " if decided.failed_controls else ""
    return Card(
        hypothesis=hypothesis.id,
        question=hypothesis.question,
        kind=kind,
        role=hypothesis.role,
        behaviour=decided.behaviour,
        verdict=decided.decision.verdict,
        opposite=decided.decision.opposite,
        rule=decided.decision.rule,
        sentence=taken_back
        + effect_sentence(primary.set, evidence, kind, adjusted)
        + pooled_sentence(pooled, kind, people_of(evidence.contrasts)),
        scope=decided.rules.scope(pooled.k, primary.direction) if decided.readings else "",
        declared=Declared(
            set=primary.set,
            contrasts=primary.contrasts,
            test=primary.test,
            direction=primary.direction,
            margin=evidence.margin,
            expects_sign=hypothesis.expects_sign,
            score=primary.score,
        ),
        evidence=[_contrast(row, primary.direction, decided.readings) for row in evidence.contrasts],
        control=_contrast(evidence.control, "either", []) if evidence.control else None,
        agreeing=_agreeing(decided),
        pooled=pooled if pooled.k >= FEWEST_TO_POOL else None,
        not_computed=_why_not_pooled(evidence) | missing | ({} if level.n_questions else {"p_holm": OUTSIDE_FAMILY}),
        p_self_contained=smallest_p([row.p_self_contained for row in evidence.contrasts]),
        p_competitive=smallest_p([row.p_competitive for row in evidence.contrasts]),
        p_holm=level.p if level.n_questions else None,
        smallest_excludable=decided.rules.excludable(evidence),
        one_sided_limit=decided.rules.limit(evidence, primary.direction),
        doubt=strongest_doubt(decided, table),
        caps=[CardCap(cap.cap, cap.reason, decided.bites) for cap in decided.caps],
        gates=decided.gates,
        sensitivity=table,
        synthesis=None,
        certainty=None,
        would_change="",
        secondary=[],
        notes=[*evidence.notes, *(note for judgement in judgements for note in judgement.notes)],
        threats=hypothesis.threats,
        considered=tuple(judgement.columns for judgement in judgements),
    )


def _why_not_pooled(evidence: HypothesisEvidence) -> dict[str, str]:
    pooled = evidence.pooled
    if pooled.k >= FEWEST_TO_POOL:
        return {}
    refused = "; ".join(f"{entry.contrast}: {entry.reason}" for entry in pooled.refused)
    reason = "a single independent dataset: there is nothing to pool" if pooled.k else pooled.not_estimable["effect"]
    return {"pooled": f"{reason} ({refused})" if refused else reason}


def _agreeing(decided: Decided) -> Agreeing | None:
    """Count independent sources all of whose contrasts agree: contrasts of one source count once.

    A source that does not carry the answer (the pooled effect refuses it as a whole for samples that it shares, say) does not
    count.
    """
    readings = decided.readings
    counted = {reading.evidence.source for reading in decided.rules.carrying(readings, decided.evidence)}
    sources: dict[str, list[Reading]] = {}
    for reading in readings:
        if reading.evidence.source in counted:
            sources.setdefault(reading.evidence.source, []).append(reading)
    agreeing = sum(all(reading.agrees for reading in group) for group in sources.values())
    return Agreeing(agreeing, len(sources)) if readings else None


def _contrast(row: ContrastEvidence, direction: str, readings: Sequence[Reading]) -> CardContrast:
    reading = next((reading for reading in readings if reading.evidence.contrast == row.contrast), None)
    effect = measured_effect(row)
    declared_p = None
    if row.p_self_contained is not None and direction in {"up", "down"}:
        declared_p = one_sided(row.p_self_contained, row.direction, direction)
    return CardContrast(
        **fields_of(row),
        p_declared_direction=declared_p,
        competitive_reading=competitive_reading(row),
        smallest_excludable=effect.smallest_excludable if effect and row.has_units else None,
        one_sided_limit=effect.signed_limit(direction) if effect and row.has_units else None,
        agrees=reading.agrees if reading else None,
    )


def _with_words(evidence: HypothesisEvidence, words: Mapping[str, ContrastWords]) -> HypothesisEvidence:
    """Return evidence whose contrasts carry their words; what counts as one source stays as it was measured."""

    def with_words(row: ContrastEvidence) -> ContrastEvidence:
        return replace(row, **words[row.contrast].model_dump())

    control = with_words(evidence.control) if evidence.control else None
    return replace(evidence, contrasts=[with_words(row) for row in evidence.contrasts], control=control)


def _secondary_rows(hypothesis: Hypothesis, enrichment: Mapping[str, pd.DataFrame]) -> list[SecondarySet]:
    rows = []
    for contrast in hypothesis.primary.contrasts:
        table = enrichment[contrast]
        chosen = table[table["gene_set"].isin(hypothesis.secondary_sets) & (table["test"] == SELF_CONTAINED.name)]
        rows += [
            SecondarySet(
                contrast=contrast,
                gene_set=str(row.gene_set),
                # The card's column is in log2 units; other units stand in the comparison's own table.
                effect=_number(row.effect) if row.effect_scale == "log2" else None,
                direction=str(row.direction),
                p_value=_number(row.p_value),
                q_value=_number(row.q_value),
            )
            for row in chosen.itertuples()
        ]
    return rows


def _number(value: object) -> float | None:
    """Return a plain number, or None where the table has none: JSON knows no NaN."""
    number = float(value)  # type: ignore[arg-type]
    return number if number == number else None

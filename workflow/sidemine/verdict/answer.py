"""One answer card per hypothesis: the verdict, what it rests on, and its strongest reason to doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sidemine.considerations.judgement import Judge
from sidemine.effect.intervals import measured_effect, one_sided
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence
from sidemine.effect.scale import scale_of
from sidemine.records import fields_of
from sidemine.stats.multiplicity import smallest_p
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import HypothesisToPlace
from sidemine.verdict.card import Agreeing, Card, CardCap, CardContrast, Declared
from sidemine.verdict.decide import Decided, decide_study
from sidemine.verdict.doubts import strongest_doubt
from sidemine.verdict.readings import (
    FEWEST_TO_POOL,
    Reading,
    as_effect,
    independent_readings,
    smallest_excludable,
)
from sidemine.verdict.sensitivity import sensitivity_table
from sidemine.verdict.sentences import competitive_reading, effect_sentence, pooled_sentence
from sidemine.verdict.vocabulary import Verdict


def answer_hypotheses(
    hypotheses: Sequence[Hypothesis],
    evidence: Mapping[str, HypothesisEvidence],
    judges: Sequence[Judge],
) -> list[Card]:
    """Return the answer cards of all hypotheses, in their declared order.

    A hypothesis that `requires` a positive control is `not testable` when that control did not come out `suggestive`
    or better: the experiment could not have shown anything.

    Parameters
    ----------
    hypotheses
        The study's hypotheses.
    evidence
        Evidence of each, by id.
    judges
        The considerations, each with its record of the study.
    """
    cards = {
        row.id: _card(row, decided, p_holm)
        for row, (decided, p_holm) in zip(
            hypotheses,
            decide_study([HypothesisToPlace.of(row) for row in hypotheses], evidence, judges),
            strict=True,
        )
    }
    _require_controls(hypotheses, cards)
    return [cards[row.id] for row in hypotheses]


def _require_controls(hypotheses: Sequence[Hypothesis], cards: dict[str, Card]) -> None:
    """Take back, in place, the answers whose positive control failed."""
    # Requirements have no cycles (checked with the study), so this ends.
    changed = True
    while changed:
        changed = False
        for row in hypotheses:
            card = cards[row.id]
            failed = ", ".join(name for name in row.requires if cards[name].verdict.rank == 0)
            if failed and card.verdict is not Verdict.NOT_TESTABLE:
                cards[row.id] = replace(
                    card,
                    verdict=Verdict.NOT_TESTABLE,
                    opposite=False,
                    doubt=f"The positive control failed: {failed}.",
                    rule=f"Its positive control did not show the effect it must show: {failed}.",
                    sentence="The positive control failed, so nothing can be concluded. " + card.sentence,
                    caps=[replace(cap, bites=False) for cap in card.caps],
                )
                changed = True


def _card(hypothesis: Hypothesis, decided: Decided, p_holm: float | None) -> Card:
    evidence, judgements = decided.evidence, decided.judgements
    primary, kind, pooled = hypothesis.primary, hypothesis.kind, evidence.pooled
    adjusted = " ".join(judgement.sentence for judgement in judgements if judgement.sentence)
    missing = {name: reason for judgement in judgements for name, reason in judgement.missing.items()}
    return Card(
        hypothesis=hypothesis.id,
        question=hypothesis.question,
        kind=kind,
        verdict=decided.decision.verdict,
        opposite=decided.decision.opposite,
        rule=decided.decision.rule,
        sentence=effect_sentence(primary.set, evidence, kind, adjusted) + pooled_sentence(pooled, kind),
        declared=Declared(
            set=primary.set,
            contrasts=primary.contrasts,
            test=primary.test,
            direction=primary.direction,
            margin=evidence.margin,
            margin_unit=scale_of(kind).unit,
            margin_rule=evidence.margin_rule,
            expects_sign=hypothesis.expects_sign,
        ),
        evidence=[_contrast(row, primary.direction, decided.readings) for row in evidence.contrasts],
        control=_contrast(evidence.control, "either", []) if evidence.control else None,
        agreeing=_agreeing(decided),
        pooled=pooled if pooled.k >= FEWEST_TO_POOL else None,
        not_computed=_why_not_pooled(evidence) | missing,
        p_self_contained=smallest_p([row.p_self_contained for row in evidence.contrasts]),
        p_competitive=smallest_p([row.p_competitive for row in evidence.contrasts]),
        p_holm=p_holm,
        smallest_excludable=_smallest_excludable(kind, evidence),
        doubt=strongest_doubt(decided),
        caps=[CardCap(cap.cap, cap.reason, decided.bites) for cap in decided.caps],
        gates=decided.gates,
        sensitivity=sensitivity_table(decided),
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
    reason = "a single independent dataset: there is nothing to pool" if pooled.k else "no contrast could be tested"
    return {"pooled": f"{reason} ({refused})" if refused else reason}


def _smallest_excludable(kind: str, evidence: HypothesisEvidence) -> float | None:
    """Return what the data could have excluded: pooled for cohorts, by every contrast together for experiments."""
    effect = as_effect(evidence.pooled)
    if kind == "cohort" and effect is not None:
        return effect.smallest_excludable
    effects = [effect for row in evidence.contrasts if (effect := measured_effect(row)) is not None]
    return smallest_excludable(effects)


def _agreeing(decided: Decided) -> Agreeing | None:
    """Count independent sources all of whose contrasts agree: contrasts of one source count once.

    A source that the pooled effect refuses as a whole (for samples that it shares, say) does not count.
    """
    readings = decided.readings
    counted = {reading.evidence.source for reading in independent_readings(readings, decided.evidence.pooled)}
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
        smallest_excludable=effect.smallest_excludable if effect else None,
        agrees=reading.agrees if reading else None,
    )

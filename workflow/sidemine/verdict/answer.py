"""`verdicts.json`: one answer card per hypothesis, with the verdict, what it rests on, and the sentences that tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sidemine.considerations.judgement import Judge
from sidemine.drawing.words import amount
from sidemine.effect.intervals import measured_effect, one_sided
from sidemine.effect.plain_words import people_of, plain_words
from sidemine.effect.pooled_effect import REPLICATION_P, own_p
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Order, PooledEffect
from sidemine.effect.scale import scale_of
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
from sidemine.verdict.cohorts import COMPETITIVE_P
from sidemine.verdict.decide import decide_study
from sidemine.verdict.readings import FEWEST_TO_POOL, Reading
from sidemine.verdict.rules import RULES_VERSION, Decided
from sidemine.verdict.synthesis import synthesise

if TYPE_CHECKING:
    import pandas as pd


FEW_RESIDUAL_DF = 10
"""Below this, a CAMERA p-value that is not significant says nothing (its correlation is estimated from few samples)."""
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
        caps=[CardCap(cap.cap, cap.reason, decided.bites, cap.takes_back) for cap in decided.caps],
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


def competitive_reading(row: ContrastEvidence) -> str:
    """Return what the competitive p-value says, in words."""
    if row.p_competitive is None:
        return "not computed"
    if row.p_competitive <= COMPETITIVE_P:
        side = {"up": "higher", "down": "lower"}.get(row.competitive_direction, "different")
        return f"the set changed more than other measured genes ({side} than they)"
    if (row.residual_df or 0) < FEW_RESIDUAL_DF:
        return "uninformative: too few residual degrees of freedom to estimate the correlation within the set"
    return "not shown to have changed more than other measured genes"


def effect_sentence(set_name: str, evidence: HypothesisEvidence, kind: str, adjusted: str) -> str:
    """Tell each contrast's effect with its interval, and what the unit means.

    Parameters
    ----------
    set_name
        Name of the primary set.
    evidence
        Evidence of the hypothesis.
    kind
        cohort or experiment.
    adjusted
        Words on composition; '' where there are none.
    """
    scale = scale_of(kind)
    pooled = evidence.pooled.contrasts if kind == "cohort" else []
    parts = []
    untestable = []
    # The arms of a panel are told as its one model has them, which the answer rests on.
    panel = evidence.compounds if kind == "panel" else None
    of_model = {arm.contrast: arm for arm in panel.arms} if panel and panel.problem is None else {}
    for row in evidence.contrasts:
        found = of_model.get(row.contrast, row)
        if found.effect is None or found.ci_low is None or found.ci_high is None:
            untestable.append(row.contrast)
            continue
        aside = "; not pooled" if pooled and row.contrast not in pooled else ""
        parts.append(
            f"{amount(found.effect, scale.short_unit)} ({row.target_label} versus {row.reference_label}; "
            f"{row.accession}; 95 % CI {found.ci_low:z.2f} to {found.ci_high:z.2f}{aside})"
        )
    if not parts:
        return f"{set_name} genes could not be tested in {', '.join(untestable)}."
    without = f" Not testable: {', '.join(untestable)}." if untestable else ""
    return f"{set_name} genes are on average " + "; ".join(parts) + f". {scale.meaning(adjusted)}{without}"


def pooled_sentence(pooled: PooledEffect, kind: str, people: tuple[str, str]) -> str:
    """Tell the pooled effect, and how far it hangs on single datasets; nothing where nothing was pooled.

    Parameters
    ----------
    pooled
        The pooled effect of a hypothesis.
    kind
        Kind of its contrasts.
    people
        What its target and its reference samples are called in plain words.
    """
    if pooled.k < FEWEST_TO_POOL or pooled.effect is None or pooled.ci_low is None or pooled.ci_high is None:
        return ""
    scale = scale_of(kind)
    if pooled.sizes_differ is not None:
        sentence = f"{pooled.sizes_differ.words}; no single figure stands for them, since {pooled.sizes_differ.reason}"
        return f" Over {pooled.k} independent {scale.noun}s together: {sentence}." + _orders_sentence(pooled)
    p_value = "" if (p := own_p(pooled)) is None else f"p = {p:.2g}"
    text = (
        f" Over {pooled.k} independent {scale.noun}s together ({pooled.method}): {amount(pooled.effect, scale.short_unit)} "
        f"(95 % CI {pooled.ci_low:z.2f} to {pooled.ci_high:z.2f}, {p_value}), {plain_words(pooled.effect, pooled.unit, people)}"
    )
    if pooled.leave_one_out_low is not None and pooled.leave_one_out_high is not None:
        text += f"; {pooled.leave_one_out_low:z.2f} to {pooled.leave_one_out_high:z.2f} when one of them is left out"
    return text + "." + _orders_sentence(pooled)


def _orders_sentence(pooled: PooledEffect) -> str:
    return "".join(_order_sentence(order) for order in pooled.orders)


def _order_sentence(order: Order) -> str:
    discovery, replication = order.discovery, order.replication
    found = discovery.p <= REPLICATION_P
    outcome = "replicated" if order.replicated else "not replicated" if found else "there was nothing to replicate"
    return (
        f" {'Found' if found else 'Not found'} in {', '.join(discovery.datasets)} ({discovery.effect:z.2f}, p = {discovery.p:.2g}), looked for in "
        f"{', '.join(replication.datasets)} ({replication.effect:z.2f}, one-sided p = {replication.p_one_sided:.2g}; "
        f"{order.order} order): {outcome}."
    )

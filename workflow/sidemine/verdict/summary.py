"""`verdicts.json`: all answers of a study in one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sidemine.considerations.judgement import Judge
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence
from sidemine.enrichment.set_test import SELF_CONTAINED
from sidemine.lines.published.record import DescribedTable
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import ContrastWords
from sidemine.verdict.answer import answer_hypotheses
from sidemine.verdict.card import SecondarySet, Verdicts
from sidemine.verdict.rules import RULES_VERSION

if TYPE_CHECKING:
    import pandas as pd


def summarise_verdicts(
    *,
    study: dict[str, JsonValue],
    hypotheses: Sequence[Hypothesis],
    evidence: Mapping[str, HypothesisEvidence],
    words: Mapping[str, ContrastWords],
    judges: Sequence[Judge],
    enrichment: Mapping[str, pd.DataFrame],
    published: list[DescribedTable],
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
    simulated, planted
        Whether any input is simulated, and what the simulator planted, in sentences; empty for real data.
    """
    worded = {name: _with_words(row, words) for name, row in evidence.items()}
    cards = [
        replace(card, secondary=_secondary_rows(hypothesis, enrichment))
        for card, hypothesis in zip(answer_hypotheses(hypotheses, worded, judges), hypotheses, strict=True)
    ]
    return Verdicts(study, RULES_VERSION, simulated, planted, cards, published)


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

"""`verdicts.json`: all answers of a study in one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidemine.considerations.composition.judge import composition_by_hypothesis
from sidemine.effect.record import HypothesisEvidence
from sidemine.verdict.answer import answer_hypotheses
from sidemine.verdict.rules import RULES_VERSION

if TYPE_CHECKING:
    import pandas as pd


def summarise_verdicts(
    *,
    study: dict[str, Any],
    hypotheses: list[dict[str, Any]],
    evidence: list[dict[str, Any]],
    enrichment: dict[str, pd.DataFrame],
    checks: dict[str, dict[str, list[dict[str, Any]]]],
    published: list[dict[str, Any]],
    inputs: list[dict[str, Any]],
    specificity: list[dict[str, Any]],
    composition: list[dict[str, Any]],
    planted: list[str],
    robustness: dict[str, Any] | None = None,
    calibration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of `verdicts.json`.

    Parameters
    ----------
    study, hypotheses
        As declared in the configuration.
    evidence
        Records of `HypothesisEvidence`, one per hypothesis.
    enrichment
        Per contrast: the adjusted set tests.
    checks
        `dataset` and `contrast`: flags of their `quality.json` by id.
    published
        Descriptions of the published tables.
    inputs
        Records of all inputs; they tell whether any is simulated.
    specificity
        Records of the primary sets' places among other sets, one per hypothesis.
    composition
        `composition.json` of every blood cohort contrast.
    planted
        What the simulator planted, in sentences; empty for real data.
    robustness
        `robustness.json`; None where no variants were run.
    calibration
        `calibration.json`; None where sizes were not measured.

    Returns
    -------
    dict
        JSON-ready.
    """
    by_hypothesis = {row["hypothesis"]: HypothesisEvidence.from_dict(row) for row in evidence}
    cards = answer_hypotheses(
        hypotheses,
        by_hypothesis,
        {row["hypothesis"]: row for row in specificity},
        composition_by_hypothesis(composition),
        None if robustness is None else {row["hypothesis"]: row for row in robustness["hypotheses"]},
        None if calibration is None else calibration["contrasts"],
        checks,
    )
    for card, hypothesis in zip(cards, hypotheses, strict=True):
        card["secondary"] = _secondary_rows(hypothesis, enrichment)
    return {
        "study": study,
        "rules_version": RULES_VERSION,
        "simulated": any(record["simulated"] for record in inputs),
        "planted": planted,
        "verdicts": cards,
        "published_tables": published,
    }


def _secondary_rows(hypothesis: dict[str, Any], enrichment: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    rows = []
    for contrast in hypothesis["primary"]["contrasts"]:
        table = enrichment[contrast]
        chosen = table[table["gene_set"].isin(hypothesis["secondary_sets"]) & (table["test"] == "fry")]
        rows += [
            {
                "contrast": contrast,
                "gene_set": str(row.gene_set),
                # The card's column is in log2 units; other units stand in the comparison's own table.
                "effect": _number(row.effect) if row.effect_scale == "log2" else None,
                "direction": str(row.direction),
                "p_value": _number(row.p_value),
                "q_value": _number(row.q_value),
            }
            for row in chosen.itertuples()
        ]
    return rows


def _number(value: object) -> float | None:
    """Return a plain number, or None where the table has none: JSON knows no NaN."""
    number = float(value)  # type: ignore[arg-type]
    return number if number == number else None

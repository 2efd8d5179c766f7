"""The rule table as the robustness grid uses it: every rule and cap but robustness itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sidemine.considerations.composition.judge import composition_by_hypothesis
from sidemine.effect.record import HypothesisEvidence
from sidemine.verdict.appraise import verdict_without_robustness
from sidemine.verdict.family import primary_p


def rules_without_robustness(
    hypotheses: Sequence[Mapping[str, Any]],
    evidence: Mapping[str, HypothesisEvidence],
    specificity: Sequence[Mapping[str, Any]],
    composition: Sequence[Mapping[str, Any]],
    calibration: Mapping[str, Any] | None,
    checks: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
) -> dict[str, Callable[[HypothesisEvidence], str]]:
    """Return, per hypothesis, the function that gives a variant's verdict.

    What a variant does not measure (specificity, composition, calibration, checks, the other hypotheses' p in Holm's
    family) is held as in the reference run. Parameters as in `summary.summarise_verdicts`.
    """
    p_values = {row["id"]: primary_p(row["kind"], evidence[row["id"]]) for row in hypotheses}
    places = {row["hypothesis"]: row for row in specificity}
    mixes = composition_by_hypothesis(composition)
    return {
        row["id"]: partial(
            _verdict,
            hypothesis=row,
            others=[p_value for name, p_value in p_values.items() if name != row["id"]],
            specificity=places.get(row["id"]),
            composition=mixes.get(row["id"], []),
            calibration=None if calibration is None else calibration["contrasts"],
            checks=checks,
        )
        for row in hypotheses
    }


def _verdict(evidence: HypothesisEvidence, *, hypothesis: Mapping[str, Any], **held: Any) -> str:
    return verdict_without_robustness(hypothesis, evidence, **held).verdict

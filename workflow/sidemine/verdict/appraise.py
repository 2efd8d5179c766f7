"""One hypothesis through the whole rule table: readings, gates, caps and the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sidemine.considerations.calibration.judge import read_calibration
from sidemine.considerations.composition.judge import read_composition
from sidemine.considerations.robustness.judge import read_robustness
from sidemine.considerations.specificity.judge import read_specificity
from sidemine.considerations.traps.judge import read_traps
from sidemine.effect.record import HypothesisEvidence, PooledEffect
from sidemine.stats.multiplicity import holm
from sidemine.verdict.family import primary_p
from sidemine.verdict.gates import cohort_gates, experiment_gates
from sidemine.verdict.readings import Reading, independent_readings, pooled_effect, read_contrasts
from sidemine.verdict.rules import Decision, decide

RANK = {"not testable": 0, "conflicting": 0, "not supported": 0, "suggestive": 1, "supported": 2}
"""A cap bites when the verdict without caps ranks higher."""
FEWEST_TO_POOL = 2
"""Independent datasets that it takes to pool."""

_OPEN = "not evaluated"

Checks = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True)
class Appraisal:
    """Everything that the rule table made of one hypothesis.

    Attributes
    ----------
    evidence, readings, pooled
        What was measured (with places among comparator sets), how each contrast reads, the pooled effect.
    decision
        The verdict and its rule.
    gates
        All gates, required or shown.
    caps
        What keeps the answer at suggestive: cap, reason, and `bites` (the verdict would be higher without caps).
    specificity, composition, robustness, calibration, traps
        What the readers of these records returned.
    """

    evidence: HypothesisEvidence
    readings: list[Reading]
    pooled: PooledEffect
    decision: Decision
    gates: list[dict[str, Any]]
    caps: list[dict[str, Any]]
    specificity: dict[str, Any]
    composition: dict[str, Any]
    robustness: dict[str, Any]
    calibration: dict[str, Any]
    traps: dict[str, Any]


def appraise(
    hypothesis: Mapping[str, Any],
    evidence: HypothesisEvidence,
    *,
    p_holm: float | None,
    n_hypotheses: int,
    specificity: Mapping[str, Any] | None = None,
    composition: Sequence[dict[str, Any]] = (),
    robustness: Mapping[str, Any] | None = None,
    calibration: Mapping[str, Mapping[str, Any]] | None = None,
    checks: Checks | None = None,
    with_robustness: bool = True,
) -> Appraisal:
    """Apply gates, caps and rules to one hypothesis.

    Parameters
    ----------
    hypothesis
        As declared: kind, and under `primary` the direction.
    evidence
        Measured evidence.
    p_holm, n_hypotheses
        The hypothesis' p after Holm over the study, and the number of hypotheses.
    specificity
        Its record of `specificity.json`; None where it was not measured.
    composition
        Its entries of the contrasts' `composition.json`.
    robustness
        Its record of `robustness.json`; None where it was not computed.
    calibration
        `contrasts` of `calibration.json`; None where it was not computed.
    checks
        `dataset` and `contrast`: flags of `quality.json` by id.
    with_robustness
        False: robustness is neither a gate nor a cap, which is what a robustness variant needs for its own verdict.
    """
    kind, direction = hypothesis["kind"], hypothesis["primary"]["direction"]
    evidence = _with_places(evidence, specificity)
    readings, pooled = read_contrasts(evidence, direction, kind), pooled_effect(evidence)
    independent = independent_readings(readings, pooled)
    carrying = [reading.evidence.contrast for reading in independent]
    special = read_specificity(kind, specificity, carrying)
    mixed = _read_composition(kind, composition, carrying)
    robust = read_robustness(kind, robustness)
    calibrated = read_calibration(carrying, calibration)
    traps = read_traps(evidence.contrasts, checks or {})
    core = cohort_gates if kind == "cohort" else experiment_gates
    gates = core(readings, pooled, direction, p_holm, n_hypotheses)
    gates += [mixed["gate"]] if mixed["gate"] else []
    gates += [*special["gates"], calibrated["gate"]] + ([robust["gate"]] if with_robustness else [])
    caps = [*_caps(kind, direction, independent), *mixed["caps"], *special["caps"]]
    caps += [*calibrated["caps"], *traps["caps"], *(robust["caps"] if with_robustness else [])]
    if not readings:
        caps = [cap for cap in caps if cap["cap"] == "direction"]
        gates = [{**gate, "status": _OPEN} for gate in gates]
    if calibrated["none_calibrated"]:
        rule = "No test that carries a verdict holds its size in these data."
        decision = uncapped = Decision("not testable", rule)
    else:
        decision = decide(evidence, direction, kind, gates, caps)[0]
        # Without caps only the effect's own gates count; what could not be evaluated is a cap's matter.
        own = [gate for gate in core(readings, pooled, direction, p_holm, n_hypotheses) if gate["status"] != _OPEN]
        uncapped = decide(evidence, direction, kind, own)[0]
    bites = RANK[uncapped.verdict] > RANK[decision.verdict]
    return Appraisal(
        evidence=evidence,
        readings=readings,
        pooled=pooled,
        decision=decision,
        gates=gates,
        caps=[{**cap, "bites": bites} for cap in caps],
        specificity=special,
        composition=mixed,
        robustness=robust,
        calibration=calibrated,
        traps=traps,
    )


def verdict_without_robustness(
    hypothesis: Mapping[str, Any],
    evidence: HypothesisEvidence,
    *,
    others: Sequence[float | None] = (),
    specificity: Mapping[str, Any] | None = None,
    composition: Sequence[dict[str, Any]] = (),
    calibration: Mapping[str, Mapping[str, Any]] | None = None,
    checks: Checks | None = None,
) -> Decision:
    """Return the verdict that the rule table gives before robustness is looked at: that of one robustness variant.

    Parameters
    ----------
    hypothesis, evidence, specificity, composition, calibration, checks
        As in `appraise`.
    others
        What the study's other hypotheses bring to Holm's family (`family.primary_p`).
    """
    p_values = [primary_p(hypothesis["kind"], evidence), *others]
    return appraise(
        hypothesis,
        evidence,
        p_holm=holm(p_values)[0],
        n_hypotheses=len(p_values),
        specificity=specificity,
        composition=composition,
        calibration=calibration,
        checks=checks,
        with_robustness=False,
    ).decision


def _with_places(evidence: HypothesisEvidence, specificity: Mapping[str, Any] | None) -> HypothesisEvidence:
    """Return the evidence with each contrast's percentile among comparator sets."""
    if specificity is None:
        return evidence
    places = {row["contrast"]: row["comparators"]["percentile"] for row in specificity["contrasts"]}
    placed = [replace(row, comparator_percentile=places.get(row.contrast)) for row in evidence.contrasts]
    return replace(evidence, contrasts=placed)


def _read_composition(kind: str, records: Sequence[dict[str, Any]], contrasts: Sequence[str]) -> dict[str, Any]:
    if kind != "cohort":
        reason = "experiments compare samples of the same cells"
        return {"adjusted": None, "reason": reason, "sentence": "", "doubt": "", "notes": [], "gate": None, "caps": []}
    return read_composition(records, contrasts)


def _caps(kind: str, direction: str, independent: Sequence[Reading]) -> list[dict[str, str]]:
    caps = []
    if direction == "either":
        caps.append({"cap": "direction", "reason": "No direction was declared in advance."})
    if len(independent) < FEWEST_TO_POOL:
        what = "cohort" if kind == "cohort" else "experiment"
        caps.append({"cap": "replication", "reason": f"A single {what} could be tested: nothing confirms it."})
    return caps

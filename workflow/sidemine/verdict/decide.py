"""One hypothesis through the whole rule table: readings, judgements, gates, caps and the decision.

The rule table knows the considerations by their judgements alone. It is the same for the answer of a study, for a variant of
the robustness grid (without the judge of robustness), and for simulated studies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sidemine.considerations.judgement import Cap, Case, Gate, Judge, Judgement
from sidemine.effect.record import HypothesisEvidence
from sidemine.stats.multiplicity import holm
from sidemine.study.projections import HypothesisToPlace
from sidemine.verdict.family import primary_p
from sidemine.verdict.gates import cohort_gates, experiment_gates
from sidemine.verdict.readings import FEWEST_TO_POOL, Reading, independent_readings, read_contrasts
from sidemine.verdict.rules import Decision, apply_rules
from sidemine.verdict.vocabulary import Verdict


@dataclass(frozen=True)
class Decided:
    """Everything that the rule table made of one hypothesis.

    Attributes
    ----------
    hypothesis, evidence, readings
        As declared; what was measured, with places among comparator sets; how each contrast reads.
    judgements
        Of the considerations, in their order.
    gates, caps
        All gates, required or shown; what keeps the answer at suggestive.
    bites
        Whether the verdict would be higher without caps.
    decision
        The verdict and its rule.
    """

    hypothesis: HypothesisToPlace
    evidence: HypothesisEvidence
    readings: list[Reading]
    judgements: list[Judgement]
    gates: list[Gate]
    caps: list[Cap]
    bites: bool
    decision: Decision


def decide(
    hypothesis: HypothesisToPlace,
    evidence: HypothesisEvidence,
    judges: Sequence[Judge],
    p_holm: float | None,
    n_hypotheses: int,
) -> Decided:
    """Apply gates, caps and rules to one hypothesis.

    Parameters
    ----------
    hypothesis, evidence
        As declared, and what was measured.
    judges
        The considerations, each with its record of the study.
    p_holm, n_hypotheses
        The hypothesis' p after Holm over the study, and the number of hypotheses.
    """
    kind, direction = hypothesis.kind, hypothesis.primary.direction
    independent = independent_readings(read_contrasts(evidence, direction, kind), evidence.pooled)
    case = Case(hypothesis, evidence, tuple(reading.evidence.contrast for reading in independent))
    judgements = [judge(case) for judge in judges]
    evidence = _with_places(evidence, judgements)
    readings = read_contrasts(evidence, direction, kind)
    core = (cohort_gates if kind == "cohort" else experiment_gates)(
        readings, evidence.pooled, direction, p_holm, n_hypotheses
    )
    gates = [*core, *(gate for judgement in judgements for gate in judgement.gates)]
    caps = [*_caps(case), *(cap for judgement in judgements for cap in judgement.caps)]
    if not readings:
        caps = [cap for cap in caps if cap.cap == "direction"]
        gates = [replace(gate, status="not evaluated") for gate in gates]
    refusal = next((judgement.refusal for judgement in judgements if judgement.refusal), "")
    if refusal:
        decision = uncapped = Decision(Verdict.NOT_TESTABLE, refusal)
    else:
        decision = apply_rules(evidence, readings, hypothesis, gates, caps)
        # Without caps only the effect's own gates count; what could not be evaluated is a cap's matter.
        evaluated = [gate for gate in core if gate.status != "not evaluated"]
        uncapped = apply_rules(evidence, readings, hypothesis, evaluated)
    bites = uncapped.verdict.rank > decision.verdict.rank
    return Decided(hypothesis, evidence, readings, judgements, gates, caps, bites, decision)


def decide_study(
    hypotheses: Sequence[HypothesisToPlace],
    evidence: Mapping[str, HypothesisEvidence],
    judges: Sequence[Judge],
) -> list[tuple[Decided, float | None]]:
    """Return, for every hypothesis of a study, what the rule table made of it and its p after Holm.

    Parameters
    ----------
    hypotheses, evidence
        As declared; evidence by hypothesis.
    judges
        The considerations, each with its record of the study.
    """
    # One family: the primary hypotheses of the study, answered or not.
    adjusted = holm([primary_p(row.kind, evidence[row.id]) for row in hypotheses])
    return [
        (decide(row, evidence[row.id], judges, p_holm, len(hypotheses)), p_holm)
        for row, p_holm in zip(hypotheses, adjusted, strict=True)
    ]


def variant_verdicts(
    hypotheses: Sequence[HypothesisToPlace],
    evidence: Mapping[str, HypothesisEvidence],
    judges: Sequence[Judge],
) -> dict[str, Callable[[HypothesisEvidence], Verdict]]:
    """Return, per hypothesis, the function that gives the verdict of a robustness variant from its evidence.

    What a variant does not measure (the records of the judges, the other hypotheses' p in Holm's family) is held as in the
    reference run.

    Parameters
    ----------
    hypotheses, evidence, judges
        As in `decide_study`; the judge of robustness itself is not among the judges.
    """
    p_values = {row.id: primary_p(row.kind, evidence[row.id]) for row in hypotheses}

    def verdict_of(row: HypothesisToPlace) -> Callable[[HypothesisEvidence], Verdict]:
        others = [p_value for name, p_value in p_values.items() if name != row.id]

        def of_variant(varied: HypothesisEvidence) -> Verdict:
            p_holm = holm([primary_p(row.kind, varied), *others])[0]
            return decide(row, varied, judges, p_holm, len(hypotheses)).decision.verdict

        return of_variant

    return {row.id: verdict_of(row) for row in hypotheses}


def _with_places(evidence: HypothesisEvidence, judgements: Sequence[Judgement]) -> HypothesisEvidence:
    """Return the evidence with each contrast's percentile among comparator sets."""
    places = {name: place for judgement in judgements for name, place in judgement.places.items()}
    if not places:
        return evidence
    placed = [replace(row, comparator_percentile=places.get(row.contrast)) for row in evidence.contrasts]
    return replace(evidence, contrasts=placed)


def _caps(case: Case) -> list[Cap]:
    caps = []
    if case.hypothesis.primary.direction == "either":
        caps.append(Cap("direction", "No direction was declared in advance."))
    if len(case.carrying) < FEWEST_TO_POOL:
        caps.append(Cap("replication", f"A single {case.hypothesis.kind} could be tested: nothing confirms it."))
    return caps

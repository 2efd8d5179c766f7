"""One hypothesis through the whole rule table, and all of a study together: Holm over its questions, and its controls.

The rule table knows the considerations by their judgements alone. It is the same for the answer of a study, for a variant of
the robustness grid (without the judge of robustness), and for simulated studies.

Holm's family is the questions of one study, answered or not. Controls are outside of it: each is judged at its own level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sidemine.considerations.judgement import Cap, Case, Judge, Judgement
from sidemine.effect.record import HypothesisEvidence
from sidemine.stats.multiplicity import holm
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import HypothesisToJudge
from sidemine.verdict.cohorts import CohortRules
from sidemine.verdict.experiments import ExperimentRules
from sidemine.verdict.panels import PanelRules
from sidemine.verdict.readings import FEWEST_TO_POOL, independent_readings
from sidemine.verdict.rules import Decided, Decision, Level, Rules
from sidemine.verdict.vocabulary import Behaviour, Verdict

RULES: dict[str, Rules] = {"cohort": CohortRules(), "experiment": ExperimentRules(), "panel": PanelRules()}
"""The rule table of each kind of hypothesis."""


def decide(
    hypothesis: HypothesisToJudge, evidence: HypothesisEvidence, judges: Sequence[Judge], level: Level
) -> Decided:
    """Apply gates, caps and rules to one hypothesis.

    Parameters
    ----------
    hypothesis, evidence
        As declared, and what was measured.
    judges
        The considerations, each with its record of the study.
    level
        The p that it is judged by.
    """
    rules, direction = RULES[hypothesis.kind], hypothesis.primary.direction
    first = rules.read(evidence, direction)
    carrying = tuple(row.evidence.contrast for row in rules.carrying(first, evidence))
    case = Case(hypothesis, evidence, carrying, level.factor_of(rules.primary_p(evidence)))
    judgements = [judge(case) for judge in judges]
    evidence = _with_places(evidence, judgements)
    readings = rules.read(evidence, direction)
    core = rules.gates(readings, evidence, direction, level)
    gates = [*core, *(gate for judgement in judgements for gate in judgement.gates)]
    caps = [*_caps(case, rules), *(cap for judgement in judgements for cap in judgement.caps)]
    if not readings:
        caps = [cap for cap in caps if cap.cap == "direction"]
        gates = [replace(gate, status="not evaluated") for gate in gates]
    refusal = next((judgement.refusal for judgement in judgements if judgement.refusal), "")
    if refusal:
        decision = uncapped = Decision(Verdict.NOT_TESTABLE, refusal)
    else:
        decision = rules.apply(evidence, readings, direction, gates, caps)
        # Without caps only the effect's own gates count; what could not be evaluated is a cap's matter.
        evaluated = [gate for gate in core if gate.status != "not evaluated"]
        uncapped = rules.apply(evidence, readings, direction, evaluated)
    bites = uncapped.verdict.rank > decision.verdict.rank
    return Decided(rules, hypothesis, evidence, readings, level, judgements, gates, caps, bites, decision)


def decide_study(
    hypotheses: Sequence[Hypothesis], evidence: Mapping[str, HypothesisEvidence], judges: Sequence[Judge]
) -> list[Decided]:
    """Return, for every hypothesis of a study, what the rule table made of it, in their order.

    Parameters
    ----------
    hypotheses, evidence
        As declared; evidence by hypothesis.
    judges
        The considerations, each with its record of the study.
    """
    asked = [HypothesisToJudge.of(row) for row in hypotheses]
    levels = levels_of(asked, evidence)
    alone = {row.id: decide(row, evidence[row.id], judges, levels[row.id]) for row in asked}
    required = {row.id: row.requires for row in hypotheses}
    settled = {row.id: _settle(row.id, alone, required) for row in hypotheses}
    unexpected = [row for row in settled.values() if row.behaviour is Behaviour.UNEXPECTED]
    return [
        replace(
            row,
            unexpected=tuple(
                other.hypothesis.id
                for other in unexpected
                if row.behaviour is None
                and other.hypothesis.kind == row.hypothesis.kind
                and other.hypothesis.id not in required[name]
            ),
        )
        for name, row in settled.items()
    ]


def variant_verdicts(
    hypotheses: Sequence[HypothesisToJudge],
    evidence: Mapping[str, HypothesisEvidence],
    judges: Sequence[Judge],
) -> dict[str, Callable[[HypothesisEvidence], Verdict]]:
    """Return, per hypothesis, the function that gives the verdict of a robustness variant from its evidence.

    What a variant does not measure (the records of the judges, the other questions' p in Holm's family, required controls) is
    held as in the reference run.

    Parameters
    ----------
    hypotheses, evidence, judges
        As in `decide_study`; the judge of robustness itself is not among the judges.
    """

    def verdict_of(row: HypothesisToJudge) -> Callable[[HypothesisEvidence], Verdict]:
        def of_variant(varied: HypothesisEvidence) -> Verdict:
            level = levels_of(hypotheses, {**evidence, row.id: varied})[row.id]
            return decide(row, varied, judges, level).decision.verdict

        return of_variant

    return {row.id: verdict_of(row) for row in hypotheses}


def levels_of(hypotheses: Sequence[HypothesisToJudge], evidence: Mapping[str, HypothesisEvidence]) -> dict[str, Level]:
    """Return the p that each hypothesis is judged by: Holm's over the questions, a control's own.

    Parameters
    ----------
    hypotheses, evidence
        All of a study, as declared; evidence by hypothesis.
    """
    p_values = {row.id: RULES[row.kind].primary_p(evidence[row.id]) for row in hypotheses}
    questions = [row.id for row in hypotheses if row.role == "question"]
    levels = {name: Level(p_value, 0) for name, p_value in p_values.items()}
    adjusted = holm([p_values[name] for name in questions])
    return levels | {name: Level(p, len(questions)) for name, p in zip(questions, adjusted, strict=True)}


def _settle(name: str, alone: Mapping[str, Decided], required: Mapping[str, Sequence[str]]) -> Decided:
    """Return a decision, taken back where a required control did not behave as expected."""
    # Requirements have no cycles (checked with the study), so this ends.
    controls = {other: _settle(other, alone, required).behaviour for other in required[name]}
    passed = (Behaviour.EXPECTED, Behaviour.TURNED)
    failed = [f"{other} {behaviour}" for other, behaviour in controls.items() if behaviour not in passed]
    if not failed:
        return alone[name]
    names = "; ".join(failed)
    rule = f"What it requires does not hold: {names}. So its data could not have shown an answer."
    return replace(alone[name], bites=False, decision=Decision(Verdict.NOT_TESTABLE, rule), failed_controls=names)


def _with_places(evidence: HypothesisEvidence, judgements: Sequence[Judgement]) -> HypothesisEvidence:
    """Return the evidence with each contrast's percentile among comparator sets."""
    places = {name: place for judgement in judgements for name, place in judgement.places.items()}
    if not places:
        return evidence
    placed = [replace(row, comparator_percentile=places.get(row.contrast)) for row in evidence.contrasts]
    return replace(evidence, contrasts=placed)


def _caps(case: Case, rules: Rules) -> list[Cap]:
    caps = []
    if case.hypothesis.primary.direction == "either":
        caps.append(Cap("direction", "No direction was declared in advance."))
    independent = independent_readings(
        rules.read(case.evidence, case.hypothesis.primary.direction), case.evidence.pooled
    )
    if len(independent) < FEWEST_TO_POOL:
        caps.append(Cap("replication", rules.alone))
    return caps

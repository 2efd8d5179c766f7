"""From measured planted studies to verdicts, by the shipped rule; costly evidence only where it can change the verdict.

Every registered consideration stands in `MEASURES` with the shipped pure function that measures it here, cheapest first.
One that does not is refused: a study would be judged by a rule that the benchmark does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import pandas as pd
from planted_truths import PRIMARY, Genome, Planted, markers_of

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.calibration.measure import ContrastToCalibrate, measure_calibration
from sidemine.considerations.calibration.record import ContrastCalibration
from sidemine.considerations.calibration.specification import CalibrationSettings
from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.considerations.composition.judge import composition_judge
from sidemine.considerations.composition.measure_study import adjust_hypothesis
from sidemine.considerations.composition.record import CompositionOfContrast, entries_by_hypothesis
from sidemine.considerations.compounds.judge import judge_compounds
from sidemine.considerations.hidden_factors.judge import hidden_factors_judge
from sidemine.considerations.hidden_factors.measure import measure_hidden_factors
from sidemine.considerations.influence.judge import influence_judge
from sidemine.considerations.influence.measure import measure_influence
from sidemine.considerations.judgement import Judge, Judgement
from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.considerations.robustness.judge import robustness_judge
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.considerations.specificity.judge import COHORT_PERCENTILE, specificity_judge
from sidemine.considerations.specificity.measure import measure_specificity
from sidemine.considerations.specificity.record import Specificity
from sidemine.considerations.specificity.specification import SpecificitySettings
from sidemine.considerations.traps.judge import judge_traps
from sidemine.considerations.traps.record import Checks
from sidemine.effect.adjustment import common_rows
from sidemine.effect.measure import measure_hypothesis
from sidemine.effect.record import HypothesisEvidence
from sidemine.quality.associations import find_age_overlap
from sidemine.quality.record import NO_TREATMENT, ReusedSides
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.plan import Specified
from sidemine.study.projections import HypothesisToJudge
from sidemine.study.settings import Settings
from sidemine.tables import read_table
from sidemine.verdict.decide import decide, levels_of
from sidemine.verdict.readings import as_effect
from sidemine.verdict.rules import Decided, Level
from sidemine.verdict.vocabulary import Verdict

MARGIN = 0.4
CONTROL_FRACTION = 0.2
MATCHED_SETS = 1000
FIRST_LOOK, CLEAR = 300, 10.0
"""A first look at 300 random sets is enough where the percentile lies 10 points or more from the limit (four standard
errors of a percentile near 75); the 1,000 of the study are drawn only where it does not."""
MATCHED_SETS_SHOWN = 20
"""In experiments the random sets are shown and decide nothing."""
ROTATIONS = 199
"""Of the rotation variants of the robustness grid."""
DROPPED = "contaminated: declared by the planted study"
SETTINGS = {**Settings().model_dump(), "rotations": ROTATIONS, "min_set_size": 5, "max_set_size": 500}
"""The defaults of a study, but for these: sets of five genes are asked about."""
FOUND = (Verdict.SUPPORTED, Verdict.SUGGESTIVE)
CAPS_OF_THE_EFFECT = ("direction", "replication")
"""Caps that the rule table brings itself."""
REFERENCE = Path(__file__).resolve().parents[1] / "resources" / "calibration" / "design_classes.tsv"
Setting = TypeVar("Setting", bound=Specified)


@dataclass(frozen=True)
class Study:
    """One question of a planted study, and what its considerations are measured from.

    Attributes
    ----------
    hypothesis, evidence
        As declared, and the measured effects.
    contrasts
        Those of the hypothesis, in its order.
    genome, seed
        Its genes; seed of bootstrap and random sets.
    checks
        Flags of data and design, as in `quality.json`.
    contaminated
        Cell types whose proxies are dropped, as if stimulation moved their markers.
    """

    hypothesis: Hypothesis
    evidence: HypothesisEvidence
    contrasts: Sequence[Planted]
    genome: Genome
    seed: int
    checks: Checks = field(default_factory=Checks)
    contaminated: Collection[str] = ()

    @property
    def is_cohort(self) -> bool:
        """Whether people are compared."""
        return self.hypothesis.kind == "cohort"

    @property
    def primary(self) -> pd.DataFrame:
        """Rows of the primary set."""
        return self.genome.sets[self.genome.sets["gene_set"] == self.hypothesis.primary.set]


@dataclass(frozen=True)
class Outcome:
    """What a study came to.

    Attributes
    ----------
    verdict, opposite
        The verdict, and whether its sign is against the declared one.
    cap
        The first consideration that kept it from `supported`; '' where the effect's own gates did, or nothing.
    failed
        Gates of the effect that failed.
    core
        The effect's own gates all passed.
    excluded
        The margin was excluded by the one-sided 95 % limit of the pooled effect.
    caps
        Every consideration that would have kept it, where all were asked for.
    """

    verdict: str
    opposite: bool = False
    cap: str = ""
    failed: tuple[str, ...] = ()
    core: bool = False
    excluded: bool = False
    caps: tuple[str, ...] = ()


def settings_of(kind: type[Setting], **changes: object) -> Setting:
    """Return the part of the settings that a consideration uses."""
    return kind.model_validate({**{name: SETTINGS[name] for name in kind.model_fields}, **changes})


def _traps(study: Study) -> Judge:
    return partial(judge_traps, checks=study.checks)


@lru_cache(maxsize=1)
def _design_classes() -> pd.DataFrame:
    return read_table(REFERENCE, CALIBRATION)


def _calibration(study: Study) -> Judge:
    """Return the judge by design classes and unequal variances: permuted labels take minutes per study, so none here."""
    if not study.is_cohort:
        holding = ContrastCalibration("holds", "conservative", False, 0, "3 v 3", "Reference tables.")
        return partial(judge_calibration, contrasts={row.name: holding for row in study.contrasts})
    given = [
        ContrastToCalibrate(row.contrast, row.results.fit, row.expression.obs.assign(sample=row.expression.obs_names, fate="used"), NO_TREATMENT)
        for row in study.contrasts
    ]  # fmt: skip
    sets = {row.name: [study.hypothesis.primary.set] for row in study.contrasts}
    settings = settings_of(CalibrationSettings, calibration_labelings=0)
    record = measure_calibration(given, sets, study.primary, _design_classes(), None, settings)[1]
    return partial(judge_calibration, contrasts=record.contrasts)


def _influence(study: Study) -> Judge:
    fits = {row.name: row.results.fit for row in study.contrasts}
    row = study.hypothesis
    return influence_judge({row.id: measure_influence(row.id, row.kind, study.evidence, fits, study.primary)})


def _hidden_factors(study: Study) -> Judge:
    if not study.is_cohort:
        return hidden_factors_judge({})  # nothing is asked of experiments
    fits = {row.name: row.results.fit for row in study.contrasts if row.results.fit is not None}
    row = study.hypothesis
    common = common_rows(row, study.evidence, fits, study.genome.sets)
    return hidden_factors_judge({row.id: measure_hidden_factors(row.id, fits, common, study.genome.sets)})


def _composition(study: Study) -> Judge:
    if not study.is_cohort:
        return composition_judge({})  # nothing is asked of experiments
    dropped = dict.fromkeys(study.contaminated, DROPPED)
    found = adjust_hypothesis(
        study.hypothesis.id,
        {row.name: row.results.fit for row in study.contrasts if row.results.fit is not None},
        study.primary,
        markers_of(study.genome),
        dropped,
        {row.name: [study.seed, number] for number, row in enumerate(study.contrasts)},
    )
    records = [CompositionOfContrast(name, dropped, ["planted"], [entry]) for name, entry in found.items()]
    return composition_judge(entries_by_hypothesis(records))


def _specificity(study: Study) -> Judge:
    if not study.is_cohort:
        return specificity_judge({study.hypothesis.id: _place(study, MATCHED_SETS_SHOWN)})
    first = _place(study, FIRST_LOOK)
    places = [entry.matched.percentile for entry in first.contrasts]
    if None in places or abs(median(places) - COHORT_PERCENTILE) < CLEAR:
        first = _place(study, MATCHED_SETS)
    return specificity_judge({study.hypothesis.id: first})


def _place(study: Study, n_sets: int) -> Specificity:
    fits = {row.name: row.results.fit for row in study.contrasts}
    settings = settings_of(SpecificitySettings, matched_sets=n_sets, seed=study.seed)
    evidence = {study.hypothesis.id: study.evidence}
    return measure_specificity([study.hypothesis], evidence, fits, study.genome.sets, settings)[1][0]


def _robustness(study: Study) -> Judge:
    from sidemine.considerations.robustness.grid import vary_hypothesis
    from sidemine.considerations.robustness.measure_study import DatasetToVary, data_of_contrast

    if not study.is_cohort:
        return robustness_judge({})  # experiments are shown theirs; nothing caps them
    data = {
        row.name: data_of_contrast(
            row.contrast,
            DatasetToVary(row.expression, "", NO_TREATMENT, frozenset(), {}),
            find_age_overlap(row.samples, row.is_target),
            ReusedSides([], []),
            markers=markers_of(study.genome),
            contaminated=dict.fromkeys(study.contaminated, DROPPED),
            min_group_size=3,
        )
        for row in study.contrasts
    }
    # Verdicts of variants count only where the reference p is above .05, and then nothing is supported anyway.
    record = vary_hypothesis(
        study.hypothesis,
        study.evidence,
        data,
        study.genome.sets,
        verdict=lambda _: "",
        settings=settings_of(RobustnessSettings, seed=study.seed),
    )
    return robustness_judge({study.hypothesis.id: record})


def _compounds(_: Study) -> Judge:
    """Return the judge of panels, which finds its model in the evidence: no planted study is a panel."""
    return judge_compounds


MEASURES: Mapping[str, Callable[[Study], Judge]] = {
    "compounds": _compounds,
    "traps": _traps,
    "influence": _influence,
    "hidden_factors": _hidden_factors,
    "composition": _composition,
    "calibration": _calibration,
    "specificity": _specificity,
    "robustness": _robustness,
}
"""By the name of the consideration, cheapest first."""


def ask(
    hypothesis: Hypothesis,
    contrasts: Sequence[Planted],
    genome: Genome,
    seed: int,
    *,
    controls: Sequence[Planted] = (),
    same: Mapping[str, Mapping[str, str]] | None = None,
    checks: Checks | None = None,
    contaminated: Collection[str] = (),
) -> Study:
    """Measure the primary effects of one question.

    Parameters
    ----------
    hypothesis
        As declared.
    contrasts, controls
        Measured contrasts of the hypothesis; positive controls of its margin.
    genome, seed
        Which genes; seed of bootstrap and random sets.
    same
        Per dataset, its samples that stand in another one.
    checks, contaminated
        Flags of data and design; cell types whose proxies are dropped.
    """
    results = [row.results for row in (*contrasts, *controls)]
    evidence = measure_hypothesis(hypothesis, results, genome.sets, same or {})
    return Study(hypothesis, evidence, contrasts, genome, seed, checks or Checks(), contaminated)


def judge_all(studies: Sequence[Study], skip: Collection[str] = (), *, all_caps: bool = False) -> list[Outcome]:
    """Return the outcome of every question of one study, Holm over them."""
    declared = [HypothesisToJudge.of(row.hypothesis) for row in studies]
    levels = levels_of(declared, {row.hypothesis.id: row.evidence for row in studies})
    return [judge(row, levels[row.hypothesis.id], skip, all_caps=all_caps) for row in studies]


def judge(study: Study, level: Level, skip: Collection[str] = (), *, all_caps: bool = False) -> Outcome:
    """Return the outcome of one question.

    Parameters
    ----------
    study
        The question with its effects.
    level
        Its p after Holm over the study's questions.
    skip
        Considerations that are neither measured nor asked.
    all_caps
        Measure every consideration even where one has capped already.
    """
    asked = [entry for entry in CONSIDERATIONS if entry.name not in skip]
    missing = [entry.name for entry in asked if entry.name not in MEASURES]
    if missing:
        raise LookupError(f"no measure in process for {', '.join(missing)}: add it to MEASURES")
    known: dict[str, Judge] = {}

    def decide_now() -> tuple[Decided, dict[str, Judgement]]:
        judges = [known[entry.name] if entry.name in known else entry.read_judge(()) for entry in asked]
        found = decide(HypothesisToJudge.of(study.hypothesis), study.evidence, judges, level)
        return found, dict(zip([entry.name for entry in asked], found.judgements, strict=True))

    found, judgements = decide_now()
    own = found.gates[: len(found.gates) - sum(len(judgement.gates) for judgement in judgements.values())]
    failed = tuple(gate.name for gate in own if gate.required and gate.status == "failed")
    core = not failed and found.decision.verdict in FOUND
    caps: list[str] = []
    if core or (found.readings and not study.is_cohort):
        caps = [cap.cap for cap in found.caps if cap.cap in CAPS_OF_THE_EFFECT]
        for name, measure in MEASURES.items():
            if name not in judgements or (caps and study.is_cohort and not all_caps):
                continue  # not asked; or later evidence can only add caps
            known[name] = measure(study)
            found, judgements = decide_now()
            if _speaks_against(judgements[name]):
                caps.append(name)
    effect = as_effect(found.evidence.pooled)
    direction = study.hypothesis.primary.direction
    margin = found.evidence.margin.value
    excluded = effect is not None and margin is not None and direction != "either" and effect.limit(direction) < margin
    first = caps[0] if caps and found.decision.verdict != Verdict.SUPPORTED else ""
    return Outcome(found.decision.verdict, found.decision.opposite, first, failed, core, excluded, tuple(caps))


def _speaks_against(judgement: Judgement) -> bool:
    unmet = any(gate.required and gate.status != "passed" for gate in judgement.gates)
    return bool(judgement.caps or judgement.refusal or unmet)


def declare(
    kind: str,
    contrasts: Sequence[Planted],
    direction: str,
    *,
    margin: object = MARGIN,
    gene_set: str = PRIMARY,
) -> Hypothesis:
    """Return a question on these contrasts."""
    names = [row.name for row in contrasts]
    primary = {"set": gene_set, "contrasts": names, "direction": direction, "margin": margin}
    declared = {"id": gene_set, "question": "Is it what was planted?", "kind": kind, "primary": primary}
    return Hypothesis.model_validate(declared)


def ask_experiments(
    experiments: Sequence[Mapping[str, Planted]], genome: Genome, seed: int, direction: str = "down"
) -> Study:
    """Measure a question on experiments; the first one's stimulus is the positive control of the margin."""
    drugs, control = [row["drug"] for row in experiments], experiments[0]["stimulus"]
    margin = {"fraction": CONTROL_FRACTION, "of_contrast": control.name}
    return ask(declare("experiment", drugs, direction, margin=margin), drugs, genome, seed, controls=[control])

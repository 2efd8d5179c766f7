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
from sidemine.considerations.judgement import Judge
from sidemine.considerations.registry import CONSIDERATIONS, judges_with
from sidemine.considerations.robustness.judge import robustness_judge
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.considerations.specificity.judge import COHORT_PERCENTILE, specificity_judge
from sidemine.considerations.specificity.measure import measure_specificity
from sidemine.considerations.specificity.record import Specificity
from sidemine.considerations.specificity.specification import SpecificitySettings
from sidemine.considerations.traps.judge import judge_traps
from sidemine.considerations.traps.record import Checks
from sidemine.effect.measure import measure_hypothesis
from sidemine.effect.record import HypothesisEvidence
from sidemine.quality.associations import find_age_overlap
from sidemine.quality.record import NO_TREATMENT, ReusedSides
from sidemine.stats.multiplicity import holm
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.plan import Specified
from sidemine.study.settings import Settings
from sidemine.tables import read_table
from sidemine.verdict.decide import Decided, decide
from sidemine.verdict.family import primary_p

MARGIN = 0.4
CONTROL_FRACTION = 0.2
ID = "main"
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
    known
        Judges of what has been measured.
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


def _composition(study: Study) -> Judge:
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
    return measure_specificity([study.hypothesis], fits, study.genome.sets, settings)[1][0]


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


MEASURES: Mapping[str, Callable[[Study], Judge]] = {
    "traps": _traps,
    "calibration": _calibration,
    "composition": _composition,
    "specificity": _specificity,
    "robustness": _robustness,
}
"""By the name of the consideration, cheapest first."""


def judge(
    hypothesis: Hypothesis,
    contrasts: Sequence[Planted],
    genome: Genome,
    seed: int,
    *,
    controls: Sequence[Planted] = (),
    same: Mapping[str, Mapping[str, str]] | None = None,
    other_p: Sequence[float | None] = (),
    checks: Checks | None = None,
    contaminated: Collection[str] = (),
    skip: Collection[str] = (),
    all_caps: bool = False,
) -> Outcome:
    """Return the outcome of one question.

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
    other_p
        p of the study's other questions.
    checks, contaminated
        Flags of data and design; cell types whose proxies are dropped.
    skip
        Considerations that are neither measured nor asked.
    all_caps
        Measure every consideration even where one has capped already.
    """
    missing = {entry.name for entry in CONSIDERATIONS} - set(MEASURES)
    if missing:
        raise LookupError(f"no measure in process for {', '.join(sorted(missing))}: add it to MEASURES")
    results = [row.results for row in (*contrasts, *controls)]
    evidence = measure_hypothesis(hypothesis, results, genome.sets, same or {})
    study = Study(hypothesis, evidence, contrasts, genome, seed, checks or Checks(), contaminated)
    p_holm = holm([primary_p(hypothesis.kind, evidence), *other_p])[0]
    known: dict[str, Judge] = {}
    names = [entry.name for entry in CONSIDERATIONS if entry.name not in skip]

    def decide_now() -> Decided:
        judges = judges_with(known, only=names)
        return decide(hypothesis, evidence, judges, p_holm, 1 + len(other_p))

    found = decide_now()
    failed = tuple(gate.name for gate in core_gates(found) if gate.required and gate.status == "failed")
    caps: list[str] = []
    core = not failed and found.decision.verdict != "not testable"
    if core or not study.is_cohort:
        for name, measure in MEASURES.items():
            if name not in names:
                continue
            known[name] = measure(study)
            found = decide_now()
            if speaks_against(found, name, names):
                caps.append(name)
                if not all_caps and study.is_cohort:
                    break  # later evidence can only add caps
    verdict = found.decision.verdict
    return Outcome(
        verdict, found.decision.opposite, caps[0] if caps else "", failed, core, _excludes(found), tuple(caps)
    )

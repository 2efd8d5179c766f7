"""From measured planted studies to verdicts, by the shipped rule; costly evidence only where it can change the verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from planted_truths import PRIMARY, Planted, gene_sets_of, markers_of

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.calibration.record import ContrastCalibration
from sidemine.considerations.composition.judge import composition_judge
from sidemine.considerations.composition.measure_study import adjust_hypothesis
from sidemine.considerations.composition.record import CompositionOfContrast, Entries, entries_by_hypothesis
from sidemine.considerations.influence.judge import influence_judge
from sidemine.considerations.influence.measure import measure_influence
from sidemine.considerations.judgement import Judge
from sidemine.considerations.registry import judges_with
from sidemine.considerations.robustness.judge import robustness_judge
from sidemine.considerations.robustness.record import Robustness
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
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.plan import Specified
from sidemine.study.settings import Settings
from sidemine.verdict.decide import Decided, decide_study

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
SETTINGS = {**Settings().model_dump(), "rotations": ROTATIONS, "min_set_size": 10, "max_set_size": 500}
"""The defaults of a study, but for these."""
HOLDING = ContrastCalibration("holds", "conservative", False, 0, "planted", "Reference tables.")
"""Both tests hold their size in these designs: `benchmarks/calibration_designs.py`."""


_LATER = ("influence", "composition", "specificity", "robustness")
"""Caps whose evidence is computed step by step."""


@dataclass(frozen=True)
class Outcome:
    """Verdict of one study, its sign against the declared one, the first cap that bit, and the core gates that failed."""

    verdict: str
    opposite: bool
    cap: str
    failed: tuple[str, ...]


def judge_cohorts(
    cohorts: list[Planted],
    universe_number: int,
    seed: int,
    *,
    direction: str = "up",
    checks: Checks | None = None,
    robustness: bool = True,
    contaminated: Collection[str] = (),
) -> Outcome:
    """Return the outcome of a study with one cohort hypothesis.

    Parameters
    ----------
    cohorts
        Measured cohorts.
    universe_number, seed
        Which genes; seed of bootstrap and random sets.
    direction
        Declared direction.
    checks
        Flags of data and design, as in `quality.json`.
    robustness
        False: the grid of variants is neither run nor asked for.
    contaminated
        Cell types whose proxies are dropped, as if stimulation moved their markers.
    """
    hypothesis = _hypothesis("cohort", [row.name for row in cohorts], direction, MARGIN)
    evidence = measure_hypothesis(hypothesis, [row.results for row in cohorts], gene_sets_of(universe_number), {})
    known: dict[str, Judge] = {
        "calibration": _calibrated([row.name for row in cohorts]),
        "traps": partial(judge_traps, checks=checks or Checks()),
    }

    def decide_now() -> Decided:
        judges = judges_with(known, of_variants=not robustness)
        return decide_study([hypothesis], {ID: evidence}, judges)[0]

    found = decide_now()
    failed = _failed(found)
    if failed or not (found.bites and found.caps):
        return _outcome(found, "", failed)
    known_caps = [cap.cap for cap in found.caps if cap.cap not in _LATER]
    if known_caps:
        return _outcome(found, known_caps[0], failed)
    steps: dict[str, Callable[[], Judge]] = {
        "influence": lambda: _influence("cohort", evidence, cohorts, universe_number),
        "composition": lambda: composition_judge({ID: _composition(cohorts, universe_number, seed, contaminated)}),
        "specificity": lambda: specificity_judge(
            {ID: _specificity_of_cohorts(hypothesis, cohorts, universe_number, seed)}
        ),
        "robustness": lambda: robustness_judge(
            {ID: _robustness(hypothesis, evidence, cohorts, universe_number, seed, contaminated)}
        ),
    }
    if not robustness:
        del steps["robustness"]
    for name, compute in steps.items():
        known[name] = compute()
        found = decide_now()
        if any(cap.cap == name for cap in found.caps):
            # Later evidence can only add caps.
            return _outcome(found, name, failed)
    return _outcome(found, "", failed)


def _calibrated(contrasts: Sequence[str]) -> Judge:
    return partial(judge_calibration, contrasts=dict.fromkeys(contrasts, HOLDING))


def judge_experiments(
    experiments: list[dict[str, Planted]], universe_number: int, seed: int, *, direction: str = "down"
) -> Outcome:
    """Return the outcome of a study with one experiment hypothesis; the first one's stimulus is the positive control."""
    drugs = [row["drug"] for row in experiments]
    control = experiments[0]["stimulus"]
    names = [row.name for row in drugs]
    margin = {"fraction": CONTROL_FRACTION, "of_contrast": control.name}
    hypothesis = _hypothesis("experiment", names, direction, margin)
    evidence = measure_hypothesis(
        hypothesis, [row.results for row in (*drugs, control)], gene_sets_of(universe_number), {}
    )
    shown = _specificity(hypothesis, drugs, universe_number, seed, MATCHED_SETS_SHOWN)
    known = {
        "specificity": specificity_judge({ID: shown}),
        "calibration": _calibrated(names),
        "influence": _influence("experiment", evidence, drugs, universe_number),
    }
    judges = judges_with(known)
    found = decide_study([hypothesis], {ID: evidence}, judges)[0]
    return _outcome(found, found.caps[0].cap if found.caps and found.bites else "", _failed(found))


def settings_of(kind: type[Specified], **changes: object) -> Specified:
    """Return the part of the settings that a consideration uses."""
    return kind.model_validate({**{name: SETTINGS[name] for name in kind.model_fields}, **changes})


def _hypothesis(kind: str, contrasts: list[str], direction: str, margin: object) -> Hypothesis:
    primary = {"set": PRIMARY, "contrasts": contrasts, "direction": direction, "margin": margin}
    declared = {"id": ID, "question": "Is it what was planted?", "kind": kind, "primary": primary}
    return Hypothesis.model_validate(declared)


def _failed(found: Decided) -> tuple[str, ...]:
    return tuple(gate.name for gate in found.gates if gate.required and gate.status == "failed")


def _outcome(found: Decided, cap: str, failed: tuple[str, ...]) -> Outcome:
    return Outcome(found.decision.verdict, found.decision.opposite, cap, failed)


def _influence(kind: str, evidence: HypothesisEvidence, contrasts: list[Planted], universe_number: int) -> Judge:
    sets = gene_sets_of(universe_number)
    fits = {row.name: row.results.fit for row in contrasts}
    return influence_judge({ID: measure_influence(ID, kind, evidence, fits, sets[sets["gene_set"] == PRIMARY])})


def _composition(cohorts: list[Planted], universe_number: int, seed: int, contaminated: Collection[str]) -> Entries:
    sets, dropped = gene_sets_of(universe_number), dict.fromkeys(contaminated, DROPPED)
    found = adjust_hypothesis(
        ID,
        {row.name: row.results.fit for row in cohorts if row.results.fit is not None},
        sets[sets["gene_set"] == PRIMARY],
        markers_of(universe_number),
        dropped,
        {row.name: [seed, number] for number, row in enumerate(cohorts)},
    )
    records = [CompositionOfContrast(name, dropped, ["planted"], [entry]) for name, entry in found.items()]
    return entries_by_hypothesis(records)[ID]


def _specificity_of_cohorts(
    hypothesis: Hypothesis, cohorts: list[Planted], universe_number: int, seed: int
) -> Specificity:
    first = _specificity(hypothesis, cohorts, universe_number, seed, FIRST_LOOK)
    places = [entry.matched.percentile for entry in first.contrasts]
    if None not in places and abs(median(places) - COHORT_PERCENTILE) >= CLEAR:
        return first
    return _specificity(hypothesis, cohorts, universe_number, seed, MATCHED_SETS)


def _specificity(
    hypothesis: Hypothesis, contrasts: list[Planted], universe_number: int, seed: int, n_sets: int
) -> Specificity:
    fits = {row.name: row.results.fit for row in contrasts}
    settings = settings_of(SpecificitySettings, matched_sets=n_sets, seed=seed)
    return measure_specificity([hypothesis], fits, gene_sets_of(universe_number), settings)[1][0]


def _robustness(
    hypothesis: Hypothesis,
    evidence: HypothesisEvidence,
    cohorts: list[Planted],
    universe_number: int,
    seed: int,
    contaminated: Collection[str],
) -> Robustness:
    from sidemine.considerations.robustness.grid import vary_hypothesis
    from sidemine.considerations.robustness.measure_study import DatasetToVary, data_of_contrast

    data = {
        row.name: data_of_contrast(
            row.contrast,
            DatasetToVary(row.expression, "", NO_TREATMENT, frozenset(), {}),
            find_age_overlap(row.samples, row.is_target, "age"),
            ReusedSides([], []),
            markers=markers_of(universe_number),
            contaminated=dict.fromkeys(contaminated, DROPPED),
            min_group_size=3,
        )
        for row in cohorts
    }
    # Verdicts of variants count only where the reference p is above .05, and then nothing is supported anyway.
    return vary_hypothesis(
        hypothesis,
        evidence,
        data,
        gene_sets_of(universe_number),
        verdict=lambda _: "",
        settings=settings_of(RobustnessSettings, seed=seed),
    )

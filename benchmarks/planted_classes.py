"""The planted classes: what is true of a study, which verdicts are right, and how many studies are run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from planted_truths import N_UNIVERSES, SIZES, Cohort, measure_cohort, measure_experiment
from planted_verdicts import Outcome, judge_cohorts, judge_experiments

from sidemine.considerations.traps.record import Checks
from sidemine.quality.associations import find_associations
from sidemine.quality.contrast_quality import flag_batches
from sidemine.study.projections import TrapsOfContrast
from sidemine.study.settings import Traps

TRAPS = TrapsOfContrast.of(Traps(batch_aliased="warn"))
"""Declared consequences; an aliased batch is only told here, which is the weakest that a study may declare."""
UNANSWERED = ("not supported", "not testable")
NOT_SUPPORTED = ("suggestive", "not supported", "conflicting", "not testable")
"""Right where nothing is to be found but something is to be seen: anything but `supported`."""
FOUND = ("supported", "suggestive")
SHIFTED = tuple(f"module_{number:02d}" for number in range(1, 11))
D_STIMULUS, D_DRUG = 6.0, 4.0


@dataclass(frozen=True)
class PlantedClass:
    """A class of studies.

    Attributes
    ----------
    name, truth, parameter
        As they stand in the table.
    null
        Column `null` of the table: global, competitive, composition, heterogeneity, none.
    right
        Verdicts that an honest rule may reach.
    n_studies
        Studies of a full run.
    run
        From seed, and whether the robustness grid is run, to the outcome.
    """

    name: str
    truth: str
    null: str
    right: tuple[str, ...]
    n_studies: int
    run: Callable[[int, bool], Outcome]
    parameter: str = ""


def _cohorts(
    *truths: Cohort, tau: float = 0.0, direction: str = "up", flagged: bool = False, dropped: tuple[str, ...] = ()
) -> Callable[[int, bool], Outcome]:
    def run(seed: int, robustness: bool) -> Outcome:
        number = seed // 100 % N_UNIVERSES
        drawn = np.random.default_rng(np.random.SeedSequence([seed, 70])).normal(0, 1, len(truths))
        measured = []
        for place, truth in enumerate(truths):
            real = replace(truth, effect=truth.effect + tau * float(drawn[place])) if tau else truth
            measured.append(measure_cohort(real, f"cohort_{'abcdef'[place]}", number, seed + 1 + place))
        checks = Checks()
        if flagged:
            # The design does not hold the batch; the checks of the data find it by its name.
            found = {
                row.name: flag_batches(
                    find_associations(row.samples, row.is_target, group_columns=set(), in_design={"age", "sex"}),
                    TRAPS,
                )
                for row in measured
            }
            checks = Checks(contrast={name: [flag] for name, flag in found.items()})
        return judge_cohorts(
            measured, number, seed, direction=direction, checks=checks, robustness=robustness, contaminated=dropped
        )

    return run


def _experiments(
    drug: tuple[float, ...], stimulus: float = D_STIMULUS, direction: str = "down"
) -> Callable[[int, bool], Outcome]:
    def run(seed: int, robustness: bool) -> Outcome:  # noqa: ARG001 — nothing caps experiments by robustness
        number = seed // 100 % N_UNIVERSES
        measured = [
            measure_experiment({"stimulus": stimulus, "drug": d}, f"experiment_{'ab'[place]}", number, seed + 1 + place)
            for place, d in enumerate(drug)
        ]
        return judge_experiments(measured, number, seed, direction=direction)

    return run


def _pair(**truth: Any) -> tuple[Cohort, Cohort]:
    """Return the study's two cohort sizes with the same truth."""
    first, second = SIZES
    return (
        Cohort(n_cases=first[0], n_controls=first[1], **truth),
        Cohort(n_cases=second[0], n_controls=second[1], **truth),
    )


def _composition_class(reliability: float, n_studies: int) -> PlantedClass:
    truth = _pair(composition_shift={"erythroid": 1.0}, target_slope={"erythroid": 0.15}, reliability=reliability)
    return PlantedClass(
        "composition_only",
        "Patients have more erythroid cells (1 SD), which raise the primary set by 0.15 log2 per SD; the adjustment sees "
        "them through markers of the stated reliability, other than those that the simulator moves.",
        "composition",
        NOT_SUPPORTED,
        n_studies,
        _cohorts(*truth),
        f"reliability={reliability:g}",
    )


def _power_class(g: float, n_studies: int) -> PlantedClass:
    return PlantedClass(
        "positive",
        "The primary set is higher in patients of both cohorts.",
        "none",
        FOUND,
        n_studies,
        _cohorts(*_pair(effect=g)),
        f"g={g:g}",
    )


def _experiment_power(d: float, n_experiments: int) -> PlantedClass:
    return PlantedClass(
        "inhibitor_suppresses" if n_experiments == 2 else "inhibitor_suppresses_once",
        f"The drug undoes a stimulus of its own size, in {n_experiments} experiment{'s' if n_experiments > 1 else ''} of "
        "3 v 3; margin 20 % of the stimulus.",
        "none",
        FOUND,
        200,
        _experiments((-d,) * n_experiments, stimulus=d),
        f"d={d:g}",
    )


CLASSES: tuple[PlantedClass, ...] = (
    # Acceptance figures first: a run that is cut short has them.
    PlantedClass("null", "Nothing differs.", "global", UNANSWERED, 1000, _cohorts(*_pair())),
    *(_composition_class(reliability, 200) for reliability in (0.8, 0.9, 0.95)),
    _power_class(0.5, 200),
    _power_class(0.65, 200),
    PlantedClass(
        "competitive_null",
        "The primary set does not change; ten other modules do (g = 0.8, half up and half down), and one of those that "
        "go up varies together with it.",
        "competitive",
        NOT_SUPPORTED,
        200,
        _cohorts(
            *_pair(shifts={name: 0.8 if row % 2 else -0.8 for row, name in enumerate(SHIFTED)}, covarying=(SHIFTED[1],))
        ),
    ),
    *(_experiment_power(4.0, number) for number in (2, 1)),
    PlantedClass(
        "inhibitor_null",
        "The drug changes nothing in either experiment (stimulus d = 6).",
        "global",
        UNANSWERED,
        400,
        _experiments((0.0, 0.0)),
    ),
    PlantedClass(
        "inhibitor_opposes",
        "The drug raises the set further (d = 4), although `down` was declared.",
        "none",
        ("not supported",),
        200,
        _experiments((D_DRUG, D_DRUG)),
    ),
    PlantedClass(
        "inhibitor_mimics",
        "The drug raises the set (d = 4), as the disease does and as was declared.",
        "none",
        FOUND,
        200,
        _experiments((D_DRUG, D_DRUG), direction="up"),
    ),
    PlantedClass(
        "inhibitor_conflicting",
        "The drug takes the set down in one experiment (d = −4) and up in the other (d = 4).",
        "none",
        ("conflicting",),
        200,
        _experiments((-D_DRUG, D_DRUG)),
    ),
    PlantedClass(
        "conflicting",
        "The primary set is higher in patients of one cohort (g = 0.8) and lower in the other (g = −0.8).",
        "none",
        ("conflicting",),
        200,
        _cohorts(_pair(effect=0.8)[0], _pair(effect=-0.8)[1]),
    ),
    PlantedClass(
        "sign_flipped",
        "The primary set is lower in patients of both cohorts (g = −0.65), not higher as declared.",
        "none",
        ("not supported",),
        200,
        _cohorts(*_pair(effect=-0.65)),
    ),
    PlantedClass(
        "heterogeneity",
        "No effect on average; the cohorts' own effects scatter around 0 with SD 0.15.",
        "heterogeneity",
        NOT_SUPPORTED,
        1000,
        _cohorts(*_pair(), tau=0.15),
        "tau=0.15",
    ),
    PlantedClass(
        "no_direction",
        "As positive (g = 0.65), but no direction was declared in advance.",
        "none",
        ("suggestive",),
        200,
        _cohorts(*_pair(effect=0.65), direction="either"),
        "g=0.65",
    ),
    PlantedClass(
        "single_cohort",
        "One cohort of 70 v 63, g = 0.65.",
        "none",
        ("suggestive",),
        200,
        _cohorts(_pair(effect=0.65)[0]),
        "g=0.65",
    ),
    PlantedClass(
        "batch_aliased",
        "Patients and controls were measured in different batches, declared as a covariate; g = 0.65 besides.",
        "none",
        ("not testable",),
        200,
        _cohorts(*_pair(effect=0.65, aliased=True)),
    ),
    PlantedClass(
        "batch_unmodelled",
        "The same, the batch not declared; the study only warns of it.",
        "none",
        ("suggestive",),
        200,
        _cohorts(*_pair(effect=0.65, aliased=True, model_batch=False), flagged=True),
    ),
    PlantedClass(
        "too_small",
        "Two patients and two controls per cohort.",
        "none",
        ("not testable",),
        200,
        _cohorts(*(Cohort(effect=0.9, n_cases=2, n_controls=2) for _ in range(2))),
    ),
    _power_class(0.4, 200),
    _power_class(0.3, 200),
    *(_composition_class(reliability, 100) for reliability in (0.7, 0.6)),
    PlantedClass(
        "composition_unknown_cell",
        "A cell type without any marker is more frequent in patients (1 SD) and raises the primary set: nothing in the "
        "data tells it from an effect.",
        "composition",
        NOT_SUPPORTED,
        60,
        _cohorts(*_pair(composition_shift={"unknown": 1.0}, target_slope={"unknown": 0.15})),
    ),
    _power_class(0.8, 100),
    *(_experiment_power(d, number) for d in (2.0, 3.0, 6.0) for number in (2, 1)),
    # New classes come last: the seeds of a class follow from its place.
    PlantedClass(
        "composition_dropped_cell",
        "As composition_only, and the proxy of the confounding cells was dropped as contaminated, so that the adjustment "
        "does not see them.",
        "composition",
        NOT_SUPPORTED,
        100,
        _cohorts(
            *_pair(composition_shift={"erythroid": 1.0}, target_slope={"erythroid": 0.15}, reliability=0.8),
            dropped=("erythroid",),
        ),
        "reliability=0.8",
    ),
    PlantedClass(
        "positive_dropped_cell",
        "The primary set is higher in patients of both cohorts; they also have more erythroid cells (1 SD), which do not move "
        "it, and whose proxy was dropped as contaminated.",
        "none",
        FOUND,
        100,
        _cohorts(*_pair(effect=0.65, composition_shift={"erythroid": 1.0}), dropped=("erythroid",)),
        "g=0.65",
    ),
)

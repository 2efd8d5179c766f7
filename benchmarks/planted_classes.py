"""The planted classes: what is true of a study, which verdicts are right, how many studies are run, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from planted_truths import (
    N_UNIVERSES,
    PRIMARY,
    SIZES,
    Cohort,
    Genome,
    Hidden,
    draw_cohort,
    fit_planted,
    measure_cohort,
    measure_experiment,
)
from planted_verdicts import Outcome, Study, ask, ask_experiments, declare, judge_all

from sidemine.considerations.registry import CONSIDERATIONS
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
ONE_GENE_G = 0.65
"""Effect of the whole set that a single gene of it carries."""

Draw = Callable[[int], list[Study]]


@dataclass(frozen=True)
class PlantedClass:
    """A class of studies.

    Attributes
    ----------
    name, truth, parameter
        As they stand in the table.
    null
        Column `null` of the table: global, competitive, composition, heterogeneity, hidden, none.
    right
        Verdicts that an honest rule may reach.
    n_studies
        Studies of a full run.
    draw
        From a seed to the questions of a study.
    counts
        Whose outcome counts: that of the first question, or any `supported` among all.
    effect_alone
        No consideration is asked: what is counted is decided by the effect's own gates.
    """

    name: str
    truth: str
    null: str
    right: tuple[str, ...]
    n_studies: int
    draw: Draw
    parameter: str = ""
    counts: Literal["first", "any"] = "first"
    effect_alone: bool = False

    @property
    def label(self) -> str:
        """Name and parameter."""
        return f"{self.name} {self.parameter}".strip()

    def run(self, seed: int, skip: Collection[str] = (), *, all_caps: bool = False) -> Outcome:
        """Return the outcome of one study."""
        questions = self.draw(seed)
        if self.effect_alone:
            skip = [entry.name for entry in CONSIDERATIONS]
        outcomes = judge_all(questions, skip, all_caps=all_caps)
        if self.counts == "any":
            return next((one for one in outcomes if one.verdict == "supported"), outcomes[0])
        return outcomes[0]


@dataclass(frozen=True)
class Acceptance:
    """A figure that must hold: at most, or at least, this share of the studies of a class is counted as `counted`."""

    name: str
    parameter: str
    counted: str
    bound: Literal["at most", "at least"]
    share: float


def _genome(seed: int, set_size: int = 0) -> Genome:
    return Genome(seed // 100 % N_UNIVERSES, set_size)


def _cohorts(
    *truths: Cohort,
    tau: float = 0.0,
    direction: str = "up",
    flagged: bool = False,
    dropped: tuple[str, ...] = (),
    set_size: int = 0,
    questions: int = 1,
    accession: str = "",
) -> Draw:
    """Return what draws a study of these cohorts.

    Parameters
    ----------
    truths
        One per cohort.
    tau
        SD of the cohorts' own effects about the declared one.
    direction
        Declared direction.
    flagged
        The checks of the data have looked for batches that the design does not hold.
    dropped
        Cell types whose proxies are dropped.
    set_size
        Genes of the primary set; 0: all of its module.
    questions
        Questions of the study; all but the first ask about modules that nothing is planted in.
    accession
        Of all cohorts; '' for one each.
    """
    sets = (PRIMARY, *(f"module_{number:02d}" for number in range(11, 10 + questions)))

    def draw(seed: int) -> list[Study]:
        genome = _genome(seed, set_size)
        own = np.random.default_rng(np.random.SeedSequence([seed, 70])).normal(0, 1, len(truths))
        measured = []
        for place, truth in enumerate(truths):
            real = replace(truth, effect=truth.effect + tau * float(own[place])) if tau else truth
            name = f"cohort_{'abcdef'[place]}"
            measured.append(measure_cohort(real, name, genome, seed + 1 + place, accession=accession, sets=sets))
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
        return [
            ask(
                declare("cohort", measured, direction, gene_set=name),
                measured,
                genome,
                seed,
                checks=checks,
                contaminated=dropped,
            )
            for name in sets
        ]

    return draw


def _shared_controls(g: float) -> Draw:
    """Return what draws two cohorts that share their 40 controls, under the same names in both datasets' records."""

    def draw(seed: int) -> list[Study]:
        genome, measured = _genome(seed), []
        values, samples, is_case = draw_cohort(Cohort(effect=g, n_cases=120, n_controls=40), genome, seed + 1)
        names = [f"GSM{row}" for row in range(len(is_case))]
        same = {}
        for place, cases in enumerate((range(60), range(60, 120))):
            rows = [*cases, *range(120, 160)]
            name = f"cohort_{'ab'[place]}"
            people = samples.iloc[rows].set_axis([names[row] for row in rows])
            covariates = ["age", "sex", "batch"]
            measured.append(fit_planted(values[:, rows], people, is_case[rows], covariates, name, genome))
            same[name] = {f"{name}_{names[row]}": names[row] for row in range(120, 160)}
        return [ask(declare("cohort", measured, "up"), measured, genome, seed, same=same)]

    return draw


def _experiments(
    drug: tuple[float, ...], stimulus: float = D_STIMULUS, direction: str = "down", *, wells: bool = False
) -> Draw:
    def draw(seed: int) -> list[Study]:
        genome = _genome(seed)
        measured = [
            measure_experiment(
                {"stimulus": stimulus, "drug": d}, f"experiment_{'ab'[place]}", genome, seed + 1 + place, wells=wells
            )
            for place, d in enumerate(drug)
        ]
        return [ask_experiments(measured, genome, seed, direction)]

    return draw


def _of_sizes(k: int = 2, **truth: Any) -> tuple[Cohort, ...]:
    """Return k cohorts of the declared sizes with the same truth."""
    return tuple(Cohort(n_cases=cases, n_controls=controls, **truth) for cases, controls in SIZES[:k])


def _class(
    name: str,
    truth: str,
    null: str,
    n_studies: int,
    draw: Draw,
    parameter: str = "",
    *,
    right: tuple[str, ...] = (),
    counts: Literal["first", "any"] = "first",
    effect_alone: bool = False,
) -> PlantedClass:
    right = right or (FOUND if null == "none" else NOT_SUPPORTED)
    return PlantedClass(name, truth, null, right, n_studies, draw, parameter, counts, effect_alone)


def _composition_class(reliability: float, n_studies: int) -> PlantedClass:
    truth = _of_sizes(composition_shift={"erythroid": 1.0}, target_slope={"erythroid": 0.15}, reliability=reliability)
    return _class(
        "composition_only",
        "Patients have more erythroid cells (1 SD), which raise the primary set by 0.15 log2 per SD; the adjustment sees "
        "them through markers of the stated reliability.",
        "composition",
        n_studies,
        _cohorts(*truth),
        f"reliability={reliability:g}",
    )


def _power_class(
    g: float,
    n_studies: int,
    about: str = "",
    *,
    questions: int = 1,
    k: int = 2,
    effect_alone: bool = False,
    ages: str = "balanced",
    **truth: Any,
) -> PlantedClass:
    return _class(
        "positive",
        f"The primary set is higher in patients of {'both' if k == 2 else f'all {k}'} cohorts.",
        "none",
        n_studies,
        _cohorts(*_of_sizes(k, effect=g, ages=ages, **truth), questions=questions),
        f"g={g:g}{about}",
        effect_alone=effect_alone,
    )


def _one_gene(size: int) -> PlantedClass:
    return _class(
        "one_gene",
        f"One gene of {size} is higher in patients of both cohorts, so much that the whole set has g = {ONE_GENE_G}.",
        "one gene",
        200,
        _cohorts(*_of_sizes(effect=ONE_GENE_G, carriers=1), set_size=size),
        f"genes={size}",
    )


def _few_genes(carriers: int, size: int, rise: float, n_studies: int) -> PlantedClass:
    return _class(
        "few_genes",
        f"{carriers} genes of {size} are higher in patients of both cohorts, by {rise:g} SD of a gene; the others do not change.",
        "few genes",
        n_studies,
        _cohorts(*_of_sizes(carriers=carriers, carriers_rise=rise), set_size=size),
        f"{carriers} of {size}, {rise:g} SD",
    )


def _part_responds(carriers: int, size: int, g: float) -> PlantedClass:
    return _class(
        "part_responds",
        f"{carriers} genes of {size} are higher in patients of both cohorts, so much that the whole set has g = {g:g}.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=g, ages="balanced", carriers=carriers), set_size=size),
        f"{carriers} of {size}, g={g:g}",
    )


def _small_third(g: float, third: Cohort, about: str) -> PlantedClass:
    return _class(
        "positive",
        f"Two cohorts of the declared sizes with g = {g:g}, and a third of {third.n_cases} v {third.n_controls} {about}.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=g, ages="balanced"), third),
        f"g={g:g}, third of {third.n_cases} v {third.n_controls} {about}",
    )


def _hidden(parameter: str, n_studies: int, *hidden: Hidden, g: float = 0.0) -> PlantedClass:
    return _class(
        "hidden" if not g else "positive_hidden",
        "Something unrecorded differs between patients and controls and moves the primary set with many genes"
        + (f"; the set is higher in patients besides (g = {g:g})." if g else "; nothing else does."),
        "none" if g else "hidden",
        n_studies,
        _cohorts(*_of_sizes(effect=g, hidden=hidden)),
        parameter + (f", g={g:g}" if g else ""),
    )


def _experiment_power(d: float, n_experiments: int) -> PlantedClass:
    return _class(
        "inhibitor_suppresses" if n_experiments == 2 else "inhibitor_suppresses_once",
        f"The drug undoes a stimulus of its own size, in {n_experiments} experiment{'s' if n_experiments > 1 else ''} of "
        "3 v 3; margin 20 % of the stimulus.",
        "none",
        200,
        _experiments((-d,) * n_experiments, stimulus=d),
        f"d={d:g}",
    )


def _heterogeneity(tau: float, k: int, n_studies: int) -> PlantedClass:
    return _class(
        "heterogeneity",
        f"No effect on average; the own effects of {k} cohorts scatter around 0 with SD {tau:g}.",
        "heterogeneity",
        n_studies,
        _cohorts(*_of_sizes(k), tau=tau),
        f"tau={tau:g}, k={k}",
    )


GRADIENT = Hidden()
"""As a pathway that suffers most from RNA quality or delay: its genes follow more closely than the half of all others."""
SPARSE = Hidden(share=0.1, strength=(0.4, 0.8))
BATCH = Hidden(share=1.0, difference=0.5, strength=(0.1, 0.4), is_batch=True)

CLASSES: tuple[PlantedClass, ...] = (
    _class("null", "Nothing differs.", "global", 1000, _cohorts(*_of_sizes()), right=UNANSWERED),
    _power_class(0.5, 1000),
    *(_one_gene(size) for size in (5, 10, 15, 40)),
    _hidden("half of all genes", 300, GRADIENT),
    _hidden("a tenth of all genes", 300, SPARSE),
    *(_composition_class(reliability, 300) for reliability in (0.8, 0.9, 0.95)),
    _heterogeneity(0.15, 2, 1000),
    _heterogeneity(0.3, 2, 500),
    _heterogeneity(0.3, 3, 500),
    _heterogeneity(0.3, 5, 500),
    *(_experiment_power(4.0, number) for number in (2, 1)),
    *(_power_class(0.5, 300, f", k={k}", k=k, effect_alone=True) for k in (3, 4, 5, 6)),
    _class(
        "at_the_margin",
        "The effect is the margin, g = 0.4: `not supported` would be false.",
        "none",
        800,
        _cohorts(*_of_sizes(effect=0.4, ages="balanced")),
        "g=0.4",
        effect_alone=True,
    ),
    # Published, without a figure of their own.
    *(
        _few_genes(*few, 100)
        for few in ((2, 10, 7.0), (2, 15, 7.0), (2, 40, 7.0), (4, 40, 3.0), (4, 40, 7.0), (7, 75, 5.0))
    ),
    *(_part_responds(*part, 0.5) for part in ((5, 15), (13, 40), (25, 75), (37, 75))),
    *(
        _small_third(0.5, Cohort(effect=g, ages="balanced", n_cases=n, n_controls=n), about)
        for n in (3, 15)
        for g, about in ((0.5, "that agrees"), (0.0, "without an effect"))
    ),
    *(_power_class(0.5, 200, f", {number} questions", questions=number) for number in (3, 6, 10)),
    _class(
        "null",
        "Nothing differs; ten questions, and any `supported` counts.",
        "global",
        300,
        _cohorts(*_of_sizes(), questions=10),
        "10 questions",
        right=UNANSWERED,
        counts="any",
    ),
    _class(
        "null",
        "Nothing differs; t with 3 degrees of freedom.",
        "global",
        500,
        _cohorts(*_of_sizes(tails=3.0)),
        "t3",
        right=UNANSWERED,
    ),
    *(
        _class(
            "null",
            f"Nothing differs; patients' SD is {spread:.2g} times that of controls.",
            "global",
            500,
            _cohorts(*_of_sizes(spread=spread)),
            f"SD ratio {spread:.2g}",
            right=UNANSWERED,
        )
        for spread in (1.5, 1 / 1.5)
    ),
    _power_class(0.5, 200, ", t3", tails=3.0),
    *(_power_class(0.5, 100, f", SD ratio {spread:.2g}", spread=spread) for spread in (1.5, 1 / 1.5)),
    _class(
        "positive",
        "As positive, but the cohort of 107 v 25 records no ages, as GSE48000 does not.",
        "none",
        200,
        _cohorts(_of_sizes(effect=0.5)[0], replace(_of_sizes(effect=0.5)[1], ages="missing")),
        "g=0.5, ages missing in one cohort",
    ),
    _power_class(0.5, 200, ", patients 5 years older", ages="recorded"),
    _power_class(0.5, 200, ", ages unbalanced by 12 years", ages="unbalanced"),
    _power_class(0.65, 100),
    _power_class(0.65, 100, ", severity varies", severity=0.7),
    _hidden("half of all genes", 100, Hidden(difference=0.0), g=0.5),
    _hidden("unrecorded batch", 200, BATCH),
    _class(
        "competitive_null",
        "The primary set does not change; ten other modules do (g = 0.8, half up and half down), and one of those that "
        "go up varies together with it.",
        "competitive",
        200,
        _cohorts(
            *_of_sizes(
                shifts={name: 0.8 if row % 2 else -0.8 for row, name in enumerate(SHIFTED)}, covarying=(SHIFTED[1],)
            )
        ),
    ),
    _class(
        "shared_controls",
        "Two cohorts of 60 patients each have the same 40 controls, as their records say; g = 0.65.",
        "none",
        100,
        _shared_controls(0.65),
        "g=0.65",
        right=NOT_SUPPORTED,
    ),
    _class(
        "accession_twice",
        "Two cohorts stand in one accession; g = 0.65.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=0.65), accession="GSE1"),
        "g=0.65",
        right=NOT_SUPPORTED,
    ),
    _class(
        "composition_half_known",
        "As composition_only at reliability 0.9, but the cells that move the set are a subtype: half of its variance is that of the "
        "cells that markers know.",
        "composition",
        200,
        _cohorts(
            *_of_sizes(
                composition_shift={"erythroid": 1.0}, target_slope={"erythroid": 0.15}, reliability=0.9, known=0.5
            )
        ),
    ),
    *(_composition_class(reliability, 100) for reliability in (0.7, 0.6)),
    _class(
        "composition_unknown_cell",
        "A cell type without any marker is more frequent in patients (1 SD) and raises the primary set.",
        "composition",
        60,
        _cohorts(*_of_sizes(composition_shift={"unknown": 1.0}, target_slope={"unknown": 0.15})),
    ),
    _class(
        "composition_dropped_cell",
        "As composition_only, and the proxy of the confounding cells was dropped as contaminated.",
        "composition",
        100,
        _cohorts(
            *_of_sizes(composition_shift={"erythroid": 1.0}, target_slope={"erythroid": 0.15}),
            dropped=("erythroid",),
        ),
        "reliability=0.8",
    ),
    _class(
        "positive_dropped_cell",
        "The primary set is higher in patients; they also have more erythroid cells (1 SD), which do not move it, and whose "
        "proxy was dropped as contaminated.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=0.65, composition_shift={"erythroid": 1.0}), dropped=("erythroid",)),
        "g=0.65",
    ),
    _class(
        "inhibitor_null",
        "The drug changes nothing in either experiment (stimulus d = 6).",
        "global",
        400,
        _experiments((0.0, 0.0)),
        right=UNANSWERED,
    ),
    _class(
        "inhibitor_wells",
        "The drug changes nothing; the cultures of an arm are wells of one dish (variance between dishes 4 times that between "
        "wells), declared as such.",
        "global",
        200,
        _experiments((0.0, 0.0), wells=True),
    ),
    _class(
        "inhibitor_opposes",
        "The drug raises the set further (d = 4), although `down` was declared.",
        "none",
        100,
        _experiments((D_DRUG, D_DRUG)),
        right=("not supported",),
    ),
    _class(
        "inhibitor_mimics",
        "The drug raises the set (d = 4), as was declared.",
        "none",
        100,
        _experiments((D_DRUG, D_DRUG), direction="up"),
    ),
    _class(
        "inhibitor_conflicting",
        "The drug takes the set down in one experiment (d = −4) and up in the other (d = 4).",
        "none",
        100,
        _experiments((-D_DRUG, D_DRUG)),
        right=("conflicting",),
    ),
    *(_experiment_power(d, number) for d in (2.0, 3.0, 6.0) for number in (2, 1)),
    _class(
        "conflicting",
        "The primary set is higher in patients of one cohort (g = 0.8) and lower in the other (g = −0.8).",
        "none",
        100,
        _cohorts(_of_sizes(effect=0.8)[0], _of_sizes(effect=-0.8)[1]),
        right=("conflicting",),
    ),
    _class(
        "sign_flipped",
        "The primary set is lower in patients of both cohorts (g = −0.65), not higher as declared.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=-0.65)),
        right=("not supported",),
    ),
    _class(
        "no_direction",
        "As positive (g = 0.65), but no direction was declared in advance.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=0.65), direction="either"),
        "g=0.65",
        right=("suggestive",),
    ),
    _class(
        "single_cohort",
        "One cohort of 70 v 63, g = 0.65.",
        "none",
        100,
        _cohorts(*_of_sizes(1, effect=0.65)),
        "g=0.65",
        right=("suggestive",),
    ),
    _class(
        "batch_aliased",
        "Patients and controls were measured in different batches, declared as a covariate; g = 0.65 besides.",
        "none",
        50,
        _cohorts(*_of_sizes(effect=0.65, aliased=True)),
        right=("not testable",),
    ),
    _class(
        "batch_unmodelled",
        "The same, the batch not declared; the study only warns of it.",
        "none",
        100,
        _cohorts(*_of_sizes(effect=0.65, aliased=True, model_batch=False), flagged=True),
        right=("suggestive",),
    ),
    _class(
        "too_small",
        "Two patients and two controls per cohort.",
        "none",
        50,
        _cohorts(*(Cohort(effect=0.9, n_cases=2, n_controls=2) for _ in range(2))),
        right=("not testable",),
    ),
)

ACCEPTANCE: tuple[Acceptance, ...] = (
    Acceptance("null", "", "supported", "at most", 0.008),
    *(Acceptance("one_gene", f"genes={size}", "supported", "at most", 0.04) for size in (5, 10, 15, 40)),
    Acceptance("hidden", "half of all genes", "supported", "at most", 0.15),
    *(
        Acceptance("composition_only", f"reliability={reliability}", "supported", "at most", 0.05)
        for reliability in ("0.8", "0.9", "0.95")
    ),
    Acceptance("heterogeneity", "tau=0.15, k=2", "supported", "at most", 0.03),
    Acceptance("heterogeneity", "tau=0.3, k=2", "supported", "at most", 0.05),
    Acceptance("heterogeneity", "tau=0.3, k=5", "supported", "at most", 0.015),
    Acceptance("positive", "g=0.5", "supported", "at least", 0.78),
    Acceptance("positive", "g=0.5", "core", "at least", 0.80),
    *(
        Acceptance("inhibitor_suppresses" + once, "d=4", "supported or suggestive", "at least", 0.90)
        for once in ("", "_once")
    ),
    Acceptance("at_the_margin", "g=0.4", "not supported", "at most", 0.05),
    Acceptance("null", "", "margin excluded", "at least", 0.88),
    *(
        Acceptance("positive", f"g=0.5, k={k}", "core", "at least", share)
        for k, share in ((3, 0.90), (4, 0.95), (5, 0.93), (6, 0.95))
    ),
)
"""What the contract asks for, in one place. Power by k is that of the effect's own gates under homogeneity."""

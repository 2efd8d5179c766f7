"""From measured planted studies to verdicts, by the shipped rule; costly evidence only where it can change the verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from planted_truths import PRIMARY, Measured, gene_sets_of, markers_of

from sidemine.considerations.composition.measure import find_differing, measure_composition
from sidemine.considerations.specificity.judge import COHORT_PERCENTILE
from sidemine.considerations.specificity.measure import measure_specificity
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence
from sidemine.quality.associations import find_age_overlap
from sidemine.study.models import Hypothesis
from sidemine.verdict.appraise import Appraisal, appraise
from sidemine.verdict.family import primary_p

MARGIN = 0.4
CONTROL_FRACTION = 0.2
CONTROL_P = 0.05
MATCHED_SETS = 1000
FIRST_LOOK, CLEAR = 300, 10.0
"""A first look at 300 random sets is enough where the percentile lies 10 points or more from the limit (four standard
errors of a percentile near 75); the 1,000 of the study are drawn only where it does not."""
MATCHED_SETS_SHOWN = 20
"""In experiments the random sets are shown and decide nothing."""
ROTATIONS = 199
"""Of the rotation variants of the robustness grid."""
DROPPED = "contaminated: declared by the planted study"
SMALLEST_SET, LARGEST_SET = 10, 500
HOLDING = {"fry": "holds", "camera": "conservative", "measured": False, "sentence": "Reference tables."}
"""Both tests hold their size in these designs: `benchmarks/calibration_designs.py`."""


_LATER = ("composition", "specificity", "robustness")
"""Caps whose evidence is computed step by step."""


@dataclass(frozen=True)
class Outcome:
    """Verdict of one study, its sign against the declared one, the first cap that bit, and the core gates that failed."""

    verdict: str
    opposite: bool
    cap: str
    failed: tuple[str, ...]


def judge_cohorts(
    cohorts: list[Measured],
    universe_number: int,
    seed: int,
    *,
    direction: str = "up",
    checks: Mapping[str, Any] | None = None,
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
    hypothesis = _hypothesis("cohort", [row.evidence.contrast for row in cohorts], direction, MARGIN)
    rows = [row.evidence for row in cohorts]
    evidence = HypothesisEvidence("main", rows, None, MARGIN, "declared", pooled=pool_contrasts(rows))
    known: dict[str, Any] = {
        "p_holm": primary_p("cohort", evidence),
        "n_hypotheses": 1,
        "calibration": {row.contrast: HOLDING for row in rows},
        "checks": checks,
        "with_robustness": robustness,
    }
    plain = hypothesis.model_dump()
    found = appraise(plain, evidence, **known)
    failed = _failed(found)
    if not _would_be_supported(found):
        return _outcome(found, "", failed)
    known_caps = [cap["cap"] for cap in found.caps if cap["cap"] not in _LATER]
    if known_caps:
        return _outcome(found, known_caps[0], failed)
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("composition", lambda: _composition(cohorts, universe_number, seed, contaminated)),
        ("specificity", lambda: _specificity_of_cohorts(hypothesis, cohorts, universe_number, seed)),
    ]
    if robustness:
        steps.append(
            ("robustness", lambda: _robustness(hypothesis, evidence, cohorts, universe_number, seed, contaminated))
        )
    for name, compute in steps:
        known[name] = compute()
        found = appraise(plain, evidence, **known)
        if any(cap["cap"] == name for cap in found.caps):
            # Later evidence can only add caps.
            return _outcome(found, name, failed)
    return _outcome(found, "", failed)


def judge_experiments(
    experiments: list[dict[str, Measured]], universe_number: int, seed: int, *, direction: str = "down"
) -> Outcome:
    """Return the outcome of a study with one experiment hypothesis; the first one's stimulus is the positive control."""
    drugs = [row["drug"] for row in experiments]
    control = experiments[0]["stimulus"].evidence
    rows = [row.evidence for row in drugs]
    p_value, effect = control.p_self_contained, control.effect
    works = p_value is not None and effect is not None and p_value <= CONTROL_P and effect > 0
    works = works and control.direction == "up"
    margin = CONTROL_FRACTION * abs(effect) if works and effect is not None else None
    hypothesis = _hypothesis("experiment", [row.contrast for row in rows], direction, margin or 1.0)
    evidence = HypothesisEvidence(
        "main", rows, control, margin, "20 % of the control's effect", pooled=pool_contrasts(rows)
    )
    found = appraise(
        hypothesis.model_dump(),
        evidence,
        p_holm=primary_p("experiment", evidence),
        n_hypotheses=1,
        specificity=_specificity(hypothesis, drugs, universe_number, seed, MATCHED_SETS_SHOWN),
        calibration={row.contrast: HOLDING for row in rows},
    )
    caps = [cap["cap"] for cap in found.caps if cap["bites"]]
    return _outcome(found, caps[0] if caps else "", _failed(found))


def _hypothesis(kind: str, contrasts: list[str], direction: str, margin: float) -> Hypothesis:
    primary = {"set": PRIMARY, "contrasts": contrasts, "direction": direction, "margin": margin}
    return Hypothesis(id="main", question="Is it what was planted?", kind=kind, primary=primary)  # type: ignore[arg-type]


def _would_be_supported(found: Appraisal) -> bool:
    """Tell whether only caps keep the answer from `supported`."""
    return any(cap["bites"] for cap in found.caps) and not _failed(found)


def _failed(found: Appraisal) -> tuple[str, ...]:
    return tuple(gate["name"] for gate in found.gates if gate["required"] and gate["status"] == "failed")


def _outcome(found: Appraisal, cap: str, failed: tuple[str, ...]) -> Outcome:
    return Outcome(found.decision.verdict, found.decision.opposite, cap, failed)


def _composition(
    cohorts: list[Measured], universe_number: int, seed: int, contaminated: Collection[str]
) -> list[dict[str, Any]]:
    sets, markers = gene_sets_of(universe_number), markers_of(universe_number)
    primary, dropped = sets[sets["gene_set"] == PRIMARY], dict.fromkeys(contaminated, DROPPED)
    differing = {
        cell
        for row in cohorts
        if dropped and row.fit is not None
        for cell in find_differing(row.fit, primary, markers, dropped)
    }
    return [
        {
            "contrast": row.evidence.contrast,
            **measure_composition(row.fit, primary, markers, dropped, [seed, number], differing),
        }
        for number, row in enumerate(cohorts)
        if row.fit is not None
    ]


def _specificity_of_cohorts(
    hypothesis: Hypothesis, cohorts: list[Measured], universe_number: int, seed: int
) -> dict[str, Any]:
    first = _specificity(hypothesis, cohorts, universe_number, seed, FIRST_LOOK)
    places = [entry["matched"]["percentile"] for entry in first["contrasts"]]
    if None not in places and abs(median(places) - COHORT_PERCENTILE) >= CLEAR:
        return first
    return _specificity(hypothesis, cohorts, universe_number, seed, MATCHED_SETS)


def _specificity(
    hypothesis: Hypothesis, contrasts: list[Measured], universe_number: int, seed: int, n_sets: int
) -> dict[str, Any]:
    fits = {row.evidence.contrast: row.fit for row in contrasts}
    sizes = {"min_size": SMALLEST_SET, "max_size": LARGEST_SET}
    return measure_specificity([hypothesis], fits, gene_sets_of(universe_number), n_sets=n_sets, seed=seed, **sizes)[1][
        0
    ]


def _robustness(
    hypothesis: Hypothesis,
    evidence: HypothesisEvidence,
    cohorts: list[Measured],
    universe_number: int,
    seed: int,
    contaminated: Collection[str],
) -> dict[str, Any]:
    from sidemine.considerations.robustness.contrast_data import ContrastData
    from sidemine.considerations.robustness.grid import vary_hypothesis

    data = {
        row.evidence.contrast: ContrastData.of_arrays(
            row.evidence.contrast,
            row.evidence.dataset,
            row.values,
            list(row.fit.genes) if row.fit is not None else [],
            row.samples,
            row.is_target,
            covariates=row.covariates,
            fit=row.fit,
            markers=markers_of(universe_number),
            contaminated=dict.fromkeys(contaminated, DROPPED),
            age_column="age",
            shared_ages=_shared_ages(row),
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
        rotations=ROTATIONS,
        seed=seed,
        min_set_size=SMALLEST_SET,
    )


def _shared_ages(row: Measured) -> frozenset[str] | None:
    """Return the people within the ages that both groups share, as the checks of the data find them."""
    found = find_age_overlap(row.samples, row.is_target, "age")
    return None if found is None else frozenset(found["samples"])

"""How often does the composition gate pass? Planted cohorts, in process, over many seeds.

Run `python benchmarks/composition.py [SEEDS]`; prints one line per planted truth and reliability of the markers:
share of studies whose total effect is significant (pooled p ≤ .05, sign up), whose adjusted effect is, and in which
noisy proxies cannot explain the effect either (the gate passes).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.considerations.composition.cell_proxies import read_markers
from sidemine.considerations.composition.judge import judge_composition
from sidemine.considerations.composition.measure_study import adjust_hypothesis
from sidemine.considerations.composition.record import CompositionAdjusted, CompositionOfContrast, entries_by_hypothesis
from sidemine.considerations.judgement import Case
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin
from sidemine.simulate.cohorts import CohortPlan, cohort_log2, draw_people
from sidemine.simulate.genes import make_universe
from sidemine.study.hypotheses import Hypothesis

MARKERS = Path(__file__).resolve().parents[1] / "resources" / "gene_sets"
CELLS = ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")
COMPOSITION_ONLY = {"composition_shift": (("erythroid", 1.0),), "target_slope": (("erythroid", 0.15),)}
CASE = Case(
    Hypothesis.model_validate(
        {
            "id": "h",
            "question": "Is it what was planted?",
            "kind": "cohort",
            "primary": {"set": "interferon_response", "contrasts": ["a", "b"], "direction": "up"},
        }
    ),
    HypothesisEvidence("h", [], None, Margin(0.4, "Hedges g", "declared"), pool_contrasts([])),
    ("a", "b"),
)
HIDDEN = {"composition_shift": (("unknown", 1.0),), "target_slope": (("unknown", 0.15),)}


def cohort_fit(plan: CohortPlan, seed: int, study_seed: int) -> ContrastFit:
    """Fit one simulated cohort with age, sex and batch in the model."""
    universe = make_universe(1600, study_seed)
    people = draw_people(plan, seed)
    values = cohort_log2(plan, people, universe, seed)
    samples = pd.DataFrame(
        {
            "age": people.age.astype(str),
            "sex": np.where(people.recorded_female, "female", "male"),
            "batch": people.batch.astype(str),
        },
        index=[f"s{number}" for number in range(len(people.is_case))],
    )
    design = build_design(samples, people.is_case, ~people.is_case, ["age", "sex", "batch"])
    return fit_contrast(values, list(universe.symbols), design)


def read_composition(
    fits: dict[str, ContrastFit], primary: pd.DataFrame, markers: dict[str, list[str]], seeds: dict[str, list[int]]
) -> CompositionAdjusted:
    """Return the composition reading of two fitted cohorts, by the shipped measure and judge."""
    found = adjust_hypothesis("h", fits, primary, markers, {}, seeds)
    records = [CompositionOfContrast(name, {}, ["none was simulated"], [entry]) for name, entry in found.items()]
    shown = judge_composition(CASE, entries_by_hypothesis(records)["h"]).columns.composition
    if not isinstance(shown, CompositionAdjusted):
        raise TypeError(f"seeds {seeds}: {shown.reason}")
    return shown


def one_study(seed: int, effect: float, options: dict[str, object]) -> CompositionAdjusted:
    """Return the composition reading of one planted study of two cohorts of 45 patients and 40 controls."""
    universe = make_universe(1600, seed)
    genes = universe.modules["interferon_response"]
    primary = pd.DataFrame({"gene_set": "interferon_response", "family": "target", "gene": genes, "weight": 1.0})
    members = pd.DataFrame({"family": "member", "gene": universe.modules["jak_stat_members"]})
    markers = read_markers([MARKERS / f"{name}.tsv" for name in CELLS], pd.concat([primary, members]))
    fits = {}
    for number in range(2):
        plan = CohortPlan(f"GSE90001{number}", 1, 45, 40, effect=effect, **options)  # type: ignore[arg-type]
        fits["ab"[number]] = cohort_fit(plan, seed + 10 + number, seed)
    seeds = {name: [seed, 1 + place] for place, name in enumerate(fits)}
    return read_composition(fits, primary, markers, seeds)


def main() -> None:
    """Print the shares per planted truth."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    plans = [("null", 0.0, {}), ("positive g=0.9", 0.9, {}), ("positive g=0.5", 0.5, {})]
    plans += [
        (f"composition_only, reliability {r}", 0.0, {**COMPOSITION_ONLY, "reliability": r}) for r in (0.6, 0.8, 0.95)
    ]
    plans += [("composition_only, cell type without markers", 0.0, HIDDEN)]
    print("planted\ttotal_significant\tadjusted_significant\tgate_passed\tmean_total\tmean_adjusted\tmean_corrected")
    for name, effect, options in plans:
        found = [one_study(1000 + 17 * number, effect, options) for number in range(seeds)]
        total = np.mean([row.total.p_value <= 0.05 and row.total.effect > 0 for row in found])
        adjusted = np.mean([row.adjusted.p_value <= 0.05 and row.adjusted.effect > 0 for row in found])
        passed = np.mean([row.gate.status == "passed" and row.total.effect > 0 for row in found])
        means = [np.mean([getattr(row, key).effect for row in found]) for key in ("total", "adjusted", "corrected")]
        print(name, *(f"{value:.3f}" for value in (total, adjusted, passed, *means)), sep="\t", flush=True)


if __name__ == "__main__":
    main()

"""Time of the robustness grid: a full-size study, and the in-process call that simulations make.

`python benchmarks/robustness_speed.py` (one core, under a minute) prints seconds for one cohort hypothesis over two
cohorts of 20,000 genes (70 v 63 and 107 v 25, covariates, two probe rules beside the declared one, blood markers), and
milliseconds per study for small simulated ones with the variants on full data that need no sampled test.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import get_args

import numpy as np
import pandas as pd
from planted_truths import declare_contrast, prepare, run_contrast

from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.grid import vary_hypothesis
from sidemine.considerations.robustness.measure_study import DatasetToVary, data_of_contrast
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.effect.measure import measure_hypothesis
from sidemine.effect.record import HypothesisEvidence
from sidemine.quality.associations import find_age_overlap
from sidemine.quality.record import NO_TREATMENT, ReusedSides
from sidemine.study.choices import RobustnessDimension
from sidemine.study.hypotheses import Hypothesis

SIZES = {"a": (70, 63), "b": (107, 25)}
CELLS = ("erythroid", "neutrophil", "platelet", "t_cell")
HYPOTHESIS = Hypothesis.model_validate(
    {
        "id": "h",
        "question": "Does the set change?",
        "kind": "cohort",
        "primary": {"set": "S", "contrasts": list(SIZES), "direction": "up"},
    }
)
QUICK = ("covariates", "composition", "filter", "statistic", "set_version", "crossed")


def main() -> None:
    """Print the two times."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--genes", type=int, default=20_000)
    options.add_argument("--studies", type=int, default=20)
    chosen = options.parse_args()
    sets = pd.DataFrame(
        {"gene_set": "S", "family": "target", "gene": _genes(60), "weight": 1.0, "version": "", "source": ""}
    )
    evidence, data = simulate(chosen.genes, sets, with_probes=True, seed=1)
    start = time.process_time()
    record = vary_hypothesis(
        HYPOTHESIS, evidence, data, sets, verdict=lambda _: "", settings=settings(rotations=10_000)
    )
    lines = [
        f"full size: {time.process_time() - start:.1f} s CPU, {record.of} variants evaluated",
    ]
    studies = [simulate(600, sets, with_probes=False, seed=seed) for seed in range(chosen.studies)]
    start = time.process_time()
    for number, (evidence, data) in enumerate(studies):
        record = vary_hypothesis(
            HYPOTHESIS,
            evidence,
            data,
            sets,
            verdict=lambda _: "",
            settings=settings(robustness=list(QUICK), robustness_crossed=4, seed=number),
            skip={"statistic_array_weights"},
        )
    each = (time.process_time() - start) / len(studies)
    lines.append(f"in process: {1000 * each:.0f} ms CPU per study, {record.of} variants of {', '.join(QUICK)}")
    lines.append(f"(all dimensions: {', '.join(get_args(RobustnessDimension))})")
    sys.stdout.write("\n".join(lines) + "\n")


def simulate(
    n_genes: int, sets: pd.DataFrame, *, with_probes: bool, seed: int
) -> tuple[HypothesisEvidence, dict[str, ContrastData]]:
    """Return evidence and data of two null cohorts with a small planted effect."""
    generator = np.random.default_rng(seed)
    genes = _genes(n_genes)
    markers = {cell: genes[100 + 8 * number : 108 + 8 * number] for number, cell in enumerate(CELLS)}
    results, data = [], {}
    for name, (n_target, n_reference) in SIZES.items():
        n = n_target + n_reference
        is_target = np.arange(n) < n_target
        samples = pd.DataFrame(
            {
                "age": [str(age) for age in generator.integers(20, 70, n)],
                "batch": generator.choice(list("xyz"), n),
                "sex": generator.choice(["female", "male"], n),
            },
            index=pd.Index([f"{name}{number}" for number in range(n)], dtype=object),
        )
        values = generator.normal(8, 1, (n_genes, n))
        values[:60] += 0.7 * generator.normal(size=n) + 0.4 * is_target
        for own in markers.values():
            place = genes.index(own[0])
            values[place : place + len(own)] += generator.normal(size=n)
        grouped = samples.assign(group=np.where(is_target, "target", "reference"))
        contrast = declare_contrast(name, f"d{name}", ["age", "batch"])
        expression = prepare(values, genes, grouped, contrast.dataset)
        results.append(run_contrast(expression, contrast, sets))
        other = dict.fromkeys(("highest_variance", "mean_of_probes"), (genes, values.T + 0.1))
        data[name] = data_of_contrast(
            contrast,
            DatasetToVary(expression, "sex", NO_TREATMENT, frozenset(), other if with_probes else {}),
            find_age_overlap(samples, is_target, "age"),
            ReusedSides([], []),
            markers=markers,
            contaminated={},
            min_group_size=3,
        )
    evidence = measure_hypothesis(HYPOTHESIS, results, sets, {})
    return evidence, data


def settings(**changes: object) -> RobustnessSettings:
    """Return the settings of the grid, the defaults of earlier measurements but for the changes."""
    defaults = {
        "robustness": get_args(RobustnessDimension),
        "robustness_crossed": 24,
        "probe_rule": "highest_mean",
        "multi_gene_probes": "drop",
        "min_group_size": 3,
        "min_set_size": 5,
        "rotations": 999,
        "seed": 1,
    }
    return RobustnessSettings.model_validate(defaults | changes)


def _genes(number: int) -> list[str]:
    return [f"G{place:05d}" for place in range(number)]


if __name__ == "__main__":
    main()

"""How often the checks of data and design find what was planted, and how often they flag what was not.

python benchmarks/traps.py planted --seeds 40
python benchmarks/traps.py histograms RESULTS/datasets/liver/expression.h5ad --column tissue --value "Liver Tumor Tissue"
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import stats

from sidemine.differential.contrast import fit_declared_contrast
from sidemine.differential.record import compared_samples
from sidemine.enrichment.unit_errors import genes_by_unit
from sidemine.prepare.expression_store import read_expression, store_provenance
from sidemine.prepare.log_expression import log2_expression
from sidemine.prepare.record import made_in_process
from sidemine.quality.assessment import assess_quality
from sidemine.quality.contrast_quality import assess_contrast
from sidemine.quality.record import SharedSamples
from sidemine.simulate.cohorts import CohortPlan, cohort_log2, cohort_series, draw_people
from sidemine.simulate.genes import make_universe
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.study.projections import (
    ContrastToFit,
    DatasetOfContrasts,
    DatasetToAssess,
    TrapsOfContrast,
    TrapsOfDataset,
)
from sidemine.study.settings import Traps

FDR = 0.05
ROW = DatasetToAssess(dataset="d", platform="", sex_column="", batch_columns=[])
OF_CONTRASTS = DatasetOfContrasts(dataset="d", scale="log2", age_column="", batch_columns=[])
CONTRAST = ContrastToFit(
    contrast="c",
    dataset="d",
    target='disease_state = "venous thromboembolism"',
    reference="disease_state = healthy",
    covariates=["age", "gender"],
    block="",
    blocking="auto",
    array_weights=False,
    robust=False,
    missing_covariates="refuse",
    samples_in_block="units",
)
PLANS = {
    "null": CohortPlan("GSE1", 1, 45, 40),
    "sex_swapped": CohortPlan("GSE1", 1, 45, 40, swapped_sex=True),
    "reused_controls": CohortPlan("GSE1", 1, 45, 40, n_reused=12),
    "aliased_batch": CohortPlan("GSE1", 1, 45, 40, batch="aliased"),
}


def flags_of(plan: CohortPlan, seed: int, n_genes: int) -> list[str]:
    """Return the traps that one simulated cohort raises, of its dataset and of its contrast."""
    universe = make_universe(n_genes, seed)
    people = draw_people(plan, seed)
    values = cohort_log2(plan, people, universe, seed).T
    records = cohort_series(plan, people, "GPL1").samples
    rows = [
        {
            **{
                key.replace(" ", "_"): text
                for key, text in (cell.split(": ", 1) for cell in one.characteristics if cell)
            },
            "relation": " | ".join(one.relations),
            "source_name": one.source_name,
        }
        for one in records
    ]
    names = [one.accession for one in records]
    obs = pd.DataFrame(rows, index=names).fillna("").assign(unit=names)
    var = pd.DataFrame({"entrez": "", "ensembl": ""}, index=list(universe.symbols))
    data = ad.AnnData(obs=obs, var=var, layers={"log2": values})
    store_provenance(data, made_in_process("d"))
    samples = obs.reset_index(names="sample").assign(fate="used")
    traps = Traps(batch_aliased="warn")
    nothing_shared = SharedSamples([], {"d": []}, {})
    quality, treatment, _ = assess_quality(data, samples, ROW, nothing_shared, TrapsOfDataset.of(traps))
    found = fit_declared_contrast(data, CONTRAST, min_group_size=3, on_untestable="continue", treatment=treatment)
    checked = assess_contrast(
        compared_samples(found.design),
        obs,
        values,
        None,
        found.table,
        None if found.fit is None else genes_by_unit(found.fit),
        quality,
        group_columns=["disease_state"],
        row=OF_CONTRASTS,
        traps=TrapsOfContrast.of(traps),
    )
    raised = [f"dataset: {flag.trap}" for flag in quality.flags if flag.status != "ok"]
    return raised + [f"contrast: {flag.trap}" for flag in checked.flags if flag.status != "ok"]


def tell_planted(seeds: int, n_genes: int) -> None:
    """Print, per planted trap, how many of the seeds raise each flag."""
    for name, plan in PLANS.items():
        counts = Counter(flag for seed in range(1, seeds + 1) for flag in flags_of(plan, seed, n_genes))
        print(f"{name}\t{seeds} seeds\t{dict(sorted(counts.items()))}")


def tell_histograms(path: Path, column: str, value: str, labelings: int) -> None:
    """Print quantiles of histogram features over random labelings, in which nothing differs by construction."""
    data = read_expression(path)
    values = log2_expression(data).T
    if column:
        values = values[:, (data.obs[column] == value).to_numpy()]
    rng = np.random.default_rng(5)
    n = values.shape[1]
    heights, found = [], []
    for _ in range(labelings):
        target = np.zeros(n, dtype=bool)
        target[rng.permutation(n)[: n // 2]] = True
        p_values = stats.ttest_ind(values[:, target], values[:, ~target], axis=1).pvalue
        p_values = p_values[np.isfinite(p_values)]
        found.append(int((benjamini_hochberg(p_values) <= FDR).sum()))
        heights.append(np.histogram(p_values, 20, (0, 1))[0] / len(p_values) * 20)
    print(
        f"{n} samples\tlabelings with a gene at q ≤ {FDR:g}: {np.mean(np.array(found) > 0):.3f}; "
        f"most genes at 95, 99 %: {np.quantile(found, [0.95, 0.99]).round()}"
    )
    height = np.array(heights)
    features = {
        "first bin": height[:, 0],
        "last bin": height[:, -1],
        "last two over 0.4-0.7": height[:, -2:].mean(axis=1) / height[:, 8:14].mean(axis=1),
        "0.3-0.7": height[:, 6:14].mean(axis=1),
    }
    for name, numbers in features.items():
        print(
            f"{n} samples\t{name}\t1, 5, 50, 95, 99 %: {np.quantile(numbers, [0.01, 0.05, 0.5, 0.95, 0.99]).round(2)}"
        )


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    planted = commands.add_parser("planted")
    planted.add_argument("--seeds", type=int, default=40)
    planted.add_argument("--genes", type=int, default=1600)
    shapes = commands.add_parser("histograms")
    shapes.add_argument("expression", type=Path)
    shapes.add_argument("--column", default="")
    shapes.add_argument("--value", default="")
    shapes.add_argument("--labelings", type=int, default=300)
    given = parser.parse_args()
    if given.command == "planted":
        tell_planted(given.seeds, given.genes)
    else:
        tell_histograms(given.expression, given.column, given.value, given.labelings)


if __name__ == "__main__":
    main()

"""Size of the set tests, and of the verdict rules in force before pooling, on data without any effect.

`python benchmarks/calibration_interim_rule.py` (1,000 null data sets per design and correlation, one core, 2 minutes)
prints a table: size of FRY and CAMERA at a nominal 5 %, and how often a null hypothesis with a declared direction comes out as
`suggestive` or `not supported` (and, were the true effect exactly the margin, falsely as `not supported`).

Null: a global one. Genes come in modules of 50 that share a factor, so that two genes of a module correlate; the set is
one module, of as many. Gene variances follow a scaled inverse chi-squared distribution (prior of 6 degrees of freedom).
Experiments: gene SD about 0.3 log2 units, margin 0.2. Cohorts: margin g = 0.4. Nothing is said here of other nulls
(composition, heterogeneity, a shifted background): size is claimed only for the null that was tested.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_effect import hedges_g, set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.evidence.records import ContrastEvidence, HypothesisEvidence
from sidemine.verdict.rules import decide

N_MODULES, MODULE = 20, 50
GENE_SD, PRIOR_DF = 0.3, 6.0
MARGIN = {"experiment": 0.2, "cohort": 0.4}
# Kind, group size, and the numbers of contrasts that one hypothesis may rest on.
CASES = (("experiment", 3, (1, 3)), ("cohort", 15, (1, 2)))


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--nulls", type=int, default=1000, help="null data sets per design and correlation")
    options.add_argument("--seed", type=int, default=20260711)
    chosen = options.parse_args()
    started = time.perf_counter()
    rows = []
    for kind, group_size, counts in CASES:
        for correlation in (0.1, 0.3):
            generator = np.random.default_rng([chosen.seed, group_size, round(100 * correlation)])
            draws = null_contrasts(kind, group_size, correlation, generator)
            pool = list(islice(draws, chosen.nulls))
            for n_contrasts in counts:
                about = {"kind": kind, "design": f"{group_size} v {group_size}", "correlation": correlation}
                rows.append({**about, **measure(kind, pool, n_contrasts, generator)})
    sys.stdout.write(pd.DataFrame(rows).to_string(index=False) + "\n")
    sys.stdout.write(f"{chosen.nulls} nulls per design and correlation, {time.perf_counter() - started:.0f} s\n")


def measure(
    kind: str, pool: list[ContrastEvidence], n_contrasts: int, generator: np.random.Generator
) -> dict[str, float]:
    """Return one row of the table; several contrasts are drawn from the pool at random, as often as it is large."""
    verdicts: Counter[str] = Counter()
    at_margin: Counter[str] = Counter()
    margin = MARGIN[kind]
    for number in range(len(pool)):
        chosen = [number] if n_contrasts == 1 else generator.choice(len(pool), n_contrasts, replace=False)
        found = [pool[position] for position in chosen]
        verdicts[decide(HypothesisEvidence("h", found, None, margin, ""), "up", kind)[0].verdict] += 1
        # The same noise around a true effect of exactly the margin: `not supported` would be wrong.
        shifted = [replace(row, effect=(row.effect or 0) + margin) for row in found]
        at_margin[decide(HypothesisEvidence("h", shifted, None, margin, ""), "up", kind)[0].verdict] += 1
    return {
        "contrasts": n_contrasts,
        "FRY": float(np.mean([(row.p_self_contained or 1) <= 0.05 for row in pool])),
        "CAMERA": float(np.mean([(row.p_competitive or 1) <= 0.05 for row in pool])),
        "suggestive": verdicts["suggestive"] / len(pool),
        "not supported": verdicts["not supported"] / len(pool),
        "conflicting": verdicts["conflicting"] / len(pool),
        "wrongly excluded": at_margin["not supported"] / len(pool),
    }


def null_contrasts(
    kind: str, group_size: int, correlation: float, generator: np.random.Generator
) -> Iterator[ContrastEvidence]:
    """Yield evidence of contrasts without any effect, one data set each."""
    genes = [f"G{number}" for number in range(N_MODULES * MODULE)]
    members = pd.DataFrame(
        {"gene_set": "S", "family": "target", "gene": genes[:MODULE], "weight": 1.0, "version": "", "source": ""}
    )
    n_samples = 2 * group_size
    names = [f"S{number:02d}" for number in range(n_samples)]
    is_target = np.arange(n_samples) >= group_size
    design = build_design(pd.DataFrame({"unit": names}, index=names), is_target, ~is_target)
    membership = build_membership(members, genes)
    level = generator.uniform(4, 12, len(genes))
    for number in range(10**9):
        factors = np.repeat(generator.normal(size=(N_MODULES, n_samples)), MODULE, axis=0)
        noise = np.sqrt(correlation) * factors + np.sqrt(1 - correlation) * generator.normal(size=factors.shape)
        spread = GENE_SD * np.sqrt(PRIOR_DF / generator.chisquare(PRIOR_DF, len(genes)))
        fit = fit_contrast(level[:, None] + spread[:, None] * noise, genes, design)
        self_contained = fry(fit, membership).iloc[0]
        if kind == "cohort":
            effect = hedges_g(fit, membership).rename(columns={"g": "effect", "g_se": "se"}).iloc[0]
        else:
            columns = {"over_complement": "value", "over_complement_se": "se"}
            effect = set_effects(fit, membership).drop(columns="effect").rename(columns=columns).iloc[0]
            effect = effect.rename({"value": "effect"})
        yield ContrastEvidence(
            contrast=f"c{number}", dataset=f"d{number}", accession=f"A{number}", platform="", role="", tissue="",
            status="verified", target_label="", reference_label="", n_target=group_size,
            n_reference=group_size, testable=True, effect=float(effect["effect"]), effect_se=float(effect["se"]),
            effect_df=float(fit.residual_df), p_self_contained=float(self_contained["p_value"]),
            direction=self_contained["direction"], p_competitive=float(camera(fit, membership)["p_value"].iloc[0]),
            residual_df=float(fit.residual_df),
        )  # fmt: skip


if __name__ == "__main__":
    main()

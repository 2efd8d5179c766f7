"""Concordance of drug and disease: size and power of the both-sided rotation, coverage of its intervals, and speed.

Run `python benchmarks/concordance.py --only size [--pairs 2000]`, `--only margin` or `--only speed`. Sizes are per cent of p ≤ .05 over
pairs of studies, a drug 3 v 3 and a disease 40 v 40, 1,000 genes in co-expressed blocks of 50. Truths: nothing on
either side; one side really changed; both really changed, in different blocks, or gene by gene without relation; and a
true correlation. Scopes: all genes, and one block. Beside the larger p stand each side's own, gene-level Spearman, the
share of 95 % intervals that exclude 0, and the share of pairs that the rule would call with 30 comparators of the drug's
kind that have nothing to do with the disease (same sign after adjustment taken as given).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.lines.bridge.call import LARGEST_P, Evidence, decide_call
from sidemine.lines.bridge.comparators import gather_comparators, place_among
from sidemine.lines.bridge.comparisons import BridgeData, measure_rows
from sidemine.lines.bridge.profiles import Side, build_side
from sidemine.lines.bridge.record import NO_RESEMBLANCE
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.bridge.statistic import measure_concordance_of, noise_spread

N_GENES, BLOCK = 1000, 50
TRUTHS = ("nothing", "disease only", "drug only", "different blocks", "unrelated genes", "related")
N_COMPARATORS = 30
ROTATIONS = 499


def draw_fit(
    rng: np.random.Generator, groups: tuple[int, int], shift: np.ndarray, correlation: float, n_genes: int = N_GENES
) -> ContrastFit:
    """Fit one simulated study."""
    n = sum(groups)
    values = np.sqrt(1 - correlation) * rng.standard_normal((n_genes, n))
    values += np.sqrt(correlation) * np.repeat(rng.standard_normal((n_genes // BLOCK, n)), BLOCK, axis=0)
    is_target = np.arange(n) < groups[0]
    values += shift[:, None] * is_target
    samples = pd.DataFrame(index=[f"s{number}" for number in range(n)])
    return fit_contrast(7 + 0.3 * values, gene_names(n_genes), build_design(samples, is_target, ~is_target, []))


def gene_names(n_genes: int) -> list[str]:
    """Return names of genes."""
    return [f"G{number:05d}" for number in range(n_genes)]


def draw_shifts(rng: np.random.Generator, truth: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the planted differences of drug and disease in residual SD units."""
    drug, disease = np.zeros(N_GENES), np.zeros(N_GENES)
    blocks = np.arange(N_GENES) // BLOCK
    if truth in {"drug only", "unrelated genes", "related"}:
        drug = np.where(rng.random(N_GENES) < 0.1, 3 * rng.standard_normal(N_GENES), 0.0)
    if truth in {"disease only", "unrelated genes"}:
        disease = np.where(rng.random(N_GENES) < 0.1, 0.8 * rng.standard_normal(N_GENES), 0.0)
    if truth == "different blocks":
        drug = np.where(np.isin(blocks, (0, 1, 2)), 3.0 * rng.choice([-1, 1], N_GENES // BLOCK)[blocks], 0.0)
        disease = np.where(np.isin(blocks, (3, 4, 5)), 0.8 * rng.choice([-1, 1], N_GENES // BLOCK)[blocks], 0.0)
    if truth == "related":
        disease = 0.1 * drug
    return drug, disease


def one_pair(rng: np.random.Generator, truth: str, correlation: float, seed: int) -> dict[str, float]:
    """Return what is read from one pair of studies."""
    genes = gene_names(N_GENES)
    shifts = draw_shifts(rng, truth)
    sides: list[Side] = []
    for name, groups, shift in (("drug", (3, 3), shifts[0]), ("disease", (40, 40), shifts[1])):
        fit = draw_fit(rng, groups, shift, correlation)
        sides.append(build_side({name: fit}, genes, [name], seed=seed, what="benchmark"))
    drug, disease = sides
    x, y = drug.whole.deviates, disease.whole.deviates
    others = pd.DataFrame(_comparators(rng, correlation), columns=genes)
    comparators = gather_comparators({}, others, genes)
    scopes = {"all": np.ones(N_GENES, dtype=bool), "block": np.arange(N_GENES) < BLOCK}
    found = {name: measure_concordance_of(drug.whole, disease.whole, chosen) for name, chosen in scopes.items()}
    known = {name: one for name, one in found.items() if one is not None}
    asked = {
        name: (np.where(scopes[name], x, 0), np.where(scopes[name], y, 0), one.product) for name, one in known.items()
    }
    p_disease = rotation_p_values(
        disease, {"disease": {name: Question(a, product) for name, (a, _, product) in asked.items()}}, ROTATIONS
    )["disease"]
    p_drug = rotation_p_values(
        drug, {"drug": {name: Question(b, product) for name, (_, b, product) in asked.items()}}, ROTATIONS
    )["drug"]
    row: dict[str, float] = {}
    for name, one in known.items():
        # The sign after adjustment for composition is taken as given: that rule has its own benchmark.
        place = place_among(drug.whole, y, scopes[name], comparators, spread=noise_spread(disease.whole))
        evidence = Evidence(one, p_disease[name], p_drug[name], place, adjusted=one)
        call, _ = decide_call(evidence)
        row |= {
            f"{name}: larger p": evidence.p_value <= LARGEST_P,
            f"{name}: disease rotated": p_disease[name] <= 0.05,
            f"{name}: drug rotated": p_drug[name] <= 0.05,
            f"{name}: Spearman": float(spearmanr(x[scopes[name]], y[scopes[name]])[1]) <= 0.05,
            f"{name}: CI excludes 0": not one.ci_low <= 0 <= one.ci_high,
            f"{name}: called": call in {"mimics", "opposes"},
            f"{name}: no resemblance": call == NO_RESEMBLANCE,
        }
    return row


def _comparators(rng: np.random.Generator, correlation: float) -> np.ndarray:
    noise = np.sqrt(1 - correlation) * rng.standard_normal((N_COMPARATORS, N_GENES))
    noise += np.sqrt(correlation) * np.repeat(rng.standard_normal((N_COMPARATORS, N_GENES // BLOCK)), BLOCK, axis=1)
    changed = rng.random((N_COMPARATORS, N_GENES)) < 0.1
    return np.asarray(noise + np.where(changed, 3 * rng.standard_normal((N_COMPARATORS, N_GENES)), 0.0))


def measure_size(pairs: int, correlation: float) -> None:
    """Print one line per truth and scope."""
    for number, truth in enumerate(TRUTHS):
        rng = np.random.default_rng([20261125, number])
        rows = pd.DataFrame([one_pair(rng, truth, correlation, seed + 1) for seed in range(pairs)])
        for scope in ("all", "block"):
            columns = [name for name in rows.columns if name.startswith(scope)]
            figures = ", ".join(f"{name.partition(': ')[2]} {100 * rows[name].mean():.1f}" for name in columns)
            print(f"{truth}, {scope}, correlation {correlation:g}: {figures}", flush=True)


def one_margin(true: float, spread: float, seed: int) -> tuple[str, float]:
    """Return the call and its margin: every gene really changed on both sides, `true` their correlation without noise.

    The 30 comparators' own correlations with the disease have mean 0 and SD `spread`; their profiles are noisy, too.
    """
    rng = np.random.default_rng([20261126, seed, round(100 * true), round(100 * spread)])
    drug, other = rng.standard_normal((2, N_GENES))
    disease = 0.8 * (true * drug + np.sqrt(1 - true**2) * other)
    genes, sides = gene_names(N_GENES), []
    for name, groups, shift in (("drug", (3, 3), 4 * drug), ("disease", (40, 40), disease)):
        sides.append(build_side({name: draw_fit(rng, groups, shift, 0.1)}, genes, [name], seed=seed, what="benchmark"))
    shares = np.clip(spread * rng.standard_normal((N_COMPARATORS, 1)), -0.95, 0.95)
    profiles = shares * disease / disease.std() + np.sqrt(1 - shares**2) * rng.standard_normal((N_COMPARATORS, N_GENES))
    noisy = pd.DataFrame(4 * profiles + rng.standard_normal((N_COMPARATORS, N_GENES)), columns=genes)
    x, y = (side.whole.deviates for side in sides)
    chosen = np.ones(N_GENES, dtype=bool)
    found = measure_concordance_of(sides[0].whole, sides[1].whole, chosen)
    assert found is not None
    p_values = [
        rotation_p_values(side, {side.main: {"all": Question(weights, found.product)}}, ROTATIONS)[side.main]["all"]
        for side, weights in ((sides[1], x), (sides[0], y))
    ]
    place = place_among(
        sides[0].whole, y, chosen, gather_comparators({}, noisy, genes), spread=noise_spread(sides[1].whole)
    )
    call, _ = decide_call(Evidence(found, *p_values, place, adjusted=found))
    return call, place.margin or 0.0


def measure_margin(pairs: int) -> None:
    """Print how often each call is made, by true correlation and by what other perturbations reach."""
    for true, spread in ((0, 0.15), (0.1, 0.15), (0.2, 0.15), (0.3, 0.15), (0, 0.3), (0.3, 0.3), (0.5, 0.3)):
        found = [one_margin(true, spread, seed) for seed in range(pairs)]
        calls = pd.Series([call for call, _ in found]).value_counts(normalize=True)
        figures = ", ".join(f"{name} {100 * share:.1f}" for name, share in calls.items())
        print(f"true {true:g}, margin {np.mean([margin for _, margin in found]):.2f}: {figures}", flush=True)


def measure_speed(rotations: int) -> None:
    """Print processor time of a bridge: 2 cohorts of 132 × 20,000 genes, 6 drug contrasts, 3 target sets."""
    n_genes = 20000
    rng = np.random.default_rng(1)
    genes = gene_names(n_genes)
    still = np.zeros(n_genes)
    drugs = {f"drug_{number}": draw_fit(rng, (3, 3), still, 0.1, n_genes) for number in range(6)}
    cohorts = {f"cohort_{number}": draw_fit(rng, (70, 62), still, 0.1, n_genes) for number in range(2)}
    others = pd.DataFrame(rng.standard_normal((50, n_genes)), columns=genes)
    start = time.process_time()
    total = build_side(cohorts, genes, list(cohorts), seed=1, what="total")
    adjusted = build_side(cohorts, genes, list(cohorts), seed=1, what="adjusted")
    data = BridgeData(
        genes=genes,
        drug=build_side(drugs, genes, list(drugs), seed=1, what="drug"),
        disease={"total": total, "adjusted": adjusted},
        adjustment=dict.fromkeys([*cohorts, "pooled"], "adjusted"),
        target_sets={f"set_{number}": np.arange(n_genes) // 100 == number for number in range(3)},
        derived=[],
        comparators=gather_comparators({}, others, genes),
    )
    rows = measure_rows(data, rotations)
    print(
        f"{len(rows)} rows, {rotations} rotations of both sides: {time.process_time() - start:.1f} s of processor time"
    )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description="Concordance: size, power, coverage, speed.")
    parser.add_argument("--only", choices=("size", "margin", "speed"), required=True)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--correlation", type=float, default=0.3)
    parser.add_argument("--rotations", type=int, default=10000)
    asked = parser.parse_args()
    if asked.only == "size":
        measure_size(asked.pairs, asked.correlation)
    elif asked.only == "margin":
        measure_margin(asked.pairs)
    else:
        measure_speed(asked.rotations)


if __name__ == "__main__":
    main()

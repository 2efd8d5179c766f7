"""Many compounds, few donors: what each way of testing finds, and how often it is wrong. Through the shipped functions.

    python benchmarks/lines_screen.py [--repeats 200]

Truth: 146 compounds × 3 donors (the size of published screens of immune cells), a share of the compounds acts, effects are
normal, and the variances between donors differ between compounds (scaled inverse χ² on 4 degrees of freedom), as do those of
set scores. In the unit of the vehicle's standard deviation between wells times 4/3. Share, size of effects and variances were
chosen so that raw effects are off by about .62 on average; nothing else was tuned. Printed per row: share of active compounds
that are called (power), mean share of calls that are false (a null compound), and the share of screens with any call. The mean
error of the effects stands beside that of the best possible estimate: the posterior mean of who knows how many compounds act, how
strongly, and how variances are distributed, which nobody does.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sidemine.lines.screen.statistics import moderate, paired_differences
from sidemine.stats.adaptive_shrinkage import shrink
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import two_sided_p

SEED = 20270301
COMPOUNDS, DONORS, CELLS = 146, 3, 200


@dataclass(frozen=True)
class Truth:
    """What is drawn: share and SD of active compounds, prior of the variances, vehicle wells per donor and plate."""

    name: str
    active: float = 0.15
    size: float = 2.75
    prior_df: float = 4.0
    vehicles: int = 8
    compounds: int = COMPOUNDS


TRUTHS = (
    Truth("15 % act"),
    Truth("15 % act, one vehicle well", vehicles=1),
    Truth("15 % act, 24 compounds", compounds=24),
    Truth("15 % act, variances more alike", prior_df=8.0),
    Truth("10 % act", active=0.1),
    Truth("none acts", active=0.0),
    Truth("none acts, two vehicle wells", active=0.0, vehicles=2),
    Truth("none acts, one vehicle well", active=0.0, vehicles=1),
    Truth("none acts, 24 compounds", active=0.0, compounds=24),
)


def draw(truth: Truth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return the true effects, the scores of all wells, and who they are: one well per compound and donor."""
    n = truth.compounds
    effects = np.where(rng.random(n) < truth.active, rng.normal(0, truth.size, n), 0.0)
    spread = 0.75 * np.sqrt(truth.prior_df / rng.chisquare(truth.prior_df, n))
    donors = [f"D{number}" for number in range(DONORS)]
    rows, scores = [], []
    level = rng.normal(0, 2, DONORS)
    for number, donor in enumerate(donors):
        rows += [(f"C{place:03d}", donor, "") for place in range(n)] + [("DMSO", donor, "")] * truth.vehicles
        scores.append(level[number] + effects + spread * rng.normal(size=n))
        scores.append(level[number] + 0.75 * rng.normal(size=truth.vehicles))
    return effects, np.concatenate(scores), pd.DataFrame(rows, columns=["compound", "donor", "plate"], dtype=object)


def best_possible(truth: Truth, differences: np.ndarray) -> np.ndarray:
    """Return the posterior mean of every effect under the truth from which it was drawn; the vehicle's own error is left out of the residuals."""
    from scipy.stats import chi2, norm

    variances = 0.75**2 * truth.prior_df / chi2.ppf((np.arange(2000) + 0.5) / 2000, truth.prior_df)
    of_mean = (variances + 0.75**2 / truth.vehicles) / DONORS
    mean = differences.mean(axis=1, keepdims=True)
    squares = ((differences - mean) ** 2).sum(axis=1, keepdims=True)
    log_weights = -squares / (2 * variances) - (DONORS - 1) / 2 * np.log(variances)
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    acts = weights * truth.active * norm.pdf(mean, 0, np.sqrt(of_mean + truth.size**2))
    silent = weights * (1 - truth.active) * norm.pdf(mean, 0, np.sqrt(of_mean))
    kept = truth.size**2 / (truth.size**2 + of_mean)
    return (acts * kept).sum(axis=1) / (acts + silent).sum(axis=1) * mean[:, 0]


def calls_of(truth: Truth, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, float]]:
    """Return who acts, which compounds each way calls, and the mean error and coverage of the effects."""
    effects, scores, samples = draw(truth, rng)
    found = paired_differences(scores[:, None], samples, "DMSO")
    own, beside = found.from_vehicle[:, :, 0], found.from_others[:, :, 0]
    moderated, others = moderate(own), moderate(beside)
    shrunken = shrink(moderated.effect, moderated.error)
    alone = own.std(axis=1, ddof=1) / np.sqrt(DONORS)
    pooled = np.sqrt(own.var(axis=1, ddof=1).mean() / DONORS)
    # Cells: a compound's spread between donors is no part of the error; each cell varies by 2 SD of a well.
    of_cells = np.sqrt(2 * (2 * 0.75) ** 2 / (CELLS * DONORS))
    agree = np.sign(others.effect) == np.sign(moderated.effect)
    p_values = {
        "paired t": two_sided_p(moderated.effect / alone, DONORS - 1),
        "one pooled variance": two_sided_p(moderated.effect / pooled, truth.compounds * (DONORS - 1)),
        "cells as replicates": two_sided_p(moderated.effect / of_cells, np.inf),
        "moderated": moderated.p_value,
        "moderated, from vehicle and others (used)": np.where(
            agree, np.maximum(moderated.p_value, others.p_value), 1.0
        ),
    }
    calls = {name: benjamini_hochberg(p) <= 0.05 for name, p in p_values.items()}
    calls["local false sign rate ≤ .05"] = shrunken.lfsr <= 0.05
    return (
        effects != 0,
        calls,
        {
            "error, raw": float(np.mean((moderated.effect - effects) ** 2)),
            "error, shrunken": float(np.mean((shrunken.effect - effects) ** 2)),
            "error, best possible": float(np.mean((best_possible(truth, own) - effects) ** 2)),
            "coverage, raw": float(np.mean((moderated.ci_low <= effects) & (effects <= moderated.ci_high))),
            "coverage, shrunken": float(np.mean((shrunken.ci_low <= effects) & (effects <= shrunken.ci_high))),
        },
    )


def main() -> None:
    """Print one block per truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    repeats = parser.parse_args().repeats
    for place, truth in enumerate(TRUTHS):
        rng = np.random.default_rng([SEED, place])
        drawn = [calls_of(truth, rng) for _ in range(repeats)]
        print(f"\n{truth.name}: {truth.compounds} compounds, {truth.vehicles} vehicle wells, {repeats} screens")
        for name in drawn[0][1]:
            power = np.mean([calls[name][acts].mean() for acts, calls, _ in drawn if acts.any()] or [np.nan])
            false = np.mean([(calls[name] & ~acts).sum() / max(calls[name].sum(), 1) for acts, calls, _ in drawn])
            any_call = np.mean([calls[name].any() for _, calls, _ in drawn])
            print(f"  {name:45s} power {power:.2f}  false share {false:.3f}  any call {any_call:.3f}")
        figures = {key: np.mean([row[key] for *_, row in drawn]) for key in drawn[0][2]}
        roots = ", ".join(f"{key} {np.sqrt(v) if key.startswith('error') else v:.3f}" for key, v in figures.items())
        print(f"  {roots}")


if __name__ == "__main__":
    main()

"""What does a panel of many cell types cost, and what does it let through? Two cohorts of 70/63 and 107/25, in process.

Run `python benchmarks/composition_panels.py [STUDIES]`; prints for 6 and 16 cell types, whose shares correlate by .3 within
two groups of cells and whose markers have a reliability of .8, the share of studies in which the total effect is shown
(pooled p ≤ .01, sign up) and in which the composition gate passes as well. Planted: an effect of g = .5; a cell type that
shifts by 1 SD and is the whole effect; the same where the markers know only half of its variance (a subtype).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
from composition import read_composition
from numpy.typing import NDArray

from sidemine.considerations.composition.record import CompositionAdjusted
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast

SIZES = {"a": (70, 63), "b": (107, 25)}
N_MARKERS, N_TARGET, N_OTHERS = 14, 40, 200
ALIKE, RELIABILITY, TARGET_CORRELATION = 0.3, 0.8, 0.3


@dataclass(frozen=True)
class Truth:
    """What is planted: Hedges g of the set; or a cell type's shift (SD) and slope, and how much of it markers know."""

    effect: float = 0.0
    shift: float = 0.0
    slope: float = 0.0
    known: float = 1.0


TRUTHS = {
    "g = .5": Truth(effect=0.5),
    "composition only": Truth(shift=1.0, slope=0.35),
    "composition only, half known": Truth(shift=1.0, slope=0.35, known=0.5),
}


def genes_of(n_cells: int) -> list[str]:
    """Return names: the set, the markers of every cell type, and other genes."""
    cells = [f"c{cell}_{number}" for cell in range(n_cells) for number in range(N_MARKERS)]
    return [*(f"T{number}" for number in range(N_TARGET)), *cells, *(f"O{number}" for number in range(N_OTHERS))]


def draw(truth: Truth, n_cells: int, is_case: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return expression in residual SD, genes × people."""
    n = len(is_case)
    groups = rng.standard_normal((2, n))[np.arange(n_cells) % 2]
    shares = np.sqrt(1 - ALIKE) * rng.standard_normal((n_cells, n)) + np.sqrt(ALIKE) * groups
    moves = np.sqrt(truth.known) * shares[0] + np.sqrt(1 - truth.known) * rng.standard_normal(n) + truth.shift * is_case
    shares[0] += np.sqrt(truth.known) * truth.shift * is_case
    seen = shares + np.sqrt((1 - RELIABILITY) / RELIABILITY) * rng.standard_normal((n_cells, n))
    values = rng.standard_normal((N_TARGET + n_cells * N_MARKERS + N_OTHERS, n))
    factor = rng.standard_normal(n)
    values[:N_TARGET] = np.sqrt(1 - TARGET_CORRELATION) * values[:N_TARGET] + np.sqrt(TARGET_CORRELATION) * factor
    spread = np.sqrt(TARGET_CORRELATION + (1 - TARGET_CORRELATION) / N_TARGET)
    values[:N_TARGET] += truth.effect * spread * is_case + truth.slope * moves
    loadings = rng.uniform(0.3, 0.7, n_cells * N_MARKERS)
    values[N_TARGET : N_TARGET + n_cells * N_MARKERS] += loadings[:, None] * np.repeat(seen, N_MARKERS, axis=0)
    return values


def one_study(truth: Truth, n_cells: int, seed: int) -> CompositionAdjusted:
    """Return the composition reading of one planted study."""
    rng, genes, fits = np.random.default_rng([seed, 5]), genes_of(n_cells), {}
    for name, (n_cases, n_controls) in SIZES.items():
        is_case = np.arange(n_cases + n_controls) < n_cases
        samples = pd.DataFrame(index=[f"{name}{number}" for number in range(len(is_case))])
        values = 7 + 0.3 * draw(truth, n_cells, is_case, rng)
        fits[name] = fit_contrast(values, genes, build_design(samples, is_case, ~is_case, []))
    primary = pd.DataFrame({"gene_set": "T", "family": "target", "gene": genes[:N_TARGET], "weight": 1.0})
    markers = {f"c{cell}": [f"c{cell}_{number}" for number in range(N_MARKERS)] for cell in range(n_cells)}
    seeds = {name: [seed, number] for number, name in enumerate(fits)}
    return read_composition(fits, primary, markers, seeds)


def main() -> None:
    """Print the shares per planted truth and size of the panel."""
    n_studies = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print("planted\tcell_types\ttotal_shown\tand_gate_passed")
    for name, truth in TRUTHS.items():
        for n_cells in (6, 16):
            found = [one_study(truth, n_cells, seed) for seed in range(n_studies)]
            shown = [row.total.p_value <= 0.01 and row.total.effect > 0 for row in found]
            both = [one and row.gate.status == "passed" for one, row in zip(shown, found, strict=True)]
            print(name, n_cells, f"{np.mean(shown):.3f}", f"{np.mean(both):.3f}", sep="\t", flush=True)


if __name__ == "__main__":
    main()

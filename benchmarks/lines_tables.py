"""Size and power of the test of tables without samples, and of what it replaces, on simulated panels, through the shipped functions.

python benchmarks/lines_tables.py [--tables 1000] [--seed 20270215] [--write resources/calibration/lines/complete_table.tsv]

What is simulated: a panel of 92, 368, 1,463 or 2,923 proteins out of a genome of 19,000. Every protein belongs to one of the modules
of 8 to 60 proteins whose members share a factor (loading² .05 to .45), and loads on three factors of the whole panel (plate, kidney
function, platelets; loading² .15 on average, uneven). A table is one draw of z with that correlation and no difference. Sets, 40 per
panel, the same for all its tables: whole modules, halves of two modules, and random proteins; 5 to 60 measured of each, and as many
again, or nine times as many, that the panel does not measure, since panels are made of some pathways and not of others.

The reference is another 100 samples: of the same structure (*same*); or, as RNA is to plasma proteins, with each protein's
loadings mixed half with new ones (*foreign*).

Rivals: limma's preset correlation of .01; generalised least squares with the reference's correlation, shrunken by half; the
hypergeometric test of proteins with p ≤ .05, within the panel and within the genome. *Planted*: the sets shifted by .8 SD of z.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.enrichment.over_representation import list_enrichment
from sidemine.enrichment.preranked_camera import MIN_CORRELATION, Reference, preranked_camera, reference_correlations
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.lines.complete_table.measure import TEST
from sidemine.stats.multiplicity import simes
from sidemine.stats.tails import two_sided_p

GENOME = 19_000
PANELS = (92, 368, 1_463, 2_923)
N_SETS = 40
SHIFT = 0.8


@dataclass
class SimulatedPanel:
    """Proteins with their factors, the sets, and how many genes of each the genome has."""

    genes: list[str]
    loadings: np.ndarray
    sets: pd.DataFrame
    membership: SetMembership
    of_genome: np.ndarray

    def draw(self, rng: np.random.Generator, n: int, loadings: np.ndarray | None = None) -> np.ndarray:
        """Return proteins × n draws of variance 1."""
        used = self.loadings if loadings is None else loadings
        unique = np.sqrt(np.maximum(1 - (used**2).sum(axis=1), 0.05))
        return used @ rng.normal(size=(used.shape[1], n)) + unique[:, None] * rng.normal(size=(len(used), n))


def make_panel(rng: np.random.Generator, size: int) -> SimulatedPanel:
    """Return a panel and its sets."""
    bounds = [0]
    while bounds[-1] < size:
        bounds.append(min(size, bounds[-1] + int(rng.integers(8, min(60, size // 4) + 1))))
    modules = [np.arange(a, b) for a, b in pairwise(bounds)]
    loadings = np.zeros((size, 3 + len(modules)))
    loadings[:, :3] = rng.normal(0.15, 0.16, (size, 3))
    for number, members in enumerate(modules):
        loadings[members, 3 + number] = np.sqrt(rng.uniform(0.05, 0.45)) * rng.uniform(0.7, 1.3, len(members))
    largest = np.sqrt((loadings**2).sum(axis=1))
    loadings *= np.minimum(1, 0.9 / largest)[:, None]
    genes = [f"P{number:04d}" for number in range(size)]
    rows, of_genome = [], []
    for number in range(N_SETS):
        if number % 3 == 0:
            members = modules[int(rng.integers(len(modules)))]
        elif number % 3 == 1:
            one, other = (modules[int(place)] for place in rng.choice(len(modules), 2, replace=False))
            members = np.concatenate([one[::2], other[::2]])
        else:
            members = rng.choice(size, int(rng.integers(5, min(60, size // 4) + 1)), replace=False)
        members = members if len(members) >= 5 else np.arange(5)
        rows += [(f"S{number:02d}", genes[place]) for place in np.unique(members)]
        of_genome.append(len(members) * (2 if number % 2 else 10))
    sets = pd.DataFrame(rows, columns=["gene_set", "gene"]).assign(family="x", version="", weight=1.0)
    return SimulatedPanel(genes, loadings, sets, build_membership(sets, genes), np.array(of_genome))


def foreign_loadings(rng: np.random.Generator, loadings: np.ndarray) -> np.ndarray:
    """Return loadings of which half is new: the same modules, other weights, some of them gone."""
    mixed = 0.5**0.5 * loadings + 0.5**0.5 * loadings[:, rng.permutation(loadings.shape[1])]
    return np.asarray(mixed * rng.uniform(0.4, 1.2, mixed.shape))


@dataclass
class Tests:
    """All tests of a panel with one reference: what does not depend on a table is computed once."""

    panel: SimulatedPanel
    correlation: np.ndarray
    members: list[np.ndarray]
    projected: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, panel: SimulatedPanel, reference: Reference) -> Tests:
        """Prepare the tests."""
        membership = panel.membership
        known = reference_correlations([reference], panel.sets, panel.genes)
        inverse = np.linalg.inv(0.5 * np.corrcoef(reference.residuals) + 0.5 * np.eye(len(panel.genes)))
        return cls(
            panel,
            np.maximum([known[name] for name in membership.gene_sets], MIN_CORRELATION),
            [membership.weights.indices[a:b] for a, b in pairwise(membership.weights.indptr)],
            (membership.weights.toarray() > 0) @ inverse,
            inverse,
        )

    def run(self, z: np.ndarray) -> dict[str, np.ndarray]:
        """Return p-values of all sets by test."""
        membership = self.panel.membership
        p = two_sided_p(z, np.inf)
        hits = np.array([np.count_nonzero(p[rows] <= 0.05) for rows in self.members])
        n_hits = int(np.count_nonzero(p <= 0.05))
        preset = np.full(len(self.members), 0.01)
        return {
            TEST: preranked_camera(z, membership, self.correlation)["p_value"].to_numpy(),
            "simes": np.array([simes(p[rows]) for rows in self.members]),
            "preset_0.01": preranked_camera(z, membership, preset)["p_value"].to_numpy(),
            "least_squares": self.least_squares(z),
            "over_representation_panel": list_enrichment(hits, membership.n_measured, n_hits, len(z)),
            "over_representation_genome": list_enrichment(hits, self.panel.of_genome, n_hits, GENOME),
        }

    def least_squares(self, z: np.ndarray) -> np.ndarray:
        """Return p of membership beside an intercept in generalised least squares, a covariance taken from other samples."""
        ones = self.inverse.sum(axis=0)
        whole = ones.sum()
        cross = self.projected.sum(axis=1)
        own = np.array([part[rows].sum() for part, rows in zip(self.projected, self.members, strict=True)])
        information = own - cross**2 / whole
        return two_sided_p((self.projected @ z - cross / whole * (ones @ z)) / np.sqrt(information), np.inf)


def measure(tables: int, seed: int) -> list[dict[str, object]]:
    """Return the rows of the table."""
    rows: list[dict[str, object]] = []
    for place, size in enumerate(PANELS):
        for kind in ("same", "foreign"):
            rng = np.random.default_rng([seed, place, kind == "foreign"])
            panel = make_panel(rng, size)
            loadings = panel.loadings if kind == "same" else foreign_loadings(rng, panel.loadings)
            samples = panel.draw(rng, 100, loadings)
            reference = Reference(kind, panel.genes, samples - samples.mean(axis=1, keepdims=True))
            tests = Tests.of(panel, reference)
            null: dict[str, list[np.ndarray]] = {name: [] for name in tests.run(samples[:, 0])}
            power: dict[str, list[np.ndarray]] = {TEST: [], "simes": []}
            planted = panel.membership.weights.toarray() > 0
            for number, z in enumerate(panel.draw(rng, tables).T):
                for test, p in tests.run(z).items():
                    null[test].append(p)
                chosen = number % N_SETS
                shifted = tests.run(z + SHIFT * planted[chosen])
                for test in power:
                    power[test].append(shifted[test][chosen : chosen + 1])
            told = f"{size} proteins, {tables} tables, {N_SETS} sets, reference of 100 samples"
            for test, values in null.items():
                rows.append(row(test, f"no difference, {kind} reference", "size", np.array(values) <= 0.05, seed, told))
            for test, values in power.items():
                rows.append(
                    row(
                        test,
                        f"set shifted by {SHIFT} SD, {kind} reference",
                        "power",
                        np.array(values) <= 0.05,
                        seed,
                        told,
                    )
                )
            sys.stderr.write(f"{size} {kind}\n")
    return rows


def row(test: str, null: str, quantity: str, called: np.ndarray, seed: int, conditions: str) -> dict[str, object]:
    """Return one row: tables are the units, since sets share them."""
    per_table = called.mean(axis=1)
    rate, error = float(per_table.mean()), float(per_table.std(ddof=1) / len(per_table) ** 0.5)
    return {
        "test": test, "null": null, "quantity": quantity, "level": 0.05, "rate": round(rate, 4),
        "ci_low": round(max(0.0, rate - 1.96 * error), 4), "ci_high": round(min(1.0, rate + 1.96 * error), 4),
        "worst_set": round(float(called.mean(axis=0).max()), 4) if quantity == "size" else np.nan, "n": called.size,
        "seed": seed, "conditions": conditions,
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20270215)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows = measure(options.tables, options.seed)
    for each in rows:
        sys.stdout.write("\t".join(str(value) for value in each.values()) + "\n")
    if options.write:
        from sidemine.lines.evidence import LINE_SIZES
        from sidemine.tables import write_table

        write_table(pd.DataFrame(rows), options.write, LINE_SIZES)


if __name__ == "__main__":
    main()

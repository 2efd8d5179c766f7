"""Size of the set tests by design class, under the nulls of the contract, and power of a single test.

python benchmarks/calibration_designs.py [--datasets 800] [--only CLASS …] [--output resources/calibration]

Every simulated data set has 2,400 genes with unequal variances: forty modules of 30 genes, ten each with inter-gene
correlation 0, .1, .3 and .5, and 1,200 genes on their own. So one data set gives ten null sets per correlation (five under
the competitive null); intervals are clustered by data set. Effects are in standard deviations between samples.

Nulls. *global*: nothing differs. *competitive*: half of the modules are truly shifted (by 1 SD of a gene, .5 from 25 samples
on, as many up as down), and a tenth of the other genes by half of that; each tested set shares its factor with a shifted module.
*composition*: the modules' factors are two cell types whose shares differ by .5 SD of a sample, one up and one down; unadjusted,
and with proxies of these cells in the design. *heterogeneity*: each of two cohorts has its own true effect, of mean 0
and SD .15 (Hedges g); the pooled test of `evidence.pooling`, beside the same with SD 0.

Rotation tests have 199 rotations: (b + 1) / 200 has its exact size at 5 % and at 1 %. `--only power` gives the power
curves, `--only descriptive` the tests that only describe. Writes design_classes.tsv (`calibration.table.CALIBRATION`) and
design_classes.json (command, seed, versions).
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sidemine.code_digest import digest_of_script
from sidemine.considerations.calibration.rates import (
    LEVELS,
    REFERENCE,
    SHOWN,
    calibration_row,
    clustered_rate,
    read_measured,
    read_simulated,
)
from sidemine.considerations.calibration.table import CALIBRATION, CalibrationRow
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design, build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.pooling import pool
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.over_representation import over_representation
from sidemine.enrichment.prerank import prerank
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_effect import hedges_g
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.tables import read_table, table_of, write_json, write_table

SEED = 20261125
CORRELATIONS, PER_CORRELATION, SIZE, N_GENES = (0.0, 0.1, 0.3, 0.5), 10, 30, 2400
RHO = np.repeat(CORRELATIONS, PER_CORRELATION)
IN_SETS = len(RHO) * SIZE
GENES = [f"G{i:04d}" for i in range(N_GENES)]
HALF = PER_CORRELATION // 2
# Place of each module among the modules of its correlation.
PLACE = np.tile(np.arange(PER_CORRELATION), len(CORRELATIONS))
ROTATIONS, CELL_SHIFT, TAU, ENOUGH = 199, 0.5, 0.15, 5000
SCORE_SD = np.sqrt(RHO + (1 - RHO) / SIZE)
POWER = {"3 v 3": (0.5, 1.0, 2.0, 3.0, 4.0), "70 v 63, covariates": (0.2, 0.35, 0.5, 0.65, 0.8)}

Values = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class DesignClass:
    """A design, and how its samples vary.

    `spread` is the SD of the target's samples over that of the reference's; `blocks` the largest share of a gene's variance
    that lies between blocks (a share of its own for every gene); `counts` makes read counts, library sizes four-fold apart.
    """

    name: str
    design: Design
    spread: float = 1.0
    blocks: float = 0.0
    counts: bool = False
    cohort: bool = False
    proxies: tuple[str, ...] = field(default=())

    @property
    def shift(self) -> float:
        """Size of a true shift of other modules, in SD of a gene."""
        return 1.0 if len(self.design.samples) < 25 else 0.5


def design_of(n_target: int, n_reference: int, columns: dict[str, Any] | None = None, **settings: Any) -> Design:
    """Return a design of so many targets, then references, with the columns given."""
    n = n_target + n_reference
    target = np.arange(n) < n_target
    names = [f"S{i:03d}" for i in range(n)]
    table = pd.DataFrame({"unit": names, **(columns or {})}, index=names).astype(str)
    return build_design(table, target, ~target, **settings)


def design_classes() -> list[DesignClass]:
    """Return the classes; their names are those that `evidence.calibration_classes` looks up."""
    rng = np.random.default_rng([SEED, 1])
    sides = ["target"] * 70 + ["reference"] * 63
    covariates = {
        "age": [f"{rng.normal(55 if side == 'target' else 45, 12):.1f}" for side in sides],
        "sex": rng.choice(["female", "male"], 133),
        "batch": [rng.choice(["a", "b", "c"], p=[0.5, 0.3, 0.2] if side == "target" else [0.2, 0.3, 0.5]) for side in sides],
    }  # fmt: skip
    pairs = {"donor": [f"D{i}" for i in range(4)] * 2, "unit": [f"D{i}" for i in range(4)] * 2}
    # Six of twelve donors give a sample to both groups, three give two to one group only.
    donors = [f"D{i:02d}" for i in [*range(6), 6, 6, 7, 7, 8, 8, *range(6), 9, 9, 10, 10, 11, 11]]
    blocked = {"donor": donors, "unit": donors}
    return [
        DesignClass("3 v 3", design_of(3, 3)),
        DesignClass("4 pairs", design_of(4, 4, pairs, block="donor")),
        DesignClass("15 v 15", design_of(15, 15)),
        DesignClass("107 v 25", design_of(107, 25), cohort=True),
        DesignClass("107 v 25, target varies more", design_of(107, 25), spread=1.5),
        DesignClass("107 v 25, reference varies more", design_of(107, 25), spread=1 / 1.5),
        DesignClass(
            "70 v 63, covariates", design_of(70, 63, covariates, covariates=["age", "sex", "batch"]), cohort=True
        ),
        DesignClass("12 blocks, duplicate correlation", design_of(12, 12, blocked, block="donor"), blocks=0.7),
        DesignClass("3 v 3, counts", design_of(3, 3), counts=True),
        DesignClass("6 v 6, counts", design_of(6, 6), counts=True),
    ]


class Simulator:
    """Data sets of one class, from one stream of random numbers."""

    def __init__(self, kind: DesignClass, *seed: int) -> None:
        self.kind, self.rng = kind, np.random.default_rng([SEED, zlib.crc32(kind.name.encode()), *seed])

    def modules(self, n: int, factors: np.ndarray) -> np.ndarray:
        """Return noise of unit variance, genes × n, modules following their factors (modules × n)."""
        values = self.rng.normal(size=(N_GENES, n))
        rho = np.repeat(RHO, SIZE)[:, None]
        values[:IN_SETS] = np.sqrt(1 - rho) * values[:IN_SETS] + np.sqrt(rho) * np.repeat(factors, SIZE, axis=0)
        return values

    def factors(self, n: int, shared: bool) -> np.ndarray:
        """Return one factor per module; `shared`: a null module (first half) has that of a shifted one (second half)."""
        factors = self.rng.normal(size=(len(RHO), n))
        if shared:
            factors[PLACE < HALF] = factors[PLACE >= HALF]
        return factors

    def noise(self, shared: bool = False) -> np.ndarray:
        """Return the noise of one data set."""
        n = len(self.kind.design.samples)
        noise = self.modules(n, self.factors(n, shared))
        labels = self.kind.design.block_labels
        if self.kind.blocks and labels is not None:
            names, block = np.unique(labels, return_inverse=True)
            between = self.modules(len(names), self.factors(len(names), shared))[:, block]
            share = self.rng.uniform(0, self.kind.blocks, (N_GENES, 1))
            noise = np.sqrt(share) * between + np.sqrt(1 - share) * noise
        return noise * np.where(self.kind.design.is_target, self.kind.spread, 1.0)

    def fit(self, noise: np.ndarray, design: Design | None = None) -> ContrastFit:
        """Return the fit of one data set: log2 values, or counts of these means."""
        sd = 0.5 * np.sqrt(8 / self.rng.chisquare(8, (N_GENES, 1)))
        values = self.rng.uniform(4, 12, (N_GENES, 1)) + sd * noise
        if not self.kind.counts:
            return fit_contrast(values, GENES, design or self.kind.design)
        library = 2 ** self.rng.uniform(-1, 1, noise.shape[1])
        return fit_contrast(
            self.rng.poisson(2**values * library).astype(np.float64), GENES, self.kind.design, layer="counts"
        )

    def global_null(self) -> ContrastFit:
        """Nothing differs."""
        return self.fit(self.noise())

    def competitive_null(self) -> ContrastFit:
        """Half of the modules are shifted; the others share a factor with one of these."""
        shift = np.zeros(N_GENES)
        moved = np.flatnonzero(PLACE >= HALF)
        signs = self.rng.permutation(np.resize([1.0, -1.0], len(moved)))
        shift[:IN_SETS].reshape(-1, SIZE)[moved] = self.kind.shift * signs[:, None]
        others = self.rng.choice(np.arange(IN_SETS, N_GENES), (N_GENES - IN_SETS) // 10, replace=False)
        shift[others] = self.kind.shift / 2 * self.rng.choice([-1.0, 1.0], len(others))
        return self.fit(self.noise(shared=True) + shift[:, None] * self.kind.design.is_target)

    def composition(self, reliability: float | None) -> ContrastFit:
        """Two cell types differ in share; their proxies, of the given reliability, join the design."""
        design = self.kind.design
        n = len(design.samples)
        cells = self.rng.normal(size=(2, n)) + np.array([[CELL_SHIFT], [-CELL_SHIFT]]) * design.is_target
        noise = self.modules(n, cells[(PLACE >= HALF).astype(int)])
        if reliability is None:
            return self.fit(noise)
        proxies = np.sqrt(reliability) * cells + np.sqrt(1 - reliability) * self.rng.normal(size=cells.shape)
        matrix = np.column_stack([design.matrix[:, :-1], proxies.T, design.matrix[:, -1]])
        return self.fit(noise, _with_matrix(design, matrix))

    def shifted(self, effects: np.ndarray) -> ContrastFit:
        """Every module has its own effect, in SD of its score between samples."""
        shift = np.zeros(N_GENES)
        shift[:IN_SETS] = np.repeat(effects * SCORE_SD, SIZE)
        return self.fit(self.noise() + shift[:, None] * self.kind.design.is_target)


def _with_matrix(design: Design, matrix: np.ndarray) -> Design:
    from dataclasses import replace

    columns = [*design.columns[:-1], "cells A", "cells B", design.columns[-1]]
    return replace(design, matrix=matrix, columns=columns)


def membership_of(fit: ContrastFit) -> SetMembership:
    """Return the modules as sets of the fitted genes."""
    return build_membership(SETS, fit.genes)


SETS = pd.DataFrame(
    [(f"M{m:02d}", "target", GENES[m * SIZE + i], 1.0) for m in range(len(RHO)) for i in range(SIZE)],
    columns=["gene_set", "family", "gene", "weight"],
).assign(version="1", licence="-", source="-")


def set_tests(fit: ContrastFit, seed: int, rotate: bool = True) -> dict[str, np.ndarray]:
    """Return p-values per test, one per module."""
    membership = membership_of(fit)
    found = {
        "fry": fry(fit, membership, mixed=False)["p_value"].to_numpy(),
        "camera": camera(fit, membership)["p_value"].to_numpy(),
    }
    if rotate:
        rotated = rotation_test(fit, membership, n_rotations=ROTATIONS, seed=seed, mixed=False)
        found["rotation"] = rotated["p_value"].to_numpy()
        found["rotation_competitive"] = rotated["p_competitive"].to_numpy()
    return found


def repeat(n_datasets: int, draw: Callable[[int], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return p-values per test, data sets × modules."""
    found = [draw(i) for i in range(n_datasets)]
    return {test: np.array([one[test] for one in found]) for test in found[0]}


def size_rows(kind: DesignClass, n_datasets: int) -> Iterator[CalibrationRow]:
    """Yield the size of every test of one class, under every null."""
    nulls: list[tuple[str, str, Callable[[Simulator], ContrastFit]]] = [
        ("global", "", Simulator.global_null),
        ("competitive", "", Simulator.competitive_null),
        ("composition", ", unadjusted", lambda simulator: simulator.composition(None)),
    ]
    if kind.cohort:
        nulls += [
            ("composition", f", proxies of reliability {reliability:g}",
             lambda simulator, reliability=reliability: simulator.composition(reliability))
            for reliability in (1.0, 0.8)
        ]  # fmt: skip
    if kind.blocks or kind.spread != 1 or kind.counts:
        nulls = nulls[:2]  # composition is no question of weights or variances
    for number, (null, about, draw) in enumerate(nulls):
        started = time.process_time()
        simulator = Simulator(kind, number)
        n = 2 * n_datasets if null == "competitive" else n_datasets
        p_values = repeat(n, lambda i, draw=draw, simulator=simulator: set_tests(draw(simulator), seed=1 + i))
        tested = PLACE < HALF if null == "competitive" else PLACE >= 0
        yield from rows_of(kind.name, null, p_values, tested, about)
        _say(f"{kind.name}, {null}{about}: {n} data sets, {time.process_time() - started:.0f} s")


def rows_of(
    subject: str, null: str, p_values: dict[str, np.ndarray], tested: np.ndarray, about: str = ""
) -> Iterator[CalibrationRow]:
    """Yield one row per test, correlation and level."""
    for test, values in p_values.items():
        for correlation in CORRELATIONS:
            chosen = values[:, tested & (correlation == RHO)]
            for level in LEVELS:
                rate = clustered_rate(chosen <= level)
                # The contract's bound asks for thousands of nulls; fewer can only show that a test fails.
                read = read_simulated if rate.n >= ENOUGH else read_measured
                yield calibration_row(
                    "design_class", subject, null, test, rate, level=level, parameter=f"r={correlation:g}{about}",
                    reading=read(rate, level), source=REFERENCE, seed=SEED,
                )  # fmt: skip


def pooled_rows(classes: list[DesignClass], n_datasets: int) -> Iterator[CalibrationRow]:
    """Yield the size of the pooled test of two cohorts, true effects equal (0) or different."""
    cohorts = [kind for kind in classes if kind.cohort]
    subject = " + ".join(kind.name for kind in reversed(cohorts))
    for null, tau in (("global", 0.0), ("heterogeneity", TAU)):
        simulators = [Simulator(kind, 90, round(100 * tau)) for kind in cohorts]

        def draw(_: int, simulators: list[Simulator] = simulators, tau: float = tau) -> dict[str, np.ndarray]:
            sizes = []
            for simulator in simulators:
                fit = simulator.shifted(tau * simulator.rng.normal(size=len(RHO)))
                sizes.append(hedges_g(fit, membership_of(fit)))
            columns = [np.column_stack([one[name] for one in sizes]) for name in ("g", "g_se", "df")]
            return {"pooled": pool(*columns).carried.p_value}

        yield from rows_of(subject, null, repeat(n_datasets, draw), PLACE >= 0, f", tau={tau:g}")


def power_rows(classes: list[DesignClass], n_datasets: int) -> Iterator[CalibrationRow]:
    """Yield the power of single tests: two modules per correlation have an effect, one up and one down."""
    for kind in classes:
        for size in POWER.get(kind.name, ()):
            simulator = Simulator(kind, 70, round(100 * size))
            effects = np.where(PLACE == 0, size, np.where(PLACE == 1, -size, 0.0))
            p_values = repeat(
                n_datasets,
                lambda i, simulator=simulator, effects=effects: set_tests(simulator.shifted(effects), seed=1 + i),
            )
            for row in rows_of(kind.name, "none", p_values, PLACE < 2):
                yield replace(row, quantity="power", parameter=f"g={size:g}, {row.parameter}", reading=SHOWN)


def descriptive_rows(n_datasets: int) -> Iterator[CalibrationRow]:
    """Yield the size of the tests that only describe: over-representation of genes with p ≤ .05, and prerank."""
    kind = next(kind for kind in design_classes() if kind.name == "15 v 15")
    simulator = Simulator(kind, 50)

    def draw(i: int) -> dict[str, np.ndarray]:
        fit = simulator.global_null()
        membership = membership_of(fit)
        over = over_representation(replace(fit, q_value=fit.p_value), membership, 0.05)
        over = over[over["test"] == "over_representation_up"].sort_values("gene_set")
        ranked = prerank(fit, membership, min_size=5, permutations=1000, seed=1 + i).sort_values("gene_set")
        return {"over_representation_up": over["p_value"].to_numpy(), "prerank": ranked["p_value"].to_numpy()}

    yield from rows_of(kind.name, "global", repeat(n_datasets, draw), PLACE >= 0)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the classes asked for and put their rows into the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--datasets", type=int, default=600, help="data sets per cell (twice as many under the competitive null)"
    )
    parser.add_argument("--only", nargs="+", default=[], help="classes, and power, pooled or descriptive")
    parser.add_argument("--output", type=Path, default=Path("resources/calibration"))
    options = parser.parse_args()
    classes = design_classes()
    parts: list[tuple[str, Callable[[], Iterator[CalibrationRow]]]] = [
        (kind.name, lambda kind=kind: size_rows(kind, options.datasets)) for kind in classes
    ]
    parts += [
        ("pooled", lambda: pooled_rows(classes, options.datasets)),
        ("power", lambda: power_rows(classes, options.datasets // 4)),
        ("descriptive", lambda: descriptive_rows(options.datasets // 4)),
    ]
    path, started = options.output / "design_classes.tsv", time.process_time()
    code = digest_of_script(Path(__file__).resolve())
    for name, make in parts:
        if options.only and name not in options.only:
            continue
        new = table_of(make(), CALIBRATION)
        # Rows that this run makes anew take the place of the old ones.
        old = read_table(path, CALIBRATION) if path.exists() else new.iloc[:0]
        key = ["subject", "null", "quantity", "test", "level", "parameter"]
        table = pd.concat([old, new]) if len(old) else new
        table = table.drop_duplicates(key, keep="last").sort_values(key, kind="stable", ignore_index=True)
        write_table(table, path, CALIBRATION)
        _say(f"{name}: {time.process_time() - started:.0f} s of processor time so far")
    record = {
        "command": f"python benchmarks/calibration_designs.py --datasets {options.datasets}",
        "seed": SEED,
        "code": code,
        "versions": {package: version(package) for package in ("numpy", "scipy", "pandas", "pylimma", "gseapy")},
        "genes": N_GENES,
        "rotations": ROTATIONS,
    }
    write_json(record, options.output / "design_classes.json")


if __name__ == "__main__":
    main()

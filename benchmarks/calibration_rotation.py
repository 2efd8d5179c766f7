"""Size of the rotation tests under three nulls, and what a borrowed inter-gene correlation does for CAMERA.

python benchmarks/calibration_rotation.py [--datasets 1250] [--rotations 999] [--only size|borrowing]

Each simulated data set has 1,000 genes with unequal variances, ten of its modules of 30 genes share a factor (correlation
.1 or .3 within a module). Nulls: *global* (nothing differs; ten null sets per data set); *shifted modules* (six other
modules are truly shifted by 1 SD, three up and three down, and a tenth of all other genes by ± 0.5 SD; the first of the four null
sets shares its factor with a shifted module); *background* (every gene, in sets or not, has its own shift, SD 0.5: the
null of a competitive test only, since the sets did change). Size is the share of p ≤ .05 and ≤ .01, with a 95 % interval
clustered by data set; "upper" is the one-sided 95 % bound that STATISTICS limits to 6.5 % and 1.7 %.

Borrowing: 3 v 3 and 4 v 4, modules of correlation .05, .1, .2, .3 and .4 (two each), a second data set of 30 samples with
the same modules. CAMERA with its own correlation, with the borrowed one, with the larger of both, with one borrowed from a
source whose correlations are half as high, and with its own one shrunk to the mean over sets; df of t as said. Beside them
competitive rotation, which needs no estimate.
 Power: a shift of 1 SD in one module of each correlation.

The table that this printed stands in benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design, build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.stats.tails import two_sided_p, z_of_t

N_GENES, N_MODULES, SIZE = 1000, 10, 30
GENES = [f"G{i:04d}" for i in range(N_GENES)]
NULLS = ("global", "shifted modules", "background")


def main() -> None:
    """Run the parts and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=1250)
    parser.add_argument("--rotations", type=int, default=999)
    parser.add_argument("--only", choices=["size", "borrowing"])
    parser.add_argument(
        "--per-group", type=int, nargs="+", default=[3, 15], help="samples per group, of the size table"
    )
    options = parser.parse_args()
    if options.only != "borrowing":
        for rows in size_rows(options.datasets, options.rotations, options.per_group):
            sys.stdout.write(rows.to_string(index=False) + "\n\n")
            sys.stdout.flush()
    if options.only != "size":
        for rows in borrowing_rows(options.datasets):
            sys.stdout.write(rows.to_string(index=False) + "\n\n")


def two_groups(n: int) -> Design:
    """Return the design of n against n."""
    target = np.arange(2 * n) % 2 == 1
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(2 * n)]}, index=[f"S{i}" for i in range(2 * n)])
    return build_design(samples, target, ~target)


def modules() -> SetMembership:
    """Return the ten modules as sets."""
    rows = [(f"M{m:02d}", GENES[m * SIZE + i], 1.0) for m in range(N_MODULES) for i in range(SIZE)]
    table = pd.DataFrame(rows, columns=["gene_set", "gene", "weight"])
    return build_membership(table.assign(family="target", version="1", licence="-", source="-"), GENES)


@dataclass(frozen=True)
class Simulator:
    """Log2 values with modules of given correlations; gene variances as unequal as 8 prior df make them."""

    correlations: np.ndarray
    design: Design
    rng: np.random.Generator

    def noise(self, n: int, shared: bool = False) -> np.ndarray:
        """Return standardised noise, genes × samples; with `shared`, module 4 has the factor of module 0."""
        values = self.rng.normal(size=(N_GENES, n))
        factors = self.rng.normal(size=(N_MODULES, n))
        if shared:
            factors[4] = factors[0]
        in_modules = slice(0, N_MODULES * SIZE)
        rho = np.repeat(self.correlations, SIZE)[:, None]
        values[in_modules] = np.sqrt(1 - rho) * values[in_modules] + np.sqrt(rho) * np.repeat(factors, SIZE, axis=0)
        return values

    def fit(self, shift: np.ndarray, shared: bool = False) -> ContrastFit:
        """Return the fit of one data set; `shift` in SD of the gene."""
        n = len(self.design.samples)
        values = self.noise(n, shared) + shift[:, None] * self.design.is_target
        sd = 0.5 * np.sqrt(8 / self.rng.chisquare(8, (N_GENES, 1)))
        mean = self.rng.uniform(4, 12, (N_GENES, 1))
        return fit_contrast(mean + sd * values, GENES, self.design)


def size_rows(n_datasets: int, n_rotations: int, per_group: list[int]) -> Iterator[pd.DataFrame]:
    """Yield the size of every test, one table per design, correlation and null."""
    membership = modules()
    for n in per_group:
        for correlation in (0.1, 0.3):
            for null in NULLS:
                seed = [20260109, n, int(10 * correlation), NULLS.index(null)]
                simulator = Simulator(np.full(N_MODULES, correlation), two_groups(n), np.random.default_rng(seed))
                n_tested = 10 if null == "global" else 4
                needed = n_datasets if null != "global" else -(-n_datasets * 4 // 10)
                p_values = {name: np.empty((needed, n_tested)) for name in _tests(null)}
                for i in range(needed):
                    fit = simulator.fit(_shift(null, simulator.rng), shared=null == "shifted modules")
                    found = _all_tests(fit, membership, n_rotations, seed=1 + i)
                    for name, values in p_values.items():
                        values[i] = found[name][:n_tested]
                yield pd.DataFrame(
                    [{"design": f"{n} v {n}", "correlation": correlation, "null": null, "test": name, **_size(values)}
                     for name, values in p_values.items()]
                )  # fmt: skip


def _tests(null: str) -> tuple[str, ...]:
    competitive = ("camera", "rotation_competitive")
    return competitive if null == "background" else ("fry", "rotation", "rotation_mixed", *competitive)


def _shift(null: str, rng: np.random.Generator) -> np.ndarray:
    shift = np.zeros(N_GENES)
    if null == "background":
        shift = rng.normal(0, 0.5, N_GENES)
    elif null == "shifted modules":
        shift[4 * SIZE : 10 * SIZE] = np.repeat(rng.permutation([1, 1, 1, -1, -1, -1]), SIZE)
        others = rng.choice(np.arange(N_MODULES * SIZE, N_GENES), N_GENES // 10, replace=False)
        shift[others] = rng.choice([-0.5, 0.5], len(others))
    return shift


def _all_tests(fit: ContrastFit, membership: SetMembership, n_rotations: int, seed: int) -> dict[str, np.ndarray]:
    rotated = rotation_test(fit, membership, n_rotations=n_rotations, seed=seed)
    return {
        "fry": fry(fit, membership)["p_value"].to_numpy(),
        "rotation": rotated["p_value"].to_numpy(),
        "rotation_mixed": rotated["p_mixed"].to_numpy(),
        "camera": camera(fit, membership)["p_value"].to_numpy(),
        "rotation_competitive": rotated["p_competitive"].to_numpy(),
    }


def _size(p_values: np.ndarray) -> dict[str, object]:
    """Return share, clustered 95 % interval and upper bound, in per cent, at 5 % and 1 %."""
    result: dict[str, object] = {"nulls": p_values.size}
    for level in (0.05, 0.01):
        per_dataset = np.mean(p_values <= level, axis=1)
        share, se = per_dataset.mean(), per_dataset.std(ddof=1) / np.sqrt(len(per_dataset))
        name = f"at {100 * level:.0f} %"
        result[name] = f"{100 * share:.2f} [{100 * (share - 1.96 * se):.2f}, {100 * (share + 1.96 * se):.2f}]"
        result[f"upper {name}"] = round(100 * (share + 1.645 * se), 2)
    return result


def borrowing_rows(n_datasets: int) -> Iterator[pd.DataFrame]:
    """Yield size and power of CAMERA's variants, one table per design."""
    correlations = np.repeat([0.05, 0.1, 0.2, 0.3, 0.4], 2)
    for n in (3, 4):
        rng = np.random.default_rng([20260110, n])
        simulator = Simulator(correlations, two_groups(n), rng)
        p_values: dict[str, list[np.ndarray]] = {}
        # The first module of each correlation is shifted, the second is null.
        shifted = np.zeros(N_GENES)
        for module in range(0, N_MODULES, 2):
            shifted[module * SIZE : (module + 1) * SIZE] = 1.0
        membership = modules()
        for i in range(n_datasets):
            sign = np.repeat(rng.choice([-1.0, 1.0], N_GENES // SIZE + 1), SIZE)[:N_GENES]
            fit = simulator.fit(shifted * sign)
            reference = simulator.noise(30)
            borrowed = _correlations(reference - reference.mean(axis=1, keepdims=True), 29)
            half = replace(simulator, correlations=correlations / 2).noise(30)
            lower = _correlations(half - half.mean(axis=1, keepdims=True), 29)
            variants = _camera_variants(fit, borrowed, lower)
            rotated = rotation_test(fit, membership, n_rotations=999, seed=1 + i, mixed=False)
            variants["(competitive rotation)"] = rotated["p_competitive"].to_numpy()
            for name, values in variants.items():
                p_values.setdefault(name, []).append(values)
        rows = []
        for name, found in p_values.items():
            called = np.array(found) <= 0.05
            row: dict[str, object] = {"design": f"{n} v {n}", "CAMERA with": name}
            for module in range(0, N_MODULES, 2):
                row[f"size, r {correlations[module]:g}"] = f"{100 * called[:, module + 1].mean():.1f}"
            for module in range(0, N_MODULES, 2):
                row[f"power, r {correlations[module]:g}"] = f"{100 * called[:, module].mean():.0f}"
            rows.append(row)
        yield pd.DataFrame(rows)


def _correlations(residuals: np.ndarray, df: int) -> np.ndarray:
    """Return the mean correlation within each module."""
    standardised = residuals / np.sqrt(np.sum(residuals**2, axis=1) / df)[:, None]
    means = standardised[: N_MODULES * SIZE].reshape(N_MODULES, SIZE, -1).mean(axis=1)
    return (np.sum(means**2, axis=1) / df * SIZE - 1) / (SIZE - 1)


def _camera_variants(fit: ContrastFit, borrowed: np.ndarray, lower: np.ndarray) -> dict[str, np.ndarray]:
    own = _correlations(fit.effects[:, 1:], fit.residual_df)
    half = (own + own.mean()) / 2
    df = fit.residual_df
    return {
        "own correlation, residual df": _camera_p(fit, own, df),
        "borrowed, residual df": _camera_p(fit, borrowed, df),
        "borrowed, its 29 df": _camera_p(fit, borrowed, 29),
        "larger of both, residual df": _camera_p(fit, np.maximum(own, borrowed), df),
        "larger of both, 29 df": _camera_p(fit, np.maximum(own, borrowed), 29),
        "borrowed at half height, 29 df": _camera_p(fit, lower, 29),
        "larger of own and half height, 29 df": _camera_p(fit, np.maximum(own, lower), 29),
        "half own half mean over sets, residual df": _camera_p(fit, half, df),
        "half own half mean over sets, 3 × residual df": _camera_p(fit, half, 3 * df),
        "mean over sets, 10 × residual df": _camera_p(fit, np.full(N_MODULES, own.mean()), 10 * df),
    }


def _camera_p(fit: ContrastFit, correlation: np.ndarray, df: float) -> np.ndarray:
    """Return CAMERA's p-values with a given correlation and t distribution."""
    z = z_of_t(fit.t, fit.df)
    inside = z[: N_MODULES * SIZE].reshape(N_MODULES, SIZE)
    mean, outside = inside.mean(axis=1), (z.sum() - inside.sum(axis=1)) / (N_GENES - SIZE)
    squares = np.sum(z**2) - SIZE * mean**2 - (N_GENES - SIZE) * outside**2
    inflation = 1 + (SIZE - 1) * np.maximum(correlation, 0)
    statistic = (mean - outside) / np.sqrt(squares / (N_GENES - 2) * (inflation / SIZE + 1 / (N_GENES - SIZE)))
    return two_sided_p(statistic, df)


if __name__ == "__main__":
    main()

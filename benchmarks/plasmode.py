"""Size and power of the set tests and of the experiment rule on real arrays that are resampled: plasmode data sets.

    python benchmarks/plasmode.py results/real_files                # a finished run of tests/real_files/study
    python benchmarks/plasmode.py results/real_files --draws 20     # a look

A plasmode keeps what a simulator makes up, the marginals and correlations of real genes, and plants the truth (Gadbury et al.
2008, doi 10.1371/journal.pgen.1000098; Franklin et al. 2014, doi 10.1016/j.csda.2013.10.018). From every array the means of
its groups are taken (`DATA`), scaled for the degrees of freedom that this costs; arrays are drawn without replacement into two
groups of 3, 4 or 6. *global*: nothing is planted, all gene sets of the study are tested. *none*: every gene of the primary set falls
by d standard deviations of the set's score over its complement; `experiment rule` puts two such draws of other arrays,
both shifted, through evidence, considerations and rules.

All draws share a few dozen arrays: limits are clustered by draw, speak of these arrays, and say little of others.
Writes plasmode.tsv (`calibration.table.CALIBRATION`), which every run shows beside the simulated design classes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from anndata import read_h5ad
from calibration_designs import design_of
from planted_truths import fit_planted
from planted_verdicts import ask, declare, judge_all

from sidemine.considerations.calibration.rates import (
    LEVELS,
    REFERENCE,
    SHOWN,
    calibration_row,
    clustered_rate,
)
from sidemine.considerations.calibration.table import CALIBRATION, CalibrationRow
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import build_membership
from sidemine.tables import read_table, table_of, write_table

SEED, ROTATIONS = 20261127, 199
PRIMARY = "IFN_ALPHA"
SIZES = (3, 4, 6)
SHIFTS = (0.0, 4.0)
MARGIN = 0.8
"""Margin of the experiment rule in SD of the score: 20 % of a stimulus of 4."""
MIN_SIZE, MAX_SIZE = 10, 500


@dataclass(frozen=True)
class Source:
    """A dataset that arrays are drawn from.

    Attributes
    ----------
    dataset, name
        Its folder in the results, and what it is, in words.
    groups
        Columns of its metadata whose means are taken away.
    keep
        Levels of the first of them with fewer arrays are left out.
    """

    dataset: str
    name: str
    groups: tuple[str, ...]
    keep: int = 3


DATA = (
    Source("liver", "GSE14520, liver tumours and tissue beside them", ("tissue",)),
    Source("blood", "GSE145647, stimulated blood of few donors", ("stimulus", "donor")),
)


@dataclass(frozen=True)
class Arrays:
    """Residual expression (genes × arrays, log2) about the mean of each gene, and the study's sets."""

    source: Source
    values: np.ndarray
    genes: list[str]
    sets: pd.DataFrame

    @property
    def about(self) -> str:
        """Accession and number of arrays."""
        return f"{self.source.name.split(',')[0]}, {self.values.shape[1]} arrays"


def read_arrays(results: Path, source: Source) -> Arrays:
    """Read a prepared dataset of a finished run and take the means of its groups away."""
    data = read_h5ad(results / "datasets" / source.dataset / "expression.h5ad")
    first = data.obs[source.groups[0]].astype(str)
    data = data[first.map(first.value_counts()).to_numpy() >= source.keep]
    columns = [pd.get_dummies(data.obs[name].astype(str), drop_first=True, dtype=float) for name in source.groups]
    design = np.column_stack([np.ones(data.n_obs), *columns])
    values = np.asarray(data.layers["log2"], dtype=np.float64)
    residuals = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    residuals *= np.sqrt(data.n_obs / (data.n_obs - np.linalg.matrix_rank(design)))
    sets = read_table(results / "gene_sets.tsv.gz", GENE_SETS)
    return Arrays(source, (residuals + values.mean(axis=0)).T, [str(name) for name in data.var_names], sets)


def score_sd(arrays: Arrays) -> float:
    """Return the SD between arrays of the primary set's mean over its complement."""
    inside = np.isin(arrays.genes, arrays.sets.loc[arrays.sets["gene_set"] == PRIMARY, "gene"].to_list())
    return float(np.std(arrays.values[inside].mean(axis=0) - arrays.values[~inside].mean(axis=0), ddof=1))


def size_rows(arrays: Arrays, n: int, n_draws: int) -> Iterator[CalibrationRow]:
    """Yield the size of every test over all sets of the study, n against n arrays."""
    rng = np.random.default_rng([SEED, zlib.crc32(arrays.source.dataset.encode()), n])
    design, membership = design_of(n, n), build_membership(arrays.sets, arrays.genes, MIN_SIZE, MAX_SIZE)
    found: dict[str, list[np.ndarray]] = {}
    for draw in range(n_draws):
        chosen = rng.permutation(arrays.values.shape[1])[: 2 * n]
        fit = fit_contrast(arrays.values[:, chosen], arrays.genes, design)
        rotated = rotation_test(fit, membership, n_rotations=ROTATIONS, seed=1 + draw, mixed=False)
        found.setdefault("fry", []).append(fry(fit, membership, mixed=False)["p_value"].to_numpy())
        found.setdefault("camera", []).append(camera(fit, membership)["p_value"].to_numpy())
        found.setdefault("rotation", []).append(rotated["p_value"].to_numpy())
    for test, values in found.items():
        for level in LEVELS:
            yield calibration_row(
                "plasmode", f"{n} v {n}", "global", test, clustered_rate(np.array(values) <= level), level=level,
                family="all sets of the study", parameter=arrays.about, reading=SHOWN, source=REFERENCE, seed=SEED,
                reason=f"{n_draws} draws from {arrays.source.name}; {len(membership.gene_sets)} sets each.",
            )  # fmt: skip


def rule_rows(arrays: Arrays, n: int, n_draws: int) -> Iterator[CalibrationRow]:
    """Yield the verdicts of the experiment rule on two draws of other arrays, n against n each, for every shift."""
    sd = score_sd(arrays)
    inside = np.isin(arrays.genes, arrays.sets.loc[arrays.sets["gene_set"] == PRIMARY, "gene"].to_list())
    genome = SimpleNamespace(sets=arrays.sets, universe=SimpleNamespace(symbols=arrays.genes))
    samples = pd.DataFrame({"arm": ["drug"] * n + ["control"] * n})
    is_target = np.arange(2 * n) < n
    for shift in SHIFTS:
        rng = np.random.default_rng([SEED, zlib.crc32(arrays.source.dataset.encode()), n, round(10 * shift)])
        verdicts = []
        for draw in range(n_draws):
            chosen = rng.permutation(arrays.values.shape[1])[: 4 * n].reshape(2, 2 * n)
            measured = []
            for place, rows in enumerate(chosen):
                values = arrays.values[:, rows] - shift * sd * np.outer(inside, is_target)
                name = f"experiment_{'ab'[place]}"
                measured.append(
                    fit_planted(values, samples, is_target, [], name, genome, replicates="cultures", sets=(PRIMARY,))
                )
            hypothesis = declare("experiment", measured, "down", margin=MARGIN * sd, gene_set=PRIMARY)
            study = ask(hypothesis, measured, genome, 1 + draw)
            verdicts.append(judge_all([study])[0].verdict)
        for counted in (["supported"], ["supported", "suggestive"]):
            yield calibration_row(
                "plasmode", f"{n} v {n}", "none" if shift else "global", " or ".join(counted),
                clustered_rate(np.isin(verdicts, counted)[:, None]), quantity="power" if shift else "verdict_rate",
                family="experiment rule", parameter=f"{arrays.about}, d={shift:g}", reading=SHOWN, source=REFERENCE, seed=SEED,
                reason=f"{n_draws} pairs of draws from {arrays.source.name}; {PRIMARY}, margin {MARGIN:g} SD of its score.",
            )  # fmt: skip


def main() -> None:
    """Run all designs on all data and write the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("results", type=Path, help="results of tests/real_files/study")
    options.add_argument("--draws", type=int, default=80)
    options.add_argument("--pairs", type=int, default=25, help="studies of the experiment rule per cell")
    options.add_argument("--output", type=Path, default=Path("resources/calibration/plasmode.tsv"))
    chosen = options.parse_args()
    rows: list[CalibrationRow] = []
    for source in DATA:
        arrays = read_arrays(chosen.results, source)
        for n in SIZES:
            new = [*size_rows(arrays, n, chosen.draws), *rule_rows(arrays, n, chosen.pairs)]
            rows += new
            sys.stdout.write("\n".join(_words(row) for row in new) + "\n")
            sys.stdout.flush()
            write_table(table_of(rows, CALIBRATION), chosen.output, CALIBRATION)


def _words(row: CalibrationRow) -> str:
    return (
        f"{row.parameter:40s} {row.subject} {row.null:7s} {row.test:24s} {row.level:5g} "
        f"{100 * row.rate:5.1f} % ({100 * row.ci_low:.1f} to {100 * row.ci_high:.1f})"
    )


if __name__ == "__main__":
    main()

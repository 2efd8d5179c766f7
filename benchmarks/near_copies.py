"""How often the check of near copies finds a library that was sequenced twice, and how often it calls others copies.

python benchmarks/near_copies.py --seeds 20
python benchmarks/near_copies.py --datasets results/*/datasets/*/expression.h5ad --seeds 100

The second reads prepared datasets: how often halves of one, drawn at random and one of them in z-scores, are said to share a sample,
and how many samples are found again in z-scores of the whole dataset and of half of its samples.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import anndata
import numpy as np
from numpy.typing import NDArray

from sidemine.prepare.log_expression import log2_expression
from sidemine.quality.near_copies import N_ERRORS, Differences, differences_within, find_copies
from sidemine.quality.reuse import Comparable, find_copies_between

GENES = 15_000
DEPTHS = ("20 million each", "1 million each", "1 to 50 million", "two of 50 among 1.5", "two of 1 among 30")
SEED = 20261127


def depths_of(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the expected library sizes of n samples; the first two are those that may be copies."""
    if kind == "1 to 50 million":
        return np.asarray(10 ** rng.uniform(6.0, np.log10(5e7), n))
    first, others = {
        "20 million each": (2e7, 2e7),
        "1 million each": (1e6, 1e6),
        "two of 50 among 1.5": (5e7, 1.5e6),
        "two of 1 among 30": (1e6, 3e7),
    }[kind]
    return np.array([first, first, *[others] * (n - 2)])


def libraries(
    rng: np.random.Generator,
    depths: NDArray[np.float64],
    cv: float,
    preparation: float = 0.0,
    *,
    copy: bool,
    moved: float,
) -> NDArray[np.float64]:
    """Return counts, genes × samples.

    Parameters
    ----------
    rng
        Random numbers.
    depths
        Expected library sizes.
    cv
        Typical coefficient of variation of biology; it differs between genes, half of it is shared by genes.
    preparation
        That of each preparation of a library.
    copy
        Whether the first two samples are two libraries of one sample.
    moved
        SD of the change (natural logarithm) of 30 % of the genes in the second half of the samples.
    """
    n = len(depths)
    base = rng.lognormal(0.0, 2.2, (GENES, 1))
    own, shared = rng.normal(size=(GENES, n)), rng.normal(0.0, 0.5, (GENES, 4)) @ rng.normal(size=(4, n))
    biology = cv * np.exp(rng.normal(0.0, 0.5, (GENES, 1))) * np.sqrt(0.5) * (own + shared)
    biology[:, n // 2 :] += (rng.random((GENES, 1)) < 0.3) * rng.normal(0.0, moved, (GENES, 1))
    if copy:
        biology[:, 1] = biology[:, 0]
    mean = base * np.exp(biology + preparation * rng.normal(size=(GENES, n)))
    return rng.poisson(mean / mean.sum(axis=0) * depths).astype(np.float64)


def scores(within: Differences) -> NDArray[np.float64]:
    """Return, of every pair, what is compared with the limit: the root of variance and two errors over the usual one."""
    pairs = np.triu_indices(len(within.variance), 1)
    return np.asarray(np.sqrt((within.variance + N_ERRORS * within.error)[pairs] / within.usual))


def read(counts: NDArray[np.float64]) -> tuple[list[tuple[int, int]], NDArray[np.float64]]:
    """Return the pairs that are called copies, and the scores of all pairs (the first two samples first)."""
    within = differences_within(np.log2(counts + 0.5), counts)
    assert within is not None
    names = [str(sample) for sample in range(counts.shape[1])]
    return [(int(pair.first), int(pair.second)) for pair in find_copies(within, names)], scores(within)


def rows(seeds: int, cvs: Sequence[float], n: int) -> Iterator[str]:
    """Give one line per design: error rates, and the area under the curve over all limits."""
    for cv in cvs:
        for kind in DEPTHS:
            for moved in (0.0, 0.5):
                false, found, prepared, null_scores, copy_scores = 0, 0, 0, [], []
                for seed in range(seeds):
                    rng = np.random.default_rng([SEED, seed, round(1000 * cv), DEPTHS.index(kind), round(10 * moved)])
                    depths = depths_of(kind, n, rng)
                    called, of_null = read(libraries(rng, depths, cv, copy=False, moved=moved))
                    false += bool(called)
                    null_scores.append(np.nanmin(of_null))
                    called, of_copy = read(libraries(rng, depths, cv, copy=True, moved=moved))
                    found += (0, 1) in called
                    false += called not in ([], [(0, 1)])
                    copy_scores.append(of_copy[0])
                    called, _ = read(libraries(rng, depths, cv, 0.03, copy=True, moved=moved))
                    prepared += (0, 1) in called
                # Per dataset: the closest pair of independent samples against the copy.
                area = float(np.mean(np.array(copy_scores)[:, None] < np.array(null_scores)[None, :]))
                yield (
                    f"{cv:g}\t{n}\t{kind}\t{moved:g}\t{false / (2 * seeds):.3f}\t{found / seeds:.2f}\t"
                    f"{prepared / seeds:.2f}\t{area:.3f}"
                )


def _comparable(values: NDArray[np.float64]) -> Comparable:
    names = [str(sample) for sample in range(values.shape[1])]
    return Comparable(names, values, None, None, lambda _: differences_within(values))


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True))


def _found(values: NDArray[np.float64], first: NDArray[np.intp], second: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return the pairs that some samples and z-scores of others are said to share."""
    kept = (np.ptp(values[:, first], axis=1) > 0) & (np.ptp(values[:, second], axis=1) > 0)
    pairs = find_copies_between(_comparable(values[kept][:, first]), _comparable(_scaled(values[kept][:, second])))
    return [(int(first[int(pair.first)]), int(second[int(pair.second)])) for pair in pairs]


def rows_of_datasets(files: Sequence[Path], seeds: int, sizes: Sequence[int]) -> Iterator[str]:
    """Give one line per dataset: splits of each size with a pair, and samples that are found again."""
    for file in files:
        data = anndata.read_h5ad(file)
        values = log2_expression(data).T
        values = values[np.isfinite(values).all(axis=1)]
        n, rng = values.shape[1], np.random.default_rng([SEED, len(values)])
        told = []
        for size in sizes:
            orders = [rng.permutation(n) for _ in range(seeds)] if n >= 2 * size else []
            called = sum(bool(_found(values, order[:size], order[size : 2 * size])) for order in orders)
            told.append(f"{called} of {len(orders)}")
        whole, half = np.arange(n), np.sort(rng.permutation(n)[: n // 2])
        again = [sum(a == b for a, b in _found(values, whole, part)) for part in (whole, half)]
        yield "\t".join([file.parent.name, str(n), *told, f"{again[0]} of {n}", f"{again[1]} of {n // 2}"])


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--cv", type=float, nargs="+", default=[0.05, 0.1, 0.3])
    parser.add_argument("--datasets", type=Path, nargs="+")
    given = parser.parse_args()
    if given.datasets:
        sizes = (5, 6, 7, 8)
        split = "\t".join(f"a pair between {size} and {size} other samples" for size in sizes)
        print(f"dataset\tsamples\t{split}\tfound in z-scores\tin those of half of them")
        for line in rows_of_datasets(given.datasets, given.seeds, sizes):
            print(line, flush=True)
        return
    print(
        "cv\tsamples\tdepths\tmoved\tdatasets with a false pair\tre-sequenced found\tprepared twice (CV .03) found\tAUC"
    )
    for line in rows(given.seeds, given.cv, given.samples):
        print(line, flush=True)


if __name__ == "__main__":
    main()

"""Size and power of the line `mirna` on graphs of miRNA targets, through the shipped functions; and of what is not used.

Run `python benchmarks/lines_mirna.py [--targets miRTarBase.csv] [--sets FILE.gmt …] [--reps 300] [--write]`. Without `--targets`
the graph is simulated (`simulate.mirnas`: median of 4 targets, families share them). Null: a list of miRNAs that knows nothing of the
set, drawn uniformly or in proportion to the number of targets, from a universe of all miRNAs or of the better-studied half. Power:
lists that favour families by their share of targets in the set. Beside it, on the same lists: a hypergeometric test of the targets of
the listed miRNAs, and the place among lists drawn uniformly.
`--write` puts the rows of this layer into resources/calibration/lines.tsv.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from sidemine.lines.mirna.measure import TargetGraph, Units, gather_units, slope_on_targets
from sidemine.simulate.mirnas import simulate_mirnas
from sidemine.stats.adjusted_slope import Slope

Array = NDArray[np.float64]
LEVEL = 0.05
SEED = 20270311


@dataclass(frozen=True)
class Population:
    """A graph with the family of every miRNA, and the sets that are asked about."""

    name: str
    graph: TargetGraph
    families: list[str]
    sets: dict[str, set[str]]


def simulated_population(seed: int, n_families: int = 350, n_genes: int = 3_000) -> Population:
    """Return a simulated graph, with plain sets and sets of popular targets."""
    drawn = simulate_mirnas(n_families, n_genes, seed)
    genes = [f"G{number}" for number in range(n_genes)]
    graph = TargetGraph(drawn.accessions, genes, drawn.mirna_of, drawn.gene_of)
    rng = np.random.default_rng([seed, 1])
    popular = np.argsort(-np.bincount(drawn.gene_of, minlength=n_genes), kind="stable")
    sets = {f"random {size}": rng.choice(n_genes, size, replace=False) for size in (20, 50, 100, 200)}
    sets |= {f"popular {size}": popular[:size] for size in (20, 50, 100)}
    sets |= {f"half popular {size}": popular[: 4 * size : 4] for size in (20, 50)}
    return Population(
        "simulated", graph, drawn.seeds, {name: {genes[at] for at in found} for name, found in sets.items()}
    )


def deposited_population(targets: Path, gmts: list[Path]) -> Population:
    """Return miRTarBase's graph by its own names; the unit is the miRNA, since the file has no seeds."""
    import pandas as pd

    table = pd.read_csv(targets, dtype=str, encoding="utf-8-sig")
    table = table[(table["Species (miRNA)"] == "Homo sapiens") & (table["Species (Target Gene)"] == "Homo sapiens")]
    table = table.drop_duplicates(["miRNA", "Target Gene"]).dropna(subset=["miRNA", "Target Gene"])
    mirnas, mirna_of = np.unique(table["miRNA"].to_numpy(dtype=str), return_inverse=True)
    genes, gene_of = np.unique(table["Target Gene"].to_numpy(dtype=str), return_inverse=True)
    graph = TargetGraph(mirnas.tolist(), genes.tolist(), mirna_of, gene_of)
    sets = {name: members for path in gmts for name, members in read_gmt(path)}
    popular = genes[np.argsort(-np.bincount(gene_of), kind="stable")]
    sets |= {f"popular {size}": set(popular[:size]) for size in (20, 50, 100)}
    return Population(targets.name, graph, mirnas.tolist(), sets)


def read_gmt(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield sets of a GMT file."""
    import gzip

    opened = gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
    with opened as stream:
        for line in stream:
            name, _, *members = line.rstrip("\n").split("\t")
            yield name, {member.split(",")[0] for member in members if member}


def draw_lists(weights: Array, n: int, reps: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return lists × miRNAs: n of them, drawn without replacement by weight."""
    keys = np.log(weights) + rng.gumbel(size=(reps, len(weights)))
    chosen = np.argpartition(-keys, n - 1, axis=1)[:, :n]
    lists = np.zeros((reps, len(weights)), dtype=bool)
    np.put_along_axis(lists, chosen, True, axis=1)
    return lists


def rate(units: Units, family_of: Array, lists: NDArray[np.bool_]) -> float:
    """Return the share of lists that the shipped test calls, one-sided."""
    size = np.bincount(family_of.astype(int))
    called, tested = 0, 0
    for listed in lists:
        labels = np.bincount(family_of.astype(int), weights=listed, minlength=len(size)) / size
        found = slope_on_targets(replace(units, labels=labels))
        if isinstance(found, Slope):
            tested += 1
            called += found.p_higher <= LEVEL
    return called / tested if tested else float("nan")


def hypergeometric_rate(matrix: NDArray[np.bool_], inside: NDArray[np.bool_], lists: NDArray[np.bool_]) -> float:
    """Return the share of lists whose targets (all of them together) are called enriched: not used, shown."""
    called = 0
    for listed in lists:
        hit = matrix[listed].any(axis=0)
        called += hypergeom.sf((hit & inside).sum() - 1, len(inside), inside.sum(), hit.sum()) <= LEVEL
    return called / len(lists)


def uniform_rate(scores: Array, lists: NDArray[np.bool_], rng: np.random.Generator, draws: int = 400) -> float:
    """Return the share of lists whose mean score is in the upper 5 % of lists drawn uniformly: not used, shown."""
    n = int(lists[0].sum())
    reference = np.sort((draw_lists(np.ones(len(scores)), n, draws, rng) @ scores) / n)
    return float(np.mean(lists @ scores / n >= reference[int(np.ceil((1 - LEVEL) * draws)) - 1]))


@dataclass(frozen=True)
class Rates:
    """What was found for one way of drawing lists: by set."""

    ours: dict[str, float]
    hypergeometric: dict[str, float]
    uniform: dict[str, float]


def measure(
    population: Population, universe: NDArray[np.int64], favour: float, n: int, reps: int, planted: float = 0.0
) -> Rates:
    """Measure one class.

    Parameters
    ----------
    population, universe
        The graph, and positions of the miRNAs that the assay sees.
    favour
        Lists are drawn in proportion to (number of targets) to this power.
    n, reps
        miRNAs per list, and lists.
    planted
        Log odds of being listed per standard deviation of the family's score; 0: null.
    """
    graph = population.graph
    degrees = graph.degrees()[universe]
    matrix = np.zeros((len(graph.mirnas), len(graph.genes)), dtype=bool)
    matrix[graph.mirna_of, graph.gene_of] = True
    matrix = matrix[universe]
    names = [population.families[at] for at in universe]
    _, family_of = np.unique(np.array(names), return_inverse=True)
    ours, hyper, uniform = {}, {}, {}
    for number, (name, members) in enumerate(population.sets.items()):
        weights: Mapping[str, float] = dict.fromkeys(members, 1.0)
        scores = graph.scores(weights)[universe]
        if np.count_nonzero(scores) < 5:
            continue
        rng = np.random.default_rng([SEED, number, n, int(10 * favour), len(universe)])
        units = gather_units(np.zeros(len(universe)), degrees, scores, names)
        family_score = units.scores[family_of] / units.scores.std()
        lists = draw_lists(degrees**favour * np.exp(planted * family_score), n, reps, rng)
        ours[name] = rate(units, family_of, lists)
        inside = np.array([gene in members for gene in graph.genes])
        hyper[name] = hypergeometric_rate(matrix, inside, lists[:40])
        uniform[name] = uniform_rate(scores, lists, rng)
    return Rates(ours, hyper, uniform)

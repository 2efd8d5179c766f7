"""Size and power of the line `mirna` on graphs of miRNA targets, through the shipped functions; and of what is not used.

Run `python benchmarks/lines_mirna.py [--targets miRTarBase.csv] [--sets FILE.gmt …] [--reps 300] [--write]`. Without `--targets`
the graph is simulated (`simulate.mirnas`: median of 4 targets, families share them). Null: a list of miRNAs that knows nothing of the
set, drawn uniformly or in proportion to the number of targets, from a universe of all miRNAs or of the better-studied half. Power:
lists that favour families by their share of targets in the set. Beside it, on the same lists: a hypergeometric test of the targets of
the listed miRNAs, and the place among lists drawn uniformly.
`--write` puts the rows of this layer into resources/calibration/lines/mirna.tsv.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta, hypergeom

from sidemine.lines.evidence import LINE_SIZES
from sidemine.lines.mirna.measure import TargetGraph, Units, gather_units, slope_on_targets
from sidemine.simulate.mirnas import simulate_mirnas
from sidemine.stats.adjusted_slope import Slope
from sidemine.tables import write_table

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
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    for line in text.splitlines():
        name, _, *members = line.split("\t")
        yield name, {member.split(",")[0] for member in members if member}


def draw_lists(weights: Array, n: int, reps: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return lists × miRNAs: n of them, drawn without replacement by weight."""
    keys = np.log(weights) + rng.gumbel(size=(reps, len(weights)))
    chosen = np.argpartition(-keys, n - 1, axis=1)[:, :n]
    lists = np.zeros((reps, len(weights)), dtype=bool)
    np.put_along_axis(lists, chosen, True, axis=1)
    return lists


def rate(units: Units, family_of: NDArray[np.int64], lists: NDArray[np.bool_]) -> float:
    """Return the share of lists that the shipped test calls, one-sided."""
    size = np.bincount(family_of)
    called, tested = 0, 0
    for listed in lists:
        labels = np.bincount(family_of, weights=listed, minlength=len(size)) / size
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
    alone: dict[str, float]


def measure(
    population: Population,
    universe: NDArray[np.int64],
    favour: float,
    n: int,
    reps: int,
    *,
    planted: float = 0.0,
    whole_families: bool = False,
) -> Rates:
    """Measure one class.

    Parameters
    ----------
    population, universe
        The graph, and positions of the miRNAs that the assay sees.
    favour
        Lists are drawn in proportion to (number of targets) to this power.
    n, reps
        miRNAs per list (families, where they are drawn whole), and lists.
    planted
        Log odds of being listed per standard deviation of the family's score; 0: null.
    whole_families
        Whether all miRNAs of a family are listed, or none.
    """
    graph = population.graph
    degrees = graph.degrees()[universe]
    names = [population.families[at] for at in universe]
    _, family_of = np.unique(np.array(names), return_inverse=True)
    matrix = np.zeros((len(universe), len(graph.genes)), dtype=bool)
    place = np.full(len(graph.mirnas), -1)
    place[universe] = np.arange(len(universe))
    here = place[graph.mirna_of] >= 0
    matrix[place[graph.mirna_of[here]], graph.gene_of[here]] = True
    found = Rates({}, {}, {}, {})
    for number, (name, members) in enumerate(population.sets.items()):
        scores = graph.scores(dict.fromkeys(members, 1.0))[universe]
        if np.count_nonzero(scores) < 20:
            continue
        rng = np.random.default_rng([SEED, number, n, int(10 * favour), len(universe), int(whole_families)])
        units = gather_units(np.zeros(len(universe)), degrees, scores, names)
        lists = draw_lists(_weights(units, degrees, family_of, favour, planted, whole_families), n, reps, rng)
        lists = lists[:, family_of] if whole_families else lists
        found.ours[name] = rate(units, family_of, lists)
        if whole_families:
            alone = gather_units(np.zeros(len(universe)), degrees, scores, [f"{at:06d}" for at in range(len(universe))])
            found.alone[name] = rate(alone, np.arange(len(universe)), lists)
        inside = np.array([gene in members for gene in graph.genes])
        found.hypergeometric[name] = hypergeometric_rate(matrix, inside, lists[:40])
        found.uniform[name] = uniform_rate(degrees * scores, lists, rng)
    return found


def _weights(
    units: Units, degrees: Array, family_of: NDArray[np.int64], favour: float, planted: float, whole_families: bool
) -> Array:
    appeal = np.exp(planted * units.scores / units.scores.std())
    return units.degrees**favour * appeal if whole_families else degrees**favour * appeal[family_of]


def rows_of(population: Population, reps: int) -> list[dict[str, object]]:
    """Return the rows of the table of one graph, and print what is not used beside them."""
    degrees = population.graph.degrees()
    everything, better = np.arange(len(degrees)), np.flatnonzero(degrees >= np.median(degrees))
    has_families = len(set(population.families)) < len(population.families)
    test = "seed family" if has_families else "miRNA"
    told = f"{population.name}: {len(degrees):,} miRNAs, {len(population.graph.genes):,} genes, {len(population.sets)} sets"
    classes = [
        (
            f"lists of {n}, {'drawn by number of targets' if favour else 'drawn uniformly'}",
            universe,
            favour,
            n,
            0.0,
            False,
        )
        for universe in (everything, better)
        for favour in (0.0, 1.0)
        for n in (20, 60)
    ]
    if has_families:
        classes += [("whole families, drawn by number of targets", everything, 1.0, 20, 0.0, True)]
    classes += [
        (f"listed by share of targets, log odds {odds:g} per SD", better, 0.5, 60, odds, False)
        for odds in (0.3, 0.6, 1.0)
    ]
    rows = []
    for name, universe, favour, n, odds, whole in classes:
        found = measure(population, universe, favour, n, reps, planted=odds, whole_families=whole)
        mean, worst = float(np.mean(list(found.ours.values()))), max(found.ours.values())
        count = len(found.ours) * reps
        low, high = clopper_pearson(round(mean * count), count)
        rows.append(
            {
                "test": test, "null": name, "quantity": "power" if odds else "size", "level": LEVEL, "rate": mean,
                "ci_low": low, "ci_high": high, "worst_set": float("nan") if odds else worst, "n": count, "seed": SEED,
                "conditions": f"{told}; universe of {len(universe):,}",
            }
        )  # fmt: skip
        beside = {"hypergeometric": found.hypergeometric, "uniform lists": found.uniform, "miRNA as unit": found.alone}
        words = "; ".join(f"{key} {min(v.values()):.2f}–{max(v.values()):.2f}" for key, v in beside.items() if v)
        print(
            f"{population.name}, universe {len(universe)}, {name}: mean {mean:.3f}, worst {worst:.3f} | {words}",
            flush=True,
        )
    return rows


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % limits of a share."""
    return (
        float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0,
        float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0,
    )


def main() -> int:
    """Measure, print, and write the table where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=Path, help="miRTarBase's table")
    parser.add_argument("--sets", type=Path, nargs="*", default=[], help="GMT files of the sets to ask about")
    parser.add_argument("--reps", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = rows_of(simulated_population(SEED), given.reps)
    if given.targets:
        rows += rows_of(deposited_population(given.targets, given.sets), given.reps)
    if given.write:
        path = Path(__file__).resolve().parents[1] / "resources" / "calibration" / "lines" / "mirna.tsv"
        write_table(pd.DataFrame(rows)[LINE_SIZES.names], path, LINE_SIZES)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The data blocks of the page: what each holds, who writes it, and which script reads it.

A block is a record that `packing.pack` packs under the id of an element; genes are positions in `GenesBlock.symbol`. Scripts stand in
`templates/`. The explorer's block is in `sections/explorer.py`, that of calibration in `considerations/calibration/panel.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.differential.differential_table import sides_of_genes
from sidemine.drawing.charts import Spec, drawn_names
from sidemine.drawing.words import bounded
from sidemine.enrichment.registry import statistics
from sidemine.prepare.log_expression import mean_and_sd
from sidemine.report.collect import ContrastResults, DatasetResults, StudyResults
from sidemine.report.covariates import ColourColumn, colour_columns
from sidemine.report.packing import SMALLEST_P, distances, p_values, scaled, significant, steps
from sidemine.sources.scales import DIFFERENCE_UNITS, EXPRESSION_UNITS, LOG2_FOLD_CHANGE
from sidemine.study.panels import LONGEST_PANEL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TOP_GENES = 300
"""Genes per contrast, by p-value, whose per-sample values are on the page."""
MOST_Q = 0.05
"""False discovery rate at which genes are counted and the line of the volcano stands."""
FAMILY_ORDER = ("target", "member", "negative_control", "confounder", "comparator")
"""Families of gene sets in the order in which tables list them."""
_SET_UNITS = {"log2", *DIFFERENCE_UNITS.values()}


@dataclass(frozen=True)
class GenePanelBlock:
    """A declared gene panel (`pictures.js`): genes that are drawn, how many more there are, and symbols measured nowhere."""

    id: str
    title: str
    source: str
    genes: list[int]
    more: int
    absent: list[str]


@dataclass(frozen=True)
class PageBlock:
    """`data-page`, read first by every script: specifications of charts, panels, and the dataset of each contrast."""

    figures: Mapping[str, Spec]
    specs: Mapping[str, Spec]
    panels: list[GenePanelBlock]
    named_sets: list[str]
    contrasts: dict[str, str]


@dataclass(frozen=True)
class GenesBlock:
    """`data-genes` (`contrasts.js`, `explorer.js`): symbols of all tested genes with their Entrez and Ensembl ids."""

    symbol: list[str]
    entrez: list[str]
    ensembl: list[str]


@dataclass(frozen=True)
class SetBlock:
    """A set in `data-sets` (`contrasts.js`, `explorer.js`): its tested genes; no weights where all are 1."""

    family: str
    genes: list[int]
    weights: list[float | None]


@dataclass(frozen=True)
class DatasetBlock:
    """`data-dataset-…` (`contrasts.js`, `pictures.js`).

    Attributes
    ----------
    samples, genes, values
        Expression (log2, hundredths), genes × samples, of the genes that carry sample values.
    components, explained
        First principal components by sample, and the share of variance of each.
    columns
        Metadata that may colour the samples.
    """

    samples: list[str]
    genes: list[int]
    values: list[list[int | None]]
    components: dict[str, list[float]]
    explained: list[float]
    columns: list[ColourColumn]


@dataclass(frozen=True)
class SetTable:
    """Set tests of one role in one contrast, a number per set.

    Attributes
    ----------
    tests, labels
        The tests that any set has, in order, and the headings of their columns.
    gene_set, family, n_in_set, n_measured
        The sets in the order of the table, and their sizes.
    effect, ci_low, ci_high
        In thousandths; None where no test has them in units of expression.
    correlation
        Of its genes with one another, in hundredths.
    p, q, family_size, statistic
        By test; p and q as in `packing.p_values`, the statistic in hundredths; None where the set does not have the test.
    smallest_p
        By test whose p-values stop: one of this size is at most this.
    """

    tests: list[str]
    labels: dict[str, str]
    gene_set: list[str]
    family: list[str]
    n_in_set: list[int]
    n_measured: list[int]
    effect: list[int | None]
    ci_low: list[int | None]
    ci_high: list[int | None]
    correlation: list[int | None]
    p: dict[str, list[float | None]]
    q: dict[str, list[float | None]]
    family_size: dict[str, list[int | None]]
    statistic: dict[str, list[int | None]]
    smallest_p: dict[str, float]


@dataclass(frozen=True)
class SetTables:
    """`data-tests-…` (`contrasts.js`, `pictures.js`): set tests that may enter a verdict, and the others; whole on every page."""

    sets: SetTable
    descriptive: SetTable


@dataclass(frozen=True)
class GroupSummaries:
    """Mean and SD (log2, hundredths) of each gene per group; empty where there are no values or no two samples."""

    target_mean: list[int | None]
    target_sd: list[int | None]
    reference_mean: list[int | None]
    reference_sd: list[int | None]


@dataclass(frozen=True)
class ContrastBlock:
    """`data-contrast-…` (`contrasts.js`, `explorer.js`, `pictures.js`).

    Attributes
    ----------
    target, reference, labels
        Samples of the two groups, and how these are called.
    gene_step
        Differences of the positions of its genes.
    log2_fold_change, below, above
        In thousandths, as in `packing.distances`.
    t, mean
        In hundredths.
    p, q
        As in `packing.p_values`.
    way
        One letter per gene: (h)igher, (l)ower, or (u)nclear.
    groups, histogram, reading
        Means and SD, counts of p-values and what their shape says.
    difference, level
        What stands on the page in place of `log2 fold change` and `log2 expression`; None where these are right.
    tested, rank
        Where genes are left out: the number of all, and each gene's place among all by t, from the top.
    q_line
        The largest p among genes with q ≤ .05; None where there is none.
    """

    target: list[str]
    reference: list[str]
    labels: tuple[str, str]
    gene_step: list[int]
    log2_fold_change: list[int | None]
    below: list[int | None]
    above: list[int | None]
    t: list[int | None]
    p: list[float | None]
    q: list[float | None]
    mean: list[int | None]
    way: str
    groups: GroupSummaries
    histogram: list[int]
    reading: str
    difference: str | None
    level: str | None
    tested: int | None
    rank: list[int] | None
    q_line: float | None


def genes_block(results: StudyResults) -> GenesBlock:
    """Return symbols and ids of all tested genes."""
    import pandas as pd

    tables = [contrast.differential[["gene", "entrez", "ensembl"]] for contrast in results.contrasts.values()]
    ids = pd.concat(tables).drop_duplicates("gene", keep="last").set_index("gene").loc[results.genes]
    return GenesBlock(
        symbol=[bounded(symbol, 60) for symbol in results.genes],
        entrez=[bounded(name, 20) for name in ids["entrez"].tolist()],
        ensembl=[bounded(name, 30) for name in ids["ensembl"].tolist()],
    )


def sets_block(results: StudyResults) -> dict[str, SetBlock]:
    """Return every tested set by name."""
    index = results.gene_index
    tested: set[str] = set()
    for contrast in results.contrasts.values():
        tested.update(str(name) for name in contrast.enrichment["gene_set"])
    block = {}
    for name, members in results.gene_sets.groupby("gene_set", sort=True):
        if str(name) not in tested:
            continue
        pairs = sorted(
            (index[gene], float(weight))
            for gene, weight in zip(members["gene"], members["weight"], strict=True)
            if gene in index
        )
        block[bounded(str(name), 200)] = SetBlock(
            family=str(members["family"].iloc[0]),
            genes=[gene for gene, _ in pairs],
            weights=[significant(weight) for _, weight in pairs] if any(weight != 1 for _, weight in pairs) else [],
        )
    return block


def named_sets(results: StudyResults) -> list[str]:
    """Return the sets that hypotheses name, primary and secondary, in order."""
    named: list[str] = []
    for hypothesis in results.hypotheses:
        named += [hypothesis.primary.set, *hypothesis.secondary_sets]
    return list(dict.fromkeys(named))


def panel_blocks(results: StudyResults) -> list[GenePanelBlock]:
    """Return the declared gene panels."""
    index = results.gene_index
    blocks = []
    for panel in results.study.config.panels:
        genes = list(dict.fromkeys([*panel.genes, *(results.members.get(panel.set, []) if panel.set else [])]))
        present = [index[gene] for gene in genes if gene in index]
        blocks.append(
            GenePanelBlock(
                id=panel.id,
                title=bounded(panel.title, 120),
                source=bounded(panel.set, 200) or "genes named in the configuration",
                genes=present[:LONGEST_PANEL],
                more=max(0, len(present) - LONGEST_PANEL),
                absent=[bounded(gene, 40) for gene in genes if gene not in index],
            )
        )
    return blocks


def declared_sets(results: StudyResults) -> list[str]:
    """Return the sets named by hypotheses, then the other declared sets; comparators are left out.

    Comparators (all Hallmarks, say) would bring half the genome, so their genes carry no per-sample values.
    """
    return list(dict.fromkeys([*named_sets(results), *sorted(results.declared["gene_set"].unique().tolist())]))


def always_shown(results: StudyResults) -> NDArray[np.bool_]:
    """Return, per gene of the study, whether no page leaves it out: those of panels and declared sets (comparators apart).

    One more, at the end, stands for genes that no contrast tested (`thinning.order_genes`): they may be left out.
    """
    import numpy as np

    declared = results.declared["gene"].unique().tolist()
    always = np.zeros(len(results.genes) + 1, dtype=bool)
    always[[results.gene_index[gene] for gene in declared if gene in results.gene_index]] = True
    always[[gene for panel in panel_blocks(results) for gene in panel.genes]] = True
    return always


def genes_with_values(results: StudyResults, dataset: str) -> list[str]:
    """Return the genes of `dataset` whose per-sample values are on the page.

    Genes of panels, of declared sets in the order of `declared_sets`, and the `TOP_GENES` genes of each contrast by p-value,
    until the most values that the page may hold are reached.
    """
    available = set(results.datasets[dataset].genes)
    wanted = {results.genes[gene]: None for panel in panel_blocks(results) for gene in panel.genes}
    for name in declared_sets(results):
        wanted.update(dict.fromkeys(results.members.get(name, [])))
    for contrast in results.contrasts_of(dataset):
        genes = results.tested_genes[contrast]
        wanted.update({results.genes[place]: None for place in genes.places[genes.by_p[:TOP_GENES]].tolist()})
    room = results.thinning.values // max(1, len(results.datasets[dataset].sample_names))
    return [gene for gene in wanted if gene in available][:room]


def dataset_block(results: StudyResults, dataset: str, drawn: Sequence[str]) -> DatasetBlock:
    """Return one dataset's values of the genes that are drawn sample by sample, its principal components and metadata.

    Parameters
    ----------
    results
        Of the study.
    dataset
        Its id.
    drawn
        Genes that are drawn, in order.
    """
    here = results.datasets[dataset]
    genes = [gene for gene in drawn if gene in results.gene_index]
    components = here.quality.principal_components
    return DatasetBlock(
        samples=[bounded(name, 80) for name in here.sample_names],
        genes=[results.gene_index[gene] for gene in genes],
        values=[scaled(here.values[:, here.column_of[gene]], 100) for gene in genes],
        components={bounded(name, 80): place for name, place in components.samples.items()} if components else {},
        explained=components.explained if components else [],
        columns=colour_columns(here, [item.quality for item in results.contrasts_of(dataset).values()]),
    )


def set_tables(results: StudyResults, contrast: str) -> SetTables:
    """Return the set tests of one contrast."""
    enrichment = results.contrasts[contrast].enrichment
    first = declared_sets(results)
    return SetTables(set_table(enrichment, "verdict", first), set_table(enrichment, "descriptive", first))


def contrast_block(results: StudyResults, contrast: str, kept: NDArray[np.bool_]) -> ContrastBlock:
    """Return one contrast's gene table, group summaries and histogram.

    Parameters
    ----------
    results, contrast
        The study, and the contrast.
    kept
        Which genes of its table are on the page (`thinning.kept_genes`).
    """
    here = results.contrasts[contrast]
    whole, places = here.differential, results.tested_genes[contrast].places
    order = places.argsort(kind="stable")
    shown = order[kept[order]]
    table = whole.iloc[shown]
    below, above = distances(table["log2_fold_change"], table["ci_low"], table["ci_high"])
    left_out = len(table) < len(whole)
    histogram = here.quality.p_value_histogram
    layer = "counts" if here.counted else next(name for name, unit in DIFFERENCE_UNITS.items() if unit == here.unit)
    other_unit = here.unit != LOG2_FOLD_CHANGE
    return ContrastBlock(
        target=[bounded(name, 80) for name in here.design.target_samples],
        reference=[bounded(name, 80) for name in here.design.reference_samples],
        labels=drawn_names([(here.row.target_label, here.row.reference_label)]),
        gene_step=steps(places[shown].tolist()),
        log2_fold_change=scaled(table["log2_fold_change"], 1000),
        below=below,
        above=above,
        t=scaled(table["t"], 100),
        p=p_values(table["p_value"]),
        q=p_values(table["q_value"]),
        mean=scaled(table["mean_expression"], 100),
        way="".join(side[0] for side in sides_of_genes(table)),
        groups=group_summaries(results.datasets[here.row.dataset], here, table["gene"].tolist()),
        histogram=histogram.counts,
        reading=histogram.reading,
        difference=here.unit if other_unit else None,
        level=EXPRESSION_UNITS[layer] if other_unit or here.counted else None,
        tested=len(whole) if left_out else None,
        rank=_ranks(whole, order)[shown].tolist() if left_out else None,
        q_line=significant(max(found, SMALLEST_P), 6) if (found := _largest_p(whole)) is not None else None,
    )


def _ranks(table: pd.DataFrame, order: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the rank of each row by t, from the top; of rows with one t, in the given order."""
    import numpy as np

    ranks = np.empty(len(table), dtype=np.int64)
    ranks[order[np.argsort(-table["t"].to_numpy(dtype=float)[order], kind="stable")]] = np.arange(1, len(table) + 1)
    return ranks


def _largest_p(table: pd.DataFrame) -> float | None:
    """Return the largest p of genes whose q is at most .05: by Benjamini–Hochberg all genes below it have such a q."""
    found = table.loc[table["q_value"] <= MOST_Q, "p_value"]
    return float(found.max()) if len(found) else None


def group_summaries(dataset: DatasetResults, contrast: ContrastResults, genes: list[str]) -> GroupSummaries:
    """Return mean and SD of `genes` per group.

    Parameters
    ----------
    dataset, contrast
        Results of a dataset and of one of its contrasts.
    genes
        Genes, in the order of the summaries.
    """
    import numpy as np

    rows = {name: row for row, name in enumerate(dataset.sample_names)}
    columns = [dataset.column_of.get(gene, -1) for gene in genes]
    summaries: list[list[int | None]] = []
    for names in (contrast.design.target_samples, contrast.design.reference_samples):
        used = [rows[name] for name in names if name in rows]
        if len(used) < 2 or not genes or not dataset.genes:
            summaries += [[], []]
            continue
        values = np.where(np.asarray(columns) >= 0, dataset.values[np.ix_(used, columns)], np.nan)
        summaries += [scaled(numbers, 100) for numbers in mean_and_sd(values)]
    return GroupSummaries(*summaries)


def set_table(enrichment: pd.DataFrame, role: str, first: list[str]) -> SetTable:
    """Return set tests of one role, one row per set.

    Parameters
    ----------
    enrichment
        `enrichment.tsv` of one contrast.
    role
        verdict or descriptive.
    first
        Sets that come first, in this order; the others follow by family and name.
    """
    import numpy as np

    chosen = enrichment[enrichment["role"] == role]
    sets = chosen["gene_set"].tolist()
    family_of = dict(zip(sets, chosen["family"].tolist(), strict=True))
    order = {name: rank for rank, name in enumerate(first)}
    families = {family: rank for rank, family in enumerate(FAMILY_ORDER)}
    names = sorted(
        family_of, key=lambda name: (order.get(name, len(order)), families.get(family_of[name], len(families)), name)
    )
    place = {name: row for row, name in enumerate(names)}
    places = np.array([place[name] for name in sets], dtype=np.int64)

    def by_set(column: str, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return one number per set, of its first row among `rows`; NaN where it has none."""
        numbers = np.full(len(names), np.nan)
        numbers[places[rows][::-1]] = chosen[column].to_numpy(dtype=float)[rows][::-1]
        return numbers

    every = np.ones(len(chosen), dtype=bool)
    # A column holds one unit: odds ratios and enrichment scores stand with their own test, or not at all.
    drawn = (chosen["effect_scale"].isin(_SET_UNITS) & chosen["effect"].notna()).to_numpy()
    measured = by_set("n_measured", drawn)
    tests = chosen["test"].to_numpy()
    shown = set(tests)
    given = [statistic for statistic in statistics() if statistic.name in shown]
    labels = {statistic.name: statistic.label for statistic in given}
    of_test = {test: tests == test for test in labels}
    return SetTable(
        tests=list(labels),
        labels=labels,
        gene_set=[bounded(name, 200) for name in names],
        family=[family_of[name] for name in names],
        n_in_set=by_set("n_in_set", every).astype(int).tolist(),
        n_measured=np.where(np.isnan(measured), by_set("n_measured", every), measured).astype(int).tolist(),
        effect=scaled(by_set("effect", drawn), 1000),
        ci_low=scaled(by_set("ci_low", drawn), 1000),
        ci_high=scaled(by_set("ci_high", drawn), 1000),
        correlation=scaled(by_set("inter_gene_correlation", chosen["inter_gene_correlation"].notna().to_numpy()), 100),
        p={test: p_values(by_set("p_value", rows)) for test, rows in of_test.items()},
        q={test: p_values(by_set("q_value", rows)) for test, rows in of_test.items()},
        family_size={test: scaled(by_set("family_size", rows), 1) for test, rows in of_test.items()},
        statistic={test: scaled(by_set("statistic", rows), 100) for test, rows in of_test.items()},
        smallest_p={statistic.name: statistic.smallest_p for statistic in given if statistic.smallest_p},
    )

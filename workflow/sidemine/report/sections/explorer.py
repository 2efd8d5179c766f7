"""The gene explorer: every gene of the study, with its pooled effect per hypothesis or why there is none.

Columns are kept apart and as whole numbers, which packs well. An interval is kept as its distances from the effect, exact at the
digits that are shown; a p-value is as in `packing.p_values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.differential.record import FittedDesign
from sidemine.drawing.words import bounded, count
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.report.packing import distances, p_values, scaled, steps
from sidemine.report.section import Section
from sidemine.verdict.card import Card

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PRESENT, NOT_MEASURED, FILTERED, NOT_COMPARED = "p", "m", "f", "x"


@dataclass(frozen=True)
class ExplorerOption:
    """A question to choose, with the number of its pooled genes, or in words why there are none."""

    id: str
    n: int
    words: str


@dataclass(frozen=True)
class ExplorerContrast:
    """A contrast of a question: its groups, and what kept genes out of it, in sentences."""

    contrast: str
    label: str
    why: str


@dataclass(frozen=True)
class PooledColumns:
    """Pooled genes of one question, a number per gene.

    Attributes
    ----------
    step
        Differences of the genes' positions in `GenesBlock.symbol`.
    k, effect, below, above
        Contrasts, and effect and limits in thousandths as in `packing.distances`.
    p, q, heterogeneity_p
        As in `packing.p_values`; None in place of a column without a value.
    i2, prediction_low, prediction_high
        Per cent and thousandths; None where nothing could be estimated.
    effects
        Per contrast, in thousandths; empty for a single contrast.
    """

    step: list[int]
    k: list[int]
    effect: list[int | None]
    below: list[int | None]
    above: list[int | None]
    p: list[float | None]
    q: list[float | None] | None
    heterogeneity_p: list[float | None] | None
    i2: list[int | None] | None
    prediction_low: list[int | None] | None
    prediction_high: list[int | None] | None
    effects: dict[str, list[int | None]]


@dataclass(frozen=True)
class ExplorerBlock:
    """`data-explorer-…` (`explorer.js`).

    Attributes
    ----------
    unit, contrasts
        Unit of the effects, and the contrasts of the question.
    missing
        Per contrast one letter per gene of the study: it has an effect (p), was not measured (m) or filtered (f), or the
        contrast was not compared (x).
    same_as
        The contrast whose table holds the pooled genes, number by number; then there are no columns.
    pooled
        Where genes are left out, the number of all.
    columns
        The pooled genes.
    """

    unit: str
    contrasts: list[ExplorerContrast]
    missing: dict[str, str]
    same_as: str | None
    pooled: int | None
    columns: PooledColumns | None


def explorer_section(results: StudyResults) -> Section:
    """Return the questions to choose from."""
    content = explorer_options(results)
    return Section("explorer", "Gene explorer", content=content, template="explorer.html.j2")


def explorer_options(results: StudyResults) -> list[ExplorerOption]:
    """Return the hypotheses to choose from, each with the number of its pooled genes, or why there are none."""
    options = []
    for card in results.verdicts.verdicts:
        table = results.pooled_genes.get(card.hypothesis)
        if card.kind == "panel":
            words = "no gene: arms that share samples are not pooled; each has its own genes among the comparisons"
        elif table is None:
            words = "no gene: the table pooled/…/genes.tsv.gz is not among these results"
        elif len(table):
            words = count(len(table), "gene")
        else:
            reason = card.not_computed.get("pooled", "no contrast of this question could be tested")
            words = f"no gene: {reason}"
        options.append(ExplorerOption(card.hypothesis, 0 if table is None else len(table), words))
    return options


def explorer_block(results: StudyResults, card: Card, kept: NDArray[np.bool_]) -> ExplorerBlock | None:
    """Return the pooled genes of one hypothesis; None when it has none.

    Parameters
    ----------
    results, card
        The study, and the answer.
    kept
        Which genes of its table are on the page (`thinning.kept_genes`).
    """
    table = results.pooled_genes.get(card.hypothesis)
    if table is None or not len(table):
        return None
    places = results.ordered_pooled_genes[card.hypothesis].places
    order = places.argsort(kind="stable")
    order = order[places[order] >= 0]
    table, shown = table.iloc[order], table.iloc[order[kept[order]]]
    names = [row.contrast for row in card.evidence]
    same = names[0] if len(names) == 1 and _is_that_of(results, names[0], table) else None
    return ExplorerBlock(
        unit=str(table["effect_unit"].iloc[0]),
        contrasts=[_contrast_words(results, name) for name in names],
        missing={name: _missing(results, table, name) for name in names},
        same_as=same,
        pooled=len(table) if same is None and len(shown) < len(table) else None,
        columns=_columns(results, shown, names) if same is None else None,
    )


def _columns(results: StudyResults, table: pd.DataFrame, contrasts: Sequence[str]) -> PooledColumns:
    below, above = distances(table["effect"], table["ci_low"], table["ci_high"])
    estimated = bool(table["i2"].notna().any())
    return PooledColumns(
        step=steps([results.gene_index[gene] for gene in table["gene"].tolist()]),
        k=[int(value) for value in table["k"]],
        effect=scaled(table["effect"], 1000),
        below=below,
        above=above,
        p=p_values(table["p_value"]),
        q=p_values(table["q_value"]) if table["q_value"].notna().any() else None,
        heterogeneity_p=p_values(table["q_p"]) if table["q_p"].notna().any() else None,
        i2=scaled(table["i2"], 1) if estimated else None,
        prediction_low=scaled(table["prediction_low"], 1000) if estimated else None,
        prediction_high=scaled(table["prediction_high"], 1000) if estimated else None,
        # Columns behind the declared ones are read as text.
        effects={
            name: scaled(table[f"effect:{name}"].replace("", "nan").astype(float), 1000)
            for name in contrasts
            if len(contrasts) > 1 and f"effect:{name}" in table.columns
        },
    )


def _is_that_of(results: StudyResults, contrast: str, table: pd.DataFrame) -> bool:
    """Tell whether a pooled table of one contrast, by gene, holds number by number what that contrast's own table holds."""
    order = results.tested_genes[contrast].places.argsort(kind="stable")
    differential = results.contrasts[contrast].differential.iloc[order]
    pairs = {"effect": "log2_fold_change", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p_value"}
    return list(differential["gene"]) == list(table["gene"]) and all(
        bool((differential[there].to_numpy() == table[here].to_numpy()).all()) for here, there in pairs.items()
    )


def _missing(results: StudyResults, table: pd.DataFrame, contrast: str) -> str:
    column = f"effect:{contrast}"
    if column not in table.columns:
        return NOT_COMPARED * len(results.genes)
    letters = dict.fromkeys(results.genes, NOT_MEASURED)
    letters |= dict.fromkeys(results.datasets[results.contrasts[contrast].row.dataset].genes, FILTERED)
    letters |= dict.fromkeys(table.loc[table[column] != "", "gene"], PRESENT)
    return "".join(map(letters.__getitem__, results.genes))


def _contrast_words(results: StudyResults, name: str) -> ExplorerContrast:
    item = results.contrasts[name]
    label = bounded(f"{item.row.target_label} − {item.row.reference_label}", 160)
    return ExplorerContrast(name, label, " ".join(_why(results, item)))


def _why(results: StudyResults, item: ContrastResults) -> list[str]:
    """Say what kept genes out of a contrast, in sentences."""
    design, dataset = item.design, results.datasets[item.row.dataset]
    if not isinstance(design, FittedDesign):
        return [f"Not compared: {design.problem.what if design.problem else 'this contrast could not be tested'}."]
    left_out = design.genes_not_tested.items()
    outliers = [flag for flag in dataset.quality.flags if flag.trap == "outlier_samples" and flag.status != "ok"]
    return [
        f"{count(len(dataset.genes), 'gene')} measured, {len(item.differential):,} tested.",
        *(f"Filtered: {count(total, 'gene')} ({bounded(why, 160)})." for why, total in left_out),
        *(
            [f"Outlying samples: {flag.evidence}; {flag.consequence}" for flag in outliers]
            or ["No value was left out as an outlier."]
        ),
    ]

"""Each comparison: what was compared, how, and what stood in the way. Its charts and tables are drawn from `ContrastBlock`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.differential.record import CovariateInDesign, FittedDesign, UntestableDesign
from sidemine.drawing.words import bounded, count
from sidemine.report.blocks import MOST_Q, TOP_GENES, GenePanelBlock, always_shown, panel_blocks
from sidemine.report.collect import ContrastResults, DatasetResults, StudyResults
from sidemine.report.covariates import CovariateRow, covariate_rows
from sidemine.report.section import Section
from sidemine.report.thinning import kept_genes, thinning_words
from sidemine.sources.scales import LOG2_FOLD_CHANGE
from sidemine.study.rows import Dataset
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_ROLES = {
    "disease": "disease (patients and controls)",
    "inhibitor": "inhibitor",
    "stimulus": "stimulus (positive control)",
    "negative_control": "negative control",
}
_HOW = {"fixed": "fixed effects (paired)", "correlation": "duplicate correlation"}
_LEVELS_NAMED = 6


@dataclass(frozen=True)
class ContrastView:
    """One comparison with the words that its part of the page needs.

    Attributes
    ----------
    item, dataset
        The contrast and its dataset, as read.
    role, design, difference, unit
        Its role, its design in sentences, and how a gene's difference and its unit are called.
    found
        How many genes stand out on either side.
    n_sets
        Gene sets that were tested.
    thinned
        Which genes are on the page, where not all are.
    covariates
        What else is recorded of the two groups.
    """

    item: ContrastResults
    dataset: DatasetResults
    role: str
    design: Sequence[str]
    difference: str
    unit: str
    found: str
    n_sets: int
    thinned: str
    covariates: Sequence[CovariateRow]


@dataclass(frozen=True)
class Contrasts:
    """All comparisons, the gene panels that can be drawn in each, and which genes carry sample values."""

    limits: str
    panels: Sequence[GenePanelBlock]
    views: Sequence[ContrastView]


def contrasts_section(results: StudyResults) -> Section:
    """Return the comparisons, testable or not, in the order of the sheet."""
    always = always_shown(results)
    views = [_view(results, item, always) for item in results.contrasts.values()]
    content = Contrasts(_limits(results), panel_blocks(results), views)
    return Section("contrasts", "Each comparison", content=content, template="contrasts.html.j2")


def _limits(results: StudyResults) -> str:
    return (
        f"Per-sample values are on this page for the genes of declared sets (comparators apart) and the top {TOP_GENES} "
        f"genes of each contrast, up to {results.thinning.values:,} values per dataset; every other gene shows its group mean ± SD. "
        f"Numbers are rounded for reading; the full tables are beside this page "
        f"(contrasts/{next(iter(results.contrasts), '…')}/differential.tsv.gz, and so on)."
    )


def _view(results: StudyResults, item: ContrastResults, always: NDArray[np.bool_]) -> ContrastView:
    dataset, table = results.datasets[item.row.dataset], item.differential
    shown = kept_genes(results.tested_genes[item.row.contrast], always, results.thinning)
    other_unit = item.unit != LOG2_FOLD_CHANGE
    return ContrastView(
        item=item,
        dataset=dataset,
        role=_ROLES[item.row.role],
        design=[*design_sentences(item.design), *_source_sentences(dataset.row)],
        difference=item.unit,
        unit=item.unit if other_unit else "log2 units",
        found=found_words(table),
        n_sets=int(item.enrichment["gene_set"].nunique()),
        thinned=thinning_words(int(shown.sum()), len(table), f"contrasts/{item.row.contrast}/differential.tsv.gz"),
        covariates=covariate_rows(dataset, item),
    )


def found_words(table: pd.DataFrame) -> str:
    """Say how many genes are higher and lower in the target at the false discovery rate of the page.

    Parameters
    ----------
    table
        The gene table, whole.
    """
    chosen = table[table["q_value"] <= MOST_Q]
    up = int((chosen["log2_fold_change"] > 0).sum())
    return f"{up:,} up / {len(chosen) - up:,} down at q ≤ .05, of {count(len(table), 'gene')}."


def design_sentences(design: FittedDesign | UntestableDesign) -> list[str]:
    """Tell the design of a contrast in sentences."""
    sentences = [f"Columns of the design: {', '.join(design.design_columns)}."] if design.design_columns else []
    covariates = "; ".join([_covariate_words(entry) for entry in design.covariate_kinds] or design.covariates)
    sentences.append(f"Adjusted for: {covariates or 'nothing'}.")
    if design.blocking == "none" or not design.block:
        sentences.append("Samples are compared as independent groups.")
    else:
        sentences.append(f"Pairs or blocks: {design.block}, by {_HOW[design.blocking]}.")
    if isinstance(design, FittedDesign):
        sentences.append(f"Fitted with {design.fit.engine}.")
        not_tested = sorted(design.genes_not_tested.items())
        sentences += [f"{count(number, 'gene')} not tested: {reason}." for reason, number in not_tested]
    return [*sentences, *design.notes, f"Residual degrees of freedom: {design.residual_df}."]


def _source_sentences(row: Dataset) -> list[str]:
    """Tell what the units are, and why the dataset is a source of its own where it is declared to be one."""
    units = [] if row.replicates == "unknown" else [f"The independent units are {row.replicates}, as declared."]
    reason = row.independent_because.rstrip(".")
    return [*units, *([f"A source of its own ({row.source}), because: {bounded(reason, 300)}."] if reason else [])]


def _covariate_words(entry: CovariateInDesign) -> str:
    """Return a covariate with what it entered as: a number with its unit, or a factor with its levels."""
    if entry.kind == "number":
        return f"{bounded(entry.name, 60)} (number{', ' + bounded(entry.unit, 20) if entry.unit else ''})"
    shown = first_of([bounded(level, 30) for level in entry.levels], _LEVELS_NAMED)
    return f"{bounded(entry.name, 60)} (factor of {len(entry.levels)} levels, reference first: {shown})"

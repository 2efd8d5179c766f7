"""What hidden factors go with: confounder sets, recorded columns of the samples, and what the values tell of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.hidden_factors.record import Follows
from sidemine.enrichment.set_membership import build_membership
from sidemine.prepare.log_expression import layer_of, log2_expression
from sidemine.stats.tails import two_sided_p
from sidemine.text.columns import read_column

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from sidemine.considerations.hidden_factors.factors import Factors
    from sidemine.differential.contrast_fit import ContrastFit

    Array = NDArray[np.float64]

FOLLOWS_P = 0.05
"""Two-sided p, Bonferroni over everything that the factors of a contrast are compared with."""
MOST_SHOWN = 4
SET_FAMILY = "confounder"
FEWEST_IN_SET = 4
MOST_LEVELS = 0.5
"""A column of words with more levels than this part of its samples names samples, not groups of them."""


@dataclass(frozen=True)
class Samples:
    """The samples of a contrast, in the order of the fit.

    Attributes
    ----------
    values
        log2 expression, genes of the fit × samples.
    columns
        Recorded columns of text, one cell per sample.
    figures
        What the values tell of a sample (total counts, median, spread), one number per sample.
    """

    values: Array
    columns: Mapping[str, Sequence[str]]
    figures: Mapping[str, Array]


def samples_of(expression: AnnData, fit: ContrastFit) -> Samples:
    """Return the samples of a fit.

    Parameters
    ----------
    expression
        The prepared dataset, samples × genes.
    fit
        A contrast of it.
    """
    used = expression[fit.samples]
    values = log2_expression(used)
    places = {gene: place for place, gene in enumerate(used.var_names)}
    low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=1)
    figures = {"median of the values": middle, "spread of the values": high - low}
    if layer_of(used) == "counts":
        figures["total counts (log)"] = np.log(np.asarray(used.layers["counts"], dtype=float).sum(axis=1))
    columns = {str(name): [str(cell) for cell in used.obs[name]] for name in used.obs.columns}
    return Samples(values[:, [places[gene] for gene in fit.genes]].T, columns, figures)


def find_correlates(
    fit: ContrastFit,
    factors: Factors,
    rows: NDArray[np.intp],
    gene_sets: pd.DataFrame,
    samples: Samples | None = None,
) -> list[list[Follows]]:
    """Return what each factor goes with beyond chance, the strongest first.

    Parameters
    ----------
    fit, factors, rows
        A fitted contrast, its factors, and the positions of the genes that they were found in.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes: the scores of confounder sets are compared within the groups.
    samples
        Its samples; None: only sets are compared.
    """
    compared = [
        _with_sets(fit, factors, gene_sets),
        *([] if samples is None else _with_samples(fit, factors, rows, samples)),
    ]
    pairs = [row for group in compared for row in group]
    number = len(pairs)
    kept: list[list[Follows]] = [[] for _ in factors.scores]
    for place, follows in pairs:
        if follows.p_value * number <= FOLLOWS_P:
            kept[place].append(replace(follows, p_value=follows.p_value * number))
    return [sorted(own, key=lambda row: -abs(row.correlation))[:MOST_SHOWN] for own in kept]


def _with_sets(fit: ContrastFit, factors: Factors, gene_sets: pd.DataFrame) -> list[tuple[int, Follows]]:
    sets = gene_sets[gene_sets["family"] == SET_FAMILY]
    if sets.empty:
        return []
    membership = build_membership(sets, fit.genes, FEWEST_IN_SET)
    spread = np.sqrt(np.mean(fit.score_effects[:, 1:] ** 2, axis=1, keepdims=True))
    residuals = fit.score_effects[:, 1:] / np.where(spread > 0, spread, 1)
    scores = np.asarray(membership.shares() @ residuals)
    return [
        (place, _follows(name, "set", float(own[1:] @ score / np.linalg.norm(own[1:]) / length), fit.residual_df))
        for name, score in zip(membership.gene_sets, scores, strict=True)
        if (length := float(np.linalg.norm(score))) > 0
        for place, own in enumerate(factors.scores)
    ]


def _with_samples(
    fit: ContrastFit, factors: Factors, rows: NDArray[np.intp], samples: Samples
) -> list[list[tuple[int, Follows]]]:
    spread = np.sqrt(np.mean(fit.score_effects[rows, 1:] ** 2, axis=1, keepdims=True))
    amounts = factors.loadings.T @ (samples.values[rows] / spread)
    return [
        [
            (place, follows)
            for place, own in enumerate(amounts)
            if (follows := _with_numbers(name, "values", own, figures))
        ]
        for name, figures in samples.figures.items()
    ] + [
        [(place, follows) for place, own in enumerate(amounts) if (follows := _with_column(name, own, cells))]
        for name, cells in samples.columns.items()
    ]


def _with_column(name: str, amounts: Array, cells: Sequence[str]) -> Follows | None:
    reading = read_column(cells, name)
    if reading.kind == "numbers" and reading.values is not None:
        return _with_numbers(name, "column", amounts, reading.values)
    labels = np.array(reading.labels, dtype=object)
    present = labels != ""
    levels, places = np.unique(labels[present].astype(str), return_inverse=True)
    n = int(present.sum())
    if not 2 <= len(levels) <= MOST_LEVELS * n:
        return None
    values = amounts[present] - amounts[present].mean()
    means = np.bincount(places, values) / np.bincount(places)
    total = float(values @ values)
    explained = float(np.sum(means[places] ** 2)) / total if total > 0 else 0.0
    return Follows(name, "column", float(np.sqrt(explained)), _f_tail(explained, len(levels) - 1, n - len(levels)))


def _with_numbers(name: str, kind: str, amounts: Array, values: Array) -> Follows | None:
    present = np.isfinite(values)
    one, two = amounts[present] - amounts[present].mean(), values[present] - values[present].mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    if present.sum() < 4 or length == 0:
        return None
    return _follows(name, kind, float(one @ two) / length, int(present.sum()) - 1)


def _follows(name: str, kind: str, correlation: float, df: int) -> Follows:
    """Return a correlation with its p; `df`: observations that are free once their mean is known."""
    t = correlation * np.sqrt((df - 1) / max(1 - correlation**2, np.finfo(float).tiny))
    return Follows(name, kind, correlation, float(two_sided_p(np.array(t), float(df - 1))))


def _f_tail(explained: float, df_levels: int, df_left: int) -> float:
    from scipy.stats import f

    return float(f.sf(explained / df_levels / (max(1 - explained, np.finfo(float).tiny) / df_left), df_levels, df_left))

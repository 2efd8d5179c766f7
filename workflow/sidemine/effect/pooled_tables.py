"""Pooled tables of one hypothesis: every gene, and its declared, target, member and control sets, over all datasets.

Cohorts are pooled on Hedges g, experiments on log2 fold changes (sets: over the measured complement); never together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.effect.pooled_columns import POOLED_GENES, POOLED_SETS
from sidemine.effect.pooled_effect import effective_size, not_estimable
from sidemine.effect.pooling import METHODS, Pooled, pool
from sidemine.effect.scale import scale_of
from sidemine.enrichment.set_membership import build_membership
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.effect.record import HypothesisEvidence
    from sidemine.study.projections import HypothesisToPool

FEWEST = 2
"""Datasets from which on a gene takes part in the q-values of the pooled table."""


@dataclass(frozen=True)
class Study:
    """One contrast that enters: its fit and its weight in Stouffer's z."""

    contrast: str
    fit: ContrastFit
    stouffer_weight: float


@dataclass(frozen=True)
class _Measured:
    """Effects and standard errors, rows × studies, with the degrees of freedom and the weight of each."""

    effect: NDArray[np.float64]
    se: NDArray[np.float64]
    df: NDArray[np.float64]
    weight: NDArray[np.float64]

    def rows(self, kept: NDArray[np.bool_]) -> _Measured:
        """Return some of the rows."""
        return _Measured(self.effect[kept], self.se[kept], self.df[kept], self.weight[kept])


def studies_of(evidence: HypothesisEvidence, fits: Mapping[str, ContrastFit | None]) -> list[Study]:
    """Return the contrasts that entered the pooled effect of a hypothesis, with their fits."""
    rows = {row.contrast: row for row in evidence.contrasts}
    names = evidence.pooled.contrasts
    return [
        Study(name, fit, float(np.sqrt(effective_size(rows[name]))))
        for name in names
        if (fit := fits[name]) is not None
    ]


def pool_genes(studies: Sequence[Study], kind: str) -> pd.DataFrame:
    """Return the table of `pooled_columns.POOLED_GENES`: all genes that any study measured, sorted by symbol.

    Parameters
    ----------
    studies
        Independent contrasts of one hypothesis.
    kind
        cohort: Hedges g per gene, from its own regression. experiment: moderated log2 fold change.
    """
    import pandas as pd

    if not studies:
        return empty_table(POOLED_GENES)
    scale = scale_of(kind)
    genes = sorted(set().union(*(study.fit.genes for study in studies)))
    index = pd.Index(genes)
    measured = _empty(len(genes), len(studies))
    for column, study in enumerate(studies):
        rows = index.get_indexer(pd.Index(study.fit.genes))
        targets = (measured.effect, measured.se, measured.df, measured.weight)
        for target, values in zip(targets, scale.of_genes(study.fit), strict=True):
            target[rows, column] = values
    usable = np.asarray(~np.isnan(measured.effect).all(axis=1))
    kept = measured.rows(usable)
    pooled = _pool(kept, studies)
    names = np.array(genes, dtype=object)[usable]
    q_value, size = _q_of_genes(pooled)
    table = pd.DataFrame({"gene": names, "effect_unit": scale.gene_unit})
    return _with_results(table, pooled, kept, studies, q_value, size)


def pool_sets(
    studies: Sequence[Study],
    hypothesis: HypothesisToPool,
    gene_sets: pd.DataFrame,
    *,
    common: Sequence[str],
    min_set_size: int,
    max_set_size: int,
) -> pd.DataFrame:
    """Return the table of `pooled_columns.POOLED_SETS`: the primary set first, then secondary and exploratory ones by name.

    Parameters
    ----------
    studies
        Independent contrasts of the hypothesis.
    hypothesis
        It declares the primary and secondary sets. Comparators that it does not name are left out.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    common
        Genes measured in all cohorts; not used for experiments.
    min_set_size, max_set_size
        As for the set tests of single contrasts; the primary set is always there.
    """
    import pandas as pd

    roles = dict.fromkeys(hypothesis.secondary_sets, "secondary") | {hypothesis.primary.set: "primary"}
    wanted = gene_sets[(gene_sets["family"] != "comparator") | gene_sets["gene_set"].isin(list(roles))]
    if not studies or not len(wanted):
        return empty_table(POOLED_SETS)
    names = sorted(set(wanted["gene_set"]), key=lambda name: (_RANK[roles.get(name, "exploratory")], name))
    measured, n_genes = _measure_sets(studies, hypothesis, wanted, names, common)
    fewest = np.array([1 if roles.get(name) == "primary" else min_set_size for name in names])
    families = wanted.drop_duplicates("gene_set").set_index("gene_set")["family"]
    too_many = np.array([families[name] == "comparator" for name in names]) & (n_genes > max_set_size)
    usable = ~np.isnan(measured.effect).all(axis=1) & (n_genes >= fewest) & ~too_many
    kept = measured.rows(usable)
    shown = [name for name, keep in zip(names, usable, strict=True) if keep]
    if not shown:
        return empty_table(POOLED_SETS)
    pooled = _pool(kept, studies)
    family = np.array([families[name] for name in shown], dtype=object)
    table = pd.DataFrame(
        {
            "gene_set": np.array(shown, dtype=object),
            "family": family,
            "set_role": np.array([roles.get(name, "exploratory") for name in shown], dtype=object),
            "n_genes": n_genes[usable],
            "effect_unit": scale_of(hypothesis.kind).unit,
        }
    )
    q_value, size = np.full(len(shown), np.nan), np.zeros(len(shown), dtype=np.int64)
    for name in dict.fromkeys(family):
        rows = family == name
        q_value[rows] = benjamini_hochberg(pooled.carried.p_value[rows])
        size[rows] = rows.sum()
    return _with_results(table, pooled, kept, studies, q_value, size)


_RANK = {"primary": 0, "secondary": 1, "exploratory": 2}


def _measure_sets(
    studies: Sequence[Study],
    hypothesis: HypothesisToPool,
    gene_sets: pd.DataFrame,
    names: Sequence[str],
    common: Sequence[str],
) -> tuple[_Measured, NDArray[np.int64]]:
    import pandas as pd

    index = pd.Index(list(names))
    measured = _empty(len(names), len(studies))
    n_genes = np.full((len(names), len(studies)), np.iinfo(np.int64).max)
    for column, study in enumerate(studies):
        membership = build_membership(gene_sets, study.fit.genes, min_size=1)
        rows = index.get_indexer(pd.Index(membership.gene_sets))
        size = scale_of(hypothesis.kind, hypothesis.primary.score).of_sets(study.fit, membership, common)
        usable = np.isfinite(size.effect) & np.isfinite(size.se) & (size.se > 0)
        measured.effect[rows, column] = np.where(usable, size.effect, np.nan)
        measured.se[rows, column] = np.where(usable, size.se, np.nan)
        measured.df[rows, column] = np.where(usable, size.df, np.inf)
        measured.weight[rows, column] = size.weight
        n_genes[rows, column] = size.n_genes
    return measured, n_genes.min(axis=1)


def _empty(n_rows: int, n_studies: int) -> _Measured:
    shape = (n_rows, n_studies)
    return _Measured(np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.inf), np.full(shape, np.nan))


def _pool(measured: _Measured, studies: Sequence[Study]) -> Pooled:
    stouffer = np.array([study.stouffer_weight for study in studies])
    weights = None if np.isnan(measured.weight).all() else measured.weight
    return pool(measured.effect, measured.se, measured.df, stouffer, weights=weights)


def _q_of_genes(pooled: Pooled) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    several = pooled.k >= FEWEST
    q_value = np.full(len(several), np.nan)
    q_value[several] = benjamini_hochberg(pooled.carried.p_value[several])
    return q_value, np.where(several, several.sum(), 0)


def _with_results(
    table: pd.DataFrame,
    pooled: Pooled,
    measured: _Measured,
    studies: Sequence[Study],
    q_value: NDArray[np.float64],
    family_size: NDArray[np.int64],
) -> pd.DataFrame:
    why = {int(k): "; ".join(dict.fromkeys(not_estimable(int(k)).values())) for k in np.unique(pooled.k)}
    return table.assign(
        k=pooled.k,
        method=np.array(METHODS, dtype=object)[pooled.method],
        effect=pooled.carried.effect,
        se=pooled.carried.se,
        ci_low=pooled.carried.ci_low,
        ci_high=pooled.carried.ci_high,
        p_value=pooled.carried.p_value,
        q_value=q_value,
        family_size=family_size,
        **pooled.figures(),
        not_estimable=np.array([why[int(k)] for k in pooled.k], dtype=object),
        **{f"effect:{study.contrast}": measured.effect[:, column] for column, study in enumerate(studies)},
        **{f"se:{study.contrast}": measured.se[:, column] for column, study in enumerate(studies)},
    )

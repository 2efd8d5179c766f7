"""The two scales of a primary effect, each with its unit, its words, and how it is measured and pooled.

Cohorts: Hedges g of the set's per-sample score, over the genes that all pooled cohorts measured, in standard deviations between
people of one group. Experiments: mean (signed,
weighted) log2 fold change of the set minus that of its measured complement. The two are never mixed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.effect.record import COHORT_UNIT, EXPERIMENT_UNIT
from sidemine.enrichment.set_effect import gene_hedges_g, hedges_g, set_effects

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.enrichment.set_membership import SetMembership
    from sidemine.study.choices import Score

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class SetSizes:
    """Effects of sets, one number per set: target minus reference.

    Attributes
    ----------
    effect, se, df
        The effect, its standard error and the degrees of freedom of its t.
    ci_low, ci_high
        Its 95 % interval.
    weight
        Its weight in a pooled effect; NaN: 1 / SE², as its standard error is the only precision known.
    n_genes
        Genes that entered.
    """

    effect: Array
    se: Array
    df: Array
    ci_low: Array
    ci_high: Array
    weight: Array
    n_genes: NDArray[np.int64]


class EffectScale(ABC):
    """A scale.

    Attributes
    ----------
    unit, gene_unit
        Of the effect of a set, and of a single gene.
    margin_words
        Unit of a declared margin, in words.
    noun, short_unit
        What is counted; the unit in a sentence.
    over_common_genes
        Whether effects rest on the genes that all pooled datasets measured.
    needs_fold_change
        Whether values without a fold change (z-scores, fractions) have no effect on this scale.
    """

    unit: str
    gene_unit: str
    margin_words: str
    noun: str
    short_unit: str
    over_common_genes: bool
    needs_fold_change: bool

    @abstractmethod
    def of_sets(self, fit: ContrastFit, membership: SetMembership, common: Collection[str]) -> SetSizes:
        """Measure sets in one fit.

        Parameters
        ----------
        fit, membership
            A fitted contrast, and which of its genes are in which set.
        common
            Genes that all pooled datasets measured, where the scale rests on these.
        """

    @abstractmethod
    def of_genes(self, fit: ContrastFit) -> tuple[Array, Array, Array, Array]:
        """Return effect, standard error, degrees of freedom and weight of every gene of a fit, (n_genes,) each."""

    @abstractmethod
    def meaning(self, adjusted: str) -> str:
        """Say what an effect means, with words on adjustment for composition ('' where there are none)."""


@dataclass(frozen=True)
class HedgesG(EffectScale):
    """Standardised effect of cohorts.

    Attributes
    ----------
    score
        How the people's scores of a set are regressed; genes are always by least squares.
    """

    score: Score = "mean"

    unit = gene_unit = margin_words = COHORT_UNIT
    noun = "cohort"
    short_unit = "SD"
    over_common_genes = True
    needs_fold_change = False

    def of_sets(self, fit: ContrastFit, membership: SetMembership, common: Collection[str]) -> SetSizes:
        """Return Hedges g of the per-sample score over the common genes.

        Parameters
        ----------
        fit, membership, common
            As in `EffectScale.of_sets`.
        """
        table = hedges_g(fit, membership, sorted(common), score=self.score)
        columns = ("g", "g_se", "df", "ci_low", "ci_high", "weight")
        return _sizes(table, columns, table["n_genes"].to_numpy(dtype=int))

    def of_genes(self, fit: ContrastFit) -> tuple[Array, Array, Array, Array]:
        """Return Hedges g of every gene."""
        sizes = gene_hedges_g(fit)
        return sizes.effect, sizes.se, sizes.df, sizes.weight

    def meaning(self, adjusted: str) -> str:
        """Say what its SD is, and whether composition was adjusted for."""
        spread = "SD is that of the set's score between people of one group."
        return f"{spread} {adjusted}" if adjusted else f"Total effect, composition not adjusted; {spread}"


@dataclass(frozen=True)
class LogFoldOverComplement(EffectScale):
    """Log2 fold change of experiments, over that of all other measured genes.

    Attributes
    ----------
    one_variance
        Whether all arms of a model share one variance: a panel's, of which each arm alone is small.
    """

    one_variance: bool = False

    unit = EXPERIMENT_UNIT
    gene_unit = "log2 fold change"
    margin_words = short_unit = "log2 units"
    noun = "experiment"
    over_common_genes = False
    needs_fold_change = True

    def of_sets(self, fit: ContrastFit, membership: SetMembership, common: Collection[str]) -> SetSizes:  # noqa: ARG002
        """Return the mean log2 fold change of each set minus that of its complement.

        Parameters
        ----------
        fit, membership, common
            As in `EffectScale.of_sets`.
        """
        name = "over_complement"
        columns = (name, f"{name}_se", "df", f"{name}_ci_low", f"{name}_ci_high", "weight")
        return _sizes(
            set_effects(fit, membership, one_variance=self.one_variance).assign(weight=np.nan),
            columns,
            membership.n_measured,
        )

    def of_genes(self, fit: ContrastFit) -> tuple[Array, Array, Array, Array]:
        """Return the log2 fold change of every gene."""
        return fit.log2_fold_change, fit.se, fit.df, np.full_like(fit.se, np.nan)

    def meaning(self, adjusted: str) -> str:  # noqa: ARG002
        """Say what it is counted from: experiments have no composition."""
        return "Counted relative to all other measured genes."


def _sizes(table: pd.DataFrame, columns: tuple[str, ...], n_genes: NDArray[np.int64]) -> SetSizes:
    effect, se, df, ci_low, ci_high, weight = (table[name].to_numpy(dtype=np.float64) for name in columns)
    return SetSizes(effect, se, df, ci_low, ci_high, weight, n_genes)


def scale_of(kind: str, score: Score = "mean") -> EffectScale:
    """Return the scale of a kind of hypothesis.

    Parameters
    ----------
    kind
        cohort, experiment or panel; a panel is measured as experiments are, in one model of all its arms.
    score
        As a cohort hypothesis declares it.
    """
    return HedgesG(score) if kind == "cohort" else LogFoldOverComplement(one_variance=kind == "panel")

"""What is known of hidden factors: `hidden_factors.json`, and what an answer card shows of it."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.considerations.judgement import Cap, Gate
from sidemine.effect.record import Estimate, PooledEstimate


@dataclass(frozen=True)
class Follows:
    """Something known that a factor goes with.

    Attributes
    ----------
    what, kind
        Its name; set (the score of a confounder set), column (a recorded column of the samples) or values (what the values
        themselves tell of a sample: depth, median, spread).
    correlation
        Correlation over the samples; of a column of words its multiple correlation, which has no sign.
    p_value
        Two-sided, times the number of things that the factor was compared with.
    """

    what: str
    kind: str
    correlation: float
    p_value: float


@dataclass(frozen=True)
class HiddenFactor:
    """One direction in which many genes outside the pathway's sets vary together, group and covariates in the model.

    Attributes
    ----------
    share
        Of the residual variance of these genes, per cent.
    reliability
        How much of a pattern of this strength its own measured loadings keep (1: all).
    difference
        How far the groups differ in it, target minus reference, as Hedges g.
    correlation
        With the set's score, within the groups.
    follows
        What it goes with beyond chance, the strongest first.
    """

    share: float
    reliability: float
    difference: Estimate
    correlation: float
    follows: list[Follows]


@dataclass(frozen=True)
class NotAdjustedForFactors:
    """The total effect of a primary set in one contrast, and why hidden factors could not be looked for.

    Attributes
    ----------
    contrast, reason
        Which; empty where it was done.
    n_genes, n_close
        Genes that factors were looked for in, and genes that were left out because they follow the score too closely.
    total
        The effect as it is.
    """

    contrast: str
    reason: str
    n_genes: int
    n_close: int
    total: Estimate


@dataclass(frozen=True)
class AdjustedForFactors(NotAdjustedForFactors):
    """The effect with the hidden factors of its contrast in the model; without any it is the total one.

    Attributes
    ----------
    adjusted
        The adjusted effect; its error holds that of the factors' group difference.
    factors
        The strongest first.
    n_beyond
        Further factors that were not adjusted for, because too few degrees of freedom would be left.
    """

    adjusted: Estimate
    factors: list[HiddenFactor]
    n_beyond: int


FactorsOfContrast = AdjustedForFactors | NotAdjustedForFactors


@dataclass(frozen=True)
class HiddenFactors:
    """One cohort hypothesis of `hidden_factors.json`: one entry per primary contrast that could be fitted."""

    hypothesis: str
    contrasts: list[FactorsOfContrast]


@dataclass(frozen=True)
class FactorsShown:
    """What an answer card shows.

    Attributes
    ----------
    total, adjusted
        Pooled over the cohorts that carry the answer, without and with the factors; None where that could not be had.
    sentence, reason
        The two in words; or why there is no adjusted effect.
    gate, caps
        None and empty where nothing is asked: experiments.
    contrasts
        What is known of each contrast.
    """

    total: PooledEstimate | None
    adjusted: PooledEstimate | None
    sentence: str
    reason: str
    gate: Gate | None
    caps: tuple[Cap, ...]
    contrasts: list[FactorsOfContrast]


@dataclass(frozen=True)
class HiddenFactorsColumns:
    """Columns of `verdicts.json`."""

    hidden_factors: FactorsShown

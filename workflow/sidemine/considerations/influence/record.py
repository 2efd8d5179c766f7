"""How far an effect hangs on single genes: `influence.json`, and what an answer card shows of it."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.effect.record import Estimate


@dataclass(frozen=True)
class WithoutGene:
    """The effect without one gene of the set.

    Attributes
    ----------
    gene
        What is left out.
    estimate
        The effect of the others, in the unit of the hypothesis.
    share
        By which part of itself the effect falls without the gene (1: to nothing; above 1: to the other side; below 0: it
        grows).
    """

    gene: str
    estimate: Estimate
    share: float


@dataclass(frozen=True)
class FewHeldBack:
    """The effect where the few genes that move most count for no more than the next one.

    Attributes
    ----------
    genes
        These genes, the one that surely moves most first.
    estimate, share
        As in `WithoutGene`.
    """

    genes: list[str]
    estimate: Estimate
    share: float


@dataclass(frozen=True)
class InfluenceOnEffect:
    """One effect and what it is without single genes.

    Attributes
    ----------
    contrast
        Of which it is the effect; empty: the effect pooled over the cohorts.
    n_genes
        Measured genes of the set that the effect rests on.
    reference
        The effect as it is. Its p is that of the primary test: cohorts, of the effect; experiments, of FRY.
    genes
        The most influential genes, first the one without which least is left in the effect's own direction.
    few
        The effect with the few genes that move most held back: a tenth of the set, at least two; None below ten genes.
    """

    contrast: str
    n_genes: int
    reference: Estimate
    genes: list[WithoutGene]
    few: FewHeldBack | None = None


@dataclass(frozen=True)
class Influence:
    """`influence.json`: one hypothesis; `reason` says why there is no effect to look at."""

    hypothesis: str
    effects: list[InfluenceOnEffect]
    reason: str = ""


@dataclass(frozen=True)
class InfluenceColumns:
    """Columns of `verdicts.json`."""

    influence: Influence | None

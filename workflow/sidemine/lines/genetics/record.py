"""`lines/genetics/<line>.details.json`: what stands behind one row of genetics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Count:
    """What became of some genes or SNPs, and how many they were."""

    what: str
    n: int


@dataclass(frozen=True)
class GeneOfSet:
    """A gene of the set.

    Attributes
    ----------
    gene, chromosome, start, stop
        Where it lies (bases, with the window where SNPs were joined).
    n_snps
        SNPs behind its p-value; None where not told.
    z
        Probit of 1 − p: higher is more associated. It has no direction.
    excess
        What gene size, density and the like leave of it.
    locus
        Genes of the set within 1 Mb of one another are one locus; numbered in genome order, from 1.
    """

    gene: str
    chromosome: str
    start: int
    stop: int
    n_snps: int | None
    z: float
    excess: float
    locus: int


@dataclass(frozen=True)
class Stretch:
    """Other genes of a stretch of the genome: where it begins, and their largest z."""

    chromosome: str
    start: int
    largest_z: float


@dataclass(frozen=True)
class OtherSet:
    """Another set of the study in the same data, by rotation; exploratory."""

    gene_set: str
    family: str
    n_measured: int
    effect: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class GeneticsDetails:
    """Behind one row of genetics.

    Attributes
    ----------
    line, gene_set
        As declared.
    test
        genes_raw (generalised least squares) or rotation (ordinary least squares); both are judged by rotation.
    counts
        Genes and SNPs that were read, dropped, joined or bounded, in order.
    covariates
        In the model beside the set.
    rotations
        How many shifts of the labels there are; all were made.
    seed
        Seed of the study, of the matched sets alone: neither test is random.
    gene_size_beta
        By how much z is higher in a gene twice as large; None where all are of one size.
    neighbour_inflation
        By what the neighbourhood of genes multiplies the variance of the effect.
    rotation_p
        One-sided p with ordinary least squares, also where generalised ones decide.
    student_p
        One-sided p of generalised least squares by Student's t, as MAGMA tells it; None where they were not used.
    shrinkage
        Share by which the correlations of `.genes.raw` were drawn towards 0 to be usable; None without them.
    n_loci
        Loci of the set.
    top_locus, p_without_top_locus
        Genes of the locus that speaks most for the set, and the p-value without them; None where fewer than five are left.
    p_top_locus_held_back
        The p-value where that locus adds no more than the third: above .05 it carries the set. None where the set is called without it.
    matched_percentile
        Place among random sets of equal size, gene size and density.
    comparator_rank, n_comparators
        Rank among the comparator and negative control sets of the study and itself; None where there is none.
    genes, background, other_sets
        For the figure and tables: genes by excess, largest first.
    notes
        What a reader must know of the data.
    """

    line: str
    gene_set: str
    test: str
    counts: list[Count]
    covariates: list[str]
    rotations: int
    seed: int
    gene_size_beta: float | None
    neighbour_inflation: float | None
    rotation_p: float | None
    student_p: float | None
    shrinkage: float | None
    n_loci: int
    top_locus: list[str]
    p_without_top_locus: float | None
    p_top_locus_held_back: float | None
    matched_percentile: float | None
    comparator_rank: int | None
    n_comparators: int
    genes: list[GeneOfSet]
    background: list[Stretch]
    other_sets: list[OtherSet]
    notes: list[str]

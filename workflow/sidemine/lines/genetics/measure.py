"""One set in one genetic study: genes as symbols in genome order, the test, its place among other sets, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.table_completeness import find_threshold
from sidemine.drawing.words import count
from sidemine.enrichment.gene_set_table import genes_of_set
from sidemine.errors import InputError, Problem
from sidemine.lines.evidence import IN_FAVOUR_P, Measured
from sidemine.lines.gene_list import resolve_names
from sidemine.lines.genetics.competitive import (
    Correlations,
    Rotation,
    SetResult,
    loci,
    percentile_among_matched,
)
from sidemine.lines.genetics.gene_results import NUMBERS, SMALLEST_P, Neighbours, least_printed, refuse_written_p_values
from sidemine.lines.genetics.locations import chromosome_name
from sidemine.lines.genetics.record import Count, GeneOfSet, GeneticsDetails, OtherSet, Stretch
from sidemine.lines.genetics.snps import MOST_SEVERAL, acat
from sidemine.stats.seeds import named_seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.prepare.gene_table import GeneTable

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

FEWEST_OF_SET, FEWEST_GENES = 5, 1000
"""Fewer genes of a set, or of the genome, are not tested."""
BELOW, ABOVE = 3.0, 6.0
"""SD below and above the mean at which z of genes is bounded, so that no single gene carries a set."""
STRETCH = 5_000_000
_COMPARED = frozenset({"comparator", "negative_control"})


@dataclass
class GeneResults:
    """What a file of any format gave.

    Attributes
    ----------
    genes
        As `gene_results.read_genes_out` returns it.
    neighbours
        Correlations of genes; None without `.genes.raw`.
    counts
        What became of SNPs and genes so far.
    notes, downgrades
        What a reader must know, in sentences and in a few words.
    where
        The file, for messages.
    """

    genes: pd.DataFrame
    neighbours: list[Neighbours] | None = None
    counts: list[Count] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    downgrades: list[str] = field(default_factory=list)
    where: str = "the table of genes"

    def count(self, what: str, n: int) -> None:
        """Note what became of some genes or SNPs; nothing where there were none."""
        if n:
            self.counts.append(Count(what, n))


@dataclass
class Prepared:
    """Genes in genome order, ready to test.

    Attributes
    ----------
    genes
        gene (approved symbol), chromosome, start, stop, n_snps, p; index from 0.
    z
        Bounded.
    covariates, names
        Genes × covariates, standardised and of full rank; their names.
    size, density
        As the random sets are matched on; density None where it is not known.
    blocks
        Correlations, one matrix per chromosome; None without.
    """

    genes: pd.DataFrame
    z: Array
    covariates: Array
    names: list[str]
    size: Array
    density: Array | None
    blocks: list[Array] | None


def prepare_genes(results: GeneResults, gene_table: GeneTable, universe: frozenset[str] | None) -> Prepared:
    """Bring genes to approved symbols and genome order; every gene that is lost on the way is counted in `results.counts`.

    Parameters
    ----------
    results
        Genes as read; counts and notes are added to it.
    gene_table
        The study's symbols.
    universe
        Approved symbols that count; None: all of the file.

    Raises
    ------
    InputError
        When rows of one name differ and numbers of SNPs do not tell which one counts.
    """
    frame = results.genes.copy()
    results.count("genes read", len(frame))
    frame["z"] = _scores(frame, results)
    if results.neighbours is not None:
        frame = _drop(frame, results, frame["gene"].isin({g for block in results.neighbours for g in block.genes}),
                      "genes without correlations in the .genes.raw file dropped")  # fmt: skip
    frame = _drop(frame, results, frame["z"].notna(), "genes without a p-value dropped")
    frame = _drop(frame, results, frame["chromosome"] > 0, "genes without a known position dropped")
    symbols = frame[frame["symbol"] != ""]
    resolutions = resolve_names(
        frame["gene"].astype(str).to_list(), gene_table, dict(zip(symbols["gene"], symbols["symbol"], strict=True))
    )
    frame["id"] = frame["gene"]
    frame["gene"] = [resolution.symbol for resolution in resolutions]
    frame = _drop(frame, results, frame["gene"].notna(), "genes without an approved symbol dropped")
    if universe is not None:
        frame = _drop(frame, results, frame["gene"].isin(universe), "genes outside of the declared universe dropped")
    frame = frame.sort_values(["chromosome", "start", "stop", "id"], kind="stable")
    frame = _drop(
        frame,
        results,
        ~frame.duplicated(["gene", "n_snps", "n", "z"]),
        "rows that repeat a gene and its numbers dropped",
    )
    frame = _one_row_per_gene(_join_repeats(frame, results), results)
    frame = frame.sort_values(["chromosome", "start", "stop", "gene"], kind="stable").reset_index(drop=True)
    names, covariates, size, density = gene_covariates(frame, results)
    raw = frame["z"].to_numpy(dtype=np.float64)
    z = bounded(raw)
    results.count(f"genes whose z was bounded to {BELOW:g} SD below or {ABOVE:g} above the mean", int((z != raw).sum()))
    blocks = None if results.neighbours is None else _blocks(frame, results.neighbours)
    return Prepared(frame.drop(columns=["length"]), z, covariates, names, size, density, blocks)


def _join_repeats(frame: pd.DataFrame, results: GeneResults) -> pd.DataFrame:
    """Join the p-values of rows that name one gene by one id, with as many SNPs as any other row of it: by ACAT.

    The order of rows, which are sorted by p, decides nothing, and the joined z has mean 0 where nothing is associated, however the rows
    depend on one another (-.001 to .005 for 2 to 8 rows of correlation 0 to 1), so that such genes move no set. From a tenth
    of the genes on the table holds several analyses of each, and is refused; so are such rows beside `.genes.raw`.
    """
    import pandas as pd
    from scipy.special import ndtr, ndtri

    most = frame["n_snps"].fillna(-1).groupby(frame["gene"]).transform("max")
    best = frame[frame["n_snps"].fillna(-1) == most]
    again = best[best.duplicated(["gene", "id"], keep=False)]
    if again.empty:
        return frame
    n_genes = again["gene"].nunique()
    if results.neighbours is not None or n_genes >= MOST_SEVERAL * frame["gene"].nunique():
        raise InputError(_several_rows(again, results, n_genes))
    joined = again.groupby(["gene", "id"])["z"].transform(lambda z: acat(np.maximum(ndtr(-z.to_numpy()), SMALLEST_P)))
    z = -ndtri(np.minimum(joined, 1 - np.finfo(float).epsneg))
    again = again.assign(z=z).sort_values([*NUMBERS, "chromosome", "start", "stop"], kind="stable")
    results.count("genes of several rows whose p-values were joined (ACAT)", n_genes)
    return pd.concat([frame.drop(again.index), again.drop_duplicates(["gene", "id"])])


def _several_rows(again: pd.DataFrame, results: GeneResults, n_genes: int) -> Problem:
    first = again["gene"].iloc[0]
    rows = sorted(again.index[again["gene"] == first])
    told = ", ".join(f"{row + 1:,}" for row in rows[:5])
    number = "p" if results.genes["p"].notna().any() else "z"
    numbers = ", ".join(f"{value:.3g}" for value in results.genes.loc[rows[:5], number])
    return Problem(
        f"{count(n_genes, 'gene stands', 'genes stand')} in several rows with different results, so the order of the rows would "
        "decide which of them counts",
        f"{results.where}: {first} in rows {told}{' …' if len(rows) > 5 else ''} below the header, "
        f"{number} = {numbers}",
        f"one row per gene, or n_snps that tells which row covers more of the gene; of less than {MOST_SEVERAL:.0%} of the genes, "
        "and without a .genes.raw file, the p-values of several rows are joined",
        "Keep the rows of one analysis (tissue, model, mask, transcript) in a copy of the file, or join the p-values of each gene "
        "there (ACAT), and name that copy.",
    )


def _one_row_per_gene(frame: pd.DataFrame, results: GeneResults) -> pd.DataFrame:
    """Return of several names of a gene the row with more SNPs, else of the longer gene, else the first in the genome.

    Never the one with the smaller p, and never the first of the file, since tables are sorted by p.
    """
    frame = frame.assign(length=frame["stop"] - frame["start"]).sort_values(
        ["n_snps", "length", "chromosome", "start", "id"], ascending=[False, False, True, True, True]
    )
    return _drop(frame, results, ~frame["gene"].duplicated(), "genes whose symbol another one has dropped")


def bounded(z: Array) -> Array:
    """Return z of genes, no further than `BELOW` SD below and `ABOVE` SD above their mean."""
    if not len(z):
        return z
    return np.clip(z, z.mean() - BELOW * z.std(), z.mean() + ABOVE * z.std())


def _drop(frame: pd.DataFrame, results: GeneResults, kept: pd.Series[bool], what: str) -> pd.DataFrame:
    results.count(what, int((~kept).sum()))
    return frame[kept]


def _scores(frame: pd.DataFrame, results: GeneResults) -> Array:
    from scipy.special import ndtri

    z, p = frame["z"].to_numpy(dtype=np.float64), frame["p"].to_numpy(dtype=np.float64)
    of_p = np.isnan(z) & ~np.isnan(p)
    refuse_written_p_values(p, results.where)
    least = least_printed(p, SMALLEST_P)
    most = 1 - max(least, float(np.finfo(float).epsneg))
    results.count(f"p-values of genes below {least:g} taken as that", int((of_p & (p < least)).sum()))
    results.count(
        f"p-values of genes of 1 taken as {'the next smaller number' if least == SMALLEST_P else f'{most:g}'}",
        int((of_p & (p == 1)).sum()),
    )
    probit = -ndtri(np.clip(p, least, most))
    return np.where(of_p, probit, z)


def gene_covariates(frame: pd.DataFrame, results: GeneResults) -> tuple[list[str], Array, Array, Array | None]:
    """Return names and values of the covariates, and size and density of genes."""
    length = (frame["stop"] - frame["start"] + 1).to_numpy(dtype=np.float64)
    n_snps, n_param = (frame[name].to_numpy(dtype=np.float64) for name in ("n_snps", "n_param"))
    told = _complete(n_snps)
    size = n_param if _complete(n_param) else n_snps if told else length
    if not told and len(frame):
        results.notes.append("The file tells no numbers of SNPs, so the length of a gene stands for its size.")
        results.downgrades.append("gene size by length alone")
    density = None
    if told:
        density = n_param / n_snps if _complete(n_param) else n_snps / length
    columns = {"gene size": size, "log gene size": np.log(np.maximum(size, 1e-9))}
    if density is not None:
        columns |= {"gene density": density, "log gene density": np.log(np.maximum(density, 1e-12))}
    for name, words in (("n", "number of people"), ("mac", "1 / minor allele count")):
        values = frame[name].to_numpy(dtype=np.float64)
        if _complete(values):
            values = 1 / values if name == "mac" else values
            columns |= {words: values, f"log {words}": np.log(values)}
    names: list[str] = []
    kept: list[Array] = []
    for name, values in columns.items():
        spread = float(values.std()) if len(values) else 0.0
        if spread <= 1e-9 * abs(float(values.mean()) if len(values) else 0.0):
            continue  # the same in all genes
        column = (values - values.mean()) / spread
        basis = np.linalg.qr(np.column_stack([np.ones(len(column)), *kept]))[0]
        if float(((column - basis @ (basis.T @ column)) ** 2).mean()) > 1e-8:
            names.append(name)
            kept.append(column)
    return names, np.column_stack(kept) if kept else np.zeros((len(frame), 0)), size, density


def _complete(values: Array) -> bool:
    return bool(len(values)) and bool((np.isfinite(values) & (values > 0)).all())


def _blocks(frame: pd.DataFrame, neighbours: Sequence[Neighbours]) -> list[Array]:
    blocks = []
    for _, genes in frame.groupby("chromosome", sort=True):
        place = {name: row for row, name in enumerate(genes["id"])}
        matrix = np.eye(len(genes))
        for block in neighbours:
            there = [row for row, name in enumerate(block.genes) if name in place]
            here = [place[block.genes[row]] for row in there]
            matrix[np.ix_(here, here)] = block.correlation[np.ix_(there, there)]
        blocks.append(matrix)
    return blocks


def measure_genetics(
    line: str, gene_set: str, results: GeneResults, prepared: Prepared, gene_sets: pd.DataFrame, seed: int
) -> tuple[Measured, GeneticsDetails, str]:
    """Test one set.

    Parameters
    ----------
    line, gene_set
        The row, and its set.
    results, prepared
        From `prepare_genes`.
    gene_sets
        All sets of the study (`GENE_SETS`); the others are for comparison.
    seed
        The study's, for the matched sets.

    Returns
    -------
    tuple
        The measurement, the details, and the word of the test (genes_raw, rotation). A list that was cut is described.
    """
    n = len(prepared.genes)
    test = "rotation" if prepared.blocks is None else "genes_raw"
    symbols = genes_of_set(gene_sets, gene_set)
    members = prepared.genes["gene"].isin(symbols).to_numpy(dtype=bool)
    n_measured = int(members.sum())
    measured = Measured(
        universe_n=n, n_in_set=len(symbols), n_measured=n_measured, downgrades=tuple(results.downgrades)
    )
    details = _untested(line, gene_set, test, results, prepared, seed)
    if threshold := _threshold(prepared):
        reason = (
            f"The table was cut ({threshold}), so it is described and not tested: {n_measured:,} of {count(len(symbols), 'gene')} "
            f"of the set are among the {n:,} genes that it lists. What was tested is not known, so nothing is compared with chance."
        )
        return replace(measured, instead="described", reason=reason), details, test
    if n_measured < FEWEST_OF_SET or n < FEWEST_GENES or n - n_measured < FEWEST_GENES / 2:
        reason = (
            f"Not testable: {n_measured:,} of {len(symbols):,} genes of the set are among {n:,} genes with an association; "
            f"at least {FEWEST_OF_SET} of at least {FEWEST_GENES:,} are needed, and {FEWEST_GENES // 2} others."
        )
        return replace(measured, reason=reason), details, test
    rotation = Rotation(prepared.z, prepared.covariates)
    correlations = None if prepared.blocks is None else _correlations(prepared.blocks, line)
    decides = rotation if correlations is None else Rotation(prepared.z, prepared.covariates, correlations)
    rotated, inflation = rotation.test(members)
    result = rotated if correlations is None else decides.test(members)[0]
    locus = loci(
        prepared.genes["chromosome"].to_numpy(),
        prepared.genes["start"].to_numpy(dtype=np.float64),
        prepared.genes["stop"].to_numpy(dtype=np.float64),
        members,
    )
    top, without = _without_top_locus(rotation, decides, members, locus)
    others = _other_sets(rotation, prepared, gene_sets, gene_set)
    compared = [other.statistic for other in others if other.family in _COMPARED]
    top_genes = prepared.genes["gene"].to_numpy(dtype=object)[top].tolist()
    held_back = None
    if result.p_value <= IN_FAVOUR_P and (without is None or without > IN_FAVOUR_P):
        held_back = _p_with_top_held_back(prepared, rotation, correlations, members, locus)
    details = replace(
        details,
        rotations=n,
        gene_size_beta=_size_beta(prepared),
        neighbour_inflation=inflation,
        rotation_p=rotated.p_value,
        student_p=None if correlations is None else decides.by_student(members).p_value,
        shrinkage=None if correlations is None else correlations.shrinkage,
        n_loci=int(locus.max()) + 1,
        top_locus=top_genes,
        p_without_top_locus=without,
        p_top_locus_held_back=held_back,
        matched_percentile=percentile_among_matched(
            rotation, members, prepared.size, prepared.density, named_seed(seed, "genetics", line)
        ),
        comparator_rank=1 + sum(value > float(rotated.statistic) for value in compared) if compared else None,
        n_comparators=len(compared),
        genes=_genes_of_set(prepared, rotation, members, locus),
        background=_background(prepared, members),
        other_sets=others,
    )
    carried = held_back is not None and held_back > IN_FAVOUR_P
    measured = replace(
        measured,
        effect=result.effect,
        ci_low=result.ci_low,
        ci_high=result.ci_high,
        p_value=result.p_value,
        p_declared=result.p_value,
        null_used=_null_words(test, n, prepared.names),
        percentile=details.matched_percentile,
        reason=_reason(result, n_measured, details),
        cap=f"one locus carries it ({', '.join(top_genes[:4])}{' …' if len(top_genes) > 4 else ''})" if carried else "",
    )
    return measured, details, test


def _threshold(prepared: Prepared) -> str:
    """Return by which threshold the genes were cut; of a list of associated ones the set would be compared with such alone."""
    from scipy.special import ndtr

    return find_threshold(None, ndtr(-prepared.genes["z"].to_numpy(dtype=np.float64)), None) or ""


def _correlations(blocks: Sequence[Array], line: str) -> Correlations:
    try:
        return Correlations(blocks)
    except ValueError as error:
        raise InputError(
            Problem(
                str(error),
                f"lines.tsv, line {line}: the .genes.raw file",
                "what MAGMA's gene analysis wrote",
                "Take the .genes.raw of the same analysis, or leave it out: then labels are rotated along the genome.",
            )
        ) from error


def _null_words(test: str, n: int, names: Sequence[str]) -> str:
    model = (
        "ordinary least squares"
        if test == "rotation"
        else "generalised least squares with the correlations of neighbouring genes (.genes.raw)"
    )
    beside = f"beside {', '.join(names)}" if names else "without covariates"
    return f"all {n:,} rotations of the set's labels along the genome; {model}, {beside}"


def _reason(result: SetResult, n_measured: int, details: GeneticsDetails) -> str:
    side = "more" if result.effect > 0 else "less"
    return (
        f"{n_measured} genes at {count(details.n_loci, 'locus', 'loci')} are {side} associated than other genes of their size "
        f"(z {abs(result.effect):.2f} {'higher' if result.effect > 0 else 'lower'}, one-sided p = {result.p_value:.2g}), above "
        f"{details.matched_percentile:.0f} % of random sets of genes of the same size and density."
    )


def _without_top_locus(
    rotation: Rotation, decides: Rotation, members: Mask, locus: NDArray[np.int64]
) -> tuple[NDArray[np.int64], float | None]:
    """Return the genes of the locus that adds most to the set, and the p-value of the set without them."""
    chosen = np.flatnonzero(members)
    adds = np.bincount(locus, rotation.residuals[chosen])
    top = chosen[locus == int(adds.argmax())]
    left = members.copy()
    left[top] = False
    if left.sum() < FEWEST_OF_SET:
        return top, None
    return top, decides.test(left)[0].p_value


def _p_with_top_held_back(
    prepared: Prepared,
    rotation: Rotation,
    correlations: Correlations | None,
    members: Mask,
    locus: NDArray[np.int64],
) -> float:
    """Return the p-value of a set whose top locus adds no more than the third; nothing where there is no third.

    The largest of many loci is large by selection, too: without it a set of which every locus is associated loses its call as often.
    """
    chosen = np.flatnonzero(members)
    adds = np.bincount(locus, rotation.residuals[chosen])
    third = max(float(np.sort(adds)[-3]), 0.0) if len(adds) > 2 else 0.0
    top = chosen[locus == int(adds.argmax())]
    z = prepared.z.copy()
    z[top] -= rotation.residuals[top] * (1 - third / adds.max())
    return Rotation(z, prepared.covariates, correlations).test(members)[0].p_value


def _other_sets(rotation: Rotation, prepared: Prepared, gene_sets: pd.DataFrame, own: str) -> list[OtherSet]:
    others = []
    for (name, family), rows in gene_sets.groupby(["gene_set", "family"], sort=False):
        members = prepared.genes["gene"].isin(rows["gene"]).to_numpy(dtype=bool)
        if name == own or members.sum() < FEWEST_OF_SET or (~members).sum() < FEWEST_OF_SET:
            continue
        result, _ = rotation.test(members)
        others.append(
            OtherSet(str(name), str(family), int(members.sum()), result.effect, result.statistic, result.p_value)
        )
    return sorted(others, key=lambda row: (row.p_value, row.gene_set))


def _size_beta(prepared: Prepared) -> float | None:
    size = np.log2(np.maximum(prepared.size, 1e-9))
    if np.ptp(size) <= 1e-9:  # the same in all genes, up to rounding
        return None
    return float(((size - size.mean()) * prepared.z).mean() / size.var())


def _genes_of_set(prepared: Prepared, rotation: Rotation, members: Mask, locus: NDArray[np.int64]) -> list[GeneOfSet]:
    genes = prepared.genes[members]
    found = [
        GeneOfSet(
            gene=gene,
            chromosome=chromosome_name(chromosome),
            start=start,
            stop=stop,
            n_snps=int(n_snps) if np.isfinite(n_snps) else None,
            z=z,
            excess=excess,
            locus=place + 1,
        )
        for gene, chromosome, start, stop, n_snps, z, excess, place in zip(
            genes["gene"].to_list(),
            genes["chromosome"].to_list(),
            genes["start"].to_list(),
            genes["stop"].to_list(),
            genes["n_snps"].to_list(),
            prepared.z[members].tolist(),
            rotation.residuals[members].tolist(),
            locus.tolist(),
            strict=True,
        )
    ]
    return sorted(found, key=lambda one: -one.excess)


def _background(prepared: Prepared, members: Mask) -> list[Stretch]:
    import pandas as pd

    others = prepared.genes[~members]
    place = pd.DataFrame(
        {"chromosome": others["chromosome"], "start": others["start"] // STRETCH * STRETCH, "z": prepared.z[~members]}
    )
    largest = place.groupby(["chromosome", "start"], sort=True)["z"].max()
    return [
        Stretch(chromosome_name(int(chromosome)), int(start), float(z))
        for (chromosome, start), z in zip(largest.index.tolist(), largest.to_numpy(), strict=True)
    ]


def _untested(
    line: str, gene_set: str, test: str, results: GeneResults, prepared: Prepared, seed: int
) -> GeneticsDetails:
    return GeneticsDetails(
        line=line,
        gene_set=gene_set,
        test=test,
        counts=results.counts,
        covariates=prepared.names,
        rotations=0,
        seed=seed,
        gene_size_beta=None,
        neighbour_inflation=None,
        rotation_p=None,
        student_p=None,
        shrinkage=None,
        n_loci=0,
        top_locus=[],
        p_without_top_locus=None,
        p_top_locus_held_back=None,
        matched_percentile=None,
        comparator_rank=None,
        n_comparators=0,
        genes=[],
        background=[],
        other_sets=[],
        notes=results.notes,
    )

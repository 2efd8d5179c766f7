"""Other perturbations that a perturbation's concordance with the disease is compared with: contrasts, and public signatures.

Each comparator is compared on the genes that both were measured on, so that a signature of a thousand genes can stand
beside contrasts of twenty thousand. Percentiles are empirical and heed the strength of signatures; a gene-wise p is never
taken, since it calls 9–50 % of the drugs of a library.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.specificity.measure import FEWEST_COMPARATORS, percentile
from sidemine.enrichment.rotated_deviates import StandardisedSpace
from sidemine.errors import InputError, Problem
from sidemine.lines.bridge.library import SignatureLibrary
from sidemine.lines.bridge.statistic import FEWEST_GENES
from sidemine.lines.bridge.strength import expected_sizes
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.bridge.profiles import FrozenProfile, Profile
    from sidemine.lines.bridge.specification import BridgeToMeasure, SignaturesToRead
    from sidemine.prepare.gene_table import GeneTable

    Array = NDArray[np.float64]


EXTREME = 90.0
"""Percentile among comparators that counts as extreme; the margin of `no resemblance` is that percentile of their sizes."""
WEAK = 0.1
"""Share of the perturbation's mean squared effect below which another one is less than a third as strong, and does not count."""
SURE_OF_EFFECT, MOST_INERT = 0.05, 3.0
"""p at which a comparator stands out from noise, and how many of all may be expected to do so by chance: of a thousand that do nothing 50
would at .05, and five times as many as a place needs are more than enough to be placed among."""
STDEV_UNSCALED_OF_SIGNATURES = math.sqrt(2 / 3)
"""Public signatures do not say of how many samples they are: counted as of 3 v 3, as most are of two or three replicates."""


@dataclass(frozen=True)
class Comparators:
    """Comparators on the shared genes.

    Attributes
    ----------
    names
        Contrasts, then perturbations of the signature file.
    kinds
        contrast or signature.
    deviates
        Comparators × shared genes, centred on the genes that each has; 0 where a gene was not measured.
    measured
        Comparators × shared genes: 1 where the gene was measured.
    units
        What each is counted as: its target pathway where the study declares that, else itself.
    stdev_unscaled
        Standard error of each for a residual variance of 1.
    """

    names: list[str]
    kinds: list[str]
    deviates: Array
    measured: Array
    units: list[str]
    stdev_unscaled: Array

    @cached_property
    def strengths(self) -> Array:
        """Root mean square of the deviates of each, over all its shared genes."""
        return np.asarray(np.sqrt(np.sum(self.deviates**2, axis=1) / np.maximum(self.measured.sum(axis=1), 1)))


@dataclass(frozen=True)
class Place:
    """Where a perturbation stands among its comparators.

    Attributes
    ----------
    percentile
        Percentage of the comparators that count whose concordance is smaller, for their strength. Theirs is taken without its sign: in
        one direction alone, a tenth at each end would be extreme, a fifth of what has nothing in common. The perturbation's own, on the
        genes of each, is below 0 where its sign is not that on all genes. None below 10 comparators.
    margin
        Size of concordance that 90 % of them stay below, as strong as the perturbation is; None below 10 of them.
    n
        How many count: they stand out from noise over all shared genes, and are at least a third as strong as the perturbation there;
        those of one target pathway are one. To be more like the disease than what does nothing says nothing.
    n_weak
        Weaker ones, pathways counted once.
    n_genes
        The genes that the perturbation shares with a comparator that counts: their median.
    names, kinds, concordances, counts
        The comparators with at least `FEWEST_GENES` shared genes, with their own concordance, in declared order, and which of them count.
    """

    percentile: float | None
    margin: float | None
    n: int
    n_weak: int
    n_genes: int
    names: list[str]
    kinds: list[str]
    concordances: Array
    counts: NDArray[np.bool_]


NOWHERE = Place(None, None, 0, 0, 0, [], [], np.zeros(0), np.zeros(0, dtype=bool))
"""The place of a concordance that was not measured."""


def read_signatures(
    path: Path,
    declared: SignaturesToRead,
    gene_table: GeneTable,
    named: Collection[str] = (),
    where: str = "comparator_signatures",
) -> SignatureLibrary:
    """Read a file of signatures: one row per perturbation, without those to exclude, one column per approved symbol.

    Parameters
    ----------
    path
        TSV: one perturbation per row, its name first; one gene per further column; z-scores.
    declared
        What the study says of the file: perturbations to exclude, and its positive control.
    gene_table
        Approved symbols.
    named
        Further rows that the study names.
    where
        Where the study declares the file, for messages.

    Raises
    ------
    InputError
        When the file is no table of numbers, or a perturbation that the study names is not in it.
    """
    import pandas as pd

    text = read_delimited(path, separator="\t", r_layout=True)
    if text.n_rows == 0 or len(text.header) < 2:
        raise InputError(
            Problem(
                "the comparator signatures are no table of numbers",
                f"{path}: {text.n_rows} rows × {len(text.header)} columns",
                "TSV: one perturbation per row, its name first; one gene per further column; z-scores",
                f"Check the file of {where}.",
            )
        )
    names = [name.strip() for name in text.cells(0)]
    control = declared.positive_control
    own = [control.perturbation] if control else []
    unknown = sorted({*declared.exclude, *own, *named} - set(names))
    problems: list[Problem] = []
    try:
        values = text.matrix(range(1, len(text.header)))
    except InputError as error:
        problems += error.problems
    if unknown:
        problems.append(
            Problem(
                f"perturbations that the study names are not in the signatures: {', '.join(unknown)}",
                f"{path}; {where}: exclude, the positive control, target pathways",
                f"names of its first column, for example {', '.join(names[:3])}",
                "Correct the names: a perturbation of the same class that stays in is compared with itself.",
            )
        )
    if own and names.count(own[0]) > 1:
        problems.append(
            Problem(
                f"the positive control {own[0]} has {names.count(own[0])} rows",
                f"{path}; {where}: the positive control",
                "one signature of the perturbation",
                "Give each row a name of its own, and name one.",
            )
        )
    if problems:
        raise InputError(problems)
    table = pd.DataFrame(values, index=pd.Index(names, dtype=object))
    resolve = gene_table.resolve_entrez if declared.identifiers == "entrez" else gene_table.resolve_symbols
    table.columns = pd.Index([found.symbol or "" for found in resolve(text.header[1:])], dtype=object)
    kept: pd.DataFrame = table.loc[:, table.columns != ""]
    kept = kept.loc[:, ~kept.columns.duplicated()]
    return SignatureLibrary(kept.loc[~kept.index.isin([*declared.exclude, *own])], kept.loc[own] if own else None)


def gather_comparators(
    fits: Mapping[str, ContrastFit],
    signatures: pd.DataFrame | None,
    genes: Sequence[str],
    pathways: Mapping[str, Sequence[str]] | None = None,
) -> Comparators:
    """Bring comparators onto the shared genes.

    Parameters
    ----------
    fits
        Fits of the comparator contrasts.
    signatures
        Signatures of other perturbations, from `read_signatures`, or None.
    genes
        The shared genes.
    pathways
        Comparators by target pathway, where the study declares some.
    """
    import pandas as pd

    index = pd.Index(list(genes))
    rows: list[Array] = []
    for fit in fits.values():
        deviates = pd.Series(StandardisedSpace.of(fit).observed, index=fit.genes)
        rows.append(np.asarray(deviates.reindex(index), dtype=np.float64))
    names, kinds = list(fits), ["contrast"] * len(fits)
    if signatures is not None:
        rows += list(signatures.reindex(columns=index).to_numpy(dtype=np.float64))
        names += [str(name) for name in signatures.index]
        kinds += ["signature"] * len(signatures)
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(index))
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=1, keepdims=True), 1)
    centred = values - np.where(measured, values, 0).sum(axis=1, keepdims=True) / count
    own = len(fits)
    units = units_of(names[:own], names[own:], pathways or {})
    sizes = [fit.score_stdev_unscaled for fit in fits.values()]
    stdev = np.array(sizes + [STDEV_UNSCALED_OF_SIGNATURES] * (len(rows) - own))
    return Comparators(names, kinds, np.where(measured, centred, 0.0), measured.astype(np.float64), units, stdev)


def units_of(contrasts: Sequence[str], signatures: Sequence[str], pathways: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what each comparator is counted as: its target pathway where one is declared, else itself.

    Parameters
    ----------
    contrasts, signatures
        Names of the comparators.
    pathways
        Names by target pathway.
    """
    shared = {name: f"pathway {pathway}" for pathway, members in pathways.items() for name in members}
    return [shared.get(name, f"contrast {name}") for name in contrasts] + [
        shared.get(name, f"signature {name}") for name in signatures
    ]


def names_of_signatures(bridge: BridgeToMeasure, contrasts: Container[str]) -> list[str]:
    """Return the names in a bridge's target pathways that are no contrasts of the study (`contrasts`): rows of its signatures."""
    return [name for names in bridge.target_pathways.values() for name in names if name not in contrasts]


def place_among(
    drug: Profile | FrozenProfile,
    disease: Array,
    chosen: NDArray[np.bool_],
    comparators: Comparators,
    *,
    spread: float,
) -> Place:
    """Return the place of a concordance among the comparators', each pair on the genes that both have.

    Parameters
    ----------
    drug, disease
        The perturbation's profile, and the disease's centred deviates, on the shared genes.
    chosen
        The genes that count.
    comparators
        From `gather_comparators`.
    spread
        From `statistic.noise_spread`, of the disease: how far the mean square of a comparator without any effect scatters.

    Notes
    -----
    With 100 comparators or more each concordance is divided by the size that its strength gives (`expected_sizes`), strength
    being the root mean square of a profile's deviates over all its genes; frozen weights have none. A target pathway
    counts once, by its median.
    """
    measured = comparators.measured[:, chosen]
    usable = measured.sum(axis=1) >= FEWEST_GENES
    measured, others = measured[usable], comparators.deviates[usable][:, chosen]
    x, y = drug.deviates[chosen], disease[chosen]
    squares = np.sum(others**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_disease = measured @ y**2
        own = measured @ (x * y) / np.sqrt(measured @ x**2 * of_disease)
        theirs = others @ y / np.sqrt(squares * of_disease)
    theirs, own = np.nan_to_num(theirs), np.nan_to_num(own)
    # Where the comparator has other genes than the whole, its part may point the other way: such a pair is behind all others.
    own *= np.sign(x @ y)
    sizes, size = expected_sizes(theirs, comparators.strengths[usable], drug.strength)
    units = np.array([unit for unit, keep in zip(comparators.units, usable, strict=True) if keep], dtype=object)
    n_genes = measured.sum(axis=1)
    strong = _by_unit(_excess(comparators, drug.effect_square, spread)[usable], units) >= 0
    values, ahead = np.abs(_by_unit(theirs / sizes, units))[strong], _by_unit(own / size, units)[strong]
    enough = len(values) >= FEWEST_COMPARATORS
    counting = set(np.array(list(dict.fromkeys(units)), dtype=object)[strong])
    counts = np.array([unit in counting for unit in units], dtype=bool)
    return Place(
        percentile=percentile(0.0, values - ahead, 1.0) if enough else None,
        margin=min(size * float(np.quantile(values, EXTREME / 100, method="lower")), 1.0) if enough else None,
        n=len(values),
        n_weak=int(np.sum(~strong)),
        n_genes=int(np.median(n_genes[counts])) if counts.any() else 0,
        names=[name for name, keep in zip(comparators.names, usable, strict=True) if keep],
        kinds=[kind for kind, keep in zip(comparators.kinds, usable, strict=True) if keep],
        concordances=theirs,
        counts=counts,
    )


def _excess(comparators: Comparators, effect_square: float, spread: float) -> Array:
    """Return by how much each comparator's mean squared effect is above what it takes to count.

    That is the larger of what noise alone exceeds in 5 % of profiles (of many, in three of all), and a tenth of the perturbation's.
    """
    from scipy.stats import chi2

    n_genes = np.maximum(comparators.measured.sum(axis=1), 1)
    # The mean square of noise is skewed: that of so many independent genes.
    independent = 2 * n_genes / spread**2
    level = min(SURE_OF_EFFECT, MOST_INERT / max(len(n_genes), 1))
    noise = chi2.isf(level, independent) / independent - 1
    scale = comparators.stdev_unscaled**2
    return np.asarray((comparators.strengths**2 - 1) * scale - np.maximum(noise * scale, WEAK * effect_square))


def _by_unit(values: Array, units: NDArray[np.object_]) -> Array:
    """Return the median of every unit, in their first order."""
    if len(set(units)) == len(units):
        return values
    return np.array([np.median(values[units == unit]) for unit in dict.fromkeys(units)], dtype=np.float64)

"""Other perturbations that a drug's concordance with the disease is compared with: contrasts, and public signatures.

Each comparator is compared with the drug on the genes that both were measured on, so that a signature of a thousand
genes can stand beside contrasts of twenty thousand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.specificity.measure import FEWEST_COMPARATORS, percentile
from sidemine.enrichment.rotated_deviates import StandardisedSpace
from sidemine.errors import InputError, Problem
from sidemine.lines.bridge.statistic import FEWEST_GENES
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.bridge.specification import SignaturesToRead
    from sidemine.prepare.gene_table import GeneTable

    Array = NDArray[np.float64]


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
    """

    names: list[str]
    kinds: list[str]
    deviates: Array
    measured: Array


@dataclass(frozen=True)
class Place:
    """Where a drug stands among its comparators.

    Attributes
    ----------
    percentile
        Percentage of comparators with a weaker concordance in the drug's direction; None below 10 comparators.
    names, kinds, concordances
        The comparators that count (at least `FEWEST_GENES` shared genes), with their own concordance.
    """

    percentile: float | None
    names: list[str]
    kinds: list[str]
    concordances: Array


NOWHERE = Place(None, [], [], np.zeros(0))
"""The place of a concordance that was not measured."""


def read_signatures(path: Path, declared: SignaturesToRead, gene_table: GeneTable) -> pd.DataFrame:
    """Read a file of signatures: one row per perturbation, without those to exclude, one column per approved symbol.

    Parameters
    ----------
    path
        TSV: one perturbation per row, its name first; one gene per further column; z-scores.
    declared
        What the study says of the file: perturbations to exclude.
    gene_table
        Approved symbols.

    Raises
    ------
    InputError
        When the file is no table of numbers, or an excluded perturbation is not in it.
    """
    import pandas as pd

    text = read_delimited(path, separator="\t", r_layout=True)
    if text.n_rows == 0 or len(text.header) < 2:
        raise InputError(
            Problem(
                "the comparator signatures are no table of numbers",
                f"{path}: {text.n_rows} rows × {len(text.header)} columns",
                "TSV: one perturbation per row, its name first; one gene per further column; z-scores",
                "Check comparator_signatures.file.",
            )
        )
    names = [name.strip() for name in text.cells(0)]
    unknown = sorted(set(declared.exclude) - set(names))
    problems: list[Problem] = []
    try:
        values = text.matrix(range(1, len(text.header)))
    except InputError as error:
        problems += error.problems
    if unknown:
        problems.append(
            Problem(
                f"excluded perturbations are not in the signatures: {', '.join(unknown)}",
                f"{path}; key comparator_signatures.exclude",
                f"names of its first column, for example {', '.join(names[:3])}",
                "Correct the names: a drug of the class that stays in is compared with itself.",
            )
        )
    if problems:
        raise InputError(problems)
    table = pd.DataFrame(values, index=pd.Index(names, dtype=object))
    resolve = gene_table.resolve_entrez if declared.identifiers == "entrez" else gene_table.resolve_symbols
    table.columns = pd.Index([found.symbol or "" for found in resolve(text.header[1:])], dtype=object)
    kept: pd.DataFrame = table.loc[~table.index.isin(declared.exclude), table.columns != ""]
    return kept.loc[:, ~kept.columns.duplicated()]


def gather_comparators(
    fits: Mapping[str, ContrastFit], signatures: pd.DataFrame | None, genes: Sequence[str]
) -> Comparators:
    """Bring comparators onto the shared genes.

    Parameters
    ----------
    fits
        Fits of the comparator contrasts.
    signatures
        From `read_signatures`, or None.
    genes
        The shared genes.
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
    return Comparators(names, kinds, np.where(measured, centred, 0.0), measured.astype(np.float64))


def place_among(drug: Array, disease: Array, chosen: NDArray[np.bool_], comparators: Comparators) -> Place:
    """Return the place of the drug's concordance among the comparators', each pair on the genes that both have.

    Parameters
    ----------
    drug, disease
        Centred deviates on the shared genes.
    chosen
        The genes that count.
    comparators
        From `gather_comparators`.
    """
    measured = comparators.measured[:, chosen]
    usable = measured.sum(axis=1) >= FEWEST_GENES
    measured, others = measured[usable], comparators.deviates[usable][:, chosen]
    x, y = drug[chosen], disease[chosen]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_disease = measured @ y**2
        own = measured @ (x * y) / np.sqrt(measured @ x**2 * of_disease)
        theirs = others @ y / np.sqrt(np.sum(others**2, axis=1) * of_disease)
    theirs, own = np.nan_to_num(theirs), np.nan_to_num(own)
    sign = 1.0 if float(x @ y) >= 0 else -1.0
    enough = len(theirs) >= FEWEST_COMPARATORS
    return Place(
        percentile=percentile(0.0, theirs - own, sign) if enough else None,
        names=[name for name, keep in zip(comparators.names, usable, strict=True) if keep],
        kinds=[kind for kind, keep in zip(comparators.kinds, usable, strict=True) if keep],
        concordances=theirs,
    )

"""Which tested genes belong to which set, with their signs and weights, as one sparse matrix."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class SetPart:
    """Genes of a set that are tested together without weights.

    Attributes
    ----------
    gene_set
        Id of the set.
    suffix
        What the part adds to the name of a test: '' for the whole set, _activated or _repressed.
    genes
        Positions of the measured genes in the fit.
    """

    gene_set: str
    suffix: str
    genes: NDArray[np.int64]


@dataclass(frozen=True)
class SetMembership:
    """Sets × genes.

    Attributes
    ----------
    gene_sets
        Ids of the sets that can be tested, in the order of the matrix.
    families, versions
        Family and library release of each set.
    n_in_set
        Genes of each set as published, after mapping to approved symbols.
    n_measured
        Those among the tested genes.
    weights
        Sparse, sets × genes: sign and weight of each measured gene; 1 in unweighted sets.
    left_out
        Sets that cannot be tested, each with the reason.
    signed
        Per set: whether it holds a negative weight, of a measured gene or not.
    """

    gene_sets: list[str]
    families: list[str]
    versions: list[str]
    n_in_set: NDArray[np.int64]
    n_measured: NDArray[np.int64]
    weights: csr_array
    left_out: list[tuple[str, str]]
    signed: NDArray[np.bool_]

    def shares(self) -> csr_array:
        """Return the weights divided by the sum of their absolute values, per set."""
        from scipy.sparse import diags_array

        total = np.asarray(abs(self.weights).sum(axis=1)).ravel()
        return diags_array(1.0 / np.maximum(total, np.finfo(np.float64).tiny)) @ self.weights

    def parts(self) -> list[SetPart]:
        """Return the sets for tests that know no weights: of a signed set its activated and its repressed genes apart."""
        parts = []
        for row, (name, signed) in enumerate(zip(self.gene_sets, self.signed, strict=True)):
            measured = slice(self.weights.indptr[row], self.weights.indptr[row + 1])
            genes, weights = self.weights.indices[measured], self.weights.data[measured]
            if signed:
                parts.append(SetPart(name, "_activated", genes[weights > 0]))
                parts.append(SetPart(name, "_repressed", genes[weights < 0]))
            else:
                parts.append(SetPart(name, "", genes))
        return [part for part in parts if len(part.genes)]


def are_among(genes: Sequence[str] | pd.Series, wanted: Collection[str]) -> NDArray[np.bool_]:
    """Return whether each gene is one of those wanted; `numpy.isin` compares every text with every other."""
    wanted = frozenset(wanted)
    return np.fromiter(map(wanted.__contains__, genes), dtype=np.bool_, count=len(genes))


def build_membership(
    sets: pd.DataFrame, genes: Sequence[str], min_size: int = 5, max_size: int | None = None
) -> SetMembership:
    """Build the membership matrix of the sets that have enough measured genes.

    Parameters
    ----------
    sets
        Long table with the columns of `gene_set_table.GENE_SETS`.
    genes
        Tested genes, in the order of the fit.
    min_size
        Fewest measured genes of a set.
    max_size
        Most measured genes of a *comparator* set; other families are declared by hand and never left out for size.

    Raises
    ------
    InputError
        When a set holds a gene twice, or a weight is not finite.
    """
    from scipy.sparse import csr_array

    _refuse_bad_rows(sets)
    used = sets[sets["weight"] != 0]
    column_of = {gene: column for column, gene in enumerate(genes)}
    columns = np.array([column_of.get(gene, -1) for gene in used["gene"].tolist()], dtype=np.intp)
    names, first, rows = np.unique(used["gene_set"].to_numpy(dtype=str), return_index=True, return_inverse=True)
    families, versions = (used[column].to_numpy(dtype=object)[first] for column in ("family", "version"))
    sizes, measured = (np.bincount(at, minlength=len(names)) for at in (rows, rows[columns >= 0]))
    too_small = measured < min_size
    too_large = (measured > max_size) & (families == "comparator") if max_size is not None else np.zeros_like(too_small)
    kept = np.flatnonzero(~(too_small | too_large))
    place = np.full(len(names), -1)
    place[kept] = np.arange(len(kept))
    here = (columns >= 0) & (place[rows] >= 0)
    weights = csr_array(
        (used["weight"].to_numpy(dtype=np.float64)[here], (place[rows[here]], columns[here])),
        shape=(len(kept), len(genes)),
    )
    weights.sort_indices()
    return SetMembership(
        gene_sets=names[kept].tolist(),
        families=[str(family) for family in families[kept]],
        versions=[str(version) for version in versions[kept]],
        n_in_set=sizes[kept],
        n_measured=measured[kept],
        weights=weights,
        left_out=[
            (
                str(names[row]),
                f"{measured[row]} of {sizes[row]} genes measured, fewer than {min_size}"
                if too_small[row]
                else f"{measured[row]} genes measured, more than {max_size} in a comparator set",
            )
            for row in np.flatnonzero(too_small | too_large)
        ],
        signed=np.isin(names[kept], sets["gene_set"].to_numpy(dtype=str)[sets["weight"].to_numpy() < 0]),
    )


def without_each_gene(membership: SetMembership, genes: Sequence[str]) -> SetMembership:
    """Return a set without each of its genes in turn.

    Parameters
    ----------
    membership
        Of one set, with at least two measured genes.
    genes
        Tested genes, in the order of the fit.

    Returns
    -------
    SetMembership
        One row per measured gene, named for it: the set's other genes, with their signs and weights.
    """
    return _per_gene(membership, genes, ~np.eye(len(membership.weights.indices), dtype=bool))


def each_gene(membership: SetMembership, genes: Sequence[str]) -> SetMembership:
    """Return each gene of a set as a set of its own.

    Parameters
    ----------
    membership, genes
        As in `without_each_gene`.

    Returns
    -------
    SetMembership
        One row per measured gene, named for it, with its sign and weight.
    """
    return _per_gene(membership, genes, np.eye(len(membership.weights.indices), dtype=bool))


def weighed_less(membership: SetMembership, genes: Sequence[str], factors: Mapping[str, float]) -> SetMembership:
    """Return a set in which some genes weigh less.

    Parameters
    ----------
    membership, genes
        As in `without_each_gene`.
    factors
        By gene: what its weight is multiplied by; 0 takes it out.
    """
    weights = membership.weights.copy()
    weights.data = weights.data * np.array([factors.get(genes[column], 1.0) for column in weights.indices])
    return replace(membership, weights=weights)


def _per_gene(membership: SetMembership, genes: Sequence[str], kept: NDArray[np.bool_]) -> SetMembership:
    from scipy.sparse import csr_array

    columns, weights = membership.weights.indices, membership.weights.data
    n, sizes = len(columns), kept.sum(axis=1)
    rows = csr_array(
        (
            np.broadcast_to(weights, (n, n))[kept],
            np.broadcast_to(columns, (n, n))[kept],
            np.concatenate([[0], np.cumsum(sizes)]),
        ),
        shape=(n, len(genes)),
    )
    return SetMembership(
        gene_sets=[genes[column] for column in columns],
        families=membership.families * n,
        versions=membership.versions * n,
        n_in_set=membership.n_in_set[0] - (n - sizes),
        n_measured=sizes,
        weights=rows,
        left_out=[],
        signed=np.broadcast_to(membership.signed, n).copy(),
    )


def _refuse_bad_rows(sets: pd.DataFrame) -> None:
    problems = []
    doubled = sets[sets.duplicated(["gene_set", "gene"], keep="first")]
    if len(doubled):
        row = doubled.iloc[0]
        problems.append(
            Problem(
                f"{len(doubled)} genes stand twice in their set",
                f"for example {row['gene']} in {row['gene_set']}",
                "every gene once per set",
                "Merge the rows in the gene set library.",
            )
        )
    infinite = ~np.isfinite(sets["weight"].to_numpy(dtype=np.float64))
    if infinite.any():
        row = sets.iloc[int(infinite.argmax())]
        problems.append(
            Problem(
                f"{int(infinite.sum())} weights are not finite numbers",
                f"for example {row['gene']} in {row['gene_set']}",
                "finite weights",
                "Correct the gene set library.",
            )
        )
    if problems:
        raise InputError(problems)

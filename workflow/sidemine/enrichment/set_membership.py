"""Which tested genes belong to which set, with their signs and weights, as one sparse matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    import pandas as pd
    from scipy.sparse import csr_array

    _refuse_bad_rows(sets)
    position = pd.Series(np.arange(len(genes)), index=list(genes))
    used = sets[sets["weight"] != 0]
    columns = used["gene"].map(position)
    sizes = used.groupby("gene_set", sort=True).size()
    measured = columns.notna().groupby(used["gene_set"], sort=True).sum().astype(int)
    first = used.drop_duplicates("gene_set").set_index("gene_set")
    negative = set(sets["gene_set"][sets["weight"] < 0])
    kept: list[str] = []
    left_out: list[tuple[str, str]] = []
    for name in sizes.index:
        n_measured = int(measured[name])
        if n_measured < min_size:
            left_out.append((str(name), f"{n_measured} of {sizes[name]} genes measured, fewer than {min_size}"))
        elif max_size is not None and first.loc[name, "family"] == "comparator" and n_measured > max_size:
            left_out.append((str(name), f"{n_measured} genes measured, more than {max_size} in a comparator set"))
        else:
            kept.append(str(name))
    here = used["gene_set"].isin(kept).to_numpy() & columns.notna().to_numpy()
    rows = pd.Categorical(used["gene_set"][here], categories=kept).codes
    weights = csr_array(
        (used["weight"][here].to_numpy(dtype=np.float64), (rows, columns[here].to_numpy(dtype=np.int64))),
        shape=(len(kept), len(genes)),
    )
    weights.sort_indices()
    return SetMembership(
        gene_sets=kept,
        families=[str(first.loc[name, "family"]) for name in kept],
        versions=[str(first.loc[name, "version"]) for name in kept],
        n_in_set=np.array([sizes[name] for name in kept], dtype=np.int64),
        n_measured=np.array([measured[name] for name in kept], dtype=np.int64),
        weights=weights,
        left_out=left_out,
        signed=np.array([name in negative for name in kept], dtype=np.bool_),
    )


def single_membership(rows: pd.DataFrame, genes: Sequence[str]) -> SetMembership:
    """Return the membership of one set that is known to be sound, as `build_membership` does, much quicker."""
    from scipy.sparse import csr_array

    position = {gene: place for place, gene in enumerate(genes)}
    measured = sorted(
        (position[gene], weight)
        for gene, weight in zip(rows["gene"], rows["weight"].tolist(), strict=True)
        if weight != 0 and gene in position
    )
    columns, weights = [place for place, _ in measured], [weight for _, weight in measured]
    first = rows.iloc[0]
    return SetMembership(
        gene_sets=[str(first["gene_set"])],
        families=[str(first["family"])],
        versions=[str(first["version"])],
        n_in_set=np.array([int((rows["weight"] != 0).sum())], dtype=np.int64),
        n_measured=np.array([len(measured)], dtype=np.int64),
        weights=csr_array(
            (np.array(weights, dtype=np.float64), np.array(columns, dtype=np.int64), np.array([0, len(measured)])),
            shape=(1, len(genes)),
        ),
        left_out=[],
        signed=np.array([bool((rows["weight"] < 0).any())]),
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
    from scipy.sparse import csr_array

    columns, weights = membership.weights.indices, membership.weights.data
    n = len(columns)
    kept = ~np.eye(n, dtype=bool)
    rest = csr_array(
        (np.broadcast_to(weights, (n, n))[kept], np.broadcast_to(columns, (n, n))[kept], np.arange(n + 1) * (n - 1)),
        shape=(n, len(genes)),
    )
    return SetMembership(
        gene_sets=[genes[column] for column in columns],
        families=membership.families * n,
        versions=membership.versions * n,
        n_in_set=np.full(n, membership.n_in_set[0] - 1),
        n_measured=np.full(n, n - 1, dtype=np.int64),
        weights=rest,
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

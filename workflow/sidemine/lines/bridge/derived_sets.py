"""Signed sets derived from the drug itself: found in experiments A, confirmed in B, frozen before the disease is seen.

The confirmation is also the drug's side of the evidence: the genes of A with their weights are tested in B by rotation,
and nothing about them was chosen there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.gene_set_table import genes_of_set
from sidemine.lines.bridge.profiles import build_side
from sidemine.lines.bridge.record import DerivedSet, Overlap
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.bridge.statistic import FEWEST_GENES
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.bridge.specification import DerivationOfSet

SAME_EVIDENCE = 0.2
"""Jaccard index with a target set above which the two are one line of evidence."""
DECIMALS = 4


def derive_set(
    name: str,
    rule: DerivationOfSet,
    found_in: Mapping[str, ContrastFit],
    confirmed_in: Mapping[str, ContrastFit],
    *,
    n_rotations: int,
    seed: int,
) -> DerivedSet:
    """Derive a set in A, confirm it in B and freeze it.

    Parameters
    ----------
    name
        Id of the set.
    rule
        What the study declares.
    found_in, confirmed_in
        Fits of independent contrasts A and B; several of one side are pooled by the common effect.
    n_rotations, seed
        Of the rotation in B.
    """
    fits = [*found_in.values(), *confirmed_in.values()]
    genes = sorted(set.intersection(*(set(fit.genes) for fit in fits)))
    first = build_side(found_in, genes, list(found_in), seed=seed, what="derive")
    second = build_side(confirmed_in, genes, list(confirmed_in), seed=seed, what="confirm")
    z, z_again = first.whole.deviates, second.whole.deviates
    q = benjamini_hochberg(two_sided_p(z, np.inf))
    order = np.lexsort((np.array(genes), -np.abs(z)))
    chosen = np.array([row for row in order if q[row] <= rule.fdr][: rule.most_genes], dtype=np.int64)
    weights = np.zeros(len(genes))
    weights[chosen] = np.round(z[chosen], DECIMALS)
    derived = DerivedSet(
        name,
        derived_from=list(found_in),
        confirm=list(confirmed_in),
        rule=f"q ≤ {rule.fdr:g} in A, at most {rule.most_genes} genes; the same sign and p ≤ {rule.confirm_p:g} in B",
        n_found=len(chosen),
    )
    if len(chosen) < FEWEST_GENES:
        return replace(derived, reason=f"{len(chosen)} genes found in A, fewer than {FEWEST_GENES}")
    question = Question(weights, float(weights @ z_again))
    p_value = rotation_p_values(second, {second.whole.name: {"set": question}}, n_rotations)[second.whole.name]["set"]
    again = two_sided_p(z_again, np.inf)
    kept = sorted(row for row in chosen if z[row] * z_again[row] > 0 and again[row] <= rule.confirm_p)
    derived = replace(derived, n_confirmed=len(kept), p_confirmed=p_value)
    if len(kept) < FEWEST_GENES:
        reason = f"{len(kept)} of {len(chosen)} genes confirmed in B, fewer than {FEWEST_GENES}"
        return replace(derived, reason=reason)
    frozen = {genes[row]: float(weights[row]) for row in kept}
    text = "\n".join(f"{gene}\t{weight:.{DECIMALS}f}" for gene, weight in frozen.items())
    return replace(
        derived,
        genes=list(frozen),
        weights=list(frozen.values()),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def weights_on(derived: DerivedSet, genes: Sequence[str], without: Collection[str] = ()) -> NDArray[np.float64]:
    """Return the weights of a derived set on some genes.

    Parameters
    ----------
    derived, genes
        The set, and the genes.
    without
        Genes that do not count.

    Returns
    -------
    numpy.ndarray
        Float64, shape (genes,): 0 for genes that are not in the set, or in `without`.
    """
    weights = dict(zip(derived.genes, derived.weights, strict=True))
    return np.array([0.0 if gene in without else weights.get(gene, 0.0) for gene in genes])


def find_overlaps(derived: DerivedSet, target_sets: Sequence[str], gene_sets: pd.DataFrame) -> list[Overlap]:
    """Return the overlap of a derived set with every target set.

    Parameters
    ----------
    derived
        The set; it may be empty.
    target_sets
        Their ids.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.
    """
    members = set(derived.genes)
    overlaps = []
    for name in target_sets:
        genes = genes_of_set(gene_sets, name)
        jaccard = len(members & genes) / len(members | genes) if members | genes else 0.0
        overlaps.append(Overlap(name, len(members & genes), jaccard, jaccard > SAME_EVIDENCE))
    return overlaps

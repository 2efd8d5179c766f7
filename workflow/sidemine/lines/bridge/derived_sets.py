"""Signed sets derived from the drug itself: found in experiments A, confirmed in B, frozen before the disease is seen.

The confirmation is also the drug's side of the evidence: the genes of A with their weights are tested in B by rotation,
and nothing about them was chosen there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.lines.bridge.profiles import build_side
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.bridge.statistic import FEWEST_GENES
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.projections import DerivationOfSet

SAME_EVIDENCE = 0.2
"""Jaccard index with a target set above which the two are one line of evidence."""
DECIMALS = 4


@dataclass(frozen=True)
class DerivedSet:
    """A frozen signed set.

    Attributes
    ----------
    name
        Id of the set.
    weights
        Per gene: its normal deviate in A, rounded; positive: higher under the drug.
    p_confirmed
        Two-sided rotation p in B of all genes found in A, with their weights; None where nothing was found.
    facts
        JSON-ready: from, confirm, rule, n_found, n_confirmed, p_confirmed, genes, weights, digest, reason.
    """

    name: str
    weights: dict[str, float]
    p_confirmed: float | None
    facts: dict[str, Any]

    def on(self, genes: Sequence[str], without: frozenset[str] = frozenset()) -> NDArray[np.float64]:
        """Return the weights on some genes, in their order; 0 for those that are not in the set, or in `without`."""
        return np.array([0.0 if gene in without else self.weights.get(gene, 0.0) for gene in genes])


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
    facts: dict[str, Any] = {
        "gene_set": name,
        "from": list(found_in),
        "confirm": list(confirmed_in),
        "rule": f"q ≤ {rule.fdr:g} in A, at most {rule.most_genes} genes; the same sign and p ≤ {rule.confirm_p:g} in B",
        "n_found": len(chosen),
    }
    if len(chosen) < FEWEST_GENES:
        reason = f"{len(chosen)} genes found in A, fewer than {FEWEST_GENES}"
        return DerivedSet(name, {}, None, {**facts, **_nothing(), "reason": reason})
    question = Question(weights, float(weights @ z_again))
    p_value = rotation_p_values(second, {second.whole.name: {"set": question}}, n_rotations)[second.whole.name]["set"]
    again = two_sided_p(z_again, np.inf)
    kept = sorted(row for row in chosen if z[row] * z_again[row] > 0 and again[row] <= rule.confirm_p)
    frozen = {genes[row]: float(weights[row]) for row in kept}
    facts |= {"n_confirmed": len(kept), "p_confirmed": p_value, "reason": ""}
    if len(kept) < FEWEST_GENES:
        reason = f"{len(kept)} of {len(chosen)} genes confirmed in B, fewer than {FEWEST_GENES}"
        return DerivedSet(name, {}, None, {**facts, "genes": [], "weights": [], "digest": "", "reason": reason})
    text = "\n".join(f"{gene}\t{weight:.{DECIMALS}f}" for gene, weight in frozen.items())
    facts |= {"genes": list(frozen), "weights": list(frozen.values())}
    facts["digest"] = hashlib.sha256(text.encode()).hexdigest()
    return DerivedSet(name, frozen, p_value, facts)


def _nothing() -> dict[str, Any]:
    return {"n_confirmed": 0, "p_confirmed": None, "genes": [], "weights": [], "digest": ""}


def not_derived(name: str, reason: str) -> DerivedSet:
    """Return an empty set that says why there is none."""
    facts = {"gene_set": name, "from": [], "confirm": [], "rule": "", "n_found": 0, **_nothing(), "reason": reason}
    return DerivedSet(name, {}, None, facts)


def overlaps(derived: DerivedSet, target_sets: Sequence[str], gene_sets: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the overlap of a derived set with every target set: gene_set, shared, jaccard, same_evidence.

    Parameters
    ----------
    derived
        The derived set.
    target_sets
        Ids of the target sets.
    gene_sets
        The study's sets, as `GENE_SETS` describes.
    """
    own = set(derived.weights)
    rows = []
    for name in target_sets:
        genes = set(gene_sets.loc[gene_sets["gene_set"] == name, "gene"])
        jaccard = len(own & genes) / len(own | genes) if own | genes else 0.0
        rows.append(
            {
                "gene_set": name,
                "shared": len(own & genes),
                "jaccard": jaccard,
                "same_evidence": jaccard > SAME_EVIDENCE,
            }
        )
    return rows

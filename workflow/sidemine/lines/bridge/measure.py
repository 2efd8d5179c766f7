"""One bridge: all pairs of drug and disease profiles, on all scopes, with both estimands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.lines.bridge.call import Call, Evidence, call_sentence, decide_call
from sidemine.lines.bridge.comparators import Comparators, Place, place_among
from sidemine.lines.bridge.profiles import FrozenProfile, Profile, Side
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.bridge.statistic import Concordance, measure_concordance_of
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.lines.bridge.derived_sets import DerivedSet

    Array = NDArray[np.float64]
    Key = tuple[str, str, str, str, str]

RESPONSIVE_FDR = 0.05
"""False discovery rate of the drug-responsive genes."""
N_LEADING = 20
N_PLOTTED = 400
TOTAL, ADJUSTED = "total", "adjusted"


@dataclass(frozen=True)
class Scope:
    """Genes of one comparison.

    Attributes
    ----------
    scope
        all, target, drug_responsive or derived.
    gene_set
        Id of the set; empty where there is none.
    chosen
        Which shared genes.
    words
        The genes in words.
    cutoff
        Drug-responsive genes: the deviate beyond which a gene is chosen.
    frozen
        Derived sets: the weights that stand for the drug.
    p_drug
        Derived sets: p of the confirmation.
    """

    scope: str
    gene_set: str
    chosen: NDArray[np.bool_]
    words: str
    cutoff: float = 0.0
    frozen: FrozenProfile | None = None
    p_drug: float = float("nan")


@dataclass(frozen=True)
class BridgeData:
    """Everything that a bridge's rows are made from.

    Attributes
    ----------
    genes
        The shared genes.
    drug
        Drug side.
    disease
        Disease sides by estimand; the adjusted one has only contrasts that could be adjusted.
    adjustment
        Per disease profile: what was adjusted for, or why nothing was.
    target_sets
        Target sets on the shared genes.
    derived
        Derived sets with their weights on the shared genes, all genes first, then without the target sets'.
    comparators
        On the shared genes.
    """

    genes: Sequence[str]
    drug: Side
    disease: Mapping[str, Side]
    adjustment: Mapping[str, str]
    target_sets: Mapping[str, NDArray[np.bool_]]
    derived: Sequence[tuple[str, DerivedSet, Array]]
    comparators: Comparators


@dataclass(frozen=True)
class Row:
    """One row of the table, with the parts that the record needs."""

    disease: str
    drug: str
    scope: Scope
    estimand: str
    evidence: Evidence
    call: Call
    reason: str
    leading: list[str]


def measure_rows(data: BridgeData, margin: float, n_rotations: int) -> list[Row]:
    """Return all rows of a bridge: disease profiles × drug profiles × scopes × estimands, in that order.

    Parameters
    ----------
    data
        The bridge's profiles and sets.
    margin
        Margin of the call; see `call.decide_call`.
    n_rotations
        Random rotations of each side.
    """
    found = _measure_all(data)
    p_disease, p_drug = _rotate(data, found, n_rotations)
    rows: list[Row] = []
    for profile in data.disease[TOTAL].profiles:
        for drug, scope in _drugs_and_scopes(data):
            total = _evidence(data, found, p_disease, p_drug, (profile.name, drug.name, scope, TOTAL))
            call, reason = decide_call(total, margin)
            rows.append(_row(data, profile.name, drug, scope, TOTAL, total, call, reason))
            if total.adjusted is not None:
                adjusted = _evidence(data, found, p_disease, p_drug, (profile.name, drug.name, scope, ADJUSTED))
                words = f"{data.adjustment[profile.name]}; the call is that of the total row"
                rows.append(_row(data, profile.name, drug, scope, ADJUSTED, adjusted, call, words))
    return rows


def primary_row(rows: Sequence[Row], data: BridgeData, scope: str, gene_set: str) -> Row | None:
    """Return the row that carries the bridge's call.

    Parameters
    ----------
    rows
        All rows of the bridge.
    data
        Its profiles.
    scope, gene_set
        Scope of the call, and its set where the scope is one set's genes.
    """
    for row in rows:
        same = (row.disease, row.drug, row.scope.scope, row.estimand) == (
            data.disease[TOTAL].whole.name,
            data.drug.whole.name,
            scope,
            TOTAL,
        )
        if same and (scope == "all" or row.scope.gene_set == gene_set):
            return row
    return None


def _drugs_and_scopes(data: BridgeData) -> list[tuple[Profile | FrozenProfile, Scope]]:
    entries: list[tuple[Profile | FrozenProfile, Scope]] = []
    n_genes = len(data.genes)
    for drug in data.drug.profiles:
        everything = np.ones(n_genes, dtype=bool)
        entries.append((drug, Scope("all", "", everything, f"all {n_genes} shared genes")))
        for name, members in data.target_sets.items():
            entries.append((drug, Scope("target", name, members, f"the {members.sum()} shared genes of {name}")))
        entries.append((drug, _responsive(drug)))
    for name, derived, weights in data.derived:
        chosen = weights != 0
        words = f"the {chosen.sum()} shared genes of {name}"
        p_drug = float("nan") if derived.p_confirmed is None else derived.p_confirmed
        frozen = FrozenProfile("+".join(derived.facts["from"]), weights)
        entries.append((frozen, Scope("derived", name, chosen, words, frozen=frozen, p_drug=p_drug)))
    return entries


def _responsive(drug: Profile) -> Scope:
    size = np.abs(drug.deviates)
    chosen = benjamini_hochberg(two_sided_p(drug.deviates, np.inf)) <= RESPONSIVE_FDR
    # Just below the smallest chosen one, so that single precision does not move it across.
    cutoff = float(size[chosen].min()) * (1 - 1e-6) if chosen.any() else float("inf")
    words = f"the {chosen.sum()} shared genes that respond to the drug (FDR {RESPONSIVE_FDR:g})"
    return Scope("drug_responsive", "", chosen, words, cutoff=cutoff)


def _key(disease: str, drug: str, scope: Scope, estimand: str) -> Key:
    return disease, drug, scope.scope, scope.gene_set, estimand


def _measure_all(data: BridgeData) -> dict[Key, Concordance | None]:
    return {
        _key(disease.name, drug.name, scope, estimand): measure_concordance_of(drug, disease, scope.chosen)
        for estimand, side in data.disease.items()
        for disease in side.profiles
        for drug, scope in _drugs_and_scopes(data)
    }


def _rotate(
    data: BridgeData, found: Mapping[Key, Concordance | None], n_rotations: int
) -> tuple[dict[Key, float], dict[Key, float]]:
    """Return the p-values of the disease sides, and of the drug side."""
    entries = _drugs_and_scopes(data)
    p_disease: dict[Key, float] = {}
    of_drug: dict[str, dict[Key, Question]] = {drug.name: {} for drug in data.drug.profiles}
    for estimand, side in data.disease.items():
        of_disease: dict[str, dict[Key, Question]] = {}
        for disease in side.profiles:
            asked = of_disease.setdefault(disease.name, {})
            for drug, scope in entries:
                key = _key(disease.name, drug.name, scope, estimand)
                concordance = found[key]
                if concordance is None:
                    continue
                asked[key] = Question(np.where(scope.chosen, drug.deviates, 0.0), concordance.product)
                if scope.frozen is None:
                    # Genes chosen because they respond are chosen again in every rotation of the drug.
                    weights = disease.deviates if scope.cutoff else np.where(scope.chosen, disease.deviates, 0.0)
                    of_drug[drug.name][key] = Question(weights, concordance.product, scope.cutoff)
        for answers in rotation_p_values(side, of_disease, n_rotations).values():
            p_disease |= answers
    p_drug: dict[Key, float] = {}
    for answers in rotation_p_values(data.drug, of_drug, n_rotations).values():
        p_drug |= answers
    return p_disease, p_drug


def _evidence(
    data: BridgeData,
    found: Mapping[Key, Concordance | None],
    p_disease: Mapping[Key, float],
    p_drug: Mapping[Key, float],
    where: tuple[str, str, Scope, str],
) -> Evidence:
    disease, drug, scope, estimand = where
    key = _key(disease, drug, scope, estimand)
    profile: Profile | FrozenProfile = scope.frozen or data.drug.profile(drug)
    against = data.disease[estimand].profile(disease)
    nan = float("nan")
    if found[key] is None:
        place = Place(None, [], [], np.zeros(0))
    else:
        place = place_among(profile.deviates, against.deviates, scope.chosen, data.comparators)
    return Evidence(
        total=found[key],
        p_disease=p_disease.get(key, nan),
        p_drug=scope.p_drug if scope.frozen is not None else p_drug.get(key, nan),
        place=place,
        adjusted=found.get(_key(disease, drug, scope, ADJUSTED)),
        not_adjusted=data.adjustment[disease],
    )


def _row(
    data: BridgeData,
    disease: str,
    drug: Profile | FrozenProfile,
    scope: Scope,
    estimand: str,
    evidence: Evidence,
    call: Call,
    reason: str,
) -> Row:
    against = data.disease[estimand].profile(disease)
    shares = np.where(scope.chosen, drug.deviates * against.deviates, 0.0)
    leading = leading_genes(data.genes, shares, N_LEADING) if evidence.total is not None else []
    return Row(disease, drug.name, scope, estimand, evidence, call, reason, leading)


def leading_genes(genes: Sequence[str], shares: Array, most: int) -> list[str]:
    """Return the genes that carry Σ x·y: the largest shares with its sign.

    Parameters
    ----------
    genes
        Gene symbols.
    shares
        x·y, one per gene.
    most
        Most genes to return.
    """
    signed = shares * (1.0 if shares.sum() >= 0 else -1.0)
    order = np.lexsort((np.array(genes), -signed))[:most]
    return [genes[row] for row in order if signed[row] > 0]


def plotted_profile(data: BridgeData, chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the points of the scatter plot: the leading genes, and a thinned rest."""
    drug, disease = data.drug.whole.deviates, data.disease[TOTAL].whole.deviates
    order = np.lexsort((np.array(data.genes), -np.abs(drug * disease), ~chosen))
    leading = order[: N_PLOTTED // 2]
    rest = np.sort(order[N_PLOTTED // 2 :])
    step = max(1, -(-len(rest) // (N_PLOTTED - len(leading))))
    rows = np.sort(np.concatenate([leading, rest[::step]]))
    return {
        "genes": [data.genes[row] for row in rows],
        "drug": [round(float(value), 4) for value in drug[rows]],
        "disease": [round(float(value), 4) for value in disease[rows]],
        "in_set": [bool(value) for value in chosen[rows]],
        "n_total": len(data.genes),
    }


def sentence_of(row: Row, margin: float) -> str:
    """Return the sentence of a row."""
    return call_sentence(row.call, row.reason, row.evidence, row.scope.words, margin)

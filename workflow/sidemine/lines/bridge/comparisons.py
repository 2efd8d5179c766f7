"""All comparisons of one bridge: every pair of drug and disease profiles, on all scopes, with both estimands."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sidemine.lines.bridge.call import Evidence, call_sentence, decide_call
from sidemine.lines.bridge.comparators import NOWHERE, Comparators, place_among
from sidemine.lines.bridge.profiles import FrozenProfile, Profile, Side
from sidemine.lines.bridge.record import Call, ConcordanceRow, PlottedProfile
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.bridge.statistic import NOT_MEASURED, ConcordanceEstimate, measure_concordance_of, noise_spread
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.lines.bridge.record import DerivedSet

    Array = NDArray[np.float64]
    Key = tuple[str, str, int]
    """Estimand, disease profile, and the place of drug profile and scope in `drugs_and_scopes`."""

RESPONSIVE_FDR = 0.05
"""False discovery rate of the responsive genes."""
N_LEADING = 20
N_PLOTTED = 400
TOTAL, ADJUSTED = "total", "adjusted"


@dataclass(frozen=True)
class Scope:
    """Genes of one comparison.

    Attributes
    ----------
    scope
        all, target, responsive or derived.
    gene_set
        Id of the set; empty where there is none.
    chosen
        Which shared genes.
    words
        The genes in words.
    cutoff
        Responsive genes: the deviate beyond which a gene is chosen.
    p_drug
        Derived sets, whose weights stand for the drug: p of their confirmation. None: the drug is rotated.
    confirmed_in
        Contrasts that this p comes from.
    """

    scope: str
    gene_set: str
    chosen: NDArray[np.bool_]
    words: str
    cutoff: float = 0.0
    p_drug: float | None = None
    confirmed_in: Sequence[str] = ()


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
        Derived sets by the name of their scope, with their weights on the shared genes.
    comparators
        On the shared genes.
    wells
        Contrasts of the two sides, and those that confirm derived sets, whose samples are wells of one culture.
    """

    genes: Sequence[str]
    drug: Side
    disease: Mapping[str, Side]
    adjustment: Mapping[str, str]
    target_sets: Mapping[str, NDArray[np.bool_]]
    derived: Sequence[tuple[str, DerivedSet, Array]]
    comparators: Comparators
    wells: Collection[str] = ()

    @cached_property
    def noise_spread(self) -> float:
        """How far the mean square of a profile without any effect scatters (`statistic.noise_spread`, of the disease)."""
        return noise_spread(self.disease[TOTAL].whole)


@dataclass(frozen=True)
class Comparison:
    """One row of the table, with the parts that the record needs."""

    disease: str
    drug: str
    scope: Scope
    estimand: str
    evidence: Evidence
    call: Call
    reason: str
    leading: list[str]

    def sentence(self, expected: str) -> str:
        """Return what the comparison says, in words; `expected` is the relation that was declared."""
        return call_sentence(self.call, self.reason, self.evidence, self.scope.words, expected)

    def row(self, bridge: str, n_rotations: int, seed: int) -> ConcordanceRow:
        """Return the comparison as a row of the table; a number that is not known is None.

        Parameters
        ----------
        bridge
            Id of the bridge.
        n_rotations, seed
            Of the rotations.
        """
        evidence, total = self.evidence, self.evidence.total or NOT_MEASURED
        return ConcordanceRow(
            bridge=bridge,
            disease_contrast=self.disease,
            drug_contrast=self.drug,
            scope=self.scope.scope,
            gene_set=self.scope.gene_set,
            estimand=self.estimand,
            n_genes=int(self.scope.chosen.sum()),
            n_comparators=evidence.place.n,
            n_comparator_genes=evidence.place.n_genes,
            call=self.call,
            reason=self.reason,
            n_rotations=n_rotations,
            seed=seed,
            leading_genes=",".join(self.leading),
            concordance=_known(total.value),
            se=_known(total.se),
            ci_low=_known(total.ci_low),
            ci_high=_known(total.ci_high),
            p_disease_rotated=_known(evidence.p_disease),
            p_drug_rotated=_known(evidence.p_drug),
            p_value=_known(evidence.p_value) if evidence.total else None,
            percentile_comparators=evidence.place.percentile,
            margin=evidence.place.margin,
            reliability_disease=_known(total.reliability_disease),
            reliability_drug=_known(total.reliability_drug),
            corrected_ci_low=_known(total.corrected_ci_low),
            corrected_ci_high=_known(total.corrected_ci_high),
        )


def measure_rows(data: BridgeData, n_rotations: int) -> list[Comparison]:
    """Measure all comparisons of a bridge.

    Parameters
    ----------
    data
        Profiles, scopes and comparators on the shared genes.
    n_rotations
        Rotations of each side.

    Returns
    -------
    list of Comparison
        Disease profiles × drug profiles × scopes × estimands, in that order.
    """
    drugs = _drugs_and_scopes(data)
    estimates: dict[Key, ConcordanceEstimate | None] = {
        (estimand, disease.name, place): measure_concordance_of(drug, disease, scope.chosen)
        for estimand, side in data.disease.items()
        for disease in side.profiles
        for place, (drug, scope) in enumerate(drugs)
    }
    p_disease, p_drug = _rotate(data, drugs, estimates, n_rotations)

    def parts_of(profile: Profile | FrozenProfile) -> list[str]:
        return [part.name for part in profile.parts]

    def comparison(key: Key, call: tuple[Call, str] | None = None) -> Comparison:
        estimand, name, place = key
        (drug, scope), disease = drugs[place], data.disease[estimand].profile(name)
        total, nan = estimates[key], float("nan")
        evidence = Evidence(
            total=total,
            p_disease=p_disease.get(key, nan),
            p_drug=p_drug.get(key, nan) if scope.p_drug is None else scope.p_drug,
            place=place_among(drug, disease.deviates, scope.chosen, data.comparators, spread=data.noise_spread)
            if total
            else NOWHERE,
            adjusted=estimates.get((ADJUSTED, name, place)),
            not_adjusted=data.adjustment[name],
            wells=[part for part in (*parts_of(drug), *scope.confirmed_in, *parts_of(disease)) if part in data.wells],
        )
        shares = np.where(scope.chosen, drug.deviates * disease.deviates, 0.0)
        leading = leading_genes(data.genes, shares, N_LEADING) if total else []
        made, reason = call or decide_call(evidence)
        return Comparison(name, drug.name, scope, estimand, evidence, made, reason, leading)

    rows: list[Comparison] = []
    for disease in data.disease[TOTAL].profiles:
        for place in range(len(drugs)):
            rows.append(comparison((TOTAL, disease.name, place)))
            if rows[-1].evidence.adjusted is not None:
                reason = f"{data.adjustment[disease.name]}; the call is that of the total row"
                rows.append(comparison((ADJUSTED, disease.name, place), (rows[-1].call, reason)))
    return rows


def primary_comparison(rows: Sequence[Comparison], data: BridgeData, scope: str, gene_set: str) -> Comparison | None:
    """Return the comparison that carries the bridge's call: both whole sides on the declared scope; None: not measured.

    Parameters
    ----------
    rows, data
        What was measured, and on which data.
    scope, gene_set
        The declared scope, and its set where it has one.
    """
    whole = (data.disease[TOTAL].whole.name, data.drug.whole.name, scope, TOTAL)
    for row in rows:
        if (row.disease, row.drug, row.scope.scope, row.estimand) == whole and row.scope.gene_set in {gene_set, ""}:
            return row
    return None


def _drugs_and_scopes(data: BridgeData) -> list[tuple[Profile | FrozenProfile, Scope]]:
    entries: list[tuple[Profile | FrozenProfile, Scope]] = []
    n_genes = len(data.genes)
    for drug in data.drug.profiles:
        entries.append((drug, Scope("all", "", np.ones(n_genes, dtype=bool), f"all {n_genes} shared genes")))
        for name, members in data.target_sets.items():
            entries.append((drug, Scope("target", name, members, f"the {members.sum()} shared genes of {name}")))
        entries.append((drug, _responsive(drug)))
    for name, derived, weights in data.derived:
        chosen = weights != 0
        words = f"the {chosen.sum()} shared genes of {name}"
        frozen = FrozenProfile("+".join(derived.derived_from), weights, data.drug.whole.effect_square)
        scope = Scope("derived", name, chosen, words, p_drug=derived.p_confirmed, confirmed_in=derived.confirm)
        entries.append((frozen, scope))
    return entries


def _responsive(drug: Profile) -> Scope:
    size = np.abs(drug.deviates)
    chosen = benjamini_hochberg(two_sided_p(drug.deviates, np.inf)) <= RESPONSIVE_FDR
    # Just below the smallest chosen one, so that single precision does not move it across.
    cutoff = float(size[chosen].min()) * (1 - 1e-6) if chosen.any() else float("inf")
    words = f"the {chosen.sum()} shared genes that respond to the perturbation (FDR {RESPONSIVE_FDR:g})"
    return Scope("responsive", "", chosen, words, cutoff=cutoff)


def _rotate(
    data: BridgeData,
    drugs: Sequence[tuple[Profile | FrozenProfile, Scope]],
    estimates: Mapping[Key, ConcordanceEstimate | None],
    n_rotations: int,
) -> tuple[dict[Key, float], dict[Key, float]]:
    """Return the p-values of the disease sides, and of the drug side."""
    p_disease: dict[Key, float] = {}
    of_drug: dict[str, dict[Key, Question]] = {drug.name: {} for drug in data.drug.profiles}
    for estimand, side in data.disease.items():
        of_disease: dict[str, dict[Key, Question]] = {disease.name: {} for disease in side.profiles}
        for disease in side.profiles:
            for place, (drug, scope) in enumerate(drugs):
                key = (estimand, disease.name, place)
                concordance = estimates[key]
                if concordance is None:
                    continue
                of_disease[disease.name][key] = Question(
                    np.where(scope.chosen, drug.deviates, 0.0), concordance.product
                )
                if scope.p_drug is None:
                    # Genes chosen because they respond are chosen again in every rotation of the drug.
                    weights = disease.deviates if scope.cutoff else np.where(scope.chosen, disease.deviates, 0.0)
                    of_drug[drug.name][key] = Question(weights, concordance.product, scope.cutoff)
        for answers in rotation_p_values(side, of_disease, n_rotations).values():
            p_disease |= answers
    p_drug: dict[Key, float] = {}
    for answers in rotation_p_values(data.drug, of_drug, n_rotations).values():
        p_drug |= answers
    return p_disease, p_drug


def leading_genes(genes: Sequence[str], shares: Array, most: int) -> list[str]:
    """Return the genes that carry Σ x·y: the largest shares with its sign.

    Parameters
    ----------
    genes, shares
        Genes, and x·y of each.
    most
        How many are returned at most.
    """
    signed = shares * (1.0 if shares.sum() >= 0 else -1.0)
    order = np.lexsort((np.array(genes), -signed))[:most]
    return [genes[row] for row in order if signed[row] > 0]


def plotted_profile(data: BridgeData, chosen: NDArray[np.bool_]) -> PlottedProfile:
    """Return the points of the scatter plot: the leading genes of the chosen ones, and a thinned rest."""
    drug, disease = data.drug.whole.deviates, data.disease[TOTAL].whole.deviates
    order = np.lexsort((np.array(data.genes), -np.abs(drug * disease), ~chosen))
    leading = order[: N_PLOTTED // 2]
    rest = np.sort(order[N_PLOTTED // 2 :])
    step = max(1, -(-len(rest) // (N_PLOTTED - len(leading))))
    rows = np.sort(np.concatenate([leading, rest[::step]]))
    return PlottedProfile(
        genes=[data.genes[row] for row in rows],
        drug=[round(float(value), 4) for value in drug[rows]],
        disease=[round(float(value), 4) for value in disease[rows]],
        in_set=[bool(value) for value in chosen[rows]],
        n_total=len(data.genes),
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""The study's bridges and interactions: `concordance.tsv` and `concordance.json`.

For each bridge the contrasts that share samples are refused, the others are brought onto their shared genes, measured,
rotated on both sides, compared with other perturbations and with the composition-adjusted profile, and called.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.considerations.composition.cell_proxies import find_contaminated, read_markers
from sidemine.lines.bridge.comparators import gather_comparators
from sidemine.lines.bridge.contrasts import ContrastSource, adjusted_fits, independent_of, shared_reason
from sidemine.lines.bridge.derived_sets import DerivedSet, derive_set, not_derived, overlaps
from sidemine.lines.bridge.measure import (
    ADJUSTED,
    TOTAL,
    BridgeData,
    Row,
    measure_rows,
    plotted_profile,
    primary_row,
    sentence_of,
)
from sidemine.lines.bridge.profiles import build_side
from sidemine.lines.bridge.table import CONCORDANCE
from sidemine.lines.interaction.measure import measure_interaction
from sidemine.tables import empty_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.projections import BridgeToMeasure, ConcordanceToMeasure


@dataclass(frozen=True)
class ConcordanceInputs:
    """What earlier stages found.

    Attributes
    ----------
    sources
        Every contrast that a bridge or interaction names, and the stimulus contrasts in blood.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    markers
        Marker files of the blood cells.
    signatures
        Comparator signatures by bridge, where one declares them.
    """

    sources: Mapping[str, ContrastSource]
    gene_sets: pd.DataFrame
    markers: Sequence[Path]
    signatures: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def measure_concordance(
    declared: ConcordanceToMeasure, inputs: ConcordanceInputs, *, n_rotations: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Measure all bridges and interactions.

    Parameters
    ----------
    declared
        As declared before any result was seen.
    inputs
        What earlier stages found.
    n_rotations, seed
        Of all rotations; the study's settings.

    Returns
    -------
    table
        As `table.CONCORDANCE` describes.
    record
        JSON-ready: bridges and interactions.
    """
    import pandas as pd

    markers = read_markers(inputs.markers, inputs.gene_sets)
    stimuli = {
        name: source.fit
        for name, source in inputs.sources.items()
        if source.is_blood and source.is_stimulus and source.fit is not None
    }
    contaminated = find_contaminated(markers, stimuli)
    rows: list[dict[str, Any]] = []
    bridges = []
    for bridge in declared.bridges:
        made, record = _Measurement(bridge, inputs, markers, contaminated, n_rotations, seed).measure()
        rows += made
        bridges.append(record)
    interactions = [entry for one in declared.interactions for entry in _interaction(one, inputs)]
    table = pd.DataFrame(rows, columns=CONCORDANCE.names) if rows else empty_table(CONCORDANCE)
    return table, {"bridges": bridges, "interactions": interactions}


def _interaction(one: Any, inputs: ConcordanceInputs) -> list[dict[str, Any]]:
    fits = _testable(one.contrasts, inputs.sources)
    return measure_interaction(one, fits, independent_of(list(fits), inputs.sources, "cohort"), inputs.gene_sets)


def _testable(names: Sequence[str], sources: Mapping[str, ContrastSource]) -> dict[str, ContrastFit]:
    return {name: fit for name in names if (fit := sources[name].fit) is not None}


@dataclass
class _Measurement:
    """One bridge on its way from contrasts to rows."""

    bridge: BridgeToMeasure
    inputs: ConcordanceInputs
    markers: Mapping[str, list[str]]
    contaminated: Mapping[str, str]
    n_rotations: int
    seed: int
    left_out: list[dict[str, str]] = field(default_factory=list)

    def measure(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the bridge's rows of the table, and its record."""
        drugs, diseases, refused = self._independent()
        rows = [self._refused_row(*entry) for entry in refused]
        if not drugs or not diseases:
            reason = refused[0][2] if refused else "no contrast of one side could be tested"
            return rows, self._record(rows, None, None, [], "refused" if refused else "undetermined", reason)
        data, derived = self._data(drugs, diseases)
        measured = measure_rows(data, self.bridge.margin, self.n_rotations)
        rows += [self._plain(row) for row in measured]
        primary = primary_row(measured, data, self.bridge.scope, self.bridge.sets[0])
        reason = "" if primary else f"{self.bridge.sets[0]} has no measured genes"
        return rows, self._record(rows, data, primary, derived, "undetermined", reason)

    def _independent(self) -> tuple[dict[str, ContrastFit], dict[str, ContrastFit], list[tuple[str, str, str]]]:
        """Return the drug and disease fits that share nothing, and the refused pairs with the reason."""
        sources = self.inputs.sources
        drugs, diseases = _testable(self.bridge.drug, sources), _testable(self.bridge.disease, sources)
        for name in (*self.bridge.drug, *self.bridge.disease):
            if name not in drugs and name not in diseases:
                self._leave_out(name, "could not be tested")
        refused = [
            (disease, drug, f"{drug} {reason}")
            for disease in diseases
            for drug in drugs
            if (reason := shared_reason(disease, drug, sources))
        ]
        for _, drug, reason in refused:
            self._leave_out(drug, f"drug profile refused: it {reason.removeprefix(drug + ' ')}")
        clean = {name: fit for name, fit in drugs.items() if name not in {drug for _, drug, _ in refused}}
        return clean, diseases, refused

    def _leave_out(self, name: str, reason: str) -> None:
        if {"name": name, "reason": reason} not in self.left_out:
            self.left_out.append({"name": name, "reason": reason})

    def _poolable(self, fits: Mapping[str, ContrastFit], kind: str) -> list[str]:
        dependent = independent_of(list(fits), self.inputs.sources, kind)
        for name, reason in dependent:
            self._leave_out(name, f"not in the pooled profile: it {reason}")
        return [name for name in fits if name not in {name for name, _ in dependent}]

    def _data(
        self, drugs: dict[str, ContrastFit], diseases: dict[str, ContrastFit]
    ) -> tuple[BridgeData, list[DerivedSet]]:
        gene_sets, bridge = self.inputs.gene_sets, self.bridge
        genes = sorted(set.intersection(*(set(fit.genes) for fit in (*drugs.values(), *diseases.values()))))
        pooled = self._poolable(diseases, "cohort")
        targets = gene_sets[gene_sets["gene_set"] == bridge.sets[0]]
        adjusted, words = adjusted_fits(diseases, self.inputs.sources, targets, self.markers, self.contaminated)
        sides = {TOTAL: build_side(diseases, genes, pooled, seed=self.seed, what=TOTAL)}
        whole = pooled if all(name in adjusted for name in pooled) else []
        sides[ADJUSTED] = build_side(adjusted, genes, whole, seed=self.seed, what=ADJUSTED)
        words["pooled"] = "; ".join(f"{name}: {words[name]}" for name in pooled)
        members = {
            name: np.isin(genes, gene_sets.loc[gene_sets["gene_set"] == name, "gene"].to_numpy(dtype=str))
            for name in bridge.sets
            if name in set(gene_sets["gene_set"])
        }
        derived = [self._derived([*diseases])] if bridge.derive else []
        data = BridgeData(
            genes=genes,
            drug=build_side(drugs, genes, self._poolable(drugs, "experiment"), seed=self.seed, what="drug"),
            disease=sides,
            adjustment=words,
            target_sets=members,
            derived=self._weights(derived, genes),
            comparators=gather_comparators(
                self._comparators([*drugs, *diseases]), self.inputs.signatures.get(bridge.id), genes
            ),
        )
        return data, derived

    def _comparators(self, used: Sequence[str]) -> dict[str, ContrastFit]:
        sources, kept = self.inputs.sources, {}
        for name, fit in _testable(self.bridge.comparators, sources).items():
            shared = [other for other in used if _share_units(name, other, sources)]
            if shared:
                self._leave_out(name, f"no comparator: it shares samples or units with {', '.join(shared)}")
            else:
                kept[name] = fit
        for name in self.bridge.comparators:
            if sources[name].fit is None:
                self._leave_out(name, "could not be tested")
        return kept

    def _derived(self, diseases: Sequence[str]) -> DerivedSet:
        rule, sources = self.bridge.derive, self.inputs.sources
        name = f"{self.bridge.id}_derived"
        if rule is None:
            return not_derived(name, "not declared")
        found, confirmed = _testable(rule.derived_from, sources), _testable(rule.confirm, sources)
        if not found or not confirmed:
            return not_derived(name, "a contrast it needs could not be tested")
        for one in found:
            for other in [*confirmed, *diseases]:
                if reason := shared_reason(other, one, sources):
                    return not_derived(name, f"refused: {one} {reason}")
        for one in confirmed:
            for other in diseases:
                if reason := shared_reason(other, one, sources):
                    return not_derived(name, f"refused: {one} {reason}")
        for fits in (found, confirmed):
            for dependent, _ in independent_of(list(fits), sources, "experiment"):
                del fits[dependent]
        return derive_set(name, rule, found, confirmed, n_rotations=self.n_rotations, seed=self.seed)

    def _weights(self, derived: Sequence[DerivedSet], genes: Sequence[str]) -> list[tuple[str, DerivedSet, Any]]:
        gene_sets = self.inputs.gene_sets
        known = frozenset(gene_sets.loc[gene_sets["gene_set"].isin(self.bridge.sets), "gene"])
        entries = []
        for one in derived:
            if one.weights:
                entries.append((one.name, one, one.on(genes)))
                entries.append((f"{one.name} without the target sets", one, one.on(genes, without=known)))
        return entries

    def _plain(self, row: Row) -> dict[str, Any]:
        found, evidence = row.evidence.total, row.evidence
        nan = float("nan")
        names = ("value", "se", "ci_low", "ci_high", "reliability_disease", "reliability_drug")
        numbers = {name: getattr(found, name) if found else nan for name in names}
        corrected = {
            name: getattr(found, name) if found and math.isfinite(getattr(found, name)) else nan
            for name in ("corrected_ci_low", "corrected_ci_high")
        }
        place = evidence.place.percentile
        return {
            "bridge": self.bridge.id,
            "disease_contrast": row.disease,
            "drug_contrast": row.drug,
            "scope": row.scope.scope,
            "gene_set": row.scope.gene_set,
            "estimand": row.estimand,
            "n_genes": int(row.scope.chosen.sum()),
            "concordance": numbers.pop("value"),
            **numbers,
            **corrected,
            "margin": self.bridge.margin,
            "p_disease_rotated": evidence.p_disease,
            "p_drug_rotated": evidence.p_drug,
            "p_value": evidence.p_value if found else nan,
            "percentile_comparators": nan if place is None else place,
            "n_comparators": len(evidence.place.names),
            "call": row.call,
            "reason": row.reason,
            "n_rotations": self.n_rotations,
            "seed": self.seed,
            "leading_genes": ",".join(row.leading),
        }

    def _refused_row(self, disease: str, drug: str, reason: str) -> dict[str, Any]:
        empty = {column.name: float("nan") for column in CONCORDANCE.columns if column.kind == "number"}
        return empty | {
            "bridge": self.bridge.id,
            "disease_contrast": disease,
            "drug_contrast": drug,
            "scope": self.bridge.scope,
            "gene_set": self.bridge.sets[0] if self.bridge.scope == "target" else "",
            "estimand": TOTAL,
            "n_genes": 0,
            "margin": self.bridge.margin,
            "n_comparators": 0,
            "call": "refused",
            "reason": reason,
            "n_rotations": 0,
            "seed": self.seed,
            "leading_genes": "",
        }

    def _record(
        self,
        rows: Sequence[Mapping[str, Any]],
        data: BridgeData | None,
        primary: Row | None,
        derived: Sequence[DerivedSet],
        call: str,
        reason: str,
    ) -> dict[str, Any]:
        bridge = self.bridge
        record: dict[str, Any] = {
            "bridge": bridge.id,
            "drug": bridge.drug,
            "disease": bridge.disease,
            "margin": bridge.margin,
            "rows": [{key: _json_value(value) for key, value in row.items()} for row in rows],
            "call": primary.call if primary else call,
            "sentence": sentence_of(primary, bridge.margin) if primary else f"Not compared: {reason}.",
            "primary": None,
            "comparators": [],
            "left_out": self.left_out,
            "derived_sets": [
                {**one.facts, "overlaps": overlaps(one, bridge.sets, self.inputs.gene_sets)} for one in derived
            ],
            "profile": None,
        }
        if primary is None or data is None:
            return record
        place = primary.evidence.place
        record["primary"] = {
            "disease_contrast": primary.disease,
            "drug_contrast": primary.drug,
            "scope": primary.scope.scope,
            "gene_set": primary.scope.gene_set,
        }
        record["comparators"] = [
            {"name": name, "kind": kind, "concordance": float(value)}
            for name, kind, value in zip(place.names, place.kinds, place.concordances, strict=True)
        ]
        record["profile"] = plotted_profile(data, primary.scope.chosen)
        return record


def _share_units(one: str, other: str, sources: Mapping[str, ContrastSource]) -> bool:
    return bool(sources[one].units & sources[other].units)


def _json_value(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

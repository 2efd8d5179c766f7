"""The study's bridges, and the differences between subgroups: what `concordance.tsv` and `concordance.json` hold.

For each bridge the contrasts that share samples are refused, the others are brought onto their shared genes, measured,
rotated on both sides, compared with other perturbations and with the composition-adjusted profile, and called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.cell_proxies import find_contaminated
from sidemine.enrichment.gene_set_table import genes_of_set
from sidemine.lines.bridge.comparators import gather_comparators
from sidemine.lines.bridge.comparisons import (
    ADJUSTED,
    TOTAL,
    BridgeData,
    Comparison,
    measure_rows,
    plotted_profile,
    primary_comparison,
)
from sidemine.lines.bridge.contrasts import (
    ContrastSource,
    adjusted_fits,
    find_dependent,
    shared_reason,
    testable_fits,
)
from sidemine.lines.bridge.derived_sets import derive_set, find_overlaps, weights_on
from sidemine.lines.bridge.library import SignatureLibrary, judge_library
from sidemine.lines.bridge.profiles import build_side
from sidemine.lines.bridge.record import (
    Call,
    ComparatorConcordance,
    ConcordanceOfStudy,
    ConcordanceRow,
    DerivedSet,
    JudgedLibrary,
    LeftOut,
    MeasuredBridge,
    pair_of,
)
from sidemine.lines.interaction.measure import measure_interaction
from sidemine.lines.interaction.record import POOLED

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.bridge.specification import BridgeToMeasure, ConcordanceToMeasure
    from sidemine.study.markers import Panels


@dataclass(frozen=True)
class ConcordanceInputs:
    """What earlier stages found.

    Attributes
    ----------
    sources
        Every contrast that a bridge or interaction names, and the stimulus contrasts of their panels.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    panels
        Marker genes by panel and cell type, without genes of target and member sets.
    signatures
        Libraries of comparator signatures by bridge, where one declares them.
    n_rotations, seed
        Of all rotations; the study's settings.
    """

    sources: Mapping[str, ContrastSource]
    gene_sets: pd.DataFrame
    panels: Panels
    signatures: Mapping[str, SignatureLibrary]
    n_rotations: int
    seed: int

    @cached_property
    def contaminated(self) -> dict[str, dict[str, str]]:
        """By panel: cell types whose markers move in stimulated samples, each with the evidence."""
        stimuli = {name: source.panel for name, source in self.sources.items() if source.is_stimulus}
        return {
            panel: find_contaminated(
                markers, testable_fits([name for name, own in stimuli.items() if own == panel], self.sources)
            )
            for panel, markers in self.panels.items()
        }


def measure_concordance(declared: ConcordanceToMeasure, inputs: ConcordanceInputs) -> ConcordanceOfStudy:
    """Measure all bridges and interactions.

    Parameters
    ----------
    declared
        As declared before any result was seen.
    inputs
        What earlier stages found.

    Returns
    -------
    ConcordanceOfStudy
        Bridges and interactions in declared order; a positive concordance: drug and disease have the same sign.
    """
    interactions = []
    for interaction in declared.interactions:
        fits = testable_fits(interaction.contrasts, inputs.sources)
        dependent = find_dependent(list(fits), inputs.sources, "cohort")
        interactions += measure_interaction(interaction, fits, dependent, inputs.gene_sets)
    return ConcordanceOfStudy([_Measurement(bridge, inputs).measure() for bridge in declared.bridges], interactions)


@dataclass
class _Measurement:
    """One bridge on its way from contrasts to its record; what is left out is written down on the way."""

    bridge: BridgeToMeasure
    inputs: ConcordanceInputs
    left_out: list[LeftOut] = field(default_factory=list)

    @cached_property
    def library(self) -> JudgedLibrary | None:
        """What the positive control says of the comparator signatures; None where none are declared."""
        declared, signatures = self.bridge.comparator_signatures, self.inputs.signatures.get(self.bridge.id)
        if declared is None or signatures is None:
            return None
        return judge_library(signatures, declared.positive_control, self.inputs.gene_sets)

    def measure(self) -> MeasuredBridge:
        drugs, diseases, refused = self._independent()
        if not drugs or not diseases:
            reason = refused[0].reason if refused else "no contrast of one side could be tested"
            return self._record(refused, "refused" if refused else "undetermined", f"Not compared: {reason}.")
        derived = [self._derived(diseases)] if self.bridge.derive else []
        data = self._data(drugs, diseases, derived)
        rows = measure_rows(data, self.inputs.n_rotations)
        primary = primary_comparison(rows, data, self.bridge.scope, self.bridge.sets[0])
        record = self._record(
            [*refused, *(self._row(row) for row in rows)],
            "undetermined",
            f"Not compared: {self.bridge.sets[0]} has no measured genes.",
            [replace(one, overlaps=find_overlaps(one, self.bridge.sets, self.inputs.gene_sets)) for one in derived],
        )
        if primary is None:
            return record
        place = primary.evidence.place
        return replace(
            record,
            call=primary.call,
            sentence=primary.sentence(self.bridge.expected),
            primary=pair_of(self._row(primary)),
            comparators=[
                ComparatorConcordance(name, kind, float(value), bool(counts))
                for name, kind, value, counts in zip(
                    place.names, place.kinds, place.concordances, place.counts, strict=True
                )
            ],
            profile=plotted_profile(data, primary.scope.chosen),
        )

    def _record(
        self, rows: list[ConcordanceRow], call: Call, sentence: str, derived: Sequence[DerivedSet] = ()
    ) -> MeasuredBridge:
        bridge = self.bridge
        return MeasuredBridge(
            bridge=bridge.id,
            drug=bridge.drug,
            disease=bridge.disease,
            expected=bridge.expected,
            call=call,
            sentence=sentence,
            primary=None,
            rows=rows,
            comparators=[],
            left_out=self.left_out,
            derived_sets=list(derived),
            profile=None,
            library=self.library,
        )

    def _row(self, row: Comparison) -> ConcordanceRow:
        return row.row(self.bridge.id, self.inputs.n_rotations, self.inputs.seed)

    def _refused_row(self, disease: str, drug: str, reason: str) -> ConcordanceRow:
        bridge = self.bridge
        return ConcordanceRow(
            bridge=bridge.id,
            disease_contrast=disease,
            drug_contrast=drug,
            scope=bridge.scope,
            gene_set=bridge.sets[0] if bridge.scope == "target" else "",
            estimand=TOTAL,
            n_genes=0,
            n_comparators=0,
            n_comparator_genes=0,
            call="refused",
            reason=reason,
            n_rotations=0,
            seed=self.inputs.seed,
        )

    def _independent(self) -> tuple[dict[str, ContrastFit], dict[str, ContrastFit], list[ConcordanceRow]]:
        """Return the drug and disease fits that share nothing, and the rows of refused pairs."""
        sources = self.inputs.sources
        drugs, diseases = testable_fits(self.bridge.drug, sources), testable_fits(self.bridge.disease, sources)
        for name in (*self.bridge.drug, *self.bridge.disease):
            if name not in drugs and name not in diseases:
                self._leave_out(name, "could not be tested")
        refused = [
            (disease, drug, reason)
            for disease in diseases
            for drug in drugs
            if (reason := shared_reason(disease, drug, sources))
        ]
        for _, drug, reason in refused:
            self._leave_out(drug, f"profile of the perturbation refused: it {reason}")
            drugs.pop(drug, None)
        return (
            drugs,
            diseases,
            [self._refused_row(disease, drug, f"{drug} {reason}") for disease, drug, reason in refused],
        )

    def _leave_out(self, name: str, reason: str) -> None:
        if (entry := LeftOut(name, reason)) not in self.left_out:
            self.left_out.append(entry)

    def _poolable(self, fits: Mapping[str, ContrastFit], kind: str) -> list[str]:
        dependent = find_dependent(list(fits), self.inputs.sources, kind)
        for name, reason in dependent.items():
            self._leave_out(name, f"not in the pooled profile: it {reason}")
        return [name for name in fits if name not in dependent]

    def _data(
        self, drugs: Mapping[str, ContrastFit], diseases: Mapping[str, ContrastFit], derived: Sequence[DerivedSet]
    ) -> BridgeData:
        inputs, bridge = self.inputs, self.bridge
        gene_sets, seed = inputs.gene_sets, inputs.seed
        genes = sorted(set.intersection(*(set(fit.genes) for fit in (*drugs.values(), *diseases.values()))))
        pooled = self._poolable(diseases, "cohort")
        members = {name: genes_of_set(gene_sets, name) for name in bridge.sets}
        targets = gene_sets[gene_sets["gene_set"] == bridge.sets[0]]
        adjusted, words = adjusted_fits(diseases, inputs.sources, targets, inputs.panels, inputs.contaminated)
        words[POOLED] = "; ".join(f"{name}: {words[name]}" for name in pooled)
        whole = pooled if all(name in adjusted for name in pooled) else []
        known = set().union(*members.values())
        scopes = [
            (name, one, weights_on(one, genes, without))
            for one in derived
            if one.genes
            for name, without in ((one.gene_set, set()), (f"{one.gene_set} without the target sets", known))
        ]
        return BridgeData(
            genes=genes,
            drug=build_side(drugs, genes, self._poolable(drugs, "experiment"), seed=seed, what="drug"),
            disease={
                TOTAL: build_side(diseases, genes, pooled, seed=seed, what=TOTAL),
                ADJUSTED: build_side(adjusted, genes, whole, seed=seed, what=ADJUSTED),
            },
            adjustment=words,
            target_sets={name: np.isin(genes, list(found)) for name, found in members.items() if found},
            derived=scopes,
            comparators=gather_comparators(
                self._comparators([*drugs, *diseases]), self._signatures(), genes, bridge.target_pathways
            ),
            wells={
                name
                for name in (*drugs, *diseases, *(name for one in derived for name in one.confirm))
                if inputs.sources[name].of_wells
            },
        )

    def _comparators(self, used: Sequence[str]) -> dict[str, ContrastFit]:
        sources, kept = self.inputs.sources, {}
        for name, fit in testable_fits(self.bridge.comparators, sources).items():
            shared = [other for other in used if sources[name].units & sources[other].units]
            if shared:
                self._leave_out(name, f"no comparator: it shares samples or units with {', '.join(shared)}")
            else:
                kept[name] = fit
        for name in self.bridge.comparators:
            if sources[name].fit is None:
                self._leave_out(name, "could not be tested")
        return kept

    def _signatures(self) -> pd.DataFrame | None:
        """Return the signatures that may be comparators: none of a library whose positive control does not pass."""
        library, judged = self.inputs.signatures.get(self.bridge.id), self.library
        if library is None or judged is None:
            return None
        if not judged.admissible:
            self._leave_out("comparator signatures", judged.words)
            return None
        return library.others[~library.others.index.isin(self.bridge.same_pathway)]

    def _derived(self, diseases: Mapping[str, ContrastFit]) -> DerivedSet:
        """Derive the bridge's signed set, unless its experiments are not independent of one another or of the disease."""
        rule, sources, name = self.bridge.derive, self.inputs.sources, f"{self.bridge.id}_derived"
        if rule is None:
            return DerivedSet(name, reason="not declared")
        first, second = testable_fits(rule.derived_from, sources), testable_fits(rule.confirm, sources)
        if not first or not second:
            return DerivedSet(name, reason="a contrast it needs could not be tested")
        pairs = [(one, other) for one in first for other in (*second, *diseases)]
        for one, other in [*pairs, *((one, other) for one in second for other in diseases)]:
            if reason := shared_reason(other, one, sources):
                return DerivedSet(name, reason=f"refused: {one} {reason}")
        for fits in (first, second):
            for dependent in find_dependent(list(fits), sources, "experiment"):
                del fits[dependent]
        return derive_set(name, rule, first, second, n_rotations=self.inputs.n_rotations, seed=self.inputs.seed)

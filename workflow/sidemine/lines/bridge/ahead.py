"""What a bridge can say at most, told before a run: coverage of the signatures on its sets, and how many comparators there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.considerations.specificity.measure import FEWEST_COMPARATORS
from sidemine.enrichment.gene_set_table import genes_of_set
from sidemine.lines.bridge.comparators import units_of
from sidemine.lines.bridge.library import SignatureLibrary, judge_library
from sidemine.lines.bridge.statistic import FEWEST_GENES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from sidemine.lines.bridge.specification import BridgeToMeasure


def bridge_notes(
    bridge: BridgeToMeasure,
    library: SignatureLibrary | None,
    gene_sets: pd.DataFrame | None,
    measured: Mapping[str, Collection[str]] | None = None,
) -> list[str]:
    """Return what is known of a bridge before the run.

    Parameters
    ----------
    bridge
        As declared.
    library
        Its comparator signatures; None where it declares none, or they are not here yet.
    gene_sets
        As `gene_set_table.GENE_SETS` describes; None where the files of the sets are not here yet.
    measured
        By contrast the genes that its dataset measures, as far as that is known.

    Returns
    -------
    list of str
        Coverage of each set, the positive control, and whether `mimics`, `opposes` and `no resemblance` are possible: at
        most, since a run may leave out contrasts that share samples or cannot be tested.
    """
    declared = bridge.comparator_signatures
    notes: list[str] = []
    signatures: list[str] = []
    if declared is not None and (library is None or gene_sets is None):
        return ["its signatures or its sets are not here yet: how many genes they measure is told by the run"]
    if declared is not None and library is not None and gene_sets is not None:
        n = len(library.others)
        counts = {}
        for name in bridge.sets:
            genes = genes_of_set(gene_sets, name)
            counts[name] = len(genes.intersection(library.others.columns))
            lost = f": fewer than {FEWEST_GENES}, so all of them drop out" if counts[name] < FEWEST_GENES else ""
            notes.append(f"its {n:,} signatures measure {counts[name]} of {len(genes)} genes of {name}{lost}")
        judged = judge_library(library, declared.positive_control, gene_sets)
        notes.append(f"comparator signatures: {judged.words}")
        carried = counts[bridge.sets[0]] if bridge.scope == "target" else len(library.others.columns)
        if judged.admissible and carried >= FEWEST_GENES:
            signatures = [str(name) for name in library.others.index if name not in bridge.same_pathway]
    comparators = bridge.comparators
    if measured and gene_sets is not None:
        genes = genes_of_set(gene_sets, bridge.sets[0])
        found = {name: len(genes.intersection(measured[name])) for name in _contrasts(bridge) if name in measured}
        listed = ", ".join(f"{name} {n}" for name, n in found.items())
        notes.append(f"of {len(genes)} genes of {bridge.sets[0]} its contrasts measure: {listed}")
        if bridge.scope == "target":
            shared = genes.intersection(
                *(measured[name] for name in (*bridge.drug, *bridge.disease) if name in measured)
            )
            comparators = [
                name
                for name in comparators
                if name not in measured or len(shared.intersection(measured[name])) >= FEWEST_GENES
            ]
    most = len(set(units_of(comparators, signatures, bridge.target_pathways)))
    if most < FEWEST_COMPARATORS:
        where = bridge.sets[0] if bridge.scope == "target" else "all genes"
        few = f"{most} comparator{'' if most == 1 else 's'}"
        notes.append(
            f"mimics, opposes and no resemblance are not possible here: at most {few} on {where}, those of one target pathway "
            f"being one, and {FEWEST_COMPARATORS} are needed"
        )
    return notes


def _contrasts(bridge: BridgeToMeasure) -> list[str]:
    return list(dict.fromkeys([*bridge.drug, *bridge.disease, *bridge.comparators]))

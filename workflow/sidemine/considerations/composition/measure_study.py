"""`composition.json` of every blood cohort contrast: all hypotheses that rest on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidemine.considerations.composition.cell_proxies import find_contaminated, read_markers, stimuli_checked
from sidemine.considerations.composition.measure import find_differing, measure_composition
from sidemine.stats.seeds import named_seed

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.projections import HypothesisOnSet


def adjust_cohorts(
    hypotheses: list[HypothesisOnSet],
    contrasts: list[str],
    fits: dict[str, ContrastFit | None],
    stimuli: dict[str, ContrastFit | None],
    gene_sets: pd.DataFrame,
    markers: list[Path],
    *,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Return the record of each blood cohort contrast.

    A record holds contrast, contaminated, contamination_checked_in (the stimulus contrasts that could tell; empty: no
    proxy was checked, which a card says and which caps nothing, since the contract asks only that what is found
    contaminated be dropped), and hypotheses.

    Parameters
    ----------
    hypotheses
        As declared.
    contrasts
        Blood cohort contrasts.
    fits, stimuli
        Fits of all primary contrasts, and of the stimulus contrasts in blood; None where not testable.
    gene_sets
        The study's sets: genes of target and member sets are no markers.
    markers
        Marker files, one per cell type.
    seed
        Seed of the bootstrap.
    """
    forbidden = set(gene_sets.loc[gene_sets["family"].isin(["target", "member"]), "gene"])
    kept = read_markers(markers, forbidden)
    tested = {name: fit for name, fit in stimuli.items() if fit is not None}
    contaminated, checked = find_contaminated(kept, tested), stimuli_checked(kept, tested)
    records: dict[str, dict[str, Any]] = {}
    for contrast in contrasts:
        entries = []
        for hypothesis in hypotheses:
            fit = fits.get(contrast)
            if hypothesis.kind != "cohort" or contrast not in hypothesis.primary.contrasts or fit is None:
                continue
            primary = _common_rows(hypothesis, fits, gene_sets)
            if len(primary):
                # What differs in one cohort is looked at in all: a small cohort may miss a shift of its own.
                differing = {
                    cell
                    for name in hypothesis.primary.contrasts
                    if name in contrasts and (other := fits.get(name)) is not None
                    for cell in find_differing(other, primary, kept, contaminated)
                }
                entropy = named_seed(seed, contrast, hypothesis.id)
                found = measure_composition(fit, primary, kept, contaminated, entropy, differing)
                entries.append({"hypothesis": hypothesis.id, "gene_set": hypothesis.primary.set, **found})
        records[contrast] = {
            "contrast": contrast,
            "contaminated": contaminated,
            "contamination_checked_in": checked,
            "hypotheses": entries,
        }
    return records


def _common_rows(
    hypothesis: HypothesisOnSet, fits: dict[str, ContrastFit | None], gene_sets: pd.DataFrame
) -> pd.DataFrame:
    """Return the primary set's rows for genes that all its cohorts measured, as its Hedges g uses them."""
    measured = [set(fit.genes) for name in hypothesis.primary.contrasts if (fit := fits.get(name)) is not None]
    rows = gene_sets[gene_sets["gene_set"] == hypothesis.primary.set]
    return rows[rows["gene"].isin(set.intersection(*measured))]

"""`composition.json` of every blood cohort contrast: all hypotheses that rest on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.considerations.composition.cell_proxies import find_contaminated, stimuli_checked
from sidemine.considerations.composition.measure import find_differing, measure_composition
from sidemine.considerations.composition.record import Adjusted, CompositionOfContrast, NotAdjusted
from sidemine.effect.adjustment import common_rows
from sidemine.stats.seeds import named_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.projections import HypothesisOnSet


def adjust_cohorts(
    hypotheses: list[HypothesisOnSet],
    contrasts: list[str],
    fits: dict[str, ContrastFit | None],
    stimuli: dict[str, ContrastFit | None],
    gene_sets: pd.DataFrame,
    markers: Mapping[str, list[str]],
    *,
    seed: int,
) -> dict[str, CompositionOfContrast]:
    """Return the record of each blood cohort contrast.

    Where no stimulus contrast could tell, no proxy was checked: a card says so and nothing is capped, since the contract
    asks only that what is found contaminated be dropped.

    Parameters
    ----------
    hypotheses
        As declared.
    contrasts
        Blood cohort contrasts.
    fits, stimuli
        Fits of all primary contrasts, and of the stimulus contrasts in blood; None where not testable.
    gene_sets
        The study's sets.
    markers
        Marker genes per cell type, see `cell_proxies.read_markers`.
    seed
        Seed of the bootstrap.
    """
    tested = {name: fit for name, fit in stimuli.items() if fit is not None}
    contaminated, checked = find_contaminated(markers, tested), stimuli_checked(markers, tested)
    entries: dict[str, list[Adjusted | NotAdjusted]] = {contrast: [] for contrast in contrasts}
    for hypothesis in hypotheses:
        blood = [name for name in hypothesis.primary.contrasts if name in entries and fits.get(name) is not None]
        if hypothesis.kind != "cohort" or not blood:
            continue
        primary = common_rows(hypothesis, fits, gene_sets)
        if len(primary):
            measured = adjust_hypothesis(
                hypothesis.id,
                {name: fit for name in blood if (fit := fits[name]) is not None},
                primary,
                markers,
                contaminated,
                {name: named_seed(seed, name, hypothesis.id) for name in blood},
            )
            for name, entry in measured.items():
                entries[name].append(entry)
    return {name: CompositionOfContrast(name, contaminated, checked, found) for name, found in entries.items()}


def adjust_hypothesis(
    hypothesis: str,
    fits: Mapping[str, ContrastFit],
    primary: pd.DataFrame,
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    seeds: Mapping[str, list[int]],
) -> dict[str, Adjusted | NotAdjusted]:
    """Adjust the primary effect of one hypothesis in each of its blood cohorts.

    Parameters
    ----------
    hypothesis
        Its id.
    fits
        Fits of its blood cohorts.
    primary
        Rows of the primary set (`gene_set_table.GENE_SETS`), genes common to all cohorts.
    markers, contaminated
        Marker genes per cell type, without target genes; cell types that are dropped, with the evidence.
    seeds
        Entropy of the bootstrap of each cohort.
    """
    # What differs in one cohort is looked at in all: a small cohort may miss a shift of its own.
    differing = {cell for fit in fits.values() for cell in find_differing(fit, primary, markers, contaminated)}
    return {
        name: measure_composition(fit, primary, markers, contaminated, seeds[name], differing, hypothesis)
        for name, fit in fits.items()
    }

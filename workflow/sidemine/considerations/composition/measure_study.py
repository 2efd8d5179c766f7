"""`composition.json` of every cohort contrast: all hypotheses that rest on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.considerations.composition.cell_proxies import find_contaminated, stimuli_checked
from sidemine.considerations.composition.measure import find_differing, measure_composition, total_effect
from sidemine.considerations.composition.record import (
    Adjusted,
    CompositionOfContrast,
    NotAdjusted,
    NotNeeded,
)
from sidemine.effect.adjustment import common_rows
from sidemine.stats.seeds import named_seed
from sidemine.study.markers import undeclared_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sidemine.considerations.composition.specification import AdjustComposition
    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.study.choices import Score
    from sidemine.study.markers import Panels

    Entry = Adjusted | NotAdjusted | NotNeeded


def adjust_cohorts(
    specification: AdjustComposition,
    evidence: Mapping[str, HypothesisEvidence],
    fits: Mapping[str, ContrastFit | None],
    stimuli: Mapping[str, ContrastFit | None],
    gene_sets: pd.DataFrame,
    panels: Panels,
) -> dict[str, CompositionOfContrast]:
    """Return the record of each cohort contrast.

    Where no stimulus contrast could tell, no proxy was checked: a card says so and nothing is capped, since the contract
    asks only that what is found contaminated be dropped.

    Parameters
    ----------
    specification
        Hypotheses, cohort contrasts with their panels, stimuli with theirs.
    evidence
        Of each cohort hypothesis, by its id: which cohorts could be tested and are pooled.
    fits, stimuli
        Fits of all primary contrasts, and of the stimulus contrasts; None where not testable.
    gene_sets
        The study's sets.
    panels
        Marker genes by panel and cell type, see `cell_proxies.read_panels`.
    """
    checks = {panel: _check_panel(panel, panels[panel], specification, stimuli) for panel in _used(specification)}
    entries: dict[str, list[Entry]] = {contrast: [] for contrast in specification.contrasts}
    for hypothesis in specification.hypotheses:
        if hypothesis.kind != "cohort":
            continue
        known = evidence[hypothesis.id]
        measured = {
            row.contrast: fit
            for row in known.contrasts
            if row.contrast in entries and row.testable and (fit := fits.get(row.contrast)) is not None
        }
        primary, score = common_rows(hypothesis, known, fits, gene_sets), hypothesis.primary.score
        for panel in _used(specification):
            here = {name: fit for name, fit in measured.items() if specification.contrasts[name].panel == panel}
            seeds = {name: named_seed(specification.seed, name, hypothesis.id) for name in here}
            contaminated = checks[panel][0]
            adjusted = adjust_hypothesis(hypothesis.id, here, primary, panels[panel], contaminated, seeds, score)
            for name, entry in adjusted.items():
                entries[name].append(entry)
        for name, fit in measured.items():
            cells = specification.contrasts[name]
            if cells.not_needed:
                entries[name].append(
                    NotNeeded(
                        hypothesis.id, hypothesis.primary.set, cells.not_needed, total_effect(fit, primary, score)
                    )
                )
            elif not cells.panel:
                reason, total = undeclared_words(cells.dataset), total_effect(fit, primary, score)
                entries[name].append(NotAdjusted(hypothesis.id, hypothesis.primary.set, [], [], reason, total))
    return {
        name: CompositionOfContrast(name, *checks.get(cells.panel, ({}, [])), entries[name], cells.panel)
        for name, cells in specification.contrasts.items()
    }


def _used(specification: AdjustComposition) -> list[str]:
    return sorted({cells.panel for cells in specification.contrasts.values()} - {""})


def _check_panel(
    panel: str,
    markers: Mapping[str, list[str]],
    specification: AdjustComposition,
    stimuli: Mapping[str, ContrastFit | None],
) -> tuple[dict[str, str], list[str]]:
    """Return the contaminated cell types of a panel, and the stimulus contrasts that could tell."""
    tested = {
        name: fit for name, fit in stimuli.items() if fit is not None and specification.stimuli.get(name) == panel
    }
    return find_contaminated(markers, tested), stimuli_checked(markers, tested)


def adjust_hypothesis(
    hypothesis: str,
    fits: Mapping[str, ContrastFit],
    primary: pd.DataFrame,
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    seeds: Mapping[str, list[int]],
    score: Score = "mean",
) -> dict[str, Adjusted | NotAdjusted]:
    """Adjust the primary effect of one hypothesis in each of its cohorts of one panel.

    Parameters
    ----------
    hypothesis
        Its id.
    fits
        Fits of these cohorts.
    primary
        Rows of the primary set (`gene_set_table.GENE_SETS`), genes common to all pooled cohorts.
    markers, contaminated
        Marker genes per cell type, without target genes; cell types that are dropped, with the evidence.
    seeds
        Entropy of the bootstrap of each cohort.
    score
        As the hypothesis declares it.
    """
    # What differs in one cohort is looked at in all: a small cohort may miss a shift of its own.
    differing = {cell for fit in fits.values() for cell in find_differing(fit, primary, markers, contaminated, score)}
    return {
        name: measure_composition(fit, primary, markers, contaminated, seeds[name], differing, hypothesis, score)
        for name, fit in fits.items()
    }

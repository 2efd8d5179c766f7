"""Which contrasts may meet in a bridge: independence of drug and disease, and the composition-adjusted disease fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.considerations.composition.cell_proxies import build_proxies
from sidemine.differential.record import DesignRecord, is_paired
from sidemine.effect.adjustment import adjust_fit, set_score
from sidemine.effect.measure import units_of
from sidemine.effect.pooled_effect import choose_independent

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.bridge.specification import DatasetToBridge
    from sidemine.study.markers import Panels
    from sidemine.study.projections import ContrastOfRole


@dataclass(frozen=True)
class ContrastSource:
    """A contrast with all that decides whether it is independent of another.

    Attributes
    ----------
    contrast
        Its id.
    source
        The declared word, or else the accession: contrasts of one source are never independent.
    units
        Samples and biological units, named so that only the same ones share a name.
    paired
        Whether its standard deviation is the one within pairs.
    panel
        Panel of cell markers that its dataset declares, so that the mix of cells can be adjusted for; empty: none.
    is_stimulus
        Whether it stimulates cells for hours: that shows which cell markers of its panel cannot be trusted.
    fit
        None where it could not be tested.
    not_needed
        Why the mix of cells needs no adjustment, where its dataset says so.
    of_wells
        Whether its samples are wells of one culture.
    """

    contrast: str
    source: str
    units: frozenset[str]
    paired: bool
    panel: str
    is_stimulus: bool
    fit: ContrastFit | None
    not_needed: str = ""
    of_wells: bool = False


def source_of(
    contrast: ContrastOfRole,
    dataset: DatasetToBridge,
    fit: ContrastFit | None,
    design: DesignRecord,
    samples: pd.DataFrame,
    same: Mapping[str, Mapping[str, str]],
) -> ContrastSource:
    """Return a contrast with what earlier stages found of it.

    Parameters
    ----------
    contrast, dataset
        The contrast and its dataset.
    fit, design, samples
        Of the contrast its fit and `design.json`; of the dataset its samples, as `sample_table.SAMPLES` describes.
    same
        As in `effect.measure.units_of`.
    """
    return ContrastSource(
        contrast=contrast.contrast,
        source=dataset.independent_source,
        units=units_of(dataset, samples, fit, same),
        paired=is_paired(design),
        panel=dataset.panel,
        is_stimulus=contrast.role == "stimulus",
        fit=fit,
        not_needed=dataset.not_needed,
        of_wells=dataset.replicates == "wells",
    )


def find_dependent(names: Sequence[str], sources: Mapping[str, ContrastSource], kind: str) -> dict[str, str]:
    """Return the contrasts that are not independent of one named before them, each with the reason.

    Parameters
    ----------
    names
        Contrasts, in declared order.
    sources
        All contrasts.
    kind
        cohort or experiment: what counts as dependent, as for the pooled effect.
    """
    refused = choose_independent(
        names,
        {name: sources[name].source for name in names},
        {name: sources[name].units for name in names},
        {name: sources[name].paired for name in names} if kind == "cohort" else None,
    )[1]
    return {entry.contrast: entry.reason for entry in refused}


def shared_reason(one: str, other: str, sources: Mapping[str, ContrastSource]) -> str:
    """Return why two contrasts must not be compared; empty where nothing is shared.

    Parameters
    ----------
    one, other
        Two contrasts.
    sources
        What is known of each.
    """
    if one == other:
        return "is the same contrast"
    dependent = find_dependent([one, other], sources, "experiment")
    return next(iter(dependent.values()), "").removesuffix(", which was declared first")


def testable_fits(names: Sequence[str], sources: Mapping[str, ContrastSource]) -> dict[str, ContrastFit]:
    """Return the fits of those contrasts that could be tested, in the order of their names."""
    return {name: fit for name in names if (fit := sources[name].fit) is not None}


def adjusted_fits(
    diseases: Mapping[str, ContrastFit],
    sources: Mapping[str, ContrastSource],
    targets: pd.DataFrame,
    panels: Panels,
    contaminated: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, ContrastFit], dict[str, str]]:
    """Return the composition-adjusted fit of every disease contrast, and in words what was done or why nothing was.

    Parameters
    ----------
    diseases
        Fits by contrast.
    sources
        They say which panel each contrast has.
    targets
        Rows of the target set whose score the markers must not follow.
    panels, contaminated
        By panel: marker genes per cell type, and the cell types that cannot be trusted, with the reason.
    """
    fits: dict[str, ContrastFit] = {}
    words: dict[str, str] = {}
    for name, fit in diseases.items():
        panel = sources[name].panel
        if sources[name].not_needed:
            fits[name], words[name] = fit, f"{name} needs no adjustment: {sources[name].not_needed}"
            continue
        if not panel:
            words[name] = f"{name} has no declared cell markers, so its mix of cells is not adjusted for"
            continue
        measured = targets[targets["gene"].isin(fit.genes)]
        proxies = (
            build_proxies(fit, panels[panel], contaminated[panel], set_score(fit, measured)) if len(measured) else None
        )
        adjusted = adjust_fit(fit, proxies.scores) if proxies is not None and proxies.names else None
        if adjusted is None or proxies is None:
            words[name] = f"no usable cell proxies in {name}"
        else:
            fits[name] = adjusted
            words[name] = f"adjusted for {', '.join(proxies.names)}"
    return fits, words

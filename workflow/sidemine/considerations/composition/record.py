"""What is known of the mix of cells: `composition.json` of a contrast, and what an answer card shows of it."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.considerations.judgement import Cap, Gate
from sidemine.effect.record import Estimate, PooledEstimate
from sidemine.records import fields_of


@dataclass(frozen=True)
class Corrected:
    """The adjusted effect if the proxies' reliability were the given one, with its bootstrap interval."""

    reliability: float
    effect: float
    effect_se: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Difference:
    """Total minus adjusted effect, with its bootstrap interval."""

    effect: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class ProxyFact:
    """One cell type: whether its markers make a proxy, why not, and their reliability (Cronbach's α)."""

    cell_type: str
    used: bool
    reason: str
    n_markers: int
    markers: list[str]
    left_out: list[str]
    reliability: float


@dataclass(frozen=True)
class SingleProxy:
    """One proxy alone: its difference between the groups (Hedges g), and the effect adjusted for it alone."""

    cell_type: str
    shift: Estimate
    adjusted: Estimate
    difference: float


@dataclass(frozen=True)
class NotWithDropped:
    """Dropped cell types differ between the groups, and adjusting for them cannot be done."""

    cells: list[str]
    adjusted_for: list[str]
    reason: str


@dataclass(frozen=True)
class WithDropped(Estimate):
    """The effect adjusted for dropped cell types as well, which differ between the groups: it adjusts for too much."""

    cells: list[str]
    adjusted_for: list[str]
    reason: str
    corrected: Corrected
    single: list[SingleProxy]


@dataclass(frozen=True)
class NotAdjusted:
    """The total effect of a primary set in one contrast, and why it cannot be adjusted."""

    hypothesis: str
    gene_set: str
    proxies: list[ProxyFact]
    adjusted_for: list[str]
    reason: str
    total: Estimate


@dataclass(frozen=True)
class Adjusted(NotAdjusted):
    """The total and the composition-adjusted effect of a primary set in one contrast; `reason` is empty.

    Attributes
    ----------
    adjusted, difference
        The adjusted effect, and total minus adjusted with its bootstrap interval.
    retained_percent
        Adjusted over total effect, only where the interval of the total excludes 0.
    corrected, could_explain
        The adjusted effect if the proxies' reliability were 0.7, and whether noise in the proxies could then explain all.
    single
        Each proxy alone.
    with_dropped
        None unless a cell type that was dropped as contaminated differs between the groups.
    n_bootstrap
        Bootstrap draws.
    """

    adjusted: Estimate
    difference: Difference
    retained_percent: float | None
    corrected: Corrected
    could_explain: bool
    single: list[SingleProxy]
    with_dropped: WithDropped | NotWithDropped | None
    n_bootstrap: int


@dataclass(frozen=True)
class NotNeeded:
    """The total effect of a primary set in one contrast whose mix of cells needs no adjustment, and why."""

    hypothesis: str
    gene_set: str
    not_needed: str
    total: Estimate


@dataclass(frozen=True)
class CompositionOfContrast:
    """`composition.json` of a cohort contrast.

    Attributes
    ----------
    contrast
        Its id.
    contaminated
        Cell types whose markers move in stimulated samples, with the evidence.
    contamination_checked_in
        The stimulus contrasts that could tell; empty: no proxy was checked.
    hypotheses
        One entry per hypothesis that rests on the contrast.
    panel
        The panel of cell markers that its dataset declares; empty: none.
    """

    contrast: str
    contaminated: dict[str, str]
    contamination_checked_in: list[str]
    hypotheses: list[Adjusted | NotAdjusted | NotNeeded]
    panel: str = "blood"


@dataclass(frozen=True)
class NotAdjustedIn(NotAdjusted):
    """An entry of a hypothesis, with its contrast."""

    contrast: str
    contamination_checked_in: list[str]
    panel: str = "blood"


@dataclass(frozen=True)
class AdjustedIn(Adjusted):
    """An entry of a hypothesis, with its contrast."""

    contrast: str
    contamination_checked_in: list[str]
    panel: str = "blood"


@dataclass(frozen=True)
class NotNeededIn(NotNeeded):
    """An entry of a hypothesis, with its contrast."""

    contrast: str


Entries = list[AdjustedIn | NotAdjustedIn | NotNeededIn]
"""All contrasts of one hypothesis."""


def entries_by_hypothesis(records: list[CompositionOfContrast]) -> dict[str, Entries]:
    """Return the entries of all `composition.json`, by hypothesis."""
    entries: dict[str, Entries] = {}
    for record in records:
        for entry in record.hypotheses:
            here = entries.setdefault(entry.hypothesis, [])
            if isinstance(entry, NotNeeded):
                here.append(NotNeededIn(**fields_of(entry), contrast=record.contrast))
                continue
            kind = AdjustedIn if isinstance(entry, Adjusted) else NotAdjustedIn
            here.append(
                kind(
                    **fields_of(entry),
                    contrast=record.contrast,
                    contamination_checked_in=record.contamination_checked_in,
                    panel=record.panel,
                )
            )
    return entries


@dataclass(frozen=True)
class PooledWithDropped(PooledEstimate):
    """The same with dropped proxies that differ between the groups."""

    corrected: PooledEstimate


@dataclass(frozen=True)
class NotAsked:
    """A hypothesis of experiments, whose samples are of the same cells, or of cohorts of which none needs it: `gate`."""

    reason: str
    adjusted: None = None
    sentence: str = ""
    doubt: str = ""
    notes: tuple[str, ...] = ()
    gate: Gate | None = None
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True)
class CompositionUnknown:
    """A cohort hypothesis that could not be adjusted in every cohort: why, and what is known of each contrast."""

    reason: str
    gate: Gate
    caps: tuple[Cap, ...]
    contrasts: Entries
    adjusted: None = None
    with_dropped: None = None
    sentence: str = ""
    doubt: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompositionAdjusted:
    """A cohort hypothesis under both estimands, pooled over the cohorts that carry the answer."""

    adjusted: PooledEstimate
    total: PooledEstimate
    corrected: PooledEstimate
    with_dropped: PooledWithDropped | None
    sentence: str
    doubt: str
    notes: tuple[str, ...]
    gate: Gate
    caps: tuple[Cap, ...]
    contrasts: Entries
    reason: str = ""


@dataclass(frozen=True)
class CompositionColumns:
    """Columns of `verdicts.json`."""

    composition: CompositionAdjusted | CompositionUnknown | NotAsked
    composition_adjusted: PooledEstimate | None

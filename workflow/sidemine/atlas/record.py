"""What an atlas holds: units of one effect, the table of all units, and the record that the page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from sidemine.atlas.blocks import Origin
from sidemine.atlas.global_test import GlobalTest
from sidemine.lines.bridge.record import Call as BridgeCall
from sidemine.lines.bridge.record import PredictionFigure
from sidemine.tables import MAY_BE_EMPTY, spec_of

Call = Literal[
    "same direction", "opposite direction", "undetermined", "no disease-specific signal", "refused", "not asked"
]


@dataclass(frozen=True)
class MeasuredUnit:
    """A target pathway against one effect, as measured.

    Attributes
    ----------
    target_pathway
        The pathway.
    profiles
        Profiles of drugs that count.
    n_drugs, n_genes
        Their drugs, and the median number of shared genes of the set.
    concordance, z
        None where it was not measured; z where the effect has samples: in units of the patients' chance.
    left_out
        Profiles that do not count, with the reason.
    """

    target_pathway: str
    profiles: list[str]
    n_drugs: int
    n_genes: int
    concordance: float | None
    z: float | None
    left_out: list[str]


@dataclass(frozen=True)
class ComparedEffect:
    """All target pathways against one effect, in alphabetical order; `strength` is the root mean square of its deviates, `origin` where they come from."""

    effect: str
    strength: float
    units: list[MeasuredUnit]
    left_out: list[str]
    origin: Origin


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A target pathway and an effect: a row of `units.tsv`."""

    target_pathway: Annotated[str, "Target pathway: all its drugs are one unit."]
    effect: Annotated[str, "Effect."]
    asked: Annotated[str, "mimics, opposes or either, as declared; empty where nobody asked.", MAY_BE_EMPTY]
    why: Annotated[str, "Why it was asked.", MAY_BE_EMPTY]
    call: Annotated[
        Call, "same direction, opposite direction, undetermined, no disease-specific signal, refused or not asked."
    ]
    reason: Annotated[str, "Why this call.", MAY_BE_EMPTY]
    n_drugs: Annotated[int, "Drugs of the pathway that count."]
    n_profiles: Annotated[int, "Their profiles."]
    n_genes: Annotated[int, "Shared genes of the pathway's set, the median over profiles."]
    n_others: Annotated[int, "Other target pathways that were compared with this effect."]
    left_out: Annotated[str, "Profiles that do not count, with the reason.", MAY_BE_EMPTY]
    concordance: Annotated[float | None, "Mean of Σ x·y / √(Σ x² Σ y²) over the drugs; positive: same direction."] = (
        None
    )
    z: Annotated[float | None, "Its sum in standard deviations of the patients' chance."] = None
    p_effect_rotated: Annotated[float | None, "Two-sided p, the patients rotated; of asked pairs."] = None
    p_drugs_rotated: Annotated[float | None, "Two-sided p, the drugs rotated; empty where one has no samples."] = None
    p_adjusted: Annotated[
        float | None, "The larger of the two, corrected for all declared pairs; empty where one is."
    ] = None
    percentile: Annotated[
        float | None, "Percentage of the other pathways with a smaller score of either sign; empty below 10."
    ] = None


UNITS = spec_of("units.tsv", Unit)


@dataclass(frozen=True)
class BridgeOfStudy:
    """What one study says itself: a bridge of its own, judged with the mix of cells and its comparators."""

    study: str
    bridge: str
    call: BridgeCall
    sentence: str


@dataclass(frozen=True)
class AtlasRecord:
    """`atlas.json`: the page is made of it.

    Attributes
    ----------
    title
        Of the atlas.
    pathways, effects
        Names, in alphabetical order.
    n_profiles_drugs, n_profiles_effects
        Declared profiles.
    test
        The global test.
    units
        All pairs.
    bridges
        Calls of the studies' own bridges.
    prediction
        What is known of predicting side effects.
    simulated
        Studies whose data are simulated.
    left_out
        Profiles of patients that did not enter, with the reason.
    unverified
        Libraries that nobody looked at yet.
    specification
        Digest of what was declared (`AtlasPlan.digest`).
    units_digest
        SHA-256 of `units.tsv`.
    """

    title: str
    pathways: list[str]
    effects: list[str]
    n_profiles_drugs: int
    n_profiles_effects: int
    test: GlobalTest
    units: list[Unit]
    bridges: list[BridgeOfStudy]
    prediction: list[PredictionFigure]
    simulated: list[str]
    left_out: list[str]
    unverified: list[str]
    specification: str
    units_digest: str

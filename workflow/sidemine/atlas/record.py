"""What an atlas holds: units of one effect, the table of all units, and the record that the page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.atlas.blocks import Origin
from sidemine.atlas.global_test import GlobalTest
from sidemine.lines.bridge.record import Call as BridgeCall
from sidemine.lines.bridge.record import PredictionFigure
from sidemine.records import fields_of
from sidemine.tables import Column, TableSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

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


@dataclass(frozen=True)
class Unit:
    """A target pathway and an effect: a row of `units.tsv`, whose columns (`UNITS`) are its fields."""

    target_pathway: str
    effect: str
    asked: str
    why: str
    call: Call
    reason: str
    n_drugs: int
    n_profiles: int
    n_genes: int
    n_others: int
    left_out: str
    concordance: float | None = None
    z: float | None = None
    p_effect_rotated: float | None = None
    p_drugs_rotated: float | None = None
    p_adjusted: float | None = None
    percentile: float | None = None


UNITS = TableSpec(
    "units.tsv",
    (
        Column("target_pathway", "text", "Target pathway: all its drugs are one unit."),
        Column("effect", "text", "Effect."),
        Column("asked", "text", "mimics, opposes or either, as declared; empty where nobody asked.", may_be_empty=True),
        Column("why", "text", "Why it was asked.", may_be_empty=True),
        Column(
            "call",
            "text",
            "same direction, opposite direction, undetermined, no disease-specific signal, refused or not asked.",
        ),
        Column("reason", "text", "Why this call.", may_be_empty=True),
        Column("n_drugs", "integer", "Drugs of the pathway that count."),
        Column("n_profiles", "integer", "Their profiles."),
        Column("n_genes", "integer", "Shared genes of the pathway's set, the median over profiles."),
        Column("n_others", "integer", "Other target pathways that were compared with this effect."),
        Column("left_out", "text", "Profiles that do not count, with the reason.", may_be_empty=True),
        Column(
            "concordance",
            "number",
            "Mean of Σ x·y / √(Σ x² Σ y²) over the drugs; positive: same direction.",
            may_be_empty=True,
        ),
        Column("z", "number", "Its sum in standard deviations of the patients' chance.", may_be_empty=True),
        Column("p_effect_rotated", "number", "Two-sided p, the patients rotated; of asked pairs.", may_be_empty=True),
        Column(
            "p_drugs_rotated",
            "number",
            "Two-sided p, the drugs rotated; empty where one has no samples.",
            may_be_empty=True,
        ),
        Column("p_adjusted", "number", "The larger of the two, corrected for all declared pairs.", may_be_empty=True),
        Column(
            "percentile",
            "number",
            "Percentage of the other pathways with a weaker score in this direction; empty below 10.",
            may_be_empty=True,
        ),
    ),
)


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


def units_table(units: Sequence[Unit]) -> pd.DataFrame:
    """Return the rows of all units as `UNITS` describes."""
    import pandas as pd

    numbers = [column.name for column in UNITS.columns if column.kind == "number"]
    table = pd.DataFrame([fields_of(unit) for unit in units], columns=UNITS.names)
    return table.astype(dict.fromkeys(numbers, float))

"""`screens.json`: what many compounds did to the declared sets, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ScreenedCompound:
    """One compound on one set, in one type of cells.

    Attributes
    ----------
    compound, compound_class, cell_type, gene_set
        What it is about; class and cell type may be empty.
    n_donors, n_samples
        Donors that have both the compound and the vehicle on one plate; samples of the compound there.
    why_not
        Why it is not tested; empty where it is.
    effect, ci_low, ci_high, p_value
        Mean over donors of the score's difference from the vehicle (log2 units; the set beyond the other measured genes;
        positive: higher under the compound), with its moderated 95 % interval and two-sided p. None where it is not tested.
    shrunken, shrunken_low, shrunken_high, lfsr
        The same shrunken by what the effects of all compounds look like; and the local false sign rate.
    from_others, from_others_p
        Difference from the other compounds of its plate, in which the vehicle cancels; None where these are too few.
    q_value
        Benjamini–Hochberg over the screen, of the larger p: that from the vehicle and that from the other compounds (1 where
        these disagree in sign; that from the vehicle where there is no other).
    stands_out
        Whether q is at most .05. Exploratory: where to look.
    """

    compound: str
    compound_class: str
    cell_type: str
    gene_set: str
    n_donors: int
    n_samples: int
    why_not: str
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    shrunken: float | None = None
    shrunken_low: float | None = None
    shrunken_high: float | None = None
    lfsr: float | None = None
    from_others: float | None = None
    from_others_p: float | None = None
    q_value: float | None = None
    stands_out: bool = False


@dataclass(frozen=True)
class ScreenFamily:
    """What the compounds of one type of cells share on one set.

    Attributes
    ----------
    cell_type, gene_set
        What it is about.
    n_in_set, n_measured
        Genes of the set as published, and those measured here.
    n_compounds, n_beside
        Compounds that are tested; those of them that are compared with the other compounds of their plates as well.
    prior_sd, prior_df
        Standard deviation between donors that they share (log2 units), and how many degrees of freedom it is worth (None:
        infinitely many).
    null_share
        Estimated share of compounds without any effect.
    median_effect
        Median effect over the compounds: far from 0, the vehicle may be off rather than all compounds at work.
    """

    cell_type: str
    gene_set: str
    n_in_set: int
    n_measured: int
    n_compounds: int
    n_beside: int
    prior_sd: float
    prior_df: float | None
    null_share: float
    median_effect: float


@dataclass(frozen=True)
class MeasuredScreen:
    """One screen.

    Attributes
    ----------
    id, dataset, vehicle
        As declared.
    n_samples, n_compounds, n_donors, n_plates
        What takes part; compounds without the vehicle; plates 0 where none are declared.
    fewest_vehicles
        Vehicle samples of the donor and plate that have fewest.
    family_size
        Tests over which q-values are taken.
    losses
        What was left out, with numbers, in sentences.
    problem
        Why nothing is tested; empty where something is.
    families, compounds
        See there; compounds by set and type of cells, by local false sign rate, then name.
    """

    id: str
    dataset: str
    vehicle: str
    n_samples: int
    n_compounds: int
    n_donors: int
    n_plates: int
    fewest_vehicles: int
    family_size: int
    losses: list[str]
    problem: str
    families: list[ScreenFamily]
    compounds: list[ScreenedCompound]
    call: Literal["exploratory"] = "exploratory"


@dataclass(frozen=True)
class ScreensOfStudy:
    """All of them, in declared order."""

    screens: list[MeasuredScreen]

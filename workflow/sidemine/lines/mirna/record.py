"""What was measured of a table of miRNAs: `lines/mirna/<line>.details.json`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lost:
    """Names or rows that do not count: how many, why, and the first few."""

    n: int
    why: str
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class MirnaUnit:
    """A seed family, or a miRNA.

    Attributes
    ----------
    name, members
        Its seed, its name in the table of families, or the miRNA; its miRNAs in the universe.
    label
        Mean label of its miRNAs: 1 listed (or up), -1 down, 0 neither, or not of the declared direction.
    n_targets
        Mean number of known targets of its miRNAs.
    score
        Mean share of their targets that lies in the set.
    """

    name: str
    members: list[str]
    label: float
    n_targets: float
    score: float


@dataclass(frozen=True)
class MirnaDetails:
    """A table of miRNAs and their targets.

    Attributes
    ----------
    unit
        seed family or miRNA.
    n_listed, n_other_way, n_universe
        miRNAs that the table lists, of the declared direction; those that moved the other way, which count as not listed; and those of
        the universe; all with known targets.
    n_units, n_labelled
        Units, and those with a label other than 0.
    median_targets, largest_targets
        Of the miRNAs of the universe.
    lost
        What does not count.
    strongest
        Labelled units with the largest share of targets in the set.
    why_not
        Why nothing was tested; empty where it was.
    """

    unit: str
    n_listed: int = 0
    n_other_way: int = 0
    n_universe: int = 0
    n_units: int = 0
    n_labelled: int = 0
    median_targets: float | None = None
    largest_targets: float | None = None
    lost: list[Lost] = field(default_factory=list)
    strongest: list[MirnaUnit] = field(default_factory=list)
    why_not: str = ""

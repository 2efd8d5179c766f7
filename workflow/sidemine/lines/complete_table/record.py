"""What a complete table gave beside its row of evidence: `lines/<layer>/<line>.details.json`."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.lines.published.record import LabelCheck


@dataclass(frozen=True)
class MemberOfSet:
    """A measured gene of the set, or the genes of one value: z and effect, target minus reference; effect None where the table gives none."""

    gene: str
    z: float
    effect: float | None


@dataclass(frozen=True)
class ListedGenes:
    """A list that was cut: genes of the set among those that are higher, or lower.

    Attributes
    ----------
    direction
        up or down.
    listed, hits
        Genes of that direction in the list (several of one value count once), and those of them in the set.
    p_value
        Hypergeometric, within the declared universe; None without one. It takes genes as independent: a description.
    """

    direction: str
    listed: int
    hits: int
    p_value: float | None


@dataclass(frozen=True)
class TableDetails:
    """What became of a table.

    Attributes
    ----------
    n_rows, losses
        Rows of the file, and those that take no part, by reason.
    notes
        What was done, in sentences.
    checks
        Whether the table is what its label says.
    threshold
        By which threshold it was cut; empty: nothing speaks for one.
    reference
        Where the correlation comes from.
    correlation, correlation_used
        Mean correlation within the set in the reference, and what the test used.
    p_simes
        Simes' two-sided p of the set's own genes: whether any of them changed at all.
    leading, p_held_back
        The two measured genes (or values) that add most to the effect, and the one-sided p on the side of the effect where neither adds
        more than the third.
    members
        Measured genes of the set, each value once, by size of z.
    listed
        Of a list that was cut.
    """

    n_rows: int
    losses: dict[str, int]
    notes: list[str]
    checks: list[LabelCheck]
    threshold: str
    reference: str
    correlation: float | None
    correlation_used: float | None
    p_simes: float | None
    leading: list[str]
    p_held_back: float | None
    members: list[MemberOfSet]
    listed: list[ListedGenes]

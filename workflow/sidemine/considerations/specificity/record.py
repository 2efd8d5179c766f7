"""Where the primary set stands among other sets: `specificity.json`, and what an answer card shows of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidemine.considerations.judgement import Cap, Gate, ordinal


@dataclass(frozen=True)
class MatchQuality:
    """How well random sets match the primary set.

    Attributes
    ----------
    n_sets, n_distinct
        Random sets, and those of which no two share half of their genes.
    n_pool, n_excluded, neighbour_limit
        Genes drawn from, genes left out as neighbours of target genes, and the correlation that makes a neighbour.
    correlation, correlation_matched
        Mean inter-gene correlation of the primary set, and of the random sets.
    smd_expression, smd_correlation
        Standardised mean differences. None, like `correlation_matched`, where no set could be drawn.
    """

    n_pool: int
    n_excluded: int
    neighbour_limit: float
    correlation: float
    n_sets: int = 0
    n_distinct: int = 0
    correlation_matched: float | None = None
    smd_expression: float | None = None
    smd_correlation: float | None = None


@dataclass(frozen=True)
class AmongMatched(MatchQuality):
    """Percentile among matched random sets (None: why not), and quantiles of their effects.

    Attributes
    ----------
    percentile_less_alike
        Percentile among sets that are no valid comparator only because they are less co-expressed: a low one still speaks against
        the set, a high one for nothing.
    """

    percentile: float | None = None
    reason: str = ""
    quantiles: list[float] = field(default_factory=list)
    percentile_less_alike: float | None = None

    @property
    def percentile_against(self) -> float | None:
        """The percentile that may speak against the set: among random sets, be they less co-expressed."""
        return self.percentile_less_alike if self.percentile is None else self.percentile


@dataclass(frozen=True)
class AmongComparators:
    """Number of comparator sets, rank of the primary set, the sets ahead of it, and percentile (None: why not)."""

    n: int
    rank: int
    ahead: list[str]
    percentile: float | None
    reason: str


@dataclass(frozen=True)
class SetBeside:
    """Another set, or one without the genes of another (`without`), on the hypothesis' scale."""

    gene_set: str
    family: str
    without: str
    n_measured: int
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    direction: str
    p_value: float | None
    percentile_comparators: float | None


@dataclass(frozen=True)
class Placed:
    """One contrast: the primary set's effect and its places; confounders, controls and overlapping sets beside it."""

    contrast: str
    gene_set: str
    direction: str
    effect: float
    matched: AmongMatched
    comparators: AmongComparators
    beside: list[SetBeside]
    overlaps: list[SetBeside]

    @property
    def is_against(self) -> bool:
        """Whether the effect lies on the other side than was declared."""
        return self.effect * {"up": 1.0, "down": -1.0}.get(self.direction, 0.0) < 0

    def place_words(self, percentile: float, of: str = "them") -> str:
        """Tell a percentile with its direction; against the declared one, how far out the effect lies on its own side.

        Parameters
        ----------
        percentile
            In the declared direction (`either`: by size).
        of
            The sets that it is placed among, where the sentence has not named them.
        """
        if self.is_against:
            side, declared = ("lower", "higher") if self.direction == "up" else ("higher", "lower")
            return f"{side}, not {declared} as declared; {side} than {100 - percentile:.0f} % of {of}"
        way = {"up": "upwards", "down": "downwards"}.get(self.direction, "by size")
        return f"{ordinal(percentile)} percentile {way}"


@dataclass(frozen=True)
class Specificity:
    """`specificity.json`: one hypothesis."""

    hypothesis: str
    contrasts: list[Placed]


@dataclass(frozen=True)
class SpecificityShown:
    """What a card shows.

    Attributes
    ----------
    percentile, reason
        The lowest over the contrasts that count, among matched random sets; None without a valid comparator: why.
    percentile_comparators
        The same among comparator sets.
    place, place_comparators
        The same two with their direction and contrast, in words; empty without.
    sentence, doubt, gates, caps, contrasts
        In words, the doubt where comparator sets decide alone, and all contrasts.
    """

    percentile: float | None
    reason: str
    percentile_comparators: float | None
    doubt: str
    sentence: str
    contrasts: list[Placed]
    gates: tuple[Gate, ...]
    caps: tuple[Cap, ...]
    place: str = ""
    place_comparators: str = ""


@dataclass(frozen=True)
class SpecificityColumns:
    """Columns of `verdicts.json`."""

    specificity: SpecificityShown
    specificity_percentile: float | None

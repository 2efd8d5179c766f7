"""What was measured of promoters or binding: `lines/promoter/<line>.details.json`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SiteEffect:
    """How much further genes with a site move in one contrast.

    Attributes
    ----------
    contrast
        Which one.
    n_genes, n_with_site
        Genes that count, and those with a site.
    effect, se, df, p_value
        In normal deviates (positive: higher in the target), a site of 1 against none; two-sided.
    inflation
        What the correlation between genes does to the variance; 1: nothing.
    place
        Of a ChIP set: per cent of the other target sets of its file that move less far in the declared direction. It has no
        p of its own: that of the regression does not hold.
    """

    contrast: str
    n_genes: int
    n_with_site: int
    effect: float
    se: float
    df: float
    inflation: float
    p_value: float | None
    place: float | None = None


@dataclass(frozen=True)
class PromoterDetails:
    """Genes with a site in the hypothesis' contrasts.

    Attributes
    ----------
    site
        What a site is, in words.
    matrices
        Motif matrices of the family, in the order of the file; none for a ChIP set.
    effects
        By independent contrast.
    left_out
        Contrasts, matrices and promoters that do not count, each with the reason.
    shared
        How many genes of the row's set have a motif, beside others; empty for a ChIP set.
    why_not
        Why nothing was tested; empty where it was.
    """

    site: str
    matrices: list[str] = field(default_factory=list)
    effects: list[SiteEffect] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    shared: str = ""
    why_not: str = ""

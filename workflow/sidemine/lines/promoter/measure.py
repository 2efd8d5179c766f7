"""Whether genes with a binding site move more than others: of the same promoter composition, or than targets of other factors.

The competitive test of one contrast as a regression: the genes' normal deviates on what is known of the site (a member of
a ChIP target set, or the share of a motif family's matrices that hit), beside a spline of mean expression and, for motifs,
the promoter's GC and CpG. Motifs follow GC, and so does expression: without these columns chance sets are called. The standard
error heeds the correlation between genes as CAMERA
does (Wu and Smyth 2012, doi 10.1093/nar/gks461): from the residuals of the same samples, never below independence.

Of a ChIP set no promoter is known. What makes genes be called targets of any factor (open, GC-rich, long, expressed in the
cells of the experiment) goes with many changes of expression, so that the regression calls up to .8 of null sets, and the place
among the other target sets of the file is extreme in every study for the factor that likes them most. So a ChIP set has a
place among the others, each treated likewise, and no p.

Contrasts and sets are those of the hypothesis: the same samples. This is no independent line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.drawing.words import count, p_statement, percent
from sidemine.enrichment.camera import SMALLEST_VARIANCE
from sidemine.errors import InputError, Problem
from sidemine.lines.evidence import Measured
from sidemine.lines.promoter.record import PromoterDetails, SiteEffect
from sidemine.stats.adjusted_slope import basis_of, spline_columns
from sidemine.stats.tails import SMALLEST_P, two_sided_p, z_of_t
from sidemine.text.phrases import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.lines.promoter.motifs import Promoters, PromoterSites
    from sidemine.prepare.gene_table import GeneTable

    Array = NDArray[np.float64]

FEWEST_GENES = 10
"""Fewest genes with a site, and without one."""

OWN_SHARE = 0.9
"""Share of a target set of a file that the study's set must hold, to be the same set."""
TOLD = 3


@dataclass(frozen=True)
class Site:
    """What a site is, and which genes have one.

    Attributes
    ----------
    words, test
        What it is, and the word of its test in the table of measured sizes; empty for a ChIP set, which has none.
    genes
        Symbol → 0 to 1, as `site_effect` takes it.
    composition
        Symbol → GC and CpG of its promoter; None for a ChIP set.
    matrices, left_out
        Motif matrices that count, and what does not, in words.
    others
        Of a ChIP set: the other target sets of its file, with their approved symbols.
    """

    words: str
    test: str
    genes: Mapping[str, float]
    composition: Mapping[str, Sequence[float]] | None = None
    matrices: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    others: Mapping[str, Collection[str]] = field(default_factory=dict)


def chip_site(
    line: str, gene_set: str, genes: Collection[str], library: Mapping[str, Sequence[str]], gene_table: GeneTable
) -> Site:
    """Return a ChIP target set, after a check that the file of the row holds it.

    Parameters
    ----------
    line, gene_set, genes
        The row, and its set with its approved symbols.
    library
        Sets of the row's file, names as they stand there.
    gene_table
        Resolves these names.

    Raises
    ------
    InputError
        When no set of the file has the genes of the set: the row would be told of data that it does not rest on.
    """
    names = list(dict.fromkeys(gene for members in library.values() for gene in members))
    symbols = dict(zip(names, (found.symbol for found in gene_table.resolve_symbols(names)), strict=True))
    wanted = set(genes)
    resolved = {
        name: {symbol for member in members if (symbol := symbols[member])} for name, members in library.items()
    }
    own = [name for name, found in resolved.items() if wanted <= found and len(wanted) >= OWN_SHARE * len(found)]
    if wanted and own:
        others = {name: found for name, found in resolved.items() if name not in own}
        words = f"a member of the ChIP target set {own[0]}"
        return Site(words, "", dict.fromkeys(genes, 1.0), others=others)
    raise InputError(
        Problem(
            f"the file of a promoter row does not hold its set {gene_set!r}",
            f"lines.tsv, line {line}: {len(library):,} sets in its file",
            f"a set of gene_sets.tsv that comes from this file, for example {', '.join(list(library)[:TOLD])}",
            "Declare the target set in gene_sets.tsv with this file as its source, and name it here.",
        )
    )


def motif_site(family: str, promoters: Promoters, resolved: Mapping[str, str | None], sites: PromoterSites) -> Site:
    """Return the hits of one family by approved symbol.

    Parameters
    ----------
    family, promoters
        GAS or ISRE; the sequences.
    resolved
        Approved symbol of each name; None: unknown.
    sites
        What was found in them. Of several sequences of one gene the first counts; the others are told.
    """
    unknown = sorted(name for name in promoters.sequences if resolved[name] is None)
    bare = sorted(name for name in promoters.sequences if name not in sites.share)
    further = list(promoters.repeated)
    genes: dict[str, float] = {}
    composition: dict[str, Sequence[float]] = {}
    for name in promoters.sequences:
        symbol = resolved[name]
        if symbol is None or name not in sites.share:
            continue
        if symbol in genes:  # another name of the same gene
            further.append(name)
        else:
            genes[symbol], composition[symbol] = sites.share[name], sites.composition[name]
    left_out = [
        *(f"{matrix}: no sequence can match it at p ≤ 10⁻⁴" for matrix in sites.too_short),
        *(
            [f"{count(len(unknown), 'sequence')} without an approved symbol ({listed(unknown[:TOLD])})"]
            if unknown
            else []
        ),
        *(
            [f"{count(len(bare), 'sequence')} shorter than a matrix, or of N alone ({listed(bare[:TOLD])})"]
            if bare
            else []
        ),
        *(
            [
                f"further sequences of {count(len(further), 'gene')}, of which the first counts ({listed(sorted(further)[:TOLD])})"
            ]
            if further
            else []
        ),
        *([f"{count(promoters.n_nameless, 'sequence')} without a name"] if promoters.n_nameless else []),
        *([f"{count(promoters.n_empty, 'name')} without a sequence"] if promoters.n_empty else []),
    ]
    words = f"the share of {count(len(sites.matrices), 'matrix', 'matrices')} of family {family} that hit its promoter at p ≤ 10⁻⁴, on either strand"
    return Site(words, f"motifs {family}", genes, composition, sites.matrices, left_out)


def site_effect(
    contrast: str, fit: ContrastFit, site: Mapping[str, float], composition: Mapping[str, Sequence[float]] | None = None
) -> SiteEffect | str:
    """Return how much further genes with a site move in one contrast, or why that cannot be told.

    Parameters
    ----------
    contrast, fit
        A fitted contrast.
    site
        Symbol → 0 to 1: member of a target set, or share of a family's matrices that hit. A gene that is not in it has no
        site, unless `composition` is given: then it does not count, since its promoter is not known.
    composition
        Symbol → what describes its promoter besides (GC, CpG).

    Returns
    -------
    SiteEffect or str
        Effect in normal deviates of moderated t (positive: higher in the target), for a site of 1 against none.
    """
    return _effect_of(_prepared(contrast, fit, composition), site)


@dataclass(frozen=True)
class _Prepared:
    """What every site of a contrast is tested with: usable genes, their deviates, covariates, and how genes correlate.

    `noise`, genes × residual df (or blocks), times its own transpose is the correlation that chance gives the genes.
    """

    contrast: str
    place: Mapping[str, int]
    basis: Array
    z: Array
    noise: Array
    df: float
    needs_others: bool


def _prepared(contrast: str, fit: ContrastFit, composition: Mapping[str, Sequence[float]] | None) -> _Prepared:
    known = np.array([composition is None or gene in composition for gene in fit.genes], dtype=bool)
    used = np.flatnonzero(known & np.isfinite(fit.t))
    genes = [fit.genes[at] for at in used]
    columns = [spline_columns(fit.mean_expression[used])] if len(used) else [np.zeros((0, 1))]
    if composition is not None:
        columns.append(np.array([composition[gene] for gene in genes], dtype=np.float64).reshape(len(used), -1))
    # Blocks that enter as a correlation are the units: genes with a site that move together from block to block are more alike within
    # one than that correlation says.
    errors = fit.score_sandwich if fit.blocks else None
    residuals = (fit.effects if errors is None else fit.score_effects)[used, 1:]
    scaled = residuals / np.sqrt(np.maximum(np.mean(residuals**2, axis=1), SMALLEST_VARIANCE))[:, None]
    noise, df = (
        (scaled / np.sqrt(fit.residual_df), float(fit.residual_df))
        if errors is None
        else (scaled @ errors.parts, errors.df)
    )
    place = {gene: at for at, gene in enumerate(genes)}
    basis = basis_of(np.column_stack(columns))
    z = z_of_t(fit.t, fit.df)[used]
    return _Prepared(contrast, place, basis, z, noise, df, composition is None)


def _effect_of(prepared: _Prepared, site: Mapping[str, float]) -> SiteEffect | str:
    contrast, basis, z = prepared.contrast, prepared.basis, prepared.z
    hit = np.zeros(len(z))
    for gene, share in site.items():
        if gene in prepared.place:
            hit[prepared.place[gene]] = share
    with_site = int(np.count_nonzero(hit))
    if with_site < FEWEST_GENES or (prepared.needs_others and len(z) - with_site < FEWEST_GENES):
        return f"{contrast}: {with_site} of {len(z):,} usable genes have a site; {FEWEST_GENES} with and without are needed"
    rest = hit - basis @ (basis.T @ hit)
    squares = float(rest @ rest)
    if squares <= 1e-6 * float(hit @ hit):
        return f"{contrast}: nothing of the site is left beside expression and composition of the promoters"
    effect = float(rest @ z) / squares
    left = z - basis @ (basis.T @ z) - effect * rest
    variance = float(left @ left) / (len(z) - basis.shape[1] - 1)
    inflation = max(1.0, float(np.sum((rest @ prepared.noise) ** 2)) / squares)
    se = float(np.sqrt(variance * inflation / squares))
    p_value = float(two_sided_p(np.array([effect / se]), prepared.df)[0])
    return SiteEffect(contrast, len(z), with_site, effect, se, prepared.df, inflation, p_value)


def pool_sites(effects: Sequence[SiteEffect]) -> tuple[float, float, float]:
    """Return effect, standard error and p (two-sided) over independent contrasts.

    Parameters
    ----------
    effects
        One per independent contrast, at least one.

    Notes
    -----
    The inverse-variance mean; its p joins the contrasts' own deviates (each by its t) with the same weights, since standard
    errors of few samples are no constants. Where they point the other way, as contrasts that contradict one another may, it is 1: a
    small p would speak for the side on which the effect does not lie. One contrast keeps its own p.
    """
    weights = np.array([1 / row.se for row in effects])
    z = _pooled_deviate(effects)
    effect = float(np.array([row.effect for row in effects]) @ weights**2 / np.sum(weights**2))
    p_value = float(two_sided_p(np.array([z]), np.inf)[0]) if z * effect > 0 else 1.0
    return effect, float(1 / np.linalg.norm(weights)), p_value


def _pooled_deviate(effects: Sequence[SiteEffect]) -> float:
    from scipy.special import ndtri

    weights = np.array([1 / row.se for row in effects])
    deviates = np.array([-ndtri((row.p_value or 1.0) / 2) * np.sign(row.effect) for row in effects])
    return float(weights @ deviates / np.linalg.norm(weights))


def measure_promoters(
    site: Site,
    fits: Mapping[str, ContrastFit],
    gene_set: Collection[str],
    direction: str,
    *,
    unused_universe: bool = False,
) -> tuple[Measured, PromoterDetails]:
    """Measure how much further genes with a site move in the contrasts of a hypothesis.

    Parameters
    ----------
    site
        From `chip_site` or `motif_site`.
    fits
        Independent contrasts of the hypothesis that could be tested.
    gene_set
        Genes of the row's set.
    direction
        up or down, declared.
    unused_universe
        Whether the row declares a universe of its own: genes that were measured are the universe here, so it is told.
    """
    prepared = [_prepared(name, fit, site.composition) for name, fit in fits.items()]
    found = [_effect_of(contrast, site.genes) for contrast in prepared]
    effects = [row for row in found if isinstance(row, SiteEffect)]
    left_out = [
        *site.left_out,
        *(row for row in found if isinstance(row, str)),
        *(["the declared universe: measured genes are the universe of this layer"] if unused_universe else []),
    ]
    known = [gene for gene in gene_set if site.composition is None or gene in site.composition]
    genes = {gene for fit in fits.values() for gene in fit.genes}
    shared = _shared_words(site, known, genes)
    measured = Measured(
        universe_n=max((row.n_genes for row in effects), default=0),
        n_in_set=len(gene_set),
        n_measured=sum(gene in genes for gene in known),
    )
    if not effects:
        why = "; ".join(left_out) or "no contrast of the hypothesis could be tested"
        return replace(measured, reason=f"Not testable: {why}."), PromoterDetails(
            site.words, site.matrices, [], left_out, shared, why
        )
    if site.composition is None:
        tested = [contrast for contrast, row in zip(prepared, found, strict=True) if isinstance(row, SiteEffect)]
        placed, effects = _placed(measured, effects, tested, site, direction)
        return placed, PromoterDetails(site.words, site.matrices, effects, left_out, shared)
    effect, se, p_value = pool_sites(effects)
    # Rounding may take a p to 0 or above 1; neither is one.
    half = max(p_value / 2, SMALLEST_P)
    p_declared = half if (effect > 0) == (direction == "up") else 1 - half
    reason = (
        f"Genes with a site move {'up' if effect > 0 else 'down'} by {abs(effect):.2f} normal deviates against others of the same "
        f"expression and promoter composition in {count(len(effects), 'contrast')} "
        f"(two-sided {p_statement(p_value)}); {direction} was declared."
    )
    return (
        replace(
            measured,
            effect=effect,
            ci_low=effect - 1.959963984540054 * se,
            ci_high=effect + 1.959963984540054 * se,
            p_value=p_value,
            p_declared=p_declared,
            null_used="competitive, correlation of genes estimated from the samples (CAMERA), beside a spline of mean expression, GC "
            "and CpG",
            reason=reason,
        ),
        PromoterDetails(site.words, site.matrices, effects, left_out, shared),
    )


def _placed(
    measured: Measured, effects: list[SiteEffect], prepared: Sequence[_Prepared], site: Site, direction: str
) -> tuple[Measured, list[SiteEffect]]:
    """Return a ChIP set with its place among the other target sets of its file, over all contrasts and in each.

    Parameters
    ----------
    measured, effects, prepared
        What is known of the set, its effect in every contrast that could be tested, and these contrasts.
    site, direction
        The set with the others; up or down, declared.
    """
    others = []
    for genes in site.others.values():
        tested = [_effect_of(one, dict.fromkeys(genes, 1.0)) for one in prepared]
        if kept := [row for row in tested if isinstance(row, SiteEffect)]:
            others += [kept] if len(kept) == len(prepared) else []
    sign = 1.0 if direction == "up" else -1.0
    placed = []
    for number, row in enumerate(effects):
        ratios = np.array([one[number].effect / one[number].se for one in others])
        place = float(100 * np.mean(sign * ratios < sign * row.effect / row.se)) if others else None
        placed.append(replace(row, p_value=None, place=place))
    effect, _, _ = pool_sites(effects)
    own, theirs = sign * _pooled_deviate(effects), sign * np.array([_pooled_deviate(one) for one in others])
    n, behind = len(others), int(np.sum(theirs < own))
    moved = (
        f"Targets move {'up' if effect > 0 else 'down'} by {abs(effect):.2f} normal deviates against genes of the same expression in "
        f"{count(len(effects), 'contrast')}"
    )
    among = (
        f": further {direction}, as declared, than {behind:,} of the {n:,} other target sets of the file" if n else ""
    )
    reason = (
        f"{moved}{among}. Described without a p: a factor that likes open promoters moves with all that they follow."
    )
    described = replace(
        measured, effect=effect, percentile=100 * behind / n if n else None, reason=reason, instead="described"
    )
    return described, placed


def _shared_words(site: Site, gene_set: Collection[str], measured: Collection[str]) -> str:
    """Return how many of the set's measured genes have a site, beside all others; for a ChIP set that is the set itself."""
    if site.composition is None:
        return ""
    inside = [site.genes[gene] for gene in gene_set if gene in measured]
    outside = [share for gene, share in site.genes.items() if gene in measured and gene not in set(gene_set)]
    if not inside or not outside:
        return ""
    return (
        f"At least one matrix hits the promoters of {percent(sum(share > 0 for share in inside), len(inside))} of the set's "
        f"{len(inside):,} measured genes and of {percent(sum(share > 0 for share in outside), len(outside))} of {len(outside):,} others; "
        "described, since the set was chosen by people who know its sites."
    )

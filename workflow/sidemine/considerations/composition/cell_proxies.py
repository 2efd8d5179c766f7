"""Which cells are in the samples: proxy scores from marker genes that the drug's pathway does not move.

The method is the mean z score of marker genes (sidemine's own lists in `resources`, CC0, or the study's): it needs no
reference profile, so nothing licence-bound, and its errors are easy to reason about. Markers that stand in a target or
member set of the study are left out, as are markers that follow the target score more closely than their own cell type.
A cell type whose markers move when such samples are stimulated for hours, when no cell has come or gone, is contaminated.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.record import ProxyFact
from sidemine.effect.adjustment import standardised
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_effect import set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.unit_errors import p_of_units
from sidemine.stats.tails import two_sided_p
from sidemine.study.markers import FEWEST_MARKERS, Panels
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit

LEAST_COHERENCE = 0.1
"""Mean correlation between markers below which they do not measure one thing."""
BACKGROUND_PERCENTILE = 25.0
"""Place among all genes, by mean expression, below which half of a cell type's markers may not lie: what varies there is the
background of the array (in liver: neurons, glia, skeletal muscle). Counts are filtered before the fit and need no such rule."""
BACKGROUND_LOG2 = 0.5
"""The same in log2 units below the gene in the middle: values without a background have no such genes."""
MOST_PROXIES = 8
"""Proxies beyond which those that do not differ between the groups stay out: each one costs precision, and the bound for their
noise most of it."""
LEAST_KEPT = 3
"""Proxies that enter in any case, the most different first."""
MAY_DIFFER_P = 0.2
"""Two-sided p of a proxy's difference between the groups up to which it enters, however many there are."""
SAME_PROXY = 0.7
"""Proxies whose residuals correlate above this cannot be told apart and are averaged."""
CONTAMINATION_P = 0.05
CONTAMINATION_LOG2 = 0.2
LARGE_LOG2 = 0.5
"""A cell type is contaminated when its markers move in stimulated samples by 0.2 log2 units or more with p ≤ .05,
Bonferroni over cell types and contrasts, or by 0.5 or more with p ≤ .05 alone. Dropping a good proxy is no safe error: it
leaves composition unadjusted."""


@dataclass(frozen=True)
class Proxies:
    """Proxies of one contrast in its effect space.

    Attributes
    ----------
    names
        Names of the usable proxies; cell types that cannot be told apart are joined by +.
    scores
        Proxies × (1 + residual df), in residual standard deviations of the markers; column 0 is the contrast.
    facts
        One per cell type.
    """

    names: list[str]
    scores: NDArray[np.float64]
    facts: list[ProxyFact] = field(default_factory=list)


def read_markers(paths: Iterable[Path], gene_sets: pd.DataFrame) -> dict[str, list[str]]:
    """Return marker genes per cell type (the file's name), without the genes of target and member sets.

    Parameters
    ----------
    paths
        Marker files with columns gene_set, family, gene, weight, reason, source, verified.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes: what the drug's pathway may move is no marker.
    """
    genes = {path.stem: read_delimited(path, separator="\t").cells("gene") for path in paths}
    return _without(genes, _pathway_genes(gene_sets))


def read_panels(paths: Iterable[Path], own: Panels, gene_sets: pd.DataFrame) -> dict[str, dict[str, list[str]]]:
    """Return marker genes by panel and cell type, without the genes of target and member sets.

    Parameters
    ----------
    paths
        Files of the shipped panels: one per cell type of blood, and one for a whole panel, with a column cell_type.
    own
        The study's own marker files.
    gene_sets
        As in `read_markers`.
    """
    forbidden, found = _pathway_genes(gene_sets), dict(own)
    for path in paths:
        table = read_delimited(path, separator="\t")
        if "cell_type" not in table.header:
            found["blood"] = {**found.get("blood", {}), path.stem: table.cells("gene")}
            continue
        panel: dict[str, list[str]] = {}
        for cell, gene in zip(table.cells("cell_type"), table.cells("gene"), strict=True):
            panel.setdefault(cell, []).append(gene)
        found[path.stem] = panel
    return {name: _without(panel, forbidden) for name, panel in sorted(found.items())}


def _pathway_genes(gene_sets: pd.DataFrame) -> set[str]:
    return set(gene_sets.loc[gene_sets["family"].isin(["target", "member"]), "gene"])


def _without(genes: Mapping[str, Iterable[str]], forbidden: set[str]) -> dict[str, list[str]]:
    return {name: sorted(set(found) - forbidden) for name, found in sorted(genes.items())}


def stimuli_checked(markers: Mapping[str, list[str]], stimuli: Mapping[str, ContrastFit]) -> list[str]:
    """Return the stimulus contrasts that measure the markers of any cell type: without one nothing was checked."""
    return [
        contrast
        for contrast, fit in sorted(stimuli.items())
        if fit.has_fold_change and build_membership(_as_sets(markers), fit.genes, FEWEST_MARKERS).gene_sets
    ]


def find_contaminated(markers: Mapping[str, list[str]], stimuli: Mapping[str, ContrastFit]) -> dict[str, str]:
    """Return the cell types whose markers move in stimulated samples, each with the evidence.

    Parameters
    ----------
    markers
        Marker genes per cell type.
    stimuli
        Fits of the stimulus contrasts whose datasets declare the same panel, by contrast.
    """
    contaminated: dict[str, str] = {}
    for contrast, fit in sorted(stimuli.items()):
        if not fit.has_fold_change:
            continue  # the limit is in log2 units
        membership = build_membership(_as_sets(markers), fit.genes, FEWEST_MARKERS)
        if not membership.gene_sets:
            continue
        effects, tests = set_effects(fit, membership), fry(fit, membership, mixed=False)
        p_values = np.maximum(tests["p_value"], p_of_units(fit, membership))
        for name, effect, p_value in zip(membership.gene_sets, effects["over_complement"], p_values, strict=True):
            if is_moved(effect, p_value, len(markers) * len(stimuli)):
                contaminated.setdefault(
                    name, f"contaminated: its markers move in {contrast} (log2 {effect:.2f}, p = {p_value:.2g})"
                )
    return contaminated


def is_moved(effect: float, p_value: float, n_tests: int) -> bool:
    """Tell whether markers move in stimulated samples: a little beyond doubt, or much.

    Parameters
    ----------
    effect
        Log2 units over the other genes, stimulated minus not.
    p_value
        Two-sided.
    n_tests
        Cell types × contrasts that are looked at.
    """
    strict = p_value <= CONTAMINATION_P / n_tests and abs(effect) >= CONTAMINATION_LOG2
    return strict or (p_value <= CONTAMINATION_P and abs(effect) >= LARGE_LOG2)


def _as_sets(markers: Mapping[str, list[str]]) -> pd.DataFrame:
    import pandas as pd

    rows = [(name, "confounder", gene, 1.0, "own") for name, genes in markers.items() for gene in genes]
    return pd.DataFrame(rows, columns=["gene_set", "family", "gene", "weight", "version"])


def build_proxies(
    fit: ContrastFit,
    markers: Mapping[str, list[str]],
    contaminated: Mapping[str, str],
    target: NDArray[np.float64],
) -> Proxies:
    """Build the proxies of one contrast.

    Parameters
    ----------
    fit
        The fitted contrast.
    markers
        Marker genes per cell type, target genes already left out.
    contaminated
        Cell types to drop, with the reason.
    target
        The primary set's score in the effect space, shape (1 + residual df,): a marker that follows it more closely
        than the other markers of its cell type is no marker here.
    """
    values = standardised(fit)
    position = {gene: row for row, gene in enumerate(fit.genes)}
    names: list[str] = []
    scores: list[NDArray[np.float64]] = []
    facts: list[ProxyFact] = []
    for cell_type, genes in markers.items():
        measured = [gene for gene in genes if gene in position]
        own = values[[position[gene] for gene in measured]]
        follows = _follows_target(own, target) if len(measured) >= FEWEST_MARKERS else np.zeros(len(measured), bool)
        kept = own[~follows]
        coherence = _mean_correlation(kept)
        reason = contaminated.get(cell_type, "")
        if len(kept) < FEWEST_MARKERS:
            reason = f"{len(kept)} usable markers, fewer than {FEWEST_MARKERS}"
        elif not reason and not _is_expressed(fit, [position[gene] for gene in measured]):
            reason = "half of its markers lie among the quarter of all genes with the lowest expression"
        elif not reason and coherence < LEAST_COHERENCE:
            reason = f"its markers do not vary together (mean correlation {coherence:.2f})"
        facts.append(
            ProxyFact(
                cell_type=cell_type,
                used=not reason,
                reason=reason,
                n_markers=len(kept),
                markers=[gene for gene, out in zip(measured, follows, strict=True) if not out],
                left_out=[gene for gene, out in zip(measured, follows, strict=True) if out],
                reliability=_reliability(coherence, len(kept)),
            )
        )
        if not reason:
            names.append(cell_type)
            scores.append(kept.mean(axis=0))
    unlike = _not_different(names, scores)
    facts = [
        replace(fact, used=False, reason=unlike[fact.cell_type]) if fact.cell_type in unlike else fact for fact in facts
    ]
    chosen = [number for number, name in enumerate(names) if name not in unlike]
    values = np.array([scores[number] for number in chosen]).reshape(len(chosen), fit.effects.shape[1])
    joined, merged = _merge([names[number] for number in chosen], values)
    return Proxies(joined, merged, facts)


def _not_different(names: list[str], scores: list[NDArray[np.float64]]) -> dict[str, str]:
    """Return which of many proxies stay out because they do not differ between the groups, each with the reason.

    The set's own score is not looked at, so that nothing is chosen for the answer that it gives.
    """
    if len(names) <= MOST_PROXIES:
        return {}
    values = np.array(scores)
    t = values[:, 0] / np.sqrt(np.mean(values[:, 1:] ** 2, axis=1))
    p_values = two_sided_p(t, values.shape[1] - 1)
    order = np.argsort(p_values, kind="stable")
    return {
        names[
            number
        ]: f"of {len(names)} cell types one that does not differ between the groups (p = {p_values[number]:.2g})"
        for rank, number in enumerate(order)
        if rank >= LEAST_KEPT and p_values[number] > MAY_DIFFER_P
    }


def _is_expressed(fit: ContrastFit, rows: list[int]) -> bool:
    if fit.facts.engine == "voom":
        return True
    lowest, middle = np.percentile(fit.mean_expression, [BACKGROUND_PERCENTILE, 50])
    return bool(np.median(fit.mean_expression[rows]) >= min(lowest, middle - BACKGROUND_LOG2))


def _follows_target(own: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.bool_]:
    residuals = own[:, 1:]
    others = (residuals.sum(axis=0) - residuals) / (len(residuals) - 1)
    with_others = np.array([_correlation(row, rest) for row, rest in zip(residuals, others, strict=True)])
    with_target = np.array([abs(_correlation(row, target[1:])) for row in residuals])
    return np.asarray(with_target > np.maximum(with_others, 0))


def _correlation(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    # Residuals have mean 0 by construction, so this is their correlation.
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length > 0 else 0.0


def _mean_correlation(own: NDArray[np.float64]) -> float:
    n_genes = len(own)
    if n_genes < 2:
        return 0.0
    total = float(np.mean(own[:, 1:].sum(axis=0) ** 2))
    return (total - n_genes) / (n_genes * (n_genes - 1))


def _reliability(coherence: float, n_markers: int) -> float:
    """Return Cronbach's α: how well these markers measure what they share (not how well that follows the cells)."""
    rho = max(coherence, 0.0)
    return n_markers * rho / (1 + (n_markers - 1) * rho) if n_markers else 0.0


def _merge(names: list[str], scores: NDArray[np.float64]) -> tuple[list[str], NDArray[np.float64]]:
    groups: list[list[int]] = []
    for number in range(len(names)):
        for group in groups:
            mean = scores[group].mean(axis=0)
            if _correlation(scores[number][1:], mean[1:]) > SAME_PROXY:
                group.append(number)
                break
        else:
            groups.append([number])
    merged = np.array([scores[group].mean(axis=0) for group in groups]).reshape(len(groups), scores.shape[1])
    return ["+".join(names[number] for number in group) for group in groups], merged

"""Test one set within a complete table; of a table that was cut, describe what it lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.gene_statistics import GeneStatistics, collect_statistics, refuse_ratios
from sidemine.differential.table_completeness import are_signed_folds, find_threshold
from sidemine.drawing.words import bounded, count
from sidemine.enrichment.over_representation import list_enrichment
from sidemine.enrichment.preranked_camera import (
    FEWEST_GENES,
    MIN_CORRELATION,
    Reference,
    members_by_value,
    preranked_camera,
    reference_correlations,
)
from sidemine.enrichment.set_membership import build_membership
from sidemine.lines.complete_table.checks import DATES, SIGN, check_rows, check_sign
from sidemine.lines.complete_table.config import PROTEIN
from sidemine.lines.complete_table.record import ListedGenes, MemberOfSet, TableDetails
from sidemine.lines.complete_table.rows import TableRows, genes_of_rows
from sidemine.lines.evidence import IN_FAVOUR_P, Measured
from sidemine.stats.multiplicity import simes
from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.lines.published.record import LabelCheck
    from sidemine.lines.specification import DeclaredLine
    from sidemine.prepare.gene_table import GeneTable

TEST = "preranked_camera"
"""Word of the test in `resources/calibration/lines/complete_table.tsv`."""
MOST_SD = 6.0
"""SD from the median at which z of a table are bounded, as in genetics: a single gene neither carries a set nor makes the spread."""
_QUARTILES_OF_NORMAL = 1.349
"""Distance of the quartiles of a normal distribution, in SD."""
CARRIED = 0.25
"""Share of the effect that leading values hold, from which on a set is said to be carried by them, as in experiments and cohorts."""
_COMPLETE = 0.9
"""Share of a declared universe that a complete table holds."""


@dataclass(frozen=True)
class TableToTest:
    """A table, what was measured where that is a list of its own, the sets of the study, and where correlations come from.

    Attributes
    ----------
    rows
        The table.
    universe, names_lost
        The declared list of what was measured, None where the table itself is the universe; its names without a symbol.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.
    gene_table
        Approved symbols.
    references
        Residuals of other samples; none: nothing can be tested.
    """

    rows: TableRows
    universe: frozenset[str] | None
    gene_sets: pd.DataFrame
    gene_table: GeneTable
    references: Sequence[Reference]
    names_lost: int = 0


def measure_table(row: DeclaredLine, table: TableToTest) -> tuple[Measured, TableDetails]:
    """Test the declared set in a complete table, or describe it in one that was cut.

    A complete table: the genes of the set against the table's other genes, by CAMERA on statistics with the correlation of
    the set in other samples, never below .05; Simes' p of the set's own genes stands beside it. One value of several genes counts
    once, in a set, in the universe and in a list. A set that is called, and is not where the two leading genes
    are held back to the third, is capped if these hold a quarter of the effect. A table that was cut (all adjusted p below .5, no small fold change, fewer rows than tests, or fewer genes than the declared universe): counts,
    and with a declared universe over-representation, as a description.

    Parameters
    ----------
    row
        As declared in `lines.tsv`.
    table
        What was read.

    Returns
    -------
    measured, details
        The row of evidence before it is judged, and what stands beside it. Signs are target minus reference.

    Raises
    ------
    InputError
        When the table names no genes, gives no statistic with a sign, or holds impossible numbers.
    """
    table = replace(table, rows=_with_logarithms(table.rows))
    genes = genes_of_rows(table.rows, table.gene_table)
    columns = table.rows.columns
    cut_by_p = find_threshold(None, columns.p_value, columns.adjusted_p)
    threshold = cut_by_p or find_threshold(columns.effect, columns.p_value, columns.adjusted_p) or ""
    # Ratios look like effects without small ones. Where p-values say that nothing was cut, that is what they are.
    if not cut_by_p and not (threshold and columns.p_value is None):
        refuse_ratios(columns, table.rows.where)
    of_proteins = row.layer == PROTEIN.word
    statistics = collect_statistics(
        genes.genes, genes.reasons, table.rows.columns, table.rows.where, of_proteins=of_proteins
    )
    universe = table.universe
    if universe and not threshold and (held := len(universe & statistics.symbols)) < _COMPLETE * len(universe):
        threshold = f"it holds {held:,} of the {len(universe):,} genes that were measured"
    checks = check_rows(table.rows, genes, row.format)
    if threshold and (doubt := check_sign(columns)):
        checks.append(doubt)
    members = table.gene_sets[(table.gene_sets["gene_set"] == row.set) & (table.gene_sets["weight"] != 0)]
    if threshold:
        return _describe(table, statistics, members, threshold, checks)
    return _test(row, table, statistics, members, checks)


def _with_logarithms(rows: TableRows) -> TableRows:
    """Return a table whose signed fold changes are log2 fold changes: 1.3 and −1.3 lie equally far from none."""
    columns = rows.columns
    statistic = columns.z if columns.z is not None else columns.t
    p_value = columns.p_value
    if p_value is None and statistic is not None:
        p_value = two_sided_p(statistic, np.inf)
    if columns.effect is None or p_value is None or not are_signed_folds(columns.effect, p_value):
        return rows
    logarithms = np.sign(columns.effect) * np.log2(np.abs(columns.effect))
    told = "The effects are signed fold changes (no value between −1 and 1): their log2 were taken" + (
        ", and their standard errors, which are of another scale, left out." if columns.se is not None else "."
    )
    return replace(rows, columns=replace(columns, effect=logarithms, se=None), notes=(*rows.notes, told))


def bound_deviates(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound deviates to `MOST_SD` about their median; the SD is that of their quartiles, and at least 1.

    Parameters
    ----------
    z
        Of all genes of a table, shape (n,).

    Returns
    -------
    numpy.ndarray
        Of the same shape.
    """
    low, middle, high = np.quantile(z, (0.25, 0.5, 0.75))
    reach = MOST_SD * max(1.0, (high - low) / _QUARTILES_OF_NORMAL)
    return np.clip(z, middle - reach, middle + reach)


@dataclass(frozen=True)
class _Leading:
    """The two values that add most to the effect of a set, and what is left where neither adds more than the third.

    Attributes
    ----------
    names
        Of the values.
    share
        What they add, as a share of what all values of the set do.
    p_value
        One-sided, on the side of the effect, with both held back.
    """

    names: list[str]
    share: float
    p_value: float


def _hold_back_leading(
    z: NDArray[np.float64], by_value: pd.DataFrame, names: Sequence[str], effect: float, correlation: float
) -> _Leading:
    """Return what the two leading values carry.

    They are held back, not left out: the largest of many is large by selection, too, so that without it a set of which all values
    are shifted loses its call as often.
    """
    weights = dict(zip(by_value["gene"], by_value["weight"], strict=True))
    own = np.sign(effect) * np.array([weights.get(name, 0.0) for name in names])
    middle = float(np.median(z))
    places = np.flatnonzero(own)
    order = places[np.argsort(-(own * (z - middle))[places], kind="stable")]
    adds, top = own * (z - middle), order[:2]
    held = z.copy()
    held[top] = middle + max(float(adds[order[2]]), 0.0) / own[top]
    tested = preranked_camera(held, build_membership(by_value, names, min_size=1), np.array([correlation]))
    half = float(tested["p_value"].iloc[0]) / 2
    return _Leading(
        [names[place] for place in top],
        float(adds[top].sum() / adds[places].sum()),
        half if float(tested["effect"].iloc[0]) * effect > 0 else 1 - half,
    )


def _details(
    table: TableToTest, statistics: GeneStatistics, members: Iterable[str], checks: list[LabelCheck]
) -> TableDetails:
    wanted = frozenset(members)
    lost = [f"{table.names_lost} names of the declared universe have no approved symbol."] if table.names_lost else []
    measured = [
        MemberOfSet(name, float(z), float(effect) if np.isfinite(effect) else None)
        for name, z, effect in zip(statistics.names, statistics.z, statistics.effect, strict=True)
        if name in wanted
    ]
    return TableDetails(
        n_rows=table.rows.n_rows,
        losses=statistics.losses,
        notes=[*table.rows.notes, *statistics.notes, *lost],
        checks=checks,
        threshold="",
        reference="",
        correlation=None,
        correlation_used=None,
        p_simes=None,
        leading=[],
        p_held_back=None,
        members=sorted(measured, key=lambda member: (-abs(member.z), member.gene)),
        listed=[],
    )


def _contradictions(checks: list[LabelCheck]) -> str:
    wrong = [check.check for check in checks if check.status == "contradicts" and check.check != DATES]
    return f"the table contradicts its label ({', '.join(wrong)})" if wrong else ""


def _test(
    row: DeclaredLine, table: TableToTest, statistics: GeneStatistics, members: pd.DataFrame, checks: list[LabelCheck]
) -> tuple[Measured, TableDetails]:
    by_value, by_gene = members_by_value(members, statistics.genes)
    details = _details(table, statistics, by_value["gene"], checks)
    n_in_set, n_genes, n_values = len(members), len(by_gene), len(by_value)
    n_measured = min(n_genes, n_values)
    known = reference_correlations(table.references, by_gene, by_gene["gene"].tolist())
    measured = Measured(
        universe_n=statistics.n_universe,
        n_in_set=n_in_set,
        n_measured=n_measured,
        downgrades=_downgrades(statistics, n_in_set, frozenset(by_gene["gene"]), table.references),
        cap=_contradictions(checks),
    )
    measures = f"{n_genes} of {n_in_set} genes of the set are measured"
    together = "" if n_values == n_genes else f", in {count(n_values, 'value')}"
    membership = build_membership(by_value, statistics.names, min_size=FEWEST_GENES)
    if n_measured < FEWEST_GENES:
        reason = f"{measures}{together}, fewer than {FEWEST_GENES}."
        return replace(measured, reason=reason, instead="not testable"), details
    if row.set not in known:
        reason = "No cohort of the study, and no reference, tells how the genes of the set correlate."
        return replace(measured, reason=reason, instead="not testable"), details
    used = max(known[row.set], MIN_CORRELATION)
    z = bound_deviates(statistics.z)
    tested = preranked_camera(z, membership, np.array([used]))
    effect, low, high, p_value = (float(tested[name].iloc[0]) for name in ("effect", "ci_low", "ci_high", "p_value"))
    if not np.isfinite(p_value):
        reason = "Every gene of the table is in the set, so nothing is left to compare it with."
        return replace(measured, reason=reason, instead="not testable"), details
    p_simes = simes(two_sided_p(np.array([member.z for member in details.members]), np.inf))
    half = p_value / 2
    leading = _hold_back_leading(z, by_value, statistics.names, effect, used)
    if half <= IN_FAVOUR_P < leading.p_value:
        which = " and ".join(bounded(name, 60) for name in leading.names)
        if leading.share >= CARRIED:
            alone = f"one or two {'proteins' if row.layer == PROTEIN.word else 'genes'} carry it ({which})"
            measured = replace(measured, cap="; ".join(filter(None, (measured.cap, alone))))
        else:
            near = f"p lies near .05: {leading.p_value:.2g} with {which} no further out than the third"
            measured = replace(measured, downgrades=(*measured.downgrades, near))
    if n_bounded := int((z != statistics.z).sum()):
        beyond = f"Values more than {MOST_SD:g} SD from the median: {n_bounded}; bounded there in the test."
        details = replace(details, notes=[*details.notes, beyond])
    details = replace(
        details,
        leading=leading.names,
        p_held_back=leading.p_value,
        reference=" and ".join(reference.name for reference in table.references),
        correlation=known[row.set],
        correlation_used=used,
        p_simes=p_simes,
    )
    side = "higher" if effect > 0 else "lower"
    weights = dict(zip(by_value["gene"], by_value["weight"], strict=True))
    n_of_side = sum((member.z * weights[member.gene] > 0) == (effect > 0) for member in details.members)
    return (
        replace(
            measured,
            effect=effect,
            ci_low=low,
            ci_high=high,
            p_value=p_value,
            p_declared=half if (effect > 0) == (row.direction == "up") else 1 - half,
            null_used=f"CAMERA on statistics within the {statistics.n_universe:,} {statistics.noun} of the table, correlation {used:.2f}",
            reason=(f"{measures}{together}: " if together else "")
            + f"{n_of_side} of {n_values} {'values' if together else 'measured genes'} are {side}; "
            f"Simes' p of these {'values' if together else 'genes'} alone is {p_simes:.2g}.",
        ),
        details,
    )


def _downgrades(
    statistics: GeneStatistics, n_in_set: int, measured: frozenset[str], references: Sequence[Reference]
) -> tuple[str, ...]:
    reasons: list[str] = []
    if len(measured) < n_in_set / 2:
        reasons.append(f"the table measures {len(measured)} of {n_in_set} genes of the set")
    known = len(measured & {gene for reference in references for gene in reference.genes})
    if known < len(measured) / 2:
        reasons.append(f"the correlation is known of {known} of {len(measured)} measured genes")
    if any("contradict" in note for note in statistics.notes):
        reasons.append("its p-values contradict its statistics")
    return tuple(reasons)


def _describe(
    table: TableToTest,
    statistics: GeneStatistics,
    members: pd.DataFrame,
    threshold: str,
    checks: list[LabelCheck],
) -> tuple[Measured, TableDetails]:
    signed = dict(zip(members["gene"], members["weight"], strict=True))
    wanted = {gene for gene, weight in signed.items() if weight > 0}
    hit = np.array([not wanted.isdisjoint(group) for group in statistics.genes])
    universe = table.universe
    # What was measured: the values that are listed, and the genes that are not.
    unlisted = frozenset[str]() if universe is None else universe - statistics.symbols
    n_universe = statistics.n_universe + len(unlisted)
    n_measured = int(hit.sum()) + len(wanted & unlisted)
    listed = []
    for direction, sign in (("up", 1), ("down", -1)):
        of_side = statistics.z * sign > 0
        n, hits = int(of_side.sum()), int((hit & of_side).sum())
        p_value = None
        if universe is not None:
            p_value = float(list_enrichment(np.array([hits]), np.array([n_measured]), n, n_universe)[0])
        listed.append(ListedGenes(direction, n, hits, p_value))
    told = ", ".join(
        f"{one.hits} of {one.listed} {'higher' if one.direction == 'up' else 'lower'} ones"
        + (
            f" (p {one.p_value:.2g}, genes taken as independent, which calls up to 7 % of chance lists)"
            if one.p_value is not None
            else ""
        )
        for one in listed
    )
    if any(check.check == SIGN for check in checks):
        # Which way a gene goes is not known, so no list of higher or lower ones is told.
        found = sum(not signed.keys().isdisjoint(group) for group in statistics.genes)
        told, listed = f"{found} of {statistics.n_universe:,}; whether these are higher or lower is not told", []
    missing = "" if universe is not None else " What was measured is not declared, so nothing is compared with chance."
    named = (
        name
        for name, group in zip(statistics.names, statistics.genes, strict=True)
        if not signed.keys().isdisjoint(group)
    )
    details = replace(_details(table, statistics, named, checks), threshold=threshold, listed=listed)
    return (
        Measured(
            universe_n=n_universe,
            n_in_set=len(members),
            n_measured=n_measured if universe is not None else len(details.members),
            instead="described",
            cap=_contradictions(checks),
            reason=f"The table was cut ({threshold}), so it is described and not tested: of its {statistics.noun} the set has {told}.{missing}",
        ),
        details,
    )

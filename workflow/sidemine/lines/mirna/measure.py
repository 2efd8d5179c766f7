"""Whether the miRNAs that a disease moves target a set more than their number of known targets predicts.

Numbers of known targets are skewed by a hundredfold, since few miRNAs are well studied, and a disease's list favours
those. So no hypergeometric test is made, of targets or of miRNAs. The unit is the seed family (Bartel 2009,
doi 10.1016/j.cell.2009.01.002), whose members share their targets. Over all families that the assay could see, the label
is regressed on the mean share of targets that lies in the set, with a spline of the log number of targets, and HC3
standard errors (MacKinnon and White 1985, doi 10.1016/0304-4076(85)90158-7).

A share has a limit of its own: miRNAs that target one set much have a smaller share left for others. So few targets among
listed miRNAs never speak against a set, and few among those that are down never for one of direction up: miRNAs that moved
the other way count as those that did not move.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.drawing.words import p_statement
from sidemine.lines.evidence import Measured
from sidemine.lines.mirna.record import Lost, MirnaDetails, MirnaUnit
from sidemine.stats.adjusted_slope import Slope, adjusted_slope, spline_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.lines.mirna.names import MirnaNames

    Array = NDArray[np.float64]

FEWEST_LABELLED = 5
FEWEST_UNITS = 30
"""Below these nothing is tested."""
MOST_SHOWN = 10
LISTED = "listed"
ALONE = "miRNA"
_PLURAL = {ALONE: "miRNAs", "seed family": "seed families"}
_NO_SIGNS = (
    "the table does not say which miRNAs are up and which down; declare direction listed, or name label or effect"
)
TOLD = 5


def lost_names(names: Collection[str], why: str) -> list[Lost]:
    """Return the loss of these names, with the first few of them; of none, no loss."""
    return [Lost(len(names), why, sorted(names)[:TOLD])] if names else []


@dataclass(frozen=True)
class LabelledMirnas:
    """The miRNAs of a disease's table.

    Attributes
    ----------
    labels
        By accession: 1 listed (or up), -1 down, 0 measured and not listed; the mean where several rows name it.
    signed
        Whether the table says which way.
    lost
        Rows that do not count.
    """

    labels: Mapping[str, float]
    signed: bool
    lost: list[Lost]


@dataclass(frozen=True)
class TargetGraph:
    """Which genes each miRNA targets, as it is known.

    Attributes
    ----------
    mirnas, genes
        Accessions; approved symbols. Each once.
    mirna_of, gene_of
        Per pair: positions in these. No pair stands twice.
    """

    mirnas: Sequence[str]
    genes: Sequence[str]
    mirna_of: NDArray[np.int64]
    gene_of: NDArray[np.int64]

    def degrees(self) -> Array:
        """Return the number of targets of every miRNA."""
        return np.bincount(self.mirna_of, minlength=len(self.mirnas)).astype(np.float64)

    def scores(self, weights: Mapping[str, float]) -> Array:
        """Return per miRNA the mean weight of its targets: the share of them in a set of plain genes.

        Parameters
        ----------
        weights
            Weights of a set's genes; all others count 0.
        """
        of_gene = np.array([weights.get(gene, 0.0) for gene in self.genes])
        total = np.bincount(self.mirna_of, weights=of_gene[self.gene_of], minlength=len(self.mirnas))
        return np.asarray(total / np.maximum(self.degrees(), 1))


@dataclass(frozen=True)
class Units:
    """The units of the regression, one entry each: see `MirnaUnit`."""

    names: list[str]
    members: list[list[int]]
    labels: Array
    degrees: Array
    scores: Array


def gather_units(labels: Array, degrees: Array, scores: Array, families: Sequence[str]) -> Units:
    """Return families with the means of their miRNAs.

    Parameters
    ----------
    labels, degrees, scores
        Per miRNA of the universe.
    families
        Its family.
    """
    names, family_of = np.unique(np.array(families, dtype=str), return_inverse=True)
    size = np.bincount(family_of, minlength=len(names))
    label, degree, score = (
        np.bincount(family_of, weights=values, minlength=len(names)) / size for values in (labels, degrees, scores)
    )
    order = np.argsort(family_of, kind="stable")
    members = np.split(order, np.cumsum(size)[:-1])
    return Units([str(name) for name in names], [part.tolist() for part in members], label, degree, score)


def slope_on_targets(units: Units, moved: str = "that the table lists") -> Slope | str:
    """Return how the label of a unit rises with one standard deviation of its target score, or why that cannot be told.

    Parameters
    ----------
    units
        From `gather_units`; labels of one sign.
    moved
        What a label says, for the reason.

    Returns
    -------
    Slope or str
        Of the sign of the labels: units with a label target the set more than others with as many targets. In labels per
        standard deviation of the score over all units.
    """
    labelled, n = int(np.count_nonzero(units.labels)), len(units.labels)
    if n < FEWEST_UNITS:
        return f"{n} units with known targets are too few ({FEWEST_UNITS} needed)"
    if labelled < FEWEST_LABELLED:
        return f"{labelled} units {moved} have known targets, fewer than {FEWEST_LABELLED}"
    if labelled == n and len(np.unique(units.labels)) == 1:
        return "the universe holds no miRNA that the table does not list; declare all miRNAs that the assay could see"
    spread = float(units.scores.std())
    if spread == 0:
        return "no miRNA of the universe targets the set more than another"
    found = adjusted_slope(units.labels, units.scores / spread, spline_columns(np.log(units.degrees)))
    return (
        "one unit alone would decide, or nothing of the target score is left beside the number of targets"
        if found is None
        else found
    )


def strongest_units(units: Units, labels_of: Sequence[str]) -> list[MirnaUnit]:
    """Return the labelled units with the largest share of targets in the set, the largest first.

    Parameters
    ----------
    units
        From `gather_units`.
    labels_of
        What each miRNA is called.
    """
    order = [place for place in np.argsort(-units.scores, kind="stable") if units.labels[place] != 0][:MOST_SHOWN]
    return [
        MirnaUnit(
            name=units.names[place],
            members=sorted(labels_of[member] for member in units.members[place]),
            label=float(units.labels[place]),
            n_targets=float(units.degrees[place]),
            score=float(units.scores[place]),
        )
        for place in order
    ]


@dataclass(frozen=True)
class MirnaResult:
    """What a table of miRNAs says.

    Attributes
    ----------
    slope
        From `slope_on_targets`; None: not testable, `details.why_not` says why.
    n_measured
        Genes of the set that a miRNA of the universe targets.
    details
        The record.
    """

    slope: Slope | None
    n_measured: int
    details: MirnaDetails


def measure_mirnas(
    labelled: LabelledMirnas,
    universe: Collection[str],
    graph: TargetGraph,
    weights: Mapping[str, float],
    families: Mapping[str, str] | None,
    names: MirnaNames,
    direction: str,
    lost: Sequence[Lost] = (),
) -> MirnaResult:
    """Measure whether the labelled miRNAs target a set more than their number of known targets predicts.

    Parameters
    ----------
    labelled
        The disease's table.
    universe
        Accessions of what the assay can see.
    graph
        Known targets.
    weights
        Approved symbol → weight of the set's genes.
    families
        By accession; a miRNA without one is a unit of its own. None: every miRNA is.
    names
        How the page calls an accession.
    direction
        up or down: those that moved the other way count as not listed; listed: the sign does not count.
    lost
        What was lost before.

    Notes
    -----
    A labelled miRNA outside the universe, and one without known targets, does not count; both are told.
    """
    place = {key: position for position, key in enumerate(graph.mirnas)}
    labels = {key: _of_direction(label, direction) for key, label in labelled.labels.items()}
    outside = [names.label(key) for key, label in labelled.labels.items() if label != 0 and key not in universe]
    bare = [names.label(key) for key in universe if key not in place]
    used = sorted(key for key in universe if key in place)
    at = np.array([place[key] for key in used], dtype=np.int64)
    degrees, scores = graph.degrees()[at], graph.scores(weights)[at]
    label = np.array([labels.get(key, 0.0) for key in used])
    alone = [names.label(key) for key in used if families is not None and key not in families]
    units = gather_units(label, degrees, scores, [(families or {}).get(key, names.label(key)) for key in used])
    unsigned = direction != LISTED and not labelled.signed
    moved = "that the table lists" if direction == LISTED else f"that are {direction} in the disease"
    found = _NO_SIGNS if unsigned else slope_on_targets(units, moved)
    reached = np.unique(graph.gene_of[np.isin(graph.mirna_of, at)])
    details = MirnaDetails(
        unit=ALONE if families is None else "seed family",
        n_listed=int(np.count_nonzero(label)),
        n_other_way=sum(labelled.labels.get(key, 0.0) != 0 and labels[key] == 0 for key in used),
        n_universe=len(used),
        n_units=len(units.names),
        n_labelled=int(np.count_nonzero(units.labels)),
        median_targets=float(np.median(degrees)) if used else None,
        largest_targets=float(degrees.max()) if used else None,
        lost=[
            *lost,
            *lost_names(outside, "listed miRNAs that the universe does not hold"),
            *lost_names(bare, "miRNAs of the universe without known targets"),
            *lost_names(alone, "miRNAs in no family; each is a unit of its own"),
        ],
        strongest=strongest_units(units, [names.label(key) for key in used]),
        why_not=found if isinstance(found, str) else "",
    )
    n_measured = sum(weights.get(graph.genes[gene], 0.0) != 0 for gene in reached)
    return MirnaResult(found if isinstance(found, Slope) else None, n_measured, details)


def _of_direction(label: float, direction: str) -> float:
    if direction == LISTED:
        return abs(label)
    return max(label, 0.0) if direction == "up" else min(label, 0.0)


def as_measured(result: MirnaResult, direction: str, n_in_set: int) -> Measured:
    """Return what was measured as every layer tells it.

    Parameters
    ----------
    result
        From `measure_mirnas`.
    direction
        up, down or listed, as declared.
    n_in_set
        Genes of the set.
    """
    details, slope = result.details, result.slope
    cap = "" if details.unit != ALONE else "the miRNA is the unit, although members of one family share their targets"
    if slope is None:
        reason = f"Not testable: {details.why_not}."
        return Measured(
            universe_n=details.n_universe,
            n_in_set=n_in_set,
            n_measured=result.n_measured,
            reason=reason,
            cap_of_test=cap,
        )
    low, high = slope.interval()
    along = Slope(-slope.estimate, slope.se, slope.df) if direction == "down" else slope
    p_declared = along.p_higher
    kind = "listed" if direction == LISTED else f"{direction} in the disease"
    other = (
        f" ({details.n_other_way:,} miRNAs that moved the other way count as not moved)" if details.n_other_way else ""
    )
    reason = (
        f"Of {details.n_units:,} {_PLURAL[details.unit]} with known targets {details.n_labelled:,} are {kind}{other}; they "
        f"target the set {'more' if along.estimate > 0 else 'no more'} than others with as many targets (one-sided {p_statement(p_declared)})."
    )
    return Measured(
        universe_n=details.n_universe,
        n_in_set=n_in_set,
        n_measured=result.n_measured,
        effect=slope.estimate,
        ci_low=low,
        ci_high=high,
        p_value=p_declared,
        p_declared=p_declared,
        null_used=f"HC3 t on {slope.df} degrees of freedom, beside a spline of the log number of targets; unit: {details.unit}",
        reason=reason,
        cap_of_test=cap,
    )

"""A screen measured: from the samples of a prepared dataset to effects of compounds on sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.counts import expressed_by_counts
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.lines.screen.record import MeasuredScreen, ScreenedCompound, ScreenFamily
from sidemine.lines.screen.statistics import (
    FEWEST_COMPOUNDS,
    FEWEST_DONORS,
    Differences,
    Moderated,
    log2_per_million,
    moderate,
    paired_differences,
)
from sidemine.stats.adaptive_shrinkage import Shrunken, shrink
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.text.numbers import is_missing_label

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from sidemine.lines.screen.specification import ScreenToMeasure

    Array = NDArray[np.float64]

LARGEST_Q = 0.05
_DIGITS = 6
_NO_VARIANCE = "most compounds do not differ between donors at all: no variance can be learnt"
_ROUNDING = 1e-9
"""log2 units by which equal values may differ, as their means are computed."""


def measure_screen(
    declared: ScreenToMeasure, expression: AnnData, gene_sets: pd.DataFrame, problem: str
) -> MeasuredScreen:
    """Measure one screen.

    Parameters
    ----------
    declared
        The screen.
    expression
        Its prepared dataset, samples × genes: counts or log2 values.
    gene_sets
        Long table with the columns of `gene_set_table.GENE_SETS`.
    problem
        Why no contrast of the dataset can be tested; empty where it can.
    """
    samples, losses, problem = _samples(declared, expression, problem)
    if not problem:
        _leave_out_empty(expression, samples, losses)
        _tell_spellings(set(samples["compound"][samples["kept"]]), losses)
    kept = np.flatnonzero(samples["kept"]) if not problem else np.zeros(0, dtype=np.intp)
    samples = samples.iloc[kept]
    empty = MeasuredScreen(
        id=declared.id,
        dataset=declared.dataset,
        vehicle=declared.vehicle,
        n_samples=len(kept),
        n_compounds=samples.loc[samples["compound"] != declared.vehicle, "compound"].nunique(),
        n_donors=samples["donor"].nunique(),
        n_plates=samples["plate"].nunique() if declared.plate else 0,
        fewest_vehicles=0,
        family_size=0,
        losses=losses,
        problem=problem,
        families=[],
        compounds=[],
    )
    if problem:
        return empty
    sets = gene_sets[gene_sets["gene_set"].isin(declared.sets)]
    losses += [f"set {name} is not among the gene sets" for name in sorted(set(declared.sets) - set(sets["gene_set"]))]
    classes = {name: group for group, names in declared.classes.items() for name in names}
    parts: list[_Part] = []
    fewest: list[int] = []
    for cell_type in sorted(set(samples["cell_type"])):
        here = (samples["cell_type"] == cell_type).to_numpy()
        found, vehicles = _parts_of(cell_type, expression[kept[here]], samples[here], sets, declared, losses)
        parts += found
        fewest.append(vehicles)
    tested = [part.tested for part in parts if part.tested]
    q_values = benjamini_hochberg(np.concatenate([part.judged_p for part in tested]) if tested else np.zeros(0))
    compounds: list[ScreenedCompound] = []
    start = 0
    for part in parts:
        stop = start + (len(part.tested.places) if part.tested else 0)
        compounds += part.rows(q_values[start:stop], classes)
        start = stop
    if not tested:
        flat = [part.why_not for part in parts if part.why_not == _NO_VARIANCE]
        problem = (
            flat[0]
            if flat
            else (
                f"no type of cells has {FEWEST_COMPOUNDS} compounds, each with {FEWEST_DONORS} donors and their vehicle on the same "
                "plate, on a declared set: variances cannot be moderated across compounds"
            )
        )
    absent = sorted(set(classes) - set(samples["compound"]))
    if absent:
        losses = [
            *losses,
            f"{len(absent)} compounds of the declared classes are not in the data: {', '.join(absent[:8])}",
        ]
    return replace(
        empty,
        fewest_vehicles=min(filter(None, fewest), default=0),
        family_size=len(q_values),
        losses=losses,
        problem=problem,
        families=[part.family(part.tested) for part in parts if part.tested],
        compounds=compounds,
    )


def _samples(declared: ScreenToMeasure, expression: AnnData, problem: str) -> tuple[pd.DataFrame, list[str], str]:
    """Return who the samples are, what is left out, and why nothing can be tested."""
    import pandas as pd

    obs = expression.obs
    columns = {
        "compound": declared.compound,
        "donor": declared.donor,
        "plate": declared.plate,
        "cell_type": declared.cell_type,
    }
    absent = [name for name in columns.values() if name and name not in obs.columns]
    if absent:
        there = ", ".join(map(str, obs.columns)) or "none"
        problem = problem or f"the samples have no column {', '.join(map(repr, absent))}; they have {there}"
    samples = pd.DataFrame(
        {
            key: obs[name].astype(str) if name in obs.columns else pd.Series("", index=obs.index, dtype=object)
            for key, name in columns.items()
        }
    )
    kept = np.ones(len(samples), dtype=bool)
    losses = []
    for key, name in columns.items():
        if name in obs.columns:
            missing = samples[key].map(is_missing_label).to_numpy(dtype=bool) & kept
            kept &= ~missing
            if missing.any():
                losses.append(f"{int(missing.sum())} samples have no value in {name}")
    samples["kept"] = kept
    if not problem and "counts" not in expression.layers and "log2" not in expression.layers:
        problem = "the values have no fold change (neither counts nor log2 values)"
    if not problem and not (samples["compound"][kept] == declared.vehicle).any():
        seen = ", ".join(sorted(set(samples["compound"][kept]))[:8])
        problem = f"no sample has {declared.compound} {declared.vehicle!r}: there is no vehicle; some values are {seen}"
    like = sorted(
        name for name in set(samples["compound"][kept]) - {declared.vehicle} if _plain(name) == _plain(declared.vehicle)
    )
    if not problem and like:
        problem = (
            f"{', '.join(map(repr, like))} in {declared.compound} differs from the vehicle {declared.vehicle!r} only in upper and "
            "lower case or blanks, and would count as a compound: write the vehicle in one way"
        )
    return samples, losses, problem


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _leave_out_empty(expression: AnnData, samples: pd.DataFrame, losses: list[str]) -> None:
    """Leave out samples without any value: one of them would take every gene with it."""
    if "counts" in expression.layers:
        empty = np.nansum(np.asarray(expression.layers["counts"], dtype=np.float64), axis=1) <= 0
    else:
        empty = np.isnan(np.asarray(expression.layers["log2"], dtype=np.float64)).all(axis=1)
    empty &= samples["kept"].to_numpy(dtype=bool)
    if empty.any():
        losses.append(f"{int(empty.sum())} samples have no reads (or no values) in any gene")
        samples["kept"] &= ~empty


def _tell_spellings(compounds: Collection[str], losses: list[str]) -> None:
    by_word: dict[str, set[str]] = {}
    for name in sorted(compounds):
        by_word.setdefault(_plain(name), set()).add(name)
    twice = [", ".join(sorted(names)) for names in by_word.values() if len(names) > 1]
    if twice:
        losses.append(
            "names that differ only in upper and lower case or blanks count as different compounds, and their donors are not put "
            f"together: {'; '.join(twice[:8])}"
        )


@dataclass(frozen=True)
class _Tested:
    """The compounds that are tested, in one order: their places among all, and what was found.

    `others` holds the comparison with the other compounds, for those that `beside` counts: each of their samples has
    enough of them on its plate.
    """

    places: NDArray[np.intp]
    moderated: Moderated
    shrunken: Shrunken
    beside: NDArray[np.bool_]
    others: Moderated | None

    @property
    def judged_p(self) -> Array:
        """The larger p of both comparisons, 1 where they disagree in sign; that from the vehicle where there is no other."""
        p = self.moderated.p_value.copy()
        if self.others is not None:
            agree = np.sign(self.others.effect) == np.sign(self.moderated.effect[self.beside])
            p[self.beside] = np.where(agree, np.maximum(p[self.beside], self.others.p_value), 1.0)
        return p


@dataclass(frozen=True)
class _Part:
    """One set in one type of cells: the differences of all compounds from the vehicle, and those that are tested."""

    cell_type: str
    gene_set: str
    n_in_set: int
    n_measured: int
    compounds: list[str]
    n_samples: NDArray[np.int64]
    n_donors: NDArray[np.int64]
    why_not: str
    tested: _Tested | None

    def family(self, tested: _Tested) -> ScreenFamily:
        moderated = tested.moderated
        return ScreenFamily(
            self.cell_type,
            self.gene_set,
            self.n_in_set,
            self.n_measured,
            len(tested.places),
            int(tested.beside.sum()),
            round(moderated.prior_sd, _DIGITS),
            round(moderated.prior_df, _DIGITS) if np.isfinite(moderated.prior_df) else None,
            round(tested.shrunken.null_share, _DIGITS),
            round(float(np.median(moderated.effect)), _DIGITS),
        )

    def rows(self, q_values: Array, classes: Mapping[str, str]) -> list[ScreenedCompound]:
        number = {int(place): at for at, place in enumerate(self.tested.places)} if self.tested else {}
        rows = [self._row(place, number.get(place), q_values, classes) for place in range(len(self.compounds))]
        return sorted(rows, key=lambda row: (2.0 if row.lfsr is None else row.lfsr, row.compound))

    def _row(self, place: int, at: int | None, q_values: Array, classes: Mapping[str, str]) -> ScreenedCompound:
        compound, n_donors = self.compounds[place], int(self.n_donors[place])
        few = f"{n_donors} donors, fewer than {FEWEST_DONORS}" if n_donors < FEWEST_DONORS else ""
        row = ScreenedCompound(
            compound=compound,
            compound_class=classes.get(compound, ""),
            cell_type=self.cell_type,
            gene_set=self.gene_set,
            n_donors=n_donors,
            n_samples=int(self.n_samples[place]),
            why_not=few or self.why_not,
        )
        if self.tested is None or at is None:
            return row
        moderated, shrunken = self.tested.moderated, self.tested.shrunken
        others = self.tested.others if self.tested.beside[at] else None
        at_others = int(self.tested.beside[:at].sum())
        return replace(
            row,
            effect=_rounded(moderated.effect, at),
            ci_low=_rounded(moderated.ci_low, at),
            ci_high=_rounded(moderated.ci_high, at),
            p_value=_rounded(moderated.p_value, at),
            shrunken=round(float(shrunken.effect[at]), _DIGITS),
            shrunken_low=round(float(shrunken.ci_low[at]), _DIGITS),
            shrunken_high=round(float(shrunken.ci_high[at]), _DIGITS),
            lfsr=_rounded(shrunken.lfsr, at),
            from_others=_rounded(others.effect, at_others) if others else None,
            from_others_p=_rounded(others.p_value, at_others) if others else None,
            q_value=_rounded(q_values, at),
            stands_out=bool(q_values[at] <= LARGEST_Q),
            why_not="",
        )


def _rounded(values: Array, at: int) -> float:
    return float(f"{values[at]:.{_DIGITS}g}")


def _parts_of(
    cell_type: str,
    expression: AnnData,
    samples: pd.DataFrame,
    sets: pd.DataFrame,
    declared: ScreenToMeasure,
    losses: list[str],
) -> tuple[list[_Part], int]:
    """Return one part per set, and the vehicle samples of the donor and plate that have fewest; tell what is lost."""
    values, genes, depth = _expressed(expression, samples)
    membership = build_membership(sets, genes)
    inside = f" in {cell_type}" if cell_type else ""
    if depth is None and len(genes) < expression.n_vars:
        losses.append(
            f"{expression.n_vars - len(genes)} of {expression.n_vars} genes have no value in some sample{inside}"
        )
    losses += [f"set {name}{inside}: {reason}" for name, reason in membership.left_out]
    differences = paired_differences(_scores(values, membership), samples, declared.vehicle)
    if differences.n_without_vehicle:
        losses.append(
            f"{differences.n_without_vehicle} samples{inside} have no vehicle sample of their donor and plate"
        )
    missing = sorted(set(samples["compound"]) - {declared.vehicle} - set(differences.compounds))
    if missing:
        losses.append(f"{len(missing)} compounds{inside} have no sample with a vehicle: {', '.join(missing[:8])}")
    of_compound = samples["compound"].to_numpy(dtype=str)
    mean_depth = (
        np.array([depth[of_compound == name].mean() for name in differences.compounds]) if depth is not None else None
    )
    parts = [_part(cell_type, membership, row, differences, mean_depth) for row in range(len(membership.gene_sets))]
    return parts, differences.fewest_vehicles


def _part(cell_type: str, membership: SetMembership, row: int, differences: Differences, depth: Array | None) -> _Part:
    from_vehicle, beside = differences.from_vehicle[:, :, row], differences.from_others[:, :, row]
    n_donors = np.isfinite(from_vehicle).sum(axis=1)
    places = np.flatnonzero(n_donors >= FEWEST_DONORS)
    tested, why_not = None, ""
    if len(places) < FEWEST_COMPOUNDS:
        why_not = f"fewer than {FEWEST_COMPOUNDS} compounds can be tested"
    elif not _varies(from_vehicle[places]):
        why_not = _NO_VARIANCE
    else:
        deep = None if depth is None else depth[places]
        moderated = moderate(from_vehicle[places], deep)
        compared = (np.isfinite(beside[places]) == np.isfinite(from_vehicle[places])).all(axis=1)
        compared &= compared.sum() >= FEWEST_COMPOUNDS and _varies(beside[places[compared]])
        others = (
            moderate(beside[places[compared]], None if deep is None else deep[compared]) if compared.any() else None
        )
        tested = _Tested(places, moderated, shrink(moderated.effect, moderated.error), compared, others)
    return _Part(
        cell_type,
        membership.gene_sets[row],
        int(membership.n_in_set[row]),
        int(membership.n_measured[row]),
        differences.compounds,
        differences.n_samples.sum(axis=1),
        n_donors,
        why_not,
        tested,
    )


def _varies(differences: Array) -> bool:
    """Return whether most compounds, in rows, differ between donors, beyond rounding."""
    return float(np.median(np.nanstd(differences, axis=1))) > _ROUNDING


def _expressed(expression: AnnData, samples: pd.DataFrame) -> tuple[Array, Sequence[str], Array | None]:
    """Return log2 expression of the expressed genes, samples × genes, their names, and log2 library sizes of counts."""
    genes = np.asarray(expression.var_names, dtype=object)
    if "counts" not in expression.layers:
        values = np.asarray(expression.layers["log2"], dtype=np.float64)
        whole = np.isfinite(values).all(axis=0)
        return values[:, whole], genes[whole].tolist(), None
    counts = np.asarray(expression.layers["counts"], dtype=np.float64)
    groups, codes = np.unique(samples["compound"].to_numpy(dtype=str), return_inverse=True)
    expressed = expressed_by_counts(counts.T, np.eye(len(groups))[codes])
    counts = counts[:, expressed]
    return log2_per_million(counts), genes[expressed].tolist(), np.log2(counts.sum(axis=1) + 1)


def _scores(values: Array, membership: SetMembership) -> Array:
    """Return samples × sets: signed mean of the set minus that share of the mean of all other genes."""
    shares = membership.shares()
    inside = abs(membership.weights).sign()
    outside = values.sum(axis=1)[:, None] - (inside @ values.T).T
    complement = outside / np.maximum(values.shape[1] - membership.n_measured, 1)
    return np.asarray((shares @ values.T).T - np.asarray(shares.sum(axis=1)).ravel() * complement)

"""The blind benchmark: calls are frozen before labels are opened, and scored by target pathway after that.

Reported is the area under the ROC curve of “concordance is positive” for side effects that became known after the freeze, with
an interval for clustered units: siblings of a target pathway do not count twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sidemine.atlas.config import CONFIG, LabelRow
from sidemine.atlas.jobs import Places
from sidemine.atlas.plan import AtlasPlan
from sidemine.atlas.record import UNITS, AtlasRecord
from sidemine.errors import InputError, Problem
from sidemine.records import read_record, write_record
from sidemine.stats.clustered_auroc import clustered_auroc
from sidemine.study.hints import dangling
from sidemine.study.sheets import read_sheet
from sidemine.tables import read_table
from sidemine.text.file_digest import sha256_of
from sidemine.text.repeats import repeated

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sidemine.atlas.config import Atlas, BlindBenchmark

    Array = NDArray[np.float64]
    Truth = NDArray[np.bool_]

_FIXED = (CONFIG, "pathways.tsv", "drugs.tsv", "effects.tsv", "pairs.tsv", "protocol.md")


@dataclass(frozen=True)
class Frozen:
    """`frozen.json`: digests of the calls and of all that was fixed with them, and the declared day of the freeze."""

    freeze: str
    calls: str
    fixed: dict[str, str]


@dataclass(frozen=True)
class ScoredUnit:
    """A target pathway and an effect with labels: whether it became known after the freeze, and its concordance."""

    target_pathway: str
    effect: str
    known: bool
    concordance: float


@dataclass(frozen=True)
class Figure:
    """An area under the ROC curve with its 95 % interval.

    No area where there are fewer than two pathways of a kind, and no interval where the units do not vary (an area of 0 or 1).
    """

    name: str
    auroc: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class BlindScore:
    """`blind_score.json`: the figure first, then its comparators.

    Attributes
    ----------
    freeze
        Day of the freeze.
    labels
        SHA-256 of the file of labels.
    n_units, n_known, n_pathways
        Units with labels, those that became known, and target pathways among them.
    n_known_before
        Units left out because a drug's label was known before the freeze.
    figures
        The figure, then the comparators.
    """

    freeze: str
    labels: str
    n_units: int
    n_known: int
    n_pathways: int
    n_known_before: int
    figures: list[Figure]


def freeze_calls(atlas: Atlas, today: date) -> Path:
    """Write the digests of the calls and of all that was fixed with them; a freeze is never replaced.

    Parameters
    ----------
    atlas
        A finished atlas.
    today
        The day: labels may be known that were first reported between the declared day of a freeze and a later one.

    Raises
    ------
    InputError
        When the atlas declares no blind benchmark, has no calls yet, has calls that were computed from other declarations,
        was frozen with others, or declares a day that is past.
    """
    benchmark = _benchmark(atlas)
    path, places = atlas.results / "frozen.json", Places(atlas.results)
    if not places.units.is_file():
        raise InputError(
            _problem("there are no calls to freeze", places.units, f"Run it: `sidemine atlas {atlas.folder}`.")
        )
    record = read_record(AtlasRecord, places.record)
    if record.specification != AtlasPlan(atlas).digest or sha256_of(places.units) != record.units_digest:
        raise InputError(
            _problem(
                "the calls are not those of the folder as it stands: it was edited after they were computed, or they were",
                places.units,
                f"Run it again: `sidemine atlas {atlas.folder}`.",
            )
        )
    frozen = Frozen(benchmark.freeze.isoformat(), sha256_of(places.units), _fixed(atlas))
    if path.exists() and read_record(Frozen, path) != frozen:
        raise InputError(
            _problem("these calls were frozen before, and are other ones now", path, "Restore the frozen ones.")
        )
    if not path.exists() and benchmark.freeze < today:
        raise InputError(
            _problem(
                f"the declared day of the freeze, {benchmark.freeze.isoformat()}, is past",
                atlas.folder / CONFIG,
                "Set `blind: freeze:` to today or later: labels of the days between might be known.",
            )
        )
    write_record(frozen, path)
    return path


def score_calls(atlas: Atlas, labels: Path) -> BlindScore:
    """Score frozen calls by labels, and write `blind_score.json`.

    Raises
    ------
    InputError
        When nothing was frozen, anything changed after the freeze, or the labels are not what they should be.
    """
    benchmark, path = _benchmark(atlas), atlas.results / "frozen.json"
    if not path.is_file():
        raise InputError(
            _problem("nothing was frozen", path, f"Freeze first: `sidemine atlas {atlas.folder} --freeze`.")
        )
    frozen, units = read_record(Frozen, path), Places(atlas.results).units
    now = {UNITS.name: sha256_of(units), **_fixed(atlas)}
    changed = [name for name, digest in {UNITS.name: frozen.calls, **frozen.fixed}.items() if now.get(name) != digest]
    if changed or frozen.freeze != benchmark.freeze.isoformat():
        where = f"{atlas.folder}: {', '.join(changed) or 'the day of the freeze'}"
        raise InputError(
            _problem("calls or protocol changed after the freeze", where, "Restore what was frozen; then score.")
        )
    drugs: dict[str, set[str]] = {}
    for drug in atlas.drugs:
        drugs.setdefault(drug.drug, set()).add(drug.target_pathway)
    rows = _read_labels(labels, drugs, atlas.effect_names)
    digest, output = sha256_of(labels), atlas.results / "blind_score.json"
    if output.exists() and read_record(BlindScore, output).labels != digest:
        raise InputError(
            _problem(
                "these calls were scored by other labels",
                output,
                "Report that score. Who scores again keeps it under another name, and tells both.",
            )
        )
    table = read_table(units, UNITS)
    names = zip(table["target_pathway"].astype(str), table["effect"].astype(str), strict=True)
    values = dict(zip(names, table["concordance"].astype(float), strict=True))
    scored, before = label_units(rows, drugs, values, benchmark.freeze)
    score = score_units(scored, before, benchmark.freeze.isoformat(), digest)
    write_record(score, output)
    return score


def _read_labels(labels: Path, drugs: Iterable[str], effects: Iterable[str]) -> list[LabelRow]:
    """Read the labels and refuse what is wrong with them, all at once."""
    problems: list[Problem] = []
    rows = [row.model for row in read_sheet(labels, LabelRow, "label", problems).rows]
    where = str(labels)
    for kind, known, named in (
        ("drug", set(drugs), {row.drug for row in rows}),
        ("effect", set(effects), {row.effect for row in rows}),
    ):
        problems += [dangling(kind, name, known, where) for name in sorted(named - known)]
    for row in rows:
        if row.known == "yes" and row.first_reported is None:
            problems.append(
                Problem(
                    f"label {row.label} is known, and nobody says since when",
                    where,
                    "a date in first_reported (2027-01-31)",
                    "Add it: only what became known after the freeze counts.",
                )
            )
        elif row.known == "no" and row.first_reported is not None:
            problems.append(
                Problem(
                    f"label {row.label} is not known, and has a day on which it was first reported",
                    where,
                    "known: yes with a day, or no without one",
                    "Correct the row.",
                )
            )
    twice = [f"label {name}" for name in repeated(row.label for row in rows)]
    twice += [f"drug and effect {name}" for name in repeated(f"{row.drug} × {row.effect}" for row in rows)]
    problems += [Problem(f"{what} stands twice", where, "one row each", "Leave one out.") for what in twice]
    if problems:
        raise InputError(problems)
    return rows


def label_units(
    rows: Sequence[LabelRow], drugs: Mapping[str, Set[str]], values: Mapping[tuple[str, str], float], freeze: date
) -> tuple[list[ScoredUnit], int]:
    """Return the units with labels, and how many were left out because a label was known before the freeze.

    A unit is known where one of its drugs became known after the freeze.

    Parameters
    ----------
    rows
        Labels.
    drugs
        Target pathways by drug.
    values
        Concordance by target pathway and effect.
    freeze
        Day of the freeze.
    """
    by_unit: dict[tuple[str, str], list[LabelRow]] = {}
    for row in rows:
        for pathway in drugs[row.drug]:
            by_unit.setdefault((pathway, row.effect), []).append(row)
    scored, before = [], 0
    for (pathway, effect), labels in sorted(by_unit.items()):
        dates = [row.first_reported for row in labels if row.known == "yes"]
        if any(day is not None and day <= freeze for day in dates):
            before += 1
        elif np.isfinite(values.get((pathway, effect), np.nan)):
            scored.append(ScoredUnit(pathway, effect, bool(dates), values[pathway, effect]))
    return scored, before


def score_units(units: Sequence[ScoredUnit], before: int, freeze: str, labels: str) -> BlindScore:
    """Return the figure of frozen calls, and those of its comparators.

    Parameters
    ----------
    units
        With their labels.
    before
        How many were left out because they were known before the freeze.
    freeze, labels
        Day of the freeze, and digest of the labels.
    """
    known = np.array([unit.known for unit in units], dtype=bool)
    value = np.array([unit.concordance for unit in units], dtype=np.float64)
    pathway = np.array([unit.target_pathway for unit in units], dtype=object)
    effect = np.array([unit.effect for unit in units], dtype=object)
    scores = {
        "concordance of target pathway and disease": (value, None),
        "comparator: size of the concordance, without its sign": (np.abs(value), None),
        "comparator: concordance with the other diseases": (_mean_of_others(value, pathway), pathway),
        "comparator: share of the pathway's other effects that are known": (_mean_of_others(known, pathway), pathway),
        "comparator: share of other pathways for which the effect is known": (_mean_of_others(known, effect), effect),
    }
    figures = [
        Figure(name, *clustered_auroc(score, known, pathway, groups)) for name, (score, groups) in scores.items()
    ]
    return BlindScore(freeze, labels, len(units), int(known.sum()), len(set(pathway)), before, figures)


def _mean_of_others(values: Array | Truth, groups: NDArray[np.object_]) -> Array:
    """Return per unit the mean of the other units of its group; 0 where it is alone."""
    _, place = np.unique(groups.astype(str), return_inverse=True)
    counts = np.bincount(place)[place] - 1
    sums = np.bincount(place, weights=values.astype(np.float64))[place] - values
    return np.asarray(np.divide(sums, counts, out=np.zeros(len(values)), where=counts > 0))


def score_lines(score: BlindScore) -> list[str]:
    """Return a score in words, a line each."""
    lines = [
        f"Frozen {score.freeze}. {score.n_units} units of {score.n_pathways} target pathways, {score.n_known} became known "
        f"after the freeze; {score.n_known_before} known before it are left out."
    ]
    for figure in score.figures:
        if figure.auroc is None:
            lines.append(f"{figure.name}: too few target pathways")
        elif figure.ci_low is None or figure.ci_high is None:
            lines.append(
                f"{figure.name}: AUROC {figure.auroc:.3f}; its interval cannot be estimated, for nothing varies"
            )
        else:
            lines.append(f"{figure.name}: AUROC {figure.auroc:.3f} [{figure.ci_low:.3f}, {figure.ci_high:.3f}]")
    return lines


def _benchmark(atlas: Atlas) -> BlindBenchmark:
    if atlas.config.blind is None:
        where = atlas.folder / CONFIG
        raise InputError(
            _problem(
                "this atlas declares no blind benchmark", where, "Add `blind:` with its freeze date (docs/atlas.md)."
            )
        )
    return atlas.config.blind


def _fixed(atlas: Atlas) -> dict[str, str]:
    return {name: sha256_of(atlas.folder / name) for name in _FIXED if (atlas.folder / name).is_file()}


def _problem(what: str, where: Path | str, next_step: str) -> Problem:
    return Problem(what, str(where), "calls that are frozen once, before any label is opened", next_step)

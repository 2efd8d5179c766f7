"""Look ahead at a whole study: its inputs, the samples of each dataset, the groups of each contrast."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sidemine.errors import Problem, SidemineError, StudyError, Untestable
from sidemine.preflight.bridges import notes_of_bridges
from sidemine.preflight.heads import WHOLE, bring_head
from sidemine.preflight.inputs import Input, check_room, survey_inputs
from sidemine.preflight.mix_of_cells import notes_of_composition
from sidemine.preflight.primary_sets import notes_of_primary_sets
from sidemine.preflight.time_budget import TimeBudget
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.projections import ContrastToFit, DatasetToRead
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.load import Study
    from sidemine.study.rows import Contrast, Dataset

Outcome = Literal["testable", "not testable", "stops the run", "not known yet"]


@dataclass(frozen=True)
class ContrastAhead:
    """What a run would make of one contrast.

    Attributes
    ----------
    contrast
        Its row.
    n_target, n_reference, n_both
        Samples in the groups, and in both; None where the samples are not known before the run.
    outcome
        What would become of it, as far as metadata tell; the values may still speak against it.
    columns
        Each covariate and block with its values and their counts.
    """

    contrast: Contrast
    n_target: int | None
    n_reference: int | None
    n_both: int | None
    outcome: Outcome
    columns: tuple[str, ...] = ()


@dataclass
class Ahead:
    """What a run would meet.

    Attributes
    ----------
    inputs
        Every input.
    to_fetch, free
        Bytes to be brought, and free on the disk.
    contrasts
        Every contrast.
    stops
        Problems that would stop the run.
    untestable
        Problems that would make contrasts `not testable`.
    notes
        What could not be looked into, and other remarks.
    """

    inputs: list[Input]
    to_fetch: int
    free: int
    contrasts: list[ContrastAhead] = field(default_factory=list)
    stops: list[Problem] = field(default_factory=list)
    untestable: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Samples:
    """The samples of a dataset as far as they are known, and what does not fit."""

    table: pd.DataFrame | None
    problems: tuple[Problem, ...] = ()
    broken: bool = False
    note: str = ""


def look_ahead(study: Study, budget: TimeBudget, *, whole: int = WHOLE) -> Ahead:
    """Tell what a run of a study would meet, without running it.

    Parameters
    ----------
    study
        The study.
    budget
        The time there is, and the way to the servers.
    whole
        Bytes up to which a file is fetched whole instead of its beginning.
    """
    sources = StudySources.of(study)
    inputs = survey_inputs(study, sources.by_key.values(), budget)
    size, free, room = check_room(inputs, study.downloads_dir)
    ahead = Ahead(
        inputs,
        size,
        free,
        stops=[item.problem for item in inputs if item.problem and not item.may_be_missing] + ([room] if room else []),
        notes=[
            f"{item.problem.where}: {item.problem.what}; the row is unverified, so it would be told as not available"
            for item in inputs
            if item.problem and item.may_be_missing
        ],
    )
    by_key = {item.source.key: item for item in inputs}
    with tempfile.TemporaryDirectory(prefix="sidemine_") as temporary:

        def read(row: Dataset) -> _Samples:
            items = {role: by_key[source.key] for role, source in sources.of_dataset[row.dataset].items()}
            return _read_dataset(study, row, items, Path(temporary) / row.dataset, budget, whole)

        known = dict(zip(study.datasets, budget.map(read, study.datasets.values()), strict=True))
    for name, samples in known.items():
        if samples.note:
            ahead.notes.append(f"dataset {name}: {samples.note}")
        stops = samples.broken or study.datasets[name].status == "verified" or _wants_stop(study)
        (ahead.stops if stops else ahead.untestable).extend(samples.problems)
    ahead.notes += notes_of_composition(study)
    for contrast in study.contrasts.values():
        ahead.contrasts.append(_look_at(study, contrast, known[contrast.dataset], ahead))
    there = {key: item.path for key, item in by_key.items() if item.path}
    tables = {name: samples.table for name, samples in known.items() if samples.table is not None}
    ahead.notes += notes_of_primary_sets(study, sources, there)
    ahead.notes += notes_of_bridges(study, sources, there, tables)
    return ahead


def _wants_stop(study: Study) -> bool:
    return study.config.settings.on_untestable == "stop"


def _read_dataset(
    study: Study, row: Dataset, items: Mapping[str, Input], folder: Path, budget: TimeBudget, whole: int
) -> _Samples:
    from sidemine.prepare.metadata import read_or_explain_samples

    needed = {role: item for role, item in items.items() if role in {"values", "metadata", "sample_sheet"}}
    lost = [item for item in needed.values() if item.state in {"missing", "no answer"}]
    if lost:  # told with the inputs
        return _Samples(
            None, note=f"not looked into, because its {lost[0].source.purpose.split(' of ')[0]} is not to be had"
        )
    try:
        files = {role: bring_head(row, role, item, folder, budget, whole) for role, item in needed.items()}
        there = {role: path for role, path in files.items() if path is not None}
        if len(there) < len(files):
            return _Samples(
                None,
                note="its samples are known only when its values are here (they are too large to look into beforehand)",
            )
        derive = study.config.derive.get(row.dataset, {})
        exclude = study.config.exclude.get(row.dataset, [])
        asked = DatasetToRead.of(row)
        labels = study.labels_by(row.cell_type)
        samples, problems, _ = read_or_explain_samples(asked, there, derive, [item.sample for item in exclude], labels)
    except SidemineError as error:
        return _Samples(
            None, tuple(problem.within(f"dataset {row.dataset}") for problem in error.problems), broken=True
        )
    return _Samples(samples, tuple(problems), note="" if problems else _spare_columns(row, samples, there))


def _spare_columns(row: Dataset, samples: pd.DataFrame, files: Mapping[str, Path]) -> str:
    """Tell of columns of values that belong to no sample: of a sample that metadata lack, or no sample at all."""
    from sidemine.prepare.value_columns import list_value_columns, match_columns, names_in_values
    from sidemine.sources.registry import CELL_LAYOUTS

    if row.layout in CELL_LAYOUTS:
        return ""
    indexed = samples.set_index("sample")
    asked = DatasetToRead.of(row)
    names = names_in_values(asked, indexed) if "metadata" in files or "sample_sheet" in files else None
    columns = list_value_columns(asked, files, names)
    known = [str(name) for name in indexed.index]
    matched: set[str] = set()
    for sample in known:
        try:
            matched |= set(match_columns(asked, indexed, [sample], columns).values())
        except SidemineError:
            continue  # a sample that does not take part may have no column
    spare = [column for column in columns if column not in matched]
    return f"{len(spare)} columns of values belong to no sample: {first_of([*map(repr, spare)], 6)}" if spare else ""


def _look_at(study: Study, contrast: Contrast, known: _Samples, ahead: Ahead) -> ContrastAhead:
    from sidemine.differential.groups import design_contrast, match_groups, raise_mismatch

    dataset_stops = known.broken or study.datasets[contrast.dataset].status == "verified" or _wants_stop(study)
    if known.problems:
        return ContrastAhead(contrast, None, None, None, "stops the run" if dataset_stops else "not testable")
    if known.table is None:
        return ContrastAhead(contrast, None, None, None, "not known yet")
    asked = ContrastToFit.in_dataset(contrast, study.datasets[contrast.dataset])
    groups, mismatches = match_groups(asked, known.table)
    outcome: Outcome = "testable"
    try:
        raise_mismatch(mismatches, verified=contrast.status == "verified")
        design_contrast(asked, groups, study.config.settings.min_group_size)
    except StudyError as error:
        outcome = "stops the run"
        ahead.stops += error.problems
    except Untestable as finding:
        outcome = "stops the run" if _wants_stop(study) else "not testable"
        problems = [
            problem if mismatches else problem.within(f"contrasts.tsv, contrast {contrast.contrast}")
            for problem in finding.problems
        ]
        (ahead.stops if _wants_stop(study) else ahead.untestable).extend(problems)
    counts = [int(mask.sum()) for mask in (groups.target, groups.reference, groups.target & groups.reference)]
    taken = groups.samples[groups.target | groups.reference]
    return ContrastAhead(contrast, counts[0], counts[1], counts[2], outcome, _describe_columns(contrast, taken))


def _describe_columns(contrast: Contrast, samples: pd.DataFrame) -> tuple[str, ...]:
    from sidemine.study.selectors import describe_values

    declared = [("covariate", name) for name in contrast.covariates]
    declared += [("block", contrast.block)] if contrast.block else []
    return tuple(
        f"{contrast.contrast}: {kind} {name}: {describe_values(samples, name, limit=6)}"
        for kind, name in declared
        if name in samples.columns
    )

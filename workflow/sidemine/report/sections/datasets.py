"""Datasets: used and why, what became of their samples and identifiers, and what was considered and not taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidemine.drawing.words import bounded, count, percent
from sidemine.prepare.metadata import USED
from sidemine.prepare.sample_table import EXCLUDED_BY_HAND
from sidemine.report.collect import DatasetResults, StudyResults
from sidemine.report.inputs import InputRow, input_row, inputs_of
from sidemine.report.section import Section
from sidemine.study.context import ConsideredDataset

_MARKS = {
    "publication": "read in a publication or record",
    "abstract": "abstract or press text only",
    "code": "seen in public analysis code",
    "computed": "computed from the file",
    "remembered": "remembered or inferred",
    "unknown": "in part not known",
}
_DECISIONS = {"out": "out", "later": "not yet"}
_FATES_SHOWN = 12
BAR = 120
"""Width of a funnel's longest bar, in pixels."""


@dataclass(frozen=True)
class Step:
    """What is left after one step of a funnel: a number, its share of the first one, and the width of its bar."""

    name: str
    n: int
    share: str
    width: int


@dataclass(frozen=True)
class Funnel:
    """What became of the samples and identifiers of a dataset: what is left after each step, and where the others went."""

    samples: Sequence[Step]
    genes: Sequence[Step]
    fates: Sequence[str]
    identifiers: Sequence[str]


@dataclass(frozen=True)
class DatasetView:
    """One declared dataset, used or not: why it is in, its samples, its inputs, and its funnel."""

    results: DatasetResults
    why_in: str
    n_used: int
    dropped: Sequence[str]
    more_fates: int
    inputs: Sequence[InputRow]
    funnel: Funnel


@dataclass(frozen=True)
class ConsideredView:
    """A data set that was considered and not taken: its row, and in words the role it could have had, the decision, and how that is known."""

    row: ConsideredDataset
    would_serve: str
    decision: str
    marks: str


@dataclass(frozen=True)
class Datasets:
    """What the section shows."""

    used: Sequence[DatasetView]
    considered: Sequence[ConsideredView]


def datasets_section(results: StudyResults) -> Section:
    """Return the ledger of datasets."""
    used = [_view(results, dataset) for dataset in results.datasets.values()]
    content = Datasets(used, considered_rows(results))
    return Section("datasets", "Datasets, used and not taken", content=content, template="datasets.html.j2")


def _view(results: StudyResults, dataset: DatasetResults) -> DatasetView:
    fates = _with_reasons(results, dataset, dataset.quality.samples_per_fate)
    n_used = fates.pop(USED, 0)
    return DatasetView(
        results=dataset,
        why_in=why_in(results, dataset),
        n_used=n_used,
        dropped=[
            f"{count(number, 'sample')}: {bounded(fate, 300)}" for fate, number in fates.most_common(_FATES_SHOWN)
        ],
        more_fates=max(0, len(fates) - _FATES_SHOWN),
        inputs=[input_row(item) for item in inputs_of(dataset, results.manifest.inputs)],
        funnel=funnel_of(results, dataset),
    )


def considered_rows(results: StudyResults) -> list[ConsideredView]:
    """Return the data sets that were considered and not taken, in words."""
    return [
        ConsideredView(
            row=row,
            would_serve=row.would_serve.replace("_", " "),
            decision=_DECISIONS[row.decision],
            marks="; ".join(_MARKS[mark] for mark in row.marks),
        )
        for row in results.study.considered
    ]


def why_in(results: StudyResults, dataset: DatasetResults) -> str:
    """Say why a declared data set is in, and whether anything of it could be tested."""
    if dataset.quality.provenance.problem:
        return "declared, but not usable (the reason stands below)"
    contrasts = results.contrasts_of(dataset.row.dataset)
    if not contrasts:
        return "in, without a contrast"
    named = {row.contrast for card in results.verdicts.verdicts for row in card.evidence}
    testable = sum(item.design.testable for item in contrasts.values())
    carrying = sum(name in named for name in contrasts)
    return f"in: {count(len(contrasts), 'contrast')}, {testable} testable, {carrying} named by a question"


def _with_reasons(results: StudyResults, dataset: DatasetResults, fates: Mapping[str, int]) -> Counter[str]:
    """Return the fates of samples with their numbers; of samples left out by hand, the reasons that the study gives."""
    counts = Counter(fates)
    if counts.pop(EXCLUDED_BY_HAND, 0):
        reasons = results.study.config.exclude.get(dataset.row.dataset, [])
        counts.update(f"{EXCLUDED_BY_HAND}: {sample.reason}" for sample in reasons)
    return counts


def funnel_of(results: StudyResults, dataset: DatasetResults) -> Funnel:
    """Return how many samples and identifiers are left after each step, and where the others went."""
    fates = _with_reasons(results, dataset, Counter(map(str, dataset.samples["fate"])))
    samples = [("samples in the record", len(dataset.samples)), ("take part", fates.pop(USED, 0))]
    genes: list[tuple[str, int]] = []
    if dataset.identifiers is not None:
        genes = [
            ("identifiers in the file", sum(kind.number for kind in dataset.identifiers)),
            ("stand for a gene", sum(kind.number for kind in dataset.identifiers if kind.stands_for_gene)),
            ("genes", len(dataset.genes)),
        ]
    for key, item in results.contrasts_of(dataset.row.dataset).items():
        target, reference = len(item.design.target_samples), len(item.design.reference_samples)
        samples.append((f"{key}: {target} target, {reference} reference", target + reference))
        genes += [(f"tested in {key}", len(item.differential))] if genes else []
    return Funnel(
        samples=_steps(samples),
        genes=_steps(genes),
        fates=[f"{total:,} {bounded(fate, 200)}" for fate, total in sorted(fates.items())][:_FATES_SHOWN],
        identifiers=[f"{kind.number:,} {kind.fate}: {bounded(kind.reason, 200)}" for kind in dataset.identifiers or ()],
    )


def _steps(numbers: Sequence[tuple[str, int]]) -> list[Step]:
    most = max((n for _, n in numbers), default=0)
    return [Step(bounded(name, 160), n, percent(n, most), round(BAR * n / most) if most else 0) for name, n in numbers]

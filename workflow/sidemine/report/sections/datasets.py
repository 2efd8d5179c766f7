"""Datasets: used and why, what became of their samples and identifiers, and what was considered and not taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidemine.drawing.words import bounded, count, percent
from sidemine.prepare.cell_record import CellsOfSample, CellsOnRecord
from sidemine.prepare.metadata import USED
from sidemine.prepare.record import PreparedProvenance
from sidemine.prepare.sample_table import EXCLUDED_BY_HAND
from sidemine.report.collect import DatasetResults, StudyResults
from sidemine.report.inputs import InputRow, input_row, inputs_of
from sidemine.report.people import FlowStep, Group, flow_of, groups_of
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
_CELL_SAMPLES_SHOWN = 200
_HANDLING = {
    "off": "not looked at",
    "told": "counted by sample below, none was left out",
    "filter": "left out, counted by sample below",
}
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
class CellRow:
    """The cells of one sample, as the page shows them."""

    sample: str
    n_cells: str
    counts: str
    genes: str
    mitochondrial: str
    out: str
    limits: str
    doublets: str


@dataclass(frozen=True)
class CellsView:
    """What became of the cells of a dataset: sentences, and a row per sample."""

    sentences: Sequence[str]
    rows: Sequence[CellRow]
    more: int


@dataclass(frozen=True)
class DatasetView:
    """One declared dataset, used or not: why it is in, its samples, its inputs, its funnel, and its cells."""

    results: DatasetResults
    why_in: str
    n_used: int
    dropped: Sequence[str]
    more_fates: int
    inputs: Sequence[InputRow]
    funnel: Funnel
    cells: CellsView | None


@dataclass(frozen=True)
class ConsideredView:
    """A data set that was considered and not taken: its row, and in words the role it could have had, the decision, and how that is known."""

    row: ConsideredDataset
    would_serve: str
    decision: str
    marks: str


@dataclass(frozen=True)
class Datasets:
    """What the section shows: the flow, table 1, and the ledgers."""

    flow: Sequence[FlowStep]
    groups: Sequence[Group]
    used: Sequence[DatasetView]
    considered: Sequence[ConsideredView]


def datasets_section(results: StudyResults) -> Section:
    """Return the ledger of datasets."""
    used = [_view(results, dataset) for dataset in results.datasets.values()]
    content = Datasets(flow_of(results), groups_of(results), used, considered_rows(results))
    return Section("datasets", "Datasets, used and left out", content=content, template="datasets.html.j2")


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
        cells=_cells_of(dataset),
    )


def _cells_of(dataset: DatasetResults) -> CellsView | None:
    provenance = dataset.quality.provenance
    if not isinstance(provenance, PreparedProvenance) or provenance.cells is None:
        return None
    cells = provenance.cells
    return CellsView(
        sentences=cell_sentences(cells),
        rows=[_cell_row(sample) for sample in cells.samples[:_CELL_SAMPLES_SHOWN]],
        more=max(0, len(cells.samples) - _CELL_SAMPLES_SHOWN),
    )


def cell_sentences(cells: CellsOnRecord) -> list[str]:
    """Say what became of the cells of a dataset: every one is in one of the numbers."""
    left_out = [f"{n:,} {bounded(reason, 80)}" for reason, n in cells.n_dropped.items()]
    outside = f"{cells.n_outside:,} outside of the subset; " if cells.n_outside else ""
    sentences = [
        f"{cells.n_cells:,} cells: {outside}{'; '.join(left_out)}{'; ' if left_out else ''}{cells.n_summed:,} added up, in "
        f"{count(cells.n_pseudobulk, 'pseudobulk sample')}.",
        f"Poor cells: {_HANDLING[cells.quality]}. Doublets: {_HANDLING[cells.doublets]}.",
    ]
    if cells.labels:
        told = ", ".join(f"{bounded(name, 60)} {n:,}" for name, n in cells.labels.items())
        sentences.append(f"Cell types ({cells.label_source}): {told}.")
    if cells.by_markers:
        markers = "; ".join(f"{name}: {', '.join(genes)}" for name, genes in cells.markers.items())
        sentences.append(
            f"Markers: {markers}. Left out, since stimuli move them: {', '.join(cells.passed_over) or 'none'}. Labels that "
            "markers give are guesses: answers that rest on them are suggestive at most."
        )
    return sentences


def _cell_row(sample: CellsOfSample) -> CellRow:
    share = sample.median_mitochondrial
    return CellRow(
        sample=bounded(sample.sample, 80),
        n_cells=f"{sample.n_cells:,}",
        counts="—" if sample.median_counts is None else f"{sample.median_counts:,.0f}",
        genes="—" if sample.median_genes is None else f"{sample.median_genes:,.0f}",
        mitochondrial="—" if share is None else f"{share:.1%}",
        out=", ".join(f"{n:,} {reason}" for reason, n in sample.out.items()) or "none",
        limits=sample.limits,
        doublets=sample.doublets or "—",
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
        samples.append(
            (
                f"{key}: {target} {bounded(item.row.target_label, 60)}, {reference} {bounded(item.row.reference_label, 60)}",
                target + reference,
            )
        )
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

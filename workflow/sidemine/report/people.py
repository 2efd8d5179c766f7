"""Who was compared, and what became of all that was considered: a table 1 with ages and sexes drawn, and a flow (PRISMA's habit).

Page et al. 2021, doi 10.1136/bmj.n71, draw the flow of a review's records; here it is that of data sets, samples and genes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sidemine.drawing.words import bounded, count, percent
from sidemine.prepare.metadata import USED
from sidemine.quality.sex_check import recorded_sex
from sidemine.report.collect import ContrastResults, DatasetResults, StudyResults
from sidemine.text.columns import read_numbers

_REASONS = 3
"""Reasons of one step that the flow names; the ledgers below have all."""
_OLDEST = 100.0
"""Right end of the drawn scale of ages, in years; an older age stands at the end."""


@dataclass(frozen=True)
class FlowStep:
    """One box of the flow: how many are left, of what, and what went out before it with the reasons."""

    n: str
    what: str
    out: Sequence[str]


@dataclass(frozen=True)
class Ages:
    """Ages of one group: median and range in words, and their places on a line from 0 to 100."""

    words: str
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Group:
    """One group of a comparison of people: who they are, how many, their ages and the share of women (0 to 100), as recorded."""

    contrast: str
    accession: str
    side: str
    label: str
    n: int
    ages: Ages | None
    sexes: str
    women: float | None


def flow_of(results: StudyResults) -> list[FlowStep]:
    """Return the flow from what was considered to the genes that were tested."""
    datasets = list(results.datasets.values())
    unusable = [item for item in datasets if item.quality.provenance.problem]
    fates = Counter(fate for item in datasets for fate in map(str, item.samples["fate"]))
    n_used = fates.pop(USED, 0)
    testable = [item for item in results.contrasts.values() if item.testable]
    lost = [item for item in results.contrasts.values() if not item.testable]
    compared = {(item.row.dataset, name) for item in testable for name in _samples(item)}
    genes = [len(item.differential) for item in testable]
    decisions = Counter(row.decision for row in results.study.considered)
    problems = Counter(item.design.problem.what for item in lost if item.design.problem)
    steps = [
        FlowStep(f"{len(datasets) + len(results.study.considered):,}", "data sets considered", []),
        FlowStep(f"{len(datasets):,}", "declared", [f"{n} {_DECIDED[decision]}" for decision, n in decisions.items()]),
        FlowStep(
            f"{len(datasets) - len(unusable):,}",
            "usable",
            [f"{item.row.dataset}: {bounded(item.quality.provenance.problem.what, 80)}" for item in unusable[:_REASONS] if item.quality.provenance.problem],
        ),
        FlowStep(f"{n_used:,}", f"of {n_used + fates.total():,} samples", _most(fates)),
        FlowStep(f"{len(compared):,}", f"samples in {count(len(testable), 'comparison')}", _most(problems)),
    ]  # fmt: skip
    if genes:
        span = f"{min(genes):,}" if min(genes) == max(genes) else f"{min(genes):,} to {max(genes):,}"
        steps.append(FlowStep(span, "genes tested in each", []))
    return steps


_DECIDED = {"out": "not taken", "later": "not yet"}


def _most(reasons: Counter[str]) -> list[str]:
    told = [f"{n:,} {bounded(reason, 80)}" for reason, n in reasons.most_common(_REASONS)]
    more = len(reasons) - _REASONS
    return [*told, f"{more} more reasons"] if more > 0 else told


def groups_of(results: StudyResults) -> list[Group]:
    """Return both groups of each comparison of people that a question or control rests on."""
    named = {row.contrast for card in results.verdicts.verdicts if card.kind == "cohort" for row in card.evidence}
    people = [item for key, item in results.contrasts.items() if key in named and item.testable]
    return [
        group
        for item in people
        for group in _both(item, results.datasets[item.row.dataset])
    ]  # fmt: skip


def _samples(item: ContrastResults) -> list[str]:
    return [*item.design.target_samples, *item.design.reference_samples]


def _both(item: ContrastResults, dataset: DatasetResults) -> list[Group]:
    overlap, table = item.quality.age_overlap, dataset.samples.set_index("sample")
    sex = dataset.quality.sex

    def group(side: str, label: str, names: Sequence[str], n: int) -> Group:
        ages = [str(value) for value in table.loc[list(names), overlap.column].fillna("")] if overlap else []
        column = sex.column if sex.column in table.columns else ""
        recorded = [recorded_sex(value) for value in table.loc[list(names), column].fillna("")] if column else []
        women = recorded.count("female")
        known = women + recorded.count("male")
        by_genes = [sex.by_genes.get(name) for name in names]
        n_female, n_male = by_genes.count("female"), by_genes.count("male")
        told = f"{percent(women, known)} women of {known}" if known else "not recorded"
        if n_female + n_male:
            told += f"; by genes {percent(n_female, n_female + n_male)} of {n_female + n_male}"
        share = women / known if known else n_female / (n_female + n_male) if n_female + n_male else None
        return Group(
            contrast=item.row.contrast,
            accession=dataset.row.accession,
            side=side,
            label=bounded(label, 80),
            n=n,
            ages=_ages(ages),
            sexes=told,
            women=None if share is None else round(100 * share, 1),
        )

    return [
        group("target", item.row.target_label, item.design.target_samples, item.design.n_target),
        group("reference", item.row.reference_label, item.design.reference_samples, item.design.n_reference),
    ]


def _ages(texts: Sequence[str]) -> Ages | None:
    years = [float(cell[0]) for cell in map(read_numbers, ([text] for text in texts)) if cell is not None]
    if not years:
        return None
    low, middle, high = min(years), median(years), max(years)
    missing = f"; {len(texts) - len(years)} not recorded" if len(years) < len(texts) else ""
    low_place, middle_place, high_place = (round(min(100.0, 100 * year / _OLDEST), 1) for year in (low, middle, high))
    return Ages(f"median {middle:g} ({low:g} to {high:g}){missing}", low_place, middle_place, high_place)

"""What a run could not test, and how to mend it: the first thing to read after a first run on real records."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.differential.record import UntestableDesign
from sidemine.errors import Problem
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


@dataclass(frozen=True)
class Untested:
    """A problem that made contrasts untestable, these contrasts, and the questions that rest on one of them."""

    problem: Problem
    contrasts: list[str]
    questions: list[str]


def untested_section(results: StudyResults) -> Section | None:
    """Return each distinct problem, in the order of the sheets; None where everything could be tested."""
    rows = untested(results)
    title = "Not tested, and why"
    return Section("untested", title, content=rows, template="untested.html.j2") if rows else None


def untested(results: StudyResults) -> list[Untested]:
    """Return each distinct problem that made contrasts untestable, with what it concerns."""
    problems: dict[tuple[str, str], tuple[Problem, list[str]]] = {}
    for name, contrast in results.contrasts.items():
        for problem in contrast.design.problems if isinstance(contrast.design, UntestableDesign) else ():
            problems.setdefault((problem.what, problem.where), (problem, []))[1].append(name)
    for dataset in results.datasets.values():
        for problem in dataset.quality.provenance.problems:  # a dataset may have no contrast that tells of it
            problems.setdefault((problem.what, problem.where), (problem, []))
    return [
        Untested(
            problem,
            names,
            [
                card.hypothesis
                for card in results.verdicts.verdicts
                if any(item.contrast in names for item in card.evidence)
            ],
        )
        for problem, names in problems.values()
    ]

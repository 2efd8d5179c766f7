"""One page over several finished studies: every question with its answer in each, and what each study was made of.

Nothing is decided or pooled here: a cell is the answer of one study, in the words of its own page, which it links to.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sidemine.errors import InputError, Problem
from sidemine.provenance import check_results
from sidemine.report import assets
from sidemine.report.collect import Answers, read_answers, refuse_other_rules
from sidemine.report.first_screen import overview_line
from sidemine.report.glossary import unbroken_html
from sidemine.report.page import page_template, security_policy
from sidemine.tables import write_text
from sidemine.verdict.card import Card

_PAGE = "report.html"
_DIGITS = 12
"""Digits of a digest that are shown; the whole stands in its manifest.json."""
_DIRECTIONS = {"up": "expected higher", "down": "expected lower", "either": "either direction"}


@dataclass(frozen=True)
class IndexedStudy:
    """One study of the index: its results, the name of its column, and the address of its page."""

    answers: Answers
    name: str
    link: str

    @property
    def digests(self) -> dict[str, str]:
        """What made it: inputs, study and code, by the first digits of their digests."""
        manifest = self.answers.manifest
        return {
            "inputs": manifest.lock_digest[:_DIGITS],
            "study": manifest.config_digest[:_DIGITS],
            "code": manifest.code_digest[:_DIGITS],
        }


@dataclass(frozen=True)
class Cell:
    """The answer of one study to a question: its card, one line of figures, and the address of the card."""

    card: Card
    line: str
    link: str


@dataclass(frozen=True)
class QuestionRow:
    """One question and its answer per study, in the order of the studies; None where a study does not ask it."""

    question: str
    asked: str
    cells: Sequence[Cell | None]


def default_place(folders: Sequence[Path]) -> Path:
    """Return `index.html` in the deepest folder that holds all studies."""
    return Path(os.path.commonpath([folder.resolve().parent for folder in folders])) / "index.html"


def build_index(folders: Sequence[Path], output: Path) -> None:
    """Write the index page of several studies: the same bytes for the same results in the same places.

    Parameters
    ----------
    folders
        Results folders of finished studies, in the order of the columns.
    output
        Where to write the page; links are relative to its folder.

    Raises
    ------
    InputError
        When a folder is named twice, holds no finished results, or has no page to link to: all are told at once.
    """
    _refuse_unfinished(folders, output)
    studies = [_indexed(folder, folders, output) for folder in folders]
    style = assets.own_file("page.css")
    page = page_template("index.html.j2").render(
        studies=studies,
        shared=shared_accessions(studies),
        blocks=[
            ("questions", "Questions", question_rows(studies, controls=False)),
            ("controls", "Controls", question_rows(studies, controls=True)),
        ],
        style=style,
        policy=security_policy([], [style]),
    )
    write_text(unbroken_html(page), output)


def question_rows(studies: Sequence[IndexedStudy], *, controls: bool) -> list[QuestionRow]:
    """Return the questions of all studies, in the order in which they are first asked.

    Two studies ask the same question where words, gene set, direction and kind of evidence are the same.

    Parameters
    ----------
    studies
        The studies.
    controls
        Whether to return the controls, or the questions.
    """
    rows: dict[tuple[tuple[str, ...], int], list[Cell | None]] = {}
    for column, study in enumerate(studies):
        asked: Counter[tuple[str, ...]] = Counter()
        for card in study.answers.verdicts.verdicts:
            if card.is_control == controls:
                key = _key(card)
                # A study may ask the same words of several comparisons: each has a row.
                cells = rows.setdefault((key, asked[key]), [None] * len(studies))
                cells[column] = Cell(card, overview_line(card), f"{study.link}#card-{quote(card.hypothesis)}")
                asked[key] += 1
    return [QuestionRow(key[0], _asked(key), cells) for (key, _), cells in rows.items()]


def shared_accessions(studies: Sequence[IndexedStudy]) -> list[tuple[str, list[str]]]:
    """Return the accessions that stand in several studies, with the names of these: their answers are not independent.

    Simulated files under an accession's name share no sample with the record itself.
    """
    users: dict[tuple[str, bool], list[str]] = {}
    for study in studies:
        for accession in sorted({row.accession for row in study.answers.study.datasets}):
            users.setdefault((accession, study.answers.verdicts.simulated), []).append(study.name)
    return [(accession, names) for (accession, _), names in sorted(users.items()) if len(names) > 1]


def _key(card: Card) -> tuple[str, ...]:
    words = " ".join(card.question.split())
    return words, card.declared.set, card.declared.direction, card.kind, card.role.replace("_", " ")


def _asked(key: tuple[str, ...]) -> str:
    _, gene_set, direction, kind, role = key
    what = f"genes of {gene_set}, {_DIRECTIONS[direction]}; {kind}"
    return what if role == "question" else f"{role}: {what}"


def _indexed(folder: Path, folders: Sequence[Path], output: Path) -> IndexedStudy:
    answers = read_answers(folder)
    named = Counter(other.resolve().name for other in folders)
    place = folder.resolve()
    # The folder's name is short and the reader's own; where two are the same, what stands above tells them apart.
    name = place.name if named[place.name] == 1 else f"{place.parent.name}/{place.name}"
    link = quote(Path(os.path.relpath(place / _PAGE, output.resolve().parent)).as_posix())
    return IndexedStudy(answers, name, link)


def _refuse_unfinished(folders: Sequence[Path], output: Path) -> None:
    places = [folder.resolve() for folder in folders]
    problems = [
        Problem(
            "a study is named twice",
            str(folder),
            "each results folder once",
            "Leave the second one out.",
        )
        for number, folder in enumerate(folders)
        if places[number] in places[:number]
    ]
    for folder, place in zip(folders, places, strict=True):
        try:
            refuse_other_rules(folder)
            check_results(folder)
            read_answers(folder)
        except InputError as error:
            problems += [
                problem if str(folder) in problem.where else problem.within(str(folder)) for problem in error.problems
            ]
            continue
        if not (place / _PAGE).is_file():
            problems.append(
                Problem(
                    "a study has no page that the index could link to",
                    str(folder / _PAGE),
                    "a finished run of the workflow, which ends with its page",
                    f"Build it: `sidemine report {folder}`.",
                )
            )
        elif output.resolve() == place / _PAGE:
            problems.append(
                Problem(
                    "the index would take the place of a study's page",
                    str(output),
                    "another file",
                    "Give another one with -o.",
                )
            )
    if problems:
        raise InputError(problems)

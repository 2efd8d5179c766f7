"""What a user gets wrong in files and sheets: each mistake made once in a small study that is right, and what is told of it."""

from __future__ import annotations

import bz2
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sidemine.differential.design_check import check_designs
from sidemine.errors import Problem, SidemineError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.expression_store import read_provenance
from sidemine.prepare.gene_table import read_gene_table
from sidemine.prepare.metadata import read_or_explain_samples
from sidemine.run_study import load_checked
from sidemine.study.projections import ContrastToFit, DatasetToPrepare, GeneTableToRead

pytestmark = pytest.mark.usefixtures("forked_readers")

GENES = [f"AB{number}" for number in range(1, 121)]
SAMPLES = [f"P{number}" for number in range(1, 13)]
CONFIG = """\
study: {id: small, title: Small, question: "Are they altered?", drug_class: inhibitors, outcome: disease}
gene_table: {file: genes.tsv, format: ensembl, licence: CC0, version: "1"}
hypotheses:
  - id: main
    question: Are the genes altered in patients?
    kind: cohort
    primary:
      set: TARGETS
      contrasts: [sick]
      direction: up
      margin: 0.4
"""
SHEETS = {
    "datasets.tsv": [
        "dataset accession layout file sample_sheet identifiers scale tissue composition licence",
        "one GSE1 table counts.tsv samples.tsv symbol counts blood blood CC0",
    ],
    "contrasts.tsv": [
        "contrast dataset role target reference target_label reference_label covariates block",
        "sick one disease group=VTE group=control VTE control  ",
    ],
    "gene_sets.tsv": [
        "gene_set family source format member licence version",
        "TARGETS target sets.gmt gmt TARGETS CC0 1",
    ],
}


class Study:
    """A small study in a folder, to be broken by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(4)
        counts = rng.poisson(rng.lognormal(0, 0.3, 12) * rng.lognormal(5, 1, (120, 1)))
        rows = [["gene", *SAMPLES], *([gene, *map(str, row)] for gene, row in zip(GENES, counts, strict=True))]
        self.write("counts.tsv", rows)
        sheet = [
            [name, "VTE" if n < 6 else "control", f"d{n % 6}", f"b{n % 2}", str(40 + n)]
            for n, name in enumerate(SAMPLES)
        ]
        self.write("samples.tsv", [["sample", "group", "donor", "batch", "age"], *sheet])
        self.write(
            "genes.tsv",
            [["ensgene", "entrez", "symbol"], *([f"ENSG{n:011d}", str(n), g] for n, g in enumerate(GENES, 1))],
        )
        self.write("sets.gmt", [["TARGETS", "x", *GENES[:30]], ["OTHERS", "x", *GENES[30:60]]])
        for name, lines in SHEETS.items():
            self.write(name, [line.split(" ") for line in lines])
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")

    def write(self, name: str, rows: list[list[str]]) -> None:
        (self.folder / name).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")

    def rows(self, name: str) -> list[list[str]]:
        return [line.split("\t") for line in (self.folder / name).read_text(encoding="utf-8").splitlines()]

    def edit(self, name: str, change: Callable[[str], str | bytes]) -> None:
        path = self.folder / name
        made = change(path.read_text(encoding="utf-8"))
        path.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8"))

    def cells(self, name: str, change: Callable[[str], str]) -> None:
        """Change every cell but those of the first row and column."""
        head, *rows = self.rows(name)
        self.write(name, [head, *([row[0], *map(change, row[1:])] for row in rows)])

    def set(self, name: str, column: str, value: str, where: Callable[[list[str]], bool] = lambda row: True) -> None:
        head, *rows = self.rows(name)
        place = head.index(column)
        self.write(name, [head, *([*row[:place], value, *row[place + 1 :]] if where(row) else row for row in rows)])

    def diagnose(self) -> list[Problem]:
        """All that the jobs of a run tell, from the check of the folder to the designs."""
        try:
            study = load_checked(self.folder)
            (row,) = study.datasets.values()
            contrasts = [ContrastToFit.in_dataset(contrast, row) for contrast in study.contrasts.values()]
            files = {"values": self.folder / "counts.tsv", "sample_sheet": self.folder / "samples.tsv"}
            samples, problems, _ = read_or_explain_samples(DatasetToPrepare.of(row), files, {}, [])
            table = read_gene_table(self.folder / "genes.tsv", GeneTableToRead(key="", format="ensembl", version="1"))
            data, _ = prepare_dataset(DatasetToPrepare.of(row), files, samples, table, mismatches=problems)
            problem = read_provenance(data).problem
            found = check_designs(
                contrasts,
                {"one": samples},
                min_group_size=3,
                on_untestable="continue",
                mismatches={"one": problems},
                verified_contrasts=["sick"],
                verified_datasets=["one"],
            )
            return [*([problem] if problem else []), *(each for one in found.values() for each in one.problems)]
        except SidemineError as error:
            return list(error.problems)


def quoted(text: str) -> str:
    """Quotes around every cell, as a spreadsheet or R writes them."""
    return "".join("\t".join(f'"{cell}"' for cell in line.split("\t")) + "\n" for line in text.splitlines())


def points_for_thousands(study: Study) -> None:
    head, *rows = study.rows("counts.tsv")
    study.write(
        "counts.tsv",
        [head, *([row[0], *(f"{7 * int(cell):,}".replace(",", ".") for cell in row[1:])] for row in rows)],
    )


def confirm(study: Study, word: str) -> None:
    study.edit("datasets.tsv", lambda text: text.replace("\n", "\tconfirmed\n", 1).rstrip("\n") + f"\t{word}\n")


def decimal_points(study: Study) -> None:
    points_for_thousands(study)
    confirm(study, "decimal_points")


def mouse_spelling(study: Study) -> None:
    head, *rows = study.rows("counts.tsv")
    study.write("counts.tsv", [head, *([row[0].capitalize(), *row[1:]] for row in rows)])


def human_symbols(study: Study) -> None:
    mouse_spelling(study)
    confirm(study, "human_symbols")


def line_of_totals(study: Study) -> None:
    totals = ["Summe", *(str(sum(int(row[place]) for row in study.rows("counts.tsv")[1:])) for place in range(1, 13))]
    study.edit("counts.tsv", lambda text: text + "\t".join(totals) + "\n")


def per_million(study: Study) -> None:
    head, *rows = study.rows("counts.tsv")
    values = np.array([list(map(float, row[1:])) for row in rows])
    values *= 1e6 / values.sum(axis=0)
    study.write(
        "counts.tsv",
        [head, *([row[0], *(f"{cell:.3f}" for cell in line)] for row, line in zip(rows, values, strict=True))],
    )


def swap(study: Study) -> None:
    study.set("contrasts.tsv", "target", "group=control")
    study.set("contrasts.tsv", "reference", "group=VTE")


def pair_by(study: Study, *, lost: str) -> None:
    """Donors as blocks; sample P3 has lost its donor, or its partner."""
    study.set("contrasts.tsv", "block", "donor")
    study.set("samples.tsv", "donor", lost, lambda row: row[0] == "P3")


def batch_is_group(study: Study) -> None:
    study.set("samples.tsv", "batch", "b2", lambda row: row[1] == "VTE")
    study.set("samples.tsv", "batch", "b1", lambda row: row[1] == "control")
    study.set("contrasts.tsv", "covariates", "batch")


def three_in_one_row(study: Study) -> None:
    for column, value in (("target", "group = vte"), ("covariates", "Age"), ("block", "Donor")):
        study.set("contrasts.tsv", column, value)


def three_in_three_files(study: Study) -> None:
    study.set("datasets.tsv", "licence", "")
    study.set("contrasts.tsv", "target", "group = = VTE")
    study.edit("config.yaml", lambda text: text.replace("set: TARGETS", "set: TARGET"))


RIGHT: dict[str, Callable[[Study], object]] = {
    "as it is": lambda study: None,
    "quoted cells": lambda study: study.edit("counts.tsv", quoted),
    "quoted sheet": lambda study: study.edit("datasets.tsv", quoted),
    "UTF-16 counts": lambda study: study.edit("counts.tsv", lambda text: text.encode("utf-16")),
    "UTF-16 sheet": lambda study: study.edit("datasets.tsv", lambda text: text.encode("utf-16")),
    "lines of Windows": lambda study: [
        study.edit(name, lambda text: text.replace("\n", "\r\n")) for name in ("counts.tsv", "samples.tsv", *SHEETS)
    ],
    "commas in the sample sheet": lambda study: study.edit("samples.tsv", lambda text: text.replace("\t", ",")),
    "semicolons in the counts": lambda study: study.edit("counts.tsv", lambda text: text.replace("\t", ";")),
    "a blank column behind": lambda study: [
        study.edit(name, lambda text: text.replace("\n", "\t\n")) for name in ("counts.tsv", "samples.tsv", *SHEETS)
    ],
    "blanks behind a label": lambda study: study.edit("samples.tsv", lambda text: text.replace("VTE", "VTE ")),
    "genes that became dates": lambda study: study.edit("counts.tsv", lambda text: text.replace("AB1\t", "1-Mar\t")),
    "a line of totals": line_of_totals,
    "decimal points that look like points for thousands": decimal_points,
    "human symbols in another case": human_symbols,
    "a partner is missing": lambda study: pair_by(study, lost="d99"),
}
"""Habits of files that stop nothing: what they cost (a gene that became a date) stands in the ledger of the genes."""

WRONG: dict[str, tuple[Callable[[Study], object], list[str]]] = {
    "decimal commas": (
        lambda study: study.cells("counts.tsv", lambda cell: f"{cell},5"),
        ["'P1'", "value '179,5'", "decimal commas"],
    ),
    "points for thousands": (
        points_for_thousands,
        [
            "points seem to part thousands in 12 of 12 samples",
            "AB1: 1.253 for 1253?",
            "write decimal_points under confirmed",
        ],
    ),
    "symbols in another case": (
        mouse_spelling,
        ["another species", "write human_symbols under confirmed in datasets.tsv"],
    ),
    "a word that confirms nothing": (
        lambda study: confirm(study, "decimal_point"),
        ["line 2, column confirmed", "decimal_points", "value 'decimal_point'"],
    ),
    "a packed table": (
        lambda study: study.edit("counts.tsv", lambda text: bz2.compress(text.encode())),
        ["compressed by bzip2", "counts.tsv"],
    ),
    "a question mark in braces": (
        lambda study: study.edit("config.yaml", lambda text: text.replace('"', "")),
        ["not valid YAML", "line 1", "quotes around text with : # or ?"],
    ),
    "a margin without end": (
        lambda study: study.edit("config.yaml", lambda text: text.replace("0.4", ".inf")),
        ["finite number", "primary.margin"],
    ),
    "a word that YAML reads as a truth value": (
        lambda study: study.edit("config.yaml", lambda text: text.replace("licence: CC0", "licence: no")),
        ["text is expected", "gene_table.licence", "Put the word in quotes, as you wrote it"],
    ),
    "the groups as a covariate": (
        lambda study: study.set("contrasts.tsv", "covariates", "group"),
        ["completely separated by group", "Remove group from covariates"],
    ),
    "two against two": (
        lambda study: study.edit(
            "samples.tsv", lambda text: "".join(text.splitlines(keepends=True)[row] for row in (0, 1, 2, 11, 12))
        ),
        ["2 independent units, fewer than the minimum of 3", "P1, P2", "P11, P12"],
    ),
    "batch is group": (batch_is_group, ["completely separated by batch", "No statistics can mend this"]),
    "capitals of a label": (
        lambda study: study.set("contrasts.tsv", "target", "group = vte"),
        ["matches no sample", '"VTE" × 6', "Did you mean VTE?"],
    ),
    "quotes of a word processor": (
        lambda study: study.set("contrasts.tsv", "target", "group = “VTE”"),
        ["matches no sample", "Did you mean VTE?"],
    ),
    "capitals of a column": (
        lambda study: study.set("contrasts.tsv", "target", "Group = VTE"),
        ["column 'Group'", "Did you mean group?"],
    ),
    "symbols of mice": (
        lambda study: study.edit("counts.tsv", lambda text: text.replace("AB", "Ab")),
        ["without regard to case", "mouse symbols"],
    ),
    "counts per million as counts": (per_million, ["all columns add up to the same", "set scale to cpm"]),
    "counts as log2": (
        lambda study: study.set("datasets.tsv", "scale", "log2"),
        ["look like read counts", "set scale to counts"],
    ),
    "log2 as counts": (
        lambda study: study.cells("counts.tsv", lambda cell: f"{np.log2(float(cell) + 1):.4f}"),
        ["declared read counts", "set scale to log2"],
    ),
    "a negative count": (
        lambda study: study.edit("counts.tsv", lambda text: text.replace("\t1", "\t-1", 1)),
        ["counts cannot be negative", "minimum -1"],
    ),
    "swapped groups": (swap, ["target and reference are swapped", "line 2", "Swap the selectors"]),
    "the same group twice": (
        lambda study: study.set("contrasts.tsv", "reference", "group=VTE"),
        ["the same selector", "line 2"],
    ),
    "a pair without its name": (lambda study: pair_by(study, lost=""), ["block donor is missing in 1 samples", "P3"]),
    "a path of Windows": (
        lambda study: study.set("datasets.tsv", "file", "data\\counts.tsv"),
        ["does not exist", "line 2, column file", "path of Windows"],
    ),
    "a selector of nobody": (
        lambda study: study.set("contrasts.tsv", "target", 'group = "deep vein"'),
        ["matches no sample", '"control" × 6'],
    ),
    "a selector of everybody": (
        lambda study: study.set("contrasts.tsv", "target", 'group ~ "."'),
        ["6 samples belong to both", "P7, P8"],
    ),
    "tabs in YAML": (
        lambda study: study.edit("config.yaml", lambda text: text.replace("    kind", "\tkind")),
        ["not valid YAML", "line 6", "no tabs"],
    ),
    "a key twice": (
        lambda study: study.edit("config.yaml", lambda text: text + "gene_table: {}\n"),
        ["'gene_table' stands twice", "first: line 2"],
    ),
    "keys in the wrong place": (
        lambda study: study.edit("config.yaml", lambda text: text + "platform_map: x\nmin_group_size: 2\n"),
        ["platform_map is a column of datasets.tsv", "min_group_size is a key under settings"],
    ),
    "a set that does not exist": (
        lambda study: study.edit("config.yaml", lambda text: text.replace("set: TARGETS", "set: TARGET")),
        ["no gene set 'TARGET'", "hypothesis main", "Did you mean TARGETS?"],
    ),
    "no licence": (
        lambda study: study.set("datasets.tsv", "licence", ""),
        ["'licence' is empty", "line 2", "Fill in licence"],
    ),
    "a comma in the margin": (
        lambda study: study.edit("config.yaml", lambda text: text.replace("0.4", "0,4")),
        ["a number is expected", "line 11", "Write a decimal point: 0.4"],
    ),
    "a sample twice": (
        lambda study: study.edit("samples.tsv", lambda text: text + text.splitlines()[1] + "\n"),
        ["stands in line 2 already", "line 14", "'P1'"],
    ),
    "names that differ": (
        lambda study: study.edit("counts.tsv", lambda text: text.replace("P", "Patient_")),
        ["12 samples do not exist", "'Patient_1'"],
    ),
    "identifiers of another kind": (
        lambda study: study.set("datasets.tsv", "identifiers", "ensembl"),
        ["0 of 120 (0%)", "'AB1'", "'ENSG00000000001'", "identifiers in datasets.tsv"],
    ),
    "a missing age": (
        lambda study: (
            study.set("samples.tsv", "age", "", lambda row: row[0] == "P3"),
            study.set("contrasts.tsv", "covariates", "age"),
        ),
        ["covariate age is missing in 1 samples", "P3", "missing_covariates"],
    ),
    "a web page": (
        lambda study: study.edit("counts.tsv", lambda text: "<!DOCTYPE html><html>404</html>"),
        ["a web page, not data", "retrieve it again"],
    ),
    "three in one row": (
        three_in_one_row,
        ["matches no sample", "covariate Age does not exist", "block column Donor does not exist"],
    ),
    "three in three files": (
        three_in_three_files,
        ["'licence' is empty", "a value is expected here", "no gene set 'TARGET'"],
    ),
}


@pytest.mark.parametrize("habit", RIGHT)
def test_habits_of_files_stop_nothing(habit, tmp_path):
    study = Study(tmp_path)
    RIGHT[habit](study)
    assert study.diagnose() == []


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_told_with_what_where_allowed_and_next_step(mistake, tmp_path):
    change, words = WRONG[mistake]
    study = Study(tmp_path)
    change(study)
    problems = study.diagnose()
    assert all(part.strip() for one in problems for part in (one.what, one.where, one.allowed, one.next_step))
    told = "\n".join(map(str, problems))
    for word in words:
        assert word in told

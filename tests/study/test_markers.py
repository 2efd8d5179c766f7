"""What a data set says of its mix of cells: panels, marker files, reasons, and every mistake in its four parts."""

from __future__ import annotations

import pytest

from sidemine.preflight.mix_of_cells import notes_of_composition
from sidemine.study.load import load_study
from sidemine.study.markers import Composition, parse_composition
from sidemine.study.scope import Scope

GOOD = "cell_type\tgene\tsource\n" + "".join(
    f"{cell}\t{cell[0].upper()}{number}\ttextbook\n" for cell in ("synovial", "lining") for number in range(4)
)


def declare(small, word, row="cohort_a"):
    """Give a column composition to the small study, with a word in one row."""
    lines = (small.folder / "datasets.tsv").read_text(encoding="utf-8").splitlines()
    ends = {"dataset": "\tcomposition", row: f"\t{word}"}
    cells = [line if line.startswith("#") else line + ends.get(line.split("\t")[0], "\t") for line in lines]
    (small.folder / "datasets.tsv").write_text("\n".join(cells) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Composition()),
        ("no", Composition()),
        ("yes", Composition("blood")),
        ("Blood", Composition("blood")),
        ("tissue", Composition("tissue")),
        ("not_needed: sorted CD4 cells", Composition(not_needed="sorted CD4 cells")),
        ("own.tsv", Composition("own.tsv")),
    ],
)
def test_what_a_cell_says(text, found):
    """Words of shipped panels, reasons and paths; yes and no are the words of earlier sheets."""
    assert parse_composition(text) == found


@pytest.mark.parametrize(
    ("word", "what", "step"),
    [
        ("blod", "names neither a panel, nor a marker file, nor a reason", "Did you mean blood?"),
        ("liver", "names neither a panel, nor a marker file, nor a reason", "Write one of these"),
        ("not_needed", "not_needed gives no reason", "not_needed: a cell line"),
        ("not_needed: -", "not_needed gives no reason", "not_needed: a cell line"),
        ("absent.tsv", "a marker file of the study does not exist", "Correct the path"),
        ("folder.d", "a marker file of the study is a folder", "Correct the path"),
        ("https://x.org/own.tsv", "composition names an address", "Write one of these"),
    ],
)
def test_a_wrong_cell_is_told_with_its_place(small, told, word, what, step):
    """What is wrong, file, line, column and value, what is allowed, and what to do."""
    (small.folder / "folder.d").mkdir()
    declare(small, word)
    text = told()
    assert what in text
    assert f"datasets.tsv, line 3, column composition, value {word!r}" in text
    assert "blood or tissue (the shipped panels)" in text
    assert step in text


def test_all_mistakes_of_a_marker_file_are_told_at_once(small, told):
    """A gene twice, a gene of two cell types, too few markers, a bad symbol, a missing cell, with line and value."""
    declare(small, "own.tsv")
    rows = [*GOOD.splitlines(), "lining\tL0\ttextbook", "synovial\tl1\t", "rare\tR0\t", "lining\tno gene\t", "\tX1\t"]
    rows += ["lining\t1-Mar\t"]
    (small.folder / "own.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    text = told()
    assert "gene L0 is a marker of lining twice" in text
    assert "own.tsv, line 10, column gene, value 'L0'; first: " in text
    assert "gene l1 is a marker of two cell types, lining and synovial" in text
    assert "cell type rare has 1 marker\n" in text
    assert "own.tsv, line 13, column gene, value 'no gene'" in text
    assert "column 'cell_type' is empty" in text
    assert "own.tsv, line 15, column gene, value '1-Mar'" in text
    assert "1-Mar is a date that a spreadsheet made" in text
    assert text.startswith("6 problems")


def test_a_marker_file_without_markers_is_refused(small, told):
    """It would adjust for nothing, and the card would say no more than that."""
    declare(small, "own.tsv")
    (small.folder / "own.tsv").write_text("cell_type\tgene\n", encoding="utf-8")
    assert "a marker file has no markers" in told()


def test_names_of_columns_may_stand_in_quotes(small):
    """As R and some spreadsheets write them."""
    declare(small, "own.tsv")
    quoted = "\n".join("\t".join(f'"{cell}"' for cell in line.split("\t")) for line in GOOD.splitlines())
    (small.folder / "own.tsv").write_text(quoted, encoding="utf-8")
    assert set(load_study(small.config).own_markers["own.tsv"]) == {"lining", "synovial"}


def test_an_unknown_column_of_a_marker_file_is_told_with_the_nearest_one(small, told):
    """The file is read as any sheet of the study."""
    declare(small, "own.tsv")
    (small.folder / "own.tsv").write_text(GOOD.replace("cell_type", "celltype", 1), encoding="utf-8")
    assert "Did you mean cell_type?" in told()


def test_the_markers_of_a_study_are_part_of_its_question(small):
    """One gene more is another question; a study without a marker file keeps its digest."""
    plain = load_study(small.config).digest
    (small.folder / "own.tsv").write_text(GOOD, encoding="utf-8")
    assert load_study(small.config).digest == plain
    declare(small, "own.tsv")
    study = load_study(small.config)
    assert study.own_markers == {"own.tsv": {"lining": ["L0", "L1", "L2", "L3"], "synovial": ["S0", "S1", "S2", "S3"]}}
    (small.folder / "own.tsv").write_text(GOOD + "lining\tL9\ttextbook\n", encoding="utf-8")
    assert load_study(small.config).digest != study.digest


def test_stimuli_tell_of_markers_of_their_own_panel_only(small):
    """A stimulus in cells that declare nothing says nothing of blood's markers."""
    declare(small, "blood")
    scope = Scope(load_study(small.config))
    assert scope.stimuli_for(scope.composition_contrasts) == []


def test_check_tells_of_a_cohort_without_declared_markers(small):
    """Before the run, with the data set and the column; a declared one is not named."""
    declare(small, "not_needed: sorted cells")
    (note,) = notes_of_composition(load_study(small.config))
    assert note.startswith("the tissue of data set cohort_b has no declared cell markers: add composition to its row")
    assert "suggestive at most" in note

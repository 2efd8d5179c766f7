"""`lines.tsv`: what a row may declare, all mistakes at once."""

from __future__ import annotations

import pytest

from sidemine.errors import StudyError
from sidemine.lines.layer import Format, Layer
from sidemine.lines.layers import LAYERS
from sidemine.preflight.look_ahead import look_ahead
from sidemine.preflight.time_budget import TimeBudget
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.load import load_study
from sidemine.study.plan import StudyPlan

HEADER = [
    "line",
    "layer",
    "hypothesis",
    "source",
    "file",
    "format",
    "files",
    "columns",
    "set",
    "direction",
    "independent_of",
    "licence",
    "status",
]
ROW = {
    "line": "b", "layer": "invented", "hypothesis": "cohorts", "source": "GSE9", "file": "b.tsv", "format": "table",
    "files": "map=map.tsv", "columns": "p=P value", "set": "TARGETS", "direction": "up", "independent_of": "expression",
    "licence": "CC0", "status": "verified",
}  # fmt: skip


@pytest.fixture(autouse=True)
def invented_layer(monkeypatch):
    """A layer with one format, which needs a map and a column of p-values."""
    form = Format(
        "a table", needed_files={"map": "a map"}, needed_columns={"p": "p-values"}, further_columns={"n": "n"}
    )
    layer = Layer(
        word="invented",
        title="Invented",
        meaning="an invented layer",
        formats={"table": form},
        directions=("up", "down"),
        opposite=True,
        kinds=("cohort",),
        unit="z",
    )
    monkeypatch.setitem(LAYERS, "invented", layer)


@pytest.fixture
def with_lines(small):
    """Give the small study a sheet of lines: each row is the good one, with changes."""

    def write(*rows):
        lines = ["\t".join(HEADER), *("\t".join((ROW | row)[name] for name in HEADER) for row in rows)]
        (small.folder / "lines.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        small.edit("config.yaml", "hypotheses:", "lines: lines.tsv\nhypotheses:")
        for name in ("b.tsv", "c.tsv", "map.tsv", "list.txt"):
            (small.folder / name).touch()
        return small

    return write


def test_a_good_row_brings_its_files(with_lines):
    """Main file and further roles, each with a key; an opt-in row is kept and brings none."""
    small = with_lines({}, {"line": "later", "status": "opt_in", "file": "https://example.org/huge.gz", "source": "X"})
    study = load_study(small.config)
    sources = StudySources.of(study)
    plan = StudyPlan(study, sources)
    assert {role: key.rpartition("/")[2] for role, key in plan.line_files["b"].items()} == {
        "file": "b.tsv",
        "map": "map.tsv",
    }
    assert list(plan.line_files) == ["b"]
    assert study.lines["later"].runs is False
    assert sources.accepted_by[plan.line_files["b"]["map"]] == ("lines/invented/b.json",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layer": "proteins"}, "there is no layer 'proteins'"),
        ({"format": "xml"}, "there is no format 'xml'"),
        ({"direction": "sideways"}, "there is no direction 'sideways'"),
        ({"hypothesis": "nobody"}, "there is no hypothesis 'nobody'"),
        ({"hypothesis": "control"}, "a line of evidence speaks to a control"),
        ({"hypothesis": "drug"}, "layer invented cannot speak to this hypothesis"),
        ({"set": "NOTHING"}, "there is no gene set 'NOTHING'"),
        ({"set": "CLOSED"}, "set 'CLOSED' is opt-in, and nobody opted in to it"),
        ({"files": ""}, "needs map: a map"),
        ({"files": "map=map.tsv,mop=c.tsv"}, "has no role 'mop'"),
        ({"columns": ""}, "needs p: p-values"),
        ({"columns": "p"}, "'p' names no role: write role=…"),
        (
            {"files": "map=https://x.org/a,b.tsv"},
            "'b.tsv' names no role: write role=…, and %2C for a comma within an address",
        ),
        ({"columns": "p=P value,p=Q"}, "role 'p' stands twice"),
        ({"independent_of": "zzz"}, "there is no line 'zzz'"),
        ({"independent_of": "b"}, "a row is declared independent of itself"),
        ({"line": "expression"}, "a row is called 'expression'"),
        ({"file": "absent.tsv"}, "a file of the study does not exist"),
        ({"files": "map=absent.tsv"}, "a file of the study does not exist"),
        ({"licence": "?"}, "the licence is a placeholder"),
        ({"status": "perhaps"}, "column status"),
    ],
)
def test_each_mistake_is_told(with_lines, told, changes, words):
    """With its line and column, what is allowed, and the next step."""
    with_lines(changes)
    message = told()
    assert words in message
    assert "lines.tsv, line 2" in message


def test_rows_that_share_data_cannot_be_declared_independent(with_lines, told):
    """Of one source, or of one file, whatever the row says."""
    with_lines({}, {"line": "c", "independent_of": "b"}, {"line": "d", "source": "other", "independent_of": "c"})
    message = told()
    assert "rows c and b are declared independent and share their source (GSE9)" in message
    assert "rows d and c are declared independent and share their file (b.tsv)" in message


def test_a_layer_without_data_of_its_own_is_never_independent(with_lines, told, monkeypatch):
    """It reads the expression of its hypothesis."""
    import dataclasses

    monkeypatch.setitem(LAYERS, "invented", dataclasses.replace(LAYERS["invented"], own_data=False))
    with_lines({})
    assert "so it is not independent of it" in told()


def test_a_layer_may_need_a_list_of_what_was_measured(with_lines, told, monkeypatch):
    """Where the file lists results only."""
    import dataclasses

    monkeypatch.setitem(LAYERS, "invented", dataclasses.replace(LAYERS["invented"], needs_universe=True))
    with_lines({})
    assert "needs a list of what was measured" in told()


def test_independence_goes_by_source_so_a_file_of_any_of_its_rows_counts(with_lines, told):
    """c says nothing of d; but e, of the source of d, reads the file of c's source."""
    with_lines(
        {"line": "c", "file": "b.tsv", "source": "one"},
        {"line": "d", "file": "c.tsv", "source": "two", "independent_of": "c"},
        {"line": "e", "file": "b.tsv", "source": "two"},
    )
    assert "rows d and c are declared independent and share their file (b.tsv)" in told()


def test_rows_of_two_hypotheses_are_never_counted_together(with_lines, told):
    """What is declared of them would be lost without a word."""
    with_lines({}, {"line": "c", "hypothesis": "drug", "source": "other", "file": "c.tsv", "independent_of": "b"})
    assert "rows c and b speak to different hypotheses" in told()


def test_a_file_of_an_unverified_row_may_be_missing_and_is_told_beforehand(with_lines):
    """The run goes on without it, unless another row needs the same file; a folder is no missing file."""
    small = with_lines({"file": "absent.tsv", "status": "unverified"})
    study = load_study(small.config)
    sources = StudySources.of(study)
    optional = {name: source.may_be_missing for name, source in sources.of_line["invented", "b"].items()}
    assert optional == {"file": True, "map": True}
    ahead = look_ahead(study, TimeBudget(5))
    assert not [problem for problem in ahead.stops if "absent.tsv" in problem.where]
    assert any("absent.tsv" in note and "not available" in note for note in ahead.notes)
    (small.folder / "absent.tsv").mkdir()
    with pytest.raises(StudyError, match="a file of the study is a folder"):
        load_study(small.config)

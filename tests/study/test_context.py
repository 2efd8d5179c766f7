"""Clinical context and considered data sets: closed schemas, told mistakes, and no part in the digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.study.load import load_study

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = """
context:
  title: What is known
  statements:
    - {text: "A statement of the literature.", figure: "HR 2", citation: "Nobody et al. 2020", doi: "10.9999/x.1"}
"""
CONSIDERED = (
    "name\twhat\twould_serve\tdecision\treason\tmarks\nGSE9\tblood\tdisease\tout\tToo small by far.\tcode, remembered\n"
)


@pytest.fixture
def with_both(small):
    digest = load_study(small.config).digest
    small.edit("config.yaml", "hypotheses:", f"considered: considered.tsv{CONTEXT}hypotheses:")
    (small.folder / "considered.tsv").write_text(CONSIDERED, encoding="utf-8")
    return small, digest


def test_both_are_read_and_leave_the_digest_alone(with_both):
    """What stands beside the evidence is in study.json, and does not change what the study asks."""
    small, digest = with_both
    study = load_study(small.config)
    assert study.digest == digest
    content = study.to_json()
    assert content["considered"][0]["marks"] == ["code", "remembered"]
    assert content["config"]["context"]["statements"][0]["doi"] == "10.9999/x.1"


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("10.9999/x.1", "https://doi.org/10.9999/x.1", "a DOI that starts with 10."),
        ('citation: "Nobody et al. 2020", ', "", "citation"),
        ("figure:", "verdict:", "unknown key 'verdict'"),
    ],
)
def test_mistakes_in_the_context_are_told(with_both, told, old, new, part):
    """A wrong DOI, a statement without a source, and a key that does not belong there stop the run."""
    small, _ = with_both
    small.edit("config.yaml", old, new)
    assert part in told()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("code, remembered", "hearsay", "publication, abstract, code"),
        ("\tout\t", "\tmaybe\t", "one of out, later"),
        ("Too small by far.", "", "reason"),
        ("\tmarks", "\tsource", "unknown column 'source'"),
    ],
)
def test_mistakes_in_the_considered_sheet_are_told(with_both, told, old, new, part):
    """Marks and decisions are closed vocabularies; a reason is needed."""
    small, _ = with_both
    small.edit("considered.tsv", old, new)
    assert part in told()


def test_the_same_data_set_twice_is_told(with_both, told):
    """Each considered data set has one row."""
    small, _ = with_both
    (small.folder / "considered.tsv").write_text(CONSIDERED + CONSIDERED.splitlines()[1] + "\n", encoding="utf-8")
    assert "considered data set id 'GSE9' is used twice" in told()


def test_the_real_study_cites_and_lists():
    """The real study's context gives a source for every statement, and no data set is both taken and left out."""
    study = load_study(ROOT / "config" / "config.yaml", check_files=False)
    assert study.config.context is not None
    figures = [statement.figure for statement in study.config.context.statements]
    assert figures == ["+39 %", "+46 %", "", "HR 1.73", "HR 3.21", "HR 0.83"]
    assert not {row.name for row in study.considered} & {row.accession for row in study.datasets.values()}
    assert len(study.considered) > 30

"""The first run on a record that nobody has read: it ends in a report that says what to mend, and mending is enough."""

from __future__ import annotations

import pytest

from sidemine.tables import read_json

pytestmark = pytest.mark.workflow


def _edit(sheet, *edits):
    text = sheet.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    sheet.write_text(text, encoding="utf-8")


def test_a_study_of_unverified_rows_that_fit_nothing_ends_in_a_report_and_is_mended_by_its_sheets(workflow, tmp_path):
    """A subset and a selector that match nothing: no contrast is testable, the page lists the values that exist.

    The row of the second selector is then mended, and the same command answers what it can.
    """
    config = workflow.plant("positive", tmp_path)
    contrasts, datasets = tmp_path / "contrasts.tsv", tmp_path / "datasets.tsv"
    whole = datasets.read_text(encoding="utf-8")
    header, first, second = whole.splitlines()
    first, second = (row.replace("\tverified\t", "\tunverified\t") for row in (first, second))
    rows = [f"{header}\tsubset", f"{first}\ttissue = blood", f"{second}\t"]
    datasets.write_text("\n".join(rows) + "\n", encoding="utf-8")
    right = 'cohort_b\tdisease\tdisease_state = "venous thromboembolism"'
    wrong = 'cohort_b\tdisease\tdisease_state = "VTE"'
    _edit(contrasts, ("\tverified", "\tunverified"), (right, wrong))
    run = workflow.run(tmp_path, config=config)
    (answer,) = run.verdicts().values()
    assert answer["verdict"] == "not testable"
    page = run.page()
    for words in (
        "Not tested, and what to mend",
        "reads a column 'tissue' that the samples do not have",
        'selector: disease_state = "VTE"',
        '"venous thromboembolism" × ',
    ):
        assert words in page
        assert words in run.output or words.startswith("Not tested")
    assert read_json(run.results() / "contrasts/cohort_b_vte/design.json")["n_reference"] > 3
    _edit(contrasts, (wrong, right))
    mended = workflow.run(tmp_path, config=config)
    (answer,) = mended.verdicts().values()
    assert {item["contrast"]: item["testable"] for item in answer["evidence"]} == {
        "cohort_a_vte": False,
        "cohort_b_vte": True,
    }
    assert 'selector: disease_state = "VTE"' not in mended.page()

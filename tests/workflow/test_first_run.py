"""The first run on a record that nobody has read: it ends in a report that says what to mend, and mending is enough."""

from __future__ import annotations

import pytest
from conftest import SEED

from sidemine.simulate.genes import make_universe
from sidemine.simulate.mirnas import write_mirnas
from sidemine.simulate.studies import PLANTED_GENES
from sidemine.tables import read_json, read_table
from sidemine.verdict.evidence_table import EVIDENCE

pytestmark = pytest.mark.workflow


def _edit(sheet, *edits):
    text = sheet.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    sheet.write_text(text, encoding="utf-8")


def _declare_lines(folder, config):
    """Two rows of miRNAs: one that finds what is planted, and one that names a column which is not there."""
    write_mirnas(folder / "mirna", make_universe(PLANTED_GENES, SEED), "interferon_response", SEED)
    files = "targets=mirna/targets.tsv.gz,aliases=mirna/aliases.txt,mature=mirna/mature.fa"
    cells = {
        "line": "planted", "layer": "mirna", "hypothesis": "main", "source": "one", "file": "mirna/mirnas.tsv",
        "format": "mirna_table", "files": files, "columns": "mirna=mirna,p_value=adjusted_p,effect=log2_fold_change",
        "universe": "table", "set": "SIM_JAK_STAT_TARGETS", "direction": "down", "independent_of": "expression",
        "licence": "none (simulated)", "status": "verified",
    }  # fmt: skip
    refused = {"line": "refused", "columns": "mirna=mirna,p_value=FDR", "direction": "listed", "status": "unverified"}
    refused |= {"source": "two", "file": "mirna/refused.tsv", "independent_of": "expression,planted"}
    (folder / "mirna" / "refused.tsv").write_bytes((folder / "mirna" / "mirnas.tsv").read_bytes())
    rows = [list(cells), list(cells.values()), list((cells | refused).values())]
    (folder / "lines.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    _edit(config, ("hypotheses:", "lines: lines.tsv\nhypotheses:"))


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
    _declare_lines(tmp_path, config)
    run = workflow.run(tmp_path, config=config)
    (answer,) = run.verdicts().values()
    assert answer["verdict"] == "not testable"
    page = run.page()
    rows = read_table(run.results() / "evidence.tsv", EVIDENCE).set_index("line")
    assert rows.loc[["expression", "planted", "refused"], "call"].to_list() == [
        "not testable",
        "in favour",
        "not available",
    ]
    assert "lacks column 'FDR'" in rows.loc["refused", "reason"]
    assert "do the miRNAs that the disease moves target SIM_JAK_STAT_TARGETS?" in page
    assert "lacks column 'FDR'" in page
    assert "One line of evidence alone, mirna: in favour. 2 more could not be tested." in page
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

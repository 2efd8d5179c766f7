"""The tutorial as it stands; and a first run on a record that nobody has read, which says what to mend: mending is enough."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
from conftest import SEED, Run
from documents import blocks

from sidemine import cli
from sidemine.simulate.__main__ import main as simulate
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


def _declare_lines(folder):
    """Two rows of miRNAs: one that finds what is planted, and one that names a column which is not there."""
    write_mirnas(folder / "mirna", make_universe(PLANTED_GENES, SEED), "interferon_response", SEED)
    files = "targets=mirna/targets.tsv.gz,aliases=mirna/aliases.txt,mature=mirna/mature.fa"
    cells = {
        "line": "planted", "layer": "mirna", "hypothesis": "disease_set_1", "source": "one", "file": "mirna/mirnas.tsv",
        "format": "mirna_table", "files": files, "columns": "mirna=mirna,p_value=adjusted_p,effect=log2_fold_change",
        "universe": "table", "set": "SIM_JAK_STAT_TARGETS", "direction": "down", "independent_of": "expression",
        "licence": "none (simulated)", "status": "verified",
    }  # fmt: skip
    refused = {"line": "refused", "columns": "mirna=mirna,p_value=FDR", "direction": "listed", "status": "unverified"}
    refused |= {"source": "two", "file": "mirna/refused.tsv", "independent_of": "expression,planted"}
    (folder / "mirna" / "refused.tsv").write_bytes((folder / "mirna" / "mirnas.tsv").read_bytes())
    rows = [list(cells), list(cells.values()), list((cells | refused).values())]
    (folder / "lines.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    _edit(folder / "config.yaml", ("\nhypotheses:", "\nlines: lines.tsv\nhypotheses:"))


# What stands in the sheets that the tutorial makes, in the row of one data set and the row of the other one's contrast.
RIGHT = (
    "GSE900010\tGPL900010\tseries_matrix\t\t\tprobe\tlog2\t\t",
    'gse900011\tdisease\tdisease_state = "venous thromboembolism"',
)
WRONG = (
    "GSE900010\tGPL900010\tseries_matrix\t\t\tprobe\tlog2\ttissue = blood\t",
    'gse900011\tdisease\tdisease_state = "VTE"',
)


def take(command, shown, folder, workflow, capsys):
    """Give one command of the tutorial as it stands and hold what it says against what the page shows of it."""
    words = shlex.split(command)
    capsys.readouterr()
    if words[0] == "sed":
        subprocess.run(words, check=True)
    elif words[0] == "python":
        assert simulate(words[3:]) == 0
    elif words[1] == "find":  # asks NCBI: tests/scaffold/test_series_search.py has its answers
        assert cli.build_parser().parse_args(words[1:]).words
    elif words[1] == "run":
        line = [sys.executable, "-m", "sidemine.cli", *words[1:]]
        done = subprocess.run(
            line, env=workflow.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, done.stdout[-8000:]
        return Run(folder, done.returncode, done.stdout)
    else:
        assert cli.main(words[1:]) == 0, capsys.readouterr().err
        told = capsys.readouterr()
        for line in shown.splitlines():
            assert line.strip() in told.out + told.err, line
    return None


def test_the_tutorial_leads_to_its_verdict_and_sheets_that_fit_nothing_to_what_to_mend(
    workflow, tmp_path, monkeypatch, capsys
):
    """Every command of docs/tutorial.md, as it stands.

    Before its run, the sheets are spoilt as those of a record are that nobody has read: a subset and a selector match
    nothing. Then no contrast is testable, and the page lists the values that exist. The sheets are mended, and the
    same command gives the answer that the tutorial tells of.
    """
    monkeypatch.chdir(tmp_path)
    shown = [block for block in blocks("docs/tutorial.md") if block.language in {"sh", "text"}]
    steps = [
        (command, after.text if after and after.language == "text" else "")
        for block, after in zip(shown, [*shown[1:], None], strict=True)
        if block.language == "sh"
        for command in block.commands()
    ]
    (last,) = [command for command, _ in steps if command.startswith("sidemine run")]
    assert steps[-1][0] == last
    for command, words in steps[:-1]:
        take(command, words, tmp_path, workflow, capsys)
    study = tmp_path / "thrombosis"
    declared = {sheet: sheet.read_text(encoding="utf-8") for sheet in (study / "datasets.tsv", study / "contrasts.tsv")}
    for sheet, right, wrong in zip(declared, RIGHT, WRONG, strict=True):
        _edit(sheet, ("\tverified\t", "\tunverified\t"), (right, wrong))
    _declare_lines(study)
    run = take(last, "", tmp_path, workflow, capsys)
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
        "Not tested, and why",
        "reads a column 'tissue' that the samples do not have",
        'selector: disease_state = "VTE"',
        '"venous thromboembolism" × ',
    ):
        assert words in page
        assert words in run.output or words.startswith("Not tested")
    assert read_json(run.results() / "contrasts/gse900011_venous_thromboembolism/design.json")["n_reference"] > 3
    for sheet, text in declared.items():
        sheet.write_text(text, encoding="utf-8")
    mended = take(last, "", tmp_path, workflow, capsys)
    (answer,) = mended.verdicts().values()
    assert answer["verdict"] == "supported"
    assert answer["certainty"]["level"] != "high"
    assert all(item["testable"] for item in answer["evidence"])
    assert 'selector: disease_state = "VTE"' not in mended.page()
    assert "(100%) done" in mended.output
    assert (study / "inputs.lock.tsv").is_file()

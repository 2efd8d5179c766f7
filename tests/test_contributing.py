"""The worked examples of CONTRIBUTING.md work: one file or folder and one registration each, and nothing else changes."""

from __future__ import annotations

import pytest
from contributing import apply_example, patched

from sidemine.simulate.studies import write_planted

WORKFLOW = "workflow/sidemine"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The configuration of a planted study."""
    return write_planted("positive", tmp_path_factory.mktemp("study"), 11)


def test_a_registration_keeps_the_order_of_the_file():
    """Additions stand before the line that follows them in the diff, or after the last one that stands there."""
    assert patched("a\nb\nc\n", ["+x", " b", "-c", "+d"]) == "a\nx\nb\nd\n"
    with pytest.raises(ValueError, match="missing"):
        patched("a\n", [" missing"])


def test_the_rules_of_new_pieces(tmp_path, study):
    """A consideration and a line, side by side in one workflow: each has a rule that runs it."""
    for title in ("A new consideration", "A new line of evidence"):
        example = apply_example(title, tmp_path)
    assert {"measure_precision", "count_votes"} <= set(example.rules(study))


def test_a_new_consideration(tmp_path):
    """Its gate is on the card, its column in verdicts.json, its panel among those of the page."""
    example = apply_example("A new consideration", tmp_path)
    assert {name.rsplit("/", 1)[0] for name in example.added} == {f"{WORKFLOW}/considerations/precision"}
    assert example.registered == {f"{WORKFLOW}/considerations/registry.py": 2}
    printed = example.python(
        """
from sidemine.considerations.precision.judge import precision_judge
from sidemine.considerations.precision.measure import measure_precision
from sidemine.considerations.registry import judges_with
from sidemine.record_schemas import record_schemas
from sidemine.report.beside import Beside
from sidemine.report.sections.answers import evidence_panels
from sidemine.verdict.card import card_json
from on_record import answer_hypotheses
from test_rules import contrast, evidence, hypothesis

measured = evidence(contrast("a", 0.6, 0.15), contrast("b", 0.5, 0.31))
judge = precision_judge({"h": measure_precision(measured)})
(card,) = answer_hypotheses([hypothesis()], {"h": measured}, judges_with({"precision": judge}))
print(card_json(card)["largest_standard_error"])
print(*[gate.detail for gate in card.gates if gate.name == "precision"])
print(*[panel.facts[0] for panel in evidence_panels(card, Beside()) if panel.kind == "precision"])
print(*sorted(name for name in record_schemas() if name == "precision"))
"""
    )
    assert printed.splitlines() == [
        "0.31",
        "largest standard error 0.31",
        "largest standard error: 0.31 Hedges g",
        "precision",
    ]


def test_a_new_source(tmp_path, study):
    """A study may use its word, its samples and values are read, and `sidemine inspect` names it."""
    example = apply_example("A new source", tmp_path)
    assert example.added == ["workflow/sidemine/sources/gct.py"]
    assert example.registered == {"workflow/sidemine/sources/registry.py": 2}
    file = tmp_path / "values.gct"
    file.write_text("#1.2\n2\t3\nNAME\tDescription\ta_1\ta_2\tb_1\nSTAT1\tx\t5\t6\t7.5\nIRF1\ty\t8\t9\t10\n")
    told = example.run("python", "-m", "sidemine.cli", "inspect", str(file))
    assert "(GCT table)" in told
    assert "layout: gct, identifiers: symbol" in told
    printed = example.python(
        f"""
import csv
from pathlib import Path
from sidemine.prepare.metadata import read_samples
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.registry import BULK_LAYOUTS
from sidemine.study.load import load_study

sheet = Path({str(study.parent)!r}) / "datasets.tsv"
rows = list(csv.DictReader(sheet.open(), delimiter="\t"))
rows[0] |= dict(layout="gct", file={str(file)!r}, identifiers="symbol", scale="log2", platform="")
copy = sheet.with_name("with_gct.tsv")
with copy.open("w") as stream:
    writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
study = load_study(Path({str(study)!r}), {{"datasets": copy.name}})
row = next(iter(study.datasets.values()))
print(row.layout)
plain = row.model_copy(update=dict(subset="", sample_name="", biological_unit="", sample_sheet=""))
print(*read_samples(plain, {{"values": Path(row.file)}}, {{}}, [])["sample"])
print(BULK_LAYOUTS["gct"].read(Path(row.file), DeclaredValues.of(row), (), ()).values.tolist())
"""
    )
    assert printed.splitlines() == ["gct", "a_1 a_2 b_1", "[[5.0, 6.0, 7.5], [8.0, 9.0, 10.0]]"]


def test_a_new_panel(tmp_path):
    """It stands on the page among the others, at its place."""
    example = apply_example("A new panel", tmp_path)
    assert example.added == [f"{WORKFLOW}/considerations/composition/caps_panel.py"]
    assert example.registered == {f"{WORKFLOW}/considerations/composition/entry.py": 2}
    printed = example.python(
        """
from example_results import example_card
from sidemine.report.beside import Beside
from sidemine.report.sections.answers import evidence_panels

print(*[panel.kind for panel in evidence_panels(example_card(), Beside())])
"""
    )
    assert "adjustment caps confounders" in printed


def test_a_new_set_test(tmp_path):
    """Its rows are in the tables, with q-values of their own family; its name, words and paper are on the page."""
    example = apply_example("A new set test", tmp_path)
    assert set(example.added) == {f"{WORKFLOW}/enrichment/parametric.py"}
    assert example.registered == {f"{WORKFLOW}/enrichment/registry.py": 2}
    printed = example.python(
        """
import pandas as pd
from plain_fit import plain_fit
from sidemine.enrichment.false_discovery import adjust_set_tests
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.registry import GENE_TESTS, statistics
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_tests import describe_gene_sets
from sidemine.report.references import REFERENCES
from sidemine.study.specifications import GeneSettings

genes = [f"G{number:02d}" for number in range(40)]
sets = pd.DataFrame(
    [(name, "target", gene, 1.0, "1", "x") for name, few in (("UP", genes[:8]), ("FLAT", genes[20:30])) for gene in few],
    columns=GENE_SETS.names,
)
fit = plain_fit(genes, log2_fold_change=[1.0] * 8 + [-0.1, 0.1] * 16, t=[3.0] * 8 + [-1.0, 1.0] * 16)
membership = build_membership(sets, genes, 5, 50)
settings = GeneSettings(min_set_size=5, over_representation_fdr=0.05, prerank_permutations=100, seed=3)
described = describe_gene_sets(fit, membership, settings)
table = adjust_set_tests({"a": described}, {"a": "disease"})["a"]
for row in table[table["test"] == "parametric"].itertuples():
    print(row.gene_set, row.role, row.direction, f"{row.statistic:.2f}", row.family_size, row.q_value < 0.01)
print(*[statistic.label for statistic in statistics() if statistic.name == "parametric"])
print(GENE_TESTS[-1].words)
print(*[paper.doi for paper in REFERENCES if paper.what == "PAGE"])
"""
    )
    assert printed.splitlines() == [
        "FLAT descriptive down -1.54 2 False",
        "UP descriptive up 5.52 2 True",
        "PAGE",
        "PAGE compares the mean fold change of a set with that of all genes.",
        "10.1186/1471-2105-6-144",
    ]


def test_a_new_line_of_evidence(tmp_path):
    """Its job writes its record, and what it shows stands among the panels of a card."""
    example = apply_example("A new line of evidence", tmp_path)
    assert {name.rsplit("/", 1)[0] for name in example.added} == {f"{WORKFLOW}/lines/votes"}
    assert example.registered == {f"{WORKFLOW}/lines/registry.py": 2}
    printed = example.python(
        """
from pathlib import Path

from sidemine.drawing.panel import Subject
from sidemine.lines.registry import LINES, read_lines
from sidemine.record_schemas import record_schemas
from sidemine.records import write_record
from sidemine.study_jobs import run_job
from on_record import answer_hypotheses
from test_rules import contrast, evidence

write_record(evidence(contrast("a", 0.6), contrast("b", -0.5), contrast("c", 0.2)), Path("h.json"))
run_job("sidemine.lines.votes.job", {"evidence": ["h.json"]}, {"record": "votes.json"}, {"hypotheses": ["h"]})
subject = Subject("h", "S", True, "Hedges g", [], {})
panels = [panel for line in LINES for panel in line.panels(subject, read_lines(Path(), {"count_votes"}, {}, {}, {}, {}))]
print(*[panel.facts[0] for panel in panels if panel.kind == "votes"])
print("votes" in record_schemas())
"""
    )
    assert printed.splitlines() == ["2 higher, 1 lower", "True"]

"""Panels beside the answers: what they hold equals the result files, and what is missing is said."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from beside_results import CONTEXT, add_beside
from example_results import HOSTILE_TITLE, example_card, write_example_results
from open_page import without_terms

import sidemine
from sidemine.considerations.calibration.panel import calibration_block, calibration_panel
from sidemine.considerations.robustness.record import RobustnessColumns
from sidemine.errors import Problem
from sidemine.prepare.gene_ledger import KindOfFate, read_fates, reason_kind
from sidemine.report.beside import Beside
from sidemine.report.collect import collect
from sidemine.report.page import build_report
from sidemine.report.references import REFERENCES
from sidemine.report.sections.datasets import BAR, funnel_of, why_in
from sidemine.report.sections.methods import methods_text
from sidemine.report.sections.threats import threats_section
from sidemine.report.sources import source_tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return add_beside(write_example_results(tmp_path_factory.mktemp("beside") / "results"))


@pytest.fixture(scope="module")
def results(folder):
    return collect(folder)


@pytest.fixture(scope="module")
def html(folder):
    page = folder.parent / "page.html"
    build_report(folder, page)
    return page.read_text(encoding="utf-8")


def test_identifier_fates_add_up(folder):
    """Every row of the ledger is counted once, under a reason without the names of single genes."""
    fates = read_fates(folder / "datasets" / "cohort_a" / "genes_ledger.tsv")
    assert fates == [
        KindOfFate("kept", "approved symbol", 400),
        KindOfFate("dropped", "several genes", 60),
        KindOfFate("dropped", "other probe has the higher mean", 40),
    ]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("previous symbol SEPT9; higher mean than the others of this gene", "previous symbol; higher mean than the others of this gene"),
        ("ZHX1-C8ORF76 but for upper and lower case", "a known symbol but for upper and lower case"),
        ("counter row, for example 0 reads; no gene", "counter row, no gene"),
        ("ambiguous: alias of A, B", "ambiguous"),
        ("not in the gene table, which knows no old symbols: kept as it stands",
         "not in the gene table, which knows no old symbols: kept as it stands"),
    ],
)  # fmt: skip
def test_reason_kind_drops_names_only(reason, kind):
    """Reasons that differ by a name only fall together; others keep their words."""
    assert reason_kind(reason) == kind


def test_funnel_counts_equal_the_tables(results):
    """Samples and identifiers left after each step are those of samples.tsv, the ledger and the tested genes."""
    funnel = funnel_of(results, results.datasets["cohort_a"])
    assert [step.n for step in funnel.samples] == [37, 36, 36]
    tested = len(results.contrasts["vte_a"].differential)
    assert [step.n for step in funnel.genes] == [500, 400, 400, tested]
    assert funnel.samples[0].width == BAR
    assert any(HOSTILE_TITLE[:10] in text for text in funnel.fates)


def test_every_dataset_says_why_it_is_in(results):
    """A declared data set tells what it carries, or that it is of no use."""
    words = {key: why_in(results, found) for key, found in results.datasets.items()}
    assert words["cohort_a"] == "in: 1 contrast, 1 testable, 1 named by a question"
    assert words["tiny"] == "in: 1 contrast, 0 testable, 1 named by a question"
    tiny = results.datasets["tiny"]
    provenance = replace(tiny.quality.provenance, problem=Problem("no values", "", "", ""))
    broken = replace(tiny, quality=replace(tiny.quality, provenance=provenance))
    assert why_in(results, broken).startswith("declared, but not usable")


def test_threats_are_grouped_per_question(results):
    """Declared threats and findings stand apart, serious findings marked."""
    first, second, *_ = threats_section(results).content
    assert first.card.threats == results.verdicts.verdicts[0].threats
    assert [(group.title, group.serious) for group in first.groups] == [
        ("Recorded sex contradicts the genes", False),
        ("Re-used samples", True),
    ]
    assert second.groups == []


def test_calibration_in_words(results):
    """Rates are percentages of the table; what was not measured shows no number."""
    (part,) = calibration_panel(results.calibration, "2027.1")["parts"]
    holds, missing = (row for group in part["groups"] for row in group["rows"])
    assert (holds["rate"], holds["interval"], holds["upper_95"], holds["class"]) == (
        "5.1 %",
        "3.4 to 7.3 %",
        "6.4 %",
        "passed",
    )
    assert (missing["rate"], missing["interval"], missing["reading"]) == ("—", "—", "not measured")


def test_whole_calibration_table_is_packed(results):
    """The whole table goes along, its numbers as they are and hostile text bounded."""
    block = calibration_block(results.calibration)
    table = results.calibration
    assert block["rate"] == [0.0512, None, 0.2]
    assert block["n"] == [float(value) for value in table["n"]]
    assert len({len(column) for column in block.values()}) == 1
    assert calibration_panel(results.calibration, "2027.1")["total"] == 3


def test_panels_without_their_file_say_so(tmp_path):
    """Without calibration, considered sheet and ledgers each panel stands, with the reason; what was not declared is absent."""
    folder = write_example_results(tmp_path / "results", n_genes=60)
    build_report(folder, tmp_path / "page.html")
    page = without_terms((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert 'id="context"' not in page
    for text in (
        "Not measured: this run wrote no calibration.tsv",
        "This study lists no dataset that was considered",
        "genes_ledger.tsv of this dataset is not among these results",
        "no gene: the table pooled/…/genes.tsv.gz is not among these results",
    ):
        assert text in page


def test_context_touches_no_card_and_no_verdict(folder, results, html, tmp_path):
    """Taking the context away changes the context panel and nothing else of the page."""
    bare = tmp_path / "results"
    shutil.copytree(folder, bare)
    study = json.loads((bare / "study.json").read_text())
    study["config"]["context"] = None
    (bare / "study.json").write_text(json.dumps(study))
    build_report(bare, tmp_path / "bare.html")
    cut = re.compile(r'<section id="context".*?</section>\s*|<li><a href="#context">.*?</li>\s*', re.DOTALL)
    assert cut.sub("", html) == cut.sub("", (tmp_path / "bare.html").read_text(encoding="utf-8"))
    assert "HR 9.87" in html
    assert "HR 9.87" not in str(results.verdicts)


def test_context_carries_its_sentence_and_sources(html):
    """The panel says what it is not, and links the DOIs that the study gives."""
    panel = re.search(r'<section id="context".*?</section>', html, re.DOTALL)[0]
    assert "not part of the evidence" in panel
    assert "Nothing here is medical advice" in panel
    assert 'href="https://doi.org/10.9999/invented"' in panel
    assert CONTEXT["statements"][0]["citation"] in panel


def test_hostile_text_of_the_study_is_text(html):
    """Markup in context, considered sheet and flags is escaped, and no direction override is left."""
    assert "<script>window.hacked" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    considered = re.search(r'<h3 id="considered">.*?</section>', html, re.DOTALL)[0]
    assert "&lt;script&gt;window.hacked" in considered


def test_references_stand_in_the_code():
    """Each DOI of the methods text is cited where its method is implemented, or in a caption or the README."""
    root = Path(sidemine.__file__).parent
    texts = [path.read_text() for path in root.rglob("*.py") if path.name != "references.py"]
    texts += [path.read_text() for path in (root.parent / "report").glob("*.rst")]
    texts.append((root.parents[1] / "README.md").read_text())
    missing = [entry.doi for entry in REFERENCES if entry.doi and not any(entry.doi in text for text in texts)]
    assert missing == []


def test_methods_text_ends_with_the_references(results):
    """What the copy button gives holds the paragraphs with this run's figures, and the references with DOIs."""
    text = methods_text(results)
    assert "seed 20260101" in text
    assert "sidemine 0.1.0" in text
    assert text.rstrip().splitlines()[-1].startswith(f"{len(REFERENCES)}. ")


def test_methods_tell_the_checks_that_were_made(results):
    """Calibration, robustness and concordance with the figures of their files; a check that was not made says so."""
    text = methods_text(results)
    assert "on permuted labels of 1 contrast of this study (500 labelings or fewer)" in text
    assert "for 1 contrast with fewer than 200 distinct labelings" in text
    n_variants = len(results.verdicts.verdicts[0].columns_of(RobustnessColumns).robustness.variants)
    assert f"{n_variants} variants of the analysis over 1 hypothesis" in text
    assert "Perturbation and disease. 1 bridge" in text
    bare = replace(
        results,
        beside=Beside(),
        calibration=None,
        verdicts=replace(results.verdicts, verdicts=[example_card(2)]),
    )
    told = methods_text(bare)
    assert "The size of the tests was not measured in this run" in told
    assert "No variant of the analysis was evaluated in this run" in told
    assert "Drug and disease." not in told
    assert "Huber's method" not in told
    card = example_card(2)
    robust = replace(card, declared=replace(card.declared, score="huber"))
    told = methods_text(replace(bare, verdicts=replace(results.verdicts, verdicts=[robust])))
    assert f"In {card.hypothesis} the set score was regressed by Huber's method" in told


def test_sources_are_files_of_the_results(folder, results):
    """Every figure's source of a testable contrast is a file of this results folder."""
    paths = {path for key, path in source_tables(results).items() if key.endswith(("-vte_a", "-vte_b"))}
    assert len(paths) == 6
    assert all((folder / path).is_file() for path in paths)

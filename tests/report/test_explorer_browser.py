"""Explorer, records and the panels beside the answers in a real browser."""

from __future__ import annotations

import csv
import json
import re

import pandas as pd
import pytest
from beside_results import FILTERED_IN_A, FORMULA, NOT_ON_B, NOWHERE, add_beside
from example_results import SETS, write_example_results
from open_page import OpenPage

from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.drawing.words import number
from sidemine.effect.pooled_columns import POOLED_GENES
from sidemine.report.packing import p_values
from sidemine.report.page import build_report
from sidemine.tables import read_table

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return add_beside(write_example_results(tmp_path_factory.mktemp("explorer_page") / "results"))


@pytest.fixture(scope="module")
def page_file(folder):
    build_report(folder, folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def shared(browser, page_file):
    """The page with its explorer unfolded."""
    page = OpenPage(browser, page_file)
    page.tab.locator("#explorer-holder").scroll_into_view_if_needed()
    page.tab.wait_for_selector("#explorer[data-ready=vte_targets]")
    page.tab.click("#explorer-box > summary")
    yield page
    page.tab.close()


@pytest.fixture
def opened(shared):
    """The page, whose explorer each test finds as a reader does: the first question, nothing filtered."""
    yield shared
    shared.tab.select_option("#explorer-picker", "vte_targets")
    shared.tab.wait_for_selector("#explorer[data-ready=vte_targets]")
    shared.tab.uncheck("#explorer-all")
    shared.tab.click("#explorer-clear")
    wait_for_count(shared, 399)


@pytest.fixture(scope="module")
def pooled(folder):
    return read_table(folder / "pooled" / "vte_targets" / "genes.tsv.gz", POOLED_GENES).set_index("gene")


def wait_for_count(page, wanted: int) -> None:
    page.tab.wait_for_function(
        "wanted => document.getElementById('explorer-words').textContent.startsWith(`${wanted} of `)", arg=wanted
    )


def shown_rows(page) -> list[list[str]]:
    return page.tab.eval_on_selector_all(
        "#explorer-table tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )


def downloaded(page, selector: str = "#explorer-save") -> list[dict[str, str]]:
    return list(csv.DictReader(page.saved_by(selector).decode().splitlines(), delimiter="\t"))


def test_numbers_equal_the_pooled_table(opened, pooled):
    """The first page is the table's smallest p-values, with its effects."""
    first = pooled.sort_values("p_value").iloc[:10]
    rows = shown_rows(opened)
    assert [row[0] for row in rows] == list(first.index)
    assert [row[2] for row in rows] == [number(value, 3) for value in first["effect"]]


def test_filtered_rows_are_what_is_downloaded(opened, pooled):
    """Ranges on two columns: the download holds exactly the rows that the table's own numbers keep, in the shown order."""
    opened.tab.fill("#explorer-filters [data-filter='effect at least']", "0.05")
    opened.tab.fill("#explorer-filters [data-filter='p at most']", "0.5")
    effect, p = pooled["effect"].round(3), pd.Series(p_values(pooled["p_value"]), pooled.index)
    kept = pooled.assign(shown=p)[(effect >= 0.05) & (p <= 0.5)].sort_values(["shown", "gene"])
    assert 0 < len(kept) < len(pooled)
    wait_for_count(opened, len(kept))
    rows = downloaded(opened)
    assert [row["gene"] for row in rows] == list(kept.index)
    for row in rows:
        assert float(row["effect"]) == pytest.approx(kept.loc[row["gene"], "effect"], abs=5.001e-4)
        assert float(row["ci_low"]) == pytest.approx(kept.loc[row["gene"], "ci_low"], abs=5.001e-4)
        assert float(row["p_value"]) == p[row["gene"]]
    assert [row[0] for row in shown_rows(opened)] == [row["gene"] for row in rows[:10]]


def test_text_set_and_clear(opened):
    """Several symbols at once, a gene set, and back to all."""
    opened.tab.fill("#explorer-gene", "ifit, mx1")
    wait_for_count(opened, 4)
    assert {row["gene"] for row in downloaded(opened)} == {"IFIT1", "IFIT2", "IFIT3", "MX1"}
    opened.tab.fill("#explorer-gene", "")
    opened.tab.select_option("#explorer-set", "SIM_INTERFERON_TARGETS")
    wait_for_count(opened, len(SETS["SIM_INTERFERON_TARGETS"][1]))
    opened.tab.click("#explorer-clear")
    wait_for_count(opened, 399)


def test_missing_values_are_explained(opened):
    """Not measured and filtered stand in the cell and in the download; a gene without any value appears on request."""
    opened.tab.fill("#explorer-gene", ", ".join(NOT_ON_B + FILTERED_IN_A + NOWHERE))
    wait_for_count(opened, 5)
    opened.tab.check("#explorer-all")
    wait_for_count(opened, 6)
    rows = {row["gene"]: row for row in downloaded(opened)}
    assert {rows[gene]["missing:vte_b"] for gene in NOT_ON_B} == {"not measured"}
    assert {rows[gene]["missing:vte_a"] for gene in FILTERED_IN_A} == {"filtered"}
    assert rows[NOWHERE[0]]["k"] == "0"
    assert rows[NOWHERE[0]]["effect"] == ""
    cells = {row[0]: row for row in shown_rows(opened)}
    assert cells[NOT_ON_B[0]][-1] == "not measured"
    assert "filtered" in cells[FILTERED_IN_A[0]]
    opened.unfold("#explorer")
    assert "400 genes measured, 397 tested" in opened.tab.inner_text("#explorer-why")


def test_links_are_off_until_asked_for(opened):
    """No link to another site in the table before the switch; then plain links, and still no request."""
    assert opened.tab.locator("#explorer-table a").count() == 0
    assert not opened.tab.is_checked("#explorer-links")
    opened.tab.check("#explorer-links")
    opened.tab.wait_for_selector("#explorer-table a")
    first = shown_rows(opened)[0][0]
    addresses = opened.tab.eval_on_selector_all(
        "#explorer-table tbody tr:first-child a", "links => links.map(a => a.href)"
    )
    assert addresses[0].startswith("https://www.ncbi.nlm.nih.gov/gene/")
    assert addresses[1].startswith("https://www.ensembl.org/id/ENSG")
    assert addresses[2] == f"https://www.genecards.org/cgi-bin/carddisp.pl?gene={first}"
    assert [url for url in opened.requests if url.startswith("http")] == []
    opened.tab.uncheck("#explorer-links")
    opened.tab.wait_for_selector("#explorer-table a", state="detached")


def test_another_question_has_its_own_columns(opened, folder):
    """Changing the question changes the table; one without pooled genes says why it is empty."""
    opened.tab.select_option("#explorer-picker", "heme_null")
    opened.tab.wait_for_selector("#explorer[data-ready=heme_null]")
    heads = opened.tab.locator("#explorer-table thead").inner_text()
    assert "vte_a" in heads
    assert "vte_b" not in heads
    opened.tab.select_option("#explorer-picker", "inhibitor_isg")
    opened.tab.wait_for_selector("#explorer[data-ready=inhibitor_isg]")
    own = read_table(folder / "contrasts" / "inhibitor" / "differential.tsv.gz", DIFFERENTIAL).sort_values("p_value")
    assert [row["gene"] for row in downloaded(opened)][:5] == list(own["gene"][:5])
    assert [float(row["ci_high"]) for row in downloaded(opened)][:5] == pytest.approx(
        list(own["ci_high"][:5]), abs=5.001e-4
    )
    opened.tab.select_option("#explorer-picker", "skin")
    opened.tab.wait_for_selector("#explorer[data-ready=skin]")
    assert "Nothing to show: no gene" in opened.tab.inner_text("#explorer-words")
    opened.tab.click("#explorer-save")  # nothing to save, and no complaint
    assert opened.complaints == []


def test_context_is_apart_and_calibration_is_shown(opened):
    """The clinical context is a panel of its own behind the evidence, and no card names its figures."""
    assert "HR 9.87" in opened.tab.inner_text("#context")
    assert opened.tab.locator("#answers").get_by_text("HR 9.87").count() == 0
    assert opened.tab.evaluate(
        "document.getElementById('answers').compareDocumentPosition(document.getElementById('context')) === 4"
    )
    opened.tab.eval_on_selector("#calibration details.fold", "part => { part.open = true; }")
    opened.tab.wait_for_selector("#calibration-sizes svg.marks")
    opened.tab.click("#calibration .figures > summary")
    table = opened.tab.inner_text("#calibration table.calibrated").replace("\xa0", " ")
    assert "5.1 %" in table
    assert "not measured" in table
    assert "3 v 3" not in table
    opened.tab.click("#calibration-all summary")
    opened.tab.wait_for_selector("#calibration-all[data-ready]")
    rows = opened.tab.locator("#calibration-table tbody tr")
    assert rows.count() == 3
    assert "20.0 %" in rows.nth(2).inner_text()
    assert opened.complaints == []


def test_hostile_text_stays_text(opened):
    """Nothing of the hostile context, considered sheet or flags ran."""
    assert opened.tab.evaluate("window.hacked") is None
    assert "<script>window.hacked=1</script>" in opened.tab.inner_text("#context")
    assert opened.tab.locator("table.considered tbody tr").count() == 2
    assert opened.complaints == []


def test_tables_and_records_download(opened, folder):
    """A ledger downloads with the text of its cells; manifest.json as JSON."""
    rows = downloaded(opened, "button[data-table=considered]")
    assert rows[0]["Dataset"] == "GSE999991"
    assert rows[0]["Decision"] == "not yet"
    assert json.loads(opened.saved_by("button[data-name='manifest.json']")) == json.loads(
        (folder / "manifest.json").read_text()
    )


NUMBERS = ["-1.2", "+0.5", "3", "-1e-12", "0", ".5", "-Infinity"]
FREE_TEXT = [
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    " \t=1+1",
    "\r\n=1+1",
    '"=1+1"',
    "a;=1+1",
    "a, @b",
    "\uff1d1+1",
    "-",
    "--",
    "-1.2 to 3.4",
]


def test_text_of_a_download_is_no_formula_and_numbers_stay_numbers(opened):
    """A spreadsheet that opens a download runs nothing, wherever it cuts the cells; nothing shifts to another column."""
    words = ["IFIT1", "4, 6 and 12 hours", 'said "no"', "", "CD4-"]
    rows = [NUMBERS, FREE_TEXT, words]
    text = opened.tab.evaluate("rows => sidemine.tsv(rows)", rows)
    numbers, free, plain = csv.reader(text.splitlines(), delimiter="\t")
    assert numbers == NUMBERS
    assert len(free) == len(FREE_TEXT)
    for cell in free:
        assert not re.match(r"\s*[=+\-@\uff1d]", cell)
        assert "'" in cell
    assert plain == words
    for delimiter in ";,\t":  # however a spreadsheet was told to cut
        for row in csv.reader(text.splitlines()[1:], delimiter=delimiter):
            assert [cell for cell in row if re.match(r"[\s\"]*[=+\-@\uff1d]", cell)] == []


def test_a_formula_in_a_sheet_is_text_in_the_ledger_that_is_downloaded(opened):
    """A shared study may hold one in any note; the button of the page gives it back as text."""
    rows = downloaded(opened, "button[data-table=considered]")
    assert rows[1]["Reason"] == f"'{FORMULA}"


def test_methods_are_copied(opened):
    """The copy button fills the clipboard with methods and references."""
    opened.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.tab.click("#methods-copy")
    opened.tab.wait_for_function("() => document.getElementById('methods-copied').textContent.length > 0")
    told = opened.tab.inner_text("#methods-copied")
    assert told == "Copied." or opened.tab.evaluate("getSelection().toString()").startswith("Data. ")


def test_figures_name_their_source(opened):
    """Each figure names the result file behind it, and links it; none is forgotten."""
    link = opened.tab.locator("[data-of='forest-vte_targets'] a")
    assert link.inner_text() == "verdicts.json"
    assert (
        opened.tab.locator("[data-of='volcano-vte_a'] a").get_attribute("href") == "contrasts/vte_a/differential.tsv.gz"
    )
    unnamed = opened.tab.evaluate(
        "() => [...document.querySelectorAll('figure .chart[id]')].map(chart => chart.id)"
        ".filter(id => !document.querySelector(`.source[data-of='${id}'] a`))"
    )
    assert unnamed == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_panels_fit_and_hold_no_barrier(browser, page_file, width, scheme):
    """Nothing is wider than the window, and axe-core finds no serious barrier in the new panels."""
    from axe_playwright_python.sync_playwright import Axe

    page = OpenPage(browser, page_file, width, scheme)
    page.tab.locator("#explorer-holder").scroll_into_view_if_needed()
    page.tab.wait_for_selector("#explorer[data-ready]")
    page.tab.check("#explorer-links")
    page.tab.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    assert page.tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    panels = ["#explorer", "#threats", "#datasets", "#calibration", "#context", "#methods", "#provenance"]
    found = Axe().run(page.tab, context={"include": [[panel] for panel in panels]}).response["violations"]
    assert [
        f"{item['id']}: {item['help']}; {[node['target'] for node in item['nodes']][:4]}"
        for item in found
        if item["impact"] in {"serious", "critical"}
    ] == []
    assert page.complaints == []
    page.tab.close()

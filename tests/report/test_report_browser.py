"""The page in a real browser: nothing is requested, tables and charts work, both widths, both themes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from example_results import CONTRASTS, SETS

from sidemine.report.words import number, p_statement
from sidemine.tables import DIFFERENTIAL, read_table

pytestmark = pytest.mark.browser
SHOWN = ".contrast.shown[data-ready]"


class OpenPage:
    """The report in a browser tab, with everything it asked for or complained about."""

    def __init__(self, browser, path: Path, width: int = 1440, scheme: str = "light") -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        started = time.monotonic()
        self.tab.goto(path.as_uri())
        self.tab.wait_for_selector("html[data-ready]")
        self.seconds = time.monotonic() - started

    def show(self, contrast: str) -> None:
        """Choose a comparison and wait until it is drawn."""
        self.tab.select_option("#contrast-picker", contrast)
        self.tab.wait_for_selector(f"#contrast-{contrast}.shown[data-ready]")

    def rows(self, contrast: str) -> list[list[str]]:
        """Cells of the gene table's rows as shown."""
        return self.tab.eval_on_selector_all(
            f"#genes-{contrast} tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
        )

    def wait_for_rows(self, contrast: str, number_of_rows: int) -> None:
        """Wait until the gene table shows so many rows; DataTables redraws in its own time."""
        self.tab.wait_for_function(
            "([id, wanted]) => document.querySelectorAll(`#genes-${id} tbody tr`).length === wanted",
            arg=[contrast, number_of_rows],
        )


@pytest.fixture
def opened(browser, example_page):
    page = OpenPage(browser, example_page)
    yield page
    page.tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_page_is_quiet_and_fits(browser, example_page, width, scheme):
    """No request but the file, nothing in the console, nothing wider than the window; every comparison draws."""
    page = OpenPage(browser, example_page, width, scheme)
    for contrast in CONTRASTS:
        page.show(contrast)
        assert page.tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), contrast
    assert [url for url in page.requests if not url.startswith("data:")] == [example_page.as_uri()]
    assert page.complaints == []
    assert page.tab.evaluate("window.hacked") is None
    page.tab.close()


def test_first_card_fits_the_first_screen(opened):
    """At 1440 × 900 the first answer, its doubt and its forest plot are on the first screen."""
    for part in (".sentence", ".doubt", ".keys", ".forest .chart svg"):
        box = opened.tab.locator(f".card >> nth=0 >> {part}").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900, part


def test_page_is_soon_usable(opened):
    """The answers are there and drawn within seconds (the goal is 2; a loaded test machine gets 6)."""
    assert opened.seconds < 6


def test_cards_tell_the_numbers_of_the_verdicts(opened, example_results):
    """Verdict, sentence, p-values, agreement, effects and intervals on the cards equal verdicts.json."""
    for entry in json.loads((example_results / "verdicts.json").read_text())["verdicts"]:
        card = opened.tab.locator(f"#card-{entry['hypothesis']}")
        assert entry["verdict"] in card.locator("header .chip").inner_text()
        assert entry["sentence"] in card.locator(".sentence").inner_text()
        assert card.locator("[data-key=p_self_contained]").inner_text() == p_statement(entry["p_self_contained"])
        assert card.locator("[data-key=p_competitive]").inner_text().startswith(p_statement(entry["p_competitive"]))
        if entry["agreeing"]:
            assert (
                f"{entry['agreeing']['k']} of {entry['agreeing']['n']}"
                in card.locator("[data-key=agreeing]").inner_text()
            )
        card.locator("summary").nth(1).click()
        for item in entry["evidence"]:
            row = card.locator(f"tr[data-contrast={item['contrast']}]")
            assert row.locator("[data-key=effect]").inner_text() == number(item["effect"], 3)


def test_forest_draws_every_contrast(opened, example_results):
    """The forest plot of each card names each of its contrasts, untestable ones with the reason."""
    for entry in json.loads((example_results / "verdicts.json").read_text())["verdicts"]:
        drawn = opened.tab.locator(f"#forest-{entry['hypothesis']} svg").inner_html()
        for item in entry["evidence"]:
            assert item["contrast"] in drawn
            assert item["testable"] or "not testable" in drawn


def test_gene_table_sorts_searches_and_filters(opened, example_results):
    """Sorting, searching and filtering the gene table give what the result file holds."""
    opened.show("vte_a")
    table = read_table(example_results / "contrasts" / "vte_a" / "differential.tsv.gz", DIFFERENTIAL)
    assert opened.rows("vte_a")[0][0] == table.sort_values("p_value")["gene"].iloc[0]
    opened.tab.locator("#genes-vte_a thead th").nth(1).click()
    lowest = table.sort_values("log2_fold_change").iloc[0]
    opened.tab.locator("#genes-vte_a tbody tr").first.get_by_text(lowest["gene"]).wait_for()  # sorting takes its time
    assert opened.rows("vte_a")[0][:2] == [lowest["gene"], number(lowest["log2_fold_change"], 3)]
    opened.tab.fill("#contrast-vte_a .gene-side .dt-search input", "IFIT3")
    opened.wait_for_rows("vte_a", 1)
    assert [row[0] for row in opened.rows("vte_a")] == ["IFIT3"]
    opened.tab.fill("#contrast-vte_a .gene-side .dt-search input", "")
    opened.tab.select_option("#contrast-vte_a .filter-set", "SIM_INTERFERON_TARGETS")
    opened.wait_for_rows("vte_a", 8)
    opened.tab.fill("#contrast-vte_a .filter-q", "0.05")
    opened.wait_for_rows(
        "vte_a", int((table["q_value"] <= 0.05)[table["gene"].isin(SETS["SIM_INTERFERON_TARGETS"][1])].sum())
    )
    few = {row[0] for row in opened.rows("vte_a")}
    significant = set(table.loc[table["q_value"] <= 0.05, "gene"])
    assert few <= significant
    assert 0 < len(few) < 8


def test_filtered_rows_can_be_downloaded(opened):
    """The download holds the filtered rows, and only these."""
    opened.show("vte_a")
    opened.tab.select_option("#contrast-vte_a .filter-set", "SIM_INTERFERON_TARGETS")
    opened.wait_for_rows("vte_a", 8)
    with opened.tab.expect_download() as download:
        opened.tab.click("#contrast-vte_a .filters button")
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("gene\tentrez\tensembl\tlog2_fold_change")
    assert len(lines) == 9


def test_row_and_point_are_linked(opened):
    """A row brings up its gene's samples; a point in the volcano brings up its row."""
    opened.show("vte_a")
    opened.tab.locator("#genes-vte_a tbody tr").nth(3).click()
    gene = opened.rows("vte_a")[3][0]
    opened.tab.wait_for_selector(f"#strip-vte_a[data-gene={gene}]")
    assert opened.tab.locator("#gene-words-vte_a").inner_text().startswith(f"{gene}:")
    canvas = opened.tab.locator("#volcano-vte_a canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    chosen = None
    for step in range(1, 40):  # walk down the middle of the plot until a point is met
        opened.tab.mouse.click(box["x"] + box["width"] * 0.42, box["y"] + box["height"] * (0.98 - 0.012 * step) - 40)
        chosen = opened.tab.get_attribute("#strip-vte_a", "data-gene")
        if chosen != gene:
            break
    opened.tab.wait_for_selector("#genes-vte_a tbody tr.chosen")
    marked = opened.tab.locator("#genes-vte_a tbody tr.chosen td").first.inner_text()
    opened.tab.wait_for_selector(f"#strip-vte_a[data-gene={marked}]")
    assert marked != gene


def test_keyboard_chooses_a_gene(opened):
    """A gene can be chosen with the keyboard alone."""
    opened.show("vte_b")
    opened.tab.locator("#genes-vte_b tbody tr").nth(2).locator("button").focus()
    gene = opened.rows("vte_b")[2][0]
    opened.tab.keyboard.press("Enter")
    opened.tab.wait_for_selector(f"#strip-vte_b[data-gene={gene}]")


def test_set_table_and_rank_plot(opened):
    """Clicking a set shows its genes in the rank plot; descriptive tests wait behind their own heading."""
    opened.show("inhibitor")
    assert "prerank" not in opened.tab.locator("#sets-inhibitor").inner_text()
    opened.tab.locator("#sets-inhibitor tbody tr").nth(1).click()
    assert opened.tab.input_value("#rank-set-inhibitor") == "SIM_CYTOKINE_FEEDBACK"
    opened.tab.wait_for_function(
        "document.getElementById('rank-words-inhibitor').innerText.startsWith('0 of 6 measured genes')"
    )
    opened.tab.click("#contrast-inhibitor .descriptive summary")
    opened.tab.wait_for_selector("#descriptive-inhibitor tbody tr")
    assert "pre-ranked GSEA" in opened.tab.locator("#descriptive-inhibitor").inner_text()


def test_untestable_contrast_says_why(opened):
    """An untestable comparison keeps its place and shows what is wrong, allowed, and to be done."""
    opened.show("too_small")
    text = opened.tab.locator("#contrast-too_small").inner_text()
    for part in ("fewer independent units", "at least 3", "Add samples", "No gene table"):
        assert part in text


def test_link_from_a_card_opens_the_comparison(opened):
    """A card's link to a comparison shows that comparison."""
    opened.tab.locator("#card-vte_targets summary").nth(1).click()
    opened.tab.click("#card-vte_targets a[href='#contrast-vte_b']")
    opened.tab.wait_for_selector("#contrast-vte_b.shown[data-ready]")


def test_tooltip_tells_in_words(opened):
    """Hovering over a bar of the p-value histogram tells how many genes it holds."""
    opened.show("vte_a")
    picture = opened.tab.locator("#histogram-vte_a svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    opened.tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    opened.tab.mouse.move(box["x"] + box["width"] * 0.5 + 2, box["y"] + box["height"] * 0.6)
    opened.tab.wait_for_selector("#vg-tooltip-element.visible")
    assert "genes" in opened.tab.locator("#vg-tooltip-element").inner_text()


def test_picture_can_be_saved(opened):
    """A chart downloads as SVG, without scripts in it."""
    with opened.tab.expect_download() as download:
        opened.tab.locator("#card-vte_targets .save button").first.click()
    picture = Path(download.value.path()).read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert not re.search(r"<script", picture)


def test_theme_change_redraws(opened):
    """Switching between light and dark redraws the charts without complaint."""
    opened.show("vte_a")
    opened.tab.emulate_media(color_scheme="dark")
    opened.tab.wait_for_selector("html.dark")
    opened.tab.wait_for_timeout(500)
    opened.tab.locator("#genes-vte_a tbody tr").nth(1).click()
    assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_serious_barrier(browser, example_page, width, scheme):
    """axe-core finds no serious or critical barrier, with all that folds away opened."""
    from axe_playwright_python.sync_playwright import Axe

    page = OpenPage(browser, example_page, width, scheme)
    page.show("vte_a")
    page.tab.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    # The page's own policy forbids foreign scripts, so axe comes in by the debugger's door.
    found = Axe().run(page.tab).response["violations"]
    serious = [
        f"{item['id']}: {item['help']}; {[node['target'] for node in item['nodes']][:4]}"
        for item in found
        if item["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    page.tab.close()

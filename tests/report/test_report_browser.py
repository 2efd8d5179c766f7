"""The page in a real browser: nothing is requested, first screen, both widths, both themes, print, barriers."""

from __future__ import annotations

import json
import re

import pytest
from example_results import CONTRASTS
from open_page import OpenPage

from sidemine.drawing.words import bounded, number, p_statement, typeset

TILES = (
    "effect",
    "adjusted",
    "excludable",
    "agreeing",
    "p_self_contained",
    "p_competitive",
    "specificity",
    "robustness",
)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=[(1440, "light"), (390, "dark"), (390, "light"), (1024, "dark")], ids=str)
def screen(request, browser, example_page):
    """Page at a width in a scheme. Schemes differ in colours alone (test_report_page.py): not each width is opened in both."""
    width, scheme = request.param
    page = OpenPage(browser, example_page, width, scheme)
    yield page
    page.tab.close()


def test_page_is_quiet_and_fits(screen, example_page):
    """No request but the file, nothing in the console, nothing wider than the window; every comparison draws."""
    for contrast in CONTRASTS:
        screen.show(contrast)
        assert screen.tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), contrast
    # Firefox tells its driver nothing of the file itself.
    assert {url for url in screen.requests if not url.startswith("data:")} <= {example_page.as_uri()}
    assert screen.complaints == []
    assert screen.tab.evaluate("window.hacked") is None


def verdicts(example_results):
    return json.loads((example_results / "verdicts.json").read_text())["verdicts"]


@pytest.mark.parametrize(("width", "screens"), [("opened", 1), ("phone", 3)])
def test_the_summary_of_findings_fits_the_first_screens(request, width, screens, example_results):
    """Question, answer, amount, data, certainty, what would change it, and the controls: one screen wide, three on a phone."""
    page = request.getfixturevalue(width)
    page.tab.evaluate("window.scrollTo(0, 0)")
    last = page.box(".controls-brief") if page.tab.locator(".controls-brief").count() else page.box(".notes")
    assert last["y"] + last["height"] <= screens * page.tab.viewport_size["height"]
    rows = page.tab.locator("#overview tbody tr").all_inner_texts()
    for entry, row in zip(verdicts(example_results), rows, strict=True):
        assert entry["verdict"] in row
        assert entry["question"][:40] in row
    assert "(95 % CI 56 to 69): 0.45 SD (0.20 to 0.70)" in " ".join(rows[0].split())
    assert "0.31 SD adjusted for the mix of cells" in " ".join(rows[0].split())


@pytest.mark.parametrize("width", ["opened", "phone"])
def test_every_card_fits_one_screen(request, width, example_results):
    """Verdict, answer, doubt, rule and the key figures that are not folded are seen without scrolling."""
    page = request.getfixturevalue(width)
    banner = page.box("#simulated-banner")["height"]
    for entry in verdicts(example_results):
        card = page.tab.locator(f"#card-{entry['hypothesis']}")
        # Both at once: charts that are drawn in between move what is below them.
        height = card.evaluate(
            "card => [...card.querySelectorAll('.tiles, .rule')].filter(part => part.checkVisibility()).pop().getBoundingClientRect().bottom"
            " - card.querySelector('.chip').getBoundingClientRect().top"
        )
        assert height <= page.tab.viewport_size["height"] - banner, entry["hypothesis"]


@pytest.fixture(scope="module")
def sheet(browser, example_page):
    """Page as wide as A4 less the browser's margins, at 96 dots per inch, with the charts of all cards drawn."""
    page = OpenPage(browser, example_page, width=720)
    page.wait_until_complete()
    yield page
    page.tab.close()


@pytest.mark.usefixtures("chromium_only")
def test_cards_fit_a_printed_page(sheet, example_results):
    """On A4 no answer is cut by the end of a page, and the charts of all cards are drawn."""
    sheet.tab.emulate_media(media="print")
    for entry in verdicts(example_results):
        assert sheet.box(f"#card-{entry['hypothesis']} .card-top")["height"] <= 1040
    assert sheet.box("#overview")["y"] + sheet.box("#overview")["height"] <= 1040
    assert sheet.tab.locator(".contents").is_hidden()
    # One column is a box of columns too: in it, Chromium cuts a heading in two or leaves it on the sheet before its figure.
    columns = sheet.tab.eval_on_selector_all(
        ".panels, .beside", "parts => parts.map(part => getComputedStyle(part).columnCount)"
    )
    assert set(columns) == {"auto"}
    sheet.tab.emulate_media(media="screen")


@pytest.mark.usefixtures("chromium_only")
def test_page_is_soon_usable(browser, example_page):
    """The answers are there after 2 seconds of work (processor time, which a busy machine stretches; the limit is double)."""
    session = browser.new_browser_cdp_session()

    def work() -> float:
        found = session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in found if process["type"] == "renderer")

    before = work()
    page = OpenPage(browser, example_page)
    assert work() - before < 4
    page.tab.close()


def _text(part) -> str:
    """Return its words; where no line may end stands a blank too."""
    return part.inner_text().replace("\N{NO-BREAK SPACE}", " ")


def test_cards_tell_the_numbers_of_the_verdicts(opened, example_results):
    """Verdict, rule, doubt, key figures and evidence on the cards equal verdicts.json."""
    for entry in verdicts(example_results):
        card = opened.tab.locator(f"#card-{entry['hypothesis']}")
        assert entry["verdict"] in card.locator("header .chip").inner_text()
        assert entry["rule"] in _text(card.locator(".rule"))
        assert bounded(entry["doubt"]) in _text(card.locator(".doubt"))
        opened.unfold(f"#card-{entry['hypothesis']}")
        shown = [key for key in TILES if key != "adjusted" or entry["kind"] == "cohort"]
        tiles = {key: _text(card.locator(f".tiles [data-key={key}]")) for key in shown}
        assert p_statement(entry["p_self_contained"]) in tiles["p_self_contained"]
        assert p_statement(entry["p_competitive"]) in tiles["p_competitive"]
        if entry["agreeing"]:
            assert f"{entry['agreeing']['k']} of {entry['agreeing']['n']}" in tiles["agreeing"]
        if entry["pooled"]:
            assert number(entry["pooled"]["effect"]) in tiles["effect"]
            assert number(entry["pooled"]["ci_low"]) in tiles["effect"]
        if entry["composition_adjusted"]:
            assert number(entry["composition_adjusted"]["effect"]) in tiles["adjusted"]
        if entry["smallest_excludable"]:
            assert number(entry["smallest_excludable"]) in tiles["excludable"]
        opened.unfold(f"#card-{entry['hypothesis']}")
        assert typeset(entry["sentence"]) in _text(card.locator(".sentence"))
        for item in entry["evidence"]:
            row = card.locator(f"tr[data-contrast={item['contrast']}]")
            assert row.locator("[data-key=effect]").inner_text() == number(item["effect"], 3)


def test_link_from_a_card_opens_the_comparison(opened):
    """A card's link to a comparison shows that comparison."""
    opened.unfold("#card-vte_targets")
    opened.tab.click("#card-vte_targets a[href='#contrast-vte_b']")
    opened.tab.wait_for_selector("#contrast-vte_b.shown[data-ready]")


@pytest.mark.parametrize("screen", [(1440, "light"), (390, "dark")], indirect=True, ids=str)
def test_no_serious_barrier(screen):
    """axe-core finds no serious or critical barrier, with all that folds away opened."""
    from axe_playwright_python.sync_playwright import Axe

    screen.show("vte_a")
    screen.tab.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    # The page's own policy forbids foreign scripts, so axe comes in by the debugger's door.
    # What is inside a picture is hidden from screen readers; its description stands on its holder.
    found = Axe().run(screen.tab, context={"exclude": [["svg"]]}).response["violations"]
    serious = [
        f"{item['id']}: {item['help']}; {[node['target'] for node in item['nodes']][:4]}"
        for item in found
        if item["impact"] in {"serious", "critical"}
    ]
    assert serious == []


@pytest.mark.parametrize("width", ["opened", "phone"])
def test_no_words_are_clipped(request, width):
    """What is too long wraps: no box hides words, neither of the answers nor of their key figures."""
    page = request.getfixturevalue(width)
    clipped = page.tab.evaluate(
        "[...document.querySelectorAll('#overview *, .card-top :not(svg *), .contents *')].filter(part => part.offsetParent"
        " && part.clientHeight > 3 && getComputedStyle(part).overflow === 'hidden' && (part.scrollHeight > part.clientHeight + 2"
        " || part.scrollWidth > part.clientWidth + 2)).map(part => part.className)"
    )
    assert clipped == []


MOST_SHEETS = 28
"""Sheets of A4 that the example study may take, with every figure."""
WIDER_THAN_PAPER = """() => [...document.querySelectorAll("body *")]
  .filter(part => part.offsetParent && !part.closest("svg") && part.getBoundingClientRect().right > 721)
  .map(part => `${part.closest("[id]").id}: ${part.tagName} ${part.className}`)"""


def test_a_page_that_nobody_touched_keeps_to_its_words_and_height_and_has_figures_for_paper(browser, example_page):
    """With every chart drawn: at most 6,000 visible words and 12,000 pixels at 1440, by folding and not by small type.

    What is folded away is drawn for paper, not in the width that a browser gives to what it hides, for example half a
    column; opened, it takes its place's width.
    """
    page = OpenPage(browser, example_page)
    page.wait_until_complete()
    height, words = page.tab.evaluate(
        "[document.documentElement.scrollHeight, document.body.innerText.split(/\\s+/).length]"
    )
    assert height <= 12_000
    assert 2_000 < words <= 6_000
    small = page.tab.evaluate(
        "[...document.querySelectorAll('main *')].filter(part => part.offsetParent && [...part.childNodes].some(node =>"
        " node.nodeType === 3 && node.textContent.trim()) && parseFloat(getComputedStyle(part).fontSize) < 10).length"
    )
    assert small == 0
    charts = page.tab.locator(".card details.checks:not([open]) .chart svg")
    widths = [float(chart.get_attribute("width")) for chart in charts.all()]
    assert widths
    assert min(widths) > 550
    fold = page.tab.locator(".card details.checks:not([open]):has(.chart svg):visible").first
    identity = fold.locator(".chart").first.get_attribute("id")
    fold.locator("> summary").click()
    page.tab.wait_for_function(
        "id => { const holder = document.getElementById(id), svg = holder.querySelector('svg');"
        " return svg && Math.abs(svg.getAttribute('width') - holder.clientWidth) < 12; }",
        arg=identity,
    )
    page.tab.close()


@pytest.mark.usefixtures("chromium_only")
def test_a_dark_screen_prints_on_white_paper(browser, example_page):
    """Figures that are drawn for a dark screen are inverted on paper, so they stand on black, which must not be left out."""
    page = OpenPage(browser, example_page, scheme="dark")
    page.wait_until_complete()
    page.tab.emulate_media(media="print")
    styles = page.tab.eval_on_selector_all(
        ".chart svg, .chart canvas",
        "charts => charts.map(chart => { const style = getComputedStyle(chart);"
        " return [style.filter.includes('invert(1)'), style.backgroundColor, style.printColorAdjust].join(' '); })",
    )
    assert set(styles) == {"true rgb(0, 0, 0) exact"}
    page.tab.close()


@pytest.mark.usefixtures("chromium_only")
def test_paper_holds_every_figure_and_nothing_passes_its_edge(sheet):
    """A printed page cannot be scrolled or unfolded: figures behind headings are drawn, tables are as wide as the sheet."""
    sheet.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    sheet.tab.emulate_media(media="print")
    assert sheet.tab.evaluate(WIDER_THAN_PAPER) == []
    assert sheet.tab.evaluate("document.documentElement.scrollWidth") <= 720
    assert not sheet.tab.locator(".card details:not([open]):visible").count()  # a heading without what it holds
    shown = sheet.tab.locator(".chart:not(.contrast:not(.shown) .chart)")
    for chart in shown.all():
        assert chart.locator("svg, canvas").first.is_visible(), chart.get_attribute("id")
    sheet.tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    folded = sheet.tab.locator("details:not([open])").count()
    paper = sheet.tab.pdf(format="A4")  # sends both events itself
    assert paper.startswith(b"%PDF")
    n_sheets = len(re.findall(rb"/Type\s*/Page\b", paper))
    assert 10 < n_sheets <= MOST_SHEETS, n_sheets
    assert sheet.tab.locator("details:not([open])").count() == folded > 0


COUNT_WIDTHS = """
window.asked = [];
const width = Object.getOwnPropertyDescriptor(Element.prototype, "clientWidth");
Object.defineProperty(Element.prototype, "clientWidth", { get() {
  // While the browser idles what is folded is drawn too, each asked for its width as it is drawn: the first one ends the count.
  const drawn = document.querySelector("details:not([open]) .chart :is(svg, canvas)");
  if (this.matches(".chart") && !this.checkVisibility() && !drawn) window.asked.push(this.id);
  return width.get.call(this);
} });
"""


def test_nobody_asks_for_the_width_of_what_is_folded(chromium, example_page):
    """It would have the browser lay it out: of 40 questions that took half a second before the first chart was seen."""
    tab = chromium.new_page(viewport={"width": 1440, "height": 900})
    tab.add_init_script(COUNT_WIDTHS)
    tab.goto(example_page.as_uri())
    tab.wait_for_selector("main svg.marks")
    tab.wait_for_selector("html[data-ready]")
    # At most the one that is being drawn.
    assert len(tab.evaluate("[...new Set(window.asked)]")) <= 1
    assert tab.locator("details:not([open]) .chart").count() > 10
    tab.close()

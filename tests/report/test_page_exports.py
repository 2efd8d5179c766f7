"""Pictures that leave the page take title, claim, n and the mark of simulation along; slides hold the whole answer."""

from __future__ import annotations

import json
import re
import struct
from html import unescape
from itertools import pairwise

import pytest
from example_results import write_example_results
from open_page import OpenPage

from sidemine.drawing.words import typeset
from sidemine.report.page import build_report

pytestmark = pytest.mark.browser
SLIDE = "card => window.sidemine.slide(card)"


def words_of(svg: str) -> str:
    """Text of a drawing, as one reads it."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", svg)).split())


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def test_exports_take_along_what_belongs_to_them(each_browser, example_page, example_results):
    """SVG and PNG of a chart, and the slide of a card, made in the browser without a request.

    A table has no room for a mark that every reader of tables would pass over: its name says that it is simulated.
    """
    page = OpenPage(each_browser, example_page)
    card = json.loads((example_results / "verdicts.json").read_text())["verdicts"][0]
    svg = page.saved_by("#card-vte_targets .forest .save button").decode()
    assert svg.startswith("<svg")
    assert not re.search(r"<script|<foreignObject|href=\"http", svg)
    told = words_of(svg)
    sizes = [f"{row['accession']} {row['n_target']} v {row['n_reference']}" for row in card["evidence"]]
    for part in ("SIMULATED DATA", card["question"], f"Answer: {card['verdict']}.", *sizes):
        assert part in told
    assert size_of(page.saved_by("#card-vte_targets .slide button")) == (1920, 1080)
    words = words_of(page.tab.locator("#card-vte_targets").evaluate(SLIDE))
    plain = page.tab.locator("#card-vte_targets .plain").inner_text()
    for part in (
        "SIMULATED DATA",
        card["question"],
        card["verdict"],
        " ".join(plain.split()),
        typeset(card["doubt"]),
        *sizes,
    ):
        assert part in words
    page.show("vte_a")
    page.tab.wait_for_selector("#volcano-vte_a canvas")
    assert min(size_of(page.saved_by("[data-chart=volcano][data-contrast=vte_a] .save button:nth-child(2)"))) > 400
    if not page.is_firefox:  # which tells its driver no name
        for selector, name in {
            "#contrast-vte_a .filters button": "simulated_vte_a.tsv",
            "button[data-table=inputs]": "simulated_inputs.tsv",
        }.items():
            with page.tab.expect_download() as download:
                page.tab.locator(selector).evaluate("button => button.click()")
            assert download.value.suggested_filename == name
    assert [url for url in page.requests if not url.startswith(("data:", "blob:", "file:"))] == []
    assert page.complaints == []
    page.tab.close()


def test_a_figure_of_a_comparison_tells_what_was_chosen_for_it(opened):
    """Gene, set and panel are chosen beside the figure: they leave the page with it, and so does what the caption says of them."""
    opened.show("vte_a")
    gene = opened.tab.locator("#strip-vte_a").get_attribute("data-gene")
    chosen = "SIM_CYTOKINE_FEEDBACK"
    opened.tab.select_option("#rank-set-vte_a", chosen)
    opened.tab.wait_for_function(
        "name => document.getElementById('rank-words-vte_a').textContent.includes(name)", arg="of 6"
    )
    found = opened.tab.locator("[data-chart=volcano][data-contrast=vte_a] [data-told]").first.inner_text()
    for chart, parts in {
        "strip": [f"{gene}: log2 fold change"],
        "volcano": [found, f"Filled: genes of {chosen}."],
        "rank": [f"Gene set: {chosen}.", "Leading edge:"],
        "heat": ["Panel: Antiviral genes.", "genes measured here"],
        "histogram": [opened.tab.locator("#reading-vte_a").inner_text()],
    }.items():
        told = words_of(opened.saved_by(f"#{chart}-vte_a + .save button").decode())
        assert [part for part in [*parts, "SIMULATED DATA", "n: 20 v 16 samples"] if part not in told] == [], chart
    tracks = opened.tab.locator("#tracks-vte_a > span").all_inner_texts()
    heat = opened.saved_by("#heat-vte_a + .save button").decode()
    assert "age:" in tracks
    assert [part for part in tracks if part not in words_of(heat)] == []
    swatches = opened.tab.eval_on_selector_all(
        "#tracks-vte_a > [data-fill]", "parts => parts.map(part => part.dataset.fill)"
    )
    assert swatches
    assert all(f'fill="{fill}"' in heat for fill in swatches)
    forest = words_of(opened.saved_by("#card-vte_targets .forest .save button").decode())
    assert forest.startswith(
        "SIMULATED DATA · not evidence about any drug or patient Forest plot, effect and 95 % confidence interval per comparison Are"
    )


def test_a_pathway_leaves_the_page_as_it_is_filled(opened):
    """With its comparison, its colours and what they mean; colours are written as every program reads them."""
    opened.unfold("#across")
    opened.tab.select_option("#pathway-contrast-way", "vte_a")
    opened.tab.wait_for_selector("#pathway-way[data-contrast=vte_a] .save")
    svg = opened.saved_by("#drawing-way + .save button").decode()
    told = words_of(svg)
    assert "SIMULATED DATA" in told
    assert opened.tab.locator("#pathway-way .limit").inner_text() in told
    assert "contrasts/vte_a/differential.tsv.gz" in told
    for part in opened.tab.locator("#pathway-way .pathway-legend span").all_inner_texts():
        assert part in told
    assert not re.search(r"color-mix|var\(|color\(|class=|<script|href=", svg)
    genes = opened.tab.eval_on_selector_all(
        "#drawing-way [data-gene]",
        "parts => parts.map(part => getComputedStyle(part.querySelector('rect') ?? part).fill)",
    )
    assert len(set(genes)) > 1
    assert svg.count("rgb(") >= len(genes)
    assert min(size_of(opened.saved_by("#drawing-way + .save button:nth-child(2)"))) > 100
    assert opened.complaints == []


NAME = "\u05d1\u05e8\u05d9\u05e6\u05d9\u05d8\u05d9\u05e0\u05d9\u05d1 100 nM"


@pytest.fixture(scope="module")
def other(browser, tmp_path_factory):
    """The page of a study with such a name, whose second question is a control: its card is folded."""
    folder = write_example_results(tmp_path_factory.mktemp("other") / "results")
    for path in folder.rglob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace('"VTE"', json.dumps(NAME)), encoding="utf-8")
    verdicts = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    verdicts["verdicts"][1] |= {"role": "negative_control", "behaviour": "behaved as expected", "certainty": None}
    (folder / "verdicts.json").write_text(json.dumps(verdicts), encoding="utf-8")
    build_report(folder, folder / "report.html")
    page = OpenPage(browser, folder / "report.html")
    yield page
    page.tab.close()


def test_a_name_that_is_read_from_right_to_left_keeps_its_dose_in_exports(other):
    """In titles, claims, sizes and axes such a name stands apart from its neighbours, as on the page."""
    other.show("vte_a")
    saved = [other.saved_by(f"#{chart}-vte_a + .save button").decode() for chart in ("strip", "rank", "volcano")]
    saved += [
        other.saved_by("#card-vte_targets .forest .save button").decode(),
        other.tab.locator("#card-vte_targets").evaluate(SLIDE),
    ]
    for drawn in saved:
        assert NAME in words_of(drawn)
        assert NAME not in words_of(drawn).replace(f"\u2068{NAME}\u2069", "")
    assert other.tab.locator("#card-vte_targets .plain bdi").first.inner_text().replace("\xa0", " ") == NAME
    assert other.tab.locator("#overview td bdi bdi").first.inner_text().replace("\xa0", " ") == NAME


def test_a_slide_of_a_folded_card_holds_its_chart_as_wide_as_unfolded(other, example_results):
    """What is folded has no width of its own; the card is folded again afterwards."""
    hypothesis = json.loads((example_results / "verdicts.json").read_text())["verdicts"][1]["hypothesis"]
    slide = other.tab.locator(f"#card-{hypothesis}").evaluate(SLIDE)
    assert "log2 units beyond the other measured genes" in words_of(slide)
    assert other.tab.locator(f"#card-{hypothesis} > details.fold").get_attribute("open") is None


def test_a_slide_never_cuts_words_and_real_data_bear_no_mark(browser, tmp_path):
    """A doubt and a question as long as they may be are set smaller, above the foot of the slide; no mark where nothing is simulated."""
    folder = write_example_results(tmp_path / "results", simulated=False)
    verdicts = json.loads((folder / "verdicts.json").read_text())
    verdicts["verdicts"][0]["doubt"] = "A reason that goes on and on. " * 60
    (folder / "verdicts.json").write_text(json.dumps(verdicts), encoding="utf-8")
    build_report(folder, folder / "report.html")
    page = OpenPage(browser, folder / "report.html")
    slide = page.tab.locator("#card-vte_targets").evaluate(SLIDE)
    assert "SIMULATED" not in slide
    assert words_of(slide).count("A reason that goes on and on.") == 60
    ends = [float(y) for y in re.findall(r'<tspan x="[\d.]+" y="([\d.]+)"', slide)]
    assert max(ends) < 1080
    words, foot = ends[:-1], ends[-1]
    assert all(one < foot for one in words)
    assert any(later > earlier for earlier, later in pairwise(words))
    page.tab.close()

"""The page of an atlas: the global test first, nothing ranked, a warning beside every call, no barrier."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from planted_atlas import THREE, judged, planted_three

from sidemine.atlas.page import draw_page
from sidemine.atlas.record import AtlasRecord
from sidemine.lines.bridge.record import PredictionFigure
from sidemine.records import as_json, as_record


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of an atlas that passes its test, with hostile words."""
    test, units = judged(planted_three(), THREE, "mimics")
    units = [replace(unit, why="<script>alert(1)</script>") if unit.asked else unit for unit in units]
    figure = PredictionFigure("AUROC of a likeness", ".488", ".473", ".504", "some pairs", "somebody")
    pathways, effects = (sorted({getattr(unit, name) for unit in units}) for name in ("target_pathway", "effect"))
    record = AtlasRecord("A planted atlas", pathways, effects, 30, 8, test, units, [], [figure], ["s"], [], [], "", "")
    assert as_record(AtlasRecord, as_json(record)) == record
    output = tmp_path_factory.mktemp("page") / "index.html"
    draw_page(record, {"s": output.parent / "nowhere"}, output)
    return output


def test_the_page_gives_the_test_first_and_a_warning_beside_every_call(page):
    """Global test before pairs, all controls, alphabetical rows, the sentence in every row, nothing that runs."""
    text = page.read_text(encoding="utf-8")
    body = text.partition("<body")[2]
    assert body.index('id="global"') < body.index('id="pairs"')
    for control in ("mismatched diseases", "others&#39; pathways", "random sets of equal size", "signature strength"):
        assert control in body
    rows = re.findall(r'<tr><th scope="row" class="text"><bdi>(p\d+)</bdi>.*?</tr>', body, re.DOTALL)
    assert rows == ["p02", "p05", "p09"]
    pairs = body[body.index('id="pairs"') : body.index('id="studies"')].replace("\xa0", " ")
    assert pairs.count("Evidence is not prediction (AUROC .488 [.473, .504]; .5 is a coin)") == 3
    assert pairs.count("says nothing about safety") == 3
    assert "<script" not in text


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_page_fits_and_holds_no_barrier(browser, page, width, scheme):
    """No request but the file, nothing wider than the window, no barrier that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.evaluate("document.documentElement.scrollHeight") < 6000  # no column as narrow as a letter
    assert [item["id"] for item in Axe().run(tab).response["violations"]] == []
    assert {url for url in requests if not url.startswith("data:")} <= {page.as_uri()}
    tab.close()

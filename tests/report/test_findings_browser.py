"""The summary of a study of many questions, in two browsers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from example_results import example_card

from sidemine.report.assets import own_file
from sidemine.report.findings import findings_of
from sidemine.report.page import page_template

N = 15
SHOWN = "[...document.querySelectorAll('#overview td[data-key=change]')].filter(part => part.checkVisibility()).length"


@pytest.fixture(scope="module")
def summary():
    """Fourteen tested questions and one without data; no script."""
    cards = [*[example_card()] * (N - 1), example_card(4)]
    designs = {
        row.contrast: SimpleNamespace(dataset="", target_samples=[], reference_samples=[]) for row in cards[0].evidence
    }
    here = SimpleNamespace(findings=findings_of(cards, designs), views=[])
    template = page_template("page.html.j2").environment.get_template("answers.html.j2")
    style = own_file("page.css")
    return f'<!doctype html><html lang="en"><style>{style}</style><main>{template.render(here=here)}</main></html>'


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_many_questions_fit_three_screens_and_a_half_of_a_phone(request, kind, summary):
    """Each with answer, size, certainty and what would change it, none of them behind a tap."""
    tab = request.getfixturevalue(kind).new_page(viewport={"width": 390, "height": 844})
    tab.set_content(summary)
    table = tab.locator("#overview").bounding_box()
    assert table["y"] + table["height"] <= 3.5 * 844
    assert tab.evaluate(
        "[...document.querySelectorAll('#overview *')].every(part => part.scrollWidth <= part.clientWidth + 1 || !part.clientWidth)"
    )
    assert tab.locator("#overview [data-key=certainty]").count() == N - 1
    assert "Not graded: it could not be tested." in tab.locator("#overview tr").last.inner_text()
    # Each answer is told whole, without a tap: on paper too.
    assert "one cohort carries it" in tab.locator("#overview tbody tr").nth(1).inner_text()
    assert tab.evaluate(SHOWN) == N
    if kind == "chromium":  # Firefox's driver shows no paper
        tab.emulate_media(media="print")
        assert tab.evaluate(SHOWN) == N
    tab.close()


def test_many_questions_keep_every_column_on_a_wide_screen(chromium, summary):
    """What would change it too."""
    tab = chromium.new_page(viewport={"width": 1440, "height": 900})
    tab.set_content(summary)
    assert tab.evaluate(SHOWN) == N
    tab.close()

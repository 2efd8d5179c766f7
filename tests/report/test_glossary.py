"""The glossary: no technical term without its definition, each one tap away, and nothing but words made a button."""

from __future__ import annotations

import html
import re

import pytest

from sidemine.report.assets import own_file
from sidemine.report.glossary import GLOSSARY, definitions, linked, used_terms

TECHNICAL = (
    "95 % CI", "SD", "log2", "Hedges g", "FRY", "CAMERA", "Holm", "pooled", "common effect", "prediction interval", "margin",
    "residual df", "residual degrees of freedom", "self-contained", "competitive", "percentile", "heterogeneity", "I²", "τ²",
    "Hartung–Knapp", "Stouffer’s z", "hidden factors", "robustness", "calibration", "comparator sets", "gates", "certainty",
    "adjusted for the mix of cells", "partial conjunction", "planted nulls", "leading edge", "GSEA", "principal components",
    "rank-biserial r", "Cramér’s V", "volcano", "rotation", "target minus reference", "vehicle", "p = 0.05", "q at most", "z > 1",
    "positive control", "negative control",
)  # fmt: skip
"""What a clinician need not know, by the words of the page; a list of its own, so that the glossary is not its own measure."""


@pytest.fixture(scope="module")
def page(example_page):
    return example_page.read_text(encoding="utf-8")


def texts(page: str) -> str:
    """The words of the page's body, those of headings, links and code apart."""
    body = page[page.index("<main>") : page.index("</main>")]
    return html.unescape(
        re.sub(
            r"<[^>]*>",
            " ",
            re.sub(r"<(pre|svg|h1|h2|h3|a|summary|code|select|script)\b.*?</\1>", " ", body, flags=re.DOTALL),
        )
    )


@pytest.mark.parametrize("words", TECHNICAL)
def test_every_technical_term_has_a_definition(words):
    """Where it stands in a sentence, it becomes a button that opens one."""
    told = linked(f"<p>Here {words} stands.</p>")
    assert len(used_terms(told)) == 1
    assert "popover" in definitions(told)


def test_every_term_that_stands_on_the_page_opens_its_definition(page):
    """Of each term whose words are on the page there is a button, and of each button a definition."""
    words = texts(page)
    pointed = set(re.findall(r'popovertarget="([^"]+)"', page))
    defined = re.findall(r'<div popover id="([^"]+)"', page)
    assert pointed == set(defined)
    assert len(defined) == len(set(defined)) > 25
    lost = [term.name for term in GLOSSARY if re.search(term.pattern, words) and term.id not in pointed]
    assert lost == []


def test_a_term_is_a_button_once_in_its_section_and_never_in_names_links_or_code():
    """First place only; a section with an id begins anew; tags and attributes stay as they are."""
    told = linked(
        '<section id="a"><h3>Holm</h3><a href="#x">Holm</a> <p title="Holm">Holm and Holm</p><section class="in">Holm</section>'
        '</section><section id="b"><code>Holm</code><svg><text>Holm</text></svg><button type="button">Holm</button> Holm</section>'
    )
    assert told.count('class="term"') == 2
    assert (
        '<p title="Holm"><button type="button" class="term" popovertarget="term-holm">Holm</button> and Holm</p>'
        in told
    )
    assert '<a href="#x">Holm</a>' in told
    assert told.endswith('popovertarget="term-holm">Holm</button></section>')


def test_a_name_that_is_read_from_the_right_stands_apart_in_a_sentence():
    """A dose behind a Hebrew or Arabic name would be shown before it; terms beside it are found as before."""
    name = "\u05d1\u05e8\u05d9\u05e6\u05d9 100 nM"
    html = str(linked(f"<p>higher in “{name}” than in “vehicle”, p = .01</p>"))
    assert f"“<bdi>{name}</bdi>” than in" in html.replace("\xa0", " ")
    assert 'popovertarget="term-p"' in html
    assert "<bdi>" not in linked("<p>higher in “drug 100 nM” than in “vehicle”</p>")


def test_no_line_ends_before_a_unit():
    """Number and unit stay together, also where the unit is a term; what is no text is left as it is."""
    html = str(linked('<p title="5 % of">95 % CI 0.2 to 0.7 SD, 20 % of 250 nM, 3 v 4 samples</p>'))
    plain = re.sub(r"</?(?:button|span)[^>]*>", "", html)
    assert plain == (
        '<p title="5 % of">95\xa0%\xa0CI 0.2\xa0to\xa00.7\xa0SD, 20\xa0% of 250\xa0nM, 3\xa0v\xa04 samples</p>'
    )
    assert html.count('class="term"') == 2


@pytest.mark.parametrize("told", ["p = 4.9 × 10⁻⁸", "(p &lt; 0.001)", "n = 3", "q ≤ 0.05"])
def test_no_line_ends_between_a_sign_and_its_number(told):
    """Nor between a number and its power of ten; p and q are terms, which makes no difference."""
    html = str(linked(f"<p>of all {told}, a number</p>"))
    assert re.sub(r"<[^>]*>", "", html) == f"of all {told.replace(' ', chr(0xA0))}, a number"


@pytest.mark.parametrize("told", ["(0.57 SD;", "−1.82 log2", "p = 4.9 × 10⁻⁸,"])
def test_a_term_and_its_number_stand_on_one_line(chromium, told):
    """A button is a box, beside which a browser may end a line whatever blank stands there."""
    tab = chromium.new_page()
    html = str(linked(f"<p>aaa bbb <b>{told}</b> ccc</p>"))
    assert 'class="term"' in html
    for width in range(40, 300, 7):
        tab.set_content(f"<style>{own_file('page.css')} p {{ width: {width}px; overflow-wrap: normal; }}</style>{html}")
        lines = tab.evaluate(
            "new Set([...document.querySelector('b').getClientRects()].map(box => Math.round(box.top))).size"
        )
        assert lines == 1, width
    tab.close()


def test_marks_that_touch_a_term_stand_in_its_button():
    """A button is a box: a line would end before a full stop or behind a bracket that stands outside it."""
    html = str(linked("<p>0.3 SD (Hedges g), after adjusting for the mix of cells. More</p>"))
    assert ">(Hedges g),</button>" in html
    assert ">adjusting for the mix of cells.</button> More" in html


def test_words_that_only_look_like_a_term_stay_words():
    """Letters within other words, gene symbols and numbers are no terms."""
    for words in ("the pathway", "SDHA", "zinc = 2", "qPCR: yes", "harm", "marginal", "p53", "step = 3"):
        assert 'class="term"' not in linked(f"<p>{words}</p>")


def test_terms_are_in_order_and_each_is_defined_once():
    """By name, whatever its case; the definition is a sentence."""
    names = [term.name.lower() for term in GLOSSARY]
    assert names == sorted(set(names))
    assert len({term.id for term in GLOSSARY}) == len(GLOSSARY)
    assert all(term.meaning.endswith(".") and len(term.meaning) > 30 for term in GLOSSARY)


@pytest.mark.browser
def test_a_definition_opens_by_keyboard_and_by_tap(opened):
    """Enter on a focused term opens its definition, Escape closes it; a click does the same."""
    term = opened.tab.locator("#answers .term:visible").first
    definition = opened.tab.locator(f"#{term.get_attribute('popovertarget')}")
    assert definition.is_hidden()
    term.focus()
    opened.tab.keyboard.press("Enter")
    assert definition.is_visible()
    opened.tab.keyboard.press("Escape")
    assert definition.is_hidden()
    term.click()
    assert definition.is_visible()
    opened.tab.keyboard.press("Escape")
    assert opened.complaints == []

"""A section that holds panels and nothing else needs one function and one registration."""

from __future__ import annotations

import re
from dataclasses import replace

from sidemine.drawing.charts import base
from sidemine.drawing.panel import Panel
from sidemine.report import registry
from sidemine.report.badge import beside_word
from sidemine.report.collect import StudyResults, collect
from sidemine.report.packing import unpack
from sidemine.report.page import render
from sidemine.report.section import Section
from sidemine.verdict.vocabulary import Behaviour, Verdict

CHART = {**base("A chart of nothing.", 40), "data": {"values": []}, "mark": "point"}


def ages_section(results: StudyResults) -> Section:
    """Return a figure, and a panel that says why it has none."""
    drawn = Panel(
        "ages",
        "ages-all",
        "How old is everybody?",
        "A caption.",
        "",
        CHART,
        facts=[f"{len(results.datasets)} datasets"],
    )
    empty = Panel("ages", "ages-none", "And before?", "", "nobody <b>asked</b>")
    return Section("ages", "Ages", panels=[drawn, empty])


def test_a_registered_section_is_on_the_page(example_results, monkeypatch):
    """It stands in the contents, its chart among the figures that the page draws, and its reason in its place."""
    monkeypatch.setattr(registry, "SECTIONS", (*registry.SECTIONS, ages_section))
    html = render(collect(example_results))
    assert '<li><a href="#ages">Ages</a></li>' in html
    section = html.split('<section id="ages"', 1)[1].split("</main>", 1)[0]
    assert '<div class="chart" id="ages-all"></div>' in section
    assert "5 datasets" in section
    assert "Not drawn: nobody &lt;b&gt;asked&lt;/b&gt;." in section
    block = unpack(re.search(r'id="data-page">([^<]*)<', html)[1])
    assert block["figures"]["ages-all"] == CHART


def test_sections_stand_once_in_the_order_of_the_registry(example_results):
    """The contents link to each section that has a title, in its order; the glossary, which is made of the whole page, ends it."""
    results = collect(example_results)
    html = render(results)
    sections = registry.sections_of(results)
    ids = [section.id for section in sections]
    assert len(set(ids)) == len(ids)
    assert re.findall(r'<section id="([\w-]+)"', html) == [*ids, "glossary"]
    contents = re.search(r'<ul class="sections">.*?</ul>', html, re.DOTALL)[0]
    assert re.findall(r'href="#([\w-]+)"', contents) == [
        *(section.id for section in sections if section.title),
        "glossary",
    ]


def test_the_sidebar_holds_answers_and_controls_in_groups_of_their_own(example_results):
    """Each card once, under its heading, with its mark, its word for those who hear it, and what this word alone would hide."""
    results = collect(example_results)
    first, second, third, *others = results.verdicts.verdicts
    against = replace(second, verdict=Verdict.NOT_SUPPORTED, opposite=True)
    control = replace(third, role="negative_control", behaviour=Behaviour.EXPECTED)
    verdicts = replace(results.verdicts, verdicts=[first, against, control, *others])
    cards = verdicts.verdicts
    html = render(replace(results, verdicts=verdicts))
    groups = re.findall(r'<p class="nav-title">(\w+)</p>\s*<ol class="glance">(.*?)</ol>', html, re.DOTALL)
    assert [title for title, _ in groups] == ["Answers", "Controls"]
    for (_, group), is_control in zip(groups, (False, True), strict=True):
        here = [card for card in cards if card.is_control == is_control]
        lines = re.findall(r'<li><a href="#card-([\w-]+)" class="([\w-]+)">(.*?)</a></li>', group, re.DOTALL)
        assert [(card, style) for card, style, _ in lines] == [(card.hypothesis, card.word.css_class) for card in here]
        for card, (_, _, line) in zip(here, lines, strict=True):
            told = re.sub(r"<[^>]+>", "", line)
            assert told.startswith(card.word.mark)
            assert f"{card.word}: " in told
            assert (f'<span class="soft">{beside_word(card)}</span>' in line) == bool(beside_word(card))
    assert [beside_word(card) for card in cards].count("opposite direction") == 1
    # The same words stand on every badge of this answer.
    assert html.count("</span> not supported · opposite direction") == 2  # table and card

"""A page for studies of every size: 1 question and 1 comparison, 40 questions, 80 comparisons."""

from __future__ import annotations

import dataclasses
import re

import pytest
from example_results import write_example_results
from open_page import OpenPage

from sidemine.report.collect import StudyResults, collect
from sidemine.report.page import render
from sidemine.report.thinning import page_budget


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The example study with few genes."""
    return collect(write_example_results(tmp_path_factory.mktemp("sizes") / "results", n_genes=80))


def resized(results: StudyResults, n_questions: int, n_contrasts: int) -> StudyResults:
    """Return a study with so many questions and comparisons: the first ones, or all of them again under further names."""
    cards, asked = list(results.verdicts.verdicts), {entry.id: entry for entry in results.hypotheses}
    cards = [
        dataclasses.replace(card, hypothesis=f"{card.hypothesis}_{again}" if again else card.hypothesis,
                            question=f"{card.question} ({again})" if again else card.question)
        for again in range(-(-n_questions // len(cards)))
        for card in cards
    ][:n_questions]  # fmt: skip
    hypotheses = [
        asked[re.sub(r"_\d+$", "", card.hypothesis) if card.hypothesis not in asked else card.hypothesis].model_copy(
            update={"id": card.hypothesis}
        )
        for card in cards
    ]
    contrasts = dict(results.contrasts)
    tested = [item for item in contrasts.values() if item.testable]
    if n_contrasts < len(contrasts):
        wanted = {name for entry in hypotheses for name in entry.primary.contrasts}
        contrasts = {key: item for key, item in contrasts.items() if key in wanted}
    for number in range(n_contrasts - len(contrasts)):
        item = tested[number % len(tested)]
        key = f"{item.row.contrast}_{number}"
        contrasts[key] = dataclasses.replace(item, row=item.row.model_copy(update={"contrast": key}))
    config = results.study.config.model_copy(update={"hypotheses": hypotheses})
    study = dataclasses.replace(results.study, config=config, contrasts=[item.row for item in contrasts.values()])
    verdicts = dataclasses.replace(results.verdicts, verdicts=cards)
    return dataclasses.replace(results, study=study, verdicts=verdicts, contrasts=contrasts)


@pytest.fixture(scope="module")
def many(small):
    """Page of 40 questions and 80 comparisons."""
    return render(resized(small, 40, 80))


def test_every_question_and_comparison_of_a_large_study_is_on_its_page(many):
    """Each has its card, its line in the contents, its place in the picker and its data; sections come first in long contents."""
    assert len(many.encode("utf-8")) <= page_budget(80)
    assert many.count('<article class="card') == 40
    contents = many[many.index('<nav class="contents"') : many.index("</nav>")]
    assert len(re.findall(r'<a href="#card-', contents)) == 40
    assert contents.index("On this page") < contents.index("Answers")
    picker = many[many.index('<select id="contrast-picker">') :]
    assert picker[: picker.index("</select>")].count("<option") == 80
    assert len(re.findall(r'id="data-contrast-', many)) == 80


@pytest.mark.browser
def test_no_question_of_a_large_study_is_clipped(browser, many, tmp_path):
    """No text of answers and contents is cut, nothing is wider than the window, and the last comparison opens."""
    (tmp_path / "page.html").write_text(many, encoding="utf-8")
    shown = OpenPage(browser, tmp_path / "page.html")
    cut = """[...document.querySelectorAll('#answers *, nav *')].filter((part) => !part.children.length && part.clientWidth > 1
        && getComputedStyle(part).overflowX !== 'visible' && part.scrollWidth > part.clientWidth + 1 && !part.closest('.chart, .scroll, .visually-hidden'))
        .map((part) => part.textContent)"""
    for width in (390, 1440):
        shown.tab.set_viewport_size({"width": width, "height": 900})
        assert shown.tab.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.tab.evaluate(cut) == []
    last = shown.tab.evaluate(
        "[...document.querySelectorAll('article.contrast[data-testable=yes]')].at(-1).dataset.contrast"
    )
    shown.show(last)
    assert shown.complaints == []
    shown.tab.close()


def test_a_study_of_one_experiment_has_a_page(small):
    """One question of one comparison, no cohort: no panel of the page asks for a second."""
    results = resized(small, 5, 80)
    alone = next(card for card in results.verdicts.verdicts if len(card.evidence) == 1 and card.evidence[0].testable)
    hypotheses = [entry for entry in results.hypotheses if entry.id == alone.hypothesis]
    name = alone.evidence[0].contrast
    item = results.contrasts[name]
    study = dataclasses.replace(
        results.study,
        config=results.study.config.model_copy(update={"hypotheses": hypotheses}),
        contrasts=[item.row],
        datasets=[row for row in results.study.datasets if row.dataset == item.row.dataset],
    )
    html = render(
        dataclasses.replace(
            results,
            study=study,
            verdicts=dataclasses.replace(results.verdicts, verdicts=[alone]),
            contrasts={name: item},
            datasets={item.row.dataset: results.datasets[item.row.dataset]},
        )
    )
    assert html.count('<article class="card') == 1
    assert len(re.findall(r'id="data-contrast-', html)) == 1
    contents = html[html.index('<nav class="contents"') : html.index("</nav>")]
    assert contents.index("Answers") < contents.index("On this page")

"""The evidence under the answer cards in a real browser: every panel is drawn, or says why it is empty."""

from __future__ import annotations

import json

import pytest
from example_evidence import DIMENSIONS, robustness
from example_results import DATASETS
from open_page import OpenPage

from sidemine.drawing.charts import interval_words

pytestmark = pytest.mark.browser
PANELS = ("specificity", "adjustment", "confounders", "specification", "concordance")


@pytest.fixture(scope="module", autouse=True)
def complete(opened):
    opened.wait_until_complete()


def drawn(opened, element: str) -> str:
    return " ".join(opened.tab.locator(f"#{element} svg text").all_text_contents())


def test_forest_draws_every_contrast(opened, example_results):
    """The forest plot of each card names each of its contrasts, untestable ones with the reason."""
    for entry in json.loads((example_results / "verdicts.json").read_text())["verdicts"]:
        told = drawn(opened, f"forest-{entry['hypothesis']}")
        for item in entry["evidence"]:
            assert item["contrast"] in told
            assert item["testable"] or "not testable" in told


def test_forest_rows_tell_where_they_come_from(opened):
    """A row names accession, tissue, platform, groups and coverage; the pooled row its leave-one-out range."""
    told = drawn(opened, "forest-vte_targets")
    accession, platform, tissue, n_target, n_reference = DATASETS["cohort_a"]
    for part in (f"{accession} · {tissue} · {platform}", f"{n_target} v {n_reference}", "80 % of set measured",
                 "each alone: 0.33 to 0.52", "no prediction interval below 3 datasets", "0.45 [0.20, 0.70]",
                 "Adjusted for cells", "0.31 [0.04, 0.58]"):  # fmt: skip
        assert part in told


def test_every_card_has_every_panel(opened, example_results):
    """No panel vanishes: each is drawn or says in words why it is not."""
    for entry in json.loads((example_results / "verdicts.json").read_text())["verdicts"]:
        card = opened.tab.locator(f"#card-{entry['hypothesis']}")
        for name in PANELS:
            panel = card.locator(f"[data-panel={name}]")
            assert panel.count() >= 1, name
            empty = panel.locator(".undrawn")
            assert panel.locator(".chart svg").count() or len(empty.text_content()) > 25, (entry["hypothesis"], name)


def test_empty_panels_give_their_own_reason(opened):
    """The reason is that of this hypothesis, not a stock phrase."""
    for hypothesis, panel, reason in (
        ("skin", "specification", "no comparison could be tested, so nothing can vary"),
        ("skin", "concordance", "no bridge of this study joins these comparisons"),
        ("heme_null", "adjustment", "computed by a later stage"),
        ("heme_null", "confounders", "no confounder or negative-control set"),
    ):
        assert reason in opened.tab.locator(f"#card-{hypothesis} [data-panel={panel}] .undrawn").text_content()


def test_specification_curve_equals_the_grid(opened):
    """Every evaluated variant is a point and a row; what was not evaluated is named with its reason."""
    record = robustness()["hypotheses"][0]
    told = drawn(opened, "specification-vte_targets")
    for dimension in DIMENSIONS:
        assert dimension.replace("_", " ") in told
    panel = opened.tab.locator("#card-vte_targets [data-panel=specification]")
    opened.unfold("#card-vte_targets")
    assert panel.locator("tr[data-row]").count() == len(record["variants"])
    for row in record["variants"]:
        shown = panel.locator(f"tr[data-row={row['variant']}] [data-key=effect]").inner_text()
        assert shown == ("—" if row["effect"] is None else interval_words(row["effect"], row["ci_low"], row["ci_high"]))
    reason = "not evaluated: the study has one release of the set"
    assert reason in panel.locator("tr[data-row=older_release]").inner_text()
    tile = opened.tab.locator("#card-vte_targets [data-key=robustness]").inner_text()
    assert f"{record['agreeing']} of {record['of']}" in tile


def test_concordance_names_the_leading_genes(opened):
    """The bridge is drawn under both of its hypotheses, with its call, its numbers and the leading genes."""
    for hypothesis in ("vte_targets", "inhibitor_isg"):
        told = drawn(opened, f"concordance-jak_vte-{hypothesis}")
        # Names that would lie on another are left to the caption.
        assert "STAT1" in told
        caption = opened.tab.locator(f"#card-{hypothesis} [data-panel=concordance] figcaption").text_content()
        assert "STAT1, IFIT1, IFIT2, IFIT3 and ISG15" in caption
    panel = opened.tab.locator("#card-vte_targets [data-panel=concordance]")
    assert "opposes the disease" in panel.locator("h4").inner_text()
    opened.unfold("#card-vte_targets")
    assert panel.locator("[data-key=concordance]").first.inner_text() == "−0.61 [−0.90, −0.32]"
    first = panel.locator("tbody tr").first
    assert first.locator("th").inner_text() == "inhibitor × pooled"
    assert "68 of 5,000 genes" in panel.inner_text()


def test_specificity_shows_random_sets_only_where_they_match(opened):
    """One comparison has a percentile, the other says that no random set matches."""
    told = drawn(opened, "specificity-vte_targets")
    assert "97th percentile upwards among random sets" in told
    assert "no valid random sets" in told


def test_checks_are_folded_and_drawn_as_wide_as_their_place_when_unfolded(browser, example_page):
    """Only what leads stands open; a check that was drawn while folded takes the width of its column."""
    folded = "[...document.querySelectorAll('.evidence .checks')].every(part => !part.open)"
    opened = OpenPage(browser, example_page)
    opened.wait_until_complete()
    assert opened.tab.evaluate(folded)
    assert opened.tab.locator("#card-vte_targets .beside [data-panel=concordance] .chart svg").is_visible()
    assert not opened.tab.locator("#card-vte_targets [data-panel=specification] .chart").is_visible()
    opened.unfold("#card-vte_targets")
    opened.tab.wait_for_timeout(1500)
    chart = opened.tab.locator("#specification-vte_targets")
    assert abs(chart.locator("svg").bounding_box()["width"] - chart.bounding_box()["width"]) < 3
    # A place may have another width when it is unfolded than when its figure was drawn: a control's card takes a whole row.
    opened.tab.evaluate(
        "() => { const fold = document.querySelector('#specification-vte_targets').closest('details'); fold.open = false;"
        " document.querySelector('#card-vte_targets').style.maxWidth = '640px'; fold.open = true; }"
    )
    opened.tab.wait_for_timeout(1500)
    drawn = opened.tab.evaluate("document.querySelector('#specification-vte_targets svg').viewBox.baseVal.width")
    assert abs(drawn - chart.bounding_box()["width"]) < 3
    opened.tab.close()


def test_what_is_not_drawn_takes_one_line(opened):
    """No dashed box for a figure that a question has not: one sentence with its own reason."""
    assert opened.tab.locator(".evidence .empty").count() == 0
    assert opened.tab.locator(".evidence .undrawn-list li").count() >= 3

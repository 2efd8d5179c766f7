"""What the reader chose stands in the address: a copied link shows the same view, back and forward work, no address does harm."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from open_page import OpenPage

pytestmark = pytest.mark.browser

LOOK = """() => ({
  contrast: document.getElementById("contrast-picker").value,
  gene: document.querySelector(".contrast.shown .chart[data-gene]")?.dataset.gene,
  set: document.querySelector("#contrast-vte_b .filter-set").value,
  open: [...document.querySelectorAll("details")].map(part => part.open),
  place: Math.round(document.getElementById("card-vte_targets").getBoundingClientRect().top),
})"""


def told(page: OpenPage) -> dict[str, list[str]]:
    """What the address says was chosen."""
    return parse_qs(page.tab.evaluate("location.hash").partition("?")[2])


def test_a_copied_link_shows_the_same_view_and_back_goes_back(each_browser, example_page):
    """Comparison, gene, filter and folds come back from the address alone; back and forward walk through what was chosen."""
    page = OpenPage(each_browser, example_page)
    assert page.tab.evaluate("location.hash") == ""
    page.tab.select_option("#contrast-picker", "vte_b")
    page.tab.wait_for_selector("#contrast-vte_b.shown[data-ready]")
    page.tab.locator("#genes-vte_b tbody tr").nth(3).locator("button").click()
    gene = page.tab.locator("#genes-vte_b tbody tr").nth(3).locator("td").first.inner_text()
    page.tab.wait_for_selector(f"#strip-vte_b[data-gene={gene}]")
    page.tab.select_option("#contrast-vte_b .filter-set", "SIM_INTERFERON_TARGETS")
    page.tab.eval_on_selector("#card-vte_targets details", "part => { part.open = true; }")
    page.tab.wait_for_function("() => location.hash.includes('open=')")
    assert told(page)["contrast"] == ["vte_b"]
    assert told(page)["gene"] == [gene]
    seen, address = page.tab.evaluate(LOOK), page.tab.evaluate("location.hash")
    again = OpenPage(each_browser, example_page, fragment=address)
    assert {**again.tab.evaluate(LOOK), "place": 0} == {**seen, "place": 0}
    assert again.tab.evaluate("location.hash") == address
    again.tab.close()
    page.tab.evaluate("history.back()")
    page.tab.wait_for_function("() => !location.hash.includes('gene=')")
    page.tab.evaluate("history.back()")
    page.tab.wait_for_function("() => document.getElementById('contrast-picker').value === 'vte_a'")
    assert "contrast" not in told(page)
    page.tab.evaluate("history.forward()")
    page.tab.wait_for_selector("#contrast-vte_b.shown[data-ready]")
    page.tab.click("#overview a[href='#card-vte_targets']")
    page.tab.wait_for_function("() => location.hash.startsWith('#card-vte_targets?')")
    assert told(page)["contrast"] == ["vte_b"]
    assert page.complaints == []
    page.tab.close()


HOSTILE = (
    "#%E0%A4%A?contrast=%",
    "#card-vte_targets?contrast=<img src=x onerror=hacked=1>&gene=__proto__&open=constructor,..,%00&shut=*",
    "#x'\"><script>hacked=1</script>?question=nobody&explorer-gene[]=1&contrast-picker=vte_z",
    "#contrast-nobody?genes-vte_a_wrapper.0=-1&contrast-vte_a.filter=1e999&heat-panel-vte_a=javascript:1",
)


def test_no_address_does_harm(browser, example_page):
    """A fragment is anybody's text: what it names and the page does not have is left alone, and no script runs."""
    page = OpenPage(browser, example_page, fragment=HOSTILE[0])
    fresh = page.tab.evaluate(LOOK)
    for fragment in HOSTILE:
        page.tab.evaluate("fragment => { location.hash = fragment; }", fragment)
        page.tab.wait_for_function("() => history.state?.sidemine")
        seen = page.tab.evaluate(LOOK)
        assert (seen["contrast"], seen["set"], seen["open"]) == (fresh["contrast"], fresh["set"], fresh["open"]), (
            fragment
        )
    assert fresh["contrast"] == "vte_a"
    assert page.tab.evaluate("window.hacked") is None
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("data:", "file:"))] == []
    page.tab.close()


def test_a_gene_is_chosen_while_its_comparison_is_made(browser, example_page):
    """A link that is followed while the browser makes the comparison waits for it, and is not forgotten."""
    page = OpenPage(browser, example_page)
    page.wait_until_complete()
    page.tab.evaluate("""() => {
      const picker = document.getElementById("contrast-picker");
      picker.value = "vte_b";
      picker.dispatchEvent(new Event("change", { bubbles: true }));
      setTimeout(() => { location.hash = "#contrasts?contrast=vte_b&gene=SOCS3"; }, 20);
    }""")
    page.tab.wait_for_selector("#contrast-vte_b[data-ready]")
    page.tab.wait_for_selector("#strip-vte_b[data-gene=SOCS3]", timeout=20_000)
    assert told(page)["gene"] == ["SOCS3"]
    assert page.complaints == []
    page.tab.close()

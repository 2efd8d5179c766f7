"""Size of the page: coded columns lose nothing, and a study beyond the page budget is thinned aloud."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
from example_results import CORE, SETS, write_example_results
from open_page import OpenPage

from sidemine.report import page, payload, thinning
from sidemine.report.collect import collect
from sidemine.report.columns import cheapest, code_of, decoded, encoded, number_of
from sidemine.report.compact import compact_contrast, compact_dataset, compact_explorer, restored
from sidemine.report.explorer import explorer_block
from sidemine.report.thinning import COMPLETE, STRONGEST, Thinning, kept_genes

PER_CONTRAST = 4000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Twelve contrasts of 4,000 genes, made in memory from the example study."""
    folder = write_example_results(tmp_path_factory.mktemp("large") / "results", n_genes=PER_CONTRAST)
    results = collect(folder)
    tested = [item for item in results.contrasts.values() if item.design["testable"]]
    more = {
        f"more_{number}": dataclasses.replace(item, row={**item.row, "contrast": f"more_{number}"})
        for number in range(8)
        for item in [tested[number % len(tested)]]
    }
    results.study["contrasts"].extend(item.row for item in more.values())
    return dataclasses.replace(results, contrasts={**results.contrasts, **more})


@pytest.fixture(scope="module")
def budget(large):
    """A budget that the large study exceeds by its gene tables alone."""
    return int(0.92 * len(page.render(large).encode("utf-8")))


@pytest.fixture
def small_budget(monkeypatch, budget):
    """Scale the page budget down with the study, so that the test is quick."""
    monkeypatch.setattr(page, "LARGEST_PAGE", budget)
    monkeypatch.setattr(page, "STEPS", (COMPLETE, Thinning(3000, 300_000), Thinning(1000, 150_000)))
    return budget


def unpacked(html: str, name: str):
    """Return a block of the page."""
    return payload.unpack(re.search(rf'id="{name}">([^<]*)</script>', html)[1])


def genes_of(html: str, contrast: str) -> list[str]:
    """Return the genes of one contrast's table on the page."""
    symbols = unpacked(html, "data-genes")["symbol"]
    return [symbols[position] for position in np.cumsum(unpacked(html, f"data-contrast-{contrast}")["gene_step"])]


@pytest.mark.parametrize(
    "step",
    [
        ["a", "plain"],
        ["a", "linear", [["b", 3], ["c", -2]], 5, 10],
        ["a", "ratio", "b", "c", 700, 1000],
        ["a", "along", "b", ""],
        ["a", "along", "b", "c"],
    ],
)
def test_coded_columns_come_back(step):
    """Every kind of step is undone exactly, with missing, zero, negative and very large numbers in any column."""
    random = np.random.default_rng(3)
    columns = {
        name: [None if random.random() < 0.1 else int(x) for x in random.normal(0, size, 500)]
        for name, size in (("b", 400), ("c", 30), ("a", 90_000))
    }
    columns["a"][:6] = [None, 0, -1, 13_765, 300_000, -300_000]  # 13,765: past the surrogates
    recipe = [["b", "plain"], ["c", "plain"], step]
    block = json.loads(json.dumps(encoded(columns, recipe)))
    assert decoded(block) == columns
    assert cheapest(columns, "a", [["a", "plain"], ["a", "linear", [["a", 1]], 0, 1]])[1] == "linear"


def test_p_values_keep_their_three_digits():
    """A p-value's code rises with it and gives back the same number."""
    values = [1e-300, 2.34e-17, 0.00100, 0.0999, 0.1, 0.999, 1.0]
    codes = [code_of(value) for value in values]
    assert [number_of(code) for code in codes] == values
    assert codes == sorted(codes)
    assert code_of(float("nan")) is None


def test_small_form_loses_nothing(example_results):
    """What the page unpacks is what was to be shown, block by block."""
    results = collect(example_results)
    for key in results.contrasts:
        block = payload.contrast_block(results, key)
        assert restored(compact_contrast(block)) == block
    for key in results.datasets:
        block = payload.dataset_block(results, key)
        assert restored(compact_dataset(block)) == block
    for entry in results.verdicts.verdicts:
        block = explorer_block(results, entry)
        assert block is None or restored(compact_explorer(block)) == block


def test_enormous_numbers_stay_as_they_are(example_results):
    """A t-statistic without variance behind it is no reason to fail."""
    results = collect(example_results)
    block = payload.contrast_block(results, "vte_a")
    for enormous in (10**7, 10**17, 10**25):
        block["t"][3] = enormous
        assert restored(json.loads(json.dumps(compact_contrast(block)))) == block


def test_a_small_study_is_complete(example_page):
    """Nothing is left out, and nothing said about it, where the page is small."""
    html = example_page.read_text(encoding="utf-8")
    assert "On this page:" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert "tested" not in unpacked(html, "data-contrast-vte_a")
    assert f"up to {COMPLETE.values:,} values per dataset" in html


def test_a_study_above_the_budget_is_thinned_aloud(large, small_budget):
    """Genes of declared sets and the strongest stay, the rest is an even sample; the page says so and keeps its budget."""
    html = page.render(large)
    assert len(html.encode("utf-8")) <= small_budget
    assert page.render(large) == html
    for contrast in ("vte_a", "more_3"):
        table = large.contrasts[contrast].differential.sort_values(["p_value", "gene"], kind="stable")
        genes = genes_of(html, contrast)
        assert STRONGEST < len(genes) < len(table)
        assert {gene for family, members in SETS.values() if family != "comparator" for gene in members} <= set(genes)
        assert set(table["gene"].head(STRONGEST)) <= set(genes)
        assert f"On this page: {len(genes):,} of {len(table):,} genes" in html
        assert f"all are in contrasts/{contrast}/differential.tsv.gz." in html
        others = [rank for rank, gene in enumerate(table["gene"]) if gene in set(genes) and rank >= STRONGEST]
        assert max(np.diff(others)) <= np.ceil(len(table) / (len(genes) - STRONGEST)) + 1  # no gap in the cloud


def test_what_is_left_equals_the_table(large, small_budget):
    """Numbers of a thinned table are the whole table's, with each gene's rank among all tested genes."""
    html = page.render(large)
    block, genes = unpacked(html, "data-contrast-vte_a"), genes_of(html, "vte_a")
    table = large.contrasts["vte_a"].differential.set_index("gene")
    assert block["tested"] == len(table)
    assert block["p"] == [payload.significant(p) for p in table.loc[genes, "p_value"]]
    assert block["log2_fold_change"] == [round(1000 * value) for value in table.loc[genes, "log2_fold_change"]]
    ranked = table.sort_index().sort_values("t", ascending=False, kind="stable").index
    assert block["rank"] == [ranked.get_loc(gene) + 1 for gene in genes]
    assert sum(block["histogram"]) == len(table)
    assert "up to 150,000 values per dataset" in html


def test_kept_genes_of_a_full_size_table():
    """20,000 genes: the strongest, the declared, and at most the declared number of others, the same every time."""
    random = np.random.default_rng(5)
    genes = [*CORE, *(f"SIM{number:05d}" for number in range(20_000 - len(CORE)))]
    table = pd.DataFrame({"gene": genes, "p_value": random.uniform(size=len(genes))})
    always = {*CORE, "not measured"}
    for step in thinning.STEPS[1:]:
        kept = kept_genes(table, always, step)
        assert kept == kept_genes(table.sample(frac=1, random_state=1), always, step)
        assert set(CORE) <= kept
        assert "not measured" not in kept
        assert STRONGEST + step.others / 2 < len(kept) <= STRONGEST + len(CORE) + step.others
    assert len(kept_genes(table, always, COMPLETE)) == len(table)


@pytest.mark.browser
def test_script_restores_the_same_blocks(opened, example_page):
    """The page's script and Python undo the small form alike, in every block."""
    html = example_page.read_text(encoding="utf-8")
    for name in re.findall(r'id="(data-(?:contrast|dataset|explorer)-[^"]+)"', html):
        there = json.loads(opened.tab.evaluate("id => window.sidemine.block(id).then(JSON.stringify)", name))
        for key, value in unpacked(html, name).items():
            if key in {"sets", "descriptive"}:
                assert there[key]["rows"] == value["rows"], (name, key)
            else:
                assert there[key] == value, (name, key)


@pytest.mark.browser
def test_thinned_page_in_a_browser(browser, large, small_budget, tmp_path):
    """Table, volcano and rank plot of a thinned study work and say what they lack."""
    (tmp_path / "page.html").write_text(page.render(large), encoding="utf-8")
    shown = OpenPage(browser, tmp_path / "page.html")
    shown.show("vte_a")
    total = f"of {len(large.contrasts['vte_a'].differential):,} genes"
    assert total in shown.tab.locator("#contrast-vte_a .thinned").inner_text()
    assert total in shown.tab.locator("#thinned-vte_a").inner_text()
    shown.tab.select_option("#rank-set-vte_a", "SIM_INTERFERON_TARGETS")
    shown.tab.wait_for_function("document.getElementById('rank-words-vte_a').innerText.includes('Leading edge')")
    shown.tab.select_option("#rank-set-vte_a", "SIM_COMPARATOR_2")
    shown.tab.wait_for_function("document.getElementById('rank-words-vte_a').innerText.includes('no running sum')")
    assert shown.complaints == []
    shown.tab.close()

"""Size of the page: a study beyond the page budget is thinned aloud."""

from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
from example_results import CORE, SETS, write_example_results
from open_page import OpenPage

from sidemine.report import page, thinning
from sidemine.report.collect import collect
from sidemine.report.packing import SMALLEST_P, Part, is_too_large, p_values, pack_within, unpack
from sidemine.report.thinning import COMPLETE, STRONGEST, Thinning, kept_genes, order_genes

PER_CONTRAST = 4000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Twelve contrasts of 4,000 genes, made in memory from the example study."""
    folder = write_example_results(tmp_path_factory.mktemp("large") / "results", n_genes=PER_CONTRAST)
    results = collect(folder)
    tested = [item for item in results.contrasts.values() if item.design.testable]
    more = {
        f"more_{number}": dataclasses.replace(item, row=item.row.model_copy(update={"contrast": f"more_{number}"}))
        for number in range(8)
        for item in [tested[number % len(tested)]]
    }
    results.study.contrasts.extend(item.row for item in more.values())
    return dataclasses.replace(results, contrasts={**results.contrasts, **more})


@pytest.fixture(scope="module")
def budget(large):
    """A budget that the large study exceeds by its gene tables alone."""
    return int(0.92 * len(page.render(large).encode("utf-8")))


@pytest.fixture(scope="module")
def thinned(large, budget):
    """The large study on a page whose budget is scaled down with the study, so that the tests are quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "LARGEST_PAGE", budget)
        patch.setattr(thinning, "EACH_FURTHER", 0)
        patch.setattr(page, "STEPS", (COMPLETE, Thinning(3000, 300_000), Thinning(1000, 150_000)))
        return page.render(large)


def unpacked(html: str, name: str):
    """Return a block of the page."""
    return unpack(re.search(rf'id="{name}">([^<]*)</script>', html)[1])


def genes_of(html: str, contrast: str) -> list[str]:
    """Return the genes of one contrast's table on the page."""
    symbols = unpacked(html, "data-genes")["symbol"]
    return [symbols[position] for position in np.cumsum(unpacked(html, f"data-contrast-{contrast}")["gene_step"])]


def test_a_small_study_is_complete(example_page):
    """Nothing is left out, and nothing said about it, where the page is small."""
    html = example_page.read_text(encoding="utf-8")
    assert "On this page:" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert unpacked(html, "data-contrast-vte_a")["tested"] is None
    assert f"up to {COMPLETE.values:,} values per dataset" in html


def test_a_study_above_the_budget_is_thinned_aloud(large, budget, thinned):
    """Genes of declared sets and the strongest stay, the rest is an even sample; the page says so and keeps its budget."""
    html = thinned
    assert len(html.encode("utf-8")) <= budget
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


def test_a_page_that_is_thinned_is_the_same_as_one_made_anew(large, thinned):
    """What is made once for all steps, and what is made for the step that fits, belong together: nothing tells of another step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "STEPS", (Thinning(1000, 150_000),))
        assert page.render(dataclasses.replace(large, thinning=Thinning(1000, 150_000))) == thinned


def test_a_wrong_guess_of_what_fits_changes_no_byte(large, budget, thinned):
    """The search begins at a guess; where it says that nothing fits, the fullest page that fits is found all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "LARGEST_PAGE", budget)
        patch.setattr(thinning, "EACH_FURTHER", 0)
        patch.setattr(page, "STEPS", (COMPLETE, Thinning(3000, 300_000), Thinning(1000, 150_000)))
        patch.setattr(page, "TYPICAL_BYTES", dict.fromkeys(page.TYPICAL_BYTES, 1e9))
        assert page.render(large) == thinned


def test_what_is_left_equals_the_table(large, thinned):
    """Numbers of a thinned table are the whole table's, with each gene's rank among all tested genes."""
    html = thinned
    block, genes = unpacked(html, "data-contrast-vte_a"), genes_of(html, "vte_a")
    table = large.contrasts["vte_a"].differential.set_index("gene")
    assert block["tested"] == len(table)
    assert block["p"] == p_values(table.loc[genes, "p_value"])
    assert block["log2_fold_change"] == [round(1000 * value) for value in table.loc[genes, "log2_fold_change"]]
    ranked = table.sort_index().sort_values("t", ascending=False, kind="stable").index
    assert block["rank"] == [ranked.get_loc(gene) + 1 for gene in genes]
    assert sum(block["histogram"]) == len(table)
    assert "up to 150,000 values per dataset" in html


def test_the_budget_grows_with_the_study():
    """8 MB for the default size, less than 16 MB at 80 contrasts, and never more."""
    assert [thinning.page_budget(n) for n in (1, 24, 28, 80, 500)] == [
        8_000_000,
        8_000_000,
        8_560_000,
        15_840_000,
        16_000_000,
    ]


def test_a_page_that_cannot_fit_is_not_packed():
    """What the first blocks of every kind tell is enough; what fits is whole, and its bytes tell what a fuller page would take."""
    made: list[str] = []

    def parts_of(size: int) -> dict[str, Part]:
        numbers = np.random.default_rng(3).integers(0, 9999, size).tolist()
        return {
            f"part {i}": Part("numbers", size, lambda i=i: (made.append(f"part {i}"), numbers)[1]) for i in range(24)
        }

    fits = pack_within(parts_of(500), 1e6)
    assert list(fits.blocks) == list(parts_of(500))
    total = sum(map(len, fits.blocks.values()))
    assert fits.bytes_each["numbers"] == pytest.approx(total / (24 * 500), rel=0.05)
    made.clear()
    assert pack_within(parts_of(500), total / 1.2).blocks is None
    assert len(made) == 3
    assert pack_within(parts_of(500), total - 1).blocks is None
    assert is_too_large(parts_of(700), fits.bytes_each, total)
    assert not is_too_large(parts_of(500), fits.bytes_each, total)


def test_p_values_are_shown_as_they_are_rounded_from_the_table():
    """Two digits of what is packed are two digits of the table's number, also where three digits would have ended in 5."""
    exact = [0.0525462, 0.0534999, 0.7252664, 0.01351125, 1.2549e-7, 2.345001e-9, 0.5, 1.0, 0.0, math.nan]
    packed = p_values(exact)
    assert packed[:3] == [0.052546, 0.0535, 0.72527]
    assert packed[-4:] == [0.5, 1.0, SMALLEST_P, None]
    assert [f"{p:.1e}" for p in packed[:6]] == [f"{p:.1e}" for p in exact[:6]]


def test_kept_genes_of_a_full_size_table():
    """20,000 genes: the strongest, the declared, and at most the declared number of others, the same every time."""
    random = np.random.default_rng(5)
    genes = [*CORE, *(f"SIM{number:05d}" for number in range(20_000 - len(CORE)))]
    table = pd.DataFrame({"gene": genes, "p_value": random.uniform(size=len(genes))})
    index = {gene: place for place, gene in enumerate(sorted([*genes, "not measured"]))}
    always = np.array([gene in {*CORE, "not measured"} for gene in index] + [False])
    for step in thinning.STEPS[1:]:
        kept = set(table["gene"][kept_genes(order_genes(table, index), always, step)])
        mixed = table.sample(frac=1, random_state=1)
        assert kept == set(mixed["gene"][kept_genes(order_genes(mixed, index), always, step)])
        assert set(CORE) <= kept
        assert STRONGEST + step.others / 2 < len(kept) <= STRONGEST + len(CORE) + step.others
    assert kept_genes(order_genes(table, index), always, COMPLETE).all()


def test_genes_of_a_table_by_p_value():
    """Genes of one p-value stand by name; one that no contrast tested is known as such, and kept only for its p-value."""
    tied = pd.DataFrame({"gene": ["C", "B", "X", "A"], "p_value": [0.5, 0.5, 0.9, 0.01]})
    genes = order_genes(tied, {"A": 0, "B": 1, "C": 2})
    assert genes.places.tolist() == [2, 1, -1, 0]
    assert tied["gene"].iloc[genes.by_p].tolist() == ["A", "B", "C", "X"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "STRONGEST", 1)
        kept = kept_genes(genes, np.array([False, False, True, False]), Thinning(1, 0))
    assert tied["gene"][kept].tolist() == ["C", "B", "A"]  # always shown; first of the others; strongest


@pytest.mark.browser
def test_thinned_page_in_a_browser(browser, large, thinned, tmp_path):
    """Table, volcano and rank plot of a thinned study work and say what they lack."""
    (tmp_path / "page.html").write_text(thinned, encoding="utf-8")
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

"""The gene explorer's data: unpacked, it equals the pooled tables at the digits that are shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from beside_results import FILTERED_IN_A, NOT_ON_B, NOWHERE, add_beside
from example_results import write_example_results

from sidemine.report.collect import collect
from sidemine.report.sections.explorer import explorer_block, explorer_options


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return collect(add_beside(write_example_results(tmp_path_factory.mktemp("explorer") / "results")))


def _whole_block(results, number):
    """Return the block of one answer with all of its genes."""
    card = results.verdicts.verdicts[number]
    return explorer_block(results, card, np.ones(len(results.pooled_genes.get(card.hypothesis, ())), dtype=bool))


@pytest.fixture(scope="module")
def block(results):
    return _whole_block(results, 0)


def test_packed_numbers_equal_the_table(results, block):
    """Effect and limits to three decimals, p to three digits, gene by gene."""
    table = results.pooled_genes["vte_targets"]
    position = 0
    for i, row in enumerate(table.to_dict("records")):
        position += block.columns.step[i]
        assert results.genes[position] == row["gene"]
        middle = block.columns.effect[i]
        assert middle == round(row["effect"] * 1000)
        assert middle - block.columns.below[i] == round(row["ci_low"] * 1000)
        assert middle + block.columns.below[i] + block.columns.above[i] == round(row["ci_high"] * 1000)
        assert block.columns.p[i] in {float(f"{row['p_value']:.{digits}e}") for digits in (2, 4)}
        assert block.columns.k[i] == row["k"]


def test_missing_values_say_why(results, block):
    """A gene that the file lacks is not measured; one that was not tested is filtered; one nowhere tested has no row."""
    reasons = {contrast: dict(zip(results.genes, codes, strict=True)) for contrast, codes in block.missing.items()}
    assert {reasons["vte_b"][gene] for gene in NOT_ON_B} == {"m"}
    assert {reasons["vte_a"][gene] for gene in FILTERED_IN_A} == {"f"}
    assert reasons["vte_a"][NOWHERE[0]] == "f"
    assert set(reasons["vte_a"].values()) == {"p", "f"}
    assert len(block.columns.step) == len(results.genes) - len(NOWHERE)


def test_columns_without_values_are_left_out(results, block):
    """One contrast: no second column of the same effect, no q, no heterogeneity."""
    single = _whole_block(results, 2)
    assert (single.columns.q, single.columns.heterogeneity_p, single.columns.i2) == (None, None, None)
    assert single.columns.effects == {}
    assert block.columns.q is not None
    assert block.columns.heterogeneity_p is not None


def test_question_without_pooled_genes_says_why(results):
    """A question whose table is missing keeps its place in the list, with the reason."""
    options = {option.id: option for option in explorer_options(results)}
    assert options["vte_targets"].words.endswith("genes")
    assert options["skin"].n == 0
    assert "not among these results" in options["skin"].words
    assert _whole_block(results, 4) is None


def test_a_panel_has_no_pooled_genes(results):
    """Its arms share samples: the first of them would stand for all. A table that an earlier version left is not read."""
    cards = [replace(card, kind="panel") for card in results.verdicts.verdicts]
    of_panels = replace(results, verdicts=replace(results.verdicts, verdicts=cards), pooled_genes={})
    words = {option.words for option in explorer_options(of_panels)}
    assert words == {"no gene: arms that share samples are not pooled; each has its own genes among the comparisons"}


def test_contrasts_tell_what_kept_genes_out(block):
    """Per comparison: genes measured and tested."""
    words = {item.contrast: item.why for item in block.contrasts}
    assert words["vte_a"].startswith("400 genes measured, 397 tested.")
    assert "No value was left out as an outlier." in words["vte_a"]


def test_a_single_experiment_is_packed_once(results):
    """Its pooled table is its contrast's own, so the block points there; another table never does."""
    single = _whole_block(results, 1)
    assert single.same_as == "inhibitor"
    assert single.columns is None
    table = results.pooled_genes["inhibitor_isg"]
    results.pooled_genes["inhibitor_isg"] = table.assign(ci_low=table["ci_low"] - 0.1)
    assert _whole_block(results, 1).same_as is None

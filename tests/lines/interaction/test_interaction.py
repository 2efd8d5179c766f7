"""A difference between subgroups is their direct contrast: with its sign, on common genes, pooled over independent data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lines.bridge.planted_profiles import GENES, IN_SET, SETS, fit_study

from sidemine.lines.interaction.measure import measure_interaction
from sidemine.lines.interaction.panel import interaction_sentences
from sidemine.lines.interaction.specification import InteractionToMeasure

DECLARED = InteractionToMeasure(id="i", set="T", contrasts=["pe_a", "pe_b"])


@pytest.fixture(scope="module")
def fits():
    """Subgroups that differ in one study and hardly in the other, which chance may explain."""
    return {
        "pe_a": fit_study(61, 40, 40, np.where(IN_SET, 0.35, 0)),
        "pe_b": fit_study(62, 40, 40, np.where(IN_SET, 0.12, 0)),
    }


def test_interaction_is_the_direct_contrast(fits):
    """Each study says its own, and the common effect stands beside them."""
    one, other, pooled = measure_interaction(DECLARED, fits, (), SETS)
    assert [entry.contrast for entry in (one, other, pooled)] == ["pe_a", "pe_b", "pooled"]
    assert [entry.compared for entry in (one, other, pooled)] == ["pe_a", "pe_b", "pe_a"]
    assert one.effect > pooled.effect > other.effect
    assert one.ci_low > 0 > other.ci_low
    assert pooled.place == "pooled over 2 data sets"
    assert pooled.ci_high - pooled.ci_low < one.ci_high - one.ci_low


GROUPS = {"pe_a": ("PE", "DVT"), "pe_b": ("PE", "DVT")}


def told_of(first, second):
    fits = {
        "pe_a": fit_study(61, 60, 60, np.where(IN_SET, first, 0)),
        "pe_b": fit_study(62, 25, 25, np.where(IN_SET, second, 0)),
    }
    entries = measure_interaction(DECLARED, fits, (), SETS)
    sentence, number = interaction_sentences(entries, "T", GROUPS)
    assert number == "1 difference between subgroups was measured; no p is corrected for that number."
    return entries, sentence


def test_data_sets_that_contradict_one_another_have_no_common_effect():
    """One figure would say that nothing differs, beside two that say the opposite of one another."""
    entries, told = told_of(0.5, -0.6)
    assert [entry.effect is None for entry in entries] == [False, False, True]
    assert (entries[-1].p_value, entries[-1].reason) == (None, "the data sets contradict one another")
    assert told.startswith("No common difference of T between PE and DVT: the data sets contradict one another.")
    assert f"By contrast: pe_a {entries[0].effect:.2f} SD (95 % CI " in told
    assert "is shown" not in told


def test_data_sets_that_differ_by_more_than_chance_are_told():
    three = InteractionToMeasure(id="i", set="T", contrasts=["a", "b", "c"])
    fits = {
        name: fit_study(seed, 50, 50, np.where(IN_SET, effect, 0))
        for name, seed, effect in (("a", 61, 0.2), ("b", 62, 0.2), ("c", 63, 0.75))
    }
    entries = measure_interaction(three, fits, (), SETS)
    told = interaction_sentences(entries, "T", dict.fromkeys(fits, ("PE", "DVT")))[0]
    assert entries[-1].effect is not None
    assert "is higher in PE than in DVT (pooled over 3 data sets)" in told
    assert "But the data sets differ by more than chance (Cochran's Q, p = " in told
    entries, told = told_of(0.5, 0.5)
    assert entries[-1].reason == ""
    assert "But" not in told


def test_data_sets_whose_intervals_do_not_overlap_have_no_common_figure():
    """As an answer of two cohorts has none: both higher, but by how much no one figure tells."""
    entries, told = told_of(0.3, 3.0)
    assert entries[0].ci_high < entries[1].ci_low
    assert (entries[-1].effect, entries[-1].p_value) == (None, None)
    assert told.startswith(
        "No common difference of T between PE and DVT: the data sets differ too much for one figure (both up, the"
    )
    assert "the two 95 % intervals do not overlap). By contrast: pe_a" in told


def test_an_interaction_is_one_sentence_with_its_data_sets_beside_it(fits):
    """Each contrast said "is higher" at its own p of .05: where nothing differs some sentence did in one study of six."""
    entries = measure_interaction(DECLARED, fits, (), SETS)
    first, number = interaction_sentences([*entries, replace(entries[0], name="other", gene_set="U")], "T", GROUPS)
    assert first.startswith("T is higher in PE than in DVT (pooled over 2 data sets): ")
    assert first.count("is higher") + first.count("is shown") == 1
    assert f"By contrast: pe_a {entries[0].effect:.2f} SD" in first
    assert number.startswith("2 differences between subgroups were measured")
    (alone, _) = interaction_sentences(measure_interaction(DECLARED, fits, {"pe_b"}, SETS), "T", GROUPS)
    assert alone.startswith("T is higher in PE than in DVT (pe_a): ")
    assert interaction_sentences(entries, "U", GROUPS) == []


def test_dependent_contrasts_are_measured_and_not_pooled(fits):
    assert [entry.contrast for entry in measure_interaction(DECLARED, fits, {"pe_b"}, SETS)] == ["pe_a", "pe_b"]


def test_only_genes_that_all_contrasts_measured_count(fits):
    fewer = {**fits, "pe_b": fit_study(62, 40, 40, genes=GENES[10:])}
    assert {entry.n_genes for entry in measure_interaction(DECLARED, fewer, (), SETS)} == {30}


def test_nothing_to_measure_gives_nothing(fits):
    """No testable contrast; a set of which nothing was measured."""
    assert measure_interaction(DECLARED, {}, (), SETS) == []
    assert measure_interaction(DECLARED, fits, (), SETS.assign(gene="ELSEWHERE")) == []

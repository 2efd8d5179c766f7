"""A difference between subgroups is their direct contrast: with its sign, on common genes, pooled over independent data."""

from __future__ import annotations

import numpy as np
import pytest
from lines.bridge.planted_profiles import GENES, IN_SET, SETS, fit_study

from sidemine.lines.interaction.measure import measure_interaction
from sidemine.lines.interaction.specification import InteractionToMeasure

DECLARED = InteractionToMeasure(id="i", set="T", contrasts=["pe_a", "pe_b"])


@pytest.fixture(scope="module")
def fits():
    """Subgroups that differ by one SD in one study and not in the other."""
    return {"pe_a": fit_study(61, 40, 40, np.where(IN_SET, 1.0, 0)), "pe_b": fit_study(62, 40, 40)}


def test_interaction_is_the_direct_contrast(fits):
    """Each study says its own, and the common effect stands beside them."""
    one, other, pooled = measure_interaction(DECLARED, fits, (), SETS)
    assert [entry.contrast for entry in (one, other, pooled)] == ["pe_a", "pe_b", "pooled"]
    assert [entry.compared for entry in (one, other, pooled)] == ["pe_a", "pe_b", "pe_a"]
    assert one.effect > pooled.effect > other.effect
    assert one.ci_low > 0 > other.ci_low
    assert pooled.place == "pooled over 2 data sets"
    assert pooled.ci_high - pooled.ci_low < one.ci_high - one.ci_low


def test_dependent_contrasts_are_measured_and_not_pooled(fits):
    assert [entry.contrast for entry in measure_interaction(DECLARED, fits, {"pe_b"}, SETS)] == ["pe_a", "pe_b"]


def test_only_genes_that_all_contrasts_measured_count(fits):
    fewer = {**fits, "pe_b": fit_study(62, 40, 40, genes=GENES[10:])}
    assert {entry.n_genes for entry in measure_interaction(DECLARED, fewer, (), SETS)} == {30}


def test_nothing_to_measure_gives_nothing(fits):
    """No testable contrast; a set of which nothing was measured."""
    assert measure_interaction(DECLARED, {}, (), SETS) == []
    assert measure_interaction(DECLARED, fits, (), SETS.assign(gene="ELSEWHERE")) == []

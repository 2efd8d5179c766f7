"""q-values: their families, their size, and that other contrasts do not leak in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from sidemine.enrichment.false_discovery import adjust_set_tests
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.tables import empty_table


def set_tests(p_values, family="target", test="fry"):
    table = empty_table(SET_TESTS).reindex(range(len(p_values)))
    table["gene_set"] = [f"S{number}" for number in range(len(p_values))]
    table["family"], table["test"], table["p_value"] = family, test, p_values
    return table


def test_one_family_spans_the_contrasts_of_one_role():
    """Two contrasts of one role share a family; a third of another role has its own."""
    adjusted = adjust_set_tests(
        {"a": set_tests([0.01, 0.2]), "b": set_tests([0.03, 0.9]), "c": set_tests([0.04, 0.5])},
        {"a": "disease", "b": "disease", "c": "inhibitor"},
    )
    q_values = np.concatenate([adjusted["a"]["q_value"], adjusted["b"]["q_value"]])
    assert q_values == pytest.approx(false_discovery_control([0.01, 0.2, 0.03, 0.9]))
    assert set(adjusted["a"]["family_size"]) == {4}
    assert adjusted["c"]["q_value"].to_list() == pytest.approx(false_discovery_control([0.04, 0.5]))


def test_missing_p_values_have_no_q_and_do_not_count():
    """A test that could not be computed neither gets a q-value nor swells the family."""
    adjusted = adjust_set_tests({"a": set_tests([0.01, np.nan])}, {"a": "disease"})["a"]
    assert adjusted["family_size"].to_list() == [1, 0]
    assert bool(pd.isna(adjusted["q_value"].iloc[1]))


def test_a_contrast_without_tests_stays_an_empty_table():
    """A contrast that could not be tested gives a typed empty table, not an error."""
    adjusted = adjust_set_tests({"a": empty_table(SET_TESTS), "b": set_tests([0.5])}, {"a": "disease", "b": "disease"})
    assert len(adjusted["a"]) == 0
    assert "q_value" in adjusted["a"].columns

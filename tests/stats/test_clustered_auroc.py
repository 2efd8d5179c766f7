"""The area under the ROC curve of clustered units: equal to the share of pairs, and no surer for copies of a unit."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.stats.clustered_auroc import clustered_auroc


def test_an_area_of_one_has_no_interval():
    """Where every known unit stands above every other one, nothing varies: no interval of no width."""
    known = np.array([True, True, False, False, True, False])
    cluster = np.array(["a", "b", "a", "b", "c", "c"], dtype=object)
    assert clustered_auroc(known.astype(float), known, cluster) == (1.0, None, None)


def test_siblings_do_not_count_twice():
    """Ten copies of every unit under their pathway's name leave the interval as wide as it was."""
    rng = np.random.default_rng(2)
    known, cluster = rng.random(60) < 0.4, np.array([f"c{number // 3}" for number in range(60)], dtype=object)
    value = rng.standard_normal(60) + known
    once = clustered_auroc(value, known, cluster)
    tenfold = clustered_auroc(*(np.repeat(one, 10) for one in (value, known, cluster)))
    assert tenfold == pytest.approx(once)
    pairs = [(a, b) for a in value[known] for b in value[~known]]
    assert once[0] == pytest.approx(np.mean([a > b for a, b in pairs]))
    assert clustered_auroc(value, known, np.full(60, "one", dtype=object)) == (None, None, None)

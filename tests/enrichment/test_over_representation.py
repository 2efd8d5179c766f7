"""Over-representation counts what it should, in the universe that it should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.over_representation import SMALLEST_P, over_representation
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.errors import InputError
from sidemine.tables import check_table


def _differential(count: int = 200, up: int = 20, down: int = 10) -> pd.DataFrame:
    change = np.r_[np.ones(up), -np.ones(down), np.full(count - up - down, 0.5)]
    q_value = np.r_[np.full(up + down, 0.01), np.full(count - up - down, 0.6)]
    return pd.DataFrame({"gene": [f"G{i:05d}" for i in range(count)], "log2_fold_change": change, "q_value": q_value})


def _sets(**sets: dict[str, float]) -> pd.DataFrame:
    rows = [(name, "target", gene, weight, "1", "x") for name, genes in sets.items() for gene, weight in genes.items()]
    return pd.DataFrame(rows, columns=GENE_SETS.names)


def _genes(*numbers: int, weight: float = 1.0) -> dict[str, float]:
    return {f"G{number:05d}": weight for number in numbers}


def test_p_equals_fisher_with_all_tested_genes_as_universe() -> None:
    found = over_representation(_differential(), _sets(A=_genes(*range(15, 27), *range(100, 108))))
    check_table(found, SET_TESTS, "tests")
    up = found.set_index("test").loc["over_representation_up"]
    assert up["p_value"] == pytest.approx(fisher_exact([[5, 15], [15, 165]], "greater").pvalue, rel=1e-12)
    assert (up["statistic"], up["universe_size"], up["n_measured"], up["direction"]) == (5, 200, 20, "up")
    down = found.set_index("test").loc["over_representation_down"]
    assert down["p_value"] == pytest.approx(fisher_exact([[7, 3], [13, 177]], "greater").pvalue, rel=1e-12)


def test_sets_without_any_listed_gene_stay_with_p_of_one() -> None:
    found = over_representation(_differential(), _sets(Z=_genes(*range(150, 160))))
    assert list(found["p_value"]) == [1.0, 1.0]
    assert list(found["direction"]) == ["none", "none"]
    assert np.isfinite(found["effect"]).all()


def test_empty_gene_list_gives_p_of_one() -> None:
    found = over_representation(_differential(up=0, down=0), _sets(Z=_genes(*range(150, 160))))
    assert list(found["p_value"]) == [1.0, 1.0]


def test_unmeasured_genes_count_in_the_set_but_not_in_the_test() -> None:
    found = over_representation(_differential(), _sets(A=_genes(*range(10), *range(900, 905))))
    assert set(zip(found["n_in_set"], found["n_measured"], strict=True)) == {(15, 10)}


def test_p_is_never_zero() -> None:
    found = over_representation(_differential(20_000, 2000, 10), _sets(A=_genes(*range(2000))))
    assert found["p_value"].min() == SMALLEST_P


def test_signed_sets_test_activated_and_repressed_genes_apart() -> None:
    found = over_representation(_differential(), _sets(R=_genes(*range(5)) | _genes(*range(20, 26), weight=-2.0)))
    assert dict(zip(found["test"], found["statistic"], strict=True)) == {
        "over_representation_down_activated": 0,
        "over_representation_down_repressed": 6,
        "over_representation_up_activated": 5,
        "over_representation_up_repressed": 0,
    }


def test_order_of_rows_changes_nothing() -> None:
    differential, sets = _differential(), _sets(B=_genes(*range(10)), A=_genes(*range(5, 30)))
    mixed = over_representation(differential.sample(frac=1, random_state=1), sets.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(over_representation(differential, sets), mixed)


def test_nothing_to_test_is_a_typed_empty_table() -> None:
    found = over_representation(_differential(), _sets(A=_genes(900, 901)))
    check_table(found, SET_TESTS, "tests")
    assert len(found) == 0


def test_doubled_gene_is_refused() -> None:
    with pytest.raises(InputError, match="stands twice"):
        over_representation(pd.concat([_differential()] * 2), _sets(A=_genes(*range(10))))

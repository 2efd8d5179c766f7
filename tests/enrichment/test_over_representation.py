"""Over-representation counts what it should, in the universe that it should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plain_fit import plain_fit
from scipy.stats import fisher_exact

from sidemine.differential.contrast_fit import ContrastFit, restrict_genes
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.over_representation import SMALLEST_P, over_representation
from sidemine.enrichment.set_membership import build_membership


def _fit(count: int = 200, up: int = 20, down: int = 10) -> ContrastFit:
    change = np.r_[np.ones(up), -np.ones(down), np.full(count - up - down, 0.5)]
    q_value = np.r_[np.full(up + down, 0.01), np.full(count - up - down, 0.6)]
    return plain_fit([f"G{i:05d}" for i in range(count)], log2_fold_change=change, q_value=q_value)


def _test(fit: ContrastFit, sets: pd.DataFrame) -> pd.DataFrame:
    return over_representation(fit, build_membership(sets, fit.genes), fdr=0.05)


def _sets(**sets: dict[str, float]) -> pd.DataFrame:
    rows = [(name, "target", gene, weight, "1", "x") for name, genes in sets.items() for gene, weight in genes.items()]
    return pd.DataFrame(rows, columns=GENE_SETS.names)


def _genes(*numbers: int, weight: float = 1.0) -> dict[str, float]:
    return {f"G{number:05d}": weight for number in numbers}


def test_p_equals_fisher_with_all_tested_genes_as_universe() -> None:
    found = _test(_fit(), _sets(A=_genes(*range(15, 27), *range(100, 108))))
    up = found.set_index("test").loc["over_representation_up"]
    assert up["p_value"] == pytest.approx(fisher_exact([[5, 15], [15, 165]], "greater").pvalue, rel=1e-12)
    assert (up["statistic"], up["n_measured"], up["direction"]) == (5, 20, "up")
    down = found.set_index("test").loc["over_representation_down"]
    assert down["p_value"] == pytest.approx(fisher_exact([[7, 3], [13, 177]], "greater").pvalue, rel=1e-12)


def test_sets_without_any_listed_gene_stay_with_p_of_one() -> None:
    found = _test(_fit(), _sets(Z=_genes(*range(150, 160))))
    assert list(found["p_value"]) == [1.0, 1.0]
    assert list(found["direction"]) == ["none", "none"]
    assert np.isfinite(found["effect"]).all()


def test_empty_gene_list_gives_p_of_one() -> None:
    found = _test(_fit(up=0, down=0), _sets(Z=_genes(*range(150, 160))))
    assert list(found["p_value"]) == [1.0, 1.0]


def test_unmeasured_genes_are_not_in_the_test() -> None:
    found = _test(_fit(), _sets(A=_genes(*range(10), *range(900, 905))))
    assert set(found["n_measured"]) == {10}


def test_p_is_never_zero() -> None:
    found = _test(_fit(20_000, 2000, 10), _sets(A=_genes(*range(2000))))
    assert found["p_value"].min() == SMALLEST_P


def test_signed_sets_test_activated_and_repressed_genes_apart() -> None:
    found = _test(_fit(), _sets(R=_genes(*range(5)) | _genes(*range(20, 26), weight=-2.0)))
    assert dict(zip(found["test"], found["statistic"], strict=True)) == {
        "over_representation_down_activated": 0,
        "over_representation_down_repressed": 6,
        "over_representation_up_activated": 5,
        "over_representation_up_repressed": 0,
    }


def test_a_signed_set_keeps_its_part_when_the_other_is_not_measured() -> None:
    found = _test(_fit(), _sets(R=_genes(*range(5)) | _genes(*range(900, 906), weight=-1.0)))
    assert list(found["test"]) == ["over_representation_up_activated", "over_representation_down_activated"]


def test_order_of_genes_changes_nothing() -> None:
    fit, sets = _fit(), _sets(B=_genes(*range(10)), A=_genes(*range(5, 30)))
    mixed = restrict_genes(fit, np.random.default_rng(1).permutation(len(fit.genes)))
    pd.testing.assert_frame_equal(_test(fit, sets), _test(mixed, sets.sample(frac=1, random_state=2)))


def test_nothing_to_test_gives_no_row() -> None:
    assert len(_test(_fit(), _sets(A=_genes(900, 901)))) == 0

"""Preranked GSEA: scores equal fgsea's, and nothing but the data and the seed changes a number."""

from __future__ import annotations

import gzip
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.prerank import prerank
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.errors import InputError
from sidemine.tables import check_table, empty_table


def _differential(count: int = 600) -> pd.DataFrame:
    t = np.round(np.random.default_rng(3).normal(size=count), 1)  # rounding makes many ties
    t[:30] += 2
    return pd.DataFrame({"gene": [f"gene{i:04d}" for i in range(count)], "t": t})


def _sets(**sets: list[int]) -> pd.DataFrame:
    rows = [
        (name, "target", f"gene{abs(number):04d}", 1.0 if number >= 0 else -1.0, "1", "x")
        for name, numbers in sets.items()
        for number in numbers
    ]
    return pd.DataFrame(rows, columns=GENE_SETS.names)


SETS = _sets(
    UP=list(range(30)),
    NULL=list(range(200, 240)),
    HALLMARK__X=list(range(300, 320)),
    SIGNED=[*range(20), *range(-420, -400)],
)


def test_planted_set_is_found_names_with_double_underscores_survive_and_p_is_never_zero() -> None:
    found = prerank(_differential(), SETS, seed=5)
    check_table(found, SET_TESTS, "tests")
    by_test = found.set_index(["gene_set", "test"])
    assert list(by_test.index) == [
        ("HALLMARK__X", "prerank"),
        ("NULL", "prerank"),
        ("SIGNED", "prerank_activated"),
        ("SIGNED", "prerank_repressed"),
        ("UP", "prerank"),
    ]
    assert by_test.loc[("UP", "prerank"), "direction"] == "up"
    assert 0 < by_test.loc[("UP", "prerank"), "p_value"] < 1e-6
    assert by_test.loc[("NULL", "prerank"), "p_value"] > 0.001
    assert set(found["role"]) == {"descriptive"}
    assert (found["p_value"] > 0).all()


def test_ties_row_order_and_set_order_do_not_change_a_number() -> None:
    mixed = prerank(_differential().sample(frac=1, random_state=1), SETS.sample(frac=1, random_state=2), seed=5)
    pd.testing.assert_frame_equal(prerank(_differential(), SETS, seed=5), mixed, check_exact=True)


def test_hash_seed_and_threads_of_the_environment_do_not_change_a_number() -> None:
    script = (
        "import sys; sys.path[:0] = [sys.argv[1]]\n"
        "from test_prerank import SETS, _differential, prerank\n"
        "print(prerank(_differential(), SETS, seed=5)[['effect', 'statistic', 'p_value']].to_csv(float_format='%.17g'))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parent)],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "RAYON_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed, threads in (("1", "1"), ("2", "2"))
    }
    assert len(outputs) == 1


def test_gseapy_stays_quiet_about_ties_and_logging_is_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.root.manager.disable
    prerank(_differential(), SETS, seed=5)
    assert logging.root.manager.disable == before
    assert capfd.readouterr() == ("", "")


def test_seed_zero_is_refused() -> None:
    with pytest.raises(InputError, match="not positive"):
        prerank(_differential(), SETS, seed=0)


def test_a_t_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="not a finite number"):
        prerank(_differential().assign(t=np.nan), SETS, seed=1)


def test_contrast_without_genes_gives_a_typed_empty_table() -> None:
    found = prerank(empty_table(DIFFERENTIAL), SETS, seed=1)
    check_table(found, SET_TESTS, "tests")
    assert len(found) == 0


def test_nothing_to_test_is_a_typed_empty_table() -> None:
    assert len(prerank(_differential(), _sets(FAR=[5000, 5001, 5002, 5003, 5004]), seed=1)) == 0


@pytest.mark.real_files
def test_scores_equal_fgsea_on_a_real_ranking(real_files: Path) -> None:
    folder = real_files / "data/reference_results/fgsea_reference"
    ranking = pd.read_csv(folder / "naive.vs.th1.rnk.gz", sep="\t", dtype={"ID": str})
    reference = pd.read_csv(folder / "fgsea_res.tsv.gz", sep="\t", dtype={"pathway": str}).set_index("pathway")
    with gzip.open(folder / "mouse.reactome.gmt.gz", "rt") as stream:
        sets = {cells[1]: cells[2:] for line in stream if (cells := line.rstrip("\n").split("\t"))}
    chosen = sorted(set(sets) & set(reference.index))[:50]
    rows = [(name, "target", gene, 1.0, "1", "x") for name in chosen for gene in sorted(set(sets[name]) - {""})]
    found = prerank(
        ranking.rename(columns={"ID": "gene"}), pd.DataFrame(rows, columns=GENE_SETS.names), seed=7
    ).set_index("gene_set")
    expected = reference.loc[found.index]
    assert len(found) >= 45
    np.testing.assert_array_equal(found["n_measured"], expected["size"])
    np.testing.assert_allclose(found["statistic"], expected["ES"], atol=1e-12)
    # 1000 permutations on either side scale the score: 5 % is their noise.
    np.testing.assert_allclose(found["effect"], expected["NES"], rtol=0.05)
    # The reference stops at its number of permutations (p about 1e-5); above, both estimate one p-value.
    common = (expected["pval"] > 0.001).to_numpy()
    np.testing.assert_allclose(np.log10(found["p_value"][common]), np.log10(expected["pval"][common]), atol=0.3)

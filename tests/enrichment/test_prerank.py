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
from plain_fit import plain_fit

from sidemine.differential.contrast_fit import ContrastFit, restrict_genes
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.prerank import SMALLEST_P, prerank
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.errors import InputError


def _fit(count: int = 600) -> ContrastFit:
    t = np.round(np.random.default_rng(3).normal(size=count), 1)  # rounding makes many ties
    t[:30] += 2
    return plain_fit([f"gene{i:04d}" for i in range(count)], t=t)


def score(fit: ContrastFit, sets: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    membership = build_membership(sets, fit.genes, 5, 1000)
    return prerank(fit, membership, min_size=5, permutations=1000, seed=seed)


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


def test_comparator_sets_are_passed_over() -> None:
    """They are many and ask no question; the numbers of the others do not depend on whether they are there."""
    comparators = SETS.assign(gene_set="OTHER_" + SETS["gene_set"], family="comparator")
    pd.testing.assert_frame_equal(score(_fit(), pd.concat([SETS, comparators])), score(_fit(), SETS))


def test_planted_set_is_found_names_with_double_underscores_survive_and_p_is_never_zero() -> None:
    found = score(_fit(), SETS)
    by_test = found.set_index(["gene_set", "test"])
    assert list(by_test.index) == [
        ("HALLMARK__X", "prerank"),
        ("NULL", "prerank"),
        ("SIGNED", "prerank_activated"),
        ("SIGNED", "prerank_repressed"),
        ("UP", "prerank"),
    ]
    assert by_test.loc[("UP", "prerank"), "direction"] == "up"
    assert by_test.loc[("UP", "prerank"), "p_value"] == SMALLEST_P
    meaning = {column.name: column.meaning for column in SET_TESTS.columns}["p_value"]
    assert f"Of prerank, {SMALLEST_P:g} means at most that" in meaning
    assert by_test.loc[("NULL", "prerank"), "p_value"] > 0.001
    assert (found["p_value"] > 0).all()


def test_ties_gene_order_and_set_order_do_not_change_a_number() -> None:
    mixed = restrict_genes(_fit(), np.random.default_rng(1).permutation(600))
    again = score(mixed, SETS.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(score(_fit(), SETS), again, check_exact=True)


def test_a_part_of_a_signed_set_needs_as_many_genes_as_a_set() -> None:
    found = score(_fit(), _sets(SIGNED=[*range(20), -400, -401]))
    assert list(found["test"]) == ["prerank_activated"]


def test_hash_seed_and_threads_of_the_environment_do_not_change_a_number() -> None:
    script = (
        "import sys; sys.path[:0] = [sys.argv[1]]\n"
        "from test_prerank import SETS, _fit, score\n"
        "print(score(_fit(), SETS)[['effect', 'statistic', 'p_value']].to_csv(float_format='%.17g'))\n"
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
    score(_fit(), SETS)
    assert logging.root.manager.disable == before
    assert capfd.readouterr() == ("", "")


def test_seed_zero_is_refused() -> None:
    with pytest.raises(InputError, match="not positive"):
        score(_fit(), SETS, seed=0)


def test_nothing_to_test_gives_no_row() -> None:
    assert len(score(_fit(), _sets(FAR=[5000, 5001, 5002, 5003, 5004]))) == 0


@pytest.mark.real_files
def test_scores_equal_fgsea_on_a_real_ranking(real_files: Path) -> None:
    folder = real_files / "data/reference_results/fgsea_reference"
    ranking = pd.read_csv(folder / "naive.vs.th1.rnk.gz", sep="\t", dtype={"ID": str})
    reference = pd.read_csv(folder / "fgsea_res.tsv.gz", sep="\t", dtype={"pathway": str}).set_index("pathway")
    with gzip.open(folder / "mouse.reactome.gmt.gz", "rt") as stream:
        sets = {cells[1]: cells[2:] for line in stream if (cells := line.rstrip("\n").split("\t"))}
    chosen = sorted(set(sets) & set(reference.index))[:50]
    rows = [(name, "target", gene, 1.0, "1", "x") for name in chosen for gene in sorted(set(sets[name]) - {""})]
    fit = plain_fit(list(ranking["ID"]), t=ranking["t"].to_numpy())
    found = score(fit, pd.DataFrame(rows, columns=GENE_SETS.names), seed=7).set_index("gene_set")
    expected = reference.loc[found.index]
    assert len(found) >= 45
    np.testing.assert_array_equal(found["n_measured"], expected["size"])
    np.testing.assert_allclose(found["statistic"], expected["ES"], atol=1e-12)
    # 1000 permutations on either side scale the score: 5 % is their noise.
    np.testing.assert_allclose(found["effect"], expected["NES"], rtol=0.05)
    # The reference stops at its number of permutations (p about 1e-5); above, both estimate one p-value.
    common = (expected["pval"] > 0.001).to_numpy()
    np.testing.assert_allclose(np.log10(found["p_value"][common]), np.log10(expected["pval"][common]), atol=0.3)

"""What a complete table gives to a set test: one deviate per gene, by stated columns; and when a table is not complete."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sidemine.differential.gene_statistics import TableColumns, collect_statistics, normal_deviates
from sidemine.differential.table_completeness import find_threshold
from sidemine.errors import InputError
from sidemine.stats.multiplicity import benjamini_hochberg

Z = np.array([1.5, -2.0, 0.3, -4.0])
P = 2 * stats.norm.sf(np.abs(Z))
SE = np.array([0.5, 0.2, 0.1, 0.4])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (TableColumns(z=Z), "as the table gives it"),
        (TableColumns(effect=Z * SE, p_value=P), "two-sided p and the sign"),
        (TableColumns(t=Z, p_value=P), "two-sided p and the sign"),
        (TableColumns(effect=Z * SE, se=SE), "effect / se, taken as normal"),
        (TableColumns(t=Z), "from t, taken as normal"),
    ],
)
def test_each_of_five_pairs_of_columns_suffices(columns: TableColumns, words: str) -> None:
    z, notes = normal_deviates(columns, "here")
    np.testing.assert_allclose(z, Z, rtol=1e-12)
    assert words in notes[0]


def test_few_samples_make_t_smaller() -> None:
    """t of 8 samples has 6 degrees of freedom; a row of 3 has none to spare."""
    t, n = np.array([3.0, -3.0, 3.0]), np.array([8.0, 1000.0, 3.0])
    z, _ = normal_deviates(TableColumns(t=t, n=n), "here")
    np.testing.assert_allclose(
        z[:2], [-stats.norm.ppf(stats.t.sf(3, 6)), stats.norm.ppf(stats.t.sf(3, 998))], rtol=1e-3
    )
    assert np.isnan(z[2])


@pytest.mark.parametrize("columns", [TableColumns(effect=Z), TableColumns(p_value=P), TableColumns(se=SE, n=SE)])
def test_what_gives_no_signed_statistic_is_refused(columns: TableColumns) -> None:
    with pytest.raises(InputError, match="give no statistic with a sign"):
        normal_deviates(columns, "here")


def test_impossible_numbers_are_refused_all_at_once() -> None:
    with pytest.raises(InputError, match="impossible number") as caught:
        normal_deviates(
            TableColumns(effect=Z, se=np.array([1, 0, 1, -1.0]), p_value=np.array([0, 2, 0.1, 1.0])), "t.tsv"
        )
    assert len(caught.value.problems) == 2
    assert "the column of se has impossible numbers (rows: 2)" in str(caught.value)
    assert "t.tsv: row 2 of the table, value 0" in str(caught.value)


def test_a_p_of_zero_is_replaced_by_t_and_told() -> None:
    p = P.copy()
    p[3] = 0
    z, notes = normal_deviates(TableColumns(t=Z, p_value=p), "here")
    np.testing.assert_allclose(z, Z, rtol=1e-12)
    assert "p is 0 in 1 of the rows" in notes[1]


@pytest.mark.parametrize(("decimals", "least"), [(3, 0.0005), (4, 0.00005), (2, 0.005)])
def test_a_p_of_zero_without_t_is_half_of_the_last_digit_that_is_printed(decimals: int, least: float) -> None:
    """A journal's 0.000 is a p below .0005, not the smallest number there is (z of 37)."""
    p = np.array([0.5, 0.31, 0.04, 0.0]).round(decimals)
    p[1] += 10.0**-decimals  # the last digit is in use
    z, notes = normal_deviates(TableColumns(effect=np.array([1, -1, 1, -1.0]), p_value=p), "here")
    assert z[3] == pytest.approx(stats.norm.ppf(least / 2))
    assert f"half of the last digit that the column prints serves ({least:.2g})" in notes[1]


def test_one_sided_p_values_contradict_t() -> None:
    """Half of a p makes z larger: the typical row tells."""
    weak = np.array([0.2, -0.5, 0.4, -1.0, 0.8])
    notes = normal_deviates(TableColumns(t=weak, p_value=stats.norm.sf(np.abs(weak))), "here")[1]
    assert "The p-values contradict t or effect / se" in notes[1]
    assert len(normal_deviates(TableColumns(t=weak, p_value=2 * stats.norm.sf(np.abs(weak))), "here")[1]) == 1


def test_halved_p_values_are_refused_as_of_one_side() -> None:
    """They end at .5, which reads like a list that was cut there; a list cut at .05 stays one."""
    p = np.linspace(0.001, 0.999, 500)
    effect = np.where(np.arange(500) % 3 == 0, 1.0, -1.0)
    with pytest.raises(InputError, match=r"the p-values end at \.5: two-sided ones that were halved"):
        normal_deviates(TableColumns(effect=effect, p_value=p / 2), "here")
    assert "unless p-values of one side were halved" in (find_threshold(None, p / 2, None) or "")
    for high in (1.0, 0.05):
        normal_deviates(TableColumns(effect=effect, p_value=p * high), "here")
    assert "halved" not in (find_threshold(None, 0.05 * p, None) or "")


def test_opposite_signs_of_effect_and_t_are_refused_and_a_few_are_told() -> None:
    """t of reference minus target beside an effect of target minus reference."""
    for columns in (TableColumns(effect=Z, t=-Z, p_value=P), TableColumns(effect=Z, z=-Z), TableColumns(t=Z, z=-Z)):
        with pytest.raises(InputError, match=rf"have opposite signs in {len(Z)} of {len(Z)} rows"):
            normal_deviates(columns, "here")
    mixed = Z.copy()
    mixed[1] *= -1
    z, notes = normal_deviates(TableColumns(effect=mixed, t=Z, p_value=P), "here")
    np.testing.assert_allclose(z, Z, rtol=1e-12)
    assert notes[-1] == f"Rows in which t and effect have opposite signs: 1 of {len(Z)}; the sign of t counts."
    ratios = np.exp(Z)  # of a list: above 0 throughout
    assert len(normal_deviates(TableColumns(effect=ratios, t=Z, p_value=P), "here")[1]) == 1


def test_rows_become_genes_and_every_lost_row_is_counted() -> None:
    """Two assays of A are averaged, a complex is one value beside C's own, three rows are lost for two reasons."""
    z = np.array([1.0, 3.0, -2.0, 5.0, 5.0, np.nan, 7.0])
    genes = [("A",), ("A",), ("C", "B"), (), (), ("D",), ("C",)]
    reasons = ["", "", "", "unknown", "unknown", "", ""]
    found = collect_statistics(genes, reasons, TableColumns(z=z, effect=z / 2), "here")
    assert (found.genes, found.names) == ([("A",), ("B", "C"), ("C",)], ["A", "B;C", "C"])
    np.testing.assert_array_equal(found.z, [2.0, -2.0, 7.0])
    np.testing.assert_array_equal(found.effect, [1.0, -1.0, 3.5])
    assert np.isnan(found.se).all()
    assert found.losses == {"no number in the columns of the statistic": 1, "unknown": 2}
    assert (found.n_universe, found.symbols, found.noun) == (3, {"A", "B", "C"}, "genes or groups of genes")
    assert any("complex or a group of proteins: 1;" in note for note in found.notes)
    assert any("Genes with several rows: 1;" in note for note in found.notes)


def test_a_group_that_was_written_out_by_gene_is_one_value() -> None:
    """The numbers of A, B and C agree to the last of many digits; those of D and E in three, which says nothing."""
    effect = np.array([1 / 3, 1 / 3, 1 / 3, 0.25, 0.25, -1 / 7])
    se = np.array([1 / 9, 1 / 9, 1 / 9, 0.1, 0.1, 0.2])
    genes = [("A",), ("B",), ("C", "A"), ("D",), ("E",), ("F",)]
    found = collect_statistics(genes, [""] * 6, TableColumns(effect=effect, se=se), "here", of_proteins=True)
    assert found.names == ["A;B;C", "D", "E", "F"]
    np.testing.assert_array_equal(found.effect, [1 / 3, 0.25, 0.25, -1 / 7])
    assert any("repeat the numbers of another gene: 3;" in note for note in found.notes)
    assert not any("several rows" in note for note in found.notes)
    few = TableColumns(effect=effect.round(3), se=se.round(3))  # as journals print them
    assert collect_statistics(genes, [""] * 6, few, "here", of_proteins=True).names == found.names
    order = [0, 3, 1, 4, 2, 5]  # of rows that stand apart three may agree by chance
    scattered = TableColumns(effect=effect[order].round(3), se=se[order].round(3))
    apart = collect_statistics([genes[row] for row in order], [""] * 6, scattered, "here", of_proteins=True)
    assert apart.n_universe == 6
    names = [("A",), ("B",), ("C",), ("D",), ("E",), ("F",)]
    four = TableColumns(effect=few.effect[[0, 5, 0, 3, 0, 0]], se=few.se[[0, 5, 0, 3, 0, 0]])  # type: ignore[index]
    assert collect_statistics(names, [""] * 6, four, "here", of_proteins=True).names == ["A;C;E;F", "B", "D"]
    single = collect_statistics(
        genes, [""] * 6, TableColumns(effect=effect.round(6), se=se.round(6)), "here", of_proteins=True
    )
    assert single.n_universe == 4  # as programs write single precision
    of_genes = collect_statistics(genes, [""] * 6, TableColumns(effect=effect, se=se), "here")
    assert of_genes.names == ["A", "A;C", "B", "D", "E", "F"]  # genes with one read in the same sample agree so


def test_genes_whose_numbers_agree_by_chance_stay_apart() -> None:
    """A thousand genes, t to four digits with the p that follows from it, and a statistic of ranks, whose digits are endless."""
    rng = np.random.default_rng(4)
    genes = [(f"G{place}",) for place in range(1000)]
    t = rng.normal(size=1000).round(3)
    ranks = rng.integers(-40, 41, size=1000) / 81
    for columns in (
        TableColumns(
            effect=(t / 3).round(3), t=t, p_value=np.array([float(f"{p:.5g}") for p in 2 * stats.norm.sf(abs(t))])
        ),
        TableColumns(effect=ranks, p_value=2 * stats.norm.sf(3 * abs(ranks))),
        TableColumns(z=ranks * 3),
    ):
        found = collect_statistics(genes, [""] * 1000, columns, "here", of_proteins=True)
        assert found.n_universe == 1000
        assert len(found.notes) == 1


def test_many_rows_without_a_difference_are_no_group() -> None:
    """Five hundred proteins that were not found have effect 0 and p 1; others agree with two on the other side."""
    genes = [(f"G{place}",) for place in range(900)]
    effect = np.concatenate([np.zeros(500), np.tile([0.125, -0.125], 200)])
    p = np.concatenate([np.ones(500), np.full(400, 0.375)])
    found = collect_statistics(genes, [""] * 900, TableColumns(effect=effect, p_value=p), "here", of_proteins=True)
    assert found.n_universe == 900


def test_a_table_without_a_gene_is_refused() -> None:
    with pytest.raises(InputError, match=r"2 × unknown"):
        collect_statistics([(), ()], ["unknown"] * 2, TableColumns(z=np.ones(2)), "here")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [60, 1500])
def test_only_a_table_that_was_cut_shows_a_threshold(seed: int, n: int) -> None:
    """By adjusted p, by p, by the number of tests that its p-values imply, by fold change."""
    z = np.random.default_rng([seed, n]).normal(size=n) + np.where(np.arange(n) < n // 5, 3, 0)
    p = 2 * stats.norm.sf(np.abs(z))
    adjusted = benjamini_hochberg(p)
    assert find_threshold(z, p, adjusted) is None
    assert find_threshold(z, p, None) is None
    listed = adjusted <= 0.05
    assert "largest adjusted p is" in (find_threshold(z[listed], p[listed], adjusted[listed]) or "")
    assert "largest p is" in (find_threshold(z[listed], p[listed], None) or "")
    half = p <= np.sort(p)[int(0.8 * n)]
    assert f"imply {n:,} tests" in (find_threshold(None, p[half], adjusted[half]) or "")
    large = np.abs(z) > 0.6
    assert "smallest |effect| is" in (find_threshold(z[large], None, None) or "")
    assert find_threshold(None, None, None) is None

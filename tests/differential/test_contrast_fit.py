"""A fit is stored without loss, the same bytes every time, and told as the declared table."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as t_distribution

from sidemine.differential.contrast_fit import differential_table, load_fit, save_fit
from sidemine.differential.counts import MIN_COUNT, expressed_by_counts, reads_for_all_groups
from sidemine.differential.design import Design, build_design
from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.differential.fit import fit_contrast, fit_contrasts
from sidemine.errors import InputError, Untestable
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import SMALLEST_P, two_sided_p
from sidemine.tables import write_table


def design_of(n: int, **options: object) -> Design:
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)]}, index=[f"S{i}" for i in range(n)])
    target = np.arange(n) % 2 == 1
    return build_design(samples, target, ~target, min_group_size=2, **options)


def values_of(n_genes: int, n: int, seed: int = 1) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    return rng.normal(8, rng.uniform(0.2, 1, (n_genes, 1)), (n_genes, n)), [f"G{i}" for i in range(n_genes)]


@pytest.mark.parametrize("layer", ["log2", "counts"])
def test_stored_fit_comes_back_and_is_byte_identical(layer: str, tmp_path: Path) -> None:
    """Two writes give the same bytes; reading gives every field back."""
    values, genes = values_of(60, 8)
    values = np.round(2**values) if layer == "counts" else values
    fit = fit_contrast(values, genes, design_of(8), layer=layer)
    save_fit(fit, tmp_path / "one.npz")
    save_fit(fit, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    back = load_fit(tmp_path / "one.npz")
    for item in fields(fit):
        np.testing.assert_array_equal(getattr(back, item.name), getattr(fit, item.name), err_msg=item.name)
    save_fit(back, tmp_path / "three.npz")
    assert load_fit(tmp_path / "three.npz").genes == genes


def test_table_keeps_the_contract(tmp_path: Path) -> None:
    """Columns in order, sorted by p then gene, ids where they are known."""
    values, genes = values_of(30, 8)
    values[3] = values[2]
    fit = fit_contrast(values, genes, design_of(8))
    var = pd.DataFrame({"entrez": ["1"] * 29, "ensembl": ["E"] * 29}, index=pd.Index(genes[:-1], name="gene"))
    table = differential_table(fit, var)
    write_table(table, tmp_path / "differential.tsv.gz", DIFFERENTIAL)
    assert (np.diff(table["p_value"]) > -1e-9).all()
    twins = table.index[table["gene"].isin(["G2", "G3"])]
    assert list(table["gene"][twins]) == ["G2", "G3"]
    assert table.set_index("gene")["entrez"]["G29"] == ""
    half = (table["ci_high"] - table["ci_low"]) / 2
    np.testing.assert_allclose(half, table["se"] * t_distribution.ppf(0.975, table["df"]))


def test_sign_is_target_minus_reference() -> None:
    """A gene that is higher in the target has a positive fold change, t and effect."""
    values, genes = values_of(30, 8)
    values[0, 1::2] += 5
    fit = fit_contrast(values, genes, design_of(8))
    assert fit.log2_fold_change[0] > 3
    assert fit.t[0] > 0
    assert fit.effects[0, 0] > 0
    np.testing.assert_allclose(fit.log2_fold_change, values[:, 1::2].mean(axis=1) - values[:, ::2].mean(axis=1))


def test_genes_that_cannot_be_tested_go_to_the_ledger() -> None:
    """Missing values, constant genes and low expression are told gene by gene; the rest is fitted as if alone."""
    values, genes = values_of(40, 8)
    values[0, 2] = np.nan
    values[1] = 7.25
    values[2] = np.linspace(0, 1, 8)
    fit = fit_contrast(values, genes, design_of(8), filter_low_expression=True)
    told = dict(zip(fit.dropped_genes, fit.dropped_reasons, strict=True))
    assert told["G0"] == "missing value in 1 of 8 samples"
    assert told["G1"] == "constant in the samples of this contrast"
    assert "low expression" in told["G2"]
    alone = fit_contrast(values[3:], genes[3:], design_of(8))
    np.testing.assert_array_equal(fit.p_value, alone.p_value)


def test_unexpressed_counts_go_to_the_ledger() -> None:
    """Counts are filtered by filterByExpr, and the ledger says so."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(50, (40, 8)).astype(float)
    counts[0] = [0, 1, 0, 0, 0, 0, 0, 0]
    fit = fit_contrast(counts, [f"G{i}" for i in range(40)], design_of(8), layer="counts")
    assert fit.dropped_genes == ["G0"]
    assert "filterByExpr" in fit.dropped_reasons[0]
    assert fit.facts.engine == "voom"


TOO_FEW_READS = "low expression: too few reads in the shallow libraries of one group"


def counts_of_depths(target: float, reference: float, seed: int = 1) -> tuple[np.ndarray, list[str], Design]:
    """6 v 6 libraries in which nothing differs but their depth: negative binomial, coefficient of variation .4."""
    rng = np.random.default_rng(seed)
    shares = np.sort(np.exp(np.random.default_rng(1).normal(0, 2, 3000)))
    design = design_of(12)
    depth = np.where(design.is_target, target, reference) * np.exp(0.2 * rng.standard_normal(12))
    expected = (shares / shares.sum())[:, None] * depth * rng.gamma(1 / 0.16, 0.16, (3000, 12))
    return rng.poisson(expected).astype(float), [f"G{i}" for i in range(3000)], design


@pytest.mark.parametrize(("target", "reference"), [(2.5e4, 1e6), (1e6, 2.5e4)])
def test_genes_of_few_reads_in_the_shallower_group_are_not_tested(target: float, reference: float) -> None:
    """Forty-fold depth: voom's half read lifted the least expressed quarter by .41 log2 in the shallow group, and nothing differs."""
    shifts, sign = [], 1 if target < reference else -1
    for seed in range(6):
        counts, genes, design = counts_of_depths(target, reference, seed)
        fit = fit_contrast(counts, genes, design, layer="counts")
        quarter = len(fit.genes) // 4  # genes stand by their expression
        shifts.append(sign * (fit.log2_fold_change[:quarter].mean() - fit.log2_fold_change[quarter:].mean()))
    assert abs(np.mean(shifts)) < 0.06
    told = pd.Series(fit.dropped_reasons).value_counts()
    assert told[TOO_FEW_READS] > 300
    stricter = fit_contrast(counts, genes, design, layer="counts", min_count=20)
    assert set(stricter.genes) < set(fit.genes)


def test_some_shallow_libraries_of_a_group_count() -> None:
    """Two of six targets at a fortieth of the depth: the median of the group does not see them, and they lifted rare genes by .15 log2."""
    shifts = []
    for seed in range(6):
        counts, genes, design = counts_of_depths(1e6, 1e6, seed)
        few = np.flatnonzero(design.is_target)[:2]
        counts[:, few] = np.random.default_rng(seed).binomial(counts[:, few].astype(int), 1 / 40)
        fit = fit_contrast(counts, genes, design, layer="counts")
        quarter = len(fit.genes) // 4
        shifts.append(fit.log2_fold_change[:quarter].mean() - fit.log2_fold_change[quarter:].mean())
    assert abs(np.mean(shifts)) < 0.06
    assert pd.Series(fit.dropped_reasons).value_counts()[TOO_FEW_READS] > 100


def test_shallow_libraries_of_both_groups_take_no_gene_away() -> None:
    """Half of each group at a fortieth of the depth lifts both alike."""
    counts, _, design = counts_of_depths(1e6, 1e6)
    few = np.concatenate([np.flatnonzero(side)[:3] for side in (design.is_target, ~design.is_target)])
    counts[:, few] = np.random.default_rng(1).binomial(counts[:, few].astype(int), 1 / 40)
    assert reads_for_all_groups(counts, [design.matrix]) < 2 * MIN_COUNT
    counts[:, few[:3]] = np.floor(counts[:, few[:3]] / 5)
    more = reads_for_all_groups(counts, [design.matrix])
    assert more > 4 * MIN_COUNT
    # Whatever the unit of the contrast, and beside another of the same model.
    assert reads_for_all_groups(counts, [design.matrix * [1, 50], design.matrix]) == pytest.approx(more)


def test_depths_within_two_fold_keep_the_filter_of_edger() -> None:
    """A third more reads in one group takes no gene away."""
    counts, genes, design = counts_of_depths(5e5, 7e5)
    fit = fit_contrast(counts, genes, design, layer="counts")
    assert fit.genes == [
        gene for gene, kept in zip(genes, expressed_by_counts(counts, design.matrix), strict=True) if kept
    ]
    assert TOO_FEW_READS not in fit.dropped_reasons


def test_contrasts_of_one_model_test_genes_with_reads_in_all_their_groups() -> None:
    """The shallow group of the second contrast counts, although it is none of the first."""
    counts, genes, design = counts_of_depths(1e6, 1e6)
    shallow = np.arange(12) < 4
    counts[:, shallow] = np.floor(counts[:, shallow] / 40)
    matrix = np.column_stack([design.matrix, shallow])
    design, other = (
        replace(design, matrix=matrix[:, order], columns=["a", "b", "c"]) for order in ([0, 2, 1], [0, 1, 2])
    )
    one, both = (fit_contrasts(counts, genes, given, layer="counts")[0] for given in ([design], [design, other]))
    assert len(both.genes) < len(one.genes)
    assert TOO_FEW_READS in both.dropped_reasons


def test_bad_values_are_refused() -> None:
    """Negative counts, a matrix of another size, and a dataset without testable genes all say so."""
    values, genes = values_of(20, 8)
    with pytest.raises(InputError, match="counts are negative"):
        fit_contrast(-values, genes, design_of(8), layer="counts")
    with pytest.raises(InputError, match="does not fit to its genes"):
        fit_contrast(values[:, :7], genes, design_of(8))
    with pytest.raises(Untestable, match=r"0 genes can be tested[\s\S]*20 constant"):
        fit_contrast(np.ones((20, 8)), genes, design_of(8))


def test_vanishing_residuals_do_not_break_the_fit() -> None:
    """More than half of the genes without residual variance: finite results, p above 0, no warning."""
    values, genes = values_of(20, 6)
    values[:15] = np.array([1.0, 2.0] * 3) + np.arange(15)[:, None]
    for robust in (False, True):
        fit = fit_contrast(values, genes, design_of(6), trend=False, robust=robust)
        assert np.isfinite(fit.t).all()
        assert (fit.p_value >= SMALLEST_P).all()


def _broken(arrays: dict[str, np.ndarray], how: str) -> dict[str, np.ndarray]:
    """Return the arrays of a fit with one thing wrong."""
    changes: dict[str, dict[str, object]] = {
        "gene missing": {"genes": arrays["genes"][1:]},
        "p of another length": {"p_value": arrays["p_value"][1:]},
        "effects of another shape": {"effects": arrays["effects"][:, 1:]},
        "words for numbers": {"t": arrays["t"].astype(str)},
        "no facts": {"facts": np.array("{")},
        "other facts": {"facts": np.array("[]")},
        "more": {"more": arrays["t"]},
        "pickled": {"t": arrays["t"].astype(object)},
        "df of words": {"residual_df": np.array("many")},
    }
    if how == "array missing":
        return {name: array for name, array in arrays.items() if name != "se"}
    return arrays | changes[how]


@pytest.mark.parametrize(
    "how",
    [
        "gene missing",
        "p of another length",
        "effects of another shape",
        "words for numbers",
        "no facts",
        "other facts",
        "more",
        "pickled",
        "df of words",
        "array missing",
        "empty",
        "cut off",
        "no archive",
    ],
)
def test_a_file_that_holds_no_fit_is_refused(how: str, tmp_path: Path) -> None:
    """Damaged, or of other arrays: the file is named, in four parts."""
    values, genes = values_of(20, 6)
    path = tmp_path / "fit.npz"
    save_fit(fit_contrast(values, genes, design_of(6)), path)
    if how in {"empty", "cut off", "no archive"}:
        path.write_bytes({"empty": b"", "cut off": path.read_bytes()[:-100], "no archive": b"genes"}[how])
    else:
        with np.load(path) as stored:
            arrays = dict(stored)
        np.savez(path, **_broken(arrays, how))
    with pytest.raises(InputError, match=r"fit\.npz"):
        load_fit(path)


def test_huge_t_keeps_p_above_zero() -> None:
    """p never underflows to 0, and stays in the order of t."""
    p = two_sided_p(np.array([0.0, 40.0, 1e5, np.inf]), np.array([np.inf, np.inf, 500.0, 3.0]))
    assert p[0] == 1
    assert (p > 0).all()


@given(st.lists(st.floats(1e-12, 1), min_size=1, max_size=40))
def test_benjamini_hochberg_is_its_definition(p_values: list[float]) -> None:
    """q is the smallest p·n/rank over all ranks that are not smaller."""
    p = np.array(p_values)
    ordered = np.sort(p)
    n = len(p)
    expected = [min(1, min(ordered[k] * n / (k + 1) for k in range(n) if ordered[k] >= one)) for one in p]
    np.testing.assert_allclose(benjamini_hochberg(p), expected)


@pytest.mark.parametrize("layer", ["log2", "counts"])
def test_a_difference_that_hangs_on_one_dish_is_refused(layer: str) -> None:
    """Dishes of three wells: where a laboratory tells one target dish from all others, wells would stand in for dishes."""
    dish = np.repeat(np.arange(6), 3)
    samples = pd.DataFrame({"unit": [f"d{i}" for i in dish]}, index=[f"S{i}" for i in range(18)])
    values, genes = values_of(60, 18)
    values = np.round(2**values) if layer == "counts" else values
    laboratories = {"one": np.array([0, 1, 1, 0, 0, 0]), "several": np.array([0, 1, 1, 0, 1, 0])}
    tables = {
        name: samples.assign(dish=samples["unit"], laboratory=[f"laboratory {'AB'[where[i]]}" for i in dish])
        for name, where in laboratories.items()
    }
    design = build_design(tables["several"], dish < 3, dish >= 3, covariates=["laboratory"], block="dish")
    assert len(fit_contrast(values, genes, design, layer=layer).genes) == 60
    with pytest.raises(
        Untestable, match=r"hangs on dish d0: [\s\S]*6 blocks, 18 samples; covariates laboratory;"
    ) as found:
        build_design(tables["one"], dish < 3, dish >= 3, covariates=["laboratory"], block="dish")
    assert "biological_unit" not in str(found.value)


def test_where_one_donor_decides_among_fixed_blocks_the_unit_can_be_declared() -> None:
    """Only one of three donors has target and reference of one dose: leave the dose out, or say what the unit is."""
    donor, target = np.repeat(np.arange(3), 6), np.tile(np.repeat([True, False], 3), 3)
    dose = np.where((donor > 0) & target, "9", np.tile(["1", "2", "3"], 6))
    samples = pd.DataFrame({"donor": [f"d{i}" for i in donor], "dose": dose}, index=[f"S{i}" for i in range(18)])
    with pytest.raises(Untestable, match=r"hangs on donor d0: [\s\S]*blocks hold repeats of a group") as found:
        build_design(samples, target, ~target, ["factor(dose)"], "donor", min_group_size=2, samples_in_block="repeats")
    assert "Leave out the covariate" in str(found.value)
    assert "`biological_unit`" in str(found.value)

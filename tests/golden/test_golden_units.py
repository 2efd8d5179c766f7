"""Errors by unit equal R's clubSandwich: genes, sets, Hedges g, bridges, units of an atlas, sites of promoters; `units.R` wrote the numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from limma_golden import read, sets_table

from sidemine.atlas.concordance import SharedProfiles, Weights, chance_by_unit, measure_unit
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.differential.linear_model import common_space
from sidemine.enrichment.rotated_deviates import bailey_factor
from sidemine.enrichment.set_effect import hedges_g, set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.unit_errors import genes_by_unit, p_of_blocks_over_others, p_of_units
from sidemine.lines.bridge.profiles import Side, build_side
from sidemine.lines.bridge.rotation import Question, _p_of_units, rotation_p_values
from sidemine.lines.bridge.statistic import measure_concordance_of
from sidemine.lines.promoter.measure import site_effect
from sidemine.stats.sandwich import sandwich
from sidemine.stats.tails import z_of_t

GENES = [f"g{number:02d}" for number in range(1, 61)]
AS_CORRELATION = {"wells", "crossing", "crossing and weights", "counts in wells"}
DESIGNS = ["two groups", "missing values", "pairs", "fixed repeats", "counts", *sorted(AS_CORRELATION)]
# As in the golden numbers of limma: voom's curve agrees to some 1e-7.
TOLERANCE = 1e-6


@cache
def fit_of(design: str) -> ContrastFit:
    """Fit a stored design on the way of the product: blocks, weights and repeats as a study declares them."""
    rows = read("units_samples").query("design == @design").set_index("sample")
    target = rows["group"].to_numpy() == 1
    samples = pd.DataFrame({"age": rows["age"].astype(str)}, index=rows.index)
    if blocked := bool(rows["block"].notna().all()):
        samples["block"] = rows["block"]
        samples["unit"] = rows["block"] if design in AS_CORRELATION else list(rows.index)
    built = build_design(
        samples,
        target,
        ~target,
        ["number(age)"] if rows["age"].notna().all() else [],
        "block" if blocked else "",
        "correlation" if design in AS_CORRELATION else "fixed",
        samples_in_block="repeats",
    )
    values = rows[GENES].to_numpy(dtype=float).T
    layer = "counts" if design.startswith("counts") else "log2"
    return fit_contrast(values, GENES, built, layer=layer, array_weights=design.endswith("weights"))


def membership_of(fit: ContrastFit):
    """Return the stored sets on the genes of a fit."""
    return build_membership(sets_table(read("units_sets")), fit.genes, min_size=1)


@pytest.mark.parametrize("design", DESIGNS)
def test_p_of_genes_equal_clubsandwich(design: str) -> None:
    """Every gene by itself: HC2 by sample, CR2 by block, on Satterthwaite's degrees of freedom."""
    theirs = read("units_genes").query("design == @design")
    fit = fit_of(design)
    assert fit.genes == list(theirs["gene"])
    np.testing.assert_allclose(genes_by_unit(fit).p_values, theirs["p"], rtol=TOLERANCE)
    assert fit.score_sandwich.df == pytest.approx(theirs["df"].iloc[0], rel=TOLERANCE)


@pytest.mark.parametrize("design", DESIGNS)
def test_effects_of_sets_equal_clubsandwich(design: str) -> None:
    """Effect, error, degrees of freedom, interval and p of sets (signed ones, one of a single gene), over others and as Hedges g."""
    fit = fit_of(design)
    membership = membership_of(fit)
    theirs = read("units_effects").query("design == @design").set_index("gene_set").loc[membership.gene_sets]
    effects, g = set_effects(fit, membership), hedges_g(fit, membership)
    for name in (
        "df",
        "effect",
        "effect_se",
        "ci_low",
        "ci_high",
        "p_value",
        *(f"over_complement{end}" for end in ("", "_se", "_ci_low", "_ci_high")),
    ):
        np.testing.assert_allclose(effects[name], theirs[name], rtol=TOLERANCE, atol=1e-9, err_msg=name)
    for ours, name in (("g", "g"), ("g_se", "g_se"), ("ci_low", "g_low"), ("ci_high", "g_high"), ("p_value", "g_p")):
        np.testing.assert_allclose(g[ours], theirs[name], rtol=TOLERANCE, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(p_of_units(fit, membership), theirs["p_units"], rtol=TOLERANCE)
    over = p_of_blocks_over_others(fit, membership)
    np.testing.assert_allclose(over, theirs["p_over"] if fit.blocks else 0.0, rtol=TOLERANCE)


def side_of(names: str, genes: list[str] | None = None) -> tuple[Side, list[str]]:
    """Return a side of one contrast or several, and the genes that its fits share."""
    fits = {name: fit_of(name) for name in names.split(" + ")}
    shared = [gene for gene in genes or GENES if all(gene in fit.genes for fit in fits.values())]
    return build_side(fits, shared, list(fits), seed=1, what="golden"), shared


@pytest.mark.parametrize("row", range(4))
def test_bridges_equal_clubsandwich(row: int) -> None:
    """Concordance, its error, interval and reliabilities from the genes' covariance by unit; p of either side where no rotation is larger."""
    theirs = read("units_bridges").iloc[row]
    shared = side_of(theirs["drug"], side_of(theirs["disease"])[1])[1]
    drug, disease = (side_of(theirs[name], shared)[0] for name in ("drug", "disease"))
    chosen = np.isin(shared, theirs["genes"].split(","))
    found = measure_concordance_of(drug.whole, disease.whole, chosen)
    assert found is not None
    for name in ("value", "se", "ci_low", "ci_high", "reliability_drug", "reliability_disease"):
        assert getattr(found, name) == pytest.approx(theirs[name], rel=TOLERANCE, abs=TOLERANCE), name
    for name, side, other in (("p_drug", drug, disease), ("p_disease", disease, drug)):
        question = Question(np.where(chosen, other.whole.deviates, 0), found.product)
        by_unit = _p_of_units(side.whole, [question])[0]
        assert by_unit == pytest.approx(theirs[name], rel=TOLERANCE)
        rotated = rotation_p_values(side, {side.main: {"asked": question}}, 99)[side.main]["asked"]
        assert rotated >= by_unit


@pytest.mark.parametrize("design", ["counts", "counts in wells"])
def test_noise_under_voom_is_near_that_of_each_genes_own_weights(design: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores have one weight per sample, genes of read counts their own: variances agree in the mean over genes, and of half of the genes by 15 %."""
    monkeypatch.setattr("sidemine.lines.bridge.profiles._centred", lambda values: values)
    theirs = read("units_voom").query("design == @design")
    side, genes = side_of(design)
    assert genes == list(theirs["gene"])
    ratio = np.sum(side.whole.noises[0][0] ** 2, axis=1) / theirs["variance"].to_numpy()
    assert np.mean(ratio) == pytest.approx(1, abs=0.05)
    assert np.median(np.abs(ratio - 1)) < 0.15
    assert side.whole.noises[0][1] == pytest.approx(theirs["df"].median(), rel=0.03)


@pytest.mark.parametrize("row", range(2))
def test_units_of_an_atlas_equal_clubsandwich(row: int) -> None:
    """Mean concordance of a pathway's drugs, some genes not measured, and the variance and degrees of freedom that chance gives it."""
    theirs = read("units_atlas").iloc[row]
    side, _ = side_of(theirs["disease"])
    rows = read("units_library")
    profiles = SharedProfiles.of(rows[GENES].to_numpy(dtype=float), list(rows["drug"]))
    unit = measure_unit(profiles, side.whole.deviates, np.arange(24))
    assert unit is not None
    assert unit.value == pytest.approx(theirs["value"], rel=TOLERANCE, abs=TOLERANCE)
    weights = Weights.of([unit.row], len(GENES))
    variance, df = chance_by_unit(side, weights)
    assert (variance[0], df[0]) == pytest.approx((theirs["variance"], theirs["df"]), rel=TOLERANCE)
    assert weights.times(side.whole.deviates)[0] == pytest.approx(theirs["sum"], rel=TOLERANCE)


@pytest.mark.parametrize("design", [name for name in DESIGNS if name != "missing values"])
def test_sites_of_promoters_equal_clubsandwich(design: str) -> None:
    """Slope on the site beside spline, GC and CpG; its error heeds how genes correlate, from block to block where these are units."""
    theirs = read("units_sites").set_index("design").loc[design]
    promoters = read("units_promoters").set_index("gene")
    site = promoters.loc[promoters["site"] > 0, "site"].to_dict()
    composition = {gene: (row.gc, row.cpg) for gene, row in promoters.iterrows()}
    found = site_effect(design, fit_of(design), site, composition)
    assert not isinstance(found, str)
    for name in ("effect", "se", "df", "inflation", "p_value"):
        assert getattr(found, name) == pytest.approx(theirs[name], rel=TOLERANCE), name


def test_odd_designs_equal_clubsandwich_where_its_error_is_unbiased() -> None:
    """60 random designs. Where a unit that decides has no residual, R's expectation is below the truth, and there is no error here."""
    samples, theirs = read("units_odd_samples"), read("units_odd").set_index("design")
    usable = 0
    for number, rows in samples.groupby("design"):
        batches = pd.get_dummies(rows["batch"]).to_numpy(dtype=float)
        matrix = np.column_stack([batches, rows["age"], rows["group"]])
        weights = rows["weight"].to_numpy() if (rows["weight"] != 1).any() else None
        space = common_space(rows["score"].to_numpy()[None], matrix, weights)
        found = sandwich(space.basis, [] if rows["block"].isna().all() else list(rows["block"]))
        row = theirs.loc[number]
        assert found.usable == (row["unbiased"] > 1 - 1e-6), number
        if found.usable:
            usable += 1
            assert found.df == pytest.approx(row["df"], rel=1e-6), number
            se = space.stdev_unscaled[0] * np.sqrt(found.variances(space.effects[:, 1:])[0])
            assert se == pytest.approx(row["se"], rel=1e-6), number
    assert 40 < usable < 58


def test_normal_deviates_of_t_equal_limma() -> None:
    """Hill's as limma's CAMERA has it, to 1e-12; Bailey's up to a twelfth of a degree of freedom: within 1.2 % on 3, .1 % on 10 of them."""
    grid = read("units_deviates")
    t, df = (grid[name].to_numpy(dtype=float) for name in ("t", "df"))
    np.testing.assert_allclose(z_of_t(t, df), grid["hill"], rtol=1e-12)
    np.testing.assert_allclose(z_of_t(t, df), grid["exact"], rtol=5e-4)
    bailey = np.sign(t) * bailey_factor(df) * np.sqrt(np.log1p(t**2 / df))
    np.testing.assert_allclose(bailey, grid["bailey"], rtol=1 / (20 * 3))
    assert (np.abs(bailey / grid["bailey"] - 1) <= 1 / (20 * df)).all()

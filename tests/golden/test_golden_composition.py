"""Effects adjusted for the mix of cells equal lm and clubSandwich, genes limma; `composition.R` wrote the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from limma_golden import read

from sidemine.considerations.composition.cell_proxies import build_proxies
from sidemine.considerations.composition.measure import measure_composition
from sidemine.considerations.composition.record import Adjusted
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.adjustment import adjust_fit, adjusted_estimate, set_score
from sidemine.effect.record import Estimate
from sidemine.enrichment.set_effect import score_factor

GENES = [f"g{number:02d}" for number in range(1, 91)]
PRIMARY = pd.DataFrame({"gene_set": "SET", "gene": GENES[:12], "weight": 1.0, "family": "target", "version": ""})
FIGURES = ["effect", "effect_se", "ci_low", "ci_high", "df", "p_value"]


@pytest.fixture(scope="module")
def fit() -> ContrastFit:
    rows = read("composition_samples").set_index("sample")
    target = rows["group"].to_numpy() == 1
    design = build_design(pd.DataFrame({"age": rows["age"].astype(str)}), target, ~target, ["number(age)"])
    return fit_contrast(rows[GENES].to_numpy(dtype=float).T, GENES, design)


@pytest.fixture(scope="module")
def markers() -> dict[str, list[str]]:
    return {cell: list(rows["gene"]) for cell, rows in read("composition_markers").groupby("cell")}


def agree(found: Estimate, of: str) -> None:
    theirs = read("composition_effects").set_index("of").loc[of, FIGURES]
    assert [getattr(found, name) for name in FIGURES] == pytest.approx(list(theirs), rel=1e-6), of


def test_total_and_adjusted_effects_equal_lm(fit: ContrastFit, markers: dict[str, list[str]]) -> None:
    """All proxies and each alone, how far each proxy differs, its reliability, and the effect if .3 of its variance were no cells."""
    found = measure_composition(fit, PRIMARY, markers, {}, [1])
    assert isinstance(found, Adjusted)
    assert [fact.left_out for fact in found.proxies] == [[]] * 3
    agree(found.total, "total")
    agree(found.adjusted, "adjusted")
    for single in found.single:
        agree(single.adjusted, f"alone {single.cell_type}")
        agree(single.shift, f"shift {single.cell_type}")
    bound = read("composition_effects").set_index("of").loc["bound", "effect"]
    assert found.corrected.effect == pytest.approx(bound, rel=1e-6)
    reliability = read("composition_reliability").set_index("cell")["reliability"]
    assert {fact.cell_type: fact.reliability for fact in found.proxies} == pytest.approx(
        reliability.to_dict(), rel=1e-6
    )


def test_intervals_by_bootstrap_equal_one_of_samples(fit: ContrastFit, markers: dict[str, list[str]]) -> None:
    """Of the difference and of the bound: 2,000 draws here in the effect space, 20,000 of the people's scores in R; within Monte-Carlo error."""
    found = measure_composition(fit, PRIMARY, markers, {}, [1])
    assert isinstance(found, Adjusted)
    theirs = read("composition_bootstrap").set_index("of")
    for of, ours in (("difference", found.difference), ("corrected", found.corrected)):
        row = theirs.loc[of]
        # A 2.5 % quantile of 2,000 normal draws has a standard error of .06 SD.
        assert (ours.ci_low, ours.ci_high) == pytest.approx((row["low"], row["high"]), abs=0.25 * row["sd"]), of
    assert found.corrected.effect_se == pytest.approx(theirs.loc["corrected", "sd"], rel=0.08)


def test_errors_of_estimated_factors_are_taken_over(fit: ContrastFit, markers: dict[str, list[str]]) -> None:
    """As the effect adjusted for hidden factors does: the variance of their group differences times the slopes on them."""
    target = set_score(fit, PRIMARY)
    proxies = build_proxies(fit, markers, {}, target)
    agree(
        adjusted_estimate(target, proxies.scores, score_factor(fit), fit, np.array([1.5, 0.8, 2.0])),
        "with errors of factors",
    )


def test_adjusted_genes_equal_limma(fit: ContrastFit, markers: dict[str, list[str]]) -> None:
    adjusted = adjust_fit(fit, build_proxies(fit, markers, {}, set_score(fit, PRIMARY)).scores)
    assert adjusted is not None
    theirs = read("composition_genes").set_index("gene").loc[adjusted.genes]
    for name in ("log2_fold_change", "t", "df", "p_value"):
        np.testing.assert_allclose(getattr(adjusted, name), theirs[name], rtol=1e-6, atol=1e-9, err_msg=name)

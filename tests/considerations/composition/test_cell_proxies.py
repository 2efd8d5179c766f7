"""Cell proxies: which markers count, how well they measure what they share, and which proxies are one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_composition import CASES, GENES, MARKERS, N, design, fitted, values

from sidemine.considerations.composition.cell_proxies import (
    _correlation,
    _not_different,
    _reliability,
    build_proxies,
    find_contaminated,
    is_moved,
    read_markers,
    read_panels,
    stimuli_checked,
)
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.adjustment import standardised
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership


def proxies_of(fit, markers, contaminated=None):
    target = standardised(fit)[:30].mean(axis=0)
    return build_proxies(fit, markers, contaminated or {}, target)


def stimulated(shift, spread=1.0):
    """A contrast in which the erythroid markers move by so many log2 units."""
    expression = 7 + spread * (values() - 7)
    expression[50:62] += shift * CASES
    return fit_contrast(expression, GENES, design())


def test_a_proxy_is_the_mean_of_its_standardised_markers():
    """In residual standard deviations of each gene; column 0 is the contrast."""
    fit = fitted(shift=0.8)
    found = proxies_of(fit, {"erythroid": MARKERS["erythroid"]})
    rows = [GENES.index(gene) for gene in found.facts[0].markers]
    scaled = fit.score_effects[rows] / np.sqrt(np.mean(fit.score_effects[rows, 1:] ** 2, axis=1, keepdims=True))
    assert found.scores == pytest.approx(scaled.mean(axis=0)[None])
    assert found.scores.shape == (1, 1 + fit.residual_df)


def test_reliability_is_cronbachs_alpha():
    """Of the markers' covariance: k / (k − 1) · (1 − sum of variances / variance of the sum)."""
    fit = fitted()
    (fact,) = proxies_of(fit, {"erythroid": MARKERS["erythroid"]}).facts
    residuals = standardised(fit)[[GENES.index(gene) for gene in fact.markers]][:, 1:]
    k = len(residuals)
    alpha = k / (k - 1) * (1 - np.sum(np.mean(residuals**2, axis=1)) / np.mean(residuals.sum(axis=0) ** 2))
    assert (fact.n_markers, fact.reliability) == (k, pytest.approx(alpha))


@pytest.mark.parametrize(("n_markers", "used"), [(0, False), (1, False), (3, False), (4, True)])
def test_four_measured_markers_are_enough(n_markers, used):
    """Fewer have no proxy, and say how many there are; unmeasured genes do not count."""
    markers = [*MARKERS["erythroid"][:n_markers], "UNMEASURED"]
    (fact,) = proxies_of(fitted(), {"erythroid": markers}).facts
    assert (fact.used, fact.n_markers) == (used, n_markers)
    assert fact.reason == ("" if used else f"{n_markers} usable markers, fewer than 4")
    assert (fact.reliability > 0.5) is used or n_markers == 3


def test_a_marker_is_compared_with_the_others_without_itself():
    """One gene of four is noise that leans a little to the target: among the others it has no part in their mean."""
    fit = fitted()
    (fact,) = proxies_of(fit, {"erythroid": [*MARKERS["erythroid"][:6], GENES[0], GENES[200]]}).facts
    assert GENES[0] in fact.left_out
    assert not set(MARKERS["erythroid"]) & set(fact.left_out)


def test_a_gene_without_residual_variance_is_zero_and_follows_nothing():
    """No correlation, no division by 0."""
    fit = fitted()
    flat = fit.score_effects.copy()
    flat[50] = 0.0
    fit = replace(fit, score_effects=flat)
    assert np.all(standardised(fit)[50] == 0)
    found = proxies_of(fit, {"erythroid": MARKERS["erythroid"]})
    assert np.isfinite(found.scores).all()
    assert found.facts[0].used


@pytest.mark.parametrize(
    ("shift", "contaminated"), [(0.0, False), (0.1, False), (0.19, False), (0.25, True), (-0.25, True), (0.6, True)]
)
def test_markers_that_move_a_little_are_kept(shift, contaminated):
    """0.2 log2 units with a strict p; less than that is no contamination however sure."""
    quiet = {"stimulus": stimulated(shift, spread=0.2)}
    assert bool(find_contaminated(MARKERS, quiet)) is contaminated


def test_large_moves_need_no_strict_p():
    """Half a log2 unit at p ≤ .05 is enough; .2 at the same p is not, once it is multiplied by types and contrasts."""
    noisy = {f"stimulus_{number}": stimulated(0.0, spread=4.0) for number in range(2)}
    for shift, found in ((0.9, ["erythroid"]), (0.0, [])):
        assert list(find_contaminated(MARKERS, noisy | {"stimulus_0": stimulated(shift, spread=1.6)})) == found


@pytest.mark.parametrize(
    ("effect", "p", "n_tests", "moved"),
    [
        (0.2, 0.005, 10, True),
        (-0.2, 0.005, 10, True),
        (0.19, 1e-9, 10, False),
        (0.2, 0.0051, 10, False),
        (0.5, 0.05, 10, True),
        (-0.5, 0.05, 10, True),
        (0.49, 0.05, 10, False),
        (0.5, 0.051, 10, False),
        (0.5, 0.051, 1, False),
        (0.2, 0.05, 1, True),
    ],
)
def test_how_far_and_how_surely_markers_must_move(effect, p, n_tests, moved):
    """Either way: 0.2 log2 units at .05 over all that is looked at, 0.5 at .05; the limits themselves are enough."""
    assert is_moved(effect, p, n_tests) is moved


def test_cell_types_times_contrasts_share_the_five_percent():
    """A quarter of a log2 unit at p = .0029: enough among 17, not among 18; what was not measured was asked about as well."""
    fit, erythroid = stimulated(0.2), {"erythroid": MARKERS["erythroid"]}
    foreign = fit_contrast(values(), [f"X{gene}" for gene in GENES], design())
    for n in (17, 18):
        types = erythroid | {f"type {number}": ["UNMEASURED"] for number in range(n - 1)}
        contrasts = {"a": fit, **{f"b{number}": foreign for number in range(n - 1)}}
        for found in (find_contaminated(types, {"a": fit}), find_contaminated(erythroid, contrasts)):
            assert found == ({"erythroid": TOLD} if n == 17 else {})


TOLD = "contaminated: its markers move in a (log2 0.25, p = 0.0029)"


def test_contamination_asks_for_errors_by_unit_too():
    """Six stimulated samples that vary three times as much: the test with one variance alone would find the markers moved."""
    stimulated_ones = np.arange(N) < 6
    expression = values()
    expression[:, stimulated_ones] = 7 + 3 * (expression[:, stimulated_ones] - 7)
    expression[50:62] += 0.7 * stimulated_ones
    table = pd.DataFrame(index=[f"s{number}" for number in range(N)])
    fit = fit_contrast(expression, GENES, build_design(table, stimulated_ones, ~stimulated_ones))
    markers = pd.DataFrame({"gene_set": "erythroid", "family": "confounder", "gene": MARKERS["erythroid"]})
    membership = build_membership(markers.assign(weight=1.0, version=""), GENES)
    assert fry(fit, membership)["p_value"][0] < 0.001
    assert find_contaminated({"erythroid": MARKERS["erythroid"]}, {"a": fit}) == {}


def test_values_without_a_fold_change_contaminate_nothing():
    """The limits are in log2 units; a contrast of z-scores is passed over, and the next one looked at."""
    scores = stimulated(0.9, spread=0.2)
    scores = replace(scores, facts=replace(scores.facts, unit="z-score"))
    assert stimuli_checked(MARKERS, {"a": scores}) == []
    assert find_contaminated(MARKERS, {"a": scores}) == {}
    assert list(find_contaminated(MARKERS, {"a": scores, "b": stimulated(0.9, spread=0.2)})) == ["erythroid"]


def test_contamination_names_the_first_contrast_with_its_figures():
    """Contrasts in the order of their names; effect and p stand in the reason."""
    found = find_contaminated(MARKERS, {"b": stimulated(0.9, spread=0.2), "a": stimulated(0.5, spread=0.2)})
    assert found["erythroid"].startswith("contaminated: its markers move in a (log2 0.5")
    assert set(found) == {"erythroid"}


def test_stimuli_that_measure_no_marker_check_nothing():
    """A panel without these genes is passed over, and the next contrast is still looked at."""
    foreign = fit_contrast(values(), [f"X{gene}" for gene in GENES], design())
    stimuli = {"a_panel": foreign, "b_array": stimulated(0.9, spread=0.2)}
    assert stimuli_checked(MARKERS, stimuli) == ["b_array"]
    assert list(find_contaminated(MARKERS, stimuli)) == ["erythroid"]


@pytest.mark.parametrize(("noise", "joined"), [(0.3, True), (3.0, False)])
def test_proxies_join_by_how_alike_their_residuals_are(noise, joined):
    """Above a correlation of .7 they are averaged; below they stand apart."""
    rng = np.random.default_rng(3)
    expression = values()
    cells = expression[50:62].mean(axis=0) - 7
    expression[100:112] = 7 + 1.5 * cells + noise * 0.3 * rng.standard_normal(N) + 0.1 * rng.standard_normal((12, N))
    fit = fit_contrast(expression, GENES, design())
    found = proxies_of(fit, {"one": MARKERS["erythroid"], "two": GENES[100:112]})
    assert found.names == (["one+two"] if joined else ["one", "two"])
    assert len(found.scores) == len(found.names)


def test_markers_come_sorted_without_forbidden_genes(tmp_path):
    """Cell types by file name; a gene that stands twice counts once."""
    for name, genes in (("b_cell", "CD19 CD79A CD19"), ("a_cell", "STAT1 HBB")):
        (tmp_path / f"{name}.tsv").write_text(
            "gene_set\tfamily\tgene\n" + "".join(f"S\tx\t{g}\n" for g in genes.split())
        )
    found = read_markers(
        [tmp_path / "b_cell.tsv", tmp_path / "a_cell.tsv"], pd.DataFrame({"family": ["target"], "gene": ["STAT1"]})
    )
    assert list(found.items()) == [("a_cell", ["HBB"]), ("b_cell", ["CD19", "CD79A"])]


def test_panels_come_by_name_without_forbidden_genes(tmp_path):
    """Files of one cell type are the panel of blood, beside what the study has of that name; a file of cell types is a panel."""
    (tmp_path / "b_cell.tsv").write_text("gene\nCD79A\nCD19\nSTAT1\n")
    (tmp_path / "a_cell.tsv").write_text("gene\nHBB\n")
    (tmp_path / "tissue.tsv").write_text("cell_type\tgene\nz\tVWF\ny\tCDH5\nz\tSOCS3\nz\tACE\n")
    sets = pd.DataFrame({"family": ["target", "member", "comparator"], "gene": ["STAT1", "SOCS3", "VWF"]})
    own = {"own.tsv": {"lining": ["PRG4", "STAT1"]}, "blood": {"platelet": ["PPBP"]}}
    found = read_panels([tmp_path / f"{name}.tsv" for name in ("tissue", "b_cell", "a_cell")], own, sets)
    assert [(name, list(panel.items())) for name, panel in found.items()] == [
        ("blood", [("a_cell", ["HBB"]), ("b_cell", ["CD19", "CD79A"]), ("platelet", ["PPBP"])]),
        ("own.tsv", [("lining", ["PRG4"])]),
        ("tissue", [("y", ["CDH5"]), ("z", ["ACE", "VWF"])]),
    ]


def test_what_does_not_vary_correlates_with_nothing():
    """And markers that work against each other measure nothing: no reliability below 0."""
    assert _correlation(np.zeros(3), np.array([1.0, -1.0, 0.0])) == 0.0
    assert _correlation(np.array([2.0, -2.0, 0.0]), np.array([-1.0, 1.0, 0.0])) == pytest.approx(-1)
    assert _reliability(-0.1, 4) == _reliability(0.5, 0) == 0.0
    assert _reliability(0.5, 4) == pytest.approx(0.8)


def test_of_many_cell_types_those_that_do_not_differ_stay_out():
    """More than eight: three in any case, beyond them those that may differ; the set's score has no say."""
    rng = np.random.default_rng(8)
    n, cells = 60, [f"cell{number:02d}" for number in range(14)]
    is_case = np.arange(n) < 30
    shares = rng.standard_normal((14, n)) + np.outer(np.arange(14) < 9, is_case) * 1.5
    shares -= (
        np.where(np.arange(14) < 9, 0, 1)[:, None]
        * (shares[:, is_case].mean(axis=1) - shares[:, ~is_case].mean(axis=1))[:, None]
        * is_case
    )
    genes = [f"{cell}_{number}" for cell in cells for number in range(8)]
    values = np.repeat(shares, 8, axis=0) + 0.8 * rng.standard_normal((len(genes), n))
    samples = pd.DataFrame(index=[f"s{number}" for number in range(n)])
    fit = fit_contrast(7 + 0.1 * values, genes, build_design(samples, is_case, ~is_case, []))
    markers = {cell: genes[8 * number : 8 * number + 8] for number, cell in enumerate(cells)}
    target = rng.standard_normal(fit.score_effects.shape[1]) * 0.01
    found = build_proxies(fit, markers, {}, target)
    assert set(cells[:9]) <= set(found.names)
    out = [fact for fact in found.facts if not fact.used]
    assert out
    assert all("does not differ between the groups" in fact.reason for fact in out)
    few = build_proxies(fit, {cell: markers[cell] for cell in cells[6:]}, {}, target)
    assert len(few.names) == 8


@pytest.mark.parametrize(
    ("t", "kept"),
    [
        ([0.1] * 8, 8),
        ([0.1] * 9, 3),
        ([*[0.1] * 6, 0.3, -0.9, 0.2], 3),
        ([*[0.1] * 4, *[1.33] * 5], 5),
        ([*[0.1] * 4, *[-1.33] * 5], 5),
        ([*[0.1] * 4, *[1.32] * 5], 3),
    ],
)
def test_how_many_of_many_cell_types_enter(t, kept):
    """Up to eight all; then the three most different, and every one with p ≤ .2: of 20 residual degrees of freedom |t| ≥ 1.325."""
    names = [f"cell {number}" for number in range(len(t))]
    out = _not_different(names, [np.array([2 * each, *[2.0, -2.0] * 10]) for each in t])
    stay = [name for name in names if name not in out]
    assert len(stay) == kept
    assert min(abs(t[names.index(name)]) for name in stay) >= max(
        (abs(t[names.index(name)]) for name in out), default=0
    )


def test_a_cell_type_that_is_not_in_the_sample_has_no_proxy():
    """Markers in the background of the array vary together, and measure no cell."""
    fit = fitted(shift=0.5)
    background = np.isin(fit.genes, MARKERS["erythroid"])
    deep = replace(fit, mean_expression=np.where(background, 3.0, fit.mean_expression))
    assert proxies_of(fit, {"erythroid": MARKERS["erythroid"]}).names == ["erythroid"]
    found = proxies_of(deep, {"erythroid": MARKERS["erythroid"]})
    assert found.names == []
    assert "lowest expression" in found.facts[0].reason
    counts = replace(deep, facts=replace(deep.facts, engine="voom"))
    assert proxies_of(counts, {"erythroid": MARKERS["erythroid"]}).names == ["erythroid"]

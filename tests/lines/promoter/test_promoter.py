"""Motifs hit at the p that is told, on both strands; sites are tested beside what their promoters are made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.set_membership import build_membership
from sidemine.errors import InputError
from sidemine.lines.promoter.measure import Site, measure_promoters, pool_sites, site_effect
from sidemine.lines.promoter.motifs import (
    HIT_P,
    MotifMatrix,
    Promoters,
    family_of,
    read_matrices,
    read_promoters,
    scan_promoters,
)
from sidemine.lines.promoter.record import SiteEffect
from sidemine.simulate.promoters import SITES, gc_contents, jaspar_text, simulate_promoters

GENES = [f"G{number:03d}" for number in range(600)]


@pytest.fixture
def matrices(tmp_path):
    path = tmp_path / "own.jaspar"
    path.write_text("# told\n" + jaspar_text())
    return read_matrices(path)


def test_a_hit_has_the_p_that_is_told():
    """Of all sequences as long as a matrix, at most one in ten thousand hits; with the next lower score it would be more."""
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 60, (7, 4)) + 1
    matrix = MotifMatrix("M.1", "IRF1", tuple(tuple(float(value) for value in row) for row in counts))
    odds = np.log2((counts + 0.2) / (counts + 0.2).sum(axis=1, keepdims=True) * 4)
    words = list(product(range(4), repeat=7))
    scores = odds[np.arange(7), np.array(words)].sum(axis=1)
    best = np.sort(np.unique(scores.round(6)))[::-1][:40]
    reached = [(scores >= score - 1e-5).mean() for score in best]
    threshold = best[max(place for place, p in enumerate(reached) if p <= HIT_P)]
    expected = {"".join("ACGT"[at] for at in words[place]) for place in np.flatnonzero(scores >= threshold - 1e-5)}
    opposite = {word[::-1].translate(str.maketrans("ACGT", "TGCA")) for word in expected}
    chosen = ["".join("ACGT"[at] for at in words[place]) for place in np.argsort(-scores)[:200]]
    found = scan_promoters({word: word for word in [*chosen, *opposite]}, [matrix])
    assert {word for word, share in found.share.items() if share} == (expected | opposite)


def test_sites_are_found_on_both_strands_and_never_across_unknown_bases(matrices):
    site, filler = SITES["ISRE"], "ACGTTGCATG" * 10
    reverse = site[::-1].translate(str.maketrans("ACGT", "TGCA"))
    promoters = {
        "forward": filler + site + filler,
        "reverse": filler + reverse + filler,
        "lower": filler + site,
        "broken": filler + site[:5] + "N" + site[6:] + filler,
        "none": filler * 2,
        "short": "ACG",
        "unknown": "N" * 100,
    }
    found = scan_promoters(promoters, family_of(matrices, "ISRE"))
    assert {name: share for name, share in found.share.items() if share} == {
        "forward": 1.0,
        "reverse": 1.0,
        "lower": 1.0,
    }
    assert "short" not in found.share
    assert "unknown" not in found.share
    assert found.composition["none"] == (pytest.approx(0.5), pytest.approx(filler.count("CG") * 4 / 50 * 2, rel=0.5))
    assert [name.split()[1] for name in scan_promoters({}, family_of(matrices, "GAS")).matrices] == ["STAT1", "STAT3"]
    tiny = MotifMatrix("M.1", "IRF1", ((5.0, 0.0, 0.0, 0.0),) * 3)
    assert scan_promoters(promoters, [tiny]).too_short == ["M.1 IRF1"]


def test_the_newest_version_of_a_matrix_counts_and_families_have_their_own(tmp_path):
    rows = "A [ 9 1 ]\nC [ 1 9 ]\nG [ 1 1 ]\nT [ 1 1 ]\n"
    names = {"MA0001.2": "STAT1", "MA0001.1": "STAT1", "MA0002.1": "STAT1::STAT2", "MA0003.1": "Stat5a::Stat5b",
             "MA0004.1": "Stat92E", "MA0005.1": "Irf-b", "MA0006.1": "PRDM14", "MA0007.1": "PRDM1", "MA0008.3": "Irf1"}  # fmt: skip
    path = tmp_path / "x.jaspar"
    path.write_text("".join(f">{key}\t{name}\ttax=9606\n{rows}" for key, name in names.items()))
    found = read_matrices(path)
    assert len(found) == 8
    assert [matrix.id for matrix in family_of(found, "GAS")] == ["MA0001.2", "MA0003.1"]
    assert [matrix.id for matrix in family_of(found, "ISRE")] == ["MA0002.1", "MA0007.1", "MA0008.3"]


@pytest.mark.parametrize(
    "text",
    [
        ">MA1 X\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 2 ]\n",
        ">MA1 X\nA [ 1 2 ]\nC [ 1 2 ]\nG [ 1 2 ]\nT [ 1 ]\n",
        ">MA1 X\nA [ 1 x ]\nC [ 1 2 ]\nG [ 1 2 ]\nT [ 1 2 ]\n",
        ">MA1 X\nA [ -1 2 ]\nC [ 1 2 ]\nG [ 1 2 ]\nT [ 1 2 ]\n",
        ">MA1 X\nA [ .3 .2 ]\nC [ .3 .2 ]\nG [ .3 .2 ]\nT [ .1 .4 ]\n",
        "MEME version 4\n",
    ],
)
def test_what_is_no_matrix_of_counts_is_refused(tmp_path, text):
    path = tmp_path / "x.jaspar"
    path.write_text(text)
    with pytest.raises(InputError, match=r"motif matrix cannot be read(.|\n)*line 1"):
        read_matrices(path)


def test_promoters_are_read_by_gene(tmp_path):
    path = tmp_path / "p.fa"
    path.write_text("# told\n>A chr1:1-8\nacgt\nRYGT\n>B|x\nAC\n>A\nTTTT\n>\nGG\n>C\n")
    assert read_promoters(path) == Promoters({"A": "ACGTNNGT", "B": "AC"}, ["A"], 1, 1)
    path.write_text("gene\tsequence\n")
    with pytest.raises(InputError, match="no sequence in it"):
        read_promoters(path)
    path.write_text(">A\n" + "A" * 100_001)
    with pytest.raises(InputError, match="more than 100,000 letters"):
        read_promoters(path)


def fitted(rng, n, change, level):
    """Two groups of n, blocks of 30 co-expressed genes."""
    values = 0.9 * rng.standard_normal((600, 2 * n)) + 0.45 * np.repeat(rng.standard_normal((20, 2 * n)), 30, axis=0)
    target = np.arange(2 * n) < n
    values = level[:, None] + 0.4 * (values + change[:, None] * target)
    samples = pd.DataFrame(index=[f"s{at}" for at in range(2 * n)])
    return fit_contrast(values, GENES, build_design(samples, target, ~target, []))


def test_without_covariates_it_is_camera():
    """The regression on membership alone is CAMERA's two-sample t, but for how the genes outside enter its variance."""
    rng = np.random.default_rng(4)
    members = GENES[60:105]
    fit = fitted(rng, 8, 0.8 * np.isin(GENES, members), np.zeros(600))
    fit = replace(fit, mean_expression=np.zeros(600))
    rows = pd.DataFrame({"gene_set": "S", "gene": members, "weight": 1.0, "family": "t", "version": "1"})
    theirs = camera(fit, build_membership(rows, GENES)).iloc[0]
    found = site_effect("c", fit, dict.fromkeys(members, 1.0))
    assert isinstance(found, SiteEffect)
    assert theirs["inter_gene_correlation"] > 0.05
    assert found.effect / found.se == pytest.approx(theirs["statistic"], rel=0.1)
    assert found.df == theirs["df"]


def test_sites_that_follow_gc_call_nothing_where_change_follows_gc(matrices):
    rng = np.random.default_rng(5)
    gc = gc_contents(600, rng)
    found = scan_promoters(simulate_promoters(GENES, gc, {}, rng, length=800), family_of(matrices, "ISRE"))
    standard = (gc - gc.mean()) / gc.std()
    tails, naive = [], []
    for _ in range(30):
        fit = fitted(rng, 8, 0.6 * standard, 7 + standard)
        both = (
            site_effect("c", fit, found.share, found.composition),
            site_effect("c", replace(fit, mean_expression=np.zeros(600)), found.share),
        )
        tails.append(both[0].p_value)
        naive.append(both[1].p_value)
    assert np.mean(np.array(tails) <= 0.05) <= 0.2
    assert np.mean(np.array(naive) <= 0.05) >= 0.5
    planted = fitted(rng, 8, 0.6 * standard + np.array([found.share[gene] for gene in GENES]), 7 + standard)
    assert site_effect("c", planted, found.share, found.composition).p_value < 0.01


def dishes(seed, change=0.0):
    """Fit 3 v 3 dishes of 3 wells: 40 genes move together from dish to dish, and by `change` with the treatment."""
    rng = np.random.default_rng(seed)
    dish = np.repeat(np.arange(6), 3)
    values = rng.standard_normal((600, 18))
    values[:40] += rng.standard_normal(6)[dish] + change * (dish < 3)
    samples = pd.DataFrame({"dish": [f"d{at}" for at in dish]}, index=[f"s{at}" for at in range(18)])
    samples["unit"] = samples["dish"]
    return fit_contrast(7 + 0.3 * values, GENES, build_design(samples, dish < 3, dish >= 3, [], "dish", "correlation"))


def test_wells_of_a_dish_are_no_replicates_for_sites_either():
    """Blocks as a correlation, genes with a site that move from dish to dish, no effect: with samples as the units 30 % of 200."""
    site = dict.fromkeys(GENES[:40], 1.0)
    null = [site_effect("c", dishes(seed), site) for seed in range(80)]
    assert sum(found.p_value <= 0.05 for found in null) <= 9
    assert max(found.df for found in null) < 5
    assert all(site_effect("c", dishes(seed, change=6.0), site).p_value < 0.05 for seed in range(5))


def test_few_genes_with_a_site_are_not_tested():
    fit = fitted(np.random.default_rng(6), 4, np.zeros(600), np.zeros(600))
    assert "3 of 600 usable genes have a site" in site_effect("c", fit, dict.fromkeys(GENES[:3], 1.0))
    everywhere = site_effect("c", fit, dict.fromkeys(GENES, 1.0), dict.fromkeys(GENES, (0.5, 0.2)))
    assert "nothing of the site is left" in everywhere


def test_contrasts_are_pooled_by_their_precision():
    one = SiteEffect("a", 500, 50, 0.5, 0.25, 10.0, 1.0, 0.0734)
    effect, se, p_value = pool_sites([one])
    assert (effect, se) == (0.5, 0.25)
    assert p_value == pytest.approx(0.0734)
    effect, se, p_value = pool_sites([one, replace(one, effect=-0.5)])
    assert effect == pytest.approx(0)
    assert p_value == pytest.approx(1)
    # t = 10 on 4 and −9 on 100 degrees of freedom: the mean is above 0, the joined deviates (p = .003) are below.
    few, many = (
        replace(one, effect=10.0, se=1.0, df=4.0, p_value=0.00056),
        replace(one, effect=-9.0, se=1.0, p_value=1e-14),
    )
    effect, _, p_value = pool_sites([few, many])
    assert effect > 0
    assert p_value == 1
    assert pool_sites([one] * 4)[1] == pytest.approx(0.125)


def test_jaspars_matrices_are_two_families(real_files):
    path = real_files / "data" / "motifs" / "JASPAR2026_CORE_STAT_IRF_PRDM1.jaspar"
    if not path.is_file():
        pytest.skip("no JASPAR file here")
    found = read_matrices(path)
    assert (len(family_of(found, "GAS")), len(family_of(found, "ISRE"))) == (7, 11)
    rng = np.random.default_rng(1)
    promoters = simulate_promoters(GENES, np.full(600, 0.5), {"ISRE": GENES[:20], "GAS": GENES[20:40]}, rng)
    isre, gas = (scan_promoters(promoters, family_of(found, family)).share for family in ("ISRE", "GAS"))
    rest = np.mean([isre[gene] for gene in GENES[40:]]), np.mean([gas[gene] for gene in GENES[40:]])
    assert np.mean([isre[gene] for gene in GENES[:20]]) > 5 * rest[0]
    assert np.mean([gas[gene] for gene in GENES[20:40]]) > 5 * rest[1]


def test_a_chip_set_is_placed_among_the_other_sets_of_its_file_and_never_tested_alone():
    """Change follows what makes genes be called targets of any factor: the regression calls most sets, the place few."""
    rng = np.random.default_rng(8)
    opened = rng.standard_normal(600)
    likes = np.exp(opened) / np.exp(opened).sum()
    sets = {f"TF{at}": set(rng.choice(GENES, 60, replace=False, p=likes)) for at in range(24)}
    fits = {"a": fitted(rng, 10, 0.8 * opened, np.zeros(600)), "b": fitted(rng, 10, 0.8 * opened, np.zeros(600))}

    def row(name, direction="up", others=sets, fits=fits):
        others = {other: genes for other, genes in others.items() if other != name}
        site = Site("x", "ChIP targets", dict.fromkeys(sets[name], 1.0), others=others)
        return measure_promoters(site, fits, sets[name], direction)

    found = [row(name)[0] for name in sets]
    alone = [site_effect("a", fits["a"], dict.fromkeys(genes, 1.0)).p_value for genes in sets.values()]
    assert np.mean(np.array(alone) <= 0.05) > 0.5
    assert sorted(one.percentile for one in found) == pytest.approx(100 * np.arange(24) / 23)
    moved = fitted(rng, 10, 0.3 * opened + 1.5 * np.isin(GENES, list(sets["TF3"])), np.zeros(600))
    evidence, details = row("TF3", fits={"a": moved})
    assert (evidence.instead, evidence.p_value, evidence.p_declared, evidence.ci_low) == ("described", None, None, None)
    assert evidence.percentile == 100
    assert (details.effects[0].p_value, details.effects[0].place) == (None, 100)
    assert "than 23 of the 23 other target sets of the file. Described without a p" in evidence.reason
    assert row("TF3", "down", fits={"a": moved})[0].percentile == 0
    alone, _ = row("TF3", others={}, fits={"a": moved})
    assert (alone.instead, alone.percentile) == ("described", None)

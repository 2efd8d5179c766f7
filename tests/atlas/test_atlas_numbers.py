"""The atlas in bulk gives the numbers of a bridge, its test finds what was planted, and stays silent where nothing was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lines.bridge.planted_profiles import GENES, N_GENES, fit_study, source_of
from planted_atlas import N_EFFECTS, NULL, THREE, effect_of, judged, pathways_of, planted_three, profiles_of

from sidemine.atlas.blocks import Origin, Profiles
from sidemine.atlas.compare import Pathway, compare_effect, rotate_drugs
from sidemine.atlas.concordance import random_sets
from sidemine.atlas.finished import drug_deviates, refusal_of
from sidemine.atlas.global_test import CHANCE_DRUGS, MISMATCHED, OTHER_PATHWAYS, mean_square, permuted, strata_of
from sidemine.atlas.judge import Asked, find_repeats, judge
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.lines.bridge.comparators import gather_comparators
from sidemine.lines.bridge.comparisons import BridgeData, measure_rows
from sidemine.lines.bridge.profiles import build_side
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.interaction.record import POOLED

IN_SET = np.arange(N_GENES) < 40


def test_a_single_pair_has_the_numbers_of_its_bridge():
    """Two cohorts on different genes, a drug on others again: concordance and both p-values equal the shipped bridge's."""
    drug = fit_study(1, 4, 4, 0.9 * IN_SET[30:], genes=GENES[30:])
    cohorts = {
        "s.a": fit_study(2, 40, 30, 0.1 * IN_SET),
        "s.b": fit_study(3, 50, 20, 0.2 * IN_SET[:560], genes=GENES[:560]),
    }
    effect = effect_of(cohorts)
    genes = sorted(set(drug.genes).intersection(*(fit.genes for fit in cohorts.values())))
    own = build_side({"s.d": drug}, genes, ["s.d"], seed=NULL.seed, what="drug")
    total = build_side(cohorts, genes, list(cohorts), seed=NULL.seed, what="total")
    members = frozenset(GENES[20:60])
    data = BridgeData(
        genes,
        own,
        {"total": total},
        dict.fromkeys([*cohorts, POOLED], ""),
        {"T": np.isin(genes, list(members))},
        [],
        gather_comparators({}, None, genes),
    )
    bridge = next(
        row for row in measure_rows(data, NULL.rotations) if row.scope.scope == "target" and row.disease == POOLED
    )
    pathway = Pathway("p", members, {"d": "drug"})
    block = compare_effect("e", effect, [pathway], profiles_of({"d": source_of("d", drug)}), ["p"], NULL)
    of_effects = Profiles(["e"], effect.genes, effect.deviates[None].astype(np.float32), [effect.origin])
    drawn = rotate_drugs(pathway, [("d", "s.d", drug)], of_effects, {"e": ["d"]}, {}, NULL)
    (unit,) = block.record.units
    assert bridge.evidence.total is not None
    assert unit.n_genes == bridge.evidence.total.n_genes == 30
    assert unit.concordance == pytest.approx(bridge.evidence.total.value, abs=1e-6)
    for row, p_value in ((block.drawn[0], bridge.evidence.p_disease), (drawn[0], bridge.evidence.p_drug)):
        counted = np.count_nonzero(np.abs(row[1:]) >= np.abs(row[0]))
        # Where the errors by unit decide, their p is met to one draw.
        assert (counted + 1) / (NULL.rotations + 1) == pytest.approx(p_value, abs=1.01 / (NULL.rotations + 1))
    assert 0.02 < bridge.evidence.p_disease < 0.98
    assert unit.z == pytest.approx(block.drawn[0, 0], abs=1e-5)
    assert block.drawn[0, 1:].std() == pytest.approx(1, abs=0.15)  # z is in units of chance
    assert np.nanstd(block.random) == pytest.approx(1, abs=0.4)


def fit_dishes(seed, shift=None, dishes=3):
    """Dishes of three wells in each group, as a correlation; the first block of genes moves from dish to dish."""
    rng = np.random.default_rng(seed)
    dish = np.repeat(np.arange(2 * dishes), 3)
    values = rng.standard_normal((N_GENES, len(dish)))
    values[:40] += 2 * np.outer(np.linspace(-1, 1, 40), rng.standard_normal(2 * dishes))[:, dish]
    values += 0 if shift is None else np.outer(shift, dish < dishes)
    samples = pd.DataFrame({"dish": [f"d{one}" for one in dish]}, index=[f"s{one}" for one in range(len(dish))])
    design = build_design(samples, dish < dishes, dish >= dishes, [], "dish", "correlation")
    return fit_contrast(7 + 0.3 * values, GENES, design)


@pytest.mark.parametrize("wells", ["drug", "effect"])
def test_wells_of_a_dish_are_no_replicates_in_an_atlas_either(wells):
    """Blocks as a correlation on either side: counting the draws gives the bridge's p; by rotation alone a third were called."""
    pattern = np.zeros(N_GENES)
    pattern[:40] = np.linspace(-1, 1, 40)
    pathway, called = Pathway("p", frozenset(GENES[:40]), {"d": "drug"}), 0
    for seed in range(20):
        blocked, plain = fit_dishes(seed), fit_study(100 + seed, 20, 20, 0.8 * pattern)
        drug, disease = (blocked, plain) if wells == "drug" else (plain, blocked)
        effect = effect_of({"s.a": disease})
        own = build_side({"s.d": drug}, GENES, ["s.d"], seed=NULL.seed, what="drug")
        block = compare_effect("e", effect, [pathway], profiles_of({"d": source_of("d", drug)}), ["p"], NULL)
        of_effects = Profiles(["e"], effect.genes, effect.deviates[None].astype(np.float32), [effect.origin])
        drawn = rotate_drugs(pathway, [("d", "s.d", drug)], of_effects, {"e": ["d"]}, {}, NULL)
        side, fixed, draws = (
            (own, effect.side, drawn[0]) if wells == "drug" else (effect.side, own, block.drawn[0].astype(float))
        )
        weights = np.where(np.isin(GENES, GENES[:40]), fixed.whole.deviates, 0.0)
        question = Question(weights, float(weights @ side.whole.deviates))
        expected = rotation_p_values(side, {side.main: {"t": question}}, NULL.rotations)[side.main]["t"]
        p_value = (np.count_nonzero(np.abs(draws[1:]) >= abs(draws[0])) + 1) / (NULL.rotations + 1)
        assert p_value == pytest.approx(expected, abs=1.5 / NULL.rotations)
        called += p_value <= 0.05
    assert called <= 4


def test_wells_of_one_culture_give_no_profile():
    """Rotations know how wells differ, not cultures: such a contrast is left out of either side, and the table says why."""
    pattern = np.where(IN_SET, np.linspace(-3, 3, N_GENES), 0.0)
    drug, cohort = fit_study(1, 4, 4, pattern), fit_study(2, 30, 30, 0.2 * pattern)
    wells = source_of("d", drug, of_wells=True)
    assert (
        refusal_of(wells)
        == "the samples of d are wells of one culture: how another culture would answer is not in their error"
    )
    assert drug_deviates(wells) is None
    assert drug_deviates(replace(wells, of_wells=False)) is not None
    drugs = replace(profiles_of({"e": source_of("e", fit_study(3, 4, 4))}), left_out=[f"d: {refusal_of(wells)}"])
    pathway = Pathway("p", frozenset(GENES[:40]), {"d": "drug", "e": "other", "f": "third"})
    (unit,) = compare_effect("x", effect_of({"s.a": cohort}), [pathway], drugs, [], NULL).record.units
    assert unit.profiles == ["e"]
    assert unit.left_out == [f"d: {refusal_of(wells)}", "f: it could not be tested"]
    effect = effect_of({"s.a": cohort, "s.b": fit_study(4, 30, 30)}, of_wells=True)
    assert effect.genes == []
    assert [reason.partition(":")[0] for reason in effect.left_out] == ["s.a", "s.b"]


def test_siblings_and_repeats_count_once():
    """Two profiles of one drug are half a drug each; a profile without the set's genes, or of the patients' source, does not count."""
    shift = np.where(IN_SET, np.linspace(-3, 3, N_GENES), 0.0)
    fits = {"a1": fit_study(1, 3, 3, shift), "a2": fit_study(2, 3, 3), "b": fit_study(3, 3, 3)}
    fits |= {"few": fit_study(4, 3, 3, genes=GENES[35:]), "kin": fit_study(5, 3, 3)}
    sources = {name: source_of(name, fit) for name, fit in fits.items()}
    sources["kin"] = replace(sources["kin"], source="GSE_e")
    effect = effect_of({"e": fit_study(6, 30, 30, 0.2 * shift)})
    effect = replace(effect, origin=replace(effect.origin, sources=["GSE_e"]))
    drugs = {"a1": "a", "a2": "a", "b": "b", "few": "few", "kin": "kin"}
    everything = profiles_of(sources)
    members = frozenset(GENES[:40])

    def unit(names):
        pathway = Pathway("p", members, {name: drugs[name] for name in names})
        return compare_effect("e", effect, [pathway], everything, [], NULL).record.units[0]

    alone = {name: unit([name]).concordance for name in ("a1", "a2", "b")}
    together = unit(drugs)
    assert together.concordance == pytest.approx(np.mean([np.mean([alone["a1"], alone["a2"]]), alone["b"]]))
    assert (together.n_drugs, together.profiles) == (2, ["a1", "a2", "b"])
    assert [reason.partition(":")[0] for reason in together.left_out] == ["kin", "few"]
    assert unit(["kin"]).concordance is None


@pytest.fixture(scope="module")
def planted():
    """Three planted pairs among 15 target pathways and 8 effects."""
    return THREE, planted_three()


def test_planted_pairs_pass_the_global_test_and_are_called(planted):
    """Asked about the planted pairs, with their direction: all controls are exceeded, and each pair is called with its sign."""
    truth, blocks = planted
    test, units = judged(blocks, truth, "mimics")
    assert test.passed, test.sentence
    assert all(control.p_value is not None for control in test.controls)
    called = {(unit.target_pathway, unit.effect): unit.call for unit in units if unit.asked}
    assert list(called.values()) == ["same direction"] * 3
    assert [unit.target_pathway for unit in units] == sorted(unit.target_pathway for unit in units)
    assert {unit.call for unit in units if not unit.asked} == {"not asked"}


def test_the_wrong_direction_and_other_pairs_do_not_pass(planted):
    """The same pairs asked the other way, or pairs with nothing in them: nothing is called, p-values notwithstanding."""
    truth, blocks = planted
    for pairs, relation in ((truth, "opposes"), ([(3, 1), (6, 4), (10, 6)], "either")):
        test, units = judged(blocks, pairs, relation)
        assert not test.passed
        assert {unit.call for unit in units if unit.asked} == {"no disease-specific signal"}


def test_too_few_to_exchange_is_told_and_nothing_is_called(planted):
    """Of three diseases no mismatch can be significant: the test says so instead of passing without its control."""
    _, blocks = planted
    few = replace(blocks, compared=blocks.compared[:3])
    test, units = judged(few, [(2, 1)], "mimics")
    assert test.p_value is None
    assert "3 effects, too few to exchange" in test.sentence
    assert next(unit for unit in units if unit.asked).call == "no disease-specific signal"
    assert {control.name for control in test.controls if control.p_value is None} == {MISMATCHED}


def test_a_library_has_no_chance_of_its_own(planted):
    """Where a drug has no samples its side is not drawn, which is told and not required; the pair itself is not called."""
    truth, blocks = planted
    without = replace(blocks, drawn_drugs={n: b for n, b in blocks.drawn_drugs.items() if n != "p02"})
    test, units = judged(without, truth, "mimics")
    assert test.passed
    missing = next(control for control in test.controls if control.name == CHANCE_DRUGS)
    assert missing.p_value is None
    assert not missing.required
    first = next(unit for unit in units if unit.target_pathway == "p02" and unit.asked)
    assert first.p_drugs_rotated is None
    assert first.p_effect_rotated is not None
    assert (first.p_adjusted, first.call) == (None, "undetermined")
    assert first.reason == "chance cannot be drawn: profiles without samples"


def test_a_pair_that_could_not_be_measured_is_no_pair_of_the_family(planted):
    """One refused pair among four: the test is that of the other three, and the pair is refused with its reason."""
    truth, blocks = planted
    refused = replace(blocks.compared[0].units[0], concordance=None, z=None, left_out=["d: both come from GSE1"])
    first = replace(blocks.compared[0], units=[refused, *blocks.compared[0].units[1:]])
    drawn = {**blocks.drawn_effects, "e0": blocks.drawn_effects["e0"].copy()}
    drawn["e0"][0] = np.nan
    changed = replace(blocks, compared=[first, *blocks.compared[1:]], drawn_effects=drawn)
    test, units = judged(changed, [*truth, (0, 0)], "mimics")
    assert (test.passed, test.family) == (True, 3)
    pair = next(unit for unit in units if unit.asked and unit.target_pathway == "p00")
    assert (pair.call, pair.reason) == ("refused", "d: both come from GSE1")


def test_every_pair_asked_leaves_nothing_to_compare_with(planted):
    """Where all pairs are declared, exchanging them changes nothing: p is 1, however strong some are."""
    _, blocks = planted
    everything = [(pathway, effect) for pathway in range(len(pathways_of())) for effect in range(N_EFFECTS)]
    test, _ = judged(blocks, everything)
    p_values = {control.name: control.p_value for control in test.controls}
    assert p_values[MISMATCHED] == 1
    assert p_values[OTHER_PATHWAYS] < 0.05  # each drug's own genes do differ from others'
    assert not test.passed


def test_parts_of_the_test():
    """S counts the declared direction only and leaves out what is not known; strata hold likes; permutations keep them."""
    z = np.array([[3.0, -3.0], [-1.0, np.nan], [2.0, 2.0]])
    assert mean_square(z, np.array([1, -1, 0])).tolist() == [(9 + 1 + 4) / 3, (0 + 4) / 2]
    strength = np.random.default_rng(0).permutation(120)
    strata = strata_of(strength.astype(float))
    assert np.bincount(strata).tolist() == [30, 30, 30, 30]
    assert strength[strata == 0].max() < strength[strata == 3].min()
    order = permuted(strata, np.random.default_rng(1))
    assert sorted(order) == list(range(120))
    assert (strata[order] == strata).all()
    assert not strata_of(np.arange(59.0)).any()
    usable = np.arange(100) % 2 == 0
    sets = random_sets(usable, 30, 5, 1, "x")
    assert all(len(set(one)) == 30 and usable[one].all() for one in sets)


def test_the_same_question_under_other_names_counts_once(planted):
    """Same genes, drugs and patients: the pair leaves the family; one that shares no more than controls, or other genes, stays."""
    genes = {"a": {"g1", "g2", "g3"}, "b": {"g2", "g3", "g4"}, "c": {"h1", "h2"}}
    drugs = {"a": {"s1", "s2", "c1", "c2"}, "b": {"s1", "s2", "c1"}, "c": {"s1", "s2", "c1"}}
    patients = {"x": {"p1", "p2", "n1", "n2"}, "y": {"p1", "p2", "n1"}, "z": {"p8", "p9", "n1", "n2"}}
    pairs = [("a", "x"), ("b", "y"), ("c", "x"), ("a", "z")]
    assert find_repeats(pairs, genes, drugs, patients) == ["", "a × x", "", ""]
    truth, blocks = planted
    names = [pathway.name for pathway in pathways_of()]
    asked = [Asked(f"p{pathway:02d}", f"e{effect}", "mimics", "planted") for pathway, effect in truth]
    test, units = judge(blocks, names, [*asked[:2], replace(asked[2], repeats="p02 × e1")], NULL.rotations, NULL.seed)
    assert test.family == 2
    assert sum(unit.p_adjusted is not None for unit in units) == 3


def test_drugs_that_share_an_experiment_are_no_chance_of_their_own():
    """Four profiles of one accession are drawn as wide as one of them could be; four accessions average out."""
    fit, effect = fit_study(1, 3, 3), effect_of({"e": fit_study(2, 30, 30)})
    names = ["d0", "d1", "d2", "d3"]
    pathway = Pathway("p", frozenset(GENES[:40]), {name: name for name in names})
    fits = [(name, f"s.{name}", fit) for name in names]
    of_effects = Profiles(["e"], effect.genes, effect.deviates[None].astype(np.float32), [effect.origin])

    def score(origins):
        return rotate_drugs(pathway, fits, of_effects, {"e": names}, origins, NULL)[0, 0]

    apart = score({name: Origin([name], []) for name in names})
    assert score({name: Origin(["GSE1"], []) for name in names}) == pytest.approx(apart / 2)
    assert score({name: Origin([name], ["control"]) for name in names}) == pytest.approx(apart / 2)
    alone = rotate_drugs(pathway, fits[:1], of_effects, {"e": names[:1]}, {}, NULL)[0, 0]
    assert score({name: Origin(["GSE1"], []) for name in names}) == pytest.approx(alone, rel=0.15)


def test_a_control_without_scores_is_no_small_control(planted):
    """Where the other diseases share too few genes with the pathway, exchanging them shows nothing: the test does not pass by that."""
    truth, blocks = planted
    pathway, effect = truth[0]
    alone = [
        replace(
            one, units=[replace(unit, z=None) if place == pathway else unit for place, unit in enumerate(one.units)]
        )
        if number != effect
        else one
        for number, one in enumerate(blocks.compared)
    ]
    test, _ = judged(replace(blocks, compared=alone), [(pathway, effect)], "mimics")
    control = next(one for one in test.controls if one.name == MISMATCHED)
    assert control.p_value in (None, 1.0)
    assert not test.passed

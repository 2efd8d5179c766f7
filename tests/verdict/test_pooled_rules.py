"""Cohort verdicts rest on the pooled effect: replication, Holm over the study, margins, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_rules import answers, contrast, decide, evidence, hypothesis, untestable

from sidemine.effect.pooled_effect import own_p, pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin, Refused
from sidemine.stats.multiplicity import holm
from sidemine.verdict.decide import RULES
from sidemine.verdict.readings import contradiction, independent_readings, replicates
from sidemine.verdict.rules import Level
from sidemine.verdict.vocabulary import Verdict


def gate(card, start):
    """Return the status of the gate whose name starts so."""
    return next(entry["status"] for entry in card["gates"] if entry["gate"].startswith(start))


def replication(*contrasts, direction="up"):
    found = evidence(*contrasts)
    pooled = pool_contrasts(found.contrasts)
    readings = decide(found, direction, "cohort")[1]
    return replicates(independent_readings(readings, pooled), pooled, direction)[0]


def test_two_weak_cohorts_together_are_suggestive():
    """Neither cohort is significant alone; pooled they are, which is why they are pooled."""
    weak = [contrast("a", 0.5, 0.28), contrast("b", 0.5, 0.28)]
    assert all(row.p_self_contained > 0.05 for row in weak)
    assert decide(evidence(*weak), "up", "cohort")[0].verdict == "suggestive"


def test_not_supported_precedes_suggestive():
    """A significant effect whose one-sided limit lies below the margin is too small, not a hint."""
    small = evidence(contrast("a", 0.2, 0.08), contrast("b", 0.2, 0.08))
    decision, _ = decide(small, "up", "cohort")
    assert decision.verdict == "not supported"
    assert not decision.opposite
    assert "an effect of 0.4 SD in the declared direction is excluded" in decision.rule


def test_an_interval_on_the_other_side_is_opposite():
    """The pooled interval excludes 0 against the declared sign, even where the cohorts alone do not."""
    decision, _ = decide(evidence(contrast("a", -0.5, 0.28), contrast("b", -0.5, 0.28)), "up", "cohort")
    assert (decision.verdict, decision.opposite) == ("not supported", True)


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([0.5], False),
        ([0.5, 0.5], True),
        ([0.9, 0.1], False),
        ([0.5, 0.5, 0.1], True),
        ([0.5, 0.1, 0.1], False),
        ([0.5, 0.5, -0.5], False),
        ([0.5, 0.5, 0.5, 0.1], True),
        ([0.5, 0.5, 0.1, 0.1], False),
    ],
)
def test_replication_gate(effects, expected):
    """Both of two; two thirds, rounded up, of more; none significantly opposite; never a single one."""
    assert replication(*(contrast(f"c{i}", effect, 0.2) for i, effect in enumerate(effects))) is expected


def test_without_a_direction_cohorts_replicate_the_pooled_sign():
    """`either`: two cohorts down replicate each other; one up and one down do not."""
    assert replication(contrast("a", -0.5), contrast("b", -0.5), direction="either")
    assert not replication(contrast("a", -0.5), contrast("b", 0.3), direction="either")


def test_holm_counts_every_declared_hypothesis():
    """The smallest p is multiplied by the size of the family, untestable members included; order is kept."""
    assert holm([0.02, None, 0.01]) == pytest.approx([0.04, None, 0.03])
    assert holm([0.01, 0.011, 0.9]) == pytest.approx([0.03, 0.03, 0.9])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_holm_is_a_gate():
    """A pooled p of .008 passes alone and fails as one of two hypotheses."""
    cohorts = evidence(contrast("a", 0.5, 0.26), contrast("b", 0.5, 0.26))
    alone = answers([hypothesis()], {"h": cohorts})[0]
    assert 0.005 < alone["pooled"]["p"] < 0.01
    assert gate(alone, "pooled effect") == "passed"
    other = replace(evidence(untestable("x")), hypothesis="other")
    cards = answers([hypothesis(), hypothesis("other")], {"h": cohorts, "other": other})
    assert cards[0]["p_holm"] == pytest.approx(2 * alone["pooled"]["p"])
    assert gate(cards[0], "pooled effect") == "failed"


def test_the_wrong_sign_fails_the_gate_whatever_p_is():
    """The pooled p is two-sided; the declared sign is a condition of its own."""
    card = answers([hypothesis()], {"h": evidence(contrast("a", -0.9), contrast("b", -0.9))})[0]
    assert gate(card, "pooled effect") == "failed"
    assert gate(card, "replication") == "failed"


def test_the_card_tells_the_pooled_effect_or_why_there_is_none():
    """Two cohorts: figures and a sentence. One: null, the reason, and a cap."""
    card = answers([hypothesis()], {"h": evidence(contrast("a", 0.6), contrast("b", 0.4))})[0]
    assert card["pooled"]["k"] == 2
    assert "Over 2 independent cohorts together (common effect): 0.50 SD higher" in card["sentence"]
    assert "0.40 to 0.60 when one of them is left out" in card["sentence"]
    assert "pooled" not in card["not_computed"]
    single = answers([hypothesis()], {"h": evidence(contrast("a", 0.6), untestable("b"))})[0]
    assert single["pooled"] is None
    assert "single independent dataset" in single["not_computed"]["pooled"]
    assert "b: could not be tested" in single["not_computed"]["pooled"]
    assert {"replication"} < {cap["cap"] for cap in single["caps"]}
    assert single["verdict"] == "suggestive"


def test_dependent_cohorts_do_not_replicate_each_other():
    """A cohort that shares samples with another neither enters the pool nor counts in the replication gate."""
    rows = [contrast("a", 0.6), contrast("b", 0.6)]
    pooled = pool_contrasts(rows, [Refused("b", "shares 20 samples with a")])
    found = HypothesisEvidence("h", rows, None, Margin(0.4, "Hedges g", "declared"), pooled=pooled)
    card = answers([hypothesis()], {"h": found})[0]
    assert card["pooled"] is None
    assert gate(card, "replication") == "failed"
    assert "shares 20 samples" in card["not_computed"]["pooled"]


def test_discovery_and_replication_are_told_in_both_orders():
    """The sentence names both orders, each with what was found and what the held-out cohort said."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    pooled = pool_contrasts(rows, [], ["data_a"], "up")
    found = HypothesisEvidence("h", rows, None, Margin(0.4, "Hedges g", "declared"), pooled=pooled)
    sentence = answers([hypothesis()], {"h": found})[0]["sentence"]
    assert "Found in data_a" in sentence
    assert "Found in data_b" in sentence
    assert sentence.count(": replicated.") == 2


def test_the_p_of_five_cohorts_is_that_of_its_interval():
    """Hartung and Knapp's p and interval go together; the one that the rules ask stands in the gate, with what it holds."""
    rows = [contrast(name, effect, 0.2) for name, effect in zip("abcde", (0.3, 0.5, 0.6, 0.7, 0.9), strict=True)]
    pooled = pool_contrasts(rows)
    card = answers([hypothesis()], {"h": evidence(*rows)})[0]
    assert own_p(pooled) == max(pooled.hartung_knapp_p, pooled.common_p) > pooled.p
    assert f"p = {own_p(pooled):.2g}" in card["sentence"]
    assert f"(pooled p = {own_p(pooled):.2g})" in card["rule"]
    told = next(entry["detail"] for entry in card["gates"] if entry["gate"].startswith("pooled effect"))
    assert told.startswith(f"Hartung–Knapp p = {own_p(pooled):.2g} (at most 0.05 is asked), common effect p = ")
    assert f"as one p on the scale of 0.01: {pooled.p:.2g}, Holm over 1 question" in told


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        ((0.6, 0.6, 0.1), "without a, "),
        ((0.5, 0.5, -0.5), "without c, "),
        ((0.1, 0.0, 0.05), "without b, "),
    ],
)
def test_the_cohort_whose_absence_says_most_against_the_reading_is_told(effects, words):
    """Of an effect that is shown the largest p; of one that is not, what would show it."""
    rows = [contrast(name, effect, 0.2) for name, effect in zip("abc", effects, strict=True)]
    table = answers([hypothesis()], {"h": evidence(*rows)})[0]["sensitivity"]
    assert next(row["words"] for row in table if row["name"] == "without one cohort").startswith(words)


def small_beside(*small, truth=0.5):
    """Two large cohorts of one effect, and small ones that only their size keeps out: (effect, standard error) each."""
    rows = [contrast("a", truth, 0.15), contrast("b", truth, 0.15)]
    rows += [contrast(f"s{at}", effect, se) for at, (effect, se) in enumerate(small)]
    refused = [Refused(row.contrast, "is small", too_small=True) for row in rows[2:]]
    return evidence(*rows, pooled=pool_contrasts(rows, refused))


@pytest.mark.parametrize(
    ("small", "told"),
    [
        ([(0.5, 0.5)], ""),
        ([(-0.9, 0.5)], ""),
        ([(-1.8, 0.5)], "s0 -1.80 SD (95 % CI "),
        ([(0.5, 0.5), (-1.8, 0.5)], "s1 -1.80 SD (95 % CI "),
        # None of them alone, but all of them together.
        ([(-0.8, 0.5)] * 4, "s0, s1, s2, s3 together -0.80 SD (95 % CI "),
        ([(0.0, 0.5)] * 4, ""),
    ],
)
@pytest.mark.parametrize("turned", [1, -1])
@pytest.mark.parametrize("either", [False, True])
def test_a_cohort_too_small_to_be_pooled_still_contradicts(small, told, turned, either):
    """Significantly opposite: the gate fails, the answer is at most suggestive, and the card's doubt is that cohort."""
    direction = "either" if either else "up" if turned > 0 else "down"
    found = small_beside(*((turned * effect, se) for effect, se in small), truth=0.5 * turned)
    rules = RULES["cohort"]
    readings = rules.read(found, direction)
    gates = {gate.name: gate for gate in rules.gates(readings, found, direction, Level(1e-4, 1))}
    against = gates["none opposite"]
    assert against.required
    assert (against.status == "failed") is bool(told)
    assert found.pooled.k == 2
    if turned > 0 and told:
        assert against.detail.startswith(told)
    decision = rules.apply(found, readings, direction, [against])
    assert decision.verdict is (Verdict.SUGGESTIVE if told else Verdict.SUPPORTED)
    assert ("Too small to be pooled, but significantly opposite" in decision.rule) is bool(told)


@pytest.mark.parametrize(
    ("p_value", "opposite", "told"),
    [(0.001, True, True), (0.05, True, True), (0.06, True, False), (0.001, False, False), (None, True, False)],
)
@pytest.mark.parametrize("declared", ["up", "down"])
def test_a_tiny_cohort_contradicts_by_its_test(p_value, opposite, told, declared):
    """Of 3 v 3 the interval of g, whose unit rests on six people, excludes 0 from about 10 SD on; its test knows earlier."""
    sign, other = (1, "down") if declared == "up" else (-1, "up")
    found = small_beside((-5.0 * sign, 2.5), truth=0.5 * sign)
    side = other if opposite else declared
    rows = [*found.contrasts[:2], replace(found.contrasts[2], p_self_contained=p_value, direction=side)]
    found = replace(found, contrasts=rows)
    against = contradiction(RULES["cohort"].read(found, declared), found.pooled, declared)
    assert bool(against) is told
    if told:
        assert against.startswith(f"s0 {-5.0 * sign:.2f} SD (95 % CI ")
        assert against.endswith(f"), self-contained test p = {p_value:.2g}")


@pytest.mark.parametrize(("effect", "told"), [(-5.0, True), (0.0, False), (0.5, False)])
def test_a_tiny_cohort_contradicts_by_test_and_sign_together(effect, told):
    """A test on the other side of an effect that is 0, or on the declared side, says nothing; nor does it need a competitive one."""
    found = small_beside((effect, 2.5))
    row = replace(found.contrasts[2], p_self_contained=0.001, p_competitive=None, direction="down")
    found = replace(found, contrasts=[*found.contrasts[:2], row])
    assert bool(contradiction(RULES["cohort"].read(found, "up"), found.pooled, "up")) is told


def test_the_card_leads_with_the_small_cohort_that_contradicts():
    """Its doubt names it, and its sentence says that it is not pooled."""
    card = answers([hypothesis(kind="cohort")], {"h": small_beside((-1.8, 0.5))})[0]
    assert card["doubt"].startswith("Too small to be pooled, but significantly opposite: s0 -1.80 SD")
    assert card["verdict"] == "suggestive"
    assert card["sentence"].count("; not pooled)") == 1
    agreeing = answers([hypothesis(kind="cohort")], {"h": small_beside((0.5, 0.5))})[0]
    assert "Too small" not in agreeing["doubt"]


def test_without_small_cohorts_nothing_is_asked_of_them():
    """The gate is there only where a cohort is too small; one of a pooled source is no witness of its own."""
    found, direction = small_beside(), "up"
    rules = RULES["cohort"]
    assert "none opposite" not in {
        gate.name for gate in rules.gates(rules.read(found, direction), found, direction, Level(1e-4, 1))
    }
    rows = [contrast("a", 0.5, 0.15), contrast("b", 0.5, 0.15), contrast("s", -1.8, 0.5)]
    dependent = evidence(*rows, pooled=pool_contrasts(rows, [Refused("s", "is small")]))
    gates = rules.gates(rules.read(dependent, direction), dependent, direction, Level(1e-4, 1))
    assert "none opposite" not in {gate.name for gate in gates}


def test_a_line_of_evidence_counts_by_the_p_of_its_own_effect():
    """From five cohorts on the p of the gate holds two demands on one scale: a fifth of Hartung and Knapp's p is no p-value."""
    found = evidence(
        *(contrast(name, effect, 0.15) for name, effect in zip("abcde", (0.1, 0.2, 0.5, 0.9, 1.1), strict=True))
    )
    pooled = found.pooled
    assert pooled.p < own_p(pooled) == pooled.hartung_knapp_p <= 0.05
    assert RULES["cohort"].primary_p(found) == pooled.p
    assert RULES["cohort"].declared_p(found, "up") == pytest.approx(pooled.hartung_knapp_p / 2)
    assert RULES["cohort"].declared_p(found, "either") == pooled.hartung_knapp_p

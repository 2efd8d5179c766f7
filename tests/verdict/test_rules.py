"""The rule table: every verdict from planted evidence, and the gates that keep it from saying too much."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from on_record import answer_hypotheses, judges_on, steady, unmoved
from scipy import stats

from sidemine.considerations.composition.record import AdjustedIn, Corrected, Difference, SingleProxy
from sidemine.considerations.specificity.record import AmongComparators, AmongMatched, Placed, Specificity
from sidemine.effect.intervals import Effect, one_sided
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import EXPERIMENT_UNIT, ContrastEvidence, Estimate, HypothesisEvidence, Margin
from sidemine.enrichment.set_effect import small_sample_factor
from sidemine.errors import Problem
from sidemine.study.hypotheses import Hypothesis
from sidemine.verdict.answer import competitive_reading
from sidemine.verdict.card import card_json
from sidemine.verdict.decide import RULES


def contrast(name="a", effect=1.0, se=0.1, df=60.0, **changes):
    """A contrast whose self-contained p is that of its own effect."""
    t = effect / se
    values = {
        "contrast": name,
        "dataset": f"data_{name}",
        "accession": f"GSE_{name}",
        "platform": "",
        "role": "disease",
        "replicates": "cultures",
        "tissue": "blood",
        "status": "verified",
        "target_label": "patients",
        "reference_label": "controls",
        "n_target": 30,
        "n_reference": 30,
        "testable": True,
        "effect": effect,
        "effect_se": se,
        "effect_df": df,
        "effect_weight": se**-2 if se else None,
        "effect_unit": "Hedges g",
        "ci_low": effect - 2 * se,
        "ci_high": effect + 2 * se,
        "set_log2_fold_change": effect,
        "complement_log2_fold_change": 0.0,
        "p_self_contained": float(2 * stats.t.sf(abs(t), df)),
        "direction": "up" if effect > 0 else "down",
        "p_competitive": 0.5,
        "inter_gene_correlation": 0.1,
        "n_in_set": 100,
        "n_measured": 90,
        "residual_df": df,
    }
    return ContrastEvidence(**{**values, **changes})


def untestable(name):
    """A contrast that could not be tested: no numbers, but a reason."""
    problem = Problem("too small", "x", "3", "more")
    nothing = dict.fromkeys(("effect", "effect_se", "effect_df", "p_self_contained", "p_competitive"))
    return replace(contrast(name), testable=False, problem=problem, **nothing)


def evidence(*contrasts, margin=0.4, control=None, pooled=None):
    pooled = pool_contrasts(contrasts) if pooled is None else pooled
    return HypothesisEvidence("h", list(contrasts), control, Margin(margin, "", "declared"), pooled)


def hypothesis(name="h", kind="cohort", direction="up", requires=(), role="question"):
    primary = {"set": "S", "contrasts": ["a"], "test": "fry", "direction": direction, "margin": 0.4}
    return Hypothesis.model_validate(
        {
            "id": name,
            "question": "Is it what was planted?",
            "kind": kind,
            "role": role,
            "primary": primary,
            "requires": list(requires),
        }
    )


def decide(found, direction, kind):
    """The bare rule table, no gate evaluated: the decision and the readings that it rests on."""
    readings = RULES[kind].read(found, direction)
    return RULES[kind].apply(found, readings, direction), readings


def answers(hypotheses, found, **records):
    """The cards as they stand in verdicts.json; `records` as in `judges_on`."""
    return [card_json(card) for card in answer_hypotheses(hypotheses, found, judges_on(**records))]


COHORT_CASES = {
    "both cohorts up": ([contrast("a", 0.6, 0.15), contrast("b", 0.5, 0.15)], "up", "suggestive", False),
    "one cohort up": ([contrast("a", 0.6, 0.15)], "up", "suggestive", False),
    "cohorts disagree": ([contrast("a", 0.6, 0.15), contrast("b", -0.6, 0.15)], "up", "conflicting", False),
    "null and precise": ([contrast("a", 0.0, 0.1), contrast("b", 0.05, 0.1)], "up", "not supported", False),
    "null and imprecise": ([contrast("a", 0.1, 0.4), contrast("b", 0.0, 0.4)], "up", "not testable", False),
    "opposite": ([contrast("a", -0.6, 0.15), contrast("b", -0.5, 0.15)], "up", "not supported", True),
    "declared down": ([contrast("a", -0.6, 0.15), contrast("b", -0.5, 0.15)], "down", "suggestive", False),
    "one up, one flat with z below 1": (
        [contrast("a", 0.6, 0.15), contrast("b", 0.1, 0.2)],
        "up",
        "suggestive",
        False,
    ),
    "nothing testable": ([untestable("a")], "up", "not testable", False),
}


@pytest.mark.parametrize(("contrasts", "direction", "verdict", "opposite"), COHORT_CASES.values(), ids=COHORT_CASES)
def test_cohort_verdicts(contrasts, direction, verdict, opposite):
    """Each planted constellation of cohorts gets its verdict, and significance against the declared sign is told."""
    decision, _ = decide(evidence(*contrasts), direction, "cohort")
    assert (decision.verdict, decision.opposite) == (verdict, opposite)


EXPERIMENT_CASES = {
    "strong": ([contrast("a", 2.0, 0.2, 4)], "up", "suggestive", False),
    "significant but within the margin": ([contrast("a", 0.2, 0.02, 4)], "up", "not supported", False),
    "opposite": ([contrast("a", 2.0, 0.2, 4)], "down", "not supported", True),
    "flat and precise": ([contrast("a", 0.0, 0.05, 4)], "up", "not supported", False),
    "flat and imprecise": ([contrast("a", 0.1, 0.5, 4)], "up", "not testable", False),
    "either, strong": ([contrast("a", -2.0, 0.2, 4)], "either", "suggestive", False),
    "either, flat and precise": ([contrast("a", 0.1, 0.05, 4)], "either", "not supported", False),
    "two experiments disagree": ([contrast("a", 2.0, 0.2, 4), contrast("b", -2.0, 0.2, 4)], "up", "conflicting", False),
    "one of two untestable": ([contrast("a", 2.0, 0.2, 4), untestable("b")], "up", "suggestive", False),
}


@pytest.mark.parametrize(
    ("contrasts", "direction", "verdict", "opposite"), EXPERIMENT_CASES.values(), ids=EXPERIMENT_CASES
)
def test_experiment_verdicts(contrasts, direction, verdict, opposite):
    """Experiments must be significant and beyond the margin; a tight interval inside it is `not supported`."""
    decision, _ = decide(evidence(*contrasts), direction, "experiment")
    assert (decision.verdict, decision.opposite) == (verdict, opposite)


def test_p_above_five_percent_alone_is_never_not_supported():
    """An interval that reaches beyond the margin leaves the question open, whatever p is."""
    decision, _ = decide(evidence(contrast("a", 0.0, 0.5), contrast("b", 0.0, 0.5)), "up", "cohort")
    assert decision.verdict == "not testable"
    assert decision.rule.startswith("Too few data: without any effect, too, one of 0.4 SD could not have been excluded")


def test_what_was_not_computed_caps_at_suggestive():
    """However strong the evidence, gates that are not evaluated keep the verdict at suggestive, each with its reason."""
    for kind in ("cohort", "experiment"):
        more = {"p_competitive": 0.001, "competitive_direction": "up"}
        overwhelming = evidence(contrast("a", 9.0, 0.1, **more), contrast("b", 9.0, 0.1, **more))
        card = answers([hypothesis(kind=kind)], {"h": overwhelming})[0]
        assert card["verdict"] == "suggestive"
        assert any(gate["status"] == "not evaluated" for gate in card["gates"])
        assert {"specificity", "calibration"} <= {cap["cap"] for cap in card["caps"] if cap["bites"]}
        for field in (
            "composition_adjusted",
            "specificity_percentile",
            "robustness_share",
            "robustness",
            "calibration",
        ):
            assert card[field] is None
            assert card["not_computed"][field]


def test_a_failed_positive_control_makes_dependants_not_testable():
    """A hypothesis that requires a control which did not light up cannot be answered by its own data."""
    rows = [
        hypothesis("h", "experiment", requires=["control"]),
        hypothesis("control", "experiment", role="positive_control"),
    ]
    found = {
        "h": evidence(contrast("a", 2.0, 0.2, 4)),
        "control": replace(evidence(contrast("c", 0.0, 0.05, 4)), hypothesis="control"),
    }
    cards = answers(rows, found)
    assert cards[1]["verdict"] == "not supported"
    assert cards[0]["verdict"] == "not testable"
    assert "control" in cards[0]["rule"]


def test_without_a_margin_there_is_no_verdict():
    """A margin that hangs on an untestable control cannot be had, and the reason is told."""
    decision, _ = decide(
        HypothesisEvidence(
            "h", [contrast()], None, Margin(None, "", "its control failed"), pool_contrasts([contrast()])
        ),
        "up",
        "experiment",
    )
    assert decision.verdict == "not testable"
    assert "its control failed" in decision.rule


def test_competitive_p_on_few_residual_df_is_uninformative_not_no():
    """CAMERA's correlation from few residuals has no power: its silence must not be read as an answer."""
    assert competitive_reading(contrast(residual_df=4, p_competitive=0.4)).startswith("uninformative")
    assert competitive_reading(contrast(residual_df=60, p_competitive=0.4)).startswith("not shown")
    assert "more than other" in competitive_reading(contrast(residual_df=4, p_competitive=0.01))


def test_limits_agree_with_the_t_distribution():
    """One-sided limits and intervals are those of Student's t, and mirror each other between directions."""
    effect = Effect(0.3, 0.2, 7)
    quantile = stats.t.ppf(0.95, 7)
    assert effect.limit("up") == pytest.approx(0.3 + quantile * 0.2, abs=1e-12)
    assert effect.limit("down") == pytest.approx(-0.3 + quantile * 0.2, abs=1e-12)
    assert effect.smallest_excludable == pytest.approx(quantile * 0.2, abs=1e-12)
    assert effect.interval(0.9) == pytest.approx((0.3 - quantile * 0.2, 0.3 + quantile * 0.2), abs=1e-12)
    assert one_sided(0.04, "up", "up") == pytest.approx(0.02)
    assert one_sided(0.04, "up", "down") == pytest.approx(0.98)


def test_a_small_effect_known_precisely_is_not_supported_although_significant():
    """`not supported` precedes `suggestive`: both cohorts are significant, but exclude the margin."""
    decision, _ = decide(evidence(contrast("a", 0.2, 0.05), contrast("b", 0.2, 0.05)), "up", "cohort")
    assert (decision.verdict, decision.opposite) == ("not supported", False)


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_without_a_direction_opposite_signs_are_no_agreement(kind):
    """`either` asks for one and the same sign: contrasts of opposite sign never add up to a hint."""
    up, down = contrast("a", 0.8, 0.3, p_self_contained=0.001), contrast("b", -0.55, 0.35, p_self_contained=0.04)
    decision, readings = decide(evidence(up, down), "either", kind)
    assert decision.verdict in {"not testable", "conflicting"}
    assert [reading.agrees for reading in readings] == [True, False]


def test_a_global_shift_is_not_taken_for_the_opposite_direction():
    """The set itself falls with all genes, yet rises against them: the test alone does not make it `opposite`."""
    shifted = contrast("a", 0.5, 0.4, 4, p_self_contained=0.001, direction="down")
    decision, readings = decide(evidence(shifted), "up", "experiment")
    assert not readings[0].opposite
    assert (decision.verdict, decision.opposite) == ("not testable", False)


def test_opposite_is_told_only_with_not_supported():
    """One cohort significantly against, the pooled effect undecided: no answer, so no claim of an opposite change."""
    rows = [contrast("a", -0.6, 0.28), contrast("b", 0.6, 0.4)]
    decision, _ = decide(evidence(*rows, margin=0.1), "up", "cohort")
    assert (decision.verdict, decision.opposite) == ("not testable", False)


def test_the_competitive_gate_asks_for_the_declared_direction():
    """A set that is significantly lower than other genes does not confirm a hypothesis of higher."""
    for side, status in (("down", "failed"), ("up", "passed")):
        rows = [contrast("a", 0.9, 0.1, p_competitive=0.001, competitive_direction=side)]
        card = answers([hypothesis()], {"h": evidence(*rows)})[0]
        (gate,) = [gate for gate in card["gates"] if gate["name"] == "competitive test"]
        assert gate["status"] == status
    assert "(lower than they)" in competitive_reading(contrast(p_competitive=0.01, competitive_direction="down"))


def test_contrasts_of_one_source_count_once():
    """k counts independent sources: two doses of one experiment share their reference samples."""
    shared = {"accession": "GSE7", "tissue": "line"}
    rows = [contrast("a", 2.0, 0.2, 4, **shared), contrast("b", 2.0, 0.2, 4, **shared)]
    card = answers([hypothesis(kind="experiment")], {"h": evidence(*rows)})[0]
    assert card["agreeing"] == {"k": 1, "n": 1}
    assert any(cap["cap"] == "replication" for cap in card["caps"])


def test_smallest_excludable_effect_is_what_all_contrasts_together_exclude():
    """Experiments: `not supported` needs every one, so the least precise one counts. Cohorts: the pooled effect."""
    rows = [contrast("a", 0.0, 0.1), contrast("b", 0.0, 0.3)]
    log2 = [replace(row, effect_unit=EXPERIMENT_UNIT) for row in rows]
    card = answers([hypothesis(kind="experiment")], {"h": evidence(*log2)})[0]
    assert card["smallest_excludable"] == pytest.approx(stats.t.ppf(0.95, 60) * 0.3)
    cohorts = answers([hypothesis()], {"h": evidence(*rows)})[0]
    assert cohorts["smallest_excludable"] == pytest.approx(
        stats.t.ppf(0.95, cohorts["pooled"]["df"]) * cohorts["pooled"]["se"] / small_sample_factor(58)
    )


def test_the_limit_that_excludes_stands_on_the_card_as_target_minus_reference():
    """Of experiments that of the contrast which excludes least; of cohorts the pooled one; of no contrast none."""
    rows = [contrast("a", 0.0, 0.1), contrast("b", 0.0, 0.3)]
    log2 = [replace(row, effect_unit=EXPERIMENT_UNIT) for row in rows]
    least = stats.t.ppf(0.95, 60) * 0.3
    for direction, limit in (("up", least), ("down", -least), ("either", least)):
        card = answers([hypothesis(kind="experiment", direction=direction)], {"h": evidence(*log2)})[0]
        assert card["one_sided_limit"] == pytest.approx(limit)
        assert card["evidence"][0]["one_sided_limit"] == pytest.approx(limit / 3)
    cohorts = answers([hypothesis()], {"h": evidence(*rows)})[0]
    assert cohorts["one_sided_limit"] == pytest.approx(cohorts["smallest_excludable"] + cohorts["pooled"]["effect"])
    assert answers([hypothesis()], {"h": evidence(untestable("a"))})[0]["one_sided_limit"] is None


def test_gates_without_a_testable_contrast_are_not_evaluated():
    """What could not be looked at has not failed."""
    card = answers([hypothesis()], {"h": evidence(untestable("a"))})[0]
    assert {gate["status"] for gate in card["gates"]} == {"not evaluated"}


def test_sentences_read_well_with_any_label():
    """Labels are free text: they stand in brackets, and pairs are told to be pairs."""
    labels = {"target_label": "after venous thromboembolism", "reference_label": "healthy"}
    card = answers([hypothesis()], {"h": evidence(contrast("a", 0.6, 0.1, **labels))})[0]
    assert "0.60 SD higher (after venous thromboembolism versus healthy; " in card["sentence"]
    assert "in after" not in card["sentence"]
    paired = answers([hypothesis()], {"h": evidence(contrast("a", 0.6, 0.1, blocking="fixed"))})[0]
    assert "0.60 SD higher" in paired["sentence"]


def place(contrast="a", matched=99.0, comparators=99.0):
    """A contrast's entry of specificity.json."""
    reason = "no valid comparator: too few"
    random = AmongMatched(100, 10, 0.5, 0.3, 1000, percentile=matched, reason="" if matched is not None else reason)
    ranked = AmongComparators(40, 1, [], comparators, "" if comparators is not None else reason)
    return Placed(contrast, "S", "up", 1.0, random, ranked, [], [])


def places(*entries):
    """A study's specificity.json with one hypothesis."""
    return {"h": Specificity("h", list(entries))}


def card_with(kind, *entries):
    strong = evidence(contrast("a", 2.0, 0.2, 20), margin=0.4)
    return answers([hypothesis(kind=kind)], {"h": strong}, specificity=places(*entries))[0]


def test_cohorts_below_the_75th_percentile_are_capped():
    """A cohort's set that is not special, by random sets or by comparators, is capped and says so."""
    for low in (place(matched=60.0), place(comparators=60.0)):
        card = card_with("cohort", low)
        assert "specificity" in [cap["cap"] for cap in card["caps"]]
        assert "60th percentile" in card["doubt"]
        assert next(gate for gate in card["gates"] if "specificity" in gate["gate"])["status"] == "failed"
    card = card_with("cohort", place())
    assert card["specificity_percentile"] == 99.0
    assert "specificity" not in [cap["cap"] for cap in card["caps"]]
    assert "specificity_percentile" not in card["not_computed"]


def test_no_valid_comparator_is_null_with_its_reason():
    """A poor match gives no percentile, never a poor percentile; the rank among comparators still counts."""
    card = card_with("cohort", place(matched=None))
    assert card["specificity_percentile"] is None
    assert "no valid comparator" in card["not_computed"]["specificity_percentile"]
    assert "specificity" not in [cap["cap"] for cap in card["caps"]]
    card = card_with("cohort", place(matched=None, comparators=None))
    assert "specificity" in [cap["cap"] for cap in card["caps"]]


def test_experiments_need_the_90th_percentile_among_comparators():
    """A significant, large change that many sets share is no suggestion; the rule names the percentile."""
    assert card_with("experiment", place())["verdict"] == "suggestive"
    card = card_with("experiment", place(comparators=80.0))
    assert card["verdict"] == "not testable"
    assert "90th percentile" in card["rule"]
    assert next(gate for gate in card["gates"] if "rank" in gate["gate"])["status"] == "failed"


def adjusted_entry(name="a", total=0.6, adjusted=0.5, corrected=0.45, se=0.12):
    """One contrast's entry of composition.json."""

    def estimate(effect):
        p = float(2 * stats.norm.sf(abs(effect / se)))
        return Estimate(effect, se, effect - 2 * se, effect + 2 * se, math.inf, p)

    bound = Corrected(0.7, corrected, se, corrected - 2 * se, corrected + 2 * se)
    difference = total - adjusted
    return AdjustedIn(
        hypothesis="h", gene_set="S", proxies=[], adjusted_for=["erythroid"], reason="", total=estimate(total),
        adjusted=estimate(adjusted), difference=Difference(difference, 0.0, 0.2), retained_percent=80.0,
        corrected=bound, could_explain=False,
        single=[SingleProxy("erythroid", estimate(0.1), estimate(adjusted), difference)], with_dropped=None,
        n_bootstrap=100, contrast=name, contamination_checked_in=["stimulated"],
    )  # fmt: skip


def composition_card(*entries):
    found = evidence(contrast("a", 0.6, 0.15), contrast("b", 0.5, 0.15))
    return answers([hypothesis()], {"h": found}, composition={"h": list(entries)})[0]


def test_an_effect_that_survives_adjustment_passes_its_gate():
    """Both estimands are on the card in words, and composition no longer caps."""
    card = composition_card(adjusted_entry("a"), adjusted_entry("b"))
    assert card["composition_adjusted"]["k"] == 2
    assert card["composition_adjusted"]["effect"] == pytest.approx(0.5)
    assert "Total 0.60" in card["sentence"]
    assert "after adjusting for the mix of cells" in card["sentence"]
    assert "composition" not in [cap["cap"] for cap in card["caps"]]
    assert card["verdict"] == "suggestive"


def test_the_total_beside_an_adjusted_effect_is_the_pooled_one():
    """Both are pooled with the weights of the total effect, so that they differ by the adjustment alone: sizes 8-fold apart."""
    rows = [contrast("a", 0.4, 0.2, effect_weight=25.0), contrast("b", 0.9, 0.4, effect_weight=25.0)]
    entries = [
        replace(adjusted_entry(name), total=row_estimate(row), adjusted=row_estimate(row))
        for name, row in zip("ab", rows, strict=True)
    ]
    card = answers([hypothesis()], {"h": evidence(*rows)}, composition={"h": entries})[0]
    assert card["pooled"]["effect"] == pytest.approx(0.65)
    assert "Total 0.65 SD" in card["sentence"]
    assert card["composition_adjusted"]["effect"] == pytest.approx(0.65)
    apart = [contrast("a", 0.4, 0.1, effect_weight=25.0), contrast("b", 3.0, 0.3, effect_weight=25.0)]
    card = answers([hypothesis()], {"h": evidence(*apart)}, composition={"h": entries})[0]
    assert card["pooled"]["sizes_differ"] is not None
    assert "Total" not in card["sentence"], "no single figure where there is none"


def row_estimate(row):
    return Estimate(row.effect, row.effect_se, row.ci_low, row.ci_high, row.effect_df, row.p_self_contained)


def test_where_there_is_no_effect_no_check_explains_it():
    """Two precise nulls: gates stay failed, and no cap or doubt speaks of one gene, hidden factors or cells."""
    rows = [contrast("a", 0.05, 0.1), contrast("b", 0.02, 0.1)]
    card = answers(
        [hypothesis()],
        {"h": evidence(*rows)},
        composition={"h": [adjusted_entry("a", adjusted=0.03), adjusted_entry("b", adjusted=-0.01)]},
        influence=steady(rows, share=0.9),
        hidden_factors=unmoved(rows, part=0.5),
    )[0]
    assert card["verdict"] == "not supported"
    failed = {gate["name"] for gate in card["gates"] if gate["status"] == "failed"}
    assert {"composition", "influence", "hidden factors"} <= failed
    assert not {"composition", "influence", "hidden factors"} & {cap["cap"] for cap in card["caps"]}
    assert not any(
        words in card["doubt"] for words in ("that of one gene", "may move these genes", "cell types may differ")
    )


@pytest.mark.parametrize(
    ("changes", "words", "doubt"),
    [
        ({"adjusted": 0.05}, "p is", "0.05 SD (95 % CI -0.12 to 0.22), p = 0.56: this would change the reading."),
        ({"adjusted": -0.5}, "sign changes", "this would change the reading."),
        ({"corrected": 0.02}, "could explain the whole effect", "could explain the whole effect"),
    ],
)
def test_composition_caps(changes, words, doubt):
    """Lost significance, a changed sign, or a bound that reaches 0: each caps, and is the strongest doubt."""
    card = composition_card(adjusted_entry("a", **changes), adjusted_entry("b", **changes))
    (cap,) = [cap for cap in card["caps"] if cap["cap"] == "composition"]
    assert words in cap["reason"]
    assert doubt in card["doubt"]


def test_one_unadjusted_cohort_leaves_the_gate_open():
    """Where one cohort could not be adjusted, nothing is claimed for all of them."""
    card = composition_card(adjusted_entry("a"))
    assert card["composition_adjusted"] is None
    assert "b: nothing is on record of its mix of cells" in card["not_computed"]["composition_adjusted"]
    assert "composition" in [cap["cap"] for cap in card["caps"]]

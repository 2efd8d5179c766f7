"""`supported`: what it takes, and that every single gate and cap can take it away."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace

import pytest
from on_record import judges_on, steady, unmoved
from test_rules import adjusted_entry, answers, contrast, decide, evidence, hypothesis, place, places, untestable

from sidemine.considerations.calibration.record import ContrastCalibration
from sidemine.considerations.judgement import Case
from sidemine.considerations.robustness.judge import judge_robustness
from sidemine.considerations.robustness.record import Robustness, Share, VariantRow
from sidemine.considerations.sensitivity import ASKED, NEAR_LIMIT, ONE_COHORT, ONE_GENE, SPREAD
from sidemine.considerations.traps.record import Checks
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin, Refused
from sidemine.quality.flags import Flag
from sidemine.verdict.certainty import ONE_BY_ONE
from sidemine.verdict.decide import variant_verdicts

HOLDS = ContrastCalibration(
    "holds", "conservative", measured=True, labelings=100, design_class="3 v 3", sentence="Both hold."
)


def robust(agreeing=10, of=10, **changes):
    """A hypothesis' entry of robustness.json."""
    share = agreeing / of if of else None
    empty = dict.fromkeys(field.name for field in fields(VariantRow))
    variants = [
        VariantRow(**empty | {"variant": name, "description": f"with {name}"}) for name in changes.get("reversed", ())
    ]
    found = Robustness(
        agreeing, of, share, "h", variants, Share(agreeing, of, share), [],
        {"age_overlap": "passed", "no_reused_controls": "not applicable"},
        {"age_overlap": "", "no_reused_controls": ""}, None,
    )  # fmt: skip
    return replace(found, **changes)


def case_of(kind):
    return Case(hypothesis(kind=kind), evidence(contrast("a")), ("a",))


def cohorts(*effects, se=0.15, **changes):
    """Cohorts that replicate, with a competitive test that agrees."""
    values = {"p_competitive": 0.01, "competitive_direction": "up", **changes}
    return [contrast(name, effect, se, **values) for name, effect in zip("abcdefg", effects, strict=False)]


def cohort_card(rows=None, **changes):
    """The card of a cohort hypothesis for which everything speaks, but for what is changed."""
    rows = cohorts(0.6, 0.5) if rows is None else rows
    names = [row.contrast for row in rows]
    given = {
        "direction": "up",
        "specificity": [place(name) for name in names],
        "composition": [adjusted_entry(name) for name in names],
        "robustness": robust(),
        "calibration": dict.fromkeys(names, HOLDS),
        "checks": Checks(),
        "influence": steady(rows),
        "hidden_factors": unmoved(rows),
        "margin": 0.4,
        **changes,
    }
    direction = given["direction"]
    return answers(
        [hypothesis(direction=direction)],
        {"h": evidence(*rows, margin=given["margin"])},
        specificity=places(*given["specificity"]) if given["specificity"] else {},
        influence=given["influence"],
        hidden_factors=given["hidden_factors"],
        composition={"h": given["composition"]},
        robustness={"h": given["robustness"]} if given["robustness"] else {},
        calibration=given["calibration"],
        checks=given["checks"],
    )[0]


def experiments(*effects, se=0.2, **changes):
    return [contrast(name, effect, se, 4, **changes) for name, effect in zip("abcdefg", effects, strict=False)]


def experiment_card(rows=None, direction="up", **changes):
    """The card of an experiment hypothesis for which everything speaks, but for what is changed."""
    rows = experiments(2.0, 1.8) if rows is None else rows
    names = [row.contrast for row in rows]
    entries = changes.get("places", [place(name) for name in names])
    return answers(
        [hypothesis(kind="experiment", direction=direction)],
        {"h": evidence(*rows)},
        specificity=places(*entries) if entries else {},
        influence=changes.get("influence", steady(rows, kind="experiment")),
        robustness={"h": changes["robustness"]} if "robustness" in changes else {},
        calibration=changes.get("calibration", dict.fromkeys(names, HOLDS)),
        checks=changes.get("checks", Checks()),
    )[0]


def capped_by(card):
    return {cap["cap"] for cap in card["caps"] if cap["bites"]}


def failed(card):
    return {gate["name"] for gate in card["gates"] if gate["required"] and gate["status"] != "passed"}


def test_a_cohort_answer_with_every_gate_passed_is_supported():
    """All gates of the contract, no cap: supported, and a doubt remains."""
    card = cohort_card()
    assert (card["verdict"], card["opposite"]) == ("supported", False)
    assert card["caps"] == []
    assert failed(card) == set()
    assert card["doubt"].startswith("The mix of cells is measured by proxies only")
    assert card["rule"].startswith("Over 2 cohorts together the set changed in the declared direction (pooled p = ")
    assert card["rule"].endswith("), and every required condition is met.")
    assert card["sentence"] == " ".join(card["sentence"].split())
    assert card["robustness_share"] == 1.0
    assert card["calibration"] == {"a": asdict(HOLDS), "b": asdict(HOLDS)}
    assert card["not_computed"].keys() == {"compounds", "pattern"}  # columns that a panel alone has


AGED = {"age_overlap": "failed", "no_reused_controls": "passed"}
REUSED = {"age_overlap": "passed", "no_reused_controls": "failed"}
BATCH = Flag("batch_associated", "batch", "warn", "plate", "told", serious=True)
CAPS = {
    "one gene": ({"influence": steady(cohorts(0.6, 0.5), share=0.9)}, "influence"),
    "influence not measured": ({"influence": {}}, "influence"),
    "hidden factors carry it": ({"hidden_factors": unmoved(cohorts(0.6, 0.5), part=0.2)}, "hidden factors"),
    "hidden factors change its sign": ({"hidden_factors": unmoved(cohorts(0.6, 0.5), part=-0.2)}, "hidden factors"),
    "hidden factors of one cohort not looked for": ({"hidden_factors": unmoved(cohorts(0.6))}, "hidden factors"),
    "hidden factors not looked for": ({"hidden_factors": {}}, "hidden factors"),
    "direction either": ({"direction": "either"}, "direction"),
    "set among random sets": ({"specificity": [place("a", 74.0), place("b", 75.0)]}, "specificity"),
    "set among comparators": (
        {"specificity": [place("a", 99.0, 74.0), place("b", 99.0, 74.0)]},
        "specificity",
    ),
    "no valid comparator": ({"specificity": [place("a", None, None)]}, "specificity"),
    "one cohort without any place": (
        {"specificity": [place("a"), place("b", None, None)]},
        "specificity",
    ),
    "one cohort not placed": ({"specificity": [place("a")]}, "specificity"),
    "specificity not computed": ({"specificity": None}, "specificity"),
    "composition not computed": ({"composition": []}, "composition"),
    "adjusted p above .05": ({"composition": [adjusted_entry(n, adjusted=0.1) for n in "ab"]}, "composition"),
    "adjusted sign": ({"composition": [adjusted_entry(n, adjusted=-0.5) for n in "ab"]}, "composition"),
    "attenuation": ({"composition": [adjusted_entry(n, corrected=0.05) for n in "ab"]}, "composition"),
    "one cohort not adjusted": ({"composition": [adjusted_entry("a")]}, "composition"),
    "robustness not computed": ({"robustness": None}, "robustness"),
    "robustness share below three quarters": ({"robustness": robust(7, 10)}, "robustness"),
    "a variant reverses": ({"robustness": robust(reversed=["no_covariates"])}, "robustness"),
    "no full-data variant": (
        {"robustness": robust(full_data=Share(0, 0, None))},
        "robustness",
    ),
    "age overlap fails": ({"robustness": robust(required_runs=AGED)}, "robustness"),
    "re-used controls fail": ({"robustness": robust(required_runs=REUSED)}, "robustness"),
    "a required run is missing": (
        {"robustness": robust(required_runs={"age_overlap": "passed", "no_reused_controls": "not evaluated"})},
        "robustness",
    ),
    "calibration not computed": ({"calibration": None}, "calibration"),
    "one test liberal": ({"calibration": {"a": HOLDS, "b": replace(HOLDS, camera="liberal")}}, "calibration"),
    "one size not measured": ({"calibration": {"a": HOLDS, "b": replace(HOLDS, fry="not measured")}}, "calibration"),
    "batch": ({"checks": Checks(contrast={"a": [BATCH]})}, "batch_associated"),
}


@pytest.mark.parametrize(("changes", "cap"), CAPS.values(), ids=CAPS)
def test_each_cap_alone_keeps_a_cohort_at_suggestive(changes, cap):
    """One cap is enough, it is named with a reason, and it is told that it bit."""
    card = cohort_card(**changes)
    assert card["verdict"] == "suggestive"
    assert capped_by(card) == {cap}
    assert all(entry["reason"].endswith(".") for entry in card["caps"])
    assert next(entry["reason"] for entry in card["caps"] if entry["cap"] == cap) in card["rule"]


GATES = {
    "pooled p above .01": (cohorts(0.5, 0.5, se=0.29, p_self_contained=0.04), "pooled p"),
    "only one of two replicates": (cohorts(0.9, 0.07, se=0.15), "replication"),
    "competitive test not significant": (cohorts(0.6, 0.5, p_competitive=0.06), "competitive test"),
    "competitive test on the other side": (cohorts(0.6, 0.5, competitive_direction="down"), "competitive test"),
    "no competitive test": (cohorts(0.6, 0.5, p_competitive=None), "competitive test"),
    "competitive p is no number": (cohorts(0.6, 0.5, p_competitive=math.nan), "competitive test"),
}


@pytest.mark.parametrize(("rows", "gate"), GATES.values(), ids=GATES)
def test_each_gate_alone_keeps_a_cohort_at_suggestive(rows, gate):
    """One failed gate is enough, and the rule names it."""
    card = cohort_card(rows)
    assert card["verdict"] == "suggestive"
    assert failed(card) == {gate}
    (told,) = [entry["shortfall"] for entry in card["gates"] if entry["name"] == gate]
    assert card["rule"].endswith(f"). {told}")
    assert told.endswith(".")
    assert capped_by(card) == set()


@pytest.mark.parametrize(
    ("status", "verdict"), [("passed", "supported"), ("not applicable", "supported"), ("not evaluated", "suggestive")]
)
def test_a_required_run_counts_only_where_the_data_need_it(status, verdict):
    """No re-used controls: nothing to leave out. Not evaluated is not the same, and caps."""
    runs = {"age_overlap": status, "no_reused_controls": status}
    assert cohort_card(robustness=robust(required_runs=runs))["verdict"] == verdict


def test_three_quarters_are_enough_and_the_75th_percentile_is_too():
    """The limits themselves pass."""
    assert cohort_card(robustness=robust(9, 12))["verdict"] == "supported"
    edge = [place("a", 75.0, 75.0), place("b", 75.0, 75.0)]
    assert cohort_card(specificity=edge)["verdict"] == "supported"


def test_a_cohort_without_any_place_among_other_sets_is_named():
    """A percentile of the other cohort says nothing about this one."""
    card = cohort_card(specificity=[place("a"), place("b", None, None)])
    (cap,) = [cap for cap in card["caps"] if cap["cap"] == "specificity"]
    assert "no valid comparator in b" in cap["reason"]
    (gate,) = [gate for gate in card["gates"] if gate["name"] == "specificity"]
    assert gate["status"] == "failed"
    mixed = [place("a", None, 90.0), place("b", 99.0, None)]
    assert cohort_card(specificity=mixed)["verdict"] == "supported"


def test_comparator_sets_alone_decide_and_are_the_doubt():
    """The declared fallback: no valid random sets in any cohort. It passes, says so, and is the reason to doubt."""
    alone = [place("a", None, 99.0), place("b", None, 99.0)]
    card = cohort_card(specificity=alone)
    assert card["verdict"] == "supported"
    assert card["doubt"] == (
        "No random sets as co-expressed as this set could be drawn, so its specificity rests on 40 comparator sets alone."
    )
    (gate,) = [gate for gate in card["gates"] if gate["name"] == "specificity"]
    assert "the comparator sets decide alone" in gate["detail"]
    # It is one of the finding: of a suggestive one too, of none where nothing was found.
    single = cohort_card(cohorts(0.6), specificity=alone[:1])
    assert (single["verdict"], single["doubt"]) == ("suggestive", card["doubt"])
    nothing = cohort_card(cohorts(0.1, 0.0, se=0.4, p_competitive=0.5), specificity=alone)
    assert nothing["verdict"] == "not testable"
    assert "comparator sets alone" not in nothing["doubt"]
    stronger = cohort_card(specificity=alone, robustness=robust(5, 10))
    assert "comparator sets alone" not in stronger["doubt"]
    one = cohort_card(specificity=[place("a", None, 99.0), place("b")])
    assert one["doubt"].startswith("The mix of cells is measured by proxies only")


def test_fry_of_single_cohorts_is_shown_and_the_pooled_p_decides():
    """The pooled p is the self-contained test of a cohort answer; FRY of each cohort stands beside it."""
    card = cohort_card(cohorts(0.6, 0.5, p_self_contained=0.06))
    assert card["verdict"] == "supported"
    (gate,) = [gate for gate in card["gates"] if gate["name"] == "self-contained test"]
    assert (gate["status"], gate["required"]) == ("failed", False)


@pytest.mark.parametrize(
    ("card", "rows", "what"), [(cohort_card, cohorts(0.6), "cohort"), (experiment_card, experiments(2.0), "experiment")]
)
def test_a_single_contrast_is_called_what_it_is(card, rows, what):
    """And caps."""
    reasons = [cap["reason"] for cap in card(rows)["caps"] if cap["cap"] == "replication"]
    assert reasons == [f"Only one {what}; two are needed."]
    assert reasons[0] in card(rows)["rule"]


@pytest.mark.parametrize("card", [cohort_card, experiment_card])
def test_without_a_testable_contrast_no_gate_passes(card):
    """Whatever places, checks and variants are on record: they speak of nothing."""
    assert {gate["status"] for gate in card([untestable("a")])["gates"]} == {"not evaluated"}


def test_a_single_cohort_is_at_most_suggestive():
    """However strong: nothing replicates it."""
    card = cohort_card(cohorts(0.9))
    assert card["verdict"] == "suggestive"
    assert "replication" in {cap["cap"] for cap in card["caps"]}


def test_of_three_cohorts_two_suffice_unless_the_third_is_opposite():
    """⌈2k/3⌉ of k with z > .5; one significantly opposite refuses, here as conflicting."""
    assert cohort_card(cohorts(0.6, 0.6, 0.05))["verdict"] == "supported"
    assert cohort_card(cohorts(0.6, 0.05, 0.05, se=0.11))["verdict"] in {"suggestive", "not supported"}
    assert cohort_card(cohorts(0.9, 0.9, -0.4))["verdict"] == "conflicting"


def test_holm_over_the_study_takes_supported_away():
    """Alone the pooled p suffices; among five declared hypotheses it does not."""
    rows = cohorts(0.45, 0.45, se=0.2)
    assert cohort_card(rows)["verdict"] == "supported"
    names = [row.contrast for row in rows]
    others = {f"o{n}": replace(evidence(untestable("x")), hypothesis=f"o{n}") for n in range(14)}
    cards = answers(
        [hypothesis(), *(hypothesis(name) for name in others)],
        {"h": evidence(*rows), **others},
        specificity=places(*map(place, names)),
        composition={"h": [adjusted_entry(name) for name in names]},
        robustness={"h": robust()},
        calibration=dict.fromkeys(names, HOLDS),
        influence=steady(rows),
        hidden_factors=unmoved(rows),
    )
    assert cards[0]["verdict"] == "suggestive"
    assert failed(cards[0]) == {"pooled p"}


def test_first_match_wins_supported_precedes_not_supported():
    """A small effect known precisely, every gate passed: supported, and its smallness is the doubt. Capped: excluded."""
    small = cohorts(0.2, 0.2, 0.2, 0.2, se=0.05)
    entries = [adjusted_entry(name, total=0.2, adjusted=0.2, corrected=0.2, se=0.05) for name in "abcd"]
    card = cohort_card(small, composition=entries)
    assert card["verdict"] == "supported"
    assert "small" in card["doubt"]
    assert cohort_card(small, composition=entries, robustness=None)["verdict"] == "not supported"


@pytest.mark.parametrize("direction", ["up", "either"])
def test_a_null_is_never_supported_by_passing_everything_else(direction):
    """Caps and other evidence cannot lift an effect that is not there."""
    card = cohort_card(cohorts(0.02, -0.02, se=0.1), direction=direction)
    assert card["verdict"] == "not supported"
    assert capped_by(card) == set()


def test_no_calibrated_test_is_not_testable():
    """A self-contained test that is liberal in every cohort may not speak at all."""
    liberal = replace(HOLDS, fry="liberal")
    card = cohort_card(calibration={"a": liberal, "b": liberal})
    assert card["verdict"] == "not testable"
    assert "holds its size" in card["rule"]
    assert "too often" in card["doubt"]


def test_numbers_that_are_none_are_not_read_as_numbers():
    """NaN effect, error or p, or an error of 0: that contrast cannot be tested, the other is judged alone."""
    for changes in ({"effect": math.nan}, {"effect_se": 0.0}, {"p_self_contained": math.nan}, {"effect_df": math.nan}):
        rows = cohorts(0.6, 0.5)
        rows[1] = replace(rows[1], **changes)
        card = cohort_card(rows)
        assert card["verdict"] == "suggestive"
        assert "replication" in {cap["cap"] for cap in card["caps"]}
        assert card["agreeing"] == {"k": 1, "n": 1}


def test_opposite_is_told_and_never_supported():
    """Everything speaks, on the other side of what was declared."""
    entries = [adjusted_entry(name, total=-0.6, adjusted=-0.5, corrected=-0.45) for name in "ab"]
    card = cohort_card(cohorts(-0.6, -0.5, competitive_direction="down"), composition=entries)
    assert (card["verdict"], card["opposite"]) == ("not supported", True)


def test_two_independent_experiments_are_supported():
    """Both pass, both stand at the 90th percentile, none is opposite: robustness and CAMERA are shown, not required."""
    card = experiment_card()
    assert card["verdict"] == "supported"
    assert card["caps"] == []
    assert "robustness" not in failed(card)
    assert card["rule"] == (
        "In both contrasts the set changed in the declared direction, beyond the margin of 0.4 log2 units, and every required condition is met."
    )


SAME = {"accession": "GSE7", "tissue": "line"}
EXPERIMENT_CASES = {
    "one experiment": (experiments(2.0), {}, "suggestive"),
    "two contrasts of one source": (experiments(2.0, 1.8, **SAME), {}, "suggestive"),
    "two accessions of one laboratory's cells": (experiments(2.0, 1.8, declared_source="lab A, line"), {}, "suggestive"),
    "one accession, two words for its tissue": (
        [contrast("a", 2.0, 0.2, 4, accession="GSE7", tissue="line 1"),
         contrast("b", 1.8, 0.2, 4, accession="GSE7", tissue="line 2")],
        {},
        "suggestive",
    ),
    "one accession, declared two sources": (
        [contrast("a", 2.0, 0.2, 4, accession="GSE7", declared_source="line 1"),
         contrast("b", 1.8, 0.2, 4, accession="GSE7", declared_source="line 2", independent_because="other people")],
        {},
        "supported",
    ),
    "the second within the margin": (experiments(2.0, 0.3, se=0.05), {}, "suggestive"),
    "the second not significant": (experiments(2.0, 0.5, se=0.4), {}, "suggestive"),
    "the second below the 90th percentile": (None, {"places": [place("a"), place("b", 99.0, 89.0)]}, "suggestive"),
    "the second without comparators": (None, {"places": [place("a"), place("b", 99.0, None)]}, "suggestive"),
    "the 90th percentile itself": (None, {"places": [place("a", 99.0, 90.0), place("b", 99.0, 90.0)]}, "supported"),
    "no comparators at all": (None, {"places": []}, "suggestive"),
    "no direction": (None, {"direction": "either"}, "suggestive"),
    "calibration unknown": (None, {"calibration": None}, "suggestive"),
    "a third is opposite": (experiments(2.0, 1.8, -0.9, se=0.3), {}, "conflicting"),
    "both opposite": (experiments(-2.0, -1.8), {}, "not supported"),
    "copies counted as samples": (
        None,
        {"checks": Checks(contrast={"a": [replace(BATCH, trap="duplicated_samples")]})},
        "suggestive",
    ),
    "robustness fails": (None, {"robustness": robust(1, 10)}, "suggestive"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "changes", "verdict"), EXPERIMENT_CASES.values(), ids=EXPERIMENT_CASES)
def test_what_takes_supported_from_experiments(rows, changes, verdict):
    """Every condition of the experiment rule, one at a time."""
    assert experiment_card(rows, **changes)["verdict"] == verdict


def test_an_experiment_that_is_opposite_by_its_test_alone_refuses_the_others():
    """Not wide enough apart for `conflicting`, yet significant on the other side: undecided, not suggestive."""
    third = contrast("c", -0.3, 0.25, 4, p_self_contained=0.01)
    card = experiment_card([*experiments(2.0, 1.8), third])
    assert card["verdict"] == "not testable"
    assert "none opposite" in failed(card)


@pytest.mark.parametrize(("share", "verdict"), [(0.1, "supported"), (1.2, "suggestive")])
def test_an_experiment_that_hangs_on_one_gene_is_capped(share, verdict):
    """Without its largest gene the effect must keep its sign."""
    rows = experiments(2.0, 1.8)
    card = experiment_card(rows, influence=steady(rows, kind="experiment", share=share))
    assert card["verdict"] == verdict
    assert capped_by(card) == (set() if verdict == "supported" else {"influence"})


def test_a_p_near_its_limit_is_told_as_such_where_no_few_genes_carry_an_effect():
    """Both experiments have p = .045, and .055 without a gene that holds a tenth: no claim on genes, in any word of the card."""
    rows = [replace(row, p_self_contained=0.045) for row in experiments(2.0, 1.8)]
    record = steady(rows, kind="experiment")["h"]
    near = [
        replace(entry, genes=[replace(gene, estimate=replace(gene.estimate, p_value=0.055)) for gene in entry.genes])
        for entry in record.effects
    ]
    cards = [
        experiment_card(rows, influence={"h": replace(record, effects=effects)})
        for effects in (near, [replace(entry, genes=[replace(entry.genes[0], share=0.5)]) for entry in near])
    ]
    told = [[row["brief"] for row in card["certainty"]["downgrades"]] for card in cards]
    assert [card["verdict"] for card in cards] == ["suggestive", "suggestive"]
    assert [{cap["cap"] for cap in card["caps"]} for card in cards] == [{NEAR_LIMIT}, {"influence"}]
    assert [("p near .05" in briefs, "few genes carry it" in briefs) for briefs in told] == [
        (True, False),
        (False, True),
    ]
    assert [card["would_change"].partition("To settle it: ")[2] for card in cards] == [
        "more samples.",
        "an effect that no single gene carries.",
    ]


def test_every_card_tells_what_would_change_the_answer():
    """All rows that every card has, in their order; what nobody measured stands there with its reason."""
    table = cohort_card()["sensitivity"]
    assert [row["name"] for row in table] == list(ASKED)
    rows = {row["name"]: row for row in table}
    assert rows[ONE_GENE]["words"].startswith("without LARGEST (10% of the effect), the effect would be")
    assert rows[ONE_GENE]["changes"] is False
    # 0.5 with a standard error of .15 is left without the larger cohort.
    assert (rows[ONE_COHORT]["effect"], rows[ONE_COHORT]["changes"]) == (0.5, False)
    assert all(row["missing"] for row in table if row["changes"] is None)
    weak = {row["name"]: row for row in cohort_card(cohorts(0.6, 0.22))["sensitivity"]}
    assert (weak[ONE_COHORT]["words"][:9], weak[ONE_COHORT]["changes"]) == ("without a", True)
    # A common effect of .3 with p = .005 is shown; one between cohorts that may differ is not. Larger ones are both.
    assert (rows[SPREAD]["changes"], 0.5 < rows[SPREAD]["effect"] < 0.6) == (False, True)
    smaller = {row["name"]: row for row in cohort_card(cohorts(0.3, 0.3))["sensitivity"]}
    assert (smaller[SPREAD]["changes"], smaller[SPREAD]["p_value"] > 0.05) == (True, True)
    experiment = {row["name"]: row for row in experiment_card()["sensitivity"]}
    assert experiment[ONE_COHORT]["missing"] == ONE_BY_ONE


def test_holm_binds_experiments_too():
    """Two experiments at p = .02 each are supported alone, and not among many declared hypotheses."""
    rows = experiments(2.0, 1.8, p_self_contained=0.02)
    assert experiment_card(rows)["verdict"] == "supported"
    others = {f"o{n}": replace(evidence(untestable("x")), hypothesis=f"o{n}") for n in range(5)}
    cards = answers(
        [hypothesis(kind="experiment"), *(hypothesis(name) for name in others)],
        {"h": evidence(*rows), **others},
        specificity=places(place("a"), place("b")),
        calibration=dict.fromkeys("ab", HOLDS),
        influence=steady(rows, kind="experiment"),
    )
    assert (cards[0]["verdict"], failed(cards[0])) == ("suggestive", {"Holm"})


def test_shared_samples_are_no_second_experiment():
    """Another accession with the same cultures confirms nothing."""
    rows = experiments(2.0, 1.8)
    pooled = pool_contrasts(rows, [Refused("b", "shares 3 samples with a")])
    found = HypothesisEvidence("h", rows, None, Margin(0.4, "Hedges g", "declared"), pooled=pooled)
    card = answers(
        [hypothesis(kind="experiment")],
        {"h": found},
        specificity=places(place("a"), place("b")),
        calibration=dict.fromkeys("ab", HOLDS),
    )[0]
    assert card["verdict"] == "suggestive"
    assert "replication" in capped_by(card) | {cap["cap"] for cap in card["caps"]}


def test_a_variants_verdict_leaves_robustness_out():
    """A robustness variant is judged by every rule but robustness; Holm counts the other hypotheses."""
    rows, weak = cohorts(0.6, 0.5), cohorts(0.45, 0.45, se=0.2)
    records = {
        "specificity": places(place("a"), place("b")),
        "composition": {"h": [adjusted_entry("a"), adjusted_entry("b")]},
        "calibration": {"a": HOLDS, "b": HOLDS},
        "influence": steady(rows),
        "hidden_factors": unmoved(rows),
    }

    def verdict_of(found, n_others=0, **known):
        """The verdict of a variant whose evidence is `found`."""
        declared = [hypothesis(), *(hypothesis(f"o{n}") for n in range(n_others))]
        reference = {row.id: evidence(*rows) if row.id == "h" else evidence(untestable("x")) for row in declared}
        judges = judges_on(**known, robustness={"h": robust(1, 10)}, of_variants=True)
        return variant_verdicts(declared, reference, judges)["h"](evidence(*found))

    assert verdict_of(rows, **records) == "supported"
    assert verdict_of(weak, **records) == "supported"
    assert verdict_of(weak, 20, **records) == "suggestive"
    del records["composition"]
    assert verdict_of(rows, **records) == "suggestive"


def test_without_gates_the_bare_rule_never_supports():
    """Whoever calls the rule without gates gets at most `suggestive`."""
    assert decide(evidence(*cohorts(0.9, 0.9)), "up", "cohort")[0].verdict == "suggestive"
    assert decide(evidence(*experiments(2.0, 2.0)), "up", "experiment")[0].verdict == "suggestive"


def test_robustness_tells_its_counts_and_every_fault():
    """The gate's detail holds the counts; each fault is a cap of its own."""
    record = robust(5, 10, reversed=["filter_strict"], required_runs=AGED)
    judged = judge_robustness(case_of("cohort"), record)
    assert judged.gates[0].status == "failed"
    assert "5 of 10 variants agree" in judged.gates[0].detail
    assert len(judged.caps) == 3
    assert "“with filter_strict”" in judged.doubts[0].sentence
    shown = judge_robustness(case_of("experiment"), record)
    assert (len(shown.caps), shown.doubts, shown.gates[0].required) == (3, (), False)


def test_a_null_share_carries_its_reason():
    """robustness.json may say why nothing could be varied."""
    judged = judge_robustness(case_of("cohort"), robust(0, 0, reason="no contrast could be tested"))
    assert judged.missing == {"robustness_share": "no contrast could be tested"}
    assert judged.gates[0].status == "not evaluated"
    assert judged.caps


@pytest.mark.parametrize("estimand", ["adjusted", "corrected"])
def test_an_adjusted_effect_that_is_no_number_is_never_passed(estimand):
    """NaN is below no limit and above none: composition caps, and says why."""
    entries = [adjusted_entry(name) for name in "ab"]
    nothing = {"effect": math.nan, "effect_se": math.nan}
    entries = [replace(entry, **{estimand: replace(getattr(entry, estimand), **nothing)}) for entry in entries]
    card = cohort_card(composition=entries)
    assert card["verdict"] == "suggestive"
    assert capped_by(card) == {"composition"}


def test_a_source_counts_once_among_the_percentiles():
    """Three contrasts of two sources: the percentile is the lower of the two which the pooled effect rests on."""
    rows = cohorts(0.6, 0.5, 0.6)
    pooled = pool_contrasts(rows, [Refused("c", "comes from the same source as a")])
    entries = [place("a", 80.0), place("b", 60.0), place("c", 80.0)]
    card = answers(
        [hypothesis(direction="up")],
        {"h": evidence(*rows, pooled=pooled)},
        specificity=places(*entries),
        composition={"h": [adjusted_entry(name) for name in "ab"]},
        robustness={"h": robust()},
        calibration=dict.fromkeys("abc", HOLDS),
        influence=steady(rows),
        hidden_factors=unmoved(rows),
    )[0]
    assert card["specificity_percentile"] == 60.0
    assert (card["verdict"], capped_by(card)) == ("suggestive", {"specificity"})
    assert [entry["contrast"] for entry in card["specificity"]["contrasts"]] == ["a", "b", "c"]


def test_a_p_that_is_no_number_does_not_choose_the_side_of_an_undeclared_direction():
    """NaN is no smallest p: the other contrast tells which side counts."""
    rows = experiments(-1.0, 2.0)
    rows[0] = replace(rows[0], p_self_contained=math.nan)
    card = experiment_card(rows, direction="either")
    assert (card["verdict"], card["agreeing"]) == ("suggestive", {"k": 1, "n": 1})

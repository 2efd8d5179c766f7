"""How a contrast stands towards what was declared: every limit at its value, a little beside it, and on both sides."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from scipy import stats
from test_rules import contrast, evidence, hypothesis, untestable

from sidemine.considerations.judgement import Cap, Case, Gate, make_gate
from sidemine.effect.intervals import measured_effect
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import Margin, PooledEffect
from sidemine.enrichment.set_effect import small_sample_factor
from sidemine.verdict.certainty import _if_cohorts_differ
from sidemine.verdict.cohorts import is_competitive
from sidemine.verdict.decide import RULES
from sidemine.verdict.experiments import FAMILY_P, _where
from sidemine.verdict.readings import (
    as_effect,
    has_declared_sign,
    independent_readings,
    opposite_sides,
    read_contrast,
    replicates,
    smallest_excludable,
)
from sidemine.verdict.rules import Level

NOTHING_POOLED = PooledEffect(0, [], [], "")


def read(row, direction="up", kind="experiment", margin=0.4, side=""):
    side = side or ("up" if direction == "either" else direction)
    return read_contrast(row, direction, side, Margin(margin, "", "declared"), beyond_margin=kind == "experiment")


@pytest.mark.parametrize(
    ("effect", "agrees"), [(0.21, True), (0.2, False), (0.19, False), (0.01, False), (-0.5, False)]
)
def test_agreement_takes_one_standard_error(effect, agrees):
    """z > 1: an effect that barely has the sign agrees with nothing."""
    assert read(contrast(effect=effect, se=0.2)).agrees is agrees
    assert read(contrast(effect=-effect, se=0.2), "down").agrees is agrees


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
@pytest.mark.parametrize(("p", "passes"), [(0.049, True), (0.05, True), (0.051, False)])
def test_a_contrast_passes_up_to_a_one_sided_p_of_two_and_a_half_percent(kind, p, passes):
    """In the declared direction; the other half of the two-sided p counts against it."""
    assert read(contrast(p_self_contained=p), kind=kind).passes is passes
    assert not read(contrast(p_self_contained=p, direction="down"), kind=kind).passes


@pytest.mark.parametrize(("p", "opposite"), [(0.049, True), (0.05, True), (0.051, False)])
def test_a_contrast_is_opposite_by_test_and_effect_together(p, opposite):
    """Neither alone makes it so."""
    assert read(contrast(effect=-1.0, p_self_contained=p)).opposite is opposite
    assert not read(contrast(effect=1.0, p_self_contained=p, direction="down")).opposite
    assert not read(contrast(effect=-1.0, p_self_contained=p, direction="up")).opposite
    assert not read(contrast(effect=0.0, p_self_contained=p, direction="down")).opposite


def test_only_experiments_must_go_beyond_the_margin():
    """An effect equal to it does not; in cohorts the pooled effect is compared instead."""
    small = contrast(effect=0.4, se=0.01)
    assert not read(small).passes
    assert read(small, margin=0.39).passes
    assert read(small, kind="cohort").passes
    assert not read(contrast(effect=0.0, p_self_contained=0.001, direction="up"), kind="cohort").passes


@pytest.mark.parametrize(("percentile", "unspecial"), [(None, False), (89.9, True), (90.0, False), (95.0, False)])
def test_an_experiment_below_the_ninetieth_percentile_is_unspecial(percentile, unspecial):
    """It would pass, and does not; without a percentile it passes and is not proven."""
    row = contrast(comparator_percentile=percentile)
    reading = read(row)
    assert (reading.unspecial, reading.passes) == (unspecial, not unspecial)
    assert reading.proven_special is (percentile is not None and not unspecial)
    assert not read(row, kind="cohort").unspecial
    assert not read(replace(row, p_self_contained=0.5)).unspecial


def test_an_effect_is_excluded_by_the_limit_on_its_side():
    """One-sided 95 %: t(60) = 1.67 standard errors above the estimate, in the declared direction, without Hedges' J."""
    edge = stats.t.ppf(0.95, 60) * 0.1 / small_sample_factor(58)
    assert read(contrast(effect=0.0, se=0.1), margin=edge * 1.001).excluded
    assert not read(contrast(effect=0.0, se=0.1), margin=edge * 0.999).excluded
    low = contrast(effect=-0.3, se=0.1)
    assert read(low, margin=0.2).excluded
    assert not read(low, "down", margin=0.2).excluded
    assert not read(low, "either", margin=0.2).excluded
    assert not read(contrast(effect=0.3, se=0.1), "either", margin=0.2).excluded
    assert read(low, "either", margin=0.5).excluded


@pytest.mark.parametrize("competitive", [(0.5, 0.5), (0.001, 0.9), (None, None), (float("nan"), float("nan"))])
def test_without_a_direction_the_smallest_p_tells_the_side(competitive):
    """The second contrast is surer and goes down: the first does not agree. The competitive p has no say."""
    rows = [
        contrast("a", 0.5, 0.2, p_self_contained=0.03, p_competitive=competitive[0]),
        contrast("b", -0.9, 0.2, p_self_contained=0.001, p_competitive=competitive[1]),
    ]
    assert [reading.agrees for reading in RULES["cohort"].read(evidence(*rows), "either")] == [False, True]
    rows[0] = replace(rows[0], p_self_contained=0.0001)
    assert [reading.agrees for reading in RULES["cohort"].read(evidence(*rows), "either")] == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"testable": False}, {"effect": None}, {"effect_se": None}, {"effect_df": None}, {"effect": float("inf")},
        {"effect_se": float("inf")}, {"effect_se": 0.0}, {"effect_se": -0.1}, {"effect_df": 0.0}, {"effect_df": -1.0},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_measurement_is_no_effect(change):
    """Each field alone; a contrast with few degrees of freedom is one."""
    assert measured_effect(replace(contrast(), **change)) is None
    assert measured_effect(contrast(effect_df=0.5)).df == 0.5


def test_conflict_needs_both_ninety_percent_intervals_off_zero():
    """1.67 standard errors, on each side."""

    def of(*effects):
        return all(opposite_sides(RULES["cohort"].read(evidence(*(contrast(str(e), e, 0.1) for e in effects)), "up")))

    def touching(*intervals):
        return all(
            opposite_sides(
                [SimpleNamespace(effect=SimpleNamespace(interval=lambda _, both=both: both)) for both in intervals]
            )
        )

    assert touching((0.1, 1.0), (-1.0, -0.1))
    # An end of exactly 0 does not leave it out.
    assert not touching((0.1, 1.0), (-1.0, 0.0))
    assert not touching((0.0, 1.0), (-1.0, -0.1))
    assert of(0.17, -0.17)
    assert not of(0.17, -0.16)
    assert not of(0.16, -0.17)
    assert not of(0.17, 0.5)
    assert not of(-0.17, -0.5)
    assert not of(0.5)


def test_a_cohort_that_does_not_enter_the_pool_is_not_independent():
    """The first of one source counts; what was refused counts nowhere."""
    rows = [contrast("a"), contrast("b", accession="GSE_a"), contrast("c")]
    readings = RULES["cohort"].read(evidence(*rows), "up")
    names = [reading.evidence.contrast for reading in independent_readings(readings, pool_contrasts(rows))]
    assert names == ["a", "c"]


def pooled_as(value=0.5, **changes):
    return replace(pool_contrasts([contrast("a", value), contrast("b", value)]), **changes)


def test_the_sign_of_the_pooled_effect():
    """Zero is not up, and nothing has no sign."""
    assert has_declared_sign(pooled_as(0.5), "up")
    assert has_declared_sign(pooled_as(-0.5), "down")
    assert has_declared_sign(pooled_as(-0.5), "either")
    assert not has_declared_sign(pooled_as(-0.5), "up")
    assert not has_declared_sign(pooled_as(0.0), "up")
    assert not has_declared_sign(pooled_as(effect=None), "either")


def test_the_pooled_effect_as_an_effect():
    """No degrees of freedom: normal. No standard error: none."""
    wider = (0.5 + 1.6449 * pooled_as().se) / small_sample_factor(58)
    assert as_effect(pooled_as(df=None)).limit("up") == pytest.approx(wider, abs=1e-4)
    assert as_effect(pooled_as(df=3.0)).df == 3.0
    assert as_effect(pooled_as(se=None)) is None
    assert as_effect(pooled_as(effect=None)) is None


def test_replication_is_told_with_its_counts():
    """z of exactly .5 does not show it; two of three are needed of three, three of four."""

    def told(*effects, direction="up"):
        rows = [contrast(f"c{at}", effect, 0.2) for at, effect in enumerate(effects)]
        return replicates(RULES["cohort"].read(evidence(*rows), direction), pool_contrasts(rows), direction)

    assert told(0.5, 0.1) == (
        False, "1 of 2 cohorts have z > 0.5 in that sign, 2 needed; 0 significantly opposite",
    )  # fmt: skip
    assert told(0.5) == (
        False,
        "a single cohort cannot replicate itself; 1 of 1 cohorts have z > 0.5 in that sign, 1 needed; 0 significantly opposite",
    )
    assert told(0.5, 0.5, 0.5, 0.1)[1].startswith("3 of 4 cohorts have z > 0.5 in that sign, 3 needed")
    assert told(0.5, 0.5, -0.9) == (
        False, "2 of 3 cohorts have z > 0.5 in that sign, 2 needed; 1 significantly opposite",
    )  # fmt: skip
    # Less than half a standard error is no showing, whichever sign counts.
    for direction, effect in (("up", 0.08), ("down", -0.08), ("either", 0.08), ("either", -0.08)):
        assert told(effect, effect, direction=direction)[1].startswith("0 of 2 cohorts")
    # Against the declared sign by one standard error only: no reason against.
    assert told(0.5, 0.5, -0.3)[0]
    assert told(-0.5, -0.5, direction="down")[0]
    assert told(-0.5, -0.5, direction="either")[0]
    assert replicates([], NOTHING_POOLED, "up") == (False, "nothing was pooled")


def test_all_contrasts_together_exclude_what_the_least_precise_one_does():
    """None of nothing."""
    effects = [measured_effect(contrast(se=se)) for se in (0.1, 0.3)]
    assert smallest_excludable(effects) == pytest.approx(stats.t.ppf(0.95, 60) * 0.3 / small_sample_factor(58))
    assert smallest_excludable([]) is None


@pytest.mark.parametrize(("p", "passed"), [(0.05, True), (0.0501, False), (float("nan"), False), (None, False)])
def test_the_competitive_test_at_five_percent(p, passed):
    """In the declared direction, or in any where none is declared."""
    row = contrast(p_competitive=p, competitive_direction="down")
    assert is_competitive(row, "down") is passed
    assert is_competitive(row, "either") is passed
    assert not is_competitive(row, "up")


def gates_of(kind, rows, p_holm=0.001, direction="up"):
    """Gates by name."""
    found, rules = evidence(*rows), RULES[kind]
    readings = rules.read(found, direction)
    return {gate.name: gate for gate in rules.gates(readings, found, direction, Level(p_holm, 3))}


@pytest.mark.parametrize(("p_holm", "status"), [(0.01, "passed"), (0.0101, "failed"), (None, "not evaluated")])
def test_the_gate_of_the_pooled_p(p_holm, status):
    """One percent after Holm, in the declared sign; the figures stand beside it."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    gate = gates_of("cohort", rows, p_holm)["pooled p"]
    assert gate.status == status
    told = "nothing was pooled" if p_holm is None else f"Holm over 3 questions: {p_holm:.2g}; common effect, k = 2"
    assert gate.detail.endswith(told)
    against = gates_of("cohort", rows, p_holm, "down")["pooled p"]
    assert against.status == ("not evaluated" if p_holm is None else "failed")


@pytest.mark.parametrize(("p_holm", "status"), [(0.05, "passed"), (0.0501, "failed"), (None, "not evaluated")])
def test_the_gate_of_holm_in_experiments(p_holm, status):
    """Five percent, and an experiment that passes."""
    rows = [contrast("a", 2.0), contrast("b", 1.8)]
    gate = gates_of("experiment", rows, p_holm)["Holm"]
    assert gate.status == status
    assert gate.detail == ("nothing was tested" if p_holm is None else f"Holm over 3 questions: {p_holm:.2g}")
    flat = [contrast("a", 0.1), contrast("b", 0.1)]
    assert gates_of("experiment", flat, 0.001)["Holm"].status == "failed"


def test_gates_of_experiments_count_what_they_say():
    """Three contrasts, two of them special: every detail holds the right count."""
    special = {"comparator_percentile": 95.0, "p_competitive": 0.01, "competitive_direction": "up"}
    rows = [contrast("a", 2.0, **special), contrast("b", 1.8, **special), contrast("c", 0.05)]
    gates = gates_of("experiment", rows)
    assert {name: (gate.status, gate.required, gate.detail) for name, gate in gates.items() if name != "Holm"} == {
        "one experiment": ("passed", True, "2 of 3 testable contrasts"),
        "replication": ("passed", True, "2 of 3 independent experiments"),
        "none opposite": ("passed", True, "0 of 3 testable contrasts opposite"),
        "same sign": ("failed", False, "2 of 3 testable contrasts"),
        "competitive test": ("passed", False, "2 of 3 testable contrasts"),
    }
    assert gates_of("experiment", rows[:2])["same sign"].status == "passed"
    against = [contrast("a", 2.0, **special), contrast("b", -1.8)]
    gates = gates_of("experiment", against)
    assert (gates["none opposite"].status, gates["none opposite"].detail) == (
        "failed", "1 of 2 testable contrasts opposite",
    )  # fmt: skip
    assert gates["replication"].status == "failed"
    assert gates_of("experiment", [contrast("a", 0.1)])["one experiment"].status == "failed"


def test_two_experiments_of_unknown_place_leave_the_gate_open():
    """They may be special: not evaluated. One of known place and one that does not pass have failed."""
    unknown = [contrast("a", 2.0), contrast("b", 1.8)]
    assert gates_of("experiment", unknown)["replication"].status == "not evaluated"
    half = [contrast("a", 2.0, comparator_percentile=95.0), contrast("b", 1.8)]
    assert gates_of("experiment", half)["replication"].status == "not evaluated"
    alone = [contrast("a", 2.0), contrast("b", 0.1)]
    assert gates_of("experiment", alone)["replication"].status == "failed"


def test_gates_of_cohorts_count_independent_ones():
    """FRY of single cohorts is shown, not required; without a cohort nothing was evaluated."""
    rows = [
        contrast("a", 0.6, p_competitive=0.01, competitive_direction="up"),
        contrast("b", 0.5, p_self_contained=0.2),
    ]
    gates = gates_of("cohort", rows)
    test = gates["self-contained test"]
    assert (test.status, test.required, test.detail) == ("passed", False, "1 of 2 independent cohorts")
    assert (gates["competitive test"].status, gates["competitive test"].detail) == (
        "passed", "1 of 2 independent cohorts",
    )  # fmt: skip
    for n, told in ((1, "The set did not change more"), (2, "In no cohort did the set change more")):
        assert gates_of("cohort", [contrast("a", 0.6), contrast("b", 0.5)][:n])[
            "competitive test"
        ].shortfall.startswith(told)
    assert {gate.status for gate in gates_of("cohort", [], None).values()} == {"not evaluated"}
    assert {gate.status for gate in gates_of("experiment", [], None).values()} == {"not evaluated"}


def test_demands_say_in_which_direction():
    """Where none was declared, none is demanded."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    for kind in ("cohort", "experiment"):
        directed, open_ = gates_of(kind, rows), gates_of(kind, rows, direction="either")
        assert "in the declared direction" in directed["competitive test"].gate
        assert "in either direction" in open_["competitive test"].gate
        named = "self-contained test" if kind == "cohort" else "one experiment"
        assert "in the declared direction" in directed[named].gate
        assert "declared" not in open_[named].gate
    assert "the declared sign" in gates_of("cohort", rows)["replication"].gate
    assert "the same sign" in gates_of("cohort", rows, direction="either")["replication"].gate
    assert "has the declared sign" in gates_of("experiment", rows)["same sign"].gate
    assert "has the same sign" in gates_of("experiment", rows, direction="either")["same sign"].gate


def test_a_gate_that_is_only_shown_says_so():
    """A demand that nobody must meet is marked in its words."""
    shown = make_gate("n", "demand", None, "detail", required=False)
    assert shown == Gate("n", "demand (shown, not required)", "not evaluated", "detail", required=False)
    assert make_gate("n", "demand", False, "").gate == "demand"


def ruled(rows, kind, gates, caps=(), direction="up", margin=0.4):
    found = evidence(*rows, margin=margin)
    readings = RULES[kind].read(found, direction)
    return RULES[kind].apply(found, readings, direction, gates, caps)


def test_the_first_thing_that_is_missing_is_told_and_the_others_are_counted():
    """A missing direction, then gates in their order (a cap of the same name says it), then other caps; each name once."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    gates = [
        make_gate("replication", "d", False, "", shortfall="Only one cohort; two are needed."),
        make_gate("calibration", "sizes", None, "none"),
        make_gate("composition", "d", True, ""),
        make_gate("self-contained test", "d", False, "", required=False),
    ]
    caps = [Cap("calibration", "Size unknown."), Cap("calibration", "y."), Cap("batch_aliased", "A batch.")]

    def told(gates, caps=()):
        decision = ruled(rows, "cohort", gates, caps)
        start = "Over 2 cohorts together the set changed in the declared direction (pooled p = 2.8e-12). "
        assert decision.verdict == "suggestive"
        assert decision.rule.startswith(start)
        return decision.rule.removeprefix(start)

    assert told(gates, caps) == "Only one cohort; two are needed. 2 more conditions are not met."
    assert told(gates[1:], caps) == "Size unknown. 1 more condition is not met."
    assert told(gates[1:]) == "A condition is not evaluated: sizes (none)."
    assert told([make_gate("n", "sizes", False, "2 of 3")]) == "A condition is not met: sizes (2 of 3)."
    assert told(gates[2:], caps[2:]) == "A batch."
    assert told(gates, [*caps, Cap("direction", "No direction.")]).startswith("No direction. 3 more")
    assert ruled(rows, "cohort", gates[2:]).verdict == "supported"


@pytest.mark.parametrize(("p", "verdict"), [(0.05, "suggestive"), (0.0501, "not testable")])
def test_a_pooled_p_of_five_percent_is_a_hint(p, verdict):
    """In the declared sign."""
    rows = [contrast("a", 0.5, 0.35), contrast("b", 0.5, 0.35)]
    found = evidence(*rows, pooled=replace(pool_contrasts(rows), p=p))
    readings = RULES["cohort"].read(found, "up")
    assert RULES["cohort"].apply(found, readings, "up").verdict == verdict
    assert RULES["cohort"].apply(found, RULES["cohort"].read(found, "down"), "down").verdict != "suggestive"


def test_not_supported_tells_the_limit_or_the_other_direction():
    """Of cohorts: the figure, the side and the margin."""
    flat = [contrast("a", 0.0, 0.1), contrast("b", 0.0, 0.1)]
    limit = stats.t.ppf(0.95, pool_contrasts(flat).df) * pool_contrasts(flat).se / small_sample_factor(58)
    together = "Over 2 cohorts together"
    assert ruled(flat, "cohort", None).rule == (
        f"{together} an effect of 0.4 SD in the declared direction is excluded (one-sided 95 % limit {limit:.3g} SD)."
    )
    assert "an effect of 0.4 SD on either side is excluded" in ruled(flat, "cohort", None, direction="either").rule
    against = "the set changed in the other direction (the 95 % interval excludes 0)."
    assert ruled([contrast("a", -0.9)], "cohort", None).rule == f"In the single cohort {against}"
    both = [contrast("a", -0.9), contrast("b", -0.9)]
    assert ruled(both, "cohort", None).rule == f"{together} {against}"
    either = ruled(both, "cohort", None, direction="either")
    assert (either.verdict, either.opposite) == ("suggestive", False)
    assert either.rule.startswith(f"{together} the set changed in one direction (pooled p = ")


def test_undecided_cohorts_are_too_few_or_lie_between():
    """Precision alone tells which: whether an effect of the margin could have been excluded at all."""
    wide = ruled([contrast("a", 0.1, 0.4), contrast("b", 0.1, 0.4)], "cohort", None)
    assert wide.verdict == "not testable"
    assert wide.rule.startswith(
        "Too few data: without any effect, too, one of 0.4 SD could not have been excluded (smallest"
    )
    between = ruled([contrast("a", 0.2, 0.22), contrast("b", 0.2, 0.22)], "cohort", None)
    assert between.verdict == "not testable"
    assert between.rule.startswith(
        "The estimate lies between no effect and the margin: an effect is not shown (p = 0.2), and one of"
    )
    # The limit itself: precise enough where the smallest excludable effect is below the margin, not at it.
    pooled = pool_contrasts([contrast("a", 0.2, 0.22), contrast("b", 0.2, 0.22)])
    edge = as_effect(pooled).smallest_excludable
    rows = [contrast("a", 0.2, 0.22), contrast("b", 0.2, 0.22)]
    assert "Too few" in ruled(rows, "cohort", None, margin=edge).rule
    assert "between" in ruled(rows, "cohort", None, margin=edge * 1.001).rule


def test_experiments_excluded_or_opposite_together_are_not_supported():
    """One within the margin, one significant on the other side: no effect as declared, and opposite is told."""
    decision = ruled([contrast("a", 0.0, 0.1), contrast("b", -0.9, 0.5, p_self_contained=0.01)], "experiment", None)
    assert (decision.verdict, decision.opposite) == ("not supported", True)
    assert not ruled([contrast("a", 0.0, 0.1), contrast("b", 0.1, 0.1)], "experiment", None).opposite
    assert ruled([contrast("a", 0.0, 0.1), contrast("b", 0.1, 0.9)], "experiment", None).verdict == "not testable"


def test_not_supported_experiments_are_named_by_what_they_show():
    """Excluded, changed the other way, or some of each."""
    flat, against = contrast("a", 0.0, 0.1), contrast("b", -0.9, 0.1)
    limit = stats.t.ppf(0.95, flat.effect_df) * 0.1
    excluded = f"an effect of 0.4 log2 units in the declared direction is excluded (one-sided 95 % limit {limit:.2f})"
    assert ruled([flat], "experiment", None).rule == f"In a {excluded}."
    assert ruled([against], "experiment", None).rule == "In b the set changed in the other direction."
    assert ruled([flat, against], "experiment", None).rule == (
        f"In b the set changed in the other direction; in a {excluded}."
    )
    assert (
        "In a an effect of 0.4 log2 units on either side" in ruled([flat], "experiment", None, direction="either").rule
    )


def test_undecided_experiments_say_which_of_four_reasons_holds():
    """They disagree; the set is not special; too few data; or the estimate is near the margin."""

    def told(*rows, margin=0.4):
        decision = ruled(rows, "experiment", None, margin=margin)
        assert decision.verdict == "not testable"
        return decision.rule, decision.unspecial

    against = contrast("b", -0.3, 0.25, 4, p_self_contained=0.01)
    assert told(contrast("a", 2.0, 0.2), against) == (
        "a changed as declared, and b in the other direction.", False,
    )  # fmt: skip
    common = contrast("a", 2.0, 0.2, comparator_percentile=80.0)
    rule, unspecial = told(common, contrast("b", 0.2, 0.3))
    assert rule == (
        "The change is significant and beyond the margin, but stands below the 90th percentile among comparator sets "
        "(a: 80): it cannot be told from what moves many genes."
    )
    assert unspecial
    smallest = stats.t.ppf(0.95, 60) * 0.3 / small_sample_factor(58)
    assert told(contrast("a", 0.3, 0.1), contrast("b", 0.2, 0.3)) == (
        "Too few data in b: without any effect, too, one of 0.4 log2 units could not have been excluded (smallest "
        f"effect excludable: {smallest:.3g} log2 units).", False,
    )  # fmt: skip
    near = "The estimate in a lies near the margin of 0.4 log2 units: an effect of that size is neither shown nor excluded."
    assert told(contrast("a", 0.3, 0.1), contrast("b", 0.0, 0.1)) == (near, False)


def test_experiments_tell_how_many_changed_beyond_which_margin():
    """Supported and suggestive alike; without a direction in one."""
    rows = [contrast("a", 2.0, 0.1), contrast("b", 1.8, 0.1)]
    supported = ruled(rows, "experiment", [])
    seen = "In both contrasts the set changed in the declared direction, beyond the margin of 0.4 log2 units"
    assert (supported.verdict, supported.rule) == ("supported", f"{seen}, and every required condition is met.")
    hint = ruled([*rows, contrast("c", 0.1, 0.1)], "experiment", None, direction="either")
    assert hint.rule == (
        "In 2 of 3 contrasts the set changed in one direction, beyond the margin of 0.4 log2 units. The gates were not evaluated."
    )


@pytest.mark.parametrize("missing", ["effect", "p"])
def test_cohorts_without_a_pooled_effect_or_its_p_are_not_testable(missing):
    """Either alone: nothing can be compared."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    found = evidence(*rows, pooled=replace(pool_contrasts(rows), **{missing: None}))
    decision = RULES["cohort"].apply(found, RULES["cohort"].read(found, "up"), "up")
    assert (decision.verdict, decision.rule) == ("not testable", "No cohort could enter the pooled effect.")


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        ([1.0], "Only one experiment; two are needed."),
        ([0.0, 0.0], "None of 2 independent experiments shows the change; two are needed."),
        ([1.0, 0.0], "Only 1 of 2 independent experiments shows the change; two are needed."),
    ],
)
def test_the_gate_of_experiments_says_how_many_there_are(effects, words):
    rows = [contrast(name, effect, 0.1) for name, effect in zip("ab", effects, strict=False)]
    gates = RULES["experiment"].gates(
        RULES["experiment"].read(evidence(*rows), "up"), evidence(*rows), "up", Level(0.01, 1)
    )
    assert words in {gate.shortfall for gate in gates}


@pytest.mark.parametrize(
    ("p", "effect", "words"),
    [
        (0.02, 0.3, "The p is 0.02: above the 0.01 that cohorts need."),
        (0.02, -0.3, "The pooled effect is not in the declared direction."),
    ],
)
def test_the_gate_of_the_pooled_p_says_what_is_short(p, effect, words):
    known = evidence(contrast("a", effect, 0.1))
    gates = RULES["cohort"].gates(RULES["cohort"].read(known, "up"), known, "up", Level(p, 1))
    assert next(gate.shortfall for gate in gates if gate.name == "pooled p").startswith(words)


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        (
            [2.0],
            f"The p, corrected for 3 questions (Holm), is 0.2: above the {FAMILY_P:g} that experiments need; the interval is for this question alone.",
        ),
        ([2.0, 1.8], "The smallest p over the contrasts, corrected for 3 questions (Holm), is 0.2: above"),
        ([0.1, 0.1], "No experiment shows the change."),
    ],
)
def test_the_gate_of_holm_in_experiments_says_what_is_short(effects, words):
    """One p, the smallest of several, or no experiment that passes."""
    rows = [contrast(name, effect) for name, effect in zip("ab", effects, strict=False)]
    assert gates_of("experiment", rows, 0.2)["Holm"].shortfall.startswith(words)


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_contrasts_that_could_not_be_tested_are_counted(kind):
    """The only one, or how many; the problem is that of the first one that has one."""
    silent = replace(contrast("a"), effect=math.nan)
    told = "None of the 2 contrasts could be tested; of the first one: "
    assert ruled([untestable("a")], kind, None).rule == "Its only contrast could not be tested: too small."
    assert ruled([untestable("a"), untestable("b")], kind, None).rule == f"{told}too small."
    assert ruled([silent], kind, None).rule == "Its only contrast could not be tested: its effect is no number."


def test_the_p_of_experiments_is_the_smallest_one_sided_p_times_their_number():
    """What could not be tested has none and is not counted."""
    rows = [
        contrast("a", p_self_contained=0.04),
        contrast("b", p_self_contained=0.02, direction="down"),
        untestable("c"),
    ]
    assert RULES["experiment"].declared_p(evidence(*rows), "up") == 0.04
    assert RULES["experiment"].declared_p(evidence(*rows), "down") == 0.02
    assert RULES["experiment"].declared_p(evidence(rows[2]), "up") is None


def test_a_spread_between_cohorts_is_told_with_its_interval_and_two_sided_p():
    """Twice the probability of the other side, for effects of either sign."""
    for sign in (1, -1):
        known = evidence(contrast("a", sign * 0.6, 0.15), contrast("b", sign * 0.5, 0.15))
        prior = known.pooled.spread_prior
        row = _if_cohorts_differ(Case(hypothesis(), known, ("a", "b")))
        assert (row.ci_low, row.ci_high) == (prior.ci_low, prior.ci_high)
        assert row.p_value == 2 * min(prior.p_one_sided, 1 - prior.p_one_sided) < 0.05


@pytest.mark.parametrize(
    ("passing", "tested", "words"),
    [
        (1, 1, "In its only contrast"),
        (2, 2, "In both contrasts"),
        (3, 3, "In all 3 contrasts"),
        (1, 2, "In 1 of 2 contrasts"),
        (2, 3, "In 2 of 3 contrasts"),
    ],
)
def test_where_the_set_changed(passing, tested, words):
    """Of how many contrasts."""
    assert _where(passing, tested) == words

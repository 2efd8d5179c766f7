"""How a contrast stands towards what was declared: every limit at its value, a little beside it, and on both sides."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from scipy import stats
from test_rules import contrast, evidence, hypothesis

from sidemine.considerations.judgement import Cap, Gate, make_gate
from sidemine.effect.intervals import measured_effect
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import PooledEffect
from sidemine.verdict.gates import cohort_gates, experiment_gates, is_competitive
from sidemine.verdict.readings import (
    as_effect,
    conflicting,
    has_declared_sign,
    independent_readings,
    read_contrast,
    read_contrasts,
    replicates,
    smallest_excludable,
)
from sidemine.verdict.rules import apply_rules

NOTHING_POOLED = PooledEffect(0, [], [], "")


def read(row, direction="up", kind="experiment", margin=0.4, side=""):
    return read_contrast(row, direction, side or ("up" if direction == "either" else direction), margin, kind)


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


@pytest.mark.parametrize(("p", "opposite"), [(0.049, True), (0.051, False)])
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
    """One-sided 95 %: t(60) = 1.67 standard errors above the estimate, in the declared direction."""
    edge = stats.t.ppf(0.95, 60) * 0.1
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
    assert [reading.agrees for reading in read_contrasts(evidence(*rows), "either", "cohort")] == [False, True]
    rows[0] = replace(rows[0], p_self_contained=0.0001)
    assert [reading.agrees for reading in read_contrasts(evidence(*rows), "either", "cohort")] == [True, False]


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
        return conflicting(read_contrasts(evidence(*(contrast(str(e), e, 0.1) for e in effects)), "up", "cohort"))

    def touching(*intervals):
        return conflicting(
            [SimpleNamespace(effect=SimpleNamespace(interval=lambda _, both=both: both)) for both in intervals]
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
    readings = read_contrasts(evidence(*rows), "up", "cohort")
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
    assert as_effect(pooled_as(df=None)).limit("up") == pytest.approx(0.5 + 1.6449 * pooled_as().se, abs=1e-4)
    assert as_effect(pooled_as(df=3.0)).df == 3.0
    assert as_effect(pooled_as(se=None)) is None
    assert as_effect(pooled_as(effect=None)) is None


def test_replication_is_told_with_its_counts():
    """z of exactly .5 does not show it; two of three are needed of three, three of four."""

    def told(*effects, direction="up"):
        rows = [contrast(f"c{at}", effect, 0.2) for at, effect in enumerate(effects)]
        return replicates(read_contrasts(evidence(*rows), direction, "cohort"), pool_contrasts(rows), direction)

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
    assert smallest_excludable(effects) == pytest.approx(stats.t.ppf(0.95, 60) * 0.3)
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
    readings = read_contrasts(evidence(*rows), direction, kind)
    make = cohort_gates if kind == "cohort" else experiment_gates
    return {gate.name: gate for gate in make(readings, pool_contrasts(rows), direction, p_holm, 3)}


@pytest.mark.parametrize(("p_holm", "status"), [(0.01, "passed"), (0.0101, "failed"), (None, "not evaluated")])
def test_the_gate_of_the_pooled_p(p_holm, status):
    """One percent after Holm, in the declared sign; the figures stand beside it."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    gate = gates_of("cohort", rows, p_holm)["pooled p"]
    assert gate.status == status
    told = "nothing was pooled" if p_holm is None else f"Holm over 3 hypotheses: {p_holm:.2g}; common effect, k = 2"
    assert gate.detail.endswith(told)
    against = gates_of("cohort", rows, p_holm, "down")["pooled p"]
    assert against.status == ("not evaluated" if p_holm is None else "failed")


@pytest.mark.parametrize(("p_holm", "status"), [(0.05, "passed"), (0.0501, "failed"), (None, "not evaluated")])
def test_the_gate_of_holm_in_experiments(p_holm, status):
    """Five percent, and an experiment that passes."""
    rows = [contrast("a", 2.0), contrast("b", 1.8)]
    gate = gates_of("experiment", rows, p_holm)["Holm"]
    assert gate.status == status
    assert gate.detail == ("nothing was tested" if p_holm is None else f"Holm over 3 hypotheses: {p_holm:.2g}")
    flat = [contrast("a", 0.1), contrast("b", 0.1)]
    assert gates_of("experiment", flat, 0.001)["Holm"].status == "failed"


def test_gates_of_experiments_count_what_they_say():
    """Three contrasts, two of them special: every detail holds the right count."""
    special = {"comparator_percentile": 95.0, "p_competitive": 0.01, "competitive_direction": "up"}
    rows = [contrast("a", 2.0, **special), contrast("b", 1.8, **special), contrast("c", 0.05)]
    gates = gates_of("experiment", rows)
    assert {name: (gate.status, gate.required, gate.detail) for name, gate in gates.items() if name != "Holm"} == {
        "one experiment": ("passed", True, "2 of 3 testable contrasts"),
        "two experiments": ("passed", True, "2 of 3 independent experiments"),
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
    assert gates["two experiments"].status == "failed"
    assert gates_of("experiment", [contrast("a", 0.1)])["one experiment"].status == "failed"


def test_two_experiments_of_unknown_place_leave_the_gate_open():
    """They may be special: not evaluated. One of known place and one that does not pass have failed."""
    unknown = [contrast("a", 2.0), contrast("b", 1.8)]
    assert gates_of("experiment", unknown)["two experiments"].status == "not evaluated"
    half = [contrast("a", 2.0, comparator_percentile=95.0), contrast("b", 1.8)]
    assert gates_of("experiment", half)["two experiments"].status == "not evaluated"
    alone = [contrast("a", 2.0), contrast("b", 0.1)]
    assert gates_of("experiment", alone)["two experiments"].status == "failed"


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
    readings = read_contrasts(found, direction, kind)
    return apply_rules(found, readings, hypothesis(kind=kind, direction=direction), gates, caps)


def test_what_is_missing_is_listed_once_and_gates_that_are_capped_are_not():
    """Open gates by name and status, then caps; what is shown only keeps nothing back."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    gates = [
        make_gate("replication", "d", False, ""),
        make_gate("calibration", "d", None, ""),
        make_gate("composition", "d", True, ""),
        make_gate("self-contained test", "d", False, "", required=False),
    ]
    caps = [Cap("calibration", "x."), Cap("calibration", "y."), Cap("batch_aliased", "z.")]
    decision = ruled(rows, "cohort", gates, caps)
    assert decision.verdict == "suggestive"
    assert "(replication failed; capped by calibration; capped by batch aliased)" in decision.rule
    assert ruled(rows, "cohort", gates[2:]).verdict == "supported"
    assert ruled(rows, "cohort", gates[2:], caps[:1]).verdict == "suggestive"


@pytest.mark.parametrize(("p", "verdict"), [(0.05, "suggestive"), (0.0501, "not testable")])
def test_a_pooled_p_of_five_percent_is_a_hint(p, verdict):
    """In the declared sign."""
    rows = [contrast("a", 0.5, 0.35), contrast("b", 0.5, 0.35)]
    found = replace(evidence(*rows), pooled=replace(pool_contrasts(rows), p=p))
    readings = read_contrasts(found, "up", "cohort")
    assert apply_rules(found, readings, hypothesis(), None).verdict == verdict
    down = hypothesis(direction="down")
    assert apply_rules(found, read_contrasts(found, "down", "cohort"), down, None).verdict != "suggestive"


def test_rules_tell_the_limit_that_they_rest_on():
    """The figure, the side and the margin, for both kinds."""
    flat = [contrast("a", 0.0, 0.1), contrast("b", 0.0, 0.1)]
    limit = stats.t.ppf(0.95, pool_contrasts(flat).df) * pool_contrasts(flat).se
    rule = ruled(flat, "cohort", None).rule
    assert (
        f"pooled over 2 cohorts (common effect) has a one-sided 95 % limit of {limit:.2g} in the declared direction"
        in rule
    )
    assert rule.endswith("below the margin of 0.4.")
    assert "of the single cohort excludes 0 on the other side" in ruled([contrast("a", -0.9)], "cohort", None).rule
    either = ruled([contrast("a", -0.9), contrast("b", -0.9)], "cohort", None, direction="either")
    assert (either.verdict, either.opposite) == ("suggestive", False)
    assert "the one-sided 95 % limit in the declared direction" in ruled(flat, "experiment", None).rule
    assert (
        "90 % interval lies within the margin of 0.4 on both sides"
        in ruled(flat, "experiment", None, direction="either").rule
    )


def test_experiments_excluded_or_opposite_together_are_not_supported():
    """One within the margin, one significant on the other side: no effect as declared, and opposite is told."""
    decision = ruled([contrast("a", 0.0, 0.1), contrast("b", -0.9, 0.5, p_self_contained=0.01)], "experiment", None)
    assert (decision.verdict, decision.opposite) == ("not supported", True)
    assert not ruled([contrast("a", 0.0, 0.1), contrast("b", 0.1, 0.1)], "experiment", None).opposite
    assert ruled([contrast("a", 0.0, 0.1), contrast("b", 0.1, 0.9)], "experiment", None).verdict == "not testable"


def test_an_undecided_answer_names_the_sets_place_where_that_is_why():
    """The percentile of each contrast that would have passed, and what could have been excluded."""
    rows = [contrast("a", 2.0, 0.2, comparator_percentile=80.0), contrast("b", 0.2, 0.3)]
    rule = ruled(rows, "experiment", None).rule
    assert "(a: 80)" in rule
    assert f"smallest effect excludable = {stats.t.ppf(0.95, 60) * 0.3:.2g}" in rule
    assert "underpowered" in ruled([contrast("a", 0.2, 0.3)], "experiment", None).rule


def test_the_rule_of_experiments_says_what_it_demands():
    """One-sided where a direction was declared; two-sided where none was."""
    rows = [contrast("a", 2.0, 0.1), contrast("b", 1.8, 0.1)]
    supported = ruled(rows, "experiment", [])
    assert supported.verdict == "supported"
    assert (
        "p of at most 0.025 in the declared direction, an effect beyond the margin of 0.4 and the 90th"
        in supported.rule
    )
    hint = ruled(rows, "experiment", None, direction="either").rule
    assert "(no direction was declared, so 0.05 in all)" in hint
    assert "is not below the 90th percentile" in hint
    assert "(the gates were not evaluated)" in hint


@pytest.mark.parametrize("missing", ["effect", "p"])
def test_cohorts_without_a_pooled_effect_or_its_p_are_not_testable(missing):
    """Either alone: nothing can be compared."""
    rows = [contrast("a", 0.6), contrast("b", 0.5)]
    found = replace(evidence(*rows), pooled=replace(pool_contrasts(rows), **{missing: None}))
    decision = apply_rules(found, read_contrasts(found, "up", "cohort"), hypothesis(), None)
    assert (decision.verdict, decision.rule) == ("not testable", "No cohort could enter the pooled effect.")

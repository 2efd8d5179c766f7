"""Panels: what one model of all arms gives, how it reads, and what the rule table makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sidemine.considerations.compounds.judge import judge_compounds
from sidemine.considerations.compounds.telling import answer_of, part_of
from sidemine.considerations.judgement import Case
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.compound_reading import arm_limit, needed_of, read_panel
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, SidedP
from sidemine.effect.compounds import ArmData, _least_of_units, measure_compounds
from sidemine.effect.plain_words import signed_percent
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin
from sidemine.enrichment.fry import resistant_sd
from sidemine.enrichment.set_membership import build_membership
from sidemine.errors import Problem
from sidemine.quality.record import NO_TREATMENT
from sidemine.records import as_json, as_record
from sidemine.study.projections import ContrastToFit, HypothesisOfCompounds, HypothesisToJudge
from sidemine.verdict.panels import PanelRules

N_GENES, N_SET = 120, 30
SETS = pd.DataFrame({"gene_set": "SET", "gene": [f"g{row}" for row in range(N_SET)], "weight": 1.0, "family": "target"})
SETS = SETS.assign(version="", source="")
MARGIN = Margin(0.4, "log2", "declared")


def data_of(shifts: dict[str, float], n: int = 3, seed: int = 1) -> ArmData:
    """Draw arms whose set genes differ from those of other genes by so many log2 units."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(list(shifts), n)
    values = rng.normal(8, 0.2, (len(arm), N_GENES))
    values[:, :N_SET] += np.array([shifts[name] for name in arm])[:, None]
    names = [f"s{row}" for row in range(len(arm))]
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used", "value_column": names, "arm": arm})
    return ArmData(values, names, [f"g{row}" for row in range(N_GENES)], "log2", False, samples, NO_TREATMENT)


def contrast(arm: str, reference: str = "arm = vehicle") -> ContrastToFit:
    """Return the contrast of an arm."""
    return ContrastToFit(
        contrast=arm, dataset="d", target=f"arm = {arm}", reference=reference, covariates=[], block="", blocking="auto",
        array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="units",
    )  # fmt: skip


def measured(
    data: ArmData, arms: list[dict], asks: str = "class_wide", direction: str = "down", **changed
) -> CompoundEvidence:
    """Measure a panel whose primary contrasts are the arms of the class."""
    primary = [arm["contrast"] for arm in arms if arm.get("of_class", True)]
    hypothesis = HypothesisOfCompounds.model_validate(
        {
            "id": "h",
            "primary": {"set": "SET", "contrasts": primary, "score": "mean", "direction": direction},
            "compounds": {"asks": asks, "arms": arms},
        }
    )
    rows = {arm["contrast"]: changed.get(arm["contrast"]) or contrast(arm["contrast"]) for arm in arms}
    return measure_compounds(hypothesis, rows, data, SETS, min_group_size=3, min_set_size=5, rotations=256, seed=5)


def arms_of(names: str, others: str = "x") -> list[dict]:
    """Return arms, one compound each."""
    return [{"contrast": name, "compound": name.upper(), "of_class": name not in others} for name in names]


def doses_of(names: str = "abc") -> list[dict]:
    """Return doses of one compound, and one of another class."""
    rows = [{"contrast": name, "compound": "A", "dose": 10.0**place} for place, name in enumerate(names)]
    return [*rows, {"contrast": "x", "compound": "X", "of_class": False}]


TRUTHS = {
    "class-wide (4 of 4 compounds: A, B, C, D)": {"a": -1, "b": -1, "c": -1, "d": -1, "x": 0},
    "class-wide (3 of 4 compounds: A, B, C)": {"a": -1, "b": -1, "c": -1, "d": 0, "x": 0},
    "not class-wide, this compound only (B)": {"a": 0, "b": -1, "c": 0, "d": 0, "x": 0},
    "shown for 2 of 4 compounds (A, B)": {"a": -1, "b": -1, "c": 0, "d": 0, "x": 0},
    "no compound": {"a": 0, "b": 0, "c": 0, "d": 0, "x": 0},
    "not told apart from the other compounds": {"a": -1, "b": -1, "c": -1, "d": -1, "x": -1},
}


@pytest.mark.parametrize("pattern", TRUTHS)
def test_the_word_is_what_was_planted(pattern):
    found = measured(data_of({"vehicle": 0, **TRUTHS[pattern]}), arms_of("abcdx"))
    reading = read_panel(found, MARGIN)
    assert reading.pattern == pattern
    assert reading.shown == pattern.startswith("class-wide")
    assert reading.refuted == (
        pattern in {"not class-wide, this compound only (B)", "shown for 2 of 4 compounds (A, B)", "no compound"}
    )
    assert found.n_samples == 18
    assert found.n_coefficients == 6
    assert as_record(CompoundEvidence, as_json(found), "x") == found


OPPOSED = {
    "shown for 1 of 3 compounds (A); the other way: B, C": {"a": -1, "b": 1, "c": 1, "x": 0},
    "no compound; the other way: A, B, C": {"a": 1, "b": 1, "c": 1, "x": 0},
    "class-wide (2 of 3 compounds: A, B); the other way: C": {"a": -1, "b": -1, "c": 1, "x": 0},
}


@pytest.mark.parametrize("pattern", OPPOSED)
def test_a_compound_that_acts_the_other_way_is_not_told_as_one_that_does_nothing(pattern):
    found = measured(data_of({"vehicle": 0, **OPPOSED[pattern]}), arms_of("abcx"))
    assert read_panel(found, MARGIN).pattern == pattern


ANSWERS = {
    "At least 3 of 4: lower with A, B and C. D: no fall as large as 24 %.": {"a": -1, "b": -1, "c": -1, "d": 0, "x": 0},
    "At least 3 of 4: lower with A, B, C and D.": {"a": -1, "b": -1, "c": -1, "d": -1, "x": 0},
    "Evidence against at least 3 of 4 acting. Lower with B only. A, C and D: no fall as large as 24 %.": {"a": 0, "b": -1, "c": 0, "d": 0, "x": 0},
    "Evidence against at least 3 of 4 acting. Lower with B. C and D: no fall as large as 24 %. A: neither shown nor excluded.": {"a": -0.4, "b": -1, "c": 0, "d": 0, "x": 0},
    "Evidence against at least 3 of 4 acting. Shown for none. A, B, C and D: no fall as large as 24 %.": {"a": 0, "b": 0, "c": 0, "d": 0, "x": 0},
    "": {"a": -1, "b": -1, "c": -1, "d": -1, "x": -1},
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_class_is_told_by_what_was_found_and_what_was_not(answer):
    """Which compounds act, how many were needed, with which an effect is excluded, and with which neither."""
    found = measured(data_of({"vehicle": 0, **ANSWERS[answer]}), arms_of("abcdx"))
    assert answer_of(found, MARGIN) == answer


def test_a_limit_stands_where_the_interval_reaches_the_margin():
    """The two-sided interval beside it would contradict what the one-sided limit excludes; elsewhere it says enough."""
    found = measured(data_of({"vehicle": 0, "a": 0, "b": 0, "c": 0, "x": 0}), arms_of("abcx"))
    limits = [-arm_limit(arm, "down") for arm in found.carrying]
    lows = [-arm.ci_low for arm in found.carrying]
    assert max(limits) < max(lows)
    told = answer_of(found, replace(MARGIN, value=(max(limits) + max(lows)) / 2))
    assert f"(one-sided 95 % limits {signed_percent(-limits[0])} %, " in told
    assert "limit" not in answer_of(found, replace(MARGIN, value=2 * max(lows)))


def test_a_dose_question_is_told_in_its_two_parts():
    """Whether it acts, and whether more at higher doses: an answer to the first is none to the second."""
    flat = measured(data_of({"vehicle": 0, "a": -1, "b": -1, "c": -1, "x": 0}), doses_of(), "dose")
    assert answer_of(flat, MARGIN) == (
        "Effect: lower, beyond the margin, at all 3 doses; the verdict is on this. More at higher doses: not shown."
    )
    rising = measured(data_of({"vehicle": 0, "a": 0, "b": -1, "c": -2, "x": 0}), doses_of(), "dose")
    assert part_of(flat, MARGIN) == "effect only"
    assert part_of(rising, MARGIN) == ""
    assert answer_of(rising, MARGIN) == "Lower, beyond the margin, at 2 of 3 doses, and more at higher doses."
    falling = measured(data_of({"vehicle": 0, "a": -1.6, "b": -1.3, "c": -1, "x": 0}), doses_of(), "dose")
    assert answer_of(falling, MARGIN).endswith(" More at higher doses: not shown, the estimates shrink.")
    level = measured(data_of({"vehicle": 0, "a": -1.1, "b": -1.05, "c": -1, "x": 0}), doses_of(), "dose")
    assert answer_of(level, MARGIN).endswith(" More at higher doses: not shown.")  # a plateau
    bent = measured(data_of({"vehicle": 0, "a": -1.3, "b": -1.6, "c": -1, "x": 0}), doses_of(), "dose")
    assert answer_of(bent, MARGIN).endswith(" More at higher doses: not shown.")
    none = measured(data_of({"vehicle": 0, "a": 0, "b": 0, "c": 0, "x": 0}), doses_of(), "dose")
    assert answer_of(none, MARGIN) == "Evidence against: a fall of 24 % or more is excluded at 1, 10 and 100."
    assert part_of(none, MARGIN) == ""


def test_without_a_declared_direction_an_effect_is_excluded_on_both_sides():
    found = measured(data_of({"vehicle": 0, "a": -1, "b": 1, "c": 0, "x": 0}), arms_of("abcx"), direction="either")
    reading = read_panel(found, MARGIN)
    assert reading.excluded == ("c",)
    assert "only" not in reading.pattern


def test_a_vehicle_that_hides_an_effect_excludes_none():
    """Vehicle and class stand alike, and the other compounds apart from both: nobody knows which of them is off."""
    found = measured(data_of({"vehicle": -1, "a": -1, "b": -1, "c": -1, "x": 0}), arms_of("abcx"))
    reading = read_panel(found, MARGIN)
    assert (reading.pattern, reading.refuted, reading.excluded) == ("open", False, ())


@pytest.mark.parametrize(
    ("effects", "pattern"),
    [
        ((-1, 0, 0), "not class-wide, this compound only (A)"),
        ((-1, 0, -0.2), "shown for 1 of 3 compounds (A)"),
        ((0, 0, -0.4), "not class-wide"),
        ((0, -0.2, -0.4), "open"),
    ],
)
def test_the_word_never_contradicts_what_is_excluded(effects, pattern):
    """Standard error .1 and a margin of .4: an effect of 0 is excluded by far, one of .2 only where nothing is chosen."""
    arms = []
    for name, effect in zip("abc", effects, strict=True):
        tested = SidedP(1e-6 if effect < -0.5 else 0.4, "down")
        arm = ArmEffect(
            name, name.upper(), True, "", None, None, True, 3, 3, None, effect, 0.1, 10.0, -1.0, 1.0, tested, tested
        )
        arms.append(arm)
    reading = read_panel(CompoundEvidence("class_wide", "down", "", "", arms, 12, 5, ["x"]), MARGIN)
    assert reading.pattern == pattern
    assert reading.refuted == (pattern in {"not class-wide, this compound only (A)", "not class-wide"})


def test_a_dose_that_could_not_be_tested_is_not_excluded():
    data = data_of({"vehicle": 0, "x": 0, "a": 0, "b": 0, "c": -1})
    data.samples.loc[data.samples["arm"] == "c", "fate"] = "excluded"
    reading = read_panel(measured(data, doses_of(), "dose"), MARGIN)
    assert (reading.k, reading.excluded, reading.refuted, reading.pattern) == (3, ("a", "b"), False, "open")


def test_an_effect_is_that_of_its_arm_with_the_variance_of_all_arms():
    data = data_of({"vehicle": 0, "a": -1, "b": 0.5, "x": 0})
    found = {arm.contrast: arm for arm in measured(data, arms_of("abx")).arms}
    mean = {name: data.values[3 * place : 3 * place + 3] for place, name in enumerate(("vehicle", "a", "b", "x"))}
    for name in "abx":
        score = {key: rows[:, :N_SET].mean(axis=1) - rows[:, N_SET:].mean(axis=1) for key, rows in mean.items()}
        assert found[name].effect == pytest.approx(score[name].mean() - score["vehicle"].mean())
        pooled = np.mean([rows.var(ddof=1) for rows in score.values()])
        assert found[name].effect_se == pytest.approx(np.sqrt(pooled * 2 / 3))
        assert found[name].df == 8


def test_without_other_compounds_nothing_guards_and_the_answer_is_capped():
    found = measured(data_of({"vehicle": 0, "a": -1, "b": -1}), arms_of("ab"))
    assert read_panel(found, MARGIN).shown
    assert found.others == []
    judgement = judge_compounds(case_of(found))
    assert [cap.cap for cap in judgement.caps] == ["vehicle"]
    guarded = measured(data_of({"vehicle": 0, "a": -1, "b": -1, "x": 0}), arms_of("abx"))
    assert judge_compounds(case_of(guarded)).caps == ()


def test_a_trend_among_doses_needs_no_vehicle():
    """Doses that do alike may stand apart from the vehicle for another reason; doses that do more and more do not."""
    caps = {}
    for name, shifts in {"rise": {"a": 0, "b": -1, "c": -2}, "alike": {"a": -1, "b": -1, "c": -1}}.items():
        found = measured(data_of({"vehicle": 0, **shifts}), doses_of()[:-1], "dose")
        assert found.others == []
        caps[name] = [cap.cap for cap in judge_compounds(case_of(found)).caps]
    assert caps == {"rise": [], "alike": ["vehicle"]}


@pytest.mark.parametrize(
    ("shifts", "pattern"),
    [
        ((-1, -1, -1), "acts, but is not shown to do more at higher doses"),
        ((-0.1, -0.6, -1.1), "dose-dependent"),
        ((0, 0, -1), "dose-dependent"),
        ((0, 0, 0), "none of the doses"),
    ],
)
def test_a_dose_response_needs_a_trend_among_the_treated_doses(shifts, pattern):
    data = data_of({"vehicle": 0, "x": 0, **dict(zip("abc", shifts, strict=True))})
    found = measured(data, doses_of(), "dose")
    assert read_panel(found, MARGIN).pattern == pattern
    assert [row.shape for row in found.response.shapes] == ["linear", "plateau", "Emax", "top only"]


def test_a_vehicle_that_is_off_makes_no_dose_response():
    found = measured(data_of({"vehicle": 1, "a": 0, "b": 0, "c": 0, "x": 0}), doses_of(), "dose")
    assert read_panel(found, MARGIN).pattern == "not told apart from the other compounds"


def test_times_with_a_vehicle_each_are_read_alike():
    data = data_of({"v1": 0, "v2": 0.5, "a": 0, "b": -0.5})
    arms = [{"contrast": name, "compound": "A", "time": time} for name, time in (("a", 2), ("b", 24))]
    rows = {"a": contrast("a", "arm = v1"), "b": contrast("b", "arm = v2")}
    reading = read_panel(measured(data, arms, "time", **rows), MARGIN)
    assert reading.pattern == "time-dependent"


def test_a_guard_needs_other_compounds_at_every_vehicle():
    """With a vehicle at each time, others at one time alone would leave the other vehicle in the comparison."""
    data = data_of({"v1": 0, "v2": 0.5, "a": 0, "b": -0.5, "x": 0, "y": 0.5})
    arms = [{"contrast": name, "compound": "A", "time": time} for name, time in (("a", 2), ("b", 24))]
    others = [{"contrast": name, "compound": "X", "of_class": False} for name in "xy"]
    rows = {name: contrast(name, f"arm = {vehicle}") for name, vehicle in zip("abxy", ("v1", "v2") * 2, strict=True)}
    assert measured(data, [*arms, others[0]], "time", **rows).others == []
    both = measured(data, [*arms, *others], "time", **rows)
    assert both.others == ["x", "y"]
    set_mean = data.values[:, :N_SET].mean(axis=1).reshape(6, 3).mean(axis=1)
    assert set_mean[3] < set_mean[5] - 0.5
    assert next(arm for arm in both.arms if arm.contrast == "b").over_others.on_side("down") < 0.01


def test_a_vehicle_of_one_time_that_is_off_makes_no_trend():
    """Each time has its vehicle, so the trend rests on them: the others, who share them, must not show it as well."""
    data = data_of({"v1": 0, "v2": 1, "a": -0.6, "b": -0.6, "x": 0, "y": 0}, seed=2)
    arms = [{"contrast": name, "compound": "A", "time": time} for name, time in (("a", 2), ("b", 24))]
    others = [{"contrast": name, "compound": "X", "of_class": False} for name in "xy"]
    rows = {name: contrast(name, f"arm = {vehicle}") for name, vehicle in zip("abxy", ("v1", "v2") * 2, strict=True)}
    alone = measured(data, arms, "time", **rows)
    assert read_panel(alone, MARGIN).pattern == "time-dependent"
    assert [cap.cap for cap in judge_compounds(case_of(alone)).caps] == ["vehicle"]
    guarded = measured(data, [*arms, *others], "time", **rows)
    assert read_panel(guarded, MARGIN).pattern == "acts, but is not shown to do more at later times"
    assert judge_compounds(case_of(guarded)).caps == ()


def test_times_with_one_reference_may_be_time_in_culture():
    data = data_of({"v": 0, "a": -0.5, "b": -1, "x": 0})
    arms = [{"contrast": name, "compound": "A", "time": time} for name, time in (("a", 2), ("b", 24))]
    arms.append({"contrast": "x", "compound": "X", "of_class": False})
    rows = {name: contrast(name, "arm = v") for name in "abx"}
    caps = judge_compounds(case_of(measured(data, arms, "time", **rows))).caps
    assert ["time in culture" in cap.reason for cap in caps] == [True]


def test_the_guard_finds_the_vehicle_however_it_is_written_and_tells_when_none_can_serve():
    data = data_of({"vehicle": 0, "a": -1, "b": -1, "x": 0})
    found = measured(data, arms_of("abx"), x=contrast("x", "arm=vehicle"))
    assert found.others == ["x"]
    data.samples.loc[data.samples["arm"] == "x", "fate"] = "excluded"
    found = measured(data, arms_of("abx"))
    (cap,) = judge_compounds(case_of(found)).caps
    assert "that can be tested" in cap.reason
    assert "declare one" not in cap.reason


def test_a_dataset_that_could_not_be_prepared_tells_why():
    problem = Problem("the file is damaged", "x.tsv", "a table", "Retrieve it again.")
    data = replace(data_of({"vehicle": 0, "a": -1, "b": -1}), problem=problem)
    found = measured(data, arms_of("ab"))
    assert "the file is damaged" in found.problem.where
    assert [arm.problem for arm in found.arms] == [problem, problem]


def test_a_compound_that_cannot_be_tested_counts_as_one_that_does_not_act():
    data = data_of({"vehicle": 0, "a": -1, "b": -1, "c": -1, "x": 0})
    data.samples.loc[data.samples["arm"] == "c", "fate"] = "excluded"
    found = measured(data, arms_of("abcx"))
    assert next(arm for arm in found.arms if arm.contrast == "c").problem is not None
    reading = read_panel(found, MARGIN)
    assert (reading.k, reading.needed, reading.pattern) == (3, 2, "class-wide (2 of 3 compounds: A, B)")
    assert answer_of(found, MARGIN) == "At least 2 of 3: lower with A and B. C: neither shown nor excluded."


def test_a_sample_of_two_groups_has_no_model():
    rows = {"b": contrast("b", "arm in (vehicle, x)")}
    found = measured(data_of({"vehicle": 0, "a": -1, "b": -1, "x": 0}), arms_of("abx"), **rows)
    assert "two groups" in found.problem.what
    assert read_panel(found, MARGIN).p is None


def test_repeats_that_one_arm_merges_and_another_does_not_are_told_as_such():
    """An arm that lacks blocks falls back to a correlation, where repeats stay rows: the vehicle's group is the same in both."""
    arms = [name for name in ("vehicle", "a", "b", "x") for donor in range(8) if name != "b" or donor < 6]
    donors = [f"D{donor}" for name in ("vehicle", "a", "b", "x") for donor in range(8) if name != "b" or donor < 6]
    arms, donors = [*arms, "vehicle"], [*donors, "D0"]
    names = [f"s{row}" for row in range(len(arms))]
    samples = pd.DataFrame(
        {"sample": names, "unit": names, "fate": "used", "value_column": names, "arm": arms, "donor": donors}
    )
    values = np.random.default_rng(1).normal(8, 0.2, (len(arms), N_GENES))
    data = replace(data_of({"vehicle": 0}), values=values, names=names, samples=samples)
    blocked = {"block": "donor", "samples_in_block": "repeats"}
    rows = {name: contrast(name).model_copy(update=blocked) for name in "abx"}
    found = measured(data, arms_of("abx"), **rows)
    assert "merged into one row in some arms" in found.problem.what
    assert "contrast b takes sample s0 as a row of its own" in found.problem.where
    assert "(s0, s30)" in found.problem.where
    fixed = {name: row.model_copy(update={"blocking": "fixed"}) for name, row in rows.items()}
    found = measured(data, arms_of("abx"), **fixed)
    assert found.problem is None
    assert [(arm.n_target, arm.n_reference) for arm in found.arms] == [(8, 8), (6, 6), (8, 8)]
    assert found.n_samples == 31
    assert found.notes[0].startswith(
        "One linear model of 31 samples (30 rows: repeats of one unit in one arm are merged) holds"
    )


def cultures(rows: list[tuple[str, int]], **columns: list[str]) -> ArmData:
    """Draw one culture per arm and donor named; arms a and b lie lower."""
    rng = np.random.default_rng(3)
    n_donors = 1 + max(donor for _, donor in rows)
    donors = rng.normal(0, 0.5, (n_donors, N_GENES))[[donor for _, donor in rows]]
    values = rng.normal(8, 0.2, (len(rows), N_GENES)) + donors
    values[[row for row, (name, _) in enumerate(rows) if name in "ab"], :N_SET] -= 1
    names = [f"s{row}" for row in range(len(rows))]
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used", "value_column": names})
    samples = samples.assign(arm=[name for name, _ in rows], donor=[f"D{donor}" for _, donor in rows], **columns)
    return replace(data_of({"vehicle": 0}), values=values, names=names, samples=samples)


def blocked_panel(lacking: int, repeats: int = 0) -> ArmData:
    """Draw a panel of 8 donors, of whom arm b lacks some; the first donors give several cultures to arm b."""
    rows = [(name, donor) for name in ("vehicle", "a", "b", "x") for donor in range(8 - lacking * (name == "b"))]
    return cultures([*rows, *(("b", donor) for donor in range(repeats))])


def blocked(name: str, **declared: str) -> ContrastToFit:
    """Return the contrast of an arm within donors."""
    return contrast(name).model_copy(update={"block": "donor", "samples_in_block": "repeats", **declared})


def test_an_arm_that_lacks_donors_leaves_the_samples_of_all_arms_as_units():
    """Alone it falls back to a correlation, and donors are its units; in the model of all arms donors are columns, as in the others."""
    data = blocked_panel(lacking=2)
    auto, fixed = (
        measured(data, arms_of("abx"), **{name: blocked(name, blocking=how) for name in "abx"})
        for how in ("auto", "fixed")
    )
    assert [arm.df for arm in auto.arms] == [30 - 4 - 7] * 3
    for one, other in zip(auto.arms, fixed.arms, strict=True):
        assert (one.effect, one.effect_se, one.tested) == (other.effect, other.effect_se, other.tested)


@pytest.mark.parametrize("said", ["repeats", "unsaid", "units"])
def test_repeats_that_an_arm_holds_leave_donors_as_units(said):
    """Two donors give two cultures each to the arm that lacks donors: nothing merges them there, so errors count each donor once."""
    data = blocked_panel(lacking=2, repeats=2)
    rows = {name: blocked(name, samples_in_block=said) for name in "abx"}
    apart = measured(data, arms_of("abx"), **rows)
    units = data.samples["unit"].where(data.samples["arm"] != "b", data.samples["donor"])
    one_unit = replace(data, samples=data.samples.assign(unit=units))
    held = measured(one_unit, arms_of("abx"), **rows)
    assert apart.problem is None
    assert [arm.df < 10 for arm in held.arms] == [True] * 3
    assert [arm.df < 10 for arm in apart.arms] == [said != "units"] * 3


@pytest.mark.parametrize(("with_vehicle", "counted"), [(6, (6, 6)), (3, (3, 3)), (2, None)])
def test_donors_of_one_arm_alone_do_not_count(with_vehicle, counted):
    """Donors of arm b who gave nothing else are taken out by their own column: n is that of the others, and two of those are too few."""
    rows = [(name, donor) for name in ("vehicle", "a", "x") for donor in range(6)]
    rows += [("b", donor) for donor in (*range(with_vehicle), *range(6, 10))]
    found = measured(cultures(rows), arms_of("abx"), **{name: blocked(name) for name in "abx"})
    a, b, x = found.arms
    assert [(arm.n_target, arm.n_reference) for arm in (a, x)] == [(6, 6)] * 2
    if counted is None:
        assert "rests on 2 v" in b.problem.what
        assert "fewer than 2 arms" in found.problem.what
    else:
        assert (b.n_target, min(b.n_target, b.n_reference)) == counted
        assert a.df == x.df == b.df


def test_an_arm_that_hangs_on_one_sample_alone_is_compared_where_other_arms_tell_the_batch():
    """By itself arm a has one sample in the batch of the vehicle; arms b and x tell what the batch does, and without them it is refused."""
    batches = {"vehicle": "1111", "a": "122", "b": "112", "x": "112"}
    rows = [(name, donor) for name, labels in batches.items() for donor in range(len(labels))]
    data = cultures(rows, batch=[f"B{label}" for labels in batches.values() for label in labels])
    data = replace(data, samples=data.samples.drop(columns="donor"))
    by_batch = {name: contrast(name).model_copy(update={"covariates": ["batch"]}) for name in "abx"}
    found = measured(data, arms_of("abx"), **by_batch)
    assert [arm.problem for arm in found.arms] == [None] * 3
    assert [arm.df for arm in found.arms] == [13 - 5] * 3
    of_others = data.samples["arm"].isin(["b", "x"]) & (data.samples["batch"] == "B2")
    hanging = data.samples.assign(batch=data.samples["batch"].mask(of_others, "B3"))
    found = measured(replace(data, samples=hanging), arms_of("abx"), **by_batch)
    assert found.arms[0].problem is not None
    assert "the difference hangs on sample s4" in found.arms[0].problem.what


def test_the_order_of_repeats_does_not_change_a_panel():
    """Each donor has two days of its own, all arms on both: merged repeats are of the donor, whichever day is listed first."""
    rows = [(name, donor) for donor in range(4) for name in ("vehicle", "a", "b", "x") for _ in (0, 1)]
    days = [f"D{donor} day {place % 2}" for place, (_, donor) in enumerate(rows)]
    data = cultures(rows, day=days, unit=[f"U{donor}" for _, donor in rows])
    by_day = {name: blocked(name, block="day", samples_in_block="units") for name in "abx"}
    order = np.arange(len(rows))
    later_first = np.concatenate([order[1::2], order[::2]])
    mixed = np.where((order // 2) % 3 == 1, order ^ 1, order)
    found = []
    for turned in (order, later_first, mixed):
        names = [data.names[place] for place in turned]
        again = replace(
            data, values=data.values[turned], names=names, samples=data.samples.iloc[turned].reset_index(drop=True)
        )
        found.append(measured(again, arms_of("abx"), **by_day))
    assert [arm.df for arm in found[0].arms] == [16 - 4 - 3] * 3
    for other in found[1:]:
        for one, same in zip(found[0].arms, other.arms, strict=True):
            assert (same.effect, same.effect_se, same.df) == pytest.approx((one.effect, one.effect_se, one.df))


def test_arms_of_fewer_repeats_have_errors_of_their_own():
    """Rows of one culture among rows that are means of four vary more than one variance of all arms says; more repeats vary less."""
    few = [(name, donor) for name in ("vehicle", "a", "b") for donor in range(4)]
    many = [(name, donor) for name in "cx" for donor in range(4) for _ in range(4)]
    rows = {name: blocked(name) for name in "abcx"}
    found = measured(cultures([*few, *many]), arms_of("abcx"), **rows)
    a, b, c, x = found.arms
    assert a.df == b.df < 9
    assert c.df == x.df == 20 - 5 - 3
    assert found.notes[1].startswith("Rows of a, b stand for fewer repeats")
    vehicles = measured(
        cultures([*few, *(("x", donor) for donor in range(4)), *few[:4]]),
        arms_of("abx"),
        **{name: blocked(name) for name in "abx"},
    )
    assert [arm.df for arm in vehicles.arms] == [16 - 4 - 3] * 3
    assert len(vehicles.notes) == 1


def test_a_direction_that_was_not_declared_costs_twice_the_p():
    data = data_of({"vehicle": 0, "a": -0.3, "b": -0.2, "x": 0})
    one, both = (
        read_panel(measured(data, arms_of("abx"), direction=way), replace(MARGIN, value=0.1))
        for way in ("down", "either")
    )
    assert both.p == pytest.approx(2 * one.p)


def test_two_thirds_rounded_up():
    assert [needed_of(k) for k in range(2, 7)] == [2, 2, 3, 4, 4]


def evidence_of(panel: CompoundEvidence | None) -> HypothesisEvidence:
    """Return the evidence of a hypothesis that holds a panel."""
    return HypothesisEvidence("h", [], None, MARGIN, pool_contrasts([]), compounds=panel)


def case_of(panel: CompoundEvidence) -> Case:
    """Return what a consideration is asked with."""
    primary = {"set": "SET", "contrasts": ["a", "b"], "score": "mean", "direction": "down"}
    hypothesis = HypothesisToJudge.model_validate(
        {"id": "h", "kind": "panel", "primary": primary, "secondary_sets": [], "role": "question"}
    )
    return Case(hypothesis, evidence_of(panel), ("a", "b"))


def test_holm_counts_a_panel_as_one_question_with_twice_its_one_sided_p():
    arm = ArmEffect("a", "A", True, "", None, None, True, 3, 3, None, -1.0, 0.2, 8.0, -1.5, -0.5)
    arm = replace(arm, tested=SidedP(0.01, "down"), over_others=SidedP(0.02, "down"))
    second = replace(arm, contrast="b", compound="B", tested=SidedP(0.02, "down"))
    panel = CompoundEvidence("class_wide", "down", "", "", [arm, second], 9, 3, ["x"])
    # Two of two must act, so the larger p counts; against the others it is .01, too.
    assert read_panel(panel, MARGIN).p == pytest.approx(0.01)
    assert PanelRules().primary_p(evidence_of(panel)) == pytest.approx(0.02)
    assert PanelRules().primary_p(evidence_of(None)) is None


def test_a_p_of_the_declared_side_is_never_0():
    tiny = SidedP(1e-40, "down")
    assert tiny.on_side("down") == 5e-41
    assert tiny.on_side("up") == 1.0


def test_a_shape_over_wells_is_no_surer_than_their_dishes():
    """Nothing differs between 3 and 3 dishes of 3 wells: the p of a shape is at least that of the dishes' means, on either side."""
    rng, dish = np.random.default_rng(4), np.repeat(np.arange(6), 3)
    genes = [f"G{i}" for i in range(60)]
    samples = pd.DataFrame({"dish": [f"d{i}" for i in dish]}, index=[f"S{i}" for i in range(18)]).assign(
        unit=[f"d{i}" for i in dish]
    )
    rows = pd.DataFrame({"gene_set": "S", "family": "target", "gene": genes[:20], "weight": 1.0, "version": "1"})
    design = build_design(samples, dish < 3, dish >= 3, block="dish")
    values = 8 + rng.normal(size=(60, 6))[:, dish] + rng.normal(size=(60, 18))
    fit = fit_contrast(values, genes, design)
    means = (values[:20] / resistant_sd(fit)[:20, None]).mean(axis=0).reshape(6, 3).mean(axis=1)
    up = stats.ttest_ind(means[:3], means[3:], alternative="greater").pvalue
    least = _least_of_units([fit], build_membership(rows.assign(licence="none", source="here"), genes))
    assert least == pytest.approx((up, 1 - up))
    alone = replace(design, block_labels=None, blocking="none")
    assert _least_of_units([fit_contrast(values, genes, alone)], build_membership(rows, genes)) == (0.0, 0.0)

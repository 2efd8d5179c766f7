"""What each consideration says of a hypothesis: gate, caps, doubt and words, one change at a time."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from cases import case

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.calibration.record import ContrastCalibration
from sidemine.considerations.composition.judge import judge_composition
from sidemine.considerations.composition.record import (
    AdjustedIn,
    Corrected,
    Difference,
    NotWithDropped,
    SingleProxy,
    WithDropped,
)
from sidemine.considerations.hidden_factors.judge import _number_of_factors
from sidemine.considerations.judgement import Cap, DoubtWeight, ordinal
from sidemine.considerations.registry import read_judges
from sidemine.considerations.robustness.judge import judge_robustness
from sidemine.considerations.robustness.record import Robustness, Share
from sidemine.considerations.sensitivity import FLAGGED_SAMPLES, REUSED_CONTROLS
from sidemine.considerations.specificity.judge import judge_specificity, specificity_sentence
from sidemine.considerations.specificity.record import AmongComparators, AmongMatched, Placed, Specificity
from sidemine.considerations.traps.judge import judge_traps
from sidemine.considerations.traps.record import Checks
from sidemine.effect.record import ContrastEvidence, Estimate
from sidemine.prepare.cell_record import CellsOnRecord
from sidemine.quality.assessment import flag_cell_labels
from sidemine.quality.flags import Flag
from sidemine.records import fields_of

HOLDS = ContrastCalibration("holds", "holds", measured=True, labelings=100, design_class="3 v 3", sentence="Holds.")


def measured(name, *, testable=True):
    return ContrastEvidence(
        name, f"data_{name}", f"GSE_{name}", 20, 20, testable, effect=0.5, effect_se=0.1, effect_df=30.0
    )


# Calibration


@pytest.mark.parametrize(
    ("size", "status", "caps"),
    [
        ("holds", "passed", []),
        ("conservative", "passed", []),
        ("liberal", "failed", ["A test rejects too often under the null: CAMERA in b."]),
        ("not measured", "not evaluated", ["No size is known for CAMERA in b."]),
    ],
)
def test_the_size_of_one_test_in_one_contrast_decides(size, status, caps):
    """Conservative holds its size; liberal fails; unknown leaves the gate open, and says where."""
    sizes = {"a": HOLDS, "b": replace(HOLDS, camera=size)}
    judged = judge_calibration(case("cohort", "a", "b"), sizes)
    assert judged.gates[0].status == status
    assert [cap.reason for cap in judged.caps] == caps
    assert [doubt.weight for doubt in judged.doubts] == ([DoubtWeight.SIZE] if size == "liberal" else [])
    assert judged.refusal == ""
    assert judged.gates[0].detail == "Holds. Holds."


def test_calibration_refuses_where_the_self_contained_test_is_liberal_everywhere():
    """In every contrast that carries the answer; CAMERA alone does not refuse, nor do contrasts that carry nothing."""
    fry, camera = replace(HOLDS, fry="liberal"), replace(HOLDS, camera="liberal")
    both = case("cohort", "a", "b")
    assert judge_calibration(both, {"a": fry, "b": fry}).refusal
    assert not judge_calibration(both, {"a": fry, "b": HOLDS}).refusal
    assert not judge_calibration(both, {"a": camera, "b": camera}).refusal
    assert judge_calibration(case("cohort", "a"), {"a": fry, "b": HOLDS}).refusal
    nothing = replace(both, carrying=())
    judged = judge_calibration(nothing, {"a": fry})
    assert (judged.refusal, judged.caps, judged.gates[0].status) == ("", (), "not evaluated")


def test_a_liberal_test_is_the_doubt_even_where_another_size_is_unknown():
    """Both cap; the first is the doubt."""
    sizes = {"a": replace(HOLDS, camera="not measured"), "b": replace(HOLDS, fry="liberal")}
    judged = judge_calibration(case("cohort", "a", "b"), sizes)
    assert [cap.reason for cap in judged.caps] == [
        "A test rejects too often under the null: FRY in b.",
        "No size is known for CAMERA in a.",
    ]
    assert [doubt.sentence for doubt in judged.doubts] == ["A test rejects too often under the null: FRY in b."]
    assert judged.gates[0].status == "failed"


def test_calibration_that_was_not_measured_says_so_everywhere():
    """No file; or a file without these contrasts, which names them."""
    judged = judge_calibration(case("cohort", "a"), None)
    assert judged.missing == {"calibration": "the size of the tests was not measured"}
    assert judged.caps == (Cap("calibration", "The size of the tests was not measured."),)
    assert judged.gates[0].detail == "the size of the tests was not measured"
    assert judged.columns.calibration is None
    other = judge_calibration(case("cohort", "a"), {"b": HOLDS})
    assert other.caps == (Cap("calibration", "No size is known for FRY in a, CAMERA in a."),)
    assert judge_calibration(case("cohort", "a"), {"a": HOLDS}).missing == {}


# Composition


def estimate(effect, se=0.12, p=0.001):
    return Estimate(effect, se, effect - 2 * se, effect + 2 * se, math.inf, p)


def entry(name, total=0.6, adjusted=0.5, corrected=0.45, se=0.12, **changes):
    bound = Corrected(0.7, corrected, se, corrected - 2 * se, corrected + 2 * se)
    single = [SingleProxy("erythroid", estimate(0.1), estimate(adjusted), 0.1),
              SingleProxy("b_cell", estimate(0.1), estimate(adjusted), -0.3)]  # fmt: skip
    values = AdjustedIn(
        hypothesis="h", gene_set="S", proxies=[], adjusted_for=["b_cell", "erythroid"], reason="", total=estimate(total, se),
        adjusted=estimate(adjusted, se), difference=Difference(0.1, 0.02, 0.21), retained_percent=80.0, corrected=bound,
        could_explain=False, single=single, with_dropped=None, n_bootstrap=100, contrast=name,
        contamination_checked_in=["stimulated"],
    )  # fmt: skip
    return replace(values, **changes)


def judged_composition(*entries, kind="cohort", carrying=("a", "b"), evidence=()):
    return judge_composition(replace(case(kind, "a", evidence=evidence), carrying=carrying), list(entries))


def test_composition_is_not_asked_of_experiments():
    """No gate, no cap, and the column says why it is empty."""
    judged = judged_composition(entry("a"), kind="experiment")
    assert (judged.gates, judged.caps, judged.doubts) == ((), (), ())
    assert judged.missing == {
        "composition_adjusted": "an experiment compares treated and untreated samples of the same cells"
    }


def test_only_contrasts_that_carry_the_answer_are_pooled():
    """A third entry, of a source that is counted already, changes nothing."""
    two = judged_composition(entry("a"), entry("b", adjusted=0.3))
    three = judged_composition(entry("a"), entry("b", adjusted=0.3), entry("c", adjusted=-5.0))
    assert two.columns.composition_adjusted == three.columns.composition_adjusted
    assert two.columns.composition_adjusted.k == 2
    assert two.columns.composition_adjusted.effect == pytest.approx(0.4)
    assert three.gates == two.gates


def test_a_composition_that_holds_is_told_in_full():
    """The gate's figures, the sentence with both estimands, and what remains to doubt."""
    judged = judged_composition(entry("a"), carrying=("a",))
    (gate,) = judged.gates
    assert gate.status == "passed"
    assert gate.detail.startswith("0.50 SD (95 % CI 0.26 to 0.74), p = ")
    assert gate.detail.endswith("; noisy proxies (reliability 0.7) could not explain the effect")
    assert judged.sentence.startswith("Total 0.60 SD (95 % CI 0.36 to 0.84); 0.50 SD (95 % CI 0.26 to 0.74), p = ")
    assert "after adjusting for the mix of cells (b cell, erythroid; panel blood, as declared). " in judged.sentence
    assert "a: total minus adjusted 0.10 (0.02 to 0.21), 80 % retained." in judged.sentence
    (doubt,) = judged.doubts
    assert doubt.weight is DoubtWeight.REMAINS
    assert "the one that takes most of the effect is b cell (-0.30 SD)" in doubt.sentence
    assert (judged.caps, judged.notes) == ((), ())
    unknown = judged_composition(entry("a", retained_percent=None), carrying=("a",))
    assert "retained" not in unknown.sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"adjusted": -0.5}, "the sign changes"),
        ({"adjusted": 0.0}, "the sign changes"),
        ({"adjusted": 0.2}, "p is 0.096"),
        ({"adjusted": 0.22}, "p is 0.067"),
        ({"adjusted": 0.24}, ""),
        ({"corrected": 0.2}, "at a reliability of 0.7 the adjusted effect would be 0.20 (-0.04 to 0.44)"),
        ({"corrected": 0.25}, ""),
        ({"corrected": -0.5}, "at a reliability of 0.7 the adjusted effect would be -0.50"),
        ({"total": math.nan}, "no number"),
        ({"adjusted": math.nan}, "no number"),
    ],
    ids=str,
)
def test_what_takes_an_adjusted_effect_its_gate(changes, words):
    """Sign, p at .05, and the bound at a reliability of .7: a fault is the gate's detail, the cap and the doubt."""
    judged = judged_composition(entry("a", **changes), carrying=("a",))
    assert judged.gates[0].status == ("failed" if words else "passed")
    assert [cap.cap for cap in judged.caps] == (["composition"] if words else [])
    assert judged.doubts[0].weight is (DoubtWeight.FAULT if words else DoubtWeight.REMAINS)
    for text in (judged.gates[0].detail, *(cap.reason for cap in judged.caps)):
        assert words in text or words.replace("the sign", "The sign") in text
    if words:
        fault = judged.doubts[0].sentence.removesuffix(": cell types may differ, and not the pathway.")
        assert fault != judged.doubts[0].sentence
        assert fault[0].isupper()
        assert f"; {fault[0].lower()}{fault[1:]}" in judged.gates[0].detail


def test_markers_that_nobody_checked_are_noted():
    """One contrast in which stimulation was looked at is enough."""
    unchecked = [entry("a", contamination_checked_in=[]), entry("b", contamination_checked_in=[])]
    judged = judged_composition(*unchecked)
    assert len(judged.notes) == 1
    assert judged.notes[0].startswith("Whether the pathway itself moves the cell markers was not checked")
    assert judged.doubts[0].sentence.endswith(judged.notes[0])
    assert judged.sentence.endswith(judged.notes[0])
    assert judged_composition(unchecked[0], entry("b")).notes == ()


def test_composition_that_is_unknown_in_one_contrast_is_unknown():
    """The reason of who could not adjust, or that the dataset is no blood; others' reasons do not count."""
    refused = entry("b", reason="too few samples")
    judged = judged_composition(entry("a"), refused)
    assert judged.missing == {"composition_adjusted": "b: too few samples"}
    assert judged.columns.composition_adjusted is None
    assert judged.gates[0].status == "not evaluated"
    assert judged.caps == (Cap("composition", "The mix of cells is not adjusted for: b: too few samples."),)
    assert judged.doubts[0].weight is DoubtWeight.OPEN
    assert judged_composition(entry("a"), refused, carrying=("a",)).gates[0].status == "passed"
    (reason,) = judged_composition(entry("a")).missing.values()
    assert reason == "b: nothing is on record of its mix of cells"
    (nothing,) = judged_composition(carrying=()).missing.values()
    assert nothing == "no contrast could be tested"


def test_only_what_is_on_record_is_read(tmp_path):
    """A run for variants asks without robustness, which it is about to measure."""
    assert read_judges({}) == {}
    with pytest.raises(FileNotFoundError):
        read_judges({"specificity": [tmp_path / "specificity.json"]})


# Specificity


def placed(name="a", matched=99.0, comparators=99.0, **ranked):
    random = AmongMatched(
        100, 10, 0.5, 0.3, 1000, percentile=matched, reason="" if matched is not None else "none match"
    )
    values = {"n": 40, "rank": 1, "ahead": [], "reason": "" if comparators is not None else "too few sets"} | ranked
    return Placed(name, "S", "up", 1.0, random, AmongComparators(percentile=comparators, **values), [], [])


def judged_specificity(*entries, kind="cohort", carrying=("a", "b")):
    return judge_specificity(replace(case(kind, "a"), carrying=carrying), Specificity("h", list(entries)))


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        (0, "0th"), (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
        (71.6, "72nd"), (90, "90th"), (92.6, "93rd"), (99.6, "100th"), (101, "101st"), (111, "111th"), (113, "113th"),
    ],
)  # fmt: skip
def test_ranks_are_written_as_they_are_said(rank, words):
    """Rounded first; the teens end like no other number of their last digit, in every hundred."""
    assert ordinal(rank) == words


@pytest.mark.parametrize(("effect", "caps"), [(0.02, 0), (0.9, 1)])
def test_where_nothing_changed_a_low_place_says_nothing_and_a_missing_one_caps_all_the_same(effect, caps):
    """There is no change that could be one of many genes; that nobody could look is told whatever was found."""
    found = [
        ContrastEvidence(
            name, name, f"GSE_{name}", 40, 40, testable=True, effect=effect, effect_se=0.2, effect_df=70.0, effect_weight=25.0,
            ci_low=effect - 0.4, ci_high=effect + 0.4, residual_df=78.0,
        )
        for name in "ab"
    ]  # fmt: skip
    asked = case("cohort", "a", "b", evidence=found)
    for entry, n_caps in ((placed("a", 10.0), caps), (placed("a", None, None), 1)):
        judged = judge_specificity(asked, Specificity("h", [entry, replace(entry, contrast="b")]))
        assert len(judged.caps) == n_caps


@pytest.mark.parametrize(("percentile", "capped"), [(74.9, True), (75.0, False)])
def test_a_cohort_needs_the_75th_percentile_among_both(percentile, capped):
    """The median over the contrasts that carry the answer; the lower of the two counts and is told."""
    for low in (placed(matched=percentile), placed(comparators=percentile)):
        judged = judged_specificity(low, carrying=("a",))
        assert [cap.cap for cap in judged.caps] == (["specificity"] if capped else [])
        assert judged.gates[0].status == ("failed" if capped else "passed")
        assert [doubt.weight for doubt in judged.doubts] == ([DoubtWeight.FAULT] if capped else [])
        if capped:
            assert "at the 74th percentile of sets like it, below 75" in judged.caps[0].reason
    middle = judged_specificity(placed("a", 70.0), placed("b", 80.0), placed("c", 0.0))
    assert (middle.columns.specificity_percentile, middle.caps) == (70.0, ())
    assert middle.gates[0].detail.startswith("matched random sets: 70th percentile upwards (a, the lowest of 2)")


def test_a_place_against_the_declared_direction_is_no_percentile():
    """The effect is lower though higher was declared: nobody reads of a 0th percentile."""
    entry = replace(placed("a", 0.0, 4.0), effect=-0.8)
    judged = judged_specificity(entry, carrying=("a",))
    told = "lower, not higher as declared; lower than 100 % of them"
    assert judged.gates[0].detail.startswith(f"matched random sets: {told}; comparator sets: lower, not higher")
    assert judged.caps[0].reason.startswith("The set moves against the declared direction")
    shown = judged.columns.specificity
    assert shown.place == told
    assert "lower, not higher as declared; lower than 96 % of 40 comparator sets" in shown.sentence
    assert "0th" not in shown.sentence
    assert replace(entry, direction="down").place_words(97.0) == "97th percentile downwards"
    assert replace(entry, direction="either").place_words(97.0) == "97th percentile by size"
    risen = replace(entry, direction="down", effect=0.8)
    assert risen.place_words(2.0) == "higher, not lower as declared; higher than 98 % of them"


def test_places_of_cohorts_in_words():
    """The detail tells both percentiles, and what decided alone."""
    judged = judged_specificity(placed("a", 80.0, 90.0), carrying=("a",))
    assert judged.gates[0].detail == (
        "matched random sets: 80th percentile upwards; comparator sets: 90th percentile upwards"
    )
    alone = judged_specificity(placed("a", None, 90.0, n=31), placed("b", None, 92.0, n=30))
    assert alone.gates[0].detail == (
        "matched random sets: no valid comparator; comparator sets: 90th percentile upwards (a, the lowest of 2); no valid "
        "random sets could be drawn, so the comparator sets decide alone"
    )
    (doubt,) = alone.doubts
    assert doubt.weight is DoubtWeight.OF_FINDING
    assert "rests on 30 comparator sets alone" in doubt.sentence
    assert alone.missing == {"specificity_percentile": "a: none match; b: none match"}
    assert judged.missing == {}


def test_a_cohort_without_a_place_is_capped_and_named():
    """Nothing known: not evaluated. One of two known: failed, and the other is named."""
    nothing = judged_specificity(placed("a", None, None))
    assert nothing.gates[0].status == "not evaluated"
    assert [cap.reason[:31] for cap in nothing.caps] == ["There is no valid comparator, s"]
    half = judged_specificity(placed("a"), placed("b", None, None))
    assert half.gates[0].status == "failed"
    assert half.gates[0].detail.endswith("; no place at all in b")
    assert half.caps[0].reason.startswith("There is no valid comparator in b, neither")
    both = judged_specificity(placed("a", 60.0), placed("b", None, None))
    assert len(both.caps) == 2
    assert [doubt.sentence for doubt in both.doubts] == [both.caps[0].reason]
    assert judge_specificity(case("cohort", "a"), None).missing == {
        "specificity_percentile": "no contrast could be tested"
    }


@pytest.mark.parametrize(("percentile", "status"), [(89.9, "failed"), (90.0, "passed"), (None, "not evaluated")])
def test_experiments_need_the_90th_percentile_among_comparators_once(percentile, status):
    """Failing is the rules' matter (the reading is unspecial); an unknown place caps."""
    judged = judged_specificity(placed("a", 80.0, percentile), kind="experiment", carrying=())
    assert judged.gates[0].status == status
    assert judged.caps == (() if percentile is not None else (Cap("specificity", "Too few sets."),))
    assert judged.doubts == ()
    assert judged.places == {"a": percentile}
    more = judged_specificity(placed("a", 80.0, percentile), placed("b", 80.0, 95.0), kind="experiment")
    assert more.gates[0].status == "passed"
    told = "no valid comparator" if percentile is None else f"{ordinal(percentile)} percentile upwards"
    assert more.gates[0].detail == f"a {told}, b 95th percentile upwards"


@pytest.mark.parametrize(("middle", "capped"), [(74.9, True), (75.0, False)])
def test_experiments_are_capped_among_matched_random_sets(middle, capped):
    """Where random sets could be drawn their median place counts, as in cohorts; where none could, nothing is known of it."""
    judged = judged_specificity(placed("a", middle, 99.0), placed("b", None, 99.0), kind="experiment")
    assert [cap.cap for cap in judged.caps] == (["specificity"] if capped else [])
    assert judged_specificity(placed("a", None, 99.0), kind="experiment").caps == ()


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
@pytest.mark.parametrize(("place", "capped"), [(74.9, True), (75.0, False)])
def test_a_low_place_among_less_alike_sets_speaks_against_and_a_high_one_for_nothing(kind, place, capped):
    """Comparator sets are matched in nothing: a set that moves as all highly expressed genes do lies beyond them."""
    entry = placed("a", None, 99.0)
    entry = replace(entry, matched=replace(entry.matched, percentile_less_alike=place))
    judged = judged_specificity(entry, kind=kind, carrying=("a",))
    assert [cap.cap for cap in judged.caps] == (["specificity"] if capped else [])
    assert judged.columns.specificity_percentile is None
    if capped:
        assert (
            "at the 74th percentile of sets of like expression, though less co-expressed, below 75"
            in judged.caps[0].reason
        )
    if kind == "cohort":
        assert judged.gates[0].status == ("failed" if capped else "passed")
        alone = replace(entry, comparators=replace(entry.comparators, percentile=None, reason="too few sets"))
        assert len(judged_specificity(alone, carrying=("a",)).caps) == 1  # a high place is no comparator


def test_an_experiment_that_was_not_placed_says_so():
    """No record at all."""
    judged = judge_specificity(case("experiment", "a"), None)
    assert judged.caps == (Cap("specificity", "The place among comparator sets was not measured."),)
    assert judged.gates[0].detail == "no contrast could be tested"


def test_where_a_set_stands_in_words():
    """Percentile and number of random sets, rank, and up to five that are ahead."""
    ahead = ["P", "Q"]
    assert specificity_sentence([placed("a", 93.4, 90.0, rank=3, ahead=ahead)]) == (
        "a: a larger effect in the declared direction than 93 % of 1,000 random sets of the same size, expression and "
        "correlation; rank 3 of 41 (itself and 40 comparator sets) (ahead of it: P, Q)."
    )
    assert "(ahead of it: P, Q …)" in specificity_sentence([placed(rank=7, ahead=ahead)])
    assert "…" not in specificity_sentence([placed(rank=6, ahead=ahead)])
    assert specificity_sentence([placed("a", None, None), placed("b")]).startswith(
        "a: none match; too few sets. b: a larger"
    )
    assert specificity_sentence([]) == ""


# Robustness


def record(agreeing=9, of=12, **changes):
    share = Share(agreeing, of, agreeing / of if of else None)
    passed = {"age_overlap": "passed", "no_reused_controls": "not applicable"}
    grid = Robustness(agreeing + 1, of + 2, 0.7, "h", [], share, [], passed, dict.fromkeys(passed, ""), None)
    return replace(grid, **changes)


def described(name):
    figures = {"effect": 1.2, "se": 0.3, "df": 9.0, "ci_low": 0.52, "ci_high": 1.88, "p_value": 0.003}
    return SimpleNamespace(variant=name, description=f"other {name} (arrays: mean; counts: 20)", **figures)


@pytest.mark.parametrize(("agreeing", "fault"), [(9, False), (8, True)])
def test_three_quarters_of_the_variants_on_all_data(agreeing, fault):
    """Exactly .75 holds; the counts of all variants and of those on all data stand in the gate."""
    judged = judge_robustness(case("cohort", "a"), record(agreeing))
    assert judged.gates[0].status == ("failed" if fault else "passed")
    counts = f"{agreeing + 1} of 14 variants agree; of those on all data {agreeing} of 12"
    told = f"; only {agreeing} of 12 full-data variants agree with the analysis as declared" if fault else ""
    assert judged.gates[0].detail == counts + told
    assert len(judged.caps) == len(judged.doubts) == int(fault)
    assert judged.columns.robustness_share == 0.7
    assert judged.missing == {}


@pytest.mark.parametrize("status", ["failed", "not evaluated", "not applicable"])
def test_runs_that_the_data_ask_for(status):
    """A failed one is a fault and the doubt; one that was not evaluated leaves the gate open; both cap, with their detail."""
    runs = {"age_overlap": status, "no_reused_controls": "passed"}
    judged = judge_robustness(
        case("cohort", "a"),
        record(required_runs=runs, required_details={"age_overlap": "few", "no_reused_controls": ""}),
    )
    expected = {
        "failed": ("failed", ["The run on the shared age range does not hold the answer (few)."], 1),
        "not evaluated": ("not evaluated", ["The run on the shared age range was not evaluated (few)."], 0),
        "not applicable": ("passed", [], 0),
    }[status]
    assert (judged.gates[0].status, [cap.reason for cap in judged.caps], len(judged.doubts)) == expected


def test_experiments_are_capped_by_what_their_variants_found_only():
    """No grid, or a run that was not made, caps no experiment; a fault does."""
    judged = judge_robustness(case("experiment", "a"), record(1, reversed=["x"], variants=[described("x")]))
    assert (judged.gates[0].status, judged.gates[0].required) == ("failed", False)
    assert [cap.reason[:17] for cap in judged.caps] == ["In the variant “o", "Only 1 of 12 full"]
    assert judged.doubts == ()
    runs = {"age_overlap": "not evaluated", "no_reused_controls": "passed"}
    assert judge_robustness(case("experiment", "a"), record(required_runs=runs)).caps == ()
    assert judge_robustness(case("experiment", "a"), None).caps == ()
    assert judge_robustness(case("cohort", "a"), record()).gates[0].required


def test_robustness_that_was_not_measured():
    """No record: both columns are empty. A record without a share: only the share, with its own reason."""
    judged = judge_robustness(case("cohort", "a"), None)
    assert set(judged.missing) == {"robustness_share", "robustness"}
    assert (
        judged.caps[0].reason == "The robustness of the answer is not known (no grid of robustness variants was run)."
    )
    assert judged.doubts == ()
    assert judged.gates[0].status == "not evaluated"
    empty = judge_robustness(case("cohort", "a"), record(share=None, reason="nothing varied"))
    assert empty.missing == {"robustness_share": "nothing varied"}
    assert judge_robustness(case("cohort", "a"), record(share=None, reason="")).missing == {
        "robustness_share": "no grid of robustness variants was run"
    }
    none_full = judge_robustness(case("cohort", "a"), record(full_data=Share(0, 0, None)))
    assert none_full.gates[0].status == "not evaluated"
    assert [cap.reason for cap in none_full.caps] == ["No variant on all data could be compared."]


def test_variants_that_reverse_the_sign_are_named_first():
    """Before the share, by what they do and with their own interval, which is not that of the adjusted effect on the card."""
    rows = [described(name) for name in ("x", "y", "z")]
    for names, more in ((["y"], ""), (["z", "x"], " and 1 other"), (["x", "y", "z"], " and 2 others")):
        judged = judge_robustness(case("cohort", "a"), record(1, reversed=names, variants=rows))
        assert judged.doubts[0].sentence == (
            f"In the variant “other {names[0]}” (1.20 SD, 95 % CI 0.52 to 1.88 SD){more} the sign reverses, and the 95 % interval excludes 0."
        )
    assert len(judged.caps) == 2


# Traps


def flag(trap, status="warn", *, serious=True):
    return Flag(trap, "check", status, "seen", "so what", serious=serious)


def traps(*, dataset=None, contrast=None, rows=("a",)):
    found = [measured(name) for name in rows]
    return judge_traps(case("cohort", *rows, evidence=found), Checks(dataset or {}, contrast or {}))


def test_the_worst_finding_is_the_doubt_and_three_of_them_cap():
    """In the order of how much they take away, whichever came first."""
    judged = traps(contrast={"a": [flag("hidden_structure"), flag("reused_samples"), flag("batch_aliased")]})
    (doubt,) = judged.doubts
    assert doubt.weight is DoubtWeight.DATA
    assert doubt.sentence.startswith("The groups were measured in different batches")
    assert doubt.sentence.endswith(" a: seen.")
    assert [cap.cap for cap in judged.caps] == ["batch_aliased"]
    for capping in ("batch_aliased", "duplicated_samples", "batch_associated"):
        (cap,) = traps(contrast={"a": [flag(capping)]}).caps
        assert cap.cap == capping
        assert cap.reason.endswith("(a).")
    for shown in ("reused_samples", "sex_mismatch", "group_associated", "scale_shift", "hidden_structure"):
        assert traps(contrast={"a": [flag(shown)]}).caps == ()


def test_findings_of_datasets_and_contrasts_are_shown_once_and_where():
    """Those that are ok, or are no trap, are not."""
    row = measured("a")
    seen = {row.dataset: [flag("sex_mismatch"), flag("scale_shift", "ok"), flag("", "warn")]}
    judged = judge_traps(case("cohort", "a", evidence=[row, row]), Checks(seen, {"a": [flag("scale_shift")]}))
    assert [(found.where, found.name, found.trap) for found in judged.columns.trap_flags] == [
        ("contrast", "a", "scale_shift"), ("dataset", "data_a", "sex_mismatch"),
    ]  # fmt: skip
    assert judged.doubts[0].sentence.startswith("Samples that are paired as one person's show two sexes")


def test_a_finding_is_answered_by_the_run_without_the_samples_that_it_names():
    """Where there is such a run."""
    found = {
        name: traps(contrast={"a": [flag(name)]}).found[0].answered_by
        for name in ("reused_samples", "sex_mismatch", "scale_shift")
    }
    assert found == {"reused_samples": REUSED_CONTROLS, "sex_mismatch": FLAGGED_SAMPLES, "scale_shift": ""}


def test_findings_that_are_not_serious_or_in_untested_contrasts_are_only_shown():
    """No doubt, no cap."""
    mild = traps(contrast={"a": [flag("batch_aliased", serious=False)]})
    assert (mild.doubts, mild.caps, len(mild.columns.trap_flags)) == ((), (), 1)
    rows = [measured("a"), measured("b", testable=False)]
    judged = judge_traps(case("cohort", "a", evidence=rows), Checks({}, {"b": [flag("batch_aliased")]}))
    assert (judged.doubts, judged.caps, len(judged.columns.trap_flags)) == ((), (), 1)


def dropped(adjusted=0.4, corrected=0.35, se=0.12):
    """The effect with a dropped proxy in the model as well."""
    bound = Corrected(0.7, corrected, se, corrected - 2 * se, corrected + 2 * se)
    return WithDropped(
        **fields_of(estimate(adjusted, se)), cells=["red_cell"], adjusted_for=["b_cell", "red_cell"], reason="",
        corrected=bound, single=[],
    )  # fmt: skip


def test_a_dropped_proxy_of_one_cohort_is_pooled_with_the_others_adjusted_effect():
    """The cohort without one enters as it was adjusted; the sentence names the cells."""
    judged = judged_composition(entry("a", with_dropped=dropped(0.2, 0.3)), entry("b", adjusted=0.5))
    pooled = judged.columns.composition.with_dropped
    assert (pooled.k, pooled.effect) == (2, pytest.approx(0.35))
    assert pooled.corrected.effect == pytest.approx((0.3 + 0.45) / 2)
    assert "With the dropped markers of red cell, which differ between the groups: 0.35 SD" in judged.sentence
    assert judged.gates[0].status == "passed"
    assert judged_composition(entry("a"), entry("b")).columns.composition.with_dropped is None


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (dropped(-0.4), "the sign changes"),
        (dropped(0.1), "p is"),
        (dropped(0.4, 0.1), "could explain the whole effect"),
        (NotWithDropped(["red_cell"], [], "too few degrees of freedom"), "it cannot be done"),
    ],
    ids=("sign", "p", "noise", "not done"),
)
def test_a_dropped_proxy_takes_the_gate_by_the_same_rule(beside, words):
    """The fault names the cells, and that they were dropped."""
    judged = judged_composition(entry("a", with_dropped=beside), carrying=("a",))
    assert judged.gates[0].status == "failed"
    (cap,) = judged.caps
    assert cap.reason.startswith(
        "Markers of red cell differ between the groups and were dropped, because stimulation moves"
    )
    assert words in cap.reason
    assert judged.doubts[0].weight is DoubtWeight.FAULT


def experiment_of(replicates, **changes):
    rows = [replace(measured(name), replicates=replicates, **changes) for name in ("a", "b")]
    return judge_traps(case("experiment", "a", "b", evidence=rows), Checks())


def test_wells_of_one_culture_cap_and_unknown_units_are_a_doubt():
    """In experiments; cultures and people are units, and a cohort is one of people."""
    wells, unknown = experiment_of("wells"), experiment_of("unknown")
    assert {cap.cap for cap in wells.caps} == {"replicates"}
    assert [doubt.weight for doubt in wells.doubts] == [DoubtWeight.DATA]
    assert "wells of one culture" in wells.caps[0].reason
    assert unknown.caps == ()
    (doubt,) = unknown.doubts
    assert doubt.weight is DoubtWeight.OPEN
    assert "data_a, data_b" in doubt.sentence
    for judged in (wells, unknown):
        assert [(flag.name, flag.trap) for flag in judged.columns.trap_flags] == [
            ("data_a", "replicates"), ("data_b", "replicates"),
        ]  # fmt: skip
    consequences = [{flag.consequence for flag in judged.columns.trap_flags} for judged in (wells, unknown)]
    assert consequences == [
        {"the answer is at most suggestive"},
        {"told here; column replicates of datasets.tsv says what they are"},
    ]
    people = [replace(measured("a"), replicates="unknown")]
    of_people = judge_traps(case("cohort", "a", evidence=people), Checks())
    for judged in (*map(experiment_of, ("people", "cultures")), of_people):
        assert (judged.caps, judged.doubts, judged.columns.trap_flags) == ((), (), ())


def test_copies_that_somebody_answered_for_are_a_doubt_and_cap_nothing():
    """Of the comparison alone: the dataset may hold them in samples that are not compared."""
    answered = flag("answered_copies", serious=False)
    judged = traps(contrast={"a": [answered]})
    (doubt,) = judged.doubts
    assert (doubt.weight, judged.caps) == (DoubtWeight.OPEN, ())
    assert doubt.sentence == "Nearly identical samples are counted as independent ones (seen)."
    assert traps(dataset={"data_a": [answered]}).doubts == ()


def test_the_reason_for_a_source_of_its_own_is_a_note_of_the_card():
    """With the comparison that it speaks of."""
    (one, other) = experiment_of("cultures", independent_because="other people.").notes
    assert one.startswith("a is counted as a source of its own")
    assert one.endswith(": other people.")
    assert other.startswith("b ")


def test_labels_by_markers_cap_and_those_of_depositors_do_not():
    """Through the flag of the data set: cell types that markers guess cap the answer and are its doubt."""
    cells = CellsOnRecord("told", "off", 100, 0, {}, 90, 4, [], {"t_cell": 90, "unassigned": 10}, "", {}, [])
    guessed = flag_cell_labels(replace(cells, markers={"t_cell": ["CD3D", "CD3E"]}))
    given = flag_cell_labels(replace(cells, label_source="column cell_type of the file"))
    judged = traps(dataset={"data_a": [guessed]})
    assert [cap.cap for cap in judged.caps] == ["marker_labels"]
    assert "guessed from markers" in judged.caps[0].reason
    assert judged.doubts[0].weight == DoubtWeight.DATA
    assert "10 of 100 cells unassigned" in judged.doubts[0].sentence
    assert traps(dataset={"data_a": [given]}).caps == ()


@pytest.mark.parametrize(
    ("p_values", "words"),
    [
        ([], "no factor found"),
        ([0.2], "1 factor, none of which differs between the groups"),
        ([0.05, 0.2], "2 factors, 1 of which differs between the groups"),
        ([0.01, 0.02, 0.2], "3 factors, 2 of which differ between the groups"),
    ],
)
def test_hidden_factors_are_counted_in_words(p_values, words):
    factors = [SimpleNamespace(difference=SimpleNamespace(p_value=p)) for p in p_values]
    assert _number_of_factors(SimpleNamespace(factors=factors)) == words

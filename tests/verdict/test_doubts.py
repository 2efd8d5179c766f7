"""The strongest reason to doubt: one sentence per card, and which one goes before which."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_rules import adjusted_entry, answers, contrast, evidence, hypothesis, place, untestable
from test_supported import BATCH, HOLDS, cohort_card, cohorts, experiment_card, experiments, robust

from sidemine.considerations.robustness.record import VariantRow
from sidemine.considerations.sensitivity import ASKED, ONE_COHORT, SPREAD
from sidemine.considerations.traps.record import Checks
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin, Refused
from sidemine.verdict.certainty import NOT_LOOKED_AT, ONE_BY_ONE, sensitivity_table
from sidemine.verdict.decide import decide_study

LIBERAL = {"a": replace(HOLDS, camera="liberal"), "b": HOLDS}
BATCH_IN_A = Checks(contrast={"a": [BATCH]})
FLIPPED = [adjusted_entry(name, adjusted=-0.5) for name in "ab"]


def bare(*rows, kind="cohort", margin=0.4, rule="declared"):
    """The card of a hypothesis of which no consideration has a record."""
    found = HypothesisEvidence("h", list(rows), None, Margin(margin, "", rule), pool_contrasts(rows))
    return answers([hypothesis(kind=kind)], {"h": found})[0]


def test_without_any_testable_contrast_the_reason_of_the_first_is_the_doubt():
    """What is wrong with the data, in the words of who found it."""
    rows = [untestable("a"), replace(untestable("b"), problem=replace(untestable("b").problem, what="no controls"))]
    assert bare(*rows)["doubt"] == "too small"


def test_without_a_margin_its_rule_is_the_doubt():
    """Contrasts could be tested, but nothing says how large an effect would have to be."""
    assert (
        bare(contrast("a"), margin=None, rule="its control failed")["doubt"]
        == "No margin could be set: its control failed."
    )


def test_a_conflict_is_doubted_as_a_conflict_whatever_else_was_found():
    """Disagreement in sign goes before a batch."""
    rows = [contrast("a", 0.9, 0.1), contrast("b", -0.9, 0.1)]
    assert cohort_card(rows, checks=BATCH_IN_A)["doubt"].startswith("The datasets disagree in sign")


def test_data_before_size_before_what_speaks_against_the_answer():
    """A batch, then a liberal test, then a sign that flips when composition is adjusted for."""
    everything = {"checks": BATCH_IN_A, "calibration": LIBERAL, "composition": FLIPPED}
    assert cohort_card(**everything)["doubt"].startswith("A batch that the model does not hold")
    del everything["checks"]
    assert cohort_card(**everything)["doubt"].startswith("A test rejects too often under the null: CAMERA in a.")
    del everything["calibration"]
    assert cohort_card(**everything)["doubt"].startswith(
        "Adjusted for the mix of cells, the effect would be -0.50 SD ("
    )


def test_a_serious_finding_is_doubted_in_experiments_too():
    """Traps do not ask what kind a hypothesis is."""
    assert experiment_card(checks=BATCH_IN_A)["doubt"].startswith("A batch that the model does not hold")


def test_one_experiment_whose_set_is_not_special_is_enough_to_doubt():
    """The other stands at the 99th percentile; that does not help this one."""
    card = experiment_card(places=[place("a"), place("b", 99.0, 80.0)])
    assert card["verdict"] == "suggestive"
    assert card["doubt"].startswith("Many other gene sets changed as much or more")


@pytest.mark.parametrize("card", [cohort_card, experiment_card])
def test_an_undecided_answer_is_doubted_by_the_one_branch_that_left_it_open(card):
    """Never "too few, or not the same": the branch that was met; an excluded effect has data enough."""
    flat, wide = {"se": 0.05}, {"se": 0.8}
    make = cohorts if card is cohort_card else experiments
    undecided, excluded = card(make(0.1, 0.0, **wide)), card(make(0.0, 0.02, **flat))
    assert (undecided["verdict"], excluded["verdict"]) == ("not testable", "not supported")
    assert undecided["doubt"] == undecided["rule"]
    assert undecided["doubt"].startswith("Too few data")
    assert excluded["doubt"] != excluded["rule"]


def test_what_limits_experiments_in_its_order():
    """Untestable ones, ones that do not pass, a single source, coverage, and what always remains."""
    strong = experiments(2.0, 1.8)
    assert experiment_card([*strong, untestable("c")])["doubt"] == "1 of 3 contrasts could not be tested."
    assert experiment_card(experiments(2.0, 0.5, se=0.4))["doubt"].startswith("Only 1 of 2 contrasts pass;")
    doses = [contrast("a", 2.0, 0.2, 6), contrast("b", 1.8, 0.2, 4)]
    one_source = HypothesisEvidence(
        "h", doses, None, Margin(0.4, "Hedges g", "declared"), pool_contrasts(doses, [Refused("b", "source of a")])
    )
    single = answers([hypothesis(kind="experiment")], {"h": one_source})[0]
    assert single["doubt"].startswith("A single experiment with 4 degrees of freedom")
    # Of three donors with three cultures each in both groups the residual degrees of freedom of the fit count cultures.
    donors = replace(doses[0], effect_df=2.0, residual_df=14.0)
    assert experiment_card([donors])["doubt"].startswith("A single experiment with 2 degrees of freedom")
    assert experiment_card()["doubt"].startswith("mRNA of these genes is not the pathway's function")
    excluded = experiment_card(experiments(0.0, 0.02, se=0.05))
    assert excluded["doubt"].startswith("The answer holds for these sources of cells, doses and times only.")


def test_two_experiments_that_pass_and_are_capped_are_not_doubted_for_their_number():
    """All of two contrasts pass: `Only 2 of 2` would be no reason."""
    card = experiment_card(calibration=None)
    assert card["verdict"] == "suggestive"
    assert "Only" not in card["doubt"]


@pytest.mark.parametrize(("measured", "told"), [(69, True), (70, False)])
def test_a_set_of_which_less_than_seventy_percent_was_measured(measured, told):
    """The dataset that covers least counts; the limit itself is enough."""
    rows = experiments(2.0, 1.8)
    rows[1] = replace(rows[1], n_in_set=100, n_measured=measured)
    assert ("Only 69% of the set was measured" in experiment_card(rows)["doubt"]) is told


@pytest.mark.parametrize(("margin", "small"), [(0.9, True), (0.6, False)])
def test_a_supported_effect_is_doubted_as_small_only_below_its_margin(margin, small):
    """0.55 SD with a one-sided limit of 0.73: less than .9, perhaps more than .6."""
    card = cohort_card(margin=margin)
    assert card["verdict"] == "supported"
    assert card["doubt"].startswith("The effect is there, but small") is small
    if small:
        assert f"(one-sided 95 % limit 0.735 SD) that it reaches {margin:g} SD," in card["doubt"]


def test_comparators_alone_are_doubted_only_where_an_effect_was_found():
    """An excluded effect need not be special; what remains is composition."""
    alone = [place("a", None, 99.0), place("b", None, 99.0)]
    null = cohort_card(cohorts(0.0, 0.02, se=0.05), specificity=alone)
    assert null["verdict"] == "not supported"
    assert "comparator sets alone" not in null["doubt"]


def test_what_could_not_be_looked_at_goes_before_what_remains():
    """Unadjusted composition is an open question, whatever the tissue is called."""
    assert cohort_card(composition=[])["doubt"].startswith("The mix of cells is not adjusted for")
    liver = cohort_card(cohorts(0.6, 0.5, tissue="liver"), composition=[])
    assert liver["doubt"].startswith("The mix of cells is not adjusted for")


def test_faults_keep_the_order_of_the_considerations():
    """Composition speaks before robustness."""
    card = cohort_card(composition=FLIPPED, robustness=robust(5, 10))
    assert card["doubt"].startswith("Adjusted for the mix of cells, the effect would be -0.50 SD (")
    assert card["doubt"].endswith("this would change the reading.")
    assert cohort_card(robustness=robust(5, 10))["doubt"].startswith("Only 5 of 10 full-data variants")


def test_rows_about_several_cohorts_say_why_one_cohort_has_none():
    """Nothing to leave out, and no spread between cohorts; experiments are judged one by one."""

    def reasons(card):
        rows = {row["name"]: row["missing"] for row in card["sensitivity"]}
        return rows[SPREAD], rows[ONE_COHORT]

    few = "fewer than two cohorts were pooled"
    assert reasons(cohort_card(cohorts(0.6))) == (few, few)
    assert reasons(cohort_card(cohorts(0.6, 0.5))) == ("", "")
    assert reasons(experiment_card(experiments(2.0, 1.8))) == (ONE_BY_ONE, ONE_BY_ONE)


def test_a_row_that_nobody_filled_stands_in_the_table_with_the_reason():
    """Every card has the same rows, in their order."""
    (row,) = decide_study([hypothesis()], {"h": evidence(*cohorts(0.6, 0.5))}, [])
    table = sensitivity_table(row)
    assert [entry.name for entry in table] == list(ASKED)
    assert {entry.missing for entry in table} == {"", NOT_LOOKED_AT}


DECLARED = VariantRow(
    "h", "reference", "reference", "as declared", True, 2, 10, 0.5, 0.1, None, 0.3, 0.7, "Hedges g", "up", 0.001, "suggestive",
    True, "",
)  # fmt: skip


def without_flagged(*variants):
    """The row of the card's table: the effect without flagged samples."""
    table = cohort_card(robustness=robust(variants=list(variants)))["sensitivity"]
    return next(row for row in table if row["name"] == "without flagged samples")


def test_a_row_that_the_study_left_out_of_its_grid_is_told_as_such():
    """Not as a grid that was never run."""
    assert without_flagged(DECLARED)["words"] == "the study leaves this variant out (settings.robustness)"


def test_a_run_without_flagged_samples_stands_in_the_table_with_its_figures():
    """Read beside the analysis as declared; one that gave no effect says why."""
    run = replace(DECLARED, variant="sex_mismatch_dropped", description="without two samples")
    row = without_flagged(DECLARED, run)
    assert row["words"].startswith("without two samples, the effect would be 0.50 SD (95 % CI 0.30 to 0.70), p = 0.001")
    assert [row[name] for name in ("effect", "ci_low", "ci_high", "p_value", "changes")] == [
        0.5,
        0.3,
        0.7,
        0.001,
        False,
    ]
    gone = without_flagged(DECLARED, replace(run, effect=0.1, ci_low=-0.1, ci_high=0.3, p_value=0.3))
    assert gone["changes"] is True
    none = without_flagged(DECLARED, replace(run, effect=None, reason="one group is too small"))
    assert (none["words"], none["changes"]) == ("one group is too small", None)
    assert without_flagged(run)["words"] == "the study leaves this variant out (settings.robustness)"


def test_a_run_on_few_degrees_of_freedom_is_read_by_them():
    """The limit of .2 ± .08 lies below the margin of .4 by the normal, not by t on two degrees of freedom: still open as before."""
    wide = replace(DECLARED, effect=0.2, se=0.2, ci_low=-0.66, ci_high=1.06, p_value=0.4, df=2.0)
    run = replace(
        wide, variant="sex_mismatch_dropped", description="without two samples", se=0.08, ci_low=-0.14, ci_high=0.54
    )
    assert without_flagged(wide, run)["changes"] is False
    assert without_flagged(wide, replace(run, df=None))["changes"] is True

"""Traps in a contrast: batches, other columns, scale, library size, p-values, and what stands on a card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sidemine.considerations.judgement import Case
from sidemine.considerations.traps.judge import judge_traps
from sidemine.considerations.traps.record import Checks
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin
from sidemine.enrichment.unit_errors import genes_by_unit
from sidemine.quality.associations import associated, find_age_overlap, find_associations
from sidemine.quality.contrast_quality import flag_age, flag_batches, flag_others, flag_p_values, flag_reused_sides
from sidemine.quality.flags import stop_problems
from sidemine.quality.group_scale import flag_column_totals, flag_library_size, flag_scale
from sidemine.quality.p_histogram import read_histogram
from sidemine.quality.record import ReusedSides
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import TrapsOfContrast
from sidemine.study.settings import Traps
from sidemine.verdict.certainty import CONCERNS

TRAPS = TrapsOfContrast.of(Traps())
IS_TARGET = np.arange(40) < 20


def find(table, **options):
    frame = pd.DataFrame(table, index=[f"s{n}" for n in range(40)])
    return find_associations(frame, IS_TARGET, group_columns={"disease"}, **options)


def test_aliased_batch_is_a_problem_and_a_balanced_one_is_not():
    """All patients in one batch: a problem; both batches in both groups: told with its figures."""
    aliased = find({"hybridisation_batch": np.where(IS_TARGET, "A", "B")})
    found = flag_batches(aliased, TRAPS)
    assert (found.status, found.trap, found.serious) == ("problem", "batch_aliased", True)
    balanced = find({"hybridisation_batch": np.where(np.arange(40) % 2, "A", "B")})
    assert flag_batches(balanced, TRAPS).status == "ok"


def test_associated_batch_is_flagged_only_outside_the_design():
    """A batch that goes with the group is a reason to doubt, unless the model holds it."""
    plate = np.where(np.arange(40) % 20 < 4, "1", "2")
    plate[:16] = "1"
    assert flag_batches(find({"plate": plate}), TRAPS).trap == "batch_associated"
    assert flag_batches(find({"plate": plate}, in_design={"plate"}), TRAPS).status == "ok"


def test_declared_batch_column_needs_no_telling_name():
    """batch_columns makes a batch of a column of any name."""
    site = np.where(IS_TARGET, "Oslo", "Rome")
    assert find({"place": site})[0].pattern == "names the group"
    assert find({"place": site}, batch_columns=["place"])[0].pattern == "aliased"


def test_renamings_of_the_group_are_not_flagged_but_sex_is():
    """source_name repeats the group by design; women against men is no renaming."""
    renamed = find(
        {"source_name": np.where(IS_TARGET, "blood_VTE", "blood_healthy"), "event": np.where(IS_TARGET, "1", "")}
    )
    assert flag_others(renamed, "warn").status == "ok"
    aliased = flag_others(find({"sex": np.where(IS_TARGET, "F", "M")}), "warn")
    assert (aliased.status, aliased.serious) == ("warn", True)


def test_older_patients_are_found_with_units_in_the_text():
    """Ages with 'years' are numbers; a shift of 20 years is flagged, and the sign is target minus reference."""
    ages = np.where(IS_TARGET, 60, 40) + np.arange(40) % 15
    found = find({"age": [f"{age} years" for age in ages]})
    assert associated(found)[0].effect == pytest.approx(1.0, abs=0.15)


def test_numbers_are_compared_within_pairs():
    """A share that falls in each of six donors, who differ more than it falls: flagged in pairs, hidden without them."""
    rng = np.random.default_rng(5)
    donors = rng.uniform(0.1, 0.6, 6)
    share = np.concatenate([donors - 0.06 + rng.normal(0, 0.004, 6), donors])
    frame = pd.DataFrame({"label_share": share.astype(str), "donor": [f"d{n}" for n in range(6)] * 2})
    is_target = np.arange(12) < 6
    asked = {"group_columns": {"stim"}, "in_design": {"donor"}}
    (paired,) = [one for one in find_associations(frame, is_target, block="donor", **asked) if one.kind == "numbers"]
    (unpaired,) = [one for one in find_associations(frame, is_target, **asked) if one.kind == "numbers"]
    assert paired.p_value is not None
    assert paired.p_value == pytest.approx(stats.ttest_rel(share[:6], share[6:]).pvalue)
    assert associated([paired]) == [paired]
    assert paired.effect == -1
    assert associated([unpaired]) == []
    # What a person brings along does not differ within pairs; two pairs are too few to look within.
    ages = pd.DataFrame({"age": ["20", "30", "41", "52", "63", "74"] * 2, "donor": frame["donor"]})
    assert [
        one.p_value for one in find_associations(ages, is_target, block="donor", **asked) if one.column == "age"
    ] == [1]
    lone = frame.assign(donor=["d1", "d2", "x1", "x2", "x3", "x4", "d1", "d2", "y1", "y2", "y3", "y4"])
    (rank,) = [one for one in find_associations(lone, is_target, block="donor", **asked) if one.kind == "numbers"]
    assert rank.p_value == unpaired.p_value


def test_no_false_alarm_over_many_random_columns():
    """Of 300 random columns in groups of ten, about one contrast in a hundred is flagged."""
    rng = np.random.default_rng(8)
    flagged = sum(
        flag_others(find({f"c{n}": rng.choice(list("abc"), 40) for n in range(10)}), "warn").status != "ok"
        for _ in range(60)
    )
    assert flagged <= 3


def test_age_overlap_lists_the_shared_samples():
    """Only people inside both groups' middle 80 % are listed; the counts add up."""
    ages = np.where(IS_TARGET, 50 + np.arange(40), 30 + np.arange(40) - 20)
    table = pd.DataFrame({"age": ages.astype(str)}, index=[f"s{n}" for n in range(40)])
    found = find_age_overlap(table, IS_TARGET)
    assert found is not None
    assert len(found.samples) == found.n_target + found.n_reference == 0
    table["age"] = [str(30 + n % 20) for n in range(40)]
    same = find_age_overlap(table, IS_TARGET)
    assert same is not None
    assert same.n_target == same.n_reference > 14
    assert find_age_overlap(table.rename(columns={"age": "stage"}), IS_TARGET) is None


def test_reused_controls_on_one_side_are_serious():
    """Twenty re-used controls and no re-used patient are a serious finding; a few on both sides are not."""
    names = [f"s{n}" for n in range(20)]
    assert flag_reused_sides(ReusedSides([], names), 70, 63, "warn").serious
    assert not flag_reused_sides(ReusedSides(names[:5], names[5:10]), 60, 60, "warn").serious


def test_shift_of_a_whole_group_is_flagged_and_quantile_normalised_arrays_are_not():
    """A shift beyond a typical standard error is flagged; identical quantiles give no warning and no flag."""
    rng = np.random.default_rng(9)
    values = rng.normal(8, 1.5, (400, 1)) + rng.normal(0, 0.3, (400, 40))
    assert flag_scale(values, IS_TARGET, 0.1, "warn").status == "ok"
    assert flag_scale(values + 0.3 * IS_TARGET, IS_TARGET, 0.1, "warn").trap == "scale_shift"
    same = np.sort(rng.normal(8, 1, 400))[:, None] * np.ones(40)
    assert flag_scale(same, IS_TARGET, 0.1, "warn").status == "ok"


def test_library_size_that_goes_with_the_group_is_flagged():
    """Twice the reads in the target is flagged, chance is not."""
    counts = np.random.default_rng(10).poisson(50, (40, 300)).astype(float)
    assert flag_library_size(counts, IS_TARGET, "warn").status == "ok"
    assert flag_library_size(counts * np.where(IS_TARGET, 2, 1)[:, None], IS_TARGET, "warn").status == "warn"


def test_tenfold_depth_is_a_reason_to_doubt_whatever_its_p():
    """Nine-fold is told in its table; from ten-fold on the card names depth, also where a spread of depths leaves the p large."""
    counts = np.random.default_rng(10).poisson(50, (40, 300)).astype(float)
    nine, eleven = (
        flag_library_size(counts * np.where(IS_TARGET, times, 1)[:, None], IS_TARGET, "warn") for times in (9, 1 / 11)
    )
    assert (nine.status, nine.serious) == ("warn", False)
    assert (eleven.status, eleven.serious) == ("warn", True)
    few = np.array([True] * 3 + [False] * 3)
    spread = counts[:6] * np.array([1.0, 1.0, 300.0, 0.01, 1.0, 1.0])[:, None]
    found = flag_library_size(spread, few, "warn")
    assert float(found.evidence.split("p = ")[1].rstrip(")")) > 0.1
    assert found.serious


@pytest.mark.parametrize("normalised", [False, True])
def test_depth_that_goes_with_the_group_is_a_doubt_with_a_word_of_its_own(normalised):
    """Counts of ten-fold depth, and normalised values that keep theirs: the doubt names it, the certainty too, and nothing is capped."""
    counts = np.random.default_rng(10).poisson(50, (40, 300)).astype(float) * np.where(IS_TARGET, 20, 1)[:, None]
    flag = (flag_column_totals if normalised else flag_library_size)(counts, IS_TARGET, "warn")
    judged = judge(Checks(contrast={"c": [flag]}))
    assert judged.doubts[0].sentence.startswith("Read depth goes with the group")
    assert flag.evidence.rstrip(".") in judged.doubts[0].sentence
    assert [row.name for row in judged.found] == ["library_size"]
    assert CONCERNS["library_size"].brief == "read depth"
    assert judged.caps == ()


def test_normalised_values_that_keep_their_library_size_are_flagged():
    """The typical gene of a group sequenced deeper is higher throughout; after normalisation it is not."""
    rng = np.random.default_rng(11)
    counts = rng.poisson(50, (40, 300)).astype(float)
    assert flag_column_totals(counts, IS_TARGET, "warn").status == "ok"
    found = flag_column_totals(counts * np.where(IS_TARGET, 1.2, 1)[:, None], IS_TARGET, "warn")
    assert (found.status, found.serious) == ("warn", True)
    assert "1.20 times that of the second" in found.evidence
    # A group that truly differs in some genes has larger sums, and the same typical gene.
    higher = counts * np.where(IS_TARGET[:, None] & (np.arange(300) < 60), 4, 1)
    assert flag_column_totals(higher, IS_TARGET, "warn").status == "ok"


@pytest.mark.parametrize(
    ("p_values", "shape"),
    [
        ([], "none"),
        (np.linspace(0.0005, 0.9995, 1000), "uniform"),
        (np.linspace(0.01, 1, 1000) ** 3, "peak at left"),
        (1 - np.linspace(0, 0.999, 1000) ** 2, "peak at right"),
        (np.concatenate([np.linspace(0, 1, 600), np.linspace(0, 0.05, 150), np.linspace(0.95, 1, 150)]), "U-shaped"),
        (np.concatenate([np.linspace(0, 1, 600), np.linspace(0.3, 0.7, 200)]), "hump"),
    ],
)
def test_histogram_shapes_are_read_in_words(p_values, shape):
    """Each shape has its name; only shapes that a right model does not give speak of hidden structure."""
    p_values = np.asarray(p_values)
    reading = read_histogram(p_values if shape != "peak at right" else 1 - (1 - p_values) ** 1.5 * 0.9)
    assert reading.shape == shape
    assert (flag_p_values(reading, "warn").status == "warn") == (shape in {"peak at right", "U-shaped", "hump"})


def evenly(n):
    """p-values as chance alone gives them, in order."""
    return (np.arange(n) + 0.5) / n


@pytest.mark.parametrize(
    ("strong", "shape", "told"),
    [
        (0, "uniform", "No gene has q ≤ 0.05. About flat"),
        (1, "uniform", "1 gene has q ≤ 0.05. About flat"),
        (2, "uniform", "2 genes have q ≤ 0.05. About flat"),
        (3, "narrow peak at left", "3 genes have q ≤ 0.05. A narrow peak at the left"),
        (283, "narrow peak at left", "283 genes have q ≤ 0.05. A narrow peak at the left"),
    ],
)
def test_genes_that_stand_out_are_never_called_about_flat(strong, shape, told):
    """283 genes of 15,000 need not raise the first bar at all; the reading tells of them all the same."""
    reading = read_histogram(np.concatenate([np.full(strong, 1e-9), 0.02 + 0.98 * evenly(15_000 - strong)]))
    assert reading.counts[0] <= 750
    assert reading.shape == shape
    assert told in reading.reading
    assert not reading.hidden_structure


def test_genes_that_stand_out_beside_a_pile_at_the_right_make_both_ends_high():
    """The first bar is below its expectation, but 20 genes stand out: not only small p-values are rare."""
    piled = 1 - (1 - evenly(15_000)) ** 1.5 * 0.98
    assert read_histogram(piled).shape == "peak at right"
    assert read_histogram(np.concatenate([np.full(20, 1e-9), piled])).shape == "U-shaped"


@pytest.mark.parametrize("n", [200, 500, 1000, 6000])
def test_few_genes_that_nothing_moves_speak_of_no_missing_factor(n):
    """Bars of few p-values scatter: with limits for many, 37 % of 200 uniform p-values spoke against the model, and 10 % of 1,000."""
    rng = np.random.default_rng(n)
    against = sum(read_histogram(rng.random(n)).hidden_structure for _ in range(200))
    assert against <= 8
    assert read_histogram(1 - (1 - evenly(n)) ** 2.5).shape in {"peak at right", "hump"}


def fit_of(is_target, scaled):
    samples = pd.DataFrame(index=[f"s{number}" for number in range(len(is_target))])
    genes = [f"g{number}" for number in range(len(scaled))]
    return fit_contrast(8 + 0.5 * scaled, genes, build_design(samples, is_target, ~is_target, []))


def reading_of(is_target, scaled):
    """How the p-values of two groups read that differ by these values alone."""
    fit = fit_of(is_target, scaled)
    return read_histogram(fit.p_value, genes_by_unit(fit))


@pytest.mark.parametrize(("n_target", "n_reference"), [(3, 12), (25, 107), (8, 8)])
def test_errors_by_unit_are_larger_than_those_of_one_variance_as_welchs_are_than_students(n_target, n_reference):
    """Of two groups without covariates HC2 is Welch's standard error, so scipy gives both; groups of one size have the same."""
    is_target = np.arange(n_target + n_reference) < n_target
    values = np.random.default_rng(n_target).normal(size=(300, len(is_target))) * np.where(is_target, 2.0, 1.0)
    found = genes_by_unit(fit_of(is_target, values))
    welch, student = (
        stats.ttest_ind(values[:, is_target], values[:, ~is_target], axis=1, equal_var=equal) for equal in (False, True)
    )
    assert found.inflation == pytest.approx(np.median((student.statistic / welch.statistic) ** 2), rel=1e-9)


@pytest.mark.parametrize(("n_target", "n_reference", "target_sd"), [(107, 25, 1.5), (20, 60, 0.6)])
def test_unequal_variances_are_told_in_place_of_a_missing_factor(n_target, n_reference, target_sd):
    """The larger group varies more, and nothing else: the pile has its right name; a batch in both groups keeps the other."""
    rng = np.random.default_rng(n_target)
    is_target = np.arange(n_target + n_reference) < n_target
    values = rng.standard_normal((3000, len(is_target)))

    unequal = reading_of(is_target, np.where(is_target, target_sd, 1.0) * values)
    assert unequal.shape in {"peak at right", "hump"}
    assert unequal.unequal_variances
    assert "unequal variances explain it" in unequal.reading
    assert flag_p_values(unequal, "warn").status == "ok"
    batch = np.tile([0.0, 1.0], len(is_target))[: len(is_target)]
    hidden = reading_of(is_target, values + 4 * rng.standard_normal((3000, 1)) * batch)
    assert hidden.hidden_structure
    assert "A batch or another factor" in hidden.reading or "Hidden structure" in hidden.reading
    # Undeclared pairs, all variances equal: small p-values are rare with either error.
    paired = values.copy()
    fewer = min(n_target, n_reference)
    partners = np.flatnonzero(is_target)[:fewer], np.flatnonzero(~is_target)[:fewer]
    people = rng.standard_normal((3000, fewer))
    for side in partners:
        paired[:, side] = np.sqrt(0.5) * values[:, side] + np.sqrt(0.5) * people
    assert not reading_of(is_target, paired).unequal_variances


@pytest.mark.parametrize(("n_target", "n_reference", "target_sd"), [(3, 12, 2.5), (25, 107, 1.5)])
def test_genes_are_not_said_to_differ_where_the_smaller_group_only_varies_more(n_target, n_reference, target_sd):
    """Nothing differs but spread: the peak is told as what that gives. Genes that do differ, with equal spread, keep their words."""
    rng = np.random.default_rng(n_target)
    is_target = np.arange(n_target + n_reference) < n_target
    values = rng.standard_normal((4000, len(is_target)))

    unequal = reading_of(is_target, np.where(is_target, target_sd, 1.0) * values)
    assert unequal.shape in {"peak at left", "narrow peak at left"}
    assert "no peak remains" in unequal.reading
    assert "genes differ" not in unequal.reading
    differing = reading_of(is_target, values + 3.0 * np.outer(np.arange(4000) < 800, is_target))
    assert differing.shape == "peak at left"
    assert "Many genes differ between these groups" in differing.reading


def test_stop_gives_a_four_part_problem():
    """A finding whose declared consequence is `stop` becomes an error that says what to do."""
    found = flag_batches(
        find({"batch": np.where(IS_TARGET, "A", "B")}), TrapsOfContrast.of(Traps(batch_aliased="stop"))
    )
    problem = stop_problems([found], TrapsOfContrast.of(Traps(batch_aliased="stop")), "contrast c")[0]
    assert "settings.traps.batch_aliased" in problem.allowed
    assert stop_problems([found], TrapsOfContrast.of(Traps(batch_aliased="warn")), "contrast c") == []


def evidence_row():
    return ContrastEvidence("c", "d", "GSE1", n_target=70, n_reference=63, testable=True)


def judge(checks):
    row = evidence_row()
    primary = {"set": "T", "contrasts": ["c"], "direction": "up"}
    declared = {"id": "h", "question": "Is it what was planted?", "kind": "cohort", "primary": primary}
    found = HypothesisEvidence("h", [row], None, Margin(0.4, "Hedges g", "declared"), pool_contrasts([row]))
    return judge_traps(Case(Hypothesis.model_validate(declared), found, ("c",)), checks)


def test_serious_findings_become_the_strongest_doubt():
    """Batch before re-used controls; both are kept; only the batch caps."""
    reused = flag_reused_sides(ReusedSides([], ["s1"]), 70, 63, "warn")
    batch = flag_batches(
        find({"batch": np.where(IS_TARGET, "A", "B")}), TrapsOfContrast.of(Traps(batch_aliased="warn"))
    )
    judged = judge(Checks(contrast={"c": [reused, batch]}))
    assert "different batches" in judged.doubts[0].sentence
    assert [cap.cap for cap in judged.caps] == ["batch_aliased"]
    assert [flag.trap for flag in judged.columns.trap_flags] == ["reused_samples", "batch_aliased"]


def test_without_findings_traps_take_nothing():
    """No flag, no doubt, no cap."""
    judged = judge(Checks(contrast={"c": []}))
    assert (judged.doubts, judged.caps, judged.columns.trap_flags) == ((), (), ())


def test_declared_ages_that_are_no_numbers_are_told():
    """A check of ages that cannot be made is not passed over in silence; units are told."""
    good = pd.DataFrame({"years_old": ["45 years", "61 yrs", "NA"]})
    assert flag_age(good, "years_old").status == "ok"
    assert "numbers in years for 2 of 3 samples" in flag_age(good, "years_old").evidence
    bad = flag_age(pd.DataFrame({"years_old": ["45", ">89", "61"]}), "years_old")
    assert bad.status == "warn"
    assert "'>89'" in bad.evidence

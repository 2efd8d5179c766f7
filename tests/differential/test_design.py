"""The design holds what it says, and refuses what cannot be tested, with the way out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidemine.differential.design import build_design
from sidemine.differential.design_columns import aliased_columns, cross_table
from sidemine.differential.record import DroppedSample
from sidemine.errors import Untestable


def sheet(**columns: list[str]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"unit": [f"u{i}" for i in range(n)], **columns}, index=[f"S{i}" for i in range(n)])


def split(n: int) -> tuple[np.ndarray, np.ndarray]:
    target = np.arange(n) >= n // 2
    return target, ~target


def test_only_the_two_groups_enter_and_the_contrast_is_last() -> None:
    """A third group lends nothing; the last coefficient is 1 in the target."""
    samples = sheet(arm=list("aaabbbccc"))
    arm = samples["arm"].to_numpy()
    design = build_design(samples, arm == "b", arm == "a")
    assert design.samples == ["S0", "S1", "S2", "S3", "S4", "S5"]
    assert design.columns == ["intercept", "target_minus_reference"]
    assert design.matrix[:, -1].tolist() == [0, 0, 0, 1, 1, 1]
    assert (design.n_target, design.n_reference, design.residual_df, design.blocking) == (3, 3, 4, "none")


def test_covariates_numeric_and_factor() -> None:
    """Numbers enter centred; a factor's reference is its most frequent level, the first one among equals."""
    samples = sheet(age=["1", "2", "3", "4.5", "5", "7"], site=["z", "z", "b", "z", "a", "b"])
    design = build_design(samples, *split(6), covariates=["age", "site"])
    assert design.columns == ["intercept", "age", "site: a", "site: b", "target_minus_reference"]
    assert design.matrix[:, 1].sum() == pytest.approx(0)
    assert design.matrix[:, 3].tolist() == [0, 0, 1, 0, 0, 1]


def test_pairs_become_fixed_effects_and_incomplete_ones_are_told() -> None:
    """With 20 of 21 samples in pairs the single one is dropped, by name and with the reason."""
    pairs = [f"p{i:02d}" for i in range(10)] * 2 + ["p99"]
    samples = sheet(pair=pairs)
    target = np.array([False] * 10 + [True] * 11)
    design = build_design(samples, target, ~target, block="pair")
    assert design.blocking == "fixed"
    assert design.matrix.shape == (20, 11)
    assert design.dropped == [DroppedSample("S20", "block p99 of pair has no sample in the other group")]
    assert design.paired is True
    assert (design.n_target, design.n_blocks, design.residual_df) == (10, 10, 9)


@pytest.mark.parametrize(("n_single", "blocking"), [(2, "fixed"), (3, "correlation")])
def test_pairs_are_fixed_effects_from_nine_tenths_complete_samples_on(n_single: int, blocking: str) -> None:
    """18 of 20 samples in pairs are exactly enough; 18 of 21 are not, and nobody is dropped."""
    pairs = [f"p{i}" for i in range(9)] * 2 + [f"single{i}" for i in range(n_single)]
    target = np.array([False] * 9 + [True] * 9 + [True] * n_single)
    design = build_design(sheet(pair=pairs), target, ~target, block="pair")
    assert design.blocking == blocking
    assert len(design.dropped) == (n_single if blocking == "fixed" else 0)


def test_incomplete_blocks_fall_back_to_correlation_from_six_blocks_on() -> None:
    """Blocks within one group carry no contrast, so they enter by duplicate correlation."""
    samples = sheet(donor=[f"d{i // 2}" for i in range(12)])
    design = build_design(samples, *split(12), block="donor")
    assert design.blocking == "correlation"
    assert design.matrix.shape == (12, 2)
    assert design.block_labels is not None
    with pytest.raises(Untestable, match="neither as fixed effects nor by duplicate correlation"):
        build_design(sheet(donor=[f"d{i // 3}" for i in range(12)]), *split(12), block="donor")


def test_repeats_of_a_unit_in_several_blocks_are_refused_where_blocks_are_a_correlation() -> None:
    """Three samples of each person on three plates: the plates do not hold a person's samples together, so n would be 36, not 12."""
    people = [f"u{i // 3}" for i in range(36)]
    samples = sheet(plate=[f"p{i % 3 + 3 * (i >= 18)}" for i in range(36)]).assign(unit=people)
    with pytest.raises(
        Untestable, match="12 biological units give several samples to the same group in different blocks"
    ):
        build_design(samples, *split(36), block="plate")
    assert build_design(samples.assign(plate=people), *split(36), block="plate").blocking == "correlation"


def test_repeats_of_one_block_are_refused_with_the_way_out() -> None:
    """One donor, three cultures in each group: nobody knows how another donor answers, unless the cultures are declared as units."""
    samples = sheet(donor=["d0"] * 6)
    with pytest.raises(Untestable, match="all samples are of donor d0") as found:
        build_design(samples, *split(6), block="donor", samples_in_block="repeats")
    assert "`biological_unit`" in str(found.value)
    assert "covariate" not in str(found.value)
    assert build_design(samples, *split(6), block="donor").n_target == 3


def test_samples_of_people_that_share_a_block_are_refused_until_somebody_says_whose_they_are() -> None:
    """A batch of people looks like a person with repeats, who would count as people of their own (FRY p ≤ .05 in 29 % without an effect)."""
    samples = sheet(donor=["a", "a", "b", "b", "c", "c"] * 2)
    with pytest.raises(Untestable, match="nothing says whether they are repeats of one person") as found:
        build_design(samples, *split(12), block="donor", samples_in_block="unsaid")
    assert "`biological_unit`" in str(found.value)
    # The way out gives the model of the block.
    other = build_design(samples, *split(12), ["factor(donor)"], samples_in_block="unsaid")
    assert other.residual_df == build_design(samples, *split(12), block="donor").residual_df == 8
    pairs = sheet(donor=["a", "b", "c", "d"] * 2)
    assert build_design(pairs, *split(8), block="donor", samples_in_block="unsaid").paired
    alone = samples.assign(donor="D1")
    with pytest.raises(Untestable, match="says nothing of people, leave `block` empty") as refused:
        build_design(alone, *split(12), block="donor", samples_in_block="unsaid")
    assert "factor(donor)" not in str(refused.value)


def test_n_counts_the_donors_where_cultures_are_their_repeats() -> None:
    """Three cultures of each of three donors in both groups: 3 v 3, and the smallest group is counted so, too."""
    samples = sheet(donor=["a", "b", "c"] * 6)
    design = build_design(samples, *split(18), block="donor", samples_in_block="repeats")
    assert (design.n_target, design.n_reference, design.paired) == (3, 3, True)
    assert len(design.target_samples) == 9
    assert "9 v 9 samples, 3 v 3 by donor" in design.notes[0]
    with pytest.raises(
        Untestable, match="target group has 2 independent units, fewer than the minimum of 3: each donor counts once"
    ):
        build_design(sheet(donor=["a", "b"] * 6), *split(12), block="donor", samples_in_block="repeats")


def test_repeats_that_differ_in_a_covariate_stay_rows_with_the_blocks_as_units() -> None:
    samples = sheet(donor=["a", "b", "c"] * 6, dose=["1"] * 9 + list("121212121"))
    design = build_design(samples, *split(18), ["factor(dose)"], "donor", samples_in_block="repeats")
    assert (design.n_target, len(design.samples), design.blocks_are_units) == (3, 18, True)
    dishes = sheet(dish=[f"d{i // 3}" for i in range(18)])
    correlated = build_design(dishes.assign(unit=dishes["dish"]), *split(18), block="dish")
    assert (correlated.n_target, correlated.n_reference) == (3, 3)
    assert "9 v 9 samples, 3 v 3 by dish" in " ".join(correlated.notes)
    # The page shows the notes of a design with its gene table.
    assert "a gene that varies more between dish than the average one has a p that is too small" in correlated.notes[-1]
    assert "single genes" not in " ".join(design.notes)


def test_declared_blocking_is_obeyed_or_refused() -> None:
    """`fixed` drops incomplete blocks even when they are many; `correlation` needs six blocks."""
    donors = ["a", "b", "c", "d", "x", "a", "b", "c", "d", "y"]
    assert build_design(sheet(donor=donors), *split(10), block="donor", blocking="fixed").n_target == 4
    with pytest.raises(Untestable, match="4 blocks; blocking = correlation"):
        build_design(sheet(donor=list("abcd" * 2)), *split(8), block="donor", blocking="correlation")
    with pytest.raises(Untestable, match="each with one sample"):
        build_design(sheet(donor=list("abcdefgh")), *split(8), block="donor")


def test_categories_and_missing_cells_are_text() -> None:
    """Text columns come back from a stored dataset as categories, with missing cells."""
    samples = sheet(site=list("aabbab"), age=["1", "2", "3", "4", "5", "9"]).astype("category")
    samples["other"] = [None, np.nan, "x", "y", "z", "w"]
    design = build_design(samples, *split(6), covariates=["site", "age"])
    assert design.columns == ["intercept", "site: b", "age", "target_minus_reference"]
    with pytest.raises(Untestable, match="covariate other is missing in 2 samples"):
        build_design(samples, *split(6), covariates=["other"])


def test_sample_in_both_groups_is_refused() -> None:
    """Overlapping selectors are named by sample."""
    both = np.ones(6, dtype=bool)
    with pytest.raises(Untestable, match=r"3 samples belong to both.*\n.*S3, S4, S5"):
        build_design(sheet(x=["a"] * 6), both, split(6)[0])


def test_groups_are_counted_in_units() -> None:
    """Four samples of two donors are two units, not four."""
    samples = sheet(donor=list("aabbccdd")).assign(unit=list("aabbccdd"))
    with pytest.raises(Untestable, match="the target group has 2 independent units, fewer than the minimum of 3"):
        build_design(samples, *split(8), block="donor")
    with pytest.raises(Untestable, match="2 problems"):
        build_design(samples, *split(8))


def test_minimum_holds_after_dropping() -> None:
    """Pairs that break up may leave too few units."""
    samples = sheet(pair=["a", "b", "x", "a", "b", "y"])
    with pytest.raises(Untestable, match="after 2 samples of incomplete blocks were dropped"):
        build_design(samples, *split(6), block="pair", blocking="fixed")


def test_repeats_of_a_unit_need_a_block() -> None:
    """Technical repeats as independent samples would make p too small; the message says what to do."""
    units = ["a", "a", "b", "c", "d", "e", "f"]
    samples = sheet(x=["1"] * 7).assign(unit=units)
    target = np.array([False] * 4 + [True] * 3)
    with pytest.raises(Untestable, match=r"a \(reference: S0, S1\)[\s\S]*Set `block`"):
        build_design(samples, target, ~target)


def test_one_donor_under_two_names_is_merged_into_one_row() -> None:
    """D1 and D1R are one unit: three pairs, two residual degrees of freedom, however the blocks are named."""
    donors = ["D1", "D1R", "D2", "D3"] * 2
    samples = sheet(series=donors).assign(unit=[donor.rstrip("R") for donor in donors])
    samples["donor"] = samples["unit"]
    for block in ("series", "donor"):
        design = build_design(samples, *split(8), block=block)
        assert (design.n_target, design.n_reference, design.residual_df, design.blocking) == (3, 3, 2, "fixed")
        assert sorted(map(len, design.row_members)) == [1, 1, 1, 1, 2, 2]
        assert len(design.target_samples) == 4
        assert any("unit D1 gives 2 samples to the target" in note and "merged" in note for note in design.notes)


def test_repeats_that_differ_in_a_covariate_cannot_be_merged() -> None:
    """One row has one value: repeats with two batches are refused by name, not averaged."""
    donors = ["D1", "D1R", "D2", "D3", "D4"] * 2
    samples = sheet(series=donors, batch=list("ababaababa")).assign(unit=[donor.rstrip("R") for donor in donors])
    with pytest.raises(Untestable, match=r"repeats of unit D1 in the target differ in batch"):
        build_design(samples, *split(10), covariates=["batch"], block="series")


def test_unused_pairing_is_noted() -> None:
    """Units in both groups without a block are allowed, and told."""
    design = build_design(sheet(x=list("aabbcc")).assign(unit=list("abcabc")), *split(6))
    assert any("the pairing is not used" in note for note in design.notes)


def test_covariate_problems_come_all_at_once() -> None:
    """Missing, constant and absent covariates are told together, missing ones with their samples."""
    samples = sheet(age=["1", "", "NA", "4", "5", "6"], site=["a"] * 6)
    with pytest.raises(Untestable, match=r"3 problems[\s\S]*missing in 2 samples[\s\S]*S1, S2[\s\S]*constant"):
        build_design(samples, *split(6), covariates=["age", "site", "sex"])
    with pytest.raises(Untestable, match="block donor is missing in 1 samples"):
        build_design(sheet(donor=["a", "b", "", "a", "b", "c"]), *split(6), block="donor")
    with pytest.raises(Untestable, match="block column pair does not exist"):
        build_design(samples, *split(6), block="pair")


def test_ages_beside_words_are_to_be_mended_not_made_levels() -> None:
    with pytest.raises(Untestable, match=r"next: +Mend the values by a sample sheet \(90\+ as 90"):
        build_design(sheet(age=["61", "55", "90+", "70", "66", "58"]), *split(6), covariates=["age"])
    with pytest.raises(Untestable, match=r"next: +Write factor\(stage\)"):
        build_design(sheet(stage=["1", "2", "x", "1", "2", "3"]), *split(6), covariates=["stage"])


def test_of_an_absent_covariate_the_nearest_column_of_the_record_is_named() -> None:
    """`age (years)` is column age_years; what the workflow adds to the samples is no column of theirs."""
    samples = sheet(age_years=list("123456")).assign(unit=list("abcdef"), fate="used")
    with pytest.raises(Untestable) as told:
        build_design(samples, *split(6), covariates=["age"])
    assert "columns: age_years\n" in str(told.value)
    assert "Did you mean age_years?" in str(told.value)


def test_a_batch_that_separates_the_groups_is_named_with_its_cross_table() -> None:
    """The reader sees which column is aliased and how the groups fall into it."""
    samples = sheet(batch=["one", "one", "one", "two", "two", "two"])
    with pytest.raises(Untestable) as told:
        build_design(samples, *split(6), covariates=["batch"])
    message = str(told.value)
    assert "target and reference are completely separated by batch" in message
    assert "aliased columns: target_minus_reference" in message
    assert (
        "value  target  reference\none         0          3\ntwo         3          0" in told.value.problems[0].where
    )


def test_covariates_that_repeat_each_other_are_named() -> None:
    """Two columns that say the same thing are told apart from a confounded group."""
    samples = sheet(site=list("ababab"), city=list("xyxyxy"))
    with pytest.raises(Untestable, match=r"city: y follow from the other columns \(site\)"):
        build_design(samples, *split(6), covariates=["site", "city"])


def test_a_covariate_called_group_is_no_group() -> None:
    """`group` is a usual name of metadata: what it repeats is told, and never that the groups are separated."""
    samples = sheet(group=list("ababab"), site=list("xyxyxy"))
    with pytest.raises(Untestable, match=r"site: y follow from the other columns \(group\)"):
        build_design(samples, *split(6), covariates=["group", "site"])


def test_no_residual_degrees_of_freedom() -> None:
    """A saturated design is refused, not fitted."""
    samples = sheet(site=list("aabbcc"), age=["1", "2", "4", "7", "8", "1"], dose=["2", "9", "3", "3", "1", "1"])
    with pytest.raises(Untestable, match="no residual degrees of freedom"):
        build_design(samples, *split(6), covariates=["site", "age", "number(dose)"])


@settings(max_examples=50)
@given(st.integers(0, 2**31 - 1), st.integers(1, 4))
def test_aliasing_is_found_wherever_it_hides(seed: int, n_free: int) -> None:
    """A combination of other columns is always found, a free column never accused."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(12, n_free))
    assert aliased_columns(matrix) == {}
    combination = matrix @ rng.uniform(1, 2, n_free)
    assert list(aliased_columns(np.column_stack([matrix, combination]))) == [n_free]


def test_cross_table_of_numbers_is_a_range() -> None:
    """Ages are shown by their range in each group."""
    target, _ = split(8)
    assert "target: 5 to 8" in cross_table(pd.Series([str(i) for i in range(1, 9)]), target)


@pytest.mark.parametrize("n", [8, 60])
def test_ages_with_units_are_one_number(n: int) -> None:
    """`45 years` and `61 yrs` are one column of years, never one dummy column per age; the unit is told."""
    ages = np.random.default_rng(n).integers(30, 80, 2 * n)
    samples = sheet(age=[f"{age} {'years' if row % 2 else 'yrs'}" for row, age in enumerate(ages)])
    design = build_design(samples, *split(2 * n), covariates=["age"])
    assert design.columns == ["intercept", "age", "target_minus_reference"]
    np.testing.assert_allclose(design.matrix[:, 1], ages - ages.mean())
    assert design.residual_df == 2 * n - 3
    (told,) = design.covariate_kinds
    assert (told.name, told.kind, told.unit) == ("age", "number", "years")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("plate", ["1_1", "1_2", "2_1", "1_1", "1_2", "2_1"]),
        ("plate", ["1", "2", "3", "3", "2", "1"]),
        ("well", ["1E2", "2e3", "1E3", "1E2", "2e3", "1E3"]),
        ("well", ["007", "008", "010", "007", "008", "010"]),
        ("position", ["12B", "13B", "14B", "12B", "13B", "14B"]),
    ],
)
def test_labels_that_look_like_numbers_are_levels(name: str, cells: list[str]) -> None:
    """Plates and wells are labels, whatever Python's float() makes of them."""
    design = build_design(sheet(**{name: cells}), *split(6), covariates=[name])
    (told,) = design.covariate_kinds
    assert (told.kind, sorted(told.levels)) == ("factor", sorted(set(cells)))
    assert len(design.columns) == 4


@pytest.mark.parametrize(
    ("cells", "where", "step"),
    [
        (
            ["45", "old", "50", "61", "40", "45"],
            "numbers ('45', '50', '61', '40') stand beside words ('old')",
            "factor(",
        ),
        (["45 years", "30 months", "50", "6", "9", "8"], "months (30 months) beside years (45 years)", "factor("),
        (["1", "2", "3", "3", "2", "1"], "whole numbers without a unit", "number(stage) or factor(stage)"),
        (["1 foo", "2 foo", "3 foo", "3 foo", "2 foo", "1 foo"], "'foo' is no unit", "number(stage) or factor(stage)"),
    ],
)
def test_columns_that_nobody_should_guess_are_refused(cells: list[str], where: str, step: str) -> None:
    """The values are told, and how the sheet decides."""
    with pytest.raises(Untestable, match="the covariate stage is read as neither a number nor a factor") as error:
        build_design(sheet(stage=cells), *split(6), covariates=["stage"])
    (problem,) = error.value.problems
    assert where in problem.where
    assert step in problem.next_step


def test_the_sheet_decides_what_a_column_is() -> None:
    """factor() and number() are carried out and told; a number that is none is refused."""
    samples = sheet(stage=["1", "2", "3", "3", "2", "1"], plate=["007", "008", "010", "007", "008", "011"])
    as_factor = build_design(samples, *split(6), covariates=["factor(stage)"])
    assert as_factor.columns == ["intercept", "stage: 2", "stage: 3", "target_minus_reference"]
    as_number = build_design(samples, *split(6), covariates=["number(stage)", "number(plate)"])
    assert as_number.columns == ["intercept", "stage", "plate", "target_minus_reference"]
    assert as_number.matrix[:, 2].tolist() == pytest.approx((np.array([7, 8, 10, 7, 8, 11]) - 8.5).tolist())
    assert as_number.covariates == ["stage", "plate"]
    assert as_number.covariate_kinds[0].why == "declared: number(stage)"
    with pytest.raises(Untestable, match="declared a number and is none"):
        build_design(sheet(age=["45", ">89", "50", "61", "40", "45"]), *split(6), covariates=["number(age)"])


def test_samples_without_a_covariate_leave_by_declaration_only() -> None:
    """Missing cells make the contrast untestable, or, declared, the samples leave with the reason."""
    samples = sheet(age=["45", "unknown", "50", "61", "40", "45", "60", "NA"], sex=["f", "m", "f", "m"] * 2)
    with pytest.raises(Untestable, match="the covariate age is missing in 2 samples"):
        build_design(samples, *split(8), covariates=["age"])
    design = build_design(samples, *split(8), covariates=["age"], drop_missing=True)
    reason = "covariate age has no value (missing_covariates: drop)"
    assert design.dropped == [DroppedSample("S1", reason), DroppedSample("S7", reason)]
    assert design.samples == ["S0", "S2", "S3", "S4", "S5", "S6"]
    with pytest.raises(Untestable, match="fewer than the minimum of 4 after 2 samples without a value of age"):
        build_design(samples, *split(8), covariates=["age"], min_group_size=4, drop_missing=True)


def test_a_factor_that_eats_the_degrees_of_freedom_is_told() -> None:
    """More than a third of the residual degrees of freedom: a note, which the page prints."""
    site = [f"s{row % 5}" for row in range(12)]
    (note,) = build_design(sheet(site=site), *split(12), covariates=["site"]).notes
    assert "factor of 5 levels and takes 4 of the 10 residual degrees of freedom" in note
    assert not build_design(sheet(site=[f"s{row % 2}" for row in range(12)]), *split(12), covariates=["site"]).notes


@pytest.mark.parametrize("word", ["NA", "unknown", "-", "n/a"])
def test_words_for_nothing_are_no_block(word: str) -> None:
    """Two samples whose donor is not known are no pair."""
    donors = ["a", "b", "c", word, "a", "b", "c", word]
    with pytest.raises(Untestable, match="the block donor is missing in 2 samples"):
        build_design(sheet(donor=donors), *split(8), block="donor")

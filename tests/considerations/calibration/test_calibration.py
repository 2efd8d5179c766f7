"""The calibration of a study: measured where labelings allow, quoted elsewhere, and a liberal test is called liberal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contrast_to_fit import to_fit
from scipy import stats

from sidemine.considerations.calibration import measure
from sidemine.considerations.calibration.design_classes import deciding_reading, nearest_class, overall_reading
from sidemine.considerations.calibration.group_variances import UnequalVariances, _df, unequal_variances
from sidemine.considerations.calibration.measure import ContrastToCalibrate, _of_verdicts, measure_calibration
from sidemine.considerations.calibration.rates import (
    CONSERVATIVE_SHARE,
    LIMITS,
    Rate,
    calibration_row,
    clustered_rate,
    read_measured,
    read_simulated,
)
from sidemine.considerations.calibration.record import Calibration
from sidemine.considerations.calibration.specification import CalibrationSettings
from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import CameraSets
from sidemine.enrichment.permuted_labels import PermutedTests
from sidemine.enrichment.set_membership import build_membership
from sidemine.quality.record import NO_TREATMENT
from sidemine.stats.tails import two_sided_p, z_of_t
from sidemine.study.rows import Contrast
from sidemine.tables import check_table, empty_table, read_table

N_GENES, SIZE = 400, 40
GENES = [f"G{i:03d}" for i in range(N_GENES)]
SETS = pd.DataFrame(
    [(f"M{m}", "target" if m < 2 else "comparator", GENES[m * SIZE + i], 1.0) for m in range(4) for i in range(SIZE)],
    columns=["gene_set", "family", "gene", "weight"],
).assign(version="1", licence="-", source="-")
REFERENCE = Path(__file__).parents[3] / "resources" / "calibration" / "design_classes.tsv"


def settings(n_labelings):
    """Settings of a study with so many permuted labelings."""
    return CalibrationSettings(
        calibration_labelings=n_labelings, rotations=999, min_group_size=3, min_set_size=5, max_set_size=1000, seed=11
    )


def _samples(n: int) -> pd.DataFrame:
    names = [f"S{i:03d}" for i in range(n)]
    group = np.where(np.arange(n) % 2 == 0, "case", "control")
    return pd.DataFrame({"sample": names, "unit": names, "fate": "used", "group": group})


def _correlated(n: int, seed: int = 1, correlation: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(N_GENES, n))
    factors = np.repeat(rng.normal(size=(4, n)), SIZE, axis=0)
    values[: 4 * SIZE] = np.sqrt(1 - correlation) * values[: 4 * SIZE] + np.sqrt(correlation) * factors
    return values + 8


def _given(name: str, n: int | None) -> ContrastToCalibrate:
    """What earlier stages found of one contrast of n samples; None: not testable."""
    contrast = Contrast(
        contrast=name, dataset=name, role="disease", target="group = case", reference="group = control",
        target_label="cases", reference_label="controls",
    )  # fmt: skip
    samples = _samples(n or 2)
    fit = None
    if n is not None:
        target = (samples["group"] == "case").to_numpy()
        fit = fit_contrast(_correlated(n), GENES, build_design(samples.set_index("sample"), target, ~target))
    return ContrastToCalibrate(to_fit(contrast), fit, samples, NO_TREATMENT)


def _measure(given: list[ContrastToCalibrate], n_labelings: int = 40) -> tuple[pd.DataFrame, Calibration]:
    return measure_calibration(
        given, {"large": ["M0"], "small": ["M0"]}, SETS, read_table(REFERENCE, CALIBRATION), None,
        settings(n_labelings),
    )  # fmt: skip


@pytest.fixture(scope="module")
def study() -> list[ContrastToCalibrate]:
    return [_given(name, n) for name, n in (("large", 24), ("small", 6), ("none", None))]


def test_a_study_is_measured_quoted_or_neither(study: list[ContrastToCalibrate]) -> None:
    table, record = _measure(study)
    check_table(table, CALIBRATION, "here")
    own = table[table["scope"] == "dataset"].groupby("subject")
    large, small, none = (own.get_group(name) for name in ("large", "small", "none"))
    assert (record.contrasts["large"].labelings, record.contrasts["small"].labelings) == (40, 0)
    measured, quoted = (large[large["source"] == source] for source in ("this study", "reference tables"))
    # On 40 labelings FRY is undecided (CAMERA is liberal): its design class stands beside what was measured.
    assert set(quoted["test"]) == {"fry"}
    assert set(quoted["null"]) == {"global"}
    assert quoted["reason"].str.contains("undecided on the labelings of these samples; quoted from").all()
    assert "undecided" in set(measured["reading"])
    assert (record.contrasts["large"].fry, record.contrasts["large"].camera) == ("holds", "liberal")
    told = record.contrasts["large"].sentence
    assert "On 40 permuted labelings" in told
    assert "undecided)" in told
    assert "nearest design class (15 v 15) null sets come out at a nominal 5 % at most by FRY 5.1%" in told
    assert {"primary", "target", "comparator"} == set(large["family"])
    of_set = large[(large["family"] == "target") & (large["test"] == "fry")]
    assert set(of_set["n"]) == {2 * 40}
    assert set(small["source"]) == {"reference tables"}
    assert small["reason"].str.contains("20 distinct labelings, fewer than 200").all()
    assert set(none["reading"]) == {"not measured"}
    assert [record.contrasts[name].measured for name in ("large", "small", "none")] == [True, False, False]
    assert record.contrasts["small"].design_class == "3 v 3"
    assert record.contrasts["small"].fry != "not measured"
    assert record.contrasts["none"].fry == "not measured"
    # The whole rule has no table here: one row says so.
    assert table[table["scope"] == "whole_rule"]["reading"].tolist() == ["not measured"]


def test_a_family_is_measured_on_its_own_sets(study: list[ContrastToCalibrate]) -> None:
    fewer = SETS[SETS["gene_set"] != "M3"]
    table, _ = measure_calibration(study[:1], {"large": ["M0"]}, fewer, empty_table(CALIBRATION), None, settings(20))
    here = table[(table["source"] == "this study") & (table["parameter"].str.startswith("set"))]
    assert dict(zip(here["family"], here["parameter"], strict=True)) == {
        "primary": "set=M0", "target": "sets=2", "comparator": "sets=1",
    }  # fmt: skip


def test_the_same_settings_give_the_same_table(study: list[ContrastToCalibrate]) -> None:
    one, other = _measure(study[:1]), _measure(study[:1])
    pd.testing.assert_frame_equal(one[0], other[0])
    assert one[1] == other[1]


def test_switched_off_quotes_the_design_class(study: list[ContrastToCalibrate]) -> None:
    table, record = _measure(study[:1], n_labelings=0)
    own = table[table["subject"] == "large"]
    assert own["reason"].str.contains("calibration_labelings = 0").any()
    assert not record.contrasts["large"].measured


def _of_large(study: list[ContrastToCalibrate], primary: list[str], **changes: Any) -> tuple[pd.DataFrame, Any]:
    """Own rows and record of the contrast `large`, with settings changed."""
    table, record = measure_calibration(
        study[:1],
        {"large": primary},
        SETS,
        read_table(REFERENCE, CALIBRATION),
        None,
        settings(20).model_copy(update=changes),
    )
    return table[table["subject"] == "large"], record.contrasts["large"]


@pytest.mark.parametrize(
    ("distinct", "changes", "reason"),
    [
        (199, {}, "199 distinct labelings, fewer than 200"),
        (200, {}, ""),
        (199, {"calibration_labelings": 0}, "199 distinct labelings, fewer than 200"),
        (200, {"calibration_labelings": 0, "min_set_size": 41}, "switched off (settings.calibration_labelings = 0)"),
        (200, {"min_set_size": 40}, ""),
        (200, {"min_set_size": 41}, "no set has enough measured genes"),
    ],
)
def test_own_samples_are_measured_from_200_labelings_on(
    study: list[ContrastToCalibrate],
    monkeypatch: pytest.MonkeyPatch,
    distinct: int,
    changes: dict[str, int],
    reason: str,
) -> None:
    """The first reason against it is told in every row and in the sentence."""
    monkeypatch.setattr(measure, "count_labelings", lambda _design: distinct)
    own, record = _of_large(study, ["M0"], **changes)
    assert record.measured is (not reason)
    assert record.labelings == (0 if reason else 20)
    if reason:
        assert own["reason"].str.startswith(f"not measured here: {reason}; ").all()
        assert record.sentence.startswith(
            f"Not measured here: {reason}. In simulated data of the nearest design class ("
        )


@pytest.mark.parametrize(
    ("primary", "named"),
    [(["M0"], "M0"), (["M1", "M0"], "M1, M0"), ([], "the target sets"), (["X"], "the target sets")],
)
def test_the_sentence_names_the_sets_that_it_speaks_of(
    study: list[ContrastToCalibrate], primary: list[str], named: str
) -> None:
    """Primary sets that were measured; without any, the target sets."""
    _, record = _of_large(study, primary)
    assert record.sentence.startswith(
        f"On 20 permuted labelings of these samples, {named} came out at a nominal 5 % by "
    )


@pytest.mark.parametrize(
    ("families", "speaking"),
    [
        (["comparator", "target", "primary"], ["primary"]),
        (["comparator", "target", "reference"], ["target"]),
        (["comparator", "reference"], ["comparator", "reference"]),
        ([], []),
    ],
)
def test_primary_sets_speak_for_a_test_then_target_sets_then_all(families: list[str], speaking: list[str]) -> None:
    """Of this test, under the global null."""
    rows = [
        calibration_row("dataset", "c", null, test, None, family=family, reading="holds", source="this study")
        for test, null in (("fry", "global"), ("camera", "global"), ("fry", "competitive"))
        for family in families
    ]
    found = _of_verdicts(rows, "fry")
    assert [row.family for row in found] == speaking
    assert {(row.test, row.null) for row in found} <= {("fry", "global")}


def test_without_reference_tables_nothing_is_claimed(study: list[ContrastToCalibrate]) -> None:
    table, record = measure_calibration(
        [study[1]], {}, SETS, empty_table(CALIBRATION), empty_table(CALIBRATION),
        settings(40),
    )  # fmt: skip
    assert set(table["reading"]) == {"not measured"}
    assert record.contrasts["small"].camera == "not measured"


def test_a_liberal_test_is_called_liberal_and_a_good_one_not() -> None:
    """CAMERA with limma's preset correlation of .01 calls sets of correlation .3 far too often."""
    samples = _samples(24).set_index("sample")
    target = (samples["group"] == "case").to_numpy()
    design = build_design(samples, target, ~target)
    membership = build_membership(SETS, GENES)
    preset = []
    for seed in range(150):
        fit = fit_contrast(_correlated(24, seed), GENES, design)
        sets = CameraSets.of(membership)
        variance = (1 + (SIZE - 1) * 0.01) / SIZE * np.ones(4)
        preset.append(two_sided_p(sets.statistic(z_of_t(fit.t, fit.df), variance), 22.0))
    rate = clustered_rate(np.array(preset) <= 0.05)
    assert rate.rate > 0.3
    assert read_measured(rate, 0.05) == "liberal"
    assert read_simulated(rate, 0.05) == "liberal"


def test_readings_follow_the_limits() -> None:
    def rate(value: float, low: float, high: float, upper: float) -> Rate:
        return Rate(1000, value, low, high, upper)

    # Each limit itself is still met: 6.5 % at a nominal 5 %, and three fifths of the level from below.
    limit, half = LIMITS[0.05], CONSERVATIVE_SHARE * 0.05
    assert (limit, half) == (0.065, 0.03)
    assert read_simulated(rate(0.06, 0.055, 0.067, limit), 0.05) == "holds"
    assert read_simulated(rate(half, 0.02, 0.03, 0.029), 0.05) == "holds"
    assert read_measured(rate(0.06, 0.03, 0.1, limit), 0.05) == "holds"
    assert read_measured(rate(0.08, limit, 0.1, 0.09), 0.05) == "undecided"
    assert read_measured(rate(0.01, 0.0, half, 0.024), 0.05) == "holds"
    # Without a one-sided bound the interval's end counts.
    assert read_measured(rate(0.06, 0.03, limit, float("nan")), 0.05) == "holds"
    assert read_measured(rate(0.06, 0.03, 0.066, float("nan")), 0.05) == "undecided"
    assert read_simulated(rate(0.055, 0.05, 0.06, 0.0601), 0.05) == "holds"
    assert read_simulated(rate(0.06, 0.055, 0.067, 0.0651), 0.05) == "liberal"
    assert read_simulated(rate(0.02, 0.01, 0.03, 0.025), 0.05) == "conservative"
    # A few hundred labelings: an upper bound above the limit shows neither that a test fails nor that it holds.
    assert read_measured(rate(0.06, 0.03, 0.1, 0.09), 0.05) == "undecided"
    assert read_measured(rate(0.05, 0.045, 0.07, 0.064), 0.05) == "holds"
    assert read_measured(rate(0.01, 0.002, 0.03, 0.025), 0.01) == "undecided"
    assert read_measured(rate(0.1, 0.066, 0.15, 0.14), 0.05) == "liberal"
    assert read_measured(rate(0.01, 0.0, 0.029, 0.025), 0.05) == "conservative"
    assert read_measured(rate(0.03, 0.018, 0.05, 0.04), 0.01) == "liberal"
    assert overall_reading(["conservative", "liberal", "holds"]) == "liberal"
    assert overall_reading(["conservative", "holds", "not measured"]) == "holds"
    assert overall_reading(["conservative", "undecided", "holds"]) == "undecided"
    assert overall_reading([]) == "not measured"


@pytest.mark.parametrize(
    ("own", "quoted", "expected"),
    [
        (["undecided", "holds"], ["holds", "conservative"], "holds"),
        (["undecided", "undecided"], ["liberal", "holds"], "liberal"),
        (["undecided", "holds"], [], "not measured"),
        (["undecided"], ["undecided"], "not measured"),
        (["undecided", "liberal"], ["holds"], "liberal"),
        (["liberal", "holds"], ["conservative"], "liberal"),
        (["holds", "conservative"], [], "holds"),
        ([], ["conservative"], "conservative"),
        (["not measured"], [], "not measured"),
    ],
)
def test_the_design_class_speaks_where_own_labelings_do_not_decide(own, quoted, expected) -> None:
    """Own evidence that a test fails always wins; that it holds only where the bound is met."""
    assert deciding_reading(own, quoted) == expected


def test_a_test_that_is_liberal_here_is_liberal_whatever_the_class_says(
    study: list[ContrastToCalibrate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FRY calls 30 % of the labelings, CAMERA exactly its level: a class that holds saves the second, not the first."""
    called = {"fry": np.arange(200) < 60, "camera": np.arange(200) < 10}

    def planted(fit: Any, design: Any, membership: Any, **_: Any) -> PermutedTests:
        n_sets = len(membership.gene_sets)
        return PermutedTests(
            {name: np.repeat(np.where(hit, 0.05, 0.5)[:, None], n_sets, axis=1) for name, hit in called.items()}, 200
        )

    monkeypatch.setattr(measure, "permute_and_test", planted)
    table, record = _measure(study[:1])
    about = record.contrasts["large"]
    assert (about.fry, about.camera) == ("liberal", "holds")
    # Where the upper bound is above what is allowed, and only there, more labelings would narrow it.
    measured = table[(table["subject"] == "large") & (table["source"] == "this study")]
    told = measured["reason"].str.contains("more labelings would narrow it")
    assert told.tolist() == (measured["upper_95"] > measured["level"].map(LIMITS)).tolist()
    assert set(told) == {True, False}
    quoted = table[(table["subject"] == "large") & (table["source"] == "reference tables")]
    assert set(quoted["test"]) == {"camera"}
    assert about.sentence.startswith(
        "On 200 permuted labelings of these samples, M0 came out at a nominal 5 % by FRY 30.0% (95 % CI 23.7% to 36.9%; "
        "liberal) and by CAMERA 5.0% (95 % CI 2.4% to 9.0%; undecided), and at 1 % by FRY 0.0% (95 % CI 0.0% to 1.8%; "
    )
    _, without = measure_calibration(
        study[:1], {"large": ["M0"]}, SETS, empty_table(CALIBRATION), None,
        settings(200),
    )  # fmt: skip
    assert without.contrasts["large"].camera == "not measured"
    assert "no design class was simulated that is near" in without.contrasts["large"].sentence


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (1, 20), (7, 20), (19, 20), (20, 20), (0, 1), (1, 1), (0, 2), (1, 2)])
def test_limits_of_one_test_are_exact(hits: int, n: int) -> None:
    """Clopper and Pearson's, also where nothing or everything was called; one-sided upper 95 %."""
    found = clustered_rate((np.arange(n) < hits)[:, None])
    exact = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    above = stats.binomtest(hits, n, alternative="less").proportion_ci(0.95, "exact")
    assert (found.n, found.rate) == (n, hits / n)
    assert (found.ci_low, found.ci_high) == pytest.approx((exact.low, exact.high))
    assert found.upper_95 == pytest.approx(above.high)


@pytest.mark.parametrize("hits", [0, 3, 10])
def test_two_tests_that_always_answer_alike_are_one(hits: int) -> None:
    """Their limits are near those of one of them; without a difference between labelings, exactly those."""
    calls = (np.arange(10) < hits)[:, None]
    one, two = clustered_rate(calls), clustered_rate(np.repeat(calls, 2, axis=1))
    assert two.n == 2 * one.n
    rel = 0.15 if hits == 3 else 1e-12
    assert (two.ci_low, two.ci_high, two.upper_95) == pytest.approx((one.ci_low, one.ci_high, one.upper_95), rel=rel)


def test_intervals_know_of_dependence_within_a_labeling() -> None:
    rng = np.random.default_rng(2)
    labelings = rng.random((400, 1)) < 0.05
    alone, together = clustered_rate(labelings), clustered_rate(np.repeat(labelings, 10, axis=1))
    # Ten sets that always answer alike are worth one.
    assert together.n == 4000
    assert (together.ci_low, together.ci_high) == pytest.approx((alone.ci_low, alone.ci_high), rel=0.02)
    independent = clustered_rate(rng.random((400, 10)) < 0.05)
    assert independent.ci_high - independent.ci_low < (alone.ci_high - alone.ci_low) / 2
    nothing = clustered_rate(np.zeros((200, 5), dtype=bool))
    assert nothing.rate == nothing.ci_low == 0
    assert nothing.ci_high == pytest.approx(1 - 0.025 ** (1 / 200))


def test_unequal_variances_are_a_row_of_fry_and_a_sentence() -> None:
    """Of each primary set, where the groups have twenty samples; also where nothing is permuted."""
    table, record = measure_calibration(
        [_given("large", 40)], {"large": ["M0", "X"]}, SETS, read_table(REFERENCE, CALIBRATION), None, settings(0)
    )
    rows = table[table["parameter"].str.contains("unequal variances")]
    assert rows[["subject", "test", "family", "parameter"]].drop_duplicates().to_numpy().tolist() == [
        ["large", "fry", "primary", "set=M0, unequal variances"]
    ]
    assert sorted(rows["level"]) == [0.01, 0.05]
    assert set(rows["source"]) == {"this study"}
    # It is told and claims no size: the p that carries an answer has errors by unit.
    assert set(rows["reading"]) == {"shown"}
    assert record.contrasts["large"].sentence.endswith(rows["reason"].iloc[0])
    assert record.contrasts["large"].sentence.count("The set's score varies") == 1


def test_equal_variances_leave_a_test_its_level() -> None:
    """Whatever the sizes of the groups; the interval of the ratio becomes that of the size, the lower end first."""
    alike = UnequalVariances(1.0, 0.5, 2.0, 0.8, 0.2, 0.3, 0.7, 30, 40)
    for level in (0.05, 0.01):
        size = alike.size_of_test(level)
        assert (size.n, size.rate) == (40, pytest.approx(level))
        assert size.ci_low < level < size.ci_high


def test_tails_cost_degrees_of_freedom() -> None:
    """Of normal residuals (fourth moment 3) all count; of heavier tails fewer; of none at all, a finite number."""
    assert _df(19.0, 3.0) == pytest.approx(19)
    assert _df(19.0, 6.0) == pytest.approx(2 * 20 / (6 - 17 / 19))
    assert _df(19.0, 0.5) == pytest.approx(20**2)


def test_unequal_variances_of_unequal_groups_are_told() -> None:
    """Where the smaller group varies twice as much (SD), a test on the pooled variance is liberal."""
    n_target, n = 25, 132
    names = [f"S{i}" for i in range(n)]
    target = np.arange(n) < n_target
    design = build_design(pd.DataFrame({"unit": names}, index=names), target, ~target)
    membership = build_membership(SETS, GENES)
    values = _correlated(n)
    wide = 8 + (values - 8) * np.where(target, 2.0, 1.0)
    found = unequal_variances(fit_contrast(wide, GENES, design), design, membership, "M0")
    alike = unequal_variances(fit_contrast(values, GENES, design), design, membership, "M0")
    assert found is not None
    assert alike is not None
    assert found.ratio_low < 4 < found.ratio_high
    assert read_measured(found.size_of_test(0.05), 0.05) == "liberal"
    assert alike.ratio_low < 1 < alike.ratio_high
    assert read_measured(alike.size_of_test(0.05), 0.05) != "liberal"
    # Theory: t with the true over the assumed variance, 4 against 1 in groups of 25 and 107.
    exact = (4 / 25 + 1 / 107) / ((24 * 4 + 106) / 130 * (1 / 25 + 1 / 107))
    assert found.inflation(4.0) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("n_target", "n_reference", "told"), [(19, 25, False), (25, 19, False), (20, 20, True)])
def test_twenty_samples_of_a_group_have_a_variance_of_their_own(n_target: int, n_reference: int, told: bool) -> None:
    """In words: the ratio of the SDs with its interval, and the size at a nominal 5 %."""
    n = n_target + n_reference
    target = np.arange(n) < n_target
    names = [f"S{i}" for i in range(n)]
    design = build_design(pd.DataFrame({"unit": names}, index=names), target, ~target)
    fit = fit_contrast(_correlated(n), GENES, design)
    found = unequal_variances(fit, design, build_membership(SETS, GENES), "M0")
    assert (found is not None) is told
    if found:
        size = found.size_of_test(0.05)
        assert size.ci_low <= size.rate <= size.ci_high
        assert found.sentence() == (
            f"The set's score varies {found.ratio**0.5:.2f} times as much (SD) in the target as in the reference (95 % CI "
            f"{found.ratio_low**0.5:.2f} to {found.ratio_high**0.5:.2f}); with these group sizes this would give FRY by itself a size "
            f"of {size.rate:.1%} ({size.ci_low:.1%} to {size.ci_high:.1%}) at a nominal 5 %; the p that is used allows for it."
        )


@pytest.mark.parametrize(
    ("n_target", "n_reference", "engine", "expected"),
    [
        (3, 3, "limma-trend", "3 v 3"),
        (3, 4, "voom", "3 v 3, counts"),
        (4, 9, "voom", "3 v 3, counts"),
        (9, 5, "voom", "6 v 6, counts"),
        (9, 8, "voom", "6 v 6, counts"),
        (12, 14, "limma-trend", "15 v 15"),
        (107, 25, "limma-trend", "107 v 25"),
        (25, 107, "limma-trend", "107 v 25"),
        (70, 63, "limma-trend", "70 v 63, covariates"),
    ],
)
def test_nearest_class_is_one_of_the_tables(n_target: int, n_reference: int, engine: str, expected: str) -> None:
    n = n_target + n_reference
    names = [f"S{i}" for i in range(n)]
    target = np.arange(n) < n_target
    design = build_design(pd.DataFrame({"unit": names}, index=names), target, ~target)
    assert nearest_class(design, engine) == expected
    assert expected in set(read_table(REFERENCE, CALIBRATION)["subject"])


def test_committed_tables_hold_what_the_contract_asks() -> None:
    table = read_table(REFERENCE, CALIBRATION)
    sizes = table[(table["quantity"] == "size") & table["test"].isin(["fry", "camera"])]
    assert (sizes["n"] >= 5000).all()
    for null in ("global", "competitive"):
        for level in (0.05, 0.01):
            cells = sizes[(sizes["null"] == null) & (sizes["level"] == level)]
            assert {0.0, 0.1, 0.3, 0.5} == {float(text.removeprefix("r=")) for text in cells["parameter"]}
    # CAMERA, competitive, holds or is conservative whatever else is changed.
    competitive = table[(table["null"] == "competitive") & (table["test"] == "camera")]
    assert set(competitive["reading"]) <= {"holds", "conservative"}


def test_a_row_without_a_rate_has_a_reason() -> None:
    row = calibration_row(
        "dataset", "c", "global", "fry", None, reading="not measured", source="this study", reason="too few"
    )
    assert (row.n, row.seed, row.quantity, row.family) == (0, 0, "size", "simulated")
    assert np.isnan([row.rate, row.ci_low, row.ci_high, row.upper_95, row.level]).all()

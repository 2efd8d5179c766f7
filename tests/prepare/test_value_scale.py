"""Does the declared scale fit, contradict, or can nobody tell? Every declared scale is asked for what it implies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.prepare.scale import judge_scale
from sidemine.prepare.scale_evidence import assess_scale
from sidemine.records import as_json
from sidemine.sources.scales import SCALES, Scale

RNG = np.random.default_rng(11)
N_GENES, N_SAMPLES = 1500, 8
LEVEL = RNG.gamma(0.6, 200, (N_GENES, 1)) + 0.05
DEPTH = np.array([0.5, 0.8, 1.0, 1.9, 0.7, 1.3, 1.6, 0.9])
COUNTS = RNG.negative_binomial(8, 8 / (8 + LEVEL * DEPTH)).astype(float)
PER_MILLION = COUNTS / COUNTS.sum(axis=0) * 1e6
LENGTH = RNG.gamma(2, 1000, (N_GENES, 1)) + 200
RATE = COUNTS / LENGTH
TPM = RATE / RATE.sum(axis=0) * 1e6
ARRAY = np.clip(RNG.uniform(2.5, 14.5, (N_GENES, 1)) + RNG.normal(0, 0.4, (N_GENES, N_SAMPLES)), 2.1, 15.2)
LOG_RATIOS = ARRAY - ARRAY.mean(axis=1, keepdims=True) + RNG.normal(0, 0.3, (N_GENES, 1))
Z_SCORES = (ARRAY - ARRAY.mean(axis=1, keepdims=True)) / ARRAY.std(axis=1, ddof=1, keepdims=True)
RSEM = COUNTS + np.where(RNG.random(COUNTS.shape) < 0.5, RNG.random(COUNTS.shape).round(2), 0) * (COUNTS > 0)
MATRICES: dict[str, np.ndarray] = {
    "log2": ARRAY,
    "ln": np.log(COUNTS + 1),
    "log10": np.log10(COUNTS + 1),
    "linear": 2**ARRAY,
    "counts": COUNTS,
    "normalised_counts": COUNTS / DEPTH,
    "cpm": PER_MILLION,
    "tpm": TPM,
    "fpkm": RATE / COUNTS.sum(axis=0) * 1e9,
    "log_ratio": LOG_RATIOS,
    "z_score": Z_SCORES,
    "fraction": RNG.beta(0.5, 0.5, (N_GENES, N_SAMPLES)),
}


def judged(values: np.ndarray, declared: str, array: bool = False):  # type: ignore[no-untyped-def]
    return judge_scale(assess_scale(values), declared, array=array)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_the_right_declaration_is_never_a_contradiction(scale: Scale) -> None:
    """What values truly are fits, or cannot be told (FPKM: nothing marks it), and never makes a data set untestable."""
    judgement = judged(MATRICES[scale], scale, array=scale == "log2")
    assert judgement.answer == ("cannot tell" if scale == "fpkm" else "fits"), judgement.reason


@pytest.mark.parametrize(
    ("matrix", "declared", "message"),
    [
        ("linear", "log2", "look like linear intensities"),
        ("counts", "log2", "look like read counts"),
        ("normalised_counts", "log2", "look like normalised counts"),
        ("tpm", "ln", "look like normalised counts"),
        ("z_score", "log2", "have mean 0 and standard deviation 1"),
        ("z_score", "log_ratio", "have mean 0 and standard deviation 1"),
        ("z_score", "linear", "have mean 0 and standard deviation 1"),
        ("fraction", "log2", "look like fractions"),
        ("ln", "log2", "go back to whole numbers as natural logarithms"),
        ("log10", "ln", "go back to whole numbers as log10 values"),
        ("ln", "counts", "go back to whole numbers as natural logarithms"),
        ("log2", "linear", "look like log2 values"),
        ("log2", "tpm", "look like log2 values"),
        ("log_ratio", "linear", "look like log2 ratios"),
        ("log2", "normalised_counts", "look like log2 values"),
        ("log2", "counts", "look like log2 values"),
        ("log2", "log_ratio", "log ratios lie around 0"),
        ("log2", "fraction", "fractions lie between 0 and 1"),
        ("log2", "z_score", "row means 0 and standard deviations 1"),
        ("normalised_counts", "counts", "whole numbers times a constant"),
        ("linear", "counts", "not one of 1,500 rows is 0, or whole"),
        ("cpm", "counts", "add up to the same, 1,000,000"),
        ("counts", "normalised_counts", "all are whole numbers"),
        ("counts", "cpm", "columns add up to"),
    ],
)
def test_contradictions_are_told_with_figures(matrix: str, declared: Scale, message: str) -> None:
    """A wrong declaration makes the dataset untestable: what, where with figures, what is allowed, what to do."""
    evidence = assess_scale(MATRICES[matrix])
    judgement = judge_scale(evidence, declared)
    assert judgement.answer == "contradicts", judgement.reason
    assert message in judgement.reason
    problem = judgement.problem(evidence, declared, "file.txt")
    assert problem is not None
    assert problem.where.startswith(f"file.txt: scale declared {declared}; minimum")
    assert "datasets.tsv" in problem.next_step


@pytest.mark.parametrize("declared", ["counts", "normalised_counts", "cpm", "tpm", "fpkm"])
def test_what_cannot_be_negative_is_not(declared: Scale) -> None:
    """One negative value contradicts abundances."""
    values = MATRICES[declared].copy()
    values[3, 3] = -1
    assert "cannot be negative" in judged(values, declared).reason


def test_fractional_counts_are_counts() -> None:
    """RSEM and salmon share reads between transcripts; the sums have fractions, and library sizes still differ."""
    judgement = judged(RSEM, "counts")
    assert judgement.answer == "fits"
    assert "RSEM" in judgement.reason
    # With a fraction in every value of deep libraries nothing marks them; they are taken as declared, and that is told.
    assert judged(20 * RSEM + 0.37 * (RSEM > 0), "counts").answer == "cannot tell"


@pytest.mark.parametrize(
    "values",
    [TPM[:1_200], MATRICES["fpkm"] / 10, (TPM * RNG.uniform(0.6, 0.9, N_SAMPLES)).round(3)],
    ids=["TPM of some genes", "FPKM", "TPM, uneven"],
)
def test_abundances_are_no_counts_and_the_sheet_may_say_that_they_are(values: np.ndarray) -> None:
    """They add up to less than a million and hardly one is whole; so do counts of shallow libraries that were shared by length."""
    evidence = assess_scale(values)
    judgement = judge_scale(evidence, "counts")
    problem = judgement.problem(evidence, "counts", "file.txt")
    assert problem is not None
    assert "no column adds up to more than a million" in problem.what
    assert "write fractional_counts under confirmed in datasets.tsv" in problem.next_step
    assert judgement.confirmed(["decimal_points"]) is judgement
    told = judgement.confirmed(["fractional_counts"])
    assert told.answer == "cannot tell"
    assert "datasets.tsv confirms" in told.reason
    assert judged(values[:900], "counts").answer == "cannot tell"


def test_expected_counts_without_library_correction_are_no_normalised_counts() -> None:
    """A group that was sequenced twice as deep shows in the size factors of all columns, not of one poor sample."""
    depth = np.where(np.arange(N_SAMPLES) < 4, 1.0, 2.0)
    deep = RNG.poisson(LEVEL * depth) + RNG.random((N_GENES, N_SAMPLES)).round(2)
    judgement = judged(deep, "normalised_counts")
    assert judgement.answer == "contradicts"
    assert "library sizes are not corrected" in judgement.reason
    one_poor = RNG.poisson(LEVEL * np.where(np.arange(N_SAMPLES) < 1, 0.4, 1.0)) + RNG.random(deep.shape).round(2)
    assert judged(one_poor, "normalised_counts").answer == "fits"


def test_filtered_and_rescaled_millions_are_not_refused() -> None:
    """CPM of a filtered table add up to less than a million, edgeR's CPM to about a million: told, not refused."""
    assert judged(PER_MILLION[:1200], "cpm").answer == "cannot tell"
    assert judged(PER_MILLION * np.linspace(0.8, 1.25, N_SAMPLES), "cpm").answer == "cannot tell"
    assert judged(TPM * np.linspace(1.0, 1.3, N_SAMPLES), "tpm").answer == "contradicts"


@pytest.mark.parametrize(("base", "declared"), [(2.0, "log2"), (np.e, "ln"), (10.0, "log10")])
@pytest.mark.parametrize("decimals", [3, 6, None])
def test_bases_are_told_apart_by_what_values_go_back_to(base: float, declared: Scale, decimals: int | None) -> None:
    """log(count + 1) goes back to whole numbers under its own base only, rounded or not."""
    logs = np.log(COUNTS + 1) / np.log(base)
    logs = logs if decimals is None else logs.round(decimals)
    for other in ("log2", "ln", "log10"):
        assert judged(logs, other).answer == ("fits" if other == declared else "contradicts")


def test_bases_are_told_apart_by_equal_sums() -> None:
    """log(TPM + 1) goes back to columns of a million under its own base only."""
    logs = np.log(TPM + 1)
    assert judged(logs, "ln").answer == "fits"
    assert judged(logs, "log2").likely == "ln"


def test_logarithms_that_nothing_marks_are_never_log2_by_default() -> None:
    """Rounded to one decimal, or normalised, logarithms of sequencing data carry no sign of their base."""
    smooth = np.log2(COUNTS / DEPTH * RNG.lognormal(0, 0.1, COUNTS.shape) + 1)
    for declared in ("log2", "ln"):
        assert judged(smooth, declared).answer == "cannot tell"
    assert judged(ARRAY * np.log(2), "log2", array=True).answer == "cannot tell"
    assert judged(ARRAY * np.log10(2), "log2", array=True).likely == "log10"
    assert judged(ARRAY, "ln", array=True).likely == "log2"
    assert judged(LOG_RATIOS, "log2", array=True).answer == "cannot tell"


def test_z_scores_are_known_by_all_columns_of_their_file() -> None:
    """Rows were standardised over all samples; a data set that uses some of them is still found."""
    some = Z_SCORES[:, :4]
    assert assess_scale(some).rows.share_standardised < 0.2
    assert judge_scale(assess_scale(some, Z_SCORES), "log2").answer == "contradicts"
    assert judge_scale(assess_scale(some), "z_score").answer == "cannot tell"
    by_column = (ARRAY - ARRAY.mean(axis=0)) / ARRAY.std(axis=0)
    assert judged(by_column, "log2").answer == "contradicts"


def test_background_subtracted_intensities_are_linear() -> None:
    """Thirty per cent negative values are what subtraction of a background leaves, and no contradiction."""
    values = np.where(RNG.random((N_GENES, 1)) < 0.4, 2**ARRAY, 0) + RNG.normal(0, 100, ARRAY.shape)
    judgement = judged(values, "linear")
    assert judgement.answer == "fits"
    assert "negative after subtraction of a background" in judgement.reason


def test_small_linear_values_cannot_be_told() -> None:
    """Relative quantities of a few genes (qPCR) lie around 1; they are no logarithms for being small."""
    values = 2 ** RNG.normal(0, 1.5, (24, 6))
    assert judged(values, "linear").answer == "cannot tell"


def test_one_deviating_column_of_a_large_matrix_is_seen() -> None:
    """The sample of values meets every column, so one normalised column among counts cannot hide."""
    values = np.full((20_000, 500), 7.0)
    values[:, 13] = 7.5
    assert assess_scale(values).share_integer < 1


def test_no_values_at_all_is_an_error() -> None:
    """A matrix of missing values has no scale."""
    with pytest.raises(InputError, match="there are no values"):
        assess_scale(np.full((3, 2), np.nan))


def test_evidence_is_json_without_what_could_not_be_computed() -> None:
    """NaN is no JSON; a figure that does not exist is left out."""
    told = as_json(assess_scale(COUNTS).rounded())
    assert "largest_non_integer" not in told
    assert told["libraries"]["equal"] is False  # type: ignore[index]


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=30),
    st.sampled_from(sorted(SCALES)),
    st.booleans(),
)
def test_every_matrix_gets_an_answer(rows: list[list[float]], declared: Scale, array: bool) -> None:
    """Whatever the values: one of three answers, with a reason; a contradiction has its four parts."""
    evidence = assess_scale(np.array(rows))
    judgement = judge_scale(evidence, declared, array=array)
    assert judgement.answer in {"fits", "contradicts", "cannot tell"}
    assert judgement.reason
    assert (judgement.problem(evidence, declared, "x") is not None) == (judgement.answer == "contradicts")

"""Values on the scale of the analysis: exact where it can be, an offset from the data where not, told in figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.sources.scales import estimate_offset, generalised_log2, to_analysis_scale

RNG = np.random.default_rng(7)


def test_logarithms_are_converted_exactly() -> None:
    """ln and log10 become log2; log2 and log ratios stay what they are."""
    log2 = RNG.normal(7, 2, (50, 4))
    for declared, values in (
        ("ln", log2 * np.log(2)),
        ("log10", log2 * np.log10(2)),
        ("log2", log2),
        ("log_ratio", log2),
    ):
        found = to_analysis_scale(values, declared)  # type: ignore[arg-type]
        assert (found.layer, found.offset, found.n_moved) == ("log2", None, 0)
        np.testing.assert_allclose(found.values, log2, rtol=1e-14)


@pytest.mark.parametrize("declared", ["counts", "z_score", "fraction"])
def test_what_is_no_logarithm_stays(declared: str) -> None:
    """Counts keep their own model; z-scores and fractions have no fold change, so no logarithm is taken."""
    values = np.array([[0.0, 0.25], [1.0, 0.5]])
    found = to_analysis_scale(values, declared)  # type: ignore[arg-type]
    assert (found.layer, found.values is values) == (declared, True)


@pytest.mark.parametrize("declared", ["normalised_counts", "cpm", "tpm", "fpkm"])
def test_sequenced_abundances_enter_with_a_told_offset(declared: str) -> None:
    """log2(x + 1), with the number of values below that offset."""
    found = to_analysis_scale(np.array([[0.0, 3.0, 0.5, np.nan]]), declared)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.values, [[0, 2, np.log2(1.5), np.nan]])
    assert (found.offset, found.n_moved, found.n_values) == (1.0, 2, 3)
    assert "2 of 3 values lie below the offset" in found.note


def test_positive_linear_values_keep_their_fold_changes() -> None:
    """Relative quantities below 1 (qPCR) were set to 1 before; now nothing is moved."""
    values = np.array([[1.0, 0.25, 1.0, 0.2], [40.0, 10.0, 0.004, 0.001]])
    found = to_analysis_scale(values, "linear")
    np.testing.assert_array_equal(found.values, np.log2(values))
    assert (found.offset, found.n_moved) == (None, 0)


def test_the_noise_of_a_subtracted_background_is_the_offset() -> None:
    """Half of the values are noise of SD 80 around 0: that SD is found, no value piles up, strong genes are not moved."""
    noise = RNG.normal(0, 80, (400, 10))
    strong = 2 ** RNG.uniform(12, 15, (400, 10))
    values = np.vstack([noise, strong])
    found = to_analysis_scale(values, "linear")
    assert found.offset == pytest.approx(80, rel=0.05)
    assert len(np.unique(found.values)) == values.size
    np.testing.assert_allclose(found.values[400:], np.log2(strong), atol=0.001)
    assert found.n_moved == np.count_nonzero(np.abs(found.values - np.log2(np.maximum(values, 1e-9))) > 0.1)
    assert f"{np.count_nonzero(values <= 0):,} of them at or below 0" in found.note


def test_zeros_without_negative_values_lie_at_the_edge_of_detection() -> None:
    """The offset is a low percentile of what was detected: zeros end beside the lowest values, not far below them."""
    detected = 2 ** RNG.normal(5, 2, (1000, 6))
    values = np.where(RNG.random(detected.shape) < 0.1, 0.0, detected)
    offset, _ = estimate_offset(values)
    assert offset == pytest.approx(np.quantile(values[values > 0], 0.05))
    found = to_analysis_scale(values, "linear")
    assert found.values.min() == pytest.approx(np.log2(offset))


@given(
    st.lists(st.floats(-1e5, 1e5).map(lambda x: round(x, 3)), min_size=4, max_size=60),
    st.floats(1e-6, 1e6),
)
def test_a_change_of_unit_changes_no_fold_change(values: list[float], factor: float) -> None:
    """All values times a constant: every difference of logarithms stays, whatever the offset was estimated from."""
    linear = np.array(values).reshape(1, -1)
    if not (linear > 0).any():
        return
    one = to_analysis_scale(linear, "linear")
    other = to_analysis_scale(linear * factor, "linear")
    np.testing.assert_allclose(np.diff(other.values), np.diff(one.values), atol=1e-6)
    assert (one.offset is None) == (other.offset is None)


@given(st.floats(-1e12, 1e12), st.floats(1e-3, 1e6), st.floats(1e-6, 1e6))
def test_the_order_of_values_is_kept(value: float, step: float, offset: float) -> None:
    """A larger value never gets a smaller logarithm, and every logarithm is finite."""
    low, high = generalised_log2(np.array([value, value + step]), offset)
    assert np.isfinite([low, high]).all()
    assert high >= low

"""The simulator's planted traps, through checks and fit: found where planted, nothing flagged where nothing is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from sidemine.simulate.demo import COHORTS


@pytest.fixture(scope="module")
def benchmark_of_traps():
    """The benchmark's own code: the figures in its README and this test come from the same lines."""
    path = Path(__file__).parents[2] / "benchmarks" / "traps.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_traps", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("null", []),
        ("sex_swapped", ["dataset: sex_mismatch"]),
        ("reused_controls", ["dataset: reused_samples", "contrast: reused_samples"]),
        ("aliased_batch", ["contrast: batch_aliased"]),
    ],
)
def test_planted_traps_raise_their_flags_and_no_other(benchmark_of_traps, name, expected):
    """One seed of each planted trap raises exactly its own flags; the null study raises none."""
    found = benchmark_of_traps.flags_of(benchmark_of_traps.PLANS[name], 3, 1600)
    # The re-used controls' own processing is a factor that the model does not hold: their p-values may show it.
    allowed = {"contrast: hidden_structure"} if name == "reused_controls" else set()
    assert [flag for flag in found if flag not in allowed] == expected


def test_the_demos_first_cohort_shows_what_is_planted_in_it(benchmark_of_traps):
    """The demo's swapped labels and re-used controls are found; its batches are spread over the groups."""
    assert set(benchmark_of_traps.flags_of(COHORTS[0], 3, 1600)) >= {
        "dataset: sex_mismatch",
        "dataset: reused_samples",
        "contrast: reused_samples",
    }

"""The whole rule on planted studies: a few of them here, and what the committed table of thousands must show."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.tables import read_table

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))
from planted_classes import CLASSES  # noqa: E402

TRIAL = 100_000_000
"""Seeds for looking around, as in `benchmarks/whole_rule.py`."""


def planted(name, parameter=""):
    return next(one for one in CLASSES if (one.name, one.parameter) == (name, parameter))


@pytest.mark.parametrize(
    ("name", "parameter", "verdict"),
    [
        ("positive", "g=0.8", "supported"),
        ("null", "", "not supported"),
        ("competitive_null", "", "not supported"),
        ("composition_only", "reliability=0.9", "suggestive"),
        ("composition_dropped_cell", "reliability=0.8", "suggestive"),
        ("conflicting", "", "conflicting"),
        ("sign_flipped", "", "not supported"),
        ("no_direction", "g=0.65", "suggestive"),
        ("single_cohort", "g=0.65", "suggestive"),
        ("batch_aliased", "", "not testable"),
        ("batch_unmodelled", "", "suggestive"),
        ("too_small", "", "not testable"),
        ("inhibitor_suppresses", "d=6", "supported"),
        ("inhibitor_suppresses_once", "d=6", "suggestive"),
        ("inhibitor_opposes", "", "not supported"),
        ("inhibitor_mimics", "", "supported"),
        ("inhibitor_conflicting", "", "conflicting"),
    ],
)
def test_one_study_of_each_class_gets_its_verdict(name, parameter, verdict):
    """From simulated expression through every stage of the statistics to the verdict, in process."""
    outcome = planted(name, parameter).run(TRIAL + 100, True)
    assert outcome.verdict == verdict
    assert outcome.opposite == (name in {"sign_flipped", "inhibitor_opposes"})


def test_every_class_knows_what_is_right():
    """Names with their parameters are unique, and every right verdict is in the closed vocabulary."""
    assert len({(one.name, one.parameter) for one in CLASSES}) == len(CLASSES)
    known = {"supported", "suggestive", "not supported", "conflicting", "not testable"}
    assert all(one.right and set(one.right) <= known for one in CLASSES)


@pytest.fixture(scope="module")
def rates():
    table = read_table(REPOSITORY / "resources" / "calibration" / "whole_rule.tsv", CALIBRATION)
    return table.set_index(["subject", "parameter", "test"])[["n", "rate", "ci_high"]].sort_index()


@pytest.mark.parametrize(
    ("name", "parameter", "n", "most"),
    [
        ("null", "", 1000, 0.008),
        ("heterogeneity", "tau=0.15", 1000, 0.03),
        ("composition_only", "reliability=0.8", 200, 0.05),
        ("composition_only", "reliability=0.9", 200, 0.05),
        ("composition_only", "reliability=0.95", 200, 0.05),
        ("composition_dropped_cell", "reliability=0.8", 100, 0.05),
        ("competitive_null", "", 200, 0.01),
        ("inhibitor_null", "", 400, 0.01),
    ],
)
def test_committed_figures_keep_the_size_of_the_contract(rates, name, parameter, n, most):
    """How often nothing came out as supported, in the acceptance run."""
    row = rates.loc[(name, parameter, "supported")]
    assert row["n"] >= n
    assert row["rate"] <= most


@pytest.mark.parametrize(
    ("name", "parameter", "counted", "least"),
    [
        ("positive", "g=0.65", "supported", 0.90),
        ("inhibitor_suppresses", "d=4", "supported or suggestive", 0.90),
        ("inhibitor_suppresses_once", "d=4", "supported or suggestive", 0.90),
    ],
)
def test_committed_figures_have_the_power_of_the_contract(rates, name, parameter, counted, least):
    """How often what was planted is found, in the acceptance run."""
    assert rates.loc[(name, parameter, counted), "rate"] >= least


def test_power_at_half_a_standard_deviation_is_told_as_it_is(rates):
    """The contract's 75 % lies within the interval of what was measured; `benchmarks/README.md` says so."""
    row = rates.loc[("positive", "g=0.5", "supported")]
    assert row["rate"] >= 0.70
    assert row["ci_high"] >= 0.75

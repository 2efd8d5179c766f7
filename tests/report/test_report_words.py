"""Numbers and sentences of the page."""

from __future__ import annotations

import doctest
import math
from dataclasses import replace

import pytest
from example_results import example_card
from hypothesis import given
from hypothesis import strategies as st

from sidemine.drawing import charts, words
from sidemine.effect.record import COHORT_UNIT, EXPERIMENT_UNIT
from sidemine.prepare import gene_ledger
from sidemine.report import assets, inputs


@pytest.mark.parametrize("module", [charts, words, gene_ledger, inputs, assets])
def test_examples_in_docstrings(module):
    """What the docstrings promise is what the functions return."""
    assert doctest.testmod(module).failed == 0


@given(st.floats(min_value=-0.01, max_value=0.01), st.integers(min_value=0, max_value=4))
def test_what_rounds_to_zero_has_no_sign(value, digits):
    """Neither as a number of the page nor in a sentence of another stage."""
    shown = words.number(value, digits)
    assert shown.startswith("−") == (float(f"{value:.{digits}f}") < 0)
    assert words.typeset(f"from {value:.2f} to 1 (p = 0.3)") == f"from {words.number(value)} to 1 (p = 0.3)"


@given(st.floats(min_value=0, max_value=1))
def test_p_is_never_shown_as_zero(value):
    """A p-value is never written as 0, however small."""
    shown = words.p_value(value)
    assert shown.strip("0.") or shown == "0"
    assert shown not in {"0", "0.0", "0.00", "0.000"}


@given(st.floats(min_value=1e-299, max_value=1))
def test_p_words_keep_the_value(value):
    """Reading the words back gives the p-value to two significant digits (or two decimals)."""
    text = words.p_value(value).translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")).replace(" × 10", "e")
    assert math.isclose(float(text), value, rel_tol=0.051, abs_tol=0)


@given(st.text(max_size=2000), st.integers(min_value=1, max_value=600))
def test_bounded_text_is_bounded_and_has_no_controls(text, limit):
    """No metadata can bring controls or direction overrides onto the page, or more text than the limit."""
    shown = words.bounded(text, limit)
    assert len(shown) <= 10 * limit + 60
    assert not set(shown) & set("\u202e\u202d\u2066\x00\x07\x1b")


def test_bounded_says_what_was_cut():
    """A cut text says how much is missing."""
    assert words.bounded("x" * 10_000, 100).endswith("… [9,900 more characters]")


def contrast(effect, low, high, unit, target, reference, own_change):
    return replace(
        example_card().evidence[0], effect=effect, ci_low=low, ci_high=high, effect_unit=unit, target_label=target,
        reference_label=reference, set_log2_fold_change=own_change,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "expected"),
    [(0.31, "0.31 SD (Hedges g) higher (VTE versus controls) (0.31, 95 % CI 0.10 to 0.52)"),
     (-0.31, "lower (VTE versus controls) (−0.31"), (None, "no effect could be estimated")],
)  # fmt: skip
def test_effect_sentence_of_cohorts(effect, expected):
    """The sentence names size, unit, direction and interval."""
    evidence = contrast(effect, 0.1, 0.52, COHORT_UNIT, "VTE", "controls", 0.1)
    assert expected in words.effect_sentence(evidence)


def test_effect_sentence_of_experiments_tells_the_sets_own_change():
    """A log2 effect over the complement also tells what the set itself did, as a percentage."""
    evidence = contrast(-1.2, -1.5, -0.9, EXPERIMENT_UNIT, "drug", "none", -1.0)
    assert "beyond the other measured genes" in words.effect_sentence(evidence)
    assert "50 % lower on average" in words.effect_sentence(evidence)

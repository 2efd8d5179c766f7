"""The contract's rule: each condition can fail alone, and then says so."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.lines.bridge.call import Evidence, call_sentence, decide_call
from sidemine.lines.bridge.comparators import Place
from sidemine.lines.bridge.record import NO_RESEMBLANCE
from sidemine.lines.bridge.statistic import ConcordanceEstimate


def concordance(value=0.5, corrected=(0.2, 0.9), reliability=0.5, half=0.2):
    low, high = corrected
    return ConcordanceEstimate(
        50, 10 * value, value, 0.1, value - half, value + half, reliability, reliability, low, high
    )


def evidence(
    total=None, p=(0.01, 0.02), percentile=95.0, n=20, adjusted=0.4, words="adjusted for erythroid", margin=0.2, weak=0
):
    names, kinds = [f"c{i}" for i in range(n)], ["contrast"] * n
    place = Place(percentile, margin, n, weak, 50, names, kinds, np.zeros(n), np.ones(n, dtype=bool))
    total = total or concordance()
    return Evidence(total, p[0], p[1], place, concordance(adjusted) if adjusted is not None else None, words)


def test_all_three_conditions_give_mimics_or_opposes():
    assert decide_call(evidence())[0] == "mimics"
    assert decide_call(evidence(concordance(-0.5), adjusted=-0.4))[0] == "opposes"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"p": (0.01, 0.06)}, "perturbation side rotated"),
        ({"p": (0.3, 0.01)}, "disease side rotated"),
        ({"p": (0.01, np.nan)}, "not known"),
        ({"p": (np.nan, 0.01)}, "not known"),
        ({"total": concordance(half=0.51)}, "holds 0"),
        ({"percentile": 89.0}, "percentile 89"),
        ({"percentile": None, "margin": None, "n": 9}, "too few comparators to say more: 9 other perturbations"),
        (
            {"percentile": None, "margin": None, "n": 9, "weak": 11},
            "11 that do not stand out from noise, or are less than a third as strong, do not count",
        ),
        ({"adjusted": -0.1}, "the sign turns"),
        ({"adjusted": None, "words": "a is not declared as blood"}, "not declared as blood"),
    ],
)
def test_each_condition_is_needed(changed, word):
    """Without one of them the call is undetermined, and the reason names it."""
    call, reason = decide_call(evidence(**changed))
    assert call == "undetermined"
    assert word in reason
    assert word in call_sentence(call, reason, evidence(**changed), "the genes")


QUIET = {"p": (0.5, 0.6)}


def test_no_resemblance_needs_the_interval_without_noise_inside_the_margin():
    """A narrow interval of the noisy correlation is not enough."""
    inside = evidence(concordance(0.02, (-0.15, 0.18)), **QUIET)
    assert decide_call(inside)[0] == NO_RESEMBLANCE
    beyond = evidence(concordance(0.02, (-0.15, 0.21)), **QUIET)
    assert decide_call(beyond)[0] == "undetermined"
    silent = evidence(concordance(0.02, (-np.inf, np.inf), reliability=0.0), **QUIET)
    call, reason = decide_call(silent)
    assert call == "undetermined"
    assert "does not stand out from noise" in reason


@pytest.mark.parametrize(("margin", "call"), [(0.1, "undetermined"), (0.19, NO_RESEMBLANCE), (0.6, "undetermined")])
def test_the_margin_is_what_other_perturbations_reach(margin, call):
    """The same interval, among others: where they reach less, or so much that staying below them says nothing."""
    one = evidence(concordance(0.02, (-0.15, 0.18)), **QUIET, margin=margin)
    assert decide_call(one)[0] == call


def test_no_resemblance_never_exonerates():
    one = evidence(concordance(0.02, (-0.15, 0.18)), **QUIET)
    sentence = call_sentence(*decide_call(one), one, "the 50 shared genes of T")
    assert "This says nothing about safety." in sentence
    assert "never of likelihood or risk" in sentence
    assert "unrelated" not in sentence


@pytest.mark.parametrize("n", [0, 1, 4, 9])
def test_few_comparators_are_told_as_such_with_and_without_a_resemblance(n):
    """The right sign without comparators is neither a call nor "no resemblance", and the reason is one branch."""
    few = {"percentile": None, "margin": None, "n": n}
    call, reason = decide_call(evidence(**few))
    assert call == "undetermined"
    assert reason.startswith("the profiles have the same sign (larger p 0.02), but there are too few comparators")
    call, reason = decide_call(evidence(concordance(0.0, (-0.01, 0.01)), **QUIET, **few))
    assert call == "undetermined"
    assert f"too few comparators for a margin, {n} other perturbation" in reason
    assert ";" not in reason
    assert " or " not in reason


def test_a_resemblance_that_others_share_is_never_called_no_resemblance():
    """Shown, and not extreme: undetermined, although the interval lies within a wide margin."""
    one = evidence(concordance(0.3, (0.2, 0.44), half=0.1), percentile=60.0, margin=0.45)
    call, reason = decide_call(one)
    assert call == "undetermined"
    assert "no more alike than those of other perturbations: percentile 60" in reason


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("mimics", "That was expected beforehand."),
        ("opposes", "Expected beforehand: that it opposes the disease."),
        ("either", ""),
    ],
)
def test_the_expected_relation_stands_in_the_sentence_and_changes_no_call(expected, words):
    sentence = call_sentence(*decide_call(evidence()), evidence(), "the genes", expected)
    assert words in sentence
    assert ("xpected" in sentence) == bool(words)


def test_the_sentence_says_what_the_sign_means():
    for total, words in ((concordance(), "have the same sign"), (concordance(-0.5), "have opposite signs")):
        one = evidence(total, adjusted=0.4 * np.sign(total.value))
        assert words in call_sentence(*decide_call(one), one, "the 50 shared genes of T")

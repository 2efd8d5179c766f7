"""The contract's rule: each condition can fail alone, and then says so."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.lines.bridge.call import Evidence, call_sentence, decide_call
from sidemine.lines.bridge.comparators import Place
from sidemine.lines.bridge.statistic import ConcordanceEstimate


def concordance(value=0.5, corrected=(0.2, 0.9), reliability=0.5, half=0.2):
    low, high = corrected
    return ConcordanceEstimate(
        50, 10 * value, value, 0.1, value - half, value + half, reliability, reliability, low, high
    )


def evidence(total=None, p=(0.01, 0.02), percentile=95.0, n=20, adjusted=0.4, words="adjusted for erythroid"):
    place = Place(percentile, [f"c{i}" for i in range(n)], ["contrast"] * n, np.zeros(n))
    total = total or concordance()
    return Evidence(total, p[0], p[1], place, concordance(adjusted) if adjusted is not None else None, words)


def test_all_three_conditions_give_mimics_or_opposes():
    assert decide_call(evidence(), 0.2)[0] == "mimics"
    assert decide_call(evidence(concordance(-0.5), adjusted=-0.4), 0.2)[0] == "opposes"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"p": (0.01, 0.06)}, "drug side rotated"),
        ({"p": (0.3, 0.01)}, "disease side rotated"),
        ({"p": (0.01, np.nan)}, "not known"),
        ({"p": (np.nan, 0.01)}, "not known"),
        ({"total": concordance(half=0.51)}, "holds 0"),
        ({"percentile": 89.0}, "percentile 89"),
        ({"percentile": None, "n": 9}, "no valid comparator: 9"),
        ({"adjusted": -0.1}, "the sign turns"),
        ({"adjusted": None, "words": "a is not declared as blood"}, "not declared as blood"),
    ],
)
def test_each_condition_is_needed(changed, word):
    """Without one of them the call is undetermined, and the reason names it."""
    call, reason = decide_call(evidence(**changed), 0.2)
    assert call == "undetermined"
    assert word in reason
    assert word in call_sentence(call, reason, evidence(**changed), "the genes", 0.2)


def test_unrelated_needs_the_interval_without_noise_inside_the_margin():
    """A narrow interval of the noisy correlation is not enough."""
    inside = evidence(concordance(0.02, (-0.15, 0.18)), p=(0.5, 0.6))
    assert decide_call(inside, 0.2)[0] == "unrelated"
    beyond = evidence(concordance(0.02, (-0.15, 0.21)), p=(0.5, 0.6))
    assert decide_call(beyond, 0.2)[0] == "undetermined"
    silent = evidence(concordance(0.02, (-np.inf, np.inf), reliability=0.0), p=(0.5, 0.6))
    call, reason = decide_call(silent, 0.2)
    assert call == "undetermined"
    assert "does not stand out from noise" in reason


def test_the_sentence_says_what_the_sign_means():
    for total, words in ((concordance(), "have the same sign"), (concordance(-0.5), "have opposite signs")):
        one = evidence(total, adjusted=0.4 * np.sign(total.value))
        assert words in call_sentence(*decide_call(one, 0.2), one, "the 50 shared genes of T", 0.2)

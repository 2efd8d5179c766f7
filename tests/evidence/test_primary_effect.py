"""Margins from positive controls: only a control that moved the set the expected way gives one."""

from __future__ import annotations

import pytest

from sidemine.evidence.primary_effect import _margin
from sidemine.evidence.records import ContrastEvidence
from sidemine.study.models import Hypothesis


def control(effect: float, p_value: float) -> ContrastEvidence:
    return ContrastEvidence(
        contrast="stimulated", dataset="cells", accession="GSE1", platform="", role="stimulus", tissue="cells",
        status="verified", target_label="interferon", reference_label="none", n_target=3, n_reference=3, testable=True,
        effect=effect, effect_se=0.1, effect_df=4.0, p_self_contained=p_value, direction="up" if effect > 0 else "down",
    )  # fmt: skip


def hypothesis(direction: str) -> Hypothesis:
    margin = {"fraction": 0.2, "of_contrast": "stimulated", "direction": direction}
    primary = {"set": "S", "contrasts": ["drug"], "direction": "down", "margin": margin}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Does the drug lower them?", "kind": "experiment", "primary": primary}
    )


@pytest.mark.parametrize(
    ("effect", "p_value", "expected", "margin"),
    [(2.0, 0.001, "up", 0.4), (-2.0, 0.001, "up", None), (-2.0, 0.001, "down", 0.4), (2.0, 0.2, "up", None)],
)
def test_a_margin_needs_a_control_that_moved_the_expected_way(effect, p_value, expected, margin):
    """A control that is silent, or moved the set the other way, shows no working experiment and gives no margin."""
    found, rule, _ = _margin(hypothesis(expected), {"stimulated": control(effect, p_value)})
    assert found == (None if margin is None else pytest.approx(margin))
    assert margin is not None or "did not move the set" in rule

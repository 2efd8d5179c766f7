"""The worked examples of CONTRIBUTING.md work: one file or folder and one registration each, and nothing else changes."""

from __future__ import annotations

import pytest
from contributing import apply_example, patched

from sidemine.simulate.studies import write_planted

WORKFLOW = "workflow/sidemine"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The configuration of a planted study."""
    return write_planted("positive", tmp_path_factory.mktemp("study"), 11)


def test_a_registration_keeps_the_order_of_the_file():
    """Additions stand before the line that follows them in the diff, or after the last one that stands there."""
    assert patched("a\nb\nc\n", ["+x", " b", "-c", "+d"]) == "a\nx\nb\nd\n"
    with pytest.raises(ValueError, match="missing"):
        patched("a\n", [" missing"])


def test_a_new_consideration(tmp_path, study):
    """Its rule runs it, its gate is on the card, its column in verdicts.json, its panel among those of the page."""
    example = apply_example("A new consideration", tmp_path)
    assert {name.rsplit("/", 1)[0] for name in example.added} == {f"{WORKFLOW}/considerations/precision"}
    assert example.registered == {f"{WORKFLOW}/considerations/registry.py": 2}
    assert "measure_precision" in example.rules(study)
    printed = example.python(
        """
from sidemine.considerations.precision.judge import precision_judge
from sidemine.considerations.precision.measure import measure_precision
from sidemine.considerations.registry import judges_with
from sidemine.record_schemas import record_schemas
from sidemine.report.beside import Beside
from sidemine.report.evidence_panels import evidence_panels
from sidemine.verdict.answer import answer_hypotheses
from sidemine.verdict.card import card_json
from test_rules import contrast, evidence, hypothesis

measured = evidence(contrast("a", 0.6, 0.15), contrast("b", 0.5, 0.31))
judge = precision_judge({"h": measure_precision(measured)})
(card,) = answer_hypotheses([hypothesis()], {"h": measured}, judges_with({"precision": judge}))
print(card_json(card)["largest_standard_error"])
print(*[gate.detail for gate in card.gates if gate.name == "precision"])
print(*[panel.facts[0] for panel in evidence_panels(card, Beside()) if panel.kind == "precision"])
print(*sorted(name for name in record_schemas() if name == "precision"))
"""
    )
    assert printed.splitlines() == [
        "0.31",
        "largest standard error 0.31",
        "largest standard error: 0.31 Hedges g",
        "precision",
    ]


def test_a_new_panel(tmp_path):
    """It stands on the page among the others, at its place."""
    example = apply_example("A new panel", tmp_path)
    assert example.added == [f"{WORKFLOW}/considerations/composition/caps_panel.py"]
    assert example.registered == {f"{WORKFLOW}/considerations/composition/entry.py": 2}
    printed = example.python(
        """
from example_results import example_card
from sidemine.report.beside import Beside
from sidemine.report.evidence_panels import evidence_panels

print(*[panel.kind for panel in evidence_panels(example_card(), Beside())])
"""
    )
    assert "adjustment caps confounders" in printed

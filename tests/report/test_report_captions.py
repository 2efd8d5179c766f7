"""Captions of the workflow engine's own report."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, StrictUndefined

FOLDER = Path(__file__).parents[2] / "workflow" / "report"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.rst")), ids=lambda path: path.name)
def test_caption_names_nothing_unknown(path):
    """The engine renders unknown names as nothing, so each caption is tried strictly here."""
    known = SimpleNamespace(wildcards=SimpleNamespace(contrast="vte_a"))
    text = Environment(undefined=StrictUndefined, autoescape=True).from_string(path.read_text()).render(snakemake=known)
    assert "{{" not in text
    assert len(text) > 200


def test_there_are_captions():
    """The folder of captions is where the rules look for it."""
    assert {"workflow.rst", "report.rst"} <= {path.name for path in FOLDER.glob("*.rst")}

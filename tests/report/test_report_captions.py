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


def test_every_caption_is_used_and_teaches():
    """No caption lies unused, and each one but the report's front page says how to judge what it stands under."""
    rules = "".join(path.read_text() for path in (FOLDER.parent / "rules").glob("*.smk"))
    rules += (FOLDER.parent / "Snakefile").read_text()
    for path in FOLDER.glob("*.rst"):
        assert f"report/{path.name}" in rules, path.name
        told = path.read_text().lower()
        assert path.name == "workflow.rst" or "judge" in told or "read the verdict" in told, path.name

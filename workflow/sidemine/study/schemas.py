"""Write the JSON schemas and the generated tables of config/README.md from the pydantic models.

Run `python -m sidemine.study.schemas` after a change of the models; a test fails while the committed files differ.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sidemine.lines.bridge.config import (
    Bridge,
    ComparatorSignatures,
    Concordance,
    DerivedSetRule,
    PositiveControl,
)
from sidemine.lines.illustration.config import Illustration
from sidemine.lines.interaction.config import Interaction
from sidemine.lines.screen.config import Screen
from sidemine.study.context import ClinicalContext, ConsideredDataset, ContextStatement
from sidemine.study.explain import bare_type, describe_type, name_of
from sidemine.study.hypotheses import Hypothesis, MarginOfControl, PrimaryTest
from sidemine.study.markers import MarkerRow
from sidemine.study.models import (
    DerivedColumn,
    ExcludedSample,
    GeneTableSource,
    IndependentPair,
    StudyConfig,
    StudyInfo,
)
from sidemine.study.panels import GenePanel
from sidemine.study.pathways import PathwayFile
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, LineRow, PublishedTable
from sidemine.study.settings import Settings, Traps

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
"""Folder of the checkout: the schemas and the README are part of it, not of an installed package."""

SCHEMAS: dict[str, type[BaseModel]] = {
    "config": StudyConfig,
    "datasets": Dataset,
    "contrasts": Contrast,
    "gene_sets": GeneSetRow,
    "published_tables": PublishedTable,
    "lines": LineRow,
    "considered": ConsideredDataset,
}

# Marker in config/README.md → model whose fields its table lists, and the prefix of the keys.
_TABLES: dict[str, tuple[type[BaseModel], str]] = {
    "config": (StudyConfig, ""),
    "study": (StudyInfo, "study."),
    "gene_table": (GeneTableSource, "gene_table."),
    "settings": (Settings, "settings."),
    "traps": (Traps, "settings.traps."),
    "hypothesis": (Hypothesis, ""),
    "primary": (PrimaryTest, "primary."),
    "margin": (MarginOfControl, "margin."),
    "derive": (DerivedColumn, ""),
    "exclude": (ExcludedSample, ""),
    "independent_pairs": (IndependentPair, ""),
    "concordance": (Concordance, "concordance."),
    "bridge": (Bridge, ""),
    "comparator_signatures": (ComparatorSignatures, "comparator_signatures."),
    "positive_control": (PositiveControl, "comparator_signatures.positive_control."),
    "derived_set": (DerivedSetRule, "derive."),
    "interaction": (Interaction, ""),
    "screen": (Screen, ""),
    "illustration": (Illustration, ""),
    "panels": (GenePanel, ""),
    "pathways": (PathwayFile, ""),
    "context": (ClinicalContext, "context."),
    "statement": (ContextStatement, ""),
    "datasets": (Dataset, ""),
    "markers": (MarkerRow, ""),
    "contrasts": (Contrast, ""),
    "gene_sets": (GeneSetRow, ""),
    "published_tables": (PublishedTable, ""),
    "lines": (LineRow, ""),
    "considered": (ConsideredDataset, ""),
}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON schema of `config` or of one row of a sheet (by the sheet's name)."""
    schema = SCHEMAS[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text(name: str) -> str:
    """Return a schema as it stands in the file."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def key_table(name: str) -> str:
    """Return one table of config/README.md: key, what it may hold, default, meaning."""
    model, prefix = _TABLES[name]
    lines = ["| name | may hold | default | meaning |", "|---|---|---|---|"]
    for attribute, field in model.model_fields.items():
        cells = (
            f"`{prefix}{name_of(attribute, field)}`",
            describe_type(field),
            _default_words(field),
            field.description or _first_line(field),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _default_words(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, BaseModel):
        return "see below"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"`{default}`" if default not in ("", None, [], {}) else ""


def _first_line(field: FieldInfo) -> str:
    """Return the first line of the docstring of a section's model."""
    for part in (field.annotation, *get_args(bare_type(field.annotation))):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return (part.__doc__ or "").strip().splitlines()[0]
    return ""


def readme_text(text: str) -> str:
    """Return config/README.md with every generated table renewed between its markers.

    Raises
    ------
    ValueError
        When a marker is missing, so that no table can be forgotten.
    """
    for name in _TABLES:
        match = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- end of table -->", text, re.DOTALL)
        if match is None:
            raise ValueError(f"config/README.md has no marker for table {name}")
        start, end = match.span(1)
        text = f"{text[:start]}{key_table(name)}\n{text[end:]}"
    return text


def generated_files(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yield every generated file with the text that it should hold."""
    for name in SCHEMAS:
        yield root / "workflow" / "schemas" / f"{name}.schema.json", schema_text(name)
    readme = root / "config" / "README.md"
    yield readme, readme_text(readme.read_text(encoding="utf-8"))


def write_schemas(root: Path = ROOT) -> list[Path]:
    """Write all generated files that are out of date; return their paths."""
    written = []
    for path, text in generated_files(root):
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            logger.info("wrote %s", path)
            written.append(path)
    return written


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write_schemas()

"""JSON schemas of the records on disk: `python -m sidemine.record_schemas` writes them to `docs/records/`."""

from __future__ import annotations

import sys
from dataclasses import fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

from sidemine.atlas.blind import BlindScore, Frozen
from sidemine.atlas.record import AtlasRecord
from sidemine.considerations.registry import CONSIDERATIONS, columns_of_considerations
from sidemine.differential.record import DESIGN, DesignCheck
from sidemine.effect.record import HypothesisEvidence
from sidemine.errors import Problem
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.registry import LINES
from sidemine.prepare.cell_record import FilteredCells
from sidemine.prepare.record import PROVENANCE
from sidemine.quality.record import ContrastQuality, DatasetQuality, SharedSamples, Treatment
from sidemine.records import schema_of
from sidemine.report.manifest import Manifest, Run
from sidemine.retrieve.record import InputRecord
from sidemine.study.description import StudyDescription
from sidemine.tables import write_json
from sidemine.verdict.card import Card, Verdicts

if TYPE_CHECKING:
    from pydantic import JsonValue

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "records"


def record_kinds() -> dict[str, type[object]]:
    """Return every kind of record by the name of its file."""
    verdicts = make_dataclass(
        "Verdicts",
        [("verdicts", list[_flat(Card, *columns_of_considerations())]), *_fields(Verdicts, without="verdicts")],  # type: ignore[misc]
    )
    verdicts.__doc__ = Verdicts.__doc__
    return {
        "mismatches": list[Problem],
        "filtered_cells": FilteredCells,
        "expression_provenance": PROVENANCE,
        "shared_samples": SharedSamples,
        "dataset_quality": DatasetQuality,
        "treatment": Treatment,
        "design_check": dict[str, DesignCheck],
        "design": DESIGN,
        "contrast_quality": ContrastQuality,
        "evidence": HypothesisEvidence,
        "layer_evidence": LayerEvidence,
        **{name: kind for entry in CONSIDERATIONS for name, kind in entry.schemas.items()},
        **{name: kind for entry in LINES for name, kind in entry.schemas.items()},
        "verdicts": verdicts,
        "study": StudyDescription,
        "inputs": list[InputRecord],
        "manifest": Manifest,
        "run": Run,
        "atlas": AtlasRecord,
        "atlas_frozen": Frozen,
        "atlas_score": BlindScore,
    }


def record_schemas() -> dict[str, dict[str, JsonValue]]:
    """Return the schema of every record by the name of its file."""
    return {name: schema_of(kind) for name, kind in record_kinds().items()}


def _flat(card: type[object], *columns: type[object]) -> type[object]:
    """Return the card as it stands on disk: the columns of the considerations beside its own."""
    parts = [*_fields(card, without="considered"), *(part for kind in columns for part in _fields(kind))]
    made = make_dataclass("Card", parts)
    made.__doc__ = card.__doc__
    return made


def _fields(kind: type[object], without: str = "") -> list[tuple[str, object]]:
    hints = get_type_hints(kind)
    return [(item.name, hints[item.name]) for item in fields(kind) if item.name != without]  # type: ignore[arg-type]


def main() -> None:
    """Write all schemas."""
    for name, schema in record_schemas().items():
        write_json(schema, FOLDER / f"{name}.schema.json")
    sys.stdout.write(f"{FOLDER}\n")


if __name__ == "__main__":
    main()

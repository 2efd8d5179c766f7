"""Retrieved inputs as the page shows them, and which of them belong to a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.drawing.words import bounded
from sidemine.report.collect import DatasetResults
from sidemine.retrieve.record import InputRecord


@dataclass(frozen=True)
class InputRow:
    """One input: its record, its address, when it was retrieved, and its size in words."""

    record: InputRecord
    address: str
    retrieved: str
    size: str


def input_row(record: InputRecord) -> InputRow:
    """Return one input of the manifest as the page shows it."""
    return InputRow(
        record=record,
        address=bounded(record.url or record.key, 300),
        retrieved=record.retrieved or ("simulated" if record.simulated else "local file"),
        size=size_words(record.size),
    )


def size_words(size: int) -> str:
    """Return a file size in kB or MB.

    >>> size_words(1500), size_words(25_000_000)
    ('1.5 kB', '25.0 MB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def inputs_of(dataset: DatasetResults, inputs: Sequence[InputRecord]) -> list[InputRecord]:
    """Return the inputs that belong to a dataset: named in its row or its provenance, or lying in a folder of its accession."""
    row, files = dataset.row, set(dataset.quality.provenance.files.values())
    declared = {row.file, row.metadata, row.platform_map, row.sample_sheet} - {""}
    return [
        record
        for record in inputs
        if record.url in declared or record.key.rsplit("/", 1)[-1] in files or row.accession in record.key.split("/")
    ]

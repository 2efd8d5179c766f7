"""Layout `archive`: a tar, zip or folder with one file of counts per sample."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import SidemineError
from sidemine.sources.declarations import BulkLayout, DeclaredValues
from sidemine.sources.inspection import FileToInspect, Inspection

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.sources.value_matrix import ValueMatrix


def _list_columns(path: Path, declared: DeclaredValues, named: Collection[str] | None) -> list[str]:
    from sidemine.sources.archive_members import list_archive_samples

    del declared, named
    return [file.sample for file in list_archive_samples(path)]


def _describe_samples(path: Path) -> tuple[pd.DataFrame, list[str]]:
    from sidemine.sources.archive_members import archive_metadata, list_archive_samples

    samples = list_archive_samples(path)
    return archive_metadata(samples), [file.sample for file in samples]


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    from sidemine.sources.count_archive import read_count_archive

    del columns, named
    return read_count_archive(path, scale=declared.scale or "counts", strand=declared.strand, declared=declared)


def _inspect(file: FileToInspect) -> Inspection | None:
    import pandas as pd

    from sidemine.sources.count_archive import read_count_archive
    from sidemine.sources.quantifiers import are_transcripts

    if file.members is None:
        return None
    members = list(file.members)
    summary = f"{len(members)} files in the {'folder' if file.path.is_dir() else 'archive'}."
    try:
        samples, _ = _describe_samples(file.path)
    except SidemineError as error:
        nothing = pd.DataFrame(index=pd.Index([], name="sample", dtype=object))
        inspection = Inspection(file.path, "archive", nothing, files=members, value_summary=summary)
        inspection.show_unreadable_values(error)
        return inspection
    inspection = Inspection(file.path, "one file per sample", samples, files=members, value_summary=summary)
    try:
        inspection.show_values(read_count_archive(file.path, declared=DeclaredValues("probe")), ARCHIVE.word)
    except SidemineError as error:
        inspection.show_unreadable_values(error)
        return inspection
    if are_transcripts(inspection.identifiers):
        inspection.sheet_row = "layout: archive, identifiers: probe, platform_map: (transcript → gene), scale: counts"
    return inspection


ARCHIVE = BulkLayout(
    word="archive",
    meaning="archive (tar, zip or folder with one file per sample: HTSeq, featureCounts, STAR, RSEM, salmon, kallisto or "
    "two columns)",
    form="archive",
    own_columns=("strand", "gene_column"),
    inspect=_inspect,
    inspects_rest=True,
    list_columns=_list_columns,
    read=_read,
    describe_samples=_describe_samples,
)

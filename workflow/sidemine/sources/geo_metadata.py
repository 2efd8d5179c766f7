"""What a GEO record says of a series and its samples, whichever file it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_KEYS = frozenset(
    {
        "channel_count",
        "characteristics",
        "data_processing",
        "data_row_count",
        "description",
        "extract_protocol",
        "fate",
        "growth_protocol",
        "hyb_protocol",
        "instrument_model",
        "label",
        "label_protocol",
        "last_update_date",
        "library_selection",
        "library_source",
        "library_strategy",
        "molecule",
        "organism",
        "platform_id",
        "relation",
        "sample",
        "scan_protocol",
        "series_id",
        "source_name",
        "status",
        "submission_date",
        "supplementary_file",
        "taxid",
        "title",
        "treatment_protocol",
        "type",
        "unit",
    }
)
"""Column names that belong to GEO or to us, in every file: a characteristic of that name gets a suffix."""


@dataclass
class SeriesMetadata:
    """Header of a series: what GEO says of it and of its samples.

    Attributes
    ----------
    path
        The file that it was read from.
    series
        Values by key, without `!Series_`, in file order, one entry per line of that key.
    samples
        One row per sample (index `sample`: GSM accession), text columns, '' = missing. Fixed keys are cleaned
        (`source_name_ch1` → `source_name`); a characteristic `Tissue: Liver` becomes column `tissue`, cell by cell.
    platform_ids
        Platforms of the samples in this file (of the series, where the samples do not say).
    has_values
        Whether the file also holds at least one row of values.
    simulated
        Whether the file carries the mark of the simulator.
    notes
        What was odd about the file and how it was dealt with.
    """

    path: Path
    series: dict[str, list[str]]
    samples: pd.DataFrame
    platform_ids: list[str]
    has_values: bool
    simulated: bool
    notes: list[str] = field(default_factory=list)

    @property
    def accession(self) -> str:
        """Series accession, '' when the file does not say."""
        return next(iter(self.series.get("geo_accession", [])), "")

    @property
    def title(self) -> str:
        """Title of the series, '' when the file does not say."""
        return next(iter(self.series.get("title", [])), "")

    @property
    def series_files(self) -> list[str]:
        """Addresses of the supplementary files of the series, each once."""
        return _addresses(
            text for key, values in self.series.items() if key.startswith("supplementary_file") for text in values
        )

    @property
    def sample_files(self) -> list[str]:
        """Addresses of the supplementary files of single samples, each once."""
        columns = [name for name in self.samples.columns if str(name).startswith("supplementary_file")]
        return _addresses(part for name in columns for text in self.samples[name] for part in str(text).split(" | "))

    @property
    def alternatives(self) -> list[str]:
        """Where values may be had instead: supplementary files, and NCBI-generated counts for sequencing series."""
        from sidemine.retrieve.addresses import ncbi_counts_urls

        found = [*self.series_files, *self.sample_files]
        kinds = " ".join(self.series.get("type", [])).lower()
        human = "9606" in self.series.get("sample_taxid", ["9606"])
        if re.fullmatch(r"GSE[1-9]\d*", self.accession) and human and "high throughput sequencing" in kinds:
            found += ncbi_counts_urls(self.accession)
        return found


def _addresses(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(map(str.strip, texts)) if text and text.upper() != "NONE"]


def clean_name(text: str) -> str:
    """Return `text` as a column name: lower case, everything but letters and digits as one underscore.

    >>> clean_name("Phenotype/Group ")
    'phenotype_group'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def fixed_column(key: str) -> str:
    """Return the column name of a `!Sample_` key.

    >>> fixed_column("source_name_ch1"), fixed_column("geo_accession")
    ('source_name', 'sample')
    """
    name = clean_name(key.removesuffix("_ch1"))
    return "sample" if name == "geo_accession" else name


class SampleTable:
    """Collects the metadata of samples cell by cell, in file order.

    Parameters
    ----------
    accessions
        Sample accessions, one per row of the table to be.
    fixed_keys
        All `!Sample_` keys of the file: a characteristic must not take their column names.
    """

    def __init__(self, accessions: list[str], fixed_keys: Iterable[str]) -> None:
        self._accessions = accessions
        self._taken = SAMPLE_KEYS | {fixed_column(key) for key in fixed_keys}
        self._columns: dict[str, list[list[str]]] = {}

    def add(self, position: int, key: str, value: str) -> None:
        """Add one value of `!Sample_<key>` to the sample at `position`."""
        value = value.strip()
        if key.startswith("characteristics"):
            channel = "" if key.endswith("_ch1") or "_ch" not in key else key[key.rindex("_ch") :]
            name, value = self._split_characteristic(value, channel)
            if not name:
                return
        else:
            name = fixed_column(key)
        cells = self._columns.get(name)
        if cells is None:
            cells = self._columns[name] = [[] for _ in self._accessions]
        if value:
            cells[position].append(value)

    def _split_characteristic(self, text: str, channel: str) -> tuple[str, str]:
        key, colon, value = text.partition(":")
        name = clean_name(key)
        if not text:
            return "", ""
        if not colon or not name:
            return "characteristics" + channel, text
        name += channel
        return (f"{name}_characteristic" if name in self._taken else name), value.strip()

    def to_frame(self) -> pd.DataFrame:
        """Return the table: index `sample`, object columns of text, several values of one key joined by ' | '."""
        import pandas as pd

        columns = {
            name: [" | ".join(values) for values in cells] for name, cells in self._columns.items() if name != "sample"
        }
        index = pd.Index(self._accessions, name="sample", dtype=object)
        return pd.DataFrame(columns, index=index, dtype=object)


def check_accessions(accessions: list[str], where: str) -> None:
    """Raise `InputError` when sample accessions are empty or repeated."""
    repeated = (
        sorted({name for name in accessions if accessions.count(name) > 1})
        if len(set(accessions)) != len(accessions)
        else []
    )
    problems = []
    if not accessions or not all(accessions):
        problems.append(
            Problem(
                "samples have no accession", where, "one accession per sample", "Retrieve the file again, or mend it."
            )
        )
    if [name for name in repeated if name]:
        problems.append(
            Problem(
                "sample ids are repeated",
                f"{where}: {', '.join(repeated[:5])}",
                "every sample once",
                "Ask which of the columns is meant: the record is ambiguous. Remove the other one from a copy.",
            )
        )
    if problems:
        raise InputError(problems)

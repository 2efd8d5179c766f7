"""What a GEO record says of a series and its samples, whichever file it was read from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.geo_addresses import ncbi_counts_urls
from sidemine.text.repeats import repeated

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
        "series_relation",
        "source_name",
        "status",
        "submission_date",
        "supplementary_file",
        "taxid",
        "title",
        "treatment_protocol",
        "type",
        "unit",
        "value_column",
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
    columns
        Of a series matrix with values: the samples that have a column there.
    """

    path: Path
    series: dict[str, list[str]]
    samples: pd.DataFrame
    platform_ids: list[str]
    has_values: bool
    simulated: bool
    notes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Tell each sample of the SuperSeries and SubSeries that its series is nested in (column `series_relation`)."""
        nested = [text for text in self.series.get("relation", []) if re.match(r"(?:Sub|Super)Series of\b", text, re.I)]
        if nested:
            self.samples = self.samples.assign(series_relation=" | ".join(nested))

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
        addresses = [*self.series_files, *self.sample_files]
        kinds = " ".join(self.series.get("type", [])).lower()
        human = "9606" in self.series.get("sample_taxid", ["9606"])
        if re.fullmatch(r"GSE[1-9]\d*", self.accession) and human and "high throughput sequencing" in kinds:
            addresses += ncbi_counts_urls(self.accession)
        return addresses


def _addresses(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(map(str.strip, texts)) if text and text.upper() != "NONE"]


def clean_name(text: str) -> str:
    """Return `text` as a column name: lower case, everything but letters and digits as one underscore.

    Letters outside ASCII stay only where there are no others.

    >>> clean_name("Phenotype/Group "), clean_name("IFN-\u03b1"), clean_name("\u5e74\u9f62 ")
    ('phenotype_group', 'ifn', '\u5e74\u9f62')
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return name or re.sub(r"[\W_]+", "_", text.casefold()).strip("_")


def clean_camel_name(text: str) -> str:
    """Return `text` as `clean_name` does, where capitals begin words.

    >>> clean_camel_name("PlateID"), clean_camel_name("QC_Warning"), clean_camel_name("HybControlNormScale")
    ('plate_id', 'qc_warning', 'hyb_control_norm_scale')
    """
    return clean_name(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text))


def spelled_name(text: str) -> str:
    """Return `text` as a column name in which marks and letters outside ASCII are written out.

    >>> spelled_name("CD4+"), spelled_name("CD4-"), spelled_name("IL-6"), spelled_name("IFN-\u03b1")
    ('cd4_plus', 'cd4_minus', 'il_6', 'ifn_alpha')
    """
    text = re.sub(r"[-\u2010-\u2015\u2212](?!\w)", " minus ", text)
    return clean_name("".join(_spell(letter) for letter in text.lower()))


def _spell(letter: str) -> str:
    if letter.isascii():
        return _MARKS.get(letter, letter)
    name = unicodedata.name(letter, "")
    return name.rpartition(" LETTER ")[2] if " LETTER " in name else f" u{ord(letter):04x} "


_MARKS = {
    "+": " plus ",
    "%": " percent ",
    "<": " below ",
    ">": " above ",
    "#": " number ",
    "*": " star ",
    "'": " prime ",
}


def fixed_column(key: str) -> str:
    """Return the column name of a `!Sample_` key.

    >>> fixed_column("source_name_ch1"), fixed_column("geo_accession")
    ('source_name', 'sample')
    """
    name = clean_name(key.removesuffix("_ch1"))
    return "sample" if name == "geo_accession" else name


class SampleTable:
    """Collects the metadata of samples cell by cell, in file order.

    Characteristics whose keys differ in more than case, white space and the hyphens between words (`CD4+` and `CD4-`)
    are columns of their own, although their plain names are one.

    Parameters
    ----------
    accessions
        Sample accessions, one per row of the table to be.
    fixed_keys
        All `!Sample_` keys of the file: a characteristic must not take their column names.

    Attributes
    ----------
    notes
        Which keys were kept apart, or united; complete once `to_frame` was called.
    """

    def __init__(self, accessions: list[str], fixed_keys: Iterable[str]) -> None:
        self._accessions = accessions
        self._taken = SAMPLE_KEYS | {fixed_column(key) for key in fixed_keys}
        self._columns: dict[_Key, list[list[str]]] = {}
        self.notes: list[str] = []

    def add(self, position: int, key: str, value: str) -> None:
        """Add one value of `!Sample_<key>` to the sample at `position`.

        Parameters
        ----------
        position
            Row of the sample.
        key
            Name of the field, without `!Sample_`.
        value
            Its text; of characteristics `key: value`.
        """
        value = value.strip()
        column = _Key(fixed_column(key))
        if key.startswith("characteristics"):
            if not value:
                return
            channel = "" if key.endswith("_ch1") or "_ch" not in key else key[key.rindex("_ch") :]
            spelling, colon, rest = value.partition(":")
            column = _Key("characteristics" + channel)
            if colon and (name := clean_name(spelling)):
                column, value = _Key(name + channel, " ".join(spelling.split()), channel), rest.strip()
        cells = self._columns.get(column)
        if cells is None:
            cells = self._columns[column] = [[] for _ in self._accessions]
        if value:
            cells[position].append(value)

    def to_frame(self) -> pd.DataFrame:
        """Return the table: index `sample`, object columns of text, several values of one key joined by ' | '."""
        import pandas as pd

        names = self._column_names()
        columns: dict[str, list[list[str]]] = {}
        for key, cells in self._columns.items():
            if (name := names[key]) in columns:
                columns[name] = [old + new for old, new in zip(columns[name], cells, strict=True)]
            elif name != "sample":
                columns[name] = cells
        index = pd.Index(self._accessions, name="sample", dtype=object)
        texts = {name: [" | ".join(values) for values in cells] for name, cells in columns.items()}
        return pd.DataFrame(texts, index=index, dtype=object)

    def _column_names(self) -> dict[_Key, str]:
        """Name every column; characteristics of one plain name share a column only if they are spellings of one key."""
        names = {key: key.name for key in self._columns if not key.spelling}
        alike: dict[str, list[list[_Key]]] = {}
        for key in self._columns:
            if key.spelling:
                groups = alike.setdefault(key.name, [])
                group = next((keys for keys in groups if self._are_one(keys, key)), None)
                groups.append([key]) if group is None else group.append(key)
        reserved = {*self._taken, *names.values(), *(name for name, groups in alike.items() if len(groups) == 1)}
        for name, groups in alike.items():
            for keys in groups:
                label = name if len(groups) == 1 else spelled_name(keys[0].spelling) + keys[0].channel
                if len(groups) > 1 or label in self._taken:
                    label = _unused(label if len(groups) > 1 else f"{label}_characteristic", reserved)
                    reserved.add(label)
                names |= dict.fromkeys(keys, label)
                if len(keys) > 1:
                    quoted = " and ".join(repr(key.spelling) for key in keys)
                    self.notes.append(f"The keys {quoted} are taken for one: column {label}.")
            if len(groups) > 1:
                quoted = ", ".join(f"{keys[0].spelling!r} is column {names[keys[0]]}" for keys in groups)
                self.notes.append(f"Keys that look alike are kept apart: {quoted}.")
        return names

    def _are_one(self, keys: list[_Key], key: _Key) -> bool:
        """Tell whether a key is another spelling of these: alike but for case, and never beside them in a sample."""
        if _words(keys[0].spelling) != _words(key.spelling):
            return False
        mine = self._columns[key]
        return not any(
            theirs and own and theirs != own
            for other in keys
            for theirs, own in zip(self._columns[other], mine, strict=True)
        )


@dataclass(frozen=True)
class _Key:
    """A column to be: its plain name; for characteristics also the key as written, and the channel."""

    name: str
    spelling: str = ""
    channel: str = ""


def _unused(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name}_{number}" for number in count(2))
    return next(text for text in chain((name,), numbered) if text not in taken)


def _words(key: str) -> list[str]:
    """Return what tells a key from another: its words and marks, without case, brackets, and hyphens between words."""
    text = unicodedata.normalize("NFC", key).casefold()
    return re.sub(r"(?<=\w)[-./](?=\w)|[_()\[\]\s]", " ", text).split()


def collect_metadata(
    path: Path,
    series: dict[str, list[str]],
    samples: Mapping[str, Sequence[tuple[str, str]]],
    platforms: list[str],
    repeated: Sequence[str],
    has_values: bool,
    simulated: bool,
    notes: list[str],
) -> SeriesMetadata:
    """Return the metadata of a record that describes its samples one after the other (SOFT, MINiML).

    Parameters
    ----------
    path, series, has_values, simulated, notes
        As in `SeriesMetadata`.
    samples
        Per accession its (key, value) pairs, keys as in SOFT, in the order of the file.
    platforms
        Platforms that the file describes.
    repeated
        Accessions that were described more than once.

    Raises
    ------
    InputError
        When a sample has no accession or stands there twice.
    """
    if samples or repeated:
        check_accessions([*samples, *repeated], f"{path}, its samples")
    fixed = {key for rows in samples.values() for key, _ in rows if not key.startswith("characteristics")}
    table = SampleTable(list(samples), fixed)
    for position, rows in enumerate(samples.values()):
        for key, value in rows:
            table.add(position, key, value)
    frame = table.to_frame()
    named = [name for name in dict.fromkeys(frame["platform_id"]) if name] if "platform_id" in frame else []
    return SeriesMetadata(path, series, frame, named or platforms, has_values, simulated, [*notes, *table.notes])


def check_accessions(accessions: list[str], where: str) -> None:
    """Refuse sample accessions that are empty or repeated.

    Parameters
    ----------
    accessions
        Accessions of the samples.
    where
        The file, for messages.

    Raises
    ------
    InputError
        When one is empty, or stands twice.
    """
    several = sorted(repeated(accessions))
    problems = []
    if not accessions or not all(accessions):
        problems.append(
            Problem(
                "samples have no accession", where, "one accession per sample", "Retrieve the file again, or mend it."
            )
        )
    if any(several):
        problems.append(
            Problem(
                "sample ids are repeated",
                f"{where}: {', '.join(several[:5])}",
                "every sample once",
                "Ask which of the columns is meant: the record is ambiguous. Remove the other one from a copy.",
            )
        )
    if problems:
        raise InputError(problems)

"""Read what a GEO MINiML file (XML) says of a series and its samples.

The XML is read as a stream, and a document type or an entity of its own ends the reading: they serve attacks
(https://docs.python.org/3/library/xml.html#xml-security), and MINiML has none.
"""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.geo_metadata import SeriesMetadata, collect_metadata
from sidemine.text.decoding import open_unpacked

MAX_BYTES = 4 * 10**9
_MAX_DEPTH = 50
_MAX_TEXT = 10_000_000
_BLOCK = 1 << 20

# MINiML's names of elements below Sample and Channel, as SOFT calls them.
_SAMPLE_KEYS = {
    "Title": "title",
    "Type": "type",
    "Channel-Count": "channel_count",
    "Description": "description",
    "Data-Processing": "data_processing",
    "Hybridization-Protocol": "hyb_protocol",
    "Scan-Protocol": "scan_protocol",
    "Library-Strategy": "library_strategy",
    "Library-Source": "library_source",
    "Library-Selection": "library_selection",
    "Supplementary-Data": "supplementary_file",
    "Submission-Date": "submission_date",
    "Last-Update-Date": "last_update_date",
}
_CHANNEL_KEYS = {
    "Source": "source_name",
    "Organism": "organism",
    "Molecule": "molecule",
    "Label": "label",
    "Treatment-Protocol": "treatment_protocol",
    "Growth-Protocol": "growth_protocol",
    "Extract-Protocol": "extract_protocol",
    "Label-Protocol": "label_protocol",
}
_SERIES_KEYS = {
    "Title": "title",
    "Accession": "geo_accession",
    "Pubmed-ID": "pubmed_id",
    "Summary": "summary",
    "Overall-Design": "overall_design",
    "Type": "type",
    "Supplementary-Data": "supplementary_file",
}


def read_miniml_metadata(path: Path) -> SeriesMetadata:
    """Read series keys and sample metadata from a MINiML family file, streaming.

    Parameters
    ----------
    path
        The `.xml`, gzipped or plain.

    Returns
    -------
    SeriesMetadata
        As from the SOFT file of the same series.

    Raises
    ------
    InputError
        When the file is no MINiML, is cut, holds a document type or entities, or names a sample twice.
    """
    document = _Document(path)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = document.start
    parser.EndElementHandler = document.end
    parser.CharacterDataHandler = document.text
    parser.StartDoctypeDeclHandler = document.refuse_type
    parser.EntityDeclHandler = document.refuse_entity
    try:
        with open_unpacked(path) as stream:
            for block in iter(lambda: stream.read(_BLOCK), b""):
                parser.Parse(block, False)
            parser.Parse(b"", True)
    except (LookupError, ValueError) as error:  # an encoding that does not exist, or that expat cannot read
        raise InputError(_no_miniml(path, str(error))) from error
    except expat.ExpatError as error:
        raise InputError(_no_miniml(path, f"line {error.lineno}: {expat.errors.messages[error.code]}")) from error
    return collect_metadata(
        path,
        document.series,
        document.samples,
        document.platforms,
        document.repeated,
        document.has_values,
        document.simulated,
        [],
    )


class _Document:
    """Collects what the elements hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.series: dict[str, list[str]] = {}
        self.samples: dict[str, list[tuple[str, str]]] = {}
        self.platforms: list[str] = []
        self.repeated: list[str] = []
        self.has_values = self.simulated = False
        self._elements: list[str] = []
        self._texts: list[list[str]] = []
        self._attributes: list[dict[str, str]] = []
        self._length = 0
        self._rows: list[tuple[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(":")[2]
        if not self._elements and element != "MINiML":
            raise InputError(_no_miniml(self.path, f"its first element is {element!r}"))
        if len(self._elements) >= _MAX_DEPTH:
            raise InputError(_no_miniml(self.path, f"its elements are nested more than {_MAX_DEPTH} deep"))
        self._elements.append(element)
        self._texts.append([])
        self._attributes.append(attributes)
        self._length = 0
        if self._elements == ["MINiML", "Sample"]:
            accession = attributes.get("iid", "").strip()
            if accession in self.samples:
                self.repeated.append(accession)
            self._rows = self.samples.setdefault(accession, [])
        elif self._elements == ["MINiML", "Platform"]:
            self.platforms.append(attributes.get("iid", "").strip())

    def text(self, data: str) -> None:
        self._length += len(data)
        if self._length > _MAX_TEXT:
            raise InputError(_no_miniml(self.path, f"an element holds more than {_MAX_TEXT:,} characters of text"))
        if self._texts:
            self._texts[-1].append(data)

    def end(self, name: str) -> None:
        del name
        value = " ".join("".join(self._texts.pop()).split())
        place, attributes = self._elements[:], self._attributes.pop()
        element = self._elements.pop()
        self.simulated = self.simulated or SIMULATION_MARKER in value
        if place[:2] == ["MINiML", "Sample"]:
            self._end_of_sample(place, element, value, attributes)
        elif place[:2] == ["MINiML", "Series"] and len(place) > 2:
            if key := _SERIES_KEYS.get(element):
                self.series.setdefault(key, []).append(value)
            elif element == "Relation":
                self.series.setdefault("relation", []).append(_relation(attributes))

    def _end_of_sample(self, place: list[str], element: str, value: str, attributes: dict[str, str]) -> None:
        if place[2:3] == ["Channel"]:
            self._end_of_channel(element, value, attributes)
        elif element == "Platform-Ref":
            self._rows.append(("platform_id", attributes.get("ref", "").strip()))
        elif element == "Relation":
            self._rows.append(("relation", _relation(attributes)))
        elif element == "Instrument-Model" or (element == "Predefined" and "Instrument-Model" in place):
            self._rows.append(("instrument_model", value))
        elif element in {"External-Data", "Internal-Data"}:
            self.has_values = True
        elif key := _SAMPLE_KEYS.get(element):
            self._rows.append((key, value))

    def _end_of_channel(self, element: str, value: str, attributes: dict[str, str]) -> None:
        position = self._attributes[2].get("position", "1") if len(self._attributes) > 2 else "1"
        channel = f"_ch{position.strip() or '1'}"
        if element == "Characteristics":
            tag = attributes.get("tag", "").strip()
            self._rows.append((f"characteristics{channel}", f"{tag}: {value}" if tag else value))
        elif key := _CHANNEL_KEYS.get(element):
            self._rows.append((key + channel, value))
            if element == "Organism" and attributes.get("taxid"):
                self._rows.append((f"taxid{channel}", attributes["taxid"].strip()))

    def refuse_type(self, *details: object) -> None:
        del details
        raise InputError(_no_miniml(self.path, "it declares a document type (DOCTYPE)"))

    def refuse_entity(self, *details: object) -> None:
        del details
        raise InputError(_no_miniml(self.path, "it declares an entity"))


def _relation(attributes: dict[str, str]) -> str:
    return f"{attributes.get('type', '').strip()}: {attributes.get('target', '').strip()}"


def _no_miniml(path: Path, content: str) -> Problem:
    return Problem(
        "the file cannot be read as MINiML",
        f"{path}: {content}",
        "GEO's MINiML (…_family.xml): complete XML without document type and entities",
        "Retrieve it again, or name the series matrix or SOFT file instead.",
    )

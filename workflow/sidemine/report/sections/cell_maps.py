"""Maps of single cells: illustrations, on which no test rests."""

from __future__ import annotations

from dataclasses import replace

from sidemine.lines.illustration.panel import map_panels
from sidemine.lines.illustration.record import MapsOfStudy
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


def cell_maps_section(results: StudyResults) -> Section | None:
    """Return the maps of the study; None where it has none."""
    record = results.beside.lines.record_of(MapsOfStudy)
    if record is None:
        return None
    panels = [replace(panel, source="illustrations.json") for drawn in record.maps for panel in map_panels(drawn)]
    return Section("cell-maps", "Single cells (illustration)", panels=panels)

"""Illustrations of single cells, as they are registered; the page shows them beside the screens."""

from __future__ import annotations

from sidemine.lines.illustration.job import JOB
from sidemine.lines.illustration.panel import methods_of_maps
from sidemine.lines.illustration.record import MapsOfStudy
from sidemine.lines.line import LineOfEvidence
from sidemine.paper import Paper

ILLUSTRATION = LineOfEvidence(
    name="illustration",
    job=JOB,
    record=MapsOfStudy,
    record_file="illustrations.json",
    schemas={"illustrations": MapsOfStudy},
    methods=methods_of_maps,
    papers=(
        Paper("scanpy", "Wolf FA, Angerer P, Theis FJ. Genome Biol 2018.", "10.1186/s13059-017-1382-0"),
        Paper("scores of cells", "Tirosh I et al. Science 2016.", "10.1126/science.aad0501"),
    ),
)

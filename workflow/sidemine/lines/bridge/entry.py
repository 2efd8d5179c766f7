"""Drug against disease, as it is registered; differences between subgroups are measured and shown with it."""

from __future__ import annotations

from sidemine.lines.bridge.job import JOB
from sidemine.lines.bridge.panel import bridge_panels, methods_of_bridges
from sidemine.lines.bridge.record import CONCORDANCE, ConcordanceOfStudy
from sidemine.lines.line import LineOfEvidence

BRIDGE = LineOfEvidence(
    name="bridge",
    job=JOB,
    record=ConcordanceOfStudy,
    record_file="concordance.json",
    tables=(CONCORDANCE,),
    schemas={"concordance": ConcordanceOfStudy},
    panels=bridge_panels,
    methods=methods_of_bridges,
)

"""miRNAs, as they are registered."""

from __future__ import annotations

from sidemine.lines.line import LineOfEvidence
from sidemine.lines.mirna.config import LAYER
from sidemine.lines.mirna.job import JOB
from sidemine.lines.mirna.panel import mirna_panel
from sidemine.lines.mirna.record import MirnaDetails
from sidemine.paper import Paper

MIRNA = LineOfEvidence(
    name="mirna",
    job=JOB,
    schemas={"mirna_details": MirnaDetails},
    layer=LAYER.word,
    details=MirnaDetails,
    line_panel=mirna_panel,
    line_methods=(
        "miRNA. Names were keyed on miRBase accessions of mature sequences; a name without its arm was left out where the miRNA has two. "
        "Over all seed families that the assay could see (miRNAs, where no families were given), the label of a family (1 listed or up, −1 "
        "down, 0 neither) was regressed on the mean share of its known targets that lies in the set, beside a cubic spline of the log "
        "number of targets, with HC3 standard errors, one-sided."
    ),
    papers=(
        Paper(
            "HC3 standard errors",
            "MacKinnon JG, White H. Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample "
            "properties. J Econom 1985.",
            "10.1016/0304-4076(85)90158-7",
        ),
        Paper(
            "miRBase",
            "Kozomara A, Birgaoanu M, Griffiths-Jones S. miRBase: from microRNA sequences to function. Nucleic Acids Res 2019.",
            "10.1093/nar/gky1141",
        ),
        Paper(
            "Seed families",
            "Bartel DP. MicroRNAs: target recognition and regulatory functions. Cell 2009.",
            "10.1016/j.cell.2009.01.002",
        ),
    ),
)

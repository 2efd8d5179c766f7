"""Promoters and binding, as they are registered."""

from __future__ import annotations

from sidemine.lines.line import LineOfEvidence
from sidemine.lines.promoter.config import LAYER
from sidemine.lines.promoter.job import JOB
from sidemine.lines.promoter.panel import promoter_panel
from sidemine.lines.promoter.record import PromoterDetails
from sidemine.paper import Paper

PROMOTER = LineOfEvidence(
    name="promoter",
    job=JOB,
    schemas={"promoter_details": PromoterDetails},
    layer=LAYER.word,
    details=PromoterDetails,
    line_panel=promoter_panel,
    line_methods=(
        "Promoter and binding. In the hypothesis' own independent contrasts, genes' normal deviates of moderated t were regressed on "
        "whether a gene has a site (a member of a ChIP target set, or the share of the matrices of a motif family that hit its promoter at "
        "p ≤ 10⁻⁴ on either strand), beside a spline of mean expression and, for motifs, GC and CpG of the promoter; the correlation of "
        "genes was estimated from the samples, as CAMERA does. A ChIP set is described by its place among the other target sets of its file, without a p. These are the samples of the answer: no line of its own."
    ),
    papers=(
        Paper(
            "JASPAR",
            "Rauluseviciute I, Riudavets-Puig R, Blanc-Mathieu R, et al. JASPAR 2024: 20th anniversary of the open-access database of "
            "transcription factor binding profiles. Nucleic Acids Res 2024.",
            "10.1093/nar/gkad1059",
        ),
    ),
)

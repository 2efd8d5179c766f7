"""What the page shows of a row of a perturbation library: the positive control, and the place if it passed."""

from __future__ import annotations

from sidemine.drawing.charts import Dot, Spec, dots
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.drawing.words import bounded, count, number
from sidemine.lines.bridge.record import JudgedLibrary
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.perturbation.record import PerturbationDetails

CAUTION = (
    "A library holds one signature per perturbation, of cell lines in a dish. Its genes move together, so no p over genes is given; a "
    "percentile is an order among perturbations, no test. It may speak only where the drug does in it what it is known to do, and it is "
    "no line of evidence on a disease."
)


def perturbation_panel(evidence: LayerEvidence, details: object) -> Panel:
    """Return the panel of one row.

    Parameters
    ----------
    evidence
        Its row.
    details
        Its `PerturbationDetails`.
    """
    assert isinstance(details, PerturbationDetails)  # noqa: S101
    control = _row(f"positive control: {details.control_set}, {details.control_expected} expected", details.control)
    asked = _row(f"{details.asked_set}, {details.expected} declared", details.found)
    columns = [
        Column("Question", "what", "text"),
        Column("percentile (low: extreme that way)", "percentile"),
        Column("genes measured", "genes", "short"),
        Column("what follows", "words", "text"),
    ]
    facts = [evidence.reason]
    if details.excluded:
        facts.append(
            f"Left out of the comparison, as {count(len(details.excluded), 'row')} of its own class: {bounded(', '.join(details.excluded), 300)}."
        )
    return Panel(
        kind="perturbation",
        element=f"perturbation-{evidence.line}",
        title=f"Perturbation library: where does {bounded(details.perturbation, 60)} stand? ({evidence.line})",
        caption=f"Where the perturbation stands among all signatures of the library; 0: none is as extreme in the declared direction. {CAUTION}",
        why_empty="no percentile could be computed",
        chart=_chart(details),
        facts=facts,
        table=Table("Control and question", columns, [control, asked]),
    )


def _chart(details: PerturbationDetails) -> Spec | None:
    judged = [
        (f"{details.control_set}: its control ({details.control_expected})", details.control),
        (f"{details.asked_set}: asked ({details.expected})", details.found),
    ]
    points = [
        Dot(label, row.percentile, f"percentile {number(row.percentile, 1)} of {row.n_signatures:,} signatures")
        for label, row in judged
        if row is not None and row.percentile is not None
    ]
    title = ["◀ extreme in the declared direction", "percentile among the signatures"]
    return dots(points, title, "Place in the library.", ends=(0, 100)) if points else None


def _row(what: str, judged: JudgedLibrary | None) -> dict[str, str]:
    if judged is None:
        return {"what": what, "percentile": "—", "genes": "—", "words": "not looked at: the control did not pass"}
    place = number(judged.percentile, 1)
    return {"what": what, "percentile": place, "genes": f"{judged.n_genes:,}", "words": bounded(judged.words, 200)}

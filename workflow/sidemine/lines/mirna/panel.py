"""What the page shows of a row of miRNAs: the moved families that target the set most."""

from __future__ import annotations

from sidemine.drawing.charts import Dot, Spec, dots
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.drawing.words import bounded, number, percent
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.mirna.record import MirnaDetails
from sidemine.text.phrases import listed

CAUTION = (
    "Few miRNAs are well studied, and lists of diseases favour those: numbers of targets enter as a spline, and no hypergeometric test "
    "is made. A known target need not answer to its miRNA in the tissue in question."
)


def mirna_panel(evidence: LayerEvidence, details: object) -> Panel:
    """Return the panel of one row.

    Parameters
    ----------
    evidence
        Its row.
    details
        Its `MirnaDetails`.
    """
    assert isinstance(details, MirnaDetails)  # noqa: S101
    return Panel(
        kind="mirna",
        element=f"mirna-{evidence.line}",
        title=f"miRNA: do the miRNAs that the disease moves target {evidence.gene_set}? ({evidence.line})",
        caption="A row is a moved unit: which share of its known targets lies in the set. ▲ up, ▼ down, a circle: listed without a direction. "
        + CAUTION,
        why_empty="no unit with known targets moved",
        chart=_chart(details, evidence.gene_set) if details.strongest else None,
        facts=_facts(evidence, details),
        table=_table(details),
    )


def _chart(details: MirnaDetails, gene_set: str) -> Spec:
    points = [
        Dot(
            f"{bounded(unit.name, 40)} ({number(unit.n_targets, 0)} targets)",
            100 * unit.score,
            percent(unit.score, 1),
            "higher" if unit.label > 0 else "lower" if unit.label < 0 else "unclear",
        )
        for unit in details.strongest
    ]
    return dots(
        points, f"targets within {bounded(gene_set, 60)}, per cent", f"Targets of moved units, by {details.unit}."
    )


def _facts(evidence: LayerEvidence, details: MirnaDetails) -> list[str]:
    facts = [evidence.reason]
    if details.median_targets is not None and details.largest_targets is not None:
        facts.append(
            f"{details.n_universe:,} miRNAs of the assay have known targets, {number(details.median_targets, 0)} in the median and "
            f"{details.largest_targets:,.0f} at most; {details.n_listed:,} of them count as moved."
        )
    facts += [
        f"{row.n:,}: {row.why}"
        + (f" (for example {listed([bounded(name, 40) for name in row.examples[:3]])})" if row.examples else "")
        + "."
        for row in details.lost
    ]
    return facts


def _table(details: MirnaDetails) -> Table | None:
    if not details.strongest:
        return None
    rows = [
        {
            "name": bounded(unit.name, 40),
            "share": percent(unit.score, 1),
            "targets": number(unit.n_targets, 0),
            "label": number(unit.label),
            "members": bounded(", ".join(unit.members), 120),
        }
        for unit in details.strongest
    ]
    columns = [
        Column(details.unit, "name"),
        Column("targets within the set", "share"),
        Column("known targets", "targets", "short"),
        Column("label", "label", "short"),
        Column("miRNAs of the assay", "members", "text"),
    ]
    return Table("Moved units with the largest share of targets in the set", columns, rows)

"""What the page shows of a line on a table without samples."""

from __future__ import annotations

from sidemine.drawing import words
from sidemine.drawing.charts import Groups, interval_rows, intervals
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.effect.record import Interval
from sidemine.lines.complete_table.config import LAYERS_OF_TABLES
from sidemine.lines.complete_table.record import TableDetails
from sidemine.lines.evidence import LayerEvidence

MOST_GENES = 20


def table_panel(evidence: LayerEvidence, details: object) -> Panel:
    """Return the genes of the set with their z; of a table that was cut, sentences.

    Parameters
    ----------
    evidence
        The row.
    details
        Its `TableDetails`.

    Raises
    ------
    TypeError
        When they are of another layer.
    """
    if not isinstance(details, TableDetails):
        raise TypeError(f"{type(details).__name__} is not of a table")
    shown = details.members[:MOST_GENES]
    chart = None
    if shown and evidence.effect is not None:
        genes = [(member.gene, Interval(member.z, member.z - 1.96, member.z + 1.96)) for member in shown]
        groups: Groups = [
            ("the set", [(f"{evidence.gene_set}, above the rest", evidence)]),
            (f"its genes{f', the {MOST_GENES} largest' if len(details.members) > MOST_GENES else ''}", genes),
        ]
        chart = intervals(
            interval_rows(groups),
            "normal deviates (z)",
            f"Genes of {evidence.gene_set} in the table of line {evidence.line}.",
        )
    return Panel(
        kind="complete_table",
        element=f"line-{evidence.line}",
        title=f"{LAYERS_OF_TABLES[evidence.layer].title}: {evidence.gene_set} in a table without samples",
        caption="z of each gene with its 95 % interval; the set is compared with the other genes of the table, never with the "
        "genome.",
        why_empty="the table was cut, or too few of its genes are in the set",
        chart=chart,
        facts=_facts(details),
        table=Table(
            "Genes of the set in the table",
            [Column("gene", "gene", "short"), Column("z", "z"), Column("difference", "effect")],
            [
                {"gene": member.gene, "z": words.number(member.z), "effect": words.number(member.effect)}
                for member in details.members
            ],
        ),
    )


def _facts(details: TableDetails) -> list[str]:
    lost = "; ".join(f"{count} × {reason}" for reason, count in details.losses.items())
    facts = [
        f"Of {details.n_rows:,} rows {f'these take no part: {lost}' if lost else 'all take part'}.",
        *details.notes,
    ]
    if details.threshold:
        facts.append(f"The table was cut: {details.threshold}.")
    if details.correlation is not None and details.correlation_used is not None:
        facts.append(
            f"Correlation within the set: {details.correlation:.3f} in {details.reference}; the test uses "
            f"{details.correlation_used:.3f}."
        )
    if details.p_simes is not None:
        facts.append(f"Whether any gene of the set changed at all: {words.p_statement(details.p_simes)} (Simes).")
    if details.p_held_back is not None:
        leading = " and ".join(words.bounded(name, 60) for name in details.leading)
        facts.append(
            f"If {leading}, which add most to the effect, added no more than the third: {words.p_statement(details.p_held_back)} "
            "(one-sided, towards the effect)."
        )
    facts += [f"{check.check}: {check.status}. {check.detail}" for check in details.checks]
    return facts

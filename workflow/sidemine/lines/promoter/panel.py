"""What the page shows of a row of promoters: the effect of a site in each contrast."""

from __future__ import annotations

from sidemine.drawing.charts import Dot, Spec, dots, interval_rows, intervals
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.drawing.words import bounded, number, p_value
from sidemine.effect.record import Interval
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.promoter.record import PromoterDetails
from sidemine.stats.tails import t_quantile

CAUTION = (
    "The contrasts are those of the answer itself: this is the same evidence, read by another list of genes, and never a line of its own. "
    "A site need not be bound, and a bound site need not act."
)
_MOTIF = "How much further genes with a site move than genes without, with 95 % CI."
_CHIP = "Where the target set stands among the other target sets of its file: open promoters are called targets of every factor."


def promoter_panel(evidence: LayerEvidence, details: object) -> Panel:
    """Return the panel of one row.

    Parameters
    ----------
    evidence
        Its row.
    details
        Its `PromoterDetails`.
    """
    assert isinstance(details, PromoterDetails)  # noqa: S101
    return Panel(
        kind="promoter",
        element=f"promoter-{evidence.line}",
        title=f"Promoter and binding: do genes with a site move more? ({evidence.line})",
        caption=f"{_CHIP if _is_chip(details) else _MOTIF} {CAUTION}",
        why_empty="no contrast could be tested",
        chart=(_places(details) if _is_chip(details) else _chart(details)) if details.effects else None,
        facts=_facts(evidence, details),
        table=_table(details),
    )


def _is_chip(details: PromoterDetails) -> bool:
    return not details.matrices


def _places(details: PromoterDetails) -> Spec | None:
    points = [
        Dot(row.contrast, row.place, f"further than {number(row.place, 0)} % of the other target sets")
        for row in details.effects
        if row.place is not None
    ]
    title = ["further in the declared direction ▶", "percentile among the other target sets of the file"]
    return dots(points, title, "Place among the target sets, by contrast.", ends=(0, 100)) if points else None


def _chart(details: PromoterDetails) -> Spec:
    rows = []
    for row in details.effects:
        reach = float(t_quantile(0.975, row.df)) * row.se
        label = f"{row.contrast} ({row.n_with_site:,} of {row.n_genes:,} genes)"
        rows.append((label, Interval(row.effect, row.effect - reach, row.effect + reach)))
    return intervals(
        interval_rows([("genes with a site against the others", rows)]),
        "normal deviates",
        "Effect of a site, by contrast.",
    )


def _facts(evidence: LayerEvidence, details: PromoterDetails) -> list[str]:
    facts = [evidence.reason, f"A site: {details.site}."]
    if details.matrices:
        facts.append(
            f"Matrices: {bounded(', '.join(details.matrices), 400)}. They hit the same promoters, so they are one family and one test."
        )
    if details.shared:
        facts.append(details.shared)
    if details.left_out:
        facts.append(f"Left out: {bounded('; '.join(details.left_out), 600)}.")
    return facts


def _table(details: PromoterDetails) -> Table | None:
    if not details.effects:
        return None
    rows = [
        {
            "contrast": row.contrast,
            "effect": number(row.effect) if _is_chip(details) else f"{number(row.effect)} ± {number(row.se)}",
            "p": "—" if row.p_value is None else p_value(row.p_value),
            "place": "—" if row.place is None else f"{number(row.place, 0)} %",
            "genes": f"{row.n_with_site:,} of {row.n_genes:,}",
            "inflation": number(row.inflation, 1),
        }
        for row in details.effects
    ]
    columns = [
        Column("Contrast", "contrast"),
        Column("effect of a site (normal deviates)", "effect"),
        Column("further than, of the other sets", "place") if _is_chip(details) else Column("p, two-sided", "p"),
        Column("genes with a site", "genes"),
        Column("variance multiplied by correlation", "inflation", "short"),
    ]
    return Table("By contrast", columns, rows)

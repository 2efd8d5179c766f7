"""What the page shows of a row of genetics: the genes of the set along the genome."""

from __future__ import annotations

from sidemine.drawing.charts import Spec, apart, base
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.drawing.words import bounded, count, number, p_statement, percent
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.genetics.locations import chromosome_name
from sidemine.lines.genetics.record import GeneticsDetails

MOST_GENES, MOST_SETS, NAMED = 15, 12, 8
_NAME_WIDTH, _NAME_HEIGHT, _TICK_ROOM = 0.22, 0.09, 0.035
"""Room of a name as a share of the axes of a narrow figure, and of the number of a chromosome."""
_ORDER = [chromosome_name(number) for number in range(1, 27)]
CAUTION = (
    "Genetics is no consequence of the disease or of its treatment. It has no direction: genes that raise and genes that lower the "
    "risk count alike. A gene near a signal need not be its cause (linkage disequilibrium), and one variant may act through several "
    "genes or traits (pleiotropy)."
)


def genetics_panel(evidence: LayerEvidence, details: object) -> Panel:
    """Return the panel of one row.

    Parameters
    ----------
    evidence
        Its row.
    details
        Its `GeneticsDetails`.
    """
    assert isinstance(details, GeneticsDetails)  # noqa: S101
    return Panel(
        kind="genetics",
        element=f"genetics-{evidence.line}",
        title=f"Genetics: are genes of {evidence.gene_set} associated more than others? ({evidence.line})",
        caption="Dots: genes of the set where they lie in the genome; the strongest carry names. Grey: the strongest other gene of "
        f"every 5 million bases. Higher: more strongly associated. {CAUTION}",
        why_empty="the set could not be tested",
        chart=_chart(details) if details.genes else None,
        facts=_facts(evidence, details),
        table=_table(details),
    )


def _facts(evidence: LayerEvidence, details: GeneticsDetails) -> list[str]:
    facts = [evidence.reason]
    if details.rotation_p is not None:
        size = "all genes are of one size"
        if details.gene_size_beta is not None:
            size = f"a gene twice as large has a z {number(details.gene_size_beta)} higher, which the test takes into account"
        facts.append(
            f"By ordinary least squares, which know no correlations: one-sided {p_statement(details.rotation_p)} of "
            f"{details.rotations:,} rotations. The neighbourhood of genes multiplies the variance by {number(details.neighbour_inflation, 1)}; {size}."
        )
    if details.student_p is not None:
        facts.append(
            f"By Student's t, as MAGMA judges the same effect: {p_statement(details.student_p)}. It calls too many families of "
            "neighbouring genes, so it decides nothing."
        )
    if details.p_without_top_locus is not None:
        facts.append(
            f"Without the locus that speaks most for it ({', '.join(details.top_locus[:4])}): {p_statement(details.p_without_top_locus)}."
        )
    if details.p_top_locus_held_back is not None:
        facts.append(f"If that locus added no more than the third: {p_statement(details.p_top_locus_held_back)}.")
    if details.comparator_rank is not None:
        facts.append(
            f"Rank {details.comparator_rank} of {details.n_comparators + 1}: itself and "
            f"{count(details.n_comparators, 'comparator or control set')} of this study."
        )
    if details.shrinkage:
        facts.append(
            f"Correlations of genes were drawn towards 0 by {percent(details.shrinkage, 1)}, for the model to be solvable."
        )
    nearest = [row for row in details.other_sets if row.family != "comparator"][:MOST_SETS]
    if nearest:
        sets = "; ".join(f"{bounded(row.gene_set, 60)} {p_statement(row.p_value)}" for row in nearest)
        facts.append(
            f"Other sets of this study in these data, by rotation (exploratory, no verdict rests on them): {sets}."
        )
    facts += details.notes
    facts.append("What was read: " + "; ".join(f"{row.what}: {row.n:,}" for row in details.counts) + ".")
    return facts


def _table(details: GeneticsDetails) -> Table | None:
    if not details.genes:
        return None
    rows = [
        {
            "gene": gene.gene,
            "z": number(gene.z),
            "excess": number(gene.excess),
            "place": f"chr {gene.chromosome}: {gene.start / 1e6:.2f}–{gene.stop / 1e6:.2f} Mb",
            "locus": str(gene.locus),
            "snps": "—" if gene.n_snps is None else f"{gene.n_snps:,}",
        }
        for gene in details.genes[:MOST_GENES]
    ]
    columns = [
        Column("Gene", "gene"),
        Column("z (1.64: p = .05)", "z"),
        Column("beyond its size", "excess"),
        Column("position", "place", "text"),
        Column("locus", "locus", "short"),
        Column("SNPs", "snps", "short"),
    ]
    return Table(f"The {len(rows)} genes that speak most for the set, of {len(details.genes):,}", columns, rows)


def _chart(details: GeneticsDetails) -> Spec:
    """Return the genes of the set along the genome, above the strongest other genes."""
    reach: dict[str, float] = {}
    for name, stop in [*((one.chromosome, one.start + 5e6) for one in details.background),
                       *((one.chromosome, float(one.stop)) for one in details.genes)]:  # fmt: skip
        reach[name] = max(reach.get(name, 0.0), stop / 1e6)
    offset, ticks, total = {}, [], 0.0
    for name in (chromosome for chromosome in _ORDER if chromosome in reach):
        offset[name] = total
        ticks.append({"x": round(total + reach[name] / 2, 1), "end": round(total + reach[name], 1), "name": name})
        total += reach[name]
    # Of narrow chromosomes side by side some go without a number.
    centres = [(offset[name] + reach[name] / 2, 0.0) for name in offset]
    numbers = [ticks[place] for place in apart(centres, (_TICK_ROOM * total, 1.0), len(ticks))]
    others = [
        {"x": round(offset[one.chromosome] + one.start / 1e6 + 2.5, 1), "z": round(one.largest_z, 2)}
        for one in details.background
    ]
    genes = [
        {
            "x": round(offset[one.chromosome] + (one.start + one.stop) / 2e6, 2),
            "z": round(one.z, 2),
            "gene": bounded(one.gene, 40),
            "place": f"chr {one.chromosome}, {one.start / 1e6:.2f} Mb",
        }
        for one in details.genes
    ]
    heights = [one.z for one in details.genes]
    middles = [offset[one.chromosome] + (one.start + one.stop) / 2e6 for one in details.genes]
    named = [
        genes[place]
        for place in apart(
            list(zip(middles, heights, strict=True)),
            (_NAME_WIDTH * total, _NAME_HEIGHT * (max(heights) - min(heights))),
            NAMED,
        )
    ]
    x = {"field": "x", "type": "quantitative", "scale": {"domain": [0, round(total, 1)], "nice": False},
         "axis": {"title": "position, chromosome by chromosome", "labels": False, "ticks": False, "grid": False}}  # fmt: skip
    y = {"field": "z", "type": "quantitative", "scale": {"zero": False},
         "axis": {"title": ["z of the gene", "more strongly associated ▶"], "tickCount": 5}}  # fmt: skip
    strongest = "; ".join(f"{one.gene} {number(one.z)}" for one in details.genes[:NAMED])
    return {
        **base(f"Association of the genes of {details.gene_set} along the genome. Strongest beyond their size: {strongest}", 220),
        "layer": [
            {"data": {"values": others}, "mark": {"type": "point", "filled": True, "size": 12, "color": "@muted", "opacity": 0.5},
             "encoding": {"x": x, "y": y}},
            {"data": {"values": ticks}, "mark": {"type": "rule", "color": "@band"},
             "encoding": {"x": {**x, "field": "end"}}},
            {"data": {"values": numbers}, "mark": {"type": "text", "y": {"expr": "height - 6"}, "fontSize": 9, "color": "@soft"},
             "encoding": {"x": x, "text": {"field": "name"}}},
            {"data": {"values": genes}, "mark": {"type": "point", "filled": True, "size": 45, "color": "@accent", "opacity": 0.9},
             "encoding": {"x": x, "y": y,
                          "tooltip": [{"field": "gene"}, {"field": "z"}, {"field": "place", "title": "position"}]}},
            {"data": {"values": named},
             "mark": {"type": "text", "dy": -9, "fontSize": 10, "color": "@ink", "limit": 90,
                      "align": {"expr": f"datum.x < {total / 10:.1f} ? 'left' : datum.x > {total * 0.9:.1f} ? 'right' : 'center'"}},
             "encoding": {"x": x, "y": y, "text": {"field": "gene"}}},
        ],
    }  # fmt: skip

"""What the page shows of perturbation and disease: the panels of the bridges that touch an answer card, and the methods text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sidemine.drawing.charts import ROW_LABELS, Spec, apart, base, interval_words, label_room
from sidemine.drawing.panel import Column, Panel, Subject, Table
from sidemine.drawing.words import bounded, count, number, p_value, shortened
from sidemine.lines.bridge.call import MECHANISM_ONLY
from sidemine.lines.bridge.prediction import figure_words, prediction_sentence
from sidemine.lines.bridge.record import (
    NO_RESEMBLANCE,
    ConcordanceOfStudy,
    ConcordanceRow,
    MeasuredBridge,
    PredictionFigure,
)
from sidemine.lines.interaction.panel import interaction_sentences
from sidemine.lines.interaction.record import POOLED
from sidemine.lines.line import LinesOnRecord
from sidemine.text.phrases import listed

MOST_LABELS = 12
"""Most genes that are named in the plot."""
NOT_RUN = "concordance.json is not among these results: this stage was not part of the run"
NO_BRIDGE = "no bridge of this study joins these comparisons with a perturbation's (key concordance of config.yaml)"
_COLUMNS = (
    Column("Perturbation × disease", "pair"),
    Column("Concordance [95 % CI]", "concordance"),
    Column("Genes", "genes", "short"),
    Column("n", "n_genes"),
    Column("Estimand", "estimand"),
    Column("p, the larger of two", "p_value"),
    Column("Percentile among comparators", "percentile"),
    Column("Margin", "margin"),
    Column("Call", "call"),
    Column("Why", "reason", "text"),
)
_CALLS = {
    "mimics": "mimics the disease, which says nothing about harm",
    "opposes": "opposes the disease, which says nothing about benefit",
    NO_RESEMBLANCE: f"{NO_RESEMBLANCE}, which says nothing about safety",
    "undetermined": "undetermined",
    "refused": "refused",
}
_FIGURES = (
    Column("What was measured", "what", "text"),
    Column("Figure [95 % CI]", "figure"),
    Column("Conditions", "conditions", "text"),
)


class _Point(TypedDict):
    gene: str
    drug: float
    disease: float
    reading: str
    leading: bool
    asked: bool


_AUROC = "AUROC"
NOT_MEASURED = "Whether it predicts anything is not among these results."
NOT_RANKED = "An order among perturbations, no ranking of drugs."


def bridge_panels(subject: Subject, lines: LinesOnRecord) -> list[Panel]:
    """Return one panel per bridge, with what is known of prediction beside them; or why there is none.

    Parameters
    ----------
    subject
        The answer card: its contrasts choose the bridges.
    lines
        What is on record, and the study's words.
    """
    study = lines.record_of(ConcordanceOfStudy)
    contrasts = {row.contrast for row in subject.evidence}
    bridges = [row for row in study.bridges if contrasts & {*row.drug, *row.disease}] if study else []
    if study is None or not bridges:
        element = f"concordance-none-{subject.hypothesis}"
        title = "Does the perturbation's change resemble the disease?"
        return [Panel("concordance", element, title, "", NO_BRIDGE if study else NOT_RUN)]
    differences = (
        interaction_sentences(study.interactions, subject.primary_set, lines.groups) if subject.is_cohort else []
    )
    known = prediction_sentence(study.prediction)
    panels = [_bridge_panel(bridge, subject, lines, known, differences) for bridge in bridges]
    panels += [panel for bridge in bridges if (panel := comparator_panel(bridge, subject, lines))]
    return [*panels, *([_prediction_panel(study, subject)] if study.prediction else [])]


def _prediction_panel(study: ConcordanceOfStudy, subject: Subject) -> Panel:
    rows = [{"what": row.what, "figure": figure_words(row), "conditions": row.conditions} for row in study.prediction]
    sources = dict.fromkeys(row.source for row in study.prediction)
    return Panel(
        kind="prediction",
        element=f"prediction-{subject.hypothesis}",
        title="Does a likeness predict side effects? Not where it was measured",
        caption="An AUROC of .5 is a coin. No bridge is a likelihood or a risk, and bridges are not ranked. "
        f"{'; '.join(_figure(row) for row in study.prediction if not row.what.startswith(_AUROC))}.",
        why_empty="the table gives no AUROC",
        chart=_prediction_chart(study),
        facts=[f"Source: {source}." for source in sources],
        table=Table("Evidence is not prediction", _FIGURES, rows),
    )


def _prediction_chart(study: ConcordanceOfStudy) -> Spec | None:
    """Return the areas under the curve with their intervals, in the order of the table; None where it has none."""
    points = [
        {
            "what": f"{number:02d}|{shortened(row.what.removeprefix(_AUROC).removeprefix(' of').strip(), 60)}",
            "auroc": float(row.figure),
            "low": float(row.ci_low or row.figure),
            "high": float(row.ci_high or row.figure),
        }
        for number, row in enumerate(study.prediction)
        if row.what.startswith(_AUROC)
    ]
    if not points:
        return None
    y = {"field": "what", "type": "nominal", "axis": {**ROW_LABELS, "labelLimit": label_room(0.6, 175)}}
    x = {
        "type": "quantitative",
        "scale": {"domain": [0.4, 0.9], "zero": False},
        "axis": {"title": "area under the curve; .5 is a coin", "titleAnchor": "end"},
    }
    return {
        **base(f"Areas under the curve for known side effects: {figure_words(study.prediction[0])} for a likeness of profiles.", 150),
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft"}, "encoding": {"x": {**x, "datum": 0.5}}},
            {"mark": {"type": "rule", "color": "@muted"},
             "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"mark": {"type": "point", "filled": True, "size": 75, "color": "@accent"},
             "encoding": {"y": y, "x": {**x, "field": "auroc"}}},
        ],
    }  # fmt: skip


def _bridge_panel(
    bridge: MeasuredBridge, subject: Subject, lines: LinesOnRecord, known: str, differences: Sequence[str]
) -> Panel:
    main, profile = main_row(bridge), bridge.profile
    thinned = profile is not None and profile.n_total > len(profile.genes)
    how_many = f" Drawn: {len(profile.genes):,} of {profile.n_total:,} genes." if profile and thinned else ""
    leading = f" Leading genes: {listed(main.leading[:MOST_LABELS])}." if main and main.leading else ""
    return Panel(
        kind="concordance",
        element=f"concordance-{bridge.bridge}-{subject.hypothesis}",
        title=f"{_name(bridge, lines)} and disease: {_CALLS[bridge.call]}",
        caption="A point is a gene: its change with the perturbation, and its difference in patients; filled: genes that the call rests on. "
        f"Along the rising diagonal both have one sign, along the falling one opposite signs.{how_many}{leading} {worth_words(known)}",
        why_empty=(main.reason if main else "") or "no profile was written for this bridge",
        chart=concordance_chart(bridge, lines),
        facts=[
            lines.questions.get(bridge.bridge, ""),
            bridge.sentence,
            *([known] if known else []),
            *differences,
            *_library_words(bridge),
        ],
        table=Table(f"Concordance {bridge.bridge}", _COLUMNS, [_bridge_row(row) for row in _main_first(bridge)]),
        leads=subject.is_cohort,
    )


def worth_words(known: str) -> str:
    """Return in two sentences what a likeness of profiles is worth, as it stands under every bridge.

    Parameters
    ----------
    known
        What is known of prediction (`prediction_sentence`); empty: nothing was measured.
    """
    measured = f"{known.partition(', where')[0]} (.5 is a coin)." if known else NOT_MEASURED
    return f"{MECHANISM_ONLY} {measured}"


def comparator_panel(bridge: MeasuredBridge, subject: Subject, lines: LinesOnRecord) -> Panel | None:
    """Return where the perturbation stands among the others; None where there is nothing to stand among.

    Parameters
    ----------
    bridge
        What was measured.
    subject
        The answer card.
    lines
        The study's words.
    """
    main = main_row(bridge)
    if main is None or main.concordance is None or not bridge.comparators:
        return None
    place = (
        f" {_name(bridge, lines)} is larger, of either sign, than {number(main.percentile_comparators, 0)} % of {main.n_comparators}."
        if main.percentile_comparators is not None
        else ""
    )
    pale = " Pale: too weak to count." if not all(row.counts for row in bridge.comparators) else ""
    margin = f" Shaded: the margin, ±{number(main.margin)}." if main.margin is not None else ""
    return Panel(
        kind="comparators",
        element=f"comparators-{bridge.bridge}-{subject.hypothesis}",
        title=f"{_name(bridge, lines)} among {count(len(bridge.comparators), 'other perturbation')}",
        caption=f"A point is another perturbation, on the same genes.{pale}{place}{margin} {NOT_RANKED}",
        why_empty="",
        chart=_comparator_chart(bridge, main, _name(bridge, lines)),
        leads=subject.is_cohort,
    )


def _comparator_chart(bridge: MeasuredBridge, main: ConcordanceRow, name: str) -> Spec:
    kinds = {"contrast": "comparison of this study", "signature": "signature of a library"}
    others = [
        {
            "row": "others",
            "name": bounded(row.name, 60),
            "kind": kinds.get(row.kind, row.kind),
            "value": row.concordance,
            "words": number(row.concordance),
            "counts": row.counts,
            "jitter": round((place * 0.618) % 1 - 0.5, 3),
        }
        for place, row in enumerate(bridge.comparators)
    ]
    words = interval_words(main.concordance, main.ci_low, main.ci_high)
    own = {
        "row": "drug",
        "name": name,
        "value": main.concordance,
        "low": main.ci_low,
        "high": main.ci_high,
        "words": words,
    }
    x = {"field": "value", "type": "quantitative", "scale": {"domain": [-1, 1]},
         "axis": {"title": ["◀ opposite signs │ the same sign ▶", "concordance (correlation of profiles)"],
                  "tickCount": 5, "labelFlush": True}}  # fmt: skip
    y = {"field": "row", "type": "nominal", "scale": {"domain": ["drug", "others"]},
         "axis": {"title": None, "labelLimit": 150, "ticks": False, "domain": False,
                  "labelExpr": f"datum.value === 'drug' ? '{_quoted(shortened(name, 26))}' : '{len(others)} others'"}}  # fmt: skip
    tooltip = [{"field": "name"}, {"field": "words", "title": "concordance"}]
    margin = abs(main.margin or 0.0)
    band = [{"low": -margin, "high": margin}] if margin else []
    datum = {key: value for key, value in x.items() if key != "field"}
    return {
        **base(f"{name}: {words}; {len(others)} other perturbations from {number(min(row.concordance for row in bridge.comparators))} to "
               f"{number(max(row.concordance for row in bridge.comparators))}.", 120),
        "layer": [
            {"data": {"values": band}, "mark": {"type": "rect", "color": "@band"},
             "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"mark": {"type": "rule", "color": "@soft", "strokeDash": [3, 3]}, "encoding": {"x": {**datum, "datum": 0}}},
            {"data": {"values": others}, "mark": {"type": "point", "filled": True, "size": 45, "color": "@muted"},
             "encoding": {"x": x, "y": y,
                          "opacity": {"condition": {"test": "datum.counts", "value": 0.8}, "value": 0.25}, "yOffset": {"field": "jitter", "type": "quantitative", "scale": {"domain": [-0.8, 0.8]}},
                          "shape": {"field": "kind", "type": "nominal", "scale": {"domain": list(kinds.values()), "range": ["square", "circle"]},
                                    "legend": {"title": None, "orient": "bottom", "columns": 1, "symbolFillColor": "@muted"}},
                          "tooltip": [*tooltip, {"field": "kind"}]}},
            {"data": {"values": [own]}, "mark": {"type": "rule", "strokeWidth": 2.5, "color": "@accent"},
             "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y}},
            {"data": {"values": [own]}, "mark": {"type": "point", "filled": True, "shape": "square", "size": 190, "opacity": 1, "color": "@accent"},
             "encoding": {"x": x, "y": y, "tooltip": tooltip}},
        ],
    }  # fmt: skip


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _name(bridge: MeasuredBridge, lines: LinesOnRecord) -> str:
    """Return what the study calls the perturbation."""
    return shortened(lines.names.get(bridge.bridge, "") or "Perturbation", 60)


def _library_words(bridge: MeasuredBridge) -> list[str]:
    return [f"Comparator signatures: {bridge.library.words}."] if bridge.library else []


def main_row(bridge: MeasuredBridge) -> ConcordanceRow | None:
    """Return the row that a bridge's call rests on, or else the first one that is not adjusted for composition."""
    return bridge.primary_row or next((row for row in bridge.rows if row.estimand == "total"), None)


def _main_first(bridge: MeasuredBridge) -> list[ConcordanceRow]:
    """Return the rows of a bridge: what its call rests on first, then what is pooled, then single pairs; never by size."""
    main = main_row(bridge)
    return sorted(
        bridge.rows,
        key=lambda row: (row is not main, -[row.disease_contrast, row.drug_contrast].count(POOLED)),
    )


def _bridge_row(row: ConcordanceRow) -> dict[str, str]:
    return {
        "pair": f"{row.drug_contrast} × {row.disease_contrast}",
        "genes": " ".join(filter(None, [row.scope.replace("_", " "), row.gene_set])),
        "estimand": row.estimand,
        "n_genes": f"{row.n_genes:,}",
        "concordance": interval_words(row.concordance, row.ci_low, row.ci_high),
        "p_value": p_value(row.p_value),
        "percentile": number(row.percentile_comparators, 0),
        "margin": number(row.margin, 2),
        "call": row.call,
        "reason": row.reason,
    }


def methods_of_bridges(lines: LinesOnRecord) -> list[str]:
    """Return the paragraph of the methods text; none without a bridge."""
    study = lines.record_of(ConcordanceOfStudy)
    if study is None or not study.bridges:
        return []
    rotations = max((row.n_rotations for bridge in study.bridges for row in bridge.rows), default=0)
    libraries = dict.fromkeys(words for bridge in study.bridges for words in _library_words(bridge))
    return [
        f"Perturbation and disease. {count(len(study.bridges), 'bridge')}: genome-wide signed concordance of both profiles, p being "
        f"the larger of two rotation tests ({rotations:,} rotations), each with the other side's profile held fixed; placed among "
        "comparator perturbations by an empirical percentile of its size, from 100 of them on for the strength of their signatures, those of one "
        "declared target pathway being one; the call also needs the same sign in the composition-adjusted profile. The margin of "
        f"“{NO_RESEMBLANCE}” is the size that 90 % of the comparators stay below with this disease. Profiles that share samples are "
        f"never compared, and nothing is ranked by concordance.{''.join(f' {words}' for words in libraries)}",
        *([f"{MECHANISM_ONLY} {_all_figures(study)}"] if study.prediction else []),
    ]


def _all_figures(study: ConcordanceOfStudy) -> str:
    sources = dict.fromkeys(row.source for row in study.prediction)
    return f"{'; '.join(map(_figure, study.prediction))}. Source: {'; '.join(sources)}."


def _figure(row: PredictionFigure) -> str:
    return f"{row.what}: {figure_words(row)} ({row.conditions})"


def concordance_chart(bridge: MeasuredBridge, lines: LinesOnRecord) -> Spec | None:
    """Return the perturbation's change against the disease's, gene by gene, leading genes named; None without a profile.

    Parameters
    ----------
    bridge
        What was measured.
    lines
        The words of the groups stand at the axes.
    """
    profile, main = bridge.profile, main_row(bridge)
    if profile is None or not profile.genes:
        return None
    named = main.leading if main else []
    genes = [
        _Point(
            gene=bounded(gene, 40),
            drug=drug,
            disease=disease,
            reading="the perturbation moves it as the disease does"
            if drug * disease > 0
            else "the perturbation moves it the other way",
            leading=bounded(gene, 40) in named,
            asked=asked or main is None or main.scope == "all",
        )
        for gene, drug, disease, asked in zip(profile.genes, profile.drug, profile.disease, profile.in_set, strict=True)
    ]
    labels_of = _labelled([gene for name in named for gene in genes if gene["gene"] == name], genes)
    pair = bridge.primary
    side_x = _side(pair.drug_contrast if pair else "", bridge.drug, lines)
    side_y = _side(pair.disease_contrast if pair else "", bridge.disease, lines)
    x = {"field": "drug", "type": "quantitative", "scale": {"padding": 14, "nice": False},
         "axis": {"title": ["◀ lower with the perturbation │ higher ▶", *side_x], "titleLimit": {"expr": "width + 40"}, "tickCount": 6}}  # fmt: skip
    # Above and below the points there is room for the numbers in the corners.
    y = {"field": "disease", "type": "quantitative", "scale": {"padding": 34, "nice": False},
         "axis": {"title": [*side_y, "◀ lower in patients │ higher ▶"], "titleLimit": 290, "tickCount": 6}}  # fmt: skip
    tooltip = [{"field": "gene"}, {"field": "drug", "format": ".2f"}, {"field": "disease", "format": ".2f"},
               {"field": "reading"}]  # fmt: skip
    counted = [gene for gene in genes if gene["asked"]]
    ink = {"condition": {"test": "datum.asked", "value": "@accent"}, "value": "@muted"}
    size = {"condition": [{"test": "datum.leading", "value": 80}, {"test": "datum.asked", "value": 46}], "value": 14}
    faint = {"condition": {"test": "datum.asked", "value": 0.85}, "value": 0.35}
    together = sum(gene["drug"] * gene["disease"] > 0 for gene in counted)
    where = f" of {shortened(main.gene_set, 40)}" if main and main.gene_set and main.scope == "target" else ""
    said = f"concordance {interval_words(main.concordance, main.ci_low, main.ci_high)}" if main else ""
    title = {"text": said, "anchor": "start", "color": "@ink", "fontSize": 12, "limit": {"expr": "width + 40"},
             "subtitle": [f"{count(len(counted), 'gene')}{where}:", f"{together} with one sign, {len(counted) - together} with opposite signs"],
             "subtitleColor": "@soft"}  # fmt: skip
    return {
        **base(
            f"Change with the perturbation against difference in the disease, gene by gene: {together} of {len(counted)} genes "
            f"that the call rests on have the same sign. Leading genes: {', '.join(named[:MOST_LABELS]) or 'none named'}.",
            300,
        ),
        "title": title,
        "data": {"values": genes},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft"}, "encoding": {"x": {"datum": 0, "type": "quantitative"}}},
            {"mark": {"type": "rule", "color": "@soft"}, "encoding": {"y": {"datum": 0, "type": "quantitative"}}},
            {"mark": {"type": "point", "filled": True},
             "encoding": {"x": x, "y": y, "color": ink, "size": size, "opacity": faint, "tooltip": tooltip}},
            *_quadrants(counted),
            {"data": {"values": labels_of},
             "mark": {"type": "text", "dy": -10, "fontSize": 11, "fontWeight": "bold", "color": "@ink"},
             "encoding": {"x": x, "y": y, "text": {"field": "gene"}}},
        ],
    }  # fmt: skip


def _quadrants(genes: Sequence[_Point]) -> list[Spec]:
    """Return the number of genes in each quadrant, written into its corner."""
    corners = []
    for drug, disease in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        number_there = sum(gene["drug"] * drug > 0 and gene["disease"] * disease > 0 for gene in genes)
        corners.append(
            {
                "data": {"values": [{"n": f"{number_there:,}"}]},
                "mark": {"type": "text", "fontSize": 15, "fontWeight": "bold", "color": "@soft",
                         "align": "right" if drug > 0 else "left", "baseline": "top" if disease > 0 else "bottom",
                         "x": {"expr": "width - 5"} if drug > 0 else 5, "y": 5 if disease > 0 else {"expr": "height - 5"}},
                "encoding": {"text": {"field": "n"}},
            }
        )  # fmt: skip
    return corners


def _side(used: str, declared: Sequence[str], lines: LinesOnRecord) -> list[str]:
    """Return the title of an axis, a group to a line: which groups the normal deviates compare."""
    target, reference = lines.groups[used if used in lines.groups else declared[0]]
    pooled = "" if used in lines.groups else " (pooled)"
    # As many letters as the shorter axis holds: what is longer is cut by the drawing, without its closing mark.
    return [f"normal deviate, “{shortened(target, 26)}”", f"minus “{shortened(reference, 26)}”{pooled}"]


def _labelled(leading: Sequence[_Point], genes: Sequence[_Point]) -> list[_Point]:
    """Return the leading genes that can be named without writing over another name; the caption lists all."""
    span_drug = max(abs(gene["drug"]) for gene in genes) or 1.0
    span_disease = max(abs(gene["disease"]) for gene in genes) or 1.0
    places = [(gene["drug"], gene["disease"]) for gene in leading]
    return [leading[place] for place in apart(places, (0.3 * span_drug, 0.1 * span_disease), MOST_LABELS)]

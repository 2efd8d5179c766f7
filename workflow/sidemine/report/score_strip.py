"""What was tested, drawn: the score of the primary set in every sample of the comparisons that answer a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.linear_model import NO_RESIDUAL
from sidemine.drawing.charts import (
    GROUPS,
    ROW_LABELS,
    SERIES,
    Spec,
    base,
    drawn_names,
    heading_key,
    interval_words,
    row_key,
    signed_axis,
    whole_labels,
)
from sidemine.drawing.panel import Panel
from sidemine.drawing.words import bounded, count, isolated, number
from sidemine.effect.scale import scale_of
from sidemine.enrichment.set_effect import spread_with_difference
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.report.covariates import ColourColumn, colour_columns
from sidemine.verdict.card import Card, CardContrast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FLAGS = {
    "sex_mismatch": "recorded sex contradicted",
    "reused_samples": "re-used elsewhere",
    "duplicated_samples": "nearly a copy",
    "outlier_samples": "apart from all others",
}
"""Checks that name samples, and what each says of them."""
NOT_FLAGGED = "nothing against it"
_X = "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z"
_STAR = "M0,-1L.24,-.32L.95,-.31L.38,.12L.59,.81L0,.4L-.59,.81L-.38,.12L-.95,-.31L-.24,-.32Z"
# Neither triangles, which tell a direction on this page, nor the diamond of pooled effects.
_SHAPES = dict(zip([NOT_FLAGGED, *FLAGS.values()], ["circle", "cross", "square", _STAR, _X], strict=True))
_UNITS = {
    True: ["SD between people of one group", "0: mean of the reference"],
    False: ["log2 units beyond the other genes", "0: mean of the reference"],
}
_COUNTED = "log2 counts per million"


@dataclass(frozen=True)
class SampleScore:
    """The score of one sample, with what is recorded and known of it."""

    sample: str
    group: str
    score: float
    batch: str
    flag: str


def set_scores(values: Array, weights: Array, is_target: NDArray[np.bool_], *, standardised: bool) -> Array:
    """Return the score of a set in every sample, counted from the mean of the reference.

    Without covariates the difference of the groups' means is the effect itself: for experiments the set's log2 fold change beyond
    the other genes, for cohorts Hedges g before its small-sample factor.

    Parameters
    ----------
    values
        Samples × tested genes, log2.
    weights
        Sign and weight of each gene; 0: not of the set.
    is_target
        Per sample; the others are the reference.
    standardised
        Cohorts: genes count in their SD (`set_effect.gene_spread`), scores in theirs within the groups. Otherwise log2 units beyond the genes outside the set.
    """
    inside = weights != 0
    shares = weights[inside] / np.abs(weights).sum()
    if standardised:
        spread = _spread_of_genes(values[:, inside], is_target)
        # A gene that does not vary cannot tell samples apart.
        scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0)
        score = (values[:, inside] * scale) @ shares
        score = score / _within_groups(score[:, None], is_target)[0]
    else:
        score = values[:, inside] @ shares - shares.sum() * values[:, ~inside].mean(axis=1)
    return np.asarray(score - score[~is_target].mean())


def _spread_of_genes(values: Array, is_target: NDArray[np.bool_]) -> Array:
    df, n = len(values) - 2, len(values)
    difference = values[is_target].mean(axis=0) - values[~is_target].mean(axis=0)
    between = difference**2 * is_target.sum() * (~is_target).sum() / n
    return spread_with_difference(between, df * _within_groups(values, is_target) ** 2, df)


def _within_groups(values: Array, is_target: NDArray[np.bool_]) -> Array:
    centred = values.copy()
    for group in (is_target, ~is_target):
        centred[group] -= values[group].mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    lengths[lengths <= NO_RESIDUAL * np.sqrt((values**2).sum(axis=0))] = 0.0
    return np.asarray(lengths / np.sqrt(len(values) - 2))


def scored_samples(results: StudyResults, card: Card) -> dict[str, list[SampleScore]]:
    """Return the scores of all samples by comparison, for those that can be drawn.

    Parameters
    ----------
    results
        The study.
    card
        Its primary set and contrasts; cohorts count the genes that all pooled ones tested.
    """
    rows = results.gene_sets[results.gene_sets["gene_set"] == card.declared.set]
    weights = {str(gene): float(weight) for gene, weight in zip(rows["gene"], rows["weight"], strict=True)}
    items = [results.contrasts[row.contrast] for row in card.evidence if row.effect is not None]
    tested = [set(map(str, item.differential["gene"])) for item in items]
    # Only the genes of the set need be common: those beside it are none of a cohort's score.
    over_common = scale_of(card.kind).over_common_genes
    # Without a pooled effect the first cohort with one is all that the answer rests on.
    pooled = card.pooled.contrasts if card.pooled else [item.row.contrast for item in items[:1]]
    counted = [genes for item, genes in zip(items, tested, strict=True) if item.row.contrast in pooled]
    members = set(weights).intersection(*counted) if over_common else set(weights)
    scored = {}
    for item, genes in zip(items, tested, strict=True):
        found = _scores_of(results, item, {gene: weights[gene] for gene in members}, genes, standardised=over_common)
        if found:
            scored[item.row.contrast] = found
    return scored


def _scores_of(
    results: StudyResults, item: ContrastResults, weights: Mapping[str, float], tested: set[str], *, standardised: bool
) -> list[SampleScore]:
    dataset = results.datasets[item.row.dataset]
    place = {name: row for row, name in enumerate(dataset.sample_names)}
    groups = {"target": item.design.target_samples, "reference": item.design.reference_samples}
    names = [(name, group) for group, members in groups.items() for name in members if name in place]
    columns = [column for column, gene in enumerate(dataset.genes) if gene in tested]
    used = np.array([weights.get(dataset.genes[column], 0.0) for column in columns])
    is_target = np.array([group == "target" for _, group in names], dtype=bool)
    if not used.any() or min(is_target.sum(), (~is_target).sum()) < 2:
        return []
    values = dataset.values[np.ix_([place[name] for name, _ in names], columns)]
    scores = set_scores(values, used, is_target, standardised=standardised)
    flags = _flags(results, item)
    batch = _batch(results, item)
    return [
        SampleScore(name, group, float(score), _level(batch, place[name]), flags.get(name, NOT_FLAGGED))
        for (name, group), score in zip(names, scores, strict=True)
        if np.isfinite(score)
    ]


def _flags(results: StudyResults, item: ContrastResults) -> dict[str, str]:
    """Return what the first check that speaks against a sample says of it."""
    found: dict[str, str] = {}
    for flag in [*results.datasets[item.row.dataset].quality.flags, *item.quality.flags]:
        if flag.status != "ok" and flag.trap in FLAGS:
            for name in flag.samples:
                found.setdefault(name, FLAGS[flag.trap])
    return found


def _batch(results: StudyResults, item: ContrastResults) -> ColourColumn | None:
    """Return the recorded batch of a comparison's samples: one that is in the model first."""
    entries = [row for row in item.quality.associations if row.batch_like and row.kind == "levels"]
    names = [row.column for row in sorted(entries, key=lambda row: not row.in_design)]
    columns = {column.name: column for column in colour_columns(results.datasets[item.row.dataset], [item.quality])}
    return next((columns[name] for name in names if name in columns), None)


def _level(column: ColourColumn | None, place: int) -> str:
    value = None if column is None else column.values[place]
    return "" if column is None or value is None else f"{column.name}: {column.levels[int(value)]}"


def score_panel(results: StudyResults, card: Card) -> Panel | None:
    """Return the scores behind one answer as a panel; None where none can be drawn.

    Parameters
    ----------
    results
        The study.
    card
        The answer.
    """
    scored = scored_samples(results, card)
    if not scored:
        return None
    is_cohort = scale_of(card.kind).over_common_genes
    adjusted = [
        name for name in scored if results.contrasts[name].design.covariates or results.contrasts[name].design.block
    ]
    flagged = sorted({row.flag for rows in scored.values() for row in rows} - {NOT_FLAGGED})
    shapes = f" Shapes: {'; '.join(flagged)}." if flagged else ""
    before = (
        f" Before what the model adjusts for in {', '.join(adjusted)}; the effect of the answer is after it."
        if adjusted
        else ""
    )
    counted = [name for name in scored if results.contrasts[name].counted]
    values = (
        f" Counts are drawn as {_COUNTED} and weigh alike ({', '.join(counted)}); the model weighs them, so bars and effect may differ a little."
        if counted
        else ""
    )
    return Panel(
        kind="scores",
        element=f"scores-{card.hypothesis}",
        title="What was tested, sample by sample",
        caption=f"A point is a sample ({count(sum(map(len, scored.values())), 'sample')}): the score of {bounded(card.declared.set, 80)} that the "
        f"answer rests on. Bar: mean of the group.{shapes}{before}{values}",
        why_empty="",
        chart=_chart(card, scored, is_cohort=is_cohort, all_counted=len(counted) == len(scored)),
        leads=is_cohort,
        source="datasets",
    )


def _chart(card: Card, scored: Mapping[str, Sequence[SampleScore]], *, is_cohort: bool, all_counted: bool) -> Spec:
    evidence = {row.contrast: row for row in card.evidence}
    names = dict(
        zip(
            ("target", "reference"),
            drawn_names([(evidence[name].target_label, evidence[name].reference_label) for name in scored]),
            strict=True,
        )
    )
    batches = sorted({row.batch for rows in scored.values() for row in rows if row.batch})
    by_batch = 1 < len(batches) <= len(SERIES)
    keys, points, means = _marks(evidence, scored, names, by_batch=by_batch)
    flags = [flag for flag in _SHAPES if any(point["flag"] == flag for point in points)]
    unknown = ["not recorded"] if any(point["colour"] == "not recorded" for point in points) else []
    colours = (
        {"domain": [*batches, *unknown], "range": [*SERIES[: len(batches)], "@muted"]}
        if by_batch
        else {**GROUPS, "domain": [*names.values(), "other"]}
    )
    legend = {"title": None, "orient": "top", "columns": 1, **whole_labels([*batches, *unknown])}
    flag_legend = {
        "title": None,
        "orient": "bottom",
        "columns": 1,
        "labelLimit": 260,
        "symbolFillColor": "@ink",
        "symbolStrokeColor": "@ink",
    }
    unit, zero = _UNITS[is_cohort]
    if all_counted and not is_cohort:
        unit = unit.replace("log2 units", _COUNTED)
    x = {"field": "score", "type": "quantitative", "scale": {"nice": False, "padding": 14},
         "axis": {"title": [*signed_axis(unit), zero], "titleAnchor": "end", "tickCount": 6, "grid": True}}  # fmt: skip
    y = {"field": "key", "type": "nominal", "scale": {"domain": keys}, "axis": ROW_LABELS}
    tooltip = [
        {"field": "sample"},
        {"field": "group"},
        {"field": "score", "format": ".2f"},
        {"field": "batch"},
        {"field": "flag", "title": "checks"},
    ]
    told = "; ".join(f"{name} {_words(evidence[name])}" for name in scored)
    return {
        **base(f"Score of {card.declared.set} in every sample, the first group above the second. Effects of the answer: {told}", 26 * len(keys) + 10 + 18 * (by_batch + len(flags))),
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft", "strokeDash": [3, 3]}, "encoding": {"x": {**_datum(x), "datum": 0}}},
            {"mark": {"type": "point", "filled": True, "opacity": 0.8},
             "encoding": {"x": x, "y": y, "tooltip": tooltip,
                          "yOffset": {"field": "jitter", "type": "quantitative", "scale": {"domain": [-0.6, 0.6]}},
                          "color": {"field": "colour", "type": "nominal", "scale": colours, "legend": legend if by_batch else None},
                          "shape": {"field": "flag", "type": "nominal", "scale": {"domain": flags, "range": [_SHAPES[flag] for flag in flags]},
                                    "legend": flag_legend if len(flags) > 1 else None},
                          "size": {"condition": {"test": f"datum.flag === '{NOT_FLAGGED}'", "value": 26}, "value": 70}}},
            {"data": {"values": means}, "mark": {"type": "tick", "thickness": 3, "size": 22, "color": "@ink"}, "encoding": {"x": x, "y": y}},
        ],
    }  # fmt: skip


def _marks(
    evidence: Mapping[str, CardContrast],
    scored: Mapping[str, Sequence[SampleScore]],
    names: Mapping[str, str],
    *,
    by_batch: bool,
) -> tuple[list[str], list[Spec], list[Spec]]:
    """Return the rows of the plot from the top, its points, and the means of the groups."""
    keys: list[str] = []
    points: list[Spec] = []
    means: list[Spec] = []
    for contrast, samples in scored.items():
        entry = evidence[contrast]
        keys.append(heading_key(len(keys), f"{bounded(entry.accession, 24)} {number(entry.effect)}"))
        for group in ("target", "reference"):
            rows = [row for row in samples if row.group == group]
            label = entry.target_label if group == "target" else entry.reference_label
            # The number first: a long name may be cut at its end.
            keys.append(row_key(len(keys), f"n = {len(rows)}: {isolated(bounded(label, 60))}"))
            means.append({"key": keys[-1], "score": float(np.mean([row.score for row in rows])), "group": names[group]})
            points += [
                {
                    "key": keys[-1],
                    "sample": bounded(row.sample, 60),
                    "group": bounded(label, 60),
                    "score": round(row.score, 4),
                    "colour": (row.batch or "not recorded") if by_batch else names[group],
                    "batch": row.batch or "—",
                    "flag": row.flag,
                    # Golden-ratio steps spread points evenly, the same way every time.
                    "jitter": round((place * 0.618) % 1 - 0.5, 3),
                }
                for place, row in enumerate(rows)
            ]
    return keys, points, means


def _datum(axis: Spec) -> Spec:
    return {key: value for key, value in axis.items() if key != "field"}


def _words(entry: CardContrast) -> str:
    return interval_words(entry.effect, entry.ci_low, entry.ci_high)

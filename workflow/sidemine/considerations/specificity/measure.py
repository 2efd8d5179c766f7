"""Is the primary set special? Its place among matched random sets and comparator sets: percentiles, never p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.specificity.matched_sets import MatchedSets, draw_matched_sets
from sidemine.considerations.specificity.record import AmongComparators, AmongMatched, Placed, SetBeside, Specificity
from sidemine.considerations.specificity.specification import SpecificitySettings
from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.effect.measure import genes_of_answer
from sidemine.effect.record import HypothesisEvidence
from sidemine.enrichment.camera import direction_of
from sidemine.enrichment.fry import fry
from sidemine.enrichment.gene_set_table import genes_of_set
from sidemine.enrichment.set_effect import hedges_g, set_effects
from sidemine.enrichment.set_membership import SetMembership, are_among, build_membership
from sidemine.enrichment.unit_errors import p_of_units
from sidemine.records import fields_of
from sidemine.stats.seeds import named_seed
from sidemine.study.projections import HypothesisToPlace
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FEWEST_COMPARATORS = 10
"""With fewer comparator sets no rank can reach the 90th percentile by merit."""
N_QUANTILES = 41
"""Quantiles of the random sets' effects that are kept for the plot."""
MOST_NAMED = 5


@dataclass(frozen=True)
class _Question:
    """One primary set in one contrast."""

    hypothesis: HypothesisToPlace
    contrast: str
    fit: ContrastFit
    common: list[str] | None
    settings: SpecificitySettings

    @property
    def sign(self) -> float:
        """Return +1 or -1 for a declared direction, 0 for either."""
        return {"up": 1.0, "down": -1.0}.get(self.hypothesis.primary.direction, 0.0)


def measure_specificity(
    hypotheses: list[HypothesisToPlace],
    evidence: Mapping[str, HypothesisEvidence],
    fits: dict[str, ContrastFit | None],
    gene_sets: pd.DataFrame,
    settings: SpecificitySettings,
) -> tuple[pd.DataFrame, list[Specificity]]:
    """Place every primary set among matched random sets, comparator, confounder and negative-control sets.

    All effects are on the hypothesis' own scale: Hedges g for cohorts, log2 fold change over the set's complement for
    experiments. Percentiles count the sets whose effect in the declared direction is smaller (ties by half); for
    `either`, effects without their sign.

    Parameters
    ----------
    hypotheses, evidence
        As declared, and what was measured of each, by its id.
    fits
        Fit of every contrast that they name; None where it is not testable.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    settings
        Number and seed of the random sets, sizes of sets.

    Returns
    -------
    tuple
        The table of `specificity.table.SPECIFICITY`, and one record per hypothesis.
    """
    import pandas as pd

    tables, records = [], []
    drawn: _Drawn = {}
    for hypothesis in hypotheses:
        common = _common_genes(hypothesis, evidence, fits, gene_sets)
        entries = []
        for contrast in hypothesis.primary.contrasts:
            fit = fits[contrast]
            question = None if fit is None else _Question(hypothesis, contrast, fit, common, settings)
            if question is None or not _has_primary(question, gene_sets):
                continue
            table, entry = _measure(question, gene_sets, drawn)
            tables.append(table)
            entries.append(entry)
        records.append(Specificity(hypothesis.id, entries))
    return (pd.concat(tables, ignore_index=True) if tables else empty_table(SPECIFICITY)), records


def percentile(effect: float, others: NDArray[np.float64], sign: float) -> float:
    """Return the percentage of `others` below `effect`; ties count by half.

    Parameters
    ----------
    effect
        The effect that is placed.
    others
        Effects that it is placed among.
    sign
        1: upwards, −1: downwards, 0: by size, without signs.
    """
    own, rest = (abs(effect), np.abs(others)) if sign == 0 else (sign * effect, sign * others)
    return float(100 * (np.sum(rest < own) + 0.5 * np.sum(rest == own)) / len(others))


def _common_genes(
    hypothesis: HypothesisToPlace,
    evidence: Mapping[str, HypothesisEvidence],
    fits: dict[str, ContrastFit | None],
    gene_sets: pd.DataFrame,
) -> list[str] | None:
    """Return the primary set's genes that every pooled cohort measured, on which its Hedges g rests; None in experiments."""
    if hypothesis.kind != "cohort":
        return None
    genes = genes_of_set(gene_sets, hypothesis.primary.set)
    return sorted(genes & genes_of_answer(evidence[hypothesis.id], fits))


def _primary_rows(question: _Question, gene_sets: pd.DataFrame) -> pd.DataFrame:
    rows = gene_sets[gene_sets["gene_set"] == question.hypothesis.primary.set]
    return rows if question.common is None else rows[rows["gene"].isin(question.common)]


def _has_primary(question: _Question, gene_sets: pd.DataFrame) -> bool:
    rows = _primary_rows(question, gene_sets)
    return int(are_among(rows["gene"], question.fit.genes).sum()) >= question.settings.min_set_size


_Drawn = dict[tuple[object, ...], tuple[MatchedSets, "NDArray[np.float64]"]]
"""Random sets and their effects, by what they depend on: two hypotheses may ask for those of one set in one contrast."""


def _measure(question: _Question, gene_sets: pd.DataFrame, drawn: _Drawn) -> tuple[pd.DataFrame, Placed]:
    import pandas as pd

    primary_rows = _primary_rows(question, gene_sets)
    primary = build_membership(primary_rows, question.fit.genes, min_size=1)
    others = gene_sets[gene_sets["gene_set"] != question.hypothesis.primary.set]
    beside = build_membership(
        others, question.fit.genes, question.settings.min_set_size, question.settings.max_set_size
    )
    effects = _effects(question, primary)
    rest = _effects(question, beside, with_p=False)
    effect = float(effects["effect"].iloc[0])
    comparators = rest.loc[rest["family"] == "comparator", "effect"].to_numpy(dtype=float)
    rest["percentile_comparators"] = [_among(value, comparators, question) for value in rest["effect"]]
    effects["percentile_comparators"] = _among(effect, comparators, question)
    asked = question.hypothesis.primary
    key = (question.contrast, asked.set, asked.score, None if question.common is None else tuple(question.common))
    if key not in drawn:
        drawn[key] = _matched(question, primary, gene_sets)
    matched, random_effects = drawn[key]
    effects["percentile_matched"] = np.nan if matched.reason else percentile(effect, random_effects, question.sign)
    rest["percentile_matched"] = np.nan
    overlaps = _overlaps(question, primary_rows, others).assign(
        percentile_matched=np.nan, percentile_comparators=np.nan
    )
    parts = [part for part in (effects, rest, overlaps) if len(part)]
    table = pd.concat(parts).assign(
        hypothesis=question.hypothesis.id,
        contrast=question.contrast,
        effect_scale="Hedges g" if question.common is not None else "log2 over complement",
    )
    entry = Placed(
        contrast=question.contrast,
        gene_set=question.hypothesis.primary.set,
        direction=question.hypothesis.primary.direction,
        effect=effect,
        matched=_matched_record(matched, random_effects, effect, question),
        comparators=_comparator_record(effect, rest, question),
        beside=_sets_of(rest[rest["family"].isin(_BESIDE)]),
        overlaps=_sets_of(overlaps),
    )
    return table[SPECIFICITY.names], entry


_BESIDE = ("confounder", "negative_control")


def _among(effect: float, comparators: NDArray[np.float64], question: _Question) -> float:
    enough = len(comparators) >= FEWEST_COMPARATORS
    return percentile(effect, comparators, question.sign) if enough else float("nan")


def _effects(question: _Question, membership: SetMembership, with_p: bool = True) -> pd.DataFrame:
    """Return effect, interval and (where wanted) FRY p of each set, on the hypothesis' scale."""
    import pandas as pd

    if question.common is not None:
        effects = hedges_g(question.fit, membership, score=question.hypothesis.primary.score).rename(
            columns={"g": "effect"}
        )
    else:
        columns = {
            "over_complement": "effect",
            "over_complement_ci_low": "ci_low",
            "over_complement_ci_high": "ci_high",
        }
        effects = set_effects(question.fit, membership).drop(columns=["effect", "ci_low", "ci_high"])
        effects = effects.rename(columns=columns)
    p_value: float | NDArray[np.float64] = np.nan
    if with_p:
        found = fry(question.fit, membership, mixed=False)["p_value"].to_numpy(dtype=float)
        p_value = np.maximum(found, p_of_units(question.fit, membership))
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "family": np.array(membership.families, dtype=object),
            "without": "",
            "n_measured": membership.n_measured,
            **{name: effects[name].to_numpy(dtype=float) for name in ("effect", "ci_low", "ci_high")},
            "direction": direction_of(effects["effect"].to_numpy(dtype=float)),
            "p_value": p_value,
        }
    )


def _matched(
    question: _Question, primary: SetMembership, gene_sets: pd.DataFrame
) -> tuple[MatchedSets, NDArray[np.float64]]:
    from scipy.sparse import csr_array

    targets = gene_sets.loc[gene_sets["family"] == "target", "gene"].unique()
    drawn = draw_matched_sets(
        question.fit,
        primary.weights.indices.astype(np.int64),
        primary.weights.data,
        are_among(question.fit.genes, targets),
        question.settings.matched_sets,
        # Independent of what else the study declares, so that adding a contrast leaves the others alone.
        named_seed(question.settings.seed, question.contrast, question.hypothesis.primary.set),
    )
    n_drawn, size = drawn.members.shape
    if n_drawn == 0:
        return drawn, np.zeros(0)
    rows = np.repeat(np.arange(n_drawn), size)
    weights = csr_array(
        (drawn.weights.ravel(), (rows, drawn.members.ravel())), shape=(n_drawn, len(question.fit.genes))
    )
    sizes = np.full(n_drawn, size, dtype=np.int64)
    names = [f"random_{number}" for number in range(n_drawn)]
    membership = SetMembership(
        names, ["comparator"] * n_drawn, ["random"] * n_drawn, sizes, sizes, weights, [], drawn.weights.min(axis=1) < 0
    )
    if question.common is not None:
        return drawn, hedges_g(question.fit, membership, score=question.hypothesis.primary.score)["g"].to_numpy(
            dtype=float
        )
    return drawn, set_effects(question.fit, membership)["over_complement"].to_numpy(dtype=float)


def _overlaps(question: _Question, primary_rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return what is left of one set once the genes of another are out: primary and other target or secondary sets."""
    import pandas as pd

    named = set(question.hypothesis.secondary_sets)
    candidates = others[(others["family"] == "target") | others["gene_set"].isin(named)]
    primary_genes, parts, names = set(primary_rows["gene"]), [], {}
    for other, rows in candidates.groupby("gene_set", sort=True):
        if not primary_genes & set(rows["gene"]):
            continue
        pairs = ((primary_rows, str(other), set(rows["gene"])), (rows, question.hypothesis.primary.set, primary_genes))
        for kept, left_out, genes in pairs:
            own = str(kept["gene_set"].iloc[0])
            name = f"{own} without {left_out}"
            names[name] = (own, left_out)
            parts.append(kept[~kept["gene"].isin(genes)].assign(gene_set=name))
    if not parts or not any(len(part) for part in parts):
        return _nothing()
    membership = build_membership(
        pd.concat(parts, ignore_index=True), question.fit.genes, question.settings.min_set_size
    )
    effects = _effects(question, membership) if membership.gene_sets else _nothing()
    effects["without"] = [names[name][1] for name in effects["gene_set"]]
    effects["gene_set"] = [names[name][0] for name in effects["gene_set"]]
    return effects


def _nothing() -> pd.DataFrame:
    columns = ["gene_set", "family", "without", "n_measured", "effect", "ci_low", "ci_high", "direction", "p_value"]
    return empty_table(SPECIFICITY)[columns]


def _matched_record(
    matched: MatchedSets, effects: NDArray[np.float64], effect: float, question: _Question
) -> AmongMatched:
    quantiles = np.quantile(effects, np.linspace(0, 1, N_QUANTILES)) if len(effects) else np.zeros(0)
    return AmongMatched(
        **fields_of(matched.quality),
        percentile=None if matched.reason else percentile(effect, effects, question.sign),
        reason=matched.reason,
        quantiles=[float(value) for value in quantiles],
        percentile_less_alike=percentile(effect, effects, question.sign) if matched.less_alike else None,
    )


def _comparator_record(effect: float, rest: pd.DataFrame, question: _Question) -> AmongComparators:
    comparators = rest[rest["family"] == "comparator"]
    values = comparators["effect"].to_numpy(dtype=float)
    size = np.abs(values) if question.sign == 0 else question.sign * values
    own = abs(effect) if question.sign == 0 else question.sign * effect
    order = np.lexsort((comparators["gene_set"].to_numpy(dtype=str), -size))
    ahead = [str(comparators["gene_set"].iloc[row]) for row in order if size[row] >= own]
    place = _among(effect, values, question)
    few = f"no valid comparator: {len(comparators)} comparator sets, fewer than {FEWEST_COMPARATORS}"
    return AmongComparators(
        n=len(comparators),
        rank=len(ahead) + 1,
        ahead=ahead[:MOST_NAMED],
        percentile=None if np.isnan(place) else place,
        reason=few if np.isnan(place) else "",
    )


def _sets_of(table: pd.DataFrame) -> list[SetBeside]:
    """Return the rows of a table; JSON knows no NaN."""
    columns = [item.name for item in fields(SetBeside)]
    values = [[None if value != value else value for value in table[column].tolist()] for column in columns]
    return [SetBeside(**dict(zip(columns, row, strict=True))) for row in zip(*values, strict=True)]

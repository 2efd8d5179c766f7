"""All variants of one hypothesis, and how many of them agree with the analysis as declared."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.robustness.contrast_data import ContrastData, NotApplicable
from sidemine.considerations.robustness.measure import Measured, Question, measure_variant, self_contained_p
from sidemine.considerations.robustness.record import Robustness
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.considerations.robustness.variant_rows import Row, summarise_rows
from sidemine.considerations.robustness.variants import REFERENCE, Variant, cross_variants, declare_variants
from sidemine.effect.pooled_effect import pool_too_small, pooled_limit_factor
from sidemine.effect.pooling import METHODS, pool
from sidemine.effect.record import (
    ContrastEvidence,
    HypothesisEvidence,
    PooledEffect,
    Refused,
)
from sidemine.effect.scale import scale_of
from sidemine.stats.seeds import named_seed
from sidemine.study.projections import HypothesisToPlace

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Verdict = Callable[[HypothesisEvidence], str]


def vary_hypothesis(
    hypothesis: HypothesisToPlace,
    evidence: HypothesisEvidence,
    contrasts: Mapping[str, ContrastData],
    gene_sets: pd.DataFrame,
    *,
    verdict: Verdict,
    settings: RobustnessSettings,
    skip: Collection[str] = (),
) -> Robustness:
    """Ask one hypothesis in every variant of the declared grid.

    Parameters
    ----------
    hypothesis
        As declared.
    evidence
        What the reference run measured, pooled effect included.
    contrasts
        Data of its testable primary contrasts.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    verdict
        Returns the verdict for a variant's evidence, by the rules without robustness itself.
    settings
        Dimensions of the grid, and settings of the reference run.
    skip
        Names of variants that are left out, for simulations: array weights take longer than all others together.

    Returns
    -------
    Robustness
        An entry of `robustness.json`.
    """
    if not any(row.testable for row in evidence.contrasts) or not evidence.pooled.k:
        return summarise_rows(hypothesis, [], "no contrast could be tested")
    versions, words = _set_versions(hypothesis, gene_sets)
    testable = {row.contrast for row in evidence.contrasts if row.testable}
    used = {name: contrasts[name] for name in hypothesis.primary.contrasts if name in testable}
    question = Question(
        hypothesis.kind,
        evidence,
        used,
        versions,
        settings.rotations,
        _seed(settings.seed, hypothesis.id),
        settings.min_set_size,
        _needed(versions, used),
        hypothesis.primary.score,
    )
    singles = declare_variants(
        hypothesis.kind,
        list(dict.fromkeys(name for data in used.values() for name in data.covariates)),
        list(dict.fromkeys(row.dataset for row in evidence.contrasts)),
        words,
        settings.probe_rule,
        settings.robustness,
        hypothesis.primary.score,
    )
    singles = [variant for variant in singles if variant.name not in skip]
    attempts = [_attempt(question, variant) for variant in singles]
    if "crossed" in settings.robustness:
        usable = [variant for variant, (measured, _) in zip(singles, attempts, strict=True) if measured]
        crossed = cross_variants(usable, settings.robustness_crossed)
        singles += crossed
        attempts += [_attempt(question, variant) for variant in crossed]
    reference = Measured(question.testable, _genes_of_reference(question))
    rows = _read(
        question,
        [(REFERENCE, reference, ""), *((one, *told) for one, told in zip(singles, attempts, strict=True))],
        verdict,
    )
    return summarise_rows(hypothesis, rows, "", ages_modelled=all(data.models_age for data in used.values()))


def _attempt(question: Question, variant: Variant) -> tuple[Measured | None, str]:
    try:
        return measure_variant(question, variant), ""
    except NotApplicable as error:
        return None, str(error)


def _seed(seed: int, hypothesis: str) -> int:
    """Return a seed that depends on nothing but the study's and the hypothesis' name."""
    return sum(named_seed(seed, hypothesis)) % (2**31 - 2) + 1


def _genes_of_reference(question: Question) -> int:
    return question.evidence.n_common_genes or min(row.n_measured for row in question.testable)


def _needed(versions: Mapping[str, pd.DataFrame], contrasts: Mapping[str, ContrastData]) -> frozenset[str]:
    """Return the genes whose scores cohort effects rest on: all versions of the set, and the cell markers."""
    genes = {str(gene) for rows in versions.values() for gene in rows["gene"]}
    for data in contrasts.values():
        genes |= {gene for own in (data.markers or {}).values() for gene in own}
    return frozenset(genes)


def _set_versions(
    hypothesis: HypothesisToPlace, gene_sets: pd.DataFrame
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the primary set ('') and its other versions, and the latter in words.

    Versions: without the genes that a confounder set holds as well; two halves (genes in the order of a checksum of
    their names, taken in turn), so that no few genes carry the answer; the declared secondary sets of the target family.
    """
    name = hypothesis.primary.set
    primary = gene_sets[gene_sets["gene_set"] == name]
    shared = set(gene_sets.loc[gene_sets["family"] == "confounder", "gene"]) & set(primary["gene"])
    order = sorted(primary["gene"], key=lambda gene: (zlib.crc32(str(gene).encode()), gene))
    versions = {"": primary, "without_confounder_genes": primary[~primary["gene"].isin(shared)]}
    words = {"without_confounder_genes": f"without the {len(shared)} genes that a confounder set holds as well"}
    for number in (1, 2):
        versions[f"half_{number}"] = primary[primary["gene"].isin(order[number - 1 :: 2])]
        words[f"half_{number}"] = f"half {number} of the genes of the set"
    families = gene_sets.drop_duplicates("gene_set").set_index("gene_set")["family"]
    for other in dict.fromkeys(hypothesis.secondary_sets):
        if other != name and families.get(other) == "target":
            versions[f"alternative_{other}"] = gene_sets[gene_sets["gene_set"] == other]
            words[f"alternative_{other}"] = f"the declared secondary target set {other} instead"
    if not shared:
        versions["without_confounder_genes"] = primary.iloc[:0]
    return versions, words


def _read(question: Question, found: Sequence[tuple[Variant, Measured | None, str]], verdict: Verdict) -> list[Row]:
    """Pool what each variant measured, all variants at once, and let the rules read it."""
    measured = [result for _, result, _ in found if result is not None]
    pooled = iter(_pool(question, measured))
    rows: list[Row] = []
    for variant, result, reason in found:
        if result is None:
            rows.append(Row(variant, reason=_reason(variant, reason)))
            continue
        effect = next(pooled)
        if variant is REFERENCE:
            effect = question.evidence.pooled
        test = result.test
        if question.kind == "experiment":
            test = self_contained_p(result.rows)
        elif test is not None:
            effect = replace(effect, p=test.p_value)
        by_name = {row.contrast: row for row in result.rows}
        kept = [by_name[row.contrast] for row in question.evidence.contrasts if row.contrast in by_name]
        kept += [row for row in question.evidence.contrasts if not row.testable]
        decided = verdict(replace(question.evidence, contrasts=kept, pooled=effect))
        direction = result.test.direction if result.test else _direction(effect)
        rows.append(Row(variant, result, effect, test.p_value if test else effect.p, direction, decided))
    return rows


def _reason(variant: Variant, reason: str) -> str:
    if variant.name == "set_version_without_confounder_genes" and reason.startswith("0 measured"):
        return "it shares no gene with a confounder set"
    return reason


def _direction(effect: PooledEffect) -> str:
    value = effect.effect or 0.0
    return "up" if value > 0 else "down" if value < 0 else "none"


def _pool(question: Question, measured: Sequence[Measured]) -> list[PooledEffect]:
    """Return the pooled effect of each variant; the contrasts that may enter are those of the reference run."""
    names = question.pooled
    scale = scale_of(question.kind)
    by_name = [{row.contrast: row for row in result.rows} for result in measured]

    def table(attribute: str) -> NDArray[np.float64]:
        return np.array([[_number(rows.get(name), attribute) for name in names] for rows in by_name], dtype=np.float64)

    # The design's weights are those of the reference: a variant changes the effects, and hardly who is compared.
    weights = table("effect_weight")
    known = not np.isnan(weights).all()
    pooled = pool(table("effect"), table("effect_se"), table("effect_df"), weights=weights if known else None)
    carried = pooled.carried
    refused = question.evidence.pooled.refused
    results = []
    for row, rows in enumerate(by_name):
        entered = [name for name in names if name in rows]
        effect, se, low, high, p_value, df = (
            float(values[row])
            for values in (carried.effect, carried.se, carried.ci_low, carried.ci_high, pooled.demanded_p, carried.df)
        )
        results.append(
            PooledEffect(
                k=int(pooled.k[row]),
                contrasts=entered,
                refused=[*refused, *(Refused(name, "left out") for name in names if name not in rows)],
                method=METHODS[int(pooled.method[row])],
                unit=scale.unit,
                effect=effect,
                se=se,
                df=df if np.isfinite(df) else None,
                ci_low=low,
                ci_high=high,
                p=p_value,
                # A variant is read by the limit, and contradicted by the small cohorts, as the answer is.
                limit_factor=pooled_limit_factor([rows[name] for name in entered]) if entered else 1.0,
                common_p=float(pooled.common.p_value[row]),
                hartung_knapp_p=_or_none(float(pooled.hartung_knapp.p_value[row])),
                too_small=pool_too_small(list(rows.values()), refused),
            )
        )
    return results


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(row: ContrastEvidence | None, attribute: str) -> float:
    value = None if row is None else getattr(row, attribute)
    return float("nan") if value is None else float(value)

"""The primary effect of a hypothesis, measured in each of its contrasts on the scale of its kind (`effect.scale`)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.counts import TOO_SHALLOW
from sidemine.differential.record import DesignRecord
from sidemine.effect.compound_record import CompoundEvidence
from sidemine.effect.intervals import measured_effect
from sidemine.effect.pooled_effect import NO_POOL_OF_ARMS, UNIT, choose_independent, not_pooled, pool_contrasts
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin, MarginError, Refused
from sidemine.effect.scale import EffectScale, scale_of
from sidemine.enrichment.set_effect import errors_by_sample, set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_test import COMPETITIVE, SELF_CONTAINED
from sidemine.enrichment.unit_errors import p_of_blocks_over_others, p_of_units
from sidemine.errors import Problem
from sidemine.quality.shared_samples import sample_name
from sidemine.sources.scales import SCALES
from sidemine.study.hypotheses import MarginOfControl
from sidemine.study.projections import DatasetToCount, DatasetToMeasure, HypothesisToMeasure

if TYPE_CHECKING:
    import pandas as pd

FEWEST_GENES = 5
"""Measured genes (cohorts: in all of them) below which a set's change cannot be told from that of one gene."""
FEWEST_DF_TO_EXAMINE = 20
"""Residual degrees of freedom of a cohort: ten must be left after adjusting (`adjustment.FEWEST_RESIDUAL_DF`), and ten are for
cells and hidden factors."""
FEWEST_LARGE = 2
"""Independent cohorts of that size beside which smaller ones do not count."""
CONTROL_P = 0.05
"""A positive control must reach this two-sided self-contained p, in its expected direction, before a margin is taken
from it."""


@dataclass(frozen=True)
class ContrastResults:
    """A contrast, its dataset, and what earlier stages found of it.

    Attributes
    ----------
    contrast, dataset
        Its id, and the row of its dataset.
    fit
        None where the contrast could not be tested.
    design
        `design.json`.
    set_tests
        As `set_test_table.SET_TESTS` describes.
    samples
        Of the dataset, as `sample_table.SAMPLES` describes.
    """

    contrast: str
    dataset: DatasetToMeasure
    fit: ContrastFit | None
    design: DesignRecord
    set_tests: pd.DataFrame
    samples: pd.DataFrame


def measure_hypothesis(
    hypothesis: HypothesisToMeasure,
    results: Sequence[ContrastResults],
    gene_sets: pd.DataFrame,
    same: Mapping[str, Mapping[str, str]],
    compounds: CompoundEvidence | None = None,
) -> HypothesisEvidence:
    """Measure the primary effect of a hypothesis in all its contrasts.

    Parameters
    ----------
    hypothesis
        As declared before any result was seen.
    results
        Its primary contrasts and, where the margin is a fraction of a positive control, that control.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    same
        Per dataset, its samples that stand in another dataset too: `same` of `find_shared_samples`.
    compounds
        Of a panel: what the model of all its arms gave.

    Returns
    -------
    HypothesisEvidence
        Effects (target minus reference), intervals, tests; a contrast that cannot be tested carries its problem.
    """
    primary = gene_sets[gene_sets["gene_set"] == hypothesis.primary.set]
    by_name = {entry.contrast: entry for entry in results}
    alone = {name: _evidence_of(entry, primary, hypothesis) for name, entry in by_name.items()}
    refused = _refuse([alone[name] for name in hypothesis.primary.contrasts], hypothesis.kind, by_name, same)
    evidence, common = alone, None
    if scale_of(hypothesis.kind).over_common_genes:
        barred = {entry.contrast for entry in refused}
        pooled = [name for name in hypothesis.primary.contrasts if measured_effect(alone[name]) and name not in barred]
        common = set(primary["gene"]) & common_genes([by_name[name].fit for name in pooled])
        having = {name: len(set(primary["gene"]) & common_genes([by_name[name].fit])) for name in pooled}
        if pooled:
            evidence = {
                name: _evidence_of(entry, primary, hypothesis, common, having) for name, entry in by_name.items()
            }
    contrasts = [evidence[name] for name in hypothesis.primary.contrasts]
    # One that measured too few of the genes that count shows nothing beside the others.
    refused = [entry for entry in refused if measured_effect(evidence[entry.contrast])]
    correlations = _correlations_with_control(hypothesis, by_name, primary)
    if hypothesis.kind == "panel":
        # Its arms share samples by design: one sentence, not one for each pair.
        panel_evidence = gather_evidence(hypothesis, evidence, correlations=correlations)
        panel_evidence = replace(panel_evidence, pooled=not_pooled(NO_POOL_OF_ARMS))
        if compounds is None:
            return replace(panel_evidence, notes=[])
        units = all(row.has_units for row in contrasts)
        return replace(panel_evidence, compounds=replace(compounds, can_exclude=units), notes=compounds.notes)
    return gather_evidence(
        hypothesis,
        evidence,
        refused,
        None if common is None else len(common),
        [
            *_notes(results, set(hypothesis.primary.contrasts)),
            *_genes_missing(common or set(), refused, {name: entry.fit for name, entry in by_name.items()}),
        ],
        correlations,
    )


def gather_evidence(
    hypothesis: HypothesisToMeasure,
    measured: Mapping[str, ContrastEvidence],
    refused: Sequence[Refused] = (),
    n_common_genes: int | None = None,
    notes: Sequence[str] = (),
    correlations: Mapping[str, list[float]] | None = None,
) -> HypothesisEvidence:
    """Return the evidence of a hypothesis from that of its contrasts: margin and pooled effect.

    Parameters
    ----------
    hypothesis
        As declared.
    measured
        Evidence of its primary contrasts, and of the positive control of its margin.
    refused
        Contrasts that must not be pooled, each with the reason.
    n_common_genes, notes
        Genes of the set that all pooled cohorts measured; what a reader should know about the contrasts.
    correlations
        Of the contrasts with the control of the margin, where they share samples (`MarginError.correlations`).
    """
    primary = hypothesis.primary
    margin, control = _margin(hypothesis, measured, correlations or {})
    contrasts = [measured[name] for name in primary.contrasts]
    return HypothesisEvidence(
        hypothesis=hypothesis.id,
        contrasts=contrasts,
        control=control,
        margin=margin,
        pooled=pool_contrasts(contrasts, refused, primary.discovery, primary.direction),
        n_common_genes=n_common_genes,
        notes=[*notes, *(f"{entry.contrast} is not pooled: it {entry.reason}." for entry in refused)],
    )


def common_genes(fits: Iterable[ContrastFit | None]) -> set[str]:
    """Return the genes that all of these fits measured; None stands for a contrast that could not be tested."""
    measured = [set(fit.genes) for fit in fits if fit is not None]
    return set.intersection(*measured) if measured else set()


def genes_of_answer(evidence: HypothesisEvidence, fits: Mapping[str, ContrastFit | None]) -> set[str]:
    """Return the genes that all pooled cohorts measured: an effect of cohorts rests on those of the set.

    Parameters
    ----------
    evidence
        Of a hypothesis on cohorts. A cohort that is not pooled takes no gene away; its own effect rests on those of them
        that it measured.
    fits
        Of its contrasts.
    """
    return common_genes([fits.get(name) for name in evidence.pooled.contrasts])


def _refuse(
    contrasts: list[ContrastEvidence],
    kind: str,
    results: Mapping[str, ContrastResults],
    same: Mapping[str, Mapping[str, str]],
) -> list[Refused]:
    """Return the contrasts that must not be pooled, each with the reason: dependent ones, and small cohorts beside larger ones.

    A cohort in which nobody can look for cells and hidden factors would keep the answer of the others open, whatever it says.
    Where two independent ones are large enough, it is shown and not pooled; its size alone decides that. Whether it
    contradicts them is asked of it all the same (`readings.contradiction`).
    """
    tested = {row.contrast: results[row.contrast] for row in contrasts if measured_effect(row) is not None}
    sources = {row.contrast: row.source for row in contrasts}
    units = {name: units_of(entry.dataset, entry.samples, entry.fit, same) for name, entry in tested.items()}
    freedom = {row.contrast: row.residual_df or 0 for row in contrasts}
    large = [name for name in tested if freedom[name] >= FEWEST_DF_TO_EXAMINE]
    chosen, refused = choose_independent(large, sources, units)
    if kind != "cohort" or len(chosen) < FEWEST_LARGE:
        return choose_independent(list(tested), sources, units)[1]
    small = [name for name in tested if name not in large]
    independent = choose_independent([*chosen, *small], sources, units)[0]
    return refused + [
        Refused(
            name,
            f"has {freedom[name]:g} residual degrees of freedom, too few to look for cells and hidden factors "
            f"({FEWEST_DF_TO_EXAMINE} are needed); the larger cohorts carry the answer, and it is shown beside them",
            too_small=name in independent,
        )
        for name in small
    ]


def units_of(
    dataset: DatasetToCount, samples: pd.DataFrame, fit: ContrastFit | None, same: Mapping[str, Mapping[str, str]]
) -> frozenset[str]:
    """Name the samples that a fit used and their biological units, so that only the same ones share a name.

    Parameters
    ----------
    dataset, samples
        The dataset of the contrast, and its samples, as `sample_table.SAMPLES` describes.
    fit
        None where the contrast could not be tested. Samples that left before the fit are not named.
    same
        Per dataset, its samples that stand in another dataset too (under any accession), with their common names. A unit
        is the same as every unit that holds one of them.
    """
    used = set(fit.samples) if fit is not None else set()
    common = same.get(dataset.dataset, {})
    units = set(samples.loc[samples["sample"].isin(used), "unit"])
    members = samples.loc[samples["unit"].isin(units), "sample"]
    names = {common.get(name, sample_name(dataset.accession, name)) for name in used}
    names |= {f"{dataset.accession}{UNIT}{unit}" for unit in units}
    return frozenset(names | {f"{UNIT}{common[name]}" for name in members if name in common})


def _correlations_with_control(
    hypothesis: HypothesisToMeasure, results: Mapping[str, ContrastResults], primary: pd.DataFrame
) -> dict[str, list[float]]:
    """Return the correlations of contrasts with the control of the margin where they share samples (`MarginError.correlations`)."""
    declared = hypothesis.primary.margin
    if not isinstance(declared, MarginOfControl):
        return {}
    own = _parts_of_samples(results[declared.of_contrast], primary)
    found: dict[str, list[float]] = {}
    for name in hypothesis.primary.contrasts:
        ways = [
            [one[sample] * other[sample] for sample in one if sample in other]
            for one, other in zip(own, _parts_of_samples(results[name], primary), strict=True)
        ]
        sums = [math.fsum(way) for way in ways if way]
        if sums:
            found[name] = sums if declared.direction == "up" else [-total for total in sums]
    return found


def _parts_of_samples(entry: ContrastResults, primary: pd.DataFrame) -> list[dict[str, float]]:
    """Return what each sample adds to the error of the effect, as a vector of length 1: at equal variances, and as residuals show it."""
    fit = entry.fit
    if fit is None:
        return [{}, {}]
    names = [sample_name(entry.dataset.accession, name) for name in fit.samples]
    membership = build_membership(primary, fit.genes, min_size=1)
    seen = errors_by_sample(fit, membership) if membership.gene_sets else None
    return [
        dict(zip(names, fit.score_basis[:, 0].tolist(), strict=True)),
        {} if seen is None else dict(zip(names, seen.tolist(), strict=True)),
    ]


def _margin(
    hypothesis: HypothesisToMeasure,
    evidence: Mapping[str, ContrastEvidence],
    correlations: Mapping[str, list[float]],
) -> tuple[Margin, ContrastEvidence | None]:
    declared, scale = hypothesis.primary.margin, scale_of(hypothesis.kind)

    def margin(value: float | None, rule: str, error: MarginError | None = None) -> Margin:
        return Margin(value, scale.unit, rule, error)

    if not isinstance(declared, MarginOfControl):
        return margin(float(declared), f"{declared:g} {scale.margin_words}, declared in the study"), None
    control = evidence[declared.of_contrast]
    if not control.testable or control.effect is None:
        return margin(None, f"its positive control {declared.of_contrast} could not be tested"), control
    signed = control.effect if declared.direction == "up" else -control.effect
    p_value = 1.0 if control.p_self_contained is None else control.p_self_contained
    if p_value > CONTROL_P or control.direction != declared.direction or signed <= 0:
        why = (
            f"its positive control {declared.of_contrast} did not move the set {declared.direction} "
            f"(effect {control.effect:.2f} log2 units, two-sided p = {p_value:.2g})"
        )
        return margin(None, why), control
    rule = f"{declared.fraction:.0%} of the effect of {declared.of_contrast}, which is {control.effect:.2f} log2 units"
    of_control, share = measured_effect(control), declared.fraction
    error = None
    if of_control is not None:
        low, high = sorted(share * (end if signed == control.effect else -end) for end in of_control.interval(0.95))
        error = MarginError(share * of_control.se, of_control.df, low, high, dict(correlations))
    return margin(share * abs(control.effect), rule, error), control


def _evidence_of(
    entry: ContrastResults,
    primary: pd.DataFrame,
    hypothesis: HypothesisToMeasure,
    common: set[str] | None = None,
    having: Mapping[str, int] | None = None,
) -> ContrastEvidence:
    fit, design = entry.fit, entry.design
    shell = ContrastEvidence(
        contrast=entry.contrast,
        dataset=entry.dataset.dataset,
        accession=entry.dataset.accession,
        declared_source=entry.dataset.source,
        replicates=entry.dataset.replicates,
        n_target=design.n_target,
        n_reference=design.n_reference,
        testable=False,
    )
    if fit is None:
        return replace(shell, problem=design.problem)
    scale = scale_of(hypothesis.kind, hypothesis.primary.score)
    if scale.needs_fold_change and not fit.has_fold_change:
        return replace(shell, problem=_no_fold_change(entry, fit))
    tests = entry.set_tests
    rows = tests[tests["gene_set"] == hypothesis.primary.set].set_index("test")
    own = set(primary["gene"]) & set(fit.genes)
    counted = own if common is None else own & common
    if SELF_CONTAINED.name not in rows.index or len(counted) < FEWEST_GENES:
        return replace(shell, problem=_too_few_genes(hypothesis, entry, primary, fit, common, having or {}))
    shell = replace(shell, blocking=design.blocking)
    self_contained, competitive = rows.loc[[SELF_CONTAINED.name]], rows.loc[[COMPETITIVE.name]]
    return measure_contrast(shell, fit, primary, self_contained, competitive, scale, counted)


def measure_contrast(
    shell: ContrastEvidence,
    fit: ContrastFit,
    primary: pd.DataFrame,
    self_contained: pd.DataFrame,
    competitive: pd.DataFrame,
    scale: EffectScale,
    common: Collection[str] = (),
) -> ContrastEvidence:
    """Measure the primary effect in one fitted contrast.

    Parameters
    ----------
    shell
        The contrast's evidence without any number: what was compared.
    fit
        The fitted contrast.
    primary
        Rows of the primary set, as `gene_set_table.GENE_SETS` describes.
    self_contained, competitive
        What FRY and CAMERA found of this set, one row each, as `set_test_table.SET_TESTS` describes.
    scale
        Of the kind of hypothesis.
    common
        The set's genes that all pooled cohorts measured, where the scale rests on these.
    """
    membership = build_membership(primary, fit.genes, min_size=1)
    fry, camera = self_contained.to_dict("records")[0], competitive.to_dict("records")[0]
    effects = set_effects(fit, membership).to_dict("records")[0]
    size = scale.of_sets(fit, membership, common)
    return replace(
        shell,
        testable=True,
        effect=float(size.effect[0]),
        effect_se=float(size.se[0]),
        effect_df=float(size.df[0]),
        effect_weight=float(size.weight[0]) if isfinite(size.weight[0]) else None,
        effect_unit=scale.unit,
        ci_low=float(size.ci_low[0]),
        ci_high=float(size.ci_high[0]),
        set_log2_fold_change=float(effects["effect"]) if fit.has_fold_change else None,
        complement_log2_fold_change=float(effects["complement_effect"]) if fit.has_fold_change else None,
        p_self_contained=max(float(fry["p_value"]), float(p_of_units(fit, membership)[0])),
        direction=fry["direction"],
        p_competitive=max(float(camera["p_value"]), float(p_of_blocks_over_others(fit, membership)[0])),
        competitive_direction=camera["direction"],
        inter_gene_correlation=float(camera["inter_gene_correlation"]),
        n_in_set=int(fry["n_in_set"]),
        n_measured=int(fry["n_measured"]),
        residual_df=float(fit.residual_df),
    )


def _no_fold_change(entry: ContrastResults, fit: ContrastFit) -> Problem:
    return Problem(
        f"{SCALES[entry.dataset.scale].words} have no fold change, and the effect of an experiment is one",
        f"contrast {entry.contrast}, dataset {entry.dataset.dataset}: scale {entry.dataset.scale} ({fit.unit})",
        "for experiments: counts, logarithms, or linear values; z-scores and fractions in cohorts, as a standardised effect",
        "Use another file of the series that holds values with fold changes.",
    )


def _too_few_genes(
    hypothesis: HypothesisToMeasure,
    entry: ContrastResults,
    primary: pd.DataFrame,
    fit: ContrastFit,
    common: set[str] | None,
    having: Mapping[str, int],
) -> Problem:
    """Return the problem of a contrast; `having`: how many genes of the set each pooled cohort measured."""
    measured = len(set(primary["gene"]) & set(fit.genes))
    fewest = min(having, key=lambda name: having[name], default="")
    wanted = set(primary["gene"])
    shallow = sum(
        gene in wanted and reason.endswith(TOO_SHALLOW)
        for gene, reason in zip(fit.dropped_genes, fit.dropped_reasons, strict=True)
    )
    if shallow and measured + shallow >= FEWEST_GENES and (common is None or measured < FEWEST_GENES):
        return Problem(
            f"too few genes of {hypothesis.primary.set} have reads in both groups: one of them, or a part of it, was sequenced far less deeply",
            f"{measured} of {len(primary)} in contrast {entry.contrast} ({entry.dataset.accession}); {shallow} more have reads in the deeper "
            "group alone, where little expressed genes of shallow libraries seem higher",
            f"at least settings.min_set_size genes with reads in both groups, and never fewer than {FEWEST_GENES}",
            "Compare groups that were read to a like depth (of single cells: of a like number), or declare a set of more expressed genes.",
        )
    together = "" if common is None else f"; {len(common & set(fit.genes))} that all pooled cohorts measured too"
    return Problem(
        f"too few genes of {hypothesis.primary.set} were measured",
        f"{measured} of {len(primary)} in contrast {entry.contrast} ({entry.dataset.accession}){together}",
        f"at least settings.min_set_size measured genes, and never fewer than {FEWEST_GENES}: the change of fewer is not told "
        "from that of one gene",
        "Declare a primary set that this platform measures, or leave this contrast out of the hypothesis."
        if common is None or measured < FEWEST_GENES
        else f"It measures enough of them, but too few of those that count: of the pooled cohorts {fewest} measured the fewest "
        f"({having[fewest]}). Leave that one out{'' if fewest == entry.contrast else ', or this one'}.",
    )


def _genes_missing(common: set[str], refused: Sequence[Refused], fits: Mapping[str, ContrastFit | None]) -> list[str]:
    """Tell of the genes that the pooled effect rests on and that a cohort beside it lacks."""
    measured = {entry.contrast: len(common & set(fit.genes)) for entry in refused if (fit := fits[entry.contrast])}
    return [
        f"{name} measured {n} of the {len(common)} genes that the pooled effect rests on; its own effect rests on these."
        for name, n in measured.items()
        if FEWEST_GENES <= n < len(common)
    ]


def _notes(results: Sequence[ContrastResults], declared: set[str]) -> list[str]:
    """Tell what is not independent: contrasts of one source, shared samples, repeats of one unit."""
    by_source: dict[str, list[ContrastResults]] = {}
    for entry in results:
        if entry.contrast in declared:
            by_source.setdefault(entry.dataset.independent_source, []).append(entry)
    notes = [
        f"{', '.join(entry.contrast for entry in entries)} come from one source "
        f"({entries[0].dataset.source or entries[0].dataset.accession}) and count as one."
        for entries in by_source.values()
        if len(entries) > 1
    ]
    groups = {entry.contrast: {*entry.design.target_samples, *entry.design.reference_samples} for entry in results}
    dataset_of = {entry.contrast: entry.dataset.accession for entry in results}
    names = list(groups)
    for position, first in enumerate(names):
        for other in names[position + 1 :]:
            shared = len(groups[first] & groups[other]) if dataset_of[first] == dataset_of[other] else 0
            if shared:
                notes.append(
                    f"{first} and {other} share {shared} samples, so chance moves both together: they are no "
                    "confirmation of one another."
                )
    for entry in results:
        if entry.contrast in declared:
            notes += [f"{entry.contrast}: {note}." for note in entry.design.notes]
    return notes

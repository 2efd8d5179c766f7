"""The quality record of one contrast: what else differs between its groups, and whether its p-values are believable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.associations import associated, find_age_overlap, find_associations
from sidemine.quality.flags import MOST_NAMED, Flag, consequence_words
from sidemine.quality.group_scale import SCALE as LEVEL
from sidemine.quality.group_scale import flag_column_totals, flag_library_size, flag_scale
from sidemine.quality.near_copies import answered_words
from sidemine.quality.p_histogram import GenesByUnit, read_histogram
from sidemine.quality.record import (
    Association,
    ComparedSamples,
    ContrastQuality,
    DatasetQuality,
    PValueHistogram,
    ReusedSample,
    ReusedSides,
)
from sidemine.sources.scales import LIBRARY_OFFSET, LOG2_FOLD_CHANGE, is_filtered
from sidemine.text.columns import read_column
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.projections import DatasetOfContrasts, TrapsOfContrast

BATCH = "batches of the two groups"
OTHERS = "other records of the two groups"
REUSED = "re-used samples on the two sides"
COPIES = "nearly identical samples of the contrast"
PAIRS = "sex within blocks"
AGES = "declared ages"
P_VALUES = "shape of the p-values"


def assess_contrast(
    compared: ComparedSamples,
    samples: pd.DataFrame,
    values: NDArray[np.float64],
    counts: NDArray[np.float64] | None,
    table: pd.DataFrame,
    by_unit: GenesByUnit | None,
    dataset_quality: DatasetQuality,
    *,
    group_columns: Collection[str],
    row: DatasetOfContrasts,
    traps: TrapsOfContrast,
) -> ContrastQuality:
    """Return the quality record of one contrast.

    Parameters
    ----------
    compared
        Which samples are compared, and by what design.
    samples
        The dataset's metadata, text columns (index: sample).
    values
        log2 expression, samples × genes, rows as in `samples`.
    counts
        Counts in the same shape, or None.
    table
        `differential.tsv.gz`; empty when the contrast could not be tested.
    by_unit
        The genes with errors by sample or block (`unit_errors.genes_by_unit`); None where there are none.
    dataset_quality
        `quality.json` of the dataset.
    group_columns
        Metadata columns that the selectors read.
    row
        The dataset's row (age_column, batch_columns).
    traps
        `settings.traps`.
    """
    import pandas as pd

    targets, references = compared.target, compared.reference
    if not (targets and references):  # there are no two groups to compare, and no check is called in order
        return ContrastQuality(
            compared.contrast, compared.dataset, [], [], read_histogram([]), ReusedSides([], []), None
        )
    names = [*targets, *references]
    positions = samples.index.get_indexer(pd.Index(names))
    here = samples.iloc[positions]
    is_target = np.arange(len(names)) < len(targets)
    in_design = {*compared.covariates, compared.block}
    associations = find_associations(
        here,
        is_target,
        group_columns=group_columns,
        in_design=in_design,
        batch_columns=row.batch_columns,
        block=compared.block,
    )
    reading = read_histogram([float(value) for value in table["p_value"]], by_unit)
    reused = reused_sides(dataset_quality.reused_samples, targets, references)
    typical_se = float(np.median(table["se"])) if len(table) else None
    flags = [
        flag_batches(associations, traps),
        flag_others(associations, traps.group_associated),
        flag_reused_sides(reused, len(targets), len(references), traps.reused_samples),
        _flag_copies(dataset_quality, names, traps.duplicated_samples),
        *([_flag_blocks(here, compared.block, dataset_quality)] if compared.block in here.columns else []),
        flag_scale(values[positions].T, is_target, typical_se, traps.scale_shift)
        if compared.unit == LOG2_FOLD_CHANGE
        else Flag("", LEVEL, "ok", f"not compared: a {compared.unit} has no level"),
        *([] if counts is None else [flag_library_size(counts[positions], is_target, traps.library_size)]),
        *(
            [flag_column_totals(np.exp2(values[positions]) - LIBRARY_OFFSET, is_target, traps.library_size)]
            if is_filtered(row.scale)
            else []
        ),
        flag_p_values(reading, traps.hidden_structure),
        *([flag_age(here, row.age_column)] if row.age_column in here.columns else []),
    ]
    return ContrastQuality(
        contrast=compared.contrast,
        dataset=compared.dataset,
        flags=flags,
        associations=[_rounded(association) for association in associations],
        p_value_histogram=reading,
        reused_samples=reused,
        age_overlap=find_age_overlap(here, is_target, row.age_column),
    )


def flag_batches(associations: Sequence[Association], traps: TrapsOfContrast) -> Flag:
    """Return the finding on technical batches: aliased with the group, associated with it, or neither."""
    batches = [association for association in associations if association.batch_like]
    if not batches:
        return Flag("", BATCH, "ok", "no batch is recorded under a name that is known; one may exist nevertheless")
    aliased = [association for association in batches if association.pattern == "aliased"]
    if aliased:
        action = traps.batch_aliased
        done = (
            "the contrast is not testable"
            if action == "drop" or any(association.in_design for association in aliased)
            else ""
        )
        return Flag(
            "batch_aliased",
            BATCH,
            "problem",
            "; ".join(
                f"{association.column} separates the groups completely (first v second group: {association.words})"
                for association in aliased
            ),
            consequence_words(action, "The difference between the groups cannot be told from the batch.", done),
            serious=True,
        )
    outside = [
        association for association in associated(associations) if association.batch_like and not association.in_design
    ]
    if outside:
        return Flag(
            "batch_associated",
            BATCH,
            "warn",
            "; ".join(_association_words(association) for association in outside),
            consequence_words(traps.batch_associated, "Put it among the covariates of the contrast."),
            serious=True,
        )
    return Flag("batch_associated", BATCH, "ok", "; ".join(_association_words(association) for association in batches))


def flag_others(associations: Sequence[Association], action: str) -> Flag:
    """Return the finding on all other columns; those in the design and renamings of the group are told, not flagged."""
    others = [association for association in associations if not association.batch_like]
    suspects = [
        association
        for association in [
            *associated(others),
            *(association for association in others if association.pattern == "aliased"),
        ]
        if not association.in_design
    ]
    in_model = [association for association in associated(others) if association.in_design]
    renamed = [
        association.column
        for association in others
        if association.pattern in {"names the group", "subdivides the group"}
    ]
    one_sided = [association.column for association in others if association.pattern == "missing in one group"]
    notes = []
    if in_model:
        notes.append("in the model: " + "; ".join(_association_words(association) for association in in_model))
    if renamed:
        notes.append(f"the same partition as the groups, taken for names of them: {first_of(renamed, MOST_NAMED)}")
    if one_sided:
        notes.append(f"recorded in one group only, so not to be compared: {first_of(one_sided, MOST_NAMED)}")
    if suspects:
        told = "; ".join(_association_words(association) for association in suspects)
        return Flag(
            "group_associated",
            OTHERS,
            "warn",
            "; ".join([told, *notes]),
            consequence_words(action, "Consider it as a covariate; where the groups hardly overlap in it, none helps."),
            serious=any(association.pattern == "aliased" for association in suspects),
        )
    none = "no other one goes" if in_model or renamed else "none goes"
    told = f"{len(others)} columns compared; {none} with the groups" if others else "nothing else is recorded"
    return Flag("group_associated", OTHERS, "ok", "; ".join([told, *notes]))


def _association_words(association: Association) -> str:
    if association.p_value is None or association.effect is None:
        return f"{association.column}: {association.words}"
    name = "rank-biserial r" if association.kind == "numbers" else "Cramér's V"
    return (
        f"{association.column} ({association.words}; p = {association.p_value:.2g}, {name} = {association.effect:z.2f})"
    )


def reused_sides(entries: Sequence[ReusedSample], targets: Sequence[str], references: Sequence[str]) -> ReusedSides:
    """Return the samples of each side that come from another series.

    Two rows of one series may hold one sample: that was processed with the others, and counts on neither side.

    Parameters
    ----------
    entries
        Samples of the dataset that stand in a second place.
    targets, references
        Samples of the two groups.
    """
    reused = {entry.sample for entry in entries if not entry.same_series}
    return ReusedSides([name for name in targets if name in reused], [name for name in references if name in reused])


def flag_reused_sides(reused: ReusedSides, n_target: int, n_reference: int, action: str) -> Flag:
    """Return the finding on re-used samples in this contrast: serious when they stand on one side.

    Parameters
    ----------
    reused
        Re-used samples of each side: target and reference.
    n_target, n_reference
        Samples per group.
    action
        What the study declares for re-used samples.
    """
    n = [len(reused.target), len(reused.reference)]
    if not sum(n):
        return Flag("reused_samples", REUSED, "ok", "none takes part")
    from scipy import stats

    p_value = float(stats.fisher_exact([[n[0], n_target - n[0]], [n[1], n_reference - n[1]]]).pvalue)
    shares = f"{n[0]} of {n_target} samples of the first group and {n[1]} of {n_reference} of the second are re-used (p = {p_value:.2g})"
    one_sided = (n[0] == 0) != (n[1] == 0) or p_value <= 0.01
    return Flag(
        "reused_samples",
        REUSED,
        "warn" if one_sided else "ok",
        shares,
        consequence_words(action, "They were processed elsewhere: what sets them apart is part of the difference.")
        if one_sided
        else "none",
        (*reused.target, *reused.reference),
        serious=one_sided,
    )


def _flag_copies(dataset_quality: DatasetQuality, names: list[str], action: str) -> Flag:
    pairs = [pair for pair in dataset_quality.duplicated_samples if {pair.first, pair.second} <= set(names)]
    if not pairs:
        return Flag("duplicated_samples", COPIES, "ok", "none takes part twice")
    answered = [pair for pair in pairs if pair.independent_because]
    pairs = [pair for pair in pairs if not pair.independent_because]
    if not pairs:
        return Flag(
            "answered_copies", COPIES, "warn", answered_words(answered), "told here: they stay independent samples"
        )
    named = first_of([f"{pair.first} and {pair.second}" for pair in pairs], MOST_NAMED)
    advice = "They count as independent samples, which makes p-values too small."
    return Flag(
        "duplicated_samples",
        COPIES,
        "warn",
        f"{len(pairs)} pair(s): {named}",
        consequence_words(action, advice),
        tuple(sorted({name for pair in pairs for name in (pair.first, pair.second)})),
        serious=True,
    )


def _flag_blocks(samples: pd.DataFrame, block: str, dataset_quality: DatasetQuality) -> Flag:
    sex = dataset_quality.sex.by_genes
    sentences = [
        (str(label), sorted({sex.get(str(name), "ambiguous") for name in rows} - {"ambiguous"}), sorted(map(str, rows)))
        for label, rows in samples.groupby(block, observed=True).groups.items()
    ]
    mixed = [entry for entry in sentences if len(entry[1]) > 1]
    if not mixed:
        words = "no block holds a woman's and a man's sample" if sex else "the genes do not tell the sex here"
        return Flag("sex_mismatch", PAIRS, "ok", words)
    return Flag(
        "sex_mismatch",
        PAIRS,
        "warn",
        "; ".join(f"{block} {label} holds female and male samples: {', '.join(names)}" for label, _, names in mixed),
        consequence_words(
            "warn", "These samples cannot be of one person: pairs may be swapped, or the block is no person."
        ),
        tuple(sorted(name for _, _, names in mixed for name in names)),
        serious=True,
    )


def flag_p_values(reading: PValueHistogram, action: str) -> Flag:
    """Return the finding on the shape of the p-values."""
    if not reading.hidden_structure:
        return Flag("hidden_structure", P_VALUES, "ok", f"{reading.shape}: {reading.reading}")
    return Flag(
        "hidden_structure",
        P_VALUES,
        "warn",
        f"{reading.shape}: {reading.reading}",
        consequence_words(
            action, "Look for a batch or pairing in the principal components, and put it into the design."
        ),
        serious=True,
    )


def flag_age(samples: pd.DataFrame, column: str) -> Flag:
    """Tell whether the declared column of ages holds numbers of one unit; else no check of ages can use it."""
    reading = read_column([str(value) for value in samples[column]], column)
    if reading.values is None:
        return Flag(
            "", AGES, "warn", f"{column}: {reading.why}", "no check of ages was made; mend it by a sample sheet"
        )
    n = int(np.isfinite(reading.values).sum())
    unit = f" in {reading.unit}" if reading.unit else ", no unit written"
    return Flag("", AGES, "ok", f"{column}: numbers{unit} for {n} of {len(samples)} samples")


def _rounded(association: Association) -> Association:
    return replace(association, p_value=_six_digits(association.p_value), effect=_six_digits(association.effect))


def _six_digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")

"""What can be said of a dataset before any contrast is fitted: samples, scale, traps, flags with their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.prepare.cell_labels import UNASSIGNED
from sidemine.prepare.cell_quality import USUAL_MITOCHONDRIAL
from sidemine.prepare.cell_record import CellsOnRecord
from sidemine.prepare.expression_store import read_provenance
from sidemine.prepare.log_expression import layer_of, log2_expression
from sidemine.prepare.record import DatasetProvenance, PreparedProvenance
from sidemine.quality.flags import Flag, consequence_words, stop_problems
from sidemine.quality.near_copies import (
    answer_copies,
    differences_within,
    distances_within,
    find_copies,
    flag_apart,
    flag_copies,
)
from sidemine.quality.principal_components import find_principal_components
from sidemine.quality.record import DatasetQuality, ScaleOfDataset, SexOfSamples, SharedSamples, Treatment
from sidemine.quality.reuse import find_relations, flag_reuse
from sidemine.quality.sex_check import SexReading, find_sex_column, flag_sex, read_sex
from sidemine.quality.treatment import decide_treatment
from sidemine.sources.scales import SCALES, has_fold_change
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from sidemine.errors import Problem
    from sidemine.study.models import IndependentPair
    from sidemine.study.projections import DatasetToAssess, TrapsOfDataset

_TOLD = 6
UNEVEN_LIBRARIES = 10.0
"""Ratio of the largest to the smallest library at which counts are flagged."""
COVERED = 0.8
"""Share of the platform's annotated probes that a matrix of that platform should hold. Unfiltered series matrices hold
nearly all of them (GSE14520, GSE42872: above 0.99); those of GPL571 hold 0.4 of GPL570."""
USABLE = "use of the dataset as declared"
SCALE = "the declared scale beside the values"
LABELLED = "where the cell types come from"
CELLS_WHOLE = "whether the cells are whole"
PLATFORM = "identifiers and sample records beside the declared platform"


def assess_quality(
    expression: AnnData,
    samples: pd.DataFrame,
    row: DatasetToAssess,
    shared: SharedSamples,
    traps: TrapsOfDataset,
    independent_pairs: Sequence[IndependentPair] = (),
) -> tuple[DatasetQuality, Treatment, list[Problem]]:
    """Return the quality record of one dataset, the treatment of its samples, and reasons to stop.

    Parameters
    ----------
    expression
        The dataset's genes (one layer; samples × genes).
    samples
        Its samples, as `sample_table.SAMPLES` describes, also those that do not take part.
    row
        Its row of `datasets.tsv`.
    shared
        What `find_shared_samples` found for the whole study.
    traps
        `settings.traps`: what is done about each kind of finding.
    independent_pairs
        What the study answers to nearly identical samples of this dataset.

    Returns
    -------
    quality : DatasetQuality
        What was found.
    treatment : Treatment
        What every contrast of the dataset has to heed.
    problems : list of Problem
        Findings for which the study declares `stop`, and answers to nothing.
    """
    provenance = read_provenance(expression)
    values = log2_expression(expression).T
    names = [str(name) for name in expression.obs_names]
    used = samples.set_index("sample").loc[names]
    sex_column = find_sex_column(used, row.sex_column)
    recorded = {str(name): str(value) for name, value in used[sex_column].items()} if sex_column in used else {}
    reading = _read_sex(expression, values, provenance)
    # Samples of one declared unit are not counted twice, however alike they are.
    unit = dict(zip(names, used["unit"].astype(str), strict=True))
    counts = np.asarray(expression.layers["counts"], dtype=np.float64).T if "counts" in expression.layers else None
    differences = differences_within(values, counts)
    # How far a sample lies apart is told with its sampling noise: that of a shallow library is real.
    if counts is not None:
        within = distances_within(values)
    else:
        within = None if differences is None else np.sqrt(differences.variance)
    copies = find_copies(differences, names) if differences is not None else []
    copied = [pair for pair in copies if unit[pair.first] != unit[pair.second]]
    pairs, idle = answer_copies(copied, independent_pairs, f"key independent_pairs.{row.dataset}")
    texts = {str(name): str(value) for name, value in used["relation"].items()} if "relation" in used else {}
    relations = find_relations(texts, set(shared.known))
    elsewhere = [entry for entry in shared.shared[row.dataset] if entry.sample in set(names)]
    shares: tuple[float | None, float | None] = (
        (provenance.share_identifiers_found, provenance.share_platform_covered)
        if isinstance(provenance, PreparedProvenance)
        else (None, None)
    )
    flags = [
        _flag_usable(provenance),
        flag_declared_scale(provenance),
        flag_platform(*shares, used, str(row.platform), traps.identifiers),
        flag_sex(reading, recorded, sex_column if recorded else "", traps.sex_mismatch),
        flag_reuse(relations, elsewhere, len(names), traps.reused_samples, shared.not_compared.get(row.dataset)),
        flag_copies(differences, pairs, traps.duplicated_samples),
        flag_apart(within, names, traps.outlier_samples),
        *([_flag_libraries(np.asarray(expression.layers["counts"]))] if "counts" in expression.layers else []),
        *(
            [flag_cell_labels(provenance.cells), flag_cell_quality(provenance.cells)]
            if isinstance(provenance, PreparedProvenance) and provenance.cells
            else []
        ),
        _flag_left_out(samples),
    ]
    if expression.n_vars == 0:  # nothing was looked at, so nothing is called in order
        flags = [_flag_usable(provenance), _flag_left_out(samples)]
    treatment = decide_treatment(flags, traps, reading, recorded, sex_column, row.batch_columns)
    quality = DatasetQuality(
        dataset=provenance.dataset,
        n_samples=int(expression.n_obs),
        n_genes=int(expression.n_vars),
        samples_per_fate={str(fate): int(n) for fate, n in samples["fate"].value_counts().sort_index().items()},
        scale=_scale_of(provenance),
        flags=flags,
        sex=SexOfSamples(sex_column, reading.genes, reading.by_genes, reading.words),
        reused_samples=[*relations, *elsewhere],
        duplicated_samples=pairs,
        dropped_samples=treatment.drop,
        principal_components=find_principal_components(values, names),
        provenance=provenance,
    )
    return quality, treatment, [*stop_problems(flags, traps, f"dataset {row.dataset}"), *idle]


def _flag_usable(provenance: DatasetProvenance) -> Flag:
    problem = provenance.problem
    if problem:
        return Flag(
            "",
            USABLE,
            "problem",
            f"{problem.what} ({problem.where})",
            f"none of its contrasts is tested; {problem.next_step}",
        )
    return Flag("", USABLE, "ok", "nothing speaks against it")


def flag_cell_labels(cells: CellsOnRecord) -> Flag:
    """Tell whether cell types are those of the depositors, or were guessed from markers.

    Parameters
    ----------
    cells
        What became of the cells of the dataset.
    """
    n, labels = sum(cells.labels.values()), dict(cells.labels)
    if not cells.by_markers:
        told = (
            f"from {cells.label_source}: {len(labels)} types of {n:,} cells" if labels else "cells are not told apart"
        )
        return Flag("", LABELLED, "ok", told)
    unassigned = labels.pop(UNASSIGNED, 0)
    told = ", ".join(f"{name} {number:,}" for name, number in labels.items())
    mostly = (
        "; where most cells have no label, as in sorted cells, many of the labels are wrong"
        if 2 * unassigned > n
        else ""
    )
    return Flag(
        "marker_labels",
        LABELLED,
        "warn",
        f"labelled by {sum(map(len, cells.markers.values()))} markers of {len(cells.markers)} types: {told}; "
        f"{unassigned:,} of {n:,} cells unassigned, which take no part{mostly}",
        "answers that rest on these cell types are at most suggestive",
        serious=True,
    )


def flag_cell_quality(cells: CellsOnRecord) -> Flag:
    """Tell samples whose cells are damaged as a whole, which no limit by MAD sees, and samples that lost all cells.

    Parameters
    ----------
    cells
        What became of the cells of the dataset.
    """
    high = [row for row in cells.samples if (row.median_mitochondrial or 0) > USUAL_MITOCHONDRIAL]
    lost = [row for row in cells.samples if sum(row.out.values()) == row.n_cells] if cells.n_dropped else []
    reasons = []
    if high:
        reasons.append(
            f"the median cell of {len(high)} of {len(cells.samples)} samples has more than {USUAL_MITOCHONDRIAL:.0%} mitochondrial "
            f"counts, which most human tissues do not reach: {first_of([f'{row.sample} {row.median_mitochondrial:.0%}' for row in high], _TOLD)}"
        )
    if lost:
        reasons.append(f"no cell is left of {first_of([row.sample for row in lost], _TOLD)}")
    if not reasons:
        return Flag("", CELLS_WHOLE, "ok", "no sample has mostly damaged cells")
    step = "damaged cells, or a tissue such as heart or kidney: set most_mitochondrial, and cell_quality: filter"
    return Flag(
        "",
        CELLS_WHOLE,
        "warn",
        "; ".join(reasons),
        step if high else "contrasts that need these samples are not testable",
    )


def flag_declared_scale(provenance: DatasetProvenance) -> Flag:
    """Tell whether the values bear out the declared scale, and what was done to bring them to the scale of the analysis.

    Parameters
    ----------
    provenance
        Of the prepared dataset.
    """
    words = SCALES[provenance.scale_declared].words
    judged = f"declared {words}: {provenance.scale_answer}. {provenance.scale_reason}; {provenance.transformation}"
    if provenance.scale_answer == "fits":
        return Flag("", SCALE, "ok", judged)
    if provenance.scale_answer == "contradicts":
        return Flag("", SCALE, "problem", judged, "none of the contrasts is tested")
    return Flag("", SCALE, "warn", judged, "taken as declared; see in the record how the values were made")


def flag_platform(
    known: float | None, covered: float | None, samples: pd.DataFrame, declared: str, action: str
) -> Flag:
    """Compare the declared platform with the samples' records and with the probes of the matrix.

    Parameters
    ----------
    known
        Share of the identifiers that the platform knows; None where no values were looked at.
    covered
        Share of the platform's annotated probes that the matrix holds; None where there are no probes.
    samples
        Metadata; `platform_id` is compared where there is one.
    declared
        Platform of `datasets.tsv`, '' for none.
    action
        The declared consequence.
    """
    shares = [] if known is None else [f"{known:.1%} of the identifiers are known there"]
    wrong = []
    if covered is not None:
        shares.append(f"the matrix holds {covered:.1%} of the platform's annotated probes")
        if covered < COVERED:
            wrong.append("the matrix was filtered, or is of another platform")
    records = sorted({str(value) for value in samples.get("platform_id", [])} - {""})
    others = [name for name in records if declared and name != declared]
    if others:
        wrong.append(f"the samples' records name {', '.join(others)}, not {declared}")
    if not wrong:
        return Flag("identifiers", PLATFORM, "ok", "; ".join(shares) or "nothing to compare")
    advice = "Check platform and platform_map against the record of the series."
    return Flag("identifiers", PLATFORM, "warn", "; ".join([*wrong, *shares]), consequence_words(action, advice))


def _flag_libraries(counts: NDArray[np.float64]) -> Flag:
    sizes = counts.sum(axis=1)
    ratio = float(sizes.max() / max(sizes.min(), 1.0))
    return Flag(
        "",
        "library sizes",
        "warn" if ratio > UNEVEN_LIBRARIES else "ok",
        f"{sizes.min():,.0f} to {sizes.max():,.0f} counts per sample",
        "voom weights account for it" if ratio > UNEVEN_LIBRARIES else "none",
    )


def _flag_left_out(samples: pd.DataFrame) -> Flag:
    left_out = samples[samples["fate"] != "used"]
    return Flag(
        "",
        "samples that take part",
        "warn" if len(left_out) else "ok",
        f"{len(left_out)} of {len(samples)} do not take part",
        "see the reasons in samples.tsv" if len(left_out) else "none",
    )


def _read_sex(expression: AnnData, values: NDArray[np.float64], provenance: DatasetProvenance) -> SexReading:
    if has_fold_change(layer_of(expression)):
        return read_sex(
            values, [str(gene) for gene in expression.var_names], [str(name) for name in expression.obs_names]
        )
    words = SCALES[provenance.scale_declared].words
    return SexReading([], words=f"not read: its limits are in log2 units, not in {words}")


def _scale_of(provenance: DatasetProvenance) -> ScaleOfDataset:
    return ScaleOfDataset(
        declared=provenance.scale_declared,
        found=provenance.scale_found,
        answer=provenance.scale_answer,
        reason=provenance.scale_reason,
        transformation=provenance.transformation,
        offset=provenance.offset,
        n_values=provenance.n_values,
        n_values_moved=provenance.n_values_moved,
    )

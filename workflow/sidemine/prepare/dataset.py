"""Assemble a dataset: read, choose samples, judge the scale, map to genes, keep a ledger."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.prepare.cell_record import CellsOnRecord, FilteredCells
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.gene_collapse import GeneMatrix, collapse_to_genes, leave_out_copies, leave_out_sums
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.prepare.gene_mapping import MappedIdentifiers, map_ids, map_probes, map_proteins, map_symbols
from sidemine.prepare.gene_table import GeneTable
from sidemine.prepare.label_notes import find_label_notes, find_undescribed
from sidemine.prepare.metadata import USED
from sidemine.prepare.odd_samples import find_odd_samples
from sidemine.prepare.planned_cells import read_planned_cells, sum_planned_cells
from sidemine.prepare.platform_annotation import read_platform_annotation
from sidemine.prepare.record import DatasetProvenance, PreparedProvenance
from sidemine.prepare.sample_table import SAMPLES
from sidemine.prepare.scale import judge_scale
from sidemine.prepare.scale_evidence import ScaleEvidence, assess_scale
from sidemine.prepare.thousands_points import find_thousands_points
from sidemine.prepare.value_columns import names_in_values, note_on_matching
from sidemine.retrieve.integrity import carries_simulation_marker
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.registry import BULK_LAYOUTS, CELL_LAYOUTS
from sidemine.sources.scales import SCALES, AnalysisValues, to_analysis_scale
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.study.choices import MultiGeneRule, ProbeRule
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import anndata as ad
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.models import DerivedColumn
    from sidemine.study.projections import DatasetToPrepare

logger = logging.getLogger(__name__)

MAX_SHARE_MISSING = 0.5
"""A gene without a value in more than this share of the samples takes no part."""


def prepare_dataset(
    row: DatasetToPrepare,
    files: Mapping[str, Path],
    samples: pd.DataFrame,
    gene_table: GeneTable,
    *,
    probe_rule: ProbeRule = "highest_mean",
    multi_gene_probes: MultiGeneRule = "drop",
    derive: Mapping[str, DerivedColumn] | None = None,
    markers: Mapping[str, Sequence[str]] | None = None,
    mismatches: Sequence[Problem] = (),
    filtered: FilteredCells | None = None,
) -> tuple[ad.AnnData, pd.DataFrame]:
    """Turn a dataset's files into genes × samples on the scale of the analysis.

    Parameters
    ----------
    row
        The dataset.
    files
        Its files by role: values; metadata, sample_sheet, platform_map, annotation where there are such.
    samples
        What `read_samples` returned.
    gene_table
        Approved symbols.
    probe_rule
        Which probe speaks for a gene; see `gene_collapse.collapse_to_genes`.
    multi_gene_probes
        What becomes of a probe of several genes; see `gene_mapping.map_probes`.
    derive
        Derived columns of this dataset: single cells are grouped by them.
    markers
        As in `read_samples`.
    mismatches
        Why no sample can take part, as `read_or_explain_samples` told it: the dataset is then without genes.
    filtered
        Which single cells take no part, as it told; None: they are looked for.

    Returns
    -------
    adata
        obs = samples that take part (metadata as text), var = genes (entrez, ensembl, identifier), one layer
        (`scales.Layer`), provenance in `uns['sidemine']`. A `problem` there makes every contrast of the dataset untestable.
    ledger
        As `gene_ledger.GENES_LEDGER`: what became of every identifier.

    Raises
    ------
    InputError
        When files cannot be read. A row that does not fit them is the `problem` of a dataset without genes.
    """
    try:
        if mismatches:
            raise SheetMismatch(mismatches)
        return _prepare(row, files, samples, gene_table, probe_rule, multi_gene_probes, derive or {}, markers, filtered)
    except SheetMismatch as error:
        logger.warning("dataset %s cannot be tested as its row describes it: %s", row.dataset, error)
        return _without_genes(row, files, samples, gene_table, error.problems)


def _without_genes(
    row: DatasetToPrepare,
    files: Mapping[str, Path],
    samples: pd.DataFrame,
    gene_table: GeneTable,
    problems: Sequence[Problem],
) -> tuple[ad.AnnData, pd.DataFrame]:
    """Return the dataset that stands for one whose row does not fit its files: its samples, and no gene."""
    import numpy as np

    used = samples[samples["fate"] == USED]
    genes = GeneMatrix([], [], np.empty((0, len(used))), empty_table(GENES_LEDGER))
    provenance = DatasetProvenance(
        dataset=row.dataset,
        accession=row.accession,
        platform=row.platform,
        layout=row.layout,
        scale_declared=row.scale,
        scale_found="not looked at",
        scale_answer="cannot tell",
        scale_reason="the values were not looked at",
        transformation="none",
        offset=None,
        n_values=0,
        n_values_moved=0,
        n_genes=0,
        n_samples=len(used),
        n_samples_left_out=len(samples) - len(used),
        simulated=gene_table.simulated or any(map(carries_simulation_marker, files.values())),
        gene_table_version=gene_table.version,
        files={role: file.name for role, file in files.items()},
        notes=[],
        problem=problems[0],
        further_problems=list(problems[1:]),
    )
    return _assemble(used, genes, "log2", gene_table, provenance), genes.ledger


def _prepare(
    row: DatasetToPrepare,
    files: Mapping[str, Path],
    samples: pd.DataFrame,
    gene_table: GeneTable,
    probe_rule: ProbeRule,
    multi_gene_probes: MultiGeneRule,
    derive: Mapping[str, DerivedColumn],
    markers: Mapping[str, Sequence[str]] | None,
    filtered: FilteredCells | None,
) -> tuple[ad.AnnData, pd.DataFrame]:
    used = samples[samples["fate"] == USED]
    matrix, evidence, unit_problem, cells = _read_values(row, files, samples, derive, markers, filtered)
    where = f"dataset {row.dataset}, {files['values'].name}"
    declared = row.scale
    judgement = judge_scale(evidence, declared, array=row.identifiers == "probe").confirmed(row.confirmed)
    if row.layout in CELL_LAYOUTS:
        judgement = judgement.confirmed(
            ["fractional_counts"], "sums over cells that were corrected for ambient RNA are so, too"
        )
    points = find_thousands_points(matrix.values, matrix.identifiers, matrix.columns, declared, where)
    if points and "decimal_points" in row.confirmed:
        matrix.notes.append(f"{points.what}; datasets.tsv confirms that they are decimal points")
        points = None
    problem = unit_problem or points or judgement.problem(evidence, declared, where)
    problem = problem or find_odd_samples(matrix.values, matrix.columns, declared, where)
    mapped = _map_identifiers(row, files, matrix, gene_table, multi_gene_probes, where)
    if "human_symbols" in row.confirmed and (n_by_case := mapped.n_by_case):
        matrix.notes.append(
            f"{n_by_case} symbols fit human ones only without regard to case; datasets.tsv confirms that they are human"
        )
    _leave_out_incomplete(mapped, matrix.values, strict=declared == "counts")
    genes, analysed, rule = _to_genes(row, matrix, mapped, probe_rule, evidence)
    _check_any_gene(genes, where)
    ledger = _complete_ledger(genes.ledger, matrix.left_out)
    fates = Counter(ledger["fate"])
    metadata = samples.drop(columns=SAMPLES.names)
    provenance = PreparedProvenance(
        dataset=row.dataset,
        accession=row.accession,
        platform=row.platform,
        layout=row.layout,
        scale_declared=declared,
        scale_found=evidence.reading,
        scale_answer=judgement.answer,
        scale_reason=judgement.reason,
        scale_evidence=evidence.rounded(),
        transformation=analysed.note,
        offset=analysed.offset,
        n_values=analysed.n_values,
        n_values_moved=analysed.n_moved,
        probe_rule=rule,
        multi_gene_probes=multi_gene_probes,
        n_identifiers=len(ledger),
        n_identifiers_kept=fates["kept"],
        n_identifiers_merged=fates["merged"],
        n_identifiers_dropped=fates["dropped"],
        share_identifiers_found=round(mapped.share_found, 6),
        share_platform_covered=None if mapped.share_covered is None else round(mapped.share_covered, 6),
        n_genes=len(genes.genes),
        n_samples=len(used),
        n_samples_left_out=len(samples) - len(used),
        simulated=matrix.simulated or gene_table.simulated,
        gene_table_version=gene_table.version,
        files={role: file.name for role, file in files.items()},
        notes=[*matrix.notes, *find_label_notes(metadata), *find_undescribed(metadata, samples["sample"].tolist())],
        problem=problem,
        further_problems=[],
        cells=cells,
    )
    if problem:
        logger.warning("%s cannot be tested: %s", row.dataset, problem.what)
    logger.info(
        "%s: %d identifiers (%d kept, %d merged, %d dropped) make %d genes",
        row.dataset,
        len(ledger),
        fates["kept"],
        fates["merged"],
        fates["dropped"],
        len(genes.genes),
    )
    return _assemble(used, genes, analysed.layer, gene_table, provenance), ledger


def collapse_otherwise(
    row: DatasetToPrepare,
    files: Mapping[str, Path],
    samples: pd.DataFrame,
    ledger: pd.DataFrame,
    rules: Sequence[ProbeRule],
) -> dict[ProbeRule, GeneMatrix]:
    """Return an array dataset under other probe rules, its probes mapped as they were.

    Samples stand in the order of `prepare_dataset`, values are log2.

    Parameters
    ----------
    row, files, samples
        As in `prepare_dataset`.
    ledger
        What `prepare_dataset` returned: the gene of every row of the values, in their order.
    rules
        Probe rules to collapse by.

    Raises
    ------
    InputError
        When the rows of the values are not those of the ledger.
    """
    matrix, evidence, _, _ = _read_values(row, files, samples, {})
    rows = ledger.iloc[: len(matrix.identifiers)]  # behind them stands what is no row of values
    if rows["identifier"].tolist() != list(matrix.identifiers):
        raise InputError(
            Problem(
                "the values are not those that the ledger of identifiers was made of",
                f"dataset {row.dataset}, {files['values'].name}",
                "the rows of genes_ledger.tsv, in their order",
                "Run the workflow again; it makes the ledger anew.",
            )
        )
    mapped = MappedIdentifiers([gene or None for gene in rows["gene"]], rows["reason"].tolist(), 1.0)
    return {rule: _to_genes(row, matrix, mapped, rule, evidence)[0] for rule in rules}


def _read_values(
    row: DatasetToPrepare,
    files: Mapping[str, Path],
    samples: pd.DataFrame,
    derive: Mapping[str, DerivedColumn],
    markers: Mapping[str, Sequence[str]] | None = None,
    filtered: FilteredCells | None = None,
) -> tuple[ValueMatrix, ScaleEvidence, Problem | None, CellsOnRecord | None]:
    """Read the values of the samples that take part, columns in their order and under their names, and look at them."""
    used = samples[samples["fate"] == USED]
    if row.layout in CELL_LAYOUTS:
        planned = read_planned_cells(row, files, derive, markers, filtered)
        matrix, cells = sum_planned_cells(row, files, planned)
        summed = _choose(matrix, {name: name for name in used["sample"]}, files["values"])
        return summed, assess_scale(summed.values), planned.plan.problem, cells
    source, named = BULK_LAYOUTS[row.layout], names_in_values(row, samples.set_index("sample"))
    columns = dict(zip(used["sample"], used["value_column"], strict=True))
    wanted = list(columns.values()) if source.reads_columns else []
    matrix = source.read(files["values"], DeclaredValues.of(row), wanted, named)
    matrix.notes += note_on_matching(dict(zip(samples["sample"], named, strict=True)), columns)
    if "metadata" in files:
        matrix.simulated |= carries_simulation_marker(files["metadata"])
    whole_file = matrix.values
    chosen = _choose(matrix, columns, files["values"])
    return chosen, assess_scale(chosen.values, whole_file), None, None


def _choose(matrix: ValueMatrix, columns: Mapping[str, str], path: Path) -> ValueMatrix:
    place = {name: position for position, name in enumerate(matrix.columns)}
    if missing := [column for column in columns.values() if column not in place]:
        raise SheetMismatch(
            Problem(
                f"{len(missing)} samples have no values in the file",
                f"{path}: {', '.join(missing[:8])}",
                "values for every sample that takes part",
                "Leave these samples out under exclude in config.yaml, or name another file.",
            )
        )
    positions = [place[column] for column in columns.values()]
    if positions != list(range(len(matrix.columns))):
        matrix.values = matrix.values[:, positions]
    matrix.columns = list(columns)
    return matrix


def _map_identifiers(
    row: DatasetToPrepare,
    files: Mapping[str, Path],
    matrix: ValueMatrix,
    gene_table: GeneTable,
    multi_gene: MultiGeneRule,
    where: str,
) -> MappedIdentifiers:
    if row.identifiers == "probe":
        if "platform_map" not in files:
            raise InputError(
                Problem(
                    "probes cannot be mapped to genes without an annotation of their platform",
                    where,
                    "platform (GPLnnn) or platform_map in datasets.tsv",
                    "Name the platform of this dataset.",
                )
            )
        platform = read_platform_annotation(files["platform_map"])
        where = f"{where}, platform {row.platform or files['platform_map'].name}"
        return map_probes(matrix.identifiers, platform, gene_table, multi_gene, where)
    if row.identifiers == "symbol":
        human = "human_symbols" in row.confirmed
        return map_symbols(matrix.identifiers, gene_table, multi_gene, where, human=human)
    if row.identifiers == "uniprot":
        return map_proteins(matrix.identifiers, gene_table, multi_gene, where)
    read_names = BULK_LAYOUTS[row.layout].read_gene_names if row.layout in BULK_LAYOUTS else None
    names = read_names(files["annotation"]) if read_names and "annotation" in files else None
    return map_ids(matrix.identifiers, gene_table, row.identifiers, where, names)


def _leave_out_incomplete(mapped: MappedIdentifiers, values: NDArray[np.float64], strict: bool) -> None:
    """Unmap rows with too many missing values; counts must be complete (a missing count has no variance model)."""
    import numpy as np

    n_missing = np.count_nonzero(np.isnan(values), axis=1)
    limit = 0 if strict else int(MAX_SHARE_MISSING * values.shape[1])
    for row in np.flatnonzero(n_missing > limit):
        if mapped.genes[row] is not None:
            mapped.reasons[row] += f"; no value in {n_missing[row]} of {values.shape[1]} samples"
            mapped.genes[row] = None


def _to_genes(
    row: DatasetToPrepare,
    matrix: ValueMatrix,
    mapped: MappedIdentifiers,
    probe_rule: ProbeRule,
    evidence: ScaleEvidence,
) -> tuple[GeneMatrix, AnalysisValues, str]:
    """Collapse to genes: counts are added before any logarithm, probes are chosen or averaged on the scale of the analysis."""
    if row.scale == "counts" or (SCALES[row.scale].per_library and row.identifiers != "probe"):
        # Features of one symbol in single cells have ids of their own: they are no copies.
        if row.layout not in CELL_LAYOUTS and (n := leave_out_copies(matrix.identifiers, mapped, matrix.values)):
            matrix.notes.append(f"{n} rows that repeat another row of their gene in every sample were counted once")
        if leave_out_sums(mapped, matrix.values):
            matrix.notes.append("a row that is the sum of all others was left out")
        genes = collapse_to_genes(matrix.identifiers, mapped, matrix.values, "sum")
        analysed = to_analysis_scale(genes.values, row.scale)
        genes.values = analysed.values
        return genes, analysed, f"{SCALES[row.scale].words} of one gene are added"
    analysed = to_analysis_scale(matrix.values, row.scale)
    # Rows with one common mean and SD, or on scales of their own, have no level to choose a probe by.
    layout = BULK_LAYOUTS.get(row.layout)
    levels = (layout is None or layout.comparable_rows) and not evidence.rows.centred
    rule: ProbeRule = probe_rule if levels else "mean_of_probes"
    return collapse_to_genes(matrix.identifiers, mapped, analysed.values, rule), analysed, rule


def _check_any_gene(genes: GeneMatrix, where: str) -> None:
    if not genes.genes:
        reasons = Counter(genes.ledger["reason"]).most_common(3)
        raise SheetMismatch(
            Problem(
                "not one identifier could be mapped to a gene",
                f"{where}: {'; '.join(f'{n} × {reason}' for reason, n in reasons)}",
                "identifiers of the kind that is declared",
                "Check identifiers and platform_map in datasets.tsv.",
            )
        )


def _complete_ledger(ledger: pd.DataFrame, left_out: list[tuple[str, str]]) -> pd.DataFrame:
    import pandas as pd

    if not left_out:
        return ledger
    rows = [(identifier, "", "dropped", reason) for identifier, reason in left_out]
    extra = pd.DataFrame(rows, columns=ledger.columns, dtype=object)
    return pd.concat([ledger, extra], ignore_index=True)


def _assemble(
    used: pd.DataFrame,
    genes: GeneMatrix,
    layer: str,
    gene_table: GeneTable,
    provenance: DatasetProvenance,
) -> ad.AnnData:
    import anndata as ad
    import numpy as np
    import pandas as pd

    obs = used.drop(columns=["sample", "fate", "value_column"])
    obs.index = pd.Index([str(name) for name in used["sample"]], name="sample", dtype=object)
    var = gene_table.ids_of(genes.genes)
    var["identifier"] = genes.identifiers
    var.index = pd.Index(genes.genes, name="gene", dtype=object)
    adata = ad.AnnData(obs=obs.astype(object), var=var.astype(object))
    adata.layers[layer] = np.ascontiguousarray(genes.values.T)
    store_provenance(adata, provenance)
    return adata

"""The job of each row of promoters or binding: `lines/promoter/<line>.json` and its details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sidemine.lines.promoter.config import LAYER
from sidemine.lines.promoter.specification import TestPromoter
from sidemine.lines.specification import DeclaredLine, files_of_row, results_of_row
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, Patterns, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.evidence import Measured
    from sidemine.lines.row_job import RowInputs


def _specify(plan: StudyPlan) -> Mapping[str, TestPromoter]:
    contrasts = {entry.id: list(entry.primary.contrasts) for entry in plan.study.config.hypotheses}
    return {
        name: plan.specify(
            TestPromoter,
            row=DeclaredLine.of(row),
            files=plan.line_files[name],
            gene_table=plan.gene_table,
            hypothesis=row.hypothesis,
            contrasts=contrasts[row.hypothesis],
        )
        for name, row in plan.study.lines.items()
        if row.layer == LAYER.word and row.runs
    }


def _inputs(plan: StudyPlan, specification: TestPromoter) -> Patterns:
    return {
        **files_of_row(plan, specification),
        "effect": f"<results>/evidence/{specification.hypothesis}.json",
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in specification.contrasts],
    }


def _measure(inputs: RowInputs, specification: TestPromoter) -> tuple[Measured, object, str]:
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import weights_of_set
    from sidemine.enrichment.libraries import read_library
    from sidemine.lines.promoter.measure import chip_site, measure_promoters, motif_site
    from sidemine.lines.promoter.motifs import family_of, known_family, read_matrices, read_promoters, scan_promoters
    from sidemine.records import read_record

    row, files, gene_table = specification.row, inputs.files, inputs.gene_table
    weights = weights_of_set(inputs.gene_sets, row.set)
    if row.format == "fasta":
        family = known_family(row.columns["family"], row.line)
        promoters = read_promoters(files["file"])
        names = list(promoters.sequences)
        resolutions = gene_table.resolve_symbols(names)
        resolved = {name: found.symbol for name, found in zip(names, resolutions, strict=True)}
        matrices = family_of(read_matrices(files["motifs"]), family)
        site = motif_site(family, promoters, resolved, scan_promoters(promoters.sequences, matrices))
    else:
        library = {
            name: [gene for gene, _ in members] for name, members in read_library(files["file"], "gmt").sets.items()
        }
        site = chip_site(row.line, row.set, weights, library, gene_table)
    evidence = read_record(HypothesisEvidence, inputs.job.path("effect"))
    paths = inputs.job.by_folder("fits")
    fits = {name: fit for name in evidence.pooled.contrasts if (fit := load_fit(paths[name])) is not None}
    if not fits:
        site = replace(site, left_out=[*site.left_out, evidence.pooled.not_estimable["effect"]])
    measured, details = measure_promoters(site, fits, weights, row.direction, unused_universe="universe" in files)
    return measured, details, site.test


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestPromoter) -> None:
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, LAYER, _measure)


JOB = StudyJob(
    name="test_promoter",
    message="Test the sites of line {wildcards.line} in the contrasts of its hypothesis",
    specification=TestPromoter,
    specify=_specify,
    inputs=_inputs,
    outputs=results_of_row(LAYER.word),
    resources={"sizes": ["calibration/lines/promoter.tsv"]},
    run=_run,
    wildcard="line",
)

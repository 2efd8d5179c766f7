"""The table of re-runs: an edit of each field of config.yaml and each column of the sheets → the jobs that it changes.

Here stand the jobs that an edit changes itself; Snakemake runs them and what follows from them (`test_reruns` holds it to
that). Beside them every edit has the study and its manifest written down again, and so the page built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from rich_study import MODELS, edited, jobs_of, load

ONLY_VALUE = "the only value that it can have"
A_PLACE = "says where files lie: `test_reruns` has Snakemake itself look at it"
TABLE: dict[str, Any] = {
    "config.study.id": A_PLACE,
    "config.study.title": ({"config.study.title": "Another title"}, "decide_verdicts"),
    "config.study.question": ({"config.study.question": "Another question than that?"}, "decide_verdicts"),
    "config.study.drug_class": ({"config.study.drug_class": "others"}, "decide_verdicts"),
    "config.study.outcome": ({"config.study.outcome": "death"}, "decide_verdicts"),
    "config.study.notice": ({"config.study.notice": "Never run."}, "decide_verdicts"),
    "config.datasets": ({"config.datasets": "renamed_datasets.tsv"}, ""),
    "config.contrasts": ({"config.contrasts": "renamed_contrasts.tsv"}, ""),
    "config.gene_sets": ({"config.gene_sets": "renamed_gene_sets.tsv"}, ""),
    "config.published_tables": ({"config.published_tables": "renamed_published_tables.tsv"}, ""),
    "config.lines": ({"config.lines": "renamed_lines.tsv"}, ""),
    "config.considered": ({"config.considered": "renamed_considered.tsv"}, "beside"),
    "config.gene_table.file": (
        {"config.gene_table.file": "other.tsv"},
        "describe_published_table illustrate_cells lock_inputs measure_concordance place_perturbation prepare_dataset prepare_gene_sets retrieve_input test_genetics test_mirna test_mrna_table test_promoter test_protein",
    ),
    "config.gene_table.format": (
        {"config.gene_table.format": "hgnc"},
        "describe_published_table illustrate_cells measure_concordance place_perturbation prepare_dataset prepare_gene_sets test_genetics test_mirna test_mrna_table test_promoter test_protein",
    ),
    "config.gene_table.licence": ({"config.gene_table.licence": "CC BY"}, ""),
    "config.gene_table.version": (
        {"config.gene_table.version": "2"},
        "describe_published_table illustrate_cells measure_concordance place_perturbation prepare_dataset prepare_gene_sets test_genetics test_mirna test_mrna_table test_promoter test_protein",
    ),
    "config.gene_table.mutable": ({"config.gene_table.mutable": True}, "retrieve_input"),
    "config.mirror": A_PLACE,
    "config.results": A_PLACE,
    "config.downloads": A_PLACE,
    "config.lock": A_PLACE,
    "config.settings.seed": (
        {"config.settings.seed": 7},
        "adjust_composition analyse_dataset illustrate_cells measure_calibration measure_compounds measure_concordance measure_specificity test_genetics vary_analysis",
    ),
    "config.settings.min_group_size": (
        {"config.settings.min_group_size": 4},
        "analyse_dataset check_designs measure_calibration measure_compounds vary_analysis",
    ),
    "config.settings.min_set_size": (
        {"config.settings.min_set_size": 6},
        "analyse_dataset describe_cell_types measure_calibration measure_compounds measure_specificity pool_datasets score_activities vary_analysis",
    ),
    "config.settings.max_set_size": (
        {"config.settings.max_set_size": 900},
        "analyse_dataset measure_calibration measure_specificity pool_datasets",
    ),
    "config.settings.rotations": (
        {"config.settings.rotations": 2000},
        "analyse_dataset measure_calibration measure_compounds measure_concordance vary_analysis",
    ),
    "config.settings.prerank_permutations": ({"config.settings.prerank_permutations": 500}, "analyse_dataset"),
    "config.settings.matched_sets": ({"config.settings.matched_sets": 2000}, "measure_specificity"),
    "config.settings.robustness": ({"config.settings.robustness": ["filter"]}, "vary_analysis"),
    "config.settings.robustness_crossed": ({"config.settings.robustness_crossed": 3}, "vary_analysis"),
    "config.settings.calibration_labelings": ({"config.settings.calibration_labelings": 10}, "measure_calibration"),
    "config.settings.over_representation_fdr": ({"config.settings.over_representation_fdr": 0.1}, "analyse_dataset"),
    "config.settings.probe_rule": ({"config.settings.probe_rule": "mean_of_probes"}, "prepare_dataset vary_analysis"),
    "config.settings.multi_gene_probes": (
        {"config.settings.multi_gene_probes": "first"},
        "prepare_dataset",
    ),
    "config.settings.on_untestable": ({"config.settings.on_untestable": "stop"}, "analyse_dataset check_designs"),
    "config.settings.max_download_gb": ({"config.settings.max_download_gb": 1.0}, ""),
    "config.settings.opt_in": ({"config.settings.opt_in": ["CLOSED"]}, "prepare_gene_sets"),
    "config.settings.traps.sex_mismatch": ({"config.settings.traps.sex_mismatch": "stop"}, "analyse_dataset"),
    "config.settings.traps.reused_samples": (
        {"config.settings.traps.reused_samples": "stop"},
        "analyse_dataset",
    ),
    "config.settings.traps.duplicated_samples": (
        {"config.settings.traps.duplicated_samples": "stop"},
        "analyse_dataset",
    ),
    "config.settings.traps.outlier_samples": ({"config.settings.traps.outlier_samples": "stop"}, "analyse_dataset"),
    "config.settings.traps.identifiers": ({"config.settings.traps.identifiers": "stop"}, "analyse_dataset"),
    "config.settings.traps.batch_aliased": (
        {"config.settings.traps.batch_aliased": "stop"},
        "analyse_dataset",
    ),
    "config.settings.traps.batch_associated": (
        {"config.settings.traps.batch_associated": "stop"},
        "analyse_dataset",
    ),
    "config.settings.traps.group_associated": ({"config.settings.traps.group_associated": "stop"}, "analyse_dataset"),
    "config.settings.traps.scale_shift": ({"config.settings.traps.scale_shift": "stop"}, "analyse_dataset"),
    "config.settings.traps.library_size": ({"config.settings.traps.library_size": "stop"}, "analyse_dataset"),
    "config.settings.traps.hidden_structure": ({"config.settings.traps.hidden_structure": "stop"}, "analyse_dataset"),
    "config.derive.from": ({"config.derive.a.donor.from": "source"}, "prepare_dataset read_samples"),
    "config.derive.regex": ({"config.derive.a.donor.regex": "e(.)"}, "prepare_dataset read_samples"),
    "config.independent_pairs.samples": (
        {"config.independent_pairs.a.0.samples": ["GSM2", "GSM4"]},
        "analyse_dataset",
    ),
    "config.independent_pairs.independent_because": (
        {"config.independent_pairs.a.0.independent_because": "two people of one family"},
        "analyse_dataset",
    ),
    "config.exclude.sample": ({"config.exclude.a.0.sample": "GSM2"}, "read_samples"),
    "config.exclude.reason": ({"config.exclude.a.0.reason": "another reason"}, ""),
    "config.planted": A_PLACE,
    "config.hypotheses.id": (
        {"config.hypotheses.1.id": "renamed"},
        "adjust_composition decide_verdicts measure_effects measure_influence measure_specificity pool_datasets vary_analysis",
    ),
    "config.hypotheses.question": ({"config.hypotheses.1.question": "Another question than that?"}, "decide_verdicts"),
    "config.hypotheses.kind": (
        {"config.hypotheses.2.kind": "cohort", "config.hypotheses.2.primary.contrasts": ["a_kind"]},
        "adjust_composition adjust_hidden_factors decide_verdicts measure_calibration measure_effects measure_influence measure_specificity pool_datasets test_mrna_table test_protein vary_analysis",
    ),
    "config.hypotheses.role": ({"config.hypotheses.1.role": "positive_control"}, "decide_verdicts vary_analysis"),
    "config.hypotheses.primary.set": (
        {"config.hypotheses.1.primary.set": "T2"},
        "adjust_composition decide_verdicts measure_calibration measure_effects measure_influence measure_specificity pool_datasets vary_analysis",
    ),
    "config.hypotheses.primary.contrasts": (
        {"config.hypotheses.1.primary.contrasts": ["d_second", "c_drug"]},
        "adjust_composition decide_verdicts describe_cell_types measure_calibration measure_effects measure_influence measure_specificity pool_datasets vary_analysis",
    ),
    "config.hypotheses.primary.test": ONLY_VALUE,
    "config.hypotheses.primary.direction": (
        {"config.hypotheses.1.primary.direction": "up"},
        "decide_verdicts measure_effects measure_specificity vary_analysis",
    ),
    "config.hypotheses.primary.margin.fraction": (
        {"config.hypotheses.1.primary.margin.fraction": 0.3},
        "decide_verdicts measure_effects",
    ),
    "config.hypotheses.primary.margin.of_contrast": (
        {"config.hypotheses.1.primary.margin.of_contrast": "b_stim"},
        "decide_verdicts measure_effects",
    ),
    "config.hypotheses.primary.margin.direction": (
        {"config.hypotheses.1.primary.margin.direction": "down"},
        "decide_verdicts measure_effects",
    ),
    "config.hypotheses.primary.score": (
        {"config.hypotheses.0.primary.score": "huber"},
        "adjust_composition adjust_hidden_factors decide_verdicts measure_effects measure_influence measure_specificity pool_datasets vary_analysis",
    ),
    "config.hypotheses.primary.discovery": (
        {"config.hypotheses.0.primary.discovery": ["b"]},
        "decide_verdicts measure_effects",
    ),
    "config.hypotheses.compounds.asks": (
        {"config.hypotheses.3.compounds.asks": "dose", "config.hypotheses.3.compounds.arms.1.compound": "A"},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.dose_unit": (
        {"config.hypotheses.3.compounds.dose_unit": "µM"},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.time_unit": (
        {"config.hypotheses.3.compounds.time_unit": "h"},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.arms.time": (
        {"config.hypotheses.3.compounds.arms.0.time": 3},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.arms.cell": (
        {"config.hypotheses.3.compounds.arms.0.cell": "monocytes"},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.arms.dose": (
        {"config.hypotheses.3.compounds.arms.0.dose": 5},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.arms.compound": (
        {"config.hypotheses.3.compounds.arms.0.compound": "A, salt"},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.arms.contrast": (
        {"config.hypotheses.3.compounds.arms.2.contrast": "d_stim"},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.compounds.arms.of_class": (
        {"config.hypotheses.3.compounds.arms.2.of_class": True},
        "decide_verdicts measure_compounds",
    ),
    "config.hypotheses.expects_sign": ({"config.hypotheses.1.expects_sign": "down"}, "decide_verdicts"),
    "config.hypotheses.requires": ({"config.hypotheses.1.requires": []}, "decide_verdicts"),
    "config.hypotheses.secondary_sets": (
        {"config.hypotheses.1.secondary_sets": ["T2"]},
        "decide_verdicts measure_specificity pool_datasets vary_analysis",
    ),
    "config.hypotheses.threats": ({"config.hypotheses.1.threats": ["A threat."]}, "decide_verdicts"),
    "config.concordance.bridges.id": ({"config.concordance.bridges.0.id": "renamed"}, "measure_concordance"),
    "config.concordance.bridges.question": (
        {"config.concordance.bridges.0.question": "Another question than that?"},
        "",
    ),
    "config.concordance.bridges.drug": ({"config.concordance.bridges.0.drug": ["c_drug"]}, "measure_concordance"),
    "config.concordance.bridges.disease": ({"config.concordance.bridges.0.disease": ["a_vte"]}, "measure_concordance"),
    "config.concordance.bridges.sets": ({"config.concordance.bridges.0.sets": ["T2"]}, "measure_concordance"),
    "config.concordance.bridges.scope": ({"config.concordance.bridges.0.scope": "all"}, "measure_concordance"),
    "config.concordance.bridges.comparators": (
        {"config.concordance.bridges.0.comparators": ["b_stim"]},
        "measure_concordance",
    ),
    "config.concordance.bridges.comparator_signatures.file": (
        {"config.concordance.bridges.0.comparator_signatures.file": "other.tsv"},
        "lock_inputs measure_concordance retrieve_input",
    ),
    "config.concordance.bridges.comparator_signatures.identifiers": (
        {"config.concordance.bridges.0.comparator_signatures.identifiers": "entrez"},
        "measure_concordance",
    ),
    "config.concordance.bridges.comparator_signatures.exclude": (
        {"config.concordance.bridges.0.comparator_signatures.exclude": ["x"]},
        "measure_concordance",
    ),
    "config.concordance.bridges.comparator_signatures.licence": (
        {"config.concordance.bridges.0.comparator_signatures.licence": "MIT"},
        "",
    ),
    "config.concordance.bridges.comparator_signatures.version": (
        {"config.concordance.bridges.0.comparator_signatures.version": "2"},
        "",
    ),
    "config.concordance.bridges.comparator_signatures.positive_control.perturbation": (
        {"config.concordance.bridges.0.comparator_signatures.positive_control.perturbation": "x"},
        "measure_concordance",
    ),
    "config.concordance.bridges.comparator_signatures.positive_control.set": (
        {"config.concordance.bridges.0.comparator_signatures.positive_control.set": "T2"},
        "measure_concordance",
    ),
    "config.concordance.bridges.comparator_signatures.positive_control.expected": (
        {"config.concordance.bridges.0.comparator_signatures.positive_control.expected": "up"},
        "measure_concordance",
    ),
    "config.concordance.bridges.perturbation": ({"config.concordance.bridges.0.perturbation": "Interferon"}, ""),
    "config.concordance.bridges.expected": (
        {"config.concordance.bridges.0.expected": "opposes"},
        "measure_concordance",
    ),
    "config.concordance.bridges.target_pathways": (
        {"config.concordance.bridges.0.target_pathways": {"p": ["d_stim"]}},
        "measure_concordance",
    ),
    "config.concordance.bridges.derive.from": (
        {
            "config.concordance.bridges.0.derive.from": ["c_drug"],
            "config.concordance.bridges.0.derive.confirm": ["d_drug"],
        },
        "measure_concordance",
    ),
    "config.concordance.bridges.derive.confirm": (
        {
            "config.concordance.bridges.0.derive.confirm": ["d_drug"],
            "config.concordance.bridges.0.derive.from": ["c_drug"],
        },
        "measure_concordance",
    ),
    "config.concordance.bridges.derive.fdr": ({"config.concordance.bridges.0.derive.fdr": 0.1}, "measure_concordance"),
    "config.concordance.bridges.derive.most_genes": (
        {"config.concordance.bridges.0.derive.most_genes": 50},
        "measure_concordance",
    ),
    "config.concordance.bridges.derive.confirm_p": (
        {"config.concordance.bridges.0.derive.confirm_p": 0.01},
        "measure_concordance",
    ),
    "config.concordance.interactions.id": ({"config.concordance.interactions.0.id": "renamed"}, "measure_concordance"),
    "config.concordance.interactions.question": (
        {"config.concordance.interactions.0.question": "Another question than that?"},
        "",
    ),
    "config.concordance.interactions.set": ({"config.concordance.interactions.0.set": "T2"}, "measure_concordance"),
    "config.concordance.interactions.contrasts": (
        {"config.concordance.interactions.0.contrasts": ["a_vte"]},
        "measure_concordance",
    ),
    "config.screens.id": ({"config.screens.0.id": "renamed"}, "measure_screens"),
    "config.screens.question": ({"config.screens.0.question": "Which other compounds act?"}, ""),
    "config.screens.dataset": ({"config.screens.0.dataset": "b"}, "measure_screens"),
    "config.screens.compound": ({"config.screens.0.compound": "substance"}, "measure_screens"),
    "config.screens.vehicle": ({"config.screens.0.vehicle": "PBS"}, "measure_screens"),
    "config.screens.donor": ({"config.screens.0.donor": "person"}, "measure_screens"),
    "config.screens.plate": ({"config.screens.0.plate": ""}, "measure_screens"),
    "config.screens.cell_type": ({"config.screens.0.cell_type": "type"}, "measure_screens"),
    "config.screens.sets": ({"config.screens.0.sets": ["T2"]}, "measure_screens"),
    "config.screens.classes": ({"config.screens.0.classes": {}}, "measure_screens"),
    "config.illustrations.dataset": (
        {"config.illustrations.0.dataset": "e", "datasets.c.dataset": "e", "contrasts.c_drug.dataset": "e"},
        "adjust_set_tests analyse_dataset check_designs compare_datasets describe_cell_types illustrate_cells measure_calibration measure_concordance measure_effects prepare_dataset read_samples score_activities vary_analysis",
    ),
    "config.illustrations.condition": ({"config.illustrations.0.condition": "type"}, "illustrate_cells"),
    "config.illustrations.cell_type": ({"config.illustrations.0.cell_type": "dose"}, "illustrate_cells"),
    "config.illustrations.set": ({"config.illustrations.0.set": "T2"}, "illustrate_cells"),
    "config.illustrations.layout": ({"config.illustrations.0.layout": "pca"}, "illustrate_cells"),
    "config.panels.id": ({"config.panels.0.id": "renamed"}, ""),
    "config.panels.title": ({"config.panels.0.title": "Other genes"}, ""),
    "config.panels.set": ({"config.panels.1.set": "T2"}, ""),
    "config.panels.genes": ({"config.panels.0.genes": ["MX2"]}, ""),
    "config.pathways.id": ({"config.pathways.0.id": "renamed"}, "beside"),
    "config.pathways.title": ({"config.pathways.0.title": "Another pathway"}, "beside"),
    "config.pathways.file": ({"config.pathways.0.file": "other.svg"}, "beside"),
    "config.pathways.source": ({"config.pathways.0.source": "B et al. 2021"}, "beside"),
    "config.pathways.licence": ({"config.pathways.0.licence": "CC BY 4.0"}, "beside"),
    "config.context.title": ({"config.context.title": "What else is known"}, "beside"),
    "config.context.statements.text": (
        {"config.context.statements.0.text": "Something else is known of it."},
        "beside",
    ),
    "config.context.statements.figure": ({"config.context.statements.0.figure": "HR 3"}, "beside"),
    "config.context.statements.citation": ({"config.context.statements.0.citation": "B et al. 2021"}, "beside"),
    "config.context.statements.doi": ({"config.context.statements.0.doi": "10.1000/y"}, "beside"),
    "config.context.statements.url": ({"config.context.statements.0.url": "https://x.org/y"}, "beside"),
    "datasets.dataset": (
        {
            "datasets.d.dataset": "e",
            **{f"contrasts.{name}.dataset": "e" for name in ("d_drug", "d_stim", "d_second", "d_other")},
            "config.screens.0.dataset": "e",
        },
        "adjust_set_tests analyse_dataset check_designs compare_datasets measure_calibration measure_compounds measure_concordance measure_effects measure_screens prepare_dataset read_samples score_activities vary_analysis",
    ),
    "datasets.accession": (
        {"datasets.a.accession": "GSE6"},
        "compare_datasets lock_inputs measure_concordance measure_effects prepare_dataset read_samples retrieve_input vary_analysis",
    ),
    "datasets.platform": (
        {"datasets.a.platform": "GPL2"},
        "analyse_dataset decide_verdicts lock_inputs prepare_dataset read_samples retrieve_input vary_analysis",
    ),
    "datasets.layout": ({"datasets.b.layout": "archive"}, "prepare_dataset read_samples retrieve_input vary_analysis"),
    "datasets.file": ({"datasets.b.file": "b2.tsv"}, "lock_inputs prepare_dataset read_samples retrieve_input"),
    "datasets.metadata": (
        {"datasets.b.metadata": "https://x.org/c.txt.gz"},
        "lock_inputs prepare_dataset read_samples retrieve_input",
    ),
    "datasets.sample_sheet": (
        {"datasets.b.sample_sheet": "sheet.tsv"},
        "lock_inputs prepare_dataset read_samples retrieve_input",
    ),
    "datasets.platform_map": (
        {"datasets.a.platform_map": "map.tsv"},
        "lock_inputs prepare_dataset read_samples retrieve_input",
    ),
    "datasets.identifiers": ({"datasets.b.identifiers": "entrez"}, "prepare_dataset read_samples vary_analysis"),
    "datasets.gene_column": ({"datasets.b.gene_column": "gene"}, "prepare_dataset read_samples vary_analysis"),
    "datasets.annotation_columns": (
        {"datasets.b.annotation_columns": "length"},
        "prepare_dataset read_samples vary_analysis",
    ),
    "datasets.sheet": ({"datasets.b.sheet": "Values"}, "prepare_dataset read_samples vary_analysis"),
    "datasets.strand": ({"datasets.d.strand": "reverse"}, "prepare_dataset vary_analysis"),
    "datasets.layer": ({"datasets.c.layer": "raw"}, "illustrate_cells prepare_dataset read_samples vary_analysis"),
    "datasets.scale": (
        {"datasets.b.scale": "tpm"},  # it also tells which columns are samples, so samples are read again
        "analyse_dataset measure_effects prepare_dataset read_samples vary_analysis",
    ),
    "datasets.confirmed": ({"datasets.b.confirmed": "decimal_points"}, "prepare_dataset read_samples vary_analysis"),
    "datasets.subset": ({"datasets.a.subset": "x = a"}, "prepare_dataset read_samples vary_analysis"),
    "datasets.sample_name": ({"datasets.b.sample_name": "title"}, "prepare_dataset read_samples vary_analysis"),
    "datasets.biological_unit": (
        {"datasets.c.biological_unit": "person"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.replicates": ({"datasets.d.replicates": "cultures"}, "measure_concordance measure_effects"),
    "datasets.cell_type": (
        {"datasets.c.cell_type": "kind"},
        "describe_cell_types illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.excluded_markers": (
        {"datasets.c.excluded_markers": "CD3D"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.cell_quality": (
        {"datasets.c.cell_quality": "filter"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.most_mitochondrial": (
        {"datasets.c.most_mitochondrial": "0.2"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.fewest_genes": (
        {"datasets.c.fewest_genes": "200"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.doublets": (
        {"datasets.c.doublets": "off"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.sample_columns": (
        {"datasets.c.sample_columns": "time"},
        "illustrate_cells prepare_dataset read_samples vary_analysis",
    ),
    "datasets.sex_column": (
        {"datasets.a.sex_column": "sex"},
        "analyse_dataset prepare_dataset read_samples vary_analysis",
    ),
    "datasets.age_column": (
        {"datasets.a.age_column": "years"},
        "analyse_dataset prepare_dataset read_samples vary_analysis",
    ),
    "datasets.batch_columns": (
        {"datasets.a.batch_columns": "chip"},
        "analyse_dataset prepare_dataset read_samples vary_analysis",
    ),
    "datasets.tissue": ({"datasets.a.tissue": "whole blood"}, "decide_verdicts"),
    "datasets.source": ({"datasets.a.source": "lab"}, "compare_datasets measure_concordance measure_effects"),
    "datasets.independent_because": (
        {"datasets.d.source": "lab", "datasets.d.independent_because": "Cells of another donor"},
        "compare_datasets decide_verdicts measure_concordance measure_effects",
    ),
    "datasets.composition": ({"datasets.a.composition": "tissue"}, "adjust_composition measure_concordance"),
    "datasets.licence": ({"datasets.a.licence": "closed"}, ""),
    "datasets.status": ({"datasets.a.status": "verified"}, "check_designs"),
    "datasets.note": ({"datasets.a.note": "m"}, ""),
    "contrasts.contrast": (
        {"contrasts.b_stim.contrast": "renamed"},
        "adjust_composition adjust_set_tests analyse_dataset check_designs measure_calibration measure_concordance",
    ),
    "contrasts.dataset": (
        {"contrasts.b_stim.dataset": "a"},
        "adjust_set_tests analyse_dataset check_designs measure_calibration measure_concordance",
    ),
    "contrasts.role": (
        {"contrasts.b_stim.role": "negative_control"},
        "adjust_composition adjust_set_tests measure_concordance",
    ),
    "contrasts.target": (
        {"contrasts.b_stim.target": "x = c"},
        "analyse_dataset check_designs measure_calibration",
    ),
    "contrasts.reference": (
        {"contrasts.b_stim.reference": "x = c"},
        "analyse_dataset check_designs measure_calibration",
    ),
    "contrasts.target_label": ({"contrasts.b_stim.target_label": "C"}, ""),
    "contrasts.reference_label": ({"contrasts.b_stim.reference_label": "C"}, ""),
    "contrasts.covariates": (
        {"contrasts.b_stim.covariates": "age"},
        "analyse_dataset check_designs measure_calibration",
    ),
    "contrasts.missing_covariates": (
        {"contrasts.b_stim.missing_covariates": "drop"},
        "analyse_dataset check_designs measure_calibration",
    ),
    "contrasts.block": ({"contrasts.b_stim.block": "person"}, "analyse_dataset check_designs measure_calibration"),
    "contrasts.blocking": ({"contrasts.b_stim.blocking": "fixed"}, "analyse_dataset check_designs measure_calibration"),
    "contrasts.array_weights": (
        {"contrasts.b_stim.array_weights": "yes"},
        "analyse_dataset check_designs measure_calibration",
    ),
    "contrasts.robust": ({"contrasts.b_stim.robust": "yes"}, "analyse_dataset check_designs measure_calibration"),
    "contrasts.status": ({"contrasts.b_stim.status": "verified"}, "check_designs"),
    "contrasts.note": ({"contrasts.b_stim.note": "m"}, ""),
    "gene_sets.gene_set": (
        {"gene_sets.T2.gene_set": "T3", "config.hypotheses.0.secondary_sets": ["T3"]},
        "decide_verdicts measure_specificity pool_datasets prepare_gene_sets vary_analysis",
    ),
    "gene_sets.family": ({"gene_sets.T2.family": "member"}, "prepare_gene_sets"),
    "gene_sets.source": ({"gene_sets.T2.source": "other.tsv"}, "lock_inputs prepare_gene_sets retrieve_input"),
    "gene_sets.format": (
        {"gene_sets.T.format": "gmt_zip", "gene_sets.CLOSED.format": "gmt_zip", "gene_sets.*.format": "gmt_zip"},
        "prepare_gene_sets retrieve_input",
    ),
    "gene_sets.member": ({"gene_sets.T2.member": "T3"}, "prepare_gene_sets"),
    "gene_sets.weighted": ({"gene_sets.T2.weighted": "yes"}, "prepare_gene_sets"),
    "gene_sets.licence": ({"gene_sets.T2.licence": "MIT"}, ""),
    "gene_sets.version": ({"gene_sets.T2.version": "2"}, "prepare_gene_sets"),
    "gene_sets.mutable": ({"gene_sets.T2.mutable": "yes"}, "retrieve_input"),
    "gene_sets.opt_in": (
        {"gene_sets.T2.opt_in": "yes", "config.hypotheses.0.secondary_sets": []},
        "decide_verdicts lock_inputs measure_specificity pool_datasets prepare_gene_sets retrieve_input vary_analysis",
    ),
    "gene_sets.note": ({"gene_sets.T2.note": "m"}, ""),
    "published_tables.table": ({"published_tables.p.table": "renamed"}, "describe_published_table"),
    "published_tables.accession": ({"published_tables.p.accession": "GSE7"}, "describe_published_table"),
    "published_tables.platform": ({"published_tables.p.platform": "GPL3"}, "describe_published_table"),
    "published_tables.file": (
        {"published_tables.p.file": "q.tsv"},
        "describe_published_table lock_inputs retrieve_input",
    ),
    "published_tables.gene_column": ({"published_tables.p.gene_column": "g"}, "describe_published_table"),
    "published_tables.fold_change_column": (
        {"published_tables.p.fold_change_column": "fc"},
        "describe_published_table",
    ),
    "published_tables.compare_with_column": (
        {"published_tables.p.compare_with_column": "other"},
        "describe_published_table",
    ),
    "published_tables.p_value_column": ({"published_tables.p.p_value_column": "p"}, "describe_published_table"),
    "published_tables.adjusted_p_column": ({"published_tables.p.adjusted_p_column": "q"}, "describe_published_table"),
    "published_tables.mean_column": ({"published_tables.p.mean_column": "m"}, "describe_published_table"),
    "published_tables.zero_is_missing": ({"published_tables.p.zero_is_missing": "yes"}, "describe_published_table"),
    "published_tables.platform_map": (
        {"published_tables.p.platform_map": "map.tsv"},
        "describe_published_table lock_inputs retrieve_input",
    ),
    "published_tables.rival_platform_maps": (
        {"published_tables.p.rival_platform_maps": "GPL9=map9.tsv"},
        "describe_published_table lock_inputs retrieve_input",
    ),
    "published_tables.role": ({"published_tables.p.role": "inhibitor"}, ""),
    "published_tables.target_label": ({"published_tables.p.target_label": "C"}, "describe_published_table"),
    "published_tables.reference_label": ({"published_tables.p.reference_label": "C"}, "describe_published_table"),
    "published_tables.panel": ({"published_tables.p.panel": "T"}, "describe_published_table"),
    "published_tables.licence": ({"published_tables.p.licence": "MIT"}, ""),
    "published_tables.note": ({"published_tables.p.note": "m"}, ""),
    "lines.line": ({"lines.snps.line": "renamed"}, "decide_verdicts test_genetics"),
    "lines.layer": ({"lines.genes_of_d.layer": "protein"}, "decide_verdicts test_mrna_table test_protein"),
    "lines.hypothesis": "the study has one question that genetics can speak to",
    "lines.source": ({"lines.snps.source": "C 2026"}, "decide_verdicts"),
    "lines.file": (
        {"lines.snps.file": "other.tsv"},
        "lock_inputs retrieve_input test_genetics",
    ),
    "lines.format": ({"lines.genes.format": "magma_genes_raw"}, "retrieve_input test_genetics"),
    "lines.files": (
        {"lines.snps.files": "gene_locations=other.loc"},
        "lock_inputs retrieve_input test_genetics",
    ),
    "lines.columns": (
        {"lines.snps.columns": "chromosome=CHR,position=BP,p_value=P"},
        "test_genetics",
    ),
    "lines.universe": (
        {"lines.snps.universe": "measured.txt"},
        "lock_inputs retrieve_input test_genetics",
    ),
    "lines.set": ({"lines.snps.set": "T2"}, "decide_verdicts test_genetics"),
    "lines.direction": ({"lines.prot.direction": "down"}, "decide_verdicts test_protein"),
    "lines.independent_of": ({"lines.snps.independent_of": ""}, "decide_verdicts"),
    "lines.licence": ({"lines.snps.licence": "MIT"}, "decide_verdicts"),
    "lines.version": ({"lines.snps.version": "2"}, ""),
    "lines.status": (
        {"lines.snps.status": "opt_in"},
        "decide_verdicts lock_inputs retrieve_input test_genetics",
    ),
    "lines.note": ({"lines.snps.note": "m"}, ""),
    "considered.name": ({"considered.GSE9.name": "GSE8"}, "beside"),
    "considered.what": ({"considered.GSE9.what": "cells of patients"}, "beside"),
    "considered.would_serve": ({"considered.GSE9.would_serve": "inhibitor"}, "beside"),
    "considered.decision": ({"considered.GSE9.decision": "later"}, "beside"),
    "considered.reason": ({"considered.GSE9.reason": "too large"}, "beside"),
    "considered.marks": ({"considered.GSE9.marks": "abstract"}, "beside"),
    "considered.doi": ({"considered.GSE9.doi": "10.1000/z"}, "beside"),
}
"""By field: an edit, and the jobs (with `beside`: the edit does not enter the digest of the study, nor the manifest)."""


def fields_of(model: type[BaseModel], place: str) -> Iterator[str]:
    """Give the place of every field of a model and of the models inside it."""
    for name, field in model.model_fields.items():
        here = f"{place}.{field.alias or name}"
        inside = list(models_in(field.annotation))
        if not inside:
            yield here
        for inner in inside:
            yield from fields_of(inner, here)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Give the models that an annotation holds, in lists, dicts, unions and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from models_in(part)


def test_the_table_has_every_field():
    """A new key or column needs an entry: what is to run when it is edited?"""
    places = {place for kind, model in MODELS.items() for place in fields_of(model, kind)}
    assert places == TABLE.keys()


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """What every job is given of the unedited study."""
    return jobs_of(load(tmp_path_factory.mktemp("before")))


@pytest.mark.parametrize("place", [place for place, entry in TABLE.items() if not isinstance(entry, str)])
def test_an_edit_changes_exactly_these_jobs(place, before, tmp_path):
    """Wording changes the page alone; everything else changes what uses it."""
    edits, rules = TABLE[place]
    after = jobs_of(load(tmp_path, *edited(edits)))
    changed = {rule for rule, job in before.keys() | after.keys() if before.get((rule, job)) != after.get((rule, job))}
    expected = {"describe_study", "write_manifest", *rules.split()}
    if "beside" in expected:
        expected -= {"beside", "write_manifest"}
    assert changed == expected


def test_an_edit_of_one_dataset_leaves_the_others(before, tmp_path):
    """Jobs of one dataset or contrast know nothing of the others."""
    after = jobs_of(load(tmp_path, *edited({"datasets.b.scale": "tpm", "contrasts.b_stim.target": "x = c"})))
    changed = {key for key in before if before[key] != after[key] and key[1]}
    assert changed == {("read_samples", "b"), ("prepare_dataset", "b"), ("analyse_dataset", "b")}


def test_an_edit_of_one_contrast_analyses_its_dataset_alone(before, tmp_path):
    """Of what is done dataset by dataset, a changed selector runs one analysis again, and no file is read again."""
    after = jobs_of(load(tmp_path, *edited({"contrasts.b_stim.target": "x = c"})))
    changed = {key for key in before if before[key] != after[key] and key[1]}
    assert changed == {("analyse_dataset", "b")}


@pytest.mark.parametrize(
    ("edit", "more"),
    [
        ({"datasets.b.replicates": "people"}, {"measure_concordance", "measure_effects"}),
        ({"datasets.b.biological_unit": "donor"}, {"prepare_dataset", "read_samples", "vary_analysis"}),
        ({"contrasts.b_stim.role": "disease"}, None),
    ],
)
def test_what_says_whether_blocks_are_units_fits_a_contrast_with_blocks_again(edit, more, before, tmp_path):
    """The units of a dataset, and whether its samples are people: each of the three is asked in the fit and where it is done again."""
    after = jobs_of(load(tmp_path, *edited(edit)))
    changed = {rule for rule, job in before if before[rule, job] != after.get((rule, job))}
    fitted = {"analyse_dataset", "check_designs", "measure_calibration"}
    assert fitted <= changed
    if more is not None:
        assert changed == fitted | more | {"describe_study", "write_manifest"}


def test_cells_that_markers_label_are_labelled_alike_in_every_job(tmp_path):
    """Samples, sums and maps are given the same markers; the map may name the column or the markers."""
    edits = {"datasets.c.cell_type": "markers:blood", "config.illustrations.0.cell_type": "markers:blood"}
    given = jobs_of(load(tmp_path, *edited(edits)))
    drawn = given["illustrate_cells", ""]["illustrations"][0]
    assert drawn["markers"] == given["read_samples", "c"]["markers"] == given["prepare_dataset", "c"]["markers"]
    assert "MS4A1" in drawn["markers"]["b_cell"]
    assert drawn["cell_type"] == "marker_label"

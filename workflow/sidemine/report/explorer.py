"""The gene explorer's data: every gene of the study, with its pooled effect per hypothesis or why there is none.

Columns are kept apart and as whole numbers, which packs 20,000 genes into about a quarter of a megabyte. An interval is kept
as its distances from the effect, exact at the digits that are shown; a p-value has three digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sidemine.drawing.words import bounded, count
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.report.payload import always_shown, interval_block, significant
from sidemine.report.thinning import COMPLETE, Thinning, kept_genes
from sidemine.verdict.card import Card

if TYPE_CHECKING:
    import pandas as pd

PRESENT, NOT_MEASURED, FILTERED, NOT_COMPARED = "p", "m", "f", "x"


def explorer_options(results: StudyResults) -> list[dict[str, Any]]:
    """Return the hypotheses to choose from, each with the number of its pooled genes, or why there are none."""
    options = []
    for card in results.verdicts.verdicts:
        table = results.supplement.pooled_genes.get(card.hypothesis)
        n = 0 if table is None else len(table)
        reason = (
            "the table pooled/…/genes.tsv.gz is not among these results"
            if table is None
            else card.not_computed.get("pooled", "no contrast of this question could be tested")
        )
        options.append(
            {
                "id": card.hypothesis,
                "question": card.question,
                "n": n,
                "words": count(n, "gene") if n else f"no gene: {reason}",
            }
        )
    return options


def explorer_block(results: StudyResults, card: Card, thinning: Thinning = COMPLETE) -> dict[str, Any] | None:
    """Return the packed columns of one hypothesis; None when it has no pooled gene.

    Genes are those of `StudyResults.genes` that the table holds, in that order; `step` holds the differences of their
    positions. `missing` says, for every gene of the study and every contrast of the hypothesis, whether there is an
    effect (p), or else why not: not measured (m), filtered (f), or the contrast not compared (x). The table of a single
    experiment is that of its contrast, which is on the page already: then `same_as` names it instead. Where genes are left
    out, `pooled` is the number of all.
    """
    table = results.supplement.pooled_genes.get(card.hypothesis)
    if table is None or not len(table):
        return None
    index = results.gene_index
    table = table[table["gene"].isin(list(index))].sort_values("gene", kind="stable")
    contrasts = [row.contrast for row in card.evidence]
    told: dict[str, Any] = {
        "unit": str(table["effect_unit"].iloc[0]),
        "contrasts": [_contrast_words(results, name) for name in contrasts],
        "missing": {name: _missing(results, table, name) for name in contrasts},
        "effects": {},
    }
    if len(contrasts) == 1 and _is_that_of(results.contrasts[contrasts[0]], table):
        return {**told, "same_as": contrasts[0]}
    whole = len(table)
    table = table[table["gene"].isin(kept_genes(table, always_shown(results), thinning))]
    if len(table) < whole:
        told["pooled"] = whole
    positions = [index[gene] for gene in table["gene"]]
    block: dict[str, Any] = {
        **told,
        "step": [now - before for before, now in zip([0, *positions], positions, strict=False)],
        "k": [int(value) for value in table["k"]],
        "effect": _scaled(table["effect"], 1000),
        **interval_block(table["effect"], table["ci_low"], table["ci_high"]),
        "p": _p_values(table["p_value"]),
    }
    for name, column in (("q", "q_value"), ("heterogeneity_p", "q_p")):
        if table[column].notna().any():
            block[name] = _p_values(table[column])
    if table["i2"].notna().any():
        block["i2"] = _scaled(table["i2"], 1)
        block["prediction_low"] = _scaled(table["prediction_low"], 1000)
        block["prediction_high"] = _scaled(table["prediction_high"], 1000)
    if len(contrasts) > 1:
        block["effects"] = {
            name: _scaled(table[f"effect:{name}"].astype(str), 1000)
            for name in contrasts
            if f"effect:{name}" in table.columns
        }
    return block


def _is_that_of(item: ContrastResults, table: pd.DataFrame) -> bool:
    """Tell whether a pooled table of one contrast holds, number by number, what that contrast's own table holds."""
    own = item.differential.sort_values("gene", kind="stable")
    pairs = {"effect": "log2_fold_change", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p_value"}
    return list(own["gene"]) == list(table["gene"]) and all(
        bool((own[there].to_numpy() == table[here].to_numpy()).all()) for here, there in pairs.items()
    )


def _p_values(values: Iterable[float]) -> list[float | None]:
    return [significant(max(value, 1e-300)) if math.isfinite(value) else None for value in values]


def _scaled(values: Iterable[Any], factor: int) -> list[int | None]:
    # Columns behind the declared ones are read as text.
    numbers = [float(value) if value not in ("", None) else math.nan for value in values]
    return [round(value * factor) if math.isfinite(value) else None for value in numbers]


def _missing(results: StudyResults, table: pd.DataFrame, contrast: str) -> str:
    item = results.contrasts[contrast]
    column = f"effect:{contrast}"
    if column not in table.columns:
        return NOT_COMPARED * len(results.genes)
    present = {gene for gene, value in zip(table["gene"], table[column].astype(str), strict=True) if value != ""}
    measured = set(results.datasets[item.row["dataset"]].genes)
    return "".join(
        PRESENT if gene in present else FILTERED if gene in measured else NOT_MEASURED for gene in results.genes
    )


def _contrast_words(results: StudyResults, name: str) -> dict[str, str]:
    item = results.contrasts[name]
    return {
        "contrast": name,
        "label": bounded(f"{item.row['target_label']} − {item.row['reference_label']}", 160),
        "why": " ".join(_why(results, item)),
    }


def _why(results: StudyResults, item: ContrastResults) -> list[str]:
    """Say what kept genes out of a contrast, in sentences."""
    if not item.design["testable"]:
        return [f"Not compared: {(item.design['problem'] or {}).get('what', 'this contrast could not be tested')}."]
    dataset = results.datasets[item.row["dataset"]]
    left_out = item.design.get("genes_not_tested") or {}
    told = [f"{count(len(dataset.genes), 'gene')} measured, {len(item.differential):,} tested."]
    told += [f"Filtered: {count(int(total), 'gene')} ({bounded(str(why), 160)})." for why, total in left_out.items()]
    outliers = [flag for flag in dataset.quality["flags"] or [] if flag.get("trap") == "outlier_samples"]
    told += [
        f"Outlying samples: {flag['evidence']}; {flag['consequence']}" for flag in outliers if flag["status"] != "ok"
    ] or ["No value was left out as an outlier."]
    return told

"""The data that the page unpacks on demand: one gzip + base64 JSON block per contrast and per dataset.

Numbers are rounded to what a reader can use (and what keeps the page small): 3 decimals of log2 units, 3 significant
digits of p and q, 2 decimals of t. Numbers on the page are therefore the tables' numbers, rounded.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import zlib
from typing import TYPE_CHECKING, Any

from sidemine.drawing.words import bounded, is_number
from sidemine.enrichment.registry import statistics
from sidemine.report.collect import ContrastResults, DatasetResults, StudyResults
from sidemine.report.covariates import colour_columns
from sidemine.report.thinning import COMPLETE, Thinning, kept_genes
from sidemine.sources.scales import DIFFERENCE_UNITS, EXPRESSION_UNITS, LOG2_FOLD_CHANGE
from sidemine.study.panels import LONGEST_PANEL

if TYPE_CHECKING:
    import pandas as pd

TOP_GENES = 300
"""Genes per contrast, by p-value, whose per-sample values are on the page."""
_GZIP = 31
"""Window bits that ask zlib for a gzip header; it holds no time."""
_SET_UNITS = {"log2", *DIFFERENCE_UNITS.values()}
_FAMILY_ORDER = ("target", "member", "negative_control", "confounder", "comparator")


def pack(content: object) -> str:
    """Return `content` as base64 of gzipped JSON: the same bytes every time, inert inside HTML."""
    return pack_text(json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False))


def pack_text(text: str) -> str:
    """Return `text` as base64 of gzip, in the smaller of two ways: for words, or for columns of numbers."""
    found = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED):
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, strategy)
        found.append(packer.compress(text.encode("utf-8")) + packer.flush())
    return base64.b64encode(min(found, key=len)).decode("ascii")


def unpack(block: str) -> Any:
    """Undo `pack`."""
    return json.loads(gzip.decompress(base64.b64decode(block)))


def significant(value: float, digits: int = 3) -> float | None:
    """Round to significant digits; None for what is not a finite number."""
    return float(f"{value:.{digits - 1}e}") if math.isfinite(value) else None


def genes_block(results: StudyResults) -> dict[str, list[str]]:
    """Return symbols with their Entrez and Ensembl ids, for names and links."""
    entrez: dict[str, str] = {}
    ensembl: dict[str, str] = {}
    for contrast in results.contrasts.values():
        table = contrast.differential
        entrez.update(zip(table["gene"], table["entrez"], strict=True))
        ensembl.update(zip(table["gene"], table["ensembl"], strict=True))
    symbols = results.genes
    return {
        "symbol": [bounded(symbol, 60) for symbol in symbols],
        "entrez": [bounded(str(entrez.get(symbol, "") or ""), 20) for symbol in symbols],
        "ensembl": [bounded(str(ensembl.get(symbol, "") or ""), 30) for symbol in symbols],
    }


def sets_block(results: StudyResults) -> dict[str, Any]:
    """Return each tested set's measured genes (indices into the gene list) and weights."""
    index = results.gene_index
    tested: set[str] = set()
    for contrast in results.contrasts.values():
        tested.update(str(name) for name in contrast.enrichment["gene_set"])
    block: dict[str, Any] = {}
    for name, members in results.gene_sets.groupby("gene_set", sort=True):
        if str(name) not in tested:
            continue
        pairs = sorted(
            (index[gene], float(weight))
            for gene, weight in zip(members["gene"], members["weight"], strict=True)
            if gene in index
        )
        block[bounded(str(name), 200)] = {
            "family": str(members["family"].iloc[0]),
            "genes": [gene for gene, _ in pairs],
            "weights": [significant(weight) for _, weight in pairs] if any(weight != 1 for _, weight in pairs) else [],
        }
    return block


def named_sets(results: StudyResults) -> list[str]:
    """Return the sets that hypotheses name, primary and secondary, in order."""
    named: list[str] = []
    for hypothesis in results.study["config"]["hypotheses"]:
        named += [hypothesis["primary"]["set"], *hypothesis.get("secondary_sets", [])]
    return list(dict.fromkeys(named))


def panels_block(results: StudyResults) -> list[dict[str, Any]]:
    """Return the declared gene panels: genes (indices into the gene list), and those that no comparison measured."""
    index = results.gene_index
    block = []
    for panel in results.study["config"].get("panels") or []:
        members = results.gene_sets.loc[results.gene_sets["gene_set"] == panel["set"], "gene"] if panel["set"] else []
        genes = list(dict.fromkeys([*panel["genes"], *map(str, members)]))
        block.append(
            {
                "id": panel["id"],
                "title": bounded(panel["title"], 120),
                "source": bounded(panel["set"], 200) or "genes named in the configuration",
                "genes": [index[gene] for gene in genes if gene in index][:LONGEST_PANEL],
                "more": max(0, sum(gene in index for gene in genes) - LONGEST_PANEL),
                "absent": [bounded(gene, 40) for gene in genes if gene not in index],
            }
        )
    return block


def declared_sets(results: StudyResults) -> list[str]:
    """Return the sets named by hypotheses, then the other declared sets; comparators last are left out.

    Comparators (all Hallmarks, say) would bring half the genome, so their genes carry no per-sample values.
    """
    others = results.gene_sets.loc[results.gene_sets["family"] != "comparator", "gene_set"]
    return list(dict.fromkeys([*named_sets(results), *sorted({str(name) for name in others})]))


def always_shown(results: StudyResults) -> set[str]:
    """Return the genes of panels and declared sets (comparators apart), which no page leaves out."""
    declared = results.gene_sets.loc[results.gene_sets["family"] != "comparator", "gene"]
    return {*map(str, declared), *(results.genes[gene] for panel in panels_block(results) for gene in panel["genes"])}


def shown_genes(results: StudyResults, dataset: str, thinning: Thinning = COMPLETE) -> list[str]:
    """Return the genes of `dataset` whose per-sample values are on the page.

    Genes of panels, of declared sets in the order of `declared_sets`, and the `TOP_GENES` genes of each contrast by p-value,
    until the most values that the page may hold are reached.
    """
    measured = results.datasets[dataset].genes
    available = set(measured)
    members = results.gene_sets.groupby("gene_set")["gene"]
    groups = {str(name): [str(gene) for gene in genes] for name, genes in members}
    wanted = {results.genes[gene]: None for panel in panels_block(results) for gene in panel["genes"]}
    wanted = {gene: None for gene in wanted if gene in available}
    for name in declared_sets(results):
        wanted.update(dict.fromkeys(gene for gene in groups.get(name, []) if gene in available))
    for contrast in results.contrasts.values():
        if contrast.row["dataset"] == dataset:
            table = contrast.differential.sort_values(["p_value", "gene"], kind="stable")
            wanted.update(dict.fromkeys(str(gene) for gene in table["gene"].head(TOP_GENES) if gene in available))
    room = thinning.values // max(1, len(results.datasets[dataset].sample_names))
    return list(wanted)[:room]


def dataset_block(results: StudyResults, dataset: str, thinning: Thinning = COMPLETE) -> dict[str, Any]:
    """Return one dataset's per-sample values (log2, hundredths) and principal components."""
    import numpy as np

    found = results.datasets[dataset]
    index = results.gene_index
    position = {gene: column for column, gene in enumerate(found.genes)}
    genes = [gene for gene in shown_genes(results, dataset, thinning) if gene in index]
    values = np.rint(found.values[:, [position[gene] for gene in genes]] * 100).T if genes else np.zeros((0, 0))
    components = found.quality["principal_components"] or {}
    return {
        "samples": [bounded(name, 80) for name in found.sample_names],
        "genes": [index[gene] for gene in genes],
        "values": [[int(value) if math.isfinite(value) else None for value in row] for row in values.tolist()],
        "components": components.get("samples", {}),
        "explained": components.get("explained", []),
        "columns": colour_columns(
            found, [item for item in results.contrasts.values() if item.row["dataset"] == dataset]
        ),
    }


def contrast_block(results: StudyResults, contrast: str, thinning: Thinning = COMPLETE) -> dict[str, Any]:
    """Return one contrast's gene table, group summaries, histogram and set tests.

    Where genes are left out, `tested` is the number of all, and `rank` tells each gene's place among all by t, from the top.
    """
    found = results.contrasts[contrast]
    index = results.gene_index
    whole = found.differential.sort_values("gene", kind="stable")
    table = whole[whole["gene"].isin(kept_genes(whole, always_shown(results), thinning))]
    thinned: dict[str, Any] = {}
    if len(table) < len(whole):
        ranks = (-whole["t"]).rank(method="first").astype(int)
        thinned = {"tested": len(whole), "rank": [int(rank) for rank in ranks[table.index]]}
    p_values = [float(value) for value in table["p_value"]]
    return {
        "target": [bounded(str(name), 80) for name in found.design["target_samples"]],
        "reference": [bounded(str(name), 80) for name in found.design["reference_samples"]],
        "gene_step": _steps([index[gene] for gene in table["gene"]]),
        "log2_fold_change": _scaled(table["log2_fold_change"], 1000),
        **interval_block(table["log2_fold_change"], table["ci_low"], table["ci_high"]),
        "t": _scaled(table["t"], 100),
        "p": [significant(max(value, 1e-300)) for value in p_values],
        "q": [significant(max(float(value), 1e-300)) for value in table["q_value"]],
        "mean": _scaled(table["mean_expression"], 100),
        "groups": group_summaries(results.datasets[found.row["dataset"]], found, [str(gene) for gene in table["gene"]]),
        "histogram": found.quality["p_value_histogram"]["counts"],
        "reading": found.quality["p_value_histogram"]["reading"],
        "sets": set_rows(found.enrichment, "verdict", declared_sets(results)),
        "descriptive": set_rows(found.enrichment, "descriptive", declared_sets(results)),
        **unit_words(found),
        **thinned,
    }


def unit_words(contrast: ContrastResults) -> dict[str, str]:
    """Return what stands on the page in place of `log2 fold change` and `log2 expression`; nothing where these are right."""
    difference = (contrast.design.get("fit") or {}).get("unit", LOG2_FOLD_CHANGE)
    if difference == LOG2_FOLD_CHANGE:
        return {}
    layer = next(layer for layer, unit in DIFFERENCE_UNITS.items() if unit == difference)
    return {"difference": difference, "level": EXPRESSION_UNITS[layer]}


def group_summaries(
    dataset: DatasetResults, contrast: ContrastResults, genes: list[str]
) -> dict[str, list[int | None]]:
    """Return each gene's mean and SD per group (log2, hundredths)."""
    import numpy as np

    position = {gene: column for column, gene in enumerate(dataset.genes)}
    rows = {name: row for row, name in enumerate(dataset.sample_names)}
    columns = [position.get(gene, -1) for gene in genes]
    summaries: dict[str, list[int | None]] = {}
    for group in ("target", "reference"):
        used = [rows[name] for name in contrast.design[f"{group}_samples"] if name in rows]
        if len(used) < 2 or not genes or not dataset.genes:
            summaries[f"{group}_mean"] = summaries[f"{group}_sd"] = []
            continue
        values = np.where(np.asarray(columns) >= 0, dataset.values[np.ix_(used, columns)], np.nan)
        summaries[f"{group}_mean"] = _integers((values.mean(axis=0) * 100).tolist())
        summaries[f"{group}_sd"] = _integers((values.std(axis=0, ddof=1) * 100).tolist())
    return summaries


def set_rows(enrichment: pd.DataFrame, role: str, first: list[str]) -> dict[str, Any]:
    """Return set tests of one role, one row per set, with one entry per test.

    Sets that hypotheses name come first, then by family and name.
    """
    chosen = enrichment[enrichment["role"] == role]
    order = {name: rank for rank, name in enumerate(first)}
    rows: dict[str, dict[str, Any]] = {}
    for record in chosen.to_dict("records"):
        name = str(record["gene_set"])
        row = rows.setdefault(name, _set_facts(record))
        row["tests"][str(record["test"])] = {
            "p": _plain(record["p_value"]),
            "q": _plain(record["q_value"]),
            "family_size": int(record["family_size"]),
            "statistic": _plain(record["statistic"]),
            "direction": str(record["direction"]),
            "n_permutations": int(record["n_permutations"]),
        }
        # A column holds one unit: odds ratios and enrichment scores stand with their own test, or not at all.
        if row["effect"] is None and str(record["effect_scale"]) in _SET_UNITS and is_number(float(record["effect"])):
            row["n_measured"] = int(record["n_measured"])
            row.update({key: _plain(record[key]) for key in ("effect", "ci_low", "ci_high")})
        if row["correlation"] is None:
            row["correlation"] = _plain(record["inter_gene_correlation"])
    families = {family: rank for rank, family in enumerate(_FAMILY_ORDER)}
    ordered = sorted(
        rows.values(),
        key=lambda row: (order.get(row["gene_set"], len(order)), families.get(row["family"], 9), row["gene_set"]),
    )
    shown = set(chosen["test"])
    labels = {statistic.name: statistic.label for statistic in statistics() if statistic.name in shown}
    return {"tests": list(labels), "labels": labels, "rows": ordered}


def _set_facts(record: dict[Any, Any]) -> dict[str, Any]:
    return {
        "gene_set": bounded(str(record["gene_set"]), 200),
        "family": str(record["family"]),
        "n_in_set": int(record["n_in_set"]),
        "n_measured": int(record["n_measured"]),
        "effect": None,
        "ci_low": None,
        "ci_high": None,
        "effect_scale": str(record["effect_scale"]),
        "correlation": None,
        "tests": {},
    }


def _plain(value: object) -> float | None:
    return significant(float(value), 6) if isinstance(value, int | float) and math.isfinite(value) else None


def _steps(indices: list[int]) -> list[int]:
    # Differences of rising indices are nearly all 1, which gzip turns into almost nothing.
    return [now - before for before, now in zip([0, *indices], indices, strict=False)]


def _scaled(values: pd.Series, factor: int) -> list[int | None]:
    return _integers([float(value) * factor for value in values])


def interval_block(effect: pd.Series, low: pd.Series, high: pd.Series) -> dict[str, list[int | None]]:
    """Return limits as distances from their effect, in thousandths: below it, and above it beyond that.

    Exact at the digits shown. Intervals are symmetric but for rounding, so the second list is nearly all zeros and packs to
    nothing.
    """
    middle, lower, upper = (_scaled(values, 1000) for values in (effect, low, high))
    below = [None if m is None or x is None else m - x for m, x in zip(middle, lower, strict=True)]
    above = [
        None if m is None or x is None or b is None else x - m - b for m, x, b in zip(middle, upper, below, strict=True)
    ]
    return {"below": below, "above": above}


def _integers(values: list[float]) -> list[int | None]:
    return [round(value) if math.isfinite(value) else None for value in values]

"""Invented evidence beside the verdicts of the example study: specificity, composition, robustness, concordance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sidemine.considerations.composition.record import (
    AdjustedIn,
    CompositionAdjusted,
    Corrected,
    Difference,
    ProxyFact,
    SingleProxy,
)
from sidemine.considerations.hidden_factors.record import (
    AdjustedForFactors,
    FactorsOfContrast,
    FactorsShown,
    Follows,
    HiddenFactor,
    NotAdjustedForFactors,
)
from sidemine.considerations.influence.record import Influence, InfluenceOnEffect, WithoutGene
from sidemine.considerations.judgement import Gate, Sensitivity
from sidemine.considerations.specificity.record import (
    AmongComparators,
    AmongMatched,
    Placed,
    SetBeside,
    SpecificityShown,
)
from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.effect.record import Estimate, PooledEstimate
from sidemine.verdict.card import EvidenceRow, IndependentLine, Synthesis

UNIT = "Hedges g"
PANEL = {
    "id": "antiviral",
    "title": "Antiviral genes",
    "set": "",
    "genes": ["STAT1", "IFIT1", "IFIT3", "ISG15", "MX1", "OAS1", "NOTHERE1"],
}
DIMENSIONS = {
    "reference": ("reference",),
    "covariates": ("without_covariates", "age_only", "sex_added"),
    "composition": ("one_proxy", "all_proxies"),
    "filter": ("no_filter", "top_half"),
    "probe_rule": ("highest_variance", "mean_of_probes"),
    "statistic": ("median_score",),
    "dataset_left_out": ("without_vte_a", "without_vte_b"),
    "reused_controls": ("own_controls",),
    "age_overlap": ("shared_ages",),
}
HOSTILE_REASON = "<img src=x onerror=alert(1)> no recorded sex contradicts the genes"
NOT_EVALUATED = ("set_version", "older_release", "the study has one release of the set")


SENSITIVITY = [
    Sensitivity("without its leading genes", "without ISG15 (20% of the effect), the effect would be 0.36 (95 % CI "
                "0.11 to 0.61), p = 0.0047: this would not change the reading", 0.36, 0.11, 0.61, 0.0047, False),
    Sensitivity("without one cohort", "without vte_a, the effect would be 0.33 (95 % CI -0.09 to 0.75), p = 0.12: this would "
                "change the reading", 0.33, -0.09, 0.75, 0.12, True),
    Sensitivity("without flagged samples", HOSTILE_REASON, missing=HOSTILE_REASON),
]  # fmt: skip


SYNTHESIS = Synthesis(
    rows=[
        EvidenceRow(
            line="expression", layer="expression", gene_set="SIM_INTERFERON_TARGETS", direction="up", unit="Hedges g",
            universe_n=None, n_in_set=10, n_measured=8, effect=0.4, ci_low=0.1, ci_high=0.7, p_value=0.01, p_declared=0.005,
            null_used="effect pooled over independent data sets", size_measured=None, worst_set_size=None, percentile=None,
            call="in favour", cap="A cap of <b>the</b> study", downgrades=[], reason="Suggestive: a hint.", hypothesis="vte_targets",
            source="GSE19151, GSE48000", licence="", status="verified", in_line="expression",
        )
    ],
    lines=[IndependentLine("expression", ["expression"], "in favour", 0.005)],
    n_tested=1, n_shown=1, conflicting=False, sentence="One line of evidence alone, expression: in favour.",
    downgrades=["expression: suggestive at most"],
)  # fmt: skip


def hidden_factors_record(hypothesis: str, kind: str, evidence: list[dict[str, Any]]) -> FactorsShown:
    """Record of a cohort effect of which a tenth goes with a factor, and of one whose samples are too few."""
    if kind == "experiment":
        return FactorsShown(None, None, "", "not asked of experiments", None, (), [])
    entries: list[FactorsOfContrast] = []
    for row in evidence:
        if not row["testable"]:
            continue
        size, se, df = row["effect"], row["effect_se"], row["effect_df"]
        total = Estimate(size, se, size - 2 * se, size + 2 * se, df, row["p_self_contained"])
        if entries:
            reason = f"{HOSTILE_REASON}: not possible with 12 samples"
            entries.append(NotAdjustedForFactors(row["contrast"], reason, 400, 3, total))
            continue
        part = replace(total, effect=0.9 * size, ci_low=0.9 * size - 2 * se, ci_high=0.9 * size + 2 * se)
        follows = [Follows("library depth", "values", 0.71, 0.0004), Follows(HOSTILE_REASON, "column", 0.4, 0.01)]
        factors = [HiddenFactor(12.5, 0.9, total, 0.3, follows), HiddenFactor(4.0, 0.6, part, -0.1, [])]
        entries.append(AdjustedForFactors(row["contrast"], "", 400, 3, total, part, factors, 1))
    reason = "; ".join(f"{row.contrast}: {row.reason}" for row in entries if row.reason)
    return FactorsShown(None, None, "", reason or "no contrast could be tested", None, (), entries)


def influence_record(hypothesis: str, evidence: list[dict[str, Any]]) -> Influence:
    """Record of an effect that loses a fifth of itself with one gene, and a tenth with another."""
    effects = []
    for row in evidence:
        if row["testable"]:
            size, se, df = row["effect"], row["effect_se"], row["effect_df"]
            whole = Estimate(size, se, size - 2 * se, size + 2 * se, df, row["p_self_contained"])
            genes = [
                WithoutGene(gene, replace(whole, effect=(1 - share) * size, ci_low=(1 - share) * size - 2 * se,
                                          ci_high=(1 - share) * size + 2 * se), share)
                for gene, share in (("ISG15", 0.2), (HOSTILE_REASON, 0.1))
            ]  # fmt: skip
            effects.append(InfluenceOnEffect(row["contrast"], 10, whole, genes))
    return Influence(hypothesis, effects, "" if effects else "no effect was measured")


def specificity_record() -> SpecificityShown:
    """Record of the primary set among other sets: one contrast with matched random sets, one without."""
    return SpecificityShown(
        percentile=97.0, reason="", percentile_comparators=100.0, doubt="",
        sentence="vte_a: a larger effect than 97 % of 1,000 random sets; rank 1 of 3 (itself and 2 comparator sets).",
        contrasts=[placed("vte_a", 0.52, 97.0), placed("vte_b", 0.33, None)], gates=(), caps=(),
    )  # fmt: skip


def placed(contrast: str, effect: float, percentile: float | None, overlaps: list[SetBeside] | None = None) -> Placed:
    """Place the primary set in one contrast."""
    beside = [("SIM_HEME", "confounder", 0.38), ("SIM_RANDOM", "negative_control", -0.04)]
    quantiles = [round(float(x), 4) for x in np.linspace(-0.3, 0.45, 41)]
    reason = "" if percentile else "no valid comparator: random sets are less co-expressed"
    return Placed(
        contrast=contrast, gene_set="SIM_INTERFERON_TARGETS", direction="up", effect=effect,
        matched=AmongMatched(5000, 90, 0.5, 0.35, 1000, percentile=percentile, reason=reason, quantiles=quantiles),
        comparators=AmongComparators(2, 1, [], 100.0, ""),
        beside=[SetBeside(name, family, "", 20, size, size - 0.3, size + 0.3, "up", 0.2, 50.0)
                for name, family, size in beside],
        overlaps=overlaps or [],
    )  # fmt: skip


def specificity_table(hypothesis: str) -> pd.DataFrame:
    """Rows of specificity.tsv: two comparator sets per contrast."""
    rows = [
        {"hypothesis": hypothesis, "contrast": contrast, "gene_set": name, "family": "comparator", "without": "",
         "n_measured": 25, "effect": effect, "ci_low": effect - 0.3, "ci_high": effect + 0.3, "effect_scale": UNIT,
         "direction": "up" if effect > 0 else "down", "p_value": np.nan, "percentile_matched": np.nan,
         "percentile_comparators": np.nan}
        for contrast in ("vte_a", "vte_b")
        for name, effect in (("SIM_COMPARATOR_1", 0.07), ("SIM_COMPARATOR_2", -0.12))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=SPECIFICITY.names)


def composition_record() -> CompositionAdjusted:
    """Total and adjusted effect, pooled and per contrast, with two cell proxies."""
    gate = Gate("composition", "composition-adjusted effect", "passed", "0.31 SD")
    return CompositionAdjusted(
        adjusted=_pooled(0.31, 0.27), total=_pooled(0.45, 0.25), corrected=_pooled(0.24, 0.3), with_dropped=None,
        sentence="Total 0.45 SD; 0.31 SD after adjusting for the mix of cells.", doubt="", notes=(), gate=gate, caps=(),
        contrasts=[adjusted("vte_a", 0.52), adjusted("vte_b", 0.33)],
    )  # fmt: skip


def adjusted(contrast: str, size: float) -> AdjustedIn:
    """Adjust the effect in one contrast."""
    return AdjustedIn(
        hypothesis="vte_targets", gene_set="SIM_INTERFERON_TARGETS", adjusted_for=["erythroid", "t_cell"], reason="",
        proxies=[ProxyFact("b_cell", used=False, reason="2 usable markers, fewer than 4", n_markers=2, markers=[],
                           left_out=[], reliability=0.4)],
        total=_effect(size, 0.31), adjusted=_effect(size - 0.14, 0.33),
        difference=Difference(0.14, 0.02, 0.3), retained_percent=70.0,
        corrected=Corrected(0.7, size - 0.2, 0.18, size - 0.56, size + 0.16), could_explain=False,
        single=[SingleProxy(cells, _effect(3 * less, 0.3), _effect(size - less, 0.32), less)
                for cells, less in (("erythroid", 0.1), ("t_cell", 0.02))],
        with_dropped=None, n_bootstrap=2000, contrast=contrast, contamination_checked_in=["interferon"],
    )  # fmt: skip


def _effect(size: float, half: float) -> Estimate:
    return Estimate(size, half / 2, size - half, size + half, 60.0, 0.012)


def _pooled(size: float, half: float) -> PooledEstimate:
    return PooledEstimate(size, size - half, size + half, 0.012, half / 2, 2, None)


def robustness() -> dict[str, Any]:
    """Return `robustness.json`: one hypothesis with a grid, one without."""
    random = np.random.default_rng(5)
    variants = [
        _variant(dimension, name, 0.45 + (0 if dimension == "reference" else float(random.normal(0, 0.09))))
        for dimension, names in DIMENSIONS.items()
        for name in names
    ]
    dimension, name, reason = NOT_EVALUATED
    missing = dict.fromkeys(("k", "n_genes", "effect", "se", "ci_low", "ci_high", "p_value", "agrees"))
    variants.append({**_variant(dimension, name, 0.4), **missing, "direction": "", "verdict": "", "reason": reason})
    evaluated = [row for row in variants if row["dimension"] not in {"reference", dimension}]
    agreeing = sum(bool(row["agrees"]) for row in evaluated)
    full = [row for row in evaluated if row["full_data"]]
    share = {"agreeing": sum(bool(row["agrees"]) for row in full), "of": len(full)}
    return {
        "hypotheses": [
            {"hypothesis": "vte_targets", "variants": variants, "agreeing": agreeing, "of": len(evaluated),
             "share": agreeing / len(evaluated), "full_data": {**share, "share": share["agreeing"] / share["of"]},
             "reversed": [], "required_runs": {"age_overlap": "passed", "no_reused_controls": "not applicable"},
             "required_details": {"age_overlap": "0.41 SD in the shared ages", "no_reused_controls": ""}, "reason": None},
            {"hypothesis": "skin", "variants": [], "agreeing": 0, "of": 0, "share": None, "full_data": {"agreeing": 0, "of": 0,
             "share": None}, "reversed": [], "required_runs": {"age_overlap": "not evaluated", "no_reused_controls": "not evaluated"},
             "required_details": {"age_overlap": "", "no_reused_controls": ""},
             "reason": "no comparison could be tested, so nothing can vary"},
        ]
    }  # fmt: skip


def _variant(dimension: str, name: str, effect: float) -> dict[str, Any]:
    half = 0.33 if dimension in {"dataset_left_out", "age_overlap", "reused_controls"} else 0.25
    return {
        "hypothesis": "vte_targets", "variant": name, "dimension": dimension, "description": name.replace("_", " "),
        "full_data": half < 0.3, "k": 2, "n_genes": 8, "effect": effect, "se": half / 2, "df": 60.0, "ci_low": effect - half,
        "ci_high": effect + half, "effect_scale": UNIT, "direction": "up", "p_value": 0.001 if effect > half else 0.2,
        "verdict": "suggestive", "agrees": effect > half, "reason": "",
    }  # fmt: skip


def concordance(genes: list[str]) -> dict[str, Any]:
    """Return `concordance.json`: one bridge from the inhibitor to the cohorts."""
    random = np.random.default_rng(8)
    drug = np.where(np.arange(len(genes)) < 8, -5.0, 0.0) + random.normal(0, 1, len(genes))
    disease = np.where(np.arange(len(genes)) < 8, 3.0, 0.0) + random.normal(0, 1, len(genes))
    row = {
        "bridge": "jak_vte", "disease_contrast": "pooled", "drug_contrast": "inhibitor", "scope": "target",
        "gene_set": "SIM_INTERFERON_TARGETS", "estimand": "total", "n_genes": 8, "concordance": -0.61, "se": 0.15,
        "ci_low": -0.9, "ci_high": -0.32, "margin": 0.2, "p_disease_rotated": 0.004, "p_drug_rotated": 0.011,
        "p_value": 0.011, "percentile_comparators": 2.0, "n_comparators": 12, "n_comparator_genes": 30, "call": "opposes", "reason": "",
        "n_rotations": 999, "seed": 7, "leading_genes": ", ".join(genes[:5]), "reliability_disease": 0.6, "reliability_drug": 0.7,
        "corrected_ci_low": -0.95, "corrected_ci_high": -0.4,
    }  # fmt: skip
    return {
        "bridges": [
            {"bridge": "jak_vte", "call": "opposes", "expected": "either",
             "sentence": "On the genes that the pathway regulates the inhibitor opposes the disease (−0.61).",
             "drug": ["inhibitor"], "disease": ["vte_a", "vte_b"],
             "primary": {key: row[key] for key in ("disease_contrast", "drug_contrast", "scope", "gene_set")},
             "rows": [row, {**row, "estimand": "adjusted", "concordance": -0.44, "ci_low": -0.8, "ci_high": -0.08},
                      {**row, "scope": "all", "gene_set": "", "concordance": -0.03, "ci_low": -0.1, "ci_high": 0.04,
                       "call": "no resemblance beyond the margin", "leading_genes": ""}],
             "derived_sets": [], "comparators": [], "left_out": [], "library": None,
             "profile": {"genes": genes, "drug": [round(float(x), 3) for x in drug], "n_total": 5000,
                         "disease": [round(float(x), 3) for x in disease], "in_set": [i < 8 for i in range(len(genes))]}},
        ],
        "interactions": [],
        "prediction": [
            {"what": "AUROC of likeness", "figure": ".488", "ci_low": ".473", "ci_high": ".504", "conditions": "all pairs",
             "source": "a benchmark"},
        ],
    }  # fmt: skip

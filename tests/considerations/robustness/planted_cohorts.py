"""Tiny planted studies whose variants are known beforehand."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd

from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.grid import vary_hypothesis
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.differential.groups import Groups
from sidemine.effect.measure import measure_contrast
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin
from sidemine.effect.scale import scale_of
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership
from sidemine.study.choices import RobustnessDimension
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import ContrastToFit

N_GENES = 200
GENES = [f"G{number:03d}" for number in range(N_GENES)]
SET = GENES[:20]


def gene_sets(*more):
    """Return the primary set S and others, as (name, family, genes)."""
    rows = [
        (name, family, gene, 1.0, "1", "none")
        for name, family, genes in (("S", "target", SET), *more)
        for gene in genes
    ]
    return pd.DataFrame(rows, columns=["gene_set", "family", "gene", "weight", "version", "source"])


def samples(n, **columns):
    table = pd.DataFrame({name: [str(value) for value in values] for name, values in columns.items()})
    table.index = pd.Index([f"s{number}" for number in range(n)], dtype=object)
    return table


def measured(data, kind, common):
    """Return the evidence that the reference run would have of one contrast."""
    refit = data.reference()
    membership = build_membership(gene_sets(), refit.fit.genes, 1)
    name = data.contrast
    shell = ContrastEvidence(
        contrast=name.contrast, dataset=name.dataset, accession=name.dataset, platform="", role="disease",
        tissue="blood", status="verified", target_label="t", reference_label="r", n_target=refit.design.n_target,
        n_reference=refit.design.n_reference, testable=False,
    )  # fmt: skip
    tests = [test(refit.fit, membership) for test in (fry, camera)]
    return measure_contrast(shell, refit.fit, gene_sets(), *tests, scale_of(kind), common)


def contrast(name, table, is_target, shift, covariates=(), seed=1, **more):
    """`shift`: what is added to the genes of the set in every sample."""
    rng = np.random.default_rng(seed)
    values = rng.normal(8, 1, (N_GENES, len(is_target)))
    values[: len(SET)] += 0.5 * rng.normal(size=len(is_target)) + np.asarray(shift, dtype=float)
    row = ContrastToFit(
        contrast=name, dataset=f"d_{name}", target="made in process", reference="made in process",
        covariates=list(covariates), block="", blocking="auto", array_weights=False, robust=False,
        missing_covariates="refuse", samples_in_block="units",
    )  # fmt: skip
    groups = Groups(table, np.asarray(is_target), ~np.asarray(is_target))
    return ContrastData(row, groups, values.T, GENES, **more)


def hypothesis(names, kind="cohort", direction="up", secondary=()):
    primary = {"set": "S", "contrasts": list(names), "direction": direction}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Does it change?", "kind": kind, "primary": primary, "secondary_sets": secondary}
    )


def evidence_of(data, kind="cohort"):
    rows = [measured(one, kind, SET) for one in data]
    common = len(SET) if kind == "cohort" else None
    return HypothesisEvidence(
        "h", rows, None, Margin(0.4, "Hedges g", "declared"), n_common_genes=common, pooled=pool_contrasts(rows)
    )


DIMENSIONS = get_args(RobustnessDimension)


def settings(dimensions=DIMENSIONS, crossed_max=24, rotations=999, seed=1, min_set_size=5):
    return RobustnessSettings(
        robustness=list(dimensions),
        robustness_crossed=crossed_max,
        probe_rule="highest_mean",
        min_group_size=3,
        min_set_size=min_set_size,
        rotations=rotations,
        seed=seed,
    )


def hint(evidence):
    return "suggestive" if (evidence.pooled.p or 1) <= 0.05 else "not testable"


def ask(*data, kind="cohort", sets=None, secondary=(), skip=(), verdict=hint, evidence=None, **changes):
    names = [one.contrast.contrast for one in data]
    return vary_hypothesis(
        hypothesis(names, kind, secondary=list(secondary)),
        evidence or evidence_of(data, kind),
        dict(zip(names, data, strict=True)),
        gene_sets() if sets is None else sets,
        verdict=verdict,
        settings=settings(**changes),
        skip=skip,
    )


def rows_of(record):
    return {row.variant: row for row in record.variants}

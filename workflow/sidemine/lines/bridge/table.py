"""`concordance.tsv`: its columns, and the table of what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.records import fields_of
from sidemine.tables import Column, TableSpec, empty_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sidemine.lines.bridge.record import MeasuredBridge

CONCORDANCE = TableSpec(
    "concordance.tsv",
    (
        Column("bridge", "text", "Id of the bridge."),
        Column("disease_contrast", "text", "Disease contrast, or pooled: the common effect over all of them."),
        Column(
            "drug_contrast",
            "text",
            "Contrast of the perturbation, pooled, or (derived sets) the contrasts it was derived from.",
        ),
        Column("scope", "text", "all, target, responsive or derived: which shared genes count."),
        Column("gene_set", "text", "Set of scopes target and derived.", may_be_empty=True),
        Column("estimand", "text", "total, or adjusted: the disease profile adjusted for the mix of cells."),
        Column("n_genes", "integer", "Shared genes that count."),
        Column(
            "concordance",
            "number",
            "Σ x·y / √(Σ x² Σ y²) of the centred normal deviates of perturbation and disease; positive: the same sign.",
            may_be_empty=True,
        ),
        Column("se", "number", "Its standard error, with the genes' own correlation on both sides.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of its 95 % confidence interval.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of its 95 % confidence interval.", may_be_empty=True),
        Column(
            "p_disease_rotated", "number", "Two-sided p, disease rotated, the perturbation fixed.", may_be_empty=True
        ),
        Column(
            "p_drug_rotated",
            "number",
            "Two-sided p, perturbation rotated, disease profile fixed; derived sets: of their confirmation.",
            may_be_empty=True,
        ),
        Column("p_value", "number", "The larger of the two.", may_be_empty=True),
        Column(
            "percentile_comparators",
            "number",
            "Percentage of comparators with a weaker concordance in this direction, for their strength; empty below 10 of them.",
            may_be_empty=True,
        ),
        Column(
            "n_comparators",
            "integer",
            "Comparators with enough shared genes; those of one declared target pathway count as one.",
        ),
        Column(
            "margin",
            "number",
            "Size that 90 % of the comparators stay below, as strong as this perturbation is; empty below 10 of them.",
            may_be_empty=True,
        ),
        Column(
            "call",
            "text",
            "mimics, opposes, no resemblance beyond the margin (which says nothing about safety), undetermined or refused; "
            "adjusted rows: as the total row.",
        ),
        Column("reason", "text", "Why this call."),
        Column("n_rotations", "integer", "Rotations of each side."),
        Column("seed", "integer", "The study's seed, from which every contrast's rotations follow."),
        Column("leading_genes", "text", "Genes that carry the concordance, comma list.", may_be_empty=True),
        Column(
            "reliability_disease",
            "number",
            "Lower 95 % limit of the share of Σ y² that is no noise; 0: the profile does not stand out.",
            may_be_empty=True,
        ),
        Column("reliability_drug", "number", "The same of Σ x².", may_be_empty=True),
        Column(
            "corrected_ci_low",
            "number",
            "Lower 95 % limit of the concordance without noise; empty where a reliability is 0.",
            may_be_empty=True,
        ),
        Column("corrected_ci_high", "number", "Upper 95 % limit of the concordance without noise.", may_be_empty=True),
    ),
)


def concordance_table(bridges: Sequence[MeasuredBridge]) -> pd.DataFrame:
    """Return the rows of all bridges as `CONCORDANCE` describes."""
    import pandas as pd

    rows = [fields_of(row) for bridge in bridges for row in bridge.rows]
    if not rows:
        return empty_table(CONCORDANCE)
    numbers = [column.name for column in CONCORDANCE.columns if column.kind == "number"]
    return pd.DataFrame(rows, columns=CONCORDANCE.names).astype(dict.fromkeys(numbers, float))

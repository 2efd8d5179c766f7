"""The columns of `specificity.tsv`.

Every signed number is target minus reference; positive means higher in the target.
"""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

SPECIFICITY = TableSpec(
    "specificity.tsv",
    (
        Column("hypothesis", "text", "Id of the hypothesis whose primary set is placed."),
        Column("contrast", "text", "Contrast; every signed number is target minus reference."),
        Column("gene_set", "text", "Id of the gene set: the primary set first, then all sets beside it."),
        Column("family", "text", "target, member, confounder, comparator or negative_control."),
        Column("without", "text", "Set whose genes were taken out of this row's set first.", may_be_empty=True),
        Column("n_measured", "integer", "Genes that the row rests on."),
        Column("effect", "number", "Effect on the hypothesis' scale.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of the 95 % confidence interval.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of the 95 % confidence interval.", may_be_empty=True),
        Column("effect_scale", "text", "Hedges g (cohorts), or log2 over complement (experiments)."),
        Column("direction", "text", "up, down or none: sign of effect."),
        Column(
            "p_value",
            "number",
            "Two-sided FRY p-value of the primary set and of parts of sets; never 0.",
            may_be_empty=True,
        ),
        Column(
            "percentile_matched",
            "number",
            "Primary set only: percentile, in the declared direction, among matched random sets; empty: no valid "
            "comparator. Not a p-value.",
            may_be_empty=True,
        ),
        Column(
            "percentile_comparators",
            "number",
            "Percentile, in the declared direction, among the comparator sets; empty below 10 of them.",
            may_be_empty=True,
        ),
    ),
)

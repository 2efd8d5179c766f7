"""The columns of the pooled tables: gene sets and genes over all datasets of a hypothesis.

Every signed number is target minus reference; positive means higher in the target.
"""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

_POOLED_COLUMNS = (
    Column("k", "integer", "Independent datasets that have this row."),
    Column(
        "method",
        "text",
        "What carries effect: single dataset, common effect (k < 5), or random effects (REML, Hartung–Knapp; k >= 5).",
    ),
    Column("effect", "number", "Pooled effect, target minus reference, in the unit of effect_unit."),
    Column("se", "number", "Standard error of effect."),
    Column("ci_low", "number", "Lower limit of the 95 % confidence interval of effect (t)."),
    Column("ci_high", "number", "Upper limit of the 95 % confidence interval of effect (t)."),
    Column(
        "p_value",
        "number",
        "Two-sided p-value of effect (t); never 0. k >= 5: the larger one of the common effect's and Hartung–Knapp's.",
    ),
    Column(
        "q_value",
        "number",
        "Benjamini–Hochberg; genes: over all genes with k of 2 or more; sets: over the sets of one family.",
        may_be_empty=True,
    ),
    Column("family_size", "integer", "Number of p-values in that Benjamini–Hochberg family; 0 where there is no q."),
    Column("tau2", "number", "Variance between datasets, REML; empty below k = 3.", may_be_empty=True),
    Column("i2", "number", "I², percent, from the REML tau2; empty below k = 3.", may_be_empty=True),
    Column("q_statistic", "number", "Cochran's Q; empty for k = 1.", may_be_empty=True),
    Column("q_p", "number", "Chi-squared p-value of Q on k - 1 degrees of freedom.", may_be_empty=True),
    Column(
        "prediction_low",
        "number",
        "Lower limit of the 95 % prediction interval of a new dataset; empty below k = 3.",
        may_be_empty=True,
    ),
    Column("prediction_high", "number", "Upper limit of that prediction interval.", may_be_empty=True),
    Column("random_effect", "number", "Random-effects mean (REML); empty for k = 1.", may_be_empty=True),
    Column("hartung_knapp_ci_low", "number", "Lower 95 % limit of random_effect by Hartung–Knapp.", may_be_empty=True),
    Column("hartung_knapp_ci_high", "number", "Upper 95 % limit of random_effect by Hartung–Knapp.", may_be_empty=True),
    Column("hartung_knapp_p", "number", "Two-sided p-value of random_effect by Hartung–Knapp.", may_be_empty=True),
    Column("dersimonian_laird_effect", "number", "Random-effects mean (DerSimonian–Laird).", may_be_empty=True),
    Column("dersimonian_laird_p", "number", "Its two-sided p-value (normal).", may_be_empty=True),
    Column(
        "stouffer_z",
        "number",
        "Sum of the datasets' z-values, weighted by the square root of the effective sample size.",
        may_be_empty=True,
    ),
    Column("stouffer_p", "number", "Two-sided p-value of stouffer_z.", may_be_empty=True),
    Column("leave_one_out_low", "number", "Lowest effect when one dataset is left out.", may_be_empty=True),
    Column("leave_one_out_high", "number", "Highest effect when one dataset is left out.", may_be_empty=True),
    Column("not_estimable", "text", "Why figures of this row are empty.", may_be_empty=True),
)

_POOLED_UNIT = Column(
    "effect_unit", "text", "Hedges g (cohorts), or log2 fold change (experiments; sets: over complement)."
)

POOLED_SETS = TableSpec(
    "pooled sets.tsv",
    (
        Column("gene_set", "text", "Id of the gene set."),
        Column("family", "text", "target, member, confounder, comparator or negative_control."),
        Column("set_role", "text", "primary, secondary or exploratory, as the hypothesis declares."),
        Column("n_genes", "integer", "Genes used; cohorts: those measured in all of them. Experiments: the fewest."),
        _POOLED_UNIT,
        *_POOLED_COLUMNS,
    ),
    # Behind these: effect and se of every contrast that entered, as effect:<contrast> and se:<contrast>.
    open_ended=True,
)

POOLED_GENES = TableSpec(
    "pooled genes.tsv.gz",
    (Column("gene", "text", "Approved symbol."), _POOLED_UNIT, *_POOLED_COLUMNS),
    open_ended=True,
)

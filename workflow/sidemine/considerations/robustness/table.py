"""The columns of `robustness.tsv`.

Every signed number is target minus reference; positive means higher in the target.
"""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

ROBUSTNESS = TableSpec(
    "robustness.tsv",
    (
        Column("hypothesis", "text", "Id of the hypothesis."),
        Column("variant", "text", "Name of the variant; reference is the analysis as declared."),
        Column(
            "dimension",
            "text",
            "What is varied: covariates, composition, filter, probe_rule, statistic, test, set_version, "
            "dataset_left_out, reused_controls, age_overlap, sex_mismatch, seed, or several (crossed).",
        ),
        Column("description", "text", "The variant in words, and where it is not the same in every contrast."),
        Column("full_data", "boolean", "All datasets and samples of the reference run: only these count for the caps."),
        Column("k", "integer", "Independent datasets pooled.", may_be_empty=True),
        Column(
            "n_genes", "integer", "Genes of the set used; experiments: the fewest of a contrast.", may_be_empty=True
        ),
        Column("effect", "number", "Pooled effect, target minus reference, in effect_scale.", may_be_empty=True),
        Column("se", "number", "Standard error of effect.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of the 95 % confidence interval of effect.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of the 95 % confidence interval of effect.", may_be_empty=True),
        Column("effect_scale", "text", "Hedges g (cohorts), or log2 fold change over complement.", may_be_empty=True),
        Column("direction", "text", "up, down or none: the sign of target minus reference.", may_be_empty=True),
        Column(
            "p_value",
            "number",
            "Two-sided. Cohorts: of the pooled effect; under another test: the cohorts' p by Stouffer's weighted z. "
            "Experiments: the smallest self-contained p times the number of contrasts.",
            may_be_empty=True,
        ),
        Column(
            "verdict",
            "text",
            "By the rules without robustness; what a variant does not measure is held as in the reference run.",
            may_be_empty=True,
        ),
        Column(
            "agrees",
            "boolean",
            "Sign of the reference run, and p at most .05 where the reference has that (else: its verdict). Empty: "
            "not evaluated.",
            may_be_empty=True,
        ),
        Column("reason", "text", "Why the variant was not evaluated.", may_be_empty=True),
    ),
)

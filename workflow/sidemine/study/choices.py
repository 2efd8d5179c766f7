"""The closed choices of a study: words that sheets and config.yaml may hold."""

from __future__ import annotations

from typing import Literal

ProbeRule = Literal["highest_mean", "highest_variance", "mean_of_probes"]
MultiGeneRule = Literal["drop", "first"]
Role = Literal["disease", "inhibitor", "stimulus", "negative_control"]

Family = Literal["target", "member", "confounder", "comparator", "negative_control"]

Kind = Literal["cohort", "experiment", "panel"]
"""What a hypothesis compares: people, treated samples, or compounds, doses or times in one model."""

Direction = Literal["up", "down", "either"]

Score = Literal["mean", "huber"]
"""How the people's set scores are regressed: by least squares, or by Huber's regression, in which single people far from the
others weigh less."""
Status = Literal["verified", "unverified"]

LineStatus = Literal["verified", "unverified", "opt_in"]
"""Of a line of evidence: `opt_in` is written down and not fetched until somebody changes the word."""

Replicates = Literal["people", "cultures", "wells", "unknown"]
"""What the independent units of a dataset are."""

RobustnessDimension = Literal[
    "covariates",
    "composition",
    "filter",
    "probe_rule",
    "statistic",
    "test",
    "set_version",
    "dataset_left_out",
    "reused_controls",
    "age_overlap",
    "sex_mismatch",
    "seed",
    "crossed",
]

SetFormat = Literal["gmt", "gmt_zip", "collectri", "dorothea", "progeny", "sets_tsv"]

Confirmation = Literal["decimal_points", "human_symbols", "fractional_counts"]
"""Checks of values and identifiers that misjudge a file, as somebody who knows it declares."""

CellChecks = Literal["off", "told", "filter"]
"""What is done about single cells that lie apart."""

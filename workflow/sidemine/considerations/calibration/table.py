"""The columns of `calibration.tsv`."""

from __future__ import annotations

from sidemine.tables import Column, TableSpec

CALIBRATION = TableSpec(
    "calibration.tsv",
    (
        Column(
            "scope",
            "text",
            "dataset: measured on, or quoted for, a contrast of this study; design_class: simulated; plasmode: real arrays, "
            "resampled; whole_rule: the verdict rules on simulated studies.",
        ),
        Column("subject", "text", "Contrast, design class, or planted class."),
        Column("null", "text", "global, competitive, composition, heterogeneity, or none (power: there is an effect)."),
        Column("quantity", "text", "size, power, or verdict_rate."),
        Column("test", "text", "fry, camera, rotation, rotation_competitive, pooled, …, or the verdict counted."),
        Column("family", "text", "primary, a family of sets, simulated, or whole rule."),
        Column("level", "number", "Nominal level; empty where the quantity has none.", may_be_empty=True),
        Column("parameter", "text", "What else was set, for example r=0.3 or set=NAME.", may_be_empty=True),
        Column("n", "integer", "Tests behind rate (labelings or data sets × sets); 0: not measured."),
        Column("rate", "number", "Share of tests with p at or below level, or of verdicts.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of the 95 % interval, clustered by labeling.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of that interval.", may_be_empty=True),
        Column("upper_95", "number", "One-sided upper 95 % bound.", may_be_empty=True),
        Column(
            "reading",
            "text",
            "holds, conservative, liberal, undecided (the study's own labelings are too few: the design class counts), "
            "not measured, or shown (no claim of size).",
        ),
        Column("source", "text", "this study, or reference tables."),
        Column("reason", "text", "Why not measured, or how to read the row.", may_be_empty=True),
        Column("seed", "integer", "Seed of the labelings or of the simulation; 0 where nothing was drawn."),
    ),
)

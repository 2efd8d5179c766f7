"""The settings of a study: numbers that every stage uses, and what is done when a check of the data fails."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from sidemine.study.choices import MultiGeneRule, ProbeRule, RobustnessDimension
from sidemine.study.closed_model import ClosedModel


def _parse_dimensions(value: object) -> object:
    # YAML reads a bare `off` as false.
    if value == "all":
        return list(get_args(RobustnessDimension))
    return [] if value in ("off", False) else value


RobustnessDimensions = Annotated[
    list[RobustnessDimension],
    BeforeValidator(_parse_dimensions),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"enum": list(get_args(RobustnessDimension))}},
                {"enum": ["all", "off", False]},
            ]
        }
    ),
]


class Traps(ClosedModel):
    """What is done when a check of the data fails.

    warn: told in the report. drop: the samples leave every contrast of their dataset (a batch that is aliased with the
    group: the contrast is not testable). adjust: a covariate joins the design. stop: the run stops.
    """

    sex_mismatch: Literal["warn", "drop", "adjust", "stop"] = Field(
        default="warn",
        description="Recorded sex contradicts XIST and the Y genes. adjust: sex as the genes show it is a covariate, in "
        "place of the recorded one, in contrasts where it varies within both groups.",
    )
    reused_samples: Literal["warn", "drop", "stop"] = Field(
        default="warn",
        description="Samples that GEO's relation calls a re-analysis, or that an earlier dataset of the study holds.",
    )
    duplicated_samples: Literal["warn", "drop", "stop"] = Field(
        default="warn", description="Nearly identical samples in one dataset. drop: the later one of each pair leaves."
    )
    outlier_samples: Literal["warn", "drop", "stop"] = Field(
        default="warn", description="Samples that lie apart from all others of their dataset."
    )
    identifiers: Literal["warn", "stop"] = Field(
        default="warn", description="Identifiers or sample records that contradict the declared platform."
    )
    batch_aliased: Literal["warn", "drop", "stop"] = Field(
        default="drop",
        description="A batch (by name, or `batch_columns` in datasets.tsv) without any sample of the other group. drop: "
        "the contrast is `not testable`.",
    )
    batch_associated: Literal["warn", "adjust", "stop"] = Field(
        default="warn",
        description="A batch outside the design goes with the group. adjust: it joins the covariates of that contrast.",
    )
    group_associated: Literal["warn", "stop"] = Field(
        default="warn", description="Another column outside the design (age, sex, site …) goes with the group."
    )
    scale_shift: Literal["warn", "stop"] = Field(
        default="warn", description="The groups differ in level or spread over all genes."
    )
    library_size: Literal["warn", "stop"] = Field(default="warn", description="Library size goes with the group.")
    hidden_structure: Literal["warn", "stop"] = Field(
        default="warn", description="The shape of the p-values speaks against the model of the contrast."
    )


class Settings(ClosedModel):
    """Numbers that every stage uses, recorded beside each result."""

    seed: int = Field(default=20260101, ge=1, le=2**31 - 1, description="Seed of everything random; never 0.")
    min_group_size: int = Field(default=3, ge=2, le=50, description="Fewest independent units per group.")
    min_set_size: int = Field(default=5, ge=2, description="Fewest measured genes for a set to be tested.")
    max_set_size: int = Field(default=1000, ge=10, description="Most measured genes for a comparator set to be tested.")
    rotations: int = Field(
        default=10000,
        ge=999,
        le=1000000,
        description="Random rotations of the rotation tests; the smallest p they can give is 1 / (rotations + 1).",
    )
    prerank_permutations: int = Field(
        default=1000, ge=100, le=100000, description="Gene permutations of the descriptive GSEA."
    )
    matched_sets: int = Field(
        default=1000, ge=1000, le=20000, description="Random sets that each primary set is compared with."
    )
    robustness: RobustnessDimensions = Field(
        default=list(get_args(RobustnessDimension)),
        description="Dimensions of the robustness grid: all, off, or a list. Without it cohort answers stay suggestive.",
    )
    robustness_crossed: int = Field(
        default=24, ge=0, le=500, description="Most crossed variants of the robustness grid, pairs before triples."
    )
    calibration_labelings: int = Field(
        default=300,
        ge=0,
        le=10000,
        description="Permuted labelings per contrast on which the size of the set tests is measured, where a contrast has "
        "200 distinct ones; elsewhere simulated design classes are quoted. 0: quote everywhere.",
    )
    over_representation_fdr: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="FDR that makes the gene list of the descriptive over-representation test.",
    )
    probe_rule: ProbeRule = Field(default="highest_mean", description="Which probe speaks for a gene; label-blind.")
    multi_gene_probes: MultiGeneRule = Field(
        default="drop", description="A probe of several genes: drop it, or give it to the first gene."
    )
    on_untestable: Literal["continue", "stop"] = Field(
        default="continue", description="stop: a contrast that cannot be tested stops the run."
    )
    max_download_gb: float = Field(default=5.0, gt=0, description="Largest file that may be downloaded.")
    opt_in: list[str] = Field(default_factory=list, description="Ids of opt-in gene sets to use (licence!).")
    traps: Traps = Field(default_factory=Traps, description="What is done when a check of the data fails.")

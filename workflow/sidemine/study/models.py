"""Closed schemas of a study: every key and column, its meaning, its default.

These pydantic models are the one place where the configuration is defined. The JSON schemas in
`workflow/schemas/` and the tables of `config/README.md` are generated from them, and tests keep them in step.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sidemine.lines.bridge.config import Concordance
from sidemine.sources.scales import SCALES, Scale
from sidemine.study.closed_model import ClosedModel, split_list
from sidemine.study.context import ClinicalContext
from sidemine.study.covariates import parse_covariate
from sidemine.study.identifiers import Identifier, SetName
from sidemine.study.independence import source_of
from sidemine.study.panels import GenePanel
from sidemine.study.patterns import compile_pattern

# Braces, angle brackets and globs in an output path mean something to Snakemake.
_PLACE = r"^[^{}<>*?\[\]\x00-\x1f]+$"

Layout = Literal["series_matrix", "table", "archive", "ncbi_counts", "h5ad", "tenx"]
FOLDER_LAYOUTS: frozenset[Layout] = frozenset({"archive", "tenx"})
"""Layouts whose file may be a local folder."""
Strand = Literal["no", "forward", "reverse"]
IdentifierKind = Literal["probe", "symbol", "ensembl", "entrez"]
Role = Literal["disease", "inhibitor", "stimulus", "negative_control"]
Family = Literal["target", "member", "confounder", "comparator", "negative_control"]
Direction = Literal["up", "down", "either"]
Status = Literal["verified", "unverified"]
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


def _parse_yes_no(value: object) -> object:
    if isinstance(value, str) and value.strip().lower() in {"yes", "no", ""}:
        return value.strip().lower() == "yes"
    return value


def _parse_dimensions(value: object) -> object:
    # YAML reads a bare `off` as false.
    if value == "all":
        return list(get_args(RobustnessDimension))
    return [] if value in ("off", False) else value


# The schemas say what a sheet's cell may hold as well as what it becomes.
CommaList = Annotated[
    list[str],
    BeforeValidator(split_list),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
YesNo = Annotated[
    bool,
    BeforeValidator(_parse_yes_no),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^([Yy][Ee][Ss]|[Nn][Oo])?$"}]}),
]

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


class Dataset(ClosedModel):
    """One row of `datasets.tsv`: one accession × platform × file × sample subset."""

    dataset: Identifier = Field(description="Id of the dataset, used in paths.")
    accession: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="Public accession, for example GSE48000.")
    platform: str = Field(default="", pattern=r"^(GPL[0-9]+)?$", description="GEO platform; needed for arrays.")
    layout: Layout = Field(
        description="Shape of the file: series_matrix (GEO), table (genes × samples; text or spreadsheet), archive (tar, "
        "zip or folder with one file per sample: HTSeq, featureCounts, STAR, RSEM, salmon, kallisto or two columns), "
        "ncbi_counts (NCBI-generated counts), h5ad or tenx (single cell)."
    )
    file: str = Field(
        default="", description="URL or path of the values. May be left out for series_matrix and ncbi_counts."
    )
    metadata: str = Field(
        default="",
        description="URL or path of the GEO record that describes the samples, where `file` does not: series matrix, SOFT "
        "family file or MINiML (.xml, .tgz).",
    )
    sample_sheet: str = Field(
        default="", description="Path of a TSV (first column: sample) whose columns are added to, or replace, metadata."
    )
    platform_map: str = Field(
        default="",
        description="URL or path of the probe annotation; default: GEO's .annot.gz of `platform`. Layout: GEO "
        "annotation, GEO full platform table, or a TSV with probe_id and symbol.",
    )
    identifiers: IdentifierKind = Field(description="What names the genes in the values.")
    gene_column: str = Field(
        default="",
        description="Table and archive only: column that names the genes, where that is not the first one and not clear by itself.",
    )
    annotation_columns: CommaList = Field(
        default_factory=list,
        description="Table only: columns that describe genes under unusual names (comma list); they are no samples.",
    )
    sheet: str = Field(
        default="",
        description="Spreadsheets only: name of the sheet that holds the values. Empty: the only sheet with a table.",
    )
    strand: Strand = Field(
        default="no",
        description="Counts of STAR only: which reads count. no: of both strands. forward: of the gene's strand. reverse: "
        "of the opposite strand (most stranded kits). The page tells how the reads lie.",
    )
    layer: str = Field(
        default="",
        description="h5ad only: the matrix that holds the counts: X, raw, or the name of a layer. Empty: the one with "
        "whole numbers among X, raw and layers named counts or the like, with the most genes.",
    )
    scale: Scale = Field(
        description="Scale of the values as deposited: "
        + "; ".join(f"{name} ({traits.words})" for name, traits in SCALES.items())
        + ". Counts may have fractions (RSEM, salmon). z-scores and fractions have no fold change: cohorts get a "
        "standardised effect, experiments are not testable. The values are checked against it."
    )
    subset: str = Field(default="", description="Selector: only matching samples belong to this dataset.")
    sample_name: str = Field(
        default="",
        description="Metadata column whose values name the columns (or archive members) of the value file, where that "
        "is not the sample accession. For example title or description.",
    )
    biological_unit: str = Field(
        default="",
        description="Metadata column naming the independent biological unit (donor, patient). Repeats of a unit in one group "
        "are merged before the fit where blocks are fixed effects. Empty: sample.",
    )
    cell_type: str = Field(default="", description="Single cell only: obs column of the cell type. Empty: all cells.")
    sample_columns: CommaList = Field(
        default_factory=list,
        description="Single cell only: obs columns that, with unit and cell type, define one pseudobulk sample.",
    )
    sex_column: str = Field(
        default="", description="Metadata column of the recorded sex. Empty: a column named sex or gender, if any."
    )
    age_column: str = Field(
        default="", description="Metadata column of the age in years. Empty: a column named age, if any."
    )
    batch_columns: CommaList = Field(
        default_factory=list,
        description="Metadata columns of technical batches (comma list), besides those known by name (batch, plate, "
        "chip, slide, scan, run, lane, …).",
    )
    tissue: str = Field(min_length=1, description="Tissue or cells, in words, for the report.")
    source: str = Field(
        default="",
        description="Data sets that share the same cells and laboratory carry the same word and count as one in pooling and "
        "verdicts. Empty: accession and tissue.",
    )
    composition: YesNo = Field(
        default=False,
        description="yes: these are samples of blood. Cohort effects are then also given adjusted for the mix of blood "
        "cells, and stimulus contrasts show which cell markers cannot be trusted. Never guessed from `tissue`.",
    )
    licence: str = Field(min_length=1, description="Terms under which the data may be used.")
    status: Status = Field(
        default="unverified", description="verified: selectors were checked against the record itself."
    )
    note: str = Field(default="", description="Where the selectors and labels come from; pitfalls.")

    @model_validator(mode="after")
    def _require_file_or_derivable(self) -> Dataset:
        if not self.file and self.layout not in {"series_matrix", "ncbi_counts"}:
            raise ValueError(f"file is needed for layout {self.layout}")
        if self.identifiers == "probe" and not self.platform and not self.platform_map:
            raise ValueError("identifiers are probes, so platform (GPLnnn) or platform_map is needed")
        misplaced = {"strand": self.strand != "no", "sheet": bool(self.sheet), "layer": bool(self.layer)}
        for key, layout in (("strand", "archive"), ("sheet", "table"), ("layer", "h5ad")):
            if misplaced[key] and self.layout != layout:
                raise ValueError(f"{key} belongs to layout {layout} only")
        if (self.cell_type or self.sample_columns) and self.layout not in {"h5ad", "tenx"}:
            raise ValueError("cell_type and sample_columns belong to layouts h5ad and tenx only")
        return self

    @property
    def independent_source(self) -> tuple[str, str]:
        """What counts as one independent source: the declared word, or else accession and tissue."""
        return source_of(self.source, self.accession or self.dataset, self.tissue)


class Contrast(ClosedModel):
    """One row of `contrasts.tsv`. Every signed number that follows from it is target minus reference."""

    contrast: Identifier = Field(description="Id of the contrast, used in paths.")
    dataset: Identifier = Field(description="The one dataset that it belongs to.")
    role: Role = Field(description="disease, inhibitor, stimulus, or negative_control.")
    target: str = Field(min_length=1, description="Selector of the target samples.")
    reference: str = Field(min_length=1, description="Selector of the reference samples.")
    target_label: str = Field(min_length=1, description="The target group in words.")
    reference_label: str = Field(min_length=1, description="The reference group in words.")
    covariates: CommaList = Field(
        default_factory=list,
        description="Metadata columns in the design (comma list): column, factor(column) or number(column). A bare name is "
        "a number where every cell is one with one unit (45 years) or a decimal point, or under the name of a quantity "
        "(age, bmi, rin, …); a factor where cells are words or labels (1_1, 007), or under the name of a batch (plate, "
        "chip, run, …). Whole numbers under another name, and numbers beside words, must be declared.",
    )
    missing_covariates: Literal["refuse", "drop"] = Field(
        default="refuse",
        description="A sample without a value of a covariate: refuse makes the contrast not testable, drop leaves the "
        "sample out of the contrast, with the reason in design.json.",
    )
    block: str = Field(default="", description="Metadata column of pairs, donors or batches.")
    blocking: Literal["auto", "fixed", "correlation"] = Field(
        default="auto",
        description="How the block enters: fixed effects, duplicate correlation, or auto (fixed when >= 90 % of "
        "samples are in complete blocks, else correlation with >= 6 blocks, else not testable).",
    )
    array_weights: YesNo = Field(default=False, description="yes: down-weight poor samples (limma's arrayWeights).")
    robust: YesNo = Field(
        default=False, description="yes: robust empirical Bayes (protects against outlier variances)."
    )
    status: Status = Field(default="unverified", description="verified: checked against the record itself.")
    note: str = Field(default="", description="Evidence for the selectors; pitfalls.")

    @property
    def covariate_names(self) -> list[str]:
        """The metadata columns of `covariates`, without how they are declared to enter."""
        return [parse_covariate(text).name for text in self.covariates]


class GeneSetRow(ClosedModel):
    """One row of `gene_sets.tsv`: one set, or with member `*` all other sets of a source."""

    gene_set: str = Field(
        pattern=r"^(\*|[A-Za-z][A-Za-z0-9_]{0,63})$",
        description="Id of the set, or * with member *: keep source names.",
    )
    family: Family = Field(description="target, member, confounder, comparator or negative_control.")
    source: str = Field(min_length=1, description="URL or path of the library.")
    format: SetFormat = Field(
        description="gmt, gmt_zip, collectri, dorothea, progeny, or sets_tsv (gene_set, gene, weight)."
    )
    member: str = Field(
        min_length=1,
        description="Name in the library (set, pathway, transcription factor; several joined by + are united), or *.",
    )
    weighted: YesNo = Field(default=False, description="yes: use the library's signs and weights.")
    licence: str = Field(min_length=1, description="Licence of the library.")
    version: str = Field(min_length=1, description="Release or date of the library; 'moving' with mutable = yes.")
    mutable: YesNo = Field(default=False, description="yes: the address serves a changing file.")
    opt_in: YesNo = Field(default=False, description="yes: used only when settings.opt_in lists this set.")
    note: str = Field(default="", description="Why this set is in this family.")

    @model_validator(mode="after")
    def _star_goes_with_star(self) -> GeneSetRow:
        if (self.gene_set == "*") != (self.member == "*"):
            raise ValueError("gene_set * and member * go together")
        return self


class PublishedTable(ClosedModel):
    """One row of `published_tables.tsv`: somebody's table of fold changes, described but never tested."""

    table: Identifier = Field(description="Id of the table, used in paths.")
    accession: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="Accession that the table is labelled with.")
    platform: str = Field(default="", pattern=r"^(GPL[0-9]+)?$", description="Platform that the label implies.")
    file: str = Field(min_length=1, description="URL or path (CSV or TSV, also gzipped; XLSX, XLS, XLSB or ODS).")
    gene_column: str = Field(default="", description="Column of gene symbols. Empty: the first column.")
    fold_change_column: str = Field(min_length=1, description="Column of the log2 fold change, target minus reference.")
    compare_with_column: str = Field(
        default="", description="Column of a second log2 fold change: the sentence then tells target minus this one."
    )
    p_value_column: str = Field(default="", description="Column of the raw p-values, if there is one.")
    adjusted_p_column: str = Field(default="", description="Column of the adjusted p-values, if there is one.")
    mean_column: str = Field(default="", description="Column of mean expression, if there is one.")
    zero_is_missing: YesNo = Field(default=False, description="yes: a fold change of exactly 0 means not measured.")
    platform_map: str = Field(default="", description="Probe map of the declared platform, for the label check.")
    rival_platform_maps: CommaList = Field(
        default_factory=list, description="Probe maps of other platforms, GPLnnn=path: which would fit better?"
    )
    role: Role = Field(description="disease, inhibitor, stimulus, or negative_control.")
    target_label: str = Field(min_length=1, description="The target in words.")
    reference_label: str = Field(min_length=1, description="The reference in words.")
    panel: str = Field(default="", description="Gene set whose measured genes are counted in the sentence.")
    licence: str = Field(min_length=1, description="Terms under which the table may be used.")
    note: str = Field(default="", description="Where it comes from.")


class DerivedColumn(ClosedModel):
    """Make a metadata column from another: the regular expression must match the whole value."""

    source: str = Field(alias="from", min_length=1, description="Column to read.")
    regex: str = Field(min_length=1, description="Regular expression with exactly one group: the new value.")

    @model_validator(mode="after")
    def _one_group(self) -> DerivedColumn:
        try:
            groups = compile_pattern(self.regex).groups
        except ValueError as error:
            raise ValueError(f"regex does not compile: {error}") from error
        if groups != 1:
            raise ValueError(f"regex must have exactly one group, it has {groups}")
        return self


class ExcludedSample(ClosedModel):
    """One sample left out by hand, with the reason."""

    sample: str = Field(min_length=1, description="Sample accession or name.")
    reason: str = Field(min_length=5, description="Why, in words; it is printed in the report.")


class MarginOfControl(ClosedModel):
    """Margin of an experiment: a fraction of a positive control's effect on the same set."""

    fraction: float = Field(default=0.2, gt=0, lt=1, description="Fraction of the control's effect.")
    of_contrast: Identifier = Field(description="The positive control contrast.")
    direction: Literal["up", "down"] = Field(
        default="up",
        description="Direction in which the control must move the set significantly; otherwise there is no margin.",
    )


class PrimaryTest(ClosedModel):
    """What a hypothesis declares before any result is seen."""

    set: SetName = Field(description="The ONE primary gene set.")
    contrasts: list[Identifier] = Field(min_length=1, description="Contrasts that the answer rests on.")
    test: Literal["fry"] = Field(
        default="fry",
        description="Primary self-contained test: fry (directional rotation). CAMERA with estimated correlation is "
        "always shown as the competitive test.",
    )
    direction: Direction = Field(
        description="Declared direction of target minus reference; `either` caps at suggestive."
    )
    margin: float | MarginOfControl = Field(
        default=0.4,
        description="Smallest effect worth calling one. Cohorts: Hedges g. Experiments: log2 units, or a fraction of a "
        "positive control's effect.",
    )
    discovery: list[Identifier] = Field(
        default_factory=list,
        description="Datasets declared as discovery; the others of the hypothesis are the replication. Both orders are "
        "reported. Empty: no split.",
    )


class Hypothesis(ClosedModel):
    """A question, its pre-declared primary test, and how the answer is to be read."""

    id: Identifier = Field(description="Id of the hypothesis.")
    question: str = Field(min_length=10, description="The question, as a reader would ask it.")
    kind: Literal["cohort", "experiment"] = Field(description="cohort: people compared. experiment: treated samples.")
    primary: PrimaryTest
    expects_sign: Literal["up", "down", "none"] = Field(
        default="none", description="What the published study that is mirrored here reported; shown beside the answer."
    )
    requires: list[Identifier] = Field(
        default_factory=list,
        description="Hypotheses (positive controls) that must come out suggestive or better; otherwise this one is "
        "`not testable`, because the experiment could not have shown anything.",
    )
    secondary_sets: list[SetName] = Field(default_factory=list, description="Exploratory sets shown on the same card.")
    threats: list[str] = Field(default_factory=list, description="Threats to validity, in words, for the report.")

    @property
    def measured_contrasts(self) -> list[str]:
        """Return the primary contrasts and, where the margin is a fraction of a positive control, that control."""
        margin = self.primary.margin
        return [*self.primary.contrasts, *([margin.of_contrast] if isinstance(margin, MarginOfControl) else [])]


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
    probe_rule: Literal["highest_mean", "highest_variance", "mean_of_probes"] = Field(
        default="highest_mean", description="Which probe speaks for a gene; label-blind."
    )
    multi_gene_probes: Literal["drop", "first"] = Field(
        default="drop", description="A probe of several genes: drop it, or give it to the first gene."
    )
    on_untestable: Literal["continue", "stop"] = Field(
        default="continue", description="stop: a contrast that cannot be tested stops the run."
    )
    max_download_gb: float = Field(default=5.0, gt=0, description="Largest file that may be downloaded.")
    opt_in: list[str] = Field(default_factory=list, description="Ids of opt-in gene sets to use (licence!).")
    traps: Traps = Field(default_factory=Traps, description="What is done when a check of the data fails.")


class GeneTableSource(ClosedModel):
    """The table that says which symbols are approved, with Entrez and Ensembl ids."""

    file: str = Field(min_length=1, description="URL or path: HGNC complete set, or TSV ensgene, entrez, symbol, …")
    format: Literal["hgnc", "ensembl"] = Field(description="hgnc: has previous symbols and aliases. ensembl: has not.")
    licence: str = Field(min_length=1, description="Licence of the table.")
    version: str = Field(min_length=1, description="Release or date.")
    mutable: bool = Field(default=False, description="The address serves a changing file.")


class StudyInfo(ClosedModel):
    """Name and words of the study."""

    id: Identifier = Field(description="Names the results folder.")
    title: str = Field(min_length=3, description="Title of the report.")
    question: str = Field(min_length=10, description="The study's question in one sentence.")
    drug_class: str = Field(min_length=2, description="The drug class, for the report.")
    outcome: str = Field(min_length=2, description="The suspected outcome, for the report.")
    notice: str = Field(default="", description="Shown at the top of the report, for example what was never run.")


class StudyConfig(ClosedModel):
    """`config.yaml`, whole."""

    study: StudyInfo
    datasets: str = Field(default="datasets.tsv", description="Sheet of datasets, beside config.yaml.")
    contrasts: str = Field(default="contrasts.tsv", description="Sheet of contrasts.")
    gene_sets: str = Field(default="gene_sets.tsv", description="Sheet of gene sets.")
    published_tables: str = Field(default="", description="Sheet of published tables; empty: none.")
    considered: str = Field(
        default="", description="Sheet of data sets that were considered and not taken; empty: none."
    )
    gene_table: GeneTableSource
    mirror: str | None = Field(
        default=None, description="Folder that serves https://HOST/PATH from DIR/HOST/PATH; no network is tried."
    )
    results: str = Field(default="results", pattern=_PLACE, description="Folder of results; the study id is added.")
    downloads: str = Field(
        default="downloads", pattern=_PLACE, description="Folder of retrieved inputs; the study id is added."
    )
    lock: str = Field(default="inputs.lock.tsv", description="Lock of the inputs, beside config.yaml; commit it.")
    settings: Settings = Field(default_factory=Settings)
    derive: dict[Identifier, dict[Identifier, DerivedColumn]] = Field(
        default_factory=dict, description="Per dataset: new metadata columns from old ones."
    )
    exclude: dict[Identifier, list[ExcludedSample]] = Field(
        default_factory=dict, description="Per dataset: samples left out by hand, with the reason."
    )
    planted: str = Field(
        default="", description="Simulated studies only: JSON list of sentences that say what was planted."
    )
    hypotheses: list[Hypothesis] = Field(min_length=1, description="The questions and their pre-declared tests.")
    concordance: Concordance = Field(
        default_factory=Concordance,
        description="Bridges between drug profiles and disease profiles, and direct contrasts of subgroups.",
    )
    panels: list[GenePanel] = Field(
        default_factory=list,
        description="Gene panels for the heat map of every comparison, declared beforehand; they carry no verdict.",
    )
    context: ClinicalContext | None = Field(
        default=None, description="Clinical context: a cited panel of the report, apart from the evidence."
    )


def to_plain(model: ClosedModel) -> dict[str, Any]:
    """Return a model as JSON-ready plain values, by the names used in the files."""
    return model.model_dump(mode="json", by_alias=True)

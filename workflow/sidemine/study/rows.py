"""The rows of a study's sheets: every column, its meaning, its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from sidemine.lines.layers import EXPRESSION, LAYERS
from sidemine.sources.declarations import IdentifierKind, Layout, Strand
from sidemine.sources.registry import LAYOUTS
from sidemine.sources.scales import SCALES, Scale
from sidemine.study.choices import CellChecks, Confirmation, Family, LineStatus, Replicates, Role, SetFormat, Status
from sidemine.study.closed_model import ClosedModel, split_list
from sidemine.study.covariates import parse_covariate
from sidemine.study.identifiers import Identifier, SetName
from sidemine.study.independence import source_of
from sidemine.study.markers import Composition, parse_composition

if TYPE_CHECKING:
    LayoutWord = str
else:
    LayoutWord = Literal[tuple(LAYOUTS)]


def _parse_yes_no(value: object) -> object:
    if isinstance(value, str) and value.strip().lower() in {"yes", "no", ""}:
        return value.strip().lower() == "yes"
    return value


# The schemas say what a sheet's cell may hold as well as what it becomes.
CommaList = Annotated[
    list[str],
    BeforeValidator(split_list),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]


Confirmations = Annotated[
    list[Confirmation],
    BeforeValidator(split_list),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"enum": list(get_args(Confirmation))}}, {"type": "string"}]}),
]


def _parse_roles(value: object) -> object:
    """Return the roles of a comma list `role=text`; a part that is none, and a role that stands twice, are refused."""
    if not isinstance(value, str):
        return value
    roles: dict[str, str] = {}
    for part in filter(None, map(str.strip, value.split(","))):
        role, _, text = (piece.strip() for piece in part.partition("="))
        if not role or not text:
            hint = "write role=…, and %2C for a comma within an address"
            raise PydanticCustomError("no_role", "{part} names no role: {hint}", {"part": repr(part), "hint": hint})
        if role in roles:
            raise PydanticCustomError("role_twice", "role {role} stands twice", {"role": repr(role)})
        roles[role] = text
    return roles


RoleList = Annotated[
    dict[str, str],
    BeforeValidator(_parse_roles),
    WithJsonSchema({"anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "string"}]}),
]

YesNo = Annotated[
    bool,
    BeforeValidator(_parse_yes_no),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^([Yy][Ee][Ss]|[Nn][Oo])?$"}]}),
]

_DERIVED_VALUES = [word for word, layout in LAYOUTS.items() if "values" in layout.by_accession]


class Dataset(ClosedModel):
    """One row of `datasets.tsv`: one accession × platform × file × sample subset."""

    dataset: Identifier = Field(description="Id of the dataset, used in paths.")
    accession: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="Public accession, for example GSE48000.")
    platform: str = Field(default="", pattern=r"^(GPL[0-9]+)?$", description="GEO platform; needed for arrays.")
    layout: LayoutWord = Field(
        description="Shape of the file: " + "; ".join(layout.meaning for layout in LAYOUTS.values()) + "."
    )
    file: str = Field(
        default="", description=f"URL or path of the values. May be left out for {' and '.join(_DERIVED_VALUES)}."
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
    confirmed: Confirmations = Field(
        default_factory=list,
        description="What a check would refuse in this file and you know to be right (comma list); the page tells it. "
        "decimal_points: points with three digits behind them part no thousands. human_symbols: symbols in another case (Stat1) "
        "are human genes, not mouse. fractional_counts: values without whole numbers are read counts, as tximport's "
        "lengthScaledTPM are.",
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
        "are merged before the fit where blocks are fixed effects. Empty: sample; but samples of an experiment that a fixed block "
        "gives to one group are then repeats of that block, and merged. Of people such a contrast is refused until their column "
        "is named: a person with repeats looks like a batch of people.",
    )
    replicates: Replicates = Field(
        default="unknown",
        description="What the independent units are: people (or animals); cultures (grown and treated apart); wells of one "
        "culture, which keep an experiment's answer at suggestive; unknown, which is told as a doubt. Wells that a "
        "`biological_unit` joins into cultures are cultures.",
    )
    cell_type: str = Field(
        default="",
        description="Single cell only: obs column of the cell type. Empty: all cells. markers:blood, or markers: and the path "
        "of a marker file (TSV: cell_type, gene, source): cells are labelled by markers, for files without labels; the labels "
        "stand in column marker_label, and answers that rest on them are suggestive at most.",
    )
    excluded_markers: CommaList = Field(
        default_factory=list,
        description="Single cell only: markers that the study's stimulus moves (comma list); they label no cell. CD14, S100A8 "
        "and other genes that interferon moves are left out in any case.",
    )
    cell_quality: CellChecks = Field(
        default="told",
        description="Single cell only: cells whose counts, genes or mitochondrial share lie more than 5 MAD from the median "
        "of their sample, or outside of most_mitochondrial and fewest_genes. told: counted on the page. filter: left out, and counted. off: not looked at.",
    )
    most_mitochondrial: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Single cell only: share of mitochondrial counts above which a cell is poor, whatever the other cells of its "
        "sample are: limits by MAD pass a sample that is damaged as a whole. 0.1 suits most human tissues, heart and kidney need "
        "more.",
    )
    fewest_genes: int | None = Field(
        default=None,
        ge=0,
        description="Single cell only: genes with a count below which a cell is poor, likewise. Empty: 100 in files of at least "
        "5,000 genes, none in others.",
    )
    doublets: CellChecks = Field(
        default="told",
        description="Single cell only: doublets by scrublet, in samples of 200 to 20,000 cells. told, filter, off: as "
        "cell_quality.",
    )
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
        description="Data sets that share the same people, cells or laboratory carry the same word and count as one in "
        "pooling and verdicts. Empty: the accession, whatever tissue, platform or subset says.",
    )
    independent_because: str = Field(
        default="",
        pattern=r"^(|.{15,})$",
        description="Why this row is a source of its own although another row has the same accession or file: in words, "
        "printed on the answer card and with the comparison. Goes with a `source` of its own. Mother and cord, left and "
        "right, lesional and not are one source.",
    )
    composition: str = Field(
        default="",
        description="Which cell markers tell the mix of cells in these samples: blood or tissue (the shipped panels), the path "
        "of a marker file (TSV: cell_type, gene, source), or not_needed: and a reason in words (sorted cells, a cell line). "
        "Cohort effects are then also given adjusted for the mix of cells; a cohort without it is suggestive at most. "
        "Stimulus contrasts of the same panel show which markers cannot be trusted. Never guessed from `tissue`. (yes, in "
        "older sheets, means blood; no means empty.)",
    )
    licence: str = Field(min_length=1, description="Terms under which the data may be used.")
    status: Status = Field(
        default="unverified", description="verified: selectors were checked against the record itself."
    )
    note: str = Field(default="", description="Where the selectors and labels come from; pitfalls.")

    @property
    def declared_apart(self) -> bool:
        """Whether the row says why it is a source of its own although another has its accession, series or file."""
        return bool(self.independent_because)

    @property
    def independent_source(self) -> str:
        """What counts as one independent source: the declared word, or else the accession."""
        return source_of(self.source, self.accession)

    @property
    def cells(self) -> Composition:
        """What column `composition` says of the mix of cells."""
        return parse_composition(self.composition)

    @property
    def panel(self) -> str:
        """The panel of cell markers that it declares; empty: none."""
        return self.cells.panel

    @property
    def not_needed(self) -> str:
        """Why the mix of cells needs no adjustment, where it says so."""
        return self.cells.not_needed


def check_columns_of(layout: Layout) -> None:
    """Refuse a layout that speaks of columns which datasets.tsv does not have.

    Raises
    ------
    ValueError
        Naming them: they would belong to nothing, and what the layout demands of them would never be asked for.
    """
    named = {*layout.own_columns, *(layout.requirement.values if layout.requirement else ())}
    if unknown := named - Dataset.model_fields.keys():
        raise ValueError(f"layout {layout.word} names no column of datasets.tsv: {', '.join(sorted(unknown))}")


for _layout in LAYOUTS.values():
    check_columns_of(_layout)


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
        "chip, run, …). Whole numbers under another name, and numbers beside words, must be declared. Ages that nobody has (1965) and codes of missing values (-9, 999) are refused.",
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


class LineRow(ClosedModel):
    """One row of `lines.tsv`: one layer of evidence × one gene set, beside the expression of a hypothesis."""

    line: Identifier = Field(description="Id of the row, used in paths.")
    layer: str = Field(
        min_length=1,
        description="Layer of evidence: "
        + "; ".join(f"{word} ({layer.meaning})" for word, layer in LAYERS.items())
        + ".",
    )
    hypothesis: Identifier = Field(description="The question that it speaks to.")
    source: str = Field(
        min_length=1,
        description="What the data are: accession or publication. Rows of one source are never independent of each other.",
    )
    file: str = Field(min_length=1, description="URL or path of the data.")
    format: str = Field(
        min_length=1,
        description="Form of the data: "
        + "; ".join(
            f"{word}: {', '.join(f'{name} ({form.meaning})' for name, form in layer.formats.items())}"
            for word, layer in LAYERS.items()
        )
        + ".",
    )
    files: RoleList = Field(
        default_factory=dict, description="Further files (comma list): role=URL or path; roles as the format has them."
    )
    columns: RoleList = Field(
        default_factory=dict,
        description="Which header holds what (comma list): role=header; roles as the format has them.",
    )
    universe: str = Field(
        default="table",
        min_length=1,
        description="What could have been found: table (what the file lists, all of it), or URL or path of a list, one "
        "name per line.",
    )
    set: SetName = Field(description="The one gene set that is tested, of gene_sets.tsv.")
    direction: str = Field(
        min_length=1,
        description="Direction declared before any result is seen: "
        + "; ".join(f"{word}: {', '.join(layer.directions)}" for word, layer in LAYERS.items())
        + ".",
    )
    independent_of: CommaList = Field(
        default_factory=list,
        description=f"What it shares neither samples nor a gene list with (comma list): ids of other rows, or {EXPRESSION} (the "
        "contrasts of its hypothesis). What is not declared independent is one line of evidence, of which the first counts.",
    )
    licence: str = Field(min_length=1, description="Terms under which the data may be used.")
    version: str = Field(default="", description="Release or date of the data.")
    status: LineStatus = Field(
        default="unverified",
        description="verified: checked against the record itself. opt_in: written down, not fetched; its row says so.",
    )
    note: str = Field(default="", description="Where it comes from; pitfalls.")

    @property
    def runs(self) -> bool:
        """Whether its data are fetched and tested."""
        return self.status != "opt_in"

    @property
    def own_universe(self) -> str:
        """URL or path of a list of its own; empty: the file itself says what could have been found."""
        return "" if self.universe == "table" else self.universe


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

"""`config.yaml`: every key, its meaning, its default.

These pydantic models, with those of `rows`, `hypotheses` and `settings`, are the one place where a study is defined.
The JSON schemas in `workflow/schemas/` and the tables of `config/README.md` are generated from them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from sidemine.lines.bridge.config import Concordance
from sidemine.lines.illustration.config import Illustration
from sidemine.lines.screen.config import Screen
from sidemine.study.closed_model import ClosedModel
from sidemine.study.context import ClinicalContext
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.identifiers import Identifier
from sidemine.study.panels import GenePanel
from sidemine.study.pathways import PathwayFile
from sidemine.study.patterns import compile_pattern
from sidemine.study.settings import Settings

# Braces, angle brackets and globs in an output path mean something to Snakemake.
_PLACE = r"^[^{}<>*?\[\]\x00-\x1f]+$"


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


class IndependentPair(ClosedModel):
    """Two nearly identical samples of one dataset that are independent all the same: the answer to that finding."""

    samples: list[str] = Field(min_length=2, max_length=2, description="The two samples, by accession or name.")
    independent_because: str = Field(
        min_length=15, description="Why, in words: the finding stays a doubt, with these words, and caps nothing."
    )


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
    lines: str = Field(default="", description="Sheet of further lines of evidence; empty: none.")
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
    independent_pairs: dict[Identifier, list[IndependentPair]] = Field(
        default_factory=dict,
        description="Per dataset: nearly identical samples that are independent all the same, with the reason.",
    )
    planted: str = Field(
        default="", description="Simulated studies only: JSON list of sentences that say what was planted."
    )
    hypotheses: list[Hypothesis] = Field(min_length=1, description="The questions and their pre-declared tests.")
    concordance: Concordance = Field(
        default_factory=Concordance,
        description="Bridges between profiles of perturbations and of diseases, and direct contrasts of subgroups.",
    )
    screens: list[Screen] = Field(
        default_factory=list,
        description="Screens: many compounds in the cells of few donors. Exploratory: they carry no verdict.",
    )
    illustrations: list[Illustration] = Field(
        default_factory=list,
        description="Maps of the single cells of some datasets. Illustrations: no test rests on them.",
    )
    panels: list[GenePanel] = Field(
        default_factory=list,
        description="Gene panels for the heat map of every comparison, declared beforehand; they carry no verdict.",
    )
    pathways: list[PathwayFile] = Field(
        default_factory=list,
        description="Drawings of pathways that the report fills by the fold changes of a comparison; they carry no verdict.",
    )
    context: ClinicalContext | None = Field(
        default=None, description="Clinical context: a cited panel of the report, apart from the evidence."
    )


def to_plain(model: ClosedModel) -> dict[str, Any]:
    """Return a model as JSON-ready plain values, by the names used in the files."""
    return model.model_dump(mode="json", by_alias=True)

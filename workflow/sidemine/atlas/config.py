"""Closed schema of an atlas folder, `atlas.yaml` and four sheets, and its reader: all mistakes are told at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from sidemine.errors import InputError, Problem, StudyError
from sidemine.lines.bridge.config import Relation
from sidemine.records import read_record
from sidemine.study.closed_model import ClosedModel
from sidemine.study.config_file import read_config
from sidemine.study.description import StudyDescription
from sidemine.study.explain import model_problems
from sidemine.study.hints import dangling
from sidemine.study.identifiers import Identifier, SetName
from sidemine.study.models import GeneTableSource
from sidemine.study.paths import expand_path
from sidemine.study.sheets import Sheet, read_sheet
from sidemine.text.repeats import repeated

CONFIG = "atlas.yaml"
_ROLES = {"drugs": ("inhibitor", "stimulus", "negative_control"), "effects": ("disease",)}


class Library(ClosedModel):
    """A table of profiles without samples, for example consensus signatures: its noise is not known."""

    file: str = Field(min_length=1, description="Path. TSV, profiles × genes; values are z-scores.")
    identifiers: Literal["symbol", "entrez"] = Field(
        description="What the header holds; symbols are taken as they stand."
    )
    licence: str = Field(min_length=1, description="Terms under which the file may be used.")
    version: str = Field(min_length=1, description="Release or date.")
    address: str = Field(default="", description="Where it is published.")
    status: Literal["verified", "unverified"] = Field(description="Whether somebody looked at the file.")


class BlindBenchmark(ClosedModel):
    """What is fixed before labels are opened: the protocol stands beside it, in words."""

    freeze: date = Field(description="Day of the freeze: only labels that are first reported later count.")
    labels: str = Field(
        min_length=1, description="File of labels, in words and address: who opens it, and where it is."
    )
    licence: str = Field(min_length=1, description="Terms of the labels.")
    status: Literal["verified", "unverified"] = Field(description="Whether somebody looked at the labels' source.")


class AtlasConfig(ClosedModel):
    """`atlas.yaml`."""

    id: Identifier = Field(description="Names the atlas.")
    title: str = Field(min_length=5, description="Title of the page.")
    studies: dict[Identifier, str] = Field(
        default_factory=dict, description="Results folders of finished studies, by id."
    )
    libraries: dict[Identifier, Library] = Field(default_factory=dict, description="Tables of profiles, by id.")
    gene_table: GeneTableSource | None = Field(default=None, description="Symbols of Entrez ids; file is a path.")
    draws: int = Field(default=1999, ge=99, le=99_999, description="Null draws of every test.")
    random_sets: int = Field(default=499, ge=99, le=9999, description="Random gene sets per pair.")
    seed: int = Field(default=1, ge=0, description="Of everything that is drawn.")
    blind: BlindBenchmark | None = Field(default=None, description="A blind benchmark of side effects.")


class PathwayRow(ClosedModel):
    """A row of `pathways.tsv`: the genes that a target pathway regulates."""

    target_pathway: Identifier
    gene_set: SetName
    genes_from: str = Field(min_length=1, description="Id of a study that has the set, or path of a GMT file.")


class DrugRow(ClosedModel):
    """A row of `drugs.tsv`: one profile of a drug."""

    profile: Identifier
    drug: str = Field(min_length=1)
    target_pathway: Identifier
    source: Identifier
    contrast: str = Field(min_length=1, description="A contrast of the study, or a row of the library.")


class EffectRow(ClosedModel):
    """A row of `effects.tsv`: one profile of patients with an effect against controls."""

    profile: Identifier
    effect: Identifier
    source: Identifier
    contrast: str = Field(min_length=1, description="A contrast of the study, or a row of the library.")


class PairRow(ClosedModel):
    """A row of `pairs.tsv`: a question, declared before any result is seen."""

    pair: Identifier
    target_pathway: Identifier
    effect: Identifier
    relation: Relation
    why: str = Field(min_length=5, description="Who suspects it, from where.")


class LabelRow(ClosedModel):
    """A row of the file of labels of a blind benchmark."""

    label: str = Field(min_length=1)
    drug: str = Field(min_length=1)
    effect: str = Field(min_length=1)
    known: Literal["yes", "no"]
    first_reported: date | None = None
    source: str = Field(min_length=1)


Row = TypeVar("Row", PathwayRow, DrugRow, EffectRow, PairRow)


@dataclass(frozen=True)
class Atlas:
    """An atlas whose own files are right.

    Attributes
    ----------
    config
        `atlas.yaml`.
    pathways, drugs, effects, pairs
        Rows of the sheets, in their order.
    folder
        Folder of `atlas.yaml`; paths count from here.
    """

    config: AtlasConfig
    pathways: tuple[PathwayRow, ...]
    drugs: tuple[DrugRow, ...]
    effects: tuple[EffectRow, ...]
    pairs: tuple[PairRow, ...]
    folder: Path

    @cached_property
    def pathway_names(self) -> list[str]:
        """Target pathways in alphabetical order: an atlas ranks nothing."""
        return sorted(row.target_pathway for row in self.pathways)

    @cached_property
    def effect_names(self) -> list[str]:
        """Effects in alphabetical order."""
        return sorted({row.effect for row in self.effects})

    @property
    def results(self) -> Path:
        """Folder of what is computed."""
        return self.folder / "results"

    def drugs_of(self, pathway: str) -> list[DrugRow]:
        """Return the profiles of a target pathway's drugs."""
        return [row for row in self.drugs if row.target_pathway == pathway]

    def profiles_of(self, effect: str) -> list[EffectRow]:
        """Return the profiles of an effect."""
        return [row for row in self.effects if row.effect == effect]

    def study(self, name: str) -> Path:
        """Return the results folder of a study."""
        return expand_path(self.config.studies[name], self.folder)

    def library(self, name: str) -> Path:
        """Return the file of a library."""
        return expand_path(self.config.libraries[name].file, self.folder)

    def genes_file(self, row: PathwayRow) -> Path:
        """Return the file that holds the genes of a target pathway."""
        if row.genes_from in self.config.studies:
            return self.study(row.genes_from) / "gene_sets.tsv.gz"
        return expand_path(row.genes_from, self.folder)

    def rotates(self, pathway: str) -> bool:
        """Return whether every drug of a pathway has samples, so that chance can be drawn on its side."""
        return all(row.source in self.config.studies for row in self.drugs_of(pathway))


def load_atlas(folder: Path) -> Atlas:
    """Read and check an atlas folder.

    Raises
    ------
    StudyError
        With everything that is wrong, at once.
    """
    path, problems = folder / CONFIG, list[Problem]()
    config: AtlasConfig | None = None
    if raw := read_config(path, None, problems):
        try:
            config = AtlasConfig.model_validate(raw)
        except ValidationError as error:
            problems += model_problems(error, AtlasConfig, str(path), kind="key")
    pathways = read_sheet(folder / "pathways.tsv", PathwayRow, "target_pathway", problems)
    drugs = read_sheet(folder / "drugs.tsv", DrugRow, "profile", problems)
    effects = read_sheet(folder / "effects.tsv", EffectRow, "profile", problems)
    pairs = read_sheet(folder / "pairs.tsv", PairRow, "pair", problems)
    problems += _twice(pathways.path, [row.model.target_pathway for row in pathways.rows])
    problems += _twice(drugs.path, [row.model.profile for row in drugs.rows])
    problems += _twice(effects.path, [row.model.profile for row in effects.rows])
    problems += _twice(pairs.path, [row.model.pair for row in pairs.rows])
    if config is None or problems:
        raise StudyError(problems)
    atlas = Atlas(config, _models(pathways), _models(drugs), _models(effects), _models(pairs), folder)
    problems += _check_references(atlas, str(folder))
    if problems:
        raise StudyError(problems)
    return atlas


def _models(sheet: Sheet[Row]) -> tuple[Row, ...]:
    return tuple(row.model for row in sheet.rows)


def _twice(path: Path, first: list[str]) -> list[Problem]:
    return [
        Problem(f"{name!r} stands twice", str(path), "each row has an id of its own", "Rename one of them.")
        for name in repeated(first)
    ]


def _check_references(atlas: Atlas, where: str) -> list[Problem]:
    """Return what rows and keys of an atlas name that is not there, or not what it should be."""
    problems = [*_check_libraries(atlas, where), *_check_repeats(atlas, where)]
    studies = _read_studies(atlas, problems)
    for sheet, rows in (("drugs", atlas.drugs), ("effects", atlas.effects)):
        for row in rows:
            problems += _check_profile(row, sheet, atlas, studies, f"{where}/{sheet}.tsv, row {row.profile}")
    return [*problems, *_check_pathways(atlas, where), *_check_pairs(atlas, where)]


def _check_libraries(atlas: Atlas, where: str) -> list[Problem]:
    config = atlas.config
    problems = [
        Problem(
            f"the file of library {name} is not there",
            str(atlas.library(name)),
            f"TSV, profiles × genes{f', as published at {library.address}' if library.address else ''}",
            "Fetch it, or correct the path.",
        )
        for name, library in config.libraries.items()
        if not atlas.library(name).is_file()
    ]
    if any(library.identifiers == "entrez" for library in config.libraries.values()) and not (
        config.gene_table and expand_path(config.gene_table.file, atlas.folder).is_file()
    ):
        problems.append(
            Problem(
                "a library holds Entrez ids, and the table of their symbols is not there",
                f"{where}/{CONFIG}, key gene_table",
                "gene_table: file (a path), format, licence, version",
                "Fetch HGNC's complete set, and name it.",
            )
        )
    problems += [
        Problem(
            f"{name} is a study and a library",
            f"{where}/{CONFIG}",
            "an id each: sheets name both in the column source",
            "Rename one of them.",
        )
        for name in sorted(set(config.studies) & set(config.libraries))
    ]
    return problems


def _check_repeats(atlas: Atlas, where: str) -> list[Problem]:
    """Return profiles that stand twice within one unit."""
    profiles = {
        "drugs": [(row.target_pathway, row.source, row.contrast) for row in atlas.drugs],
        "effects": [(row.effect, row.source, row.contrast) for row in atlas.effects],
    }
    return [
        Problem(
            f"{unit} has the contrast {contrast!r} of {source} twice",
            f"{where}/{sheet}.tsv",
            "each profile of a unit once: a second row would count it double",
            "Delete one of the rows.",
        )
        for sheet, named in profiles.items()
        for unit, source, contrast in repeated(named)
    ]


def _check_pathways(atlas: Atlas, where: str) -> list[Problem]:
    without: dict[Path, list[str]] = {}
    for pathway in atlas.pathways:
        if not atlas.genes_file(pathway).is_file():
            without.setdefault(atlas.genes_file(pathway), []).append(pathway.target_pathway)
    problems = [
        Problem(
            f"the genes of {', '.join(names)} are not there",
            str(path),
            "the id of a study, or the path of a GMT file",
            "Fetch the file, or correct genes_from in pathways.tsv.",
        )
        for path, names in without.items()
    ]
    with_drugs, known = {row.target_pathway for row in atlas.drugs}, set(atlas.pathway_names)
    problems += [dangling("target pathway", name, known, f"{where}/drugs.tsv") for name in sorted(with_drugs - known)]
    problems += [
        Problem(f"target pathway {name} has no drug", f"{where}/pathways.tsv", "a drug each", "Add one to drugs.tsv.")
        for name in sorted(known - with_drugs)
    ]
    return problems


def _check_pairs(atlas: Atlas, where: str) -> list[Problem]:
    problems: list[Problem] = []
    known = set(atlas.pathway_names)
    for pair in atlas.pairs:
        place = f"{where}/pairs.tsv, row {pair.pair}"
        if pair.target_pathway not in known:
            problems.append(dangling("target pathway", pair.target_pathway, known, place))
        if pair.effect not in atlas.effect_names:
            problems.append(dangling("effect", pair.effect, atlas.effect_names, place))
    problems += [
        Problem(f"{' × '.join(pair)} is asked twice", f"{where}/pairs.tsv", "each pair once", "Leave one out.")
        for pair in repeated((pair.target_pathway, pair.effect) for pair in atlas.pairs)
    ]
    if not atlas.pairs:
        problems.append(
            Problem(
                "the atlas asks nothing",
                f"{where}/pairs.tsv",
                "at least one pair of target pathway and effect: the global test compares them with pairs that nobody suspects",
                "Declare the pairs that are suspected, before you look at any result.",
            )
        )
    return problems


def _read_studies(atlas: Atlas, problems: list[Problem]) -> dict[str, dict[str, str]]:
    """Return the role of each contrast by study."""
    roles: dict[str, dict[str, str]] = {}
    for name in atlas.config.studies:
        try:
            study = read_record(StudyDescription, atlas.study(name) / "study.json")
            roles[name] = {row.contrast: row.role for row in study.contrasts}
        except InputError as error:
            problems += [problem.within(f"study {name}") for problem in error.problems]
        except OSError:
            problems.append(
                Problem(
                    f"study {name} is not finished",
                    str(atlas.study(name)),
                    "the results folder of a finished run",
                    "Run the study, or correct the path in atlas.yaml.",
                )
            )
    return roles


def _check_profile(
    row: DrugRow | EffectRow, sheet: str, atlas: Atlas, studies: dict[str, dict[str, str]], where: str
) -> list[Problem]:
    if row.source in atlas.config.libraries:
        return []
    if row.source not in atlas.config.studies:
        return [dangling("study or library", row.source, [*atlas.config.studies, *atlas.config.libraries], where)]
    if row.source not in studies:
        return []
    roles, allowed = studies[row.source], _ROLES[sheet]
    if row.contrast not in roles:
        return [dangling("contrast", row.contrast, roles, where)]
    if roles[row.contrast] not in allowed:
        return [
            Problem(
                f"contrast {row.contrast!r} has role {roles[row.contrast]}",
                where,
                f"contrasts of role {' or '.join(allowed)}",
                "Name another contrast.",
            )
        ]
    return []

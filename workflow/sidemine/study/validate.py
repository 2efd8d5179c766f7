"""Checks that look across the files of a study: everything that is wrong is found at once, before any work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidemine.errors import Problem, StudyError
from sidemine.lines.bridge.check import check_concordance
from sidemine.lines.bridge.config import ComparatorSignatures
from sidemine.study.check_hypotheses import check_hypotheses
from sidemine.study.context import ConsideredDataset
from sidemine.study.covariates import parse_covariate
from sidemine.study.hints import dangling
from sidemine.study.models import (
    FOLDER_LAYOUTS,
    Contrast,
    Dataset,
    GeneSetRow,
    PublishedTable,
    StudyConfig,
)
from sidemine.study.panels import check_panels
from sidemine.study.paths import expand_path
from sidemine.study.selectors import Selector, SelectorError, parse_selector
from sidemine.study.sheets import Sheet, SheetRow

_NO_LICENCE = frozenset({"?", "-", "--", "n/a", "na", "none", "todo", "tbd", "unknown", "x", "licence", "license"})


@dataclass(frozen=True)
class Draft:
    """What could be read of a study, faulty parts left out."""

    config_path: Path
    config: StudyConfig
    datasets: Sheet[Dataset]
    contrasts: Sheet[Contrast]
    gene_sets: Sheet[GeneSetRow]
    published_tables: Sheet[PublishedTable]
    considered: Sheet[ConsideredDataset]


def cross_check(draft: Draft, *, check_files: bool = True) -> list[Problem]:
    """Return everything that is wrong between the parts of a study.

    Parameters
    ----------
    draft
        The parts that are right in themselves.
    check_files
        Whether local files and the mirror folder must exist.
    """
    problems = [
        *_duplicates(draft),
        *_licences(draft),
        *(problem for row in draft.datasets.rows for problem in _check_dataset(row)),
        *_check_sources(draft.datasets),
        *(problem for row in draft.contrasts.rows for problem in _check_contrast(row, draft.datasets)),
        *_check_gene_sets(draft),
        *_check_published(draft),
        *_check_config_references(draft),
        *check_hypotheses(
            draft.config.hypotheses,
            str(draft.config_path),
            draft.contrasts,
            draft.gene_sets,
            draft.config.settings.opt_in,
        ),
        *check_concordance(draft.config.concordance, str(draft.config_path), draft.contrasts, draft.gene_sets),
        *check_panels(draft.config.panels, draft.gene_sets.ids, str(draft.config_path)),
    ]
    return problems + (_check_files(draft) if check_files else [])


def _duplicates(draft: Draft) -> list[Problem]:
    problems: list[Problem] = []
    lists: list[tuple[str, Iterable[tuple[str, str]]]] = [
        ("dataset", ((row.model.dataset, row.where) for row in draft.datasets.rows)),
        ("contrast", ((row.model.contrast, row.where) for row in draft.contrasts.rows)),
        ("gene set", ((row.model.gene_set, row.where) for row in draft.gene_sets.rows if row.model.gene_set != "*")),
        ("published table", ((row.model.table, row.where) for row in draft.published_tables.rows)),
        ("considered data set", ((row.model.name, row.where) for row in draft.considered.rows)),
        ("hypothesis", ((one.id, f"{draft.config_path}, key hypotheses") for one in draft.config.hypotheses)),
    ]
    for kind, entries in lists:
        first: dict[str, tuple[str, str]] = {}
        for name, where in entries:
            # Ids that differ in case only would fall into one folder on some file systems.
            if name.lower() in first:
                other, place = first[name.lower()]
                problems.append(
                    Problem(
                        f"{kind} id {name!r} is used twice"
                        + ("" if other == name else f" (as {other!r}, differing in case)"),
                        f"{where}; first: {place}",
                        f"each {kind} has an id of its own",
                        "Rename one of them.",
                    )
                )
            first.setdefault(name.lower(), (name, where))
    return problems


def _check_sources(datasets: Sheet[Dataset]) -> list[Problem]:
    """Refuse words that would take data sets of one accession and tissue apart: a word may only join."""
    first: dict[tuple[str, str], SheetRow[Dataset]] = {}
    problems = []
    for row in datasets.rows:
        model = row.model
        earlier = first.setdefault((model.accession, model.tissue), row)
        if earlier.model.independent_source != model.independent_source and (model.source or earlier.model.source):
            problems.append(
                Problem(
                    f"data sets {earlier.model.dataset} and {model.dataset} are one source, and declared as two",
                    f"{row.where}, column source, value {model.source!r}; first: {earlier.where}, value "
                    f"{earlier.model.source!r}",
                    "data sets of one accession and tissue carry the same word, or none",
                    "Write the same word in both rows.",
                )
            )
    return problems


def _licences(draft: Draft) -> list[Problem]:
    rows: list[SheetRow[Any]] = [
        *draft.datasets.rows,
        *draft.gene_sets.rows,
        *draft.published_tables.rows,
    ]
    places = [(row.model.licence, f"{row.where}, column licence") for row in rows]
    places += [(one.licence, f"{where}.licence") for one, where in _signatures(draft)]
    if "gene_table" in draft.config.model_fields_set:
        places.append((draft.config.gene_table.licence, f"{draft.config_path}, key gene_table.licence"))
    return [
        Problem(
            "the licence is a placeholder",
            f"{where}, value {licence!r}",
            "the terms of use in words, for example: CC BY 4.0; or: GEO, no licence stated by the depositors",
            "Look up the terms at the source and write them down: they are printed in the report.",
        )
        for licence, where in places
        if licence.strip().lower() in _NO_LICENCE
    ]


def _check_dataset(row: SheetRow[Dataset]) -> list[Problem]:
    dataset = row.model
    problems = _selector_problems(dataset.subset, f"{row.where}, column subset")[1] if dataset.subset else []
    if dataset.layout == "ncbi_counts" and (dataset.identifiers, dataset.scale) != ("entrez", "counts"):
        problems.append(
            Problem(
                "NCBI-generated counts are counts by Entrez gene id",
                f"{row.where}, columns identifiers and scale: {dataset.identifiers}, {dataset.scale}",
                "identifiers entrez, scale counts",
                "Correct the two columns, or the layout.",
            )
        )
    if dataset.layout in {"h5ad", "tenx"} and dataset.scale != "counts":
        problems.append(
            Problem(
                "single-cell data are summed per biological unit, which needs raw counts",
                f"{row.where}, column scale: {dataset.scale}",
                "scale counts for layouts h5ad and tenx",
                "Use a file with raw counts.",
            )
        )
    return problems


def _check_contrast(row: SheetRow[Contrast], datasets: Sheet[Dataset]) -> list[Problem]:
    contrast = row.model
    problems: list[Problem] = []
    if contrast.dataset not in datasets.ids:
        problems.append(dangling("dataset", contrast.dataset, datasets.ids, f"{row.where}, column dataset"))
    target, found = _selector_problems(contrast.target, f"{row.where}, column target")
    problems += found
    reference, found = _selector_problems(contrast.reference, f"{row.where}, column reference")
    problems += found
    if target is not None and target == reference:
        problems.append(
            Problem(
                "target and reference are the same selector",
                f"{row.where}, columns target and reference: {target}",
                "two selectors that choose different samples",
                "Correct one of them. Every number is target minus reference.",
            )
        )
    if contrast.target_label == contrast.reference_label:
        problems.append(
            Problem(
                "target and reference have the same label",
                f"{row.where}, columns target_label and reference_label: {contrast.target_label!r}",
                "two labels that tell the groups apart",
                "Name each group in words.",
            )
        )
    return problems + _check_design_columns(row)


def _check_design_columns(row: SheetRow[Contrast]) -> list[Problem]:
    contrast = row.model
    problems: list[Problem] = []
    cell = row.cells.get("covariates", "")
    parts = [part.strip() for part in cell.split(",")] if cell else []
    where = f"{row.where}, column covariates: {cell!r}"
    if "" in parts:
        problems.append(
            Problem(
                "a covariate has an empty name", where, "column names divided by single commas", "Delete the comma."
            )
        )
    names: list[str] = []
    for text in contrast.covariates:
        try:
            names.append(parse_covariate(text).name)
        except ValueError as error:
            problems.append(
                Problem(str(error), where, "column, factor(column) or number(column)", "Correct the entry.")
            )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        problems.append(
            Problem(f"covariate {', '.join(twice)} stands twice", where, "each column once", "Delete one of them.")
        )
    if contrast.block and contrast.block in names:
        problems.append(
            Problem(
                f"column {contrast.block!r} is both covariate and block",
                f"{where}, column block: {contrast.block!r}",
                "a column enters the design once",
                "Leave it in block only.",
            )
        )
    if contrast.blocking != "auto" and not contrast.block:
        problems.append(
            Problem(
                "blocking is asked for, but no block is named",
                f"{row.where}, column blocking: {contrast.blocking}",
                "block names the column of pairs, donors or batches",
                "Fill in column block, or leave blocking empty.",
            )
        )
    return problems


def _selector_problems(text: str, where: str) -> tuple[Selector | None, list[Problem]]:
    try:
        return parse_selector(text, where), []
    except SelectorError as error:
        return None, list(error.problems)


def _check_gene_sets(draft: Draft) -> list[Problem]:
    problems: list[Problem] = []
    known = {row.model.gene_set: row.model for row in draft.gene_sets.rows}
    for row in draft.gene_sets.rows:
        if row.model.opt_in and row.model.gene_set == "*":
            problems.append(
                Problem(
                    "an opt-in row must name its set",
                    f"{row.where}, columns gene_set and opt_in",
                    "one row per opt-in set, so that settings.opt_in can list it",
                    "Write one row per set that you want to offer.",
                )
            )
        if row.model.weighted and row.model.format in {"gmt", "gmt_zip"}:
            problems.append(
                Problem(
                    "a GMT file holds no weights",
                    f"{row.where}, columns format and weighted",
                    "weighted yes with formats collectri, dorothea, progeny or sets_tsv",
                    "Leave weighted empty.",
                )
            )
    where = f"{draft.config_path}, key settings.opt_in"
    for name in draft.config.settings.opt_in:
        if name not in draft.gene_sets.ids:
            problems.append(dangling("gene set", name, draft.gene_sets.ids, where))
        elif name in known and not known[name].opt_in:
            problems.append(
                Problem(
                    f"gene set {name!r} needs no opt-in",
                    where,
                    "sets whose column opt_in is yes",
                    "Delete it from the list: the set is used anyway.",
                )
            )
    return problems


def _check_published(draft: Draft) -> list[Problem]:
    problems: list[Problem] = []
    for row in draft.published_tables.rows:
        table = row.model
        if table.panel and table.panel not in draft.gene_sets.ids and "*" not in draft.gene_sets.ids:
            problems.append(dangling("gene set", table.panel, draft.gene_sets.ids, f"{row.where}, column panel"))
        problems += [
            Problem(
                "a rival platform map does not name its platform",
                f"{row.where}, column rival_platform_maps: {entry!r}",
                "GPLnnn=path, several divided by commas",
                "Write, for example, GPL570=maps/GPL570.tsv.",
            )
            for entry in table.rival_platform_maps
            if not entry.partition("=")[2] or not entry.startswith("GPL")
        ]
    return problems


def _check_config_references(draft: Draft) -> list[Problem]:
    problems: list[Problem] = []
    sections: list[tuple[str, Iterable[str]]] = [("derive", draft.config.derive), ("exclude", draft.config.exclude)]
    for key, names in sections:
        problems += [
            dangling("dataset", name, draft.datasets.ids, f"{draft.config_path}, key {key}")
            for name in names
            if name not in draft.datasets.ids
        ]
    for name, excluded in draft.config.exclude.items():
        twice = sorted(s for s, count in Counter(one.sample for one in excluded).items() if count > 1)
        if twice:
            problems.append(
                Problem(
                    f"sample {', '.join(twice)} is excluded twice",
                    f"{draft.config_path}, key exclude.{name}",
                    "each sample once, with one reason",
                    "Delete one of the entries.",
                )
            )
    return problems


def _check_files(draft: Draft) -> list[Problem]:
    """Return the problems of local files and folders that do not exist, and of addresses that cannot be fetched."""
    folder = draft.config_path.parent
    problems: list[Problem] = []
    may_be_folders = {f"{row.where}, column file" for row in draft.datasets.rows if row.model.layout in FOLDER_LAYOUTS}
    for text, where in _file_keys(draft):
        is_there, kind = (Path.exists, "file or folder") if where in may_be_folders else (Path.is_file, "file")
        problems += _check_file(text, where, folder, is_there, kind)
    if draft.config.mirror:
        problems += _check_file(draft.config.mirror, f"{draft.config_path}, key mirror", folder, Path.is_dir, "folder")
    return problems


def _check_file(text: str, where: str, folder: Path, exists: Callable[[Path], bool], kind: str) -> list[Problem]:
    if text.lower().startswith(("https://", "http://")) and kind != "folder":
        return []
    if "://" in text:
        return [
            Problem(
                "this address cannot be fetched",
                f"{where}, value {text!r}",
                "an https:// address, or a path",
                "Write https:// instead of ftp://: GEO serves the same files at both."
                if text.startswith("ftp://")
                else f"Give a {'folder' if kind == 'folder' else 'path or an https:// address'}.",
            )
        ]
    try:
        path = expand_path(text, folder)
    except StudyError as error:
        return [Problem(one.what, f"{where}, value {text!r}", one.allowed, one.next_step) for one in error.problems]
    if exists(path):
        return []
    what = f"a {kind} of the study does not exist"
    if path.exists():
        what = f"a {kind} of the study is a {'folder' if path.is_dir() else 'file'}"
    return [
        Problem(
            what,
            f"{where}, value {text!r}: {path}",
            f"a {kind}; relative paths count from {folder}",
            "Correct the path, or put it there.",
        )
    ]


def _file_keys(draft: Draft) -> list[tuple[str, str]]:
    """Return every file key of the study with its place."""
    columns: list[tuple[Sequence[SheetRow[Any]], tuple[str, ...]]] = [
        (draft.datasets.rows, ("file", "metadata", "sample_sheet", "platform_map")),
        (draft.gene_sets.rows, ("source",)),
        (draft.published_tables.rows, ("file", "platform_map")),
    ]
    keys = [
        (value, f"{row.where}, column {column}")
        for rows, names in columns
        for row in rows
        for column in names
        if (value := getattr(row.model, column))
    ]
    for row in draft.published_tables.rows:
        keys += [
            (entry.partition("=")[2], f"{row.where}, column rival_platform_maps")
            for entry in row.model.rival_platform_maps
            if entry.partition("=")[2]
        ]
    if "gene_table" in draft.config.model_fields_set:
        keys.append((draft.config.gene_table.file, f"{draft.config_path}, key gene_table.file"))
    keys += [(one.file, f"{where}.file") for one, where in _signatures(draft)]
    if draft.config.planted:
        keys.append((draft.config.planted, f"{draft.config_path}, key planted"))
    return keys


def _signatures(draft: Draft) -> list[tuple[ComparatorSignatures, str]]:
    """Return the declared files of comparator signatures with their place."""
    return [
        (bridge.comparator_signatures, f"{draft.config_path}, bridge {bridge.id}, key comparator_signatures")
        for bridge in draft.config.concordance.bridges
        if bridge.comparator_signatures
    ]

"""Checks that look across the files of a study: everything that is wrong is found at once, before any work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sidemine.errors import Problem
from sidemine.lines.bridge.check import check_concordance
from sidemine.lines.illustration.check import check_illustrations
from sidemine.lines.screen.check import check_screens
from sidemine.study.check_files import check_local_files, declared_signatures
from sidemine.study.check_hypotheses import check_hypotheses
from sidemine.study.check_lines import check_lines
from sidemine.study.check_rows import check_contrast, check_dataset
from sidemine.study.check_sources import check_sources
from sidemine.study.draft import Draft
from sidemine.study.hints import dangling
from sidemine.study.markers import label_panel
from sidemine.study.panels import check_panels
from sidemine.study.sheets import SheetRow
from sidemine.text.repeats import repeated

_NO_LICENCE = frozenset({"?", "-", "--", "n/a", "na", "none", "todo", "tbd", "unknown", "x", "licence", "license"})


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
        *(problem for row in draft.datasets.rows for problem in check_dataset(row)),
        *check_sources(draft, check_files=check_files),
        *(problem for row in draft.contrasts.rows for problem in check_contrast(row, draft.datasets)),
        *_check_gene_sets(draft),
        *_check_published(draft),
        *_check_config_references(draft),
        *check_hypotheses(
            draft.config.hypotheses,
            draft.hypothesis_ids,
            str(draft.config_path),
            draft.contrasts,
            draft.datasets,
            draft.gene_sets,
            draft.config.settings.opt_in,
        ),
        *check_concordance(draft.config.concordance, str(draft.config_path), draft.contrasts, draft.gene_sets),
        *check_lines(draft),
        *check_screens(draft.config.screens, draft.datasets.ids, draft.gene_sets.ids, str(draft.config_path)),
        *check_illustrations(
            draft.config.illustrations,
            {row.model.dataset: row.model.layout for row in draft.datasets.rows},
            draft.datasets.ids,
            draft.gene_sets.ids,
            str(draft.config_path),
            [row.model.dataset for row in draft.datasets.rows if label_panel(row.model.cell_type)],
        ),
        *check_panels(draft.config.panels, draft.gene_sets.ids, str(draft.config_path)),
    ]
    return problems + (check_local_files(draft) if check_files else [])


def _duplicates(draft: Draft) -> list[Problem]:
    problems: list[Problem] = []
    lists: list[tuple[str, Iterable[tuple[str, str]]]] = [
        ("dataset", ((row.model.dataset, row.where) for row in draft.datasets.rows)),
        ("contrast", ((row.model.contrast, row.where) for row in draft.contrasts.rows)),
        ("gene set", ((row.model.gene_set, row.where) for row in draft.gene_sets.rows if row.model.gene_set != "*")),
        ("published table", ((row.model.table, row.where) for row in draft.published_tables.rows)),
        ("line", ((row.model.line, row.where) for row in draft.lines.rows)),
        ("considered data set", ((row.model.name, row.where) for row in draft.considered.rows)),
        ("hypothesis", ((entry.id, f"{draft.config_path}, key hypotheses") for entry in draft.config.hypotheses)),
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


def _licences(draft: Draft) -> list[Problem]:
    rows: list[SheetRow[Any]] = [
        *draft.datasets.rows,
        *draft.gene_sets.rows,
        *draft.published_tables.rows,
        *draft.lines.rows,
    ]
    places = [(row.model.licence, f"{row.where}, column licence") for row in rows]
    places += [(entry.licence, f"{where}.licence") for entry, where in declared_signatures(draft)]
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
    sections: list[tuple[str, Iterable[str]]] = [
        ("derive", draft.config.derive),
        ("exclude", draft.config.exclude),
        ("independent_pairs", draft.config.independent_pairs),
    ]
    for key, names in sections:
        problems += [
            dangling("dataset", name, draft.datasets.ids, f"{draft.config_path}, key {key}")
            for name in names
            if name not in draft.datasets.ids
        ]
    for name, pairs in draft.config.independent_pairs.items():
        counted = Counter(tuple(sorted(pair.samples)) for pair in pairs)
        problems += [
            Problem(
                f"samples {first} and {second} are no pair"
                if first == second
                else f"pair {first}, {second} stands twice",
                f"{draft.config_path}, key independent_pairs.{name}",
                "two samples, each pair once, with one reason",
                "Correct the entry.",
            )
            for (first, second), count in counted.items()
            if count > 1 or first == second
        ]
    for name, excluded in draft.config.exclude.items():
        twice = sorted(repeated(entry.sample for entry in excluded))
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

"""Can each bridge and interaction be measured? References, roles, and contrasts that cannot be independent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidemine.errors import Problem
from sidemine.lines.bridge.config import Bridge, Concordance
from sidemine.lines.interaction.config import Interaction
from sidemine.study.hints import dangling
from sidemine.study.rows import Contrast, GeneSetRow
from sidemine.study.sheets import Sheet
from sidemine.text.repeats import repeated


def check_concordance(
    declared: Concordance, where: str, contrasts: Sheet[Contrast], gene_sets: Sheet[GeneSetRow]
) -> list[Problem]:
    """Return what makes bridges and interactions impossible to measure.

    Parameters
    ----------
    declared
        Those that are right in themselves.
    where
        The config file.
    contrasts, gene_sets
        The sheets that they refer to.
    """
    rows = {row.model.contrast: row.model for row in contrasts.rows}
    sets = {row.model.gene_set: row.model for row in gene_sets.rows}
    ids = [bridge.id for bridge in declared.bridges] + [one.id for one in declared.interactions]
    problems = _twice(ids, where)
    for bridge in declared.bridges:
        place = f"{where}, bridge {bridge.id}"
        problems += _check_references(_named(bridge), contrasts.ids, place)
        problems += _check_roles(bridge, rows, place)
        problems += _check_datasets(bridge, rows, place)
        problems += _check_sets(bridge, sets, gene_sets.ids, place)
        problems += _check_library(bridge, gene_sets.ids, place)
        problems += _check_pathways(bridge, contrasts.ids, place)
    for interaction in declared.interactions:
        place = f"{where}, interaction {interaction.id}"
        problems += _check_references({"contrasts": interaction.contrasts}, contrasts.ids, place)
        problems += _check_interaction(interaction, rows, gene_sets.ids, place)
    return problems


def _named(bridge: Bridge) -> dict[str, Sequence[str]]:
    named: dict[str, Sequence[str]] = {
        "drug": bridge.drug,
        "disease": bridge.disease,
        "comparators": bridge.comparators,
    }
    if bridge.derive:
        named |= {"derive.from": bridge.derive.derived_from, "derive.confirm": bridge.derive.confirm}
    return named


def _twice(ids: Sequence[str], where: str) -> list[Problem]:
    return [
        Problem(
            f"bridge or interaction id {name!r} is used twice",
            f"{where}, key concordance",
            "each bridge and interaction has an id of its own",
            "Rename one of them.",
        )
        for name in repeated(ids)
    ]


def _check_references(named: Mapping[str, Sequence[str]], ids: frozenset[str], place: str) -> list[Problem]:
    return [
        dangling("contrast", name, ids, f"{place}, key {key}")
        for key, names in named.items()
        for name in dict.fromkeys(names)
        if name not in ids
    ]


def _check_roles(bridge: Bridge, rows: Mapping[str, Contrast], place: str) -> list[Problem]:
    allowed = {
        # Any perturbation; one of another pathway makes a bridge that should come to nothing: a negative control.
        "drug": {"inhibitor", "stimulus", "negative_control"},
        "disease": {"disease"},
        "comparators": {"inhibitor", "stimulus", "negative_control"},
        "derive.from": {"inhibitor", "stimulus", "negative_control"},
        "derive.confirm": {"inhibitor", "stimulus", "negative_control"},
    }
    return [
        Problem(
            f"contrast {name!r} has role {rows[name].role}",
            f"{place}, key {key}",
            f"contrasts of role {' or '.join(sorted(allowed[key]))}",
            "Correct the contrast's role, or name another contrast.",
        )
        for key, names in _named(bridge).items()
        for name in names
        if name in rows and rows[name].role not in allowed[key]
    ]


def _check_datasets(bridge: Bridge, rows: Mapping[str, Contrast], place: str) -> list[Problem]:
    """Contrasts of one dataset share samples or a laboratory: across the two sides of a bridge that is refused."""
    problems = []
    pairs: list[tuple[str, Sequence[str], str, Sequence[str]]] = [("drug", bridge.drug, "disease", bridge.disease)]
    if bridge.derive:
        rule = bridge.derive
        pairs += [
            ("derive.from", rule.derived_from, "derive.confirm", rule.confirm),
            ("derive.from", rule.derived_from, "disease", bridge.disease),
            ("derive.confirm", rule.confirm, "disease", bridge.disease),
        ]
    for key, names, other_key, others in pairs:
        for name in names:
            same = [other for other in others if _dataset(other, rows) == _dataset(name, rows) != ""]
            if same:
                problems.append(
                    Problem(
                        f"contrasts {name} and {', '.join(same)} come from one dataset {_dataset(name, rows)!r}",
                        f"{place}, keys {key} and {other_key}",
                        "two sides without a sample in common: what chance does to one would show in the other",
                        "Name a contrast of another dataset.",
                    )
                )
    return problems


def _dataset(name: str, rows: Mapping[str, Contrast]) -> str:
    return rows[name].dataset if name in rows else ""


def _check_sets(bridge: Bridge, sets: Mapping[str, GeneSetRow], ids: frozenset[str], place: str) -> list[Problem]:
    where = f"{place}, key sets"
    # Names that a library's `*` row will bring are known only after retrieval.
    problems = [dangling("gene set", name, ids, where) for name in bridge.sets if "*" not in ids and name not in ids]
    return problems + [
        Problem(
            f"set {name!r} is of family {sets[name].family}",
            where,
            "sets of family target: genes that the pathway regulates",
            "Choose a target set.",
        )
        for name in bridge.sets
        if name in sets and sets[name].family != "target"
    ]


def _check_library(bridge: Bridge, ids: frozenset[str], place: str) -> list[Problem]:
    declared = bridge.comparator_signatures.positive_control if bridge.comparator_signatures else None
    if declared is None or "*" in ids or declared.set in ids:
        return []
    return [dangling("gene set", declared.set, ids, f"{place}, key comparator_signatures.positive_control.set")]


def _check_pathways(bridge: Bridge, ids: frozenset[str], place: str) -> list[Problem]:
    """Names of signatures are known only when the file is read; without a file every name is a contrast of the study.

    What shares a pathway with the perturbation is no comparator, so it may stand in no other key of the bridge.
    """
    if bridge.comparator_signatures is not None:
        return []
    return _check_references(
        {f"target_pathways.{pathway}": names for pathway, names in bridge.target_pathways.items()}, ids, place
    )


def _check_interaction(
    interaction: Interaction, rows: Mapping[str, Contrast], ids: frozenset[str], place: str
) -> list[Problem]:
    problems = [
        Problem(
            f"contrast {name!r} has role {rows[name].role}",
            f"{place}, key contrasts",
            "contrasts of role disease, one subgroup of patients against another",
            "Correct the contrast's role, or name another contrast.",
        )
        for name in interaction.contrasts
        if name in rows and rows[name].role != "disease"
    ]
    if "*" not in ids and interaction.set not in ids:
        problems.append(dangling("gene set", interaction.set, ids, f"{place}, key set"))
    return problems

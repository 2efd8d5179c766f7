"""Propose the rows of gene_sets.tsv: the sets that were asked for, the shipped core sets, and what to compare with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.enrichment.libraries import find_set, read_library
from sidemine.errors import InputError, Problem, StudyError
from sidemine.places import RESOURCES
from sidemine.retrieve.addresses import mirror_key
from sidemine.scaffold.blanks import TO_FILL_IN
from sidemine.sources.geo_metadata import clean_name
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from collections.abc import Sequence

RELEASE = "2024.1.Hs"
_HALLMARK = "https://data.broadinstitute.org/gsea-msigdb/msigdb/release/{release}/h.all.v{release}.symbols.gmt"
_LICENCE = "CC BY 4.0 (MSigDB Hallmark)"
_OWN_LICENCE = "CC0 1.0 (sidemine's own list)"
_FOLDER = "gene_sets"
_ALWAYS = ("confounder", "negative_control")


@dataclass(frozen=True)
class ProposedSets:
    """Gene sets of a study.

    Attributes
    ----------
    primary
        Ids of the sets that were asked for, in that order.
    rows
        Rows of gene_sets.tsv.
    files
        Files to copy: place within the study, and where it lies.
    notes
        What its author should know.
    """

    primary: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    files: tuple[tuple[str, Path], ...]
    notes: tuple[str, ...]


def propose_sets(wanted: Sequence[str], mirror: Path | None) -> ProposedSets:
    """Return the gene sets of a study.

    Parameters
    ----------
    wanted
        HALLMARK_NAME, CORE_NAME, or FILE.gmt:NAME.
    mirror
        Folder of a mirror: where it has another release of the Hallmark sets than the default, that one is taken.

    Raises
    ------
    StudyError
        When none is named, or one is not known; what exists is listed.
    """
    core = _core_sets()
    release, notes = _release(mirror)
    address = _HALLMARK.format(release=release)
    problems: list[Problem] = []
    rows: list[dict[str, str]] = []
    files: dict[str, Path] = {}
    for text in dict.fromkeys(wanted):
        file, colon, member = text.rpartition(":")
        if colon:
            rows += _of_own_file(Path(file), member, files, problems)
        elif text.startswith("HALLMARK_"):
            rows.append(_row(text, "target", address, "gmt", text, _LICENCE, release, "Asked for with --set."))
        elif text in core and core[text][0] == "target":
            rows.append(_core_row(text, *core[text], files))
        else:
            problems.append(_unknown(text, core))
    problems += _not_in_mirror([row for row in rows if row["source"] == address], address, mirror)
    if not wanted:
        problems.append(_unknown("", core))
    if problems:
        raise StudyError(problems)
    primary = tuple(row["gene_set"] for row in rows)
    rows += [_core_row(name, *core[name], files) for name in core if core[name][0] in _ALWAYS]
    own = [row for row in rows if row["format"] == "gmt" and row["source"] != address]
    if own and mirror and not (mirror / mirror_key(address)).is_file():
        rows.append(
            {**own[0], "gene_set": "*", "family": "comparator", "member": "*", "note": "All other sets of the file."}
        )
    else:
        note = "All other Hallmark sets: is the primary set special?"
        rows.append(_row("*", "comparator", address, "gmt", "*", _LICENCE, release, note))
    return ProposedSets(primary, tuple(rows), tuple(files.items()), tuple(notes))


def _row(
    gene_set: str, family: str, source: str, form: str, member: str, licence: str, version: str, note: str
) -> dict[str, str]:
    return {
        "gene_set": gene_set,
        "family": family,
        "source": source,
        "format": form,
        "member": member,
        "licence": licence,
        "version": version,
        "note": note,
    }


def _core_sets() -> dict[str, tuple[str, Path]]:
    """Return family and file of each shipped set."""
    sets = {}
    for path in sorted((RESOURCES / _FOLDER).glob("*.tsv")):
        table = read_delimited(path, separator="\t")
        name, family = next(iter(table.rows([table.header.index("gene_set"), table.header.index("family")])))
        sets[name] = (family, path)
    return sets


def _core_row(name: str, family: str, path: Path, files: dict[str, Path]) -> dict[str, str]:
    place = f"{_FOLDER}/{path.name}"
    files[place] = path
    return _row(name, family, place, "sets_tsv", name, _OWN_LICENCE, "0.1.0", "Each gene with its reason in the file.")


def _of_own_file(path: Path, member: str, files: dict[str, Path], problems: list[Problem]) -> list[dict[str, str]]:
    if not path.is_file():
        problems.append(
            Problem(
                "a gene set's file is not there",
                str(path),
                "FILE.gmt:NAME, with the path of a GMT file",
                "Check the path.",
            )
        )
        return []
    if absent := _absent(path, [member]):
        problems += absent
        return []
    name = re.sub(r"^[^A-Za-z]+", "", clean_name(member).upper())[:64] or "OWN_SET"
    place = next((place for place, known in files.items() if known == path), f"{_FOLDER}/own_{len(files) + 1}.gmt")
    files[place] = path
    note = "Asked for with --set. Write licence and release of the file."
    return [_row(name, "target", place, "gmt", member, f"{TO_FILL_IN}: terms of the file", TO_FILL_IN, note)]


def _release(mirror: Path | None) -> tuple[str, list[str]]:
    """Return the release to take: the default, or the newest that the mirror has."""
    if mirror is None or (mirror / mirror_key(_HALLMARK.format(release=RELEASE))).is_file():
        return RELEASE, []
    folder = (mirror / mirror_key(_HALLMARK.format(release="X"))).parents[1]
    there = sorted(path.parent.name for path in folder.glob("*/h.all.v*.symbols.gmt"))
    if not there:
        return RELEASE, [
            "The mirror holds no Hallmark sets: with --set FILE.gmt:NAME the file's other sets are the comparators."
        ]
    return there[-1], [f"Hallmark sets: release {there[-1]}, since the mirror has no {RELEASE}."]


def _not_in_mirror(rows: list[dict[str, str]], address: str, mirror: Path | None) -> list[Problem]:
    path = mirror / mirror_key(address) if mirror else None
    if not rows or path is None or not path.is_file():
        return []
    return _absent(path, [row["member"] for row in rows])


def _absent(path: Path, members: Sequence[str]) -> list[Problem]:
    problems: list[Problem] = []
    library = read_library(path, "gmt")
    for member in members:
        try:
            find_set(library, member)
        except InputError as error:
            problems += error.problems
    return problems


def _unknown(text: str, core: dict[str, tuple[str, Path]]) -> Problem:
    targets = ", ".join(name for name, (family, _) in core.items() if family == "target")
    return Problem(
        f"the gene set {text!r} is not known" if text else "no gene set is named, so there is nothing to ask",
        f"--set {text}".strip(),
        f"HALLMARK_… (a Hallmark set of MSigDB), FILE.gmt:NAME, or a shipped set of pathway targets: {targets}",
        "Name the genes that the drug's target pathway regulates, not its members: `--set NAME`.",
    )

"""An atlas folder proposed from finished studies: what their bridges declare becomes drugs, effects and pairs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidemine.atlas.config import CONFIG
from sidemine.errors import InputError, Problem
from sidemine.provenance import check_results
from sidemine.report.collect import read_answers
from sidemine.study.description import StudyDescription
from sidemine.tables import write_text

_HEADERS = {
    "pathways": "target_pathway\tgene_set\tgenes_from",
    "drugs": "profile\tdrug\ttarget_pathway\tsource\tcontrast",
    "effects": "profile\teffect\tsource\tcontrast",
    "pairs": "pair\ttarget_pathway\teffect\trelation\twhy",
}


def propose_atlas(studies: Sequence[Path], folder: Path) -> None:
    """Write an atlas folder; an existing one is never touched.

    Parameters
    ----------
    studies
        Results folders of finished studies.
    folder
        The folder to make.

    Raises
    ------
    InputError
        When a folder holds no finished study or one is named twice, or no study declares a bridge: all at once.
    """
    problems: list[Problem] = []
    if (folder / CONFIG).exists():
        problems.append(
            Problem("there is an atlas already", str(folder), "a new folder", f"Run it: `sidemine atlas {folder}`.")
        )
    found: dict[str, tuple[Path, StudyDescription]] = {}
    for place in studies:
        try:
            check_results(place)
            study = read_answers(place).study
        except InputError as error:
            problems += [problem.within(str(place)) for problem in error.problems]
            continue
        if study.config.study.id in found:
            problems.append(
                Problem(
                    f"two studies are called {study.config.study.id}",
                    f"{found[study.config.study.id][0]} and {place}",
                    "each study once, by an id of its own",
                    "Leave one out, or write the atlas folder by hand.",
                )
            )
        found[study.config.study.id] = (place, study)
    if not problems and not any(study.config.concordance.bridges for _, study in found.values()):
        problems.append(
            Problem(
                "no study declares a bridge, so the atlas has no pair to ask about",
                ", ".join(str(place) for place, _ in found.values()),
                "studies whose config.yaml has `concordance: bridges:`",
                "Declare the pairs in an atlas folder by hand (docs/atlas.md).",
            )
        )
    if problems:
        raise InputError(problems)
    paths = {name: os.path.relpath(place.resolve(), folder.resolve()) for name, (place, _) in found.items()}
    lines = "".join(f"  {name}: {path}\n" for name, path in paths.items())
    config = f"id: atlas\ntitle: Atlas of {', '.join(found)}\nstudies:\n{lines}draws: 1999\nrandom_sets: 499\nseed: 1\n"
    write_text(config, folder / CONFIG)
    for sheet, rows in _rows({name: study for name, (_, study) in found.items()}).items():
        write_text("".join(f"{line}\n" for line in [_HEADERS[sheet], *dict.fromkeys(rows)]), folder / f"{sheet}.tsv")


def _rows(studies: Mapping[str, StudyDescription]) -> dict[str, list[str]]:
    """Return the rows of each sheet: a study's class of drugs is a target pathway, its outcome an effect."""
    taken: dict[str, tuple[str, str, str]] = {}

    def profile_of(study: str, contrast: str, pathway: str) -> str:
        """Return a name of its own for a contrast in a unit."""
        number, stem = 1, f"{study}_{contrast}"[:60]
        while taken.setdefault(stem if number == 1 else f"{stem}_{number}", (study, contrast, pathway)) != (
            study,
            contrast,
            pathway,
        ):
            number += 1
        return stem if number == 1 else f"{stem}_{number}"

    rows: dict[str, list[str]] = {sheet: [] for sheet in _HEADERS}
    for name, study in studies.items():
        words = study.config.study
        roles = {row.contrast: row.role for row in study.contrasts}
        effect = _identifier(words.outcome, f"outcome_of_{name}")
        for bridge in study.config.concordance.bridges:
            # Inhibitors of one class are one unit; another perturbation, or another set, is another.
            drug = " ".join((bridge.perturbation or words.drug_class or bridge.id).split())
            inhibits = all(roles[one] == "inhibitor" for one in bridge.drug)
            pathway = _identifier(f"{(words.drug_class if inhibits else '') or drug} on {bridge.sets[0]}", bridge.id)
            rows["pathways"].append(f"{pathway}\t{bridge.sets[0]}\t{name}")
            rows["drugs"] += [
                profile_of(name, one, pathway) + f"\t{drug}\t{pathway}\t{name}\t{one}" for one in bridge.drug
            ]
            rows["effects"] += [f"{name}_{one}"[:64] + f"\t{effect}\t{name}\t{one}" for one in bridge.disease]
            question = " ".join(bridge.question.split())
            rows["pairs"].append(f"{name}_{bridge.id}"[:64] + f"\t{pathway}\t{effect}\t{bridge.expected}\t{question}")
    first: dict[str, str] = {}
    rows["pathways"] = [first.setdefault(line.split("\t")[0], line) for line in rows["pathways"]]
    return rows


def _identifier(words: str, otherwise: str) -> str:
    """Return words as an identifier: letters, digits and underscores."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_")[:64].rstrip("_")
    return name if re.match(r"[A-Za-z]", name) else otherwise

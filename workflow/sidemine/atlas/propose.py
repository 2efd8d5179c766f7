"""An atlas folder proposed from finished studies: what their bridges declare becomes drugs, effects and pairs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Mapping, Sequence
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
    # A string of JSON is one of YAML, whatever a folder is called.
    lines = "".join(f"  {json.dumps(name)}: {json.dumps(path, ensure_ascii=False)}\n" for name, path in paths.items())
    config = f"id: atlas\ntitle: Atlas of {', '.join(found)}\nstudies:\n{lines}draws: 1999\nrandom_sets: 499\nseed: 1\n"
    write_text(config, folder / CONFIG)
    for sheet, rows in _rows({name: study for name, (_, study) in found.items()}).items():
        write_text("".join(f"{line}\n" for line in [_HEADERS[sheet], *dict.fromkeys(rows)]), folder / f"{sheet}.tsv")


class _Names:
    """Identifiers for things: the same for the same thing, and never one for two."""

    def __init__(self) -> None:
        self._taken: dict[str, Hashable] = {}

    def name(self, words: str, thing: Hashable, otherwise: str = "") -> str:
        """Return words as an identifier: letters, digits and underscores, and a number where another thing has that name."""
        stem = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_")
        stem = (stem if re.match(r"[A-Za-z]", stem) else otherwise)[:60].rstrip("_")
        number, candidate = 1, stem
        while self._taken.setdefault(candidate, thing) != thing:
            number += 1
            candidate = f"{stem}_{number}"
        return candidate


def _rows(studies: Mapping[str, StudyDescription]) -> dict[str, list[str]]:
    """Return the rows of each sheet: a study's class of drugs is a target pathway, its outcome an effect."""
    pathways, effects, profiles, patients, pairs = (_Names() for _ in range(5))
    genes_from: dict[str, str] = {}
    asked: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    rows: dict[str, list[str]] = {sheet: [] for sheet in _HEADERS}
    for name, study in studies.items():
        words = study.config.study
        roles = {row.contrast: row.role for row in study.contrasts}
        outcome = " ".join(words.outcome.split())
        effect = effects.name(outcome, outcome.casefold() or name, f"outcome_of_{name}")
        for bridge in study.config.concordance.bridges:
            # Inhibitors of one class are one unit; another perturbation, or another set, is another.
            drug = " ".join((bridge.perturbation or words.drug_class or bridge.id).split())
            inhibits = all(roles[contrast] == "inhibitor" for contrast in bridge.drug)
            acts = " ".join(words.drug_class.split()) if inhibits and words.drug_class else drug
            unit = (acts.casefold(), bridge.sets[0])
            pathway = pathways.name(f"{acts} on {bridge.sets[0]}", unit, bridge.id)
            if genes_from.setdefault(pathway, name) == name:
                rows["pathways"].append(f"{pathway}\t{bridge.sets[0]}\t{name}")
            for contrast in bridge.drug:
                profile = profiles.name(f"{name}_{contrast}", (name, contrast, pathway))
                rows["drugs"].append(f"{profile}\t{drug}\t{pathway}\t{name}\t{contrast}")
            for contrast in bridge.disease:
                rows["effects"].append(
                    f"{patients.name(f'{name}_{contrast}', (name, contrast))}\t{effect}\t{name}\t{contrast}"
                )
            asks = (
                pairs.name(f"{name}_{bridge.id}", (name, bridge.id)),
                bridge.expected,
                " ".join(bridge.question.split()),
            )
            asked.setdefault((pathway, effect), []).append(asks)
    for (pathway, effect), bridges in asked.items():
        # Studies that ask the same are one question; where they expect different things, either counts.
        names, expected, questions = (list(dict.fromkeys(part)) for part in zip(*bridges, strict=True))
        relation = expected[0] if len(expected) == 1 else "either"
        rows["pairs"].append(f"{names[0]}\t{pathway}\t{effect}\t{relation}\t{' / '.join(questions)}")
    return rows

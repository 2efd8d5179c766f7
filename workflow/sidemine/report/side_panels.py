"""Panels beside the answers: funnels, data sets not taken, threats to validity, clinical context.

Nothing is decided here, and nothing of the clinical context reaches a card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sidemine.considerations.traps.panel import trap_rows
from sidemine.considerations.traps.record import TrapColumns
from sidemine.drawing.words import bounded, count, percent
from sidemine.prepare.sample_table import EXCLUDED_BY_HAND
from sidemine.report.collect import DatasetResults, StudyResults

_MARKS = {
    "publication": "read in a publication or record",
    "abstract": "abstract or press text only",
    "code": "seen in public analysis code",
    "computed": "computed from the file",
    "remembered": "remembered or inferred",
    "unknown": "in part not known",
}
_DECISIONS = {"out": "out", "later": "not yet"}
BAR = 120
"""Width of a funnel's longest bar, in pixels."""


def context_panel(results: StudyResults) -> dict[str, Any] | None:
    """Return the clinical context as declared in the study, or None."""
    context: dict[str, Any] | None = results.study["config"].get("context")
    return context


def considered_rows(results: StudyResults) -> list[dict[str, Any]]:
    """Return the data sets that were considered and not taken, with reason and marks of evidence in words."""
    return [
        {
            **{key: bounded(str(row[key])) for key in ("name", "what", "reason", "doi")},
            "would_serve": str(row["would_serve"]).replace("_", " "),
            "decision": _DECISIONS.get(row["decision"], row["decision"]),
            "marks": "; ".join(_MARKS.get(mark, mark) for mark in row["marks"]),
        }
        for row in results.study.get("considered", [])
    ]


def why_in(results: StudyResults, found: DatasetResults) -> str:
    """Say why a declared data set is in, and whether anything of it could be tested."""
    if found.provenance.get("problem"):
        return "declared, but not usable (the reason stands below)"
    contrasts = [item for item in results.contrasts.values() if item.row["dataset"] == found.row["dataset"]]
    named = {row.contrast for card in results.verdicts.verdicts for row in card.evidence}
    testable = sum(bool(item.design["testable"]) for item in contrasts)
    carrying = sum(item.row["contrast"] in named for item in contrasts)
    return (
        f"in: {count(len(contrasts), 'contrast')}, {testable} testable, {carrying} named by a question"
        if contrasts
        else "in, without a contrast"
    )


def with_reasons(results: StudyResults, dataset: str, fates: Mapping[Any, int]) -> Counter[str]:
    """Return the fates of samples with their numbers; of samples left out by hand, the reasons that the study gives.

    Parameters
    ----------
    results
        The study's results.
    dataset
        Id of the dataset.
    fates
        Fate → number of samples.
    """
    told = Counter({str(fate): int(number) for fate, number in fates.items()})
    if told.pop(EXCLUDED_BY_HAND, 0):
        reasons = results.study["config"]["exclude"].get(dataset, [])
        told.update(f"{EXCLUDED_BY_HAND}: {one['reason']}" for one in reasons)
    return told


def funnels(results: StudyResults) -> list[dict[str, Any]]:
    """Return, per data set, how many samples and identifiers are left after each step, and where the others went."""
    return [_funnel(results, found) for found in results.datasets.values()]


def _funnel(results: StudyResults, found: DatasetResults) -> dict[str, Any]:
    counts = found.samples["fate"].value_counts().to_dict() if len(found.samples) else {}
    fates = with_reasons(results, found.row["dataset"], counts)
    samples = [_step("samples in the record", len(found.samples)), _step("take part", int(fates.pop("used", 0)))]
    genes: list[dict[str, Any]] = []
    lost = results.supplement.identifiers.get(found.row["dataset"])
    if lost is not None:
        genes = [
            _step("identifiers in the file", sum(total for _, _, total in lost)),
            _step("stand for a gene", sum(total for fate, _, total in lost if fate in {"kept", "merged"})),
            _step("genes", len(found.genes)),
        ]
    for key, item in results.contrasts.items():
        if item.row["dataset"] == found.row["dataset"]:
            sides = (len(item.design["target_samples"]), len(item.design["reference_samples"]))
            samples.append(_step(f"{key}: {sides[0]} target, {sides[1]} reference", sum(sides)))
            if genes:
                genes.append(_step(f"tested in {key}", len(item.differential)))
    for steps in (samples, genes):
        most = max((step["n"] for step in steps), default=0)
        for step in steps:
            step["width"] = round(BAR * step["n"] / most) if most else 0
            step["share"] = percent(step["n"], most)
    return {
        "dataset": found.row["dataset"],
        "accession": found.row["accession"],
        "samples": samples,
        "genes": genes,
        "fates": [f"{total:,} {bounded(str(fate), 200)}" for fate, total in sorted(fates.items())][:12],
        "identifiers": [f"{total:,} {fate}: {reason}" for fate, reason, total in lost or []],
    }


def _step(name: str, n: int) -> dict[str, Any]:
    return {"name": bounded(name, 160), "n": n}


def threats(results: StudyResults) -> list[dict[str, Any]]:
    """Return, per question, the threats that the study declares and those that the checks of the data found."""
    return [
        {
            "id": card.hypothesis,
            "question": card.question,
            "verdict": card.verdict,
            "class": card.verdict.css_class,
            "doubt": card.doubt,
            "declared": card.threats,
            "found": trap_rows(card.columns_of(TrapColumns)),
        }
        for card in results.verdicts.verdicts
    ]

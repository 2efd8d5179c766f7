"""What the checks of data and design take from an answer: the strongest reason to doubt, and caps."""

from __future__ import annotations

from sidemine.considerations.judgement import Cap, Case, Doubt, DoubtWeight, Found, Judgement
from sidemine.considerations.sensitivity import FLAGGED_SAMPLES, REUSED_CONTROLS
from sidemine.considerations.traps.record import Checks, TrapColumns, TrapFlag
from sidemine.text.phrases import capitalised

DOUBTS = {
    "replicates": "The samples are wells of one culture: how another culture would answer is not in their error",
    "batch_aliased": "The groups were measured in different batches, and nothing can tell the one from the other",
    "duplicated_samples": "Nearly identical samples are counted as independent ones",
    "reused_samples": "Re-used samples of another series stand on one side of the comparison",
    "marker_labels": "The cell types were guessed from markers, so that cells whose markers changed may stand under another type",
    "batch_associated": "A batch that the model does not hold goes with the group",
    "sex_mismatch": "Samples that are paired as one person's show two sexes, so pairs may be swapped",
    "group_associated": "The groups are also separated by something else that was recorded",
    "library_size": "Read depth goes with the group, so genes of few reads may differ for that alone, and so may what made one group shallow",
    "scale_shift": "The groups differ in level or spread over all genes, so single fold changes hold that shift",
    "hidden_structure": "The shape of the p-values speaks against the model: a factor may be missing from it",
}
"""Strongest first: what makes the difference unreadable, then what biases it, then what distorts its p-value."""
_ORDER = tuple(DOUBTS)
CAPPING = ("replicates", "batch_aliased", "duplicated_samples", "marker_labels", "batch_associated")
_OWN_CONCERN = ("library_size",)
"""Findings that have a word of their own in the certainty of an answer; the others are flagged data."""
_ANSWERED_BY = {"reused_samples": REUSED_CONTROLS, "sex_mismatch": FLAGGED_SAMPLES}
"""The sensitivity row that gives the effect without what a check found."""
_UNITS = "what the units are"


def judge_traps(case: Case, checks: Checks) -> Judgement:
    """Return what the checks of data and design take from an answer.

    A serious finding in a contrast that carries the answer is the strongest reason to doubt. An aliased or unmodelled
    batch, copies that count as independent samples, and wells of one culture cap the verdict. Where cultures differ with
    four times the variance of their wells, a rotation test of wells at 5 % rejects in half of all nulls: units of unknown
    kind are a doubt.
    """
    flags = [*_replicates(case), *_flags(case, checks)]
    tested = {name for row in case.evidence.contrasts if row.testable for name in (row.contrast, row.dataset)}
    serious = sorted(
        (flag for flag in flags if flag.serious and flag.name in tested), key=lambda flag: _ORDER.index(flag.trap)
    )
    groups = {
        row.contrast: f" (“{row.target_label}” v “{row.reference_label}”)"
        for row in case.evidence.contrasts
        if row.target_label
    }
    doubts = [
        Doubt(
            DoubtWeight.DATA,
            f"{DOUBTS[flag.trap]}. {flag.name}{groups.get(flag.name, '')}: {flag.evidence.rstrip('.')}.",
        )
        for flag in serious[:1]
    ]
    unknown = [flag.name for flag in flags if flag.trap == "replicates" and not flag.serious and flag.name in tested]
    if unknown:
        doubts.append(Doubt(DoubtWeight.OPEN, _unknown_units(f"the samples of {', '.join(unknown)}")))
    doubts += [
        Doubt(DoubtWeight.OPEN, f"Nearly identical samples are counted as independent ones ({flag.evidence}).")
        for flag in flags
        if flag.trap == "answered_copies" and flag.where == "contrast" and flag.name in tested
    ]
    return Judgement(
        TrapColumns(tuple(flags)),
        caps=tuple(
            Cap(flag.trap, f"{DOUBTS[flag.trap]} ({flag.name}).", takes_back=True)
            for flag in serious
            if flag.trap in CAPPING
        ),
        doubts=tuple(doubts),
        notes=tuple(
            f"{row.contrast} is counted as a source of its own, although another dataset has its accession or file: "
            f"{row.independent_because.rstrip('.')}."
            for row in case.evidence.contrasts
            if row.independent_because
        ),
        found=(
            *(
                Found(
                    flag.trap if flag.trap in _OWN_CONCERN else "finding",
                    f"{DOUBTS[flag.trap]} ({flag.name}).",
                    _ANSWERED_BY.get(flag.trap, ""),
                )
                for flag in serious
                if flag.trap not in CAPPING
            ),
            *([Found("replicates", _unknown_units("its samples"))] if unknown else []),
        ),
    )


def _unknown_units(samples: str) -> str:
    return (
        f"{capitalised(samples)} are not declared as separate people or cultures. If some are repeats of one, the tests "
        "find far too many effects that are not there."
    )


def _replicates(case: Case) -> list[TrapFlag]:
    """Return a finding for each dataset of an experiment whose units are wells, or nobody knows what."""
    flags = [
        TrapFlag("dataset", row.dataset, "replicates", _UNITS, "warn",
                 f"declared: {row.replicates}", "the answer is at most suggestive" if wells else
                 "told here; column replicates of datasets.tsv says what they are", serious=wells)
        for row in case.evidence.contrasts
        if not case.is_cohort and row.replicates in {"wells", "unknown"}
        for wells in [row.replicates == "wells"]
    ]  # fmt: skip
    return list(dict.fromkeys(flags))


def _flags(case: Case, checks: Checks) -> list[TrapFlag]:
    found = [
        TrapFlag("contrast" if flags is checks.contrast else "dataset", name, flag.trap, flag.check, flag.status,
                 flag.evidence, flag.consequence, flag.serious)
        for row in case.evidence.contrasts
        for flags, name in ((checks.contrast, row.contrast), (checks.dataset, row.dataset))
        for flag in flags.get(name, ())
        if flag.status != "ok" and flag.trap
    ]  # fmt: skip
    return list(dict.fromkeys(found))

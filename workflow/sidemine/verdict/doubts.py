"""The strongest reason to doubt an answer: exactly one sentence per card, chosen in a fixed order."""

from __future__ import annotations

from sidemine.verdict.appraise import Appraisal
from sidemine.verdict.readings import as_effect

LOW_COVERAGE = 0.7
FOUND = ("supported", "suggestive")


def strongest_doubt(kind: str, direction: str, found: Appraisal) -> str:
    """Return the strongest reason to doubt the answer.

    The order is: nothing could be tested; the datasets disagree; serious findings in data or design; a set that is not
    special; too few data; then for cohorts composition, specificity, robustness and calibration faults, for experiments
    what limits them; then what doubt always remains.
    """
    evidence, verdict = found.evidence, found.decision.verdict
    untestable = [row for row in evidence.contrasts if not row.testable]
    if not found.readings:
        problem = untestable[0].problem if untestable else None
        return problem["what"] if problem else evidence.margin_rule
    if verdict == "conflicting":
        return "The datasets disagree in sign; at least one of them measures something else."
    for doubt in (found.traps["doubt"], found.calibration["doubt"]):
        if doubt:
            return str(doubt)
    if any(reading.unspecial for reading in found.readings):
        return "Many other gene sets changed as much or more: the change may not be that of the pathway."
    if verdict == "not testable":
        return "The data are too few, or do not say the same: neither an effect nor its absence can be told."
    if kind == "cohort":
        return _doubt_of_cohorts(direction, found)
    return _doubt_of_experiments(found, len(untestable))


def _doubt_of_cohorts(direction: str, found: Appraisal) -> str:
    mixed, effect = found.composition, as_effect(found.pooled)
    if mixed["caps"] and mixed["doubt"]:
        return str(mixed["doubt"])
    if any(cap["cap"] == "specificity" for cap in found.specificity["caps"]):
        return str(found.specificity["caps"][0]["reason"])
    if found.robustness["doubt"]:
        return str(found.robustness["doubt"])
    margin = found.evidence.margin
    if found.decision.verdict == "supported" and effect is not None and margin is not None:
        limit = effect.limit(direction)
        if limit < margin:
            return (
                f"The effect is there, but small: the data exclude (one-sided 95 % limit {limit:.2g}) that it reaches "
                f"{margin:g}, the smallest that was called worth having."
            )
    # What follows would remain of the best of answers; this one would not.
    if found.specificity["doubt"] and mixed["adjusted"] is not None and found.decision.verdict in FOUND:
        return str(found.specificity["doubt"])
    if mixed["doubt"]:
        return str(mixed["doubt"])
    blood = any("blood" in row.tissue.lower() for row in found.evidence.contrasts)
    return (
        f"{'Blood composition' if blood else 'The mix of cell types'} is not adjusted for: a shift of cell types "
        "between the groups can feign or hide a change of these genes without any change in the pathway itself."
    )


def _doubt_of_experiments(found: Appraisal, n_untestable: int) -> str:
    readings, verdict = found.readings, found.decision.verdict
    passing = sum(reading.passes for reading in readings)
    few = min((reading.evidence.residual_df or 0) for reading in readings)
    coverage = min(reading.evidence.n_measured / max(reading.evidence.n_in_set, 1) for reading in readings)
    if n_untestable:
        return f"{n_untestable} of {len(found.evidence.contrasts)} contrasts could not be tested."
    if verdict == "suggestive" and passing < len(readings):
        return f"Only {passing} of {len(readings)} contrasts pass; nothing corrects for having looked at several."
    if found.pooled.k == 1:
        return (
            f"A single experiment with {few:g} residual degrees of freedom: it speaks for its own source of cells only."
        )
    if coverage < LOW_COVERAGE:
        return f"Only {coverage:.0%} of the set was measured in one of the datasets."
    if verdict == "not supported":
        return "The answer holds for these sources of cells, doses and times only."
    return "mRNA of these genes is not the pathway's function, and cells in a dish are not people."

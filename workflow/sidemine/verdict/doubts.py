"""The strongest reason to doubt an answer: exactly one per card, chosen in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.judgement import DoubtWeight, Sensitivity, as_sentence
from sidemine.verdict.rules import Decided
from sidemine.verdict.vocabulary import Verdict


def strongest_doubt(decided: Decided, table: Sequence[Sensitivity] = ()) -> str:
    """Return the strongest reason to doubt the answer.

    The order is: required controls that failed; nothing could be tested; the datasets disagree; serious findings in data or
    design; tests that reject too often; another control that did not behave as expected; a set that is not special; too few
    data; a check that would change the answer; the faults that the considerations found, in their order; of what was found,
    any other row that would change it; then what limits answers of this kind, and what always remains. A serious finding is
    told with the check that would change the answer.

    Parameters
    ----------
    decided
        What the rule table made of the hypothesis.
    table
        The card's table of what would change the answer.
    """
    verdict = decided.decision.verdict
    if decided.failed_controls:
        return f"A required control failed: {decided.failed_controls}."
    untestable = [row for row in decided.evidence.contrasts if not row.testable]
    if not decided.readings:
        problem = untestable[0].problem if untestable else None
        return problem.what if problem else decided.decision.rule
    if verdict is Verdict.CONFLICTING:
        return "The datasets disagree in sign; at least one of them measures something else."
    if doubt := decided.first_doubt(DoubtWeight.DATA, DoubtWeight.SIZE):
        return f"{doubt} {decided.first_change}".rstrip()
    if decided.unexpected:
        return f"A control of this study did not behave as expected: {', '.join(decided.unexpected)}."
    if any(reading.unspecial for reading in decided.readings):
        return "Many other gene sets changed as much or more: the change may not be that of the pathway."
    if verdict is Verdict.NOT_TESTABLE:
        return "The data are too few, or do not say the same: neither an effect nor its absence can be told."
    if doubt := decided.first_change or decided.first_doubt(DoubtWeight.FAULT):
        return doubt
    changed = [row for row in table if row.changes and verdict.rank > 0]
    return as_sentence(changed[0].words) if changed else decided.rules.remaining_doubt(decided)

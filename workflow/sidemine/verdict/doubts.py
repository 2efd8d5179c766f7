"""The strongest reason to doubt an answer: exactly one per card, chosen in a fixed order."""

from __future__ import annotations

from sidemine.considerations.judgement import DoubtWeight
from sidemine.verdict.decide import Decided
from sidemine.verdict.readings import as_effect
from sidemine.verdict.vocabulary import Verdict

LOW_COVERAGE = 0.7


def strongest_doubt(decided: Decided) -> str:
    """Return the strongest reason to doubt the answer.

    The order is: required controls that failed; nothing could be tested; the datasets disagree; serious findings in data or
    design; tests that reject too often; another control that did not behave as expected; a set that is not special; too few
    data; a check that would change the answer; the faults that the considerations found, in their order; what limits
    experiments; then what could not be looked at, and what doubt always remains. A serious finding is told with the check
    that would change the answer.
    """
    evidence, verdict = decided.evidence, decided.decision.verdict
    if decided.failed_controls:
        return f"A required control failed: {decided.failed_controls}."
    untestable = [row for row in evidence.contrasts if not row.testable]
    if not decided.readings:
        problem = untestable[0].problem if untestable else None
        return problem.what if problem else evidence.margin_rule
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
    if decided.rules.beyond_margin:
        return _doubt_of_experiments(decided, len(untestable))
    return _doubt_of_cohorts(decided)


def _doubt_of_cohorts(decided: Decided) -> str:
    verdict, effect, margin = decided.decision.verdict, as_effect(decided.evidence.pooled), decided.evidence.margin
    if verdict is Verdict.SUPPORTED and effect is not None and margin is not None:
        limit = effect.limit(decided.hypothesis.primary.direction)
        if limit < margin:
            return (
                f"The effect is there, but small: the data exclude (one-sided 95 % limit {limit:.2g}) that it reaches "
                f"{margin:g}, the smallest that was called worth having."
            )
    of_finding = [DoubtWeight.OF_FINDING] if verdict.rank > 0 else []
    return decided.first_doubt(DoubtWeight.OPEN, *of_finding, DoubtWeight.REMAINS)


def _doubt_of_experiments(decided: Decided, n_untestable: int) -> str:
    readings, verdict = decided.readings, decided.decision.verdict
    passing = sum(reading.passes for reading in readings)
    few = min((reading.evidence.residual_df or 0) for reading in readings)
    coverage = min(reading.evidence.n_measured / max(reading.evidence.n_in_set, 1) for reading in readings)
    if n_untestable:
        return f"{n_untestable} of {len(decided.evidence.contrasts)} contrasts could not be tested."
    if doubt := decided.first_doubt(DoubtWeight.OPEN):
        return doubt
    if verdict is Verdict.SUGGESTIVE and passing < len(readings):
        return f"Only {passing} of {len(readings)} contrasts pass; nothing corrects for having looked at several."
    if decided.evidence.pooled.k == 1:
        return (
            f"A single experiment with {few:g} residual degrees of freedom: it speaks for its own source of cells only."
        )
    if coverage < LOW_COVERAGE:
        return f"Only {coverage:.0%} of the set was measured in one of the datasets."
    if verdict is Verdict.NOT_SUPPORTED:
        return "The answer holds for these sources of cells, doses and times only."
    return "mRNA of these genes is not the pathway's function, and cells in a dish are not people."

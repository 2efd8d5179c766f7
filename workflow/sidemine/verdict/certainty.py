"""How far an answer can be relied on: the strongest reason to doubt it, what would change it, and its certainty in four levels.

The doubt is exactly one per card, in a fixed order; what would change the answer is a table. The certainty is a rule over what
the verdict decided.

GRADE (Guyatt et al. 2008, doi 10.1136/bmj.39489.470347.AD) rates a body of evidence by five domains. What is rated here is an
association as the question words it, not the effect of a treatment on people: such evidence starts high (Iorio et al. 2015,
doi 10.1136/bmj.h870). Each domain with one concern takes one step, with several two; nothing is rated up. Publication bias is
not rated: so few data sets cannot show it.

Concerns are gates that were not passed, caps, findings of the checks, sensitivity rows that change the reading, and lines of evidence that disagree, as
they stand on the card. One concern of each kind of evidence always stands: groups of a cohort were not randomised; and
mRNA in treated samples is not the function of a pathway in people; it is told last, after what is peculiar to the answer, and what would turn it
stands first, unless a p near .05 is all that it takes. So no answer is of high certainty. An answer that excludes
an effect, that points against the declared direction, or that is split is not weakened by a gate that asks for an effect in that
direction. A finding is no concern where the effect without it reads the same; it is told as not rated down. An answer that is
*not testable* has no certainty: there is nothing to be certain of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from sidemine.considerations.judgement import Case, DoubtWeight, Found, Sensitivity, as_sentence
from sidemine.considerations.sensitivity import (
    ASKED,
    COMPOSITION,
    FLAGGED_SAMPLES,
    HIDDEN_FACTORS,
    NEAR_LIMIT,
    ONE_COHORT,
    ONE_GENE,
    REUSED_CONTROLS,
    SPREAD,
    no_sensitivity,
    sensitivity_of,
    without_effect,
)
from sidemine.drawing.words import p_value
from sidemine.effect.pooling import COMMON_DEMAND
from sidemine.effect.record import Estimate
from sidemine.text.phrases import capitalised
from sidemine.verdict.card import HIGHEST, Card, Certainty, Domain, Downgrade, Level
from sidemine.verdict.cohorts import contradiction_words
from sidemine.verdict.readings import FEWEST_TO_POOL, contradiction
from sidemine.verdict.rules import Decided, shortfalls
from sidemine.verdict.vocabulary import Verdict

NOT_LOOKED_AT = "it was not looked at in this run"
ONE_BY_ONE = "experiments are judged one by one; what is pooled stands beside and decides nothing"


def strongest_doubt(decided: Decided, table: Sequence[Sensitivity] = ()) -> str:
    """Return the strongest reason to doubt the answer.

    The order is: required controls that failed; nothing could be tested; the datasets disagree; those too small to be pooled do; serious findings in data or
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
    direction = decided.hypothesis.primary.direction
    if verdict.rank > 0 and (against := contradiction(decided.readings, decided.evidence.pooled, direction)):
        return contradiction_words(against)
    if doubt := decided.first_doubt(DoubtWeight.DATA, DoubtWeight.SIZE):
        return f"{doubt} {decided.first_change}".rstrip()
    if decided.unexpected:
        return f"A control of this study did not behave as expected: {', '.join(decided.unexpected)}."
    if any(reading.unspecial for reading in decided.readings):
        return "Many other gene sets changed as much or more: the change may not be that of the pathway."
    if verdict is Verdict.NOT_TESTABLE:
        return decided.decision.rule
    if doubt := decided.first_change or decided.first_doubt(DoubtWeight.FAULT):
        return doubt
    changed = [row for row in table if row.changes and verdict.rank > 0]
    return as_sentence(changed[0].words) if changed else decided.rules.remaining_doubt(decided)


def sensitivity_table(decided: Decided) -> list[Sensitivity]:
    """Return the rows of one card: those that every card has, in their order, then the others.

    Parameters
    ----------
    decided
        What the rule table made of the hypothesis. A row that nobody filled is there, with the reason.
    """
    factor = decided.level.factor_of(decided.rules.primary_p(decided.evidence))
    case = Case(decided.hypothesis, decided.evidence, tuple(decided.evidence.pooled.contrasts), factor)
    given = [
        _if_cohorts_differ(case),
        _without_one_cohort(case),
        *(row for judgement in decided.judgements for row in judgement.sensitivity),
    ]
    given = [row for row in given if row.name in ASKED or not row.missing]
    names = {row.name for row in given}
    given += [no_sensitivity(name, NOT_LOOKED_AT) for name in ASKED if name not in names]
    places = {name: place for place, name in enumerate(ASKED)}
    return sorted(given, key=lambda row: places.get(row.name, len(places)))


def _if_cohorts_differ(case: Case) -> Sensitivity:
    """Return the pooled effect under a prior on the spread between cohorts, which two cohorts cannot tell."""
    pooled = case.evidence.pooled
    if not case.is_cohort:
        return no_sensitivity(SPREAD, ONE_BY_ONE)
    if pooled.spread_prior is None:
        return no_sensitivity(SPREAD, "fewer than two cohorts were pooled")
    prior = pooled.spread_prior
    two_sided = 2 * min(prior.p_one_sided, 1 - prior.p_one_sided)
    estimate = Estimate(prior.effect, prior.effect_se, prior.ci_low, prior.ci_high, inf, two_sided)
    return sensitivity_of(case, SPREAD, f"if cohorts may differ (half-normal prior of {prior.scale:g} on τ)", estimate)


def _without_one_cohort(case: Case) -> Sensitivity:
    """Return the row of the cohort whose absence says most against the reading.

    One that changes it comes first; then the one that leaves the largest p of an effect that is shown, or the smallest p of one
    that is not.
    """
    pooled = case.evidence.pooled
    if not case.is_cohort:
        return no_sensitivity(ONE_COHORT, ONE_BY_ONE)
    if pooled.k < FEWEST_TO_POOL:
        return no_sensitivity(ONE_COHORT, "fewer than two cohorts were pooled")
    left = [
        sensitivity_of(case, ONE_COHORT, f"without {row.left_out}", row.estimate, n_left=pooled.k - 1)
        for row in pooled.without_one
    ]
    if not left:
        return no_sensitivity(ONE_COHORT, "no effect is left without a cohort")
    side = -1 if without_effect(case) else 1
    return max(left, key=lambda row: (bool(row.changes), side * (row.p_value or 0.0)))


@dataclass(frozen=True)
class Concern:
    """The domain of a gate, cap or check, its words, what would lift it, and whether it weighs against an exclusion too."""

    domain: Domain
    brief: str
    lifted_by: str
    of_exclusions: bool = False


OTHER_CHECK = "another check"
"""Name of the concern that a row of "what would change the answer" without a concern of its own would change it."""
ALONE = "one source"
"""Name of the concern that only one source answers; `replication` where several do not agree."""
CONCERNS = {
    "composition": Concern(
        Domain.BIAS, "mix of cells", "sorted cells, or groups with the same mix of cells", of_exclusions=True
    ),
    "hidden factors": Concern(
        Domain.BIAS, "hidden factors", "samples of recorded batch and quality", of_exclusions=True
    ),
    "robustness": Concern(
        Domain.BIAS, "other analyses differ", "variants of the analysis that agree", of_exclusions=True
    ),
    "calibration": Concern(Domain.BIAS, "lax tests", "tests that reject at most 5 % of planted nulls"),
    "direction": Concern(Domain.BIAS, "no declared direction", "a direction that is declared beforehand"),
    "vehicle": Concern(Domain.BIAS, "vehicle alone", "compounds of another class, or a second vehicle"),
    "replicates": Concern(
        Domain.BIAS,
        "repeats not ruled out",
        "samples that are known to be separate people or cultures",
        of_exclusions=True,
    ),
    "batch_aliased": Concern(Domain.BIAS, "batches", "both groups measured in the same batches", of_exclusions=True),
    "batch_associated": Concern(Domain.BIAS, "batches", "both groups measured in the same batches", of_exclusions=True),
    "duplicated_samples": Concern(Domain.BIAS, "copied samples", "samples that are independent", of_exclusions=True),
    "marker_labels": Concern(Domain.BIAS, "cell labels", "cell types that do not rest on markers", of_exclusions=True),
    "library_size": Concern(Domain.BIAS, "read depth", "groups that were read to a like depth", of_exclusions=True),
    "finding": Concern(Domain.BIAS, "flagged data", "data without what the checks found", of_exclusions=True),
    "control": Concern(Domain.BIAS, "a control failed", "controls that behave as expected", of_exclusions=True),
    OTHER_CHECK: Concern(
        Domain.BIAS, "a check changes it", "an effect that holds without what is doubted", of_exclusions=True
    ),
    "replication": Concern(Domain.INCONSISTENCY, "not replicated", "datasets that agree"),
    "none opposite": Concern(Domain.INCONSISTENCY, "one points the other way", "no dataset on the other side"),
    "sizes": Concern(Domain.INCONSISTENCY, "sizes differ", "a reason why the sizes differ"),
    "spread": Concern(
        Domain.INCONSISTENCY, "cohorts may differ", "more cohorts, to tell how far they differ", of_exclusions=True
    ),
    "lines": Concern(Domain.INCONSISTENCY, "other lines disagree", "lines of evidence that agree", of_exclusions=True),
    "competitive test": Concern(Domain.INDIRECTNESS, "other genes changed too", "a change beyond that of other genes"),
    "specificity": Concern(Domain.INDIRECTNESS, "like other sets", "a change beyond that of sets like it"),
    "comparator sets": Concern(Domain.INDIRECTNESS, "like other sets", "a change beyond that of sets like it"),
    "influence": Concern(Domain.INDIRECTNESS, "few genes carry it", "an effect that no single gene carries"),
    NEAR_LIMIT: Concern(Domain.IMPRECISION, "p near .05", "more samples"),
    ALONE: Concern(Domain.IMPRECISION, "one {noun}", "a second {noun}, for or against", of_exclusions=True),
    "one cohort": Concern(Domain.IMPRECISION, "one cohort carries it", "more cohorts", of_exclusions=True),
    "pooled p": Concern(Domain.IMPRECISION, "{p}", "more people"),
    "one experiment": Concern(Domain.IMPRECISION, "not shown", "an experiment that shows it"),
    "panel": Concern(Domain.IMPRECISION, "not shown", "arms that show it"),
    "Holm": Concern(Domain.IMPRECISION, "{p}", "more samples"),
}
"""By name of a gate or cap; a test holds that each name of the rules is here."""
OTHER = Concern(Domain.BIAS, "a condition not met", "an answer that meets every condition", of_exclusions=True)
"""Of a consideration that has no word of its own here."""
_OF_ROW = {
    COMPOSITION: "composition",
    HIDDEN_FACTORS: "hidden factors",
    ONE_GENE: "influence",
    SPREAD: "spread",
    ONE_COHORT: "one cohort",
}
"""The concern behind a row of "what would change the answer"; of any other row: another check."""
CHECKED = {
    SPREAD: "assumed spread of cohorts",
    ONE_GENE: "leading genes",
    ONE_COHORT: "one cohort alone",
    HIDDEN_FACTORS: "hidden factors",
    COMPOSITION: "mix of cells",
    FLAGGED_SAMPLES: "flagged samples",
    REUSED_CONTROLS: "re-used controls",
}
"""What each row of "what would change the answer" looked at."""
_STANDING = {
    "cohort": Downgrade(
        Domain.BIAS,
        "The groups were not randomised: another difference between them may explain the result.",
        "not randomised",
    ),
    "experiment": Downgrade(
        Domain.INDIRECTNESS,
        "mRNA in treated samples is not the function of a pathway in people.",
        "function not measured",
    ),
}
_NAMED = 2
"""Things that would lift concerns, as the sentence names them."""
_NOUN = {"cohort": "cohort", "experiment": "experiment", "panel": "experiment"}


def certainty_of(
    card: Card, found: Sequence[Found] = (), unexpected: Sequence[str] = (), n_questions: int = 0
) -> Certainty | None:
    """Return the certainty of an answer; None where there is no answer.

    Parameters
    ----------
    card
        The answer card of a question or control.
    found
        What the considerations found beside their caps.
    unexpected
        The questions of the controls of its kind that did not behave as expected.
    n_questions
        Questions over which its p is adjusted; 0 of a control.
    """
    if card.verdict is Verdict.NOT_TESTABLE:
        return None
    standing = _STANDING["cohort" if card.kind == "cohort" else "experiment"]
    concerns = _concerns(card, found, unexpected)
    turning = {_of_row(row.name, card) for row in card.sensitivity if row.changes} - {NEAR_LIMIT}
    told_first = sorted(concerns, key=lambda name: name not in turning)
    downgrades = [*(_downgrade(name, concerns[name], card, n_questions) for name in told_first), standing]
    split = (
        [Downgrade(Domain.INCONSISTENCY, card.rule, "opposite directions")]
        if card.verdict is Verdict.CONFLICTING
        else []
    )
    rated = [*downgrades, *split, *split]  # datasets on opposite sides take both steps
    steps = sum(min(2, sum(row.domain is domain for row in rated)) for domain in Domain)
    level = next(level for level in Level if level.place == max(1, HIGHEST - steps))
    names = {row.name: row for row in card.sensitivity}
    answered = [
        Downgrade(
            _concern(row.name).domain,
            f"{row.reason.rstrip('.')}; {names[row.answered_by].name} the effect reads the same.",
            f"holds {row.answered_by}",
        )
        for row in found
        if _is_answered(card, row)
    ]
    return Certainty(level, [*downgrades, *split], answered)


def what_would_change(card: Card, found: Sequence[Found] = (), unexpected: Sequence[str] = ()) -> str:
    """Return in one sentence or two what would change an answer.

    Parameters
    ----------
    card, found, unexpected
        As in `certainty_of`.
    """
    if card.verdict is Verdict.CONFLICTING:
        return "Further datasets, which tell which of these measures something else."
    lifting = dict.fromkeys(
        _concern(name).lifted_by.format(noun=_NOUN[card.kind]) for name in _concerns(card, found, unexpected)
    )
    named = "; ".join(list(lifting)[:_NAMED]) or f"further {_NOUN[card.kind]}s that disagree"
    asked = [row for row in card.sensitivity if not row.missing]
    changing = [row.name for row in asked if row.changes]
    if changing:
        settling = dict.fromkeys(_concern(_of_row(name, card)).lifted_by for name in changing)
        turning = ", ".join(CHECKED.get(name, name) for name in changing)
        return f"Checks already change it: {turning}. To settle it: {'; '.join(list(settling)[:_NAMED])}."
    one = f"The one check ({CHECKED.get(asked[0].name, asked[0].name)}) changes nothing." if asked else ""
    none = "" if lifting or not asked else f" {one if len(asked) == 1 else f'None of {len(asked)} checks changes it.'}"
    weaker = [CHECKED.get(row.name, row.name) for row in asked if row.weakens]
    if weaker and card.verdict is Verdict.SUPPORTED:
        leave = f"{len(weaker)} {'leaves' if len(weaker) == 1 else 'leave'} p above {COMMON_DEMAND:g}"
        none = f" No check takes the effect away; {leave}: {', '.join(weaker)}."
    return as_sentence(named) + none


def what_would_answer(decided: Decided) -> str:
    """Return in one sentence what would give an answer where there is none.

    Parameters
    ----------
    decided
        What the rule table made of the hypothesis.
    """
    if decided.failed_controls:
        return f"Required controls that behave as expected ({decided.failed_controls})."
    if any(judgement.refusal for judgement in decided.judgements):
        return as_sentence(CONCERNS["calibration"].lifted_by)
    problem = next((row.problem for row in decided.evidence.contrasts if row.problem), None)
    if not decided.readings and problem:
        return f"Data that can be tested: {problem.allowed}."
    if decided.evidence.margin.value is None:
        return f"A margin: none could be set ({decided.evidence.margin.rule.rstrip('.')})."
    if decided.decision.unspecial:
        return as_sentence(CONCERNS["specificity"].lifted_by)
    return "More samples, or further datasets."


def _of_row(name: str, card: Card) -> str:
    """Return the concern behind a row of "what would change the answer"."""
    caps = {cap.cap for cap in card.caps}
    if name == ONE_GENE and NEAR_LIMIT in caps and "influence" not in caps:
        return NEAR_LIMIT
    return _OF_ROW.get(name, OTHER_CHECK)


def _concern(name: str) -> Concern:
    return CONCERNS.get(name, OTHER)


def _downgrade(name: str, reason: str, card: Card, n_questions: int) -> Downgrade:
    concern = _concern(name)
    over = f" corrected for {n_questions} questions; interval uncorrected" if n_questions > 1 else ""
    level = "p too large" if card.p_holm is None else f"p {p_value(card.p_holm)}{over}"
    return Downgrade(concern.domain, reason, concern.brief.format(noun=_NOUN[card.kind], p=level))


def _is_answered(card: Card, found: Found) -> bool:
    """Tell whether the effect without a finding reads the same."""
    return any(row.name == found.answered_by and row.changes is False and not row.weakens for row in card.sensitivity)


def _concerns(card: Card, found: Sequence[Found], unexpected: Sequence[str]) -> dict[str, str]:
    """Return what weighs against an answer: the reason by its name, each once."""
    excludes = card.verdict is Verdict.NOT_SUPPORTED and not card.opposite
    each: dict[str, str] = {}
    for name, reason in _all_concerns(card, found, unexpected):
        if _concern(name).of_exclusions or not excludes:
            each.setdefault(name, reason)
    return each


def _all_concerns(card: Card, found: Sequence[Found], unexpected: Sequence[str]) -> Iterator[tuple[str, str]]:
    alone = card.agreeing is not None and card.agreeing.n <= 1
    # Gates, and places among other sets, ask for the declared direction: they say nothing of an answer that does not go there.
    declared = card.verdict.rank > 0
    for name, reason in shortfalls(card.gates if declared else (), card.caps).items():
        if declared or name != "specificity":
            yield (ALONE if alone and name == "replication" else name), reason
    for row in found:
        if not _is_answered(card, row):
            yield row.name, row.reason
    if unexpected:
        yield "control", f"A control did not behave as expected: {'; '.join(unexpected)}"
    if card.pooled and card.pooled.sizes_differ:
        apart = card.pooled.sizes_differ
        yield "sizes", f"{capitalised(apart.words)}, so no single figure stands for them."
    for check in card.sensitivity:
        if check.changes:
            yield _of_row(check.name, card), f"{capitalised(check.words)}."
    if card.synthesis and card.synthesis.conflicting:
        yield "lines", card.synthesis.sentence

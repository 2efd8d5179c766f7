"""What the page shows of hidden factors."""

from __future__ import annotations

from sidemine.considerations.hidden_factors.judge import differs
from sidemine.considerations.hidden_factors.record import AdjustedForFactors, FactorsOfContrast, HiddenFactorsColumns
from sidemine.drawing.charts import MOST_CONTRASTS, WithInterval, interval_rows, intervals
from sidemine.drawing.panel import CLEAR, TOLD, UNKNOWN, Light, Panel, Subject, Told
from sidemine.drawing.words import count, is_turned, number, turned_words
from sidemine.effect.record import way

MOST_FACTORS = 6
"""Most factors per contrast in words; the record holds all of them."""


def factors_panel(columns: HiddenFactorsColumns, subject: Subject) -> Panel:
    """Return the effect before and after adjusting for hidden factors, and what these are."""
    shown = columns.hidden_factors
    groups: list[tuple[str, list[tuple[str, WithInterval]]]] = []
    if shown.total is not None and shown.adjusted is not None:
        groups.append(("pooled", [("total", shown.total), ("adjusted", shown.adjusted)]))
    for entry in shown.contrasts[:MOST_CONTRASTS]:
        if isinstance(entry, AdjustedForFactors):
            groups.append((entry.contrast, [("total", entry.total), ("adjusted", entry.adjusted)]))
    return Panel(
        kind="hidden-factors",
        element=f"hidden-factors-{subject.hypothesis}",
        source="verdicts.json",
        title="Is it something hidden that moves many genes?",
        caption="The effect as it is, and with the hidden factors of each cohort in the model: directions in which genes outside "
        "the pathway's sets vary together, whatever causes it. A batch or poor samples are such factors; so is a disease of "
        "varying degree, and then adjusting takes a part of the truth away. 95 % CI.",
        why_empty=shown.reason or "no contrast could be adjusted",
        chart=intervals(interval_rows(groups), subject.unit, "What is left after adjusting for hidden factors?")
        if groups
        else None,
        facts=[
            *([shown.sentence] if shown.sentence else []),
            *(line for entry in shown.contrasts for line in _lines(entry)),
        ],
    )


def _lines(entry: FactorsOfContrast) -> list[str]:
    if not isinstance(entry, AdjustedForFactors):
        return [f"{entry.contrast}: {entry.reason}"]
    head = f"{entry.contrast}: {count(len(entry.factors), 'factor')} in {count(entry.n_genes, 'gene')}"
    head += f"; {count(entry.n_close, 'gene')} left out, since they move with the score" if entry.n_close else ""
    head += f"; {count(entry.n_beyond, 'more factor')} for which there are too few samples" if entry.n_beyond else ""
    # Those in which the groups differ first: they are what can feign an effect.
    order = sorted(range(len(entry.factors)), key=lambda place: (not differs(entry.factors[place]), place))
    sentences = []
    for place in order[:MOST_FACTORS]:
        factor = entry.factors[place]
        with_what = ", ".join(f"{row.what} ({number(row.correlation)})" for row in factor.follows)
        sentences.append(
            f"{entry.contrast}, factor {place + 1} ({factor.share:.0f} % of the residual variance): the groups differ by "
            f"{number(factor.difference.effect)} SD ({number(factor.difference.ci_low)} to {number(factor.difference.ci_high)}); "
            f"correlation with the set's score {number(factor.correlation)}; goes with {with_what or 'nothing that is known'}"
        )
    return [head, *sentences]


def tell_factors(subject: Subject) -> Told:
    """Return what the effect without hidden factors says of the direction, where it lies on the other side."""
    adjusted = subject.columns_of(HiddenFactorsColumns).hidden_factors.adjusted
    if adjusted is None or not is_turned(adjusted, subject.main_effect):
        return Told()
    return Told(unsettled=f"{turned_words(adjusted)} with hidden factors taken out")


def factors_light(subject: Subject, contrast: str) -> Light:
    """Return whether the groups of a comparison differ in a hidden factor, as its mark in the forest plot."""
    shown = subject.columns_of(HiddenFactorsColumns).hidden_factors
    entry = next((one for one in shown.contrasts if one.contrast == contrast), None)
    if not isinstance(entry, AdjustedForFactors):
        return Light("hidden factors", UNKNOWN, entry.reason if entry else shown.reason or "was not looked at")
    differ = sum(way(row.difference.ci_low, row.difference.ci_high) != "unclear" for row in entry.factors)
    words = f"the groups differ in {differ} of {count(len(entry.factors), 'hidden factor')}"
    return Light("hidden factors", TOLD if differ else CLEAR, words)


def factors_methods() -> str:
    """Return the paragraph of the methods text on hidden factors."""
    # Here, since Snakemake loads the panels and need not load the statistics.
    from sidemine.considerations.hidden_factors.factors import DF_PER_FACTOR
    from sidemine.considerations.hidden_factors.measure import CLOSE

    return (
        "Hidden factors of cohorts. Principal components of the residuals of the declared model, group included, over genes "
        f"outside the target and member sets whose residuals do not correlate above {CLOSE:g} with the score's; as many as "
        f"deflated parallel analysis finds, at most one per {DF_PER_FACTOR} residual degrees of freedom. How far the groups differ "
        "in a factor follows from its loadings, corrected for their errors; the sign and p ≤ .05 must hold with the factors in "
        "the model."
    )

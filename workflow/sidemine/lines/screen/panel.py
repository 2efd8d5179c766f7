"""What the page shows of a screen: its compounds in order of certainty, and that this is no verdict."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.drawing.charts import interval_rows, interval_words, intervals
from sidemine.drawing.panel import Column, Panel, Table
from sidemine.drawing.words import bounded, count, number, p_value
from sidemine.lines.line import LinesOnRecord
from sidemine.lines.screen.record import MeasuredScreen, ScreenedCompound, ScreenFamily, ScreensOfStudy
from sidemine.text.phrases import listed

EXPLORATORY = "Screen: exploratory, never a verdict."
UNIT = "log2 fold change over complement"
MOST_DRAWN, MOST_LISTED = 30, 200
"""Most compounds of a panel in its figure and in its table; screens.json holds all."""
_NOTHING = 0.005
"""log2 units that are written as 0.00."""
ENOUGH_VEHICLES = 4
"""With fewer vehicle samples per donor and plate, what chance did to the vehicle shows in every compound."""

_COLUMNS = (
    Column("Compound", "compound"),
    Column("Shrunken effect [95 %]", "shrunken"),
    Column("Local false sign rate", "lfsr"),
    Column("Effect as measured [95 % CI]", "effect"),
    Column("From the other compounds", "others"),
    Column("q", "q_value"),
    Column("Donors", "n_donors", "short"),
    Column("Class", "compound_class", "short"),
    Column("Why not tested", "why_not", "text"),
)


@dataclass(frozen=True)
class _Drawn:
    """An effect with its interval, for the chart."""

    effect: float | None
    ci_low: float | None
    ci_high: float | None


def screen_panels(screen: MeasuredScreen, question: str) -> list[Panel]:
    """Return one panel per set and type of cells of a screen; one that says why, where nothing is tested.

    Parameters
    ----------
    screen
        The screen.
    question
        What is looked for, in the study's words.
    """
    if screen.problem:
        title = f"{bounded(question, 160)} Not testable"
        return [Panel("screen", f"screen-{screen.id}", title, "", screen.problem, facts=_facts(screen))]
    return [
        _panel(screen, family, question, f"screen-{screen.id}-{place}") for place, family in enumerate(screen.families)
    ]


def _panel(screen: MeasuredScreen, family: ScreenFamily, question: str, element: str) -> Panel:
    rows = [row for row in screen.compounds if (row.cell_type, row.gene_set) == (family.cell_type, family.gene_set)]
    tested = [row for row in rows if row.effect is not None]
    # Effects that are all shrunken to 0 would be a line of dots: those as measured show the scatter instead.
    to_nothing = all(abs(row.shrunken or 0) < _NOTHING for row in tested)
    drawn = [
        (row, _Drawn(row.effect, row.ci_low, row.ci_high))
        if to_nothing
        else (row, _Drawn(row.shrunken, row.shrunken_low, row.shrunken_high))
        for row in tested[:MOST_DRAWN]
    ]
    by_class: dict[str, list[tuple[str, _Drawn]]] = {}
    for row, interval in drawn:
        by_class.setdefault(row.compound_class or "other compounds", []).append((row.compound, interval))
    shown = "Effects as measured (shrunken, all are 0)" if to_nothing else "Shrunken effects"
    where = f" in {bounded(family.cell_type, 60)}" if family.cell_type else ""
    return Panel(
        kind="screen",
        element=element,
        title=f"{bounded(question, 160)} {family.gene_set}{where}",
        caption=f"{EXPLORATORY} {shown} with 95 % intervals, the {min(len(tested), MOST_DRAWN)} surest of "
        f"{count(len(tested), 'compound')}; higher: the set is higher under the compound (target) than under its vehicle "
        "(reference). Ranks only describe.",
        why_empty="no compound is tested",
        chart=intervals(interval_rows(list(by_class.items())), UNIT, "Compounds of a screen."),
        facts=[_sentence(tested, family), *_family_facts(family), *_facts(screen)],
        table=Table(f"Compounds{where}", _COLUMNS, [_cells(row) for row in rows[:MOST_LISTED]]),
    )


def _sentence(tested: list[ScreenedCompound], family: ScreenFamily) -> str:
    out = [row for row in tested if row.stands_out]
    if not out:
        others = " and the other compounds" if family.n_beside else ""
        return f"No compound stands out from the vehicle{others} (q ≤ .05)."
    ways = {
        word: [row.compound for row in out if (row.effect or 0) * sign > 0]
        for word, sign in (("higher", 1), ("lower", -1))
    }
    ways_told = [f"{word}: {bounded(listed(names[:12]), 400)}" for word, names in ways.items() if names]
    return f"{count(len(out), 'compound')} of {len(tested)} stand out at q ≤ .05 ({'; '.join(ways_told)}): where to look, not what is so."


def _family_facts(family: ScreenFamily) -> list[str]:
    worth = "infinitely many" if family.prior_df is None else number(family.prior_df, 1)
    alone = family.n_compounds - family.n_beside
    return [
        *(
            [
                f"{count(alone, 'compound')} {'is' if alone == 1 else 'are'} compared with the vehicle alone, since on their plates "
                f"are too few others: where the vehicle is off by chance, {'it stands' if alone == 1 else 'they stand'} out (of "
                "screens with nothing but such compounds and no effect, about one in ten had a call, not one in twenty)."
            ]
            if alone
            else []
        ),
        f"{family.n_measured} of {family.n_in_set} genes of the set are measured.",
        f"The compounds share a standard deviation between donors of {number(family.prior_sd)} log2 units, worth {worth} degrees "
        f"of freedom; {100 * family.null_share:.0f} % of them are estimated to do nothing.",
        f"Median effect of all compounds: {number(family.median_effect)} log2 units. Far from 0, the vehicle may be off.",
    ]


def _facts(screen: MeasuredScreen) -> list[str]:
    plates = f" on {count(screen.n_plates, 'plate')}" if screen.n_plates else ""
    few = screen.families and screen.fewest_vehicles < ENOUGH_VEHICLES
    return [
        f"{count(screen.n_compounds, 'compound')} and the vehicle {bounded(screen.vehicle, 60)}, {count(screen.n_donors, 'donor')}"
        f"{plates}, {count(screen.n_samples, 'sample')}; q-values over {count(screen.family_size, 'test')}.",
        *(
            [
                f"A donor's plate has as few as {count(screen.fewest_vehicles, 'vehicle sample')}: its chance shows in every "
                "compound, so the difference from the other compounds of the plate counts as well, where these are enough."
            ]
            if few
            else []
        ),
        *(f"Left out: {loss}." for loss in screen.losses),
    ]


def _cells(row: ScreenedCompound) -> dict[str, str]:
    return {
        "compound": bounded(row.compound, 80),
        "shrunken": interval_words(row.shrunken, row.shrunken_low, row.shrunken_high),
        "lfsr": number(row.lfsr, 3),
        "effect": interval_words(row.effect, row.ci_low, row.ci_high),
        "others": number(row.from_others),
        "q_value": p_value(row.q_value) if row.q_value is not None else "—",
        "n_donors": str(row.n_donors),
        "compound_class": bounded(row.compound_class, 60),
        "why_not": row.why_not,
    }


def methods_of_screens(lines: LinesOnRecord) -> list[str]:
    """Return the paragraph of the methods text; none where no screen was measured."""
    if lines.record_of(ScreensOfStudy) is None:
        return []
    return [
        "Screens. Cells are summed to one sample per donor, compound, plate and cell type; the donor is the unit. A set's score "
        "is its mean log2 counts per million (prior count in proportion to the library) minus that of the other measured genes. "
        "Each compound is compared with the vehicle of its donor and plate; samples of one donor are averaged. Variances are "
        "moderated across the compounds (Smyth 2004), the p-value being averaged over the prior degrees of freedom by their "
        "likelihood. q-values (Benjamini–Hochberg over the screen) rest on the larger p of two comparisons: with the vehicle, "
        "and, where a plate has enough, with the median of its other compounds. Effects are shrunken with a mixture of normals and a point "
        "mass at 0 (Stephens 2017), which gives local false sign rates. A screen is exploratory and enters no verdict."
    ]

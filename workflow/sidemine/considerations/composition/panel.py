"""What the page shows of the mix of cells."""

from __future__ import annotations

from sidemine.considerations.composition.record import (
    AdjustedIn,
    CompositionAdjusted,
    CompositionColumns,
    CompositionUnknown,
    NotAsked,
    NotNeededIn,
)
from sidemine.drawing.charts import MOST_CONTRASTS, Spec, WithInterval, interval_rows, intervals
from sidemine.drawing.panel import (
    CLEAR,
    TOLD,
    UNKNOWN,
    Column,
    Detail,
    Figure,
    FurtherEffect,
    Light,
    Panel,
    Subject,
    Table,
    Tile,
    Told,
    make_tile,
)
from sidemine.drawing.words import amount, is_turned, number, p_statement, turned_words
from sidemine.effect.record import Interval, PooledEstimate, way


def adjusted_tile(columns: CompositionColumns, subject: Subject) -> Tile | None:
    """Return the adjusted effect as a key figure, or why there is none; None where it is not asked: cells of one kind."""
    name, adjusted = "Adjusted for the mix of cells", columns.composition_adjusted
    if adjusted is None:
        reason = subject.missing["composition_adjusted"]
        spared = isinstance(columns.composition, NotAsked) and columns.composition.gate is not None
        if not spared and not subject.is_cohort:
            return None
        return make_tile("adjusted", name, "not needed" if spared else "not computed", reason)
    return make_tile("adjusted", name, adjusted_amount(adjusted), f"95 % CI {adjusted_interval(adjusted)}")


def tell_adjusted(subject: Subject) -> Told:
    """Return the adjusted effect in the words of an answer card, and a table of the cell proxies."""
    columns = subject.columns_of(CompositionColumns)
    adjusted = columns.composition_adjusted
    rows = cell_rows(columns)
    detail = Detail(
        "Cells: what the groups differ in, and what each proxy alone takes",
        columns.composition.sentence or "Nothing was adjusted for.",
        Table(f"Cells of {subject.hypothesis}", _CELL_COLUMNS, rows),
    )
    name = "Effect adjusted for the mix of cells"
    if adjusted is None:
        return Told(
            clause="not adjusted for the mix of cells",
            figure=Figure(name, f"not computed ({subject.missing['composition_adjusted']})"),
            detail=detail if rows else None,
        )
    amount_told, interval = adjusted_amount(adjusted), adjusted_interval(adjusted)
    turned = is_turned(adjusted, subject.main_effect)
    # On the other side, its sign and interval stand with it: no reader may take it for a like one, or for a sure one.
    figure = (
        f"but {'+' * (adjusted.effect > 0)}{number(adjusted.effect)} SD (95 % CI {interval})"
        if turned
        else f"{number(adjusted.effect)} SD"
    )
    return Told(
        beside=f"{figure} adjusted for the mix of cells",
        unsettled=f"{turned_words(adjusted)} at an equal mix of cells" if turned else "",
        clause=f"{amount_told} ({interval}) after adjusting for the mix of cells",
        amount=amount_told,
        brief=f"{amount_told} adjusted for the mix of cells",
        figure=Figure(name, f"{number(adjusted.effect)} SD (95 % CI {interval}; {p_statement(adjusted.p_value)})"),
        detail=detail if rows else None,
    )


def adjusted_amount(adjusted: PooledEstimate) -> str:
    """Return, for example, `0.53 SD higher`."""
    return amount(adjusted.effect, "SD")


def adjusted_interval(adjusted: PooledEstimate) -> str:
    """Return, for example, `0.24 to 0.82`."""
    return f"{number(adjusted.ci_low)} to {number(adjusted.ci_high)}"


def adjustment_panel(columns: CompositionColumns, subject: Subject) -> Panel:
    """Return what is left of the effect after adjusting for the mix of cells."""
    sentence = columns.composition.sentence
    return Panel(
        kind="adjustment",
        element=f"adjustment-{subject.hypothesis}",
        source="verdicts.json",
        title="Is it the mix of cells?",
        caption="The effect in total, with each cell proxy alone in the model, and with all of them. Adjustment never proves "
        "absence: proxies are noisy, a cell type that the markers know by half (a subtype) is taken out by half, one without "
        "markers not at all, and the mix of cells may itself be an effect of the pathway.",
        why_empty=subject.missing.get("composition_adjusted", "not computed"),
        chart=adjustment_chart(columns.composition, subject.unit),
        facts=[sentence] if sentence else [],
    )


def adjustment_chart(composition: CompositionAdjusted | CompositionUnknown | NotAsked, effect_unit: str) -> Spec | None:
    """Return what is left of the effect after adjusting for cells, one by one and together; None where not done."""
    if isinstance(composition, NotAsked) or not composition.contrasts:
        return None
    groups: list[tuple[str, list[tuple[str, WithInterval]]]] = []
    if isinstance(composition, CompositionAdjusted):
        pooled: list[tuple[str, WithInterval]] = [("total", composition.total), (_ALL, composition.adjusted)]
        groups.append(("pooled", [*pooled, (_NOISE, composition.corrected)]))
    for entry in composition.contrasts[:MOST_CONTRASTS]:
        rows: list[tuple[str, WithInterval]] = [("total", entry.total)]
        if isinstance(entry, AdjustedIn):
            rows += [(f"{proxy.cell_type.replace('_', ' ')} alone", proxy.adjusted) for proxy in entry.single]
            rows += [(_ALL, entry.adjusted), (_NOISE, entry.corrected)]
        groups.append((entry.contrast, rows))
    return intervals(interval_rows(groups), effect_unit, "What is left after adjusting for the mix of cells?")


_ALL, _NOISE = "adjusted for all", "… and for noise of proxies"


_CELL_COLUMNS = (
    Column("Comparison", "contrast"),
    Column("Cell proxy", "cell_type"),
    Column("First − second group, SD (95 % CI)", "shift"),
    Column("Effect adjusted for it alone, SD", "adjusted"),
    Column("Total minus adjusted", "difference"),
)


def cell_rows(columns: CompositionColumns) -> list[dict[str, str]]:
    """Return one row per cohort and cell proxy: how the groups differ in it, and what it alone takes, in words."""
    composition = columns.composition
    rows = []
    for entry in () if isinstance(composition, NotAsked) else composition.contrasts:
        for alone in entry.single if isinstance(entry, AdjustedIn) else ():
            shift = alone.shift
            rows.append(
                _cell_row(
                    entry.contrast,
                    alone.cell_type,
                    f"{number(shift.effect)} ({number(shift.ci_low)} to {number(shift.ci_high)})",
                    f"{number(alone.adjusted.effect)} ({p_statement(alone.adjusted.p_value)})",
                    number(alone.difference),
                )
            )
        rows += [
            _cell_row(entry.contrast, fact.cell_type, f"not used: {fact.reason}", "—", "—")
            for fact in (() if isinstance(entry, NotNeededIn) else entry.proxies)
            if not fact.used
        ]
    return rows


def _cell_row(contrast: str, cell_type: str, *figures: str) -> dict[str, str]:
    keys = (column.key for column in _CELL_COLUMNS)
    return dict(zip(keys, (contrast, cell_type.replace("_", " "), *figures), strict=True))


def cells_light(subject: Subject, contrast: str) -> Light:
    """Return whether the groups of a comparison differ in a cell type, as its mark in the forest plot."""
    composition = subject.columns_of(CompositionColumns).composition
    entries = () if isinstance(composition, NotAsked) else composition.contrasts
    entry = next((one for one in entries if one.contrast == contrast), None)
    if isinstance(entry, NotNeededIn):
        return Light("cells", CLEAR, "cells were sorted, or are of one kind")
    if not isinstance(entry, AdjustedIn):
        return Light("cells", UNKNOWN, "no markers of cells are declared, or none can be used")
    differ = [one.cell_type for one in entry.single if way(one.shift.ci_low, one.shift.ci_high) != "unclear"]
    words = f"the groups differ in {', '.join(differ)}" if differ else "the groups differ in no measured cell"
    return Light("cells", TOLD if differ else CLEAR, words.replace("_", " "))


def adjusted_effect(subject: Subject) -> FurtherEffect | None:
    """Return the adjusted effect as a row of the forest plot; None where there is none."""
    adjusted = subject.columns_of(CompositionColumns).composition_adjusted
    if adjusted is None:
        return None
    facts = f"for their mix, in {adjusted.k} of {len(subject.evidence)} comparisons; more assumptions"
    effect = Interval(adjusted.effect, adjusted.ci_low, adjusted.ci_high)
    return FurtherEffect("adjusted for the mix of cells", "Adjusted for cells", facts, effect)


def composition_methods() -> str:
    """Return the paragraph of the methods text on the mix of cells."""
    # Here, since Snakemake loads the panels and need not load the statistics.
    from sidemine.considerations.composition.cell_proxies import LEAST_KEPT, MAY_DIFFER_P, MOST_PROXIES

    return (
        "Mix of cells. The model of the effect with the mean z scores of cell markers as covariates, of the panel that a data set declares "
        f"(markers in target or member sets excluded; of more than {MOST_PROXIES} proxies those enter whose cells may differ "
        f"between the groups, p ≤ {MAY_DIFFER_P:g}, and the {LEAST_KEPT} most different; proxies that move in stimulated samples "
        "are dropped, and adjusted for as well where their cells differ between the groups). The bound assumes that 0.7 of a "
        "proxy's variance is cells; intervals of differences are parametric bootstrap."
    )

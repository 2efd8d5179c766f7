"""What the page shows of a panel: drug × cell × dose × time, each arm with its effect, in a figure and a table."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.considerations.compounds.telling import arm_label
from sidemine.drawing.charts import WithInterval, interval_rows, interval_words, intervals
from sidemine.drawing.panel import Column, Panel, Subject, Table, Tile, make_tile
from sidemine.drawing.words import count, number, p_value, unit_words
from sidemine.effect.compound_reading import arm_limit
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, amount_words

_TITLES = {
    "class_wide": "Is it the class, or one compound?",
    "dose": "Does it depend on the dose?",
    "time": "Does it depend on the time?",
}
_COLUMNS = (
    Column("Arm", "arm"),
    Column("Effect, 95 % CI", "effect"),
    Column("One-sided 95 % limit", "limit"),
    Column("Compound", "compound"),
    Column("Class", "of_class"),
    Column("Cells", "cell"),
    Column("Dose", "dose"),
    Column("Time", "time"),
    Column("n v n", "n"),
    Column("p, two-sided", "p"),
    Column("p against the other compounds, two-sided", "p_over"),
    Column("Note", "note", "text"),
)


def compound_panel(subject: Subject) -> Panel | None:
    """Return the panel of one answer card; None where its hypothesis is no panel of compounds."""
    columns = subject.columns_of(CompoundColumns)
    evidence = columns.compounds
    if evidence is None:
        return None
    drawn: list[tuple[str, WithInterval]] = [
        (arm_label(evidence, arm), arm) for arm in evidence.arms if arm.effect is not None
    ]
    others = "others" if evidence.others else ""
    carrying = [row for row, arm in zip(drawn, _fitted(evidence), strict=True) if arm.of_class]
    beside = [row for row, arm in zip(drawn, _fitted(evidence), strict=True) if not arm.of_class]
    groups = [(name, rows) for name, rows in (("class", carrying), (others or "beside", beside)) if rows]
    return Panel(
        kind="compounds",
        element=f"compounds-{subject.hypothesis}",
        source="compounds.json",
        title=_TITLES[evidence.asks],
        caption="Every arm against its vehicle, in one linear model of all arms. 95 % CI.",
        why_empty=evidence.problem.what if evidence.problem else "no arm could be fitted",
        chart=intervals(interval_rows(groups), subject.unit, "Effect of every arm of the panel") if groups else None,
        facts=_facts(evidence, columns.pattern, subject.unit),
        table=Table("Arms", _COLUMNS, [_row(evidence, arm) for arm in evidence.arms]),
        leads=True,
    )


def compound_tile(subject: Subject) -> Tile | None:
    """Return the word of a panel as a key figure; None where the hypothesis is none."""
    columns = subject.columns_of(CompoundColumns)
    if columns.compounds is None:
        return None
    hint = f"{count(len(columns.compounds.carrying), 'arm')} in one model"
    return make_tile("pattern", "Pattern over the arms", columns.pattern or "none", hint)


def compound_methods(evidence: Sequence[CompoundEvidence]) -> str:
    """Return the methods of the panels of a study; nothing without any."""
    if not evidence:
        return ""
    several = any(panel.asks == "class_wide" for panel in evidence)
    ordered = any(panel.asks != "class_wide" for panel in evidence)
    return (
        f"Panels. All arms of a panel were fitted in one linear model per gene, which holds the vehicle that they share "
        f"({count(len(evidence), 'panel')}, {', '.join(f'{panel.n_samples} samples' for panel in evidence)})."
        + (
            " Class-wide: at least two thirds of the compounds, by the partial conjunction of their one-sided FRY p-values "
            "(Benjamini and Heller), each compound against the vehicle and against the mean of the compounds of another class, "
            "the larger p counting."
            if several
            else ""
        )
        + (
            " Dose and time: the largest of four shapes (linear, plateau, Emax, top only), each by its optimal contrast, judged by "
            "joint rotations of arms and residuals; “dependent” also needs a trend among the treated arms (one-sided p ≤ .025)."
            if ordered
            else ""
        )
    )


def _fitted(evidence: CompoundEvidence) -> list[ArmEffect]:
    return [arm for arm in evidence.arms if arm.effect is not None]


def _facts(evidence: CompoundEvidence, pattern: str | None, unit: str) -> Sequence[str]:
    facts = [f"Pattern: {pattern}."] if pattern else []
    if evidence.response is not None:
        shapes = "; ".join(f"{row.shape} {number(row.statistic)}" for row in evidence.response.shapes)
        facts.append(
            f"Mean deviate of the set along each shape: {shapes}. The p of the largest one, by rotation, pays for having looked at "
            "all four. A dose of half effect is not told: so few arms leave it open tenfold."
        )
    if evidence.others:
        facts.append(
            f"Compounds of another class, on the other side of the vehicle guard: {', '.join(evidence.others)}."
        )
    return [*facts, *evidence.notes, f"Effects are in {unit_words(unit)}."]


def _row(evidence: CompoundEvidence, arm: ArmEffect) -> dict[str, str]:
    return {
        "arm": arm.contrast,
        "effect": interval_words(arm.effect, arm.ci_low, arm.ci_high),
        "limit": number(arm_limit(arm, evidence.direction)),
        "compound": arm.compound,
        "of_class": "yes" if arm.of_class else "no",
        "cell": arm.cell or "—",
        "dose": amount_words(arm.dose, evidence.dose_unit) or "—",
        "time": amount_words(arm.time, evidence.time_unit) or "—",
        "n": f"{arm.n_target} v {arm.n_reference}",
        "p": p_value(arm.tested.p_value if arm.tested else None),
        "p_over": p_value(arm.over_others.p_value if arm.over_others else None),
        "note": arm.problem.what if arm.problem else "carries the answer" if arm.carries else "shown beside",
    }

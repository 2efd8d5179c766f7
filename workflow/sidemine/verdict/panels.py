"""The rule table of panels: compounds, doses or times of one dataset in one linear model.

A panel is an experiment whose arms share a vehicle, so what one arm shows confirms no other one against a fault of that
vehicle, that dish or that laboratory. Class-wide is a partial conjunction (`stats.partial_conjunction`), with
each compound held against the vehicle and against the mean of the compounds of another class; a dose or time response is
the largest of four shapes (`enrichment.shapes`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.judgement import Gate, make_gate
from sidemine.effect.compound_reading import EXCLUDED_P, ONE_SIDED_P, VEHICLE_ALONE, PanelReading, arm_limit, read_panel
from sidemine.effect.compound_record import CompoundEvidence
from sidemine.effect.record import HypothesisEvidence, Margin
from sidemine.text.phrases import capitalised
from sidemine.verdict.experiments import FAMILY_P, OF_WELLS, ExperimentRules
from sidemine.verdict.readings import Reading
from sidemine.verdict.rules import Decided, Decision, Level, declared_way, hint
from sidemine.verdict.vocabulary import Verdict

_SHAPES = "the largest of four shapes (linear, plateau, Emax, top only), by rotation of all together"


class PanelRules(ExperimentRules):
    """Compounds, doses or times compared in one model."""

    noun = "dataset"

    @property
    def alone(self) -> str:
        """Say why one dataset is not enough."""
        return "All arms come from one dataset, with its cells, laboratory and vehicle; two independent experiments are needed."

    def primary_p(self, evidence: HypothesisEvidence) -> float | None:
        """Return twice the one-sided p of the panel: it is one question, whatever the number of its arms."""
        p = _read(evidence).p
        return None if p is None else min(1.0, 2 * p)

    def declared_p(self, evidence: HypothesisEvidence, direction: str) -> float | None:  # noqa: ARG002
        """Return the p of the panel, which is one-sided in the declared direction.

        Parameters
        ----------
        evidence, direction
            As in `Rules.declared_p`.
        """
        return _read(evidence).p

    def carrying(self, readings: Sequence[Reading], evidence: HypothesisEvidence) -> Sequence[Reading]:  # noqa: ARG002
        """Return all arms that the answer rests on: what considerations find in one of them counts."""
        return readings

    def compared(self, readings: Sequence[Reading], evidence: HypothesisEvidence) -> Sequence[Reading]:  # noqa: ARG002
        """Return nothing: two compounds that differ in sign are no contradiction."""
        return ()

    def gates(
        self,
        readings: Sequence[Reading],  # noqa: ARG002
        evidence: HypothesisEvidence,
        direction: str,
        level: Level,
    ) -> list[Gate]:
        """Return the gates: the claim itself, the vehicle guard, a second dataset, Holm.

        Parameters
        ----------
        readings, evidence, direction, level
            As in `Rules.gates`.
        """
        reading, panel = _read(evidence), evidence.compounds
        if panel is None or reading.p is None:
            return []
        way = declared_way(direction)
        many = panel.asks == "class_wide"
        claim = (
            f"at least {reading.needed} of {reading.k} compounds (partial conjunction, one model)"
            if many
            else f"{panel.asks} response: {_SHAPES}"
        )
        enough = f"{reading.needed} of them" if many else "at least one arm"
        others = len({arm.compound for arm in panel.arms if arm.contrast in panel.others})
        guard = reading.p_guard
        return [
            make_gate(
                "panel",
                f"{claim}, one-sided p ≤ {ONE_SIDED_P:g} {way}, and effect beyond the margin in {enough}",
                reading.shown,
                f"p = {reading.p:.2g}; {len(reading.beyond)} of {reading.k} beyond the margin",
                shortfall="The panel does not show it.",
            ),
            make_gate(
                "vehicle",
                "the same against the mean of the compounds of another class, where the vehicle drops out",
                None if guard is None else guard <= ONE_SIDED_P,
                f"no compound of another class {'can serve' if any(not arm.of_class for arm in panel.arms) else 'was declared'}"
                if guard is None
                else f"p = {guard:.2g}; {others} other compound{'s' * (others > 1)}",
                shortfall="Against the other compounds it does not hold: the vehicle may be off."
                if guard is not None
                else "",
            ),
            make_gate(
                "replication",
                "the same in two independent experiments (different cell source or laboratory)",
                False,
                "1 of 1 dataset",
                shortfall=self.alone,
            ),
            make_gate(
                "Holm",
                f"p of the panel, two-sided, ≤ {FAMILY_P:g} {level.demand}",
                None if level.p is None else level.p <= FAMILY_P and reading.shown,
                "nothing was tested" if level.p is None else level.told,
                shortfall="The panel does not show it."
                if level.p is None or not reading.shown
                else f"The p of the panel{level.above(FAMILY_P, 'experiments')}",
            ),
        ]

    def weigh(
        self,
        evidence: HypothesisEvidence,
        readings: Sequence[Reading],
        direction: str,
        missing: Sequence[str] | None,
    ) -> Decision:
        """Return the decision by the model of all arms.

        Parameters
        ----------
        evidence, readings, direction, missing
            As in `Rules.weigh`.
        """
        panel, reading, margin = evidence.compounds, _read(evidence), evidence.margin.value or 0.0
        if panel is None or reading.p is None:
            why = panel.problem.what if panel and panel.problem else "its arms were not fitted in one model"
            return Decision(Verdict.NOT_TESTABLE, f"The panel could not be tested: {why}.")
        seen = f"{capitalised(reading.pattern)}: {_told(reading, panel, margin, direction)}"
        unspecial = [row.evidence.contrast for row in readings if row.unspecial]
        if reading.shown and len(set(reading.beyond) - set(unspecial)) < reading.needed:
            rule = (
                f"{seen}; but {', '.join(unspecial)} stand below the 90th percentile among comparator sets: the change cannot "
                "be told from what moves many genes."
            )
            return Decision(Verdict.NOT_TESTABLE, rule, unspecial=True)
        if reading.shown:
            if missing is not None and not missing:
                return Decision(Verdict.SUPPORTED, f"{seen}, and every required condition is met.")
            return hint(seen, missing)
        if reading.refuted:
            return Decision(Verdict.NOT_SUPPORTED, f"{seen}. {_refuted(reading, panel, evidence.margin)}")
        return Decision(Verdict.NOT_TESTABLE, f"{seen}. {_open(reading, panel)}")

    def limit(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the limit of the arm that excludes least, of those that exclude an effect of the margin.

        Parameters
        ----------
        evidence, direction
            As in `Rules.limit`.
        """
        excluded = _read(evidence).excluded
        limits = _limits(evidence.compounds, excluded, direction) if evidence.compounds else {}
        return max(
            limits.values(),
            key=lambda limit: -limit if direction == "down" else abs(limit) if direction == "either" else limit,
            default=None,
        )

    def remaining_doubt(self, decided: Decided) -> str:
        """Return what limits a panel: its one vehicle, and what always remains."""
        panel = decided.evidence.compounds
        if panel is not None and panel.asks != "class_wide":
            return (
                "One compound in one dataset; no dose of half effect is told, since so few arms leave it open tenfold."
            )
        return "All compounds met the same cells, vehicle and laboratory: what is off there is off in every arm."


def _read(evidence: HypothesisEvidence) -> PanelReading:
    if evidence.compounds is None:
        return PanelReading(None, None, None, 1, 0)
    return read_panel(evidence.compounds, evidence.margin)


def _told(reading: PanelReading, panel: CompoundEvidence, margin: float, direction: str) -> str:
    kind = "p, doubled for both directions," if direction == "either" else "one-sided p"
    vehicle, guard = (None if each is None else f"{each:.2g}" for each in (reading.p_vehicle, reading.p_guard))
    p = (
        f"{kind} = {vehicle} against the vehicle, against the other compounds p = {guard}"
        if guard
        else f"{kind} = {reading.p:.2g}"
    )
    beyond = f"{len(reading.beyond)} of {reading.k} estimates lie beyond the margin of {margin:.3g} log2 units {declared_way(direction)}"
    if panel.asks == "class_wide":
        limits = _limits(panel, reading.excluded, panel.direction)
        told = ", ".join(f"{name} (one-sided 95 % limit {limit:z.2f})" for name, limit in limits.items())
        not_in = f"; such an effect is excluded in {told}" if reading.shown and limits else ""
        return f"{beyond}; that at least {reading.needed} of {reading.k} act has {p}{f', against both p = {reading.p:.2g}' if guard else ''}{not_in}"
    trend = f", trend among treated arms p = {reading.p_trend:.2g}" if reading.p_trend is not None else ""
    return f"{beyond}; the largest of four shapes has {p}{trend}"


def _limits(panel: CompoundEvidence, excluded: Sequence[str], direction: str) -> dict[str, float]:
    """Return the one-sided limits of the arms that exclude an effect of the margin, target minus reference."""
    limits = {arm.contrast: arm_limit(arm, direction) for arm in panel.arms if arm.contrast in excluded}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _refuted(reading: PanelReading, panel: CompoundEvidence, margin: Margin) -> str:
    limits = _limits(panel, reading.excluded, panel.direction)
    told = ", ".join(f"{limit:z.2f} in {name}" for name, limit in limits.items())
    value, counted = margin.value or 0.0, f"; {margin.error.words()} counted" if margin.error else ""
    if panel.asks == "class_wide":
        return (
            f"That {reading.needed} of {reading.k} have an effect of {value:.3g} log2 units is excluded (partial conjunction of "
            f"one-sided limits, p ≤ {EXCLUDED_P:g}; one-sided 95 % limits: {told}{counted})."
        )
    return f"In all {reading.k} arms an effect of {value:.3g} log2 units is excluded (one-sided 95 % limits: {told}{counted})."


def _open(reading: PanelReading, panel: CompoundEvidence) -> str:
    if reading.pattern.startswith(VEHICLE_ALONE):
        return "Against the vehicle alone it would hold; against the other compounds, where the vehicle drops out, it does not."
    if reading.p_guard is not None and reading.p_guard <= ONE_SIDED_P:
        return "Against the other compounds it holds, against the vehicle it does not: the vehicle may be off, or the others act."
    if not panel.can_exclude:
        return OF_WELLS.format(whose="The samples")
    what = "that it is class-wide" if panel.asks == "class_wide" else "a response"
    return f"The data can neither show nor exclude {what}."

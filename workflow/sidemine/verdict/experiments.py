"""The rule table of experiments: each is judged by itself, and two independent ones must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sidemine.considerations.judgement import COMPARATOR_PERCENTILE, DoubtWeight, Gate, make_gate
from sidemine.effect.intervals import Effect, measured_effect, one_sided
from sidemine.effect.record import HypothesisEvidence, Margin
from sidemine.stats.multiplicity import smallest_p
from sidemine.verdict.cohorts import competitive_demand, is_competitive
from sidemine.verdict.readings import Reading, independent_readings, smallest_excludable
from sidemine.verdict.rules import Decided, Decision, Level, Rules, declared_way, hint, names
from sidemine.verdict.vocabulary import Verdict

FAMILY_P = 0.05
"""Holm-adjusted two-sided p-value that `supported` demands: the rule's own one-sided .025, in a family."""
LOW_COVERAGE = 0.7
"""Measured share of the set below which an answer is doubted for it."""
FEWEST_EXPERIMENTS = 2
"""Independent experiments (different cell source or laboratory) that must pass."""

OF_WELLS = "{whose} are wells of one culture: how another culture would answer is not in their error, so they exclude no effect."
"""Why wells leave an answer open."""


class ExperimentRules(Rules):
    """Treated and untreated samples compared."""

    noun = "experiment"
    beyond_margin = True

    def primary_p(self, evidence: HypothesisEvidence) -> float | None:
        """Return the smallest self-contained p over the contrasts, times their number (Bonferroni)."""
        return smallest_p([row.p_self_contained for row in evidence.contrasts])

    def declared_p(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the smallest one-sided self-contained p in the declared direction, times their number.

        Parameters
        ----------
        evidence, direction
            As in `Rules.declared_p`.
        """
        if direction == "either":
            return self.primary_p(evidence)
        measured = [(row.p_self_contained, row.direction) for row in evidence.contrasts]
        return smallest_p([None if p is None else one_sided(p, side, direction) for p, side in measured])

    def gates(
        self, readings: Sequence[Reading], evidence: HypothesisEvidence, direction: str, level: Level
    ) -> list[Gate]:
        """Return the gates: two independent experiments, none opposite, Holm; others shown.

        Contrasts of one cell source in one laboratory count as one experiment: the one that was declared first.

        Parameters
        ----------
        readings, evidence, direction, level
            As in `Rules.gates`.
        """
        tested = f"{len(readings)} testable contrasts"
        passing = sum(reading.passes for reading in readings)
        independent = independent_readings(readings, evidence.pooled)
        whole = sum(reading.passes and reading.proven_special for reading in independent)
        # Without a place among comparator sets a passing experiment is neither: the cap says why.
        open_still = sum(reading.passes for reading in independent)
        enough = True if whole >= FEWEST_EXPERIMENTS else None if open_still >= FEWEST_EXPERIMENTS else False
        opposite = sum(reading.opposite for reading in readings)
        agreeing = sum(reading.agrees for reading in readings)
        competitive = sum(is_competitive(reading.evidence, direction) for reading in readings)
        sign = "same" if direction == "either" else "declared"
        declared = "" if direction == "either" else " in the declared direction"

        def evaluated(passed: bool) -> bool | None:
            return passed if readings else None

        return [
            make_gate(
                "one experiment",
                f"self-contained test, one-sided p ≤ .025{declared}, and effect beyond the margin, in at least one contrast",
                evaluated(passing > 0),
                f"{passing} of {tested}",
                shortfall="No experiment shows the change.",
            ),
            make_gate(
                "replication",
                "the same, and the 90th percentile among comparator sets, in at least two independent experiments "
                "(different cell source or laboratory)",
                enough if readings else None,
                f"{whole} of {len(independent)} independent experiments",
                shortfall=_too_few(len(independent), open_still),
            ),
            make_gate(
                "none opposite",
                "no experiment is significant in the other direction",
                evaluated(not opposite),
                f"{opposite} of {tested} opposite",
                shortfall=f"{opposite} of {tested} changed in the other direction.",
            ),
            make_gate(
                "Holm",
                f"smallest self-contained p over the contrasts (Bonferroni), two-sided, ≤ {FAMILY_P:g} {level.demand}",
                None if level.p is None else level.p <= FAMILY_P and passing > 0,
                "nothing was tested" if level.p is None else level.told,
                shortfall="Nothing was tested."
                if level.p is None
                else f"{'The p' if len(readings) == 1 else 'The smallest p over the contrasts'}{level.above(FAMILY_P, 'experiments')}"
                if passing
                else "No experiment shows the change.",
            ),
            make_gate(
                "same sign",
                f"every testable contrast has the {sign} sign with z > 1",
                evaluated(agreeing == len(readings)),
                f"{agreeing} of {tested}",
                required=False,
            ),
            make_gate(
                "competitive test",
                competitive_demand(direction),
                evaluated(competitive > 0),
                f"{competitive} of {tested}",
                required=False,
            ),
        ]

    def compared(self, readings: Sequence[Reading], evidence: HypothesisEvidence) -> Sequence[Reading]:  # noqa: ARG002
        """Return the experiments whose error knows how another culture would answer."""
        return [reading for reading in readings if reading.has_units]

    def weigh(
        self, evidence: HypothesisEvidence, readings: Sequence[Reading], direction: str, missing: Sequence[str] | None
    ) -> Decision:
        """Return the decision by each experiment.

        Parameters
        ----------
        evidence, readings, direction, missing
            As in `Rules.weigh`.
        """
        margin = evidence.margin.value or 0.0
        directed = direction != "either"
        passing = [reading for reading in readings if reading.passes]
        opposite = [reading for reading in readings if reading.opposite]
        seen = f"{_where(len(passing), len(readings))} the set changed {declared_way(direction)}, beyond the margin of {margin:.3g} log2 units"
        if missing is not None and not missing:
            return Decision(Verdict.SUPPORTED, f"{seen}, and every required condition is met.")
        if passing and not opposite:
            return hint(seen, missing)
        # The error of wells is that of one culture: they exclude nothing, on neither side.
        against = [reading for reading in opposite if reading.has_units] if directed else []
        undecided = [
            reading for reading in readings if not (reading.excluded and reading.has_units) and reading not in against
        ]
        if not undecided:
            return Decision(
                Verdict.NOT_SUPPORTED, _excluded(readings, against, evidence.margin, direction), bool(against)
            )
        unspecial = [reading for reading in readings if reading.unspecial]
        return _undecided(passing, opposite, undecided, unspecial, evidence.margin, direction)

    def excludable(self, evidence: HypothesisEvidence) -> float | None:
        """Return what every contrast together could have excluded."""
        return smallest_excludable(_effects_that_exclude(evidence))

    def limit(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the limit of the contrast that excludes least.

        Parameters
        ----------
        evidence, direction
            As in `Rules.limit`.
        """
        least = max(_effects_that_exclude(evidence), key=lambda effect: effect.limit(direction), default=None)
        return None if least is None else least.signed_limit(direction)

    def scope(self, k: int, direction: str) -> str:  # noqa: ARG002
        """Say that the answer is about these cells, and that fewer transcripts are not a lost function."""
        about = "The answer is about the cells, doses and times of these experiments."
        return f"{about} Fewer transcripts are not a lost function." if direction == "down" else about

    def remaining_doubt(self, decided: Decided) -> str:
        """Return what limits experiments, in its order, and what always remains."""
        readings, verdict = decided.readings, decided.decision.verdict
        passing = sum(reading.passes for reading in readings)
        # Those of the effect: of cultures within donors, the residual ones of the fit count cultures.
        few = min(reading.effect.df for reading in readings)
        coverage = min(reading.evidence.n_measured / max(reading.evidence.n_in_set, 1) for reading in readings)
        untestable = sum(not row.testable for row in decided.evidence.contrasts)
        if untestable:
            return f"{untestable} of {len(decided.evidence.contrasts)} contrasts could not be tested."
        if doubt := decided.first_doubt(DoubtWeight.OPEN):
            return doubt
        if verdict is Verdict.SUGGESTIVE and passing < len(readings):
            return f"Only {passing} of {len(readings)} contrasts pass; nothing corrects for having looked at several."
        if decided.evidence.pooled.k == 1:
            return f"A single experiment with {few:.2g} degrees of freedom: it speaks for its own source of cells only."
        if coverage < LOW_COVERAGE:
            return f"Only {coverage:.0%} of the set was measured in one of the datasets."
        if verdict is Verdict.NOT_SUPPORTED:
            return "The answer holds for these sources of cells, doses and times only."
        return "mRNA of these genes is not the pathway's function, and cells in a dish are not people."


def _effects_that_exclude(evidence: HypothesisEvidence) -> list[Effect]:
    """Return the effects of all contrasts; none where one of them is of wells, since every one has to exclude."""
    effects = [effect for row in evidence.contrasts if (effect := measured_effect(row)) is not None]
    return effects if evidence.can_exclude else []


def _where(passing: int, tested: int) -> str:
    if passing < tested:
        return f"In {passing} of {tested} contrasts"
    return {1: "In its only contrast", 2: "In both contrasts"}.get(tested, f"In all {tested} contrasts")


def _too_few(independent: int, passing: int) -> str:
    if independent < FEWEST_EXPERIMENTS:
        return "Only one experiment; two are needed."
    if not passing:
        return f"None of {independent} independent experiments shows the change; two are needed."
    if passing < FEWEST_EXPERIMENTS:
        return f"Only {passing} of {independent} independent experiments shows the change; two are needed."
    return "The place among comparator sets is not known in two independent experiments."


def _excluded(readings: Sequence[Reading], against: Sequence[Reading], margin: Margin, direction: str) -> str:
    where = "in the declared direction" if direction != "either" else "on either side"

    def excluded(among: Sequence[Reading]) -> str:
        limits = ", ".join(f"{reading.effect.signed_limit(direction):z.2f}" for reading in among)
        many = "s" if len(among) > 1 else ""
        return (
            f"an effect of {margin.value or 0.0:.3g} log2 units {where} is excluded (one-sided 95 % limit{many} {limits}"
            f"{_counted(among, margin, direction)})"
        )

    if not against:
        return f"In {names(readings)} {excluded(readings)}."
    others = [reading for reading in readings if reading not in against]
    rest = f"; in {names(others)} {excluded(others)}" if others else ""
    return f"In {names(against)} the set changed in the other direction{rest}."


def _undecided(
    passing: Sequence[Reading],
    opposite: Sequence[Reading],
    undecided: Sequence[Reading],
    unspecial: Sequence[Reading],
    margin: Margin,
    direction: str,
) -> Decision:
    """Return `not testable`, by the first of five reasons."""
    value = margin.value or 0.0
    if passing:
        rule = f"{names(passing)} changed as declared, and {names(opposite)} in the other direction."
    elif unspecial:
        places = ", ".join(f"{row.evidence.contrast}: {row.evidence.comparator_percentile:.0f}" for row in unspecial)
        rule = (
            f"The change is significant and beyond the margin, but stands below the {COMPARATOR_PERCENTILE:g}th percentile "
            f"among comparator sets ({places}): it cannot be told from what moves many genes."
        )
    elif wells := [row for row in undecided if not row.has_units]:
        rule = OF_WELLS.format(whose=f"The samples of {names(wells)}")
    elif imprecise := [row for row in undecided if not _could_exclude(row, margin, direction)]:
        smallest = smallest_excludable([row.effect for row in imprecise])
        rule = (
            f"Too few data in {names(imprecise)}: without any effect, too, one of {value:.3g} log2 units could not have been "
            f"excluded (smallest effect excludable: {smallest:.3g} log2 units{_counted(imprecise, margin, direction)})."
        )
    else:
        rule = (
            f"The estimate in {names(undecided)} lies near the margin of {value:.3g} log2 units{_counted(undecided, margin, direction)}: an "
            "effect of that size is neither shown nor excluded."
        )
    return Decision(Verdict.NOT_TESTABLE, rule, unspecial=bool(unspecial) and not passing)


def _could_exclude(row: Reading, margin: Margin, direction: str) -> bool:
    """Tell whether an effect of the margin would be excluded were the estimate 0."""
    return replace(row.effect, value=0.0).excludes(margin, direction, row.evidence.contrast)


def _counted(readings: Sequence[Reading], margin: Margin, direction: str) -> str:
    """Say that the error of a measured margin is counted, where it is in one of these; empty otherwise."""
    sides = ("up", "down") if direction == "either" else (direction,)
    added = margin.error is not None and any(
        margin.error.beside(row.effect.se, row.evidence.contrast, side) > 0 for row in readings for side in sides
    )
    return f"; {margin.error.words()} counted" if added and margin.error else ""

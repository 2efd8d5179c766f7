"""What the variants come to: m of M agree, reversed variants, required runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.robustness.contrast_data import NO_AGE, NOT_REUSED
from sidemine.considerations.robustness.measure import Measured
from sidemine.considerations.robustness.record import Robustness, RunStatus, Share, VariantRow
from sidemine.considerations.robustness.variants import REFERENCE, Variant
from sidemine.drawing.words import count
from sidemine.effect.record import PooledEffect
from sidemine.effect.scale import scale_of
from sidemine.study.projections import HypothesisOnSet
from sidemine.text.phrases import capitalised

AGREEING_P = 0.05
"""Two-sided p that a variant must keep where the reference run has it."""
SHARE_ON_SHARED_AGES = 2 / 3
"""Share of the effect that is enough on the ages that both groups share, where age is in the model of every cohort: the run then asks
whether the model's straight line of age hides something, and fewer people need not reach the p of all."""
REQUIRED = {"age_overlap": "age_overlap_shared_range", "no_reused_controls": "reused_controls_dropped"}
"""Runs that a cohort verdict has to survive, and the variants that they are."""
WHERE_AGES = (
    "Where the record holds ages (`sidemine inspect ACCESSION` lists its columns), name the column as age_column in "
    "datasets.tsv, and put it among the covariates of the contrast."
)


@dataclass(frozen=True)
class Row:
    """One variant, evaluated or not.

    Attributes
    ----------
    variant, measured, effect
        What was asked and found; None where it could not be evaluated.
    p_value, direction, verdict
        Two-sided p, sign of target minus reference, and verdict by the rules without robustness itself.
    reason
        Why it was not evaluated.
    """

    variant: Variant
    measured: Measured | None = None
    effect: PooledEffect | None = None
    p_value: float | None = None
    direction: str = ""
    verdict: str = ""
    reason: str = ""

    def agrees(self, reference: Row) -> bool | None:
        """Tell whether it has the sign of the reference run and its p stays at most .05 (else: its verdict)."""
        if self.measured is None:
            return None
        same_sign = self.direction == reference.direction
        if reference.p_value is not None and reference.p_value <= AGREEING_P:
            return same_sign and self.p_value is not None and self.p_value <= AGREEING_P
        return same_sign and self.verdict == reference.verdict

    def reverses(self, reference: Row) -> bool:
        """Tell whether its sign is the other one and its 95 % interval excludes 0."""
        effect = self.effect
        if effect is None or effect.ci_low is None or effect.ci_high is None or effect.effect is None:
            return False
        other = (effect.effect > 0) != (reference.direction == "up")
        return other and (effect.ci_low > 0 or effect.ci_high < 0)

    def to_record(self, hypothesis: str, reference: Row) -> VariantRow:
        """Return the row as it is written."""
        effect, measured = self.effect, self.measured
        notes = f" ({'; '.join(measured.notes)})" if measured and measured.notes else ""
        return VariantRow(
            hypothesis=hypothesis,
            variant=self.variant.name,
            dimension=self.variant.dimension,
            description=self.variant.description + notes,
            full_data=self.variant is REFERENCE or self.variant.full_data,
            k=effect.k if effect else None,
            n_genes=measured.n_genes if measured else None,
            effect=effect.effect if effect else None,
            se=effect.se if effect else None,
            df=effect.df if effect else None,
            ci_low=effect.ci_low if effect else None,
            ci_high=effect.ci_high if effect else None,
            effect_scale=effect.unit if effect else "",
            direction=self.direction,
            p_value=self.p_value,
            verdict=self.verdict,
            agrees=self.agrees(reference),
            reason=self.reason,
        )


def summarise_rows(
    hypothesis: HypothesisOnSet, rows: Sequence[Row], reason: str, *, ages_modelled: bool = False
) -> Robustness:
    """Return the entry of `robustness.json`; the first row is the reference run.

    Parameters
    ----------
    hypothesis, reason
        As in `vary_hypothesis`.
    rows
        One per variant, the reference run first; empty where the hypothesis has none.
    ages_modelled
        Age is a covariate of every contrast.
    """
    reference = rows[0] if rows else Row(REFERENCE)
    others = [row for row in rows if row.variant is not REFERENCE]
    full = [row for row in others if row.variant.full_data]
    agreeing, of = _count(others, reference)
    agreeing_full, of_full = _count(full, reference)
    runs = {name: _required(hypothesis.kind, name, rows, reference, ages_modelled) for name in REQUIRED}
    if rows and not of:
        reason = "no variant could be evaluated"
    return Robustness(
        hypothesis=hypothesis.id,
        variants=[row.to_record(hypothesis.id, reference) for row in rows],
        agreeing=agreeing,
        of=of,
        share=agreeing / of if of else None,
        full_data=_share(agreeing_full, of_full),
        reversed=[row.variant.name for row in full if row.reverses(reference)],
        required_runs={name: status for name, (status, _) in runs.items()},
        required_details={name: detail for name, (_, detail) in runs.items()},
        reason=reason or None,
    )


def _share(agreeing: int, of: int) -> Share:
    return Share(agreeing, of, agreeing / of if of else None)


def _count(rows: Sequence[Row], reference: Row) -> tuple[int, int]:
    answers = [row.agrees(reference) for row in rows if row.measured is not None]
    return sum(map(bool, answers)), len(answers)


def _required(kind: str, name: str, rows: Sequence[Row], reference: Row, ages_modelled: bool) -> tuple[RunStatus, str]:
    """Return status and sentence of a required run."""
    row = next((candidate for candidate in rows if candidate.variant.name == REQUIRED[name]), None)
    if kind == "experiment" and name == "age_overlap":
        return "not applicable", "Experiments compare samples of the same cells or donors."
    if row is None:
        return "not evaluated", "Nothing could be tested, or the study leaves this dimension out (settings.robustness)."
    if row.measured is None or row.effect is None or row.effect.effect is None:
        status: RunStatus = "not applicable" if row.reason == NOT_REUSED else "not evaluated"
        advice = f" {WHERE_AGES}" if status == "not evaluated" and NO_AGE in row.reason else ""
        return status, f"{capitalised(row.reason)}.{advice}"
    effect = row.effect
    alone = effect.k == 1 < (reference.effect.k if reference.effect else 0)
    share = _share_left(row, reference) if ages_modelled and name == "age_overlap" else 0.0
    status = "passed" if row.agrees(reference) or share >= SHARE_ON_SHARED_AGES else "failed"
    if alone and name == "no_reused_controls":
        # All that a dataset brings was counted elsewhere before: the answer rests on the other one alone.
        status = "failed"
    elif alone and status == "passed":
        # The other cohorts could not be restricted: whether their part of the answer is one of age is not known.
        status = "not evaluated"
    unit = scale_of(kind).short_unit
    words = (
        f"{capitalised(row.variant.description)}: {effect.effect:.2f} {unit} "
        f"(95 % CI {effect.ci_low:.2f} to {effect.ci_high:.2f} {unit}; p = {row.p_value:.2g}; {count(effect.k, 'dataset')})"
    )
    notes = f"; {'; '.join(row.measured.notes)}" if row.measured.notes else ""
    if share and not row.agrees(reference):
        notes += f"; {share:.0%} of the effect is left, and with age in the model two thirds are enough"
    notes += "; a single dataset is left, which nothing confirms" if alone else ""
    advice = f" {WHERE_AGES}" if alone and NO_AGE in notes else ""
    return status, f"{words}{notes}.{advice}"


def _share_left(row: Row, reference: Row) -> float:
    """Return the share of the reference effect that a variant has, 0 where its sign is the other one."""
    if row.effect is None or not row.effect.effect or reference.effect is None or not reference.effect.effect:
        return 0.0
    return max(0.0, row.effect.effect / reference.effect.effect)

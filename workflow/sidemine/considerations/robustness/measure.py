"""One variant of one hypothesis: the evidence that it gives, or why it gives none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sidemine.considerations.robustness.contrast_data import ContrastData, NotApplicable, Refit, told
from sidemine.considerations.robustness.set_effects_of_variants import cohort_effect, experiment_effect
from sidemine.considerations.robustness.set_p_values import SetP, combine_stouffer, set_p, smallest_of_all
from sidemine.considerations.robustness.variants import Change, Variant
from sidemine.effect.measure import FEWEST_GENES, common_genes
from sidemine.effect.pooled_effect import effective_size
from sidemine.effect.record import ContrastEvidence, Estimate, HypothesisEvidence
from sidemine.enrichment.set_membership import are_among
from sidemine.errors import Untestable

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.choices import Score


@dataclass(frozen=True)
class Question:
    """A hypothesis with all that its variants are measured on.

    Attributes
    ----------
    kind
        cohort or experiment.
    evidence
        Of the reference run.
    contrasts
        Data of its testable contrasts.
    versions
        Rows of the primary set ('') and of its other versions.
    rotations, seed, min_set_size
        Of the sampled tests; fewest measured genes of a set.
    needed
        Genes whose scores cohort effects rest on.
    score
        As a cohort hypothesis declares it.
    """

    kind: str
    evidence: HypothesisEvidence
    contrasts: Mapping[str, ContrastData]
    versions: Mapping[str, pd.DataFrame]
    rotations: int
    seed: int
    min_set_size: int
    needed: frozenset[str] = frozenset()
    score: Score = "mean"

    @property
    def testable(self) -> list[ContrastEvidence]:
        """Evidence of the contrasts that the reference run could test."""
        return [row for row in self.evidence.contrasts if row.testable]

    @property
    def pooled(self) -> list[str]:
        """The contrasts that enter the pooled effect."""
        return self.evidence.pooled.contrasts


@dataclass(frozen=True)
class Measured:
    """What a variant gave.

    Attributes
    ----------
    rows
        Evidence of the contrasts that take part.
    n_genes
        Genes of the set that were used; experiments: the fewest.
    test
        The p-value that replaces that of the pooled effect (cohorts); None where it stands.
    notes
        Where the variant is not what its description says in every contrast.
    """

    rows: list[ContrastEvidence]
    n_genes: int
    test: SetP | None = None
    notes: list[str] = field(default_factory=list)


def measure_variant(question: Question, variant: Variant) -> Measured:
    """Measure one variant.

    Raises
    ------
    NotApplicable
        With the reason why the variant cannot be evaluated, or does not concern the hypothesis.
    """
    change = variant.change
    if change.left_out:
        return _without_dataset(question, change.left_out)
    if change.test != "declared":
        return _by_test(question, change)
    refits, notes = _refit_all(question, change)
    return (_cohorts if question.kind == "cohort" else _experiments)(question, change, refits, notes)


def _without_dataset(question: Question, dataset: str) -> Measured:
    rows = [row for row in question.testable if row.dataset != dataset]
    if not any(row.contrast in question.pooled for row in rows):
        raise NotApplicable("no other independent dataset would be left")
    if len(rows) == len(question.testable):
        raise NotApplicable("none of its contrasts could be tested in the reference run")
    return Measured(rows, _reference_genes(question, rows))


def _reference_genes(question: Question, rows: list[ContrastEvidence]) -> int:
    return question.evidence.n_common_genes or min(row.n_measured for row in rows)


def _refit_all(question: Question, change: Change) -> tuple[dict[str, Refit], list[str]]:
    """Fit every contrast under the change.

    One that the change does not concern stays as it was; where samples are chosen, one that is left with too few of
    them, or whose ages nobody knows, leaves.
    """
    only = question.needed if question.kind == "cohort" else None
    plain = replace(change, composition=False, statistic="declared", set_version="")
    if not change.refits():
        return {row.contrast: question.contrasts[row.contrast].refit(Change(), only) for row in question.testable}, []
    refits: dict[str, Refit] = {}
    told_of: dict[str, str] = {}
    done: dict[str, str] = {}
    changed = False
    for row in question.testable:
        name, data = row.contrast, question.contrasts[row.contrast]
        own, reasons = data.applicable(plain)
        refit: Refit | None = None
        if own != Change():
            try:
                refit = data.refit(own, only)
            except Untestable as error:
                reasons.append(told(error))
        changed |= refit is not None and name in question.pooled
        leaves = refit is None and (own.samples != "all" or plain.samples == "age_overlap")
        if not leaves:
            refits[name] = refit or data.refit(Change(), only)
        if reasons:
            told_of[name] = ", ".join(reasons)
            done[name] = "leaves" if leaves else "stays as it was" if refit is None else "takes only a part"
    if not changed:
        # What is not pooled carries no answer, so it is no reason either.
        raise NotApplicable(_grouped({name: told_of[name] for name in told_of if name in question.pooled} or told_of))
    return refits, [f"{name} {done[name]}: {reason}" for name, reason in told_of.items()]


def _grouped(reasons: Mapping[str, str]) -> str:
    """Tell each reason once, with its contrasts where there are several."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{reason} ({', '.join(own)})" if len(names) > 1 else reason for reason, own in names.items())


def _cohorts(question: Question, change: Change, refits: dict[str, Refit], notes: list[str]) -> Measured:
    rows = question.versions[change.set_version]
    common = rows[
        are_among(rows["gene"], common_genes([refits[name].fit for name in question.pooled if name in refits]))
    ]
    _refuse_few(len(common), question)
    own = {name: common[are_among(common["gene"], refit.fit.genes)] for name, refit in refits.items()}
    # One that is not pooled and measured too few of these genes has no effect.
    refits = {
        name: refit for name, refit in refits.items() if name in question.pooled or len(own[name]) >= FEWEST_GENES
    }
    effects, more = _effects(question, change, refits, cohort_effect, own)
    found = [
        _replaced(row, effects[row.contrast], refits[row.contrast], effects[row.contrast].p_value)
        for row in question.testable
        if row.contrast in refits
    ]
    return Measured(found, len(common), notes=[*notes, *more])


def _experiments(question: Question, change: Change, refits: dict[str, Refit], notes: list[str]) -> Measured:
    if change.composition:
        raise NotApplicable("experiments compare samples of the same cells")
    rows = question.versions[change.set_version]
    measured = {name: rows[are_among(rows["gene"], refit.fit.genes)] for name, refit in refits.items()}
    fewest = min(len(own) for own in measured.values())
    _refuse_few(fewest, question)
    effects, more = _effects(question, change, refits, experiment_effect, measured)
    found = []
    for row in question.testable:
        if row.contrast in refits:
            name = row.contrast
            own = set_p(refits[name], measured[name], "fry", question.rotations, question.seed)
            new = _replaced(row, effects[name], refits[name], own.p_value)
            found.append(replace(new, direction=own.direction, n_measured=len(measured[name])))  # type: ignore[arg-type]
    return Measured(found, fewest, notes=[*notes, *more])


def _refuse_few(n_genes: int, question: Question) -> None:
    if n_genes < question.min_set_size:
        raise NotApplicable(f"{n_genes} measured genes are left, fewer than {question.min_set_size}")


def _effects(
    question: Question,
    change: Change,
    refits: dict[str, Refit],
    measure: Callable[[ContrastData, Refit, pd.DataFrame, Change, Score], Estimate],
    rows: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, Estimate], list[str]]:
    """Measure the effect in every contrast; one that cannot take the statistic keeps the declared one."""
    effects: dict[str, Estimate] = {}
    reasons: dict[str, str] = {}
    for name, refit in refits.items():
        data = question.contrasts[name]
        try:
            effects[name] = measure(data, refit, rows[name], change, question.score)
        except NotApplicable as error:
            reasons[name] = told(error)
            plain = replace(change, composition=False, statistic="declared")
            effects[name] = measure(data, refit, rows[name], plain, question.score)
    special = change.composition or change.statistic != "declared"
    if special and not (set(refits) - set(reasons)) & set(question.pooled):
        raise NotApplicable(_grouped(reasons))
    return effects, [f"{name} stays as it was: {reason}" for name, reason in reasons.items()]


def _replaced(row: ContrastEvidence, effect: Estimate, refit: Refit, p_value: float) -> ContrastEvidence:
    """Return the reference evidence with what the variant measured; what it did not measure is held."""
    return replace(
        row,
        effect=effect.effect,
        effect_se=effect.effect_se,
        effect_df=effect.df,
        ci_low=effect.ci_low,
        ci_high=effect.ci_high,
        p_self_contained=p_value,
        direction="up" if effect.effect > 0 else "down" if effect.effect < 0 else "none",
        n_target=refit.design.n_target,
        n_reference=refit.design.n_reference,
        residual_df=float(refit.fit.residual_df),
    )


def _by_test(question: Question, change: Change) -> Measured:
    """Test the declared effect otherwise: the effects stay, their p-value changes."""
    rows = question.versions[change.set_version]
    used = [row for row in question.testable if question.kind != "cohort" or row.contrast in question.pooled]
    plain = Change(robust=change.robust)
    seed = question.seed + change.seed_step
    found = []
    for row in used:
        data = question.contrasts[row.contrast]
        try:
            refit = data.refit(plain)
            own = rows[are_among(rows["gene"], refit.fit.genes)]
            found.append(set_p(refit, own, change.test, question.rotations, seed))
        except (NotApplicable, Untestable) as error:
            raise NotApplicable(f"{row.contrast}: {told(error)}" if len(used) > 1 else told(error)) from None
    n_genes = _reference_genes(question, used)
    if question.kind == "cohort":
        test = combine_stouffer(found, [effective_size(row) ** 0.5 for row in used])
        return Measured(question.testable, n_genes, test)
    tested = [
        replace(row, p_self_contained=one.p_value, direction=one.direction)  # type: ignore[arg-type]
        for row, one in zip(used, found, strict=True)
    ]
    return Measured(tested, n_genes)


def self_contained_p(rows: list[ContrastEvidence]) -> SetP | None:
    """Return the self-contained p of an experiment hypothesis: the smallest of its contrasts, Bonferroni-adjusted."""
    p_values = [SetP(row.p_self_contained, row.direction) for row in rows if row.p_self_contained is not None]
    return smallest_of_all(p_values) if p_values else None

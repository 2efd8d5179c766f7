"""A panel of compounds, doses or times, measured in one linear model over all its arms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.arms import ArmsModel, model_arms
from sidemine.differential.contrast import design_again, values_of_rows
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.fit import fit_contrasts
from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, Response, ShapeStatistic, SidedP
from sidemine.effect.scale import scale_of
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.enrichment.shapes import best_weights, largest_of_contrasts, shape_means, trend_weights
from sidemine.enrichment.unit_errors import p_of_units
from sidemine.errors import Problem, Untestable
from sidemine.sources.scales import LOG2_FOLD_CHANGE, Layer
from sidemine.study.selectors import parse_selector

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.design import Design
    from sidemine.quality.record import Treatment
    from sidemine.study.hypotheses import CompoundPanel
    from sidemine.study.projections import ContrastToFit, HypothesisOfCompounds

    Array = NDArray[np.float64]

FEWEST_ARMS = 2
"""Arms in the model that it takes to speak of several compounds, doses or times."""


@dataclass(frozen=True)
class ArmData:
    """The dataset of a panel.

    Attributes
    ----------
    values
        Samples × genes, in the unit of `layer`.
    names, genes
        Its samples and genes.
    layer
        What the values are.
    is_filtered
        Whether genes of low expression leave (normalised counts).
    samples
        As `sample_table.SAMPLES` describes.
    treatment
        What the quality stage decided.
    problem
        Why the dataset could not be prepared; it has no values then.
    """

    values: Array
    names: Sequence[str]
    genes: Sequence[str]
    layer: Layer
    is_filtered: bool
    samples: pd.DataFrame
    treatment: Treatment
    problem: Problem | None = None


def measure_compounds(
    hypothesis: HypothesisOfCompounds,
    rows: Mapping[str, ContrastToFit],
    data: ArmData,
    gene_sets: pd.DataFrame,
    *,
    min_group_size: int,
    min_set_size: int,
    rotations: int,
    seed: int,
) -> CompoundEvidence:
    """Measure a panel: all arms in one model, the largest of four shapes where doses or times are asked for.

    Parameters
    ----------
    hypothesis
        As declared before any result was seen.
    rows
        The contrasts of its arms.
    data
        Their dataset.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    min_group_size, min_set_size
        Fewest independent units per group, and measured genes of a set.
    rotations, seed
        Of the largest shape.

    Returns
    -------
    CompoundEvidence
        Effects are target minus reference; an arm that cannot be tested carries its problem, and the others are fitted
        without it.
    """
    designs: dict[str, Design] = {}
    problems: dict[str, Problem] = {}
    for name, row in rows.items():
        try:
            if data.problem is not None:
                raise Untestable(data.problem)
            designs[name] = design_again(row, data.samples, data.treatment, min_group_size, alone=False)
        except Untestable as finding:
            problems[name] = finding.problems[0]
    panel = hypothesis.compounds
    model, refused = None, None
    if sum(name in designs for name in hypothesis.primary.contrasts) >= FEWEST_ARMS:
        try:
            model = _model_of(rows, designs, problems, _by_name(data.samples), min_group_size)
        except Untestable as finding:
            refused = finding.problems[0]
    counts = {name: _counted(name, row, model) for name, row in designs.items()}
    arms = [_shell(hypothesis, name, counts.get(name, (0, 0)), problems) for name in panel.contrasts]
    evidence = CompoundEvidence(
        panel.asks, hypothesis.primary.direction, panel.dose_unit, panel.time_unit, arms, 0, 0, []
    )
    carrying = [arm.contrast for arm in arms if arm.carries and arm.problem is None]
    if len(carrying) < FEWEST_ARMS:
        return replace(evidence, problem=_too_few_arms(panel, carrying, list(problems.values())))
    if model is None:
        return replace(evidence, problem=refused)
    try:
        others = _others(panel, rows, carrying, designs)
        weights = _combinations(model, panel, rows, carrying, others)
        fits = _fit(model, list(weights.values()), data, rows[carrying[0]])
        fitted = dict(zip(weights, fits, strict=True))
        own = {name for name, each in weights.items() if model.understates_variance(each)}
        membership = _membership(fits[0], gene_sets, hypothesis.primary.set, min_set_size)
    except Untestable as finding:
        return replace(evidence, problem=finding.problems[0])
    return replace(
        evidence,
        arms=[_measured(arm, fitted, membership, own) if arm.problem is None else arm for arm in arms],
        n_samples=len(_samples_of(model)),
        n_coefficients=len(model.design.columns),
        others=others,
        n_references=len({_reference(rows[name]) for name in carrying}),
        response=None if panel.asks == "class_wide" else _response(fitted, weights, membership, own, rotations, seed),
        notes=_notes(model, panel, carrying, rows, arms, own),
    )


def _model_of(
    rows: Mapping[str, ContrastToFit],
    designs: dict[str, Design],
    problems: dict[str, Problem],
    samples: pd.DataFrame,
    min_group_size: int,
) -> ArmsModel:
    """Return the model of all arms; those that rest on too little in it leave `designs` for `problems`."""
    while True:
        model = model_arms([rows[name] for name in designs], designs, samples)
        found = {name: _problem_of(rows[name], design, model, min_group_size) for name, design in designs.items()}
        refused = {name: problem for name, problem in found.items() if problem is not None}
        for name, problem in refused.items():
            problems[name] = problem
            del designs[name]
        if not refused or not designs:
            return model


def _problem_of(row: ContrastToFit, design: Design, model: ArmsModel, min_group_size: int) -> Problem | None:
    """Return why the model of all arms cannot compare an arm, if so: too few units, or all of it hangs on one."""
    target, reference = _counted(row.contrast, design, model)
    if min(target, reference) < min_group_size:
        return Problem(
            f"in the model of all arms the difference rests on {target} v {reference} independent units, and {min_group_size} are "
            "the minimum: where blocks are fixed in one arm they are in all, and a block that holds one group only tells nothing",
            f"contrast {row.contrast}, block {row.block}",
            f"at least {min_group_size} independent units per group in blocks that hold others of the panel",
            "Leave the arm out of the panel, or set `blocking` to correlation in all arms (contrasts.tsv).",
        )
    try:
        model.refuse_what_one_unit_decides(row.contrast)
    except Untestable as finding:
        return finding.problems[0]
    return None


def _counted(name: str, design: Design, model: ArmsModel | None) -> tuple[int, int]:
    """Return the units of target and reference of an arm: those of its own design that count in the model of all arms."""
    target, reference = model.count_units(name) if model else (design.n_target, design.n_reference)
    return min(target, design.n_target), min(reference, design.n_reference)


def _shell(
    hypothesis: HypothesisOfCompounds, name: str, n: tuple[int, int], problems: Mapping[str, Problem]
) -> ArmEffect:
    arm = hypothesis.compounds.arm(name)
    return ArmEffect(
        contrast=name,
        compound=arm.compound,
        of_class=arm.of_class,
        cell=arm.cell,
        dose=arm.dose,
        time=arm.time,
        carries=name in hypothesis.primary.contrasts,
        n_target=n[0],
        n_reference=n[1],
        problem=problems.get(name),
    )


def _by_name(samples: pd.DataFrame) -> pd.DataFrame:
    return samples[samples["fate"] == "used"].set_index("sample").astype(object).fillna("").astype(str)


def _others(
    panel: CompoundPanel, rows: Mapping[str, ContrastToFit], carrying: Sequence[str], designs: Mapping[str, Design]
) -> list[str]:
    """Return the arms of the other compounds that share a reference with those that carry the answer.

    Each reference needs some: otherwise it would not drop out of the comparison, and there is no guard.
    """
    references = {_reference(rows[name]) for name in carrying}
    others = [
        name
        for name in panel.contrasts
        if not panel.arm(name).of_class and name in designs and _reference(rows[name]) in references
    ]
    return others if references == {_reference(rows[name]) for name in others} else []


def _reference(row: ContrastToFit) -> str:
    """Return the selector of a reference as it is understood, however it was written."""
    return str(parse_selector(row.reference))


def _combinations(
    model: ArmsModel,
    panel: CompoundPanel,
    rows: Mapping[str, ContrastToFit],
    carrying: Sequence[str],
    others: Sequence[str],
) -> dict[str, Array]:
    """Return what is fitted, by name, as weights of coefficients: arms, arms over the others, shapes, trend."""
    weights = dict(model.contrasts)
    over = {
        name: model.contrasts[name] - _mean_of_others(model, panel, rows, others, name) for name in carrying if others
    }
    weights |= {f"{name}{_OVER}": each for name, each in over.items()}
    if panel.asks == "class_wide":
        return weights
    ordered = sorted(carrying, key=panel.position)
    changes = np.stack([model.contrasts[name] for name in ordered])
    covariance = model.covariance(ordered)
    for shape, means in shape_means([panel.position(name) for name in ordered]).items():
        weights[f"{_SHAPE}{shape}"] = best_weights(means, covariance) @ changes
    trend = trend_weights(covariance)
    weights[_TREND] = trend @ changes
    if over:
        weights[_TREATED] = np.mean(list(over.values()), axis=0)
        weights[_TREND_OVER] = trend @ np.stack([over[name] for name in ordered])
    return weights


# Names of combinations; contrasts are identifiers, so none of theirs holds a space.
_OVER, _SHAPE, _TREND = " over others", "shape ", "trend of treated"
_TREATED, _TREND_OVER = "treated over others", "trend over others"


def _mean_of_others(
    model: ArmsModel, panel: CompoundPanel, rows: Mapping[str, ContrastToFit], others: Sequence[str], arm: str
) -> Array:
    """Return the mean over the other compounds with the reference of an arm of the mean over each compound's arms."""
    beside = [name for name in others if _reference(rows[name]) == _reference(rows[arm])]
    compounds = list(dict.fromkeys(panel.arm(name).compound for name in beside))
    means = [
        np.mean([model.contrasts[name] for name in beside if panel.arm(name).compound == compound], axis=0)
        for compound in compounds
    ]
    return np.asarray(np.mean(means, axis=0))


def _fit(model: ArmsModel, weights: Sequence[Array], data: ArmData, row: ContrastToFit) -> list[ContrastFit]:
    import pandas as pd

    fits = fit_contrasts(
        values_of_rows(data.values, pd.Index(data.names), model.design, data.layer),
        list(data.genes),
        [model.design_of(each) for each in weights],
        layer=data.layer,
        robust=row.robust,
        array_weights=row.array_weights,
        filter_low_expression=data.is_filtered,
    )
    if fits[0].has_fold_change:
        return fits
    raise Untestable(
        Problem(
            "values of this scale have no fold change, and the effect of a panel is one",
            f"dataset {row.dataset}: {fits[0].unit}, not {LOG2_FOLD_CHANGE}",
            "counts, logarithms, or linear values",
            "Use another file of the series that holds values with fold changes.",
        )
    )


def _membership(fit: ContrastFit, gene_sets: pd.DataFrame, name: str, fewest: int) -> SetMembership:
    primary = gene_sets[gene_sets["gene_set"] == name]
    membership = build_membership(primary, fit.genes, min_size=1)
    measured = int(membership.n_measured[0]) if len(membership.gene_sets) else 0
    if measured >= fewest:
        return membership
    raise Untestable(
        Problem(
            f"too few genes of {name} were measured",
            f"{measured} of {len(primary)} in the model of all arms",
            f"at least {fewest} measured genes",
            "Declare a primary set that this platform measures.",
        )
    )


def _measured(
    arm: ArmEffect, fitted: Mapping[str, ContrastFit], membership: SetMembership, own: Collection[str]
) -> ArmEffect:
    """Return an arm with its effect; `own`: combinations whose errors are not those of all arms (`ArmsModel.understates_variance`)."""
    fit, name_over = fitted[arm.contrast], f"{arm.contrast}{_OVER}"
    size = scale_of("experiment" if arm.contrast in own else "panel").of_sets(fit, membership, ())
    over = fitted.get(name_over)
    return replace(
        arm,
        effect=float(size.effect[0]),
        effect_se=float(size.se[0]),
        df=float(size.df[0]),
        ci_low=float(size.ci_low[0]),
        ci_high=float(size.ci_high[0]),
        tested=_tested(fit, membership, arm.contrast in own),
        over_others=None if over is None else _tested(over, membership, name_over in own),
    )


def _tested(fit: ContrastFit, membership: SetMembership, own_errors: bool = False) -> SidedP:
    row = fry(fit, membership, mixed=False).iloc[0]
    # One variance of all arms, as their intervals take it: each arm alone is small.
    least = float(p_of_units(fit, membership)[0]) if fit.blocks or own_errors else 0.0
    return SidedP(max(float(row["p_value"]), least), str(row["direction"]))


def _response(
    fitted: Mapping[str, ContrastFit],
    weights: Mapping[str, Array],
    membership: SetMembership,
    own: set[str],
    rotations: int,
    seed: int,
) -> Response:
    shapes = [name for name in weights if name.startswith(_SHAPE)]
    shares = membership.shares().toarray()[0]
    largest = largest_of_contrasts([fitted[name] for name in shapes], shares, n_rotations=rotations, seed=seed)
    uneven = bool(own.intersection(shapes))
    least_up, least_down = _least_of_units([fitted[name] for name in shapes], membership, uneven)
    over, trend_over = fitted.get(_TREATED), fitted.get(_TREND_OVER)
    return Response(
        shapes=[
            ShapeStatistic(name.removeprefix(_SHAPE), [float(weight) for weight in weights[name]], statistic)
            for name, statistic in zip(shapes, largest.statistics, strict=True)
        ],
        p_up=max(largest.p_up, least_up),
        p_down=max(largest.p_down, least_down),
        trend=_tested(fitted[_TREND], membership, _TREND in own),
        over_others=None if over is None else _tested(over, membership, _TREATED in own),
        trend_over_others=None if trend_over is None else _tested(trend_over, membership, _TREND_OVER in own),
    )


def _least_of_units(
    fits: Sequence[ContrastFit], membership: SetMembership, uneven: bool = False
) -> tuple[float, float]:
    """Return, upwards and downwards, the smallest one-sided p of these contrasts with errors by unit, times their number.

    A rotation takes one variance for all rows and, where blocks enter as a correlation, one correlation for all genes and their mean.
    0 where neither matters: no blocks as units, and rows of as many repeats (`uneven`: fewer than one variance allows for).
    """
    if not len(fits[0].blocks) and not uneven:
        return 0.0, 0.0
    two_sided = np.array([p_of_units(fit, membership)[0] for fit in fits])
    higher = np.array([fry(fit, membership, mixed=False)["direction"].iloc[0] == "up" for fit in fits])
    up = np.where(higher, two_sided / 2, 1 - two_sided / 2)
    return min(1.0, len(fits) * float(up.min())), min(1.0, len(fits) * float((1 - up).min()))


def _samples_of(model: ArmsModel) -> list[str]:
    return [name for members in model.design.row_members for name in members]


def _too_few_arms(panel: CompoundPanel, carrying: Sequence[str], problems: Sequence[Problem]) -> Problem:
    reasons = "; ".join(dict.fromkeys(problem.what for problem in problems))
    return Problem(
        f"fewer than {FEWEST_ARMS} arms that the answer rests on can be tested",
        f"{len(carrying)} of {len(panel.contrasts)} arms: {', '.join(carrying) or 'none'}; {reasons}",
        f"at least {FEWEST_ARMS} compounds, doses or times with samples",
        "Correct the selectors of these contrasts, or leave the panel out.",
    )


def _notes(
    model: ArmsModel,
    panel: CompoundPanel,
    carrying: Sequence[str],
    rows: Mapping[str, ContrastToFit],
    arms: Sequence[ArmEffect],
    own: Collection[str],
) -> list[str]:
    shared = len({_reference(rows[name]) for name in carrying}) == 1
    reference = "one shared reference" if shared else "a reference of their own"
    left_out = [arm.contrast for arm in arms if arm.problem]
    n_rows, n_samples = len(model.design.samples), len(_samples_of(model))
    merged = f" ({n_rows} rows: repeats of one unit in one arm are merged)" if n_rows < n_samples else ""
    notes = [
        f"One linear model of {n_samples} samples{merged} holds all {len(panel.contrasts) - len(left_out)} arms; those "
        f"that carry the answer have {reference}."
    ]
    if uneven := [name for name in model.contrasts if name in own]:
        notes.append(
            f"Rows of {', '.join(uneven)} stand for fewer repeats than those of other arms, so that they may vary more: their errors are "
            "their own, not those of all arms."
        )
    return notes + ([f"Not in the model, since they cannot be tested: {', '.join(left_out)}."] if left_out else [])

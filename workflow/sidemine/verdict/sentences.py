"""The sentences of an answer card: what was measured in each contrast, what all together say, and what the competitive test says."""

from __future__ import annotations

from sidemine.drawing.words import amount
from sidemine.effect.plain_words import PATIENTS, plain_words
from sidemine.effect.pooled_effect import REPLICATION_P, own_p
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Order, PooledEffect
from sidemine.effect.scale import scale_of
from sidemine.verdict.cohorts import COMPETITIVE_P
from sidemine.verdict.readings import FEWEST_TO_POOL

FEW_RESIDUAL_DF = 10
"""Below this, a CAMERA p-value that is not significant says nothing (its correlation is estimated from few samples)."""


def competitive_reading(row: ContrastEvidence) -> str:
    """Return what the competitive p-value says, in words."""
    if row.p_competitive is None:
        return "not computed"
    if row.p_competitive <= COMPETITIVE_P:
        side = {"up": "higher", "down": "lower"}.get(row.competitive_direction, "different")
        return f"the set changed more than other measured genes ({side} than they)"
    if (row.residual_df or 0) < FEW_RESIDUAL_DF:
        return "uninformative: too few residual degrees of freedom to estimate the correlation within the set"
    return "not shown to have changed more than other measured genes"


def effect_sentence(set_name: str, evidence: HypothesisEvidence, kind: str, adjusted: str) -> str:
    """Tell each contrast's effect with its interval, and what the unit means.

    Parameters
    ----------
    set_name
        Name of the primary set.
    evidence
        Evidence of the hypothesis.
    kind
        cohort or experiment.
    adjusted
        Words on composition; '' where there are none.
    """
    scale = scale_of(kind)
    pooled = evidence.pooled.contrasts if kind == "cohort" else []
    parts = []
    untestable = []
    # The arms of a panel are told as its one model has them, which the answer rests on.
    panel = evidence.compounds if kind == "panel" else None
    of_model = {arm.contrast: arm for arm in panel.arms} if panel and panel.problem is None else {}
    for row in evidence.contrasts:
        found = of_model.get(row.contrast, row)
        if found.effect is None or found.ci_low is None or found.ci_high is None:
            untestable.append(row.contrast)
            continue
        aside = "; not pooled" if pooled and row.contrast not in pooled else ""
        parts.append(
            f"{amount(found.effect, scale.short_unit)} ({row.target_label} versus {row.reference_label}; "
            f"{row.accession}; 95 % CI {found.ci_low:z.2f} to {found.ci_high:z.2f}{aside})"
        )
    if not parts:
        return f"{set_name} genes could not be tested in {', '.join(untestable)}."
    without = f" Not testable: {', '.join(untestable)}." if untestable else ""
    return f"{set_name} genes are on average " + "; ".join(parts) + f". {scale.meaning(adjusted)}{without}"


def pooled_sentence(pooled: PooledEffect, kind: str, people: tuple[str, str] = PATIENTS) -> str:
    """Tell the pooled effect, and how far it hangs on single datasets; nothing where nothing was pooled.

    Parameters
    ----------
    pooled
        The pooled effect of a hypothesis.
    kind
        Kind of its contrasts.
    people
        What its target and its reference samples are called in plain words.
    """
    if pooled.k < FEWEST_TO_POOL or pooled.effect is None or pooled.ci_low is None or pooled.ci_high is None:
        return ""
    scale = scale_of(kind)
    if pooled.sizes_differ is not None:
        sentence = f"{pooled.sizes_differ.words}; no single figure stands for them, since {pooled.sizes_differ.reason}"
        return f" Over {pooled.k} independent {scale.noun}s together: {sentence}." + _orders_sentence(pooled)
    p_value = "" if (p := own_p(pooled)) is None else f"p = {p:.2g}"
    text = (
        f" Over {pooled.k} independent {scale.noun}s together ({pooled.method}): {amount(pooled.effect, scale.short_unit)} "
        f"(95 % CI {pooled.ci_low:z.2f} to {pooled.ci_high:z.2f}, {p_value}), {plain_words(pooled.effect, pooled.unit, people)}"
    )
    if pooled.leave_one_out_low is not None and pooled.leave_one_out_high is not None:
        text += f"; {pooled.leave_one_out_low:z.2f} to {pooled.leave_one_out_high:z.2f} when one of them is left out"
    return text + "." + _orders_sentence(pooled)


def _orders_sentence(pooled: PooledEffect) -> str:
    return "".join(_order_sentence(order) for order in pooled.orders)


def _order_sentence(order: Order) -> str:
    discovery, replication = order.discovery, order.replication
    found = discovery.p <= REPLICATION_P
    outcome = "replicated" if order.replicated else "not replicated" if found else "there was nothing to replicate"
    return (
        f" {'Found' if found else 'Not found'} in {', '.join(discovery.datasets)} ({discovery.effect:z.2f}, p = {discovery.p:.2g}), looked for in "
        f"{', '.join(replication.datasets)} ({replication.effect:z.2f}, one-sided p = {replication.p_one_sided:.2g}; "
        f"{order.order} order): {outcome}."
    )

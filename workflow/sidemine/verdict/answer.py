"""One answer card per hypothesis: the verdict, what it rests on, and its strongest reason to doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sidemine.evidence.records import ContrastEvidence, HypothesisEvidence, PooledEffect
from sidemine.verdict.composition import read_composition
from sidemine.verdict.family import holm_gate, holm_p_values
from sidemine.verdict.intervals import one_sided
from sidemine.verdict.rules import (
    Decision,
    Reading,
    as_effect,
    decide,
    measured_effect,
    pooled_effect,
    pooled_readings,
    replicates,
    smallest_excludable,
)
from sidemine.verdict.specificity import read_specificity

FEW_RESIDUAL_DF = 10
"""Below this, a CAMERA p-value that is not significant says nothing (its correlation is estimated from few samples)."""
COMPETITIVE_P = 0.05
LOW_COVERAGE = 0.7
FEWEST_TO_POOL = 2
"""Independent datasets that it takes to pool."""

NOT_COMPUTED = {
    "robustness_share": "the grid of robustness variants is not part of this version",
}
"""Fields that this version leaves null, with the reason."""

_RANK = {"not testable": 0, "conflicting": 0, "not supported": 0, "suggestive": 1, "supported": 2}


def answer_hypotheses(
    hypotheses: list[dict[str, Any]],
    evidence: dict[str, HypothesisEvidence],
    specificity: dict[str, dict[str, Any]] | None = None,
    composition: dict[str, list[dict[str, Any]]] | None = None,
) -> list[dict[str, Any]]:
    """Return the answer cards of all hypotheses, in their declared order.

    A hypothesis that `requires` a positive control is `not testable` when that control did not come out `suggestive`
    or better: the experiment could not have shown anything.

    Parameters
    ----------
    hypotheses
        As declared in the study.
    evidence
        Measured evidence by hypothesis id.
    specificity
        Records of `specificity.json` by hypothesis id.
    composition
        Entries of the contrasts' `composition.json` by hypothesis id.

    Returns
    -------
    list of dict
        The entries of `verdicts.json`.
    """
    cards = {
        row["id"]: _answer(
            row, evidence[row["id"]], (specificity or {}).get(row["id"]), (composition or {}).get(row["id"], [])
        )
        for row in hypotheses
    }
    # One family: the primary hypotheses of the study, answered or not.
    adjusted = holm_p_values([_primary_p(cards[row["id"]]) for row in hypotheses])
    for row, p_value in zip(hypotheses, adjusted, strict=True):
        card = cards[row["id"]]
        card["p_holm"] = p_value
        if row["kind"] == "cohort":
            card["gates"].insert(
                0, holm_gate(card["pooled_all"], p_value, len(hypotheses), row["primary"]["direction"])
            )
    for card in cards.values():
        del card["pooled_all"]
    # Requirements have no cycles (checked with the study), so this ends.
    changed = True
    while changed:
        changed = False
        for row in hypotheses:
            card = cards[row["id"]]
            failed = [name for name in row["requires"] if _RANK[cards[name]["verdict"]] == 0]
            if failed and card["verdict"] != "not testable":
                card["verdict"] = "not testable"
                card["opposite"] = False
                card["doubt"] = f"The positive control failed: {', '.join(failed)}."
                card["rule"] = f"Its positive control did not show the effect it must show: {', '.join(failed)}."
                card["sentence"] = "The positive control failed, so nothing can be concluded. " + card["sentence"]
                changed = True
    return [cards[row["id"]] for row in hypotheses]


def _answer(
    hypothesis: dict[str, Any],
    evidence: HypothesisEvidence,
    specificity: dict[str, Any] | None,
    composition: list[dict[str, Any]],
) -> dict[str, Any]:
    primary, kind = hypothesis["primary"], hypothesis["kind"]
    evidence = _with_ranks(evidence, specificity)
    special = read_specificity(kind, specificity)
    mixed = _read_composition(kind, evidence, composition)
    decision, readings = decide(evidence, primary["direction"], kind)
    pooled = pooled_effect(evidence)
    caps = [*mixed["caps"], *_caps(kind, primary["direction"], evidence), *special["caps"]]
    p_values = [row.p_self_contained for row in evidence.contrasts if row.p_self_contained is not None]
    competitive = [row.p_competitive for row in evidence.contrasts if row.p_competitive is not None]
    return {
        "hypothesis": hypothesis["id"],
        "question": hypothesis["question"],
        "kind": kind,
        "verdict": decision.verdict,
        "opposite": decision.opposite,
        "rule": decision.rule,
        "sentence": _sentence(primary["set"], evidence, kind, mixed["sentence"]) + _pooled_sentence(pooled, kind),
        "declared": {
            "set": primary["set"],
            "contrasts": primary["contrasts"],
            "test": primary["test"],
            "direction": primary["direction"],
            "margin": evidence.margin,
            "margin_unit": _unit(kind),
            "margin_rule": evidence.margin_rule,
            "expects_sign": hypothesis["expects_sign"],
        },
        "evidence": [_evidence_row(row, primary["direction"], readings) for row in evidence.contrasts],
        "control": _evidence_row(evidence.control, "either", []) if evidence.control else None,
        "agreeing": _agreeing(readings),
        **dict.fromkeys(NOT_COMPUTED),
        "pooled": pooled.to_dict() if pooled.k >= FEWEST_TO_POOL else None,
        "pooled_all": pooled,
        "composition_adjusted": mixed["adjusted"],
        "composition": mixed,
        "specificity_percentile": special["percentile"],
        "specificity": special,
        "not_computed": NOT_COMPUTED
        | _why_not_pooled(pooled)
        | ({"composition_adjusted": mixed["reason"]} if mixed["adjusted"] is None else {})
        | ({"specificity_percentile": special["reason"]} if special["percentile"] is None else {}),
        "p_self_contained": min(1.0, min(p_values) * len(p_values)) if p_values else None,
        "p_competitive": min(1.0, min(competitive) * len(competitive)) if competitive else None,
        "smallest_excludable": _smallest_excludable(kind, evidence, pooled),
        "doubt": _strongest_doubt(kind, evidence, readings, decision, special, mixed),
        "caps": caps,
        "gates": [
            *_gates(kind, primary["direction"], readings, pooled),
            *([mixed["gate"]] if mixed["gate"] else []),
            *special["gates"],
        ],
        "secondary": [],
        "notes": evidence.notes,
        "threats": hypothesis["threats"],
    }


def _with_ranks(evidence: HypothesisEvidence, specificity: dict[str, Any] | None) -> HypothesisEvidence:
    """Return the evidence with each contrast's percentile among comparator sets."""
    places = {row["contrast"]: row["comparators"]["percentile"] for row in (specificity or {}).get("contrasts", [])}
    ranked = [replace(row, comparator_percentile=places.get(row.contrast)) for row in evidence.contrasts]
    return replace(evidence, contrasts=ranked)


def _unit(kind: str) -> str:
    return "Hedges g" if kind == "cohort" else "log2 fold change over complement"


def _primary_p(card: dict[str, Any]) -> float | None:
    """Return the p that a hypothesis brings to its study's family: pooled for cohorts, self-contained otherwise."""
    pooled: PooledEffect = card["pooled_all"]
    p_value: float | None = pooled.p if card["kind"] == "cohort" else card["p_self_contained"]
    return p_value


def _why_not_pooled(pooled: PooledEffect) -> dict[str, str]:
    if pooled.k >= FEWEST_TO_POOL:
        return {}
    reason = "a single independent dataset: there is nothing to pool" if pooled.k else "no contrast could be tested"
    told = "; ".join(f"{entry['contrast']}: {entry['reason']}" for entry in pooled.refused)
    return {"pooled": f"{reason} ({told})" if told else reason}


def _smallest_excludable(kind: str, evidence: HypothesisEvidence, pooled: PooledEffect) -> float | None:
    """Return what the data could have excluded: pooled for cohorts, by every contrast together for experiments."""
    effect = as_effect(pooled)
    if kind == "cohort" and effect is not None:
        return effect.smallest_excludable
    return smallest_excludable([found for row in evidence.contrasts if (found := measured_effect(row)) is not None])


def _by_source(readings: list[Reading]) -> dict[tuple[str, str], list[Reading]]:
    """Group contrasts by what is independent: contrasts of one accession and tissue share samples or cells."""
    sources: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        sources.setdefault(reading.evidence.source, []).append(reading)
    return sources


def _agreeing(readings: list[Reading]) -> dict[str, int] | None:
    sources = _by_source(readings).values()
    agreeing = sum(all(reading.agrees for reading in group) for group in sources)
    return {"k": agreeing, "n": len(sources)} if readings else None


def _read_composition(kind: str, evidence: HypothesisEvidence, records: list[dict[str, Any]]) -> dict[str, Any]:
    if kind != "cohort":
        reason = "experiments compare samples of the same cells"
        return {"adjusted": None, "reason": reason, "sentence": "", "doubt": "", "gate": None, "caps": []}
    return read_composition(records, {row.contrast: row.dataset for row in evidence.contrasts if row.testable})


def _caps(kind: str, direction: str, evidence: HypothesisEvidence) -> list[dict[str, str]]:
    caps = []
    if direction == "either":
        caps.append({"cap": "direction", "reason": "No direction was declared in advance."})
    if len({row.source for row in evidence.contrasts if row.testable}) == 1:
        what = "cohort" if kind == "cohort" else "experiment"
        caps.append({"cap": "replication", "reason": f"A single {what} could be tested: nothing confirms it."})
    return caps


def _composition(evidence: HypothesisEvidence) -> str:
    blood = any("blood" in row.tissue.lower() for row in evidence.contrasts)
    return "Blood composition" if blood else "The mix of cell types"


def _gates(kind: str, direction: str, readings: list[Reading], pooled: PooledEffect) -> list[dict[str, str]]:
    passing = sum(reading.passes for reading in readings)
    competitive = sum(_is_competitive(reading.evidence, direction) for reading in readings)
    agreeing = sum(reading.agrees for reading in readings)
    tested = f"{len(readings)} testable contrasts"
    if kind == "cohort":
        first = "self-contained test, two-sided p ≤ .05 in the declared direction, in at least one contrast"
    else:
        first = "self-contained test, one-sided p ≤ .025 and effect beyond the margin, in at least one contrast"
    if direction == "either":
        first = first.replace(" in the declared direction", "")
    results = [
        (first, passing > 0, f"{passing} of {tested}"),
        _replication(pooled_readings(readings, pooled), pooled, direction)
        if kind == "cohort"
        else (
            f"every testable contrast has the {'same' if direction == 'either' else 'declared'} sign with z > 1 "
            "(shown, not required)",
            agreeing == len(readings),
            f"{agreeing} of {tested}",
        ),
        (
            "competitive test (CAMERA, estimated correlation) p ≤ .05 in "
            + ("either direction" if direction == "either" else "the declared direction")
            + " in at least one contrast"
            + ("" if kind == "cohort" else " (shown, not required)"),
            competitive > 0,
            f"{competitive} of {tested}",
        ),
    ]
    gates = [
        {"gate": gate, "status": _status(passed) if readings else "not evaluated", "detail": detail}
        for gate, passed, detail in results
    ]
    later = (
        [
            "robustness variants",
        ]
        if kind == "cohort"
        else ["two independent experiments", "robustness variants"]
    )
    gates += [{"gate": gate, "status": "not evaluated", "detail": "not part of this version"} for gate in later]
    return gates


def _replication(readings: list[Reading], pooled: PooledEffect, direction: str) -> tuple[str, bool, str]:
    passed, detail = replicates(readings, pooled, direction)
    sign = "the same sign" if direction == "either" else "the declared sign"
    gate = (
        f"replication: cohorts show {sign} with z > 1 (up to two: all; more: two thirds, none significantly opposite)"
    )
    return gate, passed, detail


def _is_competitive(row: ContrastEvidence, direction: str) -> bool:
    if row.p_competitive is None or row.p_competitive > COMPETITIVE_P:
        return False
    return direction == "either" or row.competitive_direction == direction


def _status(passed: bool) -> str:
    return "passed" if passed else "failed"


def _evidence_row(row: ContrastEvidence, direction: str, readings: list[Reading]) -> dict[str, Any]:
    reading = next((found for found in readings if found.evidence.contrast == row.contrast), None)
    effect = measured_effect(row)
    declared_p = None
    if row.p_self_contained is not None and direction in {"up", "down"}:
        declared_p = one_sided(row.p_self_contained, row.direction, direction)
    return {
        **row.to_dict(),
        "p_declared_direction": declared_p,
        "competitive_reading": competitive_reading(row),
        "smallest_excludable": effect.smallest_excludable if effect else None,
        "agrees": reading.agrees if reading else None,
    }


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


def _sentence(set_name: str, evidence: HypothesisEvidence, kind: str, adjusted: str) -> str:
    parts = []
    untestable = []
    for row in evidence.contrasts:
        if row.effect is None or row.ci_low is None or row.ci_high is None:
            untestable.append(row.contrast)
            continue
        side = "higher" if row.effect > 0 else "lower" if row.effect < 0 else "different"
        unit = "log2 units" if kind == "experiment" else "within-pair SD" if row.blocking == "fixed" else "SD"
        parts.append(
            f"{abs(row.effect):.2f} {unit} {side} ({row.target_label} versus {row.reference_label}; "
            f"{row.accession}; 95 % CI {row.ci_low:.2f} to {row.ci_high:.2f})"
        )
    if not parts:
        return f"{set_name} genes could not be tested in {', '.join(untestable)}."
    if kind == "experiment":
        means = "Counted relative to all other measured genes."
    elif adjusted:
        means = f"SD is the residual spread of the set's score in the same model. {adjusted}"
    else:
        means = (
            "Total effect, composition not adjusted; SD is the residual spread of the set's score in the same model."
        )
    without = f" Not testable: {', '.join(untestable)}." if untestable else ""
    return f"{set_name} genes are on average " + "; ".join(parts) + f". {means}{without}"


def _pooled_sentence(pooled: PooledEffect, kind: str) -> str:
    """Tell the pooled effect, and how far it hangs on single datasets; nothing where nothing was pooled."""
    if pooled.k < FEWEST_TO_POOL or pooled.effect is None or pooled.ci_low is None or pooled.ci_high is None:
        return ""
    unit = "SD" if kind == "cohort" else "log2 units"
    noun = "cohorts" if kind == "cohort" else "experiments"
    side = "higher" if pooled.effect > 0 else "lower"
    p_value = f"p = {pooled.p:.2g}" if pooled.p is not None else ""
    text = (
        f" Over {pooled.k} independent {noun} together ({pooled.method}): {abs(pooled.effect):.2f} {unit} {side} "
        f"(95 % CI {pooled.ci_low:.2f} to {pooled.ci_high:.2f}, {p_value})"
    )
    if pooled.leave_one_out_low is not None and pooled.leave_one_out_high is not None:
        text += f"; {pooled.leave_one_out_low:.2f} to {pooled.leave_one_out_high:.2f} when one of them is left out"
    return text + "." + "".join(_order_sentence(order) for order in pooled.orders)


def _order_sentence(order: dict[str, Any]) -> str:
    found, held_out = order["discovery"], order["replication"]
    outcome = "replicated" if order["replicated"] else "not replicated"
    return (
        f" Found in {', '.join(found['datasets'])} ({found['effect']:.2f}, p = {found['p']:.2g}), looked for in "
        f"{', '.join(held_out['datasets'])} ({held_out['effect']:.2f}, one-sided p = {held_out['p_one_sided']:.2g}; "
        f"{order['order']} order): {outcome}."
    )


def _strongest_doubt(
    kind: str,
    evidence: HypothesisEvidence,
    readings: list[Reading],
    decision: Decision,
    special: dict[str, Any],
    mixed: dict[str, Any],
) -> str:
    untestable = [row for row in evidence.contrasts if not row.testable]
    if not readings:
        problem = untestable[0].problem if untestable else None
        return problem["what"] if problem else evidence.margin_rule
    if decision.verdict == "conflicting":
        return "The datasets disagree in sign; at least one of them measures something else."
    if any(reading.unspecial for reading in readings):
        return "Many other gene sets changed as much or more: the change may not be that of the pathway."
    if decision.verdict == "not testable":
        return "The data are too few, or do not say the same: neither an effect nor its absence can be told."
    if mixed["caps"] and mixed["doubt"]:
        return str(mixed["doubt"])
    if any(cap["cap"] == "specificity" for cap in special["caps"]):
        return str(special["caps"][0]["reason"])
    if kind == "cohort" and mixed["doubt"]:
        return str(mixed["doubt"])
    if kind == "cohort":
        return (
            f"{_composition(evidence)} is not adjusted for: a shift of cell types between the groups can feign or hide "
            "a change of these genes without any change in the pathway itself."
        )
    return _doubt_of_experiments(evidence, readings, decision, len(untestable))


def _doubt_of_experiments(
    evidence: HypothesisEvidence, readings: list[Reading], decision: Decision, n_untestable: int
) -> str:
    passing = sum(reading.passes for reading in readings)
    few = min((reading.evidence.residual_df or 0) for reading in readings)
    coverage = min(reading.evidence.n_measured / max(reading.evidence.n_in_set, 1) for reading in readings)
    if n_untestable:
        return f"{n_untestable} of {len(evidence.contrasts)} contrasts could not be tested."
    if decision.verdict == "suggestive" and passing < len(readings):
        return f"Only {passing} of {len(readings)} contrasts pass; nothing corrects for having looked at several."
    if len(_by_source(readings)) == 1:
        return (
            f"A single experiment with {few:g} residual degrees of freedom: it speaks for its own source of cells only."
        )
    if coverage < LOW_COVERAGE:
        return f"Only {coverage:.0%} of the set was measured in one of the datasets."
    if decision.verdict == "not supported":
        return "The answer holds for these sources of cells, doses and times only."
    return "mRNA of these genes is not the pathway's function, and cells in a dish are not people."

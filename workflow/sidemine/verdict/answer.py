"""One answer card per hypothesis: the verdict, what it rests on, and its strongest reason to doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidemine.effect.intervals import one_sided
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, PooledEffect
from sidemine.stats.multiplicity import holm, smallest_p
from sidemine.verdict.appraise import FEWEST_TO_POOL, RANK, Appraisal, Checks, appraise
from sidemine.verdict.doubts import strongest_doubt
from sidemine.verdict.family import primary_p
from sidemine.verdict.readings import Reading, as_effect, independent_readings, measured_effect, smallest_excludable
from sidemine.verdict.sentences import competitive_reading, effect_sentence, pooled_sentence


def answer_hypotheses(
    hypotheses: list[dict[str, Any]],
    evidence: Mapping[str, HypothesisEvidence],
    specificity: Mapping[str, dict[str, Any]] | None = None,
    composition: Mapping[str, list[dict[str, Any]]] | None = None,
    robustness: Mapping[str, dict[str, Any]] | None = None,
    calibration: Mapping[str, Mapping[str, Any]] | None = None,
    checks: Checks | None = None,
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
    robustness
        Records of `robustness.json` by hypothesis id; None where no variants were run.
    calibration
        `contrasts` of `calibration.json`; None where sizes were not measured.
    checks
        `dataset` and `contrast`: flags of `quality.json` by id.

    Returns
    -------
    list of dict
        The entries of `verdicts.json`. What was not computed is None, with its reason under `not_computed`.
    """
    # One family: the primary hypotheses of the study, answered or not.
    adjusted = holm([primary_p(row["kind"], evidence[row["id"]]) for row in hypotheses])
    cards: dict[str, dict[str, Any]] = {}
    for row, p_holm in zip(hypotheses, adjusted, strict=True):
        name = row["id"]
        found = appraise(
            row,
            evidence[name],
            p_holm=p_holm,
            n_hypotheses=len(hypotheses),
            specificity=(specificity or {}).get(name),
            composition=(composition or {}).get(name, []),
            robustness=(robustness or {}).get(name),
            calibration=calibration,
            checks=checks,
        )
        cards[name] = {**_card(row, found, (robustness or {}).get(name)), "p_holm": p_holm}
    _require_controls(hypotheses, cards)
    return [cards[row["id"]] for row in hypotheses]


def _require_controls(hypotheses: list[dict[str, Any]], cards: dict[str, dict[str, Any]]) -> None:
    """Take back, in place, the answers whose positive control failed."""
    # Requirements have no cycles (checked with the study), so this ends.
    changed = True
    while changed:
        changed = False
        for row in hypotheses:
            card = cards[row["id"]]
            failed = [name for name in row["requires"] if RANK[cards[name]["verdict"]] == 0]
            if failed and card["verdict"] != "not testable":
                card["verdict"] = "not testable"
                card["opposite"] = False
                card["doubt"] = f"The positive control failed: {', '.join(failed)}."
                card["rule"] = f"Its positive control did not show the effect it must show: {', '.join(failed)}."
                card["sentence"] = "The positive control failed, so nothing can be concluded. " + card["sentence"]
                card["caps"] = [{**cap, "bites": False} for cap in card["caps"]]
                changed = True


def _card(hypothesis: dict[str, Any], found: Appraisal, robustness: dict[str, Any] | None) -> dict[str, Any]:
    primary, kind = hypothesis["primary"], hypothesis["kind"]
    evidence, pooled, mixed, special = found.evidence, found.pooled, found.composition, found.specificity
    return {
        "hypothesis": hypothesis["id"],
        "question": hypothesis["question"],
        "kind": kind,
        "verdict": found.decision.verdict,
        "opposite": found.decision.opposite,
        "rule": found.decision.rule,
        "sentence": effect_sentence(primary["set"], evidence, kind, mixed["sentence"]) + pooled_sentence(pooled, kind),
        "declared": {
            "set": primary["set"],
            "contrasts": primary["contrasts"],
            "test": primary["test"],
            "direction": primary["direction"],
            "margin": evidence.margin,
            "margin_unit": "Hedges g" if kind == "cohort" else "log2 fold change over complement",
            "margin_rule": evidence.margin_rule,
            "expects_sign": hypothesis["expects_sign"],
        },
        "evidence": [_evidence_row(row, primary["direction"], found.readings) for row in evidence.contrasts],
        "control": _evidence_row(evidence.control, "either", []) if evidence.control else None,
        "agreeing": _agreeing(found.readings, pooled),
        "pooled": pooled.to_dict() if pooled.k >= FEWEST_TO_POOL else None,
        "composition_adjusted": mixed["adjusted"],
        "composition": mixed,
        "specificity_percentile": special["percentile"],
        "specificity": special,
        "robustness_share": found.robustness["share"],
        "robustness": robustness,
        "calibration": found.calibration["contrasts"],
        "not_computed": _not_computed(found, robustness),
        "p_self_contained": smallest_p([row.p_self_contained for row in evidence.contrasts]),
        "p_competitive": smallest_p([row.p_competitive for row in evidence.contrasts]),
        "smallest_excludable": _smallest_excludable(kind, evidence, pooled),
        "doubt": strongest_doubt(kind, primary["direction"], found),
        "caps": found.caps,
        "gates": found.gates,
        "trap_flags": found.traps["flags"],
        "secondary": [],
        "notes": [*evidence.notes, *mixed["notes"]],
        "threats": hypothesis["threats"],
    }


def _not_computed(found: Appraisal, robustness: dict[str, Any] | None) -> dict[str, str]:
    """Return the fields of a card that are null, each with the reason."""
    reasons: dict[str, str] = {}
    if found.pooled.k < FEWEST_TO_POOL:
        told = "; ".join(f"{entry['contrast']}: {entry['reason']}" for entry in found.pooled.refused)
        reason = (
            "a single independent dataset: there is nothing to pool"
            if found.pooled.k
            else "no contrast could be tested"
        )
        reasons["pooled"] = f"{reason} ({told})" if told else reason
    if found.composition["adjusted"] is None:
        reasons["composition_adjusted"] = found.composition["reason"]
    if found.specificity["percentile"] is None:
        reasons["specificity_percentile"] = found.specificity["reason"]
    if found.robustness["share"] is None:
        reasons["robustness_share"] = found.robustness["reason"]
    if robustness is None:
        reasons["robustness"] = found.robustness["reason"]
    if found.calibration["contrasts"] is None:
        reasons["calibration"] = found.calibration["reason"]
    return reasons


def _smallest_excludable(kind: str, evidence: HypothesisEvidence, pooled: PooledEffect) -> float | None:
    """Return what the data could have excluded: pooled for cohorts, by every contrast together for experiments."""
    effect = as_effect(pooled)
    if kind == "cohort" and effect is not None:
        return effect.smallest_excludable
    return smallest_excludable([found for row in evidence.contrasts if (found := measured_effect(row)) is not None])


def _agreeing(readings: list[Reading], pooled: PooledEffect) -> dict[str, int] | None:
    """Count independent sources all of whose contrasts agree: contrasts of one source count once.

    A source that the pooled effect refuses as a whole (for samples that it shares, say) does not count.
    """
    counted = {reading.evidence.source for reading in independent_readings(readings, pooled)}
    sources: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        if reading.evidence.source in counted:
            sources.setdefault(reading.evidence.source, []).append(reading)
    agreeing = sum(all(reading.agrees for reading in group) for group in sources.values())
    return {"k": agreeing, "n": len(sources)} if readings else None


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

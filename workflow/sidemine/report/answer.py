"""The first screen: what a reader with one minute sees of a hypothesis, in plain words first and figures second.

Nothing is decided here: every number comes from `verdicts.json` and the stages that it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.report import words

_LONGEST_REASON = 150
_LONGEST_DOUBT = 260


def answer(entry: Mapping[str, Any], robustness: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the words of one answer: the plain sentence, one line for the overview, and the key figures.

    Parameters
    ----------
    entry
        One entry of `verdicts` in `verdicts.json`.
    robustness
        Its record of `robustness.json`, if there is one.
    """
    return {
        "plain": plain_sentence(entry),
        "key_amounts": key_amounts(entry),
        "line": overview_line(entry),
        "way": _way(main_effect(entry)),
        "doubt_short": words.shortened(str(entry["doubt"]), _LONGEST_DOUBT),
        "doubt_checked": doubt_checked(entry, robustness),
        "tiles": tiles(entry, robustness),
    }


def doubt_checked(entry: Mapping[str, Any], robustness: Mapping[str, Any] | None = None) -> str:
    """Return what came of the run that takes away what is doubted, where the doubt is re-used samples and it was run."""
    record = robustness or entry.get("robustness") or {}
    doubted = any(
        flag["trap"] == "reused_samples" and flag["serious"] and str(flag["evidence"]) in str(entry["doubt"])
        for flag in entry.get("trap_flags") or []
    )
    if not doubted or (record.get("required_runs") or {}).get("no_reused_controls") not in {"passed", "failed"}:
        return ""
    return words.shortened(str((record.get("required_details") or {}).get("no_reused_controls") or ""), _LONGEST_DOUBT)


def main_effect(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the effect that the answer rests on: the pooled one, or that of the only testable contrast."""
    if entry["pooled"]:
        pooled: Mapping[str, Any] = entry["pooled"]
        return pooled
    tested = [item for item in entry["evidence"] if words.is_number(item["effect"])]
    return tested[0] if len(tested) == 1 else None


def _way(effect: Mapping[str, Any] | None) -> str:
    if effect is None:
        return "none"
    return "higher" if effect["ci_low"] > 0 else "lower" if effect["ci_high"] < 0 else "unclear"


def plain_sentence(entry: Mapping[str, Any]) -> str:
    """Tell the answer as one would tell a colleague: how much, in whom, total and adjusted, and what could be excluded."""
    effect = main_effect(entry)
    if effect is None:
        return _without_one_effect(entry)
    unit, compared = _unit(entry), _compared(entry["evidence"])
    amount, interval = f"{words.number(abs(effect['effect']))} {unit}", f"95 % CI {_interval(effect)}"
    side = words.side(effect["effect"])
    if entry["kind"] == "cohort":
        told = f"{amount} {side} {compared} ({interval}), in total; {_adjusted_words(entry)}"
    else:
        fold = words.as_percent_change(effect["effect"]).removesuffix(f" {side}")
        told = f"{amount} ({fold}) {side} {compared} ({interval}), counted beyond the other measured genes"
    return f"{entry['declared']['set']} genes are {told}. {excluded_words(entry, unit)}"


def key_amounts(entry: Mapping[str, Any]) -> list[str]:
    """Return the parts of the plain sentence that a reader should see first: the effect, in total and adjusted."""
    effect, adjusted = main_effect(entry), entry["composition_adjusted"]
    if effect is None:
        return []
    parts = [f"{words.number(abs(effect['effect']))} {_unit(entry).split(' of ')[0]}"]
    return (
        [*parts, f"{words.number(abs(adjusted['effect']))} SD {words.side(adjusted['effect'])}"] if adjusted else parts
    )


def _without_one_effect(entry: Mapping[str, Any]) -> str:
    unit = _unit(entry)
    tested = [item for item in entry["evidence"] if words.is_number(item["effect"])]
    genes = f"{entry['declared']['set']} genes"
    if not tested:
        reasons = dict.fromkeys(str((item["problem"] or {}).get("what", "")) for item in entry["evidence"])
        reason = "; ".join(filter(None, reasons)) or "no comparison belongs to the question"
        return f"{genes} could not be tested: {reason}."
    each = "; ".join(f"{item['accession']}: {_amount(item['effect'], unit)} ({_interval(item)})" for item in tested[:4])
    more = f"; and {len(tested) - 4} more" if len(tested) > 4 else ""
    return f"{genes} {_compared(entry['evidence'])}: {each}{more}. {excluded_words(entry, unit)}"


def _compared(evidence: Sequence[Mapping[str, Any]]) -> str:
    """Name the groups, where all comparisons name the same ones; labels are free text, so they stand in quotes."""
    pairs = {(str(item["target_label"]), str(item["reference_label"])) for item in evidence}
    if len(pairs) == 1:
        target, reference = next(iter(pairs))
        return f"in “{words.shortened(target, 60)}” than in “{words.shortened(reference, 60)}”"
    return "in the target groups than in their references"


def _unit(entry: Mapping[str, Any]) -> str:
    if entry["kind"] == "cohort":
        paired = any(item.get("blocking") == "fixed" for item in entry["evidence"])
        return "SD of within-pair variation" if paired else "SD of between-person variation"
    return "log2 units"


def _amount(effect: float, unit: str) -> str:
    return f"{words.number(abs(effect))} {unit} {words.side(effect)}"


def _interval(effect: Mapping[str, Any]) -> str:
    return f"{words.number(effect['ci_low'])} to {words.number(effect['ci_high'])}"


def _adjusted_words(entry: Mapping[str, Any]) -> str:
    adjusted = entry["composition_adjusted"]
    if adjusted is None:
        return "not adjusted for the mix of cells"
    amount = f"{words.number(abs(adjusted['effect']))} SD {words.side(adjusted['effect'])}"
    return f"{amount} ({_interval(adjusted)}) after adjusting for blood composition"


def excluded_words(entry: Mapping[str, Any], unit: str) -> str:
    """Say what the data could have excluded."""
    value = entry["smallest_excludable"]
    if not words.is_number(value):
        return "No effect size could have been excluded."
    side = {"up": "anything above", "down": "anything lower than −"}.get(
        entry["declared"]["direction"], "anything beyond ±"
    )
    space = " " if side.endswith("above") else ""
    return f"Had there been no effect, these data would have excluded {side}{space}{words.number(abs(value))} {unit.split(' of ')[0]}."


def overview_line(entry: Mapping[str, Any]) -> str:
    """Return one short line: effect with interval, adjusted effect, and how many sources agree."""
    effect = main_effect(entry)
    unit = "SD" if entry["kind"] == "cohort" else "log2"
    parts = []
    if effect is not None:
        parts.append(f"{_amount(effect['effect'], unit)} ({_interval(effect)})")
        adjusted = entry["composition_adjusted"]
        if adjusted is not None:
            parts.append(f"{words.number(adjusted['effect'])} adjusted for blood cells")
    else:
        tested = [item for item in entry["evidence"] if words.is_number(item["effect"])]
        parts.append(
            " v ".join(_amount(item["effect"], unit) for item in tested[:3])
            if tested
            else "no comparison could be tested"
        )
    if entry["agreeing"]:
        parts.append(f"{entry['agreeing']['k']} of {entry['agreeing']['n']} sources agree")
    return " · ".join(parts)


def tiles(entry: Mapping[str, Any], robustness: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """Return the key figures of a card: what is asked, the figure, and what it means or why there is none."""
    unit = "SD" if entry["kind"] == "cohort" else "log2"
    return [
        _effect_tile(entry, unit),
        _adjusted_tile(entry, unit),
        _excludable_tile(entry, unit),
        _agreeing_tile(entry),
        _tile(
            "p_self_contained",
            "Did the set change?",
            words.p_statement(entry["p_self_contained"]),
            f"self-contained (FRY){_smallest(entry, 'p_self_contained')}",
        ),
        _tile(
            "p_competitive",
            "More than other genes?",
            words.p_statement(entry["p_competitive"]),
            f"competitive (CAMERA){_smallest(entry, 'p_competitive') or _reading(entry)}",
        ),
        _specificity_tile(entry),
        _robustness_tile(entry, robustness),
    ]


def _tile(key: str, name: str, value: str, hint: str) -> dict[str, str]:
    return {"key": key, "name": name, "value": value, "hint": words.shortened(hint, _LONGEST_REASON), "more": hint}


def _effect_tile(entry: Mapping[str, Any], unit: str) -> dict[str, str]:
    effect, name = main_effect(entry), "Effect, total" if entry["kind"] == "cohort" else "Effect beyond other genes"
    if effect is None:
        return _tile("effect", name, "no single figure", str(entry["not_computed"].get("pooled", "not pooled")))
    alone = "" if entry["pooled"] else "; one dataset"
    return _tile("effect", name, _amount(effect["effect"], unit), f"95 % CI {_interval(effect)}{alone}")


def _adjusted_tile(entry: Mapping[str, Any], unit: str) -> dict[str, str]:
    name, adjusted = "Adjusted for blood cells", entry["composition_adjusted"]
    if adjusted is None:
        reason = str(entry["not_computed"].get("composition_adjusted", "no reason was given"))
        return _tile("adjusted", name, "not applicable" if entry["kind"] != "cohort" else "not computed", reason)
    return _tile("adjusted", name, _amount(adjusted["effect"], unit), f"95 % CI {_interval(adjusted)}")


def _excludable_tile(entry: Mapping[str, Any], unit: str) -> dict[str, str]:
    value, name = entry["smallest_excludable"], "Could have excluded"
    if not words.is_number(value):
        return _tile("excludable", name, "nothing", "no effect size could have been excluded")
    margin = entry["declared"]["margin"]
    beside = f"; margin {words.number(margin)}" if words.is_number(margin) else ""
    return _tile("excludable", name, f"beyond {words.number(abs(value))} {unit}", f"one-sided 95 %{beside}")


def _agreeing_tile(entry: Mapping[str, Any]) -> dict[str, str]:
    agreeing = entry["agreeing"]
    noun = "Cohorts that agree" if entry["kind"] == "cohort" else "Experiments that agree"
    if not agreeing:
        return _tile("agreeing", noun, "none tested", "no comparison could be tested")
    return _tile("agreeing", noun, f"{agreeing['k']} of {agreeing['n']}", "independent sources")


def _smallest(entry: Mapping[str, Any], key: str) -> str:
    """Say how several comparisons became one p, where there are several."""
    known = sum(words.is_number(item[key]) for item in entry["evidence"])
    return f"{_reading(entry) if key == 'p_competitive' else ''}; smallest of {known}, × {known}" if known > 1 else ""


def _reading(entry: Mapping[str, Any]) -> str:
    told = [str(item["competitive_reading"]) for item in entry["evidence"] if item["competitive_reading"]]
    few = told and all(text.startswith("uninformative") for text in told)
    return "; uninformative: too few samples" if few else ""


def _specificity_tile(entry: Mapping[str, Any]) -> dict[str, str]:
    name, record = "Special among sets?", entry.get("specificity") or {}
    rank = record.get("percentile_comparators")
    beside = f"; {words.ordinal(rank)} among comparator sets" if words.is_number(rank) else ""
    value = entry["specificity_percentile"]
    if words.is_number(value):
        return _tile("specificity", name, f"{words.ordinal(value)} percentile", f"among matched random sets{beside}")
    reason = str(entry["not_computed"].get("specificity_percentile") or record.get("reason") or "no reason was given")
    if words.is_number(rank):
        short = "no random set matches" if "no valid comparator" in reason else "random sets: " + reason
        return _tile("specificity", name, f"{words.ordinal(rank)} percentile", f"among comparator sets; {short}")
    return _tile("specificity", name, "not computed", reason)


def _robustness_tile(entry: Mapping[str, Any], record: Mapping[str, Any] | None) -> dict[str, str]:
    name = "Other analyses agree?"
    found = record or entry.get("robustness") or {}
    if words.is_number(found.get("of")) and found["of"]:
        share = words.percent(found["agreeing"], found["of"])
        full = found.get("full_data") or {}
        hint = f"{share} of variants"
        if words.is_number(full.get("of")) and full["of"]:
            hint += f"; on full data {full['agreeing']} of {full['of']}"
        return _tile("robustness", name, f"{found['agreeing']} of {found['of']}", hint)
    if words.is_number(entry["robustness_share"]):
        return _tile("robustness", name, words.percent(entry["robustness_share"], 1), "of the variants evaluated")
    reason = str(found.get("reason") or entry["not_computed"].get("robustness_share", "no reason was given"))
    return _tile("robustness", name, "not computed", reason)

"""What the robustness variants mean for a verdict: a share, a gate and, for cohorts, caps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidemine.verdict.gates import make_gate

LOWEST_SHARE = 0.75
"""Share of full-data variants that must keep sign and p ≤ .05 in cohorts."""
_RUNS = {
    "age_overlap": "the run on the shared age range",
    "no_reused_controls": "the run without re-used controls",
}
"""Runs that a cohort answer must survive where its data need them."""
_DEMAND = (
    f"robustness: at least {LOWEST_SHARE:.0%} of the full-data variants keep sign and p ≤ .05, none reverses the sign "
    "with a 95 % interval excluding 0, and the runs on the shared age range and without re-used controls hold"
)
NOT_COMPUTED = "no grid of robustness variants was run"


def read_robustness(kind: str, record: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an answer card says of the robustness variants.

    Parameters
    ----------
    kind
        cohort or experiment. Experiments are shown their share; nothing caps them.
    record
        The hypothesis' entry of `robustness.json`; None where it was not computed.

    Returns
    -------
    dict
        share (of all variants that agree; None where there is none), reason (why), gate, caps, doubt.
    """
    required = kind == "cohort"
    if record is None or record.get("share") is None:
        reason = NOT_COMPUTED if record is None else record.get("reason") or NOT_COMPUTED
        faults, passed = [f"the robustness of the answer is not known ({reason})"], None
        detail = str(reason)
        doubt = ""
    else:
        reason = ""
        faults, unknown = _faults(record)
        doubt = f"{faults[0][0].upper()}{faults[0][1:]}." if faults else ""
        passed = False if faults else None if unknown else True
        faults += unknown
        detail = "; ".join([_counts(record), *faults])
    gate = make_gate("robustness", _DEMAND, passed, detail, required=required)
    return {
        "share": None if record is None else record.get("share"),
        "reason": str(reason),
        "gate": gate,
        "caps": [{"cap": "robustness", "reason": f"{fault[0].upper()}{fault[1:]}."} for fault in faults]
        if required
        else [],
        "doubt": doubt if required else "",
    }


def _faults(record: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what speaks against the answer, and what could not be looked at."""
    faults, unknown = [], []
    if record["reversed"]:
        names = ", ".join(str(_name(variant)) for variant in record["reversed"])
        faults.append(f"the sign reverses, with a 95 % interval excluding 0, in {names}")
    full = record["full_data"]
    if full["share"] is None:
        unknown.append("no variant on all data could be compared")
    elif full["share"] < LOWEST_SHARE:
        faults.append(f"only {full['agreeing']} of {full['of']} full-data variants keep sign and p ≤ .05")
    for run, words in _RUNS.items():
        status = record["required_runs"].get(run, "not evaluated")
        told = (record.get("required_details") or {}).get(run, "")
        if status == "failed":
            faults.append(f"{words} does not hold the answer" + (f" ({told})" if told else ""))
        elif status == "not evaluated":
            unknown.append(f"{words} was not evaluated" + (f" ({told})" if told else ""))
    return faults, unknown


def _name(variant: Any) -> str:
    return str(variant["variant"]) if isinstance(variant, Mapping) else str(variant)


def _counts(record: Mapping[str, Any]) -> str:
    full = record["full_data"]
    return f"{record['agreeing']} of {record['of']} variants agree; of those on all data {full['agreeing']} of {full['of']}"

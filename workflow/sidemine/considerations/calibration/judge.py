"""Do the tests that carry a verdict hold their size in these data? A gate; only calibrated tests may speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.considerations.calibration.rates import CONSERVATIVE, HOLDS, LIBERAL
from sidemine.verdict.gates import make_gate
from sidemine.verdict.rules import VERDICT_TESTS

HOLDING = (HOLDS, CONSERVATIVE)
NOT_COMPUTED = "the size of the tests was not measured"
_DEMAND = "calibration: FRY and CAMERA hold their size in every contrast that carries the answer"


def read_calibration(contrasts: Sequence[str], sizes: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return what an answer card says of the calibration of its tests.

    Parameters
    ----------
    contrasts
        Contrasts that carry the answer.
    sizes
        `contrasts` of `calibration.json`: per contrast the reading of each test (holds, conservative, liberal, not
        measured; the design class's where own labelings left it undecided), whether it was measured in these data or is that of the design class, and a sentence. None where it
        was not computed.

    Returns
    -------
    dict
        contrasts (the entries that were read; None without any), reason (why there are none), gate, caps, doubt, and
        `none_calibrated`: the self-contained test is liberal in every one of the contrasts, so that nothing may carry
        a verdict.
    """
    read = {name: dict(sizes[name]) for name in contrasts if name in (sizes or {})} if sizes else {}
    readings = {(name, test): read.get(name, {}).get(test) for name in contrasts for test in VERDICT_TESTS}
    liberal = [pair for pair, reading in readings.items() if reading == LIBERAL]
    unknown = [pair for pair, reading in readings.items() if reading not in {*HOLDING, LIBERAL}]
    caps = []
    if liberal:
        caps.append({"cap": "calibration", "reason": f"A test rejects too often under the null: {_words(liberal)}."})
    if unknown:
        told = NOT_COMPUTED if sizes is None else f"no size is known for {_words(unknown)}"
        caps.append({"cap": "calibration", "reason": f"{told[0].upper()}{told[1:]}."})
    passed = None if not contrasts else False if liberal else None if unknown else True
    detail = " ".join(str(entry.get("sentence", "")) for entry in read.values()).strip()
    return {
        "contrasts": read or None,
        "reason": "" if read else NOT_COMPUTED,
        "gate": make_gate("calibration", _DEMAND, passed, detail or NOT_COMPUTED),
        "caps": caps,
        "doubt": caps[0]["reason"] if liberal else "",
        "none_calibrated": bool(contrasts) and all(readings[name, VERDICT_TESTS[0]] == LIBERAL for name in contrasts),
    }


def _words(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{test.upper()} in {contrast}" for contrast, test in pairs)

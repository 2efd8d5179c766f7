"""Do the tests that carry a verdict hold their size in these data? A gate; only calibrated tests may speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidemine.considerations.calibration.design_classes import VERDICT_TESTS
from sidemine.considerations.calibration.rates import CONSERVATIVE, HOLDS, LIBERAL
from sidemine.considerations.calibration.record import CalibrationColumns, ContrastCalibration
from sidemine.considerations.judgement import Cap, Case, Doubt, DoubtWeight, Judgement, as_sentence, make_gate

NOT_COMPUTED = "the size of the tests was not measured"
_DEMAND = "calibration: FRY and CAMERA hold their size in every contrast that carries the answer"
_REFUSAL = "No test that carries a verdict holds its size in these data."


def judge_calibration(case: Case, contrasts: Mapping[str, ContrastCalibration] | None) -> Judgement:
    """Judge by the size of FRY and CAMERA in the contrasts that carry the answer.

    Parameters
    ----------
    case
        The hypothesis.
    contrasts
        `contrasts` of `calibration.json`; None where it was not computed.

    Returns
    -------
    Judgement
        It refuses where the self-contained test is liberal in every one of these contrasts.
    """
    read = {name: contrasts[name] for name in case.carrying if contrasts and name in contrasts}
    readings = {
        (name, test): read[name].reading(test) if name in read else None
        for name in case.carrying
        for test in VERDICT_TESTS
    }
    liberal = [pair for pair, reading in readings.items() if reading == LIBERAL]
    unknown = [pair for pair, reading in readings.items() if reading not in {HOLDS, CONSERVATIVE, LIBERAL}]
    caps = []
    if liberal:
        reason = f"A test rejects too often under the null: {_words(liberal)}."
        caps.append(Cap("calibration", reason, takes_back=True))
    if unknown:
        reason = NOT_COMPUTED if contrasts is None else f"no size is known for {_words(unknown)}"
        caps.append(Cap("calibration", as_sentence(reason)))
    passed = None if not case.carrying else False if liberal else None if unknown else True
    detail = " ".join(entry.sentence for entry in read.values()).strip()
    refused = bool(case.carrying) and all(readings[name, VERDICT_TESTS[0]] == LIBERAL for name in case.carrying)
    return Judgement(
        CalibrationColumns(read or None),
        missing={} if read else {"calibration": NOT_COMPUTED},
        gates=(make_gate("calibration", _DEMAND, passed, detail or NOT_COMPUTED),),
        caps=tuple(caps),
        doubts=(Doubt(DoubtWeight.SIZE, caps[0].reason),) if liberal else (),
        refusal=_REFUSAL if refused else "",
    )


def _words(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{test.upper()} in {contrast}" for contrast, test in pairs)

"""What a panel means for its answer beside the rule table: its word, and a cap where nothing guards against its vehicle."""

from __future__ import annotations

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.considerations.judgement import Cap, Case, Doubt, DoubtWeight, Judgement
from sidemine.effect.compound_reading import ONE_SIDED_P, read_panel
from sidemine.effect.compound_record import CompoundEvidence

NO_PANEL = "the hypothesis is no panel of compounds, doses or times"
_UNGUARDED = "No compound of another class {found}, so a fault of the vehicle would look like an effect: {step}."
_ONE_VEHICLE = (
    "All times share one reference, so what time in culture does by itself could not be told from the compound."
)


def judge_compounds(case: Case) -> Judgement:
    """Return the word of a panel, and its cap.

    Parameters
    ----------
    case
        The hypothesis; its evidence holds the model of all arms. A trend among doses needs no vehicle, so that such an answer
        is not capped; a trend among times needs the vehicle of each time.
    """
    panel = case.evidence.compounds
    if panel is None:
        return Judgement(CompoundColumns(None, None), missing={"pattern": NO_PANEL, "compounds": NO_PANEL})
    reading = read_panel(panel, case.evidence.margin)
    rises = panel.asks == "dose" and reading.p_trend is not None and reading.p_trend <= ONE_SIDED_P
    reasons = [] if panel.others or rises else [_unguarded(panel)]
    reasons += [_ONE_VEHICLE] if panel.asks == "time" and panel.n_references == 1 else []
    caps = (Cap("vehicle", " ".join(reasons)),) if reasons and panel.problem is None else ()
    why = panel.problem.what if panel.problem else "the arms could not be read: there is no margin"
    return Judgement(
        CompoundColumns(reading.pattern or None, panel),
        missing={} if reading.pattern else {"pattern": why},
        caps=caps,
        doubts=tuple(Doubt(DoubtWeight.OF_FINDING, cap.reason) for cap in caps),
        notes=tuple(f"{arm.contrast} is not in the panel: {arm.problem.what}." for arm in panel.arms if arm.problem),
    )


def _unguarded(panel: CompoundEvidence) -> str:
    declared = [arm.contrast for arm in panel.arms if not arm.of_class]
    if not declared:
        return _UNGUARDED.format(found="was declared", step="declare one or two of them as arms (of_class: no)")
    return _UNGUARDED.format(
        found="that can be tested stands at every reference of these arms",
        step=f"see the arms {', '.join(declared)}",
    )

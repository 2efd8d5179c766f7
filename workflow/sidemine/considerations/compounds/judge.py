"""What a panel means for its answer beside the rule table: its word, and a cap where nothing guards against its vehicle."""

from __future__ import annotations

from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.considerations.judgement import Cap, Case, Doubt, DoubtWeight, Judgement
from sidemine.effect.compound_reading import ONE_SIDED_P, read_panel

NO_PANEL = "the hypothesis is no panel of compounds, doses or times"
_UNGUARDED = (
    "No compound of another class shares the vehicle, so a vehicle that is off could not be told from a change: declare one or "
    "two of them as arms (of_class: no)."
)


def judge_compounds(case: Case) -> Judgement:
    """Return the word of a panel, and its cap.

    Parameters
    ----------
    case
        The hypothesis; its evidence holds the model of all arms. A trend among treated arms needs no vehicle, so that such an
        answer is not capped.
    """
    panel = case.evidence.compounds
    if panel is None:
        return Judgement(CompoundColumns(None, None), missing={"pattern": NO_PANEL, "compounds": NO_PANEL})
    reading = read_panel(panel, case.evidence.margin.value)
    rises = reading.p_trend is not None and reading.p_trend <= ONE_SIDED_P
    caps = (Cap("vehicle", _UNGUARDED),) if panel.problem is None and not panel.others and not rises else ()
    why = panel.problem.what if panel.problem else "the arms could not be read: there is no margin"
    return Judgement(
        CompoundColumns(reading.pattern or None, panel),
        missing={} if reading.pattern else {"pattern": why},
        caps=caps,
        doubts=tuple(Doubt(DoubtWeight.OF_FINDING, cap.reason) for cap in caps),
        notes=tuple(f"{arm.contrast} is not in the panel: {arm.problem.what}." for arm in panel.arms if arm.problem),
    )

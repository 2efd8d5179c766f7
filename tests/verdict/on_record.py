"""Judges that hold records made in process."""

from __future__ import annotations

from functools import partial

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.composition.judge import composition_judge
from sidemine.considerations.registry import judges_with
from sidemine.considerations.robustness.judge import robustness_judge
from sidemine.considerations.specificity.judge import specificity_judge
from sidemine.considerations.traps.judge import judge_traps

_HOLDING = {
    "composition": ("composition", composition_judge),
    "specificity": ("specificity", specificity_judge),
    "calibration": ("calibration", lambda contrasts: partial(judge_calibration, contrasts=contrasts)),
    "checks": ("traps", lambda checks: partial(judge_traps, checks=checks)),
    "robustness": ("robustness", robustness_judge),
}


def judges_on(*, of_variants=False, **records):
    """Return all judges: of composition, specificity, calibration, checks (of the traps) and robustness those that are
    given hold these records, the others have nothing on record."""
    held = [(_HOLDING[key], record) for key, record in records.items()]
    return judges_with({name: holding(record) for (name, holding), record in held}, of_variants=of_variants)

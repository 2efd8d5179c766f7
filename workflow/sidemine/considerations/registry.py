"""The considerations of a study, in their order. A new one is a room beside the others and an entry here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sidemine.considerations.calibration.entry import CALIBRATION
from sidemine.considerations.composition.entry import COMPOSITION
from sidemine.considerations.compounds.entry import COMPOUNDS
from sidemine.considerations.consideration import Consideration
from sidemine.considerations.hidden_factors.entry import HIDDEN_FACTORS
from sidemine.considerations.influence.entry import INFLUENCE
from sidemine.considerations.judgement import Judge
from sidemine.considerations.robustness.entry import ROBUSTNESS
from sidemine.considerations.specificity.entry import SPECIFICITY
from sidemine.considerations.traps.entry import TRAPS

CONSIDERATIONS: tuple[Consideration, ...] = (
    COMPOSITION,
    HIDDEN_FACTORS,
    INFLUENCE,
    SPECIFICITY,
    CALIBRATION,
    TRAPS,
    COMPOUNDS,
    ROBUSTNESS,
)


def columns_of_considerations() -> list[type[object]]:
    """Return the kinds of records whose fields are columns of `verdicts.json`."""
    return [entry.columns for entry in CONSIDERATIONS]


def judges_with(known: Mapping[str, Judge], *, of_variants: bool = False) -> list[Judge]:
    """Return the judges of a study, in their order.

    Parameters
    ----------
    known
        By the name of the consideration; one that is not among them has nothing on record.
    of_variants
        Only those that judge the variants of the robustness grid.

    Returns
    -------
    list of Judge
        One per consideration.
    """
    asked = [entry for entry in CONSIDERATIONS if entry.of_variants or not of_variants]
    return [known[entry.name] if entry.name in known else entry.read_judge(()) for entry in asked]


def read_judges(files: Mapping[str, Sequence[Path]]) -> dict[str, Judge]:
    """Read what the considerations have on record.

    Parameters
    ----------
    files
        `Consideration.record_files` by the name of the consideration.

    Returns
    -------
    dict of str to Judge
        By the same names.
    """
    return {entry.name: entry.read_judge(files[entry.name]) for entry in CONSIDERATIONS if entry.name in files}

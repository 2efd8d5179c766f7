"""The rows and columns of `calibration.tsv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from sidemine.tables import MAY_BE_EMPTY, spec_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """One row of `calibration.tsv`."""

    scope: Annotated[
        str,
        "dataset: measured on, or quoted for, a contrast of this study; design_class: simulated; plasmode: real arrays, resampled; whole_rule: the verdict rules on simulated studies.",
    ]
    subject: Annotated[str, "Contrast, design class, or planted class."]
    null: Annotated[str, "global, competitive, composition, heterogeneity, or none (power: there is an effect)."]
    quantity: Annotated[str, "size, power, or verdict_rate."]
    test: Annotated[str, "fry, camera, rotation, rotation_competitive, pooled, …, or the verdict counted."]
    family: Annotated[str, "primary, a family of sets, simulated, or whole rule."]
    level: Annotated[float, "Nominal level; empty where the quantity has none.", MAY_BE_EMPTY]
    parameter: Annotated[str, "What else was set, for example r=0.3 or set=NAME.", MAY_BE_EMPTY]
    n: Annotated[int, "Tests behind rate (labelings or data sets × sets); 0: not measured."]
    rate: Annotated[float, "Share of tests with p at or below level, or of verdicts.", MAY_BE_EMPTY]
    ci_low: Annotated[float, "Lower limit of the 95 % interval, clustered by labeling.", MAY_BE_EMPTY]
    ci_high: Annotated[float, "Upper limit of that interval.", MAY_BE_EMPTY]
    upper_95: Annotated[float, "One-sided upper 95 % bound.", MAY_BE_EMPTY]
    reading: Annotated[
        str,
        "holds, conservative, liberal, undecided (the study's own labelings are too few: the design class counts), not measured, or shown (no claim of size).",
    ]
    source: Annotated[str, "this study, or reference tables."]
    reason: Annotated[str, "Why not measured, or how to read the row.", MAY_BE_EMPTY]
    seed: Annotated[int, "Seed of the labelings or of the simulation; 0 where nothing was drawn."]


CALIBRATION = spec_of("calibration.tsv", CalibrationRow)


def rows_of(table: pd.DataFrame) -> list[CalibrationRow]:
    """Return the rows of `calibration.tsv`."""
    return [CalibrationRow(**{str(column): value for column, value in row.items()}) for row in table.to_dict("records")]

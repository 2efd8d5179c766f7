"""Whether the set tests hold their size: `calibration.json`, and what an answer card shows of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ContrastCalibration:
    """One contrast.

    Attributes
    ----------
    fry, camera
        Reading of each test that carries a verdict: holds, conservative, liberal, not measured. Where own labelings leave
        it undecided, that of the design class.
    measured, labelings, design_class
        Whether it was measured on these samples, on how many permuted labelings, and the nearest simulated class.
    sentence
        All of it in words.
    """

    fry: str
    camera: str
    measured: bool
    labelings: int
    design_class: str
    sentence: str

    def reading(self, test: str) -> str:
        """Return the reading of a test that carries a verdict."""
        return {"fry": self.fry, "camera": self.camera}[test]


@dataclass(frozen=True)
class Calibration:
    """`calibration.json`: all contrasts, random labelings per contrast, and what null they stand for."""

    contrasts: dict[str, ContrastCalibration]
    labelings: int
    null: str


@dataclass(frozen=True)
class CalibrationColumns:
    """Columns of `verdicts.json`: the contrasts that carry the answer; None where none was measured."""

    calibration: dict[str, ContrastCalibration] | None

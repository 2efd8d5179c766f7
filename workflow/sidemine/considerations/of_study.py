"""The considerations of a study, in their order: what each has on record of a hypothesis, and its judge.

A new consideration is a room beside the others and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.calibration.record import Calibration, CalibrationColumns, ContrastCalibration
from sidemine.considerations.composition.judge import judge_composition
from sidemine.considerations.composition.record import (
    CompositionColumns,
    CompositionOfContrast,
    Entries,
    entries_by_hypothesis,
)
from sidemine.considerations.judgement import Judge
from sidemine.considerations.robustness.judge import judge_robustness
from sidemine.considerations.robustness.record import Robustness, RobustnessColumns, RobustnessOfStudy
from sidemine.considerations.specificity.judge import judge_specificity
from sidemine.considerations.specificity.record import Specificity, SpecificityColumns
from sidemine.considerations.traps.judge import judge_traps
from sidemine.considerations.traps.record import Checks, TrapColumns
from sidemine.quality.record import ContrastQuality, DatasetQuality
from sidemine.records import read_record

COLUMNS: tuple[type[object], ...] = (
    CompositionColumns,
    SpecificityColumns,
    CalibrationColumns,
    TrapColumns,
    RobustnessColumns,
)
"""Columns that the considerations fill in `verdicts.json`."""


@dataclass(frozen=True)
class StudyRecords:
    """What the considerations have on record.

    Attributes
    ----------
    composition, specificity, robustness
        By hypothesis; one without an entry was not measured.
    calibration
        By contrast; None where it was not measured.
    checks
        Findings of `quality.json`.
    """

    composition: Mapping[str, Entries] = field(default_factory=dict)
    specificity: Mapping[str, Specificity] = field(default_factory=dict)
    calibration: Mapping[str, ContrastCalibration] | None = None
    checks: Checks = field(default_factory=Checks)
    robustness: Mapping[str, Robustness] = field(default_factory=dict)

    def judges(self, hypothesis: str) -> list[Judge]:
        """Return all considerations of a hypothesis."""
        return [
            *self.judges_of_variants(hypothesis),
            partial(judge_robustness, record=self.robustness.get(hypothesis)),
        ]

    def judges_of_variants(self, hypothesis: str) -> list[Judge]:
        """Return all considerations but robustness: its variants are judged by the others."""
        return [
            partial(judge_composition, entries=self.composition.get(hypothesis, [])),
            partial(judge_specificity, record=self.specificity.get(hypothesis)),
            partial(judge_calibration, contrasts=self.calibration),
            partial(judge_traps, checks=self.checks),
        ]


def read_study_records(
    *,
    composition: Sequence[Path],
    specificity: Path,
    calibration: Path,
    dataset_quality: Sequence[Path],
    contrast_quality: Sequence[Path],
    robustness: Path | None = None,
) -> StudyRecords:
    """Read what the considerations wrote.

    Parameters
    ----------
    composition
        `composition.json` of the blood cohort contrasts.
    specificity, calibration, robustness
        The files of the study; robustness None: it is not there yet.
    dataset_quality, contrast_quality
        `quality.json` of datasets and of contrasts, each in the folder of its name.
    """
    variants = read_record(RobustnessOfStudy, robustness).hypotheses if robustness else []
    return StudyRecords(
        composition=entries_by_hypothesis([read_record(CompositionOfContrast, path) for path in composition]),
        specificity={row.hypothesis: row for row in read_record(list[Specificity], specificity)},
        calibration=read_record(Calibration, calibration).contrasts,
        checks=Checks(
            {path.parent.name: read_record(DatasetQuality, path).flags for path in dataset_quality},
            {path.parent.name: read_record(ContrastQuality, path).flags for path in contrast_quality},
        ),
        robustness={row.hypothesis: row for row in variants},
    )

"""Do the set tests hold their size on this study's own data? `calibration.tsv`, and what verdicts need of it.

Where a contrast has 200 labelings or more, its tests are run on permuted labels (`enrichment.permuted_labels`: a
global null) and counted. Elsewhere, and where so few labelings decide nothing, the nearest simulated design class is
quoted. Behind these stand the tables of all design classes and of the whole verdict rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.calibration.design_classes import (
    VERDICT_TESTS,
    deciding_reading,
    nearest_class,
    overall_reading,
    quote_class,
)
from sidemine.considerations.calibration.group_variances import unequal_variances
from sidemine.considerations.calibration.rates import (
    LEVELS,
    LIMITS,
    NOT_MEASURED,
    REFERENCE,
    SHOWN,
    THIS_STUDY,
    UNDECIDED,
    Rate,
    calibration_row,
    clustered_rate,
    read_measured,
)
from sidemine.considerations.calibration.record import Calibration, ContrastCalibration
from sidemine.considerations.calibration.specification import CalibrationSettings
from sidemine.considerations.calibration.table import CALIBRATION, CalibrationRow
from sidemine.differential.contrast import design_again
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design
from sidemine.enrichment.label_permutation import count_labelings
from sidemine.enrichment.permuted_labels import PermutedTests, permute_and_test, refuse_reason
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.enrichment.set_test import COMPETITIVE, SELF_CONTAINED
from sidemine.quality.record import Treatment
from sidemine.stats.seeds import named_seed
from sidemine.study.projections import ContrastToFit
from sidemine.tables import table_of
from sidemine.text.phrases import capitalised

if TYPE_CHECKING:
    import pandas as pd

FEWEST_LABELINGS = 200
"""Distinct labelings below which nothing is measured on a contrast's own samples."""
NULL = (
    "Global null: the labels of this study's own samples are permuted (within blocks; covariates stay in the design). A true "
    "difference between the groups is spread among the residuals. Unequal variances of the groups are not seen this way: "
    "what they would do is computed apart."
)
_UNEQUAL = "unequal variances"
_LABELS = {test.name: test.label for test in (SELF_CONTAINED, COMPETITIVE)}


@dataclass(frozen=True)
class ContrastToCalibrate:
    """A declared contrast, and what earlier stages found of it and of its dataset.

    Attributes
    ----------
    contrast
        Its row.
    fit
        None where it could not be tested.
    samples
        Of the dataset, as `sample_table.SAMPLES` describes.
    treatment
        What the contrasts of the dataset have to heed.
    """

    contrast: ContrastToFit
    fit: ContrastFit | None
    samples: pd.DataFrame
    treatment: Treatment


def measure_calibration(
    given: Iterable[ContrastToCalibrate],
    primary_sets: Mapping[str, Sequence[str]],
    gene_sets: pd.DataFrame,
    reference: pd.DataFrame,
    whole_rule: pd.DataFrame | None,
    settings: CalibrationSettings,
    plasmode: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, Calibration]:
    """Measure the size of the set tests in every contrast of a study.

    Parameters
    ----------
    given
        All contrasts; they are taken one by one, so that one fit at a time need be in memory.
    primary_sets
        Contrast → primary sets of the hypotheses that rest on it.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    reference, whole_rule
        Rows of the design classes, and of the whole rule; None: not measured yet.
    settings
        Labelings, rotations, sizes and seed.
    plasmode
        Rows of small designs on resampled real arrays.

    Returns
    -------
    tuple
        The table (`calibration.table.CALIBRATION`) and the record.
    """
    import pandas as pd

    rows: list[CalibrationRow] = []
    contrasts: dict[str, ContrastCalibration] = {}
    for entry in given:
        name = entry.contrast.contrast
        sets = list(dict.fromkeys(primary_sets.get(name, ())))
        if entry.fit is None:
            rows_of_contrast, labelings, design_class = _untestable(name), None, ""
        else:
            design = design_again(entry.contrast, entry.samples, entry.treatment, settings.min_group_size)
            membership = build_membership(gene_sets, entry.fit.genes, settings.min_set_size, settings.max_set_size)
            plan = _Plan(name, entry.fit, design, membership, sets, settings)
            rows_of_contrast, labelings, design_class = plan.rows(reference)
        rows += rows_of_contrast
        contrasts[name] = ContrastCalibration(
            **_readings(rows_of_contrast),
            measured=labelings is not None,
            labelings=labelings or 0,
            design_class=design_class,
            sentence=_sentence(rows_of_contrast, labelings, design_class, sets),
        )
    table = table_of(rows, CALIBRATION)
    parts = [table, reference, *([] if plasmode is None else [plasmode]), _whole_rule(whole_rule)]
    together = pd.concat([part for part in parts if len(part)], ignore_index=True)[CALIBRATION.names]
    return together, Calibration(contrasts, settings.calibration_labelings, NULL)


@dataclass(frozen=True)
class _Plan:
    """One testable contrast and how it is to be measured."""

    contrast: str
    fit: ContrastFit
    design: Design
    membership: SetMembership
    primary: list[str]
    settings: CalibrationSettings

    def rows(self, reference: pd.DataFrame) -> tuple[list[CalibrationRow], int | None, str]:
        """Return the rows of this contrast, on how many labelings it was measured (None: it was not), and its class."""
        distinct = count_labelings(self.design)
        why = refuse_reason(self.fit, self.design)
        if distinct < FEWEST_LABELINGS:
            why = f"{distinct} distinct labelings, fewer than {FEWEST_LABELINGS}"
        if not why and self.settings.calibration_labelings == 0:
            why = "switched off (settings.calibration_labelings = 0)"
        if not why and not self.membership.gene_sets:
            why = "no set has enough measured genes"
        nearest = nearest_class(self.design, self.fit.facts.engine)
        if why:
            found = list(quote_class(self.contrast, nearest, reference, f"not measured here: {why}"))
            tests = None
        else:
            tests = permute_and_test(
                self.fit,
                self.design,
                self.membership,
                n_labelings=self.settings.calibration_labelings,
                n_rotations=self.settings.rotations,
                seed=named_seed(self.settings.seed, self.contrast),
            )
            found = list(self._measured(tests))
            found += list(self._quoted_for_undecided(found, nearest, reference))
        found += list(self._unequal_variances())
        return found, tests.n_labelings if tests else None, nearest

    def _measured(self, tests: PermutedTests) -> Iterator[CalibrationRow]:
        families = np.array(self.membership.families)
        names = self.membership.gene_sets
        chosen: list[tuple[str, str, list[int]]] = [
            ("primary", f"set={name}", [names.index(name)]) for name in self.primary if name in names
        ]
        for family in sorted(set(families.tolist())):
            members = np.flatnonzero(families == family)
            chosen.append((family, f"sets={len(members)}", members.tolist()))
        for test, p_values in tests.p_values.items():
            for family, parameter, columns in chosen:
                for level in LEVELS:
                    rate = clustered_rate(p_values[:, columns] <= level)
                    yield calibration_row(
                        "dataset", self.contrast, "global", test, rate, family=family, level=level,
                        parameter=parameter, reading=read_measured(rate, level), source=THIS_STUDY,
                        reason=_how(tests.n_labelings, rate, level), seed=self.settings.seed,
                    )  # fmt: skip

    def _quoted_for_undecided(
        self, measured: list[CalibrationRow], nearest: str, reference: pd.DataFrame
    ) -> Iterator[CalibrationRow]:
        """Yield the design class of the tests whose size the study's own labelings leave undecided."""
        for test in VERDICT_TESTS:
            own = _of_verdicts(measured, test)
            if overall_reading(row.reading for row in own) == UNDECIDED:
                why = "undecided on the labelings of these samples"
                for row in quote_class(self.contrast, nearest, reference, why, [test], ["global"]):
                    yield replace(row, family=own[0].family)

    def _unequal_variances(self) -> Iterator[CalibrationRow]:
        """Yield what unequal variances of the groups would do to FRY by itself, where they can be estimated."""
        for name in self.primary:
            if name not in self.membership.gene_sets:
                continue
            unequal = unequal_variances(self.fit, self.design, self.membership, name)
            if unequal is None:
                continue
            for level in LEVELS:
                rate = unequal.size_of_test(level)
                yield calibration_row(
                    "dataset", self.contrast, "global", SELF_CONTAINED.name, rate, family="primary", level=level,
                    parameter=f"set={name}, {_UNEQUAL}", reading=SHOWN, source=THIS_STUDY,
                    reason=unequal.sentence(),
                )  # fmt: skip


def _how(n_labelings: int, rate: Rate, level: float) -> str:
    text = f"{n_labelings} permuted labelings"
    if rate.upper_95 > LIMITS[level]:
        text += f"; the upper bound is above {LIMITS[level]:.1%}: more labelings would narrow it"
    return text


def _untestable(contrast: str) -> list[CalibrationRow]:
    reason = "the contrast is not testable"
    return [
        calibration_row(
            "dataset",
            contrast,
            "global",
            test,
            None,
            family="primary",
            level=level,
            reading=NOT_MEASURED,
            source=THIS_STUDY,
            reason=reason,
        )
        for test in VERDICT_TESTS
        for level in LEVELS
    ]


def _of_verdicts(rows: Sequence[CalibrationRow], test: str) -> list[CalibrationRow]:
    """Return the rows that speak for a test: of the primary sets, else of the target sets, else of all."""
    of_test = [row for row in rows if row.test == test and row.null == "global"]
    chosen: list[CalibrationRow] = []
    for families in ({"primary"}, {"target"}, {row.family for row in of_test}):
        chosen = [row for row in of_test if row.family in families]
        if chosen:
            break
    return chosen


def _apart(
    rows: Sequence[CalibrationRow], test: str
) -> tuple[list[CalibrationRow], list[CalibrationRow], list[CalibrationRow]]:
    """Return what speaks for a test: measured on own labelings, implied by unequal variances, quoted of the class."""
    chosen = _of_verdicts(rows, test)
    implied = [row for row in chosen if _UNEQUAL in row.parameter]
    quoted = [row for row in chosen if row.source == REFERENCE]
    return [row for row in chosen if row not in implied and row not in quoted], implied, quoted


def _readings(rows: Sequence[CalibrationRow]) -> dict[str, str]:
    """Return the reading of each test that verdicts use; unequal variances are no part of it, for the p allows for them."""
    parts = {test: _apart(rows, test) for test in VERDICT_TESTS}
    return {
        test: deciding_reading([row.reading for row in own], [row.reading for row in quoted])
        for test, (own, _, quoted) in parts.items()
    }


def _sentence(rows: Sequence[CalibrationRow], labelings: int | None, design_class: str, sets: Sequence[str]) -> str:
    """Say in words what was measured at 5 %, at 1 % where that reads otherwise, and what the design class says."""
    if not design_class:
        return "The contrast is not testable, so nothing was measured."
    parts = [_apart(rows, test) for test in VERDICT_TESTS]
    own, implied, quoted = ([row for part in parts for row in part[place]] for place in range(3))
    simulated = (
        f"in simulated data of the nearest design class ({design_class}) null sets come out at a nominal 5 % at "
        f"most by {_figures(quoted, LEVELS[0])}"
        if any(row.n for row in quoted)
        else "no design class was simulated that is near"
    )
    if labelings is not None:
        what = ", ".join(sets) if sets and own[0].family == "primary" else "the target sets"
        text = f"On {labelings} permuted labelings of these samples, {what} came out at a nominal 5 % by "
        text += _figures(own, LEVELS[0])
        at_five = {(row.test, row.parameter): row.reading for row in own if row.level == LEVELS[0]}
        otherwise = [row for row in own if row.level == LEVELS[1] and row.reading != at_five[row.test, row.parameter]]
        text += f", and at 1 % by {_figures(otherwise, LEVELS[1])}." if otherwise else "."
        if quoted:
            text += f" So few labelings do not decide: {simulated}, and where they are undecided that counts."
    else:
        why = next((row.reason.split(";")[0] for row in quoted), "not measured here")
        text = f"{capitalised(why)}. {capitalised(simulated)}."
    return " ".join([text, *dict.fromkeys(row.reason for row in implied)])


def _figures(rows: Sequence[CalibrationRow], level: float) -> str:
    return " and by ".join(
        f"{_LABELS[row.test]} {row.rate:.1%} (95 % CI {row.ci_low:.1%} to {row.ci_high:.1%}; {row.reading})"
        for row in rows
        if row.level == level and row.n
    )


def _whole_rule(table: pd.DataFrame | None) -> pd.DataFrame:

    if table is not None and len(table):
        return table
    row = calibration_row(
        "whole_rule", "all planted classes", "none", "verdict", None, quantity="verdict_rate", family="whole rule",
        reading=NOT_MEASURED, source=REFERENCE, reason="resources/calibration/whole_rule.tsv has not been made yet",
    )  # fmt: skip
    return table_of([row], CALIBRATION)

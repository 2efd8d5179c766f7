"""Do the set tests hold their size on this study's own data? `calibration.tsv`, and what verdicts need of it.

Where a contrast has 200 labelings or more, its tests are run on permuted labels (`enrichment.permuted_labels`: a
global null) and counted. Elsewhere the nearest simulated design class is quoted. Behind these stand the tables of all
design classes and of the whole verdict rule.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.differential.contrast import design_again
from sidemine.differential.contrast_fit import ContrastFit, load_fit
from sidemine.differential.design import Design
from sidemine.enrichment.label_permutation import count_labelings
from sidemine.enrichment.permuted_labels import PermutedTests, permute_and_test, refuse_reason
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.evidence.calibration_classes import VERDICT_TESTS, nearest_class, overall_reading, quote_class
from sidemine.evidence.calibration_rates import (
    LEVELS,
    LIMITS,
    NOT_MEASURED,
    REFERENCE,
    THIS_STUDY,
    Rate,
    calibration_row,
    clustered_rate,
    read_measured,
)
from sidemine.evidence.group_variances import unequal_variances
from sidemine.study.models import Contrast
from sidemine.tables import CALIBRATION, SAMPLES, read_json, read_table

if TYPE_CHECKING:
    import pandas as pd

FEWEST_LABELINGS = 200
"""Distinct labelings below which nothing is measured on a contrast's own samples."""
NULL = (
    "Global null: the labels of this study's own samples are permuted (within blocks; covariates stay in the design). A true "
    "difference between the groups is spread among the residuals. Unequal variances of the groups are not seen this way: "
    "what they would do is computed apart."
)
_NAMES = {"fry": "FRY", "camera": "CAMERA"}


@dataclass(frozen=True)
class CalibrationFiles:
    """A declared contrast and the files that earlier stages wrote for it and for its dataset."""

    contrast: Contrast
    fit: Path
    samples: Path
    treatment: Path


def measure_calibration(
    files: Sequence[CalibrationFiles],
    primary_sets: Mapping[str, Sequence[str]],
    gene_sets: pd.DataFrame,
    reference: pd.DataFrame,
    whole_rule: pd.DataFrame | None,
    *,
    n_labelings: int,
    n_rotations: int,
    min_group_size: int,
    min_size: int,
    max_size: int,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Measure the size of the set tests in every contrast of a study.

    Parameters
    ----------
    files
        All contrasts.
    primary_sets
        Contrast → primary sets of the hypotheses that rest on it.
    gene_sets
        The study's sets, as `tables.GENE_SETS` describes.
    reference, whole_rule
        Rows of the design classes, and of the whole rule; None: not measured yet.
    n_labelings
        Random labelings per contrast; 0: none, design classes are quoted.
    n_rotations
        Rotations behind the rotation tests.
    min_group_size, min_size, max_size, seed
        Settings of the study.

    Returns
    -------
    tuple
        The table (`tables.CALIBRATION`) and the JSON-ready record: per contrast the readings of the tests that verdicts
        use, whether they were measured here, and a sentence.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    contrasts: dict[str, Any] = {}
    for entry in files:
        name = entry.contrast.contrast
        sets = list(dict.fromkeys(primary_sets.get(name, ())))
        fit = load_fit(entry.fit)
        if fit is None:
            found, about = _untestable(name), {"measured": False, "labelings": 0, "design_class": ""}
        else:
            design = design_again(
                entry.contrast, read_table(entry.samples, SAMPLES), read_json(entry.treatment), min_group_size
            )
            membership = build_membership(gene_sets, fit.genes, min_size, max_size)
            plan = _Plan(name, fit, design, membership, sets, n_labelings, n_rotations, seed)
            found, about = plan.rows(reference)
        rows += found
        contrasts[name] = {**about, **_readings(found), "sentence": _sentence(found, about, sets)}
    table = pd.DataFrame(rows, columns=CALIBRATION.names)
    parts = [table, reference, _whole_rule(whole_rule)]
    together = pd.concat([part for part in parts if len(part)], ignore_index=True)[CALIBRATION.names]
    return together, {"contrasts": contrasts, "labelings": n_labelings, "null": NULL}


@dataclass(frozen=True)
class _Plan:
    """One testable contrast and how it is to be measured."""

    contrast: str
    fit: ContrastFit
    design: Design
    membership: SetMembership
    primary: list[str]
    n_labelings: int
    n_rotations: int
    seed: int

    def rows(self, reference: pd.DataFrame) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the rows of this contrast, and what the record says of it."""
        distinct = count_labelings(self.design)
        why = refuse_reason(self.fit, self.design)
        if distinct < FEWEST_LABELINGS:
            why = f"{distinct} distinct labelings, fewer than {FEWEST_LABELINGS}"
        if not why and self.n_labelings == 0:
            why = "switched off (settings.calibration_labelings = 0)"
        if not why and not self.membership.gene_sets:
            why = "no set has enough measured genes"
        nearest = nearest_class(self.design, self.fit.facts["engine"])
        if why:
            found = list(quote_class(self.contrast, nearest, reference, why))
            tests = None
        else:
            tests = permute_and_test(
                self.fit,
                self.design,
                self.membership,
                n_labelings=self.n_labelings,
                n_rotations=self.n_rotations,
                seed=[self.seed, zlib.crc32(self.contrast.encode())],
            )
            found = list(self._measured(tests))
        found += list(self._unequal_variances())
        about = {
            "measured": tests is not None,
            "labelings": tests.n_labelings if tests else 0,
            "design_class": nearest,
        }
        return found, about

    def _measured(self, tests: PermutedTests) -> Iterator[dict[str, Any]]:
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
                        reason=_how(tests.n_labelings, rate, level), seed=self.seed,
                    )  # fmt: skip

    def _unequal_variances(self) -> Iterator[dict[str, Any]]:
        """Yield what unequal variances of the groups would do to FRY, where they can be estimated."""
        for name in self.primary:
            if name not in self.membership.gene_sets:
                continue
            found = unequal_variances(self.fit, self.design, self.membership, name)
            if found is None:
                continue
            for level in LEVELS:
                rate = found.size_of_test(level)
                yield calibration_row(
                    "dataset", self.contrast, "global", "fry", rate, family="primary", level=level,
                    parameter=f"set={name}, unequal variances", reading=read_measured(rate, level), source=THIS_STUDY,
                    reason=found.sentence(),
                )  # fmt: skip


def _how(n_labelings: int, rate: Rate, level: float) -> str:
    text = f"{n_labelings} permuted labelings"
    if rate.upper_95 > LIMITS[level]:
        text += f"; the upper bound is above {LIMITS[level]:.1%}: more labelings would narrow it"
    return text


def _untestable(contrast: str) -> list[dict[str, Any]]:
    reason = "the contrast is not testable"
    about: dict[str, Any] = {"family": "primary", "reading": NOT_MEASURED, "source": THIS_STUDY, "reason": reason}
    return [
        calibration_row("dataset", contrast, "global", test, None, level=level, **about)
        for test in VERDICT_TESTS
        for level in LEVELS
    ]


def _readings(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the reading of each test that verdicts use: of the primary sets, else of the target sets, else of all."""
    readings = {}
    for test in VERDICT_TESTS:
        of_test = [row for row in rows if row["test"] == test and row["null"] == "global"]
        for families in ({"primary"}, {"target"}, {row["family"] for row in of_test}):
            chosen = [row["reading"] for row in of_test if row["family"] in families]
            if chosen:
                break
        readings[test] = overall_reading(chosen)
    return readings


def _sentence(rows: list[dict[str, Any]], about: Mapping[str, Any], sets: Sequence[str]) -> str:
    """Say in words what was measured, at 5 %."""
    if not about["design_class"]:
        return "The contrast is not testable, so nothing was measured."
    families = {"primary"} if any(row["family"] == "primary" for row in rows) else {"target"}
    plain = [row for row in rows if row["level"] == LEVELS[0] and row["null"] == "global" and row["family"] in families]
    told = [
        f"{_NAMES[row['test']]} {row['rate']:.1%} (95 % CI {row['ci_low']:.1%} to {row['ci_high']:.1%}; {row['reading']})"
        for row in plain
        if row["test"] in VERDICT_TESTS and row["n"] and "unequal" not in row["parameter"]
    ]
    unequal = [row["reason"] for row in plain if "unequal" in row["parameter"]]
    if about["measured"]:
        what = ", ".join(sets) if sets and families == {"primary"} else "the target sets"
        text = f"On {about['labelings']} permuted labelings of these samples, {what} came out at a nominal 5 % by "
        text += " and by ".join(told) + "."
    else:
        why = next((row["reason"].split(";")[0] for row in plain), "not measured here")
        text = f"{why[:1].upper()}{why[1:]}. "
        text += (
            f"In simulated data of the nearest design class ({about['design_class']}) null sets come out at a nominal "
            f"5 % at most by {' and by '.join(told)}."
            if told
            else "No design class was simulated that is near."
        )
    return " ".join([text, *dict.fromkeys(unequal)])


def _whole_rule(table: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    if table is not None and len(table):
        return table
    row = calibration_row(
        "whole_rule", "all planted classes", "none", "verdict", None, quantity="verdict_rate", family="whole rule",
        reading=NOT_MEASURED, source=REFERENCE, reason="resources/calibration/whole_rule.tsv has not been made yet",
    )  # fmt: skip
    return pd.DataFrame([row], columns=CALIBRATION.names)

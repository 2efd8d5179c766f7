"""Arms of a panel in one model equal R: lm, clubSandwich and fry, with repeats that are merged or are not; `arms.R` wrote the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from limma_golden import read

from sidemine.effect.compound_record import CompoundEvidence
from sidemine.effect.compounds import ArmData, measure_compounds
from sidemine.quality.record import NO_TREATMENT
from sidemine.study.projections import ContrastToFit, HypothesisOfCompounds

GENES = [f"g{number:02d}" for number in range(1, 51)]
SETS = pd.DataFrame(
    {"gene_set": "SET", "gene": GENES[:14], "weight": 1.0, "family": "target", "version": "", "source": ""}
)
DOSES = {"a": 1.0, "b": 10.0, "c": 100.0}
CASES = ["plain", "merged evenly", "merged unevenly", "correlation", "held repeats"]


def measured(case: str) -> CompoundEvidence:
    """Measure a stored panel as a study does: three doses of one compound, two compounds of another class."""
    rows = read("arms_samples").query("case == @case")
    names = list(rows["sample"])
    samples = pd.DataFrame(
        {"sample": names, "unit": names, "fate": "used", "value_column": names, "arm": list(rows["arm"])}
    )
    blocked = bool(rows["donor"].notna().all())
    if blocked:
        samples["donor"] = list(rows["donor"])
    covariates = ["number(plate)"] if rows["plate"].notna().all() else []
    if covariates:
        samples["plate"] = list(rows["plate"].astype(str))
    if case == "correlation":
        samples["unit"] = samples["donor"]
    declared = {
        arm: ContrastToFit(
            contrast=arm, dataset="d", target=f"arm = {arm}", reference="arm = vehicle", covariates=covariates,
            block="donor" if blocked else "", blocking="correlation" if case == "correlation" else "fixed" if blocked else "auto",
            array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="repeats" if blocked else "units",
        )
        for arm in "abcxy"
    }  # fmt: skip
    arms = [{"contrast": name, "compound": "A", "dose": dose} for name, dose in DOSES.items()]
    arms += [{"contrast": name, "compound": name.upper(), "of_class": False} for name in "xy"]
    hypothesis = HypothesisOfCompounds.model_validate(
        {
            "id": "h",
            "primary": {"set": "SET", "contrasts": list(DOSES), "score": "mean", "direction": "down"},
            "compounds": {"asks": "dose", "arms": arms},
        }
    )
    values = rows[GENES].to_numpy(dtype=float)
    data = ArmData(values, names, GENES, "log2", False, samples, NO_TREATMENT)
    return measure_compounds(hypothesis, declared, data, SETS, min_group_size=3, min_set_size=5, rotations=99, seed=5)


@pytest.mark.parametrize("case", CASES)
def test_arms_equal_r(case: str) -> None:
    """Effect, error, degrees of freedom and interval of every arm; p of arms, of arms over the others, and of both trends."""
    theirs = read("arms_contrasts").query("case == @case").set_index("contrast")
    found = measured(case)
    assert found.problem is None
    for arm in found.arms:
        row = theirs.loc[arm.contrast]
        for name, value in (
            ("effect", arm.effect),
            ("se", arm.effect_se),
            ("df", arm.df),
            ("ci_low", arm.ci_low),
            ("ci_high", arm.ci_high),
        ):
            assert value == pytest.approx(row[name], rel=1e-6, abs=1e-9), (arm.contrast, name)
    response = found.response
    tested = {arm.contrast: arm.tested for arm in found.arms}
    tested |= {f"{arm.contrast} over others": arm.over_others for arm in found.arms if arm.carries}
    tested |= {
        "trend": response.trend,
        "treated over others": response.over_others,
        "trend over others": response.trend_over_others,
    }
    assert set(tested) == set(theirs.index)
    for name, test in tested.items():
        assert test.p_value == pytest.approx(theirs.loc[name, "p"], rel=1e-6), name
        assert test.direction == theirs.loc[name, "direction"], name
    # Where R finds that rows stand for fewer repeats, or blocks are the units, p is that of these errors if it is the larger one.
    assert theirs["own"].any() == (case in {"merged unevenly", "correlation", "held repeats"})
    assert np.isclose(theirs["p"], theirs["fry_p"]).all() == (not theirs["own"].any())

"""What is wrong with the arms of a panel is told at once, with its place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sidemine.study.check_panels import check_panel
from sidemine.study.hypotheses import CompoundArm, Hypothesis
from sidemine.study.rows import Contrast
from sidemine.study.sheets import AnyId


def panel(asks: str = "class_wide", **changed: Any) -> Hypothesis:
    """Return a panel without a mistake: two compounds of the class, two doses of A beside, and one compound of another."""
    arms = [
        {"contrast": "a", "compound": "A", "dose": 1},
        {"contrast": "b", "compound": "B", "dose": 1},
        {"contrast": "a_high", "compound": "A", "dose": 10},
        {"contrast": "x", "compound": "X", "of_class": False},
    ]
    primary = {"set": "SET", "contrasts": changed.pop("primary", ["a", "b"]), "direction": "down"}
    compounds = {"asks": asks, "arms": changed.pop("arms", arms)}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Is it the whole class?", "kind": "panel", "primary": primary, "compounds": compounds}
        | changed
    )


def contrasts(**changed: dict[str, Any]) -> dict[str, Contrast]:
    """Return the contrasts of the arms."""
    plain = {
        "dataset": "d",
        "role": "inhibitor",
        "reference": "arm = vehicle",
        "target_label": "t",
        "reference_label": "r",
    }
    return {
        name: Contrast.model_validate({"contrast": name, "target": f"arm = {name}"} | plain | changed.get(name, {}))
        for name in ("a", "b", "a_high", "x")
    }


def told(hypothesis: Hypothesis, rows: dict[str, Contrast] | None = None) -> list[str]:
    """Return what is wrong."""
    rows = rows or contrasts()
    return [problem.what for problem in check_panel(hypothesis, rows, frozenset(rows), "config.yaml")]


def test_arms_whose_rows_cannot_be_read_are_told_of_elsewhere():
    """As where another sheet is named in place of contrasts.tsv: the ids are there, the rows are not."""
    assert check_panel(panel(), {}, AnyId(), "config.yaml") == []


def test_a_right_panel_is_right():
    assert told(panel()) == []
    assert told(panel("dose", primary=["a", "a_high"])) == []


MISTAKES = {
    "kind panel and the key compounds do not go together": (panel(compounds=None), None),
    "kind experiment and the key compounds do not go together": (panel(kind="experiment"), None),
    "primary contrast x is no arm of the panel's class": (panel(primary=["a", "x"]), None),
    "primary contrast c is no arm of the panel's class": (panel(primary=["a", "c"]), None),
    "the arms of a panel come from 2 datasets, and one linear model holds one": (
        panel(),
        contrasts(b={"dataset": "e"}),
    ),
    "the arms of a panel differ in column covariates, and one linear model has one": (
        panel(),
        contrasts(b={"covariates": "age"}),
    ),
    "the arms that carry the answer have different references": (panel(), contrasts(b={"reference": "arm = water"})),
    "A has several primary contrasts, and each compound counts once": (panel(primary=["a", "b", "a_high"]), None),
    "a panel rests on one contrast": (panel(primary=["a"]), None),
    "a dose response is asked of 2 compounds together": (panel("dose", primary=["a", "b", "a_high"]), None),
    "a time is missing or stands twice": (panel("time", primary=["a", "a_high"]), None),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_named(what):
    assert what in told(*MISTAKES[what])


def test_an_arm_that_is_no_contrast_is_named():
    rows = contrasts()
    del rows["x"]
    assert told(panel(), rows) == ["there is no contrast 'x'"]


def test_arms_of_a_response_differ_in_nothing_else():
    arms = [
        {"contrast": "a", "compound": "A", "dose": 1, "time": 2},
        {"contrast": "a_high", "compound": "A", "dose": 10, "time": 24},
    ]
    wrong = told(panel("dose", primary=["a", "a_high"], arms=arms))
    assert wrong == ["the arms of a dose response differ in something else too"]


def test_an_arm_stands_once():
    arms = [{"contrast": name, "compound": name.upper()} for name in ("a", "b", "b")]
    assert told(panel(arms=arms)) == ["arm b is listed twice"]


def arms(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return the arms of a panel that asks for a class: A and B, and what is changed of them."""
    pairs = zip(("a", "b", "x"), "ABX", strict=True)
    plain = [{"contrast": name, "compound": word, "of_class": name != "x"} for name, word in pairs]
    return {"arms": [row | changed for row, changed in zip(plain, [*rows, {}, {}, {}], strict=False)]}


@pytest.mark.parametrize(
    ("changed", "rows", "what"),
    [
        (arms({"compound": "Rux"}, {"compound": "rux"}), {}, "compounds Rux, rux differ only in upper and lower case or blanks"),
        (arms({}, {}, {"compound": "A"}), {}, "compound A is of the class in one arm and of another class in another"),
        (arms(), {"b": {"target": "arm =  a"}}, "arms a, b have the same samples, and would count as different arms"),
        (
            arms({"cell": "HeLa"}, {"cell": "THP-1"}),
            {"b": {"reference": "arm=vehicle"}},
            "arms of HeLa, THP-1 have one reference, so that cells and compounds differ together",
        ),
        (arms({"time": 2}, {"time": 24}), {}, "compounds at times 2, 24 are compared with one vehicle"),
    ],
)  # fmt: skip
def test_what_would_count_one_thing_as_two_is_named(changed, rows, what):
    assert told(panel(**changed), contrasts(**rows)) == [what]


def test_a_reference_may_be_written_in_two_ways():
    assert told(panel(), contrasts(b={"reference": "arm=vehicle"})) == []


@pytest.mark.parametrize("amount", [float("inf"), float("nan"), 0, -1, "10 nM", "1e-8 M", "0,5", True])
def test_a_dose_is_a_finite_number_above_0(amount):
    with pytest.raises(ValidationError, match="dose"):
        CompoundArm.model_validate({"contrast": "a", "compound": "A", "dose": amount})

"""A fact of one dataset makes its contrasts untestable; `on_untestable: stop` makes it an error that names them."""

from __future__ import annotations

import pandas as pd
import pytest
from contrast_to_fit import to_fit

from sidemine.differential.design_check import check_designs
from sidemine.differential.record import DesignCheck
from sidemine.errors import Problem, StudyError
from sidemine.study.rows import Contrast


def _contrast(name, **cells):
    row = {
        "contrast": name,
        "dataset": "one",
        "role": "disease",
        "target": "state = sick",
        "reference": "state = well",
        "target_label": "sick",
        "reference_label": "well",
    }
    return to_fit(Contrast.model_validate({**row, **cells}))


@pytest.fixture
def samples():
    """Return eight samples of which the place tells the state."""
    table = pd.DataFrame(
        {
            "sample": [f"G{number}" for number in range(8)],
            "unit": [f"G{number}" for number in range(8)],
            "fate": "used",
            "state": ["sick"] * 4 + ["well"] * 4,
            "place": ["north"] * 4 + ["south"] * 4,
            "age": ["41", "52", "", "37", "45", "60", "33", "48"],
        },
        dtype=object,
    )
    return {"one": table}


MISTAKES = {
    "small": (
        {"reference": "sample in (G5, G6)"},
        ["the reference group has 2 independent units, fewer than the minimum of 3", "G5, G6"],
    ),
    "overlapping": ({"reference": "place = north"}, ["4 samples belong to both"]),
    "unmeasured": ({"covariates": "age"}, ["covariate age is missing in 1 samples", "G2"]),
    "mistyped": ({"covariates": "plaec"}, ["covariate plaec does not exist", "Did you mean place?"]),
    "mistyped_block": ({"block": "plaec"}, ["block column plaec does not exist", "Did you mean place?"]),
    "aliased": ({"covariates": "place"}, ["not of full rank", "separated by place", "north", "target  reference"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_finding_is_kept_and_the_rest_goes_on(name, samples):
    """By default one contrast that cannot be tested stops nothing; its finding has all four parts."""
    cells, words = MISTAKES[name]
    findings = check_designs(
        [_contrast(name, **cells), _contrast("good")], samples, min_group_size=3, on_untestable="continue"
    )
    assert findings["good"] == DesignCheck(True, [])
    assert findings[name].testable is False
    told = "\n".join(str(problem) for problem in findings[name].problems)
    for word in [*words, "where:", "allowed:", "next:"]:
        assert word in told


def test_stop_names_every_contrast_that_cannot_be_tested(samples):
    """With `on_untestable: stop` all findings are told at once, each with the contrast that it is about."""
    contrasts = [_contrast(name, **cells) for name, (cells, _) in MISTAKES.items()]
    with pytest.raises(StudyError) as caught:
        check_designs(contrasts, samples, min_group_size=3, on_untestable="stop")
    assert len(caught.value.problems) == len(MISTAKES)
    for name in MISTAKES:
        assert f"contrasts.tsv, contrast {name}: " in str(caught.value)


def test_verified_selectors_that_match_nothing_stop_everything_at_once(samples):
    """Both sides wrong, in two verified rows: four problems, each with the values that exist and their counts."""
    contrasts = [
        _contrast("a", target="state = Sick", reference="stat = well"),
        _contrast("b", target='state ~ "[a-z]{7}"', reference="state = healthy"),
    ]
    with pytest.raises(StudyError) as caught:
        check_designs(contrasts, samples, min_group_size=3, on_untestable="continue", verified_contrasts=["a", "b"])
    message = str(caught.value)
    assert message.startswith("4 problems")
    for words in (
        '"sick" × 4, "well" × 4',
        "a column 'stat'",
        "Did you mean state?",
        "contrast b, column target",
        "only this contrast would",
    ):
        assert words in message


def test_unverified_selectors_that_match_nothing_cost_their_contrast_only(samples):
    """Nobody has seen the record yet: the row is not testable, with the values that exist; the others are checked."""
    both = 'state = sick and place = "the north"'
    contrasts = [_contrast("a", target=both, reference="stat = well"), _contrast("good")]
    findings = check_designs(contrasts, samples, min_group_size=3, on_untestable="continue")
    assert findings["good"].testable is True
    assert findings["a"].testable is False
    told = "\n".join(str(problem) for problem in findings["a"].problems)
    for words in ('"north" × 4', "Did you mean state?", 'each part alone: state = "sick" × 4; place = "the north" × 0'):
        assert words in told
    with pytest.raises(StudyError, match="2 problems"):
        check_designs(contrasts, samples, min_group_size=3, on_untestable="stop")


def test_a_dataset_that_does_not_fit_its_row_costs_its_contrasts_only(samples):
    """Even a verified contrast of such a dataset stops nothing: its dataset's unverified row is what is wrong. A verified one does."""
    problem = Problem("the selector matches no sample", "column subset", "values", "Choose.")
    samples["two"] = samples["one"].iloc[:0]
    contrasts = [_contrast("a", dataset="two"), _contrast("good")]
    given = {"min_group_size": 3, "on_untestable": "continue", "mismatches": {"one": [], "two": [problem]}}
    findings = check_designs(contrasts, samples, **given, verified_contrasts=["a"], verified_datasets=["one"])
    assert findings["a"] == DesignCheck(False, [problem])
    assert findings["good"].testable is True
    with pytest.raises(StudyError, match="the selector matches no sample"):
        check_designs(contrasts, samples, **given, verified_datasets=["two"])


def test_a_message_cannot_command_the_terminal():
    """Metadata of a record may hold escape sequences or turn the direction of writing: they are shown, not obeyed."""
    told = str(Problem("value '\x1b[2Jx\rgone\x9b1m'", "a\u202eb", "y\ttab\nline", "z"))
    assert told == (
        "value '\\x1b[2Jx\\rgone\\x9b1m'\n  where:   a\\u202eb\n  allowed: y\ttab\n           line\n  next:    z"
    )


def test_a_cross_table_stays_a_table_under_its_heading():
    """Further lines of a part are indented as one, so that its columns stay below each other."""
    told = str(Problem("w", "head\nvalue  a\nx      1", "y", "z"))
    assert told == "w\n  where:   head\n           value  a\n           x      1\n  allowed: y\n  next:    z"

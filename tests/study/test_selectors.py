"""The selector grammar: what it accepts, what it means, how it refuses."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError, StudyError
from sidemine.study.selector_nodes import And, Comparison, Not, Or
from sidemine.study.selectors import (
    Selector,
    SelectorError,
    describe_values,
    matches_nothing,
    parse_selector,
)

SAMPLES = pd.DataFrame(
    {
        "tissue": ["Whole  blood", " Whole blood", "Liver", "liver", ""],
        "title": ["a_rep1", "a_rep2", "b_rep1", "b_rep2", "c"],
        "note": ["x", None, float("nan"), pd.NA, 'say "x"'],
    },
    index=pd.Index(["GSM1", "GSM2", "GSM3", "GSM4", "GSM5"], name="sample"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tissue = Liver", "00100"),
        ('tissue = "whole blood"', "00000"),
        ('tissue = "Whole blood"', "11000"),
        ("tissue = 'Whole   blood '", "11000"),
        ("tissue != Liver", "11011"),
        ('tissue = ""', "00001"),
        ('title ~ "_rep[12]$"', "11110"),
        ('title ~ "^a"', "11000"),
        ("tissue in (Liver, liver)", "00110"),
        ('not tissue IN ("Liver", "liver")', "11001"),
        ("title = c OR title ~ rep1 AND NOT tissue = Liver", "10001"),
        ("(title = c or title ~ rep1) and not tissue = Liver", "10001"),
        ("not not title = c", "00001"),
        ('note = ""', "01110"),
        ('note = "say ""x"""', "00001"),
        ("note = 'say \"x\"'", "00001"),
        ('sample in ("GSM1", GSM5)', "10001"),
        ('"title" = "c"', "00001"),
        ('title ~ "\\w_rep\\d"', "11110"),
        ('title ~ "(?i)^A_"', "11000"),
    ],
)
def test_meaning(text, expected):
    """Each form of the grammar chooses the samples that its documentation says."""
    found = parse_selector(text).matches(SAMPLES)
    assert found.dtype == bool
    assert "".join("01"[int(one)] for one in found) == expected


@pytest.mark.parametrize(
    ("text", "words", "position"),
    [
        ("", "empty", 1),
        ("   ", "empty", 1),
        ("tissue", "one of = != ~ in is expected", 7),
        ("tissue = ", "a value is expected", 9),
        ("= x", "a column name is expected", 1),
        ("tissue == x", "a value is expected", 9),
        ("tissue = whole blood", "'blood' is not expected", 16),
        ('tissue = "whole', "never closed", 10),
        ("(tissue = x", "'\\)' is expected", 12),
        ("tissue = x)", "'\\)' is not expected", 11),
        ("tissue in x", "'\\(' is expected", 11),
        ("tissue in ()", "a value is expected", 12),
        ("tissue in (a b)", "'\\)' is expected", 14),
        ("tissue = and", "a value is expected", 10),
        ("tissue = a and", "a column name is expected", 15),
        ("tissue = a or or b = c", "a column name is expected", 15),
        ("tissue ! a", "'!' cannot stand here", 8),
        ('title ~ "("', "does not compile", 9),
        ('title ~ "a(?=b)"', "looks ahead or behind", 9),
        (r'title ~ "(a)\1"', "refers back to a group", 9),
        (f'title ~ "{"a" * 201}"', "longer than 200", 9),
        ('"" = a', "cannot be empty", 1),
        ("(" * 60 + "a = b" + ")" * 60, "nested deeper", None),
        ("not " * 60 + "a = b", "nested deeper", None),
        ("a = " + "b" * 2000, "longer than 2000", None),
    ],
)
def test_refusals_point_at_the_place(text, words, position):
    """A selector that does not parse is refused with the position and a caret."""
    with pytest.raises(SelectorError, match=words) as caught:
        parse_selector(text, "contrasts.tsv, line 3, column target")
    where = caught.value.problems[0].where
    assert where.startswith("contrasts.tsv, line 3, column target, character ")
    if position is not None:
        assert f"character {position}\n" in where
    shown, caret = where.split("\n")[1:]
    assert caret.strip() == "^"
    assert len(caret) <= len(shown) + 1
    assert isinstance(caught.value, StudyError)


def test_patterns_of_any_shape_answer_at_once():
    """Shapes that Python's own engine would try for longer than the sun burns are matched in one pass."""
    samples = pd.DataFrame({"title": ["a" * 10_000, "a" * 10_000 + "b"]})
    for pattern in ("(a+)+b$", "(a|a)*b$", "(a|aa)+b$", "a*a*a*a*a*a*a*a*a*a*b", "^(a?){100}a{100}.*b"):
        assert parse_selector(f'title ~ "{pattern}"').matches(samples).tolist() == [False, True]


def test_unknown_column_lists_what_exists():
    """A column that the samples do not have is told, with the columns that exist and the nearest."""
    with pytest.raises(InputError, match=r"'tisue'(?s:.*)sample, tissue, title, note(?s:.*)mean tissue") as caught:
        parse_selector("tisue = Liver and titl = a").matches(SAMPLES, "contrasts.tsv, line 2")
    assert len(caught.value.problems) == 2
    assert "contrasts.tsv, line 2" in str(caught.value)


def test_values_are_described_with_counts():
    """The values that exist are told commonest first, long lists are cut."""
    assert describe_values(SAMPLES, "tissue") == '"Whole blood" × 2, (empty) × 1, "Liver" × 1, "liver" × 1'
    assert describe_values(SAMPLES, "title", limit=1) == '"a_rep1" × 1, and 4 further values'
    problem = matches_nothing(parse_selector("tissue = Brain"), SAMPLES, "contrasts.tsv, line 2")
    assert '"Whole blood" × 2' in problem.allowed
    assert "inspect" in problem.next_step


def test_selectors_name_their_columns():
    """Columns are known without samples."""
    assert parse_selector('a = 1 and (b ~ "x" or not "c d" in (1))').columns == {"a", "b", "c d"}


def test_equal_selectors_are_equal():
    """Layout and quotes do not matter, meaning does."""
    assert parse_selector("a  =  'b  c'") == parse_selector('"a" = "b c"')
    assert parse_selector("a = b and c = d") != parse_selector("c = d and a = b")


def test_documented_examples_parse():
    """Every example of config/README.md is a selector."""
    text = (Path(__file__).resolve().parents[2] / "config" / "README.md").read_text(encoding="utf-8")
    table = text.split("| you write |")[1].split("\n\n")[0]
    examples = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(examples) >= 8
    for example in examples:
        assert parse_selector(example)


_columns = st.sampled_from(["tissue", "title", "odd name", "and", 'q"uote'])
_values = st.text(max_size=12).map(lambda text: " ".join(text.split()))
_patterns = st.sampled_from(["^a", "b$", "[0-9]+", r"\d", "x|y", 'a"b', "(?i)Z"])
_comparisons = st.one_of(
    st.builds(lambda column, value: Comparison(column, "=", (value,)), _columns, _values),
    st.builds(lambda column, value: Comparison(column, "!=", (value,)), _columns, _values),
    st.builds(lambda column, pattern: Comparison(column, "~", (pattern,)), _columns, _patterns),
    st.builds(lambda column, values: Comparison(column, "in", tuple(values)), _columns, st.lists(_values, min_size=1)),
)
_nodes = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
_cells = st.sampled_from(["a", "b", "a1", "x", "", 'a"b', "zz"]) | st.text(max_size=6)
_frames = st.integers(0, 6).flatmap(
    lambda n: st.fixed_dictionaries(
        {name: st.lists(_cells, min_size=n, max_size=n) for name in ("tissue", "title", "odd name", "and", 'q"uote')}
    )
)


@given(_nodes)
def test_text_of_a_selector_parses_to_the_same_selector(node):
    """str and parse_selector are inverse to each other."""
    assert parse_selector(str(Selector(node))) == Selector(node)


@given(_nodes, _nodes, _frames)
def test_de_morgan(left, right, columns):
    """not (a and b) is (not a) or (not b), on any samples."""
    samples = pd.DataFrame(columns, dtype=object)
    negated = Selector(Not(And((left, right)))).matches(samples)
    spread = Selector(Or((Not(left), Not(right)))).matches(samples)
    assert np.array_equal(negated, spread)
    assert negated.shape == (len(samples),)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text):
    """No text makes the parser fail in any other way than by its own refusal."""
    with contextlib.suppress(SelectorError):
        assert isinstance(parse_selector(text), Selector)

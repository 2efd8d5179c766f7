"""Regular expressions of users: what Python's engine says, in linear time; what RE2 lacks is refused with words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.study.models import DerivedColumn
from sidemine.study.patterns import compile_pattern


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a(?=b)", "looks ahead or behind"),
        ("(?<!a)b", "looks ahead or behind"),
        (r"(a)\1", "refers back to a group"),
        ("(?P<x>a)(?P=x)", "refers back to a group"),
        ("a++b", "possessive"),
        ("(?>a+)b", "atomic group"),
        ("(a)?(?(1)b|c)", "holds a condition"),
        (r"[^\W_]+", r"write|name what is meant"),
        ("a{,3}", "write {0,n} for {,n}"),
        ("(", "missing"),
        ("[a", "missing"),
        ("*a", "no argument|missing"),
        ("a\\", "trailing|escape|missing"),
        ("((a{100}){100}){100}", "repetition|large"),
        ("a" * 1001, "longer than 1000"),
    ],
)
def test_what_cannot_be_matched_in_linear_time_is_refused(text: str, words: str) -> None:
    """In words, when the study is read; the same for derived columns."""
    with pytest.raises(ValueError, match=words):
        compile_pattern(text)
    with pytest.raises(ValueError, match=words):
        DerivedColumn.model_validate({"from": "title", "regex": f"({text})"})


_PATTERNS = [
    r"\w+", r"^\W$", r"[\W_]", r"[\w-]+$", r"\d{2}", r"[\d.]+", r"\D", r"\s", r"\S+\s", r"[\s,]", r"(?i)ß|É",
    r"a|ab", "(a|ab)(c|bcd)", "(.*?)[AB]?", "x{0,2}y", r"\.", r"[\]]", "[]a]", "[^]a]", r"[\^a]", "a$", "^a", r"\Aa|b\Z", "(a)?b",
    r"(?:a|b)+c?", "[(+*)]+", r"\(a+\)", ".", r"é\w", "[à-ÿ]", r"\t", "",
]  # fmt: skip


@given(st.sampled_from(_PATTERNS), st.text("aAbBcdxy09_-. ,(]^+éÉßµ中٣\u00a0\u0301\t", max_size=8))
def test_both_engines_agree(text: str, value: str) -> None:
    """Found or not, and what the first group takes of a whole match, are as with Python's own engine."""
    pattern, python = (
        compile_pattern(f"({text})"),
        re.compile(f"({text})" if "(?i)" not in text else f"(?i)({text[4:]})"),
    )
    assert pattern.found_in(value) == (python.search(value) is not None)
    match = python.fullmatch(value)
    assert pattern.first_group(value) == (match[1] or "" if match else None)


@given(st.text(max_size=30), st.text(max_size=10))
def test_any_text_is_compiled_or_refused_in_words(text: str, value: str) -> None:
    """No pattern and no value, lone surrogates included, makes another error."""
    try:
        pattern = compile_pattern(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert pattern.found_in(value + "\ud800") in {True, False}

"""What the beginning of a file says of its form."""

from __future__ import annotations

import pytest

from sidemine.sources.forms import HEAD, find_wrong_form

NAMES = "\t".join(f"perturbation_{number}" for number in range(14_000))
ROW = "\t".join(["STAT1", *["0.25"] * 14_000])


@pytest.mark.parametrize("comment", ["", "# Simulated.\n"])
@pytest.mark.parametrize("rows", ["", "gene\tsymbol\n"], ids=["header_cut", "row_cut"])
def test_a_table_wider_than_its_beginning_is_left_to_its_reader(comment, rows):
    """A table of thousands of columns, whose first or second row is longer than what is looked at, is not refused."""
    data = f"{comment}{rows}gene\t{NAMES}\n{ROW}\n".encode()
    assert len(data) > HEAD
    for form in ("numbers", "table"):
        assert find_wrong_form(data[:HEAD], form) is None


@pytest.mark.parametrize("text", ["gene\tname\nSTAT1\tsignal\n", "one line of words " * 5000])
def test_words_are_no_table_of_numbers(text):
    """Neither a short table without numbers nor a long line of prose."""
    assert find_wrong_form(text.encode()[:HEAD], "numbers") == "its beginning is not that of a table of numbers"

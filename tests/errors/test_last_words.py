"""What a failed run says last: every problem in its own words, and nothing else."""

from __future__ import annotations

import os

import pytest

from sidemine.errors import Problem, SidemineError
from sidemine.script_log import collect_errors, log_to


def _run(path, error):
    with pytest.raises(SystemExit), log_to(str(path)):
        raise error


def test_all_problems_of_a_run_are_told_with_their_logs(tmp_path):
    """Several jobs fail: each problem keeps its four parts, and says in which log it stands."""
    problems = [Problem("it is cut short", "a.gz", "a whole file", "Fetch it."), Problem("no", "b", "c", "d")]
    _run(tmp_path / "retrieve" / "a.log", SidemineError(problems))
    _run(tmp_path / "read.log", SidemineError(Problem("the selector matches no sample", "x", "y", "z")))
    told = collect_errors(tmp_path, 0)
    for words in ("[2] no", "next:    Fetch it.", "the selector matches no sample", "retrieve/a.log", "read.log"):
        assert words in told
    assert "ERROR" not in told


def test_a_bug_is_told_in_one_line_and_asks_to_be_reported(tmp_path):
    """A traceback stands in the log, where it can be reported from; the last words name the error only."""
    _run(tmp_path / "fit.log", ZeroDivisionError("division by zero"))
    told = collect_errors(tmp_path, 0)
    assert "ZeroDivisionError: division by zero" in told
    assert "Traceback" not in told
    assert "Please report it" in told
    assert "Traceback" in (tmp_path / "fit.log").read_text(encoding="utf-8")


def test_a_bug_is_told_with_the_contrast_that_it_struck(tmp_path):
    """A job for a whole dataset says where in it an error happened."""
    error = ZeroDivisionError("division by zero")
    error.add_note("This happened in contrast a.")
    _run(tmp_path / "analyse.log", error)
    assert "ZeroDivisionError: division by zero This happened in contrast a." in collect_errors(tmp_path, 0)


def test_errors_of_earlier_runs_and_mere_warnings_are_not_told(tmp_path):
    """Only what failed in this run is told; notes and warnings of jobs that went well are not."""
    _run(tmp_path / "old.log", SidemineError(Problem("old", "b", "c", "d")))
    os.utime(tmp_path / "old.log", (1000, 1000))
    with log_to(str(tmp_path / "good.log")):
        import logging

        logging.getLogger("sidemine.prepare").warning("two spellings of one label")
    (tmp_path / "strange.log").write_bytes(b"\xff no line of ours")
    assert collect_errors(tmp_path, 2000) == ""
    assert collect_errors(tmp_path / "nowhere", 0) == ""

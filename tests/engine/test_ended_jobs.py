"""A job that was killed says nothing: the run tells of it and tries it again. A mistake is told by the job, and only once."""

from __future__ import annotations

import logging

import pytest

from sidemine.engine import ended_jobs
from sidemine.engine.ended_jobs import EndedJob, FailureWatch

MISTAKE = "2026-01-01 10:00:00,000 ERROR sidemine: nothing matches\n  where:   contrasts.tsv\n"
KILLED = "slurmstepd: error: StepId=7.0 exceeded memory limit (900 > 500), being killed\n"


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """A watch that hears Snakemake's log; `refused` are the rules that must not be tried again."""
    monkeypatch.setattr(ended_jobs, "state_of", lambda job: "FAILED")
    refused: list[str] = []
    heard = FailureWatch(0.0, refused.append)
    logger = logging.getLogger("of a test")
    logger.addHandler(heard)
    yield heard, refused, logger
    logger.removeHandler(heard)


def failure(folder, rule="fit", said="", output="out"):
    """What Snakemake says of a failed job."""
    log = folder / f"{rule}.log"
    if said:
        log.write_text(said)
    return {"rule_name": rule, "log": [str(log)], "output": [str(folder / output)]}


def test_a_mistake_is_not_tried_again(watch, tmp_path):
    """Nor is any job of its group: the group is tried again as long as one of its rules may."""
    heard, refused, logger = watch
    jobs = [failure(tmp_path, "read_samples", MISTAKE), failure(tmp_path, "prepare_gene_sets")]
    logger.error("group", extra={"event": "group_error", "aux_logs": [], "job_error_info": jobs, "external_jobid": "7"})
    assert refused == ["read_samples", "prepare_gene_sets"]
    assert heard.problems() == []


def test_a_killed_job_is_told_with_the_words_of_the_scheduler(watch, tmp_path, capsys):
    """It may be tried again; what a later try made good is no problem at the end."""
    heard, refused, logger = watch
    log = tmp_path / "7.log"
    log.write_text(f"Config file: /home/cancelled/config.yaml\n{KILLED}")
    given = failure(tmp_path)
    logger.error(
        "job", extra={**given, "event": "job_error", "log": [*given["log"], str(log)], "aux": {"external_jobid": "7"}}
    )
    logger.error(
        "job", extra={**given, "event": "job_error", "indent": True, "aux": {}}
    )  # once more, as part of a group
    assert "killed for memory: fit" in capsys.readouterr().err
    (problem,) = heard.problems()
    assert "job 7 of the scheduler (FAILED)\n  | slurmstepd: error: StepId=7.0 exceeded memory limit" in problem.where
    assert "mem_mb" in problem.next_step
    (tmp_path / "out").write_text("")
    assert heard.problems() == []
    assert refused == []


def test_of_a_killed_group_those_are_named_that_had_begun(watch, tmp_path):
    """Jobs that waited for their turn are not suspected; where none had begun, all are."""
    heard, _, logger = watch
    jobs = [failure(tmp_path, "fit", "2026 INFO sidemine: fitting\n"), failure(tmp_path, "pool")]
    given = {"event": "group_error", "aux_logs": [], "external_jobid": "7"}
    logger.error("group", extra={**given, "job_error_info": jobs})
    logger.error("group", extra={**given, "job_error_info": jobs[1:]})
    assert [job.rules for job in heard.ended] == [("fit",), ("pool",)]


def test_ctrl_c_is_no_problem(watch, tmp_path):
    """Whoever stopped the run knows why its jobs ended."""
    heard, _, logger = watch
    given = failure(tmp_path, said="2026-01-01 10:00:00,000 WARNING sidemine: stopped from outside (Ctrl-C)\n")
    logger.error("job", extra={**given, "event": "job_error", "aux": {}})
    assert heard.problems() == []


@pytest.mark.parametrize(
    ("state", "log", "reason"),
    [
        ("OUT_OF_MEMORY", "", "killed for memory"),
        ("FAILED", "Detected 1 oom_kill event in StepId=9.0", "killed for memory"),
        ("TIMEOUT", "*** JOB 9 CANCELLED AT 2026 DUE TO TIME LIMIT ***", "its time ran out"),
        ("TIMEOUT", "slurmstepd: error: *** JOB 9 ON bedroom1 CANCELLED DUE TO TIME LIMIT ***", "its time ran out"),
        ("NODE_FAIL", "", "its machine failed"),
        ("CANCELLED", "", "cancelled"),
        ("", "", "ended without a word"),
    ],
)
def test_the_reason_is_read_from_what_the_scheduler_keeps(state, log, reason):
    assert EndedJob(("fit",), (), "9", state, (log,)).reason == reason

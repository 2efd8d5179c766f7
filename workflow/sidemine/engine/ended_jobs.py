"""Jobs that ended without a word of their own: killed for memory or time, cancelled, lost with their machine.

What went wrong with a study, its jobs tell in their logs (`script_log.py`), and a repetition would say the same. A job that was
killed tells nothing: it is tried again where the run has `retries`, with more memory, and the scheduler's log is quoted.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sidemine.engine.slurm import state_of
from sidemine.errors import Problem
from sidemine.script_log import errors_in, was_stopped

_QUOTED = 6
"""Lines of a scheduler's log that are quoted."""
_TOLD_BY_SCHEDULER = re.compile(
    r"\s*(slurmstepd|srun: error|sbatch: error|=>> PBS|TERM_|Killed|a job was ended from outside)|.*(oom[-_ ]kill|out of memory)",
    re.IGNORECASE,
)
"""Lines that schedulers write, and our own: the others are Snakemake's, which hold paths."""


@dataclass(frozen=True)
class EndedJob:
    """A submission that ended without a word: a job, or several that a cluster ran in one.

    Attributes
    ----------
    rules
        Its rules, or the name of the group and those rules of it that had begun.
    outputs
        What it should have written.
    identity
        Its number at the scheduler; '' for a job of this machine.
    state
        Its state in the scheduler's words; '' where that does not tell.
    log
        What the scheduler kept of it: the lines that say why it ended.
    """

    rules: tuple[str, ...]
    outputs: tuple[str, ...]
    identity: str
    state: str
    log: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why it was ended, as far as the scheduler tells."""
        told = " ".join([self.state, *self.log]).lower().replace("_", " ").replace("-", " ")
        for words, reason in _REASONS.items():
            if re.search(words, told):
                return reason
        return "ended without a word"

    def problem(self) -> Problem:
        """Return it as a problem, with what to do."""
        name = ", ".join(self.rules)
        submission = f", job {self.identity} of the scheduler" if self.identity else ""
        state = f" ({self.state})" if self.state else ""
        quoted = "".join(f"\n  | {line}" for line in self.log)
        return Problem(
            f"a job was ended from outside: {self.reason}",
            f"{name}{submission}{state}{quoted}",
            "as much memory and time as its data need, on a machine that stays up",
            _NEXT.get(
                self.reason, "Give the same command again; if it ends in the same way, ask whoever runs the machine."
            ),
        )


_MEMORY = "killed for memory"
_TIME = "its time ran out"
_NODE = "its machine failed"
_CANCELLED = "cancelled"
_REASONS = {
    r"\boom|out of memory|memory limit": _MEMORY,
    "time limit|timeout": _TIME,
    "node fail|boot fail": _NODE,
    "cancelled|preempted": _CANCELLED,
}
_NEXT = {
    _MEMORY: "Give it more: --set-resources RULE:mem_mb=16000 with the name of its rule (docs/clusters.md).",
    _TIME: "Give it more: --set-resources RULE:runtime=600 (minutes) with the name of its rule (docs/clusters.md).",
    _NODE: "Give the same command again.",
    _CANCELLED: "Somebody ended it (scancel); give the same command again when that is settled.",
}


@dataclass(eq=False)  # a handler is told apart by itself
class FailureWatch(logging.Handler):
    """Hears of every job that failed, when Snakemake says so: before it decides whether to try again.

    Attributes
    ----------
    since
        When the run began (seconds since 1970).
    forbid_retry
        Is told the name of a rule that told of a mistake: it is not tried again.
    ended
        The jobs that ended without a word, in order.
    """

    since: float
    forbid_retry: Callable[[str], object]
    ended: list[EndedJob] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Sort a failure that Snakemake tells of; anything else passes by."""
        given = record.__dict__
        event = str(given.get("event", "")).rpartition(".")[2].lower()
        if event == "group_error":
            jobs, more, logs = given["job_error_info"], given, given["aux_logs"]
        elif event == "job_error" and not given.get("indent"):
            jobs, more, logs = [given], given.get("aux") or {}, given["log"]
        else:
            return
        self.hear(jobs, str(more.get("external_jobid") or ""), logs)

    def hear(self, jobs: Sequence[Mapping[str, object]], identity: str, logs: Iterable[object]) -> None:
        """Sort a failed submission: a mistake is not tried again; what ended without a word is kept and told.

        Parameters
        ----------
        jobs
            Its jobs as Snakemake describes them: `rule_name`, `log`, `output`.
        identity
            Its number at the scheduler.
        logs
            Its logs, those of the scheduler among them.
        """
        own = {str(path) for job in jobs for path in _words(job["log"])}
        if any(errors_in(Path(path), self.since) for path in own):
            for job in jobs:
                self.forbid_retry(str(job["rule_name"]))
            return
        if any(was_stopped(Path(path), self.since) for path in own):
            return
        kept = [line for path in sorted({*own, *map(str, logs)}) for line in _said(Path(path))]
        begun = [job for job in jobs if any(_is_since(Path(path), self.since) for path in _words(job["log"]))]
        state = state_of(identity) if identity.isdigit() else ""
        lost = EndedJob(
            tuple(sorted({str(job["rule_name"]) for job in (begun or jobs)})),
            tuple(str(path) for job in jobs for path in _words(job["output"])),
            identity,
            state,
            tuple(kept[-_QUOTED:]),
        )
        self.ended.append(lost)
        sys.stderr.write(f"{lost.problem().what}: {', '.join(lost.rules)}\n")

    def problems(self) -> list[Problem]:
        """Return what ended without a word and was not made good by another try."""
        lost = [job for job in self.ended if not all(Path(path).exists() for path in job.outputs)]
        return [job.problem() for job in {job.outputs: job for job in lost}.values()]


def _words(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, Sequence) else []


def _is_since(path: Path, since: float) -> bool:
    return path.is_file() and path.stat().st_mtime >= since


def _said(path: Path) -> list[str]:
    """Return the lines of a scheduler's log that tell how a job ended."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip()[:200] for line in lines if _TOLD_BY_SCHEDULER.match(line)]

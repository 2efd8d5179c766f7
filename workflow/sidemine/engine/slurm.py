"""What a run on Slurm asks Slurm itself: how it tells that jobs have ended, and whether jobs of an earlier run still work."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sidemine.errors import Problem, StudyError
from sidemine.retrieve.record import replace_file
from sidemine.text.phrases import first_of

LONGEST_LOOK = 180
"""Seconds that the Slurm plugin of Snakemake may let pass between two looks at its jobs."""
_PATIENCE = 30
"""Seconds that a question to Slurm may take."""
_NAME_FILE = ".slurm_run"
_NAME = re.compile(rb"\s*([\w.-]{1,200})\s*")
"""What names the jobs of a run: it is given to commands, and shown to be copied into one."""
_LISTED = 10
"""Most jobs that are listed."""


@dataclass(frozen=True)
class SlurmSite:
    """How this Slurm keeps what it knows of jobs that have ended.

    Attributes
    ----------
    keeps_accounts
        Whether it has an accounting database, which `sacct` asks.
    remembers
        Seconds for which `squeue` shows a job that has ended (`MinJobAge`); None where Slurm does not tell.
    """

    keeps_accounts: bool
    remembers: int | None


def read_site(configuration: str) -> SlurmSite:
    r"""Read how a Slurm keeps its jobs from the words of `scontrol show config`.

    >>> read_site("AccountingStorageType   = accounting_storage/none\nMinJobAge               = 300 sec")
    SlurmSite(keeps_accounts=False, remembers=300)
    """
    settings = dict(re.findall(r"^(\w+)\s*=\s*(.*?)\s*$", configuration, re.MULTILINE))
    age = re.match(r"\d+", settings.get("MinJobAge", ""))
    accounts = settings.get("AccountingStorageType", "")
    # Later versions of Slurm write (null) where older ones write accounting_storage/none.
    keeps = not accounts.endswith("/none") and accounts != "(null)"
    return SlurmSite(keeps, int(age[0]) if age is not None else None)


def choose_status_command(site: SlurmSite, given: str) -> tuple[str, str]:
    """Choose the command by which Snakemake learns that jobs have ended.

    Where accounting is off, `sacct` answers nothing, and a run that asks it waits for ever.

    Parameters
    ----------
    site
        This Slurm.
    given
        What Snakemake would use: the user's word, or its own guess.

    Returns
    -------
    tuple of str
        The command, and why, in a sentence.

    Raises
    ------
    StudyError
        When no command can tell.
    """
    if site.keeps_accounts:
        return given, f"Slurm keeps accounts: the end of jobs is learnt from {given}."
    if site.remembers is not None and site.remembers <= LONGEST_LOOK:
        raise StudyError(
            Problem(
                "nothing on this Slurm would tell that a job has ended",
                f"accounting is off, and squeue forgets a job {site.remembers} seconds after its end (MinJobAge)",
                f"an accounting database (slurmdbd), or MinJobAge above {LONGEST_LOOK}",
                "Ask whoever runs this Slurm to raise MinJobAge (300 is its default), or run without `executor: slurm` inside "
                "one job of your own: docs/clusters.md says how.",
            )
        )
    return "squeue", "Slurm keeps no accounts, so sacct answers nothing: the end of jobs is learnt from squeue."


def configuration_of_slurm() -> str:
    """Return the words of `scontrol show config`; '' where Slurm does not answer."""
    return _ask("scontrol", "show", "config") or ""


def state_of(job: str) -> str:
    """Return the state of a job in Slurm's words (`OUT_OF_MEMORY`, `CANCELLED`); '' where it does not tell."""
    match = re.search(r"\bJobState=(\w+)", _ask("scontrol", "show", "job", job) or "")
    return match[1] if match else ""


class StatusSettings(Protocol):
    """Settings of the Slurm plugin of Snakemake: how, and how soon, it asks whether jobs have ended."""

    status_command: str
    init_seconds_before_status_checks: int


def begin_on_slurm(settings: StatusSettings, name: str, results: Path) -> str:
    """Settle how this run learns that jobs have ended, and keep their name, by which the next run finds them.

    Parameters
    ----------
    settings
        Settings of the plugin, which are changed where they would not do.
    name
        The name that all jobs of this run have.
    results
        Folder of the study's results.

    Returns
    -------
    str
        What was chosen and why.
    """
    site = read_site(configuration_of_slurm())
    settings.status_command, why = choose_status_command(site, settings.status_command)
    if settings.status_command == "squeue" and site.remembers is not None:
        # With a first look later than this the plugin would ask sacct all the same.
        soon = max(1, site.remembers // 3)
        settings.init_seconds_before_status_checks = min(settings.init_seconds_before_status_checks, soon)
    replace_file(results / _NAME_FILE, f"{name}\n".encode())
    return why


def refuse_jobs_of_earlier_run(results: Path) -> None:
    """Refuse a run while jobs of an earlier one of the same results are still in Slurm's queue.

    Where Snakemake was killed, its jobs stay: they would write the same files as the new ones.

    Parameters
    ----------
    results
        Folder of the study's results.

    Raises
    ------
    StudyError
        When there are such jobs, or Slurm cannot be asked for them.
    """
    kept = results / _NAME_FILE
    if not kept.exists() or shutil.which("squeue") is None:  # without squeue: the results were taken to another machine
        return
    name = _name_in(kept)
    if name is None:
        raise StudyError(
            Problem(
                "the name of the jobs of an earlier run cannot be read, and they may still write the same files",
                str(kept),
                "one line with the name that all jobs of a run have: letters, digits, _, - and .",
                "Look whether any of your jobs belongs to this study (squeue --me), and delete the file when none does.",
            )
        )
    told = _ask("squeue", "--noheader", "--name", name, "--format", "%i %T")
    end = f"Wait for their end and give the same command again, or end them first: scancel --name {name}"
    if told is None:
        raise StudyError(
            Problem(
                "Slurm does not answer, so jobs of an earlier run may still write the same files",
                f"{kept}: jobs named {name}",
                "one run per results folder at a time",
                "Try again when `squeue` answers. Delete the file only if you know that those jobs have ended.",
            )
        )
    if told.strip():
        lines = told.strip().splitlines()
        jobs = first_of([_job_in_words(line) for line in lines], _LISTED)
        raise StudyError(
            Problem(
                "jobs of an earlier run of this study are still in Slurm's queue",
                f"{results}: jobs {jobs}",
                "one run per results folder at a time: they write the same files",
                end,
            )
        )


def _name_in(file: Path) -> str | None:
    """Return the name that a run kept; None where the file holds anything else, or is none."""
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        match = _NAME.fullmatch(stream.read(1000))
    return match[1].decode("ascii") if match else None


def _job_in_words(line: str) -> str:
    job, _, state = line.strip().partition(" ")
    return f"{job} ({state.lower()})" if state else job


def _ask(*words: str) -> str | None:
    """Return what a command of Slurm says; None where it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            words, capture_output=True, encoding="utf-8", errors="replace", timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout

"""What may be said on the command line of a run, after `--config`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sidemine.errors import Problem, StudyError
from sidemine.study.hints import did_you_mean

OVERRIDES = ("mirror", "results", "downloads", "lock")
"""Keys of config.yaml that the command line may replace: places, nothing that changes an answer."""

TYPED = "SIDEMINE_COMMAND"
"""Environment variable of a run: its command as the user typed it (`sidemine run …`)."""
_LOOKS = re.compile(
    r"--(dry-?run|lint|list.*|lt|lc|li|lp|lu|(rule|file)graph|(d3)?dag|summary|detailed-summary|report|print-compilation)(=.*)?"
    r"|-[lSD]|-[a-zA-Z]*n[a-zA-Z]*"
)
"""Words by which Snakemake tells of a study and runs none of its jobs."""

_ALLOWED = (*OVERRIDES, "relock", "config_file", "container")


def values_of(options: Sequence[str], name: str) -> list[str]:
    """Return the values of an option, written as `--name value …`, `--name=value` or (of one letter) `-nvalue`."""
    values: list[str] = []
    reading = False
    for option in options:
        if option.startswith("-"):
            reading = option == name
            if option.startswith(f"{name}="):
                values.append(option.partition("=")[2])
            elif len(name) == len("-n") < len(option) and option.startswith(name):
                values.append(option[2:])
        elif reading:
            values.append(option)
    return values


def typed_command(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the command of a run as the user typed it.

    Parameters
    ----------
    words
        All words after `snakemake`.
    environment
        Environment variables: `sidemine run` leaves its own command there.
    """
    return environment.get(TYPED) or shlex.join(["snakemake", *words])


def profiles_of(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the profiles that a run was given, as they were typed; the default one of the workflow is not among them.

    >>> profiles_of(["--profile", "workflow/profiles/slurm", "--cores", "2"], {})
    ['workflow/profiles/slurm']
    """
    given = environment.get("SNAKEMAKE_PROFILE", "")
    typed = values_of(words, "--profile") or given.split(",")
    return [name for name in typed if name and name != "none"]


def given_to_run(config: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that a run was given: those after `--config`, or of a module its own, and ours of what was typed.

    Where another workflow uses this one as a module, other words after `--config` are that workflow's.

    Parameters
    ----------
    config
        What Snakemake gives the rules: of a module, what its `config:` says.
    typed
        What stands after `--config`.

    >>> given_to_run({"config_file": "a.yaml", "lock": "l"}, {"results": "r", "theirs": 1})
    {'config_file': 'a.yaml', 'lock': 'l', 'results': 'r'}
    """
    is_module = "config_file" in config and "config_file" not in typed
    return {**config, **{key: typed[key] for key in _ALLOWED if key in typed}} if is_module else dict(typed)


def study_file_of(config: Mapping[str, Any], configfiles: Sequence[str | Path]) -> Path:
    """Return the configuration of a run: that of a module, the last of `--configfile`, or `config/config.yaml`.

    Parameters
    ----------
    config
        What Snakemake gives the rules; `config_file` is what a workflow says that uses this one as a module.
    configfiles
        Files after `--configfile`.

    >>> study_file_of({"config_file": "a.yaml"}, ["b.yaml"]).name, study_file_of({}, ["b.yaml", "c.yaml"]).name
    ('a.yaml', 'c.yaml')
    >>> study_file_of({}, []).as_posix()
    'config/config.yaml'
    """
    return Path(config.get("config_file") or (configfiles[-1] if configfiles else "config/config.yaml"))


def check_command_line(given: Iterable[str]) -> None:
    """Refuse what nothing reads: it would be passed over in silence.

    Parameters
    ----------
    given
        The keys that stand after `--config`.

    Raises
    ------
    StudyError
        With all keys that are unknown, and what they may have been meant to be.
    """
    problems = [
        Problem(
            f"unknown key {name!r} on the command line",
            f"--config {name}=…, or the config of a module",
            f"keys: {', '.join(_ALLOWED)}",
            did_you_mean(name, _ALLOWED) + "Correct the key, or set it in config.yaml.",
        )
        for name in given
        if name not in _ALLOWED
    ]
    if problems:
        raise StudyError(problems)


def only_looks(words: Iterable[str]) -> bool:
    """Tell whether a command line asks to be told of the jobs and to run none: nothing is written, and no lock is held.

    Snakemake itself (`workflow.dryrun`) knows it only after reading the rules.

    Parameters
    ----------
    words
        All words after `snakemake`.
    """
    return any(_LOOKS.fullmatch(word) for word in words)


def runs_a_group(words: Iterable[str]) -> bool:
    """Tell whether this Snakemake was started on a cluster to run the jobs of a group itself.

    Parameters
    ----------
    words
        All words after `snakemake`.
    """
    given = set(words)
    # With an executor of its own it only starts the one that does, within what the scheduler gave.
    return "--local-groupid" in given and "--executor" not in given


def wants_relock(config: Mapping[str, Any]) -> bool:
    """Tell whether changed inputs are to be recorded anew: `--config relock=yes`, and nothing that is near it.

    Raises
    ------
    StudyError
        When the value is neither yes nor no.
    """
    value = str(config.get("relock", "no")).lower()
    if value not in {"yes", "no", "true", "false"}:
        raise StudyError(
            Problem(
                "relock is neither yes nor no",
                f"--config relock={config['relock']}",
                "yes: changed inputs are recorded anew; no (the default): a changed input stops the run",
                "Say --config relock=yes, or leave it out.",
            )
        )
    return value in {"yes", "true"}

"""What may be said on the command line of a run, after `--config`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sidemine.errors import Problem, StudyError
from sidemine.study.hints import did_you_mean

OVERRIDES = ("mirror", "results", "downloads", "lock")
"""Keys of config.yaml that the command line may replace: places, nothing that changes an answer."""

_LOOKS = re.compile(
    r"--(dry-?run|lint|list.*|lt|lc|li|lp|lu|(rule|file)graph|(d3)?dag|summary|detailed-summary|print-compilation)(=.*)?"
    r"|-[lSD]|-[a-zA-Z]*n[a-zA-Z]*"
)
"""Words by which Snakemake tells of a study and runs none of its jobs."""

_ALLOWED = (*OVERRIDES, "relock", "config_file", "container")


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
            f"--config {name}=…",
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

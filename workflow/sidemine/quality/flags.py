"""One finding of a check: what was looked at, how it stands, the evidence, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from sidemine.errors import Problem

if TYPE_CHECKING:
    from sidemine.study.projections import DeclaredTraps

Status = Literal["ok", "warn", "problem"]
_STATUSES: tuple[Status, ...] = get_args(Status)

MOST_NAMED = 12
"""Samples that the evidence of a flag names; of more it tells the number."""

_DONE = {
    "warn": "told here; nothing was changed",
    "drop": "the samples named here take no part in any contrast of this dataset",
    "adjust": "the contrasts are adjusted for it",
    "stop": "the run stops",
}


@dataclass(frozen=True)
class Flag:
    """One finding.

    Attributes
    ----------
    trap
        Key of `settings.traps` that says what is done, or '' for a plain fact.
    check
        What should hold, in words.
    status
        ok, warn or problem.
    evidence
        The figures.
    consequence
        What was done about it; `none` when nothing needed doing.
    samples
        The samples concerned, sorted.
    serious
        Whether it is a reason to doubt the answer that should come first on a card.
    """

    trap: str
    check: str
    status: Status
    evidence: str
    consequence: str = "none"
    samples: tuple[str, ...] = ()
    serious: bool = False


def consequence_words(action: str, advice: str, done: str = "") -> str:
    """Say what was done (by the declared action) and what a reader should do.

    Parameters
    ----------
    action
        What the study declares: warn, drop, adjust or stop.
    advice
        What a reader should do.
    done
        What was done; '' takes the usual words of the action.

    >>> consequence_words("warn", "Look at the record.")
    'told here; nothing was changed (declared: warn). Look at the record.'
    """
    return f"{done or _DONE[action]} (declared: {action}). {advice}"


def stop_problems(flags: Sequence[Flag], traps: DeclaredTraps, where: str) -> list[Problem]:
    """Return the findings that the study declares to stop for.

    Parameters
    ----------
    flags
        Findings of the checks.
    traps
        What the study declares, by trap.
    where
        What was checked, for messages.
    """
    return [
        Problem(
            f"a check failed for which the study declares `stop`: {flag.check}",
            f"{where}: {flag.evidence}",
            f"settings.traps.{flag.trap}: warn, or another of its values, lets the run go on",
            "Mend the study (exclude samples with a reason, correct a column), or change the declared consequence.",
        )
        for flag in flags
        if flag.status != "ok" and traps.action(flag.trap) == "stop"
    ]


def worst_statuses(flags: Iterable[Flag]) -> dict[str, Status]:
    """Return the worst status of each trap, or of each check that belongs to none."""
    worst: dict[str, Status] = {}
    for flag in flags:
        name = flag.trap or flag.check
        worst[name] = max(worst.get(name, "ok"), flag.status, key=_STATUSES.index)
    return worst

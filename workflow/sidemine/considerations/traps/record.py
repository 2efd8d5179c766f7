"""What the checks of data and design found, as an answer card shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sidemine.quality.flags import Flag


@dataclass(frozen=True)
class Checks:
    """Findings of `quality.json`, by dataset and by contrast; a name without an entry has none."""

    dataset: Mapping[str, Sequence[Flag]] = field(default_factory=dict)
    contrast: Mapping[str, Sequence[Flag]] = field(default_factory=dict)


@dataclass(frozen=True)
class TrapFlag:
    """A finding that is not ok, with the dataset or contrast that it was made in."""

    where: Literal["contrast", "dataset"]
    name: str
    trap: str
    check: str
    status: str
    evidence: str
    consequence: str
    serious: bool


@dataclass(frozen=True)
class TrapColumns:
    """Columns of `verdicts.json`."""

    trap_flags: tuple[TrapFlag, ...]

    def serious_in(self, doubt: str) -> set[str]:
        """Return the traps whose serious findings a doubt tells."""
        return {flag.trap for flag in self.trap_flags if flag.serious and flag.evidence in doubt}

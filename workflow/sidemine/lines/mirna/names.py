"""Names of miRNAs, keyed on miRBase's accessions of mature sequences (MIMAT). A name that could mean two is never guessed.

Kozomara, Birgaoanu and Griffiths-Jones 2019 (doi 10.1093/nar/gky1141). The table `aliases` has one row per accession:
the accession, and all names that it has borne, separated by semicolons.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 200_000_000

_ACCESSION = re.compile(r"MIMAT\d{7,}")
_ARM = re.compile(r"-[53]p$")
_COPY = re.compile(r"(?<=\d)([a-z]*)-\d+$")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
"""What typesetters write for a hyphen."""
_HUMAN = "hsa-"
_BARE = re.compile(r"(mir|let)-")

AMBIGUOUS = "the name says no arm, and the miRNA has two"
SEVERAL = "several miRNAs have borne the name"
UNKNOWN = "the name is not in miRBase's aliases"
OTHER_SPECIES = "a miRNA of another species"


@dataclass(frozen=True)
class MirnaName:
    """What a name means: its accession, or None and why."""

    accession: str | None
    why: str = ""


class MirnaNames:
    """Human mature miRNAs by every name that they have borne.

    Parameters
    ----------
    aliases
        Accession and names of each sequence, hairpins and other species among them.
    """

    def __init__(self, aliases: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._by_name: dict[str, set[str]] = defaultdict(set)
        arms: dict[str, set[str]] = defaultdict(set)
        self._accessions: dict[str, str] = {}
        for accession, names in aliases:
            human = [name.strip() for name in names if name.strip().startswith(_HUMAN)]
            if not human or not _ACCESSION.fullmatch(accession):
                continue
            self._accessions[accession] = next((name for name in human if _ARM.search(name)), human[-1])
            for name in human:
                lower = name.casefold()
                self._by_name[lower].add(accession)
                if _ARM.search(lower):
                    bare = lower[:-3]
                    for base in {bare, _COPY.sub(r"\1", bare)}:
                        arms[base].add(lower[-2:])
        self._two_arms = {base for base, found in arms.items() if len(found) == 2}

    def __len__(self) -> int:
        """Return the number of human mature miRNAs."""
        return len(self._accessions)

    def label(self, accession: str) -> str:
        """Return the name under which the page shows an accession: the one with its arm, where there is one."""
        return self._accessions.get(accession, accession)

    def resolve(self, text: str) -> MirnaName:
        """Return what a name means: an accession, or a name with or without `hsa-`, upper and lower case alike.

        Parameters
        ----------
        text
            As it stands in a table.
        """
        name = text.strip().translate(_DASHES)
        if _ACCESSION.fullmatch(name.upper()):
            known = name.upper() in self._accessions
            return MirnaName(name.upper()) if known else MirnaName(None, "the accession is no human one of the aliases")
        name = name.casefold()
        if _BARE.match(name):
            name = _HUMAN + name
        if re.match(r"[a-z]{3,4}-(mir|let)-", name) and not name.startswith(_HUMAN):
            return MirnaName(None, OTHER_SPECIES)
        if name in self._two_arms:
            return MirnaName(None, AMBIGUOUS)
        keys = self._by_name.get(name, set())
        if len(keys) == 1:
            return MirnaName(next(iter(keys)))
        return MirnaName(None, SEVERAL if keys else UNKNOWN)

    def resolve_all(self, texts: Iterable[str]) -> Mapping[str, MirnaName]:
        """Return what each different text means."""
        return {text: self.resolve(text) for text in dict.fromkeys(texts)}


def read_aliases(path: Path) -> MirnaNames:
    """Read miRBase's `aliases.txt`: no header; an accession, a tab, names separated by semicolons.

    Raises
    ------
    InputError
        When the file is no such table, or holds no human mature miRNA.
    """
    table = read_delimited(path, separator="\t", header=False, quoting=False, max_bytes=MAX_BYTES)
    names = (
        MirnaNames((row[0].strip(), row[1].split(";")) for row in table.rows([0, 1])) if len(table.header) > 1 else ()
    )
    if not isinstance(names, MirnaNames) or not len(names):
        raise InputError(
            Problem(
                "the aliases hold no human mature miRNA",
                str(path),
                "miRBase's aliases.txt: MIMAT accession, tab, names separated by semicolons, for example hsa-miR-21-5p",
                "Name miRBase's file with files = aliases=…",
            )
        )
    return names

"""Find the column that tells the groups of a series, and which of its labels reads like a reference."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidemine.prepare.group_labels import LIKELY_GROUPS, LIKELY_REFERENCE, group_columns, look_alikes
from sidemine.scaffold.derivation import unused_name, with_derived
from sidemine.scaffold.proposal import Derivation
from sidemine.study.selector_nodes import Comparison, normalise

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.scaffold.proposal import StudyRole

COVARIATE_NAMES = re.compile(
    r"(^|_)(age|sex|gender|batch|plate|chip|slide|run|lane|scan|rin|bmi|race|ethnicity|site)(_|$)"
)
"""Columns that may stand beside the groups, never for them."""
_OF_ROLE = {
    "disease": re.compile(r"disease|diagnos|phenotype|status|group|condition|case"),
    "inhibitor": re.compile(r"inhibitor|drug|compound|treat|agent"),
}
_REPLICATE = r"(.*[^ _.-])[ _.-]+(?:[Rr]ep(?:licate)?|[Bb]iorep|[Rr]|[Nn]|#)?[ _.-]*[0-9]+"
_UNIT = re.compile(r"(?i)(rep(licate)?|r|n|d|p|s|donor|patient|subject|pt|sample|gsm)?[0-9]+[a-z]?")
_SOURCES = ("title", "source_name", "sample")


@dataclass(frozen=True)
class Label:
    """One group label: all its spellings, and how many samples bear it."""

    spellings: tuple[str, ...]
    count: int

    @property
    def text(self) -> str:
        """The label in words: its first spelling."""
        return self.spellings[0]

    @property
    def reads_like_reference(self) -> bool:
        """Whether a word of it is used of controls."""
        return any(LIKELY_REFERENCE.search(text) for text in self.spellings)

    @property
    def names_control(self) -> bool:
        """Whether it names a control, rather than only saying `non-`: a non-responder is a patient."""
        words = {word.lower() for text in self.spellings for word in LIKELY_REFERENCE.findall(text)}
        return bool(words - {"non"})

    def selector(self, column: str) -> Comparison:
        """Return what chooses its samples and no others: whole values, never parts of them."""
        return Comparison(column, "=" if len(self.spellings) == 1 else "in", self.spellings)


@dataclass(frozen=True)
class Grouping:
    """The column that tells the groups.

    Attributes
    ----------
    column
        Its name.
    derivation
        How it is made, where groups stand in names only.
    labels
        Its labels, the commonest first.
    samples
        The samples, with the column.
    notes
        What its author should know.
    """

    column: str
    derivation: Derivation | None
    labels: tuple[Label, ...]
    samples: pd.DataFrame
    notes: tuple[str, ...] = ()


def labels_of(samples: pd.DataFrame, column: str) -> tuple[Label, ...]:
    """Return the labels of a column, spellings of one label together, the commonest first.

    Parameters
    ----------
    samples
        Samples × metadata.
    column
        The column.
    """
    counts = Counter(normalise(value) for value in samples[column])
    del counts[""]
    together = {spelling: tuple(alike) for alike in look_alikes(counts) for spelling in alike}
    spelled = dict.fromkeys(together.get(value, (value,)) for value in sorted(counts))
    labels = [Label(spellings, sum(counts[text] for text in spellings)) for spellings in spelled]
    return tuple(sorted(labels, key=lambda label: (-label.count, label.text)))


def find_grouping(samples: pd.DataFrame, role: StudyRole) -> Grouping | None:
    """Return the likeliest column of groups, or None where no column has two labels on several samples each.

    A column with a label that reads like a reference comes first, then one named for what is asked, then one of the record
    itself before a part of the names, then the one whose two commonest labels cover most samples.

    Parameters
    ----------
    samples
        Samples × metadata.
    role
        Whether a disease or a drug is looked for.
    """
    groupings = [Grouping(name, None, labels_of(samples, name), samples) for name in group_columns(samples)]
    groupings = [grouping for grouping in groupings if not COVARIATE_NAMES.search(grouping.column)]
    groupings += _from_names(samples)
    usable = [grouping for grouping in groupings if sum(label.count > 1 for label in grouping.labels) > 1]

    def rank(grouping: Grouping) -> tuple[bool, bool, bool, bool, int]:
        labels = [label for label in grouping.labels if label.count > 1]
        references = sum(label.reads_like_reference for label in labels)
        name = "" if grouping.derivation else grouping.column
        return (
            0 < references < len(labels),
            bool(_OF_ROLE[role].search(name)),
            bool(LIKELY_GROUPS.search(name)),
            grouping.derivation is None,
            sum(label.count for label in labels[:2]),
        )

    return max(usable, key=rank, default=None)


def _from_names(samples: pd.DataFrame) -> list[Grouping]:
    """Return what names say: a name without its replicate number, or else each of the parts that all names have."""
    groupings = []
    for source in _SOURCES:
        if source != "sample" and source not in samples:
            continue
        values = [str(value) for value in (samples.index if source == "sample" else samples[source])]
        stems = _derived_groupings(samples, source, [_REPLICATE])
        parts = [] if stems else _derived_groupings(samples, source, _part_patterns(values))
        for part in parts:
            others = [", ".join(label.text for label in other.labels[:4]) for other in parts if other is not part]
            note = f"Each {source} has further parts that differ between samples ({'; '.join(others)}): not asked for."
            stems.append(replace(part, notes=(note,) if others else ()))
        groupings += stems
    return groupings


def _derived_groupings(samples: pd.DataFrame, source: str, patterns: list[str]) -> list[Grouping]:
    groupings = []
    name = unused_name("group", samples)
    for pattern in patterns:
        derivation = Derivation(name, source, pattern)
        made = with_derived(samples, derivation)
        if made is None or name not in group_columns(made):
            continue
        if sum(bool(_UNIT.fullmatch(value)) for value in made[name]) <= len(made) / 2:
            groupings.append(Grouping(name, derivation, labels_of(made, name), made))
    return groupings


def _part_patterns(values: list[str]) -> list[str]:
    """Return expressions for each part of names that all have as many parts, divided by _ or by a space."""
    patterns = []
    for mark in "_ ":
        counts = {value.count(mark) + 1 for value in values}
        number = counts.pop()
        if counts or not 2 <= number <= 8:
            continue
        part = f"[^{mark}]+"
        patterns += [
            (f"(?:{part}{mark}){{{place}}}" if place else "")
            + f"({part})"
            + (f"(?:{mark}{part}){{{number - place - 1}}}" if place < number - 1 else "")
            for place in range(number)
        ]
    return patterns

"""Which metadata columns may separate groups, and which of their labels read like a reference: read off words, never settled."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

MAX_GROUPS = 20
"""Most different values of a column that separates groups."""
LIKELY_GROUPS = re.compile(r"^(?!time)(.*(treat|disease|group|status|phenotype|condition|agent|stim|drug|diagnosis))")
LIKELY_REFERENCE = re.compile(
    r"(?i)(?<![a-z])(control|ctrl|ctl|mock|healthy|normal|dmso|vehicle|untreated|unstimulated|uninfected|unaffected"
    r"|buffer|placebo|baseline|adjacent|pbs|none|non)(?![a-z])"
)
NEVER_GROUPS = re.compile(
    r"^(contact_.*|.*_date|status|.*protocol|data_processing|supplementary_file.*|relation|data_row_count|taxid.*"
    r"|series_id|column)$"
)


def words_of(text: str) -> list[str]:
    """Return the words of a label in small letters; a + or - at the end of a word belongs to it: CD4+ is not CD4-."""
    return re.findall(r"[^\W_]+(?:[+-](?!\w))?", text.lower())


def look_alikes(values: Iterable[str]) -> list[list[str]]:
    """Return values that differ in capitals, spaces, punctuation or repeated words only: one label in several spellings.

    >>> look_alikes(["Healthy control", "healthy-control", "patient"])
    [['Healthy control', 'healthy-control']]
    """
    by_words: dict[frozenset[str], list[str]] = {}
    for value in values:
        by_words.setdefault(frozenset(words_of(value)), []).append(value)
    return [sorted(found) for words, found in by_words.items() if words and len(found) > 1]


def group_columns(samples: pd.DataFrame) -> list[str]:
    """Return the columns that could separate groups: 2 to 20 values, at least two of them on several samples."""
    found = []
    for name in map(str, samples.columns):
        counts = Counter(map(str, samples[name]))
        repeated = [value for value, count in counts.items() if count > 1 and value]
        if 2 <= len(counts) <= MAX_GROUPS and len(repeated) >= 2 and not NEVER_GROUPS.match(name):
            found.append(name)
    return found


def one_to_one(samples: pd.DataFrame, first: str, second: str) -> bool:
    """Tell whether two columns split the samples in the same way.

    Parameters
    ----------
    samples
        Samples × metadata.
    first, second
        Names of the columns.
    """
    pairs = set(zip(samples[first], samples[second], strict=True))
    return len(pairs) == samples[first].nunique() == samples[second].nunique()

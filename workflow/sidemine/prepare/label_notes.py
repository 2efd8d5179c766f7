"""Labels of metadata that seem to be spellings of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


_MAX_LABELS = 50


def find_label_notes(samples: pd.DataFrame) -> list[str]:
    """Return a sentence for each metadata label that seems to stand in several spellings.

    Spellings are alike when they differ in case, punctuation, white space, or in a repeated word only.
    """
    notes = []
    for name in samples.columns:
        labels = sorted({str(label) for label in samples[name]} - {""})
        if not 2 <= len(labels) <= _MAX_LABELS:
            continue
        alike: dict[str, list[str]] = {}
        for label in labels:
            alike.setdefault(_plain_label(label), []).append(label)
        for key, spellings in alike.items():
            if len(spellings) > 1 and re.search("[a-z]", key):
                quoted = " and ".join(map(repr, spellings))
                notes.append(f"column {name}: {quoted} look like spellings of one label")
    return notes


def _plain_label(label: str) -> str:
    # A plus sign tells CD4+ from CD4, so it stays; a word said twice does not count twice.
    words = re.findall(r"[a-z0-9+]+", re.sub(r"(?<=\w)[-_](?=\w)", "", label.lower()))
    return " ".join(dict.fromkeys(words))

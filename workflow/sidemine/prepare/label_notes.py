"""Labels of metadata that seem to be spellings of one, and samples without any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sidemine.text.phrases import first_of

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


def find_undescribed(samples: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return a sentence where some samples have no metadata at all, as those that a sample sheet lacks: they are in no group.

    Parameters
    ----------
    samples
        Samples × metadata, as text; titles say nothing.
    names
        Of the samples.
    """
    described = samples.drop(columns="title", errors="ignore") != ""
    bare = [name for name, any_cell in zip(names, described.any(axis=1), strict=True) if not any_cell]
    if not 0 < len(bare) < len(names):
        return []
    return [f"{len(bare)} of {len(names)} samples have no metadata and are in no group: {first_of(bare, 8)}"]


def _plain_label(label: str) -> str:
    # A plus sign tells CD4+ from CD4, so it stays; a word said twice does not count twice.
    words = re.findall(r"[a-z0-9+]+", re.sub(r"(?<=\w)[-_](?=\w)", "", label.lower()))
    return " ".join(dict.fromkeys(words))

"""Derived columns that a record's own words suggest: each is tried on every sample with the code that a run uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.prepare.derived_columns import derive_columns
from sidemine.study.models import DerivedColumn

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.scaffold.proposal import Derivation


def with_derived(samples: pd.DataFrame, derivation: Derivation) -> pd.DataFrame | None:
    """Return the samples with the derived column, or None where it has no value for some sample.

    Parameters
    ----------
    samples
        Samples × metadata.
    derivation
        The column to make.
    """
    if derivation.source != "sample" and derivation.source not in samples:
        return None
    rule = DerivedColumn.model_validate({"from": derivation.source, "regex": derivation.regex})
    made = derive_columns(samples, {derivation.column: rule}, "proposal")
    return None if (made[derivation.column] == "").any() else made


def unused_name(name: str, samples: pd.DataFrame) -> str:
    """Return a column name that the samples do not have yet.

    Parameters
    ----------
    name
        The name that one would like.
    samples
        Samples × metadata.
    """
    while name in samples or name == "sample":
        name += "_derived"
    return name

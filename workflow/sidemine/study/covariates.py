"""How a contrast names its covariates: a column, `factor(column)` or `number(column)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_DECLARED = re.compile(r"(factor|number)\(\s*([^()]*?)\s*\)")


@dataclass(frozen=True)
class Covariate:
    """A column of metadata in a design, and how it is declared to enter.

    Attributes
    ----------
    name
        The column.
    declared
        factor, number, or '' where the column itself must tell.
    """

    name: str
    declared: Literal["", "factor", "number"] = ""


def parse_covariate(text: str) -> Covariate:
    """Read one entry of `covariates`.

    Raises
    ------
    ValueError
        When it is none of the three forms.

    Examples
    --------
    >>> parse_covariate("age"), parse_covariate("factor(plate)")
    (Covariate(name='age', declared=''), Covariate(name='plate', declared='factor'))
    """
    match = _DECLARED.fullmatch(text.strip())
    if match and match[2]:
        return Covariate(match[2], "factor" if match[1] == "factor" else "number")
    if match or "(" in text or ")" in text:
        raise ValueError(f"{text!r} is neither a column, nor factor(column), nor number(column)")
    return Covariate(text.strip())

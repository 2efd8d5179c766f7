"""The selector grammar: which samples form a group, written over metadata columns.

    selector   := conjunction ("or" conjunction)*
    conjunction:= negation ("and" negation)*
    negation   := "not" negation | "(" selector ")" | comparison
    comparison := column "=" value | column "!=" value | column "~" "regular expression"
                | column "in" "(" value ("," value)* ")"

A column or value is a bare word, or quoted with ' or " (a doubled quote stands for one quote; a backslash is an
ordinary character, so that regular expressions need no second escaping). Keywords ignore case. Values are compared
case-sensitively after trimming and collapsing white space; an absent value is the empty text. Nothing is evaluated
as code: the text is cut into tokens and parsed by recursive descent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.study.hints import did_you_mean
from sidemine.study.selector_nodes import And, Comparison, Node, Not, normalise, quote
from sidemine.study.selector_parser import SelectorError, parse_nodes

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Selector", "SelectorError", "describe_values", "matches_nothing", "parse_selector"]


@dataclass(frozen=True)
class Selector:
    """A parsed selector; `str` gives its canonical text, equal selectors are equal objects.

    Attributes
    ----------
    node
        Root of the syntax tree.
    """

    node: Node

    def __str__(self) -> str:
        return str(self.node)

    @property
    def columns(self) -> frozenset[str]:
        """Names of the metadata columns that the selector reads."""
        return frozenset(comparison.column for comparison in _comparisons(self.node))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons, in the order in which they are written."""
        return tuple(_comparisons(self.node))

    def matches(self, samples: pd.DataFrame, where: str = "") -> np.ndarray:
        """Tell which samples the selector matches.

        Parameters
        ----------
        samples
            One row per sample, one column per metadata key; the index holds the sample ids and is known as the
            column `sample` where there is no column of that name.
        where
            File, row and column of the selector, for messages.

        Returns
        -------
        numpy.ndarray
            Boolean, shape (samples,), in row order.

        Raises
        ------
        SheetMismatch
            When the selector reads a column that the samples do not have.
        """
        unknown = sorted(name for name in self.columns if name not in samples.columns and name != "sample")
        if unknown:
            raise SheetMismatch([_unknown_column(name, samples, str(self), where) for name in unknown])
        values = {name: _column_values(samples, name) for name in self.columns}
        return _evaluate(self.node, values)


def _comparisons(node: Node) -> Iterator[Comparison]:
    if isinstance(node, Comparison):
        yield node
    else:
        for part in (node.part,) if isinstance(node, Not) else node.parts:
            yield from _comparisons(part)


def _evaluate(node: Node, values: Mapping[str, Sequence[str]]) -> np.ndarray:
    import numpy as np

    if isinstance(node, Comparison):
        column = values[node.column]
        known = {value: node.holds(value) for value in set(column)}
        return np.array([known[value] for value in column], dtype=bool)
    if isinstance(node, Not):
        return ~_evaluate(node.part, values)
    combine = np.logical_and if isinstance(node, And) else np.logical_or
    return np.asarray(combine.reduce([_evaluate(part, values) for part in node.parts]), dtype=bool)


def _column_values(samples: pd.DataFrame, column: str) -> list[str]:
    values = samples[column] if column in samples.columns else samples.index
    return [normalise(value) for value in values.tolist()]


def describe_values(samples: pd.DataFrame, column: str, limit: int = 12) -> str:
    """Return the values of a column with their counts, commonest first, as one line for a message.

    Parameters
    ----------
    samples
        Samples × recorded columns.
    column
        Name of the column.
    limit
        Most values that are listed.
    """
    counts = Counter(_column_values(samples, column))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{quote(value) if value else '(empty)'} × {count}" for value, count in ordered[:limit]]
    more = f", and {len(ordered) - limit} further values" if len(ordered) > limit else ""
    return ", ".join(shown) + more if shown else "no samples"


def matches_nothing(selector: Selector, samples: pd.DataFrame, where: str) -> Problem:
    """Return the problem of a selector without samples, with the values that exist in the columns it reads.

    Parameters
    ----------
    selector
        The selector.
    samples
        Samples × recorded columns.
    where
        File, row and column of the selector.
    """
    exists = "; ".join(f"{name}: {describe_values(samples, name)}" for name in sorted(selector.columns))
    parts = dict.fromkeys(_comparisons(selector.node))
    alone = "; ".join(f"{part} × {int(Selector(part).matches(samples).sum())}" for part in parts)
    return Problem(
        "the selector matches no sample",
        f"{where}, selector: {selector}" + (f" (each part alone: {alone})" if len(parts) > 1 else ""),
        f"values that exist, with the number of samples: {exists}",
        _nearest(selector, samples)
        + "Choose among these values; `sidemine inspect ACCESSION` prints all columns of the series.",
    )


def _nearest(selector: Selector, samples: pd.DataFrame) -> str:
    """Return what was perhaps meant by the values that no sample has: capitals, typing errors, quotes of a word processor."""
    near: dict[str, None] = {}
    for part in _comparisons(selector.node):
        known = [] if part.operator == "~" else [value for value in _column_values(samples, part.column) if value]
        near |= {did_you_mean(value, known): None for value in part.values if value not in known}
    return "".join(near)


def _unknown_column(name: str, samples: pd.DataFrame, text: str, where: str) -> Problem:
    existing = [str(column) for column in samples.columns]
    return Problem(
        f"the selector reads a column {name!r} that the samples do not have",
        f"{where + ', ' if where else ''}selector: {text}",
        "columns that exist: " + ", ".join(["sample", *(column for column in existing if column != "sample")]),
        did_you_mean(name, existing) + "`sidemine inspect ACCESSION` prints the columns of a series with their values.",
    )


def parse_selector(text: str, where: str = "selector") -> Selector:
    r"""Parse a selector.

    Parameters
    ----------
    text
        The selector, by the grammar of this module.
    where
        File, row and column that it comes from, for messages.

    Raises
    ------
    SelectorError
        With the position and a caret under the first character that cannot be understood.

    Examples
    --------
    >>> str(parse_selector('tissue = "whole  blood" AND not title ~ "_rep[12]$"'))
    'tissue = "whole blood" and not title ~ "_rep[12]$"'
    """
    return Selector(parse_nodes(text, where))

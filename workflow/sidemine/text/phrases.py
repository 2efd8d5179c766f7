"""Parts of sentences: lists, whole or cut, and a beginning with a capital letter."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(parts: Sequence[str], most: int, between: str = ", ", before_rest: str = " and ") -> str:
    """Return the first parts of a list, and how many more there are.

    Parameters
    ----------
    parts
        All of them.
    most
        How many are told.
    between, before_rest
        What stands between two parts, and before the number of the others.

    >>> first_of(["a", "b", "c"], 2), first_of(["a", "b"], 2)
    ('a, b and 1 more', 'a, b')
    """
    rest = f"{before_rest}{len(parts) - most:,} more" if len(parts) > most else ""
    return between.join(parts[:most]) + rest


def listed(parts: Sequence[str]) -> str:
    """Join words as in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def capitalised(text: str) -> str:
    """Return a text with a capital letter at its beginning; the others stay as they are.

    >>> capitalised("in no cohort of Ghent")
    'In no cohort of Ghent'
    """
    return f"{text[:1].upper()}{text[1:]}"

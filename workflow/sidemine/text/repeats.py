"""What stands more than once where each should stand once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)


def repeated(values: Iterable[Value]) -> list[Value]:
    """Return what stands more than once, in the order in which it first stands.

    >>> repeated(["b", "a", "b", "c", "a"])
    ['b', 'a']
    """
    return [value for value, count in Counter(values).items() if count > 1]

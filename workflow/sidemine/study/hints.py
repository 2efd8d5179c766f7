"""Near matches for messages: did you mean …?, and references to what does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from sidemine.errors import Problem


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `Did you mean …? ` (with a space after it) for the nearest known words, or nothing.

    Examples
    --------
    >>> did_you_mean("tisue", ["tissue", "age"])
    'Did you mean tissue? '
    >>> did_you_mean("zzz", ["tissue", "age"])
    ''
    >>> did_you_mean("age", ["tissue", "age_years"])
    'Did you mean age_years? '
    """
    by_lower = {name.lower(): name for name in sorted(set(known), reverse=True)}
    longer = [
        name for name in by_lower if word and name.startswith(f"{word.lower()}_")
    ]  # age (years) is column age_years
    near = get_close_matches(word.lower(), by_lower, n=2, cutoff=0.6) or longer[:2]
    return f"Did you mean {' or '.join(by_lower[name] for name in near)}? " if near else ""


def dangling(kind: str, name: str, known: Iterable[str], where: str) -> Problem:
    """Return the problem of a reference to something that does not exist.

    Parameters
    ----------
    kind
        What is referred to, for example gene set.
    name
        The id that is not there.
    known
        Ids that are.
    where
        File, row and column of the reference.
    """
    names = sorted(one for one in set(known) if one and one != "*")
    return Problem(
        f"there is no {kind} {name!r}",
        where,
        f"{kind} ids: {', '.join(names) or '(none)'}",
        did_you_mean(name, names) + f"Correct the reference, or add the {kind}.",
    )

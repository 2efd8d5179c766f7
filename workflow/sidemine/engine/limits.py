"""The memory and the time that a job asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sidemine.engine.local_files import megabytes_of


def get_limit(base: int, per_mb: float = 0, most: int = 32_000) -> Callable[[object, Iterable[str], int], int]:
    """Return the function that gives a job its memory (MB) or time (minutes).

    A base, so much more per MB of its inputs up to a limit, since what is large is read in parts; and as much again whenever it
    is tried again (`--retries`). docs/clusters.md has the measurements behind the numbers of the rules.

    Parameters
    ----------
    base
        What a job without large inputs needs.
    per_mb
        So much more per MB of its inputs.
    most
        Most that its first try asks for.

    Returns
    -------
    function
        As Snakemake calls it, by the names of its parameters.
    """

    def limit(wildcards: object, input: Iterable[str], attempt: int) -> int:  # noqa: ARG001
        return attempt * min(base + int(per_mb * megabytes_of(input)), most)

    return limit

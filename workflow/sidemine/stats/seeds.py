"""Seeds that depend on the study's seed and on names, and on nothing else that a study declares."""

from __future__ import annotations

import zlib


def named_seed(seed: int, *names: str) -> list[int]:
    """Return the entropy of one purpose: adding a contrast to a study leaves the random numbers of the others alone.

    Parameters
    ----------
    seed
        The study's seed.
    names
        What is drawn for: a contrast, a hypothesis, a set.
    """
    return [seed, *(zlib.crc32(name.encode()) for name in names)]

"""Names of the annex's figures: read at every start of the workflow, so nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Sequence

KINDS_OF_HYPOTHESIS = ("forest", "specificity", "confounders", "adjustment", "specification")
KINDS_OF_CONTRAST = ("histogram", "components")


def annex_names(hypotheses: Sequence[str], contrasts: Sequence[str]) -> dict[str, list[str]]:
    """Return the file names of the annex, per kind of figure.

    >>> annex_names(["q"], ["c"])["forest"], annex_names(["q"], ["c"])["histogram"]
    (['forest_q.svg'], ['histogram_c.svg'])
    """
    names = {kind: [f"{kind}_{key}.svg" for key in hypotheses] for kind in KINDS_OF_HYPOTHESIS}
    return names | {kind: [f"{kind}_{key}.svg" for key in contrasts] for kind in KINDS_OF_CONTRAST}

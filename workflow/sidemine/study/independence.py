"""What counts as one independent source of evidence."""

from __future__ import annotations

import re

_SERIES = re.compile(r"(?:gse|e-geod-)(\d+)(?:[-_.].*)?")
"""A series of GEO, also as ArrayExpress mirrors it (E-GEOD-48000) and with a part of it named (GSE14520-GPL571)."""


def source_of(declared: str, accession: str) -> str:
    """Return what counts as one independent source: the declared word, or else the accession.

    Tissue, platform, file and subset take nothing apart: two rows of one accession are one laboratory, and often one
    set of people or one culture. A declared word that is the accession of another row joins that row.

    Parameters
    ----------
    declared
        Word of column `source`; may be empty.
    accession
        As in `datasets.tsv`.
    """
    word = (declared.strip() or accession.strip()).casefold()
    series = _SERIES.fullmatch(word)
    return f"gse{series[1]}" if series else word

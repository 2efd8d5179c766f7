"""What counts as one independent source of evidence."""

from __future__ import annotations


def source_of(declared: str, accession: str, tissue: str) -> tuple[str, str]:
    """Return what counts as one independent source: the declared word, or else accession and tissue.

    Parameters
    ----------
    declared
        Word that data sets of the same cells and laboratory share; may be empty.
    accession, tissue
        As in `datasets.tsv`: contrasts of one accession and tissue may share samples or cells.
    """
    word = declared.strip().lower()
    # An accession holds no space, so that no word is taken for one.
    return (f"source {word}", "") if word else (accession, tissue)

"""Where a simulated file lies in a mirror folder: `https://HOST/PATH` is served from `FOLDER/HOST/PATH`."""

from __future__ import annotations

from pathlib import Path

from sidemine.retrieve.addresses import mirror_key

GEO = "https://ftp.ncbi.nlm.nih.gov/geo"
"""Root of GEO's file server."""


def series_url(accession: str, kind: str, name: str) -> str:
    """Return the address of a file of a series.

    Parameters
    ----------
    accession
        Series accession, GSEnnn.
    kind
        Folder of the file: matrix, suppl or soft.
    name
        Name of the file.

    >>> series_url("GSE19151", "matrix", "GSE19151_series_matrix.txt.gz")
    'https://ftp.ncbi.nlm.nih.gov/geo/series/GSE19nnn/GSE19151/matrix/GSE19151_series_matrix.txt.gz'
    """
    return f"{GEO}/series/{_shelf(accession)}/{accession}/{kind}/{name}"


def matrix_url(accession: str, platform: str = "") -> str:
    """Return the address of a series matrix; with `platform`, that of one platform of a series with several."""
    middle = f"-{platform}" if platform else ""
    return series_url(accession, "matrix", f"{accession}{middle}_series_matrix.txt.gz")


def annotation_url(platform: str) -> str:
    """Return the address of a platform's `.annot.gz`.

    >>> annotation_url("GPL571")
    'https://ftp.ncbi.nlm.nih.gov/geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz'
    """
    return f"{GEO}/platforms/{_shelf(platform)}/{platform}/annot/{platform}.annot.gz"


def mirror_path(mirror: Path, url: str) -> Path:
    """Return where the folder `mirror` keeps `url`, by the same key that retrieval looks for.

    >>> mirror_path(Path("m"), "https://zenodo.org/records/1/files/a.csv?download=1").as_posix()
    'm/zenodo.org/records/1/files/a.csv'
    """
    return mirror / mirror_key(url)


def _shelf(accession: str) -> str:
    """Return GEO's folder of an accession: the last three digits become nnn."""
    prefix, digits = accession[:3], accession[3:]
    return f"{prefix}{digits[:-3]}nnn"

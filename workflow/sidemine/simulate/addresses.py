"""Where a simulated file lies in a mirror folder: `https://HOST/PATH` is served from `FOLDER/HOST/PATH`."""

from __future__ import annotations

from pathlib import Path

from sidemine.retrieve.addresses import mirror_key
from sidemine.sources.geo_addresses import GEO_FILES, geo_folder, platform_annotation_urls, series_matrix_urls


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
    return f"{GEO_FILES}/series/{geo_folder(accession)}/{kind}/{name}"


def matrix_url(accession: str, platform: str = "") -> str:
    """Return the address of a series matrix; with `platform`, that of one platform of a series with several."""
    return series_matrix_urls(accession, platform)[-1]


def annotation_url(platform: str) -> str:
    """Return the address of a platform's `.annot.gz`.

    >>> annotation_url("GPL571")
    'https://ftp.ncbi.nlm.nih.gov/geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz'
    """
    return platform_annotation_urls(platform)[0]


def mirror_path(mirror: Path, url: str) -> Path:
    """Return where the folder `mirror` keeps `url`, by the same key that retrieval looks for.

    >>> mirror_path(Path("m"), "https://zenodo.org/records/1/files/a.csv?download=1").as_posix()
    'm/zenodo.org/records/1/files/a.csv'
    """
    return mirror / mirror_key(url)

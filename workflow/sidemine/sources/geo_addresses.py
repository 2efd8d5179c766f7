"""Where GEO keeps the files of a series and of a platform: pure functions of text."""

from __future__ import annotations

import re

from sidemine.errors import Problem, StudyError

GEO_FILES = "https://ftp.ncbi.nlm.nih.gov/geo"
GEO_SITE = "https://www.ncbi.nlm.nih.gov/geo"
NCBI_ASSEMBLY = "GRCh38.p13"


def geo_folder(accession: str) -> str:
    """Return GEO's folder of a series or platform: the last three digits become `nnn`.

    >>> geo_folder("GSE147507"), geo_folder("GSE50"), geo_folder("GPL97"), geo_folder("GPL10558")
    ('GSE147nnn/GSE147507', 'GSEnnn/GSE50', 'GPLnnn/GPL97', 'GPL10nnn/GPL10558')

    Raises
    ------
    StudyError
        When the accession is neither GSE nor GPL and digits.
    """
    match = re.fullmatch(r"(GSE|GPL)([1-9][0-9]*)", accession)
    if match is None:
        raise StudyError(
            Problem(
                "no address follows from this accession",
                f"accession {accession!r}",
                "a GEO series (GSE and digits) or platform (GPL and digits)",
                "Give the URL or the path of the file in the column that names it (file, metadata or platform_map).",
            )
        )
    return f"{match[1]}{match[2][:-3]}nnn/{accession}"


def series_folder_url(accession: str) -> str:
    """Return the address of the folder with all files of a series."""
    return f"{GEO_FILES}/series/{geo_folder(accession)}"


def raw_archive_url(accession: str) -> str:
    """Return the address of the archive of a series' supplementary files, one or more per sample."""
    return f"{series_folder_url(accession)}/suppl/{accession}_RAW.tar"


def series_matrix_urls(accession: str, platform: str = "") -> tuple[str, ...]:
    """Return the addresses of a series matrix: the plain form, then that of a series with several platforms.

    Parameters
    ----------
    accession
        GEO series, for example GSE19151.
    platform
        GEO platform, for example GPL571; without it only the plain form exists.
    """
    folder = f"{series_folder_url(accession)}/matrix"
    names = [f"{accession}_series_matrix.txt.gz"]
    if platform:
        names.append(f"{accession}-{platform}_series_matrix.txt.gz")
    return tuple(f"{folder}/{name}" for name in names)


def platform_annotation_urls(platform: str) -> tuple[str, ...]:
    """Return the addresses of a platform's annotation: GEO's curated one, then the submitter's full table (SOFT)."""
    return (
        f"{GEO_FILES}/platforms/{geo_folder(platform)}/annot/{platform}.annot.gz",
        f"{GEO_SITE}/query/acc.cgi?acc={platform}&targ=self&form=text&view=full",
    )


def ncbi_counts_urls(accession: str) -> tuple[str, ...]:
    """Return the address of the RNA-seq counts that NCBI computed for a series (rows are Entrez gene ids)."""
    geo_folder(accession)  # refuses what is no series
    name = f"{accession}_raw_counts_{NCBI_ASSEMBLY}_NCBI.tsv.gz"
    return (f"{GEO_SITE}/download/?type=rnaseq_counts&acc={accession}&format=file&file={name}",)


def ncbi_annotation_url() -> str:
    """Return the address of the gene annotation that belongs to NCBI's counts."""
    return f"{GEO_SITE}/download/?format=file&type=rnaseq_counts&file=Human.{NCBI_ASSEMBLY}.annot.tsv.gz"

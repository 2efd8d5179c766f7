"""Addresses and keys: a key never leads out of its folder, and different files have different keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import StudyError
from sidemine.retrieve.addresses import canonical_url, local_key, mirror_key, safe_name
from sidemine.sources.geo_addresses import (
    geo_folder,
    ncbi_annotation_url,
    ncbi_counts_urls,
    platform_annotation_urls,
    series_matrix_urls,
)
from sidemine.study.paths import is_url

SAFE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+,=()!%@&/")
segments = st.text(min_size=1, max_size=30).filter(lambda text: text not in {".", ".."})


def assert_stays_inside(key: str) -> None:
    path = PurePosixPath(key)
    assert not path.is_absolute()
    assert not {"..", ".", ""} & set(key.split("/"))
    assert set(key) <= SAFE
    assert max(len(part) for part in path.parts) <= 180
    assert len(key) <= 1400


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://zenodo.org/a/b.csv?download=1", "zenodo.org/a/b.csv"),
        ("HTTPS://Zenodo.ORG/a/b.csv#top", "zenodo.org/a/b.csv"),
        ("ftp://ftp.ncbi.nlm.nih.gov/geo/a.gz", "ftp.ncbi.nlm.nih.gov/geo/a.gz"),
        ("https://h.org/d/?type=x&acc=GSE1&format=file&file=f.tsv.gz", "h.org/d/f.tsv.gz"),
        ("https://h.org/d/?file=../../f", "h.org/d/..%2F..%2Ff"),
        ("https://h.org/d/?file=..", "h.org/d/%2E%2E"),
        ("https://h.org/q?b=2&a=1", "h.org/q@a=1&b=2"),
        ("https://h.org/q?a=x/y z", "h.org/q@a=x%2Fy%20z"),
        ("https://h.org/q?download=2", "h.org/q@download=2"),
        ("https://h.org/a/../../../b", "h.org/b"),
        ("https://h.org/a/%2e%2e/%2e%2e/b", "h.org/b"),
        ("https://h.org/a%2Fb", "h.org/a%2Fb"),
        ("https://h.org/{x}/*.gz", "h.org/%7Bx%7D/%2A.gz"),
        ("https://h.org", "h.org/index.html"),
        ("https://h.org/a/", "h.org/a/index.html"),
        ("https://h.org:8443/a", "h.org+8443/a"),
        ("https://local/a", "local+443/a"),
    ],
)
def test_keys_by_example(url: str, key: str) -> None:
    assert mirror_key(url) == key
    assert_stays_inside(key)


@pytest.mark.real_files
def test_the_keys_of_the_real_mirror(real_files: Path) -> None:
    """Every file of the mirror is found under the address that it was published under."""
    mirror = real_files / "mirror"
    found = [str(path.relative_to(mirror)) for path in mirror.rglob("*") if path.is_file()]
    assert len(found) >= 10
    assert [mirror_key(f"https://{place}") for place in found] == found
    for url in (
        "https://zenodo.org/records/8192729/files/CollecTRI_regulons.csv?download=1",
        series_matrix_urls("GSE14520", "GPL571")[1],
        series_matrix_urls("GSE42872")[0],
        platform_annotation_urls("GPL97")[0],
    ):
        assert (mirror / mirror_key(url)).is_file(), url


@given(st.lists(st.text(max_size=40), max_size=8), st.text(max_size=60))
def test_a_key_never_leads_out_of_its_folder(path: list[str], query: str) -> None:
    raw = "https://example.org/" + "/".join(path).replace("?", "").replace("#", "") + "?" + query.replace("#", "")
    try:
        key = mirror_key(raw)
    except StudyError:
        return
    assert_stays_inside(key)
    assert key.startswith("example.org/")
    assert mirror_key(raw) == key


@given(st.lists(segments, min_size=1, max_size=6), st.lists(segments, min_size=1, max_size=6))
def test_different_paths_have_different_keys(first: list[str], second: list[str]) -> None:
    keys = [mirror_key("https://h.org/" + "/".join(quote(part, safe="") for part in path)) for path in (first, second)]
    assert (keys[0] == keys[1]) == (first == second)


@given(st.dictionaries(segments, st.text(max_size=20), min_size=1, max_size=4))
def test_the_order_of_the_query_does_not_count(query: dict[str, str]) -> None:
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items()]
    keys = {mirror_key("https://h.org/q?" + "&".join(order)) for order in (pairs, pairs[::-1])}
    assert len(keys) == 1
    assert_stays_inside(keys.pop())


@given(st.text(max_size=500))
def test_any_text_makes_a_safe_name_and_a_safe_local_key(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    assert_stays_inside(safe_name(text))
    assert "/" not in safe_name(text)
    assert_stays_inside(local_key(text))


def test_long_names_are_bounded_and_stay_apart() -> None:
    keys = {mirror_key(f"https://h.org/q?genes={'A,' * 900}{number}") for number in range(20)}
    assert len(keys) == 20
    deep = [mirror_key("https://h.org/" + "abcdefgh/" * 400 + f"{number}.gz") for number in range(2)]
    assert deep[0] != deep[1]
    for key in [*keys, *deep]:
        assert_stays_inside(key)
    assert mirror_key("https://h.org/" + "x" * 400 + ".tsv.gz").endswith(".tsv.gz")


@pytest.mark.parametrize(
    ("accession", "folder"),
    [
        ("GSE50", "GSEnnn/GSE50"),
        ("GSE999", "GSEnnn/GSE999"),
        ("GSE1000", "GSE1nnn/GSE1000"),
        ("GSE147507", "GSE147nnn/GSE147507"),
        ("GPL97", "GPLnnn/GPL97"),
    ],
)
def test_geo_folders(accession: str, folder: str) -> None:
    assert geo_folder(accession) == folder


def test_geo_addresses_are_those_that_geo_publishes() -> None:
    base = "https://ftp.ncbi.nlm.nih.gov/geo"
    assert series_matrix_urls("GSE14520", "GPL571") == (
        f"{base}/series/GSE14nnn/GSE14520/matrix/GSE14520_series_matrix.txt.gz",
        f"{base}/series/GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz",
    )
    assert platform_annotation_urls("GPL97")[0] == f"{base}/platforms/GPLnnn/GPL97/annot/GPL97.annot.gz"
    assert platform_annotation_urls("GPL97")[1].endswith("acc.cgi?acc=GPL97&targ=self&form=text&view=full")
    assert mirror_key(ncbi_counts_urls("GSE100099")[0]).endswith(
        "geo/download/GSE100099_raw_counts_GRCh38.p13_NCBI.tsv.gz"
    )
    assert mirror_key(ncbi_annotation_url()) == "www.ncbi.nlm.nih.gov/geo/download/Human.GRCh38.p13.annot.tsv.gz"


@pytest.mark.parametrize("accession", ["E-MTAB-2232", "GSE", "GSE0", "gse50", "GSM1", "../GSE50", ""])
def test_no_address_is_guessed_for_other_accessions(accession: str) -> None:
    with pytest.raises(StudyError, match="no address follows from this accession"):
        geo_folder(accession)


def test_ncbis_ftp_addresses_become_https() -> None:
    assert canonical_url("ftp://ftp.ncbi.nlm.nih.gov/geo/a.gz") == "https://ftp.ncbi.nlm.nih.gov/geo/a.gz"


@pytest.mark.parametrize("url", ["ftp://ftp.ebi.ac.uk/a.gz", "http://example.org/a", "s3://bucket/a", "file:///etc/x"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(StudyError, match=r"an address (cannot be used|has no host)"):
        canonical_url(url)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(StudyError, match="carries a user name or password") as caught:
        mirror_key("https://me:geheim@h.org/a")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://", "https:///a", "https://h.org:99999/a", "https://[::1/a"])
def test_broken_addresses_are_refused(url: str) -> None:
    with pytest.raises(StudyError, match=r"an address (has no host|cannot be read)"):
        mirror_key(url)


def test_what_is_an_address() -> None:
    assert [is_url(text) for text in ("https://h/a", " ftp://h/a", "s3://b/a", "a/b", "/a", "C:/a", "")] == [
        *(True, True, True),
        *(False, False, False, False),
    ]


def test_importing_addresses_and_sources_stays_light() -> None:
    """The workflow imports these at every start, a dry run included."""
    code = "import sys, sidemine.retrieve.study_sources; sys.exit(bool({'pandas', 'numpy', 'requests'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

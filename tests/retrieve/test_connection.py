"""Where a server may lead us, and headers that no text of any kind can turn into an exception of our own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sidemine.retrieve.connection import _check_address, is_private
from sidemine.retrieve.patience import TransferFailed
from sidemine.retrieve.transfer import ContentRange, content_range, seconds_of_retry_after, strong_validator, total_size
from sidemine.sources.forms import Form, end_mark_of, error_in_place_of_data, find_wrong_form

PUBLIC = {"ftp.ncbi.nlm.nih.gov": ["130.14.250.7"], "inside.example": ["10.0.0.5"], "two.example": ["8.8.8.8", "::1"]}


def resolve(host: str) -> list[str]:
    return PUBLIC.get(host, [])


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://a.localhost/x",
        "https://10.1.2.3/x",
        "https://192.168.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0.0.0.0/x",
        "https://inside.example/x",
        "https://two.example/x",
    ],
)
def test_a_public_server_may_not_lead_inside(target: str) -> None:
    origin = "https://ftp.ncbi.nlm.nih.gov/x"
    with pytest.raises(TransferFailed, match="inside a private network"):
        _check_address(target, origin, allow_loopback_http=False, resolve=resolve)
    # Whoever asks for a private address, as in a mirror of the house, means it.
    _check_address(target, "https://10.0.0.1/x", allow_loopback_http=False, resolve=resolve)
    _check_address(target, target, allow_loopback_http=False, resolve=resolve)


def test_a_public_server_may_lead_to_another_one() -> None:
    for target in ("https://ftp.ncbi.nlm.nih.gov/y", "https://8.8.8.8/x", "https://not.known.here/x"):
        _check_address(target, "https://ftp.ncbi.nlm.nih.gov/x", allow_loopback_http=False, resolve=resolve)
    assert not is_private("https://not.known.here/x", resolve)


def answer(status: int, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize(
    ("told", "length", "expected"),
    [
        ("bytes 5-9/10", None, ContentRange(5, 9, 10)),
        ("bytes 5-9/10", "5", ContentRange(5, 9, 10)),
        ("bytes 5-9/*", "5", ContentRange(5, 9, None)),
        ("bytes 5-9/10", "6", None),
        ("bytes 9-5/10", None, None),
        ("bytes 5-10/10", None, None),
        ("bytes */10", None, None),
        ("bytes 5-9", None, None),
        ("octets 5-9/10", None, None),
        ("bytes 5-9/10, bytes 11-12/20", None, None),
        ("", None, None),
    ],
)
def test_a_content_range_is_read_to_the_letter(told: str, length: str | None, expected: ContentRange | None) -> None:
    headers = {"Content_Range": told, **({"Content_Length": length} if length else {})}
    assert content_range(answer(206, **headers)) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ETag": '"v1"', "Last_Modified": "Sun, 01 Feb 2026 10:00:00 GMT"}, '"v1"'),
        ({"ETag": 'W/"v1"'}, ""),
        ({"ETag": 'W/"v1"', "Last_Modified": "Sun, 01 Feb 2026 10:00:00 GMT"}, "Sun, 01 Feb 2026 10:00:00 GMT"),
        ({"Last_Modified": "Mon, 02 Feb 2026 09:59:30 GMT"}, ""),
        ({"Last_Modified": "Mon, 02 Feb 2027 10:00:00 GMT"}, ""),
        ({"ETag": "v1"}, ""),
        ({}, ""),
    ],
)
def test_only_what_proves_equal_bytes_is_a_validator(headers: dict[str, str], expected: str) -> None:
    assert strong_validator(answer(200, Date="Mon, 02 Feb 2026 10:00:00 GMT", **headers)) == expected


@given(
    st.dictionaries(st.sampled_from(["ETag", "Last_Modified", "Date", "Content_Range", "Content_Encoding"]), st.text())
)
def test_no_header_is_an_exception(headers: dict[str, str]) -> None:
    response = answer(206, **headers)
    strong_validator(response)
    total_size(response)
    content_range(response)


@given(st.text())
def test_no_retry_after_is_an_exception_or_negative(text: str) -> None:
    from datetime import UTC, datetime

    assert (seconds_of_retry_after(text, datetime(2026, 1, 1, tzinfo=UTC)) or 0.0) >= 0.0


FORMS: list[Form] = [
    "any", "series_matrix", "metadata", "platform", "table", "numbers", "gmt", "archive", "hdf5", "cells",
]  # fmt: skip


@given(st.binary(max_size=600), st.sampled_from(FORMS))
def test_any_beginning_is_judged(data: bytes, form: Form) -> None:
    assert find_wrong_form(data, form) is None or find_wrong_form(data, form)
    end_mark_of(data)


WORDS = st.text(
    st.characters(codec="ascii", exclude_characters="\t\r\n,;\"'", min_codepoint=32), min_size=1, max_size=12
)


@given(st.lists(WORDS, min_size=2, max_size=6), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_tables_of_numbers_are_let_in_whatever_the_names(names: list[str], values: list[float]) -> None:
    """A tab-separated table is a table, even where a sample is called Error or 404 Not Found, or a gene `<p>`."""
    header = "\t".join(["gene", *names])
    rows = [f"{names[0]}\t" + "\t".join([repr(value)] * len(names)) for value in values]
    table = "\n".join([header, *rows, ""]).encode()
    assert find_wrong_form(table, "numbers") is None
    assert find_wrong_form(table, "table") is None


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("numbers", "s1,s2\nSTAT1,1,2\nMX1,3,4\n"),
        ("numbers", '"","GSM1"\n"1","5.5"\n'),
        ("numbers", "# a comment\n\ngene s1 s2\nSTAT1 1 2\n"),
        ("numbers", "GSM1\nSTAT1\t5\n"),
        ("numbers", "gene\ts1\r\nSTAT1\t5\r\n"),
        ("numbers", "gene\ts1\rSTAT1\t5\r"),
        ("numbers", "ISG15\t12\nSTAT1\t5\n__no_feature\t7\n"),
        ("numbers", "Failed,Passed\nSTAT1,5\nMX1,<0.1\n"),
        ("table", "sample;age\nGSM1;45 years\n"),
        ("table", "probe_id\tsymbol\nP1\tSTAT1\n"),
        ("platform", "^Annotation\n!Annotation_date = x\n"),
        ("platform", "#ID = x\nID\tSymbol\n1\tA\n"),
        ("gmt", "SET\tx\tSTAT1\n"),
        ("gmt", "ERROR_PRONE_REPAIR\thttp://x\tSTAT1\tMX1\n"),
        ("metadata", '<?xml version="1.0"?>\n<MINiML xmlns="http://www.ncbi.nlm.nih.gov/geo/info/MINiML">\n'),
        ("metadata", "^SERIES = GSE1\n!Series_title = x\n"),
        ("series_matrix", '!Series_title\t"The <title> of a page & a <html> word"\n'),
        ("cells", "%%MatrixMarket matrix coordinate integer general\n"),
    ],
)
def test_what_depositors_write_is_let_in(form: Form, text: str) -> None:
    assert find_wrong_form(text.encode(), form) is None


LOOKS: list[tuple[bytes, str | None]] = [
    (b"[Header]\tx\n", None),
    (b"<5\t>3\n", None),
    (b"{}", "a JSON document"),
    (b"[1, 2]", "a JSON document"),
]


@pytest.mark.parametrize(("data", "expected"), LOOKS)
def test_data_that_begins_like_something_else(data: bytes, expected: str | None) -> None:
    tell: Callable[[bytes], str | None] = error_in_place_of_data
    assert tell(data) == expected

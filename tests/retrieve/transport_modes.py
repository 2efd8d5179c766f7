"""The ways in which a transfer goes wrong, as a table: what the server does, and what must come of it.

Every mode ends in one of two ways. *kept*: the right bytes, and nothing else, stand in the downloads folder. *refused*: a
`RetrievalError` in four parts, and no file. Modes that a patient client can survive must end as kept.
"""

from __future__ import annotations

import gzip
import io
import itertools
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from raw_server import Answer, RawServer, Reply, Request

from sidemine.errors import RetrievalError
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.connection import new_session
from sidemine.retrieve.download import fetch
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.patience import Pace, Retries
from sidemine.retrieve.record import record_path
from sidemine.sources.forms import Form

KEPT, REFUSED = "kept", "refused"
DATE = "Date: Mon, 02 Feb 2026 10:00:00 GMT"
SETTLED, FRESH = "Sun, 01 Feb 2026 10:00:00 GMT", "Mon, 02 Feb 2026 09:59:59 GMT"
PATIENT = Pace(connect=10, stall=15)
HASTY = Pace(connect=10, stall=0.2)


@dataclass(frozen=True)
class Mode:
    """One thing that a server does.

    Attributes
    ----------
    group, name
        What kind of misbehaviour, and which.
    content
        The right content, by its name in `contents`.
    answers
        What the server sends to the first, second … request; the last one for ever.
    outcome
        KEPT or REFUSED.
    words
        Must stand in the message of a refusal.
    pace
        The client's patience.
    kept
        The bytes that must be kept, where they are not those of `content`.
    """

    group: str
    name: str
    content: str
    answers: tuple[Answer, ...]
    outcome: str
    words: str = ""
    pace: Pace = field(default_factory=lambda: PATIENT)
    kept: bytes | None = None

    def __str__(self) -> str:
        return f"{self.group}: {self.name}, {self.content}"


@dataclass(frozen=True)
class Content:
    """A right file: the name that its address promises, what it is declared to be, and its bytes."""

    file: str
    form: Form
    data: bytes


@cache
def contents() -> dict[str, Content]:
    """Return one right file of each kind."""
    rows = "".join(f"GENE{number}\t{(number * 2654435761) % 2**32}\n" for number in range(6000))
    table = ("gene\ts1\n" + rows).encode()
    matrix = (
        '!Series_title\t"A series"\n!Sample_geo_accession\t"GSM1"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\n'
        + "".join(f'"P{number}"\t{number % 977 / 10}\n' for number in range(6000))
        + "!series_matrix_table_end\n"
    ).encode()
    record = (
        "^PLATFORM = GPL1\n!Platform_title = x\n#ID = \n!platform_table_begin\nID\tSymbol\n"
        + "".join(f"P{number}\tGENE{number}\n" for number in range(6000))
        + "!platform_table_end\n"
    ).encode()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in ("GSM1.txt", "GSM2.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(table)
            archive.addfile(member, io.BytesIO(table))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive_:
        archive_.writestr(zipfile.ZipInfo("sets.gmt"), table)
    gmt = "".join(f"SET{number}\tx\tSTAT{number}\tMX{number}\n" for number in range(3000)).encode()
    return {
        "gzip": Content("counts.tsv.gz", "numbers", gzip.compress(table, mtime=0)),
        "table": Content("counts.tsv", "numbers", table),
        "matrix": Content("GSE1_series_matrix.txt", "series_matrix", matrix),
        "matrix.gz": Content("GSE1_series_matrix.txt.gz", "series_matrix", gzip.compress(matrix, mtime=0)),
        "platform": Content("acc.cgi", "platform", record),
        "gmt": Content("sets.gmt", "gmt", gmt),
        "tar": Content("GSE1_RAW.tar", "archive", tar.getvalue()),
        "zip": Content("sets.gmt.zip", "archive", zipped.getvalue()),
        "utf16": Content("counts.txt", "numbers", b"\xff\xfe" + table.decode().encode("utf-16-le")),
    }


# ---------------------------------------------------------------------------------------------------- what is sent


def head(status: str = "200 OK", *headers: str) -> bytes:
    """Return the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", DATE, *headers, "", ""]).encode("latin-1")


def raw(data: bytes, end: str = "close") -> Answer:
    """Send these bytes."""
    return lambda request: Reply(data, end)


def send(
    data: bytes, *headers: str, status: str = "200 OK", length: int | str | None = -1, end: str = "close"
) -> Answer:
    """Send a body; `length` is what is announced: -1 the right one, None nothing."""
    announced = [] if length is None else [f"Content-Length: {len(data) if length == -1 else length}"]
    return raw(head(status, *announced, *headers) + data, end)


def cut(data: bytes, at: int, *headers: str, end: str = "close") -> Answer:
    """Announce all, send the beginning."""
    return send(data[:at], *headers, length=len(data), end=end)


def chunks(data: bytes, *, size: int = 7000, last: bytes = b"0\r\n\r\n", start: bytes = b"") -> bytes:
    """Return a body in chunks."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return start + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + last


def chunked(body: bytes, *headers: str, end: str = "close") -> Answer:
    """Send what is already in chunks."""
    return raw(head("200 OK", "Transfer-Encoding: chunked", *headers) + body, end)


def part(data: bytes, validator: str, told: str | None = None, *, shift: int = 0, more: tuple[str, ...] = ()) -> Answer:
    """Answer a range request with 206; `told` replaces the Content-Range ({start}, {end}, {size} are filled in)."""

    def answer(request: Request) -> Reply:
        wanted = request.headers.get("Range")
        if wanted is None:
            return send(data, validator)(request)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) + shift
        names = {"start": start, "end": len(data) - 1, "size": len(data)}
        shown = "bytes {start}-{end}/{size}" if told is None else told
        headers = [f"Content-Range: {shown.format(**names)}"] if shown else []
        return send(data[start:], *headers, validator, *more, status="206 Partial Content")(request)

    return answer


# --------------------------------------------------------------------------------------------------------- the table


def modes() -> list[Mode]:
    """Return all modes."""
    return [
        *cuts(),
        *without_length(),
        *in_chunks(),
        *ranges(),
        *validators(),
        *encodings(),
        *lengths(),
        *dressed_errors(),
        *statuses(),
        *redirects(),
        *broken_heads(),
        *stalls(),
    ]


def both(group: str, name: str, content: str, bad: Answer, words: str = "", pace: Pace = PATIENT) -> Iterator[Mode]:
    """Yield a fault that passes, and the same for ever."""
    right = send(contents()[content].data)
    yield Mode(group, f"{name}, once", content, (bad, right), KEPT, pace=pace)
    yield Mode(group, f"{name}, always", content, (bad,), REFUSED, words, pace)


def cuts() -> Iterator[Mode]:
    """Connections that close, or are reset, before all announced bytes came."""
    for name, content in contents().items():
        data = content.data
        for at in (0, 1, len(data) // 2, len(data) - 1):
            yield Mode("cut", f"at {at}, once", name, (cut(data, at), send(data)), KEPT)
        yield Mode("cut", "in half, always", name, (cut(data, len(data) // 2),), REFUSED, "several attempts")
    for name in ("gzip", "table"):
        data = contents()[name].data
        yield from both("cut", "reset in half", name, cut(data, len(data) // 2, end="reset"))
        line = data[: len(data) // 2].rfind(b"\n") + 1
        yield Mode("cut", "at a line end, once", name, (cut(data, line), send(data)), KEPT)


def without_length() -> Iterator[Mode]:
    """Bodies that end when the connection does: complete or not, nothing in the framing tells."""
    for name, content in contents().items():
        data = content.data
        whole = send(data, length=None)
        half = len(data) // 2
        line = data[:half].rfind(b"\n") + 1 or half
        old = raw(b"HTTP/1.0 200 OK\r\n\r\n" + data)
        yield Mode("no length", "whole", name, (whole,), KEPT)
        yield Mode("no length", "HTTP/1.0, whole", name, (old,), KEPT)
        for words, at in (("in half", half), ("at a line end", line), ("one byte short", len(data) - 1)):
            short = send(data[:at], length=None)
            yield Mode("no length", f"{words}, once", name, (short, whole), KEPT)
        if name not in {"table", "gmt", "utf16"}:
            yield Mode("no length", "at a line end, always", name, (send(data[:line], length=None),), REFUSED)
        yield Mode("no length", "in a line, always", name, (send(data[: line + 3], length=None),), REFUSED)
        falling = tuple(
            send(data[: data[: half + 1000 * n].rfind(b"\n") + 1 or half + n], length=None) for n in range(40)
        )
        yield Mode("no length", "another line end every time", name, falling, REFUSED)


def in_chunks() -> Iterator[Mode]:
    """Transfer-Encoding: chunked, right and wrong."""
    for name in ("gzip", "table", "matrix"):
        data = contents()[name].data
        whole = chunks(data)
        yield Mode("chunks", "whole", name, (chunked(whole),), KEPT)
        yield Mode(
            "chunks",
            "with extensions and a trailer",
            name,
            (chunked(chunks(data, last=b"0;a=b\r\nX: y\r\n\r\n")),),
            KEPT,
        )
        yield Mode("chunks", "with a length that lies", name, (chunked(whole, "Content-Length: 7"),), KEPT)
        faults = {
            "no last chunk": chunks(data, last=b""),
            "cut in a chunk": whole[: len(whole) // 2],
            "cut in a size": whole + b"1f",
            "negative size": chunks(data, start=b"-5\r\nhello\r\n"),
            "size with a sign": chunks(data, start=b"+5\r\nhello\r\n"),
            "size with an underscore": chunks(data, start=b"1_0\r\n0123456789abcdef\r\n"),
            "size with 0x": chunks(data, start=b"0x5\r\nhello\r\n"),
            "size of words": chunks(data, start=b"five\r\nhello\r\n"),
            "empty size": chunks(data, start=b"\r\nhello\r\n"),
            "giant size": b"fffffffffffffff\r\n" + data,
            "size of 40 digits": b"f" * 40 + b"\r\n" + data,
            "chunk longer than its size": b"5\r\n" + data[:9] + b"\r\n" + chunks(data[9:]),
            "not in chunks at all": data,
            "endless trailer": chunks(data, last=b"0\r\n" + b"X: y\r\n" * 500),
        }
        if name == "cut in a size":
            continue
        for fault, body in faults.items():
            if fault == "cut in a size":
                body = chunks(data, last=b"1f")
            yield from both("chunks", fault, name, chunked(body))
    yield from both(
        "chunks", "another transfer encoding", "table", send(b"x", "Transfer-Encoding: gzip, chunked"), "encoding"
    )


def ranges() -> Iterator[Mode]:
    """What servers answer when a broken transfer is to be resumed. Two versions are never spliced."""
    tag, other = 'ETag: "v1"', 'ETag: "v2"'
    for name in ("gzip", "table", "matrix"):
        old = contents()[name].data
        new = _other_version(name)
        begun = cut(old, len(old) // 2, tag)
        ends_badly = {
            "starts later": part(old, tag, "bytes {start}-{end}/{size}", shift=10),
            "starts at 0": send(old, f"Content-Range: bytes 0-{len(old) - 1}/{len(old)}", tag, status="206 P"),
            "says another start": part(old, tag, "bytes 0-{end}/{size}"),
            "ends early": part(old[:-50], tag, "bytes {start}-{end}/" + str(len(old))),
            "says another end": part(old, tag, "bytes {start}-{start}/{size}"),
            "says another size": part(old, tag, "bytes {start}-{end}/99999999"),
            "says no size, ends early": part(old[:-50], tag, "bytes {start}-{end}/*"),
            "counts in lines": part(old, tag, "lines {start}-{end}/{size}"),
            "says no range": part(old, tag, ""),
            "says a range that cannot be": part(old, tag, "bytes {end}-{start}/{size}"),
            "says negative numbers": part(old, tag, "bytes -{start}-{end}/{size}"),
            "has several parts": part(old, tag, "", more=("Content-Type: multipart/byteranges; boundary=x",)),
            "is packed": part(old, tag, more=("Content-Encoding: gzip",)),
            "does not say of which content": part(old, "X-Nothing: 1"),
            "says a weak tag": part(old, 'ETag: W/"v1"'),
            "is of the new content": part(new, other),
            "is of the new content and says the old size": part(
                new, other, f"bytes {{start}}-{len(old) - 1}/{len(old)}"
            ),
            "cannot be had (416)": send(b"", "Content-Range: bytes */5", status="416 Range Not Satisfiable"),
        }
        for fault, answer in ends_badly.items():
            yield Mode("range", f"the rest {fault}", name, (begun, answer, send(new, other)), KEPT, kept=new)
        yield Mode("range", "the rest is right", name, (begun, part(old, tag)), KEPT)
        yield Mode("range", "the rest says no size", name, (begun, part(old, tag, "bytes {start}-{end}/*")), KEPT)
        yield Mode("range", "the whole new content comes", name, (begun, send(new, other)), KEPT, kept=new)
        yield Mode("range", "the rest breaks off again", name, (begun, _short_part(old, tag), part(old, tag)), KEPT)
        yield Mode(
            "range",
            "a part that nobody asked for",
            name,
            (send(old[:90], f"Content-Range: bytes 0-89/{len(old)}", status="206 P"),),
            REFUSED,
            "206",
        )


def _other_version(name: str) -> bytes:
    """Return a right content of the same size that differs in its second half."""
    content = contents()[name]
    if not name.endswith("gzip"):
        half = len(content.data) // 2
        return content.data[:half] + content.data[half:].replace(b"7", b"3")
    table = contents()["table"].data
    half = len(table) // 2
    return gzip.compress(table[:half] + table[half:].replace(b"7", b"3"), mtime=0)


def _short_part(data: bytes, validator: str) -> Answer:
    def answer(request: Request) -> Reply:
        start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        told = f"Content-Range: bytes {start}-{len(data) - 1}/{len(data)}"
        rest = data[start : start + 100]
        return send(rest, told, validator, status="206 P", length=len(data) - start)(request)

    return answer


def validators() -> Iterator[Mode]:
    """What proves that the rest belongs to the beginning, and what does not. The server always serves the new content."""
    for name in ("gzip", "table"):
        old, new = contents()[name].data, _other_version(name)
        for words, header in {
            "a weak tag": 'ETag: W/"v1"',
            "a tag without quotes": "ETag: v1",
            "an empty header": "ETag: ",
            "a fresh date": f"Last-Modified: {FRESH}",
            "a date that cannot be read": "Last-Modified: yesterday",
            "nothing": "X-Nothing: 1",
        }.items():
            # Were the client to resume on such a ground, this server would splice.
            yield Mode("validator", words, name, (cut(old, len(old) // 2, header), part(new, header)), KEPT, kept=new)
        date = f"Last-Modified: {SETTLED}"
        yield Mode("validator", "a settled date", name, (cut(old, len(old) // 2, date), part(old, date)), KEPT)
        changed = part(new, f"Last-Modified: {FRESH}")
        answers = (cut(old, len(old) // 2, date), changed, send(new))
        yield Mode("validator", "a date that changed", name, answers, KEPT, kept=new)


def encodings() -> Iterator[Mode]:
    """Bodies that are packed for the way."""
    for name in ("table", "matrix", "gmt", "tar"):
        data = contents()[name].data
        packed = gzip.compress(data, mtime=0)
        label = "Content-Encoding: gzip"
        yield Mode("packed", "gzip", name, (send(packed, label),), KEPT)
        yield Mode("packed", "gzip without a length", name, (send(packed, label, length=None),), KEPT)
        yield Mode("packed", "gzip in chunks", name, (chunked(chunks(packed), label),), KEPT)
        yield Mode("packed", "gzip in two members", name, (send(_members(data), label),), KEPT)
        yield Mode("packed", "deflate", name, (send(zlib.compress(data), "Content-Encoding: deflate"),), KEPT)
        for words, body in {
            "cut gzip without a length": packed[: len(packed) // 2],
            "gzip without its last byte": packed[:-1],
            "gzip without its check sum": packed[:-8],
            "damaged gzip": packed[:200] + b"\0\0\0\0" + packed[204:],
            "gzip with something behind": packed + b"more",
            "nothing in it": b"",
        }.items():
            yield from both("packed", words, name, send(body, label, length=None))
        yield from both("packed", "called gzip and is not", name, send(data, label))
        yield from both("packed", "cut gzip", name, cut(packed, len(packed) // 2, label))
    table = contents()["table"].data
    yield Mode("packed", "br", "table", (send(table, "Content-Encoding: br"),), REFUSED, "not asked for")
    stored = contents()["gzip"].data
    label = "Content-Encoding: gzip"
    yield Mode("packed", "a stored .gz called packed", "gzip", (send(stored, label),), KEPT)
    yield Mode("packed", "a .gz packed once more", "gzip", (send(gzip.compress(stored), label),), KEPT)
    yield from both(
        "packed", "a .gz packed once more, cut", "gzip", send(gzip.compress(stored)[:-9], label, length=None)
    )
    yield from both("packed", "a stored .gz called packed, cut", "gzip", send(stored[:-9], label, length=None))


def _members(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)


def lengths() -> Iterator[Mode]:
    """Announced lengths that are wrong, or no numbers."""
    for name in ("gzip", "table", "tar"):
        data = contents()[name].data
        line = data[: len(data) // 2].rfind(b"\n") + 1
        yield from both("length", "too short by 100", name, send(data, length=len(data) - 100), "more bytes")
        yield from both("length", "too short, at a line end", name, send(data, length=line), "more bytes")
        yield from both("length", "too long by 1", name, send(data, length=len(data) + 1))
        yield from both("length", "0, with a body", name, send(data, length=0))
        for wrong in ("-5", "+5", "five", "1_000", "0x10", "", "1.5", "5, 6", "9" * 30):
            yield from both("length", repr(wrong), name, send(data, length=wrong), "ength")
        twice = f"{len(data)}, {len(data)}"
        yield Mode("length", "twice the same", name, (send(data, length=twice),), KEPT)
        yield Mode("length", "beyond the limit", name, (send(data, length=10**12),), REFUSED, "max_download_gb")
    endless = raw_endless(contents()["table"].data)
    yield Mode("length", "a body without end", "table", (endless,), REFUSED, "max_download_gb")


def raw_endless(data: bytes) -> Answer:
    """Send data again and again."""
    return lambda request: Reply(itertools.chain([head()], itertools.repeat(data)))


ERRORS: dict[str, bytes] = {
    "JSON": b'{"error": {"code": 429, "message": "Too many requests"}}\n',
    "JSON list": b'[{"error": "not found"}]',
    "JSON in lines": b'{\n  "error": "quota",\n  "status": 200\n}\n',
    "XML listing": b'<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3"><Name>b</Name></ListBucketResult>',
    "XML error": b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    "HTML": b"<!DOCTYPE html><html><body>Not found</body></html>",
    "HTML in capitals": b"<HTML><HEAD></HEAD></HTML>",
    "HTML after white space": b"\n\n \t<html></html>",
    "HTML after a comment": b"<!-- generated\t by\t proxy -->\n<html></html>",
    "HTML after a mark": b"\xef\xbb\xbf<html></html>",
    "HTML in UTF-16": "\ufeff<html><body>Sign in</body></html>".encode("utf-16-le"),
    "HTML in UTF-16, other order": "\ufeff<html><body>Sign in</body></html>".encode("utf-16-be"),
    "HTML in UTF-16 without a mark": "<html><body>Sign in</body></html>".encode("utf-16-le"),
    "a fragment": b"<div class='error'>Your session expired</div>\n<p>a\tb</p>\n",
    "a refresh": b'<meta http-equiv="refresh" content="0; url=https://login.example/">',
    "a page after a text": b"Redirecting, please wait,\n<html><head><title>x</title></head></html>",
    "a page of GEO": b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">\n<html><title>GEO</title></html>',
    "one line": b"404 Not Found\n",
    "too many requests": b"Too many requests, please try again later, thank you\n",
    "an exception": b"Exception: java.lang.NullPointerException\n\tat a.b.c(D.java:5)\n\tat e.f.g(H.java:6)\n",
    "a listing": b"drwxr-xr-x   2 ftp anonymous 4096 Jan 01 2020 matrix\n-r--r--r--   1 ftp anonymous 5120 Jan 01 2020 a.gz\n",
    "an index": b"Index of /geo/series\nName  Size\na.gz  5\nb.gz  6\n",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n",
    "a pointer of git-annex": b"/annex/objects/SHA256E-s5--aa.gz\n",
    "nothing": b"",
    "white space": b" \n\t\n  \n",
    "zeros": b"\0" * 5000,
    "a table with zeros": b"gene\ts1\nSTAT1\t5\nMX1\t\0\0\0\nISG15\t7\n",
    "an answer within the answer": b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nbusy\n",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50,
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
}


def dressed_errors() -> Iterator[Mode]:
    """Bodies with status 200 and a right length that are no data."""
    for (words, body), name in itertools.product(ERRORS.items(), ("table", "matrix", "platform", "gmt", "tar")):
        yield from both("dressed error", words, name, send(body))
    for (words, body), name in itertools.product(ERRORS.items(), ("gzip", "matrix.gz")):
        yield from both("dressed error", f"{words}, not packed", name, send(body))
        yield from both("dressed error", f"{words}, packed", name, send(gzip.compress(body)))
    for words, body in ERRORS.items():
        unframed = send(body, length=None)
        yield Mode("dressed error", f"{words}, without a length", "table", (unframed,), REFUSED)


def statuses() -> Iterator[Mode]:
    """Statuses, and interim answers before the final one."""
    data = contents()["gzip"].data
    right = head("200 OK", f"Content-Length: {len(data)}") + data
    for words, before in {
        "100": b"HTTP/1.1 100 Continue\r\n\r\n",
        "103": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        "102 and 103": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
        "103 and 100": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    }.items():
        yield Mode("status", f"{words} before 200", "gzip", (raw(before + right),), KEPT)
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    yield from both("status", "103 for ever", "gzip", raw(hints * 100))
    yield from both("status", "103 and nothing more", "gzip", raw(hints))
    for status in ("408 Timeout", "425 Too Early", "429 Too Many", "500 Error", "502 Bad", "503 Busy", "504 Timeout"):
        yield from both("status", status, "gzip", send(b"busy", status=status), status[:3])
        later = send(b"busy", "Retry-After: 9", status=status)
        yield from both("status", f"{status}, Retry-After", "gzip", later, status[:3])
    for value in ("soon", "-5", "9" * 400, "Thu, 01 Jan 2026 00:00:30 GMT", "Thu, 99 Foo 99999 99:99:99 GMT", "1e9"):
        answer = send(b"busy", f"Retry-After: {value}", status="503 Busy")
        yield from both("status", f"Retry-After: {value[:30]}", "gzip", answer, "503")
    for status in (
        "201 C",
        "202 A",
        "203 N",
        "204 N",
        "205 R",
        "300 M",
        "304 N",
        "400 B",
        "401 U",
        "402 P",
        "403 F",
        "404 N",
    ):
        yield Mode("status", status, "gzip", (send(data, status=status),), REFUSED, status[:3])
    for status in ("410 Gone", "418 I", "451 U", "501 N", "505 V", "999 X"):
        yield Mode("status", status, "gzip", (send(data, status=status),), REFUSED, status[:3])


def redirects() -> Iterator[Mode]:
    """Where servers lead to."""
    data = contents()["gzip"].data

    def to(location: str, status: str = "302 Found") -> Answer:
        return send(b"", f"Location: {location}", status=status)

    for status in ("301 M", "302 F", "303 S", "307 T", "308 P"):
        yield Mode("redirect", f"{status}, relative", "gzip", (to("counts.tsv.gz?again", status), send(data)), KEPT)
    for words, location in {
        "to itself for ever": "counts.tsv.gz",
        "to http elsewhere": "http://192.0.2.1/x.gz",
        "to ftp": "ftp://ftp.ncbi.nlm.nih.gov/x.gz",
        "to a file": "file:///etc/passwd",
        "to a script": "javascript:alert(1)",
        "to data": "data:text/plain,gene",
        "to no host": "https:///x.gz",
        "to a bad port": "https://host:99999999/x",
        "to a bad bracket": "https://[::1/x",
        "to a user": "https://user:secret@192.0.2.1/x.gz",
        "to bytes that are no text": "http://\xff\xfe\xfd/",
    }.items():
        yield Mode("redirect", words, "gzip", (to(location),), REFUSED, "redirect")
    yield from both("redirect", "nowhere", "gzip", send(b"", status="302 Found"), "without saying where")
    big = Reply(itertools.chain([head("302 Found", "Location: counts.tsv.gz?again")], itertools.repeat(b"x" * 65536)))
    yield Mode("redirect", "with a body without end", "gzip", (lambda request: big, send(data)), KEPT)


def broken_heads() -> Iterator[Mode]:
    """Heads that break HTTP."""
    data = contents()["gzip"].data
    for words, answer in {
        "nothing at all": raw(b""),
        "a reset": raw(b"", end="reset"),
        "no status line": raw(b"hello\r\n\r\n" + data),
        "a status of words": raw(b"HTTP/1.1 two hundred\r\n\r\n" + data),
        "HTTP/9.9": raw(b"HTTP/9.9 200 OK\r\n\r\n" + data),
        "a body without a head": raw(data),
        "a header of 100 kB": raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n" + data),
        "300 headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n" + data),
        "a head that is cut": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "a status line of 100 kB": raw(b"HTTP/1.1 200 " + b"y" * 100_000 + b"\r\n\r\n" + data),
    }.items():
        yield from both("head", words, "gzip", answer)


class Clock:
    """A clock that jumps on whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self._steps = itertools.count(step=step)

    def __call__(self) -> float:
        return next(self._steps)


def stalls() -> Iterator[Mode]:
    """Servers that fall silent, or send a little now and then."""
    tag = 'ETag: "v1"'
    for name in ("gzip", "table", "matrix"):
        data = contents()[name].data
        half = len(data) // 2
        for words, silent in {
            "before the head": raw(b"", "hold"),
            "in the head": raw(b"HTTP/1.1 200 OK\r\nContent-", "hold"),
            "before the body": send(b"", length=len(data), end="hold"),
            "in the body": cut(data, half, end="hold"),
            "in a chunk": chunked(chunks(data)[:half], end="hold"),
            "without a length": send(data[:half], length=None, end="hold"),
        }.items():
            yield Mode("stall", f"{words}, once", name, (silent, send(data)), KEPT, pace=HASTY)
        resumed = (cut(data, half, tag, end="hold"), part(data, tag))
        yield Mode("stall", "in the body, then resumed", name, resumed, KEPT, pace=HASTY)
    data = contents()["gzip"].data
    brisk = Pace(connect=10, stall=0.05)
    yield Mode("stall", "in the body, always", "gzip", (cut(data, 9000, end="hold"),), REFUSED, "timed out", brisk)
    yield Mode("stall", "in the head, always", "gzip", (raw(b"HTTP/1.1 2", "hold"),), REFUSED, "timed out", brisk)


def too_slow() -> list[Mode]:
    """Return servers that send all the time and never come to an end: each with a clock of its own."""
    data = contents()["gzip"].data
    drip = Reply(itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X: y\r\n")))
    slow_head = Pace(connect=10, stall=10, answer=50, clock=Clock(30))
    slow_body = Pace(connect=10, stall=10, answer=1e9, slowest=1e9, window=100, clock=Clock(60))
    late = Pace(connect=10, stall=10, answer=1e9, slowest=1e9, window=1e9, clock=Clock(700))
    return [
        Mode("slow", "all in all", "tar", (send(contents()["tar"].data),), REFUSED, "in the time that was given", late),
        Mode("slow", "the head", "gzip", (lambda request: drip,), REFUSED, "attempts", slow_head),
        Mode("slow", "the body", "tar", (send(contents()["tar"].data),), REFUSED, "bytes in 120 s", slow_body),
        Mode("slow", "an interim answer for ever", "gzip", (raw(data[:9]),), REFUSED, "", slow_head),
    ]


# ------------------------------------------------------------------------------------------------------------ the run


@dataclass(frozen=True)
class Outcome:
    """What came of a mode: the problem, if it did not end as it must."""

    mode: Mode
    bad_bytes_kept: bool
    fault: str


def try_mode(mode: Mode, server: RawServer, folder: Path, number: int) -> Outcome:
    """Let the shipped `fetch` meet one mode, and judge what came of it."""
    content = contents()[mode.content]
    path = f"/{number}/{content.file}"
    url = server.on(path, *mode.answers)
    server.answers[path + "?again"] = list(mode.answers[1:])
    place = folder / mirror_key(url)
    waits: list[float] = []
    right = content.data if mode.kept is None else mode.kept
    message = ""
    with new_session(mode.pace) as session:
        session.trust_env = False
        try:
            fetch(
                Source(mirror_key(url), (url,), "values of dataset d", form=content.form),
                place,
                max_bytes=5_000_000,
                session=session,
                retries=Retries(pace=mode.pace),
                sleep=waits.append,
                today=lambda: "2026-02-03",
                progress=False,
                allow_loopback_http=True,
            )
            outcome = KEPT
        except RetrievalError as error:
            outcome, message = REFUSED, str(error)
            if not all(error.problems[0].to_dict().values()):
                message = f"a part of the message is empty: {error}"
    stands = place.read_bytes() if place.exists() else None
    bad = stands is not None and stands != right
    fault = ""
    if outcome != mode.outcome:
        fault = f"it was {outcome}: {message}"
    elif bad or (stands is None) != (outcome == REFUSED) or record_path(place).exists() != (outcome == KEPT):
        fault = "other bytes than the right ones stand there, or none, or no record"
    elif mode.words and outcome == REFUSED and mode.words not in message:
        fault = f"the message does not say {mode.words!r}: {message}"
    elif any(wait > Retries().longest_wait for wait in waits):
        fault = f"it waits too long: {max(waits)}"
    return Outcome(mode, bad, fault)


def try_all(chosen: list[Mode], folder: Path, tell: Callable[[Outcome], None] = lambda outcome: None) -> list[Outcome]:
    """Try modes one after the other, against one server."""
    outcomes = []
    with RawServer() as server:
        for number, mode in enumerate(chosen):
            outcomes.append(try_mode(mode, server, folder, number))
            tell(outcomes[-1])
    return outcomes

"""What each kind of input looks like at its beginning and at its end, and what servers send in its place.

A server that has no file often answers with status 200 and a text of its own: an error in JSON or XML, a sign-in page,
a listing of a folder. Such a text must never become an input. What passes here is still judged by its reader.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from typing import Literal

Form = Literal[
    "any", "series_matrix", "metadata", "platform", "table", "numbers", "npx", "gmt", "archive", "hdf5", "cells"
]
"""What an input is declared to be: `table` any text table or workbook, `numbers` one that holds numbers too, `npx` text
or Parquet, `cells` what single-cell tools write."""
FOLDER_FORMS: frozenset[Form] = frozenset({"archive", "cells"})
"""What a local folder can be declared to be: one file per sample, or 10x output."""

HEAD = 2**16
"""How many of the first bytes of a file, unpacked, the checks look at."""

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_BINARY_MAGICS: dict[bytes, str] = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    _HDF5_MAGIC: "HDF5",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "OLE",
    b"\x1f\x8b": "gzip",
    b"PAR1": "Parquet",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
_CONTAINERS: dict[str, frozenset[str]] = {
    "archive": frozenset({"tar", "zip"}),
    "hdf5": frozenset({"HDF5"}),
    "cells": frozenset({"tar", "zip", "HDF5"}),
    "table": frozenset({"zip", "OLE"}),
    "numbers": frozenset({"zip", "OLE"}),
    "npx": frozenset({"Parquet"}),
    "gmt": frozenset({"zip"}),
    "metadata": frozenset({"zip", "OLE", "tar"}),
    "platform": frozenset({"zip", "OLE"}),
    "series_matrix": frozenset(),
}
"""Which binary files each form admits."""
_END_MARKS: tuple[tuple[tuple[str, ...], bytes], ...] = (
    (("!series_",), b"!series_matrix_table_end"),
    (("^annotation", "^platform"), b"!platform_table_end"),
)
_POINTERS = ("version https://git-lfs.github.com/spec/", "/annex/objects/", "../.git/annex/", ".git/annex/")
_LISTING = re.compile(
    r"[-dlbcps][-rwxsStT]{9}[+.@]?\s+\d+\s|\d\d-\d\d-\d\d(\d\d)?\s+\d\d:\d\d[AP]M\s|total \d+\s*$|index of /"
)
_ERROR_WORDS = re.compile(
    r"""[\W_]*(
        error\b | err\b | exception | fatal | warning: | traceback\ \(most | fail(ed|ure) | forbidden | unauthori[sz]ed
        | (access|permission)\ (is\ )?denied | (page|file|object|resource|url|document)?\s*not\ found | no\ such | nosuchkey
        | bad\ (request|gateway) | (service|temporarily|currently)\b.{0,40}(unavailable|down) | gateway\ time-?out
        | (request|connection|operation)\ (has\ |was\ )?(timed|rejected|blocked|refused|denied)
        | too\ many\ requests | rate\ ?limit | quota\ exceeded | internal\ server\ error | moved\ (permanently|temporarily)
        | http/\d | [45]\d\d(\s|:|-)+[a-z] | please\ (log|sign)\ ?in | login\ required | you\ (have\ been|are)\ (blocked|being)
        | under\ maintenance | invalid\ (request|accession|url|id)\b
    )""",
    re.VERBOSE,
)
_XML_STARTS = ("<?xml", "<error", "<listbucketresult", "<response", "<fault", "<exception")
_MARKUP = re.compile(r"<(!doctype\s+html|html|head|body|title|script|meta|iframe|frameset)\b")


@dataclass(frozen=True)
class Head:
    """The beginning of a file, unpacked.

    Attributes
    ----------
    kind
        What it is: tar, zip, HDF5, OLE, Parquet, gzip, bzip2, xz, text, or binary.
    text
        The decoded beginning where it is text, without a byte order mark.
    is_wide
        The text is UTF-16.
    """

    kind: str
    text: str = ""
    is_wide: bool = False

    @classmethod
    def of(cls, data: bytes) -> Head:
        """Tell what the first bytes of a file are."""
        if data[257:262] == b"ustar":
            return cls("tar")
        for magic, kind in _BINARY_MAGICS.items():
            if data.startswith(magic):
                return cls(kind)
        for mark, encoding in (
            (codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE, "utf-16-be"),
        ):
            if data.startswith(mark):
                return cls("text", data[2:HEAD].decode(encoding, errors="replace"), is_wide=True)
        head = data[:HEAD].removeprefix(codecs.BOM_UTF8)
        if b"\0" in head:
            return cls("binary")
        return cls("text", head.decode("utf-8", errors="replace"))


def _without_comments(text: str) -> str:
    """Return a text without white space and markup comments before its first content."""
    while True:
        text = text.lstrip(" \t\r\n\f\v\ufeff\u200b")
        if not text.startswith("<!--"):
            return text
        end = text.find("-->")
        if end < 0:
            return "<"  # a comment that does not end is markup all the same
        text = text[end + 3 :]


def error_in_place_of_data(data: bytes, *, admits_xml: bool = False) -> str | None:
    """Tell whether a body is something that servers send in place of a file.

    Parameters
    ----------
    data
        First bytes of the body, unpacked.
    admits_xml
        MINiML, the XML of GEO's records, is data here.

    Returns
    -------
    str or None
        What it looks like, or None when it may be data.
    """
    head = Head.of(data)
    if head.kind == "binary" and (narrow := _narrowed(data)):
        head = Head.of(narrow)  # UTF-16 without its mark: still a page, if it is one
    if head.kind != "text":
        return None
    text = _without_comments(head.text)
    low = text[:4096].lower()
    if not text:
        return "white space only" if len(data) < HEAD else None
    if low.startswith(_POINTERS):
        return "a pointer of Git LFS or git-annex"
    if low.startswith(("%pdf-", "%!ps", "{\\rtf")):
        return "a document for readers"
    if re.match(r"<([!?/a-z]|$)", low):
        if admits_xml and "<miniml" in low:
            return None
        is_xml = low.startswith(_XML_STARTS) and not _MARKUP.search(low)
        return "an XML document" if is_xml else "an HTML page"
    if re.match(r"\{\s*(\"|'|\}|$)|\[\s*([\"'{\[\]]|-?\d+\s*[,\]])", low):
        return "a JSON document"
    first = low.split("\n", 1)[0].strip()
    if "\t" not in first and _ERROR_WORDS.match(first) and not (_is_table(text) and _holds_numbers(text)):
        return "an error text"
    if _LISTING.match(first):
        return "a listing of a folder"
    if "\t" not in first and _MARKUP.search(low[:2048]) and not low.startswith(("!", '"!', "^", "#")):
        return "an HTML page"
    return None


def _narrowed(data: bytes) -> bytes:
    """Return UTF-16 text of the Latin alphabet without its zeros; b'' for other binary data."""
    for zeros, letters in ((data[1:400:2], data[:HEAD:2]), (data[:400:2], data[1:HEAD:2])):
        if zeros and not any(zeros) and b"\0" not in letters:
            return letters
    return b""


def find_wrong_form(data: bytes, form: Form) -> str | None:
    """Tell, from its beginning, why a file cannot be what it is declared to be.

    Parameters
    ----------
    data
        Its first `HEAD` bytes (fewer only when it is shorter), unpacked.
    form
        What it is declared to be.

    Returns
    -------
    str or None
        The reason in one clause, or None when it may be that.
    """
    if error := error_in_place_of_data(data, admits_xml=form in {"metadata", "any"}):
        return f"it is {error}, not data"
    head = Head.of(data)
    if form == "any" or head.kind in {"gzip", "bzip2", "xz"}:  # packed twice or otherwise: its reader knows
        return None
    if head.kind not in {"text", "binary"}:
        return None if head.kind in _CONTAINERS[form] else f"it is {head.kind}, which is not {_WORDS[form]}"
    if form in {"archive", "hdf5"} or (form == "cells" and not _FORM_TESTS[form](head.text)):
        # Tar files of before 1988 carry no mark.
        return f"it is {'text' if head.kind == 'text' else 'no known binary file'}, which is not {_WORDS[form]}"
    if head.kind == "binary":
        return "it has zero bytes, so it is no text"
    return None if _FORM_TESTS[form](head.text) else f"its beginning is not that of {_WORDS[form]}"


_WORDS: dict[str, str] = {
    "series_matrix": "a series matrix",
    "metadata": "a table or GEO record of samples",
    "platform": "a platform record or table",
    "table": "a table",
    "numbers": "a table of numbers",
    "npx": "a long table of NPX (text or Parquet)",
    "gmt": "a GMT library",
    "archive": "a tar or zip archive",
    "hdf5": "an HDF5 file",
    "cells": "a single-cell file (HDF5, tar, zip or Matrix Market)",
}


def _lines(text: str) -> list[str]:
    """Return the complete lines of a beginning, without blank ones and the comments before them."""
    lines = re.split(r"\r\n|\r|\n", text)
    if len(text) >= HEAD // 4 and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    lines = [line for line in lines if line.strip()]
    return list(dropwhile(lambda line: line.startswith(("#", "!", "^")), lines))[:200]


def _is_series_matrix(text: str) -> bool:
    return text.lstrip().lower().startswith(("!series_", '"!series_'))


def _has_equal_rows(widths: list[int]) -> bool:
    """Tell whether two neighbouring rows have one number of cells, or R's header that is one short."""
    return any(second > 1 and first in {second, second - 1} for first, second in pairwise(widths))


def _is_wider_than_its_beginning(text: str) -> bool:
    """Tell whether the rows are so long that the beginning holds less than two of them: thousands of columns."""
    return len(text) >= HEAD // 4 and len(_lines(text)) < 2 and any(mark in text for mark in "\t,;|")


def _is_table(text: str) -> bool:
    lines = _lines(text)
    return _is_wider_than_its_beginning(text) or any(
        _has_equal_rows([line.count(mark) + 1 for line in lines]) for mark in "\t,;|"
    )


def _holds_numbers(text: str) -> bool:
    if _is_wider_than_its_beginning(text):
        return True  # its reader looks at every row
    lines = _lines(text)[1:] or _lines(text)
    number = re.compile(r"(^|[\t,; ])\"?[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\"?(?=$|[\t,; ])")
    return (_is_table(text) or _is_spaced(text)) and any(number.search(line) for line in lines)


def _is_spaced(text: str) -> bool:
    return _has_equal_rows([len(line.split()) for line in _lines(text)])


def _is_gmt(text: str) -> bool:
    lines = _lines(text)
    return bool(lines) and "\t" in lines[0]


def _is_platform(text: str) -> bool:
    return text.lstrip().startswith(("^", "!", "#")) or _is_table(text)


def _is_metadata(text: str) -> bool:
    start = text.lstrip().lower()
    return start.startswith(("!", '"!', "^", "<")) or _is_table(text)


_FORM_TESTS: dict[str, Callable[[str], bool]] = {
    "series_matrix": _is_series_matrix,
    "metadata": _is_metadata,
    "platform": _is_platform,
    "table": lambda text: _is_table(text) or _is_spaced(text),
    "numbers": _holds_numbers,
    "npx": _holds_numbers,
    "gmt": _is_gmt,
    "cells": lambda text: text.startswith("%%MatrixMarket"),
}


def end_mark_of(data: bytes) -> bytes | None:
    """Return the line that ends a text of this beginning; None for texts that have no end mark."""
    start = Head.of(data).text.lstrip().lower().removeprefix('"')
    return next((mark for begins, mark in _END_MARKS if start.startswith(begins)), None)

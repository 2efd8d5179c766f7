"""Undo what spreadsheets and renamings did to gene symbols.

Spreadsheets turn MARCH1 into the date `1-Mar`; a fifth of papers with spreadsheets carry such symbols
(Ziemann et al. 2016, Genome Biology 17:177, doi 10.1186/s13059-016-1044-7). HGNC renamed the families for that reason
(Bruford et al. 2020, Nature Genetics 52:754, doi 10.1038/s41588-020-0669-3).
"""

from __future__ import annotations

import datetime
import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STEMS = {3: ("MARCH", "MARC"), 9: ("SEPT", "SEP")}
"""Stems of symbols that a spreadsheet reads as a month, where the three-letter name is not the only one."""

_DAY_MONTH = re.compile(r"(\d{1,2})[-./ ]([A-Za-z]{3,9})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})[-./ ](\d{1,2})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_SERIAL = re.compile(r"\d{5}")
_SPREADSHEET_EPOCH = datetime.date(1899, 12, 30)
_FIRST_SERIAL_YEAR, _LAST_SERIAL_YEAR = 2000, 2035
_LAST_DAY_OF_A_FAMILY = 16

_RENAMED = (
    (re.compile(r"MARCH(\d{1,2})"), "MARCHF{}"),
    (re.compile(r"MARC(\d)"), "MTARC{}"),
    (re.compile(r"SEPT(\d{1,2})"), "SEPTIN{}"),
    (re.compile(r"DEC1()"), "DELEC1"),
    (re.compile(r"SEP15()"), "SELENOF"),
)


def find_mangled_candidates(text: str) -> list[str]:
    """Return the symbols that a spreadsheet may have turned into the date `text`; empty where it is no date.

    >>> find_mangled_candidates("1-Mar")
    ['MARCH1', 'MARC1']
    >>> find_mangled_candidates("2022-03-08 00:00:00")
    ['MARCH8', 'MARC8']
    >>> find_mangled_candidates("43891")
    ['MARCH1', 'MARC1']
    >>> find_mangled_candidates("STAT1")
    []
    """
    candidates: list[str] = []
    for month, number in _read_date(text.strip()):
        stems = _STEMS.get(month, (_MONTHS[month - 1].upper(),))
        candidates += [f"{stem}{number}" for stem in stems]
    return list(dict.fromkeys(candidates))


def _read_date(text: str) -> list[tuple[int, int]]:
    """Return the (month, number) pairs that a date may stand for."""
    if match := _DAY_MONTH.fullmatch(text):
        return _month_and_number(match[2], match[1])
    if match := _MONTH_DAY.fullmatch(text):
        return _month_and_number(match[1], match[2])
    if match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return []
        pairs = [(month, day)]
        # `Mar-08`, read a second time, becomes the first of March 2008.
        if day == 1 and 2000 < year <= 2000 + _LAST_DAY_OF_A_FAMILY:
            pairs.append((month, year - 2000))
        return pairs
    if _SERIAL.fullmatch(text):
        date = _SPREADSHEET_EPOCH + datetime.timedelta(days=int(text))
        if _FIRST_SERIAL_YEAR <= date.year <= _LAST_SERIAL_YEAR and date.day <= _LAST_DAY_OF_A_FAMILY:
            return [(date.month, date.day)]
    return []


def _month_and_number(month: str, number: str) -> list[tuple[int, int]]:
    stem = month.lower()[:3]
    known = stem in _MONTHS and month.lower() in {stem, "sept", "march", "april", "june", "july"}
    return [(_MONTHS.index(stem) + 1, int(number))] if known and 1 <= int(number) <= 31 else []


def find_renamed(symbol: str) -> str | None:
    """Return the present name of a symbol of the families that were renamed because of spreadsheets, else None.

    It serves gene tables without previous symbols, and old probe maps.

    >>> find_renamed("MARCH1"), find_renamed("MARC1"), find_renamed("SEPT9"), find_renamed("DEC1")
    ('MARCHF1', 'MTARC1', 'SEPTIN9', 'DELEC1')
    >>> find_renamed("STAT1") is None
    True
    """
    for pattern, name in _RENAMED:
        if match := pattern.fullmatch(symbol.upper()):
            return name.format(match[1])
    return None

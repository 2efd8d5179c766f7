"""Look for series in GEO by words, through NCBI's E-utilities (Sayers, NCBI Bookshelf NBK25501).

Two questions: esearch gives the numbers of the records, esummary what each of them says. One question at a time, and at most
three in a second, as NCBI asks of who has no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sidemine.errors import Problem, RetrievalError, StudyError
from sidemine.prepare.inspection_text import escape
from sidemine.retrieve.probe import Client
from sidemine.tables import parse_json

if TYPE_CHECKING:
    pass

E_UTILITIES = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
MOST = 200
_PER_QUESTION = 50
_PAUSE = 0.4  # seconds between two questions
_LONGEST_ANSWER = 50_000_000
_LONGEST_WORDS = 500
_SHOWN_TITLES = 3


@dataclass(frozen=True)
class Service:
    """Where the questions go, and how.

    Attributes
    ----------
    base
        Address of the E-utilities.
    client
        How they are asked.
    """

    base: str = E_UTILITIES
    client: Client = field(default_factory=Client)


@dataclass(frozen=True)
class FoundSeries:
    """What GEO's summary says of one series.

    Attributes
    ----------
    accession, title
        Of the series.
    samples
        How many samples it has.
    platforms
        GPL and digits, several divided by commas.
    organism, kind
        As GEO words them.
    files
        Kinds of its supplementary files.
    date
        When it was made public.
    sample_titles
        Titles of its first samples.
    """

    accession: str
    title: str
    samples: int
    platforms: str
    organism: str
    kind: str
    files: str
    date: str
    sample_titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """The answer to a search.

    Attributes
    ----------
    question
        As it was asked.
    count
        Series that there are.
    series
        The first of them.
    without_summary
        How many of those that were asked for have none: they were withdrawn, or are new.
    """

    question: str
    count: int
    series: tuple[FoundSeries, ...] = ()
    without_summary: int = 0


_Model = TypeVar("_Model", bound=BaseModel)


class _Answered(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _SearchResult(_Answered):
    count: str = Field(default="0", pattern=r"^\d{1,9}$")
    idlist: list[str] = Field(default_factory=list, max_length=MOST)
    error: str = Field(default="", alias="ERROR")


class _Search(_Answered):
    esearchresult: _SearchResult


class _Sample(_Answered):
    title: str = ""


class _Summary(_Answered):
    accession: str = Field(pattern=r"^GSE[1-9]\d*$")
    title: str = ""
    taxon: str = ""
    gdstype: str = ""
    gpl: str = Field(default="", pattern=r"^[0-9;, ]*$")
    n_samples: int = Field(ge=0)
    suppfile: str = ""
    pdat: str = ""
    samples: list[_Sample] = Field(default_factory=list)


def find_series(words: str, most: int = 20, service: Service | None = None) -> Found:
    """Return human series whose records hold the words, in the order of NCBI.

    Parameters
    ----------
    words
        What to look for; NCBI's own field tags may stand in it.
    most
        Most series that are returned, at most 200.
    service
        Where to ask.

    Raises
    ------
    StudyError
        When there is nothing to look for.
    RetrievalError
        When NCBI cannot be reached, refuses, or answers otherwise than it documents.
    """
    service = service or Service()
    if not words.strip() or len(words) > _LONGEST_WORDS or not 1 <= most <= MOST:
        raise StudyError(
            Problem(
                "there is nothing to look for, or too much",
                f"sidemine find {words[:60]!r} --most {most}",
                f"words, {_LONGEST_WORDS} characters at most; 1 to {MOST} series",
                'For example: sidemine find "venous thromboembolism blood".',
            )
        )
    question = f'({" ".join(words.split())}) AND gse[Entry Type] AND "Homo sapiens"[Organism]'
    asked = _url(service, "esearch", term=question, retmax=str(most))
    result = _read(_Search, asked, _ask(service, asked)).esearchresult
    if result.error:
        raise RetrievalError(_unexpected(asked, result.error))
    numbers = [number for number in result.idlist if number.isascii() and number.isdigit()][:most]
    series: list[FoundSeries] = []
    for start in range(0, len(numbers), _PER_QUESTION):
        service.client.sleep(_PAUSE)
        batch = numbers[start : start + _PER_QUESTION]
        asked = _url(service, "esummary", id=",".join(batch))
        series += _summaries(_ask(service, asked), asked, batch)
    return Found(question, int(result.count), tuple(series), len(numbers) - len(series))


def _url(service: Service, tool: str, **parameters: str) -> str:
    return f"{service.base}/{tool}.fcgi?" + urlencode(
        {"db": "gds", "retmode": "json", "tool": "sidemine", **parameters}
    )


def _ask(service: Service, url: str) -> object:
    data = service.client.fetch_answer(url, _LONGEST_ANSWER)
    try:
        answer: object = parse_json(data.decode("utf-8"))
    except ValueError as error:
        raise RetrievalError(_unexpected(url, f"no JSON, but {data[:40]!r}")) from error
    return answer


def _read(model: type[_Model], url: str, answer: object) -> _Model:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise RetrievalError(_unexpected(url, f"{place}: {first['msg']}")) from error


def _summaries(answer: object, url: str, numbers: list[str]) -> list[FoundSeries]:
    result = answer.get("result") if isinstance(answer, Mapping) else None
    if not isinstance(result, Mapping):
        raise RetrievalError(_unexpected(url, "no `result`"))
    # Of a record that was withdrawn there is an error in place of the summary, or nothing.
    there = [result[number] for number in numbers if number in result]
    return [
        _found(_read(_Summary, url, record))
        for record in there
        if not (isinstance(record, Mapping) and record.get("error"))
    ]


def _found(summary: _Summary) -> FoundSeries:
    platforms = ", ".join(
        f"GPL{number.strip()}" for number in summary.gpl.replace(",", ";").split(";") if number.strip()
    )
    titles = tuple(sample.title for sample in summary.samples[:_SHOWN_TITLES])
    return FoundSeries(
        summary.accession,
        summary.title,
        summary.n_samples,
        platforms,
        summary.taxon,
        summary.gdstype,
        summary.suppfile,
        summary.pdat,
        titles,
    )


def _unexpected(url: str, what: str) -> Problem:
    return Problem(
        "NCBI's E-utilities answer otherwise than they document",
        f"{url}: {what[:300]}",
        "the JSON of esearch and esummary (NCBI Bookshelf NBK25501)",
        "Try again later; or search on the web site of GEO, and go on with `sidemine inspect GSE…`.",
    )


def found_lines(found: Found) -> list[str]:
    """Return the lines that tell what was found.

    Parameters
    ----------
    found
        The answer to a search.
    """
    lines = [f"{found.count} human series in GEO for {escape(found.question, 600)}"]
    if found.count > len(found.series) > 0:
        lines[0] += f"; {len(found.series)} of them:"
    if found.without_summary:
        lines.append(
            f"NCBI gives no summary of {found.without_summary} more (withdrawn, or new): look for them on the web site of GEO."
        )
    for series in found.series:
        lines += [
            "",
            f"{series.accession}  {escape(series.title, 160)}",
            f"  {series.samples} samples, {series.platforms or 'no platform'}, {escape(series.organism)}, {escape(series.kind)}",
            f"  supplementary files: {escape(series.files) or 'none named'}; public since {escape(series.date, 20)}",
        ]
        if series.sample_titles:
            lines.append("  samples such as: " + "; ".join(escape(title, 60) for title in series.sample_titles))
    if found.series:
        lines += ["", f"Next: sidemine inspect {found.series[0].accession}"]
    elif not found.without_summary:
        lines += ["Fewer words find more; the words are those of the records, for example whole blood."]
    return lines

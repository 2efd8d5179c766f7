"""`sidemine find`: NCBI's answers in the form that they document, and what else may come in their place."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sidemine.errors import RetrievalError, StudyError
from sidemine.retrieve.connection import new_session
from sidemine.retrieve.probe import Client
from sidemine.scaffold.series_search import Service, find_series, found_lines

SUMMARY = {
    "uid": "200019151",
    "accession": "GSE19151",
    "gds": "",
    "title": "Whole blood \u001b[31mafter thrombosis",
    "summary": "…",
    "gpl": "571;96",
    "gse": "19151",
    "taxon": "Homo sapiens",
    "entrytype": "GSE",
    "gdstype": "Expression profiling by array",
    "pdat": "2010/06/01",
    "suppfile": "CEL",
    "samples": [{"accession": "GSM474819", "title": "single VTE 1"}],
    "n_samples": 133,
    "ftplink": "ftp://ftp.ncbi.nlm.nih.gov/geo/series/GSE19nnn/GSE19151/",
}


def search_of(*numbers, **more):
    """An answer of esearch."""
    result = {"count": str(len(numbers)), "retmax": "20", "retstart": "0", "idlist": list(numbers), **more}
    return {"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}


def summary_of(*rows):
    """An answer of esummary."""
    numbers = [row["uid"] for row in rows]
    return {
        "header": {"type": "esummary", "version": "0.3"},
        "result": {"uids": numbers, **dict(zip(numbers, rows, strict=True))},
    }


@pytest.fixture
def ncbi():
    """A server on loopback that answers by tool, and keeps what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            tool = parts.path.removeprefix("/").removesuffix(".fcgi")
            self.asked.append((tool, parse_qs(parts.query)))
            waiting = self.answers[tool]
            status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Stay quiet."""

    Handler.answers, Handler.asked, Handler.waits = {}, [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    session = new_session()
    session.trust_env = False
    client = Client(session, sleep=Handler.waits.append, allow_loopback_http=True)
    Handler.service = Service(f"http://127.0.0.1:{server.server_address[1]}", client)
    yield Handler
    session.close()
    server.shutdown()
    server.server_close()
    thread.join()


def answer(content, status=200):
    """One answer of the server."""
    return (status, content if isinstance(content, bytes) else json.dumps(content).encode())


def test_series_with_samples_platforms_and_files(ncbi):
    """Each question names the tool and asks for human series only; a pause stands before the second."""
    ncbi.answers = {"esearch": [answer(search_of("200019151"))], "esummary": [answer(summary_of(SUMMARY))]}
    found = find_series("venous  thromboembolism blood", service=ncbi.service)
    text = "\n".join(found_lines(found))
    for words in ("GSE19151", "133 samples", "GPL571, GPL96", "Expression profiling by array", "CEL", "single VTE 1"):
        assert words in text
    assert "\x1b" not in text
    (_, first), (_, second) = ncbi.asked
    assert first["term"] == ['(venous thromboembolism blood) AND gse[Entry Type] AND "Homo sapiens"[Organism]']
    assert (first["tool"], first["db"], second["id"]) == (["sidemine"], ["gds"], ["200019151"])
    assert min(ncbi.waits) >= 1 / 3


def test_many_are_asked_for_in_parts(ncbi):
    """No question names more than fifty records, and no more than was asked for are returned."""
    numbers = [str(200000001 + number) for number in range(120)]
    rows = [{**SUMMARY, "uid": number, "accession": f"GSE{int(number) - 200000000}"} for number in numbers]
    ncbi.answers = {"esearch": [answer(search_of(*numbers))], "esummary": [answer(summary_of(*rows))]}
    assert len(find_series("blood", 110, ncbi.service).series) == 110
    assert [len(query["id"][0].split(",")) for tool, query in ncbi.asked if tool == "esummary"] == [50, 50, 10]


def test_a_record_without_a_summary_costs_no_other(ncbi):
    """Of three, one was withdrawn and one is not in the answer: the third is listed, and two are told."""
    rows = [{"uid": "200000001", "error": "cannot get document summary"}, SUMMARY]
    search = search_of("200000001", "200000002", "200019151")
    ncbi.answers = {"esearch": [answer(search)], "esummary": [answer(summary_of(*rows))]}
    found = find_series("blood", service=ncbi.service)
    assert [one.accession for one in found.series] == ["GSE19151"]
    text = "\n".join(found_lines(found))
    assert "1 of them" in text
    assert "no summary of 2 more" in text


def test_a_refusal_for_haste_is_waited_out(ncbi):
    haste = answer({"error": "API rate limit exceeded", "count": "4"}, 429)
    ncbi.answers = {"esearch": [haste, answer(search_of())], "esummary": [answer(summary_of())]}
    found = find_series("blood", service=ncbi.service)
    assert found.series == ()
    assert "Fewer words" in "\n".join(found_lines(found))


@pytest.mark.parametrize(
    ("search", "summary"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><eSearchResult>&a;</eSearchResult>', b"{}"),
        (b"[" * 100_000, b"{}"),
        (b'{"esearchresult": {"count": NaN}}', b"{}"),
        (json.dumps(search_of(ERROR="Search Backend failed")).encode(), b"{}"),
        (json.dumps(search_of("200019151")).encode(), b'{"result": [1]}'),
        (
            json.dumps(search_of("200019151")).encode(),
            json.dumps(summary_of({**SUMMARY, "accession": "GSE1; rm -rf /"})).encode(),
        ),
        (
            json.dumps(search_of("200019151")).encode(),
            json.dumps(summary_of({**SUMMARY, "n_samples": "many"})).encode(),
        ),
    ],
)
def test_other_answers_are_refused(ncbi, search, summary):
    """XML with entities, JSON without end, other types than documented: told, never taken on trust."""
    ncbi.answers = {"esearch": [answer(search)], "esummary": [answer(summary)]}
    with pytest.raises(RetrievalError, match="otherwise than they document"):
        find_series("blood", service=ncbi.service)


def test_an_endless_answer_is_cut_off(ncbi, monkeypatch):
    monkeypatch.setattr("sidemine.scaffold.series_search._LONGEST_ANSWER", 1000)
    ncbi.answers = {"esearch": [answer(b" " * 5000)]}
    with pytest.raises(RetrievalError, match="longer than 1,000 bytes"):
        find_series("blood", service=ncbi.service)


def test_nothing_to_look_for(ncbi):
    for words, most in ((" ", 20), ("blood", 0), ("blood", 1000)):
        with pytest.raises(StudyError, match="nothing to look for"):
            find_series(words, most, ncbi.service)
    assert ncbi.asked == []

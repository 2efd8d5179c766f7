"""A web server on loopback that misbehaves as it is told, and a short way to fetch from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import requests

from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.download import fetch
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.patience import Pace, Retries
from sidemine.retrieve.record import InputRecord

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Asks the scripted server what to do."""

    script: ScriptedServer

    def do_GET(self) -> None:
        self.script.requests.append((self.path, dict(self.headers)))
        answers = self.script.answers.get(self.path, [])
        if not answers:
            self.send_error(404)
            return
        # The last answer is given again and again.
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server asks for

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""

    def reply(self, status: int, body: bytes = b"", announce: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if announce is None else announce))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@dataclass
class ScriptedServer:
    """Answers by path, each a list that is gone through, and the requests that came."""

    base: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def on(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.base + path


@dataclass
class Fetcher:
    """Calls `fetch` with a clock that does not run and a session that knows no proxy."""

    downloads: Path
    session: requests.Session
    waits: list[float] = field(default_factory=list)

    def place(self, url: str) -> Path:
        return self.downloads / mirror_key(url)

    def __call__(self, *urls: str, mutable: bool = False, **options: object) -> InputRecord:
        source = Source(mirror_key(urls[0]), urls, "values of dataset d", mutable)
        arguments: dict[str, object] = {
            "max_bytes": 10_000_000,
            "session": self.session,
            "retries": Retries(pace=Pace(connect=60, stall=60)),
            "sleep": self.waits.append,
            "today": lambda: "2026-02-03",
            "allow_loopback_http": True,
            **options,
        }
        return fetch(source, self.place(urls[0]), **arguments)  # type: ignore[arg-type]

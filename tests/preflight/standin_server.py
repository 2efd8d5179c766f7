"""A web server on loopback that serves stand-ins under the paths of the real addresses, with ranges, and counts bytes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sidemine.retrieve.addresses import mirror_key


@dataclass
class StandinServer:
    """Where it listens, what was asked of it, and the addresses that it is to answer otherwise."""

    base: str
    folder: Path
    sent: dict[str, int] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)

    def address_of(self, url: str) -> str:
        """Return the loopback address that stands for a real one."""
        return f"{self.base}/{mirror_key(url)}"


class _Handler(BaseHTTPRequestHandler):
    standins: StandinServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""

    def _answer(self, *, body: bool) -> None:
        key = self.path.lstrip("/")
        self.standins.methods.append(self.command)
        path = self.standins.folder / key
        if key in self.standins.answers:
            self._send(*self.standins.answers[key], key, body=body)
        elif path.is_file():
            self._send(200, "application/octet-stream", path.read_bytes(), key, body=body)
        else:
            self._send(404, "text/html", b"<html>not found</html>", key, body=body)

    def _send(self, status: int, kind: str, data: bytes, key: str, *, body: bool) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        total, headers = len(data), {}
        if asked and status == 200:
            start, end = int(asked[1]), min(int(asked[2]), total - 1)
            status, data = 206, data[start : end + 1]
            headers["Content-Range"] = f"bytes {start}-{end}/{total}"
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(data)), "ETag": '"x"'}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.standins.sent[key] = self.standins.sent.get(key, 0) + len(data)
            self.wfile.write(data)


@contextmanager
def serve(folder: Path) -> Iterator[StandinServer]:
    """Serve a mirror folder until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    server.daemon_threads = True
    standins = StandinServer(f"http://127.0.0.1:{server.server_address[1]}", folder)
    server.RequestHandlerClass.standins = standins  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield standins
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

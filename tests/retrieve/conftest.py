"""Fixtures of the retrieve tests."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from scripted_server import Fetcher, Handler, ScriptedServer

from sidemine.retrieve.connection import new_session


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    class Bound(Handler):
        pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    httpd.daemon_threads = True
    script = ScriptedServer(f"http://127.0.0.1:{httpd.server_address[1]}")
    Bound.script = script
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield script
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    with new_session() as session:
        session.trust_env = False
        yield Fetcher(tmp_path / "downloads" / "study", session)


@pytest.fixture
def gz() -> bytes:
    """A gzipped table, large enough to be cut into several blocks."""
    rows = "".join(f"GENE{number}\t{(number * 2654435761) % 2**32}\n" for number in range(40_000))
    return gzip.compress(rows.encode(), mtime=0)

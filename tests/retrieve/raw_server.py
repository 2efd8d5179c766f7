"""A server on loopback that sends exactly the bytes it is told to: no library mends its mistakes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """Bytes to send, and how to end: close, reset, or hold the connection open and say nothing more."""

    data: bytes | Iterable[bytes]
    end: str = "close"


Answer = Callable[[Request], Reply]


@dataclass
class RawServer:
    """One thread, one connection after the other. Each path has answers; the last one is given again and again."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> RawServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closing = True
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname()) as knock:
            knock.sendall(b"GET /end HTTP/1.1\r\n\r\n")
        self._thread.join()
        for connection in (*self._held, self._listener):
            connection.close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def on(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.base + path

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with contextlib.suppress(OSError):
                if not self._answer(connection):
                    connection.close()
                    return

    def _answer(self, connection: socket.socket) -> bool:
        connection.settimeout(20)
        head = b""
        while b"\r\n\r\n" not in head:
            block = connection.recv(65536)
            if not block:
                connection.close()
                return True
            head += block
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        if path == "/end":
            return False
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        request = Request(method, path, headers)
        self.requests.append(request)
        answers = self.answers.get(path, [lambda _: Reply(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")])
        reply = (answers.pop(0) if len(answers) > 1 else answers[0])(request)
        try:
            for piece in [reply.data] if isinstance(reply.data, bytes) else reply.data:
                connection.sendall(piece)
        finally:
            if reply.end == "hold":
                self._held.append(connection)
            elif reply.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            else:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                connection.close()
        return True

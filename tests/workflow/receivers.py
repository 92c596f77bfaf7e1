"""Receivers of messages on loopback: a mail server and a web server that keep what they get."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass(slots=True)
class Mail:
    """A mail server. `answers` gives another answer than success to a command; `taken` is
    called when a mail is kept and its sender not yet told so."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    taken: Callable[[], None] = lambda: None

    def template(self) -> str:
        """Its address for the settings."""
        return f"mailto://{HOST}:{self.port}?from=gridcase%40example.org&to={{address}}"


@contextmanager
def mail(*, port: int = 0) -> Iterator[Mail]:
    """A mail server that runs inside."""
    kept = Mail()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 tests")
            for line in self.rfile:
                word = line.split(b":")[0].split()[0].decode().upper()
                self._say(kept.answers.get(word) or self._answer(word))
                if word == "QUIT":
                    return

        def _answer(self, word: str) -> str:
            if word != "DATA":
                return "250 ok"
            self._say("354 go on")
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line)
            parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            kept.got.append(parsed)
            kept.taken()
            return "250 taken"

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    with _Server((HOST, port), Handler) as server, _serving(server):
        kept.port = server.server_address[1]
        yield kept


@dataclass(slots=True)
class Web:
    """A web server. `answer` is a status and a body."""

    port: int = 0
    got: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    answer: tuple[int, object] = (200, {"errcode": 0, "code": 0})

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def web() -> Iterator[Web]:
    """A web server that runs inside."""
    kept = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, dict(self.headers.items()), json.loads(body)))
            status, told = kept.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server, _serving(server):
        kept.port = server.server_address[1]
        yield kept


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()

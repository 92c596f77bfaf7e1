"""The web server of a process: its socket, its signals, the moment when it answers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGINT, SIGTERM, signal
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from rules import errors

_TRIES: Final = 100
"""Ports looked at from the wanted one on."""
_GRACE_S: Final = 10
"""How long requests may take to end when the server stops."""


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, then says so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def listen(host: str, port: int, *, tries: int = 1) -> socket.socket:
    """A socket at the wanted port, or the next free one where several may be tried; 0 is any.

    Raises: `port.in_use`, `port.host`.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except (OSError, OverflowError):
        raise errors.Invalid("port.host", field="host") from None
    last = min(port + tries, 65536) if port else 1
    for candidate in range(port, last):
        found = socket.socket(family)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, candidate))
            found.listen()
        except OSError:
            found.close()
            continue
        return found
    raise errors.Invalid("port.in_use", field="port", port=port)


def listen_near(host: str, port: int) -> socket.socket:
    """A socket at the wanted port or the next free one. Raises: `port.in_use`, `port.host`."""
    return listen(host, port, tries=_TRIES)


def address(listening: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  shown, not bound
    return f"http://{f'[{shown}]' if ':' in shown and shown[0] != '[' else shown}:{port}"


def serve(app: FastAPI, listening: socket.socket, *, ready: Callable[[], None]) -> None:
    """Answers until SIGTERM or Ctrl-C, then ends what it has begun.

    Raises: `web.not_started`, where the application did not come up.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config, ready)
    with quiet_signals():
        server.run(sockets=[listening])
    if not server.started:
        raise errors.NotNow("web.not_started")


@contextmanager
def quiet_signals() -> Iterator[None]:
    """The server ends by itself on a signal and then raises it once more: here it ends nothing
    but the wait, so that what was opened is closed."""
    before = {number: signal(number, _nothing) for number in (SIGINT, SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal(number, handler)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The server has ended already."""

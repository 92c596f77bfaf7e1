"""The web server of a process: its socket, its signals, the moment when it answers."""

from __future__ import annotations

import errno
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from signal import SIGINT, SIGTERM, signal
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from rules import errors
from workflow import clock

_TRIES: Final = 100
"""Ports looked at from the wanted one on."""
_NAP_S: Final = 1.0
_GRACE_S: Final = 10
"""How long requests may take to end when the server stops."""


class Ended:
    """Whether this process was told to end. A signal's handler may say so at any moment of a
    wait: a `threading.Event` takes its lock both to wait and to be set, and where the handler
    interrupts its own thread there, that thread stands for ever."""

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()

    def tell(self) -> None:
        """From now on it was."""
        self._told.put(None)

    def is_told(self) -> bool:
        """Whether it was."""
        return not self._told.empty()

    def wait(self, timeout_s: float = math.inf) -> bool:
        """Whether it was, once it is told or the time is over. The system may give a signal to
        any thread, and its handler runs in the main one when that one wakes next: none of its
        waits is long."""
        until = clock.monotonic() + timeout_s
        while (left_s := until - clock.monotonic()) > 0:
            try:
                self._told.get(timeout=min(left_s, _NAP_S))
            except Empty:
                continue
            self._told.put(None)
            return True
        return self.is_told()


class _Server(uvicorn.Server):
    """Says when it answers; told to end, it says for a while that it is not ready."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        ready: Callable[[], None],
        draining: Callable[[], None],
        ended: Ended,
        drain_s: float,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._draining = draining
        self._ended = ended
        self._drain_s = drain_s
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, then says so."""
        await super().startup(sockets=sockets)
        if self._ended.is_told():  # a signal that came before the server heard them itself
            self.should_exit = True
        elif self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first SIGTERM begins to drain; a second one, or Ctrl-C, ends at once."""
        self._draining()
        if sig == SIGTERM and self._drain_s > 0 and self._stop_at is None:
            self._stop_at = clock.monotonic() + self._drain_s
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to stop listening; asked ten times a second."""
        if self._stop_at is not None and clock.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


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
        except OSError as error:
            found.close()
            if error.errno != errno.EADDRINUSE:
                raise refused(error, candidate) from error
            continue
        return found
    raise errors.Invalid("port.in_use", field="port", port=port)


def refused(error: OSError, port: int, *, field: str = "port") -> errors.Invalid:
    """What to say where nobody may listen."""
    if error.errno == errno.EADDRINUSE:
        return errors.Invalid("port.in_use", field=field, port=port)
    return errors.Invalid("port.host", field="host")


def listen_near(host: str, port: int) -> socket.socket:
    """A socket at the wanted port or the next free one. Raises: `port.in_use`, `port.host`."""
    return listen(host, port, tries=_TRIES)


def address(listening: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  shown, not bound
    return f"http://{f'[{shown}]' if ':' in shown and shown[0] != '[' else shown}:{port}"


def serve(
    app: FastAPI,
    listening: socket.socket,
    *,
    ready: Callable[[], None],
    ended: Ended,
    drain_s: float = 0,
) -> None:
    """Answers until SIGTERM or Ctrl-C, then ends what it has begun. On SIGTERM it answers on for
    `drain_s` while `/readyz` says 503, so that nobody is sent here any more.

    Raises: `web.not_started`, where the application did not come up.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )

    def draining() -> None:
        app.state.is_draining = True

    server = _Server(config, ready=ready, draining=draining, ended=ended, drain_s=drain_s)
    server.run(sockets=[listening])
    if not server.started:
        raise errors.NotNow("web.not_started")


@contextmanager
def ending() -> Iterator[Ended]:
    """SIGTERM and Ctrl-C tell this and end nothing by themselves, so that what was opened
    is closed. The web server hears them itself, and raises them once more when it has ended."""
    ended = Ended()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.tell()

    before = {number: signal(number, end) for number in (SIGINT, SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal(number, handler)

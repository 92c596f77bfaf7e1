"""The database is away for a while: a server that stops, a file that somebody else holds."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from tests import postgres
from tests.faults.scene import Scene
from workflow.db import sqlite

WORKERS: Final = 3
MIDDLE_S: Final = 0.15
"""How long after the moment, in the middle of the sweep."""
GUARD: Final = """
"$@" </dev/null >/dev/null 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server 2>/dev/null
wait $server
"""
"""As in `tests.postgres`: the server ends with this pipe, and so with us, however that comes."""


OUTAGES: Final = 2
PATIENCE_S: Final = 30.0

_Outage = Callable[[], AbstractContextManager[None]]


def database(scene: Scene) -> None:
    """The server is stopped at once, open transactions and all, and comes back; SQLite's file is
    held by another process. The workers wait, and lose nothing."""
    scene.fill()
    scene.start(WORKERS)
    with _outages(scene) as outage:
        for n, _ in enumerate(scene.mornings()):
            if n < OUTAGES:
                time.sleep(MIDDLE_S)
                with outage():
                    scene.kills += 1
                    time.sleep(scene.size.gone_s)


@contextmanager
def _outages(scene: Scene) -> Iterator[_Outage]:
    if scene.server is None:
        yield lambda: _held(scene.database.url.removeprefix("sqlite:///"))
        return
    with closing(Stoppable(scene.server)) as server:
        yield server.stopped


@contextmanager
def _held(path: str) -> Iterator[None]:
    """Nobody else writes to the file inside."""
    with closing(sqlite.DRIVER.connect(path, timeout=PATIENCE_S)) as connection:
        connection.execute("begin exclusive")
        yield
        connection.execute("rollback")


class Stoppable:
    """The tests' own server, which can be stopped and started again where it was."""

    def __init__(self, server: postgres.Server) -> None:
        self._url = server.url
        with psycopg.connect(self._url) as connection:
            [data] = connection.execute("show data_directory").fetchone() or ()
        self._data = Path(data)
        # The command that started it, as the server itself keeps it.
        self._command = shlex.split((self._data / "postmaster.opts").read_text())
        self._guards: list[subprocess.Popen[bytes]] = []

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It is not there inside; afterwards it has recovered and answers."""
        lock = self._data / "postmaster.pid"
        os.kill(int(lock.read_text().split()[0]), signal.SIGQUIT)  # pg_ctl stop -m immediate
        _wait(lambda: not lock.exists())
        try:
            yield
        finally:
            self._start()

    def close(self) -> None:
        """Ends every server that was started here; the first one's folder is not ours."""
        for guard in self._guards:
            guard.communicate()

    def _start(self) -> None:
        owner = postgres.NOBODY if os.geteuid() == 0 else ()
        self._guards.append(
            subprocess.Popen(
                ["sh", "-c", GUARD, "guard", *owner, *self._command],
                cwd=self._data,
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        )
        _wait(self._answers)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "the server did not follow"
        time.sleep(0.02)

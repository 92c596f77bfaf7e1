"""The tests' own PostgreSQL, which can be stopped and started again where it was."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from tests import postgres

PATIENCE_S: Final = 30.0
GUARD: Final = """
"$@" </dev/null >/dev/null 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server 2>/dev/null
wait $server
"""
"""As in `tests.postgres`: the server ends with this pipe, and so with us, however that comes."""


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

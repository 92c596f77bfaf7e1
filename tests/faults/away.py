"""The database is away for a while: a server that stops, a file that somebody else holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Final

from tests.faults.scene import Scene
from workflow.db import sqlite

WORKERS: Final = 3
MIDDLE_S: Final = 0.15
"""How long after the moment, in the middle of the sweep."""
OUTAGES: Final = 2
WAIT_S: Final = 30.0


def database(scene: Scene) -> None:
    """The server is stopped at once, open transactions and all, and comes back; SQLite's file is
    held by another process. The workers wait, and lose nothing."""
    scene.fill()
    scene.start(WORKERS)
    for n, _ in enumerate(scene.mornings()):
        if n < OUTAGES:
            time.sleep(MIDDLE_S)
            with _outage(scene):
                scene.kills += 1
                time.sleep(scene.size.gone_s)


def _outage(scene: Scene) -> AbstractContextManager[None]:
    if scene.dialect == "sqlite":
        return _held(scene.database.url.removeprefix("sqlite:///"))
    if scene.server is None:
        scene.found.append("only a server of our own can be stopped")
        return nullcontext()
    return scene.server.stopped()


@contextmanager
def _held(path: str) -> Iterator[None]:
    """Nobody else writes to the file inside."""
    with closing(sqlite.DRIVER.connect(path, timeout=WAIT_S)) as connection:
        connection.execute("begin exclusive")
        yield
        connection.execute("rollback")

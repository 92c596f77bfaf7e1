"""Bare connections for the floors: a driver, plain statements, nothing between."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from tests.bench.measure import Dialect
from workflow.db import sqlite

Row = Sequence[object]


class Connections:
    """As many connections as threads ask for at once, open until the floor is done."""

    def __init__(self, url: str) -> None:
        self.dialect: Dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
        self._url = url
        self._free: deque[Any] = deque()

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor inside BEGIN and COMMIT."""
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._connect()
        cursor = connection.cursor()
        cursor.execute("begin" if self.dialect == "postgresql" else "begin immediate")
        yield cursor
        cursor.execute("commit")
        self._free.append(connection)

    def close(self) -> None:
        """Closes them all."""
        while self._free:
            self._free.pop().close()

    def mark(self, text: str) -> str:
        """A statement with the driver's place marks; written with `%s`."""
        return text if self.dialect == "postgresql" else text.replace("%s", "?")

    def locking(self) -> str:
        """What makes a read hold its row."""
        return " for update" if self.dialect == "postgresql" else ""

    def value(self, value: object) -> object:
        """A value as the driver takes it."""
        return value if self.dialect == "postgresql" else as_sqlite(value)

    def _connect(self) -> Any:
        if self.dialect == "postgresql":
            return psycopg.connect(self._url, autocommit=True)
        path = self._url.removeprefix("sqlite:///")
        connection = sqlite.DRIVER.connect(
            path, timeout=15, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"pragma {pragma}")
        return connection


def as_sqlite(value: object) -> object:
    """A value as SQLite's rows hold it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(MOMENT)
    if isinstance(value, date):
        return value.isoformat()
    return value


MOMENT: Final = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLite's rows hold an instant."""


def insert(table: str, columns: Sequence[str], *, rows: int, key: Sequence[str] = ()) -> str:
    """One statement for so many rows; with a key, what is there already is overwritten."""
    marks = f"({', '.join(['%s'] * len(columns))})"
    text = f"insert into {table} ({', '.join(columns)}) values {', '.join([marks] * rows)}"
    if not key:
        return text
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f"{text} on conflict ({', '.join(key)}) do update set {sets}"

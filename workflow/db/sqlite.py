"""SQLite's half of `db`: one writer at a time (`BEGIN IMMEDIATE`), executemany."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from types import ModuleType
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from workflow import clock
from workflow.db import rows as rows_
from workflow.db.rows import Row, Rows

try:  # the current engine where a wheel brings it
    import pysqlite3 as _pysqlite3

    DRIVER: ModuleType = _pysqlite3.dbapi2
except ImportError:
    DRIVER = sqlite3

BUSY_MS: Final = 15_000

_CASE: Final = rows_.CASE.c
# Index: case_next.
_CLAIM: Final = (
    select(_CASE.id)
    .where(_CASE.next_at <= bindparam("at"))
    .order_by(_CASE.next_at)
    .limit(bindparam("limit"))
)
_OPEN: Final = dialect.insert(rows_.CASE).on_conflict_do_nothing(index_elements=["id"])
_VERSION: Final = rows_.CASE.columns.keys().index("version")
_CHANGED: Final = tuple(f"v_{column.name}" for column in rows_.CASE.columns)[1:]  # all but the id
_VERSIONS: Final = select(_CASE.id, _CASE.version).where(
    _CASE.id.in_(bindparam("ids", expanding=True))
)
_MOVE: Final = (
    update(rows_.CASE)
    .where(_CASE.id == bindparam("b_id"), _CASE.version == bindparam("b_version"))
    .values({c.name: bindparam(f"v_{c.name}") for c in rows_.CASE.columns if c.name != "id"})
)


def _upsert(table: Table) -> dialect.Insert:
    key = [column.name for column in table.primary_key]
    statement = dialect.insert(table)
    sets = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=sets)


_COUNT: Final = dialect.insert(rows_.ROLL_UP)
_COUNT_UP: Final = _COUNT.on_conflict_do_update(
    index_elements=[column.name for column in rows_.ROLL_UP.primary_key],
    set_={"n": rows_.ROLL_UP.c.n + _COUNT.excluded.n},
)
_CHILD: Final = {name: insert(table) for name, table in rows_.INSERTED.items()} | {
    name: _upsert(table) for name, table in rows_.UPSERTED.items()
}


def has_wal_fault() -> bool:
    """Whether this SQLite may lose committed writes in WAL mode with several connections
    (fault of 3.7.0 to 3.51.2, mended also in 3.50.7 and 3.44.6)."""
    version = DRIVER.sqlite_version_info
    return bool(version < (3, 51, 3)) and tuple(version[:3]) not in {
        (3, 50, 7),
        (3, 44, 6),
    }


def engine(url: str, *, pool_size: int) -> Engine:
    """An engine whose connections are durable (`synchronous=FULL`) and wait for the writer."""
    made = create_engine(
        url,
        module=DRIVER,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
    )
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    return made


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are ours
    connection.create_function("clock_timestamp", 0, _timestamp)
    journal = "TRUNCATE" if has_wal_fault() else "WAL"
    cursor = connection.cursor()
    for pragma in (f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _timestamp() -> str:
    return clock.system().strftime("%Y-%m-%d %H:%M:%S.%f")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))


def is_transient(error: DBAPIError) -> bool:
    """The file is locked by another process for longer than we wait."""
    return isinstance(error, OperationalError) and "locked" in str(error.orig)


def claim_due(tx: Connection, *, at: datetime, limit: int) -> tuple[UUID, ...]:
    """See `db.claim_due`. The transaction already holds the one write lock."""
    return tuple(tx.execute(_CLAIM, {"at": at, "limit": limit}).scalars())


def apply(tx: Connection, rows: Rows) -> frozenset[UUID]:
    """See `db.apply`: the guard case by case, the children by executemany."""
    written = _open_cases(tx, rows.opened) | _move_cases(tx, rows.cases)
    for name, table, found in rows_.present(rows):
        names = table.columns.keys()
        keep = [_named(names, row) for row in found if row[0] in written]
        if keep:
            tx.execute(_CHILD[name], keep)
    _count(tx, [row for row in rows.roll_up if row[0] in written])
    return frozenset(written)


def _named(names: Sequence[str], row: Row) -> dict[str, object]:
    return dict(zip(names, row, strict=True))


def _open_cases(tx: Connection, opened: tuple[Row, ...]) -> set[UUID]:
    written = set()
    names = rows_.CASE.columns.keys()
    for row in opened:
        values = _named(names, row)
        if tx.execute(_OPEN, values).rowcount == 1:
            written.add(values["id"])
    return written  # type: ignore[return-value]


def _move_cases(tx: Connection, cases: tuple[Row, ...]) -> set[UUID]:
    """The cases whose version was the one before. Of one the count of rows tells; of many it
    is asked first, and holds, because this transaction is the only writer."""
    kept = cases if len(cases) == 1 else _unmoved(tx, cases)
    if not kept or tx.execute(_MOVE, [_moved(row) for row in kept]).rowcount != len(kept):
        return set()
    return {row[0] for row in kept}  # type: ignore[misc]


def _unmoved(tx: Connection, cases: tuple[Row, ...]) -> tuple[Row, ...]:
    versions = {
        row.id: row.version for row in tx.execute(_VERSIONS, {"ids": [r[0] for r in cases]})
    }
    return tuple(row for row in cases if versions.get(row[0]) == row[_VERSION] - 1)  # type: ignore[operator]


def _moved(row: Row) -> dict[str, object]:
    bound = dict(zip(_CHANGED, row[1:], strict=True))
    return bound | {"b_id": row[0], "b_version": row[_VERSION] - 1}  # type: ignore[operator]


def _count(tx: Connection, changes: list[Row]) -> None:
    sums: dict[Row, int] = defaultdict(int)
    for row in changes:
        sums[row[1:-1]] += row[-1]  # type: ignore[operator]
    columns = rows_.ROLL_UP.columns.keys()
    keep = [dict(zip(columns, (*key, n), strict=True)) for key, n in sums.items() if n]
    if keep:
        tx.execute(_COUNT_UP, keep)

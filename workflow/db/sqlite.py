"""SQLite's half of `db`: one writer at a time (`BEGIN IMMEDIATE`), executemany."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
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
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from workflow import clock
from workflow.db import rows as rows_
from workflow.db.about import About, Kept
from workflow.db.rows import Row, Rows

try:  # the current engine where a wheel brings it
    import pysqlite3 as _pysqlite3

    DRIVER: ModuleType = _pysqlite3.dbapi2
except ImportError:
    DRIVER = sqlite3

BUSY_MS: Final = 15_000
REST_S: Final = 0.06
"""Longer than SQLite sleeps between two looks at a lock in the first quarter second of waiting."""
LOOKS: Final = 6
LOOK_S: Final = (0.3, 0.8)
"""Background work looks so often and so rarely; then it waits in line, and is not starved."""
FULL: Final = 2
"""`synchronous` as the engine counts it: written through at every commit."""

_CASE: Final = rows_.CASE.c
# Index: case_next.
_CLAIM: Final = (
    select(_CASE.id)
    .where(_CASE.next_at <= bindparam("at"))
    .order_by(_CASE.next_at)
    .limit(bindparam("limit"))
)
_VERSION: Final = rows_.CASE.columns.keys().index("version")
_VERSIONS: Final = select(_CASE.id, _CASE.version).where(
    _CASE.id.in_(bindparam("ids", expanding=True))
)


# Written by the driver as they stand: to bind by name costs more than the write.
def _insert(table: Table, tail: str = "", *, named: Sequence[str] = ()) -> str:
    """All its columns, unless some are `named`."""
    names = named or table.columns.keys()
    marks = ", ".join("?" for _ in names)
    return f"insert into {table.name} ({', '.join(names)}) values ({marks}){tail}"  # noqa: S608  names of ours


def _upsert(table: Table) -> str:
    key = [column.name for column in table.primary_key]
    sets = ", ".join(f"{c.name} = excluded.{c.name}" for c in table.columns if c.name not in key)
    return _insert(table, f" on conflict ({', '.join(key)}) do update set {sets}")


_OPEN: Final = _insert(rows_.CASE, " on conflict (id) do nothing")
_MOVE: Final = (
    f"update case_file set {', '.join(f'{name} = ?' for name in rows_.CASE.columns.keys()[1:])} "  # noqa: S608  all but the id
    "where id = ? and version = ?"
)
_COUNT_UP: Final = {
    name: _insert(
        table,
        f" on conflict ({', '.join(column.name for column in table.primary_key)}) "
        f"do update set n = {table.name}.n + excluded.n",
    )
    for name, table in rows_.COUNTED.items()
}
_CHILD: Final = {name: _insert(table) for name, table in rows_.INSERTED.items()} | {
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
        hide_parameters=True,  # an error is logged, and holds nobody's name
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
    options = connection.get_execution_options()
    if not (options.get("gives_way") and _begin_between(connection)):
        connection.exec_driver_sql(options.get("begin", "BEGIN IMMEDIATE"))


def _begin_between(connection: Connection) -> bool:
    """Begins at a moment at which nobody writes. SQLite keeps no line: whoever looks most often
    comes in, and several sweeps with a large backlog would keep people out for as long as it
    lasts. False where no such moment was met."""
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        return any(_began(connection) for _ in range(LOOKS))
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MS}")


def _began(connection: Connection) -> bool:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not is_transient(error):
            raise
        time.sleep(random.uniform(*LOOK_S))  # noqa: S311  so that two do not keep step
        return False
    return True


def give_way() -> None:
    """See `db.give_way`."""
    time.sleep(REST_S)


def is_transient(error: DBAPIError) -> bool:
    """The file is locked by another process for longer than we wait."""
    return isinstance(error, OperationalError) and "locked" in str(error.orig)


def is_full(error: DBAPIError) -> bool:
    """The disk has no room, or will not be written."""
    told = str(error.orig)
    return isinstance(error, OperationalError) and ("is full" in told or "disk I/O" in told)


def may_not_write(error: DBAPIError) -> bool:
    """The file cannot be opened, or only be read."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # without its details
    return code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


def is_there(url: str) -> bool:
    """Whether the file exists; to connect would make it."""
    path = _path(url)
    return path is None or os.access(path, os.F_OK)


def closed(url: str) -> Path | None:
    """What lacks the rights to write the database: the file, the folder in which its journal
    lies, or one above. SQLite itself says so at the first write only, and not which."""
    path = _path(url)
    if path is None:
        return None
    wanted = dict.fromkeys(reversed(path.parents), os.X_OK)
    wanted |= {path.parent: os.W_OK | os.X_OK, path: os.R_OK | os.W_OK}
    there = (it for it in wanted if os.access(it, os.F_OK))
    return next((it for it in there if not os.access(it, wanted[it])), None)


def _path(url: str) -> Path | None:
    """The file; None of a database in memory."""
    name = make_url(url).database
    return None if not name or name == ":memory:" else Path(name)


def about(tx: Connection) -> About:
    """See `db.about`."""
    journal = str(tx.exec_driver_sql("pragma journal_mode").scalar_one())
    level = int(tx.exec_driver_sql("pragma synchronous").scalar_one())
    safe = {"truncate"} if has_wal_fault() else {"wal", "truncate"}
    return About(
        product="SQLite",
        version=str(DRIVER.sqlite_version),
        is_supported=True,
        kept=(
            Kept(name="journal_mode", value=journal, is_safe=journal in safe),
            Kept(name="synchronous", value=str(level), is_safe=level >= FULL),
        ),
        has_wal_fault=has_wal_fault(),
    )


def claim_due(tx: Connection, *, at: datetime, limit: int) -> tuple[UUID, ...]:
    """See `db.claim_due`. The transaction already holds the one write lock."""
    return tuple(tx.execute(_CLAIM, {"at": at, "limit": limit}).scalars())


def apply(tx: Connection, rows: Rows) -> frozenset[UUID]:
    """See `db.apply`: the guard first, then the children by executemany."""
    written = _open_cases(tx, rows.opened) | _move_cases(tx, rows.cases)
    for name, _, found in rows_.present(rows):
        keep = [_stored(row) for row in found if row[0] in written]
        if keep:
            tx.exec_driver_sql(_CHILD[name], keep)
    for name, statement in _COUNT_UP.items():
        _count(tx, statement, [row for row in getattr(rows, name) if row[0] in written])
    return frozenset(written)


def add_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """See `db.add_rows`."""
    if rows:
        names = tuple(rows[0])
        tx.exec_driver_sql(_insert(table, named=names), _values(rows, names))


def change_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """See `db.change_rows`."""
    if rows:
        key = [column.name for column in table.primary_key]
        named = [name for name in rows[0] if name not in key]
        sets = ", ".join(f"{name} = ?" for name in named)
        is_it = " and ".join(f"{name} = ?" for name in key)
        sql = f"update {table.name} set {sets} where {is_it}"  # noqa: S608  names of ours
        tx.exec_driver_sql(sql, _values(rows, (*named, *key)))


def _values(rows: Iterable[Mapping[str, object]], names: Sequence[str]) -> list[Row]:
    return [_stored(tuple(row[name] for name in names)) for row in rows]


def _stored(row: Row) -> Row:
    return tuple(_value(value) for value in row)


def _value(value: object) -> object:
    """A value as its column's type stores it, so that a read by that type gives it back."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value.isoformat() if isinstance(value, date) else value


def _open_cases(tx: Connection, opened: tuple[Row, ...]) -> set[UUID]:
    """The cases whose id was free: of one the count of rows tells, of many it is asked first."""
    kept = opened if len(opened) == 1 else _free(tx, opened)
    if not kept or tx.exec_driver_sql(_OPEN, [_stored(row) for row in kept]).rowcount == 0:
        return set()
    return {row[0] for row in kept}  # type: ignore[misc]


def _free(tx: Connection, opened: tuple[Row, ...]) -> tuple[Row, ...]:
    if not opened:
        return ()
    taken = {row.id for row in tx.execute(_VERSIONS, {"ids": [row[0] for row in opened]})}
    return tuple({row[0]: row for row in opened if row[0] not in taken}.values())


def _move_cases(tx: Connection, cases: tuple[Row, ...]) -> set[UUID]:
    """The cases whose version was the one before. Of one the count of rows tells; of many it
    is asked first, and holds, because this transaction is the only writer."""
    kept = cases if len(cases) == 1 else _unmoved(tx, cases)
    if not kept or tx.exec_driver_sql(_MOVE, [_moved(row) for row in kept]).rowcount != len(kept):
        return set()
    return {row[0] for row in kept}  # type: ignore[misc]


def _unmoved(tx: Connection, cases: tuple[Row, ...]) -> tuple[Row, ...]:
    ids = {"ids": [row[0] for row in cases]}
    versions = {row.id: row.version for row in tx.execute(_VERSIONS, ids)}
    return tuple(row for row in cases if versions.get(row[0]) == _before(row))


def _moved(row: Row) -> Row:
    case_id, *stored = _stored(row)
    return (*stored, case_id, _before(row))


def _before(row: Row) -> int:
    return row[_VERSION] - 1  # type: ignore[operator]


def _count(tx: Connection, statement: str, changes: list[Row]) -> None:
    sums: dict[Row, int] = defaultdict(int)
    for row in changes:
        sums[row[1:-1]] += row[-1]  # type: ignore[operator]
    keep = [_stored((*key, n)) for key, n in sums.items() if n]
    if keep:
        tx.exec_driver_sql(statement, keep)

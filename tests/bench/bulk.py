"""Rows into the tables in bulk: COPY on PostgreSQL, executemany on SQLite.

Under a large load keys and indexes are away, and come back when all is in: the database itself is
asked which there are and how it made them, so that no list here can go stale. What comes back is
checked as it is built: a row that breaks a key is found then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from tests.bench import bare
from workflow import db
from workflow.db import postgres
from workflow.db import rows as rows_
from workflow.db import sqlite as sqlite_

TABLES: Final = (rows_.CASE, *rows_.CHILDREN.values())
Counts = Counter[tuple[object, ...]]
"""Rows of the roll-up, by their key."""

MEMORY: Final = ("set maintenance_work_mem = '512MB'", "set synchronous_commit = off")
HASTE: Final = ("foreign_keys = off", "synchronous = off", "cache_size = -1000000")

# Foreign keys go first and come last, those of other tables that point at ours included.
CONSTRAINTS: Final = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
where contype in ('p', 'u', 'f')
and (conrelid = any(%s::regclass[]) or confrelid = any(%s::regclass[]))
order by contype <> 'f', conrelid, conname
"""
INDEXES: Final = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
where i.indrelid = any(%s::regclass[])
and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
"""


def write(url: str, batches: Iterable[db.Rows]) -> Counts:
    """Writes each batch in a transaction of its own. Gives what the roll-up must count, which
    `count` does once for all."""
    sums: Counts = Counter()
    put = _executemany if url.startswith("sqlite") else _copy
    with _connection(url) as connection:
        for rows in batches:
            for table, found in ((rows_.CASE, rows.opened), *_children(rows)):
                put(connection, table, found)
            connection.commit()
            for _, *key, n in rows.roll_up:
                sums[tuple(key)] += n  # type: ignore[operator]
    return sums


def count(tx: db.Tx, sums: Counts) -> None:
    """Adds to the roll-up."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(rows_.ROLL_UP)
    counted = statement.on_conflict_do_update(
        index_elements=[column.name for column in rows_.ROLL_UP.primary_key],
        set_={"n": rows_.ROLL_UP.c.n + statement.excluded.n},
    )
    names = rows_.ROLL_UP.columns.keys()
    keep = [dict(zip(names, (*key, n), strict=True)) for key, n in sums.items() if n]
    if keep:
        tx.execute(counted, keep)


@contextmanager
def without_indexes(url: str) -> Iterator[None]:
    """Keys and indexes of the tables are away inside, and made anew at the end."""
    with _connection(url) as connection:
        drop, make = (_sqlite_steps if url.startswith("sqlite") else _postgres_steps)(connection)
        _run(connection, drop)
    yield
    with _connection(url) as connection:
        _run(connection, make)


def settle(database: db.Database) -> None:
    """What PostgreSQL does by itself when there is time: statistics, dead rows away."""
    if database.is_postgres:
        with database.guarded.connect() as tx:
            tx.exec_driver_sql("set statement_timeout = 0")
            number = tx.exec_driver_sql("show server_version_num").scalar_one()
            if int(number) >= postgres.BOUNDED:
                tx.exec_driver_sql("set transaction_timeout = 0")
            tx.exec_driver_sql("vacuum (analyze)")
            tx.invalidate()  # its settings go with it


def _connection(url: str) -> Any:
    if not url.startswith("sqlite"):
        return _postgres(url)
    return _sqlite(url)


@contextmanager
def _postgres(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        for setting in MEMORY:
            connection.execute(setting)
        connection.commit()
        yield connection


@contextmanager
def _sqlite(url: str) -> Iterator[Any]:
    connection = sqlite_.DRIVER.connect(url.removeprefix("sqlite:///"), timeout=15)
    for pragma in HASTE:
        connection.execute(f"pragma {pragma}")
    yield connection
    connection.close()


def _children(rows: db.Rows) -> Iterator[tuple[Table, tuple[rows_.Row, ...]]]:
    return ((table, found) for _, table, found in rows_.present(rows))


def _copy(connection: psycopg.Connection, table: Table, rows: Iterable[rows_.Row]) -> None:
    names = ", ".join(table.columns.keys())
    with connection.cursor().copy(f"copy {table.name} ({names}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _executemany(connection: Any, table: Table, rows: Iterable[rows_.Row]) -> None:
    names, marks = ", ".join(table.columns.keys()), ", ".join("?" * len(table.columns))
    stored = (tuple(map(bare.as_sqlite, row)) for row in rows)
    connection.executemany(f"insert into {table.name} ({names}) values ({marks})", stored)


def _run(connection: Any, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)
    connection.commit()


def _postgres_steps(connection: psycopg.Connection) -> tuple[list[str], list[str]]:
    """The statements that take away, and those that bring back."""
    names = [table.name for table in TABLES]
    constraints = connection.execute(CONSTRAINTS, (names, names)).fetchall()
    indexes = connection.execute(INDEXES, (names,)).fetchall()
    drop = [f"alter table {table} drop constraint {name}" for table, name, _ in constraints]
    drop += [f"drop index {name}" for name, _ in indexes]
    make = [text for _, text in indexes]
    make += [
        f"alter table {table} add constraint {name} {text}"
        for table, name, text in reversed(constraints)
    ]
    return drop, make


def _sqlite_steps(connection: Any) -> tuple[list[str], list[str]]:
    """SQLite keeps its keys inside the tables; only what was made beside them can go."""
    names = [table.name for table in TABLES]
    found = connection.execute(
        "select name, sql from sqlite_master where type = 'index' and sql is not null "
        f"and tbl_name in ({', '.join('?' * len(names))})",
        names,
    ).fetchall()
    return [f"drop index {name}" for name, _ in found], [text for _, text in found]

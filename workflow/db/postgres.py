"""PostgreSQL's half of `db`: one guarded statement per write, `SKIP LOCKED` claims."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

import psycopg
from sqlalchemy import Column, Connection, Engine, Table, bindparam, create_engine, event, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from workflow import clock
from workflow.db import rows as rows_
from workflow.db.about import About, Kept
from workflow.db.rows import Row, Rows

IDLE_S: Final = 5.0
CONNECT_S: Final = 5
"""How long a server that does not answer is waited for."""
_LIVENESS: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""A line that went dead without a word is given up after some 20 s (seconds; the last in ms)."""
LOWEST: Final = 150_000
"""The oldest server version that is supported, as the server counts."""

_Some = Literal["none", "one", "many"]

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_CASE: Final = rows_.CASE.c
_CASE_NAMES: Final = rows_.CASE.columns.keys()

# Waits are bounded: a stuck neighbour gives Busy, not a hang. Times in milliseconds. Nothing is
# compiled: over tables that nobody has analyzed yet the planner thinks a short look at the board
# dear, and compiling it takes seconds where running it takes milliseconds.
_SESSION: Final = (
    "-c statement_timeout=15000 -c lock_timeout=5000 "
    "-c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c client_min_messages=warning "
    "-c jit=off"
)
BOUNDED: Final = 170_000
"""The first server that bounds a whole transaction. Older ones know a client that stops in the
middle of a message only as one at work, and wait for it."""
WHOLE_MS: Final = 120_000

# Index: case_next.
_CLAIM: Final = (
    select(_CASE.id)
    .where(_CASE.next_at <= bindparam("at"))
    .order_by(_CASE.next_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


def engine(url: str, *, pool_size: int) -> Engine:
    """An engine with as many connections as there are threads that run."""
    scheme, rest = url.split(":", 1)
    driver = url if "+" in scheme else f"postgresql+psycopg:{rest}"
    made = create_engine(
        driver,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # an error is logged, and holds nobody's name
        connect_args={
            "options": _SESSION,
            "application_name": "gridcase",
            "connect_timeout": CONNECT_S,
            **_LIVENESS,
        },
    )
    event.listen(made, "connect", _bound)
    event.listen(made, "checkin", _rest)
    event.listen(made, "checkout", _wake)
    return made


def _bound(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
    if connection.info.server_version >= BOUNDED:
        connection.execute(f"set transaction_timeout = {WHOLE_MS}")
        connection.commit()


def unbounded(tx: Connection) -> None:
    """See `db.snapshot`."""
    driver = cast(psycopg.Connection, tx.connection.driver_connection)
    if driver.info.server_version >= BOUNDED:
        tx.exec_driver_sql("set local transaction_timeout = 0")


def _rest(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["rested_at"] = clock.monotonic()


def _wake(connection: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Asks a connection that has lain idle whether it still lives; asking each time would cost
    a round trip in four. One that dies in between is `Busy`, once: the pool then starts anew."""
    if clock.monotonic() - entry.info.get("rested_at", math.inf) > IDLE_S:
        try:
            connection.execute("select 1")
            connection.rollback()
        except psycopg.OperationalError as error:
            raise DisconnectionError from error


def is_transient(error: DBAPIError) -> bool:
    """Lost connections, lock and statement time-outs, deadlocks, a server that starts."""
    if error.connection_invalidated or isinstance(error, OperationalError):
        return True
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01", "55P03", "57014", "57P03"}


def is_full(error: DBAPIError) -> bool:
    """The server's disk has no room."""
    return getattr(error.orig, "sqlstate", None) == "53100"


def is_supported(number: int) -> bool:
    """Whether a server of this `server_version_num` is recent enough."""
    return number >= LOWEST


def about(tx: Connection) -> About:
    """See `db.about`."""
    number = int(tx.exec_driver_sql("show server_version_num").scalar_one())
    kept = []
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        value = str(tx.exec_driver_sql(f"show {name}").scalar_one())
        kept.append(Kept(name=name, value=value, is_safe=value != "off"))
    version = str(tx.exec_driver_sql("show server_version").scalar_one())
    return About(
        product="PostgreSQL",
        version=version,
        is_supported=is_supported(number),
        kept=tuple(kept),
    )


def claim_due(tx: Connection, *, at: datetime, limit: int) -> tuple[UUID, ...]:
    """See `db.claim_due`. The lock is on the case rows themselves: a limit inside a
    sub-select would starve the other workers."""
    return tuple(tx.execute(_CLAIM, {"at": at, "limit": limit}).scalars())


def apply(tx: Connection, rows: Rows) -> frozenset[UUID]:
    """See `db.apply`: all rows go in one statement, made once per set of tables. A table's rows
    are one JSON array: a third of what an array per column costs the driver."""
    present = tuple(name for name, _, _ in rows_.present(rows))
    sql = _statement(
        opened=_some(rows.opened),
        cases=_some(rows.cases),
        children=present,
        counted=tuple(name for name in rows_.COUNTED if getattr(rows, name)),
    )
    groups = (
        (_CASE_NAMES, rows.opened),
        (_CASE_NAMES, rows.cases),
        *((rows_.CHILDREN[name].columns.keys(), getattr(rows, name)) for name in present),
        *(
            (("case_id", *table.columns.keys()), getattr(rows, name))
            for name, table in rows_.COUNTED.items()
        ),
    )
    sent = tuple(_json(names, found) for names, found in groups if found)
    written = tx.exec_driver_sql(sql, sent)
    return frozenset(row[0] for row in written)


def add_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """See `db.add_rows`."""
    if rows:
        tx.exec_driver_sql(_insert(table, tuple(rows[0])), (_ENCODE(rows),))


def change_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """See `db.change_rows`."""
    if rows:
        tx.exec_driver_sql(_change(table, tuple(rows[0])), (_ENCODE(rows),))


def _some(rows: Sequence[Row]) -> _Some:
    return "none" if not rows else "one" if len(rows) == 1 else "many"


@functools.cache
def _statement(
    *, opened: _Some, cases: _Some, children: tuple[str, ...], counted: tuple[str, ...]
) -> str:
    parts: list[str] = []
    if opened != "none":
        new = _insert(rows_.CASE, _CASE_NAMES)
        parts.append(f"opened as ({new} on conflict (id) do nothing returning id)")
    if cases != "none":
        parts.append(f"moved as ({_guarded_update(rows_.CASE, cases)} returning c.id)")
    sources = [
        f"select id from {name}"  # noqa: S608  names of ours, no input
        for name, there in (("opened", opened), ("moved", cases))
        if there != "none"
    ]
    parts.append(f"written as ({' union all '.join(sources)})")
    for name in children:
        table = rows_.CHILDREN[name]
        tail = _on_conflict(table) if name in rows_.UPSERTED else ""
        where = "where u.case_id in (select id from written)"
        parts.append(f"w_{name} as ({_insert(table, table.columns.keys())} {where}{tail})")
    # Last and in key order: two writers then never wait for each other in a circle.
    parts += [f"w_{name} as ({_count_up(rows_.COUNTED[name])})" for name in counted]
    return f"with {', '.join(parts)} select id from written"  # noqa: S608  names of ours


def _pg_type(column: Column[object]) -> str:
    name = column.type.compile(dialect=_DIALECT)
    return "text" if name.startswith("VARCHAR") else name


def _json(names: Sequence[str], rows: Sequence[Row]) -> str:
    return _ENCODE([dict(zip(names, row, strict=True)) for row in rows])


def _text(value: object) -> str:
    """What JSON has no form for, as PostgreSQL reads it."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no column holds a {type(value).__name__}")


_ENCODE: Final = json.JSONEncoder(default=_text, ensure_ascii=False, separators=(",", ":")).encode


def _sent(table: Table, some: _Some = "many") -> str:
    """The rows sent for a table. One is named as one: the planner takes a set for a hundred
    rows and reads a whole small table to find them."""
    if some == "one":
        return f"json_populate_record(null::{table.name}, %s::json -> 0) as u"
    return f"json_populate_recordset(null::{table.name}, %s::json) as u"


def _insert(table: Table, named: Sequence[str]) -> str:
    names = ", ".join(named)
    return f"insert into {table.name} ({names}) select {names} from {_sent(table)}"  # noqa: S608


def _change(table: Table, named: Sequence[str]) -> str:
    key = [column.name for column in table.primary_key]
    sets = ", ".join(f"{name} = u.{name}" for name in named if name not in key)
    is_it = " and ".join(f"t.{name} = u.{name}" for name in key)
    return f"update {table.name} as t set {sets} from {_sent(table)} where {is_it}"  # noqa: S608


def _guarded_update(table: Table, some: _Some) -> str:
    sets = ", ".join(f"{c.name} = u.{c.name}" for c in table.columns if c.name != "id")
    return (
        f"update {table.name} as c set {sets} from {_sent(table, some)} "  # noqa: S608
        "where c.id = u.id and c.version = u.version - 1"
    )


def _on_conflict(table: Table) -> str:
    key = [column.name for column in table.primary_key]
    sets = ", ".join(f"{c.name} = excluded.{c.name}" for c in table.columns if c.name not in key)
    return f" on conflict ({', '.join(key)}) do update set {sets}"


def _count_up(table: Table) -> str:
    key = ", ".join(column.name for column in table.primary_key)
    columns = [rows_.CHILDREN["events"].c.case_id, *table.columns]
    typed = ", ".join(f"{column.name} {_pg_type(column)}" for column in columns)
    return (
        f"insert into {table.name} ({key}, n) select {key}, sum(n) "  # noqa: S608  names of ours
        f"from json_to_recordset(%s::json) as u({typed}) "
        f"where u.case_id in (select id from written) group by {key} having sum(n) <> 0 "
        f"order by {key} on conflict ({key}) do update set n = {table.name}.n + excluded.n"
    )

"""The database: engines, transactions, office time, and the one write.

`postgres` and `sqlite` hold the same functions twice, under one contract suite; with the
migrations they are the only places that know a dialect.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import alembic.command
import alembic.config
from alembic.runtime import migration
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Table, func, inspect, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from rules import errors
from workflow.db import postgres, sqlite
from workflow.db.about import About
from workflow.db.rows import Rows
from workflow.tables import office, watch

Tx = Connection
DATABASE_TIME = func.clock_timestamp(type_=UTCDateTime())
"""The database's time; on SQLite, whose clock is this machine's, a function of ours."""

KNOWN = (watch,)
"""Tables that nothing below reads: `tables` and `drop` must know of them."""
_REVISION = Table("alembic_version", MetaData())
_OFFICE = office.Installation.__table__.c  # type: ignore[attr-defined]
_NOW = select(DATABASE_TIME, _OFFICE.offset_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database. `guarded` runs every statement as its own transaction."""

    url: str
    engine: Engine
    guarded: Engine
    is_postgres: bool


def open(url: str, *, pool_size: int = 8) -> Database:  # noqa: A001  db.open reads well
    """Connects lazily. `url` begins with `sqlite:` or `postgresql:`."""
    if url.startswith("sqlite"):
        engine = sqlite.engine(url, pool_size=pool_size)
        return Database(url=url, engine=engine, guarded=engine, is_postgres=False)
    engine = postgres.engine(url, pool_size=pool_size)
    guarded = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Database(url=url, engine=engine, guarded=guarded, is_postgres=True)


def close(database: Database) -> None:
    """Closes every connection."""
    database.engine.dispose()


@contextmanager
def transaction(
    database: Database, *, locked: bool = True, gives_way: bool = False
) -> Iterator[Tx]:
    """What happens inside is written whole or not at all.

    `locked=False` is for a command whose only write is one guarded `apply`: on PostgreSQL
    it spares BEGIN and COMMIT. On SQLite a transaction is always BEGIN IMMEDIATE; one that
    `gives_way` does not stand in line for the writer's place at once while others write.
    """
    engine = database.engine if locked else database.guarded
    if not database.is_postgres:
        engine = engine.execution_options(begin="BEGIN IMMEDIATE", gives_way=gives_way)
    with _connected(engine) as tx, tx.begin():
        yield tx


def give_way(database: Database) -> None:
    """Between two batches of background work: whoever waits to write comes in. PostgreSQL has
    no such line."""
    if not database.is_postgres:
        sqlite.give_way()


@contextmanager
def snapshot(database: Database, *, is_long: bool = False) -> Iterator[Tx]:
    """For reading: sees one state of the database, writes nothing. One that reads everything
    `is_long`: it may last longer than any other transaction."""
    engine = database.engine
    if database.is_postgres:
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    else:
        engine = engine.execution_options(begin="BEGIN")
    with _connected(engine) as tx, tx.begin():
        if is_long and database.is_postgres:
            postgres.unbounded(tx)
        yield tx


@contextmanager
def one_read(database: Database) -> Iterator[Tx]:
    """For a single reading statement, which is its own snapshot."""
    engine = database.guarded
    if not database.is_postgres:
        engine = engine.execution_options(begin="BEGIN")
    with _connected(engine) as tx, tx.begin():
        yield tx


@contextmanager
def _connected(engine: Engine) -> Iterator[Tx]:
    """A connection; a database that is away, or cannot serve now, is `Busy`, never an
    internal error."""
    try:
        connection = engine.connect()
    except PoolTimeout as error:
        raise errors.Busy("database.busy") from error
    except DBAPIError as error:
        locked = "database.busy" if sqlite.is_transient(error) else "database.unreachable"
        raise errors.Busy(_at_fault(error) or locked) from error
    try:
        with connection as tx:
            yield tx
    except DBAPIError as error:
        passing = postgres.is_transient(error) or sqlite.is_transient(error)
        code = _at_fault(error) or ("database.busy" if passing else None)
        if code is None:
            raise
        raise errors.Busy(code) from error


def _at_fault(error: DBAPIError) -> str | None:
    """What somebody must mend before the database serves again, if it is that."""
    if postgres.is_full(error) or sqlite.is_full(error):
        return "database.full"
    return "database.not_writable" if sqlite.may_not_write(error) else None


def now(tx: Tx) -> datetime:
    """Office time: the database's time plus the data set's offset (zero but in a demo)."""
    at, offset_s = tx.execute(_NOW).one()
    return office_time(at, offset_s=offset_s)


def office_time(at: datetime, *, offset_s: int) -> datetime:
    """The sum that `now` makes, for statements that read both parts with their facts."""
    return at + timedelta(seconds=offset_s)


def apply(tx: Tx, rows: Rows) -> frozenset[UUID]:
    """Writes the rows of one case or many. Gives the cases written: one whose version has
    moved, or whose id is taken, is left out whole."""
    if tx.dialect.name == "postgresql":
        return postgres.apply(tx, rows)
    return sqlite.apply(tx, rows)


def add_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes new rows, all with the same columns. On PostgreSQL this and `change_rows` are one
    statement each, however many rows: who freezes between rows is, to the server, a client at
    work, and keeps what it has locked for as long as it is frozen."""
    half = postgres if tx.dialect.name == "postgresql" else sqlite
    half.add_rows(tx, table, rows)


def change_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes into rows that are there: each names its whole key, and what becomes of it."""
    half = postgres if tx.dialect.name == "postgresql" else sqlite
    half.change_rows(tx, table, rows)


def claim_due(tx: Tx, *, at: datetime, limit: int) -> tuple[UUID, ...]:
    """Locks and names cases whose `next_at` has come, earliest first; skips those that
    somebody holds. Never waits."""
    if tx.dialect.name == "postgresql":
        return postgres.claim_due(tx, at=at, limit=limit)
    return sqlite.claim_due(tx, at=at, limit=limit)


def is_number_taken(error: DBAPIError) -> bool:
    """Whether a write failed only because the fresh case number was in use."""
    return "case_file_number" in str(error.orig) or "case_file.number" in str(error.orig)


def is_serial_taken(error: DBAPIError) -> bool:
    """Whether a write failed only because somebody drew the same number of a paper."""
    return "paper_serial" in str(error.orig) or "paper.serial" in str(error.orig)


def upgrade(database: Database) -> None:
    """Brings the schema to this release. One that a later release made is left alone by the
    caller: see `is_later`."""
    with _connected(database.engine) as connection, connection.begin():
        config = _alembic()
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")


def tables(database: Database) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the tables that are there: ours, and those of somebody else."""
    found = frozenset(inspect(database.engine).get_table_names())
    ours = frozenset(SQLModel.metadata.tables) | {_REVISION.name}
    return found & ours, found - ours


def drop(tx: Tx) -> None:
    """Removes every table of ours with all that is in it."""
    SQLModel.metadata.drop_all(tx)
    _REVISION.drop(tx, checkfirst=True)


def revision(database: Database) -> tuple[str | None, str | None]:
    """The schema's revision as found, and the one this release needs."""
    with one_read(database) as connection:
        found = migration.MigrationContext.configure(connection).get_current_revision()
    return found, ScriptDirectory.from_config(_alembic()).get_current_head()


def is_later(found: str) -> bool:
    """Whether a schema's revision is unknown to this release: a later one made it."""
    known = ScriptDirectory.from_config(_alembic()).walk_revisions()
    return found not in {step.revision for step in known}


def is_there(database: Database) -> bool:
    """Whether there is something to connect to: an SQLite file that nobody has made is not
    there, a server may be."""
    return database.is_postgres or sqlite.is_there(database.url)


def check_rights(database: Database) -> None:
    """Refuses a database that this process may read at most, before the first write would.

    Raises: `database.not_writable`, with the file or folder at fault as its field.
    """
    closed = None if database.is_postgres else sqlite.closed(database.url)
    if closed is not None:
        raise errors.Busy("database.not_writable", field=str(closed))


def try_write(database: Database) -> None:
    """Begins a write and leaves it at that. SQLite's lock lets others read: asked for less, a
    start would meet it in the first act.

    Raises: `database.unreachable`, `database.busy`, `database.not_writable`.
    """
    with transaction(database):
        pass


def address(url: str) -> str:
    """A database's address as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def about(tx: Tx) -> About:
    """What the database is, and whether it keeps what it is given."""
    return postgres.about(tx) if tx.dialect.name == "postgresql" else sqlite.about(tx)


def _alembic() -> alembic.config.Config:
    config = alembic.config.Config()
    folder = importlib.resources.files("workflow") / "migrations"
    config.set_main_option("script_location", str(folder))
    return config


__all__ = [
    "DATABASE_TIME",
    "About",
    "Database",
    "Rows",
    "Tx",
    "about",
    "add_rows",
    "address",
    "apply",
    "change_rows",
    "check_rights",
    "claim_due",
    "close",
    "drop",
    "give_way",
    "is_later",
    "is_number_taken",
    "is_serial_taken",
    "is_there",
    "now",
    "office_time",
    "one_read",
    "open",
    "revision",
    "snapshot",
    "tables",
    "transaction",
    "try_write",
    "upgrade",
]

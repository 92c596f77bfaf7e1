"""Workers: several at once, a database that goes away, jobs that hang, nights, restarts."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select

from tests import conftest, office, postgres
from tests.faults import workers as fault_workers
from tests.peers import stage
from tests.workflow import look, outside, races, receivers
from workflow import auditor, db, outbox, scheduler
from workflow.db import sqlite
from workflow.queries import board
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

CASE = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
NOTICE = delivery.Notice.__table__.c  # type: ignore[attr-defined]
WORKER = office_tables.Worker.__table__.c  # type: ignore[attr-defined]
TREND = case_tables.Trend.__table__.c  # type: ignore[attr-defined]
PATIENCE_S = 60.0
"""Long, for a machine that has much else to do."""
SOON_S = 0.05


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


# --- several at once


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """Where worker processes come from."""
    with fault_workers.nursery() as found:
        yield found


@pytest.mark.long("sqlite")
@pytest.mark.race
def test_peer_29_30_36_several_workers_fire_each_rung_and_tell_each_person_once(
    database: db.Database, nursery: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Every web worker had a scheduler of its own, so jobs ran and mails went four times:
    apscheduler #160, #655, #959, lokole #1."""
    district = office.build(database)
    filed = [district.file().case_id for _ in range(20)]
    settings = {
        "GRIDCASE_DATABASE_URL": database.url,
        "GRIDCASE_SECRET_KEY": district.engine.seals.secret.hex(),
        "GRIDCASE_DATA_DIR": str(tmp_path),
        "GRIDCASE_TICK_S": "0.05",
    }
    pool = fault_workers.Workers(nursery, tmp_path, settings)
    try:
        started = [pool.start() for _ in range(3)]
        _wait(lambda: len(board.workers(database)) == len(started))
        for moment in ("2026-03-25 10:00", "2026-03-26 10:00", "2026-03-27 10:00"):
            district.jump(moment)
            _wait(lambda: _is_quiet(district))
        assert [pool.stop(worker) for worker in started] == [0, 0, 0]
    finally:
        pool.kill_all()
    for case_id in filed:
        found = look.hold(district, case_id)
        assert [rung.effect for rung in found.rungs] == stage.LADDER[:3]
        assert found.names.count("rung_fired") == 3
        told = [(row.cause, row.receiver_id) for row in look.notices(district, case_id)]
        assert len(told) == len(set(told))
        assert {row.state for row in look.notices(district, case_id)} == {"sent"}
    assert sum(one.fired for one in board.workers(database)) == 3 * len(filed)
    look.chain_holds(district)


def _is_quiet(district: office.District) -> bool:
    """Nothing is due and nothing waits to be told."""
    due = select(func.count()).where(CASE.next_at <= district.now())
    queued = select(func.count()).where(NOTICE.state == "queued")
    with db.snapshot(district.engine.database) as tx:
        return tx.execute(due).scalar_one() + tx.execute(queued).scalar_one() == 0


# --- a database that goes away, a job that hangs


def test_peer_33_a_worker_cut_off_in_the_middle_of_a_job_goes_on_when_the_database_is_back(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hiccup of the database during a job, and the scheduler never woke again: apscheduler
    #1083, flexget #2205."""
    for name in ("BEAT_S", "AUDIT_S"):
        monkeypatch.setattr(scheduler, name, SOON_S)
    monkeypatch.setattr(sqlite, "BUSY_MS", 200)
    monkeypatch.setattr(sqlite, "LOOK_S", (0.0, SOON_S))
    database = db.open(database_url)
    district = office.build(database)
    filed = district.file()
    rings: list[scheduler.Ring] = []
    bell = scheduler.Bell(district.engine, tick_s=SOON_S, told=rings.append)
    with _ringing(bell):
        _wait(lambda: len(rings) > 1)
        with _away(request, database_url):
            _wait(lambda: sum(ring.failed for ring in rings) > 1)
        district.jump("2026-03-27 10:00")
        _wait(lambda: sum(ring.sweep.fired for ring in rings) == 3)
        _wait(lambda: rings[-1].failed == 0)
        assert bell.is_alive()
    assert [rung.effect for rung in look.hold(district, filed.case_id).rungs] == stage.LADDER[:3]
    db.close(database)


@contextmanager
def _ringing(bell: scheduler.Bell) -> Iterator[None]:
    bell.start()
    try:
        yield
    finally:
        bell.stop()


@contextmanager
def _away(request: pytest.FixtureRequest, url: str) -> Iterator[None]:
    """Whoever is at work is cut off in the middle, and nobody gets in."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite.DRIVER.connect(path, timeout=PATIENCE_S)) as held:
            held.execute("begin exclusive")
            yield
            held.execute("rollback")
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = url.rpartition("/")[2]
    allow = sql.SQL("alter database {} allow_connections {}")
    with psycopg.connect(server.url, autocommit=True) as admin, psycopg.connect(url) as holder:
        holder.execute("lock table installation in access exclusive mode")
        time.sleep(4 * SOON_S)  # a tick now waits in the middle of its job
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = %s and pid <> %s",
            (name, holder.info.backend_pid),
        )
        yield
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def test_peer_32_39_a_job_that_hangs_stops_no_other_and_is_not_started_again(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One slow task held up all others, and a dead scheduler said nothing: openalgo #1759, glpi
    #15834."""
    for name in ("BEAT_S", "AUDIT_S"):
        monkeypatch.setattr(scheduler, name, SOON_S)
    district, gate = office.build(database), threading.Event()
    rings: list[scheduler.Ring] = []
    audits: list[auditor.AuditReport] = []

    def hangs(ring: scheduler.Ring) -> None:
        rings.append(ring)
        assert gate.wait(PATIENCE_S)

    bell = scheduler.Bell(district.engine, tick_s=SOON_S, told=hangs, audited=audits.append)
    with _ringing(bell):
        try:
            _wait(lambda: len(rings) == 1)
            seen, beat_at = len(audits), _beat_at(database)
            _wait(lambda: len(audits) > seen + 2 and _beat_at(database) > beat_at)
            assert len(rings) == 1
        finally:
            gate.set()
        _wait(lambda: len(rings) > 2)


def _beat_at(database: db.Database) -> datetime:
    with db.snapshot(database) as tx:
        found: datetime = tx.execute(select(WORKER.beat_at)).scalar_one()
        return found


# --- nights the clocks are changed


NIGHTS = (datetime(2026, 3, 8, 4, tzinfo=UTC), datetime(2026, 11, 1, 3, tzinfo=UTC))
"""Hours before the clocks are changed in the zone that the tests run in."""


def test_peer_34_the_bell_rings_at_even_distances_whatever_the_clocks_on_the_wall_do(
    district: office.District,
) -> None:
    """A daily job skipped a day when the clocks were changed: apscheduler #606."""
    bell = scheduler.Bell(district.engine, tick_s=5)
    with _ringing(bell):
        jobs = bell._scheduler.get_jobs()
    assert len(jobs) >= 3
    for job in jobs:
        assert (job.max_instances, job.coalesce, job.misfire_grace_time) == (1, True, None)
        for night in NIGHTS:
            gaps, at = set(), night
            while at < night + timedelta(hours=6):
                then = job.trigger.get_next_fire_time(at, at)
                gaps.add(then - at)
                at = then
            assert len(gaps) == 1


@pytest.mark.parametrize("start", ["2026-03-27", "2026-10-23"])
def test_peer_34_35_every_day_is_counted_once_where_the_clocks_change_at_midnight(
    database: db.Database, start: str
) -> None:
    """At the change of the clocks a day was skipped, or its hour went round for ever:
    apscheduler #606, #1021."""
    district = office.build(database, start=f"{start} 18:00")
    stage.rules(district, calendar=stage.zone("Asia/Beirut"))
    district.file()
    stage.walk(district, district.now() + timedelta(days=4))
    with db.snapshot(database) as tx:
        counted = tx.execute(select(TREND.counted_on).order_by(TREND.counted_on)).scalars().all()
    first = datetime.fromisoformat(start).date()
    assert counted == [first + timedelta(days=n) for n in range(1, 5)]


# --- restarts


@pytest.mark.long
@pytest.mark.race
def test_peer_40_what_waits_out_the_night_goes_on_after_a_restart(
    database: db.Database, database_url: str
) -> None:
    """What a time window had stopped never went on after a restart: grafana/oncall #1206."""
    district = office.build(database, start="2026-03-20 20:30")
    outside.reach(district, "desk")
    filed = district.file()
    outbox.run(district.engine)
    door = outside.Recording()
    with receivers.mail() as mail, races.workers(1) as (before,):
        job = {"op": "send", "url": database_url, "channels": {"mail": mail.template()}}
        assert races.at_once([(before, job)])[0]["messages"] == 0
        before.kill()
        assert mail.got == []
    district.jump("2026-03-23 08:00")
    assert outbox.send(district.engine, door=door).messages == 1
    assert filed.number in door.bodies[0]


# --- the auditor


def test_peer_41_read_8_the_auditor_asks_as_often_of_many_cases_as_of_few(
    district: office.District, statements: conftest.Statements
) -> None:
    """The auditor had been switched off, because what it asked took too long: grafana/oncall
    #724."""
    asked = []
    for more in (4, 36):
        for _ in range(more):
            district.file()
        auditor.run(district.engine)  # the day is counted
        with statements(district.engine.database) as sent:
            assert auditor.run(district.engine).looked == (4 if more == 4 else 40)
        asked.append(sent.count)
    assert asked[0] == asked[1] <= 12

"""One contract for both dialects: the guarded write, the claim, transactions, office time."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from rules import errors
from tests import obstacles, office, postgres
from tests.workflow import look
from workflow import clock, db, ids, read, write
from workflow.db import postgres as postgres_
from workflow.db import rows as rows_
from workflow.db import sqlite
from workflow.decide import (
    AssignmentRow,
    CaseRow,
    Command,
    DeadlineRow,
    EscalationRow,
    LinkRow,
    Opening,
    PartyRow,
    decide,
)
from workflow.decide.decision import AttachmentRow, PaperRow, RecusalRow, ServiceRow
from workflow.tables import case, watch
from workflow.tables import office as office_tables

ROLL_UP = rows_.ROLL_UP
_OFFICE = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_TREND = case.Trend.__table__  # type: ignore[attr-defined]
_ALARM = watch.Alarm.__table__  # type: ignore[attr-defined]


@pytest.fixture
def district(database: db.Database) -> office.District:
    """The small district."""
    return office.build(database)


def _filing(
    district: office.District, *, case_id: UUID | None = None, number: str | None = None
) -> db.Rows:
    """What filing a case would write."""
    with db.snapshot(district.engine.database) as tx:
        house = read.house(tx)
        facts = read.opening_facts(tx, grid=office.GRID, at=house)
    command = Command(
        case_id=case_id or ids.uuid7(),
        action_id=str(ids.uuid7()),
        action="file_case",
        fields=dict(office.DISPUTE),
        actor_id=district.people["officer"],
        post_id=district.posts["officer"],
        opening=Opening(
            process="dispute", origin_grid=office.GRID, number=number or ids.case_number()
        ),
    )
    return write.rows(decide(house.rules, command, facts), seals=district.engine.seals)


def _accepting(district: office.District, case_id: UUID) -> db.Rows:
    """What accepting a case would write, read now."""
    with db.snapshot(district.engine.database) as tx:
        house = read.house(tx)
        case = read.case_row(tx, case_id)
        assert case is not None
        facts = read.many_facts(tx, [case], at=house)[case_id]
    command = Command(
        case_id=case_id,
        action_id=str(ids.uuid7()),
        action="accept",
        fields={"note": "两家都在"},
        actor_id=district.people["desk"],
        post_id=district.posts["desk"],
    )
    return write.rows(decide(house.rules, command, facts), seals=district.engine.seals)


def _apply(district: office.District, *rows: db.Rows) -> frozenset[UUID]:
    with db.transaction(district.engine.database) as tx:
        return db.apply(tx, db.Rows.joined(rows))


def _id(rows: db.Rows) -> UUID:
    found = (rows.opened or rows.cases)[0][0]
    assert isinstance(found, UUID)
    return found


def _sum(district: office.District) -> int:
    with db.snapshot(district.engine.database) as tx:
        return int(tx.execute(select(func.coalesce(func.sum(ROLL_UP.c.n), 0))).scalar_one())


# --- rows and tables


@pytest.mark.parametrize(
    ("row", "table"),
    [
        (CaseRow, rows_.CASE),
        (DeadlineRow, rows_.CHILDREN["deadlines"]),
        (AssignmentRow, rows_.CHILDREN["assignments"]),
        (EscalationRow, rows_.CHILDREN["escalations"]),
        (PartyRow, rows_.CHILDREN["parties"]),
        (LinkRow, rows_.CHILDREN["links"]),
        (RecusalRow, rows_.CHILDREN["recusals"]),
        (PaperRow, rows_.CHILDREN["papers"]),
        (ServiceRow, rows_.CHILDREN["services"]),
        (AttachmentRow, rows_.CHILDREN["attachments"]),
    ],
)
def test_rows_are_their_tables_columns_in_order(row: Any, table: Any) -> None:
    assert list(row._fields) == table.columns.keys()


def test_what_is_written_is_what_is_read(district: office.District) -> None:
    """Every column comes back as it went, time zones and all."""
    rows = _filing(district)
    _apply(district, rows)
    found = look.whole(district, _id(rows))
    assert tuple(found.case) == tuple(rows.opened[0])
    assert [tuple(row) for row in found.deadlines] == [tuple(row) for row in rows.deadlines]
    assert [tuple(row) for row in found.events] == [tuple(row) for row in rows.events]
    assert found.case.received_at.tzinfo is UTC or found.case.received_at.utcoffset() == timedelta()
    look.chain_holds(district)


# --- the guarded write


def test_a_stale_case_is_left_out_whole_and_the_others_are_written(
    district: office.District,
) -> None:
    stale, fresh = (_id(rows) for rows in _two_filed(district))
    late = _accepting(district, stale)
    district.do(stale, "withdraw", "desk", withdraw_reason="和好")
    before = look.state_of(look.whole(district, stale))
    opened = _filing(district)
    written = _apply(district, late, _accepting(district, fresh), opened)
    assert written == {fresh, _id(opened)}
    assert look.state_of(look.whole(district, stale)) == before
    assert look.hold(district, fresh).case.state == "accepted"
    assert look.hold(district, _id(opened)).case.state == "filed"
    look.counts_agree(district)
    look.chain_holds(district)


def _two_filed(district: office.District) -> tuple[db.Rows, db.Rows]:
    rows = (_filing(district), _filing(district))
    assert _apply(district, *rows) == {_id(one) for one in rows}
    return rows


def test_a_case_is_opened_once(district: office.District) -> None:
    case_id = ids.uuid7()
    first, second = (_filing(district, case_id=case_id) for _ in range(2))
    assert _apply(district, first) == {case_id}
    before = look.state_of(look.whole(district, case_id))
    assert _apply(district, second) == frozenset()
    assert look.state_of(look.whole(district, case_id)) == before
    assert _sum(district) == 1


def test_a_number_in_use_is_told_and_nothing_is_written(district: office.District) -> None:
    first = _filing(district)
    _apply(district, first)
    second = _filing(district, number=str(first.opened[0][1]))
    with pytest.raises(IntegrityError) as caught:
        _apply(district, second)
    assert db.is_number_taken(caught.value)
    assert len(look.case_ids(district)) == 1
    assert _sum(district) == 1


def test_filing_draws_another_number_where_one_is_in_use(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = district.file("officer").number
    numbers = iter([taken, taken, ids.case_number()])
    monkeypatch.setattr(ids, "case_number", lambda: next(numbers))
    assert district.file("officer").number != taken


def test_the_roll_up_sums_a_batch(district: office.District) -> None:
    rows = [_filing(district) for _ in range(5)]
    _apply(district, *rows)
    assert _sum(district) == 5
    _apply(district, *(_accepting(district, _id(one)) for one in rows[:3]))
    look.counts_agree(district)
    assert _sum(district) == 5


def test_an_event_number_is_written_once(district: office.District) -> None:
    """The second net under the version guard."""
    rows = _filing(district)
    _apply(district, rows)
    again = replace(_accepting(district, _id(rows)), events=rows.events)
    with pytest.raises(IntegrityError):
        _apply(district, again)
    assert look.hold(district, _id(rows)).case.state == "filed"


def test_nothing_is_written_where_nothing_is_brought(district: office.District) -> None:
    with db.transaction(district.engine.database) as tx:
        rows = _filing(district)
        assert db.apply(tx, rows) == {_id(rows)}
        assert db.apply(tx, replace(rows, opened=(rows.opened[0],))) == frozenset()


# --- the claim


def test_claims_come_earliest_first_and_bounded(district: office.District) -> None:
    filed = [district.file("officer"), district.file("officer", category="0701")]
    district.jump("2026-03-24 10:00")
    filed.append(district.file("officer"))
    district.jump("2026-04-20 10:00")
    with db.transaction(district.engine.database) as tx:
        now = db.now(tx)
        claimed = db.claim_due(tx, at=now, limit=10)
        assert set(claimed) == {one.case_id for one in filed}
        assert claimed[-1] == filed[-1].case_id
        assert len(db.claim_due(tx, at=now, limit=2)) == 2
        assert db.claim_due(tx, at=office.local("2026-03-20 16:00"), limit=10) == ()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_claim_skips_what_somebody_holds_and_never_waits(district: office.District) -> None:
    filed = {district.file("officer").case_id for _ in range(4)}
    district.jump("2026-04-20 10:00")
    database = district.engine.database
    with db.transaction(database) as one, db.transaction(database) as other:
        first = db.claim_due(one, at=db.now(one), limit=3)
        begun = clock.monotonic()
        second = db.claim_due(other, at=db.now(other), limit=3)
        assert clock.monotonic() - begun < 10
        assert (len(first), len(second)) == (3, 1)
        assert {*first, *second} == filed


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_one_writer_at_a_time_and_busy_is_said(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.db.sqlite.BUSY_MS", 50)
    quick = db.open(district.engine.database.url)
    with (
        db.transaction(district.engine.database),
        pytest.raises(errors.Busy) as caught,
        db.transaction(quick),
    ):
        pass
    assert caught.value.code == "database.busy"
    db.close(quick)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_background_work_lets_in_whoever_waits_though_it_was_there_first(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 50)  # where it stood in line it would be told busy
    database, came = db.open(district.engine.database.url), list[str]()
    with district.engine.database.engine.connect() as holder:
        holder.begin()

        def somebody_comes(_seconds: float) -> None:
            holder.rollback()
            with db.transaction(district.engine.database):
                came.append("person")

        monkeypatch.setattr(time, "sleep", somebody_comes)
        with db.transaction(database, gives_way=True):
            came.append("sweep")
    assert came == ["person", "sweep"]
    db.close(database)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_background_work_looks_so_often_then_waits_in_line_and_is_told_busy_as_others_are(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    monkeypatch.setattr(time, "sleep", looks.append)
    monkeypatch.setattr(sqlite, "BUSY_MS", 50)
    database = db.open(district.engine.database.url)
    with (
        db.transaction(district.engine.database),
        pytest.raises(errors.Busy) as caught,
        db.transaction(database, gives_way=True),
    ):
        pass
    assert caught.value.code == "database.busy"
    assert len(looks) == sqlite.LOOKS
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("pragma busy_timeout").scalar() == sqlite.BUSY_MS
    db.close(database)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_file_that_may_only_be_read_meanwhile_is_told_at_the_write(
    district: office.District,
) -> None:
    """As SQLite tells it where the rights are taken from under a connection."""
    database, rows = district.engine.database, _filing(district)
    with db.snapshot(database) as tx:
        tx.exec_driver_sql("pragma query_only = on")
    with pytest.raises(errors.Busy) as caught:
        _apply(district, rows)
    assert caught.value.code == "database.not_writable"
    with db.snapshot(database) as tx:
        tx.exec_driver_sql("pragma query_only = off")
    assert look.case_ids(district) == []
    assert _apply(district, rows) == {_id(rows)}


@pytest.fixture
def small_server_disk(
    postgres_server: postgres.Server, postgres_template: str
) -> Iterator[tuple[str, Path]]:
    """A database of the server's own on a disk of its own: its address, and the disk."""
    if "GRIDCASE_TEST_DATABASE_URL" in os.environ:
        pytest.skip("!!! the server's full disk was not tried: it is not a server of ours")
    name, folder = f"small_{os.getpid()}", Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    disk = folder / "disk"
    disk.mkdir()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(obstacles.small_disk(disk, mb=48, owner="nobody"))
        (disk / "data").mkdir()
        shutil.chown(disk / "data", "nobody")
        stack.enter_context(postgres_server.tablespace(name, disk / "data"))
        url = postgres_server.create(name, template=postgres_template, tablespace=name)
        stack.callback(postgres_server.drop, name)
        yield url, disk


def test_writes_when_the_servers_disk_is_full_are_refused_whole(
    small_server_disk: tuple[str, Path],
) -> None:
    url, disk = small_server_disk
    database = db.open(url)
    district = office.build(database)
    filed = [district.file()]
    filler = obstacles.fill(disk)
    with pytest.raises(errors.Busy) as caught:  # noqa: PT012
        while len(filed) < 1000:  # the pages that there are may take a few yet
            filed.append(district.file(story="长" * 4000))
    assert caught.value.code == "database.full"
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert isinstance(caught.value.__cause__.orig, psycopg.errors.DiskFull)
    assert set(look.case_ids(district)) == {one.case_id for one in filed}
    look.counts_agree(district)
    filler.unlink()
    filed.append(district.file())
    assert set(look.case_ids(district)) == {one.case_id for one in filed}
    look.counts_agree(district)
    look.chain_holds(district)
    db.close(database)


# --- transactions and time


def test_a_transaction_that_fails_leaves_nothing(district: office.District) -> None:
    def fail() -> None:
        with db.transaction(district.engine.database) as tx:
            db.apply(tx, _rows)
            raise RuntimeError

    _rows = _filing(district)
    with pytest.raises(RuntimeError):
        fail()
    assert look.case_ids(district) == []
    assert _sum(district) == 0


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_snapshot_writes_nothing(district: office.District) -> None:
    with pytest.raises(DBAPIError), db.snapshot(district.engine.database) as tx:
        tx.execute(text("update installation set is_demo = false"))


def test_a_snapshot_sees_one_state(district: office.District) -> None:
    database = district.engine.database
    with db.snapshot(database) as tx:
        before = tx.execute(select(func.count()).select_from(rows_.CASE)).scalar_one()
        if database.is_postgres or _has_wal(tx):
            district.file("officer")
        after = tx.execute(select(func.count()).select_from(rows_.CASE)).scalar_one()
    assert before == after == 0


def _has_wal(tx: db.Tx) -> bool:
    return str(tx.execute(text("pragma journal_mode")).scalar()).lower() == "wal"


def test_office_time_is_the_databases_plus_the_offset(district: office.District) -> None:
    with db.snapshot(district.engine.database) as tx:
        first = db.now(tx)
    assert first.utcoffset() == timedelta()
    assert abs(first - office.local("2026-03-20 16:00")) < timedelta(minutes=1)
    district.jump("2026-03-21 16:00")
    with db.transaction(district.engine.database) as tx:
        second = db.now(tx)
    assert timedelta(hours=23, minutes=59) < second - first < timedelta(hours=24, minutes=1)


def test_office_time_goes_on_inside_a_transaction(district: office.District) -> None:
    """Not the transaction's start: a long batch judges by the time it is."""
    with db.transaction(district.engine.database) as tx:
        first = db.now(tx)
        begun = clock.monotonic()
        while clock.monotonic() - begun < 0.01:
            pass
        assert db.now(tx) > first


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_no_statement_is_compiled(database: db.Database) -> None:
    """PostgreSQL 15 of a distribution compiled the board's health for two seconds each time."""
    with db.one_read(database) as tx:
        assert tx.exec_driver_sql("show jit").scalar_one() == "off"


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_client_that_stops_in_the_middle_of_a_message_keeps_nothing_for_long(
    database: db.Database,
) -> None:
    """To the server it is at work: no time limit of a statement or of an idle transaction ends
    it. One that reads everything may take as long as it takes."""
    with db.one_read(database) as tx:
        if int(tx.exec_driver_sql("show server_version_num").scalar_one()) < postgres_.BOUNDED:
            pytest.skip("this server bounds no transaction")
        assert tx.exec_driver_sql("show transaction_timeout").scalar_one() == "2min"
    with db.snapshot(database, is_long=True) as tx:
        assert tx.exec_driver_sql("show transaction_timeout").scalar_one() == "0"
    with db.snapshot(database) as tx:
        assert tx.exec_driver_sql("show transaction_timeout").scalar_one() == "2min"


def test_many_rows_are_added_and_changed_by_their_key(district: office.District) -> None:
    """None where there are none; of a row that is changed the rest stays."""
    database = district.engine.database
    days = [date(2026, 1, n) for n in (1, 2, 3)]
    with db.transaction(database) as tx:
        [office_id, *_] = tx.execute(select(_OFFICE.id)).scalars()
        key = {"office_id": office_id, "process": "dispute"}
        lights = {"green": 4, "yellow": 3, "red": 2, "grey": 1}
        db.add_rows(tx, _TREND, [])
        db.change_rows(tx, _TREND, [])
        db.add_rows(tx, _TREND, [{"counted_on": day, **key, **lights} for day in days])
        changed = [{"green": n, "counted_on": day, **key} for n, day in enumerate(days[1:])]
        db.change_rows(tx, _TREND, changed)
    with db.snapshot(database) as tx:
        found = tx.execute(select(_TREND).order_by(_TREND.c.counted_on)).mappings().all()
    assert [dict(one) for one in found] == [
        {"counted_on": day, **key, **lights, "green": n}
        for day, n in zip(days, (4, 0, 1), strict=True)
    ]


def test_what_a_row_holds_comes_back_as_it_was(district: office.District) -> None:
    """Nothing, an instant, and words that mean something to JSON, SQL and a regular expression."""
    at = datetime(2026, 3, 20, 8, 0, 0, 123456, tzinfo=UTC)
    alarm = {"id": ids.uuid7(), "kind": "sweep_silent", "case_id": None, "times": 1}
    first = alarm | {"subject": "李'样\"本\\𠮷\n:x %s", "first_at": at, "last_at": at}
    with db.transaction(district.engine.database) as tx:
        db.add_rows(tx, _ALARM, [first])
        db.change_rows(tx, _ALARM, [{"closed_at": at + timedelta(days=1), "id": alarm["id"]}])
    with db.snapshot(district.engine.database) as tx:
        (found,) = tx.execute(select(_ALARM)).mappings()
    assert dict(found) == first | {"closed_at": at + timedelta(days=1)}

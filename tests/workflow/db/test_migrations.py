"""A database of an earlier release, with rows in it, becomes one of this release: nothing is lost,
and what waited goes on."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import alembic.command
import pytest
import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime import migration
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from tests import office
from tests.workflow import look
from workflow import auditor, clock, db, ids
from workflow.commands import office as office_commands
from workflow.decide import CaseRow, DeadlineRow
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import paper as paper_tables

NOT_YET: Final = {
    "supervision",
    "supervisor_id",
    "blocked",
    "skew_ms",
    "stopped_at",
    "repeats",
    "petition_class",
    "sender_id",
}
"""Columns that 0002 and later bring; 0002 takes `is_blocked` away."""
NOW: Final = "2026-03-27 15:00"
ACCEPT: Final = dict[str, Any](
    rule="dispute.accept",
    owner="office",
    state="running",
    cycle=1,
    started_by=1,
    start_at=office.local("2026-03-20 16:00"),
    due_at=office.local("2026-03-26 00:00"),
    due_on=date(2026, 3, 25),
    is_provisional=False,
    until_on=None,
    extend_days=0,
    pauses="[]",
    extensions="[]",
    missed_at=office.local("2026-03-26 00:00"),
    ended_at=None,
)
"""The clock of a dispute filed on Friday the 20th that nobody accepted."""


def _revise(database: db.Database, revision: str) -> None:
    with database.engine.connect() as connection, connection.begin():
        config = db._alembic()
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, revision)


@pytest.fixture
def earlier(empty_url: str) -> Any:
    """The small district in a database of 0001. Its commands touch nothing that 0002 changes; the
    column of 0004 that they write is lent to them."""
    database = db.open(empty_url)
    _revise(database, "0001")
    with db.transaction(database) as tx:
        tx.execute(sa.text("alter table office add column line varchar(400) default ''"))
    district = office.build(database, start=NOW)
    with db.transaction(database) as tx:
        tx.execute(sa.text("alter table office drop column line"))
    yield district
    db.close(database)


def _insert(tx: db.Tx, model: Any, values: dict[str, Any]) -> None:
    """A row as the earlier release wrote it."""
    columns = [sa.column(c.name, c.type) for c in model.__table__.c if c.name not in NOT_YET]
    there = sa.table(model.__table__.name, *columns, sa.column("is_blocked", sa.Boolean()))
    tx.execute(sa.insert(there).values({k: v for k, v in values.items() if k not in NOT_YET}))


def _file(district: office.District, tx: db.Tx, *, case: Any, deadline: Any) -> UUID:
    """An overdue dispute, inserted: of today's commands none can write it."""
    case_id, house = ids.uuid7(), office_tables.Installation.__table__.c  # type: ignore[attr-defined]
    pack_hash, calendar_hash = tx.execute(sa.select(house.pack_hash, house.calendar_hash)).one()
    usual = dict.fromkeys(CaseRow._fields) | {
        "id": case_id,
        "number": ids.case_number(),
        "process": "dispute",
        "kind": "dispute",
        "pack_hash": pack_hash,
        "state": "filed",
        "is_done": False,
        "is_closed": False,
        "version": 3,
        "acted_version": 1,
        "seq": 3,
        "head": bytes(32),
        "category": "0201",
        "confidentiality": "normal",
        "subject": "漏水",
        "parties": 0,
        "origin_grid": office.GRID,
        "lead_office_id": district.offices["desk"],
        "lead_kind": "case_desk",
        "level": 5,
        "area_1": "42",
        "area_2": "4203",
        "area_3": office.DISTRICT,
        "area_4": office.STREET,
        "area_5": office.COMMUNITY,
        "filer_id": district.people["officer"],
        "light": "red",
        "is_stuck": False,
        "cycle": 1,
        "due_at": ACCEPT["due_at"],
        "received_at": ACCEPT["start_at"],
        "opened_at": ACCEPT["start_at"],
        "updated_at": ACCEPT["due_at"],
    }
    _insert(tx, case_tables.CaseFile, usual | case)
    clock_row = ACCEPT | {"case_id": case_id, "no": 1, "calendar_hash": calendar_hash}
    clock_row |= {"charged_office_id": district.offices["desk"]}
    _insert(tx, case_tables.Deadline, clock_row | deadline)
    return case_id


def _stuck(district: office.District) -> UUID:
    """Blocked at its first rung since the 25th, because the desk is vacant."""
    next_at = office.local("2026-03-30 09:00")
    with db.transaction(district.engine.database) as tx:
        return _file(
            district,
            tx,
            case={"is_stuck": True, "next_at": next_at},
            deadline={"fired": "", "is_blocked": True, "next_at": next_at},
        )


def _supervised(district: office.District) -> UUID:
    """Warned, urged and supervised; to be raised on the 31st."""
    next_at = office.local("2026-03-31 09:00")
    with db.transaction(district.engine.database) as tx:
        case_id = _file(
            district,
            tx,
            case={"supervising_level": 4, "next_at": next_at},
            deadline={"fired": "0.0 1.0 2.0", "is_blocked": False, "next_at": next_at},
        )
        for rung, effect in enumerate(("warn", "urge", "supervise")):
            at = office.local(f"2026-03-{25 + rung} 09:00")
            fired = {"case_id": case_id, "deadline_no": 1, "rung": rung, "cycle": 1}
            fired |= {"repetition": 0, "seq": rung + 1, "effect": effect, "level": 5}
            _insert(
                tx,
                case_tables.Escalation,
                fired | {"planned_at": at, "fired_at": at, "at_top": False},
            )
        return case_id


def _appoint(district: office.District, post: str, *, is_held: bool) -> None:
    """Fills one of the two posts that own a filed dispute, or leaves it vacant."""
    holder = district.people[post] if is_held else None
    office_commands.appoint(district.engine.database, district.posts[post], holder_id=holder)


def test_the_migrations_make_the_tables_of_this_release(database: db.Database) -> None:
    with database.engine.connect() as connection:
        context = migration.MigrationContext.configure(connection, opts={"compare_type": True})
        assert autogenerate.compare_metadata(context, SQLModel.metadata) == []


def test_0002_brings_a_blocked_and_a_supervised_case_over_and_both_go_on(
    earlier: office.District,
) -> None:
    _appoint(earlier, "desk", is_held=False)
    _appoint(earlier, "street_desk", is_held=False)
    stuck, supervised = _stuck(earlier), _supervised(earlier)
    _revise(earlier.engine.database, "head")
    with earlier.engine.database.engine.connect() as connection:
        columns = {c["name"] for c in sa.inspect(connection).get_columns("deadline")}
    assert columns == set(DeadlineRow._fields)
    watched = look.whole(earlier, supervised).case
    assert (watched.supervision, watched.supervising_level) == ("ladder", 4)
    assert look.whole(earlier, stuck).case.supervision is None

    earlier.at("2026-03-30 10:00")  # an opening: tried anew, with each rung that waited behind it
    assert auditor.run(earlier.engine).findings == ()
    case = look.whole(earlier, stuck)
    assert case.case.is_stuck
    assert case.deadlines[0].blocked.split() == ["0.0", "1.0"]
    assert [rung.effect for rung in case.rungs] == ["supervise"]
    _appoint(earlier, "desk", is_held=True)
    earlier.sweep()
    case = look.whole(earlier, stuck)
    assert not case.case.is_stuck
    assert sorted(rung.effect for rung in case.rungs) == ["supervise", "urge", "warn"]

    earlier.at("2026-03-31 10:00")
    watched = look.whole(earlier, supervised).case
    assert watched.supervisor_id == earlier.people["district_supervisor"]
    earlier.do(supervised, "accept", "desk")
    watched = look.whole(earlier, supervised).case
    assert (watched.supervision, watched.supervising_level) == (None, None)


def test_0002_keeps_the_workers_of_before(earlier: office.District) -> None:
    database, worker, now = earlier.engine.database, ids.uuid7(), clock.system()
    counts = {"tick_ms": 0, "ticks": 0, "fired": 0, "errors": 0}
    row = {"id": worker, "host": "h", "pid": 1, "started_at": now, "beat_at": now}
    with db.transaction(database) as tx:
        _insert(tx, office_tables.Worker, row | counts)
    _revise(database, "head")
    table = office_tables.Worker.__table__  # type: ignore[attr-defined]
    with db.snapshot(database) as tx:
        found = tx.execute(sa.select(table)).one()
    assert (found.id, found.skew_ms, found.stopped_at) == (worker, 0, None)


def test_0004_writes_down_the_line_of_each_office(earlier: office.District) -> None:
    db.upgrade(earlier.engine.database)
    keys = ("committee", "street_committee", "street", "government")
    assert earlier.actor("mediator").posts[0].line == tuple(earlier.offices[key] for key in keys)
    assert earlier.actor("reviewer").posts[0].line == (earlier.offices["government"],)


def test_0008_writes_down_who_sent_a_petition_on(district: office.District) -> None:
    sent, kept = (district.file("officer", process="petition") for _ in range(2))
    district.do(sent, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    script = ScriptDirectory.from_config(db._alembic()).get_revision("0008")
    assert script is not None
    with db.transaction(district.engine.database) as tx:
        tx.execute(sa.text("update case_file set sender_id = null"))
        tx.execute(sa.text(script.module.BACKFILL))
    found = [district.case(one).sender_id for one in (sent, kept)]
    assert found == [district.offices["petitions"], None]


def test_a_receipt_attached_before_there_were_materials_is_still_there(empty_url: str) -> None:
    database = db.open(empty_url)
    try:
        _revise(database, "0011")
        district = office.build(database)
        filed = district.file()
        receipt = {
            "case_id": filed.case_id,
            "no": 1,
            "seq": 2,
            "id": ids.uuid7(),
            "kind": "receipt",
            "paper_no": 3,
            "service_no": 1,
            "media": "image/jpeg",
            "size_bytes": 9,
            "name": "ab" * 16,
            "key_id": 1,
            "nonce": bytes(12),
            "attached_by": district.people["officer"],
            "attached_at": district.now(),
        }
        now = paper_tables.Attachment.__table__  # type: ignore[attr-defined]
        types = {column.name: column.type for column in now.c} | {"paper_no": sa.Integer()}
        before = sa.table("attachment", *(sa.column(name, types[name]) for name in receipt))
        with db.transaction(database) as tx:
            tx.execute(sa.insert(before).values(receipt))
        _revise(database, "head")
        with db.snapshot(database) as tx:
            (row,) = tx.execute(sa.select(now))
        kept = receipt | {"of_no": receipt["paper_no"]}
        assert dict(row._mapping) == {name: kept[name] for name in row._mapping}
    finally:
        db.close(database)

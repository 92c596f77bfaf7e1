"""The auditor doubts what the sweep relies on: each thing falsified by hand is found, and a case
left to itself never is."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from rules import errors, load
from tests import office
from tests.workflow import outside
from workflow import auditor, clock, db, ids, outbox, read
from workflow.commands import packs, workers
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import watch

ALARM = watch.Alarm.__table__  # type: ignore[attr-defined]
MARK = watch.Auditor.__table__  # type: ignore[attr-defined]
TREND = case_tables.Trend.__table__  # type: ignore[attr-defined]
CASE = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
DEADLINE = case_tables.Deadline.__table__  # type: ignore[attr-defined]
RUNG = case_tables.Escalation.__table__  # type: ignore[attr-defined]
WORKER = office_tables.Worker.__table__  # type: ignore[attr-defined]


def _open(district: office.District) -> list[tuple[str, UUID | None]]:
    statement = select(ALARM.c.kind, ALARM.c.case_id).where(ALARM.c.closed_at.is_(None))
    with db.snapshot(district.engine.database) as tx:
        return sorted((row.kind, row.case_id) for row in tx.execute(statement))


def _audit(district: office.District) -> auditor.AuditReport:
    return auditor.run(district.engine)


def test_a_district_left_to_itself_raises_no_alarm(district: office.District) -> None:
    mediated, _ = district.file(), district.file()
    district.file("petition_officer", process="petition")
    district.do(mediated, "accept", "desk")
    district.do(mediated, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(mediated, "start_assessment", "mediator", assessment_reason="鉴定")
    for day in ("2026-03-26 10:00", "2026-04-02 10:00", "2026-05-20 10:00"):
        district.at(day)
        report = _audit(district)
        assert (report.looked, report.findings) == (3, ())
    assert _open(district) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (update(DEADLINE).values(next_at=None), "will_not_wake"),
        (update(CASE).values(next_at=None), "will_not_wake"),
        (update(DEADLINE).values(due_at=DEADLINE.c.start_at), "due_differs"),
        (update(DEADLINE).values(fired=""), "record_differs"),
        (update(RUNG).values(cycle=2), "record_differs"),
    ],
)
def test_what_was_falsified_is_found_and_told_once(
    district: office.District, change: object, kind: str
) -> None:
    filed, other = district.file(), district.file(grid=office.OTHER_GRID, by="other_officer")
    district.at("2026-03-25 10:00")
    key = "id" if change.table is CASE else "case_id"  # type: ignore[attr-defined]
    sick = change.table.c[key] == filed.case_id  # type: ignore[attr-defined]
    with db.transaction(district.engine.database) as tx:
        tx.execute(change.where(sick))  # type: ignore[attr-defined]
    for _ in range(3):
        found = {one.kind for one in _audit(district).findings}
        assert kind in found
    assert (kind, filed.case_id) in _open(district)
    assert {case_id for _, case_id in _open(district)} == {filed.case_id}
    with db.snapshot(district.engine.database) as tx:
        times = tx.execute(select(ALARM.c.times).where(ALARM.c.kind == kind)).scalars().all()
    assert times == [3], "one alarm, told again"
    assert other.case_id not in {case_id for _, case_id in _open(district)}


def test_an_alarm_closes_when_what_it_told_of_is_over(district: office.District) -> None:
    filed = district.file()
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(DEADLINE).values(next_at=None))
    _audit(district)
    assert _open(district) == [("will_not_wake", filed.case_id)]
    district.do(filed, "withdraw", "desk", withdraw_reason="双方和好")
    _audit(district)
    assert _open(district) == []


def test_a_sweep_that_does_not_keep_up_is_told_and_is_over_with_the_next(
    district: office.District,
) -> None:
    district.file()
    district.jump("2026-03-27 10:00")
    _audit(district)
    assert _open(district) == [("sweep_behind", None)]
    district.sweep()
    _audit(district)
    assert _open(district) == []


@pytest.mark.parametrize(
    ("code", "is_told"), [("delivery.unreachable", True), ("delivery.failed", False)]
)
def test_messages_that_do_not_go_out_are_told_unless_one_address_is_at_fault(
    district: office.District, code: str, is_told: bool
) -> None:
    outside.reach(district, "desk")
    district.file()
    away = outside.Recording(answer=outside.fails(errors.Busy(code)))
    outside.send(district, away)
    district.file()
    outside.send(district, away)
    district.at("2026-03-20 16:29")
    _audit(district)
    assert _open(district) == []
    district.at("2026-03-20 16:31")
    found = [("delivery_behind", None)] if is_told else []
    during: list[list[tuple[str, UUID | None]]] = []

    def look(_message: object) -> None:
        _audit(district)
        during.append(_open(district))
        raise errors.Busy(code)

    _audit(district)
    assert _open(district) == found
    outside.pass_back_off(district.engine.database)
    outside.send(district, outside.Recording(answer=look))
    assert during == [found], "the next try is under way"
    outside.pass_back_off(district.engine.database)
    outside.send(district, outside.Recording())
    outside.pass_back_off(district.engine.database)
    outside.send(district, outside.Recording())
    _audit(district)
    assert _open(district) == []


def test_messages_that_nobody_sends_are_told(district: office.District) -> None:
    outside.reach(district, "desk")
    district.file()
    outbox.run(district.engine)
    district.at("2026-03-20 16:31")
    _audit(district)
    assert _open(district) == [], "the database's own half hour is not over"
    earlier = clock.system() - timedelta(minutes=31)
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(outside.LEDGER).values(next_try_at=earlier))
    _audit(district)
    assert _open(district) == [("delivery_behind", None)]
    outside.send(district, outside.Recording())
    _audit(district)
    assert _open(district) == []


def test_a_round_goes_through_all_cases_and_begins_again(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "CHUNK", 2)
    monkeypatch.setattr(auditor, "SQLITE_CHUNK", 2)
    closed, *filed = [district.file() for _ in range(6)]
    district.do(closed, "withdraw", "desk", withdraw_reason="双方和好")
    with db.transaction(district.engine.database) as tx:
        tx.execute(
            update(DEADLINE).where(DEADLINE.c.case_id == filed[-1].case_id).values(next_at=None)
        )
    reports = [_audit(district) for _ in range(3)]
    assert [report.looked for report in reports] == [2, 2, 1]
    assert [report.is_round_done for report in reports] == [False, False, True]
    assert [len(report.findings) for report in reports] == [0, 0, 1]
    with db.snapshot(district.engine.database) as tx:
        mark = tx.execute(select(MARK)).one()
    assert (mark.ended_looked, mark.ended_differing, mark.after_id) == (5, 1, None)
    assert _audit(district).looked == 2, "the next round"
    assert _open(district) == [("will_not_wake", filed[-1].case_id)], "still there"


def test_a_dead_worker_is_told_and_a_stopped_one_is_not(district: office.District) -> None:
    database, names = district.engine.database, [ids.uuid7() for _ in range(3)]
    for name in names:
        workers.enrol(database, name)
    dead, stopped, alive = names
    workers.stop(database, stopped)
    with db.transaction(database) as tx:
        tx.execute(
            update(WORKER)
            .where(WORKER.c.id.in_([dead, stopped]))
            .values(beat_at=clock.system() - timedelta(seconds=6))
        )
        tx.execute(update(WORKER).values(started_at=clock.system() - timedelta(hours=1)))
    assert [(one.kind, one.subject) for one in _audit(district).findings] == [
        ("worker_silent", str(dead))
    ]
    workers.beat(database, dead)
    assert _audit(district).findings == ()
    workers.beat(database, alive, skew=61_000)
    assert [(one.kind, one.subject) for one in _audit(district).findings] == [
        ("clock_off", str(alive))
    ]


def test_the_day_is_counted_once_as_it_begins(district: office.District) -> None:
    district.file()
    district.file(confidentiality="restricted")
    done = district.file()
    district.do(done, "withdraw", "desk", withdraw_reason="双方和好")
    district.at("2026-03-26 10:00")  # red since midnight
    _audit(district)
    assert auditor.count_day(district.engine.database) is False
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(select(TREND).order_by(TREND.c.counted_on)).all()
    days = {row.counted_on.isoformat(): (row.green, row.yellow, row.red) for row in rows}
    assert all(row.office_id == district.offices["desk"] for row in rows)
    assert days["2026-03-25"] == (1, 0, 0)
    assert days["2026-03-26"] == (0, 1, 0), "before the day's own clocks"
    assert len(rows) == len(days)


def test_a_case_that_cannot_be_looked_at_does_not_blind_the_auditor(
    district: office.District,
) -> None:
    sick, other = district.file(), district.file()
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(DEADLINE).where(DEADLINE.c.case_id == sick.case_id).values(pauses="?"))
        of_other = DEADLINE.c.case_id == other.case_id
        tx.execute(update(DEADLINE).where(of_other).values(due_at=DEADLINE.c.start_at))
    _audit(district)
    found = _open(district)
    assert ("case_unreadable", sick.case_id) in found
    assert ("due_differs", other.case_id) in found


def test_a_paused_clock_that_nothing_wakes_is_found(district: office.District) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    assert _audit(district).findings == ()
    with db.transaction(district.engine.database) as tx:
        tx.execute(update(DEADLINE).where(DEADLINE.c.state == "paused").values(next_at=None))
    assert "will_not_wake" in {one.kind for one in _audit(district).findings}


def test_I9_an_open_case_without_a_clock_is_found(district: office.District) -> None:
    filed = district.file()
    with db.transaction(district.engine.database) as tx:
        ended = {"state": "stopped", "ended_at": district.now(), "next_at": None}
        tx.execute(update(DEADLINE).values(**ended))
        tx.execute(update(CASE).values(next_at=None))
    _audit(district)
    assert _open(district) == [("no_clock", filed.case_id)]


def test_a_worker_that_was_replaced_is_no_news(district: office.District) -> None:
    database, dead = district.engine.database, ids.uuid7()
    workers.enrol(database, dead)
    long_ago = clock.system() - timedelta(seconds=600)
    with db.transaction(database) as tx:
        tx.execute(update(WORKER).values(beat_at=long_ago, started_at=long_ago))
    assert [one.kind for one in _audit(district).findings] == ["worker_silent"]
    workers.enrol(database, ids.uuid7())
    assert _audit(district).findings == ()


def test_a_worker_that_was_forgotten_is_known_again_with_its_next_beat(
    district: office.District,
) -> None:
    database, frozen = district.engine.database, ids.uuid7()
    workers.enrol(database, frozen)
    with db.transaction(database) as tx:
        tx.execute(delete(WORKER))
    workers.beat(database, frozen)
    with db.snapshot(database) as tx:
        assert tx.execute(select(WORKER.c.id)).scalars().all() == [frozen]


def test_days_on_which_nothing_falls_due_are_counted_each(district: office.District) -> None:
    case = district.file()
    district.do(case, "accept", "desk")
    district.at("2026-04-02 10:00")
    district.at("2026-04-12 10:00")
    with db.snapshot(district.engine.database) as tx:
        days = tx.execute(select(TREND.c.counted_on).order_by(TREND.c.counted_on)).scalars().all()
    first = district.now().date() - timedelta(days=len(days) - 1)
    assert days == [first + timedelta(days=n) for n in range(len(days))]
    assert days[-1].isoformat() == "2026-04-12"
    assert len(days) > 15


def test_what_an_older_pack_calls_an_end_is_not_counted_as_open(
    district: office.District,
) -> None:
    filed = district.file("petition_officer", process="petition")
    district.do(filed, "withdraw", "petition_officer", withdraw_reason="已解决")
    document = json.loads(load.release(load.NATIONAL)[0].document)
    petition = document["processes"]["petition"]
    petition["states"]["taken_back"] = petition["states"].pop("withdrawn")
    petition["actions"]["withdraw"]["to"] = "taken_back"
    for action in ("serve_paper", "add_material"):
        there = petition["actions"][action]["from"]
        there[there.index("withdrawn")] = "taken_back"
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    loaded = load.from_document(text)
    with db.transaction(district.engine.database) as tx:
        packs.add(tx, loaded, read.house(tx).calendar, document="{}")
        packs.activate(tx, loaded.hash)
    assert auditor.count_day(district.engine.database) is False


def test_one_newcomer_takes_the_place_of_one_worker(district: office.District) -> None:
    database = district.engine.database
    dead, restarted = ids.uuid7(), ids.uuid7()
    for name in (dead, restarted):
        workers.enrol(database, name)
    workers.stop(database, restarted)
    long_ago = clock.system() - timedelta(seconds=600)
    with db.transaction(database) as tx:
        tx.execute(update(WORKER).values(beat_at=long_ago, started_at=long_ago))
    workers.enrol(database, ids.uuid7())  # instead of the one that was stopped
    found = _audit(district).findings
    assert [(one.kind, one.subject) for one in found] == [("worker_silent", str(dead))]
    workers.enrol(database, ids.uuid7())
    assert _audit(district).findings == ()

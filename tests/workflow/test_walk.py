"""Office time walked from one due moment to the next: nothing late, nothing waited for twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from rules import errors
from tests import office
from workflow import db, scheduler, sweep
from workflow.queries import case as case_query
from workflow.tables import delivery

NOTICE = delivery.Notice.__table__.c  # type: ignore[attr-defined]
SOON = timedelta(seconds=5)


def test_walk_when_rungs_fire_sends_each_notice_at_its_own_moment(database: db.Database) -> None:
    district = office.build(database)
    district.file("officer")
    district.at("2026-04-03 10:00")
    with db.snapshot(database) as tx:
        rows = tx.execute(select(NOTICE.next_try_at, NOTICE.sent_at, NOTICE.state)).all()
    assert len({row.next_try_at for row in rows}) > 4
    assert {row.state for row in rows} == {"sent"}
    assert all(row.sent_at - row.next_try_at < SOON for row in rows)


def test_advance_when_a_case_cannot_be_decided_goes_on_without_it(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    district = office.build(database)
    district.file("officer")
    moves: list[object] = []
    step = scheduler._move

    def counted(*arguments: Any, **named: Any) -> Any:
        moves.append(named)
        return step(*arguments, **named)

    def broken(*_: object) -> None:
        raise errors.Invalid("guard.broken")

    monkeypatch.setattr(scheduler, "_move", counted)
    monkeypatch.setattr(sweep, "decide_due", broken)
    before = district.now()
    report = scheduler.advance(district.engine, by=timedelta(days=30))
    assert report.failed > 0
    assert len(moves) < 10 + 30, "it stops at midnights, and does not creep"
    assert district.now() - before >= timedelta(days=30)


def test_advance_when_asked_to_go_back_refuses(database: db.Database) -> None:
    district = office.build(database)
    with pytest.raises(errors.Invalid, match=r"clock\.backwards"):
        scheduler.advance(district.engine, by=timedelta(seconds=-1))
    with db.snapshot(database) as tx:
        assert tx.execute(select(func.count()).select_from(NOTICE.case_id.table)).scalar() == 0


def test_jump_when_every_worker_was_down_catches_up_with_its_lateness(
    database: db.Database,
) -> None:
    district = office.build(database)
    filed = district.file("officer")
    report = scheduler.jump(district.engine, by=timedelta(days=14))
    assert report.fired == 5
    assert report.max_late_s > 8 * 24 * 3600
    with db.snapshot(database) as tx:
        fired = tx.execute(case_query.FIRED, {"case_id": filed.case_id}).all()
    assert [rung.effect for rung in fired] == ["warn", "urge", "supervise", "raise", "leader"]
    assert len({rung.fired_at for rung in fired}) == 1

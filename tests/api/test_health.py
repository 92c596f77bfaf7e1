"""What machines that watch are told: ready or not, and the numbers of the whole installation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from tests.api import desk
from workflow import db, ids
from workflow.commands import office as office_commands
from workflow.tables import office as tables
from workflow.tables import watch

_WORKER = tables.Worker.__table__  # type: ignore[attr-defined]
_ALARM = watch.Alarm.__table__  # type: ignore[attr-defined]
_AUDITOR = watch.Auditor.__table__  # type: ignore[attr-defined]


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """A district whose supervisor can sign in."""
    return desk.open_desk(database, "supervisor")


def _live(
    front: desk.Desk, *, beat_ago_s: float, looked_ago_s: float | None, started_ago_s: float = 0
) -> None:
    """A worker and the auditor gave their last signs of life so long ago."""
    with db.transaction(front.district.engine.database) as tx:
        now = tx.execute(select(db.DATABASE_TIME)).scalar_one()
        beat_at = now - timedelta(seconds=beat_ago_s)
        key = {"id": ids.uuid7(), "host": "machine", "pid": 7}
        key["started_at"] = now - timedelta(seconds=started_ago_s)
        counts = {"tick_ms": 4, "ticks": 1, "fired": 2, "errors": 0, "skew_ms": 0}
        tx.execute(insert(_WORKER), key | counts | {"beat_at": beat_at})
        if looked_ago_s is None:
            return
        looked_at = now - timedelta(seconds=looked_ago_s)
        if not tx.execute(update(_AUDITOR).values(looked_at=looked_at)).rowcount:
            tx.execute(insert(_AUDITOR), {"id": 1, "looked_at": looked_at})


def _alarms(front: desk.Desk, **kinds: int) -> None:
    with db.transaction(front.district.engine.database) as tx:
        now = tx.execute(select(db.DATABASE_TIME)).scalar_one()
        for kind, n in kinds.items():
            times = {"first_at": now, "last_at": now, "times": 1}
            rows = [
                {"id": ids.uuid7(), "kind": kind, "subject": str(one), "closed_at": None} | times
                for one in range(n)
            ]
            over = {"id": ids.uuid7(), "kind": kind, "subject": "over", "closed_at": now} | times
            tx.execute(insert(_ALARM), [*rows, over])


def _metrics(front: desk.Desk) -> dict[str, float]:
    lines = front.site.get("/metrics").text.splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


def test_ready_tells_who_is_silent_and_how_many_alarms_stand(front: desk.Desk) -> None:
    assert front.site.get("/readyz").json()["audit"] == "silent"
    _live(front, beat_ago_s=0, looked_ago_s=30)
    _alarms(front, clock_off=1, due_differs=2)
    told = front.site.get("/readyz").json()
    assert (told["sweep"], told["audit"], told["alarms"]) == ("running", "running", 3)
    _live(front, beat_ago_s=0, looked_ago_s=90)
    assert front.site.get("/readyz").json()["audit"] == "silent"


def test_metrics_tell_of_the_whole_installation_whoever_sweeps(front: desk.Desk) -> None:
    it = front.district
    for post in ("supervisor", "district_supervisor"):
        office_commands.appoint(it.engine.database, it.posts[post], holder_id=None)
    it.file()
    it.file(confidentiality="restricted")
    it.at("2026-03-27 10:00")
    _live(front, beat_ago_s=40, looked_ago_s=90)
    _alarms(front, clock_off=1, due_differs=2)
    found = _metrics(front)
    assert found['gridcase_cases{state="stuck"}'] == 2
    assert found['gridcase_alarms{kind="due_differs"}'] == 2
    assert found['gridcase_alarms{kind="clock_off"}'] == 1
    assert found['gridcase_alarms{kind="sweep_behind"}'] == 0
    assert 40 <= found['gridcase_silent_seconds{of="sweep"}'] < 70
    assert 90 <= found['gridcase_silent_seconds{of="audit"}'] < 120


def test_metrics_without_a_database_tell_nothing_of_it(front: desk.Desk) -> None:
    assert any(name.startswith("gridcase_alarms") for name in _metrics(front))
    with db.transaction(front.district.engine.database) as tx:
        db.drop(tx)
    left = _metrics(front)
    assert not [name for name in left if name.startswith(("gridcase_alarms", "gridcase_silent"))]
    assert "gridcase_requests_total" in "".join(left)


def test_board_says_that_nobody_checks(front: desk.Desk) -> None:
    asked = {"Authorization": f"Bearer {front.token('supervisor')}", **desk.ENGLISH}
    _live(front, beat_ago_s=0, looked_ago_s=30)
    assert "Nobody checks" not in front.site.get("/board/health", headers=asked).text
    _live(front, beat_ago_s=0, looked_ago_s=90)
    assert "Nobody checks" in front.site.get("/board/health", headers=asked).text


@pytest.mark.parametrize(("started_ago_s", "is_missed"), [(30, False), (90, True)])
def test_board_says_so_of_an_auditor_that_never_looked(
    front: desk.Desk, started_ago_s: float, is_missed: bool
) -> None:
    asked = {"Authorization": f"Bearer {front.token('supervisor')}", **desk.ENGLISH}
    _live(front, beat_ago_s=0, looked_ago_s=None, started_ago_s=started_ago_s)
    shown = front.site.get("/board/health", headers=asked).text
    assert ("Nobody checks" in shown) == is_missed
    assert front.site.get("/readyz").json()["audit"] == "silent"
    assert _metrics(front)['gridcase_silent_seconds{of="audit"}'] == float("inf")
